//! Records of calls as the API asks for them.

use crate::facts::Facts;
use store::{CallHeading, CallOrder, CallQuery, CallRow, Location, Reader};
use web::{CallShown, CallSort, CallsAsked, CallsFound, SortOrder, Unread, Who};

/// The page that somebody asks for.
pub(crate) async fn page(
    facts: &Facts,
    location: Location,
    by: Who,
    asked: CallsAsked,
) -> Result<CallsFound, Unread> {
    let query = query(asked);
    let reading = async move {
        let mut reader = Reader::open(location).await?;
        let page = reader.calls(&query).await?;
        reader.close().await?;
        Ok(page)
    };
    let page = facts.read_for(&by, reading).await?;
    Ok(CallsFound {
        calls: page.rows.into_iter().map(shown).collect(),
        total: page.total,
    })
}

/// One call.
pub(crate) async fn call(
    facts: &Facts,
    location: Location,
    by: Who,
    id: String,
) -> Result<Option<CallShown>, Unread> {
    let reading = async move {
        let mut reader = Reader::open(location).await?;
        let call = reader.call(&id).await?;
        reader.close().await?;
        Ok(call)
    };
    let call = facts.read_for(&by, reading).await?;
    Ok(call.map(shown))
}

fn query(asked: CallsAsked) -> CallQuery {
    let name = |user: base::UserId| user.to_string();
    CallQuery {
        org: asked.org.map(|org| org.to_string()),
        from_ms: asked.from_ms,
        until_ms: asked.until_ms,
        number: asked.number,
        queue: asked.queue.map(|queue| queue.to_string()),
        cause: asked.cause,
        user: asked.agent.map(name),
        whose: asked.whose.map(name),
        heading: match asked.sort {
            CallSort::Began => CallHeading::Began,
            CallSort::Waited => CallHeading::Waited,
            CallSort::Talked => CallHeading::Talked,
            CallSort::Caller => CallHeading::Caller,
            CallSort::Dialled => CallHeading::Dialled,
            CallSort::Queue => CallHeading::Queue,
            CallSort::Agent => CallHeading::Agent,
            CallSort::Direction => CallHeading::Direction,
            CallSort::Cause => CallHeading::Cause,
        },
        order: match asked.order {
            SortOrder::Ascending => CallOrder::Ascending,
            SortOrder::Descending => CallOrder::Descending,
        },
        skip: u64::from(asked.page) * u64::from(asked.rows),
        most: asked.rows,
    }
}

fn shown(row: CallRow) -> CallShown {
    CallShown {
        id: row.id,
        org: row.org,
        direction: row.direction,
        caller: row.caller,
        caller_user: row.caller_user,
        dialled: row.dialled,
        outside: row.outside,
        callback: row.callback,
        queue: row.queue,
        agent: row.agent,
        way: row.way,
        began_ms: row.began_ms,
        answered_ms: row.answered_ms,
        joined_ms: row.joined_ms,
        ended_ms: row.ended_ms,
        talked_ms: row.talked_ms,
        cause: row.cause,
    }
}
