//! A signalling shard: its transactions, legs and calls, and what happens to them. The one core of this
//! crate. Here: what comes in and where it goes; the files beside are one concern each.

mod again;
mod answering;
mod callbacks;
mod called_ahead;
mod called_back;
mod caller;
mod calling_back;
mod channels;
mod closing;
mod devices;
mod dialling;
mod dictation;
mod direct;
mod early;
mod enter;
mod exits;
mod feature;
mod forward;
mod hang_up;
mod in_dialog;
mod info;
mod join;
mod keys;
mod lines;
mod list_codes;
mod media;
mod menu;
mod message;
mod mobile;
mod moved;
mod offer;
mod own_call;
mod personal;
mod places;
mod queue;
mod quick;
mod records;
mod redirect;
mod refer;
mod refresh;
mod reliable;
mod replaces;
mod requests;
mod ringing;
mod seek;
mod subscribe;
mod take;
mod text_message;
mod transfer;
mod trunks;
mod update;
mod upkeep;

use crate::arena::Arena;
use crate::call::{Call, Purpose, Standing};
use crate::calling_back::Placing;
use crate::closing::WrongCodes;
use crate::input::{Admission, Asker, Input, Output, Reason};
use crate::journey::CallTimer;
use crate::leg::{Leg, LegTimer, Role};
use crate::routing::Asking;
use crate::settings::Directory;
use crate::subscription::{Subscription, SubscriptionTimer};
use crate::timers::Timers;
use crate::upkeep::{Errand, Heard, TrunkSeen, Upkeep};
use crate::view::{CallState, CallView};
use crate::watched::Line;
use again::Again;
use base::{
    CallId, Core, LegId, MessageId, ShardId, SubscriptionId, Time, TrunkId, UpkeepId, UserId,
    WallClock,
};
use calendar::QuickCloses;
use callback::PlacingId;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use requests::Answered;
use serde::{Deserialize, Serialize};
use sip_core::transaction::{self, ServerKey, Transactions};
use sip_core::{Flow, Message, Response};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use requests::ACCEPT;
pub use subscribe::Room;

/// Calls at once in one shard, whatever the configuration says: what bounds its memory.
pub(crate) const CALLS_PER_SHARD_MAX: usize = 4_096;

/// Whose request a client transaction carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mark {
    /// The INVITE that makes this leg.
    Invite(LegId),
    /// The BYE that ends this leg.
    Bye(LegId),
    /// What the party of this leg is told of the transfer he asked for.
    Notify(LegId),
    /// Of a request whose answer changes nothing: the BYE to a branch of a forked INVITE that we want no part of.
    Stray,
    /// A re-INVITE or UPDATE to this leg.
    Session(LegId),
    /// What a subscription's phone is told.
    Lamp(SubscriptionId),
    /// A text message to one of a person's devices.
    Message(MessageId),
    /// A PRACK to a party of this leg's INVITE.
    Prack(LegId),
    /// What keeps a trunk up.
    Trunk(Errand),
    /// The other party's key, told to this leg's.
    Info(LegId),
    /// That the device of this leg, which rings, is to answer.
    Talk(LegId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Due {
    Leg(LegId, LegTimer),
    Call(CallId, CallTimer),
    Subscription(SubscriptionId, SubscriptionTimer),
    Trunk(UpkeepId),
    /// The first look at the trunks.
    Trunks,
    /// Time to say that a call to a person is alive.
    Placing(PlacingId),
}

/// One of the fixed number of virtual signalling shards.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shard {
    id: ShardId,
    /// Not saved: settings come from the configuration, and are handed in again after a load.
    #[serde(skip)]
    directory: Arc<Directory>,
    transactions: Transactions<Mark>,
    legs: Arena<Leg>,
    calls: Arena<Call>,
    /// The calls by a hash of their caller's Call-ID, so that a copy of an INVITE finds the first.
    calls_by_sip_id: BTreeSet<(u64, CallId)>,
    subscriptions: Arena<Subscription>,
    text_messages: Arena<text_message::TextMessage>,
    /// The trunks that this shard keeps up.
    upkeeps: Arena<Upkeep>,
    /// Calls of agents' to people who are called back.
    placings: BTreeMap<PlacingId, Placing>,
    /// What is known of all that some shard keeps up.
    trunks_seen: BTreeMap<TrunkId, TrunkSeen>,
    /// What was last told of each leg to those who watch its user.
    lines_told: BTreeMap<LegId, (UserId, Line)>,
    /// Legs that the step under way has touched; empty between steps.
    #[serde(skip)]
    touched: Vec<LegId>,
    /// And calls: what is told of a leg depends on its call too.
    #[serde(skip)]
    touched_calls: Vec<CallId>,
    /// What the transactions said; empty but for its allocation outside a step of theirs.
    #[serde(skip)]
    said: Vec<transaction::Output<Mark>>,
    /// INVITEs that wait for our final response, by their transaction, so that a CANCEL finds its leg.
    pending: BTreeMap<ServerKey, LegId>,
    timers: Timers<Due>,
    rng: ChaCha8Rng,
    /// What the clock on the wall shows.
    wall: Option<WallClock>,
    /// What has been closed or opened by hand.
    quick: Arc<QuickCloses>,
    wrong_codes: WrongCodes,
    /// No new calls; what refused callers are told in Retry-After.
    draining: Option<Duration>,
}

impl Core for Shard {
    type Input = Input;
    type Output = Vec<Output>;
    type Reason = Reason;

    fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Received {
                flow,
                message,
                admission,
            } => {
                if self.answer_stateless(&flow, &message, &admission, out) == Answered::NotYet {
                    let input = transaction::Input::Received { flow, message };
                    self.step_transactions(now, input, &admission, out);
                }
            }
            Input::Registered { key, response } => self.respond(now, key, response, out),
            Input::Listening(listeners) => self.transactions.set_listeners(&listeners),
            Input::Configure(directory) => {
                self.transactions.set_addresses(directory.addresses.clone());
                self.transactions
                    .set_banner(directory.server_header.clone());
                let before = std::mem::replace(&mut self.directory, directory);
                self.look_after_trunks(now, &before, out);
                self.end_subscriptions_to_nobody(now, out);
            }
            Input::Clock(wall) => self.wall = Some(wall),
            Input::QuickCloses(closes) => self.quick_closed(now, closes, out),
            Input::Located {
                leg,
                bindings,
                wishes,
            } => self.located(now, leg, bindings, &wishes, out),
            Input::RecordingKept { call, kept } => self.prompt_kept(now, call, kept, out),
            Input::CarriedOut { call, done } => self.carried_out(now, call, done, out),
            Input::Wished { call } => self.feature_done(now, call, feature::Came::True, out),
            Input::FoundRinging { call, leg } => self.ringing_found(now, call, leg, out),
            Input::Resolved { asker, targets } => match asker {
                Asker::Leg(leg) => self.resolved(now, leg, targets, out),
                Asker::Dialog(leg) => self.dialog_resolved(now, leg, &targets, out),
                Asker::Early(leg) => self.early_resolved(now, leg, &targets, out),
                Asker::Message(id, device) => {
                    self.text_message_resolved(now, id, device, &targets, out);
                }
                Asker::Lamp(id) => self.lamp_resolved(now, id, &targets, out),
                Asker::Trunk(errand) => {
                    self.trunk_heard(now, errand, Heard::Addresses(targets), out);
                }
            },
            Input::MediaOpened { leg, address } => self.media_opened(now, leg, address, out),
            Input::Occupied { leg, ask, result } => self.occupied(now, leg, &ask, result, out),
            Input::Spent { leg, result } => self.paid(now, leg, result, out),
            Input::Media(event) => self.media_event(now, &event, out),
            Input::Acd(command) => self.acd_command(now, command, out),
            Input::Told(message) => self.told(now, message, out),
            Input::TransportFailed { flow } => {
                self.transact(now, transaction::Input::TransportFailed { flow }, out);
                self.connection_lost(now, &flow, out);
            }
            Input::Drain { retry_after } => {
                self.draining = Some(retry_after);
                self.leave_registrars(now, out);
            }
            Input::EndAll => {
                self.leave_registrars(now, out);
                self.end_all(now, out);
            }
            Input::Watching { subscription, room } => self.watching(now, subscription, room, out),
            Input::LocatedFor { message, bindings } => {
                self.text_message_located(now, message, bindings, out);
            }
            Input::Changed { subscription } => self.watched_changed(now, subscription, out),
            Input::Seen {
                subscription,
                sight,
            } => self.seen(now, subscription, sight, out),
            Input::Callback(command) => self.callback_command(now, command, out),
            Input::OwnCall { command, admission } => self.own_call(now, command, &admission, out),
        }
        self.tell_lines(out);
    }

    fn poll_timeout(&self) -> Option<(Time, Reason)> {
        let transactions = self
            .transactions
            .poll_timeout()
            .map(|(at, reason)| (at, Reason::Transaction(reason)));
        let own = self.timers.next().map(|(at, due)| {
            let reason = match due {
                Due::Leg(leg, timer) => Reason::Leg(leg, timer),
                Due::Call(call, timer) => Reason::Call(call, timer),
                Due::Subscription(id, timer) => Reason::Subscription(id, timer),
                Due::Trunk(id) => Reason::Trunk(id),
                Due::Trunks => Reason::Trunks,
                Due::Placing(placing) => Reason::Placing(placing),
            };
            (at, reason)
        });
        match (transactions, own) {
            (Some(first), Some(second)) if second.0 < first.0 => Some(second),
            (Some(first), _) => Some(first),
            (None, own) => own,
        }
    }

    fn handle_timeout(&mut self, now: Time, out: &mut Vec<Output>) {
        let mut said = std::mem::take(&mut self.said);
        self.transactions.handle_timeout(now, &mut said);
        self.carry_on(now, said, &Admission::Anyone, out);
        while let Some(due) = self.timers.pop_due(now) {
            match due {
                Due::Leg(leg, LegTimer::RetransmitAnswer) => {
                    self.answer_unacknowledged(now, leg, out);
                }
                Due::Leg(leg, LegTimer::DeviceSilent) => self.device_silent(now, leg, out),
                Due::Leg(leg, LegTimer::RepeatProgress) => self.progress_again(now, leg, out),
                Due::Leg(leg, LegTimer::RetransmitProgress) => {
                    self.progress_unacknowledged(now, leg, out);
                }
                Due::Leg(leg, LegTimer::Refresh) => self.refresh_due(now, leg, out),
                Due::Leg(leg, LegTimer::SessionEnds) => self.party_lost(now, leg, out),
                Due::Leg(leg, LegTimer::OfferAgain) => self.offer_again(now, leg, out),
                Due::Leg(leg, LegTimer::MinuteOver) => self.pay_a_minute(leg, out),
                Due::Leg(leg, LegTimer::NotAccepted) => self.not_accepted(now, leg, out),
                Due::Call(call, CallTimer::RepeatMessage) => self.repeat_due(now, call, out),
                Due::Call(call, CallTimer::RingTooLong) => self.rang_too_long(now, call, out),
                Due::Call(call, CallTimer::NextRound) => self.next_round_due(now, call, out),
                Due::Call(call, CallTimer::KeyAwaited) => self.key_awaited(now, call, out),
                Due::Call(call, CallTimer::Choosing) => self.chose_too_long(now, call, out),
                Due::Call(call, CallTimer::PlayedLost) => self.played_lost(now, call, out),
                Due::Subscription(id, timer) => self.subscription_due(now, id, timer, out),
                Due::Trunk(id) => self.upkeep_due(now, id, out),
                Due::Trunks => self.look_after_trunks(now, &Directory::default(), out),
                Due::Placing(placing) => self.placing_is_alive(now, placing, out),
            }
        }
        self.tell_lines(out);
    }
}

impl Shard {
    /// An empty shard. `seed` must be unguessable: tags, branches and SSRCs are drawn from it.
    pub fn new(id: ShardId, seed: [u8; 32], directory: Arc<Directory>) -> Shard {
        let mut rng = ChaCha8Rng::from_seed(seed);
        let mut of_transactions = [0; 32];
        rng.fill_bytes(&mut of_transactions);
        let mut transactions = Transactions::new(id, of_transactions);
        transactions.set_addresses(directory.addresses.clone());
        transactions.set_banner(directory.server_header.clone());
        let mut timers = Timers::default();
        if upkeep::has_trunks_of(&directory, id) {
            // At the first moment: nobody has told the time yet.
            timers.arm(Due::Trunks, Time::ZERO);
        }
        Shard {
            id,
            directory,
            transactions,
            legs: Arena::default(),
            calls: Arena::default(),
            calls_by_sip_id: BTreeSet::new(),
            subscriptions: Arena::default(),
            text_messages: Arena::default(),
            upkeeps: Arena::default(),
            placings: BTreeMap::new(),
            trunks_seen: BTreeMap::new(),
            lines_told: BTreeMap::new(),
            touched: Vec::new(),
            touched_calls: Vec::new(),
            said: Vec::new(),
            pending: BTreeMap::new(),
            timers,
            rng,
            wall: None,
            quick: Arc::default(),
            wrong_codes: WrongCodes::default(),
            draining: None,
        }
    }

    /// Which shard it is.
    pub fn id(&self) -> ShardId {
        self.id
    }

    /// Whether a message belongs to a transaction that is under way: then no admission is asked.
    pub fn knows(&self, message: &Message) -> bool {
        self.transactions.knows(message)
    }

    /// Every live call.
    pub fn calls(&self) -> Vec<CallView> {
        let counted = |call: &&Call| call.standing == Standing::Counted;
        let calls = self.calls.values().filter(counted);
        calls.map(|call| self.view(call)).collect()
    }

    /// One of them.
    pub fn call_view(&self, id: CallId) -> Option<CallView> {
        self.call(id).map(|call| self.view(call))
    }

    /// How many calls are live, those included that are a part of another.
    pub fn calls_count(&self) -> usize {
        self.calls.len()
    }

    /// How many legs are live, those included that only wait for the answer to our BYE.
    pub fn legs_count(&self) -> usize {
        self.legs.len()
    }

    /// How many text messages are on their way.
    pub fn text_messages_count(&self) -> usize {
        self.text_messages.len()
    }

    /// How many subscriptions are live.
    pub fn subscriptions_count(&self) -> usize {
        self.subscriptions.len()
    }

    fn view(&self, call: &Call) -> CallView {
        let others: Vec<&Leg> = call
            .legs
            .iter()
            .filter_map(|leg| self.leg(*leg))
            .filter(|leg| leg.role != Role::Caller)
            .collect();
        let rings = others.iter().any(|leg| leg.is_ringing());
        let state = match &call.purpose {
            _ if call.ending.is_some() => CallState::Ending,
            _ if call.connected.is_some() => CallState::Connected,
            Purpose::Queue(_)
            | Purpose::Direct(_)
            | Purpose::Outside(_)
            | Purpose::CallingBack
            | Purpose::Dialling(_)
                if rings =>
            {
                CallState::Ringing
            }
            Purpose::Queue(queue) if queue.joined => CallState::Waiting,
            Purpose::Queue(queue) if queue.way_out.is_some() => CallState::Announcing,
            Purpose::Feature(feature) if feature.answered => CallState::Announcing,
            Purpose::Message(_)
            | Purpose::Menu(_)
            | Purpose::Dictation(_)
            | Purpose::CallingBack
            | Purpose::Closing(_) => CallState::Announcing,
            _ => CallState::Starting,
        };
        if let Purpose::Joined(joined) = &call.purpose {
            return call.view(joined.far.user.clone(), state);
        }
        let talking = call.talking().and_then(|(_, other)| self.leg(other));
        let with = talking.or_else(|| others.iter().find(|leg| leg.is_ringing()).copied());
        call.view(with.and_then(|leg| leg.user.clone()), state)
    }

    fn leg(&self, id: LegId) -> Option<&Leg> {
        self.legs
            .at(id.slot, id.generation)
            .filter(|leg| leg.id == id)
    }

    fn leg_mut(&mut self, id: LegId) -> Option<&mut Leg> {
        if self.touched.last() != Some(&id) {
            self.touched.push(id);
        }
        self.legs
            .at_mut(id.slot, id.generation)
            .filter(|leg| leg.id == id)
    }

    fn call(&self, id: CallId) -> Option<&Call> {
        self.calls
            .at(id.slot, id.generation)
            .filter(|call| call.id == id)
    }

    fn call_mut(&mut self, id: CallId) -> Option<&mut Call> {
        if self.touched_calls.last() != Some(&id) {
            self.touched_calls.push(id);
        }
        self.calls
            .at_mut(id.slot, id.generation)
            .filter(|call| call.id == id)
    }

    /// A call that does not end yet.
    fn live_call(&self, id: CallId) -> Option<&Call> {
        self.call(id).filter(|call| call.ending.is_none())
    }

    fn live_call_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.call_mut(id).filter(|call| call.ending.is_none())
    }

    fn call_of(&self, leg: LegId) -> Option<&Call> {
        self.call(self.leg(leg)?.call)
    }

    /// What decides where a number leads a caller now.
    fn asking<'a>(&'a self, now: Time, caller: &'a str) -> Asking<'a> {
        Asking {
            caller,
            unix_seconds: self.wall.map(|wall| wall.unix_seconds(now)),
            quick: &self.quick,
        }
    }

    fn random(&mut self) -> u64 {
        self.rng.next_u64()
    }

    fn transact(&mut self, now: Time, input: transaction::Input<Mark>, out: &mut Vec<Output>) {
        self.step_transactions(now, input, &Admission::Anyone, out);
    }

    fn step_transactions(
        &mut self,
        now: Time,
        input: transaction::Input<Mark>,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) {
        let mut said = std::mem::take(&mut self.said);
        self.transactions.handle(now, input, &mut said);
        self.carry_on(now, said, admission, out);
    }

    /// Goes on by what the transactions said. A step of theirs that comes of it has a list of its own.
    fn carry_on(
        &mut self,
        now: Time,
        mut said: Vec<transaction::Output<Mark>>,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) {
        for step in said.drain(..) {
            self.transaction_said(now, step, admission, out);
        }
        self.said = said;
    }

    fn transaction_said(
        &mut self,
        now: Time,
        step: transaction::Output<Mark>,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) {
        match step {
            transaction::Output::Transmit { flow, bytes } => {
                out.push(Output::Transmit { flow, bytes });
            }
            transaction::Output::Request { key, flow, request } => {
                self.request(now, key, flow, request, admission, out);
            }
            transaction::Output::Ack { request, .. } => self.acknowledged(now, &request, out),
            transaction::Output::Cancelled { key, reason } => {
                self.cancelled(now, &key, reason.as_deref(), out);
            }
            transaction::Output::Started { user, key } => self.started(user, key),
            transaction::Output::Response {
                user,
                flow,
                response,
                ..
            } => self.response(now, user, flow, &response, out),
            transaction::Output::Failed { user, failure, .. } => {
                self.no_response(now, user, failure, out);
            }
            // The final response was a refusal, and its leg is gone already.
            transaction::Output::Unacknowledged { .. } => {}
        }
    }

    fn response(
        &mut self,
        now: Time,
        mark: Mark,
        flow: Flow,
        response: &Response,
        out: &mut Vec<Output>,
    ) {
        if self.asked_again(now, mark, response, out) == Again::Sent {
            return;
        }
        match mark {
            Mark::Invite(leg) => self.invite_answered(now, leg, flow, response, out),
            Mark::Bye(leg) if response.status.is_final() => self.left(now, leg, out),
            Mark::Session(leg) => self.session_answered(now, leg, flow, response, out),
            Mark::Notify(leg) if response.status.is_final() => {
                self.notified(now, leg, Some(response.status), out);
            }
            Mark::Lamp(id) => self.lamp_told(now, id, response, out),
            Mark::Message(id) => self.text_message_answered(now, id, Some(response), out),
            Mark::Trunk(errand) => self.trunk_heard(now, errand, Heard::Answer(response), out),
            Mark::Info(leg) if response.status.is_final() => {
                self.key_told(now, leg, Some(response.status), out);
            }
            Mark::Talk(leg) if response.status.is_final() => {
                self.told_to_answer(leg, Some(response.status));
            }
            Mark::Bye(_)
            | Mark::Notify(_)
            | Mark::Prack(_)
            | Mark::Info(_)
            | Mark::Talk(_)
            | Mark::Stray => {}
        }
    }

    fn no_response(
        &mut self,
        now: Time,
        mark: Mark,
        failure: transaction::Failure,
        out: &mut Vec<Output>,
    ) {
        if self.sent_elsewhere(mark, failure, out) == Again::Sent {
            return;
        }
        match mark {
            Mark::Invite(leg) => self.invite_unanswered(now, leg, out),
            Mark::Bye(leg) => self.left(now, leg, out),
            Mark::Notify(leg) => self.notified(now, leg, None, out),
            Mark::Info(leg) => self.key_told(now, leg, None, out),
            Mark::Talk(leg) => self.told_to_answer(leg, None),
            Mark::Session(leg) => self.session_unanswered(now, leg, failure, out),
            Mark::Lamp(id) => self.forget_subscription(id, out),
            Mark::Message(id) => self.text_message_answered(now, id, None, out),
            Mark::Trunk(errand) => {
                self.trunk_heard(now, errand, Heard::Nothing(failure.into()), out)
            }
            Mark::Prack(_) | Mark::Stray => {}
        }
    }

    fn respond(&mut self, now: Time, key: ServerKey, response: Response, out: &mut Vec<Output>) {
        let respond = transaction::Input::Respond { key, response };
        self.transact(now, respond, out);
    }

    /// Tells the queue engine that this call, outside the queues, occupies a user or does so no more.
    fn tell_own_call(
        &self,
        user: Option<UserId>,
        call: CallId,
        activity: OwnCall,
        out: &mut Vec<Output>,
    ) {
        if let Some(agent) = user {
            let active = activity == OwnCall::Active;
            out.push(Output::Acd(acd::Input::OwnCall {
                agent,
                call,
                active,
            }));
        }
    }
}

/// Whether a call outside the queues goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OwnCall {
    Active,
    Over,
}
