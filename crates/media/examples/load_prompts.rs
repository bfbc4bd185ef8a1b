//! How long a server takes to load its prompts: `cargo run --release -p media --example load_prompts DIR…`
//! loads every file under the folders, and then once more as a reload.

use media::Prompts;
use media_core::PromptId;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut entries = Vec::new();
    for folder in std::env::args().skip(1) {
        collect(Path::new(&folder), &mut entries)?;
    }
    let start = Instant::now();
    let prompts = match Prompts::load(&entries) {
        Ok(prompts) => prompts,
        Err(errors) => {
            errors.iter().for_each(|error| println!("{error}"));
            return Err(format!(
                "{} of {} files cannot be prompts",
                errors.len(),
                entries.len()
            )
            .into());
        }
    };
    println!("loaded    {prompts} in {:?}", start.elapsed());
    let start = Instant::now();
    let again = prompts
        .reload(&entries)
        .map_err(|_| "a file changed meanwhile")?;
    println!("reloaded  {again} in {:?}", start.elapsed());
    Ok(())
}

fn collect(folder: &Path, entries: &mut Vec<(PromptId, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, entries)?;
        } else {
            entries.push((PromptId::new(&path.display().to_string()), path));
        }
    }
    Ok(())
}
