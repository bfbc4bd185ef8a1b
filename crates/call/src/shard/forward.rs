//! A person's calls go elsewhere, as his forwards say: on his account, since it is he who wants it so.

use super::Shard;
use super::hang_up::Gone;
use crate::call::Purpose;
use crate::forward::{self, By, ForwardCause, Forwarded};
use crate::hunt::Callee;
use crate::input::{CallEvent, EndCause, Output, RefusedCause};
use crate::wishes::Wishes;
use acd::LeaveCause;
use base::{CallId, Time};
use sip_core::StatusCode;
use std::sync::Arc;

/// Whether a call has gone elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Forwarding {
    Done,
    /// It stays where it was.
    No,
}

impl Shard {
    /// The devices of whoever is called are known, and what he wishes beside his settings. Where all his calls are
    /// forwarded none of them rings.
    pub(super) fn forward_always(
        &mut self,
        now: Time,
        call: CallId,
        wishes: &Wishes,
        out: &mut Vec<Output>,
    ) -> Forwarding {
        if let Some(Purpose::Direct(direct)) = self.call_mut(call).map(|call| &mut call.purpose)
            && let Some(callee) = &mut direct.hunt.callee
        {
            callee.forwards = wishes.over(&callee.forwards);
        }
        self.forward_for(now, call, ForwardCause::Always, out)
    }

    /// Whoever was called alone could not be had.
    pub(super) fn forward_after(
        &mut self,
        now: Time,
        call: CallId,
        how: Gone,
        out: &mut Vec<Output>,
    ) -> Forwarding {
        match ForwardCause::of(how) {
            Some(cause) => self.forward_for(now, call, cause, out),
            None => Forwarding::No,
        }
    }

    fn forward_for(
        &mut self,
        now: Time,
        call: CallId,
        cause: ForwardCause,
        out: &mut Vec<Output>,
    ) -> Forwarding {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.call(call) else {
            return Forwarding::No;
        };
        let Purpose::Direct(direct) = &entry.purpose else {
            return Forwarding::No;
        };
        let Some(Callee { user, forwards }) = &direct.hunt.callee else {
            return Forwarding::No;
        };
        let organisation = directory.organisations.get(&entry.org);
        let destination = forwards
            .to(cause)
            .and_then(|to| forward::destination(organisation?, user, to));
        let Some(destination) = destination else {
            return Forwarding::No;
        };
        let by = By::User(user.clone());
        if !self.may_be_forwarded(call, Forwarded { by, cause }) {
            out.push(Output::Event(CallEvent::Refused {
                status: StatusCode::TEMPORARILY_UNAVAILABLE.code(),
                cause: RefusedCause::ForwardedTooOften,
            }));
            let prompt = self.not_available(call);
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            self.end_saying(now, call, prompt, status, out);
            return Forwarding::Done;
        }
        let entered = self.enter(now, call, &destination, LeaveCause::SentOn, out);
        if entered.is_err() {
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            self.end_call(now, call, EndCause::NotCompleted, status, out);
        }
        Forwarding::Done
    }

    /// Notes a forward. Not where it leads round in a circle: through the same person or number twice, too often, or over more
    /// servers than a call may pass (RFC 3261 §16.3).
    pub(super) fn may_be_forwarded(&mut self, call: CallId, forwarded: Forwarded) -> bool {
        let Some(entry) = self.call_mut(call) else {
            return false;
        };
        let again = entry.forwarded.iter().any(|it| it.by == forwarded.by);
        let Some(hops) = entry.hops.checked_sub(1).filter(|_| !again) else {
            return false;
        };
        entry.hops = hops;
        entry.forwarded.push(forwarded).is_ok()
    }
}
