//! `make bench`: what a call costs, as one table beside the figures to reach. The server runs alone on one CPU, the
//! load on the others; everything goes over loopback.

#![allow(
    clippy::unwrap_used,
    reason = "a measuring program tells of what it can't do by ending"
)]

mod engine;
mod flood;
mod half_open;
mod media;
mod signalling;
mod simulation;
mod start;

use clap::Parser;
use rustix::thread::{CpuSet, sched_setaffinity};
use std::time::{Duration, Instant};
use tests::process;
use tests::server::{Server, Setup};

/// The CPU that is the server's alone, where there are two or more.
const SERVER_CPU: usize = 0;

/// Measures a Kölapp built for release.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Arguments {
    /// Under a minute: fewer calls, shorter runs, no search for the limit
    #[arg(long)]
    quick: bool,
    /// Only rows of the parts named: start, registrar, signalling, queue, engine, flood, half-open, bridge, playback, sipp, simulate
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// Under a minute.
    Quick,
    /// Some minutes.
    Full,
}

impl Extent {
    fn choose<T>(self, quick: T, full: T) -> T {
        match self {
            Extent::Quick => quick,
            Extent::Full => full,
        }
    }
}

/// A row of the table.
#[derive(Debug)]
struct Row {
    what: String,
    figure: String,
    goal: &'static str,
}

impl Row {
    fn new(what: impl Into<String>, figure: impl Into<String>, goal: &'static str) -> Row {
        Row {
            what: what.into(),
            figure: figure.into(),
            goal,
        }
    }
}

type Part = (&'static str, fn(Extent) -> Vec<Row>);

const PARTS: [Part; 11] = [
    ("start", start::rows),
    ("registrar", signalling::registrar),
    ("signalling", signalling::direct),
    ("queue", signalling::queue),
    ("engine", engine::rows),
    ("flood", flood::rows),
    ("half-open", half_open::rows),
    ("bridge", media::bridge),
    ("playback", media::playback),
    ("sipp", signalling::sipp),
    ("simulate", simulation::rows),
];

fn main() {
    let arguments = Arguments::parse();
    let extent = if arguments.quick {
        Extent::Quick
    } else {
        Extent::Full
    };
    leave_the_servers_cpu();
    let mut rows = Vec::new();
    for (name, part) in PARTS {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            eprintln!("measuring: {name}");
            rows.extend(part(extent));
        }
    }
    print(&rows);
}

fn print(rows: &[Row]) {
    let width = |text: fn(&Row) -> &str, heading: &str| {
        rows.iter()
            .map(|row| text(row).chars().count())
            .max()
            .unwrap_or(0)
            .max(heading.chars().count())
    };
    let (what, figure, goal) = (
        width(|row| &row.what, "what"),
        width(|row| &row.figure, "here"),
        width(|row| row.goal, "goal"),
    );
    println!(
        "| {:what$} | {:figure$} | {:goal$} |",
        "what", "here", "goal"
    );
    println!(
        "|{}|{}|{}|",
        "-".repeat(what + 2),
        "-".repeat(figure + 2),
        "-".repeat(goal + 2)
    );
    for row in rows {
        println!(
            "| {:what$} | {:figure$} | {:goal$} |",
            row.what, row.figure, row.goal
        );
    }
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn leave_the_servers_cpu() {
    let count = cpus();
    if count < 2 {
        eprintln!("one CPU only: server and load share it, and figures say little");
        return;
    }
    let mut set = CpuSet::new();
    for cpu in (0..count).filter(|&cpu| cpu != SERVER_CPU) {
        set.set(cpu);
    }
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("the load can't be kept off the server's CPU: {error}");
    }
}

/// Ports for more calls than a test's thousand ports have room for, above those of all tests' servers: 3,000 calls/s held
/// 3 s need 36,000 and those that rest. Those that others hold are passed over.
const RTP_PORTS: &str = "31000-65535";

/// Says how many tasks share the signalling, where that is not the server's own choice.
const SHARD_TASKS: &str = "BENCH_SHARD_TASKS";

/// Starts a server on its CPU.
fn serve(mut setup: Setup) -> Server {
    if let Ok(tasks) = std::env::var(SHARD_TASKS) {
        setup = setup.set_server("shard_tasks", &tasks);
    }
    let setup = setup
        .set_server("limits.calls_max", "100000")
        .set_server("limits.invites_per_trunk", "1000000")
        .set_server("limits.early_calls_per_trunk", "100000")
        .set_server("limits.registers_per_user", "1000000")
        .env("KOLAPP_RTP_PORTS", RTP_PORTS);
    setup.on_cpu(SERVER_CPU).env("KOLAPP_LOG", "warn").start()
}

/// CPU time the server spends on something, and how long that took.
#[derive(Clone, Copy, Debug)]
struct Cost {
    cpu: Duration,
    elapsed: Duration,
}

impl Cost {
    fn of<T>(server: &Server, work: impl FnOnce() -> T) -> (T, Cost) {
        let (before, began) = (process::cpu_time(server.pid()), Instant::now());
        let result = work();
        let cost = Cost {
            cpu: process::cpu_time(server.pid()).saturating_sub(before),
            elapsed: began.elapsed(),
        };
        (result, cost)
    }

    /// Percent of a core.
    fn percent(self) -> f64 {
        100.0 * self.cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
