//! Who is kept out: guessers are banned and let in again, floods are held to their rate, and phones that proved who they
//! are notice neither.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tests::phone::{Call, DOMAIN, Options, Phone};
use tests::random;
use tests::server::{Server, Setup};
use tests::sip::Msg;
use tests::stranger::{SILENCE, Stranger, Who};

const SOON: Duration = Duration::from_secs(5);

const ANNA: Who<'_> = Who {
    user: "anna",
    password: "demo-anna",
};

const GUESS: Who<'_> = Who {
    user: "anna",
    password: "a guess",
};

/// The demo, where addresses of loopback are treated as all others are.
fn guarded() -> Setup {
    Setup::demo()
        .set_server("limits.loopback", "true")
        .set_server("bans.loopback", "true")
        .set_server("bans.offences", "5")
        // Sources of trunks are never banned.
        .set("trunks.provider.sources", "[\"127.0.0.1\"]")
}

fn options(sender: &Stranger) -> Msg {
    sender.request("OPTIONS", DOMAIN, &format!("x@{DOMAIN}"))
}

fn banned(server: &Server) -> Vec<String> {
    let list = server.ctl(&["bans"]);
    let text = |row: &serde_json::Value, key| row[key].as_str().unwrap().to_owned();
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| format!("{} {}", text(row, "source"), text(row, "cause")))
        .collect()
}

// Changes: bans.loopback
#[test]
fn an_address_that_guesses_passwords_is_banned_also_over_a_restart_until_the_operator_lets_it_in() {
    let mut server = guarded().start();
    let mut phone = Phone::agent(&server, "bosse");
    let guesser = Stranger::at("127.0.0.66", server.sip());
    for _ in 0..5 {
        assert_eq!(guesser.try_to_register(GUESS), Some(401));
    }
    assert_eq!(banned(&server), ["127.0.0.66 wrong-credentials"]);
    assert!(server.metric("kolapp_bans_total{cause=\"wrong-credentials\"}") >= 1.0);
    assert_eq!(guesser.try_to_register(ANNA), None);
    let other_port = Stranger::at("127.0.0.66", server.sip());
    assert_eq!(other_port.ask(&options(&other_port), SILENCE), None);
    let elsewhere = Stranger::at("127.0.0.67", server.sip());
    assert_eq!(elsewhere.try_to_register(ANNA), Some(200));
    phone.register();

    server.wait("the ban is stored", SOON, |server| {
        server.metric("kolapp_store_written_total{about=\"bans\"}") >= 1.0
    });
    server.kill_and_start_again();
    assert_eq!(banned(&server), ["127.0.0.66 wrong-credentials"]);
    assert_eq!(guesser.try_to_register(ANNA), None);

    server.ctl(&["bans", "remove", "127.0.0.66"]);
    assert_eq!(banned(&server), [""; 0]);
    assert_eq!(guesser.try_to_register(ANNA), Some(200));
}

#[test]
fn scanners_are_met_with_silence() {
    let server = guarded().start();
    let scanner = Stranger::at("127.0.0.68", server.sip());
    let request = options(&scanner).with("User-Agent", "friendly-scanner");
    assert_eq!(scanner.ask(&request, SILENCE), None);
    assert_eq!(banned(&server), ["127.0.0.68 scanner"]);
    let fishing = Stranger::at("127.0.0.69", server.sip());
    for name in 200..205 {
        let reply = fishing.ask(&fishing.register(&name.to_string()), SOON);
        assert_eq!(reply.unwrap().status(), 401);
    }
    assert_eq!(fishing.ask(&fishing.register("anna"), SILENCE), None);
    assert_eq!(banned(&server)[1], "127.0.0.69 unknown-users");
}

// Changes: sip.answer_options
#[test]
fn where_only_the_known_may_ask_what_there_is_strangers_hear_nothing() {
    let server = guarded()
        .set_server("sip.answer_options", "\"known\"")
        .start();
    let phone = Stranger::at("127.0.0.81", server.sip());
    assert_eq!(phone.ask(&options(&phone), SILENCE), None);
    assert_eq!(phone.try_to_register(ANNA), Some(200));
    let trunk = Stranger::at("127.0.0.1", server.sip());
    let neighbour = Stranger::at("127.0.0.81", server.sip());
    for (who, expected) in [(&phone, Some(200)), (&trunk, Some(200)), (&neighbour, None)] {
        let answer = who.ask(&options(who), SILENCE);
        assert_eq!(answer.map(|reply| reply.status()), expected);
    }
    let unanswered = "kolapp_sip_turned_away_total{cause=\"stranger\"}";
    assert!(server.metric(unanswered) >= 2.0);
}

/// What the server calls itself: in a challenge, in an answer that needs no state, in one to a phone that registers, in
/// a refusal that is passed on, and in its own INVITE.
fn names_in(server: &Server) -> Vec<Option<String>> {
    let outside = Phone::outside(server, "+46701234567");
    let ask = |method: &str| {
        let uri = format!("sip:{DOMAIN}");
        let request = outside.new_request(method, &uri, &random::token(), 1);
        outside.request_without_credentials(&request)
    };
    let (challenged, capable) = (ask("REGISTER"), ask("OPTIONS"));
    let mut anna = Phone::new(server.sip(), Options::account("anna"));
    let registered = anna.register_for(600);
    let bosse = Phone::agent(server, "bosse");
    let mut calling = bosse.call("101");
    let mut called = anna.incoming(SOON);
    let asked = called.invite().clone();
    called.refuse(486);
    assert_eq!(calling.answered(SOON), 486);
    let refused = calling.last.clone().unwrap();
    let answers = [challenged, capable, registered, refused];
    let servers = answers.iter().map(|reply| reply.header("Server"));
    let all = servers.chain([asked.header("User-Agent")]);
    all.map(|name| name.map(str::to_owned)).collect()
}

// Changes: sip.server_header
#[test]
fn the_server_says_what_it_is_only_where_it_is_told_to() {
    assert_eq!(names_in(&guarded().start()), vec![None; 5]);
    let named = guarded().set_server("sip.server_header", "\"Our telephones\"");
    let name = Some("Our telephones".to_owned());
    assert_eq!(names_in(&named.start()), vec![name; 5]);
}

// Changes: limits.calls_per_user, limits.early_calls_per_user
#[test]
fn a_user_has_so_many_calls_at_once_and_so_many_that_ring() {
    let server = Setup::demo()
        .set_server("limits.calls_per_user", "3")
        .set_server("limits.early_calls_per_user", "2")
        .start();
    let anna = Phone::agent(&server, "anna");
    let bosse = Phone::agent(&server, "bosse");
    let ring = || {
        let calling = anna.call("102");
        let called = bosse.incoming(SOON);
        called.ring();
        (calling, called)
    };
    let refused = |why: &str| {
        let mut calling = anna.call("102");
        assert_eq!(calling.answered(SOON), 503, "{why}");
        let last = calling.last.clone().unwrap();
        assert!(last.header("Retry-After").is_some(), "{why}");
    };
    let mut talks: Vec<(Call, Call)> = vec![ring(), ring()];
    refused("two ring");
    for (calling, called) in &mut talks {
        called.answer();
        calling.expect_answer(SOON);
    }
    talks.push(ring());
    refused("three are there");
    // Somebody else has his own.
    let mut calling = bosse.call("101");
    anna.incoming(SOON).refuse(486);
    assert_eq!(calling.answered(SOON), 486);
    let (mut calling, mut called) = talks.remove(0);
    calling.hang_up();
    called.expect_bye(SOON);
    server.wait("one is over", SOON, |server| {
        server.ctl(&["calls"]).as_array().unwrap().len() == 2
    });
    let (mut calling, mut called) = ring();
    called.answer();
    calling.expect_answer(SOON);
}

#[test]
fn an_operator_bans_an_address_by_hand() {
    let server = guarded().start();
    let stranger = Stranger::at("127.0.0.70", server.sip());
    assert!(stranger.ask(&options(&stranger), SOON).is_some());
    server.ctl(&["bans", "add", "127.0.0.70", "--minutes", "5"]);
    assert_eq!(banned(&server), ["127.0.0.70 operator"]);
    assert_eq!(stranger.ask(&options(&stranger), SILENCE), None);
}

#[test]
fn a_banned_address_is_not_heard_over_a_connection_either_and_the_connection_ends() {
    let server = guarded().start();
    let stranger = Stranger::at("127.0.0.1", server.sip());
    let connect = || {
        let connection = TcpStream::connect(server.sip()).unwrap();
        connection.set_read_timeout(Some(SOON)).unwrap();
        connection
    };
    let ask = |connection: &mut TcpStream| {
        let mut request = options(&stranger);
        for (name, value) in &mut request.headers {
            if name == "Via" {
                *value = value.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
            }
        }
        connection.write_all(&request.to_bytes()).unwrap();
        let mut buffer = [0; 4_096];
        let length = connection.read(&mut buffer).unwrap();
        Msg::parse(&buffer[..length]).map(|reply| reply.status())
    };
    let mut connection = connect();
    assert_eq!(ask(&mut connection), Some(200));
    server.ctl(&["bans", "add", "127.0.0.1"]);
    assert_eq!(ask(&mut connection), None, "it ends without a word");
    server.ctl(&["bans", "remove", "127.0.0.1"]);
    assert_eq!(ask(&mut connect()), Some(200));
}

// Changes: limits.requests_per_source, limits.loopback
#[test]
fn an_address_beyond_its_rate_is_dropped_and_a_phone_at_the_same_address_is_served() {
    let server = guarded()
        .set_server("limits.requests_per_source", "5")
        .start();
    let phone = Stranger::at("127.0.0.71", server.sip());
    assert_eq!(phone.try_to_register(ANNA), Some(200));
    let flood = Stranger::at("127.0.0.71", server.sip());
    for _ in 0..200 {
        flood.send(&options(&flood));
    }
    server.wait("the flood is dropped", SOON, |server| {
        server.metric("kolapp_sip_kept_out_total{cause=\"too-fast\"}") >= 100.0
    });
    assert_eq!(phone.ask(&options(&phone), SOON).unwrap().status(), 200);
}

#[test]
fn what_a_phone_writes_of_itself_beside_its_account_reaches_nobody() {
    let server = guarded().start();
    let bosse = Phone::agent(&server, "bosse");
    let sender = Stranger::at("127.0.0.72", server.sip());
    assert_eq!(sender.try_to_register(ANNA), Some(200));
    let challenge = sender.challenge("anna").unwrap();
    let invite = sender.request(
        "INVITE",
        &format!("102@{DOMAIN}"),
        &format!("anna@{DOMAIN}"),
    );
    let mut invite = sender.authorised(&invite, &challenge, ANNA);
    let king = "\"The King\" <sip:+4681234@palace.example>";
    for name in [
        "P-Asserted-Identity",
        "p-asserted-identity ",
        "P-Preferred-Identity",
        "Remote-Party-ID\t",
        "DIVERSION",
        "History-Info",
        "Referred-By",
        "Alert-Info",
        "Call-Info",
        "X-Evil",
    ] {
        invite = invite.with(name, king);
    }
    invite = invite.with("Evil", format!("a\r\n P-Asserted-Identity: {king}"));
    sender.send(&invite);
    let rung = bosse.incoming(SOON);
    let received = rung.invite().clone();
    let text = String::from_utf8_lossy(&received.to_bytes()).into_owned();
    for trace in ["King", "4681234", "palace", "Evil"] {
        assert!(!text.contains(trace), "{text}");
    }
    assert!(received.header("From").unwrap().contains("101"), "{text}");
}
