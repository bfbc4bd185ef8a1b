//! Figures on demand: which intervals are asked for, by the clock of whose queues they are, and what came of them as a
//! document.

mod asked;
mod intervals;
pub(crate) mod offline;
mod report;
mod traffic;

pub(crate) use intervals::day_of as day_began;
pub(crate) use intervals::span;
pub(crate) use report::figures_row;

use crate::commands::Commands;
use crate::ctl::protocol::{Failure, FiguresRequest};
use crate::documents::Answer;
use crate::facts::FactsError;
use crate::hours::{find, unix_now};
use base::{OrgId, QueueId, UserId};
use calendar::Hours;
use config::Loaded;
use control::{Command, FiguresCommand, Principal};
use report::{Seen, Shape, TooManyRows, document};
use std::collections::BTreeMap;
use web::{FiguresReport, FiguresRows};

/// By which clock, where the queues are of several organisations or one doesn't say.
const ZONE: &str = "UTC";

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
enum FiguresError {
    #[error("there is no queue {queue} that {by} sees")]
    NoQueue { queue: QueueId, by: Principal },
    #[error(transparent)]
    TooMany(#[from] TooManyRows),
    #[error(transparent)]
    Facts(#[from] FactsError),
    #[error(transparent)]
    Engine(#[from] Failure),
}

impl Commands {
    pub(crate) fn resolve_figures(&self, request: &FiguresRequest) -> Result<Command, Failure> {
        let command = command(&self.0.config.loaded(), request, unix_now())?;
        Ok(Command::ReportFigures(command))
    }

    /// What came to whom of whom he may know, for people.
    pub(crate) async fn report_figures(
        &self,
        by: &Principal,
        command: FiguresCommand,
    ) -> Result<Answer, Failure> {
        let org = command.queue.as_ref().map(QueueId::org);
        let shape = for_people(&self.0.config.loaded(), org.as_ref())?;
        let report = self.figures(by, command, &shape, ()).await;
        let report = report.map_err(|error| Failure::new(error.to_string()))?;
        Ok(Answer::Figures(Box::new(report)))
    }

    /// What came to whom of whom he may know. What is `held` is let go when nothing is read for it any more.
    async fn figures(
        &self,
        by: &Principal,
        command: FiguresCommand,
        shape: &Shape,
        held: impl Send + 'static,
    ) -> Result<FiguresReport, FiguresError> {
        let sight = self.0.config.loaded().sight.clone();
        let FiguresCommand { queue, moments_ms } = command;
        if let Some(queue) = &queue
            && !sight.sees(by, queue)
        {
            let (queue, by) = (queue.clone(), by.clone());
            return Err(FiguresError::NoQueue { queue, by });
        }
        let told = self.0.facts.figures(moments_ms.clone(), held).await?;
        let agents = self.snapshot().await?.agents.into_iter();
        let queues_of: BTreeMap<UserId, Vec<QueueId>> =
            agents.map(|agent| (agent.agent, agent.queues)).collect();
        let seen = Seen {
            queue: &|id| is_asked(queue.as_ref(), id) && sight.sees(by, id),
            agent: &|agent| {
                let queues = queues_of.get(agent).into_iter().flatten();
                is_there(queue.as_ref(), agent) && sight.sees_agent(by, agent, queues)
            },
        };
        Ok(document(told, moments_ms, shape, &seen)?)
    }
}

fn is_asked(wanted: Option<&QueueId>, queue: &QueueId) -> bool {
    wanted.is_none_or(|wanted| wanted == queue)
}

/// Whether an agent is of the organisation that is asked for.
fn is_there(wanted: Option<&QueueId>, agent: &UserId) -> bool {
    wanted.is_none_or(|wanted| agent.is_of(&wanted.org()))
}

/// Which queue and which intervals somebody asks for.
fn command(loaded: &Loaded, request: &FiguresRequest, now: i64) -> Result<FiguresCommand, Failure> {
    let queue = match &request.queue {
        Some(name) => {
            let found = find(&loaded.directory, name);
            Some(found.map_err(|error| Failure::new(error.to_string()))?.0)
        }
        None => None,
    };
    let org = queue.as_ref().map(QueueId::org);
    let (clock, _) = clock_of(loaded, org.as_ref())?;
    let moments_ms = intervals::moments_ms(&clock, request, now)?;
    Ok(FiguresCommand { queue, moments_ms })
}

/// As `kolapp` tells people, of an organisation or of all.
fn for_people(loaded: &Loaded, org: Option<&OrgId>) -> Result<Shape, Failure> {
    let (clock, zone) = clock_of(loaded, org)?;
    Ok(Shape {
        clock,
        zone,
        written: Hours::written,
        rows: FiguresRows::Queues,
    })
}

/// The clock of an organisation, or of the only one there is; and its zone.
fn clock_of(loaded: &Loaded, org: Option<&OrgId>) -> Result<(Hours, String), Failure> {
    let organisations = &loaded.directory.organisations;
    let organisation = match org {
        Some(org) => organisations.get(org),
        None => organisations
            .values()
            .next()
            .filter(|_| organisations.len() == 1),
    };
    let zone = organisation.and_then(|it| it.ways.zone.as_deref());
    let zone = zone.unwrap_or(ZONE);
    let clock = Hours::new(zone).map_err(|unknown| Failure::new(unknown.to_string()))?;
    Ok((clock, zone.to_owned()))
}
