//! Settings in the pages, in a browser before a server that runs: an administrator builds a queue from nothing and callers come
//! to it; what is wrong is said where it stands; two who change the same at once lose nothing.

#![allow(clippy::unwrap_used, reason = "a test")]

use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tests::http::Api;
use tests::pages::Pages;
use tests::phone::Phone;
use tests::server::{Server, Setup};

const SOON: Duration = Duration::from_secs(20);
const CALLER: &str = "+46701234567";

fn file(server: &Server, name: &str) -> PathBuf {
    server
        .setup()
        .config()
        .join("organisations/demo")
        .join(name)
}

fn says(server: &Server, name: &str) -> String {
    std::fs::read_to_string(file(server, name)).unwrap()
}

/// An administrator before the pages, in English on a desk, with the overview of settings before him.
fn administrator(server: &Server, name: &str) -> Pages {
    let mut pages = Pages::start(server, name);
    pages.does(&["open en light desktop", "log-in admin", "sees Wallboard"]);
    pages.does(&["go /settings Settings"]);
    pages
}

/// Whoever calls this number talks with this agent.
fn is_answered(server: &Server, number: &str, agent: &str) {
    let phone = Phone::agent(server, agent);
    server.wait_agent(agent, "free", SOON);
    let caller = Phone::outside(server, CALLER);
    let mut calling = caller.call(number);
    calling.expect_answer(SOON);
    let mut called = phone.incoming(SOON);
    called.answer();
    server.wait_agent(agent, "in-call", SOON);
    calling.hang_up();
    called.expect_bye(SOON);
}

#[test]
fn the_assistant_makes_a_queue_from_nothing_and_its_number_rings_at_its_agent() {
    let server = Setup::demo()
        .set("queues.support.members", "[\"bosse\"]")
        .start();
    let mut pages = administrator(&server, "settings-assistant");
    pages.does(&["follow Set up a queue", "sees Step 1 of 5"]);
    pages.does(&["press Next", "sees The queue needs a name."]);
    pages.does(&[
        "fill What the queue is called: Ny kö",
        "fill Number that callers dial: +46850002000",
        "check assistant-number",
        "press Next",
        "sees Step 2 of 5",
    ]);
    pages.does(&[
        "pick When it is open: These hours …",
        "check assistant-hours",
    ]);
    pages.does(&["pick When it is open: Always", "press Next"]);
    pages.does(&["press Next", "sees Choose somebody who answers."]);
    pages.does(&[
        "press-box Anna Åkesson",
        "check assistant-agents",
        "press Next",
    ]);
    pages.does(&["sees Step 4 of 5", "check assistant-prompts", "press Next"]);
    pages.does(&["sees queues.ny-ko", "check assistant-check", "press Save"]);
    pages.does(&[
        "sees Dial +46850002000 from outside.",
        "check assistant-made",
    ]);
    is_answered(&server, "+46850002000", "anna");
    pages.does(&["follow Open the queue", "headed Ny kö"]);
    pages.does(&["sees +46850002000", "check assistant-queue"]);
}

#[test]
fn a_queue_is_built_in_forms_looked_at_and_saved_and_comments_of_the_files_stay() {
    let server = Setup::demo()
        .set("queues.support.members", "[\"bosse\"]")
        .start();
    let mut pages = administrator(&server, "settings-forms");
    pages.does(&["check overview", "follow Queues", "headed Queues"]);
    pages.does(&["fill New, by its name in the files: forsaljning"]);
    pages.does(&[
        "press Add",
        "headed forsaljning",
        "sees No number leads here yet",
    ]);
    pages.does(&[
        "set queues/forsaljning/name Försäljning",
        "headed Försäljning",
    ]);
    pages.does(&["set queues/forsaljning/members anna"]);
    pages.does(&["set queues/forsaljning/logged_in_at_start true"]);
    pages.does(&["set queues/forsaljning/wrap_up 5y", "sees A time such as"]);
    pages.does(&["press Look and save", "sees 1 problem", "check refused"]);
    pages.does(&["press Close", "set queues/forsaljning/wrap_up 0s"]);
    pages.does(&["go /settings/numbers Numbers"]);
    pages.does(&[
        "fill New, by its name in the files: +46850003000",
        "press Add",
    ]);
    pages.does(&["headed +46850003000"]);
    pages.does(&["set numbers/%2B46850003000 queue"]);
    pages.does(&["set numbers/%2B46850003000/queue forsaljning"]);
    pages.does(&["sees 2 changes", "press Look and save", "sees queues.toml"]);
    pages.does(&["check look", "press Save", "sees Saved, and in force."]);
    pages.does(&["press Close", "sees-no 2 changes"]);
    is_answered(&server, "+46850003000", "anna");
    let queues = says(&server, "queues.toml");
    assert!(queues.contains("[queues.forsaljning]"), "{queues}");
    assert!(
        queues.contains("# A queue that keeps office hours"),
        "{queues}"
    );
    // Who waits in a queue is said before it goes.
    let caller = Phone::outside(&server, CALLER);
    let mut waits = caller.call("+46850001000");
    waits.expect_answer(SOON);
    pages.does(&["go /settings/queues/support Support", "press Remove"]);
    pages.does(&["sees 1 caller is waiting in this queue.", "check remove"]);
    pages.does(&["press Cancel", "sees-no Remove support?"]);
    waits.hang_up();
}

#[test]
fn of_two_who_change_the_same_at_once_nobody_loses_what_he_wrote() {
    let server = Setup::demo().start();
    let mut pages = administrator(&server, "settings-conflict");
    pages.does(&["go /settings/queues/support?at=queues.support.ring Support"]);
    pages.does(&["focused queues/support/ring", "set queues/support/ring 25s"]);
    pages.does(&["set queues/support/wrap_up 7s"]);
    let other = Api::logged_in(server.http(), "admin", "demo-admin");
    let version = other.get("/configuration").json["version"].clone();
    let edits = json!([{ "path": ["queues", "support", "ring"], "value": "40s" }]);
    let body = json!({ "version": version, "edits": edits });
    assert_eq!(other.post("/configuration/changes", &body).status, 200);
    pages.does(&[
        "press Look and save",
        "sees Somebody else has changed the files",
    ]);
    pages.does(&["sees you too", "check conflict"]);
    pages.does(&[
        "press Let theirs stand where both changed",
        "press Check again",
    ]);
    pages.does(&[
        "sees queues.toml",
        "press Save",
        "sees Saved, and in force.",
    ]);
    pages.does(&["press Close", "is queues/support/ring 40s"]);
    let queues = says(&server, "queues.toml");
    assert!(queues.contains("ring = \"40s\"") && queues.contains("wrap_up = \"7s\""));
    // Whoever goes is asked first.
    pages.does(&["set queues/support/ring 30s", "leave /calls"]);
    pages.does(&["sees Leave without saving?", "check leave", "press Stay"]);
    pages.does(&["is queues/support/ring 30s", "leave /calls"]);
    pages.does(&["press Discard and leave", "headed Calls"]);
}

#[test]
fn skills_and_permissions_are_changed_in_tables_and_all_of_it_is_read_in_a_hand_in_swedish() {
    let server = Setup::demo().start();
    let mut pages = administrator(&server, "settings-matrices");
    pages.does(&["follow Skills matrix", "headed Skills matrix"]);
    pages.does(&["cell-set Anna Åkesson: invoices: 7", "sees 1 change"]);
    pages.does(&[
        "check skills",
        "go /settings/permissions-matrix Permissions matrix",
    ]);
    pages.does(&["cell-set Anna Åkesson: Kontoret: 2", "sees 2 changes"]);
    pages.does(&[
        "check permissions",
        "press Look and save",
        "sees users.toml",
    ]);
    pages.does(&["press Save", "sees Saved, and in force.", "press Close"]);
    let api = Api::logged_in(server.http(), "admin", "demo-admin");
    let settings = api.get("/configuration").json["settings"].clone();
    assert_eq!(settings["users"]["anna"]["skills"]["invoices"], 7);
    let member = json!({ "user": "anna", "priority": 2 });
    let members = settings["queues"]["kontor"]["members"].as_array().unwrap();
    assert!(members.contains(&member), "{members:?}");
    let mut pages = Pages::start(&server, "settings-hand");
    pages.does(&["open sv-SE dark phone", "log-in admin"]);
    for (path, heading) in [
        ("", "Inställningar"),
        ("/queues", "Köer"),
        ("/queues/support", "Support"),
        ("/users/anna", "Anna Åkesson"),
        ("/hours/kontor", "kontor"),
        ("/numbers/%2B46850001000", "+46850001000"),
        ("/agents", "Agenter i allmänhet"),
        ("/skills-matrix", "Kompetensmatris"),
        ("/permissions-matrix", "Behörighetsmatris"),
        ("/first-queue", "Skapa en kö"),
    ] {
        pages.tell(&format!("go /settings{path} {heading}"));
        pages.tell(&format!("check hand{}", path.replace(['/', '%'], "-")));
    }
}
