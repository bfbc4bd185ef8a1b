//! What is spoken in pieces, read back by parsers that know the languages and not how we put them together: the texts
//! are those that the recordings are made from.

#![allow(clippy::unwrap_used)]

use calendar::Weekday;
use call::settings::Language;
use call::speech::{self, NUMBER_MAX};
use media_core::PromptId;
use std::collections::{BTreeMap, BTreeSet};

const LANGUAGES: [Language; 2] = [Language::Sv, Language::En];

/// The text of each prompt in each language.
struct Texts(BTreeMap<String, String>);

impl Texts {
    fn read() -> Texts {
        let table: toml::Table = include_str!("../../../prompts/texts.toml").parse().unwrap();
        let mut texts = BTreeMap::from([("music/pause".to_owned(), ",".to_owned())]);
        for (id, row) in table["prompts"].as_table().unwrap() {
            for language in LANGUAGES {
                let folder = language.folder();
                let text = row[folder].as_str().unwrap();
                texts.insert(format!("{folder}/{id}"), text.to_owned());
            }
        }
        Texts(texts)
    }

    fn say(&self, prompts: &[PromptId]) -> String {
        let text = |prompt: &PromptId| {
            let text = self.0.get(prompt.as_str());
            text.unwrap_or_else(|| panic!("{prompt} is no prompt that ships"))
                .as_str()
        };
        let words: Vec<&str> = prompts.iter().map(text).collect();
        words.join(" ")
    }
}

fn value(language: Language, words: &str) -> Option<u32> {
    match language {
        Language::Sv => swedish(words),
        Language::En => english(words),
    }
}

const SWEDISH: [&str; 20] = [
    "noll", "ett", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv",
    "tretton", "fjorton", "femton", "sexton", "sjutton", "arton", "nitton",
];
const SWEDISH_TENS: [&str; 8] = [
    "tjugo", "trettio", "fyrtio", "femtio", "sextio", "sjuttio", "åttio", "nittio",
];

/// Swedish writes a number as one word, whatever the pieces: the longest part that fits is taken off its front.
fn swedish(words: &str) -> Option<u32> {
    let mut left = words.replace(' ', "");
    let mut sum = 0;
    // Three t become two where they meet.
    for (of, times) in [("tusen", 1_000), ("hundra", 100)] {
        if let Some((count, rest)) = left.split_once(of) {
            let count = if count == "et" { "ett" } else { count };
            sum += times * SWEDISH.iter().position(|word| *word == count)? as u32;
            left = rest.to_owned();
        }
    }
    if sum > 0 && left.is_empty() {
        return Some(sum);
    }
    let tens = SWEDISH_TENS
        .iter()
        .position(|tens| left.starts_with(tens) && !SWEDISH.contains(&left.as_str()));
    if let Some(tens) = tens {
        sum += (tens as u32 + 2) * 10;
        left = left[SWEDISH_TENS[tens].len()..].to_owned();
        if left.is_empty() {
            return Some(sum);
        }
    }
    Some(sum + SWEDISH.iter().position(|word| *word == left)? as u32)
}

const ENGLISH: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const ENGLISH_TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

fn english(words: &str) -> Option<u32> {
    let (mut sum, mut part) = (0, 0);
    for word in words.split([' ', '-']) {
        match word {
            "thousand" => (sum, part) = (sum + part * 1_000, 0),
            "hundred" => (sum, part) = (sum + part * 100, 0),
            _ => {
                let unit = ENGLISH.iter().position(|unit| *unit == word);
                let tens = ENGLISH_TENS.iter().position(|tens| *tens == word);
                part += match (unit, tens) {
                    (Some(unit), _) => unit as u32,
                    (None, Some(tens)) => (tens as u32 + 2) * 10,
                    (None, None) => return None,
                };
            }
        }
    }
    Some(sum + part)
}

#[test]
fn every_number_is_heard_as_itself() {
    let texts = Texts::read();
    for language in LANGUAGES {
        for number in 0..=NUMBER_MAX {
            let words = texts.say(&speech::number(language, number).unwrap());
            assert_eq!(value(language, &words), Some(number), "{words}");
        }
        assert_eq!(speech::number(language, NUMBER_MAX + 1), None);
    }
}

#[test]
fn every_span_of_minutes_is_heard_with_its_unit_in_the_right_number() {
    let texts = Texts::read();
    for (language, none, one, many) in [
        (Language::Sv, "mindre än en minut", "en minut", " minuter"),
        (
            Language::En,
            "less than one minute",
            "one minute",
            " minutes",
        ),
    ] {
        let said = |minutes| texts.say(&speech::minutes(language, minutes).unwrap());
        assert_eq!((said(0).as_str(), said(1).as_str()), (none, one));
        for minutes in 2..=NUMBER_MAX {
            let words = said(minutes);
            let number = words.strip_suffix(many).unwrap();
            assert_eq!(value(language, number), Some(minutes), "{words}");
        }
    }
}

/// "klockan åtta noll fem" in hours and minutes.
fn swedish_time(words: &str) -> Option<(u32, u32)> {
    if words == "vid midnatt" {
        return Some((0, 0));
    }
    let words: Vec<&str> = words.strip_prefix("klockan ")?.split(' ').collect();
    match words[..] {
        [hour] => Some((swedish(hour)?, 0)),
        [hour, minute] => Some((swedish(hour)?, swedish(minute)?)),
        [hour, "noll", minute] => Some((swedish(hour)?, swedish(minute).filter(|it| *it < 10)?)),
        _ => None,
    }
}

/// "at eight oh five A M" in hours and minutes.
fn english_time(words: &str) -> Option<(u32, u32)> {
    match words {
        "at noon" => return Some((12, 0)),
        "at midnight" => return Some((0, 0)),
        _ => {}
    }
    let words = words.strip_prefix("at ")?;
    let (words, later) = match (words.strip_suffix(" A M"), words.strip_suffix(" P M")) {
        (Some(words), None) => (words, 0),
        (None, Some(words)) => (words, 12),
        _ => return None,
    };
    let hour = |word| {
        english(word)
            .filter(|it| (1..=12).contains(it))
            .map(|it| it % 12 + later)
    };
    let words: Vec<&str> = words.split(' ').collect();
    match words[..] {
        [only] => Some((hour(only)?, 0)),
        [first, "oh", minute] => Some((hour(first)?, english(minute).filter(|it| *it < 10)?)),
        [first, minute] => Some((hour(first)?, english(minute).filter(|it| *it > 9)?)),
        _ => None,
    }
}

#[test]
fn every_minute_of_the_day_is_heard_as_itself() {
    let texts = Texts::read();
    for hour in 0..24 {
        for minute in 0..60 {
            let said = |language| texts.say(&speech::clock(language, hour, minute).unwrap());
            let (swedish, english) = (said(Language::Sv), said(Language::En));
            assert_eq!(swedish_time(&swedish), Some((hour, minute)), "{swedish}");
            assert_eq!(english_time(&english), Some((hour, minute)), "{english}");
        }
    }
    assert_eq!(speech::clock(Language::Sv, 24, 0), None);
    assert_eq!(speech::clock(Language::En, 0, 60), None);
    let eight = |language| texts.say(&speech::clock(language, 8, 0).unwrap());
    assert_eq!(eight(Language::Sv), "klockan åtta");
    assert_eq!(eight(Language::En), "at eight A M");
}

#[test]
fn every_day_of_the_year_and_of_the_week_has_words_of_its_own() {
    let texts = Texts::read();
    for language in LANGUAGES {
        let dates = (0..=13).flat_map(|month| (0..=32).map(move |day| (month, day)));
        let said: Vec<String> = dates
            .filter_map(|(month, day)| speech::date(language, month, day))
            .map(|prompts| texts.say(&prompts))
            .collect();
        assert_eq!(said.len(), 366);
        assert_eq!(said.iter().collect::<BTreeSet<_>>().len(), 366);
        let days = Weekday::ALL.map(|day| texts.say(&[speech::weekday(language, day)]));
        assert_eq!(days.iter().collect::<BTreeSet<_>>().len(), 7);
    }
    let date = |language, month, day| texts.say(&speech::date(language, month, day).unwrap());
    assert_eq!(date(Language::Sv, 12, 1), "den första december");
    assert_eq!(date(Language::Sv, 2, 29), "den tjugonionde februari");
    assert_eq!(date(Language::En, 12, 1), "on the first of December");
    assert_eq!(date(Language::En, 5, 22), "on the twenty-second of May");
    let day = |language, day| texts.say(&[speech::weekday(language, day)]);
    assert_eq!(day(Language::Sv, Weekday::ALL[0]), "på måndag");
    assert_eq!(day(Language::En, Weekday::ALL[6]), "on Sunday");
    let near = [speech::today(Language::Sv), speech::tomorrow(Language::Sv)];
    assert_eq!(texts.say(&near), "i dag i morgon");
}

#[test]
fn a_telephone_number_is_heard_digit_by_digit_in_groups_of_two_or_three() {
    let texts = Texts::read();
    for language in LANGUAGES {
        for length in 1..=speech::TELEPHONE_DIGITS_MAX {
            let digits = &"81234567890987654321"[..length];
            for number in [digits.to_owned(), format!("+{digits}")] {
                let words = texts.say(&speech::telephone(language, &number).unwrap());
                let mut heard = String::new();
                for group in words.split(" , ") {
                    let group = match group.strip_prefix("plus ") {
                        Some(group) => {
                            heard.push('+');
                            group
                        }
                        None => group,
                    };
                    let said: Vec<&str> = group.split(' ').collect();
                    assert!(length == 1 || (2..=3).contains(&said.len()), "{words}");
                    for digit in said {
                        heard.push_str(&value(language, digit).unwrap().to_string());
                    }
                }
                assert_eq!(heard, number);
            }
        }
        for wrong in ["", "+", "08-123", "1+2", "anna", "123456789012345678901"] {
            assert_eq!(speech::telephone(language, wrong), None, "{wrong}");
        }
    }
}
