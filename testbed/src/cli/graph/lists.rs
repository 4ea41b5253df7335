//! Lists and ranges of numbers: `100..102400`, `5,10,20`.

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use lab::values::{count, probability};

/// The id and the name of the option that every run has.
const PEERS: &str = "peers";

/// The numbers of nodes unless the command line says otherwise.
const DEFAULT: &str = "100..12800";

/// The most values of a list. A guess.
const MOST: usize = 1000;

/// By how much a range of links rises: as the columns of re6stnet's table do.
const LINKS_STEP: u32 = 5;

/// In how many steps a range of shares goes from 0 to 1.
const SHARE_STEPS: f64 = 10.0;

/// Differences of shares below this come from rounding.
const ROUNDING: f64 = 1e-9;

/// Numbers, from the least to the greatest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts(pub Vec<u32>);

/// Shares from 0 to below 1, from the least to the greatest.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares(pub Vec<f64>);

/// `--peers`, which of every other command is one number. clap wants one type of values for
/// both, so the value is the first number, and the others are read from the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peers(pub Vec<u32>);

/// Numbers of links.
pub(super) fn links(text: &str) -> Result<Counts, String> {
    list(text, count, |first: u32, last| {
        (first..last)
            .step_by(LINKS_STEP as usize)
            .take(MOST + 1)
            .collect()
    })
    .map(Counts)
}

/// Shares of nodes.
pub(super) fn shares(text: &str) -> Result<Shares, String> {
    list(text, share, |first, last| {
        // 0.30000000000000004 is written as 0.3.
        let at = |step: u32| {
            let value = first + f64::from(step) / SHARE_STEPS;
            format!("{value:.9}").parse().unwrap_or(value)
        };
        let steps = (0..).map(at);
        steps.take_while(|value| last - value > ROUNDING).collect()
    })
    .map(Shares)
}

fn share(text: &str) -> Result<f64, String> {
    match probability(text) {
        Ok(share) if share < 1.0 => Ok(share),
        Ok(_) | Err(_) => Err("not a share from 0 to below 1; write for example 0.3 or 30%".into()),
    }
}

/// Numbers of nodes.
fn peers(text: &str) -> Result<Vec<u32>, String> {
    list(text, count, |first: u32, last| {
        let doubled = std::iter::successors(Some(first), |count| count.checked_mul(2));
        doubled.take_while(|count| *count < last).collect()
    })
}

/// The values of a list, each a value or a range. `between` has those of a range, without the
/// last.
fn list<T: Copy + PartialOrd + ToString>(
    text: &str,
    read: impl Fn(&str) -> Result<T, String>,
    between: impl Fn(T, T) -> Vec<T>,
) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    for part in text.split(',') {
        match part.split_once("..") {
            None => all.push(read(part)?),
            Some((first, last)) => {
                let (first, last) = (read(first)?, read(last)?);
                if first > last {
                    let (first, last) = (first.to_string(), last.to_string());
                    return Err(format!(
                        "the range {part} ends before it begins; write {last}..{first}"
                    ));
                }
                all.extend(between(first, last));
                all.push(last);
            }
        }
        if all.len() > MOST {
            return Err(format!(
                "these are more than {MOST} values; write a shorter list"
            ));
        }
    }
    match all.is_sorted_by(|one, next| one < next) {
        true => Ok(all),
        false => {
            let read: Vec<_> = all.iter().take(20).map(T::to_string).collect();
            Err(format!(
                "read as {}; write each value once, from the least to the greatest",
                read.join(", ")
            ))
        }
    }
}

impl Args for Peers {
    fn augment_args(command: Command) -> Command {
        let first = |text: &str| peers(text).map(|all| all[0]);
        command.arg(
            Arg::new(PEERS)
                .long(PEERS)
                .value_name("N|A..B,...")
                .value_parser(first)
                .help(
                    "How many nodes there are: numbers, or ranges. A range doubles: 100..1600 is \
                     100, 200, 400, 800, 1600 [default: 100..12800]",
                ),
        )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Peers {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = matches.get_raw(PEERS).and_then(|mut all| all.next());
        let text = given.map_or(DEFAULT.into(), |text| text.to_string_lossy());
        let wrong = |why| clap::Error::raw(ErrorKind::ValueValidation, format!("--peers {why}\n"));
        peers(&text).map(Self).map_err(wrong)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_with_their_end() {
        for (text, expected) in [
            ("100", &[100][..]),
            ("100..1600", &[100, 200, 400, 800, 1600]),
            ("100..1000", &[100, 200, 400, 800, 1000]),
            ("1k..4k,10k", &[1000, 2000, 4000, 10_000]),
            ("7..7", &[7]),
            ("3,100..200", &[3, 100, 200]),
            ("4000000000..4294967295", &[4_000_000_000, u32::MAX]),
        ] {
            assert_eq!(peers(text).as_deref(), Ok(expected), "{text}");
        }
        let steps = |text: &str| links(text).map(|all| all.0);
        assert_eq!(steps("3..14,20"), Ok(vec![3, 8, 13, 14, 20]));
        let parts = |text: &str| shares(text).map(|all| all.0);
        assert_eq!(parts("0.25..0.5"), Ok(vec![0.25, 0.35, 0.45, 0.5]));
        assert_eq!(parts("0..0.3,95%"), Ok(vec![0.0, 0.1, 0.2, 0.3, 0.95]));
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_value() {
        for (text, part) in [
            ("", "write for example"),
            ("a..b", "write for example"),
            ("1..2..3", "write for example"),
            ("..5", "write for example"),
            ("9..5", "5..9"),
            ("5,4", "read as 5, 4"),
            ("1..4294967295", "more than 1000"),
        ] {
            let error = links(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        for text in ["NaN", "inf", "1", "100%", "-1", "0..1", "1e400"] {
            let error = shares(text).expect_err(text);
            assert!(error.contains("below 1"), "{text}: {error}");
        }
    }
}
