//! One leg of a call: our dialog with one party, its offer/answer, and how far it has come. A plain value;
//! what happens to it is decided in `shard`.

use crate::crosswise::Holding;
use crate::early::Forks;
use crate::exchange::Exchange;
use crate::input::EndCause;
use crate::keys::Keying;
use crate::ledger::Held;
use crate::notifier::Notifier;
use crate::reliable::Provisionals;
use crate::seeking::Seeking;
use crate::session_timer::Asked;
use crate::trunk::Way;
use crate::unanswered::Unanswered;
use base::{CallId, LegId, OfferId, TrunkId, UserId};
use serde::{Deserialize, Serialize};
use sip_core::dialog::Dialog;
use sip_core::registrar::Binding;
use sip_core::transaction::{ClientKey, Repeats, ServerKey};
use sip_core::{Agreed, Flow, HeaderName, Negotiation, Request, Response, StatusCode};
use std::time::Duration;

/// A device that has not even said 100 by then is taken for dead, long before Timer B's 32 s: somebody
/// is waiting to be answered.
pub(crate) const DEVICE_SILENCE_MAX: Duration = Duration::from_secs(4);

/// RFC 3261 §13.3.1.1: proxies cancel an INVITE of which they hear nothing for three minutes, so one that is
/// not answered yet gets its provisional response again every minute.
pub(crate) const PROGRESS_EVERY: Duration = Duration::from_secs(60);

/// A leg's own deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LegTimer {
    /// Send the 2xx again: no ACK yet (RFC 3261 §13.3.1.4).
    RetransmitAnswer,
    /// No provisional response from a device.
    DeviceSilent,
    /// Send our provisional response again: no answer yet.
    RepeatProgress,
    /// Send our reliable provisional response again: no PRACK yet (RFC 3262 §3).
    RetransmitProgress,
    /// Refresh the session (RFC 4028).
    Refresh,
    /// The session has not been refreshed (RFC 4028).
    SessionEnds,
    /// A request of ours crossed one of the party's: again (RFC 3261 §14.1).
    OfferAgain,
    /// The minute that was paid for has been talked.
    MinuteOver,
    /// Whoever answered an agent's mobile has not said that he takes the call.
    NotAccepted,
}

impl LegTimer {
    /// Every one.
    pub(crate) const ALL: [LegTimer; 9] = [
        LegTimer::RetransmitAnswer,
        LegTimer::DeviceSilent,
        LegTimer::RepeatProgress,
        LegTimer::RetransmitProgress,
        LegTimer::Refresh,
        LegTimer::SessionEnds,
        LegTimer::OfferAgain,
        LegTimer::MinuteOver,
        LegTimer::NotAccepted,
    ];
}

/// How a leg came to its end, seen from the leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Gone {
    /// The party sent BYE.
    HungUp,
    /// The party refused our INVITE.
    Refused(StatusCode),
    /// The party did not answer our INVITE at all, or can't be reached.
    Unreachable,
    /// We ended it and that is confirmed.
    Ended,
    /// The party gives no sign of life any more.
    Lost,
    /// Whoever answered a mobile hung up before he took the call: the agent, or voicemail.
    NotTaken,
}

impl Gone {
    /// Why a call ends with this leg, where it would otherwise be for `cause`.
    pub(crate) fn cause_or(self, cause: EndCause) -> EndCause {
        match self {
            Gone::Lost => EndCause::PartyLost,
            _ => cause,
        }
    }
}

/// What a leg is to its call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// It brought the call in.
    Caller,
    /// An agent's device, rung for an offer.
    Agent { offer: OfferId, agent: UserId },
    /// A user's device, rung because he asked to call somebody back, or dialled elsewhere than on it; or because his queue
    /// keeps him for a callback, and by which number.
    CallsBack {
        agent: UserId,
        offer: Option<OfferId>,
    },
    /// A colleague's device, rung because he was dialled.
    Callee { user: UserId },
    /// Somebody outside, over a trunk.
    Outside,
    /// The same, rung as one of several: which of them.
    Member(u8),
}

impl Role {
    /// Whether the party is the one that was dialled: the caller hears how it goes with him.
    pub(crate) fn is_called(&self) -> bool {
        matches!(self, Role::Callee { .. } | Role::Outside | Role::Member(_))
    }

    /// Whether he is rung as one of those whom a caller is tried with.
    pub(crate) fn is_colleague(&self) -> bool {
        matches!(self, Role::Callee { .. } | Role::Member(_))
    }

    /// Who is rung.
    pub(crate) fn user(&self) -> Option<&UserId> {
        match self {
            Role::Caller | Role::Outside | Role::Member(_) => None,
            Role::Agent { agent: user, .. }
            | Role::CallsBack { agent: user, .. }
            | Role::Callee { user } => Some(user),
        }
    }

    /// By which number his queue keeps the agent who is rung.
    pub(crate) fn offer(&self) -> Option<OfferId> {
        match self {
            Role::Agent { offer, .. } => Some(*offer),
            Role::CallsBack { offer, .. } => *offer,
            Role::Caller | Role::Callee { .. } | Role::Outside | Role::Member(_) => None,
        }
    }

    /// Whether it is a device of an agent's on which he works: the one that he has chosen rings, be it his mobile.
    pub(crate) fn is_at_work(&self) -> bool {
        matches!(self, Role::Agent { .. } | Role::CallsBack { .. })
    }
}

/// How far a leg has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum State {
    /// A party invited us; no final response has been sent.
    Incoming {
        invite: PendingInvite,
        dialog: Dialog,
    },
    /// We are finding out where the user is and opening a media session.
    Preparing { binding: Option<Binding> },
    /// We invited a device.
    Calling { invite: SentInvite },
    /// We invited a device and want it no more; a final response must come.
    Cancelling { invite: SentInvite },
    /// The dialog is confirmed on both sides, or we sent its 2xx.
    Up { dialog: Dialog },
    /// We sent BYE and wait for its answer.
    Leaving { dialog: Dialog },
}

impl State {
    /// Takes out what waits for our final response, which is sent now; whoever takes it says what comes next.
    pub(crate) fn take_incoming(&mut self) -> Option<(PendingInvite, Dialog)> {
        match std::mem::replace(self, State::Preparing { binding: None }) {
            State::Incoming { invite, dialog } => Some((invite, dialog)),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// An INVITE of ours that has no final response yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SentInvite {
    /// Its transaction, as soon as that is started.
    pub(crate) key: Option<ClientKey>,
    /// Whether any provisional response came.
    pub(crate) heard: bool,
    /// Who rings.
    pub(crate) forks: Forks,
}

/// An INVITE that waits for our final response, kept as the headers that the response must repeat.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PendingInvite {
    pub(crate) key: ServerKey,
    /// Whether it carried an offer; if not, our 2xx does.
    pub(crate) offered: bool,
    /// Its CSeq number; PRACK and UPDATE raise the dialog's before it is answered.
    pub(crate) cseq: u32,
    /// What it asks for in the way of session timers.
    pub(crate) asked: Asked,
    /// What has been said before the final response.
    pub(crate) provisionals: Provisionals,
    head: Box<Request>,
}

impl PendingInvite {
    pub(crate) fn new(key: ServerKey, request: &Request, asked: Asked) -> PendingInvite {
        let mut head = Request::new(request.method.clone(), request.uri.clone());
        for name in [
            HeaderName::Via,
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
            HeaderName::RecordRoute,
        ] {
            head.headers.copy_from(&request.headers, &name);
        }
        PendingInvite {
            key,
            offered: !request.body.is_empty(),
            cseq: request.headers.cseq().map_or(0, |cseq| cseq.number),
            asked,
            provisionals: Provisionals::new(&request.headers),
            head: head.into(),
        }
    }

    /// A response to it. Any but 100 carries our tag and, within 1xx and 2xx, the route that was recorded
    /// (RFC 3261 §12.1.1).
    pub(crate) fn response(&self, status: StatusCode, local_tag: &str) -> Response {
        let mut response = self.head.response_with_tag(status, local_tag);
        if status.is_provisional() || status.is_success() {
            response
                .headers
                .copy_from(&self.head.headers, &HeaderName::RecordRoute);
        }
        response
    }
}

/// A 2xx of ours that has no ACK yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Unacknowledged {
    pub(crate) key: ServerKey,
    pub(crate) cseq: u32,
    /// Whether the ACK must bring the answer to our offer.
    pub(crate) expects_answer: bool,
    /// When it is sent again, and when we give up.
    pub(crate) repeats: Repeats,
}

/// A device whose next hop is found at several places (RFC 3263 §4.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reach {
    pub(crate) device: Binding,
    /// Those that are left to be tried, best first.
    pub(crate) places: Vec<Flow>,
}

/// A REFER that came a moment too soon.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HeldRefer {
    pub(crate) key: ServerKey,
    pub(crate) flow: Flow,
    pub(crate) request: Request,
}

/// One leg.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) call: CallId,
    pub(crate) role: Role,
    /// Who is at the other end, where we know by name.
    pub(crate) user: Option<UserId>,
    /// Our tag in the dialog; it carries the leg's id.
    pub(crate) local_tag: Box<str>,
    pub(crate) sip_call_id: Box<str>,
    /// Where the party's last request came from, or where we sent ours.
    pub(crate) flow: Flow,
    /// The party sits behind an address translator: answers and requests go to `flow`, whatever its
    /// Contact says.
    pub(crate) pinned: bool,
    pub(crate) state: State,
    /// An offer that waits for our media session to be opened.
    pub(crate) offer_waiting: Option<Box<[u8]>>,
    pub(crate) negotiation: Option<Negotiation>,
    pub(crate) unacknowledged: Option<Unacknowledged>,
    /// Our own requests within the dialog, and how long it stands.
    pub(crate) exchange: Exchange,
    /// Of a leg over a trunk: which, and what is left to be tried.
    pub(crate) way: Option<Box<Way>>,
    /// Of a device that is found at several places: where it is tried next.
    pub(crate) reach: Option<Box<Reach>>,
    /// What it takes up of trunks, to be given back.
    pub(crate) held: Held,
    /// Of a leg that a trunk brought in: which.
    pub(crate) trunk: Option<TrunkId>,
    /// Where requests to it have to be looked for.
    pub(crate) seeking: Seeking,
    /// Keys that the party pressed, and those that it is told of.
    pub(crate) keys: Keying,
    /// Requests of ours that the party has not answered.
    pub(crate) unanswered: Unanswered,
    pub(crate) media_open: bool,
    /// The call whose media thread has the session; another than `call` once the leg was transferred.
    pub(crate) media_home: CallId,
    /// What the party is told of the transfer he asked for (RFC 3515 §2.4.4).
    pub(crate) notifier: Option<Box<Notifier>>,
    /// A REFER of his that waits until he talks with somebody.
    pub(crate) held_refer: Option<Box<HeldRefer>>,
    /// How many transfers he has been told of.
    pub(crate) referred: u16,
    /// He was sent a 183 with our answer to his offer.
    pub(crate) early_media: bool,
    /// We want to hang up but may not before the ACK is here (RFC 3261 §15).
    pub(crate) bye_due: bool,
    /// What our BYE says in Reason (RFC 3326).
    pub(crate) bye_reason: Option<Box<str>>,
    /// What its end means for the call has been seen to.
    pub(crate) settled: bool,
    /// Whether the answer is the person's own.
    pub(crate) acceptance: Acceptance,
    /// Whether the party holds the other by a command, of which the telephone knows nothing.
    pub(crate) holds: Holding,
}

/// Whether whoever answered is the person who was called: on a mobile, voicemail may have done so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Acceptance {
    /// Nobody doubts it.
    #[default]
    Given,
    /// He is asked to press a key.
    Awaited,
}

impl Leg {
    pub(crate) fn dialog(&self) -> Option<&Dialog> {
        match &self.state {
            State::Incoming { dialog, .. } | State::Up { dialog } | State::Leaving { dialog } => {
                Some(dialog)
            }
            State::Preparing { .. } | State::Calling { .. } | State::Cancelling { .. } => None,
        }
    }

    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match &mut self.state {
            State::Incoming { dialog, .. } | State::Up { dialog } | State::Leaving { dialog } => {
                Some(dialog)
            }
            State::Preparing { .. } | State::Calling { .. } | State::Cancelling { .. } => None,
        }
    }

    /// The dialog in which a request of ours was sent that `response` answers, to change it.
    pub(crate) fn dialog_of(&mut self, response: &Response) -> Option<&mut Dialog> {
        match &mut self.state {
            State::Calling { invite } => Some(&mut invite.forks.of(response)?.dialog),
            State::Incoming { dialog, .. } | State::Up { dialog } | State::Leaving { dialog } => {
                Some(dialog)
            }
            State::Preparing { .. } | State::Cancelling { .. } => None,
        }
    }

    /// The dialog, early or not, that a request of the party's belongs to.
    pub(crate) fn dialog_with(&self, request: &Request) -> Option<&Dialog> {
        match &self.state {
            State::Calling { invite } => Some(&invite.forks.matching(request)?.dialog),
            _ => self.dialog().filter(|dialog| dialog.matches(request)),
        }
    }

    /// The same, to change it.
    pub(crate) fn dialog_with_mut(&mut self, request: &Request) -> Option<&mut Dialog> {
        match &mut self.state {
            State::Calling { invite } => Some(&mut invite.forks.matching_mut(request)?.dialog),
            State::Incoming { dialog, .. } | State::Up { dialog } | State::Leaving { dialog } => {
                Some(dialog).filter(|dialog| dialog.matches(request))
            }
            State::Preparing { .. } | State::Cancelling { .. } => None,
        }
    }

    /// What is agreed, or to be, with whoever sent a request.
    pub(crate) fn negotiation_with(&self, request: &Request) -> Option<&Negotiation> {
        match &self.state {
            State::Calling { invite } => invite.forks.matching(request)?.negotiation.as_ref(),
            _ => self.negotiation.as_ref(),
        }
    }

    /// The same, to change it.
    pub(crate) fn negotiation_with_mut(&mut self, request: &Request) -> Option<&mut Negotiation> {
        match &mut self.state {
            State::Calling { invite } => invite.forks.matching_mut(request)?.negotiation.as_mut(),
            _ => self.negotiation.as_mut(),
        }
    }

    /// Whether the party is known by that tag: for certain, or while its devices ring.
    pub(crate) fn is_known_as(&self, tag: &str) -> bool {
        match &self.state {
            State::Calling { invite } => invite.forks.has(tag),
            _ => self
                .dialog()
                .is_some_and(|dialog| *dialog.remote_tag == *tag),
        }
    }

    /// The INVITE that waits for our final response.
    pub(crate) fn pending_key(&self) -> Option<ServerKey> {
        match &self.state {
            State::Incoming { invite, .. } => Some(invite.key),
            _ => None,
        }
    }

    /// Whether the party is outside, behind a trunk.
    pub(crate) fn is_over_trunk(&self) -> bool {
        self.way.is_some() || self.trunk.is_some()
    }

    /// Whether we are still to learn where the party's device is.
    pub(crate) fn is_sought(&self) -> bool {
        matches!(self.state, State::Preparing { binding: None })
    }

    /// Whether the party's device has been invited and has not decided yet.
    pub(crate) fn is_ringing(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// What offer and answer agreed on, once they have; while it rings, with whoever is heard.
    pub(crate) fn agreed(&self) -> Option<&Agreed> {
        match &self.state {
            State::Calling { invite } => invite.forks.agreed(),
            _ => self.negotiation.as_ref()?.agreed(),
        }
    }

    /// Whether the party holds the other.
    pub(crate) fn holds_us(&self) -> bool {
        self.holds == Holding::Yes || self.holds_by_itself()
    }

    /// Whether the telephone wants nothing sent: it has put us on hold (RFC 3264 §8.4).
    pub(crate) fn holds_by_itself(&self) -> bool {
        use sip_core::Direction::{Inactive, RecvOnly};
        self.agreed()
            .is_some_and(|agreed| matches!(agreed.direction, RecvOnly | Inactive))
    }

    /// Where requests within the dialog go (RFC 3261 §8.1.2): to the next hop if that is an address; to
    /// where the party was last heard, or found, if it is a name or lies behind an address translator.
    pub(crate) fn request_flow(&self) -> Flow {
        self.dialog()
            .map_or(self.flow, |dialog| self.flow_by(dialog))
    }

    /// The same for one of several early dialogs.
    pub(crate) fn flow_by(&self, dialog: &Dialog) -> Flow {
        requests_go(dialog, self.flow, self.pinned)
    }
}

/// Where requests within a dialog go whose party was last heard at `heard`; see [`Leg::request_flow`].
pub(crate) fn requests_go(dialog: &Dialog, heard: Flow, pinned: bool) -> Flow {
    let next_hop = dialog.next_hop().socket_addr().filter(|_| !pinned);
    match next_hop.filter(|address| heard.may_lead_to(address)) {
        Some(remote) => Flow { remote, ..heard },
        None => heard,
    }
}
