//! Passwords that users have chosen for themselves, for HTTP alone. Each is in force over what the configuration has for its user, until
//! that is another one than when he chose: then the administrator has given him a new one. They are kept as hashes.

use crate::body::Body;
use crate::caller::By;
use crate::came_from::CameFrom;
use crate::desk::Desk;
use crate::log_ins::Named;
use crate::office::{Account, Deed, Keeping, Proof, Unstored, Who};
use crate::password::PasswordHash;
use crate::problem::Problem;
use crate::sessions::{COME_AGAIN, PASSWORD_BYTES_MAX, no_random, prove};
use crate::turns::TooMany;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::{OrgId, UserId};
use callback::Utc;
use control::{Command, permit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use utoipa::ToSchema;

/// Shortest password that one may choose, in characters (NIST SP 800-63B §3.1.1.2 has 8 beside another proof; guesses are
/// counted).
const CHOSEN_CHARS_MIN: usize = 8;

/// A password that a user has chosen, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Whose.
    pub user: UserId,
    /// Its Argon2id hash.
    pub hash: PasswordHash,
    /// A mark of what the configuration had for him then.
    pub over: [u8; 8],
    /// When he chose it.
    pub chosen: Utc,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    all: Mutex<BTreeMap<UserId, Credential>>,
    /// Whose turn it is to change one: what is in force is what is kept.
    turn: tokio::sync::Mutex<()>,
}

impl Credentials {
    /// The account, proven by what its user has chosen, if that is in force.
    pub(crate) fn applied(&self, mut account: Account) -> Account {
        if let Who::User(user) = &account.who
            && let Some(credential) = self.lock().get(user)
            && credential.over == account.proof.mark()
        {
            account.proof = Proof::Web(credential.hash.clone());
        }
        account
    }

    /// Takes up one that was kept; one that is newer stays.
    pub(crate) fn take_up(&self, credential: Credential) {
        let mut all = self.lock();
        all.entry(credential.user.clone()).or_insert(credential);
    }

    pub(crate) fn all(&self) -> Vec<Credential> {
        self.lock().values().cloned().collect()
    }

    fn of(&self, user: &UserId) -> Option<Credential> {
        self.lock().get(user).cloned()
    }

    fn put(&self, user: &UserId, credential: Option<Credential>) {
        match credential {
            Some(credential) => self.lock().insert(user.clone(), credential),
            None => self.lock().remove(user),
        };
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<UserId, Credential>> {
        // Whoever had it ended the process.
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A password that somebody chooses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnPasswordBody {
    /// The one that he has.
    #[schema(max_length = 512, format = Password, example = "demo-anna")]
    old: String,
    /// The one that he is to have, of at least 8 characters.
    #[schema(min_length = 8, max_length = 512, format = Password, example = "correct horse battery")]
    new: String,
}

/// Chooses another password for HTTP; his phone's stays. His other sessions end, and his tokens.
#[utoipa::path(
    put, path = "/me/password", tag = "session", request_body = OwnPasswordBody,
    responses(
        (status = 204, description = "he has it"),
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
pub(crate) async fn choose(
    State(desk): State<Desk>,
    CameFrom(source): CameFrom,
    by: By,
    Body(given): Body<OwnPasswordBody>,
) -> Result<StatusCode, Problem> {
    let Who::User(user) = by.who().clone() else {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "an operator's password stands in the configuration",
        ));
    };
    let long_enough = given.new.chars().count() >= CHOSEN_CHARS_MIN;
    if !long_enough || given.new.len() > PASSWORD_BYTES_MAX || given.new == given.old {
        return Err(Problem::invalid(format!(
            "expected another password, of {CHOSEN_CHARS_MIN} characters to {PASSWORD_BYTES_MAX} bytes"
        )));
    }
    let wrong = || {
        Problem::new(
            StatusCode::CONFLICT,
            "the password that you have is another one than `old`",
        )
    };
    if given.old.len() > PASSWORD_BYTES_MAX {
        return Err(wrong());
    }
    let named = Named::Who(by.who().clone());
    let what = format!("chooses another password from {source}");
    let proven = prove(&desk, source, named, given.old).await?;
    let Some(proven) = proven else {
        desk.office().did(Deed {
            by: Some(by.who().clone()),
            org: Some(user.org()),
            what,
            refused: Some("the one that he has is another"),
        });
        return Err(wrong());
    };
    desk.log_ins().came_in(desk.office().now(), proven.attempt);
    let random = desk.office().random().map_err(|_| no_random())?;
    let mut salt = [0; 16];
    salt.copy_from_slice(&random[..16]);
    let hashed = desk
        .trials()
        .take(move || PasswordHash::of(&given.new, &salt));
    let busy = || {
        let detail = "many are logging in just now: try again in a moment";
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, detail, COME_AGAIN)
    };
    let hash = hashed.await.map_err(|TooMany| busy())?;
    let hash = hash.map_err(|_| Problem::invalid("this password can't be hashed"))?;
    // To its end, also where whoever asks goes away: what is stored is in force.
    let changed = tokio::spawn(async move {
        let org = user.org();
        desk.have_password(user, hash, &by).await?;
        desk.did(&by, Some(org), what);
        Ok::<(), Problem>(())
    });
    changed.await.map_err(|_| busy())??;
    Ok(StatusCode::NO_CONTENT)
}

/// A user no longer has a password that he chose himself, but the one that the configuration has for him. His sessions end. It takes
/// an administrator.
#[utoipa::path(
    delete, path = "/users/{organisation}/{user}/password", tag = "users",
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("user" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "anna"),
    ),
    responses(
        (status = 204, description = "he has none of his own"),
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
        Command::ResetPassword { user }
    })?;
    let org = user.org();
    let reset = tokio::spawn(async move {
        let reset = desk.reset_password(&user).await;
        // It is taken back also where that is not stored.
        let what = format!("takes back the password that {user} chose");
        desk.did(&by, Some(org), what);
        reset
    });
    let reset = reset.await.unwrap_or(Err(Unstored));
    reset
        .map_err(|Unstored| Problem::unstored("it is gone, but that is not stored: do it again"))?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user of a path, with whom `by` may have that done; whoever may not is told of none.
pub(crate) fn looked_after(
    desk: &Desk,
    by: &By,
    (organisation, user): (&str, &str),
    command: impl FnOnce(UserId) -> Command,
) -> Result<UserId, Problem> {
    let no_user = || Problem::new(StatusCode::NOT_FOUND, "there is no such user");
    let org = OrgId::new(organisation).map_err(|_| no_user())?;
    let user = UserId::new(&org, user).map_err(|_| no_user())?;
    permit(by.principal().clone(), command(user.clone())).map_err(|_| no_user())?;
    let account = desk.account(&Who::User(user.clone()));
    account.map(|_| user).ok_or_else(no_user)
}

impl Desk {
    /// A user has that password from now on, which is answered when it is stored.
    async fn have_password(
        &self,
        user: UserId,
        hash: PasswordHash,
        by: &By,
    ) -> Result<(), Problem> {
        let credentials = self.credentials();
        let _turn = credentials.turn.lock().await;
        let configured = self.office().account(by.who());
        let configured = configured.ok_or_else(Problem::unauthorized)?;
        let credential = Credential {
            user: user.clone(),
            hash,
            over: configured.proof.mark(),
            chosen: self.utc(),
        };
        let change = Keeping::Password {
            user: user.clone(),
            now: Some(credential.clone()),
            before: credentials.of(&user),
        };
        self.office().keep(change).await?;
        let mark = Proof::Web(credential.hash.clone()).mark();
        credentials.put(&user, Some(credential));
        self.proven_anew(by.who(), Some((&by.secret, mark)));
        tracing::info!(%user, "chose another password for HTTP");
        Ok(())
    }

    /// A user has no password of his own any more, at once; answered when that is stored.
    pub async fn reset_password(&self, user: &UserId) -> Result<(), Unstored> {
        let credentials = self.credentials();
        let _turn = credentials.turn.lock().await;
        let before = credentials.of(user);
        credentials.put(user, None);
        if before.is_some() {
            self.proven_anew(&Who::User(user.clone()), None);
        }
        tracing::info!(%user, "has the configuration's password for HTTP again");
        let user = user.clone();
        let now = None;
        self.office()
            .keep(Keeping::Password { user, now, before })
            .await
    }

    /// He has another password: his sessions are over, but for the one that he asks by.
    fn proven_anew(&self, who: &Who, by: Option<(&str, [u8; 8])>) {
        let (over, goes_on) = self.passes().proven_anew(who, by);
        for hash in over {
            self.office().keep_soon(Keeping::SessionOver(hash));
        }
        if let Some(row) = goes_on {
            self.office().keep_soon(Keeping::Session(row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use control::{Principal, Role};
    use sip_core::digest::{Algorithm, Ha1};

    fn account(password: &str) -> Account {
        let user: UserId = "demo/anna".parse().unwrap();
        Account {
            who: Who::User(user.clone()),
            principal: Principal::User {
                user,
                role: Role::Agent,
            },
            display_name: None,
            proof: Proof::Digest {
                user: "anna".into(),
                realm: "demo.localhost".into(),
                ha1: Ha1::of(Algorithm::Sha256, "anna", "demo.localhost", password),
            },
        }
    }

    #[test]
    fn a_password_that_was_chosen_holds_until_the_configuration_has_another_one() {
        let hash = PasswordHash::of("correct horse", b"sixteen bytes ok").unwrap();
        let credential = Credential {
            user: "demo/anna".parse().unwrap(),
            hash: hash.clone(),
            over: account("demo-anna").proof.mark(),
            chosen: Utc::from_seconds(1),
        };
        let kept = serde_json::to_string(&credential).unwrap();
        let credentials = Credentials::default();
        credentials.take_up(serde_json::from_str(&kept).unwrap());
        let chosen = Proof::Web(hash).mark();
        let in_force = |password| credentials.applied(account(password)).proof.mark();
        assert_eq!(in_force("demo-anna"), chosen);
        assert_eq!(in_force("another"), account("another").proof.mark());
    }
}
