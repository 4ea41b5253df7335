//! The lines that a child writes, of any length: what is longer than the bound is left out.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Its bytes, without the end.
    Line(Vec<u8>),
    /// It was longer than the bound.
    Long,
}

/// The next line of at most `most` bytes; `None` at the end. The last line may have no end.
pub(super) async fn next(
    input: &mut (impl AsyncBufRead + Unpin),
    most: usize,
) -> io::Result<Option<Read>> {
    let (mut line, mut is_long, mut any) = (Vec::new(), false, false);
    loop {
        let bytes = input.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(any.then(|| read(line, is_long)));
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        is_long |= line.len() + part.len() > most;
        if !is_long {
            line.extend_from_slice(part);
        }
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(read(line, is_long)));
        }
    }
}

fn read(line: Vec<u8>, is_long: bool) -> Read {
    match is_long {
        true => Read::Long,
        false => Read::Line(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_bounded_and_those_after_them_are_read() {
        let text = format!("one\n\n{}\nlast", "x".repeat(100));
        let mut input = tokio::io::BufReader::with_capacity(7, text.as_bytes());
        let mut all = Vec::new();
        while let Some(line) = next(&mut input, 10).await.expect("bytes") {
            all.push(line);
        }
        let line = |text: &str| Read::Line(text.as_bytes().to_vec());
        assert_eq!(all, [line("one"), line(""), Read::Long, line("last")]);
    }
}
