//! UDP sockets: each listening address has one for each task, and the kernel spreads peers over them, so
//! that a datagram wakes one task.

use crate::unreachable;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Receive buffer asked for. A burst of 4,000 INVITEs fits in; the kernel may grant less.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// One socket for each task, all on one address.
pub(crate) fn bind_group(address: SocketAddr, sockets: usize) -> io::Result<Vec<UdpSocket>> {
    let first = bind(address, Sharing::Alone)?;
    if sockets == 1 {
        return Ok(vec![first]);
    }
    // A port shared by SO_REUSEPORT could be joined by a second server without either noticing, so it is
    // first taken alone: that fails if anybody has it.
    let bound = first.local_addr()?;
    drop(first);
    (0..sockets)
        .map(|_| bind(bound, Sharing::WithOwnTasks))
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Sharing {
    Alone,
    WithOwnTasks,
}

fn bind(address: SocketAddr, sharing: Sharing) -> io::Result<UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        // IPv4 peers belong to an IPv4 listener, in whose form their addresses are written.
        socket.set_only_v6(true)?;
    }
    if sharing == Sharing::WithOwnTasks {
        socket.set_reuse_port(true)?;
    }
    unreachable::keep(&socket, address)?;
    socket.set_nonblocking(true)?;
    // Less than asked for is no error: bursts are then dropped sooner.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// A socket that tells the runtime when something comes. To be told of room too, as tokio's own sockets are, would
/// wake the task once more after each datagram sent: the kernel tells of room whenever one has gone.
pub(crate) fn watched(socket: UdpSocket) -> io::Result<AsyncFd<UdpSocket>> {
    #[expect(
        deprecated,
        reason = "unsound for what changes its descriptor meanwhile, which a socket does not"
    )]
    AsyncFd::with_interest(socket, Interest::READABLE)
}
