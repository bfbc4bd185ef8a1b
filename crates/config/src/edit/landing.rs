//! Edited files put in the places of those they were made from: each whole or not at all, all of a change or none, and never
//! over what somebody else has written meanwhile.
//!
//! What holds. Each name leads to the old text or the new one at every moment, also after a crash, since a file is written and
//! synced under another name and then trades places. Those who edit by program wait for one another (a lock of the folder).
//! Whoever edits by hand locks nothing: what he saved is seen when the files trade places, and gets its place back. Only what
//! an editor writes into the very file it opened before, in the instant after, is lost with that file. A crash between two
//! files of one change leaves the first new and the second old: they come in an order in which that is right, where there is
//! one (`change.rs`).

use super::Edited;
use super::snapshot::Snapshot;
use crate::error::ConfigError;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// Who may read a file that is being written: its owner alone, until it has the other's mode.
const MODE_WHILE_WRITTEN: u32 = 0o600;

/// Why nothing was written.
#[derive(Clone, Debug)]
pub enum NotLanded {
    /// Somebody else has changed the files meanwhile.
    Changed,
    /// It can't be done.
    Failed(Box<ConfigError>),
}

/// A file that is written, and waits beside the one whose place it is to have.
struct Written<'e> {
    edited: &'e Edited,
    target: PathBuf,
    beside: PathBuf,
}

/// Writes the files anew in the folder they stand in. `dir` is the configuration's folder, locked meanwhile against others
/// who edit by program; `all` are the organisation's files as they have to be still, also those that don't change.
pub(super) fn land(edited: &[Edited], dir: &Path, all: Option<&Snapshot>) -> Result<(), NotLanded> {
    let about_dir = |error| failed(dir, error);
    let folder = File::open(dir).map_err(about_dir)?;
    folder.lock().map_err(about_dir)?;
    let mut written = Vec::new();
    let result = write_all(edited, &mut written)
        .and_then(|()| all.map_or(Ok(()), are_still))
        .and_then(|()| take_places(&written));
    for Written { beside, .. } in &written {
        // It may be there no more; and what it would take to remove it can't be had here.
        let _ = fs::remove_file(beside);
    }
    result
}

fn failed(path: &Path, error: io::Error) -> NotLanded {
    let mend = "nothing was changed; check that there is room, and that you may write to the folder and give files to the \
                owner of this one";
    let error = ConfigError::about(path, format!("can't be written: {error}"));
    NotLanded::Failed(Box::new(error.mend(mend)))
}

fn write_all<'e>(edited: &'e [Edited], written: &mut Vec<Written<'e>>) -> Result<(), NotLanded> {
    for edited in edited {
        let about = |error| failed(&edited.path, error);
        // A link stays one: what it leads to is written.
        let target = edited.path.canonicalize().map_err(about)?;
        let beside = beside(&target);
        written.push(Written {
            edited,
            target: target.clone(),
            beside: beside.clone(),
        });
        write(&target, &beside, &edited.after).map_err(about)?;
    }
    Ok(())
}

/// Whether the files are those that were read, and there are no others.
fn are_still(all: &Snapshot) -> Result<(), NotLanded> {
    match Snapshot::read_folder(&all.folder) {
        Ok(now) if now.files == all.files => Ok(()),
        _ => Err(NotLanded::Changed),
    }
}

/// Has each take its place; where one can't, those before it get theirs back.
fn take_places(written: &[Written<'_>]) -> Result<(), NotLanded> {
    for (index, file) in written.iter().enumerate() {
        let Written {
            edited,
            target,
            beside,
        } = file;
        let taken = trade_places(beside, target, edited.before.as_bytes());
        let refusal = match taken {
            Ok(true) => continue,
            Ok(false) => NotLanded::Changed,
            Err(error) => failed(&edited.path, error),
        };
        for file in written[..index].iter().rev() {
            put_back(file).map_err(|error| half_done(&edited.path, &file.edited.path, error))?;
        }
        return Err(refusal);
    }
    // The new names are on disk once the folders are.
    for Written { edited, target, .. } in written {
        let parent = target.parent().unwrap_or(Path::new("/"));
        let synced = File::open(parent).and_then(|parent| parent.sync_all());
        synced.map_err(|error| failed(&edited.path, error))?;
    }
    Ok(())
}

fn half_done(failed: &Path, stays: &Path, error: io::Error) -> NotLanded {
    let problem = format!(
        "can't be written, and {} that was written with it can't be put back: {error}",
        stays.display()
    );
    let mend = "look at both files: the one is changed, the other is not";
    NotLanded::Failed(Box::new(ConfigError::about(failed, problem).mend(mend)))
}

fn put_back(file: &Written<'_>) -> io::Result<()> {
    write(&file.target, &file.beside, &file.edited.before)?;
    match trade_places(&file.beside, &file.target, file.edited.after.as_bytes())? {
        true => Ok(()),
        false => Err(io::Error::other("somebody has changed it since")),
    }
}

/// Whether `beside` has the place of `target` now, which said `before`; a target that said anything else has kept its place.
fn trade_places(beside: &Path, target: &Path, before: &[u8]) -> io::Result<bool> {
    let trade = || renameat_with(CWD, beside, CWD, target, RenameFlags::EXCHANGE);
    match trade() {
        Ok(()) => {}
        // Not every file system can.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            let is_still = fs::read(target)? == before;
            return match is_still {
                true => fs::rename(beside, target).map(|()| true),
                false => Ok(false),
            };
        }
        Err(error) => return Err(error.into()),
    }
    match fs::read(beside) {
        Ok(now) if now == before => Ok(true),
        said => {
            trade()?;
            said.map(|_| false)
        }
    }
}

/// Hidden, so that nobody takes it for a part of the configuration.
fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.edited", std::process::id()))
}

fn write(target: &Path, beside: &Path, text: &str) -> io::Result<()> {
    // One that a process of the same number left when it was killed.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let like = fs::metadata(target)?;
    let mut options = OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(MODE_WHILE_WRITTEN);
    let mut file = options.open(beside)?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
        fchown(&file, Some(like.uid()), Some(like.gid()))?;
    }
    file.set_permissions(like.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(path: &Path, before: &str, after: &str) -> Edited {
        Edited {
            path: path.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        }
    }

    #[test]
    fn of_several_files_all_take_their_places_or_none_does() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (
            folder.path().join("one.toml"),
            folder.path().join("two.toml"),
        );
        let say = |path: &Path, text: &str| fs::write(path, text).unwrap();
        let says = |path: &Path| fs::read_to_string(path).unwrap();
        say(&one, "one");
        say(&two, "two");
        let both = [edited(&one, "one", "ONE"), edited(&two, "two", "TWO")];
        // Somebody has saved the second by hand, after it was read.
        say(&two, "by hand");
        let refused = land(&both, folder.path(), None);
        assert!(matches!(refused, Err(NotLanded::Changed)), "{refused:?}");
        assert_eq!((says(&one), says(&two)), ("one".into(), "by hand".into()));
        say(&two, "two");
        land(&both, folder.path(), None).unwrap();
        assert_eq!((says(&one), says(&two)), ("ONE".into(), "TWO".into()));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing is left"
        );
    }

    #[test]
    fn a_file_that_can_t_be_put_in_its_place_puts_those_before_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let (one, gone) = (
            folder.path().join("one.toml"),
            folder.path().join("gone.toml"),
        );
        fs::write(&one, "one").unwrap();
        fs::write(&gone, "gone").unwrap();
        let both = [edited(&one, "one", "ONE"), edited(&gone, "gone", "GONE")];
        let mut written = Vec::new();
        write_all(&both, &mut written).map_err(drop).unwrap();
        fs::remove_file(&gone).unwrap();
        let refused = take_places(&written);
        assert!(matches!(refused, Err(NotLanded::Failed(_))), "{refused:?}");
        assert_eq!(fs::read_to_string(&one).unwrap(), "one");
        assert!(!gone.exists());
    }
}
