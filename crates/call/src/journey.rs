//! What a waiting caller hears, as data: welcome, first message, place in the queue, how long it may take, music,
//! repeated messages in rotation. Says what to play next; who answers and when is not its matter.

use crate::settings::{Offering, PositionSaid, QueueJourney, WaitSaid};
use crate::speech;
use acd::Prospect;
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
    /// Find out his place and how long it may take, and come back with [`Journey::prospect_known`].
    AskProspect,
    /// Come back with [`Journey::repeat_due`] after this time.
    WaitForRepeat(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// Nobody knows yet whether he may wait there, and he has heard nothing.
    Arriving,
    Welcome,
    Message,
    AskingProspect,
    Prospect,
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
    /// What was last said of the wait: nothing is said twice in a row.
    wait_last_said: Option<Vec<PromptId>>,
    message_last_said: Option<PromptId>,
}

impl Journey {
    pub(crate) fn new(settings: QueueJourney) -> Journey {
        Journey {
            settings,
            stage: Stage::Arriving,
            token: 0,
            rotation: 0,
            place_last_said: None,
            wait_last_said: None,
            message_last_said: None,
        }
    }

    /// Of the same caller in another queue: he hears it from its beginning, and news of what was played before is
    /// old news.
    pub(crate) fn elsewhere(&self, settings: QueueJourney) -> Journey {
        Journey {
            token: self.token,
            ..Journey::new(settings)
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
            Stage::Prospect => self.music(steps),
            Stage::Arriving | Stage::AskingProspect | Stage::Music | Stage::Over => {}
        }
    }

    /// The newest playlist is through, though nobody said so.
    pub(crate) fn played_unnoticed(&mut self, steps: &mut Vec<Step>) {
        self.played(self.token, steps);
    }

    /// Answer to [`Step::AskProspect`]: what is true as it is about to be said.
    pub(crate) fn prospect_known(&mut self, prospect: Prospect, steps: &mut Vec<Step>) {
        if self.stage != Stage::AskingProspect {
            return;
        }
        let mut prompts = Vec::new();
        // Who is being connected has no place, and waits for nothing.
        if let Some(place) = prospect.place {
            prompts.extend(self.place_to_say(place));
            let alone = prompts.is_empty();
            prompts.extend(self.wait_to_say(prospect, alone));
        }
        if prompts.is_empty() {
            return self.music(steps);
        }
        self.token += 1;
        self.stage = Stage::Prospect;
        steps.push(Step::Play(Playlist {
            token: self.token,
            prompts,
            then: Then::Music(self.settings.music.clone()),
        }));
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
        if !self.says_prospect() {
            return self.music(steps);
        }
        self.stage = Stage::AskingProspect;
        steps.push(Step::AskProspect);
    }

    fn is_worth_saying(&self, place: u32) -> bool {
        match self.settings.position {
            PositionSaid::Never => false,
            PositionSaid::Always => true,
            PositionSaid::WhenImproved => self.place_last_said.is_none_or(|said| place < said),
        }
    }

    /// His place, where it is to be said and can be.
    fn place_to_say(&mut self, place: u32) -> Vec<PromptId> {
        if !self.is_worth_saying(place) {
            return Vec::new();
        }
        let Some(number) = speech::number(self.settings.language, place) else {
            return Vec::new();
        };
        self.place_last_said = Some(place);
        let mut prompts = vec![self.settings.position_intro.clone()];
        prompts.extend(number);
        prompts
    }

    /// How long it may take. Where that is all that would be said, it is not said twice in a row.
    fn wait_to_say(&mut self, prospect: Prospect, alone: bool) -> Vec<PromptId> {
        let wait = match self.settings.wait {
            WaitSaid::Never => None,
            WaitSaid::Average => prospect.average,
            WaitSaid::Expected => prospect.expected,
        };
        let said = wait.and_then(|wait| speech::minutes(self.settings.language, minutes(wait)));
        let again = said.is_some() && said == self.wait_last_said;
        let Some(wait) = said.filter(|_| !(alone && again)) else {
            return Vec::new();
        };
        self.wait_last_said = Some(wait.clone());
        let mut prompts = vec![self.settings.wait_intro.clone()];
        prompts.extend(wait);
        prompts
    }

    fn says_prospect(&self) -> bool {
        self.settings.position != PositionSaid::Never || self.settings.wait != WaitSaid::Never
    }

    /// The next in rotation. One that was heard last gives way to the one after it, where there is one.
    fn next_repeated(&mut self) -> Option<PromptId> {
        let next = self.rotate()?;
        match self.message_last_said.as_ref() == Some(&next) {
            true => self.rotate(),
            false => Some(next),
        }
    }

    fn rotate(&mut self) -> Option<PromptId> {
        let index = self.rotation.checked_rem(self.settings.repeated.len())?;
        self.rotation = index + 1;
        self.settings.repeated.get(index).cloned()
    }

    /// Says something after which more may follow at once, so silence fills the gap and not a snippet of
    /// music.
    fn say(&mut self, stage: Stage, prompts: Vec<PromptId>, steps: &mut Vec<Step>) {
        self.token += 1;
        self.stage = stage;
        self.message_last_said = prompts.last().cloned();
        steps.push(Step::Play(Playlist {
            token: self.token,
            prompts,
            then: Then::Silence,
        }));
    }

    fn music(&mut self, steps: &mut Vec<Step>) {
        let was_playing = self.stage == Stage::Prospect;
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
        if !self.settings.repeated.is_empty() || self.says_prospect() {
            steps.push(Step::WaitForRepeat(self.settings.repeat_every));
        }
    }
}

/// Whole minutes, rounded up; less than one is none.
fn minutes(wait: Duration) -> u32 {
    const MINUTE: Duration = Duration::from_secs(60);
    if wait < MINUTE {
        return 0;
    }
    let begun = wait.as_micros().div_ceil(MINUTE.as_micros());
    u32::try_from(begun).unwrap_or(u32::MAX)
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
            wait: WaitSaid::Never,
            wait_intro: PromptId::new("wait"),
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
                    Step::AskProspect => "ask".to_owned(),
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
            self.prospect(place, 0);
        }

        /// He has this place, and may expect to wait so long; the average is twice that.
        fn prospect(&mut self, place: u32, minutes: u64) {
            let expected = Duration::from_secs(minutes * 60);
            let prospect = Prospect {
                place: Some(place),
                expected: Some(expected),
                average: Some(expected * 2),
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
    fn the_wait_is_said_after_the_place_the_average_or_his_own_as_set() {
        for (wait, said) in [
            (WaitSaid::Never, "place+sv/number-2→music"),
            (
                WaitSaid::Expected,
                "place+sv/number-2+wait+sv/number-3+sv/minutes→music",
            ),
            (
                WaitSaid::Average,
                "place+sv/number-2+wait+sv/number-6+sv/minutes→music",
            ),
        ] {
            let mut caller = Listener::new(QueueJourney {
                wait,
                welcome: None,
                first_message: None,
                ..settings()
            });
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
}
