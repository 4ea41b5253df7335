//! The partitions of a run by the links that they cut. Outages are many partitions of one link each,
//! and a message is compared with those of its link alone.

use std::time::Duration;

use rustc_hash::FxHashMap;

use super::{Cut, Partition};

/// Partitions, by the links that they cut.
#[derive(Debug, Default)]
pub(in crate::simulator) struct Separations {
    /// The places of those that cut one link, by its processes, the lower number first.
    of_links: FxHashMap<(u32, u32), Vec<usize>>,
    /// The places of the others.
    others: Vec<usize>,
}

impl Separations {
    pub(in crate::simulator) fn new(partitions: &[Partition]) -> Self {
        let mut all = Self::default();
        for (place, partition) in partitions.iter().enumerate() {
            match (&partition.group[..], partition.others.as_deref()) {
                (&[one], Some(&[other])) => {
                    let link = (one.min(other), one.max(other));
                    all.of_links.entry(link).or_default().push(place);
                }
                _ => all.others.push(place),
            }
        }
        all
    }

    /// The place of the first partition that cuts the way from one process to another at `now`,
    /// of those that hold messages, or of those that lose them.
    pub(in crate::simulator) fn cuts(
        &self,
        partitions: &[Partition],
        [from, to]: [u32; 2],
        now: Duration,
        held: bool,
    ) -> Option<usize> {
        let of_link = self.of_links.get(&(from.min(to), from.max(to)));
        let of_link = of_link.map_or(&[][..], Vec::as_slice);
        let cuts = |place: &&usize| {
            partitions.get(**place).is_some_and(|one| {
                let holds = one.messages == Some(Cut::Held);
                holds == held && one.lasts(now) && one.cuts(from, to)
            })
        };
        let places = [&self.others[..], of_link].map(|places| places.iter().find(cuts).copied());
        places.into_iter().flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::Direction;

    #[test]
    fn partitions_are_found_as_in_the_list() {
        let second = Duration::from_secs;
        let partition = |at, heal, group: &[u32], others: Option<&[u32]>| Partition {
            at: second(at),
            heal: Some(second(heal)),
            group: group.to_vec(),
            others: others.map(<[u32]>::to_vec),
            ..Partition::default()
        };
        let mut all = vec![
            partition(1, 9, &[0], Some(&[1])),
            partition(3, 5, &[0, 2], None),
            partition(2, 4, &[1], Some(&[0])),
            partition(12, 14, &[2], Some(&[1])),
        ];
        all[2].one_way = Some(Direction::From);
        all[3].messages = Some(Cut::Held);
        let separations = Separations::new(&all);
        for (from, to) in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (0, 3)] {
            for (now, held) in (0..15)
                .map(second)
                .flat_map(|now| [(now, true), (now, false)])
            {
                let listed = all.iter().position(|one| {
                    let holds = one.messages == Some(Cut::Held);
                    holds == held && one.lasts(now) && one.cuts(from, to)
                });
                let found = separations.cuts(&all, [from, to], now, held);
                assert_eq!(found, listed, "{from} {to} {now:?} {held}");
            }
        }
    }
}
