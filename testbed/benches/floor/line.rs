//! What a benchmark prints.

use std::fmt;

/// The result of one benchmark. Lower is better: a rate is given as the time of one
/// item.
pub(crate) struct Line {
    /// The medians of both sides.
    pub(crate) medians: Medians,
    /// Writes an amount with its unit.
    pub(crate) show: fn(f64) -> String,
    /// How many measurements of each side there were.
    pub(crate) rounds: usize,
    /// What else was seen.
    pub(crate) remarks: String,
}

/// What both sides took.
pub(crate) struct Medians {
    pub(crate) ours: f64,
    pub(crate) floor: f64,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Medians { ours, floor } = self.medians;
        let (ratio, show) = (ours / floor, self.show);
        write!(
            f,
            "ratio {ratio:.2} (ours {}, floor {}; ",
            show(ours),
            show(floor)
        )?;
        match self.rounds {
            1 => f.write_str("1 round")?,
            rounds => write!(f, "medians of {rounds} rounds")?,
        }
        write!(f, "{})", self.remarks)
    }
}

/// The median of the rounds, of which there is at least one.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    lab::stats::median(values).expect("a round")
}

/// Seconds as people read them.
pub(crate) fn seconds(value: f64) -> String {
    lab::stats::show(std::time::Duration::from_secs_f64(value))
}

/// Bytes of one connection.
pub(crate) fn kib_a_connection(bytes: f64) -> String {
    format!("{:.1} KiB a connection", bytes / 1024.0)
}
