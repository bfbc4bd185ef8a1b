//! The database, of either kind: opened, read whole at the start, and written a batch at a time. All of it may block or
//! take long, so it is called from the writer's own thread only.

use crate::connection::Connection;
use crate::failure::{Failure, FailureKind};
use crate::journal::Run;
use crate::kept::{self, Kept};
use crate::location::{Kind, Location};
use crate::postgres;
use crate::sqlite::{self, FileId};
use crate::statement::Statement;

/// Which database it is, so that one that was begun anew is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    File(FileId),
    Postgres(String),
}

/// An open database.
#[derive(Debug)]
pub(crate) struct Database {
    connection: Connection,
    location: Location,
    identity: Identity,
}

impl Database {
    /// Opens it and brings it up to date; makes a file where it is missing.
    pub(crate) async fn open(location: &Location) -> Result<Database, Failure> {
        let (connection, identity) = match &location.0 {
            Kind::File(path) => {
                let connection = sqlite::open(path).await?;
                (connection, Identity::File(sqlite::id_of(path)?))
            }
            Kind::Postgres(options) => {
                let mut connection = postgres::open(options).await?;
                let id = postgres::id_of(&mut connection).await?;
                (connection, Identity::Postgres(id))
            }
        };
        Ok(Database {
            connection,
            location: location.clone(),
            identity,
        })
    }

    /// Which it is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether it is still there. If not, all that is written goes nowhere.
    pub(crate) async fn check(&mut self) -> Result<(), Failure> {
        match &self.location.0 {
            Kind::File(path) => match sqlite::id_of(path) {
                Ok(id) if Identity::File(id) == self.identity => Ok(()),
                Ok(_) => Err(Failure::lost("another file is in the place of this one")),
                Err(error) => Err(Failure::lost(error.to_string())),
            },
            Kind::Postgres(_) => {
                let answer = self.connection.fetch(&Statement::new("SELECT 1")).await;
                answer.map(|_| ())
            }
        }
    }

    /// The connection, for whoever has statements.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Writes all of it or nothing.
    pub(crate) async fn apply<'a>(
        &mut self,
        statements: impl Iterator<Item = Statement<'a>>,
    ) -> Result<(), Failure> {
        self.connection.transact(statements).await
    }

    /// Begins the journal of a process, and says what the process is called there.
    pub(crate) async fn begin_run(&mut self, run: Run) -> Result<u64, Failure> {
        let begin =
            Statement::new("INSERT INTO runs (zero_ms, version) VALUES ($1, $2) RETURNING run")
                .bind(run.zero_ms)
                .bind(u32::from(run.version));
        let rows = self.connection.fetch(&begin).await?;
        let first = rows.first();
        let first = first.ok_or_else(|| Failure::lost("a run has no number"))?;
        first.number(0)
    }

    /// Reads everything, and forgets what has ended.
    pub(crate) async fn load(&mut self, now_ms: u64) -> Result<Kept, Failure> {
        kept::load(&mut self.connection, now_ms).await
    }

    /// Closes it, with all that was written in the one file where it is one.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.connection.close().await
    }
}

/// Whether a failure at the start says that a file as a whole is of no use.
pub(crate) fn is_beyond_use(failure: &Failure) -> bool {
    failure.kind == FailureKind::Corrupt
}
