//! A world as a user writes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;
use trace::time::duration;

use super::{Class, Error, Latency, RESOLUTION, Region, World, preset};
use crate::delay::Delay;
use crate::values;

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    latency: Option<Spanned<String>>,
    jitter: Option<Spanned<String>>,
    loss: Option<Spanned<toml::Value>>,
    #[serde(default)]
    region: BTreeMap<Spanned<String>, WrittenRegion>,
    #[serde(default)]
    class: BTreeMap<Spanned<String>, WrittenClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRegion {
    weight: Spanned<f64>,
    /// To each region.
    #[serde(default)]
    latency: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClass {
    share: Spanned<f64>,
    up: Spanned<String>,
    down: Spanned<String>,
}

/// What is wrong, and at which byte of the file.
struct Wrong {
    at: usize,
    reason: String,
}

impl World {
    /// The preset of that name, or the world in that file. `None` for `none`: links are as
    /// the machine has them.
    ///
    /// # Errors
    /// [`Error`], with the line.
    pub fn find(name: &str) -> Result<Option<Self>, Error> {
        if name == "none" {
            return Ok(None);
        }
        if let Some(text) = preset::text(name) {
            return Self::parse(name, text).map(Some);
        }
        let path = Path::new(name);
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(name, &text).map(Some),
            Err(_) if !path.exists() => Err(Error::Unknown { name: name.into() }),
            Err(source) => Err(Error::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The world in a text.
    ///
    /// # Errors
    /// [`Error::Malformed`], with the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let file: Result<File, Wrong> = toml::from_str(text).map_err(|error| Wrong {
            at: error.span().map_or(0, |span| span.start),
            reason: error.message().lines().next().unwrap_or_default().into(),
        });
        file.and_then(|file| file.world(name)).map_err(|wrong| {
            let before = text.bytes().take(wrong.at);
            Error::Malformed {
                path: name.into(),
                line: before.filter(|byte| *byte == b'\n').count() + 1,
                reason: wrong.reason,
            }
        })
    }
}

impl File {
    fn world(self, name: &str) -> Result<World, Wrong> {
        let latency = match (&self.latency, self.region.is_empty()) {
            (Some(one), true) => Latency::Drawn(resolved(one)?),
            (None, false) => Latency::Regions(matrix(&self.region)?),
            (Some(one), false) => {
                return Err(wrong(
                    one,
                    "each region has latencies of its own; leave this one out, or the regions",
                ));
            }
            (None, true) => Latency::Drawn(Delay::NONE),
        };
        let regions = self.region.iter().map(|(name, region)| {
            Ok(Region {
                name: name.get_ref().clone(),
                weight: part(&region.weight)?,
            })
        });
        let classes = self.class.iter().map(|(name, class)| {
            Ok(Class {
                name: name.get_ref().clone(),
                share: part(&class.share)?,
                up: read(&class.up)?,
                down: read(&class.down)?,
            })
        });
        Ok(World {
            name: name.into(),
            latency,
            jitter: self.jitter.as_ref().map_or(Ok(Delay::NONE), resolved)?,
            loss: self.loss.as_ref().map_or(Ok(0.0), probability)?,
            regions: regions.collect::<Result<_, _>>()?,
            classes: classes.collect::<Result<_, _>>()?,
        })
    }
}

fn wrong<T>(at: &Spanned<T>, reason: impl Into<String>) -> Wrong {
    Wrong {
        at: at.span().start,
        reason: reason.into(),
    }
}

fn read<T: FromStr<Err = String>>(text: &Spanned<String>) -> Result<T, Wrong> {
    text.get_ref()
        .parse()
        .map_err(|reason: String| wrong(text, reason))
}

/// A delay that the clock of links resolves.
fn resolved(text: &Spanned<String>) -> Result<Delay, Wrong> {
    let delay: Delay = read(text)?;
    match (Duration::from_nanos(1)..RESOLUTION).contains(&delay.most()) {
        true => Err(too_short(text)),
        false => Ok(delay),
    }
}

fn too_short(text: &Spanned<String>) -> Wrong {
    let reason = format!(
        "{} is less than the clock of links resolves, which rounds up to whole milliseconds; write \
         1ms, or 0",
        text.get_ref()
    );
    wrong(text, reason)
}

/// A weight or a share.
fn part(part: &Spanned<f64>) -> Result<f64, Wrong> {
    match part.get_ref() {
        value if *value > 0.0 && value.is_finite() => Ok(*value),
        value => Err(wrong(
            part,
            format!("{value} is no part of the peers; write a number above 0, for example 20"),
        )),
    }
}

fn probability(written: &Spanned<toml::Value>) -> Result<f64, Wrong> {
    let text = match written.get_ref() {
        toml::Value::String(text) => text.clone(),
        toml::Value::Float(value) => value.to_string(),
        toml::Value::Integer(value) => value.to_string(),
        other => other.type_str().into(),
    };
    values::probability(&text).map_err(|reason| wrong(written, format!("{text} is {reason}")))
}

/// From each region to each.
fn matrix(regions: &BTreeMap<Spanned<String>, WrittenRegion>) -> Result<Vec<Vec<Duration>>, Wrong> {
    let known = |name: &str| regions.keys().any(|region| region.get_ref() == name);
    let names = || regions.keys().map(|name| name.get_ref().as_str());
    for to in regions.values().flat_map(|region| region.latency.keys()) {
        if !known(to.get_ref()) {
            let names = Vec::from_iter(names()).join(", ");
            let reason = format!(
                "there is no region {}; the regions are {names}",
                to.get_ref()
            );
            return Err(wrong(to, reason));
        }
    }
    let row = |(from, region): (&Spanned<String>, &WrittenRegion)| {
        let to = |to: &str| {
            let mut found = region
                .latency
                .iter()
                .filter(|(name, _)| name.get_ref() == to);
            let (_, text) = found.next().ok_or_else(|| {
                let reason = format!(
                    "region {} has no latency to {to}; write for example latency.{to} = \"50ms\"",
                    from.get_ref()
                );
                wrong(from, reason)
            })?;
            match duration(text.get_ref()) {
                Ok(time) if time.is_zero() || time >= RESOLUTION => Ok(time),
                Ok(_) => Err(too_short(text)),
                Err(error) => Err(wrong(text, format!("{:?} is {error}", text.get_ref()))),
            }
        };
        names().map(to).collect()
    };
    regions.iter().map(row).collect()
}
