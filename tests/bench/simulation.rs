//! A day of ten thousand callers, lived through by the binary from its start to its end.

use crate::{Extent, Row};
use std::process::Command;
use std::time::{Duration, Instant};
use tests::server::{Setup, binary, finished};

/// From the first caller to the last.
const DAY: Duration = Duration::from_secs(9 * 3_600);

const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let setup = Setup::demo();
    let runs = extent.choose(3, 10);
    let best = (0..runs).map(|_| once(&setup)).min();
    let best = best.expect("one run or more");
    let ratio = DAY.as_secs_f64() / best.as_secs_f64();
    vec![Row::new(
        "simulate: a day of 10,000 callers, 100 agents",
        format!("{:.2} s, {ratio:.0} times the clock", best.as_secs_f64()),
        "≤ 1 s",
    )]
}

fn once(setup: &Setup) -> Duration {
    let mut command = Command::new(binary());
    command.arg("simulate").arg("--config").arg(setup.config());
    command.args(["--calls", "10000", "--agents", "100"]);
    let started = Instant::now();
    let output = finished(&mut command, LIMIT);
    assert!(output.status.success(), "{output:?}");
    started.elapsed()
}
