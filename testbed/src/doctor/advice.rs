//! What a failure means, and the way out of it.

use std::time::Duration;

use node::dial::Error;
use node::{PeerId, Transport};

use super::notes::{Noted, Stage};
use super::report::{Identity, Outcome, Step};
use super::target::Target;

/// The first message of multistream-select, with its length.
const MULTISTREAM: &[u8] = b"\x13/multistream/1.0.0\n";

/// Its answer to a protocol that the other side does not speak.
const NOT_AVAILABLE: &[u8] = b"\x03na\n";

const LIMIT: &str = "it may have no room for another connection (in all, of this address, or of \
     handshakes), or admit known peers alone: see its log, or try again";

/// The step of a dial that failed, why, and what to do.
pub(super) fn of_dial(
    target: &Target,
    noted: &Noted,
    error: &Error,
) -> (&'static str, String, String) {
    let last = noted.stages.last().map(|(stage, _)| *stage);
    let (step, (why, advice)) = match last {
        None if target.transport == Transport::Quic => ("dial", of_quic(error)),
        None => ("dial", of_socket(error)),
        Some(Stage::Socket) if target.transport == Transport::WebSocket => {
            ("websocket", of_websocket(&noted.first, error))
        }
        Some(Stage::Socket) => ("negotiation", of_negotiation(&noted.first, error)),
        Some(Stage::WebSocket) => ("negotiation", of_negotiation(&[], error)),
        Some(Stage::Negotiated) => (
            "security",
            (
                format!("Noise was agreed on, and failed: {}", reason(error)),
                "is the other side a libp2p peer, and not a proxy that changes bytes?".into(),
            ),
        ),
        Some(Stage::Secured(_) | Stage::Muxed) => (
            "muxer",
            (
                format!("no multiplexer was agreed on: {}", reason(error)),
                format!("it does not offer /yamux/1.0.0, or closes the connection: {LIMIT}"),
            ),
        ),
    };
    (step, why, advice)
}

fn of_socket(error: &Error) -> (String, String) {
    match error {
        Error::Timeout { .. } => (
            "no answer".into(),
            "the address is wrong, its host is down, or a firewall drops the packets".into(),
        ),
        error => (
            reason(error),
            "nothing listens there: is the peer running, at this address and port?".into(),
        ),
    }
}

fn of_quic(error: &Error) -> (String, String) {
    match error {
        Error::Timeout { .. } => (
            "no answer over QUIC".into(),
            "nothing listens there for QUIC, or UDP is blocked: try its TCP address".into(),
        ),
        error => (
            format!("the QUIC handshake failed: {}", reason(error)),
            format!("it is no libp2p peer, or refuses this one: {LIMIT}"),
        ),
    }
}

fn of_websocket(first: &[u8], error: &Error) -> (String, String) {
    let without = "if it speaks libp2p over plain TCP, leave /ws out";
    match (kind(first), error) {
        (Kind::Nothing, Error::Timeout { .. }) => (
            "it accepts the connection, and stays silent".into(),
            without.into(),
        ),
        (Kind::Nothing, _) => (
            "it closes the connection without an answer".into(),
            format!("{without}; otherwise {LIMIT}"),
        ),
        (Kind::Libp2p, _) => (
            "it speaks libp2p without WebSocket".into(),
            "leave /ws out".into(),
        ),
        (Kind::Http(line), _) => (
            format!("a web server that refuses the upgrade: {line}"),
            "is this the port of the libp2p peer?".into(),
        ),
        (Kind::Other(line), _) => (
            format!("it is no web server: it says {line:?}"),
            without.into(),
        ),
    }
}

fn of_negotiation(first: &[u8], error: &Error) -> (String, String) {
    let timed_out = matches!(error, Error::Timeout { .. });
    match kind(first) {
        Kind::Nothing if timed_out => (
            "it accepts the connection, and stays silent".into(),
            "it is no libp2p peer, or one over WebSocket (add /ws after the port), or it hangs"
                .into(),
        ),
        Kind::Nothing => (
            "it closes the connection without a word".into(),
            format!("if it is a libp2p peer, {LIMIT}"),
        ),
        Kind::Http(line) => (
            format!("a web server answers: {line}"),
            "is this the port of the libp2p peer? If it speaks WebSocket, add /ws after the port"
                .into(),
        ),
        Kind::Other(line) => (
            format!("it is no libp2p peer: it says {line:?}"),
            "is this the port of the libp2p peer?".into(),
        ),
        Kind::Libp2p if first[MULTISTREAM.len()..].starts_with(NOT_AVAILABLE) => (
            "a libp2p peer without Noise".into(),
            "switch /noise on there: it is all that is offered here".into(),
        ),
        Kind::Libp2p => (
            format!("a libp2p peer that stops: {}", reason(error)),
            LIMIT.into(),
        ),
    }
}

/// What the first bytes of the other side are.
enum Kind {
    Nothing,
    Libp2p,
    /// With its first line.
    Http(String),
    Other(String),
}

fn kind(first: &[u8]) -> Kind {
    let line = first.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    let line = String::from_utf8_lossy(line.unwrap_or_default());
    match first {
        [] => Kind::Nothing,
        first if first.starts_with(MULTISTREAM) => Kind::Libp2p,
        // A page without a status line is HTTP 0.9.
        first if first.starts_with(b"HTTP/") || first.starts_with(b"<") => Kind::Http(shown(&line)),
        _ => Kind::Other(line.chars().take(MOST).collect()),
    }
}

/// How much of a text from the other side is shown.
const MOST: usize = 80;

/// A text from the other side, on one line and without control characters.
pub(super) fn shown(text: &str) -> String {
    let start: String = text.chars().take(MOST).collect();
    escaped(&start)
}

/// A text from the other side without control characters.
pub(super) fn escaped(text: &impl ToString) -> String {
    text.to_string().escape_debug().to_string()
}

/// The cause alone: the address stands in the diagnosis.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::Unreachable { reason, .. }
        | Error::Handshake { reason, .. }
        | Error::GivenUp { reason, .. } => reason.clone(),
        Error::Timeout { .. } => "no answer in time".into(),
        error => error.to_string(),
    }
}

pub(super) fn another_peer(expected: PeerId, obtained: PeerId) -> (String, String) {
    (
        format!("{obtained} answers, and not {expected}"),
        format!(
            "another peer listens there, or it has a new key: take /p2p/{obtained} if you trust it"
        ),
    )
}

/// The connection was closed at once.
pub(super) fn closed(reason: &str) -> (String, String) {
    (
        format!("it closed the connection after the handshake: {reason}"),
        format!("probably it was refused: {LIMIT}"),
    )
}

pub(super) fn of_failure(step: &Step, timeout: Duration) -> String {
    let advice = step.advice.as_deref();
    let advice = advice.unwrap_or("its log may say more, or a longer --timeout helps");
    let mut letters = advice.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let advice: String = first.into_iter().chain(letters).collect();
    let (name, detail) = (step.name, &step.detail);
    let waited = match step.took {
        // All the time there was.
        Some(took) if took * 10 > timeout * 9 => format!(" within {timeout:?} (--timeout)"),
        _ => String::new(),
    };
    format!("{name} failed: {detail}{waited}. {advice}")
}

pub(super) fn of_success(
    peer: Option<PeerId>,
    identity: Option<&Identity>,
    steps: &[Step],
) -> String {
    let peer = peer.map_or_else(|| "the peer".to_owned(), |peer| peer.to_string());
    let agent = identity.map(|identity| format!(" ({})", shown(&identity.agent)));
    let agent = agent.unwrap_or_default();
    let offered = |name| {
        let mut all = steps.iter();
        all.any(|step| step.name == name && step.outcome == Outcome::Ok)
    };
    let way = match (offered("target"), offered("channel"), offered("ping")) {
        (true, ..) => "so is the peer behind it",
        (_, true, _) => "`testbed ping --to` will measure it",
        (_, false, true) => "`testbed ping --to` will measure it over libp2p's own ping",
        (_, false, false) => "it answers no ping, so `testbed ping --to` cannot measure it",
    };
    format!("all is well: {peer}{agent} is there; {way}")
}
