//! Versions of organisations' files that people have seen, so that whoever comes with an older one is told what others have
//! changed since. They are of this process: after a restart nobody knows what an older one was.

use crate::random;
use config::{Snapshot, VersionKey};
use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, PoisonError};

/// Versions that are remembered: of as many pages as are open on settings at once, each with some changes before it.
const VERSIONS_MAX: usize = 256;

/// Bytes of their texts: a large organisation's files some dozen times.
const BYTES_MAX: usize = 32 * 1024 * 1024;

/// The versions that were shown.
pub(super) struct Versions {
    key: VersionKey,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The one that was seen last at the end.
    list: VecDeque<(String, Snapshot)>,
    bytes: usize,
}

impl Versions {
    pub(super) fn new() -> io::Result<Versions> {
        Ok(Versions {
            key: random::bytes()?,
            seen: Mutex::default(),
        })
    }

    /// What these files are called.
    pub(super) fn of(&self, files: &Snapshot) -> String {
        files.version(&self.key)
    }

    /// What one of them is called.
    pub(super) fn of_file(&self, files: &Snapshot, name: &str) -> String {
        files.version_of(&self.key, name).unwrap_or_default()
    }

    /// The same, and remembers it: somebody sees it.
    pub(super) fn show(&self, files: &Snapshot) -> String {
        let version = self.of(files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.put(version.clone(), files.clone());
        version
    }

    /// What the files were in a version; none where that isn't known.
    pub(super) fn find(&self, version: &str) -> Option<Snapshot> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list = seen.list.iter();
        let (_, files) = list.find(|(known, _)| known == version)?;
        Some(files.clone())
    }
}

impl Seen {
    fn put(&mut self, version: String, files: Snapshot) {
        if let Some(at) = self.list.iter().position(|(known, _)| *known == version) {
            // It has been seen again.
            let again = self.list.remove(at);
            self.list.extend(again);
            return;
        }
        self.bytes += files.bytes();
        self.list.push_back((version, files));
        while self.list.len() > VERSIONS_MAX || (self.bytes > BYTES_MAX && self.list.len() > 1) {
            if let Some((_, oldest)) = self.list.pop_front() {
                self.bytes -= oldest.bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::OrgId;
    use std::path::Path;

    fn files(folder: &Path, text: &str) -> Snapshot {
        let own = folder.join("organisations/demo");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("organisation.toml"), text).unwrap();
        Snapshot::read(folder, &OrgId::new("demo").unwrap()).unwrap()
    }

    #[test]
    fn the_versions_seen_last_are_known_and_no_more_than_there_is_room_for() {
        let folder = tempfile::tempdir().unwrap();
        let versions = Versions::new().unwrap();
        let first = versions.show(&files(folder.path(), "a = 0\n"));
        let rest: Vec<String> = (1..VERSIONS_MAX)
            .map(|number| versions.show(&files(folder.path(), &format!("a = {number}\n"))))
            .collect();
        assert!(versions.find(&first).is_some());
        // Seen again it is younger than the second, which goes first.
        assert_eq!(versions.show(&files(folder.path(), "a = 0\n")), first);
        versions.show(&files(folder.path(), "a = \"new\"\n"));
        assert!(versions.find(&first).is_some());
        assert!(versions.find(&rest[0]).is_none());
        let large = format!("a = \"{}\"\n", "x".repeat(BYTES_MAX / 4 - 64));
        for number in 0..5 {
            versions.show(&files(folder.path(), &format!("b = {number}\n{large}")));
        }
        assert!(versions.find(&first).is_none());
        let seen = versions.seen.lock().unwrap();
        assert!(
            seen.bytes <= BYTES_MAX && seen.list.len() == 4,
            "{}",
            seen.list.len()
        );
    }

    #[test]
    fn another_process_calls_the_same_files_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path(), "a = 0\n");
        let (one, other) = (Versions::new().unwrap(), Versions::new().unwrap());
        assert_ne!(
            one.of(&files),
            other.of(&files),
            "what is secret in them can't be tried out"
        );
        assert_eq!(one.of(&files), one.of(&files));
    }
}
