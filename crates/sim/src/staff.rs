//! Settings for a simulation: one queue out of many, more or fewer agents than there are, and nobody logged in
//! before his shift.

use crate::day::AGENTS_MAX;
use acd::{Member, Settings};
use base::{OrgId, QueueId, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// That queue alone, with its members.
pub fn only(settings: &Settings, queue: &QueueId) -> Settings {
    let mut settings = settings.clone();
    settings.queues.retain(|id, _| id == queue);
    let members = members(&settings);
    settings.agents.retain(|agent, _| members.contains(agent));
    settings
}

/// As many agents as are asked for: the first of those there are, and where they are too few others made up after
/// their image, at most [`AGENTS_MAX`].
pub fn with_agents(settings: &Settings, many: u32) -> Settings {
    let many = many.min(AGENTS_MAX) as usize;
    let mut settings = settings.clone();
    let images: Vec<UserId> = members(&settings).into_iter().collect();
    let kept: BTreeSet<UserId> = images.iter().take(many).cloned().collect();
    let Some(org) = settings.queues.keys().next().map(QueueId::org) else {
        return settings;
    };
    for number in images.len()..many {
        let image = images.get(number % images.len().max(1));
        if let Some(made_up) = made_up(&org, image, number) {
            add(&mut settings, image, made_up);
        }
    }
    let all = images.iter().cloned().collect::<BTreeSet<UserId>>();
    let gone: BTreeSet<&UserId> = all.difference(&kept).collect();
    for queue in settings.queues.values_mut() {
        queue.members.retain(|agent, _| !gone.contains(agent));
    }
    settings.agents.retain(|agent, _| !gone.contains(agent));
    settings
}

/// Of whose organisation he is decides the rules for him.
fn made_up(org: &OrgId, image: Option<&UserId>, number: usize) -> Option<UserId> {
    let org = image.map_or_else(|| org.clone(), UserId::org);
    UserId::new(&org, &format!("simulated-{}", number + 1)).ok()
}

/// He can what his image can, and takes calls where that does: in all queues, if there is none.
fn add(settings: &mut Settings, image: Option<&UserId>, agent: UserId) {
    for queue in settings.queues.values_mut() {
        let like = match image {
            Some(image) => queue.members.get(image).copied(),
            None => Some(Member::default()),
        };
        if let Some(like) = like {
            let rank = u32::try_from(queue.members.len()).unwrap_or(u32::MAX);
            queue.members.insert(agent.clone(), Member { rank, ..like });
        }
    }
    let like = image.and_then(|image| settings.agents.get(image));
    let like = like.cloned().unwrap_or_default();
    settings.agents.insert(agent, like);
}

/// Nobody is at work before his shift begins.
pub(crate) fn before_work(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    for agent in settings.agents.values_mut() {
        agent.logged_in_at_start.clear();
    }
    settings
}

/// Everybody who is a member of a queue, with his queues.
pub(crate) fn rota(settings: &Settings) -> BTreeMap<UserId, BTreeSet<QueueId>> {
    let mut rota: BTreeMap<UserId, BTreeSet<QueueId>> = BTreeMap::new();
    for (id, queue) in &settings.queues {
        for agent in queue.members.keys() {
            if settings.agents.contains_key(agent) {
                rota.entry(agent.clone()).or_default().insert(id.clone());
            }
        }
    }
    rota
}

fn members(settings: &Settings) -> BTreeSet<UserId> {
    rota(settings).into_keys().collect()
}
