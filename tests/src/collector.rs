//! An OTLP collector for tests, over HTTP or gRPC, that can also misbehave.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::running::DEADLINE;
use crate::spans::{Reported, reported};

/// How a collector responds to requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything.
    Takes,
    /// It answers 503, or `UNAVAILABLE`.
    Refuses,
    /// It takes all but the first span of each request, and states the reason
    /// [`TOO_OLD`].
    Rejects,
    /// It takes the request and never answers.
    IsSilent,
}

/// The reason that a collector states for rejected spans.
pub const TOO_OLD: &str = "the span is too old";

/// The transport of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP.
    Http,
    /// gRPC.
    Grpc,
}

/// One request that was taken.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path; gRPC has none of its own.
    pub path: String,
    /// Headers, or gRPC metadata, as far as they are text.
    pub headers: BTreeMap<String, String>,
    /// The spans.
    pub request: ExportTraceServiceRequest,
}

/// A collector that runs until it is dropped.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    inbox: Inbox,
    _runtime: Runtime,
}

#[derive(Clone, Debug)]
struct Inbox {
    manner: Manner,
    state: Arc<(Mutex<Mail>, Condvar)>,
}

#[derive(Debug, Default)]
struct Mail {
    requests: u64,
    received: Vec<Received>,
}

impl Collector {
    /// Listens on a free port of loopback.
    ///
    /// # Panics
    /// When that is not possible.
    #[must_use]
    pub fn start(protocol: Protocol, manner: Manner) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::default();
        let inbox = Inbox { manner, state };
        match protocol {
            Protocol::Http => {
                let any = Router::new().route("/{*path}", post(over_http));
                let server = axum::serve(listener, any.with_state(inbox.clone()));
                runtime.spawn(server.into_future());
            }
            Protocol::Grpc => {
                let service = TraceServiceServer::new(inbox.clone());
                let server = Server::builder().add_service(service);
                let _inside = runtime.enter();
                runtime.spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
            }
        }
        Self {
            address,
            inbox,
            _runtime: runtime,
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has taken until now.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.inbox.lock().received.clone()
    }

    /// All spans that it has taken, one after the other.
    #[must_use]
    pub fn spans(&self) -> Vec<Reported> {
        spans(&self.received())
    }

    /// Waits until it has taken `count` spans `name`.
    ///
    /// # Panics
    /// When they do not come within [`DEADLINE`].
    pub fn wait_for(&self, name: &str, count: usize) {
        self.wait(|state| {
            let spans = spans(&state.received).into_iter();
            spans.filter(|reported| reported.span.name == name).count() >= count
        });
    }

    /// Waits until something was reported, taken or not.
    ///
    /// # Panics
    /// When nothing was within [`DEADLINE`].
    pub fn wait_for_request(&self) {
        self.wait(|state| state.requests > 0);
    }

    fn wait(&self, enough: impl Fn(&Mail) -> bool) {
        let (_, changed) = &*self.inbox.state;
        let state = self.inbox.lock();
        let waited = changed.wait_timeout_while(state, DEADLINE, |state| !enough(state));
        let (state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "it did not come: {state:?}");
    }
}

fn spans(all: &[Received]) -> Vec<Reported> {
    let all = all.iter();
    reported(all.flat_map(|received| received.request.resource_spans.clone()))
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Mail> {
        let (state, _) = &*self.state;
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, received: Option<Received>) {
        let mut state = self.lock();
        state.requests += 1;
        state.received.extend(received);
        self.state.1.notify_all();
    }

    /// The response to a request that it takes; a silent collector never returns.
    async fn take(&self, mut received: Received) -> Option<ExportTraceServiceResponse> {
        let mut answer = ExportTraceServiceResponse::default();
        if self.manner == Manner::Rejects {
            let first = &mut received.request.resource_spans[0].scope_spans[0];
            first.spans.remove(0);
            answer.partial_success = Some(ExportTracePartialSuccess {
                rejected_spans: 1,
                error_message: TOO_OLD.to_owned(),
            });
        }
        let takes = matches!(self.manner, Manner::Takes | Manner::Rejects);
        self.count(takes.then_some(received));
        match self.manner {
            Manner::Takes | Manner::Rejects => Some(answer),
            Manner::Refuses => None,
            Manner::IsSilent => std::future::pending().await,
        }
    }
}

async fn over_http(
    State(inbox): State<Inbox>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Vec<u8>) {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return (StatusCode::BAD_REQUEST, Vec::new());
    };
    let received = Received {
        path: uri.path().to_owned(),
        headers: texts(&headers),
        request,
    };
    match inbox.take(received).await {
        Some(answer) => (StatusCode::OK, answer.encode_to_vec()),
        None => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
    }
}

#[tonic::async_trait]
impl TraceService for Inbox {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let headers = texts(&request.metadata().clone().into_headers());
        let received = Received {
            path: String::new(),
            headers,
            request: request.into_inner(),
        };
        match self.take(received).await {
            Some(answer) => Ok(tonic::Response::new(answer)),
            None => Err(tonic::Status::unavailable("refused")),
        }
    }
}

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let all = headers.iter();
    let texts = all.filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    texts.collect()
}
