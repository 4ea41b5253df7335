//! The commands on standard input: one JSON object a line.

use libp2p::PeerId;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::lookup::Lookup;

/// A line of standard input.
#[derive(Debug)]
pub(super) struct Request {
    /// Any JSON value; the answer repeats it.
    pub(super) id: Option<Value>,
    /// The command, or why the line is not one.
    pub(super) command: Result<Command, String>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Command {
    /// Send a message to all that have subscribed to a gossipsub topic.
    Publish { topic: String, data: Data },
    /// Store a value in the hash table.
    Put { key: Data, value: Data },
    /// Fetch a value.
    Get { key: Data },
    /// Announce that this peer provides a key.
    Provide { key: Data },
    /// Find the providers of a key.
    Providers { key: Data },
    /// Find the peers that are closest to a key.
    Find { key: Data },
    /// Get through to a peer, and ping it.
    Ping { peer: String },
    /// Find the peers that are registered at the hub.
    Peers {},
    /// Send data to a peer over the hub.
    Send { peer: String, data: Data },
}

/// Bytes: in JSON a string, which stands for its UTF-8, or `{"hex": "00ff"}`, or
/// `{"peer": "12D3Koo..."}` for those of a PeerId.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Data(pub(super) Vec<u8>);

impl Request {
    /// Reads one line.
    pub(super) fn parse(line: &[u8]) -> Self {
        let mut id = None;
        let command = serde_json::from_slice(line)
            .map_err(|error| format!("no JSON: {error}"))
            .and_then(|mut value: Value| {
                let object = value.as_object_mut().ok_or("no JSON object")?;
                id = object.remove("id");
                Command::deserialize(value).map_err(|error| error.to_string())
            });
        let example =
            |why| format!("{why}; write for example {{\"do\": \"get\", \"key\": \"a key\"}}");
        Self {
            id,
            command: command.map_err(example),
        }
    }
}

impl Command {
    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Publish { .. } => "publish",
            Self::Put { .. } => "put",
            Self::Get { .. } => "get",
            Self::Provide { .. } => "provide",
            Self::Providers { .. } => "providers",
            Self::Find { .. } => "find",
            Self::Ping { .. } => "ping",
            Self::Peers {} => "peers",
            Self::Send { .. } => "send",
        }
    }

    /// The lookup in the hash table, if it is one.
    pub(super) fn lookup(&self) -> Option<Lookup> {
        let bytes = |data: &Data| data.0.clone();
        Some(match self {
            Self::Publish { .. } | Self::Ping { .. } | Self::Peers {} | Self::Send { .. } => {
                return None;
            }
            Self::Put { key, value } => Lookup::Put {
                key: bytes(key),
                value: bytes(value),
            },
            Self::Get { key } => Lookup::Get { key: bytes(key) },
            Self::Provide { key } => Lookup::Provide { key: bytes(key) },
            Self::Providers { key } => Lookup::Providers { key: bytes(key) },
            Self::Find { key } => Lookup::Closest { key: bytes(key) },
        })
    }
}

impl Data {
    fn from_json(value: &Value) -> Option<Vec<u8>> {
        let field = |name| match value.as_object() {
            Some(object) if object.len() == 1 => object.get(name)?.as_str(),
            _ => None,
        };
        if let Some(text) = value.as_str() {
            Some(text.as_bytes().to_vec())
        } else if let Some(hex) = field("hex") {
            const_hex::decode(hex).ok()
        } else {
            let peer: PeerId = field("peer")?.parse().ok()?;
            Some(peer.to_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let wrong = || {
            D::Error::custom(
                "bytes are written as a text, as {\"hex\": \"00ff\"} or as {\"peer\": \"12D3Koo...\"}",
            )
        };
        Self::from_json(&value).map(Self).ok_or_else(wrong)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => json!({ "hex": const_hex::encode(&self.0) }).serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(bytes: &[u8]) -> Data {
        Data(bytes.to_vec())
    }

    #[test]
    fn command_lines_are_parsed() {
        let peer = PeerId::random();
        let of_peer = format!(r#"{{"do": "find", "key": {{"peer": "{peer}"}}}}"#);
        for (line, id, command) in [
            (
                r#"{"id": 7, "do": "publish", "topic": "news", "data": "é"}"#,
                Some(json!(7)),
                Command::Publish {
                    topic: "news".into(),
                    data: data("é".as_bytes()),
                },
            ),
            (
                r#"{"do": "put", "key": {"hex": "00fF"}, "value": ""}"#,
                None,
                Command::Put {
                    key: data(&[0, 255]),
                    value: data(&[]),
                },
            ),
            (
                r#"{"do": "get", "key": "k", "id": {"a": [1]}}"#,
                Some(json!({"a": [1]})),
                Command::Get { key: data(b"k") },
            ),
            (
                &of_peer,
                None,
                Command::Find {
                    key: data(&peer.to_bytes()),
                },
            ),
        ] {
            let request = Request::parse(line.as_bytes());
            assert_eq!(request.id, id, "{line}");
            assert_eq!(request.command, Ok(command), "{line}");
        }
    }

    #[test]
    fn a_malformed_command_is_rejected_with_reason_and_id() {
        for (line, why) in [
            ("", "no JSON"),
            ("get a", "no JSON"),
            ("[1]", "no JSON object"),
            (r#"{"id": 1}"#, "`do`"),
            (r#"{"id": 1, "do": "fetch", "key": "k"}"#, "`fetch`"),
            (r#"{"id": 1, "do": "get"}"#, "`key`"),
            (r#"{"id": 1, "do": "get", "key": "k", "kee": 1}"#, "`kee`"),
            (r#"{"id": 1, "do": "get", "key": 7}"#, "bytes are written"),
            (
                r#"{"id": 1, "do": "get", "key": {"hex": "0"}}"#,
                "bytes are",
            ),
            (
                r#"{"id": 1, "do": "get", "key": {"hex": "é"}}"#,
                "bytes are",
            ),
            (
                r#"{"id": 1, "do": "find", "key": {"peer": "Q"}}"#,
                "bytes are",
            ),
        ] {
            let request = Request::parse(line.as_bytes());
            let error = request.command.expect_err(line);
            assert!(error.contains(why), "{line}: {error}");
            assert!(
                error.contains("write for example {\"do\""),
                "{line}: {error}"
            );
            assert_eq!(request.id.is_some(), line.contains("\"id\""), "{line}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_written_as_hex() {
        for (bytes, expected) in [
            (&b"a key"[..], json!("a key")),
            (&[0xff, 0x00], json!({"hex": "ff00"})),
        ] {
            let written = serde_json::to_value(data(bytes)).expect("no keys but strings");
            assert_eq!(written, expected);
            assert_eq!(Data::from_json(&written).as_deref(), Some(bytes));
        }
    }
}
