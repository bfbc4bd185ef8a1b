//! The engine: all queues and agents as one value. A step *decides* facts from what happened and
//! *applies* them (`apply.rs`), which is the only way its state changes; the decisions are in
//! `by_hand.rs`, `callers.rs`, `callbacks.rs`, `choosing.rs`, `errands.rs`, `moves.rs`, `dispatch.rs`, `offers.rs`, `presence.rs`, `reunion.rs`,
//! `commands.rs` and `configure.rs`.

use crate::agent::Agent;
use crate::callbacks::DueCallback;
use crate::errands::Errand;
use crate::fact::{Fact, Stamped};
use crate::input::Input;
use crate::named::Named;
use crate::output::{Command, Output, RefuseCause, WithdrawCause};
use crate::queue::{Caller, Queue};
use crate::ready::Ready;
use crate::reunion::Talks;
use crate::settings::Settings;
use crate::table::{Number, Table};
use base::{CallId, Core, OfferId, QueueId, Time, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Why the engine wants to be woken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Deadline {
    /// The agent has had his time to answer.
    Ring(OfferId),
    /// The end of a withdrawn offer should have been confirmed by now.
    Confirm(OfferId),
    /// Wrap-up time ends.
    WrapUp(UserId),
    /// The time for which an agent is passed over ends.
    Deferral(UserId),
    /// A caller has waited long enough to ask for less.
    Widen(CallId),
    /// A caller has waited in his queue as long as he may.
    TimeOut(CallId),
    /// A caller has waited for one agent as long as he is to.
    Patience(CallId),
    /// A caller has done something else for as long as he may.
    Choosing(CallId),
    /// A queue's load may close or open it.
    Load(QueueId),
}

/// All queues and agents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    pub(crate) settings: Arc<Settings>,
    /// Configured queues, those that are being drained among them, and removed ones whose callers still talk.
    pub(crate) queues: Named<QueueId, Queue>,
    /// Configured agents, and other accounts of which something is known (see `STRANGERS_MAX`).
    pub(crate) agents: Named<UserId, Agent>,
    pub(crate) callers: Table<CallId, Caller>,
    pub(crate) offers: Table<OfferId, Offer>,
    /// Agents who are kept for callbacks, by the numbers that these have among offers.
    pub(crate) errands: BTreeMap<OfferId, Errand>,
    /// What is due of queues' callbacks, also of queues that aren't here (yet).
    pub(crate) due: BTreeMap<QueueId, BTreeSet<DueCallback>>,
    /// Offers given up without a confirmation: an answer may still come. The oldest are forgotten.
    pub(crate) lost: BTreeMap<OfferId, CallId>,
    /// What the engine is to be woken for, but for loads.
    pub(crate) deadlines: BTreeSet<(Time, Deadline)>,
    /// When queues' loads are to be looked at: apart, since that is done when all else has been decided.
    pub(crate) loads: BTreeSet<(Time, QueueId)>,
    /// Queues in which somebody who is next and a free agent face each other. Empty between steps.
    pub(crate) ready: Ready,
    /// Queues whose callers are to go, since nobody is there for them. Empty between steps.
    pub(crate) deserted: BTreeSet<Number>,
    /// Who talked with whom last.
    pub(crate) talks: Talks,
    /// Time of the newest fact.
    pub(crate) clock: Time,
    pub(crate) last_offer: OfferId,
    pub(crate) next_seq: u64,
}

/// One caller offered to one agent: from ringing to the end of the leg or of the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) call: CallId,
    pub(crate) queue: QueueId,
    /// The queue's number, good while the caller is offered or talks.
    pub(crate) at: Number,
    pub(crate) agent: UserId,
    /// The agent's number.
    pub(crate) to: Number,
    pub(crate) state: OfferState,
    /// Whether whoever answered has been given longer already.
    pub(crate) prolonged: bool,
    /// Whether somebody gave the caller to this agent.
    pub(crate) given: bool,
}

/// How far an offer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OfferState {
    /// The agent's device rings.
    Ringing { until: Time },
    /// To stop ringing; not yet confirmed.
    Withdrawn {
        cause: WithdrawCause,
        confirm_until: Time,
    },
    /// Answered after it was withdrawn; the leg's end is not yet confirmed.
    Late { confirm_until: Time },
    /// The two talk.
    Connected,
}

impl Engine {
    /// One with no queues and no agents: `Input::Configure` brings them.
    pub fn new() -> Engine {
        Engine::default()
    }

    /// The engine that these facts, from the very first, leave behind.
    pub fn replay<'a>(facts: impl IntoIterator<Item = &'a Stamped>) -> Engine {
        let mut engine = Engine::new();
        for fact in facts {
            engine.apply(fact);
        }
        engine
    }
}

impl Core for Engine {
    type Input = Input;
    type Output = Output;
    type Reason = Deadline;

    fn handle(&mut self, now: Time, input: Input, out: &mut Output) {
        let mut step = Step {
            engine: self,
            now,
            out,
        };
        match input {
            Input::Configure(settings) => step.configure(settings),
            Input::Join(entrance) => step.join(entrance),
            Input::Leave { call, cause } => step.leave(call, cause),
            Input::OfferAnswered { offer } => step.offer_answered(offer),
            Input::OfferPickedUp { offer } => step.offer_picked_up(offer),
            Input::OfferEnded { offer, end } => step.offer_ended(offer, end),
            Input::ConversationEnded { call } => step.conversation_ended(call),
            Input::AgentCommand { asker, command } => step.agent_command(asker, command),
            Input::QueueCommand { ticket, command } => step.queue_command(ticket, command),
            Input::DeviceReachable { agent, reachable } => step.device_changed(agent, reachable),
            Input::OwnCall {
                agent,
                call,
                active: true,
            } => step.own_call_began(agent, call),
            Input::OwnCall {
                agent,
                call,
                active: false,
            } => step.own_call_ended(agent, call),
            Input::CalledFor { agent, queue } => step.called_for(agent, queue),
            Input::AskRoom { call, queue } => step.answer_room(call, &queue),
            Input::AskPosition { call } => step.answer_position(call),
            Input::Recall { agent, carried } => step.recall(agent, *carried),
            Input::RecallQueue { queue, carried } => step.recall_queue(queue, *carried),
            Input::RecallTalks { agent, talks } => step.recall_talks(agent, talks),
            Input::ForgetCaller(caller) => step.emit(Fact::CallerForgotten { caller }),
            Input::CallbacksDue { queue, due } => step.callbacks_due(queue, due),
            Input::Indebted { agent, indebted } => step.indebted(agent, indebted),
            Input::CallbackTaken { offer } => step.errand_taken(offer),
            Input::CallbackOver { offer, end } => step.errand_over(offer, end),
            Input::Choosing { call } => step.choosing(call),
            Input::Back { call } => step.waits_on(call),
            Input::AskAgent { call, agent } => {
                let standing = step.engine.standing(&agent);
                step.out.commands.push(Command::Standing { call, standing });
            }
        }
        step.settle();
    }

    fn poll_timeout(&self) -> Option<(Time, Deadline)> {
        let load = self.loads.first();
        let load = load.map(|(at, queue)| (*at, Deadline::Load(queue.clone())));
        // Of two at once a load's comes last, as it stands last in `Deadline`.
        self.deadlines
            .first()
            .cloned()
            .into_iter()
            .chain(load)
            .min()
    }

    fn handle_timeout(&mut self, now: Time, out: &mut Output) {
        let mut step = Step {
            engine: self,
            now,
            out,
        };
        while let Some(deadline) = step.next_due() {
            match deadline {
                Deadline::Ring(offer) => step.withdraw(offer, WithdrawCause::NoAnswer),
                Deadline::Confirm(offer) => step.confirmation_overdue(offer),
                Deadline::WrapUp(agent) => step.emit(Fact::WrapUpEnded { agent, by: None }),
                Deadline::Deferral(agent) => step.emit(Fact::DeferralEnded { agent }),
                Deadline::Widen(call) => step.widen(call),
                Deadline::TimeOut(call) => step.expel(call, RefuseCause::TimedOut),
                Deadline::Patience(call) => step.patience_ends(call),
                Deadline::Choosing(call) => step.waits_on(call),
                // Kept in `loads`, and looked at when all else has been decided.
                Deadline::Load(_) => {}
            }
        }
        step.settle();
    }
}

/// One step of the engine: what is decided in it, at what time, and where it is told.
pub(crate) struct Step<'a> {
    pub(crate) engine: &'a mut Engine,
    pub(crate) now: Time,
    pub(crate) out: &'a mut Output,
}

impl Step<'_> {
    /// Makes a decision count: applies the fact, and tells it with what it asks to be done.
    pub(crate) fn emit(&mut self, fact: Fact) {
        let stamped = Stamped {
            at: self.now,
            seq: self.engine.next_seq,
            fact,
        };
        self.engine.apply(&stamped);
        self.out.commands.extend(stamped.fact.command());
        self.out.facts.push(stamped);
    }

    /// The first deadline that has come, but for those of loads.
    fn next_due(&self) -> Option<Deadline> {
        let first = self.engine.deadlines.first();
        let due = first.filter(|(at, _)| *at <= self.now);
        due.map(|(_, deadline)| deadline.clone())
    }

    /// What follows in every step from what was decided in it.
    fn settle(&mut self) {
        self.dispatch();
        self.clear_deserted();
        // With a removed queue agents may go for whom callers of others waited.
        while self.end_drained() {
            self.clear_deserted();
        }
        self.weigh_loads();
    }
}
