//! Records of calls as people look for them: a page at a time, by time, number, queue and person.

use crate::calls::{self, CallRow};
use crate::connection::Connection;
use crate::failure::Failure;
use crate::numbers;
use crate::reader::Reader;
use crate::statement::{Statement, Value};

/// What somebody wants to see of calls; what is not said is not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallQuery {
    /// Only this organisation's.
    pub org: Option<String>,
    /// That began then or later, in milliseconds of UTC.
    pub from_ms: u64,
    /// That began earlier.
    pub until_ms: u64,
    /// From or to this number, however it is written.
    pub number: Option<String>,
    /// That came to this queue.
    pub queue: Option<String>,
    /// That ended so; `cut-off` are those whose server was lost.
    pub cause: Option<String>,
    /// In which this user called or talked.
    pub user: Option<String>,
    /// The same, whoever else is asked for: for one who sees his own calls alone.
    pub whose: Option<String>,
    /// What they are sorted by.
    pub heading: CallHeading,
    /// Which way.
    pub order: CallOrder,
    /// How many are left out at the beginning.
    pub skip: u64,
    /// How many are told.
    pub most: u32,
}

/// What calls are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallHeading {
    /// When they began.
    #[default]
    Began,
    /// How long the caller waited for somebody to talk with, or until it was over.
    Waited,
    /// How long he talked.
    Talked,
    /// Who called.
    Caller,
    /// What was dialled.
    Dialled,
    /// The last queue.
    Queue,
    /// The last user talked with.
    Agent,
    /// How they came about.
    Direction,
    /// Why they ended.
    Cause,
}

/// Which way calls are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallOrder {
    /// The least, or the oldest, first.
    Ascending,
    /// The other way round.
    #[default]
    Descending,
}

/// Some calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallPage {
    /// Those that were asked for.
    pub rows: Vec<CallRow>,
    /// How many there are in all.
    pub total: u64,
}

impl Default for CallQuery {
    fn default() -> CallQuery {
        CallQuery {
            org: None,
            from_ms: 0,
            // What databases can hold.
            until_ms: i64::MAX.unsigned_abs(),
            number: None,
            queue: None,
            user: None,
            cause: None,
            whose: None,
            heading: CallHeading::default(),
            order: CallOrder::default(),
            skip: 0,
            most: 100,
        }
    }
}

impl Reader {
    /// The calls that somebody asks for.
    pub async fn calls(&mut self, query: &CallQuery) -> Result<CallPage, Failure> {
        page(self.connection(), query).await
    }

    /// One call.
    pub async fn call(&mut self, id: &str) -> Result<Option<CallRow>, Failure> {
        let query = format!("SELECT {} FROM call_records WHERE id = $1", calls::READ);
        let rows = self
            .connection()
            .fetch(&Statement::built(query).bind(id))
            .await?;
        rows.first().map(|row| calls::read(row, 0)).transpose()
    }
}

async fn page(from: &mut Connection, query: &CallQuery) -> Result<CallPage, Failure> {
    let meant = Meant::by(query);
    let conditions = meant.conditions.join(" AND ");
    let bound = |sql: String| {
        let mut statement = Statement::built(sql);
        statement.values = meant.values.iter().map(Bound::value).collect();
        statement
    };
    let count = format!("SELECT COUNT(*) FROM call_records WHERE {conditions}");
    let counted = from.fetch(&bound(count)).await?;
    let total = counted.first().map(|row| row.number(0)).transpose()?;
    let (most, skip) = (query.most, query.skip);
    let by = heading(query.heading);
    let way = match query.order {
        CallOrder::Ascending => "ASC",
        CallOrder::Descending => "DESC",
    };
    let rows = format!(
        "SELECT {} FROM call_records WHERE {conditions}
        ORDER BY {by} {way}, place {way} LIMIT {most} OFFSET {skip}",
        calls::READ
    );
    let rows = from.fetch(&bound(rows)).await?;
    Ok(CallPage {
        rows: rows
            .iter()
            .map(|row| calls::read(row, 0))
            .collect::<Result<_, _>>()?,
        total: total.unwrap_or(0),
    })
}

/// What a heading sorts by. Where a call has none of it, the same stands for it in both kinds of database.
fn heading(heading: CallHeading) -> &'static str {
    match heading {
        CallHeading::Began => "began_ms",
        CallHeading::Waited => "COALESCE(joined_ms, ended_ms, began_ms) - began_ms",
        CallHeading::Talked => "talked_ms",
        CallHeading::Caller => "COALESCE(caller, '')",
        CallHeading::Dialled => "COALESCE(dialled, '')",
        CallHeading::Queue => "COALESCE(queue, '')",
        CallHeading::Agent => "COALESCE(agent, '')",
        CallHeading::Direction => "direction",
        CallHeading::Cause => "COALESCE(cause, '')",
    }
}

enum Bound {
    Text(String),
    Number(u64),
}

impl Bound {
    fn value(&self) -> Value<'_> {
        match self {
            Bound::Text(text) => text.into(),
            Bound::Number(number) => (*number).into(),
        }
    }
}

/// What is asked for, as conditions and what is bound to them.
struct Meant {
    conditions: Vec<String>,
    values: Vec<Bound>,
}

impl Meant {
    fn by(query: &CallQuery) -> Meant {
        let mut meant = Meant {
            conditions: Vec::new(),
            values: Vec::new(),
        };
        let from = meant.bind(Bound::Number(query.from_ms));
        let until = meant.bind(Bound::Number(query.until_ms));
        let time = format!("began_ms >= {from} AND began_ms < {until}");
        meant.conditions.push(time);
        if let Some(org) = &query.org {
            let org = meant.bind(Bound::Text(org.clone()));
            meant.conditions.push(format!("org = {org}"));
        }
        if let Some(queue) = &query.queue {
            let line = meant.line("queue", queue);
            meant.conditions.push(line);
        }
        if let Some(cause) = &query.cause {
            let cause = meant.bind(Bound::Text(cause.clone()));
            meant.conditions.push(format!("cause = {cause}"));
        }
        for user in [&query.user, &query.whose].into_iter().flatten() {
            let talked = meant.line("talked", user);
            let user = meant.bind(Bound::Text(user.clone()));
            let condition = format!("(caller_user = {user} OR {talked})");
            meant.conditions.push(condition);
        }
        if let Some(number) = &query.number {
            let condition = meant.number(number);
            meant.conditions.push(condition);
        }
        meant
    }

    /// Where it stands in the statement.
    fn bind(&mut self, value: Bound) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// That line is in the call's way.
    fn line(&mut self, what: &str, name: &str) -> String {
        let line = self.bind(Bound::Text(format!("%\n{what} {}\n%", literal(name))));
        format!("way LIKE {line} ESCAPE '!'")
    }

    /// By its key where it has one, and by its last digits since others have the same; else as it is written.
    fn number(&mut self, number: &str) -> String {
        let (end, key) = match (numbers::end(number), numbers::key(number)) {
            (Some(end), Some(key)) => {
                let key = self.bind(Bound::Number(key));
                let end = self.bind(Bound::Text(format!("%{end}%")));
                (end, Some(key))
            }
            _ => (self.bind(Bound::Text(number.to_owned())), None),
        };
        let columns = ["caller", "dialled", "outside"].map(|column| match &key {
            Some(key) => format!("({column}_key = {key} AND {column} LIKE {end})"),
            None => format!("{column} = {end}"),
        });
        format!("({})", columns.join(" OR "))
    }
}

/// As it stands, among signs that mean others.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for sign in text.chars() {
        if matches!(sign, '%' | '_' | '!') {
            literal.push('!');
        }
        literal.push(sign);
    }
    literal
}
