//! `kolapp check`: what a configuration holds, or all that is wrong with it.

use crate::reload::{self, Wrong};
use config::Environment;
use media::Prompts;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

/// Reads the configuration as the server would, and says what came of it.
pub(crate) fn check(dir: &Path) -> ExitCode {
    match reload::load(dir, &Environment::from_process(), &Prompts::default()) {
        Ok(complete) => {
            for warning in &complete.loaded.warnings {
                eprintln!("warning: {warning}");
            }
            crate::print(&format!("{}: {}\n", dir.display(), complete.loaded.summary));
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            report(dir, &wrong);
            ExitCode::FAILURE
        }
    }
}

/// Prints what is wrong: drawn, with the lines of the file, on a terminal; a line each elsewhere.
pub(crate) fn report(dir: &Path, wrong: &Wrong) {
    match wrong {
        Wrong::Config(errors) if std::io::stderr().is_terminal() => {
            errors
                .iter()
                .for_each(|error| eprintln!("{}", error.drawn()));
        }
        _ => wrong.lines().iter().for_each(|line| eprintln!("{line}")),
    }
    let count = wrong.lines().len();
    let plural = if count == 1 { "" } else { "s" };
    eprintln!("{}: {count} error{plural}", dir.display());
}
