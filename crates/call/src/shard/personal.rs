//! Feature codes about a person's own calls: whether his phones ring, where his calls go, whose ringing call he takes,
//! and whose phone he speaks to at once.

use super::Shard;
use super::feature::Came;
use crate::call::{About, Between, FeatureCall, Purpose};
use crate::crosswise::{Named, Rules};
use crate::forward::{self, ForwardCause};
use crate::input::{CallEvent, Output};
use crate::settings::{Destination, FeatureCode, Member, Organisation};
use crate::wishes::{Change, Device, DoNotDisturb, Wish};
use base::{CallId, LegId, Time, UserId};

/// What a code asks for.
pub(super) enum Personal {
    /// Something about the one who dials it.
    Wish(Change),
    /// The call that rings at one of these.
    PickUp(Vec<UserId>),
    /// Nothing that can be done.
    Impossible,
}

impl Shard {
    /// What a code asks for that concerns no queue; none for those that do.
    pub(super) fn personal(&self, call: CallId) -> Option<Personal> {
        let entry = self.call(call)?;
        let Purpose::Feature(feature) = &entry.purpose else {
            return None;
        };
        let user = entry.caller_user.as_ref()?;
        let organisation = self.directory.organisations.get(&entry.org)?;
        let forward = |cause| forward_wish(organisation, user, feature, cause);
        Some(match feature.code {
            FeatureCode::LogIn
            | FeatureCode::LogOut
            | FeatureCode::Pause
            | FeatureCode::Resume
            | FeatureCode::EndWrapUp
            | FeatureCode::ExtendWrapUp
            | FeatureCode::AgentStatus
            | FeatureCode::ListLogIn
            | FeatureCode::ListLogOut
            | FeatureCode::ListNext
            | FeatureCode::RecordPrompt
            | FeatureCode::ListenToPrompt
            | FeatureCode::QuickClose => return None,
            FeatureCode::DoNotDisturbOn => Personal::Wish(Change::DoNotDisturb(DoNotDisturb::On)),
            FeatureCode::DoNotDisturbOff => Personal::Wish(Change::DoNotDisturb(DoNotDisturb::Off)),
            FeatureCode::DevicePhone => Personal::Wish(Change::Device(Device::Phone)),
            FeatureCode::DeviceMobile | FeatureCode::DeviceBoth
                if organisation.users.get(user)?.mobile.is_none() =>
            {
                Personal::Impossible
            }
            FeatureCode::DeviceMobile => Personal::Wish(Change::Device(Device::Mobile)),
            FeatureCode::DeviceBoth => Personal::Wish(Change::Device(Device::Both)),
            FeatureCode::DeviceDeskPhone => Personal::Wish(Change::Device(Device::DeskPhone)),
            FeatureCode::DeviceSoftphone => Personal::Wish(Change::Device(Device::Softphone)),
            FeatureCode::DeviceBrowser => Personal::Wish(Change::Device(Device::Browser)),
            FeatureCode::ForwardAlways => forward(ForwardCause::Always),
            FeatureCode::ForwardBusy => forward(ForwardCause::Busy),
            FeatureCode::ForwardNoAnswer => forward(ForwardCause::NoAnswer),
            FeatureCode::ForwardUnreachable => forward(ForwardCause::Unreachable),
            FeatureCode::ForwardOff => Personal::Wish(Change::NoForwards),
            FeatureCode::PickUp => match &feature.about {
                About::User(other) => Personal::PickUp(vec![other.clone()]),
                _ => Personal::PickUp(colleagues(organisation, user)),
            },
            // One that may be spoken to at once is called, and never comes here.
            FeatureCode::Intercom => Personal::Impossible,
        })
    }

    pub(super) fn do_personal(
        &mut self,
        now: Time,
        call: CallId,
        personal: Personal,
        out: &mut Vec<Output>,
    ) {
        let user = self.call(call).and_then(|call| call.caller_user.clone());
        match (personal, user) {
            (Personal::Wish(change), Some(user)) => {
                out.push(Output::Event(CallEvent::Wished {
                    user: user.clone(),
                    change: change.clone(),
                }));
                out.push(Output::Wish { call, user, change });
            }
            (Personal::PickUp(users), Some(_)) if !users.is_empty() => {
                out.push(Output::FindRinging { call, users });
            }
            _ => self.feature_done(now, call, Came::ToNothing, out),
        }
    }

    /// A leg that rings at one of those was sought: its call is asked for.
    pub(super) fn ringing_found(
        &mut self,
        now: Time,
        call: CallId,
        leg: Option<LegId>,
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.live_call_mut(call) else {
            return;
        };
        if !matches!(&entry.purpose, Purpose::Feature(feature) if feature.code == FeatureCode::PickUp)
        {
            return;
        }
        let Some(leg) = leg else {
            return self.feature_done(now, call, Came::ToNothing, out);
        };
        entry.purpose = Purpose::Between(Between::Claiming {
            named: Named::Leg(leg),
            rules: Rules::OfInvite,
        });
        self.claim(now, call, out);
    }
}

/// A forward that was dialled: to where he may call, or off where no number was.
fn forward_wish(
    organisation: &Organisation,
    user: &UserId,
    feature: &FeatureCall,
    cause: ForwardCause,
) -> Personal {
    let About::Number(number) = &feature.about else {
        return Personal::Wish(Change::Forward(cause, Wish::Off));
    };
    let allowed = match forward::destination(organisation, user, number) {
        Some(Destination::Outside(outside, payer)) => {
            organisation.outward.check(&payer, &outside).is_ok()
        }
        Some(_) => true,
        None => false,
    };
    match allowed {
        true => Personal::Wish(Change::Forward(cause, Wish::To(number.clone()))),
        false => Personal::Impossible,
    }
}

/// Those whose ringing calls a person may take without saying whose: the others in his groups.
fn colleagues(organisation: &Organisation, user: &UserId) -> Vec<UserId> {
    let me = Member::User(user.clone());
    let groups = organisation.ways.groups.values();
    let mine = groups.filter(|group| group.members.contains(&me));
    let others = mine.flat_map(|group| &group.members);
    let mut users: Vec<UserId> = others
        .filter_map(|member| match member {
            Member::User(other) if other != user => Some(other.clone()),
            _ => None,
        })
        .collect();
    users.sort();
    users.dedup();
    users
}
