//! `kolapp report calls`: read from where the configuration says that things are kept, whether a server runs there or not.

use crate::cli::{CallsArguments, ConfigDir};
use crate::ctl::protocol::Failure;
use crate::ctl::tables::{clock, dash, table};
use crate::figures;
use crate::hours::{find, unix_now};
use crate::offline;
use calendar::Hours;
use call::settings::Directory;
use store::{CallOrder, CallQuery, CallRow, Reader};
use web::quoted;

/// By which clock times are where no organisation says otherwise.
const ZONE: &str = "UTC";

/// Calls that are read at once.
const PART: u32 = 2_000;

/// Calls of a table: what people can look through. As CSV there are as many as there are.
const TABLE_MAX: u64 = 5_000;

/// The calls that are asked for, as text.
pub(crate) fn report(config: &ConfigDir, asked: &CallsArguments) -> Result<String, Failure> {
    let loaded = offline::loaded(config)?;
    let (query, clock) = meant(&loaded.directory, asked, unix_now())?;
    let most = if asked.csv { u64::MAX } else { TABLE_MAX };
    let (rows, total) = offline::read(&loaded, async |reader| all(reader, query, most).await)?;
    Ok(match asked.csv {
        true => csv(&rows, &clock),
        false => text(&rows, total, &clock),
    })
}

/// What is asked for, and by which clock.
fn meant(
    directory: &Directory,
    asked: &CallsArguments,
    now: i64,
) -> Result<(CallQuery, Hours), Failure> {
    let queue = asked.queue.as_ref().map(|name| {
        let found = find(directory, name).map_err(|error| Failure::new(error.to_string()))?;
        Ok::<_, Failure>(found.0)
    });
    let queue = queue.transpose()?;
    let mut organisations = directory.organisations.iter();
    let only = organisations
        .next()
        .filter(|_| directory.organisations.len() == 1);
    let of_queue = queue.as_ref().map(|queue| queue.org());
    let organisation = match &of_queue {
        Some(org) => directory.organisations.get(org),
        None => only.map(|(_, organisation)| organisation),
    };
    let zone = organisation
        .and_then(|it| it.ways.zone.as_deref())
        .unwrap_or(ZONE);
    let clock = Hours::new(zone).map_err(|unknown| Failure::new(unknown.to_string()))?;
    let (from, to) = figures::span(&clock, asked.from.as_ref(), asked.to.as_ref(), now)?;
    let agent = match (&asked.agent, only) {
        (Some(name), Some((org, _))) if !name.contains('/') => Some(format!("{org}/{name}")),
        (Some(name), _) if !name.contains('/') => {
            let problem = format!("say of which organisation {name} is: organisation/{name}");
            return Err(Failure::new(problem));
        }
        (agent, _) => agent.clone(),
    };
    let millis = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
    let query = CallQuery {
        from_ms: millis(from),
        // Without an end also what has just begun.
        until_ms: match asked.to {
            Some(_) => millis(to),
            None => CallQuery::default().until_ms,
        },
        number: asked.number.clone(),
        queue: queue.map(|queue| queue.to_string()),
        user: agent,
        order: CallOrder::Ascending,
        ..CallQuery::default()
    };
    Ok((query, clock))
}

/// All of them up to `most`, a part at a time, and how many there are.
async fn all(
    reader: &mut Reader,
    mut query: CallQuery,
    most: u64,
) -> Result<(Vec<CallRow>, u64), store::Failure> {
    let mut rows = Vec::new();
    loop {
        query.skip = rows.len() as u64;
        query.most = u32::try_from(most - query.skip).unwrap_or(PART).min(PART);
        let page = reader.calls(&query).await?;
        let is_last = page.rows.is_empty();
        rows.extend(page.rows);
        if is_last || rows.len() as u64 >= most.min(page.total) {
            return Ok((rows, page.total));
        }
    }
}

fn text(rows: &[CallRow], total: u64, clock_of: &Hours) -> String {
    let head = [
        "BEGAN",
        "DIRECTION",
        "CALLER",
        "DIALLED",
        "QUEUE",
        "AGENT",
        "WAITED",
        "TALKED",
        "END",
    ];
    let lines = rows.iter().map(|row| {
        [
            written(clock_of, row.began_ms),
            row.direction.clone(),
            row.caller
                .clone()
                .or(row.caller_user.clone())
                .unwrap_or_else(dash),
            row.outside
                .clone()
                .or(row.dialled.clone())
                .unwrap_or_else(dash),
            row.queue.clone().unwrap_or_else(dash),
            row.agent.clone().unwrap_or_else(dash),
            waited_ms(row).map_or_else(dash, |ms| clock(ms / 1_000)),
            clock(row.talked_ms / 1_000),
            row.cause.clone().unwrap_or_else(|| "goes on".into()),
        ]
    });
    let mut text = table(head, lines, "No calls.");
    let shown = rows.len() as u64;
    if shown < total {
        text += &format!("{shown} of {total} calls: ask for a shorter time, or with --csv\n");
    }
    text
}

/// How long the caller waited for somebody to talk with, or until the end; none where nobody knows.
fn waited_ms(row: &CallRow) -> Option<u64> {
    let until = row.joined_ms.or(row.ended_ms)?;
    Some(until.saturating_sub(row.began_ms))
}

/// Where it was led, in words.
fn shown(way: &[(String, Option<String>)]) -> String {
    let places = way.iter().map(|(word, name)| match name {
        Some(name) => format!("{word} {name}"),
        None => word.clone(),
    });
    places.collect::<Vec<_>>().join(" > ")
}

/// As CSV (RFC 4180).
fn csv(rows: &[CallRow], clock: &Hours) -> String {
    let mut text =
        "id,organisation,direction,caller,caller_user,dialled,outside,callback,queue,agent,way,\
        began,answered,joined,ended,waited_ms,talked_ms,cause\r\n"
            .to_owned();
    for row in rows {
        let moment = |ms: Option<u64>| ms.map(|ms| written(clock, ms));
        let fields = [
            Some(row.id.clone()),
            Some(row.org.clone()),
            Some(row.direction.clone()),
            row.caller.clone(),
            row.caller_user.clone(),
            row.dialled.clone(),
            row.outside.clone(),
            row.callback.map(|entry| format!("b{entry}")),
            row.queue.clone(),
            row.agent.clone(),
            Some(shown(&row.way)),
            moment(Some(row.began_ms)),
            moment(row.answered_ms),
            moment(row.joined_ms),
            moment(row.ended_ms),
            waited_ms(row).map(|ms| ms.to_string()),
            Some(row.talked_ms.to_string()),
            row.cause.clone(),
        ];
        let fields = fields.map(|it| quoted(&it.unwrap_or_default()));
        text += &fields.join(",");
        text += "\r\n";
    }
    text
}

fn written(clock: &Hours, utc_ms: u64) -> String {
    clock.written(i64::try_from(utc_ms / 1_000).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_field_for_each_head_and_none_is_a_formula() {
        let row = CallRow {
            id: "0f-c3-1-2".into(),
            caller: Some("=1+1".into()),
            dialled: Some("+46850001000".into()),
            way: vec![
                ("group".into(), Some("Sales, Malmö".into())),
                ("talked".into(), None),
            ],
            began_ms: 1_000,
            joined_ms: Some(4_500),
            ..CallRow::default()
        };
        let clock = Hours::new("UTC").unwrap();
        let text = csv(std::slice::from_ref(&row), &clock);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].contains(",'=1+1,,+46850001000,"), "{}", lines[1]);
        assert!(
            lines[1].contains(r#","group Sales, Malmö > talked","#),
            "{}",
            lines[1]
        );
        assert!(lines[1].ends_with(",3500,0,"), "{}", lines[1]);
        let heads = lines[0].split(',').count();
        assert_eq!(
            lines[1].split(',').count(),
            heads + 1,
            "one field has a comma"
        );
        assert!(
            super::text(&[row], 2, &clock)
                .ends_with("1 of 2 calls: ask for a shorter time, or with --csv\n")
        );
    }
}
