//! Rows of the two kinds that change with every call and every registration are written many by one statement: a statement
//! each costs ten times a row of a statement of many.

use crate::statement::{Statement, Value};
use crate::write::{AgentRow, BindingsRow, Write};
use std::fmt::Write as _;

/// Rows that one statement writes, from the most. Few, so that each kind of database need prepare few texts.
const TOGETHER: [usize; 3] = [64, 8, 1];

/// Where rows of one kind go, each known by its user.
struct Table {
    name: &'static str,
    /// The columns beside the user.
    columns: &'static [&'static str],
}

const BINDINGS: Table = Table {
    name: "bindings",
    columns: &["ends_at_ms", "contacts"],
};

const AGENTS: Table = Table {
    name: "agents",
    columns: &["state"],
};

/// How a batch is written, each row once. Rows that stand together here are each about somebody else, so their order
/// means nothing.
pub(crate) fn statements<'a>(
    writes: impl Iterator<Item = &'a Write>,
) -> impl Iterator<Item = Statement<'a>> {
    let (mut bindings, mut agents, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        match write {
            Write::PutBindings(row) => bindings.push(values_of_bindings(row)),
            Write::PutAgent(row) => agents.push(values_of_agent(row)),
            other => others.push(other.statement()),
        }
    }
    let together = BINDINGS.put(bindings).chain(AGENTS.put(agents));
    together.chain(others)
}

/// A user's bindings alone.
pub(crate) fn bindings(row: &BindingsRow) -> Statement<'_> {
    BINDINGS.statement(1, values_of_bindings(row))
}

/// How an agent stands, alone.
pub(crate) fn agent(row: &AgentRow) -> Statement<'_> {
    AGENTS.statement(1, values_of_agent(row))
}

fn values_of_bindings(row: &BindingsRow) -> Vec<Value<'_>> {
    let (user, contacts) = (row.user.as_str(), row.contacts.as_str());
    vec![user.into(), row.ends_at_ms.into(), contacts.into()]
}

fn values_of_agent(row: &AgentRow) -> Vec<Value<'_>> {
    vec![row.user.as_str().into(), row.state.as_str().into()]
}

impl Table {
    fn put<'a>(&'static self, rows: Vec<Vec<Value<'a>>>) -> impl Iterator<Item = Statement<'a>> {
        let mut rows = rows.into_iter();
        std::iter::from_fn(move || {
            let together = TOGETHER.into_iter().find(|count| *count <= rows.len())?;
            let values = rows.by_ref().take(together).flatten().collect();
            Some(self.statement(together, values))
        })
    }

    fn statement<'a>(&self, rows: usize, values: Vec<Value<'a>>) -> Statement<'a> {
        let mut statement = Statement::built(self.upsert(rows));
        statement.values = values;
        statement
    }

    fn upsert(&self, rows: usize) -> String {
        let columns = self.columns.join(", ");
        let mut sql = format!(r#"INSERT INTO {} ("user", {columns}) VALUES "#, self.name);
        let width = 1 + self.columns.len();
        for row in 0..rows {
            let places = (1..=width).map(|column| format!("${}", row * width + column));
            let places = places.collect::<Vec<_>>().join(", ");
            let separator = if row == 0 { "" } else { ", " };
            write!(sql, "{separator}({places})").expect("a string takes everything");
        }
        let set = |column: &&str| format!("{column} = excluded.{column}");
        let set: Vec<_> = self.columns.iter().map(set).collect();
        write!(
            sql,
            r#" ON CONFLICT ("user") DO UPDATE SET {}"#,
            set.join(", ")
        )
        .expect("a string takes everything");
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{OrgId, UserId};

    fn user(number: usize) -> UserId {
        UserId::new(&OrgId::new("demo").unwrap(), &format!("u{number}")).unwrap()
    }

    fn bindings(number: usize) -> Write {
        Write::PutBindings(BindingsRow {
            user: user(number),
            ends_at_ms: number as u64,
            contacts: format!("c{number}"),
        })
    }

    #[test]
    fn rows_of_a_kind_are_written_together_and_each_once() {
        let mut writes: Vec<Write> = (0..75).map(bindings).collect();
        let agent = |number| {
            Write::PutAgent(AgentRow {
                user: user(number),
                state: format!("s{number}"),
            })
        };
        writes.splice(40..40, [Write::RemoveAgent(user(99)), agent(1), agent(2)]);
        let statements: Vec<_> = statements(writes.iter()).collect();
        let sizes: Vec<_> = statements.iter().map(|it| it.values.len()).collect();
        assert_eq!(sizes, [64 * 3, 8 * 3, 3, 3, 3, 2, 2, 1]);
        assert_eq!(
            statements[2].sql,
            r#"INSERT INTO bindings ("user", ends_at_ms, contacts) VALUES ($1, $2, $3) ON CONFLICT ("user") DO UPDATE SET ends_at_ms = excluded.ends_at_ms, contacts = excluded.contacts"#
        );
        let begins = r#"INSERT INTO bindings ("user", ends_at_ms, contacts) VALUES ($1, $2, $3), ($4, $5, $6), "#;
        assert!(statements[1].sql.starts_with(begins));
        let first = statements[..5].iter().map(|it| &it.values[1]);
        let expected = [0u64, 64, 72, 73, 74].map(Value::from);
        assert_eq!(first.collect::<Vec<_>>(), expected.each_ref());
        assert_eq!(statements[5].values, ["demo/u1".into(), "s1".into()]);
    }
}
