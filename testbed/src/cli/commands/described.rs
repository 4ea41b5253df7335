//! The description of a run in `run.json`: each number's field names its unit;
//! words are as on the command line.

use std::time::Duration;

use lab::liars::Liars;
use lab::model::{Network, UNLIMITED};
use lab::options::Net;
use lab::planned::Kill;
use lab::simulator::{Crash, Partition, RandomFaults, Scenario};
use lab::values;
use serde_json::{Value, json};

use crate::cli::choice::Description;
use crate::network::Links;
use crate::run;

/// What is run.
#[derive(Debug)]
pub(super) struct Described(Description, Liars);

impl Described {
    /// Of a system with its options, and with these liars.
    pub(super) fn new(description: Description, liars: Liars) -> Self {
        Self(description, liars)
    }

    /// Over real peers.
    pub(super) fn live(
        self,
        links: &Links,
        net: &Net,
        scenario: &Scenario,
        file: Option<String>,
    ) -> run::Experiment {
        let kill: Vec<_> = net.kill.iter().map(kill).collect();
        let mut network = json!({
            "delay": links.delay.to_string(),
            "kill": kill,
        });
        // The scenario has the kills as well.
        let kills = |one: &&Crash| {
            let mut kills = net.kill.iter();
            one.restart.is_none() && kills.any(|kill| (kill.node, kill.at) == (one.process, one.at))
        };
        let crashes = scenario.crash.iter().filter(|one| !kills(one)).map(crash);
        network["crash"] = crashes.collect();
        if file.is_some() {
            extend(&mut network, faults(scenario));
        }
        self.by("live", links.in_order, network, file)
    }

    /// In the simulator; `file` is the path of the scenario.
    pub(super) fn simulated(self, scenario: &Scenario, file: Option<String>) -> run::Experiment {
        let mut network = json!({
            "delay": scenario.delay.to_string(),
            "world": scenario.network.as_ref().map(|world| &world.name),
            "loss": scenario.loss,
            "duplication": scenario.duplication,
            "crash": scenario.crash.iter().map(crash).collect::<Vec<_>>(),
        });
        extend(&mut network, faults(scenario));
        self.by("simulator", scenario.fifo, network, file)
    }

    /// In the model checker.
    pub(super) fn checked(self, network: Network) -> run::Experiment {
        let Network {
            fifo,
            losses,
            duplicates,
            crashes,
            restarts,
        } = network;
        let limited = |count: u32| (count != UNLIMITED).then_some(count);
        let network = json!({
            "lossy": losses > 0,
            "duplicating": duplicates > 0,
            "losses": limited(losses),
            "duplicates": limited(duplicates),
            "crashes": crashes,
            "restarts": restarts,
        });
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
        self,
        engine: &str,
        fifo: bool,
        network: Value,
        scenario: Option<String>,
    ) -> run::Experiment {
        run::Experiment {
            name: self.0.name,
            options: json!({
                "engine": engine,
                "algorithm": self.0.algorithm,
                "workload": self.0.workload,
                "channel": if fifo { "stream" } else { "per-message" },
                "fifo": fifo,
                "scenario": scenario,
                "system": self.0.options,
                "network": network,
                "liars": self.1,
            }),
        }
    }
}

fn kill(kill: &Kill) -> Value {
    json!({ "peer": kill.node, "at_seconds": seconds(kill.at) })
}

fn crash(crash: &Crash) -> Value {
    json!({
        "peer": crash.process,
        "at_seconds": seconds(crash.at),
        "restart_seconds": crash.restart.map(seconds),
        "state": values::name_of(crash.state),
    })
}

fn partition(partition: &Partition) -> Value {
    json!({
        "at_seconds": seconds(partition.at),
        "heal_seconds": partition.heal.map(seconds),
        "group": partition.group,
        "others": partition.others,
        "one_way": partition.one_way.map(values::name_of),
        "messages": partition.messages.map(values::name_of),
    })
}

/// The faults beside crashes.
fn faults(scenario: &Scenario) -> Value {
    let churn = Some(&scenario.churn).filter(|churn| !churn.is_none());
    let outages = Some(&scenario.outages).filter(|outages| !outages.is_none());
    json!({
        "partition": scenario.partition.iter().map(partition).collect::<Vec<_>>(),
        "pause": texts(&scenario.pause),
        "slow": texts(&scenario.slow),
        "links": texts(&scenario.links),
        "churn": churn.map(ToString::to_string),
        "outages": outages.map(ToString::to_string),
        "random": random(&scenario.random),
    })
}

fn extend(object: &mut Value, by: Value) {
    if let (Value::Object(object), Value::Object(by)) = (object, by) {
        object.extend(by);
    }
}

/// As a scenario has them.
fn texts(faults: &[impl ToString]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

/// `null` without random faults.
fn random(random: &RandomFaults) -> Option<Value> {
    let random = Some(random).filter(|random| !random.is_none())?;
    Some(json!({
        "crash": random.crash.to_string(),
        "partition": random.partition.to_string(),
        "until_seconds": seconds(random.until),
        "duration": random.duration.to_string(),
        "state": values::name_of(random.state),
    }))
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::choice::Choice as _;
    use crate::cli::registry::Virtual;
    use lab::options::Channel;

    #[derive(clap::Parser)]
    struct Command {
        #[command(subcommand)]
        system: Virtual,
    }

    fn chosen(words: &str) -> Virtual {
        let words = format!("testbed {words}");
        Command::parse_from(words.split(' ')).system
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
            ("agree", "flood-set", None),
            ("generals", "oral-messages", None),
            ("audit", "audit", None),
            ("auth", "auth", None),
            (
                "auth --mistake channel-left-out",
                "auth with channel-left-out",
                None,
            ),
            ("elect --algorithm bully", "bully", None),
            ("replicate", "raft", None),
            (
                "replicate --mistake votes-twice",
                "raft that votes-twice",
                None,
            ),
            ("ping", "ping-pong", None),
        ] {
            let description = chosen(words).description();
            assert_eq!(description.algorithm, algorithm);
            assert_eq!(description.workload.as_deref(), workload);
        }
    }

    #[test]
    fn options_are_numbers_with_their_units() {
        let system =
            chosen("snapshot --every 250ms --kill 3@1500ms --crash 2@1s..2s --channel per-message");
        let described = || Described::new(system.description(), system.net().liars());
        assert_eq!(system.net().channel, Channel::PerMessage);
        assert_eq!(
            described().checked(Network::RELIABLE).options["liars"],
            json!([])
        );
        let lying = chosen("generals --liars 3,1:forge");
        let described_liars = Described::new(lying.description(), lying.net().liars());
        let liars = described_liars.checked(Network::RELIABLE).options["liars"].clone();
        let liar = |peer| json!({ "peer": peer, "lie": "forge" });
        assert_eq!(liars, json!([liar(1), liar(3)]));
        let links = Links {
            delay: "1ms..2ms".parse().expect("a delay"),
            in_order: false,
        };
        let scenario = Scenario {
            crash: system.net().stops().collect(),
            ..Scenario::default()
        };
        let live = described().live(&links, system.net(), &scenario, None);
        let options = live.options;
        assert_eq!(options["system"]["every_seconds"], 0.25);
        let network = json!({
            "delay": "1ms..2ms",
            "kill": [{ "peer": 3, "at_seconds": 1.5 }],
            "crash": [{ "peer": 2, "at_seconds": 1.0, "restart_seconds": 2.0, "state": "lost" }],
        });
        assert_eq!(options["network"], network);
        assert_eq!(options["channel"], "per-message");
        let scenario = "loss = 0.5\n[[crash]]\nprocess = 1\nat = \"10ms\"\nstate = \"lost\"\n\
                        [[partition]]\nat = \"1s\"\nheal = \"2s\"\ngroup = [0, 1]\n\
                        [random]\ncrash = \"0.1/s\"";
        let scenario = Scenario::parse(scenario).expect("a scenario");
        let options = described()
            .simulated(&scenario, Some("f.toml".into()))
            .options;
        assert_eq!(options["scenario"], "f.toml");
        let crash = json!({
            "peer": 1, "at_seconds": 0.01, "restart_seconds": null, "state": "lost"
        });
        assert_eq!(options["network"]["crash"], json!([crash]));
        let parted = json!({
            "at_seconds": 1.0, "heal_seconds": 2.0, "group": [0, 1],
            "others": null, "one_way": null, "messages": null,
        });
        assert_eq!(options["network"]["partition"], json!([parted]));
        let random = json!({
            "crash": "0.1/s", "partition": "0", "until_seconds": 1.0,
            "duration": "exponential:100ms", "state": "lost"
        });
        assert_eq!(options["network"]["random"], random);
        let options = described().simulated(&Scenario::default(), None).options;
        assert_eq!(options["network"]["random"], Value::Null);
    }
}
