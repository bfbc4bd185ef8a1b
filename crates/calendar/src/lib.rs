//! Opening hours: a schedule of rules in an organisation's own time zone, public holidays, days of its own, and what
//! closes or opens queues for a while. Pure: the moment is handed in, in UTC.
//!
//! What counts is what a clock on the wall there shows. When it is put forward, an interval within the hour that does
//! not exist is no interval; when it is put back, one within the hour that comes twice is open twice.

#[cfg(test)]
mod almanac;
mod easter;
mod hours;
mod import;
mod interval;
mod moment;
mod occurrences;
mod own;
mod quick;
mod recurrence;
mod rrule;
mod slots;
mod spans;
mod standing;
mod sweden;
mod week;

pub use hours::{DayPlan, Hours, InvalidDate, Rule, UnknownZone, Verdict, Why, date};
pub use import::{EVENTS_MAX, Event, ImportError, LINE_BYTES_MAX, Left, read_events};
pub use interval::{Interval, InvalidInterval};
pub use jiff::civil::Date;
pub use moment::{InvalidMoment, Shown};
pub use own::OwnDay;
pub use quick::{
    Effect, InvalidQuickClose, QUICK_CLOSES_OF_ORG_MAX, QUICK_LASTS_DAYS_MAX, QUICK_QUEUES_MAX,
    QuickClose, QuickCloses, Waiting, Way,
};
pub use recurrence::{DayKind, DayOfMonth, DayOfYear, InvalidDay, On, Recurrence};
pub use spans::OpenSpan;
pub use standing::{Decider, Standing};
pub use sweden::{Eve, Holiday, HolidayKind, Sweden};
pub use week::{InvalidDays, Weekday, days};

#[cfg(test)]
mod tests;
