//! The queue engine alone: decisions a second at three sizes, and how the cost of one grows with them. What is measured
//! is in `acd/benches/decisions.rs`; here it is run and read.

use crate::{Extent, Row};
use std::process::Command;

/// A column of its table, from the left.
const AGENTS: usize = 1;
const RATE: usize = 4;
const NANOSECONDS: usize = 5;

pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let rounds = extent.choose(20_000, 200_000);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["bench", "--locked", "--quiet", "--package", "acd"])
        .args(["--bench", "decisions", "--", "longest-idle"])
        .arg(format!("--rounds={rounds}"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).expect("a table of words and numbers");
    let sizes: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|line: &Vec<&str>| line.first() == Some(&"longest-idle"))
        .collect();
    let each = |size: &Vec<&str>| format!("{} ns at {}", size[NANOSECONDS], size[AGENTS]);
    let growth: Vec<String> = sizes.iter().map(each).collect();
    let largest = sizes.last().expect("three sizes");
    vec![
        Row::new(
            "queue engine alone, 10,000 agents, 1,000 queues, 100,000 waiting",
            format!("{} decisions/s", largest[RATE]),
            "≥ 500,000/s",
        ),
        Row::new(
            "one decision of it at 100, 1,000 and 10,000 agents, ten waiting for each",
            format!("{} agents", growth.join(", ")),
            "grows no faster than log n",
        ),
    ]
}
