//! Figures as a table for people: a row for each queue, and with several runs a row for each of them and one for
//! what the last of them would change.

use crate::called_back::CallbackRow;
use crate::figures::{Figures, Line, percentile};
use base::QueueId;
use std::collections::BTreeSet;
use std::time::Duration;

const NOTHING: &str = "-";

/// Named runs side by side; `within` is the time of their service levels.
pub fn table(runs: &[(String, Figures)], within: Duration) -> String {
    let mut head = vec!["queue".to_owned()];
    if runs.len() > 1 {
        head.push("run".to_owned());
    }
    head.extend(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    for name in &mut head {
        if name == WITHIN {
            *name = format!("within {}s", within.as_secs());
        }
    }
    let mut rows = vec![head];
    let queues: BTreeSet<&QueueId> = runs.iter().flat_map(|(_, run)| run.queues.keys()).collect();
    for queue in &queues {
        let line = |run: &Figures| run.queues.get(*queue).cloned().unwrap_or_default();
        add(&mut rows, queue.as_str(), runs, line);
    }
    if queues.len() != 1 {
        add(&mut rows, "all", runs, |run| run.all.clone());
    }
    laid_out(&rows, words_in(runs))
}

/// Words that stand before the numbers: the queue, and the run where there are several.
fn words_in<T>(runs: &[(String, T)]) -> usize {
    1 + usize::from(runs.len() > 1)
}

/// The same of those who were called back: how many accepted it, how many were, and how long that took from when they came.
/// Nothing where nobody accepted it.
pub fn callbacks_table(runs: &[(String, Vec<CallbackRow>)]) -> String {
    let mut head = vec!["callbacks of".to_owned()];
    if runs.len() > 1 {
        head.push("run".to_owned());
    }
    head.extend(["accepted", "called back", "left", "after p50", "p90", "max"].map(str::to_owned));
    let mut rows = vec![head];
    let all = runs.iter().flat_map(|(_, rows)| rows);
    let queues: BTreeSet<&QueueId> = all.map(|row| &row.queue).collect();
    for queue in queues {
        let mut name = queue.to_string();
        for (run, callbacks) in runs {
            let its = callbacks.iter().filter(|row| row.queue == *queue);
            let mut waits: Vec<Duration> = its
                .clone()
                .filter_map(|row| Some(row.reached? - row.arrived))
                .collect();
            waits.sort_unstable();
            let (accepted, made) = (its.count() as u64, waits.len() as u64);
            let mut row = vec![std::mem::take(&mut name)];
            if runs.len() > 1 {
                row.push(run.clone());
            }
            let spans = [50, 90, 100].map(|percent| Value::Span(percentile(&waits, percent)));
            let counts = [accepted, made, accepted - made].map(Value::Count);
            row.extend(counts.iter().chain(&spans).map(Value::text));
            rows.push(row);
        }
    }
    match rows.len() {
        1 => String::new(),
        _ => laid_out(&rows, words_in(runs)),
    }
}

fn add(
    rows: &mut Vec<Vec<String>>,
    queue: &str,
    runs: &[(String, Figures)],
    line: impl Fn(&Figures) -> Line,
) {
    let lines: Vec<Line> = runs.iter().map(|(_, run)| line(run)).collect();
    let mut name = queue.to_owned();
    for ((run, _), line) in runs.iter().zip(&lines) {
        let mut row = vec![std::mem::take(&mut name)];
        if runs.len() > 1 {
            row.push(run.clone());
        }
        row.extend(COLUMNS.iter().map(|(_, value)| value(line).text()));
        rows.push(row);
    }
    if let ([_, .., last], Some(first)) = (&lines[..], lines.first()) {
        let mut row = vec![String::new(), "change".to_owned()];
        row.extend(
            COLUMNS
                .iter()
                .map(|(_, value)| value(last).change(&value(first))),
        );
        rows.push(row);
    }
}

const WITHIN: &str = "within";

type Column = (&'static str, fn(&Line) -> Value);

const COLUMNS: [Column; 11] = [
    ("callers", |line| Value::Count(line.callers)),
    ("answered", |line| Value::Count(line.answered)),
    ("abandoned", |line| Value::Count(line.abandoned)),
    ("elsewhere", |line| Value::Count(line.elsewhere)),
    ("refused", |line| Value::Count(line.refused)),
    ("closed", |line| Value::Count(line.closed)),
    (WITHIN, |line| Value::Share(line.service_level)),
    ("wait p50", |line| Value::Span(line.wait_p50)),
    ("wait p90", |line| Value::Span(line.wait_p90)),
    ("longest", |line| Value::Span(line.wait_max)),
    ("occupancy", |line| Value::Share(line.occupancy)),
];

enum Value {
    Count(u64),
    Share(Option<f64>),
    Span(Option<Duration>),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Value::Count(count) => count.to_string(),
            Value::Share(share) => share.map_or(NOTHING.to_owned(), |share| {
                format!("{:.1} %", share * 100.0)
            }),
            Value::Span(span) => {
                span.map_or(NOTHING.to_owned(), |span| format!("{} s", rounded(span)))
            }
        }
    }

    fn change(&self, from: &Value) -> String {
        let change = match (self, from) {
            (Value::Count(to), Value::Count(from)) => {
                format!("{:+}", i128::from(*to) - i128::from(*from))
            }
            (Value::Share(Some(to)), Value::Share(Some(from))) => {
                format!("{:+.1} %", (to - from) * 100.0)
            }
            (Value::Span(Some(to)), Value::Span(Some(from))) => {
                format!("{:+} s", rounded(*to) - rounded(*from))
            }
            _ => NOTHING.to_owned(),
        };
        match change.as_str() {
            "+0" | "+0 s" | "+0.0 %" | "-0.0 %" => "0".to_owned(),
            _ => change,
        }
    }
}

fn rounded(span: Duration) -> i64 {
    span.as_secs_f64().round() as i64
}

/// Columns as wide as what stands in them: words to the left, numbers to the right.
fn laid_out(rows: &[Vec<String>], words: usize) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match column < words {
                true => line.push_str(&format!("{cell:<width$}  ")),
                false => line.push_str(&format!("{cell:>width$}  ")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_stand_one_under_the_other_with_what_would_change() {
        let run = |answered, p50| {
            let line = Line {
                callers: 10,
                answered,
                service_level: Some(answered as f64 / 10.0),
                wait_p50: p50,
                ..Line::default()
            };
            Figures {
                queues: [("demo/support".parse().unwrap(), line.clone())].into(),
                all: line,
                ..Figures::default()
            }
        };
        let runs = [
            ("recorded".to_owned(), run(7, Some(Duration::from_secs(30)))),
            ("config".to_owned(), run(9, Some(Duration::from_secs(12)))),
        ];
        let table = table(&runs, Duration::from_secs(20));
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(lines.len(), 4, "{table}");
        assert!(table.contains("within 20s"), "{table}");
        assert_eq!(lines[1][..3], ["demo/support", "recorded", "10"]);
        assert_eq!(
            lines[3],
            [
                "change", "0", "+2", "0", "0", "0", "0", "+20.0", "%", "-18", "s", "-", "-", "-"
            ]
        );
    }
}
