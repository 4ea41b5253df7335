//! What is printed on standard output: the result, and nothing else.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::time::Duration;

use lab::stats::{per_second, show};

use crate::cli::Error;
use crate::run::{Folder, Format, Network, Record, RunOptions, Time};
use crate::virtual_time;
use lab::shell;

/// Prints `text`. A reader that closes the pipe (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Write {
            place: "standard output".to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}

/// Prints the outcome of a run, with its results as rendered.
pub(super) fn result(
    results: &str,
    options: &RunOptions,
    record: &Record,
    folder: &Folder,
    report: Option<&Path>,
) -> Result<(), Error> {
    print(&match options.format {
        Format::Json => format!("{:#}\n", record.to_json()),
        Format::Text => text(results, options, record, folder, report),
    })
}

fn text(
    results: &str,
    options: &RunOptions,
    record: &Record,
    folder: &Folder,
    report: Option<&Path>,
) -> String {
    let mut text = built(record);
    text.push_str(results);
    let is_wall = record.time == Time::Wall;
    let host = record.host_use.as_ref();
    if let Some(host) = host.filter(|host| host.measured && is_wall) {
        let clock = Duration::from_nanos(record.host.clock_resolution_ns);
        let _ = writeln!(text, "host              {host}; clock {}", show(clock));
    }
    text.push_str(&virtual_clock(record));
    text.push_str(&stood_still(record));
    text.push_str(&record.membership.text());
    text.push_str(&spans(record));
    let path = folder.path().display();
    let _ = writeln!(text, "saved             {path}");
    if let Some(report) = report {
        let _ = writeln!(text, "report            {}", report.display());
    }
    if !options.quiet {
        let path = shell::quote(folder.path());
        let _ = writeln!(text, "look at it        testbed view {path}");
    }
    let verdict = record.verdict.status;
    let reasons = match record.verdict.reasons.is_empty() {
        true => String::new(),
        false => format!(": {}", record.verdict.reasons.join("; ")),
    };
    let guests = match record.membership.has_guests() {
        true => " (guests took part)",
        false => "",
    };
    let _ = writeln!(text, "verdict           {verdict}{guests}{reasons}");
    text
}

/// The network that was built, and how fast.
fn built(record: &Record) -> String {
    let mut transport = record.transport.clone();
    if record.transport == "memory" && record.security == "none" {
        transport.push_str(" (plaintext)");
    }
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let clock = match record.time {
        Time::Wall => "",
        Time::Virtual => ", virtual time",
    };
    let (peers, connections) = (u64::from(record.peers), record.connections);
    let mut text = format!(
        "{peers} peer{}, {connections} connection{}, topology {}, transport {transport}, seed {}{clock}\n",
        plural(peers),
        plural(connections),
        record.topology,
        record.seed
    );
    if let Some(network) = &record.network {
        let _ = writeln!(text, "  {:<15} {}", "Network", in_words(network));
    }
    for phase in &record.phases {
        let took = Duration::from_secs_f64(phase.seconds);
        // Virtual time says nothing of how fast this machine is.
        let speed = match phase.name {
            _ if record.time == Time::Virtual => String::new(),
            "NewNetwork" => format!(
                " ({} peers a second)",
                per_second(record.peers.into(), took)
            ),
            "ConnectPeers" => format!(
                " ({} connections a second)",
                per_second(record.connections, took)
            ),
            _ => String::new(),
        };
        let _ = writeln!(text, "  {:<15} {}{speed}", phase.name, show(took));
    }
    if record.connections > 0 {
        let _ = writeln!(text, "  {:<15} {}", "Footprint", record.footprint);
    }
    if let Some(first) = record.membership.addresses.first() {
        let _ = writeln!(
            text,
            "  {:<15} {first} (peer-00; all are in run.json)",
            "Addresses"
        );
    }
    text
}

/// `regions: europe 49, na_east 25; classes: home 80, fast 20`
fn in_words(network: &Network) -> String {
    let mut text = network.name.clone();
    for (what, all) in [("regions", &network.regions), ("classes", &network.classes)] {
        let mut all: Vec<_> = all.iter().filter(|(_, peers)| **peers > 0).collect();
        all.sort_by_key(|(_, peers)| Reverse(**peers));
        let all: Vec<_> = all
            .iter()
            .map(|(name, peers)| format!("{name} {peers}"))
            .collect();
        if !all.is_empty() {
            let _ = write!(text, "; {what}: {}", all.join(", "));
        }
    }
    text
}

/// What a run in virtual time took of this machine, and what came from its seed.
fn virtual_clock(record: &Record) -> String {
    if record.time == Time::Wall {
        return String::new();
    }
    let seconds = |seconds: Option<f64>| {
        let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        time.map_or("an unknown time".to_owned(), show)
    };
    let choices = match virtual_time::is_seeded() {
        true => "all choices come from the seed",
        false => "libp2p's own choices do not come from the seed on this system",
    };
    format!(
        "virtual time      all times above; here it took {}, {} of it CPU; {choices}\n",
        seconds(record.seconds),
        seconds(record.cpu_seconds)
    )
}

/// The operations that were in progress while the process was paused.
fn stood_still(record: &Record) -> String {
    let mut text = String::new();
    let Some(host) = record
        .host_use
        .as_ref()
        .filter(|_| record.time == Time::Wall)
    else {
        return text;
    };
    if let Some(still) = host.stood_still() {
        let _ = writeln!(text, "pause             {still}");
    }
    for apart in &host.apart {
        let _ = writeln!(text, "                  {apart}");
    }
    text
}

fn spans(record: &Record) -> String {
    let spans = &record.spans;
    let mut text = format!(
        "spans             {} started, {} stored, {} lost\n",
        spans.started, spans.stored, spans.lost
    );
    if spans.without_parent > 0 {
        let _ = writeln!(
            text,
            "                  {} name a parent that is missing",
            spans.without_parent
        );
    }
    if let Some(collector) = &spans.collector {
        let _ = write!(
            text,
            "exported          {} to {collector}, {} not exported",
            spans.exported, spans.not_exported
        );
        if let Some(error) = &spans.export_error {
            let _ = write!(text, ": {error}");
        }
        text.push('\n');
    }
    text
}
