//! For how long an agent is passed over who did not take an offered call.

use crate::floor::{Floor, queue_of, secs, settings};
use acd::{AgentState, Deferral, OfferEnd};

// Changes: queues.deferral, queues.deferral.no_answer, queues.deferral.declined, queues.deferral.busy
// Changes: queues.deferral.error
#[test]
fn an_agent_is_passed_over_for_as_long_as_his_queue_says_of_the_cause() {
    for (end, deferred) in [
        (OfferEnd::Withdrawn, 31),
        (OfferEnd::Declined, 32),
        (OfferEnd::Busy, 33),
        (OfferEnd::DeviceError, 34),
    ] {
        let mut queue = queue_of(&["anna"]);
        queue.deferral = Deferral {
            no_answer: secs(31),
            declined: secs(32),
            busy: secs(33),
            error: secs(34),
        };
        let ring = queue.ring;
        let mut floor = Floor::open(settings(&[("support", queue)]));
        floor.join(1, "support");
        if end == OfferEnd::Withdrawn {
            // It rang in vain.
            floor.pass(ring);
        }
        floor.ended(1, end);
        let until = floor.now + secs(deferred);
        assert_eq!(
            floor.state("anna"),
            AgentState::Deferred { until },
            "{end:?}"
        );
    }
}
