//! A number outside: what somebody dialled, made into E.164 by the organisation's country and area code, and what
//! kind of number it is. The numbering plans of the world are the library's; how people dial is ours.

use crate::outward::plan::{self, Plan};
use phonenumber::Metadata;
use phonenumber::metadata::DATABASE;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Digits of an E.164 number (E.164 §6.2.1); fewer than the least can't be anybody outside one's own country.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Digits of a number that means something in its country only, such as 1177 or 118118; shorter ones are
/// extensions that are not there.
const SHORT_DIGITS: std::ops::RangeInclusive<usize> = 4..=6;

/// Calling codes of no country where a call costs what a satellite or a premium service asks: +870, +881
/// satellites, +882 and +883 networks of their own, +979 premium rate.
const COSTLY_CODES: [u16; 5] = [870, 881, 882, 883, 979];

/// Emergency numbers beside 112, which mobile networks know everywhere (3GPP TS 22.101 §10.1).
const EMERGENCY: [(&str, &[&str]); 8] = [
    ("AU", &["000"]),
    ("CA", &["911"]),
    ("DE", &["110"]),
    ("FR", &["15", "17", "18"]),
    ("GB", &["999"]),
    ("IE", &["999"]),
    ("NO", &["110", "113"]),
    ("US", &["911"]),
];

/// What kind of number it is: what a plan allows or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// 112 and its like: always allowed.
    Emergency,
    /// An ordinary number of the organisation's country.
    National,
    /// A mobile telephone of that country.
    Mobile,
    /// Free for whoever calls.
    Freephone,
    /// Paid by both sides.
    SharedCost,
    /// At a rate that the called party sets; satellites too, since they cost as much.
    Premium,
    /// Any number of another country.
    International,
}

impl Class {
    /// The word for it in configuration, logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Class::Emergency => "emergency",
            Class::National => "national",
            Class::Mobile => "mobile",
            Class::Freephone => "freephone",
            Class::SharedCost => "shared-cost",
            Class::Premium => "premium",
            Class::International => "international",
        }
    }
}

/// How an organisation's people dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbering {
    country: Box<str>,
    calling_code: Box<str>,
    /// In front of a number of another country: `00`.
    international_prefix: Box<str>,
    /// In front of a number of another area: `0`. Some countries have none.
    national_prefix: Option<Box<str>>,
    /// In front of what is dialled without prefix; itself without one.
    area_code: Option<Box<str>>,
    emergency: Vec<Box<str>>,
}

/// A country that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the two letters of a country, such as SE, got {got:?}")]
pub struct UnknownCountry {
    got: Box<str>,
}

impl Default for Numbering {
    fn default() -> Self {
        Numbering {
            country: "SE".into(),
            calling_code: "46".into(),
            international_prefix: "00".into(),
            national_prefix: Some("0".into()),
            area_code: None,
            emergency: vec!["112".into()],
        }
    }
}

impl Numbering {
    /// How people dial in that country; `area_code` may be written with its prefix or without.
    pub fn of(country: &str, area_code: Option<&str>) -> Result<Numbering, UnknownCountry> {
        let default = Numbering::default();
        if country == &*default.country {
            // The library's plans take a while to read; a start need not wait for what is known here.
            return Ok(default.in_area(area_code));
        }
        let unknown = || UnknownCountry {
            got: country.into(),
        };
        let plan = DATABASE.by_id(country).ok_or_else(unknown)?;
        if plan.id() == "001" {
            return Err(unknown());
        }
        let of_country = EMERGENCY.iter().find(|(of, _)| *of == country);
        let emergency = of_country.map_or(&[][..], |(_, numbers)| numbers);
        let numbering = Numbering {
            country: country.into(),
            calling_code: plan.country_code().to_string().into(),
            international_prefix: international_prefix(plan),
            national_prefix: plan.national_prefix().map(Box::from),
            area_code: None,
            emergency: std::iter::once(&"112")
                .chain(emergency)
                .map(|number| Box::from(*number))
                .collect(),
        };
        Ok(numbering.in_area(area_code))
    }

    fn in_area(self, area_code: Option<&str>) -> Numbering {
        let area_code = area_code.map(|code| {
            let prefix = self.national_prefix.as_deref();
            let bare = prefix.and_then(|prefix| code.strip_prefix(prefix));
            Box::from(bare.unwrap_or(code))
        });
        Numbering { area_code, ..self }
    }

    /// Reads the country's plan, which takes a while, so that no call has to wait for it.
    pub fn prepare(&self) {
        let plans = self.calling_code.parse().ok().and_then(plan::of_code);
        for plan in plans.unwrap_or_default() {
            plan.prepare();
        }
    }

    /// The number outside that somebody means who dials this; none if it is no number.
    pub fn read(&self, dialled: &str) -> Option<Outside> {
        let separator = |c: &char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
        let dialled: String = dialled.chars().filter(|c| !separator(c)).collect();
        let digits = dialled.strip_prefix('+').unwrap_or(&dialled);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if self.is_emergency(&dialled) {
            return Some(Outside {
                number: Number::Short(dialled.into()),
                class: Class::Emergency,
            });
        }
        if dialled.starts_with('+') {
            return self.international(digits);
        }
        if let Some(digits) = dialled.strip_prefix(&*self.international_prefix) {
            return self.international(digits);
        }
        if let Some(bare) = self
            .national_prefix
            .as_deref()
            .and_then(|prefix| dialled.strip_prefix(prefix))
            && let Some(outside) = self.international(&format!("{}{bare}", self.calling_code))
        {
            return Some(outside);
        }
        self.without_prefix(&dialled)
    }

    /// Whether digits are an emergency number, which nothing stands in the way of.
    pub fn is_emergency(&self, digits: &str) -> bool {
        self.emergency.iter().any(|number| **number == *digits)
    }

    /// A caller's number in E.164 with its plus, however his network writes it: also whole without any prefix, as
    /// many do. None where it is no whole number.
    pub fn caller(&self, written: &str) -> Option<String> {
        let whole = |outside: Outside| match &outside.number {
            Number::E164(_) => Some(outside.number.to_string()),
            Number::Short(_) => None,
        };
        let as_dialled = self.read(written).and_then(whole);
        as_dialled.or_else(|| self.read(&format!("+{written}")).and_then(whole))
    }

    /// A number that names no area: of one's own area, of a country where all numbers are dialled whole, or short.
    fn without_prefix(&self, digits: &str) -> Option<Outside> {
        if let Some(class) = self.short(digits) {
            return Some(Outside {
                number: Number::Short(digits.into()),
                class,
            });
        }
        let own_area = self
            .area_code
            .as_deref()
            .and_then(|area| self.international(&format!("{}{area}{digits}", self.calling_code)));
        // Where areas need a prefix, a number without one that is not of our own area is a slip.
        let whole_is_dialled = match self.national_prefix.as_deref() {
            None => true,
            // North America dials ten digits without its 1.
            Some(prefix) => prefix == &*self.calling_code,
        };
        own_area.or_else(|| {
            whole_is_dialled
                .then(|| self.international(&format!("{}{digits}", self.calling_code)))
                .flatten()
        })
    }

    /// Europe's short numbers: 116xxx are free, 118xxx are directory enquiries at their own rates; others that
    /// start with 11 are services of the country, such as 1177.
    fn short(&self, digits: &str) -> Option<Class> {
        let short = SHORT_DIGITS.contains(&digits.len()) && digits.starts_with("11");
        if !short || &*self.calling_code == "1" {
            return None;
        }
        Some(match digits.get(..3) {
            Some("116") => Class::Freephone,
            Some("118") => Class::Premium,
            _ => Class::National,
        })
    }

    /// `digits` start with a country's calling code.
    fn international(&self, digits: &str) -> Option<Outside> {
        let class = self.class_of(digits)?;
        Some(Outside {
            number: Number::E164(digits.into()),
            class,
        })
    }

    fn class_of(&self, digits: &str) -> Option<Class> {
        if !E164_DIGITS.contains(&digits.len()) {
            return None;
        }
        let (code, plans) = (1..=3).find_map(|length| {
            let code: u16 = digits.get(..length)?.parse().ok()?;
            Some((code, plan::of_code(code)?))
        })?;
        if COSTLY_CODES.contains(&code) {
            return Some(Class::Premium);
        }
        let national = digits.get(code.to_string().len()..)?;
        let plan = plan_of(plans, national);
        let kind = plan.and_then(|plan| plan.kind_of(national));
        let here = plan.is_some_and(|plan| plan.id() == &*self.country);
        match (here, kind) {
            (true, kind) => kind,
            (false, Some(Class::Premium)) => Some(Class::Premium),
            // A new range that the library doesn't know yet is some number of that country.
            (false, _) => (code.to_string() != *self.calling_code || kind.is_some())
                .then_some(Class::International),
        }
    }

    /// What is left of `digits` within the country, with its prefix; none if they are another country's.
    fn national(&self, digits: &str) -> Option<String> {
        let bare = digits.strip_prefix(&*self.calling_code)?;
        Some(format!(
            "{}{bare}",
            self.national_prefix.as_deref().unwrap_or_default()
        ))
    }
}

fn international_prefix(plan: &Metadata) -> Box<str> {
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let preferred = plan.preferred_international_prefix();
    let only = plan.international_prefix().map(|prefix| prefix.as_str());
    preferred
        .into_iter()
        .chain(only)
        .find(|prefix| all_digits(prefix))
        .unwrap_or("00")
        .into()
}

/// The numbering plan, of those that share a calling code, that a number belongs to.
fn plan_of(plans: &'static [Plan], national: &str) -> Option<&'static Plan> {
    if let [only] = plans {
        return Some(only);
    }
    let leads = |plan: &&Plan| plan.leads(national);
    let has = |plan: &&Plan| plan.kind_of(national).is_some();
    let exact = plans.iter().find(|plan| leads(plan) && has(plan));
    exact
        .or_else(|| plans.iter().find(has))
        .or_else(|| plans.iter().find(leads))
}

/// A number outside, and what kind it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// The number.
    pub number: Number,
    /// Its kind, seen from the organisation's country.
    pub class: Class,
}

/// A number outside in its one form. Display is E.164 with its plus, or the short number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Number {
    /// Digits of E.164, without plus.
    E164(Box<str>),
    /// It means something in its country only, such as 112.
    Short(Box<str>),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::E164(digits) => write!(f, "+{digits}"),
            Number::Short(digits) => f.write_str(digits),
        }
    }
}

/// How a trunk wants numbers written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberFormat {
    /// `+46701234567`.
    #[default]
    Plus,
    /// `46701234567`.
    Digits,
    /// `0701234567`, and `0047…` for another country's.
    National,
}

impl Number {
    /// The number as a trunk wants it.
    pub fn written(&self, format: NumberFormat, numbering: &Numbering) -> String {
        match (self, format) {
            (Number::Short(digits), _) => digits.to_string(),
            (Number::E164(_), NumberFormat::Plus) => self.to_string(),
            (Number::E164(digits), NumberFormat::Digits) => digits.to_string(),
            (Number::E164(digits), NumberFormat::National) => numbering
                .national(digits)
                .unwrap_or_else(|| format!("{}{digits}", numbering.international_prefix)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is dialled, what it becomes, and its class; `-` where it is no number.
    fn check(country: &str, area: Option<&str>, table: &[(&str, &str, &str)]) {
        let numbering = Numbering::of(country, area).unwrap();
        for (dialled, number, class) in table {
            let read = numbering.read(dialled);
            let came = read.as_ref().map_or(("-".to_owned(), "-"), |read| {
                (read.number.to_string(), read.class.word())
            });
            assert_eq!(
                (came.0.as_str(), came.1),
                (*number, *class),
                "{dialled} in {country}"
            );
        }
    }

    #[test]
    fn a_caller_is_known_however_his_network_writes_him() {
        let numbering = Numbering::of("SE", Some("08")).unwrap();
        for (written, number) in [
            ("+46701234567", Some("+46701234567")),
            ("0701234567", Some("+46701234567")),
            ("46701234567", Some("+46701234567")),
            ("0046701234567", Some("+46701234567")),
            ("50001000", Some("+46850001000")),
            ("4721234567", Some("+4721234567")),
            ("101", None),
            ("112", None),
            ("anonymous", None),
            ("", None),
        ] {
            assert_eq!(numbering.caller(written).as_deref(), number, "{written}");
        }
    }

    // Changes: organisation.area_code
    #[test]
    fn numbers_are_read_as_they_are_dialled_in_sweden() {
        let table = [
            ("112", "112", "emergency"),
            ("+46701234567", "+46701234567", "mobile"),
            ("0701234567", "+46701234567", "mobile"),
            ("070-123 45 67", "+46701234567", "mobile"),
            ("0046701234567", "+46701234567", "mobile"),
            ("08-500 010 00", "+46850001000", "national"),
            ("50001000", "+46850001000", "national"),
            ("020-123456", "+4620123456", "freephone"),
            ("0771-123456", "+46771123456", "shared-cost"),
            ("0900-1234567", "+469001234567", "premium"),
            ("004721234567", "+4721234567", "international"),
            ("+1 212 555 0123", "+12125550123", "international"),
            ("+881612345678", "+881612345678", "premium"),
            ("1177", "1177", "national"),
            ("116000", "116000", "freephone"),
            ("118118", "118118", "premium"),
            ("199", "-", "-"),
            ("+46", "-", "-"),
            ("0", "-", "-"),
            ("00", "-", "-"),
            ("+999123456789", "-", "-"),
            ("*11", "-", "-"),
            ("anna", "-", "-"),
            ("+4670123456789012", "-", "-"),
            ("", "-", "-"),
        ];
        check("SE", Some("08"), &table);
        check("SE", Some("8"), &table);
        // Without an area code a number without prefix is nobody's.
        check("SE", None, &[("50001000", "-", "-")]);
    }

    // Changes: organisation.country
    #[test]
    fn numbers_are_read_as_they_are_dialled_in_norway() {
        check(
            "NO",
            None,
            &[
                ("112", "112", "emergency"),
                ("113", "113", "emergency"),
                ("21234567", "+4721234567", "national"),
                ("40612345", "+4740612345", "mobile"),
                ("80012345", "+4780012345", "freephone"),
                ("82912345", "+4782912345", "premium"),
                ("0046701234567", "+46701234567", "international"),
            ],
        );
    }

    #[test]
    fn numbers_are_read_as_they_are_dialled_in_germany() {
        check(
            "DE",
            Some("030"),
            &[
                ("110", "110", "emergency"),
                ("030 123456", "+4930123456", "national"),
                ("123456", "+4930123456", "national"),
                ("2345678", "+49302345678", "national"),
                ("0151 23456789", "+4915123456789", "mobile"),
                ("0800 1234567", "+498001234567", "freephone"),
                ("0900 1123456", "+499001123456", "premium"),
                ("0041 44 668 18 00", "+41446681800", "international"),
            ],
        );
    }

    #[test]
    fn numbers_are_read_as_they_are_dialled_in_britain() {
        check(
            "GB",
            Some("020"),
            &[
                ("999", "999", "emergency"),
                ("020 7946 0018", "+442079460018", "national"),
                ("7946 0018", "+442079460018", "national"),
                ("07400 123456", "+447400123456", "mobile"),
                ("0800 1111", "+448001111", "freephone"),
                ("0900 123 4567", "+449001234567", "premium"),
                // Jersey shares the calling code and costs more.
                ("01534 456789", "+441534456789", "international"),
            ],
        );
    }

    #[test]
    fn numbers_are_read_as_they_are_dialled_in_america() {
        check(
            "US",
            Some("650"),
            &[
                ("911", "911", "emergency"),
                ("1 650 253 0000", "+16502530000", "national"),
                ("650 253 0000", "+16502530000", "national"),
                ("253 0000", "+16502530000", "national"),
                ("800 234 5678", "+18002345678", "freephone"),
                ("900 234 5678", "+19002345678", "premium"),
                // Ten digits, and another country: an old trick.
                ("1 876 523 0123", "+18765230123", "international"),
                ("011 46 70 123 45 67", "+46701234567", "international"),
            ],
        );
    }

    // Changes: trunks.number_format
    #[test]
    fn a_number_is_written_as_the_trunk_wants_it() {
        let numbering = Numbering::of("SE", None).unwrap();
        let written = |dialled: &str, format| {
            let outside = numbering.read(dialled).unwrap();
            outside.number.written(format, &numbering)
        };
        assert_eq!(written("0701234567", NumberFormat::Plus), "+46701234567");
        assert_eq!(written("0701234567", NumberFormat::Digits), "46701234567");
        assert_eq!(written("0701234567", NumberFormat::National), "0701234567");
        assert_eq!(
            written("+4721234567", NumberFormat::National),
            "004721234567"
        );
        assert_eq!(written("112", NumberFormat::Digits), "112");
    }

    #[test]
    fn a_number_read_once_reads_the_same_again_in_every_form() {
        for country in ["SE", "NO", "DE", "GB", "US"] {
            let numbering = Numbering::of(country, None).unwrap();
            let plan = DATABASE.by_id(country).unwrap();
            let kinds = plan.descriptors();
            let examples = [kinds.fixed_line(), kinds.mobile(), kinds.premium_rate()];
            for example in examples.into_iter().flatten().filter_map(|it| it.example()) {
                let dialled = format!("+{}{example}", plan.country_code());
                let once = numbering
                    .read(&dialled)
                    .unwrap_or_else(|| panic!("{dialled}"));
                for format in [NumberFormat::Plus, NumberFormat::National] {
                    let again = numbering.read(&once.number.written(format, &numbering));
                    assert_eq!(again.as_ref(), Some(&once), "{dialled} in {country}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_country_is_refused() {
        for bad in ["", "se", "001", "XX", "Sweden"] {
            assert!(Numbering::of(bad, None).is_err(), "{bad:?}");
        }
        let sweden = DATABASE.by_id("SE").unwrap();
        let known = Numbering::default();
        assert_eq!(sweden.country_code().to_string(), *known.calling_code);
        assert_eq!(sweden.national_prefix(), known.national_prefix.as_deref());
        assert_eq!(international_prefix(sweden), known.international_prefix);
    }
}
