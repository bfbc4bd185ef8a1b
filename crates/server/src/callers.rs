//! Callers in a queue's line, as its supervisor sees them: the engine knows their places, the shards their numbers.

use crate::commands::Commands;
use crate::ctl::protocol::{CallerAct, CallersRequest, Failure};
use crate::documents::Answer;
use crate::hours::find;
use crate::keeping::{moment, written_utc};
use base::{CallId, QueueId, Time};
use call::CallView;
use control::{Command, QueueCommand};
use std::collections::BTreeMap;
use std::sync::Arc;
use web::{CallerRow, CallersInLine};

/// Callers that are shown: whoever stands further back is not next for anything.
const CALLERS_SHOWN_MAX: usize = 100;

impl Commands {
    pub(crate) fn resolve_callers(&self, request: CallersRequest) -> Result<Command, Failure> {
        let loaded = self.0.config.loaded();
        let found = find(&loaded.directory, &request.queue);
        let (queue, _) = found.map_err(|error| Failure::new(error.to_string()))?;
        let call = |text: &str| -> Result<CallId, Failure> {
            let expected = format!("expected a call as `queue callers` shows it, got {text:?}");
            text.parse().map_err(|_| Failure::new(expected))
        };
        Ok(match request.act {
            None => Command::ShowCallers { queue },
            Some(CallerAct::PutForward { caller, place }) => {
                Command::Queue(QueueCommand::PutForward {
                    queue,
                    call: call(&caller)?,
                    to: place,
                })
            }
            Some(CallerAct::Give { caller, agent }) => Command::Queue(QueueCommand::Give {
                queue,
                call: call(&caller)?,
                agent: self.user(&agent)?,
            }),
        })
    }

    pub(crate) async fn callers(&self, queue: &QueueId) -> Result<Answer, Failure> {
        let in_line = self.0.acd.in_line(queue.clone(), CALLERS_SHOWN_MAX).await;
        let (line, total) = in_line.map_err(|gone| Failure::new(gone.to_string()))?;
        let ids: Arc<[CallId]> = line.iter().map(|it| it.call).collect();
        let calls = self.0.mailboxes.calls_of(ids).await.into_iter();
        let calls: BTreeMap<CallId, CallView> = calls.map(|call| (call.id, call)).collect();
        let at = moment(self.0.clock);
        let rows = line.into_iter().map(|caller| {
            let call = calls.get(&caller.call);
            let shown = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            CallerRow {
                call: caller.call.to_string(),
                place: caller.place,
                caller: call.and_then(|call| shown(&call.caller)),
                dialled: call.and_then(|call| shown(&call.dialled)),
                arrived: written(at.utc_ms, at.now, caller.arrived),
                waited_s: (at.now - caller.arrived).as_secs(),
                priority: caller.priority,
                offered_to: caller.offered_to,
                chooses: caller.chooses,
            }
        });
        Ok(Answer::Callers(CallersInLine {
            callers: rows.collect(),
            total,
            at: written(at.utc_ms, at.now, at.now),
        }))
    }
}

/// A moment of the process's clock as it is written, where the clock on the wall shows `utc_ms` now.
fn written(utc_ms: u64, now: Time, then: Time) -> String {
    let ago = u64::try_from((now - then).as_millis()).unwrap_or(u64::MAX);
    written_utc(utc_ms.saturating_sub(ago))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_the_process_is_told_as_one_of_the_day() {
        let (now, then) = (Time::from_millis(90_500), Time::from_millis(30_000));
        assert_eq!(
            written(1_795_000_000_500, now, then),
            "2026-11-18T11:05:40Z"
        );
        assert_eq!(written(1_795_000_000_500, now, now), "2026-11-18T11:06:40Z");
    }
}
