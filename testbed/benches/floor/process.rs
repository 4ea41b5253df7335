//! Whole processes: the `testbed` binary as a user starts it, and the bare
//! program that connects the same peers and exits.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::child::Job;
use crate::line::{Line, seconds};
use crate::side::{Side, in_turn};
use crate::{bare, ours, resident};

/// How often the memory of another process is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How long a process takes from its start to its end.
pub(crate) fn whole(peers: u32, rounds: usize) -> Line {
    let runs = tempfile::tempdir().expect("a folder for temporary files");
    let medians = in_turn(rounds, |side| {
        let mut command = command(side, "tcp", "full", peers, runs.path());
        let began = Instant::now();
        let output = command.output().expect("a program to start");
        assert!(output.status.success(), "{output:?}");
        began.elapsed().as_secs_f64()
    });
    Line {
        medians,
        show: seconds,
        rounds,
        remarks: String::new(),
    }
}

/// The most memory that a process has while a large network starts, connects
/// and, on our side, pings.
pub(crate) fn scale(peers: u32, rounds: usize) -> Line {
    const TOPOLOGY: &str = "random:8";
    let runs = tempfile::tempdir().expect("a folder for temporary files");
    let mut remarks = String::new();
    let medians = in_turn(rounds, |side| {
        let began = Instant::now();
        let peak = peak(&mut command(side, "memory", TOPOLOGY, peers, runs.path()));
        let time = seconds(began.elapsed().as_secs_f64());
        remarks.push_str(&format!("; {} {time}", side.name()));
        peak
    });
    let connections = bare::edges(TOPOLOGY, peers).len() as f64;
    let each = |peak: f64| peak / connections / 1024.0;
    let (ours, floor) = (each(medians.ours), each(medians.floor));
    remarks.push_str(&format!(
        "; {ours:.1} and {floor:.1} KiB a connection, peers included"
    ));
    Line {
        medians,
        show: |bytes| format!("{:.0} MiB at most", bytes / f64::from(1 << 20)),
        rounds,
        remarks,
    }
}

/// The program of that side. Ours saves its runs in `out`.
fn command(
    side: Side,
    transport: &str,
    topology: &str,
    peers: u32,
    out: &std::path::Path,
) -> Command {
    match side {
        Side::Ours => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_testbed"));
            let arguments = ours::arguments(transport, topology, peers);
            command
                .args(arguments.split_whitespace())
                .arg("--quiet")
                .arg("--out")
                .arg(out);
            command
        }
        Side::Floor => Job {
            side,
            transport,
            topology,
            peers,
        }
        .command(),
    }
}

/// Runs a program to its end. Returns the most resident memory that it was
/// seen to have, in bytes.
fn peak(command: &mut Command) -> f64 {
    let mut child = command
        .stdout(Stdio::null())
        .spawn()
        .expect("a program to start");
    let mut peak = 0;
    loop {
        if let Some(status) = child.try_wait().expect("a child of this process") {
            assert!(status.success(), "{command:?}: {status}");
            return peak as f64;
        }
        peak = peak.max(resident::of(child.id()).unwrap_or(0));
        thread::sleep(LOOK);
    }
}
