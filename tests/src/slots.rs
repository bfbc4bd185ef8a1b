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

/// A thousand ports that no other test of this machine uses until this is dropped; or two thousand.
#[derive(Debug)]
pub struct Slot {
    base: u16,
    locks: Vec<File>,
}

impl Slot {
    /// Waits for a free slot.
    ///
    /// # Panics
    /// When none is free in five minutes.
    pub fn take() -> Slot {
        Slot::take_adjacent(1)
    }

    /// Waits for two that lie side by side, where a server has more calls than the ports of one go for.
    ///
    /// # Panics
    /// When none are free in five minutes.
    pub fn take_two() -> Slot {
        Slot::take_adjacent(2)
    }

    fn take_adjacent(many: u16) -> Slot {
        let deadline = Instant::now() + PATIENCE;
        // Different processes begin at different slots, so that one in TIME_WAIT or just freed is rarely met.
        let start = (std::process::id() % u32::from(SLOTS)) as u16;
        loop {
            for offset in 0..SLOTS {
                let number = (start + offset) % SLOTS;
                if number + many > SLOTS {
                    continue;
                }
                // Those that were locked are let go where not all can be.
                let locks: Vec<File> = (number..number + many).map_while(locked).collect();
                let slot = Slot {
                    base: FIRST_PORT + number * PORTS_PER_SLOT,
                    locks,
                };
                let is_whole = slot.locks.len() == usize::from(many);
                if is_whole && UdpSocket::bind(("127.0.0.1", slot.sip())).is_ok() {
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

    /// For other programs that cannot bind port 0: 90 numbers.
    pub fn other(&self, index: u16) -> u16 {
        assert!(index < 90, "expected one of 90 other ports, got {index}");
        self.base + 10 + index
    }

    /// For the server's RTP, as `KOLAPP_RTP_PORTS` has it.
    pub fn rtp(&self) -> String {
        let ports = PORTS_PER_SLOT * self.locks.len() as u16;
        format!("{}-{}", self.base + 100, self.base + ports - 1)
    }
}

/// The lock of a slot, if nobody has it.
fn locked(number: u16) -> Option<File> {
    let folder = std::env::temp_dir().join("kolapp-test-slots");
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(number.to_string()))
        .expect("a file in the temporary folder can be opened");
    let taken = flock(&file, FlockOperation::NonBlockingLockExclusive);
    taken.is_ok().then_some(file)
}
