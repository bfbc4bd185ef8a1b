//! An office in memory: real lists, whose facts are stored at once, and a clock that the test sets.

use crate::administered::{self, Administered};
use crate::looks;
use base::{CallId, CallbackId, Core, OrgId, QueueId, ShardId, Time, UserId, WallClock};
use calendar::{QuickClose, QuickCloses};
use callback::{
    AheadRow, CallEvent, Command, CustomerDigits, CustomerInput, CustomerNumber, Done, Draft,
    Given, Input, ListSettings, Lists, Number, Output, Page, PlacingId, Query, Refusal, Row,
    Settings, Span, Utc, Waiting, Window, Wish,
};
use control::{
    AgentCommand, CallbackCommand, Command as Asked, Device, OwnCallRefusal, Permitted, Principal,
    Role, SettingsAction, SettingsCommand, Sight,
};
use sip_core::digest::{Algorithm, Ha1};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use web::{
    Account, AgentDay, AgentFigures, AgentStateView, AgentView, AuditAsked, AuditFound, Audited,
    CallShown, CallsAsked, CallsFound, Change, ChangeView, Changes, Colleague,
    ConfigurationFileView, ConfigurationView, Configured, Declined, Deed, DiffLineView, Directory,
    DoorHours, DoorView, EffectView, FiguresAsked, FiguresReport, FiguresRow, FileDiffView,
    FileView, Floor, Happened, Keeping, LicenceReport, LineKindView, Look, NoFigures,
    NotConfigured, Office, OwnCallView, OwnTurn, PasswordHash, PauseReasonView, Person,
    PhoneKindView, PhoneView, Piece, PromptsTold, Proof, QueueDay, QueueEffectView, QueueView,
    QuickAsked, QuickChoices, QuickDone, Reached, Refused, RegistrationsAsked, RegistrationsFound,
    Shown, Soon, Told, Unread, Unstored, Who,
};

/// Half past eight on a morning of 2026, when the process has run for a while.
const START_UTC: i64 = 1_795_000_000;
const START: Time = Time::from_millis(3_000_000);

pub(crate) struct InMemory {
    lists: Mutex<Lists>,
    settings: Arc<Settings>,
    changes: Changes,
    now: Mutex<Time>,
    drawn: AtomicU64,
    accounts: Mutex<Vec<Account>>,
    pub(crate) kept: Mutex<Vec<Keeping>>,
    /// What nobody waits for.
    pub(crate) kept_soon: Mutex<Vec<Keeping>>,
    /// What somebody had done that is no command.
    pub(crate) deeds: Mutex<Vec<Deed>>,
    /// Nothing is stored.
    pub(crate) is_storage_away: AtomicBool,
    /// Requests come by one, on this machine.
    pub(crate) is_behind_a_proxy: AtomicBool,
    placings: Mutex<Vec<PlacingId>>,
    pub(crate) floor: Mutex<Floor>,
    /// Of which organisations it was asked for.
    pub(crate) looked_at: Mutex<Vec<OrgId>>,
    /// Who sees which queues.
    sight: Mutex<Arc<Sight>>,
    /// What was asked of queues and agents.
    pub(crate) asked: Mutex<Vec<Asked>>,
    /// What was asked of settings.
    pub(crate) asked_of_settings: Mutex<Vec<SettingsCommand>>,
    /// Nothing comes of it.
    pub(crate) refuses_settings: Mutex<Option<NotConfigured>>,
    /// Records of calls.
    pub(crate) calls: Mutex<Vec<CallShown>>,
    /// What was asked for of them last.
    pub(crate) asked_of_calls: Mutex<Option<CallsAsked>>,
    /// Something is being read for whoever asks.
    pub(crate) is_reading: AtomicBool,
    /// And of what people had done.
    pub(crate) asked_of_audit: Mutex<Option<AuditAsked>>,
    /// And all that was asked for of figures.
    pub(crate) asked_of_figures: Mutex<Vec<FiguresAsked>>,
    /// Calls that go on, by whose they are.
    own_calls: Mutex<BTreeMap<UserId, Vec<OwnCallView>>>,
    own_calls_changed: watch::Sender<u64>,
    /// Why nothing can be done with anybody's.
    pub(crate) own_call_refused: Mutex<Option<OwnCallRefusal>>,
    /// Figures are read while nobody has this.
    pub(crate) journal: tokio::sync::Mutex<()>,
    pub(crate) administered: Administered,
}

/// A queue that is open, and nobody waits in.
fn quiet(name: &str) -> QueueView {
    QueueView {
        name: queue(name),
        state: DoorView::Open,
        why: "always open: it has no hours".into(),
        until: None,
        closed_by_load: false,
        draining: false,
        waiting: 0,
        offered: 0,
        connected: 0,
        waiting_since: None,
        longest_wait_s: None,
        average_wait_s: None,
        expected_wait_s: None,
        handling_s: None,
        agents_logged_in: 0,
        free: 0,
        busy: 0,
        wrap_up: 0,
        paused: 0,
        unreachable: 0,
        deferred: 0,
        today: QueueDay::default(),
    }
}

/// An agent who is free in these queues.
fn free(name: &str, queues: &[&str]) -> AgentView {
    AgentView {
        name: user(name),
        display_name: None,
        state: AgentStateView::Free,
        since: Utc::from_seconds(START_UTC),
        ends: None,
        pause_reason: None,
        queue: None,
        queues: queues.iter().map(|name| queue(name)).collect(),
        reachable: true,
        device: Device::Phone,
        put_by: None,
        missed_in_a_row: 0,
        errors_in_a_row: 0,
        today: AgentDay::default(),
    }
}

fn floor() -> Floor {
    let both = ["demo/sales", "demo/support"];
    Floor {
        at: Utc::from_seconds(START_UTC),
        queues: ["demo/sales", "demo/support", "other/support"]
            .map(quiet)
            .into(),
        agents: vec![
            free("demo/anna", &both[1..]),
            free("demo/bosse", &both),
            free("demo/cecilia", &both[..1]),
            free("other/anna", &["other/support"]),
        ],
    }
}

/// Anna and Bosse see support, as Bosse and Cecilia do sales.
fn sight() -> Sight {
    let mut sight = Sight::default();
    for (name, seers) in [
        ("demo/support", &["demo/anna", "demo/bosse"][..]),
        ("demo/sales", &["demo/bosse", "demo/cecilia"]),
        ("other/support", &["other/anna"]),
    ] {
        sight.add(queue(name), seers.iter().map(|name| user(name)));
    }
    sight
}

/// What of a floor is an organisation's.
fn part(floor: &Floor, org: &OrgId) -> Floor {
    let mut part = floor.clone();
    part.queues.retain(|queue| queue.name.is_of(org));
    part.agents.retain(|agent| agent.name.is_of(org));
    part
}

fn organisations() -> BTreeSet<OrgId> {
    ["demo", "other"].map(|it| OrgId::new(it).unwrap()).into()
}

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn agent(user: &UserId) -> Principal {
    let (user, role) = (user.clone(), Role::Agent);
    Principal::User { user, role }
}

fn phone(name: &str, role: Role, password: &str) -> Account {
    let id = user(name);
    let realm = format!("{}.localhost", id.org_name());
    Account {
        who: Who::User(id.clone()),
        display_name: None,
        proof: Proof::Digest {
            ha1: Ha1::of(Algorithm::Sha256, id.name(), &realm, password),
            user: id.name().into(),
            realm: realm.into(),
        },
        principal: Principal::User { user: id, role },
    }
}

fn operator() -> Account {
    // It takes a while.
    static HASH: LazyLock<PasswordHash> =
        LazyLock::new(|| PasswordHash::of("demo-operator", b"sixteen bytes ok").unwrap());
    Account {
        who: Who::Operator("operator".into()),
        principal: Principal::Operator,
        display_name: Some("Drift".into()),
        proof: Proof::Web(HASH.clone()),
    }
}

impl InMemory {
    pub(crate) fn new() -> Arc<InMemory> {
        let list = |members: &[&str]| ListSettings {
            members: members.iter().map(|name| user(name)).collect(),
            ..ListSettings::default()
        };
        let settings = Settings {
            lists: BTreeMap::from([
                (queue("demo/support"), list(&["demo/anna", "demo/bosse"])),
                (queue("demo/sales"), list(&["demo/bosse"])),
                (queue("other/support"), list(&["other/anna"])),
            ]),
        };
        let settings = Arc::new(settings);
        let office = InMemory {
            lists: Mutex::default(),
            settings: settings.clone(),
            changes: Changes::new(7),
            now: Mutex::new(START),
            drawn: AtomicU64::new(1),
            accounts: Mutex::new(vec![
                phone("demo/anna", Role::Agent, "demo-anna"),
                phone("demo/bosse", Role::Agent, "demo-bosse"),
                phone("demo/eva", Role::Supervisor, "demo-eva"),
                phone("demo/admin", Role::Administrator, "demo-admin"),
                phone("other/anna", Role::Agent, "other-anna"),
                phone("other/admin", Role::Administrator, "other-admin"),
                operator(),
            ]),
            kept: Mutex::default(),
            kept_soon: Mutex::default(),
            deeds: Mutex::default(),
            is_storage_away: AtomicBool::new(false),
            is_behind_a_proxy: AtomicBool::new(false),
            placings: Mutex::default(),
            floor: Mutex::new(floor()),
            looked_at: Mutex::default(),
            sight: Mutex::new(Arc::new(sight())),
            asked: Mutex::default(),
            asked_of_settings: Mutex::default(),
            refuses_settings: Mutex::default(),
            calls: Mutex::default(),
            asked_of_calls: Mutex::default(),
            is_reading: AtomicBool::new(false),
            asked_of_audit: Mutex::default(),
            asked_of_figures: Mutex::default(),
            own_calls: Mutex::default(),
            own_calls_changed: watch::Sender::new(0),
            own_call_refused: Mutex::default(),
            journal: tokio::sync::Mutex::default(),
            administered: Administered::new(START_UTC),
        };
        office.give(Input::Clock(WallClock::new(START, START_UTC * 1_000)));
        office.give(Input::Configure(settings));
        Arc::new(office)
    }

    pub(crate) fn pass(&self, span: Duration) {
        *self.now.lock().unwrap() += span;
        let now = self.now();
        self.step(|lists, out| lists.handle_timeout(now, out));
    }

    /// Another password, or none any more.
    pub(crate) fn set_password(&self, name: &str, password: Option<&str>) {
        let mut accounts = self.accounts.lock().unwrap();
        accounts.retain(|account| account.who != Who::User(user(name)));
        if let Some(password) = password {
            accounts.push(phone(name, Role::Agent, password));
        }
    }

    /// At what version an entry is; none where it is gone.
    pub(crate) fn entry_version(&self, entry: CallbackId) -> Option<u32> {
        let lists = self.lists.lock().unwrap();
        lists.row(lists.entry(entry)?).map(|row| row.version)
    }

    /// A caller accepts; gives his entry.
    pub(crate) fn wish(&self, list: &str, number: &str, slot: u32) -> CallbackId {
        let call = CallId {
            shard: ShardId(0),
            slot,
            generation: 1,
        };
        let bounds = CustomerDigits { min: 4, max: 12 };
        let digits = CustomerNumber::new("4711815", bounds).unwrap();
        let draft = Draft {
            queue: queue(list),
            number: number.parse().unwrap(),
            given: Given::Shown,
            asked_by: None,
            input: Some(CustomerInput::Customer(digits)),
            arrived: self.utc(self.now()),
            wish: Wish::AsSoonAsPossible,
        };
        let commands = self.give(Input::Accept {
            call,
            draft: Box::new(draft),
        });
        let accepted = commands.into_iter().find_map(|command| match command {
            Command::Accepted { result, .. } => Some(result.unwrap()),
            _ => None,
        });
        self.pass(Duration::ZERO);
        accepted.unwrap()
    }

    /// The agent answers, and the person is not there.
    pub(crate) fn nobody_answers(&self) {
        let placing = self.placings.lock().unwrap().pop().unwrap();
        for event in [CallEvent::AgentAnswered, CallEvent::PersonNoAnswer] {
            self.give(Input::Call { placing, event });
        }
    }

    /// A number is erased: of its entry nothing is known any more.
    pub(crate) fn erase(&self, list: &str, entry: CallbackId) {
        let list = queue(list);
        self.changes.push(Change::Erased { entry, list });
    }

    /// Something changes of a queue, and whoever reads is told.
    pub(crate) fn change_queue(&self, name: &str, change: impl FnOnce(&mut QueueView)) {
        self.change_floor(|floor| {
            let queue = floor.queues.iter_mut().find(|it| it.name == queue(name));
            change(queue.unwrap());
        });
    }

    /// The same of an agent.
    pub(crate) fn change_agent(&self, name: &str, change: impl FnOnce(&mut AgentView)) {
        self.change_floor(|floor| {
            let agent = floor.agents.iter_mut().find(|it| it.name == user(name));
            change(agent.unwrap());
        });
    }

    /// Something changes of queues and agents, and whoever reads is told.
    pub(crate) fn change_floor(&self, change: impl FnOnce(&mut Floor)) {
        let mut floor = self.floor.lock().unwrap();
        change(&mut floor);
        for org in organisations() {
            self.changes.tell_floor(&org, &part(&floor, &org));
        }
    }

    /// These alone see a queue from now on, beside supervisors.
    pub(crate) fn let_see(&self, name: &str, seers: &[&str]) {
        let mut seen = Sight::default();
        for of in ["demo/sales", "demo/support", "other/support"] {
            let before = self.sight.lock().unwrap().clone();
            let sees = |user: &UserId| match of == name {
                true => seers.contains(&user.as_str()),
                false => before.sees(&agent(user), &queue(of)),
            };
            let accounts = self.accounts.lock().unwrap();
            let users = accounts.iter().filter_map(|it| match &it.who {
                Who::User(user) => Some(user.clone()),
                Who::Operator(_) => None,
            });
            seen.add(queue(of), users.filter(sees));
        }
        *self.sight.lock().unwrap() = Arc::new(seen);
    }

    /// Whoever reads is told that who sees what may be another.
    pub(crate) fn tell_sight(&self) {
        self.changes.tell_sight(&self.sight());
    }

    /// Somebody has these calls from now on, and is told.
    pub(crate) fn set_own_calls(&self, name: &str, calls: Vec<OwnCallView>) {
        self.own_calls.lock().unwrap().insert(user(name), calls);
        self.own_calls_changed.send_modify(|changes| *changes += 1);
    }

    /// Another role.
    pub(crate) fn set_role(&self, name: &str, role: Role) {
        let mut accounts = self.accounts.lock().unwrap();
        let account = accounts
            .iter_mut()
            .find(|it| it.who == Who::User(user(name)));
        let user = user(name);
        account.unwrap().principal = Principal::User { user, role };
        *self.sight.lock().unwrap() = Arc::new(sight());
    }

    /// One setting in one file, of which the version is 1.
    fn settings_of(&self, command: &SettingsCommand) -> Result<Configured, NotConfigured> {
        let org = command.org.as_str();
        if !["demo", "other"].contains(&org) {
            return Err(NotConfigured::NotThere(format!("there is no {org}")));
        }
        let refusal = self.refuses_settings.lock().unwrap().clone();
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let (name, version) = ("organisation.toml".to_owned(), "1".to_owned());
        Ok(match &command.action {
            SettingsAction::Show => Configured::Shown(Box::new(ConfigurationView {
                version: version.clone(),
                settings: serde_json::json!({ "organisation": { "domain": format!("{org}.localhost") } }),
                files: vec![ConfigurationFileView { name, version }],
                in_force: true,
                problems: Vec::new(),
            })),
            SettingsAction::ShowFile { name: asked } if *asked == name => {
                Configured::File(FileView {
                    name,
                    version,
                    text: format!("[organisation]\ndomain = \"{org}.localhost\"\n"),
                })
            }
            SettingsAction::ShowFile { name } => {
                return Err(NotConfigured::NotThere(format!("there is no file {name}")));
            }
            SettingsAction::Preview(_) | SettingsAction::Change(_) => {
                Configured::Change(Box::new(ChangeView {
                    version: "2".into(),
                    files: vec![FileDiffView {
                        name,
                        diff: vec![DiffLineView {
                            kind: LineKindView::Added,
                            line: 2,
                            text: "ring = \"20s\"".into(),
                        }],
                    }],
                    warnings: Vec::new(),
                    effects: vec![QueueEffectView {
                        queue: queue(&format!("{org}/support")),
                        waiting: 3,
                        what: EffectView::Changed,
                    }],
                    restart: Vec::new(),
                }))
            }
        })
    }

    fn can_read(&self) -> Result<(), Unread> {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        match (is(&self.is_storage_away), is(&self.is_reading)) {
            (true, _) => Err(Unread::Away),
            (false, true) => Err(Unread::InTurn),
            (false, false) => Ok(()),
        }
    }

    fn give(&self, input: Input) -> Vec<Command> {
        let now = self.now();
        self.step(|lists, out| lists.handle(now, input, out))
    }

    fn step(&self, take: impl FnOnce(&mut Lists, &mut Output)) -> Vec<Command> {
        let mut lists = self.lists.lock().unwrap();
        let mut out = Output::default();
        take(&mut lists, &mut out);
        let mut done = 0;
        while let Some(command) = out.commands.get(done).cloned() {
            done += 1;
            if let Command::Store { token } = command {
                lists.handle(self.now(), Input::Stored { token }, &mut out);
            }
        }
        for command in &out.commands {
            if let Command::RingAgent { placing, .. } = command {
                self.placings.lock().unwrap().push(*placing);
            }
        }
        for fact in &out.facts {
            for id in fact.fact.entries() {
                let row = lists.entry(id).and_then(|entry| lists.row(entry));
                if let Some(row) = row {
                    self.changes.push(Change::Entry(Arc::new(row)));
                }
            }
        }
        out.commands
    }
}

pub(crate) fn queue(name: &str) -> QueueId {
    name.parse().unwrap()
}

impl Office for InMemory {
    fn named(&self, name: &str) -> Option<Who> {
        if name == "operator" {
            return Some(Who::Operator(name.into()));
        }
        let id = match name.split_once('@') {
            Some((user, domain)) => format!("{}/{user}", domain.strip_suffix(".localhost")?),
            None => format!("demo/{name}"),
        };
        id.parse().ok().map(Who::User)
    }

    fn account(&self, who: &Who) -> Option<Account> {
        let accounts = self.accounts.lock().unwrap();
        accounts.iter().find(|account| account.who == *who).cloned()
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.is_behind_a_proxy.load(Ordering::Relaxed) && address.is_loopback()
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.clone()
    }

    fn staff(&self) -> Arc<BTreeMap<UserId, BTreeSet<QueueId>>> {
        Arc::default()
    }

    fn ahead(&self) -> Arc<BTreeMap<QueueId, AheadRow>> {
        let lists = self.lists.lock().unwrap();
        let all = self.settings.lists.keys();
        let rows = all.filter_map(|list| Some((list.clone(), lists.ahead(self.now(), list)?)));
        Arc::new(rows.collect())
    }

    fn page(&self, query: &Query) -> Page {
        callback::page(&self.lists.lock().unwrap().rows(), query)
    }

    fn all_pages(&self, query: &Query) -> Vec<Row> {
        callback::all_pages(&self.lists.lock().unwrap().rows(), query)
    }

    fn windows(&self, list: &QueueId) -> Vec<Window> {
        let from = self.utc(self.now()) + Duration::from_secs(3_600);
        let until = from + Duration::from_secs(7_200);
        let window = Window {
            name: "afternoon".into(),
            span: Span { from, until },
        };
        let has_one = *list == queue("demo/support");
        has_one.then_some(window).into_iter().collect()
    }

    fn waiting(&self) -> BTreeMap<QueueId, Waiting> {
        callback::waiting(&self.lists.lock().unwrap().rows())
    }

    fn entry(&self, entry: CallbackId) -> Option<Shown> {
        let lists = self.lists.lock().unwrap();
        let entry = lists.entry(entry)?;
        Some(Shown {
            row: lists.row(entry)?,
            attempts: entry.attempts.iter().cloned().collect(),
        })
    }

    fn histories(&self, entries: Vec<CallbackId>) -> Soon<'_, Result<Vec<Vec<Happened>>, Unread>> {
        let happened = |entry: &CallbackId| Happened {
            at: self.utc(self.now()),
            by: "the clock".into(),
            what: format!("{entry} is due"),
        };
        let told: Vec<_> = entries.iter().map(|entry| vec![happened(entry)]).collect();
        let away = self.is_storage_away.load(Ordering::Relaxed);
        Box::pin(async move { if away { Err(Unread::Away) } else { Ok(told) } })
    }

    fn of_number(&self, org: OrgId, number: Number) -> Soon<'_, Result<Vec<Told>, Refused>> {
        let lists = self.lists.lock().unwrap();
        let told = lists.export(&org, &number).into_iter().map(|entry| Told {
            shown: Shown {
                row: lists.row(entry).unwrap(),
                attempts: entry.attempts.to_vec(),
            },
            keyed: entry.asked.input.as_ref().map(|input| input.revealed()),
        });
        let told = told.collect();
        Box::pin(async move { Ok(told) })
    }

    fn command(&self, command: Permitted<CallbackCommand>) -> Soon<'_, Result<Done, Refused>> {
        Box::pin(async move {
            let commands = self.give(Input::Command { ticket: 1, command });
            let answers = commands.into_iter().filter_map(|command| match command {
                Command::Answer { result, .. } => Some(result),
                _ => None,
            });
            let mut answers: Vec<Result<Done, Refusal>> = answers.collect();
            answers.pop().unwrap().map_err(Refused::By)
        })
    }

    fn calls(&self, _: Who, asked: CallsAsked) -> Soon<'_, Result<CallsFound, Unread>> {
        let of_org = |call: &&CallShown| {
            let org = asked.org.as_ref();
            org.is_none_or(|org| call.org == org.as_str())
        };
        let kept = self.calls.lock().unwrap();
        let calls: Vec<CallShown> = kept.iter().filter(of_org).cloned().collect();
        *self.asked_of_calls.lock().unwrap() = Some(asked);
        let total = calls.len() as u64;
        let found = CallsFound { calls, total };
        let can_read = self.can_read();
        Box::pin(async move { can_read.map(|()| found) })
    }

    fn call(&self, _: Who, id: String) -> Soon<'_, Result<Option<CallShown>, Unread>> {
        let calls = self.calls.lock().unwrap();
        let found = calls.iter().find(|call| call.id == id).cloned();
        let can_read = self.can_read();
        Box::pin(async move { can_read.map(|()| found) })
    }

    fn audit(&self, _: Who, asked: AuditAsked) -> Soon<'_, Result<AuditFound, Unread>> {
        let is_his = asked.org.as_ref().is_none_or(|org| org.as_str() == "demo");
        *self.asked_of_audit.lock().unwrap() = Some(asked);
        let rows = vec![Audited {
            at_ms: START_UTC.unsigned_abs() * 1_000,
            org: Some("demo".into()),
            who: "demo/eva".into(),
            way: "http".into(),
            what: "pauses demo/anna".into(),
            refused: None,
        }];
        let rows = if is_his { rows } else { Vec::new() };
        let can_read = self.can_read();
        Box::pin(async move { can_read.map(|()| AuditFound { rows, total: 1 }) })
    }

    /// One caller came to each queue, and was talked with by an agent called Anna.
    fn figures(
        &self,
        by: &Principal,
        asked: FiguresAsked,
        turn: OwnTurn,
    ) -> Soon<'_, Result<FiguresReport, NoFigures>> {
        let sight = self.sight();
        let named = asked.queue.clone();
        self.asked_of_figures.lock().unwrap().push(asked);
        let seen = ["demo/sales", "demo/support", "other/support"].map(queue);
        let seen = seen.into_iter().filter(|queue| {
            named.as_ref().is_none_or(|named| named == queue) && sight.sees(by, queue)
        });
        let rows = seen.map(|queue| FiguresRow {
            from: "2026-11-18T08:00:00+01:00".into(),
            to: "2026-11-18T09:00:00+01:00".into(),
            queue: Some(queue),
            entered: 1,
            service_level: Some(1.0),
            waits: vec![(Some(5), 1), (None, 0)],
            put_out: [("full".to_owned(), 1)].into(),
            ..FiguresRow::default()
        });
        let rows: Vec<FiguresRow> = rows.collect();
        let agents = ["demo/anna", "other/anna"].map(user).into_iter();
        let floor = self.floor.lock().unwrap().agents.clone();
        let agents = agents.filter(|agent| {
            let stands = floor.iter().find(|row| row.name == *agent);
            let queues = stands.into_iter().flat_map(|row| &row.queues);
            sight.sees_agent(by, agent, queues)
        });
        let agents = agents.map(|agent| AgentFigures {
            agent,
            taken: 1,
            missed: 0,
            declined: 0,
            device_errors: 0,
            handled: 1,
            talk_s: 90,
            wrap_up_s: 0,
        });
        let report = FiguresReport {
            zone: "Europe/Stockholm".into(),
            from: "2026-11-18T08:00:00+01:00".into(),
            to: "2026-11-18T09:00:00+01:00".into(),
            sums: rows.clone(),
            queues: rows,
            agents: agents.collect(),
            ..FiguresReport::default()
        };
        let is_away = self.is_storage_away.load(Ordering::Relaxed);
        Box::pin(async move {
            drop(self.journal.lock().await);
            drop(turn);
            match is_away {
                true => Err(NoFigures::Away("what was kept can't be read".into())),
                false => Ok(report),
            }
        })
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }

    fn did(&self, deed: Deed) {
        self.deeds.lock().unwrap().push(deed);
    }

    fn keep(&self, change: Keeping) -> Soon<'_, Result<(), Unstored>> {
        if self.is_storage_away.load(Ordering::Relaxed) {
            return Box::pin(async { Err(Unstored) });
        }
        self.kept.lock().unwrap().push(change);
        Box::pin(async { Ok(()) })
    }

    fn keep_soon(&self, change: Keeping) {
        self.kept_soon.lock().unwrap().push(change);
    }

    fn organisations(&self) -> Soon<'_, Result<Arc<BTreeSet<OrgId>>, Declined>> {
        let floor = self.floor.lock().unwrap();
        let all = floor.queues.iter().map(|queue| queue.name.org()).collect();
        Box::pin(async { Ok(Arc::new(all)) })
    }

    fn floor<'a>(
        &'a self,
        org: &'a OrgId,
        _: Option<&'a Arc<Floor>>,
    ) -> Soon<'a, Result<Arc<Floor>, Declined>> {
        self.looked_at.lock().unwrap().push(org.clone());
        let floor = Arc::new(part(&self.floor.lock().unwrap(), org));
        Box::pin(async { Ok(floor) })
    }

    fn sight(&self) -> Arc<Sight> {
        self.sight.lock().unwrap().clone()
    }

    fn person(&self, user: &UserId) -> Person {
        if user.as_str() != "demo/anna" {
            return Person::default();
        }
        Person {
            zone: Some("Europe/Stockholm".into()),
            device: Device::DeskPhone,
            has_mobile: true,
            phones: vec![PhoneView {
                kind: PhoneKindView::DeskPhone,
                user_agent: Some("Yealink".into()),
                transport: "udp".into(),
                rings: true,
            }],
            queues: vec![queue("demo/office"), queue("demo/support")],
            pause_reasons: vec![PauseReasonView {
                code: "1".into(),
                reason: "lunch".into(),
            }],
        }
    }

    fn own_calls(&self, user: &UserId) -> Vec<OwnCallView> {
        let calls = self.own_calls.lock().unwrap();
        calls.get(user).cloned().unwrap_or_default()
    }

    fn own_calls_changes(&self, _: &UserId) -> watch::Receiver<u64> {
        self.own_calls_changed.subscribe()
    }

    fn directory(&self, org: &OrgId) -> Directory {
        let all = [
            ("demo/anna", Some("Anna"), Some("101"), Reached::Idle),
            ("demo/bosse", None, Some("102"), Reached::InCall),
            ("demo/cecilia", None, Some("103"), Reached::Idle),
            ("demo/eva", None, None, Reached::Nowhere),
            ("other/anna", None, Some("101"), Reached::Rings),
        ];
        let colleagues = all.map(|(name, display_name, number, reached)| Colleague {
            user: user(name),
            display_name: display_name.map(Into::into),
            number: number.map(Into::into),
            reached,
        });
        let queues = ["demo/sales", "demo/support", "other/support"];
        let queues = queues.map(|name| (queue(name), "1000".to_owned()));
        Directory {
            colleagues: colleagues
                .into_iter()
                .filter(|it| it.user.is_of(org))
                .collect(),
            queues: queues
                .into_iter()
                .filter(|(name, _)| name.is_of(org))
                .collect(),
        }
    }

    /// A pause is one at once; there is no wrap-up time to end.
    fn carry_out(&self, command: Permitted<Asked>) -> Soon<'_, Result<(), Declined>> {
        let (_, command) = command.into_parts();
        self.asked.lock().unwrap().push(command.clone());
        let result = match command {
            Asked::Agent(AgentCommand::Pause { agent, reason }) => {
                self.change_agent(agent.as_str(), |it| {
                    (it.state, it.pause_reason) = (AgentStateView::Paused, reason);
                });
                Ok(())
            }
            Asked::Agent(AgentCommand::EndWrapUp { agent }) => Err(Declined::Because(format!(
                "{agent} has no wrap-up time now"
            ))),
            Asked::OwnCall(_) => match *self.own_call_refused.lock().unwrap() {
                Some(refusal) => Err(Declined::OwnCall(refusal)),
                None => Ok(()),
            },
            _ => Ok(()),
        };
        Box::pin(async { result })
    }

    fn configuration_schema(&self) -> serde_json::Value {
        serde_json::json!({ "title": "a file of an organisation" })
    }

    fn configure(
        &self,
        command: Permitted<SettingsCommand>,
    ) -> Soon<'_, Result<Configured, NotConfigured>> {
        let (_, command) = command.into_parts();
        let result = self.settings_of(&command);
        self.asked_of_settings.lock().unwrap().push(command);
        Box::pin(async { result })
    }

    fn hours(&self, queue: &QueueId) -> Option<DoorHours> {
        self.administered.hours(queue)
    }

    fn quick_closes(&self) -> Arc<QuickCloses> {
        self.administered.quick.lock().unwrap().clone()
    }

    fn quick_choices(&self, org: &OrgId) -> QuickChoices {
        administered::choices(org)
    }

    fn quick_meant(&self, asked: QuickAsked) -> Result<QuickClose, String> {
        administered::meant(asked, START_UTC)
    }

    fn quick(&self, command: Permitted<Asked>) -> Soon<'_, Result<QuickDone, Declined>> {
        let done = self.administered.change(command.into_parts(), START_UTC);
        Box::pin(async { done })
    }

    fn prompts(&self, command: Permitted<Asked>) -> Soon<'_, Result<PromptsTold, Declined>> {
        let told = self.administered.prompts(command.into_parts().1);
        Box::pin(async { told })
    }

    fn upload(
        &self,
        command: Permitted<Asked>,
        pieces: mpsc::Receiver<Piece>,
    ) -> Soon<'_, Result<u32, Declined>> {
        let command = command.into_parts().1;
        Box::pin(self.administered.upload(command, pieces))
    }

    fn licences(&self, command: Permitted<Asked>) -> Soon<'_, Result<LicenceReport, Declined>> {
        let report = administered::licences(command.into_parts());
        Box::pin(async { Ok(report) })
    }

    fn look(&self, command: Permitted<Asked>) -> Soon<'_, Result<Look, Declined>> {
        let (by, command) = command.into_parts();
        self.asked.lock().unwrap().push(command.clone());
        Box::pin(async move { Ok(looks::look(&by, &command)) })
    }

    fn registrations(&self, asked: &RegistrationsAsked) -> RegistrationsFound {
        let rows = ["demo/anna", "other/anna"].map(looks::registered);
        let his = rows.into_iter().filter(|row| {
            let org = asked.org.as_ref();
            org.is_none_or(|org| row.user.is_of(org)) && row.contact.contains(&asked.search)
        });
        let rows: Vec<_> = his.collect();
        RegistrationsFound {
            total: rows.len(),
            rows,
        }
    }

    fn now(&self) -> Time {
        *self.now.lock().unwrap()
    }

    fn utc(&self, at: Time) -> Utc {
        Utc::from_seconds(WallClock::new(START, START_UTC * 1_000).unix_seconds(at))
    }

    fn random(&self) -> io::Result<[u8; 32]> {
        let mut bytes = [0; 32];
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        bytes[..8].copy_from_slice(&drawn.to_be_bytes());
        Ok(bytes)
    }
}
