//! A provider that is connected to, by TCP or TLS: notes what comes and answers each INVITE with one status.

use crate::certificates::Issued;
use crate::sip::Msg;
use crate::wire::Wire;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A provider; gone when dropped.
#[derive(Debug)]
pub struct Provider {
    came: Arc<Mutex<Vec<Msg>>>,
    connections: Arc<Mutex<usize>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Provider {
    /// One at that port; by TLS if it has something to show. Takes one connection after the other.
    ///
    /// # Panics
    /// When the port is taken.
    pub fn start(port: u16, shows: Option<Issued>, status: u16) -> Provider {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let came = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let ends = Arc::new(AtomicBool::new(false));
        let (notes, count, stop) = (came.clone(), connections.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok((stream, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(5));
                    continue;
                };
                *count.lock().unwrap() += 1;
                stream.set_nonblocking(false).unwrap();
                // Whoever does not believe the certificate ends the handshake.
                let Ok(wire) = Wire::accepted(stream, shows.as_ref()) else {
                    continue;
                };
                while wire.is_open() && !stop.load(Ordering::Relaxed) {
                    let message = wire.receive().and_then(|bytes| Msg::parse(&bytes));
                    let Some(message) = message else {
                        continue;
                    };
                    if message.is_request() && message.method() == "INVITE" {
                        wire.send(&message.reply(status, "No", "provider").to_bytes());
                    }
                    notes.lock().unwrap().push(message);
                }
            }
        });
        Provider {
            came,
            connections,
            ends,
            thread: Some(thread),
        }
    }

    /// How often somebody connected.
    ///
    /// # Panics
    /// When its thread did.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// What has come so far.
    ///
    /// # Panics
    /// When its thread did.
    pub fn came(&self) -> Vec<Msg> {
        self.came.lock().unwrap().clone()
    }

    /// The first message of that method.
    ///
    /// # Panics
    /// When it does not come in time.
    pub fn expect(&self, method: &str, limit: Duration) -> Msg {
        let deadline = Instant::now() + limit;
        loop {
            let came = self.came();
            let found = came
                .iter()
                .find(|it| it.is_request() && it.method() == method);
            if let Some(message) = found {
                return message.clone();
            }
            assert!(Instant::now() < deadline, "no {method} came, but {came:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
