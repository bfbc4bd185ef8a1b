//! Busy lamps: what a phone that subscribed to a colleague is told, over good networks and bad.

use crate::phone::{Habit, Phone};
use crate::world::{Life, NUMBER, Network, World, journey};
use base::Time;
use bytes::Bytes;
use call::watched::Lamp;
use call::{Input, Room};
use sip_core::dialog::Dialog;
use sip_core::{CSeq, HeaderName, Method, NameAddr, Request, Response, StatusCode, Uri};
use std::time::Duration;

/// The key of a phone that watches somebody.
#[derive(Default)]
pub(crate) struct LampKey {
    pub(crate) dialog: Option<Dialog>,
    /// What each NOTIFY showed, in order: the states of all dialogs, or `-`.
    pub(crate) shown: Vec<String>,
    /// Why the subscription ended.
    pub(crate) ended: Option<String>,
    /// Final responses to SUBSCRIBE.
    pub(crate) answers: Vec<u16>,
    /// The phone has forgotten its subscription.
    pub(crate) forgets: bool,
    last_cseq: u32,
    next_version: u32,
}

impl LampKey {
    /// Whether a NOTIFY is the lamp's, and not that of a transfer.
    pub(crate) fn is_mine(&self, request: &Request) -> bool {
        let call_id = request.headers.call_id();
        call_id.is_ok_and(|id| id.starts_with("lamp-"))
    }

    /// The response to a NOTIFY, and what it showed noted.
    pub(crate) fn notified(&mut self, request: &Request) -> StatusCode {
        if self.forgets {
            return StatusCode::CALL_DOES_NOT_EXIST;
        }
        let cseq = request.headers.cseq().unwrap().number;
        if cseq <= self.last_cseq {
            return StatusCode::SERVER_INTERNAL_ERROR;
        }
        self.last_cseq = cseq;
        let text = |name| request.headers.text(&name).unwrap_or_default();
        assert_eq!(text(HeaderName::Event), "dialog;id=7");
        let state = text(HeaderName::SubscriptionState);
        if let Some(reason) = state.strip_prefix("terminated;reason=") {
            self.ended = Some(reason.to_owned());
        } else {
            assert!(state.starts_with("active;expires="), "{state}");
        }
        let body = std::str::from_utf8(&request.body).unwrap();
        let version: u32 = between(body, "dialog-info\" version=\"", "\"")
            .parse()
            .unwrap();
        assert!(version >= self.next_version, "versions rise: {body}");
        self.next_version = version + 1;
        let states: Vec<&str> = body
            .split("<state>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap())
            .collect();
        self.shown.push(match states.is_empty() {
            true => "-".to_owned(),
            false => states.join("+"),
        });
        StatusCode::OK
    }

    pub(crate) fn subscribed(&mut self, response: &Response, dialog_of: fn(&Response) -> Dialog) {
        if !response.is_final() {
            return;
        }
        self.answers.push(response.status.code());
        if response.is_success() && self.dialog.is_none() {
            self.dialog = Some(dialog_of(response));
        }
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

impl Phone {
    /// Subscribes, renews or gives up, by what there is and how long it is to last.
    pub(crate) fn subscribe(
        &mut self,
        now: Time,
        target: &str,
        expires_s: u32,
        out: &mut Vec<Bytes>,
    ) {
        self.subscribe_with(now, target, expires_s, &[], out);
    }

    fn subscribe_with(
        &mut self,
        now: Time,
        target: &str,
        expires_s: u32,
        more: &[(HeaderName, &str)],
        out: &mut Vec<Bytes>,
    ) {
        let mut request = match &mut self.lamp.dialog {
            Some(dialog) => dialog.request(Method::Subscribe),
            None => {
                let uri: Uri = format!("sip:{target}@127.0.0.1").parse().unwrap();
                let us: Uri = format!("sip:{}@127.0.0.1", self.name).parse().unwrap();
                let mut request = Request::new(Method::Subscribe, uri.clone());
                let headers = &mut request.headers;
                headers.push(HeaderName::From, NameAddr::new(us).with_tag("lamp"));
                headers.push(HeaderName::To, NameAddr::new(uri));
                headers.push(HeaderName::CallId, format!("lamp-{}-{target}", self.name));
                let cseq = CSeq {
                    number: 1,
                    method: Method::Subscribe,
                };
                headers.push(HeaderName::CSeq, cseq);
                request
            }
        };
        let headers = &mut request.headers;
        headers.push(
            HeaderName::Contact,
            format!("<sip:{}@{}>", self.name, self.address),
        );
        headers.set(HeaderName::Event, "dialog;id=7");
        headers.push(HeaderName::Expires, expires_s);
        for (name, value) in more {
            headers.set(name.clone(), *value);
        }
        self.send(now, Method::Subscribe, request, out);
    }
}

fn seconds(span: u64) -> Duration {
    Duration::from_secs(span)
}

/// Anna watches bosse; he is free.
fn watching(seed: u64) -> (World, usize, usize) {
    let mut world = World::new(seed, journey());
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", Habit::Answers(seconds(2)));
    world.with_phone(anna, |phone, now, out| {
        phone.subscribe(now, "102", 600, out)
    });
    world.run(seconds(1));
    (world, anna, bosse)
}

#[test]
fn a_lamp_shows_its_colleague_ring_talk_and_hang_up() {
    let (mut world, anna, bosse) = watching(1);
    let trunk = world.phone("+46701234567", Habit::Rings);
    assert_eq!(world.phones[anna].lamp.answers, [200]);
    assert_eq!(world.phones[anna].lamp.shown, ["-"]);
    world.call(trunk, NUMBER);
    // Anna is offered the call first, and lets it ring; then bosse answers.
    world.run(seconds(30));
    assert_eq!(world.phones[anna].lamp.shown, ["-", "early", "confirmed"]);
    world.hang_up(bosse);
    world.run(seconds(40));
    assert_eq!(world.phones[anna].lamp.shown.last().unwrap(), "-");
    world.with_phone(anna, |phone, now, out| phone.subscribe(now, "102", 0, out));
    world.run(seconds(1));
    assert_eq!(world.phones[anna].lamp.answers, [200, 200]);
    assert_eq!(world.phones[anna].lamp.ended.as_deref(), Some("timeout"));
    assert_eq!(world.shard.subscriptions_count(), 0);
    assert!(world.watchers.is_empty());
    world.run(seconds(60));
    world.assert_at_rest();
}

#[test]
fn a_phone_whose_contact_is_a_name_is_notified_where_that_leads_and_else_where_it_was_heard() {
    for places in [&["127.0.0.61:5060"][..], &[]] {
        let mut world = World::new(8, journey());
        let name = "desk.example.com";
        let places: Vec<_> = places.iter().map(|it| it.parse().unwrap()).collect();
        world.names.insert(name.into(), places.clone());
        let anna = world.phone("anna", Habit::Rings);
        world.phone("bosse", Habit::Rings);
        let contact = [(HeaderName::Contact, "<sip:anna@desk.example.com>")];
        world.with_phone(anna, |phone, now, out| {
            phone.subscribe_with(now, "102", 600, &contact, out);
        });
        world.run(seconds(2));
        let heard = world.phones[anna].address;
        let place = places.first().copied().unwrap_or(heard).to_string();
        let notified =
            |line: &&String| line.contains("Transmit") && line.contains("NOTIFY sip:anna@desk");
        let lines: Vec<_> = world.diary.iter().filter(notified).collect();
        assert!(!lines.is_empty());
        assert!(lines.iter().all(|line| line.contains(&place)), "{lines:?}");
        assert_eq!(world.phones[anna].lamp.shown.is_empty(), !places.is_empty());
        let asked = world.diary.iter().filter(|line| line.contains("Resolve"));
        assert_eq!(asked.count(), 1, "looked up once");
        world.run(seconds(60));
    }
}

#[test]
fn many_changes_within_a_second_are_one_notification() {
    let (mut world, anna, bosse) = watching(2);
    world.phones[bosse].habit = Habit::Answers(Duration::ZERO);
    let before = world.phones[anna].lamp.shown.len();
    for _ in 0..4 {
        world.call(anna, "102");
        world.run(Duration::from_millis(80));
        world.hang_up(anna);
        world.run(Duration::from_millis(80));
    }
    world.run(seconds(3));
    let told = world.phones[anna].lamp.shown.len() - before;
    assert!(
        (1..=2).contains(&told),
        "{:?}",
        world.phones[anna].lamp.shown
    );
    assert_eq!(world.phones[anna].lamp.shown.last().unwrap(), "-");
}

#[test]
fn a_subscription_that_is_not_renewed_ends_and_says_so() {
    let (mut world, anna, _) = watching(3);
    world.run(seconds(601));
    assert_eq!(world.phones[anna].lamp.ended.as_deref(), Some("timeout"));
    assert_eq!(world.shard.subscriptions_count(), 0);
}

#[test]
fn a_renewed_subscription_lives_on_and_is_told_again_how_things_stand() {
    let (mut world, anna, _) = watching(4);
    world.run(seconds(500));
    world.with_phone(anna, |phone, now, out| {
        phone.subscribe(now, "102", 600, out)
    });
    world.run(seconds(300));
    assert_eq!(world.phones[anna].lamp.shown, ["-", "-"]);
    assert_eq!(world.shard.subscriptions_count(), 1);
}

#[test]
fn a_phone_that_forgot_its_subscription_or_is_dead_is_told_no_more() {
    for dead in [false, true] {
        let (mut world, anna, bosse) = watching(5);
        match dead {
            true => world.phones[anna].habit = Habit::Dead,
            false => world.phones[anna].lamp.forgets = true,
        }
        let trunk = world.phone("+46701234567", Habit::Rings);
        world.phones[bosse].habit = Habit::Rings;
        world.call(trunk, NUMBER);
        world.run(seconds(120));
        assert_eq!(world.shard.subscriptions_count(), 0, "dead: {dead}");
        assert!(world.watchers.is_empty());
    }
}

#[test]
fn a_reload_that_takes_the_colleague_away_ends_the_subscription() {
    let (mut world, anna, _) = watching(6);
    world.forget_organisations();
    world.run(seconds(1));
    assert_eq!(world.phones[anna].lamp.ended.as_deref(), Some("noresource"));
    assert_eq!(world.shard.subscriptions_count(), 0);
}

#[test]
fn a_server_that_goes_down_says_that_another_may_be_had() {
    let (mut world, anna, _) = watching(7);
    world.tell_shard(Input::EndAll);
    world.run(seconds(1));
    assert_eq!(
        world.phones[anna].lamp.ended.as_deref(),
        Some("deactivated")
    );
}

#[test]
fn what_can_not_be_subscribed_to_is_refused_with_the_right_status() {
    let brief = HeaderName::Expires;
    for (target, header, value, status) in [
        ("102", HeaderName::Event, "presence", 489),
        ("102", HeaderName::Event, "message-summary", 489),
        ("102", HeaderName::Accept, "application/pidf+xml", 406),
        ("102", brief, "30", 423),
        ("999", HeaderName::Event, "dialog;id=7", 404),
        ("1000", HeaderName::Event, "dialog;id=7", 404),
        ("102", HeaderName::Require, "eventlist", 420),
    ] {
        let mut world = World::new(8, journey());
        let anna = world.phone("anna", Habit::Rings);
        world.with_phone(anna, |phone, now, out| {
            phone.subscribe_with(now, target, 600, &[(header.clone(), value)], out);
        });
        world.run(seconds(1));
        assert_eq!(
            world.phones[anna].lamp.answers,
            [status],
            "{target} {header:?} {value}"
        );
        assert_eq!(world.shard.subscriptions_count(), 0);
    }
}

#[test]
fn a_user_with_as_many_subscriptions_as_may_be_is_told_to_try_later() {
    let mut world = World::new(9, journey());
    world.room = Room::None;
    let anna = world.phone("anna", Habit::Rings);
    world.with_phone(anna, |phone, now, out| {
        phone.subscribe(now, "102", 600, out)
    });
    world.run(seconds(1));
    assert_eq!(world.phones[anna].lamp.answers, [503]);
    assert_eq!(world.shard.subscriptions_count(), 0);
}

#[test]
fn the_code_for_logging_in_is_a_lamp_of_its_own() {
    for code in ["*11", "*111000", "*13"] {
        let mut world = World::new(10, journey());
        let anna = world.phone("anna", Habit::Rings);
        world.with_phone(anna, |phone, now, out| phone.subscribe(now, code, 600, out));
        world.run(seconds(2));
        world.lamp = Lamp::On;
        world.poke_watchers();
        world.run(seconds(2));
        world.lamp = Lamp::Off;
        world.poke_watchers();
        world.run(seconds(2));
        assert_eq!(
            world.phones[anna].lamp.shown,
            ["-", "confirmed", "-"],
            "{code}"
        );
    }
}

/// A busy hour seen by one lamp.
fn busy_hour(seed: u64, network: Network, life: Life) -> World {
    let mut world = World::new(seed, journey()).over(network).living(life);
    let anna = world.phone("anna", Habit::Rings);
    let _bosse = world.phone("bosse", Habit::Answers(seconds(2)));
    let trunk = world.phone("+46701234567", Habit::Rings);
    world.with_phone(anna, |phone, now, out| {
        phone.subscribe(now, "102", 3_600, out)
    });
    for _ in 0..10 {
        if world.phones[trunk].is_idle() {
            world.call(trunk, NUMBER);
        }
        let span = world.random(40_000);
        world.run(Duration::from_millis(span));
        world.hang_up(trunk);
        world.run(seconds(5));
    }
    world.run(seconds(120));
    world
}

#[test]
fn over_a_bad_network_the_lamp_is_dark_when_all_is_over() {
    for seed in 0..40 {
        let bad = Network {
            lost: 15,
            doubled: 10,
            latency_max_ms: 300,
        };
        let world = busy_hour(seed, bad, Life::Whole);
        let lamp = &world.phones[0].lamp;
        // A phone that a NOTIFY did not reach in 32 s has no subscription any more, and renews it.
        if world.shard.subscriptions_count() == 1 {
            assert_eq!(
                lamp.shown.last().map(String::as_str),
                Some("-"),
                "seed {seed}"
            );
        }
        assert!(world.lines.is_empty(), "seed {seed}: {:?}", world.lines);
    }
}

#[test]
fn saved_dropped_and_loaded_at_every_step_lamps_do_the_same() {
    let good = Network::default();
    let whole = busy_hour(77, good, Life::Whole);
    let interrupted = busy_hour(77, good, Life::Interrupted);
    assert_eq!(whole.phones[0].lamp.shown, interrupted.phones[0].lamp.shown);
    assert_eq!(whole.diary, interrupted.diary);
    assert!(whole.phones[0].lamp.shown.len() > 5);
}
