//! People's own calls, as they see them away from their telephones, and what they do with them; and whether their colleagues are
//! there.

use crate::commands::Commands;
use crate::ctl::protocol::Failure;
use crate::documents::Answer;
use base::{CallId, OrgId, QueueId, Time, UserId};
use call::own_call::{Held, Stage, Taking};
use call::watched::Line;
use callback::Utc;
use control::{CallAct, OwnCallCommand, OwnCallRefusal, Permitted};
use sip_core::dialog_info::{Phase, Side};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use tokio::sync::watch;
use web::{CallStageView, Colleague, Directory, HeldView, OwnCallView, Reached, TakingView};

impl Commands {
    /// Has the shard that has the call do it.
    pub(crate) async fn own_call(
        &self,
        command: Permitted<OwnCallCommand>,
    ) -> Result<Answer, Failure> {
        let OwnCallCommand { user, act } = command.command();
        let now = self.0.clock.now();
        if matches!(act, CallAct::Dial { .. }) && self.0.registrations.of(now, user).is_empty() {
            return Err(refused(OwnCallRefusal::NoTelephone));
        }
        match self.0.mailboxes.own_call(command).await {
            Some(done) => done.map(|()| Answer::Changed).map_err(refused),
            None => Err(Failure::new("nobody is there to do it: the server stops")),
        }
    }

    /// The calls that somebody has now, those that he talks in first.
    pub(crate) fn own_calls(&self, user: &UserId) -> Vec<OwnCallView> {
        let wall = self.0.clock.wall(self.0.clock.now());
        let utc = |at: Time| Utc::from_seconds(wall.unix_seconds(at));
        let calls = by_call(self.0.watch.lines(user));
        let views = calls.into_iter().map(|line| view(&line, utc));
        views.collect()
    }

    /// Told whenever those change.
    pub(crate) fn own_calls_changes(&self, user: &UserId) -> watch::Receiver<u64> {
        self.0.watch.follow(user)
    }

    /// Who and what of an organisation has a number within it.
    pub(crate) fn directory(&self, org: &OrgId) -> Directory {
        let loaded = self.0.config.loaded();
        let now = self.0.clock.now();
        let Some(organisation) = loaded.directory.organisations.get(org) else {
            return Directory::default();
        };
        let numbered =
            |queue: &QueueId| Some((queue.clone(), organisation.extension_of(queue)?.into()));
        let queues = organisation.queues.keys().filter_map(numbered).collect();
        let colleagues = organisation.users.iter().map(|(user, account)| Colleague {
            user: user.clone(),
            display_name: account.display_name.as_deref().map(Into::into),
            number: account.extension.as_deref().map(Into::into),
            reached: match reached(&self.0.watch.lines(user)) {
                Reached::Idle if self.0.registrations.of(now, user).is_empty() => Reached::Nowhere,
                reached => reached,
            },
        });
        Directory {
            colleagues: colleagues.collect(),
            queues,
        }
    }
}

fn refused(refusal: OwnCallRefusal) -> Failure {
    Failure {
        own_call: Some(refusal),
        ..Failure::new(refusal.to_string())
    }
}

/// One line a call: several telephones that ring for one are one call, named by the first of those that one can do most with.
fn by_call(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort_by_key(|line| (line.phase != Phase::Confirmed, line.leg));
    let mut calls: BTreeMap<CallId, (usize, Line)> = BTreeMap::new();
    for (place, line) in lines.into_iter().enumerate() {
        match calls.entry(line.own.call) {
            Entry::Vacant(new) => {
                new.insert((place, line));
            }
            Entry::Occupied(mut known) => {
                let (_, first) = known.get_mut();
                // The telephone that he talks on names it, whatever else of his rings for the call.
                if first.phase != Phase::Confirmed && line.own.taking > first.own.taking {
                    *first = line;
                }
            }
        }
    }
    let mut calls: Vec<(usize, Line)> = calls.into_values().collect();
    calls.sort_by_key(|(place, _)| *place);
    calls.into_iter().map(|(_, line)| line).collect()
}

fn view(line: &Line, utc: impl Fn(Time) -> Utc) -> OwnCallView {
    let own = &line.own;
    OwnCallView {
        id: line.leg,
        stage: match own.stage {
            Stage::Offered => CallStageView::Offered,
            Stage::Ringing => CallStageView::Ringing,
            Stage::Dialling => CallStageView::Dialling,
            Stage::Calling => CallStageView::Calling,
            Stage::Talking => CallStageView::Talking,
            Stage::Sending => CallStageView::Sending,
        },
        number: own.number.as_deref().map(Into::into),
        name: own.name.as_deref().map(Into::into),
        colleague: own.colleague.clone(),
        queue: own.queue.clone(),
        arrived: utc(own.arrived),
        connected: own.connected.map(utc),
        held: match own.held {
            Held::No => HeldView::No,
            Held::OnPhone => HeldView::OnPhone,
            Held::ByCommand => HeldView::ByCommand,
        },
        taking: match own.taking {
            Taking::OnPhone => TakingView::OnPhone,
            Taking::Refused => TakingView::Refused,
            Taking::Possible => TakingView::Possible,
            Taking::Asked => TakingView::Asked,
        },
    }
}

fn reached(lines: &[Line]) -> Reached {
    let in_call = |line: &Line| line.phase == Phase::Confirmed || line.side == Side::Initiator;
    match lines.iter().any(in_call) {
        true => Reached::InCall,
        false if lines.is_empty() => Reached::Idle,
        false => Reached::Rings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use call::own_call::OwnCall;
    use sip_core::dialog_info::Rendering;

    fn line(leg: &str, call: &str, phase: Phase) -> Line {
        Line {
            leg: leg.parse().unwrap(),
            phase,
            side: Side::Recipient,
            rendering: Rendering::Heard,
            remote: "sip:102@demo.localhost".into(),
            own: Box::new(OwnCall {
                call: call.parse().unwrap(),
                stage: Stage::Ringing,
                number: Some("102".into()),
                name: None,
                colleague: None,
                queue: None,
                arrived: Time::ZERO,
                connected: None,
                held: Held::No,
                taking: Taking::OnPhone,
            }),
        }
    }

    #[test]
    fn telephones_that_ring_for_one_call_are_one_and_what_one_talks_in_comes_first() {
        let lines = vec![
            line("l1-2-1", "c1-1-1", Phase::Early),
            line("l1-1-1", "c1-1-1", Phase::Early),
            line("l2-1-1", "c2-1-1", Phase::Confirmed),
        ];
        let legs: Vec<String> = by_call(lines).iter().map(|it| it.leg.to_string()).collect();
        assert_eq!(legs, ["l2-1-1", "l1-1-1"]);
    }

    #[test]
    fn of_telephones_that_ring_for_one_call_the_one_that_answers_when_told_to_names_it() {
        let first = line("l1-1-1", "c1-1-1", Phase::Early);
        let mut second = line("l1-2-1", "c1-1-1", Phase::Early);
        second.own.taking = Taking::Possible;
        let third = line("l1-3-1", "c2-1-1", Phase::Early);
        let legs = |lines| -> Vec<String> {
            let calls = by_call(lines);
            calls.iter().map(|it| it.leg.to_string()).collect()
        };
        let told = legs(vec![third, second.clone(), first]);
        assert_eq!(told, ["l1-2-1", "l1-3-1"]);
        let talks = line("l1-4-1", "c1-1-1", Phase::Confirmed);
        assert_eq!(legs(vec![second, talks]), ["l1-4-1"]);
    }

    #[test]
    fn somebody_who_is_on_his_way_to_another_is_in_a_call_and_whose_telephone_rings_is_not() {
        let rings = line("l1-1-1", "c1-1-1", Phase::Early);
        let mut calls = rings.clone();
        calls.side = Side::Initiator;
        assert_eq!(reached(&[]), Reached::Idle);
        assert_eq!(reached(std::slice::from_ref(&rings)), Reached::Rings);
        assert_eq!(reached(&[rings, calls]), Reached::InCall);
    }
}
