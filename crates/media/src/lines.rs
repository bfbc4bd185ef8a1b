//! The open pairs of ports of a thread, each with the session that it serves or with none. A line's number
//! is what epoll tells of it, and stays the same from one session to the next.

use crate::ports::PortPair;
use crate::session::Session;
use slab::Slab;
use std::sync::Arc;

/// Pairs and their sessions.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    lines: Slab<Line>,
    sessions: usize,
}

#[derive(Debug)]
struct Line {
    pair: Arc<PortPair>,
    session: Option<Session>,
}

impl Lines {
    /// A line for a pair that is new here.
    pub(crate) fn add(&mut self, pair: Arc<PortPair>) -> usize {
        let session = None;
        self.lines.insert(Line { pair, session })
    }

    /// A line's pair.
    pub(crate) fn pair(&self, line: usize) -> Option<&Arc<PortPair>> {
        Some(&self.lines.get(line)?.pair)
    }

    /// Lets go of a line that serves nobody.
    pub(crate) fn close(&mut self, line: usize) {
        if self.session(line).is_none() {
            self.lines.try_remove(line);
        }
    }

    /// A session begins on a line.
    pub(crate) fn begin(&mut self, line: usize, session: Session) {
        if let Some(line) = self.lines.get_mut(line)
            && line.session.replace(session).is_none()
        {
            self.sessions += 1;
        }
    }

    /// The session of a line is over.
    pub(crate) fn end(&mut self, line: usize) -> Option<Session> {
        let session = self.lines.get_mut(line)?.session.take()?;
        self.sessions -= 1;
        Some(session)
    }

    pub(crate) fn session(&self, line: usize) -> Option<&Session> {
        self.lines.get(line)?.session.as_ref()
    }

    pub(crate) fn session_mut(&mut self, line: usize) -> Option<&mut Session> {
        self.lines.get_mut(line)?.session.as_mut()
    }

    /// Every session.
    pub(crate) fn sessions_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        self.lines
            .iter_mut()
            .filter_map(|(_, line)| line.session.as_mut())
    }

    /// How many sessions there are.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions
    }
}
