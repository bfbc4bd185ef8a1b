//! `[queue_groups]`: queues that are closed and opened together.

use crate::kinds::Kind;
use crate::problems::Problem;
use crate::scope::{Scope, known};
use crate::section::{Context, Entry};
use crate::settings::QUEUE_GROUP;
use base::QueueId;
use std::collections::BTreeMap;

pub(crate) fn read(
    entries: Vec<Entry<'_>>,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<Box<str>, Vec<QueueId>> {
    let mut groups = BTreeMap::new();
    for (name, place, node) in entries {
        let names = context.told(QUEUE_GROUP.read(node));
        let names = names.unwrap_or_default();
        if names.is_empty() {
            let problem = format!("group `{name}` of queues has none in it");
            let mend = "name them: kundtjanst = [\"support\", \"kontor\"]";
            context.add(Problem::new(place, problem).mend(mend));
        }
        let members = names.iter().filter_map(|name| {
            let known = known(name, "queue", &scope.queues, context)?;
            QueueId::new(scope.org, known).ok()
        });
        groups.insert(name.into(), members.collect());
    }
    groups
}
