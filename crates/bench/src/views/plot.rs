//! The plot of growth.

use std::path::Path;

use plotters::prelude::*;

use crate::Failure;

/// One line: its name, and for each size of ledger the seconds.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// Draws the lines on two logarithmic scales.
pub(super) fn draw(path: &Path, lines: &[Line]) -> Result<(), Failure> {
    let points = || lines.iter().flat_map(|l| l.points.iter().copied());
    let (mut left, mut right, mut low, mut high) = (f64::MAX, f64::MIN, f64::MAX, f64::MIN);
    for (claims, seconds) in points() {
        (left, right) = (left.min(claims), right.max(claims));
        (low, high) = (low.min(seconds * 1e3), high.max(seconds * 1e3));
    }
    if points().count() == 0 {
        return Err("nothing to plot".into());
    }
    let area = SVGBackend::new(path, (800, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("One view, while the claims of others grow", ("sans-serif", 20))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d((left * 0.8..right * 1.25).log_scale(), (low * 0.5..high * 2.0).log_scale())?;
    chart.configure_mesh().x_desc("claims in the ledger").y_desc("milliseconds").light_line_style(WHITE).draw()?;
    for (line, colour) in lines.iter().zip([RGBColor(0, 90, 156), RGBColor(200, 80, 0), RGBColor(90, 90, 90)]) {
        let points: Vec<(f64, f64)> = line.points.iter().map(|(claims, s)| (*claims, s * 1e3)).collect();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 4, colour.filled())))?;
    }
    chart.configure_series_labels().border_style(BLACK).background_style(WHITE).draw()?;
    Ok(area.present()?)
}
