//! From when to when a certificate is valid (RFC 5280 §4.1.2.5): as much of X.509 as that takes.

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// So near to its end a certificate should have been renewed. Those of 90 days are renewed 30 days before their end, so
/// that has failed for two weeks then.
const SOON_S: i64 = 14 * 86_400;
/// One that is shorter is renewed in the last third of its time.
const SOON_PART: i64 = 3;

/// Tags of DER (X.690).
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When a certificate is valid, in seconds of Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: i64,
    pub(super) until: i64,
}

/// How a certificate stands, by when it is valid. Moments are in seconds of Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStanding {
    /// Nothing is to be said of it.
    Good,
    /// It is valid from then on alone.
    NotYet(i64),
    /// It should have been renewed: it is valid until then.
    EndsSoon(i64),
    /// It was valid until then.
    Ended(i64),
}

impl Validity {
    /// Of that certificate, in DER; none where it is no such thing.
    pub(super) fn of(certificate: &[u8]) -> Option<Validity> {
        let mut whole = Der(Der(certificate).next_of(SEQUENCE)?);
        let mut signed = Der(whole.next_of(SEQUENCE)?);
        // Version, which may be left out, and serial number; then the algorithm of the signature, and the issuer.
        if let (VERSION, _) = signed.next()? {
            signed.next()?;
        }
        signed.next_of(SEQUENCE)?;
        signed.next_of(SEQUENCE)?;
        let mut validity = Der(signed.next_of(SEQUENCE)?);
        Some(Validity {
            from: moment(validity.next()?)?,
            until: moment(validity.next()?)?,
        })
    }

    pub(super) fn standing(self, at: i64) -> CertificateStanding {
        let soon = SOON_S.min((self.until - self.from) / SOON_PART);
        match at {
            at if at >= self.until => CertificateStanding::Ended(self.until),
            at if at < self.from => CertificateStanding::NotYet(self.from),
            at if at >= self.until - soon => CertificateStanding::EndsSoon(self.until),
            _ => CertificateStanding::Good,
        }
    }
}

/// `YYMMDDHHMMSSZ` with a year from 1950 on, or `YYYYMMDDHHMMSSZ`.
fn moment((tag, text): (u8, &[u8])) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|sign| sign.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (tag, text.len()) {
        (UTC_TIME, 12) => {
            let year: i16 = text[..2].parse().ok()?;
            (
                if year < 50 {
                    2_000 + year
                } else {
                    1_900 + year
                },
                &text[2..],
            )
        }
        (GENERALIZED_TIME, 14) => (text[..4].parse().ok()?, &text[4..]),
        _ => return None,
    };
    let two = |at: usize| rest[at..at + 2].parse().ok();
    let moment = DateTime::new(year, two(0)?, two(2)?, two(4)?, two(6)?, two(8)?, 0);
    let moment = Offset::UTC.to_timestamp(moment.ok()?).ok()?;
    Some(moment.as_second())
}

/// What is left of a run of values in DER.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The next value, with its tag.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let [tag, length, rest @ ..] = self.0 else {
            return None;
        };
        let (length, rest) = match length {
            0..=0x7f => (usize::from(*length), rest),
            // A certificate is no longer than four bytes can say.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
                (bytes.iter().fold(0, add), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }

    fn next_of(&mut self, tag: u8) -> Option<&'d [u8]> {
        self.next()
            .filter(|(found, _)| *found == tag)
            .map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    const DAY: i64 = 86_400;
    /// 2026-01-01.
    const YEAR_2026: i64 = 1_767_225_600;

    fn made(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
        let mut params = CertificateParams::new(["pbx.example.com".to_owned()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_says_when_it_is_valid_by_both_ways_of_writing_years() {
        let made = made((2026, 1, 1), (2050, 1, 1));
        let validity = Validity::of(&made).unwrap();
        assert_eq!(validity.from, YEAR_2026);
        // 2050 is the first year that two digits don't say.
        assert_eq!(validity.until, 2_524_608_000);
    }

    #[test]
    fn what_is_no_certificate_is_valid_at_no_time_that_is_known() {
        let made = made((2026, 1, 1), (2027, 1, 1));
        for length in 0..made.len() {
            // A length that says more than there is ends it, wherever that is.
            assert_eq!(Validity::of(&made[..length]), None, "{length}");
        }
        assert_eq!(Validity::of(&[SEQUENCE, 0x85, 1, 1, 1, 1, 1]), None);
        assert_eq!(moment((UTC_TIME, b"260230000000Z")), None);
        assert_eq!(moment((UTC_TIME, b"26010100000+Z")), None);
        assert_eq!(moment((GENERALIZED_TIME, b"260101000000Z")), None);
    }

    #[test]
    fn a_certificate_is_soon_at_its_end_two_weeks_before_or_in_the_last_third_of_its_time() {
        let until = YEAR_2026 + 90 * DAY;
        let long = Validity {
            from: YEAR_2026,
            until,
        };
        assert_eq!(
            long.standing(YEAR_2026 - 1),
            CertificateStanding::NotYet(YEAR_2026)
        );
        assert_eq!(long.standing(YEAR_2026), CertificateStanding::Good);
        assert_eq!(
            long.standing(until - 14 * DAY - 1),
            CertificateStanding::Good
        );
        assert_eq!(
            long.standing(until - 14 * DAY),
            CertificateStanding::EndsSoon(until)
        );
        assert_eq!(long.standing(until), CertificateStanding::Ended(until));
        let short = Validity {
            from: until - 6 * DAY,
            until,
        };
        assert_eq!(
            short.standing(until - 2 * DAY - 1),
            CertificateStanding::Good
        );
        assert_eq!(
            short.standing(until - 2 * DAY),
            CertificateStanding::EndsSoon(until)
        );
    }
}
