//! `[queues.<name>]`: who answers, in which order, and what a caller hears meanwhile. One table gives the
//! engine its settings and the call its journey.

use crate::door;
use crate::exits;
use crate::members::{self, Choice};
use crate::outward::{self, Own};
use crate::problems::Problem;
use crate::scope::{Dialled, LANGUAGES, MUSIC, Opened, Scope, open};
use crate::section::{At, Context, Entry, Section};
use crate::source::Place;
use crate::value;
use acd::{Deferral, Exits, QueueKind, QueueSettings, WEIGHT_MAX};
use base::QueueId;
use call::settings::{
    Answering, Door, Language, Offering, PickUp, PositionSaid, QueueJourney, WaitSaid,
};
use call::speech;
use media_core::PromptId;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Says that nothing is heard, in place of a prompt's name.
pub(crate) const NOTHING: &str = "none";

/// Messages in rotation at most.
const REPEATED_MAX: usize = 32;

/// Callers waiting in one queue at most, and where a queue names no number.
const WAITING_MAX: RangeInclusive<u32> = 1..=100_000;
const WAITING_MAX_DEFAULT: u32 = 100;

/// What a step of priority is worth: as long as people bear to wait for those who matter more.
const AGEING: Duration = Duration::from_secs(300);

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// What a queue weighs beside others with the same agents, and where it says nothing: lighter and heavier are both
/// to be had.
const WEIGHTS: RangeInclusive<u32> = 1..=WEIGHT_MAX as u32;
const WEIGHT_DEFAULT: u8 = 5;

const KINDS: [(&str, QueueKind); 3] = [
    ("ko", QueueKind::Ko),
    ("ko-plus", QueueKind::KoPlus),
    ("operator", QueueKind::Operator),
];
const ANSWERS: [(&str, Answering); 2] = [
    ("at-once", Answering::AtOnce),
    ("when-agent-answers", Answering::WhenAgentAnswers),
];
const OFFERS: [(&str, Offering); 2] = [
    ("during-welcome", Offering::DuringWelcome),
    ("after-welcome", Offering::AfterWelcome),
];
const POSITIONS: [(&str, PositionSaid); 3] = [
    ("never", PositionSaid::Never),
    ("always", PositionSaid::Always),
    ("when-improved", PositionSaid::WhenImproved),
];

const WAITS: [(&str, WaitSaid); 3] = [
    ("never", WaitSaid::Never),
    ("average", WaitSaid::Average),
    ("expected", WaitSaid::Expected),
];

pub(crate) struct Read {
    pub(crate) id: QueueId,
    pub(crate) extension: Option<Box<str>>,
    pub(crate) logged_in_at_start: bool,
    pub(crate) outward: Own,
    pub(crate) settings: QueueSettings,
    pub(crate) journey: QueueJourney,
    pub(crate) door: Door,
}

pub(crate) fn read(
    entry: Entry<'_>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Option<Read> {
    let (name, ..) = entry;
    let Opened {
        id,
        mut section,
        extension,
        ..
    } = open("queue", QueueId::new, entry, scope, dialled, context)?;
    let logged_in_at_start = section.take("logged_in_at_start", value::boolean, context);
    let mut settings = read_settings(&mut section, scope, context);
    let journey = read_journey(name, &mut section, scope, context);
    let mut door = door::read(&mut section, journey.language, scope, context);
    let exits = exits::read(&mut section, journey.language, scope, context);
    settings.exits = exits.exits;
    door.exits = exits.instead;
    door.keys = exits.keys;
    let outward = outward::read_own(&mut section, context);
    section.finish(context);
    Some(Read {
        id: id?,
        extension,
        logged_in_at_start: logged_in_at_start.is_some_and(|at| at.value),
        outward,
        settings,
        journey,
        door,
    })
}

fn read_settings(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> QueueSettings {
    let kind = section.take("kind", value::choice(&KINDS), context);
    let Choice {
        members,
        policy,
        asked,
    } = members::read(section, scope, context);
    let weight = section.take("weight", value::whole(WEIGHTS), context);
    let ring = section.take("ring", value::duration(SECOND..=SECOND * 300), context);
    let wrap_up = section.take("wrap_up", value::duration(Duration::ZERO..=HOUR), context);
    let waiting_max = section.take("waiting_max", value::whole(WAITING_MAX), context);
    let ageing = section.take("ageing", value::duration(SECOND..=HOUR), context);
    let what = section.what().to_owned();
    QueueSettings {
        kind: kind.map_or(QueueKind::default(), |at| at.value),
        members,
        policy,
        asked,
        weight: weight
            .and_then(|at| u8::try_from(at.value).ok())
            .unwrap_or(WEIGHT_DEFAULT),
        ring: ring.map_or(SECOND * 20, |at| at.value),
        wrap_up: wrap_up.map_or(Duration::ZERO, |at| at.value),
        ageing: ageing.map_or(AGEING, |at| at.value),
        waiting_max: waiting_max.map_or(WAITING_MAX_DEFAULT, |at| at.value),
        deferral: read_deferral(section, &what, context),
        exits: Exits::default(),
    }
}

/// Long enough that a device which fails at once is not rung in a loop, short enough that a caller who
/// waits for the only agent there is does not give up.
const DEFERRAL: Deferral = Deferral {
    no_answer: Duration::from_secs(10),
    declined: Duration::from_secs(10),
    busy: Duration::from_secs(10),
    error: Duration::from_secs(10),
};

fn read_deferral(section: &mut Section<'_>, what: &str, context: &mut Context<'_>) -> Deferral {
    let mut deferral = DEFERRAL;
    let what = format!("`deferral` of {what}");
    let Some(mut section) = section.section("deferral", what, context) else {
        return deferral;
    };
    for (key, time) in [
        ("no_answer", &mut deferral.no_answer),
        ("declined", &mut deferral.declined),
        ("busy", &mut deferral.busy),
        ("error", &mut deferral.error),
    ] {
        if let Some(at) = section.take(key, value::duration(Duration::ZERO..=HOUR), context) {
            *time = at.value;
        }
    }
    section.finish(context);
    deferral
}

fn read_journey(
    name: &str,
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> QueueJourney {
    let display_name = section.take("name", value::text, context);
    let answer = section.take("answer", value::choice(&ANSWERS), context);
    let offers = section.take("offers", value::choice(&OFFERS), context);
    let repeat_every = section.take("repeat_every", value::duration(SECOND..=HOUR), context);
    let auto_answer = section.take("auto_answer", value::boolean, context);
    let position = section.take("position", value::choice(&POSITIONS), context);
    let position = position.map_or(PositionSaid::default(), |at| at.value);
    let wait = section.take("wait", value::choice(&WAITS), context);
    let wait = wait.map_or(WaitSaid::default(), |at| at.value);
    let language = section.take("language", value::choice(&LANGUAGES), context);
    let language = language.map_or(scope.language, |at| at.value);
    let mut prompts = Prompts {
        scope,
        language,
        context,
    };
    let journey = QueueJourney {
        answer: answer.map_or(Answering::default(), |at| at.value),
        offers: offers.map_or(Offering::default(), |at| at.value),
        welcome: prompts.optional(section, "welcome", "queue-welcome"),
        first_message: prompts.optional(section, "first_message", "queue-first"),
        repeated: prompts.several(section, "repeated", "queue-repeat"),
        repeat_every: repeat_every.map_or(SECOND * 30, |at| at.value),
        music: prompts.one(section, "music", MUSIC),
        position,
        position_intro: prompts.intro(
            section,
            "position_intro",
            "queue-position-is",
            position != PositionSaid::Never,
        ),
        wait,
        wait_intro: prompts.intro(
            section,
            "wait_intro",
            match wait {
                WaitSaid::Average => "queue-wait-average",
                WaitSaid::Never | WaitSaid::Expected => "queue-wait-expected",
            },
            wait != WaitSaid::Never,
        ),
        language,
        pick_up: match auto_answer.is_some_and(|at| at.value) {
            true => PickUp::ByItself,
            false => PickUp::ByHand,
        },
        display_name: display_name.map_or_else(|| name.into(), |at| at.value.into()),
    };
    if position != PositionSaid::Never {
        let mend = "set position = \"never\"";
        prompts.check_numbers(section.place(), "the place in the queue", mend);
    }
    if wait != WaitSaid::Never {
        prompts.check_numbers(section.place(), "the wait", "set wait = \"never\"");
        prompts.check_minutes(section.place());
    }
    journey
}

/// Reads the settings that name prompts.
struct Prompts<'p, 'c> {
    scope: &'p Scope<'p>,
    language: Language,
    context: &'p mut Context<'c>,
}

impl Prompts<'_, '_> {
    fn find(&mut self, name: &str, place: Place) -> Option<PromptId> {
        let found = self.scope.prompt_at(name, self.language, place);
        found.map_err(|problem| self.context.add(problem)).ok()
    }

    /// The name that `key` gives, or the one meant where it is not set; `None` once it has been told wrong.
    fn name(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        default: &str,
    ) -> Option<At<String>> {
        if section.has(key) {
            return section.take(key, value::text, self.context);
        }
        section.node(key);
        Some(At {
            value: default.to_owned(),
            place: section.place(),
        })
    }

    /// The prompt of `key`; `None` for "none".
    fn optional(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        default: &str,
    ) -> Option<PromptId> {
        let name = self.name(section, key, default)?;
        if name.value == NOTHING {
            None
        } else {
            self.find(&name.value, name.place)
        }
    }

    /// The same where something has to be heard. What stands in for a prompt that is wrong is never
    /// used, since the load fails.
    fn one(&mut self, section: &mut Section<'_>, key: &'static str, default: &str) -> PromptId {
        let found = self.name(section, key, default).and_then(|name| {
            if name.value != NOTHING {
                return self.find(&name.value, name.place);
            }
            let problem = format!("{} needs something to be heard as `{key}`", section.what());
            let mend = "leave the line out for what comes with the server, or name a prompt";
            self.context
                .add(Problem::new(name.place, problem).mend(mend));
            None
        });
        found.unwrap_or_else(|| PromptId::new(default))
    }

    fn several(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        default: &str,
    ) -> Vec<PromptId> {
        let place = section.place();
        match section.take(key, value::list(REPEATED_MAX, value::text), self.context) {
            None => self.find(default, place).into_iter().collect(),
            Some(set) => set
                .value
                .iter()
                .filter_map(|name| self.find(&name.value, name.place))
                .collect(),
        }
    }

    /// What is said before a number. Where none is ever said, it needs not be there.
    fn intro(
        &mut self,
        section: &mut Section<'_>,
        key: &'static str,
        default: &'static str,
        is_said: bool,
    ) -> PromptId {
        if !is_said && !section.has(key) {
            section.node(key);
            return PromptId::new(&format!("{}/{default}", self.language.folder()));
        }
        self.one(section, key, default)
    }

    /// Tells of numbers that can't be spoken.
    fn check_numbers(&mut self, place: Place, what: &str, mend: &str) {
        const SHOWN_MAX: usize = 5;
        let missing = self.scope.library.missing_numbers(self.language);
        if missing.is_empty() {
            return;
        }
        let more = if missing.len() > SHOWN_MAX {
            ", …"
        } else {
            ""
        };
        let shown = missing[..missing.len().min(SHOWN_MAX)].join(", ");
        let language = self.language.folder();
        let problem =
            format!("{what} can't be said in language `{language}`, which lacks {shown}{more}");
        let mend = format!("add them to the folder {language} of the prompts, or {mend}");
        self.context.add(Problem::new(place, problem).mend(mend));
    }

    /// Tells of words beside the numbers that the wait is said with.
    fn check_minutes(&mut self, place: Place) {
        for said in [0, 1, 2] {
            let words = speech::minutes(self.language, said).unwrap_or_default();
            if let Some(word) = words.last() {
                self.find(word.as_str(), place);
            }
        }
    }
}
