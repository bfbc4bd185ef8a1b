//! A media thread: one pass over ready sockets, then the frames that are due; nothing allocated and no
//! lock taken for a packet.

use crate::awaited::{Awaited, Waiting};
use crate::counters::{Exported, Published, Tally};
use crate::lines::Lines;
use crate::mailbox::{Mailbox, Message};
use crate::pace::{Pace, Waking};
use crate::ports::{PortPair, PortPool, Taken, Watched};
use crate::prompts::{Prompt, Prompts};
use crate::rtcp::{self, Farewell};
use crate::session::{Session, Sounds, Turn};
use crate::wheel::{Due, SLOT_MICROS, Wheel};
use base::{LegId, Time};
use media_core::packet::is_rtcp;
use media_core::{
    Codec, Command, Dropped, Event, FRAME, LONG_PLAYLIST, OWN_PACKET_BYTES, Party, Playlist,
    Received, ReportDue,
};
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::time::Timespec;
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ready sockets looked at before frames that are due: some 0.5 ms of work.
const EVENTS_PER_PASS: usize = 256;
/// Largest datagram looked at: an Ethernet frame's worth; longer ones are cut, and refused for it.
const DATAGRAM_BYTES_MAX: usize = 2_048;
/// A frame sent later than this is counted.
const LATE: Duration = Duration::from_millis(2);
/// How often metrics are brought up to date.
const EXPORT_EVERY: Duration = Duration::from_secs(1);
/// Niceness asked for: voice goes before what may wait, and nine to one leaves signalling its share of a
/// full core. Systems that don't grant it still have media.
const NICENESS: i32 = -10;
/// A session that is quiet for less than this keeps its place in the wheel.
const QUIET_MIN: Duration = Duration::from_millis(60);
/// Parties recorded at once on a thread, or listening to it: 2 MB each.
const RECORDINGS_MAX: usize = 32;
/// A token no socket has.
const WAKE: u64 = u64::MAX;

/// What a thread is started with.
pub(crate) struct Setup<E> {
    pub(crate) number: usize,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) published: Arc<Published>,
    pub(crate) pool: Arc<PortPool>,
    pub(crate) prompts: Arc<Prompts>,
    /// The clock's start, common to all threads.
    pub(crate) epoch: Instant,
    pub(crate) events: E,
}

pub(crate) struct Worker<E> {
    number: usize,
    epoll: OwnedFd,
    mailbox: Arc<Mailbox>,
    messages: Vec<Message>,
    pool: Arc<PortPool>,
    lines: Lines,
    /// The line of each leg's session.
    by_leg: HashMap<LegId, usize>,
    awaited: Awaited,
    /// Sessions with something to do each 20 ms.
    wheel: Wheel,
    /// The others, by when they have something to do next.
    quiet: BTreeSet<(Time, usize)>,
    prompts: Arc<Prompts>,
    epoch: Instant,
    events: E,
    tally: Tally,
    published: Arc<Published>,
    exported: Exported,
    export_at: Time,
    datagram: Box<[u8; DATAGRAM_BYTES_MAX]>,
    pace: Pace,
    /// The slot being served, copied so that sessions may be changed meanwhile.
    due_sessions: Vec<usize>,
}

/// Whether the thread goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    On,
    Over,
}

impl<E: Fn(Event)> Worker<E> {
    /// Makes ready to run; fails if the system has no descriptors left.
    pub(crate) fn new(setup: Setup<E>) -> io::Result<Worker<E>> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let token = epoll::EventData::new_u64(WAKE);
        epoll::add(
            &epoll,
            setup.mailbox.wake_fd(),
            token,
            epoll::EventFlags::IN,
        )?;
        Ok(Worker {
            number: setup.number,
            epoll,
            mailbox: setup.mailbox,
            messages: Vec::new(),
            pool: setup.pool,
            lines: Lines::default(),
            by_leg: HashMap::new(),
            awaited: Awaited::default(),
            wheel: Wheel::new(since(setup.epoch)),
            quiet: BTreeSet::new(),
            prompts: setup.prompts,
            epoch: setup.epoch,
            events: setup.events,
            tally: Tally::default(),
            published: setup.published,
            exported: Exported::new(setup.number),
            export_at: Time::ZERO,
            datagram: Box::new([0; DATAGRAM_BYTES_MAX]),
            pace: Pace::default(),
            due_sessions: Vec::new(),
        })
    }

    /// Runs until told to stop.
    pub(crate) fn run(mut self) {
        // Without a process id, Linux sets it for the calling thread alone.
        if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
            tracing::debug!(%error, "media thread runs with ordinary priority");
        }
        let mut ready = Vec::with_capacity(EVENTS_PER_PASS);
        loop {
            if self.pace.waking == Waking::Gathered && ready.len() < EVENTS_PER_PASS {
                self.gather();
            }
            ready.clear();
            self.wait(&mut ready);
            let now = self.now();
            // First, so that all that follows is as the latest message says.
            let life = self.read_mail(now);
            for event in &ready {
                match event.data.u64() {
                    WAKE => self.mailbox.woken(),
                    token if token & 1 == 0 => self.rtp_ready((token >> 1) as usize, now),
                    token => self.rtcp_ready((token >> 1) as usize, now),
                }
            }
            if life == Life::Over {
                return self.close_all(now);
            }
            // What falls due meanwhile waits for the next pass, so that an overloaded thread still reads.
            let serving = self.now();
            while let Some(due) = self.wheel.pop_due(serving) {
                self.serve(due);
            }
            self.serve_quiet(serving);
            self.count(now);
        }
    }

    /// Sleeps to the next millisecond, which is also when the next frames are due.
    fn gather(&self) {
        let past = self.now().as_micros() % SLOT_MICROS;
        std::thread::sleep(Duration::from_micros(SLOT_MICROS - past));
    }

    fn wait(&self, ready: &mut Vec<epoll::Event>) {
        let timeout = self.longest_wait();
        let timeout = Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        };
        let buffer = rustix::buffer::spare_capacity(ready);
        match epoll::wait(&self.epoll, buffer, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                // Only a wrong descriptor or address could do this: without it there is no media at all.
                tracing::error!(%error, "media thread cannot wait for its sockets");
                std::thread::sleep(media_core::FRAME);
            }
        }
    }

    /// How long to sleep if nothing comes.
    fn longest_wait(&self) -> Duration {
        let now = self.now();
        if self.lines.sessions() > 0 {
            let quiet = self.quiet.first().map_or(FRAME, |(at, _)| *at - now);
            let due = self.wheel.wait(now).unwrap_or(FRAME);
            return due.min(quiet).min(FRAME);
        }
        if !self.mailbox.may_sleep() {
            return Duration::ZERO;
        }
        // An idle thread wakes only to keep its metrics true.
        self.export_at - now
    }

    fn rtp_ready(&mut self, index: usize, now: Time) {
        let Some(session) = self.lines.session_mut(index) else {
            return self.heard_by_nobody(index, now);
        };
        // Phones send a packet each 20 ms: a second read would nearly always find nothing.
        let Ok((length, from)) = session.rtp().recv_from(&mut self.datagram[..]) else {
            return;
        };
        if is_rtcp(&self.datagram[..length]) {
            return self.rtcp_heard(index, length, now);
        }
        let received = session.party.receive(now, from, &self.datagram[..length]);
        session.settle();
        if let Turn::At(_) = session.turn {
            // It may have told where the party is, or have begun a digit.
            self.give_turn(index);
        }
        let received = match received {
            Ok(received) => received,
            Err(reason) => {
                self.tally.dropped[reason.index()] += 1;
                return;
            }
        };
        self.tally.received += 1;
        let Some(session) = self.lines.session(index) else {
            return;
        };
        let leg = session.party.leg();
        for digit in received.digits {
            (self.events)(Event::Digit { leg, digit });
        }
        let codec = session.party.remote().map(|remote| remote.codec);
        let (Some(codec), Some(peer)) = (codec, session.peer) else {
            return;
        };
        self.pass_on(peer, now, &received, codec, length);
    }

    fn pass_on(&mut self, to: usize, now: Time, received: &Received, codec: Codec, length: usize) {
        let Some(peer) = self.lines.session_mut(to) else {
            return;
        };
        let datagram = &mut self.datagram[..length];
        if let Some(part) = peer.party.forward(now, received, codec, datagram) {
            match peer.send(&self.datagram[part]) {
                Ok(()) => self.tally.sent += 1,
                Err(_) => self.tally.sends_failed += 1,
            }
        }
        if let Turn::At(_) = peer.turn {
            // From now on pauses are filled.
            self.give_turn(to);
        }
    }

    /// A packet to a line without a session: late, or a stranger's.
    fn heard_by_nobody(&mut self, index: usize, now: Time) {
        let Some(pair) = self.lines.pair(index) else {
            return;
        };
        if pair.rtp.recv_from(&mut self.datagram[..]).is_ok() {
            pair.disturb(now);
            self.tally.dropped[Dropped::NotAgreed.index()] += 1;
        }
    }

    fn rtcp_ready(&mut self, index: usize, now: Time) {
        let Some(session) = self.lines.session(index) else {
            // A report on a call that is over is no news.
            if let Some(pair) = self.lines.pair(index) {
                let _ = pair.rtcp.recv_from(&mut self.datagram[..]);
            }
            return;
        };
        let Ok((length, from)) = session.rtcp().recv_from(&mut self.datagram[..]) else {
            return;
        };
        let peer = session.party.peer().map(|peer| peer.ip());
        if peer != Some(from.ip().to_canonical()) {
            self.tally.rtcp_invalid += 1;
            return;
        }
        self.rtcp_heard(index, length, now);
    }

    fn rtcp_heard(&mut self, index: usize, length: usize, now: Time) {
        match rtcp::read(&self.datagram[..length]) {
            Ok(report) => {
                self.tally.rtcp_valid += 1;
                if let (Some(report), Some(session)) = (report, self.lines.session_mut(index)) {
                    session.party.sender_report(now, report.ssrc, report.ntp);
                }
            }
            Err(rtcp::Invalid) => self.tally.rtcp_invalid += 1,
        }
    }

    /// Serves a slot of the wheel: a frame for each session in it.
    fn serve(&mut self, due: Due) {
        self.tally.slots_skipped += due.skipped;
        let late = self.now() - due.at > LATE;
        let mut sessions = std::mem::take(&mut self.due_sessions);
        sessions.clear();
        sessions.extend_from_slice(self.wheel.sessions(due.slot));
        for index in &sessions {
            self.tick(*index, due.at);
        }
        if late {
            self.tally.ticks_late += sessions.len() as u64;
        }
        self.due_sessions = sessions;
    }

    /// Serves those that had nothing to do for a while and have now.
    fn serve_quiet(&mut self, now: Time) {
        while let Some(&(at, index)) = self.quiet.first()
            && at <= now
        {
            self.quiet.pop_first();
            self.tick(index, now);
        }
    }

    fn tick(&mut self, index: usize, at: Time) {
        let Some(session) = self.lines.session_mut(index) else {
            return;
        };
        session.ticked_at = at;
        let mut packet = [0; OWN_PACKET_BYTES];
        let ticked = session.party.tick(at, &session.sounds, &mut packet);
        if ticked.bytes > 0 {
            match session.send(&packet[..ticked.bytes]) {
                Ok(()) => self.tally.sent += 1,
                Err(_) => self.tally.sends_failed += 1,
            }
        }
        if ticked.report == ReportDue::Yes {
            session.send_report(at, Farewell::No);
        }
        let leg = session.party.leg();
        if let Some(token) = ticked.played {
            (self.events)(Event::Played { leg, token });
        }
        if ticked.recorded {
            self.stop_recording(index);
        }
        if let Some(digit) = ticked.digit {
            (self.events)(Event::Digit { leg, digit });
        }
        self.give_turn(index);
    }

    /// Something has changed for a session: when is its turn now?
    fn give_turn(&mut self, index: usize) {
        let now = self.now();
        let Some(session) = self.lines.session_mut(index) else {
            return;
        };
        let quiet = session.party.quiet_until();
        let turn = match (quiet.filter(|until| *until > now + QUIET_MIN), session.turn) {
            (None, Turn::Slot(_)) => return,
            (None, Turn::At(_)) => Turn::Slot(match session.slot_before.take() {
                Some(slot) => {
                    self.wheel.keep(slot, index);
                    slot
                }
                None => self.wheel.add(index),
            }),
            (Some(until), _) => Turn::At(until),
        };
        let before = std::mem::replace(&mut session.turn, turn);
        self.take_turn_away(index, before);
        if let Turn::At(until) = turn
            && until != Time::NEVER
        {
            self.quiet.insert((until, index));
        }
    }

    fn take_turn_away(&mut self, index: usize, turn: Turn) {
        match turn {
            Turn::Slot(slot) => self.wheel.remove(slot, index),
            Turn::At(until) => {
                self.quiet.remove(&(until, index));
            }
        }
    }

    fn read_mail(&mut self, now: Time) -> Life {
        let mut messages = std::mem::take(&mut self.messages);
        self.mailbox.take(&mut messages);
        let mut life = Life::On;
        for message in messages.drain(..) {
            match message {
                Message::Open { session, taken } => self.open(session, taken, now),
                Message::Forget { line } => self.forget(line),
                Message::Command { leg, command } => self.command(leg, command, now),
                Message::Expect { leg } => self.awaited.expect(leg),
                Message::HandOver { leg, to } => self.hand_over(leg, to),
                Message::Adopt { leg, session } => self.adopt(leg, session, now),
                Message::Fetch { leg, answer } => {
                    let line = self.by_leg.get(&leg);
                    let session = line.and_then(|line| self.lines.session(*line));
                    let recording = session.and_then(|session| session.recording.clone());
                    // Whoever asked may have given up.
                    let _ = answer.try_send(recording);
                }
                Message::Prompts(prompts) => self.prompts = prompts,
                Message::Stop => life = Life::Over,
            }
        }
        self.messages = messages;
        life
    }

    fn open(&mut self, plan: media_core::Session, taken: Taken, now: Time) {
        let leg = plan.leg;
        let line = match taken.watched {
            Watched::By { thread, line } if thread == self.number => line,
            Watched::By { .. } | Watched::Nowhere => self.watch(leg, &taken.pair),
        };
        let session = Session::new(Party::new(leg, plan.plan), taken.pair);
        self.begin(leg, line, session, now);
    }

    /// A session is this thread's from now on.
    fn begin(&mut self, leg: LegId, line: usize, session: Session, now: Time) {
        self.lines.begin(line, session);
        self.give_turn(line);
        if let Some(older) = self.by_leg.insert(leg, line) {
            tracing::warn!(%leg, "media session opened twice; the first is closed");
            self.remove(older, now);
        }
        self.tally.sessions = self.lines.sessions() as u64;
    }

    /// A line for a pair that this thread hasn't watched so far.
    fn watch(&mut self, leg: LegId, pair: &Arc<PortPair>) -> usize {
        let index = self.lines.add(Arc::clone(pair));
        for (socket, token) in [
            (&pair.rtp, (index as u64) << 1),
            (&pair.rtcp, (index as u64) << 1 | 1),
        ] {
            let token = epoll::EventData::new_u64(token);
            if let Err(error) = epoll::add(&self.epoll, socket, token, epoll::EventFlags::IN) {
                tracing::error!(%leg, %error, "media session is deaf: its socket cannot be watched");
            }
        }
        index
    }

    /// Another thread watches a line's pair from now on.
    fn forget(&mut self, line: usize) {
        if let Some(pair) = self.lines.pair(line) {
            for socket in [&pair.rtp, &pair.rtcp] {
                // Refused only if it could not be watched in the first place.
                let _ = epoll::delete(&self.epoll, socket);
            }
        }
        self.lines.close(line);
    }

    /// Gives a session to another thread, stream and sockets whole. What comes to its sockets meanwhile waits there.
    fn hand_over(&mut self, leg: LegId, to: Arc<Mailbox>) {
        if self.awaited.is_expected(leg) {
            // Kept without limit: see `Awaited::keep`.
            let _ = self.awaited.keep(leg, Waiting::HandOver(to));
            return;
        }
        let session = self.by_leg.remove(&leg).and_then(|line| {
            let slot = match self.lines.session(line)?.turn {
                Turn::Slot(slot) => Some(slot),
                Turn::At(_) => None,
            };
            let mut session = self.take_out(line)?;
            session.slot_before = slot;
            self.forget(line);
            Some(Box::new(session))
        });
        // Refused only by a thread that has ended: then the session ends too.
        let _ = to.push(Message::Adopt { leg, session });
    }

    /// A session comes from another thread, and what was kept for it is done.
    fn adopt(&mut self, leg: LegId, session: Option<Box<Session>>, now: Time) {
        let mut waited = self.awaited.arrived(leg).into_iter();
        if let Some(session) = session {
            let line = self.watch(leg, session.pair());
            let frame_due = session.slot_before.map(|_| session.ticked_at + FRAME);
            self.begin(leg, line, *session, now);
            // What fell due while it was on its way is made up for, or its stream would have a gap.
            if let Some(due) = frame_due.filter(|due| self.wheel.has_passed(*due)) {
                self.tick(line, due);
            }
        }
        while let Some(waiting) = waited.next() {
            match waiting {
                Waiting::Command(command) => self.command(leg, command, now),
                Waiting::HandOver(to) => self.hand_over(leg, to),
                Waiting::Return => return self.awaited.expect_again(leg, waited.collect()),
            }
        }
    }

    fn command(&mut self, leg: LegId, command: Command, now: Time) {
        let Some(&index) = self.by_leg.get(&leg) else {
            if self.awaited.keep(leg, Waiting::Command(command)).is_err() {
                self.tally.legs_unknown += 1;
            }
            return;
        };
        match command {
            Command::SetRemote(remote) => {
                if let Some(session) = self.lines.session_mut(index) {
                    session.party.set_remote(now, remote);
                    session.settle();
                }
                self.give_turn(index);
            }
            Command::Play(playlist) => self.play(index, playlist),
            Command::Bridge { with } if self.awaited.is_expected(with) => {
                let bridge = Command::Bridge { with: leg };
                if self.awaited.keep(with, Waiting::Command(bridge)).is_err() {
                    self.tally.legs_unknown += 1;
                }
            }
            Command::Bridge { with } => self.bridge(leg, index, with),
            Command::Record { token } => self.record(index, token, now),
            Command::StopRecording => self.stop_recording(index),
            Command::Press { digit } => {
                if let Some(session) = self.lines.session_mut(index) {
                    session.party.press(now, digit);
                }
                self.give_turn(index);
            }
            // The engine has made a message of its own of it.
            Command::MoveTo { .. } => {}
            Command::Close => {
                if let Some(session) = self.lines.session_mut(index) {
                    session.send_report(now, Farewell::Bye);
                }
                self.by_leg.remove(&leg);
                self.remove(index, now);
            }
        }
    }

    /// Records what a party says; or ends at once with nothing, where too many are recorded already.
    fn record(&mut self, index: usize, token: u32, now: Time) {
        let Some(session) = self.lines.session_mut(index) else {
            return;
        };
        session.recording = None;
        let leg = session.party.leg();
        let recorded = self.lines.sessions_mut().filter(|it| it.is_recording());
        if recorded.count() >= RECORDINGS_MAX {
            let length = Duration::ZERO;
            metrics::counter!("kolapp_media_recordings_refused_total").increment(1);
            return (self.events)(Event::Recorded { leg, token, length });
        }
        if let Some(session) = self.lines.session_mut(index) {
            session.party.record(now, token);
        }
        self.give_turn(index);
    }

    /// What a party has said so far is all.
    fn stop_recording(&mut self, index: usize) {
        let Some(session) = self.lines.session_mut(index) else {
            return;
        };
        let Some((token, recording)) = session.party.stop_recording() else {
            return;
        };
        let (leg, length) = (session.party.leg(), recording.length());
        session.recording = Some(Arc::new(Prompt::of_recording(recording)));
        (self.events)(Event::Recorded { leg, token, length });
        self.give_turn(index);
    }

    fn play(&mut self, index: usize, playlist: Playlist) {
        self.unbridge(index);
        let own = self.lines.session(index);
        let own = own.and_then(|session| session.recording.as_ref());
        let resolved = Sounds::resolve(&playlist, &self.prompts, own);
        self.tally.prompts_missing += resolved.missing;
        if let Some(session) = self.lines.session_mut(index) {
            let span = resolved.lengths.spoken();
            if span > LONG_PLAYLIST {
                let leg = session.party.leg();
                (self.events)(Event::Lasts { leg, span });
            }
            session
                .party
                .play(playlist, resolved.lengths, &session.sounds);
            session.sounds = resolved.sounds;
        }
        self.give_turn(index);
    }

    fn bridge(&mut self, leg: LegId, index: usize, with: LegId) {
        let Some(other) = self
            .by_leg
            .get(&with)
            .copied()
            .filter(|other| *other != index)
        else {
            self.tally.legs_unknown += 1;
            return;
        };
        if self.peer_of(index) == Some(other) {
            return;
        }
        self.unbridge(index);
        self.unbridge(other);
        for (one, two, heard) in [(index, other, with), (other, index, leg)] {
            if let Some(session) = self.lines.session_mut(one) {
                session.party.bridge(heard, &session.sounds);
                session.sounds = Sounds::default();
                session.peer = Some(two);
            }
            self.give_turn(one);
        }
    }

    fn peer_of(&self, index: usize) -> Option<usize> {
        self.lines.session(index)?.peer
    }

    /// Ends a bridge: the other side hears silence until it is told what else.
    fn unbridge(&mut self, index: usize) {
        let session = self.lines.session_mut(index);
        let Some(other) = session.and_then(|session| session.peer.take()) else {
            return;
        };
        if let Some(session) = self.lines.session_mut(other) {
            session.peer = None;
            session.party.silence(&session.sounds);
        }
        self.give_turn(other);
    }

    /// Takes a session away; its sockets rest.
    fn remove(&mut self, index: usize, now: Time) {
        if let Some(session) = self.take_out(index) {
            self.pool.rest(session.let_go(), self.number, index, now);
        }
    }

    fn take_out(&mut self, index: usize) -> Option<Session> {
        self.unbridge(index);
        let mut session = self.lines.end(index)?;
        let turn = std::mem::replace(&mut session.turn, Turn::At(Time::NEVER));
        self.take_turn_away(index, turn);
        self.tally.sessions = self.lines.sessions() as u64;
        Some(session)
    }

    fn close_all(mut self, now: Time) {
        for session in self.lines.sessions_mut() {
            session.send_report(now, Farewell::Bye);
        }
        self.tally.sessions = 0;
        self.published.publish(&self.tally);
        self.exported.export(&self.tally);
        self.pool.leave(self.number);
    }

    fn count(&mut self, now: Time) {
        self.published.publish(&self.tally);
        self.pace.measure(now, self.tally.received);
        if now >= self.export_at {
            self.export_at = now + EXPORT_EVERY;
            self.exported.export(&self.tally);
            for line in self.pool.expire(self.number, now) {
                // Its sockets leave the epoll as they close.
                self.lines.close(line);
            }
        }
    }

    fn now(&self) -> Time {
        since(self.epoch)
    }
}

fn since(epoch: Instant) -> Time {
    Time::ZERO + epoch.elapsed()
}
