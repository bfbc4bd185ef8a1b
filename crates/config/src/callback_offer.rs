//! How a queue's callers are offered to be called back, by which key, and how its agents call them; and what both hear at
//! each step.

use crate::callback_windows::Occurs;
use crate::called_back::Of;
use crate::problems::{Problem, quoted};
use crate::queue::{NOTHING, Prompts};
use crate::scope::Scope;
use crate::section::{At, Context, Section};
use crate::settings::{STANDARD_KEY, callback as list};
use crate::source::Place;
use crate::value;
use call::calling_back::VOICEMAIL_KEYS_MAX;
use call::settings::{
    Asking, Besides, CallbackOffer, CallbackPrompts, CallingBack, CallingBackPrompts, Language,
};
use callback::Asks;
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};

/// What says the standard key.
const OFFER: &str = "callback-offer";

/// What is made of it.
pub(crate) struct Read {
    pub(crate) offer: CallbackOffer,
    pub(crate) calling: CallingBack,
}

/// What the names of callers' prompts begin with.
const STEPS: &str = "callback-";

pub(crate) fn read(
    section: &mut Section<'_>,
    of: &Of<'_>,
    asks: Asks,
    windows: &[Occurs],
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Read> {
    let key = section.placed(&list::KEY, section.place(), context);
    if of.keys.contains_key(&key.value) {
        let problem = format!(
            "key {} of {} leads elsewhere by `keys`",
            key.value,
            section.what()
        );
        let mend = "choose another: key = \"5\"";
        context.add(Problem::new(key.place, problem).mend(mend));
    }
    let announcement = read_announcement(section, &key, of.language, scope, context);
    let mut besides = BTreeSet::new();
    if section.value(&list::WHEN_CLOSED, context) {
        besides.insert(Besides::Closed);
    }
    if section.value(&list::WHEN_OVERFLOWING, context) {
        besides.insert(Besides::Overflowing);
    }
    let (prompts, of_agents) = read_prompts(section, of.language, scope, context);
    let voicemail_keys = section.placed(&list::VOICEMAIL_KEY, section.place(), context);
    if voicemail_keys.value.len() > VOICEMAIL_KEYS_MAX {
        let problem = format!(
            "expected at most {VOICEMAIL_KEYS_MAX} keys, got {}",
            quoted(&voicemail_keys.value)
        );
        let mend = "shorten it: it is keyed in the middle of a call";
        context.add(Problem::new(voicemail_keys.place, problem).mend(mend));
    }
    let person_rings = section.value(&list::RING, context);
    let agent_within = section.value(&list::AUTOMATIC_WAIT, context);
    let mut numbers = Prompts {
        scope,
        language: of.language,
        context,
    };
    let mend = "remove `callback`";
    numbers.check_numbers(section.place(), "a number to call", mend);
    numbers.check_telephone(section.place());
    let named = windows.iter();
    let named = named.filter_map(|it| Some((it.name.clone(), it.prompt.clone()?)));
    let calling = CallingBack {
        prompts: of_agents?,
        language: of.language,
        display_name: of.display_name.into(),
        voicemail_keys: voicemail_keys.value,
        person_rings,
        agent_within,
    };
    let offer = CallbackOffer {
        key: key.value,
        announcement,
        asking: Asking {
            prompts: prompts?,
            language: of.language,
            asks,
        },
        windows: named.collect(),
        besides,
    };
    Some(Read { offer, calling })
}

/// The standard one says a key, which has to be that of the queue.
fn read_announcement(
    section: &mut Section<'_>,
    key: &At<char>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<PromptId> {
    let written = section.take(&list::ANNOUNCEMENT, context);
    let is_standard = written.as_ref().is_none_or(|at| at.value == OFFER);
    if is_standard && key.value != STANDARD_KEY && scope.prompt_is_standard(OFFER) {
        let what = section.what();
        let problem = format!(
            "the announcement of {what} says key {STANDARD_KEY}, not {}",
            key.value
        );
        let mend = "name a recording of yours that says the key, or \"none\": announcement = \"…\"";
        context.add(Problem::new(key.place, problem).mend(mend));
        return None;
    }
    let At { value, place } = written.unwrap_or_else(|| At {
        value: OFFER.to_owned(),
        place: section.place(),
    });
    if value == NOTHING {
        return None;
    }
    let found = scope.prompt_at(&value, language, place);
    found.map_err(|problem| context.add(problem)).ok()
}

/// The standard prompts, where none is named for the step.
fn read_prompts(
    section: &mut Section<'_>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> (Option<CallbackPrompts>, Option<CallingBackPrompts>) {
    let (what, place) = (section.what().to_owned(), section.place());
    let mut own: BTreeMap<&str, (Place, At<String>)> = BTreeMap::new();
    for (step, at, node) in section.named(&list::PROMPTS, context) {
        if let Some(value) = context.told(value::text(node)) {
            let place = node.place;
            own.insert(step, (at, At { value, place }));
        }
    }
    let mut steps = Vec::new();
    let mut find = |standard: &str| {
        let step = standard.strip_prefix(STEPS).unwrap_or(standard);
        steps.push(step.to_owned());
        let named = own.remove(step);
        let named = named.map_or((standard.to_owned(), place), |(_, at)| (at.value, at.place));
        let (name, place) = named;
        let found = scope.prompt_at(&name, language, place);
        // What stands in for one that is wrong is never used, since the load fails.
        Some(found.unwrap_or_else(|problem| {
            context.add(problem);
            PromptId::new(&name)
        }))
    };
    let prompts = CallbackPrompts::named(&mut find);
    let of_agents = CallingBackPrompts::named(&mut find);
    for (step, (at, _)) in own {
        let problem = format!("{what} has no step {}", quoted(step));
        let mend = context.suggestion(step, "steps", steps.iter().map(String::as_str));
        context.add(Problem::new(at, problem).mend(mend));
    }
    (prompts, of_agents)
}
