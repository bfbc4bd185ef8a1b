//! Who was in queues, as a log that `kolapp simulate --from-log` reads: of the time that is asked for, and of the queues that
//! whoever asks sees.

use super::clock_of;
use crate::commands::Commands;
use crate::ctl::protocol::{Failure, TrafficRequest};
use crate::documents::Answer;
use crate::hours::unix_now;
use base::{QueueId, UserId};
use control::{Command, Principal, TrafficCommand};
use jiff::Timestamp;
use sim::{Does, Duty, Row};
use std::collections::BTreeSet;

impl Commands {
    pub(crate) fn resolve_traffic(&self, request: &TrafficRequest) -> Result<Command, Failure> {
        let (clock, _) = clock_of(&self.0.config.loaded(), None)?;
        let now = unix_now();
        let moment_ms = |text: &Option<String>| match text {
            Some(text) => {
                let moment = clock.moment(text, now);
                let moment = moment.map_err(|invalid| Failure::new(invalid.to_string()))?;
                Ok(Some(
                    u64::try_from(moment).unwrap_or(0).saturating_mul(1_000),
                ))
            }
            None => Ok(None),
        };
        let (from_ms, until_ms) = (moment_ms(&request.from)?, moment_ms(&request.to)?);
        if from_ms
            .zip(until_ms)
            .is_some_and(|(from, until)| from >= until)
        {
            return Err(Failure::new("expected a beginning before the end"));
        }
        Ok(Command::ReportTraffic(TrafficCommand { from_ms, until_ms }))
    }

    pub(crate) async fn report_traffic(
        &self,
        by: &Principal,
        command: TrafficCommand,
    ) -> Result<Answer, Failure> {
        let rows = self.0.facts.traffic(command).await;
        let rows = rows.map_err(|error| Failure::new(error.to_string()))?;
        let sight = self.0.config.loaded().sight.clone();
        let is_he = |agent: &UserId| matches!(by, Principal::User { user, .. } if user == agent);
        let seen = seen(rows, |queue| sight.sees(by, queue), is_he);
        let lines = seen.iter().map(|row| row.line(Timestamp::UNIX_EPOCH));
        Ok(Answer::Traffic(lines.collect()))
    }
}

/// The rows of queues that somebody sees. An agent's pauses are told where he is logged in to one of them, and his own to
/// himself.
fn seen(
    rows: Vec<Row>,
    sees: impl Fn(&QueueId) -> bool,
    is_he: impl Fn(&UserId) -> bool,
) -> Vec<Row> {
    let mut there: BTreeSet<UserId> = BTreeSet::new();
    let shown = rows.into_iter().filter_map(|row| match row {
        Row::Call(call) => sees(&call.queue).then_some(Row::Call(call)),
        Row::Duty(duty) => {
            let Duty { at, agent, does } = duty;
            let own = is_he(&agent);
            let some = |queues: BTreeSet<QueueId>| -> Option<BTreeSet<QueueId>> {
                let seen = queues.into_iter().filter(|queue| own || sees(queue));
                let seen: BTreeSet<QueueId> = seen.collect();
                (!seen.is_empty()).then_some(seen)
            };
            let does = match does {
                Does::LogIn(queues) => Does::LogIn(some(queues)?),
                Does::LogOut(queues) => Does::LogOut(some(queues)?),
                Does::Pause | Does::Resume if !own && !there.contains(&agent) => return None,
                other => other,
            };
            if let Does::LogIn(_) = does {
                there.insert(agent.clone());
            }
            Some(Row::Duty(Duty { at, agent, does }))
        }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Time;

    fn duty(agent: &str, does: Does) -> Row {
        let (at, agent) = (Time::ZERO, agent.parse().unwrap());
        Row::Duty(Duty { at, agent, does })
    }

    fn queues(names: &[&str]) -> BTreeSet<QueueId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn of_an_agent_in_queues_that_somebody_does_not_see_nothing_is_told() {
        let both = ["demo/sales", "demo/support"];
        let rows = || {
            vec![
                duty("demo/anna", Does::LogIn(queues(&both))),
                duty("demo/bosse", Does::LogIn(queues(&both[..1]))),
                duty("demo/bosse", Does::Pause),
                duty("demo/anna", Does::Pause),
                duty("demo/anna", Does::LogOut(queues(&both[..1]))),
            ]
        };
        let support = |queue: &QueueId| queue.name() == "support";
        let told = seen(rows(), support, |_| false);
        let anna_in_support = [
            duty("demo/anna", Does::LogIn(queues(&both[1..]))),
            duty("demo/anna", Does::Pause),
        ];
        assert_eq!(told, anna_in_support);
        let to_bosse = seen(rows(), support, |agent| agent.name() == "bosse");
        assert_eq!(to_bosse.len(), 4);
        assert_eq!(seen(rows(), |_| true, |_| false), rows());
    }
}
