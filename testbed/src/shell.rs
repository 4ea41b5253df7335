//! Command lines that a user copies into a shell.

use std::ffi::OsStr;

/// One word, quoted where a POSIX shell would take it for something else.
pub(crate) fn quote(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    match shlex::try_quote(&word) {
        Ok(quoted) => quoted.into_owned(),
        // It holds a NUL, which no argument can.
        Err(_) => word.replace('\0', ""),
    }
}

/// Words, each quoted where it has to be.
pub(crate) fn join(words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let words: Vec<_> = words.into_iter().map(quote).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        for (word, quoted) in [
            ("runs/2026-ping", "runs/2026-ping"),
            ("a b", "'a b'"),
            ("$HOME", "'$HOME'"),
            ("it's", "\"it's\""),
            ("", "''"),
        ] {
            assert_eq!(quote(word), quoted);
        }
        assert_eq!(join(["testbed", "view", "a b"]), "testbed view 'a b'");
    }
}
