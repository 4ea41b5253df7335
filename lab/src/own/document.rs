//! What a program that runs one system prints for other programs (`--format json`). The
//! fields have the names and the forms that they have in `run.json` of a run with a folder.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::system::{Engine, Setup};
use crate::verdict::Verdict;

/// A run that has ended.
pub(super) struct Document<'a> {
    /// The name of the system.
    pub(super) name: &'a str,
    pub(super) setup: &'a Setup,
    /// The values of the program's own options.
    pub(super) options: &'a Map<String, Value>,
    pub(super) results: Value,
    pub(super) verdict: &'a Verdict,
}

impl Document<'_> {
    /// Of a run that an engine has carried out. `typed` is what the user typed.
    pub(super) fn of_run(self, typed: &[String]) -> Value {
        let setup = self.setup;
        json!({
            "command": typed,
            "seed": setup.seed,
            "peers": setup.peers,
            "topology": setup.topology,
            "experiment": {
                "name": self.name,
                "options": {
                    "engine": match setup.engine {
                        Engine::Live => "live",
                        Engine::Simulator => "simulator",
                        Engine::ModelChecker => "model checker",
                    },
                    "algorithm": self.name,
                    "fifo": setup.fifo,
                    "liars": setup.liars,
                    "system": self.options,
                },
            },
            "results": self.results,
            "verdict": self.verdict,
        })
    }

    /// Of a saved run that was judged again, as `testbed judge` prints it.
    pub(super) fn of_judge(self, narrative: &[String]) -> Value {
        json!({
            "judge": { "name": self.name, "algorithm": self.name, "options": self.options },
            "peers": self.setup.peers,
            "results": self.results,
            "narrative": narrative,
            "verdict": self.verdict,
        })
    }
}

/// Results as JSON.
pub(super) fn value(results: &impl Serialize) -> Value {
    serde_json::to_value(results).expect("the keys of results are texts or numbers")
}
