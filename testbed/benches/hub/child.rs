//! The side that is measured, in a process of its own: this program, started again.

use std::env;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread;

use libp2p::Multiaddr;

use crate::{bare, resident};

/// The argument that a job follows.
pub(crate) const FLAG: &str = "--child";

/// What the child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `testbed-node --hub` without bounds that peers of one address would exceed.
    Ours,
    /// `testbed-node --hub` as it is.
    Guarded,
    /// libp2p alone.
    Floor,
}

/// A child that listens.
pub(crate) struct Listener {
    side: Side,
    key: String,
    child: Child,
    pub(crate) address: Multiaddr,
}

impl Listener {
    /// Starts it. A hub has the key of that file, and keeps it when it restarts.
    pub(crate) fn start(side: Side, key: &str) -> Self {
        let (child, address) = spawn(side, key, "/ip4/127.0.0.1/tcp/0");
        Self {
            side,
            key: key.to_owned(),
            child,
            address,
        }
    }

    /// Kills it, and starts it where it listened.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let listen = self.address.to_string();
        let (listen, _) = listen.split_once("/p2p/").expect("a full address");
        let (child, address) = spawn(self.side, &self.key, listen);
        assert_eq!(address, self.address, "the same key and port");
        self.child = child;
    }

    fn kill(&mut self) {
        self.child.kill().expect("a child of this process");
        self.child.wait().expect("a child of this process");
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident(&self) -> f64 {
        resident::of(self.child.id()).expect("it runs") as f64
    }

    /// The processor time that it has had, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let process = procfs::process::Process::new(self.child.id() as i32);
        let stat = process.and_then(|process| process.stat());
        let stat = stat.expect("Linux says");
        (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(side: Side, key: &str, listen: &str) -> (Child, Multiaddr) {
    let this = env::current_exe().expect("the path of this program");
    let name = match side {
        Side::Ours => "ours",
        Side::Guarded => "guarded",
        Side::Floor => "floor",
    };
    let mut child = Command::new(this)
        .args([FLAG, name, key, listen])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program to start");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    let address = line.trim().trim_start_matches("listening on ");
    let address = address.parse().unwrap_or_else(|_| panic!("{line:?}"));
    // A pipe that is full would stop the child.
    thread::spawn(move || output.read_to_end(&mut Vec::new()));
    (child, address)
}

/// What the child does.
pub(crate) fn work(job: &[String]) -> io::Result<()> {
    let [side, key, listen] = job else {
        return Err(io::Error::other("a job is SIDE KEY LISTEN"));
    };
    match side.as_str() {
        "floor" => bare::serve(key, listen),
        side => {
            // All peers have one address here.
            let bounds = match side {
                "guarded" => "",
                _ => "--bits 0 --connections 20000 --per-address 20000 --per-minute 10000000",
            };
            let args = format!(
                "testbed-node --hub --protocols channel {bounds} --key {key} --listen {listen}"
            );
            // It prints its errors itself.
            let _ = node::daemon::main_with(args.split_whitespace().map(Into::into));
            Ok(())
        }
    }
}
