//! Logging in and out: a session is a cookie that no script can read and no other site's page can send.

use crate::body::Body;
use crate::caller::{self, By, PLAIN_COOKIE, SECURE_COOKIE, must_be_same_site};
use crate::came_from::CameFrom;
use crate::desk::Desk;
use crate::log_ins::{Attempt, Named};
use crate::office::{Account, Deed, Keeping, Who};
use crate::password;
use crate::problem::Problem;
use crate::second_step::{self, Second};
use crate::way::Way;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use control::{Principal, Role};
use serde::{Deserialize, Serialize};
use sip_core::guard::Source;
use std::time::Duration;
use utoipa::ToSchema;

/// Longest password, in bytes: nobody types more, and Argon2 reads all of it.
pub(crate) const PASSWORD_BYTES_MAX: usize = 512;
/// Longest name of an account: a user and a domain.
const USER_BYTES_MAX: usize = 320;
/// When whoever finds too many before him may come again.
pub(crate) const COME_AGAIN: Duration = Duration::from_secs(2);

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogInBody {
    /// `anna` in the default organisation, `anna@sip.example.com` in another; or an operator's name.
    #[schema(max_length = 320, example = "anna")]
    user: String,
    /// His password.
    #[schema(max_length = 512, format = Password, example = "demo-anna")]
    password: String,
    /// What his authenticator shows, or a recovery code; asked for (401 with `totp`) of whoever has switched that on.
    #[schema(max_length = 64)]
    code: Option<String>,
}

/// Who is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Who: a user with his organisation, or an operator's name.
    #[schema(example = "demo/anna")]
    user: String,
    /// What he is called.
    name: Option<String>,
    role: RoleView,
    /// His organisation; null for an operator, who has all.
    organisation: Option<String>,
}

/// What somebody may.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoleView {
    Agent,
    Supervisor,
    Administrator,
    Operator,
}

impl From<&Account> for SessionView {
    fn from(account: &Account) -> SessionView {
        let (role, organisation) = match &account.principal {
            Principal::Operator => (RoleView::Operator, None),
            Principal::User { user, role } => {
                let role = match role {
                    Role::Agent => RoleView::Agent,
                    Role::Supervisor => RoleView::Supervisor,
                    Role::Administrator => RoleView::Administrator,
                };
                (role, Some(user.org_name().to_owned()))
            }
        };
        SessionView {
            user: match &account.who {
                Who::Operator(name) => name.to_string(),
                Who::User(user) => user.to_string(),
            },
            name: account.display_name.as_deref().map(str::to_owned),
            role,
            organisation,
        }
    }
}

/// Logs in: the answer sets the session's cookie.
#[utoipa::path(
    post, path = "/session", tag = "session", request_body = LogInBody, security(()),
    responses(
        (status = 200, body = SessionView, headers(("set-cookie" = String, description = "the session"))),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn log_in(
    State(desk): State<Desk>,
    CameFrom(source): CameFrom,
    Extension(way): Extension<Way>,
    headers: HeaderMap,
    Body(given): Body<LogInBody>,
) -> Result<Response, Problem> {
    must_be_same_site(&Method::POST, &headers, way)?;
    if given.password.len() > PASSWORD_BYTES_MAX || given.user.len() > USER_BYTES_MAX {
        return Err(refused());
    }
    let name = given.user.to_lowercase();
    let named = desk.office().named(&name);
    let named = named.map_or_else(|| Named::Nobody(name), Named::Who);
    // Whom he claims to be is told only of accounts that there are: people type their passwords there too.
    let claimed = match &named {
        Named::Who(who) => desk.account(who).map(|account| account.who),
        Named::Nobody(_) => None,
    };
    let did = |how, refused| {
        desk.office().did(Deed {
            org: claimed.as_ref().and_then(Who::org),
            by: claimed.clone(),
            what: format!("logs in from {source}{how}"),
            refused,
        });
    };
    let Some(Proven { account, attempt }) = prove(&desk, source, named, given.password).await?
    else {
        did("", Some("it is another password or nobody's name"));
        return Err(refused());
    };
    match second_step::take(&desk, source, &account, given.code).await? {
        Second::Taken => did("", None),
        Second::TakenByRecovery => did(" by a recovery code", None),
        Second::Wanted => {
            desk.log_ins().give_back(desk.office().now(), attempt);
            return Err(Problem::code_wanted(
                "a code is asked for beside the password",
            ));
        }
        Second::Wrong => {
            did("", Some("it is another code"));
            counted("refused");
            return Err(Problem::code_wanted("the code is another one"));
        }
    }
    desk.log_ins().came_in(desk.office().now(), attempt);
    counted("done");
    tracing::info!(who = %account.who, %source, "logged in by HTTP");
    let random = desk.office().random().map_err(|_| no_random())?;
    let mark = account.proof.mark();
    let begun = desk
        .passes()
        .begin_session(account.who.clone(), mark, random, desk.utc());
    desk.office().keep_soon(Keeping::Session(begun.row));
    for hash in begun.ended {
        desk.office().keep_soon(Keeping::SessionOver(hash));
    }
    let secret = begun.secret;
    // A proxy may not say that it was HTTPS; the page does.
    let origin = headers.get(header::ORIGIN);
    let of_secure_page = origin.is_some_and(|it| it.as_bytes().starts_with(b"https:"));
    let cookie = match of_secure_page {
        true => set_cookie(Way::Secure, &secret),
        false => set_cookie(way, &secret),
    };
    Ok(with_cookie(
        &cookie,
        Json(SessionView::from(&account)).into_response(),
    ))
}

/// Somebody whose password it was. His attempt has failed unless something else is said of it.
pub(crate) struct Proven {
    pub(crate) account: Account,
    pub(crate) attempt: Attempt,
}

pub(crate) fn throttled(after: Duration) -> Problem {
    counted("throttled");
    let detail = "too many attempts have failed: try again later";
    Problem::later(StatusCode::TOO_MANY_REQUESTS, detail, after)
}

/// The account that somebody names, if that is its password and he has not failed too often.
pub(crate) async fn prove(
    desk: &Desk,
    source: Source,
    named: Named,
    password: String,
) -> Result<Option<Proven>, Problem> {
    let account = match &named {
        Named::Who(who) => desk.account(who),
        Named::Nobody(_) => None,
    };
    let now = desk.office().now();
    let attempt = desk.log_ins().begin(now, source, named);
    let attempt = attempt.map_err(throttled)?;
    let Ok(proven) = password::prove(desk.trials(), account, password).await else {
        desk.log_ins().give_back(desk.office().now(), attempt);
        counted("busy");
        let detail = "many are logging in just now: try again in a moment";
        return Err(Problem::later(
            StatusCode::SERVICE_UNAVAILABLE,
            detail,
            COME_AGAIN,
        ));
    };
    if proven.is_none() {
        counted("refused");
        tracing::info!(%source, "a log-in by HTTP was refused");
    }
    Ok(proven.map(|account| Proven { account, attempt }))
}

pub(crate) fn no_random() -> Problem {
    let detail = "the system gives no random bytes";
    Problem::later(StatusCode::SERVICE_UNAVAILABLE, detail, COME_AGAIN)
}

/// The same for whoever it is, and whatever is wrong.
fn refused() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "there is no such user, or the password is another one",
    )
}

fn counted(outcome: &'static str) {
    metrics::counter!("kolapp_web_log_ins_total", "outcome" => outcome).increment(1);
}

fn set_cookie(way: Way, secret: &str) -> String {
    let (name, more) = match way {
        Way::Secure => (SECURE_COOKIE, "; Secure"),
        Way::Plain => (PLAIN_COOKIE, ""),
    };
    format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict{more}")
}

fn with_cookie(cookie: &str, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Who is logged in.
#[utoipa::path(
    get, path = "/session", tag = "session",
    responses((status = 200, body = SessionView), (status = 401, response = Problem)),
)]
pub(crate) async fn session(by: By) -> Json<SessionView> {
    Json(SessionView::from(&by.account))
}

/// Logs out. Whoever has no session is logged out already.
#[utoipa::path(
    delete, path = "/session", tag = "session", security(()),
    responses(
        (status = 204, description = "he is logged out"),
        (status = 403, response = Problem),
    ),
)]
pub(crate) async fn log_out(
    State(desk): State<Desk>,
    Extension(way): Extension<Way>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    must_be_same_site(&Method::DELETE, &headers, way)?;
    if let Some(secret) = caller::cookie(&headers, way) {
        // Whoever has ended it takes the cookie along: that a crash may bring it back before this is stored opens nothing to
        // him who finds neither.
        if let Some(hash) = desk.passes().end_session(secret) {
            desk.office().keep_soon(Keeping::SessionOver(hash));
        }
    }
    // Whichever he has.
    let response = StatusCode::NO_CONTENT.into_response();
    let gone = [Way::Secure, Way::Plain].map(|way| set_cookie(way, "") + "; Max-Age=0");
    let gone = gone.iter();
    Ok(gone.fold(response, |response, gone| with_cookie(gone, response)))
}
