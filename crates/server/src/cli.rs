//! The command line: what can be typed, as types. What it does is elsewhere.

use crate::callback_cli::CallbackArguments;
use crate::ctl::protocol::IntervalName;
use clap::{Args, Parser, Subcommand, ValueEnum};
use control::View;
use std::path::PathBuf;

/// A telephone server for queues: callers wait, agents answer.
#[derive(Debug, Parser)]
#[command(name = "kolapp", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// Folder of the configuration.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigDir {
    /// Folder of the configuration: kolapp.toml and organisations/<name>/*.toml
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "KOLAPP_CONFIG",
        default_value = "config"
    )]
    pub(crate) config: PathBuf,
}

/// What `kolapp` can be told to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Start the server and stay in the foreground
    Run(ConfigDir),
    /// Read the configuration and its prompt files, and say what is wrong with them
    Check(ConfigDir),
    /// Look at a setting in the configuration's files, or change it; comments and order are kept
    Config(ConfigArguments),
    /// Say whether a queue is open at a moment, why and until when; or the days of a year that differ
    Hours(HoursArguments),
    /// Look at the running server, or have it do something
    Ctl(CtlArguments),
    /// Copy what the running server keeps in its file into a new one; of PostgreSQL's, pg_dump makes copies
    Backup(BackupArguments),
    /// Look at callback lists of the running server, or change what is on them
    Callbacks(CallbackArguments),
    /// Ask the running server what there is to bill
    Report(ReportArguments),
    /// Live through a day of calls, made up or from a log, with the queues and agents of a configuration
    Simulate(SimulateArguments),
    /// Print what may stand in a file, as JSON Schema for editors
    Schema {
        /// Of which file
        of: SchemaOf,
    },
    /// Turn a password, read from standard input, into the hashes that stand in the configuration instead of it
    Secret {
        /// Whose: the user and the organisation's domain; asked for otherwise
        #[arg(value_name = "USER@DOMAIN")]
        account: Option<String>,
        /// The hash of a password for logging in by HTTP, which is nobody's in particular
        #[arg(long, conflicts_with = "account")]
        web: bool,
    },
}

/// Files that editors are helped with.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SchemaOf {
    /// kolapp.toml
    Server,
    /// Any of an organisation's files
    Organisation,
}

/// Which setting, in which folder.
#[derive(Args, Debug)]
pub(crate) struct ConfigArguments {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: ConfigAction,
}

/// What can be done with a setting.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// What the files say, without secrets; a table as a line for each of its settings
    Get {
        /// Whose: an organisation, or kolapp.toml for the server
        #[arg(value_name = "ORGANISATION")]
        whose: String,
        /// Which: queues.support.ring, or numbers."+46850001000" where a key has other signs
        path: String,
    },
    /// Write it, unless the configuration would be wrong with it
    Set {
        /// Whose: an organisation, or kolapp.toml for the server
        #[arg(value_name = "ORGANISATION")]
        whose: String,
        /// Which: queues.support.ring, or numbers."+46850001000" where a key has other signs
        path: String,
        /// A text without quotes, or TOML: 15s, 100, true, '["anna", "bosse"]'; - reads a line from standard input
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Remove it, so that the default holds
    Unset {
        /// Whose: an organisation, or kolapp.toml for the server
        #[arg(value_name = "ORGANISATION")]
        whose: String,
        /// Which: queues.support.ring, or the whole of a thing such as queues.support
        path: String,
    },
}

/// Of which queue, and when.
#[derive(Args, Debug)]
pub(crate) struct HoursArguments {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// The queue: organisation/name, or the name alone where only one organisation has it
    #[arg(long)]
    pub(crate) queue: String,
    /// At that moment instead of now: 2026-12-24T10:00 by the queue's clock, or with an offset
    #[arg(long, value_name = "TIME", conflicts_with = "year")]
    pub(crate) at: Option<String>,
    /// All days of that year which differ from other weeks', and every holiday
    #[arg(long, value_parser = clap::value_parser!(i16).range(1970..=9_998))]
    pub(crate) year: Option<i16>,
}

/// What `kolapp simulate` lives through.
#[derive(Args, Debug)]
pub(crate) struct SimulateArguments {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// Another configuration, which the same callers meet; may be given several times
    #[arg(long, value_name = "DIR")]
    pub(crate) beside: Vec<PathBuf>,
    /// Only this queue: organisation/name, or the name alone where only one organisation has it
    #[arg(long)]
    pub(crate) queue: Option<String>,
    /// So many callers, instead of as many as the agents can take
    #[arg(long, conflicts_with = "from_log")]
    pub(crate) calls: Option<u32>,
    /// So many agents, instead of those configured
    #[arg(long, value_parser = clap::value_parser!(u32).range(..=i64::from(sim::AGENTS_MAX)))]
    pub(crate) agents: Option<u32>,
    /// The same seed gives the same day
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// TOML file that describes the day: arrivals, patience, talk, shifts, habits, faults (docs/simulation.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) day: Option<PathBuf>,
    /// The day it is, such as 2026-12-23, for the opening hours of queues; without it all are open
    #[arg(long, value_name = "DATE", value_parser = calendar::date, conflicts_with = "from_log")]
    pub(crate) date: Option<jiff::civil::Date>,
    /// Log of traffic that was (docs/simulation.md), whose callers come again
    #[arg(long, value_name = "FILE")]
    pub(crate) from_log: Option<PathBuf>,
    /// Seconds within which an answer counts for the service level
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub(crate) within: u32,
    /// Draw the day into this file (SVG)
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
    /// Write the simulated day into this file, as a log
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

/// Of which server, and into which file.
#[derive(Args, Debug)]
pub(crate) struct BackupArguments {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// Control socket of the server, where it is not the one that the configuration names
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// The new file, which the server writes; one that is there already is left as it is
    pub(crate) file: PathBuf,
}

/// Which report, and of which server.
#[derive(Args, Debug)]
pub(crate) struct ReportArguments {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// Control socket of the server, where it is not the one that the configuration names
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// What is asked for.
    #[command(subcommand)]
    pub(crate) report: ReportAction,
}

/// Which report.
#[derive(Debug, Subcommand)]
pub(crate) enum ReportAction {
    /// Users with a licence of Kö Plus in a month, and whose start fee falls into it
    Licences {
        /// The month, such as 2026-11: past, this one, or to come
        #[arg(long)]
        month: String,
        /// Print CSV instead of a table
        #[arg(long)]
        csv: bool,
    },
    /// What queues came to, interval by interval, as `kolapp ctl figures` tells it: read from what is kept, whether the
    /// server runs or not
    Queues(FiguresArguments),
    /// Who had what done, read from where it is kept, whether a server runs or not
    Audit(AuditArguments),
    /// Calls, read from where they are kept, whether a server runs or not
    Calls(CallsArguments),
}

/// What of all that people had done, and how it is shown.
#[derive(Args, Debug)]
pub(crate) struct AuditArguments {
    /// From when on: 2026-12-24, 2026-12-24T08:00 or 08:00 by the organisation's clock, or with an offset; from midnight
    /// otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Up to when; now otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Only what is about this organisation
    #[arg(long)]
    pub(crate) organisation: Option<String>,
    /// Print CSV instead of a table
    #[arg(long)]
    pub(crate) csv: bool,
}

/// Which calls, and how they are shown.
#[derive(Args, Debug)]
pub(crate) struct CallsArguments {
    /// From when on: 2026-12-24, 2026-12-24T08:00 or 08:00 by the organisation's clock, or with an offset; from midnight
    /// otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Up to when; now otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Only those that came to this queue: organisation/name, or the name alone where only one organisation has it
    #[arg(long)]
    pub(crate) queue: Option<String>,
    /// Only those in which this user called or talked: organisation/name, or the name alone where there is one organisation
    #[arg(long, value_name = "USER")]
    pub(crate) agent: Option<String>,
    /// Only those from or to this number, however it is written
    #[arg(long)]
    pub(crate) number: Option<String>,
    /// Print CSV instead of a table
    #[arg(long)]
    pub(crate) csv: bool,
}

/// Whom `kolapp ctl` talks to, and about what.
#[derive(Args, Debug)]
pub(crate) struct CtlArguments {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// Control socket of the server, where it is not the one that the configuration names
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Print JSON for machines instead of tables for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Ask as this user would: what he may not do is refused, and he is shown the queues that he sees
    #[arg(long, global = true, value_name = "USER")]
    pub(crate) as_user: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) request: CtlRequest,
}

/// What can be asked of the running server.
#[derive(Debug, Subcommand)]
pub(crate) enum CtlRequest {
    /// Version, uptime, counts
    Status,
    /// Live calls
    Calls,
    /// Queues and who waits in them
    Queues,
    /// Agents and their states
    Agents,
    /// Registered devices, or their end
    Registrations {
        #[command(subcommand)]
        action: Option<RegistrationsAction>,
    },
    /// Who is banned for guessing, or a change of it
    Bans {
        /// What to change; without it, who is banned.
        #[command(subcommand)]
        change: Option<BanAction>,
    },
    /// Trunks, whether they are up, and their registrations
    Trunks,
    /// Organisations, and what goes on in them
    Organisations,
    /// The last lines of the server's log
    Log,
    /// Why a call or a callback was offered to whom, and to nobody else
    Why {
        /// The call, as `calls` shows it, or the callback, such as b17
        call: String,
    },
    /// The SIP messages of a call, as far as they are still in memory
    Ladder {
        /// The call, as `calls` shows it
        call: String,
    },
    /// Which queues are open, why and until when
    Hours,
    /// What queues and agents came to, interval by interval
    Figures(FiguresArguments),
    /// Callers who were in queues lately, as a log for `kolapp simulate --from-log`
    Traffic(TrafficArguments),
    /// Close or open several queues for a while
    QuickClose {
        #[command(subcommand)]
        action: QuickAction,
    },
    /// An organisation's recorded and imported prompts
    Prompts {
        #[command(subcommand)]
        action: PromptAction,
    },
    /// Look at a setting in the configuration's files, or change it and have it taken up
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Read the configuration anew; a wrong one changes nothing
    Reload,
    /// Look at a queue's callers, or do something about them
    #[command(subcommand)]
    Queue(QueueAction),
    /// Change an agent's state
    #[command(subcommand)]
    Agent(AgentAction),
    /// Do something to a user's account
    #[command(subcommand)]
    User(UserAction),
}

/// What can be done to a user's account.
#[derive(Debug, Subcommand)]
pub(crate) enum UserAction {
    /// Have the configuration's password for the web be his again, instead of one that he chose; his sessions end
    ResetPassword {
        /// The user: organisation/name, or the name alone where only one organisation has it
        user: String,
    },
    /// Ask him for no code any more when he logs in to the web: he has lost his authenticator
    ResetTotp {
        /// The user: organisation/name, or the name alone where only one organisation has it
        user: String,
    },
}

impl CtlRequest {
    /// The view it asks for, if it asks for one.
    pub(crate) fn view(&self) -> Option<View> {
        match self {
            CtlRequest::Status => Some(View::Status),
            CtlRequest::Calls => Some(View::Calls),
            CtlRequest::Queues => Some(View::Queues),
            CtlRequest::Agents => Some(View::Agents),
            CtlRequest::Trunks => Some(View::Trunks),
            CtlRequest::Organisations => Some(View::Organisations),
            CtlRequest::Log => Some(View::Log),
            CtlRequest::Hours => Some(View::Doors),
            CtlRequest::QuickClose {
                action: QuickAction::List,
            } => Some(View::QuickCloses),
            CtlRequest::Registrations { action: None } => Some(View::Registrations),
            CtlRequest::Bans {
                change: None | Some(BanAction::List),
            } => Some(View::Bans),
            CtlRequest::Registrations { action: Some(_) }
            | CtlRequest::Bans { .. }
            | CtlRequest::QuickClose { .. }
            | CtlRequest::Prompts { .. }
            | CtlRequest::Queue(_)
            | CtlRequest::Config { .. }
            | CtlRequest::Reload
            | CtlRequest::Figures(_)
            | CtlRequest::Traffic(_)
            | CtlRequest::Why { .. }
            | CtlRequest::Ladder { .. }
            | CtlRequest::User(_)
            | CtlRequest::Agent(_) => None,
        }
    }
}

/// Of which queue, when, and how it is shown.
#[derive(Args, Debug)]
pub(crate) struct FiguresArguments {
    /// Only this queue: organisation/name, or the name alone where only one organisation has it
    #[arg(long)]
    pub(crate) queue: Option<String>,
    /// From when on: 2026-12-24, 2026-12-24T08:00 or 08:00 by the organisation's clock, or with an offset; from midnight
    /// otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Up to when; now otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// How long an interval is: a quarter of an hour for a day or less, else a day; weeks begin on Monday
    #[arg(long, value_enum)]
    pub(crate) by: Option<IntervalName>,
    /// Show agents instead of queues
    #[arg(long)]
    pub(crate) agents: bool,
    /// Print CSV instead of a table
    #[arg(long)]
    pub(crate) csv: bool,
}

/// Of which time.
#[derive(Args, Debug)]
pub(crate) struct TrafficArguments {
    /// From when on: 2026-12-24, 2026-12-24T08:00 or 08:00 by the organisation's clock, or with an offset; a week ago
    /// otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Up to when; now otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
}

/// What can be done to a queue's callers.
#[derive(Debug, Subcommand)]
pub(crate) enum QueueAction {
    /// Have them wait in another queue, with the time and the priority that they have; who is being offered stays
    Move {
        /// Where they wait: organisation/name, or the name alone where only one organisation has it
        from: String,
        /// Where they are to
        to: String,
        /// The first so many in line; all otherwise
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        callers: Option<u32>,
    },
    /// Those who stand in its line, first to last
    Callers {
        /// The queue: organisation/name, or the name alone where only one organisation has it
        queue: String,
    },
    /// Have one of them stand further forward
    PutForward {
        /// The queue: organisation/name, or the name alone where only one organisation has it
        queue: String,
        /// The caller, as `callers` shows him
        caller: String,
        /// At which place, 1 being next in turn
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        place: u32,
    },
    /// Have one of them offered to an agent now, whoever's turn it is; the agent may have paused or be logged out
    Give {
        /// The queue: organisation/name, or the name alone where only one organisation has it
        queue: String,
        /// The caller, as `callers` shows him
        caller: String,
        /// The agent, a member of the queue: organisation/name, or the name alone where only one organisation has him
        agent: String,
    },
}

/// What can be done with quick-closes.
#[derive(Debug, Subcommand)]
pub(crate) enum QuickAction {
    /// Close queues, or open them, until a time
    Set(QuickArguments),
    /// What `set` would do, without doing it
    Preview(QuickArguments),
    /// Those in force and to come
    List,
    /// End one before its time
    Undo {
        /// Its id, as `list` shows it
        id: u32,
    },
}

/// Which queues, for how long, and what becomes of their callers.
#[derive(Args, Debug)]
pub(crate) struct QuickArguments {
    /// Queues: organisation/name, or the name alone where only one organisation has it
    #[arg(long, value_delimiter = ',', required_unless_present = "group")]
    pub(crate) queues: Vec<String>,
    /// A group of [queue_groups]
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Until when: 17:00, 2026-12-24T12:00 by the queues' clock, or with an offset
    #[arg(long, value_name = "TIME")]
    pub(crate) until: String,
    /// From when; from now on otherwise
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Open them, whatever their hours say, instead of closing them
    #[arg(long)]
    pub(crate) open: bool,
    /// Prompt that callers hear instead of the queue's own
    #[arg(long)]
    pub(crate) message: Option<String>,
    /// What becomes of callers who wait already
    #[arg(long, value_enum, default_value_t = WaitingArgument::Stay)]
    pub(crate) waiting: WaitingArgument,
}

/// What becomes of callers who wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum WaitingArgument {
    /// They are answered.
    Stay,
    /// They hear that it is closed, and go where new callers go.
    Move,
}

/// What can be done to registrations.
#[derive(Debug, Subcommand)]
pub(crate) enum RegistrationsAction {
    /// End all of a user's; a phone is reached again once it registers anew
    Remove {
        /// The user: organisation/name, or the name alone where only one organisation has it
        user: String,
    },
}

/// A change of who is banned.
#[derive(Debug, Subcommand)]
pub(crate) enum BanAction {
    /// Who is banned
    List,
    /// Drop everything that comes from an address
    Add {
        /// The address; of IPv6, its first 64 bits count
        address: String,
        /// For how many minutes
        #[arg(long, value_name = "MINUTES", default_value_t = 60,
            value_parser = clap::value_parser!(u32).range(1..=43_200))]
        minutes: u32,
    },
    /// Let an address in again
    Remove {
        /// The address
        address: String,
    },
}

/// What can be done to prompts.
#[derive(Debug, Subcommand)]
pub(crate) enum PromptAction {
    /// Their versions, the newest first
    List {
        /// Whose; the only organisation otherwise
        organisation: Option<String>,
    },
    /// Make a sound file the newest version of a prompt; the next caller hears it
    Import {
        /// The file: WAV, MP3, FLAC, Ogg Vorbis, Opus or M4A
        file: PathBuf,
        /// The prompt
        #[arg(long = "as", value_name = "NAME")]
        name: String,
        /// Whose; the only organisation otherwise
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Make an older version the newest again
    Restore {
        /// The prompt
        name: String,
        /// Which version
        version: u32,
        /// Whose; the only organisation otherwise
        #[arg(long)]
        organisation: Option<String>,
    },
}

/// A change of an agent's state.
#[derive(Debug, Subcommand)]
pub(crate) enum AgentAction {
    /// Start taking calls
    LogIn(AgentAndQueue),
    /// Stop taking calls
    LogOut(AgentAndQueue),
    /// Take no calls for a while
    Pause {
        /// The agent: organisation/name, or the name alone where only one organisation has it
        agent: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take calls again
    Resume {
        /// The agent: organisation/name, or the name alone where only one organisation has it
        agent: String,
    },
    /// Take calls from queues there
    Device {
        /// The agent: organisation/name, or the name alone where only one organisation has it
        agent: String,
        /// Where
        device: DeviceName,
    },
    /// Take calls again before wrap-up time is over
    EndWrapUp {
        /// The agent: organisation/name, or the name alone where only one organisation has it
        agent: String,
    },
    /// Have more wrap-up time
    ExtendWrapUp {
        /// The agent: organisation/name, or the name alone where only one organisation has it
        agent: String,
        /// By how many seconds; as many as the settings say otherwise
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3_600))]
        seconds: Option<u32>,
    },
}

/// Where calls from queues reach an agent.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum DeviceName {
    /// The phones that he has registered
    Phone,
    /// His mobile
    Mobile,
    /// Both at once
    Both,
    /// His desk phones alone
    DeskPhone,
    /// His softphones alone, known by what they call themselves
    Softphone,
    /// His browser alone
    Browser,
}

/// An agent, and which of his queues.
#[derive(Args, Debug)]
pub(crate) struct AgentAndQueue {
    /// The agent: organisation/name, or the name alone where only one organisation has it
    pub(crate) agent: String,
    /// Only this queue; all of the agent's queues otherwise
    #[arg(long)]
    pub(crate) queue: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn json_may_stand_before_or_after_what_is_asked_for() {
        for line in [
            ["kolapp", "ctl", "--json", "queues"],
            ["kolapp", "ctl", "queues", "--json"],
        ] {
            let Action::Ctl(ctl) = Arguments::try_parse_from(line).unwrap().action else {
                panic!("not ctl");
            };
            assert!(ctl.json);
            assert_eq!(ctl.request.view(), Some(View::Queues));
        }
    }

    #[test]
    fn config_may_stand_after_what_ctl_is_asked_for() {
        for line in [
            ["kolapp", "ctl", "--config", "elsewhere", "reload"],
            ["kolapp", "ctl", "reload", "--config", "elsewhere"],
        ] {
            let Action::Ctl(ctl) = Arguments::try_parse_from(line).unwrap().action else {
                panic!("not ctl");
            };
            assert_eq!(ctl.config.config, PathBuf::from("elsewhere"));
        }
    }
}
