//! Where requests of the server's own go: names looked up, several servers of one name, connections to providers.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::Ipv4Addr;
use std::time::Duration;
use tests::certificates::{Authority, Validity};
use tests::dns::{Dns, Record};
use tests::peers::Sipp;
use tests::phone::Phone;
use tests::provider::Provider;
use tests::server::{Server, Setup};
use tests::wire::Transport;

const SOON: Duration = Duration::from_secs(5);
const OUTSIDE: &str = "070-1234567";
const OUR_LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// The demo with a plan and one trunk, with these settings.
fn with_trunk(setup: Setup, trunk: &str) -> Setup {
    let text = format!("[plans.home]\nallow = [\"national\", \"mobile\"]\n[trunks.out]\n{trunk}\n");
    setup
        .set("organisation.plan", "\"home\"")
        .set("organisation.caller_id", "\"+46850001000\"")
        .add("trunks.toml", &text)
}

fn asking(setup: Setup, dns: &Dns) -> Setup {
    setup.set_server("sip.dns", &format!("[\"{}\"]", dns.address()))
}

/// A provider's name whose servers listen at these of the test's ports, in that order.
fn zone(setup: &Setup, service: &'static str, ports: &[u16]) -> Vec<(&'static str, Record)> {
    let servers = match service {
        "SIP+D2T" => "_sip._tcp.provider.example",
        _ => "_sip._udp.provider.example",
    };
    let mut zone = vec![
        ("provider.example", Record::Naptr(10, service, servers)),
        ("edge.provider.example", Record::A(OUR_LOOPBACK)),
    ];
    for (priority, index) in (1..).zip(ports) {
        let port = setup.other_port(*index);
        zone.push((
            servers,
            Record::Srv(priority, port, "edge.provider.example"),
        ));
    }
    zone
}

fn call_is_answered(server: &Server, limit: Duration) {
    let anna = Phone::agent(server, "anna");
    let mut calling = anna.call(OUTSIDE);
    calling.expect_answer(limit);
    calling.hang_up();
}

// Changes: sip.dns, trunks.address
#[test]
fn a_provider_s_name_is_looked_up_and_a_dead_server_of_it_passes_the_call_to_the_next() {
    let setup = Setup::demo();
    let dns = Dns::start(zone(&setup, "SIP+D2U", &[1, 2]));
    let server = with_trunk(asking(setup, &dns), "address = \"provider.example\"").start();
    // Nobody is at the first port.
    let alive = Sipp::new(&server, "agent_answers").port(2).calls(2).start();
    call_is_answered(&server, Duration::from_secs(3));
    // The network said so: it did not take the four seconds of one that is silent.
    assert_eq!(server.metric("kolapp_sip_unreachable_total"), 1.0);
    assert_eq!(
        dns.asked()[..3],
        [
            "35 provider.example",
            "33 _sip._udp.provider.example",
            "1 edge.provider.example"
        ]
    );
    let asked = dns.asked().len();
    // The second call goes to the one that lives, and nothing is asked again.
    call_is_answered(&server, Duration::from_secs(3));
    assert_eq!(dns.asked().len(), asked);
    alive.expect_success();
    assert_eq!(server.metric("kolapp_sip_unreachable_total"), 1.0);
    assert_eq!(
        server.metric("kolapp_sip_lookups_total{outcome=\"found\"}"),
        2.0
    );
    server.wait_idle(SOON);
}

#[test]
fn a_provider_s_server_that_says_503_passes_the_call_to_the_next() {
    let setup = Setup::demo();
    let dns = Dns::start(zone(&setup, "SIP+D2U", &[1, 2]));
    let server = with_trunk(asking(setup, &dns), "address = \"provider.example\"").start();
    let full = Sipp::new(&server, "provider_is_unavailable")
        .port(1)
        .start();
    let free = Sipp::new(&server, "agent_answers").port(2).start();
    call_is_answered(&server, SOON);
    full.expect_success();
    free.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn a_name_that_nobody_knows_is_a_trunk_that_does_not_work() {
    let dns = Dns::start(Vec::new());
    let setup = asking(Setup::demo(), &dns);
    let server = with_trunk(setup, "address = \"gone.example:5060\"").start();
    let anna = Phone::agent(&server, "anna");
    assert_eq!(anna.call(OUTSIDE).answered(SOON), 503);
    server.wait_idle(SOON);
}

#[test]
fn a_provider_by_tcp_is_connected_to_and_takes_a_whole_call() {
    let setup = Setup::demo();
    let dns = Dns::start(zone(&setup, "SIP+D2T", &[1]));
    let server = with_trunk(asking(setup, &dns), "address = \"provider.example\"").start();
    let provider = Sipp::new(&server, "agent_answers")
        .port(1)
        .by(Transport::Tcp)
        .start();
    call_is_answered(&server, SOON);
    provider.expect_success();
    server.wait_idle(SOON);
}

#[test]
fn a_dead_provider_by_tcp_passes_the_call_to_its_next_server() {
    let setup = Setup::demo();
    let port = setup.other_port(2);
    let dns = Dns::start(zone(&setup, "SIP+D2T", &[1, 2]));
    let server = with_trunk(asking(setup, &dns), "address = \"provider.example\"").start();
    let alive = Provider::start(port, None, 486);
    let anna = Phone::agent(&server, "anna");
    assert_eq!(anna.call(OUTSIDE).answered(Duration::from_secs(2)), 486);
    let invite = alive.expect("INVITE", SOON);
    let via = invite.header("Via").unwrap();
    let own = server.sip_by(Transport::Tcp);
    assert!(via.starts_with(&format!("SIP/2.0/TCP {own};")), "{via}");
    let contact = invite.header("Contact").unwrap();
    assert_eq!(contact, format!("<sip:kolapp@{own};transport=tcp>"));
    alive.expect("ACK", SOON);
    server.wait_idle(SOON);
}

/// A trunk by UDP whose INVITEs have no room in a datagram: its domain stands in three places.
fn with_big_invites(setup: Setup) -> Setup {
    let domain = ["long"; 50].join(".");
    let port = setup.other_port(1);
    let trunk =
        format!("address = \"127.0.0.1:{port}\"\ntransport = \"udp\"\ndomain = \"{domain}\"\n");
    with_trunk(setup, &trunk)
}

#[test]
fn an_invite_too_big_for_a_datagram_goes_by_tcp() {
    let server = with_big_invites(Setup::demo()).start();
    let provider = Provider::start(server.other_port(1), None, 486);
    let anna = Phone::agent(&server, "anna");
    assert_eq!(anna.call(OUTSIDE).answered(SOON), 486);
    let invite = provider.expect("INVITE", SOON);
    assert!(invite.to_bytes().len() > 1_300);
    let via = invite.header("Via").unwrap();
    let own = server.sip_by(Transport::Tcp);
    assert!(via.starts_with(&format!("SIP/2.0/TCP {own};")), "{via}");
    provider.expect("ACK", SOON);
    server.wait_idle(SOON);
}

#[test]
fn an_invite_too_big_for_a_datagram_goes_by_udp_to_whoever_has_no_tcp() {
    let server = with_big_invites(Setup::demo()).start();
    let provider = Sipp::new(&server, "agent_answers").port(1).start();
    call_is_answered(&server, Duration::from_secs(3));
    provider.expect_success();
    server.wait_idle(SOON);
}

/// The demo with TLS and a provider by it, whose name is `sip.provider.example`.
fn with_tls_provider(authority: &Authority, dns: &Dns) -> Setup {
    let setup = asking(Setup::demo(), dns)
        .set_server("sip.tls", "[\"127.0.0.1:5061\"]")
        .set_server(
            "tls",
            "{ certificate = \"server.pem\", key = \"server.key\", ca = \"ca.pem\" }",
        );
    let ours = authority.issue("127.0.0.1", Validity::Current);
    let config = setup.config();
    std::fs::write(config.join("server.key"), ours.key).unwrap();
    std::fs::write(config.join("server.pem"), ours.certificate).unwrap();
    std::fs::write(config.join("ca.pem"), authority.pem()).unwrap();
    let port = setup.other_port(1);
    let trunk = format!(
        "address = \"sip.provider.example:{port}\"\ntransport = \"tls\"\ndomain = \"provider.example\"\n"
    );
    with_trunk(setup, &trunk)
}

// Changes: trunks.transport
#[test]
fn a_provider_by_tls_is_believed_by_the_name_it_is_called_by_and_no_other() {
    let authority = Authority::default();
    let stranger = Authority::default();
    for (shown, believed) in [
        (
            authority.issue("sip.provider.example", Validity::Current),
            true,
        ),
        // The domain that requests name is not the host that was looked up.
        (
            authority.issue("provider.example", Validity::Current),
            false,
        ),
        (authority.issue("127.0.0.1", Validity::Current), false),
        (
            authority.issue("sip.provider.example", Validity::Expired),
            false,
        ),
        (
            stranger.issue("sip.provider.example", Validity::Current),
            false,
        ),
    ] {
        let dns = Dns::start(vec![("sip.provider.example", Record::A(OUR_LOOPBACK))]);
        let setup = with_tls_provider(&authority, &dns);
        let provider = Provider::start(setup.other_port(1), Some(shown), 486);
        let server = setup.start();
        let anna = Phone::agent(&server, "anna");
        let status = anna.call(OUTSIDE).answered(SOON);
        assert_eq!(provider.connections(), 1);
        if believed {
            assert_eq!(status, 486);
            let invite = provider.expect("INVITE", SOON);
            assert_eq!(invite.uri(), "sip:+46701234567@provider.example;user=phone");
            let via = invite.header("Via").unwrap();
            let own = server.sip_by(Transport::Tls);
            assert!(via.starts_with(&format!("SIP/2.0/TLS {own};")), "{via}");
        } else {
            assert_eq!(status, 503);
            assert!(provider.came().is_empty(), "nothing is said to a stranger");
        }
    }
}
