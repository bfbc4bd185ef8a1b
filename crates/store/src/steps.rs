//! Steps of callback lists that wait to be written: in order, bounded. When there is no room whoever hands one in is told,
//! and hands in what it changed again.

use crate::callbacks::CallbackStep;
use crate::pending::Full;
use std::collections::VecDeque;

/// Steps that may wait: while storage is away nothing new is promised, so these are of agents who go on working. At about
/// a kilobyte each.
pub(crate) const STEPS_MAX: usize = 1 << 15;

/// One that waits.
#[derive(Debug)]
pub(crate) struct WaitingStep<W> {
    pub(crate) step: CallbackStep,
    pub(crate) waiter: W,
}

/// Those that wait.
#[derive(Debug)]
pub(crate) struct Steps<W> {
    waiting: VecDeque<WaitingStep<W>>,
    max: usize,
}

impl<W> Steps<W> {
    pub(crate) fn bounded(max: usize) -> Steps<W> {
        Steps {
            waiting: VecDeque::new(),
            max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn put(&mut self, step: CallbackStep, waiter: W) -> Result<(), Full<W>> {
        if self.len() >= self.max {
            return Err(Full(Some(waiter)));
        }
        self.waiting.push_back(WaitingStep { step, waiter });
        Ok(())
    }

    /// Takes the oldest, `most` of them.
    pub(crate) fn take(&mut self, most: usize) -> Vec<WaitingStep<W>> {
        self.waiting.drain(..most.min(self.len())).collect()
    }

    /// Puts back what could not be written, before all others. Nothing is refused: there was room for it before.
    pub(crate) fn put_back(&mut self, steps: Vec<WaitingStep<W>>) {
        for step in steps.into_iter().rev() {
            self.waiting.push_front(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_back_comes_first_again_and_one_too_many_is_given_back() {
        let mut steps = Steps::bounded(2);
        let step = || CallbackStep::default();
        steps.put(step(), 1).unwrap();
        steps.put(step(), 2).unwrap();
        assert_eq!(steps.put(step(), 3), Err(Full(Some(3))));
        let taken = steps.take(1);
        steps.put(step(), 4).unwrap();
        steps.put_back(taken);
        let order: Vec<_> = steps.take(9).into_iter().map(|it| it.waiter).collect();
        assert_eq!(order, [1, 2, 4]);
    }
}
