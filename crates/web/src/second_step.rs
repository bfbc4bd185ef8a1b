//! The second step of logging in: asked for beside a password, switched on and off by oneself, and taken back by an
//! administrator.

use crate::body::Body;
use crate::caller::By;
use crate::came_from::CameFrom;
use crate::credentials::looked_after;
use crate::desk::Desk;
use crate::log_ins::Named;
use crate::office::{Account, Deed, Keeping, Unstored, Who};
use crate::problem::Problem;
use crate::second_factors::{SecondFactor, Tried};
use crate::sessions::{PASSWORD_BYTES_MAX, no_random, prove, throttled};
use crate::views::moment;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::UserId;
use control::Command;
use serde::{Deserialize, Serialize};
use sip_core::guard::Source;
use utoipa::ToSchema;

/// Longest code, in bytes: a recovery code, and what people write between its signs.
const CODE_BYTES_MAX: usize = 64;

/// How somebody's second step stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotpView {
    /// Whether he is asked for a code when he logs in.
    on: bool,
    /// Since when.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Recovery codes that he has not used.
    recovery_codes: usize,
}

/// His password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpBody {
    #[schema(max_length = 512, format = Password, example = "demo-anna")]
    password: String,
}

/// A secret, to be put into an authenticator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotpSecretView {
    /// In base 32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as an address that authenticators open.
    uri: String,
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeBody {
    /// The one that the authenticator shows; to switch off, a recovery code will do.
    #[schema(max_length = 64, example = "287082")]
    code: String,
}

/// Recovery codes, which are shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryCodesView {
    recovery_codes: Vec<String>,
}

/// How far somebody is whose password was right.
pub(crate) enum Second {
    /// He is in: there is no second step, or he has taken it.
    Taken,
    /// The same, by a recovery code.
    TakenByRecovery,
    /// A code is asked for.
    Wanted,
    /// It is another one.
    Wrong,
}

/// The second step of a log-in whose password was right. Wrong codes are counted by themselves, closely: they are few signs.
pub(crate) async fn take(
    desk: &Desk,
    source: Source,
    account: &Account,
    code: Option<String>,
) -> Result<Second, Problem> {
    if desk.second_factor(&account.who).is_none() {
        return Ok(Second::Taken);
    }
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
        return Ok(Second::Wanted);
    };
    let tried = desk.try_code(source, &account.who, &code).await?;
    Ok(match tried {
        Tried::Wrong => Second::Wrong,
        Tried::ByTime(_) => Second::Taken,
        Tried::Recovery(_) => Second::TakenByRecovery,
    })
}

/// How one's second step of logging in stands.
#[utoipa::path(
    get, path = "/me/totp", tag = "session",
    responses((status = 200, body = TotpView), (status = 401, response = Problem)),
)]
pub(crate) async fn totp(State(desk): State<Desk>, by: By) -> Json<TotpView> {
    let factor = desk.second_factor(by.who());
    Json(TotpView {
        on: factor.is_some(),
        since: factor.as_ref().map(|factor| moment(factor.since)),
        recovery_codes: factor.map_or(0, |factor| factor.recovery_left()),
    })
}

/// Begins to switch the second step of one's log-in on: gives a secret for an authenticator (RFC 6238: SHA-1, 30 s, six
/// digits), which is in force once a code of it is confirmed. One that was begun before is forgotten.
#[utoipa::path(
    post, path = "/me/totp", operation_id = "begin_totp", tag = "session", request_body = TotpBody,
    responses(
        (status = 200, body = TotpSecretView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn begin(
    State(desk): State<Desk>,
    CameFrom(source): CameFrom,
    by: By,
    Body(given): Body<TotpBody>,
) -> Result<Json<TotpSecretView>, Problem> {
    if desk.second_factor(by.who()).is_some() {
        let detail = "the second step is on already: switch it off first";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let wrong = || Problem::new(StatusCode::CONFLICT, "your password is another one");
    if given.password.len() > PASSWORD_BYTES_MAX {
        return Err(wrong());
    }
    let named = Named::Who(by.who().clone());
    let proven = prove(&desk, source, named, given.password).await?;
    let proven = proven.ok_or_else(wrong)?;
    desk.log_ins().came_in(desk.office().now(), proven.attempt);
    let random = desk.office().random().map_err(|_| no_random())?;
    let now = desk.office().now();
    let secret = desk.second_factors().begin(by.who(), &random, now);
    let named = match by.who() {
        Who::Operator(name) => name.to_string(),
        Who::User(user) => user.to_string(),
    };
    Ok(Json(TotpSecretView {
        uri: secret.uri(&named),
        secret: secret.shown(),
    }))
}

/// Switches the second step of one's log-in on, by a code of the secret that was given; gives ten recovery codes, each for one
/// log-in without the authenticator.
#[utoipa::path(
    post, path = "/me/totp/confirm", operation_id = "confirm_totp", tag = "session", request_body = CodeBody,
    responses(
        (status = 200, body = RecoveryCodesView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn confirm(
    State(desk): State<Desk>,
    CameFrom(source): CameFrom,
    by: By,
    Body(given): Body<CodeBody>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    let refused = |detail: &'static str| Problem::new(StatusCode::CONFLICT, detail);
    let factors = desk.second_factors();
    if !factors.has_begun(by.who(), desk.office().now()) {
        return Err(refused("there is no secret that waits for a code: begin"));
    }
    let attempt = desk.begin_code(source, by.who())?;
    let mut random = [[0; 32]; 4];
    for part in &mut random {
        *part = desk.office().random().map_err(|_| no_random())?;
    }
    let configured = desk.configured(by.who())?;
    let when = (desk.utc(), desk.office().now());
    let confirmed = factors.confirmed(&configured, bounded(&given.code), when, &random);
    let Some((factor, recovery_codes)) = confirmed else {
        return Err(refused("the code is another one"));
    };
    desk.log_ins().give_back(desk.office().now(), attempt);
    let (done, who) = (desk.clone(), by.who().clone());
    // To its end, also where whoever asks goes away: what is stored is in force.
    let changed = tokio::spawn(async move { done.have_second_factor(&who, Some(factor)).await });
    changed.await.unwrap_or(Err(Unstored))?;
    let what = "switches the second step of his log-in on";
    desk.did(&by, by.who().org(), what.into());
    tracing::info!(who = %by.who(), "the second step of a log-in was switched on");
    Ok(Json(RecoveryCodesView { recovery_codes }))
}

/// Switches the second step of one's log-in off, by a code.
#[utoipa::path(
    post, path = "/me/totp/off", operation_id = "end_totp", tag = "session", request_body = CodeBody,
    responses(
        (status = 204, description = "he is asked for none any more"),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn off(
    State(desk): State<Desk>,
    CameFrom(source): CameFrom,
    by: By,
    Body(given): Body<CodeBody>,
) -> Result<StatusCode, Problem> {
    if desk.second_factor(by.who()).is_none() {
        let detail = "the second step is off";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let what = format!("switches the second step of his log-in off from {source}");
    if desk.try_code(source, by.who(), &given.code).await? == Tried::Wrong {
        desk.office().did(Deed {
            by: Some(by.who().clone()),
            org: by.who().org(),
            what,
            refused: Some("the code is another one"),
        });
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "the code is another one",
        ));
    }
    let (done, who) = (desk.clone(), by.who().clone());
    let changed = tokio::spawn(async move { done.have_second_factor(&who, None).await });
    changed.await.unwrap_or(Err(Unstored))?;
    desk.did(&by, by.who().org(), what);
    tracing::info!(who = %by.who(), "the second step of a log-in was switched off");
    Ok(StatusCode::NO_CONTENT)
}

/// A user is asked for no code any more when he logs in: he has lost his authenticator. It takes an administrator.
#[utoipa::path(
    delete, path = "/users/{organisation}/{user}/totp", operation_id = "reset_totp", tag = "users",
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("user" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "anna"),
    ),
    responses(
        (status = 204, description = "he is asked for none"),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn reset(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, user)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let user = looked_after(&desk, &by, (&organisation, &user), |user| {
        Command::ResetTotp { user }
    })?;
    let org = user.org();
    let reset = tokio::spawn(async move {
        let reset = desk.reset_totp(&user).await;
        // It is taken away also where that is not stored.
        let what = format!("takes back the second step of the log-in of {user}");
        desk.did(&by, Some(org), what);
        reset
    });
    let reset = reset.await.unwrap_or(Err(Unstored));
    reset
        .map_err(|Unstored| Problem::unstored("it is gone, but that is not stored: do it again"))?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is longer is no code.
fn bounded(code: &str) -> &str {
    match code.len() <= CODE_BYTES_MAX {
        true => code,
        false => "",
    }
}

impl Desk {
    /// The second step of somebody's log-in, if he has one.
    fn second_factor(&self, who: &Who) -> Option<SecondFactor> {
        self.second_factors().of(&self.office().account(who)?)
    }

    /// An account by what the configuration has for it.
    fn configured(&self, who: &Who) -> Result<Account, Problem> {
        let configured = self.office().account(who);
        configured.ok_or_else(Problem::unauthorized)
    }

    fn begin_code(&self, source: Source, who: &Who) -> Result<crate::log_ins::Attempt, Problem> {
        let named = Named::Who(who.clone());
        let begun = self
            .log_ins()
            .begin_code(self.office().now(), source, named);
        begun.map_err(throttled)
    }

    /// What somebody's code is; it is used then, and that is kept.
    async fn try_code(&self, source: Source, who: &Who, code: &str) -> Result<Tried, Problem> {
        let configured = self.configured(who)?;
        let attempt = self.begin_code(source, who)?;
        // So that nobody else comes in by the same recovery code meanwhile.
        let _turn = self.second_factors().turn.lock().await;
        let factors = self.second_factors();
        let before = factors.kept(who);
        let tried = factors.try_code(&configured, bounded(code), self.utc());
        match &tried {
            Tried::Wrong => return Ok(tried),
            Tried::ByTime(factor) => {
                let change = Keeping::second_factor(who, Some(factor.clone()), before);
                self.office().keep_soon(change);
            }
            Tried::Recovery(left) => {
                let change = Keeping::second_factor(who, Some(left.clone()), before);
                self.office().keep(change).await?;
                factors.put(who, Some(left.clone()));
            }
        }
        self.log_ins().give_back(self.office().now(), attempt);
        Ok(tried)
    }

    /// Somebody's log-in has that second step from now on, or none; answered when it is stored.
    async fn have_second_factor(
        &self,
        who: &Who,
        factor: Option<SecondFactor>,
    ) -> Result<(), Unstored> {
        let factors = self.second_factors();
        let _turn = factors.turn.lock().await;
        let change = Keeping::second_factor(who, factor.clone(), factors.kept(who));
        self.office().keep(change).await?;
        factors.put(who, factor);
        Ok(())
    }

    /// A user's log-in has no second step any more, at once; answered when that is stored.
    pub async fn reset_totp(&self, user: &UserId) -> Result<(), Unstored> {
        let who = Who::User(user.clone());
        let factors = self.second_factors();
        let _turn = factors.turn.lock().await;
        let before = factors.kept(&who);
        factors.put(&who, None);
        tracing::info!(%user, "has no second step of his log-in any more");
        let change = Keeping::second_factor(&who, None, before);
        self.office().keep(change).await
    }
}
