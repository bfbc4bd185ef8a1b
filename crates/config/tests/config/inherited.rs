//! Settings that say what others mean where those say nothing: which prompts a name stands for, which numbers may be
//! shown.

use crate::common::Sandbox;
use base::OrgId;
use call::settings::{Language, Organisation};

fn acme(sandbox: &Sandbox) -> Organisation {
    let org = OrgId::new("acme").unwrap();
    sandbox.loaded().directory.organisations[&org].clone()
}

// Changes: organisation.language
#[test]
fn queues_speak_the_organisation_s_language() {
    let sandbox = Sandbox::new();
    let spoken = |sandbox: &Sandbox| {
        let acme = acme(sandbox);
        let journey = acme.queues.values().next().unwrap();
        let welcome = journey.welcome.as_ref().unwrap();
        (journey.language, welcome.as_str().to_owned())
    };
    let english = (Language::En, "en/queue-welcome".to_owned());
    assert_eq!(spoken(&sandbox), english);
    sandbox.change("language = \"en\"", "language = \"sv\"");
    let swedish = (Language::Sv, "sv/queue-welcome".to_owned());
    assert_eq!(spoken(&sandbox), swedish);
}

// Changes: menus.language
#[test]
fn a_menu_may_speak_another_language() {
    let sandbox = Sandbox::new();
    let menu = "[menus.main]\nprompt = \"queue-first\"\nkeys = { \"1\" = { user = \"anna\" } }\n";
    sandbox.change("[numbers]", &format!("{menu}[numbers]"));
    let prompt = |sandbox: &Sandbox| {
        let acme = acme(sandbox);
        acme.ways.menus.values().next().unwrap().prompt.clone()
    };
    assert_eq!(prompt(&sandbox).as_str(), "en/queue-first");
    sandbox.change("[menus.main]\n", "[menus.main]\nlanguage = \"sv\"\n");
    assert_eq!(prompt(&sandbox).as_str(), "sv/queue-first");
}

// Changes: prompts.folder
#[test]
fn the_prompts_that_come_with_the_server_are_where_its_file_says() {
    let sandbox = Sandbox::new();
    std::fs::rename(sandbox.path("prompts"), sandbox.path("sounds")).unwrap();
    assert!(!sandbox.errors().is_empty());
    let section = "[prompts]\nfolder = \"../sounds\"\n[sip]";
    sandbox.change_in("config/kolapp.toml", "[sip]", section);
    let prompts = sandbox.loaded().prompts;
    let is_there =
        |path: &std::path::Path| path.components().any(|part| part.as_os_str() == "sounds");
    assert!(prompts.iter().all(|(_, path)| is_there(path)));
}

// Changes: organisation.shown_numbers
#[test]
fn a_number_that_is_not_the_organisation_s_is_shown_where_it_says_so() {
    let sandbox = Sandbox::new();
    let other = "caller_id = \"+46850009999\"\n";
    sandbox.change("[organisation]\n", &format!("[organisation]\n{other}"));
    assert_eq!(sandbox.errors().len(), 1);
    let shown = "shown_numbers = [\"+46850009999\"]\n";
    sandbox.change(other, &format!("{other}{shown}"));
    assert!(sandbox.errors().is_empty());
}
