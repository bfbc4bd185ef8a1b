//! The command line's end of the control socket.

use crate::audit;
use crate::cli::{
    AgentAction as CliAction, BackupArguments, BanAction, ConfigDir, CtlArguments, CtlRequest,
    DeviceName, FiguresArguments, PromptAction, QueueAction, QuickAction, RegistrationsAction,
    ReportAction, ReportArguments, TrafficArguments, UserAction, WaitingArgument,
};
use crate::ctl::protocol::{
    AgentAction, CallerAct, CallersRequest, Failure, FiguresRequest, MoveRequest, PromptRequest,
    QuickRequest, Reply, Request, TrafficRequest,
};
use crate::ctl::tables;
use crate::ctl::{figures, licences};
use crate::documents::Answer;
use crate::editing;
use crate::figures::offline::{self, OfflineError};
use crate::records;
use crate::state_dir::{self, StateDirError};
use calendar::{Effect, Waiting};
use control::{Device, View};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use web::FiguresReport;

/// How long the server may take to answer: a reload reads every prompt file.
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CtlError {
    #[error(
        "no kolapp is running there: the control socket {path} is not there; start it with kolapp run, or name its socket with --socket"
    )]
    NotRunning { path: PathBuf },
    #[error("the control socket {path} can't be used: {error}")]
    Socket { path: PathBuf, error: io::Error },
    #[error("expected a reply of this version of kolapp, got {got:?}: {error}")]
    Reply {
        got: String,
        error: serde_json::Error,
    },
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    #[error(transparent)]
    Offline(#[from] OfflineError),
    #[error("{}", said(.0.clone()))]
    Failed(Failure),
}

/// A failure in lines.
pub(crate) fn said(failure: Failure) -> String {
    let mut lines = vec![failure.message];
    lines.extend(failure.details);
    lines.join("\n")
}

/// Asks the server and gives back what to print.
pub(crate) fn ask(arguments: CtlArguments) -> Result<String, CtlError> {
    let path = socket(arguments.socket, &arguments.config)?;
    let shown = figures::Shown::of(&arguments.request);
    let request = request(arguments.request)?;
    let request = match arguments.as_user {
        Some(user) => Request::As {
            user,
            request: Box::new(request),
        },
        None => request,
    };
    let answer = exchange(&path, &request)?;
    if !arguments.json {
        if let Answer::Figures(report) = &answer {
            return Ok(of_figures(report, shown));
        }
        return Ok(tables::text(&answer));
    }
    Ok(json(&answer) + "\n")
}

fn of_figures(report: &FiguresReport, shown: figures::Shown) -> String {
    for lacking in figures::warnings(report, shown) {
        eprintln!("warning: {lacking}");
    }
    figures::text(report, shown)
}

fn figures_request(asked: FiguresArguments) -> FiguresRequest {
    FiguresRequest {
        queue: asked.queue,
        from: asked.from,
        to: asked.to,
        by: asked.by,
    }
}

/// Makes a report: of licences the server does, which knows when each began.
pub(crate) fn report(arguments: ReportArguments) -> Result<String, CtlError> {
    let (month, csv) = match arguments.report {
        ReportAction::Licences { month, csv } => (month, csv),
        ReportAction::Queues(asked) => {
            let shown = figures::Shown::by(&asked);
            let report = offline::report(&arguments.config.config, &figures_request(asked))?;
            return Ok(of_figures(&report, shown));
        }
        ReportAction::Audit(asked) => {
            return audit::report(&arguments.config, &asked).map_err(CtlError::Failed);
        }
        ReportAction::Calls(asked) => {
            return records::report(&arguments.config, &asked).map_err(CtlError::Failed);
        }
    };
    let path = socket(arguments.socket, &arguments.config)?;
    match exchange(&path, &Request::ReportLicences { month })? {
        Answer::Licences(report) if csv => Ok(licences::csv(&report)),
        other => Ok(tables::text(&other)),
    }
}

/// Has it copy what it keeps.
pub(crate) fn back_up(arguments: BackupArguments) -> Result<String, CtlError> {
    let path = socket(arguments.socket, &arguments.config)?;
    // The server runs elsewhere.
    let file = std::path::absolute(&arguments.file).unwrap_or(arguments.file);
    exchange(&path, &Request::BackUp { file }).map(|copied| tables::text(&copied))
}

pub(super) fn socket(named: Option<PathBuf>, config: &ConfigDir) -> Result<PathBuf, CtlError> {
    Ok(match named {
        Some(path) => path,
        None => state_dir::socket_path(&crate::settings::state_dir(&config.config))?,
    })
}

fn request(asked: CtlRequest) -> Result<Request, CtlError> {
    if let Some(view) = asked.view() {
        return Ok(Request::Show { view });
    }
    if let CtlRequest::Config { action } = asked {
        let (whose, path, change) = editing::parts(action).map_err(CtlError::Failed)?;
        return Ok(Request::Config {
            whose,
            path,
            change,
        });
    }
    Ok(action_request(asked))
}

fn action_request(asked: CtlRequest) -> Request {
    let action = match asked {
        CtlRequest::Agent(action) => action,
        CtlRequest::Why { call } => return Request::Why { call },
        CtlRequest::Ladder { call } => return Request::Ladder { call },
        CtlRequest::Registrations {
            action: Some(RegistrationsAction::Remove { user }),
        } => return Request::EndRegistrations { user },
        CtlRequest::User(UserAction::ResetPassword { user }) => {
            return Request::ResetPassword { user };
        }
        CtlRequest::User(UserAction::ResetTotp { user }) => return Request::ResetTotp { user },
        CtlRequest::Bans {
            change: Some(BanAction::Add { address, minutes }),
        } => return Request::Ban { address, minutes },
        CtlRequest::Bans {
            change: Some(BanAction::Remove { address }),
        } => return Request::LiftBan { address },
        CtlRequest::Queue(action) => return callers_request(action),
        CtlRequest::Figures(asked) => {
            return Request::Figures(figures_request(asked));
        }
        CtlRequest::Traffic(asked) => {
            let TrafficArguments { from, to } = asked;
            return Request::Traffic(TrafficRequest { from, to });
        }
        CtlRequest::QuickClose { action } => return quick_request(action),
        CtlRequest::Prompts { action } => return prompts(action),
        _ => return Request::Reload,
    };
    agent_request(action)
}

fn callers_request(action: QueueAction) -> Request {
    let (queue, act) = match action {
        QueueAction::Move { from, to, callers } => {
            return Request::MoveCallers(MoveRequest { from, to, callers });
        }
        QueueAction::Callers { queue } => (queue, None),
        QueueAction::PutForward {
            queue,
            caller,
            place,
        } => (queue, Some(CallerAct::PutForward { caller, place })),
        QueueAction::Give {
            queue,
            caller,
            agent,
        } => (queue, Some(CallerAct::Give { caller, agent })),
    };
    Request::Callers(CallersRequest { queue, act })
}

fn quick_request(action: QuickAction) -> Request {
    let (asked, preview) = match action {
        QuickAction::Set(asked) => (asked, false),
        QuickAction::Preview(asked) => (asked, true),
        QuickAction::Undo { id } => return Request::UndoQuickClose { id },
        QuickAction::List => {
            return Request::Show {
                view: View::QuickCloses,
            };
        }
    };
    Request::QuickClose(QuickRequest {
        preview,
        queues: asked.queues,
        group: asked.group,
        until: asked.until,
        from: asked.from,
        effect: if asked.open {
            Effect::Open
        } else {
            Effect::Close
        },
        message: asked.message,
        waiting: match asked.waiting {
            WaitingArgument::Stay => Waiting::Stay,
            WaitingArgument::Move => Waiting::Move,
        },
    })
}

fn agent_request(action: CliAction) -> Request {
    let (action, agent, queue, reason, seconds) = match action {
        CliAction::LogIn(of) => (AgentAction::LogIn, of.agent, of.queue, None, None),
        CliAction::LogOut(of) => (AgentAction::LogOut, of.agent, of.queue, None, None),
        CliAction::Pause { agent, reason } => (AgentAction::Pause, agent, None, reason, None),
        CliAction::Resume { agent } => (AgentAction::Resume, agent, None, None, None),
        CliAction::Device { agent, device } => {
            let device = match device {
                DeviceName::Phone => Device::Phone,
                DeviceName::Mobile => Device::Mobile,
                DeviceName::Both => Device::Both,
                DeviceName::DeskPhone => Device::DeskPhone,
                DeviceName::Softphone => Device::Softphone,
                DeviceName::Browser => Device::Browser,
            };
            return Request::UseDevice { agent, device };
        }
        CliAction::EndWrapUp { agent } => (AgentAction::EndWrapUp, agent, None, None, None),
        CliAction::ExtendWrapUp { agent, seconds } => {
            (AgentAction::ExtendWrapUp, agent, None, None, seconds)
        }
    };
    Request::Agent {
        action,
        agent,
        queue,
        reason,
        seconds,
    }
}

fn prompts(action: PromptAction) -> Request {
    let (organisation, action) = match action {
        PromptAction::List { organisation } => (organisation, PromptRequest::List),
        PromptAction::Import {
            file,
            name,
            organisation,
        } => {
            // The server runs elsewhere.
            let file = std::path::absolute(&file).unwrap_or(file);
            (organisation, PromptRequest::Import { name, file })
        }
        PromptAction::Restore {
            name,
            version,
            organisation,
        } => (organisation, PromptRequest::Restore { name, version }),
    };
    Request::Prompts {
        organisation,
        action,
    }
}

pub(super) fn exchange(path: &Path, request: &Request) -> Result<Answer, CtlError> {
    let socket = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => CtlError::NotRunning {
            path: path.to_owned(),
        },
        _ => CtlError::Socket {
            path: path.to_owned(),
            error,
        },
    };
    let mut stream = UnixStream::connect(path).map_err(socket)?;
    stream.set_read_timeout(Some(ANSWER_WAIT)).map_err(socket)?;
    let mut line = serde_json::to_vec(request).expect("a request has only texts in it");
    line.push(b'\n');
    stream.write_all(&line).map_err(socket)?;
    let mut got = String::new();
    BufReader::new(stream).read_line(&mut got).map_err(socket)?;
    match serde_json::from_str(&got) {
        Ok(Reply::Done { answer }) => Ok(answer),
        Ok(Reply::Failed(failure)) => Err(CtlError::Failed(failure)),
        Err(error) => Err(CtlError::Reply { got, error }),
    }
}

/// The document itself, without what says which kind it is: whoever asked knows.
pub(super) fn json(answer: &Answer) -> String {
    let text = match answer {
        Answer::Status(status) => serde_json::to_string_pretty(status),
        Answer::Calls(rows) => serde_json::to_string_pretty(rows),
        Answer::Queues(rows) => serde_json::to_string_pretty(rows),
        Answer::Agents(rows) => serde_json::to_string_pretty(rows),
        Answer::Registrations(rows) => serde_json::to_string_pretty(rows),
        Answer::Bans(rows) => serde_json::to_string_pretty(rows),
        Answer::Trunks(rows) => serde_json::to_string_pretty(rows),
        Answer::Organisations(rows) => serde_json::to_string_pretty(rows),
        Answer::Log(tail) => serde_json::to_string_pretty(tail),
        Answer::Callers(line) => serde_json::to_string_pretty(line),
        Answer::Ladder(ladder) => serde_json::to_string_pretty(ladder),
        Answer::Why(rows) => serde_json::to_string_pretty(rows),
        Answer::Traffic(lines) => serde_json::to_string_pretty(lines),
        Answer::Doors(rows) => serde_json::to_string_pretty(rows),
        Answer::QuickCloses(rows) => serde_json::to_string_pretty(rows),
        Answer::QuickPreview(rows) => serde_json::to_string_pretty(rows),
        Answer::Prompts(rows) => serde_json::to_string_pretty(rows),
        Answer::Figures(report) => serde_json::to_string_pretty(report),
        Answer::Licences(report) => serde_json::to_string_pretty(report),
        Answer::Reloaded(reloaded) => serde_json::to_string_pretty(reloaded),
        Answer::Callbacks(page) => serde_json::to_string_pretty(page),
        Answer::Callback(callback) => serde_json::to_string_pretty(callback),
        Answer::CallbackExport(all) => serde_json::to_string_pretty(all),
        Answer::CallbackDone(done) => serde_json::to_string_pretty(done),
        Answer::Moved(moved) => serde_json::to_string_pretty(moved),
        Answer::Setting(setting) => serde_json::to_string_pretty(setting),
        Answer::BackedUp(copy) => serde_json::to_string_pretty(copy),
        Answer::Changed => Ok("{}".into()),
    };
    text.expect("documents have texts for keys")
}
