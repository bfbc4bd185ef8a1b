//! Text messages between colleagues.

use crate::phone::{Habit, Phone};
use crate::world::{Life, Network, World, journey};
use base::Time;
use bytes::Bytes;
use call::settings::Messages;
use sip_core::{CSeq, HeaderName, Method, NameAddr, Request, StatusCode, Uri};
use std::time::Duration;

/// The text messages of a phone.
#[derive(Default)]
pub(crate) struct Texts {
    /// Those that came: who sent them, and what they say.
    pub(crate) came: Vec<(String, String)>,
    /// Final answers to those that it sent.
    pub(crate) answers: Vec<u16>,
    /// What it says to those that come, if not 200.
    pub(crate) refuses: Option<StatusCode>,
    sent: u32,
}

impl Texts {
    pub(crate) fn received(&mut self, request: &Request) -> StatusCode {
        let from = request.headers.from().unwrap().uri.to_string();
        let kind = request.headers.text(&HeaderName::ContentType);
        assert_eq!(kind, Some("text/plain;charset=utf-8"));
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        self.came.push((from, body));
        self.refuses.unwrap_or(StatusCode::OK)
    }
}

impl Phone {
    pub(crate) fn text(&mut self, now: Time, target: &str, body: &str, out: &mut Vec<Bytes>) {
        self.texts.sent += 1;
        let uri: Uri = format!("sip:{target}@127.0.0.1").parse().unwrap();
        let us: Uri = format!("sip:{}@127.0.0.1", self.name).parse().unwrap();
        let mut request = Request::new(Method::Message, uri.clone());
        let headers = &mut request.headers;
        let call_id = format!("text-{}-{}", self.name, self.texts.sent);
        headers.push(HeaderName::From, NameAddr::new(us).with_tag("text"));
        headers.push(HeaderName::To, NameAddr::new(uri));
        headers.push(HeaderName::CallId, call_id);
        let cseq = CSeq {
            number: 1,
            method: Method::Message,
        };
        headers.push(HeaderName::CSeq, cseq);
        // What nobody may say of himself goes no further.
        headers.push(HeaderName::PAssertedIdentity, "<sip:boss@127.0.0.1>");
        request.set_body("text/plain;charset=utf-8", body.to_owned().into());
        self.send(now, Method::Message, request, out);
    }
}

fn seconds(span: u64) -> Duration {
    Duration::from_secs(span)
}

#[test]
fn a_text_goes_to_every_device_of_the_one_who_is_meant_under_the_sender_s_own_number() {
    let mut world = World::new(1, journey());
    let anna = world.phone("anna", Habit::Rings);
    let desk = world.phone("bosse", Habit::Rings);
    let mobile = world.phone("bosse", Habit::Rings);
    for target in ["102", "bosse"] {
        world.with_phone(anna, |phone, now, out| {
            phone.text(now, target, "hej på dig", out)
        });
    }
    world.run(seconds(2));
    let expected = ("sip:101@demo.localhost".to_owned(), "hej på dig".to_owned());
    for device in [desk, mobile] {
        assert_eq!(world.phones[device].texts.came, vec![expected.clone(); 2]);
    }
    assert_eq!(world.phones[anna].texts.answers, [200, 200]);
    assert_eq!(world.shard.text_messages_count(), 0);
}

#[test]
fn one_device_that_takes_it_is_enough_and_none_is_480() {
    let mut world = World::new(2, journey());
    let anna = world.phone("anna", Habit::Rings);
    let desk = world.phone("bosse", Habit::Rings);
    let mobile = world.phone("bosse", Habit::Rings);
    world.phones[desk].texts.refuses = Some(StatusCode::METHOD_NOT_ALLOWED);
    world.with_phone(anna, |phone, now, out| phone.text(now, "102", "one", out));
    world.run(seconds(2));
    world.phones[mobile].texts.refuses = Some(StatusCode::UNAUTHORIZED);
    world.with_phone(anna, |phone, now, out| phone.text(now, "102", "two", out));
    world.run(seconds(2));
    world.phones[desk].habit = Habit::Dead;
    world.phones[mobile].habit = Habit::Dead;
    world.with_phone(anna, |phone, now, out| phone.text(now, "102", "three", out));
    world.run(seconds(40));
    // Where no device says anything, the sender's own transaction has ended by the time that ours has.
    assert_eq!(world.phones[anna].texts.answers, [200, 480]);
    assert_eq!(world.shard.text_messages_count(), 0);
}

#[test]
fn a_text_to_nobody_a_queue_or_too_long_is_refused() {
    let mut world = World::new(3, journey());
    let anna = world.phone("anna", Habit::Rings);
    let long = "x".repeat(1_301);
    for (target, body) in [("999", "hej"), ("1000", "hej"), ("102", &long)] {
        world.with_phone(anna, |phone, now, out| phone.text(now, target, body, out));
        world.run(seconds(1));
    }
    // Nobody is registered as bosse.
    world.with_phone(anna, |phone, now, out| phone.text(now, "102", "hej", out));
    world.run(seconds(1));
    assert_eq!(world.phones[anna].texts.answers, [404, 404, 413, 480]);
}

// Changes: organisation.messages
#[test]
fn where_so_set_texts_are_refused() {
    let mut world = World::new(4, journey());
    world.set_organisation(|organisation| organisation.messages = Messages::Refuse);
    let anna = world.phone("anna", Habit::Rings);
    let bosse = world.phone("bosse", Habit::Rings);
    world.with_phone(anna, |phone, now, out| phone.text(now, "102", "hej", out));
    world.run(seconds(1));
    assert_eq!(world.phones[anna].texts.answers, [403]);
    assert!(world.phones[bosse].texts.came.is_empty());
}

#[test]
fn over_a_bad_network_each_text_is_answered_once_and_nothing_is_kept() {
    for seed in 0..50 {
        let bad = Network {
            lost: 20,
            doubled: 15,
            latency_max_ms: 400,
        };
        let life = [Life::Whole, Life::Interrupted][seed as usize % 2];
        let mut world = World::new(seed, journey()).over(bad).living(life);
        let anna = world.phone("anna", Habit::Rings);
        let bosse = world.phone("bosse", Habit::Rings);
        for text in ["one", "two", "three"] {
            world.with_phone(anna, |phone, now, out| phone.text(now, "102", text, out));
            world.run(seconds(3));
        }
        world.run(seconds(80));
        let answers = &world.phones[anna].texts.answers;
        assert!(answers.len() <= 3, "seed {seed}: {answers:?}");
        // Each came once, however often its request was sent.
        assert!(world.phones[bosse].texts.came.len() <= 3, "seed {seed}");
        assert_eq!(world.shard.text_messages_count(), 0, "seed {seed}");
    }
}
