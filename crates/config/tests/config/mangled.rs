//! Whatever stands in a file, a load ends with settings or with errors that can be told; never in a panic.

use crate::common::{ORGANISATION, SERVER, Sandbox};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// One way to spoil a text: at a place, as a share of its length.
#[derive(Clone, Debug)]
enum Spoil {
    Remove { at: f64, bytes: usize },
    Insert { at: f64, text: String },
    Double { at: f64, bytes: usize },
    Swap { from: usize, to: usize },
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let words = prop::sample::select(vec![
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        ".",
        "\"",
        "'",
        "\"\"\"",
        "\n",
        ",",
        "#",
        "0",
        "-1",
        "1e9",
        "true",
        "nan",
        "1979-05-27",
        "å",
        "\u{0}",
        "\u{feff}",
        "[users]",
        "[queues.sales]",
        "users = 1\n",
        "queues = []\n",
        "[organisation.domain]\n",
        "999999999999999999999",
        "\"none\"",
        "\\u0000",
        "99h",
        "\"*\"",
    ]);
    prop_oneof![
        (0.0..1.0, 1_usize..40).prop_map(|(at, bytes)| Spoil::Remove { at, bytes }),
        (0.0..1.0, words).prop_map(|(at, word)| Spoil::Insert {
            at,
            text: word.to_owned()
        }),
        (0.0..1.0, ".{1,6}").prop_map(|(at, text)| Spoil::Insert { at, text }),
        (0.0..1.0, 1_usize..200).prop_map(|(at, bytes)| Spoil::Double { at, bytes }),
        (0_usize..40, 0_usize..40).prop_map(|(from, to)| Spoil::Swap { from, to }),
    ]
}

/// What `text` becomes; bytes, since a cut may fall inside a character.
fn spoiled(text: &str, spoils: &[Spoil]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for spoil in spoils {
        let place = |at: f64| (at * bytes.len() as f64) as usize;
        match spoil {
            Spoil::Remove { at, bytes: count } => {
                let at = place(*at);
                bytes.drain(at..(at + count).min(bytes.len()));
            }
            Spoil::Insert { at, text } => {
                let at = place(*at);
                bytes.splice(at..at, text.bytes());
            }
            Spoil::Double { at, bytes: count } => {
                let at = place(*at);
                let again = bytes[at..(at + count).min(bytes.len())].to_vec();
                bytes.splice(at..at, again);
            }
            Spoil::Swap { from, to } => {
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
                let count = lines.len();
                if count > 0 {
                    lines.swap(from % count, to % count);
                }
                bytes = lines.concat();
            }
        }
    }
    bytes
}

fn lines_of(errors: &[config::ConfigError]) {
    for error in errors {
        assert!(!error.to_string().contains('\n'), "{error}");
        assert!(!error.problem().is_empty());
        assert!(
            error.how_to_mend().is_some_and(|mend| !mend.is_empty()),
            "{error}"
        );
        assert!(!error.drawn().is_empty());
    }
}

fn seed() -> u64 {
    let given = std::env::var("KOLAPP_TEST_SEED").ok();
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    given.map_or(since.as_nanos() as u64, |text| text.parse().unwrap())
}

#[test]
fn no_mangled_file_makes_a_load_panic_or_leaves_an_error_without_a_mend() {
    let sandbox = Sandbox::new();
    let seed = seed();
    println!("seed {seed}; run again with KOLAPP_TEST_SEED={seed}");
    let config = ProptestConfig {
        cases: 500,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    };
    let files = (
        prop::collection::vec(spoil(), 0..3),
        prop::collection::vec(spoil(), 1..5),
    );
    proptest!(config, |((server, organisation) in files)| {
        sandbox.write("config/kolapp.toml", spoiled(SERVER, &server));
        sandbox.write("config/organisations/acme/acme.toml", spoiled(ORGANISATION, &organisation));
        match sandbox.load() {
            Ok(loaded) => lines_of(&loaded.warnings),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                lines_of(&errors);
            }
        }
    });
}

#[test]
fn a_file_of_nothing_but_mistakes_is_told_in_bounded_many_errors() {
    let sandbox = Sandbox::new();
    for text in [
        "]=[\n".repeat(50_000),
        "a=1\n".repeat(50_000),
        "[a]\n".repeat(50_000),
        "a.".repeat(50_000) + "a = 1",
        "[".to_owned() + &"\"a\".".repeat(50_000) + "a]",
        "a = ".to_owned() + &"[".repeat(50_000),
        (0..50_000).map(|n| format!("[users.\"Ö{n}\"]\n")).collect(),
        (0..50_000)
            .map(|n| format!("[queues.q{n}]\nmembers = [\"u{n}\"]\n"))
            .collect(),
    ] {
        sandbox.write("config/organisations/acme/acme.toml", text);
        let errors = sandbox.load().unwrap_err();
        assert!(
            (1..=config::ERRORS_MAX + 1).contains(&errors.len()),
            "{}",
            errors.len()
        );
        assert!(
            errors[0]
                .spot()
                .is_some_and(|spot| spot.line >= 1 && spot.column >= 1)
        );
    }
}
