//! What users ask for by telephone over a restart: handed to the store as it is asked for, taken up at the start.

use base::UserId;
use call::wishes::Wishes;
use sip::{Watch, WishKeeper};
use std::sync::Arc;
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

/// A file of the store's that is new knows nothing of them: hands all over again. Never ends by itself.
pub(crate) async fn rewrite(watch: Arc<Watch>, store: Store) {
    let mut renewed = store.renewed();
    let keeper = WishesOfStore(store);
    while renewed.changed().await.is_ok() {
        for (user, wishes) in watch.all_wishes() {
            keeper.keep(&user, &wishes);
        }
    }
}

/// Whoever is not in the configuration any more is forgotten.
pub(crate) fn forget(watch: &Watch, store: &Store, is_account: impl Fn(&UserId) -> bool) {
    for user in watch.keep_wishes(is_account) {
        store.write_soon(Write::RemoveWishes(user));
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

#[cfg(test)]
mod tests {
    use super::*;
    use base::OrgId;
    use call::wishes::DoNotDisturb;
    use std::path::Path;

    fn user(name: &str) -> UserId {
        UserId::new(&OrgId::new("demo").unwrap(), name).unwrap()
    }

    /// Whose wishes the files hold as they are now.
    async fn found_after_a_kill(folder: &Path) -> Vec<UserId> {
        let kept = crate::lost_file::after_a_kill(folder).await.wishes;
        kept.into_iter().map(|row| row.user).collect()
    }

    #[tokio::test]
    async fn a_new_file_is_told_again_what_people_asked_for_and_nothing_of_who_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("var");
        let (store, loading) = Store::start(&path);
        loading.kept().await;
        let watch = Arc::new(Watch::new());
        let on = Wishes {
            do_not_disturb: DoNotDisturb::On,
            ..Wishes::default()
        };
        for name in ["anna", "bosse"] {
            watch.restore_wishes(user(name), on.clone());
            WishesOfStore(store.clone()).keep(&user(name), &on);
        }
        tokio::spawn(rewrite(watch.clone(), store.clone()));
        forget(&watch, &store, |it| *it == user("bosse"));
        let path = &path;
        crate::lost_file::lost_and_told_again(&store, path, async || {
            found_after_a_kill(path).await == [user("bosse")]
        })
        .await;
        store.close().await;
    }
}
