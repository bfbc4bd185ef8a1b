//! A crowd of other people's phones: what SIPp's agents and callers (`tests/sipp`) and pjsua2's agents
//! (`tests/pjsua/crowd.py`) write down of their calls, and what of it must never be.

use crate::peers::Running;
use crate::server::{Server, repository};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Where pjsua2 begins to look for ports for sound: below those of all tests' servers.
const PJSUA_RTP_PORT: u16 = 4_000;
/// Between where one of its processes begins and the next.
const RTP_PORTS_APART: u16 = 64;
/// How long it may run.
const PJSUA_LIMIT: Duration = Duration::from_secs(180);

/// Starts agents in a process of pjsua2's by `crowd.py`, which has room for four calls. `which` tells it from others of the
/// same server. They are there once it has made the file `ready`.
///
/// # Panics
/// When it can't be started.
pub fn pjsua_agents(server: &Server, python: &Path, which: u16, names: &[&str]) -> Running {
    let name = format!("pjsua-{which}");
    let folder = server.folder().join(&name);
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(python);
    command
        .arg("-B")
        .arg(repository().join("tests/pjsua/crowd.py"))
        .arg(server.sip().to_string())
        .arg((PJSUA_RTP_PORT + RTP_PORTS_APART * which).to_string())
        .args(names);
    Running::start(command, name, folder, PJSUA_LIMIT)
}

/// What a process on a busy machine may be late by, in seconds, when it looks at what was sent to it.
const LATE_S: f64 = 3.0;

/// What one process has written down.
#[derive(Clone, Debug, Default)]
pub struct Log(Vec<Line>);

/// What happened to a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An agent's phone rings for a caller.
    Rung,
    /// Its answer was acknowledged.
    Talks,
    /// It rings or talks no more.
    Free,
    /// A caller's hanging up was answered.
    Left,
    /// A caller was hung up on.
    HungUpOn,
    /// A caller was told that it is busy.
    Refused,
}

#[derive(Clone, Debug)]
struct Line {
    what: What,
    agent: String,
    caller: String,
    at_s: f64,
}

impl Log {
    /// What a process has logged; complete once it has ended.
    ///
    /// # Panics
    /// When a line is none of ours.
    pub fn of(running: &Running) -> Log {
        let text = std::fs::read_to_string(running.folder().join("log")).unwrap_or_default();
        Log(text.lines().map(Line::parse).collect())
    }

    /// How often something happened.
    pub fn count(&self, what: What) -> usize {
        self.0.iter().filter(|line| line.what == what).count()
    }

    /// When each caller to whom something happened met it last, by his number.
    pub fn callers(&self, what: What) -> BTreeMap<String, f64> {
        let lines = self.0.iter().filter(|line| line.what == what);
        lines.map(|line| (line.caller.clone(), line.at_s)).collect()
    }
}

impl Line {
    fn parse(text: &str) -> Line {
        let words: Vec<&str> = text.split_whitespace().collect();
        let &[what, agent, caller, seconds, microseconds] = &words[..] else {
            panic!("expected what, agent, caller and time, got {text:?}");
        };
        let what = match what {
            "rung" => What::Rung,
            "talks" => What::Talks,
            "free" => What::Free,
            "left" => What::Left,
            "hung-up-on" => What::HungUpOn,
            "refused" => What::Refused,
            _ => panic!("{what} is nothing that a crowd logs"),
        };
        let number = |text: &str| text.parse::<f64>().expect("a time");
        Line {
            what,
            agent: agent.to_owned(),
            caller: caller.to_owned(),
            at_s: number(seconds) + number(microseconds) / 1e6,
        }
    }
}

/// What agents have met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// How many agents each caller has talked to, by his number.
    pub talks: BTreeMap<String, usize>,
    /// How many agents were rung.
    pub agents: usize,
    /// Rings of agents who rang or talked already.
    pub rung_while_busy: Vec<String>,
    /// Rings for callers who had left.
    pub rung_for_nobody: Vec<String>,
    /// Agents who ring or talk still.
    pub never_freed: Vec<String>,
}

/// Reads what agents have logged, each process what its own have, beside when each caller left who did so by himself.
pub fn met(agents: &[Log], left_at_s: &BTreeMap<String, f64>) -> Met {
    let mut met = Met::default();
    for log in agents {
        let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &log.0 {
            let told = || format!("{} for {}", line.agent, line.caller);
            let standing = calls.entry(&line.agent).or_default();
            match line.what {
                What::Rung => {
                    *standing += 1;
                    if *standing > 1 {
                        met.rung_while_busy.push(told());
                    }
                    let left = left_at_s.get(&line.caller);
                    if left.is_some_and(|left| line.at_s > left + LATE_S) {
                        met.rung_for_nobody.push(told());
                    }
                }
                What::Talks => *met.talks.entry(line.caller.clone()).or_default() += 1,
                What::Free => *standing = standing.saturating_sub(1),
                What::Left | What::HungUpOn | What::Refused => {}
            }
        }
        met.agents += calls.len();
        let still = calls.into_iter().filter(|(_, standing)| *standing > 0);
        met.never_freed
            .extend(still.map(|(agent, _)| agent.to_owned()));
    }
    met
}

/// What a SIPp has counted of its calls by its own statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Calls that went by the scenario.
    pub successful: usize,
    /// Calls that did not.
    pub failed: usize,
}

impl Counted {
    /// Of a SIPp in a crowd that has ended.
    ///
    /// # Panics
    /// When it has left no statistics.
    pub fn of(folder: &Path) -> Counted {
        let text = std::fs::read_to_string(folder.join("statistics")).unwrap();
        let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(';').collect()).collect();
        let (Some(head), Some(last)) = (rows.first(), rows.last()) else {
            panic!("no statistics in {text:?}");
        };
        let value = |name: &str| {
            let column = head.iter().position(|column| *column == name);
            let value = column.and_then(|column| last.get(column));
            let number = value.and_then(|value| value.parse().ok());
            number.unwrap_or_else(|| panic!("no {name} in {text:?}"))
        };
        Counted {
            successful: value("SuccessfulCall(C)"),
            failed: value("FailedCall(C)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> Log {
        Log(lines.iter().map(|line| Line::parse(line)).collect())
    }

    #[test]
    fn a_crowds_logs_tell_what_must_never_be() {
        let callers = log(&["left - two 20.000000 0.000000", "refused - six 20 0"]);
        let one = log(&[
            "rung anna one 10 0",
            "talks anna one 11 500000",
            "rung anna two 12 0",
            "free anna one 13 0",
            "free anna two 14 0",
            "rung anna two 22 900000",
            "free anna two 22 950000",
            "rung anna two 23 100000",
        ]);
        let other = log(&[
            "rung bosse one 10 0",
            "talks bosse one 11 0",
            "free bosse one 12 0",
        ]);
        let expected = Met {
            talks: [("one".to_owned(), 2)].into(),
            agents: 2,
            rung_while_busy: vec!["anna for two".to_owned()],
            rung_for_nobody: vec!["anna for two".to_owned()],
            never_freed: vec!["anna".to_owned()],
        };
        assert_eq!(met(&[one, other], &callers.callers(What::Left)), expected);
        assert_eq!(callers.count(What::Refused), 1);
    }
}
