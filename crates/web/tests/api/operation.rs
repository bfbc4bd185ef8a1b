//! The server as its operator looks after it, and what an administrator sees of it.

use crate::client::World;
use axum::http::StatusCode;
use control::{BanCommand, Command, View};
use serde_json::json;
use std::time::Duration;

fn asked(world: &World) -> Vec<Command> {
    std::mem::take(&mut *world.office.asked.lock().unwrap())
}

#[tokio::test]
async fn an_operator_sees_the_server_its_organisations_and_its_log_and_that_he_read_it_is_kept() {
    let world = World::new();
    let operator = world.log_in("operator").await;
    let server = operator.get("/server").await;
    assert_eq!(server.json["server"]["listeners"][0]["transport"], "UDP");
    assert!(server.json["at"].is_string(), "when it was read");
    let organisations = operator.get("/organisations").await;
    assert_eq!(organisations.json["organisations"][0]["name"], "demo");
    assert_eq!(world.office.deeds.lock().unwrap().len(), 0);
    let log = operator.get("/log").await;
    assert_eq!(log.json["log"]["lines"], json!(["INFO kolapp ready"]));
    let deeds = world.office.deeds.lock().unwrap().clone();
    assert_eq!(deeds[0].what, "reads the log");
    let views = [View::Status, View::Organisations, View::Log].map(Command::Show);
    assert_eq!(asked(&world), views);
}

#[tokio::test]
async fn an_administrator_sees_trunks_and_registrations_of_his_organisation_alone() {
    let world = World::new();
    let (operator, admin) = (world.log_in("operator").await, world.log_in("admin").await);
    let many = |answer: &serde_json::Value, field: &str| answer[field].as_array().unwrap().len();
    assert_eq!(many(&operator.get("/trunks").await.json, "trunks"), 2);
    let his = admin.get("/trunks").await.json;
    assert_eq!(many(&his, "trunks"), 1);
    assert_eq!(his["trunks"][0]["name"], "demo/provider");
    let all = operator.get("/registrations").await.json;
    assert_eq!((many(&all, "registrations"), &all["total"]), (2, &json!(2)));
    let his = admin.get("/registrations?search=192.0.2.7").await.json;
    assert_eq!(many(&his, "registrations"), 1);
    let none = admin.get("/registrations?search=nothing").await.json;
    assert_eq!(none["total"], 0);
    let long = format!("/registrations?search={}", "x".repeat(101));
    let refused = admin.get(&long).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn registrations_are_ended_by_who_administers_their_user() {
    let world = World::new();
    let (operator, admin) = (world.log_in("operator").await, world.log_in("admin").await);
    let strange = json!({ "user": "other/anna" });
    let refused = admin.post("/registrations/end", strange.clone()).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(asked(&world), []);
    let ended = operator.post("/registrations/end", strange).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let own = json!({ "user": "demo/anna" });
    let ended = admin.post("/registrations/end", own).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let users = ["other/anna", "demo/anna"].map(|user| Command::EndRegistrations {
        user: user.parse().unwrap(),
    });
    assert_eq!(asked(&world), users);
}

#[tokio::test]
async fn an_operator_bans_an_address_for_a_while_and_lets_it_in_again() {
    let world = World::new();
    let operator = world.log_in("operator").await;
    let bans = operator.get("/bans").await;
    assert_eq!(bans.json["bans"][0]["source"], "192.0.2.1");
    asked(&world);
    let ban = json!({ "address": "2001:db8::1", "minutes": 90 });
    assert_eq!(
        operator.post("/bans", ban).await.status,
        StatusCode::NO_CONTENT
    );
    let lift = json!({ "address": "192.0.2.1" });
    let lifted = operator.post("/bans/lift", lift).await;
    assert_eq!(lifted.status, StatusCode::NO_CONTENT);
    let commands = [
        BanCommand::Add {
            address: "2001:db8::1".parse().unwrap(),
            lasts: Duration::from_secs(5_400),
        },
        BanCommand::Remove {
            address: "192.0.2.1".parse().unwrap(),
        },
    ];
    assert_eq!(asked(&world), commands.map(Command::Ban));
    for wrong in [
        json!({ "address": "192.0.2.1", "minutes": 0 }),
        json!({ "address": "192.0.2.1", "minutes": 525_601 }),
        json!({ "address": "not one", "minutes": 5 }),
    ] {
        let refused = operator.post("/bans", wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
