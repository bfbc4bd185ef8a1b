//! Early dialogs of an INVITE of ours: one for each party that rings (RFC 3261 §13.2.2.1), since a proxy may have forked
//! it. Which reliable responses count (RFC 3262 §4), and what each has answered. Values and decisions.

use crate::own_call::Taking;
use serde::{Deserialize, Serialize};
use sip_core::dialog::Dialog;
use sip_core::{
    Agreed, HeaderName, Headers, Method, Negotiation, RAck, Request, Response, StatusCode,
};
use std::borrow::Cow;

/// Parties that one INVITE may reach: more forks than these are heard as ringing, and no more.
pub(crate) const EARLY_MAX: usize = 8;

/// The event that tells a phone which rings to answer. No RFC has it; it is implied by the INVITE's dialog, and its NOTIFY
/// has no body.
pub(crate) const TALK: &str = "talk";

/// One early dialog.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Early {
    pub(crate) dialog: Dialog,
    /// RSeq of the latest reliable response that was taken.
    rseq: Option<u32>,
    /// What is agreed with this party, once it has answered our offer.
    pub(crate) negotiation: Option<Negotiation>,
    /// Its answer can't be lost, so no later one to the same offer counts.
    pub(crate) is_settled: bool,
    /// Whether it answers when it is told to.
    taking: Taking,
}

/// The early dialogs, the one whose media is heard last.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Forks(Vec<Early>);

/// What a provisional response comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A repeat, or one before whose turn it came: it counts for nothing, and the repeat will come.
    No,
    /// It counts.
    Yes,
    /// It counts, and wants this acknowledged.
    Reliably(u32),
}

impl Forks {
    /// Whether somebody of that tag rings.
    pub(crate) fn has(&self, tag: &str) -> bool {
        self.place_of(tag).is_some()
    }

    /// A provisional response to the INVITE: notes its dialog and its place in order.
    pub(crate) fn take(&mut self, response: &Response) -> Taken {
        let Some(tag) = tag_of(response) else {
            return Taken::Yes;
        };
        let Some(at) = self.place_of(&tag).or_else(|| self.begin(response)) else {
            return Taken::Yes;
        };
        self.0[at].hear_of_taking(&response.headers);
        let reliable = response.headers.has_token(&HeaderName::Require, "100rel");
        let rseq = response.headers.rseq().ok().flatten();
        match (rseq.filter(|_| reliable), self.0[at].rseq) {
            (None, _) => Taken::Yes,
            // RFC 3262 §4: in order, one higher than the last.
            (Some(came), Some(latest)) if came != latest.wrapping_add(1) => Taken::No,
            (Some(came), _) => {
                self.0[at].rseq = Some(came);
                Taken::Reliably(came)
            }
        }
    }

    fn begin(&mut self, response: &Response) -> Option<usize> {
        if self.0.len() >= EARLY_MAX {
            return None;
        }
        self.0.push(Early {
            dialog: dialog_of(response)?,
            rseq: None,
            negotiation: None,
            is_settled: false,
            taking: Taking::OnPhone,
        });
        Some(self.0.len() - 1)
    }

    /// The party that sent `response`.
    pub(crate) fn of(&mut self, response: &Response) -> Option<&mut Early> {
        let at = self.place_of(&tag_of(response)?)?;
        self.0.get_mut(at)
    }

    /// The party whose request `request` is.
    pub(crate) fn matching(&self, request: &Request) -> Option<&Early> {
        self.0.iter().find(|early| early.dialog.matches(request))
    }

    /// The same, to change it.
    pub(crate) fn matching_mut(&mut self, request: &Request) -> Option<&mut Early> {
        self.0
            .iter_mut()
            .find(|early| early.dialog.matches(request))
    }

    /// The party has answered our offer anew: it is the one that is heard.
    pub(crate) fn heard(&mut self, tag: &str) {
        if let Some(at) = self.place_of(tag) {
            self.0[at..].rotate_left(1);
        }
    }

    /// What is agreed with the one that is heard.
    pub(crate) fn agreed(&self) -> Option<&Agreed> {
        let answered = |early: &Early| early.negotiation.is_some();
        let heard = self.0.iter().rfind(|early| answered(early));
        heard?.negotiation.as_ref()?.agreed()
    }

    /// Whether one of them answers when it is told to.
    pub(crate) fn taking(&self) -> Taking {
        let taking = self.0.iter().map(|early| early.taking);
        taking.max().unwrap_or_default()
    }

    /// One that answers when it is told to, which it is now.
    pub(crate) fn tell_to_answer(&mut self) -> Option<&mut Early> {
        let can = |early: &&mut Early| early.taking == Taking::Possible;
        let early = self.0.iter_mut().find(can)?;
        early.taking = Taking::Asked;
        Some(early)
    }

    /// Whoever was told to answer has said that it does, or it does not.
    pub(crate) fn told_to_answer(&mut self, came: Taking) {
        let asked = |early: &&mut Early| early.taking == Taking::Asked;
        if let Some(early) = self.0.iter_mut().find(asked) {
            early.taking = came;
        }
    }

    /// The party is out of it (199, RFC 6228), or has answered the INVITE.
    pub(crate) fn remove(&mut self, response: &Response) -> Option<Early> {
        let at = self.place_of(&tag_of(response)?)?;
        Some(self.0.remove(at))
    }

    fn place_of(&self, tag: &str) -> Option<usize> {
        self.0
            .iter()
            .position(|early| *early.dialog.remote_tag == *tag)
    }
}

impl Early {
    /// Makers of desk phones write `Allow-Events: talk` where the phone answers at a NOTIFY of that event. Without a Contact
    /// nobody knows where to send it.
    fn hear_of_taking(&mut self, headers: &Headers) {
        let talks = headers.has_token(&HeaderName::AllowEvents, TALK);
        if self.taking == Taking::OnPhone && talks && headers.has(&HeaderName::Contact) {
            self.taking = Taking::Possible;
        }
    }

    /// The PRACK to a response of its (RFC 3262 §4).
    pub(crate) fn prack(&mut self, rseq: u32, response: &Response) -> Option<Request> {
        let cseq = response.headers.cseq().ok()?;
        let mut request = self.dialog.request(Method::Prack);
        let rack = RAck { rseq, cseq };
        request.headers.push(HeaderName::RAck, rack.to_string());
        Some(request)
    }

    /// Its dialog, confirmed by its 2xx, and what was agreed before that, where it stands whatever the 2xx says: an
    /// answer that can't be lost was the only one (RFC 3261 §13.2.1), and a 2xx without one means the early one.
    pub(crate) fn answered(self, response: &Response) -> (Dialog, Option<Negotiation>) {
        let stands = self.is_settled || response.body.is_empty();
        let mut dialog = self.dialog;
        dialog.confirm(response);
        (dialog, self.negotiation.filter(|_| stands))
    }

    /// Its answer to our offer, if the response brings one that counts. `offer` is what all parties were offered.
    pub(crate) fn answer(
        &mut self,
        offer: &mut Negotiation,
        response: &Response,
        taken: Taken,
    ) -> bool {
        if self.is_settled || response.body.is_empty() {
            return false;
        }
        let concluded = offer.conclude(&response.body).is_ok();
        if concluded {
            self.negotiation = Some(offer.clone());
            self.is_settled = matches!(taken, Taken::Reliably(_));
        }
        concluded
    }
}

/// Whether a provisional response says that its party is out of it (RFC 6228).
pub(crate) fn is_terminated(response: &Response) -> bool {
    response.status == StatusCode::EARLY_DIALOG_TERMINATED
}

fn tag_of(response: &Response) -> Option<Cow<'_, str>> {
    response.headers.to_tag()
}

/// The dialog that a response to an INVITE of ours makes; all it needs of the INVITE stands in the response.
pub(crate) fn dialog_of(response: &Response) -> Option<Dialog> {
    Dialog::from_response_alone(response).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ringing(tag: &str, rseq: Option<u32>) -> Response {
        let mut invite = Request::new(Method::Invite, "sip:b@192.0.2.1".parse().unwrap());
        for (name, value) in [
            (HeaderName::From, "<sip:a@192.0.2.2>;tag=us"),
            (HeaderName::To, "<sip:b@192.0.2.1>"),
            (HeaderName::CallId, "x"),
            (HeaderName::CSeq, "4 INVITE"),
        ] {
            invite.headers.push(name, value);
        }
        let mut response = invite.response_with_tag(StatusCode::RINGING, tag);
        let contact = "<sip:b@192.0.2.9:5070>";
        response.headers.push(HeaderName::Contact, contact);
        if let Some(rseq) = rseq {
            response.headers.push(HeaderName::Require, "100rel");
            response.headers.push(HeaderName::RSeq, rseq);
        }
        response
    }

    #[test]
    fn reliable_responses_count_in_order_each_party_by_itself() {
        let mut forks = Forks::default();
        for (tag, rseq, taken) in [
            ("a", 10, Taken::Reliably(10)),
            ("a", 10, Taken::No),
            ("a", 12, Taken::No),
            ("b", 99, Taken::Reliably(99)),
            ("a", 11, Taken::Reliably(11)),
            ("a", 12, Taken::Reliably(12)),
            ("b", 98, Taken::No),
        ] {
            assert_eq!(forks.take(&ringing(tag, Some(rseq))), taken, "{tag} {rseq}");
        }
        assert_eq!(forks.take(&ringing("a", None)), Taken::Yes);
    }

    #[test]
    fn a_prack_goes_to_its_party_with_a_number_of_its_own_and_names_the_response() {
        let mut forks = Forks::default();
        let response = ringing("a", Some(7));
        forks.take(&response);
        let early = forks.of(&response).unwrap();
        let prack = early.prack(7, &response).unwrap();
        assert_eq!(prack.uri.to_string(), "sip:b@192.0.2.9:5070");
        assert_eq!(prack.headers.text(&HeaderName::RAck), Some("7 4 INVITE"));
        assert_eq!(prack.headers.text(&HeaderName::CSeq), Some("5 PRACK"));
    }

    #[test]
    fn one_party_at_a_time_is_told_to_answer_and_only_where_it_said_that_it_would() {
        let mut forks = Forks::default();
        forks.take(&ringing("a", None));
        assert_eq!(forks.taking(), Taking::OnPhone);
        assert!(forks.tell_to_answer().is_none());
        let mut talks = ringing("b", None);
        talks.headers.push(HeaderName::AllowEvents, "hold, Talk");
        let mut nowhere = ringing("c", None);
        nowhere.headers.push(HeaderName::AllowEvents, TALK);
        nowhere.headers.remove(&HeaderName::Contact);
        forks.take(&nowhere);
        assert_eq!(forks.taking(), Taking::OnPhone, "nobody knows where it is");
        forks.take(&talks);
        assert_eq!(forks.taking(), Taking::Possible);
        let told = forks.tell_to_answer().expect("it said so");
        assert_eq!(&*told.dialog.remote_tag, "b");
        assert_eq!(forks.taking(), Taking::Asked);
        assert!(forks.tell_to_answer().is_none(), "it has been told");
        forks.told_to_answer(Taking::Refused);
        forks.take(&talks);
        assert_eq!(forks.taking(), Taking::Refused, "whatever it says again");
    }

    #[test]
    fn forks_beyond_the_limit_ring_and_no_more() {
        let mut forks = Forks::default();
        for n in 0..2 * EARLY_MAX {
            forks.take(&ringing(&format!("t{n}"), Some(1)));
        }
        assert_eq!(forks.0.len(), EARLY_MAX);
        assert!(forks.remove(&ringing("t3", None)).is_some());
        assert!(forks.of(&ringing("t3", None)).is_none());
    }
}
