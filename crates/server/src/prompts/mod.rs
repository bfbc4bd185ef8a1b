//! New versions of prompts: recorded by telephone, uploaded, imported, taken again. Each is on disk, and heard from the next caller on,
//! before whoever asked is told so.

mod received;
mod shelf;
mod told;

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
use received::{Inbox, Received};
pub(crate) use shelf::Shelf;
use sip::{Mailboxes, Recorded, ShardInput};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use web::Piece;

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
    /// One change at a time, so that versions are counted right, and one file decoded.
    turn: Arc<Mutex<()>>,
    inbox: Arc<Inbox>,
}

impl PromptKeeper {
    pub(crate) fn new(shelf: Shelf, config: ConfigInForce, reloads: Reloads) -> PromptKeeper {
        PromptKeeper {
            inbox: Arc::new(Inbox::new(shelf.state_dir())),
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
        self.must_be_there(&org)?;
        let (name, new) = match action {
            PromptAction::List => {
                let shelf = Arc::clone(&self.shelf);
                let rows = tokio::task::spawn_blocking(move || shelf.rows(&org)).await;
                return rows.map_err(|broken| Failure::new(broken.to_string()));
            }
            PromptAction::Listen { .. } | PromptAction::Record { .. } => {
                return Err(Failure::new("prompts are heard and recorded by telephone"));
            }
            PromptAction::Upload { .. } => {
                return Err(Failure::new("a file that is uploaded comes by HTTP"));
            }
            PromptAction::Import { name, file } => (name, New::File(file)),
            PromptAction::Restore { name, version } => (name, New::Version(version)),
        };
        let row = self.keep(&org, &name, new).await?;
        tracing::info!(%by, organisation = %org, prompt = &*name, version = row.version, "prompt changed");
        Ok(vec![row])
    }

    /// Takes a file that comes along.
    pub(crate) async fn upload(
        &self,
        command: Permitted<PromptCommand>,
        pieces: mpsc::Receiver<Piece>,
    ) -> Result<PromptRow, Failure> {
        let (by, PromptCommand { org, action }) = command.into_parts();
        let PromptAction::Upload { name, ending } = action else {
            return Err(Failure::new(
                "nothing but what is uploaded comes with a file",
            ));
        };
        self.must_be_there(&org)?;
        let received = self.inbox.take(&ending, pieces).await?;
        let row = self.keep(&org, &name, New::Received(received)).await?;
        tracing::info!(%by, organisation = %org, prompt = &*name, version = row.version, "prompt uploaded");
        Ok(row)
    }

    fn must_be_there(&self, org: &OrgId) -> Result<(), Failure> {
        let loaded = self.config.loaded();
        match loaded.directory.organisations.contains_key(org) {
            true => Ok(()),
            false => Err(Failure::new(format!("there is no organisation `{org}`"))),
        }
    }

    /// Makes it the newest version, and has it heard from now on.
    async fn keep(&self, org: &OrgId, name: &str, new: New) -> Result<PromptRow, Failure> {
        let _turn = self.turn.lock().await;
        let (shelf, of, called) = (Arc::clone(&self.shelf), org.clone(), name.to_owned());
        let stored = tokio::task::spawn_blocking(move || match new {
            New::Recording(sound) => shelf.put(&of, &called, &sound.to_wav(), "wav"),
            New::File(file) => {
                let said = |why: String| Failure::new(format!("{} {why}", file.display()));
                decoded(&file).map_err(said)?;
                shelf.import(&of, &called, &file)
            }
            New::Received(received) => {
                let file = received.path();
                decoded(file).map_err(|why| Failure::new(format!("the file {why}")))?;
                shelf.import(&of, &called, file)
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
    Received(Received),
    Version(u32),
}

/// The sound of a file, or why it can't be a prompt: what is kept must be heard.
fn decoded(file: &Path) -> Result<Arc<Prompt>, String> {
    let id = PromptId::new("import");
    let entry = [(id.clone(), file.to_owned())];
    match contain(|| Prompts::load(&entry)) {
        Ok(Ok(prompts)) => prompts.find(&id).ok_or_else(|| "holds no audio".to_owned()),
        Ok(Err(errors)) => {
            let said: Vec<String> = errors.iter().map(|it| it.reason.to_string()).collect();
            Err(said.join(", "))
        }
        Err(panic) => Err(format!("can't be read: {panic}")),
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
