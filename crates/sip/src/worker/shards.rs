//! The shards' side of a task: handing inputs to the shard they are for, and carrying out what it wants
//! done.

use super::wire::is_of_call;
use super::{Media, Recorded, Wanted, Worker, wake};
use crate::gate::{Asked, Verdict};
use crate::holders::{Holder, Stage};
use crate::mailbox::{ShardInput, ToAcd, ToCallback};
use crate::measure::{end_label, refused_label};
use crate::registrations::{Admitted, Reach};
use base::{Core, ShardId, Time, UserId};
use call::closing::CarriedOut;
use call::settings::ServiceRoute;
use call::wishes::Change;
use call::{Admission, CallEvent, Input, Output};
use control::{CallAct, OwnCallCommand, Permitted};
use rand_core::Rng;
use sip_core::{Flow, HeaderName, Message, Method, Request, Response};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;

/// How often the shards are told what the clock on the wall shows: often enough that one that was put right is believed
/// before the next call is routed by it.
const WALL_CLOCK_EVERY: Duration = Duration::from_secs(10);

impl<M: Media> Worker<M> {
    /// Where in our list a shard is; none if another task owns it.
    pub(super) fn place_of(&self, shard: ShardId) -> Option<usize> {
        let place = usize::from(shard.0) / self.parts.mailboxes.tasks();
        let owned = self.shards.get(place)?;
        (owned.id == shard).then_some(place)
    }

    /// A message from the wire, for one of our shards: through the gate, if it starts something new.
    pub(super) fn deliver(&mut self, now: Time, shard: ShardId, flow: Flow, message: Message) {
        // What is sent meanwhile answers it.
        self.answers_call = is_of_call(&message);
        self.let_in(now, shard, flow, message);
        self.answers_call = true;
    }

    fn let_in(&mut self, now: Time, shard: ShardId, flow: Flow, message: Message) {
        let Some(place) = self.place_of(shard) else {
            return;
        };
        let (message, admission) = if self.shards[place].shard.knows(&message) {
            if matches!(message, Message::Response(_)) {
                // He answers what we sent him, so that is where he is.
                self.parts.gate.guard.vouch(now, flow.remote);
            }
            (message, Admission::Anyone)
        } else {
            match self.pass_gate(now, place, flow, message) {
                Some(passed) => passed,
                None => return,
            }
        };
        if matches!(&message, Message::Request(request) if request.method == Method::Invite) {
            self.admitting = Holder::of(&admission);
        }
        let input = Input::Received {
            flow,
            message,
            admission,
        };
        self.step(now, place, input);
        self.admitting = None;
    }

    fn pass_gate(
        &mut self,
        now: Time,
        place: usize,
        flow: Flow,
        message: Message,
    ) -> Option<(Message, Admission)> {
        let Message::Request(mut request) = message else {
            return Some((message, Admission::Anyone));
        };
        let random = self.rng.next_u64();
        let gate = self.parts.gate.clone();
        sip_core::stamp_received(&mut request, &flow);
        let asked = Asked {
            now,
            directory: &self.directory,
            trunks: self.shards[place].shard.trunks_seen(),
            flow: &flow,
            request: &request,
        };
        match gate.admit(&asked, random) {
            Verdict::Admit(admission) if self.is_one_call_too_many(&request, &admission) => {
                Some((Message::Request(request), Admission::NoRoom))
            }
            Verdict::Admit(admission) => {
                if flow.connection != 0 && admission != Admission::Anyone {
                    self.connections.make_known(flow.connection);
                }
                Some((Message::Request(request), admission))
            }
            Verdict::Ignore(why) => {
                self.counters.turned_away(why);
                None
            }
            Verdict::Refuse(response, why) => {
                self.counters.turned_away(why);
                tracing::debug!(
                    from = %flow.remote, method = request.method.as_str(),
                    status = response.status.code(), cause = why.label(), "turned away"
                );
                let back = sip_core::reply_flow(&request, &flow);
                // Nobody waits for the answer of whoever has gone.
                let _ = self.transmit(None, back, response.to_bytes());
                None
            }
        }
    }

    /// Whether a request would start a call beyond those that the configuration allows. The shards count
    /// their own; only together do they know.
    fn is_one_call_too_many(&self, request: &Request, admission: &Admission) -> bool {
        let starts_a_call = request.method == Method::Invite && !request.is_in_dialog();
        starts_a_call && {
            let dialled = request.uri.dialled();
            !self.has_room_for(dialled.as_deref(), admission)
        }
    }

    /// Whether one more call may begin on that word.
    fn has_room_for(&self, dialled: Option<&str>, admission: &Admission) -> bool {
        let limits = &self.directory.limits;
        let calls_max = usize::try_from(limits.calls_max).unwrap_or(usize::MAX);
        let has_room = self.parts.live_calls.count() < calls_max
            && self.parts.gate.holders.has_room(admission, limits);
        has_room || self.is_emergency(dialled, admission)
    }

    /// Whether one of our users calls for help: whoever has as many calls as he may, has room for that.
    fn is_emergency(&self, dialled: Option<&str>, admission: &Admission) -> bool {
        let Admission::User(user) = admission else {
            return false;
        };
        let organisation = self.directory.organisations.get(&user.org());
        organisation.is_some_and(|organisation| {
            let numbering = &organisation.outward.numbering;
            dialled.is_some_and(|dialled| numbering.is_emergency(dialled))
        })
    }

    /// Something that a user does with a call of his own; one that begins is his as one that his telephone begins.
    fn own_call(&mut self, now: Time, place: usize, command: Permitted<OwnCallCommand>) {
        let OwnCallCommand { user, act } = command.command();
        let mut admission = Admission::User(user.clone());
        if let CallAct::Dial { number } = act {
            if self.has_room_for(Some(number), &admission) {
                self.admitting = Holder::of(&admission);
            } else {
                admission = Admission::NoRoom;
            }
        }
        self.step(now, place, Input::OwnCall { command, admission });
        self.admitting = None;
    }

    /// Tells the shards what the clock on the wall shows, if they have not been told for a while.
    pub(super) fn tell_wall_clock(&mut self) {
        let now = self.parts.clock.now();
        if now < self.wall_due {
            return;
        }
        self.wall_due = now + WALL_CLOCK_EVERY;
        let wall = self.parts.clock.wall(now);
        self.step_all(now, || Input::Clock(wall));
    }

    /// Takes what the rest of the process says.
    pub(super) fn take_inputs(&mut self) {
        let mut inputs = std::mem::take(&mut self.inputs);
        for input in inputs.drain(..) {
            let now = self.parts.clock.now();
            match input {
                ShardInput::Acd { shard, command } => {
                    if let Some(place) = self.place_of(shard) {
                        self.step(now, place, Input::Acd(command));
                    }
                }
                ShardInput::Callback { shard, command } => {
                    if let Some(place) = self.place_of(shard) {
                        self.step(now, place, Input::Callback(command));
                    }
                }
                ShardInput::Told { shard, message } => {
                    if let Some(place) = self.place_of(shard) {
                        self.step(now, place, Input::Told(message));
                    }
                }
                ShardInput::Media(event) => {
                    if let Some(place) = self.place_of(event.leg().shard) {
                        self.step(now, place, Input::Media(event));
                    }
                }
                ShardInput::RecordingKept { call, kept } => {
                    if let Some(place) = self.place_of(call.shard) {
                        self.step(now, place, Input::RecordingKept { call, kept });
                    }
                }
                ShardInput::CarriedOut { call, done } => {
                    if let Some(place) = self.place_of(call.shard) {
                        self.step(now, place, Input::CarriedOut { call, done });
                    }
                }
                ShardInput::Changed(subscription) => {
                    if let Some(place) = self.place_of(subscription.shard) {
                        self.step(now, place, Input::Changed { subscription });
                    }
                }
                ShardInput::TransportFailed { shard, flow } => {
                    if let Some(place) = self.place_of(shard) {
                        self.step(now, place, Input::TransportFailed { flow });
                    }
                }
                ShardInput::Resolved {
                    shard,
                    asker,
                    targets,
                } => {
                    if let Some(place) = self.place_of(shard) {
                        let targets = self.flows_to(&targets);
                        self.step(now, place, Input::Resolved { asker, targets });
                    }
                }
                ShardInput::Configure(directory) => {
                    self.directory = directory.clone();
                    self.step_all(now, || Input::Configure(directory.clone()));
                }
                ShardInput::QuickCloses(closes) => {
                    self.step_all(now, || Input::QuickCloses(closes.clone()));
                }
                ShardInput::Drain { retry_after } => {
                    self.step_all(now, || Input::Drain { retry_after });
                }
                ShardInput::EndAll => self.step_all(now, || Input::EndAll),
                ShardInput::Calls(answer) => {
                    let shards = self.shards.iter();
                    // Whoever asked may have gone away.
                    let _ = answer.send(shards.flat_map(|owned| owned.shard.calls()).collect());
                }
                ShardInput::Ladder(call, answer) => {
                    let _ = answer.send(self.ladder.kept(now, call));
                }
                ShardInput::ForgetMessages(answer) => {
                    self.ladder.forget();
                    let _ = answer.send(());
                }
                ShardInput::CallsOf(ids, answer) => {
                    let views = ids.iter().filter_map(|id| {
                        let place = self.place_of(id.shard)?;
                        self.shards[place].shard.call_view(*id)
                    });
                    let _ = answer.send(views.collect());
                }
                ShardInput::OwnCall {
                    shard,
                    command,
                    answer,
                } => {
                    if let Some(place) = self.place_of(shard) {
                        self.asks = Some(answer);
                        self.own_call(now, place, command);
                    }
                }
            }
        }
        self.inputs = inputs;
    }

    pub(super) fn step_all(&mut self, now: Time, input: impl Fn() -> Input) {
        for place in 0..self.shards.len() {
            self.step(now, place, input());
        }
    }

    pub(super) fn run_timers(&mut self) {
        let now = self.parts.clock.now();
        for place in 0..self.shards.len() {
            if self.shards[place].wakes_at <= now {
                let mut outputs = std::mem::take(&mut self.outputs);
                self.shards[place].shard.handle_timeout(now, &mut outputs);
                self.carry_out_all(now, place, outputs);
            }
        }
    }

    fn step(&mut self, now: Time, place: usize, input: Input) {
        let mut outputs = std::mem::take(&mut self.outputs);
        self.shards[place].shard.handle(now, input, &mut outputs);
        self.carry_out_all(now, place, outputs);
    }

    /// Carries out what a shard wants done, and hands it the answers, until it wants nothing more. Each
    /// answer belongs to one question, so a shard that asks a bounded number of them ends.
    fn carry_out_all(&mut self, now: Time, place: usize, mut outputs: Vec<Output>) {
        let mut answers = VecDeque::new();
        loop {
            for output in outputs.drain(..) {
                let shard = self.shards[place].id;
                answers.extend(self.carry_out(now, shard, output));
            }
            let Some(answer) = answers.pop_front() else {
                break;
            };
            self.shards[place].shard.handle(now, answer, &mut outputs);
        }
        self.outputs = outputs;
        self.hand_over();
        let owned = &mut self.shards[place];
        owned.wakes_at = wake::wakes_at(owned.shard.poll_timeout());
    }

    /// The queue engine hears of a step once all that it sends is on its way: it may have another shard ring a phone, which
    /// must not be before the BYE of that phone's call.
    fn hand_over(&mut self) {
        let mut unheard = std::mem::take(&mut self.unheard);
        for input in unheard.drain(..) {
            self.inform_acd(ToAcd::Input(input));
        }
        self.unheard = unheard;
        let mut unasked = std::mem::take(&mut self.unasked);
        for input in unasked.drain(..) {
            self.ask_callbacks(ToCallback(input));
        }
        self.unasked = unasked;
    }

    /// Does one thing; gives back the answer, where there is one at once.
    fn carry_out(&mut self, now: Time, shard: ShardId, output: Output) -> Option<Input> {
        match output {
            Output::Transmit { flow, bytes } => {
                let sent = self.transmit(Some(shard), flow, bytes);
                return sent.err().map(|_| Input::TransportFailed { flow });
            }
            Output::Register {
                key,
                flow,
                request,
                user,
            } => {
                let response = self.register(now, flow, &request, user);
                return Some(Input::Registered { key, response });
            }
            Output::Locate { leg, user } => {
                let bindings = self.parts.registrations.locate(now, &user);
                let wishes = self.parts.watch.wishes(&user);
                return Some(Input::Located {
                    leg,
                    bindings,
                    wishes,
                });
            }
            Output::Wish { call, user, change } => {
                let (wishes, told) = self.parts.watch.wish(user.clone(), &change);
                self.parts.wish_keeper.wished(&user, &change, &wishes);
                self.changed.extend(told);
                if matches!(change, Change::Device(_)) {
                    self.inform_acd(ToAcd::DeviceChanged(user));
                }
                return Some(Input::Wished { call });
            }
            Output::KeepRecording {
                call,
                home,
                leg,
                command,
            } => self.parts.media.keep(Recorded {
                call,
                home,
                leg,
                command,
            }),
            Output::CarryOut { call, commands } => {
                if self
                    .parts
                    .wanted
                    .try_send(Wanted {
                        call,
                        commands,
                        asked_at: std::time::Instant::now(),
                    })
                    .is_err()
                {
                    tracing::warn!(%call, "too much that calls ask for waits to be done");
                    let done = CarriedOut::No;
                    return Some(Input::CarriedOut { call, done });
                }
            }
            Output::FindRinging { call, users } => {
                let leg = self.parts.watch.ringing(&users);
                return Some(Input::FoundRinging { call, leg });
            }
            Output::Occupy { leg, ask } => {
                let result = self.parts.ledgers.occupy(now, &ask);
                return Some(Input::Occupied { leg, ask, result });
            }
            Output::Vacate(held) => self.parts.ledgers.vacate(&held),
            Output::Spend {
                leg,
                org,
                payer,
                own,
                common,
            } => {
                let bounds = (&own, &common);
                let result = self.parts.ledgers.spend(now, &org, &payer, bounds);
                return Some(Input::Spent { leg, result });
            }
            Output::Resolve { asker, uri } => return self.resolve(shard, asker, uri),
            Output::Rest { hop, span } => self.parts.resolver.resting.rest(now, &hop, span),
            Output::OpenMedia(session) => {
                return Some(Input::MediaOpened {
                    leg: session.leg,
                    address: self.parts.media.open(&session),
                });
            }
            Output::Media { call, leg, command } => self.parts.media.command(call, leg, command),
            Output::Acd(input) => self.unheard.push(input),
            Output::Event(event) => self.note(event),
            Output::Tell { to, message } => {
                let shard = to;
                self.untold.push_back(ShardInput::Told { shard, message });
                self.tell_shards();
            }
            Output::LocateFor { message, user } => {
                let bindings = self.parts.registrations.locate(now, &user);
                return Some(Input::LocatedFor { message, bindings });
            }
            Output::Line { user, leg, line } => {
                self.changed.extend(self.parts.watch.line(user, leg, line));
            }
            Output::Watch {
                subscription,
                by,
                watched,
            } => {
                let room = self.parts.watch.watch(subscription, &by, watched);
                return Some(Input::Watching { subscription, room });
            }
            Output::Unwatch {
                subscription,
                by,
                watched,
            } => self.parts.watch.unwatch(subscription, by, &watched),
            Output::Look {
                subscription,
                watched,
            } => {
                let sight = self.parts.watch.look(&watched);
                return Some(Input::Seen {
                    subscription,
                    sight,
                });
            }
            Output::TrunkChanged(view) => self.parts.trunks.changed(view),
            Output::TrunkForgotten(trunk) => self.parts.trunks.forgotten(&trunk),
            Output::Callback(input) => self.unasked.push(input),
            Output::OwnCallDone(done) => {
                // Whoever asked may have gone away.
                let _ = self.asks.take().map(|asks| asks.send(done));
            }
        }
        None
    }

    /// Takes up a REGISTER whose sender has proved who he is.
    fn register(&mut self, now: Time, flow: Flow, request: &Request, user: UserId) -> Response {
        let admitted = Admitted {
            user: &user,
            flow: &flow,
            request,
            contacts_max: self.directory.contacts_max(&user),
        };
        let (mut response, reach) = self.parts.registrations.register(now, &admitted);
        if response.status.is_success() && self.directory.service_route == ServiceRoute::ThisServer
        {
            let route = self.directory.addresses.route(&flow);
            response.headers.push(HeaderName::ServiceRoute, route);
        }
        if reach == Reach::Changed {
            self.inform_acd(ToAcd::DeviceChanged(user));
        }
        if flow.connection != 0 && !self.connections.is_live(flow.connection) {
            // It ended while the REGISTER was on its way here.
            for user in self.parts.registrations.flow_closed(flow.connection) {
                self.inform_acd(ToAcd::DeviceChanged(user));
            }
        }
        response
    }

    /// Pokes the subscriptions that are to look again; what a full mailbox does not take is tried again.
    pub(super) fn tell_changed(&mut self) {
        let now = self.parts.clock.now();
        for subscription in std::mem::take(&mut self.changed) {
            if let Some(place) = self.place_of(subscription.shard) {
                self.step(now, place, Input::Changed { subscription });
                continue;
            }
            let task = self.parts.mailboxes.task_of(subscription.shard);
            let poke = ShardInput::Changed(subscription);
            if self.parts.mailboxes.inputs(task).try_send(poke).is_err() {
                self.changed.insert(subscription);
            }
        }
    }

    /// Never lost, and in order: what finds no room waits in `for_acd`, and this task with it.
    fn inform_acd(&mut self, message: ToAcd) {
        if !self.for_acd.is_empty() {
            self.for_acd.push_back(message);
            return;
        }
        if let Err(TrySendError::Full(message)) = self.parts.acd.try_send(message) {
            self.for_acd.push_back(message);
        }
    }

    /// Never lost, and in order: what finds no room waits in `for_callbacks`, and this task with it.
    fn ask_callbacks(&mut self, message: ToCallback) {
        if !self.for_callbacks.is_empty() {
            self.for_callbacks.push_back(message);
            return;
        }
        if let Err(TrySendError::Full(message)) = self.parts.callbacks.try_send(message) {
            self.for_callbacks.push_back(message);
        }
    }

    /// Hands over what shards told one another, in order, as far as there is room.
    pub(super) fn tell_shards(&mut self) {
        while let Some(told) = self.untold.pop_front() {
            let task = told.task(&self.parts.mailboxes);
            // A task that is gone has no shards left to tell.
            if let Err(TrySendError::Full(told)) = self.parts.mailboxes.inputs(task).try_send(told)
            {
                self.untold.push_front(told);
                return;
            }
        }
    }

    fn note(&mut self, event: CallEvent) {
        match event {
            CallEvent::LegInvited { call, sip_call_id } => self.ladder.leg(call, &sip_call_id),
            CallEvent::Started(call) => {
                self.ladder.leg(call.id, &call.sip_call_id);
                self.parts.live_calls.0.fetch_add(1, Ordering::Relaxed);
                self.counters.started();
                if let Some(holder) = self.admitting.take() {
                    self.parts.gate.holders.started(&holder);
                    self.held.insert(call.id, (holder, Stage::Early));
                }
                tracing::info!(
                    call = %call.id, sip_call_id = &*call.sip_call_id,
                    caller = &*call.caller, dialled = &*call.dialled, "call"
                );
            }
            CallEvent::Answered(call) => {
                if let Some((holder, stage @ Stage::Early)) = self.held.get_mut(&call) {
                    *stage = Stage::Answered;
                    self.parts.gate.holders.answered(holder);
                }
            }
            CallEvent::Ended {
                call,
                cause,
                reasons,
            } => {
                if let Some((holder, stage)) = self.held.remove(&call.id) {
                    self.parts.gate.holders.ended(&holder, stage);
                }
                self.parts.live_calls.0.fetch_sub(1, Ordering::Relaxed);
                self.counters.ended(cause);
                let now = self.parts.clock.now();
                let talked = call.connected.map_or(0, |at| (now - at).as_millis());
                tracing::info!(
                    call = %call.id, sip_call_id = &*call.sip_call_id,
                    with = call.with.as_ref().map(tracing::field::display),
                    lasted_ms = (now - call.started).as_millis(), talked_ms = talked,
                    cause = end_label(cause),
                    reason = (!reasons.is_empty()).then(|| tracing::field::display(&reasons)),
                    "call over"
                );
            }
            CallEvent::Recorded(record) => self.parts.record_keeper.keep(&record),
            CallEvent::Refused { status, cause } => {
                self.counters.refused(cause);
                tracing::debug!(status, cause = refused_label(cause), "refused");
            }
            CallEvent::OutsideRefused { call, cause } => {
                self.counters.refused(cause);
                tracing::warn!(
                    call = %call.id, caller = &*call.caller, dialled = &*call.dialled,
                    cause = refused_label(cause), "not called outside"
                );
            }
            CallEvent::Wished { user, change } => {
                tracing::info!(%user, change = ?change, "asked for by telephone");
            }
            CallEvent::ChallengeIgnored { trunk, realm } => {
                self.counters.challenge_ignored();
                tracing::warn!(
                    %trunk, realm = &*realm,
                    "asked for credentials in a realm that is not its account's: set `realm`"
                );
            }
        }
    }
}
