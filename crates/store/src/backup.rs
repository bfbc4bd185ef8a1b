//! A copy of the file while it is written: whole, of one moment, and on disk before it is said to be.

use crate::failure::Failure;
use crate::sqlite;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum NoBackup {
    /// Somebody else has it.
    #[error("what is kept is in a PostgreSQL database: pg_dump makes copies of it")]
    Elsewhere,
    /// The new file can't be made, or there is one.
    #[error("{file} can't be made: {error}")]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It can't be read or written.
    #[error("no copy could be made: {0}")]
    Failure(#[from] Failure),
}

/// Copies one file into another, which is not there yet, and says how big it is.
pub(crate) async fn into(database: &Path, file: &Path) -> Result<u64, NoBackup> {
    let refused = |error| NoBackup::File {
        file: file.to_owned(),
        error,
    };
    // It has what people said and whom they called: not for others on this machine.
    let mut new = OpenOptions::new();
    new.write(true).create_new(true).mode(0o600);
    new.open(file).map_err(refused)?;
    match copy(database, file).await {
        Ok(bytes) => Ok(bytes),
        Err(failure) => {
            // Ours, and of no use; that it stays would be a smaller harm than what has happened.
            let _ = std::fs::remove_file(file);
            Err(failure.into())
        }
    }
}

async fn copy(database: &Path, file: &Path) -> Result<u64, Failure> {
    let mut from = sqlite::open_to_read(database).await?;
    sqlite::copy_into(&mut from, file).await?;
    from.close().await?;
    Ok(std::fs::metadata(file)?.len())
}
