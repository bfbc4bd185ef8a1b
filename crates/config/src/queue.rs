//! `[queues.<name>]`: who answers, in which order, and what a caller hears meanwhile. One table gives the
//! engine its settings and the call its journey.

use crate::called_back;
use crate::door;
use crate::exits;
use crate::kinds::Text;
use crate::last_agent;
use crate::members::{self, Choice};
use crate::outward::{self, Theirs};
use crate::problems::Problem;
use crate::scope::{Dialable, Dialled, Opened, Scope, known, open};
use crate::section::{At, Context, Entry, Section};
use crate::setting::{Usually, UsuallyMany};
use crate::settings::{deferral, queue};
use crate::source::Place;
use acd::{Deferral, Exits, QueueSettings, Yardstick};
use base::{QueueId, UserId};
use call::settings::{Door, Language, PickUp, PositionSaid, QueueJourney, WaitSaid};
use call::speech;
use media_core::PromptId;

/// Says that nothing is heard, in place of a prompt's name.
pub(crate) const NOTHING: &str = "none";

pub(crate) struct Read {
    pub(crate) id: QueueId,
    pub(crate) extension: Option<Box<str>>,
    pub(crate) logged_in_at_start: bool,
    /// Who sees it beside its members.
    pub(crate) seen_by: Vec<UserId>,
    pub(crate) outward: Theirs,
    pub(crate) settings: QueueSettings,
    pub(crate) journey: QueueJourney,
    pub(crate) door: Door,
    pub(crate) callback: Option<called_back::Read>,
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
    } = open(
        Dialable {
            kind: "queue",
            id_of: QueueId::new,
            heading: &queue::HEADING,
            extension: &queue::EXTENSION,
        },
        entry,
        scope,
        dialled,
        context,
    )?;
    let logged_in_at_start = section.value(&queue::LOGGED_IN_AT_START, context);
    let seen_by = read_seen_by(&mut section, scope, context);
    let mut settings = read_settings(&mut section, scope, context);
    let journey = read_journey(name, &mut section, scope, context);
    let mut door = door::read(&mut section, journey.language, scope, context);
    let exits = exits::read(&mut section, journey.language, scope, context);
    settings.exits = exits.exits;
    door.exits = exits.instead;
    door.keys = exits.keys;
    let outward = outward::read_own_of_queue(&mut section, context);
    let of = called_back::Of {
        settings: &settings,
        language: journey.language,
        display_name: &journey.display_name,
        keys: &door.keys,
    };
    let callback = called_back::read(&mut section, &of, scope, context);
    settings.callbacks = callback.as_ref().and_then(|it| it.share);
    section.finish(context);
    Some(Read {
        id: id?,
        extension,
        logged_in_at_start,
        seen_by,
        outward,
        settings,
        journey,
        door,
        callback,
    })
}

fn read_seen_by(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Vec<UserId> {
    let written = section.take(&queue::SEEN_BY, context);
    let names = written.iter().flat_map(|at| &at.value);
    let names = names.filter_map(|name| known(name, "user", &scope.users, context));
    names
        .filter_map(|name| UserId::new(scope.org, name).ok())
        .collect()
}

fn read_settings(
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> QueueSettings {
    let Choice {
        members,
        policy,
        asked,
    } = members::read(section, scope, context);
    let weight = section.value(&queue::WEIGHT, context);
    QueueSettings {
        kind: section.value(&queue::KIND, context),
        members,
        policy,
        asked,
        weight: u8::try_from(weight).unwrap_or(u8::MAX),
        ring: section.value(&queue::RING, context),
        wrap_up: section.value(&queue::WRAP_UP, context),
        ageing: section.value(&queue::AGEING, context),
        waiting_max: section.value(&queue::WAITING_MAX, context),
        deferral: read_deferral(section, context),
        exits: Exits::default(),
        last_agent: last_agent::read(section, context),
        judged: Yardstick {
            within: section.value(&queue::SERVICE_LEVEL, context),
            soon: section.value(&queue::SHORT_ABANDON, context),
        },
        callbacks: None,
    }
}

fn read_deferral(section: &mut Section<'_>, context: &mut Context<'_>) -> Deferral {
    let what = format!("`deferral` of {}", section.what());
    let mut section = section.section_or_empty(&queue::DEFERRAL, what, context);
    let deferral = Deferral {
        no_answer: section.value(&deferral::NO_ANSWER, context),
        declined: section.value(&deferral::DECLINED, context),
        busy: section.value(&deferral::BUSY, context),
        error: section.value(&deferral::ERROR, context),
    };
    section.finish(context);
    deferral
}

fn read_journey(
    name: &str,
    section: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> QueueJourney {
    let display_name = section.take(&queue::NAME, context);
    let answer = section.value(&queue::ANSWER, context);
    let offers = section.value(&queue::OFFERS, context);
    let repeat_every = section.value(&queue::REPEAT_EVERY, context);
    let auto_answer = section.value(&queue::AUTO_ANSWER, context);
    let position = section.value(&queue::POSITION, context);
    let wait = section.value(&queue::WAIT, context);
    let language = section.take(&queue::LANGUAGE, context);
    let language = language.map_or(scope.language, |at| at.value);
    let mut prompts = Prompts {
        scope,
        language,
        context,
    };
    let journey = QueueJourney {
        answer,
        offers,
        welcome: prompts.optional(section, &queue::WELCOME),
        first_message: prompts.optional(section, &queue::FIRST_MESSAGE),
        repeated: prompts.several(section, &queue::REPEATED),
        repeat_every,
        music: prompts.one(section, &queue::MUSIC),
        position,
        position_intro: match position {
            PositionSaid::Never => prompts.unsaid(section, &queue::POSITION_INTRO),
            _ => prompts.one(section, &queue::POSITION_INTRO),
        },
        wait,
        wait_intro: match wait {
            WaitSaid::Never => prompts.unsaid(section, &wait_intro(wait)),
            WaitSaid::Average | WaitSaid::Expected => prompts.one(section, &wait_intro(wait)),
        },
        language,
        pick_up: match auto_answer {
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

/// What is said before the wait, which depends on the wait that is said.
fn wait_intro(wait: WaitSaid) -> Usually<Text> {
    queue::WAIT_INTRO.or(match wait {
        WaitSaid::Average => || "queue-wait-average".into(),
        WaitSaid::Never | WaitSaid::Expected => || "queue-wait-expected".into(),
    })
}

/// Reads the settings that name prompts.
pub(crate) struct Prompts<'p, 'c> {
    pub(crate) scope: &'p Scope<'p>,
    pub(crate) language: Language,
    pub(crate) context: &'p mut Context<'c>,
}

impl Prompts<'_, '_> {
    fn find(&mut self, name: &str, place: Place) -> Option<PromptId> {
        let found = self.scope.prompt_at(name, self.language, place);
        found.map_err(|problem| self.context.add(problem)).ok()
    }

    /// The prompt of a setting; `None` for "none".
    fn optional(&mut self, section: &mut Section<'_>, setting: &Usually<Text>) -> Option<PromptId> {
        let name = section.placed(setting, section.place(), self.context);
        match name.value == NOTHING {
            true => None,
            false => self.find(&name.value, name.place),
        }
    }

    /// The same where something has to be heard. What stands in for a prompt that is wrong is never
    /// used, since the load fails.
    fn one(&mut self, section: &mut Section<'_>, setting: &Usually<Text>) -> PromptId {
        let name = section.placed(setting, section.place(), self.context);
        let found = match name.value == NOTHING {
            false => self.find(&name.value, name.place),
            true => {
                let (what, key) = (section.what(), setting.key);
                let problem = format!("{what} needs something to be heard as `{key}`");
                let mend = "leave the line out for what comes with the server, or name a prompt";
                let problem = Problem::new(name.place, problem).mend(mend);
                self.context.add(problem);
                None
            }
        };
        found.unwrap_or_else(|| PromptId::new(&name.value))
    }

    fn several(&mut self, section: &mut Section<'_>, setting: &UsuallyMany<Text>) -> Vec<PromptId> {
        let place = section.place();
        let names = match section.take(setting, self.context) {
            Some(written) => written.value,
            None => {
                let usual = (setting.otherwise.0)().into_iter();
                usual.map(|value| At { value, place }).collect()
            }
        };
        let names = names.iter();
        names
            .filter_map(|name| self.find(&name.value, name.place))
            .collect()
    }

    /// What would be said before a number, where none ever is: it needs not be there.
    fn unsaid(&mut self, section: &mut Section<'_>, setting: &Usually<Text>) -> PromptId {
        if section.has(setting) {
            return self.one(section, setting);
        }
        let usual = section.value(setting, self.context);
        PromptId::new(&format!("{}/{usual}", self.language.folder()))
    }

    /// Tells of numbers that can't be spoken.
    pub(crate) fn check_numbers(&mut self, place: Place, what: &str, mend: &str) {
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

    /// Tells of the words beside numbers that a telephone number is said with.
    pub(crate) fn check_telephone(&mut self, place: Place) {
        let words = speech::telephone(self.language, "+4681").unwrap_or_default();
        let digits = format!("{}/number-", self.language.folder());
        for word in words {
            if !word.as_str().starts_with(&digits) {
                self.find(word.as_str(), place);
            }
        }
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
