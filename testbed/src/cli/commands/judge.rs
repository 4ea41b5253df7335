//! `testbed judge`: a saved run is judged again, by the judge of its system or of another.

use std::path::Path;
use std::process::{self, ExitCode};

use clap::Parser as _;
use lab::program::Programs;
use lab::saved::{Judged, Saved};
use lab::system::{Setup, System, Visitor};
use lab::topology::Topology;
use serde_json::{Value, json};

use super::output;
use super::source::Source;
use crate::cli::choice::{Choice, Description};
use crate::cli::registry::Virtual;
use crate::cli::{Cli, Command, Common, Error, Judge, Usage, With};
use crate::run::{Folder, Format, latest};

/// Judges the run, and prints what the judge found.
pub(super) fn saved(common: &Common, args: &Judge) -> Result<ExitCode, Error> {
    if let Some(With::Program(program)) = &args.with {
        return by_program(program, common, args.run.as_deref());
    }
    let run = Run::open(common, args.run.as_deref())?;
    if let (None, Some(programs)) = (&args.with, of_programs(&run.record)?) {
        let judged = run.saved.judge(&programs);
        return run.print(&by_programs(&programs), "", &judged);
    }
    let chosen = match &args.with {
        Some(With::System(chosen)) => Virtual::clone(chosen),
        Some(With::Program(_)) | None => of_run(&run.record)?,
    };
    let description = chosen.description();
    let setup = run.saved.setup(&description.topology)?;
    let heading = heading(&description, &setup);
    let judged = chosen.build(setup, Again(&run.saved))?;
    run.print(&description, &heading, &judged)
}

/// The same, by the judge of the system of another program.
pub(super) fn own<S: System>(
    common: &Common,
    path: Option<&Path>,
    description: &Description,
    system: impl FnOnce(&Setup) -> S,
) -> Result<ExitCode, Error> {
    let run = Run::open(common, path)?;
    let setup = run.saved.setup(&description.topology)?;
    let judged = run.saved.judge(&system(&setup));
    run.print(description, &heading(description, &setup), &judged)
}

/// Lets the program of another crate judge the run: it prints what its judge found, and its
/// exit status is the verdict.
fn by_program(program: &Path, common: &Common, path: Option<&Path>) -> Result<ExitCode, Error> {
    let latest = match path {
        Some(_) => None,
        None => Some(latest(&common.out)?),
    };
    let run = path.or(latest.as_ref().map(Folder::path));
    let mut command = process::Command::new(program);
    command.arg("judge").args(run);
    let options = [
        ("--peers", common.peers.map(|peers| peers.to_string())),
        (
            "--topology",
            common.topology.as_ref().map(ToString::to_string),
        ),
        ("--seed", common.seed.map(|seed| seed.to_string())),
    ];
    for (option, value) in options {
        command.args(value.map(|value| format!("{option}={value}")));
    }
    if let Format::Json = common.format.try_into()? {
        command.arg("--format=json");
    }
    let status = command.status().map_err(|error| {
        let reason = format!("{error}; name a program that `testbed new` has begun");
        Usage::value(format!("--with {}", program.display()), reason)
    })?;
    // A signal has no status.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// A saved run that is judged.
struct Run {
    id: String,
    /// Its `run.json`; `null` where only spans are known.
    record: Value,
    saved: Saved,
    format: Format,
}

impl Run {
    fn open(common: &Common, path: Option<&Path>) -> Result<Self, Error> {
        let format = common.format.try_into()?;
        let Source { folder, run, store } = Source::open(common, path)?;
        let id = run["id"].as_str().unwrap_or_default().to_owned();
        // What is known of a file of spans is guessed from them.
        let record = folder.map_or(Value::Null, |_| run);
        let mut saved = Saved::new(&record, &store).map_err(lab::Error::from)?;
        saved.peers = common.peers.unwrap_or(saved.peers);
        saved.topology = common.topology.clone().or(saved.topology);
        saved.seed = common.seed.or(saved.seed);
        Ok(Self {
            id,
            record,
            saved,
            format,
        })
    }

    fn print(&self, by: &Description, heading: &str, judged: &Judged) -> Result<ExitCode, Error> {
        let Judged { verdict, .. } = judged;
        output::print(&match self.format {
            Format::Text => format!(
                "run               {}\n{heading}{}verdict           {verdict}\n",
                self.id,
                judged.text()
            ),
            Format::Json => format!("{:#}\n", self.to_json(by, judged)),
        })?;
        Ok(verdict.status.into())
    }

    fn to_json(&self, by: &Description, judged: &Judged) -> Value {
        json!({
            "id": self.id,
            "judge": { "name": by.name, "algorithm": by.algorithm, "options": by.options },
            "peers": self.saved.peers,
            "results": judged.judgement,
            "narrative": judged.narrative,
            "verdict": judged.verdict,
        })
    }
}

fn heading(by: &Description, setup: &Setup) -> String {
    let Setup {
        peers,
        topology,
        seed,
        ..
    } = setup;
    format!(
        "judged by         {} ({}), {peers} peers, topology {topology}, seed {seed}\n",
        by.name, by.algorithm
    )
}

/// Lets a system judge a saved run.
struct Again<'a>(&'a Saved);

impl Visitor for Again<'_> {
    type Output = Judged;

    fn visit<S: System + 'static>(self, system: S) -> Judged {
        self.0.judge(&system)
    }
}

/// The judge of a run of programs in other languages; `None` for any other run.
fn of_programs(record: &Value) -> Result<Option<Programs>, Error> {
    let words = record["command"].as_array().into_iter().flatten();
    let Ok(cli) = Cli::try_parse_from(words.filter_map(Value::as_str)) else {
        return Ok(None);
    };
    let seed = record["seed"].as_u64().unwrap_or_default();
    match cli.command {
        Command::Program(program) => program.judge(&cli.common, seed).map(Some),
        _ => Ok(None),
    }
}

fn by_programs(programs: &Programs) -> Description {
    Description {
        name: "program".into(),
        algorithm: "program".into(),
        workload: None,
        options: json!({ "workload": programs.workload }),
        topology: Topology::Full,
        more_peers: 0,
        measures: true,
    }
}

/// The system of the run, with its options, as its command line has them.
fn of_run(record: &Value) -> Result<Virtual, Usage> {
    let none = |what: String| {
        let way_out = "name a system whose judge can judge it, as in --with wave";
        Usage::option("testbed judge", format!("{what}; {way_out}"))
    };
    if record.is_null() {
        return Err(none("has spans alone, and no record of their run".into()));
    }
    let name = record["experiment"]["name"].as_str().unwrap_or_default();
    let words = record["command"].as_array().into_iter().flatten();
    let words = words.filter_map(Value::as_str);
    let cli = Cli::try_parse_from(words).ok();
    let system = cli.and_then(|cli| match cli.command {
        Command::System(system) => Some(Virtual::System(system)),
        Command::Simulate(args) => Some(args.system),
        Command::Check(args) => Some(args.system),
        _ => None,
    });
    let system = system.filter(|system| system.description().name == name);
    system.ok_or_else(|| {
        none(format!(
            "has a run of {name:?}, which no judge of this program judges; a program of your own \
             judges its runs: --with PROGRAM, or PROGRAM judge RUN"
        ))
    })
}
