//! Ports for tests that run at the same time in different processes: a slot is a thousand ports, held by a lock on
//! a file that the system lets go when the process ends, however it ends.

use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Slots; their ports lie under 32768, where Linux begins to give out ephemeral ones.
const SLOTS: u16 = 20;
const FIRST_PORT: u16 = 11_000;
const PORTS_PER_SLOT: u16 = 1_000;
/// How long to wait for others to finish; longer than the longest test.
const PATIENCE: Duration = Duration::from_secs(300);

/// A thousand ports that no other test of this machine uses until this is dropped.
#[derive(Debug)]
pub struct Slot {
    base: u16,
    _lock: File,
}

impl Slot {
    /// Waits for a free slot.
    ///
    /// # Panics
    /// When none is free in five minutes.
    pub fn take() -> Slot {
        let folder = std::env::temp_dir().join("kolapp-test-slots");
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let deadline = Instant::now() + PATIENCE;
        // Different processes begin at different slots, so that one in TIME_WAIT or just freed is rarely met.
        let start = (std::process::id() % u32::from(SLOTS)) as u16;
        loop {
            for offset in 0..SLOTS {
                let number = (start + offset) % SLOTS;
                let path = folder.join(number.to_string());
                let file = OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .write(true)
                    .open(&path)
                    .unwrap();
                if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
                    continue;
                }
                let slot = Slot {
                    base: FIRST_PORT + number * PORTS_PER_SLOT,
                    _lock: file,
                };
                if UdpSocket::bind(("127.0.0.1", slot.sip())).is_ok() {
                    return slot;
                }
            }
            assert!(
                Instant::now() < deadline,
                "no free slot of ports in {PATIENCE:?}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// For the server's SIP over UDP and TCP; the four above are its other transports'.
    pub fn sip(&self) -> u16 {
        self.base
    }

    /// For the server's HTTP.
    pub fn http(&self) -> u16 {
        self.base + 5
    }

    /// For other programs that cannot bind port 0: 20 numbers.
    pub fn other(&self, index: u16) -> u16 {
        assert!(index < 80, "expected one of 80 other ports, got {index}");
        self.base + 10 + index
    }

    /// For the server's RTP, as `KOLAPP_RTP_PORTS` has it.
    pub fn rtp(&self) -> String {
        format!("{}-{}", self.base + 100, self.base + PORTS_PER_SLOT - 1)
    }
}
