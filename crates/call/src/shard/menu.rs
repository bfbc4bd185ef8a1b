//! Menus, and the keys that callers press: what comes of them is for the call's purpose to say, however they came.

use super::called_back::Key;
use super::{Due, Shard};
use crate::call::Purpose;
use crate::dictation::Dictation;
use crate::input::{EndCause, Output};
use crate::journey::{CallTimer, PLAYED_WITHIN_MAX};
use crate::keys::KeyWay;
use crate::leg::Acceptance;
use crate::menu::{Choosing, Dialling, Step};
use crate::settings::{Answering, Destination};
use base::{CallId, LegId, Time};
use media_core::Command;
use sip_core::StatusCode;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

impl Shard {
    /// A party pressed a key.
    pub(super) fn key_pressed(
        &mut self,
        now: Time,
        leg: LegId,
        key: char,
        way: KeyWay,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let call = entry.call;
        if !entry.keys.is_new(now, key, way) {
            return;
        }
        if self.accepting(now, leg, key, out) == Acceptance::Awaited {
            return;
        }
        self.pass_key_on(now, leg, key, way, out);
        if self.call(call).is_none_or(|call| call.caller != leg)
            || self.callback_key(now, call, key, out) == Key::Taken
        {
            return;
        }
        let Some(entry) = self.call_mut(call) else {
            return;
        };
        match &entry.purpose {
            Purpose::Menu(_) => {
                self.step_menu(now, call, out, |choosing, dial, steps| {
                    choosing.key(key, dial, steps);
                });
            }
            Purpose::Dictation(_) => self.step_dictation(now, call, out, |dictation, steps| {
                dictation.key(key, steps);
            }),
            Purpose::Closing(_) => self.step_closing(now, call, out, |closing, pin, steps| {
                closing.key(key, pin, steps);
            }),
            // He knows what comes. A key too many is forgotten.
            Purpose::Message(_) => drop(entry.keys.push(key)),
            Purpose::Queue(_) => self.key_while_waiting(now, call, key, out),
            Purpose::Outside(_) => self.key_while_calling_back(now, call, key, out),
            _ => {}
        }
    }

    /// Answers a caller to a menu, since before that not every phone and exchange lets us hear his keys.
    pub(super) fn offer_menu(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        let Some(entry) = self.call(call) else {
            return;
        };
        let caller = entry.caller;
        self.transfer_reached(call, StatusCode::OK, out);
        self.let_hear(now, caller, Answering::AtOnce, out);
        self.step_menu(now, call, out, |choosing, _, steps| choosing.start(steps));
        // What he pressed before: a key that leads to another menu leaves it those after it.
        while let Some(entry) = self.call_mut(call).filter(|it| !it.keys.is_empty()) {
            let key = entry.keys.remove(0);
            self.step_menu(now, call, out, |choosing, dial, steps| {
                choosing.key(key, dial, steps);
            });
        }
    }

    pub(super) fn menu_played(
        &mut self,
        now: Time,
        call: CallId,
        token: u32,
        out: &mut Vec<Output>,
    ) {
        self.step_menu(now, call, out, |choosing, dial, steps| {
            choosing.played(token, dial, steps);
        });
    }

    pub(super) fn menu_played_unnoticed(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        self.step_menu(now, call, out, |choosing, dial, steps| {
            choosing.played_unnoticed(dial, steps);
        });
    }

    /// A menu has waited long enough for a key.
    pub(super) fn key_awaited(&mut self, now: Time, call: CallId, out: &mut Vec<Output>) {
        self.callback_awaited(now, call, out);
        self.step_dictation(now, call, out, Dictation::waited);
        self.step_closing(now, call, out, |closing, pin, steps| {
            closing.waited(pin, steps);
        });
        self.step_menu(now, call, out, |choosing, dial, steps| {
            choosing.waited(dial, steps);
        });
    }

    fn step_menu(
        &mut self,
        now: Time,
        call: CallId,
        out: &mut Vec<Output>,
        step: impl FnOnce(&mut Choosing, &dyn Fn(&str) -> Dialling, &mut Vec<Step>),
    ) {
        let directory = Arc::clone(&self.directory);
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        let organisation = directory.organisations.get(&entry.org);
        let dial = |typed: &str| match organisation {
            Some(organisation) => dialling(&organisation.extensions, typed),
            None => Dialling::NOTHING,
        };
        let caller = entry.caller;
        let Purpose::Menu(choosing) = &mut entry.purpose else {
            return;
        };
        let mut steps = Vec::new();
        step(choosing, &dial, &mut steps);
        for step in steps {
            match step {
                Step::Play(playlist) => {
                    let lost = Due::Call(call, CallTimer::PlayedLost);
                    match playlist.prompts.is_empty() {
                        true => self.timers.disarm(&lost),
                        false => self.timers.arm(lost, now + PLAYED_WITHIN_MAX),
                    }
                    self.media(caller, Command::Play(playlist), out);
                }
                Step::Wait(span) => {
                    let awaited = Due::Call(call, CallTimer::KeyAwaited);
                    self.timers.arm(awaited, now + span);
                }
                Step::StopWaiting => self.timers.disarm(&Due::Call(call, CallTimer::KeyAwaited)),
                Step::Go(destination) => self.go_on(now, call, Some(&destination), out),
                Step::Dial(number) => {
                    let destination = organisation.and_then(|it| it.extensions.get(&number));
                    self.go_on(now, call, destination, out);
                }
                Step::GiveUp => {
                    let status = StatusCode::TEMPORARILY_UNAVAILABLE;
                    self.end_call(now, call, EndCause::Completed, status, out);
                }
            }
        }
    }

    fn go_on(
        &mut self,
        now: Time,
        call: CallId,
        destination: Option<&Destination>,
        out: &mut Vec<Output>,
    ) {
        let status = StatusCode::NOT_FOUND;
        match destination {
            Some(destination) => self.enter_or_end(now, call, destination, status, out),
            None => self.end_call(now, call, EndCause::NotCompleted, status, out),
        }
    }
}

/// What the digits so far are among the internal numbers.
fn dialling(extensions: &BTreeMap<Box<str>, Destination>, typed: &str) -> Dialling {
    let longer = (Bound::Excluded(typed), Bound::Unbounded);
    Dialling {
        is_whole: extensions.contains_key(typed),
        is_start: extensions
            .range::<str, _>(longer)
            .next()
            .is_some_and(|(next, _)| next.starts_with(typed)),
    }
}
