//! What an office in memory shows of a server that there isn't.

use base::OrgId;
use control::{Command, Principal, View};
use web::{
    BanRow, CallerRow, CallersInLine, ConfigStatus, LadderMessage, LadderOfCall, ListenerRow,
    LogTail, Look, MediaStatus, OrganisationRow, RegistrationRow, Status, TrunkRow,
};

/// What somebody sees who asks for that.
pub(crate) fn look(by: &Principal, command: &Command) -> Look {
    match command {
        Command::Show(View::Status) => Look::Status(Box::new(status())),
        Command::Show(View::Organisations) => Look::Organisations(vec![organisation()]),
        Command::Show(View::Bans) => Look::Bans(vec![ban()]),
        Command::Show(View::Log) => Look::Log(LogTail {
            lines: vec!["INFO kolapp ready".into()],
            written: 17,
        }),
        Command::Show(View::Trunks) => {
            let his = ["demo/provider", "other/provider"].map(trunk).into_iter();
            let is_his = |row: &TrunkRow| match by {
                Principal::Operator => true,
                Principal::User { user, .. } => row.name.is_of(&user.org()),
            };
            Look::Trunks(his.filter(is_his).collect())
        }
        Command::ShowCallers { queue } => Look::Callers(CallersInLine {
            callers: vec![caller()],
            total: 1,
            at: format!("2026-11-18T11:06:40Z of {queue}"),
        }),
        Command::ShowLadder { call, .. } => Look::Ladder(LadderOfCall {
            messages: vec![LadderMessage {
                at: "2026-11-18T11:06:40.123Z".into(),
                is_ours: false,
                transport: "UDP".into(),
                local: "192.0.2.1:5060".into(),
                remote: "192.0.2.7:5060".into(),
                first_line: format!("INVITE of {call}"),
                call_id: "one@a".into(),
                text: "INVITE".into(),
            }],
            total: 1,
            kept_since: None,
        }),
        other => panic!("nobody looks at {other:?}"),
    }
}

fn status() -> Status {
    Status {
        version: "0.1.0".into(),
        uptime_s: 60,
        draining: false,
        calls: 1,
        registrations: 2,
        waiting: 1,
        agents_logged_in: 3,
        storage: "ok".into(),
        closed_by_load: Vec::new(),
        listeners: vec![ListenerRow {
            service: "sip".into(),
            transport: "UDP".into(),
            address: "127.0.0.1:5060".into(),
        }],
        media: MediaStatus::default(),
        shards: 64,
        shard_tasks: 2,
        config: ConfigStatus::default(),
    }
}

fn organisation() -> OrganisationRow {
    OrganisationRow {
        name: OrgId::new("demo").unwrap(),
        domain: "demo.localhost".into(),
        users: 4,
        registrations: 1,
        queues: 2,
        waiting: 1,
        connected: 0,
        agents_logged_in: 3,
        trunks: 1,
        trunks_down: 0,
    }
}

fn ban() -> BanRow {
    BanRow {
        source: "192.0.2.1".into(),
        cause: "scanner".into(),
        since_s: 5,
        ends_in_s: 595,
        times: 1,
    }
}

fn trunk(name: &str) -> TrunkRow {
    TrunkRow {
        name: name.parse().unwrap(),
        state: "up".into(),
        since_s: Some(60),
        calls: 0,
        registered_for_s: None,
        registered_at: None,
        trouble: None,
    }
}

pub(crate) fn registered(user: &str) -> RegistrationRow {
    RegistrationRow {
        user: user.parse().unwrap(),
        contact: "sip:anna@192.0.2.7".into(),
        source: "192.0.2.7:5060".into(),
        transport: "UDP".into(),
        expires_in_s: 60,
        user_agent: None,
        q: 1.0,
        path: Vec::new(),
        reg_id: None,
    }
}

fn caller() -> CallerRow {
    CallerRow {
        call: "c3-0-17".into(),
        place: 1,
        caller: Some("+46701234567".into()),
        dialled: Some("+46850001000".into()),
        arrived: "2026-11-18T11:06:00Z".into(),
        waited_s: 40,
        priority: 0,
        offered_to: Vec::new(),
        chooses: false,
    }
}
