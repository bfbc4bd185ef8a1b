//! Queues and agents as pages show them: the engine's picture of this moment, with whether each queue is open, and what today
//! came to by the clock of its organisation. One is made for all who look (`floors.rs`).

use crate::acd_task::{Gone, Stand};
use crate::commands::{Commands, origin_word};
use crate::ctl::protocol::Failure;
use crate::facts::Since;
use crate::figures::{day_began, figures_row};
use crate::hours::unix_now;
use crate::keeping::moment;
use crate::quick_commands::Door;
use acd::{AgentLine, AgentSnapshot, AgentState, Line, QueueSnapshot};
use base::{OrgId, QueueId, Time, UserId};
use calendar::Hours;
use call::phone_kind::{self, PhoneKind, takes_calls};
use callback::Utc;
use config::Loaded;
use sip::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use web::{
    AgentDay, AgentStateView, AgentView, DoorView, Floor, PauseReasonView, Person, PhoneKindView,
    PhoneView, QueueDay, QueueView,
};

/// By which clock the day goes where an organisation doesn't say.
const ZONE: &str = "UTC";

/// What rows are made of.
struct Picture<'l> {
    loaded: &'l Loaded,
    doors: BTreeMap<QueueId, Door>,
    /// What came to whom since the day began.
    today: Since,
    at: Moment,
    now: Time,
}

impl Commands {
    /// The queues and agents of an organisation, as [`web::Office::floor`] wants them.
    pub(crate) async fn floor(
        &self,
        org: &OrgId,
        told: Option<&Arc<Floor>>,
    ) -> Result<Arc<Floor>, Failure> {
        let loaded = self.0.config.loaded();
        let is_known = loaded.directory.organisations.contains_key(org)
            || self.organisations().await?.contains(org);
        if !is_known {
            return Ok(Arc::default());
        }
        let clock = self.0.clock;
        let make = async || self.look_at(org).await;
        let shelf = self.0.floors.of(org);
        shelf.read(|| clock.now(), told, make).await
    }

    /// Every organisation that has queues or agents, one that is no more among them while its callers are served.
    pub(crate) async fn organisations(&self) -> Result<Arc<BTreeSet<OrgId>>, Failure> {
        let clock = self.0.clock;
        let make = async || self.0.acd.organisations().await.map_err(gone);
        let shelf = self.0.floors.organisations();
        shelf.read(|| clock.now(), None, make).await
    }

    /// The queues and agents of an organisation.
    async fn look_at(&self, org: &OrgId) -> Result<Floor, Failure> {
        metrics::counter!("kolapp_web_floors_total").increment(1);
        let loaded = self.0.config.loaded();
        let stand = self.0.acd.stand(org.clone(), day_began_ms(&loaded, org)?);
        let Stand { snapshot, since } = stand.await.map_err(gone)?;
        let picture = Picture {
            doors: self.doors_of(&loaded, org),
            today: since,
            loaded: &loaded,
            now: snapshot.at,
            at: moment(self.0.clock),
        };
        let agents = snapshot.agents.into_iter().map(|agent| {
            let device = self.0.watch.wishes(&agent.agent).device;
            AgentView {
                device,
                ..picture.agent(agent)
            }
        });
        let agents = agents.collect();
        let queues = snapshot.queues.into_iter();
        Ok(Floor {
            at: picture.utc(snapshot.at),
            queues: queues.map(|queue| picture.queue(queue)).collect(),
            agents,
        })
    }

    /// What is known of a user beside how he stands as an agent.
    pub(crate) fn person(&self, user: &UserId) -> Person {
        let loaded = self.0.config.loaded();
        let device = self.0.watch.wishes(user).device;
        let softphones = &loaded.directory.softphones;
        let phones = self
            .0
            .registrations
            .of(self.0.clock.now(), user)
            .into_iter();
        let phones = phones.map(|phone| PhoneView {
            kind: match phone_kind::kind(&phone, softphones) {
                PhoneKind::Desk => PhoneKindView::DeskPhone,
                PhoneKind::Softphone => PhoneKindView::Softphone,
                PhoneKind::Browser => PhoneKindView::Browser,
            },
            rings: takes_calls(device, &phone, softphones),
            transport: phone.flow.transport.via_token().to_ascii_lowercase(),
            user_agent: phone.user_agent.map(Into::into),
        });
        let account = loaded.directory.user(user);
        let queues = loaded.acd.queues.keys();
        let rules = loaded.acd.rules.get(user.org_name());
        let reasons = rules.into_iter().flat_map(|rules| &rules.pause_reasons);
        let organisation = loaded.directory.organisations.get(user.org_name());
        let zone = organisation.and_then(|it| it.ways.zone.as_deref());
        Person {
            zone: Some(zone.unwrap_or(ZONE).to_owned()),
            device,
            has_mobile: account.is_some_and(|account| account.mobile.is_some()),
            phones: phones.collect(),
            queues: queues
                .filter(|queue| loaded.acd.admits(user, queue))
                .cloned()
                .collect(),
            pause_reasons: reasons
                .map(|(code, reason)| PauseReasonView {
                    code: code.to_string(),
                    reason: reason.to_string(),
                })
                .collect(),
        }
    }
}

/// When the day began by an organisation's clock, in milliseconds of UTC.
fn day_began_ms(loaded: &Loaded, org: &OrgId) -> Result<u64, Failure> {
    let organisation = loaded.directory.organisations.get(org);
    let zone = organisation.and_then(|it| it.ways.zone.as_deref());
    let clock = Hours::new(zone.unwrap_or(ZONE));
    let clock = clock.map_err(|unknown| Failure::new(unknown.to_string()))?;
    let began = u64::try_from(day_began(&clock, unix_now())?).unwrap_or(0);
    Ok(began.saturating_mul(1_000))
}

fn gone(gone: Gone) -> Failure {
    Failure::new(gone.to_string())
}

impl Picture<'_> {
    fn utc(&self, time: Time) -> Utc {
        utc_of(self.at.utc_ms_of(time))
    }

    fn queue(&self, queue: QueueSnapshot) -> QueueView {
        let door = self.doors.get(&queue.queue);
        let waits_ms = queue.longest_wait_ms;
        let waiting_since = waits_ms.map(|ms| {
            let now_ms = self.at.utc_ms_of(self.now);
            utc_of(now_ms.saturating_sub(ms))
        });
        QueueView {
            state: match door {
                Some(door) if door.is_open => DoorView::Open,
                Some(_) | None => DoorView::Closed,
            },
            why: door.map_or_else(|| "it is no more".to_owned(), |door| door.why.clone()),
            until: door.and_then(|door| door.until).map(Utc::from_seconds),
            closed_by_load: queue.closed_by_load,
            draining: queue.draining,
            waiting: queue.waiting + queue.offered,
            offered: queue.offered,
            connected: queue.connected,
            waiting_since,
            longest_wait_s: waits_ms.map(seconds),
            average_wait_s: queue.average_wait_ms.map(seconds),
            expected_wait_s: queue.expected_wait_ms.map(seconds),
            handling_s: queue.handling_ms.map(seconds),
            agents_logged_in: queue.logged_in,
            free: queue.free,
            busy: queue.busy,
            wrap_up: queue.wrap_up,
            paused: queue.paused,
            unreachable: queue.unreachable,
            deferred: queue.deferred,
            today: self.queue_day(&queue.queue),
            name: queue.queue,
        }
    }

    fn queue_day(&self, queue: &QueueId) -> QueueDay {
        let nothing = Line::default();
        let line = self.today.interval.queues.get(queue).unwrap_or(&nothing);
        let row = figures_row(Some(queue), line, String::new(), String::new());
        QueueDay {
            from: utc_of(self.today.from_ms),
            entered: row.entered,
            answered: row.answered,
            abandoned: row.abandoned,
            overflowed: row.overflowed,
            called_back: row.called_back,
            refused: row.refused,
            service_level: row.service_level,
            mean_wait_s: row.mean_wait_s,
            longest_wait_s: row.longest_wait_s,
            handled: row.handled,
            mean_handling_s: row.mean_handling_s,
        }
    }

    fn agent(&self, agent: AgentSnapshot) -> AgentView {
        let (state, ends, pause_reason) = match agent.state {
            AgentState::InCall => (AgentStateView::InCall, None, None),
            AgentState::Offered => (AgentStateView::Offered, None, None),
            AgentState::WrapUp { until } => (AgentStateView::WrapUp, Some(until), None),
            AgentState::LoggedOut => (AgentStateView::LoggedOut, None, None),
            AgentState::Paused { reason } => (AgentStateView::Paused, None, reason),
            AgentState::OwnCall => (AgentStateView::OwnCall, None, None),
            AgentState::Unreachable => (AgentStateView::Unreachable, None, None),
            AgentState::Deferred { until } => (AgentStateView::Deferred, Some(until), None),
            AgentState::Free => (AgentStateView::Free, None, None),
        };
        let account = self.loaded.directory.user(&agent.agent);
        let display_name = account.and_then(|account| account.display_name.as_deref());
        let put_by = agent.put_by.as_ref();
        AgentView {
            display_name: display_name.map(str::to_owned),
            state,
            since: self.utc(agent.since),
            ends: ends.map(|ends| self.utc(ends)),
            pause_reason,
            queue: agent.queue,
            queues: agent.queues,
            reachable: agent.reachable,
            device: control::Device::default(),
            put_by: put_by.and_then(|by| origin_word(by, &agent.agent)),
            missed_in_a_row: agent.strikes.missed_in_a_row,
            errors_in_a_row: agent.strikes.errors_in_a_row,
            today: self.agent_day(&agent.agent),
            name: agent.agent,
        }
    }

    fn agent_day(&self, agent: &UserId) -> AgentDay {
        let nothing = AgentLine::default();
        let line = self.today.interval.agents.get(agent).unwrap_or(&nothing);
        AgentDay {
            from: utc_of(self.today.from_ms),
            taken: line.totals.taken,
            missed: line.totals.missed,
            declined: line.totals.declined,
            device_errors: line.totals.device_errors,
            handled: line.handled,
            talk_s: seconds(line.talk_ms),
            wrap_up_s: seconds(line.wrap_up_ms),
        }
    }
}

fn utc_of(utc_ms: u64) -> Utc {
    Utc::from_seconds(i64::try_from(utc_ms / 1_000).unwrap_or(i64::MAX))
}

fn seconds(millis: u64) -> u64 {
    millis / 1_000
}
