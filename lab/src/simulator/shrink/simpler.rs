//! Scenarios that are simpler than another.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::delay::Delay;
use crate::simulator::{
    Churn, Crash, DrawnFaults, Outages, Partition, Pause, RandomFaults, Scenario, Slow,
};

/// The shortest delay that is tried: that of the usual scenario.
const SHORT: Duration = Duration::from_millis(1);

/// The scenario for `peers` peers instead of `before`: a fault of a process is one of the
/// process at the same part of the numbers. All commands are given, since they are others.
pub(super) fn among(peers: u32, before: u32, scenario: &Scenario) -> Scenario {
    let place = |process: u32| {
        let scaled = u64::from(process) * u64::from(peers) / u64::from(before.max(1));
        scaled as u32
    };
    let mut crash = Vec::<Crash>::new();
    for one in &scenario.crash {
        let one = Crash {
            process: place(one.process),
            ..one.clone()
        };
        if !crash.contains(&one) {
            crash.push(one);
        }
    }
    let places = |group: &[u32]| {
        let group: BTreeSet<_> = group.iter().map(|process| place(*process)).collect();
        group.into_iter().collect::<Vec<_>>()
    };
    let parts = scenario.partition.iter().map(|part| {
        let group = places(&part.group);
        let mut others = part.others.as_deref().map(places);
        // Both sides may have come to the same process.
        if let Some(others) = &mut others {
            others.retain(|process| !group.contains(process));
        }
        Partition {
            group,
            others,
            ..part.clone()
        }
    });
    let pauses = scenario.pause.iter().map(|pause| Pause {
        process: place(pause.process),
        ..pause.clone()
    });
    let slow = scenario.slow.iter().map(|slow| Slow {
        process: place(slow.process),
        ..slow.clone()
    });
    Scenario {
        crash,
        partition: parts.collect(),
        pause: pauses.collect(),
        slow: slow.collect(),
        commands: None,
        steps: None,
        ..scenario.clone()
    }
}

/// The same scenario with fewer faults: with none, then without each.
pub(super) fn with_fewer_faults(scenario: &Scenario) -> Vec<Scenario> {
    let usual = Scenario::default();
    let mut all = vec![Scenario {
        delay: scenario.delay.clone(),
        commands: scenario.commands.clone(),
        steps: scenario.steps,
        ..usual
    }];
    all.push(Scenario {
        random: RandomFaults::default(),
        churn: Churn::default(),
        outages: Outages::default(),
        ..scenario.clone()
    });
    let mut without_each = |count: usize, remove: fn(&mut Scenario, usize)| {
        for place in 0..count {
            let mut fewer = scenario.clone();
            remove(&mut fewer, place);
            all.push(fewer);
        }
    };
    without_each(scenario.partition.len(), |one, place| {
        one.partition.remove(place);
    });
    without_each(scenario.crash.len(), |one, place| {
        one.crash.remove(place);
    });
    without_each(scenario.pause.len(), |one, place| {
        one.pause.remove(place);
    });
    without_each(scenario.slow.len(), |one, place| {
        one.slow.remove(place);
    });
    without_each(scenario.links.len(), |one, place| {
        one.links.remove(place);
    });
    all.push(Scenario {
        loss: 0.0,
        ..scenario.clone()
    });
    all.push(Scenario {
        duplication: 0.0,
        ..scenario.clone()
    });
    all.push(Scenario {
        fifo: true,
        ..scenario.clone()
    });
    all.retain(|one| one != scenario);
    all.dedup();
    all
}

/// The scenario in which the faults that a schedule has drawn have fixed times.
pub(super) fn with_fixed_faults(scenario: &Scenario, drawn: DrawnFaults) -> Scenario {
    let mut fixed = Scenario {
        random: RandomFaults::default(),
        churn: Churn::default(),
        ..scenario.clone()
    };
    fixed.crash.extend(drawn.crash);
    fixed.partition.extend(drawn.partition);
    fixed
}

/// The same scenario with shorter delays, the simplest first.
pub(super) fn with_less_delay(scenario: &Scenario) -> Vec<Scenario> {
    let constant = Delay::Uniform(SHORT..SHORT);
    let delays = [constant, Scenario::default().delay];
    let shorter = delays
        .into_iter()
        .filter(|delay| scenario.network.is_some() || delay.most() < scenario.delay.most());
    let scenarios = shorter.map(|delay| Scenario {
        delay,
        network: None,
        ..scenario.clone()
    });
    scenarios.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_move_to_the_processes_that_remain() {
        let text = r#"
            steps = 9
            [[crash]]
            process = 19
            at = "5ms"
            [[crash]]
            process = 18
            at = "5ms"
            [[crash]]
            process = 0
            at = "5ms"
            [[partition]]
            at = "1ms"
            group = [0, 1, 2, 10]
        "#;
        let scenario = among(4, 20, &Scenario::parse(text).unwrap());
        let crashed: Vec<_> = scenario.crash.iter().map(|crash| crash.process).collect();
        assert_eq!(crashed, [3, 0]);
        assert_eq!(scenario.partition[0].group, [0, 2]);
        assert_eq!(scenario.steps, None);
        assert_eq!(scenario.check(4), Ok(()));
    }

    #[test]
    fn each_fault_is_left_out_once() {
        let text = "loss = 0.1\nfifo = false\n[[crash]]\nprocess = 1\nat = \"5ms\"\n";
        let scenario = Scenario::parse(text).unwrap();
        let simpler = with_fewer_faults(&scenario);
        let texts: Vec<_> = simpler.iter().map(ToString::to_string).collect();
        let crash = r#"crash = [{process = 1, at = "5ms"}]"#;
        assert_eq!(
            texts,
            [
                "{}".to_owned(),
                "{loss = 0.1, fifo = false}".to_owned(),
                format!("{{fifo = false, {crash}}}"),
                format!("{{loss = 0.1, {crash}}}"),
            ]
        );
        assert_eq!(with_fewer_faults(&Scenario::default()), []);
    }

    #[test]
    fn delays_only_get_shorter() {
        for (delay, expected) in [
            ("exponential:5ms", vec!["1ms", "1ms..10ms"]),
            ("1ms..10ms", vec!["1ms"]),
            ("5ms", vec!["1ms"]),
            ("1ms", vec![]),
            ("0", vec![]),
        ] {
            let scenario = Scenario {
                delay: delay.parse().unwrap(),
                ..Scenario::default()
            };
            let shorter = with_less_delay(&scenario);
            let delays: Vec<_> = shorter.iter().map(|one| one.delay.to_string()).collect();
            assert_eq!(delays, expected, "{delay}");
        }
    }
}
