//! A small simulated run of a lesson, in words.

use lab::lesson::Lesson;
use lab::narrative::beginning;
use lab::simulator::{self, Scenario};
use lab::system::{self, Engine, Setup, System, Visitor};
use lab::topology;
use trace::steps::Processes;

use crate::cli::choice::Choice as _;
use crate::cli::need::FEW;
use crate::cli::values;

/// How wide the number of a line is, in columns.
pub(super) const NUMBER: usize = 6;

/// How many lines of it are shown. A guess: more would not be read.
const MOST: usize = 30;

/// The seed of all choices: the same run whenever it is shown.
const SEED: u64 = 1;

/// The run of a few processes, a line for each step. Each acts once, if it can.
pub(super) fn of(lesson: &Lesson) -> Vec<String> {
    let system = values::system(lesson.run).expect("a test parses the command of each lesson");
    let topology = system.description().topology.among(FEW);
    let edges = topology.edges(FEW, SEED).unwrap_or_default();
    let neighbours = topology::neighbours(FEW, &edges);
    let processes = Processes::new(FEW).with_neighbours(neighbours.clone());
    let setup = Setup {
        peers: FEW,
        topology: topology.to_string(),
        neighbours: topology::ids(neighbours),
        seed: SEED,
        // Each acts once, as where every schedule is tried.
        engine: Engine::ModelChecker,
        stops: Vec::new(),
        random_crashes: false,
        outages: None,
        fifo: true,
        liars: lab::liars::Liars::default(),
    };
    system.build(setup, Example(processes)).unwrap_or_default()
}

/// Runs a system once.
struct Example(Processes);

impl Visitor for Example {
    type Output = Vec<String>;

    fn visit<S: System + 'static>(self, system: S) -> Vec<String> {
        let ran = simulator::run(&system, &self.0, &Scenario::default(), SEED);
        let judgement = system::judge(&system, &ran.recorded);
        beginning(&ran.recorded, &judgement, MOST)
    }
}
