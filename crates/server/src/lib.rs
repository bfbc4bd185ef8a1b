//! The binary `kolapp`: command line, start-up, wiring, commands, reload and drain. Decides nothing about
//! calls, queues or audio; it brings together the rooms that do.

mod acd_task;
mod administration;
mod agents;
mod audit;
mod bans;
mod callback_cli;
mod callbacks;
mod callers;
mod callers_key;
mod certificates;
mod check;
mod cli;
mod commands;
mod configuration;
mod ctl;
mod descriptors;
mod documents;
mod drain;
mod editing;
mod facts;
mod figures;
mod floor;
mod floors;
mod forgetting;
mod hours;
mod http;
mod keeping;
mod ladder;
mod late;
mod licences;
mod log;
mod looking;
#[cfg(test)]
mod lost_file;
mod measure;
mod office;
mod offline;
mod outbox;
mod own_calls;
mod panic;
mod prompts;
mod queue_commands;
mod queue_metrics;
mod quick;
mod quick_commands;
mod random;
mod records;
mod reload;
mod run;
mod secret;
mod settings;
mod simulate;
mod state_dir;
mod storage;
mod wanted;
mod watch;
mod welcome;
mod why;
mod wishes;

use clap::Parser;
use cli::{Action, Arguments, SchemaOf};
use std::io::Write;
use std::process::ExitCode;

/// Does what the command line says. Exit codes: 0 done, 1 failed with the error on standard error, 2 not
/// understood.
pub fn main() -> ExitCode {
    match Arguments::parse().action {
        Action::Run(dir) => run::run(&dir.config),
        Action::Check(dir) => check::check(&dir.config),
        Action::Config(arguments) => {
            printed(editing::on_files(arguments).map_err(ctl::client::said))
        }
        Action::Hours(arguments) => hours::hours(&arguments),
        Action::Ctl(arguments) => printed(ctl::client::ask(arguments)),
        Action::Backup(arguments) => printed(ctl::client::back_up(arguments)),
        Action::Callbacks(arguments) => printed(ctl::callbacks::ask(arguments)),
        Action::Report(arguments) => printed(ctl::client::report(arguments)),
        Action::Simulate(arguments) => printed(simulate::simulate(&arguments)),
        Action::Schema { of } => {
            print(&config::schema(match of {
                SchemaOf::Server => config::Schema::Server,
                SchemaOf::Organisation => config::Schema::Organisation,
            }));
            ExitCode::SUCCESS
        }
        Action::Secret { web: true, .. } => printed(secret::web_secret()),
        Action::Secret { account, .. } => printed(secret::secret(account.as_deref())),
    }
}

fn printed(result: Result<String, impl std::fmt::Display>) -> ExitCode {
    match result {
        Ok(text) => {
            print(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("kolapp: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints to standard output. If nobody reads it any more (`| head`), that is no error of ours.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
