//! When a day's queues are shut and where they lead, read off a configuration for `sim`, which knows neither hours nor
//! destinations.

use acd::Settings;
use base::{QueueId, Time};
use calendar::{Hours, Why};
use call::settings::{Destination, Directory, Door, Instead, Organisation};
use jiff::Timestamp;
use jiff::civil::Date;
use sim::{Shut, Way, Ways};
use std::time::Duration;

/// After the last callers have come some are still led on: nobody has more patience than that.
const AFTER_CLOSING: Duration = Duration::from_secs(86_400);

/// What is known of the queues in `settings`, where the day's clock shows 0 at `origin` and its last callers come at
/// `closes`.
pub(super) fn ways(
    directory: &Directory,
    settings: &Settings,
    origin: Timestamp,
    closes: Time,
) -> Ways {
    let mut ways = led(directory, settings);
    for (queue, way) in &mut ways.queues {
        let organisation = organisation(directory, queue);
        let keeps =
            organisation.and_then(|it| Some((it.hours_of(queue)?, it.ways.doors.get(queue)?)));
        if let Some((hours, door)) = keeps {
            let day = Day {
                from: origin.as_second(),
                until: origin.as_second() + (closes - Time::ZERO + AFTER_CLOSING).as_secs() as i64,
            };
            way.shut = day.shut(hours, door, settings);
        }
    }
    ways
}

/// The same where nothing is known of the day: all are open.
pub(super) fn led(directory: &Directory, settings: &Settings) -> Ways {
    let doors = directory
        .organisations
        .values()
        .flat_map(|it| &it.ways.doors);
    let of_day = doors.filter(|(queue, _)| settings.queues.contains_key(*queue));
    let queues = of_day.map(|(queue, door)| {
        let leads = door.exits.iter();
        let instead =
            leads.filter_map(|(cause, instead)| Some((*cause, led_to(instead, settings)?)));
        let way = Way {
            shut: Vec::new(),
            instead: instead.collect(),
        };
        (queue.clone(), way)
    });
    Ways {
        queues: queues.collect(),
    }
}

/// The moment at which that day begins: by the clock of the first queue that keeps hours, else UTC.
pub(super) fn midnight(directory: &Directory, settings: &Settings, date: Date) -> Timestamp {
    let mut queues = settings.queues.keys();
    let hours = queues.find_map(|queue| organisation(directory, queue)?.hours_of(queue));
    let zone = hours.map_or(jiff::tz::TimeZone::UTC, |hours| hours.zone().clone());
    let begins = zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    begins.unwrap_or(Timestamp::MAX)
}

fn organisation<'d>(directory: &'d Directory, queue: &QueueId) -> Option<&'d Organisation> {
    directory.organisations.get(queue.org_name())
}

fn led_to(instead: &Instead, settings: &Settings) -> Option<QueueId> {
    match instead.then.as_ref()? {
        Destination::Queue(queue) | Destination::QueueAs(queue, _) => {
            settings.queues.contains_key(queue).then(|| queue.clone())
        }
        _ => None,
    }
}

/// Seconds since 1970.
struct Day {
    from: i64,
    until: i64,
}

impl Day {
    fn shut(&self, hours: &Hours, door: &Door, settings: &Settings) -> Vec<Shut> {
        let mut shut = Vec::new();
        let mut at = self.from;
        while at < self.until {
            let verdict = hours.at(at);
            let change = hours.changes_after(at).unwrap_or(self.until);
            // Why it is shut may change with the day, and with it where callers go.
            let until = match verdict.is_open {
                true => change,
                false => change.min(hours.day_ends(at).unwrap_or(change)),
            };
            let until = until.clamp(at + 1, self.until);
            if !verdict.is_open {
                let instead = match verdict.why {
                    Why::Schedule => &door.closed,
                    Why::Holiday(_) | Why::Own(_) => &door.holiday,
                };
                shut.push(Shut {
                    from: self.clock(at),
                    until: self.clock(until),
                    then: led_to(instead, settings),
                });
            }
            at = until;
        }
        shut
    }

    fn clock(&self, at: i64) -> Time {
        Time::ZERO + Duration::from_secs((at - self.from).unsigned_abs())
    }
}
