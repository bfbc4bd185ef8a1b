//! Keys as a phone is told of them by INFO.

use super::{Phone, Side};
use sip_core::{Request, StatusCode};

/// How a phone hears keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum KeysBy {
    /// As telephone events in the sound.
    #[default]
    Events,
    /// By INFO: its descriptions know no telephone events.
    Info,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PhoneKeys {
    pub(crate) by: KeysBy,
    /// Those it was told of, in order.
    pub(crate) told: String,
    /// What it answers, if not 200.
    pub(crate) refuses: Option<StatusCode>,
}

impl Phone {
    pub(super) fn told_a_key(&mut self, request: &Request) -> StatusCode {
        let Side::Up { dialog, .. } = &mut self.side else {
            return StatusCode::CALL_DOES_NOT_EXIST;
        };
        if dialog.accept(request).is_err() {
            return StatusCode::SERVER_INTERNAL_ERROR;
        }
        let body = std::str::from_utf8(&request.body).unwrap();
        let key = body
            .strip_prefix("Signal=")
            .and_then(|it| it.chars().next());
        self.keys.told.extend(key);
        self.keys.refuses.unwrap_or(StatusCode::OK)
    }
}
