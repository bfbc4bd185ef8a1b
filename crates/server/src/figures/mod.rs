//! Figures on demand: which intervals are asked for, by the clock of whose queues they are, and what came of them as a
//! document.

mod intervals;
pub(crate) mod offline;
mod traffic;

pub(crate) use intervals::day_of as day_began;
pub(crate) use intervals::span;

use crate::commands::{Commands, forecast_row};
use crate::ctl::protocol::{Failure, FiguresRequest};
use crate::documents::{AgentFigures, Answer, FiguresReport, FiguresRow};
use crate::facts::Told;
use crate::hours::{find, unix_now};
use crate::queue_metrics::label;
use acd::{AgentLine, Interval, Line, RefuseCause, WAIT_BOUNDS_S};
use base::{QueueId, UserId};
use calendar::Hours;
use config::Loaded;
use control::{Command, FiguresCommand, Principal};
use std::collections::BTreeMap;

/// By which clock, where the queues are of several organisations or one doesn't say.
const ZONE: &str = "UTC";

/// Rows of one answer: a day of quarters of two hundred queues. More are asked for in parts.
const ROWS_MAX: usize = 20_000;

impl Commands {
    pub(crate) fn resolve_figures(&self, request: &FiguresRequest) -> Result<Command, Failure> {
        let command = command(&self.0.config.loaded(), request, unix_now())?;
        Ok(Command::ReportFigures(command))
    }

    /// What came to whom of whom he may know.
    pub(crate) async fn report_figures(
        &self,
        by: &Principal,
        command: FiguresCommand,
    ) -> Result<Answer, Failure> {
        let loaded = self.0.config.loaded();
        let sight = &loaded.sight;
        if let Some(queue) = &command.queue
            && !sight.sees(by, queue)
        {
            let problem = format!("there is no queue {queue} that {by} sees");
            return Err(Failure::new(problem));
        }
        let told = self.0.facts.figures(command.moments_ms.clone()).await;
        let told = told.map_err(|error| Failure::new(error.to_string()))?;
        let agents = self.snapshot().await?.agents.into_iter();
        let queues_of: BTreeMap<UserId, Vec<QueueId>> =
            agents.map(|agent| (agent.agent, agent.queues)).collect();
        let seen = Seen {
            queue: &|queue| sight.sees(by, queue),
            agent: &|agent| {
                let queues = queues_of.get(agent).into_iter().flatten();
                sight.sees_agent(by, agent, queues)
            },
        };
        document(&loaded, told, command, &seen).map(Answer::Figures)
    }
}

/// Which queue and which intervals somebody asks for.
fn command(loaded: &Loaded, request: &FiguresRequest, now: i64) -> Result<FiguresCommand, Failure> {
    let queue = match &request.queue {
        Some(name) => {
            let found = find(&loaded.directory, name);
            Some(found.map_err(|error| Failure::new(error.to_string()))?.0)
        }
        None => None,
    };
    let (clock, _) = clock_of(loaded, queue.as_ref())?;
    let moments_ms = intervals::moments_ms(&clock, request, now)?;
    Ok(FiguresCommand { queue, moments_ms })
}

/// Whom somebody sees.
struct Seen<'s> {
    queue: &'s dyn Fn(&QueueId) -> bool,
    agent: &'s dyn Fn(&UserId) -> bool,
}

/// What was told, as far as it was asked for and may be seen.
fn document(
    loaded: &Loaded,
    told: Told,
    command: FiguresCommand,
    seen: &Seen<'_>,
) -> Result<FiguresReport, Failure> {
    let FiguresCommand { queue, moments_ms } = command;
    let (clock, zone) = clock_of(loaded, queue.as_ref())?;
    let mut report = Report {
        clock: &clock,
        ends_ms: moments_ms,
        queues: Vec::new(),
        sums: BTreeMap::new(),
        agents: BTreeMap::new(),
    };
    for (start_ms, interval) in &told.intervals {
        let is_asked =
            |id: &QueueId| queue.as_ref().is_none_or(|queue| queue == id) && (seen.queue)(id);
        let is_his = |agent: &UserId| {
            let is_there = queue.as_ref().is_none_or(|it| agent.is_of(&it.org()));
            is_there && (seen.agent)(agent)
        };
        report.add(*start_ms, interval, is_asked, is_his);
        if report.queues.len() > ROWS_MAX {
            let problem = format!(
                "expected at most {ROWS_MAX} rows: ask for one queue, a shorter time, or with --by day"
            );
            return Err(Failure::new(problem));
        }
    }
    Ok(FiguresReport {
        lacking: told.lacking,
        ..report.document(zone)
    })
}

/// The clock of a queue's organisation, or of the only one there is; and its zone.
fn clock_of(loaded: &Loaded, queue: Option<&QueueId>) -> Result<(Hours, String), Failure> {
    let organisations = &loaded.directory.organisations;
    let organisation = match queue {
        Some(queue) => organisations.get(&queue.org()),
        None => organisations
            .values()
            .next()
            .filter(|_| organisations.len() == 1),
    };
    let zone = organisation.and_then(|it| it.ways.zone.as_deref());
    let zone = zone.unwrap_or(ZONE);
    let clock = Hours::new(zone).map_err(|unknown| Failure::new(unknown.to_string()))?;
    Ok((clock, zone.to_owned()))
}

/// A report that is being made.
struct Report<'c> {
    clock: &'c Hours,
    /// Beginnings of intervals, and so ends of those before them.
    ends_ms: Vec<u64>,
    queues: Vec<FiguresRow>,
    sums: BTreeMap<QueueId, Line>,
    agents: BTreeMap<UserId, AgentLine>,
}

impl Report<'_> {
    fn add(
        &mut self,
        start_ms: u64,
        interval: &Interval,
        is_asked: impl Fn(&QueueId) -> bool,
        is_his: impl Fn(&UserId) -> bool,
    ) {
        let after = self.ends_ms.partition_point(|end| *end <= start_ms);
        let end_ms = self.ends_ms.get(after).copied().unwrap_or(start_ms);
        for (id, line) in interval.queues.iter().filter(|(id, _)| is_asked(id)) {
            let (from, to) = (self.written(start_ms), self.written(end_ms));
            self.queues.push(figures_row(id, line, from, to));
            self.sums.entry(id.clone()).or_default().add(line);
        }
        for (id, line) in interval.agents.iter().filter(|(id, _)| is_his(id)) {
            self.agents.entry(id.clone()).or_default().add(line);
        }
    }

    fn document(self, zone: String) -> FiguresReport {
        let bound = |moment: Option<&u64>| moment.map_or_else(String::new, |at| self.written(*at));
        let (from, to) = (bound(self.ends_ms.first()), bound(self.ends_ms.last()));
        let sums = self.sums.iter();
        let sums = sums.map(|(id, line)| figures_row(id, line, from.clone(), to.clone()));
        FiguresReport {
            zone,
            sums: sums.collect(),
            agents: self.agents.iter().map(agent_row).collect(),
            from,
            to,
            queues: self.queues,
            lacking: Vec::new(),
        }
    }

    fn written(&self, utc_ms: u64) -> String {
        let seconds = i64::try_from(utc_ms / 1_000).unwrap_or(i64::MAX);
        self.clock.written(seconds)
    }
}

/// What a queue came to between these moments.
pub(crate) fn figures_row(id: &QueueId, line: &Line, from: String, to: String) -> FiguresRow {
    let totals = line.tally.totals;
    let bounds = WAIT_BOUNDS_S.iter().map(|bound| Some(*bound)).chain([None]);
    let mean = |sum_ms: u64| sum_ms.checked_div(line.handled).map(seconds);
    FiguresRow {
        from,
        to,
        queue: id.clone(),
        entered: totals.entered,
        answered: totals.connected,
        abandoned: totals.abandoned,
        abandoned_soon: line.abandoned_soon,
        overflowed: totals.overflowed,
        sent_on: totals.sent_on,
        called_back: totals.called_back,
        failed: totals.failed + totals.shut_down + totals.expelled,
        restarted: totals.restarted,
        waiting: totals.waiting(),
        refused: totals.refused,
        service_level: line.service_level(),
        mean_wait_s: line.mean_wait_ms().map(seconds),
        wait_p90_s: line.wait_within_ms(90).map(seconds),
        longest_wait_s: seconds(line.longest_ms),
        handled: line.handled,
        cut_off: line.cut_off,
        mean_talk_s: mean(line.talk_ms),
        mean_wrap_up_s: mean(line.wrap_up_ms),
        mean_handling_s: line.mean_handling_ms().map(seconds),
        forecast: forecast_row(line.tally.forecast),
        waits: bounds.zip(line.waits).collect(),
        put_out: by_cause(&line.put_out, (line.keys > 0).then_some(("key", line.keys))),
        refused_by: by_cause(&line.refused, None),
    }
}

fn by_cause(
    counts: &BTreeMap<RefuseCause, u64>,
    more: Option<(&str, u64)>,
) -> BTreeMap<String, u64> {
    let counts = counts.iter().map(|(cause, many)| (label(*cause), *many));
    let all = counts.chain(more);
    all.map(|(cause, many)| (cause.to_owned(), many)).collect()
}

fn agent_row((agent, line): (&UserId, &AgentLine)) -> AgentFigures {
    AgentFigures {
        agent: agent.clone(),
        taken: line.totals.taken,
        missed: line.totals.missed,
        declined: line.totals.declined,
        device_errors: line.totals.device_errors,
        handled: line.handled,
        talk_s: line.talk_ms / 1_000,
        wrap_up_s: line.wrap_up_ms / 1_000,
    }
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}
