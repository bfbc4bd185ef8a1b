//! One's own calls, and colleagues.

use crate::client::World;
use crate::events::Stream;
use callback::Utc;
use control::{CallAct, Command, OwnCallCommand, OwnCallRefusal};
use serde_json::json;
use web::{CallStageView, HeldView, OwnCallView, TakingView};

fn talking() -> OwnCallView {
    OwnCallView {
        id: "l3-1-2".parse().unwrap(),
        stage: CallStageView::Talking,
        number: Some("+46701234567".into()),
        name: None,
        colleague: None,
        queue: Some("demo/support".parse().unwrap()),
        arrived: Utc::from_seconds(1_795_000_000),
        connected: Some(Utc::from_seconds(1_795_000_020)),
        held: HeldView::No,
        taking: TakingView::OnPhone,
    }
}

#[tokio::test]
async fn each_sees_his_own_calls_and_hears_of_them_at_once_and_whoever_comes_back_hears_them_anew()
{
    let world = World::new();
    let (anna, bosse) = (world.log_in("anna").await, world.log_in("bosse").await);
    let mut annas = Stream::open(&world, &anna, "").await;
    let mut bosses = Stream::open(&world, &bosse, "").await;
    for stream in [&mut annas, &mut bosses] {
        let heard = stream.next_of_all().await.unwrap();
        assert_eq!(
            (&*heard.event, &heard.data),
            ("own-calls", &json!({ "calls": [] }))
        );
        assert_eq!(heard.id, "", "it has no place among what can be missed");
    }
    world.office.set_own_calls("demo/anna", vec![talking()]);
    let shown = json!({ "calls": [{
        "id": "l3-1-2", "stage": "talking", "number": "+46701234567", "name": null, "colleague": null,
        "queue": "demo/support", "arrived": "2026-11-18T11:06:40Z", "connected": "2026-11-18T11:07:00Z", "held": "no", "taking": "on-phone",
    }] });
    let heard = annas.next_of_all().await.unwrap();
    assert_eq!((&*heard.event, &heard.data), ("own-calls", &shown));
    assert_eq!(anna.get("/me/calls").await.json, shown);
    assert_eq!(bosse.get("/me/calls").await.json, json!({ "calls": [] }));
    assert_eq!(
        bosses.next_of_all().await.unwrap().data,
        json!({ "calls": [] })
    );
    drop(annas);
    let mut again = Stream::open(&world, &anna, "").await;
    assert_eq!(again.next_of_all().await.unwrap().data, shown);
    let operator = world.log_in("operator").await;
    assert_eq!(operator.get("/me/calls").await.json, json!({ "calls": [] }));
}

#[tokio::test]
async fn what_one_does_with_ones_calls_is_a_command_about_oneself() {
    let world = World::new();
    let eva = world.log_in("eva").await;
    let leg = "l3-1-2".parse().unwrap();
    let (number, to) = (|| "102".into(), || "0701234567".into());
    let with = "l4-2-1".parse().unwrap();
    for (path, body, act) in [
        (
            "",
            json!({ "number": "102" }),
            CallAct::Dial { number: number() },
        ),
        ("/l3-1-2/hang-up", json!({}), CallAct::HangUp { leg }),
        ("/l3-1-2/take", json!({}), CallAct::Take { leg }),
        ("/l3-1-2/decline", json!({}), CallAct::Decline { leg }),
        ("/l3-1-2/hold", json!({}), CallAct::Hold { leg }),
        ("/l3-1-2/resume", json!({}), CallAct::Resume { leg }),
        (
            "/l3-1-2/transfer",
            json!({ "to": "0701234567" }),
            CallAct::Transfer { leg, to: to() },
        ),
        (
            "/l3-1-2/join",
            json!({ "with": "l4-2-1" }),
            CallAct::Join { leg, with },
        ),
    ] {
        let answer = eva.post(&format!("/me/calls{path}"), body).await;
        assert_eq!(answer.status, 204, "{path}: {answer:?}");
        let user = "demo/eva".parse().unwrap();
        let asked = Command::OwnCall(OwnCallCommand { user, act });
        assert_eq!(world.office.asked.lock().unwrap().last(), Some(&asked));
    }
    let asked = world.office.asked.lock().unwrap().len();
    for (path, body, status) in [
        ("", json!({ "number": "" }), 422),
        ("", json!({ "number": "1".repeat(65) }), 422),
        ("", json!({}), 422),
        ("/c3-1-2/hang-up", json!({}), 404),
        ("/l64-1-2/take", json!({}), 404),
        ("/l64-1-2/hold", json!({}), 404),
        ("/l3-1-2/transfer", json!({ "to": "" }), 422),
        ("/l3-1-2/join", json!({ "with": "l3" }), 422),
    ] {
        let answer = eva.post(&format!("/me/calls{path}"), body).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    let operator = world.log_in("operator").await;
    let answer = operator.post("/me/calls", json!({ "number": "102" })).await;
    assert_eq!(answer.status, 409);
    assert_eq!(world.office.asked.lock().unwrap().len(), asked);
}

#[tokio::test]
async fn why_something_cant_be_done_with_a_call_is_told_in_a_word_too() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    for (refusal, status, word) in [
        (OwnCallRefusal::NoSuchCall, 404, "no-such-call"),
        (OwnCallRefusal::NotNow, 409, "not-now"),
        (OwnCallRefusal::AnsweredOnPhone, 409, "answered-on-phone"),
        (OwnCallRefusal::NotAllowed, 409, "not-allowed"),
        (OwnCallRefusal::NoNumber, 422, "no-number"),
    ] {
        *world.office.own_call_refused.lock().unwrap() = Some(refusal);
        let answer = anna.post("/me/calls/l3-1-2/hold", json!({})).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["reason"]),
            (status, &json!(word))
        );
        assert_eq!(answer.json["detail"], refusal.to_string());
    }
}

#[tokio::test]
async fn whether_a_colleague_is_there_is_shown_to_each_and_how_he_works_to_who_sees_him_as_an_agent()
 {
    let world = World::new();
    for agent in ["demo/anna", "demo/bosse", "demo/cecilia"] {
        world
            .office
            .change_agent(agent, |it| it.state = web::AgentStateView::Paused);
    }
    let presences = async |who: &str| {
        let client = world.log_in(who).await;
        let answer = client.get("/directory").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let rows = answer.json["colleagues"].as_array().unwrap().clone();
        let row = |row: &serde_json::Value| {
            let text = |field: &str| row[field].as_str().unwrap().to_owned();
            (text("name"), text("presence"))
        };
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let rows = |rows: &[(&str, &str)]| {
        let owned = |(name, presence): &(&str, &str)| ((*name).to_owned(), (*presence).to_owned());
        rows.iter().map(owned).collect::<Vec<_>>()
    };
    // Anna sees no queue of Cecilia's.
    let annas = [
        ("demo/anna", "paused"),
        ("demo/bosse", "in-call"),
        ("demo/cecilia", "free"),
        ("demo/eva", "not-registered"),
    ];
    assert_eq!(presences("anna").await, rows(&annas));
    let mut evas = annas;
    evas[2].1 = "paused";
    assert_eq!(presences("eva").await, rows(&evas));
    let others = [("other/anna", "ringing")];
    assert_eq!(presences("anna@other.localhost").await, rows(&others));
    assert_eq!(presences("operator").await, []);
    let first = world.log_in("anna").await.get("/directory").await;
    assert_eq!(
        first.json["queues"],
        json!([{ "name": "demo/support", "number": "1000" }])
    );
    let first = &first.json["colleagues"][0];
    assert_eq!(
        (&first["display_name"], &first["number"]),
        (&json!("Anna"), &json!("101"))
    );
}
