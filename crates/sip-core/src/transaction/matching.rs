//! Which transaction a message belongs to (RFC 3261 §17.1.3 and §17.2.3), and the branches we make.

use crate::header_via::MAGIC_COOKIE;
use crate::keyed::Keyed;
use crate::message::{Request, Response};
use crate::method::Method;
use crate::uri::Host;
use base::ShardId;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters of the shard number in a branch.
const SHARD_DIGITS: usize = 2;
/// Characters of the random part of a branch: 64 bits, so that nobody who does not see our requests can
/// answer them.
const RANDOM_DIGITS: usize = 16;

/// The branch of a request of ours: the magic cookie, the shard, and a random number.
pub(super) struct Branch(pub(super) ShardId, pub(super) u64);

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Branch(shard, random) = self;
        write!(f, "{MAGIC_COOKIE}{:02x}{random:016x}", shard.0)
    }
}

/// The shard and the random number in a branch of ours.
pub(super) fn branch_parts(branch: &str) -> Option<(ShardId, u64)> {
    let digits = branch.strip_prefix(MAGIC_COOKIE)?;
    let is_ours = digits.len() == SHARD_DIGITS + RANDOM_DIGITS
        && digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_ours {
        return None;
    }
    let (shard, random) = digits.split_at(SHARD_DIGITS);
    let shard = u8::from_str_radix(shard, 16).ok()?;
    let random = u64::from_str_radix(random, 16).ok()?;
    (shard < ShardId::COUNT).then_some((ShardId(shard), random))
}

/// What a response must carry to belong to a client transaction: our branch, and the method, since a
/// CANCEL has the branch of its INVITE.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ClientMatch {
    pub(super) random: u64,
    pub(super) method: Method,
}

impl ClientMatch {
    /// RFC 3261 §17.1.3; `None` where the branch can't be one of `shard`'s. A response with a second Via
    /// is not for us (§8.1.3.3).
    pub(super) fn of(response: &Response, shard: ShardId) -> Option<ClientMatch> {
        let headers = &response.headers;
        let (of, random) = branch_parts(&headers.hop().ok()?.branch()?)?;
        let is_last_hop = headers.list(&crate::HeaderName::Via).nth(1).is_none();
        if of != shard || !is_last_hop {
            return None;
        }
        let method = headers.cseq().ok()?.method;
        Some(ClientMatch { random, method })
    }
}

/// What a request must carry to belong to a server transaction, as one number; [`Matching`] makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ServerMatch([u64; 2]);

/// Tells which server transaction a request belongs to.
///
/// RFC 3261 §17.2.3 asks for branch, sent-by and method; here also Call-ID and the CSeq number, which
/// are equal in all that belong together, so that a reused or replayed branch makes a new transaction and
/// never gets another request's answer. Without the magic cookie the rest of that section's list stands in.
///
/// Of all that, 128 bits of a keyed hash are kept: nobody outside can choose two that meet, and by chance two of
/// 2^14 meet once in 2^100 tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Matching([Keyed; 2]);

impl Matching {
    /// With random keys.
    pub(super) fn new(random: &mut impl Rng) -> Matching {
        let mut keyed = || Keyed::new([random.next_u64(), random.next_u64()]);
        Matching([keyed(), keyed()])
    }

    /// The transaction a request belongs to or would create; an ACK belongs to its INVITE's. `None` for
    /// requests that lack what every request has.
    pub(super) fn of(&self, request: &Request) -> Option<ServerMatch> {
        let method = match &request.method {
            Method::Ack => &Method::Invite,
            other => other,
        };
        self.as_method(request, method)
    }

    /// The transaction that a CANCEL wants to cancel (RFC 3261 §9.2).
    pub(super) fn cancelled_by(&self, request: &Request) -> Option<ServerMatch> {
        self.as_method(request, &Method::Invite)
    }

    fn as_method(&self, request: &Request, method: &Method) -> Option<ServerMatch> {
        let headers = &request.headers;
        let (number, _) = headers.cseq_parts().ok()?;
        let call_id = headers.call_id().ok()?;
        let hop = headers.hop().ok()?;
        let common = [method.as_str().as_bytes(), call_id.as_bytes()];
        let number = u64::from(number);
        match hop.branch() {
            Some(branch) if branch.starts_with(MAGIC_COOKIE) => {
                let (host, port) = hop.sent_by()?;
                let numbers = [number, port.map_or(0, u64::from)];
                let branch = branch.as_bytes();
                Some(match &host {
                    Host::Name(name) => self.hash(numbers, common, [branch, name.as_bytes()]),
                    Host::V4(address) => self.hash(numbers, common, [branch, &address.octets()]),
                    Host::V6(address) => self.hash(numbers, common, [branch, &address.octets()]),
                })
            }
            _ => {
                let via = headers.via().ok()?.to_string();
                let from = headers.from().ok()?;
                let place = format!("{} {}", from.tag().unwrap_or(""), request.uri);
                let texts = [via.as_bytes(), place.as_bytes()];
                Some(self.hash([number, u64::MAX], common, texts))
            }
        }
    }

    fn hash(&self, numbers: [u64; 2], common: [&[u8]; 2], texts: [&[u8]; 2]) -> ServerMatch {
        ServerMatch(self.0.each_ref().map(|keyed| {
            let mixed = keyed.word(keyed.begin(numbers[0]), numbers[1]);
            let parts = common.into_iter().chain(texts);
            keyed.finish(parts.fold(mixed, |mixed, part| keyed.bytes(mixed, part)))
        }))
    }
}

/// FNV-1a: the same in every process. It need not resist an attacker: whom he gives the tag of another's answer is he
/// himself.
pub(super) fn stable_hash(parts: &[&str]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mixed = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    // A zero behind each part keeps their borders.
    parts.iter().fold(OFFSET, |hash, part| {
        mixed(part.bytes().fold(hash, mixed), 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_of_ours_tells_its_shard_and_nobody_elses_does() {
        let text = Branch(ShardId(63), 0xab).to_string();
        assert_eq!(text, "z9hG4bK3f00000000000000ab");
        assert_eq!(branch_parts(&text), Some((ShardId(63), 0xab)));
        for foreign in [
            "z9hG4bK4000000000000000ab",
            "z9hG4bK3F00000000000000ab",
            "z9hG4bK3f+0000000000000ab",
            "z9hG4bK3f0000000000000ab",
            "3f00000000000000ab",
            "z9hG4bKåååååååå9",
            "",
        ] {
            assert_eq!(branch_parts(foreign), None, "{foreign:?}");
        }
    }
}
