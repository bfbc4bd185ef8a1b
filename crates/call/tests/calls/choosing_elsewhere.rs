//! Callers who choose how to be called back where their call is not answered yet, or while others of their queue are moved.

use crate::called_back::{Wait, before, list, offer};
use crate::phone::Seen;
use crate::world::{Life, NUMBER, backup, queue};
use call::settings::Answering;
use callback::Status;
use control::{Principal, QueueCommand, permit};

/// A queue in which calls are answered when an agent answers: all until then is heard before.
fn early(seed: u64, life: Life) -> Wait {
    let mut wait = before(seed, list(), offer(), life);
    wait.world.change(|demo| {
        let journey = demo.queues.get_mut(&queue()).unwrap();
        journey.answer = Answering::WhenAgentAnswers;
    });
    wait.world.call(wait.caller, NUMBER);
    wait.run(30);
    wait
}

#[test]
fn a_caller_who_is_not_answered_yet_chooses_and_accepts_all_the_same() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut wait = early(41, life);
        let seen = wait.world.phones[wait.caller].seen.clone();
        assert!(!seen.contains(&Seen::Answered), "{seen:?}");
        wait.keys("2");
        assert!(wait.heard("callback-times"));
        wait.keys("111");
        assert!(wait.heard("callback-accepted"));
        wait.run(10);
        assert_eq!(wait.entry().status(), Some(Status::NotHandled));
        assert_eq!(wait.totals().called_back, 1);
        wait.at_rest();
    }
}

#[test]
fn a_caller_who_is_not_answered_yet_goes_back_to_his_place() {
    let mut wait = early(42, Life::Whole);
    wait.keys("2");
    wait.hears();
    wait.keys("0");
    assert_eq!(wait.hears(), ["callback-place-kept"]);
    assert_eq!(wait.totals().waiting(), 1);
    wait.world.hang_up(wait.caller);
    wait.at_rest();
    assert!(wait.world.book.entries().is_empty());
}

#[test]
fn who_chooses_stays_when_the_queue_s_callers_are_moved_and_is_called_back() {
    for life in [Life::Whole, Life::Interrupted] {
        let mut wait = before(43, list(), offer(), life);
        wait.world.with_exits(acd::Exits::default());
        wait.world.call(wait.caller, NUMBER);
        wait.run(30);
        wait.keys("21");
        let (from, to) = (queue(), backup());
        let command = QueueCommand::Move {
            from,
            to,
            callers: None,
        };
        let command = permit(Principal::Operator, command).unwrap();
        wait.world
            .tell_engine(acd::Input::QueueCommand { ticket: 1, command });
        wait.run(2);
        wait.hears();
        wait.keys("11");
        assert!(wait.heard("callback-accepted"));
        wait.run(10);
        assert_eq!(wait.entry().status(), Some(Status::NotHandled));
        assert_eq!(wait.entry().asked.queue, queue());
        assert_eq!(wait.totals().called_back, 1);
        let snapshot = wait.world.engine.snapshot(wait.world.now);
        let waiting: u64 = snapshot.queues.iter().map(|it| it.totals.waiting()).sum();
        assert_eq!(waiting, 0);
        wait.run(60);
        assert_eq!(wait.world.shard.calls_count(), 0);
    }
}
