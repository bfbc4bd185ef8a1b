//! Prompts by telephone: recorded and heard by whoever may, through the same permission check as everything else.

use super::feature::Came;
use super::{Due, Shard};
use crate::admission::role_of;
use crate::call::{About, Purpose};
use crate::dictation::{Dictation, RecordingKept, Step};
use crate::input::{EndCause, Output};
use crate::journey::{CallTimer, PLAYED_WITHIN_MAX};
use crate::settings::FeatureCode;
use base::{CallId, LegId, Time};
use control::{Permitted, Principal, PromptAction, PromptCommand, permit};
use media_core::{Command, Playlist};
use sip_core::StatusCode;
use std::time::Duration;

impl Shard {
    /// A code with a prompt's number behind it was dialled.
    pub(super) fn do_prompt(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let Purpose::Feature(feature) = &entry.purpose else {
            return;
        };
        let (code, token, caller) = (feature.code, entry.token(), entry.caller);
        let About::Prompt(about) = feature.about.clone() else {
            return self.feature_done(now, call, Came::ToNothing, out);
        };
        if code == FeatureCode::ListenToPrompt {
            let name = about.name.clone();
            let came = match self.permitted(
                call,
                PromptAction::Listen {
                    name,
                    version: None,
                },
            ) {
                Some(_) => Came::True,
                None => Came::ToNothing,
            };
            return self.feature_done(now, call, came, out);
        }
        let name = about.name.clone();
        let may = self
            .permitted(call, PromptAction::Record { name })
            .is_some();
        let organisation = self.directory.organisations.get(&entry.org);
        let prompts = organisation.and_then(|it| it.dictated.prompts.clone());
        let Some(prompts) = prompts.filter(|_| may) else {
            return self.feature_done(now, call, Came::ToNothing, out);
        };
        if let Some(entry) = self.call_mut(call) {
            entry.purpose = Purpose::Dictation(Dictation::new(about.name, prompts, token));
        }
        self.answer(now, caller, out);
        self.step_dictation(now, call, out, Dictation::start);
    }

    /// A recording has ended.
    pub(super) fn recorded(
        &mut self,
        now: Time,
        leg: LegId,
        token: u32,
        length: Duration,
        out: &mut Vec<Output>,
    ) {
        if let Some(call) = self.leg(leg).map(|leg| leg.call) {
            self.step_dictation(now, call, out, |dictation, steps| {
                dictation.recorded(token, length, steps);
            });
        }
    }

    /// Whether a recording was kept is known.
    pub(super) fn prompt_kept(
        &mut self,
        now: Time,
        call: CallId,
        kept: RecordingKept,
        out: &mut Vec<Output>,
    ) {
        self.step_dictation(now, call, out, |dictation, steps| {
            dictation.kept(kept, steps)
        });
    }

    pub(super) fn step_dictation(
        &mut self,
        now: Time,
        call: CallId,
        out: &mut Vec<Output>,
        step: impl FnOnce(&mut Dictation, &mut Vec<Step>),
    ) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let caller = entry.caller;
        let Purpose::Dictation(dictation) = &mut entry.purpose else {
            return;
        };
        let mut steps = Vec::new();
        step(dictation, &mut steps);
        let awaited = Due::Call(call, CallTimer::KeyAwaited);
        for step in steps {
            match step {
                Step::Play(playlist) => self.play_awaited(now, call, caller, playlist, out),
                Step::Record { token } => self.media(caller, Command::Record { token }, out),
                Step::StopRecording => self.media(caller, Command::StopRecording, out),
                Step::Wait(span) => self.timers.arm(awaited, now + span),
                Step::StopWaiting => self.timers.disarm(&awaited),
                Step::Keep => self.keep_recording(now, call, caller, out),
                Step::End => {
                    let status = StatusCode::OK;
                    self.end_call(now, call, EndCause::Completed, status, out);
                }
            }
        }
    }

    /// Plays what somebody hears who answers by keys: its end is awaited, unless it is silence.
    pub(super) fn play_awaited(
        &mut self,
        now: Time,
        call: CallId,
        caller: LegId,
        playlist: Playlist,
        out: &mut Vec<Output>,
    ) {
        let lost = Due::Call(call, CallTimer::PlayedLost);
        match playlist.prompts.is_empty() {
            true => self.timers.disarm(&lost),
            false => self.timers.arm(lost, now + PLAYED_WITHIN_MAX),
        }
        self.media(caller, Command::Play(playlist), out);
    }

    /// Asked anew whether he may: a reload may have changed what he is.
    fn keep_recording(&mut self, now: Time, call: CallId, leg: LegId, out: &mut Vec<Output>) {
        let Some(Purpose::Dictation(dictation)) = self.call(call).map(|call| &call.purpose) else {
            return;
        };
        let name = dictation.name().into();
        let home = self.leg(leg).map(|leg| leg.media_home);
        match (self.permitted(call, PromptAction::Record { name }), home) {
            (Some(command), Some(home)) => out.push(Output::KeepRecording {
                call,
                home,
                leg,
                command,
            }),
            _ => self.prompt_kept(now, call, RecordingKept::No, out),
        }
    }

    fn permitted(&self, call: CallId, action: PromptAction) -> Option<Permitted<PromptCommand>> {
        let entry = self.call(call)?;
        let user = entry.caller_user.as_ref()?;
        let by = Principal::User {
            user: user.clone(),
            role: role_of(&self.directory, user),
        };
        let org = entry.org.clone();
        permit(by, PromptCommand { org, action }).ok()
    }
}
