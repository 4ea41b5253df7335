//! Values on the command line that clap does not know.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use clap::Parser;
pub(super) use lab::values::{Memory, Size, duration, interval};
use node::admission::Guests;

use super::With;
use super::registry::Virtual;

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

/// A system with its options, or the program of a crate.
pub(super) fn judge(text: &str) -> Result<With, String> {
    let error = match system(text) {
        Ok(system) => return Ok(With::System(Box::new(system))),
        Err(error) => error,
    };
    // A name without a folder would be searched for in PATH.
    match Path::new(text).canonicalize() {
        Ok(program) if program.is_file() => Ok(With::Program(program)),
        _ => Err(format!("{error}; or a program, and there is no such file")),
    }
}

/// A system with its options: `snapshot --algorithm naive`.
pub(super) fn system(text: &str) -> Result<Virtual, String> {
    #[derive(Parser)]
    #[command(
        name = "--with",
        disable_help_flag = true,
        disable_help_subcommand = true
    )]
    struct Words {
        #[command(subcommand)]
        system: Virtual,
    }
    let words = shlex::split(text).ok_or("a quote is not closed")?;
    let words = std::iter::once("--with".to_owned()).chain(words);
    let parsed = Words::try_parse_from(words).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        let first = first.trim_start_matches("error: ");
        format!("{first}; write for example wave, or \"snapshot --algorithm naive\"")
    })?;
    Ok(parsed.system)
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
    fn systems_have_their_options() {
        for text in [
            "wave",
            "wave --initiators 2",
            "snapshot --algorithm 'naive'",
        ] {
            assert!(system(text).is_ok(), "{text}");
        }
        for (text, part) in [
            ("", "wave"),
            ("kad", "'kad'"),
            ("wave --initiators x", "--initiators"),
            ("wave --size 3", "--size"),
            ("wave 'x", "quote"),
        ] {
            let error = system(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
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
