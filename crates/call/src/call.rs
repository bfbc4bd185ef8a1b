//! One call: a caller's leg and what it is for. A plain value.

use crate::called_back::AsksBack;
use crate::closing::Closing;
use crate::crosswise::{Holding, Named, Party, Referral, Rules};
use crate::dictation::{Dictation, Recordable};
use crate::door::Shut;
use crate::forward::ForwardedBy;
use crate::hunt::{Hunt, Rings};
use crate::journey::Journey;
use crate::menu::{Choosing, Keys};
use crate::outward::{CallerId, Outside, Payer};
use crate::record::{CallDirection, CallRecord};
use crate::settings::{Destination, FeatureCode, Message, PickUp, Terms};
use crate::view::{CallState, CallView};
use crate::{EndCause, view};
use acd::{Priority, RINGING_MAX, RefuseCause, Skills};
use base::{CallId, CallbackId, LegId, OfferId, OrgId, QueueId, Time, UserId};
use callback::PlacingId;
use control::Device;
use media_core::PromptId;
use serde::{Deserialize, Serialize};
use sip_core::{Diverted, Reasons, StatusCode};

/// Offers of one caller at once: as many as may ring, and as many again that were withdrawn and are not yet confirmed
/// gone, since whoever drops out is replaced at once.
pub(crate) const OFFERS_MAX: usize = 2 * RINGING_MAX;

/// Legs of a call at once: each of its offers on several devices, as they are in life, and some to spare.
pub(crate) const LEGS_MAX: usize = OFFERS_MAX * 4 + 2;

/// One call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) org: OrgId,
    pub(crate) caller: LegId,
    /// Who calls, where he proved it.
    pub(crate) caller_user: Option<UserId>,
    /// User part of the caller's address.
    pub(crate) caller_number: Box<str>,
    pub(crate) caller_name: Option<Box<str>>,
    /// What the caller's phone asks others outside to be shown.
    pub(crate) wish: Option<CallerId>,
    pub(crate) dialled: Box<str>,
    /// How many more proxies an INVITE of ours may go through for it (RFC 3261 §20.22): a call that comes back to us
    /// must end some time.
    pub(crate) hops: u32,
    pub(crate) sip_call_id: Box<str>,
    pub(crate) started: Time,
    pub(crate) connected: Option<Time>,
    pub(crate) purpose: Purpose,
    /// Every live leg.
    pub(crate) legs: base::BoundedVec<LegId, LEGS_MAX>,
    /// Who is rung for it, or was and talks.
    pub(crate) rings: Rings,
    /// Keys that the caller has pressed while nothing asked for them.
    pub(crate) keys: Keys,
    /// Times it has been sent to a destination.
    pub(crate) moves: u8,
    /// Set once the call is being taken down.
    pub(crate) ending: Option<EndCause>,
    /// Why, as whoever ended it said: passed on to the others.
    pub(crate) reasons: Reasons,
    /// When its caller first came: what counts for his place in a queue, however often he is sent on.
    pub(crate) arrived: Time,
    /// How far he goes before others there: kept, however often he is sent on, until a destination says otherwise.
    pub(crate) priority: Priority,
    /// What he asks for there of his own: kept as long.
    pub(crate) requires: Skills,
    /// Set while a party who asked for it hears how the caller's transfer goes.
    pub(crate) referral: Option<Referral>,
    /// The user on whose word the caller was last sent on.
    pub(crate) referred_by: Option<UserId>,
    /// How often the caller has been sent on.
    pub(crate) transfers: u8,
    /// From whom it was sent on before it came to us, as a trusted trunk says, the newest first.
    pub(crate) diverted: Vec<Diverted>,
    /// By whom it has been forwarded on its way.
    pub(crate) forwarded: ForwardedBy,
    /// How often those who were called said where to call instead.
    pub(crate) redirects: u8,
    /// Where it goes next if it comes to nothing where it was redirected to.
    pub(crate) alternatives: Alternatives,
    /// Set while its caller is on his way to being called back instead of waiting.
    pub(crate) asks_back: Option<AsksBack>,
    /// How often he has set out on it.
    #[serde(default)]
    pub(crate) dialogues: u8,
    /// Whether people count it.
    pub(crate) standing: Standing,
    /// Set while its caller is an agent who calls somebody back, and until the lists know how that ended.
    pub(crate) placing: Option<PlacingId>,
    /// What is kept of it for good; none of a part of another.
    #[serde(default)]
    pub(crate) record: Option<Box<CallRecord>>,
}

/// Times that a caller may be sent on. People need a few; two servers that send a call to and fro need an end.
pub(crate) const TRANSFERS_MAX: u8 = 16;

/// Redirects of one call that are followed. Networks need one; two that point at each other need an end.
pub(crate) const REDIRECTS_MAX: u8 = 5;

/// Places that one redirect names beside the first: more are not tried.
pub(crate) const ALTERNATIVES_MAX: usize = 4;

/// Where a call goes next.
pub(crate) type Alternatives = base::BoundedVec<Destination, ALTERNATIVES_MAX>;

/// Whether people see a call as one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Standing {
    /// It is shown, counted and logged.
    Counted,
    /// It is half of another, or the rest of one whose parties went elsewhere.
    Part,
}

/// What a call is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Purpose {
    /// It goes to a queue.
    Queue(QueueCall),
    /// It goes to a colleague, or to several.
    Direct(DirectCall),
    /// It has something done.
    Feature(FeatureCall),
    /// Its party talks with one who is in another call.
    Joined(JoinedCall),
    /// Its party has sent the one he talked with elsewhere, and hears how that goes.
    Referring(ReferringCall),
    /// Its party waits for what another call says.
    Between(Between),
    /// It has something said.
    Message(MessageCall),
    /// Its caller chooses in a menu.
    Menu(Choosing),
    /// It goes to a number outside.
    Outside(OutsideCall),
    /// Its caller records a prompt.
    Dictation(Dictation),
    /// Its caller closes queues for a while, or ends that.
    Closing(Closing),
    /// An agent is to call somebody back: his device rings, or he hears whom he is to call.
    CallingBack,
    /// Its caller has dialled elsewhere than on his device, which rings: a number that leads there.
    Dialling(CallDirection),
}

/// A call whose other party is in another call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JoinedCall {
    pub(crate) far: Party,
    /// What the far call was last told.
    pub(crate) told: Holding,
}

/// What is left to a party who has sent the other elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReferringCall {
    /// The call of the one who was sent.
    pub(crate) sent: CallId,
    pub(crate) sending: Sending,
}

/// How far the other's way there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Sending {
    /// The new destination has not decided.
    UnderWay,
    /// Whoever asked for it has nothing more to do in the call.
    Over,
}

/// What a party waits for, hearing music.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Between {
    /// Where he is to be sent is being looked up.
    Leaving,
    /// He wants to take the place of another.
    Claiming { named: Named, rules: Rules },
    /// He could not be sent on, for this reason: the call `to` says whether who sent him is still there.
    Returning {
        to: CallId,
        user: UserId,
        status: StatusCode,
    },
}

/// A call to a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct QueueCall {
    /// How the caller stands there, and from then on.
    pub(crate) terms: Terms,
    pub(crate) queue: QueueId,
    pub(crate) journey: Journey,
    /// The queue engine knows of him, and has not been told that he left.
    pub(crate) joined: bool,
    /// The first offer that was made for him there: of answers to others he knows nothing.
    pub(crate) first_offer: Option<OfferId>,
    /// The agent he talks with.
    pub(crate) agent: Option<(OfferId, LegId)>,
    /// Why he goes elsewhere once what is being said to him is over.
    pub(crate) way_out: Option<WayOut>,
}

/// Why a caller leaves a queue in which he waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WayOut {
    /// The queue engine has put him out.
    Refused(RefuseCause),
    /// It has been closed by hand, and those who wait go where new callers do.
    Closed,
}

/// A call to a colleague, or to several.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DirectCall {
    pub(crate) hunt: Hunt,
    /// The device that answered.
    pub(crate) leg: Option<LegId>,
    /// 180 has been passed on.
    pub(crate) ringing_told: bool,
    /// How the devices take it.
    pub(crate) pick_up: PickUp,
}

/// What was dialled behind a feature code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum About {
    /// Nothing.
    Nothing,
    /// The extension of a queue: only that one is meant.
    Queue(QueueId),
    /// A digit: the reason of a pause.
    Reason(char),
    /// The extension of a colleague.
    User(UserId),
    /// A number that calls are to go to.
    Number(Box<str>),
    /// The number of a prompt.
    Prompt(Recordable),
    /// Nothing was; he has this callback, and is rung for it when he has hung up.
    Callback(QueueId, CallbackId),
    /// Nothing was; it has been found out where callers from queues reach whoever asks how he stands.
    Device(Device),
}

/// A call to a feature code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FeatureCall {
    pub(crate) code: FeatureCode,
    pub(crate) about: About,
    pub(crate) answered: bool,
}

/// A call that has something said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MessageCall {
    /// Nothing is said where there is none: the call ends, or goes on, at once.
    pub(crate) message: Option<Message>,
    /// Said after it.
    pub(crate) more: Vec<PromptId>,
    /// Why the queue that the caller was led to let him not in, where that is what it is about.
    pub(crate) shut: Option<Shut>,
    /// The queue that offers to call back whom it says so, where one does.
    pub(crate) offers: Option<QueueId>,
    /// Where the caller goes then, where nothing is said.
    pub(crate) then: Option<Destination>,
    /// What a caller who was never answered is told after it.
    pub(crate) status: StatusCode,
}

impl MessageCall {
    /// Nothing but this is said, and to a caller who was never answered that status.
    pub(crate) fn of(message: Message, status: StatusCode) -> MessageCall {
        MessageCall {
            message: Some(message),
            more: Vec::new(),
            shut: None,
            offers: None,
            then: None,
            status,
        }
    }
}

/// A call to a number outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OutsideCall {
    pub(crate) outside: Outside,
    pub(crate) payer: Payer,
    /// The leg over the trunk that is being tried, or talked over.
    pub(crate) leg: Option<LegId>,
    /// 180 has been passed on.
    pub(crate) ringing_told: bool,
}

/// Token of the only playlist that a feature code's confirmation needs.
pub(crate) const CONFIRMATION: u32 = 1;

/// What [`Call::token`] is after so many moves. A purpose plays far fewer things than fit below the next.
pub(crate) fn token(moves: u8) -> u32 {
    u32::from(moves) << 16
}

impl Call {
    /// The call as people see it.
    pub(crate) fn view(&self, with: Option<UserId>, state: CallState) -> CallView {
        view::CallView {
            id: self.id,
            sip_call_id: self.sip_call_id.clone(),
            caller: self.caller_number.clone(),
            dialled: self.dialled.clone(),
            queue: self.queue().cloned(),
            with,
            state,
            started: self.started,
            connected: self.connected,
        }
    }

    fn queue(&self) -> Option<&QueueId> {
        match &self.purpose {
            Purpose::Queue(queue) => Some(&queue.queue),
            _ => None,
        }
    }

    /// One below the first token of what is played since it was last sent to a destination, so that news of what
    /// was heard before is told from it.
    pub(crate) fn token(&self) -> u32 {
        token(self.moves)
    }

    /// Whether the caller has been told that it rings; none where that is not for him to know.
    pub(crate) fn ringing_told(&mut self) -> Option<&mut bool> {
        match &mut self.purpose {
            Purpose::Direct(direct) => Some(&mut direct.ringing_told),
            Purpose::Outside(outside) => Some(&mut outside.ringing_told),
            _ => None,
        }
    }

    /// The two legs that talk with each other, caller first.
    pub(crate) fn talking(&self) -> Option<(LegId, LegId)> {
        let other = match &self.purpose {
            Purpose::Queue(queue) => queue.agent.as_ref().map(|(_, leg)| *leg),
            Purpose::Direct(direct) => self.connected.and(direct.leg),
            Purpose::Outside(outside) => self.connected.and(outside.leg),
            _ => None,
        };
        other.map(|other| (self.caller, other))
    }
}
