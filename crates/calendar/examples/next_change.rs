//! What it costs to find when hours change, at the worst: a calendar with as many events as a file may have, hours that
//! never open, and a quick-close within hours that never close. A caller at a closed queue is told when it opens, so the
//! task that carries his call does it. `cargo run --release -p calendar --example next_change`.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "it measures"
)]

use base::QueueId;
use calendar::{
    EVENTS_MAX, Effect, Hours, On, OwnDay, QuickClose, QuickCloses, Recurrence, Rule, Standing,
    Waiting, Way, read_events,
};
use std::fmt::Write;
use std::time::Instant;

/// 1 January 2027.
const NOW: i64 = 1_798_761_600;
const ROUNDS: u32 = 100;

fn main() {
    let begun = Instant::now();
    let (events, _) = read_events(calendar().as_bytes()).expect("it is written here");
    println!("{} events read in {:?}", events.len(), begun.elapsed());
    let begun = Instant::now();
    let mut off = always();
    let mut mixed = always();
    for event in events {
        off.import_days(event.days.clone(), OwnDay::default());
        mixed.import_days(event.days, OwnDay::default());
    }
    // Every day is one of somebody's own, by the last of all.
    off.import_days(
        Recurrence {
            every: 2,
            ..Recurrence::new(On::Daily)
        },
        OwnDay::default(),
    );
    off.add_days(
        Recurrence {
            lasts_days: 3,
            ..Recurrence::new(On::Daily)
        },
        OwnDay::default(),
    );
    println!("spread out twice in {:?}", begun.elapsed());
    measure("5,000 events, next change", || mixed.changes_after(NOW));
    measure("5,000 events, closed every day for 800 days", || {
        off.changes_after(NOW)
    });
    let never = Hours::new("Europe/Stockholm").expect("there is one");
    measure("no rule at all", || never.changes_after(NOW));
    let queue: QueueId = "demo/support".parse().expect("it is a name");
    let quick = QuickClose {
        id: 0,
        queues: vec![queue.clone()],
        from: NOW - 1,
        until: NOW + 300 * 86_400,
        effect: Effect::Close,
        message: None,
        waiting: Waiting::Stay,
        by: "".into(),
        way: Way::Command,
    };
    let (quick, _) = QuickCloses::default()
        .with(quick, NOW)
        .expect("it is yet to end");
    let hours = always();
    let standing = Standing {
        queue: &queue,
        hours: Some(&hours),
        quick: &quick,
    };
    measure("closed by hand for 300 days, else always open", || {
        standing.changes_after(NOW)
    });
}

fn measure(what: &str, mut next: impl FnMut() -> Option<i64>) {
    let begun = Instant::now();
    let mut found = None;
    for _ in 0..ROUNDS {
        found = std::hint::black_box(next());
    }
    let each = begun.elapsed() / ROUNDS;
    println!(
        "{what}: {each:?} each, in {:?} days",
        found.map(|at| (at - NOW) / 86_400)
    );
}

fn always() -> Hours {
    let mut hours = Hours::new("Europe/Stockholm").expect("there is one");
    hours.add_rule(Rule {
        days: Recurrence::new(On::Daily),
        hours: vec!["00:00-24:00".parse().expect("it is an interval")],
        written: "daily".into(),
    });
    hours
}

/// As many events as may be: each comes again, half of them a number of times, and lasts some days.
fn calendar() -> String {
    let mut text = String::from("BEGIN:VCALENDAR\n");
    for n in 0..EVENTS_MAX {
        let rule = match n % 4 {
            0 => "FREQ=YEARLY;INTERVAL=3;BYMONTH=12;BYMONTHDAY=24",
            1 => "FREQ=WEEKLY;INTERVAL=52;BYDAY=MO;COUNT=400",
            2 => "FREQ=MONTHLY;INTERVAL=11;BYDAY=-1FR;COUNT=400",
            _ => "FREQ=DAILY;INTERVAL=300",
        };
        let (month, day) = (n % 12 + 1, n % 28 + 1);
        let _ = write!(
            text,
            "BEGIN:VEVENT\nUID:{n}\nDTSTART;VALUE=DATE:2020{month:02}{day:02}\nDURATION:P2D\nRRULE:{rule}\nEND:VEVENT\n"
        );
    }
    text + "END:VCALENDAR\n"
}
