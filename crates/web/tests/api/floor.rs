//! Queues, agents, and whoever asks.

use crate::client::{Answer, Client, World};
use crate::events::{Heard, Stream};
use control::{AgentCommand, Command, Device, Queues};
use serde_json::{Value, json};
use std::time::Duration;
use web::Follower;

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
}

/// A stream of what comes after what that page shows, from its beginning on.
async fn since_now(world: &World, client: &Client<'_>) -> Stream {
    // Each has been told once.
    world.office.change_floor(|_| {});
    let page = client.get("/queues").await;
    let since = page.json["event"].as_str().unwrap().to_owned();
    Stream::open(world, client, &format!("?since={since}")).await
}

/// What comes until a change of that queue that is made for it to be the last: what, and of what.
async fn until_sentinel(world: &World, stream: &mut Stream, queue: &str) -> Vec<(String, String)> {
    world.office.change_queue(queue, |it| it.waiting += 1);
    let heard = until(stream, "queue", queue).await;
    let (_, before) = heard.split_last().unwrap();
    let told = |it: &Heard| {
        (
            it.event.clone(),
            it.data["name"].as_str().unwrap().to_owned(),
        )
    };
    before.iter().map(told).collect()
}

fn told(events: &[(&str, &str)]) -> Vec<(String, String)> {
    let told = events.iter();
    told.map(|(event, name)| ((*event).to_owned(), (*name).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_queue_and_an_agent_that_are_removed_are_gone_for_whoever_saw_them_and_for_nobody_else() {
    let world = World::new();
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let operator = world.log_in("operator").await;
    let mut annas = since_now(&world, &anna).await;
    let (mut evas, mut operators) = (
        since_now(&world, &eva).await,
        since_now(&world, &operator).await,
    );
    world.office.change_floor(|floor| {
        floor.queues.retain(|it| it.name.as_str() != "demo/sales");
        floor
            .agents
            .retain(|it| it.name.as_str() == "demo/anna" || it.name.org_name() == "other");
    });
    // Cecilia was never in a queue of hers.
    let bosse_gone = [("agent-gone", "demo/bosse")];
    let heard = until_sentinel(&world, &mut annas, "demo/support").await;
    assert_eq!(heard, told(&bosse_gone));
    let all_gone = [
        ("queue-gone", "demo/sales"),
        ("agent-gone", "demo/bosse"),
        ("agent-gone", "demo/cecilia"),
    ];
    for stream in [&mut evas, &mut operators] {
        let heard = until_sentinel(&world, stream, "demo/support").await;
        assert_eq!(heard.get(..3), Some(&told(&all_gone)[..]), "{heard:?}");
    }
    // Whoever was away hears it too.
    let mark = {
        let mut stream = since_now(&world, &anna).await;
        world
            .office
            .change_queue("demo/support", |it| it.paused += 1);
        stream.next().await.unwrap().id
    };
    world
        .office
        .change_floor(|floor| floor.queues.retain(|it| it.name.org_name() == "other"));
    let mut stream = Stream::open(&world, &anna, &format!("?since={mark}")).await;
    let heard = stream.next().await.unwrap();
    assert_eq!(
        (&*heard.event, heard.data),
        ("queue-gone", json!({ "name": "demo/support" }))
    );
}

#[tokio::test]
async fn an_agent_who_leaves_the_last_queue_that_somebody_sees_is_gone_for_him_also_where_he_was_away()
 {
    let world = World::new();
    let (anna, eva) = (world.log_in("anna").await, world.log_in("eva").await);
    let mut annas = since_now(&world, &anna).await;
    let mut evas = since_now(&world, &eva).await;
    let support = "demo/support".parse().unwrap();
    let sales = "demo/sales".parse().unwrap();
    world.office.change_agent("demo/bosse", |it| {
        it.queues.retain(|queue| *queue != support);
    });
    let heard = annas.next().await.unwrap();
    assert_eq!(
        (&*heard.event, &heard.data["name"]),
        ("agent-gone", &json!("demo/bosse"))
    );
    // What he does elsewhere is nothing to her.
    world
        .office
        .change_agent("demo/bosse", |it| it.reachable = false);
    let later = until_sentinel(&world, &mut annas, "demo/support").await;
    assert_eq!(later, []);
    // Whoever missed that he left hears so by what became of him since, and once.
    let mark = &heard.id;
    world.office.change_agent("demo/bosse", |it| {
        it.queues = vec![sales, "demo/support".parse().unwrap()];
    });
    assert_eq!(annas.next().await.unwrap().event, "agent");
    drop(annas);
    world
        .office
        .change_agent("demo/bosse", |it| it.queues.clear());
    world
        .office
        .change_agent("demo/bosse", |it| it.reachable = true);
    let mut annas = Stream::open(&world, &anna, &format!("?since={mark}")).await;
    let heard = until(&mut annas, "agent-gone", "demo/bosse").await;
    assert!(heard.iter().all(|it| it.event != "agent"), "{heard:?}");
    let mark = heard.last().unwrap().id.clone();
    drop(annas);
    let mut annas = Stream::open(&world, &anna, &format!("?since={mark}")).await;
    let later = until_sentinel(&world, &mut annas, "demo/support").await;
    assert_eq!(later, []);
    // His supervisor sees him wherever he is.
    let heard = until_sentinel(&world, &mut evas, "demo/sales").await;
    assert!(heard.iter().all(|(event, _)| event != "agent-gone"));
}

#[tokio::test]
async fn what_somebody_may_see_no_longer_is_gone_for_him_and_what_he_may_see_now_is_there() {
    let world = World::new();
    world.office.tell_sight();
    let (anna, bosse) = (world.log_in("anna").await, world.log_in("bosse").await);
    let mut annas = since_now(&world, &anna).await;
    let mut bosses = since_now(&world, &bosse).await;
    world.office.let_see("demo/support", &["demo/bosse"]);
    // What is his no more is told him from then on by nobody, and that it is gone a moment later.
    world
        .office
        .change_queue("demo/support", |it| it.waiting = 9);
    world.office.tell_sight();
    let heard = [annas.next().await.unwrap(), annas.next().await.unwrap()];
    let events: Vec<_> = heard.iter().map(|it| (&*it.event, &it.data)).collect();
    let (support, bosse_name) = (
        json!({ "name": "demo/support" }),
        json!({ "name": "demo/bosse" }),
    );
    assert_eq!(
        events,
        [("queue-gone", &support), ("agent-gone", &bosse_name)]
    );
    // The last has the number: who breaks off between them reads all anew.
    assert_eq!(heard[0].id, "");
    assert_ne!(heard[1].id, "");
    // It concerns nobody else.
    let heard = until_sentinel(&world, &mut bosses, "demo/sales").await;
    assert_eq!(heard, told(&[("queue", "demo/support")]));
    // Her sight given back, all of it is told.
    world
        .office
        .let_see("demo/support", &["demo/anna", "demo/bosse"]);
    world.office.tell_sight();
    let heard = until(&mut annas, "agent", "demo/bosse").await;
    let events: Vec<_> = heard
        .iter()
        .map(|it| (&*it.event, &it.data["name"]))
        .collect();
    assert_eq!(
        events,
        [
            ("queue", &json!("demo/support")),
            ("agent", &json!("demo/bosse"))
        ]
    );
}

#[tokio::test]
async fn whoever_is_a_supervisor_no_longer_loses_what_only_supervisors_see() {
    let world = World::new();
    world.office.tell_sight();
    let eva = world.log_in("eva").await;
    let mut evas = since_now(&world, &eva).await;
    world.office.set_role("demo/eva", control::Role::Agent);
    world.office.tell_sight();
    let all_gone = [
        ("queue-gone", "demo/sales"),
        ("queue-gone", "demo/support"),
        ("agent-gone", "demo/anna"),
        ("agent-gone", "demo/bosse"),
        ("agent-gone", "demo/cecilia"),
    ];
    let mut heard = Vec::new();
    while heard.len() < all_gone.len() {
        let next = evas.next().await.unwrap();
        let name = next.data["name"].as_str().unwrap().to_owned();
        heard.push((next.event, name));
    }
    assert_eq!(heard, told(&all_gone));
}

#[tokio::test]
async fn whoever_was_away_while_rights_changed_reads_all_anew() {
    let world = World::new();
    world.office.tell_sight();
    let anna = world.log_in("anna").await;
    let mut stream = since_now(&world, &anna).await;
    world
        .office
        .change_queue("demo/support", |it| it.waiting = 2);
    let mark = stream.next().await.unwrap().id;
    drop(stream);
    world.office.let_see("demo/support", &[]);
    world.office.tell_sight();
    let mut stream = Stream::open(&world, &anna, &format!("?since={mark}")).await;
    assert_eq!(stream.next().await.unwrap().event, "resync");
    drop(stream);
    // As whoever begins when they have changed and nobody has been told yet.
    let mark = anna.get("/queues").await.json["event"].clone();
    world
        .office
        .let_see("demo/support", &["demo/anna", "demo/bosse"]);
    let since = format!("?since={}", mark.as_str().unwrap());
    let mut stream = Stream::open(&world, &anna, &since).await;
    world.office.tell_sight();
    assert_eq!(stream.next().await.unwrap().event, "resync");
}

#[tokio::test]
async fn only_organisations_of_which_somebody_reads_are_looked_at() {
    let world = World::new();
    let mut follower = Follower::new(world.desk.clone());
    let looked_at = || {
        let looked = std::mem::take(&mut *world.office.looked_at.lock().unwrap());
        looked.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    follower.look().await;
    assert!(looked_at().is_empty());
    let (anna, operator) = (world.log_in("anna").await, world.log_in("operator").await);
    let mut annas = Stream::open(&world, &anna, "").await;
    follower.look().await;
    assert_eq!(looked_at(), ["demo"]);
    assert_eq!(annas.next().await.unwrap().event, "queue");
    let operators = Stream::open(&world, &operator, "").await;
    follower.look().await;
    assert_eq!(looked_at(), ["demo", "other"]);
    drop(operators);
    // An organisation that is no more is gone for an operator, also for one who comes back.
    let mark = operator.get("/queues").await.json["event"].clone();
    world
        .office
        .floor
        .lock()
        .unwrap()
        .queues
        .retain(|it| it.name.org_name() == "demo");
    let since = format!("?since={}", mark.as_str().unwrap());
    let mut operators = Stream::open(&world, &operator, &since).await;
    follower.look().await;
    until(&mut operators, "queue-gone", "other/support").await;
}

#[tokio::test]
async fn an_operator_sees_all_organisations_in_the_order_of_names() {
    let world = World::new();
    let operator = world.log_in("operator").await;
    let queues = names(&operator.get("/queues").await, "queues");
    assert_eq!(queues, ["demo/sales", "demo/support", "other/support"]);
    let agents = operator.get("/agents").await;
    assert_eq!(
        names(&agents, "agents"),
        ["demo/anna", "demo/bosse", "demo/cecilia", "other/anna"]
    );
    assert_eq!(operator.get("/queues/nowhere/x").await.status, 404);
    assert_eq!(operator.get("/queues/other/support").await.status, 200);
    assert_eq!(operator.get("/me").await.json["agent"], Value::Null);
}
