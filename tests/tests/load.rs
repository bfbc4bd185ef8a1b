//! Two hundred calls through twenty agents within a minute, and a thousand through two hundred by every policy at once.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::load::calls::{Generator, Impatience, Plan, Route, Tally, Wire};
use tests::load::registrations::{Nonces, register};
use tests::load::{Account, office};
use tests::process;
use tests::server::{Server, Setup};

const AGENTS: usize = 20;
const CALLS: usize = 200;

fn agents_states(server: &Server) -> Vec<String> {
    let rows = server.ctl(&["agents"]);
    let load = |row: &&serde_json::Value| row["name"].as_str().unwrap().starts_with("demo/load-");
    rows.as_array()
        .unwrap()
        .iter()
        .filter(load)
        .map(|row| row["state"].as_str().unwrap().to_owned())
        .collect()
}

/// How long a transaction outlives its call, and a little more.
const LEFT_FOR: Duration = Duration::from_secs(34);

fn round(server: &Server, generator: &mut Generator) -> Tally {
    let plan = Plan {
        total: CALLS,
        per_second: 10.0,
        hold: Some(Duration::from_millis(700)),
        ring: Duration::from_millis(300),
    };
    let tally = generator.run(&plan);
    assert_eq!(tally.connected, CALLS, "{tally:?}");
    assert_eq!(
        (tally.answered, tally.ended, tally.lost),
        (CALLS, CALLS, 0),
        "{tally:?}"
    );
    assert!(tally.refused.is_empty(), "{tally:?}");
    assert!(
        tally.elapsed < Duration::from_secs(60),
        "{:?}",
        tally.elapsed
    );
    server.wait_idle(Duration::from_secs(10));
    // Facts are kept a moment later; a disk that others use has them wait in memory.
    server.wait("all is on disk", Duration::from_secs(30), |server| {
        server.metric("kolapp_store_pending") == 0.0
    });
    server.wait("all agents are free", Duration::from_secs(10), |server| {
        agents_states(server).iter().all(|state| state == "free")
    });
    tally
}

#[test]
fn two_hundred_calls_through_twenty_agents_are_all_answered_and_leave_nothing_behind() {
    let server = office(AGENTS).start();
    let route = Route::Trunk {
        number: tests::load::QUEUE_NUMBER.to_owned(),
    };
    let mut generator = Generator::new(server.sip(), route, "127.0.0.1:9".parse().unwrap());
    let accounts: Vec<Account> = Account::numbered(AGENTS);
    let tally = register(
        server.sip(),
        &accounts,
        AGENTS,
        generator.contact(),
        Nonces::Fresh,
    );
    assert_eq!(tally.registered, AGENTS);
    let descriptors = process::descriptors(server.pid());
    round(&server, &mut generator);
    assert_eq!(agents_states(&server).len(), AGENTS);
    // A call leaves something for 32 s (RFC 3261 §17, Timers D, H and J). Each round begins when that is gone, else the
    // third needs more than the second wherever it happens to come sooner after it.
    std::thread::sleep(LEFT_FOR);
    round(&server, &mut generator);
    std::thread::sleep(LEFT_FOR);
    let memory = process::resident_bytes(server.pid());
    round(&server, &mut generator);
    let grown = process::resident_bytes(server.pid()).saturating_sub(memory);
    assert!(
        grown < 4 << 20,
        "a third round of {CALLS} calls kept {grown} bytes"
    );
    // Sockets rest for a while before they are closed.
    server.wait(
        "descriptors are given back",
        Duration::from_secs(30),
        |server| process::descriptors(server.pid()) <= descriptors + 2,
    );
    let totals = server.ctl_row("queues", "name", "demo/load")["totals"].clone();
    assert_eq!(
        (&totals["entered"], &totals["connected"]),
        (&600.into(), &600.into()),
        "{totals}"
    );
    server.stop();
}

/// Queues side by side, each with agents of its own, and by what they are distributed.
const POLICIES: [&str; 8] = [
    "policy = \"longest-idle\"",
    "policy = \"parallel\"\nparallel = 3",
    "policy = \"by-skill\"\nrequires = { technical = 5 }\nwiden = [{ after = \"1s\", requires = { technical = 1 } }]",
    "policy = \"round-robin\"",
    "policy = \"fewest-calls\"",
    "policy = \"random\"",
    "policy = \"ring-all\"",
    "policy = \"fixed-order\"",
];
const AGENTS_OF_EACH: usize = 25;
/// A thousand and those who give up.
const CALLS_OF_EACH: usize = 140;
/// More than a queue's agents can take while they come, so that callers wait: each agent has a call for 5.3 s.
const CALLS_PER_SECOND: f64 = 5.5;
const IMPATIENCE: Impatience = Impatience {
    one_in: 10,
    after: Duration::from_millis(150),
};

fn number_of(queue: usize) -> String {
    format!("+4685000300{queue}")
}

/// A queue for each policy, and nobody in the office's own. Every second agent is able at once what `by-skill` asks for,
/// the others once that has widened.
fn a_queue_for_each_policy(accounts: &[Account]) -> Setup {
    let mut queues = String::new();
    let mut numbers = "[numbers]\n".to_owned();
    for (index, policy) in POLICIES.iter().enumerate() {
        let members: Vec<String> = accounts[index * AGENTS_OF_EACH..][..AGENTS_OF_EACH]
            .iter()
            .map(|account| format!("{:?}", account.user))
            .collect();
        queues += &format!(
            "[queues.by-{index}]\nextension = \"990{index}\"\n{policy}\nmembers = [{}]\n\
             logged_in_at_start = true\nwrap_up = \"0s\"\nposition = \"never\"\n",
            members.join(", ")
        );
        numbers += &format!("{:?} = {{ queue = \"by-{index}\" }}\n", number_of(index));
    }
    let office = office(accounts.len())
        .set("queues.load.members", "[\"anna\"]")
        .add("by-policy.toml", &queues)
        .add("by-policy-numbers.toml", &numbers);
    (0..AGENTS_OF_EACH).fold(office, |office, index| {
        let user = &accounts[2 * AGENTS_OF_EACH + index].user;
        let level = if index % 2 == 0 { 7 } else { 2 };
        let skills = format!("{{ technical = {level} }}");
        office.set(&format!("users.{user}.skills"), &skills)
    })
}

/// What a queue counts of its callers, as `ctl queues` and `/metrics` say alike.
fn counted(server: &Server, queue: usize) -> [u64; 3] {
    let row = server.ctl_row("queues", "name", &format!("demo/by-{queue}"));
    let here = ["waiting", "offered", "connected"].map(|now| row[now].as_u64().unwrap());
    assert_eq!(here, [0, 0, 0], "nobody is left: {row}");
    let totals = &row["totals"];
    for other in ["sent_on", "overflowed", "refused"] {
        assert_eq!(totals[other], 0, "{row}");
    }
    let counts = ["entered", "connected", "abandoned"].map(|count| totals[count].as_u64().unwrap());
    let metrics = ["entered", "answered", "abandoned"].map(|count| {
        server.metric(&format!(
            "kolapp_queue_{count}_total{{queue=\"demo/by-{queue}\"}}"
        )) as u64
    });
    assert_eq!(counts, metrics);
    counts
}

#[test]
fn a_thousand_calls_through_two_hundred_agents_by_every_policy_are_answered_once_each_and_in_turn()
{
    let accounts = Account::numbered(POLICIES.len() * AGENTS_OF_EACH);
    // Two for each agent who talks, one for each caller who waits.
    let server = a_queue_for_each_policy(&accounts).with_more_ports().start();
    let mut generators: Vec<Generator> = (0..POLICIES.len())
        .map(|queue| {
            let number = number_of(queue);
            let media = "127.0.0.1:9".parse().unwrap();
            Generator::new(server.sip(), Route::Trunk { number }, media).watched(IMPATIENCE)
        })
        .collect();
    for (accounts, generator) in accounts.chunks(AGENTS_OF_EACH).zip(&generators) {
        let contact = generator.contact();
        let tally = register(
            server.sip(),
            accounts,
            AGENTS_OF_EACH,
            contact,
            Nonces::Fresh,
        );
        assert_eq!(tally.registered, AGENTS_OF_EACH);
    }
    let plan = Plan {
        total: CALLS_OF_EACH,
        per_second: CALLS_PER_SECOND,
        hold: Some(Duration::from_secs(5)),
        ring: Duration::from_millis(300),
    };
    let tallies: Vec<Tally> = std::thread::scope(|threads| {
        let runs: Vec<_> = generators
            .iter_mut()
            .map(|generator| threads.spawn(|| generator.run(&plan)))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for (tally, policy) in tallies.iter().zip(POLICIES) {
        let all = (tally.answered, tally.ended, tally.lost);
        assert_eq!(
            all,
            (CALLS_OF_EACH, CALLS_OF_EACH, 0),
            "{policy}: {tally:?}"
        );
        assert!(tally.refused.is_empty(), "{policy}: {tally:?}");
        let Wire {
            gave_up, crossed, ..
        } = tally.wire;
        let nothing_wrong = Wire {
            gave_up,
            crossed,
            ..Wire::default()
        };
        assert_eq!(tally.wire, nothing_wrong, "{policy}");
        assert!(gave_up > 0, "{policy}: some gave up");
        // They were more than the agents: some were rung for long after they came.
        let longest = tally.offer.percentile(100.0);
        assert!(longest > Duration::from_secs(1), "{policy}: nobody waited");
    }
    server.wait_idle(Duration::from_secs(20));
    server.wait("all agents are free", Duration::from_secs(10), |server| {
        agents_states(server).iter().all(|state| state == "free")
    });
    let mut answered = 0;
    for (queue, tally) in tallies.iter().enumerate() {
        let [entered, connected, abandoned] = counted(&server, queue);
        assert_eq!(entered, CALLS_OF_EACH as u64);
        assert_eq!(entered, connected + abandoned);
        // An answer that crossed the hanging up may count either way.
        let gave_up = tally.wire.gave_up as u64;
        assert!(
            connected >= entered - gave_up && abandoned <= gave_up,
            "{tally:?}"
        );
        answered += connected;
    }
    assert!(answered >= 1_000, "{answered}");
    let rows = server.ctl(&["agents"]);
    let rows = rows.as_array().unwrap();
    let sum = |count: &str| {
        rows.iter()
            .map(|row| row[count].as_u64().unwrap())
            .sum::<u64>()
    };
    assert_eq!(sum("taken"), answered);
    assert_eq!((sum("missed"), sum("device_errors")), (0, 0));
    server.stop();
}
