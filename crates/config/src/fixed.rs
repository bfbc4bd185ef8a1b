//! What a running server can't change: its values as they were when it started, to be compared with those of later.

use std::fmt;

/// A setting that is taken up at the start only.
#[derive(Clone, PartialEq, Eq)]
pub struct Fixed {
    /// As it is called in the file.
    pub name: &'static str,
    /// It may be shown.
    shown: String,
    /// What it is besides, and is shown to nobody.
    secret: Option<Box<str>>,
}

impl Fixed {
    pub(crate) fn open(name: &'static str, shown: String) -> Fixed {
        Fixed {
            name,
            shown,
            secret: None,
        }
    }

    /// One that is more than is shown of it.
    pub(crate) fn with_secret(name: &'static str, shown: String, secret: &str) -> Fixed {
        Fixed {
            name,
            shown,
            secret: Some(secret.into()),
        }
    }

    /// In which words it differs from the same one later, if it does.
    fn differs(&self, later: &Fixed) -> Option<String> {
        let (name, then, now) = (self.name, &self.shown, &later.shown);
        match self == later {
            true => None,
            false if then == now => Some(format!("{name} {now}: changed in what is not shown")),
            false => Some(format!("{name} {then} -> {now}")),
        }
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.shown)
    }
}

/// What takes a restart to become what it is in `later`, a line each.
pub fn needs_restart(then: &[Fixed], later: &[Fixed]) -> Vec<String> {
    let pairs = then.iter().zip(later);
    pairs
        .filter_map(|(then, later)| then.differs(later))
        .collect()
}
