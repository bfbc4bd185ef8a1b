//! Queues' hours, and what callers meet outside of them.

use crate::common::{Sandbox, warnings};
use crate::errors::organisation;
use base::{HoursId, OrgId, QueueId, UserId};
use call::settings::Destination;
use media_core::PromptId;

const NUMBER: &str = "\"+46850001000\" = { queue = \"sales\" }\n";

fn org() -> OrgId {
    OrgId::new("acme").unwrap()
}

#[test]
fn a_queue_has_hours_and_says_what_callers_meet_outside_of_them() {
    let sandbox = Sandbox::new();
    sandbox.change(
        NUMBER,
        r#""+46850001000" = { queue = "sales" }
[hours.office]
zone = "Europe/Stockholm"
rules = [{ weekdays = ["mon-fri"], hours = ["08:00-17:00"] }]
"#,
    );
    sandbox.change(
        "[queues.sales]\n",
        "[queues.sales]\nhours = \"office\"\nclosed = { message = \"none\", then = { user = \"anna\" } }\n",
    );
    let loaded = sandbox.loaded();
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
    let acme = &loaded.directory.organisations[&org()];
    let sales = QueueId::new(&org(), "sales").unwrap();
    let door = &acme.ways.doors[&sales];
    assert_eq!(door.hours, HoursId::new(&org(), "office").ok());
    let anna = Some(Destination::User(UserId::new(&org(), "anna").unwrap()));
    assert_eq!((&door.closed.message, &door.closed.then), (&None, &anna));
    let holiday = Some(PromptId::new("en/closed-holiday"));
    assert_eq!(
        (&door.holiday.message, &door.holiday.then),
        (&holiday, &anna)
    );
    organisation(
        "[queues.sales]\n",
        "[queues.sales]\nhours = \"offise\"\n",
        "14:9: there are no hours \"offise\" in this organisation; there are no hours yet",
    );
}
