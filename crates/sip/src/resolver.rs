//! Names to addresses: asks the DNS what `sip_core::next_hop` wants to know, and remembers it for as long as the
//! records allow. Tasks of the shards don't wait here: each search is a task of its own, and its end an input.

use crate::resting::Resting;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver as Client, TokioResolver};
use metrics::counter;
use rand_chacha::ChaCha8Rng;
use sip_core::Uri;
use sip_core::next_hop::{Answer, Answers, Naptr, Question, Srv, Step, Target, locate};
use sip_core::transport::Listener;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Searches at once. Each takes a few milliseconds; where the DNS is away they take `SEARCH_MAX`, and what comes
/// beyond this has no answer to hope for either.
const SEARCHES_MAX: usize = 512;

/// What a search may take in all: somebody hears nothing meanwhile.
const SEARCH_MAX: Duration = Duration::from_secs(4);

/// How long a server has to answer before it, or the next one, is asked again.
const ANSWER_MAX: Duration = Duration::from_secs(1);

/// Times that a question is put once more.
const ASKED_AGAIN_MAX: usize = 1;

/// Answers remembered: some trunks, and the domains that phones name in their contacts.
const REMEMBERED_MAX: u64 = 4_096;

/// However long a record may be kept, a provider that moves is found after this.
const KEPT_MAX: Duration = Duration::from_secs(3_600);

/// That there is no such record is believed for this long at most: somebody may be about to add it.
const NOTHING_KEPT_MAX: Duration = Duration::from_secs(30);

/// Rounds of questions: NAPTR, SRV, addresses; one more than `locate` needs.
const ROUNDS_MAX: usize = 4;

/// Asks the DNS, and knows which next hops are worth trying.
pub struct Resolver {
    client: Option<TokioResolver>,
    room: Semaphore,
    pub(crate) resting: Resting,
}

/// Why a search found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fruitless {
    /// No such domain, or none that can be reached from here.
    Nothing,
    /// The DNS gave no answer.
    Failed,
    /// It took too long.
    TooSlow,
    /// As many as may be are under way.
    TooMany,
}

impl Fruitless {
    fn label(self) -> &'static str {
        match self {
            Fruitless::Nothing => "nothing",
            Fruitless::Failed => "failed",
            Fruitless::TooSlow => "too-slow",
            Fruitless::TooMany => "too-many",
        }
    }
}

impl Resolver {
    /// One that asks these servers; those of the system where none is named. To be made on the runtime.
    pub fn new(servers: &[SocketAddr]) -> Arc<Resolver> {
        Arc::new(Resolver {
            client: client(servers)
                .inspect_err(|error| tracing::warn!(%error, "no names can be looked up"))
                .ok(),
            room: Semaphore::new(SEARCHES_MAX),
            resting: Resting::default(),
        })
    }

    /// Where requests to that URI go, best first; empty if nowhere.
    pub(crate) async fn search(
        self: &Arc<Self>,
        uri: &Uri,
        ours: &[Listener],
        random: ChaCha8Rng,
    ) -> Vec<Target> {
        let found = match self.room.try_acquire() {
            Err(_) => Err(Fruitless::TooMany),
            Ok(_room) => timeout(SEARCH_MAX, self.rounds(uri, ours, random))
                .await
                .unwrap_or(Err(Fruitless::TooSlow)),
        };
        let outcome = found.as_ref().map_or_else(|why| why.label(), |_| "found");
        counter!("kolapp_sip_lookups_total", "outcome" => outcome).increment(1);
        found
            // Anybody's Contact may be looked up, with his number in it: the host is enough to say, and seldom.
            .inspect_err(|why| {
                let host = uri.as_sip().map(|sip| sip.host.to_string());
                tracing::debug!(?host, cause = why.label(), "next hop not found");
            })
            .unwrap_or_default()
    }

    async fn rounds(
        self: &Arc<Self>,
        uri: &Uri,
        ours: &[Listener],
        random: ChaCha8Rng,
    ) -> Result<Vec<Target>, Fruitless> {
        let mut answers = Answers::new();
        let mut failed = false;
        for _ in 0..=ROUNDS_MAX {
            // The same bits in each round, so that no round changes the order of the one before.
            let questions = match locate(uri, ours, &answers, &mut random.clone()) {
                Step::Found(targets) if !targets.is_empty() => return Ok(targets),
                Step::Found(_) if failed => return Err(Fruitless::Failed),
                Step::Found(_) => return Err(Fruitless::Nothing),
                Step::Ask(questions) => questions,
            };
            let mut asked = JoinSet::new();
            for question in questions {
                let resolver = self.clone();
                asked.spawn(async move {
                    let answer = resolver.ask(&question).await;
                    (question, answer)
                });
            }
            while let Some(answered) = asked.join_next().await {
                let (question, answer) = answered.map_err(|_| Fruitless::Failed)?;
                let answer = answer.unwrap_or_else(|error| {
                    failed |= !error.is_no_records_found();
                    empty(&question)
                });
                answers.insert(question, answer);
            }
        }
        Err(Fruitless::Failed)
    }

    async fn ask(&self, question: &Question) -> Result<Answer, NetError> {
        let client = self
            .client
            .as_ref()
            .ok_or(NetError::Message("no DNS server"))?;
        // The final dot: names in SIP are whole, and no domain of this machine's is added to them.
        let whole = |name: &str| Name::from_ascii(format!("{name}."));
        match question {
            Question::Naptr(name) => {
                let lookup = client.lookup(whole(name)?, RecordType::NAPTR).await?;
                let records = lookup.answers().iter().filter_map(|it| naptr(&it.data));
                Ok(Answer::Naptr(records.collect()))
            }
            Question::Srv(name) => {
                let lookup = client.lookup(whole(name)?, RecordType::SRV).await?;
                let records = lookup.answers().iter().filter_map(|it| srv(&it.data));
                Ok(Answer::Srv(records.collect()))
            }
            Question::Addresses(name) => {
                let lookup = client.lookup_ip(whole(name)?).await?;
                Ok(Answer::Addresses(lookup.iter().collect()))
            }
        }
    }
}

fn client(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = if servers.is_empty() {
        Client::builder_tokio()?
    } else {
        let servers = servers.iter().map(name_server).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        Client::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.timeout = ANSWER_MAX;
    options.attempts = ASKED_AGAIN_MAX;
    options.cache_size = REMEMBERED_MAX;
    options.positive_max_ttl = Some(KEPT_MAX);
    options.negative_max_ttl = Some(NOTHING_KEPT_MAX);
    // Our audio has an address of IPv4 nearly everywhere.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}

fn name_server(server: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    NameServerConfig::new(server.ip(), true, connections.into())
}

fn naptr(data: &RData) -> Option<Naptr> {
    let RData::NAPTR(record) = data else {
        return None;
    };
    Some(Naptr {
        order: record.order,
        preference: record.preference,
        flags: String::from_utf8_lossy(&record.flags).into(),
        service: String::from_utf8_lossy(&record.services).into(),
        replacement: written(&record.replacement),
    })
}

fn srv(data: &RData) -> Option<Srv> {
    let RData::SRV(record) = data else {
        return None;
    };
    Some(Srv {
        priority: record.priority,
        weight: record.weight,
        port: record.port,
        target: written(&record.target),
    })
}

fn written(name: &Name) -> Box<str> {
    name.to_ascii().trim_end_matches('.').into()
}

fn empty(question: &Question) -> Answer {
    match question {
        Question::Naptr(_) => Answer::Naptr(Vec::new()),
        Question::Srv(_) => Answer::Srv(Vec::new()),
        Question::Addresses(_) => Answer::Addresses(Vec::new()),
    }
}
