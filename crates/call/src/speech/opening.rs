//! When something opens again, said.

use super::{clock, date, of, today, tomorrow, weekday};
use crate::settings::Language;
use calendar::Shown;
use media_core::PromptId;

/// "We open again" and when. None where it can't be said.
pub fn opens_again(language: Language, now: &Shown, opens: &Shown) -> Option<Vec<PromptId>> {
    let mut said = vec![of(language, "we-open-again")];
    said.extend(when(language, now, opens)?);
    Some(said)
}

/// A moment to come: today or tomorrow, the day of the week within the next six, else the date; and the time. None where it
/// can't be said.
pub fn when(language: Language, now: &Shown, then: &Shown) -> Option<Vec<PromptId>> {
    let days = now.date.until(then.date).ok()?.get_days();
    let mut said = match days {
        0 => vec![today(language)],
        1 => vec![tomorrow(language)],
        2..=6 => vec![weekday(language, then.weekday)],
        _ => {
            let (month, day) = (then.date.month(), then.date.day());
            date(language, month.try_into().ok()?, day.try_into().ok()?)?
        }
    };
    said.extend(clock(language, then.hour.into(), then.minute.into())?);
    Some(said)
}
