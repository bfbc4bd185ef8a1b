//! A DNS server of a test's own (RFC 1035): a few records, over UDP, and a note of what was asked.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A record; names without the final dot.
#[derive(Clone, Debug)]
pub enum Record {
    /// An address.
    A(Ipv4Addr),
    /// A server: priority, port, name.
    Srv(u16, u16, &'static str),
    /// A service: order, service, where its servers are asked for.
    Naptr(u16, &'static str, &'static str),
}

impl Record {
    fn kind(&self) -> u16 {
        match self {
            Record::A(_) => 1,
            Record::Srv(..) => 33,
            Record::Naptr(..) => 35,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Record::A(address) => address.octets().to_vec(),
            Record::Srv(priority, port, target) => {
                let mut data = [priority.to_be_bytes(), [0, 1], port.to_be_bytes()].concat();
                data.extend(labels(target));
                data
            }
            Record::Naptr(order, service, replacement) => {
                let mut data = [order.to_be_bytes(), [0, 1]].concat();
                for text in ["s", service, ""] {
                    data.push(u8::try_from(text.len()).unwrap());
                    data.extend(text.as_bytes());
                }
                data.extend(labels(replacement));
                data
            }
        }
    }
}

/// A DNS server; gone when dropped.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Dns {
    /// One that knows these records, at a port of its own. What else it is asked for does not exist.
    ///
    /// # Panics
    /// When there is no port.
    pub fn start(zone: Vec<(&'static str, Record)>) -> Dns {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ends = Arc::new(AtomicBool::new(false));
        let address = socket.local_addr().unwrap();
        let (notes, stop) = (asked.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 1_500];
            while !stop.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                if let Some((name, kind, answer)) = answer(&buffer[..length], &zone) {
                    notes.lock().unwrap().push(format!("{kind} {name}"));
                    socket.send_to(&answer, from).unwrap();
                }
            }
        });
        Dns {
            address,
            asked,
            ends,
            thread: Some(thread),
        }
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was asked so far: the type's number and the name.
    ///
    /// # Panics
    /// When its thread did.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// The name and type that are asked for, and the answer: the question again, and each record of that name.
fn answer(query: &[u8], zone: &[(&str, Record)]) -> Option<(String, u16, Vec<u8>)> {
    let mut at = 12;
    let mut parts = Vec::new();
    while *query.get(at)? != 0 {
        let length = usize::from(query[at]);
        parts.push(String::from_utf8_lossy(query.get(at + 1..at + 1 + length)?).to_lowercase());
        at += 1 + length;
    }
    let end = at + 5;
    let kind = u16::from_be_bytes([*query.get(at + 1)?, *query.get(at + 2)?]);
    let name = parts.join(".");
    let records: Vec<&Record> = zone
        .iter()
        .filter(|(of, record)| *of == name && record.kind() == kind)
        .map(|(_, record)| record)
        .collect();
    let exists = zone.iter().any(|(of, _)| *of == name);
    let mut answer = query.get(..2)?.to_vec();
    // A response, authoritative, recursion available; 3 is NXDOMAIN.
    answer.extend([0x85, if exists { 0x80 } else { 0x83 }]);
    answer.extend([0, 1]);
    answer.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    // RFC 2308 §3: that there is nothing is remembered where a SOA says for how long.
    answer.extend([0, u8::from(records.is_empty()), 0, 0]);
    answer.extend(query.get(12..end)?);
    if records.is_empty() {
        answer.extend([0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22, 0, 0]);
        answer.extend([[0, 0, 0, 60]; 5].concat());
    }
    for record in records {
        let data = record.data();
        // The name stands at the twelfth byte; class IN; a minute.
        answer.extend([0xC0, 12]);
        answer.extend(kind.to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 60]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    }
    Some((name, kind, answer))
}
