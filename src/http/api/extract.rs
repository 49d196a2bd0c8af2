//! Parts of requests, whose errors are told as all others are.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::catalog::{Catalog, CatalogError, Entity};
use crate::http::{App, Problem, body};
use crate::model::EntityId;

/// A number in the path.
pub(super) struct Number(pub i64);

impl FromRequestParts<App> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let Path(number) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|error| Problem::bad(error.body_text()))?;
        number.parse().map(Self).map_err(|_| Problem::nothing(format!("`{number}` is no number")))
    }
}

/// What stands behind the `?`.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(value)| Self(value)).map_err(|error| Problem::bad(error.body_text()))
    }
}

/// A body of JSON. None at all is `{}`.
pub(super) struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = body::read(state, &parts.headers, body).await?;
        let text = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
        serde_json::from_slice(text)
            .map(Self)
            .map_err(|error| Problem::bad(format!("the body is not as expected: {error}")))
    }
}

/// The entity of that number.
pub(super) fn entity(catalog: &Catalog, number: i64) -> Result<Entity, Problem> {
    let id = EntityId::new(number);
    Ok(catalog.entity(id)?.ok_or(CatalogError::NoSuchEntity { id })?)
}

/// A word of a vocabulary, as a person writes it.
pub(super) fn word<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error: T::Err| Problem::bad(error.to_string()))
}
