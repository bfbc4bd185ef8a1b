//! What the sections of an organisation need of each other while they are read: which names there are,
//! which internal numbers are taken, which prompt a name means.

use crate::kinds::Own;
use crate::library::Library;
use crate::problems::{Problem, nearest, quoted};
use crate::section::{At, Context, Entry, Section};
use crate::setting::{Heading, Optional};
use crate::source::Place;
use base::{InvalidName, OrgId};
use call::outward::Numbering;
use call::settings::Language;
use media_core::PromptId;
use sip_core::Transport;
use std::collections::{BTreeMap, BTreeSet};

/// What is heard while waiting or held, unless set otherwise.
pub(crate) const MUSIC: &str = "music/waiting";

/// Words for the languages of spoken numbers.
pub(crate) const LANGUAGES: [(&str, Language); 2] = [("sv", Language::Sv), ("en", Language::En)];

/// What may stand only once on the whole server.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) domains: BTreeMap<Box<str>, Place>,
    pub(crate) numbers: BTreeMap<Box<str>, Place>,
    pub(crate) users: usize,
    pub(crate) queues: usize,
    /// How SIP is listened for.
    pub(crate) transports: BTreeSet<Transport>,
}

/// What the sections of one organisation need of each other while they are read.
pub(crate) struct Scope<'s> {
    pub(crate) org: &'s OrgId,
    pub(crate) domain: Box<str>,
    pub(crate) language: Language,
    pub(crate) is_demo: bool,
    /// Every user written down, also those with something wrong in them.
    pub(crate) users: BTreeSet<&'s str>,
    /// The same of queues.
    pub(crate) queues: BTreeSet<&'s str>,
    /// The same of groups.
    pub(crate) groups: BTreeSet<&'s str>,
    /// The same of opening hours.
    pub(crate) hours: BTreeSet<&'s str>,
    /// The same of menus.
    pub(crate) menus: BTreeSet<&'s str>,
    /// The same of public numbers.
    pub(crate) numbers: BTreeSet<&'s str>,
    /// Whose clock counts, where hours say nothing else.
    pub(crate) zone: Option<String>,
    /// How its people dial.
    pub(crate) numbering: Numbering,
    pub(crate) own_prompts: BTreeSet<Box<str>>,
    pub(crate) library: &'s Library,
}

impl Scope<'_> {
    /// The prompt that a setting means by `name`: the organisation's own, else the standard one of that
    /// language, else one by its whole id, such as `music/waiting`.
    pub(crate) fn prompt(&self, name: &str, language: Language) -> Option<PromptId> {
        if self.own_prompts.contains(name) {
            return Some(PromptId::new(&format!("{}/{name}", self.org)));
        }
        let of_language = PromptId::new(&format!("{}/{name}", language.folder()));
        let by_id = PromptId::new(name);
        // Another organisation's recordings are not for the asking.
        let standard = [of_language, by_id]
            .into_iter()
            .find(|id| self.library.has(id))?;
        let group = standard.as_str().split('/').next().unwrap_or_default();
        let shared = group == "music" || LANGUAGES.iter().any(|(word, _)| *word == group);
        shared.then_some(standard)
    }

    /// Whether a name means the standard prompt and no recording of the organisation's.
    pub(crate) fn prompt_is_standard(&self, name: &str) -> bool {
        !self.own_prompts.contains(name)
    }

    /// The prompt, or what is wrong with a name written at `place`.
    pub(crate) fn prompt_at(
        &self,
        name: &str,
        language: Language,
        place: Place,
    ) -> Result<PromptId, Problem> {
        self.prompt(name, language).ok_or_else(|| {
            let problem = format!(
                "there is no prompt {} in language `{}`",
                quoted(name),
                language.folder()
            );
            let own = self.own_prompts.iter().map(|name| &**name);
            let shared = self
                .library
                .names(language)
                .filter(|name| !name.contains("number-"));
            let names: Vec<&str> = own.chain(shared).collect();
            let mend = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "name your own file under [prompts]: {name} = \"recordings/{name}.wav\""
                ),
            };
            Problem::new(place, problem).mend(mend)
        })
    }
}

/// Who has which internal number or code.
#[derive(Default)]
pub(crate) struct Dialled {
    taken: BTreeMap<Box<str>, (Place, String)>,
}

impl Dialled {
    /// Takes `number` for `what`, or tells who has it.
    pub(crate) fn take(&mut self, number: &At<Box<str>>, what: &str, context: &mut Context<'_>) {
        if let Some((place, by)) = self.taken.get(&number.value) {
            let problem = format!("{} is already taken by {by}", quoted(&number.value));
            let problem = Problem::new(number.place, problem)
                .mend("give one of them another")
                .see(*place, "taken here");
            context.add(problem);
            return;
        }
        self.taken
            .insert(number.value.clone(), (number.place, what.to_owned()));
    }
}

/// What can be dialled within the organisation, opened: a user, a queue, a group, a menu. `None` of the
/// parts is one that is wrong, which has been told.
pub(crate) struct Opened<'t, Id> {
    pub(crate) id: Option<Id>,
    /// What an error calls it.
    pub(crate) what: String,
    pub(crate) section: Section<'t>,
    pub(crate) extension: Option<Box<str>>,
}

/// What is opened.
pub(crate) struct Dialable<Id> {
    /// What an error calls it.
    pub(crate) kind: &'static str,
    pub(crate) id_of: fn(&OrgId, &str) -> Result<Id, InvalidName>,
    pub(crate) heading: &'static Heading,
    pub(crate) extension: &'static Optional<Own<Box<str>>>,
}

/// Opens the table of something that can be dialled, and takes its extension.
pub(crate) fn open<'t, Id>(
    dialable: Dialable<Id>,
    (name, place, node): Entry<'t>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Option<Opened<'t, Id>> {
    let Dialable {
        kind,
        id_of,
        heading,
        extension,
    } = dialable;
    let id = id_of(scope.org, name)
        .map_err(|error| context.add(bad_name(place, kind, &error)))
        .ok();
    let what = format!("{kind} `{name}`");
    let mut section = context.told(Section::of(&*what, node, heading))?;
    let extension = section.take(extension, context);
    if let Some(extension) = &extension {
        dialled.take(extension, &what, context);
        if scope.numbering.is_emergency(&extension.value) {
            let problem = format!("{} is an emergency number", quoted(&extension.value));
            let mend = "choose another extension: whoever dials it calls for help";
            context.add(Problem::new(extension.place, problem).mend(mend));
        }
    }
    Some(Opened {
        id,
        what,
        section,
        extension: extension.map(|at| at.value),
    })
}

/// The name, if there is a `kind` called so; otherwise that is told.
pub(crate) fn known<'n>(
    name: &'n At<String>,
    kind: &str,
    names: &BTreeSet<&str>,
    context: &mut Context<'_>,
) -> Option<&'n str> {
    if names.contains(name.value.as_str()) {
        return Some(&name.value);
    }
    // "Hours" are several already.
    let (is, kinds) = match kind.ends_with('s') {
        true => ("are", kind.to_owned()),
        false => ("is", format!("{kind}s")),
    };
    let problem = format!(
        "there {is} no {kind} {} in this organisation",
        quoted(&name.value)
    );
    let mend = context.suggestion(&name.value, &kinds, names.iter().copied());
    context.add(Problem::new(name.place, problem).mend(mend));
    None
}

/// Says that `error` is no name for a `kind`.
pub(crate) fn bad_name(place: Place, kind: &str, error: &InvalidName) -> Problem {
    Problem::new(place, format!("this can't name a {kind}: {error}"))
        .mend("a name shown to people goes into the setting `name`")
}
