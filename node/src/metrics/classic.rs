//! Prometheus' own text format, version 0.0.4, from OpenMetrics text: for `promtool check
//! metrics`, and for tools that are older than OpenMetrics.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// The media type of OpenMetrics text, without its parameters.
const OPENMETRICS: &str = "application/openmetrics-text";

/// Whether a client asks for OpenMetrics, and does not prefer plain text.
pub(super) fn wants_openmetrics(headers: &HeaderMap) -> bool {
    let (mut openmetrics, mut plain) = (0.0, 0.0_f64);
    let values = headers.get_all(ACCEPT).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let mut weights = parts.filter_map(|part| part.strip_prefix("q="));
        let weight: f64 = weights.next().map_or(Ok(1.0), str::parse).unwrap_or(0.0);
        match &*kind {
            OPENMETRICS => openmetrics = weight.max(openmetrics),
            "text/plain" => plain = weight.max(plain),
            _ => {}
        }
    }
    openmetrics > 0.0 && openmetrics >= plain
}

/// The same metrics in the classic format.
pub(super) fn of(openmetrics: &str) -> String {
    let mut text = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in openmetrics.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            // A metric's name here depends on its type, which comes after its help.
            (Some("#"), Some("HELP"), Some(_), text) => help = text,
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let (name, kind) = named(name, kind);
                // Without OpenMetrics' escapes that this format does not know.
                let help = help.take().unwrap_or_default().replace("\\\"", "\"");
                text += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
            }
            (Some("#"), ..) => {}
            _ => {
                text += without_exemplar(line);
                text.push('\n');
            }
        }
    }
    text
}

/// The name and the type of a metric in this format: suffixes are part of the name.
fn named(name: &str, kind: &str) -> (String, &'static str) {
    match kind {
        "counter" => (format!("{name}_total"), "counter"),
        "info" => (format!("{name}_info"), "gauge"),
        "gauge" | "stateset" => (name.to_owned(), "gauge"),
        "histogram" => (name.to_owned(), "histogram"),
        "summary" => (name.to_owned(), "summary"),
        _ => (name.to_owned(), "untyped"),
    }
}

/// The sample alone. ` # ` in a label's value is no exemplar.
fn without_exemplar(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'#' if !quoted => return line[..at].trim_end(),
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_classic_form() {
        let openmetrics = "\
# HELP sent Messages sent.
# TYPE sent counter
sent_total{to=\"a # \\\" b\"} 5 # {id=\"1\"} 1.0
# HELP run What is \\\"run\\\".
# TYPE run info
run_info{seed=\"1\"} 1
# HELP age_seconds Age.
# TYPE age_seconds histogram
# UNIT age_seconds seconds
age_seconds_sum 1.0
age_seconds_count 1
age_seconds_bucket{le=\"+Inf\"} 1
# HELP odd Odd.
# TYPE odd unknown
odd 1
# EOF
";
        let classic = "\
# HELP sent_total Messages sent.
# TYPE sent_total counter
sent_total{to=\"a # \\\" b\"} 5
# HELP run_info What is \"run\".
# TYPE run_info gauge
run_info{seed=\"1\"} 1
# HELP age_seconds Age.
# TYPE age_seconds histogram
age_seconds_sum 1.0
age_seconds_count 1
age_seconds_bucket{le=\"+Inf\"} 1
# HELP odd Odd.
# TYPE odd untyped
odd 1
";
        assert_eq!(of(openmetrics), classic);
    }

    #[test]
    fn openmetrics_is_for_clients_that_ask_for_it() {
        for (accept, openmetrics) in [
            (None, false),
            (Some("*/*"), false),
            (Some("text/plain"), false),
            (Some("text/plain;version=0.0.4"), false),
            (Some("application/openmetrics-text"), true),
            (
                Some("application/openmetrics-text; version=1.0.0; q=0"),
                false,
            ),
            (
                Some("application/openmetrics-text;q=0.4,text/plain;q=0.5"),
                false,
            ),
            // What Prometheus 2.42 says.
            (
                Some(
                    "application/openmetrics-text;version=1.0.0,\
                     application/openmetrics-text;version=0.0.1;q=0.75,\
                     text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ),
                true,
            ),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, accept.parse().expect("a header"));
            }
            assert_eq!(wants_openmetrics(&headers), openmetrics, "{accept:?}");
        }
    }
}
