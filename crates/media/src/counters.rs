//! What a media thread counts: plain numbers on its own path, published for others to read.

use media_core::Dropped;
use metrics::{Counter, Gauge, counter, gauge};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const REASONS: usize = Dropped::ALL.len();

/// Figures of all threads together, since their start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions open.
    pub sessions: u64,
    /// Pairs of ports in use.
    pub pairs_in_use: usize,
    /// Pairs of ports there are.
    pub pairs: usize,
    /// RTP packets taken.
    pub packets_received: u64,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets not taken, whatever the reason.
    pub packets_dropped: u64,
    /// Of those, the ones that came from somebody else than the party, on probation included.
    pub packets_foreign: u64,
    /// Packets that the kernel refused to send.
    pub sends_failed: u64,
    /// RTCP packets taken.
    pub rtcp_valid: u64,
    /// RTCP packets not taken.
    pub rtcp_invalid: u64,
    /// Frames more than 2 ms late.
    pub ticks_late: u64,
    /// Slots passed over because a thread was far behind.
    pub slots_skipped: u64,
    /// Prompts passed over because no such prompt is loaded.
    pub prompts_missing: u64,
    /// Commands for a leg without a session.
    pub legs_unknown: u64,
}

/// A thread's own count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sessions: u64,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) dropped: [u64; REASONS],
    pub(crate) sends_failed: u64,
    pub(crate) rtcp_valid: u64,
    pub(crate) rtcp_invalid: u64,
    pub(crate) ticks_late: u64,
    pub(crate) slots_skipped: u64,
    pub(crate) prompts_missing: u64,
    pub(crate) legs_unknown: u64,
}

impl Tally {
    fn rows(&self) -> [u64; ROWS] {
        let mut rows = [0; ROWS];
        rows[..FIXED_ROWS].copy_from_slice(&[
            self.sessions,
            self.received,
            self.sent,
            self.sends_failed,
            self.rtcp_valid,
            self.rtcp_invalid,
            self.ticks_late,
            self.slots_skipped,
            self.prompts_missing,
            self.legs_unknown,
        ]);
        rows[FIXED_ROWS..].copy_from_slice(&self.dropped);
        rows
    }
}

const FIXED_ROWS: usize = 10;
const ROWS: usize = FIXED_ROWS + REASONS;

/// A thread's count as others see it. Written by that thread alone.
#[derive(Debug, Default)]
pub(crate) struct Published([AtomicU64; ROWS]);

impl Published {
    /// Shows the count so far.
    pub(crate) fn publish(&self, tally: &Tally) {
        for (cell, row) in self.0.iter().zip(tally.rows()) {
            cell.store(row, Relaxed);
        }
    }

    /// Adds what this thread counted.
    pub(crate) fn add_to(&self, stats: &mut Stats) {
        let row = |index: usize| self.0[index].load(Relaxed);
        stats.sessions += row(0);
        stats.packets_received += row(1);
        stats.packets_sent += row(2);
        stats.sends_failed += row(3);
        stats.rtcp_valid += row(4);
        stats.rtcp_invalid += row(5);
        stats.ticks_late += row(6);
        stats.slots_skipped += row(7);
        stats.prompts_missing += row(8);
        stats.legs_unknown += row(9);
        for reason in Dropped::ALL {
            let count = row(FIXED_ROWS + reason.index());
            stats.packets_dropped += count;
            if matches!(reason, Dropped::Source | Dropped::Probation) {
                stats.packets_foreign += count;
            }
        }
    }
}

/// The same count as metrics, brought up to date about once a second.
pub(crate) struct Exported {
    sessions: Gauge,
    counters: [Counter; ROWS - 1],
    before: [u64; ROWS],
}

impl Exported {
    /// Registers the metrics of the thread of that number.
    pub(crate) fn new(thread: usize) -> Exported {
        let dropped = |index: usize| counter!("kolapp_media_packets_dropped_total", "reason" => Dropped::ALL[index].label());
        let fixed = [
            counter!("kolapp_media_packets_received_total"),
            counter!("kolapp_media_packets_sent_total"),
            counter!("kolapp_media_sends_failed_total"),
            counter!("kolapp_media_rtcp_received_total", "validity" => "valid"),
            counter!("kolapp_media_rtcp_received_total", "validity" => "invalid"),
            counter!("kolapp_media_ticks_late_total"),
            counter!("kolapp_media_slots_skipped_total"),
            counter!("kolapp_media_prompts_missing_total"),
            counter!("kolapp_media_legs_unknown_total"),
        ];
        let counters = std::array::from_fn(|index| match fixed.get(index) {
            Some(counter) => counter.clone(),
            None => dropped(index - fixed.len()),
        });
        Exported {
            sessions: gauge!("kolapp_media_sessions", "thread" => thread.to_string()),
            counters,
            before: [0; ROWS],
        }
    }

    /// Adds what has come since the last time.
    pub(crate) fn export(&mut self, tally: &Tally) {
        let rows = tally.rows();
        self.sessions.set(rows[0] as f64);
        for (index, counter) in self.counters.iter().enumerate() {
            let more = rows[index + 1] - self.before[index + 1];
            if more > 0 {
                counter.increment(more);
            }
        }
        self.before = rows;
    }
}
