//! Somebody records a prompt by telephone, as data: he speaks after a tone, listens, keeps it or does it again. Says what is
//! heard and what is to be done; recording and keeping are not its matter.

use media_core::{OWN_RECORDING, Playlist, PromptId, RECORDING_MAX, Then};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often he is asked before it is taken that nobody is there any more: to speak, or to choose.
const TRIES: u8 = 3;
/// How long he has to choose.
const CHOOSE_WITHIN: Duration = Duration::from_secs(10);
/// A recording should have ended long ago: the news of it was lost.
const RECORDED_WITHIN: Duration = RECORDING_MAX.saturating_add(Duration::from_secs(10));
/// A disk that takes longer than this has not kept it.
const KEPT_WITHIN: Duration = Duration::from_secs(20);

/// What an organisation's people may record by telephone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dictated {
    /// By the number that is dialled behind the code.
    pub numbers: BTreeMap<Box<str>, Recordable>,
    /// What is said meanwhile; none where there is no code for it.
    pub prompts: Option<RecordingPrompts>,
}

/// A prompt that may be recorded by telephone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recordable {
    /// Its name.
    pub name: Box<str>,
    /// What is heard under that name now, if anything is.
    pub heard: Option<PromptId>,
}

/// What is said to whoever records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingPrompts {
    /// "Speak after the tone."
    pub after_tone: PromptId,
    /// The tone.
    pub tone: PromptId,
    /// "To listen, press one …"
    pub choices: PromptId,
    /// "It is kept."
    pub kept: PromptId,
    /// "Nothing was heard."
    pub nothing: PromptId,
    /// "That could not be done."
    pub refused: PromptId,
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Let him hear this.
    Play(Playlist),
    /// Record what he says from now on.
    Record {
        /// Comes back with what was heard.
        token: u32,
    },
    /// He has said it all.
    StopRecording,
    /// Come back with [`Dictation::waited`] after this time, unless told otherwise before.
    Wait(Duration),
    /// That is not needed any more.
    StopWaiting,
    /// Keep what was recorded, and come back with [`Dictation::kept`].
    Keep,
    /// The call ends.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// He is told to speak.
    Introduced,
    Speaking,
    /// He hears what he may do, or what he said.
    Choosing,
    /// He has heard it.
    Asked,
    Keeping,
    /// The last thing is said.
    Parting,
    Over,
}

/// How far a recording has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dictation {
    /// Which prompt it becomes.
    name: Box<str>,
    prompts: RecordingPrompts,
    stage: Stage,
    /// Of the newest playlist or recording: news of older ones is old news.
    token: u32,
    tries_left: u8,
}

impl Dictation {
    /// `token` is one below the first that it uses.
    pub(crate) fn new(name: Box<str>, prompts: RecordingPrompts, token: u32) -> Dictation {
        Dictation {
            name,
            prompts,
            stage: Stage::Introduced,
            token,
            tries_left: TRIES,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// He can hear us.
    pub(crate) fn start(&mut self, steps: &mut Vec<Step>) {
        self.introduce(None, steps);
    }

    /// A playlist is through.
    pub(crate) fn played(&mut self, token: u32, steps: &mut Vec<Step>) {
        if token != self.token {
            return;
        }
        match self.stage {
            Stage::Introduced => {
                self.token += 1;
                self.stage = Stage::Speaking;
                let token = self.token;
                steps.push(Step::Record { token });
                steps.push(Step::Wait(RECORDED_WITHIN));
            }
            Stage::Choosing => {
                self.stage = Stage::Asked;
                steps.push(Step::Wait(CHOOSE_WITHIN));
            }
            Stage::Parting => self.end(steps),
            Stage::Speaking | Stage::Asked | Stage::Keeping | Stage::Over => {}
        }
    }

    /// The newest playlist is through, though nobody said so.
    pub(crate) fn played_unnoticed(&mut self, steps: &mut Vec<Step>) {
        self.played(self.token, steps);
    }

    /// A recording has ended, and so much was said.
    pub(crate) fn recorded(&mut self, token: u32, length: Duration, steps: &mut Vec<Step>) {
        if token != self.token || self.stage != Stage::Speaking {
            return;
        }
        steps.push(Step::StopWaiting);
        if !length.is_zero() {
            self.tries_left = TRIES;
            return self.offer(Vec::new(), steps);
        }
        self.tries_left -= 1;
        match self.tries_left {
            0 => self.part(self.prompts.nothing.clone(), steps),
            _ => self.introduce(Some(self.prompts.nothing.clone()), steps),
        }
    }

    /// He pressed a key.
    pub(crate) fn key(&mut self, key: char, steps: &mut Vec<Step>) {
        match (self.stage, key) {
            (Stage::Speaking, '#') => steps.push(Step::StopRecording),
            (Stage::Choosing | Stage::Asked, '1'..='3') => {
                steps.push(Step::StopWaiting);
                self.tries_left = TRIES;
                match key {
                    '1' => self.offer(vec![PromptId::new(OWN_RECORDING)], steps),
                    '2' => {
                        self.stage = Stage::Keeping;
                        self.say(Vec::new(), steps);
                        steps.push(Step::Keep);
                        steps.push(Step::Wait(KEPT_WITHIN));
                    }
                    _ => self.introduce(None, steps),
                }
            }
            _ => {}
        }
    }

    /// The time asked for by [`Step::Wait`] has passed.
    pub(crate) fn waited(&mut self, steps: &mut Vec<Step>) {
        match self.stage {
            Stage::Asked => {
                self.tries_left -= 1;
                match self.tries_left {
                    0 => self.end(steps),
                    _ => self.offer(Vec::new(), steps),
                }
            }
            Stage::Speaking => self.recorded(self.token, Duration::ZERO, steps),
            Stage::Keeping => self.kept(RecordingKept::No, steps),
            Stage::Introduced | Stage::Choosing | Stage::Parting | Stage::Over => {}
        }
    }

    /// Answer to [`Step::Keep`].
    pub(crate) fn kept(&mut self, kept: RecordingKept, steps: &mut Vec<Step>) {
        if self.stage != Stage::Keeping {
            return;
        }
        steps.push(Step::StopWaiting);
        match kept {
            RecordingKept::Yes => self.part(self.prompts.kept.clone(), steps),
            RecordingKept::No => self.part(self.prompts.refused.clone(), steps),
        }
    }

    fn introduce(&mut self, first: Option<PromptId>, steps: &mut Vec<Step>) {
        self.stage = Stage::Introduced;
        let told = [self.prompts.after_tone.clone(), self.prompts.tone.clone()];
        self.say(first.into_iter().chain(told).collect(), steps);
    }

    fn offer(&mut self, mut before: Vec<PromptId>, steps: &mut Vec<Step>) {
        self.stage = Stage::Choosing;
        before.push(self.prompts.choices.clone());
        self.say(before, steps);
    }

    fn part(&mut self, with: PromptId, steps: &mut Vec<Step>) {
        self.stage = Stage::Parting;
        self.say(vec![with], steps);
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

/// Whether a recording is on disk and heard from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordingKept {
    /// It is.
    Yes,
    /// Nothing has changed.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompts() -> RecordingPrompts {
        RecordingPrompts {
            after_tone: PromptId::new("speak"),
            tone: PromptId::new("beep"),
            choices: PromptId::new("choices"),
            kept: PromptId::new("kept"),
            nothing: PromptId::new("nothing"),
            refused: PromptId::new("refused"),
        }
    }

    struct Speaker(Dictation);

    impl Speaker {
        fn new() -> (Speaker, String) {
            let mut speaker = Speaker(Dictation::new("welcome".into(), prompts(), 0));
            let heard = speaker.does(Dictation::start);
            (speaker, heard)
        }

        /// What comes of it, as words; saved and loaded before.
        fn does(&mut self, what: impl FnOnce(&mut Dictation, &mut Vec<Step>)) -> String {
            self.0 = postcard::from_bytes(&postcard::to_stdvec(&self.0).unwrap()).unwrap();
            let mut steps = Vec::new();
            what(&mut self.0, &mut steps);
            let words = steps.into_iter().map(|step| match step {
                Step::Play(list) => {
                    let names: Vec<&str> = list.prompts.iter().map(PromptId::as_str).collect();
                    format!("play {}", names.join("+"))
                }
                Step::Record { .. } => "record".to_owned(),
                Step::StopRecording => "stop".to_owned(),
                Step::Wait(_) => "wait".to_owned(),
                Step::StopWaiting => "no wait".to_owned(),
                Step::Keep => "keep".to_owned(),
                Step::End => "end".to_owned(),
            });
            words.collect::<Vec<_>>().join(", ")
        }

        fn played(&mut self) -> String {
            let token = self.0.token;
            self.does(|it, steps| it.played(token, steps))
        }

        fn key(&mut self, key: char) -> String {
            self.does(|it, steps| it.key(key, steps))
        }

        fn recorded(&mut self, seconds: u64) -> String {
            let token = self.0.token;
            self.does(|it, steps| it.recorded(token, Duration::from_secs(seconds), steps))
        }
    }

    #[test]
    fn he_speaks_listens_does_it_again_and_keeps_it() {
        let (mut speaker, heard) = Speaker::new();
        assert_eq!(heard, "play speak+beep");
        assert_eq!(speaker.key('2'), "", "there is nothing to keep");
        assert_eq!(speaker.played(), "record, wait");
        assert_eq!(speaker.key('1'), "", "he speaks");
        assert_eq!(speaker.key('#'), "stop");
        assert_eq!(speaker.recorded(3), "no wait, play choices");
        assert_eq!(speaker.key('1'), "no wait, play (recording)+choices");
        assert_eq!(speaker.played(), "wait");
        assert_eq!(speaker.key('3'), "no wait, play speak+beep");
        speaker.played();
        speaker.recorded(2);
        assert_eq!(speaker.key('2'), "no wait, play , keep, wait");
        assert_eq!(speaker.key('2'), "", "once");
        assert_eq!(
            speaker.does(|it, steps| it.kept(RecordingKept::Yes, steps)),
            "no wait, play kept"
        );
        assert_eq!(speaker.played(), "end");
    }

    #[test]
    fn he_is_told_where_it_could_not_be_kept() {
        let (mut speaker, _) = Speaker::new();
        speaker.played();
        speaker.recorded(1);
        speaker.key('2');
        assert_eq!(
            speaker.does(|it, steps| it.kept(RecordingKept::No, steps)),
            "no wait, play refused"
        );
        let (mut speaker, _) = Speaker::new();
        speaker.played();
        speaker.recorded(1);
        speaker.key('2');
        assert_eq!(speaker.does(Dictation::waited), "no wait, play refused");
    }

    #[test]
    fn who_says_nothing_is_asked_again_and_then_left() {
        let (mut speaker, _) = Speaker::new();
        for _ in 0..2 {
            speaker.played();
            assert_eq!(speaker.recorded(0), "no wait, play nothing+speak+beep");
        }
        speaker.played();
        assert_eq!(speaker.does(Dictation::waited), "no wait, play nothing");
        assert_eq!(speaker.played(), "end");
    }

    #[test]
    fn who_chooses_nothing_is_asked_again_and_then_left() {
        let (mut speaker, _) = Speaker::new();
        speaker.played();
        speaker.recorded(1);
        for expected in ["play choices", "play choices", "end"] {
            speaker.played();
            assert_eq!(speaker.does(Dictation::waited), expected);
        }
    }

    #[test]
    fn old_news_means_nothing() {
        let (mut speaker, _) = Speaker::new();
        let old = speaker.0.token - 1;
        assert_eq!(speaker.does(|it, steps| it.played(old, steps)), "");
        speaker.played();
        let token = speaker.0.token - 1;
        let second = Duration::from_secs(1);
        assert_eq!(
            speaker.does(|it, steps| it.recorded(token, second, steps)),
            ""
        );
        assert_eq!(
            speaker.does(|it, steps| it.kept(RecordingKept::Yes, steps)),
            ""
        );
    }
}
