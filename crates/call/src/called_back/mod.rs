//! A caller who waits asks to be called back instead, as data: he chooses a time, says which number, keys who he is, hears it all
//! once more and accepts. Says what is heard and what is to be asked; places, promises and the number's check are not its
//! matter. Every question can be heard again (9), gone back from (star) and left for the queue (0), where he has kept his
//! place; or, where he had none, for what would have become of him.

mod asks;
mod dialogue;
mod offer;
#[cfg(test)]
mod tests;

pub(crate) use asks::{AsksBack, Stage, Wanted};
pub use dialogue::{Answers, Dialogue, Place, Settled};
pub use offer::{Besides, CallbackOffer};

use crate::settings::Language;
use callback::{Asks, Number, Wish};
use media_core::{Playlist, PromptId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Names of the prompts that say which key a choice has.
const PRESS: [&str; callback::CHOICES_MAX] = [
    "callback-press-1",
    "callback-press-2",
    "callback-press-3",
    "callback-press-4",
    "callback-press-5",
    "callback-press-6",
    "callback-press-7",
    "callback-press-8",
];

/// What callers hear, and in which language numbers are read to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// Prompts.
    pub prompts: CallbackPrompts,
    /// Language of numbers.
    pub language: Language,
    /// What they are asked for besides.
    pub asks: Asks,
}

/// What is said to whoever wants to be called back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackPrompts {
    /// "When do you want us to call you?"
    pub times: PromptId,
    /// "As soon as we can"
    pub soon: PromptId,
    /// "until", between the two times of a window.
    pub until: PromptId,
    /// "… press one", and so on for each choice.
    pub press: [PromptId; callback::CHOICES_MAX],
    /// "To hear this again, press nine. To wait in the queue, press zero."
    pub again: PromptId,
    /// "We will call you on this number:"
    pub on_number: PromptId,
    /// "If that is right, press one. To key another number, press two."
    pub number_choices: PromptId,
    /// "Key the number with its area code, and then hash."
    pub key_number: PromptId,
    /// "That number can't be called."
    pub bad_number: PromptId,
    /// "Key your customer number, and then hash. To leave it out, press hash alone."
    pub key_customer: PromptId,
    /// "Key your personal identity number, and then hash. To leave it out, press hash alone."
    pub key_personnummer: PromptId,
    /// "One of the digits is wrong."
    pub bad_input: PromptId,
    /// "We will call you"
    pub summary: PromptId,
    /// "To accept, press one. To change something, press two."
    pub summary_choices: PromptId,
    /// "We have promised to call you already:"
    pub existing: PromptId,
    /// "To keep that, press one. To choose another time, press two. If you don't want to be called, press three."
    pub existing_choices: PromptId,
    /// "Thank you. We will call you."
    pub accepted: PromptId,
    /// "It is as it was."
    pub kept: PromptId,
    /// "We won't call you."
    pub cancelled: PromptId,
    /// "That time is taken."
    pub taken: PromptId,
    /// "An agent is about to call you."
    pub held: PromptId,
    /// "That could not be done."
    pub refused: PromptId,
    /// "You have kept your place in the queue."
    pub place_kept: PromptId,
    /// "That key does nothing here."
    pub wrong_key: PromptId,
}

impl CallbackPrompts {
    /// The standard ones, found by name; `None` where one is not there.
    pub fn named(mut prompt: impl FnMut(&str) -> Option<PromptId>) -> Option<CallbackPrompts> {
        let press = PRESS.map(&mut prompt);
        let [
            Some(one),
            Some(two),
            Some(three),
            Some(four),
            Some(five),
            Some(six),
            Some(seven),
            Some(eight),
        ] = press
        else {
            return None;
        };
        Some(CallbackPrompts {
            press: [one, two, three, four, five, six, seven, eight],
            times: prompt("callback-times")?,
            soon: prompt("callback-soon")?,
            until: prompt("callback-until")?,
            again: prompt("callback-again")?,
            on_number: prompt("callback-on-number")?,
            number_choices: prompt("callback-number-choices")?,
            key_number: prompt("callback-key-number")?,
            bad_number: prompt("callback-bad-number")?,
            key_customer: prompt("callback-key-customer")?,
            key_personnummer: prompt("callback-key-personnummer")?,
            bad_input: prompt("callback-bad-input")?,
            summary: prompt("callback-summary")?,
            summary_choices: prompt("callback-summary-choices")?,
            existing: prompt("callback-existing")?,
            existing_choices: prompt("callback-existing-choices")?,
            accepted: prompt("callback-accepted")?,
            kept: prompt("callback-kept")?,
            cancelled: prompt("callback-cancelled")?,
            taken: prompt("callback-taken")?,
            held: prompt("callback-held")?,
            refused: prompt("callback-refused")?,
            place_kept: prompt("callback-place-kept")?,
            wrong_key: prompt("callback-wrong-key")?,
        })
    }
}

/// A time that can be chosen, and how it is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Which.
    pub wish: Wish,
    /// The administrator's recording of its name, or the time as it is spoken.
    pub words: Vec<PromptId>,
}

/// What the caller has been promised before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// When, as it is said.
    pub words: Vec<PromptId>,
    /// Whether it can still be changed.
    pub state: PromisedState,
}

/// Whether a promise can still be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PromisedState {
    /// It can.
    Open,
    /// An agent has it, and is about to call.
    Held,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Let him hear this.
    Play(Playlist),
    /// Come back with [`Dialogue::waited`] after this time, unless told otherwise before.
    Wait(Duration),
    /// That is not needed any more.
    StopWaiting,
    /// Come back with [`Dialogue::choices`]: the times, and what this number was promised.
    AskChoices(Option<Number>),
    /// Hold a place, and come back with [`Dialogue::reserved`].
    Reserve(Wish),
    /// Come back with [`Dialogue::checked`]: the number that these digits mean, if it may be called.
    CheckNumber(String),
    /// Promise it, and come back with [`Dialogue::settled`].
    Accept(Box<Answers>),
    /// Move what this number was promised, and come back with [`Dialogue::settled`].
    Move(Box<Answers>),
    /// Take back what this number was promised, and come back with [`Dialogue::settled`].
    Cancel(Number),
    /// He waits on, in his old place, or meets what he would have met; what is held for him is given up.
    BackToQueue,
    /// He is called back: he waits no more.
    Left,
    /// The call ends: he is called back.
    End,
}
