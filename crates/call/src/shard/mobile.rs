//! An agent who takes calls from queues on his mobile: it is called over a trunk, and whoever answers is asked to press
//! a key before he gets the caller, so that no voicemail does.

use super::hang_up::Gone;
use super::{Due, Shard};
use crate::call::Purpose;
use crate::identity::is_nobody;
use crate::input::{Output, RefusedCause};
use crate::ledger::Held;
use crate::leg::{Acceptance, Leg, LegTimer, Role};
use crate::outward::{CallerId, MobilesShow, Outside, Payer, ShownAs};
use crate::trunk::Way;
use crate::wishes::Device;
use base::{CallId, LegId, QueueId, Time};
use media_core::{Command, Playlist, PromptId, Then};
use sip_core::StatusCode;
use std::time::Duration;

/// How long whoever answered has to press the key. People who fetch a mobile out of a pocket need some seconds; a
/// caller waits meanwhile. Less than the queue engine gives it (`acd::PICKED_UP_MAX`).
pub(crate) const ACCEPT_WITHIN: Duration = Duration::from_secs(15);

/// How often it is asked in that time: who says his name first hears it the second time.
const ASKED_TIMES: usize = 3;

/// The key.
const ACCEPT: char = '1';

/// An agent's mobile, and the queue that calls it.
pub(super) struct Mobile {
    number: Outside,
    queue: QueueId,
}

impl Shard {
    /// The mobile that a leg to an agent is to reach, if that is the device he has chosen and he has one; and the queue
    /// that calls it.
    pub(super) fn mobile_of(&self, leg: LegId, device: Device) -> Option<Mobile> {
        let entry = self.leg(leg)?;
        let agent = entry.role.user().filter(|_| entry.role.is_at_work())?;
        let call = self.call(entry.call)?;
        let queue = match &call.purpose {
            Purpose::Queue(queue) => &queue.queue,
            _ => self.list_of(call)?,
        };
        if !device.is_on_mobile() {
            return None;
        }
        Some(Mobile {
            number: self.directory.user(agent)?.mobile.clone()?,
            queue: queue.clone(),
        })
    }

    /// Calls the agent's mobile by the leg that was to find his phones.
    pub(super) fn call_mobile(
        &mut self,
        now: Time,
        leg: LegId,
        mobile: &Mobile,
        out: &mut Vec<Output>,
    ) {
        let Some(call) = self.leg(leg).map(|leg| leg.call) else {
            return;
        };
        match self.way_to_mobile(call, mobile) {
            Ok(way) => {
                if let Some(entry) = self.leg_mut(leg) {
                    entry.way = Some(way.into());
                }
                self.occupy_outward(leg, out);
            }
            Err(cause) => {
                self.tell_refused(call, cause, out);
                self.leg_gone(now, leg, Gone::Unreachable, out);
            }
        }
    }

    /// Calls it beside his phones, which ring on whatever comes of that.
    pub(super) fn call_mobile_too(
        &mut self,
        call: CallId,
        role: Role,
        mobile: &Mobile,
        out: &mut Vec<Output>,
    ) {
        match self.way_to_mobile(call, mobile) {
            Ok(way) => drop(self.set_out(call, role, way, Held::default(), out)),
            Err(cause) => self.tell_refused(call, cause, out),
        }
    }

    /// On the queue's account: it is the queue that calls, however many agents have mobiles.
    fn way_to_mobile(&mut self, call: CallId, mobile: &Mobile) -> Result<Way, RefusedCause> {
        let payer = Payer::Queue(mobile.queue.clone());
        let mut way = self.way_out(call, &mobile.number, payer)?;
        self.show_caller(call, &mut way.shown);
        Ok(way)
    }

    /// The mobile shows who calls, where that is set and the caller doesn't hide it.
    fn show_caller(&self, call: CallId, shown: &mut ShownAs) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let organisation = self.directory.organisations.get(&entry.org);
        let Some(outward) = organisation.map(|it| &it.outward) else {
            return;
        };
        let number = &entry.caller_number;
        if outward.mobiles_show == MobilesShow::Caller
            && !is_nobody(number)
            && outward.numbering.read(number).is_some()
        {
            shown.caller_id = CallerId::Number(number.clone());
            shown.name = None;
        }
    }

    /// A mobile was answered, perhaps by nobody.
    pub(super) fn ask_to_accept(
        &mut self,
        now: Time,
        leg: LegId,
        out: &mut Vec<Output>,
    ) -> Acceptance {
        let is_mobile = |leg: &&mut Leg| leg.role.is_at_work() && leg.way.is_some();
        let Some(entry) = self.leg_mut(leg).filter(is_mobile) else {
            return Acceptance::Given;
        };
        entry.acceptance = Acceptance::Awaited;
        let call = entry.call;
        if let Some(offer) = entry.role.offer() {
            out.push(Output::Acd(acd::Input::OfferPickedUp { offer }));
        }
        self.timers
            .arm(Due::Leg(leg, LegTimer::NotAccepted), now + ACCEPT_WITHIN);
        self.pay_a_minute(leg, out);
        self.apply_media(leg, out);
        let prompts = self.accept_prompt(call).map_or(Vec::new(), |prompt| {
            std::iter::repeat_n(prompt, ASKED_TIMES).collect()
        });
        let asked = Playlist {
            token: 0,
            prompts,
            then: Then::Silence,
        };
        self.media(leg, Command::Play(asked), out);
        Acceptance::Awaited
    }

    fn accept_prompt(&self, call: CallId) -> Option<PromptId> {
        let org = &self.call(call)?.org;
        let organisation = self.directory.organisations.get(org)?;
        Some(organisation.feature_prompts.agent.accept.clone())
    }

    /// A key was pressed by whoever answered; whether it was still to be waited for.
    pub(super) fn accepting(
        &mut self,
        now: Time,
        leg: LegId,
        key: char,
        out: &mut Vec<Output>,
    ) -> Acceptance {
        let waits = |leg: &&mut Leg| leg.acceptance == Acceptance::Awaited && leg.is_up();
        let Some(entry) = self.leg_mut(leg).filter(waits) else {
            return Acceptance::Given;
        };
        if key == ACCEPT {
            let role = entry.role.clone();
            entry.acceptance = Acceptance::Given;
            self.timers.disarm(&Due::Leg(leg, LegTimer::NotAccepted));
            self.play_nothing_but(leg, Then::Silence, out);
            self.ring_answered(now, leg, out);
            match role {
                Role::Agent { offer, .. } => {
                    out.push(Output::Acd(acd::Input::OfferAnswered { offer }));
                }
                _ => self.calls_back(now, leg, out),
            }
        }
        Acceptance::Awaited
    }

    /// Nobody pressed it in time: it was voicemail, or a pocket.
    pub(super) fn not_accepted(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let waits = |leg: &&mut Leg| leg.acceptance == Acceptance::Awaited && leg.is_up();
        let Some(entry) = self.leg_mut(leg).filter(waits) else {
            return;
        };
        let (call, role) = (entry.call, entry.role.clone());
        self.settle_silently(leg);
        let unanswered = Gone::Refused(StatusCode::REQUEST_TIMEOUT);
        self.device_over(now, call, &role, Some(unanswered), out);
        self.send_bye(now, leg, out);
    }

    /// What the end of a leg to a mobile is to the queue: whoever hung up without the key has not taken the call. On his
    /// only device he has declined it.
    pub(super) fn end_at_mobile(&self, leg: LegId, how: Gone) -> Gone {
        let awaited = |leg: &Leg| leg.acceptance == Acceptance::Awaited;
        match how {
            Gone::HungUp if self.leg(leg).is_some_and(awaited) => Gone::NotTaken,
            how => how,
        }
    }
}
