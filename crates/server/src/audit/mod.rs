//! What people have had done: each permitted command that changes something, whichever way it came in, is kept with who wanted it
//! and what came of it, as much of one person as is said in `pace.rs`. Numbers, and what people wrote, are not said.

mod pace;

use crate::cli::{AuditArguments, ConfigDir};
use crate::ctl::protocol::Failure;
use crate::ctl::tables::table;
use crate::facts::Facts;
use crate::figures;
use crate::hours::unix_now;
use crate::keeping::utc_now_ms;
use crate::offline;
use crate::random;
use base::{Time, UserId};
use calendar::Hours;
use control::{
    AgentCommand, BanCommand, CallAct, Command, ConfigScope, Device, OwnCallCommand, Principal,
    PromptAction, QueueCommand, Queues, QuickCommand,
};
use pace::{More, Pace, Whom};
use sip::Clock;
use std::fmt::{Display, Write as _};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{AuditQuery, AuditRow, Location, Reader, Store};
use tokio::time::{MissedTickBehavior, interval};
use web::quoted;
use web::{AuditAsked, AuditFound, Audited, Deed, Unread, Who};

/// How often it is looked whose minute is over.
const SUMMED_UP_EVERY: Duration = Duration::from_secs(1);

/// Characters of why something was not done: what is more is in the log.
const RESULT_CHARS_MAX: usize = 200;

/// What somebody is called whose account there is none of.
const NOBODY_S: &str = "somebody";

/// By which way somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Over the control socket, as the operator.
    Socket,
    /// Over the control socket, with a user's rights.
    SocketAsUser,
    /// By a feature code.
    Phone,
    /// By HTTP.
    Http,
}

/// What is to be kept of a command that changes something.
pub(crate) struct Doing {
    who: String,
    way: Way,
    org: Option<String>,
    what: String,
    why_not: WhyNot,
}

/// Whether it may be said why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhyNot {
    Said,
    /// It may quote what somebody wrote, which may be a secret.
    Hidden,
}

/// Keeps it. Clones lead to the same.
#[derive(Clone)]
pub(crate) struct Audit(Arc<Kept>);

struct Kept {
    store: Store,
    clock: Clock,
    pace: Mutex<Pace>,
    /// What the process is called: drawn anew for each.
    process: String,
    next: AtomicU64,
}

impl Way {
    /// That of whoever asks over the control socket.
    pub(crate) fn by_socket(by: &Principal) -> Way {
        match by {
            Principal::Operator => Way::Socket,
            Principal::User { .. } => Way::SocketAsUser,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Way::Socket => "socket",
            Way::SocketAsUser => "socket-as-user",
            Way::Phone => "phone",
            Way::Http => "http",
        }
    }
}

impl Audit {
    pub(crate) fn new(store: Store, clock: Clock) -> io::Result<Audit> {
        let bytes: [u8; 8] = random::bytes()?;
        let process = bytes.iter().fold(String::new(), |mut text, byte| {
            // A string takes whatever is written.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let kept = Kept {
            store,
            clock,
            pace: Mutex::default(),
            process,
            next: AtomicU64::new(0),
        };
        Ok(Audit(Arc::new(kept)))
    }

    /// It came to this: nothing where it was done, else why not.
    pub(crate) fn keep(&self, doing: Doing, refused: Option<&str>) {
        let whom = Whom {
            who: doing.who,
            org: doing.org,
            is_refused: refused.is_some(),
        };
        if !self.pace().keeps(self.0.clock.now(), &whom, doing.way) {
            return;
        }
        let refused = refused.map(|why| match doing.why_not {
            WhyNot::Said => why,
            WhyNot::Hidden => "not taken",
        });
        let result = refused.map(|why| why.chars().take(RESULT_CHARS_MAX).collect());
        self.put(whom, doing.way, doing.what, result);
    }

    /// The same of what is no command and was done by HTTP.
    pub(crate) fn keep_deed(&self, deed: Deed) {
        let doing = Doing {
            who: deed
                .by
                .map_or_else(|| NOBODY_S.to_owned(), |who| who.to_string()),
            way: Way::Http,
            org: deed.org.map(|org| org.to_string()),
            what: deed.what,
            why_not: WhyNot::Said,
        };
        self.keep(doing, deed.refused);
    }

    /// Says how much was left out of minutes that are over, as long as the process lives.
    pub(crate) async fn sum_up(self) {
        let mut every = interval(SUMMED_UP_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            self.sum_up_until(self.0.clock.now());
        }
    }

    /// The same of all minutes: the process ends.
    pub(crate) fn finish(&self) {
        self.sum_up_until(Time::NEVER);
    }

    fn sum_up_until(&self, now: Time) {
        let more = self.pace().end(now);
        for More { whom, way, count } in more {
            let result = whom.is_refused.then(|| "refused".to_owned());
            self.put(
                whom,
                way,
                format!("… and {count} more in that minute"),
                result,
            );
        }
    }

    fn put(&self, whom: Whom, way: Way, what: String, result: Option<String>) {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.0.store.audit(AuditRow {
            id: format!("{}-{number:010}", self.0.process),
            at_ms: utc_now_ms(),
            org: whom.org,
            who: whom.who,
            way: way.word().into(),
            what,
            result,
        });
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        // Whole between any two statements, whoever panicked.
        self.0.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Doing {
    /// What somebody has done to what is an organisation's, or the server's where it is nobody's.
    pub(crate) fn new(by: &impl Display, way: Way, org: Option<String>, what: String) -> Doing {
        let who = by.to_string();
        Doing {
            who,
            way,
            org,
            what,
            why_not: WhyNot::Said,
        }
    }

    /// The same of a command; none where it changes nothing.
    pub(crate) fn of(by: &Principal, way: Way, command: &Command) -> Option<Doing> {
        let (org, what) = in_words(command)?;
        let why_not = match command {
            Command::Configuration(_) => WhyNot::Hidden,
            _ => WhyNot::Said,
        };
        Some(Doing {
            why_not,
            ..Doing::new(by, way, org, what)
        })
    }

    /// The organisation that it is about; none where it is about the server.
    pub(crate) fn org(&self) -> Option<&str> {
        self.org.as_deref()
    }
}

/// Whose it is about, and what is to be done.
fn in_words(command: &Command) -> Option<(Option<String>, String)> {
    let of = |org: base::OrgId, what: String| Some((Some(org.to_string()), what));
    let of_server = |what: String| Some((None, what));
    match command {
        Command::Agent(command) => of(command.agent().org(), agent(command)),
        Command::UseDevice { agent, device } => of(agent.org(), takes_calls_on(agent, *device)),
        Command::EndRegistrations { user } => {
            of(user.org(), format!("ends the registrations of {user}"))
        }
        Command::ResetPassword { user } => of(
            user.org(),
            format!("takes back the password that {user} chose"),
        ),
        Command::ResetTotp { user } => of(
            user.org(),
            format!("takes back the second step of the log-in of {user}"),
        ),
        Command::Queue(QueueCommand::Move { from, to, .. }) => {
            of(from.org(), format!("moves callers from {from} to {to}"))
        }
        Command::Queue(QueueCommand::PutForward { queue, call, to }) => of(
            queue.org(),
            format!("puts the caller {call} forward in {queue}, to place {to}"),
        ),
        Command::Queue(QueueCommand::Give { queue, call, agent }) => of(
            queue.org(),
            format!("gives the caller {call} of {queue} to {agent}"),
        ),
        Command::Quick(QuickCommand::Set(quick)) => {
            let org = quick.queues.first().map(|queue| queue.org().to_string());
            let queues: Vec<String> = quick.queues.iter().map(ToString::to_string).collect();
            Some((
                org,
                format!("closes or opens {} for a while", queues.join(", ")),
            ))
        }
        Command::Quick(QuickCommand::Undo { id, queues }) => {
            let org = queues.first().map(|queue| queue.org().to_string());
            Some((org, format!("ends the quick-close {id}")))
        }
        Command::Prompt(command) => {
            let what = match &command.action {
                PromptAction::Record { name } => format!("records the prompt {name}"),
                PromptAction::Import { name, .. } => format!("imports the prompt {name}"),
                PromptAction::Upload { name, .. } => format!("uploads the prompt {name}"),
                PromptAction::Restore { name, version } => {
                    format!("restores version {version} of the prompt {name}")
                }
                PromptAction::List | PromptAction::Listen { .. } => return None,
            };
            of(command.org.clone(), what)
        }
        Command::Configuration(command) => {
            // What is written there may be a secret.
            command.change.as_ref()?;
            let what = format!("changes the setting {}", command.path);
            match &command.scope {
                ConfigScope::Organisation(org) => of(org.clone(), what),
                ConfigScope::Server => of_server(what),
            }
        }
        Command::ShowLadder { org, call } => {
            let org = org.as_ref().map(ToString::to_string);
            Some((org, format!("reads the SIP messages of the call {call}")))
        }
        Command::Ban(BanCommand::Add { address, .. }) => of_server(format!("bans {address}")),
        Command::Ban(BanCommand::Remove { address }) => {
            of_server(format!("lets {address} in again"))
        }
        Command::OwnCall(command) => of(command.user.org(), own_call(command)),
        Command::Reload => of_server("has the configuration read anew".into()),
        Command::BackUp { .. } => of_server("has all that is kept copied".into()),
        Command::Quick(QuickCommand::Preview(_))
        | Command::Show(_)
        | Command::ShowCallers { .. }
        | Command::Explain { .. }
        | Command::ReportLicences { .. }
        | Command::ReportFigures(_)
        | Command::ReportTraffic(_) => None,
    }
}

/// Where callers from queues reach an agent from now on.
pub(crate) fn takes_calls_on(agent: &UserId, device: Device) -> String {
    format!("{agent} takes calls on {device:?}")
}

/// Whom somebody called is in the record of the call.
fn own_call(OwnCallCommand { user, act }: &OwnCallCommand) -> String {
    match act {
        CallAct::Dial { .. } => format!("dials for {user}"),
        CallAct::HangUp { .. } => format!("hangs up a call of {user}"),
        CallAct::Take { .. } => format!("takes a call to {user}"),
        CallAct::Decline { .. } => format!("declines a call to {user}"),
        CallAct::Hold { .. } => format!("holds a call of {user}"),
        CallAct::Resume { .. } => format!("resumes a call of {user}"),
        CallAct::Transfer { .. } => format!("transfers a call of {user}"),
        CallAct::Join { .. } => format!("joins two calls of {user}"),
    }
}

fn agent(command: &AgentCommand) -> String {
    let of = |queues: &Queues| match queues {
        Queues::All => "all queues".to_owned(),
        Queues::One(queue) => queue.to_string(),
    };
    match command {
        AgentCommand::LogIn { agent, queues } => format!("logs {agent} in to {}", of(queues)),
        AgentCommand::LogOut { agent, queues } => format!("logs {agent} out of {}", of(queues)),
        AgentCommand::Pause { agent, .. } => format!("pauses {agent}"),
        AgentCommand::Resume { agent } => format!("ends the pause of {agent}"),
        AgentCommand::EndWrapUp { agent } => format!("ends the wrap-up of {agent}"),
        AgentCommand::ExtendWrapUp { agent, .. } => format!("extends the wrap-up of {agent}"),
    }
}

/// What is told at most: what people can look through.
const TOLD_MAX: u32 = 100_000;

/// `kolapp report audit`.
pub(crate) fn report(config: &ConfigDir, asked: &AuditArguments) -> Result<String, Failure> {
    let loaded = offline::loaded(config)?;
    let organisations = &loaded.directory.organisations;
    let only = organisations
        .iter()
        .next()
        .filter(|_| organisations.len() == 1);
    let clock = match &asked.organisation {
        Some(name) => organisations.get(name.as_str()),
        None => only.map(|(_, organisation)| organisation),
    };
    let zone = clock
        .and_then(|it| it.ways.zone.as_deref())
        .unwrap_or("UTC");
    let clock = Hours::new(zone).map_err(|unknown| Failure::new(unknown.to_string()))?;
    let (from, to) = figures::span(&clock, asked.from.as_ref(), asked.to.as_ref(), unix_now())?;
    let millis = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000);
    let query = AuditQuery {
        org: asked.organisation.clone(),
        from_ms: millis(from),
        // Without an end also what was just done.
        until_ms: asked
            .to
            .as_ref()
            .map_or(i64::MAX.unsigned_abs(), |_| millis(to)),
        skip: 0,
        most: TOLD_MAX,
    };
    let page = offline::read(&loaded, async |reader| reader.audit(&query).await)?;
    let written = |at_ms: u64| clock.written(i64::try_from(at_ms / 1_000).unwrap_or(i64::MAX));
    let rows = page.rows.into_iter().map(|row| {
        [
            written(row.at_ms),
            row.who,
            row.way,
            row.org.unwrap_or_default(),
            row.what,
            row.result.unwrap_or_else(|| "done".into()),
        ]
    });
    if asked.csv {
        let lines = rows.map(|row| row.map(|field| quoted(&field)).join(",") + "\r\n");
        return Ok(
            "at,who,way,organisation,what,result\r\n".to_owned() + &lines.collect::<String>()
        );
    }
    let head = ["AT", "WHO", "WAY", "ORGANISATION", "WHAT", "RESULT"];
    Ok(table(head, rows, "Nothing."))
}

/// What the API tells of an organisation, or of all.
pub(crate) async fn page(
    facts: &Facts,
    location: Location,
    by: Who,
    asked: AuditAsked,
) -> Result<AuditFound, Unread> {
    let query = AuditQuery {
        org: asked.org.map(|org| org.to_string()),
        from_ms: asked.from_ms,
        until_ms: asked.until_ms,
        skip: u64::from(asked.page) * u64::from(asked.rows),
        most: asked.rows,
    };
    let reading = async move {
        let mut reader = Reader::open(location).await?;
        let page = reader.audit(&query).await?;
        reader.close().await?;
        Ok(page)
    };
    let page = facts.read_for(&by, reading).await?;
    let rows = page.rows.into_iter().map(|row| Audited {
        at_ms: row.at_ms,
        org: row.org,
        who: row.who,
        way: row.way,
        what: row.what,
        refused: row.result,
    });
    Ok(AuditFound {
        rows: rows.collect(),
        total: page.total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use control::{ConfigChange, ConfigCommand, Role, View};

    #[test]
    fn what_changes_something_is_kept_and_says_no_secret_and_what_only_looks_is_not() {
        let by = Principal::User {
            user: "demo/eva".parse().unwrap(),
            role: Role::Supervisor,
        };
        let kept = |command: &Command| {
            let doing = Doing::of(&by, Way::SocketAsUser, command)?;
            assert_eq!(doing.who, "demo/eva");
            Some((doing.org, doing.what))
        };
        let pause = Command::Agent(AgentCommand::Pause {
            agent: "demo/anna".parse().unwrap(),
            reason: Some("ill".into()),
        });
        let demo = Some("demo".to_owned());
        assert_eq!(kept(&pause), Some((demo, "pauses demo/anna".into())));
        assert_eq!(kept(&Command::Show(View::Agents)), None);
        let setting = |change| {
            Command::Configuration(ConfigCommand {
                scope: ConfigScope::Server,
                path: "store.url".into(),
                change,
            })
        };
        assert_eq!(kept(&setting(None)), None);
        let secret = ConfigChange::Set(control::Written("\"postgres://a:secret@b\"".into()));
        let told = kept(&setting(Some(secret))).unwrap();
        assert_eq!(told, (None, "changes the setting store.url".into()));
    }
}
