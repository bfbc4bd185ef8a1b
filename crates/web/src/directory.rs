//! Colleagues: how each is called, and whether he is there. That somebody is in a call is shown to every colleague, as busy lamps
//! do; how he stands as an agent only to those who see him as one.

use crate::caller::By;
use crate::desk::Desk;
use crate::floor::{AgentStateView, AgentView};
use crate::problem::Problem;
use crate::views::moment;
use axum::Json;
use axum::extract::State;
use base::{QueueId, UserId};
use control::Principal;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What is known of a colleague's telephones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// None is registered.
    Nowhere,
    /// One is, and is idle.
    Idle,
    /// One rings.
    Rings,
    /// He is in a call, or on his way to one.
    InCall,
}

/// Who and what of an organisation has a number within it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Everybody, in the order of their names.
    pub colleagues: Vec<Colleague>,
    /// The queues that have one, with it.
    pub queues: Vec<(QueueId, String)>,
}

/// A colleague.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Colleague {
    /// Who.
    pub user: UserId,
    /// What he is called.
    pub display_name: Option<String>,
    /// His internal number.
    pub number: Option<String>,
    /// What his telephones do.
    pub reached: Reached,
}

/// Whether somebody is there: of several that are true, the one named earliest here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PresenceView {
    /// He talks, or is on his way to somebody.
    InCall,
    /// His telephone rings.
    Ringing,
    /// No telephone of his is registered.
    NotRegistered,
    /// He takes no calls from queues for a while.
    Paused,
    /// He has work to do after a call.
    WrapUp,
    /// None of these.
    Free,
}

/// A colleague, as he is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColleagueView {
    #[schema(value_type = String, example = "demo/bosse")]
    name: UserId,
    /// What he is called.
    display_name: Option<String>,
    /// His internal number; null where he has none.
    #[schema(example = "102")]
    number: Option<String>,
    presence: PresenceView,
}

/// A queue that has an internal number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueNumberView {
    #[schema(value_type = String, example = "demo/support")]
    name: QueueId,
    #[schema(example = "1000")]
    number: String,
}

/// The colleagues of one's organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DirectoryView {
    /// In the order of their names.
    colleagues: Vec<ColleagueView>,
    /// The queues that one sees and that have an internal number.
    queues: Vec<QueueNumberView>,
    /// When they were so.
    #[schema(format = DateTime)]
    at: String,
}

/// The colleagues of one's organisation, whether they are there, and the numbers of queues. Whoever runs the server has none.
#[utoipa::path(
    get, path = "/directory", tag = "me",
    responses(
        (status = 200, body = DirectoryView),
        (status = 401, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn directory(
    State(desk): State<Desk>,
    by: By,
) -> Result<Json<DirectoryView>, Problem> {
    let at = moment(desk.utc());
    let Principal::User { user, .. } = by.principal() else {
        let (colleagues, queues) = (Vec::new(), Vec::new());
        let none = DirectoryView {
            colleagues,
            queues,
            at,
        };
        return Ok(Json(none));
    };
    let org = user.org();
    let floor = desk.office().floor(&org, None).await?;
    let sight = desk.office().sight();
    let agents = floor.agents.iter();
    let seen = agents.filter(|agent| agent.is_seen_by(by.principal(), &sight));
    let seen: BTreeMap<&UserId, &AgentView> = seen.map(|agent| (&agent.name, agent)).collect();
    let Directory { colleagues, queues } = desk.read(move |office| office.directory(&org)).await?;
    let queues = queues.into_iter();
    let queues = queues.filter(|(name, _)| sight.sees(by.principal(), name));
    let queues = queues.map(|(name, number)| QueueNumberView { name, number });
    let colleagues = colleagues.into_iter().map(|colleague| ColleagueView {
        presence: presence(&colleague, seen.get(&colleague.user).copied()),
        name: colleague.user,
        display_name: colleague.display_name,
        number: colleague.number,
    });
    Ok(Json(DirectoryView {
        colleagues: colleagues.collect(),
        queues: queues.collect(),
        at,
    }))
}

fn presence(colleague: &Colleague, agent: Option<&AgentView>) -> PresenceView {
    match (colleague.reached, agent.map(|agent| agent.state)) {
        (Reached::InCall, _) => PresenceView::InCall,
        (Reached::Rings, _) => PresenceView::Ringing,
        (Reached::Nowhere, _) => PresenceView::NotRegistered,
        (Reached::Idle, Some(AgentStateView::Paused)) => PresenceView::Paused,
        (Reached::Idle, Some(AgentStateView::WrapUp)) => PresenceView::WrapUp,
        (Reached::Idle, _) => PresenceView::Free,
    }
}
