//! `testbed-node --mdns`: hosts of one local network, each in a network namespace. Where
//! namespaces are not permitted, nothing is tested.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use support::foreign::or_say;
use support::saved::no_panic;
use support::{Running, node, run, until};

/// Makes hosts 1 to 3, at a bridge as in a home. `ip netns` keeps its names in /run.
const LAYOUT: &str = "
mount -t tmpfs tmpfs /run
ip link add bridge0 type bridge
ip link set bridge0 up
for host in 1 2 3; do
  ip netns add host$host
  ip link add port$host type veth peer name eth0 netns host$host
  ip link set port$host master bridge0 up
  ip -n host$host addr add 192.168.77.$host/24 dev eth0
  ip -n host$host link set lo up
  ip -n host$host link set eth0 multicast on up
done
echo ready
";

/// Root needs no user namespace.
const KINDS: [&str; 2] = ["-nm", "-Urnm"];

/// The hosts. They vanish with the processes in them.
struct Network {
    /// Keeps the namespaces until its standard input ends.
    keeper: Running,
    kind: &'static str,
}

impl Network {
    /// `None` where namespaces are not permitted.
    fn new() -> Option<Self> {
        let unshare = |kind: &str, script: &str| {
            let mut unshare = Command::new("unshare");
            unshare.args([kind, "--", "sh", "-ec", script]);
            unshare
        };
        let is_permitted = |kind: &&str| run(&mut unshare(kind, LAYOUT)).status == Some(0);
        let kind = KINDS.into_iter().find(is_permitted);
        let how = "unshare, ip and a kernel that permits network namespaces";
        if !or_say(kind.is_some(), how) {
            return None;
        }
        let kind = kind?;
        let keep = format!("{LAYOUT} exec cat");
        let mut keeper = Running::start_with_input(&mut unshare(kind, &keep));
        keeper.line("ready");
        Some(Self { keeper, kind })
    }

    /// Starts a node on that host.
    fn node(&self, host: u8, args: &[&str]) -> Node {
        let mut enter = Command::new("nsenter");
        enter.args(["-t", &self.keeper.id().to_string(), "-n", "-m"]);
        if self.kind == "-Urnm" {
            enter.args(["-U", "--preserve-credentials"]);
        }
        enter.args(["--", "ip", "netns", "exec", &format!("host{host}")]);
        enter.arg(node().get_program()).arg("--stdin").args(args);
        let mut running = Running::start_with_input(&mut enter);
        let line = running.line("listening on ");
        let (_, id) = line.rsplit_once("/p2p/").expect("a full address");
        let id = id.to_owned();
        Node { running, id }
    }
}

/// A node that reads requests.
struct Node {
    running: Running,
    id: String,
}

impl Node {
    fn ask(&mut self, request: &Value) -> Value {
        self.running.write(&request.to_string());
        let line = self.running.line("\"do\":");
        serde_json::from_str(&line).expect(&line)
    }

    fn finds(&mut self, other: &Node) -> Value {
        let line = self.running.line("\"event\":\"found\"");
        let found: Value = serde_json::from_str(&line).expect(&line);
        assert_eq!(found["peer"], *other.id, "{found}");
        found["addresses"].clone()
    }

    /// Waits until the other one answers. Both have dialled, and one dial counts.
    fn pings(&mut self, other: &Node) {
        let ping = json!({ "do": "ping", "peer": other.id });
        let answer = until("PONG", || {
            let answer = self.ask(&ping);
            (answer["ok"] == true).then_some(answer)
        });
        let how = answer["how"].as_str().expect("a way");
        assert!(["direct", "reversed"].contains(&how), "{answer}");
    }

    /// The peers that a lookup names.
    fn names(&mut self, other: &Node) -> Value {
        let answer = self.ask(&json!({ "do": "find", "key": { "peer": other.id } }));
        answer["peers"].clone()
    }

    fn ends(mut self) -> String {
        self.running.end_input();
        let ended = self.running.end().exits(0);
        no_panic(&ended);
        ended.stdout
    }
}

const ANYWHERE: &str = "/ip4/0.0.0.0/tcp/4001";

/// The first two look for others; the third does not, and the first has its address from
/// elsewhere.
#[test]
fn neighbours_find_each_other_and_keep_their_addresses() {
    let Some(network) = Network::new() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = folder.path().join("peers.db");
    let path = database.to_str().expect("a path of ASCII");
    let mut third = network.node(3, &["--listen", ANYWHERE]);
    let to_third = format!("/ip4/192.168.77.3/tcp/4001/p2p/{}", third.id);
    let with = ["--mdns", "--listen", ANYWHERE];
    let known = ["--database", path, "--dial", &to_third];
    let mut first = network.node(1, &[&with[..], &known].concat());
    first.running.line(&format!("connected to {}", third.id));
    let mut second = network.node(2, &with);

    let at = |host| json!([format!("/ip4/192.168.77.{host}/tcp/4001")]);
    assert_eq!(first.finds(&second), at(2));
    assert_eq!(second.finds(&first), at(1));
    first.pings(&second);
    second.pings(&first);
    let refused = second.ask(&json!({ "do": "ping", "peer": third.id }));
    assert_eq!(refused["ok"], false, "{refused}");

    // The first is asked by the third, and does not name the second.
    assert_eq!(third.names(&second), json!([first.id]));
    assert_eq!(first.names(&second), json!([third.id]));

    let (first_id, second_id, third_id) = (first.id.clone(), second.id.clone(), third.id.clone());
    let said = first.ends();
    assert_eq!(said.matches("\"event\":\"found\"").count(), 1, "{said}");
    let said = second.ends();
    assert!(!said.contains(&third_id), "{said}");
    let said = third.ends();
    assert!(!said.contains(&second_id), "{said}");
    assert!(!said.contains("found"), "{said}");
    let kept = fs::read(&database).expect("the file");
    let has = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has(&third_id) && has("/ip4/192.168.77.3/tcp/4001"));
    for learnt in [&*second_id, &first_id, "/ip4/192.168.77.2/"] {
        assert!(!has(learnt), "{learnt}");
    }
}

#[test]
fn a_node_that_nobody_can_find_says_so() {
    let Some(network) = Network::new() else {
        return;
    };
    let mut node = network.node(1, &["--mdns"]);
    let warning = node.running.warning("--mdns: ");
    assert!(warning.contains("listens on loopback alone"), "{warning}");
    node.ends();
}
