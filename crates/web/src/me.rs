//! Whoever asks: who he is, how he stands as an agent, what he may log in to, and where he can be called.

use crate::caller::By;
use crate::desk::Desk;
use crate::floor::{AgentView, DeviceView};
use crate::problem::Problem;
use crate::sessions::SessionView;
use crate::views::moment;
use axum::Json;
use axum::extract::State;
use base::QueueId;
use control::{Device, Principal};
use serde::Serialize;
use utoipa::ToSchema;

/// What is known of a user beside how he stands as an agent.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// By the clock of which zone his organisation's days go.
    pub zone: Option<String>,
    /// Where he takes calls from queues.
    pub device: Device,
    /// Whether he has a mobile to take them on.
    pub has_mobile: bool,
    /// His telephones.
    pub phones: Vec<PhoneView>,
    /// Queues that he may log in to.
    pub queues: Vec<QueueId>,
    /// His organisation's reasons of a pause, by their codes.
    pub pause_reasons: Vec<PauseReasonView>,
}

/// What kind of telephone it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PhoneKindView {
    /// One on a desk, or anything that is none of the others.
    DeskPhone,
    /// A program.
    Softphone,
    /// A page in a browser.
    Browser,
}

/// A telephone that has registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhoneView {
    /// What kind it is.
    pub kind: PhoneKindView,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    #[schema(example = "udp")]
    pub transport: String,
    /// Whether it rings for queues, as his device is chosen.
    pub rings: bool,
}

/// A reason of a pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PauseReasonView {
    /// Its code, as it is keyed.
    #[schema(example = "1")]
    pub code: String,
    /// In words.
    #[schema(example = "lunch")]
    pub reason: String,
}

/// A queue that somebody may log in to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MyQueueView {
    #[schema(value_type = String, example = "demo/support")]
    name: QueueId,
    /// Whether he is.
    logged_in: bool,
}

/// Where somebody can be called.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DevicesView {
    /// Where he takes calls from queues.
    #[schema(value_type = DeviceView)]
    device: Device,
    /// Whether his settings have a mobile.
    has_mobile: bool,
    /// Telephones that have registered.
    phones: Vec<PhoneView>,
}

/// Whoever asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeView {
    #[serde(flatten)]
    who: SessionView,
    /// The zone by whose clock his organisation's days go; null for an operator, who has all.
    #[schema(example = "Europe/Stockholm")]
    zone: Option<String>,
    /// How he stands as an agent; null for who is none.
    agent: Option<AgentView>,
    /// Queues that he may log in to.
    queues: Vec<MyQueueView>,
    devices: DevicesView,
    /// Reasons that he may give for a pause; any word will do, where there are none.
    pause_reasons: Vec<PauseReasonView>,
    /// When it was so.
    #[schema(format = DateTime)]
    at: String,
    /// Where to begin with live events, so that nothing is missed after this: `GET /api/v1/events?since=…`.
    #[schema(example = "1764331200-17")]
    event: String,
}

/// Who one is, and how one stands.
#[utoipa::path(
    get, path = "/me", tag = "me",
    responses(
        (status = 200, body = MeView),
        (status = 401, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn me(State(desk): State<Desk>, by: By) -> Result<Json<MeView>, Problem> {
    let event = desk.office().changes().here().to_string();
    let (person, agent, at) = match by.principal() {
        Principal::Operator => (Person::default(), None, desk.utc()),
        Principal::User { user, .. } => {
            let floor = desk.office().floor(&user.org(), None).await?;
            let person = desk.office().person(user);
            (person, floor.agent(user).cloned(), floor.at)
        }
    };
    let is_logged_in = |queue: &QueueId| agent.as_ref().is_some_and(|it| it.queues.contains(queue));
    let queues = person.queues.into_iter().map(|name| MyQueueView {
        logged_in: is_logged_in(&name),
        name,
    });
    Ok(Json(MeView {
        who: SessionView::from(&by.account),
        zone: person.zone,
        queues: queues.collect(),
        agent,
        devices: DevicesView {
            device: person.device,
            has_mobile: person.has_mobile,
            phones: person.phones,
        },
        pause_reasons: person.pause_reasons,
        at: moment(at),
        event,
    }))
}
