//! Interned attribute names: each literal in the program has a number. A run has few
//! of them, and each step repeats them: written out, they would be half of a step's
//! memory.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use rustc_hash::{FxBuildHasher, FxHashMap};

/// How many names get a number. Guess, far above what a program has; others are
/// written out.
const MOST: usize = 1 << 14;

/// The names by their numbers, from 1 on, and the numbers by their names.
static KEYS: RwLock<Keys> = RwLock::new(Keys {
    names: Vec::new(),
    numbers: HashMap::with_hasher(FxBuildHasher),
});

struct Keys {
    names: Vec<&'static str>,
    numbers: FxHashMap<&'static str, u32>,
}

/// A name in the cache: the addresses of its parts, and its number.
#[derive(Clone, Copy)]
struct Recent {
    prefix: (usize, usize),
    name: (usize, usize),
    number: u32,
}

/// How many names the cache of a thread has. A power of two; guess.
const RECENT: usize = 256;

const NONE: Recent = Recent {
    prefix: (0, 0),
    name: (0, 0),
    number: 0,
};

/// The number of a name of two parts; `None` if all numbers are taken. The cache key is
/// the parts' addresses, which is faster than their text.
pub(super) fn number(prefix: &'static str, name: &'static str) -> Option<u32> {
    thread_local! {
        static NUMBERS: [Cell<Recent>; RECENT] = const { [const { Cell::new(NONE) }; RECENT] };
    }
    let place = |text: &'static str| (text.as_ptr().addr(), text.len());
    let (prefix_at, name_at) = (place(prefix), place(name));
    // The middle bits of a product depend on all below them.
    let mixed = (prefix_at.0 ^ name_at.0.rotate_left(7)).wrapping_mul(0x9e37_79b9);
    NUMBERS.with(|numbers| {
        let entry = &numbers[(mixed >> 20) % RECENT];
        let recent = entry.get();
        if recent.number != 0 && recent.prefix == prefix_at && recent.name == name_at {
            return Some(recent.number);
        }
        let number = add(prefix, name)?;
        entry.set(Recent {
            prefix: prefix_at,
            name: name_at,
            number,
        });
        Some(number)
    })
}

fn add(prefix: &str, name: &str) -> Option<u32> {
    let mut keys = KEYS.write().unwrap_or_else(PoisonError::into_inner);
    let whole = [prefix, name].concat();
    if let Some(number) = keys.numbers.get(&*whole) {
        return Some(*number);
    }
    if keys.names.len() >= MOST {
        return None;
    }
    // Leaked names are bounded: the program has only so many, and `MOST` is the limit.
    let whole: &'static str = whole.leak();
    keys.names.push(whole);
    let number = keys.names.len() as u32;
    keys.numbers.insert(whole, number);
    Some(number)
}

/// The name that has this number.
pub(super) fn name(number: u64) -> Option<&'static str> {
    thread_local! {
        /// A copy for each thread, so that readers need no lock.
        static NAMES: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }
    let place = usize::try_from(number).ok()?.checked_sub(1)?;
    NAMES.with_borrow_mut(|names| {
        if place >= names.len() {
            let keys = KEYS.read().unwrap_or_else(PoisonError::into_inner);
            names.clone_from(&keys.names);
        }
        names.get(place).copied()
    })
}
