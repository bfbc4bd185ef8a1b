//! Commands of the callback lists: to callers who ask to be called back, and to calls to those who have.

use super::Shard;
use crate::input::Output;
use base::Time;
use callback::Command;

impl Shard {
    pub(super) fn callback_command(&mut self, now: Time, command: Command, out: &mut Vec<Output>) {
        match command {
            Command::Offer { call, result } => self.offer_answered(now, call, result, out),
            Command::Choices {
                call,
                choices,
                existing,
            } => self.choices_known(now, call, choices, existing, out),
            Command::Reserved { call, result } => self.reserved(now, call, result, out),
            Command::Accepted { call, result } => self.promise_settled(now, call, result, out),
            Command::Cancelled { call, result } => self.promise_settled(now, call, result, out),
            Command::Dialled { call, result } => self.lists_dialled(now, call, result, out),
            // To calls to persons.
            Command::RingAgent {
                placing,
                entry,
                agent,
                offer,
                order,
                errand,
            } => self.place(now, (placing, entry), &agent, (offer, order), *errand, out),
            Command::RingAnother {
                placing,
                agent,
                offer,
            } => self.ring_another(now, placing, &agent, offer, out),
            Command::StopAgent { placing, offer } => self.stop_agent(now, placing, offer, out),
            Command::RingPerson { placing, .. } => self.ring_person(now, placing, out),
            Command::HangUp { placing, why } => self.end_placing(now, placing, why, out),
            // For whoever runs the lists.
            Command::Store { .. } | Command::Answer { .. } | Command::NotGiven { .. } => {}
        }
    }
}
