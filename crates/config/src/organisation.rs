//! One organisation, its files laid together: domain, prompts, trunks, numbers and feature codes. Users
//! and queues have files of their own.

use crate::library::Library;
use crate::problems::{Problem, suggestion};
use crate::queue;
use crate::section::{At, Context, Section};
use crate::source::Place;
use crate::tree::{Node, Table};
use crate::user::{self, Account};
use crate::value::{self, shown};
use acd::{AgentSettings, QueueSettings};
use base::{OrgId, QueueId, TrunkId, UserId};
use call::settings::{
    Destination, FeatureCode, FeaturePrompts, Language, Organisation, QueueJourney, Trunk,
};
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Addresses a trunk comes from, at most: a provider's blocks are few.
const SOURCES_MAX: usize = 64;

/// How long an extension rings by default.
const RING: Duration = Duration::from_secs(30);

/// What is heard while waiting or held, unless set otherwise.
pub(crate) const MUSIC: &str = "music/waiting";

/// Words for the languages of spoken numbers.
pub(crate) const LANGUAGES: [(&str, Language); 2] = [("sv", Language::Sv), ("en", Language::En)];

/// What may stand only once on the whole server.
#[derive(Default)]
pub(crate) struct Shared {
    domains: BTreeMap<Box<str>, Place>,
    numbers: BTreeMap<Box<str>, Place>,
    pub(crate) users: usize,
    pub(crate) queues: usize,
}

/// One organisation in the shapes that `call` and `acd` work with.
pub(crate) struct Read {
    pub(crate) organisation: Organisation,
    pub(crate) queues: BTreeMap<QueueId, QueueSettings>,
    pub(crate) agents: BTreeMap<UserId, AgentSettings>,
    pub(crate) demo: Vec<Account>,
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
    pub(crate) own_prompts: BTreeSet<&'s str>,
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

    /// The same, or what is wrong with a name written at `place`.
    pub(crate) fn prompt_at(
        &self,
        name: &str,
        language: Language,
        place: Place,
    ) -> Result<PromptId, Problem> {
        self.prompt(name, language).ok_or_else(|| {
            let problem = format!(
                "there is no prompt {} in language `{}`",
                shown(name),
                language.folder()
            );
            let own = self.own_prompts.iter().copied();
            let shared = self
                .library
                .names(language)
                .filter(|name| !name.contains("number-"));
            let names: Vec<&str> = own.chain(shared).collect();
            let mend = match crate::problems::nearest(name, names.iter().copied()) {
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
            let problem = format!("{} is already taken by {by}", shown(&number.value));
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

pub(crate) fn read(
    org: &OrgId,
    start: Place,
    table: &Table,
    shared: &mut Shared,
    library: &mut Library,
    context: &mut Context<'_>,
) -> Read {
    let mut top = Section::new(format!("organisation `{org}`"), start, table);
    let head = read_head(org, &mut top, shared, context);
    let own_prompts = read_prompts(org, &mut top, library, context);
    let user_tables = top.named("users", context);
    let queue_tables = top.named("queues", context);
    let scope = Scope {
        org,
        domain: head.domain,
        language: head.language,
        is_demo: head.is_demo,
        users: user_tables.iter().map(|(name, ..)| *name).collect(),
        queues: queue_tables.iter().map(|(name, ..)| *name).collect(),
        own_prompts,
        library,
    };
    shared.users += scope.users.len();
    shared.queues += scope.queues.len();

    let mut dialled = Dialled::default();
    let mut demo = Vec::new();
    let mut users = BTreeMap::new();
    let mut extensions = BTreeMap::new();
    for (name, place, node) in user_tables {
        let Some(read) = user::read(name, place, node, &scope, &mut dialled, context) else {
            continue;
        };
        if let Some(extension) = &read.user.extension {
            extensions.insert(extension.clone(), Destination::User(read.id.clone()));
        }
        demo.extend(read.demo);
        users.insert(read.id, read.user);
    }
    let mut queues: BTreeMap<QueueId, QueueSettings> = BTreeMap::new();
    let mut journeys: BTreeMap<QueueId, QueueJourney> = BTreeMap::new();
    let mut agents: BTreeMap<UserId, AgentSettings> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for (name, place, node) in queue_tables {
        let Some(read) = queue::read(name, place, node, &scope, &mut dialled, context) else {
            continue;
        };
        if let Some(extension) = read.extension {
            extensions.insert(extension, Destination::Queue(read.id.clone()));
        }
        for member in &read.settings.members {
            let agent = agents.entry(member.clone()).or_default();
            if read.logged_in_at_start {
                agent.logged_in_at_start.insert(read.id.clone());
            }
        }
        places.insert(read.id.clone(), place);
        queues.insert(read.id.clone(), read.settings);
        journeys.insert(read.id, read.journey);
    }
    let hold_music = read_hold_music(head.hold_music, start, &scope, context);
    let numbers = read_numbers(&mut top, &scope, shared, context);
    let trunks = read_trunks(&mut top, &scope, context);
    let (feature_codes, feature_prompts) =
        read_feature_codes(&mut top, start, &scope, &mut dialled, context);
    top.finish(context);

    warn_of_unreachable(&places, &extensions, &numbers, context);
    Read {
        organisation: Organisation {
            domain: scope.domain,
            users,
            extensions,
            numbers,
            feature_codes,
            trunks,
            queues: journeys,
            feature_prompts,
            ring: head.ring,
            hold_music,
        },
        queues,
        agents,
        demo,
    }
}

struct Head {
    domain: Box<str>,
    language: Language,
    ring: Duration,
    is_demo: bool,
    hold_music: Option<At<String>>,
}

fn read_head(
    org: &OrgId,
    top: &mut Section<'_>,
    shared: &mut Shared,
    context: &mut Context<'_>,
) -> Head {
    let mut head = Head {
        domain: "".into(),
        language: Language::default(),
        ring: RING,
        is_demo: false,
        hold_music: None,
    };
    let Some(mut section) = top.section("organisation", "[organisation]", context) else {
        if !top.has("organisation") {
            let problem = format!("organisation `{org}` has no [organisation] with its domain");
            let mend = "add to one of its files: [organisation] and domain = \"sip.example.com\"";
            context.add(Problem::new(top.place(), problem).mend(mend));
        }
        return head;
    };
    let mend = "phones register there: domain = \"sip.example.com\"";
    let domain = section.require("domain", mend, value::domain, context);
    let language = section.take("language", value::choice(&LANGUAGES), context);
    let rings = Duration::from_secs(1)..=Duration::from_secs(300);
    let ring = section.take("ring", value::duration(rings), context);
    let demo = section.take("demo", value::boolean, context);
    head.hold_music = section.take("hold_music", value::text, context);
    section.finish(context);
    if let Some(domain) = domain {
        if let Some(first) = shared.domains.insert(domain.value.clone(), domain.place) {
            let problem = format!(
                "domain {} is another organisation's too",
                shown(&domain.value)
            );
            let problem = Problem::new(domain.place, problem)
                .mend("give each organisation a domain of its own")
                .see(first, "the other is here");
            context.add(problem);
        }
        head.domain = domain.value;
    }
    head.language = language.map_or(head.language, |at| at.value);
    head.ring = ring.map_or(head.ring, |at| at.value);
    head.is_demo = demo.is_some_and(|at| at.value);
    head
}

/// Kept until the organisation's own prompts are known.
fn read_hold_music(
    name: Option<At<String>>,
    start: Place,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> PromptId {
    let (name, place) = match &name {
        Some(at) => (at.value.as_str(), at.place),
        None => (MUSIC, start),
    };
    scope
        .prompt_at(name, scope.language, place)
        .unwrap_or_else(|problem| {
            context.add(problem);
            PromptId::new(MUSIC)
        })
}

fn read_prompts<'t>(
    org: &OrgId,
    top: &mut Section<'t>,
    library: &mut Library,
    context: &mut Context<'_>,
) -> BTreeSet<&'t str> {
    let mut names = BTreeSet::new();
    for (name, place, node) in top.named("prompts", context) {
        names.insert(name);
        if name == queue::NOTHING {
            let problem = format!("a prompt can't be called `{name}`");
            let mend = "that word says in a queue that nothing is heard: choose another";
            context.add(Problem::new(place, problem).mend(mend));
            continue;
        }
        if let Err(error) = OrgId::new(name) {
            context.add(bad_name(place, "prompt", &error));
            continue;
        }
        if let Some(path) = context.told(value::text(node)) {
            let value = context.sources.resolve(node.place.file, &path);
            let file = At {
                value,
                place: node.place,
            };
            library.add(PromptId::new(&format!("{org}/{name}")), &file, context);
        }
    }
    names
}

fn read_numbers(
    top: &mut Section<'_>,
    scope: &Scope<'_>,
    shared: &mut Shared,
    context: &mut Context<'_>,
) -> BTreeMap<Box<str>, Destination> {
    let mut numbers = BTreeMap::new();
    for (number, place, node) in top.named("numbers", context) {
        if !value::is_public_number(number) {
            let problem = format!("expected a public number in full, got {}", shown(number));
            let mend = "write plus, country code and number, in quotes: \"+46850001000\"";
            context.add(Problem::new(place, problem).mend(mend));
        } else if let Some(first) = shared.numbers.insert(number.into(), place) {
            let problem = format!("number {number} is another organisation's too");
            let problem = Problem::new(place, problem)
                .mend("a number leads to one place: remove one of them")
                .see(first, "the other is here");
            context.add(problem);
        }
        if let Some(destination) = read_destination(number, node, scope, context) {
            numbers.insert(number.into(), destination);
        }
    }
    numbers
}

fn read_destination(
    number: &str,
    node: &Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<Destination> {
    let mend = format!("write \"{number}\" = {{ queue = \"…\" }} or {{ user = \"…\" }}");
    let Ok(mut section) = Section::of(format!("number {number}"), node) else {
        let problem = format!(
            "expected where number {number} leads, got {}",
            node.value.described()
        );
        context.add(Problem::new(node.place, problem).mend(mend));
        return None;
    };
    let queue = section.take("queue", value::text, context);
    let user = section.take("user", value::text, context);
    let place = section.place();
    let said = usize::from(section.has("queue")) + usize::from(section.has("user"));
    section.finish(context);
    if said != 1 {
        let problem = format!("number {number} should lead to one queue or one user");
        context.add(Problem::new(place, problem).mend(mend));
        return None;
    }
    if let Some(queue) = queue {
        let known = known(&queue, "queue", &scope.queues, context)?;
        return QueueId::new(scope.org, known).ok().map(Destination::Queue);
    }
    let user = user?;
    let known = known(&user, "user", &scope.users, context)?;
    UserId::new(scope.org, known).ok().map(Destination::User)
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
    let problem = format!(
        "there is no {kind} {} in this organisation",
        shown(&name.value)
    );
    let mend = suggestion(&name.value, &format!("{kind}s"), names.iter().copied());
    context.add(Problem::new(name.place, problem).mend(mend));
    None
}

/// Says that `error` is no name for a `kind`.
pub(crate) fn bad_name(place: Place, kind: &str, error: &base::InvalidName) -> Problem {
    Problem::new(place, format!("this can't name a {kind}: {error}"))
        .mend("a name shown to people goes into the setting `name`")
}

fn read_trunks(
    top: &mut Section<'_>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<TrunkId, Trunk> {
    let mut trunks = BTreeMap::new();
    for (name, place, node) in top.named("trunks", context) {
        let id = TrunkId::new(scope.org, name)
            .map_err(|error| context.add(bad_name(place, "trunk", &error)))
            .ok();
        let Some(mut section) = context.told(Section::of(format!("trunk `{name}`"), node)) else {
            continue;
        };
        let mend = "name where its calls come from: sources = [\"192.0.2.0/24\"]";
        let reader = value::list(SOURCES_MAX, value::network);
        let sources = section.require("sources", mend, reader, context);
        section.finish(context);
        let (Some(id), Some(sources)) = (id, sources) else {
            continue;
        };
        if sources.value.is_empty() {
            let problem = format!("trunk `{name}` has no address to come from");
            context.add(Problem::new(sources.place, problem).mend(mend));
        }
        for source in &sources.value {
            if source.value.to_string().ends_with("/0") {
                let problem = "calls from any address on the internet come in without credentials";
                let mend = "name the provider's own addresses";
                context.warn(Problem::new(source.place, problem).mend(mend));
            }
        }
        let sources = sources.value.into_iter().map(|at| at.value).collect();
        trunks.insert(id, Trunk { sources });
    }
    trunks
}

/// Each feature code's setting, what it does, and what is said after it.
const FEATURES: [(&str, FeatureCode); 4] = [
    ("log_in", FeatureCode::LogIn),
    ("log_out", FeatureCode::LogOut),
    ("pause", FeatureCode::Pause),
    ("resume", FeatureCode::Resume),
];

fn read_feature_codes(
    top: &mut Section<'_>,
    start: Place,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> (BTreeMap<Box<str>, FeatureCode>, FeaturePrompts) {
    let mut codes = BTreeMap::new();
    let section = top.section("feature_codes", "[feature_codes]", context);
    let place = section.as_ref().map_or(start, Section::place);
    if let Some(mut section) = section {
        for (key, feature) in FEATURES {
            if let Some(code) = section.take(key, value::feature_code, context) {
                dialled.take(&code, &format!("feature code `{key}`"), context);
                codes.insert(code.value, feature);
            }
        }
        section.finish(context);
    }
    // What a code says is only needed where there is one; otherwise the name stands unheard.
    let mut prompt = |name: &str| match scope.prompt_at(name, scope.language, place) {
        Ok(id) => id,
        Err(problem) => {
            if !codes.is_empty() {
                context.add(problem);
            }
            PromptId::new(&format!("{}/{name}", scope.language.folder()))
        }
    };
    let prompts = FeaturePrompts {
        logged_in: prompt("agent-logged-in"),
        logged_out: prompt("agent-logged-out"),
        paused: prompt("agent-paused"),
        resumed: prompt("agent-resumed"),
        refused: prompt("agent-refused"),
    };
    (codes, prompts)
}

fn warn_of_unreachable(
    places: &BTreeMap<QueueId, Place>,
    extensions: &BTreeMap<Box<str>, Destination>,
    numbers: &BTreeMap<Box<str>, Destination>,
    context: &mut Context<'_>,
) {
    let reached: BTreeSet<&QueueId> = extensions
        .values()
        .chain(numbers.values())
        .filter_map(|destination| match destination {
            Destination::Queue(queue) => Some(queue),
            Destination::User(_) => None,
        })
        .collect();
    for (queue, place) in places.iter().filter(|(queue, _)| !reached.contains(queue)) {
        let problem = format!(
            "nobody can call queue `{}`: it has neither extension nor number",
            queue.name()
        );
        let mend = format!(
            "give it an `extension`, or a number under [numbers]: {{ queue = \"{}\" }}",
            queue.name()
        );
        context.warn(Problem::new(*place, problem).mend(mend));
    }
}
