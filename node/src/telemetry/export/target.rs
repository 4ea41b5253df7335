//! Where spans go: from `--otlp`, or from the standard variables.

use std::time::Duration;

use reqwest::Url;

/// OpenTelemetry's default for `OTEL_EXPORTER_OTLP_TIMEOUT`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The port at which collectors take OTLP over gRPC.
const GRPC_PORT: u16 = 4317;

/// A collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The whole URL, with the path for OTLP over HTTP.
    pub url: String,
    /// How it is spoken to.
    pub protocol: Protocol,
}

/// How OTLP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Protobuf over HTTP.
    HttpProtobuf,
    /// gRPC.
    Grpc,
}

/// Why there is nowhere to export to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is none.
    #[error(
        "OTLP endpoint {url:?}: {reason}; it looks like http://127.0.0.1:4318 (or :4317 for gRPC)"
    )]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The protocol is none, or not built in.
    #[error("OTEL_EXPORTER_OTLP_PROTOCOL is {0:?}; choose from http/protobuf, grpc")]
    Protocol(String),
    /// Another `OTEL_EXPORTER_OTLP_*` variable makes no sense.
    #[error("OTEL_EXPORTER_OTLP_* variables: {0}")]
    Variables(String),
}

impl Target {
    /// The collector that `url` names, or, without one, the variables
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and `OTEL_EXPORTER_OTLP_ENDPOINT`.
    /// `None` when nothing is named. The protocol comes from
    /// `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` or `OTEL_EXPORTER_OTLP_PROTOCOL`;
    /// without one, port 4317 means gRPC and any other HTTP.
    ///
    /// # Errors
    /// [`Error::Url`] and [`Error::Protocol`].
    pub fn find(url: Option<&str>) -> Result<Option<Self>, Error> {
        Self::find_in(url, |name| {
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
    }

    fn find_in(
        url: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let whole = variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        let (url, is_base) = match (url, whole, variable("OTEL_EXPORTER_OTLP_ENDPOINT")) {
            (Some(url), ..) => (url.to_owned(), true),
            (None, Some(whole), _) => (whole, false),
            (None, None, Some(base)) => (base, true),
            (None, None, None) => return Ok(None),
        };
        let protocol = variable("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
            .or_else(|| variable("OTEL_EXPORTER_OTLP_PROTOCOL"));
        Self::new(&url, is_base, protocol.as_deref()).map(Some)
    }

    fn new(given: &str, is_base: bool, protocol: Option<&str>) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Url {
            url: given.to_owned(),
            reason,
        };
        let mut url = Url::parse(given).map_err(|e| wrong(e.to_string()))?;
        match url.scheme() {
            "http" => {}
            "https" => {
                return Err(wrong(
                    "TLS is not built in; send to a collector on this machine, which forwards"
                        .into(),
                ));
            }
            scheme => return Err(wrong(format!("{scheme:?} is no scheme for OTLP"))),
        }
        let protocol = match protocol {
            Some("grpc") => Protocol::Grpc,
            Some("http/protobuf") => Protocol::HttpProtobuf,
            Some(other) => return Err(Error::Protocol(other.to_owned())),
            None if url.port() == Some(GRPC_PORT) => Protocol::Grpc,
            None => Protocol::HttpProtobuf,
        };
        if is_base && protocol == Protocol::HttpProtobuf && !url.path().ends_with("/v1/traces") {
            let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        Ok(Self {
            url: url.into(),
            protocol,
        })
    }

    /// A connection that is made when it is needed.
    pub(super) fn channel(&self) -> Result<tonic::transport::Channel, Error> {
        let endpoint = tonic::transport::Endpoint::from_shared(self.url.clone());
        let endpoint = endpoint.map_err(|e| Error::Url {
            url: self.url.clone(),
            reason: e.to_string(),
        })?;
        Ok(endpoint.connect_lazy())
    }

    pub(super) fn timeout(&self) -> Result<Duration, Error> {
        let variable = |name| std::env::var(name).ok();
        let Some(text) = variable("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
            .or_else(|| variable("OTEL_EXPORTER_OTLP_TIMEOUT"))
        else {
            return Ok(TIMEOUT);
        };
        let millis = text.parse();
        millis
            .map(Duration::from_millis)
            .map_err(|_| Error::Variables(format!("timeout {text:?} is no number of milliseconds")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_come_from_the_flag_and_the_variables() {
        const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
        const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
        let http = |url: &str| Some((url.to_owned(), Protocol::HttpProtobuf));
        let grpc = |url: &str| Some((url.to_owned(), Protocol::Grpc));
        /// The flag, the variables, and where it leads.
        type Case<'a> = (
            Option<&'a str>,
            &'a [(&'a str, &'a str)],
            Option<(String, Protocol)>,
        );
        let cases: [Case<'_>; 9] = [
            (None, &[], None),
            (
                Some("http://127.0.0.1:4318"),
                &[],
                http("http://127.0.0.1:4318/v1/traces"),
            ),
            (
                Some("http://127.0.0.1:4318/v1/traces"),
                &[],
                http("http://127.0.0.1:4318/v1/traces"),
            ),
            (
                Some("http://127.0.0.1:4317"),
                &[],
                grpc("http://127.0.0.1:4317/"),
            ),
            (
                Some("http://a:1"),
                &[(ALL, "http://b:2")],
                http("http://a:1/v1/traces"),
            ),
            (
                None,
                &[(ALL, "http://b:2/x/")],
                http("http://b:2/x/v1/traces"),
            ),
            (
                None,
                &[(ALL, "http://b:2"), (TRACES, "http://c:3/in")],
                http("http://c:3/in"),
            ),
            (
                None,
                &[(ALL, "http://b:2"), (PROTOCOL, "grpc")],
                grpc("http://b:2/"),
            ),
            (
                None,
                &[(ALL, "http://b:4317"), (PROTOCOL, "http/protobuf")],
                http("http://b:4317/v1/traces"),
            ),
        ];
        for (flag, variables, expected) in cases {
            let variable = |name: &str| {
                let mut all = variables.iter();
                all.find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            let target = Target::find_in(flag, variable).unwrap();
            assert_eq!(
                target.map(|t| (t.url, t.protocol)),
                expected,
                "{flag:?} {variables:?}"
            );
        }
    }

    #[test]
    fn what_is_no_target_is_named() {
        for (url, protocol) in [
            ("", None),
            ("127.0.0.1:4318", None),
            ("ftp://127.0.0.1", None),
            ("https://collector", None),
            ("http://", None),
            ("http://127.0.0.1:4318", Some("http/json")),
        ] {
            let error = Target::new(url, true, protocol).unwrap_err().to_string();
            assert!(error.contains(protocol.unwrap_or(url)), "{error}");
        }
    }
}
