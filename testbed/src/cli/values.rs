//! Values on the command line that clap does not know.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use node::admission::Guests;
use proto::MAX_BODY;
pub(super) use trace::time::duration;

/// A number of bytes that fits into one message. `K` and `M` mean 1,024 and
/// 1,048,576.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = parse_size::Config::new()
            .with_binary()
            .parse_size(text)
            .map_err(|_| "no number of bytes; it looks like 512, 4K or 1M".to_owned())?;
        match usize::try_from(bytes) {
            Ok(size) if size <= MAX_BODY => Ok(Self(size)),
            _ => Err(format!(
                "{bytes} bytes are over the limit of {MAX_BODY} bytes (1M) a message"
            )),
        }
    }
}

/// No PeerId's text is longer: 64 bytes of a hash take some 90 letters. To read
/// longer ones takes a time that grows with the square of their length.
const LONGEST_ID: usize = 128;

/// Guests of a run: PeerIds, or `any`.
pub(super) fn guests(text: &str) -> Result<Guests, String> {
    if text == "any" {
        return Ok(Guests::Any);
    }
    let peer = |id: &str| {
        let parsed = (id.len() <= LONGEST_ID).then(|| id.parse().ok()).flatten();
        let shown: String = id.chars().take(LONGEST_ID).collect();
        parsed.ok_or_else(|| format!("{shown:?} is no PeerId; it looks like 12D3KooW..., or any"))
    };
    let peers = text.split(',').map(peer).collect::<Result<_, String>>()?;
    Ok(Guests::Named(peers))
}

/// A number of bytes of memory. `M` and `G` mean 2^20 and 2^30.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory(pub usize);

impl Memory {
    /// What collected spans may take if nobody says: two and a half million
    /// steps.
    pub const DEFAULT: Self = Self(1 << 30);
}

/// Less holds no trace worth looking at.
const LEAST_MEMORY: u64 = 16 << 20;

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = parse_size::Config::new()
            .with_binary()
            .parse_size(text)
            .map_err(|_| "no number of bytes; it looks like 256M or 1G".to_owned())?;
        match usize::try_from(bytes) {
            Ok(size) if bytes >= LEAST_MEMORY => Ok(Self(size)),
            _ => Err(
                "less than 16M holds no trace worth looking at; it looks like 256M or 1G".into(),
            ),
        }
    }
}

/// Where to listen: `127.0.0.1:8700`, `[::1]:8700`, `localhost:8700`, `:8700`
/// or `8700`. Without a host it is this machine alone.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let parsed = match host {
        "" | "localhost" => port
            .parse()
            .map(|port| (Ipv4Addr::LOCALHOST, port).into())
            .ok(),
        _ => text.parse().ok(),
    };
    parsed.ok_or_else(|| {
        "invalid address; expected for example 127.0.0.1:8700, localhost:8700 or :8700".to_owned()
    })
}

/// A time that is not 0, between one message and the next.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => {
            Err("there has to be time between two messages; it looks like 50ms".to_owned())
        }
        interval => Ok(interval),
    }
}

/// A time between messages, or none: it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval(pub Option<Duration>);

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self(None)),
            text => interval(text).map(|time| Self(Some(time))),
        }
    }
}

/// A part of a hundred that is not nothing.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let wrong = || "no percentage; it looks like 95 (from 1 to 100)".to_owned();
    let percent: f64 = text.parse().map_err(|_| wrong())?;
    match (1.0..=100.0).contains(&percent) {
        true => Ok(percent),
        false => Err(wrong()),
    }
}

/// A positive number of times a second.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let wrong = || "no rate; it looks like 50 or 0.5 (times a second)".to_owned();
    let rate: f64 = text.parse().map_err(|_| wrong())?;
    match rate.is_finite() && (1e-6..=1e6).contains(&rate) {
        true => Ok(rate),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use node::PeerId;

    use super::*;

    #[test]
    fn sizes_are_binary_and_bounded() {
        for (text, size) in [
            ("0", 0),
            ("512", 512),
            ("4K", 4096),
            ("4KiB", 4096),
            ("1M", 1 << 20),
        ] {
            assert_eq!(text.parse(), Ok(Size(size)), "{text}");
        }
        for text in ["", "-1", "x", "1048577", "2M", "99999999999999999999"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn address_without_a_host_is_the_loopback() {
        for (text, expected) in [
            (":8700", "127.0.0.1:8700"),
            ("8700", "127.0.0.1:8700"),
            ("localhost:0", "127.0.0.1:0"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text), Ok(expected.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            ":",
            "nonsense",
            "::1",
            "127.0.0.1",
            ":65536",
            "example.org:80",
            "localhost",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn memory_is_binary_and_not_too_little() {
        assert_eq!("16M".parse(), Ok(Memory(16 << 20)));
        assert_eq!("1G".parse(), Ok(Memory(1 << 30)));
        for text in ["", "0", "15M", "-1G", "much"] {
            assert!(text.parse::<Memory>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, millis) in [("0s", 0), ("50ms", 50), ("1.5s", 1500), ("2m", 120_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "5",
            "-1s",
            "soon",
            "1e9s",
            "366d",
            "9223372036854775807s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn guests_are_peer_ids_or_any() {
        let [a, b] = std::array::from_fn(|_| PeerId::random());
        assert_eq!(guests("any"), Ok(Guests::Any));
        assert_eq!(guests(&a.to_string()), Ok(Guests::Named([a].into())));
        let both = guests(&format!("{a},{b}"));
        assert_eq!(both, Ok(Guests::Named([a, b].into())));
        for text in ["", "all", "peer-00", &format!("{a},"), &format!("{a},any")] {
            assert!(guests(text).is_err(), "{text}");
        }
    }
}
