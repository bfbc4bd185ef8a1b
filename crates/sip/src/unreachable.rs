//! What the network says of datagrams that did not arrive (ICMP): the kernel keeps it beside each socket, with the
//! beginning of what was sent. Whoever waits for an answer to a request is told at once (RFC 3261 §18.4), instead of
//! after half a minute.
//!
//! Anybody can send such messages in the name of others. Only those count that quote a branch of ours, which holds 64
//! random bits: who knows it stands on the way, and could as well swallow the datagrams.

use crate::mailbox::{Mailboxes, ShardInput};
use base::ShardId;
use metrics::counter;
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use sip_core::transaction::Transactions;
use sip_core::{Flow, Transport};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// How much of a quoted datagram is looked at: its start and its Via, which our requests begin with. Routers quote
/// 500 bytes and more (RFC 1812 §4.3.2.3).
const QUOTED_BYTES: usize = 512;

/// "Host, network, port or protocol unreachable" (RFC 3261 §18.4).
const UNREACHABLE: [Errno; 4] = [
    Errno::ECONNREFUSED,
    Errno::EHOSTUNREACH,
    Errno::ENETUNREACH,
    Errno::ENOPROTOOPT,
];

/// Has the kernel keep what it hears.
pub(crate) fn keep(socket: &impl AsFd, address: SocketAddr) -> io::Result<()> {
    match address.is_ipv4() {
        true => setsockopt(socket, sockopt::Ipv4RecvErr, &true)?,
        false => setsockopt(socket, sockopt::Ipv6RecvErr, &true)?,
    }
    Ok(())
}

/// A request that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lost {
    /// Whose request.
    shard: ShardId,
    /// Where to.
    remote: SocketAddr,
}

/// Reads what the kernel keeps beside a socket, as long as that lives, and tells the shards.
pub(crate) async fn report(
    socket: Arc<AsyncFd<UdpSocket>>,
    local: SocketAddr,
    mailboxes: Mailboxes,
) {
    loop {
        let next = socket.async_io(Interest::ERROR, next);
        let lost = match next.await {
            Ok(Some(lost)) => lost,
            // Of an answer of ours, or of nobody's: nobody waits.
            Ok(None) => continue,
            Err(error) => {
                tracing::warn!(%error, "unreachable peers will be noticed by their silence only");
                return;
            }
        };
        counter!("kolapp_sip_unreachable_total").increment(1);
        let Lost { shard, remote } = lost;
        let flow = Flow {
            transport: Transport::Udp,
            local,
            remote,
            connection: 0,
        };
        let inputs = mailboxes.inputs(mailboxes.task_of(shard));
        // The task that has the shard lives as long as the process.
        let _ = inputs
            .send(ShardInput::TransportFailed { shard, flow })
            .await;
    }
}

/// The next thing that is kept, if it is of a request of ours.
fn next(socket: &UdpSocket) -> io::Result<Option<Lost>> {
    let mut quoted = [0; QUOTED_BYTES];
    let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let (length, remote, errno) = {
        let mut parts = [IoSliceMut::new(&mut quoted)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let received =
            recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
        let errno = received.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4RecvErr(error, _)
            | ControlMessageOwned::Ipv6RecvErr(error, _) => Some(error.ee_errno),
            _ => None,
        });
        (received.bytes, received.address, errno)
    };
    let is_unreachable = |errno: u32| UNREACHABLE.iter().any(|known| *known as u32 == errno);
    if !errno.is_some_and(is_unreachable) {
        return Ok(None);
    }
    let shard = shard_of(&quoted[..length.min(QUOTED_BYTES)]);
    let remote = remote.as_ref().and_then(address_of);
    Ok(shard
        .zip(remote)
        .map(|(shard, remote)| Lost { shard, remote }))
}

fn address_of(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let four = storage
        .as_sockaddr_in()
        .map(|it| SocketAddr::new(IpAddr::V4(it.ip()), it.port()));
    let six = || {
        let it = storage.as_sockaddr_in6()?;
        Some(SocketAddr::new(IpAddr::V6(it.ip()), it.port()))
    };
    four.or_else(six)
}

/// The shard that sent this, if it is the beginning of a request of ours.
fn shard_of(quoted: &[u8]) -> Option<ShardId> {
    const VIA: &[u8] = b"\r\nVia: SIP/2.0/UDP ";
    const BRANCH: &[u8] = b";branch=";
    // An answer of ours has the branch of whoever asked.
    if quoted.starts_with(b"SIP/2.0 ") {
        return None;
    }
    let via = after(quoted, VIA)?;
    let via = via.split(|byte| *byte == b'\r').next()?;
    let branch = after(via, BRANCH)?;
    let end = branch.iter().position(|byte| *byte == b';');
    let branch = std::str::from_utf8(&branch[..end.unwrap_or(branch.len())]).ok()?;
    Transactions::<()>::shard_of_branch(branch)
}

fn after<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(mark.len()).position(|it| it == mark)?;
    bytes.get(at + mark.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::mailboxes;
    use crate::udp;
    use std::time::Duration;
    use tokio::time::timeout;

    const SOON: Duration = Duration::from_secs(10);

    fn request(branch: &str) -> String {
        format!(
            "OPTIONS sip:a@b.se SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;rport;branch={branch}\r\n\
             Max-Forwards: 70\r\n\r\n"
        )
    }

    #[test]
    fn only_what_quotes_a_branch_of_ours_is_of_a_shard() {
        let ours = request("z9hG4bK050123456789abcdef");
        assert_eq!(shard_of(ours.as_bytes()), Some(ShardId(5)));
        // RFC 792 asks for eight bytes only, which are the header of UDP.
        assert_eq!(shard_of(b""), None);
        for end in 0..ours.find(";branch").unwrap() + 8 {
            assert_eq!(shard_of(&ours.as_bytes()[..end]), None);
        }
        assert_eq!(shard_of(request("z9hG4bKsomebodys").as_bytes()), None);
        let answer = ours.replace("OPTIONS sip:a@b.se SIP/2.0", "SIP/2.0 200 OK");
        assert_eq!(shard_of(answer.as_bytes()), None);
    }

    #[tokio::test]
    async fn a_request_to_a_port_that_nobody_has_is_told_and_an_answer_is_not() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let address: SocketAddr = any.parse().unwrap();
            let gone = UdpSocket::bind(address).unwrap();
            let remote = gone.local_addr().unwrap();
            drop(gone);
            let socket = UdpSocket::bind(address).unwrap();
            keep(&socket, address).unwrap();
            socket.set_nonblocking(true).unwrap();
            let local = socket.local_addr().unwrap();
            let socket = Arc::new(udp::watched(socket).unwrap());
            let (mailboxes, mut inboxes) = mailboxes(1, 10);
            let reporting = tokio::spawn(report(socket.clone(), local, mailboxes));
            let told = &mut inboxes.tasks[0].inputs;
            let answer =
                "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK060123456789abcdef\r\n";
            let ours = request("z9hG4bK050123456789abcdef");
            for message in [answer, &ours] {
                // What is pending of the one before comes back from the next call, once.
                let send = || socket.get_ref().send_to(message.as_bytes(), remote);
                if send().is_err() {
                    send().unwrap();
                }
            }
            match timeout(SOON, told.recv()).await.unwrap() {
                Some(ShardInput::TransportFailed { shard, flow }) => {
                    assert_eq!((shard, flow.remote), (ShardId(5), remote));
                }
                other => panic!("{other:?}"),
            }
            reporting.abort();
        }
    }
}
