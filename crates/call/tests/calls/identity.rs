//! Who calls, as trunks say and are told, and phones are shown. What nobody vouches for is believed nowhere.

use crate::outside::{invites, with_trunks};
use crate::phone::Habit;
use crate::world::{NUMBER, World, user};
use crate::{ANSWERS, seconds};
use base::TrunkId;
use bytes::Bytes;
use call::identity::{CalledNumber, Identity, Trust};
use call::outward::{CallerId, Payer, Rights};
use call::settings::{Destination, Trunk};
use sip_core::{HeaderName, Method, Request};

const EVIL: &str = "+46999999999";
const OUTSIDE: &str = "070-1234567";

/// A world whose phones are a provider, and whose callers from outside come over a trunk of that kind.
pub(crate) fn world(seed: u64, identity: Identity) -> World {
    let mut directory = with_trunks(1);
    let organisation = directory.organisations.values_mut().next().unwrap();
    for trunk in organisation.trunks.values_mut() {
        trunk.identity.trust = identity.trust;
    }
    let inward = Trunk {
        sources: vec!["127.0.0.0/8".parse().unwrap()],
        identity,
        ..Trunk::default()
    };
    let id: TrunkId = "demo/inward".parse().unwrap();
    organisation.trunks.insert(id, inward);
    World::of(seed, directory)
}

pub(crate) fn identity(trust: Trust) -> Identity {
    Identity {
        trust,
        ..Identity::default()
    }
}

/// Calls with these lines, as they stand, among the headers.
pub(crate) fn call_saying(world: &mut World, phone: usize, dialled: &str, lines: &str) {
    world.with_phone(phone, |phone, now, out| {
        phone.call(now, dialled, out);
        let sent = String::from_utf8(out.pop().unwrap().to_vec()).unwrap();
        let (head, rest) = sent.split_once("CSeq:").unwrap();
        out.push(Bytes::from(format!("{head}{lines}CSeq:{rest}")));
    });
}

fn written(request: &Request) -> String {
    String::from_utf8(request.to_bytes().to_vec()).unwrap()
}

fn asserted(request: &Request) -> Option<String> {
    let value = request.headers.text(&HeaderName::PAssertedIdentity);
    assert!(request.headers.count(&HeaderName::PAssertedIdentity) <= 1);
    value.map(str::to_owned)
}

#[test]
fn a_trusted_trunk_says_who_calls_and_another_only_what_stands_in_from() {
    const HIDDEN: Option<&str> = None;
    for (trust, from, lines, number, name) in [
        (
            Trust::Yes,
            "+46701234567",
            "P-Asserted-Identity: \"Eva\" <sip:+46702222222@p.se>\r\n",
            Some("+46702222222"),
            "Eva",
        ),
        (
            Trust::Yes,
            "+46701234567",
            "P-Asserted-Identity: <tel:070-222%2022%2022>, <sip:e@>\r\n",
            Some("+46701234567"),
            "+46701234567",
        ),
        (
            Trust::Yes,
            "+46701234567",
            "P-Asserted-Identity: <tel:+46-70-222-22-22>, <sip:e@p.se>\r\n",
            Some("+46702222222"),
            "+46702222222",
        ),
        (
            Trust::Yes,
            "+46701234567",
            "Remote-Party-ID: <sip:0702222222@p.se>;party=calling\r\n",
            Some("+46702222222"),
            "+46702222222",
        ),
        (
            Trust::Yes,
            "+46701234567",
            "",
            Some("+46701234567"),
            "+46701234567",
        ),
        (
            Trust::Yes,
            "0701234567",
            "",
            Some("+46701234567"),
            "+46701234567",
        ),
        (
            Trust::Yes,
            "+46701234567",
            "P-Asserted-Identity: <sip:+46702222222@p.se>\r\nPrivacy: id\r\n",
            HIDDEN,
            "Anonymous",
        ),
        (
            Trust::Yes,
            "anonymous",
            "P-Asserted-Identity: <sip:+46702222222@p.se>\r\nPrivacy: none\r\n",
            HIDDEN,
            "Anonymous",
        ),
        (
            Trust::Yes,
            "+46701234567",
            "Remote-Party-ID: <sip:+46702222222@p.se>;privacy=full\r\n",
            HIDDEN,
            "Anonymous",
        ),
        (
            Trust::No,
            "+46701234567",
            "P-Asserted-Identity: \"Eva\" <sip:+46702222222@p.se>\r\n",
            Some("+46701234567"),
            "+46701234567",
        ),
        (
            Trust::No,
            "+46701234567",
            "Remote-Party-ID: \"Eva\" <sip:+46702222222@p.se>\r\n",
            Some("+46701234567"),
            "+46701234567",
        ),
        (
            Trust::No,
            "+46701234567",
            "P-Preferred-Identity: \"Eva\" <sip:+46702222222@p.se>\r\n",
            Some("+46701234567"),
            "+46701234567",
        ),
        (
            Trust::No,
            "+46701234567",
            "Privacy: user;critical\r\n",
            HIDDEN,
            "Anonymous",
        ),
        (Trust::No, "anonymous", "", HIDDEN, "Anonymous"),
    ] {
        let told = format!("{trust:?} {from} {lines:?}");
        let mut world = world(1, identity(trust));
        let _provider = world.phone("provider", Habit::Rings);
        let anna = world.phone("anna", Habit::Rings);
        let caller = world.phone(from, Habit::Rings);
        call_saying(&mut world, caller, NUMBER, lines);
        world.run(seconds(1));
        let invite = invites(&world, anna)[0];
        let shown = invite.headers.from().unwrap();
        assert_eq!(
            shown.display.as_deref(),
            Some(&*format!("Support: {name}")),
            "{told}"
        );
        let domain = number.map_or("anonymous.invalid", |_| "demo.localhost");
        assert_eq!(
            shown.uri.user(),
            Some(number.unwrap_or("anonymous")),
            "{told}"
        );
        assert_eq!(shown.uri.host().unwrap().to_string(), domain, "{told}");
        let vouched =
            number.map(|number| format!("\"Support: {name}\" <sip:{number}@demo.localhost>"));
        assert_eq!(asserted(invite), vouched, "{told}");
        if number.is_none() {
            let everything = written(invite);
            for secret in ["6701234567", "6702222222", "702222222", "Eva"] {
                assert!(!everything.contains(secret), "{told}: {everything}");
            }
            assert!(
                world
                    .calls()
                    .iter()
                    .all(|call| &*call.caller == "anonymous"),
                "{told}"
            );
        }
    }
}

// Changes: trunks.called_number
#[test]
fn the_number_that_was_called_is_taken_from_where_the_trunk_puts_it() {
    use CalledNumber::{CalledParty, RequestUri, To};
    for (called_number, dialled, lines) in [
        (RequestUri, "46850001000", ""),
        (RequestUri, "0850001000", ""),
        (RequestUri, "+46-8-5000-1000;npdi", ""),
        (To, "0850001000", ""),
        (
            CalledParty,
            "account",
            "P-Called-Party-ID: <sip:+46850001000@p.se>\r\n",
        ),
        (
            CalledParty,
            "account",
            "p-called-party-id :\r\n <tel:850001000;phone-context=+46>\r\n",
        ),
        (CalledParty, NUMBER, ""),
    ] {
        let told = format!("{called_number:?} {dialled} {lines:?}");
        let identity = Identity {
            called_number,
            ..Identity::default()
        };
        let mut world = world(2, identity);
        let _provider = world.phone("provider", Habit::Rings);
        let anna = world.phone("anna", Habit::Rings);
        let caller = world.phone("+46701234567", Habit::Rings);
        call_saying(&mut world, caller, dialled, lines);
        world.run(seconds(1));
        assert_eq!(invites(&world, anna).len(), 1, "{told}");
        assert!(
            world.calls().iter().all(|call| &*call.dialled == NUMBER),
            "{told}"
        );
    }
}

/// Lines by which somebody may try to be another, each naming a number that is not his.
fn lies() -> Vec<String> {
    let mut lies = Vec::new();
    for name in [
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "Remote-Party-ID",
        "Diversion",
        "History-Info",
        "Referred-By",
        "Reply-To",
        "Identity",
        "Call-Info",
        "X-Caller",
    ] {
        for spelled in [name.to_owned(), name.to_uppercase(), name.to_lowercase()] {
            for colon in [": ", " : ", "\t:\r\n ", ":\r\n\t  "] {
                lies.push(format!("{spelled}{colon}<sip:{EVIL}@evil.example>\r\n"));
            }
        }
        // Of that one a second is no message at all.
        if name != "Referred-By" {
            let second = format!("{name}: <sip:a@b.se>\r\n{name}: <tel:{EVIL}>\r\n");
            lies.extend([format!("{name}: <sip:a@b.se>, <tel:{EVIL}>\r\n"), second]);
        }
        lies.push(format!("Subject: a\r\n {name}: <sip:{EVIL}@b.se>\r\n"));
    }
    lies.push(format!("y: {EVIL}\r\n"));
    lies.push(format!("b: <sip:{EVIL}@evil.example>\r\n"));
    lies
}

#[test]
fn nothing_that_a_phone_writes_reaches_a_trunk_as_identity() {
    let mut world = world(3, identity(Trust::Yes));
    // More than anybody calls within a few minutes.
    world.change(|demo| {
        for plan in demo.outward.plans.values_mut() {
            plan.bounds.calls_per_hour = Some(100_000);
        }
    });
    let provider = world.phone("provider", Habit::Refuses(sip_core::StatusCode::BUSY_HERE));
    let anna = world.phone("anna", Habit::Rings);
    let own = "<sip:+46850001000@127.0.0.1:6000;user=phone>";
    let lies = lies();
    for lie in &lies {
        let before = invites(&world, provider).len();
        call_saying(&mut world, anna, OUTSIDE, lie);
        world.run(seconds(2));
        let all = invites(&world, provider);
        assert_eq!(all.len(), before + 1, "{lie:?}");
        let invite = all[before];
        let everything = written(invite);
        assert!(!everything.contains("999999"), "{lie:?}: {everything}");
        assert!(!everything.contains("evil"), "{lie:?}: {everything}");
        assert_eq!(asserted(invite).as_deref(), Some(own), "{lie:?}");
        assert_eq!(
            invite.headers.from().unwrap().without_tag().to_string(),
            own
        );
    }
}

#[test]
fn nothing_that_an_untrusted_trunk_asserts_reaches_a_phone_or_another_trunk() {
    let mut world = world(4, identity(Trust::No));
    world.set_organisation(|demo| {
        let outward = demo.trunks.values_mut().find(|it| it.outward.is_some());
        outward.unwrap().identity.trust = Trust::Yes;
        let outside = demo.outward.numbering.read(OUTSIDE).unwrap();
        let onward = Destination::Outside(outside, Payer::Organisation);
        demo.numbers.insert("+46850001009".into(), onward.into());
        let anna = Destination::User(user("anna"));
        demo.numbers.insert("+46850001008".into(), anna.into());
    });
    let busy = Habit::Refuses(sip_core::StatusCode::BUSY_HERE);
    let provider = world.phone("provider", busy);
    let anna = world.phone("anna", busy);
    let caller = world.phone("+46701234567", Habit::Rings);
    for lie in lies() {
        for (number, called) in [("+46850001009", provider), ("+46850001008", anna)] {
            let before = invites(&world, called).len();
            call_saying(&mut world, caller, number, &lie);
            world.run(seconds(2));
            let all = invites(&world, called);
            assert_eq!(all.len(), before + 1, "{lie:?}");
            let everything = written(all[before]);
            assert!(!everything.contains("999999"), "{lie:?}: {everything}");
            assert!(!everything.contains("evil"), "{lie:?}: {everything}");
        }
    }
    // Not even who he is: what we vouch for is ours.
    let own = "<sip:+46850001000@127.0.0.1:6000;user=phone>";
    for invite in invites(&world, provider) {
        assert_eq!(asserted(invite).as_deref(), Some(own));
    }
}

// Changes: users.caller_ids
#[test]
fn a_phone_picks_its_number_outside_and_may_show_none() {
    let main = "sip:+46850001000@127.0.0.1:6000;user=phone";
    let shop = "sip:+46850001002@127.0.0.1:6000;user=phone";
    for (trust, lines, from, vouched, privacy) in [
        (Trust::Yes, "", main, Some(main), None),
        (Trust::No, "", main, None, None),
        (
            Trust::Yes,
            "P-Preferred-Identity: <sip:+46850001002@demo.localhost>\r\n",
            shop,
            Some(shop),
            None,
        ),
        (
            Trust::No,
            "P-Preferred-Identity: <tel:08-50001002>\r\n",
            shop,
            None,
            None,
        ),
        (
            Trust::Yes,
            "P-Preferred-Identity: <sip:+46850001003@demo.localhost>\r\n",
            main,
            Some(main),
            None,
        ),
        (
            Trust::Yes,
            "Privacy: id\r\n",
            "sip:anonymous@anonymous.invalid",
            Some(main),
            Some("id"),
        ),
        (
            Trust::No,
            "privacy : header;\r\n  user\r\n",
            "sip:anonymous@anonymous.invalid",
            None,
            Some("id"),
        ),
    ] {
        let told = format!("{trust:?} {lines:?}");
        let mut world = world(5, identity(trust));
        world.set_organisation(|demo| {
            let own = Rights {
                numbers: ["+46850001002".into()].into(),
                ..Rights::default()
            };
            demo.outward.users.insert(user("anna"), own);
        });
        let provider = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        call_saying(&mut world, anna, OUTSIDE, lines);
        world.run(seconds(1));
        let invite = invites(&world, provider)[0];
        assert_eq!(
            invite.headers.from().unwrap().uri.to_string(),
            from,
            "{told}"
        );
        let vouched = vouched.map(|uri| format!("<{uri}>"));
        assert_eq!(asserted(invite), vouched, "{told}");
        assert_eq!(invite.headers.text(&HeaderName::Privacy), privacy, "{told}");
    }
}

// Changes: organisation.caller_name, organisation.caller_id
#[test]
fn a_name_goes_out_beside_the_number_and_not_beside_none() {
    for (caller_id, name) in [
        (CallerId::Number("+46850001000".into()), Some("Demo")),
        (CallerId::Withheld, Some("Anonymous")),
    ] {
        let mut world = world(6, identity(Trust::Yes));
        world.set_organisation(|demo| {
            demo.outward.common.caller_id = Some(caller_id);
            demo.outward.common.name = Some("Demo".into());
        });
        let provider = world.phone("provider", ANSWERS);
        let anna = world.phone("anna", Habit::Rings);
        world.call(anna, OUTSIDE);
        world.run(seconds(1));
        let invite = invites(&world, provider)[0];
        assert_eq!(invite.method, Method::Invite);
        assert_eq!(invite.headers.from().unwrap().display.as_deref(), name);
    }
}

// Changes: users.caller_name
#[test]
fn a_user_s_own_name_goes_out_in_place_of_the_organisation_s() {
    let mut world = world(7, identity(Trust::Yes));
    world.set_organisation(|demo| {
        demo.outward.common.caller_id = Some(CallerId::Number("+46850001000".into()));
        demo.outward.common.name = Some("Demo".into());
        let own = Rights {
            name: Some("Anna at Demo".into()),
            ..Rights::default()
        };
        demo.outward.users.insert(user("anna"), own);
    });
    let provider = world.phone("provider", ANSWERS);
    let anna = world.phone("anna", Habit::Rings);
    world.call(anna, OUTSIDE);
    world.run(seconds(1));
    let from = invites(&world, provider)[0].headers.from().unwrap();
    assert_eq!(from.display.as_deref(), Some("Anna at Demo"));
}
