//! A user rung on all his devices for one call: an offer to an agent, or a call to a colleague. One leg a
//! device; the first to answer ends the others.

use super::calling_back::tell_queue;
use super::forward::Forwarding;
use super::hang_up::{Gone, offer_end};
use super::{Due, OwnCall, Shard};
use crate::call::{Call, Purpose};
use crate::hunt::{Others, ROUND, Ring};
use crate::input::Output;
use crate::journey::CallTimer;
use crate::leg::{Leg, Role};
use crate::phone_kind::takes_calls;
use crate::settings::Devices;
use crate::wishes::{Device, DoNotDisturb, Wishes};
use base::{CallId, LegId, Time, UserId};
use sip_core::StatusCode;
use sip_core::registrar::Binding;

/// RFC 3326: why the other devices need not show a missed call.
const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// And why they do, otherwise.
const OVER: &str = "SIP;cause=487;text=\"Request Terminated\"";

/// Why a device that rings is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallOff {
    /// The call was answered on another device.
    Elsewhere,
    /// Nobody wants it any more.
    Over,
}

impl CallOff {
    /// What the CANCEL says.
    pub(super) fn reason(self) -> &'static str {
        match self {
            CallOff::Elsewhere => ELSEWHERE,
            CallOff::Over => OVER,
        }
    }
}

impl Shard {
    /// Rings a user; where his devices are is found out first. The leg that asks, or none where the call is
    /// gone or has no room.
    pub(super) fn ring_user(
        &mut self,
        call: CallId,
        role: Role,
        user: &UserId,
        out: &mut Vec<Output>,
    ) -> Option<LegId> {
        let entry = self.call_mut(call)?;
        entry.rings.push(Ring::new(role.clone())).ok()?;
        let Some(leg) = self.new_device_leg(call, role.clone(), user.clone()) else {
            self.forget_ring(call, &role);
            return None;
        };
        if matches!(role, Role::Callee { .. }) {
            self.tell_own_call(Some(user.clone()), call, OwnCall::Active, out);
        }
        let user = user.clone();
        out.push(Output::Locate { leg, user });
        Some(leg)
    }

    /// Where the user can be reached is known: the devices he prefers are rung, the first by the leg that asked.
    pub(super) fn located(
        &mut self,
        now: Time,
        leg: LegId,
        mut bindings: Vec<Binding>,
        wishes: &Wishes,
        out: &mut Vec<Output>,
    ) {
        if let Some(call) = self.asks_standing(leg) {
            return self.ask_standing(call, wishes.device, out);
        }
        let Some(entry) = self.leg(leg).filter(|leg| leg.is_sought()) else {
            return;
        };
        let (call, role) = (entry.call, entry.role.clone());
        let devices = self.devices_of(entry);
        if matches!(role, Role::Callee { .. }) {
            if self.forward_always(now, call, wishes, out) == Forwarding::Done {
                return;
            }
            if wishes.do_not_disturb == DoNotDisturb::On {
                let busy = Gone::Refused(StatusCode::BUSY_HERE);
                return self.leg_gone(now, leg, busy, out);
            }
        }
        if role.is_at_work() && !wishes.device.is_on_mobile() {
            let softphones = &self.directory.softphones;
            bindings.retain(|phone| takes_calls(wishes.device, phone, softphones));
        }
        let mobile = self.mobile_of(leg, wishes.device);
        if let Some(mobile) = &mobile
            && (wishes.device == Device::Mobile || bindings.is_empty())
        {
            return self.call_mobile(now, leg, mobile, out);
        }
        let Some(ring) = self.ring(call, &role) else {
            return self.leg_gone(now, leg, Gone::Unreachable, out);
        };
        let mut round = ring.located(bindings, devices).into_iter();
        let has_more = ring.has_more();
        let Some(first) = round.next() else {
            return self.leg_gone(now, leg, Gone::Unreachable, out);
        };
        self.prepare(now, leg, first, out);
        self.ring_devices(now, call, &role, round, out);
        if let Some(mobile) = &mobile {
            self.call_mobile_too(call, role, mobile, out);
        }
        if has_more {
            self.timers
                .arm(Due::Call(call, CallTimer::NextRound), now + ROUND);
        }
    }

    fn devices_of(&self, leg: &Leg) -> Devices {
        let user = leg.user.as_ref();
        user.and_then(|user| {
            self.directory
                .organisations
                .get(user.org_name())?
                .users
                .get(user)
        })
        .map_or(Devices::default(), |user| user.devices)
    }

    fn ring_devices(
        &mut self,
        now: Time,
        call: CallId,
        role: &Role,
        round: impl Iterator<Item = Binding>,
        out: &mut Vec<Output>,
    ) {
        let Some(user) = role.user().cloned() else {
            return;
        };
        for binding in round {
            // A call that has as many legs as may be rings no more devices; those it has go on.
            let Some(leg) = self.new_device_leg(call, role.clone(), user.clone()) else {
                return;
            };
            self.prepare(now, leg, binding, out);
        }
    }

    /// The devices a user prefers have rung alone long enough.
    pub(super) fn next_round_due(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let mut rounds = Vec::new();
        for ring in entry.rings.iter_mut() {
            rounds.extend(ring.next_round().map(|round| (ring.role.clone(), round)));
        }
        let has_more = entry.rings.iter().any(Ring::has_more);
        for (role, round) in rounds {
            self.ring_devices(now, call, &role, round.into_iter(), out);
        }
        if has_more {
            self.timers
                .arm(Due::Call(call, CallTimer::NextRound), now + ROUND);
        }
    }

    /// One of a user's devices was answered: his others stop.
    pub(super) fn ring_answered(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let (call, role) = (entry.call, entry.role.clone());
        if let Some(ring) = self.ring(call, &role) {
            ring.answered();
        }
        for other in self.legs_of_ring(call, &role) {
            if other != leg {
                self.settle_silently(other);
                self.call_off(now, other, CallOff::Elsewhere, out);
            }
        }
    }

    /// Whoever is rung in that role is wanted no more. False where nobody is.
    pub(super) fn withdraw(
        &mut self,
        now: Time,
        call: CallId,
        why: CallOff,
        is_meant: impl Fn(&Role) -> bool,
        out: &mut Vec<Output>,
    ) -> bool {
        let Some(ring) = self
            .call_mut(call)
            .and_then(|call| call.rings.iter_mut().find(|ring| is_meant(&ring.role)))
        else {
            return false;
        };
        ring.withdraw();
        let role = ring.role.clone();
        for leg in self.legs_of_ring(call, &role) {
            self.call_off(now, leg, why, out);
        }
        true
    }

    /// A device that was rung is out of it; `by_us` where that was our wish. Once it was the last, what that
    /// means is for whoever had the user rung.
    pub(super) fn device_over(
        &mut self,
        now: Time,
        call: CallId,
        role: &Role,
        how: Option<Gone>,
        out: &mut Vec<Output>,
    ) {
        let others = match (how, self.ring(call, role)) {
            (Some(how), Some(ring)) => ring.device_over(how),
            (None, Some(_)) => Others::RingOn,
            (_, None) => return,
        };
        if others == Others::Stop {
            for leg in self.legs_of_ring(call, role) {
                self.hang_up(now, leg, StatusCode::REQUEST_TERMINATED, out);
            }
        }
        if !self.legs_of_ring(call, role).is_empty() {
            return;
        }
        let wanted = self.live_call(call).is_some();
        if wanted && let Some(round) = self.ring(call, role).and_then(Ring::next_round) {
            self.ring_devices(now, call, role, round.into_iter(), out);
            if !self.legs_of_ring(call, role).is_empty() {
                return;
            }
        }
        // Whoever saw the last of its devices go has seen to the rest.
        let Some(ring) = self.forget_ring(call, role) else {
            return;
        };
        let verdict = ring.verdict();
        match role {
            Role::Agent { offer, .. } => self.offer_over(*offer, verdict, out),
            Role::CallsBack { offer, .. } => match ring.owed() {
                Some(end) => tell_queue(*offer, end, out),
                None => self.calls_back_on_none(now, call, offer_end(verdict), out),
            },
            Role::Callee { .. } | Role::Member(_) => {
                self.tell_own_call(role.user().cloned(), call, OwnCall::Over, out);
                if wanted {
                    self.colleague_gone(now, call, verdict, out);
                }
            }
            Role::Caller | Role::Outside => {}
        }
    }

    /// A leg's end means nothing to its call any more.
    pub(super) fn settle_silently(&mut self, leg: LegId) {
        if let Some(leg) = self.leg_mut(leg) {
            leg.settled = true;
        }
    }

    /// What the call was for is over. A ring of an agent whom nobody talks with stays until his devices are
    /// gone, for which the queue engine waits.
    pub(super) fn stop_ringing(&mut self, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let talks = match &entry.purpose {
            Purpose::Queue(queue) => queue.agent.as_ref().map(|(offer, _)| *offer),
            _ => None,
        };
        let mut colleagues = Vec::new();
        entry.rings.retain(|ring| match &ring.role {
            Role::Callee { user } => {
                colleagues.push(user.clone());
                false
            }
            Role::Agent { offer, .. } => talks != Some(*offer),
            Role::CallsBack { offer, .. } => offer.is_some(),
            Role::Caller | Role::Outside | Role::Member(_) => false,
        });
        entry.rings.iter_mut().for_each(Ring::withdraw);
        for user in colleagues {
            self.tell_own_call(Some(user), call, OwnCall::Over, out);
        }
    }

    /// Colleagues who ring stop, all but the one in that role; what becomes of their devices matters no more.
    pub(super) fn stop_colleagues(
        &mut self,
        now: Time,
        call: CallId,
        but: Option<&Role>,
        why: CallOff,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let mut stopped = Vec::new();
        entry.rings.retain(|ring| {
            let stops = ring.role.is_colleague() && but != Some(&ring.role);
            stopped.extend(stops.then(|| ring.role.clone()));
            !stops
        });
        for role in stopped {
            for leg in self.legs_of_ring(call, &role) {
                self.settle_silently(leg);
                self.call_off(now, leg, why, out);
            }
            self.tell_own_call(role.user().cloned(), call, OwnCall::Over, out);
        }
    }

    /// Whether any colleague rings.
    pub(super) fn colleagues_ring(&self, call: CallId) -> bool {
        let is_colleague = |ring: &Ring| ring.role.is_colleague();
        self.call(call)
            .is_some_and(|call| call.rings.iter().any(is_colleague))
    }

    pub(super) fn ring(&mut self, call: CallId, role: &Role) -> Option<&mut Ring> {
        let rings = &mut self.call_mut(call)?.rings;
        rings.iter_mut().find(|ring| ring.role == *role)
    }

    pub(super) fn forget_ring(&mut self, call: CallId, role: &Role) -> Option<Ring> {
        let rings = &mut self.call_mut(call)?.rings;
        let index = rings.iter().position(|ring| ring.role == *role)?;
        Some(rings.remove(index))
    }

    /// The legs of a ring whose end still counts.
    pub(super) fn legs_of_ring(&self, call: CallId, role: &Role) -> Vec<LegId> {
        let counts = |leg: &&Leg| leg.role == *role && !leg.settled;
        self.call(call)
            .map(|call: &Call| {
                let legs = call.legs.iter().filter_map(|leg| self.leg(*leg));
                legs.filter(counts).map(|leg| leg.id).collect()
            })
            .unwrap_or_default()
    }
}
