//! Session timers (RFC 4028): each leg's dialog stands for an interval, is refreshed by us or by the party, and
//! ends if it isn't. So a phone that vanished keeps no call.

use super::hang_up::Gone;
use super::requests::Refused;
use super::{Due, Shard};
use crate::exchange::Wanted;
use crate::input::{Output, RefusedCause};
use crate::leg::LegTimer;
use crate::session_timer::{Asked, Granted};
use base::{LegId, Time};
use sip_core::{HeaderName, Request, Response, StatusCode};
use std::time::Duration;

/// What a party is told whose session has ended for want of a refresh (RFC 3326).
const EXPIRED: &str = "SIP;cause=408;text=\"Session expired\"";

/// A refresh that was refused is not tried again in the last moments of a session.
const LAST_MOMENTS: Duration = Duration::from_secs(4);

impl Shard {
    /// What a request asks for; 422 where that is too brief (RFC 4028 §9).
    pub(super) fn session_asked(&self, request: &Request) -> Result<Asked, Refused> {
        let malformed = |_| Refused::new(StatusCode::BAD_REQUEST, RefusedCause::Malformed);
        let asked = Asked::of(&request.headers).map_err(malformed)?;
        let ours = &self.directory.session_timers;
        if asked.is_too_brief(ours) {
            let least = ours.expires_min.as_secs().to_string();
            let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
            let refused = Refused::new(status, RefusedCause::Unsupported);
            return Err(refused.with(HeaderName::MinSe, least));
        }
        Ok(asked)
    }

    /// Grants it in our 2xx, and starts the clock.
    pub(super) fn grant_session(
        &mut self,
        now: Time,
        leg: LegId,
        asked: &Asked,
        response: &mut Response,
    ) {
        let granted = asked.granted(&self.directory.session_timers);
        asked.tell(&granted, &mut response.headers);
        self.session_stands(now, leg, granted);
    }

    /// What a request of ours is to ask for.
    pub(super) fn session_wanted(&self, leg: LegId) -> Option<Granted> {
        let granted = self.leg(leg)?.exchange.granted;
        let at_first = || Granted::at_first(&self.directory.session_timers);
        Some(granted.unwrap_or_else(at_first))
    }

    /// A 2xx to a request of ours says what is granted.
    pub(super) fn session_granted(&mut self, now: Time, leg: LegId, response: &Response) {
        if let Some(wanted) = self.session_wanted(leg) {
            self.session_stands(now, leg, wanted.as_answered(&response.headers));
        }
    }

    fn session_stands(&mut self, now: Time, leg: LegId, granted: Granted) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let ends_at = granted.ends_at(now);
        entry.exchange.granted = Some(granted);
        entry.exchange.ends_at = Some(ends_at);
        self.timers
            .arm(Due::Leg(leg, LegTimer::SessionEnds), ends_at);
        let refresh = Due::Leg(leg, LegTimer::Refresh);
        match granted.refresh_at(now) {
            Some(at) => self.timers.arm(refresh, at),
            None => self.timers.disarm(&refresh),
        }
    }

    /// A 422 has raised the interval: the same again, for longer.
    pub(super) fn ask_again_for(&mut self, leg: LegId, raised: Granted, wanted: Wanted) {
        if let Some(entry) = self.leg_mut(leg) {
            entry.exchange.granted = Some(raised);
            entry.exchange.want(wanted);
        }
    }

    /// A refresh was refused: another at half of the time that is left.
    pub(super) fn refresh_later(&mut self, now: Time, leg: LegId) {
        let ends_at = self.leg(leg).and_then(|leg| leg.exchange.ends_at);
        if let Some(left) = ends_at.map(|at| at - now).filter(|it| *it > LAST_MOMENTS) {
            let refresh = Due::Leg(leg, LegTimer::Refresh);
            self.timers.arm(refresh, now + left / 2);
        }
    }

    /// Our turn to refresh.
    pub(super) fn refresh_due(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        self.want(now, leg, Wanted::Refresh, out);
    }

    /// The party gives no sign of life any more: it is taken for gone, and told so in case it isn't.
    pub(super) fn party_lost(&mut self, now: Time, leg: LegId, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg).filter(|leg| leg.is_up()) else {
            return;
        };
        entry.bye_reason = Some(EXPIRED.into());
        self.settle(now, leg, Gone::Lost, out);
        self.hang_up(now, leg, StatusCode::REQUEST_TIMEOUT, out);
    }
}
