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
    /// Whoever asks to be called back has had time enough for it.
    Choosing,
}

/// How long the end of a playlist is waited for. News of media may be dropped where a task is flooded; without this a call
/// would wait for it for ever. A longer one is told of as it begins, and is given this beyond its own length.
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
    /// What was being said when he was to go is said: he goes, or [`Journey::stays`].
    Leave,
    /// Find out whether he is offered to be called back, and come back with [`Journey::offer_known`].
    AskOffer,
}

/// Whether a caller is offered to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    Yes,
    No,
}

/// Whether a caller who is to go elsewhere goes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// He hears music, or nothing yet.
    Now,
    /// Something is being said to him: [`Step::Leave`] comes when it is over.
    OnceSaid,
}

/// What follows what is being said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Afterwards {
    GoesOn,
    Leaves,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// Nobody knows yet whether he may wait there, and he has heard nothing.
    Arriving,
    Welcome,
    Message,
    AskingProspect,
    /// "Your place in the queue is", and it is asked for once more: the line may move while that is said.
    Introducing,
    AskingPlace,
    Prospect,
    /// Whether he is offered to be called back.
    AskingOffer,
    Offer,
    Music,
    /// He does something else, and hears nothing of this.
    Aside,
    /// An agent answered, or the caller is gone.
    Over,
}

/// With what a wait is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Said {
    AfterPlace,
    Alone,
}

/// Where a caller is in what he hears.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Journey {
    settings: QueueJourney,
    /// "To be called back, press two."
    announcement: Option<PromptId>,
    stage: Stage,
    /// Token of the newest playlist: news of older ones is old news.
    token: u32,
    rotation: usize,
    place_last_said: Option<u32>,
    /// What was last said of the wait: nothing is said twice in a row.
    wait_last_said: Option<Vec<PromptId>>,
    message_last_said: Option<PromptId>,
    afterwards: Afterwards,
}

impl Journey {
    pub(crate) fn new(settings: QueueJourney) -> Journey {
        Journey {
            settings,
            announcement: None,
            stage: Stage::Arriving,
            token: 0,
            rotation: 0,
            place_last_said: None,
            wait_last_said: None,
            message_last_said: None,
            afterwards: Afterwards::GoesOn,
        }
    }

    /// Callers who are offered to be called back are told so, with this.
    pub(crate) fn announcing(self, announcement: Option<PromptId>) -> Journey {
        Journey {
            announcement,
            ..self
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

    /// He may be offered to agents from now on, whatever he hears.
    pub(crate) fn joins(&mut self, steps: &mut Vec<Step>) {
        steps.push(Step::Join);
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
        if self.afterwards == Afterwards::Leaves && self.is_saying() {
            return steps.push(Step::Leave);
        }
        match self.stage {
            Stage::Welcome => self.welcome_over(steps),
            Stage::Message => self.message_over(steps),
            Stage::Introducing => {
                self.stage = Stage::AskingPlace;
                steps.push(Step::AskProspect);
            }
            Stage::Prospect => self.all_said(steps),
            // He is back from what he did, and stays.
            Stage::Offer | Stage::Aside => self.music(steps),
            Stage::Arriving
            | Stage::AskingProspect
            | Stage::AskingPlace
            | Stage::AskingOffer
            | Stage::Music
            | Stage::Over => {}
        }
    }

    /// The newest playlist is through, though nobody said so.
    pub(crate) fn played_unnoticed(&mut self, steps: &mut Vec<Step>) {
        self.played(self.token, steps);
    }

    /// Answer to [`Step::AskProspect`]: what is true as it is about to be said.
    pub(crate) fn prospect_known(&mut self, prospect: Prospect, steps: &mut Vec<Step>) {
        match self.stage {
            Stage::AskingProspect if self.has_place_to_say(prospect) => {
                let intro = self.settings.position_intro.clone();
                self.play(Stage::Introducing, vec![intro], Then::Silence, steps);
            }
            // Who is being connected has no place, and waits for nothing.
            Stage::AskingProspect | Stage::AskingPlace if prospect.place.is_none() => {
                self.all_said(steps);
            }
            Stage::AskingProspect => {
                let wait = self.wait_to_say(prospect, Said::Alone);
                self.say_prospect(wait, steps);
            }
            Stage::AskingPlace => {
                let mut prompts = self.place_to_say(prospect);
                prompts.extend(self.wait_to_say(prospect, Said::AfterPlace));
                self.say_prospect(prompts, steps);
            }
            _ => {}
        }
    }

    /// Answer to [`Step::AskOffer`].
    pub(crate) fn offer_known(&mut self, offered: Offered, steps: &mut Vec<Step>) {
        if self.stage != Stage::AskingOffer {
            return;
        }
        match self.announcement.clone() {
            Some(announcement) if offered == Offered::Yes => {
                let music = Then::Music(self.settings.music.clone());
                self.play(Stage::Offer, vec![announcement], music, steps);
            }
            _ => self.music(steps),
        }
    }

    /// He does something else for a while; with the token of what he heard last.
    pub(crate) fn steps_aside(&mut self) -> u32 {
        self.stage = Stage::Aside;
        self.token
    }

    /// He waits on, having heard playlists up to that one; or goes, if he was to meanwhile.
    pub(crate) fn comes_back(&mut self, token: u32, steps: &mut Vec<Step>) {
        if self.stage != Stage::Aside {
            return;
        }
        self.token = token;
        match self.afterwards {
            Afterwards::Leaves => steps.push(Step::Leave),
            Afterwards::GoesOn => self.music(steps),
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

    /// He is to go elsewhere, and is not cut off in the middle of a word.
    pub(crate) fn is_to_leave(&mut self) -> Leaving {
        if !self.is_saying() {
            return Leaving::Now;
        }
        self.afterwards = Afterwards::Leaves;
        Leaving::OnceSaid
    }

    /// He stays after all, and hears what comes next.
    pub(crate) fn stays(&mut self, steps: &mut Vec<Step>) {
        self.afterwards = Afterwards::GoesOn;
        self.played(self.token, steps);
    }

    fn is_saying(&self) -> bool {
        matches!(
            self.stage,
            Stage::Welcome
                | Stage::Message
                | Stage::Introducing
                | Stage::AskingPlace
                | Stage::Prospect
                | Stage::Offer
                | Stage::Aside
        )
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
            return self.all_said(steps);
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

    /// Whether he has a place that is to be said and can be.
    fn has_place_to_say(&self, prospect: Prospect) -> bool {
        prospect.place.is_some_and(|place| {
            self.is_worth_saying(place) && speech::number(self.settings.language, place).is_some()
        })
    }

    /// His place, after its introduction.
    fn place_to_say(&mut self, prospect: Prospect) -> Vec<PromptId> {
        self.place_last_said = prospect.place;
        let place = prospect.place;
        let number = place.and_then(|place| speech::number(self.settings.language, place));
        number.unwrap_or_default()
    }

    /// How long it may take. Where that is all that would be said, it is not said twice in a row.
    fn wait_to_say(&mut self, prospect: Prospect, said: Said) -> Vec<PromptId> {
        let wait = match self.settings.wait {
            WaitSaid::Never => None,
            WaitSaid::Average => prospect.average,
            WaitSaid::Expected => prospect.expected,
        };
        let wait = wait.and_then(|wait| speech::minutes(self.settings.language, minutes(wait)));
        let again = wait.is_some() && wait == self.wait_last_said;
        let Some(wait) = wait.filter(|_| !(said == Said::Alone && again)) else {
            return Vec::new();
        };
        self.wait_last_said = Some(wait.clone());
        let mut prompts = vec![self.settings.wait_intro.clone()];
        prompts.extend(wait);
        prompts
    }

    fn say_prospect(&mut self, prompts: Vec<PromptId>, steps: &mut Vec<Step>) {
        if prompts.is_empty() {
            return self.all_said(steps);
        }
        // Nothing but silence where more may follow at once.
        let then = match self.announcement {
            Some(_) => Then::Silence,
            None => Then::Music(self.settings.music.clone()),
        };
        self.play(Stage::Prospect, prompts, then, steps);
    }

    /// All has been said but that he may be called back, where he may.
    fn all_said(&mut self, steps: &mut Vec<Step>) {
        if self.announcement.is_none() {
            return self.music(steps);
        }
        self.stage = Stage::AskingOffer;
        steps.push(Step::AskOffer);
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
        self.message_last_said = prompts.last().cloned();
        self.play(stage, prompts, Then::Silence, steps);
    }

    fn play(&mut self, stage: Stage, prompts: Vec<PromptId>, then: Then, steps: &mut Vec<Step>) {
        self.token += 1;
        self.stage = stage;
        steps.push(Step::Play(Playlist {
            token: self.token,
            prompts,
            then,
        }));
    }

    fn music(&mut self, steps: &mut Vec<Step>) {
        // After what is said last the music has started by itself.
        if matches!(self.stage, Stage::Prospect | Stage::Offer) {
            self.stage = Stage::Music;
        } else {
            let music = Then::Music(self.settings.music.clone());
            self.play(Stage::Music, Vec::new(), music, steps);
        }
        let speaks = self.says_prospect() || self.announcement.is_some();
        if !self.settings.repeated.is_empty() || speaks {
            steps.push(Step::WaitForRepeat(self.settings.repeat_every));
        }
    }
}

/// Whole minutes, rounded up; less than one is none, and said so.
fn minutes(wait: Duration) -> u32 {
    const MINUTE: Duration = Duration::from_secs(60);
    if wait < MINUTE {
        return 0;
    }
    let begun = wait.as_micros().div_ceil(MINUTE.as_micros());
    u32::try_from(begun).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
