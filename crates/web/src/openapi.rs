//! What the document says of the API as a whole.

use crate::caller::SECURE_COOKIE;
use crate::problem::Problem;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kölapp",
        description = "Callback lists: who is to be called back, by whom, and what came of it. Queues and agents: who waits, who is there, and how people stand. Records of calls, and figures of queues and agents.",
        license(name = "Apache-2.0"),
    ),
    components(responses(Problem), schemas(Problem)),
    modifiers(&WaysIn),
    security(("session" = []), ("token" = [])),
    tags(
        (name = "session", description = "Logging in and out."),
        (name = "users", description = "Users, and what lets them in."),
        (name = "tokens", description = "Tokens, for programs."),
        (name = "lists", description = "Lists, and who staffs them."),
        (name = "callbacks", description = "Callbacks, and what is done with them."),
        (name = "me", description = "Whoever asks."),
        (name = "queues", description = "Queues, as they are now."),
        (name = "quick-closes", description = "What is closed or opened by hand for a while."),
        (name = "prompts", description = "What callers hear, and its versions."),
        (name = "licences", description = "Who is billed."),
        (name = "agents", description = "Agents, and how they stand."),
        (name = "calls", description = "Calls that were, and go on."),
        (name = "figures", description = "What queues and agents came to."),
        (name = "configuration", description = "An organisation's settings."),
        (name = "audit", description = "Who had what done."),
        (name = "operation", description = "The server, its trunks and registrations, and who is kept out."),
        (name = "events", description = "Changes, as they happen."),
    ),
)]
pub(crate) struct ApiDoc;

/// A session's cookie, or a token.
struct WaysIn;

impl Modify for WaysIn {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let what = "set by POST /api/v1/session; `kolapp-session` where it came plainly";
        let cookie = ApiKeyValue::with_description(SECURE_COOKIE, what);
        let session = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("session", session);
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}
