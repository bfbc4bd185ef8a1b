//! An address translator between the server and a provider: what the server sends there comes from a port of its own, and
//! whoever wants to reach the server has to come by that port.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What does nothing but keep the way open (RFC 5626 §3.5.1).
const KEEP_ALIVE: &[u8] = b"\r\n\r\n";

/// One; gone when dropped.
#[derive(Debug)]
pub struct Translator {
    outside: SocketAddr,
    sides: Arc<Sides>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Sides {
    /// Where the server sends to.
    inside: UdpSocket,
    /// Where that comes from.
    outside: UdpSocket,
    provider: SocketAddr,
    /// Where the server was seen.
    server: Mutex<Option<SocketAddr>>,
    /// Who sent something in last.
    caller: Mutex<Option<SocketAddr>>,
    kept_open: AtomicUsize,
    runs: AtomicBool,
}

impl Translator {
    /// One that the server reaches at a port of 127.0.0.1, and that hands on to the provider at another.
    ///
    /// # Panics
    /// When the port is taken.
    pub fn between(inside: u16, provider: u16) -> Translator {
        let sides = Arc::new(Sides {
            inside: socket(inside),
            outside: socket(0),
            provider: SocketAddr::from(([127, 0, 0, 1], provider)),
            server: Mutex::default(),
            caller: Mutex::default(),
            kept_open: AtomicUsize::new(0),
            runs: AtomicBool::new(true),
        });
        let carry = |run: fn(&Sides)| {
            let sides = Arc::clone(&sides);
            std::thread::spawn(move || {
                while sides.runs.load(Ordering::Relaxed) {
                    run(&sides);
                }
            })
        };
        let threads = vec![carry(Sides::carry_out), carry(Sides::carry_in)];
        Translator {
            outside: sides.outside.local_addr().unwrap(),
            sides,
            threads,
        }
    }

    /// Where the server is seen, and reached, from outside.
    pub fn outside(&self) -> SocketAddr {
        self.outside
    }

    /// How often the server sent something only to keep its way open.
    pub fn kept_open(&self) -> usize {
        self.sides.kept_open.load(Ordering::Relaxed)
    }
}

impl Sides {
    fn carry_out(&self) {
        let mut buffer = [0; 8_192];
        let Ok((length, from)) = self.inside.recv_from(&mut buffer) else {
            return;
        };
        let bytes = &buffer[..length];
        *self.server.lock().unwrap() = Some(from);
        let keeps_open = bytes == KEEP_ALIVE;
        if keeps_open {
            self.kept_open.fetch_add(1, Ordering::Relaxed);
        }
        let is_for_the_provider = keeps_open || bytes.starts_with(b"REGISTER ");
        let caller = *self.caller.lock().unwrap();
        let to = caller.filter(|_| !is_for_the_provider);
        let _ = self.outside.send_to(bytes, to.unwrap_or(self.provider));
    }

    fn carry_in(&self) {
        let mut buffer = [0; 8_192];
        let Ok((length, from)) = self.outside.recv_from(&mut buffer) else {
            return;
        };
        if from != self.provider {
            *self.caller.lock().unwrap() = Some(from);
        }
        // Nobody gets in before the server has sent something out.
        if let Some(server) = *self.server.lock().unwrap() {
            let _ = self.inside.send_to(&buffer[..length], server);
        }
    }
}

impl Drop for Translator {
    fn drop(&mut self) {
        self.sides.runs.store(false, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn socket(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    let patience = Some(Duration::from_millis(20));
    socket.set_read_timeout(patience).unwrap();
    socket
}
