//! What a system was run with, for `run.json`: numbers in units that their names
//! say, and words as on the command line.

use std::time::Duration;

use clap::ValueEnum;
use lab::model::Network;
use lab::simulator::{Crash, Memory, Partition, Scenario};
use serde_json::{Value, json};

use crate::cli::systems::{Net, Snapshot, System};
use crate::experiment::live::Kill;
use crate::network::Links;
use crate::run;

/// What is run.
#[derive(Debug)]
pub(super) struct Described<'a> {
    name: &'static str,
    /// As the literature names it; somebody's own, by its type.
    algorithm: String,
    /// What it is superimposed on, if that can be chosen.
    workload: Option<String>,
    /// Its options.
    system: Value,
    /// What happens to messages and peers.
    pub(super) net: &'a Net,
}

impl<'a> From<&'a System> for Described<'a> {
    fn from(asked: &'a System) -> Self {
        let (algorithm, system) = match asked {
            System::Snapshot(args) => (word(args.algorithm), snapshot(args)),
            System::Elect(args) => (
                "chang-roberts".into(),
                json!({ "candidates": args.candidates }),
            ),
            System::Mutex(args) => (
                "ricart-agrawala".into(),
                json!({ "entries": args.entries, "hold_seconds": seconds(args.hold) }),
            ),
            System::Wave(args) => ("echo".into(), json!({ "initiators": args.initiators })),
            System::Gossip(args) => (
                "flood".into(),
                json!({
                    "messages": args.messages,
                    "size_bytes": args.size.0,
                    "fanout": args.fanout,
                }),
            ),
            System::Terminate(args) => (
                "dijkstra-scholten".into(),
                json!({ "jobs": args.jobs, "pace_seconds": seconds(args.pace) }),
            ),
            System::Ping(args) => ("ping-pong".into(), json!({ "count": args.count })),
        };
        let workload = match asked {
            System::Snapshot(args) => Some(word(args.workload)),
            System::Elect(_)
            | System::Mutex(_)
            | System::Wave(_)
            | System::Gossip(_)
            | System::Terminate(_)
            | System::Ping(_) => None,
        };
        Self {
            name: asked.name(),
            algorithm,
            workload,
            system,
            net: asked.net(),
        }
    }
}

impl<'a> Described<'a> {
    /// Somebody's own system, of which only the type is known.
    pub(super) fn own<S>(net: &'a Net) -> Self {
        Self {
            name: "own",
            algorithm: std::any::type_name::<S>().to_owned(),
            workload: None,
            system: json!({}),
            net,
        }
    }

    /// Over real peers.
    pub(super) fn live(&self, links: &Links) -> run::Experiment {
        let kill: Vec<_> = self.net.kill.iter().map(kill).collect();
        let network = json!({ "delay": links.delay.to_string(), "kill": kill });
        self.by("live", links.in_order, network, None)
    }

    /// In the simulator; `file` is where the scenario came from.
    pub(super) fn simulated(&self, scenario: &Scenario, file: Option<&str>) -> run::Experiment {
        let network = json!({
            "delay": scenario.delay.to_string(),
            "loss": scenario.loss,
            "duplication": scenario.duplication,
            "crash": scenario.crash.iter().map(crash).collect::<Vec<_>>(),
            "partition": scenario.partition.iter().map(partition).collect::<Vec<_>>(),
        });
        self.by("simulator", scenario.fifo, network, file)
    }

    /// In the model checker.
    pub(super) fn checked(&self, network: Network) -> run::Experiment {
        let Network {
            fifo,
            lossy,
            duplicating,
        } = network;
        let network = json!({ "lossy": lossy, "duplicating": duplicating });
        let mut checked = self.by("model checker", fifo, network, None);
        let system = &mut checked.options["system"];
        for name in ["acts", "messages"] {
            if let Some(count) = system.get_mut(name).filter(|count| count.is_null()) {
                *count = json!(1);
            }
        }
        checked
    }

    fn by(
        &self,
        engine: &str,
        fifo: bool,
        network: Value,
        scenario: Option<&str>,
    ) -> run::Experiment {
        run::Experiment {
            name: self.name,
            options: json!({
                "engine": engine,
                "algorithm": self.algorithm,
                "workload": self.workload,
                "channel": if fifo { "stream" } else { "per-message" },
                "fifo": fifo,
                "scenario": scenario,
                "system": self.system,
                "network": network,
            }),
        }
    }
}

fn snapshot(args: &Snapshot) -> Value {
    json!({
        "initiators": args.initiators,
        "snapshots": args.snapshots,
        "every_seconds": seconds(args.every),
        "rate_per_second": args.rate,
        "acts": args.acts,
        "patience_seconds": seconds(args.patience),
    })
}

fn kill(kill: &Kill) -> Value {
    json!({ "peer": kill.node, "at_seconds": seconds(kill.at) })
}

fn crash(crash: &Crash) -> Value {
    json!({
        "peer": crash.process,
        "at_seconds": seconds(crash.at),
        "restart_seconds": crash.restart.map(seconds),
        "state": match crash.state {
            Memory::Kept => "kept",
            Memory::Lost => "lost",
        },
    })
}

fn partition(partition: &Partition) -> Value {
    json!({
        "at_seconds": seconds(partition.at),
        "heal_seconds": partition.heal.map(seconds),
        "group": partition.group,
    })
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// As it stands on the command line.
fn word(value: impl ValueEnum) -> String {
    let value = value.to_possible_value().expect("none is hidden");
    value.get_name().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::systems::Channel;
    use crate::cli::systems::Virtual;

    #[derive(clap::Parser)]
    struct Command {
        #[command(subcommand)]
        system: Virtual,
    }

    fn asked(words: &str) -> System {
        let words = format!("testbed {words}");
        Command::parse_from(words.split(' ')).system.system()
    }

    #[test]
    fn every_system_names_its_algorithm() {
        for (words, algorithm, workload) in [
            ("snapshot", "chandy-lamport", Some("bank")),
            (
                "snapshot --algorithm lai-yang --workload producer-consumer",
                "lai-yang",
                Some("producer-consumer"),
            ),
            ("elect", "chang-roberts", None),
            ("mutex", "ricart-agrawala", None),
            ("wave", "echo", None),
            ("gossip", "flood", None),
            ("terminate", "dijkstra-scholten", None),
            ("ping", "ping-pong", None),
        ] {
            let system = asked(words);
            let described = Described::from(&system);
            assert_eq!(described.algorithm, algorithm);
            assert_eq!(described.workload.as_deref(), workload);
        }
    }

    #[test]
    fn options_are_numbers_with_their_units() {
        let system = asked("snapshot --every 250ms --kill 3@1500ms --channel per-message");
        let described = Described::from(&system);
        assert_eq!(described.net.channel, Channel::PerMessage);
        let links = Links {
            delay: "1ms..2ms".parse().expect("a delay"),
            in_order: false,
        };
        let options = described.live(&links).options;
        assert_eq!(options["system"]["every_seconds"], 0.25);
        let network = json!({ "delay": "1ms..2ms", "kill": [{ "peer": 3, "at_seconds": 1.5 }] });
        assert_eq!(options["network"], network);
        assert_eq!(options["channel"], "per-message");
        let scenario = "loss = 0.5\n[[crash]]\nprocess = 1\nat = \"10ms\"\nstate = \"lost\"\n\
                        [[partition]]\nat = \"1s\"\nheal = \"2s\"\ngroup = [0, 1]";
        let scenario = Scenario::parse(scenario).expect("a scenario");
        let options = described.simulated(&scenario, Some("f.toml")).options;
        assert_eq!(options["scenario"], "f.toml");
        let crash = json!({
            "peer": 1, "at_seconds": 0.01, "restart_seconds": null, "state": "lost"
        });
        assert_eq!(options["network"]["crash"], json!([crash]));
        let parted = json!({ "at_seconds": 1.0, "heal_seconds": 2.0, "group": [0, 1] });
        assert_eq!(options["network"]["partition"], json!([parted]));
    }
}
