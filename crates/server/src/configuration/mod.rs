//! Organisations' settings as their administrators see and change them over the API. What they propose is judged beside the
//! server's work (`judging.rs`), and landed and taken up by the task that reloads, one change at a time.

mod judging;
mod versions;

pub(crate) use judging::{Outline, Wanted};

use crate::audit::{Doing, Way};
use crate::commands::Commands;
use crate::reload;
use base::{OrgId, QueueId};
use config::{Environment, Loaded, Snapshot, Told, Touch};
use control::{Permitted, Principal, Proposal, Proposed, SettingsAction, SettingsCommand};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use versions::Versions;
use web::{
    ChangeView, ConfigurationFileView, ConfigurationView, Configured, EffectView, FileView,
    NotConfigured, QueueEffectView, SettingProblemView,
};

/// Things that are looked at or judged at once: each reads all files and takes a processor for a while.
const LOOKS_AT_ONCE: usize = 2;

/// Problems that are told at once: beyond that they have few causes.
const PROBLEMS_MAX: usize = 100;

/// Paths that the audit tells of one change.
const PATHS_TOLD_MAX: usize = 10;

/// Characters that it tells of them.
const PATHS_CHARS_MAX: usize = 400;

/// Where the configuration is, and what has been seen of it.
pub(crate) struct Configuration {
    pub(crate) dir: PathBuf,
    pub(crate) environment: Environment,
    versions: Versions,
    looks: Semaphore,
}

impl Configuration {
    pub(crate) fn new(dir: PathBuf, environment: Environment) -> io::Result<Configuration> {
        Ok(Configuration {
            dir,
            environment,
            versions: Versions::new()?,
            looks: Semaphore::new(LOOKS_AT_ONCE),
        })
    }

    fn read(&self, org: &OrgId) -> Result<Snapshot, NotConfigured> {
        Snapshot::read(&self.dir, org).map_err(|error| {
            tracing::warn!("settings can't be shown: {error}");
            let problem = "the files can't be read";
            let mend = "whoever runs the server sees why in its log";
            judging::wrong(vec![Told::elsewhere(problem, mend)])
        })
    }

    fn show(&self, org: &OrgId, loaded: &Loaded) -> Result<ConfigurationView, NotConfigured> {
        let files = self.read(org)?;
        let in_force = loaded.is_made_of(org, &files);
        let problems = match in_force {
            true => Vec::new(),
            false => match reload::load_config(&self.dir, &self.environment) {
                Ok(_) => Vec::new(),
                Err(reload::Wrong::Config(errors)) => judging::told(&files, &errors),
                Err(reload::Wrong::Lines(_)) => Vec::new(),
            },
        };
        let names = files.names().map(|name| ConfigurationFileView {
            name: name.to_owned(),
            version: self.versions.of_file(&files, name),
        });
        Ok(ConfigurationView {
            files: names.collect(),
            settings: files.settings(),
            version: self.versions.show(&files),
            in_force,
            problems,
        })
    }

    fn show_file(&self, org: &OrgId, name: String) -> Result<FileView, NotConfigured> {
        let files = self.read(org)?;
        let text = files.text(&name);
        let text =
            text.ok_or_else(|| NotConfigured::NotThere(format!("there is no file {name}")))?;
        let text = text.map_err(|errors| judging::wrong_with(&files, &errors))?;
        Ok(FileView {
            name,
            version: self.versions.show(&files),
            text,
        })
    }
}

fn problem(told: Told) -> SettingProblemView {
    SettingProblemView {
        file: told.file,
        line: told.at.map(|(line, _)| line),
        column: told.at.map(|(_, column)| column),
        path: (!told.path.is_empty()).then(|| config::dotted(&told.path)),
        problem: told.problem,
        mend: told.mend,
    }
}

fn problems(told: Vec<Told>) -> Vec<SettingProblemView> {
    told.into_iter().take(PROBLEMS_MAX).map(problem).collect()
}

impl Commands {
    /// Has somebody see settings, or change them; a change is kept in the audit, without values.
    pub(crate) async fn configure(
        &self,
        command: Permitted<SettingsCommand>,
        way: Way,
    ) -> Result<Configured, NotConfigured> {
        let (by, SettingsCommand { org, action }) = command.into_parts();
        let loaded = self.0.config.loaded();
        if !loaded.directory.organisations.contains_key(&org) {
            return Err(NotConfigured::NotThere(format!(
                "there is no organisation {org}"
            )));
        }
        let wanted = |proposed| Wanted {
            by: by.clone(),
            org: org.clone(),
            proposed,
        };
        match action {
            SettingsAction::Show => {
                let shown = self.look(move |it| it.show(&org, &loaded)).await?;
                Ok(Configured::Shown(Box::new(shown)))
            }
            SettingsAction::ShowFile { name } => {
                let file = self.look(move |it| it.show_file(&org, name)).await?;
                Ok(Configured::File(file))
            }
            SettingsAction::Preview(proposed) => {
                let (wanted, prompts) = (wanted(proposed), self.0.media.prompts());
                let judged = self.look(move |it| it.judge(&wanted, &loaded, &prompts));
                let outline = judged.await?.outline;
                self.with_waiting(&org, outline).await
            }
            SettingsAction::Change(proposed) => {
                let (doing, wanted) = (in_words(&proposed), wanted(proposed));
                let changed = self.0.reloads.change(wanted).await;
                self.keep_in_audit(&by, way, &org, doing, &changed);
                self.0.floors.changed(Some(org.as_str()));
                self.with_waiting(&org, changed?).await
            }
        }
    }

    /// Has something looked at, a few things at once, beside the threads of signalling.
    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Configuration) -> Result<T, NotConfigured> + Send + 'static,
    ) -> Result<T, NotConfigured> {
        let configuration = self.0.configuration.clone();
        let turn = configuration.looks.acquire().await;
        let _turn = turn.map_err(|_| NotConfigured::Away)?;
        let configuration = Arc::clone(&configuration);
        let done = tokio::task::spawn_blocking(move || look(&configuration));
        done.await.map_err(|_| NotConfigured::Away)?
    }

    /// With those who wait in the queues that it is about.
    async fn with_waiting(
        &self,
        org: &OrgId,
        outline: Outline,
    ) -> Result<Configured, NotConfigured> {
        let mut shown = outline.shown;
        if !outline.queues.is_empty() {
            let floor = self.floor(org, None).await.map_err(|error| {
                tracing::warn!(%error, "who waits can't be told");
                NotConfigured::Away
            })?;
            shown.effects = effects(org, &outline.queues, |queue| {
                floor.queue(queue).map_or(0, |it| it.waiting)
            });
        }
        Ok(Configured::Change(Box::new(shown)))
    }

    fn keep_in_audit(
        &self,
        by: &Principal,
        way: Way,
        org: &OrgId,
        proposed: String,
        changed: &Result<Outline, NotConfigured>,
    ) {
        let (what, refused) = match changed {
            // Nothing is another.
            Ok(outline) if outline.shown.files.is_empty() => return,
            Ok(outline) => (said(&outline.shown, &outline.paths), None),
            Err(not) => (proposed, Some(why_not(not))),
        };
        tracing::info!(%by, %org, refused, "{what}");
        let doing = Doing::new(by, way, Some(org.to_string()), what);
        self.0.audit.keep(doing, refused);
    }
}

fn effects(
    org: &OrgId,
    queues: &std::collections::BTreeMap<String, Touch>,
    waiting: impl Fn(&QueueId) -> u32,
) -> Vec<QueueEffectView> {
    let effects = queues.iter().filter_map(|(name, touch)| {
        let queue = QueueId::new(org, name).ok()?;
        Some(QueueEffectView {
            waiting: waiting(&queue),
            queue,
            what: match touch {
                Touch::Changed => EffectView::Changed,
                Touch::Removed => EffectView::Removed,
            },
        })
    });
    effects.collect()
}

/// What was asked for, by settings' names.
fn in_words(proposed: &Proposed) -> String {
    match &proposed.what {
        Proposal::Edits(edits) => {
            let paths = edits.iter().take(PATHS_TOLD_MAX + 1);
            let paths: Vec<String> = paths.map(|edit| config::dotted(&edit.path)).collect();
            format!("changes settings: {}", listed(&paths))
        }
        Proposal::File { name, .. } => {
            let name: String = name.chars().take(PATHS_CHARS_MAX).collect();
            format!("changes the file {name}")
        }
    }
}

/// What was changed.
fn said(shown: &ChangeView, paths: &[String]) -> String {
    if paths.is_empty() {
        let files: Vec<&str> = shown.files.iter().map(|file| file.name.as_str()).collect();
        return format!("changes what isn't settings in {}", files.join(", "));
    }
    format!("changes settings: {}", listed(paths))
}

fn listed(paths: &[String]) -> String {
    let first: Vec<&str> = paths
        .iter()
        .take(PATHS_TOLD_MAX)
        .map(String::as_str)
        .collect();
    let more = if paths.len() > PATHS_TOLD_MAX {
        ", …"
    } else {
        ""
    };
    let listed: String = first.join(", ").chars().take(PATHS_CHARS_MAX).collect();
    format!("{listed}{more}")
}

fn why_not(not: &NotConfigured) -> &'static str {
    match not {
        NotConfigured::NotThere(_) => "there is no such file",
        NotConfigured::Changed { .. } => "others had changed them meanwhile",
        NotConfigured::Wrong(_) => "the settings would be wrong",
        NotConfigured::Because(_) => "the files can't be written",
        NotConfigured::Away => "the server does not answer",
    }
}
