//! Somebody closes his queues for a while by telephone, or ends that, as data: he keys a code, chooses what is to be done, and
//! hears what came of it. Says what is heard and what is to be done; who may, and the doing, are not its matter.

use crate::settings::Language;
use base::{QueueId, Time, UserId};
use media_core::{Playlist, PromptId, Then};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How often he may key a wrong code, or nothing.
const TRIES: u8 = 3;
/// How long he has for the next key.
const KEY_WITHIN: Duration = Duration::from_secs(10);
/// Storage that takes longer than this has promised nothing.
const DONE_WITHIN: Duration = Duration::from_secs(20);
/// Ends what is keyed.
const END: char = '#';
/// Digits that are kept of what he keys: more than the longest code has are wrong anyhow.
const KEYED_MAX: usize = PIN_DIGITS_MAX + 1;
/// Longest time by telephone, a week: what is to last longer is better written down.
pub const HOURS_MAX: u16 = 168;

/// Fewest digits of a code. A million codes, [`WRONG_MAX`] of which somebody may try in [`WRONG_FOR`] in each of the shards
/// that his calls come to: half a year of trying all the time to have an even chance.
pub const PIN_DIGITS_MIN: usize = 6;
/// Most digits of a code: more can't be remembered.
pub const PIN_DIGITS_MAX: usize = 12;

/// Wrong codes of one person before he is asked for none for a while.
const WRONG_MAX: u8 = 5;
/// For how long his wrong codes count.
const WRONG_FOR: Duration = Duration::from_secs(3_600);

/// Who keyed wrong codes lately: only people with an account are asked for one, so there are no more of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrongCodes(BTreeMap<UserId, (u8, Time)>);

impl WrongCodes {
    /// He keyed one more.
    pub(crate) fn count(&mut self, now: Time, user: &UserId) {
        self.0.retain(|_, (_, until)| *until > now);
        let (count, until) = self.0.entry(user.clone()).or_insert((0, now));
        *count = count.saturating_add(1);
        *until = now + WRONG_FOR;
    }

    /// Whether he has keyed so many that he may key no more for now.
    pub(crate) fn are_too_many(&self, now: Time, user: &UserId) -> bool {
        let his = self.0.get(user);
        his.is_some_and(|(count, until)| *count >= WRONG_MAX && *until > now)
    }
}

/// The code that lets somebody close queues. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Box<str>);

impl Pin {
    /// The code that these digits make, where there are neither too few nor too many.
    pub fn new(digits: &str) -> Option<Pin> {
        let fine = (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        fine.then(|| Pin(digits.into()))
    }

    /// Whether somebody keyed it.
    pub(crate) fn is(&self, keyed: &str) -> bool {
        *self.0 == *keyed
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// How an organisation's people close queues by telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByPhone {
    /// What they key first.
    pub pin: Pin,
    /// Which queues they close so.
    pub queues: Closable,
    /// What they hear.
    pub prompts: ClosingPrompts,
    /// Language of days and times.
    pub language: Language,
}

/// Which queues somebody closes by telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closable {
    /// The same, whoever calls.
    Group(Vec<QueueId>),
    /// Those that he works in.
    OfUser(BTreeMap<UserId, Vec<QueueId>>),
}

impl Closable {
    pub(crate) fn by(&self, user: &UserId) -> &[QueueId] {
        match self {
            Closable::Group(queues) => queues,
            Closable::OfUser(all) => all.get(user).map_or(&[], Vec::as_slice),
        }
    }
}

/// What is said to whoever closes queues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosingPrompts {
    /// "Key the code, then hash."
    pub pin: PromptId,
    /// "That code is wrong."
    pub wrong: PromptId,
    /// "For the rest of the day, press one …"
    pub choices: PromptId,
    /// "Key the number of hours, then hash."
    pub hours: PromptId,
    /// "The queues are closed for the rest of the day."
    pub closed_today: PromptId,
    /// "The queues are closed. That ends", and then when.
    pub closed_until: PromptId,
    /// "The temporary closing is ended."
    pub ended: PromptId,
    /// "Nothing is closed for the moment."
    pub nothing: PromptId,
    /// "That could not be done."
    pub refused: PromptId,
}

impl ClosingPrompts {
    /// The standard ones, found by name; `None` where one is not there.
    pub fn named(mut prompt: impl FnMut(&str) -> Option<PromptId>) -> Option<ClosingPrompts> {
        Some(ClosingPrompts {
            pin: prompt("quick-close-code")?,
            wrong: prompt("quick-close-wrong")?,
            choices: prompt("quick-close-choices")?,
            hours: prompt("quick-close-hours")?,
            closed_today: prompt("quick-close-today")?,
            closed_until: prompt("quick-close-until")?,
            ended: prompt("quick-close-ended")?,
            nothing: prompt("quick-close-nothing")?,
            refused: prompt("agent-refused")?,
        })
    }
}

/// For how long queues are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Span {
    RestOfDay,
    Hours(u16),
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Let him hear this.
    Play(Playlist),
    /// Come back with [`Closing::waited`] after this time, unless told otherwise before.
    Wait(Duration),
    /// That is not needed any more.
    StopWaiting,
    /// He keyed a wrong code.
    CountWrong,
    /// Close the queues, and come back with [`Closing::done`].
    Close(Span),
    /// End what is closed, and come back with [`Closing::done`].
    Open,
    /// The call ends.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// He keys the code.
    Pin,
    /// He chooses what is to be done.
    Choosing,
    /// He keys a number of hours.
    Hours,
    /// It is being done.
    Doing,
    /// The last thing is said.
    Parting,
    Over,
}

/// How far he has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Closing {
    prompts: ClosingPrompts,
    stage: Stage,
    /// Of the newest playlist: news of older ones is old news.
    token: u32,
    /// Since he was last asked.
    keyed: String,
    tries_left: u8,
    /// What he hears once it is done.
    promised: Vec<PromptId>,
}

impl Closing {
    /// `token` is one below the first that it uses.
    pub(crate) fn new(prompts: ClosingPrompts, token: u32) -> Closing {
        Closing {
            prompts,
            stage: Stage::Pin,
            token,
            keyed: String::new(),
            tries_left: TRIES,
            promised: Vec::new(),
        }
    }

    /// He can hear us.
    pub(crate) fn start(&mut self, steps: &mut Vec<Step>) {
        self.ask(Stage::Pin, None, steps);
    }

    /// A playlist is through.
    pub(crate) fn played(&mut self, token: u32, steps: &mut Vec<Step>) {
        if token != self.token {
            return;
        }
        match self.stage {
            Stage::Pin | Stage::Choosing | Stage::Hours => steps.push(Step::Wait(KEY_WITHIN)),
            Stage::Parting => self.end(steps),
            Stage::Doing | Stage::Over => {}
        }
    }

    /// The newest playlist is through, though nobody said so.
    pub(crate) fn played_unnoticed(&mut self, steps: &mut Vec<Step>) {
        self.played(self.token, steps);
    }

    /// He pressed a key; `pin` is the code of now.
    pub(crate) fn key(&mut self, key: char, pin: Option<&Pin>, steps: &mut Vec<Step>) {
        match (self.stage, key) {
            (Stage::Pin | Stage::Hours, END) => self.keyed_all(pin, steps),
            (Stage::Pin | Stage::Hours, '0'..='9') => {
                if self.keyed.is_empty() {
                    // He knows what is asked.
                    self.say(Vec::new(), steps);
                }
                if self.keyed.len() < KEYED_MAX {
                    self.keyed.push(key);
                }
                steps.push(Step::Wait(KEY_WITHIN));
            }
            (Stage::Choosing, '1') => self.act(Step::Close(Span::RestOfDay), steps),
            (Stage::Choosing, '2') => {
                self.tries_left = TRIES;
                self.ask(Stage::Hours, None, steps);
            }
            (Stage::Choosing, '3') => self.act(Step::Open, steps),
            _ => {}
        }
    }

    /// The time asked for by [`Step::Wait`] has passed.
    pub(crate) fn waited(&mut self, pin: Option<&Pin>, steps: &mut Vec<Step>) {
        match self.stage {
            Stage::Pin | Stage::Hours => self.keyed_all(pin, steps),
            Stage::Choosing => self.again(None, steps),
            Stage::Doing => self.done(CarriedOut::No, steps),
            Stage::Parting | Stage::Over => {}
        }
    }

    /// What he is to hear once what he asked for is done.
    pub(crate) fn promise(&mut self, words: Vec<PromptId>) {
        self.promised = words;
    }

    /// What came of [`Step::Close`] and [`Step::Open`].
    pub(crate) fn done(&mut self, done: CarriedOut, steps: &mut Vec<Step>) {
        if self.stage != Stage::Doing {
            return;
        }
        steps.push(Step::StopWaiting);
        match done {
            CarriedOut::Yes => {
                let words = std::mem::take(&mut self.promised);
                self.part(words, steps);
            }
            CarriedOut::No => self.refuse(steps),
        }
    }

    fn keyed_all(&mut self, pin: Option<&Pin>, steps: &mut Vec<Step>) {
        let keyed = std::mem::take(&mut self.keyed);
        if self.stage == Stage::Hours {
            return match keyed.parse() {
                Ok(hours) if (1..=HOURS_MAX).contains(&hours) => {
                    self.act(Step::Close(Span::Hours(hours)), steps);
                }
                _ => self.again(None, steps),
            };
        }
        if pin.is_some_and(|pin| pin.is(&keyed)) {
            self.tries_left = TRIES;
            return self.ask(Stage::Choosing, None, steps);
        }
        if keyed.is_empty() {
            return self.again(None, steps);
        }
        steps.push(Step::CountWrong);
        self.again(Some(self.prompts.wrong.clone()), steps);
    }

    /// Asks the same once more, a few times.
    fn again(&mut self, first: Option<PromptId>, steps: &mut Vec<Step>) {
        self.tries_left -= 1;
        match self.tries_left {
            0 => {
                steps.push(Step::StopWaiting);
                self.refuse(steps);
            }
            _ => self.ask(self.stage, first, steps),
        }
    }

    fn act(&mut self, step: Step, steps: &mut Vec<Step>) {
        self.stage = Stage::Doing;
        self.say(Vec::new(), steps);
        steps.push(Step::Wait(DONE_WITHIN));
        steps.push(step);
    }

    fn ask(&mut self, stage: Stage, first: Option<PromptId>, steps: &mut Vec<Step>) {
        self.stage = stage;
        self.keyed.clear();
        let asked = match stage {
            Stage::Pin => &self.prompts.pin,
            Stage::Hours => &self.prompts.hours,
            Stage::Choosing | Stage::Doing | Stage::Parting | Stage::Over => &self.prompts.choices,
        };
        let words = first.into_iter().chain([asked.clone()]).collect();
        steps.push(Step::StopWaiting);
        self.say(words, steps);
    }

    fn refuse(&mut self, steps: &mut Vec<Step>) {
        self.part(vec![self.prompts.refused.clone()], steps);
    }

    fn part(&mut self, words: Vec<PromptId>, steps: &mut Vec<Step>) {
        self.stage = Stage::Parting;
        self.say(words, steps);
    }

    fn end(&mut self, steps: &mut Vec<Step>) {
        self.stage = Stage::Over;
        steps.push(Step::End);
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

/// Whether what somebody asked for by telephone is so now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CarriedOut {
    /// It is, and will be after a restart.
    Yes,
    /// It is not, or not for sure.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Keyer(Closing);

    impl Keyer {
        fn new() -> (Keyer, String) {
            let prompts = ClosingPrompts::named(|name| {
                let short = name.rsplit('-').next().unwrap_or(name);
                Some(PromptId::new(short))
            });
            let mut keyer = Keyer(Closing::new(prompts.unwrap(), 0));
            let heard = keyer.does(Closing::start);
            (keyer, heard)
        }

        /// What comes of it, as words; saved and loaded before.
        fn does(&mut self, what: impl FnOnce(&mut Closing, &mut Vec<Step>)) -> String {
            self.0 = postcard::from_bytes(&postcard::to_stdvec(&self.0).unwrap()).unwrap();
            let mut steps = Vec::new();
            what(&mut self.0, &mut steps);
            let words = steps.into_iter().map(|step| match step {
                Step::Play(list) => {
                    let names: Vec<&str> = list.prompts.iter().map(PromptId::as_str).collect();
                    format!("play {}", names.join("+"))
                }
                Step::Wait(_) => "wait".to_owned(),
                Step::StopWaiting => "no wait".to_owned(),
                Step::CountWrong => "count".to_owned(),
                Step::Close(span) => format!("close {span:?}"),
                Step::Open => "open".to_owned(),
                Step::End => "end".to_owned(),
            });
            words.collect::<Vec<_>>().join(", ")
        }

        /// What comes of the last of these keys.
        fn keys(&mut self, keys: &str) -> String {
            let pin = Pin::new("471147");
            let mut last = String::new();
            for key in keys.chars() {
                last = self.does(|it, steps| it.key(key, pin.as_ref(), steps));
            }
            last
        }

        fn waited(&mut self) -> String {
            let pin = Pin::new("471147");
            self.does(|it, steps| it.waited(pin.as_ref(), steps))
        }

        fn played(&mut self) -> String {
            let token = self.0.token;
            self.does(|it, steps| it.played(token, steps))
        }
    }

    #[test]
    fn whoever_keys_wrong_codes_in_call_after_call_may_key_none_for_an_hour_and_others_may() {
        let (anna, bosse) = ("demo/anna".parse().unwrap(), "demo/bosse".parse().unwrap());
        let mut wrong = WrongCodes::default();
        let at = |seconds| Time::from_millis(seconds * 1_000);
        for second in 0..u64::from(WRONG_MAX) {
            assert!(!wrong.are_too_many(at(second), &anna));
            wrong.count(at(second), &anna);
        }
        assert!(wrong.are_too_many(at(3_603), &anna));
        assert!(!wrong.are_too_many(at(5), &bosse));
        assert!(!wrong.are_too_many(at(3_604), &anna));
        wrong.count(at(3_604), &bosse);
        assert_eq!(wrong.0.len(), 1, "who is over is forgotten");
    }

    #[test]
    fn who_keys_the_code_closes_for_the_day_or_for_hours_or_opens() {
        for (keys, done) in [
            ("1", "play , wait, close RestOfDay"),
            ("212#", "play , wait, close Hours(12)"),
            ("3", "play , wait, open"),
        ] {
            let (mut keyer, heard) = Keyer::new();
            assert_eq!(heard, "no wait, play code");
            assert_eq!(keyer.played(), "wait");
            assert_eq!(keyer.keys("4"), "play , wait", "he needs no more words");
            assert_eq!(keyer.keys("71147#"), "no wait, play choices");
            assert_eq!(keyer.keys(keys), done);
            assert_eq!(keyer.keys("1"), "", "once");
            keyer.0.promise(vec![PromptId::new("closed")]);
            assert_eq!(
                keyer.does(|it, steps| it.done(CarriedOut::Yes, steps)),
                "no wait, play closed"
            );
            assert_eq!(keyer.played(), "end");
        }
    }

    #[test]
    fn a_code_that_is_wrong_three_times_is_refused_and_so_is_one_where_there_is_none() {
        let (mut keyer, _) = Keyer::new();
        for _ in 0..2 {
            assert_eq!(keyer.keys("1234#"), "count, no wait, play wrong+code");
        }
        assert_eq!(keyer.keys("4711471#"), "count, no wait, play refused");
        assert_eq!(keyer.keys("471147#"), "");
        assert_eq!(keyer.played(), "end");
        let (mut keyer, _) = Keyer::new();
        assert_eq!(
            keyer.does(|it, steps| it.key('#', None, steps)),
            "no wait, play code"
        );
        keyer.does(|it, steps| it.key('4', None, steps));
        assert_eq!(
            keyer.does(|it, steps| it.waited(None, steps)),
            "count, no wait, play wrong+code"
        );
    }

    #[test]
    fn what_is_no_number_of_hours_is_asked_for_again_and_who_keys_nothing_is_left() {
        let (mut keyer, _) = Keyer::new();
        keyer.keys("471147#");
        assert_eq!(keyer.keys("2"), "no wait, play hours");
        assert_eq!(keyer.keys("0#"), "no wait, play hours");
        assert_eq!(keyer.keys("169#"), "no wait, play hours");
        assert_eq!(keyer.waited(), "no wait, play refused");
        let (mut keyer, _) = Keyer::new();
        keyer.keys("471147#");
        assert_eq!(keyer.waited(), "no wait, play choices");
        assert_eq!(keyer.waited(), "no wait, play choices");
        assert_eq!(keyer.waited(), "no wait, play refused");
    }

    #[test]
    fn who_waits_for_storage_in_vain_is_told_and_old_news_means_nothing() {
        let (mut keyer, _) = Keyer::new();
        assert_eq!(keyer.does(|it, steps| it.done(CarriedOut::Yes, steps)), "");
        keyer.keys("471147#1");
        let old = keyer.0.token - 1;
        assert_eq!(keyer.does(|it, steps| it.played(old, steps)), "");
        assert_eq!(keyer.waited(), "no wait, play refused");
        assert_eq!(keyer.does(|it, steps| it.done(CarriedOut::Yes, steps)), "");
    }

    #[test]
    fn a_code_has_four_to_twelve_digits_and_is_shown_to_nobody() {
        for wrong in ["", "123", "1234567890123", "12a4", "١٢٣٤"] {
            assert_eq!(Pin::new(wrong), None, "{wrong}");
        }
        let pin = Pin::new("471147").unwrap();
        assert_eq!(format!("{pin:?}"), "Pin(…)");
    }
}
