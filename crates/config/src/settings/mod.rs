//! Every setting there is, by heading: the one place where one is declared. Who reads a section takes its settings by
//! these; the reference, the schemas for editors and the errors on unknown keys follow.

mod callbacks;
mod exits;
mod organisation;
mod people;
mod queues;
mod schedules;
mod server;
mod trunks;

pub use people::LICENCES;

pub(crate) use callbacks::{
    STANDARD_KEY, WINDOWS_MAX, callback, customer_number, outcome, outcomes, soon, window,
};
pub(crate) use exits::{close_when, full, no_agents, open_when, timed_out};
pub(crate) use organisation::{
    PAUSE_REASON, PROMPT_FILE, PROMPT_NAME, QUEUE_GROUP, agents, feature_codes, head,
    organisation_files, outside, plan, quick_close,
};
pub(crate) use people::{
    AGAIN, LEVEL, RING_ALL, RING_IN_ORDER, forward, group, menu, number, place, route, user,
};
pub(crate) use queues::{closed, deferral, last_agent, member, queue, widening};
pub(crate) use schedules::{day, eve, hours, import, own_day, recurrence, rule};
pub(crate) use server::{
    BEYOND, THREADS_MAX, audit, bans, facts, http, limits, operator, prompts, records,
    registrations, rtp, server_file, sip, store, tls,
};
pub(crate) use trunks::{TRANSPORTS, inbound, register, trunk};

use std::ops::RangeInclusive;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// How long phones may ring: beyond that nobody waits.
const RINGS: RangeInclusive<Duration> = SECOND..=Duration::from_secs(300);

/// What keys of a telephone are called.
const KEYS_NAMES: &str = "^[0-9*#]$";
