//! Texts that many spans share, each kept once while a span uses it.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

/// The overhead of a text in bytes: two words, a number and its entry in the map.
/// Guess.
const EACH: usize = 64;

/// How many texts are found without the map. A power of two; guess.
const RECENT: usize = 64;

/// Texts by number. The number of a removed text is reused.
#[derive(Debug)]
pub(super) struct Names {
    /// The numbers of recently used texts, each at its own index: the names of a run are
    /// few, and each is used a million times.
    recent: [u32; RECENT],
    texts: Vec<(Arc<str>, u64)>,
    ids: HashMap<Arc<str>, u32>,
    free: Vec<u32>,
    bytes: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            recent: [0; RECENT],
            texts: Vec::new(),
            ids: HashMap::new(),
            free: Vec::new(),
            bytes: 0,
        }
    }
}

impl Names {
    /// The number of a text, which is used once more now.
    pub(super) fn add(&mut self, text: &str) -> u32 {
        let place = FxBuildHasher.hash_one(text) as usize % RECENT;
        let recent = self.recent[place];
        if let Some((known, uses)) = self.texts.get_mut(recent as usize)
            && *uses > 0
            && **known == *text
        {
            *uses += 1;
            return recent;
        }
        let id = self.find_or_add(text);
        self.recent[place] = id;
        id
    }

    fn find_or_add(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            self.texts[*id as usize].1 += 1;
            return *id;
        }
        let text: Arc<str> = text.into();
        self.bytes += text.len() + EACH;
        let entry = (Arc::clone(&text), 1);
        let id = match self.free.pop() {
            Some(id) => {
                self.texts[id as usize] = entry;
                id
            }
            None => {
                self.texts.push(entry);
                u32::try_from(self.texts.len() - 1).expect("fewer names than bytes of memory / 64")
            }
        };
        self.ids.insert(text, id);
        id
    }

    /// Removes one use.
    pub(super) fn remove(&mut self, id: u32) {
        let (text, uses) = &mut self.texts[id as usize];
        *uses -= 1;
        if *uses == 0 {
            self.bytes -= text.len() + EACH;
            self.ids.remove(text);
            *text = Arc::from("");
            self.free.push(id);
        }
    }

    pub(super) fn get(&self, id: u32) -> &Arc<str> {
        &self.texts[id as usize].0
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    /// Their memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
