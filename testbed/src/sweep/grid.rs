//! The grid of a sweep: every combination of the values of all lists.

use std::thread;

use trace::time::duration;

use super::Program;

/// How often each combination is run by default.
const REPEAT: u64 = 5;

/// The default seed of the first run. It is fixed, so the same command is the same
/// sweep.
const SEED: u64 = 1;

/// The most runs of a sweep. A guess: they take days.
const MOST: usize = 100_000;

/// Options whose single value may have commas.
const LISTS: [&str; 3] = ["--mix", "--liars", "--guests"];

/// Simulated runs of a sweep have it as 0s. Otherwise one that fails would measure the
/// smaller failure, which may have fewer peers than the row says.
const SHRINK: &str = "--shrink";

/// Why the lists of options of a sweep are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no experiment.
    #[error("sweep what? as in `{program} sweep {example} --peers 8,16,32 --repeat 5`")]
    NoExperiment {
        /// The name of the program.
        program: String,
        /// What it can sweep.
        example: &'static str,
    },
    /// An option of the sweep lacks its number.
    #[error("{option} {value}: it takes one number, as in {option} 5")]
    Number {
        /// The option.
        option: String,
        /// Its value.
        value: String,
    },
    /// An option is one of the sweep, not of a run.
    #[error("{option} is for a run; before `sweep` it is for the sweep")]
    NotOfARun {
        /// The option.
        option: String,
    },
    /// An option has two lists.
    #[error("{option} is there twice")]
    Twice {
        /// The option.
        option: String,
    },
    /// A list lacks a value.
    #[error("{option}: the list is empty, or a value in it is; write for example {option} 8,16,32")]
    Empty {
        /// The option.
        option: String,
    },
    /// A list has a value twice, or numbers out of order.
    #[error(
        "{option} {}: read as {}; write each value once, and numbers from the least to the greatest",
        text, values.join(", then ")
    )]
    Unordered {
        /// The option.
        option: String,
        /// The list as it was written.
        text: String,
        /// How it was read.
        values: Vec<String>,
    },
    /// There would be too many runs.
    #[error(
        "--jobs {jobs}: runs beside each other take each other's time; give them a clock of their \
         own with --time virtual or simulate, or leave --jobs out"
    )]
    Jobs {
        /// How many.
        jobs: u64,
    },
    /// There are too many runs.
    #[error("{runs} runs are more than {MOST}; take shorter lists, or a smaller --repeat")]
    TooManyRuns {
        /// How many.
        runs: usize,
    },
}

/// A sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    /// What is run: a command, or `simulate` with a system.
    pub(super) experiment: Vec<String>,
    /// The options with several values, and these values.
    pub(super) axes: Vec<(String, Vec<String>)>,
    /// The others, as they were given.
    pub(super) fixed: Vec<String>,
    /// How often each combination is run.
    pub(super) repeat: u64,
    /// How many runs go on beside each other.
    pub(super) jobs: Option<u64>,
    /// The seed of the first of them.
    pub(super) seed: u64,
}

/// One combination: a value for each of the axes.
pub(super) type Cell = Vec<String>;

impl Grid {
    /// Reads the words after `sweep`.
    ///
    /// # Errors
    /// [`Error`] with the value and how it was read.
    pub(super) fn read(words: &[String], program: &Program) -> Result<Self, Error> {
        let mut grid = Self {
            experiment: Vec::new(),
            axes: Vec::new(),
            fixed: Vec::new(),
            repeat: REPEAT,
            jobs: None,
            seed: SEED,
        };
        let mut words = words.iter().peekable();
        let mut has_options = false;
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                match grid.experiment.is_empty() || !has_options {
                    true => grid.experiment.push(word.clone()),
                    false => grid.fixed.push(word.clone()),
                }
                continue;
            }
            has_options = true;
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => {
                    let value = words.next_if(|next| !next.starts_with('-'));
                    (word.clone(), value.cloned())
                }
            };
            grid.option(name, value, &program.lists)?;
        }
        match grid.experiment.is_empty() {
            true => Err(Error::NoExperiment {
                program: program.name.clone(),
                example: program.example,
            }),
            false => grid.without_shrinking().check(),
        }
    }

    /// How many runs go on beside each other: as many as there are processors in virtual
    /// time, and otherwise one, since they would take each other's time.
    ///
    /// # Errors
    /// [`Error::Jobs`].
    pub(super) fn jobs(&self) -> Result<usize, Error> {
        let is_simulated = self
            .experiment
            .first()
            .is_some_and(|word| word == "simulate");
        let is_virtual = |cell: &Cell| {
            let words = self.words(cell).join(" ").replace('=', " ");
            is_simulated || words.contains("--time virtual")
        };
        match (self.jobs, self.cells().iter().all(is_virtual)) {
            (Some(jobs), false) if jobs > 1 => Err(Error::Jobs { jobs }),
            (Some(jobs), _) => Ok(usize::try_from(jobs).unwrap_or(usize::MAX)),
            (None, true) => Ok(thread::available_parallelism().map_or(1, usize::from)),
            (None, false) => Ok(1),
        }
    }

    fn option(
        &mut self,
        name: String,
        value: Option<String>,
        lists: &[String],
    ) -> Result<(), Error> {
        let is_list = |value: &str| {
            // A scenario in braces is one value.
            let is_whole = LISTS.contains(&&*name) || lists.contains(&name);
            value.contains(',') && !value.starts_with('{') && !is_whole
        };
        let number = |value: Option<&str>| {
            let number = value.and_then(|value| value.parse::<u64>().ok());
            number
                .filter(|number| *number > 0 || name == "--seed")
                .ok_or_else(|| Error::Number {
                    option: name.clone(),
                    value: value.unwrap_or("nothing").to_owned(),
                })
        };
        match (name.as_str(), value.as_deref()) {
            ("--repeat", value) => self.repeat = number(value)?,
            ("--jobs", value) => self.jobs = Some(number(value)?),
            ("--seed", value) => self.seed = number(value)?,
            ("--out" | "--format" | "--view" | "--otlp" | "--metrics", _) => {
                return Err(Error::NotOfARun { option: name });
            }
            (_, Some(values)) if is_list(values) => {
                let values = list(&name, values)?;
                if self.axes.iter().any(|(known, _)| *known == name) {
                    return Err(Error::Twice { option: name });
                }
                self.axes.push((name, values));
            }
            (_, Some("")) => return Err(Error::Empty { option: name }),
            (_, value) => {
                let value = value.map(str::to_owned);
                self.fixed.extend([Some(name), value].into_iter().flatten());
            }
        }
        Ok(())
    }

    fn without_shrinking(mut self) -> Self {
        let is_simulated = self.experiment[0] == "simulate";
        let names = self.axes.iter().map(|(name, _)| name).chain(&self.fixed);
        if is_simulated && !names.into_iter().any(|name| name == SHRINK) {
            self.fixed.extend([SHRINK, "0s"].map(str::to_owned));
        }
        self
    }

    fn check(self) -> Result<Self, Error> {
        match self.cells().len().saturating_mul(self.repeat as usize) {
            runs if runs > MOST => Err(Error::TooManyRuns { runs }),
            _ => Ok(self),
        }
    }

    /// Every combination; the last list varies fastest.
    pub(super) fn cells(&self) -> Vec<Cell> {
        self.axes
            .iter()
            .fold(vec![Vec::new()], |cells, (_, values)| {
                let with = |cell: &Cell| {
                    let with =
                        |value: &String| [cell.as_slice(), std::slice::from_ref(value)].concat();
                    values.iter().map(with).collect::<Vec<_>>()
                };
                cells.iter().flat_map(with).collect()
            })
    }

    /// The command line of one combination, without its seed.
    pub(super) fn words(&self, cell: &Cell) -> Vec<String> {
        let swept = self.axes.iter().zip(cell);
        let swept = swept.flat_map(|((name, _), value)| [name.clone(), value.clone()]);
        let mut words = self.experiment.clone();
        words.extend(swept.chain(self.fixed.iter().cloned()));
        words
    }
}

/// The values of a list. Numbers, sizes and times must be ascending, so that a mistyped
/// value is detected.
fn list(name: &str, text: &str) -> Result<Vec<String>, Error> {
    let values: Vec<String> = text
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    if values.iter().any(String::is_empty) {
        let option = name.to_owned();
        return Err(Error::Empty { option });
    }
    let read = |of: fn(&str) -> Option<f64>| {
        let all: Option<Vec<f64>> = values.iter().map(|value| of(value)).collect();
        all
    };
    let numbers = read(size).or_else(|| read(time));
    let wrong = match &numbers {
        Some(numbers) => !numbers.is_sorted_by(|a, b| a < b),
        None => values
            .iter()
            .enumerate()
            .any(|(at, value)| values[..at].contains(value)),
    };
    match wrong {
        true => Err(Error::Unordered {
            option: name.to_owned(),
            text: text.to_owned(),
            values,
        }),
        false => Ok(values),
    }
}

/// A number, or a number of bytes with a unit.
pub(super) fn size(text: &str) -> Option<f64> {
    let bytes = || {
        parse_size::Config::new()
            .with_binary()
            .parse_size(text)
            .ok()
    };
    text.parse().ok().or_else(|| Some(bytes()? as f64))
}

fn time(text: &str) -> Option<f64> {
    Some(duration(text).ok()?.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Grid, Error> {
        let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
        let program = Program {
            name: "mine".to_owned(),
            system: None,
            example: "simulate",
            lists: vec!["--weights".to_owned()],
            build: None,
        };
        Grid::read(&words, &program)
    }

    #[test]
    fn lists_make_a_grid() {
        let grid = read("gossip --peers 8,16 --size=1K,64K --repeat 3 --messages 5 -q").unwrap();
        let words: Vec<_> = grid
            .cells()
            .iter()
            .map(|cell| grid.words(cell).join(" "))
            .collect();
        assert_eq!((grid.repeat, grid.seed), (3, SEED));
        assert_eq!(
            words,
            [
                "gossip --peers 8 --size 1K --messages 5 -q",
                "gossip --peers 8 --size 64K --messages 5 -q",
                "gossip --peers 16 --size 1K --messages 5 -q",
                "gossip --peers 16 --size 64K --messages 5 -q",
            ]
        );
        let grid = read("kad --mix put,get --operations 7").unwrap();
        assert_eq!(grid.cells(), [Cell::new()]);
        // The algorithm stands before its options.
        let grid = read("simulate wave --initiators 1,2 --seeds 9").unwrap();
        let words = grid.words(&grid.cells()[1]).join(" ");
        assert_eq!(words, "simulate wave --initiators 2 --seeds 9 --shrink 0s");
        for one in [
            "simulate --shrink 1s",
            "live --weights 1,2",
            "live --liars 0,2:silent",
            "live --scenario={loss=0.1,duplication=0.1}",
        ] {
            assert_eq!(read(one).unwrap().axes, [], "{one}");
        }
    }

    #[test]
    fn invalid_lists_are_rejected() {
        let unordered = |option: &str, text: &str| Error::Unordered {
            option: option.to_owned(),
            text: text.to_owned(),
            values: text.split(',').map(str::to_owned).collect(),
        };
        let empty = || {
            let option = "--peers".to_owned();
            Error::Empty { option }
        };
        let number = |value: &str| Error::Number {
            option: "--repeat".to_owned(),
            value: value.to_owned(),
        };
        let of_sweep = Error::NotOfARun {
            option: "--out".to_owned(),
        };
        let twice = Error::Twice {
            option: "--peers".to_owned(),
        };
        let nothing = Error::NoExperiment {
            program: "mine".to_owned(),
            example: "simulate",
        };
        for (words, expected) in [
            ("", nothing),
            ("gossip --peers 16,8", unordered("--peers", "16,8")),
            ("gossip --size 64K,1K", unordered("--size", "64K,1K")),
            (
                "gossip --interval 1s,50ms",
                unordered("--interval", "1s,50ms"),
            ),
            ("gossip --peers 8,8", unordered("--peers", "8,8")),
            (
                "gossip --protocol flood,flood",
                unordered("--protocol", "flood,flood"),
            ),
            ("gossip --peers 1,2 --peers 3,4", twice),
            ("gossip --peers 8,,16", empty()),
            ("gossip --peers=", empty()),
            ("gossip --peers ,", empty()),
            ("gossip --repeat 0", number("0")),
            ("gossip --repeat 1,2", number("1,2")),
            ("gossip --repeat", number("nothing")),
            ("gossip --out x", of_sweep),
            (
                "gossip --peers 1,2 --repeat 1000000",
                Error::TooManyRuns { runs: 2_000_000 },
            ),
        ] {
            assert_eq!(read(words).expect_err(words), expected, "{words}");
        }
    }
}
