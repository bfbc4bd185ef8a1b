//! Random sequences of messages, most of them wrong: see `script`.

use crate::script::{Cast, play};
use crate::world::{NUMBER, directory, journey, queue, user};
use base::{OrgId, TrunkId};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::sync::Arc;

fn cast() -> Cast {
    let org = OrgId::new("demo").unwrap();
    Cast {
        directory: Arc::new(directory(journey())),
        dials: vec![NUMBER, "102", "*12", "1000", "101", "999"],
        users: vec![user("anna"), user("bosse")],
        trunk: TrunkId::new(&org, "provider").unwrap(),
        queue: queue(),
    }
}

#[test]
fn whatever_is_said_in_whatever_order_the_shard_comes_to_rest_once_all_is_ended() {
    for seed in 0..super::worlds() * 2 {
        eprintln!("seed {seed}");
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut bytes = vec![0; 40 + (rng.next_u64() % 400) as usize];
        rng.fill_bytes(&mut bytes);
        play(&bytes, cast());
    }
}

/// Sequences that a fuzzer found, or that begin as calls do.
#[test]
fn each_kept_sequence_comes_to_rest_too() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fuzz/seeds/sequence"
    );
    let kept = std::fs::read_dir(folder).unwrap();
    let mut played = 0;
    for file in kept {
        let path = file.unwrap().path();
        eprintln!("{}", path.display());
        let bytes = std::fs::read(path).unwrap();
        play(&bytes, cast());
        played += 1;
    }
    assert!(played >= 3);
}
