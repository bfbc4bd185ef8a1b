//! What a caller keys to say who he is: a customer number or a personal identity number (*personnummer*). Lists and logs
//! get the masked form; the whole one is for a person who asks, which is a fact with his name.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Most digits of a customer number: what somebody keys without a mistake.
pub const CUSTOMER_DIGITS_MAX: usize = 20;
/// Digits at its end that lists show.
const CUSTOMER_DIGITS_SHOWN: usize = 2;
/// What stands for a hidden digit.
const MASK: char = '*';
/// What a coordination number (*samordningsnummer*) adds to the day of birth.
const COORDINATION: u8 = 60;

/// What a caller keyed of himself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum CustomerInput {
    /// His number with the organisation.
    Customer(CustomerNumber),
    /// His personal identity number.
    Person(Personnummer),
}

impl CustomerInput {
    /// What lists and logs show.
    pub fn masked(&self) -> String {
        match self {
            CustomerInput::Customer(number) => number.masked(),
            CustomerInput::Person(number) => number.masked(),
        }
    }

    /// All of it: only for somebody whose asking is recorded.
    pub fn revealed(&self) -> String {
        match self {
            CustomerInput::Customer(number) => number.0.to_string(),
            CustomerInput::Person(number) => number.written(),
        }
    }
}

impl fmt::Debug for CustomerInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomerInput({})", self.masked())
    }
}

/// Digits, whose meaning the organisation knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CustomerNumber(Box<str>);

/// No customer number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {min} to {max} digits")]
pub struct InvalidCustomerNumber {
    min: usize,
    max: usize,
}

/// How many digits customer numbers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerDigits {
    /// Fewest.
    pub min: u8,
    /// Most.
    pub max: u8,
}

impl CustomerNumber {
    /// The number that these digits are, if there are as many as there may be.
    pub fn new(
        digits: &str,
        bounds: CustomerDigits,
    ) -> Result<CustomerNumber, InvalidCustomerNumber> {
        let max = usize::from(bounds.max).min(CUSTOMER_DIGITS_MAX);
        let min = usize::from(bounds.min).clamp(1, max.max(1));
        let fine = (min..=max).contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        fine.then(|| CustomerNumber(digits.into()))
            .ok_or(InvalidCustomerNumber { min, max })
    }

    fn masked(&self) -> String {
        // Of a short one nothing is shown: its end would be most of it.
        let shown = match self.0.len() > 2 * CUSTOMER_DIGITS_SHOWN {
            true => CUSTOMER_DIGITS_SHOWN,
            false => 0,
        };
        let hidden = self.0.len() - shown;
        let digits = self.0.chars().enumerate();
        let masked = digits.map(|(at, digit)| if at < hidden { MASK } else { digit });
        masked.collect()
    }
}

/// A personal identity number or a coordination number whose check digit is right. Whether its owner is too old or too
/// young is not our business.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Personnummer {
    /// The first two digits of the year, if they were given.
    century: Option<u8>,
    /// Year, month, day, birth number and check digit.
    digits: [u8; 10],
    /// Whether the owner turns a hundred in the year in which it is written, or has done so: `+` before the birth
    /// number.
    hundred: bool,
}

/// No personal identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPersonnummer {
    /// Neither ten nor twelve digits.
    #[error("expected ten or twelve digits")]
    Length,
    /// Something else than digits, or a sign in a wrong place.
    #[error("expected digits alone, with '-' or '+' before the last four at most")]
    NotDigits,
    /// No such day.
    #[error("expected a day of birth, there is none such")]
    NoSuchDay,
    /// The last digit doesn't go with the others.
    #[error("the check digit is wrong: one of the digits is not as it should be")]
    CheckDigit,
}

impl Personnummer {
    /// What lists and logs show: the day of birth, as people know one another by.
    pub fn masked(&self) -> String {
        let written = self.written();
        let hidden = written.len() - 4;
        let mut masked = written.get(..hidden).unwrap_or_default().to_owned();
        masked.extend([MASK; 4]);
        masked
    }

    /// Whether it is one for somebody who is not registered in Sweden.
    pub fn is_coordination_number(&self) -> bool {
        self.day_as_written() > COORDINATION
    }

    fn written(&self) -> String {
        let digit = |digit: &u8| char::from(b'0' + digit % 10);
        let mut written = String::new();
        if let Some(century) = self.century {
            written.extend([century / 10, century % 10].iter().map(digit));
        }
        let (birth, end) = self.digits.split_at(6);
        written.extend(birth.iter().map(digit));
        written.push(if self.hundred { '+' } else { '-' });
        written.extend(end.iter().map(digit));
        written
    }

    fn two(&self, at: usize) -> u8 {
        self.digits[at] * 10 + self.digits[at + 1]
    }

    fn day_as_written(&self) -> u8 {
        self.two(4)
    }

    fn has_a_day(&self) -> bool {
        let (year, month) = (self.two(0), self.two(2));
        let day = match self.day_as_written() {
            day if day > COORDINATION => day - COORDINATION,
            day => day,
        };
        let leap = match self.century {
            Some(century) if year == 0 => century % 4 == 0,
            // 2000 was a leap year; whoever was born in 1900 won't be called back.
            _ => year % 4 == 0,
        };
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        };
        (1..=days).contains(&day)
    }

    /// ISO/IEC 7812-1 Annex B (Luhn) over all ten digits.
    fn checks(&self) -> bool {
        let weighted = self.digits.iter().enumerate().map(|(at, digit)| {
            let doubled = digit * 2;
            match at % 2 {
                0 => doubled / 10 + doubled % 10,
                _ => *digit,
            }
        });
        weighted.sum::<u8>().is_multiple_of(10)
    }
}

impl FromStr for Personnummer {
    type Err = InvalidPersonnummer;

    fn from_str(text: &str) -> Result<Personnummer, InvalidPersonnummer> {
        let sign = text.find(['-', '+']);
        let hundred = text.contains('+');
        if sign.is_some_and(|at| at + 5 != text.len()) {
            return Err(InvalidPersonnummer::NotDigits);
        }
        let plain: Vec<u8> = text
            .bytes()
            .enumerate()
            .filter(|(at, _)| Some(*at) != sign)
            .map(|(_, byte)| byte)
            .collect();
        if !plain.iter().all(u8::is_ascii_digit) {
            return Err(InvalidPersonnummer::NotDigits);
        }
        let values: Vec<u8> = plain.iter().map(|byte| byte - b'0').collect();
        let (century, rest) = match values.len() {
            10 => (None, &values[..]),
            12 => (Some(values[0] * 10 + values[1]), &values[2..]),
            _ => return Err(InvalidPersonnummer::Length),
        };
        let digits = rest.try_into().map_err(|_| InvalidPersonnummer::Length)?;
        let number = Personnummer {
            century,
            digits,
            hundred,
        };
        if !number.has_a_day() {
            return Err(InvalidPersonnummer::NoSuchDay);
        }
        match number.checks() {
            true => Ok(number),
            false => Err(InvalidPersonnummer::CheckDigit),
        }
    }
}

impl fmt::Debug for Personnummer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personnummer({})", self.masked())
    }
}

impl fmt::Debug for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomerNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(text: &str) -> Result<Personnummer, InvalidPersonnummer> {
        text.parse()
    }

    // The numbers are Skatteverket's, set apart for tests, and made-up ones with a right check digit.
    #[test]
    fn a_personnummer_is_taken_with_ten_or_twelve_digits_with_or_without_its_sign() {
        for text in [
            "8507099805",
            "850709-9805",
            "198507099805",
            "19850709-9805",
            "850709+9805",
        ] {
            assert!(person(text).is_ok(), "{text}");
        }
        assert_eq!(person("8507099805").unwrap().written(), "850709-9805");
        assert_eq!(person("198507099805").unwrap().written(), "19850709-9805");
        assert_eq!(person("850709+9805").unwrap().written(), "850709+9805");
    }

    #[test]
    fn a_personnummer_with_any_one_digit_wrong_is_refused() {
        let right = "8507099805";
        for at in 0..right.len() {
            for digit in '0'..='9' {
                let mut wrong: Vec<char> = right.chars().collect();
                if wrong[at] == digit {
                    continue;
                }
                wrong[at] = digit;
                let wrong: String = wrong.into_iter().collect();
                assert!(person(&wrong).is_err(), "{wrong}");
            }
        }
        assert_eq!(person("8507099806"), Err(InvalidPersonnummer::CheckDigit));
    }

    #[test]
    fn a_samordningsnummer_has_sixty_added_to_its_day() {
        let ended = |last: u8| person(&format!("850769980{last}"));
        let right: Vec<u8> = (0..10).filter(|last| ended(*last).is_ok()).collect();
        assert_eq!(right.len(), 1, "one check digit is right: {right:?}");
        assert!(ended(right[0]).unwrap().is_coordination_number());
        assert!(!person("8507099805").unwrap().is_coordination_number());
        // Neither a day nor a day and sixty.
        for bad in ["8507329805", "8507609805", "8507929805", "8513019805"] {
            assert_eq!(person(bad), Err(InvalidPersonnummer::NoSuchDay), "{bad}");
        }
    }

    #[test]
    fn the_29th_of_february_is_there_in_leap_years_alone() {
        let exists = |birth: &str| (0..10).any(|last| person(&format!("{birth}123{last}")).is_ok());
        assert!(exists("20000229"));
        assert!(!exists("19000229"));
        assert!(!exists("20010229"));
        assert!(exists("000229"));
        assert!(!exists("010229"));
    }

    #[test]
    fn what_is_no_personnummer_is_refused_with_the_cause() {
        for (text, cause) in [
            ("", InvalidPersonnummer::Length),
            ("850709980", InvalidPersonnummer::Length),
            ("85070998050", InvalidPersonnummer::Length),
            ("8507-099805", InvalidPersonnummer::NotDigits),
            ("850709-98a5", InvalidPersonnummer::NotDigits),
            ("850709--805", InvalidPersonnummer::NotDigits),
            ("åå0709-9805", InvalidPersonnummer::NotDigits),
        ] {
            assert_eq!(person(text), Err(cause), "{text:?}");
        }
    }

    #[test]
    fn what_a_caller_keyed_is_masked_in_lists_and_logs() {
        let bounds = CustomerDigits { min: 3, max: 8 };
        let customer = |digits| CustomerNumber::new(digits, bounds).map(CustomerInput::Customer);
        assert_eq!(customer("12345678").unwrap().masked(), "******78");
        assert_eq!(customer("1234").unwrap().masked(), "****");
        assert_eq!(customer("12345678").unwrap().revealed(), "12345678");
        assert!(customer("12").is_err() && customer("123456789").is_err());
        assert!(customer("12a").is_err());
        let person = CustomerInput::Person(person("198507099805").unwrap());
        assert_eq!(person.masked(), "19850709-****");
        assert_eq!(person.revealed(), "19850709-9805");
        assert!(!format!("{person:?}").contains("9805"));
        assert!(!format!("{:?}", customer("12345678")).contains("123"));
    }
}
