//! What `kolapp run` prints once it is up: where it listens, what to dial, which accounts there are.

use base::OrgId;
use call::settings::{Destination, FeatureCode, Organisation};
use config::Loaded;
use sip_core::transport::Listener;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// Accounts listed of one organisation; a demo has few, and a real one's don't belong on a screen.
const ACCOUNTS_LISTED_MAX: usize = 12;

/// The whole text.
pub(crate) fn text(loaded: &Loaded, sip: &[Listener], http: SocketAddr, socket: &Path) -> String {
    let mut out = format!("Kölapp {} is up\n\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name:<10}{value}");
    };
    for Listener { transport, address } in sip {
        line("SIP", &format!("{address} ({})", transport.via_token()));
    }
    let rtp = &loaded.server.rtp;
    line(
        "audio",
        &format!(
            "{}, ports {}-{}",
            rtp.address,
            rtp.ports.start(),
            rtp.ports.end()
        ),
    );
    let scheme = match &loaded.server.https {
        Some(_) => "https",
        None => "http",
    };
    line("pages", &format!("{scheme}://{http}/"));
    line("HTTP", &format!("{scheme}://{http}/healthz and /metrics"));
    line("control", &format!("{} (kolapp ctl)", socket.display()));
    for (org, organisation) in &loaded.directory.organisations {
        out.push_str(&describe(loaded, org, organisation));
    }
    out
}

fn describe_destination(destination: &Destination) -> String {
    match destination {
        Destination::Queue(queue) | Destination::QueueAs(queue, _) => {
            format!("queue {}", queue.name())
        }
        Destination::User(user) => user.name().to_owned(),
        Destination::Menu(menu) => format!("menu {}", menu.name()),
        Destination::Group(group) => format!("group {}", group.name()),
        Destination::Message(message) => match &message.then {
            Some(then) => format!("a message, then {}", describe_destination(then)),
            None => "a message".to_owned(),
        },
        Destination::Number(number) => format!("as {number}"),
        Destination::Outside(outside, _) => outside.number.to_string(),
    }
}

fn describe(loaded: &Loaded, org: &OrgId, organisation: &Organisation) -> String {
    let domain = &organisation.domain;
    let mut out = format!("\nOrganisation {org}, SIP domain {domain}\n  dial\n");
    let numbers = organisation.numbers.iter();
    let numbers = numbers.map(|(number, to)| {
        let by_rule = if to.routes.is_empty() {
            ""
        } else {
            " (or by its routes)"
        };
        (number, &to.otherwise, by_rule)
    });
    let extensions = organisation.extensions.iter();
    let extensions = extensions.map(|(number, to)| (number, to, ""));
    for (number, to, by_rule) in extensions.chain(numbers) {
        let _ = writeln!(out, "    {number:<16}{}{by_rule}", describe_destination(to));
    }
    for (code, action) in &organisation.feature_codes {
        let action = match action {
            FeatureCode::LogIn => "log in to your queues",
            FeatureCode::LogOut => "log out of your queues",
            FeatureCode::Pause => "pause",
            FeatureCode::Resume => "end the pause",
            FeatureCode::DoNotDisturbOn => "do not disturb",
            FeatureCode::DoNotDisturbOff => "end do not disturb",
            FeatureCode::ForwardAlways => "forward all your calls",
            FeatureCode::ForwardBusy => "forward your calls when busy",
            FeatureCode::ForwardNoAnswer => "forward your calls without an answer",
            FeatureCode::ForwardUnreachable => "forward your calls when unreachable",
            FeatureCode::ForwardOff => "forward none of your calls",
            FeatureCode::PickUp => "pick up a colleague's call",
            FeatureCode::Intercom => "speak to a colleague at once",
            FeatureCode::EndWrapUp => "end your wrap-up time",
            FeatureCode::ExtendWrapUp => "extend your wrap-up time",
            FeatureCode::DevicePhone => "take calls on your phones",
            FeatureCode::DeviceMobile => "take calls on your mobile",
            FeatureCode::DeviceBoth => "take calls on your phones and your mobile",
            FeatureCode::DeviceDeskPhone => "take calls on your desk phone alone",
            FeatureCode::DeviceSoftphone => "take calls on your softphone alone",
            FeatureCode::DeviceBrowser => "take calls in your browser alone",
            FeatureCode::RecordPrompt => "and a prompt's number: record it",
            FeatureCode::ListenToPrompt => "and a prompt's number: hear it",
            FeatureCode::QuickClose => "close queues for a while (with a code), or end that",
            FeatureCode::ListLogIn => "log in to your callback lists",
            FeatureCode::ListLogOut => "log out of your callback lists",
            FeatureCode::ListNext => "take the next callback",
            FeatureCode::AgentStatus => "hear where you are logged in, and how you stand",
        };
        let _ = writeln!(out, "    {code:<16}{action}");
    }
    out.push_str("  accounts\n");
    for user in organisation.users.keys().take(ACCOUNTS_LISTED_MAX) {
        let password = match loaded.demo_password(user) {
            Some(password) => format!("password {password}"),
            None => String::new(),
        };
        let _ = writeln!(out, "    {:<16}{password}", user.name());
    }
    let more = organisation.users.len().saturating_sub(ACCOUNTS_LISTED_MAX);
    if more > 0 {
        let _ = writeln!(out, "    and {more} more");
    }
    out
}
