//! Conversations whose two parties are in two calls, of one shard or two: each call has its own party, and tells the
//! other's when he holds, comes back, or hangs up.

use super::Shard;
use crate::call::{JoinedCall, Purpose};
use crate::crosswise::{Crosswise, Holding, Party};
use crate::input::Output;
use base::{CallId, Time};
use media_core::Command;
use sip_core::StatusCode;

impl Shard {
    /// What another call says.
    pub(super) fn told(&mut self, now: Time, message: Crosswise, out: &mut Vec<Output>) {
        match message {
            Crosswise::Transfer { call, referral, to } => {
                self.transfer(now, call, referral, to, out);
            }
            Crosswise::Progress { call, from, status } => {
                self.transfer_progressed(now, call, from, status, out);
            }
            Crosswise::Returned {
                call,
                party,
                status,
            } => self.returned(now, call, party, status, out),
            Crosswise::Joined { call, party } => self.joined(now, call, party, out),
            Crosswise::Holds {
                call,
                from,
                holding,
            } => self.far_holds(call, from, holding, out),
            Crosswise::Claim { leg, claim } => self.claimed(now, leg, claim, out),
            Crosswise::HandedOver { call, from, to } => self.handed_over(now, call, from, to, out),
            Crosswise::Place {
                call,
                destination,
                arrived,
            } => self.place_found(now, call, &destination, arrived, out),
            Crosswise::Refused { call, status } => self.claim_refused(now, call, status, out),
            Crosswise::Gone {
                call,
                from,
                reasons,
            } => self.other_gone(now, call, from, reasons, out),
            Crosswise::Pressed {
                call,
                from,
                key,
                way,
            } => self.far_pressed(now, (call, from), key, way, out),
            Crosswise::Trunk { trunk, seen, .. } => self.trunk_told(trunk, seen),
            Crosswise::TrunkSilent { trunk } => self.trunk_silent(now, &trunk, out),
        }
    }

    pub(super) fn tell(&self, message: Crosswise, out: &mut Vec<Output>) {
        let to = message.shard();
        out.push(Output::Tell { to, message });
    }

    /// This call's party and that one talk from now on. Of the two calls this one leads: its party's media session
    /// goes to the thread that has the other's.
    pub(super) fn join_leads(
        &mut self,
        now: Time,
        call: CallId,
        far: Party,
        out: &mut Vec<Output>,
    ) {
        let home = far.media;
        let Some(other) = self.becomes_joined(now, call, far, out) else {
            return;
        };
        let Some(mine) = self.party(call) else {
            return;
        };
        if mine.media != home {
            self.media(mine.leg, Command::MoveTo { home }, out);
            if let Some(leg) = self.leg_mut(mine.leg) {
                leg.media_home = home;
            }
        }
        // He may have taken to holding, or ceased to, since the other call was told of him; and whatever the other
        // has done about media so far, it does again now that both sessions are in one place.
        self.tell_holding(call, other, mine.holding, out);
        self.join_or_hold(call, out);
    }

    /// This call's party and that one talk from now on; the other call leads.
    pub(super) fn join_follows(
        &mut self,
        now: Time,
        call: CallId,
        far: Party,
        out: &mut Vec<Output>,
    ) {
        if let Some(other) = self.becomes_joined(now, call, far, out)
            && let Some(mine) = self.party(call)
        {
            self.tell_holding(call, other, mine.holding, out);
        }
    }

    /// The call that the party talks with from now on.
    fn becomes_joined(
        &mut self,
        now: Time,
        call: CallId,
        far: Party,
        out: &mut Vec<Output>,
    ) -> Option<CallId> {
        let mine = self.party(call)?;
        let entry = self.call_mut(call)?;
        let other = far.call;
        entry.talks(now, far.user.clone());
        entry.purpose = Purpose::Joined(JoinedCall {
            far,
            told: mine.holding,
        });
        self.call_goes_on(call, out);
        self.answer(now, mine.leg, out);
        self.transfer_reached(call, StatusCode::OK, out);
        Some(other)
    }

    /// The two hear each other; or, while one holds the other, both hear music. Each side does this for its own
    /// party after every change. Media takes the commands of one side in their order and a second joining changes
    /// nothing, so what holds once all is told is what both sides asked for last.
    pub(super) fn join_or_hold_far(&mut self, call: CallId, out: &mut Vec<Output>) {
        let Some(mine) = self.party(call) else {
            return;
        };
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let Purpose::Joined(joined) = &mut entry.purpose else {
            return;
        };
        let (far, far_leg) = (joined.far.call, joined.far.leg);
        let holds = [mine.holding, joined.far.holding].contains(&Holding::Yes);
        let news = std::mem::replace(&mut joined.told, mine.holding) != mine.holding;
        if news {
            self.tell_holding(call, far, mine.holding, out);
        }
        match holds {
            true => self.play_while_held(call, mine.leg, out),
            false => self.media(mine.leg, Command::Bridge { with: far_leg }, out),
        }
    }

    pub(super) fn tell_holding(
        &self,
        from: CallId,
        call: CallId,
        holding: Holding,
        out: &mut Vec<Output>,
    ) {
        let told = Crosswise::Holds {
            call,
            from,
            holding,
        };
        self.tell(told, out);
    }

    fn far_holds(&mut self, call: CallId, from: CallId, holding: Holding, out: &mut Vec<Output>) {
        let joined = self.call_mut(call).map(|call| &mut call.purpose);
        if let Some(Purpose::Joined(joined)) = joined
            && joined.far.call == from
        {
            joined.far.holding = holding;
            self.join_or_hold_far(call, out);
        }
    }
}
