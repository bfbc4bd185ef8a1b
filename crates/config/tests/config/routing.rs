//! Who is offered a call: what is read of a queue's members, policy and skills, and what is told wrong.

use crate::common::{Sandbox, warnings};
use acd::{Asked, Member, Policy, QueueKind, QueueSettings, Skills, Widening};
use base::{OrgId, QueueId, UserId};
use std::num::NonZeroU8;
use std::time::Duration;

const MEMBERS: &str = "members = [\"anna\", \"bosse\"]\n";

fn sales(sandbox: &Sandbox) -> QueueSettings {
    let loaded = sandbox.loaded();
    let id = QueueId::new(&OrgId::new("acme").unwrap(), "sales").unwrap();
    loaded.acd.queues[&id].clone()
}

fn user(name: &str) -> UserId {
    UserId::new(&OrgId::new("acme").unwrap(), name).unwrap()
}

fn skills(levels: &[(&str, u8)]) -> Skills {
    let levels = levels.iter();
    levels
        .map(|(skill, level)| ((*skill).into(), *level))
        .collect()
}

#[test]
fn each_policy_is_read_by_its_word() {
    let two = NonZeroU8::new(2).unwrap();
    let five = NonZeroU8::new(5).unwrap();
    for (written, policy) in [
        ("", Policy::LongestIdle),
        ("policy = \"longest-idle\"", Policy::LongestIdle),
        ("policy = \"parallel\"", Policy::Parallel(two)),
        (
            "policy = \"parallel\"\nparallel = 5",
            Policy::Parallel(five),
        ),
        (
            "policy = \"by-skill\"\nrequires = { sales = 0 }",
            Policy::BySkill,
        ),
        ("policy = \"round-robin\"", Policy::RoundRobin),
        ("policy = \"fewest-calls\"", Policy::FewestCalls),
        ("policy = \"random\"", Policy::Random),
        ("policy = \"ring-all\"", Policy::RingAll),
        ("policy = \"fixed-order\"", Policy::FixedOrder),
    ] {
        let sandbox = Sandbox::new();
        sandbox.change(MEMBERS, &format!("{MEMBERS}{written}\n"));
        assert_eq!(sales(&sandbox).policy, policy, "{written}");
    }
}

#[test]
fn members_keep_their_order_and_have_what_is_written_of_them() {
    let sandbox = Sandbox::new();
    let written = "members = [{ user = \"bosse\", priority = 2, weight = 7 }, \"anna\"]\n\
                   weight = 9\nkind = \"operator\"\n";
    sandbox.change(MEMBERS, written);
    let sales = sales(&sandbox);
    let bosse = Member {
        rank: 0,
        priority: 2,
        weight: 7,
    };
    let anna = Member {
        rank: 1,
        priority: 1,
        weight: 1,
    };
    assert_eq!(sales.members[&user("bosse")], bosse);
    assert_eq!(sales.members[&user("anna")], anna);
    assert_eq!((sales.weight, sales.kind), (9, QueueKind::Operator));
}

#[test]
fn skills_stand_with_people_and_a_queue_asks_for_less_and_less() {
    let sandbox = Sandbox::new();
    let asked = "requires = { technical = 5, swedish = 1 }\n\
                 widen = [{ after = \"30s\", requires = { technical = 3 } }, { after = \"2m\" }]\n";
    sandbox.change(MEMBERS, &format!("{MEMBERS}{asked}"));
    sandbox.change(
        "[users.anna]\n",
        "[users.anna]\nskills = { technical = 10, swedish = 0 }\n",
    );
    let step = |after, requires| Widening {
        after: Duration::from_secs(after),
        requires,
    };
    let expected = Asked {
        requires: skills(&[("swedish", 1), ("technical", 5)]),
        widen: vec![
            step(30, skills(&[("technical", 3)])),
            step(120, Skills::new()),
        ],
    };
    assert_eq!(sales(&sandbox).asked, expected);
    let agents = &sandbox.loaded().acd.agents;
    let anna = skills(&[("swedish", 0), ("technical", 10)]);
    assert_eq!(agents[&user("anna")].skills, anna);
    assert_eq!(agents[&user("bosse")].skills, Skills::new());
}

#[test]
fn what_makes_no_sense_is_told_with_its_mend() {
    for (written, error) in [
        (
            "parallel = 3",
            "says how many phones ring at once by that policy alone",
        ),
        ("policy = \"by-skill\"", "asks for no skill to choose by"),
        ("policy = \"parallel\"\nparallel = 33", "from 2 to 32"),
        ("weight = 11", "from 1 to 10"),
        ("requires = { sales = 11 }", "from 0 to 10"),
        ("requires = { Sales = 1 }", "can't name a skill"),
        (
            "widen = [{ after = \"9s\", requires = { sales = 1 } }]",
            "asks for more of \"sales\"",
        ),
        ("widen = [{ requires = {} }]", "has no `after`"),
        (
            "widen = [{ after = \"9s\" }, { after = \"9s\" }]",
            "does not come later",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.change(MEMBERS, &format!("{MEMBERS}{written}\n"));
        let errors = sandbox.errors();
        assert!(errors[0].contains(error), "{written}: {errors:#?}");
    }
    for (members, error) in [
        (
            "[{ priority = 2 }]",
            "a member of queue `sales` has no `user`",
        ),
        ("[{ user = \"anna\", priority = 10 }]", "from 1 to 9"),
        (
            "[{ user = \"anna\", level = 1 }]",
            "a member of queue `sales` has no setting",
        ),
        ("[3]", "a user, as a name or as"),
        ("[\"anna\", { user = \"anna\" }]", "twice"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.change(MEMBERS, &format!("members = {members}\n"));
        let errors = sandbox.errors();
        assert!(errors[0].contains(error), "{members}: {errors:#?}");
    }
}

#[test]
fn a_queue_whose_members_are_all_unable_is_warned_of() {
    let sandbox = Sandbox::new();
    sandbox.change(MEMBERS, &format!("{MEMBERS}requires = {{ sales = 3 }}\n"));
    let told = warnings(&sandbox.loaded());
    assert!(
        told[0]
            .to_string()
            .contains("is able to what its callers ask for"),
        "{told:#?}"
    );
    sandbox.change("requires =", "widen = [{ after = \"9s\" }]\nrequires =");
    assert!(warnings(&sandbox.loaded()).is_empty());
}
