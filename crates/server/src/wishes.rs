//! What users ask for by telephone over a restart: handed to the store as it is asked for, taken up at the start.

use base::UserId;
use call::wishes::Wishes;
use sip::{Watch, WishKeeper};
use store::{Store, WishesRow, Write};

/// Hands wishes to the store.
#[derive(Clone)]
pub(crate) struct WishesOfStore(pub(crate) Store);

impl WishKeeper for WishesOfStore {
    fn keep(&self, user: &UserId, wishes: &Wishes) {
        self.0.write_soon(match wishes.is_nothing() {
            true => Write::RemoveWishes(user.clone()),
            false => Write::PutWishes(WishesRow {
                user: user.clone(),
                wishes: serde_json::to_string(wishes).expect("texts and words can be written"),
            }),
        });
    }
}

/// Takes up what was kept, and says whose; whoever is not in the configuration any more is forgotten.
pub(crate) fn restore(
    watch: &Watch,
    store: &Store,
    kept: Vec<WishesRow>,
    is_account: impl Fn(&UserId) -> bool,
) -> Vec<UserId> {
    let mut restored = Vec::new();
    for row in kept {
        if !is_account(&row.user) {
            store.write_soon(Write::RemoveWishes(row.user));
            continue;
        }
        match serde_json::from_str(&row.wishes) {
            Ok(wishes) => {
                restored.push(row.user.clone());
                watch.restore_wishes(row.user, wishes);
            }
            Err(error) => {
                tracing::warn!(user = %row.user, %error, "what a user asked for can't be read");
            }
        }
    }
    restored
}
