//! A system, built again for fewer peers or for another scenario.

use std::fmt;
use std::sync::Arc;

use trace::steps::{Processes, catch};

use crate::simulator::Scenario;
use crate::system::{self, Setup, System};
use crate::topology::{self, Topology};

/// Builds a system again, as it was built for a run.
pub struct Rebuild<S> {
    /// That of the run, without its neighbours.
    setup: Setup,
    topology: Topology,
    build: Box<Build<S>>,
}

/// Builds a system; `None` if it cannot be built for that setup.
type Build<S> = dyn Fn(&Setup) -> Option<S> + Send + Sync;

/// What a schedule runs, without its seed. Cheap to clone.
#[derive(Debug)]
pub(in crate::simulator) struct Case<S> {
    built: Arc<Built<S>>,
    pub(in crate::simulator) scenario: Scenario,
}

#[derive(Debug)]
struct Built<S> {
    system: S,
    directory: Processes,
    topology: Topology,
    commands: usize,
}

impl<S: System> Rebuild<S> {
    /// By `build`, which built the system of a run for `setup`, with that topology.
    pub fn new(
        setup: &Setup,
        topology: Topology,
        build: impl Fn(&Setup) -> Option<S> + Send + Sync + 'static,
    ) -> Self {
        let setup = Setup {
            neighbours: Vec::new(),
            topology: setup.topology.clone(),
            liars: setup.liars.clone(),
            stops: Vec::new(),
            ..*setup
        };
        Self {
            setup,
            topology,
            build: Box::new(build),
        }
    }

    /// How many peers the run has.
    pub(super) fn peers(&self) -> u32 {
        self.setup.peers
    }

    /// The system of so many peers in that scenario. `None` if there is none: the
    /// topology, the scenario or the system asks for other peers.
    pub(super) fn case(&self, peers: u32, scenario: Scenario) -> Option<Case<S>> {
        scenario.check(peers).ok()?;
        let topology = self.topology.among(peers);
        let edges = topology.edges(peers, self.setup.seed).ok()?;
        let neighbours = topology::neighbours(peers, &edges);
        let directory = Processes::new(peers).with_neighbours(neighbours.clone());
        let setup = Setup {
            peers,
            topology: topology.to_string(),
            neighbours: topology::ids(neighbours),
            stops: scenario.crash.clone(),
            random_crashes: !scenario.random.crash.is_never(),
            fifo: scenario.fifo,
            outages: scenario.outages.end(),
            ..self.setup.clone()
        };
        if setup.liars.iter().any(|(liar, _)| liar.0 >= peers) {
            return None;
        }
        // It may not be made for so few peers.
        let built = catch(|| {
            let system = (self.build)(&setup)?;
            system::check(&system, peers).ok()?;
            system::check_liars(&system, &setup.liars).ok()?;
            let commands = system.commands().len();
            Some((system, commands))
        });
        let (system, commands) = built.ok()??;
        Some(Case {
            built: Arc::new(Built {
                system,
                directory,
                topology,
                commands,
            }),
            scenario,
        })
    }
}

impl<S: System> Case<S> {
    /// The same system in another scenario. Its crashes and its order of messages, for
    /// which the system was built, have to be the same.
    pub(super) fn within(&self, scenario: Scenario) -> Self {
        Self {
            built: Arc::clone(&self.built),
            scenario,
        }
    }

    pub(in crate::simulator) fn system(&self) -> &S {
        &self.built.system
    }

    pub(super) fn directory(&self) -> &Processes {
        &self.built.directory
    }

    pub(in crate::simulator) fn topology(&self) -> &Topology {
        &self.built.topology
    }

    pub(in crate::simulator) fn peers(&self) -> u32 {
        self.built.system.processes()
    }

    /// How many commands the system has.
    pub(super) fn commands(&self) -> usize {
        self.built.commands
    }
}

impl<S> Clone for Case<S> {
    fn clone(&self) -> Self {
        Self {
            built: Arc::clone(&self.built),
            scenario: self.scenario.clone(),
        }
    }
}

impl<S> fmt::Debug for Rebuild<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rebuild")
            .field("setup", &self.setup)
            .field("topology", &self.topology)
            .finish_non_exhaustive()
    }
}
