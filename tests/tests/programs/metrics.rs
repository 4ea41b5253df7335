//! `--metrics`: a real Prometheus reads two runs while they go on, and answers
//! every query of every dashboard.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use support::prometheus::Prometheus;
use support::{Running, Runs, foreign, http, run, until, workspace};

use crate::hub::{Hub, Peer};

/// Runs that go on until the test is over.
const GOSSIP: [&str; 8] = [
    "--peers=8",
    "gossip",
    "--protocol",
    "gossipsub",
    "--messages",
    "10000",
    "--interval",
    "50ms",
];
const KAD: [&str; 6] = [
    "--peers=16",
    "kad",
    "--operations",
    "10000",
    "--interval",
    "50ms",
];

/// A run that serves metrics, and where.
fn serving(runs: &Runs, args: &[&str]) -> (Running, String) {
    let mut command = runs.testbed(["--metrics", "127.0.0.1:0"]);
    let mut running = Running::start(command.args(args));
    let line = running.line("metrics at http://");
    let address = http::address(&line).trim_end_matches("/metrics");
    (running, address.to_owned())
}

/// A hub, and two peers of it, the first of which has got through to the second.
struct HubWithPeers {
    hub: Hub,
    peers: [Peer; 2],
    _folder: tempfile::TempDir,
}

impl HubWithPeers {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = folder.path().join("hub.key");
        let hub = Hub::start("/ip4/127.0.0.1/tcp/0", &key.to_string_lossy());
        // Kademlia would connect the two by itself.
        let args = ["--protocols", "identify,channel"];
        let database = folder.path().join("peers.db");
        let kept = ["--database", &database.to_string_lossy()];
        let with_database = [args, kept].concat();
        let mut peers = [Peer::start(&hub, &with_database), Peer::start(&hub, &args)];
        let id = peers[1].id.clone();
        peers[0].ok(json!({ "do": "ping", "peer": id }));
        Self {
            hub,
            peers,
            _folder: folder,
        }
    }
}

/// What the dashboard of a hub asks for is served by a hub, or by a peer of it.
#[test]
fn the_dashboard_of_a_hub_names_what_is_served() {
    let hub = HubWithPeers::start();
    let served = [&hub.hub.metrics, &hub.peers[0].metrics]
        .map(|address| http::get(address, "/metrics").body)
        .concat();
    let (_, dashboard) = dashboards()
        .into_iter()
        .find(|(name, _)| name == "hub.json")
        .expect("it is there");
    let mut asked = BTreeSet::new();
    for query in queries(&dashboard) {
        for name in names(&query.replace("$__rate_interval", "5s")) {
            let mut samples = served.lines();
            let is_served = samples.any(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with([' ', '{']))
            });
            assert!(is_served, "{name} in {served}");
            asked.insert(name.to_owned());
        }
    }
    // And the other way round: everything that a hub counts is on it.
    let own = ["testbed_hub_", "testbed_peer_"];
    for family in families(&served) {
        let is_own = own.iter().any(|prefix| family.starts_with(prefix));
        let is_asked = asked.iter().any(|name| name.starts_with(&family));
        assert!(!is_own || is_asked, "{family} is on no panel");
    }
}

#[test]
fn every_query_of_every_dashboard_is_answered() {
    if !foreign::is_packaged("prometheus") {
        return;
    }
    let runs = Runs::new();
    let (_gossip, gossip) = serving(&runs, &GOSSIP);
    let (_kad, kad) = serving(&runs, &KAD);
    let hub = HubWithPeers::start();
    let mut prometheus =
        Prometheus::reads(&[&gossip, &kad, &hub.hub.metrics, &hub.peers[0].metrics]);
    prometheus.wait("sum(up) == 4");
    // Every kind of operation, and some seconds of scrapes.
    prometheus.wait("min(count_over_time(up[1m])) > 20");
    prometheus.wait("testbed_gossip_delivered_total > 200");
    prometheus.wait("sum(testbed_kad_operations_total) > 60");

    let mut wrong = Vec::new();
    for (name, dashboard) in dashboards() {
        let queries = queries(&dashboard);
        assert!(queries.len() > 5, "{name} shows {queries:?}");
        for query in queries {
            if let Err(why) = check(&prometheus, &query) {
                wrong.push(format!("{name}: {query}: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    for (query, why) in [
        ("rate(testbed_never_served_total[1m])", "is not served"),
        (
            "testbed_peers or testbed_never_served_total",
            "is not served",
        ),
        ("testbed_peers > 1000000", "nothing comes"),
        ("rate(testbed_peers)", "parse error"),
    ] {
        let message = check(&prometheus, query).expect_err(query);
        assert!(message.contains(why), "{query}: {message}");
    }
}

/// The reference names every metric that these runs serve.
#[test]
fn every_metric_is_documented() {
    let page = fs::read_to_string(workspace().join("docs/metrics.md")).expect("the page");
    let runs = Runs::new();
    let (mut gossip, one) = serving(&runs, &GOSSIP);
    let (mut kad, other) = serving(&runs, &KAD);
    let hub = HubWithPeers::start();
    for (address, last) in [
        (&one, "testbed_gossip_delivery_seconds"),
        (&other, "testbed_kad_hops"),
        (&hub.peers[0].metrics, "testbed_peer_race_seconds"),
        (
            &hub.hub.metrics,
            "libp2p_swarm_connections_establishment_duration",
        ),
    ] {
        let count = format!("{last}_count");
        let served = until(&count, || {
            let answer = http::get(address, "/metrics").body;
            answer.contains(&count).then_some(answer)
        });
        let types = served
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "));
        let rows: Vec<_> = types
            .map(|line| line.split_once(' ').expect("a name and a type"))
            .map(|(name, kind)| format!("| `{name}` | {kind} |"))
            .collect();
        assert!(rows.len() > 20, "{served}");
        for row in rows {
            assert!(page.contains(&row), "docs/metrics.md: {row}");
        }
    }
    for run in [&mut gossip, &mut kad] {
        run.signal("INT");
    }
}

/// Checks that Prometheus can parse the query, that each metric that it names is
/// served, and that it has a result.
fn check(prometheus: &Prometheus, query: &str) -> Result<(), String> {
    let query = query.replace("$__rate_interval", "5s");
    let query = query.replace("$instance", ".+");
    let seen = prometheus.has_seen(&query)?;
    for name in names(&query) {
        if !prometheus.has_seen(name)? {
            return Err(format!("{name} is not served"));
        }
    }
    seen.then_some(()).ok_or("nothing comes of it".to_owned())
}

/// The metrics that a query names: words that are neither keywords, functions nor labels.
fn names(query: &str) -> BTreeSet<&str> {
    const WORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];
    const BEFORE_LABELS: [&str; 6] = [
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
    ];
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let after = |text, end| {
        let (_, after) = str::split_once(text, end).expect(end);
        after
    };
    let (mut names, mut rest) = (BTreeSet::new(), query);
    while let Some(at) = rest.find(|c| of_word(c) || "{[\"".contains(c)) {
        rest = &rest[at..];
        let end = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = match &rest[..1] {
            "{" => after(rest, "}"),
            "[" => after(rest, "]"),
            "\"" => after(&rest[1..], "\""),
            _ if BEFORE_LABELS.contains(&word) => after(behind, ")"),
            _ => behind,
        };
        // `sum (x) by (y)`, `sum by (y) (x)`.
        let calls = ["(", "by ", "by(", "without ", "without("];
        let called = calls
            .iter()
            .any(|next| behind.trim_start().starts_with(next));
        let begins = word.starts_with(|c: char| !c.is_ascii_digit());
        if begins && !called && !WORDS.contains(&word) && !BEFORE_LABELS.contains(&word) {
            names.insert(word);
        }
    }
    names
}

#[test]
fn metric_names_are_found_in_a_query() {
    for (query, expected) in [
        ("up", &["up"][..]),
        (
            "sum by (le, job) (rate(a_total{b=\"c\"}[5m])) / 2.5",
            &["a_total"],
        ),
        (
            "a{x=~\".+\"} / on (x) group_left (y) b:c > 0",
            &["a", "b:c"],
        ),
        (
            "histogram_quantile(0.95, rate(a_bucket[1m])) or d",
            &["a_bucket", "d"],
        ),
    ] {
        let expected: BTreeSet<_> = expected.iter().copied().collect();
        assert_eq!(names(query), expected, "{query}");
    }
}

/// By their file's name.
fn dashboards() -> Vec<(String, Value)> {
    let folder = workspace().join("dashboards/grafana");
    let files = fs::read_dir(folder).expect("the dashboards").flatten();
    let files = files.filter(|file| file.path().extension().is_some_and(|end| end == "json"));
    let read = |file: fs::DirEntry| {
        let text = fs::read_to_string(file.path()).expect("a file");
        let name = file.file_name().to_string_lossy().into_owned();
        let dashboard = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, dashboard)
    };
    let all: Vec<_> = files.map(read).collect();
    let mut names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "gossip.json",
            "host.json",
            "hub.json",
            "kademlia.json",
            "overview.json"
        ]
    );
    all
}

/// The queries of a dashboard: those of its panels and of its variables.
fn queries(dashboard: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let panels = list(&dashboard["panels"]).into_iter();
    let targets = panels.flat_map(|panel| list(&panel["targets"]));
    let asked = targets.map(|target| text(&target["expr"]).expect("an expr"));
    let variables = list(&dashboard["templating"]["list"]).into_iter();
    let named = variables.map(|variable| {
        let query = text(&variable["query"]["query"]).expect("a query");
        let values = query.strip_prefix("label_values(").expect("label_values");
        values.split(',').next().expect("a metric").to_owned()
    });
    asked.chain(named).collect()
}

#[test]
fn dashboards_query_a_provisioned_source() {
    let path = "dashboards/grafana/provisioning/datasources/testbed.yml";
    let sources = fs::read_to_string(workspace().join(path)).expect("a file");
    for (name, dashboard) in dashboards() {
        for panel in dashboard["panels"].as_array().expect("panels") {
            let of_targets = panel["targets"].as_array().expect("targets").iter();
            for asks in of_targets.chain([panel]) {
                let uid = asks["datasource"]["uid"].as_str().expect("a source");
                assert!(
                    sources.contains(&format!("uid: {uid}\n")),
                    "{name} asks {uid}"
                );
            }
        }
    }
}

#[test]
fn prometheus_accepts_the_configuration() {
    if !foreign::is_packaged("prometheus") {
        return;
    }
    // It comes with Prometheus.
    let mut promtool = Command::new("promtool");
    let config = workspace().join("dashboards/prometheus.yml");
    run(promtool.args(["check", "config"]).arg(config)).exits(0);
}

/// The names of the metric families that are exposed. OpenMetrics leaves out the
/// `_total` of a counter and the unit of an `_info`.
fn families(exposed: &str) -> BTreeSet<String> {
    let types = exposed
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    let names = types.filter_map(|line| line.split(' ').next());
    names
        .map(|name| {
            let name = name.strip_suffix("_total").unwrap_or(name);
            name.strip_suffix("_info").unwrap_or(name).to_owned()
        })
        .collect()
}

/// Checks both formats of one program's metrics, the classic one with promtool.
fn promtool_takes(address: &str) {
    const ASKS: &str = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
    let openmetrics = http::get_as(address, "/metrics", ASKS);
    assert!(openmetrics.body.ends_with("# EOF\n"), "{openmetrics:?}");
    for accept in ["text/plain", "*/*"] {
        let classic = http::get_as(address, "/metrics", accept);
        let head = classic.head.to_lowercase();
        let kind = "content-type: text/plain; version=0.0.4; charset=utf-8";
        assert!(head.contains(kind), "{head}");
        // A run that goes on may have more to count by now.
        let missing: Vec<_> = families(&openmetrics.body)
            .difference(&families(&classic.body))
            .cloned()
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("metrics");
        fs::write(&file, &classic.body).expect("a file");
        let check = ["-c", "promtool check metrics < \"$1\"", "sh"];
        let ended = run(Command::new("sh").args(check).arg(file)).exits(0);
        // It has no complaint, not even about names.
        assert_eq!(
            (&*ended.stdout, &*ended.stderr),
            ("", ""),
            "{}",
            classic.body
        );
    }
}

#[test]
fn promtool_accepts_the_metrics_of_every_experiment() {
    if !foreign::is_packaged("prometheus") {
        return;
    }
    let mut node = support::node();
    let mut node = Running::start(node.args(["--metrics", "127.0.0.1:0"]));
    let line = node.line("metrics at http://");
    promtool_takes(http::address(&line).trim_end_matches("/metrics"));
    for experiment in [
        "ping",
        "snapshot",
        "elect",
        "mutex",
        "wave",
        "terminate",
        "gossip",
        "gossip --protocol gossipsub --messages 5 --interval 10ms",
        "kad --operations 8 --interval 10ms",
        "latency --messages 10",
    ] {
        let runs = Runs::new();
        let words = format!("--peers=4 --view=127.0.0.1:0 {experiment}");
        let args: Vec<_> = words.split(' ').collect();
        let (mut running, address) = serving(&runs, &args);
        running.line("verdict");
        promtool_takes(&address);
    }
}

#[test]
fn metrics_are_served_as_long_as_the_page() {
    let runs = Runs::new();
    let args = ["--peers=3", "--seed=7", "--view=127.0.0.1:0", "ping"];
    let (mut running, address) = serving(&runs, &args);
    running.line("verdict");
    let answer = http::get_as(&address, "/metrics", "application/openmetrics-text");
    assert_eq!(answer.status, 200, "{}", answer.head);
    let text = answer.body;
    for line in [
        "testbed_spans_lost 0",
        "testbed_spans_exported_total 0",
        "testbed_peers 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let info = text
        .lines()
        .find(|line| line.starts_with("testbed_run_info{"));
    let info = info.expect("what is run");
    for label in [
        "experiment=\"ping\"",
        "transport=\"tcp\"",
        "seed=\"7\"",
        "peers=\"3\"",
    ] {
        assert!(info.contains(label), "{label} in {info}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
    running.signal("INT");
    running.end();
    let refused = std::net::TcpStream::connect(&address);
    assert!(refused.is_err(), "no server is left after the run");
}
