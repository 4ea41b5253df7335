//! Max-min fair rates: none can grow without another, which is not larger, becoming smaller.
//!
//! By progressive filling: all rates grow alike until a line is full; those on it are then
//! final, and the others grow on. Bertsekas and Gallager, "Data Networks" (2nd edition, 1992),
//! 6.5.2.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The rates of flows. Each flow takes two different lines: that of its sender, and that of
/// its receiver. `capacities` are those of the lines, in any unit of rate.
pub(super) fn max_min(capacities: &[f64], flows: &[[usize; 2]]) -> Vec<f64> {
    let mut lines: Vec<_> = capacities.iter().map(|left| Line::new(*left)).collect();
    for (flow, over) in flows.iter().enumerate() {
        over.iter().for_each(|line| lines[*line].flows.push(flow));
    }
    for line in &mut lines {
        line.growing = line.flows.len();
    }
    // The line that is full first comes first.
    let all = (0..lines.len()).filter(|line| lines[*line].growing > 0);
    let mut next: BinaryHeap<_> = all
        .map(|line| Reverse((lines[line].share(), line)))
        .collect();
    let mut rates = vec![None; flows.len()];
    while let Some(Reverse((share, full))) = next.pop() {
        if lines[full].growing == 0 || lines[full].share() != share {
            continue; // It was filled meanwhile, or has another entry.
        }
        let rate = f64::from_bits(share);
        for flow in std::mem::take(&mut lines[full].flows) {
            if rates[flow].is_some() {
                continue;
            }
            rates[flow] = Some(rate);
            for line in flows[flow] {
                lines[line].left = (lines[line].left - rate).max(0.0);
                lines[line].growing -= 1;
                if lines[line].growing > 0 && line != full {
                    next.push(Reverse((lines[line].share(), line)));
                }
            }
        }
    }
    rates.into_iter().map(Option::unwrap_or_default).collect()
}

/// A line that is being filled.
struct Line {
    /// What is left of its capacity.
    left: f64,
    flows: Vec<usize>,
    /// How many of them still grow.
    growing: usize,
}

impl Line {
    fn new(left: f64) -> Self {
        Self {
            left,
            flows: Vec::new(),
            growing: 0,
        }
    }

    /// The rate at which it is full, if no other line is before. The bits of numbers that are
    /// not negative have the order of the numbers.
    fn share(&self) -> u64 {
        (self.left / self.growing as f64).to_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_cannot_take_is_left_to_the_others() {
        // Two flows of one sender with 10; the receiver of the second takes 2.
        assert_eq!(max_min(&[10.0, 100.0, 2.0], &[[0, 1], [0, 2]]), [8.0, 2.0]);
        assert_eq!(max_min(&[10.0, 100.0], &[[0, 1]]), [10.0]);
        assert_eq!(
            max_min(&[10.0, 100.0, 100.0], &[[0, 1], [0, 2]]),
            [5.0, 5.0]
        );
        // The example of Bertsekas and Gallager, with lines of 1 and 2.
        let flows = [[0, 3], [0, 1], [1, 2], [1, 3]];
        let rates = max_min(&[1.0, 2.0, 9.0, 9.0], &flows);
        assert_eq!(rates, [0.5, 0.5, 0.75, 0.75]);
        assert_eq!(max_min(&[1.0], &[]), [0.0; 0]);
    }
}
