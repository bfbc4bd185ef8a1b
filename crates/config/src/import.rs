//! `import` of opening hours: calendars that others keep, as files (iCalendar).

use crate::hours::{items, own_day};
use crate::problems::{Problem, quoted};
use crate::scope::Scope;
use crate::section::{Context, Section};
use crate::settings::{hours, import};
use crate::source::Place;
use crate::tree::{Node, Value};
use crate::value;
use calendar::{Hours, OwnDay, read_events};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Size of one at most: thousands of events with their descriptions.
const BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Paths, or tables of one and what is special about its days.
pub(crate) fn read(
    section: &mut Section<'_>,
    read: &mut Hours,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) {
    let what = format!("an import of {}", section.what());
    let Some(node) = section.node(&hours::IMPORT) else {
        return;
    };
    for item in items(node, hours::IMPORT.kind.max, "files", context) {
        let Some((path, day)) = read_item(&what, item, scope, context) else {
            continue;
        };
        import(&path, item.place, &day, read, context);
    }
}

fn read_item(
    what: &str,
    item: &Node,
    scope: &Scope<'_>,
    context: &mut Context<'_>,
) -> Option<(String, OwnDay)> {
    let Value::Table(_) = &item.value else {
        return Some((context.told(value::text(item))?, OwnDay::default()));
    };
    let mut section = context.told(Section::of(what, item, &import::HEADING))?;
    let file = section.require(&import::FILE, context);
    let day = own_day(&mut section, scope, context);
    section.finish(context);
    Some((file?.value, day))
}

fn import(written: &str, place: Place, day: &OwnDay, hours: &mut Hours, context: &mut Context<'_>) {
    let path = context.sources.resolve(place.file, written);
    let bytes = match bytes(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let problem = format!("the calendar {} can't be read: {error}", quoted(written));
            let mend = "paths are relative to the file they are written in";
            context.add(Problem::new(place, problem).mend(mend));
            return;
        }
    };
    match read_events(&bytes) {
        Ok((events, left)) => {
            for event in events {
                let name = day.name.clone().or(event.name);
                let day = OwnDay {
                    name,
                    ..day.clone()
                };
                hours.import_days(event.days, day);
            }
            if left.timed > 0 {
                let problem = format!(
                    "{} of the events in {} have clock times, and change nothing",
                    left.timed,
                    quoted(written)
                );
                let mend = "make them whole days where they should close";
                context.warn(Problem::new(place, problem).mend(mend));
            }
        }
        Err(error) => {
            let (line, problem) = (error.line, error.problem);
            let problem = format!("{}:{line}: {problem}", path.display());
            let mend = "export it again as iCalendar, or take the event out of it";
            context.add(Problem::new(place, problem).mend(mend));
        }
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a file that fits from one that does not.
    let mut file = File::open(path)?.take(BYTES_MAX + 1);
    file.read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        0..=BYTES_MAX => Ok(bytes),
        _ => Err(io::Error::other(format!(
            "it is larger than {BYTES_MAX} bytes"
        ))),
    }
}
