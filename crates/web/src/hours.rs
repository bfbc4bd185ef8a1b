//! When a queue lets callers in: whether at a moment and why, its days of a week, and the days of a year that differ.

use crate::body::Asked;
use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::quick_closes::QuickCloseView;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::QueueId;
use calendar::{Date, DayPlan, Decider, HolidayKind, Hours, QuickCloses, Standing, Why};
use callback::Utc;
use control::{Principal, Sight};
use jiff::ToSpan;
use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Days of a week.
const WEEK_DAYS: usize = 7;
/// Years that are told of: those in which holidays are as they are now.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2200;
/// Longest moment that is read.
const MOMENT_CHARS_MAX: usize = 40;

/// What decides whether a queue lets callers in.
#[derive(Clone, Debug)]
pub struct DoorHours {
    /// By which clock.
    pub clock: Hours,
    /// Its hours; none where it is always open.
    pub hours: Option<Hours>,
    /// What those are called.
    pub name: Option<String>,
    /// What is closed and opened by hand.
    pub quick: Arc<QuickCloses>,
}

/// What somebody wants to know of hours.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HoursQuery {
    /// Whether it is open then: by the queue's clock (`2026-12-24T10:00`), or with an offset. Now, where it is not said.
    #[param(max_length = 40)]
    at: Option<String>,
    /// The seven days from this one on, each as it is.
    #[param(format = Date)]
    week: Option<String>,
    /// The days of this year that differ, and all its holidays.
    #[param(minimum = 1970, maximum = 2200)]
    year: Option<i16>,
}

/// What decides about a day or a moment, the first before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DecidesView {
    /// Somebody has closed or opened it by hand.
    QuickClose,
    /// A day of its own, or of an imported calendar.
    OwnDay,
    /// A public holiday.
    Holiday,
    /// The day before one.
    Eve,
    /// A working day alone between days off.
    SqueezeDay,
    /// The rules of its schedule.
    Schedule,
    /// Nothing: it has no hours, and is always open.
    Nothing,
}

/// From one time of day until another, which is of the next day where it is no later.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenView {
    #[schema(example = "08:00")]
    from: String,
    #[schema(example = "17:00")]
    until: String,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayView {
    #[schema(format = Date, example = "2026-12-24")]
    date: String,
    decided_by: DecidesView,
    /// What the day is called; null where it has no name.
    name: Option<String>,
    /// The rules that are about it, as they are written; none where it is no day of the schedule's.
    rules: Vec<String>,
    /// When it opens on it.
    open: Vec<OpenView>,
    /// Whether it is otherwise than its schedule alone would have it.
    differs: bool,
}

/// A moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MomentView {
    /// By the queue's clock.
    #[schema(format = DateTime)]
    at: String,
    is_open: bool,
    decided_by: DecidesView,
    /// The day that decides, where one does: the one before, where it opened in its evening.
    day: Option<DayView>,
    /// What was done by hand, where that decides.
    quick_close: Option<QuickCloseView>,
    /// When it closes, if it is open, or opens; null where that is not within two years.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// When it opens next.
    #[schema(format = DateTime)]
    opens: Option<String>,
}

/// When a queue lets callers in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoursView {
    #[schema(value_type = String, example = "demo/support")]
    queue: QueueId,
    /// What its hours are called; null where it has none, and is always open.
    hours: Option<String>,
    /// By which clock.
    #[schema(example = "Europe/Stockholm")]
    zone: String,
    moment: MomentView,
    /// Those of the week, or of the year, that was asked for.
    days: Vec<DayView>,
    /// What is closed or opened by hand on some of these days.
    quick_closes: Vec<QuickCloseView>,
}

/// Which days somebody wants to see.
#[derive(Clone, Copy)]
enum Days {
    None,
    Week(Date),
    Year(i16),
}

impl HoursQuery {
    fn days(&self) -> Result<Days, Problem> {
        match (&self.week, self.year) {
            (Some(_), Some(_)) => Err(Problem::invalid("ask for a `week` or for a `year`")),
            (Some(week), None) => calendar::date(week)
                .map(Days::Week)
                .map_err(|invalid| Problem::invalid(invalid.to_string())),
            (None, Some(year)) if !YEARS.contains(&year) => {
                let (first, last) = (YEARS.start(), YEARS.end());
                Err(Problem::invalid(format!(
                    "expected a year from {first} to {last}"
                )))
            }
            (None, Some(year)) => Ok(Days::Year(year)),
            (None, None) => Ok(Days::None),
        }
    }
}

/// When a queue that one sees lets callers in: whether at a moment, what decides it, until when, and when it opens next; and the days of a week, or
/// those of a year that differ.
#[utoipa::path(
    get, path = "/queues/{organisation}/{queue}/hours", operation_id = "queue_hours", tag = "queues",
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("queue" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "support"),
        HoursQuery,
    ),
    responses(
        (status = 200, body = HoursView),
        (status = 401, response = Problem),
        (status = 404, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn hours(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, queue)): Path<(String, String)>,
    Asked(query): Asked<HoursQuery>,
) -> Result<Json<HoursView>, Problem> {
    let name = format!("{organisation}/{queue}");
    let none = || {
        let detail = format!("there is no queue {name} that you may see");
        Problem::new(StatusCode::NOT_FOUND, detail)
    };
    let queue: QueueId = name.parse().map_err(|_| none())?;
    let sight = desk.office().sight();
    if !sight.sees(by.principal(), &queue) {
        return Err(none());
    }
    let door = desk.office().hours(&queue).ok_or_else(none)?;
    let (days, now) = (query.days()?, desk.utc());
    let at = match &query.at {
        Some(text) if text.len() <= MOMENT_CHARS_MAX => {
            let moment = door.clock.moment(text, now.as_seconds());
            moment.map_err(|invalid| Problem::invalid(invalid.to_string()))?
        }
        Some(_) => {
            return Err(Problem::invalid(
                "expected a moment such as 2026-12-24T10:00",
            ));
        }
        None => now.as_seconds(),
    };
    let seen = Seen {
        by: by.principal().clone(),
        sight,
        now,
    };
    // A year of days takes a processor's time.
    let view = desk.read(move |_| door.view(queue, at, days, &seen));
    Ok(Json(view.await?))
}

/// Who looks, and when.
struct Seen {
    by: Principal,
    sight: Arc<Sight>,
    now: Utc,
}

impl Seen {
    /// Without the queues that he doesn't see.
    fn quick(&self, quick: &calendar::QuickClose) -> QuickCloseView {
        let mut shown = quick.clone();
        shown
            .queues
            .retain(|queue| self.sight.sees(&self.by, queue));
        QuickCloseView::of(&shown, self.now)
    }
}

impl DoorHours {
    fn view(&self, queue: QueueId, at: i64, days: Days, seen: &Seen) -> HoursView {
        let hours = self.hours.as_ref();
        let (plans, span): (Vec<DayPlan<'_>>, Option<(i64, i64)>) = match days {
            Days::None => (Vec::new(), None),
            Days::Week(first) => {
                let dates = first.series(1.day()).take(WEEK_DAYS);
                let plans = dates.filter_map(|date| Some(hours?.day(date)));
                (plans.collect(), self.span(first, WEEK_DAYS as i64))
            }
            Days::Year(year) => {
                let first = Date::new(year, 1, 1).ok();
                let span =
                    first.and_then(|first| self.span(first, i64::from(first.days_in_year())));
                (hours.map_or_else(Vec::new, |hours| hours.year(year)), span)
            }
        };
        let meets = |quick: &&calendar::QuickClose| {
            let within = span.is_some_and(|(from, until)| quick.from < until && from < quick.until);
            within && quick.queues.contains(&queue)
        };
        HoursView {
            hours: self.name.clone(),
            zone: self.clock.zone().iana_name().unwrap_or("UTC").to_owned(),
            moment: self.moment(&queue, at, seen),
            days: plans
                .iter()
                .filter_map(|plan| Some(day(hours?, plan)))
                .collect(),
            quick_closes: self
                .quick
                .iter()
                .filter(meets)
                .map(|it| seen.quick(it))
                .collect(),
            queue,
        }
    }

    /// So many days from the beginning of one on, in seconds of UTC.
    fn span(&self, first: Date, days: i64) -> Option<(i64, i64)> {
        let midnight = |date: Date| {
            let there = date.to_datetime(Time::midnight());
            Some(self.clock.zone().to_timestamp(there).ok()?.as_second())
        };
        Some((
            midnight(first)?,
            midnight(first.checked_add(days.days()).ok()?)?,
        ))
    }

    fn moment(&self, queue: &QueueId, at: i64, seen: &Seen) -> MomentView {
        let standing = Standing {
            queue,
            hours: self.hours.as_ref(),
            quick: &self.quick,
        };
        let is_open = standing.is_open(at);
        let (mut decided_by, mut by_day, mut quick_close) = (DecidesView::Nothing, None, None);
        match standing.decider(at) {
            Decider::Nothing => {}
            Decider::Quick(quick) => {
                (decided_by, quick_close) = (DecidesView::QuickClose, Some(seen.quick(quick)));
            }
            Decider::Hours(verdict) => {
                decided_by = decides(verdict.why);
                by_day = self
                    .hours
                    .as_ref()
                    .and_then(|it| Some(day(it, &it.deciding(at)?)));
            }
        }
        let until = standing.changes_after(at);
        let opens = match is_open {
            false => until,
            true => until.and_then(|closes| standing.changes_after(closes)),
        };
        let written = |at: i64| self.clock.written_with_offset(at);
        MomentView {
            at: written(at),
            is_open,
            decided_by,
            day: by_day,
            quick_close,
            until: until.map(written),
            opens: opens.map(written),
        }
    }
}

fn decides(why: Why<'_>) -> DecidesView {
    match why {
        Why::Schedule => DecidesView::Schedule,
        Why::Own(_) => DecidesView::OwnDay,
        Why::Holiday(holiday) => match holiday.kind {
            HolidayKind::Public => DecidesView::Holiday,
            HolidayKind::Eve => DecidesView::Eve,
            HolidayKind::Squeeze => DecidesView::SqueezeDay,
        },
    }
}

fn day(hours: &Hours, plan: &DayPlan<'_>) -> DayView {
    let name = match plan.why {
        Why::Schedule => None,
        Why::Own(own) => own.name.as_deref().map(str::to_owned),
        Why::Holiday(holiday) => Some(match holiday.also {
            Some(also) => format!("{}, {also}", holiday.name),
            None => holiday.name.to_owned(),
        }),
    };
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let open = plan.hours.iter().map(|interval| OpenView {
        from: clock(interval.from()),
        until: clock(interval.to()),
    });
    let rules = plan.rules.iter().map(|rule| rule.written.to_string());
    DayView {
        date: plan.date.to_string(),
        decided_by: decides(plan.why),
        name,
        rules: rules.collect(),
        open: open.collect(),
        differs: plan.hours != hours.by_schedule(plan.date),
    }
}
