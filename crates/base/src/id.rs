//! Typed ids. Things that configuration names (`demo/support`) carry their name, since facts and saved
//! state must mean the same after a restart; things that live in memory carry where they live.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;
use std::sync::Arc;

/// Longest name of a thing in configuration, in bytes: file names and metric labels stay readable.
pub const NAME_BYTES_MAX: usize = 64;

/// Why a text can't name a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName {
    /// The text that was refused.
    pub text: String,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected 1 to {NAME_BYTES_MAX} of a-z, 0-9, '-', '_' and '.', got {:?}",
            self.text
        )
    }
}

impl std::error::Error for InvalidName {}

fn checked(part: &str) -> Result<(), InvalidName> {
    let fine = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    if part.is_empty() || part.len() > NAME_BYTES_MAX || !part.bytes().all(fine) {
        return Err(InvalidName {
            text: part.chars().take(NAME_BYTES_MAX).collect(),
        });
    }
    Ok(())
}

/// An organisation (a tenant), such as `demo`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrgId(Arc<str>);

impl OrgId {
    /// The organisation of that name.
    pub fn new(name: &str) -> Result<OrgId, InvalidName> {
        checked(name)?;
        Ok(OrgId(name.into()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the things in it stand in a map by name: `map.range::<str, _>(org.names())`.
    pub fn names(&self) -> NamesOf {
        NamesOf {
            from: format!("{self}/"),
            before: format!("{self}{AFTER_SLASH}"),
        }
    }
}

/// The character after the one that stands between an organisation and a name.
const AFTER_SLASH: char = '0';

/// All names in one organisation: a range, since they begin alike.
#[derive(Clone, Debug)]
pub struct NamesOf {
    from: String,
    before: String,
}

impl NamesOf {
    /// The first text that is beyond them.
    pub fn end(&self) -> &str {
        &self.before
    }
}

impl RangeBounds<str> for NamesOf {
    fn start_bound(&self) -> Bound<&str> {
        Bound::Included(&self.from)
    }

    fn end_bound(&self) -> Bound<&str> {
        Bound::Excluded(&self.before)
    }
}

/// So that a map is searched by a name that stands elsewhere.
impl Borrow<str> for OrgId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! name_in_organisation {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The thing called `name` in `org`.
            pub fn new(org: &OrgId, name: &str) -> Result<$name, InvalidName> {
                checked(name)?;
                Ok($name(format!("{org}/{name}").into()))
            }

            /// Organisation and name with a slash between, such as `demo/support`.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Its name within the organisation.
            pub fn name(&self) -> &str {
                self.0.split_once('/').map_or(&*self.0, |(_, name)| name)
            }

            /// The organisation it belongs to.
            pub fn org(&self) -> OrgId {
                OrgId(self.org_name().into())
            }

            /// Its name.
            pub fn org_name(&self) -> &str {
                self.0.split_once('/').map_or("", |(org, _)| org)
            }

            /// Whether it belongs to `org`.
            pub fn is_of(&self, org: &OrgId) -> bool {
                self.0.split_once('/').is_some_and(|(of, _)| of == org.as_str())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<$name, InvalidName> {
                let (org, name) = text.split_once('/').ok_or_else(|| InvalidName {
                    text: text.chars().take(NAME_BYTES_MAX).collect(),
                })?;
                $name::new(&OrgId::new(org)?, name)
            }
        }
    };
}

name_in_organisation!(
    /// A queue, such as `demo/support`.
    QueueId
);
name_in_organisation!(
    /// People who are rung together or in order, such as `demo/reception`.
    GroupId
);
name_in_organisation!(
    /// A menu that callers choose in by key, such as `demo/main`.
    MenuId
);
name_in_organisation!(
    /// Opening hours, such as `demo/office`.
    HoursId
);
name_in_organisation!(
    /// A person with an account: an agent, a supervisor, an administrator. `demo/anna`.
    UserId
);
name_in_organisation!(
    /// A trunk, such as `demo/provider`.
    TrunkId
);

/// One of the fixed number of virtual signalling shards.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ShardId(pub u8);

impl ShardId {
    /// How many virtual shards there are: fixed, so that a shard number in a tag or branch means the
    /// same after a restart on another number of cores.
    pub const COUNT: u8 = 64;
}

macro_rules! place_in_shard {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name {
            /// The shard that owns it.
            pub shard: ShardId,
            /// Its place in the shard's slab.
            pub slot: u32,
            /// Tells it from earlier tenants of the same slot.
            pub generation: u32,
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}-{}-{}", $letter, self.shard.0, self.slot, self.generation)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<$name, InvalidName> {
                let refused = || InvalidName { text: text.chars().take(NAME_BYTES_MAX).collect() };
                let mut parts = text.strip_prefix($letter).ok_or_else(refused)?.splitn(3, '-');
                let mut part = || parts.next().ok_or_else(refused);
                let shard = part()?.parse().map_err(|_| refused())?;
                let slot = part()?.parse().map_err(|_| refused())?;
                let generation = part()?.parse().map_err(|_| refused())?;
                if shard >= ShardId::COUNT {
                    return Err(refused());
                }
                Ok($name { shard: ShardId(shard), slot, generation })
            }
        }
    };
}

place_in_shard!(
    /// A call: everything between a caller's first INVITE and the last BYE of its legs.
    CallId,
    "c"
);
place_in_shard!(
    /// One leg of a call: our dialog with one party. Also names that leg's media session.
    LegId,
    "l"
);

place_in_shard!(
    /// A subscription of one phone to what another person is doing.
    SubscriptionId,
    "s"
);

place_in_shard!(
    /// A text message on its way to a person's devices.
    MessageId,
    "m"
);

place_in_shard!(
    /// What keeps one trunk up: its registration and probes.
    UpkeepId,
    "u"
);

/// One offer of one caller to one agent; never used twice in a process's life.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct OfferId(pub u64);

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "o{}", self.0)
    }
}

/// One wish to be called back; never used twice, also over restarts.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct CallbackId(pub u64);

impl fmt::Display for CallbackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{}", self.0)
    }
}

impl FromStr for CallbackId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<CallbackId, InvalidName> {
        let number = text.strip_prefix('b').and_then(|it| it.parse().ok());
        number.map(CallbackId).ok_or_else(|| InvalidName {
            text: text.chars().take(NAME_BYTES_MAX).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_name_in_an_organisation_reads_back_as_it_was_written() {
        let org = OrgId::new("demo").unwrap();
        let queue = QueueId::new(&org, "support").unwrap();
        assert_eq!(queue.to_string(), "demo/support");
        assert_eq!("demo/support".parse::<QueueId>().unwrap(), queue);
        assert_eq!(queue.name(), "support");
        assert_eq!(queue.org(), org);
        assert!(queue.is_of(&org));
    }

    #[test]
    fn a_name_that_could_be_a_path_or_another_organisation_is_refused() {
        let org = OrgId::new("demo").unwrap();
        for bad in ["", "a/b", "A", "å", "a b", &"x".repeat(65)] {
            assert!(QueueId::new(&org, bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_things_of_an_organisation_stand_together_and_nothing_of_another_is_among_them() {
        // What may stand in a name is before and after the slash.
        let others = ["dem/o", "demo-2/support", "demo.x/a", "demo0/a", "demo_/a"];
        let own = ["demo/-", "demo/support", "demo/zz"];
        let all = others.iter().chain(&own);
        let all: BTreeSet<QueueId> = all.map(|name| name.parse().unwrap()).collect();
        let demo = OrgId::new("demo").unwrap();
        let found = all.range::<str, _>(demo.names()).map(QueueId::as_str);
        assert!(found.eq(own), "{all:?}");
    }

    #[test]
    fn a_call_id_reads_back_as_it_was_written() {
        let id = CallId {
            shard: ShardId(63),
            slot: 7,
            generation: 9,
        };
        assert_eq!(id.to_string(), "c63-7-9");
        assert_eq!("c63-7-9".parse::<CallId>().unwrap(), id);
        assert!("c64-7-9".parse::<CallId>().is_err());
        assert!("l63-7-9".parse::<CallId>().is_err());
    }
}
