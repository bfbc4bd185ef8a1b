//! What people do with their own calls away from their telephones: each act is what their telephone could have done, and has
//! the same consequences. What it takes to begin one is in `dialling`.

use super::Shard;
use super::hang_up::Gone;
use crate::call::{Call, Purpose};
use crate::crosswise::{Holding, Onward};
use crate::identity::{Calling, account, is_nobody};
use crate::input::{Admission, Output};
use crate::leg::{Acceptance, Leg, Role, State};
use crate::own_call::{Held, OwnCall, Stage, Taking};
use crate::routing;
use crate::settings::Destination;
use base::{CallId, LegId, Time, UserId};
use control::{CallAct, DIALLED_CHARS_MAX, OwnCallCommand, OwnCallRefusal, Permitted};
use sip_core::StatusCode;

/// What came of it.
pub(super) type Done = Result<(), OwnCallRefusal>;

impl Shard {
    /// Does it, and says what came of it in the same step.
    pub(super) fn own_call(
        &mut self,
        now: Time,
        command: Permitted<OwnCallCommand>,
        admission: &Admission,
        out: &mut Vec<Output>,
    ) {
        let (_, OwnCallCommand { user, act }) = command.into_parts();
        let done = match act {
            CallAct::Dial { number } => self.dial(now, &user, &number, admission, out),
            CallAct::HangUp { leg } => self.hangs_up(now, &user, leg, out),
            CallAct::Take { leg } => self.takes(now, &user, leg, out),
            CallAct::Decline { leg } => self.declines(now, &user, leg, out),
            CallAct::Hold { leg } => self.holds(&user, leg, Holding::Yes, out),
            CallAct::Resume { leg } => self.holds(&user, leg, Holding::No, out),
            CallAct::Transfer { leg, to } => self.sends_to_number(now, &user, leg, &to, out),
            CallAct::Join { leg, with } => self.joins(now, &user, leg, with, out),
        };
        out.push(Output::OwnCallDone(done));
    }

    /// A leg of his that is not on its way out.
    pub(super) fn own_leg(&self, user: &UserId, leg: LegId) -> Result<&Leg, OwnCallRefusal> {
        let is_over = |leg: &Leg| {
            let leaves = matches!(leg.state, State::Cancelling { .. } | State::Leaving { .. });
            leaves || leg.bye_due || leg.settled
        };
        let own = self.leg(leg).filter(|it| it.user.as_ref() == Some(user));
        let own = own.filter(|it| !is_over(it) && self.live_call(it.call).is_some());
        own.ok_or(OwnCallRefusal::NoSuchCall)
    }

    /// The same, where he talks with somebody.
    fn own_talk(&self, user: &UserId, leg: LegId) -> Result<&Leg, OwnCallRefusal> {
        let entry = self.own_leg(user, leg)?;
        let talks = self.call(entry.call).is_some_and(|call| {
            let joined = matches!(call.purpose, Purpose::Joined(_));
            let of_two = |(caller, other)| leg == caller || leg == other;
            joined || call.talking().is_some_and(of_two)
        });
        match entry.is_up() && talks {
            true => Ok(entry),
            false => Err(OwnCallRefusal::NotNow),
        }
    }

    /// As if his telephone had sent BYE, or CANCEL.
    fn hangs_up(&mut self, now: Time, user: &UserId, leg: LegId, out: &mut Vec<Output>) -> Done {
        if is_rung(self.own_leg(user, leg)?) {
            return self.declines(now, user, leg, out);
        }
        self.settle(now, leg, Gone::HungUp, out);
        self.hang_up(now, leg, StatusCode::REQUEST_TERMINATED, out);
        Ok(())
    }

    /// As if he had declined on one of his devices: all of them stop (RFC 3261 §21.6.2), and that he declined is told once
    /// they have.
    fn declines(&mut self, now: Time, user: &UserId, leg: LegId, out: &mut Vec<Output>) -> Done {
        let entry = self.own_leg(user, leg)?;
        if !is_rung(entry) {
            return Err(OwnCallRefusal::NotNow);
        }
        let (call, role) = (entry.call, entry.role.clone());
        let declined = Gone::Refused(StatusCode::DECLINE);
        self.device_over(now, call, &role, Some(declined), out);
        Ok(())
    }

    /// The other hears music, and he nothing; or they hear each other again.
    fn holds(
        &mut self,
        user: &UserId,
        leg: LegId,
        holding: Holding,
        out: &mut Vec<Output>,
    ) -> Done {
        let entry = self.own_talk(user, leg)?;
        let call = entry.call;
        if holding == Holding::No && entry.holds_by_itself() && entry.holds == Holding::No {
            return Err(OwnCallRefusal::HeldOnPhone);
        }
        if let Some(entry) = self.leg_mut(leg) {
            entry.holds = holding;
        }
        self.join_or_hold(call, out);
        Ok(())
    }

    /// As a REFER of his telephone's to that number.
    fn sends_to_number(
        &mut self,
        now: Time,
        user: &UserId,
        leg: LegId,
        number: &str,
        out: &mut Vec<Output>,
    ) -> Done {
        let call = self.own_talk(user, leg)?.call;
        let number = dialled(number)?;
        let org = self.call(call).map(|call| &call.org);
        let organisation = org.and_then(|org| self.directory.organisations.get(org));
        let organisation = organisation.ok_or(OwnCallRefusal::UnknownNumber)?;
        let onward = routing::onward(organisation, user, &number);
        let onward = onward.ok_or(OwnCallRefusal::UnknownNumber)?;
        if let Destination::Outside(outside, payer) = onward {
            let allowed = organisation.outward.check(&payer, &outside);
            allowed.map_err(|_| OwnCallRefusal::NotAllowed)?;
        }
        self.sends(now, user, leg, Onward::Number(number), out)
    }

    /// As a REFER with Replaces.
    fn joins(
        &mut self,
        now: Time,
        user: &UserId,
        leg: LegId,
        with: LegId,
        out: &mut Vec<Output>,
    ) -> Done {
        self.own_talk(user, leg)?;
        if leg == with {
            return Err(OwnCallRefusal::NotNow);
        }
        self.sends(now, user, leg, Onward::Leg(with), out)
    }

    fn sends(
        &mut self,
        now: Time,
        user: &UserId,
        leg: LegId,
        to: Onward,
        out: &mut Vec<Output>,
    ) -> Done {
        if self.sends_already(leg) {
            return Err(OwnCallRefusal::NotNow);
        }
        if self.calls.len() >= super::CALLS_PER_SHARD_MAX {
            return Err(OwnCallRefusal::TooManyCalls);
        }
        if let Some(entry) = self.leg_mut(leg) {
            // Whoever comes back is talked with again.
            entry.holds = Holding::No;
        }
        let sent = self.send_on(now, leg, user.clone(), to, out);
        sent.ok_or(OwnCallRefusal::NotNow)
    }

    /// What its person knows of a leg's call.
    pub(super) fn own_call_of(&self, leg: &Leg, call: &Call) -> OwnCall {
        let other = self.other_than(leg, call);
        let number = Some(other.number).filter(|number| !is_nobody(number));
        let queue = match &call.purpose {
            Purpose::Queue(queue) => Some(&queue.queue),
            _ => self.list_of(call),
        };
        OwnCall {
            call: call.id,
            stage: stage(leg, call),
            name: other.name.filter(|_| number.is_some()),
            number,
            colleague: other.user,
            queue: queue.cloned(),
            arrived: call.arrived,
            connected: call.connected,
            held: held(leg),
            taking: taking(leg),
        }
    }

    /// Who is at the other end of somebody's call, or is to be.
    fn other_than(&self, leg: &Leg, call: &Call) -> Calling {
        if let Purpose::Joined(joined) = &call.purpose {
            return Calling {
                user: joined.far.user.clone(),
                number: joined.far.number.clone(),
                name: joined.far.name.clone(),
            };
        }
        let leads = leg.role == Role::Caller || matches!(leg.role, Role::CallsBack { .. });
        let other = match leads {
            true => call.talking().map(|(_, other)| other),
            false => Some(call.caller),
        };
        let other = other.and_then(|other| self.calling(call.id, other));
        other.unwrap_or_else(|| self.whom_he_dialled(call))
    }

    fn whom_he_dialled(&self, call: &Call) -> Calling {
        let organisation = self.directory.organisations.get(&call.org);
        let colleague = organisation.and_then(|it| match it.extensions.get(&call.dialled)? {
            Destination::User(user) => account(it, user.clone()),
            _ => None,
        });
        colleague.unwrap_or_else(|| Calling {
            user: None,
            number: call.dialled.clone(),
            name: None,
        })
    }

    /// Whether the party of this leg is sending the other elsewhere.
    pub(super) fn sends_already(&self, leg: LegId) -> bool {
        let entry = self.leg(leg);
        let call = entry.and_then(|leg| self.call(leg.call));
        entry.is_some_and(|leg| leg.notifier.is_some())
            || call.is_some_and(|call| matches!(call.purpose, Purpose::Referring(_)))
    }

    /// What a party hears while one of the two holds the other: music, or nothing where it is he who holds by a command, with
    /// his telephone at his ear.
    pub(super) fn play_while_held(&self, call: CallId, leg: LegId, out: &mut Vec<Output>) {
        match self.leg(leg).map(|leg| leg.holds) {
            Some(Holding::Yes) => self.play_nothing_but(leg, media_core::Then::Silence, out),
            _ => self.play_hold_music(call, leg, out),
        }
    }
}

/// Whether his device rings, or was answered by nobody who said that he takes the call.
pub(super) fn is_rung(leg: &Leg) -> bool {
    let rings = matches!(leg.state, State::Preparing { .. } | State::Calling { .. });
    rings || leg.acceptance == Acceptance::Awaited
}

fn stage(leg: &Leg, call: &Call) -> Stage {
    match (&leg.role, &call.purpose) {
        (Role::Agent { .. }, _) if is_rung(leg) => Stage::Offered,
        (Role::Callee { .. }, _) if is_rung(leg) => Stage::Ringing,
        (Role::CallsBack { .. }, _) => Stage::Dialling,
        (_, Purpose::Referring(_)) => Stage::Sending,
        (Role::Caller, Purpose::Joined(_)) => Stage::Talking,
        (Role::Caller, _) if call.talking().is_none() => Stage::Calling,
        _ => Stage::Talking,
    }
}

/// Only a device of his own is told to answer: a mobile is answered by whoever has it at his ear.
pub(super) fn taking(leg: &Leg) -> Taking {
    match &leg.state {
        State::Calling { invite } if leg.way.is_none() => invite.forks.taking(),
        _ => Taking::OnPhone,
    }
}

fn held(leg: &Leg) -> Held {
    match (leg.holds, leg.holds_by_itself()) {
        (Holding::Yes, _) => Held::ByCommand,
        (Holding::No, true) => Held::OnPhone,
        (Holding::No, false) => Held::No,
    }
}

/// A number as somebody wrote it, without what people put between digits.
pub(super) fn dialled(number: &str) -> Result<Box<str>, OwnCallRefusal> {
    let digits: String = number
        .chars()
        .filter(|sign| !sign.is_whitespace() && !"()/-".contains(*sign))
        .collect();
    let fits = |text: &str| (1..=DIALLED_CHARS_MAX).contains(&text.chars().count());
    let written = match digits.bytes().any(|byte| byte.is_ascii_digit()) {
        true => digits,
        // A colleague's name, say.
        false => number.trim().to_owned(),
    };
    match fits(&written) && !written.chars().any(char::is_control) {
        true => Ok(written.into()),
        false => Err(OwnCallRefusal::NoNumber),
    }
}
