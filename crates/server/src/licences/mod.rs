//! Licences of Kö Plus and of calling back: the books that say who is billed go by the configuration in force, and are kept
//! in the store.

mod book;
mod report;

use crate::keeping::utc_now_ms;
use acd::Licence;
use base::{QueueId, UserId};
use book::{Billed, Book, Entry};
use config::Loaded;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{ActivationRow, LicenceRow, Store, Write};

/// Words for licences, as configuration has them too.
const WORDS: [(&str, Licence); 4] = config::LICENCES;

/// The word for what queues have that call back.
pub(crate) const CALLBACK: &str = "callback";

type OfUsers = Book<UserId, Licence>;
type OfQueues = Book<QueueId, ()>;

/// Both books.
#[derive(Default)]
struct Books {
    users: OfUsers,
    queues: OfQueues,
}

/// The books and where they are kept. Clones are the same.
#[derive(Clone)]
pub(crate) struct Licences(Arc<Inner>);

struct Inner {
    /// None until it is known what was kept: whoever has had a licence for long must not be activated anew.
    books: Mutex<Option<Books>>,
    store: Store,
}

impl Licences {
    /// Follows nothing until what was kept is taken up.
    pub(crate) fn new(store: Store) -> Licences {
        Licences(Arc::new(Inner {
            books: Mutex::new(None),
            store,
        }))
    }

    /// Goes on from what was kept.
    pub(crate) fn take_up(&self, rows: Vec<LicenceRow>, activations: Vec<ActivationRow>) {
        let entries = rows.into_iter().filter_map(|row| {
            let entry = entry(&row);
            if entry.is_none() {
                tracing::warn!(user = %row.user, licence = row.licence, "a licence that was kept can't be read");
            }
            entry
        });
        let of_queues = activations.into_iter().map(|row| Entry {
            holder: row.queue,
            licence: (),
            since_ms: row.since_ms,
            until_ms: row.until_ms,
        });
        *self.books() = Some(Books {
            users: Book::of(entries),
            queues: Book::of(of_queues),
        });
    }

    /// The configuration is so from now on.
    pub(crate) fn follow(&self, loaded: &Loaded) {
        let mut books = self.books();
        let Some(books) = &mut *books else {
            return;
        };
        let now_ms = utc_now_ms();
        for entry in books.users.follow(book::users(&loaded.acd), now_ms) {
            let word = word(entry.licence);
            match entry.until_ms {
                None => tracing::info!(user = %entry.holder, licence = word, "licence activated"),
                Some(_) => tracing::info!(user = %entry.holder, licence = word, "licence ended"),
            }
            self.0.store.write_soon(Write::PutLicence(row(&entry)));
        }
        for entry in books.queues.follow(book::queues(&loaded.callback), now_ms) {
            match entry.until_ms {
                None => tracing::info!(queue = %entry.holder, "callback activated"),
                Some(_) => tracing::info!(queue = %entry.holder, "callback ended"),
            }
            self.0
                .store
                .write_soon(Write::PutActivation(activation(&entry)));
        }
    }

    /// The lines of a month of those users; none while it is not known what was kept.
    pub(crate) fn billed(
        &self,
        month_ms: &Range<u64>,
        of: impl Fn(&UserId) -> bool,
    ) -> Option<Vec<Billed<UserId, Licence>>> {
        let books = self.books();
        books.as_ref().map(|it| it.users.billed(month_ms, of))
    }

    /// The same of queues that call back.
    pub(crate) fn queues_billed(
        &self,
        month_ms: &Range<u64>,
        of: impl Fn(&QueueId) -> bool,
    ) -> Option<Vec<Billed<QueueId, ()>>> {
        let books = self.books();
        books.as_ref().map(|it| it.queues.billed(month_ms, of))
    }

    /// A file of the store's that is new knows nothing of them: hands all over again. Never ends by itself.
    pub(crate) async fn rewrite(self) {
        let mut renewed = self.0.store.renewed();
        while renewed.changed().await.is_ok() {
            let books = self.books();
            for entry in books.iter().flat_map(|it| it.users.entries()) {
                self.0.store.write_soon(Write::PutLicence(row(entry)));
            }
            for entry in books.iter().flat_map(|it| it.queues.entries()) {
                let put = Write::PutActivation(activation(entry));
                self.0.store.write_soon(put);
            }
        }
    }

    // The books are whole between any two statements, whoever panicked.
    fn books(&self) -> MutexGuard<'_, Option<Books>> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A licence's word.
pub(crate) fn word(licence: Licence) -> &'static str {
    let of = WORDS.iter().find(|(_, known)| *known == licence);
    of.map_or("", |(word, _)| word)
}

fn row(entry: &Entry<UserId, Licence>) -> LicenceRow {
    LicenceRow {
        user: entry.holder.clone(),
        licence: word(entry.licence).to_owned(),
        since_ms: entry.since_ms,
        until_ms: entry.until_ms,
    }
}

fn entry(row: &LicenceRow) -> Option<Entry<UserId, Licence>> {
    let (_, licence) = *WORDS.iter().find(|(word, _)| *word == row.licence)?;
    Some(Entry {
        holder: row.user.clone(),
        licence,
        since_ms: row.since_ms,
        until_ms: row.until_ms,
    })
}

fn activation(entry: &Entry<QueueId, ()>) -> ActivationRow {
    ActivationRow {
        queue: entry.holder.clone(),
        since_ms: entry.since_ms,
        until_ms: entry.until_ms,
    }
}
