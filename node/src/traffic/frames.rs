//! The frames of one stream in one direction, read along as they pass.
//!
//! A frame is a length and so many bytes: a name while the protocol is negotiated
//! (`/multistream/1.0.0`, `/meshsub/1.2.0`), and then a message of Kademlia, which is skipped
//! whole, or an `RPC` of gossipsub, a Protocol Buffers message. Only tags and lengths are
//! looked at; payloads are skipped. Nothing is buffered, so it does not matter into which
//! pieces the bytes were cut.

use super::Flow;

/// In an `RPC`: its `ControlMessage`.
const CONTROL: u64 = 3;

/// The field of a control message that has ids of messages, by the field of that message;
/// 0 for none.
const IDS: [u64; 5] = [2, 1, 0, 0, 1];

/// The position in a stream.
#[derive(Debug, Default)]
pub(super) struct Frames {
    want: Want,
    /// What was negotiated.
    protocol: Protocol,
    position: u64,
    /// Where the frame ends, the `ControlMessage` in it, and the control message in that,
    /// as far as they are open.
    ends: [u64; 3],
    depth: usize,
    /// The field of the open control message, less one.
    kind: usize,
    /// Where what is skipped ends.
    until: u64,
    /// A number that is being read: seven bits a byte. Of a name, its first bytes.
    number: u64,
    bits: u32,
}

/// A protocol whose messages are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Protocol {
    #[default]
    None,
    Gossipsub,
    Kademlia,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Want {
    /// The length of a frame.
    #[default]
    Frame,
    /// The tag of a field.
    Tag,
    /// A field that is a number.
    Number,
    /// The length of this field.
    Length(u64),
    /// Bytes that are skipped.
    Skip,
    /// The name of a protocol.
    Name,
    /// It is another protocol, or malformed.
    Nothing,
}

impl Frames {
    /// What the next bytes of the stream add.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Flow {
        let mut flow = Flow::default();
        while let Some(&byte) = bytes.first() {
            let taken = match self.want {
                Want::Nothing => break,
                Want::Skip => bytes.len().min((self.until - self.position) as usize),
                _ => 1,
            };
            if self.protocol != Protocol::None {
                flow.bytes += taken as u64;
            }
            self.position += taken as u64;
            bytes = &bytes[taken..];
            match self.want {
                Want::Skip if self.position == self.until => self.want = Want::Tag,
                Want::Skip | Want::Nothing => {}
                Want::Name => self.on_letter(byte),
                Want::Frame | Want::Tag | Want::Number | Want::Length(_) => {
                    self.on_byte(byte, &mut flow);
                }
            }
            self.close();
        }
        flow
    }

    fn on_letter(&mut self, letter: u8) {
        if self.bits < u64::BITS {
            self.number = self.number << 8 | u64::from(letter);
            self.bits += 8;
        }
    }

    /// A byte of a number.
    fn on_byte(&mut self, byte: u8, flow: &mut Flow) {
        if self.bits >= u64::BITS {
            self.want = Want::Nothing;
            return;
        }
        self.number |= u64::from(byte & 0x7f) << self.bits;
        self.bits += 7;
        if byte & 0x80 == 0 {
            let number = self.number;
            (self.number, self.bits) = (0, 0);
            self.on_number(number, flow);
        }
    }

    fn on_number(&mut self, number: u64, flow: &mut Flow) {
        match self.want {
            Want::Frame if number > 0 => {
                self.open(number);
                if self.protocol == Protocol::Kademlia {
                    self.skip(number);
                }
            }
            // No tag: Protocol Buffers know no such type of a field.
            Want::Tag if self.depth == 1 && number == u64::from(b'/') => self.want = Want::Name,
            Want::Tag if self.protocol != Protocol::Gossipsub => self.want = Want::Nothing,
            Want::Tag => match number & 7 {
                0 => self.want = Want::Number,
                1 => self.skip(8),
                2 => self.want = Want::Length(number >> 3),
                5 => self.skip(4),
                _ => self.want = Want::Nothing,
            },
            Want::Number => self.want = Want::Tag,
            Want::Length(field) => self.on_field(field, number, flow),
            Want::Frame | Want::Skip | Want::Name | Want::Nothing => {}
        }
    }

    fn on_field(&mut self, field: u64, length: u64, flow: &mut Flow) {
        match (self.depth, field) {
            (1, CONTROL) => self.open(length),
            (2, 1..=5) => {
                self.kind = field as usize - 1;
                flow.control[self.kind] += 1;
                self.open(length);
            }
            (3, field) if field == IDS[self.kind] => {
                flow.ids[self.kind] += 1;
                self.skip(length);
            }
            _ => self.skip(length),
        }
    }

    /// Nothing is longer than that in which it is.
    fn end(&self, length: u64) -> u64 {
        let end = self.position.saturating_add(length);
        let outer = self.depth.checked_sub(1).map(|outer| self.ends[outer]);
        outer.map_or(end, |outer| end.min(outer))
    }

    fn open(&mut self, length: u64) {
        self.ends[self.depth] = self.end(length);
        self.depth += 1;
        self.want = Want::Tag;
    }

    fn skip(&mut self, length: u64) {
        self.until = self.end(length);
        self.want = match self.until > self.position {
            true => Want::Skip,
            false => Want::Tag,
        };
    }

    /// Closes what ends here.
    fn close(&mut self) {
        while self.depth > 0 && self.position >= self.ends[self.depth - 1] {
            let is_whole = match self.want {
                Want::Tag => self.bits == 0,
                Want::Name => true,
                _ => false,
            };
            if !is_whole {
                self.want = Want::Nothing;
                return;
            }
            self.depth -= 1;
            if self.depth == 0 {
                self.on_frame();
            }
        }
    }

    fn on_frame(&mut self) {
        let start = self.number.to_be_bytes();
        if self.want == Want::Name {
            match &start {
                b"meshsub/" | b"floodsub" => self.protocol = Protocol::Gossipsub,
                b"ipfs/kad" => self.protocol = Protocol::Kademlia,
                _ => {}
            }
        }
        (self.number, self.bits) = (0, 0);
        self.want = Want::Frame;
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::Kind;
    use super::*;

    #[derive(Message)]
    struct Rpc {
        #[prost(message, repeated, tag = "2")]
        publish: Vec<Published>,
        #[prost(message, optional, tag = "3")]
        control: Option<Control>,
        #[prost(uint64, optional, tag = "9")]
        unknown: Option<u64>,
        #[prost(fixed32, optional, tag = "11")]
        fixed: Option<u32>,
    }

    #[derive(Message)]
    struct Published {
        #[prost(bytes, tag = "2")]
        data: Vec<u8>,
    }

    #[derive(Message)]
    struct Control {
        #[prost(message, repeated, tag = "1")]
        ihave: Vec<IHave>,
        #[prost(message, repeated, tag = "2")]
        iwant: Vec<Ids>,
        #[prost(message, repeated, tag = "3")]
        graft: Vec<Topic>,
        #[prost(message, repeated, tag = "4")]
        prune: Vec<Topic>,
        #[prost(message, repeated, tag = "5")]
        idontwant: Vec<Ids>,
    }

    #[derive(Message)]
    struct IHave {
        #[prost(string, tag = "1")]
        topic: String,
        #[prost(bytes, repeated, tag = "2")]
        ids: Vec<Vec<u8>>,
    }

    #[derive(Message)]
    struct Ids {
        #[prost(bytes, repeated, tag = "1")]
        ids: Vec<Vec<u8>>,
    }

    #[derive(Message)]
    struct Topic {
        #[prost(string, tag = "1")]
        topic: String,
        #[prost(uint64, optional, tag = "3")]
        backoff: Option<u64>,
    }

    fn names(names: &[&str]) -> Vec<u8> {
        let lines = names.iter().map(|name| format!("{name}\n").into_bytes());
        let framed = lines.map(|line| [vec![line.len() as u8], line].concat());
        framed.collect::<Vec<_>>().concat()
    }

    fn rpcs() -> Vec<u8> {
        let ids = |count: usize| vec![vec![b'/'; 40]; count];
        let topic = |backoff| Topic {
            topic: "t".into(),
            backoff,
        };
        let control = Control {
            ihave: vec![IHave {
                topic: "t".into(),
                ids: ids(3),
            }],
            iwant: vec![Ids { ids: ids(2) }, Ids { ids: ids(0) }],
            graft: vec![topic(None)],
            prune: vec![topic(Some(60)), topic(Some(60))],
            idontwant: vec![Ids { ids: ids(1) }],
        };
        let data = vec![0x1a; 300];
        let rpc = |publish, control| Rpc {
            publish,
            control,
            unknown: Some(u64::MAX),
            fixed: Some(7),
        };
        let all = [
            rpc(vec![Published { data }], Some(control)),
            rpc(vec![], None),
        ];
        let framed = all.map(|rpc| rpc.encode_length_delimited_to_vec());
        framed.concat()
    }

    /// In pieces of so many bytes.
    fn read(bytes: &[u8], piece: usize) -> Flow {
        let mut frames = Frames::default();
        let mut all = Flow::default();
        for piece in bytes.chunks(piece) {
            let flow = frames.read(piece);
            all.bytes += flow.bytes;
            for kind in 0..5 {
                all.control[kind] += flow.control[kind];
                all.ids[kind] += flow.ids[kind];
            }
        }
        all
    }

    #[test]
    fn control_messages_and_bytes_are_counted_in_pieces_of_any_size() {
        let rpcs = rpcs();
        let stream = [
            names(&["/multistream/1.0.0", "/meshsub/1.2.0"]),
            rpcs.clone(),
        ]
        .concat();
        for piece in 1..=stream.len() {
            let flow = read(&stream, piece);
            assert_eq!(flow.bytes, rpcs.len() as u64, "pieces of {piece}");
            let counted = Kind::ALL.map(|kind| (flow.control(kind), flow.ids(kind)));
            assert_eq!(
                counted,
                [(1, 3), (2, 2), (1, 0), (2, 0), (1, 1)],
                "pieces of {piece}"
            );
        }
    }

    /// An older version is proposed after a newer one was refused.
    #[test]
    fn a_second_proposal_is_no_rpc() {
        let proposals = ["/multistream/1.0.0", "/meshsub/1.2.0", "/meshsub/1.1.0"];
        let flow = read(&[names(&proposals), rpcs()].concat(), 7);
        assert_eq!(flow.control(Kind::IWant), 2);
    }

    #[test]
    fn other_protocols_are_not_counted() {
        for protocol in ["/ipfs/ping/1.0.0", "/ipfs/id/1.0.0", "/meshy"] {
            let names = names(&["/multistream/1.0.0", protocol]);
            let flow = read(&[names, rpcs()].concat(), 5);
            assert_eq!(flow, Flow::default(), "{protocol}");
        }
    }

    /// Its messages have other fields, so only bytes are counted.
    #[test]
    fn messages_of_kademlia_are_skipped_whole() {
        let names = names(&["/multistream/1.0.0", "/ipfs/kad/1.0.0"]);
        let stream = [names, rpcs()].concat();
        for piece in [1, 7, stream.len()] {
            let flow = read(&stream, piece);
            assert_eq!(flow.bytes, rpcs().len() as u64, "pieces of {piece}");
            assert_eq!(flow.control, [0; 5], "pieces of {piece}");
        }
    }

    /// What a stranger sends may be anything.
    #[test]
    fn malformed_bytes_do_no_harm() {
        let start = names(&["/multistream/1.0.0", "/meshsub/1.2.0"]);
        let whole = [start.clone(), rpcs()].concat();
        for place in start.len()..whole.len() {
            for byte in [0, 0x1a, 0x7f, 0x80, 0xff] {
                let mut broken = whole.clone();
                broken[place] = byte;
                let flow = read(&broken, 11);
                assert!(flow.bytes <= whole.len() as u64);
            }
        }
        let endless = [start, vec![0xff; 100]].concat();
        assert_eq!(read(&endless, 100).control, [0; 5]);
    }
}
