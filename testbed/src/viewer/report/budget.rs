//! The answers in a report's page: an object that maps requests to answers, of limited
//! size.

use std::io::{self, Write};

use serde::Serialize;

/// Bytes reserved for the markup that opens and closes the object.
const AROUND: usize = 256;

/// The answers of a report while they are written.
#[derive(Debug)]
pub(super) struct Answers<W> {
    out: W,
    left: usize,
    empty: bool,
}

/// Whether an answer was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It was.
    Whole,
    /// It was not, since it takes that many bytes.
    TooLarge(usize),
}

impl<W: Write> Answers<W> {
    /// Begins the answers. They take at most `most` bytes plus the text that
    /// [`Answers::end`] gets.
    pub(super) fn begin(mut out: W, most: usize) -> io::Result<Self> {
        out.write_all(b"<script type=\"application/json\" id=\"answers\">{")?;
        Ok(Self {
            out,
            left: most.saturating_sub(AROUND),
            empty: true,
        })
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Adds the answer to the request `asked`, if it takes at most `most` bytes and there
    /// is room.
    pub(super) fn add(
        &mut self,
        asked: &str,
        answer: &impl Serialize,
        most: usize,
    ) -> io::Result<Fit> {
        let mut text = Bounded::new(most.min(self.left));
        if !self.empty {
            text.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut text, asked)?;
        text.write_all(b":")?;
        serde_json::to_writer(&mut text, answer)?;
        if text.size > text.most {
            return Ok(Fit::TooLarge(text.size));
        }
        self.out.write_all(&text.text)?;
        self.left -= text.size;
        self.empty = false;
        Ok(Fit::Whole)
    }

    /// Ends the answers with a note on those that did not fit. It is short, and always
    /// written.
    pub(super) fn end(mut self, left_out: &[String]) -> io::Result<()> {
        self.left = usize::MAX;
        self.add("left-out", &left_out, usize::MAX)?;
        self.out.write_all(b"}</script>\n")
    }
}

/// A writer of JSON within HTML: it escapes `<`, so that a peer's name cannot end the
/// script. It keeps at most `most` bytes, and counts all.
struct Bounded {
    text: Vec<u8>,
    size: usize,
    most: usize,
}

impl Bounded {
    fn new(most: usize) -> Self {
        Self {
            text: Vec::new(),
            size: 0,
            most,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.size += bytes.len();
        match self.size > self.most {
            true => self.text = Vec::new(),
            false => self.text.extend_from_slice(bytes),
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = bytes.split(|byte| *byte == b'<');
        self.push(parts.next().unwrap_or_default());
        for part in parts {
            // `<` occurs only in strings, where it may be escaped like this.
            self.push(b"\\u003c");
            self.push(part);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
