//! The graphs of one combination, summed up.

use super::interval::Interval;
use super::{Sample, Size, estimate};

/// One combination of a plan: a size, and the share of the nodes that is killed.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// How many nodes of what degree.
    pub size: Size,
    /// The share of the nodes that is killed.
    pub kill: f64,
    /// What was measured of each graph.
    pub samples: Vec<Sample>,
}

/// A mean, and between which values the true one is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean of the graphs.
    pub value: f64,
    /// Where there is one.
    pub interval: Option<Interval>,
}

impl Cell {
    /// Nodes that are alive, in each graph.
    pub fn alive(&self) -> u64 {
        self.samples.first().map_or(0, |sample| sample.alive)
    }

    /// The sum over all graphs.
    pub fn sum(&self, of: impl Fn(&Sample) -> u64) -> u64 {
        self.samples.iter().map(of).sum()
    }

    /// The mean of the graphs.
    pub fn mean(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        self.samples.iter().map(of).sum::<f64>() / self.samples.len().max(1) as f64
    }

    /// The mean distance of two nodes with a path, in hops. `None` where no source reaches any.
    /// The interval is Student's, of the graphs' means; it needs two graphs.
    pub fn distance(&self) -> Option<Mean> {
        let all: Vec<_> = self.samples.iter().filter_map(Sample::distance).collect();
        (!all.is_empty()).then(|| Mean {
            value: all.iter().sum::<f64>() / all.len() as f64,
            interval: Interval::student(&all),
        })
    }

    /// The estimate of that distance, by the mean degree of the nodes that are alive.
    pub fn estimate(&self) -> Option<f64> {
        estimate(self.alive() as f64, self.mean(Sample::degree))
    }

    /// The longest distance seen.
    pub fn longest(&self) -> u32 {
        let longest = self.samples.iter().map(|sample| sample.longest);
        longest.max().unwrap_or(0)
    }

    /// The share of the pairs of nodes that are alive without a path, exact in each graph.
    ///
    /// The interval is the wider of two: Student's, of the graphs' shares; and what follows
    /// from Wilson's interval of f, the share of the nodes outside of the largest component. Of
    /// all pairs 1 - (1-f)² are cut off, where few nodes outside are connected with each other.
    /// The latter has a width also where no pair is cut off, and is left out where the largest
    /// component has less than half of the nodes.
    pub fn cut_off(&self) -> Mean {
        let shares: Vec<_> = self.samples.iter().map(Sample::cut_off).collect();
        let of_graphs = Interval::student(&shares).map(|of| of.map(|end| end.clamp(0.0, 1.0)));
        let (alive, largest) = (self.sum(|one| one.alive), self.sum(|one| one.largest));
        let of_nodes = match 2 * largest < alive {
            true => None,
            false => Interval::wilson(alive - largest, alive),
        };
        let of_pairs = of_nodes.map(|outside| outside.map(|f| 1.0 - (1.0 - f).powi(2)));
        Mean {
            value: self.mean(Sample::cut_off),
            interval: match (of_graphs, of_pairs) {
                (Some(one), Some(other)) => Some(one.hull(other)),
                (one, other) => one.or(other),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(samples: Vec<Sample>) -> Cell {
        Cell {
            size: Size {
                peers: 100,
                links: 10,
            },
            kill: 0.0,
            samples,
        }
    }

    fn sample(largest: u64, connected: u64) -> Sample {
        Sample {
            alive: 100,
            ends: 2000,
            largest,
            connected,
            sources: 100,
            reached: 9900,
            hops: 19_800,
            ..Sample::default()
        }
    }

    #[test]
    fn no_cut_in_a_few_graphs_does_not_exclude_one() {
        let all = cell(vec![sample(100, 4950); 5]).cut_off();
        let interval = all.interval.expect("an interval");
        assert_eq!((all.value, interval.low), (0.0, 0.0));
        // Wilson's of 0 in 500 nodes is 0.0076, and twice that of pairs.
        assert!((interval.high - 0.0152).abs() < 1e-3, "{interval:?}");
    }

    #[test]
    fn graphs_that_differ_widen_the_interval() {
        // 99 in one component: 4,851 of 4,950 pairs.
        let same = cell(vec![sample(99, 4851); 4]).cut_off();
        let mixed = vec![
            sample(100, 4950),
            sample(100, 4950),
            sample(100, 4950),
            sample(96, 4560),
        ];
        let differ = cell(mixed).cut_off();
        let width = |mean: Mean| mean.interval.map(|of| of.high - of.low);
        assert!((same.value - 0.02).abs() < 1e-9, "{same:?}");
        assert!(width(differ) > width(same), "{differ:?} {same:?}");
    }

    #[test]
    fn below_the_threshold_one_graph_has_no_interval() {
        assert_eq!(cell(vec![sample(10, 300)]).cut_off().interval, None);
        assert_eq!(cell(vec![Sample::default()]).distance(), None);
        let one = cell(vec![sample(100, 4950)]).distance().expect("a mean");
        assert_eq!((one.value, one.interval), (2.0, None));
    }
}
