//! Answers for people: aligned columns, a line saying so where there is nothing to show.

use crate::ctl::{callbacks, figures, licences};
use crate::documents::{
    AgentRow, Answer, BanRow, CallRow, DoorRow, MovedRow, OrganisationRow, PromptRow, QueueRow,
    QuickPreviewRow, QuickRow, RegistrationRow, Reloaded, Status, TrunkRow, WhyRow,
};
use calendar::{Effect, Waiting};
use control::Device;
use std::fmt::Write;
use std::time::Duration;
use web::{CallersInLine, LadderOfCall, LeadsTo, LeadsToKind};

/// The answer as text, with a line end.
pub(crate) fn text(answer: &Answer) -> String {
    match answer {
        Answer::Status(status) => self::status(status),
        Answer::Calls(rows) => calls(rows),
        Answer::Queues(rows) => queues(rows),
        Answer::Agents(rows) => agents(rows),
        Answer::Registrations(rows) => registrations(rows),
        Answer::Bans(rows) => bans(rows),
        Answer::Trunks(rows) => trunks(rows),
        Answer::Organisations(rows) => organisations(rows),
        Answer::Log(tail) => tail.lines.iter().map(|line| format!("{line}\n")).collect(),
        Answer::Callers(line) => callers(line),
        Answer::Ladder(of_call) => ladder(of_call),
        Answer::Why(rows) => why(rows),
        Answer::Traffic(lines) => lines.iter().map(|line| format!("{line}\n")).collect(),
        Answer::Doors(rows) => doors(rows),
        Answer::QuickCloses(rows) => quick_closes(rows),
        Answer::QuickPreview(rows) => quick_preview(rows),
        Answer::Prompts(rows) => prompts(rows),
        Answer::Licences(report) => licences::text(report),
        Answer::Figures(report) => figures::text(report, figures::Shown::default()),
        Answer::Reloaded(reloaded) => self::reloaded(reloaded),
        Answer::Callbacks(page) => callbacks::page(page),
        Answer::Callback(callback) => callbacks::whole(callback),
        Answer::CallbackExport(all) => all.iter().map(callbacks::whole).collect(),
        Answer::CallbackDone(done) => callbacks::done(done),
        Answer::Moved(moved) => self::moved(moved),
        Answer::Setting(setting) => setting.says.clone(),
        Answer::BackedUp(copy) => format!("{}: {} bytes\n", copy.file, copy.bytes),
        Answer::Changed => "Done.\n".into(),
    }
}

fn moved(moved: &MovedRow) -> String {
    let head = ["FROM", "TO", "MOVED"];
    let cells = [
        moved.from.to_string(),
        moved.to.to_string(),
        moved.moved.to_string(),
    ];
    table(head, [cells].into_iter(), "")
}

fn callers(line: &CallersInLine) -> String {
    let head = [
        "PLACE", "CALLER", "NUMBER", "DIALLED", "WAITED", "PRIORITY", "RINGS",
    ];
    let cells = line.callers.iter().map(|row| {
        let rings: Vec<String> = row.offered_to.iter().map(ToString::to_string).collect();
        let rings = match row.chooses {
            true => "chooses when to be called back".to_owned(),
            false if rings.is_empty() => dash(),
            false => rings.join(" "),
        };
        [
            row.place.to_string(),
            row.call.clone(),
            row.caller.clone().unwrap_or_else(dash),
            row.dialled.clone().unwrap_or_else(dash),
            clock(row.waited_s),
            row.priority.to_string(),
            rings,
        ]
    });
    let mut text = table(head, cells, "Nobody waits.");
    if line.callers.len() < line.total {
        text += &format!("The first {} of {}.\n", line.callers.len(), line.total);
    }
    text
}

fn ladder(ladder: &LadderOfCall) -> String {
    let head = ["AT", "FROM", "TO", "BY", "WHAT"];
    let cells = ladder.messages.iter().map(|message| {
        let (from, to) = match message.is_ours {
            true => (&message.local, &message.remote),
            false => (&message.remote, &message.local),
        };
        [
            message.at.clone(),
            from.clone(),
            to.clone(),
            message.transport.clone(),
            message.first_line.clone(),
        ]
    });
    table(head, cells, "No messages of that call are in memory.")
}

fn organisations(rows: &[OrganisationRow]) -> String {
    let head = [
        "ORGANISATION",
        "DOMAIN",
        "USERS",
        "DEVICES",
        "QUEUES",
        "WAITING",
        "TALKING",
        "AGENTS",
        "TRUNKS",
        "DOWN",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.name.to_string(),
            row.domain.clone(),
            row.users.to_string(),
            row.registrations.to_string(),
            row.queues.to_string(),
            row.waiting.to_string(),
            row.connected.to_string(),
            row.agents_logged_in.to_string(),
            row.trunks.to_string(),
            row.trunks_down.to_string(),
        ]
    });
    table(head, cells, "There is no organisation.")
}

/// A line a decision, and under it one for each who was passed over.
fn why(rows: &[WhyRow]) -> String {
    let mut lines = Vec::new();
    for row in rows {
        let after = Duration::from_millis(row.after_ms);
        lines.push([format!("{:.1} s", after.as_secs_f64()), row.what.clone()]);
        for one in &row.passed_over {
            lines.push([String::new(), format!("  not {}: {}", one.agent, one.why)]);
        }
    }
    table(["AFTER", "WHAT"], lines.into_iter(), "No decisions")
}

fn doors(rows: &[DoorRow]) -> String {
    let cells = rows.iter().map(|row| {
        [
            row.queue.to_string(),
            row.state.clone(),
            row.until.clone().unwrap_or_else(dash),
            row.why.clone(),
        ]
    });
    table(
        ["QUEUE", "STATE", "UNTIL", "WHY"],
        cells,
        "No queues are configured.",
    )
}

fn quick_closes(rows: &[QuickRow]) -> String {
    let head = [
        "ID",
        "STATE",
        "QUEUES ARE",
        "FROM",
        "UNTIL",
        "WAITING",
        "MESSAGE",
        "BY",
        "QUEUES",
    ];
    let cells = rows.iter().map(|row| {
        let queues: Vec<String> = row.queues.iter().map(ToString::to_string).collect();
        [
            row.id.to_string(),
            row.state.clone(),
            match row.effect {
                Effect::Close => "closed".into(),
                Effect::Open => "open".into(),
            },
            row.from.clone(),
            row.until.clone(),
            match row.waiting {
                Waiting::Stay => "stay".into(),
                Waiting::Move => "move".into(),
            },
            row.message.clone().unwrap_or_else(dash),
            row.by.clone(),
            queues.join(" "),
        ]
    });
    table(head, cells, "Nothing is closed by hand.")
}

fn place_name(place: &LeadsTo) -> String {
    let kind = match place.kind {
        LeadsToKind::Queue => "queue ",
        LeadsToKind::Group => "group ",
        LeadsToKind::Menu => "menu ",
        LeadsToKind::Message => "a message",
        LeadsToKind::User | LeadsToKind::Number => "",
    };
    format!("{kind}{}", place.name)
}

fn quick_preview(rows: &[QuickPreviewRow]) -> String {
    let head = [
        "QUEUE",
        "WOULD BE",
        "INSTEAD OF",
        "FROM",
        "UNTIL",
        "WAITING",
        "THEY",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.queue.to_string(),
            row.then.clone(),
            row.now.clone(),
            row.from.clone(),
            row.until.clone(),
            row.waiting.to_string(),
            match (&*row.they, &row.leads_to) {
                ("move", Some(place)) => format!("move to {}", place_name(place)),
                (they, _) => they.to_owned(),
            },
        ]
    });
    table(head, cells, "No queues.")
}

fn calls(rows: &[CallRow]) -> String {
    let head = [
        "CALL", "CALLER", "DIALLED", "QUEUE", "AGENT", "STATE", "DURATION", "TALKING",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.id.clone(),
            row.caller.clone(),
            row.dialled.clone(),
            or_dash(row.queue.as_ref()),
            or_dash(row.agent.as_ref()),
            row.state.clone(),
            clock(row.duration_s),
            row.talking_s.map_or_else(dash, clock),
        ]
    });
    table(head, cells, "No calls.")
}

fn queues(rows: &[QueueRow]) -> String {
    let head = [
        "QUEUE",
        "WAITING",
        "RINGING",
        "TALKING",
        "LONGEST",
        "AVERAGE",
        "EXPECTED",
        "LOGGED IN",
        "FREE",
        "BUSY",
        "WRAP-UP",
        "PAUSED",
        "ENTERED",
        "ANSWERED",
        "ABANDONED",
        "SENT ON",
        "ELSEWHERE",
        "LOAD",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.name.to_string(),
            row.waiting.to_string(),
            row.offered.to_string(),
            row.connected.to_string(),
            row.longest_wait_s.map_or_else(dash, clock),
            row.average_wait_s.map_or_else(dash, clock),
            row.expected_wait_s.map_or_else(dash, clock),
            row.agents_logged_in.to_string(),
            row.free.to_string(),
            row.busy.to_string(),
            row.wrap_up.to_string(),
            row.paused.to_string(),
            row.totals.entered.to_string(),
            row.totals.connected.to_string(),
            row.totals.abandoned.to_string(),
            row.totals.sent_on.to_string(),
            row.totals.overflowed.to_string(),
            match (row.draining, row.closed_by_load) {
                (true, _) => "removed".into(),
                (false, true) => "closed".into(),
                (false, false) => "open".into(),
            },
        ]
    });
    table(head, cells, "No queues are configured.")
}

fn agents(rows: &[AgentRow]) -> String {
    let head = [
        "AGENT", "STATE", "SINCE", "DEVICE", "QUEUES", "TAKEN", "MISSED", "ERRORS", "NOTE",
    ];
    let cells = rows.iter().map(|row| {
        let queues: Vec<&str> = row.queues.iter().map(|queue| queue.name()).collect();
        let left = row.ends_in_s.map(|left| format!("{} left", clock(left)));
        let by = row.put_by.as_ref().map(|by| format!("by {by}"));
        let notes = [row.pause_reason.clone(), left, by].into_iter().flatten();
        let note = notes.collect::<Vec<_>>().join(", ");
        [
            row.name.to_string(),
            row.state.clone(),
            clock(row.since_s),
            device(row).into(),
            if queues.is_empty() {
                dash()
            } else {
                queues.join(" ")
            },
            row.taken.to_string(),
            row.missed.to_string(),
            row.device_errors.to_string(),
            note,
        ]
    });
    table(head, cells, "No agents are configured.")
}

fn device(row: &AgentRow) -> &'static str {
    match (row.reachable, row.device) {
        (true, Device::Mobile) => "mobile",
        (true, Device::Both) => "both",
        (true, Device::Phone) => "phone",
        (true, Device::DeskPhone) => "desk-phone",
        (true, Device::Softphone) => "softphone",
        (true, Device::Browser) => "browser",
        (false, _) => "none",
    }
}

fn registrations(rows: &[RegistrationRow]) -> String {
    let head = [
        "USER",
        "CONTACT",
        "SOURCE",
        "Q",
        "FLOW",
        "PATH",
        "EXPIRES IN",
        "DEVICE",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.user.to_string(),
            row.contact.clone(),
            format!("{} {}", row.transport, row.source),
            row.q.to_string(),
            or_dash(row.reg_id.as_ref()),
            match row.path.is_empty() {
                true => dash(),
                false => row.path.join(", "),
            },
            clock(row.expires_in_s),
            or_dash(row.user_agent.as_ref()),
        ]
    });
    table(head, cells, "No device is registered.")
}

fn bans(rows: &[BanRow]) -> String {
    let head = ["SOURCE", "CAUSE", "SINCE", "ENDS IN", "TIMES"];
    let cells = rows.iter().map(|row| {
        [
            row.source.clone(),
            row.cause.clone(),
            clock(row.since_s),
            clock(row.ends_in_s),
            row.times.to_string(),
        ]
    });
    table(head, cells, "Nobody is banned.")
}

fn prompts(rows: &[PromptRow]) -> String {
    let cells = rows.iter().map(|row| {
        let heard = if row.heard { "yes" } else { "" };
        [
            row.name.clone(),
            row.version.to_string(),
            heard.to_owned(),
            row.file.clone(),
        ]
    });
    let head = ["PROMPT", "VERSION", "HEARD", "FILE"];
    table(head, cells, "No prompt has been recorded or imported.")
}

fn trunks(rows: &[TrunkRow]) -> String {
    let head = [
        "TRUNK",
        "STATE",
        "SINCE",
        "CALLS",
        "REGISTERED FOR",
        "AT",
        "TROUBLE",
    ];
    let cells = rows.iter().map(|row| {
        [
            row.name.to_string(),
            row.state.clone(),
            row.since_s.map_or_else(dash, clock),
            row.calls.to_string(),
            row.registered_for_s.map_or_else(dash, clock),
            or_dash(row.registered_at.as_ref()),
            or_dash(row.trouble.as_ref()),
        ]
    });
    table(head, cells, "No trunks are configured.")
}

fn status(status: &Status) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name:<16}{value}");
    };
    line("version", status.version.clone());
    line("up", clock(status.uptime_s));
    line(
        "state",
        if status.draining {
            "draining"
        } else {
            "serving"
        }
        .into(),
    );
    line("calls", status.calls.to_string());
    line("waiting", status.waiting.to_string());
    line("agents", format!("{} logged in", status.agents_logged_in));
    line("registrations", status.registrations.to_string());
    for listener in &status.listeners {
        line(
            &listener.service,
            format!("{} {}", listener.transport, listener.address),
        );
    }
    let media = &status.media;
    line(
        "media",
        format!(
            "{} sessions, {} ports, {} packets in, {} out, {} dropped",
            media.sessions, media.ports_used, media.packets_in, media.packets_out, media.dropped
        ),
    );
    line(
        "shards",
        format!("{} on {} tasks", status.shards, status.shard_tasks),
    );
    line(
        "configuration",
        format!(
            "{}, {} reloads",
            status.config.folder, status.config.reloads
        ),
    );
    for error in &status.config.last_errors {
        line("  not loaded", error.clone());
    }
    for setting in &status.config.needs_restart {
        line("  needs restart", setting.clone());
    }
    out
}

fn reloaded(reloaded: &Reloaded) -> String {
    let mut out = String::new();
    if reloaded.changes.is_empty() {
        out.push_str("Unchanged.\n");
    }
    for change in &reloaded.changes {
        let _ = writeln!(out, "{change}");
    }
    for warning in &reloaded.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    for setting in &reloaded.needs_restart {
        let _ = writeln!(out, "takes a restart: {setting}");
    }
    out
}

/// Columns as wide as their widest cell, two spaces between, no space at a line's end.
pub(crate) fn table<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    if_empty: &str,
) -> String {
    let rows: Vec<[String; N]> = rows.collect();
    if rows.is_empty() {
        return format!("{if_empty}\n");
    }
    let mut widths = head.map(|cell| cell.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    let mut push = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, &width) in cells.iter().zip(&widths) {
            // What a phone calls itself may hold anything; a terminal shall not obey it.
            let cell: String = cell.chars().filter(|c| !c.is_control()).collect();
            let _ = write!(line, "{cell:<width$}  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    };
    push(head);
    for row in &rows {
        push(std::array::from_fn(|column| row[column].as_str()));
    }
    out
}

/// `m:ss`, or `h:mm:ss`.
pub(crate) fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

pub(crate) fn dash() -> String {
    "-".into()
}

fn or_dash<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(dash, T::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_heads_also_with_letters_beyond_ascii() {
        let rows = [["åäö", "1"], ["b", "22"]].map(|row| row.map(str::to_owned));
        let text = table(["NAME", "N"], rows.into_iter(), "none");
        assert_eq!(text, "NAME  N\nåäö   1\nb     22\n");
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(text(&Answer::Calls(vec![])), "No calls.\n");
    }

    #[test]
    fn control_characters_of_a_device_do_not_reach_the_terminal() {
        let rows = [["\u{1b}[31mred".to_owned()]];
        let text = table(["DEVICE"], rows.into_iter(), "none");
        assert_eq!(text, "DEVICE\n[31mred\n");
    }

    #[test]
    fn spans_read_as_a_clock() {
        assert_eq!([5, 65, 3_725].map(clock), ["0:05", "1:05", "1:02:05"]);
    }
}
