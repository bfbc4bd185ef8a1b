//! The journal: what happened, added in order and never changed. Records are bytes that mean something to whoever
//! wrote them. They are never waited for, and lost, counted, where storage is away for longer than memory lasts.

use crate::backlog::Waiting;
use crate::statement::Statement;
use crate::store::{Acknowledgement, Store};
use std::fmt::Write as _;

/// What belongs to all records of one run: those of a process as long as the clock on the wall was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// What the clock on the wall showed, in milliseconds of UTC, when the one showed nought that records' own moments
    /// are of.
    pub zero_ms: u64,
    /// The version of what the records say.
    pub version: u16,
}

/// The way into the journal of one run. Clones lead to the same.
#[derive(Clone, Debug)]
pub struct Journal {
    pub(crate) store: Store,
    pub(crate) run: Run,
}

impl Journal {
    /// Has a record added behind all others, whenever that is. `at_ms` is when it happened, in milliseconds of UTC.
    pub fn append_soon(&self, at_ms: u64, record: Vec<u8>) {
        self.store.add(self.run, at_ms, record, None);
    }

    /// The same, and says when it is on disk, with all before it.
    pub fn append(&self, at_ms: u64, record: Vec<u8>) -> Acknowledgement {
        Acknowledgement::of(|waiter| self.store.add(self.run, at_ms, record, Some(waiter)))
    }
}

/// How much of the journal is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What happened before it may go, in milliseconds of UTC.
    pub since_ms: u64,
    /// Records at most, those that are missing counted too.
    pub records: u64,
}

/// Records that one statement adds, from the most: a statement each costs ten times a row of a statement of many.
const TOGETHER: [usize; 3] = [64, 8, 1];

/// How records are added; what is there already was written by an attempt whose success was not heard.
pub(crate) fn append<W>(run: u64, records: &[Waiting<W>]) -> impl Iterator<Item = Statement<'_>> {
    let mut left = records;
    std::iter::from_fn(move || {
        let together = TOGETHER.into_iter().find(|count| *count <= left.len())?;
        let (these, rest) = left.split_at(together);
        left = rest;
        let mut statement = Statement::built(insert(together)).bind(run);
        for record in these {
            statement = statement
                .bind(record.seq)
                .bind(record.at_ms)
                .bind(record.bytes.as_slice());
        }
        Some(statement)
    })
}

fn insert(together: usize) -> String {
    let mut sql = String::from("INSERT INTO journal (run, seq, at_ms, record) VALUES ");
    for row in 0..together {
        let separator = if row == 0 { "" } else { ", " };
        let first = 2 + row * 3;
        write!(
            sql,
            "{separator}($1, ${}, ${}, ${})",
            first,
            first + 1,
            first + 2
        )
        .expect("a string takes everything");
    }
    sql + " ON CONFLICT (run, seq) DO NOTHING"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_added_many_at_a_time_and_each_once() {
        let records: Vec<Waiting<()>> = (0..75)
            .map(|seq| Waiting {
                run: Run {
                    zero_ms: 0,
                    version: 1,
                },
                seq,
                at_ms: 1_000 + seq,
                bytes: vec![1],
                waiter: None,
            })
            .collect();
        let statements: Vec<_> = append(7, &records).collect();
        let sizes: Vec<_> = statements.iter().map(|it| it.values.len()).collect();
        assert_eq!(sizes, [1 + 64 * 3, 1 + 8 * 3, 4, 4, 4]);
        assert_eq!(
            statements[3].sql,
            "INSERT INTO journal (run, seq, at_ms, record) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (run, seq) DO NOTHING"
        );
        let seq = |row: usize| &statements[row].values[1];
        assert_eq!(
            [seq(0), seq(1), seq(4)],
            [&0u64.into(), &64u64.into(), &74u64.into()]
        );
    }
}
