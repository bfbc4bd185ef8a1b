//! Where callers are led: what is read, and which circles and dead ends are told.

use crate::common::{Sandbox, warnings};
use crate::errors::organisation;
use acd::Priority;
use base::{GroupId, HoursId, MenuId, OrgId, QueueId, UserId};
use calendar::{Hours, On, OwnDay, Recurrence, Rule};
use call::settings::{
    CallerPattern, Choice, Destination, GroupPolicy, Listening, Member, Message, Terms,
};
use media_core::PromptId;
use std::time::Duration;

const SALES: &str = "\"+46850001000\" = { queue = \"sales\" }\n";

fn org() -> OrgId {
    OrgId::new("acme").unwrap()
}

fn sales() -> Destination {
    Destination::Queue(QueueId::new(&org(), "sales").unwrap())
}

#[test]
fn a_group_and_a_message_are_read_as_they_are_written() {
    let sandbox = Sandbox::new();
    sandbox.change(
        SALES,
        r#""+46850001000" = { queue = "sales" }
"+46850001001" = { group = "reception" }
"+46850001002" = { message = "queue-first", then = { number = "+46850001000" } }

[groups.reception]
name = "Reception"
extension = "2000"
members = ["bosse", "anna"]
policy = "in-order"
then = { queue = "sales" }
"#,
    );
    let loaded = sandbox.loaded();
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
    let acme = &loaded.directory.organisations[&org()];
    let id = GroupId::new(&org(), "reception").unwrap();
    let group = &acme.ways.groups[&id];
    let user = |name| Member::User(UserId::new(&org(), name).unwrap());
    assert_eq!(group.members, [user("bosse"), user("anna")]);
    assert_eq!(&*group.display_name, "Reception");
    assert_eq!(group.policy, GroupPolicy::InOrder);
    assert_eq!(group.ring, Duration::from_secs(15), "of each");
    assert_eq!(group.then, Some(sales()));
    assert_eq!(acme.extensions["2000"], Destination::Group(id.clone()));
    assert_eq!(
        acme.numbers["+46850001001"].otherwise,
        Destination::Group(id)
    );
    let message = Message {
        prompt: PromptId::new("en/queue-first"),
        then: Some(Box::new(Destination::Number("+46850001000".into()))),
    };
    assert_eq!(
        acme.numbers["+46850001002"].otherwise,
        Destination::Message(message)
    );
}

#[test]
fn a_circle_of_numbers_and_groups_is_told_once_with_its_way() {
    organisation(
        SALES,
        "\"+46850001000\" = { queue = \"sales\" }\n\
         \"+46850001001\" = { number = \"+46850001002\" }\n\
         \"+46850001002\" = { group = \"all\" }\n\
         [groups.all]\nmembers = [\"anna\"]\n\
         then = { message = \"queue-first\", then = { number = \"+46850001001\" } }\n",
        "19:1: the caller is led round in a circle: number +46850001001 → number +46850001002 → group `all` → \
         number +46850001001; lead it to a queue, a user or a message in the end",
    );
}

#[test]
fn a_chain_without_end_is_told() {
    let mut numbers = SALES.to_owned();
    for last in 1..=9 {
        let line = format!(
            "\"+4685000100{last}\" = {{ number = \"+468500010{:02}\" }}\n",
            last + 1
        );
        numbers.push_str(&line);
    }
    numbers.push_str("\"+46850001010\" = { queue = \"sales\" }\n");
    organisation(
        SALES,
        &numbers,
        "19:1: the caller is led from number +46850001001 through more than 8 places; lead it to a queue, a user \
         or a message in the end",
    );
}

#[test]
fn what_leads_nowhere_is_told_with_what_there_is() {
    for (written, expected) in [
        (
            "{ group = \"none\" }",
            "28: there is no group \"none\" in this organisation; there are no groups yet",
        ),
        (
            "{ number = \"+4685\" }",
            "29: there is no number \"+4685\" in this organisation; numbers: `+46850001000`",
        ),
        (
            "{ message = \"none\" }",
            "30: a message needs something to say; name a prompt, or lead to where the caller goes without one",
        ),
        (
            "{ user = \"anna\", then = {} }",
            "42: `then` of number +46850001000 stands where nothing is said before it; \
          `then` goes with a message: { message = \"…\", then = { … } }",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.change("extension = \"1000\"\n", "");
        sandbox.change("{ queue = \"sales\" }", written);
        let errors = sandbox.errors();
        assert_eq!(
            errors,
            [format!("config/organisations/acme/acme.toml:17:{expected}")]
        );
    }
}

#[test]
fn a_group_without_members_or_with_one_twice_is_told() {
    let group = |members: &str| format!("{SALES}[groups.all]\nmembers = [{members}]\n");
    organisation(
        SALES,
        &group(""),
        "20:11: group `all` has no members; name who is rung: members = [\"anna\", \"bosse\"]",
    );
    organisation(
        SALES,
        &group("\"anna\", \"anna\""),
        "20:20: \"anna\" is a member of group `all` twice; keep one of them \
         (the first is here: config/organisations/acme/acme.toml:20:12)",
    );
}

#[test]
fn a_menu_is_read_as_it_is_written() {
    let sandbox = Sandbox::new();
    sandbox.change(
        SALES,
        r#""+46850001000" = { menu = "main" }

[menus.main]
extension = "1500"
prompt = "queue-first"
keys = { "1" = { queue = "sales" }, "2" = { menu = "other" }, "9" = "repeat" }
timeout = "8s"
timeout_goes_to = { user = "anna" }
tries = 2
default = { queue = "sales" }

[menus.other]
language = "sv"
prompt = "queue-first"
invalid = "none"
barge_in = false
dial_extensions = true
keys = { "*" = { menu = "main" } }
"#,
    );
    let loaded = sandbox.loaded();
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
    let acme = &loaded.directory.organisations[&org()];
    let id = |name| MenuId::new(&org(), name).unwrap();
    let main = &acme.ways.menus[&id("main")];
    assert_eq!(main.prompt, PromptId::new("en/queue-first"));
    assert_eq!(main.invalid, Some(PromptId::new("en/menu-invalid")));
    assert_eq!(main.keys[&'1'], Choice::To(sales()));
    assert_eq!(main.keys[&'2'], Choice::To(Destination::Menu(id("other"))));
    assert_eq!(main.keys[&'9'], Choice::Again);
    assert_eq!((main.timeout, main.tries), (Duration::from_secs(8), 2));
    assert_eq!(main.otherwise, Some(sales()));
    assert_eq!(main.listening, Listening::WhilePrompt);
    assert_eq!(acme.extensions["1500"], Destination::Menu(id("main")));
    let other = &acme.ways.menus[&id("other")];
    assert_eq!(other.prompt, PromptId::new("sv/queue-first"));
    assert_eq!(other.invalid, None);
    assert_eq!(other.listening, Listening::AfterPrompt);
    assert!(other.takes_extensions);
}

#[test]
fn menus_that_a_caller_never_gets_out_of_are_told_and_those_with_an_end_are_not() {
    let menus = |end: &str| {
        format!(
            "{SALES}[menus.one]\nprompt = \"queue-first\"\nkeys = {{ \"1\" = {{ menu = \"two\" }} }}\n\
             default = {{ menu = \"two\" }}\n\
             [menus.two]\nprompt = \"queue-first\"\nkeys = {{ \"1\" = {{ menu = \"one\" }} }}\n{end}"
        )
    };
    let sandbox = Sandbox::new();
    sandbox.change(SALES, &menus("default = { menu = \"one\" }\n"));
    let mend = "let a key, `timeout_goes_to` or `default` lead to a queue, a user or a message; without a `default` \
                the call ends after the last try";
    let told = |line, name| {
        format!(
            "config/organisations/acme/acme.toml:{line}:8: there is no way out of menu `{name}`: all that it leads to \
             leads back; {mend}"
        )
    };
    assert_eq!(sandbox.errors(), [told(19, "one"), told(23, "two")]);
    for end in [
        "",
        "default = { user = \"anna\" }\n",
        "timeout_goes_to = { queue = \"sales\" }\ndefault = { menu = \"one\" }\n",
    ] {
        let sandbox = Sandbox::new();
        sandbox.change(SALES, &menus(end));
        assert!(sandbox.errors().is_empty(), "{end} {:?}", sandbox.errors());
    }
}

#[test]
fn a_key_that_no_telephone_has_and_a_menu_without_keys_are_told() {
    let menu = |rest: &str| format!("{SALES}[menus.main]\nprompt = \"queue-first\"\n{rest}\n");
    organisation(
        SALES,
        &menu("keys = { \"11\" = { user = \"anna\" } }"),
        "21:10: expected a key of a telephone, got \"11\"; write one of 0 to 9, * and #, in quotes: \
         keys = { \"1\" = { queue = \"…\" } }",
    );
    organisation(
        SALES,
        &menu(""),
        "19:1: menu `main` has no keys to choose by; write what each leads to: keys = { \"1\" = { queue = \"…\" } }",
    );
}

#[test]
fn hours_and_routes_are_read_as_they_are_written() {
    let sandbox = Sandbox::new();
    sandbox.change(
        SALES,
        r#"
[numbers."+46850001000"]
routes = [
    { from = ["+46701234567", "+4670*", "withheld"], user = "anna" },
    { closed = "office", message = "queue-first" },
    { open = "office", from = ["101"], number = "+46850001001" },
]
queue = "sales"

[numbers."+46850001001"]
user = "bosse"

[hours.office]
zone = "Europe/Stockholm"
rules = [
    { weekdays = ["mon-thu"], hours = ["08:00-12:00", "13:00-17:00"] },
    { weekdays = ["fri"], hours = ["08:00-15:00"] },
]
days = ["2026-12-25", { date = "2026-12-24", message = "queue-repeat" }]
"#,
    );
    let loaded = sandbox.loaded();
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
    let acme = &loaded.directory.organisations[&org()];
    let id = HoursId::new(&org(), "office").unwrap();
    let mut hours = Hours::new("Europe/Stockholm").unwrap();
    for (days, intervals) in [
        ("mon-thu", &["08:00-12:00", "13:00-17:00"][..]),
        ("fri", &["08:00-15:00"]),
    ] {
        hours.add_rule(Rule {
            days: Recurrence::new(On::Weekly(calendar::days(days).unwrap())),
            hours: intervals.iter().map(|it| it.parse().unwrap()).collect(),
            written: format!("weekdays {days}").into(),
        });
    }
    let once = |text| Recurrence::once(calendar::date(text).unwrap());
    hours.add_days(once("2026-12-25"), OwnDay::default());
    let message = Some("en/queue-repeat".into());
    let eve = OwnDay {
        message,
        ..OwnDay::default()
    };
    hours.add_days(once("2026-12-24"), eve);
    assert_eq!(acme.ways.hours[&id], hours);
    let number = &acme.numbers["+46850001000"];
    assert_eq!(number.otherwise, sales());
    let [callers, closed, both] = &number.routes[..] else {
        panic!("{:?}", number.routes)
    };
    let from = [
        CallerPattern::Number("+46701234567".into()),
        CallerPattern::Prefix("+4670".into()),
        CallerPattern::Withheld,
    ];
    assert_eq!(
        (&callers.open, &callers.closed, &callers.from[..]),
        (&None, &None, &from[..])
    );
    assert_eq!(
        (&closed.closed, &closed.from.len()),
        (&Some(id.clone()), &0)
    );
    assert_eq!(both.open, Some(id));
    assert_eq!(both.to, Destination::Number("+46850001001".into()));
}

#[test]
fn routes_that_hold_for_nobody_in_particular_or_lead_in_a_circle_are_told() {
    let routes =
        |routes: &str| format!("\"+46850001000\" = {{ routes = [{routes}], queue = \"sales\" }}\n");
    organisation(
        SALES,
        &routes("{ user = \"anna\" }"),
        "18:30: a route of number +46850001000 says nothing of when it holds; write `open`, `closed` or `from` in it; \
         what always holds stands beside `routes`",
    );
    organisation(
        SALES,
        &routes("{ closed = \"office\", user = \"anna\" }"),
        "18:41: there are no hours \"office\" in this organisation; there are no hours yet",
    );
    organisation(
        SALES,
        &routes("{ from = [\"withheld\"], number = \"+46850001000\" }"),
        "18:1: the caller is led round in a circle: number +46850001000 → number +46850001000; lead it to a queue, a \
         user or a message in the end",
    );
    organisation(
        SALES,
        &routes("{ from = [\"070-1234567\"], user = \"anna\" }"),
        "18:40: expected a caller, such as \"+46701234567\", \"+4670*\" or \"withheld\", got \"070-1234567\"; \
         write digits, with plus and country code",
    );
}

#[test]
fn a_person_s_forwards_are_read_and_those_that_lead_nowhere_told() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "extension = \"101\"\n",
        "extension = \"101\"\nforward = { busy = \"102\", no_answer = \"0850001000\", no_answer_after = \"12s\" }\n",
    );
    let loaded = sandbox.loaded();
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
    let acme = &loaded.directory.organisations[&org()];
    let anna = UserId::new(&org(), "anna").unwrap();
    let forwards = &acme.users[&anna].forwards;
    assert_eq!(forwards.busy.as_deref(), Some("102"));
    assert_eq!(forwards.no_answer.as_deref(), Some("0850001000"));
    assert_eq!(forwards.no_answer_after, Some(Duration::from_secs(12)));
    for written in ["101", "199", "112"] {
        organisation(
            "extension = \"101\"\n",
            &format!("extension = \"101\"\nforward = {{ always = \"{written}\" }}\n"),
            &format!(
                "8:22: \"{written}\" is nowhere that the calls of `anna` could go; write another one's \
                 extension, or a number that is no emergency number, in quotes: \"+46701234567\""
            ),
        );
    }
}

#[test]
fn a_forward_that_the_person_s_plan_does_not_allow_is_warned_of() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "extension = \"101\"\n",
        "extension = \"101\"\nplan = \"office\"\nforward = { always = \"0701234567\" }\n",
    );
    let told: Vec<String> = warnings(&sandbox.loaded())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("the plan allows no mobile numbers"),
        "{told:?}"
    );
}

fn terms(priority: Option<u8>, requires: Option<&[(&str, u8)]>) -> Terms {
    let skill = |(name, level): &(&str, u8)| ((*name).into(), *level);
    Terms {
        priority: priority.map(Priority::new),
        requires: requires.map(|skills| skills.iter().map(skill).collect()),
    }
}

#[test]
fn a_caller_asks_of_his_own_for_what_stands_beside_the_queue_and_only_there() {
    let sandbox = Sandbox::new();
    let with = |requires| format!("\"+46850001000\" = {{ queue = \"sales\"{requires} }}\n");
    let first = with(", requires = { svenska = 5 }");
    sandbox.change(SALES, &first);
    let led = |sandbox: &Sandbox| {
        let loaded = sandbox.loaded();
        let acme = &loaded.directory.organisations[&org()];
        acme.numbers["+46850001000"].otherwise.clone()
    };
    let Destination::Queue(queue) = sales() else {
        unreachable!("sales is a queue")
    };
    let asks = terms(None, Some(&[("svenska", 5)]));
    assert_eq!(led(&sandbox), Destination::QueueAs(queue.clone(), asks));
    // One who comes by a menu may be rid of what he asked for before.
    let second = with(", requires = {}");
    sandbox.change(&first, &second);
    let nothing = terms(None, Some(&[]));
    assert_eq!(led(&sandbox), Destination::QueueAs(queue, nothing));
    sandbox.change(
        "queue = \"sales\", requires = {}",
        "user = \"anna\", requires = {}",
    );
    let errors = sandbox.errors();
    assert!(errors[0].contains("stands beside no queue"), "{errors:#?}");
}

#[test]
fn a_caller_has_the_priority_that_stands_beside_the_queue_and_only_there() {
    let sandbox = Sandbox::new();
    sandbox.change(
        SALES,
        "\"+46850001000\" = { queue = \"sales\", priority = 3 }\n",
    );
    let loaded = sandbox.loaded();
    let acme = &loaded.directory.organisations[&org()];
    let Destination::Queue(queue) = sales() else {
        unreachable!("sales is a queue")
    };
    assert_eq!(
        acme.numbers["+46850001000"].otherwise,
        Destination::QueueAs(queue, terms(Some(3), None))
    );
    sandbox.change(
        "{ queue = \"sales\", priority = 3 }",
        "{ user = \"anna\", priority = 3 }",
    );
    let errors = sandbox.errors();
    assert!(errors[0].contains("stands beside no queue"), "{errors:#?}");
}
