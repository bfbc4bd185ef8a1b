//! What is meant to happen in one call, known to both its ends.

use crate::phone::{Call, Ending};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use serde::{Deserialize, Serialize};

/// Times in ms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// When the caller begins.
    pub(crate) starts_ms: u64,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// The callee answers; then somebody may send a re-INVITE, and somebody hangs up.
    Answered {
        rings_ms: u64,
        reinvited_by: Option<Side>,
        talks_ms: u64,
        ended_by: Side,
    },
    /// The callee is busy.
    Refused { rings_ms: u64 },
    /// The caller cancels, perhaps too late.
    Cancelled { rings_ms: u64, cancelled_ms: u64 },
    /// No call: an OPTIONS.
    Options,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Side {
    Caller,
    Callee,
}

impl Plan {
    pub(crate) fn new(random: &mut ChaCha8Rng) -> Plan {
        let mut up_to = |most: u64| random.next_u64() % most;
        let side = |number| match number {
            0 => Side::Caller,
            _ => Side::Callee,
        };
        let starts_ms = up_to(2_000);
        let rings_ms = up_to(3_000);
        let kind = match up_to(7) {
            0..3 => Kind::Answered {
                rings_ms,
                reinvited_by: (up_to(2) == 0).then(|| side(up_to(2))),
                talks_ms: up_to(4_000),
                ended_by: side(up_to(2)),
            },
            3 => Kind::Refused { rings_ms },
            4 => Kind::Options,
            5 => Kind::Cancelled {
                rings_ms,
                cancelled_ms: up_to(3_000),
            },
            // Close together, so that CANCEL and 2xx cross.
            _ => Kind::Cancelled {
                rings_ms,
                cancelled_ms: (rings_ms + up_to(60)).saturating_sub(30),
            },
        };
        Plan { starts_ms, kind }
    }

    pub(crate) fn rings_ms(&self) -> u64 {
        match self.kind {
            Kind::Answered { rings_ms, .. }
            | Kind::Refused { rings_ms }
            | Kind::Cancelled { rings_ms, .. } => rings_ms,
            Kind::Options => 0,
        }
    }

    /// What the caller must have come to on a good network.
    pub(crate) fn check(&self, id: &str, call: &Call) {
        let status = call.final_status;
        match self.kind {
            Kind::Answered { .. } => {
                assert_eq!(
                    (status, call.ending),
                    (Some(200), Some(Ending::HungUp)),
                    "{id}"
                );
            }
            Kind::Refused { .. } => assert_eq!(status, Some(486), "{id}"),
            Kind::Options => assert_eq!(status, Some(200), "{id}"),
            Kind::Cancelled {
                rings_ms,
                cancelled_ms,
            } if rings_ms.abs_diff(cancelled_ms) > 40 => {
                let expected = if cancelled_ms < rings_ms { 487 } else { 200 };
                assert_eq!(status, Some(expected), "{id}");
            }
            Kind::Cancelled { .. } => assert!(matches!(status, Some(200 | 487)), "{id}"),
        }
    }
}
