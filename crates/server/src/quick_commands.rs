//! Quick-closes and the state of queues' doors, as they are asked for and shown.

use crate::commands::Commands;
use crate::ctl::protocol::{Failure, QuickRequest};
use crate::documents::{Answer, DoorRow, QuickPreviewRow, QuickRow};
use crate::hours::{find, unix_now, why};
use base::{OrgId, QueueId};
use calendar::{Decider, Effect, Hours, QuickClose, QuickCloses, Standing, Waiting, Way};
use call::settings::{Destination, Directory, Organisation};
use config::Loaded;
use control::{Command, Principal, QuickCommand};
use std::collections::BTreeMap;
use web::{LeadsTo, LeadsToKind};

impl Commands {
    /// What is to be done, or shown beforehand.
    pub(crate) fn resolve_quick(&self, request: QuickRequest) -> Result<Command, Failure> {
        let is_preview = request.preview;
        let quick = Box::new(self.quick_meant(request)?);
        Ok(Command::Quick(match is_preview {
            true => QuickCommand::Preview(quick),
            false => QuickCommand::Set(quick),
        }))
    }

    /// Names to ids, times to moments.
    pub(crate) fn quick_meant(&self, request: QuickRequest) -> Result<QuickClose, Failure> {
        let loaded = self.0.config.loaded();
        let directory = &loaded.directory;
        let wrong = |problem: String| Failure::new(problem);
        let queues = queues(directory, &request)?;
        let first = queues
            .first()
            .ok_or_else(|| wrong("name queues or a group of them".into()))?;
        let org = first.org();
        if queues.iter().any(|queue| !queue.is_of(&org)) {
            return Err(wrong("the queues are of several organisations".into()));
        }
        let organisation = directory.organisations.get(&org);
        let organisation = organisation.ok_or_else(|| wrong(format!("there is no {org}")))?;
        let no_clock = || wrong(format!("the clock of {first} can't be read"));
        let clock = organisation.clock_of(first).ok_or_else(no_clock)?;
        let now = unix_now();
        let moment = |text: &str| {
            let moment = clock.moment(text, now);
            moment.map_err(|invalid| wrong(invalid.to_string()))
        };
        let message = match &request.message {
            Some(name) => Some(prompt(&loaded.prompts, &org, organisation, name)?),
            None => None,
        };
        let from = request.from.as_deref().map_or(Ok(now), moment)?;
        Ok(QuickClose {
            id: 0,
            queues,
            from,
            until: moment(&request.until)?,
            effect: request.effect,
            message,
            waiting: request.waiting,
            by: "".into(),
            way: Way::Command,
        })
    }

    /// The one to undo, with its queues, by which it is known who may.
    pub(crate) fn resolve_undo(&self, id: u32) -> Result<Command, Failure> {
        let all = self.0.quick.all();
        let missing = || Failure::new(format!("there is no quick-close {id}"));
        let queues = all.find(id).ok_or_else(missing)?.queues.clone();
        Ok(Command::Quick(QuickCommand::Undo { id, queues }))
    }

    pub(crate) async fn change_quick(
        &self,
        by: &Principal,
        command: QuickCommand,
    ) -> Result<Answer, Failure> {
        match command {
            QuickCommand::Set(mut quick) => {
                quick.by = by.to_string().into();
                tracing::info!(%by, ?quick, "quick-close");
                let id = self.0.quick.set(*quick).await?;
                let all = self.0.quick.all();
                Ok(Answer::QuickCloses(
                    self.quick_rows(&all, |quick| quick.id == id),
                ))
            }
            QuickCommand::Undo { id, .. } => {
                tracing::info!(%by, id, "quick-close undone");
                self.0.quick.undo(id).await.map(|()| Answer::Changed)
            }
            QuickCommand::Preview(quick) => self.preview(&quick).await,
        }
    }

    /// What it would do to each queue, which it is not told.
    async fn preview(&self, quick: &QuickClose) -> Result<Answer, Failure> {
        let now = unix_now();
        let before = self.0.quick.all();
        let (after, _) = before
            .with(quick.clone(), now)
            .map_err(|invalid| Failure::new(invalid.to_string()))?;
        let snapshot = self.snapshot().await?;
        let loaded = self.0.config.loaded();
        let mut rows = Vec::new();
        for queue in &quick.queues {
            let Some(organisation) = loaded.directory.organisations.get(&queue.org()) else {
                continue;
            };
            let hours = organisation.hours_of(queue);
            let at = quick.from.max(now);
            let state = |quick: &QuickCloses| word(standing(queue, hours, quick).is_open(at));
            let waits = snapshot.queues.iter().find(|it| it.queue == *queue);
            let waiting = waits.map_or(0, |it| it.waiting + it.offered);
            let moves = quick.effect == Effect::Close && quick.waiting == Waiting::Move;
            rows.push(QuickPreviewRow {
                queue: queue.clone(),
                now: state(&before).into(),
                then: state(&after).into(),
                from: written(organisation, queue, at),
                until: written(organisation, queue, quick.until),
                waiting,
                they: if moves { "move" } else { "stay" }.into(),
                leads_to: leads_to(organisation, queue),
            });
        }
        Ok(Answer::QuickPreview(rows))
    }

    /// Those of queues that somebody sees.
    pub(crate) fn quick_list(&self, sees: impl Fn(&QueueId) -> bool) -> Answer {
        let all = self.0.quick.all();
        let now = unix_now();
        let is_shown = |quick: &QuickClose| quick.until > now && quick.queues.iter().all(&sees);
        Answer::QuickCloses(self.quick_rows(&all, is_shown))
    }

    fn quick_rows(&self, all: &QuickCloses, shown: impl Fn(&QuickClose) -> bool) -> Vec<QuickRow> {
        let loaded = self.0.config.loaded();
        let now = unix_now();
        let rows = all.iter().filter(|quick| shown(quick)).filter_map(|quick| {
            let first = quick.queues.first()?;
            let organisation = loaded.directory.organisations.get(&first.org())?;
            Some(QuickRow {
                id: quick.id,
                effect: quick.effect,
                state: if quick.from <= now {
                    "in force"
                } else {
                    "to come"
                }
                .into(),
                queues: quick.queues.clone(),
                from: written(organisation, first, quick.from),
                until: written(organisation, first, quick.until),
                waiting: quick.waiting,
                message: quick.message.as_deref().map(Into::into),
                by: quick.by.to_string(),
            })
        });
        rows.collect()
    }

    /// Whether each queue is open, why, and until when.
    pub(crate) fn doors(&self, sees: impl Fn(&QueueId) -> bool) -> Answer {
        let loaded = self.0.config.loaded();
        let all = self.0.quick.all();
        let now = unix_now();
        let organisations = loaded.directory.organisations.values();
        let rows = organisations.flat_map(|organisation| {
            let queues = organisation.queues.keys().filter(|queue| sees(queue));
            queues.map(|queue| door_row(organisation, queue, &all, now))
        });
        Answer::Doors(rows.collect())
    }

    /// Whether each queue of an organisation lets callers in now.
    pub(crate) fn doors_of(&self, loaded: &Loaded, org: &OrgId) -> BTreeMap<QueueId, Door> {
        let (all, now) = (self.0.quick.all(), unix_now());
        let organisation = loaded.directory.organisations.get(org).into_iter();
        let doors = organisation.flat_map(|organisation| {
            let queues = organisation.queues.keys();
            queues.map(|queue| (queue.clone(), door(organisation, queue, &all, now)))
        });
        doors.collect()
    }
}

/// Whether a queue lets callers in.
pub(crate) struct Door {
    pub(crate) is_open: bool,
    pub(crate) why: String,
    /// Until when, in seconds of UTC; none where that doesn't change.
    pub(crate) until: Option<i64>,
}

fn door(organisation: &Organisation, queue: &QueueId, all: &QuickCloses, now: i64) -> Door {
    let hours = organisation.hours_of(queue);
    let standing = standing(queue, hours, all);
    let why = match standing.decider(now) {
        Decider::Nothing => "always open: it has no hours".to_owned(),
        Decider::Quick(quick) => format!("quick-close {} by {}", quick.id, quick.by),
        Decider::Hours(_) => hours
            .and_then(|hours| Some(why(&hours.day(hours.shown_at(now)?.date))))
            .unwrap_or_default(),
    };
    Door {
        is_open: standing.is_open(now),
        why,
        until: standing.changes_after(now),
    }
}

fn door_row(organisation: &Organisation, queue: &QueueId, all: &QuickCloses, now: i64) -> DoorRow {
    let door = door(organisation, queue, all, now);
    DoorRow {
        queue: queue.clone(),
        state: word(door.is_open).into(),
        why: door.why,
        until: door.until.map(|at| written(organisation, queue, at)),
    }
}

fn standing<'a>(
    queue: &'a QueueId,
    hours: Option<&'a Hours>,
    quick: &'a QuickCloses,
) -> Standing<'a> {
    Standing {
        queue,
        hours,
        quick,
    }
}

/// Where callers go who find a queue closed by hand; none where they are told that it is busy.
fn leads_to(organisation: &Organisation, queue: &QueueId) -> Option<LeadsTo> {
    let door = organisation.ways.doors.get(queue)?;
    let (kind, name) = match door.quick_closed.then.as_ref()? {
        Destination::Queue(queue) | Destination::QueueAs(queue, _) => {
            (LeadsToKind::Queue, queue.name().to_owned())
        }
        Destination::User(user) => (LeadsToKind::User, user.name().to_owned()),
        Destination::Group(group) => (LeadsToKind::Group, group.name().to_owned()),
        Destination::Menu(menu) => (LeadsToKind::Menu, menu.name().to_owned()),
        Destination::Message(_) => (LeadsToKind::Message, String::new()),
        Destination::Number(number) => (LeadsToKind::Number, number.to_string()),
        Destination::Outside(outside, _) => (LeadsToKind::Number, outside.number.to_string()),
    };
    Some(LeadsTo { kind, name })
}

fn word(is_open: bool) -> &'static str {
    if is_open { "open" } else { "closed" }
}

fn written(organisation: &Organisation, queue: &QueueId, at: i64) -> String {
    let clock = organisation.clock_of(queue);
    clock.map_or_else(|| at.to_string(), |clock| clock.written(at))
}

/// Those that are named, and those of the group.
fn queues(directory: &Directory, request: &QuickRequest) -> Result<Vec<QueueId>, Failure> {
    let mut queues = Vec::new();
    for name in &request.queues {
        let (queue, _) = find(directory, name).map_err(|error| Failure::new(error.to_string()))?;
        queues.push(queue);
    }
    if let Some(group) = &request.group {
        let (org, name) = match group.split_once('/') {
            Some((org, name)) => (Some(org), name),
            None => (None, group.as_str()),
        };
        let all = directory.organisations.iter();
        let of_org = all.filter(|(id, _)| org.is_none_or(|org| id.as_str() == org));
        let mut found = of_org.filter_map(|(_, it)| it.ways.queue_groups.get(name));
        match (found.next(), found.next()) {
            (Some(members), None) => queues.extend(members.iter().cloned()),
            (None, _) => {
                return Err(Failure::new(format!(
                    "there is no group {group:?} of queues"
                )));
            }
            _ => {
                let problem = format!("several organisations have a group {name:?}: say whose");
                return Err(Failure::new(problem));
            }
        }
    }
    queues.sort();
    queues.dedup();
    Ok(queues)
}

/// A prompt of the organisation's own, else a standard one in a language of its queues.
fn prompt(
    prompts: &[(media_core::PromptId, std::path::PathBuf)],
    org: &OrgId,
    organisation: &Organisation,
    name: &str,
) -> Result<Box<str>, Failure> {
    let languages = organisation
        .queues
        .values()
        .map(|queue| queue.language.folder());
    let folders = [org.as_str()].into_iter().chain(languages);
    let ids = folders.map(|folder| format!("{folder}/{name}"));
    let known = |id: &String| prompts.iter().any(|(known, _)| known.as_str() == id);
    let found = ids.into_iter().find(known);
    let missing = || Failure::new(format!("there is no prompt {name:?} in {org}"));
    found.map(Into::into).ok_or_else(missing)
}
