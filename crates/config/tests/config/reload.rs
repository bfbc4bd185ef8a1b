//! What differs between two loads is told in the words of the files, and a demo stays on this machine.

use crate::common::{Sandbox, warnings};
use config::{Environment, diff};

#[test]
fn nothing_differs_between_a_configuration_and_itself() {
    let sandbox = Sandbox::new();
    let (old, new) = (sandbox.loaded(), sandbox.loaded());
    assert!(diff(&old, &new).is_empty());
}

#[test]
fn what_changed_is_told_thing_by_thing_with_old_and_new_value() {
    let sandbox = Sandbox::new();
    sandbox.change("members = ", "ring = \"15s\"\nmembers = ");
    let old = sandbox.loaded();
    sandbox.change("\"15s\"", "\"20s\"");
    sandbox.change("[\"anna\", \"bosse\"]", "[\"anna\", \"eva\"]");
    sandbox.change(
        "[users.bosse]\npassword = \"random-and-long\"\nextension = \"102\"\n",
        "[users.eva]\npassword = \"a-long-password\"\n",
    );
    sandbox.change("language = \"en\"", "language = \"en\"\nring = \"1m\"");
    sandbox.change("log_in = \"*11\"\n", "");
    sandbox.change("{ queue = \"sales\" }", "{ user = \"eva\" }");
    sandbox.write("prompts/music/summer.wav", "");
    let difference = diff(&old, &sandbox.loaded());
    let expected = [
        "organisation acme: feature_codes log_in *11 -> (default)",
        "organisation acme: numbers +46850001000 queue sales -> (default)",
        "organisation acme: numbers +46850001000 user (default) -> eva",
        "organisation acme: ring (default) -> 1m",
        "queue acme/sales: members +eva -bosse",
        "queue acme/sales: ring 15s -> 20s",
        "user acme/bosse: removed",
        "user acme/eva: added",
        "prompt music/summer: added",
    ];
    assert_eq!(difference.lines, expected);
    assert_eq!(difference.needs_restart, [""; 0]);
}

#[test]
fn a_changed_password_is_told_but_not_shown() {
    let sandbox = Sandbox::new();
    let old = sandbox.loaded();
    sandbox.change("long-and-random", "another-and-long");
    let new = sandbox.loaded();
    assert_eq!(diff(&old, &new).lines, ["user acme/anna: password changed"]);
    for shown in [
        format!("{old:?}"),
        format!("{:?}", new.directory),
        format!("{:?}", diff(&old, &new)),
    ] {
        assert!(
            !shown.contains("long-and-random") && !shown.contains("another-and-long"),
            "{shown}"
        );
    }
}

#[test]
fn a_setting_that_only_a_restart_takes_up_is_named() {
    let sandbox = Sandbox::new();
    let old = sandbox.loaded();
    sandbox.change_in("config/kolapp.toml", "5060", "5070");
    let new = sandbox.loaded();
    let difference = diff(&old, &new);
    assert_eq!(
        difference.needs_restart,
        ["sip.udp 127.0.0.1:5060 -> 127.0.0.1:5070"]
    );
    assert_eq!(
        difference.lines,
        ["server: sip udp +127.0.0.1:5070 -127.0.0.1:5060"]
    );
}

#[test]
fn a_database_that_only_a_restart_takes_up_is_named_without_what_is_secret_in_it() {
    let sandbox = Sandbox::new();
    let in_a_file = sandbox.loaded();
    let of = |url: &str| {
        let text = std::fs::read_to_string(sandbox.path("config/kolapp.toml")).unwrap();
        let rest = text.split("[store]").next().unwrap_or_default();
        let with_it = format!("{rest}[store]\nurl = \"{url}\"\n");
        sandbox.write("config/kolapp.toml", with_it);
        sandbox.loaded()
    };
    let before = of("postgres://kolapp:hunter2@db/kolapp");
    assert_eq!(
        diff(&in_a_file, &before).needs_restart,
        ["store.url a file in state_dir -> postgres://db/kolapp"]
    );
    for url in [
        "postgres://kolapp:hunter3@db/kolapp",
        "postgres://another:hunter2@db/kolapp",
        "postgres://kolapp:hunter2@db/kolapp?sslmode=verify-full",
        "postgres://kolapp:hunter2@db/kolapp?host=/run/postgresql",
    ] {
        let difference = diff(&before, &of(url));
        assert_eq!(
            difference.needs_restart,
            ["store.url postgres://db/kolapp: changed in what is not shown"],
            "{url}"
        );
        let shown = format!("{difference:?} {:?}", of(url).server.fixed_at_start());
        assert!(!shown.contains("hunter"), "{shown}");
    }
    assert!(diff(&before, &of("postgres://kolapp:hunter2@db/kolapp")).is_empty());
}

#[test]
fn a_listener_that_the_environment_moves_needs_no_restart_when_the_file_changes() {
    let sandbox = Sandbox::new();
    let environment = Environment {
        sip_port: Some("6000".into()),
        ..Environment::default()
    };
    let load = || config::load(&sandbox.path("config"), &environment).unwrap();
    let old = load();
    sandbox.change_in("config/kolapp.toml", "5060", "5070");
    assert_eq!(diff(&old, &load()).needs_restart, [""; 0]);
}

#[test]
fn an_operators_demo_password_keeps_the_server_on_this_machine_and_any_other_is_a_hash() {
    let sandbox = Sandbox::new();
    let operator = |line: &str| format!("[operators.drift]\n{line}\n\n[sip]");
    let demo = operator("password = \"demo-drift\"");
    sandbox.change_in("config/kolapp.toml", "[sip]", &demo);
    assert!(sandbox.loaded().check_exposure().is_ok());
    sandbox.change_in("config/kolapp.toml", "127.0.0.1:5060", "0.0.0.0:5060");
    let errors = sandbox.loaded().check_exposure().unwrap_err();
    assert!(sandbox.lines(&errors)[0].contains("account `drift`"));
    sandbox.change_in("config/kolapp.toml", "0.0.0.0:5060", "127.0.0.1:5060");
    sandbox.change_in("config/kolapp.toml", "demo-drift", "long-and-random");
    let errors = sandbox.errors();
    assert!(errors[0].contains("kolapp secret --web"), "{errors:?}");
}

#[test]
fn a_demo_password_keeps_the_server_on_this_machine() {
    let sandbox = Sandbox::new();
    sandbox.change("long-and-random", "demo-anna");
    assert!(sandbox.loaded().check_exposure().is_ok());
    sandbox.change_in("config/kolapp.toml", "127.0.0.1:5060", "0.0.0.0:5060");
    sandbox.change_in(
        "config/kolapp.toml",
        "[sip]",
        "[http]\nlisten = \"192.0.2.1:8080\"\nproxies = [\"192.0.2.5\"]\n\n[sip]",
    );
    let errors = sandbox.loaded().check_exposure().unwrap_err();
    let expected = [
        "config/kolapp.toml:8:8: refuses to bind a demo password to a non-loopback address: SIP at 0.0.0.0:5060, \
         account `acme/anna`; listen on 127.0.0.1:5060, or give every account a password of its own and remove \
         `demo = true` (the demo password is here: config/organisations/acme/acme.toml:6:12)",
        "config/kolapp.toml:4:10: refuses to bind a demo password to a non-loopback address: HTTP at 192.0.2.1:8080, \
         account `acme/anna`; listen on 127.0.0.1:8080, or give every account a password of its own and remove \
         `demo = true` (the demo password is here: config/organisations/acme/acme.toml:6:12)",
    ];
    // The third is about the password of bosse, which is no demo's.
    assert_eq!(sandbox.lines(&errors)[..2], expected);
    sandbox.change_in("config/kolapp.toml", "0.0.0.0:5060", "127.0.0.1:5060");
    sandbox.change("demo-anna", "long-and-random");
    assert!(sandbox.loaded().check_exposure().is_ok());
}

#[test]
fn every_account_of_a_demo_organisation_is_a_demo_account() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.loaded().demo_accounts.len(), 0);
    sandbox.change("language = \"en\"", "language = \"en\"\ndemo = true");
    let loaded = sandbox.loaded();
    let names: Vec<&str> = loaded
        .demo_accounts
        .iter()
        .map(|user| user.as_str())
        .collect();
    assert_eq!(names, ["acme/anna", "acme/bosse"]);
    assert_eq!(
        loaded.demo_password(&loaded.demo_accounts[0]),
        Some("long-and-random")
    );
}

#[test]
fn an_organisations_own_prompt_stands_before_the_standard_one_and_is_found_beside_its_file() {
    let sandbox = Sandbox::new();
    sandbox.write("config/organisations/acme/sounds/hello.wav", "");
    sandbox.change(
        "[numbers]",
        "[prompts]\nqueue-welcome = \"sounds/hello.wav\"\n\n[numbers]",
    );
    sandbox.change(
        "members = ",
        "first_message = \"none\"\nrepeated = [\"sv/queue-first\", \"queue-repeat\"]\nmembers = ",
    );
    let loaded = sandbox.loaded();
    let (_, organisation) = loaded.directory.organisations.first_key_value().unwrap();
    let (_, journey) = organisation.queues.first_key_value().unwrap();
    assert_eq!(
        journey.welcome.as_ref().unwrap().as_str(),
        "acme/queue-welcome"
    );
    assert_eq!(journey.first_message, None);
    let repeated: Vec<&str> = journey.repeated.iter().map(|id| id.as_str()).collect();
    assert_eq!(repeated, ["sv/queue-first", "en/queue-repeat"]);
    let own = loaded
        .prompts
        .iter()
        .find(|(id, _)| id.as_str() == "acme/queue-welcome")
        .unwrap();
    assert_eq!(
        own.1,
        sandbox.path("config/organisations/acme/sounds/hello.wav")
    );
}

#[test]
fn a_thousand_queues_and_ten_thousand_users_load_whole() {
    let sandbox = Sandbox::new();
    let mut text = String::from("[organisation]\ndomain = \"big.example\"\n");
    for user in 0..10_000 {
        text.push_str(&format!(
            "[users.u{user}]\npassword = \"long-enough-{user}\"\nextension = \"{}\"\n",
            100_000 + user
        ));
    }
    for queue in 0..1_000 {
        let members: Vec<String> = (0..10)
            .map(|n| format!("\"u{}\"", queue * 10 + n))
            .collect();
        text.push_str(&format!(
            "[queues.q{queue}]\nextension = \"{}\"\nmembers = [{}]\n",
            1_000 + queue,
            members.join(", ")
        ));
    }
    sandbox.write("config/organisations/big/all.toml", text);
    let started = std::time::Instant::now();
    let loaded = sandbox.loaded();
    println!("loaded in {:?}", started.elapsed());
    assert_eq!(loaded.summary.users, 10_002);
    assert_eq!(loaded.acd.queues.len(), 1_001);
    assert_eq!(loaded.acd.agents.len(), 10_002);
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
}
