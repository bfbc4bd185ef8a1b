//! Looking at agents, and changing how they stand: what they do themselves, and what their supervisors do. Each change is the
//! same command as `kolapp ctl` gives, permitted by `control`.

use crate::body::Body;
use crate::caller::By;
use crate::desk::Desk;
use crate::floor::{AgentView, DeviceView};
use crate::problem::Problem;
use crate::views::{Named, moment};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base::{QueueId, UserId};
use control::{AgentCommand, Command, Device, Principal, Queues, permit};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Longest reason of a pause, in characters, as the queue engine keeps it.
const REASON_CHARS_MAX: usize = 64;
/// Longest time by which wrap-up is extended at once: a day.
const EXTENSION_S_MAX: u32 = 86_400;

/// The agents that somebody sees.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentsView {
    agents: Vec<AgentView>,
    /// When they were so.
    #[schema(format = DateTime)]
    at: String,
    /// Where to begin with live events, so that nothing is missed after this: `GET /api/v1/events?since=…`.
    #[schema(example = "1764331200-17")]
    event: String,
}

/// The agents that one sees: himself, those who take calls from queues that he sees, or all of his organisation.
#[utoipa::path(
    get, path = "/agents", tag = "agents",
    responses(
        (status = 200, body = AgentsView),
        (status = 401, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn agents(State(desk): State<Desk>, by: By) -> Result<Json<AgentsView>, Problem> {
    // Before the rows: what changes in between is told twice and not missed.
    let event = desk.office().changes().here().to_string();
    let (sight, by) = (desk.office().sight(), by.principal());
    let floors = desk.floors(by).await?;
    let all = floors.iter().flat_map(|floor| &floor.agents);
    let seen = all.filter(|it| it.is_seen_by(by, &sight));
    let mut agents: Vec<AgentView> = seen.map(|it| it.shown_to(by, &sight)).collect();
    agents.sort_by(|one, other| one.name.cmp(&other.name));
    let at = floors.iter().map(|floor| floor.at).min();
    Ok(Json(AgentsView {
        agents,
        at: moment(at.unwrap_or_else(|| desk.utc())),
        event,
    }))
}

/// Whose state is to change, and in which queue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InQueues {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// The queue; all that he may, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    queue: Option<Named<QueueId>>,
}

/// Whose state is to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfAgent {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
}

/// A pause.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseBody {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// Why: one of the organisation's reasons, by its code or its word, where it has any.
    #[schema(min_length = 1, max_length = 64)]
    reason: Option<String>,
}

/// More wrap-up time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtendBody {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// By how many seconds; as many as the settings say, where it is not said.
    #[schema(minimum = 1, maximum = 86_400)]
    seconds: Option<u32>,
}

/// Where an agent is to be called.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceBody {
    /// The agent; whoever asks, where it is not said.
    #[schema(value_type = Option<String>, pattern = r"^[a-z0-9_.-]{1,64}/[a-z0-9_.-]{1,64}$")]
    agent: Option<Named<UserId>>,
    /// There.
    #[schema(value_type = DeviceView)]
    device: Device,
}

/// The agent, as he was said. Nobody is there whom another organisation has.
fn named(by: &By, agent: Option<Named<UserId>>) -> Result<UserId, Problem> {
    let agent = by.agent(agent.map(|agent| agent.0))?;
    match by.principal() {
        Principal::User { user, .. } if !agent.is_of(&user.org()) => Err(no_agent(&agent)),
        _ => Ok(agent),
    }
}

fn no_agent(agent: &UserId) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no agent {agent}"))
}

fn queues(queue: Option<Named<QueueId>>) -> Queues {
    queue.map_or(Queues::All, |queue| Queues::One(queue.0))
}

/// Has it done, and shows the agent as he stands then.
async fn carry_out(
    desk: &Desk,
    by: &By,
    agent: UserId,
    command: Command,
) -> Result<Json<AgentView>, Problem> {
    let permitted = permit(by.principal().clone(), command)?;
    let (office, org) = (desk.office(), agent.org());
    if office.floor(&org, None).await?.agent(&agent).is_none() {
        return Err(no_agent(&agent));
    }
    office.carry_out(permitted).await?;
    let (floor, sight) = (office.floor(&org, None).await?, office.sight());
    let shown = floor.agent(&agent).ok_or_else(|| no_agent(&agent))?;
    Ok(Json(shown.shown_to(by.principal(), &sight)))
}

/// What each of these is documented by; what differs is its path, its body and what it does.
macro_rules! change {
    ($(#[$doc:meta])* $name:ident, $path:literal, $body:ty as $shown:ty, |$agent:ident, $given:ident| $command:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "agents", request_body = $shown,
            responses(
                (status = 200, body = AgentView, description = "as he stands then"),
                (status = 400, response = Problem),
                (status = 401, response = Problem),
                (status = 403, response = Problem),
                (status = 404, response = Problem),
                (status = 409, response = Problem),
                (status = 413, response = Problem),
                (status = 415, response = Problem),
                (status = 422, response = Problem),
                (status = 503, response = Problem),
            ),
        )]
        pub(crate) async fn $name(
            State(desk): State<Desk>,
            by: By,
            Body($given): Body<$body>,
        ) -> Result<Json<AgentView>, Problem> {
            let $agent = named(&by, $given.agent)?;
            let agent = $agent.clone();
            let command = $command;
            carry_out(&desk, &by, agent, command).await
        }
    };
}

change!(
    /// An agent takes calls from queues.
    log_in_to_queues, "/agents/log-in", InQueues as Option<InQueues>,
    |agent, given| Command::Agent(AgentCommand::LogIn { agent, queues: queues(given.queue) })
);
change!(
    /// An agent takes no more calls from queues.
    log_out_of_queues, "/agents/log-out", InQueues as Option<InQueues>,
    |agent, given| Command::Agent(AgentCommand::LogOut { agent, queues: queues(given.queue) })
);
change!(
    /// An agent takes no calls for a while, and stays logged in.
    pause, "/agents/pause", PauseBody as Option<PauseBody>,
    |agent, given| Command::Agent(AgentCommand::Pause { agent, reason: reason(given.reason)? })
);
change!(
    /// An agent who has paused takes calls again.
    resume, "/agents/resume", OfAgent as Option<OfAgent>,
    |agent, given| Command::Agent(AgentCommand::Resume { agent })
);
change!(
    /// An agent takes calls again before his wrap-up time is over.
    end_wrap_up, "/agents/end-wrap-up", OfAgent as Option<OfAgent>,
    |agent, given| Command::Agent(AgentCommand::EndWrapUp { agent })
);
change!(
    /// An agent has more wrap-up time.
    extend_wrap_up, "/agents/extend-wrap-up", ExtendBody as Option<ExtendBody>,
    |agent, given| Command::Agent(AgentCommand::ExtendWrapUp { agent, span: span(given.seconds)? })
);
change!(
    /// An agent takes calls from queues there from now on.
    device, "/agents/device", DeviceBody as DeviceBody,
    |agent, given| Command::UseDevice { agent, device: given.device }
);

fn reason(reason: Option<String>) -> Result<Option<String>, Problem> {
    let fits = |reason: &String| (1..=REASON_CHARS_MAX).contains(&reason.chars().count());
    match reason.as_ref().is_none_or(fits) {
        true => Ok(reason),
        false => Err(Problem::invalid(format!(
            "expected a reason of 1 to {REASON_CHARS_MAX} characters"
        ))),
    }
}

fn span(seconds: Option<u32>) -> Result<Option<Duration>, Problem> {
    match seconds.is_none_or(|it| (1..=EXTENSION_S_MAX).contains(&it)) {
        true => Ok(seconds.map(|it| Duration::from_secs(it.into()))),
        false => Err(Problem::invalid(format!(
            "expected 1 to {EXTENSION_S_MAX} seconds"
        ))),
    }
}
