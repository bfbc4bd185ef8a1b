//! The registrar's store: who can be reached where. One entry an account, changed only by the shard of its
//! address of record and by the sweep that ends what has expired; read by all.

mod changes;
mod kept;

pub use changes::Changes;
pub use kept::{KeptBinding, Moment};

use base::{Time, UserId};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sip_core::registrar::{Binding, Bindings, Rules, Update};
use sip_core::{Flow, Request, Response};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Two sets of phones with the same hash would be taken for one; no phone gains by that.
const PHONES_HASHED: ahash::RandomState = ahash::RandomState::with_seeds(1, 2, 3, 4);

/// All bindings of all accounts.
pub struct Registrations {
    rules: Rules,
    accounts: DashMap<UserId, Account, ahash::RandomState>,
    /// Accounts by the second in which one of their bindings may expire. An account is in one place only,
    /// save that a shorter registration puts it in an earlier one too.
    expiring: DashMap<u64, Vec<UserId>, ahash::RandomState>,
    /// Accounts by the connection that one of their REGISTERs came on. Some may have moved to another since;
    /// whoever asks looks.
    connected: DashMap<u64, BTreeSet<UserId>, ahash::RandomState>,
    swept_to: AtomicU64,
    count: AtomicUsize,
    changes: Changes,
}

#[derive(Default)]
struct Account {
    bindings: Bindings,
    /// The second under which it is to be found in `expiring`; a find under any other is out of date.
    listed_under: Option<u64>,
}

/// What phones an account has, as far as it tells whether one has come or gone.
#[derive(PartialEq, Eq)]
struct Phones {
    count: usize,
    /// Of what they are called and how they come, in whatever order.
    made: u64,
}

impl Phones {
    fn of(bindings: &Bindings) -> Phones {
        let one = |binding: &Binding| {
            let name = binding.user_agent.as_deref();
            PHONES_HASHED.hash_one((binding.flow.transport, name))
        };
        let made = bindings.iter().map(one).fold(0, u64::wrapping_add);
        Phones {
            count: bindings.len(),
            made,
        }
    }
}

/// One binding as it is shown to people.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Whose.
    pub user: UserId,
    /// The binding.
    pub binding: Binding,
}

/// A REGISTER that the gate admitted.
#[derive(Clone, Copy)]
pub(crate) struct Admitted<'a> {
    /// For whose address of record.
    pub(crate) user: &'a UserId,
    /// Where it came from.
    pub(crate) flow: &'a Flow,
    pub(crate) request: &'a Request,
    /// How many contacts he may have, where that is not what all may.
    pub(crate) contacts_max: Option<usize>,
}

/// What a change did to where somebody can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// A phone came or went.
    Changed,
    /// It is as it was.
    Same,
}

impl Registrations {
    /// An empty store with these rules.
    pub fn new(rules: Rules) -> Registrations {
        Registrations {
            rules,
            accounts: DashMap::default(),
            expiring: DashMap::default(),
            connected: DashMap::default(),
            swept_to: AtomicU64::new(0),
            count: AtomicUsize::new(0),
            changes: Changes::default(),
        }
    }

    /// Carries out a REGISTER that the gate admitted.
    pub(crate) fn register(&self, now: Time, admitted: &Admitted<'_>) -> (Response, Reach) {
        let Admitted {
            user,
            flow,
            request,
            contacts_max,
        } = *admitted;
        let rules = Rules {
            contacts_max: contacts_max.unwrap_or(self.rules.contacts_max),
            ..self.rules
        };
        let ((response, update), reach) = self.change(user, |bindings| {
            bindings.register(now, request, flow, &rules)
        });
        self.changes.note(user, update);
        if flow.connection != 0 {
            let mut users = self.connected.entry(flow.connection).or_default();
            if !users.contains(user) {
                users.insert(user.clone());
            }
        }
        (response, reach)
    }

    /// Whose bindings have changed since that was last asked.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// A user's bindings as they are to be kept, and when the last of them ends in milliseconds of UTC; none if
    /// he has none.
    pub fn kept(&self, at: Moment, user: &UserId) -> Option<(Vec<KeptBinding>, u64)> {
        let account = self.accounts.get(user)?;
        // As in memory: oldest first.
        let mut kept: Vec<_> = account
            .bindings
            .current(at.now)
            .map(|binding| KeptBinding::of(binding, at))
            .collect();
        kept.reverse();
        let ends_at_ms = kept.iter().map(KeptBinding::expires_at_ms).max()?;
        Some((kept, ends_at_ms))
    }

    /// Takes up what was kept of a user's bindings, before he has any; whether he can be reached by them.
    pub fn restore(&self, at: Moment, user: &UserId, kept: Vec<KeptBinding>) -> bool {
        let restored = kept.into_iter().filter_map(|kept| kept.restored(at));
        let restored = Bindings::of(restored.collect());
        let (_, reach) = self.change(user, |bindings| {
            if bindings.is_empty() {
                *bindings = restored;
            }
        });
        reach == Reach::Changed
    }

    /// Everybody who has a binding.
    pub fn users(&self) -> BTreeSet<UserId> {
        let entries = self.accounts.iter();
        entries.map(|entry| entry.key().clone()).collect()
    }

    /// A connection has closed: ends the bindings that only it led to; gives back whose those were.
    pub fn flow_closed(&self, connection: u64) -> Vec<UserId> {
        let users = self.connected.remove(&connection).map(|(_, users)| users);
        let mut gone = Vec::new();
        for user in users.unwrap_or_default() {
            let (any, reach) = self.change(&user, |bindings| bindings.close(connection));
            if any {
                self.changes.note(&user, Update::Changed);
            }
            if reach == Reach::Changed {
                gone.push(user);
            }
        }
        gone
    }

    /// Ends every binding of `user`; how many there were.
    pub fn remove(&self, now: Time, user: &UserId) -> usize {
        let (ended, _) = self.change(user, |bindings| {
            std::mem::take(bindings).current(now).count()
        });
        self.changes.note(user, Update::Changed);
        ended
    }

    /// Changes an account's bindings, and keeps in step what goes with them.
    fn change<R>(&self, user: &UserId, change: impl FnOnce(&mut Bindings) -> R) -> (R, Reach) {
        let mut entry = match self.accounts.entry(user.clone()) {
            Entry::Occupied(entry) => entry,
            Entry::Vacant(entry) => entry.insert_entry(Account::default()),
        };
        let account = entry.get_mut();
        let before = Phones::of(&account.bindings);
        let result = change(&mut account.bindings);
        let after = Phones::of(&account.bindings);
        let listing = account.list();
        if after.count == 0 {
            entry.remove();
        } else {
            drop(entry);
        }
        if let Some(second) = listing {
            self.expiring.entry(second).or_default().push(user.clone());
        }
        self.counted(before.count, after.count);
        let reach = match before == after {
            true => Reach::Same,
            false => Reach::Changed,
        };
        (result, reach)
    }

    /// Where `user` can be reached, newest first.
    pub(crate) fn locate(&self, now: Time, user: &UserId) -> Vec<Binding> {
        let account = self.accounts.get(user);
        account.map_or_else(Vec::new, |account| account.bindings.devices(now))
    }

    /// What `user` has registered, newest first.
    pub fn of(&self, now: Time, user: &UserId) -> Vec<Binding> {
        let account = self.accounts.get(user);
        account.map_or_else(Vec::new, |account| {
            account.bindings.current(now).cloned().collect()
        })
    }

    /// Whether a call to `user` can be tried on a phone that `takes` it.
    pub fn is_reachable(&self, now: Time, user: &UserId, takes: impl Fn(&Binding) -> bool) -> bool {
        self.accounts
            .get(user)
            .is_some_and(|account| account.bindings.current(now).any(takes))
    }

    /// Ends what has expired. To be called about once a second, by one task; gives back whose that was.
    pub fn sweep(&self, now: Time) -> Vec<UserId> {
        let this_second = now.as_micros() / MICROS_PER_SECOND;
        let first = self.swept_to.swap(this_second, Ordering::Relaxed);
        let mut gone = Vec::new();
        for second in self.seconds_due(first, this_second) {
            let due = self.expiring.remove(&second).map(|(_, users)| users);
            for user in due.unwrap_or_default() {
                if self.expire(now, second, &user) == Reach::Changed {
                    gone.push(user);
                }
            }
        }
        gone
    }

    /// The seconds from `first` to before `end` under which somebody may be listed, in order. The clock does not begin at
    /// nought, so the first sweep of all has millions of seconds behind it; it looks at those that are there.
    fn seconds_due(&self, first: u64, end: u64) -> Vec<u64> {
        let listed = self.expiring.len() as u64;
        if end.saturating_sub(first) <= listed {
            return (first..end).collect();
        }
        let seconds = self.expiring.iter().map(|entry| *entry.key());
        let mut seconds: Vec<u64> = seconds.filter(|it| (first..end).contains(it)).collect();
        seconds.sort_unstable();
        seconds
    }

    fn expire(&self, now: Time, second: u64, user: &UserId) -> Reach {
        {
            let Some(mut account) = self.accounts.get_mut(user) else {
                return Reach::Same;
            };
            if account.listed_under != Some(second) {
                return Reach::Same;
            }
            account.listed_under = None;
        }
        let (any, reach) = self.change(user, |bindings| bindings.expire(now));
        if any {
            // What was kept of it is of no use, and nobody waits for it to go.
            self.changes.note(user, Update::Prolonged);
        }
        reach
    }

    /// Forgets accounts that the configuration no longer has; gives back whose bindings that ended.
    pub fn keep(&self, is_account: impl Fn(&UserId) -> bool) -> Vec<UserId> {
        let mut gone = Vec::new();
        self.accounts.retain(|user, account| {
            let keep = is_account(user);
            if !keep {
                self.counted(account.bindings.len(), 0);
                self.changes.note(user, Update::Changed);
                gone.push(user.clone());
            }
            keep
        });
        gone
    }

    /// Every binding that has not expired, by account.
    pub fn list(&self, now: Time) -> Vec<Registered> {
        let mut list = Vec::new();
        for entry in &self.accounts {
            list.extend(entry.bindings.current(now).map(|binding| Registered {
                user: entry.key().clone(),
                binding: binding.clone(),
            }));
        }
        list.sort_by(|a, b| a.user.cmp(&b.user));
        list
    }

    /// How many bindings there are.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn counted(&self, before: usize, after: usize) {
        self.count.fetch_add(after, Ordering::Relaxed);
        self.count.fetch_sub(before, Ordering::Relaxed);
    }
}

impl Account {
    /// The second under which it is to be listed anew: that of the next expiry, if it comes before the one
    /// under which it is listed.
    fn list(&mut self) -> Option<u64> {
        let second = self.bindings.next_expiry()?.as_micros() / MICROS_PER_SECOND;
        if self.listed_under.is_some_and(|listed| listed <= second) {
            return None;
        }
        self.listed_under = Some(second);
        Some(second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::OrgId;
    use sip_core::registrar::Beyond;
    use sip_core::{HeaderName, Method, StatusCode, Transport};
    use std::time::Duration;

    fn store() -> Registrations {
        Registrations::new(Rules {
            expires_min: Duration::from_secs(1),
            expires_max: Duration::from_secs(3_600),
            expires_default: Duration::from_secs(60),
            contacts_max: 1,
            beyond: Beyond::ReplaceOldest,
        })
    }

    fn anna() -> UserId {
        UserId::new(&OrgId::new("demo").unwrap(), "anna").unwrap()
    }

    fn second(second: u64) -> Time {
        Time::from_millis(second * 1_000)
    }

    fn register(store: &Registrations, now: Time, cseq: u32, expires: u32) -> (StatusCode, Reach) {
        register_over(store, now, cseq, expires, 0)
    }

    fn register_over(
        store: &Registrations,
        now: Time,
        cseq: u32,
        expires: u32,
        connection: u64,
    ) -> (StatusCode, Reach) {
        let flow = Flow {
            transport: match connection {
                0 => Transport::Udp,
                _ => Transport::Ws,
            },
            local: "127.0.0.1:5060".parse().unwrap(),
            remote: "127.0.0.1:5070".parse().unwrap(),
            connection,
        };
        let mut request = Request::new(Method::Register, "sip:demo.localhost".parse().unwrap());
        let headers = &mut request.headers;
        headers.push(
            HeaderName::Via,
            "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKx",
        );
        headers.push(HeaderName::From, "<sip:anna@demo.localhost>;tag=1");
        headers.push(HeaderName::To, "<sip:anna@demo.localhost>");
        headers.push(HeaderName::CallId, "c1");
        headers.push(HeaderName::CSeq, format!("{cseq} REGISTER").as_str());
        let host = match connection {
            0 => "127.0.0.1:5070",
            _ => "f00.invalid;transport=ws",
        };
        headers.push(HeaderName::Contact, format!("<sip:anna@{host}>").as_str());
        headers.push(HeaderName::Expires, expires.to_string().as_str());
        let (response, reach) = store.register(
            now,
            &Admitted {
                user: &anna(),
                flow: &flow,
                request: &request,
                contacts_max: None,
            },
        );
        (response.status, reach)
    }

    #[test]
    fn the_first_binding_and_the_last_change_who_can_be_reached() {
        let store = store();
        assert_eq!(
            register(&store, second(1), 1, 60),
            (StatusCode::OK, Reach::Changed)
        );
        assert_eq!(
            register(&store, second(2), 2, 60),
            (StatusCode::OK, Reach::Same)
        );
        assert!(store.is_reachable(second(2), &anna(), |_| true));
        assert_eq!(store.locate(second(2), &anna()).len(), 1);
        assert_eq!(
            register(&store, second(3), 3, 0),
            (StatusCode::OK, Reach::Changed)
        );
        assert!(!store.is_reachable(second(3), &anna(), |_| true));
        assert_eq!(store.count(), 0);
        assert!(store.accounts.is_empty());
    }

    #[test]
    fn what_expires_is_swept_once_and_what_was_refreshed_stays() {
        let store = store();
        register(&store, second(1), 1, 10);
        assert_eq!(store.sweep(second(5)), []);
        register(&store, second(8), 2, 10);
        assert_eq!(store.sweep(second(12)), [], "refreshed until 18");
        assert!(store.is_reachable(second(17), &anna(), |_| true));
        assert_eq!(store.sweep(second(20)), [anna()]);
        assert_eq!(store.sweep(second(30)), []);
        assert_eq!(
            (store.count(), store.accounts.len(), store.expiring.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn the_first_sweep_looks_at_no_more_seconds_than_somebody_is_listed_under() {
        let store = store();
        let month = 30 * 24 * 3_600;
        register(&store, second(month), 1, 10);
        assert_eq!(store.seconds_due(0, month + 5), []);
        assert_eq!(store.seconds_due(0, month + 30), [month + 10]);
        assert_eq!(store.sweep(second(month + 5)), []);
        assert_eq!(store.sweep(second(month + 30)), [anna()]);
    }

    #[test]
    fn a_shorter_registration_expires_at_its_own_time() {
        let store = store();
        register(&store, second(1), 1, 1_000);
        register(&store, second(2), 2, 5);
        assert_eq!(store.sweep(second(9)), [anna()]);
        assert_eq!(store.sweep(second(2_000)), []);
        assert!(store.expiring.is_empty());
    }

    #[test]
    fn refreshing_over_and_over_keeps_the_lists_small() {
        let store = store();
        for cseq in 1..1_000 {
            register(&store, second(1), cseq, 60 + cseq % 30);
        }
        let listed: usize = store.expiring.iter().map(|entry| entry.len()).sum();
        assert!(listed <= 2, "{listed}");
    }

    #[test]
    fn a_connection_that_closes_takes_with_it_who_is_reached_by_no_other() {
        let store = store();
        register_over(&store, second(1), 1, 60, 7);
        assert_eq!(store.flow_closed(6), []);
        // He comes back on another before the old one is known to be gone.
        register_over(&store, second(2), 2, 60, 8);
        assert_eq!(store.flow_closed(7), []);
        assert!(store.is_reachable(second(3), &anna(), |_| true));
        assert_eq!(store.flow_closed(8), [anna()]);
        assert!(!store.is_reachable(second(3), &anna(), |_| true));
        assert!(store.connected.is_empty() && store.accounts.is_empty());
        assert_eq!(store.sweep(second(100)), []);
    }

    #[test]
    fn what_is_removed_by_hand_is_gone_until_the_phone_comes_back() {
        let store = store();
        register(&store, second(1), 1, 60);
        assert_eq!(store.remove(second(2), &anna()), 1);
        assert_eq!(store.remove(second(2), &anna()), 0);
        assert!(!store.is_reachable(second(2), &anna(), |_| true));
        register(&store, second(3), 2, 60);
        assert_eq!(store.sweep(second(64)), [anna()]);
    }

    #[test]
    fn what_is_kept_is_what_another_process_takes_up() {
        let at = |millis, utc_ms| Moment {
            now: Time::from_millis(millis),
            utc_ms,
        };
        let before = store();
        register(&before, second(1), 1, 60);
        assert_eq!(before.changes().take_all(), [anna()].into());
        register(&before, second(2), 2, 60);
        assert_eq!(before.changes().take_all(), [anna()].into(), "prolonged");
        assert!(before.changes().take_all().is_empty());
        let (kept, ends_at_ms) = before.kept(at(2_000, 50_000), &anna()).unwrap();
        assert_eq!(ends_at_ms, 110_000);
        let after = store();
        assert!(after.restore(at(5, 60_000), &anna(), kept.clone()));
        assert_eq!(after.locate(second(1), &anna()).len(), 1);
        assert_eq!(
            after.sweep(second(60)),
            [anna()],
            "its time went on meanwhile"
        );
        assert_eq!(
            after.changes().take_all(),
            [anna()].into(),
            "to be forgotten"
        );
        assert!(!after.restore(at(5, 110_000), &anna(), kept));
        assert_eq!((after.count(), after.accounts.len()), (0, 0));
    }

    #[test]
    fn an_account_taken_out_of_the_configuration_is_forgotten() {
        let store = store();
        register(&store, second(1), 1, 60);
        assert_eq!(store.keep(|_| true), []);
        assert_eq!(store.keep(|_| false), [anna()]);
        assert_eq!((store.count(), store.list(second(1)).len()), (0, 0));
    }
}
