//! A caller's journey, heard by a listener that writes down what is played and asked for.

use super::*;
use crate::settings::{Answering, Language};

fn settings() -> QueueJourney {
    QueueJourney {
        answer: Answering::AtOnce,
        offers: Offering::DuringWelcome,
        welcome: Some(PromptId::new("welcome")),
        first_message: Some(PromptId::new("first")),
        repeated: vec![PromptId::new("one"), PromptId::new("two")],
        repeat_every: Duration::from_secs(20),
        music: PromptId::new("music"),
        position: PositionSaid::Always,
        position_intro: PromptId::new("place"),
        wait: WaitSaid::Never,
        wait_intro: PromptId::new("wait"),
        language: Language::Sv,
        pick_up: crate::settings::PickUp::ByHand,
        display_name: "Support".into(),
    }
}

fn without_messages() -> QueueJourney {
    QueueJourney {
        welcome: None,
        first_message: None,
        ..settings()
    }
}

/// Runs the journey the way a call does and writes down what is heard and done.
struct Listener {
    journey: Journey,
    heard: Vec<String>,
    steps: Vec<Step>,
}

impl Listener {
    fn new(settings: QueueJourney) -> Listener {
        let mut journey = Journey::new(settings);
        let mut steps = Vec::new();
        journey.arrive(&mut steps);
        journey.start(&mut steps);
        let mut listener = Listener {
            journey,
            heard: Vec::new(),
            steps,
        };
        listener.note();
        listener
    }

    fn note(&mut self) {
        for step in self.steps.drain(..) {
            self.heard.push(match step {
                Step::Join => "join".to_owned(),
                Step::AskRoom => "room".to_owned(),
                Step::AskProspect => "ask".to_owned(),
                Step::WaitForRepeat(span) => format!("wait {}", span.as_secs()),
                Step::Leave => "leave".to_owned(),
                Step::AskOffer => "offer?".to_owned(),
                Step::Play(list) => {
                    let names: Vec<&str> = list.prompts.iter().map(PromptId::as_str).collect();
                    let then = match list.then {
                        Then::Silence => "silence".to_owned(),
                        Then::Music(id) => id.to_string(),
                    };
                    format!("{}→{then}", names.join("+"))
                }
            });
        }
    }

    fn played(&mut self) {
        let token = self.journey.token;
        self.journey.played(token, &mut self.steps);
        self.note();
    }

    /// He has this place, and has heard that it comes.
    fn introduced(&mut self, place: u32) {
        self.place(place);
        self.played();
    }

    fn place(&mut self, place: u32) {
        self.prospect(place, 0);
    }

    /// He has this place, and may expect to wait so long; the average is twice that.
    fn prospect(&mut self, place: u32, minutes: u64) {
        let expected = Duration::from_secs(minutes * 60);
        let prospect = Prospect {
            place: Some(place),
            expected: Some(expected),
            average: Some(expected * 2),
            waiting: place,
        };
        self.journey.prospect_known(prospect, &mut self.steps);
        self.note();
    }

    fn repeat(&mut self) {
        self.journey.repeat_due(&mut self.steps);
        self.note();
    }

    fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }
}

#[test]
fn a_caller_hears_welcome_first_message_his_place_music_and_messages_in_rotation() {
    let mut caller = Listener::new(settings());
    assert_eq!(caller.heard(), ["join", "room", "welcome→silence"]);
    caller.played();
    assert_eq!(caller.heard(), ["first→silence"]);
    caller.played();
    assert_eq!(caller.heard(), ["ask"]);
    caller.place(21);
    assert_eq!(caller.heard(), ["place→silence"]);
    caller.played();
    assert_eq!(caller.heard(), ["ask"]);
    caller.place(21);
    assert_eq!(caller.heard(), ["sv/number-21→music"]);
    caller.played();
    assert_eq!(caller.heard(), ["wait 20"]);
    caller.repeat();
    assert_eq!(caller.heard(), ["one→silence"]);
    caller.played();
    caller.introduced(20);
    caller.place(20);
    caller.played();
    caller.repeat();
    assert_eq!(
        caller.heard(),
        [
            "ask",
            "place→silence",
            "ask",
            "sv/number-20→music",
            "wait 20",
            "two→silence"
        ]
    );
}

#[test]
fn a_line_that_moves_while_the_place_is_introduced_is_said_as_it_is_then() {
    let mut caller = Listener::new(without_messages());
    caller.introduced(3);
    caller.heard();
    caller.place(2);
    assert_eq!(caller.heard(), ["sv/number-2→music"]);
}

#[test]
fn who_is_being_connected_while_his_place_is_introduced_hears_none() {
    let mut caller = Listener::new(without_messages());
    caller.introduced(1);
    caller.heard();
    caller
        .journey
        .prospect_known(Prospect::default(), &mut caller.steps);
    caller.note();
    assert_eq!(caller.heard(), ["→music", "wait 20"]);
}

#[test]
fn who_is_to_go_while_his_place_is_asked_for_hears_it_first() {
    let mut caller = Listener::new(without_messages());
    caller.introduced(1);
    assert_eq!(caller.journey.is_to_leave(), Leaving::OnceSaid);
    caller.heard();
    caller.place(1);
    caller.played();
    assert_eq!(caller.heard(), ["sv/number-1→music", "leave"]);
}

#[test]
fn a_place_that_has_not_improved_is_not_said_again_where_so_set() {
    let mut caller = Listener::new(QueueJourney {
        position: PositionSaid::WhenImproved,
        ..without_messages()
    });
    caller.introduced(3);
    caller.place(3);
    caller.played();
    caller.heard();
    caller.repeat();
    caller.played();
    caller.place(3);
    assert_eq!(caller.heard(), ["one→silence", "ask", "→music", "wait 20"]);
}

#[test]
fn the_wait_is_said_after_the_place_the_average_or_his_own_as_set() {
    for (wait, said) in [
        (WaitSaid::Never, "sv/number-2→music"),
        (
            WaitSaid::Expected,
            "sv/number-2+wait+sv/number-3+sv/minutes→music",
        ),
        (
            WaitSaid::Average,
            "sv/number-2+wait+sv/number-6+sv/minutes→music",
        ),
    ] {
        let mut caller = Listener::new(QueueJourney {
            wait,
            ..without_messages()
        });
        caller.introduced(2);
        caller.heard();
        caller.prospect(2, 3);
        assert_eq!(caller.heard(), [said]);
    }
}

#[test]
fn a_wait_is_counted_in_whole_minutes_rounded_up_and_less_than_one_is_none() {
    let seconds = [0, 59, 60, 61, 120, 121];
    let counted = seconds.map(|seconds| minutes(Duration::from_secs(seconds)));
    assert_eq!(counted, [0, 0, 1, 2, 2, 3]);
    assert_eq!(minutes(Duration::MAX), u32::MAX, "too long to be said");
}

#[test]
fn a_wait_that_is_not_known_is_not_said() {
    let mut caller = Listener::new(QueueJourney {
        wait: WaitSaid::Expected,
        position: PositionSaid::Never,
        welcome: None,
        first_message: None,
        ..settings()
    });
    caller.heard();
    let prospect = Prospect {
        place: Some(1),
        ..Prospect::default()
    };
    caller.journey.prospect_known(prospect, &mut caller.steps);
    caller.note();
    assert_eq!(caller.heard(), ["→music", "wait 20"]);
}

#[test]
fn a_wait_alone_is_said_again_only_when_it_has_changed() {
    let mut caller = Listener::new(QueueJourney {
        wait: WaitSaid::Expected,
        position: PositionSaid::Never,
        repeated: Vec::new(),
        welcome: None,
        first_message: None,
        ..settings()
    });
    let mut heard = Vec::new();
    for minutes in [5, 5, 4] {
        caller.heard();
        caller.prospect(1, minutes);
        heard.extend(caller.heard());
        caller.played();
        caller.repeat();
    }
    assert_eq!(
        heard,
        [
            "wait+sv/number-5+sv/minutes→music",
            "→music",
            "wait 20",
            "wait+sv/number-4+sv/minutes→music"
        ]
    );
}

#[test]
fn a_message_just_heard_gives_way_to_the_next_in_rotation() {
    let mut caller = Listener::new(QueueJourney {
        first_message: Some(PromptId::new("one")),
        position: PositionSaid::Never,
        ..settings()
    });
    caller.played();
    caller.played();
    caller.repeat();
    caller.played();
    caller.repeat();
    let heard = caller.heard();
    let said: Vec<&String> = heard.iter().filter(|it| it.ends_with("→silence")).collect();
    assert_eq!(
        said,
        [
            "welcome→silence",
            "one→silence",
            "two→silence",
            "one→silence"
        ]
    );
}

#[test]
fn agents_are_offered_the_caller_only_after_the_welcome_where_so_set() {
    let mut caller = Listener::new(QueueJourney {
        offers: Offering::AfterWelcome,
        ..settings()
    });
    assert_eq!(caller.heard(), ["room", "welcome→silence"]);
    caller.played();
    assert_eq!(caller.heard(), ["join", "first→silence"]);
}

#[test]
fn a_queue_with_nothing_to_say_plays_music_and_no_timer_runs() {
    let mut caller = Listener::new(QueueJourney {
        welcome: None,
        first_message: None,
        repeated: Vec::new(),
        position: PositionSaid::Never,
        ..settings()
    });
    assert_eq!(caller.heard(), ["join", "room", "→music"]);
    caller.repeat();
    assert_eq!(caller.heard(), ["→music"]);
}

#[test]
fn nothing_is_said_after_an_agent_answered_whatever_was_on_its_way() {
    let mut caller = Listener::new(settings());
    caller.played();
    caller.played();
    caller.heard();
    caller.journey.stop();
    caller.place(1);
    caller.played();
    caller.repeat();
    assert!(caller.heard().is_empty());
}

#[test]
fn news_of_a_playlist_that_was_cut_off_changes_nothing() {
    let mut caller = Listener::new(settings());
    caller.heard();
    caller.journey.played(0, &mut caller.steps);
    caller.note();
    assert!(caller.heard().is_empty());
}
