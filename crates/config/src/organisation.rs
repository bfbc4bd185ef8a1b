//! One organisation, its files laid together. Its users, its queues and how it is reached have files of
//! their own.

use crate::callback_windows::Occurs;
use crate::graph::{self, Places};
use crate::kinds::Kind;
use crate::library::Library;
use crate::outward::Theirs;
use crate::problems::{Problem, quoted};
use crate::scope::{Dialled, MUSIC, Scope, Shared, bad_name};
use crate::section::{At, Context, Entry, Section};
use crate::settings::{PROMPT_FILE, head, organisation_files};
use crate::source::Place;
use crate::tree::Table;
use crate::user::{self, Account, Readable};
use crate::{
    agents, called_back, dictation, forward, group, hours, members, menu, outward, queue,
    queue_group, quick_close, reach, shut, trunk,
};
use acd::{AgentRules, AgentSettings, Licence, QueueSettings, Skills};
use base::{GroupId, MenuId, OrgId, QueueId, UserId};
use call::ledger::Bounds;
use call::outward::{Numbering, Rights};
use call::settings::{
    CallbackOffer, CallingBack, Destination, Door, Group, Language, Menu, Messages, Organisation,
    OutsideRefused, QueueJourney, TransferFailed, User, Ways,
};
use callback::ListSettings;
use control::Sight;
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Heard while somebody's phone rings, and where nobody answers: by callers who hear us already. Where the prompts'
/// folder has none, nothing is heard.
const RINGING: &str = "music/ringing";
const NOT_AVAILABLE: &str = "not-available";

/// One organisation in the shapes that `call` and `acd` work with.
pub(crate) struct Read {
    pub(crate) organisation: Organisation,
    pub(crate) queues: BTreeMap<QueueId, QueueSettings>,
    pub(crate) agents: BTreeMap<UserId, AgentSettings>,
    pub(crate) agent_rules: AgentRules,
    pub(crate) sight: Sight,
    pub(crate) lists: BTreeMap<QueueId, ListSettings>,
    pub(crate) callback_windows: BTreeMap<QueueId, Vec<Occurs>>,
    pub(crate) demo: Vec<Account>,
    pub(crate) readable: Vec<Readable>,
    /// Hashes of passwords for the web alone.
    pub(crate) web_hashes: BTreeMap<UserId, Box<str>>,
}

pub(crate) fn read(
    org: &OrgId,
    start: Place,
    table: &Table,
    shared: &mut Shared,
    library: &mut Library,
    context: &mut Context<'_>,
) -> Read {
    let what = format!("organisation `{org}`");
    let mut top = Section::new(what, start, table, &organisation_files::HEADING);
    let head = read_head(org, &mut top, shared, context);
    let mut own_prompts = read_prompts(org, &mut top, library, context);
    own_prompts.extend(library.add_versions(org, start, context));
    let recordable_names = top.named(&organisation_files::PROMPT_NUMBERS, context);
    let user_tables = top.named(&organisation_files::USERS, context);
    let queue_tables = top.named(&organisation_files::QUEUES, context);
    let group_tables = top.named(&organisation_files::GROUPS, context);
    let menu_tables = top.named(&organisation_files::MENUS, context);
    let hours_tables = top.named(&organisation_files::HOURS, context);
    let number_tables = top.named(&organisation_files::NUMBERS, context);
    let queue_group_tables = top.named(&organisation_files::QUEUE_GROUPS, context);
    let scope = Scope {
        org,
        domain: head.domain,
        language: head.language,
        is_demo: head.is_demo,
        users: user_tables.iter().map(|(name, ..)| *name).collect(),
        queues: queue_tables.iter().map(|(name, ..)| *name).collect(),
        groups: group_tables.iter().map(|(name, ..)| *name).collect(),
        hours: hours_tables.iter().map(|(name, ..)| *name).collect(),
        menus: menu_tables.iter().map(|(name, ..)| *name).collect(),
        numbers: number_tables.iter().map(|(name, ..)| *name).collect(),
        zone: head.zone.clone(),
        numbering: head.numbering,
        own_prompts,
        library,
    };
    shared.users += scope.users.len();
    shared.queues += scope.queues.len();

    let mut dialled = Dialled::default();
    let mut users = read_users(user_tables, &scope, &mut dialled, context);
    let mut queues = read_queues(queue_tables, &scope, &mut dialled, context);
    for (agent, settings) in &mut queues.agents {
        settings.skills = users.skills.remove(agent).unwrap_or_default();
        settings.licence = users.licences.get(agent).copied().unwrap_or_default();
    }
    let hold_music = read_hold_music(head.hold_music, start, &scope, context);
    let mut places = Places::new();
    let groups = read_groups(group_tables, &scope, &mut dialled, &mut places, context);
    let hours = hours_tables
        .into_iter()
        .filter_map(|(name, place, node)| hours::read(name, place, node, &scope, context))
        .collect();
    let menus = read_menus(menu_tables, &scope, &mut dialled, &mut places, context);
    let numbers = reach::read_numbers(number_tables, &scope, shared, &mut places, context);
    let trunks = trunk::read(&mut top, &scope, shared, context);
    let plans = outward::read_plans(org, &mut top, context);
    let (agent_rules, mobiles_show) = agents::read(&mut top, context);
    let (feature_codes, feature_prompts) =
        reach::read_feature_codes(&mut top, start, &scope, &mut dialled, context);
    let quick_closing = quick_close::read(&mut top, context);
    top.finish(context);
    let dictated = dictation::read(recordable_names, &feature_codes, start, &scope, context);

    let known = outward::Known {
        plans: &plans,
        numbers: &numbers,
        shown: &head.shown,
    };
    let common = known.rights(head.own, context);
    let of_users = rights(users.own, &known, context);
    let of_queues = rights(queues.own, &known, context);
    let extensions = users.extensions.into_iter();
    let extensions = extensions.chain(queues.extensions);
    let extensions = extensions.chain(groups.extensions).chain(menus.extensions);
    let of_queues_places = queues.places.iter();
    places
        .extend(of_queues_places.map(|(queue, place)| (graph::Node::Queue(queue.clone()), *place)));
    let queue_groups = queue_group::read(queue_group_tables, &scope, context);
    let had = quick_close::Had {
        codes: &feature_codes,
        groups: &queue_groups,
        queues: &queues.settings,
    };
    let by_phone = quick_close::settle(quick_closing, &had, start, &scope, context);
    let organisation = Organisation {
        outward: call::outward::Settings {
            mobiles_show,
            numbering: scope.numbering.clone(),
            plans,
            common,
            users: of_users,
            queues: of_queues,
            channels: head.together.0,
            bounds: head.together.1,
        },
        ways: Ways {
            groups: groups.groups,
            menus: menus.menus,
            hours,
            zone: head.zone.map(Into::into),
            queue_groups,
            doors: queues.doors,
            unknown_number: match head.unknown_number {
                Met::Refused => None,
                Met::Told => said(NOT_IN_SERVICE, start, &scope, context),
            },
            outside_refused: match head.outside_refused {
                Met::Refused => None,
                Met::Told => read_outside_refused(start, &scope, context),
            },
            ringing_tone: scope.prompt(RINGING, scope.language),
            not_available: scope.prompt(NOT_AVAILABLE, scope.language),
        },
        domain: scope.domain,
        users: users.accounts,
        extensions: extensions.collect(),
        numbers,
        dictated,
        by_phone,
        feature_codes,
        trunks,
        queues: queues.journeys,
        callbacks: queues.callbacks,
        calling_back: queues.calling_back,
        feature_prompts,
        ring: head.ring,
        hold_music,
        transfer_failed: head.transfer_failed,
        messages: head.messages,
    };
    graph::check(&organisation, &places, context);
    shut::check(&organisation, &queues.places, context);
    called_back::check(&organisation, &queues.unchecked, context);
    forward::check(&organisation, &users.forwards, context);
    agents::check_mobiles(&organisation, &queues.settings, &users.mobiles, context);
    graph::warn_of_unreachable(&organisation, &queues.places, context);
    members::warn_of_unable(&queues.settings, &queues.agents, &queues.places, context);
    Read {
        organisation,
        queues: queues.settings,
        agents: queues.agents,
        agent_rules,
        sight: queues.sight,
        lists: queues.lists,
        callback_windows: queues.callback_windows,
        demo: users.demo,
        readable: users.readable,
        web_hashes: users.web_hashes,
    }
}

/// Rights by who has them; nobody is there who has nothing of his own.
fn rights<Id: Ord>(
    own: Vec<(Id, Theirs)>,
    known: &outward::Known<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<Id, Rights> {
    let rights = own
        .into_iter()
        .map(|(id, own)| (id, known.rights(own, context)));
    rights
        .filter(|(_, rights)| *rights != Rights::default())
        .collect()
}

#[derive(Default)]
struct Users {
    own: Vec<(UserId, Theirs)>,
    forwards: Vec<forward::Written>,
    skills: BTreeMap<UserId, Skills>,
    licences: BTreeMap<UserId, Licence>,
    mobiles: Vec<(UserId, Place)>,
    accounts: BTreeMap<UserId, User>,
    extensions: BTreeMap<Box<str>, Destination>,
    demo: Vec<Account>,
    readable: Vec<Readable>,
    web_hashes: BTreeMap<UserId, Box<str>>,
}

fn read_users(
    tables: Vec<Entry<'_>>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Users {
    let mut users = Users::default();
    for entry in tables {
        let Some(read) = user::read(entry, scope, dialled, context) else {
            continue;
        };
        if let Some(extension) = &read.user.extension {
            let destination = Destination::User(read.id.clone());
            users.extensions.insert(extension.clone(), destination);
        }
        users.demo.extend(read.demo);
        users.readable.extend(read.readable);
        let web_hash = read.web_hash.map(|hash| (read.id.clone(), hash));
        users.web_hashes.extend(web_hash);
        users.own.push((read.id.clone(), read.outward));
        users.forwards.extend(read.forwards);
        users.skills.insert(read.id.clone(), read.skills);
        users.licences.insert(read.id.clone(), read.licence);
        let mobile = read.mobile.map(|place| (read.id.clone(), place));
        users.mobiles.extend(mobile);
        users.accounts.insert(read.id, read.user);
    }
    warn_of_readable(&users.readable, context);
    users
}

/// Told once an organisation, at the first: it holds for all in the same way.
fn warn_of_readable(readable: &[Readable], context: &mut Context<'_>) {
    let Some(first) = readable.first() else {
        return;
    };
    let problem = match readable.len() {
        1 => "whoever reads this file reads a password".to_owned(),
        many => format!("whoever reads this file reads {many} passwords, of which this is one"),
    };
    let (name, domain) = (first.user.name(), &first.domain);
    let mend =
        format!("run kolapp secret {name}@{domain}, and write the two lines it prints instead");
    context.warn(Problem::new(first.place, problem).mend(mend));
}

#[derive(Default)]
struct Queues {
    own: Vec<(QueueId, Theirs)>,
    settings: BTreeMap<QueueId, QueueSettings>,
    journeys: BTreeMap<QueueId, QueueJourney>,
    agents: BTreeMap<UserId, AgentSettings>,
    extensions: BTreeMap<Box<str>, Destination>,
    places: BTreeMap<QueueId, Place>,
    doors: BTreeMap<QueueId, Door>,
    sight: Sight,
    lists: BTreeMap<QueueId, ListSettings>,
    callback_windows: BTreeMap<QueueId, Vec<Occurs>>,
    callbacks: BTreeMap<QueueId, Arc<CallbackOffer>>,
    calling_back: BTreeMap<QueueId, Arc<CallingBack>>,
    unchecked: Vec<called_back::Unchecked>,
}

fn read_queues(
    tables: Vec<Entry<'_>>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    context: &mut Context<'_>,
) -> Queues {
    let mut queues = Queues::default();
    for entry in tables {
        let place = entry.1;
        let Some(read) = queue::read(entry, scope, dialled, context) else {
            continue;
        };
        if let Some(extension) = read.extension {
            let destination = Destination::Queue(read.id.clone());
            queues.extensions.insert(extension, destination);
        }
        for member in read.settings.members.keys() {
            let agent = queues.agents.entry(member.clone()).or_default();
            if read.logged_in_at_start {
                agent.logged_in_at_start.insert(read.id.clone());
            }
        }
        let members = read.settings.members.keys().cloned();
        queues
            .sight
            .add(read.id.clone(), members.chain(read.seen_by));
        queues.own.push((read.id.clone(), read.outward));
        queues.places.insert(read.id.clone(), place);
        if read.door != Door::default() {
            queues.doors.insert(read.id.clone(), read.door);
        }
        if let Some(callback) = read.callback {
            queues.unchecked.push(called_back::Unchecked {
                queue: read.id.clone(),
                place: callback.place,
                needs_zone: callback.needs_zone,
            });
            let offer = callback.offer.map(|offer| (read.id.clone(), offer));
            queues.callbacks.extend(offer);
            let calling = &mut queues.calling_back;
            calling.insert(read.id.clone(), callback.calling);
            let windows = &mut queues.callback_windows;
            windows.insert(read.id.clone(), callback.windows);
            queues.lists.insert(read.id.clone(), callback.settings);
        }
        queues.settings.insert(read.id.clone(), read.settings);
        queues.journeys.insert(read.id, read.journey);
    }
    queues
}

#[derive(Default)]
struct Groups {
    groups: BTreeMap<GroupId, Group>,
    extensions: BTreeMap<Box<str>, Destination>,
}

fn read_groups(
    tables: Vec<Entry<'_>>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    places: &mut Places,
    context: &mut Context<'_>,
) -> Groups {
    let mut groups = Groups::default();
    for entry in tables {
        let place = entry.1;
        let Some(read) = group::read(entry, scope, dialled, context) else {
            continue;
        };
        places.insert(graph::Node::Group(read.id.clone()), place);
        if let Some(extension) = read.extension {
            let destination = Destination::Group(read.id.clone());
            groups.extensions.insert(extension, destination);
        }
        groups.groups.insert(read.id, read.group);
    }
    groups
}

#[derive(Default)]
struct Menus {
    menus: BTreeMap<MenuId, Menu>,
    extensions: BTreeMap<Box<str>, Destination>,
}

fn read_menus(
    tables: Vec<Entry<'_>>,
    scope: &Scope<'_>,
    dialled: &mut Dialled,
    places: &mut Places,
    context: &mut Context<'_>,
) -> Menus {
    let mut menus = Menus::default();
    for entry in tables {
        let place = entry.1;
        let Some(read) = menu::read(entry, scope, dialled, context) else {
            continue;
        };
        places.insert(graph::Node::Menu(read.id.clone()), place);
        if let Some(extension) = read.extension {
            let destination = Destination::Menu(read.id.clone());
            menus.extensions.insert(extension, destination);
        }
        menus.menus.insert(read.id, read.menu);
    }
    menus
}

struct Head {
    domain: Box<str>,
    language: Language,
    ring: Duration,
    is_demo: bool,
    zone: Option<String>,
    hold_music: Option<At<String>>,
    transfer_failed: TransferFailed,
    numbering: Numbering,
    shown: BTreeSet<Box<str>>,
    own: Theirs,
    /// Channels, and bounds on calls outside, of everybody together.
    together: (Option<u32>, Bounds),
    messages: Messages,
    unknown_number: Met,
    outside_refused: Met,
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
        ring: (head::RING.otherwise.0)(),
        is_demo: false,
        zone: None,
        hold_music: None,
        transfer_failed: TransferFailed::default(),
        numbering: Numbering::default(),
        shown: BTreeSet::new(),
        own: Theirs::default(),
        together: Default::default(),
        messages: Messages::default(),
        unknown_number: Met::Refused,
        outside_refused: Met::Refused,
    };
    let Some(mut section) = top.headed(&organisation_files::ORGANISATION, context) else {
        if !top.has(&organisation_files::ORGANISATION) {
            let problem = format!("organisation `{org}` has no [organisation] with its domain");
            let mend = "add to one of its files: [organisation] and domain = \"sip.example.com\"";
            context.add(Problem::new(top.place(), problem).mend(mend));
        }
        return head;
    };
    let domain = section.require(&head::DOMAIN, context);
    head.language = section.value(&head::LANGUAGE, context);
    head.ring = section.value(&head::RING, context);
    head.is_demo = section.value(&head::DEMO, context);
    head.zone = section.take(&head::ZONE, context).map(|at| at.value);
    head.hold_music = section.take(&head::HOLD_MUSIC, context);
    head.transfer_failed = section.value(&head::TRANSFER_FAILED, context);
    (head.numbering, head.shown) = outward::read_numbering(&mut section, context);
    head.own = outward::read_own_of_all(&mut section, context);
    head.together = outward::read_together(&mut section, context);
    head.messages = section.value(&head::MESSAGES, context);
    head.unknown_number = section.value(&head::UNKNOWN_NUMBER, context);
    head.outside_refused = section.value(&head::OUTSIDE_REFUSED, context);
    section.finish(context);
    if let Some(domain) = domain {
        if let Some(first) = shared.domains.insert(domain.value.clone(), domain.place) {
            let problem = format!(
                "domain {} is another organisation's too",
                quoted(&domain.value)
            );
            let problem = Problem::new(domain.place, problem)
                .mend("give each organisation a domain of its own")
                .see(first, "the other is here");
            context.add(problem);
        }
        head.domain = domain.value;
    }
    head
}

/// What a caller meets whose call can't be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Met {
    Refused,
    Told,
}

/// Said where a number is not there.
const NOT_IN_SERVICE: &str = "not-in-service";

/// Said where a number may not be called.
const NOT_ALLOWED: &str = "not-allowed";

/// Said where no trunk takes a call.
const ALL_BUSY: &str = "all-busy";

fn said(
    name: &str,
    start: Place,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<PromptId> {
    let found = scope.prompt_at(name, scope.language, start);
    found.map_err(|problem| context.add(problem)).ok()
}

fn read_outside_refused(
    start: Place,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<OutsideRefused> {
    Some(OutsideRefused {
        not_allowed: said(NOT_ALLOWED, start, scope, context)?,
        no_trunk: said(ALL_BUSY, start, scope, context)?,
        no_such_number: said(NOT_IN_SERVICE, start, scope, context)?,
    })
}

/// Kept until the organisation's own prompts are known.
fn read_hold_music(
    name: Option<At<String>>,
    start: Place,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> PromptId {
    let At { value, place } = name.unwrap_or_else(|| At {
        value: (head::HOLD_MUSIC.otherwise.0)(),
        place: start,
    });
    scope
        .prompt_at(&value, scope.language, place)
        .unwrap_or_else(|problem| {
            context.add(problem);
            PromptId::new(MUSIC)
        })
}

fn read_prompts(
    org: &OrgId,
    top: &mut Section<'_>,
    library: &mut Library,
    context: &mut Context<'_>,
) -> BTreeSet<Box<str>> {
    let mut names = BTreeSet::new();
    for (name, place, node) in top.named(&organisation_files::PROMPTS, context) {
        names.insert(name.into());
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
        if let Some(path) = context.told(PROMPT_FILE.read(node)) {
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
