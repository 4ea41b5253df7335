//! Kills what children have left behind: processes that fled from their groups still have the
//! run's mark in their environment.

/// The variable that marks all processes of a run.
pub(super) const MARK: &str = "TESTBED_RUN";

/// Kills all processes with that mark. Returns how many there were.
#[cfg(target_os = "linux")]
pub(super) fn kill_marked(mark: &str) -> usize {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let wanted = format!("{MARK}={mark}");
    let is_marked = |environment: &[u8]| {
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == wanted.as_bytes())
    };
    let folders = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut killed = 0;
    for folder in folders {
        let name = folder.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // Those of other users cannot be read, and are not ours.
        let environment = std::fs::read(folder.path().join("environ")).unwrap_or_default();
        if is_marked(&environment) && kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() {
            killed += 1;
        }
    }
    killed
}

/// Elsewhere the groups alone are killed.
#[cfg(not(target_os = "linux"))]
pub(super) fn kill_marked(_: &str) -> usize {
    0
}
