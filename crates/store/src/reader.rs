//! Reading the journal, a bounded part at a time, over a connection of its own: whoever reads a year holds up nobody
//! who writes. It may be read while a server runs, and without one.

use crate::callbacks::{self, CallbackFact};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::location::{Kind, Location};
use crate::statement::Statement;
use crate::{postgres, sqlite};

/// A run of the journal: what a process wrote while the clock on the wall was not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its number: later ones have greater ones.
    pub run: u64,
    /// What the clock on the wall showed, in milliseconds of UTC, when the one of its records showed nought.
    pub zero_ms: u64,
    /// The version of what its records say.
    pub version: u16,
    /// When its first and its last record were, in milliseconds of UTC; none where it has none. Between them moments only
    /// grow.
    pub moments_ms: Option<(u64, u64)>,
}

/// Where a record is in the journal, and the order of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The run.
    pub run: u64,
    /// Its number in the process that wrote it. Numbers that are missing between two that are there are records that were lost.
    pub seq: u64,
}

/// A record as it was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it is.
    pub place: Place,
    /// When it happened, in milliseconds of UTC.
    pub at_ms: u64,
    /// What happened, in bytes that are for whoever wrote them to read.
    pub bytes: Vec<u8>,
}

/// A connection for reading.
#[derive(Debug)]
pub struct Reader(Connection);

impl Reader {
    /// Opens what is kept there, in a folder's file or a database. It has to be there, and to be of this version.
    pub async fn open(location: impl Into<Location>) -> Result<Reader, Failure> {
        Ok(Reader(match location.into().0 {
            Kind::File(path) => sqlite::open_to_read(&path).await?,
            Kind::Postgres(options) => postgres::open_to_read(&options).await?,
        }))
    }

    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.0
    }

    /// What was written in, in order.
    pub async fn runs(&mut self) -> Result<Vec<RunRow>, Failure> {
        let query = Statement::new(
            "SELECT run, zero_ms, version,
                (SELECT at_ms FROM journal WHERE journal.run = runs.run ORDER BY seq LIMIT 1),
                (SELECT at_ms FROM journal WHERE journal.run = runs.run ORDER BY seq DESC LIMIT 1)
            FROM runs ORDER BY run",
        );
        let rows = self.0.fetch(&query).await?;
        rows.iter()
            .map(|row| {
                Ok(RunRow {
                    run: row.number(0)?,
                    zero_ms: row.number(1)?,
                    version: u16::try_from(row.number(2)?).unwrap_or(u16::MAX),
                    moments_ms: row.maybe(3)?.zip(row.maybe(4)?),
                })
            })
            .collect()
    }

    /// The first `most` records of a run from that place on, in order; none at its end.
    pub async fn records(&mut self, from: Place, most: u32) -> Result<Vec<Record>, Failure> {
        let query = Statement::new(
            "SELECT run, seq, at_ms, record FROM journal WHERE run = $1 AND seq >= $2
            ORDER BY seq LIMIT $3",
        )
        .bind(from.run)
        .bind(from.seq)
        .bind(most);
        let rows = self.0.fetch(&query).await?;
        rows.iter()
            .map(|row| {
                Ok(Record {
                    place: Place {
                        run: row.number(0)?,
                        seq: row.number(1)?,
                    },
                    at_ms: row.number(2)?,
                    bytes: row.bytes(3)?,
                })
            })
            .collect()
    }

    /// The place in a run of the first record that is not older, or behind them all; what comes before is not read for it.
    pub async fn since(&mut self, run: u64, at_ms: u64) -> Result<Place, Failure> {
        // By halves: what is before `old` is older, what is from `new` on is not.
        let last = Statement::new("SELECT MAX(seq) FROM journal WHERE run = $1").bind(run);
        let rows = self.0.fetch(&last).await?;
        let last = rows.first().map(|row| row.maybe(0)).transpose()?.flatten();
        let (mut old, mut new) = (0, last.map_or(0, |last| last + 1));
        while old < new {
            let middle = old + (new - old) / 2;
            match self.first_from(Place { run, seq: middle }).await? {
                Some((seq, found_ms)) if found_ms < at_ms => old = seq + 1,
                _ => new = middle,
            }
        }
        Ok(Place { run, seq: old })
    }

    /// The number and the moment of the first record of a run from that place on.
    async fn first_from(&mut self, from: Place) -> Result<Option<(u64, u64)>, Failure> {
        let query = Statement::new(
            "SELECT seq, at_ms FROM journal WHERE run = $1 AND seq >= $2 ORDER BY seq LIMIT 1",
        )
        .bind(from.run)
        .bind(from.seq);
        let rows = self.0.fetch(&query).await?;
        let first = rows.first();
        first
            .map(|row| Ok((row.number(0)?, row.number(1)?)))
            .transpose()
    }

    /// What came about with an entry of a callback list, in order.
    pub async fn callback_facts(&mut self, callback: u64) -> Result<Vec<CallbackFact>, Failure> {
        callbacks::facts_of(&mut self.0, callback).await
    }

    /// Ends the connection in good order.
    pub async fn close(self) -> Result<(), Failure> {
        self.0.close().await
    }
}

impl Place {
    /// The next one in the same run.
    pub fn next(self) -> Place {
        Place {
            seq: self.seq + 1,
            ..self
        }
    }
}
