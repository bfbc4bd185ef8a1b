//! What calls ask to have done that takes the whole server: carried out as any command is, and answered.

use crate::audit::Way;
use crate::commands::Commands;
use call::closing::CarriedOut;
use sip::{Mailboxes, ShardInput, Wanted};
use std::time::Duration;
use tokio::sync::mpsc;

/// Wanteds that wait: more people than close queues by telephone at once.
pub(crate) const WAITING_MAX: usize = 64;

/// How late something is begun at most. The caller is told after 20 s that it was not done; storage may take 5 s of these.
const BEGUN_WITHIN: Duration = Duration::from_secs(12);

/// Carries out what is asked for, one call after the other; never ends by itself.
pub(crate) async fn run(
    mut wanted: mpsc::Receiver<Wanted>,
    commands: Commands,
    mailboxes: Mailboxes,
) {
    while let Some(Wanted {
        call,
        commands: asked,
        asked_at,
    }) = wanted.recv().await
    {
        let mut done = CarriedOut::Yes;
        for command in asked {
            if asked_at.elapsed() > BEGUN_WITHIN {
                tracing::warn!(%call, "what a call asked for waited too long, and was not done");
                done = CarriedOut::No;
                break;
            }
            if let Err(failure) = commands.carry_out(command, Way::Phone).await {
                tracing::warn!(%call, %failure, "what a call asked for was not done");
                done = CarriedOut::No;
            }
        }
        let told = ShardInput::CarriedOut { call, done };
        // A task that is gone has no calls left.
        let _ = mailboxes.inputs(told.task(&mailboxes)).send(told).await;
    }
}
