//! OpenTelemetry's standard variables. They are set for all programs of a machine: one
//! that is invalid here causes a warning, and stops no run.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>

use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::protocol::Protocol;

/// The specification's default for `OTEL_EXPORTER_OTLP_TIMEOUT`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The variables, and warnings about them.
pub(super) struct Variables<F> {
    read: F,
    pub(super) warnings: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    pub(super) fn new(read: F) -> Self {
        let warnings = Vec::new();
        Self { read, warnings }
    }

    /// The variable for traces, or the one for all signals: its name and value.
    fn find(&self, what: &str) -> Option<(String, String)> {
        ["OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_"]
            .into_iter()
            .map(|prefix| format!("{prefix}{what}"))
            .find_map(|name| {
                let value = (self.read)(&name).filter(|value| !value.is_empty())?;
                Some((name, value))
            })
    }

    /// The variable's name, its URL, and whether the URL is a base to which a path is
    /// added.
    pub(super) fn endpoint(&self) -> Option<(String, String, bool)> {
        let (name, url) = self.find("ENDPOINT")?;
        let is_base = name == "OTEL_EXPORTER_OTLP_ENDPOINT";
        Some((name, url, is_base))
    }

    pub(super) fn protocol(&mut self) -> Option<Protocol> {
        let (name, value) = self.find("PROTOCOL")?;
        match &*value {
            "grpc" => Some(Protocol::Grpc),
            "http/protobuf" => Some(Protocol::HttpProtobuf),
            _ => {
                let form = "choose from http/protobuf, grpc; the port decides";
                self.warn(format!("{name} is {value:?}: {form}"));
                None
            }
        }
    }

    pub(super) fn timeout(&mut self) -> Duration {
        let Some((name, value)) = self.find("TIMEOUT") else {
            return TIMEOUT;
        };
        match value.parse() {
            Ok(millis) if millis > 0 => Duration::from_millis(millis),
            _ => {
                let form = "it takes a number of milliseconds; 10000 is used";
                self.warn(format!("{name} is {value:?}: {form}"));
                TIMEOUT
            }
        }
    }

    pub(super) fn gzip(&mut self) -> bool {
        match self.find("COMPRESSION") {
            Some((_, value)) if value == "gzip" => true,
            None => false,
            Some((name, value)) => {
                if value != "none" {
                    let form = "gzip alone is built in; nothing is compressed";
                    self.warn(format!("{name} is {value:?}: {form}"));
                }
                false
            }
        }
    }

    /// `name=value,name=value`, the values percent-encoded. A warning never contains a
    /// value.
    pub(super) fn headers(&mut self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some((variable, list)) = self.find("HEADERS") else {
            return headers;
        };
        let pairs = list.split(',').map(str::trim);
        for (place, pair) in pairs.filter(|pair| !pair.is_empty()).enumerate() {
            match header(pair) {
                Some((name, value)) => {
                    headers.insert(name, value);
                }
                None => self.warn(format!(
                    "{variable}: entry {} is no NAME=VALUE that HTTP can send, and is left out",
                    place + 1
                )),
            }
        }
        headers
    }

    pub(super) fn warn(&mut self, what: String) {
        self.warnings.push(what);
    }
}

fn header(pair: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = pair.split_once('=')?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    let name = HeaderName::try_from(name.trim()).ok()?;
    let mut value = HeaderValue::from_str(&value).ok()?;
    // Logs do not show it.
    value.set_sensitive(true);
    Some((name, value))
}
