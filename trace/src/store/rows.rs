//! Rows in the order in which they were stored, each under its place: a number that
//! it keeps when earlier rows are evicted.
//!
//! Rows lie in chunks that never move and are freed as a whole. Every [`GROUP`] rows
//! share a [`Signature`] of their contents, so that a search skips most of the rows
//! that cannot match: it costs 8 bytes a row. Rows can be stored without their part in
//! it; such a group is signed before it is searched.

use std::collections::VecDeque;

use super::tokens::Token;

/// One span but for its encoded rest: 64 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) source: u32,
    pub(super) name: u32,
    pub(super) trace: u32,
    /// The distance in places to the previous row of the same trace; zero if there is
    /// none.
    pub(super) back: u32,
    pub(super) block: u32,
    pub(super) offset: u32,
    pub(super) length: u32,
    pub(super) kind: u8,
    pub(super) error: bool,
}

/// Rows that share a signature.
pub(super) const GROUP: usize = 64;

/// Rows in a chunk: some 300 KiB. Guess.
const CHUNK: usize = 64 * GROUP;

/// The memory of a chunk, in bytes.
const CHUNK_BYTES: usize = CHUNK * size_of::<Row>() + CHUNK / GROUP * size_of::<Group>();

/// A Bloom filter of 4,096 bits (B. H. Bloom, "Space/Time Trade-offs in Hash
/// Coding with Allowable Errors", 1970): with 400 different tokens, as 64
/// steps have, the false-positive rate is one in sixty.
#[derive(Clone, Debug)]
struct Signature([u64; 64]);

impl Signature {
    fn bits(token: Token) -> [(usize, u64); 3] {
        // Twelve bits choose one of 4,096.
        [0, 12, 24].map(|shift| {
            let bit = (token.0 >> shift) & 0xfff;
            ((bit >> 6) as usize, 1 << (bit & 63))
        })
    }

    fn add(&mut self, token: Token) {
        for (word, bit) in Self::bits(token) {
            self.0[word] |= bit;
        }
    }

    fn may_have(&self, token: Token) -> bool {
        Self::bits(token)
            .iter()
            .all(|(word, bit)| self.0[*word] & bit != 0)
    }
}

/// The index entry of [`GROUP`] rows.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The latest start among their spans.
    pub(super) newest: u64,
    signature: Signature,
    /// The signature lacks some of its rows.
    unsigned: bool,
}

impl Group {
    /// Whether one of its spans may have this token; no false negatives.
    pub(super) fn may_have(&self, token: Token) -> bool {
        self.unsigned || self.signature.may_have(token)
    }
}

#[derive(Debug)]
struct Chunk {
    rows: Vec<Row>,
    groups: Vec<Group>,
}

/// All rows that are kept.
#[derive(Debug, Default)]
pub(super) struct Rows {
    chunks: VecDeque<Chunk>,
    /// The place of the first row that is kept. Its chunk is the first.
    first: u64,
    end: u64,
    /// The numbers of the groups that are to be signed.
    unsigned: VecDeque<u64>,
}

impl Rows {
    /// The places of the rows that are kept.
    pub(super) fn places(&self) -> std::ops::Range<u64> {
        self.first..self.end
    }

    /// The row at a place that is kept.
    pub(super) fn get(&self, place: u64) -> &Row {
        let (chunk, row) = self.locate(place);
        &self.chunks[chunk].rows[row]
    }

    /// Adds a row. Without tokens, its group has to be signed later.
    pub(super) fn push(&mut self, row: Row, tokens: Option<impl Iterator<Item = Token>>) {
        if self.end.is_multiple_of(CHUNK as u64) {
            self.chunks.push_back(Chunk {
                rows: Vec::with_capacity(CHUNK),
                groups: Vec::with_capacity(CHUNK / GROUP),
            });
        }
        let chunk = self.chunks.back_mut().expect("there is one for each row");
        if chunk.rows.len().is_multiple_of(GROUP) {
            chunk.groups.push(Group {
                newest: 0,
                signature: Signature([0; 64]),
                unsigned: false,
            });
        }
        let group = chunk.groups.last_mut().expect("there is one for each row");
        group.newest = group.newest.max(row.start);
        match tokens {
            Some(tokens) => tokens.for_each(|token| group.signature.add(token)),
            None if group.unsigned => {}
            None => {
                group.unsigned = true;
                self.unsigned.push_back(self.end / GROUP as u64);
            }
        }
        chunk.rows.push(row);
        self.end += 1;
    }

    /// Evicts the first row. Its memory is freed with the last of its chunk.
    pub(super) fn pop(&mut self) -> Option<Row> {
        if self.places().is_empty() {
            return None;
        }
        let row = *self.get(self.first);
        self.first += 1;
        if self.first.is_multiple_of(CHUNK as u64) {
            self.chunks.pop_front();
        }
        Some(row)
    }

    /// All groups by their numbers, with the start of their last span.
    pub(super) fn groups(&self) -> impl Iterator<Item = (u64, u64)> {
        let chunks = self.chunks.iter();
        let newest = chunks.flat_map(|chunk| chunk.groups.iter().map(|group| group.newest));
        (self.first_chunk() * (CHUNK / GROUP) as u64..).zip(newest)
    }

    /// The group of that number and the places of its rows, if any is kept.
    pub(super) fn group(&self, number: u64) -> Option<(&Group, std::ops::Range<u64>)> {
        let start = number * GROUP as u64;
        let places = start.max(self.first)..(start + GROUP as u64).min(self.end);
        if places.is_empty() {
            return None;
        }
        let (chunk, row) = self.locate(places.start);
        Some((&self.chunks[chunk].groups[row / GROUP], places))
    }

    /// The number of a group to sign. A group that is not full is not signed yet.
    pub(super) fn next_unsigned(&self) -> Option<u64> {
        let next = self.unsigned.front().copied();
        next.filter(|number| (number + 1) * GROUP as u64 <= self.end)
    }

    /// Signs [that group](Self::next_unsigned) with the tokens of all its rows.
    pub(super) fn sign_next(&mut self, tokens: &[Token]) {
        let number = self.unsigned.pop_front().expect("there is one to sign");
        if let Some((_, places)) = self.group(number) {
            let (chunk, row) = self.locate(places.start);
            let group = &mut self.chunks[chunk].groups[row / GROUP];
            tokens.iter().for_each(|token| group.signature.add(*token));
            group.unsigned = false;
        }
    }

    /// Their memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK_BYTES
    }

    fn first_chunk(&self) -> u64 {
        self.first / CHUNK as u64
    }

    fn locate(&self, place: u64) -> (usize, usize) {
        let chunk = place / CHUNK as u64 - self.first_chunk();
        (chunk as usize, (place % CHUNK as u64) as usize)
    }
}
