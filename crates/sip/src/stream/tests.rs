//! Connections over loopback, seen from the shards' side: what comes in, what goes out, and what is told of what
//! could not.

use super::*;
use crate::mailbox::{Inbox, mailboxes};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sip_core::Message;
use sip_core::registrar::{Beyond, Rules};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

const SOON: Duration = Duration::from_secs(10);
const SHARD: ShardId = ShardId(5);

/// Connections and what they hand to the one task there is.
struct World {
    connections: Arc<Connections>,
    inbox: Inbox,
    listener: SocketAddr,
    _acd: mpsc::Receiver<ToAcd>,
}

fn world(transport: Transport, tls: Tls) -> World {
    world_pinging(transport, tls, PING_EVERY)
}

fn world_pinging(transport: Transport, tls: Tls, ping_every: Duration) -> World {
    let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.local_addr().unwrap();
    let (mailboxes, mut inboxes) = mailboxes(1, 10);
    let (acd, asked) = mpsc::channel(10);
    let hour = Duration::from_secs(3_600);
    let parts = StreamParts {
        mailboxes,
        registrations: Arc::new(Registrations::new(Rules {
            expires_min: hour,
            expires_max: hour,
            expires_default: hour,
            contacts_max: 1,
            beyond: Beyond::ReplaceOldest,
        })),
        acd,
        tls,
    };
    let limits = ConnectionLimits {
        in_all: 100,
        per_source: 10,
    };
    World {
        connections: Connections::start_pinging(
            vec![(transport, socket)],
            limits,
            parts,
            ping_every,
        )
        .unwrap(),
        inbox: inboxes.tasks.remove(0),
        listener,
        _acd: asked,
    }
}

impl World {
    fn flow(&self, transport: Transport, remote: SocketAddr) -> Flow {
        Flow {
            transport,
            local: self.listener,
            remote,
            connection: 0,
        }
    }

    async fn told_of_failure(&mut self) -> Flow {
        match timeout(SOON, self.inbox.inputs.recv()).await.unwrap() {
            Some(ShardInput::TransportFailed { shard, flow }) => {
                assert_eq!(shard, SHARD);
                flow
            }
            other => panic!("{other:?}"),
        }
    }
}

fn options(host: &str, filling: usize) -> Bytes {
    let filling = "x".repeat(filling);
    format!(
        "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n\
         From: <sip:a@b.se>;tag=1\r\nTo: <sip:c.se>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: {}\r\n\r\n{filling}",
        filling.len()
    )
    .into()
}

#[tokio::test]
async fn what_a_peer_sends_comes_with_the_listeners_address_and_is_answered_on_its_connection() {
    let mut world = world(Transport::Tcp, Tls::default());
    let mut peer = TcpStream::connect(world.listener).await.unwrap();
    peer.write_all(&options("c.se", 0)).await.unwrap();
    let came = timeout(SOON, world.inbox.streamed.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(came.message, Message::Request(_)));
    assert_eq!(came.flow.local, world.listener);
    assert_eq!(came.flow.remote, peer.local_addr().unwrap());
    assert_ne!(came.flow.connection, 0);
    let any = Flow {
        connection: 0,
        ..came.flow
    };
    for flow in [came.flow, any] {
        let sent = world.connections.send(None, &flow, "answer".into());
        assert_eq!(sent, Ok(()));
        let mut answer = [0; 6];
        timeout(SOON, peer.read_exact(&mut answer))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&answer, b"answer");
    }
    drop(peer);
    while world.connections.is_live(came.flow.connection) {
        tokio::task::yield_now().await;
    }
    let late = world.connections.send(None, &came.flow, "late".into());
    assert_eq!(late, Err(Undelivered));
}

#[tokio::test]
async fn an_answer_whose_connection_has_ended_opens_one_to_where_its_via_says_if_its_source_has_room()
 {
    let mut world = world(Transport::Tcp, Tls::default());
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = peer.local_addr().unwrap();
    let mut gone = TcpStream::connect(world.listener).await.unwrap();
    gone.write_all(&options("c.se", 0)).await.unwrap();
    let came = world.inbox.streamed.recv().await.unwrap();
    let answer = |status: &str, port: u16| -> Bytes {
        let via = format!("SIP/2.0/TCP pc.example.com:{port};branch=z9hG4bK1");
        format!(
            "SIP/2.0 {status}\r\nVia: {via}\r\nFrom: <sip:a@b.se>;tag=1\r\nTo: <sip:c.se>;tag=2\r\n\
             Call-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
        .into()
    };
    let ok = answer("200 OK", at.port());
    let while_live = world.connections.answer_anew(&came.flow, ok.clone());
    assert_eq!(while_live, Err(Undelivered));
    drop(gone);
    while world.connections.is_live(came.flow.connection) {
        tokio::task::yield_now().await;
    }
    let trying = answer("100 Trying", at.port());
    assert_eq!(
        world.connections.answer_anew(&came.flow, trying),
        Err(Undelivered)
    );
    for _ in 0..2 {
        let sent = world.connections.answer_anew(&came.flow, ok.clone());
        assert_eq!(sent, Ok(()));
    }
    let (mut stream, _) = timeout(SOON, peer.accept()).await.unwrap().unwrap();
    let mut read = vec![0; 2 * ok.len()];
    timeout(SOON, stream.read_exact(&mut read))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read, [&ok[..], &ok[..]].concat(), "both over one");
    // A source that names ever other ports gets no more than its share.
    let mut held = Vec::new();
    let opened = (0..20).filter(|_| {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        held.push(other);
        let sent = world
            .connections
            .answer_anew(&came.flow, answer("200 OK", port));
        sent.is_ok()
    });
    assert_eq!(opened.count(), 9);
}

#[tokio::test]
async fn whoever_says_that_he_is_where_we_listen_gets_no_connection() {
    let mut world = world(Transport::Tcp, Tls::default());
    let flow = world.flow(Transport::Tcp, world.listener);
    let sent = world
        .connections
        .send(Some(SHARD), &flow, options("c.se", 0));
    assert_eq!(sent, Err(Undelivered));
    // Another port of the same machine is another party.
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = world.flow(Transport::Tcp, peer.local_addr().unwrap());
    let sent = world
        .connections
        .send(Some(SHARD), &flow, options("c.se", 0));
    assert_eq!(sent, Ok(()));
    timeout(SOON, peer.accept()).await.unwrap().unwrap();
    drop(peer);
    world.told_of_failure().await;
}

#[tokio::test]
async fn the_shard_that_asked_is_told_when_nobody_takes_the_connection_or_it_ends() {
    let mut world = world(Transport::Tcp, Tls::default());
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = world.flow(Transport::Tcp, peer.local_addr().unwrap());
    let sent = world
        .connections
        .send(Some(SHARD), &flow, options("c.se", 0));
    assert_eq!(sent, Ok(()));
    let (stream, _) = timeout(SOON, peer.accept()).await.unwrap().unwrap();
    drop((stream, peer));
    let lost = world.told_of_failure().await;
    assert!(flow.is_lost_with(&lost));
    let sent = world
        .connections
        .send(Some(SHARD), &flow, options("c.se", 0));
    assert_eq!(sent, Ok(()), "it is tried anew, and nobody is there");
    assert!(flow.is_lost_with(&world.told_of_failure().await));
    let by_tls = world.flow(Transport::Tls, flow.remote);
    let sent = world
        .connections
        .send(Some(SHARD), &by_tls, options("c.se", 0));
    assert_eq!(sent, Err(Undelivered), "nobody is listened to by TLS");
}

#[tokio::test]
async fn whoever_fills_the_connections_to_a_trunks_host_keeps_no_trunk_down() {
    let world = world(Transport::Tcp, Tls::default());
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = world.flow(Transport::Tcp, peer.local_addr().unwrap());
    // The door of this world has room for more than a host's share.
    let held: Vec<_> =
        std::iter::from_fn(|| world.connections.door.leave(flow.remote.ip()).ok()).collect();
    assert!(held.len() >= 64, "{}", held.len());
    let send = || {
        let request = options("trunk.example.se", 0);
        world.connections.send(Some(SHARD), &flow, request)
    };
    assert_eq!(send(), Err(Undelivered));
    world.connections.know_trunk(Transport::Tcp, flow.remote);
    assert_eq!(send(), Ok(()));
    timeout(SOON, peer.accept()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_read_loses_its_connection_and_holds_up_nobody() {
    let mut world = world(Transport::Tcp, Tls::default());
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = world.flow(Transport::Tcp, peer.local_addr().unwrap());
    let message = options("c.se", 60_000);
    world
        .connections
        .send(Some(SHARD), &flow, message.clone())
        .unwrap();
    let (_stream, _) = timeout(SOON, peer.accept()).await.unwrap().unwrap();
    let mut sent = 0;
    while world
        .connections
        .send(Some(SHARD), &flow, message.clone())
        .is_ok()
    {
        sent += message.len();
        assert!(
            sent < 64 << 20,
            "no end to what is taken for a peer that does not read"
        );
        tokio::task::yield_now().await;
    }
    assert!(flow.is_lost_with(&world.told_of_failure().await));
}

/// Certificates of an authority that is believed, or of one that is not.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    fn issue(&self, name: &str, last_year: i32) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn acceptor((certificate, key): (String, String)) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain.map(Result::unwrap).collect(),
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn identity(believed: &Authority) -> Tls {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (certificate, key) = believed.issue("sip.example.com", 2100);
    for (name, text) in [
        ("certificate", certificate),
        ("key", key),
        ("ca", believed.pem.clone()),
    ] {
        std::fs::write(path(name), text).unwrap();
    }
    let tls = Tls::default();
    tls.replace(Some(
        TlsIdentity::read(&TlsFiles {
            certificate: path("certificate"),
            key: path("key"),
            ca: Some(path("ca")),
        })
        .unwrap(),
    ));
    tls
}

#[tokio::test]
async fn a_peer_by_tls_shows_the_certificate_of_its_name_or_gets_no_request() {
    const CALLED: &str = "trunk.example.se";
    let (believed, stranger) = (Authority::new(), Authority::new());
    let mut world = world(Transport::Tls, identity(&believed));
    for (certificate, is_good) in [
        (believed.issue(CALLED, 2100), true),
        (believed.issue("other.example.se", 2100), false),
        (believed.issue(CALLED, 2021), false),
        (stranger.issue(CALLED, 2100), false),
    ] {
        let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let flow = world.flow(Transport::Tls, peer.local_addr().unwrap());
        let request = options(CALLED, 0);
        let sent = world.connections.send(Some(SHARD), &flow, request.clone());
        assert_eq!(sent, Ok(()));
        let (stream, _) = timeout(SOON, peer.accept()).await.unwrap().unwrap();
        let mut came = vec![0; request.len()];
        if let Ok(mut stream) = acceptor(certificate).accept(stream).await {
            let read = timeout(SOON, stream.read_exact(&mut came)).await.unwrap();
            assert_eq!(read.is_ok(), is_good);
        } else {
            assert!(!is_good);
        }
        assert_eq!(came == request, is_good);
        assert!(flow.is_lost_with(&world.told_of_failure().await));
    }
}

#[tokio::test]
async fn a_peer_that_we_connected_to_is_pinged_and_given_up_once_it_answers_no_more() {
    let every = Duration::from_millis(50);
    let mut world = world_pinging(Transport::Tcp, Tls::default(), every);
    let peer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let flow = world.flow(Transport::Tcp, peer.local_addr().unwrap());
    let request = options("c.se", 0);
    let sent = world.connections.send(Some(SHARD), &flow, request.clone());
    assert_eq!(sent, Ok(()));
    let (mut stream, _) = timeout(SOON, peer.accept()).await.unwrap().unwrap();
    let mut came = vec![0; request.len()];
    stream.read_exact(&mut came).await.unwrap();
    let mut ping = [0; 4];
    // Whoever has never answered one is asked again and again.
    for answers in [false, false, true, true] {
        timeout(SOON, stream.read_exact(&mut ping))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&ping, b"\r\n\r\n");
        if answers {
            stream.write_all(b"\r\n").await.unwrap();
        }
    }
    let lost = world.told_of_failure().await;
    assert!(flow.is_lost_with(&lost));
}
