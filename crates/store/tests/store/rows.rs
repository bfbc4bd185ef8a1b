//! Rows on both kinds of database.

use crate::on_both;
use crate::place::{LATE_MS, Place, ban, bindings, start};
use store::{
    ActivationRow, AgentRow, CredentialRow, Kept, LicenceRow, NotStored, QuickCloseRow,
    SecondFactorRow, SessionRow, TokenRow, WishesRow, Write,
};

on_both!(
    what_was_acknowledged_is_there_after_the_end,
    what_waits_is_written_at_the_end_and_nothing_after_it,
    a_licence_that_lasts_is_not_begun_again_by_a_start_that_could_not_read_it,
    a_queue_s_activation_is_kept_and_not_begun_again_while_it_lasts,
    a_quick_close_that_is_over_is_forgotten_but_for_the_newest,
);

async fn what_was_acknowledged_is_there_after_the_end(place: Place) {
    let (store, kept) = start(place.location()).await;
    assert_eq!(kept, Kept::default());
    let written: Vec<_> = (0..3_000)
        .map(|number| store.write(Write::PutBindings(bindings(number, "first"))))
        .collect();
    for one in written {
        one.stored().await.unwrap();
    }
    store.write_soon(Write::PutBan(ban("192.0.2.1", LATE_MS)));
    store.write_soon(Write::PutBan(ban("192.0.2.2", LATE_MS)));
    store.write_soon(Write::RemoveBan("192.0.2.2".into()));
    store.write_soon(Write::PutBan(ban("192.0.2.3", 1)));
    store.write_soon(Write::RemoveBindings(bindings(0, "").user));
    let wishes = |number: usize, text: &str| WishesRow {
        user: bindings(number, "").user,
        wishes: text.into(),
    };
    store.write_soon(Write::PutWishes(wishes(1, "first")));
    store.write_soon(Write::PutWishes(wishes(1, "second")));
    store.write_soon(Write::PutWishes(wishes(2, "gone")));
    store.write_soon(Write::RemoveWishes(wishes(2, "").user));
    let agent = |number: usize, state: &str| AgentRow {
        user: bindings(number, "").user,
        state: state.into(),
    };
    store.write_soon(Write::PutAgent(agent(1, "paused")));
    store.write_soon(Write::PutAgent(agent(1, "free")));
    store.write_soon(Write::PutAgent(agent(2, "gone")));
    store.write_soon(Write::RemoveAgent(agent(2, "").user));
    let token = |id: &str, token: &str| TokenRow {
        id: id.into(),
        token: token.into(),
    };
    store.write_soon(Write::PutToken(token("a", "first")));
    store.write_soon(Write::PutToken(token("a", "second")));
    store.write_soon(Write::PutToken(token("b", "gone")));
    store.write_soon(Write::RemoveToken("b".into()));
    let session = |id: &str, ends_at_ms, session: &str| SessionRow {
        id: id.into(),
        ends_at_ms,
        session: session.into(),
    };
    store.write_soon(Write::PutSession(session("a", LATE_MS - 1, "first")));
    store.write_soon(Write::PutSession(session("a", LATE_MS, "second")));
    store.write_soon(Write::PutSession(session("b", 1, "over")));
    store.write_soon(Write::PutSession(session("c", LATE_MS, "gone")));
    store.write_soon(Write::RemoveSession("c".into()));
    let credential = |number, credential: &str| CredentialRow {
        user: bindings(number, "").user,
        credential: credential.into(),
    };
    store.write_soon(Write::PutCredential(credential(1, "first")));
    store.write_soon(Write::PutCredential(credential(1, "second")));
    store.write_soon(Write::PutCredential(credential(2, "gone")));
    store.write_soon(Write::RemoveCredential(credential(2, "").user));
    let factor = |who: &str, factor: &str| SecondFactorRow {
        who: who.into(),
        factor: factor.into(),
    };
    store.write_soon(Write::PutSecondFactor(factor("a", "first")));
    store.write_soon(Write::PutSecondFactor(factor("a", "second")));
    store.write_soon(Write::PutSecondFactor(factor("b", "gone")));
    store.write_soon(Write::RemoveSecondFactor("b".into()));
    store.write_soon(Write::BelieveClock(LATE_MS));
    store.write_soon(Write::BelieveClock(LATE_MS - 1));
    store.write_soon(Write::PutBindings(bindings(1, "second")));
    let last = store.write(Write::PutBindings(bindings(2, "third")));
    last.stored().await.unwrap();
    let kept = place.found_after(store).await;
    assert_eq!(kept.bindings.len(), 2_999);
    assert_eq!(kept.bindings[0], bindings(1, "second"));
    let third = bindings(2, "third");
    assert!(kept.bindings.contains(&third));
    assert_eq!(
        kept.bans,
        [ban("192.0.2.1", LATE_MS)],
        "the third has ended"
    );
    assert_eq!(kept.wishes, [wishes(1, "second")]);
    assert_eq!(kept.agents, [agent(1, "free")]);
    assert_eq!(kept.tokens, [token("a", "second")]);
    assert_eq!(kept.sessions, [session("a", LATE_MS, "second")]);
    assert_eq!(kept.credentials, [credential(1, "second")]);
    assert_eq!(kept.second_factors, [factor("a", "second")]);
    assert_eq!(kept.believed_ms, Some(LATE_MS - 1), "set back");
}

async fn what_waits_is_written_at_the_end_and_nothing_after_it(place: Place) {
    let (store, _) = start(place.location()).await;
    store.write_soon(Write::PutBindings(bindings(1, "x")));
    store.close().await;
    let late = store.write(Write::PutBindings(bindings(2, "x")));
    assert_eq!(late.stored().await, Err(NotStored::Closed));
    let (again, kept) = start(place.location()).await;
    assert_eq!(kept.bindings, [bindings(1, "x")]);
    again.close().await;
}

async fn a_licence_that_lasts_is_not_begun_again_by_a_start_that_could_not_read_it(place: Place) {
    let (store, _) = start(place.location()).await;
    let licence = |since_ms: u64, until_ms: Option<u64>| LicenceRow {
        user: "demo/anna".parse().unwrap(),
        licence: "pro".into(),
        since_ms,
        until_ms,
    };
    for (since_ms, until_ms) in [(1, None), (5, None), (1, Some(7)), (8, None), (9, None)] {
        let put = Write::PutLicence(licence(since_ms, until_ms));
        store.write(put).stored().await.unwrap();
    }
    let kept = place.found_after(store).await;
    assert_eq!(kept.licences, [licence(1, Some(7)), licence(8, None)]);
}

async fn a_queue_s_activation_is_kept_and_not_begun_again_while_it_lasts(place: Place) {
    let (store, _) = start(place.location()).await;
    let activation = |since_ms: u64, until_ms: Option<u64>| ActivationRow {
        queue: "demo/support".parse().unwrap(),
        since_ms,
        until_ms,
    };
    for (since_ms, until_ms) in [(1, None), (5, None), (1, Some(7)), (8, None), (9, None)] {
        let put = Write::PutActivation(activation(since_ms, until_ms));
        store.write(put).stored().await.unwrap();
    }
    let kept = place.found_after(store).await;
    assert_eq!(
        kept.activations,
        [activation(1, Some(7)), activation(8, None)]
    );
}

async fn a_quick_close_that_is_over_is_forgotten_but_for_the_newest(place: Place) {
    let (store, _) = start(place.location()).await;
    let quick = |id: u32, until_ms: u64, text: &str| QuickCloseRow {
        id,
        until_ms,
        text: text.into(),
    };
    for row in [
        quick(1, LATE_MS, "first"),
        quick(2, 5, "over"),
        quick(1, LATE_MS, "changed"),
        quick(3, 6, "over, the newest"),
    ] {
        let put = store.write(Write::PutQuickClose(row));
        put.stored().await.unwrap();
    }
    let kept = place.found_after(store).await;
    let left = [
        quick(1, LATE_MS, "changed"),
        quick(3, 6, "over, the newest"),
    ];
    assert_eq!(kept.quick_closes, left);
}
