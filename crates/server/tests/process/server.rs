//! A server of a test's own: the demo's configuration in a folder and on ports that nobody else uses.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A debug build decodes the prompts in seconds on a busy machine.
pub(crate) const START_MAX: Duration = Duration::from_secs(60);
pub(crate) const REPLY_MAX: Duration = Duration::from_secs(5);
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) sip_port: u16,
    pub(crate) http_port: u16,
}

impl Server {
    pub(crate) fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        copy(&project.join("config"), &folder.path().join("config"));
        std::os::unix::fs::symlink(project.join("prompts"), folder.path().join("prompts")).unwrap();
        Server::start_in(folder)
    }

    pub(crate) fn start_in(folder: tempfile::TempDir) -> Server {
        let (sip_port, http_port) = free_ports();
        let mut command = kolapp(folder.path(), &["run"]);
        let process = command
            .env("KOLAPP_SIP_PORT", sip_port.to_string())
            .env("KOLAPP_HTTP_PORT", http_port.to_string())
            .env("KOLAPP_RTP_PORTS", "31000-31999")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Server {
            process,
            folder,
            sip_port,
            http_port,
        };
        let started = Instant::now();
        while !server.http("/healthz").starts_with("HTTP/1.1 200") {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none(), "ended with {ended:?}: {}", server.log());
            assert!(started.elapsed() < START_MAX, "not ready: {}", server.log());
            std::thread::sleep(LOOK_EVERY);
        }
        server
    }

    pub(crate) fn config(&self, file: &str) -> PathBuf {
        self.folder.path().join("config").join(file)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The log has a thread of its own, so it may come after what it tells of.
    pub(crate) fn await_in_log(&self, text: &str) {
        let started = Instant::now();
        while !self.log().contains(text) {
            assert!(
                started.elapsed() < START_MAX,
                "no {text:?} in {}",
                self.log()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    pub(crate) fn ctl(&self, arguments: &[&str]) -> Output {
        kolapp(self.folder.path(), &[&["ctl"], arguments].concat())
            .output()
            .unwrap()
    }

    pub(crate) fn json(&self, what: &str) -> serde_json::Value {
        let output = self.ctl(&["--json", what]);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The whole reply; empty while nobody listens.
    pub(crate) fn http(&self, path: &str) -> String {
        let mut reply = String::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.http_port)) {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read_to_string(&mut reply);
        }
        reply
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                started.elapsed() < START_MAX,
                "still running: {}",
                self.log()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn kolapp(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kolapp"));
    command
        .args(arguments)
        .arg("--config")
        .arg(folder.join("config"));
    command.env("KOLAPP_STATE_DIR", folder.join("state"));
    command
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Where these tests listen: below the ports that the system gives to outgoing connections. A client that tries one of
/// those over and over is in the end connected to itself, and waits for ever; and below those of the tests in `tests`.
const FREE_PORTS: std::ops::Range<u16> = 7_000..10_900;

/// Two ports that nobody listens on. Each test is a process of its own: its id says where to look first.
fn free_ports() -> (u16, u16) {
    let first = std::process::id() as usize * 7 % FREE_PORTS.len();
    let mut ports = FREE_PORTS.cycle().skip(first).take(FREE_PORTS.len());
    let is_free = |port: u16| {
        let address = ("127.0.0.1", port);
        UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
    };
    let sip = ports.find(|port| is_free(*port) && is_free(port + 1));
    let sip = sip.expect("some of thousands are free");
    (sip, sip + 1)
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}
