//! What went wrong, as `application/problem+json` (RFC 9457): what, and what to do about it.

use std::error::Error;

use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::catalog::CatalogError;
use crate::phase::PhaseError;
use crate::work::WorkError;

/// Something went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// The status of the answer.
    status: u16,
    /// Its words.
    title: String,
    /// What is wrong, and the remedy.
    detail: String,
}

impl Problem {
    /// A problem: `detail` says what is wrong and what to do.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem").to_owned();
        Self { status: status.as_u16(), title, detail: detail.into() }
    }

    /// Something here failed.
    #[must_use]
    pub fn failed(error: &dyn Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, with_causes(error))
    }

    /// The server is about to end.
    #[must_use]
    pub fn ending() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "posterfs is about to end; try again in a moment")
    }

    /// What is asked for is not there.
    #[must_use]
    pub fn nothing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// What is asked makes no sense.
    #[must_use]
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// What is wrong, and the remedy.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// An error with its causes, as far as it does not tell them itself.
fn with_causes(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let text = source.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = source.source();
    }
    told
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        let status = match &error {
            CatalogError::NoSuchEntity { .. }
            | CatalogError::NoSuchJob { .. }
            | CatalogError::NoSuchGeneration { .. }
            | CatalogError::NoSuchLibrary { .. }
            | CatalogError::NoSuchTag { .. }
            | CatalogError::NoSuchCandidate { .. } => StatusCode::NOT_FOUND,
            CatalogError::LibraryExists { .. }
            | CatalogError::LibraryNested { .. }
            | CatalogError::Forgotten { .. } => StatusCode::CONFLICT,
            CatalogError::LibraryName { .. } | CatalogError::LibraryPath { .. } | CatalogError::TagName { .. } => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            CatalogError::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, with_causes(&error))
    }
}

impl From<PhaseError> for Problem {
    fn from(error: PhaseError) -> Self {
        let status = match error {
            PhaseError::Catalog(error) => return error.into(),
            PhaseError::NoSuchItem { .. } | PhaseError::NoSuchChild { .. } | PhaseError::OutsideLibraries { .. } => {
                StatusCode::NOT_FOUND
            }
            PhaseError::AmbiguousItem { .. }
            | PhaseError::NoProvider { .. }
            | PhaseError::NothingToShare { .. }
            | PhaseError::RootEmpty { .. } => StatusCode::CONFLICT,
            PhaseError::Cache(crate::cache::CacheError::Refused { .. })
            | PhaseError::OtherCandidate { .. }
            | PhaseError::NamedByTitle { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            PhaseError::Provider(_) => StatusCode::BAD_GATEWAY,
            PhaseError::Stopped => {
                let detail = "somebody else is doing the same and takes long; try again later";
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, with_causes(&error))
    }
}

impl From<WorkError> for Problem {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Catalog(error) => error.into(),
            WorkError::Phase(error) => error.into(),
            WorkError::Cache(error) => PhaseError::Cache(error).into(),
            WorkError::Provider(error) => PhaseError::Provider(error).into(),
            error => Self::failed(&error),
        }
    }
}

impl From<super::webhook::ReplayError> for Problem {
    fn from(error: super::webhook::ReplayError) -> Self {
        match error {
            super::webhook::ReplayError::Catalog(error) => error.into(),
            error => Self::nothing(error.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            tracing::warn!(status = self.status, detail = self.detail, "a request failed");
        }
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            // Browsers ask for a password then; the key is one.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"posterfs\", charset=\"UTF-8\""));
        }
        response
    }
}

pub(super) async fn not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{} knows no {method}; /api/openapi.json tells what there is", uri.path()),
    )
}

pub(super) async fn not_found(uri: Uri) -> Problem {
    Problem::nothing(format!("there is nothing at {}", uri.path()))
}
