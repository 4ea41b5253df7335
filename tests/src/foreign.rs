//! Software that is not Rust: what npm and apt install for a test.

use std::process::{Command, Stdio};

use crate::workspace;

/// Whether `npm ci` was run in `folder`. A test that needs it passes without,
/// and says so; where `CI` is set it fails.
///
/// # Panics
/// When it was not, and `CI` is set.
#[must_use]
pub fn is_installed(folder: &str) -> bool {
    has_package(folder, "")
}

/// The same of one npm package: an older installation may lack it.
///
/// # Panics
/// When it does, and `CI` is set.
#[must_use]
pub fn has_package(folder: &str, package: &str) -> bool {
    let modules = workspace().join(folder).join("node_modules");
    or_say(
        modules.join(package).is_dir(),
        &format!("npm ci in {folder}"),
    )
}

/// Whether there is a program of this name, as Debian's package of the same
/// name has it. A test that needs it passes without, and says so; where `CI` is
/// set it fails.
///
/// # Panics
/// When there is none, and `CI` is set.
#[must_use]
pub fn is_packaged(program: &str) -> bool {
    let mut command = Command::new(program);
    let quiet = command.arg("--version").stdout(Stdio::null());
    let installed = quiet.stderr(Stdio::null()).status().is_ok();
    or_say(installed, &format!("apt-get install {program}"))
}

/// Whether something is installed, and `how` it is. A test that needs it passes without, and says
/// so; where `CI` is set it fails.
///
/// # Panics
/// When it is not, and `CI` is set.
#[must_use]
#[allow(clippy::print_stderr, reason = "a test says why it does nothing")]
pub fn or_say(installed: bool, how: &str) -> bool {
    if !installed {
        assert!(std::env::var_os("CI").is_none(), "run {how}");
        eprintln!("skipped: needs {how}");
    }
    installed
}
