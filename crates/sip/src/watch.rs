//! Who does what, kept together over all shards for those who watch it: each person's lines and switches, and which
//! subscriptions want to hear of them. Leaf facts by person; a subscription is told only that it should look again,
//! so what it reads is never older than what it was told of.

use acd::Switches;
use base::{LegId, SubscriptionId, UserId};
use call::Room;
use call::watched::{Lamp, Line, Sight, Switch, Watched};
use call::wishes::{Change, Device, DoNotDisturb, Wish, Wishes};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sip_core::dialog_info::{Phase, Side};
use tokio::sync::watch;

/// Subscriptions of one user: the keys of a desk phone with three side panels.
pub const SUBSCRIPTIONS_PER_USER_MAX: u32 = 256;

#[derive(Default)]
struct Person {
    lines: Vec<Line>,
    switches: Switches,
    wishes: Wishes,
    watchers: Vec<(SubscriptionId, Watched)>,
    /// Told whenever his lines change; there while somebody follows them.
    followed: Option<watch::Sender<u64>>,
}

impl Person {
    fn is_idle(&self) -> bool {
        self.lines.is_empty()
            && self.watchers.is_empty()
            && self.followed.is_none()
            && self.switches == Switches::default()
            && self.wishes.is_nothing()
    }

    fn lines_changed(&mut self) {
        let followed = self.followed.take();
        // Whoever followed them has gone.
        self.followed = followed.filter(|it| it.receiver_count() > 0);
        if let Some(followed) = &self.followed {
            followed.send_modify(|changes| *changes = changes.wrapping_add(1));
        }
    }

    fn watchers_of(&self, wanted: impl Fn(&Watched) -> bool) -> Vec<SubscriptionId> {
        let watchers = self.watchers.iter();
        watchers
            .filter(|(_, watched)| wanted(watched))
            .map(|(id, _)| *id)
            .collect()
    }
}

/// What everybody does, and who watches it.
#[derive(Default)]
pub struct Watch {
    people: DashMap<UserId, Person, ahash::RandomState>,
    /// How many subscriptions each user has.
    watching: DashMap<UserId, u32, ahash::RandomState>,
}

impl Watch {
    /// Nobody does anything yet.
    pub fn new() -> Watch {
        Watch::default()
    }

    /// A leg of `user`'s changed; who is to look again.
    pub(crate) fn line(&self, user: UserId, leg: LegId, line: Option<Line>) -> Vec<SubscriptionId> {
        self.change(user, |person| {
            person.lines.retain(|known| known.leg != leg);
            person.lines.extend(line);
            person.lines_changed();
            person.watchers_of(|watched| matches!(watched, Watched::Calls(_)))
        })
    }

    /// What somebody's legs do.
    pub fn lines(&self, user: &UserId) -> Vec<Line> {
        let person = self.people.get(user);
        person.map_or_else(Vec::new, |it| it.lines.clone())
    }

    /// How often his lines have changed, told with each change. Read after this, none is missed.
    pub fn follow(&self, user: &UserId) -> watch::Receiver<u64> {
        let mut person = self.people.entry(user.clone()).or_default();
        let followed = person.followed.get_or_insert_with(|| watch::Sender::new(0));
        followed.subscribe()
    }

    /// An agent's switches are these now; who is to look again.
    pub fn switches(&self, agent: UserId, switches: Switches) -> Vec<SubscriptionId> {
        self.change(agent, |person| {
            if person.switches == switches {
                return Vec::new();
            }
            person.switches = switches;
            person.watchers_of(|watched| matches!(watched, Watched::Switch(..)))
        })
    }

    /// What somebody has asked for by telephone.
    pub fn wishes(&self, user: &UserId) -> Wishes {
        let person = self.people.get(user);
        person.map_or_else(Wishes::default, |it| it.wishes.clone())
    }

    /// A user wishes something else from now on: all that he wishes, and who is to look again.
    pub(crate) fn wish(&self, user: UserId, change: &Change) -> (Wishes, Vec<SubscriptionId>) {
        let mut wishes = Wishes::default();
        let told = self.change(user, |person| {
            person.wishes.change(change);
            wishes = person.wishes.clone();
            person.watchers_of(|watched| matches!(watched, Watched::Switch(..)))
        });
        (wishes, told)
    }

    /// A user takes calls from queues there from now on: all that he wishes. No lamp shows it.
    pub fn choose_device(&self, user: UserId, device: Device) -> Wishes {
        self.wish(user, &Change::Device(device)).0
    }

    /// Takes up what was kept, before anybody watches; nothing, once he is nobody.
    pub fn restore_wishes(&self, user: UserId, wishes: Wishes) {
        self.change(user, |person| {
            person.wishes = wishes;
            Vec::new()
        });
    }

    /// Whoever asked for something, and what.
    pub fn all_wishes(&self) -> Vec<(UserId, Wishes)> {
        let people = self.people.iter();
        let wishing = people.filter(|person| !person.wishes.is_nothing());
        wishing
            .map(|person| (person.key().clone(), person.wishes.clone()))
            .collect()
    }

    /// Forgets what those asked for who have no account any more; who they were.
    pub fn keep_wishes(&self, is_account: impl Fn(&UserId) -> bool) -> Vec<UserId> {
        let wishing = self.all_wishes().into_iter().map(|(user, _)| user);
        let gone: Vec<UserId> = wishing.filter(|user| !is_account(user)).collect();
        for user in &gone {
            self.restore_wishes(user.clone(), Wishes::default());
        }
        gone
    }

    /// A leg that rings at one of these people.
    pub(crate) fn ringing(&self, users: &[UserId]) -> Option<LegId> {
        users.iter().find_map(|user| {
            let person = self.people.get(user)?;
            let rings = |line: &&Line| line.phase == Phase::Early && line.side == Side::Recipient;
            person.lines.iter().find(rings).map(|line| line.leg)
        })
    }

    pub(crate) fn watch(&self, id: SubscriptionId, by: &UserId, watched: Watched) -> Room {
        let mut count = self.watching.entry(by.clone()).or_default();
        if *count >= SUBSCRIPTIONS_PER_USER_MAX {
            return Room::None;
        }
        *count += 1;
        drop(count);
        self.change(watched.user().clone(), |person| {
            person.watchers.push((id, watched));
            Vec::new()
        });
        Room::Some
    }

    pub(crate) fn unwatch(&self, id: SubscriptionId, by: UserId, watched: &Watched) {
        let mut found = false;
        self.change(watched.user().clone(), |person| {
            let before = person.watchers.len();
            person.watchers.retain(|(known, _)| *known != id);
            found = person.watchers.len() != before;
            Vec::new()
        });
        // One that was refused its place was never counted.
        if found && let Entry::Occupied(mut count) = self.watching.entry(by) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    pub(crate) fn look(&self, watched: &Watched) -> Sight {
        let person = self.people.get(watched.user());
        let lamp = |lit: bool| Sight::Lamp(if lit { Lamp::On } else { Lamp::Off });
        match watched {
            Watched::Calls(_) => Sight::Calls(person.map_or_else(Vec::new, |it| it.lines.clone())),
            Watched::Switch(_, switch) => lamp(person.is_some_and(|it| match switch {
                Switch::LoggedIn => !it.switches.queues.is_empty(),
                Switch::LoggedInTo(queue) => it.switches.queues.contains(queue),
                Switch::Paused => it.switches.paused,
                Switch::DoNotDisturb => it.wishes.do_not_disturb == DoNotDisturb::On,
                Switch::ForwardedAlways => matches!(it.wishes.always, Wish::To(_)),
            })),
        }
    }

    /// How many subscriptions there are.
    pub fn count(&self) -> u64 {
        self.watching.iter().map(|count| u64::from(*count)).sum()
    }

    fn change(
        &self,
        user: UserId,
        change: impl FnOnce(&mut Person) -> Vec<SubscriptionId>,
    ) -> Vec<SubscriptionId> {
        match self.people.entry(user) {
            Entry::Occupied(mut entry) => {
                let told = change(entry.get_mut());
                if entry.get().is_idle() {
                    entry.remove();
                }
                told
            }
            Entry::Vacant(entry) => {
                let mut person = Person::default();
                let told = change(&mut person);
                if !person.is_idle() {
                    entry.insert(person);
                }
                told
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{OrgId, ShardId, Time};
    use call::own_call::{Held, OwnCall, Stage, Taking};
    use sip_core::dialog_info::{Phase, Rendering, Side};

    fn user(name: &str) -> UserId {
        UserId::new(&OrgId::new("demo").unwrap(), name).unwrap()
    }

    fn subscription(slot: u32) -> SubscriptionId {
        SubscriptionId {
            shard: ShardId(1),
            slot,
            generation: 1,
        }
    }

    fn line(slot: u32) -> Line {
        Line {
            leg: LegId {
                shard: ShardId(2),
                slot,
                generation: 1,
            },
            phase: Phase::Early,
            side: Side::Recipient,
            rendering: Rendering::Heard,
            remote: "sip:102@demo.localhost".into(),
            own: Box::new(OwnCall {
                call: "c2-7-1".parse().unwrap(),
                stage: Stage::Ringing,
                number: Some("102".into()),
                name: None,
                colleague: Some(user("bosse")),
                queue: None,
                arrived: Time::ZERO,
                connected: None,
                held: Held::No,
                taking: Taking::OnPhone,
            }),
        }
    }

    #[test]
    fn whoever_follows_somebodys_lines_is_told_of_each_change_and_nothing_is_kept_of_who_has_gone()
    {
        let watch = Watch::new();
        let anna = user("anna");
        let mut follows = watch.follow(&anna);
        let mut follows_too = watch.follow(&anna);
        let first = line(7);
        watch.line(anna.clone(), first.leg, Some(first.clone()));
        assert!(follows.has_changed().unwrap() && follows_too.has_changed().unwrap());
        assert_eq!(watch.lines(&anna), std::slice::from_ref(&first));
        follows.borrow_and_update();
        follows_too.borrow_and_update();
        watch.line(user("bosse"), line(8).leg, Some(line(8)));
        assert!(!follows.has_changed().unwrap());
        watch.line(anna.clone(), first.leg, None);
        assert!(follows.has_changed().unwrap());
        drop((follows, follows_too));
        watch.line(anna.clone(), first.leg, None);
        assert!(!watch.people.contains_key(&anna));
    }

    #[test]
    fn who_watches_calls_hears_of_calls_and_who_watches_a_switch_of_that() {
        let watch = Watch::new();
        let calls = Watched::Calls(user("anna"));
        let pause = Watched::Switch(user("anna"), Switch::Paused);
        watch.watch(subscription(1), &user("bosse"), calls.clone());
        watch.watch(subscription(2), &user("anna"), pause.clone());
        let first = line(7);
        let told = watch.line(user("anna"), first.leg, Some(first.clone()));
        assert_eq!(told, [subscription(1)]);
        assert_eq!(watch.look(&calls), Sight::Calls(vec![first.clone()]));
        let paused = Switches {
            paused: true,
            ..Switches::default()
        };
        assert_eq!(
            watch.switches(user("anna"), paused.clone()),
            [subscription(2)]
        );
        assert_eq!(watch.switches(user("anna"), paused), []);
        assert_eq!(watch.look(&pause), Sight::Lamp(Lamp::On));
        assert_eq!(watch.line(user("anna"), first.leg, None), [subscription(1)]);
        assert_eq!(watch.look(&calls), Sight::Calls(Vec::new()));
    }

    #[test]
    fn a_user_has_so_many_subscriptions_and_nothing_is_kept_of_those_that_are_over() {
        let watch = Watch::new();
        let calls = Watched::Calls(user("anna"));
        for n in 0..SUBSCRIPTIONS_PER_USER_MAX {
            assert_eq!(
                watch.watch(subscription(n), &user("bosse"), calls.clone()),
                Room::Some
            );
        }
        let one_more = subscription(SUBSCRIPTIONS_PER_USER_MAX);
        assert_eq!(
            watch.watch(one_more, &user("bosse"), calls.clone()),
            Room::None
        );
        watch.unwatch(one_more, user("bosse"), &calls);
        assert_eq!(watch.count(), u64::from(SUBSCRIPTIONS_PER_USER_MAX));
        for n in 0..SUBSCRIPTIONS_PER_USER_MAX {
            watch.unwatch(subscription(n), user("bosse"), &calls);
        }
        assert_eq!((watch.count(), watch.people.len()), (0, 0));
        assert!(watch.watching.is_empty());
    }

    #[test]
    fn a_wish_lights_its_lamp_and_is_kept_while_nothing_else_is() {
        let watch = Watch::new();
        let anna = user("anna");
        let lamp = Watched::Switch(anna.clone(), Switch::DoNotDisturb);
        assert_eq!(
            watch.watch(subscription(1), &anna, lamp.clone()),
            Room::Some
        );
        let on = Change::DoNotDisturb(DoNotDisturb::On);
        let (wishes, told) = watch.wish(anna.clone(), &on);
        assert_eq!(told, [subscription(1)]);
        assert_eq!(watch.look(&lamp), Sight::Lamp(Lamp::On));
        watch.unwatch(subscription(1), anna.clone(), &lamp);
        assert_eq!(watch.wishes(&anna), wishes);
        watch.wish(anna.clone(), &Change::DoNotDisturb(DoNotDisturb::Off));
        assert!(watch.people.is_empty());
    }

    #[test]
    fn what_people_without_an_account_asked_for_leaves_memory_and_others_keep_theirs() {
        let watch = Watch::new();
        let on = Change::DoNotDisturb(DoNotDisturb::On);
        for name in ["anna", "bosse"] {
            watch.wish(user(name), &on);
        }
        assert_eq!(watch.keep_wishes(|it| *it == user("bosse")), [user("anna")]);
        assert_eq!(watch.people.len(), 1);
        let left = watch.all_wishes();
        assert_eq!(left, [(user("bosse"), watch.wishes(&user("bosse")))]);
        assert!(watch.keep_wishes(|_| true).is_empty());
    }
}
