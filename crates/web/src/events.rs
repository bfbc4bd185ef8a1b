//! Live changes as server-sent events. Each has an id, by which whoever was away goes on where he was; who was away too
//! long is told to read the lists anew. What he may see is asked with each change, and whether he is still let in.

use crate::body::Asked;
use crate::caller::By;
use crate::changes::{Change, Mark, Staffing};
use crate::desk::Desk;
use crate::eyes::{Eyes, Heard};
use crate::own_calls::OwnCallsView;
use crate::problem::Problem;
use crate::streams::Open;
use crate::views::CallbackRow;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use control::Principal;
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;
use tokio::sync::watch::{self, error::RecvError};
use tokio::time::{Instant, timeout};
use utoipa::IntoParams;

/// How often something is sent where nothing happens: proxies and readers end what is silent.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How long a stream lasts: its reader comes back by himself, and goes on where he was.
const STREAM_LIFE: Duration = Duration::from_secs(3_600);
/// When whoever has too many streams may come again.
const COME_AGAIN: Duration = Duration::from_secs(30);
/// Queues and agents that come and go at once when somebody's rights change: who is to hear more reads all anew.
const ANEW_MAX: usize = 256;

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The id of the last event that was heard, or `event` of a page; `Last-Event-ID` goes before it.
    #[param(max_length = 64)]
    since: Option<String>,
}

/// Changes of what one may see, as they happen.
///
/// `callback` is a row, `erased` has `{"id", "list"}`, `staff` has `{"list", "agent", "staffs"}`, `queue` and `agent` are as `/queues` and `/agents` show them, each at most
/// once a second, `queue-gone` and `agent-gone` have the `{"name"}` of what one sees no longer, `me` is whoever reads, as an agent, `own-calls` is all that `/me/calls` shows,
/// at the beginning and whenever it changes, and `resync` says that something was missed: read all anew.
#[utoipa::path(
    get, path = "/events", tag = "events",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was heard")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 401, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
    ),
)]
pub(crate) async fn events(
    State(desk): State<Desk>,
    by: By,
    headers: HeaderMap,
    Asked(query): Asked<EventsQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Some(open) = desk.streams().open(by.who().clone()) else {
        let detail = "there are as many live streams as there may be";
        return Err(Problem::later(
            StatusCode::TOO_MANY_REQUESTS,
            detail,
            COME_AGAIN,
        ));
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let since = last.map(str::to_owned).or(query.since);
    let reader = Reader::new(desk, by, since.as_deref(), open);
    Ok(Sse::new(stream::unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok(event), reader))
    })))
}

/// Somebody who reads.
struct Reader {
    desk: Desk,
    by: By,
    at: Mark,
    /// By which rights he has heard what came up to there; none where that is not known.
    heard_by: Option<Eyes>,
    newest: watch::Receiver<u64>,
    /// Told whenever his own calls change; none of who has none.
    own_calls: Option<watch::Receiver<u64>>,
    /// What is to be sent before more is looked for.
    ready: VecDeque<Event>,
    ends: Instant,
    _open: Open,
}

impl Reader {
    fn new(desk: Desk, by: By, since: Option<&str>, open: Open) -> Reader {
        let changes = desk.office().changes();
        let here = changes.here();
        let newest = changes.newest();
        let own_calls = match by.principal() {
            Principal::Operator => None,
            Principal::User { user, .. } => Some(desk.office().own_calls_changes(user)),
        };
        let mut reader = Reader {
            own_calls,
            by,
            at: here,
            heard_by: None,
            newest,
            ready: VecDeque::new(),
            ends: Instant::now() + STREAM_LIFE,
            _open: open,
            desk,
        };
        match since.map(str::parse::<Mark>) {
            Some(Ok(mark)) => reader.at = mark,
            // No id of ours: as good as one that is too old.
            Some(Err(())) => reader.begin_anew(),
            None => {}
        }
        reader.look_from_here();
        reader.tell_own_calls();
        // At once, so that whoever reads knows that he is heard.
        reader.ready.push_front(Event::default().comment("here"));
        reader
    }

    /// The next event; none when the stream is over.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if Instant::now() >= self.ends {
                return None;
            }
            // What he may is as he stands now, and nothing is sent to whoever has been logged out.
            let (_, account) = self.desk.account_of(&self.by.secret)?;
            self.by.account = account;
            self.newest.borrow_and_update();
            let before = self.at;
            self.take_what_there_is();
            if self.own_calls.as_ref().is_some_and(has_changed) {
                self.tell_own_calls();
            }
            if !self.ready.is_empty() || self.at != before {
                continue;
            }
            let more = async {
                tokio::select! {
                    more = self.newest.changed() => more,
                    more = changed(self.own_calls.as_mut()) => more,
                }
            };
            match timeout(ALIVE_EVERY, more).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Event::default().comment("alive")),
            }
        }
    }

    /// All of his own calls, without a number: whoever comes back is told them anew.
    fn tell_own_calls(&mut self) {
        if let Some(own_calls) = &mut self.own_calls {
            // Before they are read: what changes in between is told twice and not missed.
            own_calls.borrow_and_update();
            let calls = OwnCallsView::of(&self.desk, self.by.principal());
            self.ready.push_back(named("own-calls", &calls));
        }
    }

    fn take_what_there_is(&mut self) {
        let Ok(changes) = self.desk.office().changes().after(self.at) else {
            return self.begin_anew();
        };
        let visible = self
            .desk
            .office()
            .settings()
            .visible_to(self.by.principal());
        let eyes = self.eyes();
        for (mark, change) in changes {
            let since = self.at.number();
            self.at = mark;
            let mut tell = |event| self.ready.push_back(event);
            match &change {
                Change::Entry(row) if visible.contains(&row.queue) => {
                    tell(numbered(mark, "callback", &CallbackRow::from(&**row)));
                }
                Change::Erased { entry, list } if visible.contains(list) => {
                    let data = json!({ "id": entry.to_string(), "list": list.to_string() });
                    tell(numbered(mark, "erased", &data));
                }
                Change::Staff {
                    agent,
                    list,
                    staffing,
                } if visible.contains(list) => {
                    let staffs = *staffing == Staffing::Begins;
                    let data = json!({ "list": list.to_string(), "agent": agent.to_string(), "staffs": staffs });
                    tell(numbered(mark, "staff", &data));
                }
                Change::Entry(_) | Change::Erased { .. } | Change::Staff { .. } => {}
                Change::Queue(_) | Change::QueueGone(_) | Change::Agent(_) => {
                    if let Some(heard) = eyes.hear(&change, since, self.heard_by.as_ref()) {
                        self.tell(&heard, &eyes, Some(mark));
                    }
                }
                Change::Sight => {
                    let Some(heard) = self.hear_anew(since, &eyes) else {
                        return self.begin_anew();
                    };
                    // Whoever breaks off before the last of them has a number from before his rights changed, and reads all anew.
                    let last = heard.len().saturating_sub(1);
                    for (place, heard) in heard.iter().enumerate() {
                        self.tell(heard, &eyes, (place == last).then_some(mark));
                    }
                    self.heard_by = Some(eyes.clone());
                }
            }
        }
    }

    /// What is told him when his rights become these; none where it isn't known what he has heard, or it is much.
    fn hear_anew(&self, since: u64, eyes: &Eyes) -> Option<Vec<Heard>> {
        let before = self.heard_by.as_ref()?;
        if eyes.see_as(before) {
            return Some(Vec::new());
        }
        let told = self.desk.office().changes().told_of(&eyes.org()?);
        let told = told.iter().map(|(number, change)| (*number, change));
        let heard = told.filter_map(|it| eyes.hear_anew(it, since, before));
        let heard: Vec<Heard> = heard.take(ANEW_MAX + 1).collect();
        (heard.len() <= ANEW_MAX).then_some(heard)
    }

    fn tell(&mut self, heard: &Heard, eyes: &Eyes, mark: Option<Mark>) {
        let event = match heard {
            Heard::Queue(queue) => named("queue", &**queue),
            Heard::QueueGone(queue) => named("queue-gone", &json!({ "name": queue })),
            Heard::Agent(agent) => {
                // Without a number: whoever breaks off between the two hears both again.
                if eyes.is(&agent.name) {
                    self.ready.push_back(named("me", &**agent));
                }
                named("agent", &**agent)
            }
            Heard::AgentGone(agent) => named("agent-gone", &json!({ "name": agent })),
        };
        self.ready.push_back(match mark {
            Some(mark) => event.id(mark.to_string()),
            None => event,
        });
    }

    fn eyes(&self) -> Eyes {
        Eyes::new(self.by.principal(), self.desk.office().sight())
    }

    /// What he has heard or read up to here he has by the rights that he has now, where they are those that were told last.
    fn look_from_here(&mut self) {
        let office = self.desk.office();
        let is_known = office.changes().are_by(&office.sight(), self.at);
        self.heard_by = is_known.then(|| self.eyes());
    }

    fn begin_anew(&mut self) {
        self.at = self.desk.office().changes().here();
        self.look_from_here();
        let resync = Event::default().event("resync").id(self.at.to_string());
        self.ready.push_back(resync.data("{}"));
    }
}

fn has_changed(own_calls: &watch::Receiver<u64>) -> bool {
    own_calls.has_changed().unwrap_or(false)
}

/// Waits for a change; for ever, where there is nothing that could.
async fn changed(own_calls: Option<&mut watch::Receiver<u64>>) -> Result<(), RecvError> {
    match own_calls {
        Some(own_calls) => {
            own_calls.changed().await?;
            // It has been seen once it is told.
            own_calls.mark_changed();
            Ok(())
        }
        None => pending().await,
    }
}

fn numbered(mark: Mark, name: &str, data: &impl Serialize) -> Event {
    named(name, data).id(mark.to_string())
}

fn named(name: &str, data: &impl Serialize) -> Event {
    let data = serde_json::to_string(data).expect("texts, numbers and lists can be written");
    Event::default().event(name).data(data)
}
