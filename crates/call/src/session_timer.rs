//! Session timers (RFC 4028): how long a dialog stands without a refresh, and who sends them. Values and
//! decisions only; the clocks and requests are in `shard/refresh`.

use crate::settings::SessionTimers;
use base::Time;
use serde::{Deserialize, Serialize};
use sip_core::{HeaderError, HeaderName, Headers, Refresher, SessionExpires};
use std::time::Duration;

/// The option tag.
pub(crate) const TIMER: &str = "timer";

/// RFC 4028 §10: whoever only waits for refreshes gives up this long before the end, or a third of the interval
/// if that is less.
const EARLIER_MAX: Duration = Duration::from_secs(32);

/// Who refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refreshing {
    Us,
    Them,
}

/// What a request of the party's asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    interval_s: Option<u32>,
    min_s: Option<u32>,
    refresher: Option<Refresher>,
    /// Whether the party knows session timers at all; else a proxy asks.
    takes_part: bool,
}

impl Asked {
    /// What stands in a request's headers.
    pub(crate) fn of(headers: &Headers) -> Result<Asked, HeaderError> {
        let asked = headers.session_expires()?;
        Ok(Asked {
            interval_s: asked.map(|it| it.interval_s),
            min_s: headers.min_se()?,
            refresher: asked.and_then(|it| it.refresher),
            takes_part: headers.has_token(&HeaderName::Supported, TIMER),
        })
    }

    /// Whether it is to be answered 422. Who doesn't know session timers would not know what that means
    /// (RFC 4028 §9).
    pub(crate) fn is_too_brief(&self, ours: &SessionTimers) -> bool {
        let brief = |asked: u32| u64::from(asked) < ours.expires_min.as_secs();
        self.takes_part && self.interval_s.is_some_and(brief)
    }

    /// What we grant (RFC 4028 §9): never longer than was asked for, nor shorter than either side's least.
    pub(crate) fn granted(&self, ours: &SessionTimers) -> Granted {
        let seconds = |s: u32| Duration::from_secs(s.into());
        let least = self.min_s.map_or(ours.expires_min, seconds);
        let wanted = ours.expires.max(least);
        let interval = self.interval_s.map_or(wanted, |s| seconds(s).min(wanted));
        let refreshing = match self.refresher {
            Some(Refresher::Uac) if self.takes_part => Refreshing::Them,
            _ => Refreshing::Us,
        };
        Granted {
            interval: interval.max(ours.expires_min),
            refreshing,
            least: ours.expires_min,
            raised: 0,
        }
    }

    /// Says it in our 2xx.
    pub(crate) fn tell(&self, granted: &Granted, headers: &mut Headers) {
        if !self.takes_part && self.interval_s.is_none() {
            return;
        }
        let refresher = match granted.refreshing {
            Refreshing::Us => Refresher::Uas,
            Refreshing::Them => Refresher::Uac,
        };
        headers.push(HeaderName::SessionExpires, granted.expires(Some(refresher)));
        if self.takes_part {
            headers.push(HeaderName::Require, TIMER);
        }
    }
}

/// Times that one request of ours is sent anew for a longer session. Two proxies on the way may each want theirs; who
/// wants a second more each time is asked no more.
const RAISED_MAX: u8 = 3;

/// How long a session stands, and who keeps it standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) interval: Duration,
    pub(crate) refreshing: Refreshing,
    /// The least that both sides and those between are known to take.
    least: Duration,
    /// Times that it was raised since it was last agreed on.
    raised: u8,
}

impl Granted {
    /// What our INVITE asks for.
    pub(crate) fn at_first(ours: &SessionTimers) -> Granted {
        Granted {
            interval: ours.expires,
            refreshing: Refreshing::Us,
            least: ours.expires_min,
            raised: 0,
        }
    }

    /// What to ask for after a 422 (RFC 4028 §7.3): at least what it wants, which only ever rises. None where it
    /// wants nothing new, so that asking again would end as before, or has been given way to often enough.
    pub(crate) fn raised_by(&self, headers: &Headers) -> Option<Granted> {
        let wanted = Duration::from_secs(headers.min_se().ok()??.into());
        let more = wanted > self.least && self.raised < RAISED_MAX;
        more.then_some(Granted {
            interval: self.interval.max(wanted),
            least: wanted,
            raised: self.raised + 1,
            ..*self
        })
    }

    /// What a 2xx to a request of ours grants, which asked for this. A party that says nothing takes no
    /// part, and we refresh alone (RFC 4028 §7.2).
    pub(crate) fn as_answered(&self, headers: &Headers) -> Granted {
        let Ok(Some(said)) = headers.session_expires() else {
            let refreshing = Refreshing::Us;
            return Granted {
                refreshing,
                raised: 0,
                ..*self
            };
        };
        let said_s = Duration::from_secs(said.interval_s.into());
        Granted {
            interval: said_s.min(self.interval).max(self.least),
            refreshing: match said.refresher {
                Some(Refresher::Uas) => Refreshing::Them,
                Some(Refresher::Uac) | None => Refreshing::Us,
            },
            least: self.least,
            raised: 0,
        }
    }

    /// Asks for it in a request of ours.
    pub(crate) fn ask(&self, headers: &mut Headers) {
        let refresher = match self.refreshing {
            Refreshing::Us => Refresher::Uac,
            Refreshing::Them => Refresher::Uas,
        };
        headers.push(HeaderName::SessionExpires, self.expires(Some(refresher)));
        headers.push(HeaderName::MinSe, self.least.as_secs());
    }

    fn expires(&self, refresher: Option<Refresher>) -> String {
        let interval_s = u32::try_from(self.interval.as_secs()).unwrap_or(u32::MAX);
        let value = SessionExpires {
            interval_s,
            refresher,
        };
        value.to_string()
    }

    /// When we send the next refresh, if it is for us to do (RFC 4028 §10: half-way).
    pub(crate) fn refresh_at(&self, now: Time) -> Option<Time> {
        (self.refreshing == Refreshing::Us).then(|| now + self.interval / 2)
    }

    /// When the session ends if none has come through by then.
    pub(crate) fn ends_at(&self, now: Time) -> Time {
        match self.refreshing {
            Refreshing::Us => now + self.interval,
            Refreshing::Them => now + (self.interval - EARLIER_MAX.min(self.interval / 3)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> SessionTimers {
        SessionTimers::default()
    }

    fn asked(lines: &[(HeaderName, &str)]) -> Asked {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(name.clone(), *value);
        }
        Asked::of(&headers).unwrap()
    }

    const KNOWS: (HeaderName, &str) = (HeaderName::Supported, "timer");

    fn wants(value: &str) -> (HeaderName, &str) {
        (HeaderName::SessionExpires, value)
    }

    /// RFC 4028 §9, table 2.
    #[test]
    fn who_refreshes_is_as_the_table_says() {
        for (lines, refreshing) in [
            (vec![], Refreshing::Us),
            (vec![wants("600")], Refreshing::Us),
            (vec![KNOWS, wants("600")], Refreshing::Us),
            (vec![KNOWS, wants("600;refresher=uac")], Refreshing::Them),
            (vec![KNOWS, wants("600;refresher=uas")], Refreshing::Us),
        ] {
            let asked = asked(&lines);
            let granted = asked.granted(&ours());
            assert_eq!(granted.refreshing, refreshing, "{lines:?}");
            let mut headers = Headers::new();
            asked.tell(&granted, &mut headers);
            let required = headers.has_token(&HeaderName::Require, TIMER);
            assert_eq!(required, lines.contains(&KNOWS), "{lines:?}");
        }
    }

    #[test]
    fn the_interval_is_no_longer_than_asked_and_no_shorter_than_either_sides_least() {
        let seconds = |lines: &[_]| asked(lines).granted(&ours()).interval.as_secs();
        assert_eq!(seconds(&[]), 1_800);
        assert_eq!(seconds(&[KNOWS, wants("600")]), 600);
        assert_eq!(seconds(&[KNOWS, wants("7200")]), 1_800);
        let least = (HeaderName::MinSe, "3600");
        assert_eq!(seconds(&[KNOWS, wants("7200"), least.clone()]), 3_600);
        assert_eq!(seconds(&[KNOWS, least]), 3_600);
        assert_eq!(seconds(&[wants("10")]), 90, "a proxy that knows no better");
    }

    #[test]
    fn too_brief_is_said_only_to_those_who_understand_it() {
        assert!(asked(&[KNOWS, wants("60")]).is_too_brief(&ours()));
        assert!(!asked(&[KNOWS, wants("90")]).is_too_brief(&ours()));
        assert!(!asked(&[wants("60")]).is_too_brief(&ours()));
    }

    #[test]
    fn whoever_waits_for_refreshes_gives_up_a_little_before_the_end() {
        let granted = |seconds, refreshing| Granted {
            interval: Duration::from_secs(seconds),
            refreshing,
            ..Granted::at_first(&ours())
        };
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        let them = granted(90, Refreshing::Them);
        assert_eq!(
            (them.refresh_at(Time::ZERO), them.ends_at(Time::ZERO)),
            (None, at(60))
        );
        assert_eq!(
            granted(1_800, Refreshing::Them).ends_at(Time::ZERO),
            at(1_768)
        );
        let us = granted(90, Refreshing::Us);
        assert_eq!(us.refresh_at(Time::ZERO), Some(at(45)));
        assert_eq!(us.ends_at(Time::ZERO), at(90));
    }

    #[test]
    fn an_answer_that_says_nothing_leaves_the_refreshing_to_us() {
        let by = |value: Option<&str>| {
            let mut headers = Headers::new();
            if let Some(value) = value {
                headers.push(HeaderName::SessionExpires, value);
            }
            Granted::at_first(&ours()).as_answered(&headers)
        };
        assert_eq!(by(None).refreshing, Refreshing::Us);
        assert_eq!(by(None).interval, ours().expires);
        assert_eq!(by(Some("300;refresher=uas")).refreshing, Refreshing::Them);
        assert_eq!(by(Some("300;refresher=uas")).interval.as_secs(), 300);
        assert_eq!(by(Some("nonsense")).refreshing, Refreshing::Us);
    }

    #[test]
    fn a_422_raises_what_is_asked_for_and_never_lowers_it() {
        let refused = |value: &str| {
            let mut headers = Headers::new();
            headers.push(HeaderName::MinSe, value);
            headers
        };
        let first = Granted::at_first(&ours());
        let raised = first.raised_by(&refused("3600")).unwrap();
        assert_eq!(
            (raised.interval.as_secs(), raised.least.as_secs()),
            (3_600, 3_600)
        );
        assert_eq!(
            first.raised_by(&refused("120")).unwrap().interval,
            first.interval
        );
        assert_eq!(first.raised_by(&refused("90")), None);
        assert_eq!(first.raised_by(&Headers::new()), None);
        assert_eq!(raised.raised_by(&refused("3600")), None);
    }

    #[test]
    fn who_wants_ever_more_is_asked_no_more_until_a_session_is_agreed_on() {
        let refused = |seconds: u32| {
            let mut headers = Headers::new();
            headers.push(HeaderName::MinSe, seconds);
            headers
        };
        let mut asked = Granted::at_first(&ours());
        for more in 1..=u32::from(RAISED_MAX) {
            asked = asked.raised_by(&refused(3_600 + more)).unwrap();
        }
        assert_eq!(asked.raised_by(&refused(7_200)), None);
        let agreed = asked.as_answered(&Headers::new());
        assert!(agreed.raised_by(&refused(7_200)).is_some());
    }
}
