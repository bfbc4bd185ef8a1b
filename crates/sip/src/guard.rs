//! The guard of a process: how fast everybody may ask, who has proven who he is, who is banned. All tasks ask
//! the same one, since an address may reach several. What is decided about a datagram before it is read costs
//! a look-up or two, so that a flood takes no time from those who proved who they are.

use base::Time;
use call::Admission;
use call::settings::{Directory, Limits, Loopback};
use sip_core::Method;
use sip_core::guard::{Ban, Bans, Buckets, Key, Keys, Offence, Proven, Rate, Source};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Sources and flows that are counted at once; 16 bytes each, touched only when used. A full bucket needs no
/// place, so this is how many may be sending at one time.
const SENDERS_MAX: usize = 1 << 16;

/// Flows known to belong to somebody who proved who he is: more than accounts have devices.
const PROVEN_MAX: usize = 1 << 19;

/// Users and trunks that are counted at once.
const NAMED_MAX: usize = 1 << 17;

/// How long a proof is believed: as long as the longest registration by default. Each further one renews it.
const PROVEN_FOR: Duration = Duration::from_secs(7_200);

/// Parts with a lock each, so that tasks seldom meet.
const STRIPES: usize = 16;

/// Bytes of a User-Agent that are looked at: scanners' names stand first.
const AGENT_BYTES: usize = 64;

/// Why something is not let in at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// Its source is banned.
    Banned,
    /// Its source asks faster than it may.
    TooFast,
}

impl Shut {
    pub(crate) const ALL: [Shut; 2] = [Shut::Banned, Shut::TooFast];

    pub(crate) fn label(self) -> &'static str {
        match self {
            Shut::Banned => "banned",
            Shut::TooFast => "too-fast",
        }
    }
}

/// The guard.
pub(crate) struct Guard {
    keys: Keys,
    sources: Striped<Buckets>,
    flows: Striped<Buckets>,
    proven: Striped<Proven>,
    named: Striped<Buckets>,
    bans: Mutex<Bans>,
    /// How many are banned: while it is none, nobody looks.
    banned: AtomicUsize,
}

impl Guard {
    /// A guard that knows nobody yet. `seed` is random.
    pub(crate) fn new(seed: [u64; 2]) -> Guard {
        Guard {
            keys: Keys::new(seed),
            sources: Striped::of(|| Buckets::new(SENDERS_MAX / STRIPES)),
            flows: Striped::of(|| Buckets::new(SENDERS_MAX / STRIPES)),
            proven: Striped::of(|| Proven::new(PROVEN_MAX / STRIPES)),
            named: Striped::of(|| Buckets::new(NAMED_MAX / STRIPES)),
            bans: Mutex::default(),
            banned: AtomicUsize::new(0),
        }
    }

    /// Whether something from `remote` is looked at, before it is. Who has proven who he is has an allowance
    /// of his own, and a neighbour's ban is not his.
    pub(crate) fn door(
        &self,
        now: Time,
        remote: SocketAddr,
        directory: &Directory,
    ) -> Result<(), Shut> {
        let limits = &directory.limits;
        let flow = self.keys.of_flow(remote);
        let free = limits.loopback == Loopback::Trusted && is_loopback(remote.ip());
        if self.proven.part(flow).holds(now, flow) {
            if free {
                return Ok(());
            }
            let taken = self
                .flows
                .part(flow)
                .take(now, flow, limits.requests_per_peer);
            return taken.map_err(|_| Shut::TooFast);
        }
        let source = Source::of(remote.ip());
        if self.banned.load(Ordering::Relaxed) > 0 && self.lock_bans().holds(now, source) {
            return Err(Shut::Banned);
        }
        if free {
            return Ok(());
        }
        let key = self.keys.of_source(source);
        let taken = self
            .sources
            .part(key)
            .take(now, key, limits.requests_per_source);
        taken.map_err(|_| Shut::TooFast)
    }

    /// Whoever is at `remote` has proven who he is.
    pub(crate) fn vouch(&self, now: Time, remote: SocketAddr) {
        let flow = self.keys.of_flow(remote);
        self.proven.part(flow).note(flow, now + PROVEN_FOR);
    }

    /// Whether whoever is at `remote` has proven who he is.
    pub(crate) fn is_proven(&self, now: Time, remote: SocketAddr) -> bool {
        let flow = self.keys.of_flow(remote);
        self.proven.part(flow).holds(now, flow)
    }

    /// Whether somebody who proved who he is may ask this just now; else how long until he may.
    pub(crate) fn may_ask(
        &self,
        now: Time,
        who: &Admission,
        method: &Method,
        limits: &Limits,
    ) -> Result<(), Duration> {
        let (key, rate) = match who {
            Admission::User(user) => {
                let (kind, rate) = user_rate(method, limits);
                (self.keys.of_name(kind, user.as_str()), rate)
            }
            Admission::Trunk(trunk) if *method == Method::Invite => {
                let key = self.keys.of_name(TRUNK_KIND, trunk.as_str());
                (key, limits.invites_per_trunk)
            }
            _ => return Ok(()),
        };
        self.named.part(key).take(now, key, rate)
    }

    /// Notes an offence; a ban that comes of it is given back, once.
    pub(crate) fn offended(
        &self,
        now: Time,
        remote: SocketAddr,
        offence: Offence,
        directory: &Directory,
    ) -> Option<Ban> {
        if is_spared(remote.ip(), directory) {
            return None;
        }
        let ban = {
            let mut bans = self.lock_bans();
            let rules = &directory.bans.rules;
            let ban = bans.note(now, Source::of(remote.ip()), offence, rules)?;
            self.banned.store(bans.len(), Ordering::Relaxed);
            ban
        };
        // He may have an account: guessing at others' is not what it was believed for.
        let flow = self.keys.of_flow(remote);
        self.proven.part(flow).forget(flow);
        Some(ban)
    }

    /// Who is banned.
    pub(crate) fn list_bans(&self, now: Time) -> Vec<Ban> {
        let mut bans = self.lock_bans();
        bans.forget_ended(now);
        self.banned.store(bans.len(), Ordering::Relaxed);
        bans.list(now).copied().collect()
    }

    /// Puts a ban in force.
    pub(crate) fn ban(&self, now: Time, ban: Ban) {
        let mut bans = self.lock_bans();
        bans.put(now, ban);
        self.banned.store(bans.len(), Ordering::Relaxed);
    }

    /// Takes a ban back; whether there was one.
    pub(crate) fn lift(&self, now: Time, source: Source) -> bool {
        let mut bans = self.lock_bans();
        let lifted = bans.remove(now, source);
        self.banned.store(bans.len(), Ordering::Relaxed);
        lifted
    }

    fn lock_bans(&self) -> MutexGuard<'_, Bans> {
        self.bans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const TRUNK_KIND: u8 = 0;

/// What a request counts as, and how many of its kind a user may send.
fn user_rate(method: &Method, limits: &Limits) -> (u8, Rate) {
    match method {
        Method::Invite => (1, limits.invites_per_user),
        Method::Register => (2, limits.registers_per_user),
        Method::Subscribe => (3, limits.subscribes_per_user),
        _ => (4, limits.messages_per_user),
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether an address is never banned: so the configuration says, or it is a trunk's, whose calls nobody
/// shall be able to stop by sending in its name.
fn is_spared(address: IpAddr, directory: &Directory) -> bool {
    let settings = &directory.bans;
    let trunks = || {
        let organisations = directory.organisations.values();
        organisations.flat_map(|organisation| organisation.trunks.values())
    };
    settings.loopback == Loopback::Trusted && is_loopback(address)
        || settings.never.iter().any(|net| net.contains(address))
        || trunks().any(|trunk| trunk.sources.iter().any(|net| net.contains(address)))
}

/// Whether a device calls itself by one of `names`, which are in lower case.
pub(crate) fn is_called(agent: &[u8], names: &[Box<str>]) -> bool {
    let mut start = [0; AGENT_BYTES];
    let length = agent.len().min(AGENT_BYTES);
    start[..length].copy_from_slice(&agent[..length]);
    start.make_ascii_lowercase();
    let is_in = |name: &[u8]| start[..length].windows(name.len()).any(|part| part == name);
    names
        .iter()
        .any(|name| !name.is_empty() && is_in(name.as_bytes()))
}

/// Several of the same, each with a lock.
struct Striped<T>(Box<[Mutex<T>]>);

impl<T> Striped<T> {
    fn of(make: impl Fn() -> T) -> Striped<T> {
        Striped((0..STRIPES).map(|_| Mutex::new(make())).collect())
    }

    fn part(&self, key: Key) -> MutexGuard<'_, T> {
        // A table is whole between any two of its statements, whoever panicked.
        self.0[key.part(STRIPES)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
