//! What is kept, as the command line reads it by itself: where the configuration says that it is, whether a server runs there or
//! not.

use crate::cli::ConfigDir;
use crate::ctl::protocol::Failure;
use crate::storage;
use config::{Environment, Loaded};
use store::Reader;

/// The configuration there.
pub(crate) fn loaded(config: &ConfigDir) -> Result<Loaded, Failure> {
    config::load(&config.config, &Environment::from_process()).map_err(|errors| {
        let lines = errors.iter().map(ToString::to_string);
        Failure {
            details: lines.collect(),
            ..Failure::new("the configuration is wrong")
        }
    })
}

/// What `reading` finds.
pub(crate) fn read<T>(
    loaded: &Loaded,
    reading: impl AsyncFnOnce(&mut Reader) -> Result<T, store::Failure>,
) -> Result<T, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let location = storage::location(&loaded.server).map_err(|error| failed(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&error))?;
    let read = runtime.block_on(async {
        let mut reader = Reader::open(location).await?;
        let read = reading(&mut reader).await?;
        reader.close().await?;
        Ok::<_, store::Failure>(read)
    });
    read.map_err(|error| failed(&format!("what was kept can't be read: {error}")))
}
