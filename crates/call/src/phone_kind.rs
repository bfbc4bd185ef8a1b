//! What kind of telephone has registered, for agents who take calls on one kind alone. A browser comes over a WebSocket; a
//! softphone is known by what it calls itself; whatever else registers is a desk phone.

use control::Device;
use sip_core::Transport;
use sip_core::registrar::Binding;

/// What the usual softphones call themselves in User-Agent, or a part of it, in lower case.
pub const SOFTPHONES: [&str; 22] = [
    "3cxphone",
    "acrobits",
    "baresip",
    "blink",
    "bria",
    "counterpath",
    "csipsimple",
    "ekiga",
    "eyebeam",
    "groundwire",
    "jitsi",
    "linphone",
    "microsip",
    "ninjalite",
    "phonerlite",
    "pjsua",
    "sflphone",
    "sipdroid",
    "twinkle",
    "x-lite",
    "yate",
    "zoiper",
];

/// A kind of telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneKind {
    /// One on a desk, or anything that is none of the others.
    Desk,
    /// A program.
    Softphone,
    /// A page in a browser.
    Browser,
}

/// Whether an agent who takes calls there takes them on this phone. `softphones` is what those call themselves, in lower
/// case.
pub fn takes_calls(device: Device, phone: &Binding, softphones: &[Box<str>]) -> bool {
    let wanted = match device {
        Device::Phone | Device::Both => return true,
        Device::Mobile => return false,
        Device::DeskPhone => PhoneKind::Desk,
        Device::Softphone => PhoneKind::Softphone,
        Device::Browser => PhoneKind::Browser,
    };
    kind(phone, softphones) == wanted
}

/// Which kind a telephone is, as it has registered; `softphones` as above.
pub fn kind(phone: &Binding, softphones: &[Box<str>]) -> PhoneKind {
    if matches!(phone.flow.transport, Transport::Ws | Transport::Wss) {
        return PhoneKind::Browser;
    }
    let called = phone.user_agent.as_deref().unwrap_or_default();
    let called = called.to_ascii_lowercase();
    match softphones.iter().any(|name| called.contains(&**name)) {
        true => PhoneKind::Softphone,
        false => PhoneKind::Desk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Time;
    use sip_core::{Flow, Host, Uri};

    fn phone(transport: Transport, user_agent: Option<&str>) -> Binding {
        let address = ([127, 0, 0, 1], 5060).into();
        let flow = Flow {
            transport,
            local: address,
            remote: address,
            connection: 0,
        };
        Binding {
            contact: Uri::sip(Some("anna"), Host::Name("localhost".into()), None),
            flow,
            expires_at: Time::ZERO,
            call_id: "1".into(),
            cseq: 1,
            user_agent: user_agent.map(Box::from),
            q: 1_000,
            instance: None,
            reg_id: None,
            path: Box::default(),
            natted: false,
        }
    }

    #[test]
    fn a_phone_is_of_one_kind_and_takes_the_calls_of_all_and_of_its_own() {
        let softphones = SOFTPHONES.map(Box::from);
        let kinds = [Device::DeskPhone, Device::Softphone, Device::Browser];
        for (phone, kind) in [
            (phone(Transport::Udp, Some("snomD735/10.1")), 0),
            (phone(Transport::Tls, None), 0),
            (phone(Transport::Udp, Some("Linphone-Desktop/5.2")), 1),
            (phone(Transport::Tcp, Some("baresip v3.16")), 1),
            (phone(Transport::Wss, Some("JsSIP 3.13")), 2),
            (phone(Transport::Ws, Some("Linphone")), 2),
        ] {
            let takes = kinds.map(|device| takes_calls(device, &phone, &softphones));
            let mut expected = [false; 3];
            expected[kind] = true;
            assert_eq!(takes, expected, "{:?}", phone.user_agent);
            assert!(takes_calls(Device::Phone, &phone, &softphones));
            assert!(!takes_calls(Device::Mobile, &phone, &softphones));
        }
    }
}
