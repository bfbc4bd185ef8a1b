//! Tokens, for programs: each speaks for a user, is shown once, ends by itself, and is made and removed by an administrator of
//! the user's organisation.

use crate::body::Body;
use crate::caller::By;
use crate::desk::Desk;
use crate::office::{Keeping, Unstored, Who};
use crate::passes::{TOKENS_MAX, TokenRow};
use crate::problem::Problem;
use crate::views::{Named, moment};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::UserId;
use control::Principal;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Longest life of a token.
const DAYS_MAX: u32 = 730;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A token that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenBody {
    /// What it is for.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    /// For whom it speaks; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    user: Option<Named<UserId>>,
    /// For how many days.
    #[schema(minimum = 1, maximum = 730)]
    days: u32,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenView {
    id: String,
    /// What it is for.
    name: String,
    /// For whom it speaks.
    user: String,
    /// Who made it.
    made_by: String,
    #[schema(format = DateTime)]
    made: String,
    /// When it ends.
    #[schema(format = DateTime)]
    ends: String,
}

/// A token that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewTokenView {
    /// The token: `Authorization: Bearer …`. It is shown this once.
    secret: String,
    token: TokenView,
}

/// All tokens that one may see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokensView {
    tokens: Vec<TokenView>,
}

impl From<&TokenRow> for TokenView {
    fn from(row: &TokenRow) -> TokenView {
        TokenView {
            id: row.id.clone(),
            name: row.name.clone(),
            user: row.who.to_string(),
            made_by: row.made_by.to_string(),
            made: moment(row.made),
            ends: moment(row.ends),
        }
    }
}

/// Whether a token of his is this one's to look after.
fn administers(by: &By, who: &Who) -> bool {
    match (by.principal(), who) {
        (Principal::Operator, _) => true,
        (Principal::User { user, .. }, Who::User(of)) => of.is_of(&user.org()),
        (Principal::User { .. }, Who::Operator(_)) => false,
    }
}

/// Whether two are of one organisation, or both run the server.
fn are_alike(one: &Who, other: &Who) -> bool {
    match (one, other) {
        (Who::User(one), Who::User(other)) => one.is_of(&other.org()),
        (Who::Operator(_), Who::Operator(_)) => true,
        _ => false,
    }
}

/// Makes a token. It takes an administrator.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens", request_body = TokenBody,
    responses(
        (status = 201, body = NewTokenView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 415, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn make(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<TokenBody>,
) -> Result<(StatusCode, Json<NewTokenView>), Problem> {
    let fits = (1..=NAME_CHARS_MAX).contains(&given.name.chars().count());
    let plain = !given.name.chars().any(char::is_control);
    if !fits || !plain || !(1..=DAYS_MAX).contains(&given.days) {
        return Err(Problem::invalid(format!(
            "expected a name of 1 to {NAME_CHARS_MAX} characters, and 1 to {DAYS_MAX} days"
        )));
    }
    let who = given
        .user
        .map_or_else(|| by.who().clone(), |user| Who::User(user.0));
    if !administers(&by, &who) {
        return Err(Problem::forbidden("the user is none of your organisation"));
    }
    let account = desk.account(&who);
    let account =
        account.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such user"))?;
    let now = desk.utc();
    let tokens = desk.passes().tokens(now);
    if tokens
        .iter()
        .filter(|row| are_alike(&row.who, &who))
        .count()
        >= TOKENS_MAX
    {
        let detail = format!("there are {TOKENS_MAX} tokens, which is as many as there may be");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let random = desk.office().random();
    let random =
        random.map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no random bytes"))?;
    let (row, secret) = TokenRow::new(random, |id, hash| TokenRow {
        id,
        hash,
        name: given.name,
        mark: account.proof.mark(),
        who,
        made_by: by.who().clone(),
        made: now,
        ends: now + Duration::from_secs(u64::from(given.days) * 86_400),
    });
    // Kept first: one that is lost by a restart must not have worked before.
    desk.office().keep(Keeping::Keep(row.clone())).await?;
    tracing::info!(by = %by.who(), who = %row.who, token = row.id, "a token was made");
    let what = format!("makes the token {} of {}", row.id, row.who);
    desk.did(&by, row.who.org(), what);
    let token = TokenView::from(&row);
    desk.passes().add_token(row);
    Ok((StatusCode::CREATED, Json(NewTokenView { secret, token })))
}

/// All tokens of the organisation. It takes an administrator.
#[utoipa::path(
    get, path = "/tokens", tag = "tokens",
    responses(
        (status = 200, body = TokensView),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
    ),
)]
pub(crate) async fn list(State(desk): State<Desk>, by: By) -> Result<Json<TokensView>, Problem> {
    let tokens = desk.passes().tokens(desk.utc());
    let seen = tokens.iter().filter(|row| administers(&by, &row.who));
    Ok(Json(TokensView {
        tokens: seen.map(TokenView::from).collect(),
    }))
}

/// Removes a token, at once. It takes an administrator.
#[utoipa::path(
    delete, path = "/tokens/{token}", tag = "tokens",
    params(("token" = String, Path, pattern = "^[0-9a-f]{12}$", example = "0123456789ab")),
    responses(
        (status = 204, description = "it lets nobody in any more"),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn remove(
    State(desk): State<Desk>,
    by: By,
    Path(token): Path<String>,
) -> Result<StatusCode, Problem> {
    let tokens = desk.passes().tokens(desk.utc());
    let row = tokens
        .iter()
        .find(|row| row.id == token && administers(&by, &row.who));
    let row = row.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such token"))?;
    // What takes something away takes effect at once and is stored after. Until it is, the token is listed: a restart brings
    // it back, so whoever removes it must be able to do so again.
    desk.passes().end_token(&row.id);
    let what = format!("removes the token {} of {}", row.id, row.who);
    desk.did(&by, row.who.org(), what);
    let forgotten = desk.office().keep(Keeping::Forget(row.id.clone())).await;
    forgotten.map_err(|Unstored| {
        tracing::warn!(by = %by.who(), token = row.id, "a token was ended, which is not stored");
        Problem::unstored("it lets nobody in now, but that is not stored: do it again")
    })?;
    desk.passes().forget_token(&row.id);
    tracing::info!(by = %by.who(), token = row.id, "a token was removed");
    Ok(StatusCode::NO_CONTENT)
}
