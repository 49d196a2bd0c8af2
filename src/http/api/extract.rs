//! Parts of requests, whose errors are told as all others are.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::http::uri::InvalidUri;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::catalog::{Catalog, CatalogError, Entity, PublishMode};
use crate::http::{App, Problem, body};
use crate::model::EntityId;

/// A number in the path.
pub(super) struct Number(pub i64);

impl FromRequestParts<App> for Number {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let Path(number) =
            Path::<String>::from_request_parts(parts, state).await.map_err(|error| Problem::bad(error.body_text()))?;
        self::number(&number).map(Self)
    }
}

/// What stands behind the `?`.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let bad = |error: &dyn std::fmt::Display| Problem::bad(format!("the query is not as expected: {error}"));
        let query: Uri = format!("/?{}", without_key(&parts.uri)).parse().map_err(|error: InvalidUri| bad(&error))?;
        let query = Query::<T>::try_from_uri(&query);
        query.map(|Query(value)| Self(value)).map_err(|error| bad(&error.body_text()))
    }
}

/// The query without the key, which is the guard's: whatever else is not known is an error, as `?dryrun=true` would be.
fn without_key(uri: &Uri) -> String {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let rest = pairs.filter(|(name, _)| !name.eq_ignore_ascii_case("apikey"));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(rest).finish()
}

/// Whether a change is only told.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Trial {
    /// Tell what would change, and change nothing.
    pub dry_run: bool,
}

impl Trial {
    pub(super) fn mode(&self) -> PublishMode {
        if self.dry_run { PublishMode::DryRun } else { PublishMode::Apply }
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

/// A number as a path has it.
pub(super) fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::nothing(format!("`{text}` is no number")))
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
