//! Where the state folder is, for who must find a running server even while its configuration is being
//! edited and is wrong. All other settings come from the room `config`.

use std::path::{Path, PathBuf};

/// Where the state folder is if nobody says otherwise, seen from the configuration's folder; as `config`
/// has it.
const DEFAULT: &str = "../var";

/// The state folder that a server with this configuration uses.
pub(crate) fn state_dir(config: &Path) -> PathBuf {
    if let Some(moved) = std::env::var_os("KOLAPP_STATE_DIR").filter(|dir| !dir.is_empty()) {
        return moved.into();
    }
    let text = std::fs::read_to_string(config.join(config::SERVER_FILE)).unwrap_or_default();
    let named = in_file(&text);
    config.join(named.as_deref().unwrap_or(DEFAULT))
}

/// What the file says, or, where the file as a whole is wrong, what its line of that name says.
fn in_file(text: &str) -> Option<String> {
    let read = |text: &str| {
        let table: toml::Table = text.parse().ok()?;
        Some(table.get("state_dir")?.as_str()?.to_owned())
    };
    let line = || {
        text.lines()
            .find(|line| line.trim_start().starts_with("state_dir"))
    };
    read(text).or_else(|| read(line()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_file_still_says_where_the_server_is() {
        assert_eq!(in_file("state_dir = 'a'\n[sip]\n"), Some("a".into()));
        assert_eq!(
            in_file("state_dir = 'a' # here\n[sip\nudp ="),
            Some("a".into())
        );
        assert_eq!(in_file("[sip\n"), None);
    }
}
