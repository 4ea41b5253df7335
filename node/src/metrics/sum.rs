//! Several registries with the same metrics, added up.
//!
//! gossipsub registers its metrics itself, for one peer, and they can only be read
//! through a registry.

use std::collections::{BTreeMap, HashMap};

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

/// The samples of one metric, in the order in which they came.
#[derive(Default)]
struct Samples {
    all: Vec<(String, f64)>,
    places: HashMap<String, usize>,
    /// The index of the next sample, if the order is the same as before.
    next: usize,
}

impl Samples {
    fn add(&mut self, name: &str, value: f64) {
        let expected = self
            .all
            .get(self.next)
            .is_some_and(|(next, _)| next == name);
        let known = match expected {
            true => Some(self.next),
            false => self.places.get(name).copied(),
        };
        let place = known.unwrap_or(self.all.len());
        if known.is_none() {
            self.places.insert(name.to_owned(), place);
            self.all.push((name.to_owned(), 0.0));
        }
        self.all[place].1 += value;
        self.next = place + 1;
    }
}

/// The sums of their samples, in the OpenMetrics text format.
pub(super) fn of(registries: &[Registry]) -> String {
    // By the comments in front of the samples.
    let mut metrics: BTreeMap<String, Samples> = BTreeMap::new();
    let mut one = String::new();
    for registry in registries {
        one.clear();
        encode_registry(&mut one, registry).expect("a String takes everything");
        add(&one, &mut metrics);
    }
    let mut text = String::new();
    for (comments, samples) in metrics {
        text += &comments;
        for (name, value) in samples.all {
            text += &format!("{name} {value}\n");
        }
    }
    text
}

fn add(text: &str, metrics: &mut BTreeMap<String, Samples>) {
    let mut lines = text.lines().peekable();
    while lines.peek().is_some() {
        let mut comments = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with('#')) {
            comments += line;
            comments.push('\n');
        }
        let samples = metrics.entry(comments).or_default();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let sample = line.rsplit_once(' ');
            let sample = sample.and_then(|(name, value)| Some((name, value.parse().ok()?)));
            let (name, value) = sample.expect("a name and a value");
            samples.add(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::histogram::Histogram;

    use super::*;

    fn registry(label: &'static str, count: u64, observed: f64) -> Registry {
        let mut registry = Registry::with_prefix("g");
        let family = Family::<[(&str, &str); 1], Counter>::default();
        registry.register("sent", "Sent", family.clone());
        family.get_or_create(&[("to", label)]).inc_by(count);
        family.get_or_create(&[("to", "all of them")]).inc();
        let sizes = Histogram::new([1.0, 2.0]);
        registry.register("size", "Size", sizes.clone());
        sizes.observe(observed);
        registry
    }

    #[test]
    fn samples_of_one_name_are_added() {
        let text = of(&[
            registry("a", 2, 0.5),
            registry("a", 3, 1.5),
            registry("b", 4, 9.0),
        ]);
        for line in [
            "g_sent_total{to=\"a\"} 5",
            "g_sent_total{to=\"b\"} 4",
            "g_sent_total{to=\"all of them\"} 3",
            "g_size_sum 11",
            "g_size_bucket{le=\"1.0\"} 1",
            "g_size_bucket{le=\"2.0\"} 2",
            "g_size_bucket{le=\"+Inf\"} 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in {text}");
        }
        assert_eq!(text.matches("# TYPE g_sent counter").count(), 1, "{text}");
        assert_eq!(of(&[]), "");
    }
}
