//! The tables of settings in `docs/configuration.md`, and the schemas beside it, are those that the program has.
//! `UPDATE=1` writes them anew.

use crate::common::Sandbox;
use config::{Described, Schema, schema, settings};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn document(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

/// Compares a document with what it should be, or writes it.
fn hold(name: &str, is: &str, should: &str) {
    if is == should {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(document(name), should).unwrap();
        return;
    }
    let mut lines = is.lines().zip(should.lines()).enumerate();
    let differs = lines.find(|(_, (is, should))| is != should);
    panic!(
        "docs/{name} is not what the settings say (UPDATE=1 writes it anew), first in line {:?}",
        differs.map(|(index, lines)| (index + 1, lines))
    );
}

/// The table of a heading, in Markdown.
fn table(heading: &str) -> String {
    let mut table = String::from("| Setting | Kind | Default | Meaning |\n|---|---|---|---|\n");
    for setting in settings() {
        if setting.heading == heading && !setting.meaning.is_empty() {
            table.push_str(&row(&setting));
        }
    }
    table
}

fn row(setting: &Described) -> String {
    let Described {
        key,
        kind,
        otherwise,
        meaning,
        ..
    } = setting;
    let restart = match setting.is_fixed_at_start {
        true => " Restart.",
        false => "",
    };
    let otherwise = match otherwise.as_str() {
        "" => " ".to_owned(),
        said => format!(" {said} "),
    };
    format!("| `{key}` | {kind} |{otherwise}| {meaning}{restart} |\n")
}

const OPENS: &str = "<!-- settings of ";
const CLOSES: &str = "<!-- end -->";

#[test]
fn the_documents_tables_of_settings_are_those_of_the_program() {
    const NAME: &str = "configuration.md";
    let is = std::fs::read_to_string(document(NAME)).unwrap();
    let mut should = String::new();
    let mut within = false;
    let mut told = BTreeSet::new();
    for line in is.lines() {
        if let Some(rest) = line.strip_prefix(OPENS) {
            let heading = rest.strip_suffix(" -->").unwrap();
            assert!(told.insert(heading.to_owned()), "{heading} is there twice");
            should.push_str(&format!("{line}\n{}", table(heading)));
            within = true;
        } else if line == CLOSES {
            within = false;
        }
        if !within {
            should.push_str(&format!("{line}\n"));
        }
    }
    let headings = settings().into_iter().map(|it| it.heading.to_owned());
    assert_eq!(told, headings.collect(), "headings of docs/{NAME}");
    hold(NAME, &is, &should);
}

#[test]
fn the_schemas_beside_the_document_are_those_that_the_program_prints() {
    for (name, of) in [
        ("kolapp.schema.json", Schema::Server),
        ("organisation.schema.json", Schema::Organisation),
    ] {
        let is = std::fs::read_to_string(document(name)).unwrap_or_default();
        hold(name, &is, &schema(of));
    }
}

#[test]
fn what_needs_a_restart_is_what_a_server_keeps_from_its_start() {
    let said = settings().into_iter().filter(|it| it.is_fixed_at_start);
    let said: BTreeSet<String> = said.map(|it| it.path).collect();
    let kept = Sandbox::new().loaded().server.fixed_at_start();
    let kept: BTreeSet<String> = kept.into_iter().map(|it| it.name.to_owned()).collect();
    assert_eq!(said, kept);
}
