//! The messages of gossipsub, as its specification has them
//! (`pubsub/gossipsub/gossipsub-v1.2.md` of libp2p's specs), as far as attackers use them.

use std::io;

use asynchronous_codec::{Framed, FramedRead};
use futures::{AsyncRead, AsyncWrite, SinkExt as _, Stream, StreamExt as _};
use prost::Message as _;
use unsigned_varint::codec::UviBytes;

/// The largest RPC that is read. A guess; libp2p has 64 KiB, this laboratory more.
const MOST: usize = 16 << 20;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Rpc {
    #[prost(message, repeated, tag = "1")]
    pub(super) subscriptions: Vec<Subscription>,
    #[prost(message, repeated, tag = "2")]
    pub(super) publish: Vec<Message>,
    #[prost(message, optional, tag = "3")]
    pub(super) control: Option<Control>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Subscription {
    #[prost(bool, optional, tag = "1")]
    pub(super) subscribe: Option<bool>,
    #[prost(string, optional, tag = "2")]
    pub(super) topic: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Message {
    #[prost(bytes = "vec", optional, tag = "1")]
    pub(super) from: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) data: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "3")]
    pub(super) sequence_number: Option<Vec<u8>>,
    #[prost(string, required, tag = "4")]
    pub(super) topic: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Control {
    #[prost(message, repeated, tag = "1")]
    pub(super) ihave: Vec<IHave>,
    #[prost(message, repeated, tag = "2")]
    pub(super) iwant: Vec<IWant>,
    #[prost(message, repeated, tag = "3")]
    pub(super) graft: Vec<Graft>,
    #[prost(message, repeated, tag = "4")]
    pub(super) prune: Vec<Prune>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct IHave {
    #[prost(string, optional, tag = "1")]
    pub(super) topic: Option<String>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(super) ids: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct IWant {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub(super) ids: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Graft {
    #[prost(string, optional, tag = "1")]
    pub(super) topic: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Prune {
    #[prost(string, optional, tag = "1")]
    pub(super) topic: Option<String>,
    /// In seconds.
    #[prost(uint64, optional, tag = "3")]
    pub(super) backoff: Option<u64>,
}

impl From<Control> for Rpc {
    fn from(control: Control) -> Self {
        Self {
            control: Some(control),
            ..Self::default()
        }
    }
}

fn frames() -> UviBytes<io::Cursor<Vec<u8>>> {
    let mut frames = UviBytes::default();
    frames.set_max_len(MOST);
    frames
}

/// The RPCs that come on a stream.
pub(super) fn read(stream: impl AsyncRead + Unpin) -> impl Stream<Item = io::Result<Rpc>> {
    let frames = FramedRead::new(stream, frames());
    frames.map(|frame| Rpc::decode(frame?).map_err(io::Error::other))
}

/// Sends RPCs on a stream.
pub(super) struct Writer<S>(Framed<S, UviBytes<io::Cursor<Vec<u8>>>>);

impl<S: AsyncRead + AsyncWrite + Unpin> Writer<S> {
    pub(super) fn new(stream: S) -> Self {
        Self(Framed::new(stream, frames()))
    }

    pub(super) async fn send(&mut self, rpc: &Rpc) -> io::Result<()> {
        self.0.send(io::Cursor::new(rpc.encode_to_vec())).await
    }
}
