//! Feature codes: what was dialled is done through the same commands and permission checks as everything
//! else, and then said.

use super::{Due, Shard};
use crate::admission::role_of;
use crate::call::{CONFIRMATION, Purpose};
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
        match permit(by, command_of(feature.code, agent.clone())) {
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

fn command_of(code: FeatureCode, agent: UserId) -> AgentCommand {
    match code {
        FeatureCode::LogIn => AgentCommand::LogIn {
            agent,
            queues: Queues::All,
        },
        FeatureCode::LogOut => AgentCommand::LogOut {
            agent,
            queues: Queues::All,
        },
        FeatureCode::Pause => AgentCommand::Pause {
            agent,
            reason: None,
        },
        FeatureCode::Resume => AgentCommand::Resume { agent },
    }
}
