//! The log as text: JSON Lines, a row each, with times in UTC and spans in seconds (`docs/simulation.md`). It is also read
//! as a table of values between commas (`comma.rs`).

use crate::comma;
use crate::record::{CallRow, Does, Duty, End, Row};
use acd::Priority;
use base::{QueueId, Time, UserId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Rows that are read at most: four months of a queue with ten thousand callers a day.
pub const ROWS_MAX: usize = 2_000_000;

/// Longest span in a row: a week, more than any call lasts.
const SPAN_MAX: Duration = Duration::from_secs(7 * 86_400);

/// Rows between the first and the last at most a year apart: figures are by the quarter of an hour.
const LENGTH_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// A log that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    origin: Timestamp,
    rows: Vec<Row>,
}

/// Why a log can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// A line is no row.
    #[error("line {line}: {problem}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What was expected, and what came.
        problem: String,
    },
    /// It tells of no caller.
    #[error("expected callers, the log tells of none")]
    Empty,
    /// It is too long.
    #[error("expected at most {ROWS_MAX} rows within a year")]
    TooLong,
}

/// A row as it is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talk_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrap_up_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    does: Option<DoesWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queues: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EndWord {
    Answered,
    Abandoned,
    Elsewhere,
    Refused,
    Closed,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DoesWord {
    LogIn,
    LogOut,
    Pause,
    Resume,
}

impl Row {
    /// The row as a line, without its end, on a clock that showed 0 at `origin`.
    pub fn line(&self, origin: Timestamp) -> String {
        let written = match self {
            Row::Call(call) => call_written(call, origin),
            Row::Duty(duty) => duty_written(duty, origin),
        };
        serde_json::to_string(&written).expect("a row is made of texts and finite numbers")
    }
}

fn call_written(call: &CallRow, origin: Timestamp) -> Written {
    let mut written = Written {
        at: moment(origin, call.at),
        queue: Some(call.queue.to_string()),
        priority: Some(call.priority.steps()).filter(|steps| *steps > 0),
        waited_s: Some(seconds(call.waited)),
        before_s: Some(seconds(call.before)).filter(|before| *before > 0.0),
        ..Written::default()
    };
    written.end = Some(match &call.end {
        End::Answered {
            agent,
            talk,
            wrap_up,
        } => {
            written.agent = Some(agent.to_string());
            written.talk_s = Some(seconds(*talk));
            written.wrap_up_s = Some(seconds(*wrap_up));
            EndWord::Answered
        }
        End::Abandoned => EndWord::Abandoned,
        End::Elsewhere => EndWord::Elsewhere,
        End::Refused => EndWord::Refused,
        End::Closed => EndWord::Closed,
    });
    written
}

fn duty_written(duty: &Duty, origin: Timestamp) -> Written {
    let named = |queues: &BTreeSet<QueueId>| Some(queues.iter().map(ToString::to_string).collect());
    let (does, queues) = match &duty.does {
        Does::LogIn(queues) => (DoesWord::LogIn, named(queues)),
        Does::LogOut(queues) => (DoesWord::LogOut, named(queues)),
        Does::Pause => (DoesWord::Pause, None),
        Does::Resume => (DoesWord::Resume, None),
    };
    Written {
        at: moment(origin, duty.at),
        agent: Some(duty.agent.to_string()),
        does: Some(does),
        queues,
        ..Written::default()
    }
}

/// To the millisecond.
fn moment(origin: Timestamp, at: Time) -> Timestamp {
    let millis = i64::try_from(at.as_micros() / 1_000).unwrap_or(i64::MAX);
    origin
        .saturating_add(SignedDuration::from_millis(millis))
        .unwrap_or(Timestamp::MAX)
}

fn seconds(span: Duration) -> f64 {
    span.as_millis() as f64 / 1_000.0
}

/// Rows with the lines they stand in.
pub(crate) type Numbered = Vec<(usize, Written)>;

fn json_lines(text: &str) -> Result<Numbered, LogError> {
    let mut written = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        if written.len() == ROWS_MAX {
            return Err(LogError::TooLong);
        }
        let row = serde_json::from_str(line).map_err(|error| LogError::Line {
            line: index + 1,
            problem: error.to_string(),
        })?;
        written.push((index + 1, row));
    }
    Ok(written)
}

impl Recording {
    /// Reads a log of either kind. Rows may be in any order; the clock begins on the hour before the first.
    pub fn read(text: &str) -> Result<Recording, LogError> {
        let written = match text.trim_start().starts_with('{') {
            true => json_lines(text)?,
            false => comma::rows(text)?,
        };
        let Some(first) = written.iter().map(|(_, row)| row.at).min() else {
            return Err(LogError::Empty);
        };
        let origin =
            Timestamp::from_second(first.as_second().div_euclid(3_600) * 3_600).unwrap_or(first);
        let mut rows = Vec::with_capacity(written.len());
        for (line, row) in written {
            rows.push(
                row.row(origin)
                    .map_err(|problem| LogError::Line { line, problem })?,
            );
        }
        rows.sort_by_key(Row::at);
        if !rows.iter().any(Row::is_of_caller) {
            return Err(LogError::Empty);
        }
        Ok(Recording { origin, rows })
    }

    /// The moment at which its clock shows 0.
    pub fn origin(&self) -> Timestamp {
        self.origin
    }

    /// Its rows, in the order of time.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// With the callers and agents of one queue alone.
    pub fn only(mut self, queue: &QueueId) -> Result<Recording, LogError> {
        self.rows.retain_mut(|row| match row {
            Row::Call(call) => call.queue == *queue,
            Row::Duty(duty) => match &mut duty.does {
                Does::LogIn(queues) | Does::LogOut(queues) => {
                    queues.retain(|other| other == queue);
                    !queues.is_empty()
                }
                Does::Pause | Does::Resume => true,
            },
        });
        if self.rows.iter().any(Row::is_of_caller) {
            return Ok(self);
        }
        Err(LogError::Empty)
    }

    /// Without what it tells of agents.
    pub fn without_duties(mut self) -> Recording {
        self.rows.retain(Row::is_of_caller);
        self
    }
}

impl Row {
    /// When it begins.
    pub fn at(&self) -> Time {
        match self {
            Row::Call(call) => call.at,
            Row::Duty(duty) => duty.at,
        }
    }

    fn is_of_caller(&self) -> bool {
        matches!(self, Row::Call(_))
    }
}

impl Written {
    fn row(self, origin: Timestamp) -> Result<Row, String> {
        let since = self.at.duration_since(origin);
        if since > LENGTH_MAX {
            return Err("expected all rows within a year".to_owned());
        }
        let micros = u64::try_from(since.as_micros()).unwrap_or(0);
        let at = Time::from_micros(micros);
        match (self.end, self.does) {
            (Some(end), None) => self.call(at, end).map(Row::Call),
            (None, Some(does)) => self.duty(at, does).map(Row::Duty),
            _ => Err("expected either `end`, of a caller, or `does`, of an agent".to_owned()),
        }
    }

    fn call(self, at: Time, end: EndWord) -> Result<CallRow, String> {
        let queue = self.queue.as_deref().ok_or("expected `queue`")?;
        let span = |name: &str, seconds: Option<f64>| {
            let seconds = seconds.ok_or_else(|| format!("expected `{name}`"))?;
            let span = Duration::try_from_secs_f64(seconds)
                .ok()
                .filter(|span| *span <= SPAN_MAX);
            span.ok_or_else(|| {
                format!(
                    "{name}: expected 0 to {} seconds, got {seconds}",
                    SPAN_MAX.as_secs()
                )
            })
        };
        let end = match end {
            EndWord::Answered => End::Answered {
                agent: user(
                    self.agent
                        .as_deref()
                        .ok_or("expected `agent`, who answered")?,
                )?,
                talk: span("talk_s", self.talk_s)?,
                wrap_up: span("wrap_up_s", self.wrap_up_s.or(Some(0.0)))?,
            },
            EndWord::Abandoned => End::Abandoned,
            EndWord::Elsewhere => End::Elsewhere,
            EndWord::Refused => End::Refused,
            EndWord::Closed => End::Closed,
        };
        let waited = match end {
            End::Refused | End::Closed => self.waited_s.or(Some(0.0)),
            _ => self.waited_s,
        };
        Ok(CallRow {
            at,
            queue: named(queue)?,
            priority: Priority::new(self.priority.unwrap_or(0)),
            waited: span("waited_s", waited)?,
            before: span("before_s", self.before_s.or(Some(0.0)))?,
            end,
        })
    }

    fn duty(self, at: Time, does: DoesWord) -> Result<Duty, String> {
        let queues = || -> Result<BTreeSet<QueueId>, String> {
            let names = self.queues.as_deref().ok_or("expected `queues`")?;
            names.iter().map(|name| named(name)).collect()
        };
        let does = match does {
            DoesWord::LogIn => Does::LogIn(queues()?),
            DoesWord::LogOut => Does::LogOut(queues()?),
            DoesWord::Pause => Does::Pause,
            DoesWord::Resume => Does::Resume,
        };
        let agent = user(self.agent.as_deref().ok_or("expected `agent`")?)?;
        Ok(Duty { at, agent, does })
    }
}

fn named(name: &str) -> Result<QueueId, String> {
    let wrong = |error| format!("expected a queue such as demo/support, got {name:?}: {error}");
    name.parse().map_err(wrong)
}

fn user(name: &str) -> Result<UserId, String> {
    let wrong = |error| format!("expected an agent such as demo/anna, got {name:?}: {error}");
    name.parse().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = r#"{"at":"2026-11-27T08:10:00Z","agent":"demo/anna","does":"log-in","queues":["demo/support"]}
{"at":"2026-11-27T08:12:00.5Z","queue":"demo/support","agent":"demo/anna","priority":2,"waited_s":12.25,"end":"answered","talk_s":60.0,"wrap_up_s":5.0}
{"at":"2026-11-27T08:13:00Z","queue":"demo/support","waited_s":30.0,"end":"abandoned"}
{"at":"2026-11-27T08:14:00Z","queue":"demo/support","waited_s":0.0,"end":"refused"}
{"at":"2026-11-27T08:15:00Z","agent":"demo/anna","does":"pause"}
"#;

    #[test]
    fn a_log_is_read_as_it_was_written() {
        let recording = Recording::read(ROWS).unwrap();
        assert_eq!(recording.origin().to_string(), "2026-11-27T08:00:00Z");
        let lines = recording
            .rows()
            .iter()
            .map(|row| row.line(recording.origin()) + "\n");
        let again = Recording::read(&lines.collect::<String>()).unwrap();
        assert_eq!(again, recording);
        let Row::Call(call) = &recording.rows()[1] else {
            panic!("not a call");
        };
        assert_eq!(call.at, Time::from_millis(720_500));
        assert_eq!(call.waited, Duration::from_millis(12_250));
    }

    #[test]
    fn what_is_no_row_is_told_with_its_line() {
        for (line, words) in [
            ("nonsense", "line 1: expected"),
            ("{nonsense", "line 1: "),
            ("\n{\"at\":\"yesterday\"}", "line 2: "),
            (
                "{\"at\":\"2026-11-27T08:10:00Z\"}",
                "line 1: expected either `end`",
            ),
            (
                "{\"at\":\"2026-11-27T08:10:00Z\",\"queue\":\"support\",\"waited_s\":1,\"end\":\"abandoned\"}",
                "expected a queue such as demo/support, got \"support\"",
            ),
            (
                "{\"at\":\"2026-11-27T08:10:00Z\",\"queue\":\"d/s\",\"waited_s\":-1,\"end\":\"abandoned\"}",
                "waited_s: expected 0 to 604800 seconds, got -1",
            ),
            (
                "{\"at\":\"2026-11-27T08:10:00Z\",\"queue\":\"d/s\",\"waited_s\":1,\"end\":\"answered\"}",
                "expected `agent`, who answered",
            ),
            (
                "{\"at\":\"2026-11-27T08:10:00Z\",\"agent\":\"d/a\",\"does\":\"pause\"}",
                "tells of none",
            ),
            ("", "tells of none"),
        ] {
            let error = Recording::read(line).unwrap_err().to_string();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
