//! As whom a call goes out: by the settings of whoever pays for it, and by what his phone asks for where they allow
//! that. Nothing else that anybody wrote comes into it.

use super::{CallerId, Payer, Rights, Settings};
use serde::{Deserialize, Serialize};

/// As whom a call goes out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownAs {
    /// What the called party sees.
    pub caller_id: CallerId,
    /// The number that a trusted network is told, whether or not the called party sees one (RFC 3325); in E.164 with
    /// its plus.
    pub asserted: Option<Box<str>>,
    /// The name beside the number.
    pub name: Option<Box<str>>,
}

impl Settings {
    /// As whom `payer` calls. `wish` is what his phone asked for: no number, or one of those that are his.
    pub fn shown_as(&self, payer: &Payer, wish: Option<&CallerId>) -> ShownAs {
        let own = self.own(payer);
        let by = [own, Some(&self.common)];
        let mut settings = by.iter().flatten();
        let set = settings.find_map(|rights| rights.caller_id.as_ref());
        let set = set.unwrap_or(&CallerId::Withheld);
        let may = |number: &str| by.iter().flatten().any(|rights| rights.has_number(number));
        let caller_id = match wish {
            Some(CallerId::Withheld) => &CallerId::Withheld,
            Some(picked @ CallerId::Number(number)) if may(number) => picked,
            _ => set,
        };
        let numbers = by
            .iter()
            .flatten()
            .filter_map(|rights| rights.caller_id.as_ref());
        let mut numbers = std::iter::once(caller_id).chain(numbers);
        let asserted = numbers.find_map(|number| match number {
            CallerId::Number(number) => Some(number.clone()),
            CallerId::Withheld => None,
        });
        let mut names = by.iter().flatten().filter_map(|rights| rights.name.clone());
        ShownAs {
            caller_id: caller_id.clone(),
            asserted,
            name: names.next(),
        }
    }
}

impl Rights {
    fn has_number(&self, wanted: &str) -> bool {
        self.numbers.contains(wanted)
            || matches!(&self.caller_id, Some(CallerId::Number(number)) if **number == *wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = "+46850001000";
    const DIRECT: &str = "+46850001001";
    const SHOP: &str = "+46850001002";

    fn number(number: &str) -> CallerId {
        CallerId::Number(number.into())
    }

    fn settings(own: Option<CallerId>, common: Option<CallerId>) -> Settings {
        let rights = |caller_id, numbers: &[&str]| Rights {
            caller_id,
            numbers: numbers.iter().map(|number| Box::from(*number)).collect(),
            ..Rights::default()
        };
        Settings {
            common: rights(common, &[]),
            users: [("demo/anna".parse().unwrap(), rights(own, &[SHOP]))].into(),
            ..Settings::default()
        }
    }

    #[test]
    fn a_phone_picks_among_its_user_s_numbers_and_may_always_show_none() {
        let anna = Payer::User("demo/anna".parse().unwrap());
        let hidden = || Some(CallerId::Withheld);
        for (own, common, wish, seen, asserted) in [
            (
                Some(number(DIRECT)),
                Some(number(MAIN)),
                None,
                number(DIRECT),
                Some(DIRECT),
            ),
            (None, Some(number(MAIN)), None, number(MAIN), Some(MAIN)),
            (
                None,
                Some(number(MAIN)),
                Some(number(SHOP)),
                number(SHOP),
                Some(SHOP),
            ),
            (
                Some(number(DIRECT)),
                Some(number(MAIN)),
                Some(number(MAIN)),
                number(MAIN),
                Some(MAIN),
            ),
            (
                hidden(),
                Some(number(MAIN)),
                Some(number(SHOP)),
                number(SHOP),
                Some(SHOP),
            ),
            // None of his, whatever it looks like.
            (
                Some(number(DIRECT)),
                None,
                Some(number(MAIN)),
                number(DIRECT),
                Some(DIRECT),
            ),
            (
                None,
                Some(number(MAIN)),
                Some(number("+46112")),
                number(MAIN),
                Some(MAIN),
            ),
            (
                None,
                Some(number(MAIN)),
                Some(number("")),
                number(MAIN),
                Some(MAIN),
            ),
            (
                None,
                Some(number(MAIN)),
                Some(number("+46850001002 ")),
                number(MAIN),
                Some(MAIN),
            ),
            // Shown to nobody, known to the network.
            (
                Some(number(DIRECT)),
                None,
                hidden(),
                CallerId::Withheld,
                Some(DIRECT),
            ),
            (
                hidden(),
                Some(number(MAIN)),
                None,
                CallerId::Withheld,
                Some(MAIN),
            ),
            (hidden(), None, None, CallerId::Withheld, None),
            (None, None, None, CallerId::Withheld, None),
        ] {
            let told = format!("{own:?} {common:?} {wish:?}");
            let shown = settings(own, common).shown_as(&anna, wish.as_ref());
            assert_eq!(shown.caller_id, seen, "{told}");
            assert_eq!(shown.asserted.as_deref(), asserted, "{told}");
        }
    }

    #[test]
    fn a_number_that_is_another_s_is_nobody_else_s() {
        let bosse = Payer::User("demo/bosse".parse().unwrap());
        let settings = settings(None, Some(number(MAIN)));
        let shown = settings.shown_as(&bosse, Some(&number(SHOP)));
        assert_eq!(shown.caller_id, number(MAIN));
    }
}
