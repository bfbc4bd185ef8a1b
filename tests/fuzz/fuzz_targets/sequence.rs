//! Sequences of messages against a signalling shard: whatever is said in whatever order, nothing panics or hangs, and
//! all comes to rest once it is ended. The same as the test `sequences` of `call`, with the demo's configuration.
#![no_main]

#[path = "../../../crates/call/tests/calls/script.rs"]
mod script;

use base::{OrgId, QueueId, TrunkId, UserId};
use libfuzzer_sys::fuzz_target;
use script::Cast;
use std::path::Path;
use std::sync::{Arc, LazyLock};

static DEMO: LazyLock<Arc<call::settings::Directory>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
    let loaded = config::load(&folder, &config::Environment::default());
    loaded.expect("the demo's configuration is sound").directory
});

fuzz_target!(|data: &[u8]| {
    let org = OrgId::new("demo").expect("a name");
    let user = |name| UserId::new(&org, name).expect("a name");
    script::play(
        data,
        Cast {
            directory: Arc::clone(&DEMO),
            dials: vec!["+46850001000", "102", "*12", "1000", "101", "999"],
            users: vec![user("anna"), user("bosse")],
            trunk: TrunkId::new(&org, "provider").expect("a name"),
            queue: QueueId::new(&org, "support").expect("a name"),
        },
    );
});
