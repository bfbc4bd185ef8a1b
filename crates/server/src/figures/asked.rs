//! Figures as the API asks for them.

use super::{FiguresError, Shape, clock_of, intervals};
use crate::commands::Commands;
use crate::ctl::protocol::{Failure, IntervalName};
use crate::hours::unix_now;
use base::OrgId;
use calendar::Hours;
use config::Loaded;
use control::{FiguresCommand, Principal, permit};
use web::{
    FiguresAsked, FiguresMoment, FiguresReport, FiguresStep, MomentsWritten, NoFigures, OwnTurn,
};

/// How long a time is asked for at most: two years, so that each day can be beside the one of the year before. What is older
/// than two days is counted anew from the journal each time.
const SPAN_DAYS_MAX: i64 = 732;

const DAY_S: i64 = 86_400;

impl Commands {
    /// What came to whom of whom he may know, for programs.
    pub(crate) async fn figures_by_http(
        &self,
        by: &Principal,
        asked: FiguresAsked,
        turn: OwnTurn,
    ) -> Result<FiguresReport, NoFigures> {
        let (command, shape) = meant(&self.0.config.loaded(), by, asked, unix_now())?;
        // Whoever is somebody may ask: he is told of what he sees.
        let permitted = permit(by.clone(), command);
        let permitted = permitted.map_err(|refusal| NoFigures::Because(refusal.to_string()))?;
        let (by, command) = permitted.into_parts();
        let report = self.figures(&by, command, &shape, turn).await;
        report.map_err(|error| match error {
            FiguresError::NoQueue { .. } => NoFigures::NoQueue,
            FiguresError::TooMany(many) => NoFigures::Because(many.to_string()),
            FiguresError::Facts(error) => NoFigures::Away(error.to_string()),
            FiguresError::Engine(error) => NoFigures::Away(error.to_string()),
        })
    }
}

/// Which queue and which intervals he asks for, and as what.
fn meant(
    loaded: &Loaded,
    by: &Principal,
    asked: FiguresAsked,
    now: i64,
) -> Result<(FiguresCommand, Shape), NoFigures> {
    let because = |failure: Failure| NoFigures::Because(failure.message);
    let queue = asked.queue;
    let is_there = |org: &OrgId, queue| {
        let organisation = loaded.directory.organisations.get(org);
        organisation.is_some_and(|it| it.queues.contains_key(queue))
    };
    let org = match (&queue, by) {
        (Some(queue), _) if !is_there(&queue.org(), queue) => return Err(NoFigures::NoQueue),
        (Some(queue), _) => Some(queue.org()),
        (None, Principal::User { user, .. }) => Some(user.org()),
        (None, Principal::Operator) => None,
    };
    let (clock, zone) = clock_of(loaded, org.as_ref()).map_err(because)?;
    let span = between(&clock, asked.from, asked.to, now).map_err(because)?;
    let moments_ms = intervals::cut(&clock, span, asked.by.map(name)).map_err(because)?;
    let shape = Shape {
        clock,
        zone,
        written: match asked.written {
            MomentsWritten::WithOffset => Hours::written_with_offset,
            MomentsWritten::AsShown => Hours::written,
        },
        rows: asked.rows,
    };
    Ok((FiguresCommand { queue, moments_ms }, shape))
}

/// The seconds between two moments: from midnight, and up to now, where nothing is said.
fn between(
    clock: &Hours,
    from: Option<FiguresMoment>,
    to: Option<FiguresMoment>,
    now: i64,
) -> Result<(i64, i64), Failure> {
    let text = |moment| match moment {
        FiguresMoment::Day(date) => date.to_string(),
        FiguresMoment::At(moment) => moment.to_string(),
    };
    let (from, to) = (from.map(text), to.map(text));
    let (from, to) = intervals::span(clock, from.as_ref(), to.as_ref(), now)?;
    if to - from > SPAN_DAYS_MAX * DAY_S {
        let problem = format!("expected at most {SPAN_DAYS_MAX} days: ask for a shorter time");
        return Err(Failure::new(problem));
    }
    Ok((from, to))
}

fn name(step: FiguresStep) -> IntervalName {
    match step {
        FiguresStep::Interval => IntervalName::Quarter,
        FiguresStep::Hour => IntervalName::Hour,
        FiguresStep::Day => IntervalName::Day,
        FiguresStep::Week => IntervalName::Week,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Friday 2026-11-27, 10:20 in Stockholm.
    const NOW: i64 = 1_795_771_200;

    fn spanned(from: Option<&str>, to: Option<&str>) -> Result<(String, String), String> {
        let clock = Hours::new("Europe/Stockholm").unwrap();
        let moment = |text: &str| text.parse::<FiguresMoment>().unwrap();
        let span = between(&clock, from.map(moment), to.map(moment), NOW);
        let written = |(from, to)| (clock.written(from), clock.written(to));
        span.map(written).map_err(|failure| failure.message)
    }

    #[test]
    fn days_go_by_the_clock_of_the_queues_and_moments_by_their_offset() {
        let both = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(
            spanned(None, None),
            both("2026-11-27 00:00", "2026-11-27 10:20")
        );
        assert_eq!(
            spanned(Some("2026-11-23"), Some("2026-11-25T07:00:00Z")),
            both("2026-11-23 00:00", "2026-11-25 08:00")
        );
    }

    #[test]
    fn what_ends_before_it_begins_and_what_takes_years_is_told() {
        for (from, to, words) in [
            (
                "2026-11-27",
                "2026-11-26",
                "expected a beginning before the end",
            ),
            ("2024-01-01", "2026-11-26", "expected at most 732 days"),
            ("0001-01-01", "9999-12-30", "expected at most 732 days"),
            // The day after it has no date.
            ("0001-01-01", "9999-12-31", "expected a moment such as"),
        ] {
            let told = spanned(Some(from), Some(to)).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
        assert!(spanned(Some("2024-11-26"), Some("2026-11-26")).is_ok());
    }
}
