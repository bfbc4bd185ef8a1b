//! `[menus.<name>]`: what callers choose in by key.

use crate::destination;
use crate::problems::{Problem, quoted};
use crate::queue::NOTHING;
use crate::scope::{Dialled, LANGUAGES, Opened, Scope, open};
use crate::section::{At, Context, Entry, Section};
use crate::tree::{Node, Value};
use crate::value;
use base::MenuId;
use call::settings::{Choice, Language, Listening, Menu};
use media_core::PromptId;
use std::collections::BTreeMap;
use std::time::Duration;

/// From the end of the prompt, unless set.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Times that the prompt is heard, unless set.
const TRIES: u32 = 3;

/// Said where a key means nothing, unless set.
const INVALID: &str = "menu-invalid";

/// What a key may mean beside a place.
const AGAIN: &str = "repeat";

pub(crate) struct Read {
    pub(crate) id: MenuId,
    pub(crate) extension: Option<Box<str>>,
    pub(crate) menu: Menu,
}

pub(crate) fn read(
    entry: Entry<'_>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Option<Read> {
    let Opened {
        id,
        mut section,
        extension,
        ..
    } = open("menu", MenuId::new, entry, scope, dialled, context)?;
    let language = section.take("language", value::choice(&LANGUAGES), context);
    let language = language.map_or(scope.language, |at| at.value);
    let mend = "name what callers hear there: prompt = \"our-menu\"";
    let prompt = section.require("prompt", mend, value::text, context);
    let prompt = prompt.and_then(|name| find(&name, language, scope, context));
    let invalid = read_invalid(&mut section, language, scope, context);
    let takes_extensions = section.take("dial_extensions", value::boolean, context);
    let takes_extensions = takes_extensions.is_some_and(|at| at.value);
    let keys = read_keys(&mut section, takes_extensions, scope, context);
    let timeouts = Duration::from_secs(1)..=Duration::from_secs(60);
    let timeout = section.take("timeout", value::duration(timeouts), context);
    let tries = section.take("tries", value::whole(1..=10), context);
    let on_timeout = destination::under(&mut section, "timeout_goes_to", scope, context);
    let otherwise = destination::under(&mut section, "default", scope, context);
    let barge_in = section.take("barge_in", value::boolean, context);
    section.finish(context);
    let tries = tries.map_or(TRIES, |at| at.value);
    let menu = Menu {
        prompt: prompt?,
        keys,
        timeout: timeout.map_or(TIMEOUT, |at| at.value),
        on_timeout,
        invalid,
        tries: u8::try_from(tries).unwrap_or(u8::MAX),
        otherwise,
        listening: match barge_in.is_none_or(|at| at.value) {
            true => Listening::WhilePrompt,
            false => Listening::AfterPrompt,
        },
        takes_extensions,
    };
    Some(Read {
        id: id?,
        extension,
        menu,
    })
}

fn find(
    name: &At<String>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<PromptId> {
    let found = scope.prompt_at(&name.value, language, name.place);
    found.map_err(|problem| context.add(problem)).ok()
}

fn read_invalid(
    section: &mut Section<'_>,
    language: Language,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<PromptId> {
    let name = section.take("invalid", value::text, context);
    match name {
        Some(name) if name.value == NOTHING => None,
        Some(name) => find(&name, language, scope, context),
        None => {
            let place = section.place();
            let value = INVALID.to_owned();
            find(&At { value, place }, language, scope, context)
        }
    }
}

fn read_keys(
    section: &mut Section<'_>,
    takes_extensions: bool,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<char, Choice> {
    let (what, place) = (section.what().to_owned(), section.place());
    let keys = lettered(
        section,
        |letter, what, node, context| match &node.value {
            Value::Text(word) if word == AGAIN => Some(Choice::Again),
            _ => {
                let what = format!("key {letter} of {what}");
                destination::read(&what, node, scope, context).map(Choice::To)
            }
        },
        context,
    );
    if !section.has("keys") && !takes_extensions {
        let problem = format!("{what} has no keys to choose by");
        let mend = "write what each leads to: keys = { \"1\" = { queue = \"…\" } }";
        context.add(Problem::new(place, problem).mend(mend));
    }
    keys
}

/// What each key of a telephone under `keys` means, as `read` reads it.
pub(crate) fn lettered<T>(
    section: &mut Section<'_>,
    read: impl Fn(char, &str, &Node, &mut Context<'_>) -> Option<T>,
    context: &mut Context<'_>,
) -> BTreeMap<char, T> {
    let what = section.what().to_owned();
    let mut keys = BTreeMap::new();
    for (key, at, node) in section.named("keys", context) {
        let mut letters = key.chars();
        let (Some(letter @ ('0'..='9' | '*' | '#')), None) = (letters.next(), letters.next())
        else {
            let problem = format!("expected a key of a telephone, got {}", quoted(key));
            let mend =
                "write one of 0 to 9, * and #, in quotes: keys = { \"1\" = { queue = \"…\" } }";
            context.add(Problem::new(at, problem).mend(mend));
            continue;
        };
        let meant = read(letter, &what, node, context);
        keys.extend(meant.map(|meant| (letter, meant)));
    }
    keys
}
