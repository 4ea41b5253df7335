//! A map whose description is kept until it changes.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use super::Field;

/// A large map in a state, as a table of routes, that is described as a list of texts. Each step
/// describes the state after it, and to describe a large table anew takes longer than most steps do.
/// So each entry keeps its text until it changes, and the map the list of them.
///
/// ```
/// use algorithms::{Describe, Field, Listed};
///
/// fn texts(votes: &Listed<u32, bool>) -> Field {
///     votes.list(|voter, vote| Some(format!("{voter} says {vote}")))
/// }
///
/// #[derive(Describe)]
/// struct Process {
///     #[describe(with = texts)]
///     votes: Listed<u32, bool>,
/// }
///
/// let mut process = Process { votes: Listed::default() };
/// process.votes.insert(7, true);
/// assert_eq!(process.fields().to_string(), "votes=[7 says true]");
/// process.votes.insert(7, false);
/// assert_eq!(process.fields().to_string(), "votes=[7 says false]");
/// ```
#[derive(Clone)]
pub struct Listed<K, V> {
    entries: BTreeMap<K, Entry<V>>,
    list: OnceLock<Field>,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    /// `None` within: it has none.
    text: OnceLock<Option<Arc<str>>>,
}

impl<V> From<V> for Entry<V> {
    fn from(value: V) -> Self {
        let text = OnceLock::new();
        Self { value, text }
    }
}

impl<K: Ord, V> Listed<K, V> {
    /// The texts of the entries that have one, in the order of their keys.
    pub fn list(&self, text: impl Fn(&K, &V) -> Option<String>) -> Field {
        let list = self.list.get_or_init(|| {
            let texts = self.entries.iter().filter_map(|(key, entry)| {
                let text = || text(key, &entry.value).map(Arc::from);
                entry.text.get_or_init(text).clone()
            });
            Field::List(texts.collect())
        });
        list.clone()
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        Some(&self.entries.get(key)?.value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let entry = self.entries.get_mut(key)?;
        self.list.take();
        entry.text.take();
        Some(&mut entry.value)
    }

    /// Whether there is an entry of that key.
    pub fn contains_key(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    /// Puts a value under a key, and returns the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.list.take();
        Some(self.entries.insert(key, value.into())?.value)
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.list.take();
        Some(entry.value)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    /// The keys, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.keys()
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The entries, in the order of their keys, with values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.list.take();
        self.entries.iter_mut().map(|(key, entry)| {
            entry.text.take();
            (key, &mut entry.value)
        })
    }

    /// The values, in the order of their keys, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }
}

impl<K, V> Default for Listed<K, V> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            list: OnceLock::new(),
        }
    }
}

impl<K: Ord + fmt::Debug, V: fmt::Debug> fmt::Debug for Listed<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Listed<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Ord, V: Eq> Eq for Listed<K, V> {}

impl<K: Ord + Hash, V: Hash> Hash for Listed<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|entry| entry.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(known: &Listed<u32, bool>) -> Arc<[Arc<str>]> {
        match known.list(|key, is_shown| is_shown.then(|| key.to_string())) {
            Field::List(texts) => texts,
            other => panic!("{other:?}"),
        }
    }

    fn listed(entries: &[(u32, bool)]) -> Listed<u32, bool> {
        let mut listed = Listed::default();
        for (key, value) in entries {
            listed.insert(*key, *value);
        }
        listed
    }

    #[test]
    fn a_list_is_made_once_and_after_a_change_only_in_part() {
        let mut known = listed(&[(1, true), (2, false), (3, true)]);
        let first = list(&known);
        assert!(Arc::ptr_eq(&first, &list(&known)));
        assert!(Arc::ptr_eq(&first, &list(&known.clone())));
        known.insert(2, true);
        let second = list(&known);
        assert_eq!(second.join(" "), "1 2 3");
        assert!(Arc::ptr_eq(&first[1], &second[2]), "the text of 3");
        assert_eq!(first.join(" "), "1 3");
    }

    #[test]
    fn each_way_to_change_it_is_seen() {
        let mut known = listed(&[(1, true), (2, true)]);
        let mut said = |change: fn(&mut Listed<u32, bool>) -> Option<bool>| {
            change(&mut known);
            list(&known).join(" ")
        };
        assert_eq!(said(|_| None), "1 2");
        assert_eq!(said(|known| Some(std::mem::take(known.get_mut(&1)?))), "2");
        assert_eq!(said(|known| known.remove(&2)), "");
        assert_eq!(said(|known| known.insert(3, true)), "3");
        let turn = |known: &mut Listed<u32, bool>| {
            known.values_mut().for_each(|is_shown| *is_shown ^= true);
            None
        };
        assert_eq!(said(turn), "1");
    }

    #[test]
    fn it_is_equal_by_its_entries() {
        let (described, other) = (listed(&[(1, true)]), listed(&[(1, true)]));
        list(&described);
        assert_eq!(described, other);
        assert_ne!(described, listed(&[(1, false)]));
        assert_eq!(format!("{described:?}"), "{1: true}");
    }
}
