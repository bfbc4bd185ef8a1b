//! What holds for all agents of an organisation: what is read, and what is told wrong.

use crate::common::{Sandbox, warnings};
use crate::errors::organisation;
use acd::{AgentRules, Counted, ErrorLimit, MissedLimit, Sidelining};
use base::{OrgId, UserId};
use call::outward::MobilesShow;
use std::time::Duration;

fn org() -> OrgId {
    OrgId::new("acme").unwrap()
}

#[test]
fn limits_reasons_and_mobiles_are_read_as_they_are_written() {
    let sandbox = Sandbox::new();
    sandbox.change("allow = [", "allow = [\"mobile\", ");
    sandbox.change("[queues.sales]\n", "[queues.sales]\nplan = \"office\"\n");
    sandbox.change(
        "[users.anna]\n",
        "[agents]\nmissed_max = 3\nmissed_counted = \"since-log-in\"\nmissed_action = \"pause\"\n\
         errors_max = 7\nwrap_up_extension = \"90s\"\nmobiles_show = \"caller\"\n\n\
         [pause_reasons]\n1 = \"lunch\"\n\n[users.anna]\nmobile = \"+46701234567\"\n",
    );
    let loaded = sandbox.loaded();
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
    let expected = AgentRules {
        missed: Some(MissedLimit {
            max: 3,
            counted: Counted::SinceLogIn,
            then: Sidelining::Pause,
        }),
        errors: Some(ErrorLimit {
            max: 7,
            then: Sidelining::LogOut,
        }),
        wrap_up_extension: Duration::from_secs(90),
        pause_reasons: [("1".into(), "lunch".into())].into(),
    };
    assert_eq!(loaded.acd.rules[&org()], expected);
    let acme = &loaded.directory.organisations[&org()];
    assert_eq!(acme.outward.mobiles_show, MobilesShow::Caller);
    let anna = &acme.users[&UserId::new(&org(), "anna").unwrap()];
    let mobile = anna.mobile.as_ref().unwrap();
    assert_eq!(mobile.number.to_string(), "+46701234567");
    sandbox.change("plan = \"office\"\n", "");
    let told = warnings(&sandbox.loaded());
    assert_eq!(told.len(), 1, "no queue of hers may call it: {told:?}");
}

#[test]
fn where_nothing_is_written_nobody_is_limited() {
    let loaded = Sandbox::new().loaded();
    assert_eq!(loaded.acd.rules[&org()], AgentRules::default());
}

#[test]
fn a_code_of_a_reason_that_no_key_is_and_a_mobile_that_nobody_has_are_told() {
    organisation(
        "[users.anna]\n",
        "[pause_reasons]\n12 = \"lunch\"\n[users.anna]\n",
        "6:1: \"12\" is no code of a pause reason; codes are single digits, dialled behind the code for pausing: 1 = \
         \"lunch\"",
    );
    organisation(
        "[users.anna]\n",
        "[users.anna]\nmobile = \"112\"\n",
        "6:10: \"112\" is no number of a mobile; write the number with plus and country code: \"+46701234567\"",
    );
}
