//! Answers and errors as JSON, in the format of Jaeger's v3 API.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// A refused request.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    /// The status and message, for APIs with another error format.
    pub(super) fn into_parts(self) -> (StatusCode, String) {
        (self.status, self.message)
    }

    /// The request is invalid.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The request is valid, but not allowed.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// The resource is read-only.
    pub(super) fn method_not_allowed() -> Self {
        let message = "only GET and HEAD are understood here";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, message)
    }

    /// The resource does not exist.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// The answer could not be made because of an error in the viewer.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({ "httpCode": self.status.as_u16(), "message": self.message });
        let mut response = json_response(&json!({ "error": error }));
        *response.status_mut() = self.status;
        response
    }
}

/// An answer as JSON.
pub(super) fn json_response(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => Refusal::internal(error.to_string()).into_response(),
    }
}

/// Runs work that takes long for large runs on a thread where it blocks no other answer.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let failed = |error: tokio::task::JoinError| Refusal::internal(error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(failed)
}
