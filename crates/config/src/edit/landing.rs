//! An edited file put in the place of the one it was made from: whole or not at all, and never over what
//! somebody else has written meanwhile.

use super::Edited;
use crate::error::ConfigError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// Who may read a file that is being written: its owner alone, until it has the other's mode.
const MODE_WHILE_WRITTEN: u32 = 0o600;

/// Writes the file anew in the folder it stands in. `dir` is the configuration's folder, locked meanwhile against
/// others who edit by program.
pub(super) fn land(edited: &Edited, dir: &Path) -> Result<(), Box<ConfigError>> {
    let failed = |error: io::Error| {
        let mend = "nothing was changed; check that there is room, and that you may write to the folder and give files to \
                    the owner of this one";
        Box::new(ConfigError::about(&edited.path, format!("can't be written: {error}")).mend(mend))
    };
    let folder = File::open(dir).map_err(failed)?;
    folder.lock().map_err(failed)?;
    // A link stays one: what it leads to is written.
    let target = edited.path.canonicalize().map_err(failed)?;
    let beside = beside(&target);
    let written = write(&target, &beside, &edited.after).and_then(|()| fs::read(&target));
    let result = match written {
        Ok(now) if now == edited.before.as_bytes() => fs::rename(&beside, &target).map_err(failed),
        Ok(_) => Err(Box::new(
            ConfigError::about(&edited.path, "has been changed meanwhile")
                .mend("nothing was written; look at it, and try again"),
        )),
        Err(error) => Err(failed(error)),
    };
    if result.is_err() {
        // There may be none; and what it would take to remove it can't be had here.
        let _ = fs::remove_file(&beside);
        return result;
    }
    // The new name is on disk once the folder is.
    let parent = target.parent().unwrap_or(Path::new("/"));
    File::open(parent)
        .and_then(|parent| parent.sync_all())
        .map_err(failed)
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
