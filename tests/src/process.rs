//! What the system knows of a process: its CPU time, memory, descriptors. Linux only, as the server is.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// CPU time used by all threads of a process so far.
///
/// # Panics
/// When the process is gone.
pub fn cpu_time(pid: u32) -> Duration {
    // schedstat counts nanoseconds, per thread; /proc/<pid>/stat has ticks of 10 ms, too coarse for short runs.
    // A thread that has ended is missing here; the server's live as long as it does.
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    let nanos = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    Duration::from_nanos(nanos)
}

/// Resident memory of a process, bytes.
///
/// # Panics
/// When the process is gone.
pub fn resident_bytes(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = text
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .expect("Linux tells VmRSS");
    let kilobytes: u64 = line
        .split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .expect("a number");
    kilobytes * 1024
}

/// Open descriptors of a process.
///
/// # Panics
/// When the process is gone.
pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("the process runs")
        .count()
}

/// Descriptors that this process and those it starts may ask for.
pub fn descriptors_max() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.maximum.map_or(usize::MAX, |most| most as usize)
}

/// UDP ports within `ports` that a process has bound: not those that another program, of no test, happens to have there.
///
/// # Panics
/// When the process is gone.
pub fn bound_udp_ports(pid: u32, ports: std::ops::RangeInclusive<u16>) -> Vec<u16> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).expect("the process runs");
    let sockets: BTreeSet<u64> = descriptors
        .flatten()
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .filter_map(|target| socket_number(target.to_str()?))
        .collect();
    let text = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    text.lines()
        .skip(1)
        .filter_map(port_and_socket)
        .filter(|(port, socket)| ports.contains(port) && sockets.contains(socket))
        .map(|(port, _)| port)
        .collect()
}

/// A descriptor's target, such as `socket:[4711]`.
fn socket_number(target: &str) -> Option<u64> {
    let number = target.strip_prefix("socket:[")?.strip_suffix(']')?;
    number.parse().ok()
}

/// A line of `/proc/net/udp`: the second word is the local address in hexadecimals, the tenth the socket.
fn port_and_socket(line: &str) -> Option<(u16, u64)> {
    let mut words = line.split_whitespace();
    let port = words.nth(1)?.rsplit(':').next()?;
    let socket = words.nth(7)?;
    Some((u16::from_str_radix(port, 16).ok()?, socket.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn ports_that_a_process_has_bound_are_told_and_nobody_elses() {
        let own = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let port = own.local_addr().unwrap().port();
        assert_eq!(bound_udp_ports(std::process::id(), port..=port), [port]);
        assert_eq!(
            bound_udp_ports(std::os::unix::process::parent_id(), port..=port),
            [0; 0]
        );
    }
}
