//! What the pages ask of opening hours, quick-closes, prompts and licences: commands as all others, in the shape in which `web`
//! tells of them.

use crate::audit::{Doing, Way};
use crate::commands::Commands;
use crate::ctl::protocol::{Failure, QuickRequest};
use crate::documents::{Answer, BilledTo, LicenceReport, QuickPreviewRow};
use base::{OrgId, QueueId};
use calendar::{QuickClose, QuickCloses};
use control::{Command, Permitted, PromptAction, PromptCommand};
use std::sync::Arc;
use tokio::sync::mpsc;
use web::{
    Billed, DoorHours, LicenceRow, Piece, PromptsTold, QuickAsked, QuickChoices, QuickDone,
    QuickPreview,
};

/// By which clock moments are read where an organisation doesn't say.
const ZONE: &str = "UTC";

/// What an answer is that belongs to another command.
fn another(answer: &Answer) -> Failure {
    tracing::error!(?answer, "a command was answered as another");
    Failure::new("it was done, but what came of it is not known")
}

impl Commands {
    /// What decides whether a queue lets callers in.
    pub(crate) fn door_hours(&self, queue: &QueueId) -> Option<DoorHours> {
        let loaded = self.0.config.loaded();
        let organisation = loaded.directory.organisations.get(&queue.org())?;
        if !organisation.queues.contains_key(queue) {
            return None;
        }
        let door = organisation.ways.doors.get(queue);
        let name = door.and_then(|door| door.hours.as_ref());
        Some(DoorHours {
            clock: organisation.clock_of(queue)?,
            hours: organisation.hours_of(queue).cloned(),
            name: name.map(|hours| hours.name().to_owned()),
            quick: self.0.quick.all(),
        })
    }

    pub(crate) fn quick_closes(&self) -> Arc<QuickCloses> {
        self.0.quick.all()
    }

    pub(crate) fn quick_choices(&self, org: &OrgId) -> QuickChoices {
        let loaded = self.0.config.loaded();
        let Some(organisation) = loaded.directory.organisations.get(org) else {
            return QuickChoices::default();
        };
        let groups = organisation.ways.queue_groups.iter();
        let own = format!("{org}/");
        let prompts = loaded.prompts.iter();
        let own = prompts.filter_map(|(id, _)| id.as_str().strip_prefix(&own));
        QuickChoices {
            groups: groups
                .map(|(name, queues)| (name.to_string(), queues.clone()))
                .collect(),
            messages: own.map(str::to_owned).collect(),
            zone: organisation.ways.zone.as_deref().unwrap_or(ZONE).to_owned(),
        }
    }

    /// The quick-close that somebody means.
    pub(crate) fn quick_by_http(&self, asked: QuickAsked) -> Result<QuickClose, Failure> {
        let org = asked.org;
        self.quick_meant(QuickRequest {
            preview: false,
            queues: asked.queues.iter().map(ToString::to_string).collect(),
            group: asked.group.map(|name| format!("{org}/{name}")),
            until: asked.until,
            from: asked.from,
            effect: asked.effect,
            message: asked.message,
            waiting: asked.waiting,
        })
    }

    pub(crate) async fn quick_done(
        &self,
        command: Permitted<Command>,
    ) -> Result<QuickDone, Failure> {
        match self.carry_out(command, Way::Http).await? {
            Answer::QuickCloses(rows) => {
                let set = rows.first().map(|row| QuickDone::Set(row.id));
                // It has just been stored: it was undone since.
                set.ok_or_else(|| Failure::new("it was set, and undone by somebody else at once"))
            }
            Answer::QuickPreview(rows) => {
                Ok(QuickDone::Preview(rows.into_iter().map(preview).collect()))
            }
            Answer::Changed => Ok(QuickDone::Undone),
            answer => Err(another(&answer)),
        }
    }

    /// What is asked and what is done about prompts, where nothing comes along.
    pub(crate) async fn prompts_told(
        &self,
        command: Permitted<Command>,
    ) -> Result<PromptsTold, Failure> {
        let asks = |action: &PromptAction| {
            matches!(action, PromptAction::List | PromptAction::Listen { .. })
        };
        let is_question = matches!(
            command.command(),
            Command::Prompt(PromptCommand { action, .. }) if asks(action)
        );
        if !is_question {
            return match self.carry_out(command, Way::Http).await? {
                Answer::Prompts(rows) if rows.len() == 1 => Ok(PromptsTold::Kept(rows[0].version)),
                answer => Err(another(&answer)),
            };
        }
        let asked = command.into_prompt_command();
        let asked = asked.map_err(|_| Failure::new("that is not about prompts"))?;
        self.0.prompts.told(asked, self.0.media.prompts()).await
    }

    /// Takes a file as a prompt's newest version, and keeps who had that done.
    pub(crate) async fn upload(
        &self,
        command: Permitted<Command>,
        pieces: mpsc::Receiver<Piece>,
    ) -> Result<u32, Failure> {
        let doing = Doing::of(command.by(), Way::Http, command.command());
        let result = match command.into_prompt_command() {
            Ok(command) => self.0.prompts.upload(command, pieces).await,
            Err(_) => Err(Failure::new("that is not about prompts")),
        };
        self.keep_doing(doing, result.as_ref().err());
        result.map(|row| row.version)
    }

    pub(crate) async fn licences_told(
        &self,
        command: Permitted<Command>,
    ) -> Result<web::LicenceReport, Failure> {
        match self.carry_out(command, Way::Http).await? {
            Answer::Licences(report) => Ok(report.into()),
            answer => Err(another(&answer)),
        }
    }
}

fn preview(row: QuickPreviewRow) -> QuickPreview {
    QuickPreview {
        is_open: row.now == "open",
        will_be_open: row.then == "open",
        waiting: row.waiting,
        they_move: row.they == "move",
        leads_to: row.leads_to,
        queue: row.queue,
    }
}

impl From<LicenceReport> for web::LicenceReport {
    fn from(report: LicenceReport) -> web::LicenceReport {
        let rows = report.rows.into_iter().map(|row| LicenceRow {
            org: row.organisation,
            billed: match row.to {
                BilledTo::User(user) => Billed::User(user),
                BilledTo::Queue(queue) => Billed::Queue(queue),
            },
            licence: row.licence,
            activated: row.activated,
            start_fee: row.start_fee,
            ended: row.ended,
        });
        web::LicenceReport {
            month: report.month,
            rows: rows.collect(),
        }
    }
}
