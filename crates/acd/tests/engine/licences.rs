//! What an agent's licence lets him do.

use crate::floor::{Floor, agent, queue, queue_of, rung, settings};
use acd::{AgentState, CommandRefusal, Input, Licence, QueueKind, Settings};
use control::Queues;
use std::sync::Arc;

/// Anna's licence, in a queue of Kö Plus and in a plain one.
fn sold(licence: Licence) -> Settings {
    let mut plain = queue_of(&["anna"]);
    plain.kind = QueueKind::Ko;
    let mut settings = settings(&[("plus", queue_of(&["anna"])), ("plain", plain)]);
    let anna = settings.agents.get_mut(&agent("anna"));
    anna.unwrap().licence = licence;
    settings
}

// Changes: queues.kind
#[test]
fn a_basic_user_is_let_in_to_plain_queues_alone_whichever_way_he_comes() {
    let mut floor = Floor::open(sold(Licence::Basic));
    // From the start.
    assert_eq!(floor.agent_row("anna").queues, [queue("plain")]);
    floor.log_out("anna", Queues::All).0.unwrap();
    let refusal = CommandRefusal::NoLicence {
        agent: agent("anna"),
        queue: queue("plus"),
    };
    let asked = floor.log_in("anna", Queues::One(queue("plus"))).0;
    assert_eq!(asked, Err(refusal));
    floor.log_in("anna", Queues::All).0.unwrap();
    assert_eq!(floor.agent_row("anna").queues, [queue("plain")]);
    assert!(rung(&floor.join(1, "plus")).is_empty());
    // Back from before a restart.
    let mut before = Floor::open(sold(Licence::Pro));
    before.pass(crate::floor::secs(1));
    let carried = before.engine().carried(&agent("anna")).unwrap();
    assert_eq!(carried.logins.len(), 2);
    let mut after = Floor::open(sold(Licence::Basic));
    let (agent, carried) = (agent("anna"), Box::new(carried));
    after.give(Input::Recall { agent, carried });
    assert_eq!(after.agent_row("anna").queues, [queue("plain")]);
}

#[test]
fn who_becomes_basic_is_logged_out_of_kö_plus_at_once_and_who_becomes_more_may_log_in() {
    let mut floor = Floor::open(sold(Licence::Enterprise));
    assert_eq!(floor.agent_row("anna").queues.len(), 2);
    floor.give(Input::Configure(Arc::new(sold(Licence::Basic))));
    assert_eq!(floor.agent_row("anna").queues, [queue("plain")]);
    floor.give(Input::Configure(Arc::new(sold(Licence::Pro))));
    floor.log_in("anna", Queues::All).0.unwrap();
    assert_eq!(floor.agent_row("anna").queues.len(), 2);
    assert_eq!(floor.state("anna"), AgentState::Free);
}

#[test]
fn a_basic_user_who_is_in_queues_of_kö_plus_alone_hears_that_it_is_his_licence() {
    let mut only = sold(Licence::Basic);
    only.queues.remove(&queue("plain"));
    let mut floor = Floor::open(only);
    let asked = floor.log_in("anna", Queues::All).0;
    assert!(
        matches!(asked, Err(CommandRefusal::NoLicence { .. })),
        "{asked:?}"
    );
}
