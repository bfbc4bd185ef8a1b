//! An organisation's settings, for its administrators: seen as a whole or file by file, without secrets, and changed as a whole.
//! A change is a command that `control` permits and the server judges, lands and takes up; what it would do can be asked first.

mod shown;

pub use shown::{
    ChangeView, ConfigurationFileView, ConfigurationView, Configured, DiffLineView, EffectView,
    FileDiffView, FileView, LineKindView, NotConfigured, QueueEffectView, SettingProblemView,
};
use shown::{NotTaken, NotTakenView};

use crate::body::{Asked, Body};
use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use base::OrgId;
use control::{
    Principal, Proposal, Proposed, SettingEdit, SettingValue, SettingsAction, SettingsCommand,
    Written, permit,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// Longest body of a change: a file of twenty thousand users. Larger files are edited by hand.
pub(crate) const CHANGE_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Keys by which a value says that the secret is kept.
const SECRET: &str = "secret";

/// Whose settings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrganisationQuery {
    /// Which organisation's; the asker's own, where it is not said. An operator has to say it.
    #[param(pattern = "^[a-z0-9_.-]{1,64}$")]
    organisation: Option<String>,
}

/// A change that is proposed: either edits, or a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeBody {
    /// The version that was seen: nothing is changed in a later one.
    #[schema(example = "0f3c5e9a7b1d2c4e6f8091a2b3c4d5e6", max_length = 64)]
    version: String,
    /// These, in this order, all of them or none.
    #[schema(min_items = 1, max_items = 500)]
    edits: Option<Vec<EditBody>>,
    /// One file's whole text.
    #[serde(default, deserialize_with = "crate::body::object_within")]
    file: Option<FileBody>,
}

/// An edit: either a value, or that it is removed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditBody {
    /// Which setting or thing: its keys.
    #[schema(min_items = 1, max_items = 10, example = json!(["queues", "support", "ring"]))]
    path: Vec<String>,
    /// What it is to be: a text, a whole number, true or false, a list or an object; `{"secret": true}` keeps the secret that
    /// is there.
    #[schema(value_type = Option<Object>, example = "20s")]
    value: Option<Value>,
    /// It no longer stands there.
    #[serde(default)]
    remove: bool,
}

/// A file as it is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileBody {
    #[schema(example = "organisation.toml", max_length = 255)]
    name: String,
    /// Its whole text. `"(kept secret)"` in a secret's place keeps the secret that is there.
    text: String,
}

/// What an organisation's files may say, as JSON Schema (draft 7). `x-secret` marks what is never shown, `x-restart` what a
/// running server does not take up.
#[utoipa::path(
    get, path = "/configuration/schema", tag = "configuration",
    responses(
        (status = 200, body = Object),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
    ),
)]
pub(crate) async fn schema(State(desk): State<Desk>) -> Json<Value> {
    Json(desk.office().configuration_schema())
}

/// All settings of an organisation as its files have them, without secrets and without defaults, and whether they are in force.
#[utoipa::path(
    get, path = "/configuration", tag = "configuration", params(OrganisationQuery),
    responses(
        (status = 200, body = ConfigurationView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 422, response = Problem),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn configuration(
    State(desk): State<Desk>,
    by: By,
    Asked(query): Asked<OrganisationQuery>,
) -> Result<Json<ConfigurationView>, NotTaken> {
    match carry_out(&desk, &by, query, SettingsAction::Show).await? {
        Configured::Shown(shown) => Ok(Json(*shown)),
        Configured::File(_) | Configured::Change(_) => Err(NotTaken::confused()),
    }
}

/// One file's text, in which `"(kept secret)"` stands for each secret.
#[utoipa::path(
    get, path = "/configuration/files/{name}", tag = "configuration",
    params(
        OrganisationQuery,
        ("name" = String, Path, max_length = 255, example = "organisation.toml"),
    ),
    responses(
        (status = 200, body = FileView),
        (status = 400, response = Problem),
        (status = 401, response = Problem),
        (status = 403, response = Problem),
        (status = 404, response = Problem),
        (status = 422, body = NotTakenView, content_type = "application/problem+json"),
        (status = 429, response = Problem),
        (status = 503, response = Problem),
    ),
)]
pub(crate) async fn file(
    State(desk): State<Desk>,
    by: By,
    Path(name): Path<String>,
    Asked(query): Asked<OrganisationQuery>,
) -> Result<Json<FileView>, NotTaken> {
    match carry_out(&desk, &by, query, SettingsAction::ShowFile { name }).await? {
        Configured::File(file) => Ok(Json(file)),
        Configured::Shown(_) | Configured::Change(_) => Err(NotTaken::confused()),
    }
}

/// What these two are documented by; what differs is whether it is done.
macro_rules! change {
    ($(#[$doc:meta])* $name:ident, $path:literal, $action:expr) => {
        $(#[$doc])*
        #[utoipa::path(
            post, path = $path, tag = "configuration", params(OrganisationQuery), request_body = ChangeBody,
            responses(
                (status = 200, body = ChangeView),
                (status = 400, response = Problem),
                (status = 401, response = Problem),
                (status = 403, response = Problem),
                (status = 404, response = Problem),
                (status = 409, body = NotTakenView, content_type = "application/problem+json"),
                (status = 413, response = Problem),
                (status = 415, response = Problem),
                (status = 422, body = NotTakenView, content_type = "application/problem+json"),
                (status = 429, response = Problem),
                (status = 503, response = Problem),
            ),
        )]
        pub(crate) async fn $name(
            State(desk): State<Desk>,
            by: By,
            Asked(query): Asked<OrganisationQuery>,
            Body(given): Body<ChangeBody>,
        ) -> Result<Json<ChangeView>, NotTaken> {
            let proposed = given.proposed()?;
            match carry_out(&desk, &by, query, $action(proposed)).await? {
                Configured::Change(change) => Ok(Json(*change)),
                Configured::Shown(_) | Configured::File(_) => Err(NotTaken::confused()),
            }
        }
    };
}

change!(
    /// What a change would do: what differs in which files, what is to be thought of, and who waits in the queues that it is
    /// about. Nothing is changed.
    preview, "/configuration/preview", SettingsAction::Preview
);
change!(
    /// Changes the settings: all of it or nothing. It is in force when the answer comes.
    change, "/configuration/changes", SettingsAction::Change
);

/// The one check, and then the server. Of one account one thing is done at a time: each reads all files.
async fn carry_out(
    desk: &Desk,
    by: &By,
    query: OrganisationQuery,
    action: SettingsAction,
) -> Result<Configured, NotTaken> {
    let org = organisation(by, query)?;
    let command = SettingsCommand { org, action };
    let permitted = permit(by.principal().clone(), command).map_err(Problem::from)?;
    let _turn = desk.own_turn(by.who()).await?;
    Ok(desk.office().configure(permitted).await?)
}

/// The organisation that he means. Of others than his own there is nothing to be seen.
fn organisation(by: &By, query: OrganisationQuery) -> Result<OrgId, Problem> {
    match (query.organisation, by.principal()) {
        (None, Principal::User { user, .. }) => Ok(user.org()),
        (None, Principal::Operator) => {
            let detail = "say whose settings: ?organisation=…";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
        (Some(name), principal) => {
            let none = || {
                let detail = format!("there is no organisation {name} that you may see");
                Problem::new(StatusCode::NOT_FOUND, detail)
            };
            let org = OrgId::new(&name).map_err(|_| none())?;
            let is_his = match principal {
                Principal::Operator => true,
                Principal::User { user, .. } => user.is_of(&org),
            };
            is_his.then_some(org).ok_or_else(none)
        }
    }
}

impl ChangeBody {
    fn proposed(self) -> Result<Proposed, Problem> {
        let what = match (self.edits, self.file) {
            (Some(edits), None) => {
                let edits = edits.into_iter().map(EditBody::edit);
                Proposal::Edits(edits.collect::<Result<_, Problem>>()?)
            }
            (None, Some(FileBody { name, text })) => Proposal::File {
                name,
                text: Written(text),
            },
            _ => return Err(Problem::invalid("expected either `edits` or a `file`")),
        };
        Ok(Proposed {
            version: self.version,
            what,
        })
    }
}

impl EditBody {
    fn edit(self) -> Result<SettingEdit, Problem> {
        let value = match (self.value, self.remove) {
            (Some(value), false) => Some(setting_value(value).ok_or_else(|| {
                Problem::invalid(format!(
                    "{}: expected a text, a whole number, true or false, a list or an object of those",
                    self.path.join(".")
                ))
            })?),
            (None, true) => None,
            _ => {
                let detail = format!("{}: expected either a `value` or `remove`", self.path.join("."));
                return Err(Problem::invalid(detail));
            }
        };
        Ok(SettingEdit {
            path: self.path,
            value,
        })
    }
}

/// The value; none where it is, or has in it, what no setting can be. How deep it may be is bounded by the reader of JSON.
fn setting_value(value: Value) -> Option<SettingValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(is) => SettingValue::YesNo(is),
        Value::Number(number) => SettingValue::Whole(number.as_i64()?),
        Value::String(text) => SettingValue::Text(text),
        Value::Array(items) => {
            let items = items.into_iter().map(setting_value);
            SettingValue::List(items.collect::<Option<_>>()?)
        }
        Value::Object(entries) => {
            if entries.len() == 1 && entries.get(SECRET) == Some(&Value::Bool(true)) {
                return Some(SettingValue::KeptSecret);
            }
            let entries = entries.into_iter();
            let entries = entries.map(|(key, value)| Some((key, setting_value(value)?)));
            SettingValue::Table(entries.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_what_a_setting_can_be_and_nothing_else() {
        let text = |text: &str| SettingValue::Text(text.into());
        assert_eq!(setting_value(json!("20s")), Some(text("20s")));
        assert_eq!(setting_value(json!(7)), Some(SettingValue::Whole(7)));
        let kept = json!({ "password": { "secret": true }, "caller_ids": ["1"] });
        let table = SettingValue::Table(vec![
            ("caller_ids".into(), SettingValue::List(vec![text("1")])),
            ("password".into(), SettingValue::KeptSecret),
        ]);
        assert_eq!(setting_value(kept), Some(table));
        for wrong in [
            json!(null),
            json!(1.5),
            json!([null]),
            json!({ "a": 1.5 }),
            json!(u64::MAX),
        ] {
            assert_eq!(setting_value(wrong.clone()), None, "{wrong}");
        }
    }
}
