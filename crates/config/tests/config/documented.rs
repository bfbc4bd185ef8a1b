//! `docs/configuration.md` and the readers of settings name the same settings, section by section.

use crate::common::Sandbox;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Settings = BTreeMap<String, BTreeSet<String>>;

/// Each section of the document with the settings in its table: a heading ends in the section's name in
/// backquotes, a row starts with the setting in backquotes.
fn documented() -> Settings {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let text = std::fs::read_to_string(path).unwrap();
    let quoted = |line: &str| line.split('`').nth(1).map(str::to_owned);
    let mut settings = Settings::new();
    let mut section = None;
    for line in text.lines() {
        if line.starts_with('#') {
            section = quoted(line);
        } else if let (Some(section), true) = (&section, line.starts_with("| `")) {
            let names: &mut BTreeSet<String> = settings.entry(section.clone()).or_default();
            assert!(
                names.insert(quoted(line).unwrap()),
                "twice in {section}: {line}"
            );
        }
    }
    settings
}

/// The settings that a section takes, as the error for one that it doesn't take lists them.
fn taken(file: &str, old: &str, new: &str) -> BTreeSet<String> {
    let sandbox = Sandbox::new();
    sandbox.change_in(file, old, new);
    let errors = sandbox.errors();
    let list = errors
        .iter()
        .find_map(|error| Some(error.split_once("settings here: ")?.1));
    let list = list.unwrap_or_else(|| panic!("{errors:#?}"));
    list.split(", ")
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}

#[test]
fn the_document_names_every_setting_and_no_other() {
    const SERVER: &str = "config/kolapp.toml";
    const ORGANISATION: &str = "config/organisations/acme/acme.toml";
    // No setting is near enough to this word to be suggested for it.
    const UNKNOWN: &str = "zzzzzzzzzzzz = 1\n";
    let mut settings = Settings::new();
    for section in [
        "sip",
        "tls",
        "http",
        "rtp",
        "registrations",
        "limits",
        "bans",
        "prompts",
    ] {
        let (old, new) = match section {
            "sip" => ("[sip]\n", format!("[sip]\n{UNKNOWN}")),
            _ => ("[sip]", format!("[{section}]\n{UNKNOWN}[sip]")),
        };
        settings.insert(format!("[{section}]"), taken(SERVER, old, &new));
    }
    let under =
        |heading: &str, then: &str| taken(ORGANISATION, heading, &format!("{heading}{then}"));
    let named = |heading: &str, section: &str| (section.to_owned(), under(heading, UNKNOWN));
    settings.extend([
        named("[organisation]\n", "[organisation]"),
        named("[users.anna]\n", "[users.<name>]"),
        named("[queues.sales]\n", "[queues.<name>]"),
        named("[trunks.provider]\n", "[trunks.<name>]"),
        named("[plans.office]\n", "[plans.<name>]"),
        named("[feature_codes]\n", "[feature_codes]"),
    ]);
    let agents = taken(
        ORGANISATION,
        "[numbers]",
        &format!("[agents]\n{UNKNOWN}[numbers]"),
    );
    settings.insert("[agents]".into(), agents);
    let quick_close = format!("[quick_close]\npin = \"4711\"\n{UNKNOWN}[numbers]");
    let quick_close = taken(ORGANISATION, "[numbers]", &quick_close);
    settings.insert("[quick_close]".into(), quick_close);
    let deferral = under("[queues.sales]\n", "deferral = { zzzzzzzzzzzz = 1 }\n");
    settings.insert("[queues.<name>.deferral]".into(), deferral);
    let closed = under("[queues.sales]\n", "closed = { zzzzzzzzzzzz = 1 }\n");
    settings.insert("[queues.<name>.closed]".into(), closed);
    let member = "members = [{ user = \"anna\", zzzzzzzzzzzz = 1 }, \"bosse\"]\n";
    let member = taken(ORGANISATION, "members = [\"anna\", \"bosse\"]\n", member);
    settings.insert("[queues.<name>] members".into(), member);
    let step = under(
        "[queues.sales]\n",
        "widen = [{ after = \"30s\", zzzzzzzzzzzz = 1 }]\n",
    );
    settings.insert("[queues.<name>] widen".into(), step);
    for key in ["full", "no_agents", "timed_out", "close_when", "open_when"] {
        let table = under(
            "[queues.sales]\n",
            &format!("{key} = {{ zzzzzzzzzzzz = 1 }}\n"),
        );
        settings.insert(format!("[queues.<name>.{key}]"), table);
    }
    let outside = under("[organisation]\n", "outside = { zzzzzzzzzzzz = 1 }\n");
    settings.insert("[organisation.outside]".into(), outside);
    let inbound = under("[trunks.provider]\n", "inbound = { zzzzzzzzzzzz = 1 }\n");
    settings.insert("[trunks.<name>.inbound]".into(), inbound);
    let register = under("[trunks.provider]\n", "register = { zzzzzzzzzzzz = 1 }\n");
    settings.insert("[trunks.<name>.register]".into(), register);
    let forward = under("[users.anna]\n", "forward = { zzzzzzzzzzzz = 1 }\n");
    settings.insert("[users.<name>.forward]".into(), forward);
    let group = "[groups.all]\nmembers = [\"anna\"]\n";
    let group = taken(
        ORGANISATION,
        "[numbers]",
        &format!("{group}{UNKNOWN}[numbers]"),
    );
    settings.insert("[groups.<name>]".into(), group);
    let menu = "[menus.main]\nprompt = \"queue-first\"\nkeys = { \"1\" = { user = \"anna\" } }\n";
    let menu = taken(
        ORGANISATION,
        "[numbers]",
        &format!("{menu}{UNKNOWN}[numbers]"),
    );
    settings.insert("[menus.<name>]".into(), menu);
    let hours = "[hours.office]\nzone = \"UTC\"\nrules = []\n";
    let hours = taken(
        ORGANISATION,
        "[numbers]",
        &format!("{hours}{UNKNOWN}[numbers]"),
    );
    settings.insert("[hours.<name>]".into(), hours);
    let rule = "[hours.office]\nzone = \"UTC\"\nrules = [{ zzzzzzzzzzzz = 1, daily = true, hours = [] }]\n";
    let rule = taken(ORGANISATION, "[numbers]", &format!("{rule}[numbers]"));
    settings.insert("[hours.<name>] rules".into(), rule);
    let day =
        "[hours.office]\nzone = \"UTC\"\nrules = []\ndays = [{ zzzzzzzzzzzz = 1, daily = true }]\n";
    let day = taken(ORGANISATION, "[numbers]", &format!("{day}[numbers]"));
    settings.insert("[hours.<name>] days".into(), day);
    let route =
        "{ routes = [{ from = [\"withheld\"], user = \"anna\", zzzzzzzzzzzz = 1 }], queue = ";
    let route = taken(ORGANISATION, "{ queue = ", route);
    // A route leads somewhere as a number does, which is documented there.
    let kinds = [
        "queue", "priority", "user", "group", "menu", "message", "then", "number", "outside",
    ];
    let route = route
        .into_iter()
        .filter(|name| !kinds.contains(&name.as_str()));
    settings.insert("[numbers] routes".into(), route.collect());
    let number = taken(ORGANISATION, "{ queue = ", "{ zzzzzzzzzzzz = 1, queue = ");
    settings.insert("[numbers]".into(), number);

    let sections = |names: BTreeSet<String>| -> BTreeSet<String> {
        names
            .into_iter()
            .filter(|name| !settings.contains_key(&format!("[{name}]")))
            .collect()
    };
    let top = sections(taken(SERVER, "[sip]", &format!("{UNKNOWN}[sip]")));
    // Every section of an organisation has a heading of its own; [prompts], [prompt_numbers] and
    // [pause_reasons] have only names of the writer's.
    let organisation = sections(taken(
        ORGANISATION,
        "[organisation]",
        &format!("{UNKNOWN}[organisation]"),
    ));
    assert_eq!(
        Vec::from_iter(organisation),
        [
            "groups",
            "hours",
            "menus",
            "pause_reasons",
            "plans",
            "prompt_numbers",
            "queue_groups",
            "queues",
            "trunks",
            "users"
        ]
    );
    settings.insert("kolapp.toml".into(), top);
    assert_eq!(documented(), settings);
}

#[test]
fn the_document_states_the_limits_and_variables_that_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let text = std::fs::read_to_string(path).unwrap();
    for limit in [
        config::FILE_BYTES_MAX as usize / 1024 / 1024,
        config::FILES_MAX,
        config::ORGANISATIONS_MAX,
        config::USERS_MAX,
        config::QUEUES_MAX,
        config::PROMPTS_MAX,
    ] {
        let digits: Vec<u8> = limit.to_string().into_bytes();
        let groups: Vec<&str> = digits
            .rchunks(3)
            .rev()
            .map(|group| std::str::from_utf8(group).unwrap())
            .collect();
        assert!(
            text.contains(&format!("| {} ", groups.join(","))),
            "{limit}"
        );
    }
    for variable in [
        "KOLAPP_SIP_PORT",
        "KOLAPP_HTTP_PORT",
        "KOLAPP_RTP_PORTS",
        "KOLAPP_STATE_DIR",
    ] {
        assert!(text.contains(variable), "{variable}");
    }
}
