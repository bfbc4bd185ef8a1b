//! Media: bridged calls with RTP both ways, callers who hear prompts and music, memory.

use crate::{Cost, Extent, Row, millis, serve};
use std::time::Duration;
use tests::load::calls::{Generator, Plan, Route};
use tests::load::registrations::{Nonces, register};
use tests::load::streams::{Streams, Traffic};
use tests::load::{self, Account, QUEUE_NUMBER, office};
use tests::process;
use tests::rtp::PACKET;

pub(crate) fn bridge(extent: Extent) -> Vec<Row> {
    let calls = extent.choose(100, 200);
    let server = serve(office(1));
    let mut streams = Streams::default();
    let mut generator = Generator::new(
        server.sip(),
        Route::Trunk {
            number: load::number(0),
        },
        streams.local(),
    );
    register(
        server.sip(),
        &Account::numbered(1),
        1,
        generator.contact(),
        Nonces::Fresh,
    );
    let plan = |total| Plan {
        total,
        per_second: 100.0,
        hold: None,
        ring: Duration::ZERO,
    };
    // What the first calls allocate once for all is no call's own.
    generator.run(&plan(10));
    let before = process::resident_bytes(server.pid());
    let tally = generator.run(&plan(calls));
    let memory = process::resident_bytes(server.pid()).saturating_sub(before);
    assert_eq!(tally.connected, calls, "{tally:?}");
    for leg in std::mem::take(&mut generator.legs) {
        streams.add(leg);
    }
    let standing = streams.len() / 2;
    // The server learns where each leg's packets come from.
    streams.run(Traffic::Both, Duration::from_secs(1));
    let span = Duration::from_secs(extent.choose(5, 20));
    let (mut tally, cost) = Cost::of(&server, || streams.run(Traffic::Both, span));
    streams.settle(&mut tally);
    // Since the start: what came before the server knew where from is among it.
    let refused = server.ctl(&["status"])["media"]["dropped"].clone();
    let lost = 100.0 * (1.0 - tally.passed as f64 / tally.sent.max(1) as f64);
    let rows = vec![
        Row::new(
            "bridged G.711 calls: % of a core per 100",
            format!(
                "{:.2} ({standing} calls)",
                cost.percent() * 100.0 / standing as f64
            ),
            "≤ 5.2",
        ),
        Row::new(
            "  packets lost",
            format!(
                "{lost:.3} % of {} ({} refused by the server)",
                tally.sent, refused
            ),
            "0",
        ),
        Row::new(
            "  added delay p50 and p99",
            format!(
                "{} and {} (own lateness ≤ {})",
                millis(tally.delay.percentile(50.0)),
                millis(tally.delay.percentile(99.0)),
                millis(tally.late)
            ),
            "p99 ≤ 2 ms",
        ),
        Row::new(
            "memory per bridged call",
            format!("{:.1} kB", memory as f64 / 1e3 / calls as f64),
            "≤ 25 kB",
        ),
    ];
    generator.hang_up_all();
    rows
}

pub(crate) fn playback(extent: Extent) -> Vec<Row> {
    let callers = extent.choose(100, 200);
    let server = serve(office(1));
    let mut streams = Streams::default();
    let mut generator = Generator::new(
        server.sip(),
        Route::Trunk {
            number: QUEUE_NUMBER.to_owned(),
        },
        streams.local(),
    );
    let plan = Plan {
        total: callers,
        per_second: 100.0,
        hold: None,
        ring: Duration::ZERO,
    };
    let tally = generator.run(&plan);
    assert_eq!(tally.answered, callers, "{tally:?}");
    for leg in std::mem::take(&mut generator.legs) {
        streams.add(leg);
    }
    let (tally, cost) = Cost::of(&server, || {
        streams.run(Traffic::Listen, Duration::from_secs(extent.choose(5, 20)))
    });
    let off = |percent: f64| {
        let mut off = load::Spread::default();
        tally
            .intervals
            .each()
            .for_each(|interval| off.push(interval.abs_diff(PACKET)));
        millis(off.percentile(percent))
    };
    let rows = vec![
        Row::new(
            "prompts and music: % of a core per 100 callers",
            format!(
                "{:.2} ({callers} callers)",
                cost.percent() * 100.0 / callers as f64
            ),
            "≤ 2.6",
        ),
        Row::new(
            "  packets 20 ms apart: 95 % and 99 % within",
            format!(
                "{} and {} ({:.1} % within 2 ms, {} gaps)",
                off(95.0),
                off(99.0),
                100.0 * tally.intervals.within(PACKET, Duration::from_millis(2)),
                tally.gaps
            ),
            "99 % within 2 ms",
        ),
    ];
    generator.hang_up_all();
    rows
}
