//! `kolapp secret`: turns a password into the two hashes that stand in a configuration instead of it. The password
//! itself is read from standard input, never from the command line, which others on the machine can see.

use crate::random;
use base::{OrgId, UserId};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use sip_core::Host;
use sip_core::digest::{Algorithm, Ha1};
use std::io::{self, BufRead, IsTerminal, Stdin, Write};
use web::PasswordHash;

/// Shorter ones fall to scanners within days.
const PASSWORD_CHARS_ADVISED: usize = 12;

/// Longest line that is read: several times what anybody types.
const LINE_BYTES_MAX: u64 = 4_096;

/// Why there are no hashes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretError {
    #[error("expected a user and a domain, such as anna@sip.example.com, got {0:?}")]
    Account(String),
    #[error("expected a password in one line, got none")]
    NoPassword,
    #[error("the two passwords are not the same")]
    Differ,
    #[error("the password can't be hashed")]
    NoHash,
    #[error("standard input can't be read: {0}")]
    Input(#[from] io::Error),
}

/// Whose password it is: both are part of the hash.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    user: String,
    domain: String,
}

impl Account {
    fn parse(text: &str) -> Result<Account, SecretError> {
        let refused = || SecretError::Account(text.to_owned());
        let (user, domain) = text.trim().split_once('@').ok_or_else(refused)?;
        let domain = match domain.parse() {
            Ok(Host::Name(name)) => name.into(),
            _ => return Err(refused()),
        };
        // As a configuration names users; the organisation is none of the hash's business.
        let any = OrgId::new("any").map_err(|_| refused())?;
        UserId::new(&any, user).map_err(|_| refused())?;
        Ok(Account {
            user: user.to_owned(),
            domain,
        })
    }

    fn lines(&self, password: &str) -> String {
        let Account { user, domain } = self;
        let ha1 = |algorithm| Ha1::of(algorithm, user, domain, password);
        format!(
            "# for [users.{user}] of the organisation with domain = \"{domain}\"\n\
             ha1_md5 = \"{}\"\nha1_sha256 = \"{}\"\n",
            ha1(Algorithm::Md5).as_hex(),
            ha1(Algorithm::Sha256).as_hex()
        )
    }
}

/// Asks for what is missing and gives back the lines for the configuration.
pub(crate) fn secret(account: Option<&str>) -> Result<String, SecretError> {
    let input = io::stdin();
    let account = match account {
        Some(text) => Account::parse(text)?,
        None => {
            prompt(&input, "User and domain, such as anna@sip.example.com: ");
            Account::parse(&line(&input)?)?
        }
    };
    Ok(account.lines(&asked(&input)?))
}

/// Asks for a password and gives back the lines for a configuration that let somebody in by HTTP with it.
pub(crate) fn web_secret() -> Result<String, SecretError> {
    let password = asked(&io::stdin())?;
    let hash = PasswordHash::of(&password, &random::bytes()?);
    let hash = hash.map_err(|_| SecretError::NoHash)?;
    Ok(format!(
        "# for [operators.<name>] of kolapp.toml\npassword_hash = \"{hash}\"\n\
         # or for [users.<name>] of an organisation\nweb_password_hash = \"{hash}\"\n",
        hash = hash.as_str()
    ))
}

/// The password, asked for twice where somebody types it.
fn asked(input: &Stdin) -> Result<String, SecretError> {
    let password = password(input, "Password: ")?;
    if input.is_terminal() && self::password(input, "Once more: ")? != password {
        return Err(SecretError::Differ);
    }
    if password.chars().count() < PASSWORD_CHARS_ADVISED {
        eprintln!(
            "kolapp: the password is short and can be guessed: use {PASSWORD_CHARS_ADVISED} characters or more, drawn at random"
        );
    }
    Ok(password)
}

fn password(input: &Stdin, question: &str) -> Result<String, SecretError> {
    prompt(input, question);
    let password = {
        let _silent = Silent::start(input);
        line(input)?
    };
    if input.is_terminal() {
        // The line end that was typed was not shown either.
        eprintln!();
    }
    match password.is_empty() {
        true => Err(SecretError::NoPassword),
        false => Ok(password),
    }
}

fn prompt(input: &Stdin, question: &str) {
    if input.is_terminal() {
        eprint!("{question}");
        let _ = io::stderr().flush();
    }
}

/// A line without its end. Blanks stay: they may be part of a password.
fn line(input: &Stdin) -> io::Result<String> {
    let mut line = String::new();
    io::Read::take(input.lock(), LINE_BYTES_MAX).read_line(&mut line)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silent<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

impl Silent<'_> {
    fn start(terminal: &Stdin) -> Option<Silent<'_>> {
        let before = termios::tcgetattr(terminal).ok()?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        termios::tcsetattr(terminal, OptionalActions::Flush, &silent).ok()?;
        Some(Silent { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        // Nothing else can be done about a terminal that has gone away.
        let _ = termios::tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_a_user_and_a_domain() {
        let account = Account::parse("anna@SIP.Example.com").unwrap();
        assert_eq!(
            (&*account.user, &*account.domain),
            ("anna", "sip.example.com")
        );
        for bad in [
            "",
            "anna",
            "@x.se",
            "anna@",
            "Anna@x.se",
            "a b@x.se",
            "anna@192.0.2.1",
            "a@b@c",
        ] {
            assert!(Account::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_lines_are_the_hashes_of_user_domain_and_password() {
        // RFC 2617 §3.5 and RFC 7616 §3.9.1 print no HA1; these are md5sum's and sha256sum's.
        let account = Account::parse("anna@demo.localhost").unwrap();
        assert_eq!(
            account.lines("demo-anna"),
            "# for [users.anna] of the organisation with domain = \"demo.localhost\"\n\
             ha1_md5 = \"0d7a83833fbe36a072c5c7beada44479\"\n\
             ha1_sha256 = \"444fd10e30310247dad9c97eae9a08665eefe55bdba71184951035e1f2f4fb8d\"\n"
        );
    }
}
