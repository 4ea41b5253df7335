//! A file of blocks, its hash tree, and who stores which of its blocks.

use std::collections::BTreeSet;
use std::sync::Arc;

use proto::Bytes;
use sha2::{Digest as _, Sha256};

use super::Message;
use crate::{Describe, Fields};

/// A SHA-256 hash.
type Hash = [u8; 32];

/// A file, with the hashes of its blocks. It has one block at least.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct File {
    blocks: Vec<Bytes>,
    leaves: Vec<Hash>,
    root: Hash,
}

impl File {
    /// Of these blocks.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(blocks: Vec<Bytes>) -> Self {
        let leaves: Vec<_> = blocks.iter().map(|block| leaf(block)).collect();
        let root = tree(&leaves);
        Self {
            blocks,
            leaves,
            root,
        }
    }
}

/// The hash of a block. Its first byte differs from that of an inner node, so that no block can
/// pass for one (RFC 6962, section 2.1).
fn leaf(block: &[u8]) -> Hash {
    let hash = Sha256::new().chain_update([0]).chain_update(block);
    hash.finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    let hash = Sha256::new().chain_update([1]).chain_update(left);
    hash.chain_update(right).finalize().into()
}

/// How many of `count` leaves, which are two at least, are in the left subtree: the largest
/// power of two below.
const fn left_of(count: u32) -> u32 {
    1 << (count - 1).ilog2()
}

/// The root of the tree over these leaves.
fn tree(leaves: &[Hash]) -> Hash {
    if let [one] = leaves {
        return *one;
    }
    let (left, right) = leaves.split_at(left_of(leaves.len() as u32) as usize);
    node(&tree(left), &tree(right))
}

/// The hashes beside the way from that leaf to the root, from below.
fn path(index: usize, leaves: &[Hash]) -> Vec<Bytes> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(left_of(leaves.len() as u32) as usize);
    let (mut below, beside) = match index.checked_sub(left.len()) {
        None => (path(index, left), tree(right)),
        Some(index) => (path(index, right), tree(left)),
    };
    below.push(Bytes::copy_from_slice(&beside));
    below
}

/// The root of a file of `count` blocks in which that block has that index and that path. `None`
/// if no block of the file can have such a path.
pub fn root_of(index: u32, count: u32, block: &[u8], path: &[Bytes]) -> Option<Hash> {
    fn climb(index: u32, count: u32, leaf: Hash, path: &[Bytes]) -> Option<Hash> {
        let Some((last, below)) = path.split_last() else {
            return (count == 1).then_some(leaf);
        };
        let beside = <Hash>::try_from(&last[..]).ok()?;
        let left = if count > 1 {
            left_of(count)
        } else {
            return None;
        };
        Some(match index.checked_sub(left) {
            None => node(&climb(index, left, leaf, below)?, &beside),
            Some(index) => node(&beside, &climb(index, count - left, leaf, below)?),
        })
    }
    (index < count).then(|| climb(index, count, leaf(block), path))?
}

/// The blocks of a file that a process stores: all of them, or all but some. It has the hashes of
/// all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    file: Arc<File>,
    lacks: BTreeSet<u32>,
}

impl Store {
    /// All blocks but those.
    pub const fn new(file: Arc<File>, lacks: BTreeSet<u32>) -> Self {
        Self { file, lacks }
    }

    /// How many blocks the file has.
    pub fn blocks(&self) -> u32 {
        self.file.blocks.len() as u32
    }

    /// The root of the file's hash tree.
    pub fn root(&self) -> Hash {
        self.file.root
    }

    /// The stored block; `None` if it is not stored, or no block of the file.
    fn block(&self, index: u32) -> Option<&Bytes> {
        let is_stored = !self.lacks.contains(&index);
        self.file.blocks.get(index as usize).filter(|_| is_stored)
    }

    /// The path of a block, which is known of all.
    pub(super) fn path(&self, index: u32) -> Vec<Bytes> {
        path(index as usize, &self.file.leaves)
    }

    /// Whether it stores that block.
    pub(super) fn has(&self, index: u32) -> bool {
        self.block(index).is_some()
    }

    /// The answer to a question for that block, if it is stored.
    pub(super) fn answer(&self, number: u64, index: u32) -> Option<Message> {
        Some(Message::Answer {
            number,
            index,
            data: self.block(index)?.clone(),
            path: self.path(index),
        })
    }
}

/// The indexes of the blocks that it lacks, if there are any.
impl Describe for Store {
    fn describe(&self, fields: &mut Fields) {
        if !self.lacks.is_empty() {
            fields.list("lacks", &self.lacks);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(count: u8) -> File {
        File::new((0..count).map(|block| Bytes::from(vec![block])).collect())
    }

    /// Test vectors of the Certificate Transparency project (`merkletree_test.go`): the tree of
    /// the first blocks of `""`, `00`, `10`, ...
    #[test]
    fn roots_are_those_of_rfc_6962() {
        let blocks = [&b""[..], b"\x00", b"\x10", b"\x20\x21", b"\x30\x31"];
        for (count, root) in [
            (1, [0x6e, 0x34, 0x0b]),
            (2, [0xfa, 0xc5, 0x42]),
            (3, [0xae, 0xb6, 0xbc]),
            (5, [0x4e, 0x3b, 0xbb]),
        ] {
            let blocks = blocks[..count].iter().copied();
            let file = File::new(blocks.map(Bytes::from_static).collect());
            assert_eq!(file.root[..3], root, "{count}");
        }
    }

    #[test]
    fn every_block_of_every_file_has_its_path_and_no_other() {
        for count in 1..20_u8 {
            let file = file(count);
            for index in 0..u32::from(count) {
                let path = path(index as usize, &file.leaves);
                let (block, count) = (&file.blocks[index as usize], u32::from(count));
                let root = Some(file.root);
                assert_eq!(root_of(index, count, block, &path), root);
                // Another index, another block, another length.
                for other in (0..count + 2).filter(|other| *other != index) {
                    assert_ne!(
                        root_of(other, count, block, &path),
                        root,
                        "{other} of {count}"
                    );
                }
                assert_ne!(root_of(index, count, b"?", &path), root);
                let longer = [&path[..], &[Bytes::copy_from_slice(&file.root)]].concat();
                assert_ne!(root_of(index, count, block, &longer), root);
                if let Some((_, shorter)) = path.split_last() {
                    assert_ne!(root_of(index, count, block, shorter), root);
                }
            }
        }
    }

    #[test]
    fn malformed_paths_are_rejected() {
        let path = vec![Bytes::from_static(b"short")];
        assert_eq!(root_of(0, 2, b"", &path), None);
        assert_eq!(root_of(0, 1, b"", &path), None);
        assert_eq!(root_of(0, 0, b"", &[]), None);
        assert_eq!(root_of(u32::MAX, u32::MAX, b"", &[]), None);
        let long = vec![Bytes::from_static(&[0; 32]); 10_000];
        assert_eq!(root_of(0, u32::MAX, b"", &long), None);
    }

    #[test]
    fn what_is_lacking_is_not_given() {
        let store = Store::new(Arc::new(file(4)), [1, 3].into());
        let given: Vec<_> = (0..6)
            .map(|index| store.answer(1, index).is_some())
            .collect();
        assert_eq!(given, [true, false, true, false, false, false]);
        assert_eq!(store.fields().to_string(), "lacks=[1, 3]");
    }
}
