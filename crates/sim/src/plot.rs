//! Figures over the day as a picture (SVG): how many came and hung up in each quarter of an hour, and how long those
//! who came then waited.

use crate::figures::{Figures, QUARTER, Quarter};
use jiff::{SignedDuration, Timestamp};
use plotters::prelude::*;
use std::time::Duration;

const SIZE: (u32, u32) = (1_000, 700);

/// One colour for each run, told apart also by those who don't see red and green alike (Okabe and Ito).
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
];

/// The picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the plot can't be drawn: {0}")]
pub struct PlotError(String);

/// Named runs in one picture, on a clock that showed 0 at `origin`.
pub fn plot(runs: &[(String, Figures)], origin: Timestamp) -> Result<String, PlotError> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let (upper, lower) = root.split_vertically(SIZE.1 / 2);
        let counts: [Curve; 2] = [
            (" came", &|quarter| f64::from(quarter.callers)),
            (" hung up", &|quarter| f64::from(quarter.abandoned)),
        ];
        panel(
            &upper,
            "Callers in each quarter of an hour",
            runs,
            origin,
            &counts,
        )?;
        let waits: [Curve; 1] = [("", &|quarter| quarter.mean_wait().as_secs_f64())];
        panel(
            &lower,
            "Mean wait in seconds of those who came then",
            runs,
            origin,
            &waits,
        )?;
        root.present().map_err(failed)?;
    }
    Ok(svg)
}

/// What the name of the run is followed by, and what is drawn of a quarter.
type Curve<'a> = (&'a str, &'a dyn Fn(&Quarter) -> f64);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn panel(
    area: &Area<'_>,
    title: &str,
    runs: &[(String, Figures)],
    origin: Timestamp,
    curves: &[Curve<'_>],
) -> Result<(), PlotError> {
    let (from, to) = hours(runs);
    let all = || runs.iter().flat_map(|(_, run)| &run.quarters);
    let heights = curves.iter().flat_map(|(_, height)| all().map(height));
    let top = heights.fold(1.0, f64::max) * 1.05;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(10)
        .margin_right(30)
        .x_label_area_size(30)
        .y_label_area_size(50)
        .build_cartesian_2d(from..to, 0.0..top)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .x_label_formatter(&|hour| clock(origin, *hour))
        .y_label_formatter(&|height| format!("{height:.0}"))
        .light_line_style(WHITE)
        .draw()
        .map_err(failed)?;
    for (which, (name, run)) in runs.iter().enumerate() {
        for (nth, (what, height)) in curves.iter().enumerate() {
            let width = if nth == 0 { 2 } else { 1 };
            let style = COLOURS[which % COLOURS.len()].stroke_width(width);
            let points = (0_u32..).zip(&run.quarters);
            let points = points.map(|(index, quarter)| (hour_of(index), height(quarter)));
            let points = points.filter(|(hour, _)| *hour >= from);
            let drawn = chart
                .draw_series(LineSeries::new(points, style))
                .map_err(failed)?;
            drawn
                .label(format!("{name}{what}"))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()
        .map_err(failed)
}

/// From the first quarter in which somebody came to the last.
fn hours(runs: &[(String, Figures)]) -> (f64, f64) {
    let first = |run: &Figures| run.quarters.iter().position(|quarter| quarter.callers > 0);
    let first = runs
        .iter()
        .filter_map(|(_, run)| first(run))
        .min()
        .unwrap_or(0);
    let last = runs
        .iter()
        .map(|(_, run)| run.quarters.len())
        .max()
        .unwrap_or(0);
    let quarter = |index: usize| hour_of(u32::try_from(index).unwrap_or(u32::MAX));
    (quarter(first), quarter(last.max(first + 1)))
}

fn hour_of(index: u32) -> f64 {
    f64::from(index) * QUARTER.as_secs_f64() / 3_600.0
}

fn clock(origin: Timestamp, hour: f64) -> String {
    let since = Duration::from_secs_f64(hour.max(0.0) * 3_600.0);
    let since = SignedDuration::try_from(since).unwrap_or_default();
    let at = origin.saturating_add(since).unwrap_or(origin);
    at.strftime("%H:%M").to_string()
}

fn failed(error: impl std::fmt::Display) -> PlotError {
    PlotError(error.to_string())
}
