//! Looking after an organisation's prompts: what there is and what is still to be recorded, hearing a version, taking a file,
//! and taking an older version again. Each is a command that `control` permits; the sound itself comes and goes in pieces, so
//! that a long one is never held here as a whole.

use crate::body::{Asked, Body};
use crate::caller::By;
use crate::connections::Peer;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::quick_closes::OrganisationQuery;
use crate::views::moment;
use axum::Json;
use axum::body::{Body as Stream, Bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::OrgId;
use callback::Utc;
use control::{Command, PromptAction, PromptCommand, permit};
use futures_util::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

/// Largest file that is taken by HTTP: six minutes in the quality of a CD, an hour as MP3. What is larger is imported where the
/// server runs.
pub const UPLOAD_BYTES_MAX: u64 = 64 << 20;
/// How long a file may take to come: the largest over two megabits a second.
const UPLOAD_WITHIN: Duration = Duration::from_secs(300);
/// Pieces of a file that wait to be written.
const PIECES_WAITING_MAX: usize = 4;
/// Bytes of a sound that are handed to a connection at once.
const PIECE_BYTES: usize = 64 * 1024;

/// What kinds of sound files are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SoundKind {
    Wav,
    Mp3,
    Flac,
    Ogg,
    Opus,
    M4a,
}

impl SoundKind {
    fn ending(self) -> &'static str {
        match self {
            SoundKind::Wav => "wav",
            SoundKind::Mp3 => "mp3",
            SoundKind::Flac => "flac",
            SoundKind::Ogg => "ogg",
            SoundKind::Opus => "opus",
            SoundKind::M4a => "m4a",
        }
    }
}

/// A piece of a file that comes along with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// So much of it.
    Bytes(Bytes),
    /// That was all; without it the file is not whole.
    End,
}

/// One of an organisation's prompts, or one that comes with the server and may be replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PromptView {
    /// Its name, by which settings know it.
    #[schema(example = "queue-welcome")]
    pub name: String,
    /// Where what is heard under that name comes from.
    pub from: PromptFrom,
    /// What is dialled behind the code that records it; null where it can't be recorded by telephone.
    pub number: Option<String>,
    /// How long what is heard takes; null where nothing is.
    pub seconds: Option<u32>,
    /// What is kept of it, the newest first.
    pub versions: Vec<PromptVersionView>,
}

/// Where a prompt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PromptFrom {
    /// It was recorded, uploaded or imported: the newest version is heard.
    Versions,
    /// Settings name its file.
    File,
    /// It comes with the server.
    Standard,
    /// From nowhere: settings name it, and it is still to be recorded.
    Nowhere,
}

/// One version of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PromptVersionView {
    /// Its number: later ones are higher.
    pub version: u32,
    /// Whether it is the one that callers hear.
    pub heard: bool,
    /// What kind of file it is.
    #[schema(example = "wav")]
    pub kind: String,
    /// How large.
    pub bytes: u64,
    /// When it came.
    #[serde(serialize_with = "written")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Utc,
}

fn written<S: serde::Serializer>(at: &Utc, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment(*at))
}

/// An organisation's prompts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PromptsView {
    /// By name.
    prompts: Vec<PromptView>,
    /// Names that settings have and nothing is heard under.
    needs_recording: Vec<String>,
    /// Largest file that is taken.
    upload_bytes_max: u64,
}

/// What came of a command about prompts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptsTold {
    /// These there are.
    All(Vec<PromptView>),
    /// So it sounds, as a WAV file; none where there is no such version.
    Sound(Option<Vec<u8>>),
    /// This version is heard from now on.
    Kept(u32),
}

/// The prompts that an organisation has, those that come with the server, and those that are still to be recorded. It takes a supervisor.
#[utoipa::path(
    get, path = "/prompts", operation_id = "prompts", tag = "prompts", params(OrganisationQuery),
    responses(
        (status = 200, body = PromptsView),
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
) -> Result<Json<PromptsView>, Problem> {
    let named = query.organisation.as_deref();
    let org = desk.organisation_of(&by, named).await?;
    let PromptsTold::All(prompts) = told(&desk, &by, org, PromptAction::List).await? else {
        return Err(not_told());
    };
    let missing = prompts.iter().filter(|it| it.from == PromptFrom::Nowhere);
    Ok(Json(PromptsView {
        needs_recording: missing.map(|it| it.name.clone()).collect(),
        prompts,
        upload_bytes_max: UPLOAD_BYTES_MAX,
    }))
}

async fn told(
    desk: &Desk,
    by: &By,
    org: OrgId,
    action: PromptAction,
) -> Result<PromptsTold, Problem> {
    let command = Command::Prompt(PromptCommand { org, action });
    let permitted = permit(by.principal().clone(), command)?;
    Ok(desk.office().prompts(permitted).await?)
}

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionQuery {
    /// Which; what callers hear, where it is not said.
    version: Option<u32>,
}

/// How a prompt sounds: the first ten minutes of it as callers hear it, as a WAV file. It takes a supervisor.
#[utoipa::path(
    get, path = "/prompts/{organisation}/{prompt}/sound", operation_id = "prompt_sound", tag = "prompts",
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("prompt" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "queue-welcome"),
        VersionQuery,
    ),
    responses(
        (status = 200, content_type = "audio/wav", body = Vec<u8>),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 409, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn sound(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, prompt)): Path<(String, String)>,
    Asked(VersionQuery { version }): Asked<VersionQuery>,
) -> Result<Response, Problem> {
    let (org, name) = named(&desk, &by, &organisation, &prompt).await?;
    // Until it is sent, so that nobody has many of them waiting in memory.
    let turn = desk.own_turn(by.who()).await?;
    let listen = PromptAction::Listen { name, version };
    let PromptsTold::Sound(Some(wav)) = told(&desk, &by, org, listen).await? else {
        return Err(no_prompt(&organisation, &prompt));
    };
    let (bytes, wav) = (wav.len(), Bytes::from(wav));
    let pieces = stream::unfold((wav, turn), |(mut left, turn)| async move {
        let piece = left.split_to(PIECE_BYTES.min(left.len()));
        (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), (left, turn)))
    });
    let head = [
        (header::CONTENT_TYPE, "audio/wav".to_owned()),
        (header::CONTENT_LENGTH, bytes.to_string()),
    ];
    Ok((head, Stream::from_stream(pieces)).into_response())
}

/// The organisation and the prompt of a path.
async fn named(
    desk: &Desk,
    by: &By,
    organisation: &str,
    prompt: &str,
) -> Result<(OrgId, Box<str>), Problem> {
    let none = || no_prompt(organisation, prompt);
    let org = OrgId::new(organisation).map_err(|_| none())?;
    let org = desk.organisation_of(by, Some(org.as_str())).await?;
    // The same names as all else that settings name, but that they are also a folder's.
    let name = OrgId::new(prompt).ok();
    let name = name.filter(|name| !name.as_str().starts_with('.'));
    Ok((org, name.ok_or_else(none)?.as_str().into()))
}

fn no_prompt(organisation: &str, prompt: &str) -> Problem {
    let detail = format!("there is no such version of a prompt {organisation}/{prompt}");
    Problem::new(StatusCode::NOT_FOUND, detail)
}

/// The version that callers hear from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeptView {
    version: u32,
}

/// What kind of file comes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UploadQuery {
    /// Its kind.
    #[param(inline)]
    kind: SoundKind,
}

/// Takes a sound file, which is the body as it is, as the newest version of a prompt. It is heard from the next caller on. It takes an administrator.
#[utoipa::path(
    post, path = "/prompts/{organisation}/{prompt}/versions", operation_id = "upload_prompt", tag = "prompts",
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("prompt" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "queue-welcome"),
        UploadQuery,
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, body = KeptView),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 409, response = Problem),
        (status = 413, response = Problem),
        (status = 422, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn upload(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, prompt)): Path<(String, String)>,
    Asked(UploadQuery { kind }): Asked<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<KeptView>), Problem> {
    let (org, name) = named(&desk, &by, &organisation, &prompt).await?;
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|bytes| bytes > UPLOAD_BYTES_MAX) {
        return Err(too_large());
    }
    let ending = kind.ending().into();
    let action = PromptAction::Upload { name, ending };
    let command = Command::Prompt(PromptCommand { org, action });
    let permitted = permit(by.principal().clone(), command)?;
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>() {
        peer.may_take(UPLOAD_WITHIN);
    }
    let (to_office, pieces) = mpsc::channel(PIECES_WAITING_MAX);
    let kept = desk.office().upload(permitted, pieces);
    let (sent, kept) = tokio::join!(send(request.into_body(), to_office), kept);
    sent?;
    let version = kept?;
    Ok((StatusCode::CREATED, Json(KeptView { version })))
}

/// Hands a body on, piece by piece. Where nobody takes them any more, the answer says why.
async fn send(body: Stream, to_office: mpsc::Sender<Piece>) -> Result<(), Problem> {
    let mut body = body.into_data_stream();
    let mut left = UPLOAD_BYTES_MAX;
    while let Some(piece) = body.next().await {
        let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "the file did not come whole");
        let piece = piece.map_err(broken)?;
        left = left.checked_sub(piece.len() as u64).ok_or_else(too_large)?;
        if to_office.send(Piece::Bytes(piece)).await.is_err() {
            return Ok(());
        }
    }
    // As before.
    let _ = to_office.send(Piece::End).await;
    Ok(())
}

fn too_large() -> Problem {
    let megabytes = UPLOAD_BYTES_MAX >> 20;
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("expected at most {megabytes} MiB: shorten it, or bring it as MP3 or Opus"),
    )
}

/// Which version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreBody {
    /// Its number.
    #[schema(example = 1)]
    version: u32,
}

/// Takes an older version of a prompt again, as the newest. It takes an administrator.
#[utoipa::path(
    post, path = "/prompts/{organisation}/{prompt}/restore", operation_id = "restore_prompt", tag = "prompts", request_body = RestoreBody,
    params(
        ("organisation" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "demo"),
        ("prompt" = String, Path, pattern = "^[a-z0-9_.-]{1,64}$", example = "queue-welcome"),
    ),
    responses(
        (status = 201, body = KeptView),
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
pub(crate) async fn restore(
    State(desk): State<Desk>,
    by: By,
    Path((organisation, prompt)): Path<(String, String)>,
    Body(RestoreBody { version }): Body<RestoreBody>,
) -> Result<(StatusCode, Json<KeptView>), Problem> {
    let (org, name) = named(&desk, &by, &organisation, &prompt).await?;
    let restore = PromptAction::Restore { name, version };
    match told(&desk, &by, org, restore).await? {
        PromptsTold::Kept(version) => Ok((StatusCode::CREATED, Json(KeptView { version }))),
        PromptsTold::All(_) | PromptsTold::Sound(_) => Err(not_told()),
    }
}

/// The office answers something else than it was asked.
fn not_told() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "what came of it was not told: look at the prompts again",
    )
}
