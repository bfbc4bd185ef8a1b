//! Where a dialled number leads within an organisation.

use crate::input::Admission;
use crate::settings::{
    Destination, Directory, FeatureCode, Group, Menu, Message, Organisation, QueueJourney,
};
use base::{OrgId, QueueId, UserId};

/// Numbers that lead to numbers: the configuration refuses circles, this ends one that came by another way.
const NUMBERS_DEEP_MAX: usize = 8;

/// Where a call goes.
#[derive(Clone, Debug)]
pub(crate) enum Target<'a> {
    Queue(&'a QueueId, &'a QueueJourney),
    User(&'a UserId),
    Group(&'a Group),
    Message(&'a Message),
    Menu(&'a Menu),
    Feature(FeatureCode),
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

/// What `dialled` means to whoever was let in. From a trunk only public numbers can be reached: extensions
/// and feature codes are for the organisation's own people.
pub(crate) fn target<'a>(
    organisation: &'a Organisation,
    admission: &'a Admission,
    dialled: &str,
) -> Option<Target<'a>> {
    let number = |dialled| Some(&organisation.numbers.get(dialled)?.otherwise);
    let destination = match admission {
        Admission::Trunk(_) => number(dialled)?,
        Admission::User(_) => {
            if let Some(code) = organisation.feature_codes.get(dialled) {
                return Some(Target::Feature(*code));
            }
            organisation
                .extensions
                .get(dialled)
                .or_else(|| number(dialled))?
        }
        Admission::Anyone | Admission::NoRoom => return None,
    };
    Target::of(organisation, destination)
}

/// Where a user of the organisation may send whoever he talks with: to all that he could dial, but for what has
/// something done.
pub(crate) fn onward<'a>(organisation: &'a Organisation, dialled: &str) -> Option<&'a Destination> {
    let extension = organisation.extensions.get(dialled);
    extension.or_else(|| Some(&organisation.numbers.get(dialled)?.otherwise))
}

impl<'a> Target<'a> {
    /// What a destination is in the settings of now.
    pub(crate) fn of(
        organisation: &'a Organisation,
        mut destination: &'a Destination,
    ) -> Option<Target<'a>> {
        for _ in 0..NUMBERS_DEEP_MAX {
            match destination {
                Destination::Number(number) => {
                    destination = &organisation.numbers.get(number)?.otherwise;
                }
                _ => return Target::named(organisation, destination),
            }
        }
        None
    }

    fn named(organisation: &'a Organisation, destination: &'a Destination) -> Option<Target<'a>> {
        match destination {
            Destination::Queue(queue) => {
                let (queue, journey) = organisation.queues.get_key_value(queue)?;
                Some(Target::Queue(queue, journey))
            }
            Destination::User(user) => {
                let (id, _) = organisation.users.get_key_value(user)?;
                Some(Target::User(id))
            }
            Destination::Group(group) => organisation.ways.groups.get(group).map(Target::Group),
            Destination::Menu(menu) => organisation.ways.menus.get(menu).map(Target::Menu),
            Destination::Message(message) => Some(Target::Message(message)),
            Destination::Number(_) => None,
        }
    }
}
