//! The matrix as text: rows dial, columns listen.

use super::report::Measured;
use super::{Carrier, Kind, Scene};

/// The cells of one transport: the pairs, and below them the others.
pub(super) fn render(
    carrier: Carrier,
    kinds: &[Kind],
    pairs: &[&Measured],
    others: &[&Measured],
) -> String {
    let mut rows = vec![heading(carrier, kinds)];
    for dialler in kinds {
        let of = pairs.iter().filter(|measured| {
            matches!(measured.cell.scene, Scene::Pair { dialler: it, .. } if it == *dialler)
        });
        let mut row = vec![dialler.to_string()];
        row.extend(of.map(|measured| measured.text()));
        rows.push(row);
    }
    for measured in others {
        rows.push(vec![measured.cell.scene.to_string(), measured.text()]);
    }
    aligned(&rows)
}

fn heading(carrier: Carrier, kinds: &[Kind]) -> Vec<String> {
    let mut heading = vec![format!("{carrier}, from \\ to")];
    heading.extend(kinds.iter().map(ToString::to_string));
    heading
}

/// Columns as wide as their longest text.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let texts = rows.iter().filter_map(|row| row.get(column));
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths);
        let padded: Vec<_> = padded
            .map(|(text, width)| format!("{text:<width$}"))
            .collect();
        format!("  {}\n", padded.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "bcd"], ["ef", "g"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), "  a   bcd\n  ef  g\n");
    }
}
