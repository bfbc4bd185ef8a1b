//! Has whoever reads the live events told of queues and agents: which have changed, which are no more, and that who sees what has
//! become another.

use crate::desk::Desk;
use crate::floor::Floor;
use base::OrgId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often it is told: people see no more, and a busy queue changes with every call.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// Looks at the floors of which somebody reads. What changes while nobody reads of an organisation is told to whoever comes next.
pub struct Follower {
    desk: Desk,
    /// What was told last, of those that are read of.
    told: BTreeMap<OrgId, Arc<Floor>>,
}

impl Follower {
    /// One that has told nothing yet.
    pub fn new(desk: Desk) -> Follower {
        let told = BTreeMap::new();
        Follower { desk, told }
    }

    /// Looks once a second. Never ends by itself.
    pub async fn run(mut self) {
        let mut every = interval(TOLD_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            self.look().await;
        }
    }

    /// Looks once.
    pub async fn look(&mut self) {
        let office = self.desk.office();
        let organisations = self.read_of().await;
        self.told.retain(|org, _| organisations.contains(org));
        for org in organisations {
            // One that others have had made since is as good as one that is made for this.
            if let Ok(floor) = office.floor(&org, self.told.get(&org)).await {
                office.changes().tell_floor(&org, &floor);
                self.told.insert(org, floor);
            }
        }
        // After what was removed, so that it is gone for whoever saw it until now.
        office.changes().tell_sight(&office.sight());
    }

    /// The organisations of which somebody reads, also those that are no more, of whose queues he is still to hear that they are
    /// gone.
    async fn read_of(&self) -> BTreeSet<OrgId> {
        let office = self.desk.office();
        let read = self.desk.streams().read_of();
        let mut organisations = read.organisations;
        if read.all
            && let Ok(all) = office.organisations().await
        {
            organisations.extend(all.iter().cloned());
            organisations.extend(office.changes().organisations());
        }
        organisations
    }
}
