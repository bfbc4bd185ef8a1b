//! The installation's secret by which callers are known again (`call::settings::CallersKey`): drawn at the first start, and kept in
//! the state folder beside the database and not in it, so that whoever has only the database finds nobody's number.

use crate::random;
use call::settings::CallersKey;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Its name in the state folder.
pub(crate) const FILE_NAME: &str = "callers.key";
/// Where it is written before it is whole.
const FRESH_NAME: &str = "callers.key.new";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallersKeyError {
    #[error("the key {path} by which callers are known again can't be read: {error}")]
    Unusable { path: PathBuf, error: io::Error },
    #[error(
        "expected {expected} bytes in the key {path}, found {bytes}; put back the file that was there, or remove it: a new one is \
         made, and nobody is given to the agent he had before",
        expected = CallersKey::BYTES
    )]
    Length { path: PathBuf, bytes: usize },
}

/// The key of a state folder that this process has taken; made where there is none. Where a new one can't be kept it serves until
/// the process ends: a full disk keeps nobody from being answered, and by another key nobody is known again.
pub(crate) fn of(state_dir: &Path) -> Result<CallersKey, CallersKeyError> {
    let path = state_dir.join(FILE_NAME);
    let unusable = |error| CallersKeyError::Unusable {
        path: path.clone(),
        error,
    };
    let secret = match fs::read(&path) {
        Ok(secret) => secret,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = random::bytes().map_err(unusable)?;
            let file = path.display();
            match keep(state_dir, &secret) {
                Ok(()) => tracing::info!(%file, "a new key by which callers are known again"),
                Err(error) => tracing::warn!(
                    %file,
                    %error,
                    "the new key by which callers are known again can't be kept: after the next start they are not"
                ),
            }
            return Ok(CallersKey::new(secret));
        }
        Err(error) => return Err(unusable(error)),
    };
    let bytes = secret.len();
    let secret = secret
        .try_into()
        .map_err(|_| CallersKeyError::Length { path, bytes })?;
    Ok(CallersKey::new(secret))
}

/// On disk under its name when this comes back, and never half of it: what is hashed by it outlives this process.
fn keep(state_dir: &Path, secret: &[u8]) -> io::Result<()> {
    let fresh = state_dir.join(FRESH_NAME);
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(secret)?;
    file.sync_all()?;
    fs::rename(&fresh, state_dir.join(FILE_NAME))?;
    File::open(state_dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_read_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        // What a process left that was killed while it made one.
        fs::write(folder.path().join(FRESH_NAME), "half").unwrap();
        let made = of(folder.path()).unwrap();
        let file = folder.path().join(FILE_NAME);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(of(folder.path()).unwrap(), made, "read");
        assert!(!folder.path().join(FRESH_NAME).exists());
        let elsewhere = tempfile::tempdir().unwrap();
        assert_ne!(of(elsewhere.path()).unwrap(), made);
    }

    #[test]
    fn a_key_that_can_t_be_kept_serves_until_the_process_ends() {
        let folder = tempfile::tempdir().unwrap();
        // Nothing can be written under that name.
        fs::create_dir(folder.path().join(FRESH_NAME)).unwrap();
        let first = of(folder.path()).unwrap();
        assert!(!folder.path().join(FILE_NAME).exists());
        assert_ne!(of(folder.path()).unwrap(), first);
    }

    #[test]
    fn a_key_that_is_torn_is_refused_with_what_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), "too short").unwrap();
        let error = of(folder.path()).unwrap_err().to_string();
        assert!(error.contains("expected 32 bytes"), "{error}");
        assert!(error.contains("found 9"), "{error}");
    }
}
