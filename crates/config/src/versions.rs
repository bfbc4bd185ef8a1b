//! Prompts that were recorded or imported, as they stand on disk: `<state_dir>/prompts/<organisation>/<name>/<version>.<ending>`. The
//! highest version is heard. Writing them is the server's matter.

use base::OrgId;
use std::path::{Path, PathBuf};

/// Folder of them in the state folder.
const FOLDER: &str = "prompts";

/// One version of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Its number: later ones are higher.
    pub number: u32,
    /// Its file.
    pub path: PathBuf,
}

/// Where an organisation's versions are.
pub fn folder_of(state_dir: &Path, org: &OrgId) -> PathBuf {
    state_dir.join(FOLDER).join(org.as_str())
}

/// The versions in a prompt's folder, the oldest first; none where there is no such folder.
pub fn versions_in(folder: &Path) -> Vec<Version> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut versions: Vec<Version> = files
        .filter_map(|file| {
            let path = file.path();
            let number = path.file_stem()?.to_str()?.parse().ok()?;
            Some(Version { number, path })
        })
        .collect();
    versions.sort();
    versions
}

/// The names of an organisation's prompts that have versions, with the one that is heard.
pub(crate) fn newest_of(state_dir: &Path, org: &OrgId) -> Vec<(String, Version)> {
    let folders = std::fs::read_dir(folder_of(state_dir, org));
    let mut newest: Vec<(String, Version)> = folders
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|folder| {
            let name = folder.file_name().to_str()?.to_owned();
            OrgId::new(&name).ok()?;
            Some((name, versions_in(&folder.path()).pop()?))
        })
        .collect();
    newest.sort();
    newest
}
