//! Licences of Kö Plus: the book that says who is billed goes by the configuration in force, and is kept in the store.

mod book;
mod report;

use crate::keeping::utc_now_ms;
use acd::{Licence, Settings};
use base::UserId;
use book::{Billed, Book, Entry};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{LicenceRow, Store, Write};

/// Words for licences, as configuration has them too.
const WORDS: [(&str, Licence); 4] = config::LICENCES;

/// The book and where it is kept. Clones are the same.
#[derive(Clone)]
pub(crate) struct Licences(Arc<Inner>);

struct Inner {
    book: Mutex<Book>,
    store: Store,
}

impl Licences {
    /// With what was kept.
    pub(crate) fn restore(rows: Vec<LicenceRow>, store: Store) -> Licences {
        let entries = rows.into_iter().filter_map(|row| {
            let entry = entry(&row);
            if entry.is_none() {
                tracing::warn!(user = %row.user, licence = row.licence, "a licence that was kept can't be read");
            }
            entry
        });
        Licences(Arc::new(Inner {
            book: Mutex::new(Book::of(entries)),
            store,
        }))
    }

    /// The configuration is so from now on.
    pub(crate) fn follow(&self, settings: &Settings) {
        for entry in self.book().follow(settings, utc_now_ms()) {
            let word = word(entry.licence);
            match entry.until_ms {
                None => tracing::info!(user = %entry.user, licence = word, "licence activated"),
                Some(_) => tracing::info!(user = %entry.user, licence = word, "licence ended"),
            }
            self.0.store.write_soon(Write::PutLicence(row(&entry)));
        }
    }

    /// The lines of a month of those users.
    pub(crate) fn billed(
        &self,
        month_ms: &Range<u64>,
        of: impl Fn(&UserId) -> bool,
    ) -> Vec<Billed> {
        self.book().billed(month_ms, of)
    }

    /// A file of the store's that is new knows nothing of them: hands all over again. Never ends by itself.
    pub(crate) async fn rewrite(self) {
        let mut renewed = self.0.store.renewed();
        while renewed.changed().await.is_ok() {
            for entry in self.book().entries() {
                self.0.store.write_soon(Write::PutLicence(row(entry)));
            }
        }
    }

    // The book is whole between any two statements, whoever panicked.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A licence's word.
pub(crate) fn word(licence: Licence) -> &'static str {
    let of = WORDS.iter().find(|(_, known)| *known == licence);
    of.map_or("", |(word, _)| word)
}

fn row(entry: &Entry) -> LicenceRow {
    LicenceRow {
        user: entry.user.clone(),
        licence: word(entry.licence).to_owned(),
        since_ms: entry.since_ms,
        until_ms: entry.until_ms,
    }
}

fn entry(row: &LicenceRow) -> Option<Entry> {
    let (_, licence) = *WORDS.iter().find(|(word, _)| *word == row.licence)?;
    Some(Entry {
        user: row.user.clone(),
        licence,
        since_ms: row.since_ms,
        until_ms: row.until_ms,
    })
}
