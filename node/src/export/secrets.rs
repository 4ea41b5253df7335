//! Secrets in the target of a collector, kept out of printed and saved texts.

/// The replacement of a secret.
const HIDDEN: &str = "***";

/// The shortest secret that is struck, in bytes: shorter texts are part of many others.
const SHORTEST: usize = 4;

/// The secrets in headers and URL, to be struck from other texts: a collector may repeat
/// them in its answer.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    pub(super) fn add(&mut self, secret: &str) {
        // `Bearer TOKEN` is a secret, and so is the token alone.
        let words = secret.split_whitespace();
        let all = words.chain([secret]).filter(|text| text.len() >= SHORTEST);
        let schemes = ["basic", "bearer", "token", "digest"];
        let all = all.filter(|text| !schemes.contains(&&*text.to_ascii_lowercase()));
        self.0.extend(all.map(str::to_owned));
        self.0.sort_by_key(|text| std::cmp::Reverse(text.len()));
        self.0.dedup();
    }

    /// `text` without the secrets.
    pub(super) fn strike(&self, text: &str) -> String {
        let strike = |text: String, secret: &String| text.replace(secret, HIDDEN);
        self.0.iter().fold(text.to_owned(), strike)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// An argument of a command without the credentials and the query of the URL in
/// it, if there is one: `--otlp=http://***@127.0.0.1:4318/?***`.
#[must_use]
pub fn redacted(argument: &str) -> String {
    match argument.contains("://") {
        true => redacted_url(argument),
        false => argument.to_owned(),
    }
}

/// The same for a text that should be a URL: everything before the last `@` may be part
/// of a password.
pub(super) fn redacted_url(text: &str) -> String {
    let (scheme, rest) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    let (hidden, rest) = match rest.rfind('@') {
        Some(at) => (HIDDEN, &rest[at..]),
        None => ("", rest),
    };
    match rest.split_once('?') {
        Some((path, query)) if !query.is_empty() => format!("{scheme}{hidden}{path}?{HIDDEN}"),
        _ => format!("{scheme}{hidden}{rest}"),
    }
}
