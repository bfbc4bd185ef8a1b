//! Whose bindings have changed since somebody last asked: for whoever keeps them over a restart. A set, so what is
//! changed a hundred times before it is asked for is told once, and it is no larger than the accounts are many.

use base::UserId;
use sip_core::registrar::Update;
use std::collections::BTreeSet;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Whose bindings have changed.
#[derive(Debug, Default)]
pub struct Changes {
    changed: Mutex<BTreeSet<UserId>>,
    /// Whose bindings only last longer, or have ended at their time: a phone says so every few minutes, and what was
    /// kept before is true meanwhile.
    prolonged: Mutex<BTreeSet<UserId>>,
    bell: Notify,
}

impl Changes {
    pub(super) fn note(&self, user: &UserId, update: Update) {
        match update {
            Update::Nothing => {}
            Update::Prolonged => {
                let mut prolonged = lock(&self.prolonged);
                if !prolonged.contains(user) {
                    prolonged.insert(user.clone());
                }
            }
            Update::Changed => {
                let mut changed = lock(&self.changed);
                if changed.insert(user.clone()) && changed.len() == 1 {
                    self.bell.notify_one();
                }
            }
        }
    }

    /// Waits until there are some that lead elsewhere than before, and takes them.
    pub async fn changed(&self) -> BTreeSet<UserId> {
        loop {
            let changed = mem::take(&mut *lock(&self.changed));
            if !changed.is_empty() {
                return changed;
            }
            self.bell.notified().await;
        }
    }

    /// Takes all there are, those that only last longer among them.
    pub fn take_all(&self) -> BTreeSet<UserId> {
        let mut all = mem::take(&mut *lock(&self.prolonged));
        all.append(&mut lock(&self.changed));
        all
    }
}

// A set is whole between any two statements, whoever panicked.
fn lock<T>(set: &Mutex<T>) -> MutexGuard<'_, T> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
