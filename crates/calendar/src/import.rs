//! Calendars that others keep, as files (iCalendar, RFC 5545): their whole days. Read here, without a library: those
//! there are give up the line that a mistake is in, bring a second crate of dates, and have no bounds.

use crate::recurrence::Recurrence;
use crate::rrule;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Longest line once it is unfolded, in bytes: descriptions are long, a picture within one is not wanted.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Events of a file at most: a century of holidays.
pub const EVENTS_MAX: usize = 5_000;

/// Days of one event at most.
const LASTS_DAYS_MAX: i32 = 366;

/// Longest name that is kept, in characters.
const NAME_CHARS_MAX: usize = 100;

/// Something that is on whole days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is called.
    pub name: Option<Box<str>>,
    /// On which days it is.
    pub days: Recurrence,
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Events that have clock times.
    pub timed: usize,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ImportError {
    /// The line, from 1.
    pub line: usize,
    /// What was expected and what came.
    pub problem: String,
}

/// The events of a file that are on whole days, and what was left out of it.
pub fn read_events(file: &[u8]) -> Result<(Vec<Event>, Left), ImportError> {
    let mut reader = Reader::default();
    for line in unfolded(file)? {
        reader.take(&line)?;
    }
    reader.finish()
}

/// A line once those that follow it are joined to it.
struct Line {
    number: usize,
    text: String,
}

impl Line {
    fn wrong(&self, problem: impl Into<String>) -> ImportError {
        ImportError {
            line: self.number,
            problem: problem.into(),
        }
    }
}

/// RFC 5545 §3.1: a line that begins with a blank goes on with the one before.
fn unfolded(file: &[u8]) -> Result<Vec<Line>, ImportError> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut joined: Vec<(usize, Vec<u8>)> = Vec::new();
    for (index, bytes) in file.split(|b| *b == b'\n').enumerate() {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let number = index + 1;
        match (bytes.split_first(), joined.last_mut()) {
            (Some((b' ' | b'\t', rest)), Some((_, line))) => line.extend(rest),
            (None, _) => continue,
            _ => joined.push((number, bytes.to_vec())),
        }
        let length = joined.last().map_or(0, |(_, line)| line.len());
        if length > LINE_BYTES_MAX {
            let problem = format!("expected at most {LINE_BYTES_MAX} bytes in a line");
            return Err(ImportError {
                line: number,
                problem,
            });
        }
    }
    let text = |(number, bytes)| {
        String::from_utf8(bytes)
            .map(|text| Line { number, text })
            .map_err(|_| ImportError {
                line: number,
                problem: "expected UTF-8, got other bytes".to_owned(),
            })
    };
    joined.into_iter().map(text).collect()
}

/// One event while it is read.
#[derive(Default)]
struct Reading {
    line: usize,
    name: Option<Box<str>>,
    uid: Option<String>,
    start: Option<Moment>,
    end: Option<Moment>,
    lasts_days: Option<i32>,
    /// The rule, and its line.
    rule: Option<(usize, String)>,
    except: Vec<Date>,
    also: Vec<Date>,
    cancelled: bool,
    /// It stands for one day of a series with the same UID.
    replaces: Option<Date>,
    said_whole_day: bool,
}

/// A date, and whether it is one alone or has a time that is not midnight.
#[derive(Clone, Copy)]
struct Moment {
    date: Date,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Date,
    Midnight,
    Time,
}

#[derive(Default)]
struct Reader {
    began: bool,
    /// The components that are open, outermost first.
    open: Vec<String>,
    event: Option<Reading>,
    events: Vec<(Option<String>, Event)>,
    /// Days taken out of a series, by its UID.
    replaced: BTreeMap<String, Vec<Date>>,
    left: Left,
    last_line: usize,
}

/// Components within each other at most: an alarm in an event in a calendar.
const DEEP_MAX: usize = 8;

impl Reader {
    fn take(&mut self, line: &Line) -> Result<(), ImportError> {
        self.last_line = line.number;
        let (name, parameters, value) = parts(&line.text)
            .ok_or_else(|| line.wrong("expected a line of iCalendar such as SUMMARY:Name"))?;
        match name.as_str() {
            "BEGIN" => return self.begin(line, value),
            "END" => return self.end(line, value),
            _ if !self.began => {
                return Err(line.wrong("expected a calendar, which begins with BEGIN:VCALENDAR"));
            }
            _ => {}
        }
        let in_event = self.open.last().is_some_and(|open| open == "VEVENT");
        match &mut self.event {
            Some(event) if in_event => event.take(line, &name, parameters, value),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, line: &Line, component: &str) -> Result<(), ImportError> {
        let component = component.trim().to_ascii_uppercase();
        if !self.began && component != "VCALENDAR" {
            return Err(line.wrong("expected a calendar, which begins with BEGIN:VCALENDAR"));
        }
        self.began = true;
        if self.open.len() >= DEEP_MAX {
            return Err(line.wrong(format!("expected at most {DEEP_MAX} BEGINs in each other")));
        }
        if component == "VEVENT" {
            if self.events.len() >= EVENTS_MAX {
                return Err(line.wrong(format!("expected at most {EVENTS_MAX} events in a file")));
            }
            self.event = Some(Reading {
                line: line.number,
                ..Reading::default()
            });
        }
        self.open.push(component);
        Ok(())
    }

    fn end(&mut self, line: &Line, component: &str) -> Result<(), ImportError> {
        let component = component.trim().to_ascii_uppercase();
        match self.open.pop() {
            Some(open) if open == component => {}
            Some(open) => return Err(line.wrong(format!("expected END:{open}, got {component:?}"))),
            None => return Err(line.wrong("expected BEGIN before END")),
        }
        if component == "VEVENT"
            && let Some(event) = self.event.take()
        {
            self.keep(event)?;
        }
        Ok(())
    }

    fn keep(&mut self, reading: Reading) -> Result<(), ImportError> {
        if let (Some(uid), Some(day)) = (&reading.uid, reading.replaces) {
            self.replaced.entry(uid.clone()).or_default().push(day);
        }
        if reading.cancelled {
            return Ok(());
        }
        let uid = reading.uid.clone().filter(|_| reading.replaces.is_none());
        let first_line = reading.line;
        let Some(events) = reading.events()? else {
            self.left.timed += 1;
            return Ok(());
        };
        // A date that it is also on is an event too.
        if self.events.len() + events.len() > EVENTS_MAX {
            return Err(ImportError {
                line: first_line,
                problem: format!("expected at most {EVENTS_MAX} events in a file"),
            });
        }
        let events = events.into_iter().map(|event| (uid.clone(), event));
        self.events.extend(events);
        Ok(())
    }

    fn finish(self) -> Result<(Vec<Event>, Left), ImportError> {
        if !self.began || !self.open.is_empty() {
            let what = self.open.last().map_or("VCALENDAR", String::as_str);
            return Err(ImportError {
                line: self.last_line.max(1),
                problem: format!("expected END:{what} before the end of the file"),
            });
        }
        let replaced = self.replaced;
        let events = self.events.into_iter().map(|(uid, mut event)| {
            let days = uid.and_then(|uid| replaced.get(&uid));
            // What is on one day only has no use for other days, of which there may be thousands.
            let (from, until) = (event.days.from, event.days.until);
            let once = from.filter(|_| from == until);
            let days = days.into_iter().flatten();
            let lost = days.filter(|day| once.is_none_or(|once| once == **day));
            event.days.except.extend(lost);
            event
        });
        Ok((events.collect(), self.left))
    }
}

impl Reading {
    fn take(
        &mut self,
        line: &Line,
        name: &str,
        parameters: &str,
        value: &str,
    ) -> Result<(), ImportError> {
        let moment = || {
            moment(value.trim()).ok_or_else(|| {
                line.wrong(format!(
                    "expected a date such as 20261224 for {name}, got {value:?}"
                ))
            })
        };
        match name {
            "SUMMARY" => self.name = named(value),
            "UID" => self.uid = Some(value.to_owned()),
            "DTSTART" => self.start = Some(moment()?),
            "DTEND" => self.end = Some(moment()?),
            "DURATION" => self.lasts_days = days_of_duration(value.trim()),
            "RRULE" => self.rule = Some((line.number, value.trim().to_owned())),
            "STATUS" => self.cancelled = value.trim().eq_ignore_ascii_case("CANCELLED"),
            "RECURRENCE-ID" => self.replaces = Some(moment()?.date),
            "X-MICROSOFT-CDO-ALLDAYEVENT" => {
                self.said_whole_day = value.trim().eq_ignore_ascii_case("TRUE");
            }
            "EXDATE" | "RDATE" => {
                let periods = parameters.to_ascii_uppercase().contains("VALUE=PERIOD");
                let mut days = Vec::new();
                for day in value.split(',').filter(|_| !periods) {
                    let day = rrule::date(day.trim()).ok_or_else(|| {
                        line.wrong(format!("expected dates for {name}, got {value:?}"))
                    })?;
                    days.push(day);
                }
                match name {
                    "EXDATE" => self.except.extend(days),
                    _ => self.also.extend(days),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The event, and one more for each day that it is also on; `None` if it has clock times.
    fn events(self) -> Result<Option<Vec<Event>>, ImportError> {
        let at = |line: usize, problem: String| ImportError { line, problem };
        let Some(start) = self.start else {
            return Err(at(self.line, "expected DTSTART in the event".to_owned()));
        };
        let whole = |kind| kind == Kind::Date || kind == Kind::Midnight;
        let ends_whole = self.end.is_none_or(|end| whole(end.kind));
        let is_whole_day = match start.kind {
            Kind::Date => true,
            Kind::Midnight => {
                let lasts = self.end.is_some_and(|end| end.date > start.date);
                ends_whole && (lasts || self.lasts_days.is_some() || self.said_whole_day)
            }
            Kind::Time => false,
        };
        if !is_whole_day {
            return Ok(None);
        }
        let to_end = self.end.and_then(|end| start.date.until(end.date).ok());
        let lasts = to_end.map(|span| span.get_days()).or(self.lasts_days);
        // An end that is no later is that of a day (RFC 5545 §3.6.1 has it the day after).
        let lasts = lasts.unwrap_or(1).max(1);
        if lasts > LASTS_DAYS_MAX {
            let problem =
                format!("expected an event of at most {LASTS_DAYS_MAX} days, got {lasts}");
            return Err(at(self.line, problem));
        }
        let mut starts = match &self.rule {
            Some((line, rule)) => {
                rrule::read(rule, start.date).map_err(|problem| at(*line, problem))?
            }
            None => Recurrence::once(start.date),
        };
        starts.except.extend(&self.except);
        let also = self.also.iter().map(|date| Recurrence::once(*date));
        let lasts_days = u16::try_from(lasts).unwrap_or(1);
        let events = [starts].into_iter().chain(also).map(|starts| Event {
            name: self.name.clone(),
            days: Recurrence {
                lasts_days,
                ..starts
            },
        });
        Ok(Some(events.collect()))
    }
}

/// Name in capitals, parameters, value. A value of a parameter in quotes may have a colon in it (RFC 5545 §3.1).
fn parts(text: &str) -> Option<(String, &str, &str)> {
    let mut quoted = false;
    let colon = text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    })?;
    let (head, value) = (text.get(..colon)?, text.get(colon + 1..)?);
    let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
    let fine = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fine.then(|| (name.to_ascii_uppercase(), parameters, value))
}

fn moment(text: &str) -> Option<Moment> {
    let date = rrule::date(text)?;
    let kind = match text.get(8..)? {
        "" => Kind::Date,
        "T000000" => Kind::Midnight,
        _ => Kind::Time,
    };
    Some(Moment { date, kind })
}

/// `P2D` and `P1W`; what has hours is no span of days.
fn days_of_duration(text: &str) -> Option<i32> {
    let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i32 = digits
        .parse()
        .ok()
        .filter(|number| (1..1_000).contains(number))?;
    match unit {
        "D" => Some(number),
        "W" => Some(number * 7),
        _ => None,
    }
}

/// RFC 5545 §3.3.11.
fn named(value: &str) -> Option<Box<str>> {
    let mut name = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '\\' => match letters.next() {
                Some('n' | 'N') | None => ' ',
                Some(escaped) => escaped,
            },
            letter => letter,
        };
        name.push(if letter.is_control() { ' ' } else { letter });
    }
    let name: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
    (!name.is_empty()).then(|| name.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    fn file(events: &[&str]) -> String {
        let events = events
            .iter()
            .map(|lines| format!("BEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\n"));
        let events: String = events.collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    }

    fn on(file: &str, year: i16) -> Vec<(String, String)> {
        let (events, _) = read_events(file.as_bytes()).unwrap();
        let first = Date::new(year, 1, 1).unwrap();
        let days = first.series(1.day()).take_while(|date| date.year() == year);
        days.flat_map(|date| {
            let on = events.iter().filter(move |event| event.days.is_on(date));
            on.map(move |event| {
                (
                    date.to_string(),
                    event.name.as_deref().unwrap_or("").to_owned(),
                )
            })
        })
        .collect()
    }

    fn pairs(days: &[(String, String)]) -> Vec<(&str, &str)> {
        days.iter()
            .map(|(day, name)| (day.as_str(), name.as_str()))
            .collect()
    }

    /// As Google publishes holidays: folded, transparent, escaped.
    #[test]
    fn a_feed_of_googles_is_read() {
        let text = "BEGIN:VCALENDAR\nPRODID:-//Google Inc//Google Calendar 70.9054//EN\nX-WR-TIMEZONE:UTC\n\
            BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225\nDTSTAMP:20260101T101010Z\n\
            UID:20261224_abc@google.com\nCLASS:PUBLIC\nDESCRIPTION:Observance\\nTo hide\\, go to\n  settings\n\
            SUMMARY:Julafton\\, da\n gen\nTRANSP:TRANSPARENT\nEND:VEVENT\nEND:VCALENDAR\n";
        assert_eq!(pairs(&on(text, 2026)), [("2026-12-24", "Julafton, dagen")]);
    }

    /// As Outlook writes them: midnight to midnight in a zone of its own, an alarm within, a rule with WKST.
    #[test]
    fn a_calendar_of_outlooks_is_read() {
        let text = file(&[
            "CLASS:PUBLIC\r\nDTSTART;TZID=\"W. Europe: Standard Time\":20260713T000000\r\n\
             DTEND;TZID=\"W. Europe: Standard Time\":20260715T000000\r\nSUMMARY;LANGUAGE=sv:Semester\r\n\
             X-MICROSOFT-CDO-ALLDAYEVENT:TRUE\r\nBEGIN:VALARM\r\nTRIGGER:-PT18H\r\nSUMMARY:no\r\nEND:VALARM",
            "DTSTART;VALUE=DATE:20250401\r\nRRULE:FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=1;WKST=MO\r\nSUMMARY:Inventering",
        ]);
        assert_eq!(
            pairs(&on(&text, 2026)),
            [
                ("2026-04-01", "Inventering"),
                ("2026-07-13", "Semester"),
                ("2026-07-14", "Semester")
            ]
        );
    }

    #[test]
    fn clock_times_cancelled_days_and_days_moved_are_left_out() {
        let text = file(&[
            "UID:a\r\nDTSTART;VALUE=DATE:20260105\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE;VALUE=DATE:20260119\r\nSUMMARY:Week",
            "UID:a\r\nRECURRENCE-ID;VALUE=DATE:20260112\r\nDTSTART;VALUE=DATE:20260113\r\nSUMMARY:Moved",
            "UID:b\r\nDTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\nSUMMARY:Meeting",
            "UID:c\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20260106\r\nSUMMARY:Off",
        ]);
        assert_eq!(
            pairs(&on(&text, 2026)),
            [
                ("2026-01-05", "Week"),
                ("2026-01-13", "Moved"),
                ("2026-01-26", "Week")
            ]
        );
        let (_, left) = read_events(text.as_bytes()).unwrap();
        assert_eq!(left.timed, 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let wrong = |text: &str| read_events(text.as_bytes()).unwrap_err().line;
        assert_eq!(wrong("SUMMARY:x\n"), 1);
        assert_eq!(
            wrong("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:2026-12-24\n"),
            3
        );
        assert_eq!(wrong(&file(&["SUMMARY:no start"])), 3);
        assert_eq!(wrong(&file(&["DTSTART:20260101\r\nRRULE:FREQ=HOURLY"])), 5);
        assert_eq!(wrong("BEGIN:VCALENDAR\nEND:VEVENT\n"), 2);
        assert_eq!(wrong("BEGIN:VCALENDAR\nBEGIN:VEVENT\n"), 2);
        assert_eq!(wrong("BEGIN:VCALENDAR\nno colon\n"), 2);
        assert_eq!(wrong("<html>\n"), 1);
        assert!(read_events(b"BEGIN:VCALENDAR\n\xff:x\n").is_err());
        let long = format!("BEGIN:VCALENDAR\nSUMMARY:{}\n", "x".repeat(LINE_BYTES_MAX));
        assert_eq!(wrong(&long), 2);
    }

    #[test]
    fn dates_that_an_event_is_also_on_count_as_events_and_values_written_twice_once() {
        let dates = |many: usize| {
            let lines = ["RDATE:20260101,20260102,20260103,20260104,20260105"; 1_000];
            let lines = lines[..many / 5].join("\r\n");
            file(&[&format!("UID:a\r\nDTSTART:20260101\r\n{lines}")])
        };
        assert_eq!(read_events(dates(4_995).as_bytes()).unwrap().0.len(), 4_996);
        let wrong = read_events(dates(5_000).as_bytes()).unwrap_err();
        assert!(wrong.problem.contains("at most 5000 events"), "{wrong:?}");
        let months = ["12"; 300].join(",");
        let yearly =
            format!("DTSTART:20261224\r\nRRULE:FREQ=YEARLY;BYMONTH={months};BYMONTHDAY=24");
        let (events, _) = read_events(file(&[&yearly]).as_bytes()).unwrap();
        let crate::On::Yearly(days) = &events[0].days.on else {
            panic!("{events:?}");
        };
        assert_eq!(days.len(), 1);
    }
}
