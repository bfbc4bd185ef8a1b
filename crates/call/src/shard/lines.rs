//! What each person's legs do, told to whoever keeps it for those who watch. Every change of a leg goes through
//! `leg_mut`, which notes the leg, and every change of a call through `call_mut`, which notes the call; at the end of a step
//! those noted are compared with what was last told.

use super::Shard;
use crate::input::Output;
use crate::leg::{Leg, Role, State};
use crate::watched::Line;
use base::{LegId, UserId};
use sip_core::dialog_info::{Phase, Rendering, Side};
use sip_core::{Host, Uri};

impl Shard {
    /// Tells of the legs that this step has touched, and those of the calls that it has.
    pub(super) fn tell_lines(&mut self, out: &mut Vec<Output>) {
        let mut touched = std::mem::take(&mut self.touched);
        let mut calls = std::mem::take(&mut self.touched_calls);
        calls.sort_unstable();
        calls.dedup();
        for call in calls.drain(..) {
            touched.extend(
                self.call(call)
                    .into_iter()
                    .flat_map(|call| call.legs.iter()),
            );
        }
        self.touched_calls = calls;
        touched.sort_unstable();
        touched.dedup();
        for leg in touched.drain(..) {
            self.tell_line(leg, out);
        }
        // Kept to be used again: its allocation.
        self.touched = touched;
    }

    fn tell_line(&mut self, leg: LegId, out: &mut Vec<Output>) {
        let now = self.leg(leg).and_then(|leg| self.line_of(leg));
        let told = self.lines_told.get(&leg);
        if now.as_ref() == told {
            return;
        }
        let (user, line) = match (now, told) {
            (Some((user, line)), _) => {
                self.lines_told.insert(leg, (user.clone(), line.clone()));
                (user, Some(line))
            }
            (None, Some(_)) => match self.lines_told.remove(&leg) {
                Some((user, _)) => (user, None),
                None => return,
            },
            (None, None) => return,
        };
        out.push(Output::Line { user, leg, line });
    }

    /// A leg as those see it who watch its user; none where there is nothing to be seen.
    fn line_of(&self, leg: &Leg) -> Option<(UserId, Line)> {
        let user = leg.user.clone()?;
        let call = self.call(leg.call)?;
        let phase = match &leg.state {
            State::Incoming { .. } => Phase::Early,
            State::Calling { invite } if invite.heard => Phase::Early,
            State::Up { .. } => Phase::Confirmed,
            // A device that has not rung yet may not be there at all.
            _ => return None,
        };
        let (side, remote) = match leg.role {
            Role::Caller => (Side::Initiator, &call.dialled),
            Role::CallsBack { .. } => (Side::Recipient, &call.dialled),
            _ => (Side::Recipient, &call.caller_number),
        };
        let host = Host::Name(self.directory.organisations.get(&call.org)?.domain.clone());
        let rendering = match leg.holds_us() {
            true => Rendering::Held,
            false => Rendering::Heard,
        };
        let line = Line {
            leg: leg.id,
            phase,
            side,
            rendering,
            remote: Uri::sip(Some(remote), host, None).to_string().into(),
            own: self.own_call_of(leg, call).into(),
        };
        Some((user, line))
    }
}
