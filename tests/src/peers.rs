//! Other people's programs as peers: SIPp with the scenarios of `tests/sipp`, pjsua2 with the script of `tests/pjsua`,
//! baresip. Each is bounded in time, and ended by its own process id if it outstays.

use crate::server::{Server, finished, repository};
use crate::wire::Transport;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Bytes that are asked of the system for the socket of a SIPp in a crowd, so that no burst is lost on its side.
const CROWDS_BUFFER: &str = "2000000";

/// One SIPp run.
#[derive(Clone, Debug)]
pub struct Sipp<'a> {
    server: &'a Server,
    scenario: &'static str,
    calls: u32,
    per_second: u32,
    pause: Duration,
    port: u16,
    media_port: u16,
    limit: Duration,
    transport: Transport,
    repeats: Repeats,
    keys: Vec<(String, String)>,
    rows: Vec<String>,
    crowd: Option<Crowd>,
}

/// A SIPp with many calls at once.
#[derive(Clone, Copy, Debug)]
struct Crowd {
    at_once: u32,
    ends: Ends,
}

/// When a SIPp in a crowd ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// After its number of calls.
    Counting,
    /// When it is told to ([`Running::tell_to_end`]), and its calls are over.
    Told,
}

/// Who deals with repeated messages over UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeats {
    /// SIPp, unseen by the scenario.
    Sipp,
    /// The scenario, which sees each one that comes.
    Scenario,
}

impl<'a> Sipp<'a> {
    /// Runs `tests/sipp/<scenario>.xml` once.
    pub fn new(server: &'a Server, scenario: &'static str) -> Sipp<'a> {
        Sipp {
            server,
            scenario,
            calls: 1,
            per_second: 10,
            pause: Duration::from_millis(500),
            port: server.other_port(0),
            media_port: server.other_port(40),
            limit: Duration::from_secs(30),
            transport: Transport::Udp,
            repeats: Repeats::Sipp,
            keys: Vec::new(),
            rows: Vec::new(),
            crowd: None,
        }
    }

    /// How many calls.
    #[must_use]
    pub fn calls(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    /// Calls started a second.
    #[must_use]
    pub fn per_second(mut self, per_second: u32) -> Self {
        self.per_second = per_second;
        self
    }

    /// Length of pauses that name none.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Its port: one of the first twelve of the server's other ports.
    #[must_use]
    pub fn port(mut self, index: u16) -> Self {
        self.port = self.server.other_port(index);
        // SIPp takes four ports for sound and picture, whether it sends any or not.
        self.media_port = self.server.other_port(40 + 4 * index);
        self
    }

    /// Another transport than UDP; one connection for all calls.
    #[must_use]
    pub fn by(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// Repeats nothing by itself, and shows the scenario what comes again.
    #[must_use]
    pub fn without_repeats(mut self) -> Self {
        self.repeats = Repeats::Scenario;
        self
    }

    /// How long it may take, instead of half a minute.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Has so many calls at once, and leaves a `log` and `statistics` in its folder (`crowd.rs`).
    #[must_use]
    pub fn in_a_crowd(mut self, at_once: u32, ends: Ends) -> Self {
        self.crowd = Some(Crowd { at_once, ends });
        self
    }

    /// Gives a keyword of the scenario its value.
    #[must_use]
    pub fn key(mut self, name: &str, value: &str) -> Self {
        self.keys.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds an account of the demo: `[field0]` is its name, `[field1]` its credentials.
    #[must_use]
    pub fn account(mut self, name: &str) -> Self {
        self.rows.push(format!(
            "{name};[authentication username={name} password=demo-{name}]"
        ));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When SIPp can't be started.
    pub fn start(self) -> Running {
        let name = format!("sipp-{}-{}", self.scenario, self.port);
        let folder = self.server.folder().join(&name);
        std::fs::create_dir_all(&folder).unwrap();
        let rows = folder.join("rows.csv");
        std::fs::write(&rows, format!("SEQUENTIAL\n{}\n", self.rows.join("\n"))).unwrap();
        let scenario = repository()
            .join("tests/sipp")
            .join(format!("{}.xml", self.scenario));
        let mut command = Command::new("sipp");
        command
            .arg(self.server.sip().to_string())
            .arg("-sf")
            .arg(scenario)
            .args([
                "-i",
                "127.0.0.1",
                "-mi",
                "127.0.0.1",
                "-nostdin",
                "-timeout_error",
                "-skip_rlimit",
            ])
            .args([
                "-p",
                &self.port.to_string(),
                "-mp",
                &self.media_port.to_string(),
            ])
            .args(["-r", &self.per_second.to_string()])
            .args(["-d", &self.pause.as_millis().to_string()])
            .args(["-timeout", &format!("{}s", self.limit.as_secs())])
            .args(["-trace_err", "-error_file"])
            .arg(folder.join("errors"));
        if self.crowd.is_none_or(|crowd| crowd.ends == Ends::Counting) {
            command.args(["-m", &self.calls.to_string()]);
        }
        if let Some(Crowd { at_once, .. }) = self.crowd {
            command
                .args(["-l", &at_once.to_string(), "-buff_size", CROWDS_BUFFER])
                .args(["-trace_logs", "-log_file", "log"])
                .args(["-trace_stat", "-stf", "statistics"]);
        }
        if self.transport == Transport::Tcp {
            command.args(["-t", "t1"]);
        }
        if self.repeats == Repeats::Scenario {
            command.arg("-nr");
        }
        for (name, value) in &self.keys {
            command.args(["-key", name, value]);
        }
        if !self.rows.is_empty() {
            command.arg("-inf").arg(rows);
        }
        let running = Running::start(command, name, folder, self.limit + Duration::from_secs(5));
        wait_for_port(self.transport, self.port);
        running
    }

    /// Runs it to its end and checks that every call went by the scenario.
    pub fn run(self) {
        self.start().expect_success();
    }
}

/// Waits until a port of this machine is somebody's: what is sent before is sent to nobody, and the system says so.
/// One that has come and gone meanwhile is not waited for longer.
fn wait_for_port(transport: Transport, port: u16) {
    const LIMIT: Duration = Duration::from_secs(2);
    let table = match transport {
        Transport::Udp => "/proc/net/udp",
        _ => "/proc/net/tcp",
    };
    let ending = format!(":{port:04X}");
    let is_there = || {
        let rows = std::fs::read_to_string(table).unwrap_or_default();
        let mut local = rows.lines().filter_map(|row| row.split_whitespace().nth(1));
        local.any(|address| address.ends_with(&ending))
    };
    let deadline = Instant::now() + LIMIT;
    while !is_there() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Another program under way; killed, by its process id, when dropped.
#[derive(Debug)]
pub struct Running {
    name: String,
    folder: PathBuf,
    child: Child,
    deadline: Instant,
}

impl Running {
    pub(crate) fn start(
        mut command: Command,
        name: String,
        folder: PathBuf,
        limit: Duration,
    ) -> Running {
        let output = std::fs::File::create(folder.join("output")).unwrap();
        let child = command
            .current_dir(&folder)
            .env("TERM", "dumb")
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; tests/install.sh installs it"));
        Running {
            name,
            folder,
            child,
            deadline: Instant::now() + limit,
        }
    }

    /// Where it leaves its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Tells it to end once its calls are over.
    pub fn tell_to_end(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // One that has ended by itself says so where its end is waited for.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::USR1);
    }

    /// Whether it has ended.
    ///
    /// # Panics
    /// When the system does not know of it.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end and checks that it says 0.
    ///
    /// # Panics
    /// When it says anything else, or does not end in time.
    pub fn expect_success(mut self) {
        self.wait_success();
    }

    /// The same, for one whose files are looked at then.
    ///
    /// # Panics
    /// When it says anything else, or does not end in time.
    pub fn wait_success(&mut self) {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(
                    status.success(),
                    "{} ended with {status}\n{}",
                    self.name,
                    self.told()
                );
                return;
            }
            assert!(
                Instant::now() < self.deadline,
                "{} did not end\n{}",
                self.name,
                self.told()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the scenario has come to where it makes the file of that name (`touch`).
    ///
    /// # Panics
    /// When it ends before, or does not come there in time.
    pub fn wait_for(&mut self, mark: &str) {
        while !self.folder.join(mark).exists() {
            let ended = self.child.try_wait().unwrap();
            let late = Instant::now() > self.deadline;
            assert!(
                ended.is_none() && !late,
                "{} did not come to {mark}\n{}",
                self.name,
                self.told()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it printed.
    pub fn told(&self) -> String {
        let read = |name: &str| std::fs::read(self.folder.join(name)).unwrap_or_default();
        let text = [read("errors"), read("output")].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let skip = text.chars().count().saturating_sub(6_000);
        text.chars().skip(skip).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Registers accounts of the demo with SIPp, for a device at another port.
pub fn register_by_sipp(server: &Server, names: &[&str], device: u16) {
    let device = server.other_port(device).to_string();
    let mut run = Sipp::new(server, "register")
        .calls(names.len() as u32)
        .per_second(names.len() as u32)
        .port(9)
        .key("device_port", &device);
    for name in names {
        run = run.account(name);
    }
    run.run();
}

/// The Python that has pjsua2, if there is one: `tests/install.sh` makes it where a wheel fits.
///
/// # Panics
/// When `tests/install.sh` has not been run.
pub fn pjsua_python() -> Option<PathBuf> {
    let python = repository().join(".tools/venv/bin/python");
    assert!(
        python.exists(),
        "{} is not there: run tests/install.sh",
        python.display()
    );
    let has = Command::new(&python)
        .args(["-c", "import pjsua2"])
        .output()
        .is_ok_and(|output| output.status.success());
    has.then_some(python)
}

/// Runs schemathesis, which reads the document of an API and asks for what it allows and for what it doesn't.
/// What it remembers stays in `folder`.
pub fn schemathesis(folder: &Path, arguments: &[&str]) -> Output {
    let program = repository().join(".tools/venv/bin/schemathesis");
    assert!(
        program.exists(),
        "{} is not there: run tests/install.sh",
        program.display()
    );
    finished(
        Command::new(program).current_dir(folder).args(arguments),
        Duration::from_secs(180),
    )
}

/// Checks the files of a configuration's folder by the schemas that editors check them by.
pub fn hold_to_schemas(config: &Path) -> Output {
    let python = repository().join(".tools/venv/bin/python");
    assert!(
        python.exists(),
        "{} is not there: run tests/install.sh",
        python.display()
    );
    let files = [
        "tests/schemas.py",
        "docs/kolapp.schema.json",
        "docs/organisation.schema.json",
    ];
    let mut command = Command::new(python);
    command
        .arg("-B")
        .args(files.map(|file| repository().join(file)));
    finished(command.arg(config), Duration::from_secs(60))
}

/// Runs `tests/pjsua/<script>` to its end with these arguments.
pub fn pjsua(python: &Path, script: &str, arguments: &[&str]) -> Output {
    let script = repository().join("tests/pjsua").join(script);
    finished(
        Command::new(python).arg("-B").arg(script).args(arguments),
        Duration::from_secs(60),
    )
}

/// baresip with one account: sends a sine, and records what it hears.
#[derive(Clone, Copy, Debug)]
pub struct Baresip<'a> {
    /// Account line, such as `<sip:anna@demo.localhost>;auth_pass=…;answermode=auto`.
    pub account: &'a str,
    /// Frequency of its sine.
    pub hertz: u32,
    /// Its port: one of the server's other ports by index.
    pub port: u16,
    /// How it talks to the server.
    pub transport: Transport,
}

impl Baresip<'_> {
    /// Starts it; also the folder that [`recording`] looks in.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start(&self, server: &Server) -> (Running, PathBuf) {
        let folder = server.folder().join(format!("baresip-{}", self.port));
        std::fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "sip_listen 127.0.0.1:{}\nmodule_path {}\nmodule g711.so\nmodule ausine.so\nmodule sndfile.so\n\
             module_app account.so\nmodule_app menu.so\naudio_source ausine,{}\nausrc_srate 48000\nauplay_srate 8000\n\
             ausrc_channels 2\nauplay_channels 1\nsnd_path {}\nrtp_ports {}-{}\nnet_interface 127.0.0.1\n",
            server.other_port(self.port),
            baresip_modules().display(),
            self.hertz,
            folder.display(),
            server.other_port(50),
            server.other_port(70),
        );
        let trust = format!(
            "sip_cafile {}\nsip_verify_server yes\n",
            server.folder().join("ca.pem").display()
        );
        let trust = match self.transport {
            Transport::Tls => &*trust,
            _ => "",
        };
        std::fs::write(folder.join("config"), config + trust).unwrap();
        // The server's own address takes the place of a look-up of the domain.
        let account = format!(
            "{};outbound=\"sip:{}{}\"\n",
            self.account,
            server.sip_by(self.transport),
            self.transport.uri_param()
        );
        std::fs::write(folder.join("accounts"), account).unwrap();
        let mut command = Command::new("baresip");
        command.arg("-f").arg(&folder).args(["-t", "40"]);
        let running = Running::start(
            command,
            format!("baresip-{}", self.port),
            folder.clone(),
            Duration::from_secs(60),
        );
        (running, folder)
    }
}

/// What a baresip heard in its call.
///
/// # Panics
/// When it has recorded nothing.
pub fn recording(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let heard = |path: &PathBuf| path.to_string_lossy().ends_with("dec.wav");
    files
        .into_iter()
        .find(heard)
        .unwrap_or_else(|| panic!("no recording in {}", folder.display()))
}

fn baresip_modules() -> PathBuf {
    let folders = [
        "/usr/lib/baresip/modules",
        "/usr/lib/x86_64-linux-gnu/baresip/modules",
        "/usr/local/lib/baresip/modules",
    ];
    let found = folders
        .iter()
        .map(PathBuf::from)
        .find(|path| path.join("g711.so").exists());
    found.expect("baresip's modules are installed: tests/install.sh")
}
