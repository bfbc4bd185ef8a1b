//! Registrations from the outside: what a phone may ask for, by which way it is then reached, and that both
//! outlive the process.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::Write;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tests::http;
use tests::load;
use tests::load::registrations::{Nonces, register};
use tests::phone::{DOMAIN, Options, Phone};
use tests::random;
use tests::server::{Server, Setup, binary};
use tests::sip::Msg;
use tests::wire::Transport;

const SOON: Duration = Duration::from_secs(10);

/// Anna's own public number.
const ANNA: &str = "+46850001009";

/// `setup` with that number.
fn with_number(setup: Setup) -> Setup {
    let text = format!("[numbers]\n\"{ANNA}\" = {{ user = \"anna\" }}\n");
    setup.add("anna.toml", &text)
}

/// The sum of a metric over its labels.
fn metric(server: &Server, name: &str) -> f64 {
    let (_, text) = http::get(server.http(), "/metrics").unwrap();
    text.lines()
        .filter(|line| line.starts_with(name) && !line.starts_with('#'))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

fn wait_stored(server: &Server, rows: f64) {
    server.wait("what changed is stored", SOON, |server| {
        metric(server, "kolapp_store_written_total{about=\"bindings\"}") >= rows
            && metric(server, "kolapp_store_pending") == 0.0
    });
}

/// Where the server stores what it keeps.
fn database(server: &Server) -> PathBuf {
    server.folder().join("var/kolapp.db")
}

// Changes: registrations.service_route
#[test]
fn a_phone_is_asked_to_come_back_to_the_address_it_registered_at_where_it_is_set_so() {
    let server = Setup::demo()
        .set_server("registrations.service_route", "\"this-server\"")
        .start();
    for (transport, parameter) in [(Transport::Udp, ""), (Transport::Tcp, ";transport=tcp")] {
        let options = Options {
            transport,
            ..Options::account("anna")
        };
        let mut anna = Phone::new(server.sip_by(transport), options);
        let registered = anna.register_for(600);
        let route = format!("<sip:{}{parameter};lr>", server.sip_by(transport));
        assert_eq!(registered.header("Service-Route"), Some(route.as_str()));
        let uri = format!("sip:102@{DOMAIN}");
        let text = anna
            .new_request("MESSAGE", &uri, &random::token(), 1)
            .with("Route", route)
            .with_body("text/plain", "anybody there?".to_owned());
        assert_eq!(anna.request(&text).status(), 480, "bosse has no phone");
    }
    let demo = Server::demo();
    let mut anna = Phone::new(demo.sip(), Options::account("anna"));
    assert_eq!(anna.register_for(600).header("Service-Route"), None);
}

/// A call from outside to anna reaches this phone.
fn a_call_reaches(server: &Server, anna: &Phone) {
    let caller = Phone::outside(server, "+46701234567");
    let mut calling = caller.call(ANNA);
    let mut called = anna.incoming(SOON);
    called.answer();
    calling.expect_answer(SOON);
    calling.hang_up();
    called.expect_bye(SOON);
}

#[test]
fn a_thousand_registrations_outlive_a_kill_and_a_call_reaches_a_phone_that_has_not_come_back() {
    const PHONES: usize = 1_000;
    let mut server = with_number(load::office(PHONES)).start();
    let anna = Phone::agent(&server, "anna");
    let somewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
    let registered = |server: &Server| server.ctl(&["status"])["registrations"].as_u64();
    // One nonce for all: on a busy machine a count that comes too late is refused, and its phone tries again.
    for _ in 0..5 {
        if registered(&server) == Some(PHONES as u64 + 1) {
            break;
        }
        register(
            server.sip(),
            &load::Account::numbered(PHONES),
            PHONES,
            somewhere.local_addr().unwrap(),
            Nonces::Shared,
        );
    }
    assert_eq!(registered(&server), Some(PHONES as u64 + 1));
    wait_stored(&server, PHONES as f64 + 1.0);
    server.kill_and_start_again();
    println!("ready again after {:?}", server.started_in);
    assert_eq!(registered(&server), Some(PHONES as u64 + 1));
    // Whoever is logged in at the start is reachable, and so free, without having come back.
    server.wait_agent("anna", "free", SOON);
    a_call_reaches(&server, &anna);
    server.stop();
}

#[test]
fn what_has_ended_before_a_kill_is_not_there_after_it() {
    let mut server = with_number(Setup::demo()).start();
    let mut anna = Phone::agent(&server, "anna");
    wait_stored(&server, 1.0);
    assert_eq!(anna.register_for(0).status(), 200);
    wait_stored(&server, 2.0);
    server.kill_and_start_again();
    assert_eq!(server.ctl(&["status"])["registrations"], 0);
}

#[test]
fn a_server_that_is_stopped_in_good_order_keeps_registrations_too() {
    let mut server = with_number(Setup::demo()).start();
    let anna = Phone::agent(&server, "anna");
    server.terminate();
    assert_eq!(server.wait_end(SOON).code(), Some(0));
    server.start_again();
    a_call_reaches(&server, &anna);
}

#[test]
fn a_damaged_file_is_moved_aside_and_the_server_starts() {
    let mut server = with_number(Setup::demo()).start();
    let anna = Phone::agent(&server, "anna");
    wait_stored(&server, 1.0);
    let damage = |server: &Server| {
        std::fs::write(database(server), "no database ".repeat(2_000)).unwrap();
    };
    server.terminate();
    assert_eq!(server.wait_end(SOON).code(), Some(0));
    damage(&server);
    server.start_again();
    server.wait_log("moved aside");
    assert_eq!(server.ctl(&["status"])["registrations"], 0);
    let mut anna = anna;
    anna.register();
    a_call_reaches(&server, &anna);
}

#[test]
fn storage_that_goes_away_stops_no_call_and_what_is_known_is_written_anew() {
    let mut server = with_number(Setup::demo()).start();
    let anna = Phone::agent(&server, "anna");
    wait_stored(&server, 1.0);
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database(&server).into_os_string();
        path.push(suffix);
        std::fs::remove_file(path).unwrap();
    }
    a_call_reaches(&server, &anna);
    wait_stored(&server, 2.0);
    let (status, body) = server.healthz().unwrap();
    assert_eq!(
        (status, body.contains("\"storage\":\"ok\"")),
        (200, true),
        "{body}"
    );
    assert!(metric(&server, "kolapp_store_failures_total") >= 1.0);
    server.kill_and_start_again();
    a_call_reaches(&server, &anna);
}

fn register_request(phone: &Phone, cseq: u32, contact: &str) -> Msg {
    let call_id = format!("registrar-{}", phone.local());
    phone
        .new_request("REGISTER", &format!("sip:{DOMAIN}"), &call_id, cseq)
        .with("Contact", contact)
}

// Changes: registrations.expires_min, registrations.expires_max
#[test]
fn too_short_a_time_is_refused_with_the_least_and_too_long_a_one_shortened() {
    let server = Setup::demo()
        .set_server("registrations.expires_min", "\"2m\"")
        .set_server("registrations.expires_max", "\"1h\"")
        .start();
    let mut anna = Phone::new(server.sip(), Options::account("anna"));
    let refused = anna.register_for(119);
    assert_eq!(refused.status(), 423);
    assert_eq!(refused.header("Min-Expires"), Some("120"));
    let granted = anna.register_for(7_200);
    assert_eq!(granted.status(), 200);
    let contact = granted.header("Contact").unwrap();
    assert!(contact.contains("expires=3600"), "{contact}");
}

// Changes: registrations.contacts_beyond, users.contacts_max
#[test]
fn a_contact_too_many_is_refused_where_the_settings_say_so_and_replaces_the_oldest_otherwise() {
    let refuse = Setup::demo()
        .set_server("registrations.contacts_beyond", "\"refuse\"")
        .set("users.anna.contacts_max", "1")
        .start();
    let anna = Phone::new(refuse.sip(), Options::account("anna"));
    let first = register_request(&anna, 1, "<sip:anna@127.0.0.1:40001>");
    assert_eq!(anna.request(&first).status(), 200);
    let second = register_request(&anna, 3, "<sip:anna@127.0.0.1:40002>");
    assert_eq!(anna.request(&second).status(), 403);
    let bosse = Phone::new(refuse.sip(), Options::account("bosse"));
    for (cseq, port) in [(1, 40_001), (3, 40_002)] {
        let contact = format!("<sip:bosse@127.0.0.1:{port}>");
        let request = register_request(&bosse, cseq, &contact);
        assert_eq!(bosse.request(&request).status(), 200);
    }

    let replace = Setup::demo().set("users.anna.contacts_max", "1").start();
    let anna = Phone::new(replace.sip(), Options::account("anna"));
    for (cseq, port) in [(1, 40_001), (3, 40_002)] {
        let contact = format!("<sip:anna@127.0.0.1:{port}>");
        let reply = anna.request(&register_request(&anna, cseq, &contact));
        let bound: Vec<_> = reply.all("Contact").collect();
        assert_eq!(bound.len(), 1, "{bound:?}");
        assert!(bound[0].contains(&contact), "{bound:?}");
    }
}

#[test]
fn a_phone_behind_an_edge_proxy_is_called_through_it() {
    let server = with_number(Setup::demo()).start();
    let edge = UdpSocket::bind("127.0.0.1:0").unwrap();
    edge.set_read_timeout(Some(SOON)).unwrap();
    let hop = format!("<sip:t0ken@{};lr>", edge.local_addr().unwrap());
    let anna = Phone::new(server.sip(), Options::account("anna"));
    let request = register_request(&anna, 1, "<sip:anna@192.0.2.77:5070>")
        .with("Supported", "path")
        .with("Path", hop.clone());
    let reply = anna.request(&request);
    assert_eq!((reply.status(), reply.header("Path")), (200, Some(&*hop)));
    let caller = Phone::outside(&server, "+46701234567");
    let mut calling = caller.call(ANNA);
    let mut buffer = [0; 4_096];
    let (length, _) = edge
        .recv_from(&mut buffer)
        .expect("the INVITE comes by the edge");
    let invite = Msg::parse(&buffer[..length]).unwrap();
    assert_eq!(invite.method(), "INVITE");
    assert_eq!(invite.uri(), "sip:anna@192.0.2.77:5070");
    assert_eq!(invite.header("Route"), Some(&*hop));
    calling.cancel();
}

#[test]
fn an_operator_sees_how_a_phone_is_reached_and_ends_its_registration() {
    let server = Server::demo();
    let anna = Phone::new(server.sip(), Options::account("anna"));
    let request = register_request(&anna, 1, "<sip:anna@127.0.0.1:40001>;q=0.3")
        .with("Path", "<sip:edge@127.0.0.1:40002;lr>");
    assert_eq!(anna.request(&request).status(), 200);
    let row = server.ctl_row("registrations", "user", "demo/anna");
    assert_eq!(row["q"], 0.3);
    assert_eq!(row["path"][0], "<sip:edge@127.0.0.1:40002;lr>");
    server.wait_agent("anna", "free", SOON);
    server.ctl(&["registrations", "remove", "anna"]);
    assert_eq!(server.ctl(&["status"])["registrations"], 0);
    server.wait_agent("anna", "unreachable", SOON);
    let none_left = server.ctl_output(&["registrations", "remove", "anna"]);
    assert_eq!(none_left.status.code(), Some(1));
}

// Changes: users.ha1_md5, users.ha1_sha256
#[test]
fn a_phone_registers_by_the_hashes_that_kolapp_secret_prints() {
    let mut secret = Command::new(binary())
        .args(["secret", "erik@demo.localhost"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = secret.stdin.take().unwrap();
    input.write_all(b"correct horse battery\n").unwrap();
    drop(input);
    let printed = secret.wait_with_output().unwrap();
    assert!(printed.status.success());
    let lines = String::from_utf8(printed.stdout).unwrap();
    assert!(!lines.contains("horse"), "{lines}");
    let setup = Setup::demo().add("erik.toml", &format!("[users.erik]\n{lines}"));
    let server = setup.start();
    for (password, status) in [("correct horse battery", 200), ("wrong horse", 401)] {
        let erik = Phone::new(
            server.sip(),
            Options {
                password: Some(password.to_owned()),
                ..Options::account("erik")
            },
        );
        let request = register_request(&erik, 1, "<sip:erik@127.0.0.1:40001>");
        assert_eq!(erik.request(&request).status(), status, "{password}");
    }
}

#[test]
fn a_register_for_somebody_else_is_refused() {
    let server = Server::demo();
    let anna = Phone::new(server.sip(), Options::account("anna"));
    let mut request = register_request(&anna, 1, "<sip:anna@127.0.0.1:40001>");
    for (name, value) in &mut request.headers {
        if name == "To" {
            *value = format!("<sip:bosse@{DOMAIN}>");
        }
    }
    assert_eq!(anna.request(&request).status(), 403);
    assert_eq!(server.ctl(&["status"])["registrations"], 0);
}

#[test]
fn sip_is_answered_as_soon_as_the_server_is_up_again() {
    let mut server = Server::demo();
    server.kill_and_start_again();
    let began = Instant::now();
    let phone = Phone::new(server.sip(), Options::account("anna"));
    let options = phone.new_request("OPTIONS", &format!("sip:{DOMAIN}"), "o1", 1);
    assert_eq!(phone.request_without_credentials(&options).status(), 200);
    println!(
        "ready in {:?}, answered in {:?}",
        server.started_in,
        began.elapsed()
    );
}
