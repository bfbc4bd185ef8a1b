//! Every socket that SIP is listened for on, bound before anything is started: what can fail fails at once.

use crate::{stream, udp};
use sip_core::Transport;
use sip_core::transport::Listener;
use std::io;
use std::net::SocketAddr;

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "can't listen for SIP on {address}/{}: {error}; is another server using it, and is the address this machine's?",
    .transport.via_token()
)]
pub struct BindError {
    /// How it was to be carried.
    pub transport: Transport,
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    pub error: io::Error,
}

/// Bound sockets, for [`crate::start`].
#[derive(Debug)]
pub struct Sockets {
    /// One group for each address of UDP, each with one socket a task.
    pub(crate) groups: Vec<Vec<std::net::UdpSocket>>,
    /// Where connections are taken.
    pub(crate) streams: Vec<(Transport, std::net::TcpListener)>,
    listeners: Vec<Listener>,
}

impl Sockets {
    /// Binds every listener; those of UDP for that many tasks.
    pub fn bind(listeners: &[Listener], tasks: usize) -> Result<Sockets, BindError> {
        let mut sockets = Sockets {
            groups: Vec::new(),
            streams: Vec::new(),
            listeners: Vec::new(),
        };
        for listener in listeners {
            let address = sockets.bind_one(listener, tasks.max(1));
            let address = address.map_err(|error| BindError {
                transport: listener.transport,
                address: listener.address,
                error,
            })?;
            sockets.listeners.push(Listener {
                address,
                ..*listener
            });
        }
        Ok(sockets)
    }

    fn bind_one(&mut self, listener: &Listener, tasks: usize) -> io::Result<SocketAddr> {
        if listener.transport.is_reliable() {
            let socket = stream::bind(listener.address)?;
            let address = socket.local_addr()?;
            self.streams.push((listener.transport, socket));
            return Ok(address);
        }
        let group = udp::bind_group(listener.address, tasks)?;
        let address = group[0].local_addr()?;
        self.groups.push(group);
        Ok(address)
    }

    /// What is listened on, with the port that the system chose where none was named.
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(transport: Transport) -> Listener {
        Listener {
            transport,
            address: "127.0.0.1:0".parse().unwrap(),
        }
    }

    #[test]
    fn a_port_that_another_server_has_is_refused_also_where_tasks_share_it() {
        for transport in [Transport::Udp, Transport::Tcp] {
            for tasks in [1, 2] {
                let first = Sockets::bind(&[any(transport)], tasks).unwrap();
                let taken = first.listeners()[0];
                for others in [1, 2] {
                    let error = Sockets::bind(&[taken], others).unwrap_err();
                    assert_eq!(error.address, taken.address);
                }
            }
        }
    }

    #[test]
    fn udp_and_tcp_share_a_port() {
        let udp = Sockets::bind(&[any(Transport::Udp)], 2).unwrap();
        let tcp = Listener {
            transport: Transport::Tcp,
            ..udp.listeners()[0]
        };
        let tcp = Sockets::bind(&[tcp], 2).unwrap();
        assert_eq!(tcp.listeners()[0].address, udp.listeners()[0].address);
        assert_eq!((udp.groups[0].len(), tcp.streams.len()), (2, 1));
    }
}
