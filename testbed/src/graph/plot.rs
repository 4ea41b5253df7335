//! The plots of `testbed graph`, as SVG: the mean distance over the number of nodes, and the
//! share of pairs that are cut off over the share of nodes that are alive.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use lab::graph::{Cell, Interval, Plan, Run};
use plotters::coord::ranged1d::Ranged;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::*;

use super::{Error, Report};
use crate::sweep::COLOURS;

/// The size of a plot, in pixels.
const SIZE: (u32, u32) = (800, 500);

const GREY: RGBColor = RGBColor(120, 120, 120);

type Drawn = Result<(), DrawingAreaErrorKind<io::Error>>;

/// A mean, or what it is compared with, at its place.
struct Point {
    at: f64,
    value: f64,
    interval: Option<Interval>,
    theory: Option<f64>,
    published: Option<f64>,
}

/// The lines of a plot by their names.
type Lines = BTreeMap<(u32, String), Vec<Point>>;

/// Draws the plots of what was computed into a folder, which is there: `distance.svg`, where there
/// are several numbers of nodes, and `cut-off.svg`, where several shares are killed.
///
/// # Errors
/// [`Error::Plot`].
pub fn draw(folder: &Path, plan: &Plan, run: &Run) -> Result<Vec<PathBuf>, Error> {
    let mut drawn = Vec::new();
    let mut one = |name: &str, lines: Lines, draw: fn(&Path, &Lines) -> Drawn| {
        if lines.values().all(|points| points.len() < 2) {
            return Ok(());
        }
        let path = folder.join(name);
        match draw(&path, &lines) {
            Ok(()) => drawn.push(path),
            Err(source) => return Err(Error::Plot { path, source }),
        }
        Ok(())
    };
    let report = Report::new(plan, run);
    one("distance.svg", distances(&report, plan, run), of_distances)?;
    one("cut-off.svg", cut_off(plan, run), of_cut_off)?;
    Ok(drawn)
}

fn distances(report: &Report<'_>, plan: &Plan, run: &Run) -> Lines {
    let mut lines = Lines::new();
    for cell in &run.cells {
        let name = match plan.kills.len() {
            1 => format!("{} links", cell.size.links),
            _ => format!("{} links, {} killed", cell.size.links, cell.kill),
        };
        if let Some(mean) = cell.distance() {
            let point = Point {
                at: cell.size.peers.into(),
                value: mean.value,
                interval: mean.interval,
                theory: cell.estimate(),
                published: report.published(cell),
            };
            lines
                .entry((cell.size.links, name))
                .or_default()
                .push(point);
        }
    }
    lines
}

fn cut_off(plan: &Plan, run: &Run) -> Lines {
    let mut lines = Lines::new();
    // A logarithmic axis has no zero.
    let seen = |cell: &&Cell| cell.cut_off().value > 0.0;
    for cell in run.cells.iter().filter(seen) {
        let name = match plan.peers.len() {
            1 => format!("{} links", cell.size.links),
            _ => format!("{} links, {} peers", cell.size.links, cell.size.peers),
        };
        let mean = cell.cut_off();
        let point = Point {
            at: 1.0 - cell.kill,
            value: mean.value,
            interval: mean.interval,
            theory: None,
            published: None,
        };
        lines
            .entry((cell.size.links, name))
            .or_default()
            .push(point);
    }
    lines
}

fn of_distances(path: &Path, lines: &Lines) -> Drawn {
    let (left, right) = ends(points(lines).map(|point| point.at));
    let (_, top) = ends(points(lines).flat_map(|point| {
        let shown = [point.theory, point.published, Some(point.value)];
        shown.into_iter().flatten()
    }));
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("mean distance in hops", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(45)
        .y_label_area_size(60)
        .build_cartesian_2d(
            (left * 0.9..right * 1.1).log_scale().base(2.0),
            0.0..top * 1.2,
        )?;
    chart
        .configure_mesh()
        .max_light_lines(1)
        .x_desc("peers")
        .y_desc("mean of the graphs; bars: its interval; ×: published; grey: theory")
        .x_label_formatter(&|place| format!("{place:.0}"))
        .y_label_formatter(&|value| format!("{value:.1}"))
        .draw()?;
    fill(&mut chart, lines, 0.0, SeriesLabelPosition::UpperLeft)?;
    root.present()?;
    Ok(())
}

fn of_cut_off(path: &Path, lines: &Lines) -> Drawn {
    let (least, _) = ends(points(lines).map(|point| point.value));
    // A bar that goes down to zero ends below the least mean.
    let bottom = least / 10.0;
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("pairs of living nodes without a path", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(45)
        .y_label_area_size(80)
        .build_cartesian_2d(0.0..1.0, (bottom..1.5).log_scale())?;
    chart
        .configure_mesh()
        .max_light_lines(1)
        .x_desc("share of the nodes that is alive")
        .y_desc("share of pairs; bars: its interval; no point where none is cut off")
        .x_label_formatter(&|place| format!("{place:.1}"))
        .y_label_formatter(&|value| format!("{value:.0e}"))
        .draw()?;
    fill(&mut chart, lines, bottom, SeriesLabelPosition::UpperRight)?;
    root.present()?;
    Ok(())
}

fn points(lines: &Lines) -> impl Iterator<Item = &Point> {
    lines.values().flatten()
}

fn fill<'a, 'b: 'a, X, Y>(
    chart: &mut ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>,
    lines: &Lines,
    bottom: f64,
    legend: SeriesLabelPosition,
) -> Drawn
where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    for (((_, name), points), colour) in lines.iter().zip(COLOURS.into_iter().cycle()) {
        let theory = points.iter().filter_map(|one| Some((one.at, one.theory?)));
        chart.draw_series(LineSeries::new(theory, GREY.stroke_width(1)))?;
        let means = points.iter().map(|one| (one.at, one.value));
        chart
            .draw_series(LineSeries::new(means, colour.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
        let bars = points.iter().filter_map(|one| Some((one, one.interval?)));
        chart.draw_series(bars.map(|(one, of)| {
            let low = of.low.max(bottom);
            ErrorBar::new_vertical(one.at, low, one.value, of.high, colour.filled(), 8)
        }))?;
        let published = points
            .iter()
            .filter_map(|one| Some((one.at, one.published?)));
        chart.draw_series(published.map(|at| Cross::new(at, 6, BLACK.stroke_width(2))))?;
    }
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

/// The least and the greatest.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let both = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
    values.fold((f64::INFINITY, 0.0), both)
}
