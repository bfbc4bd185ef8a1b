//! Keeping trunks up: which of them are this shard's, their registrations' and probes' requests and answers, and what
//! all shards and people are told of them. What is to be sent when is decided in `crate::upkeep`.

use super::{Due, Mark, Shard};
use crate::crosswise::Crosswise;
use crate::input::{Asker, Output};
use crate::settings::Directory;
use crate::tag::shard_of_trunk;
use crate::trunk::Outward;
use crate::upkeep::{
    Around, Errand, ErrandKind, Heard, Probe, Registration, TrunkSeen, Upkeep, Wanted, Wish,
    place_of, terms_of,
};
use base::{ShardId, Time, TrunkId, UpkeepId};
use bytes::Bytes;
use sip_core::Flow;
use sip_core::transaction;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What keeps a way by UDP open: nothing in it is to be answered (RFC 5626 §3.5.1 has an answer on streams only).
const KEEP_ALIVE: &[u8] = b"\r\n\r\n";

/// What the two machines of a trunk want done.
type Wishes = [Option<Wish>; 2];

impl Shard {
    /// Begins with trunks that are new in the settings, takes up what has changed, and leaves those that are gone.
    /// `before` are the settings of until now.
    pub(super) fn look_after_trunks(
        &mut self,
        now: Time,
        before: &Directory,
        out: &mut Vec<Output>,
    ) {
        self.timers.disarm(&Due::Trunks);
        let directory = Arc::clone(&self.directory);
        let known: Vec<(UpkeepId, TrunkId)> = self
            .upkeeps
            .values()
            .filter(|upkeep| upkeep.is_kept())
            .map(|upkeep| (upkeep.id, upkeep.trunk.clone()))
            .collect();
        for (id, trunk) in &known {
            let place = self.upkeep(*id).map(|upkeep| upkeep.place);
            match kept_up(&directory, trunk) {
                Some(outward) if Some(place_of(outward)) == place => self.adapt(now, *id, out),
                _ => self.forget_trunk(now, *id, before, out),
            }
        }
        if self.draining.is_some() {
            return;
        }
        let organisations = directory.organisations.values();
        for (trunk, _) in organisations.flat_map(|organisation| &organisation.trunks) {
            let is_ours = shard_of_trunk(trunk) == self.id;
            let keeps = |upkeep: &Upkeep| upkeep.trunk == *trunk && upkeep.is_kept();
            let is_new = || !self.upkeeps.values().any(keeps);
            if is_ours && let Some(outward) = kept_up(&directory, trunk).filter(|_| is_new()) {
                self.stay_after_all(trunk, place_of(outward));
                self.begin_with_trunk(now, trunk, outward, out);
            }
        }
    }

    fn begin_with_trunk(
        &mut self,
        now: Time,
        trunk: &TrunkId,
        outward: &Outward,
        out: &mut Vec<Output>,
    ) {
        let shard = self.id;
        let registers = outward.keep.register.is_some();
        let registration = registers.then(|| Registration::new(now, &mut self.rng));
        let mut upkeep = Upkeep {
            id: UpkeepId {
                shard,
                slot: 0,
                generation: 0,
            },
            trunk: trunk.clone(),
            place: place_of(outward),
            terms: terms_of(outward),
            registration,
            probe: outward.keep.probe.map(|_| Probe::new(now)),
            shown: None,
            leaving: None,
        };
        let mut id = upkeep.id;
        self.upkeeps.insert_with(|place| {
            id.slot = place.slot;
            id.generation = place.generation;
            upkeep.id = id;
            upkeep
        });
        self.upkeep_due(now, id, out);
    }

    /// The settings of a trunk may have changed, but not where we register.
    fn adapt(&mut self, now: Time, id: UpkeepId, out: &mut Vec<Output>) {
        self.step_upkeep(now, id, out, |upkeep, around| {
            let keep = &around.outward.keep;
            if keep.probe.is_some() != upkeep.probe.is_some() {
                upkeep.probe = keep.probe.map(|_| Probe::new(around.now));
            }
            let terms = terms_of(around.outward);
            let changed = std::mem::replace(&mut upkeep.terms, terms) != terms;
            let renewed = upkeep
                .registration
                .as_mut()
                .zip(keep.register.as_ref())
                .filter(|_| changed)
                .and_then(|(registration, register)| registration.renew(around, register));
            [renewed, None]
        });
    }

    /// The settings know nothing of a trunk any more: nobody hears of it from now on, but its registrar is told so, and
    /// whatever it asks for before it believes that.
    fn forget_trunk(&mut self, now: Time, id: UpkeepId, before: &Directory, out: &mut Vec<Output>) {
        let Some(upkeep) = self.upkeeps.at_mut(id.slot, id.generation) else {
            return;
        };
        let trunk = upkeep.trunk.clone();
        let known = kept_up(before, &trunk).filter(|_| upkeep.registration.is_some());
        upkeep.leaving = known.map(|outward| Box::new(outward.clone()));
        upkeep.probe = None;
        self.tell_of_trunk(&trunk, None, out);
        out.push(Output::TrunkForgotten(trunk));
        match known {
            Some(_) => self.leave_registrar(now, id, out),
            None => self.drop_upkeep(id),
        }
    }

    fn leave_registrar(&mut self, now: Time, id: UpkeepId, out: &mut Vec<Output>) {
        self.step_upkeep(now, id, out, |upkeep, around| {
            let register = around.outward.keep.register.as_ref();
            let left = upkeep
                .registration
                .as_mut()
                .zip(register)
                .and_then(|(registration, register)| registration.leave(around, register));
            [left, None]
        });
    }

    fn drop_upkeep(&mut self, id: UpkeepId) {
        self.timers.disarm(&Due::Trunk(id));
        self.upkeeps.remove(id.slot, id.generation);
    }

    /// A trunk registers again where it was about to leave: what it still has to say would undo what is said now.
    fn stay_after_all(&mut self, trunk: &TrunkId, place: u64) {
        let of_it =
            |upkeep: &&Upkeep| !upkeep.is_kept() && upkeep.trunk == *trunk && upkeep.place == place;
        let leaving: Vec<UpkeepId> = self
            .upkeeps
            .values()
            .filter(of_it)
            .map(|it| it.id)
            .collect();
        leaving.into_iter().for_each(|id| self.drop_upkeep(id));
    }

    /// Nobody is to send us calls any more.
    pub(super) fn leave_registrars(&mut self, now: Time, out: &mut Vec<Output>) {
        for id in self.upkeep_ids() {
            self.leave_registrar(now, id, out);
        }
    }

    pub(super) fn upkeep_due(&mut self, now: Time, id: UpkeepId, out: &mut Vec<Output>) {
        self.step_upkeep(now, id, out, |upkeep, around| {
            let keep = &around.outward.keep;
            let registration = upkeep.registration.as_mut().zip(keep.register.as_ref());
            let probe = upkeep.probe.as_mut().zip(keep.probe);
            [
                registration.and_then(|(machine, register)| machine.due(around, register)),
                probe.and_then(|(machine, every)| machine.due(around, every)),
            ]
        });
    }

    /// A call of this shard found that a trunk does not answer: whoever probes it is to look.
    pub(super) fn doubt_trunk(&self, trunk: &TrunkId, out: &mut Vec<Output>) {
        if kept_up(&self.directory, trunk).is_some_and(|outward| outward.keep.probe.is_some()) {
            let trunk = trunk.clone();
            self.tell(Crosswise::TrunkSilent { trunk }, out);
        }
    }

    /// A call of some shard's found that a trunk does not answer.
    pub(super) fn trunk_silent(&mut self, now: Time, trunk: &TrunkId, out: &mut Vec<Output>) {
        let keeps = |upkeep: &&Upkeep| upkeep.trunk == *trunk && upkeep.is_kept();
        let found = self.upkeeps.values().find(keeps);
        let Some(id) = found.map(|upkeep| upkeep.id) else {
            return;
        };
        self.step_upkeep(now, id, out, |upkeep, around| {
            let probe = upkeep.probe.as_mut();
            [None, probe.and_then(|probe| probe.doubt(around))]
        });
    }

    /// What became of an errand, for the machine that sent on it.
    pub(super) fn trunk_heard(
        &mut self,
        now: Time,
        errand: Errand,
        heard: Heard<'_>,
        out: &mut Vec<Output>,
    ) {
        let attempt = errand.attempt;
        self.step_upkeep(now, errand.upkeep, out, |upkeep, around| {
            let keep = &around.outward.keep;
            match errand.kind {
                ErrandKind::Register => {
                    let machine = upkeep.registration.as_mut().zip(keep.register.as_ref());
                    let wish = machine.and_then(|(machine, register)| {
                        machine.heard(around, register, attempt, heard)
                    });
                    [wish, None]
                }
                ErrandKind::Probe => {
                    let machine = upkeep.probe.as_mut().zip(keep.probe);
                    let wish = machine
                        .and_then(|(machine, every)| machine.heard(around, every, attempt, heard));
                    [None, wish]
                }
            }
        });
    }

    /// Trunks that were registered over a connection that has ended are registered anew.
    pub(super) fn connection_lost(&mut self, now: Time, lost: &Flow, out: &mut Vec<Output>) {
        for id in self.upkeep_ids() {
            self.step_upkeep(now, id, out, |upkeep, around| {
                if let Some(registration) = &mut upkeep.registration {
                    registration.connection_lost(around, lost);
                }
                [None, None]
            });
        }
    }

    /// What another shard knows of a trunk; perhaps of one that our settings don't know yet.
    pub(super) fn trunk_told(&mut self, trunk: TrunkId, seen: Option<TrunkSeen>) {
        match seen {
            Some(seen) => {
                self.trunks_seen.insert(trunk, seen);
            }
            None => {
                self.trunks_seen.remove(&trunk);
            }
        }
    }

    /// One thing happens to a trunk's machines; what they want is done, and whoever wants to know is told.
    fn step_upkeep(
        &mut self,
        now: Time,
        id: UpkeepId,
        out: &mut Vec<Output>,
        act: impl FnOnce(&mut Upkeep, &mut Around<'_>) -> Wishes,
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(upkeep) = self.upkeeps.at_mut(id.slot, id.generation) else {
            return;
        };
        let trunk = upkeep.trunk.clone();
        let leaving = upkeep.leaving.clone();
        let known = leaving.as_deref().or_else(|| kept_up(&directory, &trunk));
        let Some(outward) = known else {
            return;
        };
        let mut around = Around {
            now,
            trunk: &trunk,
            outward,
            addresses: &directory.addresses,
            rng: &mut self.rng,
        };
        let wishes = act(upkeep, &mut around);
        let (deadline, seen, view) = (upkeep.deadline(), upkeep.seen(), upkeep.view(now));
        if leaving.is_none() && upkeep.shown.as_ref() != Some(&view) {
            upkeep.shown = Some(view.clone());
            out.push(Output::TrunkChanged(view));
        }
        match deadline {
            Time::NEVER if leaving.is_some() => self.drop_upkeep(id),
            Time::NEVER => self.timers.disarm(&Due::Trunk(id)),
            at => self.timers.arm(Due::Trunk(id), at),
        }
        if leaving.is_none() {
            self.tell_of_trunk(&trunk, Some(seen), out);
        }
        let kinds = [ErrandKind::Register, ErrandKind::Probe];
        for (kind, wish) in kinds.into_iter().zip(wishes) {
            if let Some(wish) = wish {
                self.fulfil(now, id, kind, wish, out);
            }
        }
    }

    fn fulfil(
        &mut self,
        now: Time,
        upkeep: UpkeepId,
        kind: ErrandKind,
        wish: Wish,
        out: &mut Vec<Output>,
    ) {
        let errand = Errand {
            upkeep,
            kind,
            attempt: wish.attempt,
        };
        match wish.what {
            Wanted::Addresses(uri) => out.push(Output::Resolve {
                asker: Asker::Trunk(errand),
                uri,
            }),
            Wanted::KeptOpen(flow) => {
                let bytes = Bytes::from_static(KEEP_ALIVE);
                out.push(Output::Transmit { flow, bytes });
            }
            Wanted::Sent(flow, request) => {
                let send = transaction::Input::Send {
                    user: Mark::Trunk(errand),
                    flow,
                    request: *request,
                };
                self.transact(now, send, out);
            }
        }
    }

    /// Tells every other shard, if it is news.
    fn tell_of_trunk(&mut self, trunk: &TrunkId, seen: Option<TrunkSeen>, out: &mut Vec<Output>) {
        let seen = seen.filter(|seen| *seen != TrunkSeen::default());
        if self.trunks_seen.get(trunk) == seen.as_ref() {
            return;
        }
        match seen.clone() {
            Some(seen) => {
                self.trunks_seen.insert(trunk.clone(), seen);
            }
            None => {
                self.trunks_seen.remove(trunk);
            }
        }
        for shard in (0..ShardId::COUNT).map(ShardId) {
            if shard != self.id {
                let told = Crosswise::Trunk {
                    shard,
                    trunk: trunk.clone(),
                    seen: seen.clone(),
                };
                self.tell(told, out);
            }
        }
    }

    /// What is known of trunks that some shard keeps up.
    pub fn trunks_seen(&self) -> &BTreeMap<TrunkId, TrunkSeen> {
        &self.trunks_seen
    }

    fn upkeep(&self, id: UpkeepId) -> Option<&Upkeep> {
        self.upkeeps.at(id.slot, id.generation)
    }

    fn upkeep_ids(&self) -> Vec<UpkeepId> {
        self.upkeeps.values().map(|upkeep| upkeep.id).collect()
    }
}

/// Whether this shard is to keep any trunk up.
pub(super) fn has_trunks_of(directory: &Directory, shard: ShardId) -> bool {
    let organisations = directory.organisations.values();
    organisations
        .flat_map(|organisation| organisation.trunks.keys())
        .any(|trunk| shard_of_trunk(trunk) == shard && kept_up(directory, trunk).is_some())
}

/// The settings of a trunk that is to be kept up.
fn kept_up<'a>(directory: &'a Directory, trunk: &TrunkId) -> Option<&'a Outward> {
    let organisation = directory.organisations.get(&trunk.org())?;
    let outward = organisation.trunks.get(trunk)?.outward.as_ref()?;
    outward.keep.is_active().then_some(outward)
}
