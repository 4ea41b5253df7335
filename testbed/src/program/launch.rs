//! What a child is before it becomes the program: limits are set, and the system is asked to
//! kill it when this process dies. It is this program again, so nothing has to be done between
//! fork and exec.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use rlimit::Resource;

use super::network;

/// The first word of that command line.
pub const NAME: &str = "testbed-program";

/// The next word of a program without a network. Without a program after it, nothing is started:
/// the exit status says whether a network can be cut off.
pub(crate) const NO_NETWORK: &str = "--no-network";

/// The exit status where it cannot, as a shell has it for what cannot be executed.
const NOT_PERMITTED: u8 = 126;

/// Open files, and the size of a file that it writes. Guesses: a student's program needs less.
const FILES: u64 = 1024;
const FILE_SIZE: u64 = 1 << 30;

/// Becomes the program of that command line. Returns only if it cannot be started.
pub fn main(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    for (resource, limit) in [
        (Resource::CORE, 0),
        (Resource::NOFILE, FILES),
        (Resource::FSIZE, FILE_SIZE),
    ] {
        // A limit that is lower already stays.
        if resource.get_soft().is_ok_and(|soft| soft > limit) {
            let _ = resource.set(limit, limit);
        }
    }
    let mut program = args.next();
    if program.as_deref() == Some(OsStr::new(NO_NETWORK)) {
        if let Err(why) = network::cut() {
            node::stderr::note(format_args!("{why}"));
            return ExitCode::from(NOT_PERMITTED);
        }
        program = args.next();
        if program.is_none() {
            return ExitCode::SUCCESS;
        }
    }
    // A new user namespace clears it, so it comes after that.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    let Some(program) = program else {
        return ExitCode::from(2);
    };
    let error = Command::new(&program).args(args).exec();
    node::stderr::note(format_args!("{}: {error}", program.to_string_lossy()));
    ExitCode::from(127)
}
