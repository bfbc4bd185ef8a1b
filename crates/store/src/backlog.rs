//! What waits to be added to the journal: in order, bounded in rows and bytes. When it is full what comes is not
//! taken, since an old beginning with a gap at its end can be read and a gap in its middle too; each that was not taken
//! leaves its number unused, so whoever reads the journal sees how many are missing, and where.

use crate::journal::Run;
use crate::pending::Full;
use std::collections::VecDeque;

/// Records that may wait: some minutes without storage at hundreds of calls a second, at about 150 bytes each.
pub(crate) const WAITING_MAX: usize = 1 << 18;

/// Their bytes at most, beside what each takes by itself.
pub(crate) const WAITING_BYTES_MAX: usize = 48 << 20;

/// Bytes of one record: more than any fact has; what is bigger is a mistake that must not fill the database.
pub(crate) const RECORD_BYTES_MAX: usize = 64 << 10;

/// A record that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting<W> {
    /// Whose it is.
    pub(crate) run: Run,
    /// Its number in the process, which goes on from run to run.
    pub(crate) seq: u64,
    pub(crate) at_ms: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) waiter: Option<W>,
}

/// Records that wait.
#[derive(Debug)]
pub(crate) struct Backlog<W> {
    waiting: VecDeque<Waiting<W>>,
    bytes: usize,
    next: u64,
    max: usize,
}

impl<W> Backlog<W> {
    pub(crate) fn bounded(max: usize) -> Backlog<W> {
        Backlog {
            waiting: VecDeque::new(),
            bytes: 0,
            next: 0,
            max,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whose the oldest is.
    pub(crate) fn run(&self) -> Option<Run> {
        self.waiting.front().map(|first| first.run)
    }

    /// Adds one; a number is used up also where there is no room.
    pub(crate) fn put(
        &mut self,
        run: Run,
        at_ms: u64,
        bytes: Vec<u8>,
        waiter: Option<W>,
    ) -> Result<(), Full<W>> {
        let seq = self.next;
        self.next += 1;
        let is_full = self.len() >= self.max || self.bytes + bytes.len() > WAITING_BYTES_MAX;
        if is_full || bytes.len() > RECORD_BYTES_MAX {
            return Err(Full(waiter));
        }
        self.bytes += bytes.len();
        self.waiting.push_back(Waiting {
            run,
            seq,
            at_ms,
            bytes,
            waiter,
        });
        Ok(())
    }

    /// Takes the oldest, `most` of them, all of one run.
    pub(crate) fn take(&mut self, most: usize) -> Vec<Waiting<W>> {
        let run = self.run();
        let of_it = self
            .waiting
            .iter()
            .take(most)
            .take_while(|it| Some(it.run) == run);
        let count = of_it.count();
        let taken: Vec<_> = self.waiting.drain(..count).collect();
        self.bytes -= taken.iter().map(|it| it.bytes.len()).sum::<usize>();
        taken
    }

    /// Puts back what could not be written, before all others. Nothing is refused: there was room for it before.
    pub(crate) fn put_back(&mut self, records: Vec<Waiting<W>>) {
        for record in records.into_iter().rev() {
            self.bytes += record.bytes.len();
            self.waiting.push_front(record);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Run = Run {
        zero_ms: 0,
        version: 1,
    };

    fn seqs(records: &[Waiting<()>]) -> Vec<u64> {
        records.iter().map(|record| record.seq).collect()
    }

    #[test]
    fn what_is_put_back_comes_first_again() {
        let mut backlog = Backlog::<()>::bounded(10);
        for at_ms in 0..4 {
            backlog.put(RUN, at_ms, vec![1], None).unwrap();
        }
        let taken = backlog.take(2);
        assert_eq!(seqs(&taken), [0, 1]);
        backlog.put_back(taken);
        assert_eq!(seqs(&backlog.take(9)), [0, 1, 2, 3]);
        assert_eq!(backlog.bytes, 0);
    }

    #[test]
    fn what_is_taken_at_once_is_of_one_run_and_numbers_go_on() {
        let mut backlog = Backlog::<()>::bounded(10);
        let later = Run { zero_ms: 1, ..RUN };
        for run in [RUN, RUN, later] {
            backlog.put(run, 0, vec![1], None).unwrap();
        }
        assert_eq!(seqs(&backlog.take(9)), [0, 1]);
        assert_eq!(backlog.run(), Some(later));
        assert_eq!(seqs(&backlog.take(9)), [2]);
    }

    #[test]
    fn a_full_backlog_takes_nothing_and_its_numbers_tell_of_the_gap() {
        let mut backlog = Backlog::bounded(2);
        backlog.put(RUN, 0, vec![0], None).unwrap();
        backlog.put(RUN, 0, vec![1], None).unwrap();
        assert_eq!(backlog.put(RUN, 0, vec![2], Some(())), Err(Full(Some(()))));
        assert_eq!(seqs(&backlog.take(1)), [0]);
        backlog.put(RUN, 0, vec![3], None).unwrap();
        assert_eq!(seqs(&backlog.take(9)), [1, 3], "the third is missing");
    }

    #[test]
    fn many_bytes_fill_it_before_many_records_do_and_a_huge_record_is_never_taken() {
        let mut backlog = Backlog::<()>::bounded(usize::MAX);
        let big = || vec![0; RECORD_BYTES_MAX];
        while backlog.put(RUN, 0, big(), None).is_ok() {}
        assert_eq!(backlog.len(), WAITING_BYTES_MAX / RECORD_BYTES_MAX);
        backlog.take(1);
        backlog.put(RUN, 0, big(), None).unwrap();
        backlog.take(2);
        let mut huge = big();
        huge.push(0);
        assert_eq!(backlog.put(RUN, 0, huge, None), Err(Full(None)));
    }
}
