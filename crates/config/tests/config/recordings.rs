//! Prompts that are recorded by telephone: their numbers, and their versions on disk.

use crate::common::Sandbox;
use crate::errors::organisation;
use base::OrgId;
use call::dictation::Recordable;
use media_core::PromptId;

#[test]
fn a_prompts_number_has_one_to_four_digits_and_its_name_is_one() {
    for (written, expected) in [
        (
            "abc = \"welcome\"",
            "24:1: expected a number of 1 to 4 digits, got \"abc\"; write the number that is dialled behind the \
             code, such as 1 = \"welcome\"",
        ),
        (
            "12345 = \"welcome\"",
            "24:1: expected a number of 1 to 4 digits, got \"12345\"; write the number that is dialled behind the \
             code, such as 1 = \"welcome\"",
        ),
        (
            "1 = \"../secret\"",
            "24:5: a prompt can't be called \"../secret\"; name one of those under [prompts], or one that comes with \
             the server such as `queue-welcome`",
        ),
        (
            "1 = \"none\"",
            "24:5: a prompt can't be called \"none\"; name one of those under [prompts], or one that comes with \
             the server such as `queue-welcome`",
        ),
    ] {
        let section = format!("[prompt_numbers]\n{written}\n[feature_codes]");
        organisation("[feature_codes]", &section, expected);
    }
}

#[test]
fn the_newest_version_takes_the_place_of_a_file_and_of_what_comes_with_the_server() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "[feature_codes]",
        "[prompt_numbers]\n1 = \"queue-welcome\"\n2 = \"to-come\"\n[feature_codes]",
    );
    let org = OrgId::new("acme").unwrap();
    let heard = |number: &str| {
        let loaded = sandbox.loaded();
        let dictated = &loaded.directory.organisations[&org].dictated;
        dictated.numbers[number].clone()
    };
    let recordable = |name: &str, heard: Option<&str>| Recordable {
        name: name.into(),
        heard: heard.map(PromptId::new),
    };
    assert_eq!(
        heard("1"),
        recordable("queue-welcome", Some("en/queue-welcome"))
    );
    assert_eq!(heard("2"), recordable("to-come", None));

    let state = sandbox.loaded().server.state_dir;
    let folder = config::folder_of(&state, &org);
    for (name, version) in [
        ("queue-welcome", "9.wav"),
        ("queue-welcome", "10.mp3"),
        ("queue-welcome", "unfinished"),
        ("to-come", "1.wav"),
    ] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join(version), "").unwrap();
    }
    assert_eq!(
        heard("1"),
        recordable("queue-welcome", Some("acme/queue-welcome"))
    );
    assert_eq!(heard("2"), recordable("to-come", Some("acme/to-come")));
    let loaded = sandbox.loaded();
    let file = |id: &str| {
        let found = loaded.prompts.iter().find(|(of, _)| of.as_str() == id);
        found.unwrap().1.clone()
    };
    assert_eq!(
        file("acme/queue-welcome"),
        folder.join("queue-welcome/10.mp3")
    );
    assert_eq!(file("acme/to-come"), folder.join("to-come/1.wav"));
    let queues = &loaded.directory.organisations[&org].queues;
    let welcome = queues.values().next().unwrap().welcome.clone();
    assert_eq!(welcome, Some(PromptId::new("acme/queue-welcome")));
}
