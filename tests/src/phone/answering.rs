//! What a phone says to the other side's requests: to the INVITE that calls it, and to those within a call.

use super::call::{Call, Ending};
use super::description;
use crate::sip::{Msg, tag_of};
use crate::sound::Codec;
use std::time::Duration;

impl Call {
    /// Says 180.
    pub fn ring(&self) {
        self.reply(180, "Ringing");
    }

    /// Says 180, and of what it can be told within that call, such as `talk`: to answer.
    pub fn ring_allowing(&self, events: &str) {
        let ringing = self.new_reply(180, "Ringing").with("Allow-Events", events);
        self.phone.respond(&self.invite, &ringing);
    }

    /// Waits until it is told to answer, and does.
    ///
    /// # Panics
    /// When it is not told, or told something else.
    pub fn answer_when_told(&mut self, limit: Duration) {
        let told = self.expect_request("NOTIFY", limit);
        assert_eq!(told.header("Event"), Some("talk"), "{told:?}");
        let tag = told.header("To").and_then(tag_of);
        assert_eq!(tag, tag_of(&self.local), "within the dialog of the ringing");
        self.answer();
    }

    /// Refuses with a status such as 486.
    ///
    /// # Panics
    /// When the refusal is not acknowledged.
    pub fn refuse(&mut self, status: u16) {
        self.refuse_without_ack(status);
        self.expect_request("ACK", super::ANSWER_LIMIT);
    }

    /// Refuses and does not wait.
    pub fn refuse_without_ack(&mut self, status: u16) {
        self.reply(status, "Refused");
        self.ended = Some(Ending::Refused(status));
    }

    /// Answers with 200 and waits for the ACK.
    ///
    /// # Panics
    /// When no ACK comes.
    pub fn answer(&mut self) {
        self.answer_without_ack();
        self.expect_request("ACK", super::ANSWER_LIMIT);
    }

    /// Answers with 200 and does not wait.
    pub fn answer_without_ack(&mut self) {
        self.version += 1;
        let chosen: Vec<Codec> = self
            .theirs
            .as_ref()
            .and_then(|theirs| theirs.codec(&self.codecs))
            .into_iter()
            .collect();
        let kind = ("sendrecv", self.phone.keys);
        let body = description::write(self.media.local(), self.version, &chosen, kind);
        let reply = self.new_reply(200, "OK").with_body("application/sdp", body);
        self.phone.respond(&self.invite, &reply);
        self.aim();
    }

    fn new_reply(&self, status: u16, reason: &str) -> Msg {
        let tag = tag_of(&self.local).unwrap_or_default();
        self.invite
            .reply(status, reason, tag)
            .with("Contact", self.phone.contact())
            .with("Allow", super::ALLOW)
    }

    fn reply(&self, status: u16, reason: &str) {
        self.phone
            .respond(&self.invite, &self.new_reply(status, reason));
    }

    /// Waits until the other side gives up before we answered.
    pub fn expect_cancel(&mut self, limit: Duration) -> Msg {
        let cancel = self.expect_request("CANCEL", limit);
        self.expect_request("ACK", super::ANSWER_LIMIT);
        cancel
    }

    pub(super) fn asked(&mut self, request: &Msg) {
        let tag = tag_of(&self.local).unwrap_or_default().to_owned();
        let ok = request
            .reply(200, "OK", &tag)
            .with("Contact", self.phone.contact());
        match request.method() {
            "ACK" => {}
            "INVITE" => self.asked_again(request, ok),
            "BYE" => {
                self.phone.respond(request, &ok);
                self.ended = Some(Ending::Bye);
                self.last = Some(request.clone());
                self.media.aim(None);
            }
            "CANCEL" => {
                self.phone.respond(request, &ok);
                self.reply(487, "Request Terminated");
                self.ended = Some(Ending::Cancel);
                self.last = Some(request.clone());
            }
            _ => self.phone.respond(request, &ok),
        }
    }

    fn asked_again(&mut self, request: &Msg, ok: Msg) {
        self.target = request.contact_uri().unwrap_or_else(|| self.target.clone());
        self.take_description(request);
        self.version += 1;
        let theirs = self.theirs.as_ref();
        // RFC 3264 §6.1: what one side only sends, the other only receives.
        let direction = match theirs.map(|theirs| theirs.direction.as_str()) {
            Some("sendonly") => "recvonly",
            Some("recvonly") => "sendonly",
            Some("inactive") => "inactive",
            _ => self.direction,
        };
        let chosen: Vec<Codec> = theirs
            .and_then(|theirs| theirs.codec(&self.codecs))
            .into_iter()
            .collect();
        let codecs = if request.body.is_empty() {
            &self.codecs
        } else {
            &chosen
        };
        let kind = (direction, self.phone.keys);
        let body = description::write(self.media.local(), self.version, codecs, kind);
        self.phone
            .respond(request, &ok.with_body("application/sdp", body));
    }
}
