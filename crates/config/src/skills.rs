//! What people are able to and what callers ask for: a level for each skill, and how what is asked for widens.

use crate::kinds::{Kind, Named};
use crate::problems::{Problem, quoted};
use crate::section::{Context, Section};
use crate::setting::Optional;
use crate::settings::{LEVEL, queue, widening};
use crate::tree::{Node, Value};
use acd::{Asked, Skills, WIDENINGS_MAX, Widening};
use base::OrgId;

/// Skills of one person, or asked for at once, at most: each is compared for everybody who logs in.
const SKILLS_MAX: usize = 64;

/// The skills under a setting, if that is written.
pub(crate) fn take(
    section: &mut Section<'_>,
    setting: &Optional<Named>,
    context: &mut Context<'_>,
) -> Option<Skills> {
    let is_written = section.has(setting);
    let place = section.place();
    let written = section.named(setting, context);
    if !is_written {
        return None;
    }
    if written.len() > SKILLS_MAX {
        let problem = format!(
            "expected at most {SKILLS_MAX} skills, got {}",
            written.len()
        );
        context.add(Problem::new(place, problem).mend("keep those that calls are routed by"));
    }
    let mut skills = Skills::new();
    for (name, at, node) in written.into_iter().take(SKILLS_MAX) {
        // The same letters as all names have.
        if let Err(error) = OrgId::new(name) {
            let problem = format!("this can't name a skill: {error}");
            let mend = "write it in these letters: { sales = 5 }";
            context.add(Problem::new(at, problem).mend(mend));
            continue;
        }
        let level = context.told(LEVEL.read(node));
        let level = level.and_then(|level| u8::try_from(level).ok());
        skills.extend(level.map(|level| (name.into(), level)));
    }
    Some(skills)
}

/// What the callers of a queue ask for.
pub(crate) fn read_asked(section: &mut Section<'_>, context: &mut Context<'_>) -> Asked {
    let requires = take(section, &queue::REQUIRES, context).unwrap_or_default();
    let what = format!("`widen` of {}", section.what());
    let mut asked = Asked {
        requires,
        widen: Vec::new(),
    };
    let Some(node) = section.node(&queue::WIDEN) else {
        return asked;
    };
    let items = match &node.value {
        Value::List(items) if items.len() <= WIDENINGS_MAX => items,
        other => {
            let got = other.described();
            let problem = format!("expected a list of at most {WIDENINGS_MAX} steps, got {got}");
            let mend = "write widen = [{ after = \"30s\", requires = { sales = 3 } }]";
            context.add(Problem::new(node.place, problem).mend(mend));
            return asked;
        }
    };
    for item in items {
        if let Some(step) = read_widening(&what, item, context) {
            check_widening(&asked, &step, item, context);
            asked.widen.push(step);
        }
    }
    asked
}

fn read_widening(what: &str, node: &Node, context: &mut Context<'_>) -> Option<Widening> {
    let mut section = context.told(Section::of(
        format!("a step of {what}"),
        node,
        &widening::HEADING,
    ))?;
    let after = section.require(&widening::AFTER, context);
    let requires = take(&mut section, &widening::REQUIRES, context);
    section.finish(context);
    Some(Widening {
        after: after?.value,
        requires: requires.unwrap_or_default(),
    })
}

/// Each step comes later than the one before it, and asks for no more.
fn check_widening(asked: &Asked, step: &Widening, node: &Node, context: &mut Context<'_>) {
    let last = asked.widen.last();
    if last.is_some_and(|last| last.after >= step.after) {
        let problem = "this step does not come later than the one before it";
        let mend = "write the steps in the order in which they come";
        context.add(Problem::new(node.place, problem).mend(mend));
    }
    let before = last.map_or(&asked.requires, |last| &last.requires);
    let more = step.requires.iter();
    let mut more = more.filter(|(skill, level)| before.get(*skill).is_none_or(|had| had < level));
    if let Some((skill, _)) = more.next() {
        let problem = format!(
            "this step asks for more of {} than the one before it",
            quoted(skill)
        );
        let mend = "ask for less the longer a caller waits";
        context.add(Problem::new(node.place, problem).mend(mend));
    }
}
