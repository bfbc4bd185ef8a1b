//! Figures as a fold over facts: what single calls add up to, and that they agree with the engine's own counts and
//! with the log of the same day. Random worlds hold them to the engine at every step (`worlds.rs`).

use crate::floor::{Floor, agent, queue, queue_of, secs, settings};
use acd::{
    Cut, Engine, Fact, Figures, Input, LeaveCause, Line, OfferEnd, QUARTER_MS, QUARTERS_KEPT,
    RefuseCause, Stamped, Step,
};
use base::Time;
use sim::{Day, Plan, Row, Traffic, Ways};
use std::time::Duration;

/// Midnight, on some day.
const ZERO_MS: i64 = 1_795_824_000_000;

fn counted(floor: &Floor) -> Figures {
    let mut figures = Figures::new(Cut::Quarters, ZERO_MS);
    for fact in &floor.facts {
        figures.hear(fact);
    }
    figures
}

fn line_of(figures: &Figures, quarter: u64) -> Line {
    let start = ZERO_MS as u64 + quarter * QUARTER_MS;
    let mut intervals = figures.intervals();
    let found = intervals.find(|(at, _)| *at == start);
    let line = found.and_then(|(_, it)| it.queues.get(&queue("support")));
    line.cloned().unwrap_or_default()
}

/// Of all intervals.
fn whole(figures: &Figures, name: &base::QueueId) -> Line {
    let mut whole = Line::default();
    for (_, interval) in figures.intervals() {
        if let Some(line) = interval.queues.get(name) {
            whole.add(line);
        }
    }
    whole
}

#[test]
fn each_caller_counts_in_the_quarter_in_which_he_came_with_all_that_became_of_him() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.log_in("anna", control::Queues::All).0.unwrap();
    floor.pass(secs(15 * 60 - 30) - secs(1));
    // Came half a minute before the quarter's end, is answered in the next, and talks for a minute.
    floor.join(1, "support");
    floor.pass(secs(12));
    floor.answered(1);
    floor.pass(secs(60));
    floor.hung_up(1);
    floor.pass(secs(4));
    let command = control::AgentCommand::EndWrapUp {
        agent: agent("anna"),
    };
    floor.command(command).0.unwrap();
    let line = line_of(&counted(&floor), 0);
    assert_eq!(
        (line.tally.totals.entered, line.tally.totals.connected),
        (1, 1)
    );
    assert_eq!((line.within, line.service_level()), (1, Some(1.0)));
    assert_eq!(line.mean_wait_ms(), Some(12_000));
    assert_eq!(
        (line.handled, line.talk_ms, line.wrap_up_ms),
        (1, 60_000, 4_000)
    );
    assert_eq!(line.wait_within_ms(90), Some(12_000));
    assert_eq!(line_of(&counted(&floor), 1), Line::default());
}

#[test]
fn who_hangs_up_at_once_does_not_count_against_the_service_level_and_who_waits_too_long_does() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.log_out("anna", control::Queues::All).0.unwrap();
    for (number, waits) in [(1, 4), (2, 5), (3, 90)] {
        floor.join(number, "support");
        floor.pass(secs(waits));
        floor.leave(number);
    }
    floor.log_in("anna", control::Queues::All).0.unwrap();
    floor.join(4, "support");
    floor.pass(secs(3));
    floor.ended(1, OfferEnd::NoAnswer);
    floor.pass(secs(18));
    floor.answered(2);
    let figures = counted(&floor);
    let line = line_of(&figures, 0);
    let totals = line.tally.totals;
    assert_eq!((totals.entered, totals.abandoned), (4, 3));
    assert_eq!((line.abandoned_soon, line.within), (1, 0));
    assert_eq!(line.service_level(), Some(0.0));
    assert_eq!(line.longest_ms, 90_000);
    let (_, interval) = figures.intervals().next().unwrap();
    let anna = interval.agents[&agent("anna")].totals;
    assert_eq!((anna.taken, anna.missed), (1, 1));
}

// Changes: queues.service_level, queues.short_abandon
#[test]
fn waits_are_judged_as_the_queue_is_set() {
    let mut support = queue_of(&["anna"]);
    support.judged = acd::Yardstick {
        within: secs(60),
        soon: secs(10),
    };
    let mut floor = Floor::open(settings(&[("support", support)]));
    floor.log_out("anna", control::Queues::All).0.unwrap();
    floor.join(1, "support");
    floor.pass(secs(9));
    floor.leave(1);
    floor.join(2, "support");
    floor.pass(secs(50));
    floor.log_in("anna", control::Queues::All).0.unwrap();
    floor.answered(1);
    let line = line_of(&counted(&floor), 0);
    assert_eq!((line.abandoned_soon, line.within), (1, 1));
    assert_eq!(line.service_level(), Some(1.0));
}

#[test]
fn causes_are_told_apart() {
    let mut support = queue_of(&["anna"]);
    support.waiting_max = 1;
    support.exits.after = Some(secs(60));
    let mut floor = Floor::open(settings(&[("support", support)]));
    floor.join(1, "support");
    floor.join(2, "support");
    floor.pass(secs(60));
    floor.join(3, "support");
    floor.give(Input::Leave {
        call: crate::floor::call(3),
        cause: LeaveCause::KeyPressed,
    });
    let line = line_of(&counted(&floor), 0);
    assert_eq!(line.put_out, [(RefuseCause::TimedOut, 1)].into());
    assert_eq!(line.refused, [(RefuseCause::Full, 1)].into());
    assert_eq!((line.keys, line.tally.totals.overflowed), (1, 2));
}

#[test]
fn whoever_was_there_when_the_process_ended_is_cut_off_and_all_who_entered_are_accounted_for() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna", "bosse"]))]));
    floor.log_in("anna", control::Queues::All).0.unwrap();
    floor.log_in("bosse", control::Queues::All).0.unwrap();
    for number in [1, 2, 3] {
        floor.join(number, "support");
    }
    floor.answered(1);
    floor.answered(2);
    floor.pass(secs(30));
    floor.hung_up(1);
    floor.pass(secs(2));
    // One works after a call, one talks, one waits.
    let mut figures = counted(&floor);
    let facts = figures.visits().cut_off();
    assert_eq!(facts.first(), Some(&Fact::ServerRestarted));
    assert_eq!(facts.len(), 4, "{facts:?}");
    figures.run_ended();
    let mut after = floor.facts.clone();
    for fact in facts {
        let (at, seq) = (floor.now, after.len() as u64);
        after.push(Stamped { at, seq, fact });
    }
    let line = line_of(&figures, 0);
    let totals = line.tally.totals;
    assert_eq!((totals.entered, totals.connected), (3, 2));
    assert_eq!((totals.restarted, totals.waiting()), (1, 0));
    assert_eq!((line.handled, line.cut_off), (1, 1));
    assert_eq!(figures.visits().cut_off(), [], "nobody twice");
    let snapshot = Engine::replay(&after).snapshot(floor.now);
    let row = &snapshot.queues[0];
    assert_eq!((row.waiting, row.offered, row.connected), (0, 0, 0));
}

#[test]
fn a_day_counted_from_facts_is_the_same_as_the_engines_counts_and_the_logs() {
    for seed in 0..4 {
        let settings = settings(&[
            ("support", queue_of(&["anna", "bosse", "cecilia"])),
            ("sales", queue_of(&["cecilia", "david"])),
        ]);
        let day = Day {
            calls: Some(400),
            ..Day::default()
        };
        let traffic = Traffic::of_day(&settings, &day, seed).unwrap();
        let plan = Plan {
            settings: &settings,
            traffic: &traffic,
            ways: &Ways::default(),
            habits: day.habits,
            faults: day.faults,
            seed,
            check_every: 0,
        };
        let mut figures = Figures::new(Cut::Quarters, ZERO_MS);
        let mut engine = Engine::default();
        let mut now = Time::ZERO;
        let lived = sim::live_before(plan, &mut |seen| {
            now = seen.now;
            engine = seen.engine.clone();
            seen.out.facts.iter().for_each(|fact| {
                figures.hear(fact);
            });
            Ok(())
        });
        let rows = lived.unwrap().rows;
        assert_eq!(figures.visits().count(), 0);
        for row in engine.snapshot(now).queues {
            let line = whole(&figures, &row.queue);
            assert_eq!(line.tally.totals, row.totals, "seed {seed}");
            assert_eq!(line.tally.forecast, row.forecast, "seed {seed}");
            let mut of_log = Line::default();
            let within = secs(20);
            let calls = rows.iter().filter_map(|it| match it {
                Row::Call(call) if call.queue == row.queue => Some(call),
                _ => None,
            });
            calls.for_each(|call| call.steps(within).for_each(|step| of_log.count(&step)));
            assert_eq!(
                (of_log.handled, of_log.talk_ms, of_log.wrap_up_ms),
                (line.handled, line.talk_ms, line.wrap_up_ms),
                "seed {seed}"
            );
            assert_eq!(of_log.waits, line.waits, "seed {seed}");
            assert_eq!(of_log.within, line.within, "seed {seed}");
        }
    }
}

#[test]
fn figures_of_several_processes_added_up_are_those_of_all_their_facts() {
    let day = |name: &str| {
        let mut floor = Floor::open(settings(&[(name, queue_of(&["anna"]))]));
        floor.join(1, name);
        floor.pass(secs(9));
        floor.leave(1);
        floor.facts
    };
    let (first, second) = (day("support"), day("sales"));
    let later = ZERO_MS + 600_000;
    let of = |facts: &[Stamped], zero_ms| {
        let mut figures = Figures::new(Cut::Quarters, zero_ms);
        facts.iter().for_each(|fact| {
            figures.hear(fact);
        });
        figures
    };
    let mut whole = of(&first, ZERO_MS);
    let gap = Duration::from_millis((later - ZERO_MS) as u64);
    for fact in &second {
        let mut fact = fact.clone();
        fact.at += gap;
        whole.hear(&fact);
    }
    let mut latest = of(&second, later);
    latest.add(&of(&first, ZERO_MS));
    assert!(latest.intervals().eq(whole.intervals()));
    let (_, interval) = latest.intervals().next().unwrap();
    assert_eq!(interval.queues.len(), 2);
}

#[test]
fn the_oldest_quarters_are_forgotten_and_what_is_not_asked_for_does_not_count() {
    let refused = |at: Time| Stamped {
        at,
        seq: 0,
        fact: Fact::Refused {
            call: crate::floor::call(1),
            queue: queue("support"),
            cause: RefuseCause::Full,
        },
    };
    let quarter = Duration::from_millis(QUARTER_MS);
    let mut figures = Figures::new(Cut::Quarters, ZERO_MS);
    let mut picked = Figures::new(
        Cut::At(vec![
            ZERO_MS as u64 + QUARTER_MS,
            ZERO_MS as u64 + 2 * QUARTER_MS,
            ZERO_MS as u64 + 4 * QUARTER_MS,
        ]),
        ZERO_MS,
    );
    let many = QUARTERS_KEPT as u32 + 3;
    for number in 0..many {
        let told = figures
            .hear(&refused(Time::ZERO + quarter * number))
            .unwrap();
        assert_eq!(told.step, Step::Refused(Some(RefuseCause::Full)));
        picked.hear(&refused(Time::ZERO + quarter * number));
    }
    assert_eq!(figures.intervals().count(), QUARTERS_KEPT);
    assert_eq!(figures.forgotten(), Some(ZERO_MS as u64 + 2 * QUARTER_MS));
    // What is heard late of one that was forgotten doesn't bring it back in part, nor push out another.
    figures.hear(&refused(Time::ZERO + quarter * 2));
    let first = figures.intervals().next().map(|(start, _)| start);
    assert_eq!(first, Some(ZERO_MS as u64 + 3 * QUARTER_MS));
    assert_eq!(figures.intervals().count(), QUARTERS_KEPT);
    let counts: Vec<u64> = picked
        .intervals()
        .map(|(_, it)| it.queues[&queue("support")].tally.totals.refused)
        .collect();
    assert_eq!(counts, [1, 2]);
    let last = ZERO_MS as u64 + u64::from(many - 4) * QUARTER_MS;
    let moments = [last, last + 3 * QUARTER_MS, last + 4 * QUARTER_MS];
    let cut = figures.cut_at(&moments, last + QUARTER_MS);
    let counts: Vec<u64> = cut
        .values()
        .map(|it| it.queues[&queue("support")].tally.totals.refused)
        .collect();
    assert_eq!(counts, [2, 1]);
}

#[test]
fn a_queue_that_there_is_not_has_no_line() {
    let mut floor = Floor::open(settings(&[("support", queue_of(&["anna"]))]));
    floor.join(1, "nonsense");
    assert!(
        counted(&floor)
            .intervals()
            .all(|(_, it)| it.queues.is_empty())
    );
}
