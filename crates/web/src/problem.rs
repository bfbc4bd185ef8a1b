//! Every refusal is a problem document (RFC 9457), with what a program needs to go on beside what a person reads.

use crate::office::{Declined, Refused, Unread, Unstored};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use callback::Refusal;
use control::OwnCallRefusal;
use serde::Serialize;
use std::time::Duration;
use utoipa::{ToResponse, ToSchema};

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema, ToResponse)]
#[response(
    description = "refused, and why (RFC 9457)",
    content_type = "application/problem+json"
)]
pub(crate) struct Problem {
    /// What kind of problem: always `about:blank`, so that `title` and `status` say it (RFC 9457 §4.2.1).
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status, once more.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong, for a person to read.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// The entry that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    entry: Option<Box<str>>,
    /// Who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    held_by: Option<Box<str>>,
    /// What version it is at.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// Whether a code is asked for beside the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    totp: Option<bool>,
    /// Why something can't be done with one's own call, in a word: for a program to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "not-now")]
    reason: Option<OwnCallRefusal>,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// The type of problems that their titles say (RFC 9457 §4.2.1).
pub(crate) const BLANK: &str = "about:blank";

impl Problem {
    /// Its title, its status, and what is wrong.
    pub(crate) fn said(&self) -> (&'static str, u16, &str) {
        (self.title, self.status, &self.detail)
    }

    pub(crate) fn new(status: StatusCode, detail: impl Into<Box<str>>) -> Problem {
        Problem {
            r#type: BLANK,
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into(),
            entry: None,
            held_by: None,
            version: None,
            totp: None,
            reason: None,
            retry_after: None,
        }
    }

    pub(crate) fn unauthorized() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "log in first, or bring a token: POST /api/v1/session",
        )
    }

    /// The password was right, and a code is asked for beside it.
    pub(crate) fn code_wanted(detail: &'static str) -> Problem {
        Problem {
            totp: Some(true),
            ..Problem::new(StatusCode::UNAUTHORIZED, detail)
        }
    }

    pub(crate) fn forbidden(detail: impl Into<Box<str>>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, detail)
    }

    pub(crate) fn no_entry(entry: &str) -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no callback {entry} on a list that you may see"),
        )
    }

    pub(crate) fn invalid(detail: impl Into<Box<str>>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Too much is asked of us, or of him.
    pub(crate) fn later(status: StatusCode, detail: &str, after: Duration) -> Problem {
        Problem {
            retry_after: Some(after),
            ..Problem::new(status, detail)
        }
    }

    /// Storage does not answer.
    pub(crate) fn unstored(detail: &str) -> Problem {
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, detail, STORAGE_BACK)
    }

    fn about(mut self, entry: base::CallbackId, by: Option<&base::UserId>) -> Problem {
        self.entry = Some(entry.to_string().into());
        self.held_by = by.map(|by| by.as_str().into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110 §11.6.1: what one may come in with.
            let bearer = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, bearer);
        }
        if let Some(after) = retry_after {
            let seconds = after.as_secs().saturating_add(1);
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<control::Refusal> for Problem {
    fn from(refusal: control::Refusal) -> Problem {
        Problem::forbidden(refusal.to_string())
    }
}

impl From<Unstored> for Problem {
    fn from(unstored: Unstored) -> Problem {
        Problem::unstored(&unstored.to_string())
    }
}

impl From<Unread> for Problem {
    fn from(unread: Unread) -> Problem {
        let detail = unread.to_string();
        match unread {
            Unread::Away => Problem::unstored(&detail),
            Unread::InTurn => Problem::later(StatusCode::TOO_MANY_REQUESTS, &detail, STORAGE_BACK),
        }
    }
}

/// When storage may be asked again.
const STORAGE_BACK: Duration = Duration::from_secs(5);

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        match refused {
            Refused::By(refusal) => Problem::from(refusal),
            Refused::Away => Problem::later(
                StatusCode::SERVICE_UNAVAILABLE,
                "the callback lists do not answer",
                STORAGE_BACK,
            ),
        }
    }
}

impl From<Declined> for Problem {
    fn from(declined: Declined) -> Problem {
        match declined {
            Declined::Because(why) => Problem::new(StatusCode::CONFLICT, why),
            Declined::OwnCall(refusal) => refusal.into(),
            Declined::Away => Problem::later(
                StatusCode::SERVICE_UNAVAILABLE,
                "the queues do not answer",
                STORAGE_BACK,
            ),
        }
    }
}

impl From<OwnCallRefusal> for Problem {
    fn from(refusal: OwnCallRefusal) -> Problem {
        let status = match refusal {
            OwnCallRefusal::NoSuchCall => StatusCode::NOT_FOUND,
            OwnCallRefusal::NoNumber => StatusCode::UNPROCESSABLE_ENTITY,
            OwnCallRefusal::NotNow
            | OwnCallRefusal::HeldOnPhone
            | OwnCallRefusal::AnsweredOnPhone
            | OwnCallRefusal::UnknownNumber
            | OwnCallRefusal::NotAllowed
            | OwnCallRefusal::NoTelephone
            | OwnCallRefusal::DiallingAlready
            | OwnCallRefusal::TooManyCalls
            | OwnCallRefusal::Draining => StatusCode::CONFLICT,
        };
        Problem {
            reason: Some(refusal),
            ..Problem::new(status, refusal.to_string())
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        let status = match &refusal {
            Refusal::NoList(_) | Refusal::NoSuchEntry(_) | Refusal::NothingToChange => {
                StatusCode::NOT_FOUND
            }
            Refusal::NotAMember { .. } | Refusal::NoListOfHis(_) => StatusCode::FORBIDDEN,
            Refusal::Storage
            | Refusal::Unstored
            | Refusal::Broken(_)
            | Refusal::TooManyChoosing(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Text(_) | Refusal::Number(_) | Refusal::NotHisToSay(_) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Refusal::NotOffered(_)
            | Refusal::Conditions(_)
            | Refusal::NoRoom(_)
            | Refusal::ChoiceGone
            | Refusal::Full(_)
            | Refusal::TooManyKeyed(_)
            | Refusal::KeyedTooOften(_)
            | Refusal::BeingStored
            | Refusal::Already(_)
            | Refusal::Held { .. }
            | Refusal::Changed { .. }
            | Refusal::NumberHeld { .. }
            | Refusal::HasAnother { .. }
            | Refusal::OwesNote { .. }
            | Refusal::NotHis { .. }
            | Refusal::NoNoteOwed(_)
            | Refusal::NotDue { .. }
            | Refusal::Closed { .. }
            | Refusal::TriedOut(_)
            | Refusal::NothingDue
            | Refusal::NotLoggedIn { .. }
            | Refusal::NotByCode
            | Refusal::NothingKeyed(_) => StatusCode::CONFLICT,
        };
        let problem = Problem::new(status, refusal.to_string());
        match &refusal {
            Refusal::Held { entry, by } | Refusal::NumberHeld { entry, by } => {
                problem.about(*entry, Some(by))
            }
            Refusal::Changed { entry, version, by } => {
                let mut problem = problem.about(*entry, by.as_ref());
                problem.version = Some(*version);
                problem
            }
            Refusal::HasAnother { agent, entry } | Refusal::OwesNote { agent, entry } => {
                problem.about(*entry, Some(agent))
            }
            Refusal::Closed { entry, .. } | Refusal::NotDue { entry, .. } => {
                problem.about(*entry, None)
            }
            Refusal::Already(entry) => problem.about(*entry, None),
            _ => problem,
        }
    }
}
