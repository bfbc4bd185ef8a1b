//! Text messages between colleagues (RFC 3428): handed on to every device of the one who is meant, with the sender's own
//! account as From. The first device that takes it answers for all.

use super::requests::{RETRY_AFTER_NO_ROOM, Refused};
use super::{Mark, Shard};
use crate::input::{Admission, Asker, Output, RefusedCause};
use crate::routing;
use crate::seeking::place_of;
use crate::settings::{Destination, Messages, Organisation};
use base::{MessageId, Time, UserId};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_core::registrar::Binding;
use sip_core::transaction::{self, ServerKey};
use sip_core::{
    CSeq, Flow, HeaderName, Host, Method, NameAddr, Request, Response, StatusCode, Uri,
};

/// Messages under way in one shard: each lives 32 s at most.
const MESSAGES_PER_SHARD_MAX: usize = 1_024;

/// Longest text, in bytes. RFC 3428 §8 keeps it below 1,300 where congestion is not controlled.
const MESSAGE_BYTES_MAX: usize = 1_300;

/// Devices that one message is handed to.
const DEVICES_MAX: usize = 10;

/// What of a message's headers goes on: what says how its body is to be read.
const PASSED_ON: [HeaderName; 4] = [
    HeaderName::ContentType,
    HeaderName::ContentDisposition,
    HeaderName::ContentLanguage,
    HeaderName::ContentEncoding,
];

/// A message on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TextMessage {
    id: MessageId,
    from: UserId,
    to: UserId,
    request: Box<Request>,
    progress: Progress,
    /// Copies whose devices are looked for.
    seeking: Vec<Sought>,
}

/// What one device is to be handed, before it is known where that is.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sought {
    /// Which.
    device: u8,
    /// Where it was heard.
    heard: Flow,
    request: Request,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Progress {
    /// Nobody has taken it yet; `best` is what the devices so far say.
    Open {
        key: ServerKey,
        waiting: usize,
        best: StatusCode,
    },
    /// Its sender has been answered; other devices have not.
    Answered { waiting: usize },
}

impl Shard {
    /// A MESSAGE by somebody who proved who he is.
    pub(super) fn text_message(
        &mut self,
        key: &ServerKey,
        request: &Request,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        let forbidden = || Refused::new(StatusCode::FORBIDDEN, RefusedCause::Unsupported);
        let Admission::User(from) = admission else {
            return Err(forbidden());
        };
        let directory = std::sync::Arc::clone(&self.directory);
        let organisation = directory
            .organisations
            .get(from.org_name())
            .filter(|organisation| organisation.messages == Messages::Deliver)
            .ok_or_else(forbidden)?;
        if request.body.len() > MESSAGE_BYTES_MAX {
            let too_large = StatusCode::REQUEST_ENTITY_TOO_LARGE;
            return Err(Refused::new(too_large, RefusedCause::Malformed));
        }
        let to = addressee(organisation, from, request)
            .ok_or_else(|| Refused::new(StatusCode::NOT_FOUND, RefusedCause::UnknownNumber))?;
        if self.text_messages.len() >= MESSAGES_PER_SHARD_MAX {
            let full = RefusedCause::TooManyMessages;
            return Err(Refused::try_later(full, RETRY_AFTER_NO_ROOM));
        }
        let shard = self.id;
        let place = self.text_messages.insert_with(|place| TextMessage {
            id: MessageId {
                shard,
                slot: place.slot,
                generation: place.generation,
            },
            from: from.clone(),
            to: to.clone(),
            request: Box::new(request.clone()),
            progress: Progress::Open {
                key: *key,
                waiting: 0,
                best: StatusCode::TEMPORARILY_UNAVAILABLE,
            },
            seeking: Vec::new(),
        });
        out.push(Output::LocateFor {
            message: MessageId {
                shard,
                slot: place.slot,
                generation: place.generation,
            },
            user: to,
        });
        Ok(())
    }

    /// Where the one who is meant can be reached.
    pub(super) fn text_message_located(
        &mut self,
        now: Time,
        id: MessageId,
        bindings: Vec<Binding>,
        out: &mut Vec<Output>,
    ) {
        let devices: Vec<Binding> = bindings.into_iter().take(DEVICES_MAX).collect();
        let randoms: Vec<(u64, u64)> = devices
            .iter()
            .map(|_| (self.random(), self.random()))
            .collect();
        let directory = std::sync::Arc::clone(&self.directory);
        let Some(entry) = self.text_message_mut(id) else {
            return;
        };
        let organisation = directory.organisations.get(entry.from.org_name());
        let (Some(organisation), false) = (organisation, devices.is_empty()) else {
            return self.text_message_over(now, id, out);
        };
        if let Progress::Open { waiting, .. } = &mut entry.progress {
            *waiting = devices.len();
        }
        let mut known = Vec::new();
        for (number, (device, random)) in (0..).zip(devices.iter().zip(randoms)) {
            let request = entry.copy_to(device, organisation, random);
            match device.elsewhere() {
                None => known.push((device.way(), request)),
                Some(uri) => {
                    let asker = Asker::Message(id, number);
                    out.push(Output::Resolve { asker, uri });
                    entry.seeking.push(Sought {
                        device: number,
                        heard: device.flow,
                        request,
                    });
                }
            }
        }
        for (flow, request) in known {
            self.send_text(now, id, flow, request, out);
        }
    }

    /// Where a device is, best first; where it is nowhere to be found, the message goes where it was heard.
    pub(super) fn text_message_resolved(
        &mut self,
        now: Time,
        id: MessageId,
        device: u8,
        targets: &[Flow],
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.text_message_mut(id) else {
            return;
        };
        let index = entry.seeking.iter().position(|it| it.device == device);
        let Some(sought) = index.map(|index| entry.seeking.remove(index)) else {
            return;
        };
        let flow = place_of(&sought.heard, targets).unwrap_or(sought.heard);
        self.send_text(now, id, flow, sought.request, out);
    }

    fn send_text(
        &mut self,
        now: Time,
        id: MessageId,
        flow: Flow,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let user = Mark::Message(id);
        let send = transaction::Input::Send {
            user,
            flow,
            request,
        };
        self.transact(now, send, out);
    }

    /// A device answered, or never will.
    pub(super) fn text_message_answered(
        &mut self,
        now: Time,
        id: MessageId,
        response: Option<&Response>,
        out: &mut Vec<Output>,
    ) {
        if response.is_some_and(Response::is_provisional) {
            return;
        }
        let status = response.map_or(StatusCode::TEMPORARILY_UNAVAILABLE, |it| it.status);
        let Some(entry) = self.text_message_mut(id) else {
            return;
        };
        let left = match &mut entry.progress {
            Progress::Open { waiting, best, .. } => {
                *waiting = waiting.saturating_sub(1);
                *best = status;
                *waiting
            }
            Progress::Answered { waiting } => {
                *waiting = waiting.saturating_sub(1);
                *waiting
            }
        };
        if status.is_success() || left == 0 {
            self.text_message_over(now, id, out);
        }
    }

    /// Its sender is told, if he has not been; forgotten once no device is waited for.
    fn text_message_over(&mut self, now: Time, id: MessageId, out: &mut Vec<Output>) {
        let Some(entry) = self.text_message_mut(id) else {
            return;
        };
        let (answer, left) = match entry.progress {
            Progress::Open { key, waiting, best } => (Some((key, best)), waiting),
            Progress::Answered { waiting } => (None, waiting),
        };
        entry.progress = Progress::Answered { waiting: left };
        let response = answer.map(|(key, best)| {
            // A device's own challenge or redirection is nothing that its sender could follow.
            let told = match best.code() {
                200..300 => StatusCode::OK,
                415 => best,
                _ => StatusCode::TEMPORARILY_UNAVAILABLE,
            };
            (key, entry.request.response(told))
        });
        if left == 0 {
            self.text_messages.remove(id.slot, id.generation);
        }
        if let Some((key, mut response)) = response {
            let tag = format!("{:016x}", self.random());
            if let Ok(to) = response.headers.to() {
                response.headers.set(HeaderName::To, to.with_tag(&tag));
            }
            self.respond(now, key, response, out);
        }
    }

    fn text_message_mut(&mut self, id: MessageId) -> Option<&mut TextMessage> {
        self.text_messages
            .at_mut(id.slot, id.generation)
            .filter(|entry| entry.id == id)
    }
}

impl TextMessage {
    fn copy_to(
        &self,
        device: &Binding,
        organisation: &Organisation,
        (tag, call_id): (u64, u64),
    ) -> Request {
        let domain = || Host::Name(organisation.domain.clone());
        let sender = organisation.users.get(&self.from);
        let number = sender.and_then(|user| user.extension.as_deref());
        let from = NameAddr {
            display: sender.and_then(|user| user.display_name.clone()),
            ..NameAddr::new(Uri::sip(
                Some(number.unwrap_or(self.from.name())),
                domain(),
                None,
            ))
        };
        let mut request = Request::new(Method::Message, device.contact.clone());
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, 70u32);
        for hop in &device.path {
            headers.push(HeaderName::Route, hop.clone());
        }
        headers.push(HeaderName::From, from.with_tag(&format!("{tag:016x}")));
        let to = NameAddr::new(Uri::sip(Some(self.to.name()), domain(), None));
        headers.push(HeaderName::To, to);
        headers.push(HeaderName::CallId, format!("{call_id:016x}{tag:016x}"));
        let cseq = CSeq {
            number: 1,
            method: Method::Message,
        };
        headers.push(HeaderName::CSeq, cseq);
        for name in PASSED_ON {
            headers.copy_from(&self.request.headers, &name);
        }
        request.body = Bytes::copy_from_slice(&self.request.body);
        request
    }
}

/// The colleague whom a message is for.
fn addressee(organisation: &Organisation, from: &UserId, request: &Request) -> Option<UserId> {
    let dialled = request.uri.dialled()?;
    match organisation.extensions.get(&*dialled) {
        Some(Destination::User(user)) => Some(user.clone()),
        Some(_) => None,
        None => routing::user_named(organisation, from, &dialled),
    }
}
