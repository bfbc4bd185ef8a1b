//! Registrations at providers.

use crate::provider::{Mood, Provider};
use crate::world::{Life, Network, World, registering, server, trunk};
use base::Time;
use call::Input;
use call::trunk::Account;
use call::upkeep::{Registers, Trouble, TrunkState};
use sip_core::{HeaderName, Request, StatusCode, Transport};
use std::time::Duration;

const BAD: Network = Network {
    lost: 20,
    doubled: 20,
    latency_max_ms: 400,
};

fn contact() -> String {
    format!("sip:demo~provider@{}", server())
}

/// A world whose trunk registers at each of these.
fn world(seed: u64, providers: Vec<Provider>) -> World {
    let outward = registering(&providers);
    World::new(seed, providers, outward)
}

fn credentials(request: &Request) -> Option<sip_core::digest::Credentials<'_>> {
    request
        .headers
        .credentials(&HeaderName::Authorization)
        .pop()
}

/// When each REGISTER came, in seconds since the world began.
fn moments(provider: &Provider) -> Vec<u64> {
    let requests = provider.requests.iter();
    requests.map(|(at, _)| at.as_micros() / 1_000_000).collect()
}

#[test]
fn a_trunk_proves_who_it_is_and_refreshes_past_half_the_time_with_the_same_nonce() {
    let mut world = world(1, vec![Provider::new(5060)]);
    world.run(1);
    assert_eq!(world.states, [TrunkState::Unknown, TrunkState::Up]);
    assert_eq!(world.seen().state, TrunkState::Up);
    assert_eq!(world.seen().sources, [world.providers[0].address.ip()]);
    let first = world.providers[0].registers();
    assert_eq!(first.len(), 2, "one challenged, one with credentials");
    assert_eq!(first[0].uri.to_string(), "sip:provider.example");
    let record = first[0].headers.to().unwrap().uri.to_string();
    assert_eq!(record, "sip:46850001000@provider.example");
    assert_eq!(world.providers[0].contacts(world.now), [contact()]);
    world.run(399);
    let all = world.providers[0].registers();
    assert_eq!(all.len(), 3, "no challenge to the refresh");
    let given = credentials(all[2]).unwrap();
    assert_eq!((given.nc, given.username.as_ref()), (Some(2), "kolapp"));
    assert_eq!(all[0].headers.call_id(), all[2].headers.call_id());
    let refreshed = moments(&world.providers[0])[2];
    assert!((330..=361).contains(&refreshed), "{refreshed}");
    assert_eq!(world.states, [TrunkState::Unknown, TrunkState::Up]);
}

#[test]
fn a_nonce_that_is_out_of_date_is_replaced_and_no_password_is_doubted() {
    let mut provider = Provider::new(5060);
    provider.nonce_lives = Duration::from_secs(60);
    let mut world = world(2, vec![provider]);
    world.run(3_600);
    assert_eq!(world.states, [TrunkState::Unknown, TrunkState::Up]);
    let sent = world.providers[0].registers();
    let repeats = sent.iter().filter(|it| credentials(it).is_none()).count();
    assert_eq!(repeats, 1, "only the first came without credentials");
}

#[test]
fn a_registrar_that_wants_longer_gets_longer() {
    let mut provider = Provider::new(5060);
    (provider.min_s, provider.grants_s) = (1_800, 3_600);
    let mut world = world(3, vec![provider]);
    world.run(2);
    let Registers::Until { expires, .. } = world.view.clone().unwrap().registers else {
        panic!("{:?}", world.view);
    };
    let left = (expires - world.now).as_secs();
    assert!((1_795..=1_800).contains(&left), "{left}");
}

#[test]
fn a_wrong_password_is_tried_once_and_then_not_for_a_quarter_of_an_hour() {
    let mut provider = Provider::new(5060);
    provider.password = "another";
    let mut world = world(4, vec![provider]);
    world.run(890);
    assert_eq!(world.providers[0].registers().len(), 2);
    assert_eq!(world.states, [TrunkState::Unknown, TrunkState::Down]);
    let trouble = world.view.clone().unwrap().trouble;
    assert_eq!(trouble, Some(Trouble::WrongCredentials));
    // A reload puts it right at once.
    world.providers[0].password = "mended";
    let mut outward = registering(&world.providers);
    outward.account = Some(Account::new("kolapp", crate::provider::REALM, "mended"));
    world.change(Some(outward));
    world.run(1);
    assert_eq!(world.state(), TrunkState::Up);
}

#[test]
fn a_challenge_in_another_realm_is_never_answered() {
    let mut provider = Provider::new(5060);
    provider.realm = "evil.example";
    let mut world = world(5, vec![provider]);
    world.run(800);
    let sent = world.providers[0].registers();
    assert_eq!(sent.len(), 1);
    assert_eq!(credentials(sent[0]), None);
    let trouble = world.view.clone().unwrap().trouble;
    assert_eq!(trouble, Some(Trouble::OtherRealm("evil.example".into())));
}

#[test]
fn where_a_redirection_leads_is_not_asked() {
    let mut provider = Provider::new(5060);
    provider.mood = Mood::Says(StatusCode::MOVED_TEMPORARILY);
    let mut world = world(6, vec![provider]);
    world.run(800);
    assert_eq!(world.providers[0].registers().len(), 1);
    let moved = Trouble::Refused(StatusCode::MOVED_TEMPORARILY);
    assert_eq!(world.view.clone().unwrap().trouble, Some(moved));
}

#[test]
fn the_next_server_is_taken_when_one_says_nothing_or_has_no_service() {
    for mood in [Mood::Dead, Mood::Says(StatusCode::SERVICE_UNAVAILABLE)] {
        let mut first = Provider::new(5060);
        first.mood = mood;
        let mut world = world(7, vec![first, Provider::new(5070)]);
        world.run(10);
        assert_eq!(world.state(), TrunkState::Up, "{mood:?}");
        // What was sent to the first is over.
        world.run(30);
        assert_eq!(world.providers[1].contacts(world.now), [contact()]);
        // It stays there, and goes back when that one dies in turn.
        world.providers[0].mood = Mood::Well;
        world.run(600);
        assert_eq!(
            world.providers[0].registers().len(),
            usize::from(mood != Mood::Dead)
        );
        world.providers[1].mood = Mood::Dead;
        world.run(600);
        assert_eq!(world.state(), TrunkState::Up, "{mood:?}");
        assert_eq!(world.providers[0].contacts(world.now), [contact()]);
    }
}

#[test]
fn with_no_server_left_the_waits_grow_to_five_minutes_and_the_first_answer_ends_them() {
    let mut provider = Provider::new(5060);
    provider.mood = Mood::Says(StatusCode::SERVICE_UNAVAILABLE);
    let mut world = world(8, vec![provider]);
    world.run(3_000);
    let came = moments(&world.providers[0]);
    let waits: Vec<u64> = came.windows(2).map(|two| two[1] - two[0]).collect();
    let bounds = [(4, 11), (9, 21), (19, 41), (39, 81), (79, 161)];
    for (wait, (least, most)) in waits.iter().zip(bounds) {
        assert!((least..=most).contains(wait), "{waits:?}");
    }
    assert!(
        waits[5..].iter().all(|wait| (149..=301).contains(wait)),
        "{waits:?}"
    );
    world.providers[0].mood = Mood::Well;
    world.run(301);
    let seen = [TrunkState::Unknown, TrunkState::Down, TrunkState::Up];
    assert_eq!(world.states, seen);
}

#[test]
fn a_server_that_says_when_to_come_again_is_not_asked_before() {
    let mut provider = Provider::new(5060);
    provider.mood = Mood::Says(StatusCode::SERVICE_UNAVAILABLE);
    provider.retry_after = Some(120);
    let mut world = world(9, vec![provider]);
    world.run(300);
    let came = moments(&world.providers[0]);
    assert!(came.len() >= 2 && came.windows(2).all(|two| two[1] - two[0] >= 119));
}

#[test]
fn a_server_that_forgets_us_is_down_when_the_time_is_over_and_not_before_it_is_known() {
    let mut world = world(10, vec![Provider::new(5060)]);
    world.run(1);
    world.providers[0].mood = Mood::Dead;
    world.run(320);
    assert_eq!(world.state(), TrunkState::Up);
    world.run(60);
    assert_eq!(
        world.state(),
        TrunkState::Down,
        "the refresh was not answered"
    );
    assert!(matches!(
        world.view.clone().unwrap().registers,
        Registers::Until { .. }
    ));
    world.run(240);
    assert_eq!(world.view.clone().unwrap().registers, Registers::Absent);
    assert!(world.seen().sources.is_empty());
}

#[test]
fn a_connection_that_ends_is_registered_over_anew_after_a_moment_and_others_are_not() {
    for (transport, remote, again) in [
        (Transport::Tcp, 5060, true),
        (Transport::Tcp, 5061, false),
        (Transport::Tls, 5060, false),
    ] {
        let mut world = world(14, vec![Provider::new(5060)]).by(Transport::Tcp);
        world.run(1);
        let came = world.providers[0].registers().len();
        let mut flow = crate::world::flow_to(world.providers[0].address, transport);
        flow.remote.set_port(remote);
        flow.connection = 7;
        world.tell_keeper(Input::TransportFailed { flow });
        world.run(2);
        assert_eq!(world.providers[0].registers().len(), came);
        world.run(4);
        let more = usize::from(again);
        assert_eq!(world.providers[0].registers().len(), came + more);
        assert_eq!(world.states, [TrunkState::Unknown, TrunkState::Up]);
    }
}

#[test]
fn a_trunk_that_the_settings_drop_is_unregistered_and_nothing_more_is_told_of_it() {
    let mut world = world(11, vec![Provider::new(5060)]);
    world.run(1);
    world.change(None);
    world.run(1);
    assert_eq!(world.providers[0].contacts(world.now), [""; 0]);
    assert_eq!(world.view, None);
    assert!(world.other.trunks_seen().get(&trunk()).is_none());
    let sent = world.providers[0].registers().len();
    world.run(3_600);
    assert_eq!(world.providers[0].registers().len(), sent);
}

/// Whether the shard has the trunk's account, which its settings had.
fn has_the_account(world: &World) -> bool {
    let saved = postcard::to_stdvec(&world.keeper).unwrap();
    saved.windows(6).any(|bytes| bytes == b"kolapp")
}

#[test]
fn a_trunk_that_the_settings_drop_proves_who_it_is_once_more_before_its_registrar_lets_it_go() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut provider = Provider::new(5060);
        provider.nonce_lives = Duration::from_secs(1);
        let mut world = world(21, vec![provider]);
        world.run(40);
        assert!(!has_the_account(&world));
        let before = world.providers[0].registers().len();
        world.change(None);
        assert!(has_the_account(&world));
        let mut world = world.living(life);
        world.run(1);
        assert_eq!(world.providers[0].contacts(world.now), [""; 0], "{life:?}");
        assert_eq!(world.view, None);
        assert!(world.keeper.trunks_seen().get(&trunk()).is_none());
        let sent = &world.providers[0].registers()[before..];
        let proven: Vec<bool> = sent.iter().map(|it| credentials(it).is_some()).collect();
        assert_eq!(proven, [true, true], "by the old nonce, and by a new one");
        world.run(33);
        assert!(!has_the_account(&world), "it is kept no longer");
    }
}

#[test]
fn a_registrar_that_lets_nobody_go_keeps_no_account_with_us() {
    for mood in [Mood::Dead, Mood::Says(StatusCode::SERVICE_UNAVAILABLE)] {
        let mut world = world(22, vec![Provider::new(5060)]);
        world.run(40);
        world.providers[0].mood = mood;
        world.change(None);
        assert!(has_the_account(&world));
        world.run(33);
        assert!(!has_the_account(&world), "{mood:?}");
    }
    // Nor one that asks for a proof again and again.
    let mut world = world(23, vec![Provider::new(5060)]);
    world.run(40);
    world.providers[0].nonce_lives = Duration::ZERO;
    let before = world.providers[0].registers().len();
    world.change(None);
    world.run(33);
    assert!(!has_the_account(&world));
    assert_eq!(world.providers[0].registers().len() - before, 4);
}

#[test]
fn a_trunk_that_is_back_before_its_registrar_has_let_it_go_stays() {
    let mut provider = Provider::new(5060);
    provider.nonce_lives = Duration::from_secs(1);
    let mut world = world(24, vec![provider]);
    world.run(10);
    world.providers[0].mood = Mood::Dead;
    world.change(None);
    world.run(3);
    world.providers[0].mood = Mood::Well;
    world.change(Some(registering(&world.providers)));
    // The leave is still sent again and again, and challenged now.
    world.run(60);
    assert_eq!(world.providers[0].contacts(world.now), [contact()]);
    assert_eq!(world.state(), TrunkState::Up);
}

#[test]
fn a_trunk_that_moves_leaves_the_old_registrar_and_registers_at_the_new() {
    let mut world = world(12, vec![Provider::new(5060), Provider::new(5070)]);
    world.change(Some(registering(&world.providers[..1])));
    world.run(1);
    world.change(Some(registering(&world.providers[1..])));
    world.run(1);
    assert_eq!(world.providers[0].contacts(world.now), [""; 0]);
    assert_eq!(world.providers[1].contacts(world.now), [contact()]);
    assert_eq!(world.state(), TrunkState::Up);
}

#[test]
fn a_server_that_drains_is_unregistered_and_does_not_register_again() {
    let mut world = world(13, vec![Provider::new(5060)]);
    world.run(1);
    let retry_after = Duration::from_secs(10);
    world.tell_keeper(Input::Drain { retry_after });
    world.run(1);
    assert_eq!(world.providers[0].contacts(world.now), [""; 0]);
    let sent = world.providers[0].registers().len();
    world.tell_keeper(Input::EndAll);
    world.run(3_600);
    assert_eq!(world.providers[0].registers().len(), sent);
}

/// Two hours over a bad network with a registrar that works: there is always one contact, and never a gap.
fn bad_network(seed: u64, life: Life) -> Vec<String> {
    let mut provider = Provider::new(5060);
    provider.nonce_lives = Duration::from_secs(500);
    provider.min_s = [0, 700][(seed % 2) as usize];
    provider.grants_s = 900;
    let mut world = world(seed, vec![provider]).over(BAD).living(life);
    world.run(60);
    assert_eq!(world.state(), TrunkState::Up, "seed {seed}");
    let always = |world: &World| {
        let contacts = world.providers[0].contacts(world.now);
        assert_eq!(contacts, [contact()], "seed {seed} at {:?}", world.now);
    };
    world.run_checking(Duration::from_secs(7_200), always);
    world.diary
}

#[test]
fn over_a_bad_network_there_is_always_one_contact_refreshed_before_its_end() {
    for seed in 0..60 {
        bad_network(seed, Life::Whole);
    }
}

#[test]
fn a_shard_saved_and_loaded_at_each_step_registers_the_same() {
    for seed in 0..10 {
        let whole = bad_network(seed, Life::Whole);
        assert_eq!(whole, bad_network(seed, Life::Interrupted), "seed {seed}");
    }
}

#[test]
fn registrars_that_come_and_go_over_a_bad_network_are_found_again_within_the_longest_wait() {
    for seed in 0..40 {
        let providers = vec![Provider::new(5060), Provider::new(5070)];
        let mut world = world(seed, providers).over(BAD);
        let moods = [
            Mood::Well,
            Mood::Dead,
            Mood::Says(StatusCode::SERVICE_UNAVAILABLE),
            Mood::Says(StatusCode::REQUEST_TIMEOUT),
        ];
        for _ in 0..10 {
            for provider in 0..2 {
                world.providers[provider].mood = moods[world.random(4) as usize];
            }
            let span = 10 + world.random(1_500);
            world.run(span);
        }
        for provider in &mut world.providers {
            provider.mood = Mood::Well;
        }
        // The longest wait, and a few servings of bad luck.
        world.run(400);
        assert_eq!(world.state(), TrunkState::Up, "seed {seed}");
        assert_ne!(world.now, Time::ZERO);
    }
}
