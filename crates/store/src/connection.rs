//! One connection to a database of either kind: statements in, rows out.

use crate::failure::{Failure, FailureKind};
use crate::statement::{Statement, Value, unsigned};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, Connection as _, Executor, Row as _};
use std::time::Duration;
use tokio::time::timeout;

/// How long a database somewhere else may take for one thing. A disk of our own is waited for: what it is doing can't be
/// taken back, and nobody else waits.
const LIMIT: Duration = Duration::from_secs(12);

/// An open connection.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(Box<PgConnection>),
}

impl Connection {
    pub(crate) async fn sqlite(options: SqliteConnectOptions) -> Result<Connection, Failure> {
        let options = options.disable_statement_logging();
        Ok(Connection::Sqlite(options.connect().await?))
    }

    pub(crate) async fn postgres(options: &PgConnectOptions) -> Result<Connection, Failure> {
        let options = options.clone().disable_statement_logging();
        let connected = within_limit(options.connect()).await;
        // A socket that is not there is a server that is not there.
        let connection = connected.map_err(|failure| match failure.kind {
            FailureKind::Lost => failure.of_kind(FailureKind::Away),
            _ => failure,
        })?;
        Ok(Connection::Postgres(Box::new(connection)))
    }

    /// Brings its tables up to date.
    pub(crate) async fn migrate(&mut self, migrator: Migrator) -> Result<(), Failure> {
        match self {
            Connection::Sqlite(on) => Ok(migrator.run_direct(None, on, false).await?),
            Connection::Postgres(on) => {
                within_limit(migrator.run_direct(None, on.as_mut(), false)).await
            }
        }
    }

    /// Does it, and says how many rows it changed.
    pub(crate) async fn execute(&mut self, statement: &Statement<'_>) -> Result<u64, Failure> {
        // Pieces of ours alone: whatever comes from elsewhere is bound.
        let sql = AssertSqlSafe(statement.sql.clone());
        match self {
            Connection::Sqlite(on) => {
                let query = sqlx::query_with(sql, bind::<SqliteArguments>(&statement.values)?);
                Ok(on.execute(query).await?.rows_affected())
            }
            Connection::Postgres(on) => {
                let query = sqlx::query_with(sql, bind::<PgArguments>(&statement.values)?);
                Ok(within_limit(on.execute(query)).await?.rows_affected())
            }
        }
    }

    /// Asks, and reads every row of the answer.
    pub(crate) async fn fetch(&mut self, statement: &Statement<'_>) -> Result<Vec<Row>, Failure> {
        let sql = AssertSqlSafe(statement.sql.clone());
        match self {
            Connection::Sqlite(on) => {
                let query = sqlx::query_with(sql, bind::<SqliteArguments>(&statement.values)?);
                let rows = on.fetch_all(query).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Connection::Postgres(on) => {
                let query = sqlx::query_with(sql, bind::<PgArguments>(&statement.values)?);
                let rows = within_limit(on.fetch_all(query)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Does all of them or nothing.
    pub(crate) async fn transact<'a>(
        &mut self,
        statements: impl Iterator<Item = Statement<'a>>,
    ) -> Result<(), Failure> {
        // At once for writing: a transaction that reads first can't be made to wait for its turn.
        let begin = match self {
            Connection::Sqlite(_) => "BEGIN IMMEDIATE",
            Connection::Postgres(_) => "BEGIN",
        };
        self.execute(&Statement::new(begin)).await?;
        let done = self.all(statements).await;
        if let Err(failure) = &done
            && failure.kind.leaves_connection()
        {
            // The first failure is the one to tell of; SQLite has gone back by itself after some of them.
            let _ = self.execute(&Statement::new("ROLLBACK")).await;
        }
        done
    }

    async fn all<'a>(
        &mut self,
        statements: impl Iterator<Item = Statement<'a>>,
    ) -> Result<(), Failure> {
        for statement in statements {
            self.execute(&statement).await?;
        }
        self.execute(&Statement::new("COMMIT")).await?;
        Ok(())
    }

    /// Ends it in good order.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self {
            Connection::Sqlite(connection) => Ok(connection.close().await?),
            Connection::Postgres(connection) => within_limit(connection.close()).await,
        }
    }
}

async fn within_limit<T, E: Into<Failure>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match timeout(LIMIT, work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(Failure {
            kind: FailureKind::Slow,
            message: format!("no answer within {} s", LIMIT.as_secs()),
        }),
    }
}

fn bind<A>(values: &[Value<'_>]) -> Result<A, Failure>
where
    A: Arguments + Default,
    for<'t> &'t str: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    for<'t> Option<&'t str>: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    for<'t> &'t [u8]: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    for<'t> i64: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    for<'t> Option<i64>: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
{
    let mut arguments = A::default();
    for value in values {
        match value {
            Value::Text(text) => arguments.add(*text),
            Value::Integer(number) => arguments.add(*number),
            Value::Maybe(number) => arguments.add(*number),
            Value::MaybeText(text) => arguments.add(*text),
            Value::Bytes(bytes) => arguments.add(*bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// One row of an answer.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// Either kind's column.
macro_rules! column {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column),
        }
    };
}

impl Row {
    pub(crate) fn text(&self, column: usize) -> Result<String, Failure> {
        Ok(column!(self, column)?)
    }

    /// A text, or none where the column is NULL.
    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<String>, Failure> {
        Ok(column!(self, column)?)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, Failure> {
        Ok(column!(self, column)?)
    }

    pub(crate) fn number(&self, column: usize) -> Result<u64, Failure> {
        let number: i64 = column!(self, column)?;
        Ok(unsigned(number))
    }

    /// A number that may be below nought.
    pub(crate) fn signed(&self, column: usize) -> Result<i64, Failure> {
        Ok(column!(self, column)?)
    }

    /// A number, or none where the column is NULL.
    pub(crate) fn maybe(&self, column: usize) -> Result<Option<u64>, Failure> {
        let number: Option<i64> = column!(self, column)?;
        Ok(number.map(unsigned))
    }
}
