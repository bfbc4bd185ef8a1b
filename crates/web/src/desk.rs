//! What all requests share: the office, who has been let in, and what is bounded across requests.

use crate::caller::By;
use crate::credentials::Credentials;
use crate::floor::Floor;
use crate::log_ins::LogIns;
use crate::office::{Account, Declined, Deed, Keeping, Office, Who};
use crate::passes::{Pass, Passes};
use crate::password;
use crate::problem::Problem;
use crate::second_factors::SecondFactors;
use crate::streams::Streams;
use crate::turns::{OwnTurn, OwnTurns, TooMany, Turns};
use axum::http::StatusCode;
use base::OrgId;
use callback::Utc;
use control::Principal;
use std::sync::Arc;
use std::time::Duration;

/// Lists that are read at once: sorting twenty thousand rows takes a processor some milliseconds.
const READS_AT_ONCE: usize = 2;
/// Reads that wait for their turn: the pages of a large installation, after a restart.
const READS_WAITING_MAX: usize = 512;
/// When whoever finds too many before him may come again.
const COME_AGAIN: Duration = Duration::from_secs(2);

/// What all requests share.
#[derive(Clone)]
pub struct Desk(Arc<Shared>);

struct Shared {
    office: Arc<dyn Office>,
    passes: Passes,
    trials: Turns,
    reads: Turns,
    own_turns: OwnTurns,
    credentials: Credentials,
    second_factors: SecondFactors,
    log_ins: LogIns,
    streams: Streams,
}

impl Desk {
    /// Of that office, where nobody has been let in yet.
    pub fn new(office: Arc<dyn Office>) -> Desk {
        Desk(Arc::new(Shared {
            office,
            passes: Passes::default(),
            trials: password::trials(),
            reads: Turns::new(READS_AT_ONCE, READS_WAITING_MAX),
            own_turns: OwnTurns::default(),
            credentials: Credentials::default(),
            second_factors: SecondFactors::default(),
            log_ins: LogIns::default(),
            streams: Streams::default(),
        }))
    }

    /// Takes up what was kept.
    pub fn take_up(&self, kept: impl IntoIterator<Item = Keeping>) {
        for kept in kept {
            match kept {
                Keeping::Keep(row) => self.passes().add_token(row),
                Keeping::Session(row) => self.passes().add_session(row),
                Keeping::Password {
                    now: Some(credential),
                    ..
                } => self.credentials().take_up(credential),
                Keeping::SecondFactor {
                    now: Some(factor), ..
                } => self.second_factors().take_up(factor),
                // Of these nothing is kept.
                Keeping::Forget(_)
                | Keeping::SessionOver(_)
                | Keeping::Password { .. }
                | Keeping::SecondFactor { .. } => {}
            }
        }
    }

    /// What may be seen of queues and agents by whoever sees all that `by` may: the floor of his organisation, or of each.
    pub(crate) async fn floors(&self, by: &Principal) -> Result<Vec<Arc<Floor>>, Declined> {
        let office = self.office();
        let Principal::User { user, .. } = by else {
            let mut floors = Vec::new();
            for org in office.organisations().await?.iter() {
                floors.push(office.floor(org, None).await?);
            }
            return Ok(floors);
        };
        Ok(vec![office.floor(&user.org(), None).await?])
    }

    /// The organisation that he means, of those that are his: others are not there for him.
    pub(crate) async fn organisation_of(
        &self,
        by: &By,
        named: Option<&str>,
    ) -> Result<OrgId, Problem> {
        let org = by.organisation(named)?;
        let is_his = match by.principal() {
            Principal::User { user, .. } => user.is_of(&org),
            Principal::Operator => self.office().organisations().await?.contains(&org),
        };
        let none = || {
            let detail = format!("there is no organisation {org} that you may see");
            Problem::new(StatusCode::NOT_FOUND, detail)
        };
        is_his.then(|| org.clone()).ok_or_else(none)
    }

    /// All that is to be kept.
    pub fn kept(&self) -> Vec<Keeping> {
        let now = self.utc();
        let tokens = self.passes().tokens_in_force(now);
        let sessions = self.passes().sessions(now);
        let passwords = self.credentials().all().into_iter();
        let passwords = passwords.map(|credential| Keeping::Password {
            user: credential.user.clone(),
            now: Some(credential),
            before: None,
        });
        let factors = self.second_factors().all().into_iter();
        let factors = factors.map(|factor| {
            let who = factor.who.clone();
            Keeping::second_factor(&who, Some(factor), None)
        });
        let passes = tokens.into_iter().map(Keeping::Keep);
        let passes = passes.chain(sessions.into_iter().map(Keeping::Session));
        passes.chain(passwords).chain(factors).collect()
    }

    pub(crate) fn office(&self) -> &dyn Office {
        &*self.0.office
    }

    /// Keeps in the audit that this was done; what organisation it is about is said, where it is about one.
    pub(crate) fn did(&self, by: &By, org: Option<OrgId>, what: String) {
        self.office().did(Deed {
            by: Some(by.who().clone()),
            org,
            what,
            refused: None,
        });
    }

    pub(crate) fn passes(&self) -> &Passes {
        &self.0.passes
    }

    pub(crate) fn trials(&self) -> &Turns {
        &self.0.trials
    }

    /// Has something read that takes a while, beside the threads of signalling.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Office) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let office = self.0.office.clone();
        let read = self.0.reads.take(move || read(&*office)).await;
        read.map_err(|TooMany| {
            let detail = "many are reading just now: try again in a moment";
            Problem::later(StatusCode::SERVICE_UNAVAILABLE, detail, COME_AGAIN)
        })
    }

    /// Waits until nothing else that takes long is done for that account.
    pub(crate) async fn own_turn(&self, who: &Who) -> Result<OwnTurn, Problem> {
        let turn = self.0.own_turns.come(who).await;
        turn.map_err(|TooMany| {
            let detail =
                "you have asked for several things that take a while: wait for one of them";
            Problem::later(StatusCode::TOO_MANY_REQUESTS, detail, COME_AGAIN)
        })
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    pub(crate) fn second_factors(&self) -> &SecondFactors {
        &self.0.second_factors
    }

    /// An account that is known, proven by what is in force.
    pub(crate) fn account(&self, who: &Who) -> Option<Account> {
        let account = self.office().account(who)?;
        Some(self.credentials().applied(account))
    }

    pub(crate) fn log_ins(&self) -> &LogIns {
        &self.0.log_ins
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    pub(crate) fn utc(&self) -> Utc {
        self.office().utc(self.office().now())
    }

    /// Whoever has this secret, as he stands now.
    pub(crate) fn account_of(&self, secret: &str) -> Option<(Pass, Account)> {
        let (pass, kept_anew) = self.passes().find(secret, self.utc())?;
        if let Some(row) = kept_anew {
            self.office().keep_soon(Keeping::Session(row));
        }
        let account = self.account(&pass.who)?;
        // Another password: whoever came in by the old one is out.
        (account.proof.mark() == pass.mark()).then_some((pass, account))
    }
}
