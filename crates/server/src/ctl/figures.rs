//! Figures for people; as CSV they are as by HTTP.

use crate::cli::{CtlRequest, FiguresArguments};
use crate::ctl::tables::{clock, dash, table};
use web::{FiguresReport, FiguresRow, FiguresRows};

/// How they are to be shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    of: Whose,
    as_what: Format,
}

#[derive(Clone, Copy, Debug, Default)]
enum Whose {
    #[default]
    Queues,
    Agents,
}

#[derive(Clone, Copy, Debug, Default)]
enum Format {
    #[default]
    Table,
    Csv,
}

impl Shown {
    /// As somebody asks for it.
    pub(super) fn of(asked: &CtlRequest) -> Shown {
        match asked {
            CtlRequest::Figures(asked) => Shown::by(asked),
            _ => Shown::default(),
        }
    }

    /// The same of a report.
    pub(super) fn by(asked: &FiguresArguments) -> Shown {
        Shown {
            of: match asked.agents {
                true => Whose::Agents,
                false => Whose::Queues,
            },
            as_what: match asked.csv {
                true => Format::Csv,
                false => Format::Table,
            },
        }
    }
}

/// The report as text, with a line end.
pub(super) fn text(report: &FiguresReport, shown: Shown) -> String {
    let lacking = report.lacking.iter().map(|line| format!("{line}\n"));
    match (shown.of, shown.as_what) {
        (Whose::Queues, Format::Table) => queues(report) + &lacking.collect::<String>(),
        (Whose::Queues, Format::Csv) => report.csv(FiguresRows::Queues),
        (Whose::Agents, Format::Table) => agents(report) + &lacking.collect::<String>(),
        (Whose::Agents, Format::Csv) => report.csv(FiguresRows::Agents),
    }
}

/// What a program that reads the rows would not find among them, for people.
pub(super) fn warnings(report: &FiguresReport, shown: Shown) -> &[String] {
    match shown.as_what {
        Format::Table => &[],
        Format::Csv => &report.lacking,
    }
}

/// A row an interval, and below them one that sums up each queue.
fn queues(report: &FiguresReport) -> String {
    let head = [
        "FROM",
        "QUEUE",
        "ENTERED",
        "ANSWERED",
        "IN TIME",
        "ABANDONED",
        "SOON",
        "OVERFLOWED",
        "CALLED BACK",
        "ELSEWHERE",
        "REFUSED",
        "WAITING",
        "WAIT",
        "P90",
        "LONGEST",
        "HANDLING",
    ];
    let cells = |from: &str, row: &FiguresRow| {
        let elsewhere = row.sent_on + row.failed + row.restarted;
        [
            from.to_owned(),
            row.queue.as_ref().map_or_else(dash, ToString::to_string),
            row.entered.to_string(),
            row.answered.to_string(),
            row.service_level
                .map_or_else(dash, |share| format!("{:.0} %", share * 100.0)),
            row.abandoned.to_string(),
            row.abandoned_soon.to_string(),
            row.overflowed.to_string(),
            row.called_back.to_string(),
            elsewhere.to_string(),
            row.refused.to_string(),
            row.waiting.to_string(),
            row.mean_wait_s.map_or_else(dash, span),
            row.wait_p90_s.map_or_else(dash, span),
            span(row.longest_wait_s),
            row.mean_handling_s.map_or_else(dash, span),
        ]
    };
    let rows = report.queues.iter().map(|row| cells(&row.from, row));
    let sums = report.sums.iter().map(|row| cells("together", row));
    let nothing = format!("No callers from {} to {}.", report.from, report.to);
    table(head, rows.chain(sums), &nothing)
}

fn agents(report: &FiguresReport) -> String {
    let head = [
        "AGENT", "TAKEN", "MISSED", "DECLINED", "ERRORS", "HANDLED", "TALK", "WRAP-UP",
    ];
    let rows = report.agents.iter().map(|row| {
        [
            row.agent.to_string(),
            row.taken.to_string(),
            row.missed.to_string(),
            row.declined.to_string(),
            row.device_errors.to_string(),
            row.handled.to_string(),
            clock(row.talk_s),
            clock(row.wrap_up_s),
        ]
    });
    let nothing = format!("No calls offered from {} to {}.", report.from, report.to);
    table(head, rows, &nothing)
}

fn span(seconds: f64) -> String {
    clock(seconds.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_interval_the_sums_and_what_is_lacking() {
        let row = FiguresRow {
            from: "2026-11-27 08:00".into(),
            to: "2026-11-27 08:15".into(),
            queue: Some("demo/support".parse().unwrap()),
            entered: 3,
            answered: 1,
            service_level: Some(0.5),
            mean_wait_s: Some(12.0),
            longest_wait_s: 60.0,
            ..FiguresRow::default()
        };
        let report = FiguresReport {
            zone: "Europe/Stockholm".into(),
            from: row.from.clone(),
            to: row.to.clone(),
            sums: vec![row.clone()],
            queues: vec![row],
            lacking: vec!["3 facts were lost".into()],
            ..FiguresReport::default()
        };
        let table = queues(&report);
        assert!(table.contains("50 %"), "{table}");
        assert_eq!(table.lines().count(), 3, "{table}");
        let whole = text(&report, Shown::default());
        assert!(whole.ends_with("3 facts were lost\n"), "{whole}");
    }
}
