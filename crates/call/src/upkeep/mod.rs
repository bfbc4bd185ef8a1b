//! What keeps a trunk up, and what is known of it: its registration at the provider and probes by OPTIONS. Both are
//! machines that are told what happens and say what to send next; `shard::upkeep` sends it. One shard keeps a trunk up, by a fixed
//! hash of its name, and tells all others whether it is.

mod probe;
mod register;
mod registration;
mod translated;
mod waiting;

pub(crate) use probe::Probe;
pub(crate) use registration::Registration;
pub use translated::ContactShown;

use crate::trunk::{Account, Outward};
use base::{Time, TrunkId, UpkeepId};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sip_core::addresses::Addresses;
use sip_core::digest::Algorithm;
use sip_core::transaction::Failure;
use sip_core::{Flow, Request, Response, StatusCode, Uri};
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Addresses of one next hop that are tried: what a provider's servers are, with room.
const TARGETS_MAX: usize = 8;

/// By then whoever was asked for addresses has answered, or never will.
const RESOLVING_MAX: Duration = Duration::from_secs(40);

/// What keeps a trunk up, as settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Where and as whom we register.
    pub register: Option<Register>,
    /// How often the next hop is asked whether it is there.
    pub probe: Option<Duration>,
}

impl Keep {
    /// Whether there is anything to be done.
    pub fn is_active(&self) -> bool {
        self.register.is_some() || self.probe.is_some()
    }
}

/// A registration at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    /// Where REGISTER is sent: tried in this order.
    pub registrars: Vec<Uri>,
    /// Whom we register: the user of the address of record.
    pub user: Box<str>,
    /// How long we ask it to last.
    pub expires: Duration,
    /// What our Contact says.
    pub contact: ContactShown,
    /// The number that calls in are for where they don't say.
    pub number: Option<Box<str>>,
}

/// Whether a trunk can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrunkState {
    /// Nothing is known yet, or nobody looks.
    #[default]
    Unknown,
    /// It answers, and has us registered if that was asked for.
    Up,
    /// It does not answer, or does not have us registered.
    Down,
}

impl TrunkState {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            TrunkState::Unknown => "unknown",
            TrunkState::Up => "up",
            TrunkState::Down => "down",
        }
    }
}

/// What every shard knows of a trunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkSeen {
    /// Whether it can be used.
    pub state: TrunkState,
    /// Addresses of the registrar that has us: calls come in from there.
    pub sources: Vec<IpAddr>,
}

/// The same of all that some shard keeps up.
pub type TrunksSeen = BTreeMap<TrunkId, TrunkSeen>;

/// What people are told of a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrunkView {
    /// Which.
    pub trunk: TrunkId,
    /// Whether it can be used.
    pub state: TrunkState,
    /// Since when that is so.
    pub since: Time,
    /// Whether it registers.
    pub registers: Registers,
    /// The last thing that went wrong, while it has not been put right.
    pub trouble: Option<Trouble>,
}

/// Whether a trunk registers, and how that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registers {
    /// It is not meant to.
    Not,
    /// It wants to and isn't.
    Absent,
    /// It is.
    Until {
        /// When the provider forgets us, unless we come again.
        expires: Time,
        /// The server that has us.
        at: SocketAddr,
    },
}

/// What went wrong with a registration or a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// The next hop has no address.
    NoAddress,
    /// Nobody answered.
    NoAnswer,
    /// It could not be sent.
    NotSent,
    /// It was refused.
    Refused(StatusCode),
    /// Credentials are wanted in realms that the account is not for.
    OtherRealm(Box<str>),
    /// The account's password is wrong.
    WrongCredentials,
    /// It was granted for no time.
    NotKept,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoAddress => f.write_str("no address"),
            Trouble::NoAnswer => f.write_str("no answer"),
            Trouble::NotSent => f.write_str("can't be sent"),
            Trouble::Refused(status) => {
                write!(f, "{} {}", status.code(), status.reason_phrase())
            }
            Trouble::OtherRealm(realms) if realms.is_empty() => {
                f.write_str("asks for credentials in a way that is not known")
            }
            Trouble::OtherRealm(realms) => {
                write!(f, "asks for credentials in the realm {realms}: set `realm`")
            }
            Trouble::WrongCredentials => f.write_str("wrong user name or password"),
            Trouble::NotKept => f.write_str("granted for no time"),
        }
    }
}

/// What an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// Whose it is.
    pub upkeep: UpkeepId,
    /// Which of its machines.
    pub kind: ErrandKind,
    /// Which of that machine's: answers to older ones come too late.
    pub attempt: u32,
}

/// A trunk's machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrandKind {
    /// Its registration.
    Register,
    /// Its probe.
    Probe,
}

/// What a machine wants done; the answer is to name the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) attempt: u32,
    pub(crate) what: Wanted,
}

/// The same without the attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The addresses of this next hop.
    Addresses(Uri),
    /// This request sent there.
    Sent(Flow, Box<Request>),
    /// The way there used, so that address translators keep it open.
    KeptOpen(Flow),
}

/// What a machine needs to know of the world.
pub(crate) struct Around<'a> {
    pub(crate) now: Time,
    pub(crate) trunk: &'a TrunkId,
    pub(crate) outward: &'a Outward,
    pub(crate) addresses: &'a Addresses,
    pub(crate) rng: &'a mut ChaCha8Rng,
}

/// What became of an errand.
pub(crate) enum Heard<'h> {
    /// The addresses that were asked for.
    Addresses(Vec<Flow>),
    /// An answer to what was sent.
    Answer(&'h Response),
    /// There is none.
    Nothing(Unanswered),
}

/// Why there is no answer to what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    InTime,
    NotSent,
}

impl From<Failure> for Unanswered {
    fn from(failure: Failure) -> Unanswered {
        match failure {
            Failure::Timeout => Unanswered::InTime,
            Failure::Transport => Unanswered::NotSent,
        }
    }
}

impl From<Unanswered> for Trouble {
    fn from(why: Unanswered) -> Trouble {
        match why {
            Unanswered::InTime => Trouble::NoAnswer,
            Unanswered::NotSent => Trouble::NotSent,
        }
    }
}

/// One trunk's upkeep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upkeep {
    pub(crate) id: UpkeepId,
    pub(crate) trunk: TrunkId,
    /// Tells apart whom we register and where.
    pub(crate) place: u64,
    /// Tells apart as whom we prove ourselves, and for how long we ask.
    pub(crate) terms: u64,
    pub(crate) registration: Option<Registration>,
    pub(crate) probe: Option<Probe>,
    /// What people were told last.
    pub(crate) shown: Option<TrunkView>,
    /// Of one that the settings know no more: as it was known, until its registrar has let it go. A registration that is
    /// given up ends after four tries at most, each waited for as any other: within 64·T1.
    pub(crate) leaving: Option<Box<Outward>>,
}

impl Upkeep {
    /// Whether the settings know the trunk.
    pub(crate) fn is_kept(&self) -> bool {
        self.leaving.is_none()
    }

    /// When it has something to do next.
    pub(crate) fn deadline(&self) -> Time {
        let registration = self.registration.as_ref().map(Registration::deadline);
        let probe = self.probe.as_ref().map(Probe::deadline);
        [registration, probe]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(Time::NEVER)
    }

    /// What all shards are to know.
    pub(crate) fn seen(&self) -> TrunkSeen {
        let registration = self.registration.as_ref();
        let states = [
            registration.map(Registration::state),
            self.probe.as_ref().map(Probe::state),
        ];
        let any = |wanted| states.iter().flatten().any(|state| *state == wanted);
        let state = match () {
            () if any(TrunkState::Down) => TrunkState::Down,
            () if any(TrunkState::Up) => TrunkState::Up,
            () => TrunkState::Unknown,
        };
        TrunkSeen {
            state,
            sources: registration.map_or_else(Vec::new, |it| it.sources().to_vec()),
        }
    }

    /// What people are to be told.
    pub(crate) fn view(&self, now: Time) -> TrunkView {
        let state = self.seen().state;
        let same = self.shown.as_ref().filter(|shown| shown.state == state);
        let registration = self.registration.as_ref();
        let of_registration = registration.and_then(|it| it.trouble().cloned());
        let of_probe = || self.probe.as_ref().and_then(|it| it.trouble().cloned());
        TrunkView {
            trunk: self.trunk.clone(),
            state,
            since: same.map_or(now, |shown| shown.since),
            registers: registration.map_or(Registers::Not, Registration::registers),
            trouble: of_registration.or_else(of_probe),
        }
    }
}

/// The user of our Contact at a trunk's registrar, by which calls that come in over it are known. `~` stands in no
/// name, so no user, extension or number is called so.
pub(crate) fn contact_user(trunk: &TrunkId) -> String {
    format!("{}~{}", trunk.org(), trunk.name())
}

/// The trunk that has that user in its Contact.
pub(crate) fn trunk_of_contact(user: &str) -> Option<TrunkId> {
    let (org, name) = user.split_once('~')?;
    TrunkId::new(&base::OrgId::new(org).ok()?, name).ok()
}

/// Tells apart whom we register and where: a change of it is another registration.
pub(crate) fn place_of(outward: &Outward) -> u64 {
    let register = outward.keep.register.as_ref();
    let mut hash = Fnv::default();
    hash.add(&outward.domain.to_string());
    if let Some(register) = register {
        hash.add(&register.user);
        let registrars = register.registrars.iter();
        registrars.for_each(|registrar| hash.add(&registrar.to_string()));
    }
    hash.0
}

/// Tells apart as whom we prove ourselves, and for how long we ask: a change of it is a reason to register at once.
pub(crate) fn terms_of(outward: &Outward) -> u64 {
    let mut hash = Fnv::default();
    if let Some(Account {
        username, realm, ..
    }) = &outward.account
    {
        hash.add(username);
        hash.add(realm);
    }
    if let Some(account) = &outward.account {
        hash.add(account.ha1(Algorithm::Sha256).as_hex());
    }
    if let Some(register) = &outward.keep.register {
        hash.add(&register.expires.as_secs().to_string());
        hash.add(match register.contact {
            ContactShown::AsSeen => "as-seen",
            ContactShown::Own => "own",
        });
    }
    hash.0
}

/// FNV-1a over texts that are told apart.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
