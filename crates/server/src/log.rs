//! Logs to standard error, through a thread of their own: a terminal that is stopped or a pipe that nobody
//! reads must not stop a call. When the log can't keep up, lines are lost and the loss is said.

use crate::documents::LogTail;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait for a slow standard error: some seconds of a busy server.
const LINES_WAITING_MAX: usize = 8_192;

/// Last lines that are kept for whoever looks at them from elsewhere: some minutes of a busy server.
const LINES_KEPT: usize = 500;

/// Bytes of each of those: with more of them a megabyte and a half would not be enough for all.
const LINE_BYTES_KEPT: usize = 2_048;

/// How long the end of the process waits for the last lines.
const FLUSH_WAIT: Duration = Duration::from_secs(1);

enum Piece {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// The way to the log thread. Dropping it changes nothing; [`Log::flush`] waits for what was written.
#[derive(Clone)]
pub(crate) struct Log {
    pieces: SyncSender<Piece>,
    lost: Arc<AtomicU64>,
    tail: Arc<Mutex<Tail>>,
}

/// The last lines that were written.
#[derive(Debug, Default)]
struct Tail {
    lines: VecDeque<String>,
    written: u64,
}

impl Tail {
    fn keep(&mut self, line: &[u8]) {
        if self.lines.len() == LINES_KEPT {
            self.lines.pop_front();
        }
        let kept = &line[..line.len().min(LINE_BYTES_KEPT)];
        let text = String::from_utf8_lossy(kept);
        self.lines.push_back(text.trim_end().to_owned());
        self.written += 1;
    }
}

impl Log {
    /// Starts the log thread and makes it the destination of `tracing`.
    pub(crate) fn start() -> io::Result<Log> {
        let (pieces, waiting) = sync_channel(LINES_WAITING_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let log = Log {
            pieces,
            lost: lost.clone(),
            tail: Arc::default(),
        };
        let tail = log.tail.clone();
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write_out(&waiting, &lost, &tail, io::stderr()))?;
        // A second subscriber in one process happens in tests only, and the first one serves as well.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter())
            .with_ansi(false)
            .with_target(false)
            .with_writer(log.clone())
            .try_init();
        Ok(log)
    }

    /// The last lines, as far as they are out.
    pub(crate) fn tail(&self) -> LogTail {
        let tail = held(&self.tail);
        LogTail {
            lines: tail.lines.iter().cloned().collect(),
            written: tail.written,
        }
    }

    /// Waits until everything written so far is out, or for [`FLUSH_WAIT`].
    pub(crate) fn flush(&self) {
        let (done, waiting) = sync_channel(1);
        if self.pieces.try_send(Piece::Flush(done)).is_ok() {
            let _ = waiting.recv_timeout(FLUSH_WAIT);
        }
    }
}

/// `KOLAPP_LOG`, else `RUST_LOG`, else what an operator wants to know.
fn filter() -> EnvFilter {
    let set = std::env::var("KOLAPP_LOG").or_else(|_| std::env::var("RUST_LOG"));
    EnvFilter::new(set.as_deref().unwrap_or("info"))
}

fn held(tail: &Mutex<Tail>) -> MutexGuard<'_, Tail> {
    // Whole between any two statements, whoever panicked.
    tail.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_out(waiting: &Receiver<Piece>, lost: &AtomicU64, tail: &Mutex<Tail>, mut to: impl Write) {
    while let Ok(piece) = waiting.recv() {
        // What can't be written to standard error can't be said anywhere either.
        match piece {
            Piece::Line(line) => {
                held(tail).keep(&line);
                drop(to.write_all(&line));
            }
            Piece::Flush(done) => drop(done.try_send(())),
        }
        let lines = lost.swap(0, Ordering::Relaxed);
        if lines > 0 {
            let _ = writeln!(to, "{lines} log lines lost: standard error is too slow");
        }
    }
}

/// Writes one log line, whole or not at all.
pub(crate) struct LineWriter<'a>(&'a Log);

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.0.pieces.try_send(Piece::Line(line.to_vec())) {
            Err(TrySendError::Full(_)) => {
                self.0.lost.fetch_add(1, Ordering::Relaxed);
            }
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_nobody_reads_loses_lines_and_never_blocks() {
        let (pieces, waiting) = sync_channel(2);
        let log = Log {
            pieces,
            lost: Arc::default(),
            tail: Arc::default(),
        };
        for _ in 0..5 {
            log.make_writer().write_all(b"line\n").unwrap();
        }
        assert_eq!(log.lost.load(Ordering::Relaxed), 3);
        let (lost, tail) = (log.lost.clone(), log.tail.clone());
        drop(log);
        let mut out = Vec::new();
        write_out(&waiting, &lost, &tail, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("line\n").count(), 2, "{text}");
        assert!(text.contains("3 log lines lost"), "{text}");
    }

    #[test]
    fn the_last_lines_are_kept_and_none_is_longer_than_may_be() {
        let mut tail = Tail::default();
        for number in 0..LINES_KEPT + 3 {
            tail.keep(format!("line {number}\n").as_bytes());
        }
        assert_eq!(tail.lines.len(), LINES_KEPT);
        assert_eq!(tail.lines.front().map(String::as_str), Some("line 3"));
        assert_eq!(tail.written, LINES_KEPT as u64 + 3);
        tail.keep("ö".repeat(LINE_BYTES_KEPT).as_bytes());
        let longest = tail.lines.back().unwrap().chars().count();
        assert_eq!(longest, LINE_BYTES_KEPT / 2);
    }
}
