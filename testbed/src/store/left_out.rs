//! What was left out of spans that came from elsewhere.

use std::fmt;

use serde::Serialize;

/// Spans that could not be read or stored. The others of their request or file
/// are there all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// How many.
    pub spans: u64,
    /// What is wrong with the first, and where it stood if that is known.
    pub first: Option<String>,
}

impl LeftOut {
    /// One more.
    pub fn add(&mut self, why: impl FnOnce() -> String) {
        self.spans += 1;
        self.first.get_or_insert_with(why);
    }

    /// Others, which came later.
    pub fn extend(&mut self, others: Self) {
        self.spans += others.spans;
        if self.first.is_none() {
            self.first = others.first;
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (spans, first) = (self.spans, self.first.as_deref().unwrap_or("not known"));
        match spans {
            0 => write!(f, "no span was left out"),
            1 => write!(f, "1 span was left out: {first}"),
            _ => write!(f, "{spans} spans were left out; the first: {first}"),
        }
    }
}
