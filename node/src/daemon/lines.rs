//! Standard input and output as lines, each on a thread of its own: a read that
//! waits for a line cannot be cancelled, and a slow reader of the output must not
//! block the peer.

use std::io::{self, BufRead, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// The longest line that is read, in bytes: four times a message of 1 MiB in
/// hexadecimal.
const MAX_LINE: usize = 8 << 20;

/// How many lines wait, in each direction. They may be long.
const WAITING: usize = 16;

/// How long the daemon waits at its end for the reader to take the last lines.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A line, or why it cannot be read.
pub(super) type Line = Result<Vec<u8>, &'static str>;

/// The lines of standard input, until its end.
pub(super) fn input() -> mpsc::Receiver<Line> {
    let (sender, lines) = mpsc::channel(WAITING);
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Some(line) = read(&mut stdin) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// The next line that is not empty. A read error counts as the end of the input.
fn read(from: &mut impl BufRead) -> Option<Line> {
    loop {
        let mut line = Vec::new();
        let mut limited = from.take(MAX_LINE as u64 + 1);
        limited.read_until(b'\n', &mut line).ok()?;
        if line.len() > MAX_LINE {
            skip_line(from).ok()?;
            return Some(Err("the line is longer than 8 MiB"));
        }
        if line.is_empty() {
            return None;
        }
        if !line.trim_ascii().is_empty() {
            return Some(Ok(line));
        }
    }
}

/// Reads to the end of the line and discards it.
fn skip_line(from: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = from.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = buffer.len();
        from.consume(end.map_or(length, |end| end + 1));
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}

/// Standard output. When its reader is gone, the peer continues.
pub(super) struct Output {
    pub(super) lines: mpsc::Sender<String>,
    done: oneshot::Receiver<()>,
}

impl Output {
    pub(super) fn start() -> Self {
        let (lines, mut waiting) = mpsc::channel::<String>(WAITING);
        let (all, done) = oneshot::channel();
        thread::spawn(move || {
            let mut stdout = io::stdout();
            while let Some(line) = waiting.blocking_recv() {
                let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
            }
            let _ = all.send(());
        });
        Self { lines, done }
    }

    /// Waits a bounded time until all is written. No other sender may be left.
    pub(super) async fn end(self) {
        drop(self.lines);
        let _ = timeout(LAST_WORDS, self.done).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut text: &[u8]) -> Vec<Line> {
        std::iter::from_fn(|| read(&mut text)).collect()
    }

    #[test]
    fn lines_are_read_to_the_last_and_empty_ones_are_skipped() {
        let lines = all(b"one\n\n  \r\ntwo\r\nthree");
        let expected = [&b"one\n"[..], b"two\r\n", b"three"];
        assert_eq!(lines, expected.map(|line| Ok(line.to_vec())));
    }

    #[test]
    fn overlong_line_is_rejected_and_skipped() {
        let long = [&vec![b'x'; 3 * MAX_LINE][..], b"\nnext\n"].concat();
        let lines = all(&long);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].is_err());
        assert_eq!(lines[1], Ok(b"next\n".to_vec()));
        assert!(all(&vec![b'x'; 2 * MAX_LINE])[0].is_err());
    }
}
