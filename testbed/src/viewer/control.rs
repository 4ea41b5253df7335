//! The fault buttons of the page.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::json;
use trace::history::faults::FaultAction;

use super::answer::{Refusal, json_response};
use super::{State, Takes};
use crate::control;

/// `{"allowed":["pause","cut"],"paused":false}`
pub(super) async fn state(Shared(state): Shared<State>) -> Response {
    json_response(&match &state.viewer.takes {
        Takes::Faults(fault_sender) => fault_sender.state(),
        Takes::Nothing | Takes::Spans => control::State::default(),
    })
}

/// `{"action":"cut","peer":"peer-00","other":"peer-01"}`
pub(super) async fn request(
    Shared(state): Shared<State>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let request: FaultAction =
        serde_json::from_slice(&body).map_err(|error| Refusal::bad_request(error.to_string()))?;
    let Takes::Faults(fault_sender) = state.viewer.takes else {
        let message = "this run is over: there is nothing to reach into";
        return Err(Refusal::bad_request(message));
    };
    let done = fault_sender.request(request).await;
    done.map_err(|error| Refusal::bad_request(error.to_string()))?;
    Ok(json_response(&json!({})))
}
