//! Who is rung next for a call: of several people, and of one person's devices; and what their answers come
//! to. Says nothing of how a device is invited; that is `shard/devices`.

use crate::forward::Forwards;
use crate::leg::{Gone, Role};
use crate::settings::{Destination, Devices, Group, GroupPolicy, Member};
use acd::CallbackEnd;
use base::{BoundedVec, UserId};
use serde::{Deserialize, Serialize};
use sip_core::StatusCode;
use sip_core::registrar::Binding;
use std::cmp::Reverse;
use std::time::Duration;

/// Devices of one user that are rung for one call. More contacts than these are one phone that registers
/// anew and anew.
pub(crate) const DEVICES_MAX: usize = 8;

/// Users rung at once for one call, withdrawn ones included until they are confirmed gone.
pub(crate) const RINGS_MAX: usize = 32;

/// How long the devices that a user prefers ring alone, before those he put behind them ring too.
pub(crate) const ROUND: Duration = Duration::from_secs(10);

/// One user's devices, rung for one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ring {
    /// What every leg of it is to the call.
    pub(crate) role: Role,
    phase: Phase,
    /// Devices not rung yet: rounds of like preference, the next one last.
    later: Vec<Vec<Binding>>,
    /// The weightiest of the endings so far.
    weightiest: Option<Gone>,
    /// Of an agent kept for a callback who is wanted no more for it: what his queue is told once his devices are gone.
    owed: Option<CallbackEnd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// His devices ring, or are about to.
    Ringing,
    /// One was answered.
    Answered,
    /// He declined on one, which counts for all.
    Declined,
    /// We want him no more.
    Withdrawn,
}

/// Who is called by himself and not as one of several: his forwards hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Callee {
    pub(crate) user: UserId,
    pub(crate) forwards: Forwards,
}

/// The people a call is tried with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hunt {
    /// Shown on their phones beside the caller's name, where they are called as a group.
    pub(crate) name: Option<Box<str>>,
    /// How long they ring; each of them, where it is one after another.
    pub(crate) ring: Duration,
    /// Where the caller goes when nobody answers.
    pub(crate) then: Option<Destination>,
    /// The only one, where he is called by himself.
    pub(crate) callee: Option<Callee>,
    policy: GroupPolicy,
    /// Those not rung yet, the next one last, each with his number in the order written.
    later: Vec<(u8, Member)>,
    /// The weightiest of the endings so far.
    weightiest: Option<Gone>,
}

impl Hunt {
    /// A person called by himself. `ring` is how long everybody's devices ring.
    pub(crate) fn of_user(id: &UserId, forwards: &Forwards, ring: Duration) -> Hunt {
        Hunt {
            name: None,
            ring: forwards.no_answer_after.unwrap_or(ring),
            then: None,
            callee: Some(Callee {
                user: id.clone(),
                forwards: forwards.clone(),
            }),
            policy: GroupPolicy::All,
            later: vec![(0, Member::User(id.clone()))],
            weightiest: None,
        }
    }

    /// A person who is spoken to at once, wherever his calls go else.
    pub(crate) fn at_once(id: &UserId, ring: Duration) -> Hunt {
        Hunt {
            callee: None,
            ..Hunt::of_user(id, &Forwards::default(), ring)
        }
    }

    /// The only one who is to be rung, where it is no group.
    pub(crate) fn only(&self) -> Option<&UserId> {
        match (&self.callee, &*self.later) {
            (Some(callee), _) => Some(&callee.user),
            (None, [(_, Member::User(user))]) if self.name.is_none() => Some(user),
            _ => None,
        }
    }

    /// Everybody in a group but whoever calls it.
    pub(crate) fn of_group(group: &Group, caller: Option<&UserId>) -> Hunt {
        let members = (0..).zip(&group.members);
        let others = members.filter(|(_, member)| match member {
            Member::User(user) => Some(user) != caller,
            Member::Outside(_) => true,
        });
        let mut later: Vec<(u8, Member)> = others.map(|(n, it)| (n, it.clone())).collect();
        later.reverse();
        Hunt {
            name: Some(group.display_name.clone()),
            ring: group.ring,
            then: group.then.clone(),
            callee: None,
            policy: group.policy,
            later,
            weightiest: None,
        }
    }

    /// Whom to ring now; nobody once all have been tried.
    pub(crate) fn next(&mut self) -> Vec<(u8, Member)> {
        match self.policy {
            GroupPolicy::All => self.later.drain(..).rev().collect(),
            GroupPolicy::InOrder => self.later.pop().into_iter().collect(),
        }
    }

    /// One of them did not answer.
    pub(crate) fn over(&mut self, how: Gone) {
        keep_weightiest(&mut self.weightiest, how);
    }

    /// How it ended.
    pub(crate) fn verdict(&self) -> Gone {
        self.weightiest.unwrap_or(Gone::Unreachable)
    }
}

/// Whether the devices that still ring go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    RingOn,
    /// The user declined.
    Stop,
}

impl Ring {
    pub(crate) fn new(role: Role) -> Ring {
        Ring {
            role,
            phase: Phase::Ringing,
            later: Vec::new(),
            weightiest: None,
            owed: None,
        }
    }

    /// Where the user can be reached is known: the devices to ring now, none if he has none.
    pub(crate) fn located(&mut self, bindings: Vec<Binding>, devices: Devices) -> Vec<Binding> {
        self.later = rounds(bindings, devices);
        self.later.pop().unwrap_or_default()
    }

    /// The devices to ring next, if any are left and he is still wanted.
    pub(crate) fn next_round(&mut self) -> Option<Vec<Binding>> {
        (self.phase == Phase::Ringing)
            .then(|| self.later.pop())
            .flatten()
    }

    /// Whether he is still to answer.
    pub(crate) fn is_wanted(&self) -> bool {
        self.phase == Phase::Ringing
    }

    /// Whether devices are left for a later round.
    pub(crate) fn has_more(&self) -> bool {
        self.phase == Phase::Ringing && !self.later.is_empty()
    }

    /// A device was answered: what the others said counts no more.
    pub(crate) fn answered(&mut self) {
        self.phase = Phase::Answered;
        self.weightiest = None;
    }

    /// We want him no more.
    pub(crate) fn withdraw(&mut self) {
        self.phase = Phase::Withdrawn;
    }

    /// The same of an agent kept for a callback, who is free again only when his devices are gone: then his queue is told this.
    pub(crate) fn give_up(&mut self, end: CallbackEnd) {
        self.withdraw();
        self.owed.get_or_insert(end);
    }

    /// What his queue is to be told of him now that they are.
    pub(crate) fn owed(&self) -> Option<CallbackEnd> {
        self.owed
    }

    /// A device is out of it, and not by our doing. RFC 3261 §16.7: a 6xx is about the user and not about the
    /// device; an agent declines with 480 as well. Busy on one device says nothing of the others, nor does a mobile on
    /// which nobody took the call: his voicemail may have hung up while he reaches for his desk phone.
    pub(crate) fn device_over(&mut self, how: Gone) -> Others {
        keep_weightiest(&mut self.weightiest, how);
        let declines = match (how, &self.role) {
            (Gone::Refused(StatusCode::TEMPORARILY_UNAVAILABLE), role) if role.is_at_work() => true,
            (Gone::Refused(status), _) => status.code() >= 600,
            _ => false,
        };
        if declines && self.phase == Phase::Ringing {
            self.phase = Phase::Declined;
            return Others::Stop;
        }
        Others::RingOn
    }

    /// How it ended for the user, once no device is left. `Ended` where that was our doing.
    pub(crate) fn verdict(&self) -> Gone {
        match self.phase {
            Phase::Withdrawn => Gone::Ended,
            _ => self.weightiest.unwrap_or(Gone::Ended),
        }
    }
}

fn keep_weightiest(weightiest: &mut Option<Gone>, how: Gone) {
    if weightiest.is_none_or(|so_far| weight(how) > weight(so_far)) {
        *weightiest = Some(how);
    }
}

/// Of several endings the one to tell: what a person did before what a device did.
fn weight(how: Gone) -> u8 {
    match how {
        Gone::Refused(status) if status.code() >= 600 => 5,
        Gone::Refused(StatusCode::BUSY_HERE) | Gone::NotTaken => 4,
        Gone::Refused(StatusCode::TEMPORARILY_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT) => 3,
        Gone::Refused(_) => 2,
        Gone::Unreachable | Gone::Lost => 1,
        Gone::HungUp | Gone::Ended => 0,
    }
}

/// The devices in rounds of like q, the first round last. Bindings come newest first.
fn rounds(mut bindings: Vec<Binding>, devices: Devices) -> Vec<Vec<Binding>> {
    match devices {
        Devices::Newest => bindings.truncate(1),
        Devices::All => bindings.truncate(DEVICES_MAX),
    }
    bindings.sort_by_key(|binding| Reverse(binding.q));
    let by_q = bindings.chunk_by(|one, other| one.q == other.q);
    let mut rounds: Vec<Vec<Binding>> = by_q.map(<[Binding]>::to_vec).collect();
    rounds.reverse();
    rounds
}

/// The rings of a call.
pub(crate) type Rings = BoundedVec<Ring, RINGS_MAX>;

#[cfg(test)]
mod tests {
    use super::*;
    use base::{OrgId, Time, UserId};
    use sip_core::{Flow, Transport};

    fn binding(port: u16, q: u16) -> Binding {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        Binding {
            contact: format!("sip:anna@{address}").parse().unwrap(),
            flow: Flow {
                transport: Transport::Udp,
                local: address,
                remote: address,
                connection: 0,
            },
            expires_at: Time::NEVER,
            call_id: "register".into(),
            cseq: 1,
            user_agent: None,
            q,
            instance: None,
            reg_id: None,
            path: Box::default(),
            natted: false,
        }
    }

    fn ring() -> Ring {
        let user = UserId::new(&OrgId::new("demo").unwrap(), "anna").unwrap();
        Ring::new(Role::Callee { user })
    }

    fn ports(bindings: &[Binding]) -> Vec<u16> {
        let port = |binding: &Binding| binding.contact.socket_addr().unwrap().port();
        bindings.iter().map(port).collect()
    }

    #[test]
    fn devices_ring_in_rounds_of_their_preference_and_newest_first_within() {
        let mut ring = ring();
        let bindings = [(1, 500), (2, 1_000), (3, 0), (4, 1_000)];
        let bindings = bindings.map(|(port, q)| binding(port, q)).to_vec();
        assert_eq!(ports(&ring.located(bindings, Devices::All)), [2, 4]);
        assert_eq!(ports(&ring.next_round().unwrap()), [1]);
        assert!(ring.has_more());
        assert_eq!(ports(&ring.next_round().unwrap()), [3]);
        assert_eq!(ring.next_round(), None);
    }

    #[test]
    fn of_a_user_with_one_device_rung_the_newest_is() {
        let bindings = vec![binding(1, 200), binding(2, 1_000)];
        assert_eq!(ports(&ring().located(bindings, Devices::Newest)), [1]);
    }

    #[test]
    fn a_crowd_of_stale_contacts_rings_no_more_than_the_limit() {
        let bindings = (1..100).map(|port| binding(port, 1_000)).collect();
        let rung = ring().located(bindings, Devices::All);
        assert_eq!(rung.len(), DEVICES_MAX);
    }

    #[test]
    fn busy_on_one_device_weighs_more_than_silence_and_a_decline_ends_it_for_all() {
        let mut ring = ring();
        ring.located(vec![binding(1, 1_000), binding(2, 1)], Devices::All);
        let busy = Gone::Refused(StatusCode::BUSY_HERE);
        assert_eq!(ring.device_over(busy), Others::RingOn);
        assert_eq!(ring.device_over(Gone::Unreachable), Others::RingOn);
        assert_eq!(ring.verdict(), busy);
        let declined = Gone::Refused(StatusCode::DECLINE);
        assert_eq!(ring.device_over(declined), Others::Stop);
        assert_eq!(ring.next_round(), None);
        assert_eq!(ring.verdict(), declined);
    }
}
