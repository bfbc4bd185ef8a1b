//! Storage that could not be read in time for the start: what was kept is taken up when it can be, where nothing newer
//! is known by then.

use crate::acd_task::Acd;
use crate::bans;
use crate::callbacks::{Callbacks, Recalled};
use crate::facts::Facts;
use crate::forgetting::Forgetting;
use crate::keeping::Keeping;
use crate::licences::Licences;
use crate::measure;
use crate::office;
use crate::quick::Quick;
use crate::reload::ConfigInForce;
use crate::wishes;
use sip::{Gate, ToAcd, Watch};
use std::sync::Arc;
use store::{Kept, Loading};
use tokio::sync::mpsc;
use web::Desk;

/// Those who take up what was kept.
pub(crate) struct Late {
    pub(crate) acd: Acd,
    pub(crate) callbacks: Callbacks,
    pub(crate) config: ConfigInForce,
    pub(crate) desk: Desk,
    pub(crate) facts: Facts,
    pub(crate) forgetting: Forgetting,
    pub(crate) gate: Arc<Gate>,
    pub(crate) keeping: Keeping,
    pub(crate) licences: Licences,
    pub(crate) quick: Quick,
    pub(crate) to_acd: mpsc::Sender<ToAcd>,
    pub(crate) watch: Arc<Watch>,
}

impl Late {
    /// Waits for what was kept, and has it taken up.
    pub(crate) async fn run(self, loading: Loading) {
        // None where the process ends before.
        if let Some((kept, taking_up)) = loading.when_read().await {
            self.take_up(kept).await;
            // Rows are written from here on.
            drop(taking_up);
            tracing::info!("what was kept has been read, and is taken up");
            self.facts.recall().await;
            measure::show_taken_up(true);
        }
    }

    async fn take_up(&self, kept: Kept) {
        self.forgetting.take_up(kept.believed_ms);
        let loaded = self.config.loaded();
        let is_account = |user: &base::UserId| loaded.directory.user(user).is_some();
        let clock = self.keeping.clock;
        let store = &self.keeping.store;
        let reachable = self.keeping.restore(kept.bindings, is_account);
        let wished = wishes::restore(&self.watch, store, kept.wishes, is_account);
        for agent in reachable.into_iter().chain(wished) {
            // The task that has the other end lives as long as the process, here and below.
            let _ = self.to_acd.send(ToAcd::DeviceChanged(agent)).await;
        }
        let _ = self.acd.take_up(kept.agents).await;
        bans::restore(&self.gate, clock, &kept.bans);
        for registered in self.keeping.registrations.list(clock.now()) {
            self.gate.vouch(clock.now(), registered.binding.flow.remote);
        }
        self.licences.take_up(kept.licences, kept.activations);
        self.licences.follow(&self.config.loaded());
        self.quick.take_up(&kept.quick_closes).await;
        office::take_up(
            &self.desk,
            kept.tokens,
            kept.sessions,
            kept.credentials,
            kept.second_factors,
        );
        let recalled = Recalled::of(kept.callbacks, kept.staff);
        let _ = self.callbacks.take_up(recalled).await;
    }
}
