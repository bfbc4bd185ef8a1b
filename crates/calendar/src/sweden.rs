//! Sweden's public holidays (lag 1989:253), the eves before them, and days squeezed in between.

use crate::easter::easter;
use crate::interval::Interval;
use crate::week::Weekday;
use jiff::ToSpan;
use jiff::civil::Date;

/// Which of a year's days differ in Sweden: public holidays always, the others by choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweden {
    /// When it is open on these eves; never, where there is no interval.
    pub eves: Vec<(Eve, Vec<Interval>)>,
    /// When it is open on a working day squeezed in between days off. An ordinary day, where not set.
    pub squeeze_days: Option<Vec<Interval>>,
}

/// A day that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// What it is called there.
    pub name: &'static str,
    /// The other one that falls on the same day.
    pub also: Option<&'static str>,
    /// Of which kind it is.
    pub kind: HolidayKind,
}

/// Why a day differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolidayKind {
    /// By law.
    Public,
    /// It is the day before one.
    Eve,
    /// It is a working day alone between days off.
    Squeeze,
}

/// A day before a holiday that many close on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Eve {
    /// 5 January.
    Epiphany,
    /// The Thursday before Easter.
    MaundyThursday,
    /// The Saturday before Easter.
    Easter,
    /// 30 April.
    Walpurgis,
    /// The Saturday before Whit Sunday.
    Pentecost,
    /// The Friday from 19 to 25 June.
    Midsummer,
    /// The Friday before All Saints' Day.
    AllSaints,
    /// 24 December.
    Christmas,
    /// 31 December.
    NewYear,
}

impl Eve {
    /// All of them, with what they are called.
    pub const ALL: [(Eve, &'static str); 9] = [
        (Eve::Epiphany, "trettondagsafton"),
        (Eve::MaundyThursday, "skärtorsdagen"),
        (Eve::Easter, "påskafton"),
        (Eve::Walpurgis, "valborgsmässoafton"),
        (Eve::Pentecost, "pingstafton"),
        (Eve::Midsummer, "midsommarafton"),
        (Eve::AllSaints, "allhelgonaafton"),
        (Eve::Christmas, "julafton"),
        (Eve::NewYear, "nyårsafton"),
    ];

    fn name(self) -> &'static str {
        let found = Eve::ALL.iter().find(|(eve, _)| *eve == self);
        found.map_or("", |(_, name)| name)
    }

    fn of(date: Date) -> Option<Eve> {
        let after_easter = days_after_easter(date);
        let friday = Weekday::of(date) == Weekday::FRIDAY;
        match (date.month(), date.day()) {
            (1, 5) => Some(Eve::Epiphany),
            (4, 30) => Some(Eve::Walpurgis),
            (6, 19..=25) if friday => Some(Eve::Midsummer),
            (10, 30 | 31) | (11, 1..=5) if friday => Some(Eve::AllSaints),
            (12, 24) => Some(Eve::Christmas),
            (12, 31) => Some(Eve::NewYear),
            _ => match after_easter {
                -3 => Some(Eve::MaundyThursday),
                -1 => Some(Eve::Easter),
                48 => Some(Eve::Pentecost),
                _ => None,
            },
        }
    }
}

impl Sweden {
    /// What the day is, and when it is open on it.
    pub(crate) fn day(&self, date: Date) -> Option<(Holiday, &[Interval])> {
        if let Some((name, also)) = public(date) {
            let kind = HolidayKind::Public;
            return Some((Holiday { name, also, kind }, &[]));
        }
        let eve = Eve::of(date);
        let chosen = self.eves.iter().find(|(chosen, _)| Some(*chosen) == eve);
        if let Some((eve, hours)) = chosen {
            let (name, also, kind) = (eve.name(), None, HolidayKind::Eve);
            return Some((Holiday { name, also, kind }, hours));
        }
        let hours = self.squeeze_days.as_ref().filter(|_| is_squeezed(date))?;
        let (name, also, kind) = ("klämdag", None, HolidayKind::Squeeze);
        Some((Holiday { name, also, kind }, hours))
    }
}

fn days_after_easter(date: Date) -> i32 {
    let easter = easter(date.year());
    easter.until(date).map_or(i32::MAX, |span| span.get_days())
}

/// What a public holiday is called; of the few days that are two, both.
fn public(date: Date) -> Option<(&'static str, Option<&'static str>)> {
    let saturday = Weekday::of(date) == Weekday::SATURDAY;
    let fixed = match (date.month(), date.day()) {
        (1, 1) => Some("nyårsdagen"),
        (1, 6) => Some("trettondedag jul"),
        (5, 1) => Some("första maj"),
        (6, 6) => Some("Sveriges nationaldag"),
        (6, 20..=26) if saturday => Some("midsommardagen"),
        (10, 31) | (11, 1..=6) if saturday => Some("alla helgons dag"),
        (12, 25) => Some("juldagen"),
        (12, 26) => Some("annandag jul"),
        _ => None,
    };
    let moving = match days_after_easter(date) {
        -2 => Some("långfredagen"),
        0 => Some("påskdagen"),
        1 => Some("annandag påsk"),
        39 => Some("Kristi himmelsfärdsdag"),
        49 => Some("pingstdagen"),
        _ => None,
    };
    match (fixed, moving) {
        (Some(name), also) => Some((name, also)),
        (None, name) => Some((name?, None)),
    }
}

/// Alone between days off: weekends, holidays, and the three eves that nobody works on, as the law on holidays
/// (semesterlagen 1977:480 §3a) counts them.
fn is_squeezed(date: Date) -> bool {
    let is_off = |date: Date| {
        let eve = matches!(
            Eve::of(date),
            Some(Eve::Midsummer | Eve::Christmas | Eve::NewYear)
        );
        !Weekday::of(date).is_working() || eve || public(date).is_some()
    };
    let beside = [date.checked_sub(1.day()), date.checked_add(1.day())];
    !is_off(date) && beside.into_iter().all(|day| day.is_ok_and(is_off))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::almanac::swedish_holidays;
    use std::collections::BTreeMap;

    fn days(year: i16, sweden: &Sweden) -> BTreeMap<String, String> {
        let first = Date::new(year, 1, 1).unwrap();
        let all = first.series(1.day()).take_while(|date| date.year() == year);
        all.filter_map(|date| {
            let (holiday, _) = sweden.day(date)?;
            Some((date.to_string()[5..].to_owned(), holiday.name.to_owned()))
        })
        .collect()
    }

    const NAMES: [&str; 5] = [
        "långfredagen",
        "Kristi himmelsfärdsdag",
        "pingstdagen",
        "midsommardagen",
        "alla helgons dag",
    ];

    /// From almanacs: Good Friday, Ascension, Whit Sunday, Midsummer Day, All Saints' Day.
    const MOVING: [(i16, [&str; 5]); 21] = [
        (2020, ["04-10", "05-21", "05-31", "06-20", "10-31"]),
        (2021, ["04-02", "05-13", "05-23", "06-26", "11-06"]),
        (2022, ["04-15", "05-26", "06-05", "06-25", "11-05"]),
        (2023, ["04-07", "05-18", "05-28", "06-24", "11-04"]),
        (2024, ["03-29", "05-09", "05-19", "06-22", "11-02"]),
        (2025, ["04-18", "05-29", "06-08", "06-21", "11-01"]),
        (2026, ["04-03", "05-14", "05-24", "06-20", "10-31"]),
        (2027, ["03-26", "05-06", "05-16", "06-26", "11-06"]),
        (2028, ["04-14", "05-25", "06-04", "06-24", "11-04"]),
        (2029, ["03-30", "05-10", "05-20", "06-23", "11-03"]),
        (2030, ["04-19", "05-30", "06-09", "06-22", "11-02"]),
        (2031, ["04-11", "05-22", "06-01", "06-21", "11-01"]),
        (2032, ["03-26", "05-06", "05-16", "06-26", "11-06"]),
        (2033, ["04-15", "05-26", "06-05", "06-25", "11-05"]),
        (2034, ["04-07", "05-18", "05-28", "06-24", "11-04"]),
        (2035, ["03-23", "05-03", "05-13", "06-23", "11-03"]),
        (2036, ["04-11", "05-22", "06-01", "06-21", "11-01"]),
        (2037, ["04-03", "05-14", "05-24", "06-20", "10-31"]),
        (2038, ["04-23", "06-03", "06-13", "06-26", "11-06"]),
        (2039, ["04-08", "05-19", "05-29", "06-25", "11-05"]),
        (2040, ["03-30", "05-10", "05-20", "06-23", "11-03"]),
    ];

    #[test]
    fn swedish_holidays_from_2020_to_2040_are_those_of_the_almanac() {
        for (year, moving) in MOVING {
            let days = days(year, &Sweden::default());
            let fixed = [
                ("01-01", "nyårsdagen"),
                ("01-06", "trettondedag jul"),
                ("05-01", "första maj"),
                ("06-06", "Sveriges nationaldag"),
                ("12-25", "juldagen"),
                ("12-26", "annandag jul"),
            ];
            for (day, name) in moving.into_iter().zip(NAMES).chain(fixed) {
                assert_eq!(
                    days.get(day).map(String::as_str),
                    Some(name),
                    "{year}-{day}"
                );
            }
            // And Easter itself, and the day after it.
            assert_eq!(days.len(), 13, "{year}: {days:?}");
        }
    }

    /// The table above was copied from almanacs, and the calendar computes; this computes once more, by rules that share
    /// nothing with it. All three agree, and beyond the table the two rules do.
    #[test]
    fn swedish_holidays_are_those_of_a_second_computation_by_gauss_and_zeller() {
        // The national day is a holiday since 2005, in the place of Whit Monday.
        for year in 2005..2100 {
            // Two of them on one day are told apart elsewhere.
            let mut computed: BTreeMap<String, &str> = BTreeMap::new();
            for ((month, day), name) in swedish_holidays(year) {
                computed
                    .entry(format!("{month:02}-{day:02}"))
                    .or_insert(name);
            }
            let year = i16::try_from(year).unwrap();
            let named = days(year, &Sweden::default());
            assert!(
                named.keys().eq(computed.keys()),
                "{year}: {named:?} {computed:?}"
            );
            let published = MOVING.iter().filter(|(of, _)| *of == year);
            for (day, name) in published.flat_map(|(_, days)| days.iter().zip(NAMES)) {
                assert_eq!(computed.get(*day), Some(&name), "{year}");
            }
        }
    }

    #[test]
    fn two_holidays_on_one_day_are_both_named() {
        assert_eq!(
            public(Date::constant(2008, 5, 1)),
            Some(("första maj", Some("Kristi himmelsfärdsdag")))
        );
    }

    // Changes: hours.eves, hours.eves.day, hours.squeeze_days
    #[test]
    fn eves_and_squeeze_days_are_there_by_choice() {
        let sweden = Sweden {
            eves: Eve::ALL.map(|(eve, _)| (eve, Vec::new())).to_vec(),
            squeeze_days: Some(Vec::new()),
        };
        let days = days(2026, &sweden);
        let called = |name: &str| -> Vec<&str> {
            let with = days.iter().filter(|(_, of)| *of == name);
            with.map(|(day, _)| day.as_str()).collect()
        };
        for (name, day) in [
            ("trettondagsafton", "01-05"),
            ("skärtorsdagen", "04-02"),
            ("påskafton", "04-04"),
            ("valborgsmässoafton", "04-30"),
            ("pingstafton", "05-23"),
            ("midsommarafton", "06-19"),
            ("allhelgonaafton", "10-30"),
            ("julafton", "12-24"),
            ("nyårsafton", "12-31"),
        ] {
            assert_eq!(called(name), [day], "{name}");
        }
        // The Friday after New Year's Day and the one after Ascension; 5 January is an eve that was chosen.
        assert_eq!(called("klämdag"), ["01-02", "05-15"]);
    }

    #[test]
    fn a_day_alone_between_days_off_is_squeezed() {
        let sweden = Sweden {
            squeeze_days: Some(Vec::new()),
            ..Sweden::default()
        };
        let squeezed = |year| -> Vec<String> {
            let days = days(year, &sweden).into_iter();
            let squeezed = days.filter(|(_, name)| name == "klämdag");
            squeezed.map(|(day, _)| day).collect()
        };
        // 2023: Monday before 6 June. 2024: Friday after Ascension, Monday before Christmas Eve, Friday after
        // Christmas, Monday before New Year's Eve.
        assert_eq!(squeezed(2023), ["05-19", "06-05"]);
        assert_eq!(
            squeezed(2024),
            ["05-10", "06-07", "12-23", "12-27", "12-30"]
        );
    }
}
