//! What the server shows of itself to whoever runs it: organisations, registrations, and each answer as the API has it.

use crate::commands::{Commands, registration_row};
use crate::ctl::protocol::Failure;
use crate::documents::{Answer, OrganisationRow};
use base::{OrgId, Time};
use call::upkeep::TrunkState;
use std::collections::BTreeMap;
use web::{Look, RegistrationRow, RegistrationsAsked, RegistrationsFound};

/// As the API shows it; none of what nobody looks at there.
pub(crate) fn look(answer: Answer) -> Option<Look> {
    Some(match answer {
        Answer::Status(status) => Look::Status(status),
        Answer::Organisations(rows) => Look::Organisations(rows),
        Answer::Trunks(rows) => Look::Trunks(rows),
        Answer::Bans(rows) => Look::Bans(rows),
        Answer::Log(tail) => Look::Log(tail),
        Answer::Callers(line) => Look::Callers(line),
        Answer::Ladder(ladder) => Look::Ladder(ladder),
        _ => return None,
    })
}

impl Commands {
    /// Every organisation, with what goes on in it.
    pub(crate) async fn organisation_rows(
        &self,
        now: Time,
    ) -> Result<Vec<OrganisationRow>, Failure> {
        let snapshot = self.snapshot().await?;
        let mut registered: BTreeMap<OrgId, usize> = BTreeMap::new();
        for one in self.0.registrations.list(now) {
            *registered.entry(one.user.org()).or_default() += 1;
        }
        let states = self.0.trunks.states();
        let loaded = self.0.config.loaded();
        let organisations = loaded.directory.organisations.iter();
        let rows = organisations.map(|(org, organisation)| {
            let queues = snapshot.queues.iter().filter(|it| it.queue.is_of(org));
            let agents = snapshot.agents.iter().filter(|it| it.agent.is_of(org));
            let logged_in = agents.filter(|it| !it.queues.is_empty());
            let down = |trunk: &&base::TrunkId| states.get(*trunk) == Some(&TrunkState::Down);
            OrganisationRow {
                name: org.clone(),
                domain: organisation.domain.to_string(),
                users: organisation.users.len(),
                registrations: registered.get(org).copied().unwrap_or_default(),
                queues: organisation.queues.len(),
                waiting: queues.clone().map(|it| it.waiting + it.offered).sum(),
                connected: queues.map(|it| it.connected).sum(),
                agents_logged_in: logged_in.count(),
                trunks: organisation.trunks.len(),
                trunks_down: organisation.trunks.keys().filter(down).count(),
            }
        });
        Ok(rows.collect())
    }

    /// Registrations that somebody looks for.
    pub(crate) fn registrations_found(&self, asked: &RegistrationsAsked) -> RegistrationsFound {
        let now = self.0.clock.now();
        let list = self.0.registrations.list(now).into_iter();
        let his = list.filter(|one| asked.org.as_ref().is_none_or(|org| one.user.is_of(org)));
        let rows = his.map(|one| registration_row(one, now));
        let found: Vec<RegistrationRow> = rows.filter(|row| has(row, &asked.search)).collect();
        RegistrationsFound {
            total: found.len(),
            rows: found.into_iter().take(asked.most).collect(),
        }
    }
}

/// Whether what is searched for, in small letters, is in one of its texts.
fn has(row: &RegistrationRow, search: &str) -> bool {
    let texts = [
        row.user.as_str(),
        &row.contact,
        &row.source,
        &row.transport,
        row.user_agent.as_deref().unwrap_or_default(),
    ];
    texts.iter().any(|it| it.to_lowercase().contains(search))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_found_by_any_of_its_texts_whatever_the_case() {
        let row = RegistrationRow {
            user: "demo/anna".parse().unwrap(),
            contact: "sip:anna@192.0.2.7:5060".into(),
            source: "192.0.2.7:5060".into(),
            transport: "UDP".into(),
            expires_in_s: 60,
            user_agent: Some("Yealink T54W".into()),
            q: 1.0,
            path: Vec::new(),
            reg_id: None,
        };
        for search in ["", "anna", "yealink", "192.0.2.7", "udp"] {
            assert!(has(&row, search), "{search}");
        }
        assert!(!has(&row, "bosse"));
    }
}
