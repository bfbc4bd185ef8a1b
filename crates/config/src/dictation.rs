//! Prompts that may be recorded by telephone, each by a number that is dialled behind the code.

use crate::kinds::Kind;
use crate::problems::{Problem, quoted};
use crate::queue;
use crate::scope::Scope;
use crate::section::{Context, Entry};
use crate::settings::PROMPT_NAME;
use crate::source::Place;
use base::OrgId;
use call::dictation::{Dictated, Recordable, RecordingPrompts};
use call::settings::FeatureCode;
use std::collections::BTreeMap;

/// Digits of a prompt's number: enough for every prompt there may be, and short to dial.
const DIGITS_MAX: usize = 4;

pub(crate) fn read(
    numbers: Vec<Entry<'_>>,
    codes: &BTreeMap<Box<str>, FeatureCode>,
    start: Place,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Dictated {
    let mut dictated = Dictated::default();
    for (number, place, node) in numbers {
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || !(1..=DIGITS_MAX).contains(&number.len()) {
            let problem = format!("expected a number of 1 to 4 digits, got {}", quoted(number));
            let mend = "write the number that is dialled behind the code, such as 1 = \"welcome\"";
            context.add(Problem::new(place, problem).mend(mend));
            continue;
        }
        let Some(name) = context.told(PROMPT_NAME.read(node)) else {
            continue;
        };
        if OrgId::new(&name).is_err() || name == queue::NOTHING {
            let problem = format!("a prompt can't be called {}", quoted(&name));
            let mend = "name one of those under [prompts], or one that comes with the server such as `queue-welcome`";
            context.add(Problem::new(node.place, problem).mend(mend));
            continue;
        }
        let recordable = Recordable {
            heard: scope.prompt(&name, scope.language),
            name: name.into(),
        };
        dictated.numbers.insert(number.into(), recordable);
    }
    if codes
        .values()
        .any(|code| *code == FeatureCode::RecordPrompt)
    {
        dictated.prompts = prompts(start, scope, context);
    }
    dictated
}

fn prompts(start: Place, scope: &Scope<'_>, context: &mut Context<'_>) -> Option<RecordingPrompts> {
    let mut prompt = |name: &str| match scope.prompt_at(name, scope.language, start) {
        Ok(id) => Some(id),
        Err(problem) => {
            context.add(problem);
            None
        }
    };
    Some(RecordingPrompts {
        after_tone: prompt("record-after-tone")?,
        tone: prompt("music/beep")?,
        choices: prompt("record-choices")?,
        kept: prompt("record-kept")?,
        nothing: prompt("record-nothing")?,
        refused: prompt("agent-refused")?,
    })
}
