//! Readers of what names places: addresses, ports, domains, and the numbers people dial.

use crate::kinds::{Kind, Own, Shape, Shown, form};
use crate::section::Reading;
use crate::tree::{Node, Value};
use crate::value::{str_of, wrong};
use call::settings::Network;
use sip_core::{Host, Uri};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

/// Most digits of an internal number: what people still dial by hand.
const EXTENSION_DIGITS_MAX: usize = 15;

/// Fewest and most digits of a public number after the plus: E.164 §6.2.1 gives the most.
const NUMBER_DIGITS: RangeInclusive<usize> = 5..=15;

/// An IPv4 or IPv6 address, as far as a form tells one.
const ADDRESS: &str = r"[0-9a-fA-F:.]+";

/// Where something is listened for.
pub(crate) const SOCKET_ADDRESS: Own<SocketAddr> = Own {
    words: "address and port",
    schema: || form(r"^([0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$"),
    read: socket_address,
};

/// Who is asked for names.
pub(crate) const DNS_SERVER: Own<SocketAddr> = Own {
    words: "address",
    schema: || form(&format!(r"^({ADDRESS}|\[{ADDRESS}\]:[0-9]{{1,5}})$")),
    read: dns_server,
};

/// An address that phones are told.
pub(crate) const REACHABLE_ADDRESS: Own<IpAddr> = Own {
    words: "address",
    schema: || form(&format!("^{ADDRESS}$")),
    read: reachable_address,
};

/// Where others find somebody.
pub(crate) const HOST: Own<Host> = Own {
    words: "address or host name",
    schema: || form("^[^ :/]+$|^[0-9a-fA-F:]+$"),
    read: host,
};

/// A block of addresses.
pub(crate) const NETWORK: Own<Network> = Own {
    words: "address, with prefix length or without",
    schema: || form(&format!("^{ADDRESS}(/[0-9]{{1,3}})?$")),
    read: network,
};

/// What an internal number or an area code looks like, and what a public number does.
const DIGITS_FORM: &str = "^[0-9]{1,15}$";
pub(crate) const NUMBER_FORM: &str = r"^\+[1-9][0-9]{4,14}$";

/// An internal number.
pub(crate) const EXTENSION: Own<Box<str>> = Own {
    words: "digits in quotes",
    schema: || form(DIGITS_FORM),
    read: extension,
};

/// What is in front of numbers of a place.
pub(crate) const AREA_CODE: Own<Box<str>> = EXTENSION;

/// What is dialled to have something done.
pub(crate) const FEATURE_CODE: Own<Box<str>> = Own {
    words: "code",
    schema: || form("^[*#][0-9*#]{1,14}$"),
    read: feature_code,
};

/// A number in full.
pub(crate) const PUBLIC_NUMBER: Own<Box<str>> = Own {
    words: "number",
    schema: || form(NUMBER_FORM),
    read: public_number,
};

/// Where a peer is.
pub(crate) type Peer = (Host, Option<u16>);

/// An address or host name, with its port or without.
pub(crate) const PEER: Own<Peer> = Own {
    words: "address or host name",
    schema: || form("^[^ /@]+$"),
    read: peer,
};

/// Whom an organisation is.
pub(crate) const DOMAIN: Own<Box<str>> = Own {
    words: "domain",
    schema: || {
        form(r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$")
    },
    read: domain,
};

/// A range of ports.
#[derive(Clone, Copy)]
pub(crate) struct PortRange;

impl Shape for PortRange {
    fn words(&self) -> String {
        "range".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        form(r"^\s*[0-9]{4,5}\s*-\s*[0-9]{4,5}\s*$")
    }
}

impl Kind for PortRange {
    type Value = RangeInclusive<u16>;

    fn read(&self, node: &Node) -> Reading<RangeInclusive<u16>> {
        ports(node)
    }
}

impl Shown for PortRange {
    fn shown(&self, value: &RangeInclusive<u16>) -> String {
        format!("\"{}-{}\"", value.start(), value.end())
    }
}

/// An address and port, such as `127.0.0.1:5060` or `[::1]:5060`.
fn socket_address(node: &Node) -> Reading<SocketAddr> {
    let expected = "an address and port, such as 127.0.0.1:5060 or [::1]:5060";
    let mend = "write numbers, not a host name, and the port after a colon";
    match str_of(node, expected, "127.0.0.1:5060")?.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 => Ok(address),
        _ => wrong(node, expected, mend),
    }
}

/// Where a server of the DNS is; its port is 53 unless another is named.
fn dns_server(node: &Node) -> Reading<SocketAddr> {
    const PORT: u16 = 53;
    let expected = "an address, with its port or without, such as 192.0.2.53 or 127.0.0.1:5353";
    let text = str_of(node, expected, "192.0.2.53")?;
    let address = text.parse::<IpAddr>();
    let address = address.map(|address| SocketAddr::new(address, PORT));
    match address.or_else(|_| text.parse::<SocketAddr>()) {
        Ok(server) if server.port() != 0 && !server.ip().is_unspecified() => Ok(server),
        _ => wrong(node, expected, "write numbers, not a host name"),
    }
}

/// An address that others can be told: not 0.0.0.0.
fn reachable_address(node: &Node) -> Reading<IpAddr> {
    let expected = "an address of this machine that phones can reach, such as 192.0.2.10";
    match str_of(node, expected, "127.0.0.1")?.parse::<IpAddr>() {
        Ok(address) if !address.is_unspecified() && !address.is_multicast() => Ok(address),
        _ => wrong(
            node,
            expected,
            "phones are told this address, so it has to be a real one",
        ),
    }
}

/// A host that others can be told: an address, or a name.
fn host(node: &Node) -> Reading<Host> {
    let expected = "an address or host name, such as 203.0.113.7 or sip.example.com";
    let text = str_of(node, expected, "203.0.113.7")?;
    let host = match text.parse::<IpAddr>() {
        Ok(address) => Ok(Host::from(address)),
        Err(_) => Host::parse(text.as_bytes()),
    };
    match host {
        Ok(host) if host.ip().is_none_or(|ip| !ip.is_unspecified()) => Ok(host),
        _ => wrong(node, expected, "write it without port or \"sip:\""),
    }
}

/// Why a text is no range of ports.
pub(crate) const PORTS_EXPECTED: &str =
    "a range of at least two ports from 1024 to 65535, such as \"30000-39999\"";

/// A range of ports, such as `30000-39999`.
fn ports(node: &Node) -> Reading<RangeInclusive<u16>> {
    match parse_ports(str_of(node, PORTS_EXPECTED, "30000-39999")?) {
        Some(ports) => Ok(ports),
        None => wrong(
            node,
            PORTS_EXPECTED,
            "write lowest and highest port with a hyphen between",
        ),
    }
}

/// Each call's leg takes an even port for RTP and the next for RTCP, so a range holds at least that pair.
pub(crate) fn parse_ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (low, high) = text.split_once('-')?;
    let (low, high): (u16, u16) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low >= 1024 && low.next_multiple_of(2) < high).then_some(low..=high)
}

/// A block of addresses, such as `192.0.2.0/24`.
fn network(node: &Node) -> Reading<Network> {
    let expected = "an address with prefix length, such as 192.0.2.0/24 or 2001:db8::/32";
    match str_of(node, expected, "192.0.2.0/24")?.parse() {
        Ok(network) => Ok(network),
        Err(_) => wrong(
            node,
            expected,
            "write numbers, not a host name; one address is fine too",
        ),
    }
}

/// An internal number, such as `101`.
fn extension(node: &Node) -> Reading<Box<str>> {
    let expected = format!("an extension of 1 to {EXTENSION_DIGITS_MAX} digits");
    let digits = str_of_digits(node, &expected)?;
    let fine = (1..=EXTENSION_DIGITS_MAX).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit());
    match fine {
        true => Ok(digits.into()),
        false => wrong(node, &expected, "write digits only, such as \"101\""),
    }
}

/// What is dialled to have something done, such as `*11`.
fn feature_code(node: &Node) -> Reading<Box<str>> {
    let expected = "a code that starts with * or #, such as \"*11\"";
    let code = str_of_digits(node, expected)?;
    let fine = code.len() >= 2
        && code.len() <= EXTENSION_DIGITS_MAX
        && code.starts_with(['*', '#'])
        && code.bytes().all(|b| matches!(b, b'0'..=b'9' | b'*' | b'#'));
    match fine {
        true => Ok(code.into()),
        false => wrong(
            node,
            expected,
            "write * or # and digits: extensions have digits only",
        ),
    }
}

/// The text of `node`; for a bare number the mend shows that very number in quotes.
fn str_of_digits<'n>(node: &'n Node, expected: &str) -> Reading<&'n str> {
    match &node.value {
        Value::Text(text) => Ok(text),
        Value::Integer(number) => {
            wrong(node, expected, format!("write it in quotes: \"{number}\""))
        }
        _ => wrong(node, expected, "write it in quotes, such as \"101\""),
    }
}

/// A public number, such as `+46850001000`.
fn public_number(node: &Node) -> Reading<Box<str>> {
    let expected = "a public number in full";
    match str_of_digits(node, expected)? {
        number if is_public_number(number) => Ok(number.into()),
        _ => wrong(
            node,
            expected,
            "write plus, country code and number, in quotes: \"+46850001000\"",
        ),
    }
}

/// Where a peer is: an address or host name, with its port or without.
fn peer(node: &Node) -> Reading<(Host, Option<u16>)> {
    let expected =
        "an address or host name, such as 192.0.2.10, [2001:db8::10]:5070 or sip.example.com";
    let text = str_of(node, expected, "192.0.2.10")?;
    let read = format!("sip:{text}").parse::<Uri>().ok();
    match read.as_ref().and_then(Uri::as_sip) {
        Some(sip) if sip.user.is_none() && sip.params.is_empty() && sip.headers.is_none() => {
            Ok((sip.host.clone(), sip.port))
        }
        _ => wrong(
            node,
            expected,
            "write its address or name, and its port after a colon if the provider names one",
        ),
    }
}

/// Whether `text` is a public number: a plus and the digits of E.164.
pub(crate) fn is_public_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        NUMBER_DIGITS.contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}

/// A SIP domain in lower case, such as `demo.localhost`.
fn domain(node: &Node) -> Reading<Box<str>> {
    let expected = "a domain, such as \"sip.example.com\"";
    let domain = str_of(node, expected, "sip.example.com")?.to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let numeric = domain.parse::<IpAddr>().is_ok();
    match domain.len() <= 253 && domain.split('.').all(label) && !numeric {
        true => Ok(domain.into()),
        false => {
            let mend = match numeric {
                true => {
                    "for requests that name an address, set `default_organisation` in kolapp.toml"
                }
                false => "use letters, digits, hyphens and dots, without port or \"sip:\"",
            };
            wrong(node, expected, mend)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ports_holds_a_pair_for_rtp_and_rtcp() {
        assert_eq!(parse_ports("30000-39999"), Some(30000..=39999));
        assert_eq!(parse_ports("30000-30001"), Some(30000..=30001));
        assert_eq!(parse_ports("30001-30003"), Some(30001..=30003));
        for bad in [
            "",
            "30000",
            "30000-30000",
            "30001-30002",
            "39999-30000",
            "80-90",
            "30000-70000",
        ] {
            assert_eq!(parse_ports(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_public_number_is_e164_with_the_plus() {
        assert!(is_public_number("+46850001000"));
        for bad in [
            "",
            "+",
            "46850001000",
            "+046850001000",
            "+4685000100O",
            "+1234567890123456",
            "+1234",
        ] {
            assert!(!is_public_number(bad), "{bad:?}");
        }
    }
}
