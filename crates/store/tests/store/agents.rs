//! What is erased of agents' rows: who called is to be found nowhere any more.

use crate::on_both;
use crate::place::{Place, folder, start, wait};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use store::{AgentRow, FILE_NAME, Write};

on_both!(talks_that_were_kept_without_a_key_are_taken_out_of_agents_rows);

/// The number of the change that takes them out.
const CHANGE: i64 = 13;

/// A caller as no page of a database has him.
fn caller(number: u64) -> u64 {
    18_446_744_073_700_000_000 + number
}

fn row(agent: &str, state: &str) -> AgentRow {
    AgentRow {
        user: agent.parse().unwrap(),
        state: state.into(),
    }
}

/// Says something to the database, which no store has open.
async fn say(place: &Place, sql: &'static str) {
    match place {
        Place::Postgres(cluster) => drop(cluster.sql("kolapp", sql)),
        Place::File(folder) => {
            let options = SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME));
            let mut other = options.connect().await.unwrap();
            other.execute(sql).await.unwrap();
            other.close().await.unwrap();
        }
    }
}

/// Whether the file, or what is written ahead of it, has that in it; copies of before are whoever's who wants them.
fn is_found(folder: &Path, text: &str) -> bool {
    ["", "-wal"].iter().any(|beside| {
        let file = std::fs::read(folder.join(format!("{FILE_NAME}{beside}")));
        memchr::memmem::find(&file.unwrap_or_default(), text.as_bytes()).is_some()
    })
}

async fn talks_that_were_kept_without_a_key_are_taken_out_of_agents_rows(place: Place) {
    let (store, _) = start(place.location()).await;
    let talk = |number| {
        let caller = caller(number);
        format!(r#"{{"queue":"demo/support","caller":{caller},"at":1795824000000}}"#)
    };
    let talked = format!(
        r#"{{"logins":{{"demo/support":7}},"pause":null,"talks":[{},{}]}}"#,
        talk(1),
        talk(2)
    );
    let rows = [
        row("demo/anna", &talked),
        row("demo/bosse", r#"{"logins":{},"pause":null}"#),
        row("demo/cecilia", "no table"),
    ];
    for row in rows.clone() {
        store.write_soon(Write::PutAgent(row));
    }
    store.close().await;
    // As a server before that change left it.
    say(&place, "DROP TABLE second_factors").await;
    say(&place, "DELETE FROM _sqlx_migrations WHERE version >= 13").await;
    let (store, kept) = start(place.location()).await;
    let mut left = kept.agents;
    left.sort_by(|one, other| one.user.cmp(&other.user));
    let [_, bosse, cecilia] = rows;
    let anna = row("demo/anna", r#"{"logins":{"demo/support":7},"pause":null}"#);
    assert_eq!(left, [anna, bosse, cecilia]);
    if let Place::File(folder) = &place {
        let file = |name: String| std::fs::read(folder.path().join(name)).unwrap();
        let before = file(format!("{FILE_NAME}.before-{CHANGE:04}"));
        let his = caller(1).to_string();
        assert!(memchr::memmem::find(&before, his.as_bytes()).is_some());
        wait("it is wiped off the disk", || {
            !is_found(folder.path(), &his)
        })
        .await;
    }
    store.close().await;
}

#[tokio::test]
async fn what_agents_rows_had_of_a_caller_is_wiped_off_the_disk_when_his_number_is_erased() {
    let folder = folder();
    let (store, _) = start(folder.path()).await;
    let state = |number: u64, version: u64| {
        let filling = "x".repeat((number * 37 % 300) as usize);
        let caller = caller(number + 1_000 * version);
        format!(r#"{{"talks":[{caller}],"reason":"{filling}"}}"#)
    };
    // In no order, and changed, so that the pages they are in are split and moved about.
    for version in 1..=3 {
        for at in 0..500u64 {
            let number = at * 187 % 500;
            let user = format!("demo/agent-{number}");
            store.write_soon(Write::PutAgent(row(&user, &state(number, version))));
        }
        let last = row("demo/last", "{}");
        store.write(Write::PutAgent(last)).stored().await.unwrap();
    }
    let kept = caller(3_250).to_string();
    assert!(is_found(folder.path(), &kept));
    let gone = store.write(Write::PutAgent(row("demo/agent-250", "{}")));
    gone.stored().await.unwrap();
    let erased = store.erase_calls("demo".into(), "+46701750250".into());
    assert_eq!(erased.await, Ok(0), "no call is recorded");
    let of_before = (0..500u64).flat_map(|number| [1, 2].map(|it| caller(number + 1_000 * it)));
    let gone: Vec<String> = of_before.map(|it| it.to_string()).chain([kept]).collect();
    wait("nothing of before is found", || {
        !gone.iter().any(|it| is_found(folder.path(), it))
    })
    .await;
    let another = caller(3_251).to_string();
    assert!(is_found(folder.path(), &another), "others are there");
    store.close().await;
}
