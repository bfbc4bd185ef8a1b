//! `kolapp simulate`: lives through a day with the queues and agents of a configuration, one that is made up or one
//! that a log tells of, and says what would have come of it. The room `sim` does it; here are files and words.

mod ways;

use crate::cli::SimulateArguments;
use crate::reload::Wrong;
use acd::Settings;
use base::QueueId;
use call::settings::Directory;
use config::Environment;
use sim::{
    Broken, Day, DayError, Figures, Lived, LogError, Plan, PlotError, Recording, Row, Traffic, Ways,
};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest log that is read: more than `sim::ROWS_MAX` rows take.
const LOG_BYTES_MAX: u64 = 1 << 30;

/// Longest file of a day.
const DAY_BYTES_MAX: u64 = 1 << 20;

/// After how many steps all that must hold in the engine is checked: seldom enough that a day of ten thousand
/// callers is lived through in less than a second, often enough that what is wrong does not stay unseen.
const CHECK_EVERY: u64 = 2_000;

/// Before then there were no queues of ours: the clock of a made-up day without a date begins in 1970.
const DATED_FROM: jiff::Timestamp = jiff::Timestamp::constant(365 * 86_400, 0);

/// The name of the run that is what a log tells.
const RECORDED: &str = "recorded";

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimulateError {
    #[error("{}", .0.lines().join("\n"))]
    Config(Wrong),
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{path}: expected at most {most} bytes")]
    TooLong { path: PathBuf, most: u64 },
    #[error("{path}: {error}")]
    Log { path: PathBuf, error: LogError },
    #[error("{path}: {error}")]
    DayFile { path: PathBuf, error: DayError },
    #[error(transparent)]
    Day(#[from] DayError),
    #[error("expected a queue of {dir}, got {name}; it has {known}")]
    NoSuchQueue {
        dir: PathBuf,
        name: String,
        known: String,
    },
    #[error(
        "the queue engine did what it must never do; please report it with the configuration: {0}"
    )]
    Broken(#[from] Broken),
    #[error(transparent)]
    Plot(#[from] PlotError),
}

/// One configuration and what is to be lived through with it.
struct Run {
    name: String,
    settings: Settings,
    directory: Arc<Directory>,
}

/// Lives through the day and gives back what to print.
pub(crate) fn simulate(arguments: &SimulateArguments) -> Result<String, SimulateError> {
    let day = day(arguments)?;
    let within = Duration::from_secs(arguments.within.into());
    let dirs = arguments.beside.iter().chain([&arguments.config.config]);
    let runs = dirs.map(|dir| run(dir, arguments));
    let runs = runs.collect::<Result<Vec<Run>, SimulateError>>()?;
    let recording = match &arguments.from_log {
        Some(path) => Some(recording(path, arguments, &runs)?),
        None => None,
    };
    let mut named = Vec::new();
    if let Some(recording) = &recording {
        let recorded = Figures::of(recording.rows(), within);
        named.push((RECORDED.to_owned(), recorded));
    }
    let (mut last, mut called_back) = (None, Vec::new());
    for run in &runs {
        let (traffic, ways) = match &recording {
            Some(recording) => {
                let traffic = Traffic::of_log(recording, &run.settings, &day, arguments.seed);
                let ways = run.ways(&traffic);
                (traffic, ways)
            }
            None => run.of_day(&day, arguments.seed)?,
        };
        let lived = live(run, &traffic, &ways, &day, arguments.seed)?;
        named.push((run.name.clone(), Figures::of(&lived.rows, within)));
        called_back.push((run.name.clone(), lived.callbacks));
        last = Some((traffic.origin, lived.rows));
    }
    // The last run is that of `--config`; all have the same origin.
    if let Some((origin, rows)) = last {
        if let Some(path) = &arguments.log {
            write_log(path, &rows, origin)?;
        }
        if let Some(path) = &arguments.plot {
            let svg = sim::plot(&named, origin)?;
            std::fs::write(path, svg).map_err(|error| of(path, error))?;
        }
    }
    Ok(sim::table(&named, within) + &sim::callbacks_table(&called_back))
}

impl Run {
    /// When its queues are shut while the traffic comes, and where they lead. A log of a day that nobody dated has none.
    fn ways(&self, traffic: &Traffic) -> Ways {
        if traffic.origin < DATED_FROM {
            return ways::led(&self.directory, &self.settings);
        }
        ways::ways(
            &self.directory,
            &self.settings,
            traffic.origin,
            traffic.closes,
        )
    }

    /// The traffic of a made-up day, which has opening hours where it says which day it is.
    fn of_day(&self, day: &Day, seed: u64) -> Result<(Traffic, Ways), DayError> {
        let mut traffic = Traffic::of_day(&self.settings, day, seed)?;
        let ways = match day.date {
            Some(date) => {
                traffic.origin = ways::midnight(&self.directory, &self.settings, date);
                self.ways(&traffic)
            }
            None => ways::led(&self.directory, &self.settings),
        };
        Ok((traffic, ways))
    }
}

/// What is supposed of the day: the file, and what the command line says beyond it.
fn day(arguments: &SimulateArguments) -> Result<Day, SimulateError> {
    let mut day = match &arguments.day {
        Some(path) => Day::read(&text(path, DAY_BYTES_MAX)?).map_err(|error| {
            let path = path.clone();
            SimulateError::DayFile { path, error }
        })?,
        None => Day::default(),
    };
    if arguments.calls.is_some() {
        day.calls = arguments.calls;
    }
    if arguments.date.is_some() {
        day.date = arguments.date;
    }
    day.check()?;
    Ok(day)
}

fn run(dir: &Path, arguments: &SimulateArguments) -> Result<Run, SimulateError> {
    let loaded = config::load(dir, &Environment::from_process());
    let loaded = loaded.map_err(|errors| SimulateError::Config(Wrong::Config(errors)))?;
    let mut settings = Settings::clone(&loaded.acd);
    if let Some(name) = &arguments.queue {
        settings = sim::only(&settings, &queue_called(name, &settings, dir)?);
    }
    if let Some(many) = arguments.agents {
        settings = sim::with_agents(&settings, many);
    }
    let name = dir.display().to_string();
    let directory = loaded.directory;
    Ok(Run {
        name,
        settings,
        directory,
    })
}

/// By its whole name, or by that within an organisation where only one has it.
fn queue_called(name: &str, settings: &Settings, dir: &Path) -> Result<QueueId, SimulateError> {
    let called = |id: &&QueueId| id.as_str() == name || id.name() == name;
    let mut found = settings.queues.keys().filter(called);
    match (found.next(), found.next()) {
        (Some(queue), None) => Ok(queue.clone()),
        _ => {
            let known: Vec<&str> = settings.queues.keys().map(QueueId::as_str).collect();
            Err(SimulateError::NoSuchQueue {
                dir: dir.to_owned(),
                name: name.to_owned(),
                known: known.join(", "),
            })
        }
    }
}

fn recording(
    path: &Path,
    arguments: &SimulateArguments,
    runs: &[Run],
) -> Result<Recording, SimulateError> {
    let wrong = |error| {
        let path = path.to_owned();
        SimulateError::Log { path, error }
    };
    let recording = Recording::read(&text(path, LOG_BYTES_MAX)?).map_err(wrong)?;
    let only = runs.last().filter(|_| arguments.queue.is_some());
    let recording = match only.and_then(|run| run.settings.queues.keys().next()) {
        Some(queue) => recording.only(queue).map_err(wrong)?,
        None => recording,
    };
    // Who was at work says nothing of as many as are asked for.
    Ok(match arguments.agents {
        Some(_) => recording.without_duties(),
        None => recording,
    })
}

/// Tells on standard error how fast it went, which differs from run to run.
fn live(
    run: &Run,
    traffic: &Traffic,
    ways: &Ways,
    day: &Day,
    seed: u64,
) -> Result<Lived, SimulateError> {
    let began = Instant::now();
    let lived = sim::live(Plan {
        settings: &run.settings,
        ways,
        traffic,
        habits: day.habits,
        faults: day.faults,
        seed,
        check_every: CHECK_EVERY,
    })?;
    let took = began.elapsed();
    let first = traffic
        .attempts
        .first()
        .map_or(base::Time::ZERO, |first| first.at);
    let ratio = (traffic.closes - first).as_secs_f64() / took.as_secs_f64().max(1e-6);
    eprintln!(
        "{}: {} callers, {} steps in {:.3} s, {ratio:.0} times as fast as the clock (seed {seed})",
        run.name,
        traffic.attempts.len(),
        lived.steps,
        took.as_secs_f64(),
    );
    Ok(lived)
}

fn write_log(path: &Path, rows: &[Row], origin: jiff::Timestamp) -> Result<(), SimulateError> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        for row in rows {
            writeln!(file, "{}", row.line(origin))?;
        }
        file.flush()
    };
    write().map_err(|error| of(path, error))
}

fn text(path: &Path, most: u64) -> Result<String, SimulateError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_string(&mut text));
    match read {
        Ok(length) if length as u64 > most => Err(SimulateError::TooLong {
            path: path.to_owned(),
            most,
        }),
        Ok(_) => Ok(text),
        Err(error) => Err(of(path, error)),
    }
}

fn of(path: &Path, error: io::Error) -> SimulateError {
    let path = path.to_owned();
    SimulateError::File { path, error }
}
