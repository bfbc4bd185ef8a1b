//! The floors of organisations, for all who look at them: pages, live events, programs. Each is made at most once a second, by
//! whoever asks first; the others wait for the same one, or read it. What was made before a command is read by nobody who
//! asks after it, so that whoever has had something done sees it.

use base::{OrgId, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use web::Floor;

/// For how long one is read.
const READ_FOR: Duration = Duration::from_secs(1);

/// Floors that are kept: of as many organisations as there may be. Beyond them those that nobody waits for are put away.
const FLOORS_MAX: usize = config::ORGANISATIONS_MAX;

/// Something that was made to be read for a while.
#[derive(Debug)]
struct Made<T> {
    what: Arc<T>,
    /// When it was begun: it is as new as that, or newer.
    begun: Time,
    /// How many commands had been carried out by then.
    commands: u64,
}

impl<T> Made<T> {
    /// Whether whoever asks now, after so many commands, may have it, who wants another than `told`.
    fn is_good(&self, now: Time, commands: u64, told: Option<&Arc<T>>) -> bool {
        let is_new = now < self.begun + READ_FOR && self.commands == commands;
        is_new && told.is_none_or(|told| !Arc::ptr_eq(told, &self.what))
    }
}

/// Where one thing lies that is read by many.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    /// Commands that may have changed it.
    commands: AtomicU64,
    /// Held by whoever makes it, so that all others wait for it, and it is made by one at a time.
    made: tokio::sync::Mutex<Option<Made<T>>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Shelf {
            commands: AtomicU64::new(0),
            made: tokio::sync::Mutex::new(None),
        }
    }
}

impl<T> Shelf<T> {
    /// What lies there, if it is good for whoever asks now; else it is made. Where that fails the next who waits tries it.
    pub(crate) async fn read<E>(
        &self,
        now: impl Fn() -> Time,
        told: Option<&Arc<T>>,
        make: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut made = self.made.lock().await;
        // As it is when it is his turn, and before it is made: a command that comes meanwhile may not be in it.
        let (begun, commands) = (now(), self.commands.load(Ordering::Acquire));
        if let Some(made) = &*made
            && made.is_good(begun, commands, told)
        {
            return Ok(made.what.clone());
        }
        let what = Arc::new(make().await?);
        *made = Some(Made {
            what: what.clone(),
            begun,
            commands,
        });
        Ok(what)
    }

    /// It may be another now.
    fn changed(&self) {
        self.commands.fetch_add(1, Ordering::Release);
    }
}

/// All floors, and which there are.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    organisations: Shelf<BTreeSet<OrgId>>,
    floors: Mutex<BTreeMap<OrgId, Arc<Shelf<Floor>>>>,
}

impl Floors {
    /// Where it lies which organisations have queues or agents.
    pub(crate) fn organisations(&self) -> &Shelf<BTreeSet<OrgId>> {
        &self.organisations
    }

    /// Where an organisation's lies. It is to be one that there is.
    pub(crate) fn of(&self, org: &OrgId) -> Arc<Shelf<Floor>> {
        let mut floors = self.lock();
        if let Some(shelf) = floors.get(org) {
            return shelf.clone();
        }
        if floors.len() >= FLOORS_MAX {
            floors.retain(|_, shelf| Arc::strong_count(shelf) > 1);
        }
        floors.entry(org.clone()).or_default().clone()
    }

    /// A command has been carried out, about that organisation, or about all where none is named.
    pub(crate) fn changed(&self, org: Option<&str>) {
        let floors = self.lock();
        match org {
            Some(org) => floors.get(org).into_iter().for_each(|it| it.changed()),
            None => {
                floors.values().for_each(|it| it.changed());
                self.organisations.changed();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<OrgId, Arc<Shelf<Floor>>>> {
        // Whoever had it ended the process.
        self.floors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};
    use tokio::sync::oneshot;

    type Answered = Result<Arc<u64>, &'static str>;

    /// A shelf at a time that is made up, on which each thing is the number of its making.
    #[derive(Default)]
    struct World {
        shelf: Shelf<u64>,
        now: Cell<Time>,
        made: Cell<u64>,
    }

    impl World {
        fn pass_ms(&self, ms: u64) {
            self.now.set(self.now.get() + Duration::from_millis(ms));
        }

        fn make(&self) -> u64 {
            self.made.set(self.made.get() + 1);
            self.made.get()
        }

        async fn ask(&self, told: Option<&Arc<u64>>) -> Answered {
            let make = async || Ok(self.make());
            self.shelf.read(|| self.now.get(), told, make).await
        }

        /// Asks, where it is made when the other end says so.
        async fn ask_slowly(&self, done: oneshot::Receiver<()>) -> Answered {
            let make = async || {
                let number = self.make();
                done.await.map_err(|_| "broken off")?;
                Ok(number)
            };
            self.shelf.read(|| self.now.get(), None, make).await
        }

        fn read(&self, told: Option<&Arc<u64>>) -> Arc<u64> {
            answer(&mut pin!(self.ask(told))).unwrap().unwrap()
        }
    }

    /// What it comes to, if nothing is to be waited for.
    fn answer<F: Future>(asking: &mut Pin<&mut F>) -> Option<F::Output> {
        let mut context = Context::from_waker(Waker::noop());
        match asking.as_mut().poll(&mut context) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_is_made_a_second_however_many_read() {
        let world = World::default();
        for _ in 0..30 {
            for _ in 0..100 {
                world.read(None);
            }
            world.pass_ms(100);
        }
        assert_eq!(world.made.get(), 3);
        // And none while nobody does.
        world.pass_ms(60_000);
        assert_eq!(*world.read(None), 4);
    }

    #[test]
    fn whoever_asks_while_it_is_made_waits_for_that_one() {
        let world = World::default();
        let (done, is_done) = oneshot::channel();
        let mut first = pin!(world.ask_slowly(is_done));
        assert!(answer(&mut first).is_none());
        let mut others: Vec<_> = (0..300).map(|_| Box::pin(world.ask(None))).collect();
        for other in &mut others {
            assert!(answer(&mut other.as_mut()).is_none());
        }
        done.send(()).unwrap();
        assert_eq!(answer(&mut first), Some(Ok(Arc::new(1))));
        for other in &mut others {
            assert_eq!(answer(&mut other.as_mut()), Some(Ok(Arc::new(1))));
        }
        assert_eq!(world.made.get(), 1);
    }

    #[test]
    fn whoever_asks_after_a_command_has_none_that_was_begun_before_it() {
        let world = World::default();
        world.read(None);
        world.shelf.changed();
        assert_eq!(*world.read(None), 2);
        assert_eq!(*world.read(None), 2, "it is in that one");
        // One that is under way may have been looked at before.
        world.pass_ms(1_000);
        let (done, is_done) = oneshot::channel();
        let mut under_way = pin!(world.ask_slowly(is_done));
        assert!(answer(&mut under_way).is_none());
        world.shelf.changed();
        let mut author = pin!(world.ask(None));
        assert!(answer(&mut author).is_none());
        done.send(()).unwrap();
        assert_eq!(answer(&mut under_way), Some(Ok(Arc::new(3))));
        assert_eq!(answer(&mut author), Some(Ok(Arc::new(4))));
    }

    #[test]
    fn whoever_wants_another_than_he_has_told_gets_one_that_others_had_made_or_has_it_made() {
        let world = World::default();
        let told = world.read(None);
        world.pass_ms(999);
        assert_eq!(*world.read(None), 1);
        let another = world.read(Some(&told));
        assert_eq!(*another, 2);
        // What others read is as new.
        assert_eq!(*world.read(None), 2);
        world.pass_ms(1_000);
        assert_eq!(*world.read(None), 3);
        assert_eq!(*world.read(Some(&another)), 3);
    }

    #[test]
    fn one_that_could_not_be_made_or_whose_maker_has_gone_is_made_by_the_next() {
        let world = World::default();
        let (done, is_done) = oneshot::channel();
        let mut fails = pin!(world.ask_slowly(is_done));
        assert!(answer(&mut fails).is_none());
        let mut waits = pin!(world.ask(None));
        assert!(answer(&mut waits).is_none());
        drop(done);
        assert_eq!(answer(&mut fails), Some(Err("broken off")));
        assert_eq!(answer(&mut waits), Some(Ok(Arc::new(2))));
        world.pass_ms(1_000);
        let (_done, is_done) = oneshot::channel();
        let mut gone = Box::pin(world.ask_slowly(is_done));
        assert!(answer(&mut gone.as_mut()).is_none());
        drop(gone);
        assert_eq!(*world.read(None), 4);
    }

    #[test]
    fn a_command_is_about_one_organisation_or_about_all_and_no_more_floors_are_kept_than_there_may_be()
     {
        let floors = Floors::default();
        let org = |name: &str| OrgId::new(name).unwrap();
        let commands = |shelf: &Shelf<Floor>| shelf.commands.load(Ordering::Acquire);
        let (demo, other) = (floors.of(&org("demo")), floors.of(&org("other")));
        floors.changed(Some("demo"));
        floors.changed(Some("nowhere"));
        assert_eq!((commands(&demo), commands(&other)), (1, 0));
        floors.changed(None);
        assert_eq!((commands(&demo), commands(&other)), (2, 1));
        assert!(Arc::ptr_eq(&demo, &floors.of(&org("demo"))));
        for number in 0..=FLOORS_MAX {
            floors.of(&org(&format!("o{number}")));
        }
        assert!(floors.lock().len() <= FLOORS_MAX);
        assert!(Arc::ptr_eq(&demo, &floors.of(&org("demo"))));
    }
}
