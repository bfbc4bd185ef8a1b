//! What there is to bill, month by month, by the clock of each organisation.

use super::{Billed, CALLBACK, word};
use crate::commands::Commands;
use crate::ctl::protocol::Failure;
use crate::documents::{Answer, BilledRow, BilledTo, LicenceReport};
use base::OrgId;
use calendar::Hours;
use control::{Month, Principal};
use std::ops::Range;

/// By which clock months go where an organisation doesn't say.
const ZONE: &str = "UTC";

impl Commands {
    /// Who is billed for licences in a month, and which queues for calling back: all of them to the operator, to others those
    /// of their organisation.
    pub(crate) fn report_licences(&self, by: &Principal, month: Month) -> Result<Answer, Failure> {
        let loaded = self.0.config.loaded();
        let organisations = &loaded.directory.organisations;
        let mut rows = Vec::new();
        for (org, organisation) in organisations {
            let clock = clock(organisation.ways.zone.as_deref().unwrap_or(ZONE))?;
            rows.extend(self.rows(&clock, month, |of| of == org && may_see(by, of))?);
        }
        // Those of organisations that are there no more have been billed for months before.
        let utc = clock(ZONE)?;
        let is_left = |of: &OrgId| may_see(by, of) && !organisations.contains_key(of);
        rows.extend(self.rows(&utc, month, is_left)?);
        Ok(Answer::Licences(LicenceReport {
            month: month.to_string(),
            rows,
        }))
    }

    fn rows(
        &self,
        clock: &Hours,
        month: Month,
        of: impl Fn(&OrgId) -> bool,
    ) -> Result<Vec<BilledRow>, Failure> {
        let month_ms = span_ms(clock, month)?;
        let licences = &self.0.licences;
        let users = licences.billed(&month_ms, |user| of(&user.org()));
        let queues = licences.queues_billed(&month_ms, |queue| of(&queue.org()));
        let unread = || Failure::new("storage has not been read yet: nobody knows who was billed");
        let (users, queues) = users.zip(queues).ok_or_else(unread)?;
        let users = users.into_iter().map(|it| {
            let (org, licence) = (it.holder.org(), word(it.licence));
            row(clock, org, licence, it, BilledTo::User)
        });
        let queues = queues.into_iter().map(|it| {
            let org = it.holder.org();
            row(clock, org, CALLBACK, it, BilledTo::Queue)
        });
        Ok(users.chain(queues).collect())
    }
}

fn clock(zone: &str) -> Result<Hours, Failure> {
    Hours::new(zone).map_err(|unknown| Failure::new(unknown.to_string()))
}

fn may_see(by: &Principal, org: &OrgId) -> bool {
    match by {
        Principal::Operator => true,
        Principal::User { user: by, .. } => by.is_of(org),
    }
}

/// From its first moment to the next month's.
fn span_ms(clock: &Hours, month: Month) -> Result<Range<u64>, Failure> {
    let first_ms = |month: Month| {
        let seconds = clock.moment(&format!("{month}-01T00:00"), 0);
        let seconds = seconds.map_err(|invalid| Failure::new(invalid.to_string()))?;
        Ok(u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000))
    };
    Ok(first_ms(month)?..first_ms(month.next())?)
}

fn row<Id, L>(
    clock: &Hours,
    organisation: OrgId,
    licence: &str,
    billed: Billed<Id, L>,
    to: impl FnOnce(Id) -> BilledTo,
) -> BilledRow {
    let written = |utc_ms: u64| clock.written(i64::try_from(utc_ms / 1_000).unwrap_or(i64::MAX));
    BilledRow {
        organisation,
        licence: licence.to_owned(),
        activated: written(billed.activated_ms),
        start_fee: billed.starts,
        ended: billed.ended_ms.map(written),
        to: to(billed.holder),
    }
}
