//! What is wrong with a callback list is told with its place and the mend.

use crate::callback_lists::sandbox;
use crate::common::warnings;

fn errors(lines: &str) -> Vec<String> {
    sandbox(lines).errors()
}

/// One thing is wrong, in the line of that number below the heading.
fn wrong(lines: &str, line: usize, expected: &str) {
    let errors = errors(lines);
    let [error] = &errors[..] else {
        panic!("{errors:#?}");
    };
    // The heading of the list is line 31 of the file.
    let place = format!("config/organisations/acme/acme.toml:{}:", 31 + line);
    let rest = error
        .strip_prefix(&place)
        .unwrap_or_else(|| panic!("{error}"));
    let (_, told) = rest.split_once(": ").unwrap();
    assert_eq!(told, expected);
}

#[test]
fn a_plain_queue_has_no_list() {
    let sandbox = sandbox("");
    sandbox.change(
        "extension = \"1000\"",
        "extension = \"1000\"\nkind = \"ko\"",
    );
    let errors = sandbox.errors();
    assert_eq!(
        errors,
        [
            "config/organisations/acme/acme.toml:32:1: `callback` of queue `sales` is for queues that are more than plain \
             ones; make it one of Kö Plus, kind = \"ko-plus\", or of operators, kind = \"operator\""
        ]
    );
    sandbox.change("kind = \"ko\"", "kind = \"operator\"");
    sandbox.loaded();
}

#[test]
fn callers_who_could_choose_no_time_are_told() {
    wrong(
        "soon = false",
        0,
        "`callback` of queue `sales` leaves callers no time to choose; leave `soon` out, or give it a window: \
         [queues.….callback.windows.afternoon]",
    );
}

#[test]
fn values_that_can_not_be_are_told_where_they_stand() {
    wrong(
        "soon = 3",
        1,
        "expected whether callers may ask for a call as soon as possible, got the number 3; write true or false, or how \
         many: soon = { entries = 20 }",
    );
    wrong(
        "between = \"8-15\"",
        1,
        "expected a clock interval such as 08:00-17:00, got \"8-15\"; write two times of four digits; one that ends \
         before it begins goes over midnight",
    );
    wrong(
        "soon = { entries = 2, agent_minutes = 10 }",
        1,
        "`soon` of `callback` of queue `sales` has room for so many in two ways; keep `entries` or `agent_minutes`",
    );
    wrong(
        "members = [\"ana\"]",
        1,
        "there is no user \"ana\" in this organisation; did you mean `anna`?",
    );
    wrong(
        "avrage_wait_over = \"5m\"",
        1,
        "`callback` of queue `sales` has no setting `avrage_wait_over`; did you mean `average_wait_over`?",
    );
}

#[test]
fn what_an_agent_keys_for_a_machine_is_short_and_no_plain_digit() {
    wrong(
        "voicemail_key = \"9\"",
        1,
        "expected a code that starts with * or #, such as \"*11\", got \"9\"; write * or # and digits: extensions have \
         digits only",
    );
    wrong(
        "voicemail_key = \"*1234\"",
        1,
        "expected at most 4 keys, got \"*1234\"; shorten it: it is keyed in the middle of a call",
    );
}

#[test]
fn callers_are_asked_for_one_thing_of_a_length_that_can_be() {
    wrong(
        "personnummer = true\ncustomer_number = {}",
        1,
        "callers are asked for one thing only, and not for `customer_number` too; keep one of the two",
    );
    wrong(
        "customer_number = { digits_min = 8, digits_max = 6 }",
        1,
        "`customer_number` of `callback` of queue `sales` has fewer digits at most than at least; write how many it has: \
         { digits_min = 6, digits_max = 10 }",
    );
}

#[test]
fn a_window_that_never_is_or_on_no_day_is_told() {
    let window = |lines: &str| format!("[queues.sales.callback.windows.noon]\n{lines}");
    wrong(
        &window("daily = true\nhours = \"closed\""),
        3,
        "window `noon` of `callback` of queue `sales` is never; say when it is: hours = [\"13:00-15:00\"]",
    );
    wrong(
        &window("daily = true\nhours = [\"12:00-13:00\"]\ndays_ahead = []"),
        4,
        "window `noon` of `callback` of queue `sales` is offered on no day; say how many days before it: \
         days_ahead = [0, 1]",
    );
    wrong(
        &window("hours = [\"12:00-13:00\"]"),
        1,
        "window `noon` of `callback` of queue `sales` should say its days in one way; write one of daily = true, \
         weekdays = [\"mon-fri\"], monthly = [\"last friday\"] and yearly = [\"12-24\"]",
    );
}

#[test]
fn more_windows_than_a_caller_ever_hears_are_refused() {
    let window = |n| {
        format!("[queues.sales.callback.windows.w{n}]\ndaily = true\nhours = [\"12:00-13:00\"]\n")
    };
    let lines: String = (0..17).map(window).collect();
    wrong(
        &lines,
        0,
        "expected at most 16 windows, got 17; leave some out: a caller chooses among eight",
    );
}

#[test]
fn times_need_a_clock_that_hangs_somewhere() {
    for (lines, line) in [
        ("between = \"08:00-15:00\"", 1),
        (
            "[queues.sales.callback.windows.noon]\ndaily = true\nhours = [\"12:00-13:00\"]",
            1,
        ),
    ] {
        let sandbox = sandbox(lines);
        sandbox.change("zone = \"Europe/Stockholm\"\n", "\n");
        let errors = sandbox.errors();
        let [error] = &errors[..] else {
            panic!("{errors:#?}");
        };
        let place = format!("config/organisations/acme/acme.toml:{}:", 31 + line);
        assert!(error.starts_with(&place), "{error}");
        assert!(
            error.ends_with(
                "queue `sales` calls back by a clock of no place; name the time zone under [organisation]: \
                 zone = \"Europe/Stockholm\""
            ),
            "{error}"
        );
    }
}

#[test]
fn a_list_that_nobody_may_staff_is_told_in_passing() {
    let loaded = sandbox("members = []").loaded();
    let warnings = warnings(&loaded);
    let [warning] = &warnings[..] else {
        panic!("{warnings:#?}");
    };
    let told = warning.to_string();
    assert!(
        told.contains("has nobody who may staff it; name users: members = [\"anna\"]"),
        "{told}"
    );
}

#[test]
fn a_key_that_leads_elsewhere_or_is_not_the_one_that_is_said_is_told() {
    let sandbox = sandbox("");
    let keys = "keys = { \"2\" = { user = \"anna\" } }";
    sandbox.change(
        "extension = \"1000\"",
        &format!("extension = \"1000\"\n{keys}"),
    );
    assert_eq!(
        sandbox.errors(),
        [
            "config/organisations/acme/acme.toml:32:1: key 2 of `callback` of queue `sales` leads elsewhere by `keys`; choose \
             another: key = \"5\""
        ]
    );
    wrong(
        "key = \"5\"",
        1,
        "the announcement of `callback` of queue `sales` says key 2, not 5; name a recording of yours that says the key, or \
         \"none\": announcement = \"…\"",
    );
    assert_eq!(errors("key = \"5\"\nannouncement = \"none\""), [""; 0]);
}

#[test]
fn a_step_or_a_prompt_that_is_not_there_is_told() {
    wrong(
        "prompts = { tims = \"queue-welcome\" }",
        1,
        "`callback` of queue `sales` has no step \"tims\"; did you mean `times`?",
    );
    wrong(
        "prompts = { times = \"quue-welcome\" }",
        1,
        "there is no prompt \"quue-welcome\" in language `en`; did you mean `queue-welcome`?",
    );
    wrong(
        "[queues.sales.callback.windows.noon]\ndaily = true\nhours = [\"12:00-13:00\"]\nprompt = \"quue-welcome\"",
        4,
        "there is no prompt \"quue-welcome\" in language `en`; did you mean `queue-welcome`?",
    );
}

#[test]
fn a_queue_that_may_call_nobody_is_told_in_passing() {
    let sandbox = sandbox("");
    sandbox.change("plan = \"office\"\n", "\n");
    let warnings = warnings(&sandbox.loaded());
    let [warning] = &warnings[..] else {
        panic!("{warnings:#?}");
    };
    let told = warning.to_string();
    let expected = "queue `sales` will call nobody back: it has no plan; give the queue, or the organisation, a `plan` that \
                    says which numbers may be called";
    assert!(told.contains(expected), "{told}");
}
