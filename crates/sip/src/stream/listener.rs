//! Taking connections: one task a listener, which does nothing that a peer could make it wait for.

use super::Connections;
use sip_core::Transport;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Connections that the kernel holds until they are taken. More than come in the time that the task may be
/// kept from running; the kernel's own limit (`net.core.somaxconn`) is the same.
const BACKLOG: i32 = 4_096;

/// Pause when the system has no descriptor left: those who wait stay in the kernel's backlog.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// A peer that has vanished without a word is found out after this long, and `KEEP_ALIVE_EVERY` thrice.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(20);
const KEEP_ALIVES: u32 = 3;

/// Binds a listener.
pub(crate) fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        // IPv4 peers belong to an IPv4 listener, in whose form their addresses are written.
        socket.set_only_v6(true)?;
    }
    // Connections of an earlier process that the kernel still winds up shall not keep this one from starting.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Takes connections for ever.
pub(super) async fn accept(
    connections: Arc<Connections>,
    transport: Transport,
    listener: TcpListener,
) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => connections.accepted(transport, stream, remote),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "can't take connections for a moment");
                tokio::time::sleep(EXHAUSTED_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// What every connection of ours is set to.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new()
        .with_time(KEEP_ALIVE_AFTER)
        .with_interval(KEEP_ALIVE_EVERY)
        .with_retries(KEEP_ALIVES);
    SockRef::from(stream).set_tcp_keepalive(&keep_alive)
}

/// Ends a connection that was not let in so that nothing of it is left on our side.
pub(super) fn turn_away(stream: &TcpStream) {
    // What can't be set leaves a connection in TIME_WAIT, no worse.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
