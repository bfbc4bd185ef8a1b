//! From the start of the process until `/healthz` says 200.

use crate::{Extent, Row, serve};
use std::fmt::Write as _;
use tests::server::Setup;

pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let runs = extent.choose(3, 10);
    let best = (0..runs)
        .map(|_| serve(Setup::demo()).started_in)
        .min()
        .expect("one run or more");
    let mut rows = vec![Row::new(
        "start to ready, demo",
        format!("{:.3} s", best.as_secs_f64()),
        "≤ 0.3 s",
    )];
    if extent == Extent::Full {
        let took = serve(large(1_000, 10_000)).started_in;
        let what = "start to ready, 1,000 queues and 10,000 users";
        rows.push(Row::new(
            what,
            format!("{:.2} s", took.as_secs_f64()),
            "≤ 2 s",
        ));
    }
    rows
}

fn large(queues: usize, users: usize) -> Setup {
    let mut text = String::new();
    for user in 0..users {
        let _ = write!(
            text,
            "[users.u{user}]\npassword = \"demo-{user}\"\nextension = \"{}\"\n",
            20_000 + user
        );
    }
    let each = users / queues;
    for queue in 0..queues {
        let members: Vec<String> = (0..each)
            .map(|index| format!("\"u{}\"", queue * each + index))
            .collect();
        let _ = write!(
            text,
            "[queues.q{queue}]\nmembers = [{}]\nlogged_in_at_start = true\n",
            members.join(", ")
        );
    }
    Setup::demo().add("large.toml", &text)
}
