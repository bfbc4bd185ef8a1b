//! Hours against the clock on the wall, across both summer-time changes, and against a naive model.

use super::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400;

/// Seconds since 1970 of a moment in UTC.
fn utc(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

fn weekly(names: &str, intervals: &[&str]) -> Rule {
    Rule {
        days: Recurrence::new(On::Weekly(days(names).unwrap())),
        hours: read(intervals),
        written: names.into(),
    }
}

fn read(intervals: &[&str]) -> Vec<Interval> {
    intervals.iter().map(|it| it.parse().unwrap()).collect()
}

fn hours(week: &[(&str, &str)]) -> Hours {
    let mut hours = Hours::new("Europe/Stockholm").unwrap();
    for (names, interval) in week {
        hours.add_rule(weekly(names, &[interval]));
    }
    hours
}

fn once(text: &str) -> Recurrence {
    Recurrence::once(date(text).unwrap())
}

fn named(name: &str, intervals: &[&str]) -> OwnDay {
    OwnDay {
        name: Some(name.into()),
        hours: read(intervals),
        message: None,
    }
}

#[test]
fn an_office_is_open_by_the_clock_on_its_wall_in_winter_and_in_summer() {
    let office = hours(&[("mon-fri", "08:00-12:00"), ("mon-fri", "13:00-17:00")]);
    for (moment, open) in [
        // Friday, 27 November 2026: one hour ahead of UTC.
        ("2026-11-27T06:59:59Z", false),
        ("2026-11-27T07:00:00Z", true),
        ("2026-11-27T11:00:00Z", false),
        ("2026-11-27T12:00:00Z", true),
        ("2026-11-27T15:59:59Z", true),
        ("2026-11-27T16:00:00Z", false),
        ("2026-11-28T09:00:00Z", false),
        // Friday, 26 June 2026: two hours ahead.
        ("2026-06-26T05:59:59Z", false),
        ("2026-06-26T06:00:00Z", true),
        ("2026-06-26T15:00:00Z", false),
    ] {
        assert_eq!(office.at(utc(moment)).is_open, open, "{moment}");
    }
}

#[test]
fn an_evening_goes_over_midnight_into_the_next_day() {
    let bar = hours(&[("fri,sun", "22:00-02:00")]);
    for (moment, open) in [
        ("2026-11-27T20:59:59Z", false),
        ("2026-11-27T21:00:00Z", true),
        ("2026-11-28T00:59:59Z", true),
        ("2026-11-28T01:00:00Z", false),
        ("2026-11-28T22:00:00Z", false),
        // Sunday's lasts into Monday.
        ("2026-11-30T00:30:00Z", true),
    ] {
        assert_eq!(bar.at(utc(moment)).is_open, open, "{moment}");
    }
}

#[test]
fn the_hour_that_does_not_exist_is_not_open_and_the_one_that_comes_twice_is_twice() {
    let night = hours(&[("sun", "02:15-02:45"), ("sun", "00:00-01:00")]);
    let open_minutes = |from: &str, minutes: i64| {
        let start = utc(from);
        let moments = (0..minutes).map(|minute| start + minute * 60);
        moments.filter(|at| night.at(*at).is_open).count()
    };
    // 29 March 2026: 01:59 is followed by 03:00. 25 October: 02:59 by 02:00.
    assert_eq!(open_minutes("2026-03-28T23:00:00Z", 240), 60);
    assert_eq!(open_minutes("2026-10-24T22:00:00Z", 300), 60 + 30 + 30);
    // The same nights are 23 and 25 hours long.
    let always = hours(&[("mon-sun", "00:00-24:00")]);
    for night in ["2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z"] {
        let start = utc(night);
        let whole = (0..25 * 60).all(|minute| always.at(start + minute * 60).is_open);
        assert!(whole, "{night}");
    }
}

// Changes: hours.days.date, own-day.hours
#[test]
fn a_day_of_its_own_replaces_the_whole_day_and_says_why() {
    let mut bar = hours(&[("mon-sun", "20:00-03:00")]);
    bar.add_days(once("2026-12-24"), named("julafton", &[]));
    bar.add_days(once("2026-12-31"), named("nyårsafton", &["18:00-04:00"]));
    let at = |moment: &str| {
        let verdict = bar.at(utc(moment));
        let name = match verdict.why {
            Why::Own(own) => own.name.as_deref(),
            Why::Schedule | Why::Holiday(_) => None,
        };
        (verdict.is_open, name)
    };
    for (moment, verdict) in [
        ("2026-12-23T22:59:00Z", (true, None)),
        // What opened the evening before ends at midnight.
        ("2026-12-23T23:00:00Z", (false, Some("julafton"))),
        ("2026-12-24T22:59:00Z", (false, Some("julafton"))),
        // What would have begun on the day is not open after it.
        ("2026-12-24T23:00:00Z", (false, None)),
        ("2026-12-25T19:00:00Z", (true, None)),
        ("2026-12-31T16:59:00Z", (false, Some("nyårsafton"))),
        ("2026-12-31T17:00:00Z", (true, Some("nyårsafton"))),
        ("2027-01-01T02:59:00Z", (true, None)),
        ("2027-01-01T03:00:00Z", (false, None)),
    ] {
        assert_eq!(at(moment), verdict, "{moment}");
    }
}

// Changes: hours.holidays
#[test]
fn own_days_go_before_holidays_and_those_before_the_schedule() {
    let mut office = hours(&[("mon-fri", "08:00-17:00")]);
    office.keep_holidays(Sweden {
        eves: vec![(Eve::MaundyThursday, read(&["08:00-12:00"]))],
        squeeze_days: Some(Vec::new()),
    });
    let easter = |after| Recurrence::new(On::Yearly(vec![DayOfYear::Easter(after)]));
    office.add_days(easter(1), named("påskrea", &["10:00-14:00"]));
    office.import_days(once("2026-04-06"), named("theirs", &[]));
    office.import_days(once("2026-04-07"), named("theirs", &[]));
    let named = |date: &str| {
        let plan = office.day(super::date(date).unwrap());
        let name = match plan.why {
            Why::Schedule => "schedule".to_owned(),
            Why::Holiday(holiday) => holiday.name.to_owned(),
            Why::Own(own) => own.name.as_deref().unwrap_or_default().to_owned(),
        };
        let hours: Vec<String> = plan.hours.iter().map(ToString::to_string).collect();
        format!("{name} {}", hours.join(" "))
    };
    assert_eq!(named("2026-04-01"), "schedule 08:00-17:00");
    assert_eq!(named("2026-04-02"), "skärtorsdagen 08:00-12:00");
    assert_eq!(named("2026-04-03"), "långfredagen ");
    assert_eq!(named("2026-04-06"), "påskrea 10:00-14:00");
    assert_eq!(named("2026-04-07"), "theirs ");
    assert_eq!(named("2026-05-15"), "klämdag ");
    let listed: Vec<String> = office
        .year(2026)
        .iter()
        .map(|it| it.date.to_string())
        .collect();
    // Every holiday, those on Sundays too, and nothing ordinary.
    for day in ["2026-01-06", "2026-04-05", "2026-05-24", "2026-12-26"] {
        assert!(listed.iter().any(|date| date == day), "{day}");
    }
    // 13 holidays, one eve, squeeze days on 2 and 5 January and 15 May, and what was imported.
    assert_eq!(listed.len(), 13 + 1 + 3 + 1, "{listed:?}");
}

#[test]
fn the_next_change_is_found_over_nights_days_off_and_summer_time() {
    let mut office = hours(&[("mon-fri", "08:00-17:00")]);
    office.keep_holidays(Sweden::default());
    for (moment, change) in [
        // From Good Friday to Tuesday after Easter; summer time.
        ("2026-04-02T15:00:00Z", "2026-04-07T06:00:00Z"),
        ("2026-04-07T06:00:00Z", "2026-04-07T15:00:00Z"),
        ("2026-03-27T16:00:00Z", "2026-03-30T06:00:00Z"),
        ("2026-10-23T15:00:00Z", "2026-10-26T07:00:00Z"),
    ] {
        assert_eq!(
            office.changes_after(utc(moment)),
            Some(utc(change)),
            "{moment}"
        );
    }
    let night = hours(&[("sun", "02:15-02:45")]);
    // It comes twice.
    for (moment, change) in [
        ("2026-10-25T00:15:00Z", "2026-10-25T00:45:00Z"),
        ("2026-10-25T00:45:00Z", "2026-10-25T01:15:00Z"),
        // And is not there.
        ("2026-03-28T12:00:00Z", "2026-04-05T00:15:00Z"),
    ] {
        assert_eq!(
            night.changes_after(utc(moment)),
            Some(utc(change)),
            "{moment}"
        );
    }
    let never = Hours::new("UTC").unwrap();
    assert_eq!(never.changes_after(0), None);
    let always = hours(&[("mon-sun", "00:00-24:00")]);
    assert_eq!(always.changes_after(utc("2026-10-24T12:00:00Z")), None);
}

#[test]
fn what_is_no_zone_and_no_date_is_refused() {
    assert!(Hours::new("Europe/Kolapp").is_err());
    for bad in ["2026-02-29", "24/12", "", "20261224"] {
        assert!(date(bad).is_err(), "{bad:?}");
    }
}

/// Steele's xorshift: enough for drawing hours.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Seconds that Sweden is ahead of UTC, by the rule and not by the library: summer from the last Sunday of March at
/// 01:00 UTC to the last Sunday of October at 01:00 UTC.
fn ahead(unix_seconds: i64) -> i64 {
    let moment = Timestamp::from_second(unix_seconds).unwrap();
    let year = TimeZone::UTC.to_datetime(moment).year();
    let last_sunday = |month: i8| {
        let end = Date::new(year, month, 31).unwrap();
        let back = end.weekday().to_sunday_zero_offset();
        utc(&format!("{year}-{month:02}-{:02}T01:00:00Z", 31 - back))
    };
    let summer = last_sunday(3)..last_sunday(10);
    if summer.contains(&unix_seconds) {
        7_200
    } else {
        3_600
    }
}

/// A rule of the naive model: whether it is about a day, and its minutes.
type Naive = (Box<dyn Fn(Date) -> bool>, Vec<(u64, u64)>);

fn drawn_intervals(draw: &mut Draw) -> (Vec<(u64, u64)>, Vec<Interval>) {
    let pairs = (0..draw.below(3)).map(|_| (draw.below(1_440), draw.below(1_441)));
    let pairs: Vec<(u64, u64)> = pairs.collect();
    let clock = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let intervals = pairs.iter().map(|(from, to)| {
        let interval = format!("{}-{}", clock(*from), clock(*to));
        interval.parse().unwrap()
    });
    let intervals = intervals.collect();
    (pairs, intervals)
}

/// A recurrence, and the same said anew in the plainest way.
fn drawn_days(draw: &mut Draw, around: Date) -> (Recurrence, Box<dyn Fn(Date) -> bool>) {
    let monday_first = |date: Date| date.weekday().to_monday_zero_offset() as usize;
    match draw.below(5) {
        0 => {
            let day = draw.below(7) as usize;
            let on = On::Weekly(vec![Weekday::ALL[day]]);
            (
                Recurrence::new(on),
                Box::new(move |date| monday_first(date) == day),
            )
        }
        1 => {
            let number = 1 + draw.below(31) as i8;
            let on = On::Monthly(vec![DayOfMonth::Number(number)]);
            (
                Recurrence::new(on),
                Box::new(move |date| date.day() == number),
            )
        }
        2 => {
            let day = draw.below(7) as usize;
            let last = DayOfMonth::Nth(-1, DayKind::Weekday(Weekday::ALL[day]));
            let is_last = move |date: Date| {
                monday_first(date) == day
                    && date.checked_add(7.days()).unwrap().month() != date.month()
            };
            (Recurrence::new(On::Monthly(vec![last])), Box::new(is_last))
        }
        3 => {
            let (month, day) = (around.month(), around.day());
            let on = On::Yearly(vec![DayOfYear::InMonth(month, DayOfMonth::Number(day))]);
            let same = move |date: Date| (date.month(), date.day()) == (month, day);
            (Recurrence::new(on), Box::new(same))
        }
        _ => {
            let every = 2 + draw.below(3) as u16;
            let mut daily = Recurrence::new(On::Daily);
            daily.every = every;
            daily.from = Some(around);
            let since = move |date: Date| around.until(date).unwrap().get_days();
            let turn = move |date| since(date) >= 0 && since(date) % i32::from(every) == 0;
            (daily, Box::new(turn))
        }
    }
}

/// Every minute that is open, counted in minutes of the clock on the wall since 1970: each interval written out minute
/// by minute from each day on which it begins.
fn naive(
    rules: &[Naive],
    own: &BTreeMap<i64, Vec<(u64, u64)>>,
    days: std::ops::Range<i64>,
) -> BTreeSet<i64> {
    let mut open = BTreeSet::new();
    for day in days {
        let date = Date::constant(1970, 1, 1).checked_add(day.days()).unwrap();
        let scheduled = rules.iter().filter(|(is_on, _)| is_on(date));
        let scheduled = scheduled.flat_map(|(_, pairs)| pairs);
        let pairs: Vec<_> = match own.get(&day) {
            Some(pairs) => pairs.iter().collect(),
            None => scheduled.collect(),
        };
        for (from, to) in pairs {
            let end = if to <= from { to + 1_440 } else { *to };
            for minute in *from..end {
                let at = day * 1_440 + minute as i64;
                let other_day = at.div_euclid(1_440);
                if other_day == day || !own.contains_key(&other_day) {
                    open.insert(at);
                }
            }
        }
    }
    open
}

#[test]
fn drawn_hours_are_open_when_a_minute_by_minute_model_says_so_and_change_when_it_does() {
    for seed in 1..20 {
        eprintln!("seed {seed}");
        let mut draw = Draw(seed * 0x9e37_79b9);
        // A fortnight about a summer-time change of some year, or any other.
        let around = [
            utc("2026-03-29T00:00:00Z"),
            utc("2027-10-31T00:00:00Z"),
            utc("2026-12-31T00:00:00Z"),
            utc("2028-02-29T00:00:00Z"),
        ];
        let middle = around[draw.below(4) as usize].div_euclid(DAY);
        let date_of = |day: i64| Date::constant(1970, 1, 1).checked_add(day.days()).unwrap();
        let span = middle - 7..middle + 7;
        let mut hours = Hours::new("Europe/Stockholm").unwrap();
        let mut rules: Vec<Naive> = Vec::new();
        for _ in 0..draw.below(8) {
            let (recurrence, plain) = drawn_days(&mut draw, date_of(middle));
            let (pairs, intervals) = drawn_intervals(&mut draw);
            hours.add_rule(Rule {
                days: recurrence,
                hours: intervals,
                written: "".into(),
            });
            rules.push((plain, pairs));
        }
        let mut own = BTreeMap::new();
        for _ in 0..draw.below(4) {
            let day = span.start + draw.below(14) as i64;
            let (pairs, intervals) = drawn_intervals(&mut draw);
            let special = OwnDay {
                hours: intervals,
                ..OwnDay::default()
            };
            hours.add_days(Recurrence::once(date_of(day)), special);
            own.entry(day).or_insert(pairs);
        }
        let open = naive(&rules, &own, span.start - 1..span.end + 1);
        let mut changes = Vec::new();
        let mut before = None;
        for minute in span.start * 1_440..span.end * 1_440 {
            let at = minute * 60;
            let on_the_wall = (at + ahead(at)).div_euclid(60);
            let is_open = hours.at(at).is_open;
            assert_eq!(is_open, open.contains(&on_the_wall), "{at}");
            if before.is_some_and(|before| before != is_open) {
                changes.push(at);
            }
            before = Some(is_open);
        }
        let mut at = span.start * DAY;
        for change in changes {
            assert_eq!(hours.changes_after(at), Some(change), "after {at}");
            at = change;
        }
    }
}

// Changes: hours.zone
#[test]
fn the_clock_that_counts_is_that_of_the_zone() {
    for (zone, open) in [("Europe/Stockholm", true), ("America/New_York", false)] {
        let mut hours = Hours::new(zone).unwrap();
        hours.add_rule(weekly("mon-sun", &["08:00-12:00"]));
        assert_eq!(
            hours.at(utc("2026-11-27T08:00:00Z")).is_open,
            open,
            "{zone}"
        );
    }
}

#[test]
fn a_night_is_decided_by_the_day_that_it_began_on_and_a_holiday_hides_what_the_schedule_would_do() {
    let mut night = hours(&[("fri", "22:00-02:00"), ("sat", "10:00-12:00")]);
    let deciding = |hours: &Hours, moment: &str| {
        let plan = hours.deciding(hours.moment(moment, 0).unwrap()).unwrap();
        plan.date.to_string()
    };
    for (moment, day) in [
        ("2026-11-27 23:00", "2026-11-27"),
        ("2026-11-28 01:59", "2026-11-27"),
        ("2026-11-28 02:00", "2026-11-28"),
        ("2026-11-28 11:00", "2026-11-28"),
        ("2026-11-29 01:00", "2026-11-29"),
    ] {
        assert_eq!(deciding(&night, moment), day, "{moment}");
    }
    let friday = date("2026-11-27").unwrap();
    night.add_days(once("2026-11-27"), named("Inventering", &[]));
    assert!(night.day(friday).hours.is_empty());
    assert_eq!(night.by_schedule(friday), read(&["22:00-02:00"]));
}
