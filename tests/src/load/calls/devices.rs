//! The devices' half: they ring, answer, and take BYE and CANCEL.

use super::witness::Stands;
use super::{ANSWERS_APART, Device, Generator, Outgoing, Plan, State};
use crate::phone::Description;
use crate::random;
use crate::sip::{Msg, address_uri, tag_of};
use std::time::Instant;

impl Generator {
    pub(super) fn read_devices(&mut self, plan: &Plan) {
        let mut buffer = [0; 8_192];
        while let Ok(length) = self.devices.recv(&mut buffer) {
            let Some(message) = Msg::parse(&buffer[..length]) else {
                continue;
            };
            match message.method() {
                _ if !message.is_request() => {}
                "INVITE" => self.called(&message, plan),
                "ACK" => {
                    if let Some(device) = self.incoming.get_mut(message.call_id())
                        && !device.acknowledged
                    {
                        device.acknowledged = true;
                        self.tally.connected += 1;
                        if let (Some(witness), Some(caller)) = (&mut self.witness, &device.caller) {
                            witness.acknowledged(caller);
                        }
                        if let (Some(hold), Some(caller)) = (plan.hold, device.caller.clone()) {
                            self.hanging_up.push_back((Instant::now() + hold, caller));
                        }
                    }
                }
                "BYE" => {
                    if let Some(device) = self.incoming.remove(message.call_id()) {
                        self.witness_end(&device);
                        self.freed.insert(device.user, Instant::now());
                    }
                    let _ = self
                        .devices
                        .send_to(&message.reply(200, "OK", "x").to_bytes(), self.server);
                }
                "CANCEL" => self.cancelled(&message),
                _ => {
                    let _ = self
                        .devices
                        .send_to(&message.reply(200, "OK", "x").to_bytes(), self.server);
                }
            }
        }
    }

    fn called(&mut self, invite: &Msg, plan: &Plan) {
        if self.incoming.contains_key(invite.call_id()) {
            return;
        }
        let now = Instant::now();
        let caller = invite.header("From").map(address_uri).unwrap_or_default();
        let caller = caller
            .trim_start_matches("sip:")
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned();
        let caller = self.numbers.get(&caller).map(|caller| {
            self.tally.offer.push(now - caller.began);
            self.tally.overtaken += usize::from(caller.index < self.latest_rung_for);
            self.latest_rung_for = self.latest_rung_for.max(caller.index);
            caller.call_id.clone()
        });
        let user = invite
            .uri()
            .trim_start_matches("sip:")
            .split('@')
            .next()
            .unwrap_or_default()
            .to_owned();
        if let Some(witness) = &mut self.witness {
            witness.rung(&user, caller.as_deref(), now);
        }
        let rung_before = match &caller {
            Some(caller) => self.rings.entry(caller.clone()).or_default(),
            None => &mut 0,
        };
        let answers_later = ANSWERS_APART * *rung_before;
        *rung_before += 1;
        if let Some(since) = self.freed.remove(&user) {
            self.tally.refill.push(now - since);
        }
        let tag = random::token();
        let contact = format!("<sip:{user}@{}>", self.contact());
        let ringing = invite
            .reply(180, "Ringing", &tag)
            .with("Contact", contact.clone());
        let _ = self.devices.send_to(&ringing.to_bytes(), self.server);
        let answer = invite
            .reply(200, "OK", &tag)
            .with("Contact", contact)
            .with_body("application/sdp", self.description())
            .to_bytes();
        debug_assert!(
            invite.header("To").and_then(tag_of).is_none(),
            "a device's first INVITE opens a dialog"
        );
        self.legs
            .extend(Description::parse(&invite.body_text()).map(|theirs| theirs.address));
        let device = Device {
            user,
            caller,
            answer,
            sent: None,
            attempts: 0,
            acknowledged: false,
        };
        self.incoming.insert(invite.call_id().to_owned(), device);
        let answers = now + plan.ring + answers_later;
        self.ringing.insert((answers, invite.call_id().to_owned()));
        self.answer_due(now);
    }

    fn cancelled(&mut self, cancel: &Msg) {
        let _ = self
            .devices
            .send_to(&cancel.reply(200, "OK", "x").to_bytes(), self.server);
        if let Some(device) = self.incoming.remove(cancel.call_id())
            && let Some(answer) = Msg::parse(&device.answer)
        {
            if let Some(witness) = &mut self.witness {
                witness.freed(&device.user);
            }
            let mut refusal = answer;
            refusal.start = "SIP/2.0 487 Request Terminated".to_owned();
            refusal
                .headers
                .retain(|(name, _)| !matches!(name.as_str(), "Content-Type" | "Content-Length"));
            refusal.body.clear();
            let _ = self.devices.send_to(&refusal.to_bytes(), self.server);
        }
    }

    fn witness_end(&mut self, device: &Device) {
        let Some(witness) = &mut self.witness else {
            return;
        };
        witness.freed(&device.user);
        if let (Some(caller), true) = (&device.caller, device.acknowledged) {
            let is_up = |call: &Outgoing| call.state == State::Up;
            let stands = match self.outgoing.get(caller).is_some_and(is_up) {
                true => Stands::Yes,
                false => Stands::No,
            };
            witness.ended(caller, stands);
        }
    }

    pub(super) fn answer_due(&mut self, now: Instant) {
        while self.ringing.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.ringing.pop_first() else {
                break;
            };
            if let Some(device) = self.incoming.get_mut(&id) {
                let _ = self.devices.send_to(&device.answer, self.server);
                (device.sent, device.attempts) = (Some(now), 1);
            }
        }
    }
}
