//! A program without a network: a network namespace of its own, in which no interface is up. It
//! reaches no other program and no machine, and its standard streams stay.
//!
//! Root makes one at once. Others make a user namespace first, in which they have their own ids
//! and the right to make one; some systems forbid that.

use super::Error;

/// Whether programs can be started without a network. Tries it in a child.
///
/// # Errors
/// [`Error::Network`], with what the system says.
pub fn can_be_cut() -> Result<(), Error> {
    linux::probe().map_err(|why| Error::Network { why })
}

pub(super) use linux::cut;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::process::{Command, Stdio};

    use nix::sched::{CloneFlags, unshare};
    use nix::unistd::{getegid, geteuid};

    use crate::program::launch::{NAME, NO_NETWORK};

    /// Cuts this process off from all networks. It has one thread.
    pub(in super::super) fn cut() -> Result<(), String> {
        if unshare(CloneFlags::CLONE_NEWNET).is_ok() {
            return Ok(());
        }
        // Outside of its namespace a process has the ids of before.
        let (user, group) = (geteuid(), getegid());
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
            .map_err(|error| format!("unshare(CLONE_NEWUSER | CLONE_NEWNET): {error}"))?;
        for (file, text) in [
            ("setgroups", "deny".to_owned()),
            ("uid_map", format!("{user} {user} 1")),
            ("gid_map", format!("{group} {group} 1")),
        ] {
            let path = format!("/proc/self/{file}");
            fs::write(&path, text).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(())
    }

    pub(super) fn probe() -> Result<(), String> {
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut child = Command::new(this);
        child.args([NAME, NO_NETWORK]).stdin(Stdio::null());
        let output = child.output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    const ELSEWHERE: &str = "network namespaces are a part of Linux alone";

    pub(in super::super) fn cut() -> Result<(), String> {
        Err(ELSEWHERE.to_owned())
    }

    pub(super) fn probe() -> Result<(), String> {
        Err(ELSEWHERE.to_owned())
    }
}
