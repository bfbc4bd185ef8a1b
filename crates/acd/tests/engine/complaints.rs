//! What users of other queues complain of most, one test by the name of each. That state is lost at a restart is for
//! whoever keeps it.

use crate::floor::{Floor, open_ends, queue_of, rung, secs, settings};
use acd::{AgentState, Command, Fact, OfferEnd, QueueSettings};

fn support(members: &[&str]) -> Floor {
    Floor::open(settings(&[("support", queue_of(members))]))
}

#[test]
fn no_agent_is_rung_while_busy() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    assert_eq!(rung(&floor.join(2, "support")), [], "while it rings");
    floor.answered(1);
    assert_eq!(rung(&floor.join(3, "support")), [], "while he talks");
    assert_eq!(rung(&floor.hung_up(1)), [], "in wrap-up");
    floor.own_call("anna", 90, true);
    assert_eq!(rung(&floor.pass(secs(30))), [], "in a call of his own");
    assert_eq!(
        rung(&floor.own_call("anna", 90, false)),
        [("anna".into(), 2)]
    );
}

#[test]
fn no_agent_is_rung_for_a_caller_who_has_left() {
    let mut floor = support(&["anna", "bosse"]);
    floor.join(1, "support");
    floor.leave(1);
    assert_eq!(rung(&floor.pass(secs(120))), []);
    assert_eq!(rung(&floor.ended(1, OfferEnd::Declined)), []);
    assert_eq!(floor.agent_row("anna").totals.declined, 0);
    assert_eq!(open_ends(&floor.facts), (0, 0));
}

#[test]
fn the_same_agent_is_not_rung_over_and_over_while_others_are_free() {
    let mut floor = support(&["anna", "bosse", "cecilia"]);
    floor.join(1, "support");
    let mut rings = vec!["anna".to_owned()];
    for offer in 1..=5 {
        let commands = floor.pass(secs(15));
        rings.extend(rung(&commands).into_iter().map(|(name, _)| name));
        floor.ended(offer, OfferEnd::Withdrawn);
    }
    assert_eq!(
        rings,
        ["anna", "bosse", "cecilia", "anna", "bosse", "cecilia"]
    );
}

#[test]
fn wrap_up_is_never_lost() {
    let mut floor = support(&["anna"]);
    floor.join(1, "support");
    floor.answered(1);
    floor.join(2, "support");
    floor.log_out("anna", control::Queues::All).0.unwrap();
    floor.log_in("anna", control::Queues::All).0.unwrap();
    floor.pause("anna", None).0.unwrap();
    floor.hung_up(1);
    let until = floor.now + secs(10);
    floor.resume("anna").0.unwrap();
    floor.device("anna", false);
    floor.device("anna", true);
    assert_eq!(floor.state("anna"), AgentState::WrapUp { until });
    floor.pass(secs(9));
    assert_eq!(floor.state("anna"), AgentState::WrapUp { until });
    assert_eq!(rung(&floor.pass(secs(1))), [("anna".into(), 2)]);
}

#[test]
fn positions_are_right_at_every_step() {
    let mut floor = support(&["anna"]);
    for number in 1..=4 {
        floor.join(number, "support");
    }
    let positions = |floor: &mut Floor| (1..=4).map(|n| floor.position(n)).collect::<Vec<_>>();
    let all = [Some(1), Some(2), Some(3), Some(4)];
    assert_eq!(
        positions(&mut floor),
        all,
        "one being offered keeps his place"
    );
    floor.ended(1, OfferEnd::Declined);
    assert_eq!(
        positions(&mut floor),
        all,
        "a declined offer costs no place"
    );
    floor.leave(2);
    assert_eq!(positions(&mut floor), [Some(1), None, Some(2), Some(3)]);
    floor.pass(secs(5));
    floor.answered(2);
    assert_eq!(positions(&mut floor), [None, None, Some(1), Some(2)]);
}

#[test]
fn a_queue_never_stops_dispatching() {
    let mut floor = support(&["anna", "bosse"]);
    let mut served = 0;
    for number in 1..=20 {
        floor.join(number, "support");
    }
    // Each offer in turn meets another fate; each time somebody must be rung again in the end.
    for offer in 1..=40 {
        for _ in 0..4 {
            if floor.facts.iter().any(|stamped| {
                matches!(stamped.fact, Fact::Offered { offer: made, .. } if made.0 == offer)
            }) {
                break;
            }
            floor.pass(secs(25));
        }
        match offer % 5 {
            0 => drop(floor.ended(offer, OfferEnd::DeviceError)),
            1 => drop(floor.ended(offer, OfferEnd::Busy)),
            2 => {
                floor.pass(secs(15));
                floor.ended(offer, OfferEnd::Withdrawn);
            }
            _ => {
                let connected = floor.answered(offer);
                if let [Command::Connect { call, .. }] = connected.as_slice() {
                    floor.hung_up(call.slot);
                    served += 1;
                }
                floor.ended(offer, OfferEnd::Withdrawn);
            }
        }
    }
    assert!(served >= 8, "{served} served");
    assert_eq!(served, floor.queue_row("support").totals.connected);
}

#[test]
fn waiting_times_do_not_grow_by_themselves_and_go_with_those_who_waited() {
    let mut floor = support(&["anna"]);
    for number in 1..=5 {
        floor.join(number, "support");
        floor.answered(number.into());
        floor.pass(secs(60));
        floor.hung_up(number);
        floor.pass(secs(10));
    }
    for number in 10..=13 {
        floor.join(number, "support");
    }
    floor.answered(6);
    let expected = |floor: &mut Floor| floor.prospect(13).expected.unwrap();
    assert_eq!(expected(&mut floor), secs(210));
    floor.pass(secs(30));
    floor.join(14, "support");
    assert_eq!(
        expected(&mut floor),
        secs(210),
        "nothing has happened before him"
    );
    floor.leave(11);
    assert_eq!(expected(&mut floor), secs(140));
    floor.hung_up(10);
    floor.pass(secs(10));
    floor.ended(7, OfferEnd::Declined);
    assert!(
        expected(&mut floor) <= secs(140),
        "a declined offer costs him no time that was not said"
    );
    for number in 12..=14 {
        floor.leave(number);
    }
    let row = floor.queue_row("support");
    assert_eq!((row.waiting, row.longest_wait_ms), (0, None));
    floor.pass(acd::AVERAGE_OVER);
    assert_eq!(floor.queue_row("support").average_wait_ms, None);
}

#[test]
fn weights_starve_nobody() {
    let of = |weight| QueueSettings {
        weight,
        wrap_up: secs(0),
        ..queue_of(&["anna"])
    };
    let mut floor = Floor::open(settings(&[("light", of(1)), ("heavy", of(10))]));
    floor.own_call("anna", 90, true);
    floor.join(1, "light");
    let mut rival = 4;
    for number in 2..=rival {
        floor.join(number, "heavy");
    }
    floor.pass(secs(10));
    let mut offers = floor.own_call("anna", 90, false);
    // Every ten seconds a rival comes and one is served: there are always three, of whom the first waits twenty
    // to thirty seconds.
    for offer in 1..60 {
        let served = rung(&offers)[0].1;
        if served == 1 {
            assert!(offer > 10, "ten times the weight counts for something");
            assert!(
                offer <= 32,
                "ten times half a minute is no {offer}0 seconds"
            );
            return;
        }
        floor.answered(offer);
        floor.pass(secs(10));
        rival += 1;
        floor.join(rival, "heavy");
        offers = floor.hung_up(served);
    }
    panic!("the caller of the light queue was never served");
}

#[test]
fn unregistered_phones_do_not_stay_available() {
    let mut floor = support(&["anna", "bosse"]);
    floor.device("anna", false);
    assert_eq!(floor.state("anna"), AgentState::Unreachable);
    assert_eq!(rung(&floor.join(1, "support")), [("bosse".into(), 1)]);
    assert_eq!(rung(&floor.join(2, "support")), []);
    let row = floor.queue_row("support");
    assert_eq!((row.logged_in, row.free, row.unreachable), (2, 0, 1));
    // One whose phone is gone while it rings is not rung again when his time for errors is over.
    floor.device("bosse", false);
    floor.ended(1, OfferEnd::DeviceError);
    assert_eq!(rung(&floor.pass(secs(60))), []);
    assert_eq!(rung(&floor.device("anna", true)), [("anna".into(), 1)]);
}
