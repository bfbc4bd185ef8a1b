//! When Easter is.

use jiff::civil::Date;

/// Easter Sunday of a year of the Gregorian calendar, by the rule that Butcher's Ecclesiastical Calendar (1876) gives.
pub(crate) fn easter(year: i16) -> Date {
    let year_number = i32::from(year);
    let golden = year_number.rem_euclid(19);
    let (century, of_century) = (year_number.div_euclid(100), year_number.rem_euclid(100));
    let (leap_centuries, century_rest) = (century / 4, century % 4);
    let moon_correction = (century - (century + 8) / 25 + 1) / 3;
    let full_moon = (19 * golden + century - leap_centuries - moon_correction + 15).rem_euclid(30);
    let (leaps, rest) = (of_century / 4, of_century % 4);
    let to_sunday = (32 + 2 * century_rest + 2 * leaps - full_moon - rest).rem_euclid(7);
    let late = (golden + 11 * full_moon + 22 * to_sunday) / 451;
    let days = full_moon + to_sunday - 7 * late + 114;
    let (month, day) = (days / 31, days % 31 + 1);
    i8::try_from(month)
        .ok()
        .zip(i8::try_from(day).ok())
        .and_then(|(month, day)| Date::new(year, month, day).ok())
        .expect("the rule gives days of March and April only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::almanac::{easter_of_gauss, of_march, weekday_of_zeller};

    /// As almanacs print them.
    #[test]
    fn easter_is_when_the_almanac_says() {
        let table = [
            "2020-04-12",
            "2021-04-04",
            "2022-04-17",
            "2023-04-09",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2028-04-16",
            "2029-04-01",
            "2030-04-21",
            "2031-04-13",
            "2032-03-28",
            "2033-04-17",
            "2034-04-09",
            "2035-03-25",
            "2036-04-13",
            "2037-04-05",
            "2038-04-25",
            "2039-04-10",
            "2040-04-01",
        ];
        for (year, day) in (2020..).zip(table) {
            assert_eq!(easter(year).to_string(), day);
        }
        // The latest there is, and the earliest.
        assert_eq!(easter(1943).to_string(), "1943-04-25");
        assert_eq!(easter(2285).to_string(), "2285-03-22");
    }

    #[test]
    fn easter_is_a_sunday_and_when_the_rule_of_gauss_says_over_2400_years() {
        for year in 1583..4000_i16 {
            let there = i32::from(year);
            let (month, day) = of_march(easter_of_gauss(there));
            assert_eq!(
                easter(year).to_string(),
                format!("{year}-{month:02}-{day:02}")
            );
            assert_eq!(weekday_of_zeller(there, (month, day)), 1, "{year}");
        }
    }
}
