//! Which transaction a message belongs to (RFC 3261 §17.1.3 and §17.2.3), and the branches we make.

use crate::header_via::MAGIC_COOKIE;
use crate::message::{Request, Response};
use crate::method::Method;
use base::ShardId;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Characters of the shard number in a branch.
const SHARD_DIGITS: usize = 2;
/// Characters of the random part of a branch: 64 bits, so that nobody who does not see our requests can
/// answer them.
const RANDOM_DIGITS: usize = 16;

/// The branch of a request of ours: the magic cookie, the shard, and a random number.
pub(super) fn branch_text(shard: ShardId, random: u64) -> String {
    format!("{MAGIC_COOKIE}{:02x}{random:016x}", shard.0)
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
        let via = headers.via().ok()?;
        let (of, random) = branch_parts(via.branch()?)?;
        let is_last_hop = headers.list(&crate::HeaderName::Via).nth(1).is_none();
        if of != shard || !is_last_hop {
            return None;
        }
        let method = headers.cseq().ok()?.method;
        Some(ClientMatch { random, method })
    }
}

/// What a request must carry to belong to a server transaction.
///
/// RFC 3261 §17.2.3 asks for branch, sent-by and method; here also Call-ID and the CSeq number, which
/// are equal in all that belong together, so that a reused or replayed branch makes a new transaction and
/// never gets another request's answer. Without the magic cookie the rest of that section's list stands in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ServerMatch {
    /// Of `text`: compared first, so that a search touches few texts.
    hash: u64,
    text: Box<str>,
}

impl ServerMatch {
    /// The transaction a request belongs to or would create; an ACK belongs to its INVITE's. `None` for
    /// requests that lack what every request has.
    pub(super) fn of(request: &Request) -> Option<ServerMatch> {
        let method = match &request.method {
            Method::Ack => &Method::Invite,
            other => other,
        };
        ServerMatch::as_method(request, method)
    }

    /// The transaction that a CANCEL wants to cancel (RFC 3261 §9.2).
    pub(super) fn cancelled_by(request: &Request) -> Option<ServerMatch> {
        ServerMatch::as_method(request, &Method::Invite)
    }

    fn as_method(request: &Request, method: &Method) -> Option<ServerMatch> {
        let headers = &request.headers;
        let via = headers.via().ok()?;
        let number = headers.cseq().ok()?.number;
        let call_id = headers.call_id().ok()?;
        let mut text = String::with_capacity(128);
        let is_written = match via.branch() {
            Some(branch) if branch.starts_with(MAGIC_COOKIE) => {
                let port = via.port.unwrap_or(0);
                write!(
                    text,
                    "{method} {number} {branch} {}:{port} {call_id}",
                    via.host
                )
            }
            _ => {
                let from = headers.from().ok()?;
                let from_tag = from.tag().unwrap_or("");
                let uri = &request.uri;
                write!(text, "{method} {number} {via} {from_tag} {uri} {call_id}")
            }
        };
        is_written.ok()?;
        Some(ServerMatch {
            hash: stable_hash(&[&text]),
            text: text.into(),
        })
    }
}

/// FNV-1a: the same in every process, which a saved state needs. It need not resist an attacker: texts
/// of one hash are still told apart, in order.
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
        let text = branch_text(ShardId(63), 0xab);
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
