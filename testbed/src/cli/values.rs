//! Values on the command line that clap does not know.

use std::net::{Ipv4Addr, SocketAddr};

pub(super) use lab::values::{Memory, Size, duration, interval};
use node::admission::Guests;

/// The longest text that is parsed as a PeerId: a 64-byte hash takes about 90
/// letters. The time of parsing grows with the square of the length.
const LONGEST_ID: usize = 128;

/// Guests of a run: PeerIds, or `any`.
pub(super) fn guests(text: &str) -> Result<Guests, String> {
    if text == "any" {
        return Ok(Guests::Any);
    }
    let peer = |id: &str| {
        let parsed = (id.len() <= LONGEST_ID).then(|| id.parse().ok()).flatten();
        let shown: String = id.chars().take(LONGEST_ID).collect();
        parsed
            .ok_or_else(|| format!("{shown:?} is no PeerId; write for example 12D3KooW..., or any"))
    };
    let peers = text.split(',').map(peer).collect::<Result<_, String>>()?;
    Ok(Guests::Named(peers))
}

/// Where to listen: `127.0.0.1:8700`, `[::1]:8700`, `localhost:8700`, `:8700`
/// or `8700`. Without a host, the address is the loopback.
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

/// A percentage from 1 to 100.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let wrong = || "no percentage; write for example 95 (from 1 to 100)".to_owned();
    let percent: f64 = text.parse().map_err(|_| wrong())?;
    match (1.0..=100.0).contains(&percent) {
        true => Ok(percent),
        false => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use node::PeerId;

    use super::*;

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
