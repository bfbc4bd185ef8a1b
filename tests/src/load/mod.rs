//! Generators of load, each one thread with non-blocking sockets, so that the server meets many parties at little
//! cost to the machine that measures it: registrations, calls, RTP. Figures come as [`Spread`]s.

pub mod calls;
pub mod registrations;
pub mod streams;

use crate::server::Setup;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fmt::Write as _;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Asked of the system for each socket; a burst must not be lost on our side.
const RECEIVE_BUFFER: usize = 8 << 20;

/// An account for load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl Account {
    /// The first `count` accounts of an [`office`].
    pub fn numbered(count: usize) -> Vec<Account> {
        (0..count)
            .map(|number| Account {
                user: format!("load-{number}"),
                password: format!("demo-load-{number}"),
            })
            .collect()
    }
}

/// Public number of an office's queue.
pub const QUEUE_NUMBER: &str = "+46850002000";

/// The demo with `agents` more, [`Account::numbered`], who answer the queue `load` with no wrap-up. Each has an
/// extension, [`extension`], and a public number, [`number`].
pub fn office(agents: usize) -> Setup {
    let mut text = String::new();
    let mut members = Vec::new();
    let mut numbers = format!("[numbers]\n\"{QUEUE_NUMBER}\" = {{ queue = \"load\" }}\n");
    for (index, account) in Account::numbered(agents).iter().enumerate() {
        let Account { user, password } = account;
        let (extension, number) = (extension(index), number(index));
        let _ = write!(
            text,
            "[users.{user}]\npassword = \"{password}\"\nextension = \"{extension}\"\n"
        );
        let _ = writeln!(numbers, "\"{number}\" = {{ user = \"{user}\" }}");
        members.push(format!("\"{user}\""));
    }
    let _ = write!(
        text,
        "[queues.load]\nextension = \"9999\"\nmembers = [{}]\nlogged_in_at_start = true\nwrap_up = \"0s\"\n\
         waiting_max = 100000\n",
        members.join(", ")
    );
    Setup::demo()
        .add("load.toml", &text)
        .add("load-numbers.toml", &numbers)
}

/// Extension of an office's account.
pub fn extension(index: usize) -> String {
    format!("{}", 10_000 + index)
}

/// Public number of an office's account.
pub fn number(index: usize) -> String {
    format!("+46851{index:06}")
}

/// A set of durations.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<Duration>);

impl Spread {
    /// Adds one.
    pub fn push(&mut self, value: Duration) {
        self.0.push(value);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn each(&self) -> impl Iterator<Item = Duration> + '_ {
        self.0.iter().copied()
    }

    /// The value below which `percent` of them lie; zero if there is none.
    pub fn percentile(&self, percent: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() as f64 * percent / 100.0).ceil() as usize;
        sorted
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }

    /// Part of them, 0 to 1, that lie within `bound` of `middle`.
    pub fn within(&self, middle: Duration, bound: Duration) -> f64 {
        let good = self
            .0
            .iter()
            .filter(|value| value.abs_diff(middle) <= bound)
            .count();
        good as f64 / self.0.len().max(1) as f64
    }
}

/// A non-blocking socket on a free port of 127.0.0.1 with room for bursts.
///
/// # Panics
/// When none can be had.
pub fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_nonblocking(true).unwrap();
    // The forced kind needs privileges; without them the system's maximum must do.
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER).is_err() {
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
    }
    socket
}

/// Waits until one of the sockets can be read or `until` has come.
pub(crate) fn wait(sockets: &[&UdpSocket], until: Instant) {
    let left = until.saturating_duration_since(Instant::now());
    let left = Timespec {
        tv_sec: left.as_secs() as i64,
        tv_nsec: i64::from(left.subsec_nanos()),
    };
    let mut watched: Vec<PollFd<'_>> = sockets
        .iter()
        .map(|socket| PollFd::new(socket, PollFlags::IN))
        .collect();
    let _ = poll(&mut watched, Some(&left));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let mut spread = Spread::default();
        for millis in 1..=100 {
            spread.push(Duration::from_millis(millis));
        }
        assert_eq!(spread.percentile(50.0), Duration::from_millis(50));
        assert_eq!(spread.percentile(99.0), Duration::from_millis(99));
        assert!(
            (spread.within(Duration::from_millis(50), Duration::from_millis(2)) - 0.05).abs()
                < 1e-9
        );
    }
}
