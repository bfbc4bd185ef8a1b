//! Prompts: looking at them, hearing them, and bringing new versions.

use crate::administered::SOUND;
use crate::client::{Client, World, ask};
use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, header};
use futures_util::stream;
use serde_json::json;
use std::convert::Infallible;

const VERSIONS: &str = "/prompts/demo/queue-welcome/versions?kind=wav";

async fn bring(world: &World, who: &Client<'_>, path: &str, body: Body) -> crate::client::Answer {
    let mut request = who.request(ask(Method::POST, path));
    *request.body_mut() = body;
    world.answer(request).await
}

#[tokio::test]
async fn whoever_supervises_sees_and_hears_prompts_and_whoever_administers_changes_them() {
    let world = World::new();
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let admin = world.log_in("admin").await;
    let restore = json!({ "version": 1 });
    let path = "/prompts/demo/queue-welcome";
    for (who, reads, changes) in [(&anna, 403, 403), (&eva, 200, 403), (&admin, 200, 201)] {
        assert_eq!(who.get("/prompts").await.status, reads);
        assert_eq!(who.get(&format!("{path}/sound")).await.status, reads);
        let changed = who.post(&format!("{path}/restore"), restore.clone()).await;
        assert_eq!(changed.status, changes);
        let brought = bring(&world, who, VERSIONS, Body::from("RIFF")).await;
        assert_eq!(brought.status, changes);
    }
    let list = eva.get("/prompts").await.json;
    assert_eq!(list["needs_recording"], json!(["to-come"]));
    assert_eq!(list["prompts"][0]["from"], "versions");
    assert_eq!(
        list["prompts"][0]["versions"][0]["at"],
        "2026-11-18T11:06:40Z"
    );
    let unknown = admin
        .post(&format!("{path}/restore"), json!({ "version": 7 }))
        .await;
    assert_eq!(unknown.status, 409, "{unknown:?}");
}

#[tokio::test]
async fn a_sound_is_a_wav_file_of_the_version_that_is_asked_for() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    for version in ["", "?version=1"] {
        let path = format!("/prompts/demo/queue-welcome/sound{version}");
        let sound = eva.get(&path).await;
        assert_eq!(sound.status, 200, "{sound:?}");
        assert_eq!(sound.headers[header::CONTENT_TYPE], "audio/wav");
        assert_eq!(
            sound.headers[header::CONTENT_LENGTH],
            SOUND.len().to_string()
        );
        assert_eq!(sound.text.as_bytes(), SOUND);
    }
    for (path, status) in [
        ("/prompts/demo/queue-welcome/sound?version=9", 404),
        ("/prompts/other/queue-welcome/sound", 404),
        ("/prompts/demo/.../sound", 404),
        ("/prompts/demo/Nej/sound", 404),
        ("/prompts/demo/queue-welcome/sound?version=x", 422),
    ] {
        assert_eq!(eva.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_file_is_taken_as_it_comes_and_refused_in_words() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    let pieces = ["RIFF", " in ", "pieces"].map(|it| Ok::<_, Infallible>(Bytes::from(it)));
    let body = Body::from_stream(stream::iter(pieces));
    let made = bring(&world, &admin, VERSIONS, body).await;
    assert_eq!(
        (made.status, &made.json),
        (StatusCode::CREATED, &json!({ "version": 2 }))
    );
    let (command, bytes) = world
        .office
        .administered
        .uploaded
        .lock()
        .unwrap()
        .pop()
        .unwrap();
    assert_eq!(bytes, b"RIFF in pieces");
    let upload = control::PromptAction::Upload {
        name: "queue-welcome".into(),
        ending: "wav".into(),
    };
    assert_eq!(command.action, upload);
    let letter = bring(&world, &admin, VERSIONS, Body::from("a letter")).await;
    assert_eq!(letter.status, 409);
    assert_eq!(letter.json["detail"], "the file is no audio");
    for (path, status) in [
        ("/prompts/demo/queue-welcome/versions?kind=exe", 422),
        ("/prompts/demo/queue-welcome/versions", 422),
        ("/prompts/other/queue-welcome/versions?kind=wav", 404),
        ("/prompts/demo/No/versions?kind=wav", 404),
    ] {
        let answer = bring(&world, &admin, path, Body::from("RIFF")).await;
        assert_eq!(answer.status, status, "{path}");
    }
    assert!(
        world
            .office
            .administered
            .uploaded
            .lock()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused_by_its_length_or_when_it_has_become_so() {
    let world = World::new();
    let admin = world.log_in("admin").await;
    let mut request = admin.request(ask(Method::POST, VERSIONS));
    let length = web::UPLOAD_BYTES_MAX + 1;
    request
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length.into());
    let said = world.answer(request).await;
    assert_eq!(said.status, 413, "{said:?}");
    let megabyte = Bytes::from(vec![b'R'; 1 << 20]);
    let pieces = std::iter::repeat_n(megabyte, (web::UPLOAD_BYTES_MAX >> 20) as usize + 1);
    let body = Body::from_stream(stream::iter(pieces.map(Ok::<_, Infallible>)));
    let came = bring(&world, &admin, VERSIONS, body).await;
    assert_eq!(came.status, 413, "{came:?}");
}
