//! One request to a collector, over HTTP or gRPC.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message as _;
use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use tokio::time::timeout;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Extensions, Request};

use super::answer::{Answer, PROTOBUF, deepest};
use super::batch::Batch;
use super::protocol::Protocol;
use super::secrets::Secrets;
use super::target::{Error, Target};

/// The user agent of this program.
const AGENT: &str = concat!("p2p-testbed/", env!("CARGO_PKG_VERSION"));

/// A collector, and how to talk to it.
pub(super) struct Client {
    over: Over,
    timeout: Duration,
    gzip: bool,
    secrets: Secrets,
}

enum Over {
    Http(reqwest::Client, Url, HeaderMap),
    Grpc(TraceServiceClient<Channel>, MetadataMap),
}

impl Client {
    pub(super) fn new(target: Target) -> Result<Self, Error> {
        let over = match target.protocol {
            Protocol::Grpc => {
                let endpoint = Endpoint::from_shared(target.url.to_string())
                    .and_then(|endpoint| endpoint.user_agent(AGENT));
                let channel = endpoint.map_err(|error| Error::Url {
                    url: target.to_string(),
                    reason: error.to_string(),
                })?;
                let mut client = TraceServiceClient::new(channel.connect_lazy());
                if target.gzip {
                    client = client.send_compressed(CompressionEncoding::Gzip);
                }
                Over::Grpc(client, MetadataMap::from_headers(target.headers))
            }
            Protocol::HttpProtobuf => {
                let builder = reqwest::Client::builder()
                    .user_agent(AGENT)
                    // A redirected POST becomes a GET.
                    .redirect(reqwest::redirect::Policy::none());
                let builder = match is_here(&target.url) {
                    // A proxy's loopback address is that of another machine.
                    true => builder.no_proxy(),
                    false => builder,
                };
                Over::Http(builder.build()?, target.url, target.headers)
            }
        };
        Ok(Self {
            over,
            timeout: target.timeout,
            gzip: target.gzip,
            secrets: target.secrets,
        })
    }

    pub(super) async fn send(&self, batch: &Batch) -> Answer {
        let sent = async {
            match &self.over {
                Over::Http(client, url, headers) => {
                    let request = client.post(url.clone()).headers(headers.clone());
                    let request = request.header(CONTENT_TYPE, PROTOBUF);
                    self.over_http(request, batch.request.encode_to_vec()).await
                }
                Over::Grpc(client, metadata) => {
                    let (metadata, request) = (metadata.clone(), batch.request.clone());
                    let request = Request::from_parts(metadata, Extensions::default(), request);
                    match client.clone().export(request).await {
                        Ok(answer) => Answer::taken(answer.into_inner()),
                        Err(status) => Answer::of_status(&status),
                    }
                }
            }
        };
        let answer = timeout(self.timeout, sent).await;
        let answer = answer.unwrap_or_else(|_| {
            let why = format!("no answer within {:?}", self.timeout);
            Answer::Later(why, None)
        });
        answer.clean(&self.secrets)
    }

    async fn over_http(&self, mut request: reqwest::RequestBuilder, mut body: Vec<u8>) -> Answer {
        if self.gzip {
            body = gzip(&body);
            request = request.header(CONTENT_ENCODING, "gzip");
        }
        match request.body(body).send().await {
            Ok(response) => Answer::of_response(response).await,
            Err(error) if error.is_connect() => Answer::Unreachable(deepest(&error)),
            Err(error) => Answer::Later(deepest(&error), None),
        }
    }
}

/// Whether the URL is on this machine, so that no proxy is used.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(body).and_then(|()| encoder.finish());
    written.expect("memory takes everything")
}
