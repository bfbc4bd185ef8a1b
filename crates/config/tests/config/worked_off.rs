//! Lists that were removed while no process ran: who works them off, and how.

use base::{QueueId, UserId};
use callback::Offers;
use config::{Environment, Loaded};
use std::path::Path;

fn demo() -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    config::load(&folder, &Environment::default()).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn queue(name: &str) -> QueueId {
    name.parse().unwrap()
}

fn members(loaded: &Loaded, list: &QueueId) -> Vec<String> {
    let members = loaded.callback.lists[list].members.iter();
    members.map(UserId::to_string).collect()
}

#[test]
fn a_list_that_is_configured_no_more_is_worked_off_by_its_queue_s_members_or_all_of_its_organisation()
 {
    let (configured, without_list, gone, nobody_s) = (
        queue("demo/support"),
        queue("demo/kontor"),
        queue("demo/gone"),
        queue("other/gone"),
    );
    let mut loaded = demo();
    let before = loaded.callback.lists[&configured].clone();
    let lists = [&configured, &without_list, &gone, &nobody_s];
    loaded.work_off(lists.map(QueueId::clone));
    assert_eq!(loaded.callback.lists[&configured], before);
    assert_eq!(
        members(&loaded, &without_list),
        ["demo/cecilia", "demo/david"]
    );
    let all = ["demo/anna", "demo/bosse", "demo/cecilia", "demo/david"];
    assert_eq!(members(&loaded, &gone), all);
    assert!(!loaded.callback.lists.contains_key(&nobody_s));
    let demo = &loaded.directory.organisations["demo"];
    for (list, name) in [(&without_list, "Kontoret"), (&gone, "gone")] {
        assert_eq!(loaded.callback.lists[list].offers, Offers::Never);
        let calling = &demo.calling_back[list];
        assert_eq!(&*calling.display_name, name);
        assert_eq!(calling.prompts.to.as_str(), "sv/calling-back-to");
    }
    assert!(
        !demo.callbacks.contains_key(&gone),
        "callers are offered it"
    );
}
