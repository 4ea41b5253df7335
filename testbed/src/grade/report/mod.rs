//! The reports of a grading: text, JSON, Gradescope's `results.json` and JUnit XML.
//!
//! All have the same: what [`Show`] lets the author of the program see. What a program wrote is
//! in them, so it is bounded, and characters that would change how a report looks are escaped.

mod gradescope;
mod json;
mod junit;
mod text;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fs, io};

use super::assignment::Show;
use super::outcome::Outcome;
use super::{Cut, Error, Grade, Graded};

/// How many reasons of a run are in a report, and how many characters each may have. Guesses:
/// more is not read.
const REASONS: usize = 8;
const LONGEST: usize = 1200;

/// A report to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    form: Form,
    path: PathBuf,
}

/// The forms of a report in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Gradescope,
    Junit,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (form, path) = text
            .split_once(':')
            .ok_or("no form; write for example json:grade.json, gradescope:results.json or junit:grade.xml")?;
        let form = match form {
            "json" => Form::Json,
            "gradescope" => Form::Gradescope,
            "junit" => Form::Junit,
            other => return Err(format!("{other:?} is none of json, gradescope and junit")),
        };
        match path.is_empty() {
            true => Err("no file after the colon".into()),
            false => Ok(Self {
                form,
                path: path.into(),
            }),
        }
    }
}

impl Target {
    /// Checks that the file can be written, before anything is graded. It is empty then.
    ///
    /// # Errors
    /// [`Error::Report`].
    pub fn prepare(&self) -> Result<(), Error> {
        self.save("")
    }

    /// Writes the report.
    ///
    /// # Errors
    /// [`Error::Report`].
    pub fn write(&self, grade: &Grade, reveal: bool) -> Result<(), Error> {
        let text = match self.form {
            Form::Json => json(grade, reveal),
            Form::Gradescope => format!("{:#}\n", gradescope::value(grade, reveal)),
            Form::Junit => junit::text(grade, reveal).map_err(|error| self.failed(error))?,
        };
        self.save(&text)
    }

    fn save(&self, text: &str) -> Result<(), Error> {
        fs::write(&self.path, text).map_err(|error| self.failed(error))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Report {
            path: self.path.clone(),
            source,
        }
    }
}

/// The report in lines.
pub fn text(grade: &Grade, reveal: bool) -> String {
    text::text(grade, reveal)
}

/// The report as JSON.
pub fn json(grade: &Grade, reveal: bool) -> String {
    format!("{:#}\n", json::value(grade, reveal))
}

/// What the author of the program is shown of a run.
struct View {
    /// How it ended, in a sentence.
    sentence: String,
    /// Why, and how to repeat it.
    lines: Vec<String>,
    /// Whether seeds and commands are shown.
    is_open: bool,
}

impl View {
    fn of(graded: &Graded, grade: &Grade, reveal: bool) -> Self {
        let show = if reveal { Show::All } else { graded.run.show };
        let is_open = show == Show::All;
        let (sentence, reasons) = match graded.outcome {
            Outcome::Passed => ("passed".to_owned(), Vec::new()),
            Outcome::Failed => failed(graded, show),
            Outcome::NotGraded => not_graded(graded, grade, show),
        };
        let mut lines: Vec<_> = reasons
            .iter()
            .take(REASONS)
            .map(|line| clean(line))
            .collect();
        if reasons.len() > REASONS {
            lines.push(format!("and {} more", reasons.len() - REASONS));
        }
        let attempt = graded.deciding().filter(|_| is_open);
        if let Some(attempt) = attempt.filter(|_| graded.outcome != Outcome::Passed) {
            lines.push(format!("again: {}", clean(&attempt.command)));
            let saved = attempt.saved.as_deref().map(Path::display);
            lines.extend(saved.map(|path| format!("saved: {path}")));
        }
        Self {
            sentence: clean(&sentence),
            lines,
            is_open,
        }
    }

    /// All of it.
    fn text(&self) -> String {
        let lines = std::iter::once(&self.sentence).chain(&self.lines);
        lines.map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn failed(graded: &Graded, show: Show) -> (String, Vec<String>) {
    let judged = graded.deciding().map(|attempt| &attempt.judged);
    let Some(judged) = judged else {
        return ("failed".to_owned(), Vec::new());
    };
    match show {
        Show::All => ("failed".to_owned(), judged.reasons.clone()),
        Show::Verdict if judged.properties.is_empty() => {
            let why = "failed: it did not start, or did not end as it should";
            (why.to_owned(), Vec::new())
        }
        Show::Verdict => {
            let names = judged.properties.join("; ");
            (
                format!("failed, since this does not hold: {names}"),
                Vec::new(),
            )
        }
        Show::Nothing => (
            "failed; the details of this run are hidden".to_owned(),
            Vec::new(),
        ),
    }
}

fn not_graded(graded: &Graded, grade: &Grade, show: Show) -> (String, Vec<String>) {
    let Some(attempt) = graded.attempts.last() else {
        let why = grade.stopped.as_deref().unwrap_or("it was not tried");
        return (format!("not graded: {why}"), Vec::new());
    };
    let judged = &attempt.judged;
    if show != Show::All {
        let why =
            "not graded: the machine did not let the run show anything; let it be graded again";
        return (why.to_owned(), Vec::new());
    }
    let times = match graded.attempts.len() {
        1 => "1 attempt".to_owned(),
        times => format!("{times} attempts"),
    };
    let sentence = match &judged.doubt {
        Some(doubt) => format!("not graded after {times}: {doubt}; let it be graded again"),
        None => "not graded: the run is not possible here".to_owned(),
    };
    (sentence, judged.reasons.clone())
}

/// The program's network, in words.
fn network(cut: &Cut) -> String {
    match cut {
        Cut::Off => "cut off: each program had a network namespace of its own".to_owned(),
        Cut::Open => "not cut off, as the assignment has it".to_owned(),
        Cut::NotPermitted(why) => {
            format!(
                "NOT cut off, since this system does not permit it: {}",
                clean(why)
            )
        }
    }
}

/// A number of points: `7.5`, and `10` for 10.0.
fn points(points: f64) -> String {
    let rounded = (points * 100.0).round() / 100.0;
    rounded.to_string()
}

/// A text without characters that would change how a report looks, and not longer than the
/// bound: control characters, those that XML does not have, and those that turn the direction of
/// writing are escaped.
fn clean(text: &str) -> String {
    let mut clean = String::new();
    for (place, letter) in text.chars().enumerate() {
        if place == LONGEST {
            clean.push('…');
            break;
        }
        let is_odd = letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(letter, '\u{fffe}' | '\u{ffff}');
        match is_odd {
            true => clean.extend(letter.escape_default()),
            false => clean.push(letter),
        }
    }
    clean
}

#[cfg(test)]
mod tests;
