//! A small configuration in a folder of its own, whose files a test may change one by one.

use config::{ConfigError, Environment, Loaded};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) const SERVER: &str = r#"default_organisation = "acme"

[sip]
udp = ["127.0.0.1:5060"]
"#;

pub(crate) const ORGANISATION: &str = r#"[organisation]
domain = "acme.example"
language = "en"

[users.anna]
password = "long-and-random"
extension = "101"

[users.bosse]
password = "random-and-long"
extension = "102"

[queues.sales]
extension = "1000"
members = ["anna", "bosse"]

[numbers]
"+46850001000" = { queue = "sales" }

[trunks.provider]
sources = ["192.0.2.0/24"]

[feature_codes]
log_in = "*11"

[plans.office]
allow = ["national"]
"#;

/// The warnings, without that of the sandbox's passwords, which stand there as they are so that tests can change
/// them.
pub(crate) fn warnings(loaded: &Loaded) -> Vec<ConfigError> {
    let mut warnings = loaded.warnings.clone();
    warnings.retain(|warning| !warning.to_string().contains("whoever reads this file"));
    warnings
}

/// A configuration on disk, removed at the end of the test.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// Loads without error as it is, and with no warning but that of its passwords.
    pub(crate) fn new() -> Sandbox {
        let sandbox = Sandbox {
            folder: tempfile::tempdir().unwrap(),
        };
        for language in ["sv", "en"] {
            let numbers = (0..100)
                .chain((1..10).map(|n| n * 100))
                .chain((1..10).map(|n| n * 1000));
            let numbers = numbers.map(|n| format!("number-{n}"));
            let spoken = [
                "queue-welcome",
                "queue-first",
                "queue-repeat",
                "queue-position-is",
                "queue-wait-average",
                "queue-wait-expected",
                "less-than-a-minute",
                "one-minute",
                "minutes",
                "agent-logged-in",
                "agent-logged-out",
                "agent-paused",
                "agent-resumed",
                "agent-refused",
                "agent-no-licence",
                "menu-invalid",
                "closed",
                "closed-holiday",
                "closed-quick",
            ];
            for name in numbers.chain(spoken.map(str::to_owned)) {
                sandbox.write(&format!("prompts/{language}/{name}.wav"), "");
            }
        }
        sandbox.write("prompts/music/waiting.wav", "");
        sandbox.write("config/kolapp.toml", SERVER);
        sandbox.write("config/organisations/acme/acme.toml", ORGANISATION);
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Puts `new` for `old` in the organisation's file.
    pub(crate) fn change(&self, old: &str, new: &str) {
        self.change_in("config/organisations/acme/acme.toml", old, new);
    }

    /// Puts `new` for `old` in `file`.
    pub(crate) fn change_in(&self, file: &str, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(old), "{old:?} is not in {file}");
        self.write(file, text.replacen(old, new, 1));
    }

    pub(crate) fn load(&self) -> Result<Loaded, Vec<ConfigError>> {
        config::load(&self.path("config"), &Environment::default())
    }

    pub(crate) fn loaded(&self) -> Loaded {
        self.load()
            .unwrap_or_else(|errors| panic!("{:#?}", self.lines(&errors)))
    }

    /// What is wrong, a line each, with paths relative to the sandbox.
    pub(crate) fn errors(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(errors) => self.lines(&errors),
        }
    }

    pub(crate) fn lines(&self, errors: &[ConfigError]) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        errors
            .iter()
            .map(|error| error.to_string().replace(&folder, ""))
            .collect()
    }
}
