//! When something opens again, said.

use super::{clock, date, of, today, tomorrow, weekday};
use crate::settings::Language;
use calendar::Shown;
use media_core::PromptId;

/// "We open again" and when: today or tomorrow, the day of the week within the next six, else the date; and the time.
/// None where it can't be said.
pub fn opens_again(language: Language, now: &Shown, opens: &Shown) -> Option<Vec<PromptId>> {
    let days = now.date.until(opens.date).ok()?.get_days();
    let mut said = vec![of(language, "we-open-again")];
    match days {
        0 => said.push(today(language)),
        1 => said.push(tomorrow(language)),
        2..=6 => said.push(weekday(language, opens.weekday)),
        _ => {
            let (month, day) = (opens.date.month(), opens.date.day());
            said.extend(date(
                language,
                month.try_into().ok()?,
                day.try_into().ok()?,
            )?);
        }
    }
    said.extend(clock(language, opens.hour.into(), opens.minute.into())?);
    Some(said)
}
