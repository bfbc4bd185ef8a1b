//! A Kölapp process of its own for each test: its ports, its copy of the demo's configuration, its log.

mod setup;

pub use setup::Setup;

use crate::wire::Transport;
use crate::{http, process, sound};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest end after SIGTERM, over the drain limit.
const END_LIMIT: Duration = Duration::from_secs(15);

/// Longest start that is waited for; the goal is far below, this is for a busy machine.
const START_LIMIT: Duration = Duration::from_secs(20);

/// In what time logs and metrics tell of what has been seen on the wire, on a busy machine.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

/// What a file may have on a disk that is full: what is logged of it has room, and no step of what is stored.
const FULL_BYTES: u64 = 16 * 1024;

/// An agent of the demo without a phone: what happens to him changes nothing for others.
const BYSTANDER: &str = "david";

/// A pair of ports outlives its leg by ten seconds, in which it may serve another.
const PORTS_REST: Duration = Duration::from_secs(10);

/// A row of a report: its fields by their heads.
pub type Record = BTreeMap<String, String>;

/// A running server; killed, by its process id, when dropped.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    child: Child,
    /// From the start of the process until `/healthz` said 200.
    pub started_in: Duration,
    ended: Option<ExitStatus>,
}

impl Server {
    /// The demo, running.
    pub fn demo() -> Server {
        Setup::demo().start()
    }

    /// Kills it, as `kill -9` does, and starts it again on the same folder; waits until it is ready and knows what was kept.
    ///
    /// # Panics
    /// When it is not.
    pub fn kill_and_start_again(&mut self) {
        self.kill();
        self.wait_end(END_LIMIT);
        self.start_again();
    }

    /// The same while what was kept can't be read: waits until it is ready.
    ///
    /// # Panics
    /// When it is not.
    pub fn kill_and_start_without_storage(&mut self) {
        self.kill();
        self.wait_end(END_LIMIT);
        self.start_process();
    }

    /// Kills it, as `kill -9` does, and does not wait.
    pub fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }

    /// Starts it again on the same folder, after it has ended; waits until it is ready and knows what was kept, which it may come to
    /// know a moment after it is ready.
    ///
    /// # Panics
    /// When it is not.
    pub fn start_again(&mut self) {
        self.start_process();
        self.wait("what was kept is known again", START_LIMIT, |server| {
            server.metric("kolapp_store_taken_up") == 1.0
        });
    }

    fn start_process(&mut self) {
        self.child = self.setup.spawn();
        self.ended = None;
        self.wait_ready();
    }

    fn wait_ready(&mut self) {
        let began = Instant::now();
        loop {
            if let Ok((200, _)) = self.healthz() {
                self.started_in = began.elapsed();
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server ended at start with {status}");
            }
            assert!(
                began.elapsed() < START_LIMIT,
                "the server was not ready in {START_LIMIT:?}"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Where SIP is spoken.
    pub fn sip(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.setup.slot.sip()).into()
    }

    /// Where SIP is spoken by that transport.
    pub fn sip_by(&self, transport: Transport) -> SocketAddr {
        let port = self.setup.slot.sip() + transport.port_offset();
        ([127, 0, 0, 1], port).into()
    }

    /// Where HTTP is spoken.
    pub fn http(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.setup.slot.http()).into()
    }

    /// The same, and how.
    pub fn web(&self) -> http::Place {
        match self.setup.believed() {
            Some(authority) => http::Place::by_tls(self.http(), authority),
            None => self.http().into(),
        }
    }

    /// Ports the server may use for RTP.
    pub fn rtp_ports(&self) -> std::ops::RangeInclusive<u16> {
        self.setup.rtp_ports()
    }

    /// A port for another program, see [`Slot::other`].
    pub fn other_port(&self, index: u16) -> u16 {
        self.setup.slot.other(index)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its set-up: the configuration folder and further commands.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Folder that lives as long as the server, for files of other programs.
    pub fn folder(&self) -> &Path {
        self.setup.folder.path()
    }

    /// Status and body of `/healthz`.
    pub fn healthz(&self) -> std::io::Result<(u16, String)> {
        http::get(self.web(), "/healthz")
    }

    /// A metric by name, summed over its labels, or by name and labels as Prometheus writes them; 0 where it has not been counted yet.
    ///
    /// # Panics
    /// When `/metrics` is not served.
    pub fn metric(&self, name: &str) -> f64 {
        let (status, text) = http::get(self.web(), "/metrics").unwrap();
        assert_eq!(status, 200);
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let is_whole = rest.starts_with(['{', ' ']);
            is_whole.then(|| rest.rsplit(' ').next()?.parse::<f64>().ok())?
        });
        values.sum()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        read_lossy(&self.setup.folder.path().join("log"))
    }

    /// Waits until it has logged that: lines come by a thread of their own, a moment after what they tell.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_log(&self, text: &str) {
        let what = format!("the log says {text:?}");
        self.wait(&what, TOLD_WITHIN, |server| server.log().contains(text));
    }

    /// Waits until a metric has that value: what is seen on the wire may be counted a moment later.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_metric(&self, name: &str, value: f64) {
        self.wait(&format!("{name} is {value}"), TOLD_WITHIN, |server| {
            server.metric(name) == value
        });
    }

    /// What it has printed to standard output so far.
    pub fn printed(&self) -> String {
        read_lossy(&self.setup.folder.path().join("stdout"))
    }

    /// Runs `kolapp ctl` with these arguments.
    pub fn ctl_output(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["ctl"];
        all.extend(arguments);
        self.setup.output(&all)
    }

    /// Runs `kolapp ctl --json` and reads what it prints.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn ctl(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let output = self.ctl_output(&all);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "ctl {arguments:?}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("ctl {arguments:?} printed {text:?}: {error}"))
    }

    /// Runs `kolapp callbacks` with these arguments.
    pub fn callbacks_output(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["callbacks"];
        all.extend(arguments);
        self.setup.output(&all)
    }

    /// Runs `kolapp callbacks --json` and reads what it prints.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn callbacks(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let output = self.callbacks_output(&all);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "callbacks {arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Records of calls as `kolapp report calls` tells them with these arguments, the oldest first; the server need not run.
    ///
    /// # Panics
    /// When it fails.
    pub fn call_records(&self, arguments: &[&str]) -> Vec<Record> {
        self.report("calls", arguments)
    }

    /// The rows of a report, from the beginning of time on.
    ///
    /// # Panics
    /// When it fails.
    pub fn report(&self, what: &str, arguments: &[&str]) -> Vec<Record> {
        let mut all = vec!["report", what, "--from", "2020-01-01", "--csv"];
        all.extend(arguments);
        let output = self.setup.output(&all);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{all:?}: {said}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let mut lines = text.lines().map(cells);
        let head: Vec<String> = lines.next().expect("a line of heads");
        lines
            .map(|fields: Vec<String>| {
                assert_eq!(fields.len(), head.len(), "{fields:?}");
                head.iter().cloned().zip(fields).collect()
            })
            .collect()
    }

    /// Why `kolapp callbacks` does not do that.
    ///
    /// # Panics
    /// When it does.
    pub fn callbacks_refused(&self, arguments: &[&str]) -> String {
        let output = self.callbacks_output(arguments);
        assert!(!output.status.success(), "{arguments:?} is done");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// The row whose `key` is `value` in a list that ctl prints.
    ///
    /// # Panics
    /// When there is none.
    pub fn ctl_row(&self, list: &str, key: &str, value: &str) -> Value {
        let rows = self.ctl(&[list]);
        rows.as_array()
            .and_then(|rows| rows.iter().find(|row| row[key] == value))
            .cloned()
            .unwrap_or_else(|| panic!("no {list} with {key} = {value} in {rows}"))
    }

    /// An agent's state in words, such as `free`; `anna` for `demo/anna`.
    pub fn agent_state(&self, name: &str) -> String {
        self.ctl_row("agents", "name", &format!("demo/{name}"))["state"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits until `condition` holds.
    ///
    /// # Panics
    /// When it does not in `limit`; `what` says what was waited for.
    pub fn wait(&self, what: &str, limit: Duration, mut condition: impl FnMut(&Server) -> bool) {
        let deadline = Instant::now() + limit;
        while !condition(self) {
            assert!(Instant::now() < deadline, "{what}: not so after {limit:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until what has become of agents so far is on disk, and all that there is to say of this one: what calls change
    /// of him is written a moment later, a pause and its end at once. The write that is seen next may have begun before; the
    /// one after it has not.
    pub fn agent_on_disk(&self, name: &str) {
        self.ctl(&["agent", "pause", name]);
        self.ctl(&["agent", "resume", name]);
        self.agents_on_disk();
    }

    /// The same of all agents, as far as they or others have changed them: nobody is paused for it.
    pub fn agents_on_disk(&self) {
        let written =
            |server: &Server| server.metric("kolapp_store_written_total{about=\"agents\"}");
        let there_and_back = match &*self.agent_state(BYSTANDER) {
            "logged-out" => ["log-in", "log-out"],
            _ => ["log-out", "log-in"],
        };
        for what in there_and_back.into_iter().chain(there_and_back) {
            let before = written(self);
            self.ctl(&["agent", what, BYSTANDER]);
            self.wait("it is on disk", Duration::from_secs(20), |server| {
                written(server) > before
            });
        }
    }

    /// Waits until an agent is in a state.
    pub fn wait_agent(&self, name: &str, state: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let came = self.agent_state(name);
            if came == state {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "agent {name}: expected {state}, is {came} after {limit:?}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until no call and no media session is left, and checks that no RTP port is kept.
    pub fn wait_idle(&self, limit: Duration) {
        self.wait_no_call(limit);
        self.wait("no RTP port is bound", limit + PORTS_REST, |server| {
            process::bound_udp_ports(server.pid(), server.rtp_ports()).is_empty()
        });
    }

    /// Waits until no call and no media session is left, for tests of signalling alone.
    pub fn wait_no_call(&self, limit: Duration) {
        self.wait("no call is left", limit, |server| {
            server.ctl(&["status"])["calls"] == 0
        });
        self.wait("no media session is left", limit, |server| {
            server.ctl(&["status"])["media"]["sessions"] == 0
        });
    }

    /// A prompt's samples at 8 kHz, such as `sv/queue-welcome`.
    pub fn prompt(&self, id: &str) -> Vec<i16> {
        sound::read_wav(&repository().join("prompts").join(format!("{id}.wav")))
    }

    /// Changes a value of the demo organisation's files while it runs, as an editor's save would.
    pub fn edit(&self, path: &str, value: &str) {
        setup::set(&self.setup.config().join("organisations/demo"), path, value);
    }

    /// The same of `kolapp.toml`.
    pub fn edit_server(&self, path: &str, value: &str) {
        setup::set_in(&self.setup.config().join("kolapp.toml"), path, value);
    }

    /// From now on no file of the server's may grow beyond a few blocks, which nothing that is stored has room in.
    ///
    /// # Panics
    /// When the server has ended, or its set-up is not one on a small disk.
    pub fn disk_is_full(&self) {
        self.files_may_have(Some(FULL_BYTES));
    }

    /// There is room again.
    ///
    /// # Panics
    /// When the server has ended.
    pub fn disk_has_room(&self) {
        self.files_may_have(None);
    }

    fn files_may_have(&self, bytes: Option<u64>) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit).unwrap();
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the server runs");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within `limit`.
    pub fn wait_end(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.ended = Some(status);
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the server did not end within {limit:?}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it in good order and checks that it says 0.
    pub fn stop(mut self) {
        self.terminate();
        let status = self.wait_end(END_LIMIT);
        assert_eq!(status.code(), Some(0), "the server ended with {status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!(
                "--- the server's log ---\n{}--- end of log ---",
                last_lines(&self.log(), 200)
            );
        }
    }
}

/// The folder of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests lies in the repository")
        .to_owned()
}

/// The binary under test: `KOLAPP_BIN`, or the one built beside this program.
///
/// # Panics
/// When there is none.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("KOLAPP_BIN") {
        return path.into();
    }
    let own = std::env::current_exe().expect("a running program has a file");
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join("kolapp"))
        .find(|path| path.exists())
        .unwrap_or_else(|| {
            panic!(
                "no kolapp beside {}: run `cargo build -p server`, or set KOLAPP_BIN",
                own.display()
            )
        })
}

/// Runs a command to its end, its output kept.
///
/// # Panics
/// When it can't be started or takes longer than `limit`.
pub fn finished(command: &mut Command, limit: Duration) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut streams = (
        child.stdout.take().expect("piped"),
        child.stderr.take().expect("piped"),
    );
    let stdout = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = streams.0.read_to_end(&mut bytes);
        bytes
    });
    let stderr = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = streams.1.read_to_end(&mut bytes);
        bytes
    });
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} did not end within {limit:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Output {
        status,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

fn read_lossy(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..]
        .iter()
        .fold(String::new(), |all, line| all + line + "\n")
}

/// The cells of a line of a table (RFC 4180); none of what tests do has a line end in it.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell) = (Vec::new(), String::new());
    let mut is_quoted = false;
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '"' if is_quoted && signs.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(std::mem::take(&mut cell)),
            sign => cell.push(sign),
        }
    }
    cells.push(cell);
    cells
}
