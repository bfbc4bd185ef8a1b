//! Where a dialled number leads within an organisation.

use crate::call::About;
use crate::door::{Coming, Refused, at_door};
use crate::forward::Forwards;
use crate::identity::is_nobody;
use crate::input::Admission;
use crate::outward::{Outside, Payer};
use crate::settings::{
    CallerPattern, Destination, Directory, FeatureCode, Group, Menu, Message, Number, Organisation,
    QueueJourney, Terms,
};
use base::{HoursId, OrgId, QueueId, UserId};
use calendar::{QuickCloses, Verdict};
use media_core::PromptId;

/// Numbers and closed queues that lead on, one after the other: the configuration refuses circles of numbers, this ends
/// one of queues that are all closed.
const LED_ON_MAX: usize = 9;

/// What decides where a number leads: who calls, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    /// User part of the caller's address.
    pub(crate) caller: &'a str,
    /// Seconds since 1970 (UTC); none while nobody has told us.
    pub(crate) unix_seconds: Option<i64>,
    /// What has been closed or opened by hand.
    pub(crate) quick: &'a QuickCloses,
}

/// Where a call goes.
#[derive(Clone, Debug)]
pub(crate) enum Target<'a> {
    /// With how the caller stands from then on, where that changes.
    Queue(&'a QueueId, &'a QueueJourney, Terms),
    User(&'a UserId, &'a Forwards),
    Group(&'a Group),
    Message(Message),
    /// A queue that lets nobody in.
    Shut(Refused),
    Menu(&'a Menu),
    Feature(FeatureCode, About),
    Outside(Outside, Payer),
}

/// The organisation a call belongs to: that of whoever was let in.
pub(crate) fn organisation<'a>(
    directory: &'a Directory,
    admission: &Admission,
) -> Option<(OrgId, &'a Organisation)> {
    let org = match admission {
        Admission::User(user) => user.org(),
        Admission::Trunk(trunk) => trunk.org(),
        Admission::Anyone | Admission::NoRoom => return None,
    };
    let organisation = directory.organisations.get(&org)?;
    Some((org, organisation))
}

/// The colleague of `by` whose account has that name.
pub(crate) fn user_named(organisation: &Organisation, by: &UserId, name: &str) -> Option<UserId> {
    let (id, _) = organisation.user_called(&by.org(), name)?;
    Some(id.clone())
}

/// What `dialled` means to whoever was let in. From a trunk only public numbers can be reached: extensions
/// and feature codes are for the organisation's own people.
pub(crate) fn target<'a>(
    organisation: &'a Organisation,
    admission: &Admission,
    dialled: &str,
    asking: &Asking<'_>,
) -> Option<Target<'a>> {
    let destination = match admission {
        Admission::Trunk(_) => numbered(organisation, dialled)?,
        Admission::User(user) => match feature(organisation, dialled) {
            Some((code, about)) => return Some(Target::Feature(code, about)),
            None => onward(organisation, user, dialled)?,
        },
        Admission::Anyone | Admission::NoRoom => return None,
    };
    Target::of(organisation, &destination, asking)
}

fn numbered(organisation: &Organisation, dialled: &str) -> Option<Destination> {
    let (number, _) = organisation.numbers.get_key_value(dialled)?;
    Some(Destination::Number(number.clone()))
}

/// Where a user of the organisation may call, and send whoever he talks with: to its extensions and numbers, however
/// those are dialled, and else to a number outside, on his account.
pub(crate) fn onward(
    organisation: &Organisation,
    user: &UserId,
    dialled: &str,
) -> Option<Destination> {
    let internal = organisation.extensions.get(dialled).cloned();
    if let Some(internal) = internal.or_else(|| numbered(organisation, dialled)) {
        return Some(internal);
    }
    let outside = organisation.outward.numbering.read(dialled)?;
    let own = numbered(organisation, &outside.number.to_string());
    Some(own.unwrap_or_else(|| Destination::Outside(outside, Payer::User(user.clone()))))
}

/// The feature code that was dialled, and what behind it.
pub(crate) fn feature(organisation: &Organisation, dialled: &str) -> Option<(FeatureCode, About)> {
    if let Some(code) = organisation.feature_codes.get(dialled) {
        return Some((*code, About::Nothing));
    }
    // The longest that fits: *1 and *11 may both be codes.
    let codes = organisation.feature_codes.iter().rev();
    codes
        .filter_map(|(code, feature)| Some((*feature, dialled.strip_prefix(&**code)?)))
        .find_map(|(feature, rest)| Some((feature, about(organisation, feature, rest)?)))
}

/// What `rest` behind a code means: the extension of a queue for one's log-in there alone, a digit for the reason of a
/// pause, a colleague's extension, the number that calls are to go to.
fn about(organisation: &Organisation, feature: FeatureCode, rest: &str) -> Option<About> {
    let colleague = || match organisation.extensions.get(rest)? {
        Destination::User(user) => Some(About::User(user.clone())),
        _ => None,
    };
    let queue = || match organisation.extensions.get(rest)? {
        Destination::Queue(queue) => Some(About::Queue(queue.clone())),
        _ => None,
    };
    match feature {
        FeatureCode::LogIn
        | FeatureCode::LogOut
        | FeatureCode::ListLogIn
        | FeatureCode::ListLogOut => queue().or_else(colleague),
        FeatureCode::ListNext => queue(),
        FeatureCode::Pause => match rest.as_bytes() {
            [digit @ b'0'..=b'9'] => Some(About::Reason(char::from(*digit))),
            _ => colleague(),
        },
        FeatureCode::Resume
        | FeatureCode::EndWrapUp
        | FeatureCode::PickUp
        | FeatureCode::Intercom => colleague(),
        FeatureCode::ForwardAlways
        | FeatureCode::ForwardBusy
        | FeatureCode::ForwardNoAnswer
        | FeatureCode::ForwardUnreachable => Some(About::Number(rest.into())),
        FeatureCode::RecordPrompt | FeatureCode::ListenToPrompt => {
            let recordable = organisation.dictated.numbers.get(rest)?;
            Some(About::Prompt(recordable.clone()))
        }
        FeatureCode::DoNotDisturbOn
        | FeatureCode::DoNotDisturbOff
        | FeatureCode::ForwardOff
        | FeatureCode::ExtendWrapUp
        | FeatureCode::AgentStatus
        | FeatureCode::DevicePhone
        | FeatureCode::DeviceMobile
        | FeatureCode::DeviceBoth
        | FeatureCode::DeviceDeskPhone
        | FeatureCode::DeviceSoftphone
        | FeatureCode::DeviceBrowser
        | FeatureCode::QuickClose => None,
    }
}

impl<'a> Target<'a> {
    /// What a destination is in the settings of now, for whoever asks.
    pub(crate) fn of(
        organisation: &'a Organisation,
        destination: &Destination,
        asking: &Asking<'_>,
    ) -> Option<Target<'a>> {
        let mut destination = destination.clone();
        let mut shut = None;
        for _ in 0..LED_ON_MAX {
            destination = match &destination {
                Destination::Number(number) => {
                    led_by(organisation, organisation.numbers.get(number)?, asking)
                }
                Destination::Queue(queue) | Destination::QueueAs(queue, _) => {
                    let coming = Coming {
                        unix_seconds: asking.unix_seconds,
                        quick: asking.quick,
                    };
                    let Some(mut refused) = at_door(organisation, queue, coming) else {
                        return Target::named(organisation, &destination);
                    };
                    if refused.offers.is_some() {
                        return Some(Target::Shut(refused));
                    }
                    match refused.then.take() {
                        None => return Some(Target::Shut(refused)),
                        Some(then) => {
                            shut = Some(refused);
                            then
                        }
                    }
                }
                _ => return Target::named(organisation, &destination),
            };
        }
        Some(Target::Shut(shut?))
    }

    fn named(organisation: &'a Organisation, destination: &Destination) -> Option<Target<'a>> {
        match destination {
            Destination::Queue(queue) => {
                let (queue, journey) = organisation.queues.get_key_value(queue)?;
                Some(Target::Queue(queue, journey, Terms::default()))
            }
            Destination::QueueAs(queue, terms) => {
                let (queue, journey) = organisation.queues.get_key_value(queue)?;
                Some(Target::Queue(queue, journey, terms.clone()))
            }
            Destination::User(user) => {
                let (id, user) = organisation.users.get_key_value(user)?;
                Some(Target::User(id, &user.forwards))
            }
            Destination::Group(group) => organisation.ways.groups.get(group).map(Target::Group),
            Destination::Menu(menu) => organisation.ways.menus.get(menu).map(Target::Menu),
            Destination::Message(message) => Some(Target::Message(message.clone())),
            Destination::Number(_) => None,
            Destination::Outside(outside, payer) => {
                Some(Target::Outside(outside.clone(), payer.clone()))
            }
        }
    }
}

/// Where a number leads whoever asks.
fn led_by(organisation: &Organisation, number: &Number, asking: &Asking<'_>) -> Destination {
    let by_caller = number.routes.iter().any(|route| !route.from.is_empty());
    let whole = by_caller
        .then(|| organisation.outward.numbering.caller(asking.caller))
        .flatten();
    let caller = whole.as_deref().unwrap_or(asking.caller);
    for route in &number.routes {
        if !route.from.is_empty() && !route.from.iter().any(|from| fits(from, caller)) {
            continue;
        }
        let verdict = |hours: &HoursId| {
            let hours = organisation.ways.hours.get(hours)?;
            Some(hours.at(asking.unix_seconds?))
        };
        // Hours of which nothing is known keep nobody out.
        let is_open = |hours| verdict(hours).is_none_or(|verdict: Verdict<'_>| verdict.is_open);
        if route.open.as_ref().is_some_and(|hours| !is_open(hours))
            || route.closed.as_ref().is_some_and(is_open)
        {
            continue;
        }
        let closed = route.closed.as_ref().and_then(verdict);
        let of_day = closed.as_ref().and_then(|verdict| verdict.why.message());
        return match (&route.to, of_day) {
            (Destination::Message(message), Some(prompt)) => Destination::Message(Message {
                prompt: PromptId::new(prompt),
                then: message.then.clone(),
            }),
            (to, _) => to.clone(),
        };
    }
    number.otherwise.clone()
}

fn fits(pattern: &CallerPattern, caller: &str) -> bool {
    match pattern {
        CallerPattern::Number(number) => **number == *caller,
        CallerPattern::Prefix(prefix) => caller.starts_with(&**prefix),
        CallerPattern::Withheld => is_nobody(caller),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_fit_by_number_by_its_start_or_by_having_none() {
        let number = CallerPattern::Number("+46701234567".into());
        let prefix = CallerPattern::Prefix("+4670".into());
        for (caller, fit) in [
            ("+46701234567", [true, true, false]),
            ("+46701234568", [false, true, false]),
            ("+4685000", [false, false, false]),
            ("Anonymous", [false, false, true]),
            ("", [false, false, true]),
        ] {
            let patterns = [&number, &prefix, &CallerPattern::Withheld];
            assert_eq!(
                patterns.map(|pattern| fits(pattern, caller)),
                fit,
                "{caller}"
            );
        }
    }
}
