//! A device whose next hop is found at several places (RFC 3263): which is tried first, and which when that fails.

use super::Shard;
use super::again::Again;
use super::hang_up::Gone;
use crate::input::Output;
use crate::leg::{Reach, State};
use crate::seeking::place_of;
use base::LegId;
use sip_core::registrar::Binding;
use sip_core::{Flow, StatusCode};

/// Places of one device that are tried: whoever calls him is kept waiting for each that says nothing.
const PLACES_MAX: usize = 3;

impl Shard {
    /// A leg's device is found at these places, best first. Whoever was heard at one of them is tried there first.
    pub(super) fn reach(
        &mut self,
        leg: LegId,
        device: Binding,
        mut places: Vec<Flow>,
        out: &mut Vec<Output>,
    ) {
        if let Some(first) = place_of(&device.flow, &places) {
            places.sort_by_key(|place| *place != first);
        }
        places.truncate(PLACES_MAX);
        self.reach_next(leg, Reach { device, places }, out);
    }

    /// A leg to a device is to go to the first of its places.
    fn reach_next(&mut self, leg: LegId, mut reach: Reach, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg).filter(|_| !reach.places.is_empty()) else {
            return;
        };
        let next = reach.places.remove(0);
        entry.state = State::Preparing {
            binding: Some(reach.device.clone()),
        };
        entry.reach = (!reach.places.is_empty()).then(|| reach.into());
        self.aim(leg, next, out);
    }

    /// A device did not answer at one of its places, or has no service there: its next one is tried, by a leg of its
    /// own, so that a late answer ends as any withdrawn leg does.
    pub(super) fn tried_at_next_place(
        &mut self,
        leg: LegId,
        how: Gone,
        out: &mut Vec<Output>,
    ) -> Again {
        // RFC 3263 §4.3.
        let fails = matches!(
            how,
            Gone::Unreachable | Gone::Refused(StatusCode::SERVICE_UNAVAILABLE)
        );
        let Some(entry) = self.leg_mut(leg).filter(|_| fails) else {
            return Again::Not;
        };
        let (call, role, user) = (entry.call, entry.role.clone(), entry.user.clone());
        let Some((reach, user)) = entry.reach.take().zip(user) else {
            return Again::Not;
        };
        self.note_silence(leg, how, None, out);
        let is_rung = self.ring(call, &role).is_some_and(|ring| ring.is_wanted());
        let next = is_rung
            .then(|| self.new_device_leg(call, role, user))
            .flatten();
        let Some(next) = next else {
            return Again::Not;
        };
        self.reach_next(next, *reach, out);
        Again::Sent
    }
}
