//! What is wrong with a configuration, for whoever administers one organisation in it: what stands in its files, with the
//! settings' paths, and of the rest only that there is something. Secrets are not repeated.

use super::snapshot::{Snapshot, is_secret};
use crate::error::ConfigError;
use crate::problems::Problems;
use crate::source::Sources;
use crate::tree::{self, Table, Value};

/// Something that is wrong, or hardly meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The file's name; none where it is about none.
    pub file: Option<String>,
    /// Line and column, from 1.
    pub at: Option<(usize, usize)>,
    /// The setting; empty where it isn't known.
    pub path: Vec<String>,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub mend: Option<String>,
}

/// Errors or warnings of a whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// Those in an organisation's files.
    pub inside: Vec<Told>,
    /// How many there are elsewhere.
    pub outside: usize,
}

impl Told {
    pub(super) fn about(file: Option<String>, path: &[String], problem: &str, mend: &str) -> Told {
        Told {
            file,
            at: None,
            path: path.to_vec(),
            problem: problem.to_owned(),
            mend: Some(mend.to_owned()),
        }
    }

    /// What is not about any file of the organisation's.
    pub fn elsewhere(problem: &str, mend: &str) -> Told {
        Told::about(None, &[], problem, mend)
    }
}

impl Snapshot {
    /// These errors or warnings, as far as they stand in these files.
    pub fn told(&self, errors: &[ConfigError]) -> Located {
        let trees: Vec<Option<Table>> = self
            .files
            .iter()
            .map(|file| {
                let sources = Sources::one(&file.path, &file.text);
                tree::parse(&sources, 0, &mut Problems::default())
            })
            .collect();
        let own_folder = format!("{}/", self.folder.display());
        let mut located = Located::default();
        for error in errors {
            let index = self
                .files
                .iter()
                .position(|file| error.path() == Some(&*file.path));
            // What is about the folder as a whole is the organisation's too.
            if index.is_none() && error.path() != Some(&*self.folder) {
                located.outside += 1;
                continue;
            }
            let spot = error.spot();
            let tree = index.and_then(|index| trees[index].as_ref());
            let (path, secret) = match (spot, tree) {
                (Some(spot), Some(tree)) => leading_to(tree, spot.span.start),
                _ => (Vec::new(), false),
            };
            let problem = match (secret, error.problem().split_once(", got ")) {
                (true, Some((expected, _))) => format!("{expected}, got something else"),
                // Where the server has its files is nobody's business.
                _ => error.problem().replace(&own_folder, ""),
            };
            located.inside.push(Told {
                file: index.map(|index| self.files[index].name.clone()),
                at: spot.map(|spot| (spot.line, spot.column)),
                path,
                problem,
                mend: error.how_to_mend().map(str::to_owned),
            });
        }
        located
    }
}

/// The keys that lead to what stands there in a file, and whether that is secret.
fn leading_to(table: &Table, offset: usize) -> (Vec<String>, bool) {
    let mut best: Option<(usize, Vec<String>, bool)> = None;
    look_through(table, &mut Vec::new(), &mut |path, secret, (start, end)| {
        let length = end - start;
        let is_better = best.as_ref().is_none_or(|(of_best, ..)| length <= *of_best);
        if (start..=end).contains(&offset) && is_better {
            best = Some((length, path.to_vec(), secret));
        }
    });
    best.map(|(_, path, secret)| (path, secret))
        .unwrap_or_default()
}

fn look_through(
    table: &Table,
    path: &mut Vec<String>,
    found: &mut impl FnMut(&[String], bool, (usize, usize)),
) {
    for (key, entry) in &table.entries {
        path.push(key.clone());
        let secret = is_secret(key, &entry.node);
        let (key, value) = (entry.key, entry.node.place);
        found(path, secret, (key.start, key.end));
        found(path, secret, (value.start, value.end));
        if let Value::Table(table) = &entry.node.value {
            look_through(table, path, found);
        }
        path.pop();
    }
}
