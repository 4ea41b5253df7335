//! The options of every run, and how they are checked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use lab::options;
use lab::topology::Topology;
use lab::world::World;
use node::admission::Guests;
use node::export::{Target, redacted};
use node::{Security, Transport};
use trace::export::ExportFormat;

use super::Error;
use super::{Usage, VIEW, values};
use crate::host::Bounds;
use crate::limits::{self, Need, Plan};
use crate::run::{Format, RunOptions, ScenarioFile, Time};
use crate::virtual_time;

/// Options of every run, accepted before and after the experiment's name.
#[derive(Clone, Debug, PartialEq, Args)]
#[command(next_help_heading = "Options of every run")]
pub struct Common {
    /// How many peers to start [default: 20, or all that a topology file names]
    #[arg(long, global = true, value_name = "N", value_parser = lab::values::number::<u32>)]
    pub peers: Option<u32>,
    /// Which peers are connected, by dials: full, line, ring, star, hubs:K (all with
    /// each of the first K), tree, grid, random:K (K neighbours each, connected), xor:K (K of
    /// each length of a common prefix of ids, as in route), file:PATH (an edge list, "0 1" a line)
    /// [default: full; of gossip and kad random:8, unless there are fewer peers; of hub star,
    /// or hubs:K; of route xor:2; of routing grid;
    /// of kad with --tables given, which is the default for more than 256 peers, a ring]
    #[arg(long, global = true, value_name = "T")]
    pub topology: Option<Topology>,
    /// What carries the connections [default: tcp; of `ping --to ADDR`, what the
    /// address says]
    #[arg(long, global = true, value_name = "T")]
    pub transport: Option<Transport>,
    /// The clock of a run over real peers. In virtual time, over --transport memory alone,
    /// the same seed gives the same run, and waiting costs nothing
    /// [default: wall; of interop virtual]
    #[arg(long, global = true, value_name = "CLOCK")]
    pub time: Option<Time>,
    /// The links between peers: none (as this machine has them), lan, wan (20 to 100 ms),
    /// regions (eight regions, two classes of lines), or a file, as docs/world.md describes
    /// [default: none; of interop regions]
    #[arg(long, global = true, value_name = "NAME|FILE")]
    pub network: Option<String>,
    /// What happens to processes and links, and when: a TOML file, as docs/scenario.md
    /// describes. Or the same as an inline table: '{pause = [{process = 2, at = "1s", resume = "2s"}]}'
    #[arg(long, global = true, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// What secures connections within the process: nothing saves memory, and
    /// is for --transport memory alone [TCP: noise, QUIC: TLS]
    /// [default: noise; of interop in virtual time none]
    #[arg(long, global = true, value_name = "S")]
    pub security: Option<Security>,
    /// Where all keys and choices come from [default: a new one, printed]
    #[arg(long, global = true, value_name = "S")]
    pub seed: Option<u64>,
    /// How long a dial may take, with its handshake
    #[arg(long, global = true, value_name = "TIME", default_value = "30s", value_parser = values::duration)]
    pub dial_timeout: Duration,
    /// The folder that gets a folder for each run, with a report.html that any
    /// browser opens
    #[arg(long, global = true, value_name = "DIR", default_value = "runs")]
    pub out: PathBuf,
    /// How the result is printed: text or json. What `export` writes: one of the
    /// others
    #[arg(long, global = true, value_name = "F", default_value = "text")]
    pub format: AnyFormat,
    /// Send the spans to this OTLP collector: http://HOST:4318 for HTTP, :4317
    /// for gRPC. OTEL_EXPORTER_OTLP_* variables are honoured
    #[arg(long, global = true, value_name = "URL")]
    pub otlp: Option<String>,
    /// Show the run in the browser while it goes on, and until Ctrl-C. An address
    /// that other machines can reach, as 0.0.0.0:8700, gets a token
    #[arg(
        long,
        global = true,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = VIEW,
        value_parser = values::address
    )]
    pub view: Option<SocketAddr>,
    /// Serve Prometheus metrics at http://ADDR/metrics while the run goes on, and
    /// as long as its page is there
    #[arg(long, global = true, value_name = "ADDR", value_parser = values::address)]
    pub metrics: Option<SocketAddr>,
    /// Processors that are busier set the pace, not the network: what was
    /// measured is then unknown
    #[arg(long, global = true, value_name = "PERCENT", default_value_t = 95.0, value_parser = values::percent)]
    pub max_cpu: f64,
    /// So does a machine that wakes tasks later; and a process that stands still
    /// for longer measures its own pause
    #[arg(long, global = true, value_name = "TIME", default_value = "50ms", value_parser = values::interval)]
    pub max_lag: Duration,
    /// Peers of other programs that may connect to those of the run: their
    /// PeerIds, or any. All others are refused, and counted. Addresses are in
    /// run.json as soon as peers listen
    #[arg(long, global = true, value_name = "PEERID,...|any", value_parser = values::guests)]
    pub guests: Option<Guests>,
    /// No progress and no hints, only the result
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Log to standard error: -v what happens, -vv more, -vvv everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Common {
    /// How many peers to start: as asked for, or all of the topology, or so many.
    ///
    /// # Errors
    /// The topology's file cannot be read.
    pub fn peers_or(&self, default: u32) -> Result<u32, Error> {
        let named = match &self.topology {
            Some(topology) => topology.peers().map_err(lab::Error::from)?,
            None => None,
        };
        Ok(self.peers.or(named).unwrap_or(default))
    }

    /// The options, checked. `need` is what the experiment requires.
    ///
    /// # Errors
    /// [`Usage`](super::Usage), with the value and a remedy.
    pub fn checked(&self, need: Need) -> Result<RunOptions, Error> {
        // Short enough to be read out, and exact in every JSON reader.
        let seed = self.seed.unwrap_or_else(|| rand::random::<u32>().into());
        let peers = self.peers_or(need.default)?;
        let topology = self.topology.clone();
        let topology = topology.unwrap_or_else(|| need.topology.among(peers));
        if peers < need.peers {
            let Need {
                peers: least,
                default,
                ..
            } = need;
            let given = format!("--peers {peers}");
            let reason =
                format!("this experiment takes at least {least}, for example --peers {default}");
            return Err(Usage::value(given, reason).into());
        }
        let connections = topology.count(peers).map_err(lab::Error::from)?;
        let time = self.time.unwrap_or_default();
        let transport = match time {
            Time::Wall => transport(self.transport, need.transport)?,
            Time::Virtual => within_the_process(self, need.transport)?,
        };
        let security = security(self.security.unwrap_or(Security::Noise), transport)?;
        let limits = limits::check(&Plan {
            transport,
            security,
            load: need.load,
            peers,
            connections,
        })?;
        let otlp = Target::find(self.otlp.as_deref())?;
        let edges = topology.edges(peers, seed).map_err(lab::Error::from)?;
        let scenario = self.scenario_file(peers)?;
        let world = world(self, scenario.as_ref(), transport, need.transport)?;
        Ok(RunOptions {
            peers,
            topology: topology.to_string(),
            edges,
            transport,
            security,
            time,
            network: world.map(|world| Arc::new(world.settle(peers, seed))),
            changes_links: scenario
                .as_ref()
                .is_some_and(|file| file.scenario.changes_links()),
            scenario,
            seed,
            dial_timeout: self.dial_timeout,
            out: self.out.clone(),
            format: self.format.try_into()?,
            otlp: otlp.target,
            warnings: otlp.warnings,
            view: self.view,
            metrics: self.metrics,
            bounds: Bounds {
                cpu_percent: self.max_cpu,
                lag: self.max_lag,
            },
            guests: guests(self, transport)?,
            quiet: self.quiet,
            limits,
        })
    }
}

impl Common {
    /// The scenario, if one is given.
    ///
    /// # Errors
    /// It cannot be read, or is not for so many peers.
    pub(super) fn scenario_file(&self, peers: u32) -> Result<Option<ScenarioFile>, Error> {
        let Some(path) = self.scenario.clone() else {
            return Ok(None);
        };
        let scenario = options::read_scenario(&path).map_err(lab::Error::from)?;
        let checked = scenario.check(peers).map_err(lab::options::Error::from);
        checked.map_err(lab::Error::from)?;
        let scenario = Arc::new(scenario);
        Ok(Some(ScenarioFile { path, scenario }))
    }
}

/// The transport of the run. A dialled address determines its transport; the peers
/// of the run use the same one.
fn transport(given: Option<Transport>, address: Option<Transport>) -> Result<Transport, Usage> {
    match (given, address) {
        (Some(given), Some(address)) if given != address => Err(Usage::value(
            format!("--transport {given}"),
            format!("the address after --to is dialled over {address}; leave --transport out"),
        )),
        (given, address) => Ok(given.or(address).unwrap_or(Transport::Tcp)),
    }
}

/// The world of the run. Its links lie under connections that both ends of this process have.
fn world(
    common: &Common,
    scenario: Option<&ScenarioFile>,
    transport: Transport,
    address: Option<Transport>,
) -> Result<Option<World>, Error> {
    let given =
        World::find(common.network.as_deref().unwrap_or("none")).map_err(lab::Error::from)?;
    let planned = scenario.and_then(|file| file.scenario.network.clone());
    let named = given.as_ref().or(planned.as_ref());
    let option = match (named, scenario) {
        (None, Some(file)) => format!("--scenario {}", file.name()),
        (named, _) => format!("--network {}", named.map_or("none", |world| &world.name)),
    };
    let refused = |reason| Err(Usage::value(option, reason).into());
    let world = match (given, planned) {
        (Some(_), Some(_)) => {
            return refused("the scenario has a network as well; leave one of them out");
        }
        (given, planned) => given.or(planned),
    };
    let changes = scenario.is_some_and(|file| file.scenario.changes_links());
    let has_others = address.is_some() || common.guests.is_some();
    match (&world, without_links(transport, has_others)) {
        (None, _) if !changes => Ok(world),
        (_, Some(reason)) => refused(reason),
        (_, None) => Ok(world),
    }
}

/// Why no link of the run can be made worse than it is.
pub(super) fn without_links(transport: Transport, has_others: bool) -> Option<&'static str> {
    match transport {
        Transport::Quic => Some(
            "links lie under a byte stream, and QUIC has datagrams and clocks of its own; take \
             --transport tcp, ws or memory",
        ),
        _ if has_others => Some(
            "the links of another program are those of the machine; leave it out, or --to and \
             --guests",
        ),
        _ => None,
    }
}

/// The transport of a run in virtual time. Sockets have the clock of the machine, and so do
/// other programs.
fn within_the_process(common: &Common, address: Option<Transport>) -> Result<Transport, Usage> {
    const OPTION: &str = "--time virtual";
    virtual_time::check().map_err(|error| Usage::option(OPTION, error.to_string()))?;
    if let Some(other) = common.transport.filter(|given| *given != Transport::Memory) {
        let reason = format!(
            "sockets keep the time of the machine, and --transport {other} has some; leave \
             --transport out"
        );
        return Err(Usage::value(OPTION, reason));
    }
    if let Some(other) = address {
        let reason = format!(
            "the peer after --to is in another program, over {other}, and keeps the time of the \
             machine; leave --time out"
        );
        return Err(Usage::value(OPTION, reason));
    }
    if let Some(collector) = &common.otlp {
        let reason = format!(
            "its spans begin in 1970, and --otlp {} is a collector of this moment; leave --otlp \
             out, and send the saved run with `testbed export`",
            redacted(collector)
        );
        return Err(Usage::value(OPTION, reason));
    }
    Ok(Transport::Memory)
}

/// The security of the connections. Only connections within the process may be
/// plaintext.
fn security(security: Security, transport: Transport) -> Result<Security, Usage> {
    match (security, transport) {
        (Security::Plaintext, Transport::Tcp | Transport::WebSocket | Transport::Quic) => {
            Err(Usage::value(
                "--security none",
                format!(
                    "what leaves the process is secured, and --transport {transport} does; leave \
                 --security out, or keep all within the process with --transport memory"
                ),
            ))
        }
        (security, _) => Ok(security),
    }
}

/// The guests of the run. Other programs can reach neither peers on the memory
/// transport nor simulated ones.
fn guests(common: &Common, transport: Transport) -> Result<Guests, Usage> {
    match (&common.guests, transport) {
        (Some(_), Transport::Memory) => Err(Usage::value(
            "--guests",
            "peers of other programs reach those of a live run over --transport tcp, ws or \
             quic alone; take one of these, or leave --guests out",
        )),
        (guests, _) => Ok(guests.clone().unwrap_or_default()),
    }
}

/// A value of `--format`: some are for runs, the others for `export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "they are those of the two above")]
pub enum AnyFormat {
    Text,
    Json,
    Jaeger,
    Otlp,
    Shiviz,
    Perfetto,
}

impl TryFrom<AnyFormat> for Format {
    type Error = Usage;

    fn try_from(format: AnyFormat) -> Result<Self, Usage> {
        match format {
            AnyFormat::Text => Ok(Self::Text),
            AnyFormat::Json => Ok(Self::Json),
            other => {
                let option = format!("--format {}", other.name());
                let reason = format!(
                    "is for a saved run, as in `testbed export {option}`; a result is printed as \
                     text or json"
                );
                Err(Usage::option(option, reason))
            }
        }
    }
}

impl TryFrom<AnyFormat> for ExportFormat {
    type Error = Usage;

    fn try_from(format: AnyFormat) -> Result<Self, Usage> {
        match format {
            AnyFormat::Jaeger => Ok(Self::Jaeger),
            AnyFormat::Otlp => Ok(Self::Otlp),
            AnyFormat::Shiviz => Ok(Self::Shiviz),
            AnyFormat::Perfetto => Ok(Self::Perfetto),
            other => Err(Usage::value(
                format!("--format {}", other.name()),
                "a run is exported as jaeger, otlp, shiviz or perfetto, as in --format jaeger",
            )),
        }
    }
}

impl AnyFormat {
    fn name(self) -> String {
        let value = self.to_possible_value().expect("none is hidden");
        value.get_name().to_owned()
    }
}
