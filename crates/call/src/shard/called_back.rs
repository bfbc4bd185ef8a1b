//! Callers of queues who ask to be called back instead of waiting: by key at any moment of the wait, or where the queue is
//! closed or takes them in no more. What they hear and answer is `called_back::Dialogue`'s; who is offered it and what is
//! promised, the callback lists'. Meanwhile a caller who waits keeps his place, and agents are offered others.

use super::{Due, Shard};
use crate::call::{Call, Purpose};
use crate::called_back::{Answers, AsksBack, Choice, Dialogue, Place, Promised, PromisedState};
use crate::called_back::{CallbackOffer, Settled, Stage, Step, Wanted};
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::journey::{CallTimer, Journey, Offered};
use crate::outward::{Class, Payer};
use crate::settings::{Answering, Organisation};
use crate::speech;
use acd::{LeaveCause, Prospect};
use base::{CallId, QueueId, Time};
use callback::{Draft, Existing, Input, Number, Refusal, Seen, Utc, Window, Wish};
use media_core::{Playlist, PromptId, Then};
use sip_core::StatusCode;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How long the lists have to say whether a caller is offered to be called back: answered at once, unless their owner is
/// gone, and then he is not to wait for it.
const OFFERED_WITHIN: Duration = Duration::from_secs(5);
/// How long who does not wait has for the key once he has heard of it.
const KEY_WITHIN: Duration = Duration::from_secs(5);
/// How long a caller may take over it all: enough to hear each question several times, and less than the queue engine keeps
/// the place of one who chooses.
const CHOOSING_WITHIN: Duration = Duration::from_secs(300);
/// How often one call's caller is listened to: who changes his mind needs a few, and the time above begins anew with each, as
/// does that for which a place is held. After that the key has no meaning, and he is not told of it.
const DIALOGUES_MAX: u8 = 5;
/// How soon it is looked again whether one who has had that long is done: he is being answered.
const LOOKED_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// What becomes of what a caller has begun who goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// The lists hear of it, and keep it where they keep such.
    Kept,
    Forgotten,
}

/// Whether a key, or news of what is played, was for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Taken,
    Free,
}

impl Shard {
    /// A caller pressed a key.
    pub(super) fn callback_key(
        &mut self,
        now: Time,
        call: CallId,
        key: char,
        out: &mut Vec<Output>,
    ) -> Key {
        let Some(entry) = self.live_call(call) else {
            return Key::Free;
        };
        if let Some(asks) = &entry.asks_back
            && matches!(asks.stage, Stage::Talks(_))
        {
            self.step_dialogue(now, call, out, |dialogue, steps| dialogue.key(key, steps));
            return Key::Taken;
        }
        let Some(queue) = offered_by(entry).cloned() else {
            return Key::Free;
        };
        let is_too_often = entry.dialogues >= DIALOGUES_MAX;
        if self.callback_offer(&queue).is_none_or(|it| it.key != key) {
            return Key::Free;
        }
        if is_too_often {
            let status = StatusCode::FORBIDDEN.code();
            let cause = RefusedCause::CalledBackTooOften;
            out.push(Output::Event(CallEvent::Refused { status, cause }));
            return Key::Free;
        }
        self.ask_offer(now, call, queue, Wanted::ToBegin, out);
        Key::Taken
    }

    /// What the settings of now say of a queue's offer.
    pub(super) fn callback_offer(&self, queue: &QueueId) -> Option<&Arc<CallbackOffer>> {
        let organisation = self.directory.organisations.get(queue.org_name())?;
        organisation.callbacks.get(queue)
    }

    /// Finds out whether a caller is offered to be called back.
    pub(super) fn ask_offer(
        &mut self,
        now: Time,
        call: CallId,
        queue: QueueId,
        wanted: Wanted,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let waits = matches!(&entry.purpose, Purpose::Queue(_));
        // Before he waits there is no place that could be kept.
        let joins = matches!(&entry.purpose, Purpose::Queue(waits) if !waits.joined);
        let wanted = match entry.asks_back.as_ref().map(|asks| &asks.stage) {
            // He has pressed the key for it already.
            Some(Stage::AsksWait(Wanted::ToBegin) | Stage::AsksOffer(Wanted::ToBegin)) => {
                Wanted::ToBegin
            }
            _ => wanted,
        };
        let stage = match (&entry.asks_back, waits) {
            // It is being asked already; now he has pressed the key for it.
            (Some(asks), _) if matches!(asks.stage, Stage::AsksOffer(_)) => {
                Stage::AsksOffer(wanted)
            }
            (_, true) => Stage::AsksWait(wanted),
            (_, false) => Stage::AsksOffer(wanted),
        };
        let asked = entry.asks_back.replace(AsksBack {
            queue: queue.clone(),
            stage: stage.clone(),
        });
        let asked = asked.map(|asks| asks.stage);
        let answer_due = Due::Call(call, CallTimer::KeyAwaited);
        self.timers.arm(answer_due, now + OFFERED_WITHIN);
        match stage {
            _ if matches!(asked, Some(Stage::AsksWait(_) | Stage::AsksOffer(_))) => {}
            Stage::AsksWait(_) => {
                if joins && wanted == Wanted::ToBegin {
                    self.step_journey(now, call, out, Journey::joins);
                }
                out.push(Output::Acd(acd::Input::AskPosition { call }));
            }
            _ => out.push(Output::Callback(Input::AskOffer {
                call,
                queue,
                seen: None,
            })),
        }
    }

    /// How long a caller may expect to wait is known, for the journey and for the offer.
    pub(super) fn wait_known(
        &mut self,
        now: Time,
        call: CallId,
        prospect: Prospect,
        out: &mut Vec<Output>,
    ) {
        let Some(asks) = self.live_call(call).and_then(|it| it.asks_back.as_ref()) else {
            return;
        };
        let Stage::AsksWait(wanted) = asks.stage else {
            return;
        };
        let queue = asks.queue.clone();
        // Who is being connected has no place, and is not asked any more.
        let seen = prospect
            .place
            .and_then(|_| self.known_of(now, &queue, prospect));
        let Some(seen) = seen else {
            let nothing = Err(Refusal::NotOffered(queue));
            return self.offer_answered(now, call, nothing, out);
        };
        if let Some(asks) = self.call_mut(call).and_then(|it| it.asks_back.as_mut()) {
            asks.stage = Stage::AsksOffer(wanted);
        }
        let seen = Some(seen);
        out.push(Output::Callback(Input::AskOffer { call, queue, seen }));
    }

    fn known_of(&self, now: Time, queue: &QueueId, prospect: Prospect) -> Option<Seen> {
        let organisation = self.directory.organisations.get(queue.org_name())?;
        let clock = organisation.clock_of(queue)?;
        let shown = clock.shown_at(self.wall?.unix_seconds(now))?;
        Some(Seen {
            average_wait: prospect.average,
            expected_wait: prospect.expected,
            waiting: prospect.waiting,
            minute_of_day: u16::from(shown.hour) * 60 + u16::from(shown.minute),
        })
    }

    /// Whether a caller is offered to be called back is known.
    pub(super) fn offer_answered(
        &mut self,
        now: Time,
        call: CallId,
        result: Result<(), Refusal>,
        out: &mut Vec<Output>,
    ) {
        let asks = self.live_call(call).and_then(|it| it.asks_back.as_ref());
        let Some((queue, wanted)) = asks.and_then(|asks| match asks.stage {
            Stage::AsksWait(wanted) | Stage::AsksOffer(wanted) => {
                Some((asks.queue.clone(), wanted))
            }
            Stage::Told | Stage::Talks(_) => None,
        }) else {
            return;
        };
        self.timers.disarm(&Due::Call(call, CallTimer::KeyAwaited));
        match (wanted, result) {
            (Wanted::ToTell, result) => self.tell_of_offer(now, call, &queue, result, out),
            (Wanted::ToBegin, Ok(())) => {
                self.begin_dialogue(now, call, &queue, Dialogue::start, out)
            }
            // He was not told of it, and it is not to be had: the key leads nowhere.
            (
                Wanted::ToBegin,
                Err(Refusal::NoList(_) | Refusal::NotOffered(_) | Refusal::Conditions(_)),
            ) => self.tell_of_offer(
                now,
                call,
                &queue,
                Err(Refusal::NotOffered(queue.clone())),
                out,
            ),
            (Wanted::ToBegin, Err(_)) => {
                self.begin_dialogue(now, call, &queue, Dialogue::cannot_be_had, out);
            }
        }
    }

    /// Tells a caller that he may be called back, if he may; what he hears else goes on.
    fn tell_of_offer(
        &mut self,
        now: Time,
        call: CallId,
        queue: &QueueId,
        result: Result<(), Refusal>,
        out: &mut Vec<Output>,
    ) {
        let announcement = self
            .callback_offer(queue)
            .and_then(|it| it.announcement.clone());
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let offered = match result {
            Ok(()) if entry.dialogues < DIALOGUES_MAX => Offered::Yes,
            _ => Offered::No,
        };
        match (&entry.purpose, announcement) {
            (Purpose::Queue(_), _) => {
                entry.asks_back = None;
                self.step_journey(now, call, out, |journey, steps| {
                    journey.offer_known(offered, steps);
                });
            }
            (Purpose::Message(_), Some(announcement)) if offered == Offered::Yes => {
                if let Some(asks) = &mut entry.asks_back {
                    asks.stage = Stage::Told;
                }
                let (caller, token) = (entry.caller, entry.token() + 2);
                self.let_hear(now, caller, Answering::AtOnce, out);
                let playlist = Playlist {
                    token,
                    prompts: vec![announcement],
                    then: Then::Silence,
                };
                self.play_awaited(now, call, caller, playlist, out);
            }
            _ => self.not_called_back(now, call, out),
        }
    }

    /// Begins it: from now on he hears nothing else, and nobody is rung for him.
    fn begin_dialogue(
        &mut self,
        now: Time,
        call: CallId,
        queue: &QueueId,
        first: impl FnOnce(&mut Dialogue, &mut Vec<Step>),
        out: &mut Vec<Output>,
    ) {
        let directory = Arc::clone(&self.directory);
        let organisation = directory.organisations.get(queue.org_name());
        let Some((organisation, offer)) =
            organisation.and_then(|it| Some((it, it.callbacks.get(queue)?)))
        else {
            return self.tell_of_offer(now, call, queue, Err(Refusal::NoList(queue.clone())), out);
        };
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        entry.dialogues = entry.dialogues.saturating_add(1);
        let shown = callable(organisation, queue, &entry.caller_number);
        let own = entry.token();
        let (place, token) = match &mut entry.purpose {
            Purpose::Queue(waits) => {
                if waits.joined {
                    out.push(Output::Acd(acd::Input::Choosing { call }));
                }
                (Place::Kept, waits.journey.steps_aside())
            }
            _ => (Place::None, own + 2),
        };
        let dialogue = Dialogue::new(offer.asking.clone(), place, shown, token);
        entry.asks_back = Some(AsksBack {
            queue: queue.clone(),
            stage: Stage::Talks(Box::new(dialogue)),
        });
        let caller = entry.caller;
        for timer in [CallTimer::RepeatMessage, CallTimer::PlayedLost] {
            self.timers.disarm(&Due::Call(call, timer));
        }
        let too_long = Due::Call(call, CallTimer::Choosing);
        self.timers.arm(too_long, now + CHOOSING_WITHIN);
        // Before that not every phone and exchange lets us hear his keys.
        self.let_hear(now, caller, Answering::AtOnce, out);
        self.step_dialogue(now, call, out, first);
    }

    /// A playlist is through, or should have been long ago, for one who is on his way to being called back.
    pub(super) fn callback_played(
        &mut self,
        now: Time,
        call: CallId,
        token: Option<u32>,
        out: &mut Vec<Output>,
    ) -> Key {
        let Some(entry) = self.live_call(call) else {
            return Key::Free;
        };
        let announced = entry.token() + 2;
        match entry.asks_back.as_ref().map(|asks| &asks.stage) {
            Some(Stage::Talks(_)) => self.step_dialogue(now, call, out, |dialogue, steps| {
                dialogue.played(token.unwrap_or(dialogue.token()), steps);
            }),
            Some(Stage::Told) if token.is_none_or(|token| token == announced) => {
                let awaited = Due::Call(call, CallTimer::KeyAwaited);
                self.timers.arm(awaited, now + KEY_WITHIN);
            }
            Some(Stage::Told) => {}
            _ => return Key::Free,
        }
        Key::Taken
    }

    /// A key was waited for, or an answer.
    pub(super) fn callback_awaited(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(asks) = self.live_call(call).and_then(|it| it.asks_back.as_ref()) else {
            return;
        };
        match &asks.stage {
            Stage::Talks(_) => self.step_dialogue(now, call, out, Dialogue::waited),
            Stage::Told => self.not_called_back(now, call, out),
            Stage::AsksWait(_) | Stage::AsksOffer(_) => {
                let nothing = Err(Refusal::NotOffered(asks.queue.clone()));
                self.offer_answered(now, call, nothing, out);
            }
        }
    }

    /// He has had time enough for it.
    pub(super) fn chose_too_long(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let mut is_done = false;
        self.step_dialogue(now, call, out, |dialogue, steps| {
            is_done = dialogue.has_had_his_time(steps);
        });
        let talks = self
            .live_call(call)
            .is_some_and(|it| it.asks_back.is_some());
        if talks && !is_done {
            let too_long = Due::Call(call, CallTimer::Choosing);
            self.timers.arm(too_long, now + LOOKED_AGAIN_AFTER);
        }
    }

    /// What of him is held is given up, and what he began is kept where the list keeps such.
    pub(super) fn drop_callback(&mut self, call: CallId, begun: Begun, out: &mut Vec<Output>) {
        let asks = self.call_mut(call).and_then(|call| call.asks_back.take());
        let Some(AsksBack { queue, stage }) = asks else {
            return;
        };
        for timer in [
            CallTimer::KeyAwaited,
            CallTimer::Choosing,
            CallTimer::PlayedLost,
        ] {
            self.timers.disarm(&Due::Call(call, timer));
        }
        let Stage::Talks(dialogue) = stage else {
            return;
        };
        let begun = dialogue.begun().filter(|_| begun == Begun::Kept);
        let started = begun.and_then(|(number, given, input)| {
            Some(Box::new(Draft {
                asked_by: self.shown_by(call, &queue),
                queue,
                number: number.clone(),
                given,
                input: input.cloned(),
                arrived: self.arrival(call)?,
                wish: Wish::AsSoonAsPossible,
            }))
        });
        out.push(Output::Callback(Input::Gone { call, started }));
    }

    /// The number that the call shows, by which is bounded how many others its caller keys.
    fn shown_by(&self, call: CallId, queue: &QueueId) -> Option<Number> {
        let organisation = self.directory.organisations.get(queue.org_name())?;
        callable(organisation, queue, &self.call(call)?.caller_number)
    }

    fn arrival(&self, call: CallId) -> Option<Utc> {
        let arrived = self.call(call)?.arrived;
        Some(Utc::from_seconds(self.wall?.unix_seconds(arrived)))
    }

    /// What can be chosen, and what the number was promised.
    pub(super) fn choices_known(
        &mut self,
        now: Time,
        call: CallId,
        choices: Vec<Wish>,
        existing: Option<Existing>,
        out: &mut Vec<Output>,
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(asks) = self.live_call(call).and_then(|it| it.asks_back.as_ref()) else {
            return;
        };
        let organisation = directory.organisations.get(asks.queue.org_name());
        let at = self.wall.map(|wall| wall.unix_seconds(now));
        let Some((organisation, now_s)) = organisation.zip(at) else {
            return;
        };
        let say = |wish: &Wish| words(organisation, &asks.queue, now_s, wish);
        let choices = choices.into_iter().filter_map(|wish| {
            let words = say(&wish)?;
            Some(Choice { wish, words })
        });
        let choices: Vec<Choice> = choices.collect();
        let promised = existing.map(|existing| Promised {
            words: say(&existing.wish).unwrap_or_default(),
            state: match existing.held {
                true => PromisedState::Held,
                false => PromisedState::Open,
            },
        });
        self.step_dialogue(now, call, out, |dialogue, steps| {
            dialogue.choices(choices, promised, steps);
        });
    }

    /// Whether a place is held for him.
    pub(super) fn reserved(
        &mut self,
        now: Time,
        call: CallId,
        result: Result<(), Refusal>,
        out: &mut Vec<Output>,
    ) {
        let settled = settled(result);
        self.step_dialogue(now, call, out, |dialogue, steps| {
            dialogue.reserved(settled, steps);
        });
    }

    /// It is promised, moved or taken back, or it is not.
    pub(super) fn promise_settled<T>(
        &mut self,
        now: Time,
        call: CallId,
        result: Result<T, Refusal>,
        out: &mut Vec<Output>,
    ) {
        let settled = settled(result.map(drop));
        self.step_dialogue(now, call, out, |dialogue, steps| {
            dialogue.settled(settled, steps);
        });
    }

    fn step_dialogue(
        &mut self,
        now: Time,
        call: CallId,
        out: &mut Vec<Output>,
        step: impl FnOnce(&mut Dialogue, &mut Vec<Step>),
    ) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        let Some(AsksBack {
            queue,
            stage: Stage::Talks(dialogue),
        }) = &mut entry.asks_back
        else {
            return;
        };
        let queue = queue.clone();
        let mut steps = Vec::new();
        step(dialogue, &mut steps);
        let awaited = Due::Call(call, CallTimer::KeyAwaited);
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            let told = match step {
                Step::Play(playlist) => {
                    self.play_awaited(now, call, caller, playlist, out);
                    continue;
                }
                Step::Wait(span) => {
                    self.timers.arm(awaited, now + span);
                    continue;
                }
                Step::StopWaiting => {
                    self.timers.disarm(&awaited);
                    continue;
                }
                Step::CheckNumber(digits) => {
                    steps.extend(self.check_number(call, &queue, &digits));
                    continue;
                }
                Step::Left => {
                    self.leave_for_callback(call, out);
                    continue;
                }
                Step::BackToQueue => return self.not_called_back(now, call, out),
                Step::End => return self.end_called_back(now, call, out),
                Step::AskChoices(number) => Input::AskChoices {
                    call,
                    queue: queue.clone(),
                    number,
                },
                Step::Reserve(wish) => Input::Reserve {
                    call,
                    queue: queue.clone(),
                    wish,
                },
                Step::Accept(answers) => match self.draft(call, &queue, *answers) {
                    Some(draft) => Input::Accept {
                        call,
                        draft: Box::new(draft),
                    },
                    None => continue,
                },
                Step::Move(answers) => Input::MoveOwn {
                    call,
                    queue: queue.clone(),
                    number: answers.number,
                    wish: answers.wish,
                    input: answers.input,
                },
                Step::Cancel(number) => Input::CancelOwn {
                    call,
                    queue: queue.clone(),
                    number,
                },
            };
            out.push(Output::Callback(told));
        }
    }

    fn check_number(&mut self, call: CallId, queue: &QueueId, digits: &str) -> Vec<Step> {
        let directory = Arc::clone(&self.directory);
        let organisation = directory.organisations.get(queue.org_name());
        let number = organisation.and_then(|it| callable(it, queue, digits));
        let mut steps = Vec::new();
        if let Some(AsksBack {
            stage: Stage::Talks(dialogue),
            ..
        }) = self.call_mut(call).and_then(|it| it.asks_back.as_mut())
        {
            dialogue.checked(number, &mut steps);
        }
        steps
    }

    fn draft(&self, call: CallId, queue: &QueueId, answers: Answers) -> Option<Draft> {
        Some(Draft {
            queue: queue.clone(),
            number: answers.number,
            given: answers.given,
            asked_by: self.shown_by(call, queue),
            input: answers.input,
            arrived: self.arrival(call)?,
            wish: answers.wish,
        })
    }

    /// He waits on in his place, or meets what he would have met.
    fn not_called_back(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.live_call(call) else {
            return;
        };
        let token = match entry.asks_back.as_ref().map(|asks| &asks.stage) {
            Some(Stage::Talks(dialogue)) => dialogue.token(),
            _ => 0,
        };
        self.drop_callback(call, Begun::Forgotten, out);
        match self.call(call).map(|call| &call.purpose) {
            Some(Purpose::Queue(waits)) => {
                if waits.joined {
                    out.push(Output::Acd(acd::Input::Back { call }));
                }
                self.step_journey(now, call, out, |journey, steps| {
                    journey.comes_back(token, steps);
                });
            }
            _ => self.message_over(now, call, out),
        }
    }

    /// He leaves his place: he has been promised what he waited for.
    fn leave_for_callback(&mut self, call: CallId, out: &mut Vec<Output>) {
        if let Some(Purpose::Queue(waits)) = self.call_mut(call).map(|call| &mut call.purpose)
            && std::mem::take(&mut waits.joined)
        {
            let cause = LeaveCause::CalledBack;
            out.push(Output::Acd(acd::Input::Leave { call, cause }));
        }
    }

    fn end_called_back(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        self.leave_for_callback(call, out);
        self.end_call(now, call, EndCause::Completed, StatusCode::OK, out);
    }
}

/// The queue whose list a caller's key may be for.
fn offered_by(call: &Call) -> Option<&QueueId> {
    match &call.purpose {
        Purpose::Queue(waits) => {
            let waiting = waits.agent.is_none() && waits.way_out.is_none();
            let is_here = waiting && !waits.journey.is_arriving();
            is_here.then_some(&waits.queue)
        }
        Purpose::Message(saying) => saying.offers.as_ref(),
        _ => None,
    }
}

/// The number that is meant, if it is one that the queue may call.
fn callable(organisation: &Organisation, queue: &QueueId, written: &str) -> Option<Number> {
    let numbering = &organisation.outward.numbering;
    let outside = numbering.read(&numbering.caller(written).unwrap_or_else(|| written.into()))?;
    if outside.class == Class::Emergency {
        return None;
    }
    let payer = Payer::Queue(queue.clone());
    organisation.outward.check(&payer, &outside).ok()?;
    outside.number.to_string().parse().ok()
}

/// A time as it is said; none where it can't be.
fn words(
    organisation: &Organisation,
    queue: &QueueId,
    now_s: i64,
    wish: &Wish,
) -> Option<Vec<PromptId>> {
    let offer = organisation.callbacks.get(queue)?;
    let Window { span, name } = match wish {
        Wish::AsSoonAsPossible => return Some(vec![offer.asking.prompts.soon.clone()]),
        Wish::Window(window) => window,
    };
    if let Some(recorded) = offer.windows.get(name) {
        return Some(vec![recorded.clone()]);
    }
    let (clock, language) = (organisation.clock_of(queue)?, offer.asking.language);
    let shown = |utc: Utc| clock.shown_at(utc.as_seconds());
    let (from, until) = (shown(span.from)?, shown(span.until)?);
    let mut said = speech::when(language, &clock.shown_at(now_s)?, &from)?;
    said.push(offer.asking.prompts.until.clone());
    said.extend(speech::clock(
        language,
        until.hour.into(),
        until.minute.into(),
    )?);
    Some(said)
}

/// What came of it, as the dialogue tells it.
fn settled(result: Result<(), Refusal>) -> Settled {
    match result {
        Ok(()) => Settled::Yes,
        Err(Refusal::ChoiceGone | Refusal::NoRoom(_)) => Settled::Taken,
        Err(Refusal::Held { .. }) => Settled::Held,
        Err(Refusal::Already(_)) => Settled::Already,
        Err(_) => Settled::No,
    }
}
