//! UDP sockets: each listening address has one for each task, and the kernel spreads peers over them, so
//! that a datagram wakes one task.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// Receive buffer asked for. A burst of 4,000 INVITEs fits in; the kernel may grant less.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "can't listen for SIP on {address}/UDP: {error}; is another server using it, and is the address this machine's?"
)]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub error: io::Error,
}

/// Bound sockets, for [`crate::start`].
#[derive(Debug)]
pub struct Sockets {
    /// One group for each listening address, each with one socket a task.
    pub(crate) groups: Vec<Vec<std::net::UdpSocket>>,
    addresses: Vec<SocketAddr>,
}

impl Sockets {
    /// Binds every listening address for that many tasks.
    pub fn bind(listeners: &[SocketAddr], tasks: usize) -> Result<Sockets, BindError> {
        let mut sockets = Sockets {
            groups: Vec::new(),
            addresses: Vec::new(),
        };
        for &address in listeners {
            let refused = |error| BindError { address, error };
            let group = bind_group(address, tasks.max(1)).map_err(refused)?;
            let bound = group[0].local_addr().map_err(refused)?;
            sockets.addresses.push(bound);
            sockets.groups.push(group);
        }
        Ok(sockets)
    }

    /// What is listened on, with the port that the system chose where none was named.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }
}

fn bind_group(address: SocketAddr, sockets: usize) -> io::Result<Vec<std::net::UdpSocket>> {
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

fn bind(address: SocketAddr, sharing: Sharing) -> io::Result<std::net::UdpSocket> {
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
    socket.set_nonblocking(true)?;
    // Less than asked for is no error: bursts are then dropped sooner.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_another_server_has_is_refused_also_where_tasks_share_it() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        for tasks in [1, 2] {
            let first = Sockets::bind(&[any], tasks).unwrap();
            let taken = first.addresses()[0];
            assert_eq!(first.groups[0].len(), tasks);
            for others in [1, 2] {
                let error = Sockets::bind(&[taken], others).unwrap_err();
                assert_eq!(error.address, taken);
            }
        }
    }
}
