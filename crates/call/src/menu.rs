//! A caller choosing in a menu, as data: what he hears, which keys he has pressed, how long we wait for the next.
//! Says where he goes; going there is not its matter.

use crate::settings::{Choice, Destination, Listening, Menu};
use base::BoundedVec;
use media_core::{Playlist, PromptId, Then};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Keys kept of a caller who presses them before anybody asks. Longer than an extension that he knows by heart,
/// short enough that a stuck key is no burden.
pub(crate) const KEYS_MAX: usize = 16;

/// Keys pressed and not acted on yet.
pub(crate) type Keys = BoundedVec<char, KEYS_MAX>;

/// How long we wait for the next digit of an extension: as long as a person needs to look it up on paper.
const NEXT_DIGIT_WITHIN: Duration = Duration::from_secs(3);

/// Something the menu wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Let the caller hear this.
    Play(Playlist),
    /// Come back with [`Choosing::waited`] after this time, unless told otherwise before.
    Wait(Duration),
    /// That is not needed any more.
    StopWaiting,
    /// He goes there.
    Go(Destination),
    /// He goes to whoever has this internal number.
    Dial(Box<str>),
    /// He has chosen nothing and goes nowhere: the call ends.
    GiveUp,
}

/// What the digits so far are among the internal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialling {
    /// Somebody has exactly that number.
    pub(crate) is_whole: bool,
    /// Somebody has a longer one that starts so.
    pub(crate) is_start: bool,
}

impl Dialling {
    pub(crate) const NOTHING: Dialling = Dialling {
        is_whole: false,
        is_start: false,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// The prompt is heard.
    Prompt,
    /// It has been heard, and no key was pressed.
    Waiting,
    /// The first digits of an extension have come.
    Typing,
    Over,
}

/// Where a caller is in a menu.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Choosing {
    menu: Menu,
    stage: Stage,
    /// Token of the newest playlist: news of older ones is old news.
    token: u32,
    tries_left: u8,
    typed: Keys,
}

impl Choosing {
    /// `token` is one below the first that it uses.
    pub(crate) fn new(menu: Menu, token: u32) -> Choosing {
        Choosing {
            stage: Stage::Prompt,
            token,
            tries_left: menu.tries,
            typed: Keys::new(),
            menu,
        }
    }

    /// The caller can hear us.
    pub(crate) fn start(&mut self, steps: &mut Vec<Step>) {
        self.say(None, steps);
    }

    /// A key was pressed. It cuts the prompt off, unless the menu wants to be heard first.
    pub(crate) fn key(
        &mut self,
        key: char,
        dial: impl Fn(&str) -> Dialling,
        steps: &mut Vec<Step>,
    ) {
        if self.stage == Stage::Over || self.typed.push(key).is_err() {
            return;
        }
        if self.stage == Stage::Prompt {
            if self.menu.listening == Listening::AfterPrompt {
                return;
            }
            self.cut_off(steps);
        }
        self.look(dial, steps);
    }

    /// A playlist is through.
    pub(crate) fn played(
        &mut self,
        token: u32,
        dial: impl Fn(&str) -> Dialling,
        steps: &mut Vec<Step>,
    ) {
        if token != self.token || self.stage != Stage::Prompt {
            return;
        }
        self.stage = Stage::Waiting;
        if self.typed.is_empty() {
            steps.push(Step::Wait(self.menu.timeout));
            return;
        }
        // What was pressed meanwhile, key by key: the first that decides is the last that counts.
        for key in std::mem::take(&mut self.typed).iter() {
            if matches!(self.stage, Stage::Waiting | Stage::Typing) {
                self.key(*key, &dial, steps);
            }
        }
    }

    /// The newest playlist is through, though nobody said so.
    pub(crate) fn played_unnoticed(
        &mut self,
        dial: impl Fn(&str) -> Dialling,
        steps: &mut Vec<Step>,
    ) {
        self.played(self.token, dial, steps);
    }

    /// The time asked for by [`Step::Wait`] has passed.
    pub(crate) fn waited(&mut self, dial: impl Fn(&str) -> Dialling, steps: &mut Vec<Step>) {
        match self.stage {
            Stage::Waiting => {
                let then = self.menu.on_timeout.clone();
                self.try_again(None, then, steps);
            }
            Stage::Typing => self.decide(dial, steps),
            Stage::Prompt | Stage::Over => {}
        }
    }

    /// What the keys so far mean, if that is certain.
    fn look(&mut self, dial: impl Fn(&str) -> Dialling, steps: &mut Vec<Step>) {
        // RFC-less habit of telephones: # says that the number is whole.
        if self.typed.len() > 1 && self.typed.last() == Some(&'#') {
            self.typed.remove(self.typed.len() - 1);
            return self.decide(dial, steps);
        }
        let dialling = self.dialling(&dial);
        if dialling.is_start {
            self.stage = Stage::Typing;
            steps.push(Step::Wait(NEXT_DIGIT_WITHIN));
            return;
        }
        self.decide(dial, steps);
    }

    /// The keys so far are all that come.
    fn decide(&mut self, dial: impl Fn(&str) -> Dialling, steps: &mut Vec<Step>) {
        let choice = match self.typed[..] {
            [key] => self.menu.keys.get(&key).cloned(),
            _ => None,
        };
        let whole = self.dialling(dial).is_whole;
        let typed: String = std::mem::take(&mut self.typed).iter().collect();
        match choice {
            Some(Choice::To(destination)) => self.over(Step::Go(destination), steps),
            Some(Choice::Again) => {
                steps.push(Step::StopWaiting);
                self.say(None, steps);
            }
            None if whole => self.over(Step::Dial(typed.into()), steps),
            None => {
                let invalid = self.menu.invalid.clone();
                self.try_again(invalid, None, steps);
            }
        }
    }

    fn dialling(&self, dial: impl Fn(&str) -> Dialling) -> Dialling {
        if !self.menu.takes_extensions {
            return Dialling::NOTHING;
        }
        let typed: String = self.typed.iter().collect();
        dial(&typed)
    }

    /// Once more from the start, or the end of it.
    fn try_again(
        &mut self,
        first: Option<PromptId>,
        then: Option<Destination>,
        steps: &mut Vec<Step>,
    ) {
        steps.push(Step::StopWaiting);
        self.tries_left = self.tries_left.saturating_sub(1);
        if self.tries_left > 0 {
            return self.say(first, steps);
        }
        match then.or_else(|| self.menu.otherwise.clone()) {
            Some(destination) => self.over(Step::Go(destination), steps),
            None => self.over(Step::GiveUp, steps),
        }
    }

    fn over(&mut self, last: Step, steps: &mut Vec<Step>) {
        self.stage = Stage::Over;
        steps.push(Step::StopWaiting);
        steps.push(last);
    }

    fn say(&mut self, first: Option<PromptId>, steps: &mut Vec<Step>) {
        self.stage = Stage::Prompt;
        self.play(
            first
                .into_iter()
                .chain([self.menu.prompt.clone()])
                .collect(),
            steps,
        );
    }

    fn cut_off(&mut self, steps: &mut Vec<Step>) {
        self.stage = Stage::Waiting;
        self.play(Vec::new(), steps);
    }

    fn play(&mut self, prompts: Vec<PromptId>, steps: &mut Vec<Step>) {
        self.token += 1;
        steps.push(Step::Play(Playlist {
            token: self.token,
            prompts,
            then: Then::Silence,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{OrgId, QueueId};
    use std::collections::BTreeMap;

    fn to(name: &str) -> Destination {
        Destination::Queue(QueueId::new(&OrgId::new("demo").unwrap(), name).unwrap())
    }

    fn menu() -> Menu {
        Menu {
            prompt: PromptId::new("menu"),
            keys: BTreeMap::from([
                ('1', Choice::To(to("one"))),
                ('2', Choice::To(to("two"))),
                ('9', Choice::Again),
            ]),
            timeout: Duration::from_secs(5),
            on_timeout: None,
            invalid: Some(PromptId::new("invalid")),
            tries: 3,
            otherwise: None,
            listening: Listening::WhilePrompt,
            takes_extensions: false,
        }
    }

    /// Internal numbers 101, 102 and 10.
    fn dial(typed: &str) -> Dialling {
        let numbers = ["101", "102", "10"];
        Dialling {
            is_whole: numbers.contains(&typed),
            is_start: numbers
                .iter()
                .any(|number| number.len() > typed.len() && number.starts_with(typed)),
        }
    }

    /// Goes through a script: keys as they are, `.` for "the playlist is through", `t` for "time is up"; and writes
    /// down what is heard and done.
    fn run(menu: Menu, script: &str) -> String {
        let mut choosing = Choosing::new(menu, 0);
        let mut steps = Vec::new();
        choosing.start(&mut steps);
        for letter in script.chars() {
            match letter {
                '.' => choosing.played(choosing.token, dial, &mut steps),
                't' => choosing.waited(dial, &mut steps),
                key => choosing.key(key, dial, &mut steps),
            }
        }
        let said = |step: &Step| match step {
            Step::Play(list) if list.prompts.is_empty() => Some("hush".to_owned()),
            Step::Play(list) => {
                let names = list.prompts.iter().map(PromptId::as_str);
                Some(names.collect::<Vec<_>>().join("+"))
            }
            Step::Wait(time) => Some(format!("wait {}", time.as_secs())),
            Step::StopWaiting => None,
            Step::Go(Destination::Queue(queue)) => Some(format!("go {}", queue.name())),
            Step::Go(other) => Some(format!("go {other:?}")),
            Step::Dial(number) => Some(format!("dial {number}")),
            Step::GiveUp => Some("give up".to_owned()),
        };
        steps.iter().filter_map(said).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_a_caller_does_and_what_comes_of_it() {
        for (script, expected) in [
            // A key during the prompt cuts it off; after it there is time.
            ("1", "menu, hush, go one"),
            (".2", "menu, wait 5, go two"),
            // Again, as often as he likes.
            (".9.1", "menu, wait 5, menu, wait 5, go one"),
            // Nothing pressed, three times.
            (
                ".t.t.t",
                "menu, wait 5, menu, wait 5, menu, wait 5, give up",
            ),
            // No such choice, three times; the fourth key means nothing any more.
            (
                "7778",
                "menu, hush, invalid+menu, hush, invalid+menu, hush, give up",
            ),
            // Both count together.
            (
                ".t3.t",
                "menu, wait 5, menu, hush, invalid+menu, wait 5, give up",
            ),
            // Nothing follows a choice.
            ("12.t", "menu, hush, go one"),
            // News of a prompt that was cut off is none; time that is up while it plays neither.
            ("t.1", "menu, wait 5, go one"),
        ] {
            assert_eq!(run(menu(), script), expected, "{script}");
        }
    }

    #[test]
    fn who_chooses_nothing_goes_where_the_menu_says() {
        let leads = || Menu {
            on_timeout: Some(to("late")),
            otherwise: Some(to("else")),
            tries: 1,
            ..menu()
        };
        assert_eq!(run(leads(), ".t"), "menu, wait 5, go late");
        assert_eq!(run(leads(), "*"), "menu, hush, go else");
        let otherwise = Menu {
            on_timeout: None,
            ..leads()
        };
        assert_eq!(run(otherwise, ".t"), "menu, wait 5, go else");
    }

    #[test]
    fn a_menu_that_is_to_be_heard_first_keeps_the_keys_until_then() {
        let patient = || Menu {
            listening: Listening::AfterPrompt,
            ..menu()
        };
        assert_eq!(run(patient(), "1"), "menu");
        assert_eq!(run(patient(), "12."), "menu, go one");
        assert_eq!(
            run(patient(), "71."),
            "menu, invalid+menu",
            "what follows a mistake is lost"
        );
    }

    #[test]
    fn an_extension_is_dialled_when_it_is_whole_or_nothing_follows() {
        let open = || Menu {
            takes_extensions: true,
            ..menu()
        };
        for (script, expected) in [
            ("101", "menu, hush, wait 3, wait 3, dial 101"),
            ("10t", "menu, hush, wait 3, wait 3, dial 10"),
            ("10#", "menu, hush, wait 3, wait 3, dial 10"),
            // One alone is a choice, but only once nothing follows.
            ("1t", "menu, hush, wait 3, go one"),
            ("1#", "menu, hush, wait 3, go one"),
            ("2", "menu, hush, go two"),
            ("19", "menu, hush, wait 3, invalid+menu"),
        ] {
            assert_eq!(run(open(), script), expected, "{script}");
        }
    }

    #[test]
    fn a_stuck_key_fills_no_memory() {
        let patient = Menu {
            listening: Listening::AfterPrompt,
            ..menu()
        };
        let mut choosing = Choosing::new(patient, 0);
        let mut steps = Vec::new();
        choosing.start(&mut steps);
        for _ in 0..1_000 {
            choosing.key('1', dial, &mut steps);
        }
        assert_eq!(choosing.typed.len(), KEYS_MAX);
    }
}
