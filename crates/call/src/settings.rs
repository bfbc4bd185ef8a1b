//! What calls need to know of the configuration: who has which number, what callers hear, who may come in
//! without credentials. Made by the room `config`, replaced whole at a reload; calls under way keep what
//! they have already taken from it.

pub use crate::agent_codes::AgentPrompts;
pub use crate::called_back::{Asking, Besides, CallbackOffer, CallbackPrompts};
pub use crate::callers_key::CallersKey;
pub use crate::calling_back::{CallingBack, CallingBackPrompts};
use crate::closing::ByPhone;
pub use crate::destinations::{
    CallerPattern, Choice, Group, GroupPolicy, Listening, Member, Menu, Message, Number,
    OutsideRefused, Route, Ways,
};
use crate::dictation::Dictated;
pub use crate::door::{Door, Instead, NextOpening, Shut};
use crate::forward::Forwards;
pub use crate::list_codes::ListPrompts;
use crate::{identity, outward, trunk};
use acd::{KnownAs, Priority, Skills};
use base::{GroupId, MenuId, OrgId, QueueId, TrunkId, UserId};
use calendar::Hours;
use control::Role;
use media_core::PromptId;
use serde::{Deserialize, Serialize};
use sip_core::addresses::Addresses;
use sip_core::digest::Ha1;
use sip_core::guard::{BanRules, Rate};
pub use sip_core::network::Network;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Everything that calls need to know, over all organisations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// Every organisation.
    pub organisations: BTreeMap<OrgId, Organisation>,
    /// SIP domains in lower case (`demo.localhost`), and whose they are.
    pub domains: BTreeMap<Box<str>, OrgId>,
    /// Whose the requests are that name the server by its own address instead of a domain.
    pub addressed_by_ip: Option<OrgId>,
    /// What peers are told our addresses are.
    pub addresses: Addresses,
    /// Bounds on calls, and how fast anybody may ask.
    pub limits: Limits,
    /// Who is banned for guessing.
    pub bans: BanSettings,
    /// How long a dialog stands without a sign of life.
    pub session_timers: SessionTimers,
    /// What our messages say of who made them; nothing if `None`.
    pub server_header: Option<Box<str>>,
    /// Who is told by OPTIONS what there is.
    pub answer_options: AnswerOptions,
    /// By which way a registered phone is asked to send what else it has.
    pub service_route: ServiceRoute,
    /// What softphones call themselves in User-Agent, or a part of it, in lower case.
    pub softphones: Vec<Box<str>>,
    /// By what callers are known again: a secret of the installation's, which no configuration says. Without it nobody is.
    pub callers_key: Option<CallersKey>,
}

/// By which way a registered phone is asked to send what else it has (RFC 3608).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceRoute {
    /// By its own proxy, or where its domain leads.
    #[default]
    Any,
    /// By the address of ours that it registered at.
    ThisServer,
}

/// Who is told by OPTIONS what there is, outside of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerOptions {
    /// Whoever asks (RFC 3261 §11.2).
    #[default]
    Everybody,
    /// Only who has proved who he is, and the addresses of trunks: all others hear nothing, so that a scanner
    /// does not learn that there is a server.
    Known,
}

/// How long a dialog stands without a sign of life from the party (RFC 4028).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTimers {
    /// What we ask for, and grant at most.
    pub expires: Duration,
    /// What we take at least.
    pub expires_min: Duration,
}

impl Default for SessionTimers {
    /// What RFC 4028 §4 recommends, and the least that its §5 allows.
    fn default() -> Self {
        SessionTimers {
            expires: Duration::from_secs(1_800),
            expires_min: Duration::from_secs(90),
        }
    }
}

impl Directory {
    /// How many contacts a user may have at once, where that is not what all may.
    pub fn contacts_max(&self, user: &UserId) -> Option<usize> {
        self.user(user)?.contacts_max
    }

    /// As whom a caller of that organisation is known again, where he is.
    pub fn known_as(&self, org: &OrgId, number: &str) -> Option<KnownAs> {
        let numbering = &self.organisations.get(org)?.outward.numbering;
        self.callers_key.as_ref()?.known_as(org, numbering, number)
    }

    /// What callers of a queue that is no more meet while it still serves them is what it was before: where their keys
    /// lead, where they go who have waited too long, on whose account agents' mobiles are called.
    pub fn keep_serving(&mut self, queue: &QueueId, before: &Directory) {
        let organisations = self.organisations.get_mut(queue.org_name());
        let before = before.organisations.get(queue.org_name());
        let Some((organisation, before)) = organisations.zip(before) else {
            return;
        };
        if organisation.queues.contains_key(queue) {
            return;
        }
        if let Some(door) = before.ways.doors.get(queue) {
            let doors = &mut organisation.ways.doors;
            doors.insert(queue.clone(), door.clone());
        }
        if let Some(rights) = before.outward.queues.get(queue) {
            let queues = &mut organisation.outward.queues;
            queues.insert(queue.clone(), rights.clone());
        }
    }

    /// Agents call people back for lists that are no more as they did before, until those are worked off.
    pub fn keep_calling_back(&mut self, before: &Directory) {
        for (org, before) in &before.organisations {
            let Some(organisation) = self.organisations.get_mut(org) else {
                continue;
            };
            for (queue, calling) in &before.calling_back {
                if organisation.calling_back.contains_key(queue) {
                    continue;
                }
                let lists = &mut organisation.calling_back;
                lists.insert(queue.clone(), Arc::clone(calling));
                // Of a queue that is there the rights are those that it has now.
                let rights = before.outward.queues.get(queue);
                let is_gone = !organisation.queues.contains_key(queue);
                if let Some(rights) = rights.filter(|_| is_gone) {
                    let queues = &mut organisation.outward.queues;
                    queues.insert(queue.clone(), rights.clone());
                }
            }
        }
    }

    /// A user's account, while the configuration has it.
    pub fn user(&self, user: &UserId) -> Option<&User> {
        self.organisations.get(user.org_name())?.users.get(user)
    }
}

/// Bounds on calls, beyond which a new INVITE gets 503 with Retry-After, and how fast anybody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Calls at once in the whole process. Whoever runs the shards counts them and lets a caller beyond
    /// it in as [`crate::Admission::NoRoom`].
    pub calls_max: u32,
    /// Calls that a user may have started at once.
    pub calls_per_user: u32,
    /// Of those, not answered yet.
    pub early_calls_per_user: u32,
    /// Calls of a trunk that are not answered yet: callers in queues whose call is answered by the agent
    /// are among them.
    pub early_calls_per_trunk: u32,
    /// Messages from an address that nobody has proven himself from. An office behind one address has a
    /// few hundred phones that may all come at once, which a bucket holds.
    pub requests_per_source: Rate,
    /// Messages from one address and port, a phone or a carrier's, that has proven who it is.
    pub requests_per_peer: Rate,
    /// INVITEs of a user.
    pub invites_per_user: Rate,
    /// REGISTERs of a user.
    pub registers_per_user: Rate,
    /// SUBSCRIBEs of a user; a phone sends one for each of its keys when it starts.
    pub subscribes_per_user: Rate,
    /// Other requests of a user.
    pub messages_per_user: Rate,
    /// INVITEs of a trunk.
    pub invites_per_trunk: Rate,
    /// Whether what comes from this machine itself is held to the rates of addresses.
    pub loopback: Loopback,
}

/// Calls at once, where the configuration names no other number.
pub const CALLS_MAX_DEFAULT: u32 = 4_000;

impl Default for Limits {
    fn default() -> Self {
        Limits {
            calls_max: CALLS_MAX_DEFAULT,
            calls_per_user: 20,
            early_calls_per_user: 10,
            early_calls_per_trunk: 1_000,
            requests_per_source: Rate::per_second(50),
            requests_per_peer: Rate::per_second(5_000),
            invites_per_user: Rate::per_second(5),
            registers_per_user: Rate::per_second(10),
            subscribes_per_user: Rate::per_second(25),
            messages_per_user: Rate::per_second(10),
            invites_per_trunk: Rate::per_second(1_000),
            loopback: Loopback::Trusted,
        }
    }
}

/// Whether 127.0.0.0/8 and ::1 are treated as other addresses are. What comes from there has got onto this
/// machine already, and is often a proxy that speaks for many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Loopback {
    /// They are let off.
    #[default]
    Trusted,
    /// They are addresses as all others.
    LikeOthers,
}

/// Who is banned for guessing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanSettings {
    /// When, and for how long.
    pub rules: BanRules,
    /// Addresses that are never banned; those of trunks never are.
    pub never: Vec<Network>,
    /// Whether this machine itself is.
    pub loopback: Loopback,
    /// What scanners call themselves in User-Agent, or a part of it, in lower case.
    pub user_agents: Vec<Box<str>>,
}

/// What the scanners that every public server meets call themselves.
pub const SCANNERS: [&str; 9] = [
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sundayddr",
    "sipcli",
    "pplsip",
    "sip-scan",
    "sipscan",
    "vaxsipuseragent",
];

impl Default for BanSettings {
    fn default() -> Self {
        BanSettings {
            rules: BanRules::default(),
            never: Vec::new(),
            loopback: Loopback::Trusted,
            user_agents: SCANNERS.map(Box::from).into(),
        }
    }
}

/// One organisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Organisation {
    /// Its SIP domain, which is also its digest realm.
    pub domain: Box<str>,
    /// Accounts by user name.
    pub users: BTreeMap<UserId, User>,
    /// Internal numbers, such as `101`.
    pub extensions: BTreeMap<Box<str>, Destination>,
    /// Public numbers in E.164 with the plus, such as `+46850001000`.
    pub numbers: BTreeMap<Box<str>, Number>,
    /// What is dialled, such as `*11`, to have something done.
    pub feature_codes: BTreeMap<Box<str>, FeatureCode>,
    /// Ways to and from the world outside.
    pub trunks: BTreeMap<TrunkId, Trunk>,
    /// How numbers outside are called.
    pub outward: outward::Settings,
    /// What a caller meets in each queue.
    pub queues: BTreeMap<QueueId, QueueJourney>,
    /// How queues offer their callers to be called back, those that do.
    pub callbacks: BTreeMap<QueueId, Arc<CallbackOffer>>,
    /// How the agents of queues call people back, of all that have a list to be worked on.
    pub calling_back: BTreeMap<QueueId, Arc<CallingBack>>,
    /// What feature codes answer with.
    pub feature_prompts: FeaturePrompts,
    /// What its people may record by telephone.
    pub dictated: Dictated,
    /// How its people close queues by telephone, where they can.
    pub by_phone: Option<ByPhone>,
    /// How long an extension rings when a colleague calls it.
    pub ring: Duration,
    /// Heard by a party of a conversation while the other holds him.
    pub hold_music: PromptId,
    /// What becomes of a caller whose transfer failed when whoever sent him on has hung up.
    pub transfer_failed: TransferFailed,
    /// What becomes of text messages between its people.
    pub messages: Messages,
    /// Where callers are led on the way to somebody.
    pub ways: Ways,
}

impl Organisation {
    /// The account of that name, in any case; `org` is this organisation's.
    pub fn user_called(&self, org: &OrgId, name: &str) -> Option<(&UserId, &User)> {
        let mut id = String::with_capacity(org.as_str().len() + 1 + name.len());
        id.push_str(org.as_str());
        id.push('/');
        id.extend(name.chars().map(|c| c.to_ascii_lowercase()));
        self.users.get_key_value(id.as_str())
    }

    /// The internal number that leads to a queue, if one does.
    pub fn extension_of(&self, queue: &QueueId) -> Option<&str> {
        let leads = |to: &Destination| matches!(to, Destination::Queue(other) if other == queue);
        let mut extensions = self.extensions.iter();
        let found = extensions.find(|(_, to)| leads(to));
        found.map(|(extension, _)| &**extension)
    }

    /// The hours that a queue keeps, if it does.
    pub fn hours_of(&self, queue: &QueueId) -> Option<&Hours> {
        let door = self.ways.doors.get(queue)?;
        self.ways.hours.get(door.hours.as_ref()?)
    }

    /// The clock by which a queue is closed by hand: that of its hours, else the organisation's, else UTC.
    pub fn clock_of(&self, queue: &QueueId) -> Option<Hours> {
        match self.hours_of(queue) {
            Some(hours) => Some(hours.clone()),
            None => Hours::new(self.ways.zone.as_deref().unwrap_or("UTC")).ok(),
        }
    }
}

/// What becomes of a caller who can't be had where he was sent, when whoever sent him on has hung up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransferFailed {
    /// Whoever sent him is rung.
    #[default]
    RingBack,
    /// His call ends.
    End,
}

/// What becomes of text messages between an organisation's people (RFC 3428).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Messages {
    /// They go to every device of the one who is meant.
    #[default]
    Deliver,
    /// They are refused.
    Refuse,
}

/// A user's account.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The internal number, if any.
    pub extension: Option<Box<str>>,
    /// Name shown on phones.
    pub display_name: Option<Box<str>>,
    /// What he is to the organisation.
    pub role: Role,
    /// Which of his devices ring.
    pub devices: Devices,
    /// HA1 for MD5 (RFC 7616 §3.4.2).
    pub ha1_md5: Ha1,
    /// HA1 for SHA-256.
    pub ha1_sha256: Ha1,
    /// How many contacts he may have at once, where that is not what all may.
    pub contacts_max: Option<usize>,
    /// Where his calls go instead of to him.
    pub forwards: Forwards,
    /// Whether a colleague's intercom code makes his phone answer by itself.
    pub intercom: PickUp,
    /// His mobile, on which he may take calls from queues.
    pub mobile: Option<outward::Outside>,
}

/// Which of a user's devices ring when he is called or offered a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Devices {
    /// All, those he prefers (by `q`) first.
    #[default]
    All,
    /// The one that registered last.
    Newest,
}

/// Where a number leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// A queue.
    Queue(QueueId),
    /// A user's device.
    User(UserId),
    /// People who are rung together or in order.
    Group(GroupId),
    /// Something is said.
    Message(Message),
    /// Wherever that public number leads.
    Number(Box<str>),
    /// A menu.
    Menu(MenuId),
    /// A number outside, on that account.
    Outside(outward::Outside, outward::Payer),
    /// A queue, where the caller is from now on as these terms say.
    QueueAs(QueueId, Terms),
}

/// How a caller stands in queues from then on; what is not said is as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How far he goes before others.
    pub priority: Option<Priority>,
    /// What he asks for of his own.
    pub requires: Option<Skills>,
}

/// What a feature code does; always about whoever dials it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FeatureCode {
    /// Log in to all his queues.
    LogIn,
    /// Log out of all his queues.
    LogOut,
    /// Pause.
    Pause,
    /// End the pause.
    Resume,
    /// His phones don't ring.
    DoNotDisturbOn,
    /// They do again.
    DoNotDisturbOff,
    /// All his calls go to the number behind it; alone, none do.
    ForwardAlways,
    /// Those that find him busy.
    ForwardBusy,
    /// Those that nobody answers.
    ForwardNoAnswer,
    /// Those that reach none of his phones.
    ForwardUnreachable,
    /// None of his calls goes elsewhere.
    ForwardOff,
    /// Take the call that rings at a colleague's: whose extension stands behind it, or any of his groups'.
    PickUp,
    /// Call a colleague whose phone answers by itself.
    Intercom,
    /// Be free before wrap-up time is over.
    EndWrapUp,
    /// Have more wrap-up time.
    ExtendWrapUp,
    /// Hear where he is logged in, and how he stands.
    AgentStatus,
    /// Take calls from queues on his phones.
    DevicePhone,
    /// Take them on his mobile.
    DeviceMobile,
    /// Take them on both.
    DeviceBoth,
    /// Take them on his desk phones alone.
    DeviceDeskPhone,
    /// Take them on his softphones alone.
    DeviceSoftphone,
    /// Take them in his browser alone.
    DeviceBrowser,
    /// Record the prompt whose number stands behind it.
    RecordPrompt,
    /// Hear it.
    ListenToPrompt,
    /// Close queues for a while, or end that.
    QuickClose,
    /// Log in to all his callback lists, or that of the queue whose extension stands behind it.
    ListLogIn,
    /// Log out of them.
    ListLogOut,
    /// Take the callback whose turn it is.
    ListNext,
}

/// What is said after a feature code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeaturePrompts {
    /// "You are logged in."
    pub logged_in: PromptId,
    /// "You are logged out."
    pub logged_out: PromptId,
    /// "You are paused."
    pub paused: PromptId,
    /// "You are back."
    pub resumed: PromptId,
    /// "That could not be done."
    pub refused: PromptId,
    /// "Your phones don't ring."
    pub do_not_disturb_on: PromptId,
    /// "Your phones ring again."
    pub do_not_disturb_off: PromptId,
    /// "Your calls go elsewhere."
    pub forwarded: PromptId,
    /// "Your calls come to you."
    pub not_forwarded: PromptId,
    /// What is said of an agent's state besides.
    pub agent: AgentPrompts,
    /// What is said of callback lists.
    pub lists: ListPrompts,
}

/// A way to and from the world outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trunk {
    /// Calls from these addresses to the organisation's public numbers need no credentials.
    pub sources: Vec<Network>,
    /// Where calls out are sent; a trunk without takes none.
    pub outward: Option<trunk::Outward>,
    /// What is said of callers over it, and believed.
    pub identity: identity::Identity,
    /// Calls at once over it, in and out; as many as come, where not set.
    pub channels: Option<u32>,
    /// Who its calls prove to be, where they come from anywhere.
    pub inbound: Option<trunk::Account>,
}

/// Language of spoken numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Swedish.
    #[default]
    Sv,
    /// English.
    En,
}

impl Language {
    /// Folder of its prompts.
    pub fn folder(self) -> &'static str {
        match self {
            Language::Sv => "sv",
            Language::En => "en",
        }
    }
}

/// What a caller to a queue meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueJourney {
    /// When the caller's INVITE is answered.
    pub answer: Answering,
    /// When agents are first offered the call.
    pub offers: Offering,
    /// Heard first, once.
    pub welcome: Option<PromptId>,
    /// Heard once after the welcome, if still waiting.
    pub first_message: Option<PromptId>,
    /// Heard in rotation, one each `repeat_every`.
    pub repeated: Vec<PromptId>,
    /// From the end of a message to the start of the next.
    pub repeat_every: Duration,
    /// Heard in between, looped.
    pub music: PromptId,
    /// Whether the place in the queue is said after each message.
    pub position: PositionSaid,
    /// "Your place in the queue is number".
    pub position_intro: PromptId,
    /// Which wait is said after each message.
    pub wait: WaitSaid,
    /// "Your estimated waiting time is".
    pub wait_intro: PromptId,
    /// Language of spoken numbers.
    pub language: Language,
    /// How agents' phones take its calls.
    pub pick_up: PickUp,
    /// Name shown on the agent's phone beside the caller's number.
    pub display_name: Box<str>,
}

/// How agents' phones take a queue's calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PickUp {
    /// They ring.
    #[default]
    ByHand,
    /// They are asked to answer by themselves.
    ByItself,
}

/// When the caller's INVITE is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answering {
    /// 200 at once.
    #[default]
    AtOnce,
    /// 183 with early media; 200 when an agent answers.
    WhenAgentAnswers,
}

/// When agents are first offered the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offering {
    /// At once; the welcome is cut off when an agent answers.
    #[default]
    DuringWelcome,
    /// Once the welcome has been heard.
    AfterWelcome,
}

/// Whether the place in the queue is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PositionSaid {
    /// Never.
    Never,
    /// After each message.
    #[default]
    Always,
    /// After a message, if it is better than when last said.
    WhenImproved,
}

/// Which wait a caller is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitSaid {
    /// None.
    #[default]
    Never,
    /// The queue's average wait.
    Average,
    /// What he himself may expect to wait from now on.
    Expected,
}
