//! What a program may take of the machine.

use parse_size::Config;

/// Less memory, and less output, than any program needs.
const LEAST: u64 = 64 << 10;

/// The bounds of a program; `None` is no bound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes of resident memory of the processes in its group together.
    pub memory: Option<u64>,
    /// Bytes that it may write to standard output and standard error together.
    pub output: Option<u64>,
    /// It has a network namespace of its own, without interfaces.
    pub no_network: bool,
}

/// Bytes of a bound: `256M` are 256 · 2^20.
///
/// # Errors
/// What the text lacks, with an example.
pub fn size(text: &str) -> Result<u64, String> {
    let parsed = Config::new().with_binary().parse_size(text);
    match parsed {
        Ok(bytes) if bytes >= LEAST => Ok(bytes),
        Ok(_) => Err("too small for any program; take at least 64K, for example 256M".into()),
        Err(_) => Err("no number of bytes; write for example 256M or 1G".into()),
    }
}

/// A number of bytes, for a message: `12 MiB`.
pub(super) fn shown(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (text, bytes, words) in [("256M", 256 << 20, "256 MiB"), ("64K", 64 << 10, "64 KiB")] {
            assert_eq!(size(text), Ok(bytes), "{text}");
            assert_eq!(shown(bytes), words);
        }
        for (text, why) in [
            ("lots", "no number of bytes"),
            ("1K", "at least 64K"),
            ("-1", "no number"),
        ] {
            let error = size(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
