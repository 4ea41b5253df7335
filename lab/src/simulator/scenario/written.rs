//! The values of a scenario as a user writes them. An error states what to write.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use trace::time::duration;

use super::{Crash, Frequency, NewLinks, Partition, Pause, Slow};
use crate::delay::Delay;
use crate::values;
use crate::world::World;

pub(super) fn delay<'de, D: Deserializer<'de>>(from: D) -> Result<Delay, D::Error> {
    let text = Text("a delay in quotation marks, for example \"5ms\" or \"1ms..10ms\"");
    from.deserialize_any(text)?
        .parse()
        .map_err(D::Error::custom)
}

pub(super) fn network<'de, D: Deserializer<'de>>(from: D) -> Result<Option<World>, D::Error> {
    let text = Text("the name of a network in quotation marks, for example \"wan\", or a file");
    World::find(&from.deserialize_any(text)?).map_err(D::Error::custom)
}

pub(super) fn links<'de, D: Deserializer<'de>>(from: D) -> Result<World, D::Error> {
    network(from)?.ok_or_else(|| D::Error::custom("none are no links; write for example lan"))
}

pub(super) fn some_delay<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Delay>, D::Error> {
    delay(from).map(Some)
}

pub(super) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = from.deserialize_any(Text("a time in quotation marks, for example \"5ms\""))?;
    duration(&text).map_err(|error| D::Error::custom(format!("{text:?} is {error}")))
}

pub(super) fn some_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    time(from).map(Some)
}

pub(super) fn probability<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    from.deserialize_any(Probability)
}

pub(super) fn crashes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Crash>, D::Error> {
    from.deserialize_any(List("a list, which begins with [[crash]]", PhantomData))
}

pub(super) fn partitions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Partition>, D::Error> {
    from.deserialize_any(List("a list, which begins with [[partition]]", PhantomData))
}

pub(super) fn pauses<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Pause>, D::Error> {
    from.deserialize_any(List("a list, which begins with [[pause]]", PhantomData))
}

pub(super) fn slow<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Slow>, D::Error> {
    from.deserialize_any(List("a list, which begins with [[slow]]", PhantomData))
}

pub(super) fn new_links<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<NewLinks>, D::Error> {
    from.deserialize_any(List("a list, which begins with [[links]]", PhantomData))
}

pub(super) fn frequency<'de, D: Deserializer<'de>>(from: D) -> Result<Frequency, D::Error> {
    from.deserialize_any(Frequent)
}

/// A number, or a text with a rate.
struct Frequent;

impl Visitor<'_> for Frequent {
    type Value = Frequency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of faults, for example 2, or a rate, for example \"0.1/s\"")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Frequency, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Frequency, E> {
        text.parse().map_err(E::custom)
    }
}

/// A text, and what it should be.
struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

/// A number, or a text with a percentage.
struct Probability;

impl Visitor<'_> for Probability {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a probability between 0 and 1, for example 0.05 or \"5%\"")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<f64, E> {
        values::probability(text).map_err(E::custom)
    }
}

/// A list of tables, and what it should be.
struct List<T>(&'static str, PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Vec<T>, S::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(all)
    }
}
