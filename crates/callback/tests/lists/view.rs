//! A list as somebody looks at it.

use crate::floor::*;
use base::CallbackId;
use callback::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Three entries of two lists, in different states.
fn some() -> (Floor, Vec<Row>) {
    let mut floor = Floor::with(vec![
        ("support", list_with("window", Capacity::Unlimited)),
        ("sales", list()),
    ]);
    floor.hours("support", hours(None, vec![window("window", 5, 6)]));
    let first = floor.wish(1, "+46701234561");
    floor.pass(MINUTE);
    let draft = floor.draft("sales", "+46812345678", Wish::AsSoonAsPossible);
    floor.accept(2, draft).unwrap();
    floor.pass(MINUTE);
    let input = CustomerInput::Person("850709-9805".parse().unwrap());
    let wish = Wish::Window(window("window", 5, 6));
    let draft = Draft {
        input: Some(input),
        ..floor.draft("support", "+46701234560", wish)
    };
    floor.accept(3, draft).unwrap();
    floor.try_once(BOSSE, first, CallEvent::PersonBusy);
    floor.note(BOSSE, first, "Måste återkomma").unwrap();
    let rows = floor.lists().rows();
    (floor, rows)
}

fn query() -> Query {
    Query {
        lists: all(&["support", "sales"]),
        ..Query::default()
    }
}

fn ids(rows: &[Row], query: &Query) -> Vec<u64> {
    let shown = page(rows, query).rows;
    shown.iter().map(|row| row.id.0).collect()
}

#[test]
fn a_list_is_sorted_by_every_heading_both_ways() {
    let (_, rows) = some();
    // Those that are alike stand in the order of their numbers, both ways.
    for (heading, up, down) in [
        (Heading::Arrived, [1, 2, 3], [3, 2, 1]),
        (Heading::Wish, [1, 2, 3], [3, 1, 2]),
        (Heading::Due, [2, 1, 3], [3, 1, 2]),
        (Heading::Queue, [2, 1, 3], [1, 3, 2]),
        (Heading::Number, [3, 1, 2], [2, 1, 3]),
        (Heading::Input, [1, 2, 3], [3, 1, 2]),
        (Heading::TriedBy, [2, 3, 1], [1, 2, 3]),
        (Heading::Attempts, [2, 3, 1], [1, 2, 3]),
        (Heading::Status, [2, 3, 1], [1, 2, 3]),
        (Heading::Latest, [2, 3, 1], [1, 2, 3]),
    ] {
        for (direction, expected) in [(Direction::Ascending, up), (Direction::Descending, down)] {
            let sorted = Query {
                heading,
                direction,
                ..query()
            };
            assert_eq!(ids(&rows, &sorted), expected, "{heading:?} {direction:?}");
        }
    }
}

#[test]
fn a_list_is_filtered_by_list_status_time_and_agent() {
    let (mut floor, rows) = some();
    let lists = all(&["sales"]);
    assert_eq!(ids(&rows, &Query { lists, ..query() }), [2]);
    let statuses = BTreeSet::from([Status::Requeued]);
    assert_eq!(
        ids(
            &rows,
            &Query {
                statuses,
                ..query()
            }
        ),
        [1]
    );
    let agent = Some(agent(BOSSE));
    assert_eq!(ids(&rows, &Query { agent, ..query() }), [1]);
    let when = |when| Query { when, ..query() };
    assert_eq!(ids(&rows, &when(When::Due)), [2]);
    floor.pass(6 * HOUR);
    let rows = floor.lists().rows();
    assert_eq!(ids(&rows, &when(When::Due)), [1, 2, 3]);
    assert_eq!(ids(&rows, &when(When::Overdue)), [3]);
    assert!(
        ids(&rows, &Query::default()).is_empty(),
        "what he may see is said"
    );
}

#[test]
fn a_list_is_searched_in_all_that_it_shows_and_in_nothing_that_it_hides() {
    let (_, rows) = some();
    let search = |text: &str| {
        ids(
            &rows,
            &Query {
                search: text.to_owned(),
                ..query()
            },
        )
    };
    assert_eq!(search("ÅTERKOMMA"), [1]);
    assert_eq!(search("sales"), [2]);
    assert_eq!(search("bosse"), [1]);
    assert_eq!(search("requeued"), [1]);
    assert_eq!(search("+4670123456"), [1, 3]);
    assert_eq!(search("070-123 45 61"), [1]);
    assert_eq!(search("08-123"), [2]);
    assert_eq!(search("0046 70-123 45 61"), [1]);
    assert_eq!(search("00468"), [2]);
    assert!(search("00701234561").is_empty(), "no country");
    assert_eq!(search("B3"), [3]);
    assert!(search("b").len() < 3, "an id is meant whole");
    assert!(search("b30").is_empty());
    assert_eq!(search("window"), [3]);
    assert_eq!(search("not-handled"), [2, 3]);
    assert_eq!(search("not handled"), [2, 3]);
    assert_eq!(search("850709"), [3]);
    assert!(search("9805").is_empty());
    assert!(search("nobody").is_empty());
    assert_eq!(search("  "), [1, 2, 3]);
}

#[test]
fn a_list_is_read_page_by_page_with_no_row_twice() {
    let (_, rows) = some();
    let many: Vec<Row> = (0..1_200)
        .map(|id| Row {
            id: CallbackId(id),
            ..rows[0].clone()
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut pages = 0;
    loop {
        let shown = page(
            &many,
            &Query {
                page: pages,
                page_rows: usize::MAX,
                ..query()
            },
        );
        assert_eq!(shown.total, 1_200);
        if shown.rows.is_empty() {
            break;
        }
        assert!(shown.rows.len() <= PAGE_ROWS_MAX);
        seen.extend(shown.rows.iter().map(|row| row.id));
        pages += 1;
    }
    assert_eq!((seen.len(), pages), (1_200, 3));
    let shared: Vec<Arc<Row>> = many.iter().cloned().map(Arc::new).collect();
    assert_eq!(page(&shared, &query()), page(&many, &query()));
    let far = page(
        &many,
        &Query {
            page: usize::MAX,
            page_rows: 10,
            ..query()
        },
    );
    assert!(far.rows.is_empty());
}
