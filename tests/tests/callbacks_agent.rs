//! An agent calls somebody back: the own phone rings first, then the person outside is called over the trunk, once, and what
//! came of it has to be said.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::Value;
use std::time::Duration;
use tests::hearing::{Hearing, hears, hears_tone};
use tests::phone::{Call, Options, Phone};
use tests::rtp::Sound;
use tests::server::{Server, Setup};

const NUMBER: &str = "+46850002030";
const PERSON: &str = "+46701234987";
const SOON: Duration = Duration::from_secs(5);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(15);
/// Long enough for a ring that must not come, where one that may would have come at once.
const A_WHILE: Duration = Duration::from_millis(400);

/// A queue in which nobody answers, and which says nothing but that callers may be called back.
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

[queues.again.callback.outcomes]
busy = { then = "requeue", delay = "0s" }
voicemail = { then = "requeue", delay = "0s" }

[plans.home]
allow = ["mobile"]

[numbers]
"+46850002030" = { queue = "again" }
"#;

/// The server, a person outside behind its trunk, and two agents who staff the list.
struct Office {
    server: Server,
    person: Phone,
    bosse: Phone,
    cecilia: Phone,
}

impl Office {
    fn open() -> Office {
        let setup = Setup::demo().set("organisation.plan", "\"home\"");
        let address = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
        let person = Phone::new(address, Options::outside(PERSON));
        let trunk = format!("[trunks.out]\naddress = \"{}\"\n", person.local());
        let server = setup
            .add("callbacks.toml", QUEUE)
            .add("trunks.toml", &trunk)
            .start();
        let (bosse, cecilia) = (
            Phone::agent(&server, "bosse"),
            Phone::agent(&server, "cecilia"),
        );
        let office = Office {
            server,
            person,
            bosse,
            cecilia,
        };
        for agent in ["bosse", "cecilia"] {
            office.server.callbacks(&["log-in", agent]);
        }
        office
    }

    fn wait_status(&self, entry: &str, status: &str) -> Value {
        self.server.wait(status, SOON, |_| {
            self.server.callbacks(&["show", entry])["status"] == status
        });
        self.server.callbacks(&["show", entry])
    }

    /// The person asks to be called back, on the number that is shown.
    fn asks(&self) {
        let mut call = self.person.call(NUMBER);
        call.expect_answer(SOON);
        hears(&self.server, &call, "sv/callback-offer");
        for (key, heard) in [
            (2, "sv/callback-on-number"),
            (1, "sv/callback-summary"),
            (1, "sv/callback-accepted"),
        ] {
            press(&call, key);
            hears(&self.server, &call, heard);
        }
        call.expect_bye(SAID);
    }

    /// Bosse has pressed the call button, answers and hears whom he calls; then the person's phone rings.
    fn bosse_calls(&self, entry: &str) -> (Call, Call) {
        self.server
            .callbacks(&["--as-user", "bosse", "call", entry, "bosse"]);
        let mut his = self.bosse.incoming(SOON);
        his.ring();
        assert!(
            self.person.try_incoming(A_WHILE).is_none(),
            "nobody is rung before he has answered"
        );
        his.answer();
        Hearing::of(&self.server, &his)
            .says(&["sv/calling-back-to"])
            .says(&["sv/calling-back-queue"]);
        (his, self.person.incoming(SAID))
    }
}

fn press(call: &Call, digit: u8) {
    call.media.press(digit, Duration::from_millis(100));
}

#[test]
fn two_agents_press_the_button_one_calls_the_person_and_has_to_say_what_came_of_it() {
    let office = Office::open();
    office.asks();
    let (mut his, mut theirs) = office.bosse_calls("b1");
    let said = office
        .server
        .callbacks_refused(&["--as-user", "cecilia", "call", "b1", "cecilia"]);
    assert!(said.contains("demo/bosse has b1"), "{said}");
    let from = theirs.invite().header("From").unwrap().to_owned();
    assert!(from.contains(NUMBER), "the queue calls: {from}");
    theirs.answer();
    office.wait_status("b1", "in-call");
    his.media.play(Sound::Tone(440.0));
    theirs.media.play(Sound::Tone(1_000.0));
    hears_tone(&theirs, 440.0);
    hears_tone(&his, 1_000.0);
    his.hang_up();
    theirs.expect_bye(SOON);
    office.wait_status("b1", "awaiting-note");
    let said = office
        .server
        .callbacks_refused(&["--as-user", "bosse", "call", "b1", "bosse"]);
    assert!(said.contains("has not said what came of b1"), "{said}");
    office.server.callbacks(&[
        "--as-user",
        "bosse",
        "note",
        "b1",
        "bosse",
        "The bill is paid.",
    ]);
    let shown = office.wait_status("b1", "done");
    let tries = shown["tries"].as_array().unwrap();
    assert_eq!((tries.len(), &tries[0]["outcome"]), (1, &"reached".into()));
    assert!(office.cecilia.try_incoming(Duration::ZERO).is_none());
    assert!(office.person.try_incoming(Duration::ZERO).is_none(), "once");
    office.server.wait_idle(SOON);
}

#[test]
fn a_busy_line_and_a_machine_are_noted_as_such_and_the_person_is_called_again() {
    let office = Office::open();
    office.asks();
    let arrival = office.server.callbacks(&["show", "b1"])["arrived"].clone();
    let (mut his, mut theirs) = office.bosse_calls("b1");
    theirs.refuse(486);
    hears(&office.server, &his, "sv/calling-back-busy");
    his.expect_bye(SAID);
    office.wait_status("b1", "awaiting-note");
    office.server.callbacks(&["note", "b1", "bosse", "Busy."]);
    office.wait_status("b1", "requeued");
    let (mut his, mut theirs) = office.bosse_calls("b1");
    theirs.answer();
    office.wait_status("b1", "in-call");
    for key in [10, 9] {
        press(&his, key);
    }
    theirs.expect_bye(SOON);
    hears(&office.server, &his, "sv/calling-back-voicemail");
    his.expect_bye(SAID);
    office.wait_status("b1", "awaiting-note");
    office
        .server
        .callbacks(&["note", "b1", "bosse", "A machine."]);
    let shown = office.wait_status("b1", "requeued");
    assert_eq!(shown["arrived"], arrival, "he keeps his place");
    let outcomes: Vec<&Value> = shown["tries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["outcome"])
        .collect();
    assert_eq!(outcomes, ["busy", "voicemail"]);
    // Whoever lets it ring has tried nobody.
    office.server.callbacks(&["call", "b1", "cecilia"]);
    let mut hers = office.cecilia.incoming(SOON);
    hers.refuse(486);
    office.server.wait_idle(SOON);
    let shown = office.server.callbacks(&["show", "b1"]);
    assert_eq!(shown["tries"].as_array().unwrap().len(), 2);
    assert!(office.person.try_incoming(Duration::ZERO).is_none());
}
