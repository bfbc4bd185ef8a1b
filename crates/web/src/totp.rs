//! One-time passwords by time (RFC 6238), as every authenticator has them: HMAC-SHA-1, steps of 30 s, six digits. Pure: what
//! time it is, and what nobody can guess, is handed in.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use std::fmt;

/// How long a code is shown, in seconds (RFC 6238 §4.1).
const STEP_S: i64 = 30;
/// Steps that a clock may be off, before and after (RFC 6238 §5.2 has one).
const DRIFT: u64 = 1;
/// Digits of a code.
const DIGITS: usize = 6;
/// As many codes as there are.
const CODES: u32 = 1_000_000;
/// Signs of a secret in base 32.
const SECRET_SIGNS: usize = 32;
/// What authenticators call us, in a URI.
const ISSUER: &str = "K%C3%B6lapp";
/// RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What the server and an authenticator share: 160 bits (RFC 4226 §4 R6).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Secret([u8; 20]);

/// A text that is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 signs of base 32")]
pub(crate) struct NoSecret;

impl Secret {
    pub(crate) fn new(random: &[u8; 32]) -> Secret {
        let mut secret = [0; 20];
        secret.copy_from_slice(&random[..20]);
        Secret(secret)
    }

    /// As it is typed into an authenticator.
    pub(crate) fn shown(&self) -> String {
        base32(&self.0)
    }

    /// The same as an address that authenticators open, for that account.
    pub(crate) fn uri(&self, account: &str) -> String {
        format!(
            "otpauth://totp/{ISSUER}:{}?secret={}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}",
            percent(account),
            self.shown()
        )
    }

    /// The step that a code is of, at a time in seconds of Unix time; only those after `used` count, so that each code is one
    /// of once.
    pub(crate) fn step(&self, code: &str, at: i64, used: u64) -> Option<u64> {
        let is_code = code.len() == DIGITS && code.bytes().all(|sign| sign.is_ascii_digit());
        let code: u32 = code.parse().ok().filter(|_| is_code)?;
        let now = u64::try_from(at.div_euclid(STEP_S)).ok()?;
        let mut steps = now.saturating_sub(DRIFT)..=now + DRIFT;
        steps.find(|step| *step > used && self.code(*step) == code)
    }

    /// RFC 4226 §5.3.
    pub(crate) fn code(&self, step: u64) -> u32 {
        let keyed = <Hmac<Sha1> as KeyInit>::new_from_slice(&self.0);
        let mut keyed = keyed.expect("a key of any length will do");
        keyed.update(&step.to_be_bytes());
        let hash = keyed.finalize().into_bytes();
        let at = usize::from(hash[19] & 0xf);
        let four = [hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]];
        u32::from_be_bytes(four) % CODES
    }
}

impl TryFrom<String> for Secret {
    type Error = NoSecret;

    fn try_from(text: String) -> Result<Secret, NoSecret> {
        if text.len() != SECRET_SIGNS {
            return Err(NoSecret);
        }
        let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
        for sign in text.bytes() {
            let value = BASE32.iter().position(|it| *it == sign).ok_or(NoSecret)?;
            bits = bits << 5 | value as u32;
            count += 5;
            if count >= 8 {
                count -= 8;
                bytes.push((bits >> count) as u8);
                bits &= (1 << count) - 1;
            }
        }
        Ok(Secret(bytes.try_into().map_err(|_| NoSecret)?))
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> String {
        secret.shown()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Bytes in base 32 (RFC 4648 §6), without what fills it up.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut count) = (String::new(), 0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(BASE32[(bits >> count & 31) as usize]));
            bits &= (1 << count) - 1;
        }
    }
    if count > 0 {
        text.push(char::from(BASE32[(bits << (5 - count) & 31) as usize]));
    }
    text
}

/// As it stands in a URI (RFC 3986 §2.1).
fn percent(text: &str) -> String {
    let signs = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    });
    signs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B.
    fn known() -> Secret {
        Secret(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = known().step(code, at, 0);
            assert_eq!(step, Some(at as u64 / 30), "{at}");
        }
    }

    #[test]
    fn a_clock_may_be_a_step_off_and_a_code_counts_once() {
        let (at, code) = (1_111_111_111, "050471");
        let step = at as u64 / 30;
        let find = |at, used| known().step(code, at, used);
        assert_eq!(find(at - 30, 0), Some(step));
        assert_eq!(find(at + 30, 0), Some(step));
        assert_eq!(find(at - 60, 0), None);
        assert_eq!(find(at + 60, 0), None);
        assert_eq!(find(at, step - 1), Some(step));
        assert_eq!(find(at, step), None);
        // Whoever has used a later one has no use for one before.
        assert_eq!(find(at, step + 1), None);
    }

    #[test]
    fn what_is_no_code_is_none() {
        for text in [
            "",
            "50471",
            "0050471",
            "+50471",
            "05047a",
            " 50471",
            "٠٥٠٤٧١",
        ] {
            assert_eq!(known().step(text, 1_111_111_111, 0), None, "{text}");
        }
        assert_eq!(known().step("287082", -31, 0), None);
    }

    #[test]
    fn a_secret_is_read_as_it_is_written_and_never_printed() {
        // RFC 4648 §10, without what fills it up.
        for (text, written) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(text.as_bytes()), written);
        }
        let text = known().shown();
        assert_eq!(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(Secret::try_from(text.clone()), Ok(known()));
        for wrong in [&text[1..], &text.to_lowercase(), &format!("{text}A"), "1"] {
            assert_eq!(Secret::try_from(wrong.to_string()), Err(NoSecret));
        }
        assert_eq!(format!("{:?}", known()), "Secret");
        assert_eq!(
            known().uri("demo/anna"),
            "otpauth://totp/K%C3%B6lapp:demo%2Fanna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=K%C3%B6lapp&algorithm=SHA1&digits=6&period=30"
        );
    }
}
