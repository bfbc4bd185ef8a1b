//! `kolapp callbacks` as it is typed.

use crate::cli::ConfigDir;
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;

/// Of which server, as whom, and what.
#[derive(Args, Debug)]
pub(crate) struct CallbackArguments {
    #[command(flatten)]
    pub(crate) config: ConfigDir,
    /// Control socket of the server, where it is not the one that the configuration names
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Ask with this user's rights instead of the operator's
    #[arg(long, global = true, value_name = "USER")]
    pub(crate) as_user: Option<String>,
    /// Print JSON for machines instead of tables for people
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: CallbackAction,
}

/// What can be done with callbacks.
#[derive(Debug, Subcommand)]
pub(crate) enum CallbackAction {
    /// Those on lists
    List(ListArguments),
    /// One, with its attempts and what came about
    Show {
        /// Such as b17
        callback: String,
    },
    /// All on lists, as CSV, or as JSON with --json; or all that is kept of one number, whole
    Export {
        /// All that is kept of this number, in international form (+46701234567)
        #[arg(long)]
        number: Option<String>,
        /// Of which organisation; the only one otherwise
        #[arg(long, requires = "number")]
        organisation: Option<String>,
    },
    /// Have an agent take it, without calling yet
    Lease(OfAgent),
    /// Have an agent give it back
    Release(OfAgent),
    /// Have an agent call: his device rings, then the person's
    Call(OfAgent),
    /// Say what came of an agent's call
    Note {
        #[command(flatten)]
        of: OfAgent,
        /// In words
        text: String,
        /// What came of it, if it isn't what it seemed
        #[arg(long)]
        outcome: Option<OutcomeName>,
        /// What becomes of it, if not what its queue has as a rule
        #[arg(long)]
        then: Option<ThenName>,
    },
    /// Have it called again, also one that is closed; it keeps its place by its first arrival
    Requeue {
        /// Such as b17
        callback: String,
        /// Why
        #[arg(long)]
        text: Option<String>,
    },
    /// Have the person called at another time
    Move {
        /// Such as b17
        callback: String,
        #[command(flatten)]
        to: OtherTime,
    },
    /// Have nobody called
    Cancel {
        /// Such as b17
        callback: String,
        /// Why
        #[arg(long)]
        text: Option<String>,
    },
    /// Let its agent off saying what came of his call
    Waive {
        /// Such as b17
        callback: String,
    },
    /// What the caller keyed, whole; that it was shown, and to whom, is kept
    Reveal {
        /// Such as b17
        callback: String,
    },
    /// Have an agent staff lists
    LogIn(OfLists),
    /// Have an agent staff lists no longer
    LogOut(OfLists),
    /// Have an agent take the one whose turn it is
    Next(OfLists),
    /// Forget all that is kept of a number
    Erase {
        /// In international form (+46701234567)
        number: String,
        /// Of which organisation; the only one otherwise
        #[arg(long)]
        organisation: Option<String>,
    },
}

/// Which callbacks, and in which order.
#[derive(Args, Debug, Default)]
pub(crate) struct ListArguments {
    /// Only these lists: a queue's organisation/name, or its name alone where only one organisation has it
    #[arg(long, value_delimiter = ',')]
    pub(crate) list: Vec<String>,
    /// Only those that stand so: not-handled, requeued, started, leased, in-call, awaiting-note, done, given-up, cancelled,
    /// expired
    #[arg(long, value_delimiter = ',', value_name = "STATUS")]
    pub(crate) status: Vec<String>,
    /// Only those that may be called now
    #[arg(long, conflicts_with = "overdue")]
    pub(crate) due: bool,
    /// Only those whose window is over
    #[arg(long)]
    pub(crate) overdue: bool,
    /// Only those that this agent has, or tried last
    #[arg(long)]
    pub(crate) agent: Option<String>,
    /// Only those with this somewhere: a number, a word of the latest text
    #[arg(long, default_value_t)]
    pub(crate) search: String,
    /// By this heading: arrived, wish, due, queue, number, input, tried-by, attempts, status, latest
    #[arg(long, default_value = "arrived", value_name = "HEADING")]
    pub(crate) sort: String,
    /// The other way round
    #[arg(long)]
    pub(crate) descending: bool,
    /// Which page, from 1 on
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: u32,
    /// How many rows a page has
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) rows: u32,
}

/// A callback and an agent.
#[derive(Args, Debug)]
pub(crate) struct OfAgent {
    /// Such as b17
    pub(crate) callback: String,
    /// The agent: organisation/name, or the name alone where only one organisation has it
    pub(crate) agent: String,
}

/// When a person is to be called instead.
#[derive(Args, Debug)]
#[group(id = "other-time", required = true)]
pub(crate) struct OtherTime {
    /// In the window of this name, as the list's settings call it: the first that is still to come
    #[arg(long, value_name = "NAME", group = "other-time")]
    pub(crate) window: Option<String>,
    /// The window of that name that begins then (2026-11-30T08:00:00Z)
    #[arg(long, value_name = "MOMENT", requires = "window")]
    pub(crate) from: Option<Timestamp>,
    /// As soon as possible
    #[arg(long, group = "other-time")]
    pub(crate) soon: bool,
}

/// An agent, and which lists.
#[derive(Args, Debug)]
pub(crate) struct OfLists {
    /// The agent: organisation/name, or the name alone where only one organisation has it
    pub(crate) agent: String,
    /// Only this list, by its queue; all of the agent's otherwise
    #[arg(long)]
    pub(crate) list: Option<String>,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OutcomeName {
    Reached,
    Busy,
    NoAnswer,
    Voicemail,
    WrongNumber,
}

/// What becomes of a callback.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ThenName {
    /// The person is called again
    Requeue,
    /// It is done with
    Close,
}
