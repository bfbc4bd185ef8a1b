//! Bans in virtual time.

use super::*;
use std::net::Ipv4Addr;

fn source(n: u32) -> Source {
    Source::V4(Ipv4Addr::from_bits(n))
}

fn second(second: u64) -> Time {
    Time::from_millis(second * 1_000)
}

const RULES: BanRules = BanRules {
    offences: 3,
    within: Duration::from_secs(60),
    first: Duration::from_secs(10),
    longest: Duration::from_secs(100),
};

/// Wrong credentials, one a second, until a ban comes of it; at most ten.
fn provoked(bans: &mut Bans, from: u64) -> Option<Ban> {
    (from..from + 10)
        .find_map(|at| bans.note(second(at), source(1), Offence::WrongCredentials, &RULES))
}

// Changes: bans.offences, bans.first
#[test]
fn the_third_wrong_answer_bans_and_the_ban_ends_by_itself() {
    let mut bans = Bans::default();
    let ban = provoked(&mut bans, 1).unwrap();
    assert_eq!((ban.since, ban.until), (second(3), second(13)));
    assert_eq!((ban.cause, ban.times), (Cause::WrongCredentials, 1));
    assert!(bans.holds(second(12), source(1)));
    assert!(!bans.holds(second(12), source(2)));
    assert!(!bans.holds(second(13), source(1)));
}

// Changes: bans.within
#[test]
fn wrong_answers_far_apart_ban_nobody() {
    let mut bans = Bans::default();
    for at in 0..20 {
        let noted = bans.note(
            second(at * 40),
            source(1),
            Offence::WrongCredentials,
            &RULES,
        );
        assert_eq!(noted, None, "{at}");
    }
}

// Changes: bans.longest
#[test]
fn each_ban_is_four_times_the_last_up_to_the_longest_and_good_behaviour_is_rewarded() {
    let mut bans = Bans::default();
    let mut at = 0;
    let mut lengths = Vec::new();
    for _ in 0..4 {
        let ban = provoked(&mut bans, at).unwrap();
        lengths.push((ban.until - ban.since).as_secs());
        at = ban.until.as_micros() / 1_000_000;
    }
    assert_eq!(lengths, [10, 40, 100, 100]);
    let ban = provoked(&mut bans, at + 101).unwrap();
    assert_eq!((ban.until - ban.since).as_secs(), 10);
}

#[test]
fn a_phone_with_a_wrong_name_is_no_scanner_and_many_names_are() {
    let mut bans = Bans::default();
    for at in 0..50 {
        let same = bans.note(second(at), source(1), Offence::UnknownUser(7), &RULES);
        assert_eq!(same, None);
    }
    let many = (0..3).find_map(|name| {
        let offence = Offence::UnknownNumber(name);
        bans.note(second(100), source(2), offence, &RULES)
    });
    assert_eq!(many.map(|ban| ban.cause), Some(Cause::UnknownNumbers));
}

#[test]
fn who_says_that_he_is_a_scanner_is_banned_at_once() {
    let mut bans = Bans::default();
    let ban = bans.note(second(1), source(1), Offence::Scanner, &RULES);
    assert_eq!(ban.map(|ban| ban.cause), Some(Cause::Scanner));
    let again = bans.note(second(2), source(1), Offence::Scanner, &RULES);
    assert_eq!(again, None, "a ban is told once");
}

#[test]
fn a_ban_taken_back_leaves_no_grudge() {
    let mut bans = Bans::default();
    provoked(&mut bans, 1).unwrap();
    assert!(bans.remove(second(4), source(1)));
    assert!(!bans.holds(second(4), source(1)));
    assert!(!bans.remove(second(4), source(1)));
    assert_eq!(provoked(&mut bans, 5).unwrap().times, 1);
}

#[test]
fn however_many_offend_the_tables_keep_their_size() {
    let mut bans = Bans::default();
    let many = u32::try_from(3 * BANNED_MAX).unwrap();
    for n in 0..many {
        let now = Time::from_millis(u64::from(n));
        let _ = bans.note(now, source(n), Offence::Scanner, &RULES);
        let _ = bans.note(now, source(!n), Offence::WrongCredentials, &RULES);
    }
    assert!(bans.banned.len() <= BANNED_MAX);
    assert!(bans.suspects.len() <= SUSPECTS_MAX);
    let now = Time::from_millis(u64::from(many));
    assert!(bans.holds(now, source(many - 1)), "the latest is there");
}

#[test]
fn bans_saved_and_loaded_at_each_step_are_the_same() {
    let mut bans = Bans::default();
    for at in 0..40 {
        let who = source(at as u32 % 3);
        let noted = bans.note(second(at), who, Offence::WrongCredentials, &RULES);
        let saved = postcard::to_allocvec(&bans).unwrap();
        let mut loaded: Bans = postcard::from_bytes(&saved).unwrap();
        let next = second(at + 1);
        assert_eq!(
            loaded.note(next, who, Offence::Scanner, &RULES),
            bans.clone().note(next, who, Offence::Scanner, &RULES),
            "{noted:?}"
        );
    }
}

#[test]
fn causes_read_back_as_they_are_labelled() {
    for cause in Cause::ALL {
        assert_eq!(Cause::from_label(cause.label()), Some(cause));
    }
    assert_eq!(Cause::from_label("other"), None);
}
