//! Requests to a `testbed-node` on its standard input, one line of JSON each.

use serde_json::{Value, json};
use support::collector::{Collector, Manner, Protocol};
use support::saved::no_panic;
use support::spans::Reported;
use support::{Running, node, until};

/// A node that reads requests.
struct Node {
    running: Running,
    address: String,
    asked: u64,
}

impl Node {
    fn start(args: &[&str]) -> Self {
        let mut running = Running::start_with_input(node().arg("--stdin").args(args));
        let line = running.line("listening on ");
        let address = line.trim_start_matches("listening on ").to_owned();
        Self {
            running,
            address,
            asked: 0,
        }
    }

    fn id(&self) -> &str {
        let (_, id) = self.address.rsplit_once("/p2p/").expect("a full address");
        id
    }

    /// Asks, and returns the answer.
    fn ask(&mut self, mut request: Value) -> Value {
        self.asked += 1;
        request["id"] = json!(self.asked);
        self.running.write(&request.to_string());
        let line = self.running.line(&format!("\"id\":{},", self.asked));
        serde_json::from_str(&line).expect(&line)
    }

    /// Asks, and checks that the request succeeds.
    fn ok(&mut self, request: Value) -> Value {
        let answer = self.ask(request);
        assert_eq!(answer["ok"], true, "{answer}");
        answer
    }

    /// Looks a peer up until its routing table has it: the connection of a peer that
    /// dialled is open some time before that.
    fn meets(&mut self, peer: &str) {
        let find = json!({ "do": "find", "key": { "peer": peer } });
        until("the peer in the routing table", || {
            let found = self.ok(find.clone());
            (found["peers"] == json!([peer])).then_some(())
        });
    }
}

#[test]
fn stdin_commands_put_and_get_records() {
    let mut first = Node::start(&[]);
    let mut second = Node::start(&["--dial", &first.address]);
    let key = json!({ "hex": "ff00" });
    let stored = second.ok(json!({ "do": "put", "key": key, "value": "a value" }));
    assert_eq!(stored["do"], "put");
    assert_eq!(stored["copies"], 1, "{stored}");
    let got = first.ok(json!({ "do": "get", "key": key }));
    assert_eq!(got["value"], "a value", "{got}");

    second.ok(json!({ "do": "provide", "key": "a thing" }));
    let providers = first.ok(json!({ "do": "providers", "key": "a thing" }));
    assert_eq!(providers["providers"], json!([second.id()]), "{providers}");
    let found = second.ok(json!({ "do": "find", "key": { "peer": first.id() } }));
    assert_eq!(found["peers"], json!([first.id()]), "{found}");
    assert_eq!(found["requests"], 1, "{found}");

    let lacking = first.ask(json!({ "do": "get", "key": "nothing" }));
    assert_eq!(lacking["ok"], false);
    assert_eq!(lacking["error"], "not found");
    let large = first.ask(json!({ "do": "put", "key": "k", "value": "x".repeat(20_000) }));
    assert!(
        large["error"].to_string().contains("20001 bytes"),
        "{large}"
    );
}

#[test]
fn stdin_commands_publish_and_messages_are_printed() {
    let mut first = Node::start(&["--topic", "news"]);
    let mut second = Node::start(&["--topic", "news", "--dial", &first.address]);
    let data = json!({ "hex": "c3" });
    second.ok(json!({ "do": "publish", "topic": "news", "data": data }));
    let line = first.running.line("\"event\":\"message\"");
    let event: Value = serde_json::from_str(&line).expect(&line);
    assert_eq!(event["topic"], "news");
    assert_eq!(event["data"], data);
    assert_eq!(
        (&event["from"], &event["via"]),
        (&json!(second.id()), &json!(second.id()))
    );
    // As soon as the subscription has come.
    first.ok(json!({ "do": "publish", "topic": "news", "data": "é" }));
    let line = second.running.line("\"event\":\"message\"");
    assert!(line.contains("\"é\""), "{line}");
}

#[test]
fn an_invalid_line_is_answered_and_eof_shuts_the_node_down() {
    let mut node = Node::start(&["--protocols", "channel"]);
    for (line, why) in [
        ("get it", "no JSON"),
        ("{\"do\": \"fetch\"}", "fetch"),
        (
            "{\"do\": \"get\", \"key\": \"k\"}",
            "Kademlia is switched off",
        ),
    ] {
        node.running.write(line);
        let answer = node.running.line("\"ok\":false");
        assert!(answer.contains(why), "{answer}");
    }
    // Lines before the end of the input are answered.
    let publish = json!({ "do": "publish", "topic": "t", "data": "" });
    node.running.write(&publish.to_string());
    node.running.end_input();
    let ended = node.running.end().exits(0);
    no_panic(&ended);
    assert!(
        ended.stdout.contains("gossipsub is switched off"),
        "{ended}"
    );
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_signal_shuts_the_node_down_while_it_reads() {
    let node = Node::start(&[]);
    node.running.signal("TERM");
    let ended = node.running.end().exits(0);
    no_panic(&ended);
}

/// Each message of a lookup is a span below that of the lookup.
#[test]
fn a_lookup_is_a_trace_with_its_messages() {
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let first = Node::start(&[]);
    let args = ["--dial", &first.address, "--otlp", &collector.url()];
    let mut second = Node::start(&args);
    second.ok(json!({ "do": "put", "key": "k", "value": "v" }));
    second.ok(json!({ "do": "provide", "key": "k" }));
    second.running.end_input();
    let _ = second.running.end().exits(0);
    let spans = collector.spans();
    let one = |name: &str| -> &Reported {
        let mut all = spans.iter().filter(|reported| reported.span.name == name);
        all.next().unwrap_or_else(|| panic!("no {name}"))
    };
    for (operation, message) in [("put", "PUT_VALUE"), ("provide", "ADD_PROVIDER")] {
        let remote = one(message).attribute("p2p.remote");
        assert_eq!(remote, first.id());
        let (operation, message) = (&one(operation).span, &one(message).span);
        assert_eq!(message.trace_id, operation.trace_id);
        assert_eq!(message.parent_span_id, operation.span_id);
        let mut below = spans.iter().map(|reported| &reported.span);
        let asked =
            below.any(|span| span.name == "FIND_NODE" && span.parent_span_id == operation.span_id);
        assert!(asked, "the closest are looked for first");
        assert!(operation.start_time_unix_nano <= message.start_time_unix_nano);
        assert!(message.end_time_unix_nano <= operation.end_time_unix_nano);
    }
}

/// Also a request to a peer that the lookup has to dial, which libp2p hands to the
/// new connection.
#[test]
fn a_request_to_a_newly_found_peer_is_in_the_trace() {
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let mut first = Node::start(&[]);
    let far = Node::start(&["--dial", &first.address]);
    first.meets(far.id());
    let args = ["--dial", &first.address, "--otlp", &collector.url()];
    let mut second = Node::start(&args);
    let found = second.ok(json!({ "do": "find", "key": { "peer": far.id() } }));
    assert_eq!(found["peers"][0], far.id(), "{found}");
    assert_eq!(found["hops"], 2, "{found}");
    second.running.end_input();
    let _ = second.running.end().exits(0);
    let spans = collector.spans();
    for peer in [first.id(), far.id()] {
        let asked = spans.iter().any(|reported| {
            reported.span.name == "FIND_NODE" && reported.attribute("p2p.remote") == peer
        });
        assert!(asked, "{peer} was asked");
    }
}
