//! Collects what is wrong, so that one load tells all of it and not only the first.

use crate::error::ConfigError;
use crate::source::{Place, Sources};

/// How many errors are told at most: beyond that they come from one cause, and a reader is helped by an
/// end to them.
pub const ERRORS_MAX: usize = 1_000;

/// How many names are compared when a misspelt one is looked for: keeps a broken file of 10,000 users
/// from costing 10,000² comparisons.
const NAMES_COMPARED_MAX: usize = 2_000;

/// How many names are listed to choose from: all the settings of the section that has most.
const NAMES_LISTED_MAX: usize = 48;

/// Longest user text repeated in a message, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// Something wrong at a place; told once the place has become a line and a column.
#[derive(Debug)]
pub(crate) struct Problem {
    at: Place,
    problem: String,
    mend: Option<String>,
    others: Vec<(Place, String)>,
}

impl Problem {
    pub(crate) fn new(at: Place, problem: impl Into<String>) -> Problem {
        Problem {
            at,
            problem: problem.into(),
            mend: None,
            others: Vec::new(),
        }
    }

    pub(crate) fn mend(mut self, mend: impl Into<String>) -> Problem {
        self.mend = Some(mend.into());
        self
    }

    pub(crate) fn see(mut self, place: Place, label: impl Into<String>) -> Problem {
        self.others.push((place, label.into()));
        self
    }

    pub(crate) fn told(self, sources: &Sources) -> ConfigError {
        let mut error = ConfigError::at(sources.spot(self.at), self.problem);
        if let Some(mend) = self.mend {
            error = error.mend(mend);
        }
        for (place, label) in self.others {
            error = error.see(sources.spot(place), label);
        }
        error
    }
}

/// All that is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    errors: Vec<ConfigError>,
    warnings: Vec<ConfigError>,
    errors_left_out: usize,
}

impl Problems {
    pub(crate) fn tell(&mut self, error: ConfigError) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        } else {
            self.errors_left_out += 1;
        }
    }

    pub(crate) fn add(&mut self, sources: &Sources, problem: Problem) {
        self.tell(problem.told(sources));
    }

    pub(crate) fn warn(&mut self, sources: &Sources, problem: Problem) {
        if self.warnings.len() < ERRORS_MAX {
            self.warnings.push(problem.told(sources).into_warning());
        }
    }

    pub(crate) fn any(&self) -> bool {
        !self.errors.is_empty()
    }

    /// "did you mean `x`?", or what there is to choose from. Nothing once no more errors are kept: looking
    /// for names is what costs most in a file full of mistakes.
    pub(crate) fn suggestion<'n>(
        &self,
        word: &str,
        kind: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> String {
        if self.errors.len() >= ERRORS_MAX {
            return String::new();
        }
        if let Some(name) = nearest(&word.to_lowercase(), names.clone()) {
            return format!("did you mean `{name}`?");
        }
        let mut names = names;
        let listed: Vec<String> = names
            .by_ref()
            .take(NAMES_LISTED_MAX)
            .map(|n| format!("`{n}`"))
            .collect();
        let more = if names.next().is_some() { ", …" } else { "" };
        match listed.is_empty() {
            true => format!("there are no {kind} yet"),
            false => format!("{kind}: {}{more}", listed.join(", ")),
        }
    }

    /// The warnings, or, where there is an error, the errors.
    pub(crate) fn finish(self) -> Result<Vec<ConfigError>, Vec<ConfigError>> {
        let mut errors = self.errors;
        if errors.is_empty() {
            return Ok(self.warnings);
        }
        if self.errors_left_out > 0 {
            let more = format!("{} more errors are left out here", self.errors_left_out);
            errors.push(ConfigError::named("and", more).mend("mend these first"));
        }
        Err(errors)
    }
}

/// `text` in quotes, escaped and cut so that a message stays one readable line.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The one of `names` that `word` was most likely meant to be, if any is near.
pub(crate) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // A third of the letters wrong still reads as a slip; more is another word.
    let slips_max = word.chars().count() / 3;
    let slips = |name: &str| {
        let apart = name.len().abs_diff(word.len());
        // Four bytes a character at most: names that differ that much in length can't be near.
        (apart <= slips_max * 4).then(|| strsim::damerau_levenshtein(word, name))
    };
    names
        .take(NAMES_COMPARED_MAX)
        .filter_map(|name| Some((slips(name)?, name)))
        .filter(|(slips, _)| *slips <= slips_max)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_that_was_meant_and_another_word_finds_none() {
        let keys = ["ring", "wrap_up", "members", "music"];
        assert_eq!(nearest("rign", keys.into_iter()), Some("ring"));
        assert_eq!(nearest("wrapup", keys.into_iter()), Some("wrap_up"));
        assert_eq!(nearest("member", keys.into_iter()), Some("members"));
        assert_eq!(nearest("colour", keys.into_iter()), None);
        assert_eq!(nearest("", keys.into_iter()), None);
        assert_eq!(nearest("se", ["sv", "en"].into_iter()), None);
    }

    #[test]
    fn a_quoted_text_stays_one_short_line() {
        assert_eq!(quoted("a\nb"), "\"a\\nb\"");
        let long = quoted(&"å".repeat(1_000));
        assert!(long.chars().count() < 70 && long.ends_with('…'));
    }
}
