//! The demo that ships loads, and says exactly what its documentation and others' tests rely on.

use acd::Policy;
use base::{OrgId, QueueId, TrunkId, UserId};
use call::settings::{Answering, Destination, FeatureCode, Language, Offering, PositionSaid};
use config::{Environment, Loaded};
use control::Role;
use media_core::PromptId;
use sip_core::Transport;
use sip_core::digest::{Algorithm, Ha1};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn demo_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config")
}

fn load(environment: &Environment) -> Loaded {
    config::load(&demo_folder(), environment).unwrap_or_else(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("the demo does not load:\n{}", lines.join("\n"));
    })
}

fn org() -> OrgId {
    OrgId::new("demo").unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(&org(), name).unwrap()
}

#[test]
fn the_demo_listens_on_loopback_alone_at_the_ports_that_everybody_knows() {
    let loaded = load(&Environment::default());
    let sip = loaded.server.sip.iter();
    let sip: Vec<_> = sip.map(|it| (it.transport, it.address)).collect();
    let at = |text: &str| text.parse().unwrap();
    assert_eq!(
        sip,
        [
            (Transport::Udp, at("127.0.0.1:5060")),
            (Transport::Tcp, at("127.0.0.1:5060")),
            (Transport::Ws, at("127.0.0.1:5062")),
        ]
    );
    assert_eq!(loaded.server.http, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(loaded.server.rtp.ports, 30_000..=39_999);
    assert!(loaded.server.rtp.address.is_loopback());
    assert_eq!(loaded.server.drain_limit, Duration::from_secs(30));
    assert_eq!(loaded.server.nonce_lifetime, Duration::from_secs(300));
    assert_eq!(loaded.server.state_dir, demo_folder().join("../var"));
    assert_eq!(loaded.warnings.len(), 0, "{:?}", loaded.warnings);
    assert!(loaded.check_exposure().is_ok());
    let summary = loaded.summary;
    assert_eq!(
        (summary.organisations, summary.users, summary.queues),
        (1, 6, 3)
    );
    assert_eq!(loaded.files.len(), 5);
}

#[test]
fn the_demo_agents_have_their_extensions_and_both_password_hashes() {
    let loaded = load(&Environment::default());
    let demo = &loaded.directory.organisations[&org()];
    assert_eq!(&*demo.domain, "demo.localhost");
    assert_eq!(loaded.directory.domains["demo.localhost"], org());
    assert_eq!(loaded.directory.addressed_by_ip, Some(org()));
    assert_eq!(demo.users.len(), 6);
    for (name, extension) in [
        ("anna", "101"),
        ("bosse", "102"),
        ("cecilia", "103"),
        ("david", "104"),
        ("eva", "105"),
        ("admin", "106"),
    ] {
        let account = &demo.users[&user(name)];
        let password = format!("demo-{name}");
        let ha1 = |algorithm| Ha1::of(algorithm, name, "demo.localhost", &password);
        assert_eq!(account.ha1_md5, ha1(Algorithm::Md5));
        assert_eq!(account.ha1_sha256, ha1(Algorithm::Sha256));
        assert_eq!(account.extension.as_deref(), Some(extension));
        let role = match name {
            "david" | "admin" => Role::Administrator,
            "eva" => Role::Supervisor,
            _ => Role::Agent,
        };
        assert_eq!(account.role, role);
        assert_eq!(demo.extensions[extension], Destination::User(user(name)));
        assert_eq!(loaded.demo_password(&user(name)), Some(&*password));
    }
    let accounts = ["admin", "anna", "bosse", "cecilia", "david", "eva"].map(user);
    assert_eq!(loaded.demo_accounts, accounts);
    assert_eq!(
        demo.users[&user("anna")].display_name.as_deref(),
        Some("Anna Åkesson")
    );
}

#[test]
fn the_demo_queue_is_called_by_extension_and_number_and_its_agents_are_logged_in() {
    let loaded = load(&Environment::default());
    let demo = &loaded.directory.organisations[&org()];
    let support = QueueId::new(&org(), "support").unwrap();
    let destination = Destination::Queue(support.clone());
    assert_eq!(demo.extensions["1000"], destination);
    assert_eq!(demo.numbers.len(), 3);
    assert_eq!(demo.numbers["+46850001000"].otherwise, destination);

    let engine = &loaded.acd.queues[&support];
    assert_eq!(engine.policy, Policy::LongestIdle);
    assert_eq!(engine.ring, Duration::from_secs(15));
    assert_eq!(engine.wrap_up, Duration::from_secs(5));
    assert_eq!(engine.members.len(), 4);
    assert_eq!(loaded.acd.agents.len(), 4);
    for agent in loaded.acd.agents.values() {
        assert!(agent.logged_in_at_start.contains(&support));
    }

    let journey = &demo.queues[&support];
    assert_eq!(journey.answer, Answering::AtOnce);
    assert_eq!(journey.offers, Offering::DuringWelcome);
    assert_eq!(journey.position, PositionSaid::Always);
    assert_eq!(journey.language, Language::Sv);
    assert_eq!(journey.repeat_every, Duration::from_secs(20));
    assert_eq!(journey.welcome, Some(PromptId::new("sv/queue-welcome")));
    assert_eq!(journey.first_message, Some(PromptId::new("sv/queue-first")));
    assert_eq!(journey.repeated, [PromptId::new("sv/queue-repeat")]);
    assert_eq!(
        journey.position_intro,
        PromptId::new("sv/queue-position-is")
    );
    assert_eq!(journey.music, PromptId::new("music/waiting"));
    assert_eq!(&*journey.display_name, "Support");
}

#[test]
fn the_demo_has_its_trunk_and_feature_codes() {
    let loaded = load(&Environment::default());
    let demo = &loaded.directory.organisations[&org()];
    let provider = &demo.trunks[&TrunkId::new(&org(), "provider").unwrap()];
    assert_eq!(provider.sources, ["127.0.0.0/8".parse().unwrap()]);
    let codes: Vec<(&str, FeatureCode)> = demo
        .feature_codes
        .iter()
        .map(|(code, what)| (&**code, *what))
        .collect();
    let expected = [
        ("*10", FeatureCode::AgentStatus),
        ("*11", FeatureCode::LogIn),
        ("*12", FeatureCode::LogOut),
        ("*13", FeatureCode::Pause),
        ("*14", FeatureCode::Resume),
        ("*15", FeatureCode::DoNotDisturbOn),
        ("*16", FeatureCode::DoNotDisturbOff),
        ("*17", FeatureCode::EndWrapUp),
        ("*18", FeatureCode::ExtendWrapUp),
        ("*19", FeatureCode::QuickClose),
        ("*190", FeatureCode::DevicePhone),
        ("*191", FeatureCode::DeviceMobile),
        ("*192", FeatureCode::DeviceBoth),
        ("*193", FeatureCode::DeviceDeskPhone),
        ("*194", FeatureCode::DeviceSoftphone),
        ("*195", FeatureCode::DeviceBrowser),
        ("*20", FeatureCode::RecordPrompt),
        ("*21", FeatureCode::ForwardAlways),
        ("*22", FeatureCode::ListenToPrompt),
        ("*41", FeatureCode::ListLogIn),
        ("*42", FeatureCode::ListLogOut),
        ("*43", FeatureCode::ListNext),
        ("*8", FeatureCode::PickUp),
        ("*80", FeatureCode::Intercom),
    ];
    assert_eq!(codes, expected);
    assert_eq!(
        demo.feature_prompts.logged_in,
        PromptId::new("sv/agent-logged-in")
    );
    assert_eq!(demo.hold_music, PromptId::new("music/waiting"));
}

#[test]
fn every_prompt_that_the_demo_names_is_among_those_to_load() {
    let loaded = load(&Environment::default());
    let ids: Vec<&str> = loaded.prompts.iter().map(|(id, _)| id.as_str()).collect();
    for id in [
        "sv/number-21",
        "en/number-21",
        "sv/agent-refused",
        "music/waiting",
        "en/queue-first",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
    assert!(loaded.prompts.iter().all(|(_, path)| path.is_file()));
}

#[test]
fn the_environment_moves_ports_and_state() {
    let text = |text: &str| Some(text.to_owned());
    let loaded = load(&Environment {
        sip_port: text("15060"),
        http_port: text("18080"),
        rtp_ports: text("40000-40099"),
        state_dir: text("/tmp/kolapp-state"),
        store_url: text("postgres://kolapp:hunter2@db/kolapp"),
    });
    let ports: Vec<u16> = loaded
        .server
        .sip
        .iter()
        .map(|it| it.address.port())
        .collect();
    assert_eq!(ports, [15_060, 15_060, 15_062]);
    assert_eq!(loaded.server.http, "127.0.0.1:18080".parse().unwrap());
    assert_eq!(loaded.server.rtp.ports, 40_000..=40_099);
    assert_eq!(loaded.server.state_dir, Path::new("/tmp/kolapp-state"));
    let store = loaded.server.store.unwrap();
    assert_eq!(store.as_str(), "postgres://kolapp:hunter2@db/kolapp");
}

#[test]
fn a_wrong_variable_of_the_environment_is_told_by_its_name() {
    let text = |text: &str| Some(text.to_owned());
    let environment = Environment {
        sip_port: text("0"),
        http_port: text("http"),
        rtp_ports: text("30000"),
        state_dir: text(""),
        store_url: text("postgres://kolapp:hunter2@db"),
    };
    let errors = config::load(&demo_folder(), &environment).unwrap_err();
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let [sip, http, rtp, state, store] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert!(sip.starts_with("KOLAPP_SIP_PORT: expected a port from 1 to 65532, got \"0\"; "));
    assert!(http.starts_with("KOLAPP_HTTP_PORT: expected a port from 1 to 65535, got \"http\"; "));
    assert!(rtp.starts_with("KOLAPP_RTP_PORTS: expected a range of at least two ports"));
    assert!(state.starts_with("KOLAPP_STATE_DIR: expected a folder, got \"\"; "));
    assert!(store.starts_with("KOLAPP_STORE_URL: expected the name of a database at its end"));
    assert!(!store.contains("hunter2"), "{store}");
}

#[test]
fn the_demo_s_support_calls_back_by_key_2() {
    let loaded = load(&Environment::default());
    let support = QueueId::new(&org(), "support").unwrap();
    let demo = &loaded.directory.organisations[&org()];
    let offer = &demo.callbacks[&support];
    assert_eq!(offer.key, '2');
    let announcement = offer.announcement.as_ref();
    assert_eq!(announcement, Some(&PromptId::new("sv/callback-offer")));
    let list = &loaded.callback.lists[&support];
    let members = ["anna", "bosse", "cecilia", "david"].map(user);
    assert_eq!(list.members, members.into());
    let windows: Vec<&str> = list.windows.keys().map(|name| &**name).collect();
    assert_eq!(windows, ["eftermiddag", "morgon"]);
    assert_eq!(loaded.callback.lists.len(), 1);
}
