//! What people ask of callback lists: names become ids, and answers documents. In the log it is said in words, and who is
//! called back is not said there.

use super::history;
use crate::audit::{Doing, Way};
use crate::commands::{Commands, queue_of};
use crate::ctl::protocol::{CallbackAct, CallbackRequest, Failure, ListRequest, StaffAct};
use crate::documents::{
    Answer, CallbackAttempt, CallbackDocument, CallbackDone, CallbackEvent, CallbackPage,
    CallbackRow,
};
use crate::hours::find;
use base::{CallbackId, UserId};
use callback::{Attempt, Done, Number, Query, Refusal, Row, Told, Utc, Wish};
use control::{
    CallbackCommand, EntryAction, Note, Principal, Queues, StaffAction, WindowChoice, permit,
};
use jiff::Timestamp;
use web::Happened;

/// What a command is to do.
pub(super) fn in_words(command: &CallbackCommand) -> String {
    match command {
        CallbackCommand::Staff { agent, action } => {
            let (word, lists) = match action {
                StaffAction::LogIn(lists) => ("logs in", lists),
                StaffAction::LogOut(lists) => ("logs out", lists),
                StaffAction::TakeNext(lists) => ("takes the next for", lists),
            };
            let lists = match lists {
                Queues::All => "all lists".to_owned(),
                Queues::One(list) => list.to_string(),
            };
            format!("{word} {agent}, {lists}")
        }
        CallbackCommand::Entry {
            list,
            entry,
            action,
            ..
        } => {
            let of = |word: &str, agent: &UserId| format!("{word} {agent}");
            let what = match action {
                EntryAction::Lease(agent) => of("leases it to", agent),
                EntryAction::Release(agent) => of("gives it back for", agent),
                EntryAction::Call(agent) => of("calls as", agent),
                EntryAction::Note { agent, .. } => of("says what came of it for", agent),
                EntryAction::Requeue { .. } => "requeues it".to_owned(),
                EntryAction::Move(_) => "moves it".to_owned(),
                EntryAction::Cancel { .. } => "cancels it".to_owned(),
                EntryAction::Waive => "waives its description".to_owned(),
                EntryAction::Reveal => "has what was keyed shown".to_owned(),
            };
            format!("{what}: {entry} of {list}")
        }
        CallbackCommand::Erase { org, .. } => format!("erases a number in {org}"),
    }
}

impl Commands {
    /// What whoever asks may see and have done with callback lists.
    pub(crate) async fn ask_callbacks(
        &self,
        by: Principal,
        request: CallbackRequest,
    ) -> Result<Answer, Failure> {
        match request {
            CallbackRequest::List(asked) => self.callback_page(&by, asked),
            CallbackRequest::Show { entry } => self.callback_shown(&by, &entry).await,
            CallbackRequest::Export { org, number } => {
                self.callback_export(&by, org, &number).await
            }
            CallbackRequest::Erase { org, number } => {
                let org = self.organisation(org)?;
                self.change_callbacks(by, CallbackCommand::Erase { org, number })
                    .await
            }
            CallbackRequest::Staff { agent, list, act } => {
                let agent = self.user(&agent)?;
                let lists = match list {
                    Some(name) => Queues::One(queue_of(&agent.org(), &name)?),
                    None => Queues::All,
                };
                let action = match act {
                    StaffAct::LogIn => StaffAction::LogIn(lists),
                    StaffAct::LogOut => StaffAction::LogOut(lists),
                    StaffAct::Next => StaffAction::TakeNext(lists),
                };
                self.change_callbacks(by, CallbackCommand::Staff { agent, action })
                    .await
            }
            CallbackRequest::Act {
                entry,
                version,
                act,
            } => {
                let row = self.callback_of(&by, &entry)?;
                match self.callback_action(act)? {
                    EntryAction::Move(window) => self.move_callback(by, row, version, window).await,
                    action => {
                        let command = CallbackCommand::Entry {
                            list: row.queue,
                            entry: row.id,
                            version,
                            action,
                        };
                        self.change_callbacks(by, command).await
                    }
                }
            }
        }
    }

    fn callback_action(&self, act: CallbackAct) -> Result<EntryAction, Failure> {
        Ok(match act {
            CallbackAct::Lease { agent } => EntryAction::Lease(self.user(&agent)?),
            CallbackAct::Release { agent } => EntryAction::Release(self.user(&agent)?),
            CallbackAct::Call { agent } => EntryAction::Call(self.user(&agent)?),
            CallbackAct::Note {
                agent,
                text,
                outcome,
                then,
            } => EntryAction::Note {
                agent: self.user(&agent)?,
                note: Note {
                    text,
                    outcome,
                    then,
                },
            },
            CallbackAct::Requeue { text } => EntryAction::Requeue { text },
            CallbackAct::Cancel { text } => EntryAction::Cancel { text },
            CallbackAct::Move { window } => EntryAction::Move(window.map(WindowChoice::from)),
            CallbackAct::Waive => EntryAction::Waive,
            CallbackAct::Reveal => EntryAction::Reveal,
        })
    }

    /// The row of an entry that whoever asks may see.
    fn callback_of(&self, by: &Principal, name: &str) -> Result<Row, Failure> {
        let unknown = || Failure::new(format!("there is no callback {name}"));
        let id: CallbackId = name.parse().map_err(|_| unknown())?;
        let stand = self.0.callbacks.stand();
        let row = stand.entry(id).map(|whole| whole.row.clone());
        let may_see = stand.lists_for(by);
        row.filter(|row| may_see.contains(&row.queue))
            .ok_or_else(unknown)
    }

    fn callback_page(&self, by: &Principal, asked: ListRequest) -> Result<Answer, Failure> {
        let loaded = self.0.config.loaded();
        let list = |name: &String| {
            let found = find(&loaded.directory, name);
            found
                .map(|(queue, _)| queue)
                .map_err(|error| Failure::new(error.to_string()))
        };
        let lists: Result<_, Failure> = asked.lists.iter().map(list).collect();
        let agent = asked.agent.as_deref().map(|name| self.user(name));
        let query = Query {
            lists: lists?,
            statuses: asked.statuses.into_iter().collect(),
            when: asked.when,
            agent: agent.transpose()?,
            search: asked.search,
            heading: asked.heading,
            direction: asked.direction,
            page: asked.page,
            page_rows: asked.page_rows,
        };
        let page = self.0.callbacks.page(by, query);
        Ok(Answer::Callbacks(CallbackPage {
            total: page.total,
            rows: page.rows.iter().map(document).collect(),
        }))
    }

    async fn callback_shown(&self, by: &Principal, name: &str) -> Result<Answer, Failure> {
        let row = self.callback_of(by, name)?;
        let stand = self.0.callbacks.stand();
        let attempts = stand.entry(row.id).map(|whole| whole.attempts.as_slice());
        let attempts = attempts.unwrap_or_default().iter().map(attempt).collect();
        let mut histories = self.histories(&[row.id]).await?;
        let history = histories.pop().unwrap_or_default();
        Ok(Answer::Callback(Box::new(CallbackDocument {
            row: document(&row),
            tries: attempts,
            history,
        })))
    }

    /// What came about with each of these.
    async fn histories(&self, ids: &[CallbackId]) -> Result<Vec<Vec<CallbackEvent>>, Failure> {
        let histories = history::of(self.0.store.location(), ids).await;
        let histories = histories.map_err(|unread| Failure::new(unread.to_string()))?;
        let histories = histories.into_iter();
        Ok(histories
            .map(|it| it.into_iter().map(event).collect())
            .collect())
    }

    /// All that is kept of a number, for whoever has a right to know; who may erase it may have it told.
    async fn callback_export(
        &self,
        by: &Principal,
        org: Option<String>,
        number: &str,
    ) -> Result<Answer, Failure> {
        let org = self.organisation(org)?;
        let wrong = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
        let may = CallbackCommand::Erase {
            org: org.clone(),
            number: number.to_owned(),
        };
        permit(by.clone(), may).map_err(|refusal| wrong(&refusal))?;
        let number: Number = number
            .parse()
            .map_err(|invalid: callback::InvalidNumber| wrong(&invalid))?;
        tracing::info!("callbacks: {by} has all told that is kept of a number in {org}");
        let what = "has all told that is kept of a number".to_owned();
        let doing = Doing::new(by, Way::by_socket(by), Some(org.to_string()), what);
        self.0.audit.keep(doing, None);
        let told = self.0.callbacks.export(org, number).await;
        let told = told.map_err(|gone| wrong(&gone))?;
        let ids: Vec<CallbackId> = told.iter().map(|entry| entry.id).collect();
        let histories = self.histories(&ids).await?;
        let stand = self.0.callbacks.stand();
        let rows = told.iter().zip(histories).filter_map(|(entry, history)| {
            let whole = stand.entry(entry.id)?;
            let keyed = entry.asked.input.as_ref().map(|input| input.revealed());
            Some(CallbackDocument {
                row: CallbackRow {
                    keyed,
                    ..document(&whole.row)
                },
                tries: entry.attempts.iter().map(attempt).collect(),
                history,
            })
        });
        Ok(Answer::CallbackExport(rows.collect()))
    }

    /// The one check, and then the lists.
    pub(super) async fn do_to_callbacks(
        &self,
        by: Principal,
        command: CallbackCommand,
    ) -> Result<Result<Done, Refusal>, Failure> {
        let way = Way::by_socket(&by);
        let command = permit(by, command).map_err(|refusal| Failure::new(refusal.to_string()))?;
        let done = self.0.callbacks.command(command, way).await;
        done.map_err(|gone| Failure::new(gone.to_string()))
    }

    async fn change_callbacks(
        &self,
        by: Principal,
        command: CallbackCommand,
    ) -> Result<Answer, Failure> {
        let done = self.do_to_callbacks(by, command).await?;
        let done = done.map_err(|refusal| Failure::new(refusal.to_string()))?;
        let until = |until| {
            let wall = self.0.clock.wall(self.0.clock.now());
            moment(Utc::from_seconds(wall.unix_seconds(until)))
        };
        Ok(Answer::CallbackDone(match done {
            Done::Done => CallbackDone::Done,
            Done::Leased { entry, until: at } => CallbackDone::Leased {
                entry: entry.to_string(),
                until: until(at),
            },
            Done::Calling { entry, .. } => CallbackDone::Calling {
                entry: entry.to_string(),
            },
            Done::Revealed(keyed) => CallbackDone::Revealed { keyed },
            Done::Erased { erased, left } => CallbackDone::Erased { erased, left },
        }))
    }
}

/// A row as a document.
fn document(row: &Row) -> CallbackRow {
    let (window, from, until) = match &row.wish {
        Wish::AsSoonAsPossible => (None, None, None),
        Wish::Window(window) => (
            Some(window.name.to_string()),
            Some(moment(window.span.from)),
            Some(moment(window.span.until)),
        ),
    };
    CallbackRow {
        id: row.id.to_string(),
        list: row.queue.clone(),
        status: row.status,
        arrived: moment(row.arrived),
        window,
        window_from: from,
        window_until: until,
        due: moment(row.due),
        is_due: row.told != Told::Nothing,
        is_overdue: row.told == Told::Overdue,
        number: row.number.to_string(),
        given: row.given,
        keyed: row.input.clone(),
        attempts: row.attempts,
        tried_by: row.tried_by.clone(),
        held_by: row.held_by.clone(),
        held_until: row.held_until.map(moment),
        latest: row.latest.as_ref().map(|text| text.as_str().to_owned()),
        version: row.version,
    }
}

fn attempt(attempt: &Attempt) -> CallbackAttempt {
    CallbackAttempt {
        at: moment(attempt.at),
        agent: attempt.agent.clone(),
        outcome: attempt.outcome,
        text: attempt.text.as_ref().map(|text| text.as_str().to_owned()),
    }
}

fn event(happened: Happened) -> CallbackEvent {
    CallbackEvent {
        at: moment(happened.at),
        by: happened.by,
        what: happened.what,
    }
}

/// A moment as RFC 3339 writes it.
pub(super) fn moment(utc: Utc) -> String {
    let stamp = Timestamp::from_second(utc.as_seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_string()
}
