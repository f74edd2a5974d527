//! Answers: written to JSON once, straight from the type whose schema the document shows.

use poem::{IntoResponse, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};
use serde::Serialize;

use super::problem::Problem;

/// A JSON answer with status 200.
#[derive(Debug)]
pub(crate) struct Answer<T>(pub T);

/// What a handler gives back.
pub(crate) type Result<T> = std::result::Result<T, Problem>;

impl<T: Type + Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Type + Serialize> ApiResponse for Answer<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![meta_response::<T>(200, "Done")],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// `body` as JSON.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => Response::builder()
            .status(status)
            .content_type("application/json")
            .body(bytes),
        Err(error) => {
            tracing::error!(%error, "could not write an answer as JSON");
            Problem::internal().response("")
        }
    }
}

/// How the document describes a `T` with this status.
pub(crate) fn meta_response<T: Type>(status: u16, description: &'static str) -> MetaResponse {
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType {
            content_type: "application/json",
            schema: T::schema_ref(),
        }],
        headers: Vec::new(),
    }
}

/// The cursor for what follows a page: the id of its last record, where the page is full.
pub(crate) fn next_cursor<T, I: ToString>(
    found: &[T],
    limit: u16,
    id: impl FnOnce(&T) -> &I,
) -> Option<String> {
    let full = found.len() == usize::from(limit);
    let last = found.last().filter(|_| full);
    last.map(|last| id(last).to_string())
}

/// 204.
#[derive(Debug)]
pub(crate) struct Gone;

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl ApiResponse for Gone {
    fn meta() -> MetaResponses {
        let response = MetaResponse {
            description: "It is gone",
            status: Some(204),
            status_range: None,
            content: Vec::new(),
            headers: Vec::new(),
        };
        MetaResponses {
            responses: vec![response],
        }
    }

    fn register(_: &mut Registry) {}
}
