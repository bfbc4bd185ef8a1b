//! Codes of the callback lists: an agent logs in to his lists, out of them, and takes the callback whose turn it is. That one is
//! called as by the call button, once he has hung up: his device rings, he hears whom he is to call, then the person is called.

use super::Shard;
use super::feature::Came;
use crate::admission::role_of;
use crate::call::{About, FeatureCall, Purpose};
use crate::input::Output;
use crate::settings::FeatureCode;
use base::{CallId, Time, UserId};
use callback::{Dialled, Input, Refusal};
use control::{CallbackCommand, EntryAction, Principal, Queues, StaffAction, permit};

impl Shard {
    /// Has the lists do what was dialled.
    pub(super) fn do_list_code(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let (Purpose::Feature(feature), Some(agent)) = (&entry.purpose, &entry.caller_user) else {
            return;
        };
        match staff_command(feature, agent.clone()) {
            Some(command) => self.dial_lists(now, call, command, out),
            None => self.feature_done(now, call, Came::ToNothing, out),
        }
    }

    /// They have done it, or not.
    pub(super) fn lists_dialled(
        &mut self,
        now: Time,
        call: CallId,
        result: Result<Dialled, Refusal>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let Purpose::Feature(feature) = &mut entry.purpose else {
            return;
        };
        let came = match result {
            Ok(Dialled::Done) => Came::True,
            Ok(Dialled::Leased { list, entry }) => {
                feature.about = About::Callback(list, entry);
                Came::True
            }
            Err(Refusal::NothingDue) => Came::ToNothingDue,
            Err(Refusal::OwesNote { .. }) => Came::ToNoteOwed,
            Err(_) => Came::ToNothing,
        };
        self.feature_done(now, call, came, out);
    }

    /// An agent who took the next callback has hung up: his device is free, and rings for it.
    pub(super) fn calls_the_next(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let (Purpose::Feature(feature), Some(agent)) = (&entry.purpose, &entry.caller_user) else {
            return;
        };
        let About::Callback(list, entry) = &feature.about else {
            return;
        };
        let command = CallbackCommand::Entry {
            list: list.clone(),
            entry: *entry,
            version: None,
            action: EntryAction::Call(agent.clone()),
        };
        self.dial_lists(now, call, command, out);
    }

    fn dial_lists(
        &mut self,
        now: Time,
        call: CallId,
        command: CallbackCommand,
        out: &mut Vec<Output>,
    ) {
        let user = self.call(call).and_then(|call| call.caller_user.clone());
        let Some(user) = user else {
            return;
        };
        let role = role_of(&self.directory, &user);
        match permit(Principal::User { user, role }, command) {
            Ok(command) => out.push(Output::Callback(Input::Dialled { call, command })),
            Err(_) => self.feature_done(now, call, Came::ToNothing, out),
        }
    }
}

/// The command to the lists that a code stands for; none where it is another matter.
fn staff_command(feature: &FeatureCall, by: UserId) -> Option<CallbackCommand> {
    let agent = match &feature.about {
        About::User(other) => other.clone(),
        _ => by,
    };
    let lists = match &feature.about {
        About::Queue(queue) => Queues::One(queue.clone()),
        _ => Queues::All,
    };
    let action = match feature.code {
        FeatureCode::ListLogIn => StaffAction::LogIn(lists),
        FeatureCode::ListLogOut => StaffAction::LogOut(lists),
        FeatureCode::ListNext => StaffAction::TakeNext(lists),
        _ => return None,
    };
    Some(CallbackCommand::Staff { agent, action })
}
