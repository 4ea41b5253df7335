//! A network namespace: a host or a router.

use std::fs::{self, File};
use std::io;
use std::thread;

use nix::sched::{CloneFlags, setns};
use tokio::process::Command;

use super::family::Family;
use super::{Error, command};

/// A network namespace with a name.
#[derive(Clone, Debug)]
pub(super) struct Space(String);

impl Space {
    /// A new one, with its loopback up.
    pub(super) async fn create(name: String) -> Result<Self, Error> {
        let lines = format!("netns add {name}\n");
        command::ip(&lines).await?;
        let space = Self(name);
        space.ip("link set lo up").await?;
        Ok(space)
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// Runs `ip` in it, with these commands, one a line.
    pub(super) async fn ip(&self, lines: &str) -> Result<(), Error> {
        let mut ip = Command::new("ip");
        command::run(ip.args(["-n", &self.0, "-batch", "-"]), lines).await
    }

    /// Loads these rules of nftables.
    pub(super) async fn nft(&self, rules: &str) -> Result<(), Error> {
        command::run(self.program("nft").args(["-f", "-"]), rules).await
    }

    /// Lets the interface compute checksums and cut segments itself: the switch hands over
    /// frames as they are.
    pub(super) async fn no_offload(&self, interface: &str) -> Result<(), Error> {
        let mut ethtool = self.program("ethtool");
        ethtool.args(["-K", interface, "tx", "off", "tso", "off", "gso", "off"]);
        command::run(&mut ethtool, "").await
    }

    /// Lets it forward packets.
    pub(super) fn forward(&self, family: Family) -> Result<(), Error> {
        let switch = family.forwarding();
        let done = self.within(|| fs::write(switch, "1"));
        done.map_err(Error::system(switch))
    }

    /// A program that runs in it, and is killed when this process dies.
    pub(super) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut ip = Command::new("ip");
        ip.args([
            "netns",
            "exec",
            &self.0,
            "setpriv",
            "--pdeathsig",
            "KILL",
            "--",
        ]);
        ip.arg(program).kill_on_drop(true);
        ip
    }

    /// Calls this in the namespace, on a thread of its own. Sockets that it opens stay in
    /// the namespace.
    pub(super) fn within<T: Send>(
        &self,
        call: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        let namespace = File::open(format!("/run/netns/{}", self.0))?;
        let inside = move || {
            setns(&namespace, CloneFlags::CLONE_NEWNET)?;
            call()
        };
        let panicked = || io::Error::other("a thread has panicked");
        thread::scope(|scope| scope.spawn(inside).join()).unwrap_or_else(|_| Err(panicked()))
    }
}
