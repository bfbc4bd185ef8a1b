//! The files read, and where in them things stand. What they say is left to `tree`.

use crate::error::{ConfigError, Spot};
use miette::NamedSource;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file read, in bytes: 10,000 users take about one million, and a file far beyond that is a
/// mistake (a recording, a log) that should not be read into memory.
pub const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A stretch of one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// One file's text.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    text: Arc<str>,
    named: Arc<NamedSource<Arc<str>>>,
    /// Byte offset of the start of each line.
    lines: Vec<usize>,
}

impl Source {
    pub(crate) fn new(path: PathBuf, text: String) -> Source {
        let text: Arc<str> = text.into();
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
        let lines = std::iter::once(0)
            .chain(newlines.map(|(at, _)| at + 1))
            .collect();
        let named = Arc::new(NamedSource::new(path.to_string_lossy(), text.clone()));
        Source {
            path,
            text,
            named,
            lines,
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text of the line that `offset` lies in, and where it starts.
    pub(crate) fn line_at(&self, offset: usize) -> (usize, &str) {
        let (line, start) = self.line_of(offset);
        let end = self.lines.get(line + 1).copied().unwrap_or(self.text.len());
        (start, &self.text[start..end])
    }

    /// Number, from zero, and start of the line that `offset` lies in.
    fn line_of(&self, offset: usize) -> (usize, usize) {
        let line = self
            .lines
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        (line, self.lines[line])
    }

    fn spot(&self, span: Range<usize>) -> Spot {
        let start = self.boundary(span.start);
        let end = self.boundary(span.end).max(start);
        let (line, line_start) = self.line_of(start);
        Spot {
            path: self.path.clone(),
            line: line + 1,
            column: self.text[line_start..start].chars().count() + 1,
            span: start..end,
            source: self.named.clone(),
        }
    }

    /// `offset`, or the nearest place before it that is between two characters.
    fn boundary(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset.min(self.text.len()))
    }
}

/// All files of one load.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    list: Vec<Source>,
    /// Files whose texts are not those on disk.
    instead: BTreeMap<PathBuf, String>,
}

impl Sources {
    /// None yet; where one of these is read, it says that.
    pub(crate) fn with(instead: impl IntoIterator<Item = (PathBuf, String)>) -> Sources {
        Sources {
            list: Vec::new(),
            instead: instead.into_iter().collect(),
        }
    }

    /// That file alone, which says that.
    pub(crate) fn one(path: &Path, text: &str) -> Sources {
        Sources {
            list: vec![Source::new(path.to_owned(), text.to_owned())],
            instead: BTreeMap::new(),
        }
    }

    /// Reads a file; its index names it in every [`Place`].
    pub(crate) fn read(&mut self, path: &Path) -> Result<usize, Box<ConfigError>> {
        let text = match self.instead.get(path) {
            Some(text) => text.clone(),
            None => read_text(path)?,
        };
        self.list.push(Source::new(path.to_owned(), text));
        Ok(self.list.len() - 1)
    }

    pub(crate) fn source(&self, file: usize) -> &Source {
        &self.list[file]
    }

    pub(crate) fn spot(&self, place: Place) -> Spot {
        self.list[place.file].spot(place.start..place.end)
    }

    /// Paths of all files, in the order read.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.list.iter().map(|source| source.path.clone()).collect()
    }

    /// `path` as written in `file`: relative to that file's folder.
    pub(crate) fn resolve(&self, file: usize, path: &str) -> PathBuf {
        let folder = self.list[file].path.parent().unwrap_or(Path::new(""));
        folder.join(path)
    }
}

pub(crate) fn read_text(path: &Path) -> Result<String, Box<ConfigError>> {
    let wrong = |problem: String, mend| Box::new(ConfigError::about(path, problem).mend(mend));
    let unreadable = |error: std::io::Error| {
        let mend = "check that the file is there and that the server's user may read it";
        wrong(format!("can't be read: {error}"), mend)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    // One byte more than is allowed tells a file that fits from one that does not.
    let mut file = file.take(FILE_BYTES_MAX + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let mend = "split it: all files in an organisation's folder count as one";
        return Err(wrong(
            format!("is larger than {FILE_BYTES_MAX} bytes"),
            mend,
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let problem = format!("expected UTF-8 text; line {line} has other bytes");
        wrong(problem, "save the file as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        let source = Source::new("a.toml".into(), "x = 1\nnamn = \"Åsa\" # Ö\n".into());
        let at = source.text().find('#').unwrap();
        let spot = source.spot(at..at + 1);
        assert_eq!((spot.line, spot.column), (2, 14));
        assert_eq!(source.line_at(at), (6, "namn = \"Åsa\" # Ö\n"));
    }

    #[test]
    fn a_place_beyond_the_end_is_the_end() {
        let source = Source::new("a.toml".into(), "å".into());
        let spot = source.spot(1..99);
        assert_eq!((spot.line, spot.column, spot.span), (1, 1, 0..2));
    }
}
