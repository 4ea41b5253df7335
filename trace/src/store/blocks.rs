//! Encoded spans lie in blocks one after the other, so that growth never moves
//! stored spans, and evicting the oldest leaves no hole.

use std::collections::VecDeque;

/// The size of a block, unless it holds a single larger span.
const BLOCK: usize = 1 << 20;

/// The blocks that are kept, and the number of the first.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    blocks: VecDeque<Vec<u8>>,
    first: u32,
    bytes: usize,
}

impl Blocks {
    /// Keeps a span; returns the number of its block and its place in it.
    pub(super) fn keep(&mut self, span: &[u8]) -> (u32, u32) {
        let full = |block: &Vec<u8>| block.capacity() - block.len() < span.len();
        if self.blocks.back().is_none_or(full) {
            let block = Vec::with_capacity(BLOCK.max(span.len()));
            self.bytes += block.capacity();
            self.blocks.push_back(block);
        }
        let number = self.first.wrapping_add(self.blocks.len() as u32 - 1);
        let block = self.blocks.back_mut().expect("there is one with room");
        let offset = block.len();
        block.extend_from_slice(span);
        // A block is no longer than its longest span or `BLOCK`.
        (number, offset as u32)
    }

    pub(super) fn get(&self, block: u32, offset: u32, length: u32) -> &[u8] {
        let block = &self.blocks[block.wrapping_sub(self.first) as usize];
        &block[offset as usize..][..length as usize]
    }

    /// Drops all earlier blocks.
    pub(super) fn drop_before(&mut self, block: u32) {
        while self.first != block
            && let Some(gone) = self.blocks.pop_front()
        {
            self.bytes -= gone.capacity();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Their memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
