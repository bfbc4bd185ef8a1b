//! The registrar's store: who can be reached where. One entry an account, changed only by the shard of its
//! address of record and by the sweep that ends what has expired; read by all.

use base::{Time, UserId};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sip_core::registrar::{Binding, Bindings, Rules};
use sip_core::{Flow, Request, Response};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const MICROS_PER_SECOND: u64 = 1_000_000;

/// All bindings of all accounts.
pub struct Registrations {
    rules: Rules,
    accounts: DashMap<UserId, Account, ahash::RandomState>,
    /// Accounts by the second in which one of their bindings may expire. An account is in one place only,
    /// save that a shorter registration puts it in an earlier one too.
    expiring: DashMap<u64, Vec<UserId>, ahash::RandomState>,
    swept_to: AtomicU64,
    count: AtomicUsize,
}

struct Account {
    bindings: Bindings,
    /// The second under which it is to be found in `expiring`; a find under any other is out of date.
    listed_under: u64,
}

/// One binding as it is shown to people.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Whose.
    pub user: UserId,
    /// The binding.
    pub binding: Binding,
}

/// What a change did to whether somebody can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// He has his first binding, or lost his last.
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
            swept_to: AtomicU64::new(0),
            count: AtomicUsize::new(0),
        }
    }

    /// Carries out a REGISTER that the gate admitted for `user`.
    pub(crate) fn register(
        &self,
        now: Time,
        user: &UserId,
        flow: &Flow,
        request: &Request,
    ) -> (Response, Reach) {
        let mut listing = None;
        let (response, before, after) = match self.accounts.entry(user.clone()) {
            Entry::Occupied(mut entry) => {
                let account = entry.get_mut();
                let before = kept(&account.bindings);
                let response = account.bindings.register(now, request, flow, &self.rules);
                let after = kept(&account.bindings);
                if account.bindings.is_empty() {
                    entry.remove();
                } else {
                    listing = account.list_under(second_of(account.bindings.next_expiry()));
                }
                (response, before, after)
            }
            Entry::Vacant(entry) => {
                let mut bindings = Bindings::default();
                let response = bindings.register(now, request, flow, &self.rules);
                let after = kept(&bindings);
                if !bindings.is_empty() {
                    let second = second_of(bindings.next_expiry());
                    listing = Some(second);
                    entry.insert(Account {
                        bindings,
                        listed_under: second,
                    });
                }
                (response, 0, after)
            }
        };
        if let Some(second) = listing {
            self.expiring.entry(second).or_default().push(user.clone());
        }
        (response, self.changed(before, after))
    }

    /// Where `user` can be reached, newest first.
    pub(crate) fn locate(&self, now: Time, user: &UserId) -> Vec<Binding> {
        self.accounts.get(user).map_or_else(Vec::new, |account| {
            account.bindings.current(now).cloned().collect()
        })
    }

    /// Whether a call to `user` can be tried.
    pub fn is_reachable(&self, now: Time, user: &UserId) -> bool {
        self.accounts
            .get(user)
            .is_some_and(|account| account.bindings.current(now).next().is_some())
    }

    /// Ends what has expired. To be called about once a second, by one task; gives back who can't be reached
    /// any more.
    pub fn sweep(&self, now: Time) -> Vec<UserId> {
        let this_second = now.as_micros() / MICROS_PER_SECOND;
        let first = self.swept_to.swap(this_second, Ordering::Relaxed);
        let mut gone = Vec::new();
        for second in first..this_second {
            let due = self.expiring.remove(&second).map(|(_, users)| users);
            for user in due.unwrap_or_default() {
                if self.expire(now, second, &user) == Reach::Changed {
                    gone.push(user);
                }
            }
        }
        gone
    }

    fn expire(&self, now: Time, second: u64, user: &UserId) -> Reach {
        let Entry::Occupied(mut entry) = self.accounts.entry(user.clone()) else {
            return Reach::Same;
        };
        let account = entry.get_mut();
        if account.listed_under != second {
            return Reach::Same;
        }
        let before = kept(&account.bindings);
        account.bindings.expire(now);
        let after = kept(&account.bindings);
        if account.bindings.is_empty() {
            entry.remove();
        } else {
            account.listed_under = second_of(account.bindings.next_expiry());
            let later = account.listed_under;
            drop(entry);
            self.expiring.entry(later).or_default().push(user.clone());
        }
        self.changed(before, after)
    }

    /// Forgets accounts that the configuration no longer has; gives back whose bindings that ended.
    pub fn keep(&self, is_account: impl Fn(&UserId) -> bool) -> Vec<UserId> {
        let mut gone = Vec::new();
        self.accounts.retain(|user, account| {
            let keep = is_account(user);
            if !keep {
                self.changed(kept(&account.bindings), 0);
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

    fn changed(&self, before: usize, after: usize) -> Reach {
        self.count.fetch_add(after, Ordering::Relaxed);
        self.count.fetch_sub(before, Ordering::Relaxed);
        match (before, after) {
            (0, 0) => Reach::Same,
            (0, _) | (_, 0) => Reach::Changed,
            _ => Reach::Same,
        }
    }
}

impl Account {
    /// Notes an earlier second to be found under, if it is one.
    fn list_under(&mut self, second: u64) -> Option<u64> {
        if second >= self.listed_under {
            return None;
        }
        self.listed_under = second;
        Some(second)
    }
}

/// The second in which a binding that expires then expires.
fn second_of(expiry: Option<Time>) -> u64 {
    expiry.map_or(0, |time| time.as_micros() / MICROS_PER_SECOND)
}

/// How many are kept, those included that have expired and not been swept away yet.
fn kept(bindings: &Bindings) -> usize {
    bindings.current(Time::ZERO).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::OrgId;
    use sip_core::{HeaderName, Method, StatusCode, Transport};
    use std::time::Duration;

    fn store() -> Registrations {
        Registrations::new(Rules {
            expires_min: Duration::from_secs(1),
            expires_max: Duration::from_secs(3_600),
            expires_default: Duration::from_secs(60),
            contacts_max: 1,
        })
    }

    fn anna() -> UserId {
        UserId::new(&OrgId::new("demo").unwrap(), "anna").unwrap()
    }

    fn second(second: u64) -> Time {
        Time::from_millis(second * 1_000)
    }

    fn register(store: &Registrations, now: Time, cseq: u32, expires: u32) -> (StatusCode, Reach) {
        let flow = Flow {
            transport: Transport::Udp,
            local: "127.0.0.1:5060".parse().unwrap(),
            remote: "127.0.0.1:5070".parse().unwrap(),
            connection: 0,
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
        headers.push(HeaderName::Contact, "<sip:anna@127.0.0.1:5070>");
        headers.push(HeaderName::Expires, expires.to_string().as_str());
        let (response, reach) = store.register(now, &anna(), &flow, &request);
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
        assert!(store.is_reachable(second(2), &anna()));
        assert_eq!(store.locate(second(2), &anna()).len(), 1);
        assert_eq!(
            register(&store, second(3), 3, 0),
            (StatusCode::OK, Reach::Changed)
        );
        assert!(!store.is_reachable(second(3), &anna()));
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
        assert!(store.is_reachable(second(17), &anna()));
        assert_eq!(store.sweep(second(20)), [anna()]);
        assert_eq!(store.sweep(second(30)), []);
        assert_eq!(
            (store.count(), store.accounts.len(), store.expiring.len()),
            (0, 0, 0)
        );
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
    fn an_account_taken_out_of_the_configuration_is_forgotten() {
        let store = store();
        register(&store, second(1), 1, 60);
        assert_eq!(store.keep(|_| true), []);
        assert_eq!(store.keep(|_| false), [anna()]);
        assert_eq!((store.count(), store.list(second(1)).len()), (0, 0));
    }
}
