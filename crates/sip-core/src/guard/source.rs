//! A source: an address as far as its holder can't choose it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Whom requests are counted for: an IPv4 address, or the first 64 bits of an IPv6 address, since whoever has
/// one address of such a block has them all (RFC 4291 §2.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Source {
    /// One address.
    V4(Ipv4Addr),
    /// A block of 2^64 addresses, as its first 64 bits.
    V6(u64),
}

impl Source {
    /// The source that an address belongs to. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn of(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V4(address) => Source::V4(address),
            IpAddr::V6(address) => Source::V6((address.to_bits() >> 64) as u64),
        }
    }

    /// The same as one number, different for each source.
    pub(crate) fn number(self) -> u128 {
        match self {
            Source::V4(address) => u128::from(address.to_bits()),
            Source::V6(block) => u128::from(block) | 1 << 64,
        }
    }

    /// An address of it.
    pub fn address(self) -> IpAddr {
        match self {
            Source::V4(address) => address.into(),
            Source::V6(block) => Ipv6Addr::from_bits(u128::from(block) << 64).into(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::V4(address) => write!(f, "{address}"),
            Source::V6(_) => write!(f, "{}/64", self.address()),
        }
    }
}

/// A text that names no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address, such as 192.0.2.7 or 2001:db8::7, got {text:?}")]
pub struct InvalidSource {
    text: Box<str>,
}

impl FromStr for Source {
    type Err = InvalidSource;

    /// Reads an address, or what [`Source`] is written as.
    fn from_str(text: &str) -> Result<Source, InvalidSource> {
        let address = text.strip_suffix("/64").unwrap_or(text);
        let address: IpAddr = address
            .parse()
            .map_err(|_| InvalidSource { text: text.into() })?;
        match Source::of(address) {
            Source::V4(_) if text.ends_with("/64") => Err(InvalidSource { text: text.into() }),
            source => Ok(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    #[test]
    fn an_ipv4_address_is_a_source_of_its_own_and_an_ipv6_one_its_block_of_64_bits() {
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("0.0.0.1").number(), of("0:0:0:1::").number());
    }

    #[test]
    fn a_source_reads_back_as_it_is_written() {
        for text in ["192.0.2.1", "2001:db8:1:2::/64", "::/64"] {
            let source: Source = text.parse().unwrap();
            assert_eq!(source.to_string(), text);
        }
        for bad in [
            "",
            "host",
            "192.0.2.1/64",
            "192.0.2.1:5060",
            "2001:db8::/32",
        ] {
            assert!(bad.parse::<Source>().is_err(), "{bad:?}");
        }
    }
}
