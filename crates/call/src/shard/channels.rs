//! What legs over trunks take up: asked for before anything is opened or sent, paid for by the minute, given back
//! when it is over. Whoever carries out a shard's outputs keeps the ledgers.

use super::hang_up::Gone;
use super::{Due, Shard};
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::ledger::{Ask, Bounds, Full, Held, MINUTE, Seat, Urgency, Wanted};
use crate::leg::{LegTimer, Role};
use crate::trunk::Way;
use base::{LegId, Time, TrunkId};
use sip_core::{Reasons, StatusCode};

/// What those are told who talk when the minutes are used up (RFC 3326).
const NO_MINUTES_LEFT: &str = "SIP;cause=403;text=\"No minutes left\"";

impl Shard {
    /// A call that came in over a trunk takes a channel of it.
    pub(super) fn occupy_inward(&mut self, leg: LegId, trunk: &TrunkId, out: &mut Vec<Output>) {
        let organisation = self.directory.organisations.get(&trunk.org());
        let ask = Ask {
            trunk: trunk.clone(),
            channels: organisation.and_then(|it| it.trunks.get(trunk)?.channels),
            seat: Some(Wanted {
                channels: organisation.and_then(|it| it.outward.channels),
                payer: None,
                own: Bounds::default(),
                common: Bounds::default(),
            }),
            urgency: Urgency::Ordinary,
        };
        out.push(Output::Occupy { leg, ask });
    }

    /// A call out takes one of the trunk that it is to go over, and a seat unless an earlier attempt left it one.
    pub(super) fn occupy_outward(&self, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let Some(way) = &entry.way else {
            return;
        };
        let organisation = self.directory.organisations.get(&way.trunk.org());
        let seat = || Wanted {
            channels: organisation.and_then(|it| it.outward.channels),
            payer: Some(way.payer.clone()),
            own: organisation.map_or(Bounds::default(), |it| it.outward.bounds_of(&way.payer)),
            common: organisation.map_or(Bounds::default(), |it| it.outward.bounds),
        };
        let ask = Ask {
            trunk: way.trunk.clone(),
            channels: organisation.and_then(|it| it.trunks.get(&way.trunk)?.channels),
            seat: entry.held.seat.is_none().then(seat),
            urgency: way.urgency,
        };
        out.push(Output::Occupy { leg, ask });
    }

    /// It is granted, or not.
    pub(super) fn occupied(
        &mut self,
        now: Time,
        leg: LegId,
        ask: &Ask,
        result: Result<(), Full>,
        out: &mut Vec<Output>,
    ) {
        let granted = Held::from(ask);
        let Some(entry) = self.leg_mut(leg) else {
            if result.is_ok() {
                // It hung up while this was on its way.
                out.push(Output::Vacate(granted));
            }
            return;
        };
        match (result, &entry.role) {
            (Ok(()), role) => {
                let is_caller = *role == Role::Caller;
                entry.held.trunk = granted.trunk;
                entry.held.seat = entry.held.seat.take().or(granted.seat);
                match is_caller {
                    true => self.open_media(leg, out),
                    false => self.seek(leg, out),
                }
            }
            (Err(full), Role::Caller) => {
                let call = entry.call;
                let status = StatusCode::BUSY_HERE;
                out.push(Output::Event(CallEvent::Refused {
                    status: status.code(),
                    cause: cause_of(full),
                }));
                self.end_call(now, call, EndCause::NotCompleted, status, out);
            }
            (Err(full), _) => self.not_let_out(now, leg, full, out),
        }
    }

    /// A call out has no channel: the next trunk may have one. What else it lacks no trunk gives.
    fn not_let_out(&mut self, now: Time, leg: LegId, full: Full, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        if let Some(way) = entry.way.as_mut().filter(|_| full == Full::Trunk)
            && !way.routes.is_empty()
        {
            way.targets.clear();
            way.trunk = way.routes.remove(0);
            return self.occupy_outward(leg, out);
        }
        // Nothing more is tried.
        entry.way = None;
        let call = entry.call;
        self.tell_refused(call, cause_of(full), out);
        let status = match full {
            Full::Trunk | Full::Organisation => StatusCode::SERVICE_UNAVAILABLE,
            Full::AtOnce | Full::Calls | Full::Minutes => StatusCode::FORBIDDEN,
        };
        self.leg_gone(now, leg, Gone::Refused(status), out);
    }

    /// What a leg whose attempt failed leaves to the next: its call's seat; the channel too, if that goes over the
    /// same trunk.
    pub(super) fn hand_over(&mut self, leg: LegId, next: &Way) -> Held {
        let Some(entry) = self.leg_mut(leg) else {
            return Held::default();
        };
        let same = entry.held.trunk.as_ref() == Some(&next.trunk);
        Held {
            seat: entry.held.seat.take(),
            trunk: same.then(|| entry.held.trunk.take()).flatten(),
        }
    }

    /// A leg uses its trunk no more.
    pub(super) fn vacate_trunk(&mut self, leg: LegId, out: &mut Vec<Output>) {
        let trunk = self.leg_mut(leg).and_then(|leg| leg.held.trunk.take());
        vacate(Held { trunk, seat: None }, out);
    }

    /// No other attempt follows: its call is none out any more.
    pub(super) fn vacate_seat(&mut self, leg: LegId, out: &mut Vec<Output>) {
        let seat = self.leg_mut(leg).and_then(|leg| leg.held.seat.take());
        vacate(Held { trunk: None, seat }, out);
    }

    /// A leg gives back all that it has.
    pub(super) fn vacate(&mut self, leg: LegId, out: &mut Vec<Output>) {
        if let Some(entry) = self.leg_mut(leg) {
            vacate(std::mem::take(&mut entry.held), out);
        }
    }

    /// A call out is answered, or has talked for as long as was paid for: the next minute.
    pub(super) fn pay_a_minute(&self, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg(leg) else {
            return;
        };
        let Some(Seat {
            org,
            payer: Some(payer),
            urgency: Urgency::Ordinary,
        }) = &entry.held.seat
        else {
            return;
        };
        let Some(organisation) = self.directory.organisations.get(org) else {
            return;
        };
        let own = organisation.outward.bounds_of(payer);
        let common = organisation.outward.bounds;
        if own.has_minutes() || common.has_minutes() {
            out.push(Output::Spend {
                leg,
                org: org.clone(),
                payer: payer.clone(),
                own,
                common,
            });
        }
    }

    /// It is paid for, or there is none left: then the call ends.
    pub(super) fn paid(
        &mut self,
        now: Time,
        leg: LegId,
        result: Result<(), Full>,
        out: &mut Vec<Output>,
    ) {
        let Some(call) = self.leg(leg).map(|leg| leg.call) else {
            return;
        };
        if result.is_ok() {
            let over = Due::Leg(leg, LegTimer::MinuteOver);
            return self.timers.arm(over, now + MINUTE);
        }
        if let Some(call) = self.call_mut(call) {
            call.reasons = Reasons::parse([NO_MINUTES_LEFT.as_bytes()].into_iter());
        }
        let status = StatusCode::FORBIDDEN;
        self.end_call(now, call, EndCause::MinutesUsedUp, status, out);
    }
}

/// Gives back what somebody had, if that is anything.
pub(super) fn vacate(held: Held, out: &mut Vec<Output>) {
    if held.org().is_some() {
        out.push(Output::Vacate(held));
    }
}

fn cause_of(full: Full) -> RefusedCause {
    match full {
        Full::Trunk => RefusedCause::TrunkFull,
        Full::Organisation => RefusedCause::OrganisationFull,
        Full::AtOnce => RefusedCause::OutsideAtOnce,
        Full::Calls => RefusedCause::OutsideCallsUsedUp,
        Full::Minutes => RefusedCause::OutsideMinutesUsedUp,
    }
}
