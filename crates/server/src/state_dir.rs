//! The folder of what a running server leaves on disk: its lock and its control socket. One server at a
//! time owns it; what a killed one left behind is in nobody's way.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// Name of the control socket in the state folder.
pub(crate) const SOCKET_NAME: &str = "kolapp.sock";
const LOCK_NAME: &str = "kolapp.lock";

/// Longest path that a Unix socket address holds, with the byte that ends it (`sun_path`, unix(7)).
const SOCKET_PATH_BYTES_MAX: usize = 108;

/// Why the state folder can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateDirError {
    #[error(
        "the state folder {path} can't be used: {error}; name another with state_dir in kolapp.toml or KOLAPP_STATE_DIR"
    )]
    Unusable { path: PathBuf, error: io::Error },
    #[error(
        "another kolapp is running with the state folder {path}; stop it, or give this one its own with KOLAPP_STATE_DIR"
    )]
    InUse { path: PathBuf },
    #[error(
        "the control socket's path {path} is {bytes} bytes long, and a Unix socket's may be {max} at most; \
         name a shorter folder with state_dir in kolapp.toml or KOLAPP_STATE_DIR",
        max = SOCKET_PATH_BYTES_MAX - 1
    )]
    PathTooLong { path: PathBuf, bytes: usize },
    #[error("the control socket {path} can't be opened: {error}")]
    Socket { path: PathBuf, error: io::Error },
}

/// The state folder, ours until dropped.
#[derive(Debug)]
pub(crate) struct StateDir {
    path: PathBuf,
    // Holds the lock; the kernel gives it back when the process ends, however it ends.
    _lock: File,
}

impl StateDir {
    /// Makes the folder where it is missing, and takes it for this process.
    pub(crate) fn take(path: &Path) -> Result<StateDir, StateDirError> {
        let unusable = |error| StateDirError::Unusable {
            path: path.to_owned(),
            error,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join(LOCK_NAME))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(StateDir {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StateDirError::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Opens the control socket, in the place of one that a dead process left.
    pub(crate) fn control_socket(&self) -> Result<ControlSocket, StateDirError> {
        let path = socket_path(&self.path)?;
        let fresh = self.path.join("new.sock");
        let refused = |error| StateDirError::Socket {
            path: path.clone(),
            error,
        };
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
        // Bound under another name first: whoever finds the socket finds it with its permissions on.
        let listener = UnixListener::bind(&fresh).map_err(refused)?;
        std::fs::set_permissions(&fresh, Permissions::from_mode(0o600)).map_err(refused)?;
        std::fs::rename(&fresh, &path).map_err(refused)?;
        Ok(ControlSocket { listener, path })
    }
}

/// The control socket, removed when dropped.
#[derive(Debug)]
pub(crate) struct ControlSocket {
    pub(crate) listener: UnixListener,
    pub(crate) path: PathBuf,
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // A socket that stays is replaced at the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Where the control socket of a state folder is.
pub(crate) fn socket_path(state_dir: &Path) -> Result<PathBuf, StateDirError> {
    let path = state_dir.join(SOCKET_NAME);
    let bytes = path.as_os_str().len();
    if bytes >= SOCKET_PATH_BYTES_MAX {
        return Err(StateDirError::PathTooLong { path, bytes });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_refused_while_the_first_lives_and_served_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/state");
        let first = StateDir::take(&path).unwrap();
        assert!(matches!(
            StateDir::take(&path),
            Err(StateDirError::InUse { .. })
        ));
        drop(first);
        assert!(StateDir::take(&path).is_ok());
    }

    #[test]
    fn a_socket_that_a_killed_server_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::take(folder.path()).unwrap();
        drop(UnixListener::bind(folder.path().join(SOCKET_NAME)).unwrap());
        drop(UnixListener::bind(folder.path().join("new.sock")).unwrap());
        let socket = state.control_socket().unwrap();
        std::os::unix::net::UnixStream::connect(&socket.path).unwrap();
        let mode = std::fs::metadata(&socket.path)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_refused_with_its_length() {
        let error = socket_path(Path::new(&"/x".repeat(60))).unwrap_err();
        assert!(error.to_string().contains("132 bytes"), "{error}");
    }
}
