//! Our tags in From and To carry the leg they belong to, so that a message within a dialog finds its shard
//! and its leg with no look-up, and shard numbers mean the same after a restart on another number of cores.

use base::{LegId, ShardId, TrunkId, UserId};
use callback::PlacingId;
use sip_core::transaction::Transactions;
use sip_core::{HeaderName, Message, Method, Request};

/// `shard.slot.generation.random`, all hexadecimal.
pub(crate) fn tag(leg: LegId, random: u64) -> Box<str> {
    format!(
        "{:02x}.{:x}.{:x}.{random:016x}",
        leg.shard.0, leg.slot, leg.generation
    )
    .into()
}

/// The leg that a tag of ours belongs to; none if it is no tag of ours.
pub(crate) fn leg_of(tag: &str) -> Option<LegId> {
    let mut parts = tag.split('.');
    let mut hex = || u32::from_str_radix(parts.next()?, 16).ok();
    let shard = u8::try_from(hex()?)
        .ok()
        .filter(|shard| *shard < ShardId::COUNT)?;
    Some(LegId {
        shard: ShardId(shard),
        slot: hex()?,
        generation: hex()?,
    })
}

/// The shard that a message belongs to. Responses and requests within a dialog carry it in what we wrote
/// into them; all else goes by a fixed hash: REGISTER by its address of record, the rest by Call-ID, so that a
/// CANCEL finds its INVITE.
pub fn shard_of(message: &Message) -> ShardId {
    match message {
        Message::Response(response) => response
            .headers
            .hop()
            .ok()
            .and_then(|hop| Transactions::<()>::shard_of_branch(&hop.branch()?))
            .unwrap_or_else(|| by_hash(call_id(&response.headers))),
        Message::Request(request) => of_request(request),
    }
}

/// The shard that keeps a trunk up.
pub fn shard_of_trunk(trunk: &TrunkId) -> ShardId {
    by_hash(trunk.as_str().as_bytes())
}

/// The shard that has the calls which a user dials away from his telephone.
pub fn shard_of_dialling(user: &UserId) -> ShardId {
    by_hash(user.as_str().as_bytes())
}

/// The shard that has a call of an agent's to a person who is to be called back.
pub fn shard_of_placing(placing: PlacingId) -> ShardId {
    ShardId((placing.0 % u64::from(ShardId::COUNT)) as u8)
}

fn of_request(request: &Request) -> ShardId {
    if request.method == Method::Register {
        let to = request.headers.to().ok();
        let user = to.as_ref().and_then(|to| to.uri.user()).unwrap_or_default();
        return by_hash(user.as_bytes());
    }
    // The CANCEL of an INVITE within a dialog, and the ACK to a refusal, carry the same tag as it.
    let tag = request.headers.to_tag();
    tag.and_then(|tag| leg_of(&tag))
        .map(|leg| leg.shard)
        .unwrap_or_else(|| by_hash(call_id(&request.headers)))
}

fn call_id(headers: &sip_core::Headers) -> &[u8] {
    headers.first(&HeaderName::CallId).unwrap_or_default()
}

/// FNV-1a: fixed for good, since where a call lives must not depend on the build or the process.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn by_hash(bytes: &[u8]) -> ShardId {
    let hash = hash(bytes);
    // The low bits of FNV mix best after folding the high half in.
    let folded = hash ^ (hash >> 32);
    ShardId((folded % u64::from(ShardId::COUNT)) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_leads_back_to_its_leg_and_a_stranger_s_tag_to_none() {
        let leg = LegId {
            shard: ShardId(63),
            slot: 4_000_000,
            generation: 17,
        };
        assert_eq!(leg_of(&tag(leg, 99)), Some(leg));
        for strange in ["", "as6f4e2", "40.1.1.1", "00", "00.1", "zz.1.1.1"] {
            assert_eq!(leg_of(strange), None, "{strange}");
        }
    }

    #[test]
    fn call_ids_spread_over_all_shards() {
        let mut seen = [0u32; ShardId::COUNT as usize];
        for n in 0..64_000u32 {
            seen[usize::from(by_hash(format!("{n}-4711@127.0.0.1").as_bytes()).0)] += 1;
        }
        assert!(
            seen.iter().all(|count| (800..1_200).contains(count)),
            "{seen:?}"
        );
    }
}
