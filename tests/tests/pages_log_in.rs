//! Logging in to the pages in two steps, and what browsers keep of them: in a browser before a server that runs.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;
use tests::pages::Pages;
use tests::server::Server;

const SOON: Duration = Duration::from_secs(20);

/// Somebody switches the second step on, logs in by it, and switches it off again; axe looks at each step.
fn walk(language: &str, theme: &str, screen: &str, says: [&str; 6]) {
    let server = Server::demo();
    let [title, begin, on, kept, headed, wrong] = says;
    let mut pages = Pages::start(&server, "two-step");
    let picture = |name: &str| format!("check {name}-{language}-{theme}-{screen}");
    pages.does(&[
        &format!("open {language} {theme} {screen}"),
        "log-in anna",
        &format!("sees {headed}"),
        &format!("menu {title}"),
        &format!("sees {begin}"),
        &picture("off"),
        "say-password demo-anna",
        "take-secret",
        &picture("secret"),
        "show-code",
    ]);
    assert_eq!(pages.tell("take-recovery"), "10");
    pages.does(&[
        &picture("recovery"),
        &format!("press {kept}"),
        &format!("sees {on}"),
        &picture("on"),
        "key Escape",
        "log-out",
        "log-in anna",
        "asks-for-code",
        &picture("code"),
        "wrong-code",
        &format!("sees {wrong}"),
        "asks-for-code",
        "recovery-code",
        &format!("sees {headed}"),
        "log-out",
        "log-in anna",
        "asks-for-code",
        "show-code",
        &format!("sees {headed}"),
        &format!("menu {title}"),
        "recovery-code",
        &format!("sees {begin}"),
        "key Escape",
        "log-out",
        "log-in anna",
        &format!("sees {headed}"),
    ]);
}

#[test]
fn an_agent_switches_two_step_log_in_on_and_off_on_a_desk_in_english() {
    let says = [
        "Two-step log-in",
        "Begin",
        "You have 10 recovery codes left.",
        "I have kept them",
        "My day",
        "The code is another one, or was used.",
    ];
    walk("en", "light", "desktop", says);
}

#[test]
fn an_agent_switches_two_step_log_in_on_and_off_in_a_hand_in_swedish() {
    let says = [
        "Tvåstegsinloggning",
        "Börja",
        "Du har 10 återställningskoder kvar.",
        "Jag har sparat dem",
        "Min dag",
        "Koden är en annan, eller har använts.",
    ];
    walk("sv-SE", "dark", "phone", says);
}

#[test]
fn pages_are_installed_and_without_the_server_they_say_so() {
    let mut server = Server::demo();
    let mut pages = Pages::start(&server, "worker");
    pages.does(&[
        "open en light desktop",
        "log-in anna",
        "sees My day",
        "worker",
    ]);
    server.terminate();
    server.wait_end(SOON);
    pages.does(&[
        "api-away",
        "reload-away",
        "sees The server does not answer. Look at your network, and",
    ]);
    server.start_again();
    pages.does(&["reload", "sees My day", "check online"]);
}
