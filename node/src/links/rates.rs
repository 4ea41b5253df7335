//! Max-min fair rates: none can grow without another, which is not larger, becoming smaller.
//!
//! By progressive filling: all rates grow alike until a line is full; those on it are then
//! final, and the others grow on. Bertsekas and Gallager, "Data Networks" (2nd edition, 1992),
//! 6.5.2.

/// The rates of flows. Each flow takes two lines: that of its sender, and that of its
/// receiver. `capacities` are those of the lines, in any unit of rate.
pub(super) fn max_min(capacities: &[f64], flows: &[[usize; 2]]) -> Vec<f64> {
    let mut left = capacities.to_vec();
    let mut growing = vec![0_usize; capacities.len()];
    for line in flows.iter().flatten() {
        growing[*line] += 1;
    }
    let mut rates = vec![None; flows.len()];
    loop {
        let share = |line: &usize| left[*line] / growing[*line] as f64;
        let full = (0..left.len())
            .filter(|line| growing[*line] > 0)
            .min_by(|a, b| share(a).total_cmp(&share(b)));
        let Some(full) = full else {
            return rates.into_iter().map(Option::unwrap_or_default).collect();
        };
        let share = share(&full);
        for (rate, lines) in rates.iter_mut().zip(flows) {
            if rate.is_none() && lines.contains(&full) {
                *rate = Some(share);
                for line in lines {
                    left[*line] = (left[*line] - share).max(0.0);
                    growing[*line] -= 1;
                }
            }
        }
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
