//! The run of a request: the shown one, or another one in its folder, which `run=ID`
//! names.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::Value;
use trace::store::Store;

use super::State;
use super::answer::Refusal;
use super::parameters::{first, parameters};

/// The run of a request.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// Its spans.
    pub(super) store: Arc<Store>,
    /// The contents of its `run.json`.
    pub(super) run: Arc<Value>,
    /// Its folder, if it has one.
    pub(super) folder: Option<PathBuf>,
}

impl FromRequestParts<State> for Shown {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refusal> {
        let viewer = &state.viewer;
        let asked = first(&parameters(&parts.uri)?, &["run"]);
        match asked {
            Some(id) if viewer.runs.current().as_ref() != Some(&id) => viewer.runs.open(&id).await,
            _ => Ok(Self {
                store: Arc::clone(&viewer.store),
                run: Arc::new(viewer.run.borrow().clone()),
                folder: viewer.runs.folder(),
            }),
        }
    }
}
