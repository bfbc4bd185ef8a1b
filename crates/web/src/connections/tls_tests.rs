//! Connections by TLS: the same bounds, a handshake that has its time, and certificates that are changed under way.

use super::*;
use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longest that anything may take here.
const SOON: Duration = Duration::from_secs(20);

const LONG: Bounds = Bounds {
    in_all: 32,
    per_source: 16,
    handshake: SOON,
    idle: SOON,
    request: SOON,
    stalled: SOON,
};

/// A certificate of its own: as a server shows it, and whoever believes it.
fn made() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    server.alpn_protocols = vec![crate::PROTOCOL.to_owned()];
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

async fn serve(https: Https, bounds: Bounds) -> (SocketAddr, JoinHandle<io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let says = |ConnectInfo(peer): ConnectInfo<Peer>| async move { format!("{:?}", peer.carried) };
    let router = Router::new().route("/", get(says));
    let server = Listener::bounded(listener, https, bounds).serve(router);
    (address, tokio::spawn(server))
}

async fn connect(
    address: SocketAddr,
    client: &Arc<ClientConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(client.clone());
    timeout(SOON / 2, connector.connect(name, stream)).await?
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<String> {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await?;
    let mut answer = vec![0; 4_096];
    let read = timeout(SOON / 2, stream.read(&mut answer)).await??;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}

#[tokio::test]
async fn with_a_certificate_https_is_spoken_and_browsers_are_told_to_stay_with_it() {
    let (server, client) = made();
    let https = Https::default();
    https.show(Some(server));
    let (address, task) = serve(https, LONG).await;
    let mut offers = ClientConfig::clone(&client);
    offers.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut stream = connect(address, &Arc::new(offers)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(crate::PROTOCOL));
    let answer = ask(&mut stream).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("ByTls"), "{answer}");
    assert!(
        answer.contains("strict-transport-security: max-age=31536000\r\n"),
        "{answer}"
    );
    // Whoever speaks plainly there hears nothing that is HTTP.
    let mut plain = TcpStream::connect(address).await.unwrap();
    let answer = ask(&mut plain).await.unwrap_or_default();
    assert!(!answer.contains("HTTP/1.1"), "{answer}");
    task.abort();
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_those_that_are_up_go_on() {
    let ((first, believes_first), (second, believes_second)) = (made(), made());
    let https = Https::default();
    let (address, task) = serve(https.clone(), LONG).await;
    let mut plain = TcpStream::connect(address).await.unwrap();
    let answer = ask(&mut plain).await.unwrap();
    assert!(answer.ends_with("Plainly") && !answer.contains("strict-transport"));
    https.show(Some(first));
    let mut early = connect(address, &believes_first).await.unwrap();
    assert!(ask(&mut early).await.unwrap().ends_with("ByTls"));
    https.show(Some(second));
    assert!(connect(address, &believes_first).await.is_err());
    let mut late = connect(address, &believes_second).await.unwrap();
    for stream in [&mut early, &mut late] {
        assert!(ask(stream).await.unwrap().ends_with("ByTls"));
    }
    assert!(ask(&mut plain).await.unwrap().ends_with("Plainly"));
    task.abort();
}

#[tokio::test]
async fn whoever_begins_no_handshake_keeps_nobody_out_and_ends_in_its_time() {
    let (server, client) = made();
    let https = Https::default();
    https.show(Some(server));
    let bounds = Bounds {
        handshake: Duration::from_millis(300),
        ..LONG
    };
    let (address, task) = serve(https, bounds).await;
    let mut silent = Vec::new();
    for _ in 0..3 * LONG.in_all {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut one = connect(address, &client).await.unwrap();
    assert!(ask(&mut one).await.unwrap().ends_with("ByTls"));
    let mut nothing = [0; 16];
    for stream in &mut silent {
        let read = timeout(SOON / 2, stream.read(&mut nothing)).await;
        assert!(matches!(read, Ok(Ok(0) | Err(_))), "it is still there");
    }
    // Whose handshake is done has the time of a request.
    assert!(ask(&mut one).await.unwrap().ends_with("ByTls"));
    task.abort();
}
