//! The beginning of a connection: what both sides do until they speak SIP, each within its time.

use super::carrier::{Carrier, Ended};
use super::pinging::Pinging;
use super::tls::{self, Tls};
use super::wire::{ByteWire, Wire};
use super::{Connection, Connections, listener, websocket};
use bytes::Bytes;
use rustls::pki_types::ServerName;
use sip_core::{Flow, Transport};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// How long a peer has to take a connection of ours, and for TLS over it. Shorter than a device has to answer
/// an INVITE (`DEVICE_SILENCE_MAX` of `call`), so that whoever waits is told why.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// How long a peer that has connected may take for TLS and for the upgrade to WebSocket: four round trips,
/// two of them lost.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// Where a connection of ours goes.
pub(super) enum To {
    Tcp,
    /// Whoever shows that name's certificate.
    Tls(ServerName<'static>),
}

impl To {
    /// For a message. None where no connection can be opened: clients of WebSocket have no place of their
    /// own (RFC 7118 §5).
    pub(super) fn for_message(
        flow: &Flow,
        message: &Bytes,
        expected: Option<ServerName<'static>>,
    ) -> Option<To> {
        match flow.transport {
            Transport::Tcp => Some(To::Tcp),
            Transport::Tls => {
                let named = || tls::name_of_peer(message, flow.remote.ip());
                Some(To::Tls(expected.unwrap_or_else(named)))
            }
            Transport::Udp | Transport::Ws | Transport::Wss => None,
        }
    }
}

impl Connections {
    /// A connection that a peer opened, to its end.
    pub(super) async fn carry_accepted(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        stream: TcpStream,
    ) -> Ended {
        if let Err(error) = listener::prepare(&stream) {
            return Ended::Failed(error);
        }
        let tls = &self.parts.tls;
        let carried = match connection.flow.transport {
            Transport::Udp | Transport::Tcp => {
                return self.carry(connection, ByteWire::new(stream)).await;
            }
            Transport::Tls => match within(accept_tls(tls, stream)).await {
                Ok(stream) => Ok(self.carry(connection, ByteWire::new(stream)).await),
                Err(error) => Err(error),
            },
            Transport::Ws => match within(websocket::accept(stream)).await {
                Ok(wire) => Ok(self.carry(connection, wire).await),
                Err(error) => Err(error),
            },
            Transport::Wss => {
                let both = async { websocket::accept(accept_tls(tls, stream).await?).await };
                match within(both).await {
                    Ok(wire) => Ok(self.carry(connection, wire).await),
                    Err(error) => Err(error),
                }
            }
        };
        carried.unwrap_or_else(Ended::Handshake)
    }

    /// A connection of ours, to its end.
    pub(super) async fn carry_opened(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        to: To,
    ) -> Ended {
        let flow = &connection.flow;
        match to {
            To::Tcp => match timeout(CONNECT_MAX, connect(flow)).await {
                Ok(Ok(stream)) => self.carry_pinging(connection, ByteWire::new(stream)).await,
                Ok(Err(error)) => Ended::NotConnected(error),
                Err(_) => Ended::NotConnected(io::ErrorKind::TimedOut.into()),
            },
            To::Tls(name) => {
                let both = connect_tls(&self.parts.tls, name, connect(flow));
                match timeout(CONNECT_MAX, both).await {
                    Ok(Ok(stream)) => self.carry_pinging(connection, ByteWire::new(stream)).await,
                    Ok(Err(error)) => Ended::NotConnected(error),
                    Err(_) => Ended::NotConnected(io::ErrorKind::TimedOut.into()),
                }
            }
        }
    }

    async fn carry_pinging(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        wire: impl Wire,
    ) -> Ended {
        let spread = connection.flow.connection;
        let pinging = Pinging::new(Instant::now(), self.ping_every, spread);
        let carrier = Carrier::new(self.clone(), connection.clone(), wire);
        carrier.pinging(pinging).run().await
    }

    async fn carry(self: &Arc<Self>, connection: &Arc<Connection>, wire: impl Wire) -> Ended {
        let carrier = Carrier::new(self.clone(), connection.clone(), wire);
        carrier.run().await
    }
}

async fn within<T>(handshake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(HANDSHAKE_MAX, handshake).await {
        Ok(shaken) => shaken,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn accept_tls(tls: &Tls, stream: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
    let identity = tls.identity()?;
    TlsAcceptor::from(identity.server).accept(stream).await
}

async fn connect_tls(
    tls: &Tls,
    name: ServerName<'static>,
    connecting: impl Future<Output = io::Result<TcpStream>>,
) -> io::Result<client::TlsStream<TcpStream>> {
    let identity = tls.identity()?;
    let stream = connecting.await?;
    TlsConnector::from(identity.client)
        .connect(name, stream)
        .await
}

/// Connects, from the address that the peer is told.
async fn connect(flow: &Flow) -> io::Result<TcpStream> {
    let socket = match flow.remote {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.bind(SocketAddr::new(flow.local.ip(), 0))?;
    let stream = socket.connect(flow.remote).await?;
    listener::prepare(&stream)?;
    Ok(stream)
}
