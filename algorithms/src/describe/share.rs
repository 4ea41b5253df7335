//! States that follow each other share what has not changed.

use std::sync::Arc;

use super::{Field, Fields};

impl Fields {
    /// Takes the lists that an earlier description has as well from it, and the texts that its
    /// lists have. What they say stays the same. A routing table of which one entry changes takes
    /// the memory of that entry, and of a pointer for each of the others.
    pub fn share(&mut self, earlier: &Self) {
        for ((name, value), (other, before)) in self.0.iter_mut().zip(&earlier.0) {
            if let (Field::List(texts), Field::List(before)) = (value, before)
                && name == other
            {
                match texts == before {
                    true => *texts = Arc::clone(before),
                    false => *texts = shared(texts, before),
                }
            }
        }
    }
}

/// The texts, of which those that are also in `before`, in the same order, are the same in memory.
/// A text may be replaced, added or left out between two of them.
fn shared(texts: &[Arc<str>], before: &[Arc<str>]) -> Arc<[Arc<str>]> {
    let grows = texts.len() > before.len();
    let mut at = 0;
    let shared = texts.iter().map(|text| {
        let mut ahead = before.iter().enumerate().skip(at).take(2);
        let known = ahead.find(|(_, known)| *known == text);
        match known {
            Some((place, known)) => {
                at = place + 1;
                Arc::clone(known)
            }
            None => {
                at += usize::from(!grows);
                Arc::clone(text)
            }
        }
    });
    shared.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(texts: &[&str]) -> Fields {
        let mut fields = Fields::default();
        fields.list("routes", texts);
        fields.integer("known", 3);
        fields
    }

    /// How many texts of `now` are in the memory of `before`.
    fn shared_of(before: &Fields, now: &Fields) -> usize {
        let [before, now] = [before, now].map(|fields| fields.get_list("routes").unwrap());
        let is_known = |text: &&Arc<str>| before.iter().any(|known| Arc::ptr_eq(known, text));
        now.iter().filter(is_known).count()
    }

    #[test]
    fn what_has_not_changed_is_shared() {
        let before = routes(&["a", "b", "c", "d"]);
        for (texts, kept) in [
            (&["a", "b", "c", "d"][..], 4),
            (&["a", "x", "c", "d"], 3),
            (&["a", "c", "d"], 3),
            (&["a", "b", "x", "c", "d"], 4),
            (&[], 0),
            (&["x", "y"], 0),
        ] {
            let mut now = routes(texts);
            now.share(&before);
            assert_eq!(now, routes(texts));
            assert_eq!(shared_of(&before, &now), kept, "{texts:?}");
        }
    }

    #[test]
    fn an_unchanged_list_is_one() {
        let before = routes(&["a", "b"]);
        let mut now = routes(&["a", "b"]);
        now.share(&before);
        let [one, other] = [&before, &now].map(|fields| fields.get_list("routes").unwrap());
        assert!(std::ptr::eq(one, other));
        // A field of another name is left alone.
        let mut other = Fields::default();
        other.list("links", ["a", "b"]);
        other.share(&before);
        assert!(!std::ptr::eq(other.get_list("links").unwrap(), one));
    }
}
