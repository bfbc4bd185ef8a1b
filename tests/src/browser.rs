//! A browser's phone: JsSIP in Chromium, by the script of `tests/browser`. It is told what to do line by line, and tells
//! what happens in the same way.

use crate::server::{Server, repository};
use crate::wire::Transport;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longest start of a browser that is waited for, on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(40);
/// Longest end.
const END_LIMIT: Duration = Duration::from_secs(10);
/// Longest wait for what a command leads to.
const LIMIT: Duration = Duration::from_secs(10);

/// A page with a phone in it; ended when dropped.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<String>,
    seen: Vec<String>,
    errors: PathBuf,
}

impl Browser {
    /// A phone of one of the demo's accounts, connected and not registered yet.
    ///
    /// # Panics
    /// When it can't be started; `tests/install.sh` installs what it needs.
    pub fn start(server: &Server, name: &str, transport: Transport) -> Browser {
        let scheme = match transport {
            Transport::Wss => "wss",
            _ => "ws",
        };
        let folder = repository().join("tests/browser");
        let errors = server.folder().join(format!("browser-{name}-errors"));
        let mut child = Command::new("node")
            .arg(folder.join("phone.mjs"))
            .arg(format!("{scheme}://{}", server.sip_by(transport)))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&errors).unwrap())
            .spawn()
            .expect("node can be started: tests/install.sh");
        let stdout = child.stdout.take().expect("piped");
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let stdin = child.stdin.take();
        let mut browser = Browser {
            child,
            stdin,
            events,
            seen: Vec::new(),
            errors,
        };
        browser.expect_within("connected", START_LIMIT);
        browser
    }

    /// Tells it to do something, such as `call 102 plain`.
    ///
    /// # Panics
    /// When it has ended.
    pub fn tell(&mut self, command: &str) {
        let stdin = self.stdin.as_mut().expect("open until dropped");
        writeln!(stdin, "{command}").unwrap();
    }

    /// Waits until this happens; what happens before is passed over.
    ///
    /// # Panics
    /// When it does not.
    pub fn expect(&mut self, event: &str) {
        self.expect_within(event, LIMIT);
    }

    fn expect_within(&mut self, event: &str, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(came) = self.events.recv_timeout(left) else {
                let errors = std::fs::read_to_string(&self.errors).unwrap_or_default();
                panic!(
                    "no {event} in the browser; before it: {:?}\n{errors}",
                    self.seen
                );
            };
            let is_it = came == event;
            self.seen.push(came);
            if is_it {
                return;
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The script ends with its input, and the browser with the script.
        self.stdin = None;
        let deadline = Instant::now() + END_LIMIT;
        while Instant::now() < deadline {
            if let Ok(Some(_)) = self.child.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
