//! The faults of a run of programs: when which of them is cut off, killed or halted. Maelstrom
//! calls what does it the nemesis. A seed determines the schedule.

use std::time::Duration;

use clap::ValueEnum;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::roster::Roster;
use crate::simulator::{Crash, Cut, Direction, Memory, Partition, Pause, Scenario};

/// The seed's stream: what is asked has another.
const STREAM: u64 = 1;

/// What happens to programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nemesis {
    /// Two halves cannot reach each other
    Partition,
    /// One half does not hear the other
    OneWay,
    /// Each reaches a majority, and no two the same
    Ring,
    /// One ends without a word, and starts anew
    Kill,
    /// One halts for a while
    Pause,
}

impl Nemesis {
    /// Whether messages are lost while it lasts.
    pub fn cuts(self) -> bool {
        match self {
            Self::Partition | Self::OneWay | Self::Ring => true,
            Self::Kill | Self::Pause => false,
        }
    }
}

/// The faults of a run that lasts so long. Each begins an interval after the last one has
/// ended, and lasts an interval; the first begins early enough to end within the run.
pub fn schedule(
    nemeses: &[Nemesis],
    interval: Duration,
    lasts: Duration,
    roster: Roster,
    seed: u64,
) -> Scenario {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(STREAM);
    let mut scenario = Scenario::default();
    if nemeses.is_empty() || roster.programs == 0 {
        return scenario;
    }
    let interval = interval.min(lasts / 3);
    let mut at = interval;
    let mut turn = 0;
    while at + interval <= lasts {
        let until = at + interval;
        add(
            nemeses[turn % nemeses.len()],
            (at, until),
            roster,
            &mut rng,
            &mut scenario,
        );
        at = until + interval;
        turn += 1;
    }
    scenario
}

fn add(
    nemesis: Nemesis,
    (at, until): (Duration, Duration),
    roster: Roster,
    rng: &mut ChaCha8Rng,
    scenario: &mut Scenario,
) {
    let count = roster.programs;
    let one = rng.random_range(0..count);
    let mut all: Vec<_> = (0..count).collect();
    all.shuffle(rng);
    let cut = |group: &[u32], others: &[u32], one_way| Partition {
        at,
        heal: Some(until),
        group: group.to_vec(),
        others: Some(others.to_vec()),
        one_way,
        messages: Some(Cut::Lost),
    };
    let (group, others) = all.split_at(all.len() / 2);
    match nemesis {
        Nemesis::Kill => scenario.crash.push(Crash {
            process: one,
            at,
            restart: Some(until),
            state: Memory::Lost,
        }),
        Nemesis::Pause => scenario.pause.push(Pause {
            process: one,
            at,
            resume: until,
        }),
        Nemesis::Partition | Nemesis::OneWay | Nemesis::Ring if count < 2 => {}
        Nemesis::Partition => scenario.partition.push(cut(group, others, None)),
        Nemesis::OneWay => {
            let from = Some(Direction::From);
            scenario.partition.push(cut(group, others, from));
        }
        Nemesis::Ring => {
            // Each reaches itself and as many on both sides as make a majority.
            let near = all.len() / 4 + usize::from(all.len() % 4 > 1);
            for place in 0..all.len() {
                let far = (near + 1..all.len() - near).map(|step| all[(place + step) % all.len()]);
                let far: Vec<_> = far.filter(|other| all[place] < *other).collect();
                if !far.is_empty() {
                    scenario.partition.push(cut(&[all[place]], &far, None));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn roster(programs: u32) -> Roster {
        Roster {
            programs,
            clients: programs,
        }
    }

    #[test]
    fn each_kind_strikes_within_the_run_and_is_over() {
        let all = Nemesis::value_variants();
        for lasts in [Duration::from_secs(3), MINUTE * 10] {
            let scenario = schedule(all, Duration::from_secs(10), lasts, roster(5), 7);
            assert!(!scenario.partition.is_empty());
            let ends = scenario.partition.iter().filter_map(|cut| cut.heal);
            assert!(ends.into_iter().all(|end| end <= lasts));
        }
        let scenario = schedule(all, Duration::from_secs(10), MINUTE * 10, roster(5), 7);
        assert!(!scenario.crash.is_empty() && !scenario.pause.is_empty());
        assert!(scenario.check(roster(5).processes()).is_ok());
        assert!(
            schedule(&[], MINUTE, MINUTE, roster(5), 7)
                .partition
                .is_empty()
        );
    }

    #[test]
    fn in_a_ring_each_reaches_a_majority_and_not_all() {
        for count in [3, 4, 5, 6, 7, 25] {
            let ring = schedule(&[Nemesis::Ring], MINUTE, MINUTE, roster(count), 1);
            for one in 0..count {
                let reaches = (0..count)
                    .filter(|other| !ring.partition.iter().any(|cut| cut.cuts(one, *other)));
                let reached = reaches.count() as u32;
                assert!(reached > count / 2, "{one} of {count} reaches {reached}");
                assert!(
                    count < 4 || reached < count,
                    "{one} of {count} reaches {reached}"
                );
            }
        }
    }
}
