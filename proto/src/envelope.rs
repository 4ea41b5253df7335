//! The envelope, checked: what `v1::Envelope` may hold and what it may not.

mod encode;

use std::borrow::Cow;
use std::fmt;

use prost::Message as _;
use prost::bytes::{BufMut, Bytes};

use crate::{MAX_ENVELOPE, MAX_KIND, MAX_PAYLOAD, v1};

/// One message on its way through a channel.
///
/// The fields are those of `envelope.proto`; a value that came from
/// [`Envelope::decode`] has lengths within their limits and no zero ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Unique among the messages of its sender.
    pub id: u64,
    /// The message's name in its algorithm, at most [`MAX_KIND`] bytes.
    pub kind: Cow<'static, str>,
    /// When the sender made it, in nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
    /// When it stops being of use, on the same clock.
    pub deadline_unix_nano: Option<u64>,
    /// The step that sent it, if its sender traces.
    pub trace: Option<TraceContext>,
    /// Its place in the channel, from 0 without a gap in one incarnation.
    pub sequence: u64,
    /// Which opening of the channel it belongs to.
    pub incarnation: u32,
    /// The message, in its algorithm's encoding; at most [`MAX_PAYLOAD`] bytes.
    pub payload: Bytes,
}

/// W3C trace context: which span a message was sent from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// Not all zero.
    pub trace_id: [u8; 16],
    /// Not all zero.
    pub span_id: [u8; 8],
    /// W3C trace flags.
    pub flags: u32,
}

/// Why bytes are not an envelope, or an envelope cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The whole is longer than [`MAX_ENVELOPE`].
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The payload is longer than [`MAX_PAYLOAD`].
    PayloadTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The kind is empty or longer than [`MAX_KIND`].
    Kind {
        /// Its length in bytes.
        length: usize,
    },
    /// A trace or span id of the wrong length.
    IdLength {
        /// Which id.
        id: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A trace or span id of zeros alone.
    ZeroId {
        /// Which id.
        id: &'static str,
    },
    /// Not protobuf, or not this message.
    Malformed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length } => {
                write!(f, "envelope of {length} bytes; the limit is {MAX_ENVELOPE}")
            }
            Self::PayloadTooLong { length } => {
                write!(f, "payload of {length} bytes; the limit is {MAX_PAYLOAD}")
            }
            Self::Kind { length } => {
                write!(f, "kind of {length} bytes; it takes 1 to {MAX_KIND}")
            }
            Self::IdLength { id, length } => write!(f, "{id} of {length} bytes"),
            Self::ZeroId { id } => write!(f, "{id} is all zeros"),
            Self::Malformed(why) => write!(f, "malformed envelope: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl Envelope {
    /// Appends the encoding of the envelope to `buffer`. `prefix` is called first, with
    /// the length of the encoding in bytes.
    ///
    /// # Errors
    /// [`Error::Kind`] and [`Error::PayloadTooLong`]: what the other side
    /// would refuse is not sent. `buffer` is as before.
    pub fn append<B: BufMut>(
        &self,
        buffer: &mut B,
        prefix: impl FnOnce(usize, &mut B),
    ) -> Result<(), Error> {
        self.check()?;
        prefix(self.length(), buffer);
        self.write(buffer);
        Ok(())
    }

    /// The encoding of the envelope, without a length prefix.
    ///
    /// # Errors
    /// Those of [`Envelope::append`].
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::with_capacity(self.length());
        self.append(&mut bytes, |_, _| {})?;
        Ok(bytes)
    }

    /// Decodes and checks an envelope. The payload shares `bytes`' memory, and
    /// nothing larger than `bytes` is allocated whatever the fields claim.
    ///
    /// # Errors
    /// Every variant of [`Error`]: the bytes come from a peer.
    pub fn decode(bytes: Bytes) -> Result<Self, Error> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(Error::TooLong {
                length: bytes.len(),
            });
        }
        let raw = v1::Envelope::decode(bytes).map_err(|e| Error::Malformed(e.to_string()))?;
        let envelope = Self {
            id: raw.id,
            kind: raw.kind.into(),
            created_unix_nano: raw.created_unix_nano,
            deadline_unix_nano: (raw.deadline_unix_nano != 0).then_some(raw.deadline_unix_nano),
            trace: raw.trace.map(TraceContext::try_from).transpose()?,
            sequence: raw.sequence,
            incarnation: raw.incarnation,
            payload: raw.payload,
        };
        envelope.check()?;
        Ok(envelope)
    }

    /// Whether the receiver would accept it.
    ///
    /// # Errors
    /// [`Error::Kind`] and [`Error::PayloadTooLong`].
    pub fn check(&self) -> Result<(), Error> {
        match (self.kind.len(), self.payload.len()) {
            (length, _) if length == 0 || length > MAX_KIND => Err(Error::Kind { length }),
            (_, length) if length > MAX_PAYLOAD => Err(Error::PayloadTooLong { length }),
            _ => Ok(()),
        }
    }
}

impl TryFrom<v1::TraceContext> for TraceContext {
    type Error = Error;

    fn try_from(raw: v1::TraceContext) -> Result<Self, Error> {
        Ok(Self {
            trace_id: id("trace id", &raw.trace_id)?,
            span_id: id("span id", &raw.span_id)?,
            flags: raw.flags,
        })
    }
}

/// An id of exactly `N` bytes that are not all zero.
fn id<const N: usize>(name: &'static str, bytes: &[u8]) -> Result<[u8; N], Error> {
    let array = <[u8; N]>::try_from(bytes).map_err(|_| Error::IdLength {
        id: name,
        length: bytes.len(),
    })?;
    if array == [0; N] {
        return Err(Error::ZeroId { id: name });
    }
    Ok(array)
}

#[cfg(test)]
mod property_tests;

#[cfg(test)]
mod tests {
    use super::*;

    impl From<Envelope> for v1::Envelope {
        fn from(envelope: Envelope) -> Self {
            Self {
                id: envelope.id,
                kind: envelope.kind.into_owned(),
                created_unix_nano: envelope.created_unix_nano,
                deadline_unix_nano: envelope.deadline_unix_nano.unwrap_or(0),
                trace: envelope.trace.map(|trace| v1::TraceContext {
                    trace_id: Bytes::copy_from_slice(&trace.trace_id),
                    span_id: Bytes::copy_from_slice(&trace.span_id),
                    flags: trace.flags,
                }),
                sequence: envelope.sequence,
                incarnation: envelope.incarnation,
                payload: envelope.payload,
            }
        }
    }

    fn envelope() -> Envelope {
        Envelope {
            id: 7,
            kind: "PING".into(),
            created_unix_nano: 1_700_000_000_000_000_000,
            deadline_unix_nano: Some(1_700_000_001_000_000_000),
            trace: Some(TraceContext {
                trace_id: [1; 16],
                span_id: [2; 8],
                flags: 1,
            }),
            sequence: 3,
            incarnation: 1,
            payload: Bytes::from_static(b"hello"),
        }
    }

    /// The raw form of `envelope()` with one field changed, encoded.
    fn changed(change: impl FnOnce(&mut v1::Envelope)) -> Bytes {
        let mut raw = v1::Envelope::from(envelope());
        change(&mut raw);
        raw.encode_to_vec().into()
    }

    fn trace(trace_id: &[u8], span_id: &[u8]) -> Option<v1::TraceContext> {
        Some(v1::TraceContext {
            trace_id: Bytes::copy_from_slice(trace_id),
            span_id: Bytes::copy_from_slice(span_id),
            flags: 1,
        })
    }

    #[test]
    fn survives_the_round_trip() {
        let bytes = envelope().encode().unwrap();
        assert_eq!(Envelope::decode(bytes.into()), Ok(envelope()));
    }

    #[test]
    fn the_largest_envelope_fits_the_limit() {
        let largest = Envelope {
            id: u64::MAX,
            kind: "k".repeat(MAX_KIND).into(),
            created_unix_nano: u64::MAX,
            deadline_unix_nano: Some(u64::MAX),
            sequence: u64::MAX,
            incarnation: u32::MAX,
            payload: vec![7; MAX_PAYLOAD].into(),
            ..envelope()
        };
        let bytes = largest.encode().unwrap();
        assert!(bytes.len() <= MAX_ENVELOPE, "{} bytes", bytes.len());
        assert_eq!(Envelope::decode(bytes.into()), Ok(largest));
    }

    #[test]
    fn hostile_envelopes_are_refused() {
        let cases = [
            (
                "a short trace id",
                changed(|e| e.trace = trace(&[1; 15], &[2; 8])),
                Error::IdLength {
                    id: "trace id",
                    length: 15,
                },
            ),
            (
                "an over-long trace id",
                changed(|e| e.trace = trace(&[1; 4096], &[2; 8])),
                Error::IdLength {
                    id: "trace id",
                    length: 4096,
                },
            ),
            (
                "a zero trace id",
                changed(|e| e.trace = trace(&[0; 16], &[2; 8])),
                Error::ZeroId { id: "trace id" },
            ),
            (
                "a zero span id",
                changed(|e| e.trace = trace(&[1; 16], &[0; 8])),
                Error::ZeroId { id: "span id" },
            ),
            (
                "no kind",
                changed(|e| e.kind.clear()),
                Error::Kind { length: 0 },
            ),
            (
                "a kind of a page",
                changed(|e| e.kind = "k".repeat(4096)),
                Error::Kind { length: 4096 },
            ),
            (
                "a payload over the limit",
                changed(|e| e.payload = vec![0; MAX_PAYLOAD + 1].into()),
                Error::PayloadTooLong {
                    length: MAX_PAYLOAD + 1,
                },
            ),
            (
                "more than a frame",
                vec![0; MAX_ENVELOPE + 1].into(),
                Error::TooLong {
                    length: MAX_ENVELOPE + 1,
                },
            ),
        ];
        for (name, bytes, error) in cases {
            assert_eq!(Envelope::decode(bytes), Err(error), "{name}");
        }
    }

    #[test]
    fn malformed_protobuf_is_rejected() {
        // Field 8 (payload) claims 2^63 bytes; then a cut-off envelope.
        let claims_much = b"\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
        let whole = envelope().encode().unwrap();
        for bytes in [
            &claims_much[..],
            &whole[..whole.len() - 1],
            b"\xff\xff\xff",
            b"GET / HTTP/1.1",
        ] {
            let decoded = Envelope::decode(Bytes::copy_from_slice(bytes));
            assert!(
                matches!(decoded, Err(Error::Malformed(_))),
                "{bytes:?}: {decoded:?}"
            );
        }
    }

    #[test]
    fn invalid_envelopes_are_not_sent() {
        let too_long = Envelope {
            payload: vec![0; MAX_PAYLOAD + 1].into(),
            ..envelope()
        };
        assert_eq!(
            too_long.encode(),
            Err(Error::PayloadTooLong {
                length: MAX_PAYLOAD + 1
            })
        );
    }
}
