//! What calls tell one another, in the same shard or across: a party is to be sent elsewhere, how far that has
//! come, and two parties in two calls talk. A leg never leaves its shard; its call says here what it can't do alone.
//!
//! Messages between two shards arrive once and in order. A call that is asked for and gone answers [`Crosswise::Gone`].

use crate::keys::KeyWay;
use crate::settings::Destination;
use crate::tag::shard_of_trunk;
use crate::upkeep::TrunkSeen;
use base::{CallId, LegId, OrgId, ShardId, Time, TrunkId, UserId};
use serde::{Deserialize, Serialize};
use sip_core::{Reasons, Replaces, StatusCode};

/// One end of a conversation whose two ends are in two calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The call that the party is in: he is all that is left of it.
    pub call: CallId,
    /// His leg.
    pub leg: LegId,
    /// The call whose media thread has his session.
    pub media: CallId,
    /// Who he is, where we know by name.
    pub user: Option<UserId>,
    /// His number.
    pub number: Box<str>,
    /// His name.
    pub name: Option<Box<str>>,
    /// Whether he holds the other.
    pub holding: Holding,
}

/// Whether a party wants nothing sent for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holding {
    /// He talks and listens.
    No,
    /// He holds the other, who hears music.
    Yes,
}

/// By whom and how a party is sent elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The call that is left to whoever wants it so, and hears how it goes.
    pub by: CallId,
    /// Who that is: his rights decide where the party may go.
    pub user: UserId,
}

/// Where a party is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Onward {
    /// To what this number means to the one who sends him.
    Number(Box<str>),
    /// To the other party of that dialog, in place of its peer.
    Dialog(Replaces),
    /// The same, by a leg of the one who sends him.
    Leg(LegId),
}

/// A party's wish to take the place of another in a dialog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who wants it.
    pub by: Party,
    /// His organisation: those of others are closed to him.
    pub org: OrgId,
    /// Whose place.
    pub named: Named,
    /// By which rules.
    pub rules: Rules,
}

/// How somebody whose place is wanted is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Named {
    /// By his dialog (RFC 3891).
    Dialog(Replaces),
    /// By the leg that rings at his device: we know it ourselves.
    Leg(LegId),
    /// By his leg, which this user hands over as his own.
    Own(LegId, UserId),
}

/// What may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rules {
    /// What a phone may replace by an INVITE (RFC 3891 §3): what is confirmed, and what we have rung.
    OfInvite,
    /// What a user may hand over that is his own: also a call that still rings, and a place in a queue.
    OfTransfer,
}

/// Something that one call tells another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Crosswise {
    /// Send your party elsewhere.
    Transfer {
        /// The call told.
        call: CallId,
        /// Who wants it.
        referral: Referral,
        /// Where to.
        to: Onward,
    },
    /// How far your party's transfer has come: 180, or 200 when it is done.
    Progress {
        /// The call told.
        call: CallId,
        /// The call that is being transferred.
        from: CallId,
        /// What the new destination says.
        status: StatusCode,
    },
    /// The new destination could not be had; the party waits to talk with you again.
    Returned {
        /// The call told.
        call: CallId,
        /// The party.
        party: Party,
        /// What the new destination said.
        status: StatusCode,
    },
    /// Your party and mine talk from now on.
    Joined {
        /// The call told.
        call: CallId,
        /// Mine.
        party: Party,
    },
    /// My party holds yours, or does so no more.
    Holds {
        /// The call told.
        call: CallId,
        /// The call that tells it.
        from: CallId,
        /// Whether he does.
        holding: Holding,
    },
    /// My party wants to take the place of yours at this leg.
    Claim {
        /// The leg.
        leg: LegId,
        /// What is wanted.
        claim: Claim,
    },
    /// Your party talks with this one from now on, and with mine no more.
    HandedOver {
        /// The call told.
        call: CallId,
        /// The call that hands its place over.
        from: CallId,
        /// Who takes it.
        to: Party,
    },
    /// What you claimed led here, and has not got any further: go there in its place.
    Place {
        /// The call told.
        call: CallId,
        /// Where to.
        destination: Destination,
        /// Since when the one before you has been waiting.
        arrived: Time,
    },
    /// What you claimed can't be had.
    Refused {
        /// The call told.
        call: CallId,
        /// Why not.
        status: StatusCode,
    },
    /// The call you talk with, or asked for, is over.
    Gone {
        /// The call told.
        call: CallId,
        /// The one that is over.
        from: CallId,
        /// Why, as whoever ended it said.
        reasons: Reasons,
    },
    /// My party pressed a key.
    Pressed {
        /// The call told.
        call: CallId,
        /// The call that tells it.
        from: CallId,
        /// Which.
        key: char,
        /// How it came.
        way: KeyWay,
    },
    /// What is known of a trunk, from the shard that keeps it up; none once nobody does.
    Trunk {
        /// The shard told.
        shard: ShardId,
        /// Which.
        trunk: TrunkId,
        /// What.
        seen: Option<TrunkSeen>,
    },
    /// A call found that a trunk does not answer: for the shard that keeps it up.
    TrunkSilent {
        /// Which.
        trunk: TrunkId,
    },
}

impl Crosswise {
    /// `from` is over, and nobody said why.
    pub(crate) fn gone(call: CallId, from: CallId) -> Crosswise {
        let reasons = Reasons::default();
        Crosswise::Gone {
            call,
            from,
            reasons,
        }
    }

    /// The shard that it is for.
    pub fn shard(&self) -> ShardId {
        match self {
            Crosswise::Claim { leg, .. } => leg.shard,
            Crosswise::Trunk { shard, .. } => *shard,
            Crosswise::TrunkSilent { trunk } => shard_of_trunk(trunk),
            Crosswise::Transfer { call, .. }
            | Crosswise::Progress { call, .. }
            | Crosswise::Returned { call, .. }
            | Crosswise::Joined { call, .. }
            | Crosswise::Holds { call, .. }
            | Crosswise::HandedOver { call, .. }
            | Crosswise::Place { call, .. }
            | Crosswise::Refused { call, .. }
            | Crosswise::Pressed { call, .. }
            | Crosswise::Gone { call, .. } => call.shard,
        }
    }
}
