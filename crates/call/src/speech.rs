//! Numbers as prompts to be played one after another. The fragments that ship (`number-0` to `number-99`,
//! hundreds, thousands) make this one grammar right for Swedish and English alike: `tjugoett` and
//! `twenty-one` are each one recording.

use crate::settings::Language;
use media_core::PromptId;

/// Largest number that can be said; beyond it nothing is said rather than something wrong.
pub const NUMBER_MAX: u32 = 9_999;

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
    let folder = language.folder();
    Some(
        spoken
            .map(|part| PromptId::new(&format!("{folder}/number-{part}")))
            .collect(),
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn said(language: Language, value: u32) -> Vec<String> {
        let prompts = number(language, value).unwrap();
        prompts.iter().map(PromptId::to_string).collect()
    }

    #[test]
    fn twenty_one_is_one_word_and_larger_numbers_are_put_together() {
        assert_eq!(said(Language::Sv, 21), ["sv/number-21"]);
        assert_eq!(said(Language::En, 0), ["en/number-0"]);
        assert_eq!(said(Language::Sv, 100), ["sv/number-100"]);
        assert_eq!(
            said(Language::En, 1_342),
            ["en/number-1000", "en/number-300", "en/number-42"]
        );
        assert_eq!(number(Language::Sv, 10_000), None);
    }

    #[test]
    fn every_number_up_to_the_largest_is_said_with_prompts_that_exist_and_adds_up() {
        let names: BTreeSet<String> = number_prompt_names().map(|n| format!("sv/{n}")).collect();
        for value in 0..=NUMBER_MAX {
            let mut sum = 0;
            for prompt in said(Language::Sv, value) {
                assert!(names.contains(&prompt), "{prompt}");
                sum += prompt.rsplit('-').next().unwrap().parse::<u32>().unwrap();
            }
            assert_eq!(sum, value);
        }
    }
}
