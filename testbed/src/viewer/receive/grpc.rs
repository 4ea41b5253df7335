//! OTLP over gRPC, on the same port as all else.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

use super::{Error, LONGEST_MESSAGE, take};
use crate::store::Store;
use crate::viewer::{State, Takes};

/// Takes spans.
#[derive(Debug)]
pub(in crate::viewer) struct Traces {
    /// `None`: this viewer shows one run.
    store: Option<Arc<Store>>,
}

/// The service.
pub(in crate::viewer) fn service(state: &State) -> TraceServiceServer<Traces> {
    let store = matches!(state.viewer.takes, Takes::Spans);
    let store = store.then(|| Arc::clone(&state.viewer.store));
    TraceServiceServer::new(Traces { store })
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(LONGEST_MESSAGE)
}

#[tonic::async_trait]
impl TraceService for Traces {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let store = self.store.clone();
        let store = store.ok_or_else(|| status(&Error::NotCollecting))?;
        let taken = tokio::task::spawn_blocking(move || take(&store, request.into_inner())).await;
        let taken = taken.map_err(|error| Status::internal(error.to_string()))?;
        taken.map(Response::new).map_err(|error| status(&error))
    }
}

fn status(error: &Error) -> Status {
    let message = error.to_string();
    match error {
        Error::NotCollecting => Status::permission_denied(message),
        Error::Malformed(_) | Error::UnknownForm(_) => Status::invalid_argument(message),
        Error::TooLarge(_) => Status::resource_exhausted(message),
    }
}
