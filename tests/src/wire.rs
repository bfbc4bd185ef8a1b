//! How a phone's messages are carried: datagrams, or one connection to the server.

use crate::certificates::Issued;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tungstenite::{ClientRequestBuilder, Message, WebSocket};

/// Longest wait for a step of a handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// A transport of SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// A connection that others can't read.
    Tls,
    /// A browser's connection.
    Ws,
    /// A browser's connection that others can't read.
    Wss,
}

impl Transport {
    /// As a Via names it.
    pub fn token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// What a URI says that is to be reached by it.
    pub fn uri_param(self) -> &'static str {
        match self {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            Transport::Tls => ";transport=tls",
            Transport::Ws | Transport::Wss => ";transport=ws",
        }
    }

    /// How far its port lies above the server's port for UDP.
    pub fn port_offset(self) -> u16 {
        match self {
            Transport::Udp | Transport::Tcp => 0,
            Transport::Tls => 1,
            Transport::Ws => 2,
            Transport::Wss => 3,
        }
    }

    /// Whether nothing is sent twice over it.
    pub fn is_reliable(self) -> bool {
        self != Transport::Udp
    }
}

pub(crate) trait Duplex: Read + Write + Send {}
impl<T: Read + Write + Send> Duplex for T {}

/// One end of the way to the server.
pub struct Wire {
    local: SocketAddr,
    kind: Kind,
}

enum Kind {
    Udp(UdpSocket, SocketAddr),
    /// The descriptor is waited for apart from the lock that reading and writing take.
    Stream(OwnedFd, Mutex<End>),
}

struct End {
    stream: Box<dyn Duplex>,
    unread: Vec<u8>,
    is_open: bool,
}

impl Wire {
    /// From an address of ours to a server; `trusted` is the certificate of whom we believe, in PEM.
    ///
    /// # Panics
    /// When the server does not take the connection.
    pub fn new(
        transport: Transport,
        ip: IpAddr,
        server: SocketAddr,
        trusted: Option<&str>,
    ) -> Wire {
        Wire::try_new(transport, ip, server, trusted).expect("a connection to the server")
    }

    /// The same, if the server takes it.
    pub fn try_new(
        transport: Transport,
        ip: IpAddr,
        server: SocketAddr,
        trusted: Option<&str>,
    ) -> io::Result<Wire> {
        match transport {
            Transport::Udp => {
                let socket = UdpSocket::bind((ip, 0)).expect("a free port");
                socket
                    .set_read_timeout(Some(Duration::from_millis(50)))
                    .unwrap();
                Ok(Wire {
                    local: socket.local_addr().unwrap(),
                    kind: Kind::Udp(socket, server),
                })
            }
            _ => {
                let tcp = connect(ip, server)?;
                tcp.set_read_timeout(Some(HANDSHAKE_LIMIT))?;
                let local = tcp.local_addr()?;
                let kept = tcp.try_clone()?;
                let stream: Box<dyn Duplex> = match transport {
                    Transport::Udp | Transport::Tcp => Box::new(tcp),
                    Transport::Tls => Box::new(tls(tcp, server.ip(), trusted)?),
                    Transport::Ws => Box::new(Framed::upgrade(tcp, server)?),
                    Transport::Wss => {
                        Box::new(Framed::upgrade(tls(tcp, server.ip(), trusted)?, server)?)
                    }
                };
                Wire::over(stream, local, &kept)
            }
        }
    }

    /// A connection that the server made; by TLS if there is a certificate to show it.
    pub fn accepted(mut tcp: TcpStream, shows: Option<&Issued>) -> io::Result<Wire> {
        tcp.set_read_timeout(Some(HANDSHAKE_LIMIT))?;
        let (local, kept) = (tcp.local_addr()?, tcp.try_clone()?);
        let stream: Box<dyn Duplex> = match shows {
            None => Box::new(tcp),
            Some(issued) => {
                let config = Arc::new(server_config(issued));
                let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
                while connection.is_handshaking() {
                    connection.complete_io(&mut tcp)?;
                }
                Box::new(StreamOwned::new(connection, tcp))
            }
        };
        Wire::over(stream, local, &kept)
    }

    fn over(stream: Box<dyn Duplex>, local: SocketAddr, kept: &TcpStream) -> io::Result<Wire> {
        kept.set_nonblocking(true)?;
        let end = End {
            stream,
            unread: Vec::new(),
            is_open: true,
        };
        Ok(Wire {
            local,
            kind: Kind::Stream(kept.as_fd().try_clone_to_owned()?, Mutex::new(end)),
        })
    }

    /// Own address.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Sends one message.
    pub fn send(&self, message: &[u8]) {
        match &self.kind {
            Kind::Udp(socket, server) => {
                let _ = socket.send_to(message, server);
            }
            Kind::Stream(_, end) => {
                let mut end = end.lock().unwrap();
                let mut left = message;
                while !left.is_empty() {
                    match end.stream.write(left) {
                        Ok(sent) => left = &left[sent..],
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            std::thread::sleep(Duration::from_millis(1));
                        }
                        Err(_) => return,
                    }
                }
                let _ = end.stream.flush();
            }
        }
    }

    /// The next message, if one comes within a twentieth of a second.
    pub fn receive(&self) -> Option<Vec<u8>> {
        match &self.kind {
            Kind::Udp(socket, _) => {
                let mut buffer = vec![0; 65_536];
                let length = socket.recv(&mut buffer).ok()?;
                buffer.truncate(length);
                Some(buffer)
            }
            Kind::Stream(descriptor, end) => {
                if let Some(message) = end.lock().unwrap().next() {
                    return Some(message);
                }
                let mut wanted = [PollFd::new(descriptor, PollFlags::IN)];
                let limit = Timespec {
                    tv_sec: 0,
                    tv_nsec: 50_000_000,
                };
                let _ = poll(&mut wanted, Some(&limit));
                let mut end = end.lock().unwrap();
                end.read();
                end.next()
            }
        }
    }

    /// Whether the server has not closed the connection.
    pub fn is_open(&self) -> bool {
        match &self.kind {
            Kind::Udp(..) => true,
            Kind::Stream(_, end) => end.lock().unwrap().is_open,
        }
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "wire from {}", self.local)
    }
}

impl End {
    fn read(&mut self) {
        let mut buffer = [0; 16_384];
        while self.is_open {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.is_open = false,
                Ok(length) => self.unread.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.is_open = false,
            }
        }
    }

    /// Cuts a message off what has come (RFC 3261 §18.3).
    fn next(&mut self) -> Option<Vec<u8>> {
        while self.unread.starts_with(b"\r\n") {
            self.unread.drain(..2);
        }
        let head = self.unread.windows(4).position(|at| at == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&self.unread[..head]).to_ascii_lowercase();
        let body = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .expect("a Content-Length on a stream (RFC 3261 §20.14)");
        let whole = head + body.trim().parse::<usize>().expect("a length");
        (self.unread.len() >= whole).then(|| self.unread.drain(..whole).collect())
    }
}

/// TLS with a server whose certificate names its address.
pub(crate) fn tls(
    mut tcp: TcpStream,
    server: IpAddr,
    trusted: Option<&str>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = trusted {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
        roots.add(certificate).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has suites of every version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut connection =
        ClientConnection::new(Arc::new(config), server.into()).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut tcp)?;
    }
    Ok(StreamOwned::new(connection, tcp))
}

fn server_config(shows: &Issued) -> ServerConfig {
    let certificate = CertificateDer::from_pem_slice(shows.certificate.as_bytes()).expect("PEM");
    let key = PrivateKeyDer::from_pem_slice(shows.key.as_bytes()).expect("PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has suites of every version")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate and its key")
}

/// WebSocket: each message in a frame of its own.
struct Framed<S>(WebSocket<S>, Vec<u8>);

impl<S: Read + Write> Framed<S> {
    fn upgrade(stream: S, server: SocketAddr) -> io::Result<Framed<S>> {
        let uri = format!("ws://{server}/").parse().expect("a URI");
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("sip");
        let upgraded = tungstenite::client(request, stream);
        let (socket, response) = upgraded.map_err(|error| io::Error::other(error.to_string()))?;
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "sip");
        Ok(Framed(socket, Vec::new()))
    }
}

impl<S: Read + Write> Read for Framed<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.1.is_empty() {
            match self.0.read() {
                Ok(Message::Text(text)) => self.1 = text.as_bytes().to_vec(),
                Ok(Message::Binary(bytes)) => self.1 = bytes.to_vec(),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) => return Err(error),
                Err(_) => return Ok(0),
            }
        }
        let length = self.1.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.1[..length]);
        self.1.drain(..length);
        Ok(length)
    }
}

impl<S: Read + Write> Write for Framed<S> {
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8(message.to_vec()).expect("SIP in UTF-8");
        match self.0.send(Message::text(text)) {
            Ok(()) => Ok(message.len()),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection from an address of ours.
pub fn connect(ip: IpAddr, server: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(server),
        socket2::Type::STREAM,
        None,
    )?;
    socket.bind(&SocketAddr::new(ip, 0).into())?;
    socket.connect(&server.into())?;
    Ok(socket.into())
}
