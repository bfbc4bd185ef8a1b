//! What a party who asked for a transfer is told of it: the implicit subscription that a REFER makes (RFC 3515
//! §2.4.4). One NOTIFY at a time, so that none overtakes another; what changes meanwhile is told by the next.

use base::Time;
use serde::{Deserialize, Serialize};
use sip_core::StatusCode;
use std::time::Duration;

/// How long the subscription lasts at most: longer than any ringing, after which the transfer has come to an end.
const EXPIRES: Duration = Duration::from_secs(300);

/// A party's subscription to the transfer he asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notifier {
    /// CSeq number of the REFER: names the subscription where there are several in a dialog (§2.4.6).
    id: Option<u32>,
    expires_at: Time,
    latest: StatusCode,
    told: Told,
}

/// How far the party knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Told {
    /// A NOTIFY with this status waits for its response.
    Telling(StatusCode),
    /// He knows this much.
    Knows(StatusCode),
}

/// A NOTIFY to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Event.
    pub(crate) event: String,
    /// Subscription-State.
    pub(crate) state: String,
    /// The body, a `message/sipfrag`.
    pub(crate) body: String,
}

/// What follows from the response to a NOTIFY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// There is more to tell.
    Tell(Notice),
    /// Nothing for now.
    Wait,
    /// The party knows how it ended, or wants to know nothing more.
    Over,
}

impl Notifier {
    /// A subscription by a REFER, which at once tells 100 (§2.4.5).
    pub(crate) fn new(now: Time, id: Option<u32>) -> (Notifier, Notice) {
        let notifier = Notifier {
            id,
            expires_at: now + EXPIRES,
            latest: StatusCode::TRYING,
            told: Told::Telling(StatusCode::TRYING),
        };
        let notice = notifier.notice(now);
        (notifier, notice)
    }

    /// The transfer has come further. Nothing is told after its end.
    pub(crate) fn tell(&mut self, now: Time, status: StatusCode) -> Option<Notice> {
        if self.latest.is_final() || status == self.latest {
            return None;
        }
        self.latest = status;
        match self.told {
            Told::Telling(_) => None,
            Told::Knows(_) => Some(self.send(now)),
        }
    }

    /// The NOTIFY under way was taken.
    pub(crate) fn taken(&mut self, now: Time) -> Next {
        let Told::Telling(status) = self.told else {
            return Next::Wait;
        };
        self.told = Told::Knows(status);
        if status != self.latest {
            return Next::Tell(self.send(now));
        }
        match status.is_final() {
            true => Next::Over,
            false => Next::Wait,
        }
    }

    fn send(&mut self, now: Time) -> Notice {
        self.told = Told::Telling(self.latest);
        self.notice(now)
    }

    fn notice(&self, now: Time) -> Notice {
        let event = match self.id {
            Some(id) => format!("refer;id={id}"),
            None => "refer".to_owned(),
        };
        let state = match self.latest.is_final() {
            true => "terminated;reason=noresource".to_owned(),
            false => {
                let left = (self.expires_at - now).as_secs().max(1);
                format!("active;expires={left}")
            }
        };
        let body = format!(
            "SIP/2.0 {} {}\r\n",
            self.latest.code(),
            self.latest.reason_phrase()
        );
        Notice { event, state, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RINGING: StatusCode = StatusCode::RINGING;
    const OK: StatusCode = StatusCode::OK;

    fn body(notice: &Notice) -> &str {
        notice.body.trim_end()
    }

    #[test]
    fn each_change_is_told_once_the_last_was_taken_and_the_end_is_the_last() {
        let now = Time::from_millis(1_000);
        let (mut notifier, first) = Notifier::new(now, None);
        assert_eq!(body(&first), "SIP/2.0 100 Trying");
        assert_eq!(first.event, "refer");
        assert_eq!(first.state, "active;expires=300");
        assert_eq!(notifier.taken(now), Next::Wait);
        let ringing = notifier.tell(now, RINGING).unwrap();
        assert_eq!(body(&ringing), "SIP/2.0 180 Ringing");
        assert_eq!(notifier.tell(now, OK), None, "one at a time");
        let Next::Tell(last) = notifier.taken(now) else {
            panic!("the end is told");
        };
        assert_eq!(body(&last), "SIP/2.0 200 OK");
        assert_eq!(last.state, "terminated;reason=noresource");
        assert_eq!(notifier.tell(now, StatusCode::BUSY_HERE), None);
        assert_eq!(notifier.taken(now), Next::Over);
    }

    #[test]
    fn what_changed_twice_while_a_notify_was_under_way_is_told_as_it_stands() {
        let now = Time::from_millis(1_000);
        let (mut notifier, first) = Notifier::new(now, Some(7));
        assert_eq!(first.event, "refer;id=7");
        assert_eq!(notifier.tell(now, RINGING), None);
        assert_eq!(notifier.tell(now, StatusCode::BUSY_HERE), None);
        let Next::Tell(last) = notifier.taken(now) else {
            panic!("the end is told");
        };
        assert_eq!(body(&last), "SIP/2.0 486 Busy Here");
    }
}
