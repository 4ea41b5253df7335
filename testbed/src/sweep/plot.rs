//! The plots of a sweep, as SVG: one for each measure, over the first list of
//! numbers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plotters::prelude::*;

use super::grid::{Cell, Grid, size};
use super::plot_path;
use super::table::{Entry, Table, told};
use crate::Error;

/// Colours that are told apart by those who do not see all of them (Okabe and
/// Ito, "Color Universal Design", 2008).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// In pixels.
const SIZE: (u32, u32) = (800, 500);

/// A line: one combination of the other lists, over the first.
type Line<'a> = Vec<(f64, &'a Entry)>;

/// Draws them. Without a list of numbers there is nothing to draw over.
pub(super) fn draw(folder: &Path, grid: &Grid, table: &Table) -> Result<Vec<PathBuf>, Error> {
    let numbers = |(_, values): &(String, Vec<String>)| values.iter().all(|v| size(v).is_some());
    let Some(axis) = grid.axes.iter().position(numbers) else {
        return Ok(Vec::new());
    };
    let mut drawn = Vec::new();
    for measure in &table.measures {
        let lines = lines(axis, table, measure);
        let path = plot_path(folder, measure);
        let name = grid.axes[axis].0.trim_start_matches('-');
        let plot = plot(&path, name, measure, &lines);
        plot.map_err(|error| Error::Failed(format!("{}: {error}", path.display())))?;
        drawn.push(path);
    }
    Ok(drawn)
}

fn lines<'a>(axis: usize, table: &'a Table, measure: &str) -> BTreeMap<String, Line<'a>> {
    let mut lines: BTreeMap<_, Line<'_>> = BTreeMap::new();
    for cell in &table.cells {
        let entry = table.entries.get(&(measure.to_owned(), cell.clone()));
        let place = size(&cell[axis]);
        if let (Some(entry), Some(place)) = (entry.filter(|e| e.p50.is_some()), place) {
            lines
                .entry(others(axis, cell))
                .or_default()
                .push((place, entry));
        }
    }
    lines
}

/// The other values of a combination.
fn others(axis: usize, cell: &Cell) -> String {
    let others = cell.iter().enumerate().filter(|(at, _)| *at != axis);
    let others: Vec<_> = others.map(|(_, value)| value.as_str()).collect();
    others.join(", ")
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn plot(path: &Path, axis: &str, measure: &str, lines: &BTreeMap<String, Line<'_>>) -> Drawn {
    let entries = || lines.values().flatten();
    let places = entries().map(|(place, _)| *place);
    let (least, most) = ends(places);
    let values = entries().flat_map(|(_, entry)| {
        let p50 = entry.p50.map(|p50| [p50.low, p50.high]);
        let p99 = entry.p99.map(|p99| p99.value);
        p50.into_iter().flatten().chain(p99).chain(entry.theory)
    });
    let (_, top) = ends(values);
    let unit = entries()
        .next()
        .map_or("", |(_, entry)| entry.unit.as_str());
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let places = (least * 0.9..most * 1.1).log_scale().base(2.0);
    let mut chart = ChartBuilder::on(&root)
        .caption(measure, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(45)
        .y_label_area_size(80)
        .build_cartesian_2d(places, 0.0..(top * 1.1).max(f64::MIN_POSITIVE))?;
    chart
        .configure_mesh()
        .max_light_lines(1)
        .x_desc(axis)
        .y_desc("median of the runs, bars: 95 % of medians, circles: p99")
        .x_label_formatter(&|place| format!("{place:.0}"))
        .y_label_formatter(&|value| told(*value, unit))
        .draw()?;
    for ((name, line), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let median = |(place, entry): &(f64, &Entry)| (*place, entry.p50.map_or(0.0, |m| m.value));
        chart
            .draw_series(LineSeries::new(
                line.iter().map(median),
                colour.stroke_width(2),
            ))?
            .label(if name.is_empty() { "median" } else { name })
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
        let bars = line.iter().filter_map(|(place, entry)| {
            let p50 = entry.p50?;
            let style = colour.filled();
            Some(ErrorBar::new_vertical(
                *place, p50.low, p50.value, p50.high, style, 8,
            ))
        });
        chart.draw_series(bars)?;
        let p99 = line
            .iter()
            .filter_map(|(at, entry)| Some((*at, entry.p99?.value)));
        chart.draw_series(p99.map(|at| Circle::new(at, 2, colour.stroke_width(1))))?;
    }
    let theory = lines.values().next().into_iter().flatten();
    let theory: Vec<_> = theory
        .filter_map(|(at, entry)| Some((*at, entry.theory?)))
        .collect();
    if !theory.is_empty() {
        let grey = RGBColor(120, 120, 120);
        chart
            .draw_series(LineSeries::new(theory, grey.stroke_width(1)))?
            .label("theory")
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], grey));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    Ok(())
}

/// The least and the greatest.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let both = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
    values.fold((f64::INFINITY, 0.0), both)
}
