use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;

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
