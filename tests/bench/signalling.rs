//! Signalling without media: the registrar, calls from the trunk straight to devices, calls through a queue. No RTP is
//! sent by either side, so what the server's media costs here is what it sends by itself.

use crate::{Cost, Extent, Row, millis, serve};
use std::net::SocketAddr;
use std::time::Duration;
use tests::load::calls::{Generator, Plan, Route, Tally};
use tests::load::registrations::{Nonces, register};
use tests::load::{self, Account, QUEUE_NUMBER, office};
use tests::peers::{Sipp, register_by_sipp};
use tests::process;
use tests::server::{Server, Setup};

/// Where nobody listens: descriptions must name an address, and no RTP is to be read.
const NOWHERE: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(
    std::net::Ipv4Addr::LOCALHOST,
    9,
));

pub(crate) fn registrar(extent: Extent) -> Vec<Row> {
    let accounts = Account::numbered(1_000);
    let server = serve(office(accounts.len()));
    let total = extent.choose(5_000, 50_000);
    let mut rows = Vec::new();
    for (nonces, name) in [
        (Nonces::Shared, "nonce used again"),
        (Nonces::Fresh, "challenged each time"),
    ] {
        let (tally, cost) = Cost::of(&server, || {
            register(server.sip(), &accounts, total, NOWHERE, nonces)
        });
        if tally.registered != total {
            rows.push(Row::new(
                format!("registrar, {name}"),
                format!("failed: {}", brief(&tally)),
                "",
            ));
            continue;
        }
        let figure = format!(
            "{:.0} /CPU s ({:.0} /s, {} challenges)",
            total as f64 / cost.cpu.as_secs_f64(),
            total as f64 / cost.elapsed.as_secs_f64(),
            tally.challenges
        );
        rows.push(Row::new(
            format!("digest REGISTER per CPU s, {name}"),
            figure,
            "≥ 70,000",
        ));
    }
    rows
}

fn brief(tally: &load::registrations::Tally) -> String {
    format!(
        "{} registered, {} lost, refused {:?}",
        tally.registered, tally.lost, tally.refused
    )
}

/// A server with devices that are registered and answer.
fn with_devices(count: usize, route: Route) -> (Server, Generator) {
    with_devices_on(office(count), count, route)
}

/// The same on a server of one's own.
pub(crate) fn with_devices_on(setup: Setup, count: usize, route: Route) -> (Server, Generator) {
    let server = serve(setup);
    let generator = Generator::new(server.sip(), route, NOWHERE);
    let tally = register(
        server.sip(),
        &Account::numbered(count),
        count,
        generator.contact(),
        Nonces::Fresh,
    );
    assert_eq!(tally.registered, count, "{}", brief(&tally));
    (server, generator)
}

pub(crate) fn direct(extent: Extent) -> Vec<Row> {
    let (server, mut generator) = with_devices(
        100,
        Route::Trunk {
            number: load::number(0),
        },
    );
    let mut rows = Vec::new();
    let mut measure = |per_second: f64, seconds: f64, hold: Duration| {
        let total = (per_second * seconds) as usize;
        let plan = Plan {
            total,
            per_second,
            hold: Some(hold),
            ring: Duration::ZERO,
        };
        Cost::of(&server, || generator.run(&plan))
    };
    let hold = Duration::from_millis(100);
    let (tally, cost) = measure(200.0, extent.choose(5.0, 20.0), hold);
    rows.push(Row::new(
        "server CPU s per 1,000 bridged calls, no media, held 0.1 s",
        cost_of(&tally, cost),
        "≤ 0.3",
    ));
    let set_up = spread(&tally.answer);
    rows.push(Row::new(
        "  set-up at 200 calls/s, p50 and p99",
        set_up,
        "p99 ≤ 5 ms at 80 % of a core",
    ));
    if extent == Extent::Full {
        rows.extend(most(measure));
    }
    rows
}

/// Up a ladder of rates, each call held 3 s: the highest at which none fails, and what set-up takes and a call costs
/// where the server has a fifth of its core left.
fn most(mut measure: impl FnMut(f64, f64, Duration) -> (Tally, Cost)) -> Vec<Row> {
    let hold = Duration::from_secs(3);
    let mut best = String::from("none");
    let mut busy = String::from("not measured");
    for rate in [
        100.0, 200.0, 325.0, 500.0, 750.0, 1_000.0, 1_500.0, 2_000.0, 3_000.0, 4_000.0,
    ] {
        let (tally, cost) = measure(rate, 6.0, hold);
        if !whole(&tally) || tally.resent > tally.started / 100 {
            best = format!("{best}; at {rate:.0}: {}", trouble(&tally));
            break;
        }
        let set_up = millis(tally.answer.percentile(99.0));
        best = format!(
            "{rate:.0} ({:.0} % CPU, set-up p99 {set_up})",
            cost.percent()
        );
        if cost.percent() <= 80.0 {
            busy = format!("{set_up} at {rate:.0}/s; {}", cost_of(&tally, cost));
        }
    }
    vec![
        Row::new("calls/s with no failure, held 3 s", best, "≥ 3,000"),
        Row::new(
            "  set-up p99 at 80 % of the core or less; CPU s per 1,000 there",
            busy,
            "p99 ≤ 5 ms; ≤ 0.3",
        ),
    ]
}

pub(crate) fn queue(extent: Extent) -> Vec<Row> {
    let (server, mut generator) = with_devices(
        200,
        Route::Trunk {
            number: QUEUE_NUMBER.to_owned(),
        },
    );
    let seconds = extent.choose(5.0, 20.0);
    let hold = Duration::from_secs(1);
    let plan = Plan {
        total: (150.0 * seconds) as usize,
        per_second: 150.0,
        hold: Some(hold),
        ring: Duration::ZERO,
    };
    let (tally, cost) = Cost::of(&server, || generator.run(&plan));
    let mut rows = vec![
        Row::new(
            "server CPU s per 1,000 queued calls, held 1 s",
            cost_of(&tally, cost),
            "≤ 0.5",
        ),
        Row::new(
            "  caller's INVITE to agent's INVITE, 200 agents, 150/s, p50 and p99",
            spread(&tally.offer),
            "p99 ≤ 3 ms",
        ),
    ];
    if extent == Extent::Full {
        let plan = Plan {
            total: 15_000,
            per_second: 1_500.0,
            hold: Some(Duration::from_millis(50)),
            ring: Duration::ZERO,
        };
        let (tally, cost) = Cost::of(&server, || generator.run(&plan));
        rows.push(Row::new(
            "  the same at 1,500/s, held 0.05 s; CPU s per 1,000",
            format!("{}; {}", spread(&tally.offer), cost_of(&tally, cost)),
            "p99 ≤ 10 ms; ≤ 0.5",
        ));
    }
    drop(generator);
    drop(server);
    rows.push(refill(extent));
    rows.push(refill_of_many(extent));
    rows
}

/// Agents of the two rows below, each with calls of a second: 20 of them a second can be served.
const FEW: usize = 20;
/// Started a second until all wait.
const FILL_PER_SECOND: f64 = 2_000.0;

/// Many waiting for few agents, each of whom hangs up and is rung again.
fn refill(extent: Extent) -> Row {
    let route = Route::Trunk {
        number: QUEUE_NUMBER.to_owned(),
    };
    let (server, mut generator) = with_devices(FEW, route);
    let total = extent.choose(200, 500);
    let plan = Plan {
        total,
        per_second: FILL_PER_SECOND,
        hold: Some(Duration::from_secs(1)),
        ring: Duration::ZERO,
    };
    let tally = generator.run(&plan);
    server.wait_idle(Duration::from_secs(10));
    let connected = tally.connected;
    refilled(&format!("{total} waiting"), &tally, connected)
}

/// As many as a server is to bear; here nobody hears music, for which one core has no room.
const MANY: usize = 10_000;
/// Descriptors that a server needs beside two for each caller who waits.
const OTHER_DESCRIPTORS: usize = 600;

/// The same beside ten thousand who wait all the while, or as many as there are descriptors for.
fn refill_of_many(extent: Extent) -> Row {
    let descriptors = process::descriptors_max().saturating_sub(OTHER_DESCRIPTORS);
    let many = MANY.min(descriptors / 2);
    let server = serve(office(FEW));
    let route = Route::Trunk {
        number: QUEUE_NUMBER.to_owned(),
    };
    let mut generator = Generator::new(server.sip(), route, NOWHERE).on_hold();
    let mut plan = Plan {
        total: many,
        per_second: FILL_PER_SECOND,
        hold: None,
        ring: Duration::ZERO,
    };
    let filled = generator.run(&plan);
    let what = format!("{many} waiting on hold");
    if filled.answered != many {
        let figure = format!(
            "failed: {} of {many} came in, {}",
            filled.answered,
            trouble(&filled)
        );
        return Row::new(what, figure, "");
    }
    let accounts = Account::numbered(FEW);
    register(
        server.sip(),
        &accounts,
        FEW,
        generator.contact(),
        Nonces::Fresh,
    );
    (plan.total, plan.hold) = (0, Some(Duration::from_secs(1)));
    let served = FEW * extent.choose(5, 20);
    let tally = generator.run_until(&plan, served);
    refilled(&what, &tally, tally.ended)
}

fn refilled(waiting: &str, tally: &Tally, served: usize) -> Row {
    let per_second = served as f64 / tally.elapsed.as_secs_f64();
    let (refill, overtaken) = (spread(&tally.refill), tally.overtaken);
    Row::new(
        format!("agent free to next INVITE, {FEW} agents, {waiting}, p50 and p99"),
        format!("{refill}, {per_second:.2}/s of {FEW}/s served, {overtaken} out of order"),
        "p99 ≤ 3 ms; ≥ 19.8/s; none",
    )
}

pub(crate) fn sipp(extent: Extent) -> Vec<Row> {
    let server = serve(Setup::demo().set("queues.support.wrap_up", "\"0s\""));
    register_by_sipp(&server, &["anna", "bosse", "cecilia", "david"], 2);
    let calls = extent.choose(100, 400);
    let agents = Sipp::new(&server, "agent_hangs_up")
        .port(2)
        .calls(calls)
        .pause(Duration::from_millis(20))
        .start();
    let callers = Sipp::new(&server, "caller_is_hung_up_on")
        .port(1)
        .key("number", "+46850001000");
    let ((), cost) = Cost::of(&server, || {
        callers.calls(calls).per_second(50).run();
        agents.expect_success();
    });
    let figure = format!(
        "{:.3} CPU s per 1,000 ({calls} calls at {:.0}/s)",
        cost.cpu.as_secs_f64() * 1_000.0 / f64::from(calls),
        f64::from(calls) / cost.elapsed.as_secs_f64()
    );
    vec![Row::new(
        "queued calls driven by SIPp, 4 agents",
        figure,
        "≤ 0.5",
    )]
}

fn whole(tally: &Tally) -> bool {
    tally.connected == tally.started && tally.ended == tally.started
}

fn trouble(tally: &Tally) -> String {
    format!(
        "{} of {} connected, {} lost, {} resent, refused {:?}",
        tally.connected, tally.started, tally.lost, tally.resent, tally.refused
    )
}

fn cost_of(tally: &Tally, cost: Cost) -> String {
    if !whole(tally) {
        return format!("failed: {}", trouble(tally));
    }
    let per_thousand = cost.cpu.as_secs_f64() * 1_000.0 / tally.connected as f64;
    format!(
        "{per_thousand:.3} ({} calls, {:.0} % of the core)",
        tally.connected,
        cost.percent()
    )
}

fn spread(spread: &load::Spread) -> String {
    if spread.is_empty() {
        return "not measured".to_owned();
    }
    format!(
        "{} and {}",
        millis(spread.percentile(50.0)),
        millis(spread.percentile(99.0))
    )
}
