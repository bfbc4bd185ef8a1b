//! Two shards, of which one keeps the trunk up, and providers' servers, over a network that may lose, double and delay.

use crate::provider::{Provider, REALM};
use base::{Core, OrgId, ShardId, Time, TrunkId};
use bytes::Bytes;
use call::outward::NumberFormat;
use call::settings::{
    Directory, FeaturePrompts, Messages, Organisation, TransferFailed, Trunk, Ways,
};
use call::trunk::{Account, Outward};
use call::upkeep::{ContactShown, Keep, Register, TrunkSeen, TrunkState, TrunkView};
use call::{Admission, Crosswise, Input, Output, Shard};
use media_core::PromptId;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sip_core::{Flow, Transport, Uri};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Network {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) latency_max_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Whole,
    /// Saved, dropped and loaded at each step.
    Interrupted,
}

enum Happening {
    ToShard { from: SocketAddr, bytes: Bytes },
    ToProvider { to: SocketAddr, bytes: Bytes },
    Keeper(Box<Input>),
    Other(Box<Input>),
}

pub(crate) struct World {
    pub(crate) now: Time,
    pub(crate) keeper: Shard,
    pub(crate) other: Shard,
    pub(crate) providers: Vec<Provider>,
    pub(crate) view: Option<TrunkView>,
    /// How the state went.
    pub(crate) states: Vec<TrunkState>,
    pub(crate) diary: Vec<String>,
    /// When something came to a provider that only keeps the way open.
    pub(crate) kept_open: Vec<Time>,
    directory: Arc<Directory>,
    network: Network,
    transport: Transport,
    life: Life,
    rng: ChaCha8Rng,
    happenings: BTreeMap<(Time, u64), Happening>,
    count: u64,
}

pub(crate) fn trunk() -> TrunkId {
    "demo/provider".parse().unwrap()
}

pub(crate) fn server() -> SocketAddr {
    "192.0.2.100:5060".parse().unwrap()
}

pub(crate) fn uri(provider: &Provider) -> Uri {
    format!("sip:{}", provider.address).parse().unwrap()
}

/// A trunk that registers at all of these.
pub(crate) fn registering(providers: &[Provider]) -> Outward {
    let register = Register {
        registrars: providers.iter().map(uri).collect(),
        user: "46850001000".into(),
        expires: Duration::from_secs(600),
        contact: ContactShown::AsSeen,
        number: None,
    };
    Outward {
        keep: Keep {
            register: Some(register),
            probe: None,
        },
        ..plain(&providers[0])
    }
}

/// A trunk that is probed.
pub(crate) fn probed(provider: &Provider) -> Outward {
    Outward {
        keep: Keep {
            register: None,
            probe: Some(Duration::from_secs(30)),
        },
        ..plain(provider)
    }
}

fn plain(provider: &Provider) -> Outward {
    Outward {
        next_hop: uri(provider),
        domain: "provider.example".parse().unwrap(),
        account: Some(Account::new("kolapp", REALM, "secret")),
        number_format: NumberFormat::Plus,
        priority: 0,
        weight: 1,
        keep: Keep::default(),
    }
}

fn directory(outward: Option<Outward>) -> Directory {
    let org = OrgId::new("demo").unwrap();
    let trunk_settings = outward.map(|outward| Trunk {
        outward: Some(outward),
        ..Trunk::default()
    });
    let trunks = trunk_settings.into_iter();
    let prompt = || PromptId::new("said");
    let organisation = Organisation {
        domain: "demo.localhost".into(),
        users: BTreeMap::new(),
        extensions: BTreeMap::new(),
        numbers: BTreeMap::new(),
        feature_codes: BTreeMap::new(),
        trunks: trunks.map(|settings| (trunk(), settings)).collect(),
        outward: call::outward::Settings::default(),
        queues: BTreeMap::new(),
        dictated: Default::default(),
        by_phone: None,
        callbacks: BTreeMap::new(),
        calling_back: BTreeMap::new(),
        feature_prompts: FeaturePrompts {
            logged_in: prompt(),
            logged_out: prompt(),
            paused: prompt(),
            resumed: prompt(),
            refused: prompt(),
            do_not_disturb_on: prompt(),
            do_not_disturb_off: prompt(),
            forwarded: prompt(),
            not_forwarded: prompt(),
            agent: call::settings::AgentPrompts::named(Default::default(), PromptId::new),
            lists: call::settings::ListPrompts::named(PromptId::new),
        },
        ring: Duration::from_secs(30),
        hold_music: prompt(),
        transfer_failed: TransferFailed::default(),
        messages: Messages::Deliver,
        ways: Ways::default(),
    };
    Directory {
        organisations: BTreeMap::from([(org, organisation)]),
        ..Directory::default()
    }
}

impl World {
    pub(crate) fn new(seed: u64, providers: Vec<Provider>, outward: Outward) -> World {
        let directory = Arc::new(directory(Some(outward)));
        let keeps = call::shard_of_trunk(&trunk());
        let other = ShardId((keeps.0 + 1) % ShardId::COUNT);
        World {
            now: Time::from_millis(1_000),
            keeper: Shard::new(keeps, [seed as u8; 32], Arc::clone(&directory)),
            other: Shard::new(other, [8; 32], Arc::clone(&directory)),
            providers,
            view: None,
            states: Vec::new(),
            diary: Vec::new(),
            kept_open: Vec::new(),
            directory,
            network: Network::default(),
            transport: Transport::Udp,
            life: Life::Whole,
            rng: ChaCha8Rng::seed_from_u64(seed),
            happenings: BTreeMap::new(),
            count: 0,
        }
    }

    pub(crate) fn over(mut self, network: Network) -> World {
        self.network = network;
        self
    }

    pub(crate) fn by(mut self, transport: Transport) -> World {
        self.transport = transport;
        self
    }

    pub(crate) fn living(mut self, life: Life) -> World {
        self.life = life;
        self
    }

    /// A reload.
    pub(crate) fn change(&mut self, outward: Option<Outward>) {
        self.directory = Arc::new(directory(outward));
        let configure = || Box::new(Input::Configure(Arc::clone(&self.directory)));
        let both = [
            Happening::Keeper(configure()),
            Happening::Other(configure()),
        ];
        for happening in both {
            self.happen(happening);
        }
    }

    pub(crate) fn tell_keeper(&mut self, input: Input) {
        self.happen(Happening::Keeper(Box::new(input)));
    }

    pub(crate) fn state(&self) -> TrunkState {
        self.view.as_ref().expect("a trunk").state
    }

    /// What the shard that does not keep the trunk up knows of it.
    pub(crate) fn seen(&self) -> TrunkSeen {
        let seen = self.other.trunks_seen().get(&trunk());
        seen.cloned().unwrap_or_default()
    }

    pub(crate) fn random(&mut self, below: u64) -> u64 {
        self.rng.next_u64() % below
    }

    /// Lets `span` pass; `check` looks at each moment.
    pub(crate) fn run_checking(&mut self, span: Duration, check: impl Fn(&World)) {
        let end = self.now + span;
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step();
            check(self);
        }
        self.now = end;
    }

    pub(crate) fn run(&mut self, span_s: u64) {
        self.run_checking(Duration::from_secs(span_s), |_| {});
    }

    fn next_moment(&self) -> Option<Time> {
        let happening = self.happenings.keys().next().map(|(at, _)| *at);
        let shards = [&self.keeper, &self.other].map(|shard| shard.poll_timeout());
        let shards = shards.into_iter().flatten().map(|(at, _)| at);
        shards.chain(happening).min()
    }

    fn step(&mut self) {
        if let Some(entry) = self.happenings.first_entry()
            && entry.key().0 <= self.now
        {
            let happening = entry.remove();
            return self.happen(happening);
        }
        let mut out = Vec::new();
        let due = |shard: &Shard, now| shard.poll_timeout().is_some_and(|(at, _)| at <= now);
        if due(&self.keeper, self.now) {
            self.interrupt();
            self.keeper.handle_timeout(self.now, &mut out);
        } else if due(&self.other, self.now) {
            self.other.handle_timeout(self.now, &mut out);
        }
        self.carry_out(out);
    }

    fn happen(&mut self, happening: Happening) {
        let mut out = Vec::new();
        match happening {
            Happening::ToShard { from, bytes } => {
                let message = sip_core::parse_datagram(bytes, &sip_core::Limits::default());
                let input = Input::Received {
                    flow: flow_to(from, self.transport),
                    message: message.unwrap(),
                    admission: Admission::Anyone,
                };
                self.interrupt();
                self.keeper.handle(self.now, input, &mut out);
            }
            Happening::ToProvider { to, bytes } => {
                let now = self.now;
                if &bytes[..] == b"\r\n\r\n" {
                    self.kept_open.push(self.now);
                    return;
                }
                let found = self.providers.iter_mut().find(|it| it.address == to);
                if let Some(said) = found.and_then(|provider| provider.receive(now, bytes)) {
                    let from = to;
                    self.send(said, |bytes| Happening::ToShard { from, bytes });
                }
            }
            Happening::Keeper(input) => {
                self.interrupt();
                self.keeper.handle(self.now, *input, &mut out);
            }
            Happening::Other(input) => self.other.handle(self.now, *input, &mut out),
        }
        self.carry_out(out);
    }

    fn interrupt(&mut self) {
        // What it does first comes by its timer.
        if self.life == Life::Interrupted && !self.states.is_empty() {
            let saved = postcard::to_stdvec(&self.keeper).unwrap();
            self.keeper = postcard::from_bytes(&saved).unwrap();
            let again = Input::Configure(Arc::clone(&self.directory));
            let mut out = Vec::new();
            self.keeper.handle(self.now, again, &mut out);
            assert!(out.is_empty(), "{out:?}");
        }
    }

    fn carry_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            self.diary.push(format!("{:?} {output:?}", self.now));
            match output {
                Output::Transmit { flow, bytes } => {
                    self.send(bytes, |bytes| Happening::ToProvider {
                        to: flow.remote,
                        bytes,
                    });
                }
                Output::Resolve { asker, uri } => {
                    let flow = |remote| flow_to(remote, self.transport);
                    let targets = uri.socket_addr().map(flow).into_iter().collect();
                    let input = Input::Resolved { asker, targets };
                    self.later(0, Happening::Keeper(Box::new(input)));
                }
                Output::Tell { to, message } if to == self.other.id() => {
                    assert!(matches!(message, Crosswise::Trunk { .. }));
                    self.later(0, Happening::Other(Box::new(Input::Told(message))));
                }
                Output::Tell { .. } => {}
                Output::TrunkChanged(view) => {
                    if self.states.last() != Some(&view.state) {
                        self.states.push(view.state);
                    }
                    self.view = Some(view);
                }
                Output::TrunkForgotten(_) => self.view = None,
                other => panic!("{other:?}"),
            }
        }
    }

    fn send(&mut self, bytes: Bytes, happening: impl Fn(Bytes) -> Happening) {
        let copies = match self.random(100) {
            dice if dice < self.network.lost => 0,
            dice if dice < self.network.lost + self.network.doubled => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let latency = 1 + self.random(self.network.latency_max_ms.max(1));
            self.later(latency, happening(bytes.clone()));
        }
    }

    fn later(&mut self, millis: u64, happening: Happening) {
        self.count += 1;
        let at = self.now + Duration::from_millis(millis);
        self.happenings.insert((at, self.count), happening);
    }
}

pub(crate) fn flow_to(remote: SocketAddr, transport: Transport) -> Flow {
    Flow {
        transport,
        local: server(),
        remote,
        connection: 0,
    }
}
