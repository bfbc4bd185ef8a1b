//! Who had what done, as administrators are told.

use crate::client::World;
use serde_json::json;
use web::Deed;

#[tokio::test]
async fn what_people_had_done_is_told_to_administrators_of_their_own_organisation() {
    let world = World::new();
    for (user, status) in [
        ("anna", 403),
        ("eva", 403),
        ("admin", 200),
        ("operator", 200),
    ] {
        let answer = world.log_in(user).await.get("/audit").await;
        assert_eq!(answer.status.as_u16(), status, "{user}");
    }
    let asked = || world.office.asked_of_audit.lock().unwrap().take().unwrap();
    assert_eq!(asked().org, None, "the operator's");
    let admin = world.log_in("admin").await;
    let page = admin
        .get("/audit?page=1&rows=20&from=1970-01-02T00:00:00Z")
        .await
        .json;
    let told = asked();
    assert_eq!(told.org, Some(base::OrgId::new("demo").unwrap()));
    assert_eq!((told.page, told.rows, told.from_ms), (1, 20, 86_400_000));
    let row = &page["audit"][0];
    for (name, value) in [
        ("organisation", json!("demo")),
        ("who", json!("demo/eva")),
        ("way", json!("http")),
        ("what", json!("pauses demo/anna")),
        ("refused", json!(null)),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
}

/// Who, what organisation it is about, what, and whether it was refused.
type Told = (String, Option<String>, String, bool);

fn told(world: &World) -> Vec<Told> {
    let deeds = std::mem::take(&mut *world.office.deeds.lock().unwrap());
    let told = deeds.into_iter().map(|deed: Deed| {
        (
            deed.by.map_or("nobody".into(), |who| who.to_string()),
            deed.org.map(|org| org.to_string()),
            deed.what,
            deed.refused.is_some(),
        )
    });
    told.collect()
}

fn deed(by: &str, org: Option<&str>, what: &str) -> Told {
    (by.into(), org.map(str::to_owned), what.into(), false)
}

fn refused(by: &str, org: Option<&str>, what: &str) -> Told {
    let (by, org, what, _) = deed(by, org, what);
    (by, org, what, true)
}

#[tokio::test]
async fn whoever_logs_in_or_tries_to_is_kept_and_what_he_types_is_not() {
    let world = World::new();
    let from = "logs in from 127.0.0.1";
    world.log_in("anna").await;
    world.log_in("operator").await;
    world.try_password("anna", "a guess").await;
    for name in ["demo-anna", "nobody@nowhere.localhost"] {
        world.try_password(name, "a guess").await;
    }
    let expected = [
        deed("demo/anna", Some("demo"), from),
        deed("operator operator", None, from),
        refused("demo/anna", Some("demo"), from),
        refused("nobody", None, from),
        refused("nobody", None, from),
    ];
    assert_eq!(told(&world), expected);
}

#[tokio::test]
async fn passwords_tokens_and_exports_are_kept_in_the_audit_of_whom_they_are_about() {
    let world = World::new();
    let (anna, admin) = (world.log_in("anna").await, world.log_in("admin").await);
    let bosse = world.log_in("bosse").await;
    let operator = world.log_in("operator").await;
    told(&world);
    let demo = Some("demo");
    for (old, new) in [("demo-bosse", "another one"), ("demo-anna", "another one")] {
        anna.put("/me/password", json!({ "old": old, "new": new }))
            .await;
    }
    let chooses = "chooses another password from 127.0.0.1";
    let expected = [
        refused("demo/anna", demo, chooses),
        deed("demo/anna", demo, chooses),
    ];
    assert_eq!(told(&world), expected);
    operator.delete("/users/demo/anna/password").await;
    let made = json!({ "name": "report", "user": "demo/eva", "days": 1 });
    let made = admin.post("/tokens", made).await.json;
    let token = made["token"]["id"].as_str().unwrap();
    admin.delete(&format!("/tokens/{token}")).await;
    admin.get("/callbacks/export").await;
    let number = json!({ "number": "+46701234567" });
    admin.post("/exports", number.clone()).await;
    let takes_back = "takes back the password that demo/anna chose";
    let expected = [
        deed("operator operator", demo, takes_back),
        deed(
            "demo/admin",
            demo,
            &format!("makes the token {token} of demo/eva"),
        ),
        deed(
            "demo/admin",
            demo,
            &format!("removes the token {token} of demo/eva"),
        ),
        deed("demo/admin", demo, "exports callback lists"),
        deed("demo/admin", demo, "has all told that is kept of a number"),
    ];
    assert_eq!(told(&world), expected);
    // Whoever may not has done nothing.
    bosse.post("/exports", number).await;
    bosse.delete("/users/demo/anna/password").await;
    assert_eq!(told(&world), []);
}
