//! Queues closed by telephone: whoever knows the code has it done through the same command and permission check as everything
//! else, and hears so once it is on disk.

use super::feature::Came;
use super::{Due, Shard};
use crate::admission::role_of;
use crate::call::Purpose;
use crate::closing::{ByPhone, CarriedOut, Closing, Pin, Span, Step};
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::journey::CallTimer;
use crate::settings::Organisation;
use crate::speech;
use base::{CallId, QueueId, Time, UserId};
use calendar::{Effect, QuickClose, Waiting, Way};
use control::{Command, Permitted, Principal, QuickCommand, Role, permit};
use media_core::PromptId;
use sip_core::StatusCode;
use std::sync::Arc;

/// Seconds of an hour.
const HOUR_S: i64 = 3_600;

/// Who closes or opens what.
struct Closer<'d> {
    organisation: &'d Organisation,
    by_phone: &'d ByPhone,
    queues: &'d [QueueId],
    principal: Principal,
}

impl Shard {
    /// The code for it was dialled.
    pub(super) fn begin_closing(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let directory = Arc::clone(&self.directory);
        let user = self.call(call).and_then(|call| call.caller_user.as_ref());
        if user.is_some_and(|user| self.wrong_codes.are_too_many(now, user)) {
            return self.feature_done(now, call, Came::ToNothing, out);
        }
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let (caller, token) = (entry.caller, entry.token());
        let organisation = directory.organisations.get(&entry.org);
        let by_phone = organisation.and_then(|it| it.by_phone.as_ref());
        let user = entry.caller_user.as_ref();
        let has_some =
            |by_phone: &&ByPhone| user.is_some_and(|user| !by_phone.queues.by(user).is_empty());
        let Some(by_phone) = by_phone.filter(has_some) else {
            return self.feature_done(now, call, Came::ToNothing, out);
        };
        entry.purpose = Purpose::Closing(Closing::new(by_phone.prompts.clone(), token));
        self.answer(now, caller, out);
        self.step_closing(now, call, out, |closing, _, steps| closing.start(steps));
    }

    /// What came of what was asked for is known.
    pub(super) fn carried_out(
        &mut self,
        now: Time,
        call: CallId,
        done: CarriedOut,
        out: &mut Vec<Output>,
    ) {
        self.step_closing(now, call, out, |closing, _, steps| {
            closing.done(done, steps)
        });
    }

    pub(super) fn step_closing(
        &mut self,
        now: Time,
        call: CallId,
        out: &mut Vec<Output>,
        step: impl FnOnce(&mut Closing, Option<&Pin>, &mut Vec<Step>),
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let (caller, user) = (entry.caller, entry.caller_user.clone());
        let organisation = directory.organisations.get(&entry.org);
        let by_phone = organisation.and_then(|it| it.by_phone.as_ref());
        let Purpose::Closing(closing) = &mut entry.purpose else {
            return;
        };
        let mut steps = Vec::new();
        step(closing, by_phone.map(|it| &it.pin), &mut steps);
        let awaited = Due::Call(call, CallTimer::KeyAwaited);
        for step in steps {
            match step {
                Step::Play(playlist) => self.play_awaited(now, call, caller, playlist, out),
                Step::Wait(span) => self.timers.arm(awaited, now + span),
                Step::StopWaiting => self.timers.disarm(&awaited),
                Step::CountWrong => {
                    if let Some(user) = &user {
                        self.wrong_codes.count(now, user);
                    }
                    out.push(Output::Event(CallEvent::Refused {
                        status: StatusCode::FORBIDDEN.code(),
                        cause: RefusedCause::WrongCode,
                    }));
                }
                Step::Close(span) => self.close_by_phone(now, call, span, out),
                Step::Open => self.open_by_phone(now, call, out),
                Step::End => {
                    let status = StatusCode::OK;
                    self.end_call(now, call, EndCause::Completed, status, out);
                }
            }
        }
    }

    fn close_by_phone(&mut self, now: Time, call: CallId, span: Span, out: &mut Vec<Output>) {
        let directory = Arc::clone(&self.directory);
        let unix_seconds = self.wall.map(|wall| wall.unix_seconds(now));
        let closer = self.closer(&directory.organisations, call);
        let asked = closer.zip(unix_seconds);
        let asked = asked.and_then(|(closer, from)| closing_of(&closer, span, from));
        let (commands, words) = asked.unzip();
        self.have_done(now, call, Vec::from_iter(commands), words, out);
    }

    /// Ends all that is closed now and is of these queues alone: what others closed for more than them is theirs to end.
    fn open_by_phone(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let directory = Arc::clone(&self.directory);
        let at = self.wall.map(|wall| wall.unix_seconds(now));
        let closer = self.closer(&directory.organisations, call);
        let Some((closer, at)) = closer.zip(at) else {
            return self.have_done(now, call, Vec::new(), None, out);
        };
        let his = |quick: &&QuickClose| {
            quick.effect == Effect::Close
                && (quick.from..quick.until).contains(&at)
                && quick.queues.iter().all(|it| closer.queues.contains(it))
        };
        let undone = self.quick.iter().filter(his).filter_map(|quick| {
            let (id, queues) = (quick.id, quick.queues.clone());
            let undo = Command::Quick(QuickCommand::Undo { id, queues });
            permit(closer.principal.clone(), undo).ok()
        });
        let undone: Vec<_> = undone.collect();
        let prompts = &closer.by_phone.prompts;
        let words = match undone.is_empty() {
            true => prompts.nothing.clone(),
            false => prompts.ended.clone(),
        };
        self.have_done(now, call, undone, Some(vec![words]), out);
    }

    /// Without words it can't be done, and without commands nothing is left to do.
    fn have_done(
        &mut self,
        now: Time,
        call: CallId,
        commands: Vec<Permitted<Command>>,
        words: Option<Vec<PromptId>>,
        out: &mut Vec<Output>,
    ) {
        let Some(words) = words else {
            return self.carried_out(now, call, CarriedOut::No, out);
        };
        self.step_closing(now, call, out, |closing, _, _| closing.promise(words));
        match commands.is_empty() {
            true => self.carried_out(now, call, CarriedOut::Yes, out),
            false => out.push(Output::CarryOut { call, commands }),
        }
    }

    /// Asked anew: a reload may have changed it.
    fn closer<'d>(
        &self,
        organisations: &'d std::collections::BTreeMap<base::OrgId, Organisation>,
        call: CallId,
    ) -> Option<Closer<'d>> {
        let entry = self.call(call)?;
        let organisation = organisations.get(&entry.org)?;
        let by_phone = organisation.by_phone.as_ref()?;
        let user: &UserId = entry.caller_user.as_ref()?;
        // The code lets him do here what else a supervisor may.
        let role = role_of(&self.directory, user).max(Role::Supervisor);
        let principal = Principal::User {
            user: user.clone(),
            role,
        };
        Some(Closer {
            organisation,
            by_phone,
            queues: by_phone.queues.by(user),
            principal,
        })
    }
}

/// The command for it, and what is said once it is done.
fn closing_of(
    closer: &Closer<'_>,
    span: Span,
    from: i64,
) -> Option<(Permitted<Command>, Vec<PromptId>)> {
    let clock = closer.organisation.clock_of(closer.queues.first()?)?;
    let prompts = &closer.by_phone.prompts;
    let (until, words) = match span {
        Span::RestOfDay => (clock.day_ends(from)?, vec![prompts.closed_today.clone()]),
        Span::Hours(hours) => {
            let until = from + i64::from(hours) * HOUR_S;
            let (shown, then) = (clock.shown_at(from)?, clock.shown_at(until)?);
            let mut words = vec![prompts.closed_until.clone()];
            words.extend(speech::when(closer.by_phone.language, &shown, &then)?);
            (until, words)
        }
    };
    let quick = QuickClose {
        id: 0,
        queues: closer.queues.to_vec(),
        from,
        until,
        effect: Effect::Close,
        message: None,
        waiting: Waiting::Stay,
        by: "".into(),
        way: Way::Telephone,
    };
    let command = Command::Quick(QuickCommand::Set(Box::new(quick)));
    Some((permit(closer.principal.clone(), command).ok()?, words))
}
