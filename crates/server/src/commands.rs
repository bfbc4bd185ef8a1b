//! The one way in for whoever wants something of the running server: the control socket now, pages and the
//! HTTP API later. A command is permitted, then carried out, then answered with a document.

use crate::acd_task::Acd;
use crate::audit::{Audit, Doing, Way};
use crate::callbacks::Callbacks;
use crate::configuration::Configuration;
use crate::ctl::protocol::{AgentAction, Failure, PromptRequest, Request};
use crate::documents::{
    AgentRow, Answer, BanRow, CallRow, ListenerRow, MediaStatus, QueueRow, QueueTotals,
    RegistrationRow, Setting, Status, TrunkRow,
};
use crate::editing::{self, Edit};
use crate::facts::Facts;
use crate::floors::Floors;
use crate::http::{self, Health, HealthCell};
use crate::licences::Licences;
use crate::log::Log;
use crate::prompts::PromptKeeper;
use crate::quick::Quick;
use crate::records::RecordsOfStore;
use crate::reload::{Cause, ConfigInForce, Reloads};
use crate::storage::Backups;
use crate::wishes::WishesOfStore;
use acd::{AgentSnapshot, AgentState, Forecast, Origin, QueueSnapshot};
use base::{OrgId, QueueId, ShardId, Time, TrunkId, UserId};
use call::CallView;
use call::upkeep::{Registers, TrunkView};
use control::{
    AgentCommand, BanCommand, Command, ConfigCommand, Device, InvalidMonth, Permitted, Principal,
    PromptAction, PromptCommand, Queues, Subject, View, permit,
};
use media::MediaEngine;
use sip::{
    Clock, Gate, Ledgers, LiveCalls, Mailboxes, Registered, Registrations, ToAcd, Trunks, Watch,
};
use sip_core::guard::{Ban, Source};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::Store;
use tokio::sync::{Semaphore, mpsc};
use web::{Desk, ForecastRow};

/// Carries out permitted commands.
#[derive(Clone)]
pub(crate) struct Commands(pub(crate) Arc<Reach>);

/// What commands reach.
pub(crate) struct Reach {
    pub(crate) clock: Clock,
    pub(crate) acd: Acd,
    pub(crate) callbacks: Callbacks,
    pub(crate) facts: Facts,
    pub(crate) mailboxes: Mailboxes,
    pub(crate) gate: Arc<Gate>,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) trunks: Arc<Trunks>,
    pub(crate) ledgers: Ledgers,
    pub(crate) media: MediaEngine,
    pub(crate) live_calls: LiveCalls,
    pub(crate) health: HealthCell,
    pub(crate) config: ConfigInForce,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) reloads: Reloads,
    pub(crate) quick: Quick,
    pub(crate) licences: Licences,
    pub(crate) to_acd: mpsc::Sender<ToAcd>,
    pub(crate) listeners: Vec<ListenerRow>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) wishes: WishesOfStore,
    pub(crate) prompts: PromptKeeper,
    pub(crate) store: Store,
    pub(crate) backups: Backups,
    pub(crate) audit: Audit,
    pub(crate) floors: Floors,
    pub(crate) records: RecordsOfStore,
    pub(crate) log: Log,
    /// Who looks for a call's messages among all that are kept: one at a time, since that takes signalling a moment too.
    pub(crate) ladder: Arc<Semaphore>,
    /// Who comes in by HTTP; there when the API is.
    pub(crate) desk: OnceLock<Desk>,
}

impl Commands {
    /// A request from the control socket, whose other end is the operator. He may ask as a user would, who has fewer rights.
    pub(crate) async fn carry_out_for_operator(&self, request: Request) -> Result<Answer, Failure> {
        let (by, request) = match request {
            Request::As { user, request } => (self.principal(&user)?, *request),
            request => (Principal::Operator, request),
        };
        if let Request::Callbacks(request) = request {
            return self.ask_callbacks(by, request).await;
        }
        let command = self.resolve(request)?;
        let way = Way::by_socket(&by);
        let permitted = permit(by, command).map_err(|refusal| Failure::new(refusal.to_string()))?;
        self.carry_out(permitted, way).await
    }

    /// A user, with his role.
    fn principal(&self, name: &str) -> Result<Principal, Failure> {
        let user = self.user(name)?;
        let loaded = self.0.config.loaded();
        if loaded.directory.user(&user).is_none() {
            return Err(Failure::new(format!("there is no user {user}")));
        }
        let role = call::admission::role_of(&loaded.directory, &user);
        Ok(Principal::User { user, role })
    }

    /// Carries out what somebody may have done, and keeps that he had it done, where it changes something.
    pub(crate) async fn carry_out(
        &self,
        command: Permitted<Command>,
        way: Way,
    ) -> Result<Answer, Failure> {
        let doing = Doing::of(command.by(), way, command.command());
        let result = self.have_done(command).await;
        self.keep_doing(doing, result.as_ref().err());
        result
    }

    /// Keeps that something was done that changes something, or why it was not.
    pub(crate) fn keep_doing(&self, doing: Option<Doing>, failure: Option<&Failure>) {
        let Some(doing) = doing else {
            return;
        };
        self.0.floors.changed(doing.org());
        let why_not = failure.map(|failure| failure.message.as_str());
        self.0.audit.keep(doing, why_not);
    }

    async fn have_done(&self, command: Permitted<Command>) -> Result<Answer, Failure> {
        let command = match command.into_queue_command() {
            Ok(command) => return self.change_queue(command).await,
            Err(other) => other,
        };
        let command = match command.into_agent_command() {
            Ok(command) => {
                tracing::info!(by = %command.by(), command = ?command.command(), "command");
                return match self.0.acd.command(command).await {
                    Ok(Ok(())) => Ok(Answer::Changed),
                    Ok(Err(refusal)) => Err(Failure::new(refusal.to_string())),
                    Err(gone) => Err(Failure::new(gone.to_string())),
                };
            }
            Err(other) => other,
        };
        let command = match command.into_prompt_command() {
            Ok(command) => return self.0.prompts.carry_out(command).await.map(Answer::Prompts),
            Err(other) => other,
        };
        let command = match command.into_own_call_command() {
            Ok(command) => return self.own_call(command).await,
            Err(other) => other,
        };
        let (by, command) = command.into_parts();
        match command {
            Command::EndRegistrations { user } => self.end_registrations(&by, user).await,
            Command::ResetPassword { user } => self.reset_password(&by, user).await,
            Command::ResetTotp { user } => self.reset_totp(&by, user).await,
            Command::Show(view) => self.show(&by, view).await,
            Command::ShowCallers { queue } => self.callers(&queue).await,
            Command::ShowLadder { call, .. } => self.ladder(&call).await,
            Command::Explain(subject) => self.explain(subject).await,
            Command::ReportLicences { month } => self.report_licences(&by, month),
            Command::BackUp { file } => self.back_up(&by, PathBuf::from(&*file)).await,
            Command::ReportFigures(command) => self.report_figures(&by, command).await,
            Command::ReportTraffic(command) => self.report_traffic(&by, command).await,
            Command::Reload => self
                .0
                .reloads
                .reload(Cause::Command)
                .await
                .map(Answer::Reloaded),
            Command::Ban(change) => self.change_bans(&change),
            Command::UseDevice { agent, device } => self.use_device(&by, agent, device).await,
            Command::Quick(command) => self.change_quick(&by, command).await,
            Command::Configuration(command) => self.configuration(&by, command).await,
            Command::Agent(_) | Command::Prompt(_) | Command::Queue(_) | Command::OwnCall(_) => {
                Err(Failure::new("a command was not taken as what it is"))
            }
        }
    }

    async fn end_registrations(&self, by: &Principal, user: UserId) -> Result<Answer, Failure> {
        let ended = self.0.registrations.remove(self.0.clock.now(), &user);
        if ended == 0 {
            return Err(Failure::new(format!("{user} has no registered device")));
        }
        tracing::info!(%by, %user, ended, "registrations ended");
        // The task that has the other end lives as long as the process.
        let _ = self.0.to_acd.send(ToAcd::DeviceChanged(user)).await;
        Ok(Answer::Changed)
    }

    /// Where what lets a user in by HTTP is changed.
    fn desk_of(&self, user: &UserId) -> Result<&web::Desk, Failure> {
        if self.0.config.loaded().directory.user(user).is_none() {
            return Err(Failure::new(format!("there is no user {user}")));
        }
        let desk = self.0.desk.get();
        desk.ok_or_else(|| Failure::new("the server is starting: try again"))
    }

    async fn reset_totp(&self, by: &Principal, user: UserId) -> Result<Answer, Failure> {
        let reset = self.desk_of(&user)?.reset_totp(&user).await;
        tracing::info!(%by, %user, "second step of a log-in to the web reset");
        reset.map_err(|_| {
            Failure::new(format!(
                "{user} is asked for no code now, but storage does not answer: do it again, or a restart brings it back"
            ))
        })?;
        Ok(Answer::Changed)
    }

    async fn reset_password(&self, by: &Principal, user: UserId) -> Result<Answer, Failure> {
        let desk = self.desk_of(&user)?;
        tracing::info!(%by, %user, "password for the web reset");
        let reset = desk.reset_password(&user).await;
        reset.map_err(|_| {
            Failure::new(format!(
                "{user} has no password of his own now, but storage does not answer: do it again, or a restart brings it back"
            ))
        })?;
        Ok(Answer::Changed)
    }

    async fn use_device(
        &self,
        by: &Principal,
        agent: UserId,
        device: Device,
    ) -> Result<Answer, Failure> {
        let loaded = self.0.config.loaded();
        let account = loaded.directory.user(&agent);
        let has_mobile = account.map(|account| account.mobile.is_some());
        match (has_mobile, device) {
            (None, _) => return Err(Failure::new(format!("there is no user {agent}"))),
            (Some(false), device) if device.is_on_mobile() => {
                let problem = format!("{agent} has no mobile: add `mobile` to his settings");
                return Err(Failure::new(problem));
            }
            _ => {}
        }
        tracing::info!(%by, %agent, ?device, "device chosen");
        let wishes = self.0.watch.choose_device(agent.clone(), device);
        self.0.wishes.keep(&agent, &wishes);
        // The task that has the other end lives as long as the process.
        let _ = self.0.to_acd.send(ToAcd::DeviceChanged(agent)).await;
        Ok(Answer::Changed)
    }

    async fn configuration(
        &self,
        by: &Principal,
        command: ConfigCommand,
    ) -> Result<Answer, Failure> {
        let ConfigCommand {
            scope,
            path,
            change,
        } = command;
        let Some(change) = change else {
            let folder = self.0.config.status().folder;
            let asked = path.clone();
            let read = tokio::task::spawn_blocking(move || {
                editing::show(Path::new(&folder), &scope, &asked)
            });
            let says = read.await.map_err(|it| Failure::new(it.to_string()))??;
            return Ok(Answer::Setting(Setting { path, says }));
        };
        tracing::info!(%by, ?scope, path, ?change, "setting changed");
        let edit = Edit {
            scope,
            path,
            change,
        };
        self.0.reloads.edit(edit).await.map(Answer::Reloaded)
    }

    async fn explain(&self, subject: Subject) -> Result<Answer, Failure> {
        let rows = self.0.acd.why(subject).await;
        let rows = rows.map_err(|gone| Failure::new(gone.to_string()))?;
        if rows.is_empty() {
            return Err(Failure::new(match subject {
                Subject::Call(call) => format!("nothing is known of call {call} in a queue"),
                Subject::Callback(entry) => format!("no queue has given {entry} to anybody lately"),
            }));
        }
        Ok(Answer::Why(rows))
    }

    fn change_bans(&self, change: &BanCommand) -> Result<Answer, Failure> {
        let now = self.0.clock.now();
        match change {
            BanCommand::Add { address, lasts } => {
                self.0.gate.ban(now, Source::of(*address), *lasts);
                Ok(Answer::Changed)
            }
            BanCommand::Remove { address } => {
                let source = Source::of(*address);
                if self.0.gate.lift_ban(now, source) {
                    return Ok(Answer::Changed);
                }
                Err(Failure::new(format!("{source} is not banned")))
            }
        }
    }

    /// Names to ids.
    fn resolve(&self, request: Request) -> Result<Command, Failure> {
        let (action, agent, queue, reason, seconds) = match request {
            Request::Show { view } => return Ok(Command::Show(view)),
            Request::Callbacks(_) => {
                return Err(Failure::new("callback lists are asked elsewhere"));
            }
            Request::As { .. } => return Err(Failure::new("one user does not ask as another")),
            Request::Reload => return Ok(Command::Reload),
            Request::BackUp { file } => {
                let file = file.to_str();
                let file = file.ok_or_else(|| Failure::new("expected a path in UTF-8"))?;
                return Ok(Command::BackUp { file: file.into() });
            }
            Request::ReportLicences { month } => {
                let month = month.parse().map_err(|invalid| {
                    let invalid: InvalidMonth = invalid;
                    Failure::new(invalid.to_string())
                })?;
                return Ok(Command::ReportLicences { month });
            }
            Request::UseDevice { agent, device } => {
                let agent = self.user(&agent)?;
                return Ok(Command::UseDevice { agent, device });
            }
            Request::Ladder { call } => {
                let (org, call) = (None, call.into());
                return Ok(Command::ShowLadder { org, call });
            }
            Request::Why { call } => {
                let subject = subject(&call).ok_or_else(|| {
                    Failure::new(format!(
                        "expected a call as `calls` shows it, or a callback such as b17, got {call:?}"
                    ))
                })?;
                return Ok(Command::Explain(subject));
            }
            Request::EndRegistrations { user } => {
                let user = self.user(&user)?;
                return Ok(Command::EndRegistrations { user });
            }
            Request::ResetPassword { user } => {
                let user = self.user(&user)?;
                return Ok(Command::ResetPassword { user });
            }
            Request::ResetTotp { user } => {
                let user = self.user(&user)?;
                return Ok(Command::ResetTotp { user });
            }
            Request::Ban { address, minutes } => {
                return Ok(Command::Ban(BanCommand::Add {
                    address: source(&address)?.address(),
                    lasts: Duration::from_secs(u64::from(minutes) * 60),
                }));
            }
            Request::Config {
                whose,
                path,
                change,
            } => {
                return Ok(Command::Configuration(ConfigCommand {
                    scope: editing::scope(&whose)?,
                    path,
                    change,
                }));
            }
            Request::QuickClose(request) => return self.resolve_quick(request),
            Request::MoveCallers(request) => return self.resolve_move(&request),
            Request::Callers(request) => return self.resolve_callers(request),
            Request::Figures(request) => return self.resolve_figures(&request),
            Request::Traffic(request) => return self.resolve_traffic(&request),
            Request::UndoQuickClose { id } => return self.resolve_undo(id),
            Request::Prompts {
                organisation,
                action,
            } => {
                let org = self.organisation(organisation)?;
                let action = match action {
                    PromptRequest::List => PromptAction::List,
                    PromptRequest::Import { name, file } => PromptAction::Import {
                        name: name.into(),
                        file,
                    },
                    PromptRequest::Restore { name, version } => PromptAction::Restore {
                        name: name.into(),
                        version,
                    },
                };
                return Ok(Command::Prompt(PromptCommand { org, action }));
            }
            Request::LiftBan { address } => {
                let address = source(&address)?.address();
                return Ok(Command::Ban(BanCommand::Remove { address }));
            }
            Request::Agent {
                action,
                agent,
                queue,
                reason,
                seconds,
            } => (action, self.user(&agent)?, queue, reason, seconds),
        };
        let queues = match queue {
            Some(name) => Queues::One(queue_of(&agent.org(), &name)?),
            None => Queues::All,
        };
        Ok(Command::Agent(match action {
            AgentAction::LogIn => AgentCommand::LogIn { agent, queues },
            AgentAction::LogOut => AgentCommand::LogOut { agent, queues },
            AgentAction::Pause => AgentCommand::Pause { agent, reason },
            AgentAction::Resume => AgentCommand::Resume { agent },
            AgentAction::EndWrapUp => AgentCommand::EndWrapUp { agent },
            AgentAction::ExtendWrapUp => AgentCommand::ExtendWrapUp {
                agent,
                span: seconds.map(|seconds| Duration::from_secs(seconds.into())),
            },
        }))
    }

    /// The organisation of that name; the only one, where none is named.
    pub(crate) fn organisation(&self, name: Option<String>) -> Result<OrgId, Failure> {
        if let Some(name) = name {
            let id = OrgId::new(&name);
            return id.map_err(|invalid| Failure::new(invalid.to_string()));
        }
        let loaded = self.0.config.loaded();
        let mut all = loaded.directory.organisations.keys();
        match (all.next(), all.next()) {
            (Some(only), None) => Ok(only.clone()),
            _ => Err(Failure::new(
                "there is more than one organisation: say which with --organisation",
            )),
        }
    }

    /// `demo/anna`, or `anna` where only one organisation has one.
    pub(crate) fn user(&self, name: &str) -> Result<UserId, Failure> {
        if name.contains('/') {
            return name
                .parse()
                .map_err(|invalid| Failure::new(format!("{invalid}")));
        }
        let loaded = self.0.config.loaded();
        let organisations = loaded.directory.organisations.iter();
        let mut found = organisations.filter_map(|(org, organisation)| {
            let id = UserId::new(org, name).ok()?;
            organisation.users.contains_key(&id).then_some(id)
        });
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (Some(one), Some(other)) => Err(Failure::new(format!(
                "{name} may be {one} or {other}: say which, with its organisation"
            ))),
            (None, _) => Err(Failure::new(format!(
                "no organisation has a user called {name:?}"
            ))),
        }
    }

    async fn show(&self, by: &Principal, view: View) -> Result<Answer, Failure> {
        let now = self.0.clock.now();
        let sight = self.0.config.loaded().sight.clone();
        Ok(match view {
            View::Status => Answer::Status(Box::new(self.status().await?)),
            View::Calls => {
                let calls = self.0.mailboxes.calls().await;
                Answer::Calls(calls.into_iter().map(|call| call_row(call, now)).collect())
            }
            View::Queues => {
                let snapshot = self.snapshot().await?;
                let seen = snapshot.queues.into_iter();
                let seen = seen.filter(|queue| sight.sees(by, &queue.queue));
                Answer::Queues(seen.map(queue_row).collect())
            }
            View::Agents => {
                let snapshot = self.snapshot().await?;
                let seen = snapshot.agents.into_iter();
                let seen = seen.filter(|it| sight.sees_agent(by, &it.agent, &it.queues));
                let rows = seen.map(|mut agent| {
                    // His own queues each knows.
                    let is_he = matches!(by, Principal::User { user, .. } if *user == agent.agent);
                    agent.queues.retain(|queue| is_he || sight.sees(by, queue));
                    let device = self.0.watch.wishes(&agent.agent).device;
                    agent_row(agent, device, now)
                });
                Answer::Agents(rows.collect())
            }
            View::Registrations => {
                let list = self.0.registrations.list(now).into_iter();
                let his = list.filter(|one| is_shown(by, &one.user.org()));
                Answer::Registrations(his.map(|one| registration_row(one, now)).collect())
            }
            View::Bans => {
                let bans = self.0.gate.bans(now).into_iter();
                Answer::Bans(bans.map(|ban| ban_row(&ban, now)).collect())
            }
            View::Doors => self.doors(|queue| sight.sees(by, queue)),
            View::QuickCloses => self.quick_list(|queue| sight.sees(by, queue)),
            View::Organisations => Answer::Organisations(self.organisation_rows(now).await?),
            View::Log => Answer::Log(self.0.log.tail()),
            View::Trunks => {
                let loaded = self.0.config.loaded();
                let organisations = loaded.directory.organisations.iter();
                let his = organisations.filter(|(org, _)| is_shown(by, org));
                let trunks = his.flat_map(|(_, organisation)| organisation.trunks.keys());
                let row = |trunk: &TrunkId| {
                    let calls = self.0.ledgers.channels_of(trunk);
                    trunk_row(trunk, calls, self.0.trunks.view(trunk), now)
                };
                Answer::Trunks(trunks.map(row).collect())
            }
        })
    }

    pub(crate) async fn snapshot(&self) -> Result<acd::Snapshot, Failure> {
        let snapshot = self.0.acd.snapshot().await;
        snapshot.map_err(|gone| Failure::new(gone.to_string()))
    }

    async fn status(&self) -> Result<Status, Failure> {
        let snapshot = self.snapshot().await?;
        let logged_in = snapshot
            .agents
            .iter()
            .filter(|agent| !agent.queues.is_empty());
        let stats = self.0.media.stats();
        let closed = snapshot.queues.iter().filter(|it| it.closed_by_load);
        Ok(Status {
            storage: http::storage_word(&self.0.store).into(),
            closed_by_load: closed.map(|it| it.queue.clone()).collect(),
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_s: self.0.clock.runs_for().as_secs(),
            draining: self.0.health.health() == Health::Draining,
            calls: self.0.live_calls.count(),
            registrations: self.0.registrations.count(),
            waiting: snapshot
                .queues
                .iter()
                .map(|queue| queue.waiting + queue.offered)
                .sum(),
            agents_logged_in: logged_in.count(),
            listeners: self.0.listeners.clone(),
            media: MediaStatus {
                sessions: stats.sessions,
                ports_used: stats.pairs_in_use as u64 * 2,
                packets_in: stats.packets_received,
                packets_out: stats.packets_sent,
                dropped: stats.packets_dropped,
                late_ticks: stats.ticks_late,
            },
            shards: ShardId::COUNT.into(),
            shard_tasks: self.0.mailboxes.tasks(),
            config: self.0.config.status(),
        })
    }
}

/// Whether he is shown what is of that organisation.
fn is_shown(by: &Principal, org: &OrgId) -> bool {
    match by {
        Principal::Operator => true,
        Principal::User { user, .. } => user.is_of(org),
    }
}

fn source(text: &str) -> Result<Source, Failure> {
    text.parse()
        .map_err(|invalid: sip_core::guard::InvalidSource| Failure::new(invalid.to_string()))
}

fn ban_row(ban: &Ban, now: Time) -> BanRow {
    BanRow {
        source: ban.source.to_string(),
        cause: ban.cause.label().into(),
        since_s: (now - ban.since).as_secs(),
        ends_in_s: (ban.until - now).as_secs(),
        times: ban.times,
    }
}

fn trunk_row(trunk: &TrunkId, calls: u32, view: Option<TrunkView>, now: Time) -> TrunkRow {
    let registered = view.as_ref().and_then(|view| match view.registers {
        Registers::Until { expires, at } => Some((expires, at)),
        Registers::Not | Registers::Absent => None,
    });
    let state = view.as_ref().map(|view| view.state).unwrap_or_default();
    TrunkRow {
        name: trunk.clone(),
        state: state.word().into(),
        since_s: view.as_ref().map(|view| (now - view.since).as_secs()),
        calls,
        registered_for_s: registered.map(|(expires, _)| (expires - now).as_secs()),
        registered_at: registered.map(|(_, at)| at.to_string()),
        trouble: view.and_then(|view| view.trouble).map(|it| it.to_string()),
    }
}

/// `demo/support`, or `support` for a queue of the agent's own organisation.
pub(crate) fn queue_of(org: &OrgId, name: &str) -> Result<QueueId, Failure> {
    let queue = if name.contains('/') {
        name.parse()
    } else {
        QueueId::new(org, name)
    };
    queue.map_err(|invalid| Failure::new(invalid.to_string()))
}

fn call_row(call: CallView, now: Time) -> CallRow {
    CallRow {
        id: call.id.to_string(),
        sip_call_id: call.sip_call_id.into(),
        caller: call.caller.into(),
        dialled: call.dialled.into(),
        queue: call.queue,
        agent: call.with,
        state: call_state(call.state).into(),
        duration_s: (now - call.started).as_secs(),
        talking_s: call.connected.map(|at| (now - at).as_secs()),
    }
}

fn call_state(state: call::CallState) -> &'static str {
    match state {
        call::CallState::Starting => "starting",
        call::CallState::Waiting => "waiting",
        call::CallState::Ringing => "ringing",
        call::CallState::Connected => "connected",
        call::CallState::Announcing => "announcing",
        call::CallState::Ending => "ending",
    }
}

fn queue_row(queue: QueueSnapshot) -> QueueRow {
    QueueRow {
        name: queue.queue,
        waiting: queue.waiting + queue.offered,
        offered: queue.offered,
        connected: queue.connected,
        longest_wait_s: queue.longest_wait_ms.map(seconds),
        average_wait_s: queue.average_wait_ms.map(seconds),
        expected_wait_s: queue.expected_wait_ms.map(seconds),
        handling_s: queue.handling_ms.map(seconds),
        forecast: forecast_row(queue.forecast),
        agents_logged_in: queue.logged_in,
        free: queue.free,
        busy: queue.busy,
        wrap_up: queue.wrap_up,
        paused: queue.paused,
        unreachable: queue.unreachable,
        deferred: queue.deferred,
        closed_by_load: queue.closed_by_load,
        draining: queue.draining,
        totals: QueueTotals {
            entered: queue.totals.entered,
            connected: queue.totals.connected,
            abandoned: queue.totals.abandoned,
            sent_on: queue.totals.sent_on,
            refused: queue.totals.refused,
            overflowed: queue.totals.overflowed,
            called_back: queue.totals.called_back,
        },
    }
}

fn seconds(millis: u64) -> u64 {
    millis / 1_000
}

pub(crate) fn forecast_row(forecast: Forecast) -> ForecastRow {
    let mean = |sum_ms: u64| sum_ms.checked_div(forecast.calls).map(seconds);
    ForecastRow {
        calls: forecast.calls,
        expected_s: mean(forecast.expected_ms),
        waited_s: mean(forecast.waited_ms),
        error_s: mean(forecast.error_ms),
    }
}

fn agent_row(agent: AgentSnapshot, device: Device, now: Time) -> AgentRow {
    let (state, ends_at, pause_reason) = match agent.state {
        AgentState::InCall => ("in-call", None, None),
        AgentState::Offered => ("offered", None, None),
        AgentState::WrapUp { until } => ("wrap-up", Some(until), None),
        AgentState::LoggedOut => ("logged-out", None, None),
        AgentState::Paused { reason } => ("paused", None, reason),
        AgentState::OwnCall => ("own-call", None, None),
        AgentState::Unreachable => ("unreachable", None, None),
        AgentState::Deferred { until } => ("deferred", Some(until), None),
        AgentState::Free => ("free", None, None),
    };
    let put_by = agent.put_by.as_ref();
    AgentRow {
        put_by: put_by.and_then(|by| origin_word(by, &agent.agent)),
        missed_in_a_row: agent.strikes.missed_in_a_row,
        missed_since_log_in: agent.strikes.missed_since_log_in,
        errors_in_a_row: agent.strikes.errors_in_a_row,
        name: agent.agent,
        state: state.into(),
        since_s: agent.since_ms / 1_000,
        ends_in_s: ends_at.map(|at| (at - now).as_secs()),
        pause_reason,
        queues: agent.queues,
        reachable: agent.reachable,
        device,
        taken: agent.totals.taken,
        missed: agent.totals.missed,
        declined: agent.totals.declined,
        device_errors: agent.totals.device_errors,
    }
}

/// Who or what paused an agent or logged him out, where it wasn't he himself.
pub(crate) fn origin_word(by: &Origin, agent: &UserId) -> Option<String> {
    match by {
        Origin::Person(Principal::User { user, .. }) if user == agent => None,
        Origin::Person(by) => Some(by.to_string()),
        Origin::Configuration => Some("the configuration".into()),
        Origin::Restart => Some("the restart".into()),
        Origin::MissedCalls(1) => Some("1 missed call".into()),
        Origin::MissedCalls(count) => Some(format!("{count} missed calls")),
        Origin::DeviceErrors(1) => Some("1 device error".into()),
        Origin::DeviceErrors(count) => Some(format!("{count} device errors")),
    }
}

pub(crate) fn registration_row(registered: Registered, now: Time) -> RegistrationRow {
    let binding = registered.binding;
    RegistrationRow {
        user: registered.user,
        contact: binding.contact.to_string(),
        source: binding.flow.remote.to_string(),
        transport: binding.flow.transport.via_token().into(),
        expires_in_s: (binding.expires_at - now).as_secs(),
        user_agent: binding.user_agent.map(Into::into),
        q: f64::from(binding.q) / 1_000.0,
        path: binding.path.into_iter().map(Into::into).collect(),
        reg_id: binding.reg_id,
    }
}

/// A call, or a callback.
fn subject(text: &str) -> Option<Subject> {
    let call = text.parse().map(Subject::Call);
    call.or_else(|_| text.parse().map(Subject::Callback)).ok()
}
