//! What a waiting caller hears, as data: welcome, first message, place in the queue, music, repeated
//! messages in rotation. Says what to play next; who answers and when is not its matter.

use crate::settings::{Offering, PositionSaid, QueueJourney};
use crate::speech;
use media_core::{Playlist, PromptId, Then};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A call's own deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CallTimer {
    /// The next repeated message is due.
    RepeatMessage,
    /// A colleague's device has rung long enough.
    RingTooLong,
    /// A menu has waited long enough for a key.
    KeyAwaited,
    /// The devices a user prefers have rung alone long enough.
    NextRound,
    /// A playlist should have been through long ago: the news of it was lost.
    PlayedLost,
}

/// No prompt is longer. News of media may be dropped where a task is flooded; without this a call would wait for
/// it for ever.
pub(crate) const PLAYED_WITHIN_MAX: Duration = Duration::from_secs(180);

/// Something the journey wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Let the caller hear this.
    Play(Playlist),
    /// He may be offered to agents from now on.
    Join,
    /// Find out whether he may wait there, and come back with [`Journey::start`].
    AskRoom,
    /// Find out his place, and come back with [`Journey::place_known`].
    AskPlace,
    /// Come back with [`Journey::repeat_due`] after this time.
    WaitForRepeat(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// Nobody knows yet whether he may wait there, and he has heard nothing.
    Arriving,
    Welcome,
    Message,
    AskingPlace,
    Place,
    Music,
    /// An agent answered, or the caller is gone.
    Over,
}

/// Where a caller is in what he hears.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Journey {
    settings: QueueJourney,
    stage: Stage,
    /// Token of the newest playlist: news of older ones is old news.
    token: u32,
    rotation: usize,
    place_last_said: Option<u32>,
}

impl Journey {
    pub(crate) fn new(settings: QueueJourney) -> Journey {
        Journey {
            settings,
            stage: Stage::Arriving,
            token: 0,
            rotation: 0,
            place_last_said: None,
        }
    }

    pub(crate) fn settings(&self) -> &QueueJourney {
        &self.settings
    }

    /// He is here. Before he is answered it must be known that there is room for him.
    pub(crate) fn arrive(&mut self, steps: &mut Vec<Step>) {
        if self.settings.offers == Offering::DuringWelcome {
            steps.push(Step::Join);
        }
        steps.push(Step::AskRoom);
    }

    /// Whether that is still to be told.
    pub(crate) fn is_arriving(&self) -> bool {
        self.stage == Stage::Arriving
    }

    /// The caller may wait, and can hear us.
    pub(crate) fn start(&mut self, steps: &mut Vec<Step>) {
        match self.settings.welcome.clone() {
            Some(welcome) => self.say(Stage::Welcome, vec![welcome], steps),
            None => self.welcome_over(steps),
        }
    }

    /// A playlist is through.
    pub(crate) fn played(&mut self, token: u32, steps: &mut Vec<Step>) {
        if token != self.token {
            return;
        }
        match self.stage {
            Stage::Welcome => self.welcome_over(steps),
            Stage::Message => self.message_over(steps),
            Stage::Place => self.music(steps),
            Stage::Arriving | Stage::AskingPlace | Stage::Music | Stage::Over => {}
        }
    }

    /// The newest playlist is through, though nobody said so.
    pub(crate) fn played_unnoticed(&mut self, steps: &mut Vec<Step>) {
        self.played(self.token, steps);
    }

    /// Answer to [`Step::AskPlace`]: 1 is next in turn.
    pub(crate) fn place_known(&mut self, place: Option<u32>, steps: &mut Vec<Step>) {
        if self.stage != Stage::AskingPlace {
            return;
        }
        match place.filter(|place| self.is_worth_saying(*place)) {
            Some(place) => self.say_place(place, steps),
            None => self.music(steps),
        }
    }

    /// The time asked for by [`Step::WaitForRepeat`] has passed.
    pub(crate) fn repeat_due(&mut self, steps: &mut Vec<Step>) {
        if self.stage != Stage::Music {
            return;
        }
        match self.next_repeated() {
            Some(message) => self.say(Stage::Message, vec![message], steps),
            None => self.message_over(steps),
        }
    }

    /// Nothing more is to be said.
    pub(crate) fn stop(&mut self) {
        self.stage = Stage::Over;
    }

    fn welcome_over(&mut self, steps: &mut Vec<Step>) {
        if self.settings.offers == Offering::AfterWelcome {
            steps.push(Step::Join);
        }
        match self.settings.first_message.clone() {
            Some(message) => self.say(Stage::Message, vec![message], steps),
            None => self.message_over(steps),
        }
    }

    fn message_over(&mut self, steps: &mut Vec<Step>) {
        if self.settings.position == PositionSaid::Never {
            return self.music(steps);
        }
        self.stage = Stage::AskingPlace;
        steps.push(Step::AskPlace);
    }

    fn is_worth_saying(&self, place: u32) -> bool {
        match self.settings.position {
            PositionSaid::Never => false,
            PositionSaid::Always => true,
            PositionSaid::WhenImproved => self.place_last_said.is_none_or(|said| place < said),
        }
    }

    fn say_place(&mut self, place: u32, steps: &mut Vec<Step>) {
        let Some(number) = speech::number(self.settings.language, place) else {
            return self.music(steps);
        };
        self.place_last_said = Some(place);
        let mut prompts = vec![self.settings.position_intro.clone()];
        prompts.extend(number);
        self.token += 1;
        self.stage = Stage::Place;
        steps.push(Step::Play(Playlist {
            token: self.token,
            prompts,
            then: Then::Music(self.settings.music.clone()),
        }));
    }

    fn next_repeated(&mut self) -> Option<PromptId> {
        let index = self.rotation.checked_rem(self.settings.repeated.len())?;
        self.rotation += 1;
        self.settings.repeated.get(index).cloned()
    }

    /// Says something after which more may follow at once, so silence fills the gap and not a snippet of
    /// music.
    fn say(&mut self, stage: Stage, prompts: Vec<PromptId>, steps: &mut Vec<Step>) {
        self.token += 1;
        self.stage = stage;
        steps.push(Step::Play(Playlist {
            token: self.token,
            prompts,
            then: Then::Silence,
        }));
    }

    fn music(&mut self, steps: &mut Vec<Step>) {
        let was_playing = self.stage == Stage::Place;
        self.stage = Stage::Music;
        // After the place the music has started by itself.
        if !was_playing {
            self.token += 1;
            steps.push(Step::Play(Playlist {
                token: self.token,
                prompts: Vec::new(),
                then: Then::Music(self.settings.music.clone()),
            }));
        }
        if !self.settings.repeated.is_empty() || self.settings.position != PositionSaid::Never {
            steps.push(Step::WaitForRepeat(self.settings.repeat_every));
        }
    }
}

#[cfg(test)]
mod tests {
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
            language: Language::Sv,
            pick_up: crate::settings::PickUp::ByHand,
            display_name: "Support".into(),
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
                    Step::AskPlace => "ask".to_owned(),
                    Step::WaitForRepeat(span) => format!("wait {}", span.as_secs()),
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

        fn place(&mut self, place: u32) {
            self.journey.place_known(Some(place), &mut self.steps);
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
        assert_eq!(caller.heard(), ["place+sv/number-21→music"]);
        caller.played();
        assert_eq!(caller.heard(), ["wait 20"]);
        caller.repeat();
        assert_eq!(caller.heard(), ["one→silence"]);
        caller.played();
        caller.place(20);
        caller.played();
        caller.repeat();
        assert_eq!(
            caller.heard(),
            ["ask", "place+sv/number-20→music", "wait 20", "two→silence"]
        );
    }

    #[test]
    fn a_place_that_has_not_improved_is_not_said_again_where_so_set() {
        let mut caller = Listener::new(QueueJourney {
            position: PositionSaid::WhenImproved,
            welcome: None,
            first_message: None,
            ..settings()
        });
        caller.place(3);
        caller.played();
        caller.heard();
        caller.repeat();
        caller.played();
        caller.place(3);
        assert_eq!(caller.heard(), ["one→silence", "ask", "→music", "wait 20"]);
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
}
