//! What is said in pieces: numbers, minutes, clock times, days, dates and telephone numbers as prompts to be played one
//! after another. What languages do alike is here; where they differ, each has a file of its own that says how, as data.
//!
//! Pieces are whole where a language joins them: `tjugoett` and `twenty-one` are each one recording.

mod en;
mod grammar;
mod opening;
mod sv;

pub use opening::{opens_again, when};

use crate::settings::Language;
use calendar::Weekday;
use grammar::{Clock, Grammar};
use media_core::PromptId;

/// Largest number that can be said; beyond it nothing is said rather than something wrong.
pub const NUMBER_MAX: u32 = 9_999;
/// Longest telephone number that is read out: one of E.164 has 15 digits, and some are dialled with a prefix.
pub const TELEPHONE_DIGITS_MAX: usize = 20;
/// Digits of a telephone number that are said in one breath.
const GROUP_DIGITS: usize = 3;
/// A short rest; the same in all languages.
const PAUSE: &str = "music/pause";

/// "On Monday" and so on, Monday first.
const ON_DAYS: [&str; Weekday::ALL.len()] = [
    "on-monday",
    "on-tuesday",
    "on-wednesday",
    "on-thursday",
    "on-friday",
    "on-saturday",
    "on-sunday",
];

/// The prompts that say `number`, or none if it is larger than [`NUMBER_MAX`].
pub fn number(language: Language, number: u32) -> Option<Vec<PromptId>> {
    if number > NUMBER_MAX {
        return None;
    }
    let thousands = number / 1_000 * 1_000;
    let hundreds = number % 1_000 / 100 * 100;
    let rest = number % 100;
    let spoken = [thousands, hundreds]
        .into_iter()
        .filter(|part| *part > 0)
        .chain((rest > 0 || number == 0).then_some(rest));
    Some(
        spoken
            .map(|part| of(language, &format!("number-{part}")))
            .collect(),
    )
}

/// A span in whole minutes: "less than a minute" for none, then "one minute", "two minutes".
pub fn minutes(language: Language, minutes: u32) -> Option<Vec<PromptId>> {
    match minutes {
        0 => Some(vec![of(language, "less-than-a-minute")]),
        1 => Some(vec![of(language, "one-minute")]),
        more => {
            let mut said = number(language, more)?;
            said.push(of(language, "minutes"));
            Some(said)
        }
    }
}

/// A time of day with the word before it, "klockan åtta", "at eight a.m."; none where there is no such time.
pub fn clock(language: Language, hour: u32, minute: u32) -> Option<Vec<PromptId>> {
    if hour > 23 || minute > 59 {
        return None;
    }
    let grammar = grammar(language);
    match (hour, minute) {
        (0, 0) => return Some(vec![of(language, "clock-midnight")]),
        (12, 0) => return Some(vec![of(language, "clock-noon")]),
        _ => {}
    }
    let spoken_hour = match grammar.clock {
        Clock::OfTwentyFour => hour,
        // Half past midnight is twelve thirty.
        Clock::OfTwelve => (hour + 11) % 12 + 1,
    };
    let mut said = vec![of(language, "clock-at")];
    said.extend(number(language, spoken_hour)?);
    if (1..10).contains(&minute) {
        said.push(of(language, grammar.zero_minutes));
    }
    if minute > 0 {
        said.extend(number(language, minute)?);
    }
    match grammar.clock {
        Clock::OfTwentyFour => {}
        Clock::OfTwelve if hour < 12 => said.push(of(language, "clock-am")),
        Clock::OfTwelve => said.push(of(language, "clock-pm")),
    }
    Some(said)
}

/// "Today", as in "we open again today".
pub fn today(language: Language) -> PromptId {
    of(language, "today")
}

/// "Tomorrow".
pub fn tomorrow(language: Language) -> PromptId {
    of(language, "tomorrow")
}

/// "On Monday".
pub fn weekday(language: Language, day: Weekday) -> PromptId {
    of(language, ON_DAYS[day.index()])
}

/// A date without its year, "den första december", "on the first of December"; none where no year has it.
pub fn date(language: Language, month: u32, day: u32) -> Option<Vec<PromptId>> {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    (1..=days).contains(&day).then(|| {
        vec![
            of(language, &format!("day-{day}")),
            of(language, &format!("month-{month}")),
        ]
    })
}

/// A telephone number digit by digit, in groups with a rest between them. `+` may stand first; none where anything else
/// but digits is in it, or too many of them.
pub fn telephone(language: Language, number: &str) -> Option<Vec<PromptId>> {
    let (plus, digits) = match number.strip_prefix('+') {
        Some(digits) => (Some("plus"), digits),
        None => (None, number),
    };
    let usable = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !usable || !(1..=TELEPHONE_DIGITS_MAX).contains(&digits.len()) {
        return None;
    }
    let mut said: Vec<PromptId> = plus.map(|plus| of(language, plus)).into_iter().collect();
    let mut left = digits;
    while !left.is_empty() {
        let (group, rest) = left.split_at(group_length(left.len()));
        said.extend(
            group
                .chars()
                .map(|digit| of(language, &format!("number-{digit}"))),
        );
        if !rest.is_empty() {
            said.push(PromptId::new(PAUSE));
        }
        left = rest;
    }
    Some(said)
}

/// How many of `left` digits are said next: threes, but nobody is left alone at the end.
fn group_length(left: usize) -> usize {
    match left {
        1..=GROUP_DIGITS => left,
        4 => 2,
        _ => GROUP_DIGITS,
    }
}

/// Names of all prompts that [`number`] can ask for, without their folder.
pub fn number_prompt_names() -> impl Iterator<Item = String> {
    let hundreds = (100..1_000).step_by(100);
    let thousands = (1_000..10_000).step_by(1_000);
    (0..100)
        .chain(hundreds)
        .chain(thousands)
        .map(|part| format!("number-{part}"))
}

fn of(language: Language, name: &str) -> PromptId {
    PromptId::new(&format!("{}/{name}", language.folder()))
}

fn grammar(language: Language) -> &'static Grammar {
    match language {
        Language::Sv => &sv::GRAMMAR,
        Language::En => &en::GRAMMAR,
    }
}
