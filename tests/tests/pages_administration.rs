//! Pages in which an organisation looks after itself, in a browser before a server that runs: closing queues by hand, prompts,
//! opening hours, licences.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::moment::after_tomorrow;
use tests::pages::Pages;
use tests::phone::Phone;
use tests::server::{Server, Setup};
use tests::sound;

const SOON: Duration = Duration::from_secs(20);
const SUPPORT: &str = "+46850001000";

fn state(server: &Server) -> String {
    let door = server.ctl_row("hours", "queue", "demo/support");
    door["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_supervisor_sees_what_closing_queues_would_do_does_it_and_ends_it() {
    let server = Server::demo();
    let caller = Phone::outside(&server, "+46701234567");
    let mut waits = caller.call(SUPPORT);
    waits.expect_answer(SOON);
    let mut pages = Pages::start(&server, "quick-closes");
    pages.does(&[
        "open en light desktop",
        "log-in eva",
        "go /quick-closes Close and open queues",
        "sees Nothing is closed or opened by hand.",
        "press See what it would do",
        "sees Choose at least one queue.",
        "press Group kundtjanst",
    ]);
    // To the minute, by the clock of the queues.
    let until = &after_tomorrow()[..16];
    pages.tell(&format!("fill Ends: {until}"));
    pages.does(&[
        "press See what it would do",
        "sees support closes",
        "sees 1 caller waits in it and stays",
        "check preview",
    ]);
    assert_eq!(state(&server), "open", "nothing was done");
    pages.does(&["press Close 2 queues", "sees by eva", "check closed"]);
    server.wait("it is closed", SOON, |server| state(server) == "closed");
    pages.does(&[
        "go /hours Opening hours",
        "pick Queue: support",
        "press Tell why",
        "sees Decided by hand:",
        "check why",
        "go /quick-closes Close and open queues",
        "press End now: kontor, support",
        "sees Nothing is closed or opened by hand.",
    ]);
    server.wait("it is open", SOON, |server| state(server) == "open");
    waits.hang_up();
}

#[test]
fn an_administrator_records_a_prompt_uploads_another_and_takes_the_first_again() {
    let server = Setup::demo().set("prompt_numbers.9", "\"to-come\"").start();
    let (tone, letter) = (
        server.folder().join("tone.wav"),
        server.folder().join("letter.mp3"),
    );
    let samples = sound::tone(700.0, -30.0, 16_000);
    std::fs::write(&tone, sound::wav(&samples)).unwrap();
    std::fs::write(&letter, "this is a letter").unwrap();
    let attach = |file: &std::path::Path| format!("attach {}", file.display());
    let mut pages = Pages::start(&server, "prompts");
    pages.does(&[
        "open en light desktop",
        "log-in admin",
        "go /prompts Prompts",
        "sees Needs recording",
        "check prompts",
        "press Record to-come",
        "press Record",
        "sees recording",
        "check recording",
        "press Stop",
        "sounds 0.02",
        "check recorded",
        "press Keep it: callers hear it",
        "sees The new version of to-come is heard from the next caller on.",
        "sees Version 1",
        &attach(&tone),
        "press Upload",
        "sees Version 2",
        "sounds 1.9",
        "press Use again: version 1",
        "sees Version 3",
        "check versions",
        &attach(&letter),
        "press Upload",
        "sees is not audio of a known kind",
        "press Close",
        "sees-no Needs recording",
    ]);
    let rows = server.ctl(&["prompts", "list", "demo"]);
    assert_eq!(rows.as_array().unwrap().len(), 3, "{rows}");
    // Whoever supervises listens, and changes nothing.
    pages.does(&[
        "log-out",
        "log-in eva",
        "go /prompts Prompts",
        "press Open to-come",
        "sounds 0.02",
        "sees-no Upload a file",
    ]);
}

#[test]
fn hours_are_seen_by_week_and_year_in_a_hand_and_licences_by_month() {
    let hours = "[hours.office]\nholidays = \"sweden\"\n\
        rules = [{ weekdays = [\"mon-fri\"], hours = [\"08:00-17:00\"] }]\n";
    let server = Setup::demo()
        .set("queues.support.hours", "\"office\"")
        .add("hours.toml", hours)
        .start();
    let mut pages = Pages::start(&server, "hours");
    pages.does(&[
        "open sv-SE dark phone",
        "log-in anna",
        "go /hours?queue=demo/support&week=2026-12-21 Öppettider",
        "sees 08:00–17:00",
        "sees juldagen",
        "check week",
        "press Veckan efter",
        "sees Nyårsdagen",
        "go /hours?queue=demo/support&view=year&year=2026 Öppettider",
        "sees Annandag jul",
        "sees ändrar inget",
        "check year",
        "fill När: 2026-12-25T10:00",
        "press Säg varför",
        "sees Bestäms av en helgdag:",
        "check why",
        "log-out",
        "log-in admin",
        "go /licences Licenser",
        "sees startavgift",
        "check licences",
    ]);
    let file = pages.tell("saves Som tabell (CSV)");
    assert!(
        file.starts_with("month,organisation,user,licence,"),
        "{file}"
    );
}
