//! Feature codes: what was dialled is done through the same commands and permission checks as everything
//! else, and then said.

use super::{Due, Shard};
use crate::admission::role_of;
use crate::agent_codes;
use crate::call::{About, CONFIRMATION, FeatureCall, Purpose};
use crate::dictation::Recordable;
use crate::input::{EndCause, Output};
use crate::journey::{CallTimer, PLAYED_WITHIN_MAX};
use crate::settings::{FeatureCode, FeaturePrompts, Organisation};
use acd::{Asker, CommandRefusal, Standing};
use base::{CallId, LegId, Time, UserId};
use control::{AgentCommand, Device, Principal, Queues, permit};
use media_core::{Command, Playlist, PromptId, Then};
use sip_core::StatusCode;
use std::sync::Arc;

impl Shard {
    pub(super) fn do_feature(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        if let Some(personal) = self.personal(call) {
            return self.do_personal(now, call, personal, out);
        }
        let Some(entry) = self.call(call) else {
            return;
        };
        let (Purpose::Feature(feature), Some(agent)) = (&entry.purpose, &entry.caller_user) else {
            return;
        };
        if let FeatureCode::RecordPrompt | FeatureCode::ListenToPrompt = feature.code {
            return self.do_prompt(now, call, out);
        }
        if let FeatureCode::ListLogIn | FeatureCode::ListLogOut | FeatureCode::ListNext =
            feature.code
        {
            return self.do_list_code(now, call, out);
        }
        if feature.code == FeatureCode::QuickClose {
            return self.begin_closing(now, call, out);
        }
        let by = Principal::User {
            user: agent.clone(),
            role: role_of(&self.directory, agent),
        };
        if feature.code == FeatureCode::AgentStatus {
            let (leg, user) = (entry.caller, agent.clone());
            return out.push(Output::Locate { leg, user });
        }
        let command = command_of(feature, agent.clone());
        match command.and_then(|command| permit(by, command).ok()) {
            Some(command) => out.push(Output::Acd(acd::Input::AgentCommand {
                asker: Asker::Call(call),
                command,
            })),
            None => self.feature_done(now, call, Came::ToNothing, out),
        }
    }

    /// The call in which this leg's user asks how he stands, if there is one.
    pub(super) fn asks_standing(&self, leg: LegId) -> Option<CallId> {
        let call = self.leg(leg)?.call;
        let entry = self.call(call).filter(|entry| entry.caller == leg)?;
        let is_asked = |feature: &FeatureCall| feature.code == FeatureCode::AgentStatus;
        matches!(&entry.purpose, Purpose::Feature(feature) if is_asked(feature)).then_some(call)
    }

    /// Where callers from queues reach him is known; how he stands knows the queue engine.
    pub(super) fn ask_standing(&mut self, call: CallId, device: Device, out: &mut Vec<Output>) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let (Purpose::Feature(feature), Some(agent)) = (&mut entry.purpose, &entry.caller_user)
        else {
            return;
        };
        feature.about = About::Device(device);
        let agent = agent.clone();
        out.push(Output::Acd(acd::Input::AskAgent { call, agent }));
    }

    /// It is done, or refused: say so. Then the call ends.
    pub(super) fn feature_done(
        &mut self,
        now: Time,
        call: CallId,
        came: Came,
        out: &mut Vec<Output>,
    ) {
        let confirmation = |organisation: &Organisation, feature: &FeatureCall| {
            vec![confirmation(&organisation.feature_prompts, feature, came)]
        };
        self.say_of_feature(now, call, confirmation, out);
    }

    /// How the agent who asked stands.
    pub(super) fn tell_standing(
        &mut self,
        now: Time,
        call: CallId,
        standing: &Standing,
        out: &mut Vec<Output>,
    ) {
        let user = self.call(call).and_then(|entry| entry.caller_user.clone());
        let status = |organisation: &Organisation, feature: &FeatureCall| {
            let mobile = user.and_then(|user| organisation.users.get(&user)?.mobile.as_ref());
            let device = match &feature.about {
                About::Device(device) if mobile.is_some() => Some(*device),
                About::Device(device) if !device.is_on_mobile() && *device != Device::Phone => {
                    Some(*device)
                }
                _ => None,
            };
            agent_codes::status(organisation, standing, device)
        };
        self.say_of_feature(now, call, status, out);
    }

    fn say_of_feature(
        &mut self,
        now: Time,
        call: CallId,
        words: impl FnOnce(&Organisation, &FeatureCall) -> Vec<PromptId>,
        out: &mut Vec<Output>,
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        let organisation = directory.organisations.get(&entry.org);
        let Purpose::Feature(feature) = &mut entry.purpose else {
            return;
        };
        feature.answered = true;
        let Some(organisation) = organisation else {
            // A reload took the organisation away while this was on its way.
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            return self.end_call(now, call, EndCause::NotCompleted, status, out);
        };
        let prompts = words(organisation, feature);
        self.answer(now, caller, out);
        let lost = Due::Call(call, CallTimer::PlayedLost);
        self.timers.arm(lost, now + PLAYED_WITHIN_MAX);
        let confirmation = Playlist {
            token: CONFIRMATION,
            prompts,
            then: Then::Silence,
        };
        self.media(caller, Command::Play(confirmation), out);
    }
}

/// What came of what a code asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It is so.
    True,
    /// It could not be done.
    ToNothing,
    /// The reason that was dialled behind it is none.
    ToNoReason,
    /// His licence does not go for that queue.
    ToNoLicence,
    /// No callback may be made now.
    ToNothingDue,
    /// He has to say what came of his last one first.
    ToNoteOwed,
}

impl Came {
    /// What the queue engine says.
    pub(super) fn of(result: &Result<(), CommandRefusal>) -> Came {
        match result {
            Ok(()) => Came::True,
            Err(CommandRefusal::NoSuchReason { .. }) => Came::ToNoReason,
            Err(CommandRefusal::NoLicence { .. }) => Came::ToNoLicence,
            Err(_) => Came::ToNothing,
        }
    }
}

fn confirmation(prompts: &FeaturePrompts, feature: &FeatureCall, came: Came) -> PromptId {
    let prompt = match feature.code {
        _ if came == Came::ToNothing => &prompts.refused,
        _ if came == Came::ToNoReason => &prompts.agent.no_such_reason,
        _ if came == Came::ToNoLicence => &prompts.agent.no_licence,
        _ if came == Came::ToNothingDue => &prompts.lists.nothing_due,
        _ if came == Came::ToNoteOwed => &prompts.lists.note_owed,
        FeatureCode::ListLogIn => &prompts.lists.logged_in,
        FeatureCode::ListLogOut => &prompts.lists.logged_out,
        FeatureCode::ListNext => &prompts.lists.next,
        FeatureCode::LogIn => &prompts.logged_in,
        FeatureCode::LogOut => &prompts.logged_out,
        FeatureCode::Pause => &prompts.paused,
        FeatureCode::Resume => &prompts.resumed,
        FeatureCode::EndWrapUp => &prompts.agent.wrap_up_ended,
        FeatureCode::ExtendWrapUp => &prompts.agent.wrap_up_extended,
        FeatureCode::DevicePhone => &prompts.agent.on_phone,
        FeatureCode::DeviceMobile => &prompts.agent.on_mobile,
        FeatureCode::DeviceBoth => &prompts.agent.on_both,
        FeatureCode::DeviceDeskPhone => &prompts.agent.on_desk_phone,
        FeatureCode::DeviceSoftphone => &prompts.agent.on_softphone,
        FeatureCode::DeviceBrowser => &prompts.agent.on_browser,
        FeatureCode::DoNotDisturbOn => &prompts.do_not_disturb_on,
        FeatureCode::DoNotDisturbOff => &prompts.do_not_disturb_off,
        FeatureCode::ForwardAlways
        | FeatureCode::ForwardBusy
        | FeatureCode::ForwardNoAnswer
        | FeatureCode::ForwardUnreachable
            if matches!(feature.about, About::Number(_)) =>
        {
            &prompts.forwarded
        }
        FeatureCode::ForwardAlways
        | FeatureCode::ForwardBusy
        | FeatureCode::ForwardNoAnswer
        | FeatureCode::ForwardUnreachable
        | FeatureCode::ForwardOff => &prompts.not_forwarded,
        // Nothing is said of those that are done, or it is said in words of its own.
        FeatureCode::PickUp
        | FeatureCode::Intercom
        | FeatureCode::AgentStatus
        | FeatureCode::RecordPrompt
        | FeatureCode::QuickClose => &prompts.refused,
        FeatureCode::ListenToPrompt => match &feature.about {
            About::Prompt(Recordable {
                heard: Some(prompt),
                ..
            }) => prompt,
            _ => &prompts.refused,
        },
    };
    prompt.clone()
}

/// The command to the queue engine that a code stands for; none where it is another matter.
fn command_of(feature: &FeatureCall, by: UserId) -> Option<AgentCommand> {
    let agent = match &feature.about {
        About::User(other) => other.clone(),
        _ => by,
    };
    let queues = match &feature.about {
        About::Queue(queue) => Queues::One(queue.clone()),
        _ => Queues::All,
    };
    let reason = match feature.about {
        About::Reason(digit) => Some(digit.to_string()),
        _ => None,
    };
    Some(match feature.code {
        FeatureCode::LogIn => AgentCommand::LogIn { agent, queues },
        FeatureCode::LogOut => AgentCommand::LogOut { agent, queues },
        FeatureCode::Pause => AgentCommand::Pause { agent, reason },
        FeatureCode::Resume => AgentCommand::Resume { agent },
        FeatureCode::EndWrapUp => AgentCommand::EndWrapUp { agent },
        FeatureCode::ExtendWrapUp => AgentCommand::ExtendWrapUp { agent, span: None },
        _ => return None,
    })
}
