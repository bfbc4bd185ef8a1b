//! `[menus.<name>]`: what callers choose in by key.

use crate::destination;
use crate::kinds::{Kind, Named};
use crate::problems::{Problem, quoted};
use crate::queue::NOTHING;
use crate::scope::{Dialable, Dialled, Opened, Scope, open};
use crate::section::{At, Context, Entry, Section};
use crate::setting::Optional;
use crate::settings::{AGAIN, menu};
use crate::tree::Node;
use base::MenuId;
use call::settings::{Choice, Language, Listening, Menu};
use media_core::PromptId;
use std::collections::BTreeMap;

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
    } = open(
        Dialable {
            kind: "menu",
            id_of: MenuId::new,
            heading: &menu::HEADING,
            extension: &menu::EXTENSION,
        },
        entry,
        scope,
        dialled,
        context,
    )?;
    let language = section.take(&menu::LANGUAGE, context);
    let language = language.map_or(scope.language, |at| at.value);
    let prompt = section.require(&menu::PROMPT, context);
    let prompt = prompt.and_then(|name| find(&name, language, scope, context));
    let invalid = read_invalid(&mut section, language, scope, context);
    let takes_extensions = section.value(&menu::DIAL_EXTENSIONS, context);
    let keys = read_keys(&mut section, takes_extensions, scope, context);
    let timeout = section.value(&menu::TIMEOUT, context);
    let tries = section.value(&menu::TRIES, context);
    let on_timeout = destination::under(&mut section, &menu::TIMEOUT_GOES_TO, scope, context);
    let otherwise = destination::under(&mut section, &menu::DEFAULT, scope, context);
    let barge_in = section.value(&menu::BARGE_IN, context);
    section.finish(context);
    let menu = Menu {
        prompt: prompt?,
        keys,
        timeout,
        on_timeout,
        invalid,
        tries: u8::try_from(tries).unwrap_or(u8::MAX),
        otherwise,
        listening: match barge_in {
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
    let name = section.placed(&menu::INVALID, section.place(), context);
    match name.value == NOTHING {
        true => None,
        false => find(&name, language, scope, context),
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
        &menu::KEYS,
        |letter, what, node, context| match AGAIN.read(node) {
            Ok(()) => Some(Choice::Again),
            Err(_) => {
                let what = format!("key {letter} of {what}");
                destination::read(&what, node, scope, context).map(Choice::To)
            }
        },
        context,
    );
    if !section.has(&menu::KEYS) && !takes_extensions {
        let problem = format!("{what} has no keys to choose by");
        let mend = "write what each leads to: keys = { \"1\" = { queue = \"…\" } }";
        context.add(Problem::new(place, problem).mend(mend));
    }
    keys
}

/// What each key of a telephone under `keys` means, as `read` reads it.
pub(crate) fn lettered<T>(
    section: &mut Section<'_>,
    setting: &Optional<Named>,
    read: impl Fn(char, &str, &Node, &mut Context<'_>) -> Option<T>,
    context: &mut Context<'_>,
) -> BTreeMap<char, T> {
    let what = section.what().to_owned();
    let mut keys = BTreeMap::new();
    for (key, at, node) in section.named(setting, context) {
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
