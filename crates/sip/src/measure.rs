//! What the shell counts, and the table that documents it. Handles are made once, so that counting costs an
//! atomic addition.

use crate::gate::Turned;
use crate::guard::Shut;
use call::{EndCause, RefusedCause};
use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};
use sip_core::{Method, StatusCode};

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
}

/// One metric as documented.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub meaning: &'static str,
}

const fn counts(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric {
        name,
        kind: MetricKind::Counter,
        labels,
        meaning,
    }
}

const fn shows(name: &'static str, meaning: &'static str) -> Metric {
    Metric {
        name,
        kind: MetricKind::Gauge,
        labels: &[],
        meaning,
    }
}

/// Every metric of this room.
pub const METRICS: &[Metric] = &[
    counts("kolapp_sip_datagrams_total", &[], "datagrams received"),
    counts(
        "kolapp_sip_rejected_total",
        &["cause"],
        "what came and is no acceptable SIP message; cause: answered, silent",
    ),
    counts("kolapp_sip_keep_alives_total", &[], "keep-alives received"),
    Metric {
        name: "kolapp_sip_connections",
        kind: MetricKind::Gauge,
        labels: &["transport"],
        meaning: "connections open",
    },
    counts(
        "kolapp_sip_connections_ended_total",
        &["cause"],
        "connections over; cause: by-peer, failed, handshake, not-connected, unproven, slow-message, silent, slow-reader, broken",
    ),
    counts(
        "kolapp_sip_connections_refused_total",
        &["cause"],
        "connections not taken, and not opened; cause: too-many, too-many-from-source, too-many-to-peer, to-ourselves",
    ),
    counts(
        "kolapp_sip_requests_total",
        &["method"],
        "requests received",
    ),
    counts(
        "kolapp_sip_responses_total",
        &["direction", "class"],
        "responses received and sent",
    ),
    counts(
        "kolapp_sip_turned_away_total",
        &["cause"],
        "requests that the gate answered or dropped; cause: challenged, stale, wrong-credentials, speaks-for-another, refused, too-fast, scanner, stranger",
    ),
    counts(
        "kolapp_sip_kept_out_total",
        &["cause"],
        "messages dropped unread; cause: banned, too-fast",
    ),
    counts(
        "kolapp_bans_total",
        &["cause"],
        "sources banned; cause: wrong-credentials, unknown-users, unknown-numbers, scanner, operator",
    ),
    counts(
        "kolapp_sip_dropped_total",
        &["cause"],
        "messages dropped; cause: mailbox-full, send-queue-full, send-failed",
    ),
    counts(
        "kolapp_sip_media_events_lost_total",
        &[],
        "media events that found a full mailbox",
    ),
    counts(
        "kolapp_sip_lookups_total",
        &["outcome"],
        "next hops looked up in the DNS; outcome: found, nothing, failed, too-slow, too-many",
    ),
    counts(
        "kolapp_sip_unreachable_total",
        &[],
        "requests of ours by UDP that came to an address where nobody is (ICMP)",
    ),
    shows("kolapp_registrations", "bindings of all accounts"),
    shows("kolapp_calls", "live calls"),
    shows(
        "kolapp_subscriptions",
        "subscriptions to what colleagues do",
    ),
    Metric {
        name: "kolapp_trunk_channels",
        kind: MetricKind::Gauge,
        labels: &["trunk"],
        meaning: "channels of a trunk in use",
    },
    counts("kolapp_calls_started_total", &[], "calls let in"),
    counts(
        "kolapp_calls_ended_total",
        &["cause"],
        "calls over; cause as in the log",
    ),
    Metric {
        name: "kolapp_trunk_up",
        kind: MetricKind::Gauge,
        labels: &["trunk"],
        meaning: "1 while a trunk that registers or is probed can be used",
    },
    Metric {
        name: "kolapp_trunk_registered",
        kind: MetricKind::Gauge,
        labels: &["trunk"],
        meaning: "1 while the provider has us registered",
    },
    counts(
        "kolapp_trunk_changes_total",
        &["trunk", "to"],
        "times that a trunk went up or down; to: up, down, unknown",
    ),
    counts(
        "kolapp_trunk_challenges_ignored_total",
        &[],
        "challenges by trunks in a realm that is not their account's",
    ),
    counts(
        "kolapp_refused_total",
        &["cause"],
        "requests refused by a shard; cause: unsupported, malformed, unknown-number, no-common-codec, too-many-calls, no-media-port, draining, queue-refused, no-dialog, too-many-subscriptions, no-plan, number-not-allowed, no-trunk, too-many-messages, trunk-full, organisation-full, outside-at-once, outside-calls-used-up, outside-minutes-used-up, forwarded-too-often, queue-closed, wrong-code, called-back-too-often",
    ),
];

/// Gives each metric of a table its text, for whoever scrapes them.
pub fn describe(metrics: &[Metric]) {
    for metric in metrics {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.meaning),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.meaning),
        }
    }
}

const METHODS: [Method; 14] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Register,
    Method::Options,
    Method::Info,
    Method::Update,
    Method::Prack,
    Method::Refer,
    Method::Notify,
    Method::Subscribe,
    Method::Message,
    Method::Publish,
];

const CLASSES: [&str; 7] = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx"];

/// Handles of all counters.
pub(crate) struct Counters {
    pub(crate) datagrams: Counter,
    pub(crate) rejected_answered: Counter,
    pub(crate) rejected_silent: Counter,
    pub(crate) keep_alives: Counter,
    pub(crate) mailbox_full: Counter,
    pub(crate) send_queue_full: Counter,
    pub(crate) send_failed: Counter,
    requests: [Counter; METHODS.len()],
    requests_other: Counter,
    responses_in: [Counter; CLASSES.len()],
    responses_out: [Counter; CLASSES.len()],
    turned_away: [Counter; Turned::ALL.len()],
    kept_out: [Counter; Shut::ALL.len()],
    started: Counter,
    calls: Gauge,
    /// Of calls that ended and of requests that were refused, by cause: each made when it is first counted.
    causes: Vec<(&'static str, &'static str, Counter)>,
}

impl Counters {
    pub(crate) fn new() -> Counters {
        let dropped = |cause: &'static str| counter!("kolapp_sip_dropped_total", "cause" => cause);
        let rejected =
            |cause: &'static str| counter!("kolapp_sip_rejected_total", "cause" => cause);
        let requests =
            |method: String| counter!("kolapp_sip_requests_total", "method" => method.to_owned());
        let responses = |direction: &'static str| {
            CLASSES.map(|class| {
                counter!("kolapp_sip_responses_total", "direction" => direction, "class" => class)
            })
        };
        Counters {
            datagrams: counter!("kolapp_sip_datagrams_total"),
            rejected_answered: rejected("answered"),
            rejected_silent: rejected("silent"),
            keep_alives: counter!("kolapp_sip_keep_alives_total"),
            mailbox_full: dropped("mailbox-full"),
            send_queue_full: dropped("send-queue-full"),
            send_failed: dropped("send-failed"),
            requests: METHODS.map(|method| requests(method.as_str().to_owned())),
            requests_other: requests("other".to_owned()),
            responses_in: responses("in"),
            responses_out: responses("out"),
            turned_away: Turned::ALL
                .map(|why| counter!("kolapp_sip_turned_away_total", "cause" => why.label())),
            kept_out: Shut::ALL
                .map(|why| counter!("kolapp_sip_kept_out_total", "cause" => why.label())),
            started: counter!("kolapp_calls_started_total"),
            calls: gauge!("kolapp_calls"),
            causes: Vec::new(),
        }
    }

    pub(crate) fn request(&self, method: &Method) {
        let known = METHODS.iter().position(|known| known == method);
        known
            .map_or(&self.requests_other, |index| &self.requests[index])
            .increment(1);
    }

    pub(crate) fn response_in(&self, status: StatusCode) {
        let class = usize::from(status.code() / 100);
        self.responses_in[class.min(CLASSES.len() - 1)].increment(1);
    }

    /// Counts what goes out, if it is a response.
    pub(crate) fn sent(&self, bytes: &[u8]) {
        if let Some(digit) = bytes
            .strip_prefix(b"SIP/2.0 ")
            .and_then(|rest| rest.first())
        {
            let class = usize::from(digit.saturating_sub(b'0'));
            self.responses_out[class.min(CLASSES.len() - 1)].increment(1);
        }
    }

    pub(crate) fn turned_away(&self, why: Turned) {
        let index = Turned::ALL.iter().position(|known| *known == why);
        if let Some(index) = index {
            self.turned_away[index].increment(1);
        }
    }

    pub(crate) fn kept_out(&self, why: Shut) {
        let index = Shut::ALL.iter().position(|known| *known == why);
        if let Some(index) = index {
            self.kept_out[index].increment(1);
        }
    }

    pub(crate) fn started(&self) {
        self.started.increment(1);
        self.calls.increment(1.0);
    }

    pub(crate) fn ended(&mut self, cause: EndCause) {
        self.calls.decrement(1.0);
        self.by_cause("kolapp_calls_ended_total", end_label(cause));
    }

    pub(crate) fn challenge_ignored(&self) {
        counter!("kolapp_trunk_challenges_ignored_total").increment(1);
    }

    pub(crate) fn refused(&mut self, cause: RefusedCause) {
        self.by_cause("kolapp_refused_total", refused_label(cause));
    }

    fn by_cause(&mut self, metric: &'static str, cause: &'static str) {
        let known = self
            .causes
            .iter()
            .find(|(name, label, _)| (*name, *label) == (metric, cause));
        if let Some((_, _, counter)) = known {
            return counter.increment(1);
        }
        let counter = counter!(metric, "cause" => cause);
        counter.increment(1);
        self.causes.push((metric, cause, counter));
    }
}

/// The cause as it stands in logs and labels.
pub fn end_label(cause: EndCause) -> &'static str {
    match cause {
        EndCause::CallerHungUp => "caller-hung-up",
        EndCause::CalleeHungUp => "callee-hung-up",
        EndCause::NotCompleted => "not-completed",
        EndCause::Completed => "completed",
        EndCause::Transferred => "transferred",
        EndCause::SignallingFailed => "signalling-failed",
        EndCause::PartyLost => "party-lost",
        EndCause::Shutdown => "shutdown",
        EndCause::MinutesUsedUp => "minutes-used-up",
    }
}

/// The cause as it stands in logs and labels.
pub(crate) fn refused_label(cause: RefusedCause) -> &'static str {
    match cause {
        RefusedCause::Unsupported => "unsupported",
        RefusedCause::Malformed => "malformed",
        RefusedCause::UnknownNumber => "unknown-number",
        RefusedCause::NoCommonCodec => "no-common-codec",
        RefusedCause::TooManyCalls => "too-many-calls",
        RefusedCause::NoMediaPort => "no-media-port",
        RefusedCause::Draining => "draining",
        RefusedCause::QueueRefused => "queue-refused",
        RefusedCause::NoDialog => "no-dialog",
        RefusedCause::TooManySubscriptions => "too-many-subscriptions",
        RefusedCause::NoPlan => "no-plan",
        RefusedCause::NumberNotAllowed => "number-not-allowed",
        RefusedCause::NoTrunk => "no-trunk",
        RefusedCause::TooManyMessages => "too-many-messages",
        RefusedCause::TrunkFull => "trunk-full",
        RefusedCause::OrganisationFull => "organisation-full",
        RefusedCause::OutsideAtOnce => "outside-at-once",
        RefusedCause::OutsideCallsUsedUp => "outside-calls-used-up",
        RefusedCause::OutsideMinutesUsedUp => "outside-minutes-used-up",
        RefusedCause::ForwardedTooOften => "forwarded-too-often",
        RefusedCause::QueueClosed => "queue-closed",
        RefusedCause::WrongCode => "wrong-code",
        RefusedCause::CalledBackTooOften => "called-back-too-often",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The labels that a function of this file gives: the texts that stand in it.
    fn labels_of(function: &str) -> Vec<&'static str> {
        let source = include_str!("measure.rs");
        let (_, body) = source.split_once(function).unwrap();
        let (body, _) = body.split_once("\n}\n").unwrap();
        body.split('"').skip(1).step_by(2).collect()
    }

    /// What a metric's text says that a label may be.
    fn told(metric: &str) -> Vec<&'static str> {
        let metric = METRICS.iter().find(|it| it.name == metric).unwrap();
        let (_, labels) = metric.meaning.split_once("; cause: ").unwrap();
        labels.split(", ").collect()
    }

    #[test]
    fn whoever_scrapes_a_metric_is_told_every_cause_that_it_may_have() {
        assert_eq!(told("kolapp_refused_total"), labels_of("fn refused_label"));
        let turned = Turned::ALL.map(Turned::label);
        assert_eq!(told("kolapp_sip_turned_away_total"), turned);
        let shut = Shut::ALL.map(Shut::label);
        assert_eq!(told("kolapp_sip_kept_out_total"), shut);
    }
}
