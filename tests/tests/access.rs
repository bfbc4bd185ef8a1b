//! What each SIP method gets from each kind of sender with each kind of credentials, as the running server answers:
//! `docs/sip-access.md`, which this test keeps true. `UPDATE=1` writes it anew, for somebody to read before it is kept.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use tests::phone::DOMAIN;
use tests::server::{Server, Setup, repository};
use tests::sip::Msg;
use tests::stranger::{SILENCE, Stranger, Who};

const NUMBER: &str = "+46850001000";
const DOCUMENT: &str = "docs/sip-access.md";

/// What is asked for, and where.
const REQUESTS: [(&str, &str, &str); 17] = [
    ("REGISTER", "REGISTER for anna", "anna"),
    ("INVITE", "INVITE to a user", "102"),
    ("INVITE", "INVITE to a public number", NUMBER),
    ("INVITE", "INVITE to a number abroad", "+4915112345678"),
    ("OPTIONS", "OPTIONS", "102"),
    ("MESSAGE", "MESSAGE to a user", "102"),
    ("SUBSCRIBE", "SUBSCRIBE to a user", "102"),
    ("PUBLISH", "PUBLISH", "102"),
    ("REFER", "REFER outside a dialog", "102"),
    ("NOTIFY", "NOTIFY outside a dialog", "102"),
    ("INFO", "INFO outside a dialog", "102"),
    ("UPDATE", "UPDATE outside a dialog", "102"),
    ("PRACK", "PRACK outside a dialog", "102"),
    ("BYE", "BYE outside a dialog", "102"),
    ("CANCEL", "CANCEL of nothing", "102"),
    ("ACK", "ACK of nothing", "102"),
    ("DANCE", "a method that nobody knows", "102"),
];

/// Who sends it. The first has registered as anna from that very address and port.
const SENDERS: [(&str, &str); 3] = [
    ("anna's phone", "127.0.0.81"),
    ("the trunk", "127.0.0.82"),
    ("a stranger", "127.0.0.83"),
];

const ANNA: Who<'_> = Who {
    user: "anna",
    password: "demo-anna",
};

/// With which credentials, for a request in the name of anna.
const CREDENTIALS: [(&str, Option<Who<'_>>); 3] = [
    ("none", None),
    (
        "wrong",
        Some(Who {
            user: "anna",
            password: "a guess",
        }),
    ),
    (
        "bosse's",
        Some(Who {
            user: "bosse",
            password: "demo-bosse",
        }),
    ),
];

/// The demo, with a trunk at one address only.
fn server() -> Server {
    Setup::demo()
        .set("trunks.provider.sources", "[\"127.0.0.82\"]")
        .start()
}

fn request(sender: &Stranger, at: &str, method: &str, target: &str) -> Msg {
    if method == "REGISTER" {
        return sender.register(target);
    }
    // A trunk's callers are nobody's accounts.
    let from = match at {
        "127.0.0.82" => "+46701234567@carrier.example".to_owned(),
        _ => format!("anna@{DOMAIN}"),
    };
    sender.request(method, &format!("{target}@{DOMAIN}"), &from)
}

/// Ends a call that was taken.
fn hang_up(sender: &Stranger, invite: &Msg, answer: &Msg) {
    for (method, cseq) in [("ACK", 1), ("BYE", 2)] {
        let mut request = invite.clone();
        request.start = format!("{method} {} SIP/2.0", answer.contact_uri().unwrap());
        request.body.clear();
        for (name, value) in &mut request.headers {
            match name.as_str() {
                "To" => answer.header("To").unwrap().clone_into(value),
                "CSeq" => *value = format!("{cseq} {method}"),
                "Via" => value.push_str(method),
                _ => {}
            }
        }
        match method {
            "ACK" => sender.send(&request),
            _ => drop(sender.ask(&request, SILENCE)),
        }
    }
}

/// The status, or nothing where there is silence.
fn verdict(sender: &Stranger, request: &Msg) -> Option<u16> {
    let answer = sender.ask(request, SILENCE)?;
    if request.method() == "INVITE" && answer.status() == 200 {
        hang_up(sender, request, &answer);
    }
    Some(answer.status())
}

type Verdicts = BTreeMap<(usize, usize, usize), Option<u16>>;

fn verdicts(server: &Server) -> Verdicts {
    let senders = SENDERS.map(|(_, at)| Stranger::at(at, server.sip()));
    assert_eq!(senders[0].try_to_register(ANNA), Some(200));
    let mut verdicts = Verdicts::new();
    for (s, sender) in senders.iter().enumerate() {
        for (r, (method, _, target)) in REQUESTS.iter().enumerate() {
            for (c, (_, who)) in CREDENTIALS.iter().enumerate() {
                let plain = request(sender, SENDERS[s].1, method, target);
                let request = match who {
                    None => plain,
                    Some(who) => {
                        let challenge = sender.challenge("anna").unwrap();
                        sender.authorised(&plain, &challenge, *who)
                    }
                };
                verdicts.insert((r, s, c), verdict(sender, &request));
            }
        }
    }
    verdicts
}

fn document(verdicts: &Verdicts) -> String {
    let mut text = String::from(
        "# What SIP requests get\n\n\
         Each method in the name of the user anna (a trunk's in the name of its caller), sent over UDP to the demo by anna's registered phone, by the trunk's address and by a stranger, without\n\
         credentials, with a wrong password for anna, and with the right credentials of somebody else. The status is the final one; a dash is silence. Made by `tests/tests/access.rs` from a\n\
         running server, which fails where this is not true any more: `UPDATE=1 cargo nextest run --test access` writes it anew.\n\n",
    );
    let mut head = String::from("| request |");
    let mut line = String::from("|---|");
    for (sender, _) in SENDERS {
        for (credentials, _) in CREDENTIALS {
            let _ = write!(head, " {sender}, {credentials} |");
            line.push_str("---|");
        }
    }
    let _ = writeln!(text, "{head}\n{line}");
    for (r, (_, name, _)) in REQUESTS.iter().enumerate() {
        let _ = write!(text, "| {name} |");
        for s in 0..SENDERS.len() {
            for c in 0..CREDENTIALS.len() {
                let shown =
                    verdicts[&(r, s, c)].map_or("–".to_owned(), |status| status.to_string());
                let _ = write!(text, " {shown} |");
            }
        }
        text.push('\n');
    }
    text.push_str(
        "\nWhat comes in without anybody's word is the trunk's call to a public number, by its address, and OPTIONS, which makes no state and tells nothing of anybody.\n",
    );
    text
}

#[test]
fn nothing_is_open_that_should_not_be_and_the_document_says_what_is() {
    let server = server();
    let verdicts = verdicts(&server);
    for (&(r, s, c), status) in &verdicts {
        let (method, name, target) = REQUESTS[r];
        let trunk_call = (method, target, s) == ("INVITE", NUMBER, 1);
        let open = status.is_some_and(|status| (200..400).contains(&status));
        assert!(
            !open || trunk_call || method == "OPTIONS",
            "{name} by {}, credentials {}: {status:?}",
            SENDERS[s].0,
            CREDENTIALS[c].0
        );
    }
    let now = document(&verdicts);
    let path = repository().join(DOCUMENT);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "{DOCUMENT} is not what the server does; UPDATE=1 writes:\n{now}"
    );
}

#[test]
fn a_user_who_is_not_there_is_answered_as_one_whose_password_is_wrong() {
    let server = server();
    let sender = Stranger::at("127.0.0.83", server.sip());
    let mut seen = Vec::new();
    for user in ["anna", "nobody"] {
        let challenge = sender.challenge(user).unwrap();
        let who = Who {
            user,
            password: "a guess",
        };
        let request = sender.authorised(&sender.register(user), &challenge, who);
        let reply = sender.ask(&request, SILENCE).unwrap();
        let names: Vec<String> = reply.headers.iter().map(|(name, _)| name.clone()).collect();
        let challenge = |value: &str| {
            let read = tests::digest::Challenge::parse(value).unwrap();
            (read.realm, read.algorithm, read.stale, read.nonce.len())
        };
        let challenges: Vec<_> = reply.all("WWW-Authenticate").map(challenge).collect();
        let tag = tests::sip::tag_of(reply.header("To").unwrap())
            .unwrap()
            .len();
        seen.push((reply.start.clone(), names, challenges, tag));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn credentials_caught_on_the_wire_are_worth_nothing_again() {
    let server = server();
    let phone = Stranger::at("127.0.0.81", server.sip());
    let challenge = phone.challenge("anna").unwrap();
    let first = phone.authorised(&phone.register("anna"), &challenge, ANNA);
    assert_eq!(phone.ask(&first, SILENCE).unwrap().status(), 200);
    let caught = first.header("Authorization").unwrap();
    let thief = Stranger::at("127.0.0.83", server.sip());
    // From the same place and from another, in another dialog, to another address, with another method.
    for sender in [&phone, &thief] {
        let again = sender.register("anna").with("Authorization", caught);
        let reply = sender.ask(&again, SILENCE).unwrap();
        assert_eq!(reply.status(), 401);
        let challenge = reply.header("WWW-Authenticate").unwrap();
        assert!(challenge.contains("stale=true"), "{challenge}");
        let anna = format!("anna@{DOMAIN}");
        let invite = sender.request("INVITE", &format!("102@{DOMAIN}"), &anna);
        let reply = sender.ask(&invite.with("Authorization", caught), SILENCE);
        assert_eq!(reply.unwrap().status(), 401);
    }
    // A nonce that was given to somebody else, though never used.
    let unused = phone.challenge("anna").unwrap();
    let stolen = thief.authorised(&thief.register("anna"), &unused, ANNA);
    assert_eq!(thief.ask(&stolen, SILENCE).unwrap().status(), 401);
    assert_eq!(phone.try_to_register(ANNA), Some(200));
}
