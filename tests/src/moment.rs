//! Moments on the machine's clock, as people write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// Midnight after tomorrow in UTC, by RFC 3339: a day or two from now.
///
/// # Panics
/// When the machine's clock shows a time before 1970.
pub fn after_tomorrow() -> String {
    written((unix_seconds() / DAY_S + 2) * DAY_S)
}

/// That long from now, by RFC 3339.
///
/// # Panics
/// When the machine's clock shows a time before 1970.
pub fn after(span: Duration) -> String {
    written(unix_seconds() + span.as_secs())
}

/// Seconds since 1970 of a moment that is written by RFC 3339 in UTC, such as `2026-11-28T15:04:05.678Z`.
///
/// # Panics
/// When it is written otherwise.
pub fn unix_seconds_of(text: &str) -> f64 {
    let (date, time) = text.trim_end_matches('Z').split_once('T').unwrap();
    let numbers = |text: &str, between: char| -> Vec<f64> {
        text.split(between)
            .map(|part| part.parse().unwrap())
            .collect()
    };
    let (date, time) = (numbers(date, '-'), numbers(time, ':'));
    let (month, day) = (date[1] as i64, date[2] as i64);
    // The other way round: years begin in March.
    let year = date[0] as i64 - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + of_year - 719_468;
    (days as u64 * DAY_S) as f64 + time[0] * 3_600.0 + time[1] * 60.0 + time[2]
}

fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn written(at: u64) -> String {
    // A civil date from days since 1970 (Howard Hinnant's rule).
    let days = (at / DAY_S) as i64 + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + carry;
    let (hour, minute, second) = (at / 3_600 % 24, at / 60 % 60, at % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_it_was_written() {
        for at in [0, 951_782_399, 951_782_400, 1_764_341_999, 4_102_444_800] {
            assert_eq!(unix_seconds_of(&written(at)) as u64, at, "{}", written(at));
        }
        let millis = unix_seconds_of("1970-01-02T00:00:01.250Z") * 1_000.0;
        assert_eq!(millis as u64, 86_401_250);
    }
}
