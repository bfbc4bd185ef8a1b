//! Prompts as the pages see them: what there is, what is still to be recorded, and how a version sounds.

use super::{PromptKeeper, decoded};
use crate::ctl::protocol::Failure;
use base::OrgId;
use call::settings::Organisation;
use callback::Utc;
use config::Loaded;
use control::{Permitted, PromptAction, PromptCommand};
use media::{Prompt, Prompts};
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use web::{PromptFrom, PromptVersionView, PromptView, PromptsTold};

/// Frames of 20 ms that are heard in a page at most: ten minutes, which are ten megabytes.
const HEARD_FRAMES_MAX: u32 = 10 * 60 * FRAMES_PER_SECOND;
const FRAMES_PER_SECOND: u32 = 50;

/// What numbers are spoken with: hundreds of them, which nobody records one by one.
const OF_NUMBERS: &str = "number-";

impl PromptKeeper {
    /// Answers what changes nothing.
    pub(crate) async fn told(
        &self,
        command: Permitted<PromptCommand>,
        heard: Arc<Prompts>,
    ) -> Result<PromptsTold, Failure> {
        let (_, PromptCommand { org, action }) = command.into_parts();
        self.must_be_there(&org)?;
        match action {
            PromptAction::List => self.all(org, heard).await.map(PromptsTold::All),
            PromptAction::Listen { name, version } => {
                let sound = self.sound(org, &name, version, heard).await;
                sound.map(PromptsTold::Sound)
            }
            _ => Err(Failure::new("that changes something: it is no question")),
        }
    }

    async fn all(&self, org: OrgId, heard: Arc<Prompts>) -> Result<Vec<PromptView>, Failure> {
        let (shelf, loaded) = (Arc::clone(&self.shelf), self.config.loaded());
        let all = tokio::task::spawn_blocking(move || {
            let kept = shelf.kept(&org);
            views(&loaded, &org, &heard, kept)
        });
        all.await.map_err(|broken| Failure::new(broken.to_string()))
    }

    /// The beginning of a version, as callers hear it.
    async fn sound(
        &self,
        org: OrgId,
        name: &str,
        version: Option<u32>,
        heard: Arc<Prompts>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let of_version = match version {
            Some(version) => match self.shelf.file(&org, name, version)? {
                Some(file) => Some(file),
                None => return Ok(None),
            },
            None => None,
        };
        let loaded = self.config.loaded();
        let ids = ids(&loaded, &org, name);
        // One is decoded at a time, and not beside one that is to be kept.
        let _turn = match of_version {
            Some(_) => Some(self.turn.lock().await),
            None => None,
        };
        let sound = tokio::task::spawn_blocking(move || {
            let prompt = match of_version {
                Some(file) => Some(decoded(&file).map_err(Failure::new)?),
                None => ids.iter().find_map(|id| heard.find(id)),
            };
            Ok::<_, Failure>(prompt.map(|prompt| prompt.to_wav_of(HEARD_FRAMES_MAX)))
        });
        sound
            .await
            .map_err(|broken| Failure::new(broken.to_string()))?
    }
}

/// In which languages an organisation speaks, its own first.
fn languages(organisation: &Organisation) -> Vec<&'static str> {
    let own = organisation.feature_prompts.agent.language;
    let others = organisation.queues.values().map(|queue| queue.language);
    let mut folders: Vec<&'static str> = Vec::new();
    for folder in [own].into_iter().chain(others).map(|it| it.folder()) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// What may be heard under a name, what is heard the first.
fn ids(loaded: &Loaded, org: &OrgId, name: &str) -> Vec<PromptId> {
    let organisation = loaded.directory.organisations.get(org);
    let folders = organisation.map_or_else(Vec::new, languages);
    let folders = [org.as_str()].into_iter().chain(folders);
    folders
        .map(|folder| PromptId::new(&format!("{folder}/{name}")))
        .collect()
}

/// All that there is, by name.
fn views(
    loaded: &Loaded,
    org: &OrgId,
    heard: &Prompts,
    mut kept: BTreeMap<String, Vec<PromptVersionView>>,
) -> Vec<PromptView> {
    let Some(organisation) = loaded.directory.organisations.get(org) else {
        return Vec::new();
    };
    let numbers = &organisation.dictated.numbers;
    let number_of = |name: &str| {
        let found = numbers.iter().find(|(_, it)| &*it.name == name);
        found.map(|(number, _)| number.to_string())
    };
    let standard = languages(organisation);
    let mut names: BTreeMap<&str, PromptFrom> = BTreeMap::new();
    let missing = numbers.values().filter(|it| it.heard.is_none());
    names.extend(missing.map(|it| (&*it.name, PromptFrom::Nowhere)));
    let files = loaded
        .prompts
        .iter()
        .filter_map(|(id, _)| id.as_str().split_once('/'));
    for (folder, name) in files {
        if folder == org.as_str() {
            names.insert(name, PromptFrom::File);
        } else if standard.contains(&folder) && !name.starts_with(OF_NUMBERS) {
            names.entry(name).or_insert(PromptFrom::Standard);
        }
    }
    let with_versions: BTreeSet<String> = kept.keys().cloned().collect();
    names.extend(
        with_versions
            .iter()
            .map(|name| (&**name, PromptFrom::Versions)),
    );
    let view = |(name, from): (&str, PromptFrom)| PromptView {
        name: name.to_owned(),
        from,
        number: number_of(name),
        seconds: ids(loaded, org, name)
            .iter()
            .find_map(|id| heard.find(id))
            .map(|prompt: Arc<Prompt>| prompt.frames().div_ceil(FRAMES_PER_SECOND)),
        versions: kept.remove(name).unwrap_or_default(),
    };
    names.into_iter().map(view).collect()
}

/// When a file came.
pub(super) fn came(metadata: &std::fs::Metadata) -> Utc {
    let since = metadata.modified().ok().and_then(|at| {
        let since = at.duration_since(std::time::SystemTime::UNIX_EPOCH);
        i64::try_from(since.ok()?.as_secs()).ok()
    });
    Utc::from_seconds(since.unwrap_or(0))
}
