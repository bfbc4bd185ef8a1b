//! Configuration: TOML files to a tree that knows its places, to settings that can't be wrong, to the
//! shapes that `call`, `acd`, `sip` and `media` work with. Tells everything that is wrong at once, each
//! with file, line, column and mend. Watching the files and applying what changed is left to `server`.

mod address;
mod agents;
mod callback_offer;
mod callback_windows;
mod called_back;
mod database;
mod describe;
mod destination;
mod dictation;
mod door;
mod edit;
mod environment;
mod error;
mod exits;
mod fixed;
mod forward;
mod graph;
mod group;
mod hours;
mod http;
mod import;
mod inbound;
mod keep;
mod kinds;
mod last_agent;
mod library;
mod limits;
mod loaded;
mod members;
mod menu;
mod organisation;
mod outward;
mod problems;
mod queue;
mod queue_group;
mod quick_close;
mod reach;
mod reference;
mod scope;
mod section;
mod server;
mod setting;
mod settings;
mod shut;
mod sip;
mod skills;
mod source;
mod tls;
mod tree;
mod trunk;
mod user;
mod value;
mod versions;
mod web_accounts;
mod worked_off;

pub use callback_windows::CallbackWindows;
pub use database::DatabaseUrl;
pub use describe::{Difference, diff};
pub use edit::{
    Change, DiffLine, EDITS_MAX, Edited, FileDiff, LineKind, Located, NotLanded, Snapshot, Told,
    Touch, VersionKey, dotted, edits, show, taking_a_restart,
};
pub use environment::Environment;
pub use error::{ConfigError, Spot, Weight};
pub use fixed::{Fixed, needs_restart};
pub use http::HttpsSettings;
pub use library::{PROMPTS_MAX, is_sound_file};
pub use loaded::{Loaded, Summary};
pub use problems::ERRORS_MAX;
pub use reference::{Described, Schema, schema, settings};
pub use server::{FactsSettings, RtpSettings, ServerSettings};
pub use settings::LICENCES;
pub use sip::ConnectionLimits;
pub use source::FILE_BYTES_MAX;
pub use tls::TlsSettings;
pub use versions::{Version, folder_of, versions_in};
pub use web_accounts::{OPERATORS_REALM, OperatorProof, WebAccounts};

use base::OrgId;
use call::settings::Directory;
use describe::Description;
use environment::Overrides;
use library::Library;
use loaded::{DemoAccount, ReadableAccount};
use problems::{Problem, Problems, quoted};
use scope::{LANGUAGES, Shared};
use section::Context;
use server::ServerFile;
use source::{Place, Sources};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tree::Table;

/// The server's own file in the configuration's folder.
pub const SERVER_FILE: &str = "kolapp.toml";

/// The folder with a folder for each organisation.
pub const ORGANISATIONS_FOLDER: &str = "organisations";

/// Organisations at most. Like the next three: far beyond what one machine serves, so that a mistake in
/// a script that writes files is told before it has used up the memory.
pub const ORGANISATIONS_MAX: usize = 10_000;

/// TOML files of one organisation at most.
pub const FILES_MAX: usize = 1_000;

/// Users at most, over all organisations.
pub const USERS_MAX: usize = 200_000;

/// Queues at most, over all organisations.
pub const QUEUES_MAX: usize = 20_000;

/// Reads the configuration in `dir`, or tells all that is wrong with it.
pub fn load(dir: &Path, environment: &Environment) -> Result<Loaded, Vec<ConfigError>> {
    read(dir, environment, Sources::default())
}

/// Reads the configuration in `dir` as it would be with one of its files edited.
pub fn load_edited(
    dir: &Path,
    environment: &Environment,
    edited: &Edited,
) -> Result<Loaded, Vec<ConfigError>> {
    read(dir, environment, edited.sources())
}

/// Reads the configuration in `dir` as it would be with one organisation's files changed.
pub fn load_changed(
    dir: &Path,
    environment: &Environment,
    change: &Change,
) -> Result<Loaded, Vec<ConfigError>> {
    load_with(dir, environment, change.after())
}

/// Reads the configuration in `dir` as it would be if an organisation's files said this.
pub(crate) fn load_with(
    dir: &Path,
    environment: &Environment,
    files: &Snapshot,
) -> Result<Loaded, Vec<ConfigError>> {
    read(dir, environment, files.sources())
}

fn read(
    dir: &Path,
    environment: &Environment,
    mut sources: Sources,
) -> Result<Loaded, Vec<ConfigError>> {
    let mut problems = Problems::default();
    let overrides = Overrides::of(environment, |error| problems.tell(error));
    let files = read_files(dir, &mut sources, &mut problems);
    // What follows from a file that can't be read, such as a queue's members missing, would only hide
    // the cause: so the meaning is looked at once all files can be read.
    let files = match files {
        Some(files) if !problems.any() => files,
        _ => return Err(problems.finish().err().unwrap_or_default()),
    };
    let paths = sources.paths();
    let mut context = Context {
        sources: &sources,
        problems: &mut problems,
    };
    let mut loaded = assemble(files, overrides, paths, &mut context);
    loaded.warnings = problems.finish()?;
    Ok(loaded)
}

/// All files as trees.
struct Files {
    server: (usize, Table),
    organisations: Vec<OrganisationFiles>,
}

/// One organisation's files, laid together. `first` is the file that stands for all where something is
/// missing from them.
struct OrganisationFiles {
    id: OrgId,
    first: usize,
    table: Table,
    fingerprint: u64,
}

fn read_files(dir: &Path, sources: &mut Sources, problems: &mut Problems) -> Option<Files> {
    let server = read_file(&dir.join(SERVER_FILE), sources, problems);
    let folder = dir.join(ORGANISATIONS_FOLDER);
    let paths = library::entries(&folder).unwrap_or_default();
    let mut organisations = Vec::new();
    for path in &paths {
        if path.is_dir() {
            organisations.extend(read_organisation(path, sources, problems));
        } else if is_toml(path) {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let mend = format!("move it into a folder of the organisation's name, such as {stem}/");
            let problem = "belongs to no organisation";
            problems.tell(ConfigError::about(path, problem).mend(mend));
        }
    }
    if organisations.len() > ORGANISATIONS_MAX {
        let problem = format!("has more than {ORGANISATIONS_MAX} organisations");
        problems
            .tell(ConfigError::about(&folder, problem).mend("spread them over several servers"));
    }
    if organisations.is_empty() && !problems.any() {
        let problem = "there is no organisation";
        let mend =
            "make a folder for one, with a TOML file in it: organisations/demo/organisation.toml";
        problems.tell(ConfigError::about(&folder, problem).mend(mend));
    }
    Some(Files {
        server: server?,
        organisations,
    })
}

fn read_organisation(
    folder: &Path,
    sources: &mut Sources,
    problems: &mut Problems,
) -> Option<OrganisationFiles> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let id = match OrgId::new(&name) {
        Ok(id) => id,
        Err(error) => {
            let problem = format!("this can't name an organisation: {error}");
            problems.tell(ConfigError::about(folder, problem).mend("rename the folder"));
            return None;
        }
    };
    let mut paths = library::entries(folder).unwrap_or_default();
    paths.retain(|path| is_toml(path));
    if paths.is_empty() || paths.len() > FILES_MAX {
        let problem = format!("expected 1 to {FILES_MAX} TOML files, got {}", paths.len());
        let mend = "write organisation.toml in it, or move the folder away";
        problems.tell(ConfigError::about(folder, problem).mend(mend));
        return None;
    }
    let mut merged: Option<(usize, Table)> = None;
    let mut read = Vec::new();
    for path in &paths {
        let Some((file, table)) = read_file(path, sources, problems) else {
            continue;
        };
        read.push(file);
        match &mut merged {
            None => merged = Some((file, table)),
            Some((_, all)) => tree::merge(sources, all, table, problems),
        }
    }
    let (first, table) = merged?;
    let files = paths.iter().zip(read);
    let files = files.map(|(path, file)| (path.as_path(), sources.source(file).text()));
    Some(OrganisationFiles {
        id,
        first,
        table,
        fingerprint: edit::fingerprint(files),
    })
}

fn read_file(
    path: &Path,
    sources: &mut Sources,
    problems: &mut Problems,
) -> Option<(usize, Table)> {
    let file = sources
        .read(path)
        .map_err(|error| problems.tell(*error))
        .ok()?;
    Some((file, tree::parse(sources, file, problems)?))
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "toml")
}

/// Reads the trees' meaning. What it returns is only used where no error has been told.
fn assemble(
    files: Files,
    overrides: Overrides,
    paths: Vec<PathBuf>,
    context: &mut Context<'_>,
) -> Loaded {
    let (file, table) = &files.server;
    let server = server::read(*file, table, overrides, context);
    let mut library = Library::standard(&server.prompts, context);
    library.state_dir.clone_from(&server.settings.state_dir);
    let mut description = Description::default();
    description.add_server(table);
    let mut directory = Directory {
        limits: server.limits,
        bans: server.bans.clone(),
        session_timers: server.session_timers,
        server_header: server.server_header.clone(),
        answer_options: server.answer_options,
        service_route: server.service_route,
        softphones: server.softphones.clone(),
        addresses: server.addresses.clone(),
        ..Directory::default()
    };
    let mut acd = acd::Settings::default();
    let mut shared = Shared {
        transports: server.settings.sip.iter().map(|it| it.transport).collect(),
        ..Shared::default()
    };
    let mut lists = callback::Settings::default();
    let mut windows = CallbackWindows::default();
    let mut sight = control::Sight::default();
    let mut demo = Vec::new();
    let mut readable = Vec::new();
    let mut web = WebAccounts::default();
    let mut demo_operator = None;
    for operator in &server.operators {
        web.operators
            .insert(operator.name.clone(), operator.proof.clone());
        let spot = operator.demo.map(|place| context.sources.spot(place));
        demo_operator = demo_operator.or(spot.map(|spot| (operator.name.clone(), spot)));
    }
    let mut summary = Summary::default();
    directory.addressed_by_ip = default_organisation(&server, &files, context);
    let mut fingerprints = BTreeMap::new();
    for organisation in &files.organisations {
        let OrganisationFiles {
            id, first, table, ..
        } = organisation;
        fingerprints.insert(id.clone(), organisation.fingerprint);
        let start = Place {
            file: *first,
            start: 0,
            end: 0,
        };
        refuse_names_of_prompts(id, start, &library, context);
        let read = organisation::read(id, start, table, &mut shared, &mut library, context);
        description.add_organisation(id.as_str(), table);
        summary.numbers += read.organisation.numbers.len();
        summary.trunks += read.organisation.trunks.len();
        directory
            .domains
            .insert(read.organisation.domain.clone(), id.clone());
        let accounts = read.organisation.users.keys();
        acd.accounts.extend(accounts.cloned());
        directory
            .organisations
            .insert(id.clone(), read.organisation);
        acd.queues.extend(read.queues);
        acd.agents.extend(read.agents);
        acd.rules.insert(id.clone(), read.agent_rules);
        lists.lists.extend(read.lists);
        windows.0.extend(read.callback_windows);
        sight.append(read.sight);
        web.users.extend(read.web_hashes);
        demo.extend(read.demo.into_iter().map(|account| DemoAccount {
            user: account.user,
            password: account.password,
            at: context.sources.spot(account.place),
        }));
        let spot = |account: user::Readable| ReadableAccount {
            at: context.sources.spot(account.place),
            user: account.user,
            domain: account.domain,
        };
        readable.extend(read.readable.into_iter().map(spot));
    }
    check_counts(&shared, &paths[0], context);
    let prompts = library.into_list();
    summary.organisations = directory.organisations.len();
    summary.users = shared.users;
    summary.queues = shared.queues;
    summary.prompts = prompts.len();
    Loaded {
        server: server.settings,
        directory: Arc::new(directory),
        acd: Arc::new(acd),
        callback: Arc::new(lists),
        callback_windows: Arc::new(windows),
        sight: Arc::new(sight),
        prompts,
        demo_accounts: demo.iter().map(|account| account.user.clone()).collect(),
        summary,
        files: paths,
        warnings: Vec::new(),
        web: Arc::new(web),
        demo_operator,
        listeners: server.listeners,
        demo,
        readable,
        description,
        store_at: server.store_at,
        fingerprints,
    }
}

fn default_organisation(
    server: &ServerFile,
    files: &Files,
    context: &mut Context<'_>,
) -> Option<OrgId> {
    let name = server.default_organisation.as_ref()?;
    let ids = || files.organisations.iter().map(|files| &files.id);
    if let Some(id) = ids().find(|id| id.as_str() == name.value) {
        return Some(id.clone());
    }
    let problem = format!("there is no organisation {}", quoted(&name.value));
    let mend = context.suggestion(&name.value, "organisations", ids().map(OrgId::as_str));
    context.add(Problem::new(name.place, problem).mend(mend));
    None
}

/// An organisation's prompts are called `<its name>/<prompt>`, beside `sv/…`, `en/…` and `music/…`.
fn refuse_names_of_prompts(id: &OrgId, at: Place, library: &Library, context: &mut Context<'_>) {
    let language = LANGUAGES.iter().any(|(word, _)| *word == id.as_str());
    if language || library.has_group(id.as_str()) {
        let problem = format!("an organisation can't be called `{id}`: a folder of prompts is");
        context.add(Problem::new(at, problem).mend("rename the organisation's folder"));
    }
}

fn check_counts(shared: &Shared, path: &Path, context: &mut Context<'_>) {
    for (count, max, what) in [
        (shared.users, USERS_MAX, "users"),
        (shared.queues, QUEUES_MAX, "queues"),
    ] {
        if count > max {
            let problem =
                format!("expected at most {max} {what} in all organisations, got {count}");
            let mend = "spread the organisations over several servers";
            context
                .problems
                .tell(ConfigError::about(path, problem).mend(mend));
        }
    }
}
