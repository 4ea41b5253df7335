//! The options of a run, checked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lab::topology::Edges;
use node::admission::Guests;
use node::export::Target;

use super::need::Need;
use super::{Common, Format, Security, Transport};
use crate::Error;
use crate::error::of_lab;
use crate::host::Bounds;
use crate::limits::{self, Limits, Plan};

/// A run's options: they make sense, and the run fits this machine.
#[derive(Debug)]
pub struct Options {
    /// How many peers.
    pub peers: u32,
    /// The topology as it was asked for.
    pub topology: String,
    /// Who dials whom.
    pub edges: Edges,
    /// What carries the connections.
    pub transport: Transport,
    /// What secures them, where the transport does not.
    pub security: Security,
    /// Where all keys and choices come from.
    pub seed: u64,
    /// How long a dial may take.
    pub dial_timeout: Duration,
    /// The folder that gets a folder for each run.
    pub out: PathBuf,
    /// How the result is printed.
    pub format: Format,
    /// Where spans are exported to.
    pub otlp: Option<Target>,
    /// What is to be told before the run begins.
    pub warnings: Vec<String>,
    /// Where the page is served.
    pub view: Option<SocketAddr>,
    /// Where Prometheus reads.
    pub metrics: Option<SocketAddr>,
    /// From where on the host sets the pace.
    pub bounds: Bounds,
    /// Which other peers may connect.
    pub guests: Guests,
    /// No progress and no hints.
    pub quiet: bool,
    /// What the run needs of the machine, and what there is.
    pub limits: Limits,
}

impl Options {
    /// Checks `common`. `need` is what the experiment asks for.
    ///
    /// # Errors
    /// [`Error::Usage`], with the value and the way out.
    pub fn new(common: &Common, need: Need) -> Result<Self, Error> {
        // Short enough to be read out, and exact in every JSON reader.
        let seed = common.seed.unwrap_or_else(|| rand::random::<u32>().into());
        let named = match &common.topology {
            Some(topology) => topology.peers().map_err(of_lab)?,
            None => None,
        };
        let peers = common.peers.or(named).unwrap_or(need.default);
        let topology = common.topology.clone();
        let topology = topology.unwrap_or_else(|| need.topology.among(peers));
        if peers < need.peers {
            return Err(Error::Usage(format!(
                "--peers {peers}: this experiment takes at least {}, for example --peers {}",
                need.peers, need.default
            )));
        }
        let connections = topology.count(peers).map_err(of_lab)?;
        let transport = transport(common.transport, need.transport)?;
        let security = security(common.security, transport)?;
        let limits = limits::check(&Plan {
            transport,
            security,
            load: need.load,
            peers,
            connections,
        })?;
        let otlp = Target::find(common.otlp.as_deref());
        let otlp = otlp.map_err(|error| Error::Usage(error.to_string()))?;
        Ok(Self {
            peers,
            topology: topology.to_string(),
            edges: topology.edges(peers, seed).map_err(of_lab)?,
            transport,
            security,
            seed,
            dial_timeout: common.dial_timeout,
            out: common.out.clone(),
            format: common.format.try_into()?,
            otlp: otlp.target,
            warnings: otlp.warnings,
            view: common.view,
            metrics: common.metrics,
            bounds: Bounds {
                cpu_percent: common.max_cpu,
                lag: common.max_lag,
            },
            guests: guests(common, transport)?,
            quiet: common.quiet,
            limits,
        })
    }
}

/// An address that is dialled says what carries the connection to it; the peers
/// of the run are connected over the same.
fn transport(given: Option<Transport>, address: Option<Transport>) -> Result<Transport, Error> {
    match (given, address) {
        (Some(given), Some(address)) if given != address => Err(Error::Usage(format!(
            "--transport {}: the address after --to is dialled over {}; leave --transport out",
            given.name(),
            address.name()
        ))),
        (given, address) => Ok(given.or(address).unwrap_or(Transport::Tcp)),
    }
}

/// Nothing secures what stays within the process alone.
fn security(security: Security, transport: Transport) -> Result<Security, Error> {
    match (security, transport) {
        (Security::None, Transport::Tcp | Transport::Quic) => Err(Error::Usage(format!(
            "--security none: what leaves the process is secured, and --transport {} does; \
             leave --security out, or keep all within the process with --transport memory",
            transport.name()
        ))),
        (security, _) => Ok(security),
    }
}

/// Other programs reach no peer in the memory of this one, nor one that is
/// simulated.
fn guests(common: &Common, transport: Transport) -> Result<Guests, Error> {
    match (&common.guests, transport) {
        (Some(_), Transport::Memory) => Err(Error::Usage(
            "--guests: peers of other programs reach those of a live run over --transport tcp or \
             quic alone; take one of these, or leave --guests out"
                .into(),
        )),
        (guests, _) => Ok(guests.clone().unwrap_or_default()),
    }
}
