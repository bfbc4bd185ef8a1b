//! R10: how soon a new client is served while somebody holds ten thousand connections that never come to anything:
//! from one address, which has a share, and from as many addresses as it takes for all of them to be held.

use crate::{Extent, Row, millis, serve};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};
use tests::load::Spread;
use tests::phone::DOMAIN;
use tests::server::{Server, Setup};
use tests::wire::{self, Transport};

/// Connections held. The measuring program has a descriptor for each, and so has the server: both have to stay below
/// the usual limit of 20,000 on this kind of machine.
const CONNECTIONS: u32 = 10_000;
const CONNECTIONS_QUICK: u32 = 3_000;

/// Addresses that hold no more each than one may.
const SOURCES: u8 = 10;

/// New clients, one after the other.
const CLIENTS: u32 = 100;

/// A client that is not served by then is counted as failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a connection begins with and never ends: a message, and an upgrade.
const BEGUN: [(Transport, &str); 2] = [
    (
        Transport::Tcp,
        "OPTIONS sip:demo.localhost SIP/2.0\r\nVia: ",
    ),
    (Transport::Ws, "GET / HTTP/1.1\r\nHost: demo.localhost\r\n"),
];

pub(crate) fn rows(extent: Extent) -> Vec<Row> {
    let connections = extent.choose(CONNECTIONS_QUICK, CONNECTIONS);
    [("one address", 1), ("ten addresses", SOURCES)]
        .into_iter()
        .map(|(name, sources)| row(name, sources, connections))
        .collect()
}

fn row(name: &str, sources: u8, connections: u32) -> Row {
    let server = serve(Setup::demo());
    let held: Vec<TcpStream> = (0..connections)
        .filter_map(|number| begin(&server, sources, number).ok())
        .collect();
    let mut waits = Spread::default();
    for _ in 0..CLIENTS {
        if let Ok(wait) = be_served(&server) {
            waits.push(wait);
        }
    }
    let figure = format!(
        "p95 {}, longest {}, {} of {CLIENTS} failed, {} connections held, {} refused",
        millis(waits.percentile(95.0)),
        millis(waits.percentile(100.0)),
        CLIENTS as usize - waits.len(),
        server.metric("kolapp_sip_connections") as u64,
        server.metric("kolapp_sip_connections_refused_total") as u64,
    );
    drop(held);
    Row::new(
        format!("a new client beside {connections} half-open connections from {name}"),
        figure,
        "≤ 100 ms",
    )
}

/// One more connection that begins something.
fn begin(server: &Server, sources: u8, number: u32) -> io::Result<TcpStream> {
    let source = u8::try_from(number % u32::from(sources)).expect("less than ten");
    let ip = IpAddr::V4(Ipv4Addr::new(127, 0, 1, 1 + source));
    let (transport, begun) = BEGUN[number as usize / usize::from(sources) % BEGUN.len()];
    let mut stream = wire::connect(ip, server.sip_by(transport))?;
    // One that is refused already says so here or later; it has been opened all the same.
    stream.write_all(begun.as_bytes())?;
    Ok(stream)
}

/// A client that connects, asks, and has its answer.
fn be_served(server: &Server) -> io::Result<Duration> {
    let began = Instant::now();
    let mut stream = wire::connect(Ipv4Addr::LOCALHOST.into(), server.sip_by(Transport::Tcp))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let local = stream.local_addr()?;
    let request = format!(
        "OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/TCP {local};branch=z9hG4bK{port}\r\nFrom: <sip:a@b.se>;tag=1\r\n\
         To: <sip:{DOMAIN}>\r\nCall-ID: {local}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        port = local.port(),
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    match &answer {
        b"SIP/2.0 200 " => Ok(began.elapsed()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
