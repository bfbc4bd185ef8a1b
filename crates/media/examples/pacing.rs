//! What media costs and how evenly it sends: the engine in this process, phones on loopback in the same.
//!
//! `cargo run --release -p media --example pacing [sessions] [bridges] [seconds]`. CPU is read per thread, so
//! the phones' share is not counted against the engine.

use base::{CallId, LegId, ShardId};
use media::{MediaConfig, MediaEngine, Prompt, Prompts};
use media_core::packet::{HEADER_BYTES, Header};
use media_core::{
    Codec, Command, Direction, Playlist, PromptId, Remote, Session, StreamPlan, Then,
};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |text| text.parse());
    let (sessions, bridges, seconds) = (number(200)?, number(100)?, number(10)?);
    let measured = Duration::from_secs(seconds.into());

    let (send, relay) = (
        floor_of_sending(measured / 2)?,
        floor_of_relaying(measured / 2)?,
    );
    println!(
        "floor     a bare paced loop: {send:.2} us a packet sent, {relay:.2} us a packet relayed"
    );
    let before = memory_kb()?;
    let engine = start()?;
    if sessions > 0 {
        playing(&engine, sessions, measured)?;
    }
    if bridges > 0 {
        bridged(&engine, bridges, measured, before)?;
    }
    engine.shutdown();
    Ok(())
}

fn start() -> Outcome<MediaEngine> {
    let tone: Vec<i16> = (0..80_000)
        .map(|n| (f64::from(n).sin() * 8_000.0) as i16)
        .collect();
    let prompts: Prompts = [(PromptId::new("music"), Prompt::from_linear(&tone))]
        .into_iter()
        .collect();
    let config = MediaConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        ports: 30_000..=39_999,
        threads: 1,
    };
    Ok(MediaEngine::start(config, Arc::new(prompts), drop)?)
}

/// Sessions that hear music; a phone here and there is listened to for its pacing.
fn playing(engine: &MediaEngine, sessions: u32, measured: Duration) -> Outcome<()> {
    const LISTENED_EVERY: u32 = 10;
    let mut phones = Vec::new();
    for slot in 0..sessions {
        let phone = open(engine, slot, slot)?;
        let then = Then::Music(PromptId::new("music"));
        let playlist = Playlist {
            token: 0,
            prompts: Vec::new(),
            then,
        };
        command(engine, slot, slot, Command::Play(playlist))?;
        phones.push(phone);
    }
    let listened: Vec<&Phone> = phones.iter().step_by(LISTENED_EVERY as usize).collect();
    let mut last = vec![None; listened.len()];
    let mut off_ms = Vec::new();
    let (cpu, start, sent) = (engine_cpu()?, Instant::now(), engine.stats().packets_sent);
    while start.elapsed() < measured {
        for (phone, last) in listened.iter().zip(&mut last) {
            // The kernel's own time of arrival isn't to be had without unsafe code: poll tightly instead.
            while phone.socket.recv(&mut [0; 256]).is_ok() {
                let now = Instant::now();
                if let Some(before) = last.replace(now) {
                    let gap: Duration = now - before;
                    off_ms.push((gap.as_secs_f64() * 1_000.0 - 20.0).abs());
                }
            }
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    let used = (engine_cpu()? - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    let stats = engine.stats();
    println!(
        "playing   {sessions} sessions, {} packets/s",
        (stats.packets_sent - sent) as f64 / start.elapsed().as_secs_f64()
    );
    println!(
        "  CPU     {:.2} % of a core per 100",
        used * 10_000.0 / f64::from(sessions)
    );
    percentiles("  pacing  off by", &mut off_ms);
    println!(
        "  late    {} frames by over 2 ms, {} slots skipped",
        stats.ticks_late, stats.slots_skipped
    );
    for slot in 0..sessions {
        command(engine, slot, slot, Command::Close)?;
    }
    Ok(())
}

/// Bridged calls, both sides talking; delay is measured on every packet of a few calls.
fn bridged(engine: &MediaEngine, bridges: u32, measured: Duration, before_kb: u64) -> Outcome<()> {
    const FIRST: u32 = 100_000;
    let mut phones = Vec::new();
    for call in 0..bridges {
        let (one, two) = (FIRST + call * 2, FIRST + call * 2 + 1);
        phones.push(open(engine, one, one)?);
        phones.push(open(engine, one, two)?);
        command(engine, one, one, Command::Bridge { with: leg(two) })?;
    }
    let mut delays_ms = Vec::new();
    let mut sent_at = vec![Instant::now(); phones.len()];
    let (cpu, start, before) = (engine_cpu()?, Instant::now(), engine.stats());
    let mut round = 0u32;
    let (mut sent, mut heard) = (0u64, 0u64);
    while start.elapsed() < measured {
        // Twenty groups, a millisecond apart, as phones that started at any time.
        for group in 0..20u32 {
            let due = Duration::from_millis(u64::from(round * 20 + group));
            for index in (group as usize..phones.len()).step_by(20) {
                sent_at[index] = Instant::now();
                phones[index].send(round)?;
                sent += 1;
            }
            // Listen until the next group is due; polling leaves the other core to the engine.
            loop {
                for index in (group as usize..phones.len()).step_by(20) {
                    let talker = index ^ 1;
                    while phones[index].socket.recv(&mut [0; 256]).is_ok() {
                        heard += 1;
                        if talker % 20 == group as usize {
                            delays_ms.push(sent_at[talker].elapsed().as_secs_f64() * 1_000.0);
                        }
                    }
                    let other = talker;
                    while phones[other].socket.recv(&mut [0; 256]).is_ok() {
                        heard += 1;
                        delays_ms.push(sent_at[index].elapsed().as_secs_f64() * 1_000.0);
                    }
                }
                if start.elapsed() >= due + Duration::from_millis(1) {
                    break;
                }
                std::thread::sleep(Duration::from_micros(100));
            }
        }
        round += 1;
    }
    let used = (engine_cpu()? - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    let stats = engine.stats();
    let forwarded = stats.packets_sent - before.packets_sent;
    println!(
        "bridged   {bridges} calls, {:.0} packets/s each way",
        forwarded as f64 / start.elapsed().as_secs_f64()
    );
    println!(
        "  CPU     {:.2} % of a core per 100",
        used * 10_000.0 / f64::from(bridges)
    );
    percentiles("  delay", &mut delays_ms);
    println!(
        "  sent {sent}, heard {heard}, dropped {}, failed {}",
        stats.packets_dropped, stats.sends_failed
    );
    let memory = memory_kb()?.saturating_sub(before_kb);
    println!("  memory  {memory} kB more than at the start, phones of this program included");
    Ok(())
}

struct Phone {
    socket: UdpSocket,
    ssrc: u32,
}

impl Phone {
    fn send(&self, round: u32) -> Outcome<()> {
        let mut bytes = [0xD5; HEADER_BYTES + 160];
        let header = Header {
            marker: false,
            payload_type: 8,
            sequence: round as u16,
            timestamp: round.wrapping_mul(160),
            ssrc: self.ssrc,
        };
        header.write(
            bytes
                .first_chunk_mut()
                .ok_or("a packet is longer than its header")?,
        );
        self.socket.send(&bytes)?;
        Ok(())
    }
}

fn open(engine: &MediaEngine, call: u32, slot: u32) -> Outcome<Phone> {
    let plan = StreamPlan {
        ssrc: slot,
        first_sequence: 1,
        first_timestamp: 1,
    };
    let address = engine.open(&Session {
        leg: leg(slot),
        call: call_id(call),
        plan,
    })?;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    let rtp: SocketAddr = socket.local_addr()?;
    let remote = Remote {
        rtp,
        codec: Codec::Pcma,
        payload_type: 8,
        event_payload_type: Some(101),
        direction: Direction::SendRecv,
    };
    command(engine, call, slot, Command::SetRemote(remote))?;
    Ok(Phone { socket, ssrc: slot })
}

fn command(engine: &MediaEngine, call: u32, slot: u32, command: Command) -> Outcome<()> {
    Ok(engine.command(call_id(call), leg(slot), command)?)
}

fn leg(slot: u32) -> LegId {
    LegId {
        shard: ShardId(0),
        slot,
        generation: 0,
    }
}

fn call_id(slot: u32) -> CallId {
    CallId {
        shard: ShardId(0),
        slot,
        generation: 0,
    }
}

/// Sockets in the floor's loops.
const FLOOR_SOCKETS: usize = 200;

/// CPU per packet of a loop that does nothing but send, ten each millisecond.
fn floor_of_sending(measured: Duration) -> Outcome<f64> {
    let phones: Vec<UdpSocket> = bind_all()?;
    let sockets: Vec<UdpSocket> = bind_all()?;
    let to: Vec<SocketAddr> = phones
        .iter()
        .map(UdpSocket::local_addr)
        .collect::<Result<_, _>>()?;
    paced_floor(measured, move |index| {
        let _ = sockets[index].send_to(&[0; 172], to[index]);
    })
    .inspect(|_| drop(phones))
}

/// CPU per packet of a loop that does nothing but receive and send on.
fn floor_of_relaying(measured: Duration) -> Outcome<f64> {
    let phones: Vec<UdpSocket> = bind_all()?;
    let sockets: Vec<UdpSocket> = bind_all()?;
    for (phone, socket) in phones.iter().zip(&sockets) {
        phone.connect(socket.local_addr()?)?;
        socket.connect(phone.local_addr()?)?;
    }
    let feed: Vec<UdpSocket> = phones
        .iter()
        .map(UdpSocket::try_clone)
        .collect::<Result<_, _>>()?;
    let feeder = std::thread::spawn(move || {
        let start = Instant::now();
        let mut slot = 0usize;
        while start.elapsed() < measured + Duration::from_millis(100) {
            for index in (slot % 20..feed.len()).step_by(20) {
                let _ = feed[index].send(&[0; 172]);
                while feed[index].recv(&mut [0; 256]).is_ok() {}
            }
            slot += 1;
            sleep_to(start, slot);
        }
    });
    let mut bytes = [0; 2_048];
    let result = paced_floor(measured, move |index| {
        if let Ok((length, _)) = sockets[index].recv_from(&mut bytes) {
            let _ = sockets[index ^ 1].send(&bytes[..length]);
        }
    });
    feeder.join().map_err(|_| "the floor's feeder panicked")?;
    result
}

fn paced_floor(measured: Duration, mut packet: impl FnMut(usize) + Send + 'static) -> Outcome<f64> {
    let thread = std::thread::Builder::new()
        .name("floor".to_owned())
        .spawn(move || {
            let start = Instant::now();
            let mut slot = 0usize;
            while start.elapsed() < measured {
                for index in (slot % 20..FLOOR_SOCKETS).step_by(20) {
                    packet(index);
                }
                slot += 1;
                sleep_to(start, slot);
            }
            let own = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
            let nanos: f64 = own
                .split_whitespace()
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or(f64::NAN);
            nanos / 1_000.0 / (slot * FLOOR_SOCKETS / 20) as f64
        })?;
    Ok(thread.join().map_err(|_| "the floor's loop panicked")?)
}

fn sleep_to(start: Instant, slot: usize) {
    let due = start + Duration::from_millis(slot as u64);
    std::thread::sleep(due.saturating_duration_since(Instant::now()));
}

fn bind_all() -> Outcome<Vec<UdpSocket>> {
    (0..FLOOR_SOCKETS)
        .map(|_| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })
        .collect()
}

/// CPU time that the media threads have used, from the kernel's account of them.
fn engine_cpu() -> Outcome<Duration> {
    let mut used = Duration::ZERO;
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.starts_with("kolapp-media") {
            let account = std::fs::read_to_string(task.join("schedstat"))?;
            let nanos = account
                .split_whitespace()
                .next()
                .ok_or("schedstat is empty")?;
            used += Duration::from_nanos(nanos.parse()?);
        }
    }
    Ok(used)
}

fn memory_kb() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no number")?.parse()?)
}

fn percentiles(what: &str, values: &mut [f64]) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| {
        values
            .get((values.len() as f64 * share) as usize)
            .copied()
            .unwrap_or(f64::NAN)
    };
    println!(
        "{what} p50 {:.3} ms, p95 {:.3}, p99 {:.3}, p99.9 {:.3} ({} packets)",
        at(0.5),
        at(0.95),
        at(0.99),
        at(0.999),
        values.len()
    );
}
