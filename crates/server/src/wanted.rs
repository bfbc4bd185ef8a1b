//! What calls ask to have done that takes the whole server: carried out as any command is, and answered.

use crate::commands::Commands;
use call::closing::Done;
use sip::{Mailboxes, ShardInput, Wanted};
use tokio::sync::mpsc;

/// Wanteds that wait: more people than close queues by telephone at once.
pub(crate) const WAITING_MAX: usize = 64;

/// Carries out what is asked for, one call after the other; never ends by itself.
pub(crate) async fn run(
    mut wanted: mpsc::Receiver<Wanted>,
    commands: Commands,
    mailboxes: Mailboxes,
) {
    while let Some(Wanted {
        call,
        commands: asked,
    }) = wanted.recv().await
    {
        let mut done = Done::Yes;
        for command in asked {
            if let Err(failure) = commands.carry_out(command).await {
                tracing::warn!(%call, %failure, "what a call asked for was not done");
                done = Done::No;
            }
        }
        let told = ShardInput::CarriedOut { call, done };
        // A task that is gone has no calls left.
        let _ = mailboxes.inputs(told.task(&mailboxes)).send(told).await;
    }
}
