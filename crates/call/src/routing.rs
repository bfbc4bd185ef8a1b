//! Where a dialled number leads within an organisation.

use crate::input::Admission;
use crate::settings::{Destination, Directory, FeatureCode, Organisation, QueueJourney};
use base::{OrgId, QueueId, UserId};

/// Where a call goes.
#[derive(Clone, Debug)]
pub(crate) enum Target<'a> {
    Queue(&'a QueueId, &'a QueueJourney),
    User(&'a UserId),
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
    let destination = match admission {
        Admission::Trunk(_) => organisation.numbers.get(dialled)?,
        Admission::User(_) => {
            if let Some(code) = organisation.feature_codes.get(dialled) {
                return Some(Target::Feature(*code));
            }
            organisation
                .extensions
                .get(dialled)
                .or_else(|| organisation.numbers.get(dialled))?
        }
        Admission::Anyone | Admission::NoRoom => return None,
    };
    Target::of(organisation, destination)
}

/// Where a user of the organisation may send whoever he talks with: to all that he could dial, but for what has
/// something done.
pub(crate) fn onward<'a>(organisation: &'a Organisation, dialled: &str) -> Option<&'a Destination> {
    let extension = organisation.extensions.get(dialled);
    extension.or_else(|| organisation.numbers.get(dialled))
}

impl<'a> Target<'a> {
    /// What a destination is in the settings of now.
    pub(crate) fn of(
        organisation: &'a Organisation,
        destination: &Destination,
    ) -> Option<Target<'a>> {
        match destination {
            Destination::Queue(queue) => {
                let (queue, journey) = organisation.queues.get_key_value(queue)?;
                Some(Target::Queue(queue, journey))
            }
            Destination::User(user) => {
                let (id, _) = organisation.users.get_key_value(user)?;
                Some(Target::User(id))
            }
        }
    }
}
