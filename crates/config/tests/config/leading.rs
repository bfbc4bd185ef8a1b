//! Where callers are led: what is read, and which circles and dead ends are told.

use crate::common::Sandbox;
use crate::errors::organisation;
use base::{GroupId, OrgId, QueueId, UserId};
use call::settings::{Destination, GroupPolicy, Message};
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
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let acme = &loaded.directory.organisations[&org()];
    let id = GroupId::new(&org(), "reception").unwrap();
    let group = &acme.ways.groups[&id];
    let user = |name| UserId::new(&org(), name).unwrap();
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
