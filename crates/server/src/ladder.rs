//! How a call went in SIP messages: those that the tasks of signalling still have, of the Call-IDs of its legs. They are looked
//! through here, apart from signalling, and nothing is told of what proves who somebody is, or opens what is encrypted.

use crate::commands::Commands;
use crate::ctl::protocol::Failure;
use crate::documents::Answer;
use crate::keeping::{moment, written_utc_ms};
use sip::{Kept, Moment, Seen};
use std::collections::BTreeSet;
use std::sync::Arc;
use web::{LadderMessage, LadderOfCall};

/// Messages that are told of one call: of one with more, the first.
const MESSAGES_MAX: usize = 400;

/// What stands in place of what is not told.
const MASKED: &str = "(masked)";

impl Commands {
    /// The messages of a call, as its record or `calls` names it.
    pub(crate) async fn ladder(&self, named: &str) -> Result<Answer, Failure> {
        let call = self.0.records.call_of(named).ok_or_else(|| {
            let problem =
                format!("nothing is kept of the SIP messages of {named}: it is of another process");
            Failure::new(problem)
        })?;
        let turn = Arc::clone(&self.0.ladder).acquire_owned().await;
        let turn = turn.map_err(|closed| Failure::new(closed.to_string()))?;
        let kept = self.0.mailboxes.ladder(call).await;
        let at = moment(self.0.clock);
        let told = tokio::task::spawn_blocking(move || {
            let told = told(kept, at);
            // Whoever asked may have gone away meanwhile.
            drop(turn);
            told
        });
        let told = told
            .await
            .map_err(|broken| Failure::new(broken.to_string()))?;
        Ok(Answer::Ladder(told))
    }
}

fn told(kept: Vec<Kept>, at: Moment) -> LadderOfCall {
    let call_ids: BTreeSet<&str> = kept
        .iter()
        .flat_map(|kept| kept.call_ids.iter().map(|id| &**id))
        .collect();
    let utc = |seen: &Seen| {
        let ago = u64::try_from((at.now - seen.at).as_millis()).unwrap_or(u64::MAX);
        written_utc_ms(at.utc_ms.saturating_sub(ago))
    };
    // Of the task whose memory goes back least.
    let since = kept.iter().filter_map(|kept| kept.messages.first());
    let kept_since = since.max_by_key(|seen| seen.at).map(utc);
    let all = kept.iter().flat_map(|kept| &kept.messages);
    let mut his: Vec<(&Seen, String)> = all
        .filter_map(|seen| {
            let call_id = call_id(&seen.bytes)?;
            call_ids
                .contains(call_id)
                .then(|| (seen, call_id.to_owned()))
        })
        .collect();
    his.sort_by_key(|(seen, _)| seen.at);
    let total = his.len();
    let messages = his.into_iter().take(MESSAGES_MAX).map(|(seen, call_id)| {
        let text = masked(&String::from_utf8_lossy(&seen.bytes));
        LadderMessage {
            at: utc(seen),
            is_ours: seen.is_ours,
            transport: seen.transport.via_token().into(),
            local: seen.local.to_string(),
            remote: seen.remote.to_string(),
            first_line: text.lines().next().unwrap_or_default().to_owned(),
            call_id,
            text,
        }
    });
    LadderOfCall {
        messages: messages.collect(),
        total,
        kept_since,
    }
}

/// The Call-ID of a message, as it stands there (RFC 3261 §20.8).
fn call_id(message: &[u8]) -> Option<&str> {
    let mut lines = message.split(|byte| *byte == b'\n').skip(1);
    let header = lines
        .by_ref()
        .take_while(|line| !line.trim_ascii().is_empty())
        .find_map(|line| {
            let at = line.iter().position(|byte| *byte == b':')?;
            let name = line[..at].trim_ascii();
            let is_it = name.eq_ignore_ascii_case(b"call-id") || name.eq_ignore_ascii_case(b"i");
            is_it.then_some(&line[at + 1..])
        })?;
    std::str::from_utf8(header.trim_ascii()).ok()
}

/// A message without credentials (RFC 7616), keys of encrypted sound (RFC 4568) and keys that somebody pressed.
fn masked(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut is_secret = false;
    for line in message.split_inclusive('\n') {
        // A line that begins with a blank goes on with the one before (RFC 3261 §7.3.1).
        if is_secret && line.starts_with([' ', '\t']) {
            continue;
        }
        is_secret = false;
        let end = &line[line.trim_end_matches(['\r', '\n']).len()..];
        let lower = line.to_ascii_lowercase();
        let name = lower.split(':').next().unwrap_or_default().trim_end();
        if matches!(name, "authorization" | "proxy-authorization") {
            is_secret = true;
            let shown = &line[..name.len()];
            out += &format!("{shown}: {MASKED}{end}");
        } else if let Some(at) = lower
            .find("inline:")
            .filter(|_| lower.starts_with("a=crypto:"))
        {
            let shown = &line[..at + "inline:".len()];
            out += &format!("{shown}{MASKED}{end}");
        } else if lower.starts_with("signal=") || lower.starts_with("signal =") {
            out += &format!("Signal={MASKED}{end}");
        } else {
            out += line;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Time;
    use bytes::Bytes;
    use sip_core::Transport;

    const INVITE: &str = "INVITE sip:a@b SIP/2.0\r\nVia: x\r\nCall-ID : one@a\r\n\
        Authorization: Digest username=\"anna\",\r\n response=\"0123\"\r\nContent-Length: 9\r\n\r\n\
        a=crypto:1 AES inline:c2VjcmV0\r\ni: body\r\nSignal=5\r\n";

    #[test]
    fn the_call_id_is_that_of_the_headers_in_either_form_and_none_of_the_body() {
        assert_eq!(call_id(INVITE.as_bytes()), Some("one@a"));
        assert_eq!(call_id(b"SIP/2.0 200 OK\r\ni:two\r\n\r\n"), Some("two"));
        assert_eq!(
            call_id(b"SIP/2.0 200 OK\r\nVia: x\r\n\r\ni: body\r\n"),
            None
        );
        assert_eq!(call_id(b"\r\n\r\n"), None);
    }

    #[test]
    fn nothing_is_told_of_credentials_of_keys_of_sound_and_of_keys_that_were_pressed() {
        let told = masked(INVITE);
        for secret in ["anna", "0123", "c2VjcmV0", "=5"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        for shown in [
            "Authorization: (masked)\r\nContent-Length: 9\r\n",
            "inline:(masked)\r\n",
            "Signal=(masked)\r\n",
            "Call-ID : one@a\r\n",
        ] {
            assert!(told.contains(shown), "{shown} in {told}");
        }
    }

    #[test]
    fn the_messages_of_a_calls_legs_are_told_in_order_whatever_task_has_them() {
        let seen = |ms: u64, text: &'static str| Seen {
            at: Time::from_millis(ms),
            is_ours: false,
            transport: Transport::Udp,
            local: "192.0.2.1:5060".parse().unwrap(),
            remote: "192.0.2.7:5060".parse().unwrap(),
            bytes: Bytes::from_static(text.as_bytes()),
        };
        let (one, two) = ("A\r\ni: one\r\n\r\n", "B\r\ni: two\r\n\r\n");
        let kept = vec![
            Kept {
                messages: vec![seen(1_000, "C\r\ni: else\r\n\r\n"), seen(9_000, one)],
                call_ids: vec!["one".into(), "two".into()],
            },
            Kept {
                messages: vec![seen(5_000, two)],
                call_ids: Vec::new(),
            },
        ];
        let at = Moment {
            now: Time::from_millis(10_000),
            utc_ms: 1_795_000_010_000,
        };
        let told = told(kept, at);
        let lines: Vec<&str> = told.messages.iter().map(|it| &*it.first_line).collect();
        assert_eq!(lines, ["B", "A"]);
        assert_eq!(told.total, 2);
        assert_eq!(told.kept_since.as_deref(), Some("2026-11-18T11:06:45Z"));
    }
}
