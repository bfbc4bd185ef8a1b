//! Which intervals somebody asks for: between two moments as people write them, by the clock of a zone.

use crate::ctl::protocol::{Failure, FiguresRequest, IntervalName};
use calendar::{Hours, Weekday};

/// Intervals at most: three weeks of quarters of an hour, or five years of days.
const INTERVALS_MAX: usize = 2_016;

/// Up to this long, intervals are quarters unless somebody says otherwise: the longest day has 25 hours.
const QUARTERS_UP_TO_S: i64 = 25 * 3_600;

const QUARTER_S: i64 = 900;
const HOUR_S: i64 = 3_600;

/// Where intervals begin, the last being where the last one ends, in milliseconds of UTC.
pub(super) fn moments_ms(
    clock: &Hours,
    request: &FiguresRequest,
    now: i64,
) -> Result<Vec<u64>, Failure> {
    let span = span(clock, request.from.as_ref(), request.to.as_ref(), now)?;
    cut(clock, span, request.by)
}

/// The same between two moments in seconds of UTC.
pub(super) fn cut(
    clock: &Hours,
    (from, to): (i64, i64),
    by: Option<IntervalName>,
) -> Result<Vec<u64>, Failure> {
    let by = by.unwrap_or(match to - from {
        ..=QUARTERS_UP_TO_S => IntervalName::Quarter,
        _ => IntervalName::Day,
    });
    let mut moments = vec![start(clock, from, by)?];
    while let Some(last) = moments.last()
        && *last < to
    {
        if moments.len() > INTERVALS_MAX {
            let problem =
                format!("expected at most {INTERVALS_MAX} intervals: ask for longer ones");
            return Err(Failure::new(problem));
        }
        moments.push(match by {
            IntervalName::Quarter => last + QUARTER_S,
            IntervalName::Hour => last + HOUR_S,
            IntervalName::Day => clock.day_ends(*last).ok_or_else(beyond)?,
            IntervalName::Week => week_ends(clock, *last)?,
        });
    }
    let millis = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
    Ok(moments.into_iter().map(millis).collect())
}

/// The seconds between two moments as people write them: from midnight, and up to now, where they don't.
pub(crate) fn span(
    clock: &Hours,
    from: Option<&String>,
    to: Option<&String>,
    now: i64,
) -> Result<(i64, i64), Failure> {
    let today = day_of(clock, now)?;
    let moment = |text: Option<&String>, otherwise: i64| match text {
        // A time alone is one of today, past or to come.
        Some(time) if is_time(time) => read(clock, &format!("{}T{time}", date(clock, now)?), now),
        Some(text) => read(clock, text, now),
        None => Ok(otherwise),
    };
    let (from, to) = (moment(from, today)?, moment(to, now)?);
    if from >= to {
        let problem = format!(
            "expected a beginning before the end, got {} and {}",
            clock.written(from),
            clock.written(to)
        );
        return Err(Failure::new(problem));
    }
    Ok((from, to))
}

/// The beginning of the interval in which that is.
fn start(clock: &Hours, at: i64, by: IntervalName) -> Result<i64, Failure> {
    let quarter = at - at.rem_euclid(QUARTER_S);
    match by {
        IntervalName::Quarter => Ok(quarter),
        IntervalName::Hour => {
            let shown = clock.shown_at(quarter).ok_or_else(beyond)?;
            Ok(quarter - i64::from(shown.minute) * 60)
        }
        IntervalName::Day => day_of(clock, at),
        IntervalName::Week => {
            let mut day = day_of(clock, at)?;
            while clock.shown_at(day).ok_or_else(beyond)?.weekday != Weekday::ALL[0] {
                day = day_of(clock, day - 1)?;
            }
            Ok(day)
        }
    }
}

/// When the week ends whose Monday begins then, whichever of its days is how long.
fn week_ends(clock: &Hours, monday: i64) -> Result<i64, Failure> {
    let days = 0..Weekday::ALL.len();
    let end = days
        .into_iter()
        .try_fold(monday, |day, _| clock.day_ends(day));
    end.ok_or_else(beyond)
}

/// When the day began in which that is.
pub(crate) fn day_of(clock: &Hours, at: i64) -> Result<i64, Failure> {
    read(clock, &date(clock, at)?, at)
}

fn date(clock: &Hours, at: i64) -> Result<String, Failure> {
    let shown = clock.shown_at(at).ok_or_else(beyond)?;
    Ok(shown.date.to_string())
}

fn is_time(text: &str) -> bool {
    text.len() == "08:00".len() && text.as_bytes().get(2) == Some(&b':')
}

fn read(clock: &Hours, text: &str, now: i64) -> Result<i64, Failure> {
    let moment = clock.moment(text, now);
    moment.map_err(|invalid| Failure::new(invalid.to_string()))
}

fn beyond() -> Failure {
    Failure::new("expected a moment in the years that there are")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday 2026-11-27, 10:20 in Stockholm.
    const NOW: i64 = 1_795_771_200;

    fn cut(from: Option<&str>, to: Option<&str>, by: Option<IntervalName>) -> Vec<String> {
        let clock = Hours::new("Europe/Stockholm").unwrap();
        let request = FiguresRequest {
            queue: None,
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            by,
        };
        let moments = moments_ms(&clock, &request, NOW).unwrap();
        let written = |ms: &u64| clock.written(i64::try_from(ms / 1_000).unwrap());
        moments.iter().map(written).collect()
    }

    #[test]
    fn today_is_cut_into_quarters_and_longer_times_into_days() {
        let today = cut(None, None, None);
        assert_eq!(today[..2], ["2026-11-27 00:00", "2026-11-27 00:15"]);
        assert_eq!(today.last().unwrap(), "2026-11-27 10:30");
        let week = cut(Some("2026-11-20"), Some("2026-11-22"), None);
        let days = ["2026-11-20 00:00", "2026-11-21 00:00", "2026-11-22 00:00"];
        assert_eq!(week, days);
        let hours = cut(Some("08:10"), Some("09:30"), Some(IntervalName::Hour));
        let wanted = ["2026-11-27 08:00", "2026-11-27 09:00", "2026-11-27 10:00"];
        assert_eq!(hours, wanted);
        let change = cut(
            Some("2026-10-25"),
            Some("2026-10-26"),
            Some(IntervalName::Hour),
        );
        assert_eq!(change.len(), 26, "the day has an hour more");
    }

    #[test]
    fn weeks_begin_on_monday_also_where_the_clocks_change() {
        let weeks = cut(
            Some("2026-10-21"),
            Some("2026-11-03"),
            Some(IntervalName::Week),
        );
        let wanted = [
            "2026-10-19 00:00",
            "2026-10-26 00:00",
            "2026-11-02 00:00",
            "2026-11-09 00:00",
        ];
        assert_eq!(weeks, wanted);
    }

    #[test]
    fn what_has_no_end_or_too_many_parts_is_told() {
        let clock = Hours::new("Europe/Stockholm").unwrap();
        for (from, to, words) in [
            ("2026-11-27", "2026-11-26", "expected a beginning"),
            ("yesterday", "2026-11-26", "expected a moment"),
            ("1990-01-01", "2026-11-26", "expected at most"),
        ] {
            let request = FiguresRequest {
                from: Some(from.into()),
                to: Some(to.into()),
                ..FiguresRequest::default()
            };
            let failure = moments_ms(&clock, &request, NOW).unwrap_err();
            assert!(failure.message.contains(words), "{failure}");
        }
    }
}
