//! A change of an organisation's settings judged: against what its writer has seen, by what he may, and as a whole configuration
//! with its prompts and certificates.

use super::{Configuration, problem, problems};
use crate::reload::{self, Complete, Wrong};
use base::OrgId;
use config::{Change, Loaded, NotLanded, Snapshot, Told, Touch};
use control::{Principal, Proposal, Proposed};
use media::Prompts;
use std::collections::{BTreeMap, BTreeSet};
use web::{
    ChangeView, DiffLineView, FileDiffView, LineKindView, NotConfigured, SettingProblemView,
};

/// A change that somebody wants.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) by: Principal,
    pub(crate) org: OrgId,
    pub(crate) proposed: Proposed,
}

/// One that is right.
pub(crate) struct Judged {
    change: Change,
    pub(crate) outline: Outline,
    pub(crate) complete: Complete,
}

/// What it does.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    /// As it is shown, without who waits.
    pub(super) shown: ChangeView,
    /// The paths of what it changes.
    pub(super) paths: Vec<String>,
    /// Queues by their names.
    pub(super) queues: BTreeMap<String, Touch>,
}

impl Judged {
    /// Whether any file would be another.
    pub(crate) fn is_a_change(&self) -> bool {
        !self.outline.shown.files.is_empty()
    }
}

/// What is wrong with it outside of the organisation's files, said without what is others' business.
const OUTSIDE: (&str, &str) = (
    "the server's configuration is wrong outside of this organisation's files",
    "whoever runs the server sees what it is with kolapp check",
);

/// The same where it is about files that it names.
const NAMED: (&str, &str) = (
    "a prompt or a certificate that the server's configuration names can't be used",
    "name a sound file that can be played; whoever runs the server sees which it is in its log",
);

impl Configuration {
    /// Judges a change of the files as they are now. It takes a while.
    pub(crate) fn judge(
        &self,
        wanted: &Wanted,
        in_force: &Loaded,
        prompts: &Prompts,
    ) -> Result<Judged, NotConfigured> {
        let before = self.read(&wanted.org)?;
        let Proposed { version, what } = &wanted.proposed;
        if *version != self.versions.of(&before) {
            return Err(self.outdated(version, &before));
        }
        if let Proposal::File { name, .. } = what
            && before.names().all(|known| known != name)
        {
            return Err(NotConfigured::NotThere(format!("there is no file {name}")));
        }
        let change = Change::of(&before, what).map_err(wrong)?;
        let reaching = change.reaching_out();
        if wanted.by != Principal::Operator && !reaching.is_empty() {
            return Err(wrong(reaching));
        }
        let loaded = config::load_changed(&self.dir, &self.environment, &change);
        let loaded = loaded.and_then(|loaded| reload::check_loaded(&loaded).map(|()| loaded));
        let loaded = loaded.map_err(|errors| wrong_with(change.after(), &errors))?;
        let warnings = new_warnings(in_force, &loaded, &change);
        let complete = reload::complete(loaded, prompts).map_err(|refused| match refused {
            Wrong::Config(errors) => wrong_with(change.after(), &errors),
            Wrong::Lines(lines) => {
                lines
                    .iter()
                    .for_each(|line| tracing::warn!("a change is refused: {line}"));
                wrong(vec![Told::elsewhere(NAMED.0, NAMED.1)])
            }
        })?;
        let paths = change.changed();
        let outline = Outline {
            queues: change.after().touched_queues(&before),
            shown: ChangeView {
                version: self.versions.of(change.after()),
                files: diffs(&change),
                warnings,
                effects: Vec::new(),
                restart: config::taking_a_restart(&paths),
            },
            paths: paths.iter().map(|path| config::dotted(path)).collect(),
        };
        Ok(Judged {
            change,
            outline,
            complete,
        })
    }

    /// Puts the files in their places.
    pub(crate) fn land(&self, wanted: &Wanted, judged: &Judged) -> Result<(), NotConfigured> {
        let landed = judged.change.land(&self.dir, &self.environment);
        landed.map_err(|refused| match refused {
            NotLanded::Changed => match self.read(&wanted.org) {
                Ok(now) => self.outdated(&wanted.proposed.version, &now),
                Err(not) => not,
            },
            NotLanded::Failed(error) => {
                tracing::error!("a change of settings: {error}");
                NotConfigured::Because("the files can't be written: nothing was changed".into())
            }
        })?;
        // Whoever made it goes on from there.
        self.versions.show(judged.change.after());
        Ok(())
    }

    /// The files are others than those that somebody has seen.
    fn outdated(&self, seen: &str, now: &Snapshot) -> NotConfigured {
        let before = self.versions.find(seen);
        let changed = before.and_then(|before| now.changed_since(&before));
        NotConfigured::Changed {
            version: self.versions.show(now),
            changed: changed.map(|paths| paths.iter().map(|path| config::dotted(path)).collect()),
        }
    }
}

pub(super) fn wrong(told: Vec<Told>) -> NotConfigured {
    NotConfigured::Wrong(told.into_iter().map(problem).collect())
}

/// What is wrong with these files, and that something else is.
pub(super) fn wrong_with(files: &Snapshot, errors: &[config::ConfigError]) -> NotConfigured {
    NotConfigured::Wrong(told(files, errors))
}

pub(super) fn told(files: &Snapshot, errors: &[config::ConfigError]) -> Vec<SettingProblemView> {
    let located = files.told(errors);
    let mut told = problems(located.inside);
    if located.outside > 0 {
        told.push(problem(Told::elsewhere(OUTSIDE.0, OUTSIDE.1)));
    }
    told
}

/// Warnings that were not there before, wherever they stand.
fn new_warnings(in_force: &Loaded, loaded: &Loaded, change: &Change) -> Vec<SettingProblemView> {
    let before = in_force.warnings.iter().map(|warning| warning.problem());
    let before: BTreeSet<&str> = before.collect();
    let new = loaded.warnings.iter();
    let new = new.filter(|warning| !before.contains(warning.problem()));
    let new: Vec<config::ConfigError> = new.cloned().collect();
    problems(change.after().told(&new).inside)
}

fn diffs(change: &Change) -> Vec<FileDiffView> {
    let line = |line: config::DiffLine| DiffLineView {
        kind: match line.kind {
            config::LineKind::Same => LineKindView::Same,
            config::LineKind::Removed => LineKindView::Removed,
            config::LineKind::Added => LineKindView::Added,
        },
        line: line.line,
        text: line.text,
    };
    let file = |file: config::FileDiff| FileDiffView {
        name: file.name,
        diff: file.lines.into_iter().map(line).collect(),
    };
    change.diffs().into_iter().map(file).collect()
}
