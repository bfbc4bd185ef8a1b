//! Somebody who asks.

use crate::office::InMemory;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;
use web::Desk;

pub(crate) struct World {
    pub(crate) office: Arc<InMemory>,
    pub(crate) desk: Desk,
    router: Router,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) json: Value,
    pub(crate) text: String,
}

/// Somebody with what lets him in.
#[derive(Clone)]
pub(crate) struct Client<'w> {
    world: &'w World,
    pub(crate) pass: (header::HeaderName, String),
}

impl World {
    pub(crate) fn new() -> World {
        World::over(InMemory::new())
    }

    /// After a restart: nobody is logged in.
    pub(crate) fn over(office: Arc<InMemory>) -> World {
        let desk = Desk::new(office.clone());
        World {
            router: web::router(desk.clone()),
            office,
            desk,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.send(request).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub(crate) async fn log_in(&self, user: &str) -> Client<'_> {
        let name = user.split('@').next().unwrap();
        let org = if user.contains("@other") {
            "other"
        } else {
            "demo"
        };
        let answer = self.try_password(user, &format!("{org}-{name}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Client {
            world: self,
            pass: (header::COOKIE, cookie),
        }
    }

    pub(crate) async fn try_password(&self, user: &str, password: &str) -> Answer {
        let body = json!({ "user": user, "password": password });
        self.answer(post("/session", body).body_of()).await
    }

    /// Whoever has what lets that one in elsewhere.
    pub(crate) fn with_pass(&self, of: &Client<'_>) -> Client<'_> {
        Client {
            world: self,
            pass: of.pass.clone(),
        }
    }

    pub(crate) fn with_token(&self, secret: &str) -> Client<'_> {
        Client {
            world: self,
            pass: (header::AUTHORIZATION, format!("Bearer {secret}")),
        }
    }
}

/// A request that is being made.
pub(crate) struct Asking(axum::http::request::Builder, Option<Value>);

impl Asking {
    pub(crate) fn body_of(self) -> Request<Body> {
        match self.1 {
            Some(json) => {
                let builder = self.0.header(header::CONTENT_TYPE, "application/json");
                builder.body(Body::from(json.to_string())).unwrap()
            }
            None => self.0.body(Body::empty()).unwrap(),
        }
    }
}

pub(crate) fn post(path: &str, body: Value) -> Asking {
    let builder = Request::builder().method(Method::POST);
    Asking(builder.uri(format!("/api/v1{path}")), Some(body))
}

pub(crate) fn ask(method: Method, path: &str) -> Asking {
    let builder = Request::builder().method(method);
    Asking(builder.uri(format!("/api/v1{path}")), None)
}

impl Client<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.world
            .answer(self.request(ask(Method::GET, path)))
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.world
            .answer(self.request(ask(Method::DELETE, path)))
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        let mut request = self.request(post(path, body));
        *request.method_mut() = Method::PUT;
        self.world.answer(request).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.world.answer(self.request(post(path, body))).await
    }

    pub(crate) fn request(&self, asking: Asking) -> Request<Body> {
        let mut request = asking.body_of();
        let value = self.pass.1.parse().unwrap();
        request.headers_mut().insert(self.pass.0.clone(), value);
        request
    }
}
