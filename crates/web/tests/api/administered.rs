//! Opening hours, quick-closes, prompts and licences of the office in memory: real hours and quick-closes, and prompts of
//! which it only remembers what was asked.

use base::{OrgId, QueueId};
use calendar::{Hours, QuickClose, QuickCloses, Recurrence, Rule, Sweden, Waiting, Way};
use callback::Utc;
use control::{Command, Principal, PromptAction, PromptCommand, QuickCommand};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use web::{
    Billed, Declined, DoorHours, LeadsTo, LeadsToKind, LicenceReport, LicenceRow, Piece,
    PromptFrom, PromptVersionView, PromptView, PromptsTold, QuickAsked, QuickChoices, QuickDone,
    QuickPreview,
};

const ZONE: &str = "Europe/Stockholm";

/// What a prompt sounds like here.
pub(crate) const SOUND: &[u8] = b"RIFF and so on";

pub(crate) struct Administered {
    pub(crate) quick: Mutex<Arc<QuickCloses>>,
    /// What was asked about prompts.
    pub(crate) asked: Mutex<Vec<PromptCommand>>,
    pub(crate) uploaded: Arc<Mutex<Vec<Uploaded>>>,
}

/// What was asked for, and what came along.
type Uploaded = (PromptCommand, Vec<u8>);

impl Administered {
    /// The support of each organisation will be closed in an hour.
    pub(crate) fn new(now: i64) -> Administered {
        let mut all = QuickCloses::default();
        for org in ["demo", "other"] {
            let quick = QuickClose {
                id: 0,
                queues: vec![format!("{org}/support").parse().unwrap()],
                from: now + 3_600,
                until: now + 7_200,
                effect: calendar::Effect::Close,
                message: None,
                waiting: Waiting::Stay,
                by: format!("{org}/eva").into(),
                way: Way::Command,
            };
            all = all.with(quick, now).unwrap().0;
        }
        Administered {
            quick: Mutex::new(Arc::new(all)),
            asked: Mutex::default(),
            uploaded: Arc::default(),
        }
    }

    /// Supports are open on weekdays and keep Sweden's holidays; sales is always open.
    pub(crate) fn hours(&self, queue: &QueueId) -> Option<DoorHours> {
        let mut hours = Hours::new(ZONE).unwrap();
        hours.add_rule(Rule {
            days: Recurrence::new(calendar::On::Weekly(calendar::days("mon-fri").unwrap())),
            hours: vec!["08:00-17:00".parse().unwrap()],
            written: "mon-fri".into(),
        });
        hours.keep_holidays(Sweden::default());
        let has_hours = queue.name() == "support";
        Some(DoorHours {
            clock: hours.bare(),
            hours: has_hours.then_some(hours),
            name: has_hours.then(|| "kontorstid".to_owned()),
            quick: self.quick.lock().unwrap().clone(),
        })
    }

    pub(crate) fn change(
        &self,
        (by, command): (Principal, Command),
        now: i64,
    ) -> Result<QuickDone, Declined> {
        let mut all = self.quick.lock().unwrap();
        match command {
            Command::Quick(QuickCommand::Set(mut quick)) => {
                quick.by = by.to_string().into();
                let set = all.with(*quick, now);
                let (with, id) = set.map_err(|it| Declined::Because(it.to_string()))?;
                *all = Arc::new(with);
                Ok(QuickDone::Set(id))
            }
            Command::Quick(QuickCommand::Undo { id, .. }) => {
                *all = Arc::new(all.without(id));
                Ok(QuickDone::Undone)
            }
            Command::Quick(QuickCommand::Preview(quick)) => {
                let rows = quick.queues.iter().map(|queue| QuickPreview {
                    queue: queue.clone(),
                    is_open: true,
                    will_be_open: quick.effect == calendar::Effect::Open,
                    waiting: 3,
                    they_move: quick.waiting == Waiting::Move,
                    leads_to: Some(LeadsTo {
                        kind: LeadsToKind::Queue,
                        name: "backup".into(),
                    }),
                });
                Ok(QuickDone::Preview(rows.collect()))
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn prompts(&self, command: Command) -> Result<PromptsTold, Declined> {
        let Command::Prompt(command) = command else {
            panic!("{command:?}");
        };
        self.asked.lock().unwrap().push(command.clone());
        Ok(match command.action {
            PromptAction::List => PromptsTold::All(prompts()),
            PromptAction::Listen { version, .. } => {
                PromptsTold::Sound(version.is_none_or(|it| it == 1).then(|| SOUND.to_vec()))
            }
            PromptAction::Restore { version: 1, .. } => PromptsTold::Kept(2),
            PromptAction::Restore { .. } => {
                return Err(Declined::Because("there are: 1".into()));
            }
            other => panic!("{other:?}"),
        })
    }

    /// What begins as a WAV file does is one.
    pub(crate) fn upload(
        &self,
        command: Command,
        mut pieces: mpsc::Receiver<Piece>,
    ) -> impl Future<Output = Result<u32, Declined>> + use<> {
        let uploaded = self.uploaded.clone();
        async move {
            let Command::Prompt(command) = command else {
                panic!("{command:?}");
            };
            let mut all = Vec::new();
            loop {
                match pieces.recv().await {
                    Some(Piece::Bytes(bytes)) => all.extend_from_slice(&bytes),
                    Some(Piece::End) => break,
                    None => return Err(Declined::Because("it did not come whole".into())),
                }
            }
            if !all.starts_with(b"RIFF") {
                return Err(Declined::Because("the file is no audio".into()));
            }
            uploaded.lock().unwrap().push((command, all));
            Ok(2)
        }
    }
}

fn prompts() -> Vec<PromptView> {
    let prompt = |name: &str, from, versions| PromptView {
        name: name.into(),
        from,
        number: None,
        seconds: (from != PromptFrom::Nowhere).then_some(3),
        versions,
    };
    let version = PromptVersionView {
        version: 1,
        heard: true,
        kind: "wav".into(),
        bytes: 48_044,
        at: Utc::from_seconds(1_795_000_000),
    };
    vec![
        prompt("queue-welcome", PromptFrom::Versions, vec![version]),
        prompt("to-come", PromptFrom::Nowhere, Vec::new()),
    ]
}

pub(crate) fn choices(org: &OrgId) -> QuickChoices {
    let queue = |name: &str| QueueId::new(org, name).unwrap();
    QuickChoices {
        groups: vec![("kundtjanst".into(), vec![queue("sales"), queue("support")])],
        messages: vec!["try-later".into()],
        zone: ZONE.into(),
    }
}

pub(crate) fn meant(asked: QuickAsked, now: i64) -> Result<QuickClose, String> {
    let clock = Hours::new(ZONE).unwrap();
    let moment = |text: &str| clock.moment(text, now).map_err(|it| it.to_string());
    let mut queues = asked.queues;
    if asked.group.is_some() {
        queues.extend(choices(&asked.org).groups.remove(0).1);
    }
    Ok(QuickClose {
        id: 0,
        queues,
        from: asked.from.as_deref().map_or(Ok(now), moment)?,
        until: moment(&asked.until)?,
        effect: asked.effect,
        message: asked
            .message
            .map(|name| format!("{}/{name}", asked.org).into()),
        waiting: asked.waiting,
        by: "".into(),
        way: Way::Command,
    })
}

/// One user and one queue in each organisation, of those that whoever asks is told of.
pub(crate) fn licences((by, command): (Principal, Command)) -> LicenceReport {
    let Command::ReportLicences { month } = command else {
        panic!("{command:?}");
    };
    let row = |org: &str, billed| LicenceRow {
        org: OrgId::new(org).unwrap(),
        billed,
        licence: "pro".into(),
        activated: "2026-11-03 09:12".into(),
        start_fee: true,
        ended: None,
    };
    let both = |org: &str| {
        let (user, queue) = (format!("{org}/anna"), format!("{org}/support"));
        [
            row(org, Billed::User(user.parse().unwrap())),
            row(org, Billed::Queue(queue.parse().unwrap())),
        ]
    };
    let is_told = |row: &LicenceRow| match &by {
        Principal::Operator => true,
        Principal::User { user, .. } => user.is_of(&row.org),
    };
    let rows = ["demo", "other"].iter().flat_map(|org| both(org));
    LicenceReport {
        month: month.to_string(),
        rows: rows.filter(is_told).collect(),
    }
}
