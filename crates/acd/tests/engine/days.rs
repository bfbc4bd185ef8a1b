//! Simulated days beside the naive model: people who behave as people do, for as long as people work, where
//! `worlds.rs` has what nobody would do.

use crate::floor::{queue, queue_of, settings};
use crate::model::Model;
use acd::{Command, Engine, Policy, Settings, Stamped};
use sim::{Day, Faults, Plan, Seen, Traffic, Trigger, Ways};
use std::fmt::Debug;
use std::num::NonZeroU8;

const POLICIES: [Policy; 8] = [
    Policy::LongestIdle,
    Policy::Parallel(NonZeroU8::new(2).unwrap()),
    Policy::BySkill,
    Policy::RoundRobin,
    Policy::FewestCalls,
    Policy::Random,
    Policy::RingAll,
    Policy::FixedOrder,
];

/// The model keeps everything for ever and looks through all of it each time.
const CALLERS: u32 = 250;

#[test]
fn days_of_every_policy_go_as_the_model_says() {
    for (seed, policy) in (0..).zip(POLICIES) {
        let settings = two_queues(policy);
        let day = Day {
            calls: Some(CALLERS),
            urgent: 0.1,
            faults: Faults {
                vanishing: 10,
                errors: 0.05,
                unconfirmed: 0.1,
                reloads: 6,
                ..Faults::default()
            },
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
            check_every: 0,
        };
        let mut beside = Beside::default();
        let lived = sim::live_before(plan, &mut |seen| beside.sees(seen));
        lived.unwrap_or_else(|broken| panic!("{policy:?}: {broken}"));
        assert_eq!(Engine::replay(&beside.facts), beside.last, "{policy:?}");
    }
}

fn two_queues(policy: Policy) -> Settings {
    let of = |members: &[&str]| {
        let mut queue = queue_of(members);
        queue.policy = policy;
        queue
    };
    let mut settings = settings(&[
        ("support", of(&["anna", "bosse", "cecilia"])),
        ("sales", of(&["cecilia", "david"])),
    ]);
    // One queue's callers count more where both want the agent whom they share.
    settings.queues.get_mut(&queue("sales")).unwrap().weight = 8;
    settings
}

#[derive(Default)]
struct Beside {
    model: Model,
    facts: Vec<Stamped>,
    last: Engine,
}

impl Beside {
    fn sees(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        self.facts.extend(seen.out.facts.iter().cloned());
        self.last = seen.engine.clone();
        let commands = &seen.out.commands;
        let expected = match seen.trigger {
            Trigger::Input(input) => self.model.handle(seen.now, input, commands),
            Trigger::Deadline => self.model.handle_timeout(seen.now, commands),
        };
        let after = || format!("after {:?}", seen.trigger);
        same("commands", &sorted(commands), &sorted(&expected), after)?;
        let snapshot = seen.engine.snapshot(seen.now);
        for row in &snapshot.agents {
            same("state", &row.state, &self.model.state_of(&row.agent), after)?;
        }
        for row in &snapshot.queues {
            let counts = (row.waiting, row.offered, row.connected);
            same("counts", &counts, &self.model.counts(&row.queue), after)?;
            let totals = self.model.queue_totals(&row.queue);
            same("totals", &row.totals, &totals, after)?;
        }
        for call in self.model.calls() {
            let place = seen.engine.position(call);
            same("place", &place, &self.model.position(call), after)?;
        }
        Ok(())
    }
}

/// What one step wants done comes in any order.
fn sorted(commands: &[Command]) -> Vec<String> {
    let mut words: Vec<String> = commands
        .iter()
        .map(|command| format!("{command:?}"))
        .collect();
    words.sort();
    words
}

fn same<T: PartialEq + Debug>(
    what: &str,
    found: &T,
    expected: &T,
    after: impl Fn() -> String,
) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!(
        "{what}: {found:?}, the model says {expected:?}, {}",
        after()
    ))
}
