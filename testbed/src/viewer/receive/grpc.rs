//! OTLP over gRPC, on the same port as everything else.
//!
//! The service that is generated from the `.proto` decodes a whole request, and rejects
//! all of it for one name that is not UTF-8. This service gets the bytes instead.

use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use prost::bytes::{Buf as _, Bytes};
use tonic::Status;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};

use super::http::{Form, decode};
use super::{Error, LONGEST_MESSAGE, take};
use crate::viewer::{State, Takes};

/// Receives spans.
pub(in crate::viewer) async fn export(Shared(state): Shared<State>, request: Request) -> Response {
    let mut grpc = Grpc::new(Messages)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(LONGEST_MESSAGE);
    let answer = grpc.unary(Export(state), request).await;
    answer.into_response()
}

/// The error for an unknown service or method.
pub(in crate::viewer) fn unknown(path: &str) -> Response {
    let message = format!("{path} is not here: traces are taken, and nothing else");
    let status = Status::unimplemented(message);
    status.into_http::<tonic::body::Body>().into_response()
}

struct Export(State);

impl UnaryService<Bytes> for Export {
    type Response = ExportTraceServiceResponse;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::Response>, Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let viewer = self.0.viewer.clone();
        let work = async move {
            let store = match viewer.takes {
                Takes::Spans => viewer.store,
                Takes::Nothing | Takes::Faults(_) => return Err(status(&Error::NotCollecting)),
            };
            let work = move || take(&store, decode(Form::Protobuf, request.into_inner())?);
            let taken = tokio::task::spawn_blocking(work).await;
            let taken = taken.map_err(|error| Status::internal(error.to_string()))?;
            taken
                .map(tonic::Response::new)
                .map_err(|error| status(&error))
        };
        work.boxed()
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

/// Requests as bytes, answers as protobuf.
#[derive(Clone, Copy, Debug)]
struct Messages;

impl Codec for Messages {
    type Encode = ExportTraceServiceResponse;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Messages {
    type Item = ExportTraceServiceResponse;
    type Error = Status;

    fn encode(&mut self, answer: Self::Item, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let encoded = answer.encode(to);
        encoded.map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Messages {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
