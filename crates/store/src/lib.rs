//! What is kept over a restart: one SQLite file or a PostgreSQL database, and one task that writes it in batches. What a row means is known
//! to whoever hands it in. Slow or lost storage holds nobody up: writes wait here, bounded and the latest of
//! each key only, and are tried again until they are in.

mod audit;
mod backlog;
mod backup;
mod batch;
mod call_erasure;
mod call_queries;
mod callbacks;
mod calls;
mod connection;
mod database;
mod failure;
mod forgetting;
mod journal;
mod kept;
mod location;
mod migrations;
mod numbers;
mod pending;
mod postgres;
mod reader;
mod sqlite;
mod statement;
mod steps;
mod store;
mod together;
mod wiping;
mod write;
mod writer;

pub use audit::{AUDIT_WAITING_MAX, AuditPage, AuditQuery, AuditRow};
pub use backup::NoBackup;
pub use call_queries::{CallHeading, CallOrder, CallPage, CallQuery};
pub use callbacks::{
    AttemptRow, CallbackChange, CallbackFact, CallbackRow, CallbackStep, KeptCallbacks,
};
pub use calls::{CUT_OFF, CallRow};
pub use failure::{Failure, FailureKind};
pub use journal::{Journal, Keep, Run};
pub use kept::Kept;
pub use location::{FILE_NAME, Location, NoUrl};
pub use pending::PENDING_MAX;
pub use reader::{Place, Reader, Record, RunRow};
pub use store::{Acknowledgement, AtStart, Health, Loading, NotStored, Store, TakingUp};
pub use write::{
    ActivationRow, AgentRow, BanRow, BindingsRow, CredentialRow, LicenceRow, QuickCloseRow,
    SecondFactorRow, SessionRow, StaffRow, TokenRow, WishesRow, Write,
};
