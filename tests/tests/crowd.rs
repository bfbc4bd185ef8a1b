//! Crowds of other people's phones: a thousand callers of SIPp's and those who give up meet two hundred agents, of whom
//! pjsua2 is some and SIPp the others; and callers leave queues by every way out at once.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};
use tests::crowd::{Counted, Log, What, met, pjsua_agents};
use tests::load::{Account, QUEUE_NUMBER, office};
use tests::peers::{Ends, Running, Sipp, pjsua_python, register_by_sipp};
use tests::process;
use tests::server::Server;

const SOON: Duration = Duration::from_secs(20);
/// Longer than callers stay on a machine that has much else to do.
const GONE_WITHIN: Duration = Duration::from_secs(120);
/// How long other programs may run.
const LONG: Duration = Duration::from_secs(160);

const AGENTS: usize = 200;
/// Processes of pjsua2's, and the agents of each: it has room for four calls, one more than they may have.
const PJSUAS: usize = 10;
const OF_A_PJSUA: usize = 3;
/// Each agent has a call for 5.3 s: less than 38 a second are served, so that callers wait.
const PATIENT: u32 = 1_000;
const PATIENT_A_SECOND: u32 = 36;
const IMPATIENT: u32 = 140;
const IMPATIENT_A_SECOND: u32 = 5;

/// Agents registered and ready to take calls: those of pjsua2, if it is there, and those of SIPp.
fn agents(server: &Server) -> Vec<Running> {
    let accounts = Account::numbered(AGENTS);
    let names: Vec<&str> = accounts.iter().map(|account| &*account.user).collect();
    let python = pjsua_python();
    let by_pjsua = python.as_ref().map_or(0, |_| PJSUAS * OF_A_PJSUA);
    let (by_pjsua, by_sipp) = names.split_at(by_pjsua);
    let device = Sipp::new(server, "agent_in_a_crowd").port(2).within(LONG);
    let mut running = vec![device.in_a_crowd(1_000, Ends::Told).start()];
    register_by_sipp(server, by_sipp, 2);
    if let Some(python) = python {
        let each = by_pjsua.chunks(OF_A_PJSUA).enumerate();
        running.extend(each.map(|(which, names)| {
            let mut process = pjsua_agents(server, &python, which as u16, names);
            process.wait_for("ready");
            process
        }));
    }
    all_are_free(server);
    running
}

fn all_are_free(server: &Server) {
    server.wait("all agents are free", SOON, |server| {
        let row = server.ctl_row("queues", "name", "demo/load");
        row["free"] == AGENTS
    });
}

/// SIPp's callers of the queue, whose numbers begin with `prefix`.
fn callers<'a>(server: &'a Server, scenario: &'static str, port: u16, prefix: &str) -> Sipp<'a> {
    Sipp::new(server, scenario)
        .port(port)
        .key("number", QUEUE_NUMBER)
        .key("prefix", prefix)
        .within(LONG)
}

/// Waits until all callers are gone; where some stay, says what is known of queues and agents.
fn all_are_gone(server: &Server, callers: &mut [Running], agents: &mut [Running]) {
    let deadline = Instant::now() + GONE_WITHIN;
    while !callers.iter_mut().all(Running::has_ended) {
        let state = || {
            let printed =
                |list| String::from_utf8_lossy(&server.ctl_output(&[list]).stdout).into_owned();
            printed("queues") + &printed("agents") + &printed("calls")
        };
        let ended: Vec<&str> = agents
            .iter_mut()
            .filter_map(|agents| agents.has_ended().then_some("some agents have ended"))
            .collect();
        let is_well = Instant::now() < deadline && ended.is_empty();
        let told = || agents.iter().map(Running::told).collect::<String>();
        assert!(is_well, "callers stay: {ended:?}\n{}{}", state(), told());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits for a SIPp's end, which must have gone by the scenario in every call; how many there were.
fn all_went_well(running: &mut Running) -> usize {
    running.wait_success();
    let counted = Counted::of(running.folder());
    assert_eq!(counted.failed, 0, "{}", running.told());
    counted.successful
}

#[test]
fn a_thousand_callers_of_sipp_talk_once_each_to_two_hundred_agents_of_pjsua_and_sipp() {
    let server = office(AGENTS).with_more_ports().start();
    let mut agents = agents(&server);
    let descriptors = process::descriptors(server.pid());
    let patient = callers(&server, "caller_stays", 1, "+46711")
        .calls(PATIENT)
        .per_second(PATIENT_A_SECOND)
        .in_a_crowd(1_000, Ends::Counting)
        .start();
    let impatient = callers(&server, "caller_gives_up", 3, "+46722")
        .calls(IMPATIENT)
        .per_second(IMPATIENT_A_SECOND)
        .in_a_crowd(1_000, Ends::Counting)
        .start();
    let mut callers = [patient, impatient];
    all_are_gone(&server, &mut callers, &mut agents);
    let came = callers.each_mut().map(all_went_well);
    assert_eq!(came, [PATIENT as usize, IMPATIENT as usize]);
    server.wait_no_call(SOON);
    all_are_free(&server);
    agents.iter().for_each(Running::tell_to_end);
    let (sipp, pjsuas) = agents.split_first_mut().unwrap();
    let sipps_calls = all_went_well(sipp);
    pjsuas.iter_mut().for_each(Running::wait_success);

    let rung = Log::of(&agents[0]).count(What::Rung);
    assert_eq!(sipps_calls, rung, "each INVITE was a call of its own");
    let talks = talked_once_each(&callers, &agents);
    all_are_counted(&server, talks);
    server.wait_idle(SOON);
    server.wait("descriptors are given back", SOON + SOON, |server| {
        process::descriptors(server.pid()) <= descriptors + 2
    });
    server.stop();
}

/// What the phones saw: nobody was rung while he was busy, or for one who had left; each patient caller talked with one agent,
/// the others with one at most. How many talked.
fn talked_once_each([patient, impatient]: &[Running; 2], agents: &[Running]) -> usize {
    let stayed = Log::of(patient).callers(What::HungUpOn);
    let left = Log::of(impatient).callers(What::Left);
    let logs: Vec<Log> = agents.iter().map(Log::of).collect();
    let met = met(&logs, &left);
    assert_eq!(met.agents, AGENTS, "each was rung");
    assert_eq!(met.rung_while_busy, [""; 0]);
    assert_eq!(met.rung_for_nobody, [""; 0]);
    assert_eq!(met.never_freed, [""; 0]);
    assert_eq!(stayed.len(), PATIENT as usize);
    for caller in stayed.keys() {
        assert_eq!(met.talks.get(caller), Some(&1), "{caller}");
    }
    let more_than_once = met.talks.iter().find(|(_, times)| **times > 1);
    assert_eq!(more_than_once, None);
    met.talks.len()
}

/// What the server counted, beside how many callers the phones saw talk: an answer that crosses the hanging up may count
/// either way.
fn all_are_counted(server: &Server, talks: usize) {
    let row = server.ctl_row("queues", "name", "demo/load");
    let totals = |count: &str| row["totals"][count].as_u64().unwrap() as usize;
    let (entered, connected) = (totals("entered"), totals("connected"));
    assert_eq!(entered, (PATIENT + IMPATIENT) as usize);
    assert_eq!(entered, connected + totals("abandoned"), "{row}");
    assert!(totals("abandoned") > 0, "some gave up: {row}");
    assert!(
        connected <= talks && talks <= entered,
        "{connected} connected, {talks} talked"
    );
    for (metric, count) in [("entered", entered), ("answered", connected)] {
        let metric = format!("kolapp_queue_{metric}_total{{queue=\"demo/load\"}}");
        assert_eq!(server.metric(&metric) as usize, count, "{metric}");
    }
    let rows = server.ctl(&["agents"]);
    let sum = |count: &str| {
        let each = rows.as_array().unwrap().iter();
        each.map(|row| row[count].as_u64().unwrap()).sum::<u64>() as usize
    };
    assert_eq!(sum("taken"), connected);
    for nothing in ["missed", "declined", "device_errors"] {
        assert_eq!(sum(nothing), 0, "{nothing}: {rows}");
    }
}

/// A queue that its callers leave in a way of its own.
struct Way {
    queue: &'static str,
    settings: &'static str,
    scenario: &'static str,
    /// Why those who were taken in go.
    inside: Option<&'static str>,
    /// Why those who were not were not.
    at_the_door: Option<&'static str>,
}

/// Nobody takes calls in these: `load-20` has paused, `load-21` is not logged in, `load-22` has no phone. Who goes on goes to
/// the queue `load`, to a number outside, or nowhere after a message.
const WAYS: [Way; 8] = [
    Way {
        queue: "late",
        settings: "members = [\"load-20\"]\ntimed_out = { after = \"2s\", message = \"all-busy\", then = { queue = \"load\" } }",
        scenario: "caller_stays",
        inside: Some("timed-out"),
        at_the_door: None,
    },
    Way {
        queue: "keyed",
        settings: "members = [\"load-20\"]\nkeys = { \"1\" = { queue = \"load\" } }",
        scenario: "caller_presses_a_key",
        inside: Some("key"),
        at_the_door: None,
    },
    Way {
        queue: "empty",
        settings: "members = [\"load-21\"]\nno_agents = { message = \"try-later\", then = { queue = \"load\" } }",
        scenario: "caller_stays",
        inside: None,
        at_the_door: Some("no-agents"),
    },
    Way {
        queue: "unreachable",
        settings: "members = [\"load-22\"]\nnone_reachable = { then = { outside = \"070-1234567\" } }",
        scenario: "caller_stays",
        inside: None,
        at_the_door: Some("none-reachable"),
    },
    Way {
        queue: "paused",
        settings: "members = [\"load-20\"]\nall_paused = { message = \"try-later\" }",
        scenario: "caller_stays",
        inside: None,
        at_the_door: Some("all-paused"),
    },
    Way {
        queue: "closed",
        settings: "members = [\"load-20\"]\nhours = \"never\"\nclosed = { then = { outside = \"070-1234567\" } }",
        scenario: "caller_stays",
        inside: None,
        at_the_door: None,
    },
    Way {
        queue: "loaded",
        settings: "members = [\"load-20\"]\nclose_when = { waiting = 5 }\nopen_when = { for = \"1h\" }\n\
                   loaded = { message = \"all-busy\", then = { queue = \"load\" } }\n\
                   timed_out = { after = \"4s\", message = \"try-later\" }",
        scenario: "caller_stays",
        inside: Some("timed-out"),
        at_the_door: Some("loaded"),
    },
    Way {
        queue: "full",
        settings: "members = [\"load-20\"]\nwaiting_max = 5\nfull = { message = \"all-busy\" }\n\
                   timed_out = { after = \"4s\", then = { outside = \"070-1234567\" } }",
        scenario: "caller_stays",
        inside: Some("timed-out"),
        at_the_door: Some("full"),
    },
];
/// Callers by whom `loaded` is closed, and by whom `full` is full.
const LOAD: u32 = 5;
const ROOM: u32 = 5;
/// Those who take what comes to the queue `load`: fewer than come, so that callers wait there.
const TAKERS: usize = 20;
const LEAVERS: u32 = 40;
const LEAVERS_A_SECOND: u32 = 5;
/// Callers who come to `load` by themselves.
const DIRECT: u32 = 60;
/// Ports of SIPp's beside the callers'.
const TAKERS_PORT: u16 = 0;
const OUTSIDE_PORT: u16 = 10;
const DIRECT_PORT: u16 = 11;

fn ways_out() -> Server {
    let mut queues = "[hours.never]\nrules = []\n".to_owned();
    let mut numbers = "[numbers]\n".to_owned();
    for (
        index,
        Way {
            queue, settings, ..
        },
    ) in WAYS.iter().enumerate()
    {
        let logged_in = *queue != "empty";
        queues += &format!(
            "[queues.{queue}]\nextension = \"991{index}\"\nlogged_in_at_start = {logged_in}\nwelcome = \"none\"\n\
             first_message = \"none\"\nposition = \"never\"\n{settings}\n"
        );
        numbers += &format!("\"{}\" = {{ queue = \"{queue}\" }}\n", number_of(index));
    }
    let takers: Vec<String> = Account::numbered(TAKERS)
        .iter()
        .map(|account| format!("{:?}", account.user))
        .collect();
    let setup = office(TAKERS + 3)
        .set("queues.load.members", &format!("[{}]", takers.join(", ")))
        .set("organisation.caller_id", &format!("\"{QUEUE_NUMBER}\""))
        .set("organisation.plan", "\"home\"")
        .add("ways.toml", &queues)
        .add("ways-numbers.toml", &numbers)
        // What is said is heard elsewhere.
        .with_prompts_cut(|_| Duration::from_millis(200));
    let outside = setup.other_port(OUTSIDE_PORT);
    let trunk = format!(
        "[plans.home]\nallow = [\"mobile\"]\n[trunks.out]\naddress = \"127.0.0.1:{outside}\"\n"
    );
    setup.add("trunks.toml", &trunk).start()
}

fn number_of(way: usize) -> String {
    format!("+4685000400{way}")
}

/// Rings, answers at once, talks and hangs up, again and again.
fn takes_all(server: &Server, port: u16, talk: Duration) -> Running {
    let taking = Sipp::new(server, "agent_hangs_up").port(port).pause(talk);
    taking.within(LONG).in_a_crowd(1_000, Ends::Told).start()
}

/// What a queue counted, `ctl` and `/metrics` alike: taken in, and not taken in. All whom it took in left by its rule.
fn left(server: &Server, way: &Way) -> (u32, u32) {
    let row = server.ctl_row("queues", "name", &format!("demo/{}", way.queue));
    assert_eq!(row["waiting"], 0, "{row}");
    let total = |count: &str| row["totals"][count].as_u64().unwrap() as u32;
    let (entered, refused) = (total("entered"), total("refused"));
    assert_eq!(total("overflowed"), entered, "{row}");
    for other in ["connected", "abandoned", "sent_on", "called_back"] {
        assert_eq!(total(other), 0, "{other}: {row}");
    }
    let metric = |count: &str, cause: Option<&str>| {
        cause.map_or(0, |cause| {
            let labels = format!("queue=\"demo/{}\",cause=\"{cause}\"", way.queue);
            server.metric(&format!("kolapp_queue_{count}_total{{{labels}}}")) as u32
        })
    };
    assert_eq!(metric("overflowed", way.inside), entered, "{row}");
    assert_eq!(metric("refused", way.at_the_door), refused, "{row}");
    (entered, refused)
}

/// A caller whom the queue `load` was done with, by its log; times in seconds.
#[derive(Clone, Copy, Debug)]
struct Served {
    came_first: f64,
    came_here: f64,
    answered: f64,
}

/// What `ctl traffic` tells of those whom agents of `load` took.
fn served(server: &Server) -> Vec<Served> {
    let output = server.ctl_output(&["traffic"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let taken = |row: &&serde_json::Value| row["queue"] == "demo/load" && row["end"] == "answered";
    let served = rows.iter().filter(taken).map(|row| {
        let seconds = |name: &str| row[name].as_f64().unwrap_or_default();
        let came_here = tests::moment::unix_seconds_of(row["at"].as_str().unwrap());
        Served {
            came_first: came_here - seconds("before_s"),
            came_here,
            answered: came_here + seconds("waited_s"),
        }
    });
    served.collect()
}

/// A message under way or a phone that reads late may change the order of two who are nearer to each other, in seconds.
const NEAR_S: f64 = 1.0;

#[test]
fn hundreds_leave_queues_by_every_way_out_at_once_and_each_is_counted_and_comes_where_he_is_led() {
    let server = ways_out();
    let accounts = Account::numbered(TAKERS);
    let names: Vec<&str> = accounts.iter().map(|account| &*account.user).collect();
    server.ctl(&["agent", "pause", "load-20"]);
    let takers = takes_all(&server, TAKERS_PORT, Duration::from_secs(1));
    let outside = takes_all(&server, OUTSIDE_PORT, Duration::from_millis(300));
    let mut taking = [takers, outside];
    register_by_sipp(&server, &names, TAKERS_PORT);
    server.wait("all takers are free", SOON, |server| {
        server.ctl_row("queues", "name", "demo/load")["free"] == TAKERS
    });

    let mut leavers: Vec<Running> = (0..WAYS.len()).map(|way| leavers(&server, way)).collect();
    let direct = callers(&server, "caller_stays", DIRECT_PORT, "+46799")
        .calls(DIRECT)
        .per_second(8)
        .in_a_crowd(1_000, Ends::Counting);
    leavers.push(direct.start());
    all_are_gone(&server, &mut leavers, &mut taking);
    let came: Vec<usize> = leavers.iter_mut().map(all_went_well).collect();
    let (direct, of_each) = came.split_last().unwrap();
    assert_eq!(*direct, DIRECT as usize);
    assert_eq!(of_each, [LEAVERS as usize; WAYS.len()]);
    server.wait_no_call(SOON);
    taking.iter().for_each(Running::tell_to_end);
    let [taken, outside] = taking.each_mut().map(all_went_well);

    let kept = all_left_as_led(&server, &leavers);
    // Those whom the queues led to a number outside, and to the other queue.
    assert_eq!(outside, (LEAVERS + LEAVERS + kept) as usize);
    let came = 3 * LEAVERS + (LEAVERS - LOAD) + DIRECT;
    let row = server.ctl_row("queues", "name", "demo/load");
    let totals = &row["totals"];
    assert_eq!(
        (&totals["entered"], &totals["connected"]),
        (&came.into(), &came.into()),
        "{row}"
    );
    assert_eq!(taken, came as usize);
    let served = served(&server);
    assert_eq!(served.len(), came as usize);
    in_order_of_their_first_arrival(&served);
    server.wait_idle(SOON);
    server.stop();
}

/// Of each way all went as its queue's rules say, by what the queue counted and by what its callers were told. How many found
/// room in the queue that is full at times.
fn all_left_as_led(server: &Server, leavers: &[Running]) -> u32 {
    let mut found_room = 0;
    for (way, leavers) in WAYS.iter().zip(leavers) {
        let (entered, refused) = left(server, way);
        let expected = match way.queue {
            "closed" => (0, 0),
            "loaded" => (LOAD, LEAVERS - LOAD),
            "full" => (entered, LEAVERS - entered),
            _ if way.inside.is_some() => (LEAVERS, 0),
            _ => (0, LEAVERS),
        };
        assert_eq!((entered, refused), expected, "{}", way.queue);
        let told_busy = match way.queue {
            "paused" | "full" => refused,
            _ => 0,
        };
        let busy = Log::of(leavers).count(What::Refused);
        assert_eq!(busy, told_busy as usize, "{}", way.queue);
        if way.queue == "full" {
            assert!(entered >= ROOM && refused > 0, "{entered} and {refused}");
            found_room = entered;
        }
    }
    found_room
}

/// SIPp's callers of the queue of a way.
fn leavers(server: &Server, way: usize) -> Running {
    Sipp::new(server, WAYS[way].scenario)
        .port(1 + way as u16)
        .key("number", &number_of(way))
        .key("prefix", &format!("+4673{way}"))
        .calls(LEAVERS)
        .per_second(LEAVERS_A_SECOND)
        .within(LONG)
        .in_a_crowd(1_000, Ends::Counting)
        .start()
}

/// Nobody was taken before one who waited beside him and had come to his first queue before; and some who came to this one
/// later were taken first for that.
fn in_order_of_their_first_arrival(served: &[Served]) {
    let pairs = || {
        served
            .iter()
            .flat_map(|a| served.iter().map(move |b| (a, b)))
    };
    let earlier = |a: &Served, b: &Served| a.came_first + NEAR_S < b.came_first;
    let overtaken = pairs().find(|(a, b)| {
        earlier(a, b) && a.came_here + NEAR_S < b.answered && b.answered + NEAR_S < a.answered
    });
    assert!(overtaken.is_none(), "{overtaken:?}");
    let led_before = pairs()
        .filter(|(a, b)| earlier(a, b) && b.came_here < a.came_here && a.answered < b.answered)
        .count();
    assert!(led_before > 0, "the time before counted for nobody");
}
