//! RFC 3263 as a table: what the DNS knows, what is asked of it, and where requests go.

use super::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// What the DNS knows, in the words of a zone file.
const ZONE: &str = "
    naptr example.com 10 50 s SIPS+D2T _sips._tcp.example.com
    naptr example.com 20 50 s SIP+D2T _sip._tcp.example.com
    naptr example.com 30 50 s SIP+D2U _sip._udp.example.com
    naptr example.com 5 50 s SIP+D2S _sip._sctp.example.com
    naptr example.com 1 50 u SIP+D2U _sip._udp.not-this-one
    srv _sips._tcp.example.com 0 1 5061 one.example.com
    srv _sip._tcp.example.com 0 1 5060 one.example.com
    srv _sip._tcp.example.com 0 1 5060 one.example.com
    srv _sip._udp.example.com 1 1 5070 one.example.com
    srv _sip._udp.example.com 2 1 5080 two.example.com
    a one.example.com 192.0.2.1
    a two.example.com 192.0.2.2
    a two.example.com 2001:db8::2
    srv _sip._udp.srv-only.example 1 0 5060 one.example.com
    srv _sip._tcp.srv-only.example 1 0 5065 two.example.com
    a plain.example 192.0.2.9
    srv _sip._udp.closed.example 0 0 0 .
    a closed.example 192.0.2.66
    naptr only-sctp.example 5 50 s SIP+D2S _sip._sctp.only-sctp.example
    a only-sctp.example 192.0.2.5
";

fn ask(question: &Question) -> Answer {
    let lines = ZONE.lines().map(|line| line.split_whitespace());
    let of = |kind: &'static str, name: Box<str>| {
        lines
            .clone()
            .map(Iterator::collect::<Vec<_>>)
            .filter(move |it| it.first() == Some(&kind) && it[1] == &*name)
            .collect::<Vec<_>>()
    };
    let number = |text: &str| text.parse().unwrap();
    match question {
        Question::Naptr(name) => Answer::Naptr(
            of("naptr", name.clone())
                .iter()
                .map(|it| Naptr {
                    order: number(it[2]),
                    preference: number(it[3]),
                    flags: it[4].into(),
                    service: it[5].into(),
                    replacement: it[6].into(),
                })
                .collect(),
        ),
        Question::Srv(name) => Answer::Srv(
            of("srv", name.clone())
                .iter()
                .map(|it| Srv {
                    priority: number(it[2]),
                    weight: number(it[3]),
                    port: number(it[4]),
                    target: it[5].into(),
                })
                .collect(),
        ),
        Question::Addresses(name) => Answer::Addresses(
            of("a", name.clone())
                .iter()
                .map(|it| it[2].parse().unwrap())
                .collect(),
        ),
    }
}

/// What is asked, round by round, and where it ends.
fn search(uri: &str, ours: &[Listener]) -> (Vec<String>, Vec<String>) {
    let uri: Uri = uri.parse().unwrap();
    let mut answers = Answers::new();
    let mut asked = Vec::new();
    for _ in 0..5 {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        match locate(&uri, ours, &answers, &mut random) {
            Step::Ask(questions) => {
                assert!(!questions.is_empty() && questions.len() <= TARGETS_MAX);
                for question in questions {
                    let word = match &question {
                        Question::Naptr(name) => format!("naptr {name}"),
                        Question::Srv(name) => format!("srv {name}"),
                        Question::Addresses(name) => format!("a {name}"),
                    };
                    assert!(!asked.contains(&word), "{word} is asked twice");
                    asked.push(word);
                    let answer = ask(&question);
                    answers.insert(question, answer);
                }
            }
            Step::Found(targets) => {
                let shown = |it: Target| format!("{} {}", it.transport.via_token(), it.address);
                return (asked, targets.into_iter().map(shown).collect());
            }
        }
    }
    panic!("the search for {uri} does not end");
}

fn listeners(all: &[(Transport, &str)]) -> Vec<Listener> {
    let listener = |(transport, address): &(Transport, &str)| Listener {
        transport: *transport,
        address: address.parse().unwrap(),
    };
    all.iter().map(listener).collect()
}

fn every_transport() -> Vec<Listener> {
    listeners(&[
        (Transport::Udp, "192.0.2.100:5060"),
        (Transport::Tcp, "192.0.2.100:5060"),
        (Transport::Tls, "192.0.2.100:5061"),
        (Transport::Ws, "192.0.2.100:80"),
    ])
}

#[test]
fn the_next_hop_is_found_as_the_rfc_says() {
    let table: &[(&str, &[&str], &[&str])] = &[
        // §4.1: numeric: UDP, `sips:` TLS; nothing is asked.
        ("sip:a@192.0.2.7", &[], &["UDP 192.0.2.7:5060"]),
        ("sip:a@192.0.2.7:5099", &[], &["UDP 192.0.2.7:5099"]),
        ("sips:a@192.0.2.7", &[], &["TLS 192.0.2.7:5061"]),
        ("sips:a@192.0.2.7:5099", &[], &["TLS 192.0.2.7:5099"]),
        // §4.1: the transport that is named; over TLS for `sips:`, which has none by UDP.
        ("sip:192.0.2.7;transport=TCP", &[], &["TCP 192.0.2.7:5060"]),
        ("sip:192.0.2.7;transport=tls", &[], &["TLS 192.0.2.7:5061"]),
        ("sips:192.0.2.7;transport=tcp", &[], &["TLS 192.0.2.7:5061"]),
        ("sips:192.0.2.7;transport=udp", &[], &[]),
        ("sip:192.0.2.7;transport=ws", &[], &[]),
        ("sip:192.0.2.7;transport=sctp", &[], &[]),
        // §4: maddr is the target.
        (
            "sip:x.example;maddr=192.0.2.8",
            &[],
            &["UDP 192.0.2.8:5060"],
        ),
        // No listener of ours has IPv6.
        ("sip:a@[2001:db8::7]", &[], &[]),
        ("sip:a@[::ffff:192.0.2.7]", &[], &["UDP 192.0.2.7:5060"]),
        // §4.1, §4.2: a port is named: neither NAPTR nor SRV.
        (
            "sip:plain.example:5099",
            &["a plain.example"],
            &["UDP 192.0.2.9:5099"],
        ),
        (
            "sips:plain.example:5099;transport=tcp",
            &["a plain.example"],
            &["TLS 192.0.2.9:5099"],
        ),
        // §4.2: a transport is named: its SRV, then the host of that name.
        (
            "sip:example.com;transport=udp",
            &[
                "srv _sip._udp.example.com",
                "a one.example.com",
                "a two.example.com",
            ],
            &["UDP 192.0.2.1:5070", "UDP 192.0.2.2:5080"],
        ),
        (
            "sip:plain.example;transport=tls",
            &["srv _sips._tcp.plain.example", "a plain.example"],
            &["TLS 192.0.2.9:5061"],
        ),
        // §4.1: NAPTR by order; only services that we have; equal servers once.
        (
            "sip:example.com",
            &[
                "naptr example.com",
                "srv _sips._tcp.example.com",
                "srv _sip._tcp.example.com",
                "srv _sip._udp.example.com",
                "a one.example.com",
                "a two.example.com",
            ],
            &[
                "TLS 192.0.2.1:5061",
                "TCP 192.0.2.1:5060",
                "UDP 192.0.2.1:5070",
                "UDP 192.0.2.2:5080",
            ],
        ),
        // §4.1: for `sips:` only what is secure.
        (
            "sips:example.com",
            &[
                "naptr example.com",
                "srv _sips._tcp.example.com",
                "a one.example.com",
            ],
            &["TLS 192.0.2.1:5061"],
        ),
        // §4.1: without NAPTR each service is asked for.
        (
            "sip:srv-only.example",
            &[
                "naptr srv-only.example",
                "srv _sip._udp.srv-only.example",
                "srv _sip._tcp.srv-only.example",
                "srv _sips._tcp.srv-only.example",
                "a one.example.com",
                "a two.example.com",
            ],
            &["UDP 192.0.2.1:5060", "TCP 192.0.2.2:5065"],
        ),
        // §4.2: without SRV the host of that name, at the default port.
        (
            "sip:plain.example",
            &[
                "naptr plain.example",
                "srv _sip._udp.plain.example",
                "srv _sip._tcp.plain.example",
                "srv _sips._tcp.plain.example",
                "a plain.example",
            ],
            &["UDP 192.0.2.9:5060"],
        ),
        (
            "sips:plain.example",
            &[
                "naptr plain.example",
                "srv _sips._tcp.plain.example",
                "a plain.example",
            ],
            &["TLS 192.0.2.9:5061"],
        ),
        // NAPTR of no use is as none.
        (
            "sips:only-sctp.example",
            &[
                "naptr only-sctp.example",
                "srv _sips._tcp.only-sctp.example",
                "a only-sctp.example",
            ],
            &["TLS 192.0.2.5:5061"],
        ),
        // RFC 2782: a dot says that there is no such service, so its host is not asked either.
        (
            "sip:closed.example;transport=udp",
            &["srv _sip._udp.closed.example"],
            &[],
        ),
        // Nobody has heard of it.
        ("sip:nowhere.example:5060", &["a nowhere.example"], &[]),
        ("tel:+46701234567", &[], &[]),
    ];
    for (uri, asked, found) in table {
        let (really_asked, really_found) = search(uri, &every_transport());
        assert_eq!(really_asked, *asked, "asked for {uri}");
        assert_eq!(really_found, *found, "found for {uri}");
    }
}

#[test]
fn only_transports_and_families_that_we_listen_for_are_used() {
    let udp = listeners(&[
        (Transport::Udp, "0.0.0.0:5060"),
        (Transport::Udp, "[::]:5060"),
    ]);
    let (asked, found) = search("sip:example.com", &udp);
    assert_eq!(
        asked,
        [
            "naptr example.com",
            "srv _sip._udp.example.com",
            "a one.example.com",
            "a two.example.com"
        ]
    );
    assert_eq!(
        found,
        [
            "UDP 192.0.2.1:5070",
            "UDP 192.0.2.2:5080",
            "UDP [2001:db8::2]:5080"
        ]
    );
    let (asked, found) = search("sips:example.com", &udp);
    assert_eq!(
        (asked, found.len()),
        (vec!["naptr example.com".to_owned()], 0)
    );
    let (_, found) = search("sip:192.0.2.7;transport=tcp", &udp);
    assert!(found.is_empty());
}

#[test]
fn what_a_domain_makes_us_ask_and_try_is_bounded() {
    let many = 0..200u32;
    let mut answers = Answers::new();
    let srv = many.clone().map(|n| Srv {
        priority: 0,
        weight: 0,
        port: 5060,
        target: format!("h{n}.example").into(),
    });
    answers.insert(
        Question::Srv("_sip._udp.many.example".into()),
        Answer::Srv(srv.collect()),
    );
    let uri: Uri = "sip:many.example;transport=udp".parse().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let step = locate(&uri, &every_transport(), &answers, &mut random);
    let Step::Ask(questions) = step else {
        panic!("{step:?}");
    };
    assert_eq!(questions.len(), RECORDS_MAX);
    let addresses: Vec<IpAddr> = many.map(|n| IpAddr::from(n.to_be_bytes())).collect();
    for question in questions {
        answers.insert(question, Answer::Addresses(addresses.clone()));
    }
    let step = locate(&uri, &every_transport(), &answers, &mut random);
    assert!(matches!(step, Step::Found(targets) if targets.len() == TARGETS_MAX));
}
