//! A real Prometheus, with the configuration of a test.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::Running;
use crate::http;
use crate::running::DEADLINE;

/// Short, so that a test sees many scrapes.
const CONFIG: &str = "\
global:
  scrape_interval: 200ms
  scrape_timeout: 200ms
scrape_configs:
  - job_name: testbed
    static_configs:
      - targets: ";

/// A Prometheus that runs. It is killed when the test is over.
#[derive(Debug)]
pub struct Prometheus {
    running: Running,
    address: String,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes these addresses.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn reads(targets: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("prometheus.yml");
        fs::write(&config, format!("{CONFIG}{targets:?}\n")).expect("a file");
        let mut command = Command::new("prometheus");
        command.args(["--web.listen-address=127.0.0.1:0", "--config.file"]);
        command.arg(config).arg("--storage.tsdb.path");
        let mut running = Running::start(command.arg(folder.path().join("data")));
        let line = running.line("msg=\"Listening on\"");
        let mut words = line.split(' ');
        let address = words.find_map(|word| word.strip_prefix("address="));
        let address = address.expect("an address").to_owned();
        let mut started = Self {
            running,
            address,
            _folder: folder,
        };
        // The order of its log lines is not defined.
        started.wait_until("/-/ready", |prometheus| {
            http::get(&prometheus.address, "/-/ready").status == 200
        });
        started
    }

    /// The result of a query now. It must have few series: a chunked response is not
    /// decoded.
    ///
    /// # Errors
    /// Prometheus' error for a query that it cannot parse.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let mut path = "/api/v1/query?query=".to_owned();
        for byte in query.bytes() {
            write!(path, "%{byte:02X}").expect("a String takes everything");
        }
        let answer = http::get(&self.address, &path).json();
        match &answer["data"]["result"] {
            Value::Array(result) => Ok(result.clone()),
            _ => Err(answer["error"].to_string()),
        }
    }

    /// Whether a query had a result in the last five minutes.
    ///
    /// # Errors
    /// Prometheus' error for a query that it cannot parse.
    pub fn has_seen(&self, query: &str) -> Result<bool, String> {
        let ever = format!("count_over_time(count({query})[5m:1s])");
        Ok(!self.query(&ever)?.is_empty())
    }

    /// Waits until a query has a result.
    ///
    /// # Panics
    /// When it gets none, or Prometheus cannot parse the query.
    pub fn wait(&mut self, query: &str) {
        self.wait_until(query, |prometheus| {
            !prometheus.query(query).expect(query).is_empty()
        });
    }

    fn wait_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds(self) {
            assert!(!self.running.ends_soon(), "Prometheus has ended");
            assert!(Instant::now() < deadline, "nothing comes of {what}");
        }
    }
}
