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
        match permit(by, command_of(feature, agent.clone())) {
            Ok(command) => out.push(Output::Acd(acd::Input::AgentCommand {
                asker: Asker::Call(call),
                command,
            })),
            Err(_) => self.feature_done(now, call, false, out),
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
        let code = feature.code;
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

fn command_of(feature: &FeatureCall, agent: UserId) -> AgentCommand {
    let queues = match &feature.about {
        About::Queue(queue) => Queues::One(queue.clone()),
        About::Nothing | About::Reason(_) => Queues::All,
    };
    let reason = match feature.about {
        About::Reason(digit) => Some(digit.to_string()),
        About::Nothing | About::Queue(_) => None,
    };
    match feature.code {
        FeatureCode::LogIn => AgentCommand::LogIn { agent, queues },
        FeatureCode::LogOut => AgentCommand::LogOut { agent, queues },
        FeatureCode::Pause => AgentCommand::Pause { agent, reason },
        FeatureCode::Resume => AgentCommand::Resume { agent },
    }
}
