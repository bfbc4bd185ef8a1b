//! Opening hours: what is read, and what is told to be wrong with them.

use crate::common::{Sandbox, warnings};
use crate::errors::organisation;
use base::{HoursId, OrgId};
use calendar::{Hours, Why};

const NUMBER: &str = "\"+46850001000\" = { queue = \"sales\" }\n";

fn with(rest: &str) -> String {
    format!("{NUMBER}[hours.office]\nzone = \"Europe/Stockholm\"\n{rest}\n")
}

fn office(sandbox: &Sandbox) -> Hours {
    let loaded = sandbox.loaded();
    let org = OrgId::new("acme").unwrap();
    let id = HoursId::new(&org, "office").unwrap();
    loaded.directory.organisations[&org].ways.hours[&id].clone()
}

/// What a day is called and when it is open on it.
fn day(hours: &Hours, date: &str) -> String {
    let plan = hours.day(calendar::date(date).unwrap());
    let name = match plan.why {
        Why::Schedule => "",
        Why::Holiday(holiday) => holiday.name,
        Why::Own(own) => own.name.as_deref().unwrap_or("own"),
    };
    let open: Vec<String> = plan.hours.iter().map(ToString::to_string).collect();
    format!("{name}: {}", open.join(" "))
}

// Changes: hours.import, hours.import.file, hours.eves.hours, own-day.name
#[test]
fn rules_holidays_own_days_and_others_calendars_are_read_in_plain_words() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "config/organisations/acme/off.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261110\nSUMMARY:Kickoff\nEND:VEVENT\n\
         BEGIN:VEVENT\nDTSTART:20261111T090000\nSUMMARY:Meeting\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    sandbox.change(
        NUMBER,
        &format!(
            "{NUMBER}{}",
            r#"[hours.office]
zone = "Europe/Stockholm"
rules = [
    { weekdays = ["mon-thu", "fri"], hours = ["08:00-17:00"] },
    { monthly = ["first saturday", 15], hours = ["10:00-14:00"], until = "2026-12-31" },
    { weekdays = ["sun"], every = 2, from = "2026-11-01", hours = ["12:00-13:00"] },
]
holidays = "sweden"
eves = ["julafton", { day = "nyårsafton", hours = ["08:00-12:00"] }]
squeeze_days = ["09:00-12:00"]
days = [
    { yearly = ["easter+1"], name = "Påskrea", hours = ["10:00-14:00"] },
    { daily = true, from = "2026-07-13", until = "2026-07-17", name = "Semester" },
    "2026-11-12",
]
import = [{ file = "off.ics", hours = ["13:00-15:00"] }]
"#
        ),
    );
    let told = warnings(&sandbox.loaded());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0]
            .to_string()
            .contains("1 of the events in \"off.ics\" have clock times")
    );
    let office = office(&sandbox);
    for (date, expected) in [
        ("2026-11-09", ": 08:00-17:00"),
        ("2026-11-07", ": 10:00-14:00"),
        ("2026-11-15", ": 10:00-14:00 12:00-13:00"),
        ("2026-11-22", ": "),
        ("2026-12-24", "julafton: "),
        ("2026-12-31", "nyårsafton: 08:00-12:00"),
        ("2026-05-15", "klämdag: 09:00-12:00"),
        ("2026-04-06", "Påskrea: 10:00-14:00"),
        ("2026-07-15", "Semester: "),
        ("2026-11-12", "own: "),
        ("2026-11-10", "Kickoff: 13:00-15:00"),
        ("2026-11-11", ": 08:00-17:00"),
    ] {
        assert_eq!(day(&office, date), expected, "{date}");
    }
}

// Changes: organisation.zone
#[test]
fn an_organisations_zone_is_that_of_its_hours() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "[organisation]\n",
        "[organisation]\nzone = \"Asia/Tokyo\"\n",
    );
    sandbox.change(NUMBER, &format!("{NUMBER}[hours.office]\nrules = []\n"));
    assert_eq!(office(&sandbox), Hours::new("Asia/Tokyo").unwrap());
}

#[test]
fn hours_that_no_clock_shows_are_told() {
    for (rest, expected) in [
        (
            "",
            "19:1: hours `office` has no `rules`, so it is never open; write when it is: \
             rules = [{ weekdays = [\"mon-fri\"], hours = [\"08:00-17:00\"] }]",
        ),
        (
            "rules = [{ weekdays = [\"monday\"], hours = [] }]",
            "21:24: expected days such as mon-fri, or sat,sun, got \"monday\"; write mon, tue, wed, thu, fri, sat and \
             sun, with - or , between",
        ),
        (
            "rules = [{ daily = true, hours = [\"8-17\"] }]",
            "21:35: expected a clock interval such as 08:00-17:00, got \"8-17\"; write two times of four digits; one \
             that ends before it begins goes over midnight",
        ),
        (
            "rules = [{ monthly = [\"last frieday\"], hours = [] }]",
            "21:23: expected a day of the month such as \"15\", \"last\", \"first monday\" or \"last weekday\", got \
             \"last frieday\"; write a number, last, or first to fifth or last and a day of the week or weekday",
        ),
        (
            "rules = [{ weekdays = [\"mon\"], every = 2, hours = [] }]",
            "21:40: `every` of a rule of hours `office` counts from no day; write the first day: from = \"2026-01-05\"",
        ),
        (
            "rules = [{ daily = true, yearly = [\"12-24\"], hours = [] }]",
            "21:10: a rule of hours `office` should say its days in one way; write one of daily = true, weekdays = \
             [\"mon-fri\"], monthly = [\"last friday\"] and yearly = [\"12-24\"]",
        ),
        (
            "rules = []\ndays = [\"24/12\"]",
            "22:9: expected a date, got \"24/12\"; write year, month and day: \"2026-12-24\"",
        ),
        (
            "rules = []\neves = [\"julafton\"]",
            "19:1: hours `office` has eves or squeeze days of no country's holidays; say whose: holidays = \"sweden\"",
        ),
        (
            "rules = []\nimport = [\"none.ics\"]",
            "22:11: the calendar \"none.ics\" can't be read: No such file or directory (os error 2); paths are \
             relative to the file they are written in",
        ),
    ] {
        organisation(NUMBER, &with(rest), expected);
    }
    organisation(
        NUMBER,
        &with("rules = []").replace("Stockholm", "Kolapp"),
        "20:8: expected a time zone such as Europe/Stockholm, got \"Europe/Kolapp\"; write it as the time zone \
         database does, such as \"Europe/Stockholm\"",
    );
}

#[test]
fn a_calendar_that_can_t_be_read_is_told_with_its_line() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "config/organisations/acme/off.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:tomorrow\n",
    );
    sandbox.change(NUMBER, &with("rules = []\nimport = [\"off.ics\"]"));
    let errors = sandbox.errors();
    let expected = "off.ics:3: expected a date such as 20261224 for DTSTART, got \"tomorrow\"";
    assert!(errors[0].contains(expected), "{errors:?}");
}
