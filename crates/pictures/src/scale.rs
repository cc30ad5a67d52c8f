//! Scales: days and numbers to places, and where their ticks go.

use chrono::{Datelike, NaiveDate};

/// Days along a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Days {
    first: f64,
    last: f64,
    from: f64,
    to: f64,
}

fn number(day: NaiveDate) -> f64 {
    f64::from(day.num_days_from_ce())
}

impl Days {
    /// Days from `first` to `last` between two places. What begins on the last day gets a little room.
    pub(crate) fn new(first: NaiveDate, last: NaiveDate, from: f64, to: f64) -> Self {
        let (first, last) = (number(first), number(last));
        let room = ((last - first) * 0.03).max(1.0);
        Self { first, last: last + room, from, to }
    }

    pub(crate) fn at(&self, day: NaiveDate) -> f64 {
        let part = (number(day) - self.first) / (self.last - self.first);
        self.from + part.clamp(0.0, 1.0) * (self.to - self.from)
    }

    pub(crate) fn end(&self) -> f64 {
        self.to
    }

    /// Days to be written at the axis, with what to write.
    pub(crate) fn ticks(&self) -> Vec<(NaiveDate, String)> {
        let room = ((self.to - self.from) / 92.0).max(1.0);
        let span = self.last - self.first;
        let Some(first) = day(self.first) else { return vec![] };
        for step in [1, 2, 7, 14] {
            if span / f64::from(step) <= room {
                let days = (0..).map(|k| self.first + f64::from(k * step)).take_while(|d| *d < self.last);
                return days.filter_map(|d| day(d).map(|day| (day, day.to_string()))).collect();
            }
        }
        for months in [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200] {
            if span / (30.44 * f64::from(months)) <= room {
                return self.months(first, months);
            }
        }
        vec![]
    }

    /// The first days of every so many months.
    fn months(&self, first: NaiveDate, months: i32) -> Vec<(NaiveDate, String)> {
        let begin = (first.year() * 12 + first.month0().cast_signed()) / months * months;
        let mut ticks = Vec::new();
        for k in 0..400 {
            let month = begin + k * months;
            let Some(day) = NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12).cast_unsigned() + 1, 1)
            else {
                break;
            };
            if number(day) >= self.last {
                break;
            }
            if day >= first {
                let text =
                    if months % 12 == 0 { day.format("%Y").to_string() } else { day.format("%Y-%m").to_string() };
                ticks.push((day, text));
            }
        }
        ticks
    }
}

fn day(number: f64) -> Option<NaiveDate> {
    #[allow(clippy::cast_possible_truncation, reason = "days of our calendar fit")]
    NaiveDate::from_num_days_from_ce_opt(number as i32)
}

/// Numbers upwards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    low: f64,
    high: f64,
    bottom: f64,
    top: f64,
    whole: bool,
}

impl Numbers {
    /// Numbers from the lowest to the highest between two places, with room above and below, and with zero if it is near.
    pub(crate) fn new(low: f64, high: f64, bottom: f64, top: f64) -> Self {
        let spread = if high > low { high - low } else { high.abs().max(1.0) * 0.5 };
        let (mut from, to) = (low - spread * 0.12, high + spread * 0.16);
        let whole = low.fract() == 0.0 && high.fract() == 0.0;
        // Small counts are read against zero; so is whatever reaches down to near it.
        let near = low <= 0.5 * high.max(f64::MIN_POSITIVE) || from < 0.0 || (whole && high <= 20.0);
        if low >= 0.0 && near {
            from = 0.0;
        }
        let to = if whole { to.max(from + 1.2) } else { to };
        Self { low: from, high: to, bottom, top, whole }
    }

    pub(crate) fn at(&self, number: f64) -> f64 {
        let part = ((number - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.bottom - part * (self.bottom - self.top)
    }

    /// Round numbers, four to eight of them.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let rough = (self.high - self.low) / 5.0;
        if !rough.is_finite() || rough <= 0.0 {
            return vec![];
        }
        let power = 10_f64.powf(rough.log10().floor());
        let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|t| t * power >= rough).unwrap_or(10.0);
        let step = if self.whole { (times * power).max(1.0) } else { times * power };
        let first = (self.low / step).ceil();
        let ticks = (0..20).map(|k| (first + f64::from(k)) * step + 0.0).take_while(|v| *v <= self.high);
        let decimals = if step >= 1.0 { 0.0 } else { (-step.log10().floor()).clamp(0.0, 12.0) };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 12")]
        ticks.map(|v| (v, super::lettering::grouped(&format!("{v:.*}", decimals as usize)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn ticks_are_few_and_inside() {
        for (first, last) in [
            ("2023-05-11", "2023-05-11"),
            ("2023-05-11", "2023-05-14"),
            ("2022-02-24", "2026-02-11"),
            ("1900-01-01", "2023-01-01"),
            ("2023-12-30", "2024-01-04"),
        ] {
            let days = Days::new(day(first), day(last), 60.0, 760.0);
            let ticks = days.ticks();
            assert!((1..=9).contains(&ticks.len()), "{first} {last}: {ticks:?}");
            assert!(ticks.windows(2).all(|w| days.at(w[1].0) - days.at(w[0].0) > 60.0), "{first} {last}: {ticks:?}");
        }
        for (low, high) in
            [(2.0, 2.0), (0.0, 0.0), (2.0, 4.0), (4030.0, 10872.0), (0.001, 0.004), (-5.0, 5.0), (1e12, 3e12)]
        {
            let ticks = Numbers::new(low, high, 400.0, 60.0).ticks();
            assert!((2..=12).contains(&ticks.len()), "{low} {high}: {ticks:?}");
        }
    }

    #[test]
    fn everything_stays_on_paper() {
        let numbers = Numbers::new(2.0, 40.0, 400.0, 60.0);
        assert!(numbers.at(2.0) <= 400.0 && numbers.at(40.0) > 60.0);
        assert!((numbers.at(1e9) - 60.0).abs() < 1e-9 && (numbers.at(-1e9) - 400.0).abs() < 1e-9);
        let days = Days::new(day("2023-05-11"), day("2023-05-14"), 60.0, 760.0);
        assert!((days.at(day("1900-01-01")) - 60.0).abs() < 1e-9 && days.at(day("2023-05-14")) < 760.0);
    }
}
