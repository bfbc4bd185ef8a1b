//! What a request brings along: JSON in its body, or a query. Anything else is answered with what was expected, and
//! only JSON is read at all: no form of another site can make one (beside the check of `caller.rs`).

use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Json, Query, Request};
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Longest body: the longest text of an entry many times over.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// A body in JSON. None at all, or null, says as much as an object without fields.
pub(crate) struct Body<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let (parts, body) = request.into_parts();
        let whole = Bytes::from_request(Request::new(body), state).await;
        let whole =
            whole.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
        let value = match whole.is_empty() {
            true => Value::Null,
            false => {
                let request = Request::from_parts(parts, axum::body::Body::from(whole));
                let json = Json::<Value>::from_request(request, state).await;
                let json = json
                    .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
                json.0
            }
        };
        let value = match value {
            Value::Null => Value::Object(Map::new()),
            value => value,
        };
        object(value).map(Body).map_err(Problem::invalid)
    }
}

/// The fields of an object. Serde would take an array of them too, in their order.
fn object<T: DeserializeOwned>(mut value: Value) -> Result<T, String> {
    if !value.is_object() {
        return Err("expected an object in JSON".to_owned());
    }
    with_whole_numbers(&mut value);
    T::deserialize(value).map_err(|error| error.to_string())
}

/// An object within another, or nothing.
pub(crate) fn object_within<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    let value = Option::<Value>::deserialize(from)?;
    value.map(object).transpose().map_err(D::Error::custom)
}

/// In JSON `1.0` is the whole number 1.
fn with_whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let whole = number
                .as_f64()
                .filter(|it| it.fract() == 0.0 && it.abs() < WHOLE_BELOW);
            if let Some(whole) = whole.filter(|_| number.is_f64()) {
                *value = Value::from(whole as i64);
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(with_whole_numbers),
        Value::Array(values) => values.iter_mut().for_each(with_whole_numbers),
        _ => {}
    }
}

/// Up to here each whole number has a float of its own.
const WHOLE_BELOW: f64 = 9_007_199_254_740_992.0;

/// A query.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Asked<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Asked(value)),
            Err(rejection) => Err(Problem::invalid(rejection.body_text())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        version: Option<u32>,
        #[serde(default, deserialize_with = "object_within")]
        within: Option<Box<Sample>>,
    }

    #[test]
    fn an_object_is_no_array_and_a_whole_number_may_be_written_with_a_point() {
        let read = |text: &str| object::<Sample>(serde_json::from_str(text).unwrap());
        let plain = |version| Sample {
            version,
            within: None,
        };
        assert_eq!(read("{}"), Ok(plain(None)));
        assert_eq!(read(r#"{"version":7.0}"#), Ok(plain(Some(7))));
        let nested = read(r#"{"within":{"version":8}}"#).unwrap();
        assert_eq!(nested.within, Some(Box::new(plain(Some(8)))));
        for text in [
            "[]",
            "[null,null]",
            "1",
            r#"{"version":7.5}"#,
            r#"{"version":-1.0}"#,
            r#"{"version":1e300}"#,
            r#"{"within":[7,null]}"#,
            r#"{"other":1}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
