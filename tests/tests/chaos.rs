//! The server is killed at random moments while callers ask to be called back and agents call people. What a caller was told is
//! accepted is there, once; nobody was rung more often than the attempts that are kept say.
//!
//! `CHAOS_ROUNDS` says how many kills (`make chaos` has a hundred), `CHAOS_SEED` repeats the choices of a run.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tests::phone::{Call, Ending, Options, Phone};
use tests::random::{self, Seeded};
use tests::rtp;
use tests::server::{Server, Setup};
use tests::sound::{RATE, RECOGNISED, recognise};

const ROUNDS: usize = 10;
const CALLERS_A_ROUND: usize = 4;
const AGENTS: [&str; 2] = ["bosse", "cecilia"];
const NUMBER: &str = "+46850002030";
/// Callers come one by one, in milliseconds from a round's begin.
const CALLERS_COME_WITHIN: u64 = 3_000;
/// The kill comes at the latest so long after the first caller of a round knows that it is accepted, in milliseconds; by
/// then others have only begun. How long that takes is the machine's matter.
const KILLED_WITHIN: u64 = 1_500;
/// Nor is it waited for longer than so.
const FIRST: Duration = Duration::from_secs(6);
const PROMPT: Duration = Duration::from_millis(20);
const BETWEEN_KEYS: Duration = Duration::from_millis(350);
const ACCEPTED: &str = "callback-accepted";
/// How long that is said.
const SAID: Duration = Duration::from_millis(700);
const ANSWER: Duration = Duration::from_secs(2);
const END: Duration = Duration::from_secs(15);
/// The longest that an agent's phone is waited for that should ring, where the server may die before it does.
const RUNG: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);
/// In the quiet at the end: for all of it, and for each that is still to be called.
const QUIET: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(4));
const IS_OPEN: [&str; 3] = [
    "list",
    "--status",
    "not-handled,requeued,leased,in-call,awaiting-note",
];
/// So much of a prompt is enough to know it by, in samples.
const HEARD: usize = RATE * 4 / 10;

/// A queue in which nobody answers, and which says nothing. Whoever was busy is to be called again at once.
const QUEUE: &str = r#"
[queues.again]
kind = "operator"
extension = "1030"
caller_id = "+46850002030"
members = ["bosse", "cecilia"]
logged_in_at_start = false
welcome = "none"
first_message = "none"
position = "never"
wrap_up = "0s"

[queues.again.callback]
announcement = "none"

[queues.again.callback.outcomes]
busy = { then = "requeue", delay = "0s", attempts_max = 20 }
no_answer = { then = "requeue", delay = "0s", attempts_max = 20 }

[plans.home]
allow = ["mobile"]

[numbers]
"+46850002030" = { queue = "again" }
"#;

/// Whether the server is about to be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    Chaos,
    Quiet,
}

/// What was seen from outside, over all rounds.
#[derive(Debug, Default)]
struct Seen {
    /// Who pressed all keys, whatever came of it.
    asked: BTreeSet<String>,
    /// Who was told that it is accepted.
    acknowledged: BTreeSet<String>,
    /// The Call-IDs of the calls that came to each number.
    rung: BTreeMap<String, BTreeSet<String>>,
    /// How many attempts were kept of each number.
    kept: BTreeMap<String, usize>,
    /// Calls that the server died in.
    interrupted: usize,
    /// Who was answered.
    answered: BTreeSet<String>,
    /// Of those, how many have no record: the server died before it could be written.
    unrecorded: usize,
    /// How many calls are recorded.
    records: usize,
}

/// The server, everybody outside behind its trunk, and the agents who staff the list.
struct Office {
    server: Server,
    outside: Phone,
    agents: [Phone; 2],
    random: Seeded,
    seen: Seen,
}

impl Office {
    fn open(seed: u64) -> Office {
        let setup = Setup::demo()
            .set("organisation.plan", "\"home\"")
            .with_prompts_cut(|name| match name {
                ACCEPTED => SAID,
                _ => PROMPT,
            });
        let address = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
        let outside = Phone::new(address, Options::outside("outside"));
        let trunk = format!("[trunks.out]\naddress = \"{}\"\n", outside.local());
        let server = setup
            .add("callbacks.toml", QUEUE)
            .add("trunks.toml", &trunk)
            .start();
        Office {
            agents: AGENTS.map(|name| Phone::new(server.sip(), Options::account(name))),
            server,
            outside,
            random: Seeded::new(seed),
            seen: Seen::default(),
        }
    }

    /// Callers come, agents call people, and the server is killed.
    fn round(&mut self, round: usize) {
        self.agents_come();
        let killed_after = Duration::from_millis(self.random.number() % KILLED_WITHIN);
        let told = &AtomicBool::new(false);
        let (server, over) = (&self.server, AtomicBool::new(false));
        let over = &over;
        let outside = Outside {
            phone: &mut self.outside,
            weather: Weather::Chaos,
            random: Seeded::new(self.random.number()),
        };
        let callers = (0..CALLERS_A_ROUND).map(|index| {
            let comes_after = self.random.number() % CALLERS_COME_WITHIN;
            let number = format!("+46701{:06}", 200_000 + round * CALLERS_A_ROUND + index);
            (number, Duration::from_millis(comes_after))
        });
        let callers: Vec<_> = callers.collect();
        let (asked, rung) = std::thread::scope(|scope| {
            let rung = scope.spawn(move || outside.answers_until(over));
            for agent in agents(server, &mut self.agents, &mut self.random) {
                scope.spawn(move || agent.works(Weather::Chaos, over));
            }
            let callers: Vec<_> = callers
                .into_iter()
                .map(|caller| {
                    scope.spawn(move || {
                        let asked = asks(server, caller, over);
                        told.fetch_or(asked.is_left(), Ordering::Relaxed);
                        asked
                    })
                })
                .collect();
            let deadline = Instant::now() + FIRST;
            while !told.load(Ordering::Relaxed) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
            // Not to wait for anything: any moment will do.
            std::thread::sleep(killed_after);
            server.kill();
            over.store(true, Ordering::Relaxed);
            let asked: Vec<Asked> = callers.into_iter().map(|it| it.join().unwrap()).collect();
            (asked, rung.join().unwrap())
        });
        self.server.wait_end(END);
        for asked in asked {
            asked.count(&self.server, &mut self.seen);
        }
        self.seen.ring(rung);
        self.server.start_again();
        self.check();
        for record in self.server.call_records(&[]) {
            assert_ne!(record["cause"], "", "it goes on after a kill: {record:?}");
        }
    }

    fn agents_come(&mut self) {
        for (phone, name) in self.agents.iter_mut().zip(AGENTS) {
            // What rang when the server died rings no more.
            while phone.try_incoming(Duration::ZERO).is_some() {}
            phone.register();
            self.server.callbacks(&["log-in", name]);
        }
    }

    /// What has to be so whenever the server has started again, before anybody has done anything.
    fn check(&mut self) {
        let page = self.server.callbacks(&["export"]);
        let rows = rows(&page);
        let numbers: Vec<&str> = rows.iter().map(|row| text(row, "number")).collect();
        let distinct: BTreeSet<&str> = numbers.iter().copied().collect();
        assert_eq!(distinct.len(), numbers.len(), "one twice: {numbers:?}");
        for number in &self.seen.acknowledged {
            assert!(distinct.contains(number.as_str()), "{number} is not there");
        }
        for number in distinct {
            assert!(self.seen.asked.contains(number), "{number} never asked");
        }
        for row in rows {
            let number = text(row, "number");
            let attempts = row["attempts"].as_u64().unwrap() as usize;
            let rung = self.seen.rung.get(number).map_or(0, BTreeSet::len);
            assert!(rung <= attempts, "{rung} calls to {number}: {row}");
            let before = self.seen.kept.insert(number.to_owned(), attempts);
            assert!(
                before <= Some(attempts),
                "{before:?} attempts before: {row}"
            );
            let status = text(row, "status");
            assert!(
                !["in-call", "leased", "started"].contains(&status),
                "nobody has it now: {row}"
            );
            if status == "awaiting-note" {
                self.seen.interrupted += 1;
                let shown = self.server.callbacks(&["show", text(row, "id")]);
                let tries = shown["tries"].as_array().unwrap();
                assert!(!tries.last().unwrap()["outcome"].is_null(), "{shown}");
            }
        }
        for number in self.seen.rung.keys() {
            assert!(self.seen.kept.contains_key(number), "{number} was rung");
        }
        self.check_records();
    }

    /// Each call has one record, and nobody who heard that something came of his has none.
    fn check_records(&mut self) {
        let records = self.server.call_records(&[]);
        let ids: BTreeSet<&String> = records.iter().map(|it| &it["id"]).collect();
        assert_eq!(ids.len(), records.len(), "a call has two records");
        let (mut callers, mut called) = (BTreeMap::new(), BTreeMap::new());
        for record in &records {
            let (of, number) = match record["direction"].as_str() {
                "inward" => (&mut callers, &record["caller"]),
                "callback" => (&mut called, &record["dialled"]),
                other => panic!("nobody makes a call that is {other}: {record:?}"),
            };
            *of.entry(number.as_str()).or_insert(0) += 1;
        }
        for (number, calls) in &callers {
            assert_eq!(*calls, 1, "{number} called once");
            assert!(self.seen.asked.contains(*number), "{number} never called");
        }
        for number in &self.seen.acknowledged {
            let recorded = callers.get(number.as_str());
            assert_eq!(recorded, Some(&1), "{number} was told that it is accepted");
        }
        for (number, calls) in &self.seen.rung {
            let recorded = called.get(number.as_str()).copied().unwrap_or(0);
            assert!(
                calls.len() <= recorded,
                "{calls:?} to {number}: {recorded} recorded"
            );
        }
        let answered = self.seen.answered.iter();
        let missing = answered.filter(|number| !callers.contains_key(number.as_str()));
        self.seen.unrecorded = missing.count();
        self.seen.records = records.len();
    }

    /// Nobody dies any more: everybody who is still to be called is reached, once each.
    fn quiet(&mut self) {
        self.agents_come();
        let open = self.server.callbacks(&IS_OPEN)["total"].as_u64().unwrap();
        let limit = QUIET.0 + QUIET.1 * open as u32;
        let deadline = Instant::now() + limit;
        let (server, over) = (&self.server, AtomicBool::new(false));
        let over = &over;
        let outside = Outside {
            phone: &mut self.outside,
            weather: Weather::Quiet,
            random: Seeded::new(self.random.number()),
        };
        let rung = std::thread::scope(|scope| {
            let rung = scope.spawn(move || outside.answers_until(over));
            for agent in agents(server, &mut self.agents, &mut self.random) {
                scope.spawn(move || agent.works(Weather::Quiet, over));
            }
            let is_open = || server.callbacks(&IS_OPEN)["total"] != 0;
            while is_open() && Instant::now() < deadline {
                std::thread::sleep(LOOK);
            }
            over.store(true, Ordering::Relaxed);
            rung.join().unwrap()
        });
        self.seen.ring(rung);
        let left = self.server.callbacks(&IS_OPEN);
        assert_eq!(left["total"], 0, "not worked off in {limit:?}: {left}");
        self.check();
        for row in rows(&self.server.callbacks(&["export"])) {
            assert_eq!(row["status"], "done", "{row}");
        }
        for number in &self.seen.acknowledged {
            assert!(self.seen.rung.contains_key(number), "{number} never rang");
        }
    }
}

impl Seen {
    fn ring(&mut self, rung: Vec<(String, String)>) {
        for (number, call) in rung {
            self.rung.entry(number).or_default().insert(call);
        }
    }
}

/// Done; or refused, or not to be known: the server may have died.
fn tried(server: &Server, arguments: &[&str]) -> Option<Value> {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let output = server.callbacks_output(&all);
    output.status.success().then_some(())?;
    serde_json::from_slice(&output.stdout).ok()
}

fn rows(page: &Value) -> &[Value] {
    page["rows"].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

/// What became of a caller who asked to be called back, on the number that was shown.
struct Asked {
    number: String,
    call: Option<Call>,
}

/// He presses what he has to, until the server hangs up or dies.
fn asks(server: &Server, caller: (String, Duration), over: &AtomicBool) -> Asked {
    let (number, comes_after) = caller;
    let is_over = || over.load(Ordering::Relaxed);
    std::thread::sleep(comes_after);
    let mut asked = Asked { number, call: None };
    if is_over() {
        return asked;
    }
    let phone = Phone::outside(server, &asked.number);
    let mut call = phone.call(NUMBER);
    if call.try_answered(ANSWER) != Some(200) {
        return asked;
    }
    // Any further 1 says yes to what is asked next, if anything is.
    let mut key = 2;
    loop {
        call.media.press(key, Duration::from_millis(100));
        key = 1;
        if !call.stands_for(BETWEEN_KEYS) || is_over() {
            break;
        }
    }
    asked.call = Some(call);
    asked
}

impl Asked {
    /// The server hung up.
    fn is_left(&self) -> bool {
        let call = self.call.as_ref();
        call.is_some_and(|call| call.ended == Some(Ending::Bye))
    }

    /// He knows that it is accepted once he hears so; what comes after that is the server's BYE.
    fn count(self, server: &Server, seen: &mut Seen) {
        let hears = |call: &Call| {
            let heard = rtp::samples(&call.media.packets());
            let word = &server.prompt(&format!("sv/{ACCEPTED}"))[..HEARD];
            recognise(&heard, word).likeness > RECOGNISED
        };
        if self.is_left() || self.call.as_ref().is_some_and(hears) {
            seen.acknowledged.insert(self.number.clone());
        }
        if self.call.is_some() {
            seen.answered.insert(self.number.clone());
        }
        seen.asked.insert(self.number);
    }
}

/// Everybody who is called back: over one trunk, all numbers are one phone's.
struct Outside<'a> {
    phone: &'a mut Phone,
    weather: Weather,
    random: Seeded,
}

impl Outside<'_> {
    /// Which numbers were rung, by which calls.
    fn answers_until(mut self, over: &AtomicBool) -> Vec<(String, String)> {
        let mut rung = Vec::new();
        std::thread::scope(|scope| {
            loop {
                // What was sent before the end has come a moment after it.
                let was_over = over.load(Ordering::Relaxed);
                match self.phone.try_incoming(LOOK) {
                    Some(call) => {
                        let user = call.invite().uri().split(['@', ':']).nth(1);
                        let number = user.unwrap_or_default().to_owned();
                        rung.push((number, call.invite().call_id().to_owned()));
                        let does = self.random.below(4);
                        let weather = self.weather;
                        scope.spawn(move || answers(call, weather, does, over));
                    }
                    None if was_over => return,
                    None => {}
                }
            }
        });
        rung
    }
}

/// Somebody is called: he is busy, or lets it ring, or talks.
fn answers(mut call: Call, weather: Weather, does: usize, over: &AtomicBool) {
    call.ring();
    match (weather, does) {
        (Weather::Chaos, 0) => return call.refuse_without_ack(486),
        (Weather::Chaos, 1) => {}
        _ => call.answer_without_ack(),
    }
    let mut stands = call.stands_for(2 * LOOK);
    if weather == Weather::Chaos {
        // The agent ends it, or the server's end does.
        while stands && !over.load(Ordering::Relaxed) {
            stands = call.stands_for(LOOK);
        }
    } else if stands {
        call.hang_up();
    }
}

/// One who takes what is next on the list, calls, and says what came of it.
struct Agent<'a> {
    server: &'a Server,
    name: &'static str,
    phone: &'a mut Phone,
    random: Seeded,
}

fn agents<'a>(
    server: &'a Server,
    phones: &'a mut [Phone; 2],
    random: &mut Seeded,
) -> [Agent<'a>; 2] {
    let mut names = AGENTS.into_iter();
    phones.each_mut().map(|phone| Agent {
        server,
        name: names.next().unwrap_or_default(),
        phone,
        random: Seeded::new(random.number()),
    })
}

impl Agent<'_> {
    fn works(mut self, weather: Weather, over: &AtomicBool) {
        while !over.load(Ordering::Relaxed) {
            if let Some(entry) = self.owed() {
                tried(self.server, &["note", &entry, self.name, "It rang."]);
            } else if let Some(entry) = self.chosen() {
                // The other may have been quicker.
                if tried(self.server, &["call", &entry, self.name]).is_some() {
                    self.calls(weather, over);
                }
            } else {
                std::thread::sleep(LOOK);
            }
        }
    }

    /// Of which entry he has not said what came.
    fn owed(&self) -> Option<String> {
        let status = ["list", "--status", "awaiting-note", "--agent", self.name];
        let page = tried(self.server, &status)?;
        let row = rows(&page).first()?;
        Some(text(row, "id").to_owned())
    }

    /// One of the first: both agents often want the same.
    fn chosen(&mut self) -> Option<String> {
        let due = ["list", "--due", "--status", "not-handled,requeued"];
        let page = tried(self.server, &due)?;
        let first = rows(&page).get(..2).unwrap_or(rows(&page));
        let row = first.get(self.random.below(first.len().max(1)))?;
        Some(text(row, "id").to_owned())
    }

    fn calls(&mut self, weather: Weather, over: &AtomicBool) {
        let Some(mut call) = self.phone.try_incoming(RUNG) else {
            return;
        };
        call.answer_without_ack();
        let patience = match weather {
            Weather::Chaos => Duration::from_millis(500 + self.random.number() % 3_000),
            Weather::Quiet => END,
        };
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if !call.stands_for(LOOK) || over.load(Ordering::Relaxed) {
                return;
            }
        }
        call.send_bye();
    }
}

#[test]
fn what_was_accepted_is_there_once_and_nobody_is_rung_twice_however_often_the_server_is_killed() {
    let given = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seed = given("CHAOS_SEED").unwrap_or_else(random::number);
    let rounds = given("CHAOS_ROUNDS").map_or(ROUNDS, |rounds: u64| rounds as usize);
    eprintln!("CHAOS_SEED={seed}");
    let mut office = Office::open(seed);
    for round in 0..rounds {
        office.round(round);
    }
    office.quiet();
    let seen = &office.seen;
    let calls: usize = seen.rung.values().map(BTreeSet::len).sum();
    eprintln!(
        "{rounds} kills: {} asked, {} were told yes; {calls} calls to {} of them; {} calls were cut off; {} calls recorded, {} of {} \
         that were answered not",
        seen.asked.len(),
        seen.acknowledged.len(),
        seen.rung.len(),
        seen.interrupted,
        seen.records,
        seen.unrecorded,
        seen.answered.len(),
    );
    assert!(seen.acknowledged.len() >= rounds, "hardly anybody asked");
    assert!(calls >= rounds, "hardly anybody was called");
}
