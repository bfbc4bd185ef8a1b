//! What a queue's settings make of its callers.

use crate::common::Sandbox;
use acd::{Applies, Exits, LastAgent, Load, Marks, RefuseCause, WaitOf, Yardstick};
use base::QueueId;
use call::settings::{Destination, Instead, QueueJourney, WaitSaid};
use media_core::PromptId;
use std::collections::BTreeMap;
use std::time::Duration;

fn sales() -> QueueId {
    "acme/sales".parse().unwrap()
}

fn journey(sandbox: &Sandbox) -> QueueJourney {
    let loaded = sandbox.loaded();
    let organisation = loaded.directory.organisations.values().next().unwrap();
    organisation.queues[&sales()].clone()
}

#[test]
fn the_wait_is_said_as_set_with_the_words_that_go_with_it() {
    let sandbox = Sandbox::new();
    assert_eq!(journey(&sandbox).wait, WaitSaid::Never);
    sandbox.change("members = ", "wait = \"average\"\nmembers = ");
    let said = journey(&sandbox);
    assert_eq!(said.wait, WaitSaid::Average);
    assert_eq!(said.wait_intro, PromptId::new("en/queue-wait-average"));
    sandbox.change("\"average\"", "\"expected\"");
    let said = journey(&sandbox);
    assert_eq!(said.wait, WaitSaid::Expected);
    assert_eq!(said.wait_intro, PromptId::new("en/queue-wait-expected"));
}

#[test]
fn a_wait_that_cannot_be_said_is_told() {
    let sandbox = Sandbox::new();
    sandbox.change("members = ", "wait = \"expected\"\nmembers = ");
    std::fs::remove_file(sandbox.path("prompts/en/minutes.wav")).unwrap();
    let errors = sandbox.errors();
    assert!(errors[0].contains("en/minutes"), "{errors:#?}");
}

#[test]
fn whoever_comes_again_is_given_to_the_agent_he_had_where_that_is_written_short_or_long() {
    let sandbox = Sandbox::new();
    let last_agent = |sandbox: &Sandbox| sandbox.loaded().acd.queues[&sales()].last_agent;
    assert_eq!(last_agent(&sandbox), None);
    let set = |days: u64, wait| {
        Some(LastAgent {
            within: Duration::from_secs(days * 24 * 3_600),
            wait: Duration::from_secs(wait),
        })
    };
    sandbox.change("members = ", "last_agent = \"7d\"\nmembers = ");
    assert_eq!(last_agent(&sandbox), set(7, 30));
    sandbox.change("\"7d\"", "{ within = \"90d\", wait = \"0s\" }");
    assert_eq!(last_agent(&sandbox), set(90, 0));
    sandbox.change("\"90d\"", "\"91d\"");
    assert!(
        sandbox.errors()[0].contains("\"90d\""),
        "{:?}",
        sandbox.errors()
    );
    sandbox.change("{ within = \"91d\", wait = \"0s\" }", "true");
    let error = &sandbox.errors()[0];
    assert!(
        error.contains("last_agent") && error.contains("7d"),
        "{error}"
    );
}

/// The rules that send callers elsewhere, as the engine has them.
fn exits(sandbox: &Sandbox) -> Exits {
    sandbox.loaded().acd.queues[&sales()].exits
}

#[test]
fn callers_go_elsewhere_as_written_for_each_cause() {
    let sandbox = Sandbox::new();
    assert_eq!(exits(&sandbox), Exits::default());
    sandbox.change(
        "members = ",
        "full = { message = \"queue-first\" }\n\
         no_agents = { then = { user = \"anna\" }, waiting = true }\n\
         none_reachable = { then = { user = \"anna\" } }\n\
         all_paused = {}\n\
         timed_out = { after = \"5m\", message = \"queue-first\", then = { user = \"anna\" } }\n\
         keys = { \"1\" = { user = \"anna\" } }\nmembers = ",
    );
    let expected = Exits {
        after: Some(Duration::from_secs(300)),
        no_agents: Applies::Everybody,
        none_reachable: Applies::Newcomers,
        all_paused: Applies::Newcomers,
        load: None,
    };
    assert_eq!(exits(&sandbox), expected);
    let anna = || Destination::User("acme/anna".parse().unwrap());
    let instead = |says: bool, leads: bool| Instead {
        message: says.then(|| PromptId::new("en/queue-first")),
        then: leads.then(anna),
        ..Instead::default()
    };
    let loaded = sandbox.loaded();
    let organisation = loaded.directory.organisations.values().next().unwrap();
    let door = &organisation.ways.doors[&sales()];
    let causes = [
        (RefuseCause::Full, instead(true, false)),
        (RefuseCause::NoAgents, instead(false, true)),
        (RefuseCause::NoneReachable, instead(false, true)),
        (RefuseCause::AllPaused, instead(false, false)),
        (RefuseCause::TimedOut, instead(true, true)),
    ];
    assert_eq!(door.exits, BTreeMap::from(causes));
    assert_eq!(door.keys, BTreeMap::from([('1', anna())]));
}

#[test]
fn a_queue_s_load_has_lower_marks_of_its_own_or_three_quarters_of_the_upper() {
    let sandbox = Sandbox::new();
    let marks = |waiting, wait| Marks {
        waiting: Some(waiting),
        wait: Some(Duration::from_secs(wait)),
    };
    sandbox.change(
        "members = ",
        "close_when = { waiting = 40, wait = \"20m\" }\nmembers = ",
    );
    let load = Load {
        close: marks(40, 1_200),
        open: marks(30, 900),
        held: Duration::from_secs(60),
        wait_of: WaitOf::Average,
    };
    assert_eq!(exits(&sandbox).load, Some(load));
    sandbox.change(
        "wait = \"20m\" }",
        "wait = \"20m\", of = \"longest\" }\nopen_when = { waiting = 10, wait = \"1m\", for = \"5s\" }",
    );
    let load = Load {
        open: marks(10, 60),
        held: Duration::from_secs(5),
        wait_of: WaitOf::Longest,
        ..load
    };
    assert_eq!(exits(&sandbox).load, Some(load));
}

#[test]
fn lower_marks_that_are_not_lower_and_no_marks_at_all_are_told() {
    for (written, told) in [
        (
            "close_when = { waiting = 4 }\nopen_when = { waiting = 5 }\n",
            "is not below `close_when`",
        ),
        (
            "close_when = { waiting = 4 }\nopen_when = { wait = \"1m\" }\n",
            "is not below `close_when`",
        ),
        ("close_when = {}\n", "has no mark"),
        ("timed_out = { then = { user = \"anna\" } }\n", "after"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.change("members = ", &format!("{written}members = "));
        let errors = sandbox.errors();
        assert!(errors[0].contains(told), "{errors:#?}");
    }
}

#[test]
fn queues_that_would_send_a_caller_to_and_fro_at_once_are_a_circle_and_by_waiting_they_are_not() {
    let circle = |cause: &str| {
        let sandbox = Sandbox::new();
        let there = |name: &str| format!("{cause} then = {{ queue = \"{name}\" }} }}\n");
        let other = format!("[queues.other]\n{}members = [\"anna\"]\n", there("sales"));
        sandbox.change("members = ", &format!("{}members = ", there("other")));
        sandbox.change("[numbers]", &format!("{other}[numbers]"));
        sandbox
    };
    for cause in ["full = {", "no_agents = {"] {
        let errors = circle(cause).errors();
        assert!(errors[0].contains("led round in a circle"), "{errors:#?}");
    }
    circle("timed_out = { after = \"1m\",").loaded();
}

#[test]
fn a_closed_queue_that_leads_back_to_itself_is_told_and_one_that_leads_to_another_s_hours_is_not() {
    let sandbox = |closed: &str, more: &str| {
        let sandbox = Sandbox::new();
        sandbox.change(
            "members = ",
            &format!("hours = \"day\"\n{closed}\nmembers = "),
        );
        let hours = |name: &str| format!("[hours.{name}]\nzone = \"UTC\"\nrules = []\n");
        let more = format!("{}{}{more}[numbers]", hours("day"), hours("night"));
        sandbox.change("[numbers]", &more);
        sandbox
    };
    let to_number = "{ then = { number = \"+46850001000\" } }";
    let to_night = "closed = { then = { queue = \"night\" } }";
    let night = |hours: &str| {
        format!(
            "[queues.night]\nmembers = [\"anna\"]\nhours = \"{hours}\"\n\
             closed = {{ then = {{ queue = \"sales\" }} }}\n"
        )
    };
    for (closed, more, told) in [
        (
            format!("holiday = {to_number}"),
            String::new(),
            "while queue `sales` is closed, it leads callers back to itself: queue `sales` → number +46850001000 → \
             queue `sales`; let `then` of its `holiday` lead elsewhere, or leave it out: then it is busy",
        ),
        (
            "quick_closed = { then = { message = \"queue-first\", then = { queue = \"sales\" } } }"
                .to_owned(),
            String::new(),
            "queue `sales` → queue `sales`; let `then` of its `quick_closed`",
        ),
        (
            to_night.to_owned(),
            night("day"),
            "queue `sales` → queue `night` → queue `sales`",
        ),
    ] {
        let errors = sandbox(&closed, &more).errors();
        let is_told = errors.iter().any(|error| error.contains(told));
        assert!(is_told, "{errors:#?}");
    }
    sandbox(to_night, &night("night")).loaded();
}

#[test]
fn what_figures_judge_waits_by_is_as_written() {
    let sandbox = Sandbox::new();
    let judged = |sandbox: &Sandbox| sandbox.loaded().acd.queues[&sales()].judged;
    assert_eq!(judged(&sandbox), Yardstick::default());
    sandbox.change(
        "members = ",
        "service_level = \"30s\"\nshort_abandon = \"0s\"\nmembers = ",
    );
    let wanted = Yardstick {
        within: Duration::from_secs(30),
        soon: Duration::ZERO,
    };
    assert_eq!(judged(&sandbox), wanted);
}

#[test]
fn facts_are_kept_for_as_long_as_is_written() {
    let sandbox = Sandbox::new();
    let facts = |sandbox: &Sandbox| sandbox.loaded().server.facts;
    assert_eq!(facts(&sandbox).keep, Duration::from_secs(400 * 86_400));
    assert_eq!(facts(&sandbox).most, 10_000_000);
    let more = "[facts]\nkeep_days = 30\nmost = 20_000\n\n[sip]";
    sandbox.change_in("config/kolapp.toml", "[sip]", more);
    assert_eq!(facts(&sandbox).keep, Duration::from_secs(30 * 86_400));
    assert_eq!(facts(&sandbox).most, 20_000);
    let day = Duration::from_secs(86_400);
    assert_eq!(sandbox.loaded().server.records_keep, day * 400);
    sandbox.change_in(
        "config/kolapp.toml",
        "[facts]",
        "[records]\nkeep_days = 7\n\n[facts]",
    );
    assert_eq!(sandbox.loaded().server.records_keep, day * 7);
    assert_eq!(sandbox.loaded().server.audit_keep, day * 400);
    let audited = "[audit]\nkeep_days = 8\n\n[facts]";
    sandbox.change_in("config/kolapp.toml", "[facts]", audited);
    assert_eq!(sandbox.loaded().server.audit_keep, day * 8);
}
