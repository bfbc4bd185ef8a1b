//! Reload: the configuration is read whole, judged whole and, if it is right, applied to those who use it;
//! a wrong one changes nothing and is told to the log and to whoever asked. One at a time.

use crate::acd_task::Acd;
use crate::callbacks::{Callbacks, Source};
use crate::certificates::{self, Certificates, Shown};
use crate::configuration::{Configuration, Outline, Wanted};
use crate::ctl::protocol::Failure;
use crate::documents::{ConfigStatus, Reloaded};
use crate::editing::{self, Edit};
use crate::keeping::{utc_now_ms, written_utc};
use crate::licences::Licences;
use crate::panic::contain;
use crate::storage;
use crate::watch::FileWatch;
use crate::wishes;
use arc_swap::ArcSwap;
use config::{Environment, Fixed, Loaded, ServerSettings};
use media::{MediaEngine, Prompts};
use sip::{Mailboxes, Registrations, ShardInput, ToAcd, Watch};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use store::Store;
use tokio::sync::{mpsc, oneshot};
use web::NotConfigured;

/// Requests that may wait for the one under way. All that wait are answered by their own reading, so more
/// would only be late.
const REQUESTS_MAX: usize = 16;

/// Why the configuration is read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A command.
    Command,
    /// SIGHUP.
    Signal,
    /// Its files changed.
    FilesChanged,
    /// A prompt has a new version.
    Prompt,
    /// A setting was changed by command.
    Edit,
}

/// A configuration that is right, with its prompts.
pub(crate) struct Complete {
    pub(crate) loaded: Loaded,
    pub(crate) prompts: Prompts,
    pub(crate) certificates: Certificates,
}

/// Reads the configuration and every prompt file; or all that is wrong. `before` saves reading prompt files
/// again that have not changed.
pub(crate) fn load(dir: &Path, env: &Environment, before: &Prompts) -> Result<Complete, Wrong> {
    complete(load_config(dir, env)?, before)
}

/// A configuration with the files that it names.
pub(crate) fn complete(mut loaded: Loaded, before: &Prompts) -> Result<Complete, Wrong> {
    let certificates = Certificates::read(&loaded.server)?;
    certificates.warn(&mut loaded);
    let prompts = load_prompts(&loaded, before)?;
    Ok(Complete {
        loaded,
        prompts,
        certificates,
    })
}

/// The configuration alone.
pub(crate) fn load_config(dir: &Path, env: &Environment) -> Result<Loaded, Wrong> {
    let loaded = config::load(dir, env).map_err(Wrong::Config)?;
    check_loaded(&loaded).map_err(Wrong::Config)?;
    Ok(loaded)
}

/// What may be wrong with a configuration as a whole.
pub(crate) fn check_loaded(loaded: &Loaded) -> Result<(), Vec<config::ConfigError>> {
    loaded.check_exposure()?;
    loaded.check_store(storage::judge)
}

/// Its prompt files. A decoder that panics over one of them is that file's fault and nobody else's.
pub(crate) fn load_prompts(loaded: &Loaded, before: &Prompts) -> Result<Prompts, Wrong> {
    match contain(|| before.reload(&loaded.prompts)) {
        Ok(Ok(prompts)) => Ok(prompts),
        Ok(Err(errors)) => {
            let lines = errors.into_iter().map(|error| error.to_string());
            Err(Wrong::Lines(lines.collect()))
        }
        Err(panic) => Err(Wrong::Lines(vec![format!(
            "a prompt file can't be decoded: {panic}"
        )])),
    }
}

/// What is wrong with a configuration.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// Its texts.
    Config(Vec<config::ConfigError>),
    /// Its prompt files or certificates, a line each.
    Lines(Vec<String>),
}

impl Wrong {
    /// A line for each error.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Wrong::Config(errors) => errors.iter().map(ToString::to_string).collect(),
            Wrong::Lines(lines) => lines.clone(),
        }
    }
}

/// The configuration in force, for who looks things up in it.
#[derive(Clone)]
pub(crate) struct ConfigInForce {
    loaded: Arc<ArcSwap<Loaded>>,
    status: Arc<ArcSwap<ConfigStatus>>,
}

impl ConfigInForce {
    pub(crate) fn new(dir: &Path, loaded: Loaded) -> ConfigInForce {
        let status = ConfigStatus {
            folder: dir.display().to_string(),
            in_force_since: written_utc(utc_now_ms()),
            ..ConfigStatus::default()
        };
        ConfigInForce {
            loaded: Arc::new(ArcSwap::from_pointee(loaded)),
            status: Arc::new(ArcSwap::from_pointee(status)),
        }
    }

    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        self.loaded.load_full()
    }

    pub(crate) fn status(&self) -> ConfigStatus {
        ConfigStatus::clone(&self.status.load())
    }
}

/// The way to the task that reloads.
#[derive(Clone)]
pub(crate) struct Reloads(mpsc::Sender<Request>);

/// What is to be done before the configuration is applied, and where it is said what came of it.
enum Request {
    /// It is read.
    Reload(Cause, oneshot::Sender<Result<Reloaded, Failure>>),
    /// One of its settings is changed.
    Edit(Edit, oneshot::Sender<Result<Reloaded, Failure>>),
    /// An organisation's settings are changed.
    Change(Box<Wanted>, oneshot::Sender<Result<Outline, NotConfigured>>),
}

impl Reloads {
    /// Reads the configuration anew and says what came of it.
    pub(crate) async fn reload(&self, cause: Cause) -> Result<Reloaded, Failure> {
        self.request(|answer| Request::Reload(cause, answer)).await
    }

    /// Changes a setting in its file, reads the configuration anew and says what came of it.
    pub(crate) async fn edit(&self, edit: Edit) -> Result<Reloaded, Failure> {
        self.request(|answer| Request::Edit(edit, answer)).await
    }

    /// Changes an organisation's settings, as a whole; they are in force when it says what they are.
    pub(crate) async fn change(&self, wanted: Wanted) -> Result<Outline, NotConfigured> {
        let (answer, answered) = oneshot::channel();
        let request = Request::Change(Box::new(wanted), answer);
        let sent = self.0.send(request).await;
        sent.map_err(|_| NotConfigured::Away)?;
        answered.await.map_err(|_| NotConfigured::Away)?
    }

    async fn request(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<Reloaded, Failure>>) -> Request,
    ) -> Result<Reloaded, Failure> {
        let (answer, answered) = oneshot::channel();
        let ended = || Failure::new("the server is going down");
        self.0.send(request(answer)).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

/// The task that reloads, and what it applies a configuration to.
pub(crate) struct Reloader {
    requests: mpsc::Receiver<Request>,
    parts: Parts,
    /// The settings the process was started with: what differs from them takes a restart.
    started_with: Vec<Fixed>,
}

/// What a configuration is applied to.
pub(crate) struct Parts {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) config: ConfigInForce,
    pub(crate) media: MediaEngine,
    pub(crate) shown: Shown,
    pub(crate) files: Arc<OnceLock<FileWatch>>,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) store: Store,
    pub(crate) licences: Licences,
    pub(crate) acd: Acd,
    pub(crate) callbacks: Callbacks,
    pub(crate) to_acd: mpsc::Sender<ToAcd>,
}

impl Reloader {
    pub(crate) fn new(parts: Parts) -> (Reloader, Reloads) {
        let (to_requests, requests) = mpsc::channel(REQUESTS_MAX);
        let reloader = Reloader {
            requests,
            started_with: parts.config.loaded().server.fixed_at_start(),
            parts,
        };
        (reloader, Reloads(to_requests))
    }

    /// Runs until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        while let Some(request) = self.requests.recv().await {
            // Whoever asked may have gone away.
            match request {
                Request::Reload(cause, answer) => {
                    let result = counted("kolapp_reloads_total", self.reload(cause).await);
                    let _ = answer.send(result);
                }
                Request::Edit(edit, answer) => {
                    let result = counted(EDITS, self.edit(edit).await);
                    let _ = answer.send(result);
                }
                Request::Change(wanted, answer) => {
                    let result = counted(EDITS, self.change(*wanted).await);
                    let _ = answer.send(result);
                }
            }
        }
    }

    async fn reload(&self, cause: Cause) -> Result<Reloaded, Failure> {
        let configuration = self.parts.configuration.clone();
        let before = self.parts.media.prompts();
        let read = tokio::task::spawn_blocking(move || {
            load(&configuration.dir, &configuration.environment, &before)
        });
        let read = read.await;
        match read {
            Ok(Ok(complete)) => Ok(self.apply(cause, complete).await),
            Ok(Err(wrong)) => Err(self.refuse(wrong.lines())),
            Err(broken) => Err(self.refuse(vec![broken.to_string()])),
        }
    }

    /// What may not land leaves the files as they are, so that nothing is wrong with those in force.
    async fn edit(&self, edit: Edit) -> Result<Reloaded, Failure> {
        let configuration = self.parts.configuration.clone();
        let before = self.parts.media.prompts();
        let landed = tokio::task::spawn_blocking(move || {
            let (dir, environment) = (&configuration.dir, &configuration.environment);
            let (edited, complete) = editing::judge(dir, environment, &before, &edit)?;
            editing::land(&edited, dir)?;
            Ok(complete)
        });
        match landed.await {
            Ok(Ok(complete)) => Ok(self.apply(Cause::Edit, complete).await),
            Ok(Err(failure)) => Err(failure),
            Err(broken) => Err(Failure::new(broken.to_string())),
        }
    }

    /// The same of an organisation's settings as a whole.
    async fn change(&self, wanted: Wanted) -> Result<Outline, NotConfigured> {
        let configuration = self.parts.configuration.clone();
        let (in_force, prompts) = (self.parts.config.loaded(), self.parts.media.prompts());
        let landed = tokio::task::spawn_blocking(move || {
            let judged = configuration.judge(&wanted, &in_force, &prompts)?;
            if judged.is_a_change() {
                configuration.land(&wanted, &judged)?;
            }
            Ok(judged)
        });
        let judged = landed.await.map_err(|_| NotConfigured::Away)??;
        if judged.is_a_change() {
            self.apply(Cause::Edit, judged.complete).await;
        }
        Ok(judged.outline)
    }

    fn refuse(&self, lines: Vec<String>) -> Failure {
        for line in &lines {
            tracing::error!("configuration: {line}");
        }
        tracing::error!("the configuration was not loaded; the one before stays in force");
        self.parts.config.status.store(Arc::new(ConfigStatus {
            last_errors: lines.clone(),
            refused_at: Some(written_utc(utc_now_ms())),
            ..self.parts.config.status()
        }));
        Failure {
            details: lines,
            ..Failure::new("the configuration was not loaded; the one before stays in force")
        }
    }

    async fn apply(&self, cause: Cause, complete: Complete) -> Reloaded {
        let Complete {
            mut loaded,
            prompts,
            certificates,
        } = complete;
        let parts = &self.parts;
        let before = parts.config.loaded();
        // No file of the configuration says it.
        Arc::make_mut(&mut loaded.directory)
            .callers_key
            .clone_from(&before.directory.callers_key);
        let mut changes = self.changes(&loaded, &prompts);
        changes.extend(parts.shown.show(certificates));
        follow(parts.files.get(), &loaded.server);
        let now = loaded.server.fixed_at_start();
        let needs_restart = config::needs_restart(&self.started_with, &now);
        let reloaded = Reloaded {
            warnings: loaded.warnings.iter().map(ToString::to_string).collect(),
            changes,
            needs_restart,
        };
        // Prompts first: whoever is told of a new one must find it.
        parts.media.replace_prompts(Arc::new(prompts));
        let acd = loaded.acd.clone();
        // Both end only with the process.
        let _ = parts
            .acd
            .configure(acd.clone(), loaded.directory.clone())
            .await;
        let loaded = self.keep_serving(loaded).await;
        let _ = parts.callbacks.configure(Source::of(&loaded)).await;
        let directory = loaded.directory.clone();
        parts.licences.follow(&loaded);
        parts.config.loaded.store(Arc::new(loaded));
        parts.config.status.store(Arc::new(ConfigStatus {
            reloads: parts.config.status().reloads + 1,
            last_errors: Vec::new(),
            in_force_since: written_utc(utc_now_ms()),
            refused_at: None,
            needs_restart: reloaded.needs_restart.clone(),
            ..parts.config.status()
        }));
        let configure = || ShardInput::Configure(directory.clone());
        parts.mailboxes.broadcast(configure).await;
        let is_account = |user: &base::UserId| directory.user(user).is_some();
        for user in parts.registrations.keep(is_account) {
            let _ = parts.to_acd.send(ToAcd::DeviceChanged(user)).await;
        }
        wishes::forget(&parts.watch, &parts.store, is_account);
        say(cause, &reloaded);
        reloaded
    }

    /// The same, where callers of removed queues that are still served find the way that they had, and callback lists
    /// that are removed are worked off.
    async fn keep_serving(&self, mut loaded: Loaded) -> Loaded {
        let before = self.parts.config.loaded();
        Arc::make_mut(&mut loaded.callback).keep(&before.callback);
        Arc::make_mut(&mut loaded.directory).keep_calling_back(&before.directory);
        loaded.work_off(self.parts.callbacks.stand().lists());
        let snapshot = self.parts.acd.snapshot().await;
        let queues = snapshot.map(|it| it.queues).unwrap_or_default();
        let mut draining = queues.iter().filter(|queue| queue.draining).peekable();
        if draining.peek().is_some() {
            let directory = Arc::make_mut(&mut loaded.directory);
            draining.for_each(|it| directory.keep_serving(&it.queue, &before.directory));
        }
        loaded
    }

    fn changes(&self, loaded: &Loaded, prompts: &Prompts) -> Vec<String> {
        let mut changes = config::diff(&self.parts.config.loaded(), loaded).lines;
        let before = self.parts.media.prompts();
        let anew = loaded.prompts.iter().filter(|(id, _)| {
            let (old, new) = (before.find(id), prompts.find(id));
            old.zip(new)
                .is_some_and(|(old, new)| !Arc::ptr_eq(&old, &new))
        });
        changes.extend(anew.map(|(id, _)| format!("prompt {id}: its file has changed")));
        changes
    }
}

/// Changes of settings by program.
const EDITS: &str = "kolapp_config_edits_total";

fn counted<T, E>(counter: &'static str, result: Result<T, E>) -> Result<T, E> {
    let word = if result.is_ok() { "done" } else { "refused" };
    metrics::counter!(counter, "result" => word).increment(1);
    result
}

/// Files that are named have their changes noticed.
pub(crate) fn follow(watch: Option<&FileWatch>, settings: &ServerSettings) {
    let followed = watch.map(|watch| watch.follow(certificates::files(settings)));
    if let Some(Err(error)) = followed {
        tracing::warn!(%error, "changed certificates will not be noticed; use kolapp ctl reload");
    }
}

fn say(cause: Cause, reloaded: &Reloaded) {
    for warning in &reloaded.warnings {
        tracing::warn!("configuration: {warning}");
    }
    for setting in &reloaded.needs_restart {
        tracing::warn!("takes a restart: {setting}");
    }
    for change in &reloaded.changes {
        tracing::info!("configuration: {change}");
    }
    tracing::info!(
        ?cause,
        changes = reloaded.changes.len(),
        "configuration loaded"
    );
}
