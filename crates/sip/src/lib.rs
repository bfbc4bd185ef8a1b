//! SIP on the wire: UDP sockets, connections, the gate that decides who comes in, the registrar's store, and the tasks
//! that run the signalling shards. What a request means for a call is left to `call`; queues, media and
//! configuration are reached through channels and one small trait, and known to `server` alone.

mod clock;
mod gate;
mod guard;
mod holders;
mod ladder;
mod ledgers;
mod local;
mod mailbox;
mod measure;
mod nonces;
mod registrations;
mod resolver;
mod resting;
mod sockets;
mod stream;
mod trunks;
mod udp;
mod unreachable;
mod watch;
mod worker;

pub use clock::Clock;
pub use gate::{BanKeeper, Gate, Secrets};
pub use ladder::{Kept, Seen};
pub use ledgers::Ledgers;
pub use mailbox::{Inboxes, Mailboxes, ShardInput, ToAcd, ToCallback, mailboxes};
pub use measure::{METRICS, Metric, MetricKind, describe, end_label};
pub use registrations::{Changes, KeptBinding, Moment, Registered, Registrations};
pub use resolver::Resolver;
pub use sockets::{BindError, Sockets};
pub use stream::{
    Certificate, CertificateStanding, ConnectionLimits, Tls, TlsError, TlsFiles, TlsIdentity,
};
pub use trunks::Trunks;
pub use watch::{SUBSCRIPTIONS_PER_USER_MAX, Watch};
pub use worker::{LiveCalls, Media, Parts, RecordKeeper, Recorded, Wanted, WishKeeper, start};
