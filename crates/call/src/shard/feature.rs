//! Feature codes: what was dialled is done through the same commands and permission checks as everything
//! else, and then said.

use super::{Due, Shard};
use crate::admission::role_of;
use crate::call::{About, CONFIRMATION, FeatureCall, Purpose};
use crate::input::{EndCause, Output};
use crate::journey::{CallTimer, PLAYED_WITHIN_MAX};
use crate::settings::FeatureCode;
use acd::Asker;
use base::{CallId, Time, UserId};
use control::{AgentCommand, Principal, Queues, permit};
use media_core::{Command, Playlist, Then};
use sip_core::StatusCode;

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
        let by = Principal::User {
            user: agent.clone(),
            role: role_of(&self.directory, agent),
        };
        let command = command_of(feature, agent.clone());
        match command.and_then(|command| permit(by, command).ok()) {
            Some(command) => out.push(Output::Acd(acd::Input::AgentCommand {
                asker: Asker::Call(call),
                command,
            })),
            None => self.feature_done(now, call, false, out),
        }
    }

    /// It is done, or refused: say so. Then the call ends.
    pub(super) fn feature_done(
        &mut self,
        now: Time,
        call: CallId,
        done: bool,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        let (caller, org) = (entry.caller, entry.org.clone());
        let Purpose::Feature(feature) = &mut entry.purpose else {
            return;
        };
        feature.answered = true;
        let (code, about) = (feature.code, feature.about.clone());
        let Some(prompts) = self
            .directory
            .organisations
            .get(&org)
            .map(|it| &it.feature_prompts)
        else {
            // A reload took the organisation away while this was on its way.
            let status = StatusCode::TEMPORARILY_UNAVAILABLE;
            return self.end_call(now, call, EndCause::NotCompleted, status, out);
        };
        let prompt = match code {
            _ if !done => prompts.refused.clone(),
            FeatureCode::LogIn => prompts.logged_in.clone(),
            FeatureCode::LogOut => prompts.logged_out.clone(),
            FeatureCode::Pause => prompts.paused.clone(),
            FeatureCode::Resume => prompts.resumed.clone(),
            FeatureCode::DoNotDisturbOn => prompts.do_not_disturb_on.clone(),
            FeatureCode::DoNotDisturbOff => prompts.do_not_disturb_off.clone(),
            FeatureCode::ForwardAlways
            | FeatureCode::ForwardBusy
            | FeatureCode::ForwardNoAnswer
            | FeatureCode::ForwardUnreachable
                if matches!(about, About::Number(_)) =>
            {
                prompts.forwarded.clone()
            }
            FeatureCode::ForwardAlways
            | FeatureCode::ForwardBusy
            | FeatureCode::ForwardNoAnswer
            | FeatureCode::ForwardUnreachable
            | FeatureCode::ForwardOff => prompts.not_forwarded.clone(),
            // Nothing is said of those that are done.
            FeatureCode::PickUp | FeatureCode::Intercom => prompts.refused.clone(),
        };
        self.answer(now, caller, out);
        let lost = Due::Call(call, CallTimer::PlayedLost);
        self.timers.arm(lost, now + PLAYED_WITHIN_MAX);
        let confirmation = Playlist {
            token: CONFIRMATION,
            prompts: vec![prompt],
            then: Then::Silence,
        };
        self.media(caller, Command::Play(confirmation), out);
    }
}

/// The command to the queue engine that a code stands for; none where it is another matter.
fn command_of(feature: &FeatureCall, agent: UserId) -> Option<AgentCommand> {
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
        _ => return None,
    })
}
