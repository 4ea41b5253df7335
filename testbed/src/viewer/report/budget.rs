//! Answers as they stand in the page: an object from what is asked to the
//! answer, which takes no more than its room.

use std::io::{self, Write};

use serde::Serialize;

/// What opens and closes the object, with some room for what holds it.
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
    /// It was not, since it takes so many bytes.
    TooLarge(usize),
}

impl<W: Write> Answers<W> {
    /// Begins them. They take `most` bytes, and what [`Answers::end`] is given.
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

    /// Adds the answer to what is asked, if it takes at most so many bytes and
    /// there is room.
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

    /// Says what there was no room for. This is short, and is always written.
    pub(super) fn end(mut self, left_out: &[String]) -> io::Result<()> {
        self.left = usize::MAX;
        self.add("left-out", &left_out, usize::MAX)?;
        self.out.write_all(b"}</script>\n")
    }
}

/// JSON in HTML: what a peer calls itself ends no script. Keeps no more than
/// it may, and counts the rest.
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
            // `<` stands only in strings, which may hold it in this form.
            self.push(b"\\u003c");
            self.push(part);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
