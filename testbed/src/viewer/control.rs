//! The buttons of the page.

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::json;

use super::State;
use super::answer::{Refusal, json_response};
use crate::control::Press;

/// `{"allowed":["pause","cut"],"paused":false}`
pub(super) async fn state(Shared(state): Shared<State>) -> Response {
    let buttons = state.viewer.buttons.as_ref();
    json_response(&buttons.map(|buttons| buttons.state()).unwrap_or_default())
}

/// `{"action":"cut","peer":"peer-00","other":"peer-01"}`
pub(super) async fn press(
    Shared(state): Shared<State>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let press: Press =
        serde_json::from_slice(&body).map_err(|error| Refusal::bad_request(error.to_string()))?;
    let none = || Refusal::bad_request("this run is over: there is nothing to reach into");
    let buttons = state.viewer.buttons.as_ref().ok_or_else(none)?;
    let done = buttons.press(press).await;
    done.map_err(Refusal::bad_request)?;
    Ok(json_response(&json!({})))
}
