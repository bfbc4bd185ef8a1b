//! Whole days: the same seed twice, every policy, everything that goes wrong, logs that are lived again.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use acd::{
    AgentRules, AgentSettings, Applies, Asked, Counted, Deferral, Engine, Exits, Fact, Member,
    MissedLimit, Origin, Outcome, Policy, QueueKind, QueueSettings, RefuseCause, Settings,
    Sidelining, Widening,
};
use base::{OrgId, QueueId, UserId};
use sim::{
    CallRow, CalledBack, Day, End, Faults, Figures, Habits, Lived, Plan, Recording, Row, Shut,
    Spread, Traffic, Way, Ways,
};
use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(20);

const POLICIES: [Policy; 8] = [
    Policy::LongestIdle,
    Policy::Parallel(NonZeroU8::new(3).unwrap()),
    Policy::BySkill,
    Policy::RoundRobin,
    Policy::FewestCalls,
    Policy::Random,
    Policy::RingAll,
    Policy::FixedOrder,
];

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn org() -> OrgId {
    OrgId::new("demo").unwrap()
}

fn agent(number: usize) -> UserId {
    UserId::new(&org(), &format!("agent-{number:03}")).unwrap()
}

fn queue(name: &str) -> QueueId {
    QueueId::new(&org(), name).unwrap()
}

fn members(numbers: std::ops::Range<usize>) -> BTreeMap<UserId, Member> {
    let ranked = (0..).zip(numbers);
    let member = |rank| Member {
        rank,
        ..Member::default()
    };
    ranked
        .map(|(rank, number)| (agent(number), member(rank)))
        .collect()
}

fn queue_of(numbers: std::ops::Range<usize>, policy: Policy) -> QueueSettings {
    QueueSettings {
        kind: QueueKind::default(),
        members: members(numbers),
        policy,
        asked: Asked {
            requires: [("svenska".into(), 3)].into(),
            widen: vec![Widening {
                after: secs(30),
                requires: BTreeMap::new(),
            }],
        },
        weight: 5,
        ring: secs(15),
        wrap_up: secs(20),
        ageing: secs(300),
        waiting_max: 50,
        judged: acd::Yardstick::default(),
        deferral: Deferral {
            no_answer: secs(5),
            declined: secs(5),
            busy: secs(5),
            error: secs(20),
        },
        exits: Exits::default(),
        last_agent: None,
        callbacks: None,
    }
}

/// Two queues that share some of their agents; one agent in four does not speak the language.
fn settings(agents: usize, policy: Policy) -> Settings {
    let able = |number: usize| AgentSettings {
        skills: match number % 4 {
            0 => BTreeMap::new(),
            level => [("svenska".into(), level as u8 + 2)].into(),
        },
        ..AgentSettings::default()
    };
    let rules = AgentRules {
        missed: Some(MissedLimit {
            max: 2,
            counted: Counted::InARow,
            then: Sidelining::Pause,
        }),
        ..AgentRules::default()
    };
    Settings {
        queues: BTreeMap::from([
            (queue("support"), queue_of(0..agents * 3 / 4, policy)),
            (queue("sales"), queue_of(agents / 4..agents, policy)),
        ]),
        agents: (0..agents)
            .map(|number| (agent(number), able(number)))
            .collect(),
        rules: [(org(), rules)].into(),
        ..Settings::default()
    }
}

fn everything_wrong() -> Faults {
    Faults {
        vanishing: 40,
        errors: 0.05,
        unconfirmed: 0.1,
        reloads: 20,
        ..Faults::default()
    }
}

fn live(settings: &Settings, day: &Day, seed: u64, check_every: u64) -> Lived {
    let traffic = Traffic::of_day(settings, day, seed).unwrap();
    relive(settings, day, &traffic, seed, check_every)
}

fn relive(settings: &Settings, day: &Day, traffic: &Traffic, seed: u64, check_every: u64) -> Lived {
    by_ways(settings, &Ways::default(), day, traffic, seed, check_every)
}

fn by_ways(
    settings: &Settings,
    ways: &Ways,
    day: &Day,
    traffic: &Traffic,
    seed: u64,
    check_every: u64,
) -> Lived {
    let lived = sim::live(Plan {
        settings,
        ways,
        traffic,
        habits: day.habits,
        faults: day.faults,
        seed,
        check_every,
    });
    lived.unwrap_or_else(|broken| panic!("{broken}"))
}

fn table(lived: &Lived) -> String {
    let figures = Figures::of(&lived.rows, WITHIN);
    sim::table(&[("config".to_owned(), figures)], WITHIN)
}

#[test]
fn the_same_seed_gives_the_same_table_and_another_seed_another() {
    let settings = settings(8, Policy::LongestIdle);
    let day = Day {
        calls: Some(400),
        faults: everything_wrong(),
        ..Day::default()
    };
    let first = live(&settings, &day, 7, 0);
    assert_eq!(first, live(&settings, &day, 7, 0));
    assert_ne!(table(&first), table(&live(&settings, &day, 8, 0)));
}

#[test]
fn whatever_the_policy_all_that_must_hold_does_after_each_event_of_a_day_and_everything_resolves() {
    for policy in POLICIES {
        for seed in 0..4 {
            let day = Day {
                calls: Some(250),
                urgent: 0.1,
                faults: everything_wrong(),
                ..Day::default()
            };
            let mut settings = settings(7, policy);
            for queue in settings.queues.values_mut() {
                queue.exits = Exits {
                    after: Some(secs(600)),
                    none_reachable: Applies::Everybody,
                    ..Exits::default()
                };
            }
            let lived = live(&settings, &day, seed, 1);
            let figures = Figures::of(&lived.rows, WITHIN).all;
            assert!(figures.callers >= 250, "{policy:?}, seed {seed}");
            let gone = figures.answered + figures.abandoned + figures.elsewhere + figures.refused;
            assert_eq!(figures.callers, gone, "{policy:?}, seed {seed}");
            assert!(
                figures.answered > 100,
                "{policy:?}, seed {seed}: {figures:?}"
            );
        }
    }
}

#[test]
fn a_day_on_which_everything_goes_wrong_has_every_fault_and_its_facts_say_all_that_changed() {
    let settings = settings(7, Policy::Parallel(NonZeroU8::new(2).unwrap()));
    let mut day = Day {
        calls: Some(600),
        habits: Habits {
            misses: 0.3,
            ..Habits::default()
        },
        faults: everything_wrong(),
        ..Day::default()
    };
    // Agents go while callers still come: a queue that is removed then has nobody to serve them.
    day.shifts[0].to = sim::Clock::hour(14);
    let traffic = Traffic::of_day(&settings, &day, 2).unwrap();
    let mut replayed = Engine::new();
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let plan = Plan {
        settings: &settings,
        ways: &Ways::default(),
        traffic: &traffic,
        habits: day.habits,
        faults: day.faults,
        seed: 2,
        check_every: 1,
    };
    let lived = sim::live_before(plan, &mut |step| {
        for fact in &step.out.facts {
            replayed.apply(fact);
            *seen.entry(name_of(&fact.fact)).or_default() += 1;
        }
        match replayed == *step.engine {
            true => Ok(()),
            false => Err("the facts don't say all that changed".to_owned()),
        }
    });
    lived.unwrap();
    for fault in [
        "answered late",
        "configured",
        "device changed",
        "device error",
        "expelled",
        "lost",
        "missed",
        "put aside",
    ] {
        assert!(seen.contains_key(fault), "no {fault} in {seen:?}");
    }
}

/// A day on which many would rather be called back, in queues that give callbacks so many of a hundred turns.
fn called_back(percent: u8, faults: Faults, seed: u64) -> (Lived, [u32; 2]) {
    let mut settings = settings(8, Policy::LongestIdle);
    for queue in settings.queues.values_mut() {
        queue.callbacks = acd::Share::new(percent);
    }
    let day = Day {
        calls: Some(700),
        callbacks: CalledBack {
            share: 0.4,
            ..CalledBack::default()
        },
        faults,
        ..Day::default()
    };
    let traffic = Traffic::of_day(&settings, &day, seed).unwrap();
    let plan = Plan {
        settings: &settings,
        ways: &Ways::default(),
        traffic: &traffic,
        habits: day.habits,
        faults: day.faults,
        seed,
        check_every: 1,
    };
    // Turns that a caller and a callback both wanted, and whose they were.
    let (mut callers, mut callbacks, mut in_a_row) = (0, 0, BTreeMap::new());
    let lived = sim::live_before(plan, &mut |step| {
        for stamped in &step.out.facts {
            match &stamped.fact {
                Fact::TurnGiven { queue, .. } => {
                    callers += 1;
                    let row = in_a_row.entry(queue.clone()).or_insert(0_u32);
                    *row += 1;
                    // What was saved up of a share is gone where a reload changes it.
                    if faults.reloads == 0 && *row > 100 / u32::from(percent) {
                        return Err(format!("callbacks of {queue} starve"));
                    }
                }
                Fact::CallbackOffered {
                    queue,
                    balance: Some(_),
                    ..
                } => {
                    callbacks += 1;
                    in_a_row.remove(queue);
                }
                _ => {}
            }
        }
        Ok(())
    });
    let lived = lived.unwrap_or_else(|broken| panic!("{broken}"));
    (lived, [callers, callbacks])
}

#[test]
fn who_would_rather_be_called_back_is_in_the_order_in_which_all_came_and_neither_side_starves() {
    for percent in [10, 50] {
        let (mut of_callers, mut of_callbacks) = (0, 0);
        for seed in 0..4 {
            let (lived, [callers, callbacks]) = called_back(percent, Faults::default(), seed);
            let accepted = lived.callbacks.len();
            let made = lived.callbacks.iter().filter(|row| row.reached.is_some());
            assert!(accepted > 30, "seed {seed}: {accepted} accepted");
            assert!(
                made.count() * 10 > accepted * 8,
                "seed {seed}: most are called before the day is over"
            );
            (of_callers, of_callbacks) = (of_callers + callers, of_callbacks + callbacks);
            // Between two turns of one side the other has its own: the share is kept to within one turn of each queue.
            let turns = callers + callbacks;
            let due = turns * u32::from(percent) / 100;
            assert!(
                callbacks.abs_diff(due) <= 4,
                "{percent} %: {callbacks} of {turns}"
            );
            let figures = Figures::of(&lived.rows, WITHIN).all;
            assert!(figures.answered > 200, "{figures:?}");
            assert_eq!(
                figures.elsewhere as usize, accepted,
                "and each is counted once"
            );
            let table = sim::callbacks_table(&[("config".to_owned(), lived.callbacks)]);
            assert!(table.contains("demo/support"), "{table}");
        }
        assert!(
            of_callers > 10 && of_callbacks > 0,
            "{percent} %: {of_callers} and {of_callbacks} turns that both wanted"
        );
    }
}

#[test]
fn all_that_must_hold_does_where_devices_vanish_and_settings_change_under_callbacks() {
    for seed in 0..6 {
        let (lived, _) = called_back(50, everything_wrong(), seed);
        assert!(lived.callbacks.len() > 20, "seed {seed}");
        assert_eq!(lived, called_back(50, everything_wrong(), seed).0);
    }
}

#[test]
fn where_no_queue_gives_callbacks_to_its_agents_nobody_is_called_back() {
    let settings = settings(8, Policy::LongestIdle);
    let day = Day {
        calls: Some(300),
        callbacks: CalledBack {
            share: 1.0,
            ..CalledBack::default()
        },
        ..Day::default()
    };
    let lived = live(&settings, &day, 3, 1);
    assert_eq!(lived.callbacks, []);
    let nobody = Day {
        callbacks: CalledBack::default(),
        ..day
    };
    // The same callers come, whatever they would rather have.
    assert_eq!(lived.rows, live(&settings, &nobody, 3, 1).rows);
}

fn name_of(fact: &Fact) -> &'static str {
    match fact {
        Fact::AnsweredLate { .. } => "answered late",
        Fact::Configured { .. } => "configured",
        Fact::DeviceChanged { .. } => "device changed",
        Fact::OfferEnded {
            outcome: Outcome::DeviceError,
            ..
        } => "device error",
        Fact::OfferEnded {
            outcome: Outcome::Missed,
            ..
        } => "missed",
        Fact::Expelled { .. } => "expelled",
        Fact::OfferLost { .. } => "lost",
        Fact::Paused {
            by: Origin::MissedCalls(_),
            ..
        } => "put aside",
        _ => "other",
    }
}

#[test]
fn once_faults_stop_whoever_still_waits_is_answered() {
    const PATIENT: Spread = Spread::lognormal(Duration::from_secs(86_400), 0.0);
    for policy in POLICIES {
        let mut settings = settings(6, policy);
        for queue in settings.queues.values_mut() {
            queue.waiting_max = 1_000;
        }
        let mut day = Day {
            calls: Some(300),
            patience: PATIENT,
            faults: everything_wrong(),
            ..Day::default()
        };
        // They stay until the last caller is served.
        day.shifts[0].to = sim::Clock::hour(24);
        let lived = live(&settings, &day, 3, 1);
        let figures = Figures::of(&lived.rows, WITHIN).all;
        assert_eq!(figures.abandoned, 0, "{policy:?}");
        // A queue that was removed for a while took nobody in, and put out who waited.
        assert_eq!(
            figures.answered + figures.elsewhere + figures.refused,
            figures.callers
        );
        assert!(figures.answered > 150, "{policy:?}: {figures:?}");
    }
}

#[test]
fn a_day_of_ten_thousand_callers_and_a_hundred_agents_is_lived_through() {
    let settings = sim::with_agents(&settings(100, Policy::LongestIdle), 100);
    let day = Day {
        calls: Some(10_000),
        faults: everything_wrong(),
        ..Day::default()
    };
    let lived = live(&settings, &day, 1, 250);
    let figures = Figures::of(&lived.rows, WITHIN).all;
    assert!(figures.callers >= 10_000, "{figures:?}");
    assert!(figures.answered > 8_500, "{figures:?}");
}

#[test]
fn without_agents_everybody_hangs_up_and_with_enough_hardly_anybody_waits() {
    let day = Day {
        calls: Some(300),
        ..Day::default()
    };
    let none = sim::with_agents(&settings(8, Policy::LongestIdle), 0);
    let figures = Figures::of(&live(&none, &day, 1, 1).rows, WITHIN).all;
    assert_eq!(
        (figures.callers, figures.occupancy),
        (figures.abandoned, None)
    );

    let many = sim::with_agents(&settings(8, Policy::LongestIdle), 60);
    assert_eq!(many.agents.len(), 60);
    let figures = Figures::of(&live(&many, &day, 1, 1).rows, WITHIN).all;
    assert!(figures.service_level.unwrap() > 0.95, "{figures:?}");
    assert!(figures.occupancy.unwrap() < 0.2, "{figures:?}");
}

#[test]
fn one_queue_alone_has_its_own_members_and_callers() {
    let alone = sim::only(&settings(8, Policy::LongestIdle), &queue("sales"));
    assert_eq!(alone.agents.len(), 6);
    let figures = Figures::of(&live(&alone, &Day::default(), 1, 50).rows, WITHIN);
    assert_eq!(
        figures.queues.into_keys().collect::<Vec<_>>(),
        [queue("sales")]
    );
}

#[test]
fn a_log_lived_again_under_the_same_settings_comes_to_about_the_same() {
    let settings = settings(10, Policy::LongestIdle);
    let day = Day {
        calls: Some(1_500),
        ..Day::default()
    };
    let lived = live(&settings, &day, 11, 0);
    let recording = read_again(&lived);
    let recorded = Figures::of(recording.rows(), WITHIN).all;
    let traffic = Traffic::of_log(&recording, &settings, &day, 12);
    let again = Figures::of(&relive(&settings, &day, &traffic, 12, 100).rows, WITHIN).all;
    assert_eq!(recorded.callers, again.callers);
    let close = |a: f64, b: f64, by: f64| (a - b).abs() < by;
    let levels = (
        recorded.service_level.unwrap(),
        again.service_level.unwrap(),
    );
    assert!(close(levels.0, levels.1, 0.08), "{levels:?}");
    let answered = (recorded.answered as f64, again.answered as f64);
    assert!(close(answered.0, answered.1, 75.0), "{answered:?}");
    let occupancy = (recorded.occupancy.unwrap(), again.occupancy.unwrap());
    assert!(close(occupancy.0, occupancy.1, 0.05), "{occupancy:?}");
}

#[test]
fn a_log_lived_again_with_more_agents_is_answered_sooner_and_with_fewer_later() {
    let usual = settings(8, Policy::LongestIdle);
    let day = Day {
        calls: Some(900),
        ..Day::default()
    };
    let lived = live(&usual, &day, 5, 0);
    let recording = read_again(&lived);
    let recorded = Figures::of(recording.rows(), WITHIN).all;
    // Who was at work is not in every log: then all are.
    let recording = recording.without_duties();
    let with = |agents: u32| {
        let settings = sim::with_agents(&usual, agents);
        let traffic = Traffic::of_log(&recording, &settings, &day, 5);
        Figures::of(&relive(&settings, &day, &traffic, 5, 100).rows, WITHIN).all
    };
    let (few, many) = (with(4), with(40));
    assert!(few.service_level < recorded.service_level, "{few:?}");
    assert!(many.service_level > recorded.service_level, "{many:?}");
    assert!(few.abandoned > recorded.abandoned && recorded.abandoned > many.abandoned);
}

/// Written as text and read.
fn read_again(lived: &Lived) -> Recording {
    let lines = lived
        .rows
        .iter()
        .map(|row| row.line(jiff::Timestamp::UNIX_EPOCH) + "\n");
    Recording::read(&lines.collect::<String>()).unwrap()
}

#[test]
fn somebody_who_hung_up_would_hang_up_again_after_the_same_time() {
    let settings = sim::with_agents(&settings(8, Policy::LongestIdle), 0);
    let log =
        r#"{"at":"2026-11-27T08:10:00Z","queue":"demo/support","waited_s":42.0,"end":"abandoned"}"#;
    let recording = Recording::read(log).unwrap();
    let traffic = Traffic::of_log(&recording, &settings, &Day::default(), 1);
    let lived = relive(&settings, &Day::default(), &traffic, 1, 1);
    let [Row::Call(call)] = &lived.rows[..] else {
        panic!("{:?}", lived.rows);
    };
    assert_eq!((call.waited, &call.end), (secs(42), &End::Abandoned));
}

#[test]
fn a_picture_shows_every_run() {
    let settings = settings(8, Policy::LongestIdle);
    let lived = live(&settings, &Day::default(), 1, 0);
    let figures = Figures::of(&lived.rows, WITHIN);
    let runs = [
        ("recorded".to_owned(), figures.clone()),
        ("config".to_owned(), figures),
    ];
    let svg = sim::plot(&runs, jiff::Timestamp::UNIX_EPOCH).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    for word in ["recorded hung up", "config came", "Mean wait", "12:00"] {
        assert!(svg.contains(word), "{word}");
    }
    // Two curves above and one below, for each run.
    let curves = svg.matches("<polyline fill=\"none\" opacity=\"1\" stroke=\"#0072B2\"");
    assert!(curves.count() >= 3);
}

#[test]
fn the_day_and_the_log_in_the_documentation_are_as_it_says() {
    let text = include_str!("../../../docs/simulation.md");
    let (_, block) = text.split_once("```toml\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert_eq!(Day::read(block).unwrap(), Day::default());

    let rows = text.lines().filter(|line| line.starts_with("    {\"at\""));
    let rows: Vec<&str> = rows.map(str::trim).collect();
    let recording = Recording::read(&rows.join("\n")).unwrap();
    assert_eq!((rows.len(), recording.rows().len()), (4, 4));
}

/// A day in which support keeps nobody for longer than a minute, and sales, where they come to then, opens at eleven.
fn day_with_ways(seed: u64) -> (Settings, Ways, Day, Traffic) {
    let mut settings = settings(20, Policy::LongestIdle);
    let support = settings.queues.get_mut(&queue("support")).unwrap();
    support.exits.after = Some(secs(60));
    support.members = members(0..5);
    let sales = settings.queues.get_mut(&queue("sales")).unwrap();
    sales.members = members(5..20);
    let at = |hour: u64| base::Time::from_millis(hour * 3_600_000);
    let leads_on = Way {
        instead: [(RefuseCause::TimedOut, queue("sales"))].into(),
        ..Way::default()
    };
    let opens_at_eleven = Way {
        shut: vec![Shut {
            from: at(0),
            until: at(11),
            then: None,
        }],
        ..Way::default()
    };
    let ways = Ways {
        queues: [
            (queue("support"), leads_on),
            (queue("sales"), opens_at_eleven),
        ]
        .into(),
    };
    let day = Day {
        calls: Some(1_000),
        ..Day::default()
    };
    let traffic = Traffic::of_day(&settings, &day, seed).unwrap();
    (settings, ways, day, traffic)
}

fn calls(lived: &Lived) -> impl Iterator<Item = &CallRow> {
    lived.rows.iter().filter_map(|row| match row {
        Row::Call(call) => Some(call),
        Row::Duty(_) => None,
    })
}

#[test]
fn who_is_kept_no_longer_comes_to_the_other_queue_with_all_that_he_has_waited_or_finds_it_closed() {
    let (settings, ways, day, traffic) = day_with_ways(3);
    let lived = by_ways(&settings, &ways, &day, &traffic, 3, 1);
    let figures = Figures::of(&lived.rows, WITHIN);
    let (support, sales) = (
        &figures.queues[&queue("support")],
        &figures.queues[&queue("sales")],
    );
    assert!(support.elsewhere > 20, "{support:?}");
    assert_eq!(support.closed, 0);
    let led_on =
        || calls(&lived).filter(|call| call.queue == queue("sales") && call.before > secs(59));
    assert!(led_on().count() as u64 <= support.elsewhere);
    let opens = base::Time::from_millis(11 * 3_600_000);
    let closed = led_on().filter(|call| call.end == End::Closed).count();
    let answered = led_on().filter(|call| matches!(call.end, End::Answered { .. }));
    let answered = answered.count();
    assert!(closed > 0 && answered > 0, "{closed}, {answered}");
    for call in calls(&lived).filter(|call| call.queue == queue("sales")) {
        assert_eq!(call.end == End::Closed, call.at < opens, "{call:?}");
    }
    let came = |name| {
        traffic
            .attempts
            .iter()
            .filter(|it| it.queue == queue(name))
            .count() as u64
    };
    // Who hung up or was refused may come again; each comes in the queue's count.
    assert!(sales.callers >= came("sales") + led_on().count() as u64);
    assert!(sales.closed > closed as u64, "some called it directly");
}

#[test]
fn a_log_of_callers_who_were_led_on_is_lived_again_with_each_of_them_once() {
    let (settings, ways, day, traffic) = day_with_ways(4);
    let lived = by_ways(&settings, &ways, &day, &traffic, 4, 0);
    let text: String = lived
        .rows
        .iter()
        .map(|row| row.line(traffic.origin) + "\n")
        .collect();
    let recording = Recording::read(&text).unwrap();
    let again = Traffic::of_log(&recording, &settings, &day, 4);
    let led_on = |lived: &Lived| {
        let sales = calls(lived).filter(|call| call.queue == queue("sales"));
        sales.filter(|call| call.before > secs(59)).count()
    };
    let rows = calls(&lived).count();
    assert_eq!(again.attempts.len(), rows - led_on(&lived));
    // Nobody is led on where nothing leads there.
    let alone = relive(&settings, &day, &again, 4, 0);
    assert_eq!(led_on(&alone), 0);
    assert!(led_on(&by_ways(&settings, &ways, &day, &again, 4, 0)) > 0);
}
