//! The values of an assignment's file that TOML does not know. Errors name the value.

use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize as _;
use serde::de::{Deserializer, Error as _};
use trace::time;

use crate::program;

/// A value that was checked, as the file has it.
#[derive(Clone, Debug)]
pub struct Checked<T> {
    /// What stands in the file.
    pub text: String,
    /// What it means.
    pub value: T,
}

/// A word of a list; the error names all of them.
pub(super) fn word<'de, D: Deserializer<'de>, T: ValueEnum>(input: D) -> Result<T, D::Error> {
    parse_word(&String::deserialize(input)?).map_err(D::Error::custom)
}

pub(super) fn some_word<'de, D: Deserializer<'de>, T: ValueEnum>(
    input: D,
) -> Result<Option<T>, D::Error> {
    word(input).map(Some)
}

pub(super) fn words<'de, D: Deserializer<'de>, T: ValueEnum>(input: D) -> Result<Vec<T>, D::Error> {
    let all = Vec::<String>::deserialize(input)?;
    let all = all.iter().map(|text| parse_word(text));
    all.collect::<Result<_, _>>().map_err(D::Error::custom)
}

/// The command line of a crate's program: what it simulates or checks.
pub(super) fn command<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(input)?;
    let words = shlex::split(&text);
    let words =
        words.ok_or_else(|| D::Error::custom(format!("{text:?}: a quote is not closed")))?;
    let is_engine = |word: &String| word == "simulate" || word == "check";
    if !words.first().is_some_and(is_engine) {
        let why = format!(
            "{text:?} does not begin with simulate or check; write for example \"simulate --peers 10\""
        );
        return Err(D::Error::custom(why));
    }
    if words
        .iter()
        .any(|word| word.starts_with("--seed=") || word == "--seed")
    {
        return Err(D::Error::custom(format!(
            "{text:?} has --seed; write seeds = [1]"
        )));
    }
    Ok(words)
}

fn parse_word<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let all = T::value_variants().iter().map(name_of);
        format!("{text:?} is none of {}", all.collect::<Vec<_>>().join(", "))
    })
}

/// The name of a value on the command line.
pub(super) fn name_of(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

pub(super) fn time<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(input)?;
    time::duration(&text).map_err(|why| D::Error::custom(format!("{text:?}: {why}")))
}

pub(super) fn some_time<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Duration>, D::Error> {
    time(input).map(Some)
}

pub(super) fn size<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    let text = String::deserialize(input)?;
    program::size(&text).map_err(|why| D::Error::custom(format!("{text:?}: {why}")))
}

pub(super) fn some_checked<'de, D, T>(input: D) -> Result<Option<Checked<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    parse_checked(String::deserialize(input)?)
        .map(Some)
        .map_err(D::Error::custom)
}

pub(super) fn all_checked<'de, D, T>(input: D) -> Result<Vec<Checked<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    let all = Vec::<String>::deserialize(input)?.into_iter();
    all.map(parse_checked)
        .collect::<Result<_, _>>()
        .map_err(D::Error::custom)
}

fn parse_checked<T: FromStr<Err = String>>(text: String) -> Result<Checked<T>, String> {
    let value = text.parse()?;
    Ok(Checked { text, value })
}
