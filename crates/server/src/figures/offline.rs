//! `kolapp report queues`: the figures of `kolapp ctl figures`, read from what is kept, whether the server runs or not. Of a
//! server that runs, what came about in its last moments is on its way there.

use super::{Seen, command, document, for_people, is_asked, is_there};
use crate::check;
use crate::ctl::protocol::{Failure, FiguresRequest};
use crate::facts::figures_kept;
use crate::hours::unix_now;
use crate::reload::Wrong;
use crate::storage::location;
use base::QueueId;
use config::Environment;
use control::FiguresCommand;
use std::io;
use std::path::Path;
use store::NoUrl;
use web::FiguresReport;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OfflineError {
    #[error("the configuration is wrong")]
    Config,
    #[error("[store] url in kolapp.toml can't be used: {0}")]
    Store(#[from] NoUrl),
    #[error("what was kept can't be read: {0}")]
    Read(#[from] store::Failure),
    #[error("nothing can be read: {0}")]
    Runtime(#[from] io::Error),
    #[error("{0}")]
    Asked(#[from] Failure),
}

/// What came to queues and agents, for whoever may read what is kept.
pub(crate) fn report(dir: &Path, request: &FiguresRequest) -> Result<FiguresReport, OfflineError> {
    let loaded = config::load(dir, &Environment::from_process()).map_err(|errors| {
        check::report(dir, &Wrong::Config(errors));
        OfflineError::Config
    })?;
    let FiguresCommand { queue, moments_ms } = command(&loaded, request, unix_now())?;
    let org = queue.as_ref().map(QueueId::org);
    let shape = for_people(&loaded, org.as_ref())?;
    let reading = figures_kept(location(&loaded.server)?, moments_ms.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let told = runtime.block_on(reading)?;
    let all = Seen {
        queue: &|id| is_asked(queue.as_ref(), id),
        agent: &|agent| is_there(queue.as_ref(), agent),
    };
    let report = document(told, moments_ms, &shape, &all);
    Ok(report.map_err(|many| Failure::new(many.to_string()))?)
}
