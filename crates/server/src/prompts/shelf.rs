//! Versions of prompts on disk (see `config::versions_in`). A version is whole or not there: it is written under another name,
//! synced, and renamed.

use super::told::came;
use crate::ctl::protocol::Failure;
use crate::documents::PromptRow;
use base::OrgId;
use config::{Version, folder_of, versions_in};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use web::PromptVersionView;

/// Versions kept of a prompt; the oldest goes when there are more.
const VERSIONS_MAX: usize = 10;
/// Prompts of an organisation that may have versions.
const NAMES_MAX: usize = 1_000;
/// Where a version is written before it is one. Not a number, so it is none.
const UNFINISHED: &str = "unfinished";

/// All versions of all prompts.
pub(crate) struct Shelf {
    state_dir: PathBuf,
}

impl Shelf {
    pub(crate) fn new(state_dir: &Path) -> Shelf {
        Shelf {
            state_dir: state_dir.to_owned(),
        }
    }

    pub(crate) fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// A new version with these bytes.
    pub(crate) fn put(
        &self,
        org: &OrgId,
        name: &str,
        bytes: &[u8],
        ending: &str,
    ) -> Result<PromptRow, Failure> {
        self.add(org, name, ending, |file| file.write_all(bytes))
    }

    /// A new version that is a copy of that file.
    pub(crate) fn import(
        &self,
        org: &OrgId,
        name: &str,
        from: &Path,
    ) -> Result<PromptRow, Failure> {
        let ending = from.extension().and_then(|ending| ending.to_str());
        let ending = ending.unwrap_or_default().to_ascii_lowercase();
        if !config::is_sound_file(from) {
            return Err(Failure::new(format!(
                "{} has no ending of a sound file (wav, mp3, flac, ogg, opus, m4a): name it by its kind",
                from.display()
            )));
        }
        self.add(org, name, &ending, |file| {
            io::copy(&mut File::open(from)?.take(media::FILE_BYTES_MAX), file).map(drop)
        })
    }

    /// The oldest go where there are too many: once the newest is heard.
    pub(crate) fn trim(&self, org: &OrgId, name: &str) {
        let Ok(folder) = self.folder(org, name) else {
            return;
        };
        let versions = versions_in(&folder);
        let too_many = versions.len().saturating_sub(VERSIONS_MAX);
        for old in &versions[..too_many] {
            // One that can't be removed takes room, and does no harm.
            let _ = std::fs::remove_file(&old.path);
        }
    }

    /// A new version that is an older one again.
    pub(crate) fn restore(
        &self,
        org: &OrgId,
        name: &str,
        version: u32,
    ) -> Result<PromptRow, Failure> {
        let versions = versions_in(&self.folder(org, name)?);
        let Some(old) = versions.iter().find(|old| old.number == version) else {
            let there: Vec<String> = versions.iter().map(|it| it.number.to_string()).collect();
            let there = match there.is_empty() {
                true => "none".to_owned(),
                false => there.join(", "),
            };
            return Err(Failure::new(format!(
                "prompt `{org}/{name}` has no version {version}; there are: {there}"
            )));
        };
        self.import(org, name, &old.path)
    }

    /// Every version of an organisation's prompts, the newest first.
    pub(crate) fn rows(&self, org: &OrgId) -> Vec<PromptRow> {
        let mut rows = Vec::new();
        for (name, versions) in self.all(org) {
            let newest = versions.first().map(|version| version.number);
            let row = |version: &Version| PromptRow {
                name: format!("{org}/{name}"),
                version: version.number,
                heard: Some(version.number) == newest,
                file: version.path.display().to_string(),
            };
            rows.extend(versions.iter().map(row));
        }
        rows
    }

    /// The same by name, with how large they are and when they came.
    pub(crate) fn kept(&self, org: &OrgId) -> BTreeMap<String, Vec<PromptVersionView>> {
        let mut kept = BTreeMap::new();
        for (name, versions) in self.all(org) {
            let newest = versions.first().map(|version| version.number);
            let views = versions.iter().filter_map(|version| {
                // One that is being removed is none.
                let metadata = std::fs::metadata(&version.path).ok()?;
                let kind = version.path.extension().and_then(|it| it.to_str());
                Some(PromptVersionView {
                    version: version.number,
                    heard: Some(version.number) == newest,
                    kind: kind.unwrap_or_default().to_owned(),
                    bytes: metadata.len(),
                    at: came(&metadata),
                })
            });
            let views: Vec<PromptVersionView> = views.collect();
            if !views.is_empty() {
                kept.insert(name, views);
            }
        }
        kept
    }

    /// Where a version is; nowhere, where there is none of that number.
    pub(crate) fn file(
        &self,
        org: &OrgId,
        name: &str,
        version: u32,
    ) -> Result<Option<PathBuf>, Failure> {
        let mut versions = versions_in(&self.folder(org, name)?).into_iter();
        let found = versions.find(|it| it.number == version);
        Ok(found.map(|version| version.path))
    }

    /// All versions, the newest first, by name.
    fn all(&self, org: &OrgId) -> Vec<(String, Vec<Version>)> {
        let folders = std::fs::read_dir(folder_of(&self.state_dir, org));
        let mut names: Vec<String> = folders
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|folder| folder.file_name().into_string().ok())
            .collect();
        names.sort();
        let versions = names.into_iter().map(|name| {
            let mut versions = versions_in(&folder_of(&self.state_dir, org).join(&name));
            versions.reverse();
            (name, versions)
        });
        versions.collect()
    }

    fn folder(&self, org: &OrgId, name: &str) -> Result<PathBuf, Failure> {
        // A name is also a folder's: nothing in it leads elsewhere.
        if OrgId::new(name).is_err() || name.starts_with('.') {
            return Err(Failure::new(format!(
                "{name:?} is no prompt's name: use 1 to 64 of a-z, 0-9, - _ and ."
            )));
        }
        Ok(folder_of(&self.state_dir, org).join(name))
    }

    fn add(
        &self,
        org: &OrgId,
        name: &str,
        ending: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<PromptRow, Failure> {
        let folder = self.folder(org, name)?;
        let names = std::fs::read_dir(folder_of(&self.state_dir, org));
        if !folder.exists() && names.map_or(0, Iterator::count) >= NAMES_MAX {
            return Err(Failure::new(format!(
                "organisation `{org}` has versions of {NAMES_MAX} prompts already: use one of their names"
            )));
        }
        let stored = store(&folder, ending, write);
        let version = stored.map_err(|error| {
            Failure::new(format!(
                "the version can't be kept in {}: {error}",
                folder.display()
            ))
        })?;
        Ok(PromptRow {
            name: format!("{org}/{name}"),
            version: version.number,
            heard: true,
            file: version.path.display().to_string(),
        })
    }
}

/// The folders whose own names may be new: the prompt's, its organisation's, that of all prompts; and the one they are in.
const SYNCED_FOLDERS: usize = 4;

fn store(
    folder: &Path,
    ending: &str,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<Version> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let unfinished = folder.join(UNFINISHED);
    let mut file = File::create(&unfinished)?;
    if let Err(error) = write(&mut file).and_then(|()| file.sync_all()) {
        // On a full disk, what is left of it would be in everybody's way.
        let _ = std::fs::remove_file(&unfinished);
        return Err(error);
    }
    let versions = versions_in(folder);
    let number = versions
        .last()
        .map_or(1, |newest| newest.number.saturating_add(1));
    let path = folder.join(format!("{number}.{ending}"));
    std::fs::rename(&unfinished, &path)?;
    // The name has to be on disk too.
    for folder in folder.ancestors().take(SYNCED_FOLDERS) {
        File::open(folder)?.sync_all()?;
    }
    Ok(Version { number, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org() -> OrgId {
        OrgId::new("demo").unwrap()
    }

    #[test]
    fn versions_are_counted_listed_taken_again_and_bounded() {
        let state = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(state.path());
        for number in 1..=12u8 {
            let row = shelf.put(&org(), "welcome", &[number], "wav").unwrap();
            assert_eq!((row.version, row.heard), (u32::from(number), true));
            shelf.trim(&org(), "welcome");
        }
        let rows = shelf.rows(&org());
        let numbers: Vec<u32> = rows.iter().map(|row| row.version).collect();
        assert_eq!(numbers, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
        assert_eq!(rows.iter().filter(|row| row.heard).count(), 1);
        let again = shelf.restore(&org(), "welcome", 5).unwrap();
        assert_eq!(again.version, 13);
        assert_eq!(std::fs::read(again.file).unwrap(), [5]);
        shelf.trim(&org(), "welcome");
        let gone = shelf.restore(&org(), "welcome", 3).unwrap_err();
        assert!(gone.message.contains("there are: 4, 5"), "{gone}");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let state = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(state.path());
        for name in ["..", ".", "../x", "/etc", "", "a/b", "Ä"] {
            assert!(shelf.put(&org(), name, b"x", "wav").is_err(), "{name}");
        }
    }

    #[test]
    fn what_a_crash_left_half_written_is_no_version() {
        let state = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(state.path());
        let folder = folder_of(state.path(), &org()).join("welcome");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(UNFINISHED), b"half").unwrap();
        assert!(shelf.rows(&org()).is_empty());
        assert_eq!(
            shelf
                .put(&org(), "welcome", b"whole", "wav")
                .unwrap()
                .version,
            1
        );
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing() {
        let state = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(state.path());
        shelf.put(&org(), "welcome", &[1], "wav").unwrap();
        let full = |file: &mut File| {
            file.write_all(&[2; 1_000])?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        assert!(shelf.add(&org(), "welcome", "wav", full).is_err());
        let folder = shelf.folder(&org(), "welcome").unwrap();
        let left = std::fs::read_dir(&folder).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["1.wav"]);
    }
}
