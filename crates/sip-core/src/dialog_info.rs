//! The body of a NOTIFY for the package `dialog` (RFC 4235): which calls a phone has, as busy lamps show it. Written
//! only; whoever subscribes reads it.

use crate::text::escaped_xml;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Its content type.
pub const CONTENT_TYPE: &str = "application/dialog-info+xml";

/// How far a dialog has come (RFC 4235 §3.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// It rings.
    Early,
    /// They talk.
    Confirmed,
}

impl Phase {
    fn as_str(self) -> &'static str {
        match self {
            Phase::Early => "early",
            Phase::Confirmed => "confirmed",
        }
    }
}

/// Who began a dialog, seen from the one who is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// He calls.
    Initiator,
    /// He is called.
    Recipient,
}

impl Side {
    fn as_str(self) -> &'static str {
        match self {
            Side::Initiator => "initiator",
            Side::Recipient => "recipient",
        }
    }
}

/// Whether the one who is watched has the other on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rendering {
    /// They hear each other.
    Heard,
    /// The other hears music.
    Held,
}

/// One dialog of the one who is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogState {
    /// Tells it from his others.
    pub id: Box<str>,
    /// How far it has come.
    pub phase: Phase,
    /// Who began it.
    pub side: Side,
    /// Whether it is on hold.
    pub rendering: Rendering,
    /// The other party's URI.
    pub remote: Box<str>,
}

/// The whole document: every dialog of `entity` there is (`state="full"`). `version` rises by one with each in a
/// subscription (RFC 4235 §4.1). Tags and Call-ID are left out: whoever knows them can speak within the dialog.
pub fn document(entity: &str, version: u32, dialogs: &[DialogState]) -> String {
    let mut out = String::with_capacity(256 + dialogs.len() * 384);
    // Writing into a String does not fail.
    let _written = write_document(&mut out, entity, version, dialogs);
    out
}

fn write_document(
    out: &mut String,
    entity: &str,
    version: u32,
    dialogs: &[DialogState],
) -> std::fmt::Result {
    let entity = escaped_xml(entity);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n");
    write!(
        out,
        "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" entity=\"{entity}\">\r\n"
    )?;
    for dialog in dialogs {
        let (id, remote) = (escaped_xml(&dialog.id), escaped_xml(&dialog.remote));
        write!(
            out,
            "<dialog id=\"{id}\" direction=\"{}\">\r\n<state>{}</state>\r\n",
            dialog.side.as_str(),
            dialog.phase.as_str()
        )?;
        write!(out, "<local><identity>{entity}</identity>")?;
        if dialog.rendering == Rendering::Held {
            // RFC 4235 §4.1.6 with RFC 3840's media feature tags.
            write!(
                out,
                "<target uri=\"{entity}\"><param pname=\"+sip.rendering\" pvalue=\"no\"/></target>"
            )?;
        }
        write!(
            out,
            "</local>\r\n<remote><identity>{remote}</identity></remote>\r\n</dialog>\r\n"
        )?;
    }
    out.push_str("</dialog-info>\r\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_calls_himself_stays_text() {
        let dialog = DialogState {
            id: "l3-1-1".into(),
            phase: Phase::Early,
            side: Side::Recipient,
            rendering: Rendering::Held,
            remote: "sip:\"><state>'&\u{1}".into(),
        };
        let text = document("sip:101@demo.localhost", 7, &[dialog]);
        assert!(text.contains("version=\"7\" state=\"full\" entity=\"sip:101@demo.localhost\""));
        assert!(text.contains("sip:&quot;&gt;&lt;state&gt;&apos;&amp;</identity>"));
        assert_eq!(text.matches("<state>").count(), 1);
        assert!(text.contains("+sip.rendering"));
    }

    #[test]
    fn nobody_in_a_call_is_an_empty_document() {
        let text = document("sip:101@demo.localhost", 0, &[]);
        assert!(!text.contains("<dialog "));
        assert!(text.ends_with("</dialog-info>\r\n"));
    }
}
