//! Settings looked at and changed by program: `kolapp config` on the files alone, and the same on the
//! running server. An edit is judged as a whole configuration, prompts and certificates with it, before
//! it lands.

use crate::cli::{ConfigAction, ConfigArguments};
use crate::ctl::protocol::Failure;
use crate::reload::{self, Complete, Wrong};
use base::OrgId;
use config::{Edited, Environment};
use control::{ConfigChange, ConfigScope, Written};
use media::Prompts;
use std::io::{self, BufRead, Read};
use std::path::Path;

/// What stands for a value that is read from standard input: others on the machine can see a command line.
const FROM_INPUT: &str = "-";

/// Longest value read from there: what a request to the running server may hold, less its other parts.
const VALUE_BYTES_MAX: u64 = 8 * 1024;

/// A setting, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) scope: ConfigScope,
    pub(crate) path: String,
    pub(crate) change: ConfigChange,
}

/// The edited file and the configuration with it, which is right; or why it may not land.
pub(crate) fn judge(
    dir: &Path,
    environment: &Environment,
    before: &Prompts,
    edit: &Edit,
) -> Result<(Edited, Complete), Failure> {
    let edits = config::edits(dir, &edit.scope, &edit.path, &edit.change).map_err(one)?;
    let mut first = None;
    for edited in edits {
        let loaded = config::load_edited(dir, environment, &edited);
        let checked = loaded.and_then(|loaded| reload::check_loaded(&loaded).map(|()| loaded));
        match checked.map_err(Wrong::Config) {
            Ok(loaded) => {
                let complete = reload::complete(loaded, before).map_err(|wrong| refused(&wrong))?;
                return Ok((edited, complete));
            }
            Err(wrong) => first = first.or(Some(wrong)),
        }
    }
    Err(refused(&first.unwrap_or(Wrong::Lines(Vec::new()))))
}

/// Puts a judged edit in its file's place.
pub(crate) fn land(edited: &Edited, dir: &Path) -> Result<(), Failure> {
    if edited.is_a_change() {
        edited.land(dir).map_err(one)?;
    }
    Ok(())
}

/// What the files say, without secrets.
pub(crate) fn show(dir: &Path, scope: &ConfigScope, path: &str) -> Result<String, Failure> {
    config::show(dir, scope, path).map_err(one)
}

fn one(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}

fn refused(wrong: &Wrong) -> Failure {
    Failure {
        details: wrong.lines(),
        ..Failure::new("nothing was changed, for with this the configuration would be wrong")
    }
}

/// `demo`, `organisations/demo`, or the server's file by its name.
pub(crate) fn scope(name: &str) -> Result<ConfigScope, Failure> {
    if name == config::SERVER_FILE {
        return Ok(ConfigScope::Server);
    }
    let folder = format!("{}/", config::ORGANISATIONS_FOLDER);
    let name = name.strip_prefix(&folder).unwrap_or(name);
    let org = OrgId::new(name.trim_end_matches('/'));
    org.map(ConfigScope::Organisation).map_err(|invalid| {
        let server = config::SERVER_FILE;
        Failure::new(format!("expected an organisation, or {server}: {invalid}"))
    })
}

/// What is asked for, apart from where: whose, which, and what becomes of it.
pub(crate) fn parts(
    action: ConfigAction,
) -> Result<(String, String, Option<ConfigChange>), Failure> {
    Ok(match action {
        ConfigAction::Get { whose, path } => (whose, path, None),
        ConfigAction::Unset { whose, path } => (whose, path, Some(ConfigChange::Unset)),
        ConfigAction::Set { whose, path, value } => {
            let value = match value.as_str() {
                FROM_INPUT => from_input()?,
                _ => value,
            };
            (whose, path, Some(ConfigChange::Set(Written(value))))
        }
    })
}

fn from_input() -> Result<String, Failure> {
    let mut line = String::new();
    let mut input = io::stdin().lock().take(VALUE_BYTES_MAX);
    let read = input.read_line(&mut line);
    read.map_err(|error| Failure::new(format!("standard input can't be read: {error}")))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// `kolapp config`: looks at the files or changes them, whether a server runs or not.
pub(crate) fn on_files(arguments: ConfigArguments) -> Result<String, Failure> {
    let dir = arguments.config.config;
    let (whose, path, change) = parts(arguments.action)?;
    let scope = scope(&whose)?;
    let Some(change) = change else {
        return show(&dir, &scope, &path);
    };
    let edit = Edit {
        scope,
        path,
        change,
    };
    let environment = Environment::from_process();
    let (edited, complete) = judge(&dir, &environment, &Prompts::default(), &edit)?;
    land(&edited, &dir)?;
    for warning in &complete.loaded.warnings {
        eprintln!("warning: {warning}");
    }
    let file = edited.path().display();
    Ok(match edited.is_a_change() {
        true => format!("{file}: changed\n"),
        false => format!("{file}: says so already\n"),
    })
}
