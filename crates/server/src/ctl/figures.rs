//! Figures for people, and as CSV.

use crate::cli::{CtlRequest, FiguresArguments};
use crate::ctl::tables::{clock, dash, table};
use crate::documents::{AgentFigures, FiguresReport, FiguresRow};
use std::collections::BTreeMap;

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
        (Whose::Queues, Format::Csv) => queues_csv(report),
        (Whose::Agents, Format::Table) => agents(report) + &lacking.collect::<String>(),
        (Whose::Agents, Format::Csv) => agents_csv(report),
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
            row.queue.to_string(),
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

/// As CSV (RFC 4180). No field has a comma or a quote in it: names, numbers, moments and causes.
fn queues_csv(report: &FiguresReport) -> String {
    let head = "from,to,zone,organisation,queue,entered,answered,abandoned,abandoned_soon,overflowed,called_back,sent_on,failed,\
        restarted,waiting,refused,service_level,mean_wait_s,wait_p90_s,longest_wait_s,handled,cut_off,mean_talk_s,\
        mean_wrap_up_s,mean_handling_s,forecast_calls,forecast_expected_s,forecast_waited_s,forecast_error_s,\
        put_out,refused_by";
    lines(head, report.queues.iter().map(|row| queue_csv(report, row)))
}

fn queue_csv(report: &FiguresReport, row: &FiguresRow) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3}"));
    let whole = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let causes = |counts: &BTreeMap<String, u64>| {
        let each: Vec<_> = counts
            .iter()
            .map(|(it, many)| format!("{it}={many}"))
            .collect();
        each.join(" ")
    };
    vec![
        row.from.clone(),
        row.to.clone(),
        report.zone.clone(),
        row.queue.org().to_string(),
        row.queue.name().to_owned(),
        row.entered.to_string(),
        row.answered.to_string(),
        row.abandoned.to_string(),
        row.abandoned_soon.to_string(),
        row.overflowed.to_string(),
        row.called_back.to_string(),
        row.sent_on.to_string(),
        row.failed.to_string(),
        row.restarted.to_string(),
        row.waiting.to_string(),
        row.refused.to_string(),
        number(row.service_level),
        number(row.mean_wait_s),
        number(row.wait_p90_s),
        number(Some(row.longest_wait_s)),
        row.handled.to_string(),
        row.cut_off.to_string(),
        number(row.mean_talk_s),
        number(row.mean_wrap_up_s),
        number(row.mean_handling_s),
        row.forecast.calls.to_string(),
        whole(row.forecast.expected_s),
        whole(row.forecast.waited_s),
        whole(row.forecast.error_s),
        causes(&row.put_out),
        causes(&row.refused_by),
    ]
}

fn agents_csv(report: &FiguresReport) -> String {
    let head = "from,to,zone,organisation,agent,taken,missed,declined,device_errors,handled,talk_s,wrap_up_s";
    let cells = |row: &AgentFigures| {
        vec![
            report.from.clone(),
            report.to.clone(),
            report.zone.clone(),
            row.agent.org().to_string(),
            row.agent.name().to_owned(),
            row.taken.to_string(),
            row.missed.to_string(),
            row.declined.to_string(),
            row.device_errors.to_string(),
            row.handled.to_string(),
            row.talk_s.to_string(),
            row.wrap_up_s.to_string(),
        ]
    };
    lines(head, report.agents.iter().map(cells))
}

fn lines(head: &str, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("{head}\r\n");
    for row in rows {
        text.push_str(&row.join(","));
        text.push_str("\r\n");
    }
    text
}

fn span(seconds: f64) -> String {
    clock(seconds.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::ForecastRow;

    #[test]
    fn csv_has_a_cell_for_each_head() {
        let row = FiguresRow {
            from: "2026-11-27 08:00".into(),
            to: "2026-11-27 08:15".into(),
            queue: "demo/support".parse().unwrap(),
            entered: 3,
            answered: 1,
            abandoned: 1,
            abandoned_soon: 0,
            overflowed: 1,
            sent_on: 0,
            called_back: 0,
            failed: 0,
            restarted: 0,
            waiting: 0,
            refused: 2,
            service_level: Some(0.5),
            mean_wait_s: Some(12.0),
            wait_p90_s: Some(15.0),
            longest_wait_s: 60.0,
            handled: 1,
            cut_off: 0,
            mean_talk_s: Some(90.5),
            mean_wrap_up_s: None,
            mean_handling_s: Some(90.5),
            forecast: ForecastRow::default(),
            waits: vec![],
            put_out: [("timed-out".into(), 1)].into(),
            refused_by: [("full".into(), 1), ("loaded".into(), 1)].into(),
        };
        let agent = AgentFigures {
            agent: "demo/anna".parse().unwrap(),
            taken: 1,
            missed: 0,
            declined: 0,
            device_errors: 0,
            handled: 1,
            talk_s: 90,
            wrap_up_s: 0,
        };
        let report = FiguresReport {
            zone: "Europe/Stockholm".into(),
            from: row.from.clone(),
            to: row.to.clone(),
            sums: vec![row.clone()],
            queues: vec![row],
            agents: vec![agent],
            lacking: vec!["3 facts were lost".into()],
        };
        for csv in [queues_csv(&report), agents_csv(&report)] {
            let cells: Vec<usize> = csv.lines().map(|it| it.split(',').count()).collect();
            assert_eq!(cells.len(), 2);
            assert_eq!(cells[0], cells[1], "{csv}");
        }
        assert!(queues_csv(&report).contains(",timed-out=1,full=1 loaded=1\r\n"));
        let table = queues(&report);
        assert!(table.contains("50 %"), "{table}");
        assert_eq!(table.lines().count(), 3, "{table}");
        let whole = text(&report, Shown::default());
        assert!(whole.ends_with("3 facts were lost\n"), "{whole}");
    }
}
