//! What is wrong with a configuration, told to whoever wrote it: where, what was expected and came, and
//! how to mend it. Says it in one line for logs and `ctl`, and in miette's drawn form for a terminal.

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A stretch of a file.
#[derive(Clone)]
pub struct Spot {
    /// The file, as it was opened.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The same stretch in bytes of the file.
    pub span: Range<usize>,
    pub(crate) source: Arc<NamedSource<Arc<str>>>,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// The file's text may hold passwords, so it is not printed.
impl fmt::Debug for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spot({self})")
    }
}

/// What an error is about.
#[derive(Clone, Debug)]
enum Subject {
    /// A stretch of a file.
    Spot(Spot),
    /// A file or folder as a whole.
    Path(PathBuf),
    /// Something outside of files, such as `KOLAPP_SIP_PORT`.
    Name(String),
}

/// Whether it keeps the configuration from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It does.
    Error,
    /// It does not, but is hardly meant.
    Warning,
}

/// Something wrong with the configuration. Its `Display` is one line:
/// `file:line:column: problem; mend (other places)`.
#[derive(Clone, Debug)]
pub struct ConfigError {
    weight: Weight,
    subject: Subject,
    problem: String,
    mend: Option<String>,
    others: Vec<(Spot, String)>,
}

impl ConfigError {
    pub(crate) fn at(spot: Spot, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(Subject::Spot(spot), problem.into())
    }

    pub(crate) fn about(path: &Path, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(Subject::Path(path.to_owned()), problem.into())
    }

    pub(crate) fn named(name: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(Subject::Name(name.to_owned()), problem.into())
    }

    fn new(subject: Subject, problem: String) -> ConfigError {
        ConfigError {
            weight: Weight::Error,
            subject,
            problem,
            mend: None,
            others: Vec::new(),
        }
    }

    pub(crate) fn mend(mut self, mend: impl Into<String>) -> ConfigError {
        self.mend = Some(mend.into());
        self
    }

    pub(crate) fn see(mut self, spot: Spot, label: impl Into<String>) -> ConfigError {
        self.others.push((spot, label.into()));
        self
    }

    pub(crate) fn into_warning(mut self) -> ConfigError {
        self.weight = Weight::Warning;
        self
    }

    /// Where it stands, if in a file that could be read.
    pub fn spot(&self) -> Option<&Spot> {
        match &self.subject {
            Subject::Spot(spot) => Some(spot),
            Subject::Path(_) | Subject::Name(_) => None,
        }
    }

    /// The file or folder that it is about, if it is about one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.subject {
            Subject::Spot(spot) => Some(&spot.path),
            Subject::Path(path) => Some(path),
            Subject::Name(_) => None,
        }
    }

    /// What is wrong.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// How to mend it.
    pub fn how_to_mend(&self) -> Option<&str> {
        self.mend.as_deref()
    }

    /// Other places that have to do with it, such as the first of two that clash.
    pub fn others(&self) -> impl Iterator<Item = (&Spot, &str)> {
        self.others
            .iter()
            .map(|(spot, label)| (spot, label.as_str()))
    }

    /// Whether it is an error or a warning.
    pub fn weight(&self) -> Weight {
        self.weight
    }

    /// Drawn for a terminal, with the lines of the file; no colours, since it may go to a pipe.
    pub fn drawn(&self) -> String {
        let theme = miette::GraphicalTheme::unicode_nocolor();
        let handler = miette::GraphicalReportHandler::new_themed(theme);
        let mut text = String::new();
        match handler.render_report(&mut text, &Drawing(self)) {
            Ok(()) => text,
            Err(fmt::Error) => self.to_string(),
        }
    }

    /// Places in the same file as the error itself: those that can be drawn in one picture.
    fn is_beside(&self, other: &Spot) -> bool {
        self.spot().is_some_and(|spot| spot.path == other.path)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Spot(spot) => write!(f, "{spot}: ")?,
            Subject::Path(path) => write!(f, "{}: ", path.display())?,
            Subject::Name(name) => write!(f, "{name}: ")?,
        }
        f.write_str(&self.problem)?;
        if let Some(mend) = &self.mend {
            write!(f, "; {mend}")?;
        }
        for (spot, label) in &self.others {
            write!(f, " ({label}: {spot})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// What miette draws: the problem alone as headline, since the picture below it says where.
#[derive(Debug)]
struct Drawing<'e>(&'e ConfigError);

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.subject {
            Subject::Spot(_) => {}
            Subject::Path(path) => write!(f, "{}: ", path.display())?,
            Subject::Name(name) => write!(f, "{name}: ")?,
        }
        f.write_str(&self.0.problem)
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(match self.0.weight {
            Weight::Error => Severity::Error,
            Weight::Warning => Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let elsewhere = self
            .0
            .others
            .iter()
            .filter(|(spot, _)| !self.0.is_beside(spot));
        let elsewhere = elsewhere.map(|(spot, label)| format!("{label}: {spot}"));
        let lines: Vec<String> = self.0.mend.iter().cloned().chain(elsewhere).collect();
        (!lines.is_empty()).then(|| Box::new(lines.join("\n")) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.spot().map(|spot| &*spot.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let spot = self.0.spot()?;
        let here = LabeledSpan::new_primary_with_span(Some("here".to_owned()), spot.span.clone());
        let beside = self
            .0
            .others
            .iter()
            .filter(|(spot, _)| self.0.is_beside(spot));
        let beside = beside.map(|(spot, label)| {
            LabeledSpan::new_with_span(Some(label.clone()), spot.span.clone())
        });
        Some(Box::new(std::iter::once(here).chain(beside)))
    }
}
