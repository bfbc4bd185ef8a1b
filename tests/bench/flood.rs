//! R8: calls while somebody floods, from one address and from fifty.

use crate::signalling::with_devices_on;
use crate::{Cost, Extent, Row, millis};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tests::flood::Flood;
use tests::load::calls::{Plan, Route};
use tests::load::{self, office};
use tests::process;

/// Devices that are called.
const DEVICES: usize = 100;

/// Calls a second: an office that is busy, while it is flooded.
const CALLS_PER_SECOND: f64 = 50.0;

/// When nothing of the flood may be left.
const TRANSACTIONS_END: Duration = Duration::from_secs(64);

pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let one = vec!["127.0.0.90".to_owned()];
    let fifty = (100..150).map(|n| format!("127.0.0.{n}")).collect();
    [("one address", one), ("fifty addresses", fifty)]
        .into_iter()
        .map(|(name, sources): (_, Vec<String>)| row(name, &sources, extent))
        .collect()
}

fn row(name: &str, sources: &[String], extent: Extent) -> Row {
    let setup = office(DEVICES)
        .set_server("limits.loopback", "true")
        .set("trunks.provider.sources", "[\"127.0.0.1\"]");
    let route = Route::Trunk {
        number: load::number(0),
    };
    let (server, mut generator) = with_devices_on(setup, DEVICES, route);
    let seconds = extent.choose(5.0, 60.0);
    let plan = Plan {
        total: (CALLS_PER_SECOND * seconds) as usize,
        per_second: CALLS_PER_SECOND,
        hold: Some(Duration::from_millis(100)),
        ring: Duration::ZERO,
    };
    let memory = || process::resident_bytes(server.pid()) as f64 / 1e6;
    let before = memory();
    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (tally, cost) = Cost::of(&server, || {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut flood = Flood::from(sources, server.sip());
                while !stop.load(Ordering::Relaxed) {
                    sent.fetch_add(flood.burst(), Ordering::Relaxed);
                }
            });
            let tally = generator.run(&plan);
            stop.store(true, Ordering::Relaxed);
            tally
        })
    });
    let after = memory();
    // What a transaction takes is held for 64 s (RFC 3261 §17.2.1: Timer H, and J of UDP).
    let later = match extent {
        Extent::Quick => String::new(),
        Extent::Full => {
            std::thread::sleep(TRANSACTIONS_END);
            format!(", {:+.1} MB after 64 s", memory() - before)
        }
    };
    let figure = format!(
        "p95 {}, {} of {} failed, {:.0} requests/s, {:.0} % CPU, memory {:+.1} MB{later}",
        millis(tally.answer.percentile(95.0)),
        tally.started - tally.connected,
        tally.started,
        sent.load(Ordering::Relaxed) as f64 / cost.elapsed.as_secs_f64(),
        cost.percent(),
        after - before,
    );
    Row::new(
        format!("set-up under a flood from {name}"),
        figure,
        "p95 ≤ 20 ms, none failed, +≤ 50 MB, back after 64 s",
    )
}
