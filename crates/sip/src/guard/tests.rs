//! The guard with a made-up clock.

use super::*;
use base::{OrgId, TrunkId, UserId};
use call::settings::BanSettings;
use sip_core::guard::{BanRules, Rate};

fn guard() -> Guard {
    Guard::new([1, 2])
}

/// Every address is like others, also loopback's.
fn directory() -> Directory {
    Directory {
        limits: Limits {
            loopback: Loopback::LikeOthers,
            ..Limits::default()
        },
        bans: BanSettings {
            rules: BanRules {
                offences: 3,
                ..BanRules::default()
            },
            loopback: Loopback::LikeOthers,
            ..BanSettings::default()
        },
        ..Directory::default()
    }
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// How many of as many as there may be in an hour come in at once.
fn let_in(guard: &Guard, remote: &str, directory: &Directory) -> usize {
    let tries = 0..200_000;
    tries
        .filter(|_| guard.door(Time::ZERO, at(remote), directory).is_ok())
        .count()
}

fn ban(guard: &Guard, remote: &str, directory: &Directory) -> Option<Ban> {
    (0..5).find_map(|_| {
        let offence = Offence::WrongCredentials;
        guard.offended(Time::ZERO, at(remote), offence, directory)
    })
}

#[test]
fn ports_of_an_address_share_its_allowance_and_other_addresses_have_theirs() {
    let (guard, directory) = (guard(), directory());
    assert_eq!(let_in(&guard, "192.0.2.1:1000", &directory), 200);
    assert_eq!(let_in(&guard, "192.0.2.1:1001", &directory), 0);
    assert_eq!(let_in(&guard, "192.0.2.2:1000", &directory), 200);
    assert_eq!(let_in(&guard, "[2001:db8::1]:1000", &directory), 200);
    assert_eq!(let_in(&guard, "[2001:db8::2]:1000", &directory), 0);
}

// Changes: limits.requests_per_peer
#[test]
fn a_flood_from_his_own_address_keeps_nobody_out_who_proved_who_he_is() {
    let (guard, directory) = (guard(), directory());
    guard.vouch(Time::ZERO, at("192.0.2.1:5060"));
    assert_eq!(let_in(&guard, "192.0.2.1:1000", &directory), 200);
    assert_eq!(let_in(&guard, "192.0.2.1:5060", &directory), 20_000);
    let mut fewer = directory;
    fewer.limits.requests_per_peer = Rate::per_second(7);
    guard.vouch(Time::ZERO, at("192.0.2.1:5062"));
    assert_eq!(let_in(&guard, "192.0.2.1:5062", &fewer), 28);
    let later = Time::ZERO + PROVEN_FOR;
    assert!(guard.is_proven(Time::ZERO, at("192.0.2.1:5060")));
    assert!(!guard.is_proven(later, at("192.0.2.1:5060")));
}

#[test]
fn a_banned_address_is_shut_out_but_not_a_neighbour_who_proved_who_he_is() {
    let (guard, directory) = (guard(), directory());
    guard.vouch(Time::ZERO, at("192.0.2.1:5060"));
    let made = ban(&guard, "192.0.2.1:1000", &directory).unwrap();
    let door = |remote, now| guard.door(now, at(remote), &directory);
    assert_eq!(door("192.0.2.1:1000", Time::ZERO), Err(Shut::Banned));
    assert_eq!(door("192.0.2.1:1001", Time::ZERO), Err(Shut::Banned));
    assert_eq!(door("192.0.2.1:5060", Time::ZERO), Ok(()));
    assert_eq!(door("192.0.2.2:1000", Time::ZERO), Ok(()));
    assert_eq!(door("192.0.2.1:1000", made.until), Ok(()));
}

#[test]
fn who_has_an_account_and_guesses_at_others_is_shut_out_too() {
    let (guard, directory) = (guard(), directory());
    guard.vouch(Time::ZERO, at("192.0.2.1:5060"));
    ban(&guard, "192.0.2.1:5060", &directory).unwrap();
    let door = guard.door(Time::ZERO, at("192.0.2.1:5060"), &directory);
    assert_eq!(door, Err(Shut::Banned));
}

// Changes: bans.never
#[test]
fn addresses_that_are_never_banned_never_are() {
    let (guard, mut directory) = (guard(), directory());
    directory.bans.never = vec!["192.0.2.0/24".parse().unwrap()];
    directory.bans.loopback = Loopback::Trusted;
    assert_eq!(ban(&guard, "192.0.2.7:1000", &directory), None);
    assert_eq!(ban(&guard, "127.0.0.1:1000", &directory), None);
    assert_eq!(ban(&guard, "[::1]:1000", &directory), None);
    assert!(ban(&guard, "192.0.3.7:1000", &directory).is_some());
}

#[test]
fn loopback_is_let_off_unless_the_configuration_says_otherwise() {
    let (guard, mut directory) = (guard(), directory());
    directory.limits.loopback = Loopback::Trusted;
    assert_eq!(let_in(&guard, "127.0.0.1:1000", &directory), 200_000);
    assert_eq!(let_in(&guard, "192.0.2.1:1000", &directory), 200);
    directory.limits.loopback = Loopback::LikeOthers;
    assert_eq!(let_in(&guard, "127.0.0.1:1000", &directory), 200);
}

// Changes: limits.invites_per_user, limits.registers_per_user, limits.subscribes_per_user, limits.messages_per_user
// Changes: limits.invites_per_trunk
#[test]
fn each_user_and_each_kind_of_request_has_a_rate_of_its_own_and_trunks_theirs() {
    let limits = Limits {
        invites_per_user: Rate::per_second(2),
        registers_per_user: Rate::per_second(3),
        subscribes_per_user: Rate::per_second(4),
        messages_per_user: Rate::per_second(5),
        invites_per_trunk: Rate::per_second(500),
        ..Limits::default()
    };
    let guard = guard();
    let org = OrgId::new("demo").unwrap();
    let user = |name| Admission::User(UserId::new(&org, name).unwrap());
    let passed = |who: &Admission, method: Method| {
        let tries = 0..10_000;
        tries
            .filter(|_| guard.may_ask(Time::ZERO, who, &method, &limits).is_ok())
            .count()
    };
    // Four seconds of each may come at once.
    assert_eq!(passed(&user("anna"), Method::Invite), 8);
    assert_eq!(passed(&user("anna"), Method::Register), 12);
    assert_eq!(passed(&user("anna"), Method::Subscribe), 16);
    assert_eq!(passed(&user("anna"), Method::Message), 20);
    assert_eq!(passed(&user("bosse"), Method::Invite), 8);
    let trunk = Admission::Trunk(TrunkId::new(&org, "anna").unwrap());
    assert_eq!(passed(&trunk, Method::Invite), 2_000);
    assert_eq!(passed(&trunk, Method::Options), 10_000);
}

// Changes: bans.user_agents
#[test]
fn a_scanner_is_known_by_a_part_of_its_name_whatever_its_case() {
    let names = BanSettings::default().user_agents;
    for agent in ["friendly-scanner", "VaxSIPUserAgent/3.1", "SIPVicious 0.3"] {
        assert!(is_called(agent.as_bytes(), &names), "{agent}");
    }
    for agent in ["", "Yealink SIP-T46S 66.86.0.15", "baresip v3.1.0"] {
        assert!(!is_called(agent.as_bytes(), &names), "{agent}");
    }
    let own = [Box::from("baresip")];
    assert!(is_called(b"Baresip v3.1.0", &own));
    assert!(!is_called(b"friendly-scanner", &own));
}
