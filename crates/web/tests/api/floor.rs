//! Queues, agents, and whoever asks.

use crate::client::{Answer, World};
use crate::events::{Heard, Stream};
use control::{AgentCommand, Command, Device, Queues};
use serde_json::{Value, json};
use std::time::Duration;

fn names(answer: &Answer, of: &str) -> Vec<String> {
    let rows = answer.json[of].as_array().unwrap();
    let name = |row: &Value| row["name"].as_str().unwrap().to_owned();
    rows.iter().map(name).collect()
}

#[tokio::test]
async fn each_sees_the_queues_and_agents_that_he_may_see_and_no_other_organisation_is_there() {
    let world = World::new();
    let all_of_demo = ["demo/anna", "demo/bosse", "demo/cecilia"];
    for (who, queues, agents) in [
        ("anna", &["demo/support"][..], &all_of_demo[..2]),
        (
            "bosse",
            &["demo/sales", "demo/support"][..],
            &all_of_demo[..],
        ),
        ("eva", &["demo/sales", "demo/support"][..], &all_of_demo[..]),
        (
            "anna@other.localhost",
            &["other/support"][..],
            &["other/anna"][..],
        ),
    ] {
        let client = world.log_in(who).await;
        assert_eq!(
            names(&client.get("/queues").await, "queues"),
            queues,
            "{who}"
        );
        assert_eq!(
            names(&client.get("/agents").await, "agents"),
            agents,
            "{who}"
        );
    }
    let anna = world.log_in("anna").await;
    let support = anna.get("/queues/demo/support").await;
    assert_eq!(
        (support.status.as_u16(), &support.json["state"]),
        (200, &json!("open"))
    );
    for hidden in ["demo/sales", "other/support", "demo/nowhere", "Demo/x"] {
        let answer = anna.get(&format!("/queues/{hidden}")).await;
        assert_eq!(answer.status, 404, "{hidden}");
    }
    // Of Bosse she sees that he is in her queue, and not in which others.
    let agents = anna.get("/agents").await;
    assert_eq!(agents.json["agents"][1]["queues"], json!(["demo/support"]));
}

#[tokio::test]
async fn whoever_asks_is_told_who_he_is_how_he_stands_and_where_he_can_be_called() {
    let world = World::new();
    let me = world.log_in("anna").await.get("/me").await.json;
    assert_eq!(
        (&me["user"], &me["role"], &me["organisation"]),
        (&json!("demo/anna"), &json!("agent"), &json!("demo"))
    );
    assert_eq!(me["zone"], "Europe/Stockholm");
    let agent = &me["agent"];
    assert_eq!(
        (&agent["state"], &agent["since"], &agent["queues"]),
        (
            &json!("free"),
            &json!("2026-11-18T11:06:40Z"),
            &json!(["demo/support"])
        )
    );
    assert_eq!(
        me["queues"],
        json!([
            { "name": "demo/office", "logged_in": false },
            { "name": "demo/support", "logged_in": true },
        ])
    );
    assert_eq!(me["devices"]["device"], "desk-phone");
    assert_eq!(me["devices"]["phones"][0]["rings"], true);
    assert_eq!(
        me["pause_reasons"],
        json!([{ "code": "1", "reason": "lunch" }])
    );
    let admin = world.log_in("admin").await.get("/me").await.json;
    assert_eq!(
        (&admin["agent"], &admin["queues"]),
        (&Value::Null, &json!([]))
    );
}

#[tokio::test]
async fn an_agent_changes_how_he_stands_and_a_supervisor_how_his_agents_do() {
    let world = World::new();
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let paused = anna
        .post("/agents/pause", json!({ "reason": "lunch" }))
        .await;
    assert_eq!(paused.status, 200, "{paused:?}");
    assert_eq!(
        (
            &paused.json["name"],
            &paused.json["state"],
            &paused.json["pause_reason"]
        ),
        (&json!("demo/anna"), &json!("paused"), &json!("lunch"))
    );
    let bosse = || "demo/bosse".parse().unwrap();
    let done = [
        ("log-in", json!({ "queue": "demo/sales" })),
        ("log-out", json!({})),
        ("resume", json!({})),
        ("extend-wrap-up", json!({ "seconds": 30 })),
        ("device", json!({ "device": "softphone" })),
    ];
    for (what, mut body) in done {
        body["agent"] = json!("demo/bosse");
        let answer = eva.post(&format!("/agents/{what}"), body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json["name"]),
            (200, &json!("demo/bosse"))
        );
    }
    let asked = world.office.asked.lock().unwrap().split_off(1);
    let sales = Queues::One("demo/sales".parse().unwrap());
    let of_agents = [
        AgentCommand::LogIn {
            agent: bosse(),
            queues: sales,
        },
        AgentCommand::LogOut {
            agent: bosse(),
            queues: Queues::All,
        },
        AgentCommand::Resume { agent: bosse() },
        AgentCommand::ExtendWrapUp {
            agent: bosse(),
            span: Some(Duration::from_secs(30)),
        },
    ];
    let device = Command::UseDevice {
        agent: bosse(),
        device: Device::Softphone,
    };
    let expected: Vec<Command> = of_agents
        .into_iter()
        .map(Command::Agent)
        .chain([device])
        .collect();
    assert_eq!(asked, expected);
    // As things stand it can't be done.
    let ended = anna.post("/agents/end-wrap-up", json!({})).await;
    assert_eq!(
        (ended.status.as_u16(), &ended.json["detail"]),
        (409, &json!("demo/anna has no wrap-up time now"))
    );
}

#[tokio::test]
async fn nobody_changes_a_colleague_or_whoever_is_not_there_and_nothing_is_taken_that_makes_no_sense()
 {
    let world = World::new();
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let pause = |agent: &str| json!({ "agent": agent });
    for (client, body, status) in [
        (&anna, pause("demo/bosse"), 403),
        (&anna, pause("other/anna"), 404),
        (&eva, pause("other/anna"), 404),
        (&eva, pause("demo/nobody"), 404),
        (&eva, pause("nobody"), 422),
        (&anna, json!({ "reason": "" }), 422),
        (&anna, json!({ "reason": "x".repeat(65) }), 422),
        (&anna, json!({ "until": "later" }), 422),
        // Who is no agent.
        (&eva, json!({}), 404),
    ] {
        let answer = client.post("/agents/pause", body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body} {answer:?}");
    }
    for (what, body) in [
        ("extend-wrap-up", json!({ "seconds": 0 })),
        ("extend-wrap-up", json!({ "seconds": 86_401 })),
        ("device", json!({ "device": "fax" })),
        ("device", json!({})),
    ] {
        let answer = anna.post(&format!("/agents/{what}"), body.clone()).await;
        assert_eq!(answer.status.as_u16(), 422, "{what} {body}");
    }
    let operator = world.log_in("operator").await;
    assert_eq!(operator.post("/agents/resume", json!({})).await.status, 422);
    assert_eq!(world.office.asked.lock().unwrap().len(), 0);
}

/// What comes until an event of that name about that one.
async fn until(stream: &mut Stream, event: &str, name: &str) -> Vec<Heard> {
    let mut heard = Vec::new();
    loop {
        heard.push(stream.next().await.unwrap());
        let last = heard.last().unwrap();
        if last.event == event && last.data["name"] == name {
            return heard;
        }
    }
}

#[tokio::test]
async fn whoever_reads_hears_of_queues_and_agents_that_change_as_far_as_he_sees_them() {
    let world = World::new();
    let anna = world.log_in("anna").await;
    world.office.change_agent("demo/cecilia", |_| {});
    let page = anna.get("/queues").await;
    let since = page.json["event"].as_str().unwrap().to_owned();
    let mut stream = Stream::open(&world, &anna, &format!("?since={since}")).await;
    world.office.change_queue("demo/sales", |it| it.waiting = 7);
    world
        .office
        .change_agent("demo/cecilia", |it| it.reachable = false);
    world
        .office
        .change_queue("demo/support", |it| it.waiting = 2);
    let heard = stream.next().await.unwrap();
    assert_eq!(
        (&*heard.event, &heard.data["waiting"]),
        ("queue", &json!(2))
    );
    world
        .office
        .change_agent("demo/anna", |it| it.queue = it.queues.first().cloned());
    let heard = until(&mut stream, "agent", "demo/anna").await;
    let events: Vec<&str> = heard.iter().map(|it| &*it.event).collect();
    assert_eq!(events, ["me", "agent"]);
    assert_eq!(heard[0].data["queue"], "demo/support");
    drop(stream);
    // Whoever was away hears how things are now, once, however often they changed.
    for waiting in 3..=5 {
        world
            .office
            .change_queue("demo/support", |it| it.waiting = waiting);
    }
    let mark = &heard[1].id;
    let mut stream = Stream::open(&world, &anna, &format!("?since={mark}")).await;
    let heard = stream.next().await.unwrap();
    assert_eq!(
        (&*heard.event, &heard.data["waiting"]),
        ("queue", &json!(5))
    );
    // What only grows older is no change.
    world
        .office
        .change_queue("demo/support", |it| it.average_wait_s = Some(1));
    assert_eq!(stream.next().await.unwrap().data["average_wait_s"], 1);
    let before = anna.get("/me").await.json["event"].clone();
    world
        .office
        .change_queue("demo/support", |it| it.average_wait_s = Some(3));
    assert_eq!(anna.get("/me").await.json["event"], before);
    world
        .office
        .change_queue("demo/support", |it| it.waiting = 6);
    assert_eq!(stream.next().await.unwrap().data["waiting"], 6);
    // Where one is gone, all is read anew.
    world.office.floor.lock().unwrap().agents.remove(2);
    world.office.change_queue("demo/support", |_| {});
    assert_eq!(stream.next().await.unwrap().event, "resync");
}
