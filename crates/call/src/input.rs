//! What a signalling shard hears and what it wants done. What answers later comes back as an input that
//! names the leg or call which asked.

use crate::closing::CarriedOut;
use crate::crosswise::Crosswise;
use crate::dictation::RecordingKept;
use crate::ledger::{Ask, Bounds, Full, Held};
use crate::outward::Payer;
use crate::record::CallRecord;
use crate::settings::Directory;
use crate::shard::Room;
use crate::upkeep::{Errand, TrunkView};
use crate::view::CallView;
use crate::watched::{Line, Sight, Watched};
use crate::wishes::{Change, Wishes};
use base::{
    CallId, LegId, MessageId, OrgId, ShardId, SubscriptionId, TrunkId, UpkeepId, UserId, WallClock,
};
use calendar::QuickCloses;
use control::{OwnCallCommand, OwnCallRefusal, Permitted, PromptCommand};
use sip_core::registrar::Binding;
use sip_core::transaction::ServerKey;
use sip_core::transport::Listener;
use sip_core::{Flow, Message, Reasons, Request, Response, Uri};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// On whose word a new request was let in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Admission {
    /// A user proved who he is.
    User(UserId),
    /// A trunk is known by its source address.
    Trunk(TrunkId),
    /// Nobody in particular: for requests that anybody may send (OPTIONS, or ones refused anyway).
    Anyone,
    /// As many calls as may be are going on in the whole process: a new one is told to try later.
    NoRoom,
}

/// Who asks for addresses with [`Output::Resolve`]; the answer names him again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Asker {
    /// A leg that is about to be invited.
    Leg(LegId),
    /// What keeps a trunk up.
    Trunk(Errand),
    /// A leg that has something to say within its dialog.
    Dialog(LegId),
    /// The same to a party that rings, within an early dialog.
    Early(LegId),
    /// A text message: to which of a person's devices.
    Message(MessageId, u8),
    /// A subscription whose phone is to be told something.
    Lamp(SubscriptionId),
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A message arrived that belongs to this shard. For a request that starts something new, admission
    /// has been decided; for all others it is `Anyone` and not looked at.
    Received {
        /// Where it came from.
        flow: Flow,
        /// The message.
        message: Message,
        /// On whose word.
        admission: Admission,
    },
    /// Answer to [`Output::Register`].
    Registered {
        /// The REGISTER's transaction.
        key: ServerKey,
        /// What the registrar says.
        response: Response,
    },
    /// Where we are listened to: said once, before anything else.
    Listening(Arc<[Listener]>),
    /// New settings, whole.
    Configure(Arc<Directory>),
    /// Answer to [`Output::Locate`]: current bindings, newest first.
    Located {
        /// The leg that asked.
        leg: LegId,
        /// Where the user can be reached; empty if nowhere.
        bindings: Vec<Binding>,
        /// What he has asked for by telephone.
        wishes: Wishes,
    },
    /// Answer to [`Output::KeepRecording`].
    RecordingKept {
        /// The call that asked.
        call: CallId,
        /// Whether the next caller hears it.
        kept: RecordingKept,
    },
    /// Answer to [`Output::CarryOut`].
    CarriedOut {
        /// The call that asked.
        call: CallId,
        /// Whether all of it is so now.
        done: CarriedOut,
    },
    /// Answer to [`Output::Wish`]: it holds.
    Wished {
        /// The call that asked.
        call: CallId,
    },
    /// Answer to [`Output::FindRinging`].
    FoundRinging {
        /// The call that asked.
        call: CallId,
        /// A leg that rings at one of them.
        leg: Option<LegId>,
    },
    /// Answer to [`Output::OpenMedia`]: our RTP address for that leg, or none to be had.
    MediaOpened {
        /// The leg that asked.
        leg: LegId,
        /// Our address.
        address: Option<SocketAddr>,
    },
    /// Answer to [`Output::Resolve`]: where requests to that URI go, best first; empty if nowhere.
    Resolved {
        /// Who asked.
        asker: Asker,
        /// Flows to try in turn.
        targets: Vec<Flow>,
    },
    /// Answer to [`Output::Occupy`].
    Occupied {
        /// The leg that asked.
        leg: LegId,
        /// What it asked for.
        ask: Ask,
        /// Whether it has that now.
        result: Result<(), Full>,
    },
    /// Answer to [`Output::Spend`].
    Spent {
        /// The leg that asked.
        leg: LegId,
        /// Whether the minute is paid for.
        result: Result<(), Full>,
    },
    /// Something heard or done by a media session.
    Media(media_core::Event),
    /// A command of the queue engine to one of this shard's calls.
    Acd(acd::Command),
    /// Another call, of this shard or another, tells one of this shard's something: see [`Output::Tell`].
    Told(Crosswise),
    /// The transport could not deliver to that flow.
    TransportFailed {
        /// Which.
        flow: Flow,
    },
    /// What the clock on the wall shows; said again every so often.
    Clock(WallClock),
    /// What has been closed or opened by hand, whole; said again when one of it begins.
    QuickCloses(Arc<QuickCloses>),
    /// Take no new calls from now on.
    Drain {
        /// What refused callers are told in Retry-After.
        retry_after: Duration,
    },
    /// End every call with BYE, CANCEL or 503, and every subscription.
    EndAll,
    /// Answer to [`Output::Watch`].
    Watching {
        /// The subscription that asked.
        subscription: SubscriptionId,
        /// Whether its user may have one more.
        room: Room,
    },
    /// Answer to [`Output::LocateFor`]: where the one who is meant can be reached.
    LocatedFor {
        /// The text message.
        message: MessageId,
        /// Current bindings, newest first.
        bindings: Vec<Binding>,
    },
    /// Something that a subscription watches has changed, or may have.
    Changed {
        /// Which.
        subscription: SubscriptionId,
    },
    /// Answer to [`Output::Look`].
    Seen {
        /// The subscription that asked.
        subscription: SubscriptionId,
        /// What there is.
        sight: Sight,
    },
    /// A command of the callback lists to one of this shard's callers, or to a call to a person that is this shard's.
    Callback(callback::Command),
    /// A user does something with a call of his own away from his telephone; answered by [`Output::OwnCallDone`] in the same
    /// step.
    OwnCall {
        /// What.
        command: Permitted<OwnCallCommand>,
        /// On whose word a call would begin: his, or `NoRoom` where there are as many as there may be.
        admission: Admission,
    },
}

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this datagram or stream piece.
    Transmit {
        /// Where to.
        flow: Flow,
        /// What.
        bytes: bytes::Bytes,
    },
    /// An admitted REGISTER for the registrar; answer with [`Input::Registered`].
    Register {
        /// Its transaction.
        key: ServerKey,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Request,
        /// Whose address of record.
        user: UserId,
    },
    /// Where can this user be reached? Answer with [`Input::Located`].
    Locate {
        /// The leg that asks.
        leg: LegId,
        /// Who is sought.
        user: UserId,
    },
    /// Which addresses does this URI mean (RFC 3263)? Answer with [`Input::Resolved`].
    Resolve {
        /// Who asks.
        asker: Asker,
        /// The next hop.
        uri: Uri,
    },
    /// A user asks for this from now on; answer with [`Input::Wished`].
    Wish {
        /// The call that asks.
        call: CallId,
        /// Who.
        user: UserId,
        /// What.
        change: Change,
    },
    /// Keep what that leg's party has said, as a prompt; answer with [`Input::RecordingKept`].
    KeepRecording {
        /// The call that asks.
        call: CallId,
        /// The call whose media thread has the leg's session.
        home: CallId,
        /// Whose recording.
        leg: LegId,
        /// As which prompt.
        command: Permitted<PromptCommand>,
    },
    /// Have this done, one after the other; answer with [`Input::CarriedOut`].
    CarryOut {
        /// The call that asks.
        call: CallId,
        /// What.
        commands: Vec<Permitted<control::Command>>,
    },
    /// Does a call ring at one of these? Answer with [`Input::FoundRinging`].
    FindRinging {
        /// The call that asks.
        call: CallId,
        /// Who, of one organisation.
        users: Vec<UserId>,
    },
    /// A leg over a trunk needs this; answer with [`Input::Occupied`].
    Occupy {
        /// The leg that asks.
        leg: LegId,
        /// What for.
        ask: Ask,
    },
    /// What a leg over a trunk had is free again. Must never be dropped.
    Vacate(Held),
    /// One more minute of a call out is to be paid for; answer with [`Input::Spent`].
    Spend {
        /// The leg that asks.
        leg: LegId,
        /// In whose ledger.
        org: OrgId,
        /// Who pays.
        payer: Payer,
        /// How much he may.
        own: Bounds,
        /// And all of the organisation together.
        common: Bounds,
    },
    /// This next hop failed: where a look-up finds others too, they come before it for so long.
    Rest {
        /// The next hop.
        hop: Flow,
        /// How long.
        span: Duration,
    },
    /// Open a media session; answer with [`Input::MediaOpened`].
    OpenMedia(media_core::Session),
    /// Something for a leg's media session.
    Media {
        /// The call whose media thread has the leg's session: the one that it was opened for.
        call: CallId,
        /// The leg.
        leg: LegId,
        /// What.
        command: media_core::Command,
    },
    /// Something for the queue engine. Must never be dropped: whoever carries it out waits for room.
    Acd(acd::Input),
    /// A call began, changed or ended: for logs and counters.
    Event(CallEvent),
    /// Hand that shard, which may be the one that says so, an [`Input::Told`]. Must never be dropped, and what
    /// one shard tells another arrives in order.
    Tell {
        /// Which shard.
        to: ShardId,
        /// What.
        message: Crosswise,
    },
    /// What this leg of a user's does has changed: for whoever keeps the lines of all.
    Line {
        /// Whose.
        user: UserId,
        /// Which leg.
        leg: LegId,
        /// What it does; none once there is nothing to be seen.
        line: Option<Line>,
    },
    /// From now on [`Input::Changed`] is to come when this changes; answer with [`Input::Watching`].
    Watch {
        /// The subscription.
        subscription: SubscriptionId,
        /// Who watches: each user may have so many.
        by: UserId,
        /// What.
        watched: Watched,
    },
    /// Where can this user be reached, for a text message? Answer with [`Input::LocatedFor`].
    LocateFor {
        /// The text message.
        message: MessageId,
        /// Whom it is for.
        user: UserId,
    },
    /// The subscription is over, or was refused its place.
    Unwatch {
        /// The subscription.
        subscription: SubscriptionId,
        /// Who watched.
        by: UserId,
        /// What.
        watched: Watched,
    },
    /// What is there to be seen now? Answer with [`Input::Seen`].
    Look {
        /// The subscription that asks.
        subscription: SubscriptionId,
        /// What it watches.
        watched: Watched,
    },
    /// What people are told of a trunk has changed.
    TrunkChanged(TrunkView),
    /// There is nothing to be told of a trunk any more.
    TrunkForgotten(TrunkId),
    /// Something for the callback lists. Must never be dropped: whoever carries it out waits for room.
    Callback(callback::Input),
    /// What came of an [`Input::OwnCall`].
    OwnCallDone(Result<(), OwnCallRefusal>),
}

/// Milestones of a call, for logs and counters.
#[derive(Clone, Debug)]
pub enum CallEvent {
    /// A call was let in.
    Started(CallView),
    /// The caller got his 200, so that he no longer hears it ringing.
    Answered(CallId),
    /// Another party of a call is invited.
    LegInvited {
        /// The call.
        call: CallId,
        /// The Call-ID of its leg.
        sip_call_id: Box<str>,
    },
    /// A call is over; its last state.
    Ended {
        /// The call as it was.
        call: CallView,
        /// Why it ended, in a few words of the field.
        cause: EndCause,
        /// Why, as whoever ended it said (RFC 3326).
        reasons: Reasons,
    },
    /// What is kept of a call for good, as it is now: when it begins and when it is over.
    Recorded(Box<CallRecord>),
    /// A request was refused.
    Refused {
        /// With which status.
        status: u16,
        /// Why.
        cause: RefusedCause,
    },
    /// A call to a number outside was not made.
    OutsideRefused {
        /// The call as it was.
        call: CallView,
        /// Why.
        cause: RefusedCause,
    },
    /// A user asked for something about his own calls.
    Wished {
        /// Who.
        user: UserId,
        /// What.
        change: Change,
    },
    /// A trunk asked for credentials that are not for it: the realm is not the one of its account.
    ChallengeIgnored {
        /// The trunk.
        trunk: TrunkId,
        /// The realms it named.
        realm: Box<str>,
    },
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndCause {
    /// The calling party hung up.
    CallerHungUp,
    /// The called party or agent hung up.
    CalleeHungUp,
    /// It was refused or could not be completed.
    NotCompleted,
    /// What was dialled is done and said.
    Completed,
    /// Its parties were joined to those of another call, which goes on.
    Transferred,
    /// Signalling failed: no ACK, no answer to a request.
    SignallingFailed,
    /// A party gave no sign of life any more: its session was not refreshed (RFC 4028).
    PartyLost,
    /// The server is going down.
    Shutdown,
    /// It was a call outside, and there were no minutes left.
    MinutesUsedUp,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedCause {
    /// Not a request this server understands or allows here.
    Unsupported,
    /// It broke a rule of the protocol.
    Malformed,
    /// Nobody has that number.
    UnknownNumber,
    /// No codec in common.
    NoCommonCodec,
    /// As many calls as may be are going on.
    TooManyCalls,
    /// No RTP port is left.
    NoMediaPort,
    /// The server takes no new calls.
    Draining,
    /// The queue refused the caller.
    QueueRefused,
    /// No such dialog or transaction.
    NoDialog,
    /// As many subscriptions as may be are there.
    TooManySubscriptions,
    /// No plan allows whoever calls to call outside.
    NoPlan,
    /// The plan does not allow numbers of that kind.
    NumberNotAllowed,
    /// There is no trunk that takes calls out.
    NoTrunk,
    /// As many text messages as may be are on their way.
    TooManyMessages,
    /// All channels of the trunk are in use, or of every trunk that could be taken.
    TrunkFull,
    /// All channels of the organisation are in use.
    OrganisationFull,
    /// As many calls outside as may be go on at once.
    OutsideAtOnce,
    /// As many calls outside as may be have been begun within the hour.
    OutsideCallsUsedUp,
    /// The minutes outside of the hour or the day are used up.
    OutsideMinutesUsedUp,
    /// Forwards lead round in a circle, or through too many people.
    ForwardedTooOften,
    /// The queue is closed.
    QueueClosed,
    /// Whoever wanted to close queues did not know the code.
    WrongCode,
    /// A caller set out to be called back more often than may be in one call.
    CalledBackTooOften,
}

/// Why a shard wakes up.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Reason {
    /// A transaction's timer.
    Transaction(sip_core::transaction::TimerReason),
    /// A leg's timer.
    Leg(LegId, crate::leg::LegTimer),
    /// A call's timer.
    Call(CallId, crate::journey::CallTimer),
    /// A subscription's timer.
    Subscription(SubscriptionId, crate::subscription::SubscriptionTimer),
    /// Something is to be done to keep a trunk up.
    Trunk(UpkeepId),
    /// The trunks are to be looked after, for the first time.
    Trunks,
    /// It is time to say that a call to somebody who is called back is alive.
    Placing(callback::PlacingId),
}
