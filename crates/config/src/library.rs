//! Which prompts there are: the standard set in its folder, and those an organisation names. That they
//! can be decoded is found out by `media`; here they exist, have a known ending, and can be opened.

use crate::error::ConfigError;
use crate::problems::Problem;
use crate::scope::LANGUAGES;
use crate::section::{At, Context};
use crate::source::Place;
use crate::versions;
use base::OrgId;
use call::settings::Language;
use call::speech::number_prompt_names;
use media_core::PromptId;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Endings of files that `media` can decode.
const ENDINGS: [&str; 9] = [
    "wav", "mp3", "flac", "ogg", "oga", "opus", "m4a", "mp4", "aac",
];

/// Prompts at most, over all organisations: each is kept in memory in two codings.
pub const PROMPTS_MAX: usize = 20_000;

/// All prompts by id.
#[derive(Debug, Default)]
pub(crate) struct Library {
    prompts: BTreeMap<PromptId, PathBuf>,
    /// Where recordings are kept.
    pub(crate) state_dir: PathBuf,
    missing_numbers: Vec<(Language, Vec<String>)>,
}

impl Library {
    /// The standard set: `<folder>/<language or music>/<name>.wav` becomes `<language or music>/<name>`.
    pub(crate) fn standard(folder: &At<PathBuf>, context: &mut Context<'_>) -> Library {
        let mut library = Library::default();
        let mend = "set `folder` under [prompts] to the folder that holds sv, en and music";
        let groups = match entries(&folder.value) {
            Ok(groups) => groups,
            Err(error) => {
                let problem = format!("the prompts in {}: {error}", folder.value.display());
                context.add(Problem::new(folder.place, problem).mend(mend));
                return library;
            }
        };
        for group in groups.iter().filter(|path| path.is_dir()) {
            let Some(group_name) = name_of(group) else {
                continue;
            };
            let files = entries(group).unwrap_or_default();
            for file in files.into_iter().filter(|file| has_known_ending(file)) {
                let Some(name) = name_of(&file) else { continue };
                let id = PromptId::new(&format!("{group_name}/{name}"));
                if let Some(first) = library.prompts.insert(id.clone(), file.clone()) {
                    let problem = format!("is prompt `{id}` a second time");
                    let mend = format!("keep it or {}", first.display());
                    context
                        .problems
                        .tell(ConfigError::about(&file, problem).mend(mend));
                }
            }
        }
        if library.prompts.is_empty() {
            let problem = format!("there is no prompt in {}", folder.value.display());
            context.add(Problem::new(folder.place, problem).mend(mend));
        }
        library.look_for_numbers();
        library
    }

    /// Adds an organisation's own prompt, once its file has been looked at.
    pub(crate) fn add(&mut self, id: PromptId, file: &At<PathBuf>, context: &mut Context<'_>) {
        if let Err(problem) = usable(file) {
            context.add(problem);
        }
        self.put(id, file.value.clone(), file.place, context);
    }

    /// Takes the versions of an organisation's prompts that were recorded or imported in the place of all else of that name;
    /// gives their names back.
    pub(crate) fn add_versions(
        &mut self,
        org: &OrgId,
        at: Place,
        context: &mut Context<'_>,
    ) -> Vec<Box<str>> {
        let newest = versions::newest_of(&self.state_dir, org).into_iter();
        let named = newest.map(|(name, version)| {
            let id = PromptId::new(&format!("{org}/{name}"));
            self.put(id, version.path, at, context);
            name.into()
        });
        named.collect()
    }

    fn put(&mut self, id: PromptId, file: PathBuf, at: Place, context: &mut Context<'_>) {
        if self.prompts.len() >= PROMPTS_MAX {
            let problem = Problem::new(at, format!("there are more than {PROMPTS_MAX} prompts"));
            context.add(problem.mend("each is kept in memory: leave out what nobody hears"));
            return;
        }
        self.prompts.insert(id, file);
    }

    pub(crate) fn has(&self, id: &PromptId) -> bool {
        self.prompts.contains_key(id)
    }

    /// Names of the groups: languages and `music`.
    pub(crate) fn has_group(&self, group: &str) -> bool {
        let first = PromptId::new(&format!("{group}/"));
        self.prompts
            .range(first..)
            .next()
            .is_some_and(|(id, _)| id.as_str().starts_with(&format!("{group}/")))
    }

    /// Names that a setting may use, for "did you mean".
    pub(crate) fn names(&self, language: Language) -> impl Iterator<Item = &str> + Clone {
        let folder = language.folder();
        self.prompts
            .keys()
            .map(move |id| match id.as_str().split_once('/') {
                Some((group, name)) if group == folder => name,
                _ => id.as_str(),
            })
    }

    /// Which of the prompts that spoken numbers are made of are missing in `language`.
    pub(crate) fn missing_numbers(&self, language: Language) -> &[String] {
        let of_language = self.missing_numbers.iter().find(|(of, _)| *of == language);
        of_language.map_or(&[], |(_, missing)| missing)
    }

    /// Done once: every queue asks.
    fn look_for_numbers(&mut self) {
        for (folder, language) in LANGUAGES {
            let id = |name: &str| PromptId::new(&format!("{folder}/{name}"));
            let missing = number_prompt_names().filter(|name| !self.has(&id(name)));
            self.missing_numbers.push((language, missing.collect()));
        }
    }

    pub(crate) fn into_list(self) -> Vec<(PromptId, PathBuf)> {
        self.prompts.into_iter().collect()
    }
}

/// What stands in a folder, by name, without hidden files.
pub(crate) fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn name_of(path: &Path) -> Option<&str> {
    path.file_stem().and_then(|name| name.to_str())
}

fn has_known_ending(path: &Path) -> bool {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
}

/// Whether a file is called as sound files are.
pub fn is_sound_file(path: &Path) -> bool {
    has_known_ending(path)
}

fn usable(file: &At<PathBuf>) -> Result<(), Problem> {
    let shown = file.value.display();
    if !has_known_ending(&file.value) {
        let problem = format!(
            "expected a sound file ({}), got {shown}",
            ENDINGS.join(", ")
        );
        return Err(Problem::new(file.place, problem).mend("convert it, to WAV for instance"));
    }
    let opened = std::fs::File::open(&file.value).and_then(|opened| opened.metadata());
    match opened {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => {
            let problem = format!("the prompt's file {shown} is a folder");
            Err(Problem::new(file.place, problem).mend("name a file in it"))
        }
        Err(error) => {
            let problem = format!("the prompt's file {shown} can't be read: {error}");
            let mend = "paths are relative to the file they are written in";
            Err(Problem::new(file.place, problem).mend(mend))
        }
    }
}
