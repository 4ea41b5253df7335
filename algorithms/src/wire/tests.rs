use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use std::time::Duration;

use super::*;
use crate::Fraction;

/// Fields of every type that a field can have.
#[derive(Clone, Debug, Default, PartialEq, Eq, crate::Message)]
#[message(nested)]
struct Everything {
    #[message(tag = 16)]
    large: u64,
    #[message(tag = 1)]
    small: i32,
    #[message(tag = 2)]
    negative: i64,
    #[message(tag = 3)]
    flag: bool,
    #[message(tag = 4)]
    text: String,
    #[message(tag = 5)]
    bytes: Bytes,
    #[message(tag = 6)]
    process: Option<NodeId>,
    #[message(tag = 7)]
    numbers: Vec<u64>,
    #[message(tag = 8)]
    trees: Vec<Tree>,
    #[message(tag = 9)]
    map: BTreeMap<String, Vec<i32>>,
    #[message(tag = 10)]
    either: Option<Either>,
}

/// A recursive message.
#[derive(Clone, Debug, Default, PartialEq, Eq, crate::Message)]
#[message(nested)]
struct Tree {
    #[message(tag = 1)]
    children: Vec<Tree>,
}

#[derive(Clone, Debug, PartialEq, Eq, crate::Message)]
#[message(nested)]
enum Either {
    #[message(tag = 1)]
    Left(u64),
    #[message(tag = 2)]
    Right(#[message(tag = 1)] bool, #[message(tag = 2)] String),
    #[message(tag = 3)]
    Neither,
}

fn everything() -> Everything {
    let tree = |children| Tree { children };
    Everything {
        large: u64::MAX,
        small: -1,
        negative: i64::MIN,
        flag: true,
        text: "Élection".to_owned(),
        bytes: vec![7; 200].into(),
        process: Some(NodeId(0)),
        numbers: vec![0, 1, u64::MAX],
        trees: vec![
            tree(vec![tree(vec![]), tree(vec![tree(vec![])])]),
            tree(vec![]),
        ],
        map: [("a".to_owned(), vec![-1]), (String::new(), vec![])].into(),
        either: Some(Either::Right(true, "yes".to_owned())),
    }
}

#[test]
fn fields_of_every_type_survive_the_round_trip() {
    let either = |either| Everything {
        either: Some(either),
        ..Everything::default()
    };
    let nothing = Everything::default();
    assert_eq!(encode(&nothing), Bytes::new(), "defaults are left out");
    let all = [
        everything(),
        nothing,
        either(Either::Left(0)),
        either(Either::Neither),
    ];
    for message in all {
        assert_eq!(decode(encode(&message)), Some(message));
    }
    let text = Bytes::from_static(b"\x22\x01\xff");
    assert_eq!(decode::<Everything>(text), None, "not UTF-8");
}

#[test]
fn hostile_bytes_are_read_or_rejected() {
    let whole = encode(&everything());
    for end in 0..whole.len() {
        // A prefix may be a valid message: fields may be absent.
        let _ = decode::<Everything>(whole.slice(..end));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for seed in 0..20_000 {
        let mut bytes = whole.to_vec();
        for _ in 0..rng.random_range(1..8) {
            let at = rng.random_range(0..bytes.len());
            bytes[at] = rng.random();
        }
        if let Some(message) = decode::<Everything>(bytes.into()) {
            assert_eq!(decode(encode(&message)), Some(message), "change {seed}");
        }
    }
    let claims_much = b"\x22\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
    let text_of_2_to_63 = Bytes::from_static(claims_much);
    assert_eq!(decode::<Everything>(text_of_2_to_63), None);
}

#[test]
fn messages_nest_as_deep_as_in_prost() {
    let nests = |depth| {
        let leaf = Tree::default();
        let tree = (0..depth).fold(leaf, |tree, _| Tree {
            children: vec![tree],
        });
        decode::<Tree>(encode(&tree)).is_some()
    };
    assert!(nests(DEEPEST));
    assert!(!nests(DEEPEST + 1));
    let mut bytes = Bytes::new();
    for _ in 0..20_000 {
        let mut outer = Vec::new();
        member(&bytes, 1, &mut outer);
        bytes = outer.into();
    }
    assert_eq!(decode::<Tree>(bytes), None);
}

/// Fields of types that have the form of another type.
#[derive(Clone, Debug, PartialEq, Eq, crate::Message)]
#[message(nested)]
struct Plain {
    #[message(tag = 1)]
    byte: u8,
    #[message(tag = 2)]
    size: usize,
    #[message(tag = 3)]
    short: i16,
    #[message(tag = 4)]
    letter: char,
    #[message(tag = 5)]
    wait: Duration,
    #[message(tag = 6)]
    share: Fraction,
    #[message(tag = 7)]
    pair: (NodeId, Vec<(u8, bool)>),
}

#[test]
fn plain_values_survive_the_round_trip() {
    let plain = Plain {
        byte: 255,
        size: usize::MAX,
        short: -7,
        letter: 'É',
        wait: Duration::new(u64::MAX, 999_999_999),
        share: Fraction::MIN,
        pair: (NodeId(3), vec![(0, false), (9, true)]),
    };
    assert_eq!(decode(encode(&plain)), Some(plain));
}

#[test]
fn values_beyond_their_range_are_rejected() {
    fn rejects<T: Single>(hex: &'static [u8]) {
        let decoded = decode::<(T, bool)>(Bytes::from_static(hex));
        assert!(decoded.is_none(), "{hex:?}");
    }
    // 256, and a surrogate.
    rejects::<u8>(b"\x08\x80\x02");
    rejects::<char>(b"\x08\x80\xb0\x03");
    // 10^9 nanoseconds.
    rejects::<Duration>(b"\x0a\x06\x10\x80\x94\xeb\xdc\x03");
    // 1 and -1 units.
    rejects::<Fraction>(b"\x0a\x0d\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    assert_eq!(
        decode(Bytes::from_static(b"\x0a\x04\x08\x01\x10\x02")),
        Some((Fraction::from_parts((1, 2)).expect("parts"), false))
    );
}
