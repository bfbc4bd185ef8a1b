//! The pages in a browser, before a server that runs: whoever sits in them sees what there is, does his work, and can read it
//! all, in each language, light and dark, on a desk and in a hand.

#![allow(clippy::unwrap_used, reason = "a test")]

use callback::{CustomerDigits, CustomerInput, CustomerNumber, Stage, Told, Utc, Window, Wish};
use std::time::Duration;
use tests::http::Api;
use tests::kept;
use tests::pages::Pages;
use tests::phone::{Options, Phone};
use tests::rtp::Sound;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(20);
/// The longest prompt and then some.
const SAID: Duration = Duration::from_secs(30);
/// Most that it may take until any page is there, packed.
const FIRST_PAINT_BYTES_MAX: u64 = 300_000;

const LIST: &str = "{ key = \"2\", announcement = \"none\", members = [\"anna\", \"bosse\"] }";

/// A server with so many callbacks on support's list: one late, one to be called later, and the rest due.
fn server_with(count: u64) -> Server {
    let setup = Setup::demo().set("queues.support.callback", LIST);
    let entries = (1..=count).map(|number| {
        let mut entry = kept::entry(number);
        let from = match number {
            1 => entry.due.as_seconds() - 4 * 3_600,
            2 => entry.due.as_seconds() + 24 * 3_600,
            _ => return entry,
        };
        let span = callback::Span {
            from: Utc::from_seconds(from),
            until: Utc::from_seconds(from + 3_600),
        };
        entry.asked.wish = Wish::Window(Window {
            span,
            name: "<b>Fika</b> & kaffe".into(),
        });
        entry.due = span.from;
        entry.told = Told::Nothing;
        entry
    });
    kept::start_with(setup, entries)
}

/// Which pages somebody has, by their paths.
fn pages_of(who: &str) -> &'static [&'static str] {
    match who {
        "anna" => &[
            "me",
            "callbacks",
            "directory",
            "queues",
            "wallboard",
            "calls",
            "hours",
            "password",
        ],
        "eva" => &[
            "wallboard",
            "callbacks",
            "calls",
            "quick-closes",
            "hours",
            "prompts",
            "directory",
            "me",
        ],
        "admin" => &[
            "wallboard",
            "callbacks",
            "calls",
            "quick-closes",
            "hours",
            "prompts",
            "settings",
            "licences",
            "audit",
            "connections",
            "directory",
            "me",
        ],
        // An operator is no agent.
        _ => &[
            "wallboard",
            "callbacks",
            "calls",
            "server",
            "connections",
            "hours",
            "licences",
            "audit",
        ],
    }
}

/// How a page is headed.
fn heading(path: &str, language: &str) -> &'static str {
    let (english, swedish) = match path {
        "me" => ("My day", "Min dag"),
        "callbacks" => ("Callbacks", "Återuppringning"),
        "queues" => ("Queues", "Köer"),
        "wallboard" => ("Wallboard", "Översikt"),
        "calls" => ("Calls", "Samtal"),
        "settings" => ("Settings", "Inställningar"),
        "quick-closes" => ("Close and open queues", "Stäng och öppna köer"),
        "hours" => ("Opening hours", "Öppettider"),
        "prompts" => ("Prompts", "Talmeddelanden"),
        "licences" => ("Licences", "Licenser"),
        "server" => ("Server", "Server"),
        "connections" => ("Connections", "Anslutningar"),
        "directory" => ("Directory", "Katalog"),
        "password" => ("Change password", "Byt lösenord"),
        _ => ("Audit log", "Ändringslogg"),
    };
    match language {
        "sv-SE" => swedish,
        _ => english,
    }
}

/// These people read all their pages; axe finds nothing, and pictures are kept.
fn read_all(language: &str, theme: &str, screen: &str, people: &[&str]) {
    let server = server_with(8);
    let mut pages = Pages::start(&server, "walk");
    let picture = |page: &str| format!("check {page}-{language}-{theme}-{screen}");
    pages.tell(&format!("open {language} {theme} {screen}"));
    pages.tell(&picture("log-in"));
    for who in people {
        pages.tell(&format!("log-in {who}"));
        for path in pages_of(who) {
            pages.tell(&format!("go /{path} {}", heading(path, language)));
            if *path == "callbacks" {
                pages.tell("sees +46 70 123 45 03");
            }
            pages.tell(&picture(&format!("{path}-{who}")));
        }
        pages.tell("log-out");
    }
}

#[test]
fn everybody_reads_every_page_on_a_desk_in_english_and_axe_finds_nothing() {
    read_all("en-GB", "light", "desktop", &["anna", "eva"]);
}

#[test]
fn whoever_administers_reads_every_page_on_a_desk_in_english_and_axe_finds_nothing() {
    read_all("en-GB", "light", "desktop", &["admin", "operator"]);
}

#[test]
fn everybody_reads_every_page_in_a_hand_in_swedish_and_axe_finds_nothing() {
    read_all("sv-SE", "dark", "phone", &["anna", "eva"]);
}

#[test]
fn whoever_administers_reads_every_page_in_a_hand_in_swedish_and_axe_finds_nothing() {
    read_all("sv-SE", "dark", "phone", &["admin", "operator"]);
}

#[test]
fn every_page_is_read_on_a_desk_in_swedish_and_axe_finds_nothing() {
    read_all("sv-SE", "light", "desktop", &["anna", "admin"]);
}

#[test]
fn every_page_is_read_in_a_hand_in_english_and_axe_finds_nothing() {
    read_all("en-GB", "dark", "phone", &["anna", "admin"]);
}

#[test]
fn files_are_packed_and_guarded_and_a_page_is_there_after_few_of_them() {
    let server = server_with(8);
    let mut pages = Pages::start(&server, "files");
    pages.does(&["files", "open en light desktop", "log-in anna", "sees Live"]);
    let weight: u64 = pages.tell("weight").parse().unwrap();
    assert!(
        (10_000..=FIRST_PAINT_BYTES_MAX).contains(&weight),
        "{weight} bytes"
    );
}

#[test]
fn rows_are_sorted_filtered_searched_and_stay_where_they_are_while_somebody_points_at_them() {
    let server = server_with(60);
    let eva = Api::logged_in(server.http(), "eva", "demo-eva");
    let cancel = |entry: &str| {
        let path = format!("/callbacks/{entry}/cancel");
        assert_eq!(eva.post(&path, &serde_json::json!({})).status, 200);
    };
    let mut pages = Pages::start(&server, "rows");
    pages.does(&[
        "open en light desktop",
        "log-in anna",
        "go /callbacks Callbacks",
        "rows 50",
        "sees 1–50 of 60",
    ]);
    pages.does(&["sees overdue", "press Next page", "rows 10", "sees later"]);
    pages.does(&["sort Number", "rows 50", "first +46 70 123 45 01"]);
    pages.does(&["sort Number", "first +46 70 123 45 60"]);
    // Filters: whom to call later, and nobody who is called so; what is asked for stands in the address.
    pages.does(&["search 070-123 45 4", "rows 10", "first +46 70 123 45 49"]);
    pages.does(&["reload", "rows 10", "press Clear", "rows 50"]);
    pages.does(&[
        "search nobody at all",
        "sees Nothing matches these filters.",
    ]);
    pages.does(&["press Clear", "rows 50"]);
    // While somebody points at the rows one is closed, and stays where it is, as it is now.
    pages.does(&["point"]);
    cancel("b60");
    pages.does(&["sees Cancelled", "first +46 70 123 45 60", "rows 50"]);
    // For longer than changes are waited for to be read together: the lists are read by then.
    pages.does(&["sees 59 wait", "first +46 70 123 45 60"]);
    pages.does(&["point-away", "first +46 70 123 45 59"]);
}

#[test]
fn whoever_is_cut_off_is_told_so_and_of_two_who_want_the_same_one_is_told_who_has_it() {
    let mut server = server_with(8);
    let bosse = Api::logged_in(server.http(), "bosse", "demo-bosse");
    let post = |path: &str| bosse.post(path, &serde_json::json!({})).status;
    assert_eq!(post("/lists/log-in"), 204);
    let mut pages = Pages::start(&server, "cut-off");
    pages.does(&[
        "open en light desktop",
        "log-in anna",
        "go /callbacks Callbacks",
        "sees Live",
    ]);
    pages.does(&["staff support", "sees Staffed by anna, bosse"]);
    pages.does(&["deafen", "reload", "sees Reconnecting", "rows 8"]);
    assert_eq!(post("/callbacks/b3/lease"), 200);
    pages.does(&["press Take +46 70 123 45 03", "sees bosse has b3 already."]);
    // She sees who has it, and takes another.
    pages.does(&["sees Taken", "press Dismiss", "press Take +46 70 123 45 04"]);
    pages.does(&["sees Yours for", "press Give back", "sees-no Yours for"]);
    server.kill();
    server.wait_end(SOON);
    pages.does(&[
        "press Take +46 70 123 45 05",
        "sees The server does not answer.",
    ]);
    server.start_again();
}

#[test]
fn an_agent_s_day_is_seen_and_led_in_the_page_as_her_phone_rings_and_her_supervisor_sees_it() {
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"10m\"")
        .start();
    let mut pages = Pages::start(&server, "day");
    pages.does(&["open en light desktop", "log-in anna", "sees My day"]);
    pages.does(&["sees No phone of yours can be reached", "check unreachable"]);
    let phone = Phone::agent(&server, "anna");
    pages.does(&[
        "sees Free",
        "press Pause: lunch",
        "sees End the pause",
        "check paused",
    ]);
    server.wait_agent("anna", "paused", SOON);
    pages.does(&["press End the pause", "sees Pause: lunch", "sees Free"]);
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call("+46850001000");
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.ring();
    pages.does(&["sees Your phone rings", "check offered"]);
    called.answer();
    pages.does(&["sees-no Your phone rings", "sees support", "check in-call"]);
    server.wait_agent("anna", "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
    pages.does(&[
        "press More time",
        "sees left",
        "check wrap-up",
        "press I am done",
    ]);
    server.wait_agent("anna", "free", SOON);
    pages.does(&[
        "sees 1 of 1",
        "turn Logged in to support",
        "sees Logged out",
        "check logged-out",
    ]);
    server.wait_agent("anna", "logged-out", SOON);
    pages.does(&["press Log in to all my queues", "sees Free"]);
    server.wait_agent("anna", "free", SOON);
    pages.does(&["go /callbacks Callbacks", "sees Free", "log-out"]);
    pages.does(&[
        "log-in eva",
        "go /wallboard Wallboard",
        "sees 1 of 1",
        "check supervisor",
    ]);
}

#[test]
fn an_agent_says_in_the_page_on_which_device_he_takes_calls() {
    let server = server_with(0);
    let anna = Api::logged_in(server.http(), "anna", "demo-anna");
    let chosen = || anna.get("/me").json["devices"]["device"].clone();
    assert_eq!(chosen(), "phone");
    let mut pages = Pages::start(&server, "device");
    pages.does(&["open en light desktop", "log-in anna", "sees My day"]);
    pages.does(&["pick Calls from queues come to: My softphone"]);
    server.wait("the softphone is chosen", SOON, |_| chosen() == "softphone");
    pages.does(&["reload", "chosen Calls from queues come to: My softphone"]);
}

#[test]
fn callbacks_are_taken_moved_put_back_cancelled_waived_and_what_was_keyed_is_shown_in_the_page() {
    let entries = (1..=5).map(|number| {
        let mut entry = kept::entry(number);
        match number {
            1 => {
                let digits = CustomerDigits { min: 4, max: 10 };
                let keyed = CustomerNumber::new("12345678", digits).unwrap();
                entry.asked.input = Some(CustomerInput::Customer(keyed));
            }
            5 => {
                entry.stage = Stage::AwaitingNote {
                    agent: "demo/bosse".parse().unwrap(),
                    began: entry.asked.arrived,
                };
            }
            _ => {}
        }
        entry
    });
    // The demo's list has times to choose.
    let server = kept::start_with(Setup::demo(), entries);
    let status = |entry: &str| server.callbacks(&["show", entry])["status"].clone();
    let mut pages = Pages::start(&server, "acts");
    pages.does(&["open en light desktop", "log-in anna"]);
    pages.does(&["go /callbacks Callbacks", "rows 5", "sees ******78"]);
    pages.does(&["press Show what the caller keyed; that it was shown is kept"]);
    pages.does(&["sees 12345678", "check revealed"]);
    // The next is the one who came first.
    pages.does(&["staff support", "press Take the next", "sees Yours for"]);
    let taken = (1..=4).find(|number| status(&format!("b{number}")) == "leased");
    assert!(taken.is_some());
    pages.does(&["press Give back", "sees-no Yours for"]);
    pages.does(&["press Show +46 70 123 45 02", "press Cancel the callback"]);
    pages.does(&[
        "why Her bill is paid",
        "check cancel",
        "press Cancel the callback",
    ]);
    server.wait("it is cancelled", SOON, |_| status("b2") == "cancelled");
    pages.does(&["choose 0 closed", "rows 1", "sees Her bill is paid"]);
    pages.does(&["press Show +46 70 123 45 02", "press Put back in the list"]);
    pages.does(&["why She has another", "press Put back in the list"]);
    server.wait("it is put back", SOON, |_| status("b2") == "requeued");
    pages.does(&["press Clear", "rows 5", "sees She has another"]);
    pages.does(&["press Show +46 70 123 45 03", "press Move to another time"]);
    pages.does(&["pick-last To be called", "check move", "press Move"]);
    let moved = || server.callbacks(&["show", "b3"]);
    server.wait("it is moved", SOON, |_| !moved()["window"].is_null());
    pages.does(&["press Close", "sees :00–", "log-out"]);
    // Bosse owes a note, which takes a supervisor to waive.
    pages.does(&["log-in eva", "go /callbacks Callbacks", "sees Note is owed"]);
    pages.does(&[
        "press Show +46 70 123 45 05",
        "check waive",
        "press Waive the note",
    ]);
    server.wait("it is waived", SOON, |_| status("b5") != "awaiting-note");
    pages.does(&["sees-no Note is owed"]);
}

#[test]
fn figures_are_seen_as_charts_a_week_and_tables_and_saved_and_of_a_time_without_callers_it_is_said()
{
    let server = Setup::demo()
        .set("queues.support.wrap_up", "\"1s\"")
        .start();
    let mut pages = Pages::start(&server, "statistics");
    pages.does(&["open en light desktop", "log-in eva"]);
    pages.does(&[
        "go /statistics Statistics",
        "sees Nobody called in this time.",
        "check nobody",
    ]);
    let phone = Phone::agent(&server, "anna");
    server.wait_agent("anna", "free", SOON);
    let caller = Phone::outside(&server, "+46701234567");
    let mut answered = caller.call("+46850001000");
    answered.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.answer();
    server.wait_agent("anna", "in-call", SOON);
    let mut gives_up = caller.call("+46850001000");
    gives_up.expect_answer(SOON);
    gives_up.hang_up();
    answered.hang_up();
    called.expect_bye(SOON);
    server.wait_agent("anna", "free", SOON);
    // How many came, were answered and hung up; and the calls that she took.
    let counts = [
        "cell 0 Together 2",
        "cell 1 Together 1",
        "cell 3 Together 1",
    ];
    pages.does(&["press Refresh", "charts 4"]);
    pages.does(&counts);
    pages.does(&["cell 0 anna 1", "sees-no The week", "check today"]);
    // The last seven days, by days; and the hours of a week.
    pages.does(&["go /statistics?span=own Statistics", "sees The week"]);
    pages.does(&["charts 4"]);
    pages.does(&counts);
    pages.does(&["check week"]);
    let table = pages.tell("saves Queues as CSV");
    assert!(table.contains(",demo,support,2,1,1,"), "{table}");
    let table = pages.tell("saves Agents as CSV");
    assert!(table.contains(",demo,anna,1,0,0,0,1,"), "{table}");
    pages.does(&[
        "choose 1 last-week",
        "sees Nobody called in this time.",
        "choose 1 today",
        "choose 2 interval",
        "charts 4",
        "reload",
        "charts 4",
        "choose 0 demo/support",
    ]);
    pages.does(&counts);
    pages.does(&["open sv-SE dark phone", "log-in anna"]);
    pages.does(&[
        "go /statistics?span=own Statistik",
        "sees Veckan",
        "charts 4",
        "check phone",
    ]);
    pages.does(&["cell 0 Tillsammans 2", "log-out"]);
    // What is of no queue of his is not there.
    pages.does(&[
        "log-in operator",
        "go /statistics Statistik",
        "cell 0 Tillsammans 2",
    ]);
}

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

[plans.home]
allow = ["mobile"]

[numbers]
"+46850002030" = { queue = "again" }
"#;

/// What somebody outside is called by.
const PERSON: &str = "+46701234987";

#[test]
fn a_caller_s_wish_is_worked_in_the_page_with_a_phone_at_hand_and_a_note_at_the_end() {
    let setup = Setup::demo().set("organisation.plan", "\"home\"");
    let address = format!("127.0.0.1:{}", setup.sip_port()).parse().unwrap();
    let person = Phone::new(address, Options::outside(PERSON));
    let trunk = format!("[trunks.out]\naddress = \"{}\"\n", person.local());
    let server = setup
        .add("callbacks.toml", QUEUE)
        .add("trunks.toml", &trunk)
        .start();
    let bosse = Phone::agent(&server, "bosse");
    let mut pages = Pages::start(&server, "work");
    pages.does(&[
        "open en light desktop",
        "log-in bosse",
        "go /callbacks Callbacks",
        "sees Nobody is to be called back.",
    ]);
    pages.does(&["staff again", "check nobody"]);
    // He keys his wish; it stands in the page by itself.
    let mut call = person.call("+46850002030");
    call.expect_answer(SOON);
    for (key, heard) in [
        (2, "sv/callback-offer"),
        (1, "sv/callback-on-number"),
        (1, "sv/callback-summary"),
    ] {
        tests::hearing::hears(&server, &call, heard);
        call.media.press(key, Duration::from_millis(100));
    }
    call.expect_bye(SAID);
    pages.does(&["sees +46 70 123 49 87", "check one"]);
    pages.does(&["press Call +46 70 123 49 87", "sees Your phone rings."]);
    let mut his = bosse.incoming(SOON);
    his.ring();
    his.answer();
    let mut theirs = person.incoming(SAID);
    theirs.answer();
    theirs.media.play(Sound::Tone(440.0));
    pages.does(&["sees In call for", "write The bill is", "check in-call"]);
    his.hang_up();
    theirs.expect_bye(SOON);
    pages.does(&[
        "sees Say what came of it",
        "offers As the call went: Reached",
        "write",
    ]);
    pages.does(&[
        "press Save and finish",
        "sees Write a few words first.",
        "check owed",
    ]);
    pages.does(&["write The bill is paid.", "press Save and finish"]);
    pages.does(&[
        "sees-no Say what came of it",
        "sees Nobody is to be called back.",
    ]);
    pages.does(&[
        "choose 0 closed",
        "sees The bill is paid.",
        "sees Done",
        "check done",
    ]);
    let shown = server.callbacks(&["show", "b1"]);
    assert_eq!(
        (&shown["status"], &shown["latest"]),
        (&"done".into(), &"The bill is paid.".into()),
        "{shown}"
    );
}
