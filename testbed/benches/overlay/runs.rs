//! Runs of the overlay and of its routing, with `testbed` as a user starts it.

use serde_json::Value;
use tempfile::TempDir;

use crate::figures::thousands;
use crate::started;

/// A thousand nodes for an hour in the simulator.
pub(crate) fn simulated() -> String {
    let run = testbed(
        "simulate overlay --no-record --peers 1000 --links 5 --refresh 5m --packets 30s \
         --duration 1h --max-time 2h --max-memory 16G --max-events 100000000",
    );
    format!(
        "{:.1} s (target 60), {}; 1,000 nodes with 5 links of their own, 1 h; {}",
        seconds(&run),
        memory(&run),
        judged(&run)
    )
}

/// Two hundred live peers for six hours in virtual time, with outages.
pub(crate) fn live() -> String {
    let run = testbed(
        "--time virtual --network regions --transport memory --peers 200 overlay --links 10 \
         --refresh 5m --score routes --epoch 30m --packets 1m --outages 45%<2m --duration 6h",
    );
    format!(
        "{:.1} s, {}; 200 peers with 10 links of their own, 6 h in virtual time; {}",
        seconds(&run),
        memory(&run),
        judged(&run)
    )
}

/// Routing on five nodes with links that break and heal.
pub(crate) fn schedules() -> String {
    let run = testbed(
        "simulate routing --no-record --peers 5 --topology random:3 --breaks 4 --hello 0s \
         --update 0s --seeds 100000",
    );
    format!(
        "{:.1} s; 100,000 schedules of 5 nodes; {}",
        seconds(&run),
        judged(&run)
    )
}

fn testbed(arguments: &str) -> Value {
    started::testbed(&TempDir::new().expect("a temporary folder"), arguments)
}

/// How long it took.
fn seconds(run: &Value) -> f64 {
    run["seconds"].as_f64().unwrap_or(f64::NAN)
}

/// The most memory that it has had.
fn memory(run: &Value) -> String {
    let bytes = run["host_use"]["memory_bytes_most"].as_u64();
    bytes.map_or("memory unknown".to_owned(), |bytes| {
        format!("{} MiB", bytes >> 20)
    })
}

/// How many loops the judge found at how many moments, and the verdict.
fn judged(run: &Value) -> String {
    let verdict = run["verdict"]["status"].as_str().unwrap_or("no verdict");
    let properties = run["results"]["properties"].as_array();
    let mut properties = properties.into_iter().flatten();
    let loops = properties.find(|one| one["name"] == "no loop in the next hops");
    let count = |field: &str| loops.and_then(|one| one[field].as_f64());
    let found = loops
        .and_then(|one| one["violations"].as_array())
        .map_or(0, Vec::len);
    let checked = count("checked").unwrap_or(f64::NAN);
    format!("{found} loops at {} moments, {verdict}", thousands(checked))
}
