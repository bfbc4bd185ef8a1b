//! New versions of prompts: recorded by telephone, imported, taken again. Each is on disk, and heard from the next caller on,
//! before whoever asked is told so.

mod shelf;

use crate::audit::{Audit, Doing, Way};
use crate::ctl::protocol::Failure;
use crate::documents::PromptRow;
use crate::panic::contain;
use crate::reload::{Cause, ConfigInForce, Reloads};
use base::{CallId, OrgId};
use call::dictation::RecordingKept;
use control::{Command, Permitted, PromptAction, PromptCommand};
use media::{MediaEngine, Prompt, Prompts};
use media_core::PromptId;
pub(crate) use shelf::Shelf;
use sip::{Mailboxes, Recorded, ShardInput};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};

/// Recordings that wait to be kept: more people than record at once.
const WAITING_MAX: usize = 64;
/// How long a media thread may take to hand over a recording: it does within a frame.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(2);

/// Whoever keeps prompts.
#[derive(Clone)]
pub(crate) struct PromptKeeper {
    shelf: Arc<Shelf>,
    config: ConfigInForce,
    reloads: Reloads,
    /// One change at a time, so that versions are counted right.
    turn: Arc<Mutex<()>>,
}

impl PromptKeeper {
    pub(crate) fn new(shelf: Shelf, config: ConfigInForce, reloads: Reloads) -> PromptKeeper {
        PromptKeeper {
            shelf: Arc::new(shelf),
            config,
            reloads,
            turn: Arc::default(),
        }
    }

    /// Carries out a command that came without a recording.
    pub(crate) async fn carry_out(
        &self,
        command: Permitted<PromptCommand>,
    ) -> Result<Vec<PromptRow>, Failure> {
        let (by, PromptCommand { org, action }) = command.into_parts();
        if !self
            .config
            .loaded()
            .directory
            .organisations
            .contains_key(&org)
        {
            return Err(Failure::new(format!("there is no organisation `{org}`")));
        }
        let (name, new) = match action {
            PromptAction::List => {
                let shelf = Arc::clone(&self.shelf);
                let rows = tokio::task::spawn_blocking(move || shelf.rows(&org)).await;
                return rows.map_err(|broken| Failure::new(broken.to_string()));
            }
            PromptAction::Listen { .. } | PromptAction::Record { .. } => {
                return Err(Failure::new("prompts are heard and recorded by telephone"));
            }
            PromptAction::Import { name, file } => (name, New::File(file)),
            PromptAction::Restore { name, version } => (name, New::Version(version)),
        };
        let row = self.keep(&org, &name, new).await?;
        tracing::info!(%by, organisation = %org, prompt = &*name, version = row.version, "prompt changed");
        Ok(vec![row])
    }

    /// Makes it the newest version, and has it heard from now on.
    async fn keep(&self, org: &OrgId, name: &str, new: New) -> Result<PromptRow, Failure> {
        let _turn = self.turn.lock().await;
        let (shelf, of, called) = (Arc::clone(&self.shelf), org.clone(), name.to_owned());
        let stored = tokio::task::spawn_blocking(move || match new {
            New::Recording(sound) => shelf.put(&of, &called, &sound.to_wav(), "wav"),
            New::File(file) => {
                check(&file)?;
                shelf.import(&of, &called, &file)
            }
            New::Version(version) => shelf.restore(&of, &called, version),
        });
        let stored = stored
            .await
            .map_err(|broken| Failure::new(broken.to_string()))?;
        metrics::counter!(
            "kolapp_prompts_kept_total",
            "result" => if stored.is_ok() { "kept" } else { "failed" }
        )
        .increment(1);
        let row = stored?;
        if let Err(failure) = self.reloads.reload(Cause::Prompt).await {
            // Whoever asked is told that it was not done: then it must not be heard after the next reload.
            let file = std::path::PathBuf::from(&row.file);
            let _ = tokio::task::spawn_blocking(move || std::fs::remove_file(file)).await;
            return Err(failure);
        }
        let (shelf, of, called) = (Arc::clone(&self.shelf), org.clone(), name.to_owned());
        let _ = tokio::task::spawn_blocking(move || shelf.trim(&of, &called)).await;
        Ok(row)
    }
}

/// What a new version is made of.
enum New {
    Recording(Arc<Prompt>),
    File(std::path::PathBuf),
    Version(u32),
}

/// Whether the file can be a prompt: what is kept must be heard.
fn check(file: &Path) -> Result<(), Failure> {
    let entry = [(PromptId::new("import"), file.to_owned())];
    match contain(|| Prompts::load(&entry)) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(errors)) => {
            let said = errors.iter().map(|error| error.reason.to_string());
            let said: Vec<String> = said.collect();
            Err(Failure::new(format!(
                "{} {}",
                file.display(),
                said.join(", ")
            )))
        }
        Err(panic) => Err(Failure::new(format!("{}: {panic}", file.display()))),
    }
}

/// The way from the shards to whoever keeps recordings.
pub(crate) struct Desk(mpsc::Sender<Handed>);

/// A recording on its way from its media thread.
pub(crate) struct Handed {
    call: CallId,
    command: Permitted<PromptCommand>,
    sound: Receiver<Option<Arc<Prompt>>>,
}

/// A desk, and what comes over it.
pub(crate) fn desk() -> (Desk, mpsc::Receiver<Handed>) {
    let (to_keeper, handed) = mpsc::channel(WAITING_MAX);
    (Desk(to_keeper), handed)
}

impl Desk {
    /// Has a recording kept. It is fetched here and now, before its caller can hang up.
    pub(crate) fn hand(&self, media: &MediaEngine, recorded: Recorded) {
        let sound = media.recording(recorded.home, recorded.leg);
        let handed = Handed {
            call: recorded.call,
            command: recorded.command,
            sound,
        };
        if self.0.try_send(handed).is_err() {
            // His call takes it for refused when nothing comes.
            tracing::warn!(call = %recorded.call, "too many recordings wait to be kept");
        }
    }
}

/// Keeps what is handed over, and tells the calls.
pub(crate) async fn keep_recordings(
    mut handed: mpsc::Receiver<Handed>,
    keeper: PromptKeeper,
    audit: Audit,
    mailboxes: Mailboxes,
) {
    while let Some(Handed {
        call,
        command,
        sound,
    }) = handed.recv().await
    {
        let sound = tokio::task::spawn_blocking(move || {
            sound.recv_timeout(HANDED_OVER_WITHIN).ok().flatten()
        });
        let doing = Command::Prompt(command.command().clone());
        let doing = Doing::of(command.by(), Way::Phone, &doing);
        let kept = match sound.await.ok().flatten() {
            Some(sound) => keeper.keep_recording(command, sound).await,
            None => RecordingKept::No,
        };
        if let Some(doing) = doing {
            let refused = (kept == RecordingKept::No).then_some("the recording was not kept");
            audit.keep(doing, refused);
        }
        let told = ShardInput::RecordingKept { call, kept };
        // A task that is gone has no calls left.
        let _ = mailboxes.inputs(told.task(&mailboxes)).send(told).await;
    }
}

impl PromptKeeper {
    async fn keep_recording(
        &self,
        command: Permitted<PromptCommand>,
        sound: Arc<Prompt>,
    ) -> RecordingKept {
        let (by, PromptCommand { org, action }) = command.into_parts();
        let PromptAction::Record { name } = action else {
            return RecordingKept::No;
        };
        match self.keep(&org, &name, New::Recording(sound)).await {
            Ok(row) => {
                tracing::info!(%by, organisation = %org, prompt = &*name, version = row.version, "prompt recorded");
                RecordingKept::Yes
            }
            Err(failure) => {
                tracing::error!(%by, organisation = %org, prompt = &*name, %failure, "a recording was not kept");
                RecordingKept::No
            }
        }
    }
}
