//! When a queue lets callers in, and what they meet when it does not: `hours`, `[queues.<name>.closed]`, `holiday`,
//! `quick_closed`.

use crate::destination;
use crate::kinds::Within;
use crate::problems::Problem;
use crate::queue::NOTHING;
use crate::scope::{Scope, known};
use crate::section::{Context, Section};
use crate::setting::Optional;
use crate::settings::{closed, queue};
use crate::source::Place;
use base::HoursId;
use call::settings::{Door, Instead, Language, NextOpening};
use media_core::PromptId;

/// What is said where nothing else is set.
const CLOSED: &str = "closed";
const HOLIDAY: &str = "closed-holiday";
const QUICK: &str = "closed-quick";

pub(crate) fn read(
    section: &mut Section<'_>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Door {
    let hours = section.take(&queue::HOURS, context).and_then(|name| {
        let known = known(&name, "hours", &scope.hours, context)?;
        HoursId::new(scope.org, known).ok()
    });
    let says = Says { scope, language };
    let closed = says.instead(section, &queue::CLOSED, CLOSED, context);
    let mut holiday = says.instead(section, &queue::HOLIDAY, HOLIDAY, context);
    let mut quick_closed = says.instead(section, &queue::QUICK_CLOSED, QUICK, context);
    holiday.then = holiday.then.or_else(|| closed.then.clone());
    quick_closed.then = quick_closed.then.or_else(|| closed.then.clone());
    // Somebody may close any queue; a folder of prompts without one for it lets him hear the busy tone alone.
    if !section.has(&queue::QUICK_CLOSED) {
        quick_closed.message = scope.prompt(QUICK, language);
    }
    if hours.is_none() {
        let ways = [&queue::CLOSED, &queue::HOLIDAY];
        for way in ways.into_iter().filter(|way| section.has(*way)) {
            let (key, what) = (way.key, section.what());
            let problem = format!("`{key}` of {what} is for nobody: it has no hours");
            let mend = "say when it is open: hours = \"office\", with [hours.office]";
            context.warn(Problem::new(section.place(), problem).mend(mend));
        }
    }
    Door {
        hours,
        closed,
        holiday,
        quick_closed,
        ..Door::default()
    }
}

/// In whose words it is said.
struct Says<'s> {
    scope: &'s Scope<'s>,
    language: Language,
}

impl Says<'_> {
    /// The table under `key`; where there is none, what is `usual` is said and then it is busy.
    fn instead(
        &self,
        section: &mut Section<'_>,
        setting: &Optional<Within>,
        usual: &str,
        context: &mut Context<'_>,
    ) -> Instead {
        let what = format!("`{}` of {}", setting.key, section.what());
        let has_hours = section.has(&queue::HOURS);
        let place = section.place();
        let Some(mut section) = section.section(setting, what, context) else {
            // Needed only where it may be said.
            let message = match has_hours {
                true => self.prompt(usual, place, context),
                false => None,
            };
            return Instead {
                message,
                ..Instead::default()
            };
        };
        let name = section.take(&closed::MESSAGE, context);
        let message = match &name {
            None => self.prompt(usual, place, context),
            Some(name) if name.value == NOTHING => None,
            Some(name) => self.prompt(&name.value, name.place, context),
        };
        let opening = match section.value(&closed::NEXT_OPENING, context) {
            true => NextOpening::Said(self.language),
            false => NextOpening::Unsaid,
        };
        let then = destination::under(&mut section, &closed::THEN, self.scope, context);
        section.finish(context);
        Instead {
            message,
            opening,
            then,
        }
    }

    fn prompt(&self, name: &str, place: Place, context: &mut Context<'_>) -> Option<PromptId> {
        let found = self.scope.prompt_at(name, self.language, place);
        found.map_err(|problem| context.add(problem)).ok()
    }
}
