//! Callers who ask to be called back, in a queue with real lists behind it.

use crate::lists::Storing;
use crate::outside::with_trunks;
use crate::phone::{Habit, Seen};
use crate::world::{Life, NUMBER, World, backup, queue};
use crate::{ANSWERS, seconds};
use acd::{AgentState, Exits};
use base::{CallId, ShardId};
use call::called_back::{Asking, CallbackPrompts};
use call::settings::{Besides, CallbackOffer, Destination, Instead, Language};
use call::{EndCause, Input, RefusedCause};
use callback::{
    Asks, Capacity, Conditions, Draft, Given, Hours, KeepStarted, ListSettings, Offers, Settings,
    Span, Status, Utc, Window, Wish,
};
use media_core::{Command, PromptId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Friday, 27 November 2026, 09:00 in Stockholm.
const FRIDAY_AT_NINE: i64 = 1_795_766_400;
const HOUR: i64 = 3_600;
/// As the caller's phone shows it.
const CALLER: &str = "0701234567";
const HIS_NUMBER: &str = "+46701234567";

pub(crate) fn offer() -> CallbackOffer {
    CallbackOffer {
        key: '2',
        announcement: Some(PromptId::new("callback-offer")),
        asking: Asking {
            prompts: CallbackPrompts::named(|name| Some(PromptId::new(name))).unwrap(),
            language: Language::En,
            asks: Asks::Nothing,
        },
        windows: BTreeMap::new(),
        besides: BTreeSet::new(),
    }
}

pub(crate) fn list() -> ListSettings {
    let afternoon: Arc<str> = "afternoon".into();
    ListSettings {
        windows: BTreeMap::from([(afternoon, Capacity::Entries(2))]),
        ..ListSettings::default()
    }
}

/// A queue that offers it, and a caller who waits there, having heard the welcome and the rest.
pub(crate) struct Wait {
    pub(crate) world: World,
    pub(crate) caller: usize,
}

fn wait(seed: u64, list: ListSettings, offer: CallbackOffer, life: Life) -> Wait {
    let mut wait = before(seed, list, offer, life);
    wait.world.call(wait.caller, NUMBER);
    wait.run(30);
    wait
}

/// The same before he calls.
pub(crate) fn before(seed: u64, list: ListSettings, offer: CallbackOffer, life: Life) -> Wait {
    let mut directory = with_trunks(1);
    let demo = directory.organisations.values_mut().next().unwrap();
    demo.callbacks.insert(queue(), Arc::new(offer));
    demo.ways.zone = Some("Europe/Stockholm".into());
    let trunk = demo.trunks.values_mut().next().unwrap();
    trunk.sources = vec!["127.0.0.0/8".parse().unwrap()];
    let mut world = World::of(seed, directory).living(life);
    world.set_clock(FRIDAY_AT_NINE);
    let lists = BTreeMap::from([(queue(), list)]);
    world.tell_lists(callback::Input::Configure(Arc::new(Settings { lists })));
    let mut windows = Hours::default().windows;
    windows.push(afternoon()).unwrap();
    let hours = Hours {
        open: None,
        windows,
    };
    let queue = queue();
    world.tell_lists(callback::Input::Hours { queue, hours });
    let caller = world.phone(CALLER, Habit::Rings);
    Wait { world, caller }
}

fn plain(seed: u64) -> Wait {
    wait(seed, list(), offer(), Life::Whole)
}

/// From one to three this afternoon.
fn afternoon() -> Window {
    let at = |hour: i64| Utc::from_seconds(FRIDAY_AT_NINE + (hour - 9) * HOUR);
    Window {
        span: Span {
            from: at(13),
            until: at(15),
        },
        name: "afternoon".into(),
    }
}

impl Wait {
    pub(crate) fn run(&mut self, span: u64) {
        self.world.run(seconds(span));
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.world.press(key);
            self.run(1);
        }
    }

    /// Everything that the caller was let hear since the last time, prompt by prompt.
    pub(crate) fn hears(&mut self) -> Vec<String> {
        let heard = self.world.media.values_mut().flat_map(std::mem::take);
        let heard = heard.filter_map(|command| match command {
            Command::Play(list) => Some(list.prompts),
            _ => None,
        });
        heard.flatten().map(|it| it.to_string()).collect()
    }

    pub(crate) fn heard(&mut self, prompt: &str) -> bool {
        self.hears().iter().any(|it| it == prompt)
    }

    pub(crate) fn totals(&self) -> acd::QueueTotals {
        let snapshot = self.world.engine.snapshot(self.world.now);
        let mut queues = snapshot.queues.into_iter();
        queues.find(|it| it.queue == queue()).unwrap().totals
    }

    pub(crate) fn entry(&self) -> &callback::Entry {
        let entries = self.world.book.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0]
    }

    pub(crate) fn at_rest(&mut self) {
        self.run(60);
        self.world.assert_at_rest();
    }
}

#[test]
fn what_the_lists_say_to_a_call_that_is_gone_changes_nothing() {
    let mut wait = before(1, list(), offer(), Life::Whole);
    let world = &mut wait.world;
    let gone = CallId {
        shard: ShardId(3),
        slot: 7,
        generation: 7,
    };
    world.tell_lists(callback::Input::AskOffer {
        call: gone,
        queue: queue(),
        seen: None,
    });
    let draft = Draft {
        queue: queue(),
        number: HIS_NUMBER.parse().unwrap(),
        given: Given::Shown,
        asked_by: None,
        input: None,
        arrived: Utc::from_seconds(FRIDAY_AT_NINE),
        wish: Wish::AsSoonAsPossible,
    };
    for (storing, entries) in [
        (Storing::Refused, 0),
        (Storing::WhenTold, 1),
        (Storing::AtOnce, 1),
    ] {
        world.book.storing = storing;
        world.tell_lists(callback::Input::Accept {
            call: gone,
            draft: Box::new(draft.clone()),
        });
        world.run(seconds(1));
        world.store();
        world.run(seconds(1));
        assert_eq!(world.book.entries().len(), entries, "{storing:?}");
    }
    world.assert_at_rest();
}

#[test]
fn who_waits_is_told_chooses_a_time_accepts_is_thanked_once_it_is_stored_and_waits_no_more() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut wait = wait(2, list(), offer(), life);
        assert!(wait.heard("callback-offer"), "he is told of it");
        wait.world.book.storing = Storing::WhenTold;
        wait.keys("2");
        let times = [
            "callback-times",
            "callback-soon",
            "callback-press-1",
            "en/today",
            "en/clock-at",
            "en/number-1",
            "en/clock-pm",
            "callback-until",
            "en/clock-at",
            "en/number-3",
            "en/clock-pm",
            "callback-press-2",
            "callback-again",
        ];
        assert_eq!(wait.hears(), times);
        wait.keys("2");
        assert_eq!(wait.hears()[0], "callback-on-number");
        wait.keys("1");
        assert_eq!(wait.hears()[0], "callback-summary");
        wait.keys("1");
        assert!(wait.hears().is_empty(), "nothing is promised before");
        assert_eq!(wait.totals().called_back, 0);
        wait.world.store();
        wait.run(1);
        assert_eq!(wait.hears(), ["callback-accepted"]);
        wait.run(5);
        assert_eq!(
            wait.world.phones[wait.caller].seen.last(),
            Some(&Seen::HungUpOn)
        );
        assert_eq!(wait.world.ended, [EndCause::Completed]);
        let totals = wait.totals();
        assert_eq!((totals.called_back, totals.abandoned), (1, 0));
        let entry = wait.entry();
        assert_eq!(entry.status(), Some(Status::NotHandled));
        assert_eq!(entry.asked.number.as_str(), HIS_NUMBER);
        assert_eq!(entry.asked.wish, Wish::Window(afternoon()));
        assert_eq!(entry.asked.arrived, Utc::from_seconds(FRIDAY_AT_NINE));
        wait.at_rest();
    }
}

#[test]
fn while_he_chooses_agents_get_those_behind_him_and_when_he_goes_back_he_is_next() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut wait = wait(3, list(), offer(), life);
        let second = wait.world.phone("0709999999", Habit::Rings);
        wait.world.call(second, NUMBER);
        wait.run(1);
        wait.world.press('2');
        wait.run(1);
        wait.world.phone("anna", ANSWERS);
        wait.run(5);
        assert_eq!(wait.world.phones[second].seen.last(), Some(&Seen::Answered));
        assert_eq!(wait.world.agent("anna"), AgentState::InCall);
        let first = wait.world.calls().into_iter().find(|it| it.with.is_none());
        assert_eq!(
            wait.world.engine.position(first.expect("he waits").id),
            Some(1),
            "he has his place"
        );
        let bosse = wait.world.phone("bosse", ANSWERS);
        wait.run(5);
        assert!(
            !wait.world.phones[bosse].seen.contains(&Seen::Invited),
            "he is choosing"
        );
        // Back: he is offered at once.
        wait.world.press('0');
        wait.run(8);
        assert!(wait.world.phones[bosse].seen.contains(&Seen::Invited));
        assert_eq!(wait.world.agent("bosse"), AgentState::InCall);
        assert_eq!(wait.totals().connected, 2);
        wait.world.hang_up(wait.caller);
        wait.world.hang_up(second);
        wait.run(1);
        wait.at_rest();
    }
}

#[test]
fn who_goes_back_hears_that_his_place_is_kept_and_then_the_queue_again() {
    let mut wait = plain(4);
    wait.keys("2");
    wait.hears();
    wait.keys("0");
    assert_eq!(wait.hears(), ["callback-place-kept"]);
    let music = wait.world.music();
    wait.run(5);
    assert!(wait.world.music() > music, "music goes on");
    wait.run(30);
    assert!(wait.heard("place"), "his place is said again");
    wait.world.hang_up(wait.caller);
    wait.at_rest();
    assert_eq!(wait.totals().abandoned, 1);
    assert!(wait.world.book.entries().is_empty());
}

#[test]
fn an_agents_phone_that_rings_for_him_stops_when_he_begins_to_choose_and_she_misses_nothing() {
    let mut wait = before(5, list(), offer(), Life::Whole);
    let anna = wait.world.phone("anna", Habit::Rings);
    wait.world.call(wait.caller, NUMBER);
    wait.run(5);
    wait.world.press('2');
    wait.run(2);
    assert!(wait.world.phones[anna].seen.contains(&Seen::Cancelled));
    assert_eq!(wait.world.misses("anna"), (0, 0));
    wait.world.hang_up(wait.caller);
    wait.at_rest();
}

#[test]
fn keys_by_info_do_it_too() {
    let mut wait = plain(6);
    for key in ["2", "1", "1", "1"] {
        let body: &'static str = match key {
            "2" => "Signal=2\r\nDuration=160\r\n",
            _ => "Signal=1\r\nDuration=160\r\n",
        };
        let caller = wait.caller;
        wait.world.info(caller, "application/dtmf-relay", body);
        wait.run(1);
    }
    assert_eq!(wait.entry().asked.wish, Wish::AsSoonAsPossible);
    wait.run(5);
    wait.at_rest();
}

#[test]
fn who_hangs_up_at_any_question_leaves_nothing_or_what_the_list_keeps_and_has_abandoned() {
    for started in [KeepStarted::Never, KeepStarted::WithNumber] {
        for keys in ["2", "21", "212", "2120812", "211"] {
            let list = ListSettings { started, ..list() };
            let mut wait = wait(7, list, offer(), Life::Interrupted);
            wait.keys(keys);
            let caller = wait.caller;
            wait.world.hang_up(caller);
            wait.at_rest();
            let entries = wait.world.book.entries();
            match started {
                KeepStarted::Never => assert!(entries.is_empty(), "{keys}: {entries:?}"),
                KeepStarted::WithNumber => {
                    assert_eq!(entries[0].status(), Some(Status::Started), "{keys}");
                }
            }
            assert_eq!(wait.totals().abandoned, 1, "{keys}");
        }
    }
}

#[test]
fn who_hangs_up_while_it_is_being_stored_is_called_all_the_same() {
    let mut wait = plain(8);
    wait.world.book.storing = Storing::WhenTold;
    wait.keys("2111");
    wait.world.hang_up(wait.caller);
    wait.run(1);
    wait.world.store();
    assert_eq!(wait.entry().status(), Some(Status::NotHandled));
    wait.at_rest();
}

#[test]
fn where_nothing_can_be_stored_he_is_told_and_keeps_his_place() {
    for storing in [Storing::Refused, Storing::WhenTold] {
        let mut wait = plain(9);
        wait.world.book.storing = storing;
        wait.keys("2111");
        wait.hears();
        // Which is how long storage has at most.
        wait.run(8);
        let heard = wait.hears();
        let told = ["callback-refused", "callback-place-kept"];
        assert!(storing == Storing::Refused || heard == told, "{heard:?}");
        assert!(wait.world.book.entries().iter().all(|it| !it.is_open()));
        assert_eq!(wait.totals().waiting(), 1, "he waits on");
        wait.world.hang_up(wait.caller);
        wait.at_rest();
    }
    // It is known before he begins.
    let mut wait = plain(9);
    wait.hears();
    wait.world
        .tell_lists(callback::Input::Storage(callback::Health::Down));
    wait.keys("2");
    assert_eq!(wait.hears(), ["callback-refused", "callback-place-kept"]);
    wait.run(30);
    assert!(!wait.heard("callback-offer"), "nor is it offered");
    wait.world.hang_up(wait.caller);
    wait.at_rest();
}

#[test]
fn where_the_conditions_do_not_hold_nobody_is_told_of_it_and_the_key_does_nothing() {
    let conditions = Conditions {
        waiting_at_least: Some(2),
        ..Conditions::default()
    };
    let list = ListSettings {
        offers: Offers::When(conditions),
        ..list()
    };
    let mut wait = wait(10, list, offer(), Life::Whole);
    wait.keys("2");
    let heard = wait.hears();
    assert!(
        !heard.iter().any(|it| it.starts_with("callback-")),
        "{heard:?}"
    );
    let second = wait.world.phone("0709999999", Habit::Rings);
    wait.world.call(second, NUMBER);
    wait.run(40);
    assert!(wait.heard("callback-offer"), "now two wait");
    wait.world.hang_up(wait.caller);
    wait.world.hang_up(second);
    wait.at_rest();
}

#[test]
fn a_number_that_may_not_be_called_is_refused_and_one_who_shows_none_keys_his() {
    let mut wait = before(11, list(), offer(), Life::Whole);
    wait.caller = wait.world.phone("anonymous", Habit::Rings);
    wait.world.call(wait.caller, NUMBER);
    wait.run(30);
    wait.keys("21");
    assert!(wait.heard("callback-key-number"));
    wait.keys("0900123456#");
    assert_eq!(wait.hears(), ["callback-bad-number", "callback-key-number"]);
    wait.keys("112#");
    assert_eq!(wait.hears(), ["callback-bad-number", "callback-key-number"]);
    wait.keys("0701234567#");
    assert_eq!(wait.hears()[0], "callback-on-number");
    wait.keys("11");
    let entry = wait.entry();
    assert_eq!(entry.asked.number.as_str(), HIS_NUMBER);
    assert_eq!(entry.asked.given, Given::Keyed);
    assert_eq!(entry.asked.asked_by, None);
    wait.at_rest();
}

#[test]
fn who_keys_another_number_is_known_by_the_one_that_he_shows() {
    let mut wait = plain(16);
    wait.keys("21");
    assert!(wait.heard("callback-on-number"));
    wait.keys("2");
    assert!(wait.heard("callback-key-number"));
    wait.keys("0707654321#11");
    let asked = &wait.entry().asked;
    assert_eq!(asked.number.as_str(), "+46707654321");
    assert_eq!(asked.given, Given::Keyed);
    let asked_by = asked.asked_by.as_ref().map(|it| it.as_str());
    assert_eq!(asked_by, Some(HIS_NUMBER));
    wait.at_rest();
}

#[test]
fn who_begins_again_and_again_is_listened_to_five_times_and_then_the_key_leads_nowhere() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut wait = wait(17, list(), offer(), life);
        for time in 1..=5 {
            wait.hears();
            wait.keys("2");
            assert!(wait.heard("callback-times"), "the {time}. time");
            wait.keys("0");
            wait.run(10);
        }
        wait.hears();
        wait.keys("2");
        wait.run(10);
        assert!(!wait.heard("callback-times"));
        assert_eq!(wait.world.refused, [RefusedCause::CalledBackTooOften]);
        assert_eq!(wait.totals().waiting(), 1);
        assert!(wait.world.book.entries().is_empty());
        wait.world.hang_up(wait.caller);
        wait.at_rest();
    }
}

#[test]
fn who_has_an_entry_keeps_it_moves_it_or_takes_it_back_in_his_place() {
    for (keys, waits_on) in [("1", false), ("2211", false), ("3", true)] {
        let mut wait = plain(12);
        wait.keys("2111");
        wait.run(5);
        wait.world.call(wait.caller, NUMBER);
        wait.run(30);
        wait.keys("2");
        assert!(wait.heard("callback-existing"));
        wait.keys(keys);
        wait.run(10);
        let entries = wait.world.book.entries();
        assert_eq!(entries.len(), 1, "no second one");
        let asked = entries[0].asked.wish.clone();
        assert_eq!(entries[0].is_open(), !waits_on, "{keys}");
        match keys {
            "2211" => assert_eq!(asked, Wish::Window(afternoon())),
            _ => assert_eq!(asked, Wish::AsSoonAsPossible),
        }
        assert_eq!(wait.totals().waiting(), u64::from(waits_on), "{keys}");
        if waits_on {
            wait.world.hang_up(wait.caller);
        }
        wait.at_rest();
    }
}

#[test]
fn who_says_nothing_is_left_to_wait_in_peace_and_is_not_put_out_while_he_chooses() {
    let mut wait = before(13, list(), offer(), Life::Whole);
    wait.world.with_exits(Exits {
        after: Some(seconds(45)),
        ..Exits::default()
    });
    wait.world.set_organisation(|demo| {
        let door = demo.ways.doors.entry(queue()).or_default();
        let then = Some(Destination::Queue(backup()));
        let instead = Instead {
            then,
            ..Instead::default()
        };
        door.exits.insert(acd::RefuseCause::TimedOut, instead);
    });
    wait.world.call(wait.caller, NUMBER);
    wait.run(40);
    wait.keys("2");
    wait.run(20);
    assert_eq!(wait.totals().overflowed, 0, "he is choosing");
    wait.run(120);
    assert_eq!(
        wait.totals().overflowed,
        1,
        "he is back, and has waited too long"
    );
    wait.world.hang_up(wait.caller);
    wait.run(60);
    assert_eq!(wait.world.shard.calls_count(), 0);
}

// Changes: queues.callback.when_closed
#[test]
fn who_finds_the_queue_closed_is_offered_it_where_that_is_set_and_meets_the_rest_otherwise() {
    for (besides, keys, called) in [
        (Some(Besides::Closed), "2111", true),
        (Some(Besides::Closed), "20", false),
        (Some(Besides::Closed), "", false),
        (None, "2", false),
    ] {
        let offer = CallbackOffer {
            besides: besides.into_iter().collect(),
            ..offer()
        };
        let mut wait = before(14, list(), offer, Life::Interrupted);
        wait.world.change(|demo| {
            let door = demo.ways.doors.entry(queue()).or_default();
            door.quick_closed.message = Some(PromptId::new("closed"));
        });
        let closed = calendar::QuickClose {
            id: 1,
            queues: vec![queue()],
            from: FRIDAY_AT_NINE - HOUR,
            until: FRIDAY_AT_NINE + HOUR,
            effect: calendar::Effect::Close,
            message: None,
            waiting: calendar::Waiting::Stay,
            by: "eva".into(),
            way: calendar::Way::Telephone,
        };
        let closes = calendar::QuickCloses::kept(vec![closed], 1, FRIDAY_AT_NINE);
        wait.world.tell_shard(Input::QuickCloses(Arc::new(closes)));
        wait.world.call(wait.caller, NUMBER);
        wait.run(3);
        assert_eq!(wait.heard("callback-offer"), besides.is_some());
        if besides.is_some() {
            wait.keys(keys);
        }
        wait.run(20);
        assert_eq!(
            wait.world.book.entries().len(),
            usize::from(called),
            "{keys}"
        );
        assert!(!wait.heard("callback-place-kept"), "he had none");
        assert_eq!(wait.totals().entered, 0);
        wait.at_rest();
    }
}

// Changes: queues.callback.when_overflowing
#[test]
fn whom_a_full_queue_does_not_take_in_is_offered_it_where_that_is_set() {
    let besides = BTreeSet::from([Besides::Overflowing]);
    let mut wait = before(
        15,
        list(),
        CallbackOffer { besides, ..offer() },
        Life::Whole,
    );
    let others = wait.world.fill_the_queue();
    wait.world.call(wait.caller, NUMBER);
    wait.run(3);
    assert!(wait.heard("callback-offer"));
    wait.keys("2111");
    wait.run(5);
    assert_eq!(wait.entry().status(), Some(Status::NotHandled));
    wait.world.leave_the_queue(others);
    wait.world.empty_the_queue();
    wait.at_rest();
}

#[test]
fn whoever_is_answered_while_he_is_about_to_choose_talks() {
    let mut wait = before(16, list(), offer(), Life::Whole);
    let anna = wait.world.phone("anna", ANSWERS);
    wait.world.answers_take = seconds(1);
    wait.world.call(wait.caller, NUMBER);
    for _ in 0..40 {
        wait.world.run(std::time::Duration::from_millis(250));
        if wait.world.phones[anna].seen.contains(&Seen::Invited) {
            break;
        }
    }
    // She answers within two seconds, and every word between him, the queue and the lists takes one.
    wait.world.run(std::time::Duration::from_millis(1_900));
    wait.world.press('2');
    wait.run(30);
    assert_eq!(wait.world.agent("anna"), AgentState::InCall);
    assert!(wait.world.all_hear_each_other());
    wait.world.hang_up(wait.caller);
    wait.run(10);
    wait.at_rest();
}

// Changes: queues.callback.key, queues.callback.announcement, queues.callback.windows.prompt
#[test]
fn key_announcement_and_the_name_of_a_window_are_those_of_the_administrator() {
    let own = CallbackOffer {
        key: '5',
        announcement: Some(PromptId::new("press-five")),
        windows: BTreeMap::from([("afternoon".into(), PromptId::new("this-afternoon"))]),
        ..offer()
    };
    let mut own = wait(30, list(), own, Life::Whole);
    let heard = own.hears();
    assert!(heard.iter().any(|it| it == "press-five"), "{heard:?}");
    assert!(!heard.iter().any(|it| it == "callback-offer"), "{heard:?}");
    own.keys("2");
    assert!(!own.heard("callback-times"), "that key is none");
    own.keys("5");
    let times = [
        "callback-times",
        "callback-soon",
        "callback-press-1",
        "this-afternoon",
        "callback-press-2",
        "callback-again",
    ];
    assert_eq!(own.hears(), times);
    own.world.hang_up(own.caller);
    own.at_rest();
    let silent = CallbackOffer {
        announcement: None,
        ..offer()
    };
    let mut silent = wait(31, list(), silent, Life::Whole);
    assert!(!silent.heard("callback-offer"));
    silent.keys("2");
    assert!(
        silent.heard("callback-times"),
        "the key does it all the same"
    );
    silent.world.hang_up(silent.caller);
    silent.at_rest();
}
