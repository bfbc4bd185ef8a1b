//! UPDATE from a party (RFC 3311): a refresh, or an offer outside an INVITE, before or after the answer.

use super::Shard;
use super::caller::status_of;
use super::requests::{
    ACCEPT, ALLOW, Refused, SUPPORTED, body_is_readable, no_dialog, no_extension_required,
};
use crate::input::{Output, RefusedCause};
use crate::leg::{Leg, State};
use crate::reliable::Described;
use base::{LegId, Time};
use sip_core::transaction::ServerKey;
use sip_core::{Direction, HeaderName, Request, StatusCode};
use std::sync::Arc;

/// RFC 3311 §5.2: whoever has an offer of his pending waits 0 to 10 seconds.
const RETRY_AFTER_MAX_S: u64 = 10;

impl Shard {
    pub(super) fn updated(
        &mut self,
        now: Time,
        key: &ServerKey,
        leg: LegId,
        request: &Request,
        out: &mut Vec<Output>,
    ) -> Result<(), Refused> {
        no_extension_required(request)?;
        body_is_readable(request)?;
        let asked = self.session_asked(request)?;
        let offered = !request.body.is_empty();
        if offered {
            let retry_after_s = self.random() % (RETRY_AFTER_MAX_S + 1);
            let entry = self.leg(leg).ok_or_else(no_dialog)?;
            may_be_offered(entry, request, retry_after_s)?;
        }
        let directory = Arc::clone(&self.directory);
        let entry = self.leg_mut(leg).ok_or_else(no_dialog)?;
        let mut response = request.response(StatusCode::OK);
        let headers = &mut response.headers;
        headers.push(
            HeaderName::Contact,
            directory.addresses.contact(&entry.flow),
        );
        headers.push(HeaderName::Allow, ALLOW);
        headers.push(HeaderName::Supported, SUPPORTED);
        if offered {
            let refused = |error| Refused::new(status_of(&error), RefusedCause::NoCommonCodec);
            let negotiation = entry.negotiation_with_mut(request).ok_or_else(no_dialog)?;
            let answered = negotiation.answer_to(&request.body, Direction::SendRecv);
            response.set_body(ACCEPT, answered.map_err(refused)?.0);
            if let State::Incoming { invite, .. } = &mut entry.state {
                invite.provisionals.described = Described::Since;
            }
        }
        if entry.is_up() {
            self.grant_session(now, leg, &asked, &mut response);
        }
        self.respond(now, *key, response, out);
        if offered {
            self.media_agreed(leg, out);
        }
        Ok(())
    }
}

/// Whether an offer may come in an UPDATE now (RFC 3311 §5.2): not across one of ours, and not before the INVITE's
/// own offer has an answer that can't be lost.
fn may_be_offered(leg: &Leg, request: &Request, retry_after_s: u64) -> Result<(), Refused> {
    let negotiation = leg.negotiation_with(request);
    // A party that rings and has not answered our INVITE's offer for good has it pending still.
    let offering = match &leg.state {
        State::Calling { invite } => !invite
            .forks
            .matching(request)
            .is_some_and(|early| early.is_settled),
        _ => negotiation.is_some_and(|it| it.is_offering()),
    };
    if offering {
        let status = StatusCode::REQUEST_PENDING;
        return Err(Refused::new(status, RefusedCause::Malformed));
    }
    match &leg.state {
        State::Up { .. } if !leg.bye_due => Ok(()),
        State::Calling { .. } => Ok(()),
        State::Incoming { invite, .. } if invite.provisionals.described != Described::Not => Ok(()),
        State::Incoming { .. } => {
            let status = StatusCode::SERVER_INTERNAL_ERROR;
            let refused = Refused::new(status, RefusedCause::Malformed);
            Err(refused.with(HeaderName::RetryAfter, retry_after_s.to_string()))
        }
        _ => Err(no_dialog()),
    }
}
