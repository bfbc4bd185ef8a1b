//! What queues and agents came to, as rows: those that the API tells, `kolapp ctl figures` and `kolapp report queues` print, and
//! the tables that are made of them for spreadsheets.

use crate::csv;
use base::{QueueId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The columns of a table of queues.
const QUEUE_COLUMNS: [&str; 32] = [
    "from",
    "to",
    "zone",
    "organisation",
    "queue",
    "entered",
    "answered",
    "abandoned",
    "abandoned_soon",
    "overflowed",
    "called_back",
    "sent_on",
    "failed",
    "restarted",
    "waiting",
    "refused",
    "service_level",
    "mean_wait_s",
    "wait_p90_s",
    "longest_wait_s",
    "handled",
    "cut_off",
    "mean_talk_s",
    "mean_wrap_up_s",
    "mean_handling_s",
    "forecast_calls",
    "forecast_expected_s",
    "forecast_waited_s",
    "forecast_error_s",
    "put_out",
    "refused_by",
    "in_time",
];

/// And of one of agents.
const AGENT_COLUMNS: [&str; 12] = [
    "from",
    "to",
    "zone",
    "organisation",
    "agent",
    "taken",
    "missed",
    "declined",
    "device_errors",
    "handled",
    "talk_s",
    "wrap_up_s",
];

/// What queues and agents came to. Callers count where they came in, with all that became of them later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FiguresReport {
    /// The zone by whose clock intervals are.
    #[schema(example = "Europe/Stockholm")]
    pub zone: String,
    /// Where the first interval begins.
    #[schema(format = DateTime)]
    pub from: String,
    /// Where the last one ends.
    #[schema(format = DateTime)]
    pub to: String,
    /// A row for each interval and queue of which there is something to tell.
    pub queues: Vec<FiguresRow>,
    /// A row for each interval, with all queues together.
    pub together: Vec<FiguresRow>,
    /// All intervals together, by queue.
    pub sums: Vec<FiguresRow>,
    /// All of it together.
    pub total: FiguresRow,
    /// All intervals together, by agent.
    pub agents: Vec<AgentFigures>,
    /// Why figures may be too low, a line each.
    pub lacking: Vec<String>,
}

/// A queue in an interval, or several together.
///
/// `entered` = `waiting` + `answered` + `abandoned` + `overflowed` + `sent_on` + `called_back` + `failed` + `restarted`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FiguresRow {
    /// Where it begins.
    #[schema(format = DateTime)]
    pub from: String,
    /// And where it ends.
    #[schema(format = DateTime)]
    pub to: String,
    /// Which queue; null for several together.
    #[schema(value_type = Option<String>, example = "demo/support")]
    pub queue: Option<QueueId>,
    /// Callers who came.
    pub entered: u64,
    /// Answered by an agent.
    pub answered: u64,
    /// Of those, within the queue's `service_level`.
    pub in_time: u64,
    /// Hung up before they were answered.
    pub abandoned: u64,
    /// Of those, the ones who did so before it could be helped (`short_abandon`).
    pub abandoned_soon: u64,
    /// Went elsewhere by the queue's rules; by cause in `put_out`.
    pub overflowed: u64,
    /// Sent or moved elsewhere.
    pub sent_on: u64,
    /// Left their place to be called back.
    pub called_back: u64,
    /// The call broke, the server went down in good order, or the queue was removed.
    pub failed: u64,
    /// Waited when the server's process ended.
    pub restarted: u64,
    /// Not there any more, nor answered: they wait still.
    pub waiting: u64,
    /// Not taken in; by cause in `refused_by`.
    pub refused: u64,
    /// The share answered within `service_level`, from 0 to 1.
    pub service_level: Option<f64>,
    /// Of those who were answered.
    pub mean_wait_s: Option<f64>,
    /// What nine in ten of them did not exceed, by the bounds of `waits`.
    pub wait_p90_s: Option<f64>,
    /// Of anybody.
    pub longest_wait_s: f64,
    /// Calls that agents are done with.
    pub handled: u64,
    /// Talks that ended with the server's process.
    pub cut_off: u64,
    /// Mean over those handled.
    pub mean_talk_s: Option<f64>,
    /// The same of the agent's work after them.
    pub mean_wrap_up_s: Option<f64>,
    /// Both together.
    pub mean_handling_s: Option<f64>,
    /// What callers could expect, beside what came.
    pub forecast: ForecastRow,
    /// How many were answered after waits up to each bound: pairs of a bound in seconds and a count; the last bound is null.
    #[schema(value_type = Vec<Vec<Option<u64>>>)]
    pub waits: Vec<(Option<u32>, u64)>,
    /// Those who went elsewhere by the queue's rules, by cause.
    pub put_out: BTreeMap<String, u64>,
    /// Those who were not taken in, by cause.
    pub refused_by: BTreeMap<String, u64>,
}

/// What callers could expect to wait when they came, and what they waited: means over those who were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForecastRow {
    /// Over how many.
    pub calls: u64,
    /// What was expected.
    pub expected_s: Option<u64>,
    /// What it was.
    pub waited_s: Option<u64>,
    /// How far apart the two were.
    pub error_s: Option<u64>,
}

/// An agent over all intervals asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgentFigures {
    /// Who.
    #[schema(value_type = String, example = "demo/anna")]
    pub agent: UserId,
    /// Calls that he took.
    pub taken: u64,
    /// That he let ring.
    pub missed: u64,
    /// That he, or his device for him, declined.
    pub declined: u64,
    /// That his device or the network failed.
    pub device_errors: u64,
    /// That he is done with.
    pub handled: u64,
    /// How long he talked in those.
    pub talk_s: u64,
    /// How long he worked after them.
    pub wrap_up_s: u64,
}

/// Which rows there are for each interval, and which a table for spreadsheets has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FiguresRows {
    /// One for each queue.
    #[default]
    Queues,
    /// One for all queues together.
    Together,
    /// One for each agent, over all intervals.
    Agents,
}

impl FiguresReport {
    /// Those rows as a table (CSV, RFC 4180), under a line of heads.
    pub fn csv(&self, rows: FiguresRows) -> String {
        let of_queues = |rows: &[FiguresRow]| {
            let lines = rows.iter().map(|row| line(&row.cells(&self.zone)));
            csv::line(QUEUE_COLUMNS) + &lines.collect::<String>()
        };
        match rows {
            FiguresRows::Queues => of_queues(&self.queues),
            FiguresRows::Together => of_queues(&self.together),
            FiguresRows::Agents => {
                let lines = self.agents.iter().map(|row| line(&row.cells(self)));
                csv::line(AGENT_COLUMNS) + &lines.collect::<String>()
            }
        }
    }
}

fn line(cells: &[String]) -> String {
    csv::line(cells.iter().map(String::as_str))
}

impl FiguresRow {
    fn cells(&self, zone: &str) -> [String; QUEUE_COLUMNS.len()] {
        let number = |value: Option<f64>| or_nothing(value.map(|value| format!("{value:.3}")));
        let whole = |value: Option<u64>| or_nothing(value.map(|value| value.to_string()));
        let queue = self.queue.as_ref();
        [
            self.from.clone(),
            self.to.clone(),
            zone.to_owned(),
            or_nothing(queue.map(|queue| queue.org().to_string())),
            or_nothing(queue.map(|queue| queue.name().to_owned())),
            self.entered.to_string(),
            self.answered.to_string(),
            self.abandoned.to_string(),
            self.abandoned_soon.to_string(),
            self.overflowed.to_string(),
            self.called_back.to_string(),
            self.sent_on.to_string(),
            self.failed.to_string(),
            self.restarted.to_string(),
            self.waiting.to_string(),
            self.refused.to_string(),
            number(self.service_level),
            number(self.mean_wait_s),
            number(self.wait_p90_s),
            number(Some(self.longest_wait_s)),
            self.handled.to_string(),
            self.cut_off.to_string(),
            number(self.mean_talk_s),
            number(self.mean_wrap_up_s),
            number(self.mean_handling_s),
            self.forecast.calls.to_string(),
            whole(self.forecast.expected_s),
            whole(self.forecast.waited_s),
            whole(self.forecast.error_s),
            causes(&self.put_out),
            causes(&self.refused_by),
            self.in_time.to_string(),
        ]
    }
}

impl AgentFigures {
    fn cells(&self, report: &FiguresReport) -> [String; AGENT_COLUMNS.len()] {
        [
            report.from.clone(),
            report.to.clone(),
            report.zone.clone(),
            self.agent.org().to_string(),
            self.agent.name().to_owned(),
            self.taken.to_string(),
            self.missed.to_string(),
            self.declined.to_string(),
            self.device_errors.to_string(),
            self.handled.to_string(),
            self.talk_s.to_string(),
            self.wrap_up_s.to_string(),
        ]
    }
}

fn or_nothing(text: Option<String>) -> String {
    text.unwrap_or_default()
}

fn causes(counts: &BTreeMap<String, u64>) -> String {
    let each = counts.iter().map(|(cause, many)| format!("{cause}={many}"));
    each.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_is_an_empty_field_and_nothing_is_a_formula() {
        let row = FiguresRow {
            from: "2026-11-27 08:00".into(),
            to: "2026-11-27 08:15".into(),
            queue: Some("demo/-1".parse().unwrap()),
            entered: 3,
            service_level: Some(0.5),
            put_out: [("timed-out".into(), 1)].into(),
            refused_by: [("full".into(), 1), ("loaded".into(), 1)].into(),
            ..FiguresRow::default()
        };
        let report = FiguresReport {
            zone: "Europe/Stockholm".into(),
            together: vec![FiguresRow {
                queue: None,
                ..row.clone()
            }],
            queues: vec![row],
            agents: vec![AgentFigures {
                agent: "demo/anna".parse().unwrap(),
                taken: 1,
                missed: 0,
                declined: 0,
                device_errors: 0,
                handled: 1,
                talk_s: 90,
                wrap_up_s: 0,
            }],
            ..FiguresReport::default()
        };
        let lines = |rows| {
            let text = report.csv(rows);
            let lines: Vec<String> = text.split_terminator("\r\n").map(str::to_owned).collect();
            let cells: Vec<usize> = lines.iter().map(|it| it.split(',').count()).collect();
            assert!(cells.len() == 2 && cells[0] == cells[1], "{text}");
            lines[1].clone()
        };
        let queue = lines(FiguresRows::Queues);
        let begins = "2026-11-27 08:00,2026-11-27 08:15,Europe/Stockholm,demo,'-1,3,0,";
        assert!(queue.starts_with(begins), "{queue}");
        assert!(queue.contains(",0.500,,,0.000,"), "{queue}");
        assert!(queue.ends_with(",timed-out=1,full=1 loaded=1,0"), "{queue}");
        let together = lines(FiguresRows::Together);
        assert!(together.contains(",Europe/Stockholm,,,3,"), "{together}");
        let agent = lines(FiguresRows::Agents);
        assert!(agent.ends_with(",demo,anna,1,0,0,0,1,90,0"), "{agent}");
    }
}
