//! `docs/configuration.md` states the bounds and the variables that are.

use std::path::Path;

#[test]
fn the_document_states_the_limits_and_variables_that_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let text = std::fs::read_to_string(path).unwrap();
    for limit in [
        config::FILE_BYTES_MAX as usize / 1024 / 1024,
        config::FILES_MAX,
        config::ORGANISATIONS_MAX,
        config::USERS_MAX,
        config::QUEUES_MAX,
        config::PROMPTS_MAX,
    ] {
        let digits: Vec<u8> = limit.to_string().into_bytes();
        let groups: Vec<&str> = digits
            .rchunks(3)
            .rev()
            .map(|group| std::str::from_utf8(group).unwrap())
            .collect();
        assert!(
            text.contains(&format!("| {} ", groups.join(","))),
            "{limit}"
        );
    }
    for variable in [
        "KOLAPP_SIP_PORT",
        "KOLAPP_HTTP_PORT",
        "KOLAPP_RTP_PORTS",
        "KOLAPP_STATE_DIR",
        "KOLAPP_STORE_URL",
    ] {
        assert!(text.contains(variable), "{variable}");
    }
}
