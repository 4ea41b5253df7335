//! The target of the export: from `--otlp`, or from the standard variables.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};

use super::protocol::Protocol;
use super::secrets::{Secrets, redacted_url};
use super::variables::Variables;

/// The port at which collectors take OTLP over gRPC.
const GRPC_PORT: u16 = 4317;

/// The path of OTLP over HTTP.
const PATH: &str = "/v1/traces";

/// A collector, with protocol and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The whole URL, with the path for OTLP over HTTP, without credentials.
    pub(super) url: Url,
    /// The protocol.
    pub(super) protocol: Protocol,
    /// The headers of each request.
    pub(super) headers: HeaderMap,
    /// How long an answer may take.
    pub(super) timeout: Duration,
    /// Whether requests are compressed.
    pub(super) gzip: bool,
    pub(super) secrets: Secrets,
}

/// The URL, as it may be printed and saved.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted_url(self.url.as_str()))
    }
}

/// The configured target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The collector, if one is configured.
    pub target: Option<Target>,
    /// Variables that could not be used.
    pub warnings: Vec<String>,
}

/// Why there is no target.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is malformed.
    #[error(
        "--otlp {url:?}: {reason}; write for example http://127.0.0.1:4318 (or :4317 for gRPC)"
    )]
    Url {
        /// The given text, without its secrets.
        url: String,
        /// The reason.
        reason: String,
    },
    /// There is no client.
    #[error("OTLP over HTTP: {0}")]
    Client(#[from] reqwest::Error),
}

impl Target {
    /// The collector that `url` names, or, without one, the variables
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and `OTEL_EXPORTER_OTLP_ENDPOINT`.
    /// The protocol comes from `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` or
    /// `OTEL_EXPORTER_OTLP_PROTOCOL`; without one, port 4317 means gRPC and any
    /// other HTTP. Invalid variables cause warnings: they may be meant for other
    /// programs.
    ///
    /// # Errors
    /// [`Error::Url`], when `url` is malformed.
    pub fn find(url: Option<&str>) -> Result<Found, Error> {
        Self::find_in(url, |name| std::env::var(name).ok())
    }

    pub(super) fn find_in(
        flag: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Found, Error> {
        let mut variables = Variables::new(variable);
        let (named_by, url, is_base) = match (flag, variables.endpoint()) {
            (Some(url), _) => (None, url.to_owned(), true),
            (None, Some((name, url, is_base))) => (Some(name), url, is_base),
            (None, None) => return Ok(Found::default()),
        };
        let mut target = Self {
            url: match (parse(&url), named_by) {
                (Ok(url), _) => url,
                (Err(reason), None) => {
                    let url = redacted_url(&url);
                    return Err(Error::Url { url, reason });
                }
                (Err(reason), Some(name)) => {
                    let url = redacted_url(&url);
                    let warning = format!("{name} is {url:?}: {reason}; no spans are exported");
                    return Ok(Found {
                        target: None,
                        warnings: vec![warning],
                    });
                }
            },
            protocol: Protocol::HttpProtobuf,
            headers: variables.headers(),
            timeout: variables.timeout(),
            gzip: variables.gzip(),
            secrets: Secrets::default(),
        };
        target.speak(variables.protocol(), is_base);
        target.hide();
        Ok(Found {
            target: Some(target),
            warnings: variables.warnings,
        })
    }

    /// Decides on the protocol, and on its path.
    fn speak(&mut self, protocol: Option<Protocol>, is_base: bool) {
        let path = self.url.path().trim_end_matches('/').to_owned();
        let is_whole = path.ends_with(PATH);
        let grpc = self.url.port() == Some(GRPC_PORT) && !is_whole;
        self.protocol = protocol.unwrap_or(match grpc {
            true => Protocol::Grpc,
            false => Protocol::HttpProtobuf,
        });
        if is_base && self.protocol == Protocol::HttpProtobuf {
            let rest = if is_whole { "" } else { PATH };
            self.url.set_path(&format!("{path}{rest}"));
        }
    }

    /// Moves the credentials from the URL into a header, as both protocols require, and
    /// collects the secrets.
    fn hide(&mut self) {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = decoded(self.url.username());
        let password = self.url.password().map(decoded);
        if !user.is_empty() || password.is_some() {
            let password = password.unwrap_or_default();
            let basic = STANDARD.encode(format!("{user}:{password}"));
            if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {basic}")) {
                value.set_sensitive(true);
                self.headers.entry(AUTHORIZATION).or_insert(value);
            }
            for secret in [&user, &password] {
                self.secrets.add(secret);
            }
            // These fail for URLs without a host alone.
            let _ = self.url.set_username("");
            let _ = self.url.set_password(None);
        }
        self.secrets.add(self.url.query().unwrap_or_default());
        let values = self
            .headers
            .values()
            .filter_map(|value| value.to_str().ok());
        values.for_each(|value| self.secrets.add(value));
    }
}

/// A URL that OTLP can be sent to; or the reason why not.
fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" => {}
        "https" => {
            return Err(
                "TLS is not built in; send to a collector on this machine, which forwards".into(),
            );
        }
        _ => return Err("it begins with no http://".into()),
    }
    // The clients accept fewer URLs.
    let uri: Result<tonic::codegen::http::Uri, _> = url.as_str().parse();
    uri.map(|_| url).map_err(|error| error.to_string())
}
