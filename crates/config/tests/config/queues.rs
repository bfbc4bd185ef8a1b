//! What a queue's settings make of its callers.

use crate::common::Sandbox;
use base::QueueId;
use call::settings::{QueueJourney, WaitSaid};
use media_core::PromptId;

fn sales() -> QueueId {
    "acme/sales".parse().unwrap()
}

fn journey(sandbox: &Sandbox) -> QueueJourney {
    let loaded = sandbox.loaded();
    let organisation = loaded.directory.organisations.values().next().unwrap();
    organisation.queues[&sales()].clone()
}

#[test]
fn the_wait_is_said_as_set_with_the_words_that_go_with_it() {
    let sandbox = Sandbox::new();
    assert_eq!(journey(&sandbox).wait, WaitSaid::Never);
    sandbox.change("members = ", "wait = \"average\"\nmembers = ");
    let said = journey(&sandbox);
    assert_eq!(said.wait, WaitSaid::Average);
    assert_eq!(said.wait_intro, PromptId::new("en/queue-wait-average"));
    sandbox.change("\"average\"", "\"expected\"");
    let said = journey(&sandbox);
    assert_eq!(said.wait, WaitSaid::Expected);
    assert_eq!(said.wait_intro, PromptId::new("en/queue-wait-expected"));
}

#[test]
fn a_wait_that_cannot_be_said_is_told() {
    let sandbox = Sandbox::new();
    sandbox.change("members = ", "wait = \"expected\"\nmembers = ");
    std::fs::remove_file(sandbox.path("prompts/en/minutes.wav")).unwrap();
    let errors = sandbox.errors();
    assert!(errors[0].contains("en/minutes"), "{errors:#?}");
}
