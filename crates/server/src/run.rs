//! `kolapp run`: everything that can fail is tried first, then all is wired together and started, and the
//! process lives until a signal ends it.

use crate::acd_task::{self, AcdTask};
use crate::audit::Audit;
use crate::bans::{self, BansOfStore};
use crate::callbacks::{self, CallbackTask, Recalled, Source};
use crate::callers_key::{self, CallersKeyError};
use crate::certificates::{Certificates, Shown};
use crate::check;
use crate::commands::{Commands, Reach};
use crate::configuration::Configuration;
use crate::ctl;
use crate::descriptors;
use crate::documents::ListenerRow;
use crate::drain::{Draining, drain};
use crate::facts::{self, Facts};
use crate::floors::Floors;
use crate::forgetting::Forgetting;
use crate::http::{self, Health, HealthCell, Pages};
use crate::keeping::{self, Keeping};
use crate::late::Late;
use crate::licences::Licences;
use crate::log::Log;
use crate::office::{self, Api};
use crate::panic;
use crate::prompts::{self as kept_prompts, Desk, PromptKeeper, Shelf};
use crate::quick::Quick;
use crate::records::RecordsOfStore;
use crate::reload::{self, Complete, ConfigInForce, Reloader, Wrong};
use crate::state_dir::{ControlSocket, StateDir, StateDirError};
use crate::wanted;
use crate::watch::FileWatch;
use crate::wishes::{self, WishesByPhone, WishesOfStore};
use crate::{measure, random, storage, watch, welcome};
use base::{CallId, LegId};
use config::{Environment, ServerSettings};
use media::{MediaConfig, MediaEngine, Prompts};
use media_core::Session;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use sip::{
    BindError, Clock, Gate, Ledgers, LiveCalls, Mailboxes, Registrations, Secrets, Sockets, ToAcd,
    Trunks, Watch,
};
use sip_core::transport::Listener;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::{AtStart, Loading, NoUrl, Store};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, mpsc};

/// Room in the queue engine's channel for each call: Join, Leave, offers' ends. When it is full shards wait,
/// and datagrams with them.
const ACD_INPUTS_PER_CALL: usize = 4;

/// The same in the channel of callback lists: a caller asks one thing at a time, and the call to a person says how far it is.
const CALLBACK_INPUTS_PER_CALL: usize = 2;

/// Room for what belongs to no call.
const ACD_INPUTS_SPARE: usize = 1_024;

/// How often expired registrations are ended.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How often the metrics recorder tidies up (it keeps what has not been scraped).
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Threads for reading configuration; one reload runs at a time.
const BLOCKING_THREADS_MAX: usize = 4;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("the configuration is wrong")]
    Wrong(Wrong),
    #[error(transparent)]
    Sip(#[from] BindError),
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    #[error(transparent)]
    CallersKey(#[from] CallersKeyError),
    #[error("[store] url in kolapp.toml can't be used: {0}")]
    Store(#[from] NoUrl),
    #[error("can't listen for HTTP on {address}: {error}")]
    Http {
        address: SocketAddr,
        error: io::Error,
    },
    #[error("the media engine can't start: {0}")]
    Media(io::Error),
    #[error("metrics can't be recorded: {0}")]
    Metrics(#[from] BuildError),
    #[error("the system refuses something that a server needs: {0}")]
    System(#[from] io::Error),
}

impl From<Wrong> for StartError {
    fn from(wrong: Wrong) -> StartError {
        StartError::Wrong(wrong)
    }
}

/// Runs the server; comes back when it has ended.
pub(crate) fn run(dir: &Path) -> ExitCode {
    let clock = Clock::start();
    let log = match Log::start() {
        Ok(log) => log,
        Err(error) => return failed(&error),
    };
    panic::end_process_on_panic(log.clone());
    if let Some(limit) = descriptors::raise_limit() {
        tracing::debug!(limit, "file descriptors");
    }
    // The world's numbering plans are read meanwhile; whoever needs them sooner waits for that.
    std::thread::spawn(call::outward::warm);
    let code = match prepare(clock, dir, log.clone()).and_then(enter) {
        Ok(()) => ExitCode::SUCCESS,
        Err(StartError::Wrong(wrong)) => {
            check::report(dir, &wrong);
            ExitCode::FAILURE
        }
        Err(error) => failed(&error),
    };
    log.flush();
    code
}

/// Reads the configuration, and makes sure of the state folder before the longer work on prompts.
fn prepare(clock: Clock, dir: &Path, log: Log) -> Result<Start, StartError> {
    let environment = Environment::from_process();
    let mut loaded = reload::load_config(dir, &environment)?;
    let state = StateDir::take(&loaded.server.state_dir)?;
    let callers_key = callers_key::of(&loaded.server.state_dir)?;
    Arc::make_mut(&mut loaded.directory).callers_key = Some(callers_key);
    let certificates = Certificates::read(&loaded.server)?;
    let told_already = loaded.warnings.len();
    certificates.warn(&mut loaded);
    for warning in &loaded.warnings[told_already..] {
        tracing::warn!("configuration: {warning}");
    }
    // Read while prompts are decoded.
    let store = Store::start(storage::location(&loaded.server)?);
    let prompts = reload::load_prompts(&loaded, &Prompts::default())?;
    Ok(Start {
        clock,
        log,
        dir: dir.to_owned(),
        environment,
        state,
        store,
        complete: Complete {
            loaded,
            prompts,
            certificates,
        },
        shown: Shown::default(),
        files: Arc::default(),
    })
}

fn enter(start: Start) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(start.complete.loaded.server.shard_tasks.max(1))
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("signalling")
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(start));
    // Nothing that is left needs to be waited for.
    runtime.shutdown_background();
    result
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("kolapp: {error}");
    ExitCode::FAILURE
}

struct Start {
    clock: Clock,
    log: Log,
    dir: PathBuf,
    environment: Environment,
    /// Ours until the process ends.
    state: StateDir,
    store: (Store, Loading),
    complete: Complete,
    shown: Shown,
    /// Whoever looks at the files, once he does.
    files: Arc<OnceLock<FileWatch>>,
}

/// All that others could have taken already.
struct Taken {
    control: ControlSocket,
    sip: Sockets,
    http: TcpListener,
    http_address: SocketAddr,
}

async fn take(start: &Start) -> Result<Taken, StartError> {
    let settings = &start.complete.loaded.server;
    let sip = Sockets::bind(&settings.sip, settings.shard_tasks)?;
    let refused = |error| StartError::Http {
        address: settings.http,
        error,
    };
    let http = TcpListener::bind(settings.http).await.map_err(refused)?;
    let http_address = http.local_addr()?;
    let control = start.state.control_socket()?;
    Ok(Taken {
        control,
        sip,
        http,
        http_address,
    })
}

async fn serve(start: Start) -> Result<(), StartError> {
    let terminations = Terminations::new()?;
    let taken = take(&start).await?;
    let metrics = PrometheusBuilder::new().install_recorder()?;
    sip::describe(sip::METRICS);
    sip::describe(measure::METRICS);
    measure::show_taken_up(false);
    let health = HealthCell::default();
    let trunks = Arc::new(Trunks::new());
    let pages = Pages {
        health: health.clone(),
        metrics: metrics.clone(),
        store: start.store.0.clone(),
        trunks: trunks.clone(),
        api: Api::default(),
    };
    let api = pages.api.clone();
    start.shown.show(start.complete.certificates.clone());
    tokio::spawn(http::serve(taken.http, start.shown.http.clone(), pages));
    tokio::spawn(upkeep(metrics));

    let sip_listeners = taken.sip.listeners().to_vec();
    let loaded = start.complete.loaded.clone();
    let by = loaded.server.https.as_ref().map_or("tcp", |_| "tls");
    let listeners = listener_rows(&sip_listeners, (taken.http_address, by));
    let files = start.files.clone();
    let (_state, keeping, commands, reloads) = wire(
        start,
        taken.sip,
        listeners,
        health.clone(),
        trunks.clone(),
        api,
    )
    .await?;
    let reach = commands.0.clone();
    let control = UnixListener::from_std(non_blocking(&taken.control)?)?;
    tokio::spawn(ctl::listener::serve(control, commands));
    let folder = reach.config.status().folder;
    match FileWatch::start(Path::new(&folder), reloads.clone()) {
        Ok(watch) => {
            reload::follow(Some(files.get_or_init(|| watch)), &loaded.server);
        }
        Err(error) => {
            tracing::warn!(%error, "changed files will not be noticed; use kolapp ctl reload");
        }
    }
    tokio::spawn(watch::hang_ups(reloads));

    // Whoever waits for it to be ready finds it said what to dial.
    crate::print(&welcome::text(
        &loaded,
        &sip_listeners,
        taken.http_address,
        &taken.control.path,
    ));
    health.set(Health::Ready);
    let directory = loaded.directory.clone();
    tokio::task::spawn_blocking(move || {
        for organisation in directory.organisations.values() {
            organisation.outward.numbering.prepare();
        }
    });
    let start_ms = reach.clock.runs_for().as_millis() as u64;
    tracing::info!(start_ms, "ready");

    let mut terminations = terminations;
    terminations.next().await;
    let limit = loaded.server.drain_limit;
    let hurry = async { terminations.next().await };
    let parts = Draining {
        health: &health,
        mailboxes: &reach.mailboxes,
        live_calls: &reach.live_calls,
        trunks: &reach.trunks,
    };
    // It ends only with the process.
    let _ = reach.callbacks.drain().await;
    drain(parts, limit, hurry).await;
    reach.media.shutdown();
    let _ = reach.acd.settle().await;
    let _ = reach.callbacks.settle().await;
    reach.audit.finish();
    keeping.finish().await;
    tracing::info!("stopped");
    Ok(())
}

/// Makes every part and starts its tasks.
async fn wire(
    start: Start,
    sockets: Sockets,
    listeners: Vec<ListenerRow>,
    health: HealthCell,
    trunks: Arc<Trunks>,
    api: Api,
) -> Result<(StateDir, Keeping, Commands, reload::Reloads), StartError> {
    let Start {
        clock,
        log,
        dir,
        environment,
        state,
        store: (store, loading),
        complete: Complete {
            mut loaded,
            prompts,
            ..
        },
        shown,
        files,
    } = start;
    let settings = &loaded.server.clone();
    let calls_max = loaded.directory.limits.calls_max;
    let (mailboxes, inboxes) = sip::mailboxes(settings.shard_tasks, calls_max);
    let registrations = Arc::new(Registrations::new(settings.registrar));
    let watch = Arc::new(Watch::new());
    let keeping = Keeping {
        clock,
        store: store.clone(),
        registrations: registrations.clone(),
    };
    let (kept, later) = match loading.at_start().await {
        AtStart::Kept(kept) => (Some(*kept), None),
        AtStart::Later(loading) => (None, Some(loading)),
    };
    let agents = kept.as_ref().map(|kept| kept.agents.clone());
    let is_known = kept.is_some();
    let kept = kept.unwrap_or_default();
    let forgetting = Forgetting::new(clock, kept.believed_ms);
    let recalled = is_known.then(|| Recalled::of(kept.callbacks, kept.staff));
    // Lists that were removed while no process ran are worked off.
    loaded.work_off(recalled.iter().flat_map(Recalled::lists));
    // Before the first REGISTER is heard: what was kept must not replace what is new.
    let is_account = |user: &base::UserId| loaded.directory.user(user).is_some();
    let reachable = keeping.restore(kept.bindings, is_account);
    let media = start_media(settings, prompts, mailboxes.clone())?;
    let room = calls_max as usize * ACD_INPUTS_PER_CALL + ACD_INPUTS_SPARE;
    let (to_acd, acd_inputs) = mpsc::channel(room);
    let wished = wishes::restore(&watch, &store, kept.wishes, is_account);
    let room = calls_max as usize * CALLBACK_INPUTS_PER_CALL + ACD_INPUTS_SPARE;
    let (to_callbacks, callback_inputs) = mpsc::channel(room);
    let audit = Audit::new(store.clone(), clock)?;
    tokio::spawn(audit.clone().sum_up());
    let parts = acd_task::Parts {
        clock,
        inputs: acd_inputs,
        mailboxes: mailboxes.clone(),
        callbacks: to_callbacks.clone(),
        registrations: registrations.clone(),
        watch: watch.clone(),
        settings: loaded.acd.clone(),
        directory: loaded.directory.clone(),
        store: store.clone(),
        audit: audit.clone(),
        zero_ms: keeping::zero_ms(clock),
    };
    let zero_ms = parts.zero_ms;
    let (task, acd) = AcdTask::new(parts, agents, reachable.into_iter().chain(wished));
    tokio::spawn(task.run(health.clone()));
    let quick = Quick::new(store.clone(), mailboxes.clone());
    if is_known {
        // Before the first call is heard.
        quick.take_up(&kept.quick_closes).await;
    }
    let parts = callbacks::Parts {
        clock,
        inputs: callback_inputs,
        mailboxes: mailboxes.clone(),
        acd: to_acd.clone(),
        queues: acd.clone(),
        source: Source::of(&loaded),
        quick: quick.clone(),
        store: store.clone(),
        audit: audit.clone(),
        forgetting: forgetting.clone(),
        zero_ms,
    };
    let (task, callbacks) = CallbackTask::new(parts, recalled);
    tokio::spawn(task.run());
    let facts = Facts::new(storage::location(settings)?, zero_ms, acd.clone());
    if is_known {
        let facts = facts.clone();
        tokio::spawn(async move {
            facts.recall().await;
            measure::show_taken_up(true);
        });
    }
    tokio::spawn(keeping.clone().run());
    tokio::spawn(sweep(
        clock,
        registrations.clone(),
        watch.clone(),
        to_acd.clone(),
    ));

    let wishes = WishesOfStore(store.clone());
    tokio::spawn(wishes::rewrite(watch.clone(), store.clone()));
    let wish_keeper = Box::new(WishesByPhone {
        wishes: wishes.clone(),
        audit: audit.clone(),
    });
    let licences = Licences::new(store.clone());
    if is_known {
        licences.take_up(kept.licences, kept.activations);
    }
    licences.follow(&loaded);
    tokio::spawn(licences.clone().rewrite());
    let keeper = Box::new(BansOfStore {
        clock,
        store: store.clone(),
    });
    let gate = Arc::new(Gate::new(&secrets()?, settings.nonce_lifetime, keeper));
    bans::restore(&gate, clock, &kept.bans);
    tokio::spawn(bans::rewrite(gate.clone(), clock, store.clone()));
    for registered in registrations.list(clock.now()) {
        gate.vouch(clock.now(), registered.binding.flow.remote);
    }
    tokio::spawn(quick.clone().run());
    let live_calls = LiveCalls::default();
    let ledgers = Ledgers::default();
    let shelf = Shelf::new(&settings.state_dir);
    let (desk, recordings) = kept_prompts::desk();
    let (to_wanted, wanted) = mpsc::channel(wanted::WAITING_MAX);
    let records = RecordsOfStore::new(store.clone(), facts.clone())?;
    sip::start(
        sockets,
        inboxes,
        sip::Parts {
            clock,
            mailboxes: mailboxes.clone(),
            gate: gate.clone(),
            registrations: registrations.clone(),
            watch: watch.clone(),
            resolver: sip::Resolver::new(&settings.dns),
            trunks: trunks.clone(),
            media: Arc::new(MediaOfShards {
                engine: media.clone(),
                desk,
            }),
            acd: to_acd.clone(),
            callbacks: to_callbacks,
            connections: sip::ConnectionLimits {
                in_all: settings.connections.in_all,
                per_source: settings.connections.per_source,
            },
            tls: shown.sip.clone(),
            directory: loaded.directory.clone(),
            seed: random::bytes()?,
            live_calls: live_calls.clone(),
            ledgers: ledgers.clone(),
            wish_keeper,
            record_keeper: Box::new(records.clone()),
            wanted: to_wanted,
            ladder_bytes: settings.ladder_bytes,
        },
    )?;

    let config = ConfigInForce::new(&dir, loaded);
    let configuration = Arc::new(Configuration::new(dir, environment)?);
    tokio::spawn(forgetting.clone().run(store.clone(), config.clone()));
    tokio::spawn(facts::follow_clock(facts.clone(), clock));
    let (reloader, reloads) = Reloader::new(reload::Parts {
        configuration: configuration.clone(),
        config: config.clone(),
        media: media.clone(),
        shown,
        files,
        mailboxes: mailboxes.clone(),
        registrations: registrations.clone(),
        watch: watch.clone(),
        store: store.clone(),
        licences: licences.clone(),
        acd: acd.clone(),
        callbacks: callbacks.clone(),
        to_acd: to_acd.clone(),
    });
    tokio::spawn(reloader.run());
    let keeper = PromptKeeper::new(shelf, config.clone(), reloads.clone());
    let keeping_prompts =
        kept_prompts::keep_recordings(recordings, keeper.clone(), audit.clone(), mailboxes.clone());
    tokio::spawn(keeping_prompts);
    let of_wanted = mailboxes.clone();
    let commands = Commands(Arc::new(Reach {
        clock,
        acd: acd.clone(),
        callbacks: callbacks.clone(),
        facts: facts.clone(),
        mailboxes,
        gate: gate.clone(),
        registrations,
        trunks,
        ledgers,
        media,
        live_calls,
        health,
        config: config.clone(),
        configuration,
        reloads: reloads.clone(),
        quick: quick.clone(),
        licences: licences.clone(),
        to_acd: to_acd.clone(),
        listeners,
        watch: watch.clone(),
        wishes,
        prompts: keeper,
        store: store.clone(),
        backups: storage::Backups::new(),
        audit,
        floors: Floors::default(),
        records,
        log,
        ladder: Arc::new(Semaphore::new(1)),
        desk: OnceLock::new(),
    }));
    let desk = office::open(office::Parts {
        clock,
        config: config.clone(),
        callbacks: callbacks.clone(),
        commands: commands.clone(),
        store: store.clone(),
        quick: quick.clone(),
    });
    office::take_up(
        &desk,
        kept.tokens,
        kept.sessions,
        kept.credentials,
        kept.second_factors,
    );
    // Both are set here alone.
    let _ = commands.0.desk.set(desk.clone());
    let _ = api.set(web::router(desk.clone()));
    if let Some(loading) = later {
        let late = Late {
            acd: acd.clone(),
            callbacks: callbacks.clone(),
            config: config.clone(),
            desk,
            facts: facts.clone(),
            forgetting,
            gate: gate.clone(),
            keeping: keeping.clone(),
            licences: licences.clone(),
            quick: quick.clone(),
            to_acd: to_acd.clone(),
            watch: watch.clone(),
        };
        tokio::spawn(late.run(loading));
    }
    tokio::spawn(wanted::run(wanted, commands.clone(), of_wanted));
    Ok((state, keeping, commands, reloads))
}

fn start_media(
    settings: &ServerSettings,
    prompts: Prompts,
    mailboxes: Mailboxes,
) -> Result<MediaEngine, StartError> {
    let config = MediaConfig {
        bind: settings.rtp.address,
        ports: settings.rtp.ports.clone(),
        threads: settings.rtp.threads,
    };
    let tell = move |event| mailboxes.media_event(event);
    MediaEngine::start(config, Arc::new(prompts), tell).map_err(StartError::Media)
}

/// What nobody else may guess, drawn anew at each start.
fn secrets() -> io::Result<Secrets> {
    Ok(Secrets {
        nonce_key: random::bytes()?,
        table_seed: [
            u64::from_be_bytes(random::bytes()?),
            u64::from_be_bytes(random::bytes()?),
        ],
    })
}

/// The media engine as shards see it.
struct MediaOfShards {
    engine: MediaEngine,
    desk: Desk,
}

impl sip::Media for MediaOfShards {
    fn open(&self, session: &Session) -> Option<SocketAddr> {
        match self.engine.open(session) {
            Ok(address) => Some(address),
            Err(error) => {
                tracing::warn!(call = %session.call, leg = %session.leg, %error, "no media session");
                None
            }
        }
    }

    fn command(&self, call: CallId, leg: LegId, command: media_core::Command) {
        if let Err(error) = self.engine.command(call, leg, command) {
            tracing::error!(%call, %leg, %error, "a media command was lost");
        }
    }

    fn keep(&self, recording: sip::Recorded) {
        self.desk.hand(&self.engine, recording);
    }
}

/// SIGTERM and SIGINT.
struct Terminations {
    term: Signal,
    int: Signal,
}

impl Terminations {
    fn new() -> io::Result<Terminations> {
        Ok(Terminations {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

async fn sweep(
    clock: Clock,
    registrations: Arc<Registrations>,
    watch: Arc<Watch>,
    acd: mpsc::Sender<ToAcd>,
) {
    let mut every = tokio::time::interval(SWEEP_EVERY);
    loop {
        every.tick().await;
        for user in registrations.sweep(clock.now()) {
            tracing::info!(%user, "registration expired");
            if acd.send(ToAcd::DeviceChanged(user)).await.is_err() {
                return;
            }
        }
        metrics::gauge!("kolapp_registrations").set(registrations.count() as f64);
        metrics::gauge!("kolapp_subscriptions").set(watch.count() as f64);
    }
}

async fn upkeep(metrics: PrometheusHandle) {
    let mut every = tokio::time::interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        metrics.run_upkeep();
    }
}

fn non_blocking(control: &ControlSocket) -> io::Result<std::os::unix::net::UnixListener> {
    let listener = control.listener.try_clone()?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn listener_rows(sip: &[Listener], (http, by): (SocketAddr, &str)) -> Vec<ListenerRow> {
    let row = |service: &str, transport: &str, address: &SocketAddr| ListenerRow {
        service: service.into(),
        transport: transport.into(),
        address: address.to_string(),
    };
    let sip = sip.iter().map(|listener| {
        let transport = listener.transport.via_token().to_ascii_lowercase();
        row("sip", &transport, &listener.address)
    });
    sip.chain([row("http", by, &http)]).collect()
}
