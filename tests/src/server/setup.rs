//! A server to be: the demo's configuration in a folder of its own, with changes, and how the binary is started on it.

use super::{Server, binary, finished, repository};
use crate::certificates::{Authority, Validity};
use crate::slots::Slot;
use crate::sound;
use crate::wire::Transport;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use toml_edit::DocumentMut;

/// A server to be: the demo with changes.
#[derive(Debug)]
pub struct Setup {
    pub(super) folder: TempDir,
    pub(super) slot: Slot,
    environment: Vec<(String, String)>,
    cpu: Option<usize>,
    disk: Disk,
    by: By,
    web: Web,
}

/// How HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Web {
    Plain,
    ByTls,
}

/// What becomes of a write to a file that may not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disk {
    /// It ends the process.
    Endless,
    /// It fails, as on a full disk.
    MayBeFull,
}

/// What says where the server listens and keeps what it stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Variables of its environment, which come before its file.
    Environment,
    /// Its file.
    File,
}

impl Setup {
    /// The demo as it is in the repository, but for what callers hear of being called back: most tests are about what else they
    /// hear.
    ///
    /// # Panics
    /// When the demo cannot be copied.
    pub fn demo() -> Setup {
        let folder = tempfile::Builder::new()
            .prefix("kolapp-test-")
            .tempdir()
            .unwrap();
        copy(&repository().join("config"), &folder.path().join("config"));
        std::os::unix::fs::symlink(repository().join("prompts"), folder.path().join("prompts"))
            .unwrap();
        let setup = Setup {
            folder,
            slot: Slot::take(),
            environment: Vec::new(),
            cpu: None,
            disk: Disk::Endless,
            by: By::Environment,
            web: Web::Plain,
        };
        setup.set("queues.support.callback.announcement", "\"none\"")
    }

    /// The demo with listeners for all transports, and a certificate that `ca.pem` in the server's folder vouches for.
    pub fn with_tls() -> Setup {
        let files = "{ certificate = \"server.pem\", key = \"server.key\" }";
        let setup = Setup::demo()
            .set_server("sip.tls", "[\"127.0.0.1:5061\"]")
            .set_server("sip.wss", "[\"127.0.0.1:5063\"]")
            .set_server("tls", files);
        setup.show_certificate(&Authority::default());
        setup
    }

    /// The demo by HTTPS, with a certificate that `ca.pem` in the server's folder vouches for.
    pub fn with_https() -> Setup {
        let mut setup = Setup::demo()
            .set_server("http.certificate", "\"server.pem\"")
            .set_server("http.key", "\"server.key\"");
        setup.web = Web::ByTls;
        setup.show_certificate(&Authority::default());
        setup
    }

    /// Who vouches for the certificate that HTTP is spoken with, in PEM; none where it is spoken plainly.
    pub(super) fn believed(&self) -> Option<String> {
        let read = || std::fs::read_to_string(self.folder.path().join("ca.pem")).ok();
        match self.web {
            Web::Plain => None,
            Web::ByTls => read(),
        }
    }

    /// Puts a certificate of that authority where the server looks for it, and the authority's own into `ca.pem`.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn show_certificate(&self, authority: &Authority) {
        let issued = authority.issue("127.0.0.1", Validity::Current);
        let config = self.config();
        std::fs::write(config.join("server.key"), issued.key).unwrap();
        std::fs::write(config.join("server.pem"), issued.certificate).unwrap();
        std::fs::write(self.folder.path().join("ca.pem"), authority.pem()).unwrap();
    }

    /// The configuration folder.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Port of the server's SIP.
    pub fn sip_port(&self) -> u16 {
        self.slot.sip()
    }

    /// Ports the server may use for RTP.
    pub fn rtp_ports(&self) -> std::ops::RangeInclusive<u16> {
        let text = self.slot.rtp();
        let (first, last) = text.split_once('-').expect("a range");
        first.parse().unwrap()..=last.parse().unwrap()
    }

    /// A port for another program, such as a provider whose address the configuration names.
    pub fn other_port(&self, index: u16) -> u16 {
        self.slot.other(index)
    }

    /// Sets a value of the demo organisation, such as `queues.support.ring` to `"2s"` (TOML).
    #[must_use]
    pub fn set(self, path: &str, value: &str) -> Setup {
        set(&self.config().join("organisations/demo"), path, value);
        self
    }

    /// Sets a value of `kolapp.toml`.
    #[must_use]
    pub fn set_server(self, path: &str, value: &str) -> Setup {
        set_in(&self.config().join("kolapp.toml"), path, value);
        self
    }

    /// Adds a file to the demo organisation.
    #[must_use]
    pub fn add(self, name: &str, text: &str) -> Setup {
        std::fs::write(self.config().join("organisations/demo").join(name), text).unwrap();
        self
    }

    /// With every prompt cut to the length that goes with its name (`callback-accepted`): for tests in which much is said
    /// and little listened to.
    ///
    /// # Panics
    /// When they can't be written.
    #[must_use]
    pub fn with_prompts_cut(self, length: impl Fn(&str) -> Duration) -> Setup {
        let folder = self.folder.path().join("prompts");
        std::fs::remove_file(&folder).unwrap();
        copy(&repository().join("prompts"), &folder);
        for language in ["sv", "en"] {
            for entry in std::fs::read_dir(folder.join(language)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_stem().unwrap_or_default();
                sound::cut_wav(&path, length(&name.to_string_lossy()));
            }
        }
        self
    }

    /// With ports for about nine hundred media streams instead of four hundred and fifty.
    #[must_use]
    pub fn with_more_ports(mut self) -> Setup {
        self.slot = Slot::take_two();
        self
    }

    /// Says in `kolapp.toml` what the environment says otherwise, so that what the file says is seen.
    #[must_use]
    pub fn by_file_alone(mut self) -> Setup {
        self.by = By::File;
        let listen = |port: u16| format!("[\"127.0.0.1:{port}\"]");
        let sip = self.slot.sip();
        let http = format!("\"127.0.0.1:{}\"", self.slot.http());
        let rtp = format!("\"{}\"", self.slot.rtp());
        self.set_server("sip.udp", &listen(sip))
            .set_server("sip.tcp", &listen(sip))
            .set_server("sip.ws", &listen(sip + Transport::Ws.port_offset()))
            .set_server("http.listen", &http)
            .set_server("rtp.ports", &rtp)
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Setup {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs it on one CPU only.
    #[must_use]
    pub fn on_cpu(mut self, cpu: usize) -> Setup {
        self.cpu = Some(cpu);
        self
    }

    /// On a disk that may be full ([`Server::disk_is_full`]). It says only what is wrong, since its log is on that disk too.
    #[must_use]
    pub fn on_a_small_disk(mut self) -> Setup {
        self.disk = Disk::MayBeFull;
        self.env("KOLAPP_LOG", "error")
    }

    /// A command of the binary with this set-up's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.cpu {
            None if self.disk == Disk::MayBeFull => {
                // The signal that a write beyond the limit gets stays ignored in what is executed.
                let mut command = Command::new("dash");
                let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
                command.args(["-c", script]).arg(binary());
                command
            }
            None => Command::new(binary()),
            Some(cpu) => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", &cpu.to_string()]).arg(binary());
                command
            }
        };
        command.args(arguments).arg("--config").arg(self.config());
        if self.by == By::Environment {
            command
                .env("KOLAPP_SIP_PORT", self.slot.sip().to_string())
                .env("KOLAPP_HTTP_PORT", self.slot.http().to_string())
                .env("KOLAPP_RTP_PORTS", self.slot.rtp())
                .env("KOLAPP_STATE_DIR", self.folder.path().join("var"));
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command that ends by itself, such as `check`.
    ///
    /// # Panics
    /// When it does not end in half a minute.
    pub fn output(&self, arguments: &[&str]) -> Output {
        finished(
            self.command(arguments).stdin(Stdio::null()),
            Duration::from_secs(30),
        )
    }

    /// Starts the server and waits until it is ready.
    ///
    /// # Panics
    /// When it is not.
    pub fn start(self) -> Server {
        let child = self.spawn();
        let mut server = Server {
            setup: self,
            child,
            started_in: Duration::ZERO,
            ended: None,
        };
        server.wait_ready();
        server
    }

    /// Starts the process; its output of before is gone.
    pub(super) fn spawn(&self) -> Child {
        let stdout = std::fs::File::create(self.folder.path().join("stdout")).unwrap();
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        self.command(&["run"])
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in
        std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()))
    {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

// Sets `path` in the one file of `folder` that has the table it stands in.
pub(super) fn set(folder: &Path, path: &str, value: &str) {
    let table = path.rsplit_once('.').map_or("", |(table, _)| table);
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    let holds = |file: &PathBuf| {
        let document: DocumentMut = std::fs::read_to_string(file)
            .unwrap()
            .parse()
            .expect("TOML");
        let mut item = document.as_item();
        table
            .split('.')
            .filter(|key| !key.is_empty())
            .all(|key| match item.get(key) {
                Some(inner) => {
                    item = inner;
                    true
                }
                None => false,
            })
    };
    let file = files
        .iter()
        .find(|file| holds(file))
        .unwrap_or_else(|| panic!("no file of the demo has [{table}]"));
    set_in(file, path, value);
}

pub(super) fn set_in(file: &Path, path: &str, value: &str) {
    let text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut document: DocumentMut = text.parse().expect("TOML");
    let mut item = document.as_item_mut();
    for key in path.split('.') {
        item = &mut item[key];
    }
    *item = toml_edit::value(value.parse::<toml_edit::Value>().expect("a TOML value"));
    // Saved as editors do: a new file takes the old one's name.
    let beside = file.with_extension("new");
    std::fs::write(&beside, document.to_string()).unwrap();
    std::fs::rename(&beside, file).unwrap();
}
