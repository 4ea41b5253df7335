//! What came of one attempt in one cell.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Cell, How};

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Attempt {
    /// The dialler reached the listener.
    Reached(Reached),
    /// It did not.
    Failed {
        /// What the dialler answered.
        error: String,
    },
    /// The NATs are what they should be, and nothing else was asked.
    Verified,
    /// The NAT was not what it should be, so the cell says nothing.
    Invalid {
        /// What it did.
        error: String,
    },
    /// The cell could not be built, or its peers did not start.
    Unmeasured {
        /// Why not.
        error: String,
    },
}

/// How the dialler reached the listener, as it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    /// How.
    pub how: How,
    /// The time until the connection that was used.
    pub connect_seconds: f64,
    /// The time until the connection over the relay, if there was one.
    #[serde(default)]
    pub relayed_seconds: Option<f64>,
    /// The round trip of the ping.
    pub seconds: f64,
    /// What was tried.
    #[serde(default)]
    pub legs: Vec<Value>,
}

/// An attempt in a cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// The cell.
    #[serde(skip)]
    pub cell: Cell,
    /// What came of it.
    #[serde(flatten)]
    pub attempt: Attempt,
    /// The bytes that the hub's interface received from the start of the peers until the
    /// answer.
    pub relay_bytes: u64,
}

impl Attempt {
    /// What a dialler has answered to a ping.
    pub fn of_answer(line: &str) -> Self {
        let answer = serde_json::from_str::<Value>(line);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return unreadable(line, &error),
        };
        if answer["ok"] != true {
            let error = answer["error"].as_str().unwrap_or(line).to_owned();
            return Self::Failed { error };
        }
        match serde_json::from_value(answer) {
            Ok(reached) => Self::Reached(reached),
            Err(error) => unreadable(line, &error),
        }
    }

    /// How the listener was reached, if it was.
    pub fn how(&self) -> Option<How> {
        match self {
            Self::Reached(reached) => Some(reached.how),
            Self::Failed { .. }
            | Self::Verified
            | Self::Invalid { .. }
            | Self::Unmeasured { .. } => None,
        }
    }
}

fn unreadable(line: &str, error: &serde_json::Error) -> Attempt {
    let error = format!("the dialler's answer cannot be read: {error}: {line}");
    Attempt::Unmeasured { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let line = r#"{"id":1,"do":"ping","ok":true,"how":"punched","connect_seconds":0.35,
            "relayed_seconds":0.25,"seconds":0.04,"legs":[{"how":"direct","seconds":0.1}]}"#;
        let Attempt::Reached(reached) = Attempt::of_answer(line) else {
            panic!("{line}");
        };
        assert_eq!(reached.how, How::Punched);
        assert_eq!(reached.relayed_seconds, Some(0.25));
        assert_eq!(reached.legs.len(), 1);
    }

    #[test]
    fn refusals_and_nonsense_are_told_apart() {
        let refused = Attempt::of_answer(r#"{"ok":false,"error":"no route"}"#);
        let error = "no route".to_owned();
        assert_eq!(refused, Attempt::Failed { error });
        for line in ["", "{", r#"{"ok":true}"#, r#"{"ok":true,"how":"flown"}"#] {
            let attempt = Attempt::of_answer(line);
            assert!(matches!(attempt, Attempt::Unmeasured { .. }), "{line}");
        }
    }
}
