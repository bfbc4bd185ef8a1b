//! What is kept over a restart: one SQLite file, and one task that writes it in batches. What a row means is known
//! to whoever hands it in. Slow or lost storage holds nobody up: writes wait here, bounded and the latest of
//! each key only, and are tried again until they are in.

mod database;
mod failure;
mod kept;
mod pending;
mod write;
mod writer;

pub use failure::{Failure, FailureKind};
pub use kept::Kept;
pub use pending::PENDING_MAX;
pub use write::{AgentRow, BanRow, BindingsRow, LicenceRow, QuickCloseRow, WishesRow, Write};
pub use writer::{Acknowledgement, FILE_NAME, Health, Loading, NotStored, Store};
