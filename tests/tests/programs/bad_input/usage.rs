//! Wrong usage: values that make no sense alone or together.

use std::fs;

use support::{Runs, node, ports, run};

use super::refused;

const ID: &str = "12D3KooWGjMCwtpbj9o3GA1GHBuNdUVz4nnBhRUhpXCTNPvZvUZE";

#[test]
fn invalid_values_of_a_run_are_rejected() {
    let cases: [(&str, &[&str], &[&str]); 20] = [
        (
            "no peer",
            &["--peers", "0"],
            &["--peers 0", "at least 2", "--peers 20"],
        ),
        (
            "one peer",
            &["--peers", "1"],
            &["--peers 1", "at least 2", "--peers 20"],
        ),
        (
            "a million peers",
            &["--peers", "1000000"],
            &[
                "1000000 peers",
                "499999500000 connections",
                "MiB",
                "start fewer",
                "random:8",
            ],
        ),
        (
            "a million peers without sockets",
            &[
                "--peers",
                "1000000",
                "--transport",
                "memory",
                "--topology",
                "random:8",
            ],
            &[
                "1000000 peers",
                "4000000 connections",
                "MiB",
                "start fewer peers",
            ],
        ),
        (
            "more peers than numbers",
            &["--peers", "4294967296"],
            &["4294967296", "4294967295"],
        ),
        (
            "an unknown topology",
            &["--topology", "mesh"],
            &["mesh", "full", "random:K", "file:PATH"],
        ),
        (
            "more neighbours than peers",
            &["--topology", "random:20"],
            &["random:20", "--peers 20", "at least 21"],
        ),
        (
            "an edge list that is not there",
            &["--topology", "file:/no/edges"],
            &["file:/no/edges", "No such file"],
        ),
        (
            "an edge list that is a folder",
            &["--topology", "file:/"],
            &["file:/"],
        ),
        (
            "an unknown transport",
            &["--transport", "udp"],
            &["udp", "tcp", "ws", "quic", "memory"],
        ),
        (
            "a seed that is no number",
            &["--seed", "x"],
            &["--seed", "x"],
        ),
        (
            "an unknown format",
            &["--format", "yaml"],
            &["yaml", "text", "json"],
        ),
        (
            "a page nowhere",
            &["--view=192.0.2.1:0"],
            &["192.0.2.1:0", "cannot listen"],
        ),
        (
            "metrics at no address",
            &["--metrics", "nonsense"],
            &["nonsense", "--metrics <ADDR>"],
        ),
        (
            "metrics nowhere",
            &["--metrics", "192.0.2.1:0"],
            &["192.0.2.1:0", "--metrics"],
        ),
        (
            "a collector that is no URL",
            &["--otlp", "jaeger"],
            &["jaeger", "http://127.0.0.1:4318"],
        ),
        (
            "a collector over TLS",
            &["--otlp", "https://127.0.0.1:4318"],
            &["https://127.0.0.1:4318", "TLS"],
        ),
        (
            "an unwritable folder",
            &["--out", "/dev/null/runs"],
            &["/dev/null/runs", "--out DIR"],
        ),
        (
            "a dial timeout without unit",
            &["--dial-timeout", "5"],
            &["--dial-timeout", "5", "50ms"],
        ),
        ("an unknown option", &["--pears", "5"], &["--pears"]),
    ];
    for (name, args, parts) in cases {
        // A folder of its own, if the case does not say another.
        let runs = Runs::new();
        let mut command = match args.contains(&"--out") {
            true => support::testbed(),
            false => runs.testbed([""; 0]),
        };
        let ended = run(command.args(args).args(["ping", "--count", "1"]));
        match name {
            "an unknown transport" | "an unknown format" | "an unknown option" => {
                // clap lists the choices in lines of its own.
                let message = ended.stderr.replace('\n', " ");
                refused(
                    name,
                    &support::Ended {
                        stderr: message,
                        ..ended
                    },
                    2,
                    parts,
                );
            }
            _ => refused(name, &ended, 2, parts),
        }
        let left = fs::read_dir(runs.path())
            .expect("the folder of runs")
            .count();
        assert_eq!(left, 0, "{name}: nothing was run");
    }
}

#[test]
fn invalid_values_of_ping_are_rejected() {
    let elsewhere = format!("/dns4/example.org/tcp/4001/p2p/{ID}");
    let tcp = format!("/ip4/127.0.0.1/tcp/4001/p2p/{ID}");
    let cases: [(&str, &[&str], &[&str]); 17] = [
        (
            "to oneself",
            &["--to", "0"],
            &["--to 0", "itself", "--to 1"],
        ),
        (
            "to oneself from elsewhere",
            &["--from", "3", "--to", "3"],
            &["--to 3", "itself", "--to 0"],
        ),
        (
            "to an unknown peer",
            &["--to", "20"],
            &["--to 20", "0 to 19"],
        ),
        (
            "from an unknown peer",
            &["--from", "20"],
            &["--from 20", "0 to 19"],
        ),
        (
            "to a stranger",
            &["--topology", "line", "--to", "5"],
            &["--to 5", "peer 0", "topology line", "neighbours are 1"],
        ),
        (
            "to no peer",
            &["--to", "example.org"],
            &["example.org", "/ip4/127.0.0.1/tcp/4001/p2p/"],
        ),
        (
            "to an address without a peer",
            &["--to", "/ip4/127.0.0.1/tcp/1"],
            &["/ip4/127.0.0.1/tcp/1", "/p2p/"],
        ),
        (
            "to a name",
            &["--to", &elsewhere],
            &["/dns4/example.org", "/ip4/"],
        ),
        (
            "to an address of another transport",
            &["--to", &tcp, "--transport", "memory"],
            &["--transport memory", "over tcp", "leave --transport out"],
        ),
        (
            "to an address of another transport, without a secret",
            &["--to", &tcp, "--transport", "memory", "--security", "none"],
            &["--transport memory", "over tcp", "leave --transport out"],
        ),
        (
            "to an address in plaintext",
            &["--to", &tcp, "--security", "none"],
            &[
                "--security none",
                "leaves the process",
                "leave --security out",
            ],
        ),
        (
            "a size over the limit",
            &["--size", "2M"],
            &["--size", "2097152", "1048576", "1M"],
        ),
        (
            "a size that is none",
            &["--size", "big"],
            &["--size", "big", "4K"],
        ),
        ("no ping", &["--count", "0"], &["--count", "0", "from 1 on"]),
        (
            "an interval without unit",
            &["--interval", "5"],
            &["--interval", "5", "50ms"],
        ),
        (
            "a timeout before now",
            &["--timeout=-1s"],
            &["--timeout", "-1s", "negative"],
        ),
        (
            "a neighbour of none",
            &["--topology", "star", "--from", "1", "--to", "2"],
            &["--to 2", "neighbours are 0"],
        ),
    ];
    for (name, args, parts) in cases {
        let runs = Runs::new();
        let ended = run(runs.testbed(["ping"]).args(args));
        refused(name, &ended, 2, parts);
    }
}

#[test]
fn invalid_edge_lists_are_rejected() {
    for (name, text, parts) in [
        (
            "a self-loop",
            "0 1\n2 2\n",
            &["line 2", "peer 2", "itself"][..],
        ),
        (
            "an unknown peer",
            "0 1\n1 9\n",
            &["line 2", "peer 9", "--peers 10"],
        ),
        (
            "a malformed line",
            "0 1\n\n0 x\n",
            &["line 3", "\"0 x\"", "0 1"],
        ),
        (
            "three peers in a line",
            "0 1 2\n",
            &["line 1", "\"0 1 2\"", "0 1"],
        ),
        ("no edge", "# nothing\n", &["no edge", "0 1"]),
        ("bytes that are no text", "\u{0}\u{7}\n", &["line 1", "0 1"]),
    ] {
        let runs = Runs::new();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("edges");
        fs::write(&file, text).expect("a file");
        let topology = format!("file:{}", file.display());
        let args = ["--peers", "3", "--topology", &topology, "ping"];
        let ended = run(&mut runs.testbed(args));
        refused(name, &ended, 2, &[&[topology.as_str()], parts].concat());
    }
}

#[test]
fn ports_in_use_are_reported() {
    let (_listener, address) = ports::silent();
    let (port, address) = (address.port(), address.to_string());
    let runs = Runs::new();
    let page = format!("--view={address}");
    let ended = run(&mut runs.testbed(["ping", &page]));
    refused(
        "--view",
        &ended,
        2,
        &[&address, "in use", "choose another port"],
    );

    let ended = run(&mut runs.testbed(["--metrics", &address, "ping"]));
    let parts = ["--metrics", &address, "in use", "choose another port"];
    refused("--metrics of a run", &ended, 2, &parts);
    let left = std::fs::read_dir(runs.path()).expect("the folder of runs");
    assert_eq!(left.count(), 0, "nothing was run, nothing is saved");

    let tcp = format!("/ip4/127.0.0.1/tcp/{port}");
    for (name, args, parts) in [
        (
            "--listen",
            ["--listen", &tcp],
            [tcp.as_str(), "in use", "choose another port"],
        ),
        (
            "--metrics",
            ["--metrics", &address],
            [&address, "in use", "choose another port"],
        ),
    ] {
        refused(name, &run(node().args(args)), 2, &parts);
    }
}

#[test]
fn invalid_values_of_a_node_are_rejected() {
    let of_another = format!("/ip4/127.0.0.1/tcp/0/p2p/{ID}");
    for (name, args, parts) in [
        (
            "an address that is none",
            ["--listen", "localhost:80"],
            &["localhost:80"][..],
        ),
        (
            "a transport that a node has not",
            ["--listen", "/memory/0"],
            &["/memory/0", "/ip4/127.0.0.1/tcp/"],
        ),
        (
            "an unknown protocol",
            ["--protocols", "bitswap"],
            &["bitswap", "identify", "channel"],
        ),
        (
            "an address of another peer",
            ["--listen", &of_another],
            &["--listen", &of_another, "this peer is", "leave its /p2p/"],
        ),
        (
            "a key that is a folder",
            ["--key", "/"],
            &["--key", "is a directory", "node.key"],
        ),
        (
            "a key in no folder",
            ["--key", "/no/such/key"],
            &["--key", "/no/such/key", "No such file"],
        ),
        (
            "a collector that is no URL",
            ["--otlp", "jaeger"],
            &["jaeger", "http://127.0.0.1:4318"],
        ),
        (
            "a name to dial",
            ["--dial", "example.org"],
            &["example.org"],
        ),
    ] {
        refused(name, &run(node().args(args)), 2, parts);
    }
    let ended = run(node().args(["--dial", "/dns4/example.org/tcp/1"]));
    assert_eq!(ended.status, Some(2), "{ended}");
    assert!(
        ended
            .stderr
            .contains("/dns4/example.org/tcp/1: take an address like /ip4/"),
        "{ended}"
    );
}
