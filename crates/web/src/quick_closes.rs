//! Closing or opening several queues for a while, by hand: what is in force and to come, what one more would do, setting and
//! undoing. Each is the command that `kolapp ctl quick-close` gives, permitted by `control`.

use crate::body::{Asked, Body};
use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::views::{Named, moment};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::{OrgId, QueueId};
use calendar::{Effect, QuickClose, Waiting};
use callback::Utc;
use control::{Command, QuickCommand, View, permit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Longest moment that is read: `2026-12-24T10:00:00+01:00` and then some.
const MOMENT_CHARS_MAX: usize = 40;

/// Which queues somebody wants closed or opened, and for how long, as he says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickAsked {
    /// Whose queues.
    pub org: OrgId,
    /// Those that he names, which are all there and the organisation's.
    pub queues: Vec<QueueId>,
    /// Those of this group too.
    pub group: Option<String>,
    /// From when, by the queues' clock; now, where not given.
    pub from: Option<String>,
    /// Until when.
    pub until: String,
    /// What becomes of them.
    pub effect: Effect,
    /// What becomes of callers who wait already.
    pub waiting: Waiting,
    /// The name of the prompt that callers hear instead of the queue's own.
    pub message: Option<String>,
}

/// What a quick-close would do to a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuickPreview {
    /// Which.
    #[schema(value_type = String, example = "demo/support")]
    pub queue: QueueId,
    /// Whether it would let callers in at that time without it.
    pub is_open: bool,
    /// And with it.
    pub will_be_open: bool,
    /// Callers who wait in it now.
    pub waiting: u32,
    /// Whether they would have to leave; else they stay and are answered.
    pub they_move: bool,
    /// Where callers go who find it closed; null where they are told that it is busy.
    pub leads_to: Option<LeadsTo>,
}

/// Where callers go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LeadsTo {
    /// What it is.
    pub kind: LeadsToKind,
    /// Which: a name or a number; empty for a message.
    #[schema(example = "backup")]
    pub name: String,
}

/// What callers may be led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LeadsToKind {
    /// A queue.
    Queue,
    /// A user.
    User,
    /// A group of users.
    Group,
    /// A menu.
    Menu,
    /// Something that is said.
    Message,
    /// A number.
    Number,
}

/// What a quick-close may be made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuickChoices {
    /// Groups of queues.
    pub groups: Vec<(String, Vec<QueueId>)>,
    /// The organisation's own prompts, by their names.
    pub messages: Vec<String>,
    /// By which clock moments are read.
    pub zone: String,
}

/// What came of a command about quick-closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuickDone {
    /// It has this id.
    Set(u32),
    /// It would do this.
    Preview(Vec<QuickPreview>),
    /// It has ended.
    Undone,
}

/// Whether queues are closed or opened.
#[derive(ToSchema)]
#[schema(as = EffectView, rename_all = "kebab-case")]
#[allow(
    dead_code,
    reason = "it names in the document what `calendar::Effect` is"
)]
pub(crate) enum EffectView {
    Close,
    Open,
}

/// What becomes of callers who wait already.
#[derive(ToSchema)]
#[schema(as = WaitingView, rename_all = "kebab-case")]
#[allow(
    dead_code,
    reason = "it names in the document what `calendar::Waiting` is"
)]
pub(crate) enum WaitingView {
    Stay,
    Move,
}

/// What is closed or opened by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuickCloseView {
    id: u32,
    #[schema(value_type = EffectView)]
    effect: Effect,
    /// Whether it has begun.
    in_force: bool,
    #[schema(value_type = Vec<String>, example = json!(["demo/support"]))]
    queues: Vec<QueueId>,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    until: String,
    /// What became of callers who waited.
    #[schema(value_type = WaitingView)]
    waiting: Waiting,
    /// The prompt that callers hear; null for each queue's own.
    message: Option<String>,
    /// Who asked for it.
    by: String,
}

impl QuickCloseView {
    pub(crate) fn of(quick: &QuickClose, now: Utc) -> QuickCloseView {
        QuickCloseView {
            id: quick.id,
            effect: quick.effect,
            in_force: quick.from <= now.as_seconds(),
            queues: quick.queues.clone(),
            from: moment(Utc::from_seconds(quick.from)),
            until: moment(Utc::from_seconds(quick.until)),
            waiting: quick.waiting,
            message: quick.message.as_deref().map(str::to_owned),
            by: quick.by.to_string(),
        }
    }
}

/// A group of queues.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueGroupView {
    name: String,
    #[schema(value_type = Vec<String>)]
    queues: Vec<QueueId>,
}

/// What is closed and opened by hand, and what more may be made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuickClosesView {
    /// Those in force and to come, in the order in which they were asked for: of several for a queue the last counts.
    quick_closes: Vec<QuickCloseView>,
    /// Groups of queues.
    groups: Vec<QueueGroupView>,
    /// Prompts that may be said instead of the queues' own.
    messages: Vec<String>,
    /// By which clock moments are read that have no offset.
    #[schema(example = "Europe/Stockholm")]
    zone: String,
}

/// Which queues to close or open, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuickCloseBody {
    /// Whose queues; the asker's organisation's, where it is not said.
    #[schema(pattern = r"^[a-z0-9_.-]{1,64}$")]
    organisation: Option<String>,
    /// Which.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 1_000, example = json!(["demo/support"]))]
    queues: Vec<Named<QueueId>>,
    /// Those of this group too.
    #[schema(pattern = r"^[a-z0-9_.-]{1,64}$")]
    group: Option<String>,
    /// From then on: by the queues' clock (`2026-12-24T10:00`, or `10:00` for the next time it shows that), or with an offset. Now, where it is not said.
    #[schema(max_length = 40, example = "2026-12-24T10:00")]
    from: Option<String>,
    /// Until then.
    #[schema(max_length = 40, example = "2026-12-24T12:00")]
    until: String,
    /// Whether they are closed, or opened whatever their hours say.
    #[serde(default)]
    #[schema(value_type = EffectView)]
    effect: Effect,
    /// What becomes of callers who wait already.
    #[serde(default)]
    #[schema(value_type = WaitingView)]
    waiting: Waiting,
    /// The prompt that callers hear instead of the queues' own.
    #[schema(pattern = r"^[a-z0-9_.-]{1,64}$")]
    message: Option<String>,
}

impl QuickCloseBody {
    /// What is meant, of queues that whoever asks has a say about.
    async fn meant(self, desk: &Desk, by: &By) -> Result<QuickClose, Problem> {
        let org = desk
            .organisation_of(by, self.organisation.as_deref())
            .await?;
        let is_long = |text: &String| text.len() > MOMENT_CHARS_MAX;
        if is_long(&self.until) || self.from.as_ref().is_some_and(is_long) {
            return Err(Problem::invalid(
                "expected a moment such as 2026-12-24T10:00",
            ));
        }
        let sight = desk.office().sight();
        let queues: Vec<QueueId> = self.queues.into_iter().map(|queue| queue.0).collect();
        let unseen = |queue: &&QueueId| !queue.is_of(&org) || !sight.sees(by.principal(), queue);
        if let Some(queue) = queues.iter().find(unseen) {
            return Err(no_queue(queue));
        }
        let asked = QuickAsked {
            org,
            queues,
            group: self.group,
            from: self.from,
            until: self.until,
            effect: self.effect,
            waiting: self.waiting,
            message: self.message,
        };
        desk.office().quick_meant(asked).map_err(Problem::invalid)
    }
}

fn no_queue(queue: &QueueId) -> Problem {
    let detail = format!("there is no queue {queue} that you may see");
    Problem::new(StatusCode::NOT_FOUND, detail)
}

/// Of which organisation.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrganisationQuery {
    /// Whose; the asker's organisation's, where it is not said.
    #[param(pattern = r"^[a-z0-9_.-]{1,64}$", example = "demo")]
    pub(crate) organisation: Option<String>,
}

/// What is closed and opened by hand now, and what will be. It takes a supervisor.
#[utoipa::path(
    get, path = "/quick-closes", operation_id = "quick_closes", tag = "quick-closes", params(OrganisationQuery),
    responses(
        (status = 200, body = QuickClosesView),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn list(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<OrganisationQuery>,
) -> Result<Json<QuickClosesView>, Problem> {
    let org = desk
        .organisation_of(&by, query.organisation.as_deref())
        .await?;
    permit(by.principal().clone(), Command::Show(View::QuickCloses))?;
    let (all, now) = (desk.office().quick_closes(), desk.utc());
    let is_shown =
        |quick: &&QuickClose| quick.until > now.as_seconds() && is_of(quick, |it| it.is_of(&org));
    let choices = desk.office().quick_choices(&org);
    let groups = choices.groups.into_iter();
    Ok(Json(QuickClosesView {
        quick_closes: all
            .iter()
            .filter(is_shown)
            .map(|quick| QuickCloseView::of(quick, now))
            .collect(),
        groups: groups
            .map(|(name, queues)| QueueGroupView { name, queues })
            .collect(),
        messages: choices.messages,
        zone: choices.zone,
    }))
}

/// A quick-close is of one organisation, whose queues all of its are.
fn is_of(quick: &QuickClose, is: impl Fn(&QueueId) -> bool) -> bool {
    quick.queues.first().is_some_and(is)
}

/// What closing or opening queues would do, which it does not. It takes a supervisor.
#[utoipa::path(
    post, path = "/quick-closes/preview", operation_id = "preview_quick_close", tag = "quick-closes", request_body = QuickCloseBody,
    responses(
        (status = 200, body = Vec<QuickPreview>),
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
pub(crate) async fn preview(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<QuickCloseBody>,
) -> Result<Json<Vec<QuickPreview>>, Problem> {
    let quick = Box::new(given.meant(&desk, &by).await?);
    let command = Command::Quick(QuickCommand::Preview(quick));
    let permitted = permit(by.principal().clone(), command)?;
    match desk.office().quick(permitted).await? {
        QuickDone::Preview(rows) => Ok(Json(rows)),
        QuickDone::Set(_) | QuickDone::Undone => Err(not_told()),
    }
}

/// Closes or opens queues for a while. It takes a supervisor.
#[utoipa::path(
    post, path = "/quick-closes", operation_id = "set_quick_close", tag = "quick-closes", request_body = QuickCloseBody,
    responses(
        (status = 201, body = QuickCloseView),
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
pub(crate) async fn set(
    State(desk): State<Desk>,
    by: By,
    Body(given): Body<QuickCloseBody>,
) -> Result<(StatusCode, Json<QuickCloseView>), Problem> {
    let mut quick = given.meant(&desk, &by).await?;
    quick.by = by.principal().to_string().into();
    let command = Command::Quick(QuickCommand::Set(Box::new(quick.clone())));
    let permitted = permit(by.principal().clone(), command)?;
    match desk.office().quick(permitted).await? {
        QuickDone::Set(id) => {
            quick.id = id;
            let view = QuickCloseView::of(&quick, desk.utc());
            Ok((StatusCode::CREATED, Json(view)))
        }
        QuickDone::Preview(_) | QuickDone::Undone => Err(not_told()),
    }
}

/// Ends a quick-close before its time. It takes a supervisor.
#[utoipa::path(
    delete, path = "/quick-closes/{quick_close}", operation_id = "undo_quick_close", tag = "quick-closes",
    params(("quick_close" = u32, Path, example = 1)),
    responses(
        (status = 204, description = "it has ended"),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 409, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn undo(
    State(desk): State<Desk>,
    by: By,
    Path(quick_close): Path<String>,
) -> Result<StatusCode, Problem> {
    let none = || {
        let detail = format!("there is no quick-close {quick_close} that you may see");
        Problem::new(StatusCode::NOT_FOUND, detail)
    };
    let id: u32 = quick_close.parse().map_err(|_| none())?;
    let (all, sight) = (desk.office().quick_closes(), desk.office().sight());
    let quick = all.find(id).ok_or_else(none)?;
    if !is_of(quick, |queue| sight.sees(by.principal(), queue)) {
        return Err(none());
    }
    let queues = quick.queues.clone();
    let command = Command::Quick(QuickCommand::Undo { id, queues });
    let permitted = permit(by.principal().clone(), command)?;
    desk.office().quick(permitted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The office answers something else than it was asked.
fn not_told() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "it was done, but what came of it was not told: look at the list",
    )
}
