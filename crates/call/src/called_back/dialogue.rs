//! The machine itself.

use super::{Asking, Choice, Promised, PromisedState, Step};
use crate::speech;
use callback::{
    Asks, CUSTOMER_DIGITS_MAX, CustomerInput, CustomerNumber, Given, Number, Personnummer, Wish,
};
use media_core::{Playlist, PromptId, Then};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// How often he may key nothing, or something wrong, before he is left to wait in peace.
const TRIES: u8 = 3;
/// How long he has for the next key.
const KEY_WITHIN: Duration = Duration::from_secs(10);
/// What is asked for and not answered in this time, is not to be had. Longer than storage has for a promise, so that nobody
/// is told that it is none and is called all the same.
const ANSWER_WITHIN: Duration = callback::PROMISE_WITHIN.saturating_add(Duration::from_secs(5));
/// Ends what is keyed.
const END: char = '#';
/// One question back.
const BACK: char = '*';
/// The same question again.
const AGAIN: char = '9';
/// Back to the queue.
const LEAVE: char = '0';
/// Digits that are kept of what he keys: more than any number has are wrong anyhow.
const KEYED_MAX: usize = CUSTOMER_DIGITS_MAX + 1;

/// Whether he has a place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// It is kept for him.
    Kept,
    /// He does not wait there: it is closed, or takes him in no more.
    None,
}

/// What he has answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// The number to call.
    pub number: Number,
    /// Where that came from.
    pub given: Given,
    /// When.
    pub wish: Wish,
    /// Who he is.
    pub input: Option<CustomerInput>,
}

/// What came of what was to be promised, moved or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settled {
    /// It is stored.
    Yes,
    /// The number has a promise already, which stands.
    Already,
    /// The time has no room any more.
    Taken,
    /// An agent was quicker.
    Held,
    /// It could not be done.
    No,
}

/// Where he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// The times are asked for.
    Asking,
    /// He has a promise, and hears of it.
    Existing,
    /// He chooses a time.
    Times,
    /// A place is asked for.
    Reserving,
    /// He hears the number that was shown.
    Shown,
    /// He keys another.
    KeyNumber,
    /// That is being checked.
    Checking,
    /// He hears it.
    Keyed,
    /// He keys who he is.
    Input,
    /// He hears it all.
    Summary,
    /// It is being stored.
    Accepting,
    /// It is being taken back.
    Cancelling,
    /// The last thing is said before he waits on.
    Returning,
    /// The last thing is said.
    Parting,
    Over,
}

/// What becomes of his answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Purpose {
    New,
    Move,
}

/// Digits, which may be those of a personal identity number: no log shows them.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Keyed(String);

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyed({} digits)", self.0.len())
    }
}

/// How far a caller has come who wants to be called back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialogue {
    asking: Asking,
    place: Place,
    /// His number, if it is shown.
    shown: Option<Number>,
    stage: Stage,
    purpose: Purpose,
    /// Of the newest playlist: news of older ones is old news.
    token: u32,
    /// Since he was last asked.
    keyed: Keyed,
    tries_left: u8,
    choices: Vec<Choice>,
    promised: Option<Promised>,
    chosen: Option<Choice>,
    number: Option<(Number, Given)>,
    input: Option<CustomerInput>,
}

impl Dialogue {
    /// `token` is one below the first that it uses.
    pub fn new(asking: Asking, place: Place, shown: Option<Number>, token: u32) -> Dialogue {
        Dialogue {
            asking,
            place,
            number: shown.clone().map(|number| (number, Given::Shown)),
            shown,
            stage: Stage::Asking,
            purpose: Purpose::New,
            token,
            keyed: Keyed::default(),
            tries_left: TRIES,
            choices: Vec::new(),
            promised: None,
            chosen: None,
            input: None,
        }
    }

    /// He pressed the key for it.
    pub fn start(&mut self, steps: &mut Vec<Step>) {
        self.ask_choices(steps);
    }

    /// He pressed the key for it, and it can't be had now.
    pub fn cannot_be_had(&mut self, steps: &mut Vec<Step>) {
        self.refuse(steps);
    }

    /// He has had time enough for all of it: true once he is on his way back, or out.
    pub fn has_had_his_time(&mut self, steps: &mut Vec<Step>) -> bool {
        if self.stage.is_question() {
            self.leave(steps);
        }
        matches!(self.stage, Stage::Returning | Stage::Parting | Stage::Over)
    }

    /// What is known of one who hangs up before he has accepted: his number, and what he keyed of himself.
    pub fn begun(&self) -> Option<(&Number, Given, Option<&CustomerInput>)> {
        if !self.stage.is_question() && !matches!(self.stage, Stage::Reserving | Stage::Checking) {
            return None;
        }
        let (number, given) = self.number.as_ref()?;
        Some((number, *given, self.input.as_ref()))
    }

    /// Of the newest playlist.
    pub fn token(&self) -> u32 {
        self.token
    }

    /// A playlist is through.
    pub fn played(&mut self, token: u32, steps: &mut Vec<Step>) {
        if token != self.token {
            return;
        }
        match self.stage {
            Stage::Returning => {
                self.stage = Stage::Over;
                steps.push(Step::BackToQueue);
            }
            Stage::Parting => {
                self.stage = Stage::Over;
                steps.push(Step::End);
            }
            stage if stage.is_question() => steps.push(Step::Wait(KEY_WITHIN)),
            _ => {}
        }
    }

    /// The times that have room, and what the number was promised.
    pub fn choices(
        &mut self,
        choices: Vec<Choice>,
        promised: Option<Promised>,
        steps: &mut Vec<Step>,
    ) {
        if self.stage != Stage::Asking {
            return;
        }
        steps.push(Step::StopWaiting);
        self.choices = choices;
        self.promised = promised.filter(|_| self.is_his_own_number());
        match (&self.promised, self.purpose) {
            (Some(promised), Purpose::New) if promised.state == PromisedState::Held => {
                self.part(vec![self.asking.prompts.held.clone()], steps);
            }
            (Some(_), Purpose::New) => self.ask(Stage::Existing, None, steps),
            // Who was asked for another number has his time already.
            _ if self.chosen.is_some() => self.after_number(steps),
            _ => self.times(None, steps),
        }
    }

    /// What was promised to a number is told to whoever calls from it, and he alone changes it: whoever keys another's number
    /// learns nothing of it.
    fn is_his_own_number(&self) -> bool {
        match &self.number {
            Some((number, Given::Keyed)) => self.shown.as_ref() == Some(number),
            _ => true,
        }
    }

    /// Whether a place is held for him.
    pub fn reserved(&mut self, settled: Settled, steps: &mut Vec<Step>) {
        if self.stage != Stage::Reserving {
            return;
        }
        steps.push(Step::StopWaiting);
        match settled {
            Settled::Yes => self.after_time(steps),
            Settled::Already | Settled::Taken | Settled::Held | Settled::No => {
                self.choose_anew(steps);
            }
        }
    }

    /// The number that he keyed, if it may be called.
    pub fn checked(&mut self, number: Option<Number>, steps: &mut Vec<Step>) {
        if self.stage != Stage::Checking {
            return;
        }
        steps.push(Step::StopWaiting);
        self.stage = Stage::KeyNumber;
        match number {
            Some(number) => {
                self.number = Some((number, Given::Keyed));
                self.ask(Stage::Keyed, None, steps);
            }
            None => self.again(Some(self.asking.prompts.bad_number.clone()), steps),
        }
    }

    /// What came of [`Step::Accept`], [`Step::Move`] and [`Step::Cancel`].
    pub fn settled(&mut self, settled: Settled, steps: &mut Vec<Step>) {
        let prompts = &self.asking.prompts;
        let (accepted, cancelled) = (prompts.accepted.clone(), prompts.cancelled.clone());
        if !matches!(self.stage, Stage::Accepting | Stage::Cancelling) {
            return;
        }
        steps.push(Step::StopWaiting);
        match (self.stage, settled) {
            // Somebody will call that number, as was asked for.
            (Stage::Accepting, Settled::Yes | Settled::Already) => {
                steps.push(Step::Left);
                self.part(vec![accepted], steps);
            }
            (_, Settled::Yes) => self.go_back(Some(cancelled), steps),
            (_, Settled::Taken) => self.choose_anew(steps),
            // An agent has it, or has still to say what came of his call.
            (_, Settled::Held | Settled::Already | Settled::No) => self.refuse(steps),
        }
    }

    /// He pressed a key.
    pub fn key(&mut self, key: char, steps: &mut Vec<Step>) {
        if !self.stage.is_question() {
            return;
        }
        match (self.stage, key) {
            (_, BACK) => self.back(steps),
            (Stage::KeyNumber | Stage::Input, END) => self.keyed_all(steps),
            (Stage::KeyNumber | Stage::Input, '0'..='9') => self.digit(key, steps),
            (_, LEAVE) => self.leave(steps),
            (_, AGAIN) => self.ask(self.stage, None, steps),
            (Stage::Times, '1'..='8') => self.choose(key, steps),
            (Stage::Shown | Stage::Keyed, '1') => self.number_is_right(steps),
            (Stage::Shown | Stage::Keyed, '2') => self.ask_fresh(Stage::KeyNumber, steps),
            (Stage::Summary, '1') => self.accept(steps),
            (Stage::Summary, '2') => self.change(steps),
            (Stage::Existing, '1') => self.part(vec![self.asking.prompts.kept.clone()], steps),
            (Stage::Existing, '2') => {
                self.purpose = Purpose::Move;
                self.chosen = None;
                self.times(None, steps);
            }
            (Stage::Existing, '3') => self.cancel(steps),
            _ => self.again(Some(self.asking.prompts.wrong_key.clone()), steps),
        }
    }

    /// The time asked for by [`Step::Wait`] has passed.
    pub fn waited(&mut self, steps: &mut Vec<Step>) {
        match self.stage {
            Stage::KeyNumber | Stage::Input if !self.keyed.0.is_empty() => self.keyed_all(steps),
            stage if stage.is_question() => self.again(None, steps),
            Stage::Asking
            | Stage::Reserving
            | Stage::Checking
            | Stage::Accepting
            | Stage::Cancelling => self.refuse(steps),
            _ => {}
        }
    }

    fn digit(&mut self, key: char, steps: &mut Vec<Step>) {
        if self.keyed.0.is_empty() {
            // He knows what is asked.
            self.say(Vec::new(), steps);
        }
        if self.keyed.0.len() < KEYED_MAX {
            self.keyed.0.push(key);
        }
        steps.push(Step::Wait(KEY_WITHIN));
    }

    fn keyed_all(&mut self, steps: &mut Vec<Step>) {
        let keyed = std::mem::take(&mut self.keyed.0);
        if self.stage == Stage::KeyNumber {
            if keyed.is_empty() {
                return self.again(None, steps);
            }
            return self.wait_for(Stage::Checking, Step::CheckNumber(keyed), steps);
        }
        if keyed.is_empty() {
            self.input = None;
            return self.ask_fresh(Stage::Summary, steps);
        }
        match read(&keyed, self.asking.asks) {
            Some(input) => {
                self.input = Some(input);
                self.ask_fresh(Stage::Summary, steps);
            }
            None => self.again(Some(self.asking.prompts.bad_input.clone()), steps),
        }
    }

    fn ask_choices(&mut self, steps: &mut Vec<Step>) {
        let number = self.number.as_ref().map(|(number, _)| number.clone());
        self.wait_for(Stage::Asking, Step::AskChoices(number), steps);
    }

    /// He chooses a time; where there is one alone, that is chosen.
    fn times(&mut self, first: Option<PromptId>, steps: &mut Vec<Step>) {
        match &self.choices[..] {
            [] => self.refuse(steps),
            [only] if first.is_none() => {
                let only = only.clone();
                self.reserve(only, steps);
            }
            _ => {
                self.tries_left = TRIES;
                self.ask(Stage::Times, first, steps);
            }
        }
    }

    fn choose(&mut self, key: char, steps: &mut Vec<Step>) {
        let at = key.to_digit(10).unwrap_or(0).saturating_sub(1);
        match self.choices.get(at as usize).cloned() {
            Some(choice) => self.reserve(choice, steps),
            None => self.again(Some(self.asking.prompts.wrong_key.clone()), steps),
        }
    }

    fn reserve(&mut self, choice: Choice, steps: &mut Vec<Step>) {
        let wish = choice.wish.clone();
        self.chosen = Some(choice);
        self.wait_for(Stage::Reserving, Step::Reserve(wish), steps);
    }

    /// The time that he chose is taken: what is left is asked for anew.
    fn choose_anew(&mut self, steps: &mut Vec<Step>) {
        let taken = self.chosen.take();
        self.choices.retain(|choice| Some(choice) != taken.as_ref());
        let said = self.asking.prompts.taken.clone();
        self.times(Some(said), steps);
    }

    fn after_time(&mut self, steps: &mut Vec<Step>) {
        match (self.purpose, &self.shown) {
            // Whose number was found to have a promise has said it.
            (Purpose::Move, _) => self.after_number(steps),
            (Purpose::New, Some(shown)) => {
                self.number = Some((shown.clone(), Given::Shown));
                self.ask_fresh(Stage::Shown, steps);
            }
            (Purpose::New, None) => self.ask_fresh(Stage::KeyNumber, steps),
        }
    }

    fn number_is_right(&mut self, steps: &mut Vec<Step>) {
        match self.stage {
            // What another number was promised is not known yet.
            Stage::Keyed => self.ask_choices(steps),
            _ => self.after_number(steps),
        }
    }

    fn after_number(&mut self, steps: &mut Vec<Step>) {
        match self.asking.asks {
            Asks::Nothing => self.ask_fresh(Stage::Summary, steps),
            Asks::CustomerNumber(_) | Asks::Personnummer => self.ask_fresh(Stage::Input, steps),
        }
    }

    /// He begins again with the time.
    fn change(&mut self, steps: &mut Vec<Step>) {
        self.chosen = None;
        match self.choices.len() {
            // There is no other time, so it is the rest that he means.
            1 => self.after_time(steps),
            _ => self.times(None, steps),
        }
    }

    /// One question back.
    fn back(&mut self, steps: &mut Vec<Step>) {
        let before = match self.stage {
            Stage::Times if self.purpose == Purpose::Move => {
                self.purpose = Purpose::New;
                Stage::Existing
            }
            Stage::Existing | Stage::Times => return self.leave(steps),
            Stage::Summary if self.asking.asks != Asks::Nothing => Stage::Input,
            Stage::Summary | Stage::Input => match (&self.number, self.purpose) {
                (_, Purpose::Move) => Stage::Times,
                (Some((_, Given::Shown)), _) => Stage::Shown,
                _ => Stage::Keyed,
            },
            Stage::Keyed => Stage::KeyNumber,
            Stage::KeyNumber if self.shown.is_some() => {
                self.number = self.shown.clone().map(|number| (number, Given::Shown));
                Stage::Shown
            }
            _ => Stage::Times,
        };
        match before {
            Stage::Times if self.choices.len() < 2 => self.leave(steps),
            before => self.ask_fresh(before, steps),
        }
    }

    fn accept(&mut self, steps: &mut Vec<Step>) {
        let (Some(chosen), Some((number, given))) = (&self.chosen, &self.number) else {
            return self.refuse(steps);
        };
        let answers = Box::new(Answers {
            number: number.clone(),
            given: *given,
            wish: chosen.wish.clone(),
            input: self.input.clone(),
        });
        let step = match self.purpose {
            Purpose::New => Step::Accept(answers),
            Purpose::Move => Step::Move(answers),
        };
        self.wait_for(Stage::Accepting, step, steps);
    }

    fn cancel(&mut self, steps: &mut Vec<Step>) {
        match self.number.clone() {
            Some((number, _)) => self.wait_for(Stage::Cancelling, Step::Cancel(number), steps),
            None => self.refuse(steps),
        }
    }

    /// The same once more, a few times.
    fn again(&mut self, first: Option<PromptId>, steps: &mut Vec<Step>) {
        self.tries_left -= 1;
        match self.tries_left {
            0 => self.leave(steps),
            _ => self.ask(self.stage, first, steps),
        }
    }

    fn ask_fresh(&mut self, stage: Stage, steps: &mut Vec<Step>) {
        self.tries_left = TRIES;
        self.ask(stage, None, steps);
    }

    fn ask(&mut self, stage: Stage, first: Option<PromptId>, steps: &mut Vec<Step>) {
        self.stage = stage;
        self.keyed.0.clear();
        steps.push(Step::StopWaiting);
        let mut words: Vec<PromptId> = first.into_iter().collect();
        words.extend(self.question());
        self.say(words, steps);
    }

    /// What he hears where he is.
    fn question(&self) -> Vec<PromptId> {
        let prompts = &self.asking.prompts;
        let again = prompts.again.clone();
        let chosen = self.chosen.iter().flat_map(|choice| choice.words.clone());
        match self.stage {
            Stage::Times => {
                let mut words = vec![prompts.times.clone()];
                for (choice, press) in self.choices.iter().zip(&prompts.press) {
                    words.extend(choice.words.iter().cloned());
                    words.push(press.clone());
                }
                words.push(again);
                words
            }
            Stage::Shown | Stage::Keyed => {
                let mut words = vec![prompts.on_number.clone()];
                words.extend(self.spoken_number());
                words.extend([prompts.number_choices.clone(), again]);
                words
            }
            Stage::KeyNumber => vec![prompts.key_number.clone()],
            Stage::Input => vec![match self.asking.asks {
                Asks::Personnummer => prompts.key_personnummer.clone(),
                Asks::CustomerNumber(_) | Asks::Nothing => prompts.key_customer.clone(),
            }],
            Stage::Summary => {
                let mut words = vec![prompts.summary.clone()];
                words.extend(chosen);
                words.push(prompts.on_number.clone());
                words.extend(self.spoken_number());
                words.extend([prompts.summary_choices.clone(), again]);
                words
            }
            Stage::Existing => {
                let promised = self.promised.iter().flat_map(|it| it.words.clone());
                let mut words = vec![prompts.existing.clone()];
                words.extend(promised);
                words.extend([prompts.existing_choices.clone(), again]);
                words
            }
            _ => Vec::new(),
        }
    }

    /// The number, digit group by digit group.
    fn spoken_number(&self) -> Vec<PromptId> {
        let number = self.number.as_ref().map(|(number, _)| number.as_str());
        let spoken = number.and_then(|number| speech::telephone(self.asking.language, number));
        spoken.unwrap_or_default()
    }

    /// Nothing is heard until there is an answer.
    fn wait_for(&mut self, stage: Stage, step: Step, steps: &mut Vec<Step>) {
        self.stage = stage;
        self.say(Vec::new(), steps);
        steps.push(Step::Wait(ANSWER_WITHIN));
        steps.push(step);
    }

    fn leave(&mut self, steps: &mut Vec<Step>) {
        self.go_back(None, steps);
    }

    fn refuse(&mut self, steps: &mut Vec<Step>) {
        let said = self.asking.prompts.refused.clone();
        self.go_back(Some(said), steps);
    }

    fn go_back(&mut self, first: Option<PromptId>, steps: &mut Vec<Step>) {
        let mut words = Vec::from_iter(first);
        if self.place == Place::Kept {
            words.push(self.asking.prompts.place_kept.clone());
        }
        steps.push(Step::StopWaiting);
        let nothing_to_say = words.is_empty();
        self.stage = Stage::Returning;
        self.say(words, steps);
        if nothing_to_say {
            self.stage = Stage::Over;
            steps.push(Step::BackToQueue);
        }
    }

    fn part(&mut self, words: Vec<PromptId>, steps: &mut Vec<Step>) {
        self.stage = Stage::Parting;
        steps.push(Step::StopWaiting);
        self.say(words, steps);
    }

    fn say(&mut self, prompts: Vec<PromptId>, steps: &mut Vec<Step>) {
        self.token += 1;
        steps.push(Step::Play(Playlist {
            token: self.token,
            prompts,
            then: Then::Silence,
        }));
    }
}

impl Stage {
    /// Whether a key is waited for.
    fn is_question(self) -> bool {
        matches!(
            self,
            Stage::Existing
                | Stage::Times
                | Stage::Shown
                | Stage::KeyNumber
                | Stage::Keyed
                | Stage::Input
                | Stage::Summary
        )
    }
}

/// What he keyed of himself, if it can be that.
fn read(keyed: &str, asks: Asks) -> Option<CustomerInput> {
    match asks {
        Asks::Nothing => None,
        Asks::CustomerNumber(bounds) => {
            let number = CustomerNumber::new(keyed, bounds).ok();
            number.map(CustomerInput::Customer)
        }
        Asks::Personnummer => {
            let number: Option<Personnummer> = keyed.parse().ok();
            number.map(CustomerInput::Person)
        }
    }
}
