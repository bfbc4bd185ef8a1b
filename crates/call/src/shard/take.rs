//! A call that rings is taken away from the telephone: the telephone is told to answer by a NOTIFY of the event `talk`, within
//! the early dialog that its ringing made, and answers the INVITE as if its person had lifted the receiver. What it rings with
//! is in `early`, and what it answers then goes the way of every answer.

use super::own_call::{Done, is_rung, taking};
use super::requests::ALLOW;
use super::{Mark, Shard};
use crate::early::TALK;
use crate::input::Output;
use crate::leg::State;
use crate::own_call::Taking;
use crate::unanswered::Sent;
use base::{LegId, Time, UserId};
use control::OwnCallRefusal;
use sip_core::{HeaderName, HeaderValue, Method, StatusCode};
use std::sync::Arc;

impl Shard {
    /// Tells his telephone to answer. That it does so comes as any answer; that it won't is told with the call.
    pub(super) fn takes(
        &mut self,
        now: Time,
        user: &UserId,
        leg: LegId,
        out: &mut Vec<Output>,
    ) -> Done {
        let entry = self.own_leg(user, leg)?;
        if !is_rung(entry) {
            return Err(OwnCallRefusal::NotNow);
        }
        match taking(entry) {
            Taking::Possible => self.tell_to_answer(now, leg, out),
            // Said twice, it is the same.
            Taking::Asked => Ok(()),
            Taking::OnPhone | Taking::Refused => Err(OwnCallRefusal::AnsweredOnPhone),
        }
    }

    fn tell_to_answer(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) -> Done {
        let directory = Arc::clone(&self.directory);
        let entry = self.leg_mut(leg).ok_or(OwnCallRefusal::NoSuchCall)?;
        let contact = directory.addresses.contact(&entry.flow);
        let State::Calling { invite } = &mut entry.state else {
            return Err(OwnCallRefusal::NotNow);
        };
        let early = invite.forks.tell_to_answer();
        let early = early.ok_or(OwnCallRefusal::AnsweredOnPhone)?;
        let mut request = early.dialog.request(Method::Notify);
        let dialog = early.dialog.clone();
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, 70u32);
        headers.push(HeaderName::Contact, HeaderValue::from(contact));
        headers.push(HeaderName::Event, TALK);
        // It stands as long as the INVITE's dialog.
        headers.push(HeaderName::SubscriptionState, "active");
        headers.push(HeaderName::Allow, HeaderValue::of(ALLOW));
        let sent = Sent::new(request, entry.flow_by(&dialog));
        self.send_early(now, Mark::Talk(leg), dialog.next_hop().clone(), sent, out);
        Ok(())
    }

    /// Our NOTIFY was answered; none where no answer came. The call rings on until the INVITE is answered, and whoever said
    /// yes and has not done so may be told again.
    pub(super) fn told_to_answer(&mut self, leg: LegId, status: Option<StatusCode>) {
        if let Some(State::Calling { invite }) = self.leg_mut(leg).map(|leg| &mut leg.state) {
            invite.forks.told_to_answer(match status {
                Some(status) if status.is_success() => Taking::Possible,
                _ => Taking::Refused,
            });
        }
    }
}
