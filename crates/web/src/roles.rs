//! Who may use which way in, at least. Each route says so where it is put into the router ([`Gate::may`]): that stands in the
//! document as `x-role`, and is asked before anything else of the request is read. A route that says nothing knows nobody, so
//! its handler finds nobody either. What somebody may do with this very list or callback is asked afterwards, by `control` and
//! the lists.

use crate::caller::By;
use crate::desk::Desk;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use control::{Principal, Role};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::UtoipaMethodRouter;

/// Where a route says it.
const EXTENSION: &str = "x-role";

/// What somebody is at least who uses a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Least {
    /// He need not have proven who he is.
    Anybody,
    Agent,
    Supervisor,
    Administrator,
    /// One of those who run the server.
    Operator,
}

/// In the document, and with its article in a sentence.
const WORDS: [(Least, &str, &str); 5] = [
    (Least::Anybody, "anybody", "nothing"),
    (Least::Agent, "agent", "an agent"),
    (Least::Supervisor, "supervisor", "a supervisor"),
    (Least::Administrator, "administrator", "an administrator"),
    (Least::Operator, "operator", "an operator"),
];

impl Least {
    fn word(self) -> &'static str {
        let own = WORDS.iter().find(|(least, ..)| *least == self);
        own.map_or("", |(_, word, _)| word)
    }

    fn said(self) -> &'static str {
        let own = WORDS.iter().find(|(least, ..)| *least == self);
        own.map_or("", |(.., said)| said)
    }

    fn of(principal: &Principal) -> Least {
        match principal {
            Principal::Operator => Least::Operator,
            Principal::User { role, .. } => match role {
                Role::Agent => Least::Agent,
                Role::Supervisor => Least::Supervisor,
                Role::Administrator => Least::Administrator,
            },
        }
    }
}

/// Puts who may use them before routes.
pub(crate) struct Gate(Option<Desk>);

/// What is asked of whoever comes.
#[derive(Clone)]
struct Asks {
    desk: Desk,
    least: Least,
}

impl Gate {
    /// Of that desk.
    pub(crate) fn of(desk: &Desk) -> Gate {
        Gate(Some(desk.clone()))
    }

    /// Nobody comes: it is only told who might.
    pub(crate) fn described() -> Gate {
        Gate(None)
    }

    /// These routes, for whoever is that at least.
    pub(crate) fn may(
        &self,
        least: Least,
        routes: UtoipaMethodRouter<Desk>,
    ) -> UtoipaMethodRouter<Desk> {
        let (schemas, mut paths, mut router) = routes;
        for operation in paths.paths.values_mut().flat_map(operations) {
            let extensions = operation.extensions.get_or_insert_with(Extensions::default);
            extensions.insert(EXTENSION.to_owned(), least.word().into());
        }
        if let Some(desk) = &self.0 {
            let desk = desk.clone();
            let asks = Asks { desk, least };
            router = router.route_layer(middleware::from_fn_with_state(asks, come_in));
        }
        (schemas, paths, router)
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let methods = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ];
    methods.into_iter().filter_map(Option::as_mut)
}

/// Lets a request on to its route, with whoever asks, if it is one of his.
async fn come_in(State(asks): State<Asks>, mut request: Request, next: Next) -> Response {
    if asks.least > Least::Anybody {
        match By::of(&asks.desk, &request) {
            Err(problem) => return problem.into_response(),
            Ok(by) if Least::of(by.principal()) < asks.least => {
                let detail = format!("it takes {}", asks.least.said());
                return Problem::forbidden(detail).into_response();
            }
            Ok(by) => {
                request.extensions_mut().insert(by);
            }
        }
    }
    next.run(request).await
}
