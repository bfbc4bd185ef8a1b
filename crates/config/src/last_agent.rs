//! `last_agent` under `[queues.<name>]`: whether whoever comes again is given to the agent whom he talked with.

use crate::kinds::Kind;
use crate::problems::Problem;
use crate::section::{Context, Section};
use crate::settings::{last_agent, queue};
use crate::tree::Value;
use acd::LastAgent;

/// The setting, if it is written: as a time alone, or as a table.
pub(crate) fn read(section: &mut Section<'_>, context: &mut Context<'_>) -> Option<LastAgent> {
    let what = format!("`{}` of {}", queue::LAST_AGENT.key, section.what());
    let node = section.node(&queue::LAST_AGENT)?;
    match &node.value {
        Value::Text(_) => Some(LastAgent {
            within: context.told(last_agent::WITHIN.kind.read(node))?,
            wait: (last_agent::WAIT.otherwise.0)(),
        }),
        Value::Table(_) => {
            let section = Section::of(what, node, &last_agent::HEADING);
            let mut section = context.told(section)?;
            let within = section.require(&last_agent::WITHIN, context);
            let wait = section.value(&last_agent::WAIT, context);
            section.finish(context);
            Some(LastAgent {
                within: within?.value,
                wait,
            })
        }
        other => {
            let problem = format!("{what} should be a time, got {}", other.described());
            let mend = "write last_agent = \"7d\", or { within = \"7d\", wait = \"30s\" }";
            context.add(Problem::new(node.place, problem).mend(mend));
            None
        }
    }
}
