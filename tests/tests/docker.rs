//! The image and the compose file hold together with each other, the tree and the program: no engine is
//! needed to see that.

use dockerfile_parser::{Dockerfile, Instruction};
use std::path::{Path, PathBuf};
use yaml_rust2::{Yaml, YamlLoader};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    let path = top().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn dockerfile() -> Dockerfile {
    Dockerfile::parse(&text("docker/Dockerfile")).expect("a Dockerfile that can be read")
}

fn compose() -> Yaml {
    let documents = YamlLoader::load_from_str(&text("docker/compose.yaml"));
    documents
        .expect("YAML that can be read")
        .pop()
        .expect("one document")
}

/// Instructions that the parser knows by name only, with their arguments.
fn others(dockerfile: &Dockerfile, name: &str) -> Vec<String> {
    let misc = |instruction: &Instruction| match instruction {
        Instruction::Misc(misc) if misc.instruction.content.eq_ignore_ascii_case(name) => {
            Some(misc.arguments.to_string())
        }
        _ => None,
    };
    dockerfile.instructions.iter().filter_map(misc).collect()
}

#[test]
fn the_image_is_built_from_files_that_are_there_and_runs_the_server_as_nobody_special() {
    let dockerfile = dockerfile();
    let stages = dockerfile.stages();
    assert_eq!(
        stages.stages.len(),
        3,
        "the pages are built, then the server, which runs"
    );
    for stage in &stages.stages {
        for instruction in &stage.instructions {
            let Instruction::Copy(copy) = instruction else {
                continue;
            };
            if copy.flags.iter().any(|flag| flag.name.content == "from") {
                continue;
            }
            for source in &copy.sources {
                assert!(
                    top().join(&source.content).exists(),
                    "COPY {}",
                    source.content
                );
            }
        }
    }
    let last = stages.stages.last().expect("a stage");
    let entry = last.instructions.iter().find_map(|it| match it {
        Instruction::Entrypoint(entry) => entry.expr.as_exec().map(|exec| exec.as_str_vec()),
        _ => None,
    });
    assert_eq!(entry, Some(vec!["/usr/local/bin/kolapp"]));
    let user = others(&dockerfile, "USER");
    assert!(
        user.iter().all(|user| user.trim() != "root") && user.len() == 1,
        "{user:?}"
    );
    let exposed = others(&dockerfile, "EXPOSE").concat();
    for port in ["5060/udp", "5060/tcp", "8080/tcp", "30000-39999/udp"] {
        assert!(exposed.contains(port), "{port} is not exposed: {exposed}");
    }
    assert!(
        others(&dockerfile, "HEALTHCHECK")
            .concat()
            .contains("ctl --socket ${KOLAPP_STATE_DIR}/kolapp.sock status")
    );
}

#[test]
fn the_compose_file_starts_that_image_with_settings_that_the_program_knows() {
    let compose = compose();
    let service = &compose["services"]["kolapp"];
    let build = &service["build"];
    let context = build["context"].as_str().expect("a build context");
    let named = build["dockerfile"].as_str().expect("a Dockerfile");
    assert!(top().join("docker").join(context).join(named).exists());
    let known = [
        "KOLAPP_SIP_PORT",
        "KOLAPP_HTTP_PORT",
        "KOLAPP_RTP_PORTS",
        "KOLAPP_STATE_DIR",
    ];
    let environment = service["environment"].as_hash().expect("settings");
    assert_eq!(environment.len(), known.len());
    for name in environment.keys().filter_map(Yaml::as_str) {
        assert!(known.contains(&name), "{name} is no setting");
    }
    let volumes = service["volumes"].as_vec().expect("volumes");
    let bound = volumes
        .iter()
        .find(|volume| volume["type"].as_str() == Some("bind"));
    let source = bound
        .and_then(|volume| volume["source"].as_str())
        .expect("the configuration");
    assert!(
        top()
            .join("docker")
            .join(source)
            .join("kolapp.toml")
            .exists()
    );
    let state = volumes
        .iter()
        .find(|volume| volume["type"].as_str() == Some("volume"));
    let state = state
        .and_then(|volume| volume["source"].as_str())
        .expect("a state volume");
    assert!(
        !compose["volumes"][state].is_badvalue(),
        "volume {state} is not declared"
    );
}
