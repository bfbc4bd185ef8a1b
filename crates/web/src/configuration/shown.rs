//! How settings, changes of them, and why they are not made are shown.

use crate::problem::{BLANK, Problem};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::QueueId;
use serde::Serialize;
use utoipa::ToSchema;

/// What came of something that was asked of settings.
#[derive(Clone, Debug)]
pub enum Configured {
    /// All of them.
    Shown(Box<ConfigurationView>),
    /// A file.
    File(FileView),
    /// A change, made or only looked at.
    Change(Box<ChangeView>),
}

/// Why nothing came of it.
#[derive(Clone, Debug)]
pub enum NotConfigured {
    /// There is nothing of that name.
    NotThere(String),
    /// The files are not those that were seen any more.
    Changed {
        /// Their version.
        version: String,
        /// What was changed since, by its path; none where that isn't known.
        changed: Option<Vec<String>>,
    },
    /// It would be wrong, or is.
    Wrong(Vec<SettingProblemView>),
    /// It can't be done as things stand, and why.
    Because(String),
    /// Nobody is there to do it.
    Away,
}

/// An organisation's settings.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ConfigurationView {
    /// The version of all files: another as soon as any of them is another.
    pub version: String,
    /// Its tables laid together, as they are written: without defaults, and with `{"secret": true}` for each secret.
    #[schema(value_type = Object)]
    pub settings: serde_json::Value,
    /// The files that they stand in.
    pub files: Vec<ConfigurationFileView>,
    /// Whether that is what the server goes by.
    pub in_force: bool,
    /// Why it isn't, as far as it stands in these files.
    pub problems: Vec<SettingProblemView>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConfigurationFileView {
    /// Its name.
    #[schema(example = "organisation.toml")]
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A file with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileView {
    /// Its name.
    #[schema(example = "organisation.toml")]
    pub name: String,
    /// The version of all files.
    pub version: String,
    /// What it says, with `"(kept secret)"` for each secret.
    pub text: String,
}

/// Something that is wrong with settings, or hardly meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SettingProblemView {
    /// The file; null where it stands in none of the organisation's.
    #[schema(example = "queues.toml")]
    pub file: Option<String>,
    /// The line, from 1, in the file as it would be.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// The setting, as TOML writes a path; null where it isn't known.
    #[schema(example = "queues.support.ring")]
    pub path: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// How to mend it.
    pub mend: Option<String>,
}

/// What a change does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangeView {
    /// The version of all files with it.
    pub version: String,
    /// What differs, in each file that it changes.
    pub files: Vec<FileDiffView>,
    /// What it brings that is allowed but hardly meant.
    pub warnings: Vec<SettingProblemView>,
    /// The queues that are set otherwise by it or are no more, and who waits in them now.
    pub effects: Vec<QueueEffectView>,
    /// Settings that it changes and only a restart takes up.
    pub restart: Vec<String>,
}

/// What differs in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileDiffView {
    /// Its name.
    #[schema(example = "queues.toml")]
    pub name: String,
    /// Lines that go and come, with some around them. Secrets are not shown.
    pub diff: Vec<DiffLineView>,
}

/// A line of what differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiffLineView {
    /// What becomes of it.
    pub kind: LineKindView,
    /// Its number: in the file as it is, if it goes, in the file as it would be otherwise.
    pub line: usize,
    /// What it says.
    pub text: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LineKindView {
    /// It stays.
    Same,
    /// It goes.
    Removed,
    /// It comes.
    Added,
}

/// A queue that a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueEffectView {
    /// Which.
    #[schema(value_type = String, example = "demo/support")]
    pub queue: QueueId,
    /// Callers who wait in it now, for whom nobody is rung or somebody is.
    pub waiting: u32,
    /// What becomes of it.
    pub what: EffectView,
}

/// What becomes of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EffectView {
    /// It, or when it is open, is set otherwise.
    Changed,
    /// It is no more: who waits is served to the end.
    Removed,
}

/// A change that is not made.
#[derive(Clone, Debug)]
pub(crate) struct NotTaken {
    problem: Problem,
    version: Option<String>,
    changed: Option<Vec<String>>,
    problems: Option<Vec<SettingProblemView>>,
}

/// A problem document (RFC 9457) with what stands in the way of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotTakenView {
    /// What kind of problem: always `about:blank`, so that `title` and `status` say it (RFC 9457 §4.2.1).
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status, once more.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, for a person to read.
    detail: String,
    /// The version that the files have now (409).
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// What has been changed since the version that was seen (409), by paths such as `queues.support.ring`; left out where that
    /// isn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<Vec<String>>,
    /// What is wrong (422).
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<SettingProblemView>>,
}

impl NotTaken {
    /// The server answered something else than it was asked.
    pub(crate) fn confused() -> NotTaken {
        let detail = "the server answered something else than it was asked";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into()
    }
}

impl From<Problem> for NotTaken {
    fn from(problem: Problem) -> NotTaken {
        NotTaken {
            problem,
            version: None,
            changed: None,
            problems: None,
        }
    }
}

impl From<NotConfigured> for NotTaken {
    fn from(not: NotConfigured) -> NotTaken {
        match not {
            NotConfigured::NotThere(detail) => Problem::new(StatusCode::NOT_FOUND, detail).into(),
            NotConfigured::Changed { version, changed } => {
                let detail = "somebody else has changed these settings since you saw them: nothing was changed";
                NotTaken {
                    version: Some(version),
                    changed,
                    ..Problem::new(StatusCode::CONFLICT, detail).into()
                }
            }
            NotConfigured::Wrong(problems) => NotTaken {
                problems: Some(problems),
                ..Problem::invalid("the settings would be wrong, or are: nothing was changed")
                    .into()
            },
            NotConfigured::Because(why) => Problem::unstored(&why).into(),
            NotConfigured::Away => Problem::unstored("the server does not answer").into(),
        }
    }
}

impl IntoResponse for NotTaken {
    fn into_response(self) -> Response {
        let (title, status, detail) = self.problem.said();
        let document = NotTakenView {
            r#type: BLANK,
            title,
            status,
            detail: detail.to_owned(),
            version: self.version,
            changed: self.changed,
            problems: self.problems,
        };
        let document = axum::Json(document).into_response();
        // The same head as any refusal has; the length is said anew.
        let (mut parts, _) = self.problem.into_response().into_parts();
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, document.into_body())
    }
}
