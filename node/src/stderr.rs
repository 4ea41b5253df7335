//! Standard error of the programs. Its reader may be gone, or its disk full: an
//! error in writing to it never changes what a program does, so all writes go
//! through here.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

/// Standard error as a writer without errors: what cannot be written is dropped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}

/// Whether it is shown on a terminal.
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Writes a line.
pub fn note(line: impl Display) {
    let _ = Stderr.write_all(format!("{line}\n").as_bytes());
}
