//! `kolapp callbacks`: what is asked of the running server, and its answers as tables and CSV.

use crate::callback_cli::{
    CallbackAction, CallbackArguments, ListArguments, OfAgent, OfLists, OutcomeName, ThenName,
};
use crate::ctl::client::{CtlError, exchange, json, socket};
use crate::ctl::protocol::{
    CallbackAct, CallbackRequest, Failure, ListRequest, Request, StaffAct, WindowName,
};
use crate::ctl::tables::{self, table};
use crate::documents::{Answer, CallbackDocument, CallbackDone, CallbackPage, CallbackRow};
use callback::{Direction, Outcome, PAGE_ROWS_MAX, Then, When};
use serde::de::DeserializeOwned;
use std::fmt::Write;
use web::quoted;

/// Asks the server and gives back what to print.
pub(crate) fn ask(arguments: CallbackArguments) -> Result<String, CtlError> {
    let path = socket(arguments.socket, &arguments.config)?;
    let ask = |request: CallbackRequest| {
        let request = Request::Callbacks(request);
        let request = match &arguments.as_user {
            Some(user) => Request::As {
                user: user.clone(),
                request: Box::new(request),
            },
            None => request,
        };
        exchange(&path, &request)
    };
    if let CallbackAction::Export { number: None, .. } = &arguments.action {
        let page = all(ask)?;
        return Ok(match arguments.json {
            true => json(&Answer::Callbacks(page)) + "\n",
            false => csv(&page.rows),
        });
    }
    let is_export = matches!(arguments.action, CallbackAction::Export { .. });
    let answer = ask(request(arguments.action)?)?;
    // What is told of a person is told whole, which no table has room for.
    Ok(match arguments.json || is_export {
        true => json(&answer) + "\n",
        false => tables::text(&answer),
    })
}

/// Every page there is.
fn all(
    ask: impl Fn(CallbackRequest) -> Result<Answer, CtlError>,
) -> Result<CallbackPage, CtlError> {
    let mut rows = Vec::new();
    for page in 0.. {
        let asked = ListRequest {
            page,
            page_rows: PAGE_ROWS_MAX,
            ..ListRequest::default()
        };
        let Answer::Callbacks(more) = ask(CallbackRequest::List(asked))? else {
            break;
        };
        if more.rows.is_empty() {
            break;
        }
        rows.extend(more.rows);
    }
    let total = rows.len();
    Ok(CallbackPage { total, rows })
}

fn request(action: CallbackAction) -> Result<CallbackRequest, CtlError> {
    let act = |entry: String, act: CallbackAct| CallbackRequest::Act {
        entry,
        version: None,
        act,
    };
    let staff = |OfLists { agent, list }, act| CallbackRequest::Staff { agent, list, act };
    Ok(match action {
        CallbackAction::List(asked) => CallbackRequest::List(list(asked)?),
        CallbackAction::Show { callback } => CallbackRequest::Show { entry: callback },
        CallbackAction::Export {
            number,
            organisation,
        } => CallbackRequest::Export {
            org: organisation,
            number: number.unwrap_or_default(),
        },
        CallbackAction::Erase {
            number,
            organisation,
        } => CallbackRequest::Erase {
            org: organisation,
            number,
        },
        CallbackAction::Lease(OfAgent { callback, agent }) => {
            act(callback, CallbackAct::Lease { agent })
        }
        CallbackAction::Release(OfAgent { callback, agent }) => {
            act(callback, CallbackAct::Release { agent })
        }
        CallbackAction::Call(OfAgent { callback, agent }) => {
            act(callback, CallbackAct::Call { agent })
        }
        CallbackAction::Note {
            of: OfAgent { callback, agent },
            text,
            outcome,
            then,
        } => act(
            callback,
            CallbackAct::Note {
                agent,
                text,
                outcome: outcome.map(outcome_of),
                then: then.map(|then| match then {
                    ThenName::Requeue => Then::Requeue,
                    ThenName::Close => Then::Close,
                }),
            },
        ),
        CallbackAction::Requeue { callback, text } => act(callback, CallbackAct::Requeue { text }),
        CallbackAction::Move { callback, to } => {
            let window = to.window.map(|name| WindowName {
                name,
                from: to.from,
            });
            act(callback, CallbackAct::Move { window })
        }
        CallbackAction::Cancel { callback, text } => act(callback, CallbackAct::Cancel { text }),
        CallbackAction::Waive { callback } => act(callback, CallbackAct::Waive),
        CallbackAction::Reveal { callback } => act(callback, CallbackAct::Reveal),
        CallbackAction::LogIn(of) => staff(of, StaffAct::LogIn),
        CallbackAction::LogOut(of) => staff(of, StaffAct::LogOut),
        CallbackAction::Next(of) => staff(of, StaffAct::Next),
    })
}

fn outcome_of(name: OutcomeName) -> Outcome {
    match name {
        OutcomeName::Reached => Outcome::Reached,
        OutcomeName::Busy => Outcome::Busy,
        OutcomeName::NoAnswer => Outcome::NoAnswer,
        OutcomeName::Voicemail => Outcome::Voicemail,
        OutcomeName::WrongNumber => Outcome::WrongNumber,
    }
}

fn list(asked: ListArguments) -> Result<ListRequest, CtlError> {
    let statuses: Result<_, _> = asked
        .status
        .iter()
        .map(|word| named("status", word))
        .collect();
    Ok(ListRequest {
        lists: asked.list,
        statuses: statuses?,
        when: match (asked.due, asked.overdue) {
            (_, true) => When::Overdue,
            (true, false) => When::Due,
            (false, false) => When::Any,
        },
        agent: asked.agent,
        search: asked.search,
        heading: named("heading", &asked.sort)?,
        direction: match asked.descending {
            true => Direction::Descending,
            false => Direction::Ascending,
        },
        page: asked.page.saturating_sub(1) as usize,
        page_rows: asked.rows as usize,
    })
}

/// By the word that it has in documents.
fn named<T: DeserializeOwned>(what: &str, word: &str) -> Result<T, CtlError> {
    serde_json::from_value(word.into()).map_err(|error| {
        let problem = format!("{what} {word:?}: {error}");
        CtlError::Failed(Failure::new(problem))
    })
}

/// A page as a table.
pub(super) fn page(page: &CallbackPage) -> String {
    let dash = || "-".to_owned();
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(dash);
    let cells = page.rows.iter().map(|row| {
        [
            row.id.clone(),
            row.list.to_string(),
            row.status.to_string(),
            row.arrived.clone(),
            due(row),
            or_dash(&row.window),
            or_dash(&row.window_until),
            row.number.clone(),
            or_dash(&row.keyed),
            row.attempts.to_string(),
            agent(row).unwrap_or_else(dash),
            or_dash(&row.latest),
        ]
    });
    let head = [
        "ID", "LIST", "STATUS", "ARRIVED", "DUE", "WINDOW", "UNTIL", "NUMBER", "KEYED", "TRIES",
        "AGENT", "LATEST",
    ];
    let mut text = table(head, cells, "No callbacks\n");
    if page.total > page.rows.len() {
        let _ = writeln!(text, "{} of {}", page.rows.len(), page.total);
    }
    text
}

/// Who has it, and until when if nothing comes of it; else who tried last.
fn agent(row: &CallbackRow) -> Option<String> {
    match (&row.held_by, &row.held_until) {
        (Some(agent), Some(until)) => Some(format!("{} until {until}", agent.name())),
        (held_by, _) => {
            let agent = held_by.as_ref().or(row.tried_by.as_ref())?;
            Some(agent.name().to_owned())
        }
    }
}

fn due(row: &CallbackRow) -> String {
    match (row.is_due, row.is_overdue) {
        (_, true) => "overdue".into(),
        (true, false) => "now".into(),
        (false, false) => row.due.clone(),
    }
}

/// One, with its attempts and what came about.
pub(super) fn whole(callback: &CallbackDocument) -> String {
    let mut text = page(&CallbackPage {
        total: 1,
        rows: vec![callback.row.clone()],
    });
    for one in &callback.tries {
        let outcome = one.outcome.map(crate::callbacks::word);
        let outcome = outcome.unwrap_or_else(|| "under way".into());
        let said = one.text.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{}  {} tried: {outcome}  {said}", one.at, one.agent);
    }
    for event in &callback.history {
        let _ = writeln!(text, "{}  {}: {}", event.at, event.by, event.what);
    }
    text
}

/// What came of a change.
pub(super) fn done(done: &CallbackDone) -> String {
    match done {
        CallbackDone::Done => "Done.\n".into(),
        CallbackDone::Leased { entry, until } => format!("{entry} is leased until {until}\n"),
        CallbackDone::Moved {
            entry,
            window: None,
            ..
        } => format!("{entry} is to be called as soon as possible\n"),
        CallbackDone::Moved {
            entry,
            window: Some(window),
            due,
        } => format!("{entry} is to be called in {window}, from {due}\n"),
        CallbackDone::Calling { entry } => format!("The agent is rung for {entry}\n"),
        CallbackDone::Revealed { keyed } => format!("{keyed}\n"),
        CallbackDone::Erased { erased, left: 0 } => format!("{erased} erased\n"),
        CallbackDone::Erased { erased, left } => format!(
            "{erased} erased; {left} left, which are being called or lack a description: erase again later\n"
        ),
    }
}

/// As CSV (RFC 4180).
fn csv(rows: &[CallbackRow]) -> String {
    let mut text = "id,list,status,arrived,window,window_from,window_until,due,number,keyed,\
        attempts,tried_by,held_by,latest\r\n"
        .to_owned();
    for row in rows {
        let list = row.list.to_string();
        let status = row.status.to_string();
        let attempts = row.attempts.to_string();
        let tried_by = row.tried_by.as_ref().map(ToString::to_string);
        let held_by = row.held_by.as_ref().map(ToString::to_string);
        let fields = [
            Some(row.id.as_str()),
            Some(&list),
            Some(&status),
            Some(&row.arrived),
            row.window.as_deref(),
            row.window_from.as_deref(),
            row.window_until.as_deref(),
            Some(&row.due),
            Some(&row.number),
            row.keyed.as_deref(),
            Some(&attempts),
            tried_by.as_deref(),
            held_by.as_deref(),
            row.latest.as_deref(),
        ];
        let fields: Vec<String> = fields
            .iter()
            .map(|it| quoted(it.unwrap_or_default()))
            .collect();
        text += &fields.join(",");
        text += "\r\n";
    }
    text
}
