//! SUBSCRIBE and NOTIFY (RFC 6665) for the package `dialog` (RFC 4235): the busy lamps of desk phones.

use super::caller::is_translated;
use super::requests::{Refused, no_dialog};
use super::{Due, Mark, Shard};
use crate::input::{Admission, Asker, Output, RefusedCause};
use crate::seeking::{Found, place_of};
use crate::subscription::{
    ALLOW_EVENTS, EXPIRES_MAX_S, EXPIRES_MIN_S, EndReason, Errand, NOTIFY_EVERY_MIN,
    SUBSCRIPTIONS_PER_SHARD_MAX, Stage, Subscription, SubscriptionTimer,
};
use crate::tag;
use crate::watched::{Sight, Watched, dialogs, watched};
use base::{LegId, SubscriptionId, Time, UserId};
use sip_core::dialog::Dialog;
use sip_core::transaction::{self, ServerKey};
use sip_core::{
    Flow, HeaderName, HeaderValue, Host, Method, Request, Response, StatusCode, Uri, dialog_info,
};
use std::sync::Arc;
use std::time::Duration;

/// Words for the package that is there.
const DIALOG: &str = "dialog";

impl Shard {
    /// A SUBSCRIBE outside a dialog, by somebody who proved who he is.
    pub(super) fn subscribe(
        &mut self,
        now: Time,
        key: &ServerKey,
        flow: Flow,
        request: &Request,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        let Admission::User(by) = admission else {
            return Err(Refused::new(
                StatusCode::FORBIDDEN,
                RefusedCause::Unsupported,
            ));
        };
        let event = package_of(request)?;
        accepts_documents(request)?;
        let expires_s = lifetime_s(request)?;
        if self.subscriptions.len() >= SUBSCRIPTIONS_PER_SHARD_MAX {
            return Err(too_many());
        }
        let (entity, what) = self.sought(by, request).ok_or_else(|| {
            // Another organisation's people are as unknown as nobody.
            Refused::new(StatusCode::NOT_FOUND, RefusedCause::UnknownNumber)
        })?;
        let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
        let dialog = Dialog::from_invite(request, "").map_err(malformed)?;
        let random = self.random();
        let shard = self.id;
        let place = self.subscriptions.insert_with(|place| {
            let id = SubscriptionId {
                shard,
                slot: place.slot,
                generation: place.generation,
            };
            Subscription {
                id,
                by: by.clone(),
                watched: what.clone(),
                entity,
                event,
                dialog: Dialog {
                    local_tag: tag::tag(in_tag(id), random),
                    ..dialog
                },
                flow,
                pinned: is_translated(request, &flow),
                expires_at: now + Duration::from_secs(u64::from(expires_s)),
                stage: Stage::Asking {
                    key: *key,
                    request: Box::new(request.clone()),
                },
                errand: Errand::None,
                stale: false,
                owed: true,
                not_before: now,
                version: 0,
                told: None,
                found: None,
                waiting: None,
            }
        });
        out.push(Output::Watch {
            subscription: SubscriptionId {
                shard,
                slot: place.slot,
                generation: place.generation,
            },
            by: by.clone(),
            watched: what,
        });
        Ok(())
    }

    /// What the Request-URI names that `by` may watch, and how documents call it.
    fn sought(&self, by: &UserId, request: &Request) -> Option<(Box<str>, Watched)> {
        let organisation = self.directory.organisations.get(by.org_name())?;
        let dialled = request.uri.dialled()?;
        let what = watched(organisation, by, &dialled)?;
        let host = Host::Name(organisation.domain.clone());
        let entity = Uri::sip(Some(&dialled), host, None).to_string();
        Some((entity.into(), what))
    }

    /// There is room for the subscription, or there is not.
    pub(super) fn watching(
        &mut self,
        now: Time,
        id: SubscriptionId,
        room: Room,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        let Stage::Asking { key, request } = std::mem::replace(&mut entry.stage, Stage::Active)
        else {
            return;
        };
        if room == Room::None {
            self.subscriptions.remove(id.slot, id.generation);
            return self.refuse(now, key, &request, &too_many(), out);
        }
        self.accept_subscribe(now, id, key, &request, out);
    }

    /// A SUBSCRIBE within a subscription's dialog: renewed, or given up.
    pub(super) fn resubscribe(
        &mut self,
        now: Time,
        key: &ServerKey,
        flow: Flow,
        request: &Request,
        id: SubscriptionId,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        let entry = self.subscription_mut(id).ok_or_else(no_dialog)?;
        let out_of_order =
            |_| Refused::new(StatusCode::SERVER_INTERNAL_ERROR, RefusedCause::Malformed);
        entry.dialog.accept(request).map_err(out_of_order)?;
        if request.method != Method::Subscribe {
            return Err(super::requests::not_ours(&request.method));
        }
        package_of(request)?;
        let expires_s = lifetime_s(request)?;
        if !matches!(entry.stage, Stage::Active) {
            return Err(no_dialog());
        }
        if let Ok(sip_core::Contacts::List(contacts)) = request.headers.contacts()
            && let Some(contact) = contacts.into_iter().next()
        {
            // RFC 6665 §4.4.1: SUBSCRIBE is a target refresh request.
            entry.dialog.remote_target = contact.uri;
        }
        if entry.pinned {
            entry.flow = flow;
        }
        entry.expires_at = now + Duration::from_secs(u64::from(expires_s));
        entry.owed = true;
        self.accept_subscribe(now, id, *key, request, out);
        Ok(())
    }

    fn accept_subscribe(
        &mut self,
        now: Time,
        id: SubscriptionId,
        key: ServerKey,
        request: &Request,
        out: &mut Vec<Output>,
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        let expires_at = entry.expires_at;
        let left_s = expires_at.since(now).as_secs();
        let mut response = request.response_with_tag(StatusCode::OK, &entry.dialog.local_tag);
        let headers = &mut response.headers;
        headers.copy_from(&request.headers, &HeaderName::RecordRoute);
        headers.push(HeaderName::Expires, left_s);
        headers.push(
            HeaderName::Contact,
            HeaderValue::from(directory.addresses.contact(&entry.flow)),
        );
        if left_s == 0 {
            entry.stage = Stage::Ending(EndReason::Timeout);
        }
        self.respond(now, key, response, out);
        let expired = Due::Subscription(id, SubscriptionTimer::Expired);
        self.timers.arm(expired, expires_at);
        self.look(now, id, out);
    }

    /// Something that the subscription watches has changed.
    pub(super) fn watched_changed(&mut self, now: Time, id: SubscriptionId, out: &mut Vec<Output>) {
        if let Some(entry) = self.subscription_mut(id) {
            entry.stale = true;
            self.look(now, id, out);
        }
    }

    /// Asks what there is to be seen, unless that is under way or it is too soon.
    fn look(&mut self, now: Time, id: SubscriptionId, out: &mut Vec<Output>) {
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        let asking = matches!(entry.stage, Stage::Asking { .. });
        if asking || entry.errand != Errand::None || !(entry.stale || entry.owed) {
            return;
        }
        // An answer to a SUBSCRIBE is not put off.
        if now < entry.not_before && !entry.owed {
            let not_before = entry.not_before;
            let due = Due::Subscription(id, SubscriptionTimer::MayNotify);
            return self.timers.arm(due, not_before);
        }
        entry.errand = Errand::Looking;
        entry.stale = false;
        out.push(Output::Look {
            subscription: id,
            watched: entry.watched.clone(),
        });
    }

    /// What there is to be seen: told, if it is news or owed.
    pub(super) fn seen(
        &mut self,
        now: Time,
        id: SubscriptionId,
        sight: Sight,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        if entry.errand != Errand::Looking {
            return;
        }
        entry.errand = Errand::None;
        if !entry.owed && entry.told.as_ref() == Some(&sight) {
            return self.look(now, id, out);
        }
        entry.told = Some(sight);
        self.tell_lamp(now, id, out);
    }

    fn tell_lamp(&mut self, now: Time, id: SubscriptionId, out: &mut Vec<Output>) {
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        entry.owed = false;
        entry.errand = Errand::Notifying;
        entry.not_before = now + NOTIFY_EVERY_MIN;
        let state = match &entry.stage {
            Stage::Ending(reason) => format!("terminated;reason={}", reason.as_str()),
            Stage::Asking { .. } | Stage::Active => {
                format!("active;expires={}", entry.expires_at.since(now).as_secs())
            }
        };
        let mut request = entry.dialog.request(Method::Notify);
        let headers = &mut request.headers;
        headers.push(HeaderName::Event, &*entry.event);
        headers.push(HeaderName::SubscriptionState, state);
        if let Some(sight) = &entry.told {
            let states = dialogs(sight, &entry.entity);
            let document = dialog_info::document(&entry.entity, entry.version, &states);
            request.set_body(dialog_info::CONTENT_TYPE, document.into());
            entry.version = entry.version.wrapping_add(1);
        }
        match entry.way() {
            Some(flow) => self.send_notify(now, id, flow, request, out),
            None => {
                let uri = entry.dialog.next_hop().clone();
                entry.waiting = Some(Box::new(request));
                let asker = Asker::Lamp(id);
                out.push(Output::Resolve { asker, uri });
            }
        }
    }

    /// Where the phone's next hop is, best first; where it is nowhere to be found, it is told where it was last heard.
    pub(super) fn lamp_resolved(
        &mut self,
        now: Time,
        id: SubscriptionId,
        targets: &[Flow],
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        let Some(request) = entry.waiting.take() else {
            return;
        };
        let flow = place_of(&entry.flow, targets).unwrap_or(entry.flow);
        let next_hop = entry.dialog.next_hop().clone();
        entry.found = Some(Box::new(Found { next_hop, flow }));
        self.send_notify(now, id, flow, *request, out);
    }

    fn send_notify(
        &mut self,
        now: Time,
        id: SubscriptionId,
        flow: Flow,
        mut request: Request,
        out: &mut Vec<Output>,
    ) {
        let contact = self.directory.addresses.contact(&flow);
        let contact = HeaderValue::from(contact);
        request.headers.push(HeaderName::Contact, contact);
        let user = Mark::Lamp(id);
        let send = transaction::Input::Send {
            user,
            flow,
            request,
        };
        self.transact(now, send, out);
    }

    /// A NOTIFY was answered. RFC 6665 §4.2.2: whoever does not take it is no subscriber any more.
    pub(super) fn lamp_told(
        &mut self,
        now: Time,
        id: SubscriptionId,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        if response.is_provisional() {
            return;
        }
        let ending = |entry: &Subscription| matches!(entry.stage, Stage::Ending(_)) && !entry.owed;
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        entry.errand = Errand::None;
        if !response.is_success() || ending(entry) {
            return self.forget_subscription(id, out);
        }
        self.look(now, id, out);
    }

    pub(super) fn subscription_due(
        &mut self,
        now: Time,
        id: SubscriptionId,
        timer: SubscriptionTimer,
        out: &mut Vec<Output>,
    ) {
        match timer {
            SubscriptionTimer::MayNotify => self.look(now, id, out),
            SubscriptionTimer::Expired => self.end_subscription(now, id, EndReason::Timeout, out),
        }
    }

    /// Tells the phone that it is over. Forgotten once that is answered.
    pub(super) fn end_subscription(
        &mut self,
        now: Time,
        id: SubscriptionId,
        reason: EndReason,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.subscription_mut(id) else {
            return;
        };
        match entry.stage {
            Stage::Ending(_) => {}
            // Whoever asks is answered by `watching`; then it ends as any other.
            Stage::Asking { .. } => {}
            Stage::Active => {
                entry.stage = Stage::Ending(reason);
                entry.owed = true;
                match (reason, entry.errand) {
                    // What is watched may be gone: the last that was seen is told, with no more looking.
                    (_, Errand::None) if reason != EndReason::Timeout => {
                        self.tell_lamp(now, id, out)
                    }
                    _ => self.look(now, id, out),
                }
            }
        }
    }

    /// A reload may have taken away who is watched, or who watches.
    pub(super) fn end_subscriptions_to_nobody(&mut self, now: Time, out: &mut Vec<Output>) {
        let directory = std::sync::Arc::clone(&self.directory);
        let is_there = |user: &UserId| {
            let organisation = directory.organisations.get(user.org_name());
            organisation.is_some_and(|organisation| organisation.users.contains_key(user))
        };
        let gone: Vec<SubscriptionId> = self
            .subscriptions
            .values()
            .filter(|entry| !is_there(&entry.by) || !is_there(entry.watched.user()))
            .map(|entry| entry.id)
            .collect();
        for id in gone {
            self.end_subscription(now, id, EndReason::NoResource, out);
        }
    }

    /// The server goes down.
    pub(super) fn end_subscriptions(&mut self, now: Time, out: &mut Vec<Output>) {
        let all: Vec<SubscriptionId> = self.subscriptions.values().map(|entry| entry.id).collect();
        for id in all {
            self.end_subscription(now, id, EndReason::Deactivated, out);
        }
    }

    pub(super) fn forget_subscription(&mut self, id: SubscriptionId, out: &mut Vec<Output>) {
        for timer in [SubscriptionTimer::Expired, SubscriptionTimer::MayNotify] {
            self.timers.disarm(&Due::Subscription(id, timer));
        }
        if let Some(gone) = self.subscriptions.remove(id.slot, id.generation) {
            out.push(Output::Unwatch {
                subscription: id,
                by: gone.by,
                watched: gone.watched,
            });
        }
    }

    /// The subscription that a tag of ours names, if the rest of the request agrees.
    pub(super) fn subscription_named(
        &self,
        tag: &str,
        request: &Request,
    ) -> Option<SubscriptionId> {
        let LegId {
            slot, generation, ..
        } = tag::leg_of(tag)?;
        let entry = self.subscriptions.at(slot, generation)?;
        let same = *entry.dialog.local_tag == *tag && entry.dialog.matches(request);
        same.then_some(entry.id)
    }

    fn subscription_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.subscriptions
            .at_mut(id.slot, id.generation)
            .filter(|entry| entry.id == id)
    }
}

/// Whether there is room for one more subscription of a user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is.
    Some,
    /// He has as many as he may.
    None,
}

/// Our tag names a subscription as it names a leg: by its place. Which of the two it is, the whole tag tells.
fn in_tag(id: SubscriptionId) -> LegId {
    LegId {
        shard: id.shard,
        slot: id.slot,
        generation: id.generation,
    }
}

/// RFC 6665 §8.2.2: a package that is not there is 489.
fn package_of(request: &Request) -> Result<Box<str>, Refused> {
    let event = request.headers.text(&HeaderName::Event).unwrap_or_default();
    let package = event.split(';').next().unwrap_or_default().trim();
    if package.eq_ignore_ascii_case(DIALOG) {
        return Ok(event.into());
    }
    Err(
        Refused::new(StatusCode::BAD_EVENT, RefusedCause::Unsupported)
            .with(HeaderName::AllowEvents, ALLOW_EVENTS),
    )
}

/// RFC 6665 §4.1.2.2: Accept, where it stands, must have room for what we send.
fn accepts_documents(request: &Request) -> Result<(), Refused> {
    let accepted = request.headers.tokens(&HeaderName::Accept);
    let fits = |kind: &&str| {
        kind.eq_ignore_ascii_case(dialog_info::CONTENT_TYPE)
            || **kind == *"*/*"
            || kind.eq_ignore_ascii_case("application/*")
    };
    if accepted.is_empty() || accepted.iter().any(fits) {
        return Ok(());
    }
    Err(
        Refused::new(StatusCode::NOT_ACCEPTABLE, RefusedCause::Unsupported)
            .with(HeaderName::Accept, dialog_info::CONTENT_TYPE),
    )
}

/// How long the subscription is to live, in seconds; 0 ends it, or asks once.
fn lifetime_s(request: &Request) -> Result<u32, Refused> {
    let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
    let wish = request.headers.expires().map_err(malformed)?;
    match wish.unwrap_or(EXPIRES_MAX_S) {
        0 => Ok(0),
        brief if brief < EXPIRES_MIN_S => Err(Refused::new(
            StatusCode::INTERVAL_TOO_BRIEF,
            RefusedCause::Malformed,
        )
        .with(HeaderName::MinExpires, EXPIRES_MIN_S.to_string())),
        wish => Ok(wish.min(EXPIRES_MAX_S)),
    }
}

fn too_many() -> Refused {
    Refused::try_later(
        RefusedCause::TooManySubscriptions,
        super::requests::RETRY_AFTER_NO_ROOM,
    )
}
