//! Callback lists of before a restart that are configured no more, and have entries left: who works them off, and how he
//! calls. What was written of them is gone, so what is usual holds.

use crate::loaded::Loaded;
use base::{QueueId, UserId};
use call::calling_back::{AGENT_WITHIN_DEFAULT, PERSON_RINGS_DEFAULT, VOICEMAIL_KEYS_DEFAULT};
use call::settings::{CallingBack, CallingBackPrompts, Organisation};
use callback::{ListSettings, Offers};
use media_core::PromptId;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Loaded {
    /// Has these lists be worked off where they are configured no more: by the members of the queue, or, where that is gone
    /// too, by all members of the organisation's queues; on the queue's account, or else the organisation's.
    pub fn work_off(&mut self, lists: impl IntoIterator<Item = QueueId>) {
        for list in lists {
            if self.callback.lists.contains_key(&list) {
                continue;
            }
            let prompts = &self.prompts;
            let is_there = |id: &PromptId| prompts.iter().any(|(known, _)| known == id);
            let directory = Arc::make_mut(&mut self.directory);
            let Some(organisation) = directory.organisations.get_mut(list.org_name()) else {
                continue;
            };
            if let Some(calling) = usual(organisation, &list, is_there) {
                let callings = &mut organisation.calling_back;
                callings.insert(list.clone(), Arc::new(calling));
            }
            let settings = ListSettings {
                offers: Offers::Never,
                members: members(&self.acd, &list),
                ..ListSettings::default()
            };
            let callback = Arc::make_mut(&mut self.callback);
            callback.lists.insert(list, settings);
        }
    }
}

fn members(engine: &acd::Settings, list: &QueueId) -> BTreeSet<UserId> {
    if let Some(queue) = engine.queues.get(list) {
        return queue.members.keys().cloned().collect();
    }
    let org = list.org();
    let others = engine.queues.iter().filter(|(queue, _)| queue.is_of(&org));
    let members = others.flat_map(|(_, queue)| queue.members.keys());
    members.cloned().collect()
}

/// How agents call people back where nothing is written; none where a prompt for it is missing.
fn usual(
    organisation: &Organisation,
    list: &QueueId,
    is_there: impl Fn(&PromptId) -> bool,
) -> Option<CallingBack> {
    let queue = organisation.queues.get(list);
    let language = organisation.feature_prompts.agent.language;
    let language = queue.map_or(language, |queue| queue.language);
    let own = list.org();
    let prompts = CallingBackPrompts::named(|name| {
        let folders = [own.as_str(), language.folder()];
        let ids = folders.map(|folder| PromptId::new(&format!("{folder}/{name}")));
        ids.into_iter().find(|id| is_there(id))
    })?;
    Some(CallingBack {
        prompts,
        language,
        display_name: queue.map_or(list.name().into(), |queue| queue.display_name.clone()),
        voicemail_keys: VOICEMAIL_KEYS_DEFAULT.into(),
        person_rings: PERSON_RINGS_DEFAULT,
        agent_within: AGENT_WITHIN_DEFAULT,
    })
}
