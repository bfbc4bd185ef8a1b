//! What users ask for by telephone over a restart: handed to the store as it is asked for, taken up at the start. Who keyed what is
//! audited.

use crate::audit::{Audit, Doing, Way, takes_calls_on};
use base::UserId;
use call::forward::ForwardCause;
use call::wishes::{Change, DoNotDisturb, Wish, Wishes};
use sip::{Watch, WishKeeper};
use std::sync::Arc;
use store::{Store, WishesRow, Write};

/// Hands wishes to the store.
#[derive(Clone)]
pub(crate) struct WishesOfStore(pub(crate) Store);

/// The same of what they key on their telephones, which is audited.
pub(crate) struct WishesByPhone {
    pub(crate) wishes: WishesOfStore,
    pub(crate) audit: Audit,
}

impl WishKeeper for WishesByPhone {
    fn wished(&self, user: &UserId, change: &Change, wishes: &Wishes) {
        self.wishes.keep(user, wishes);
        let org = Some(user.org().to_string());
        let doing = Doing::new(user, Way::Phone, org, in_words(user, change));
        self.audit.keep(doing, None);
    }
}

/// What it is in the audit, where no numbers are said.
fn in_words(user: &UserId, change: &Change) -> String {
    let (cause, wish) = match change {
        Change::DoNotDisturb(DoNotDisturb::On) => {
            return format!("switches on do-not-disturb for {user}");
        }
        Change::DoNotDisturb(DoNotDisturb::Off) => {
            return format!("switches off do-not-disturb for {user}");
        }
        Change::Device(device) => return takes_calls_on(user, *device),
        Change::NoForwards => return format!("ends every forward of calls to {user}"),
        Change::Forward(cause, wish) => (cause, wish),
    };
    let when = match cause {
        ForwardCause::Always => "always",
        ForwardCause::Busy => "when busy",
        ForwardCause::NoAnswer => "without an answer",
        ForwardCause::Unreachable => "when unreachable",
        ForwardCause::Deflected => "when sent on by a device",
    };
    match wish {
        Wish::To(_) => format!("forwards calls to {user}, {when}"),
        Wish::Off => format!("ends the forward of calls to {user}, {when}"),
        Wish::AsSet => format!("forwards calls to {user} as set, {when}"),
    }
}

impl WishesOfStore {
    /// This is all that a user wishes now.
    pub(crate) fn keep(&self, user: &UserId, wishes: &Wishes) {
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
    use std::path::Path;

    fn user(name: &str) -> UserId {
        UserId::new(&OrgId::new("demo").unwrap(), name).unwrap()
    }

    #[test]
    fn what_is_keyed_is_told_without_the_number() {
        let anna = user("anna");
        let to = Wish::To("+46701234567".into());
        let told = in_words(&anna, &Change::Forward(ForwardCause::Busy, to));
        assert_eq!(told, "forwards calls to demo/anna, when busy");
        let off = Change::Forward(ForwardCause::NoAnswer, Wish::Off);
        assert_eq!(
            in_words(&anna, &off),
            "ends the forward of calls to demo/anna, without an answer"
        );
        let browser = Change::Device(call::wishes::Device::Browser);
        assert_eq!(
            in_words(&anna, &browser),
            "demo/anna takes calls on Browser"
        );
        assert_eq!(
            in_words(&anna, &Change::NoForwards),
            "ends every forward of calls to demo/anna"
        );
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
