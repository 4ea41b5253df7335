//! What `testbed graph --peers 100..102400 --links 20 --kill 0,0.6,0.8` computes.

use std::thread;
use std::time::Instant;

use lab::graph::{Config, Model, Plan, run};

use crate::figures::thousands;

const LINKS: u32 = 20;

const GRAPHS: u32 = 5;

/// All sizes of re6stnet's table, on all processors.
pub(crate) fn of_all_sizes() -> String {
    let plan = Plan {
        peers: (0..11).map(|doubled| 100 << doubled).collect(),
        links: vec![LINKS],
        kills: vec![0.0, 0.6, 0.8],
        graphs: GRAPHS,
        config: Config {
            model: Model::Opened,
            sources: None,
            seed: 1,
        },
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let began = Instant::now();
    let found = run(&plan, threads, &|| false, &|| ());
    let took = began.elapsed().as_secs_f64();
    let last = found.cells.iter().rfind(|cell| cell.kill == 0.0);
    let last = last.expect("a combination");
    format!(
        "{took:.1} s (target 60), {} (target 2,048), {GRAPHS} graphs each of 100 to {} nodes that \
         open {LINKS} links, none, 60 % and 80 % of them killed, {threads} threads; at the end \
         {:.3} hops",
        peak(),
        thousands(last.size.peers.into()),
        last.distance().expect("a distance").value,
    )
}

/// The most memory that this process has had, in MiB.
#[cfg(target_os = "linux")]
fn peak() -> String {
    let status = procfs::process::Process::myself().and_then(|process| process.status());
    let kib = status.ok().and_then(|status| status.vmhwm);
    kib.map_or("unknown".to_owned(), |kib| format!("{} MiB", kib >> 10))
}

#[cfg(not(target_os = "linux"))]
fn peak() -> String {
    "memory unknown".to_owned()
}
