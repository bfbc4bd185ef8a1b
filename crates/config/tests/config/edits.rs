//! Settings changed by program, from the outside: found, judged, landed, or refused with the files untouched.

use crate::common::Sandbox;
use base::OrgId;
use config::{Edited, Environment};
use control::{ConfigChange, ConfigScope, Written};
use std::os::unix::fs::PermissionsExt;

const FILE: &str = "config/organisations/acme/acme.toml";

fn acme() -> ConfigScope {
    ConfigScope::Organisation(OrgId::new("acme").unwrap())
}

fn edits(sandbox: &Sandbox, path: &str, value: &str) -> Vec<Edited> {
    let change = ConfigChange::Set(Written(value.to_owned()));
    config::edits(&sandbox.path("config"), &acme(), path, &change).unwrap()
}

/// The first reading with which the configuration is right.
fn right(sandbox: &Sandbox, path: &str, value: &str) -> Option<Edited> {
    let edits = edits(sandbox, path, value);
    let load = |edited: &Edited| {
        config::load_edited(&sandbox.path("config"), &Environment::default(), edited)
    };
    edits.into_iter().find(|edited| load(edited).is_ok())
}

fn text(sandbox: &Sandbox, file: &str) -> String {
    std::fs::read_to_string(sandbox.path(file)).unwrap()
}

fn refusal(sandbox: &Sandbox, path: &str, change: &ConfigChange) -> String {
    let error = config::edits(&sandbox.path("config"), &acme(), path, change).unwrap_err();
    sandbox.lines(&[*error]).remove(0)
}

#[test]
fn a_setting_is_written_into_the_file_that_has_its_thing() {
    let sandbox = Sandbox::new();
    let more = "config/organisations/acme/more.toml";
    sandbox.write(
        more,
        "# Another.\n[queues.help]\nextension = \"1001\"\nmembers = [\"anna\"]\n",
    );
    let before = text(&sandbox, FILE);
    let edited = right(&sandbox, "queues.help.ring", "20s").unwrap();
    assert_eq!(edited.path(), sandbox.path(more));
    edited.land(&sandbox.path("config")).unwrap();
    assert!(text(&sandbox, more).ends_with("members = [\"anna\"]\nring = \"20s\"\n"));
    assert_eq!(text(&sandbox, FILE), before);
    sandbox.loaded();
    let new = right(
        &sandbox,
        "queues.night",
        r#"{ extension = "1002", members = [] }"#,
    )
    .unwrap();
    assert_eq!(
        new.path(),
        sandbox.path(FILE),
        "where there are queues already"
    );
}

#[test]
fn a_value_without_quotes_is_what_the_setting_takes() {
    let sandbox = Sandbox::new();
    for (path, value) in [
        ("queues.sales.extension", "1007"),
        ("queues.sales.weight", "7"),
        ("queues.sales.name", "2026"),
        ("queues.sales.logged_in_at_start", "true"),
    ] {
        let edited = right(&sandbox, path, value).unwrap_or_else(|| panic!("{path} = {value}"));
        edited.land(&sandbox.path("config")).unwrap();
        assert_eq!(
            config::show(&sandbox.path("config"), &acme(), path).unwrap(),
            format!("{value}\n")
        );
    }
    sandbox.loaded();
    let after = text(&sandbox, FILE);
    assert!(
        after.contains("weight = 7\n") && after.contains("name = \"2026\"\n"),
        "{after}"
    );
}

#[test]
fn a_wrong_value_is_told_with_its_place_and_the_file_is_as_it_was() {
    let sandbox = Sandbox::new();
    let before = text(&sandbox, FILE);
    let edit = edits(&sandbox, "queues.sales.ring", "soon").remove(0);
    let errors = config::load_edited(&sandbox.path("config"), &Environment::default(), &edit);
    let told = sandbox.lines(&errors.unwrap_err());
    let line = 1
        + before
            .lines()
            .position(|line| line.starts_with("members"))
            .unwrap()
        + 1;
    assert!(
        told[0].starts_with(&format!("{FILE}:{line}:8: ")),
        "{told:?}"
    );
    assert!(told[0].contains("; "), "and the mend: {told:?}");
    assert_eq!(text(&sandbox, FILE), before);
}

#[test]
fn a_file_that_was_changed_meanwhile_is_not_overwritten() {
    let sandbox = Sandbox::new();
    let edited = right(&sandbox, "queues.sales.ring", "20s").unwrap();
    sandbox.change("1000", "1009");
    let theirs = text(&sandbox, FILE);
    let error = edited.land(&sandbox.path("config")).unwrap_err();
    assert!(error.to_string().contains("changed meanwhile"), "{error}");
    assert_eq!(text(&sandbox, FILE), theirs);
    let folder = std::fs::read_dir(sandbox.path("config/organisations/acme")).unwrap();
    assert_eq!(folder.count(), 1, "nothing is left beside it");
}

#[test]
fn a_landed_file_keeps_its_mode_and_a_link_stays_a_link() {
    let sandbox = Sandbox::new();
    let kept = sandbox.path("kept.toml");
    std::fs::rename(sandbox.path(FILE), &kept).unwrap();
    std::os::unix::fs::symlink(&kept, sandbox.path(FILE)).unwrap();
    std::fs::set_permissions(&kept, PermissionsExt::from_mode(0o640)).unwrap();
    let edited = right(&sandbox, "queues.sales.ring", "20s").unwrap();
    edited.land(&sandbox.path("config")).unwrap();
    assert!(sandbox.path(FILE).is_symlink());
    assert!(text(&sandbox, "kept.toml").contains("ring = \"20s\"\n"));
    let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn secrets_are_written_and_never_shown() {
    let sandbox = Sandbox::new();
    let dir = sandbox.path("config");
    let edited = right(&sandbox, "users.anna.password", "20261128").unwrap();
    edited.land(&dir).unwrap();
    assert!(text(&sandbox, FILE).contains("password = \"20261128\"\n"));
    for path in ["users.anna.password", "users.anna", "users"] {
        let shown = config::show(&dir, &acme(), path).unwrap();
        assert!(shown.contains("(secret)"), "{path}: {shown}");
        assert!(!shown.contains("20261128"), "{path}: {shown}");
    }
    assert!(!format!("{edited:?}").contains("20261128"));
    right(&sandbox, "quick_close.pin", "80246913")
        .unwrap()
        .land(&dir)
        .unwrap();
    let before = sandbox.loaded();
    for path in ["quick_close.pin", "quick_close"] {
        let shown = config::show(&dir, &acme(), path).unwrap();
        assert!(shown.contains("(secret)"), "{path}: {shown}");
        assert!(!shown.contains("80246913"), "{path}: {shown}");
    }
    right(&sandbox, "quick_close.pin", "11223344")
        .unwrap()
        .land(&dir)
        .unwrap();
    let changes = format!("{:?}", config::diff(&before, &sandbox.loaded()));
    assert!(changes.contains("pin"), "{changes}");
    assert!(
        !changes.contains("80246913") && !changes.contains("11223344"),
        "{changes}"
    );
}

#[test]
fn what_is_not_there_or_no_table_is_told_with_its_place() {
    let sandbox = Sandbox::new();
    let told = refusal(&sandbox, "queues.sales.ring", &ConfigChange::Unset);
    let line = 1 + text(&sandbox, FILE)
        .lines()
        .position(|line| line == "[queues.sales]")
        .unwrap();
    assert!(told.starts_with(&format!("{FILE}:{line}:")), "{told}");
    assert!(told.contains("default holds"), "{told}");
    let inside = ConfigChange::Set(Written("1".into()));
    let told = refusal(&sandbox, "queues.sales.extension.x", &inside);
    assert!(
        told.starts_with(&format!("{FILE}:{}:1: ", line + 1)),
        "{told}"
    );
    let told = refusal(&sandbox, "queues..ring", &inside);
    assert!(told.contains("keys with points"), "{told}");
    let nobody = ConfigScope::Organisation(OrgId::new("nobody").unwrap());
    let error = config::edits(&sandbox.path("config"), &nobody, "queues.a", &inside);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("organisations/nobody")
    );
}

#[test]
fn the_servers_own_file_is_edited_by_the_same_rules() {
    let sandbox = Sandbox::new();
    let change = ConfigChange::Set(Written("45s".into()));
    let dir = sandbox.path("config");
    let edits = config::edits(&dir, &ConfigScope::Server, "drain_limit", &change).unwrap();
    edits[0].land(&dir).unwrap();
    let text = text(&sandbox, "config/kolapp.toml");
    assert!(text.contains("drain_limit = \"45s\"\n\n[sip]\n"), "{text}");
    sandbox.loaded();
}
