//! A file of the page.

use std::borrow::Cow;

use super::Error;

/// The contents of the file of that path, to which `by` refers.
pub(super) fn text(
    read: &impl Fn(&str) -> Option<Cow<'static, [u8]>>,
    path: &str,
    by: &str,
) -> Result<String, Error> {
    let bytes = read(path).ok_or_else(|| Error::Missing {
        by: by.to_owned(),
        file: path.to_owned(),
    })?;
    String::from_utf8(bytes.into_owned()).map_err(|_| refused(path, "no UTF-8"))
}

/// The error for a file with a line in an unsupported form.
pub(super) fn refused(file: &str, line: &str) -> Error {
    let (file, line) = (file.to_owned(), line.to_owned());
    Error::Form { file, line }
}
