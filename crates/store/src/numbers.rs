//! When two ways of writing a telephone number mean the same, as far as that can be said without knowing its country:
//! `+46701234567`, `0046701234567` and `070-123 45 67` do.

/// Digits that two numbers must have in common at their ends. Fewer are internal numbers, which are the same when they are
/// written the same.
const COMMON_DIGITS: usize = 7;

/// How many keys there are. Of a key alone nobody can tell a number: hundreds of a country's share it.
const KEYS: u32 = 1 << 16;

/// By what a number is found in an index, the same for all ways of writing it; none for one that is no telephone number.
pub(crate) fn key(number: &str) -> Option<u64> {
    let digits = digits(number);
    let start = digits.len().checked_sub(COMMON_DIGITS)?;
    let mixed = digits[start..].bytes().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    // The upper half: the lower bits are those of the last digit.
    Some(u64::from((mixed ^ (mixed >> 16)) % KEYS))
}

/// The last digits, by which a number is looked for in a text; none for one that is no telephone number.
pub(crate) fn end(number: &str) -> Option<String> {
    let digits = digits(number);
    let start = digits.len().checked_sub(COMMON_DIGITS)?;
    Some(digits[start..].to_owned())
}

/// Whether both mean the same.
pub(crate) fn are_same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (one, other) = (significant(one), significant(other));
    let shorter = one.len().min(other.len());
    shorter >= COMMON_DIGITS && (one.ends_with(&other) || other.ends_with(&one))
}

/// Without what is dialled before a number within its country or from outside.
fn significant(number: &str) -> String {
    digits(number).trim_start_matches('0').to_owned()
}

/// Of what stands behind a feature code, where it was dialled so.
fn digits(number: &str) -> String {
    let behind = number
        .trim_end_matches(['*', '#'])
        .rsplit(['*', '#'])
        .next();
    let behind = behind.unwrap_or(number);
    behind.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written_and_another_is_not() {
        let ways = [
            "+46701234567",
            "0046701234567",
            "070-123 45 67",
            "46701234567",
        ];
        for one in ways {
            for other in ways {
                assert!(are_same(one, other), "{one} {other}");
                assert_eq!(key(one), key(other));
                assert!(key(one).is_some());
            }
            for other in ["+46701234568", "+46711234567", "34567", "", "anonymous"] {
                assert!(!are_same(one, other), "{one} {other}");
            }
        }
        assert!(are_same("101", "101") && !are_same("101", "1101"));
        assert_eq!((key("101"), key("anna"), key("")), (None, None, None));
        // Behind a feature code.
        assert_eq!(key("*21*0701234567#"), key("+46701234567"));
        assert!(are_same("*21*0701234567#", "+46701234567"));
    }
}
