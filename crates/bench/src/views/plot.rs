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
    // Whole decades: half of one would hide how flat a line is.
    let (low, high) = (10f64.powf((low * 0.9).log10().floor()), 10f64.powf((high * 1.1).log10().ceil()));
    let area = SVGBackend::new(path, (800, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("One view, while the claims of others grow", ("sans-serif", 24))
        .margin(16)
        .x_label_area_size(52)
        .y_label_area_size(80)
        .build_cartesian_2d((left * 0.8..right * 1.25).log_scale(), (low..high).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("claims in the ledger")
        .y_desc("milliseconds")
        .x_label_formatter(&|claims| decade(*claims))
        .y_label_formatter(&|ms| decade(*ms))
        .label_style(("sans-serif", 18))
        .light_line_style(WHITE)
        .draw()?;
    for (line, colour) in lines.iter().zip([RGBColor(0, 90, 156), RGBColor(200, 80, 0), RGBColor(90, 90, 90)]) {
        let points: Vec<(f64, f64)> = line.points.iter().map(|(claims, s)| (*claims, s * 1e3)).collect();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)))?
            .label(line.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(points.into_iter().map(|point| Circle::new(point, 4, colour.filled())))?;
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 18))
        .border_style(BLACK)
        .background_style(WHITE)
        .position(SeriesLabelPosition::UpperLeft)
        .draw()?;
    Ok(area.present()?)
}

/// A power of ten, short; nothing for what lies between.
fn decade(number: f64) -> String {
    let power = number.log10();
    if (power - power.round()).abs() > 1e-6 {
        return String::new();
    }
    match number.round() {
        n if n >= 1e6 => format!("{} M", n / 1e6),
        n if n >= 1e3 => format!("{} k", n / 1e3),
        n if n >= 1.0 => n.to_string(),
        _ => format!("{number:.prec$}", prec = (-power).round().clamp(0.0, 9.0) as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::decade;

    #[test]
    fn only_powers_of_ten_are_labelled() {
        let shown = [0.001, 0.1, 0.2, 1.0, 30.0, 100.0, 10_000.0, 20_000.0, 1e7].map(decade);
        assert_eq!(shown, ["0.001", "0.1", "", "1", "", "100", "10 k", "", "10 M"]);
    }
}
