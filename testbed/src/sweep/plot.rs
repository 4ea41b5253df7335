//! The plots of a sweep, as SVG: one for each measure, over the first list of
//! numbers.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;

use super::Error;
use super::grid::{Cell, Grid, size};
use super::plot_path;
use super::table::{Entry, Table, in_unit};

/// Colours that people with colour blindness can distinguish (Okabe and Ito, "Color
/// Universal Design", 2008).
pub(crate) const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// The size of a plot, in pixels.
const SIZE: (u32, u32) = (800, 500);

/// Values that differ by more have a logarithmic axis, which has a label for each power of
/// ten.
const DECADE: f64 = 10.0;

/// A line of a plot: one combination of the other lists, over the first.
type Line<'a> = Vec<(f64, &'a Entry)>;

/// Draws the plots. Without a list of numbers there are none.
pub(super) fn draw(folder: &Path, grid: &Grid, table: &Table) -> Result<Vec<PathBuf>, Error> {
    let numbers = |(_, values): &(String, Vec<String>)| values.iter().all(|v| size(v).is_some());
    let Some(axis) = grid.axes.iter().position(numbers) else {
        return Ok(Vec::new());
    };
    let mut drawn = Vec::new();
    for measure in &table.measures {
        let lines = lines(axis, table, measure);
        if lines.is_empty() {
            continue;
        }
        let path = plot_path(folder, measure);
        let name = grid.axes[axis].0.trim_start_matches('-');
        let plot = plot(&path, name, measure, &lines);
        match plot {
            Ok(()) => drawn.push(path),
            Err(source) => return Err(Error::Plot { path, source }),
        }
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

type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

type Chart<'a, 'b, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<LogCoord<f64>, Y>>;

fn plot(path: &Path, axis: &str, measure: &str, lines: &BTreeMap<String, Line<'_>>) -> Drawn {
    let entries = || lines.values().flatten();
    let (least, most) = ends(entries().map(|(place, _)| *place));
    let values = entries().flat_map(|(_, entry)| {
        let p50 = entry.p50.map(|p50| [p50.low, p50.high]);
        let p99 = entry.p99.map(|p99| p99.value);
        p50.into_iter().flatten().chain(p99).chain(entry.theory)
    });
    let (bottom, top) = ends(values);
    let is_time = entries().all(|(_, entry)| entry.unit == "ns");
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root);
    chart
        .caption(measure, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(45)
        .y_label_area_size(80);
    let places = (least * 0.9..most * 1.1).log_scale().base(2.0);
    match is_time && bottom > 0.0 && top > DECADE * bottom {
        // Times with few and with many peers differ by orders of magnitude.
        true => {
            let times = (bottom * 0.8..top * 1.25).log_scale();
            fill(chart.build_cartesian_2d(places, times)?, axis, lines)?;
        }
        false => {
            let values = 0.0..(top * 1.1).max(f64::MIN_POSITIVE);
            fill(chart.build_cartesian_2d(places, values)?, axis, lines)?;
        }
    }
    root.present()?;
    Ok(())
}

fn fill<'a, 'b: 'a, Y>(
    mut chart: Chart<'a, 'b, Y>,
    axis: &str,
    lines: &BTreeMap<String, Line<'_>>,
) -> Drawn
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let first = lines.values().flatten().next();
    let unit = first.map_or("", |(_, entry)| entry.unit.as_str());
    chart
        .configure_mesh()
        .max_light_lines(1)
        .x_desc(axis)
        .y_desc("median of the runs; bars: its interval; circles: p99; ×: not all runs passed")
        .x_label_formatter(&|place| format!("{place:.0}"))
        .y_label_formatter(&|value| in_unit(*value, unit))
        .draw()?;
    for ((name, line), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        measured(&mut chart, name, line, *colour)?;
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
    Ok(())
}

fn measured<Y>(chart: &mut Chart<'_, '_, Y>, name: &str, line: &Line<'_>, colour: RGBColor) -> Drawn
where
    Y: Ranged<ValueType = f64>,
{
    let p50 = line
        .iter()
        .filter_map(|(at, entry)| Some((*at, *entry, entry.p50?)));
    let p50: Vec<_> = p50.collect();
    let medians = p50.iter().map(|(at, _, p50)| (*at, p50.value));
    chart
        .draw_series(LineSeries::new(medians, colour.stroke_width(2)))?
        .label(if name.is_empty() { "median" } else { name })
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
    chart.draw_series(p50.iter().map(|(at, _, p50)| {
        ErrorBar::new_vertical(*at, p50.low, p50.value, p50.high, colour.filled(), 8)
    }))?;
    let doubtful = p50.iter().filter(|(_, entry, _)| entry.passed < entry.runs);
    let cross = |at| Cross::new(at, 7, colour.stroke_width(2));
    chart.draw_series(doubtful.map(|(at, _, p50)| cross((*at, p50.value))))?;
    let p99 = line
        .iter()
        .filter_map(|(at, entry)| Some((*at, entry.p99?.value)));
    chart.draw_series(p99.map(|at| Circle::new(at, 2, colour.stroke_width(1))))?;
    Ok(())
}

/// The least and the greatest.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let both = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
    values.fold((f64::INFINITY, 0.0), both)
}
