//! What the system knows of a process: its CPU time, memory, descriptors. Linux only, as the server is.

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

/// UDP ports that any process of this machine has bound within `ports`.
pub fn bound_udp_ports(ports: std::ops::RangeInclusive<u16>) -> Vec<u16> {
    let text = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    text.lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(1)?.rsplit(':').next())
        .filter_map(|hex| u16::from_str_radix(hex, 16).ok())
        .filter(|port| ports.contains(port))
        .collect()
}
