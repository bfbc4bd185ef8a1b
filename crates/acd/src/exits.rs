//! Decisions on callers who are sent elsewhere: who waited as long as he may, or whose queue has nobody to take him.

use crate::engine::{Engine, Step};
use crate::line::Place;
use crate::output::RefuseCause;
use crate::queue::{Queue, Stage};
use crate::settings::Applies;
use crate::staff::Staff;
use crate::table::Number;
use base::CallId;
use std::collections::BTreeSet;

impl Queue {
    /// Why nobody is held to be there, by the first rule that says so and `counts`.
    pub(crate) fn absent(&self, counts: impl Fn(Applies) -> bool) -> Option<RefuseCause> {
        let exits = &self.rules.as_ref()?.exits;
        let Staff {
            reachable,
            unpaused,
            ..
        } = self.staff;
        let rules = [
            (
                self.logged_in.is_empty(),
                exits.no_agents,
                RefuseCause::NoAgents,
            ),
            (
                reachable == 0,
                exits.none_reachable,
                RefuseCause::NoneReachable,
            ),
            (unpaused == 0, exits.all_paused, RefuseCause::AllPaused),
        ];
        let mut rules = rules.into_iter();
        let rule = rules.find(|(nobody, applies, _)| *nobody && counts(*applies));
        rule.map(|(.., cause)| cause)
    }

    /// Why those who wait are to go, if they are.
    fn deserted_by(&self) -> Option<RefuseCause> {
        let for_all = |applies| applies == Applies::Everybody;
        self.absent(for_all).filter(|_| !self.line.is_empty())
    }

    /// Enters the queue among the deserted exactly when its callers are to go.
    pub(crate) fn note_desertion(&self, own: Number, deserted: &mut BTreeSet<Number>) {
        match self.deserted_by() {
            Some(_) => deserted.insert(own),
            None => deserted.remove(&own),
        };
    }
}

impl Engine {
    /// Who stands in line there, first to last.
    pub(crate) fn standing_in(&self, own: Number) -> Vec<CallId> {
        let in_line = self
            .callers
            .iter()
            .filter(|(_, caller)| caller.at == own && !matches!(caller.stage, Stage::Connected(_)));
        let mut standing: Vec<(Place, CallId)> = in_line
            .map(|(call, caller)| (caller.place, *call))
            .collect();
        standing.sort_unstable();
        standing.into_iter().map(|(_, call)| call).collect()
    }
}

impl Step<'_> {
    /// Sends the callers of deserted queues elsewhere.
    pub(crate) fn clear_deserted(&mut self) {
        while let Some(own) = self.engine.deserted.first().copied() {
            let queue = self.engine.queues.get(own);
            let Some(cause) = queue.and_then(Queue::deserted_by) else {
                return;
            };
            for call in self.engine.standing_in(own) {
                self.expel(call, cause);
            }
        }
    }
}
