//! `index.html` with all linked files inlined.
//!
//! Its scripts and styles carry a nonce that was drawn for this file. Its Content
//! Security Policy allows nothing else: no other script, whatever a peer's name is, and
//! no requests.

use std::borrow::Cow;

use super::Error;
use super::file::{refused, text};
use super::modules::{data, import_map};

/// The licences of the libraries require that they are included.
const LICENCES: [&str; 3] = [
    "vendor/LICENSE-htm",
    "vendor/LICENSE-preact",
    "vendor/LICENSE-uplot",
];

/// The page before and after the place of the answers.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) before: String,
    pub(super) after: String,
}

impl Page {
    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

/// Assembles the page. `read` returns the contents of a file; `nonce` is a number that
/// cannot be guessed.
pub(super) fn page(
    read: impl Fn(&str) -> Option<Cow<'static, [u8]>>,
    nonce: u128,
) -> Result<Page, Error> {
    const INDEX: &str = "index.html";
    let index = text(&read, INDEX, "the report")?;
    let (head, body) = index
        .split_once("</head>")
        .ok_or_else(|| refused(INDEX, "no </head>"))?;
    let mut before = String::new();
    for line in head.lines() {
        before.push_str(&inlined(line, &read, &format!("{nonce:032x}"))?);
        before.push('\n');
    }
    for path in LICENCES {
        let licence = text(&read, path, "the report")?;
        if licence.contains("-->") {
            return Err(refused(path, "-->"));
        }
        before.push_str(&format!("<!-- {path}\n{licence}\n-->\n"));
    }
    Ok(Page {
        before,
        after: format!("</head>{body}"),
    })
}

/// A line of the head, with the linked file inlined.
fn inlined(
    line: &str,
    read: &impl Fn(&str) -> Option<Cow<'static, [u8]>>,
    nonce: &str,
) -> Result<String, Error> {
    let index = "index.html";
    let tag = line.trim();
    if tag.starts_with("<meta charset=") {
        return Ok(format!("{line}\n{}", policy(nonce)));
    }
    if let Some(path) = between(tag, "<link rel=\"icon\" href=\"", "\">") {
        let icon = text(read, path, index)?;
        let icon = data("image/svg+xml", icon.as_bytes());
        return Ok(format!("<link rel=\"icon\" href=\"{icon}\">"));
    }
    if let Some(path) = between(tag, "<link rel=\"stylesheet\" href=\"", "\">") {
        let style = text(read, path, index)?;
        return match ["</", "<!--", "@import", "url("]
            .iter()
            .find(|form| style.contains(**form))
        {
            Some(form) => Err(refused(path, form)),
            None => Ok(format!("<style nonce=\"{nonce}\">\n{style}</style>")),
        };
    }
    if let Some(path) = between(tag, "<script type=\"module\" src=\"", "\"></script>") {
        let map = import_map(read, path)?;
        return Ok(format!(
            "<script type=\"importmap\" nonce=\"{nonce}\">{map}</script>\n\
             <script type=\"module\" nonce=\"{nonce}\">import '{path}';</script>"
        ));
    }
    match tag.contains("src=") || tag.contains("href=") {
        true => Err(refused(index, tag)),
        false => Ok(line.to_owned()),
    }
}

/// The Content Security Policy: like the server's, but without any requests. The modules
/// have the nonce of the script that imports them.
fn policy(nonce: &str) -> String {
    format!(
        "  <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; \
         base-uri 'none'; form-action 'none'\">"
    )
}

fn between<'a>(tag: &'a str, before: &str, after: &str) -> Option<&'a str> {
    tag.strip_prefix(before)?.strip_suffix(after)
}
