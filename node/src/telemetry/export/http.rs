//! HTTP that remembers why it failed. The OTLP exporter tells of a "network
//! error" and no more.

use std::sync::{Arc, Mutex};

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

use super::lock;

/// A client, and why its last request was not answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Http {
    client: reqwest::Client,
    failure: Arc<Mutex<Option<String>>>,
}

impl Http {
    /// Why the last request that was not answered was not, once.
    pub(super) fn take_failure(&self) -> Option<String> {
        lock(&self.failure).take()
    }
}

#[tonic::async_trait]
impl HttpClient for Http {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.client.send_bytes(request).await;
        if let Err(error) = &sent {
            *lock(&self.failure) = Some(deepest(error.as_ref()));
        }
        sent
    }
}

/// What the first cause of an error says.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map(ToString::to_string).unwrap_or_default()
}
