//! All ways in, and the document that describes them.

use crate::body::BODY_BYTES_MAX;
use crate::desk::Desk;
use crate::openapi::ApiDoc;
use crate::problem::Problem;
use crate::roles::{Gate, Least};
use crate::way::come_by;
use crate::{
    acts, agents, audit, callers, calls, calls_export, configuration, credentials, directory,
    events, exports, figures, hours, ladder, licences, lists, me, operation, own_calls, pages,
    prompts, queues, quick_closes, second_step, sessions, staff, tokens,
};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

/// Where the API is.
const API: &str = "/api/v1";

fn described(gate: &Gate) -> OpenApiRouter<Desk> {
    use Least::{Administrator, Agent, Anybody, Operator, Supervisor};
    let api = OpenApiRouter::new()
        .routes(gate.may(Anybody, routes!(sessions::log_in, sessions::log_out)))
        .routes(gate.may(Agent, routes!(sessions::session)))
        .routes(gate.may(Agent, routes!(credentials::choose)))
        .routes(gate.may(Administrator, routes!(credentials::reset)))
        .routes(gate.may(Agent, routes!(second_step::totp, second_step::begin)))
        .routes(gate.may(Agent, routes!(second_step::confirm)))
        .routes(gate.may(Agent, routes!(second_step::off)))
        .routes(gate.may(Administrator, routes!(second_step::reset)))
        .routes(gate.may(Administrator, routes!(tokens::make, tokens::list)))
        .routes(gate.may(Administrator, routes!(tokens::remove)))
        .routes(gate.may(Agent, routes!(lists::lists)))
        .routes(gate.may(Agent, routes!(staff::log_in)))
        .routes(gate.may(Agent, routes!(staff::log_out)))
        .routes(gate.may(Agent, routes!(staff::next)))
        .routes(gate.may(Administrator, routes!(staff::erase)))
        .routes(gate.may(Agent, routes!(lists::page)))
        .routes(gate.may(Agent, routes!(exports::table)))
        .routes(gate.may(Administrator, routes!(exports::of_number)))
        .routes(gate.may(Agent, routes!(lists::entry)))
        .routes(gate.may(Agent, routes!(acts::lease)))
        .routes(gate.may(Agent, routes!(acts::release)))
        .routes(gate.may(Agent, routes!(acts::call)))
        .routes(gate.may(Agent, routes!(acts::note)))
        .routes(gate.may(Agent, routes!(acts::requeue)))
        .routes(gate.may(Agent, routes!(acts::move_to)))
        .routes(gate.may(Agent, routes!(acts::cancel)))
        .routes(gate.may(Supervisor, routes!(acts::waive)))
        .routes(gate.may(Agent, routes!(acts::reveal)))
        .routes(gate.may(Agent, routes!(me::me)))
        .routes(gate.may(Agent, routes!(own_calls::own_calls, own_calls::dial)))
        .routes(gate.may(Agent, routes!(own_calls::hang_up)))
        .routes(gate.may(Agent, routes!(own_calls::take_call)))
        .routes(gate.may(Agent, routes!(own_calls::decline)))
        .routes(gate.may(Agent, routes!(own_calls::hold_call)))
        .routes(gate.may(Agent, routes!(own_calls::resume_call)))
        .routes(gate.may(Agent, routes!(own_calls::transfer)))
        .routes(gate.may(Agent, routes!(own_calls::join)))
        .routes(gate.may(Agent, routes!(directory::directory)))
        .routes(gate.may(Agent, routes!(queues::queues)))
        .routes(gate.may(Agent, routes!(queues::queue)))
        .routes(gate.may(Agent, routes!(hours::hours)))
        .routes(gate.may(Supervisor, routes!(quick_closes::list, quick_closes::set)))
        .routes(gate.may(Supervisor, routes!(quick_closes::preview)))
        .routes(gate.may(Supervisor, routes!(quick_closes::undo)))
        .routes(gate.may(Supervisor, routes!(prompts::list)))
        .routes(gate.may(Supervisor, routes!(prompts::sound)))
        .routes(gate.may(Administrator, routes!(prompts::upload)))
        .routes(gate.may(Administrator, routes!(prompts::restore)))
        .routes(gate.may(Administrator, routes!(licences::licences)))
        .routes(gate.may(Supervisor, routes!(callers::callers)))
        .routes(gate.may(Supervisor, routes!(callers::put_forward)))
        .routes(gate.may(Supervisor, routes!(callers::give)))
        .routes(gate.may(Agent, routes!(agents::agents)))
        .routes(gate.may(Agent, routes!(agents::log_in_to_queues)))
        .routes(gate.may(Agent, routes!(agents::log_out_of_queues)))
        .routes(gate.may(Agent, routes!(agents::pause)))
        .routes(gate.may(Agent, routes!(agents::resume)))
        .routes(gate.may(Agent, routes!(agents::end_wrap_up)))
        .routes(gate.may(Agent, routes!(agents::extend_wrap_up)))
        .routes(gate.may(Agent, routes!(agents::device)))
        .routes(gate.may(Agent, routes!(calls::calls)))
        .routes(gate.may(Supervisor, routes!(calls_export::table)))
        .routes(gate.may(Agent, routes!(calls::call_record)))
        .routes(gate.may(Administrator, routes!(ladder::ladder)))
        .routes(gate.may(Agent, routes!(figures::figures)))
        .routes(gate.may(Administrator, routes!(audit::audit)))
        .routes(gate.may(Administrator, routes!(configuration::configuration)))
        .routes(gate.may(Administrator, routes!(configuration::schema)))
        .routes(gate.may(Administrator, routes!(configuration::file)))
        .routes(gate.may(Administrator, roomy(routes!(configuration::preview))))
        .routes(gate.may(Administrator, roomy(routes!(configuration::change))))
        .routes(gate.may(Operator, routes!(operation::server)))
        .routes(gate.may(Operator, routes!(operation::organisations)))
        .routes(gate.may(Operator, routes!(operation::log)))
        .routes(gate.may(Operator, routes!(operation::bans, operation::ban)))
        .routes(gate.may(Operator, routes!(operation::lift_ban)))
        .routes(gate.may(Administrator, routes!(operation::trunks)))
        .routes(gate.may(Administrator, routes!(operation::registrations)))
        .routes(gate.may(Administrator, routes!(operation::end_registrations)))
        .routes(gate.may(Agent, routes!(events::events)));
    OpenApiRouter::with_openapi(ApiDoc::openapi()).nest(API, api)
}

/// The same routes, with room for bodies that have a whole file in them.
fn roomy((schemas, paths, routes): UtoipaMethodRouter<Desk>) -> UtoipaMethodRouter<Desk> {
    let room = DefaultBodyLimit::max(configuration::CHANGE_BYTES_MAX);
    (schemas, paths, routes.layer(room))
}

/// The OpenAPI document.
pub fn document() -> Document {
    described(&Gate::described()).split_for_parts().1
}

/// All ways in. What is found nowhere, also among the pages, is answered with a problem document.
pub fn router(desk: Desk) -> Router {
    let (router, document) = described(&Gate::of(&desk)).split_for_parts();
    let document: Arc<str> = document.to_json().unwrap_or_default().into();
    let describes = move || {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        let text = document.to_string();
        async move { (kind, text) }
    };
    router
        .route(&format!("{API}/openapi.json"), get(describes))
        .fallback(beside)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(desk.clone(), come_by))
        .layer(middleware::from_fn(counted_and_private))
        .with_state(desk)
}

/// Pages are beside the API.
async fn beside(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let page = pages::answer(&method, uri.path(), &headers);
    page.unwrap_or_else(|| {
        let detail = format!("there is nothing at {}", uri.path());
        Problem::new(StatusCode::NOT_FOUND, detail).into_response()
    })
}

async fn not_so() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "this can't be done here: the methods that can are in the header Allow",
    )
}

/// What every answer tells browsers, where it says no more itself: it is no page, whatever is in it, and no other site's to
/// show or read.
fn guard(headers: &mut HeaderMap) {
    let told = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    for (name, told) in told {
        let there = headers.entry(name);
        there.or_insert(HeaderValue::from_static(told));
    }
}

/// Counts answers by status, and keeps what is somebody's out of caches.
async fn counted_and_private(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with(API);
    let mut response = next.run(request).await.into_response();
    guard(response.headers_mut());
    if !is_api {
        return response;
    }
    let class = match response.status().as_u16() {
        200..=299 => "2xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    };
    metrics::counter!("kolapp_web_requests_total", "status" => class).increment(1);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
