//! Software that is not Rust: what npm installs for a test.

use crate::workspace;

/// Whether `npm ci` was run in `folder`. A test that needs it passes without,
/// and says so; where `CI` is set it fails.
///
/// # Panics
/// When it was not, and `CI` is set.
#[must_use]
#[allow(clippy::print_stderr, reason = "a test says why it does nothing")]
pub fn is_installed(folder: &str) -> bool {
    let installed = workspace().join(folder).join("node_modules").is_dir();
    if !installed {
        assert!(std::env::var_os("CI").is_none(), "run npm ci in {folder}");
        eprintln!("skipped: needs npm ci in {folder}");
    }
    installed
}
