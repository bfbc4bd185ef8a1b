//! Hours against the clock on the wall, across both summer-time changes, and against a naive model.

use super::*;
use std::collections::BTreeSet;

const DAY: i64 = 86_400;

/// Seconds since 1970 of a moment in UTC.
fn utc(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

fn hours(week: &[(&str, &str)]) -> Hours {
    let mut hours = Hours::new("Europe/Stockholm").unwrap();
    for (names, interval) in week {
        for day in days(names).unwrap() {
            hours.open(day, interval.parse().unwrap());
        }
    }
    hours
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
        assert_eq!(office.at(utc(moment)) == Verdict::Open, open, "{moment}");
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
        assert_eq!(bar.at(utc(moment)) == Verdict::Open, open, "{moment}");
    }
}

#[test]
fn the_hour_that_does_not_exist_is_not_open_and_the_one_that_comes_twice_is_twice() {
    let night = hours(&[("sun", "02:15-02:45"), ("sun", "00:00-01:00")]);
    let open_minutes = |from: &str, minutes: i64| {
        let start = utc(from);
        let moments = (0..minutes).map(|minute| start + minute * 60);
        moments.filter(|at| night.at(*at) == Verdict::Open).count()
    };
    // 29 March 2026: 01:59 is followed by 03:00. 25 October: 02:59 by 02:00.
    assert_eq!(open_minutes("2026-03-28T23:00:00Z", 240), 60);
    assert_eq!(open_minutes("2026-10-24T22:00:00Z", 300), 60 + 30 + 30);
    // The same nights are 23 and 25 hours long.
    let always = hours(&[("mon-sun", "00:00-24:00")]);
    for night in ["2026-03-28T23:00:00Z", "2026-10-24T22:00:00Z"] {
        let start = utc(night);
        let whole = (0..25 * 60).all(|minute| always.at(start + minute * 60) == Verdict::Open);
        assert!(whole, "{night}");
    }
}

#[test]
fn a_closed_day_is_closed_from_midnight_to_midnight_and_says_why() {
    let mut bar = hours(&[("mon-sun", "20:00-03:00")]);
    bar.close("2026-12-24", Some("christmas".into())).unwrap();
    bar.close("2026-12-31", None).unwrap();
    let closed = Verdict::ClosedDay {
        note: Some("christmas"),
    };
    for (moment, verdict) in [
        ("2026-12-23T22:59:00Z", Verdict::Open),
        ("2026-12-23T23:00:00Z", closed),
        ("2026-12-24T22:59:00Z", closed),
        // What would have begun on the day is not open after it.
        ("2026-12-24T23:00:00Z", Verdict::Closed),
        ("2026-12-25T19:00:00Z", Verdict::Open),
        ("2026-12-31T12:00:00Z", Verdict::ClosedDay { note: None }),
    ] {
        assert_eq!(bar.at(utc(moment)), verdict, "{moment}");
    }
}

#[test]
fn what_is_no_zone_and_no_date_is_refused() {
    assert!(Hours::new("Europe/Kolapp").is_err());
    let mut hours = Hours::new("UTC").unwrap();
    for bad in ["2026-02-29", "24/12", ""] {
        assert!(hours.close(bad, None).is_err(), "{bad:?}");
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

/// Every minute that is open, counted in minutes of the clock on the wall since 1970: each interval written out minute
/// by minute from each day on which it begins.
fn naive(
    week: &[(usize, u64, u64)],
    closed: &BTreeSet<i64>,
    days: std::ops::Range<i64>,
) -> BTreeSet<i64> {
    let mut open = BTreeSet::new();
    for day in days {
        if closed.contains(&day) {
            continue;
        }
        // 1 January 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7) as usize;
        for (_, from, to) in week.iter().filter(|(of, ..)| *of == weekday) {
            let end = if to <= from { to + 1_440 } else { *to };
            for minute in *from..end {
                let at = day * 1_440 + minute as i64;
                if !closed.contains(&at.div_euclid(1_440)) {
                    open.insert(at);
                }
            }
        }
    }
    open
}

#[test]
fn drawn_hours_are_open_when_a_minute_by_minute_model_says_so() {
    for seed in 1..40 {
        eprintln!("seed {seed}");
        let mut draw = Draw(seed * 0x9e37_79b9);
        // A fortnight about a summer-time change of some year, or any other.
        let around = [
            utc("2026-03-29T00:00:00Z"),
            utc("2027-10-31T00:00:00Z"),
            utc("2026-12-31T00:00:00Z"),
        ];
        let middle = around[draw.below(3) as usize].div_euclid(DAY);
        let span = middle - 7..middle + 7;
        let mut hours = Hours::new("Europe/Stockholm").unwrap();
        let mut week = Vec::new();
        for _ in 0..draw.below(12) {
            let (day, from, to) = (draw.below(7), draw.below(1_440), draw.below(1_441));
            let clock = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
            let interval = format!("{}-{}", clock(from), clock(to));
            let named = days("mon-sun").unwrap()[day as usize];
            hours.open(named, interval.parse().unwrap());
            week.push((day as usize, from, to));
        }
        let mut closed = BTreeSet::new();
        for _ in 0..draw.below(4) {
            let day = span.start + draw.below(14) as i64;
            let midnight = Timestamp::from_second(day * DAY).unwrap();
            let date = TimeZone::UTC.to_datetime(midnight).date();
            hours.close(&date.to_string(), None).unwrap();
            closed.insert(day);
        }
        let open = naive(&week, &closed, span.start - 1..span.end + 1);
        for minute in span.start * 1_440..span.end * 1_440 {
            let at = minute * 60;
            let on_the_wall = (at + ahead(at)).div_euclid(60);
            let is_open = hours.at(at) == Verdict::Open;
            assert_eq!(is_open, open.contains(&on_the_wall), "{at}");
        }
    }
}
