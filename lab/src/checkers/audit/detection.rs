//! How often those who lack blocks are detected, beside theory.

use std::collections::BTreeMap;

use super::{Facts, Property, Terms};

/// So improbable is a run of a right auditor that is found wrong here. A guess.
const IMPROBABLE: f64 = 1e-9;

/// The first audits of cheaters.
#[derive(Clone, Debug, Default)]
pub struct Detection {
    /// How many pairs of an auditor and a cheater there are, of which the first audit is over.
    pub pairs: u64,
    /// How many of them ended with a finding against the cheater after 1, 2, ... probes at most.
    pub detected: Vec<u64>,
    /// What theory expects of each pair, in all, after 1, 2, ... probes.
    pub expected: Vec<f64>,
    /// The logarithm of an upper bound of the probability that so few or fewer are detected.
    log_bound: f64,
}

/// The probability to detect a process that lacks the fraction `lacks` with that many probes:
/// 1-(1-f)^k.
pub fn in_theory(lacks: f64, probes: u32) -> f64 {
    1.0 - (1.0 - lacks).powf(probes.into())
}

/// Counts the first audits: of a cheater by an auditor, up to the number of probes of an audit.
pub fn detect(facts: &Facts<'_>, terms: &Terms) -> Detection {
    let mut pairs = BTreeMap::<_, Vec<&str>>::new();
    for found in facts.found.iter().filter(|found| found.life == 0) {
        if facts.cheaters.contains_key(found.target) {
            let findings = pairs.entry((found.auditor, found.target)).or_default();
            if (findings.len() as u64) < terms.probes {
                findings.push(found.finding);
            }
        }
    }
    let probes = usize::try_from(terms.probes).unwrap_or(usize::MAX);
    let mut detection = Detection {
        detected: vec![0; probes],
        expected: vec![0.0; probes],
        ..Detection::default()
    };
    for ((_, target), findings) in &pairs {
        let first = findings.iter().position(|finding| *finding != "right");
        // An audit that was cut short shows nothing, unless it has found something.
        if first.is_none() && findings.len() < probes {
            continue;
        }
        detection.pairs += 1;
        let lacks = facts.cheaters[target].len() as f64 / terms.blocks.max(1) as f64;
        for (count, (detected, expected)) in
            (0..).zip(detection.detected.iter_mut().zip(&mut detection.expected))
        {
            *detected += u64::from(first.is_some_and(|first| first <= count));
            *expected += in_theory(lacks, count as u32 + 1);
        }
    }
    let detected = detection.detected.last().copied().unwrap_or(0);
    let expected = detection.expected.last().copied().unwrap_or(0.0);
    let probability = expected / detection.pairs.max(1) as f64;
    detection.log_bound = chernoff(detection.pairs, detected, probability);
    detection
}

/// The logarithm of Chernoff's bound of the probability that of `count` independent events, each of
/// that probability, at most `seen` happen: -n D(seen/n || p), with the relative entropy D (Hoeffding,
/// "Probability Inequalities for Sums of Bounded Random Variables", 1963, theorem 1).
fn chernoff(count: u64, seen: u64, probability: f64) -> f64 {
    let share = seen as f64 / count as f64;
    if count == 0 || share >= probability {
        return 0.0;
    }
    let part = |share: f64, of: f64| {
        if share > 0.0 {
            share * (share / of).ln()
        } else {
            0.0
        }
    };
    let entropy = part(share, probability) + part(1.0 - share, 1.0 - probability);
    -(count as f64) * entropy
}

/// Detection is not much rarer than theory says.
pub(super) fn property(facts: &Facts<'_>, terms: &Terms) -> Property {
    let mut property = Property::new("cheaters are detected as often as theory says")
        .looks_at("output Found against a process that lacks blocks");
    let detection = detect(facts, terms);
    if facts.cheaters.is_empty() {
        property.idle("no process lacks blocks");
        return property;
    }
    if detection.pairs == 0 {
        return property;
    }
    let detected = detection.detected.last().copied().unwrap_or(0);
    let expected = detection.expected.last().copied().unwrap_or(0.0);
    property.check(detection.log_bound > IMPROBABLE.ln(), || {
        format!(
            "{detected} of {} audits detected a process that lacks blocks, and {expected:.1} \
             should: a right auditor has so few with a probability below 10^{:.0}",
            detection.pairs,
            detection.log_bound / std::f64::consts::LN_10
        )
    });
    property
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn theory_is_that_of_draws_with_replacement() {
        assert_eq!(in_theory(0.5, 1), 0.5);
        assert!((in_theory(0.5, 5) - 0.96875).abs() < 1e-12);
        assert_eq!(in_theory(0.0, 9), 0.0);
        assert_eq!(in_theory(1.0, 1), 1.0);
    }

    /// Never less than the exact probability, and little more.
    #[test]
    fn the_bound_holds() {
        for (count, probability) in [(1_u64, 0.5_f64), (10, 0.3), (40, 0.97)] {
            let (mut term, mut sum) = ((1.0 - probability).powf(count as f64), 0.0);
            for seen in 0..=count {
                sum += term;
                let bound = chernoff(count, seen, probability).exp();
                assert!(
                    bound * 1.000_001 >= sum.min(1.0),
                    "{seen} of {count}: {bound} < {sum}"
                );
                term *= (count - seen) as f64 / (seen + 1) as f64;
                term *= probability / (1.0 - probability);
            }
        }
        assert_eq!(chernoff(0, 0, 0.5), 0.0);
        assert_eq!(chernoff(4, 4, 0.5), 0.0);
        assert!(chernoff(200, 0, 0.97) < IMPROBABLE.ln());
        assert!(chernoff(4, 0, 1.0) < IMPROBABLE.ln());
    }
}
