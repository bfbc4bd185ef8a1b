//! Causes of the telephone network (ITU-T Q.850) and statuses of SIP: what one is in the other's words (RFC 3398,
//! RFC 4497), so that trunks hear why a call was refused, and what they say of a number is told from their own trouble.

use sip_core::{Protocol, Reason, Reasons, StatusCode};

/// Normal call clearing: a party hung up.
const CLEARED: u16 = 16;

/// What a status is to the telephone network (RFC 3398 §8.2.6.1). None of one that says nothing about a call.
const CAUSES: [(u16, u16); 37] = [
    (400, 41),
    (401, 21),
    (402, 21),
    (403, 21),
    (404, 1),
    (405, 63),
    (406, 79),
    (407, 21),
    (408, 102),
    (410, 22),
    (413, 127),
    (414, 127),
    (415, 79),
    (416, 127),
    (420, 127),
    (421, 127),
    (423, 127),
    (480, 18),
    (481, 41),
    (482, 25),
    (483, 25),
    (484, 28),
    (485, 1),
    (486, 17),
    // The caller gave up; RFC 4497 §8.4.4 clears as usual.
    (487, CLEARED),
    // RFC 3398 goes by the Warning; without one the two have no media in common.
    (488, 88),
    (500, 41),
    (501, 79),
    (502, 38),
    (503, 41),
    (504, 102),
    (505, 127),
    (513, 127),
    (600, 17),
    (603, 21),
    (604, 1),
    (606, 88),
];

/// Causes that are about the number or whoever has it, whatever status they came in (RFC 3398 §7.2.4.1): another
/// trunk would say the same. All others are the network's trouble.
const OF_THE_NUMBER: [(u16, u16); 8] = [
    (1, 404),
    (17, 486),
    // No user responding and no answer: 408 would be taken for a silent trunk.
    (18, 480),
    (19, 480),
    (20, 480),
    (21, 603),
    (22, 410),
    (28, 484),
];

/// The reason that a trunk is given for a final status, where nobody gave one in its words.
pub(crate) fn for_status(status: StatusCode) -> Option<Reason> {
    let (_, cause) = CAUSES.iter().find(|(of, _)| *of == status.code())?;
    Some(of_q850(*cause))
}

/// The reason that a trunk is given for a BYE.
pub(crate) fn cleared() -> Reason {
    of_q850(CLEARED)
}

fn of_q850(cause: u16) -> Reason {
    Reason {
        protocol: Protocol::Q850,
        cause,
        text: None,
    }
}

/// What a trunk's refusal means: its status, or what its reason says of the number where the status only says that it
/// didn't work.
pub(crate) fn meant(status: StatusCode, reasons: &Reasons) -> StatusCode {
    let is_vague = matches!(status.code(), 400 | 403 | 480 | 500 | 502..=504 | 603);
    let told = reasons.cause(Protocol::Q850).filter(|_| is_vague);
    let row = told.and_then(|cause| OF_THE_NUMBER.iter().find(|(of, _)| *of == cause));
    row.and_then(|(_, status)| StatusCode::new(*status).ok())
        .unwrap_or(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: u16) -> StatusCode {
        StatusCode::new(code).unwrap()
    }

    #[test]
    fn every_refusal_has_its_cause_and_what_is_no_refusal_has_none() {
        for (code, cause) in [
            (404, Some(1)),
            (403, Some(21)),
            (408, Some(102)),
            (480, Some(18)),
            (484, Some(28)),
            (486, Some(17)),
            (487, Some(16)),
            (488, Some(88)),
            (500, Some(41)),
            (503, Some(41)),
            (600, Some(17)),
            (603, Some(21)),
            (200, None),
            (302, None),
            (422, None),
            (499, None),
        ] {
            assert_eq!(for_status(status(code)).map(|it| it.cause), cause, "{code}");
        }
        let in_order = CAUSES.windows(2).all(|pair| pair[0].0 < pair[1].0);
        assert!(in_order, "each status once");
    }

    #[test]
    fn a_cause_about_the_number_says_more_than_a_vague_status() {
        for (code, cause, means) in [
            (503, 17, 486),
            (500, 1, 404),
            (480, 17, 486),
            (480, 19, 480),
            (603, 21, 603),
            (503, 28, 484),
            (502, 22, 410),
            (504, 18, 480),
            // The network's own trouble.
            (503, 34, 503),
            (503, 38, 503),
            (500, 41, 500),
            (480, 27, 480),
            // The status says it already.
            (486, 1, 486),
            (404, 17, 404),
            (487, 17, 487),
            (408, 17, 408),
        ] {
            let reasons = Reasons::from(of_q850(cause));
            assert_eq!(
                meant(status(code), &reasons),
                status(means),
                "{code} {cause}"
            );
        }
        let of_sip = Reason {
            protocol: Protocol::Sip,
            ..of_q850(17)
        };
        assert_eq!(meant(status(503), &of_sip.into()), status(503));
        assert_eq!(meant(status(503), &Reasons::default()), status(503));
    }

    #[test]
    fn a_refusal_that_goes_through_us_keeps_its_meaning() {
        for (cause, code) in OF_THE_NUMBER
            .into_iter()
            .filter(|(cause, _)| ![19, 20].contains(cause))
        {
            assert_eq!(for_status(status(code)).map(|it| it.cause), Some(cause));
        }
    }
}
