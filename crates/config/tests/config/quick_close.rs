//! Who closes queues by telephone, and which.

use crate::common::Sandbox;
use call::closing::{Closable, Pin};

fn sandbox(section: &str, code: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for name in [
        "code", "wrong", "choices", "hours", "today", "until", "ended", "nothing",
    ] {
        sandbox.write(&format!("prompts/en/quick-close-{name}.wav"), "");
    }
    let all = format!("{section}[feature_codes]\n{code}");
    sandbox.change("[feature_codes]\n", &all);
    sandbox
}

const CODE: &str = "quick_close = \"*99\"\n";
const GROUPS: &str = "[queue_groups]\nall = [\"sales\"]\n";

#[test]
fn whoever_knows_the_code_closes_his_own_queues_or_those_of_a_group() {
    let of = |section: &str| {
        let loaded = sandbox(section, CODE).loaded();
        let organisations = &loaded.directory.organisations;
        organisations["acme"].by_phone.clone().unwrap()
    };
    let sales = || vec!["acme/sales".parse().unwrap()];
    let own = of("[quick_close]\npin = \"471147\"\n");
    assert_eq!(Some(own.pin), Pin::new("471147"));
    let Closable::OfUser(queues) = own.queues else {
        panic!("{:?}", own.queues);
    };
    let names: Vec<&str> = queues.keys().map(|user| user.name()).collect();
    assert_eq!(names, ["anna", "bosse"]);
    assert!(queues.values().all(|queues| *queues == sales()));
    let group = of(&format!(
        "{GROUPS}[quick_close]\npin = \"471147\"\ngroup = \"all\"\n"
    ));
    assert_eq!(group.queues, Closable::Group(sales()));
}

#[test]
fn a_code_without_a_pin_and_a_pin_that_is_none_are_told_without_saying_it() {
    for (section, told) in [
        ("", "there is no PIN"),
        ("[quick_close]\n", "pin"),
        (
            "[quick_close]\npin = \"123\"\n",
            "expected 6 to 12 digits in quotes",
        ),
        (
            "[quick_close]\npin = 9876\n",
            "expected 6 to 12 digits in quotes",
        ),
        (
            "[quick_close]\npin = \"12ab\"\n",
            "expected 6 to 12 digits in quotes",
        ),
        (
            "[quick_close]\npin = \"471147\"\ngroup = \"al\"\n",
            "no queue group",
        ),
    ] {
        let errors = sandbox(section, CODE).errors();
        assert!(errors[0].contains(told), "{section}: {errors:#?}");
        let says = |secret: &str| errors.iter().any(|error| error.contains(secret));
        assert!(!says("9876") && !says("12ab"), "{errors:#?}");
    }
    let without_code = sandbox("[quick_close]\npin = \"471147\"\n", "").loaded();
    assert!(
        without_code.directory.organisations["acme"]
            .by_phone
            .is_none()
    );
}
