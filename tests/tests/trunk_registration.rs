//! Trunks that register and are probed, with providers' servers of our own and SIPp.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::Ipv4Addr;
use std::time::Duration;
use tests::certificates::{Authority, Validity};
use tests::digest::Challenge;
use tests::dns::{Dns, Record};
use tests::peers::Sipp;
use tests::phone::{DOMAIN, Options, Phone};
use tests::registrar::{Mood, PASSWORD, REALM, Registrar, USER};
use tests::server::{Server, Setup};
use tests::stranger::{Stranger, Who};
use tests::translator::Translator;
use tests::wire::Transport;

const SOON: Duration = Duration::from_secs(5);
/// A few waits after failures, on a busy machine.
const LATER: Duration = Duration::from_secs(40);
const OUTSIDE: &str = "070-1234567";

/// A trunk at one of the server's other ports, with more settings.
fn trunk(setup: &Setup, index: u16, more: &str) -> String {
    let port = setup.other_port(index);
    format!(
        "[trunks.out{index}]\naddress = \"127.0.0.1:{port}\"\npriority = {index}\nusername = \"{USER}\"\n\
         password = \"{PASSWORD}\"\nrealm = \"{REALM}\"\n{more}\n"
    )
}

/// The demo, whose static trunk lets nobody in, with more trunks.
fn with(trunks: impl FnOnce(&Setup) -> String) -> Setup {
    let setup = Setup::demo()
        .set("organisation.plan", "\"home\"")
        .set("organisation.caller_id", "\"+46850001000\"")
        .set("trunks.provider.sources", "[\"192.0.2.0/24\"]");
    let text = format!(
        "[plans.home]\nallow = [\"national\", \"mobile\"]\n{}",
        trunks(&setup)
    );
    setup.add("trunks.toml", &text)
}

fn state(server: &Server, trunk: &str) -> String {
    let row = server.ctl_row("trunks", "name", &format!("demo/{trunk}"));
    row["state"].as_str().unwrap().to_owned()
}

fn wait_state(server: &Server, trunk: &str, wanted: &str, limit: Duration) {
    let what = format!("{trunk} is {wanted}");
    server.wait(&what, limit, |server| state(server, trunk) == wanted);
}

// Changes: trunks.register, trunks.register.number, trunks.register.expires
#[test]
fn calls_come_in_over_a_registration_that_is_challenged_and_asked_to_last_longer() {
    let setup = with(|setup| {
        trunk(
            setup,
            1,
            "register = { expires = \"60s\", number = \"+46850001000\" }",
        )
    });
    let provider = Registrar::at(setup.other_port(1));
    provider.wants(90);
    let mut server = setup.start();
    let (contact, lasts) = provider.expect_registration(SOON);
    assert_eq!(contact, format!("sip:demo~out1@{}", server.sip()));
    assert_eq!(lasts, 90);
    wait_state(&server, "out1", "up", SOON);
    let row = server.ctl_row("trunks", "name", "demo/out1");
    let left = row["registered_for_s"].as_u64().unwrap();
    assert!((80..=90).contains(&left), "{row}");
    assert!(
        row["registered_at"]
            .as_str()
            .unwrap()
            .starts_with("127.0.0.1:")
    );
    assert!(server.healthz().unwrap().1.contains(r#""demo/out1":"up""#));
    server.wait_metric("kolapp_trunk_registered{trunk=\"demo/out1\"}", 1.0);

    // The provider calls our Contact; who else is at its address can't call a number.
    let caller = Phone::outside(&server, "+46701111111");
    let mut calling = caller.call("demo~out1");
    calling.expect_answer(SOON);
    let row = server.ctl_row("calls", "caller", "+46701111111");
    assert_eq!(row["dialled"], "+46850001000");
    calling.hang_up();
    assert_eq!(caller.call("+46850001000").answered(SOON), 401);
    assert_eq!(caller.call("demo~out2").answered(SOON), 401);
    server.wait_idle(SOON);

    server.terminate();
    server.wait_end(SOON);
    server.wait("it took its leave", SOON, |_| {
        provider.registration().is_none()
    });
}

// Changes: trunks.register.registrars
#[test]
fn a_registrar_that_has_no_service_is_left_for_the_next_and_a_new_nonce_is_no_wrong_password() {
    let setup = with(|setup| {
        let ports = [1, 2].map(|index| setup.other_port(index));
        let registrars = ports.map(|port| format!("\"127.0.0.1:{port}\"")).join(", ");
        let register = format!("register = {{ expires = \"10s\", registrars = [{registrars}] }}");
        trunk(setup, 1, &register)
    });
    let first = Registrar::at(setup.other_port(1));
    let second = Registrar::at(setup.other_port(2));
    first.is(Mood::Says(503));
    let server = setup.start();
    second.expect_registration(SOON);
    wait_state(&server, "out1", "up", SOON);
    first.is(Mood::Well);
    second.renews_its_nonce();
    let before = second.count("REGISTER");
    server.wait("it is refreshed", LATER, |_| {
        second.count("REGISTER") >= before + 2
    });
    wait_state(&server, "out1", "up", SOON);
    assert!(!server.log().contains("trunk is down"));
    // The second dies: the first is gone back to.
    second.is(Mood::Says(503));
    first.expect_registration(LATER);
    wait_state(&server, "out1", "up", SOON);
}

#[test]
fn a_registrar_that_is_away_is_found_again_and_meanwhile_the_trunk_is_down() {
    let setup = with(|setup| trunk(setup, 1, "register = {}"));
    let provider = Registrar::at(setup.other_port(1));
    provider.is(Mood::Says(503));
    let server = setup.start();
    wait_state(&server, "out1", "down", SOON);
    let row = server.ctl_row("trunks", "name", "demo/out1");
    assert_eq!(row["trouble"], "503 Service Unavailable");
    server.wait_log("trunk is down");
    provider.is(Mood::Well);
    provider.expect_registration(LATER);
    wait_state(&server, "out1", "up", SOON);
}

// Changes: trunks.probe
#[test]
fn a_trunk_that_no_longer_answers_options_is_passed_over_until_it_does() {
    let setup = with(|setup| trunk(setup, 1, "probe = \"5s\"") + &trunk(setup, 2, ""));
    let first = Registrar::at(setup.other_port(1));
    let server = setup.start();
    wait_state(&server, "out1", "up", SOON);
    first.is(Mood::Says(503));
    wait_state(&server, "out1", "down", LATER);
    assert!(
        server
            .healthz()
            .unwrap()
            .1
            .contains(r#""demo/out1":"down""#)
    );
    assert_eq!(state(&server, "out2"), "unknown");
    let asked = first.count("INVITE");

    let second = Sipp::new(&server, "agent_answers").port(2).start();
    let anna = Phone::agent(&server, "anna");
    let mut calling = anna.call(OUTSIDE);
    calling.expect_answer(SOON);
    calling.hang_up();
    second.expect_success();
    assert_eq!(first.count("INVITE"), asked, "nobody asked the first");

    first.is(Mood::Well);
    wait_state(&server, "out1", "up", LATER);
    assert_eq!(anna.call(OUTSIDE).answered(SOON), 486, "the first is busy");
    assert_eq!(first.count("INVITE"), asked + 1);
}

#[test]
fn a_reload_registers_a_new_trunk_and_unregisters_one_that_is_gone() {
    let setup = with(|setup| trunk(setup, 1, "register = {}"));
    let first = Registrar::at(setup.other_port(1));
    let second = Registrar::at(setup.other_port(2));
    let server = setup.start();
    first.expect_registration(SOON);
    let text = "[plans.home]\nallow = [\"national\", \"mobile\"]\n".to_owned()
        + &trunk(server.setup(), 2, "register = {}");
    // It does not let go of us before we have proven anew who we are.
    first.renews_its_nonce();
    let folder = server.setup().config().join("organisations/demo");
    std::fs::write(folder.join("trunks.toml"), text).unwrap();
    server.ctl(&["reload"]);
    second.expect_registration(SOON);
    server.wait("the first is left", SOON, |_| {
        first.registration().is_none()
    });
    wait_state(&server, "out2", "up", SOON);
    let rows = server.ctl(&["trunks"]);
    let names = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["demo/out2", "demo/provider"]);
}

#[test]
fn a_trunk_registers_by_name_over_tcp_and_again_when_its_connection_ends() {
    let setup = Setup::demo();
    let port = setup.other_port(1);
    let service = "_sip._tcp.provider.example";
    let zone = vec![
        (service, Record::Srv(1, port, "edge.provider.example")),
        ("edge.provider.example", Record::A(Ipv4Addr::LOCALHOST)),
    ];
    let dns = Dns::start(zone);
    let text = format!(
        "[trunks.out]\naddress = \"provider.example\"\ntransport = \"tcp\"\nusername = \"{USER}\"\n\
         password = \"{PASSWORD}\"\nregister = {{}}\n"
    );
    let provider = Registrar::by_tcp(port);
    let tcp = format!("[\"127.0.0.1:{}\"]", setup.sip_port());
    let server = setup
        .set_server("sip.dns", &format!("[\"{}\"]", dns.address()))
        .set_server("sip.tcp", &tcp)
        .add("trunks.toml", &text)
        .start();
    let (contact, _) = provider.expect_registration(SOON);
    assert!(contact.ends_with(";transport=tcp"), "{contact}");
    wait_state(&server, "out", "up", SOON);
    let came = provider.count("REGISTER");
    provider.hangs_up();
    provider.expect_registration(Duration::from_secs(15));
    assert!(provider.count("REGISTER") > came);
    wait_state(&server, "out", "up", SOON);
}

// Changes: tls.ca, trunks.domain
#[test]
fn a_trunk_registers_by_tls_with_a_provider_that_proves_its_name_and_no_other() {
    let authority = Authority::default();
    for (name, believed) in [("edge.provider.example", true), ("provider.example", false)] {
        let dns = Dns::start(vec![(
            "edge.provider.example",
            Record::A(Ipv4Addr::LOCALHOST),
        )]);
        let files = "{ certificate = \"server.pem\", key = \"server.key\", ca = \"ca.pem\" }";
        let setup = Setup::demo()
            .set_server("sip.tls", "[\"127.0.0.1:5061\"]")
            .set_server("tls", files);
        setup.show_certificate(&authority);
        std::fs::write(setup.config().join("ca.pem"), authority.pem()).unwrap();
        let port = setup.other_port(1);
        let text = format!(
            "[trunks.out]\naddress = \"edge.provider.example:{port}\"\ntransport = \"tls\"\n\
             domain = \"provider.example\"\nusername = \"{USER}\"\npassword = \"{PASSWORD}\"\n\
             realm = \"{REALM}\"\nregister = {{ number = \"+46850001000\" }}\n"
        );
        let provider = Registrar::by_tls(port, authority.issue(name, Validity::Current));
        let server = setup
            .set_server("sip.dns", &format!("[\"{}\"]", dns.address()))
            .add("trunks.toml", &text)
            .start();
        if believed {
            let (contact, _) = provider.expect_registration(SOON);
            let tls = server.sip_by(Transport::Tls);
            assert_eq!(contact, format!("sip:demo~out@{tls};transport=tls"));
            wait_state(&server, "out", "up", SOON);
        } else {
            wait_state(&server, "out", "down", LATER);
            assert_eq!(
                provider.count("REGISTER"),
                0,
                "nothing is said to a stranger"
            );
        }
    }
}

#[test]
fn a_trunk_behind_an_address_translator_registers_where_it_is_seen_and_is_called_there() {
    let setup = with(|setup| {
        let register = "register = { contact = \"as-seen\", number = \"+46850001000\" }";
        trunk(setup, 1, register)
    });
    let provider = Registrar::at(setup.other_port(2));
    let translator = Translator::between(setup.other_port(1), setup.other_port(2));
    let server = setup.start();
    let seen = format!("sip:demo~out1@{}", translator.outside());
    server.wait("it registers where it is seen", SOON, |_| {
        let registered = provider.registration();
        registered.is_some_and(|(contact, _)| contact == seen)
    });
    wait_state(&server, "out1", "up", SOON);

    // Calls come in by the way that the server keeps open.
    let number = Options::outside("+46701111111");
    let caller = Phone::new(translator.outside(), number);
    let mut calling = caller.call("demo~out1");
    calling.expect_answer(SOON);
    let row = server.ctl_row("calls", "caller", "+46701111111");
    assert_eq!(row["dialled"], "+46850001000");
    calling.hang_up();
    server.wait_idle(SOON);
    server.wait("the way is kept open", LATER, |_| {
        translator.kept_open() > 0
    });
    let (contact, _) = provider.registration().unwrap();
    assert_eq!(contact, seen);
}

// Changes: trunks.inbound, trunks.inbound.username, trunks.inbound.ha1_md5, trunks.inbound.ha1_sha256
#[test]
fn calls_come_in_with_a_trunk_s_credentials_from_any_address() {
    // Of pbx:demo.localhost:a long secret.
    let md5 = "e013dfcf7336fd3df7027bc59302cb48";
    let sha256 = "cb4be8cf5058ea2987ef4627a25ab077764d67db3ff12f18bc9ca7a4311db14c";
    let server = with(|_| {
        format!(
            "[trunks.exchange.inbound]\nusername = \"pbx\"\nha1_md5 = \"{md5}\"\nha1_sha256 = \"{sha256}\"\n"
        )
    })
    .start();
    let exchange = Stranger::at("127.0.0.84", server.sip());
    for (dialled, from, password, status) in [
        ("+46850001000", "+46701111111@pbx.example", "a guess", 401),
        (
            "+46701234567",
            "+46701111111@pbx.example",
            "a long secret",
            403,
        ),
        ("102", "+46701111111@pbx.example", "a long secret", 403),
        ("+46850001000", "anna@demo.localhost", "a long secret", 403),
        (
            "+46850001000",
            "+46701111111@pbx.example",
            "a long secret",
            200,
        ),
    ] {
        let uri = format!("{dialled}@{DOMAIN}");
        let challenged = exchange.ask(&exchange.request("INVITE", &uri, from), SOON);
        let challenge = challenged.unwrap();
        let challenge = challenge.header("WWW-Authenticate").unwrap();
        let challenge = Challenge::parse(challenge).unwrap();
        let user = "pbx";
        let invite = exchange.request("INVITE", &uri, from);
        let invite = exchange.authorised(&invite, &challenge, Who { user, password });
        let reply = exchange.ask(&invite, SOON).unwrap();
        assert_eq!(reply.status(), status, "{dialled} by {from}");
    }
    let row = server.ctl_row("calls", "caller", "+46701111111");
    assert_eq!(row["dialled"], "+46850001000");
    assert_eq!(
        server.ctl_row("trunks", "name", "demo/exchange")["calls"],
        1
    );
}
