//! A telephone that answers when it is told to by a NOTIFY of the event `talk` within the dialog of its ringing, or does not
//! keep what it promised.

use super::{Phone, Seen, Side};
use base::Time;
use bytes::Bytes;
use sip_core::dialog::Dialog;
use sip_core::transaction::{Input, ServerKey};
use sip_core::{HeaderName, Headers, Request, StatusCode};

/// What a phone does that is told to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Told {
    /// It does not say that it can be told.
    #[default]
    Never,
    /// Answers.
    Answers,
    /// Says yes, and rings on.
    RingsOn,
    /// Says no, with this.
    Refuses(StatusCode),
    /// Says nothing.
    IsSilent,
}

impl Phone {
    /// What it can be told, as makers of desk phones write it in what says that the phone rings.
    pub(super) fn allow_events(&self, headers: &mut Headers) {
        if self.told != Told::Never {
            headers.push(HeaderName::AllowEvents, "hold,talk");
        }
    }

    pub(super) fn is_told_to_answer(request: &Request) -> bool {
        request.headers.text(&HeaderName::Event) == Some("talk")
    }

    pub(super) fn told_to_answer(
        &mut self,
        now: Time,
        key: ServerKey,
        request: &Request,
        out: &mut Vec<Bytes>,
    ) {
        assert!(request.body.is_empty(), "it has no state to tell of");
        let say = |status| Input::Respond {
            key,
            response: request.response_with_tag(status, "phone"),
        };
        let is_of_ringing = match &self.side {
            Side::Called {
                request: invite, ..
            } => {
                let mut dialog = Dialog::from_invite(invite, "phone").unwrap();
                dialog.matches(request) && dialog.accept(request).is_ok()
            }
            _ => false,
        };
        if !is_of_ringing {
            // It crossed the answer, or the end of the call.
            return self.step(now, say(StatusCode::CALL_DOES_NOT_EXIST), out);
        }
        match self.told {
            Told::Never => panic!("it has not said that it can be told"),
            Told::IsSilent => {}
            Told::Refuses(status) => self.step(now, say(status), out),
            Told::RingsOn => self.step(now, say(StatusCode::OK), out),
            Told::Answers => {
                self.seen.push(Seen::ToldToAnswer);
                self.step(now, say(StatusCode::OK), out);
                self.answer(now, out);
            }
        }
    }
}
