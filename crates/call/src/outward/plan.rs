//! Countries' numbering plans, as fast as a call needs them.
//!
//! The plans are the library's. Its own way to ask them takes a lock for each pattern, keeps a hundred compiled for all
//! countries together, and lets a pattern begin at any digit: each new number made its automata bigger, by megabytes in
//! all. Here a plan is compiled once, when its first number comes, and each pattern is tried at the first digit only.

use crate::outward::number::Class;
use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};
use regex::{Regex, RegexBuilder};
use std::sync::OnceLock;

/// What one pattern's automaton may take of memory; the biggest plans need some tens of kilobytes.
const AUTOMATON_BYTES: usize = 256 * 1024;

/// Calling codes have at most three digits (E.164 §6.2.1).
const CODES: usize = 1_000;

/// Numbers of one length and form.
#[derive(Debug)]
struct Form {
    lengths: Vec<u16>,
    /// None where the library's own pattern is none: it then has no number.
    pattern: Option<Regex>,
}

impl Form {
    fn of(descriptor: &Descriptor) -> Form {
        Form {
            lengths: descriptor.possible_length().to_vec(),
            pattern: beginning_with(descriptor.national_number().as_str()),
        }
    }

    fn has(&self, national: &str) -> bool {
        let length = |length: &u16| usize::from(*length) == national.len();
        (self.lengths.is_empty() || self.lengths.iter().any(length))
            && (self.pattern.as_ref()).is_some_and(|pattern| pattern.is_match(national))
    }
}

/// A pattern that is tried at the first digit only, of ASCII digits: its automaton has few states, whatever comes.
fn beginning_with(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})"))
        .ignore_whitespace(true)
        .unicode(false)
        .dfa_size_limit(AUTOMATON_BYTES)
        .build()
        .ok()
}

/// The numbers of one country.
#[derive(Debug)]
pub(super) struct Plan {
    metadata: &'static Metadata,
    compiled: OnceLock<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    any: Form,
    /// Tried in this order.
    kinds: Vec<(Form, Class)>,
    leads: Option<Regex>,
}

/// The plans of those who share a calling code, the main country's first; none if nobody has it.
pub(super) fn of_code(code: u16) -> Option<&'static [Plan]> {
    static PLANS: [OnceLock<Vec<Plan>>; CODES] = [const { OnceLock::new() }; CODES];
    let plans = PLANS.get(usize::from(code))?.get_or_init(|| {
        let of_code = DATABASE.by_code(&code).unwrap_or_default();
        let plan = |metadata| Plan {
            metadata,
            compiled: OnceLock::new(),
        };
        of_code.into_iter().map(plan).collect()
    });
    (!plans.is_empty()).then_some(plans)
}

impl Plan {
    /// The two letters of the country.
    pub(super) fn id(&self) -> &'static str {
        self.metadata.id()
    }

    /// Compiles it.
    pub(super) fn prepare(&self) {
        self.compiled();
    }

    /// What kind of number it is; none if the plan has no such number.
    pub(super) fn kind_of(&self, national: &str) -> Option<Class> {
        let compiled = self.compiled();
        if !compiled.any.has(national) {
            return None;
        }
        let kind = (compiled.kinds.iter()).find(|(form, _)| form.has(national));
        kind.map(|(_, class)| *class)
    }

    /// Whether numbers that begin so are this country's, among those that share its calling code.
    pub(super) fn leads(&self, national: &str) -> bool {
        (self.compiled().leads.as_ref()).is_some_and(|digits| digits.is_match(national))
    }

    fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| Compiled::from(self.metadata))
    }
}

impl From<&Metadata> for Compiled {
    fn from(metadata: &Metadata) -> Compiled {
        let kinds = metadata.descriptors();
        let order = [
            (kinds.premium_rate(), Class::Premium),
            (kinds.toll_free(), Class::Freephone),
            (kinds.shared_cost(), Class::SharedCost),
            // Numbers that follow a person, and pagers, are a known way to hide a premium rate.
            (kinds.personal_number(), Class::Premium),
            (kinds.pager(), Class::Premium),
            (kinds.voip(), Class::National),
            (kinds.uan(), Class::National),
            (kinds.voicemail(), Class::National),
            (kinds.fixed_line(), Class::National),
            (kinds.mobile(), Class::Mobile),
        ];
        let form = |(kind, class): (Option<&Descriptor>, Class)| Some((Form::of(kind?), class));
        Compiled {
            any: Form::of(kinds.general()),
            kinds: order.into_iter().filter_map(form).collect(),
            leads: (metadata.leading_digits()).and_then(|digits| beginning_with(digits.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};

    /// What the library says itself.
    fn by_the_library(plan: &Metadata, national: &str) -> Option<Class> {
        let kinds = plan.descriptors();
        let has = |kind: Option<&Descriptor>| kind.is_some_and(|kind| kind.is_match(national));
        if !has(Some(kinds.general())) {
            return None;
        }
        let premium = [kinds.premium_rate(), kinds.personal_number(), kinds.pager()];
        let national = [
            kinds.voip(),
            kinds.uan(),
            kinds.voicemail(),
            kinds.fixed_line(),
        ];
        match () {
            () if has(kinds.premium_rate()) => Some(Class::Premium),
            () if has(kinds.toll_free()) => Some(Class::Freephone),
            () if has(kinds.shared_cost()) => Some(Class::SharedCost),
            () if premium.into_iter().any(has) => Some(Class::Premium),
            () if national.into_iter().any(has) => Some(Class::National),
            () if has(kinds.mobile()) => Some(Class::Mobile),
            () => None,
        }
    }

    #[test]
    fn a_number_is_of_the_kind_that_the_library_says_in_every_country() {
        let seed = 46;
        println!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut kinds = std::collections::BTreeMap::new();
        for plan in (0..1_000).filter_map(of_code).flatten() {
            let descriptors = plan.metadata.descriptors();
            let some = [
                descriptors.fixed_line(),
                descriptors.mobile(),
                descriptors.premium_rate(),
            ];
            let examples = some.into_iter().flatten().filter_map(Descriptor::example);
            for example in examples {
                for turn in 0..8 {
                    let mut digits = example.to_owned().into_bytes();
                    // The first is the example itself, the others are near it: longer, shorter, other digits.
                    for _ in 0..turn / 2 {
                        let at = rng.next_u32() as usize % digits.len();
                        digits[at] = b'0' + (rng.next_u32() % 10) as u8;
                    }
                    match turn {
                        6 => digits.push(b'7'),
                        7 => digits.truncate(digits.len() - 1),
                        _ => {}
                    }
                    let number = String::from_utf8(digits).unwrap();
                    let kind = plan.kind_of(&number);
                    assert_eq!(
                        kind,
                        by_the_library(plan.metadata, &number),
                        "{} {number}",
                        plan.id()
                    );
                    *kinds.entry(kind).or_insert(0) += 1;
                }
            }
        }
        assert!(kinds.len() >= 6, "{kinds:?}");
    }
}
