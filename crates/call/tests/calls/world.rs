//! A made-up world around one shard: the queue engine, phones, a network that may lose and double messages, and
//! media that plays at the speed of the made-up clock.

use crate::lists::{self, Book};
use crate::phone::{Habit, Phone};
use acd::{AgentState, Deferral, Engine, Policy, QueueSettings};
use base::{CallId, Core, LegId, OrgId, QueueId, ShardId, SubscriptionId, Time, TrunkId, UserId};
use bytes::Bytes;
use call::closing::CarriedOut;
use call::dictation::RecordingKept;
use call::ledger::Ledger;
use call::own_call::OwnCall;
use call::settings::{
    AgentPrompts, Answering, Destination, Devices, Directory, FeatureCode, FeaturePrompts,
    Language, Offering, Organisation, PositionSaid, QueueJourney, SessionTimers, Trunk, User,
    WaitSaid, Ways,
};
use call::watched::{Lamp, Line, Sight, Watched};
use call::wishes::Wishes;
use call::{
    Admission, Asker, CallEvent, CallRecord, EndCause, Input, Output, RefusedCause, Room, Shard,
    admission,
};
use control::PromptCommand;
use control::{CallAct, OwnCallCommand, OwnCallRefusal, Role};
use media_core::{Command, NOTHING_MAX, PromptId, Then};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sip_core::dialog_info::{Phase, Side};
use sip_core::digest::{Algorithm, Ha1};
use sip_core::registrar::Binding;
use sip_core::{Flow, Message, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const NUMBER: &str = "+46850001000";
pub(crate) const RING: Duration = Duration::from_secs(15);
pub(crate) const WRAP_UP: Duration = Duration::from_secs(5);
const WAITING_MAX: u32 = 100;
const PROMPT: Duration = Duration::from_secs(2);

/// How the network treats messages, in percent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Network {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) latency_max_ms: u64,
}

/// Whether the cores live through the whole run, or are saved, dropped and loaded at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Whole,
    Interrupted,
}

enum Happening {
    ToServer { from: SocketAddr, bytes: Bytes },
    ToPhone { to: SocketAddr, bytes: Bytes },
    Shard(Box<Input>),
    Lists(Box<callback::Input>),
}

pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) shard: Shard,
    /// A second shard, for calls that the first does not have; see [`World::of_two_shards`].
    pub(crate) other: Option<Shard>,
    pub(crate) engine: Engine,
    pub(crate) phones: Vec<Phone>,
    pub(crate) media: BTreeMap<LegId, Vec<Command>>,
    pub(crate) media_open: BTreeSet<LegId>,
    /// The call whose thread has each session.
    homes: BTreeMap<LegId, CallId>,
    /// Who hears whom.
    bridged: BTreeMap<LegId, LegId>,
    pub(crate) ended: Vec<EndCause>,
    /// What is kept of each call for good.
    pub(crate) records: BTreeMap<CallId, CallRecord>,
    /// And what the parties said of why.
    pub(crate) ended_for: Vec<sip_core::Reasons>,
    pub(crate) outside_refused: Vec<RefusedCause>,
    pub(crate) refused: Vec<RefusedCause>,
    /// Everything that the cores put out, printed: to compare two runs.
    pub(crate) diary: Vec<String>,
    directory: Arc<Directory>,
    network: Network,
    life: Life,
    rng: ChaCha8Rng,
    happenings: BTreeMap<(Time, u64), Happening>,
    count: u64,
    ports: u16,
    /// How long each prompt is.
    pub(crate) prompt: Duration,
    /// News of media that is played never arrives.
    pub(crate) media_is_mute: bool,
    /// How much is said when somebody is recorded.
    pub(crate) spoken: Duration,
    /// Whether recordings can be kept, and those that were to be.
    pub(crate) keeps: RecordingKept,
    pub(crate) kept: Vec<PromptCommand>,
    /// Whether commands can be carried out, and those that were to be.
    pub(crate) carries_out: CarriedOut,
    pub(crate) carried_out: Vec<control::Command>,
    /// How long whoever the shard asks takes to answer.
    pub(crate) answers_take: Duration,
    /// What each leg of a colleague's does, as the shard told it.
    pub(crate) lines: BTreeMap<LegId, Line>,
    owners: BTreeMap<LegId, UserId>,
    pub(crate) watchers: BTreeSet<SubscriptionId>,
    /// Whether one more subscription is let in.
    pub(crate) room: Room,
    /// What a watched switch shows.
    pub(crate) lamp: Lamp,
    /// What users have asked for by telephone.
    pub(crate) wishes: BTreeMap<UserId, Wishes>,
    /// What calls over trunks use.
    pub(crate) ledger: Ledger,
    /// Calls over trunks at once, at most so far.
    pub(crate) channels_most: u32,
    /// What the DNS knows: the addresses of a name, best first.
    pub(crate) names: BTreeMap<String, Vec<SocketAddr>>,
    /// Next hops that were found wanting, and for how long they rest.
    pub(crate) rested: Vec<(SocketAddr, Duration)>,
    /// The callback lists.
    pub(crate) book: Book,
    /// What came of what people did with their own calls away from their telephones.
    pub(crate) own_calls_done: Vec<Result<(), OwnCallRefusal>>,
}

pub(crate) fn server() -> SocketAddr {
    "127.0.0.1:5060".parse().unwrap()
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(&OrgId::new("demo").unwrap(), name).unwrap()
}

pub(crate) fn queue() -> QueueId {
    QueueId::new(&OrgId::new("demo").unwrap(), "support").unwrap()
}

pub(crate) fn backup() -> QueueId {
    "demo/backup".parse().unwrap()
}

pub(crate) fn directory(journey: QueueJourney) -> Directory {
    let org = OrgId::new("demo").unwrap();
    let account = |name: &str, extension: &str| {
        let ha1 = |algorithm| Ha1::of(algorithm, name, "demo.localhost", "secret");
        let user = User {
            extension: Some(extension.into()),
            display_name: None,
            role: Role::Agent,
            devices: Devices::All,
            ha1_md5: ha1(Algorithm::Md5),
            ha1_sha256: ha1(Algorithm::Sha256),
            contacts_max: None,
            forwards: call::forward::Forwards::default(),
            intercom: call::settings::PickUp::ByItself,
            mobile: None,
        };
        (self::user(name), user)
    };
    let prompt = |name: &str| PromptId::new(name);
    let organisation = Organisation {
        domain: "demo.localhost".into(),
        users: BTreeMap::from([
            account("anna", "101"),
            account("bosse", "102"),
            account("carin", "103"),
        ]),
        extensions: BTreeMap::from([
            ("101".into(), Destination::User(self::user("anna"))),
            ("102".into(), Destination::User(self::user("bosse"))),
            ("103".into(), Destination::User(self::user("carin"))),
            ("1000".into(), Destination::Queue(queue())),
        ]),
        numbers: BTreeMap::from([(NUMBER.into(), Destination::Queue(queue()).into())]),
        feature_codes: BTreeMap::from([
            ("*11".into(), FeatureCode::LogIn),
            ("*12".into(), FeatureCode::LogOut),
            ("*13".into(), FeatureCode::Pause),
            ("*14".into(), FeatureCode::Resume),
            ("*78".into(), FeatureCode::DoNotDisturbOn),
            ("*79".into(), FeatureCode::DoNotDisturbOff),
            ("*21".into(), FeatureCode::ForwardAlways),
            ("*61".into(), FeatureCode::ForwardNoAnswer),
            ("*67".into(), FeatureCode::ForwardBusy),
            ("*62".into(), FeatureCode::ForwardUnreachable),
            ("*20".into(), FeatureCode::ForwardOff),
            ("*10".into(), FeatureCode::AgentStatus),
            ("*190".into(), FeatureCode::DevicePhone),
            ("*191".into(), FeatureCode::DeviceMobile),
            ("*192".into(), FeatureCode::DeviceBoth),
            ("*17".into(), FeatureCode::EndWrapUp),
            ("*18".into(), FeatureCode::ExtendWrapUp),
            ("*41".into(), FeatureCode::ListLogIn),
            ("*42".into(), FeatureCode::ListLogOut),
            ("*43".into(), FeatureCode::ListNext),
            ("*8".into(), FeatureCode::PickUp),
            ("*80".into(), FeatureCode::Intercom),
        ]),
        trunks: BTreeMap::from([(
            TrunkId::new(&org, "provider").unwrap(),
            Trunk {
                sources: vec!["127.0.0.0/8".parse().unwrap()],
                ..Trunk::default()
            },
        )]),
        outward: call::outward::Settings::default(),
        queues: BTreeMap::from([(queue(), journey)]),
        dictated: Default::default(),
        by_phone: None,
        callbacks: BTreeMap::new(),
        calling_back: BTreeMap::new(),
        feature_prompts: FeaturePrompts {
            logged_in: prompt("logged-in"),
            logged_out: prompt("logged-out"),
            paused: prompt("paused"),
            resumed: prompt("resumed"),
            refused: prompt("refused"),
            do_not_disturb_on: prompt("do-not-disturb-on"),
            do_not_disturb_off: prompt("do-not-disturb-off"),
            forwarded: prompt("forwarded"),
            not_forwarded: prompt("not-forwarded"),
            agent: AgentPrompts::named(Language::Sv, PromptId::new),
            lists: call::settings::ListPrompts::named(PromptId::new),
        },
        ring: Duration::from_secs(30),
        hold_music: prompt("music"),
        transfer_failed: call::settings::TransferFailed::default(),
        messages: call::settings::Messages::Deliver,
        ways: Ways {
            ringing_tone: Some(prompt("ringing")),
            not_available: Some(prompt("not-available")),
            ..Ways::default()
        },
    };
    Directory {
        organisations: BTreeMap::from([(org.clone(), organisation)]),
        domains: BTreeMap::from([("demo.localhost".into(), org.clone())]),
        addressed_by_ip: Some(org),
        ..Directory::default()
    }
}

pub(crate) fn journey() -> QueueJourney {
    QueueJourney {
        answer: Answering::AtOnce,
        offers: Offering::DuringWelcome,
        welcome: Some(PromptId::new("welcome")),
        first_message: Some(PromptId::new("first")),
        repeated: vec![PromptId::new("again")],
        repeat_every: Duration::from_secs(20),
        music: PromptId::new("music"),
        position: PositionSaid::Always,
        position_intro: PromptId::new("place"),
        wait: WaitSaid::Never,
        wait_intro: PromptId::new("wait"),
        language: Language::Sv,
        pick_up: call::settings::PickUp::ByHand,
        display_name: "Support".into(),
    }
}

pub(crate) fn settings() -> acd::Settings {
    let rank = |rank| acd::Member {
        rank,
        ..acd::Member::default()
    };
    let members = BTreeMap::from([(user("anna"), rank(0)), (user("bosse"), rank(1))]);
    let short = Duration::from_secs(3);
    let queue_settings = QueueSettings {
        kind: acd::QueueKind::default(),
        members: members.clone(),
        policy: Policy::LongestIdle,
        asked: acd::Asked::default(),
        weight: 5,
        ring: RING,
        wrap_up: WRAP_UP,
        ageing: Duration::from_secs(300),
        waiting_max: WAITING_MAX,
        judged: acd::Yardstick::default(),
        exits: acd::Exits::default(),
        last_agent: None,
        callbacks: None,
        deferral: Deferral {
            no_answer: short,
            declined: short,
            busy: short,
            error: short,
        },
    };
    let agent = |id: UserId| {
        let logged_in_at_start = BTreeSet::from([queue()]);
        let settings = acd::AgentSettings {
            logged_in_at_start,
            ..acd::AgentSettings::default()
        };
        (id, settings)
    };
    acd::Settings {
        queues: BTreeMap::from([(queue(), queue_settings)]),
        agents: members.into_keys().map(agent).collect(),
        ..acd::Settings::default()
    }
}

impl World {
    pub(crate) fn new(seed: u64, journey: QueueJourney) -> World {
        World::of(seed, directory(journey))
    }

    pub(crate) fn of(seed: u64, directory: Directory) -> World {
        let directory = Arc::new(directory);
        let mut world = World {
            now: Time::from_millis(1_000),
            shard: Shard::new(ShardId(3), [7; 32], Arc::clone(&directory)),
            other: None,
            engine: Engine::new(),
            phones: Vec::new(),
            media: BTreeMap::new(),
            media_open: BTreeSet::new(),
            homes: BTreeMap::new(),
            bridged: BTreeMap::new(),
            ended: Vec::new(),
            records: BTreeMap::new(),
            ended_for: Vec::new(),
            outside_refused: Vec::new(),
            refused: Vec::new(),
            diary: Vec::new(),
            directory,
            network: Network::default(),
            life: Life::Whole,
            rng: ChaCha8Rng::seed_from_u64(seed),
            happenings: BTreeMap::new(),
            count: 0,
            ports: 30_000,
            prompt: PROMPT,
            media_is_mute: false,
            spoken: Duration::from_secs(3),
            keeps: RecordingKept::Yes,
            kept: Vec::new(),
            carries_out: CarriedOut::Yes,
            carried_out: Vec::new(),
            answers_take: Duration::ZERO,
            lines: BTreeMap::new(),
            owners: BTreeMap::new(),
            watchers: BTreeSet::new(),
            room: Room::Some,
            lamp: Lamp::Off,
            wishes: BTreeMap::new(),
            ledger: Ledger::default(),
            channels_most: 0,
            names: BTreeMap::new(),
            rested: Vec::new(),
            book: Book::default(),
            own_calls_done: Vec::new(),
        };
        world.tell_engine(acd::Input::Configure(Arc::new(settings())));
        world
    }

    /// Another setting for a user.
    pub(crate) fn set_user(&mut self, name: &str, set: impl FnOnce(&mut User)) {
        self.set_organisation(|demo| set(demo.users.get_mut(&user(name)).expect("a user")));
    }

    /// Another setting of the organisation.
    pub(crate) fn set_organisation(&mut self, set: impl FnOnce(&mut Organisation)) {
        let mut directory = (*self.directory).clone();
        let mut organisations = directory.organisations.values_mut();
        set(organisations.next().expect("the demo"));
        self.directory = Arc::new(directory);
        self.tell_shard(Input::Configure(Arc::clone(&self.directory)));
    }

    pub(crate) fn over(mut self, network: Network) -> World {
        self.network = network;
        self
    }

    /// Calls go to one of two shards by their Call-ID.
    pub(crate) fn of_two_shards(mut self) -> World {
        let directory = Arc::clone(&self.directory);
        self.other = Some(Shard::new(ShardId(4), [8; 32], directory));
        self
    }

    /// The queue's agents are chosen so.
    pub(crate) fn set_policy(&mut self, policy: Policy) {
        let mut settings = settings();
        for queue in settings.queues.values_mut() {
            queue.policy = policy;
        }
        self.tell_engine(acd::Input::Configure(Arc::new(settings)));
    }

    /// A reload.
    pub(crate) fn change(&mut self, edit: impl FnOnce(&mut Organisation)) {
        let mut directory = (*self.directory).clone();
        edit(directory.organisations.values_mut().next().unwrap());
        self.directory = Arc::new(directory);
        self.tell_shard(Input::Configure(Arc::clone(&self.directory)));
    }

    /// Every call that people see.
    pub(crate) fn calls(&self) -> Vec<call::CallView> {
        let shards = [Some(&self.shard), self.other.as_ref()];
        shards
            .into_iter()
            .flatten()
            .flat_map(Shard::calls)
            .collect()
    }

    pub(crate) fn living(mut self, life: Life) -> World {
        self.life = life;
        self
    }

    /// With sessions of this length, which is also the least.
    pub(crate) fn with_sessions(mut self, expires: Duration) -> World {
        let directory = Directory {
            session_timers: SessionTimers {
                expires,
                expires_min: expires,
            },
            ..(*self.directory).clone()
        };
        self.directory = Arc::new(directory);
        self.tell_shard(Input::Configure(Arc::clone(&self.directory)));
        self
    }

    /// As many others wait in the queue as may; who they are.
    pub(crate) fn fill_the_queue(&mut self) -> CallId {
        let one = |slot| CallId {
            shard: ShardId(9),
            slot,
            generation: 1,
        };
        for slot in 0..WAITING_MAX {
            let entrance = acd::Entrance::new(one(slot), queue(), self.now);
            self.tell_engine(acd::Input::Join(entrance));
        }
        one(0)
    }

    pub(crate) fn leave_the_queue(&mut self, call: CallId) {
        let cause = acd::LeaveCause::Abandoned;
        self.tell_engine(acd::Input::Leave { call, cause });
    }

    pub(crate) fn empty_the_queue(&mut self) {
        for slot in 1..WAITING_MAX {
            self.leave_the_queue(CallId {
                shard: ShardId(9),
                slot,
                generation: 1,
            });
        }
    }

    /// Adds a phone; one with an agent's name is registered.
    pub(crate) fn phone(&mut self, name: &str, habit: Habit) -> usize {
        let port = 6_000 + self.phones.len() as u16;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut phone = Phone::new(name, address, server(), 10 + self.phones.len() as u8);
        phone.habit = habit;
        self.phones.push(phone);
        if ["anna", "bosse"].contains(&name) {
            self.tell_engine(acd::Input::DeviceReachable {
                agent: user(name),
                reachable: true,
            });
        }
        self.phones.len() - 1
    }

    pub(crate) fn call(&mut self, phone: usize, dialled: &str) {
        self.with_phone(phone, |phone, now, out| phone.call(now, dialled, out));
    }

    pub(crate) fn hang_up(&mut self, phone: usize) {
        self.with_phone(phone, Phone::hang_up);
    }

    pub(crate) fn reinvite(&mut self, phone: usize, direction: sip_core::Direction) {
        self.with_phone(phone, |phone, now, out| phone.reinvite(now, direction, out));
    }

    pub(crate) fn update(&mut self, phone: usize, offer: Option<sip_core::Direction>) {
        self.with_phone(phone, |phone, now, out| phone.update(now, offer, out));
    }

    /// Whether the server ever sent a message with all of these in it.
    pub(crate) fn sent(&self, pieces: &[&str]) -> bool {
        let has_all = |line: &&String| pieces.iter().all(|piece| line.contains(piece));
        self.diary.iter().any(|line| has_all(&line))
    }

    pub(crate) fn call_with(
        &mut self,
        phone: usize,
        dialled: &str,
        more: &[(sip_core::HeaderName, &str)],
    ) {
        self.with_phone(phone, |phone, now, out| {
            phone.call_with(now, dialled, more, out)
        });
    }

    /// Calls in place of whoever has that dialog.
    pub(crate) fn call_replacing(&mut self, phone: usize, replaces: &str) {
        let more = [(sip_core::HeaderName::Replaces, replaces)];
        self.call_with(phone, "kolapp", &more);
    }

    /// Sends the other party to whoever talks with `line`, in place of that.
    pub(crate) fn refer_to_line(&mut self, phone: usize, line: usize) {
        let replaces = self.phones[line].replaces();
        let escaped = replaces
            .replace(';', "%3B")
            .replace('=', "%3D")
            .replace('@', "%40");
        self.refer(
            phone,
            &format!("<sip:kolapp@127.0.0.1:5060?Replaces={escaped}>"),
        );
    }

    pub(crate) fn refer(&mut self, phone: usize, refer_to: &str) {
        self.refer_with(phone, refer_to, &[]);
    }

    pub(crate) fn refer_with(
        &mut self,
        phone: usize,
        refer_to: &str,
        more: &[(sip_core::HeaderName, &str)],
    ) {
        self.with_phone(phone, |phone, now, out| {
            phone.refer(now, refer_to, more, out)
        });
    }

    /// An agent takes no calls of queues.
    pub(crate) fn tell_engine_logs_out(&mut self, name: &str) {
        let (agent, queues) = (user(name), control::Queues::All);
        self.tell_engine_of(control::AgentCommand::LogOut { agent, queues });
    }

    /// Callers leave the queue by these rules; anna serves it, and bosse a queue beside it.
    pub(crate) fn with_exits(&mut self, exits: acd::Exits) {
        self.set_organisation(|demo| {
            demo.queues.insert(backup(), journey());
        });
        let mut settings = settings();
        let mut beside = settings.queues[&queue()].clone();
        beside.members.remove(&user("anna"));
        settings.queues.insert(backup(), beside);
        let first = settings.queues.get_mut(&queue()).expect("the queue");
        first.members.remove(&user("bosse"));
        first.exits = exits;
        self.tell_engine(acd::Input::Configure(Arc::new(settings)));
        let (agent, queues) = (user("bosse"), control::Queues::All);
        self.tell_engine_of(control::AgentCommand::LogIn { agent, queues });
    }

    pub(crate) fn tell_engine_of(&mut self, command: control::AgentCommand) {
        let by = control::Principal::User {
            user: command.agent().clone(),
            role: Role::Agent,
        };
        let command = control::permit(by, command).expect("his own state");
        self.tell_engine(acd::Input::AgentCommand {
            asker: acd::Asker::Control(0),
            command,
        });
    }

    /// The caller presses a key, heard in his stream (RFC 4733). For worlds with one caller's leg.
    pub(crate) fn press(&mut self, digit: char) {
        let leg = *self.media_open.first().expect("a caller who is heard");
        self.tell_shard(Input::Media(media_core::Event::Digit { leg, digit }));
    }

    /// A phone sends a key by INFO.
    pub(crate) fn info(&mut self, phone: usize, kind: &str, body: &'static str) {
        self.with_phone(phone, |phone, now, out| phone.info(now, kind, body, out));
    }

    pub(crate) fn random(&mut self, below: u64) -> u64 {
        self.rng.next_u64() % below
    }

    /// Lets `span` pass.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        let mut steps = 0u32;
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step();
            steps += 1;
            assert!(steps < 1_000_000, "the world never comes to rest");
        }
        self.now = end;
    }

    pub(crate) fn agent(&self, name: &str) -> AgentState {
        let snapshot = self.engine.snapshot(self.now);
        let agent = snapshot
            .agents
            .into_iter()
            .find(|row| row.agent == user(name));
        agent.expect("a known agent").state
    }

    pub(crate) fn misses(&self, name: &str) -> (u64, u64) {
        let snapshot = self.engine.snapshot(self.now);
        let agent = snapshot
            .agents
            .into_iter()
            .find(|row| row.agent == user(name));
        let totals = agent.expect("a known agent").totals;
        (totals.missed, totals.device_errors)
    }

    /// Everything that was asked of the media session of the leg with the most commands naming `prompt`.
    pub(crate) fn heard(&self, prompt: &str) -> bool {
        self.media.values().flatten().any(|command| match command {
            Command::Play(list) => list.prompts.iter().any(|id| id.as_str() == prompt),
            _ => false,
        })
    }

    /// How often a leg was told to hear music and nothing before it.
    pub(crate) fn music(&self) -> usize {
        let is_music = |command: &&Command| matches!(command, Command::Play(list) if list.prompts.is_empty() && list.then != Then::Silence);
        self.media.values().flatten().filter(is_music).count()
    }

    /// Whether music of that name was asked for.
    pub(crate) fn heard_music(&self, name: &str) -> bool {
        self.media.values().flatten().any(|command| match command {
            Command::Play(list) => list.then == Then::Music(PromptId::new(name)),
            _ => false,
        })
    }

    /// Somebody does something with a call of his own away from his telephone; what comes of it.
    pub(crate) fn own_call(&mut self, name: &str, act: CallAct) -> Result<(), OwnCallRefusal> {
        let user = user(name);
        let by = control::Principal::User {
            user: user.clone(),
            role: Role::Agent,
        };
        let admission = Admission::User(user.clone());
        let command = control::permit(by, OwnCallCommand { user, act }).expect("his own call");
        self.tell_shard(Input::OwnCall { command, admission });
        self.own_calls_done.pop().expect("it is answered at once")
    }

    /// Somebody's legs, with what he is told of each, the first first.
    pub(crate) fn own_calls(&self, name: &str) -> Vec<(LegId, OwnCall)> {
        let of_user = |leg: &LegId| self.owners.get(leg) == Some(&user(name));
        let lines = self.lines.iter().filter(|(leg, _)| of_user(leg));
        lines
            .map(|(leg, line)| (*leg, (*line.own).clone()))
            .collect()
    }

    /// Whether every open session is bridged with another.
    pub(crate) fn all_hear_each_other(&self) -> bool {
        !self.media_open.is_empty()
            && self
                .media_open
                .iter()
                .all(|leg| self.bridged.contains_key(leg))
    }

    pub(crate) fn bridges(&self) -> usize {
        let is_bridge = |command: &&Command| matches!(command, Command::Bridge { .. });
        self.media.values().flatten().filter(is_bridge).count()
    }

    /// A call begins, where none is known, or one that was over goes on; or it is over, once.
    fn record(&mut self, record: CallRecord) {
        let is_over = record.over.is_some();
        let is_answered = record.answered.is_some();
        let before = self.records.insert(record.call, record);
        let was_over = before.map(|it| it.over.is_some());
        match is_over {
            true => assert_eq!(was_over, Some(false), "a record ends once, and has begun"),
            // Told again when its caller is answered, or talks.
            false if was_over == Some(false) => assert!(is_answered, "a record begins once"),
            false => {}
        }
    }

    pub(crate) fn assert_at_rest(&self) {
        let go_on = |record: &&CallRecord| record.over.is_none();
        assert_eq!(
            self.records.values().find(go_on),
            None,
            "its record ends with a call"
        );
        assert_eq!(self.shard.calls_count(), 0, "{:#?}", self.shard.calls());
        assert_eq!(self.shard.legs_count(), 0);
        if let Some(other) = &self.other {
            assert_eq!(other.calls_count(), 0, "{:#?}", other.calls());
            assert_eq!(other.legs_count(), 0);
        }
        assert!(self.ledger.is_idle(), "still in use: {:?}", self.ledger);
        assert!(self.lines.is_empty(), "lamps still lit: {:?}", self.lines);
        assert!(
            self.media_open.is_empty(),
            "media left open: {:?}",
            self.media_open
        );
        self.engine.check_invariants().unwrap();
        let queue = &self.engine.snapshot(self.now).queues[0];
        assert_eq!((queue.waiting, queue.offered, queue.connected), (0, 0, 0));
        for phone in self
            .phones
            .iter()
            .filter(|phone| phone.habit != Habit::Dead)
        {
            assert!(
                phone.is_idle(),
                "{} still thinks that it is in a call",
                phone.name
            );
        }
    }

    pub(crate) fn with_phone(
        &mut self,
        phone: usize,
        act: impl FnOnce(&mut Phone, Time, &mut Vec<Bytes>),
    ) {
        let mut out = Vec::new();
        act(&mut self.phones[phone], self.now, &mut out);
        let from = self.phones[phone].address;
        for bytes in out {
            self.send(|bytes| Happening::ToServer { from, bytes }, bytes);
        }
    }

    fn send(&mut self, happening: impl Fn(Bytes) -> Happening, bytes: Bytes) {
        let copies = match self.random(100) {
            dice if dice < self.network.lost => 0,
            dice if dice < self.network.lost + self.network.doubled => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let latency = 1 + self.random(self.network.latency_max_ms.max(1));
            self.later(Duration::from_millis(latency), happening(bytes.clone()));
        }
    }

    fn later(&mut self, span: Duration, happening: Happening) {
        self.count += 1;
        self.happenings
            .insert((self.now + span, self.count), happening);
    }

    fn next_moment(&self) -> Option<Time> {
        let happening = self.happenings.keys().next().map(|(at, _)| *at);
        let shard = self.shard.poll_timeout().map(|(at, _)| at);
        let other = self.other.as_ref().and_then(Shard::poll_timeout);
        let other = other.map(|(at, _)| at);
        let engine = self.engine.poll_timeout().map(|(at, _)| at);
        let phones = self.phones.iter().filter_map(Phone::poll_timeout).min();
        let lists = self.book.poll_timeout();
        [happening, shard, other, engine, lists, phones]
            .into_iter()
            .flatten()
            .min()
    }

    fn step(&mut self) {
        if let Some(entry) = self.happenings.first_entry()
            && entry.key().0 <= self.now
        {
            let happening = entry.remove();
            return self.happen(happening);
        }
        for id in [ShardId(3), ShardId(4)] {
            let due = self.shard_mut(id).and_then(|shard| shard.poll_timeout());
            if due.is_some_and(|(at, _)| at <= self.now) {
                self.interrupt();
                let (now, mut out) = (self.now, Vec::new());
                if let Some(shard) = self.shard_mut(id) {
                    shard.handle_timeout(now, &mut out);
                }
                return self.carry_out(out);
            }
        }
        if self
            .engine
            .poll_timeout()
            .is_some_and(|(at, _)| at <= self.now)
        {
            let mut out = acd::Output::default();
            self.engine.handle_timeout(self.now, &mut out);
            return self.engine_said(out);
        }
        if self.book.poll_timeout().is_some_and(|at| at <= self.now) {
            return self.lists_due();
        }
        for phone in 0..self.phones.len() {
            if self.phones[phone]
                .poll_timeout()
                .is_some_and(|at| at <= self.now)
            {
                self.with_phone(phone, Phone::handle_timeout);
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Shard(input) => self.tell_shard(*input),
            Happening::Lists(input) => self.tell_lists(*input),
            Happening::ToPhone { to, bytes } => {
                if let Some(phone) = self.phones.iter().position(|phone| phone.address == to) {
                    self.with_phone(phone, |phone, now, out| phone.receive(now, bytes, out));
                }
            }
            Happening::ToServer { from, bytes } => {
                let flow = Flow {
                    transport: Transport::Udp,
                    local: server(),
                    remote: from,
                    connection: 0,
                };
                let message = sip_core::parse_datagram(bytes, &sip_core::Limits::default());
                let message = message.expect("phones send SIP");
                let admission = self.admit(&flow, &message);
                self.tell_shard(Input::Received {
                    flow,
                    message,
                    admission,
                });
            }
        }
    }

    /// What the gate does, with passwords taken as right.
    fn admit(&self, flow: &Flow, message: &Message) -> Admission {
        let Message::Request(request) = message else {
            return Admission::Anyone;
        };
        match admission::assess(&self.directory, self.shard.trunks_seen(), flow, request) {
            admission::Assessment::Admitted(admission) => admission,
            admission::Assessment::Challenge { .. } => {
                Admission::User(user(request.headers.from().unwrap().uri.user().unwrap()))
            }
            admission::Assessment::Refused(status) => panic!("refused with {status:?}"),
        }
    }

    pub(crate) fn tell_shard(&mut self, input: Input) {
        self.interrupt();
        let (now, id, mut out) = (self.now, self.shard_for(&input), Vec::new());
        let shard = match &mut self.other {
            Some(other) if other.id() == id => other,
            _ => &mut self.shard,
        };
        shard.handle(now, input, &mut out);
        self.carry_out(out);
    }

    /// The shard that an input is for.
    fn shard_for(&self, input: &Input) -> ShardId {
        match input {
            Input::Received { message, .. } => match call::shard_of(message) {
                known if self.is_here(known) => known,
                ShardId(hash) => ShardId(3 + hash % 2),
            },
            Input::Wished { call } | Input::FoundRinging { call, .. } => call.shard,
            Input::Located { leg, .. }
            | Input::MediaOpened { leg, .. }
            | Input::Resolved {
                asker: Asker::Leg(leg) | Asker::Dialog(leg) | Asker::Early(leg),
                ..
            }
            | Input::Occupied { leg, .. }
            | Input::Spent { leg, .. } => leg.shard,
            Input::Media(event) => event.leg().shard,
            Input::OwnCall { command, .. } => {
                let leg = command.command().act.leg();
                leg.map_or(self.shard.id(), |leg| leg.shard)
            }
            Input::Told(message) => message.shard(),
            Input::Watching { subscription, .. }
            | Input::Resolved {
                asker: Asker::Lamp(subscription),
                ..
            }
            | Input::Changed { subscription }
            | Input::Seen { subscription, .. } => subscription.shard,
            Input::LocatedFor { message, .. }
            | Input::Resolved {
                asker: Asker::Message(message, _),
                ..
            } => message.shard,
            Input::Acd(
                acd::Command::Ring { call, .. }
                | acd::Command::Withdraw { call, .. }
                | acd::Command::Connect { call, .. }
                | acd::Command::Release { call, .. }
                | acd::Command::Refuse { call, .. }
                | acd::Command::Room { call }
                | acd::Command::Position { call, .. }
                | acd::Command::Standing { call, .. },
            ) => call.shard,
            Input::Acd(acd::Command::Answer {
                asker: acd::Asker::Call(call),
                ..
            }) => call.shard,
            Input::Callback(command) => lists::shard_of(command).unwrap_or_else(|| self.shard.id()),
            _ => self.shard.id(),
        }
    }

    fn is_here(&self, id: ShardId) -> bool {
        id == self.shard.id() || self.other.as_ref().is_some_and(|other| other.id() == id)
    }

    fn shard_mut(&mut self, id: ShardId) -> Option<&mut Shard> {
        let shards = [Some(&mut self.shard), self.other.as_mut()];
        shards.into_iter().flatten().find(|shard| shard.id() == id)
    }

    /// The server goes down.
    pub(crate) fn end_all(&mut self) {
        for id in [ShardId(3), ShardId(4)] {
            let (now, mut out) = (self.now, Vec::new());
            if let Some(shard) = self.shard_mut(id) {
                shard.handle(now, Input::EndAll, &mut out);
            }
            self.carry_out(out);
        }
    }

    /// A reload that takes every organisation away; those who come in are still let in.
    pub(crate) fn forget_organisations(&mut self) {
        let nothing = Input::Configure(Arc::new(Directory::default()));
        self.tell_shard(nothing);
    }

    pub(crate) fn interrupt(&mut self) {
        if self.life == Life::Interrupted {
            self.book.interrupt();
            let again = || Input::Configure(Arc::clone(&self.directory));
            for shard in [Some(&mut self.shard), self.other.as_mut()]
                .into_iter()
                .flatten()
            {
                let saved = postcard::to_stdvec(shard).unwrap();
                *shard = postcard::from_bytes(&saved).unwrap();
                shard.handle(self.now, again(), &mut Vec::new());
            }
        }
    }

    pub(crate) fn tell_engine(&mut self, input: acd::Input) {
        let mut out = acd::Output::default();
        self.engine.handle(self.now, input, &mut out);
        self.engine.check_invariants().unwrap();
        self.engine_said(out);
    }

    fn engine_said(&mut self, out: acd::Output) {
        for command in out.commands {
            match lists::of_engine(command) {
                Ok(input) => self.lists_later(input),
                Err(command) => self.answer_shard(Input::Acd(command)),
            }
        }
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            self.diary.push(format!("{:?} {output:?}", self.now));
            match output {
                Output::Transmit { flow, bytes } => {
                    self.send(
                        |bytes| Happening::ToPhone {
                            to: flow.remote,
                            bytes,
                        },
                        bytes,
                    );
                }
                Output::Wish { call, user, change } => {
                    self.wishes.entry(user).or_default().change(&change);
                    self.answer_shard(Input::Wished { call });
                }
                Output::KeepRecording { call, command, .. } => {
                    self.kept.push(command.command().clone());
                    let kept = self.keeps;
                    self.later(
                        self.answers_take,
                        Happening::Shard(Box::new(Input::RecordingKept { call, kept })),
                    );
                }
                Output::CarryOut { call, commands } => {
                    let commands = commands.iter().map(|it| it.command().clone());
                    self.carried_out.extend(commands);
                    let done = self.carries_out;
                    let answer = Input::CarriedOut { call, done };
                    self.later(self.answers_take, Happening::Shard(Box::new(answer)));
                }
                Output::FindRinging { call, users } => {
                    let leg = self.ringing(&users);
                    self.answer_shard(Input::FoundRinging { call, leg });
                }
                Output::Locate { leg, user } => {
                    let wishes = self.wishes.get(&user).cloned().unwrap_or_default();
                    let bindings = self.bindings(user.name());
                    self.later(
                        self.answers_take,
                        Happening::Shard(Box::new(Input::Located {
                            leg,
                            bindings,
                            wishes,
                        })),
                    );
                }
                Output::Resolve { asker, uri } => {
                    let flow = |remote| Flow {
                        transport: Transport::Udp,
                        local: server(),
                        remote,
                        connection: 0,
                    };
                    let found = uri
                        .host()
                        .and_then(|host| self.names.get(&host.to_string()));
                    let targets = match found {
                        Some(addresses) => addresses.iter().copied().map(flow).collect(),
                        None => uri.socket_addr().map(flow).into_iter().collect(),
                    };
                    self.later(
                        self.answers_take,
                        Happening::Shard(Box::new(Input::Resolved { asker, targets })),
                    );
                }
                Output::Occupy { leg, ask } => {
                    let result = self.ledger.occupy(self.now, &ask);
                    self.channels_most = self.channels_most.max(self.ledger.channels());
                    self.answer_shard(Input::Occupied { leg, ask, result });
                }
                Output::Vacate(held) => self.ledger.vacate(&held),
                Output::Spend {
                    leg,
                    payer,
                    own,
                    common,
                    ..
                } => {
                    let result = self.ledger.spend(self.now, &payer, &own, &common);
                    self.answer_shard(Input::Spent { leg, result });
                }
                Output::Rest { hop, span } => self.rested.push((hop.remote, span)),
                Output::OpenMedia(session) => {
                    self.media_open.insert(session.leg);
                    self.homes.insert(session.leg, session.call);
                    self.ports += 2;
                    let address = Some(SocketAddr::new(server().ip(), self.ports));
                    let leg = session.leg;
                    self.later(
                        self.answers_take,
                        Happening::Shard(Box::new(Input::MediaOpened { leg, address })),
                    );
                }
                Output::Media { call, leg, command } => {
                    assert_eq!(
                        self.homes.get(&leg),
                        Some(&call),
                        "{command:?} to the wrong thread"
                    );
                    self.play(leg, command);
                }
                Output::Acd(input) => self.tell_engine(input),
                Output::Callback(input) => self.lists_later(input),
                Output::TrunkChanged(_) | Output::TrunkForgotten(_) => {}
                Output::OwnCallDone(done) => self.own_calls_done.push(done),
                // What is for all shards is for those that are not here too.
                Output::Tell { to, .. } if !self.is_here(to) => {}
                Output::Tell { message, .. } => {
                    self.later(
                        Duration::ZERO,
                        Happening::Shard(Box::new(Input::Told(message))),
                    );
                }
                Output::Register { .. } => unreachable!("phones here are registered by hand"),
                Output::Event(CallEvent::Recorded(record)) => self.record(*record),
                Output::Event(CallEvent::Ended {
                    call,
                    cause,
                    reasons,
                }) => {
                    let recorded = self.records.get(&call.id).and_then(|it| it.over);
                    assert_eq!(recorded.map(|(_, why)| why), Some(cause), "its record");
                    self.ended.push(cause);
                    self.ended_for.push(reasons);
                }
                Output::Event(CallEvent::OutsideRefused { cause, .. }) => {
                    self.outside_refused.push(cause);
                }
                Output::Event(CallEvent::Refused { cause, .. }) => self.refused.push(cause),
                Output::Event(_) => {}
                Output::Line { user, leg, line } => {
                    self.owners.insert(leg, user);
                    self.line(leg, line);
                }
                Output::LocateFor { message, user } => {
                    let bindings = self.bindings(user.name());
                    self.answer_shard(Input::LocatedFor { message, bindings });
                }
                Output::Watch { subscription, .. } => {
                    self.watchers.insert(subscription);
                    let room = self.room;
                    self.answer_shard(Input::Watching { subscription, room });
                }
                Output::Unwatch { subscription, .. } => drop(self.watchers.remove(&subscription)),
                Output::Look {
                    subscription,
                    watched,
                } => {
                    let sight = self.sight(&watched);
                    self.answer_shard(Input::Seen {
                        subscription,
                        sight,
                    });
                }
            }
        }
    }

    /// A leg that rings at one of these.
    fn ringing(&self, users: &[UserId]) -> Option<LegId> {
        let rings = |(leg, line): &(&LegId, &Line)| {
            line.phase == Phase::Early
                && line.side == Side::Recipient
                && self
                    .owners
                    .get(leg)
                    .is_some_and(|owner| users.contains(owner))
        };
        self.lines.iter().find(rings).map(|(leg, _)| *leg)
    }

    fn unbridge(&mut self, leg: LegId) {
        if let Some(other) = self.bridged.remove(&leg) {
            self.bridged.remove(&other);
        }
    }

    /// The lists hear that next.
    pub(crate) fn lists_later(&mut self, input: callback::Input) {
        self.later(Duration::ZERO, Happening::Lists(Box::new(input)));
    }

    pub(crate) fn answer_shard(&mut self, input: Input) {
        self.later(self.answers_take, Happening::Shard(Box::new(input)));
    }

    fn line(&mut self, leg: LegId, line: Option<Line>) {
        match line {
            Some(line) => drop(self.lines.insert(leg, line)),
            None => drop(self.lines.remove(&leg)),
        }
        self.poke_watchers();
    }

    /// Everybody who watches anything is told to look again: more than the shell does, never less.
    pub(crate) fn poke_watchers(&mut self) {
        for subscription in self.watchers.clone() {
            self.answer_shard(Input::Changed { subscription });
        }
    }

    fn sight(&self, watched: &Watched) -> Sight {
        match watched {
            Watched::Calls(user) => {
                let of_user = |leg: &LegId| self.owners.get(leg) == Some(user);
                let lines = self.lines.iter().filter(|(leg, _)| of_user(leg));
                Sight::Calls(lines.map(|(_, line)| line.clone()).collect())
            }
            Watched::Switch(..) => Sight::Lamp(self.lamp),
        }
    }

    fn play(&mut self, leg: LegId, command: Command) {
        assert!(
            self.media_open.contains(&leg),
            "{command:?} for a closed session"
        );
        match &command {
            Command::Close => {
                self.unbridge(leg);
                self.media_open.remove(&leg);
            }
            Command::MoveTo { home } => {
                self.unbridge(leg);
                self.homes.insert(leg, *home);
            }
            Command::Bridge { with }
                if self.homes.get(&leg) == self.homes.get(with)
                    && self.media_open.contains(with)
                    && self.bridged.get(&leg) != Some(with) =>
            {
                self.unbridge(leg);
                self.unbridge(*with);
                self.bridged.extend([(leg, *with), (*with, leg)]);
            }
            Command::Play(_) => self.unbridge(leg),
            _ => {}
        }
        match &command {
            Command::Play(list) if !list.prompts.is_empty() && !self.media_is_mute => {
                let token = list.token;
                let span = self.prompt * list.prompts.len() as u32;
                if span > media_core::LONG_PLAYLIST {
                    let lasts = media_core::Event::Lasts { leg, span };
                    self.later(
                        Duration::ZERO,
                        Happening::Shard(Box::new(Input::Media(lasts))),
                    );
                }
                let played = media_core::Event::Played { leg, token };
                self.later(span, Happening::Shard(Box::new(Input::Media(played))));
            }
            Command::Record { token } if !self.media_is_mute => {
                let (token, length) = (*token, self.spoken);
                let recorded = media_core::Event::Recorded { leg, token, length };
                let span = length.max(NOTHING_MAX);
                self.later(span, Happening::Shard(Box::new(Input::Media(recorded))));
            }
            _ => {}
        }
        self.media.entry(leg).or_default().push(command);
    }

    fn bindings(&self, name: &str) -> Vec<Binding> {
        let of_name = self.phones.iter().filter(|phone| phone.name == name);
        of_name
            .map(|phone| Binding {
                contact: match phone.home {
                    Some((name, _)) => format!("sip:{}@{name}", phone.name),
                    None => format!("sip:{}@{}", phone.name, phone.address),
                }
                .parse()
                .unwrap(),
                flow: Flow {
                    transport: Transport::Udp,
                    local: server(),
                    remote: phone.home.map_or(phone.address, |(_, heard)| heard),
                    connection: 0,
                },
                expires_at: Time::NEVER,
                call_id: "register".into(),
                cseq: 1,
                user_agent: None,
                q: phone.q,
                instance: None,
                reg_id: None,
                path: Box::default(),
                natted: false,
            })
            .collect()
    }
}
