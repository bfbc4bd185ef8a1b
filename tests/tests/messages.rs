//! Every kind of message, in both languages, as it is heard: what callers of a queue and its agents are told is compared
//! with what it should be. One server a language; many calls at once, since most of the time is theirs to speak.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tests::hearing::Hearing;
use tests::moment::after_tomorrow;
use tests::phone::{Call, Options, Phone};
use tests::rtp::Sound;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(5);
/// The longest message and then some.
const SAID: Duration = Duration::from_secs(15);

/// Queues, each of which says something of its own; bosse, who would answer, has no phone.
const QUEUES: &str = r#"
[queues.told]
extension = "1020"
members = ["bosse"]
logged_in_at_start = true
repeated = ["queue-repeat", "try-later"]
repeat_every = "3s"
wait = "average"

[queues.expected]
extension = "1021"
members = ["anna"]
logged_in_at_start = true
wrap_up = "1m"
welcome = "none"
first_message = "none"
position = "never"
wait = "expected"

[queues.full]
extension = "1022"
members = ["bosse"]
waiting_max = 1
full = { message = "all-busy" }

[queues.late]
extension = "1023"
members = ["bosse"]
welcome = "none"
first_message = "none"
position = "never"
timed_out = { after = "2s", message = "try-later" }

[queues.later]
extension = "1024"
members = ["bosse"]
hours = "later"
closed = { next_opening = true }

[queues.off]
extension = "1025"
members = ["bosse"]
hours = "off"

[queues.quick]
extension = "1026"
members = ["bosse"]

[numbers]
"+46850002020" = { queue = "told" }
"+46850002021" = { queue = "expected" }
"+46850002022" = { queue = "full" }
"+46850002023" = { queue = "late" }
"+46850002024" = { queue = "later" }
"+46850002025" = { queue = "off" }
"+46850002026" = { queue = "quick" }
"#;

/// What closes queues by telephone, and the key that ends it.
const PIN: [u8; 8] = [8, 0, 2, 4, 6, 9, 1, 3];
const POUND: u8 = 11;

/// A server whose messages are of one language.
struct Speaking {
    server: Server,
    language: &'static str,
    /// On which day it opens again, as it is said.
    opens: &'static str,
    anna: Phone,
    mobile: Phone,
}

impl Speaking {
    fn start(language: &'static str) -> Speaking {
        let quoted = format!("\"{language}\"");
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let hour = since.as_secs() / 3_600 % 24;
        let opens = (hour + 12) % 24;
        let hours = format!(
            "[hours.later]\nzone = \"UTC\"\nrules = [{{ daily = true, hours = [\"{opens:02}:00-{opens:02}:30\"] }}]\n\
             [hours.off]\nzone = \"UTC\"\nrules = [{{ daily = true, hours = [\"00:00-24:00\"] }}]\n\
             days = [{{ daily = true, name = \"off\" }}]\n"
        );
        let setup = Setup::demo()
            .set("organisation.language", &quoted)
            .set("organisation.caller_id", "\"+46850001000\"")
            .set("organisation.plan", "\"home\"")
            .set("users.anna.mobile", "\"070-1234567\"")
            .set("queues.support.members", "[\"david\"]")
            .add("messages.toml", QUEUES)
            .add("hours.toml", &hours);
        let address = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
        let mobile = Phone::new(address, Options::outside("+46701234567"));
        let trunk = format!(
            "[plans.home]\nallow = [\"mobile\"]\n[trunks.out]\naddress = \"{}\"\n",
            mobile.local()
        );
        let server = setup.add("trunks.toml", &trunk).start();
        let anna = Phone::agent(&server, "anna");
        server.wait_agent("anna", "free", SOON);
        Speaking {
            server,
            language,
            opens: if opens > hour { "today" } else { "tomorrow" },
            anna,
            mobile,
        }
    }

    fn calls(&self, queue: u32) -> (Phone, Call) {
        let phone = Phone::outside(&self.server, "+46709999999");
        let call = phone.call(&format!("+4685000202{queue}"));
        (phone, call)
    }

    /// Checks that these phrases are heard one after the other, each of prompts of the language.
    fn says(&self, call: &Call, phrases: &[&[&str]]) {
        let mut hearing = Hearing::of(&self.server, call);
        for phrase in phrases {
            let phrase: Vec<String> = phrase
                .iter()
                .map(|prompt| format!("{}/{prompt}", self.language))
                .collect();
            let phrase: Vec<&str> = phrase.iter().map(String::as_str).collect();
            hearing.says(&phrase);
        }
    }

    fn dials(&self, code: &str, phrases: &[&[&str]]) {
        let mut call = self.anna.call(code);
        call.expect_answer(SOON);
        self.says(&call, phrases);
        call.expect_bye(SAID);
    }

    fn ctl(&self, arguments: &[&str]) {
        let done = self.server.ctl_output(arguments);
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{arguments:?}: {told}");
    }
}

fn what_those_who_are_not_let_in_or_kept_no_longer_hear(speaking: &Speaking) {
    let until = after_tomorrow();
    speaking.ctl(&["quick-close", "set", "--queues", "quick", "--until", &until]);
    let (_waits_at, mut waits) = speaking.calls(2);
    waits.expect_answer(SOON);
    let refused = [
        (2, &[&["all-busy"][..]][..]),
        (4, &[&["closed"], &["we-open-again", speaking.opens]]),
        (5, &[&["closed-holiday"]]),
        (6, &[&["closed-quick"]]),
    ];
    let calls = refused.map(|(queue, phrases)| (speaking.calls(queue), phrases));
    let (_late_at, mut late) = speaking.calls(3);
    late.expect_answer(SOON);
    for ((_phone, mut call), phrases) in calls {
        call.expect_provisional(183, SOON);
        speaking.says(&call, phrases);
        assert_eq!(call.answered(SAID), 486);
    }
    speaking.says(&late, &[&["try-later"]]);
    late.expect_bye(SAID);
    waits.hang_up();
}

fn what_agents_hear(speaking: &Speaking) {
    speaking.dials("*12", &[&["agent-logged-out"]]);
    speaking.dials("*11", &[&["agent-logged-in"]]);
    speaking.dials("*131", &[&["agent-paused"]]);
    speaking.dials("*14", &[&["agent-resumed"]]);
    speaking.dials("*139", &[&["agent-no-such-reason"]]);
    speaking.dials("*18", &[&["agent-refused"]]);
    let queue = [
        "agent-logged-in-to",
        "number-1",
        "number-0",
        "number-2",
        "number-1",
    ];
    speaking.dials("*10", &[&queue, &["agent-free"], &["agent-on-phone"]]);
    speaking.dials("*192", &[&["agent-on-both"]]);
    // Else it would be rung from here on, by calls that nobody at it takes.
    speaking.dials("*190", &[&["agent-on-phone"]]);
}

/// Anna has five callers, after which the next may be told what to expect; wrap-up is extended, told, and ended.
fn what_is_heard_after_some_calls(speaking: &Speaking) {
    let server = &speaking.server;
    for round in 0..5 {
        let (_phone, mut call) = speaking.calls(1);
        call.expect_answer(SOON);
        let mut talk = speaking.anna.incoming(SOON);
        talk.answer();
        server.wait_agent("anna", "in-call", SOON);
        call.hang_up();
        talk.expect_bye(SOON);
        server.wait_agent("anna", "wrap-up", SOON);
        if round == 0 {
            speaking.dials("*18", &[&["agent-wrap-up-extended"]]);
            speaking.dials("*10", &[&["agent-in-wrap-up"]]);
            speaking.dials("*17", &[&["agent-wrap-up-ended"]]);
        } else {
            speaking.ctl(&["agent", "end-wrap-up", "anna"]);
        }
        server.wait_agent("anna", "free", SOON);
    }
    // On her mobile, whoever answers is asked whether he is there; meanwhile the caller hears what he may expect.
    speaking.ctl(&["agent", "device", "anna", "mobile"]);
    server.wait_agent("anna", "free", SOON);
    let (_phone, mut call) = speaking.calls(1);
    call.expect_answer(SOON);
    let mut asked = speaking.mobile.incoming(SOON);
    asked.answer();
    speaking.says(&asked, &[&["agent-accept"]]);
    speaking.says(&call, &[&["queue-wait-expected", "less-than-a-minute"]]);
    call.hang_up();
    asked.expect_bye(SOON);
}

fn every_message_is_heard_in(language: &'static str) {
    let speaking = Speaking::start(language);
    let (_phone, mut waits) = speaking.calls(0);
    waits.expect_answer(SOON);
    what_those_who_are_not_let_in_or_kept_no_longer_hear(&speaking);
    what_agents_hear(&speaking);
    what_is_heard_after_some_calls(&speaking);
    // All of this had time to be said to one who waited from the beginning.
    speaking.says(&waits, &[&["queue-welcome"], &["queue-first"]]);
    speaking.says(&waits, &[&["queue-position-is", "number-1"]]);
    speaking.says(&waits, &[&["queue-wait-average", "less-than-a-minute"]]);
    let in_rotation: [&[&str]; 4] = [
        &["queue-repeat"],
        &["try-later"],
        &["queue-repeat"],
        &["try-later"],
    ];
    speaking.says(&waits, &in_rotation);
    waits.hang_up();
    speaking.server.wait_idle(SOON);
    speaking.server.stop();
}

#[test]
fn every_kind_of_message_is_heard_in_swedish() {
    every_message_is_heard_in("sv");
}

#[test]
fn every_kind_of_message_is_heard_in_english() {
    every_message_is_heard_in("en");
}

/// Somebody who listens to a call from its beginning, and presses keys meanwhile.
struct Listener<'a> {
    hearing: Hearing<'a>,
    call: &'a Call,
}

impl<'a> Listener<'a> {
    fn to(server: &'a Server, call: &'a Call) -> Listener<'a> {
        let hearing = Hearing::of(server, call);
        Listener { hearing, call }
    }

    fn hears(&mut self, prompt: &str) -> &mut Self {
        self.hearing.says(&[&format!("en/{prompt}")]);
        self
    }

    /// What is to be recorded, for a second.
    fn speaks(&mut self) -> &mut Self {
        self.hearing.speaks("en", Duration::from_secs(1));
        self
    }

    fn keys(&mut self, keys: &[u8]) -> &mut Self {
        for key in keys {
            self.call.media.press(*key, Duration::from_millis(100));
        }
        self
    }
}

/// In Swedish they are heard in `hours` and `prompts`.
#[test]
fn who_closes_queues_or_records_a_prompt_by_telephone_hears_english() {
    let server = Setup::demo()
        .set("organisation.language", "\"en\"")
        .set("quick_close.pin", "\"80246913\"")
        .start();
    // An administrator, and in a queue that he may close.
    let david = Phone::agent(&server, "david");
    let mut call = david.call("*19");
    call.expect_answer(SOON);
    let mut listener = Listener::to(&server, &call);
    listener.hears("quick-close-code").keys(&[0, 0, POUND]);
    listener.hears("quick-close-wrong").keys(&PIN);
    listener.keys(&[POUND]).hears("quick-close-choices");
    listener.keys(&[3]).hears("quick-close-nothing");
    call.expect_bye(SAID);
    for (keys, said) in [
        (&[2, 2, POUND][..], "quick-close-until"),
        (&[1], "quick-close-today"),
        (&[3], "quick-close-ended"),
    ] {
        let mut call = david.call("*19");
        call.expect_answer(SOON);
        let mut listener = Listener::to(&server, &call);
        listener.keys(&PIN).keys(&[POUND]);
        if keys.len() > 1 {
            listener.keys(&keys[..1]).hears("quick-close-hours");
            listener.keys(&keys[1..]);
        } else {
            listener.keys(keys);
        }
        listener.hears(said);
        call.expect_bye(SAID);
    }
    let mut call = david.call("*201");
    call.expect_answer(SOON);
    let mut listener = Listener::to(&server, &call);
    listener.speaks().keys(&[POUND]).hears("record-nothing");
    call.media.play(Sound::Tone(500.0));
    listener.speaks().keys(&[POUND]);
    call.media.play(Sound::Silence);
    listener.hears("record-choices").keys(&[2]);
    listener.hears("record-kept");
    call.expect_bye(SAID);
    server.stop();
}
