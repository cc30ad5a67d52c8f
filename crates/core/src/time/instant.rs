//! The recorded clock: microseconds since the Unix epoch.

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A point in time, in microseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

impl Instant {
    /// The smallest and largest microsecond counts that a calendar date can be given for.
    const RANGE: std::ops::RangeInclusive<i64> =
        DateTime::<Utc>::MIN_UTC.timestamp_micros()..=DateTime::<Utc>::MAX_UTC.timestamp_micros();

    /// An instant from microseconds since the Unix epoch, or `None` outside the years that can be shown.
    #[must_use]
    pub fn from_micros(us: i64) -> Option<Self> {
        Self::RANGE.contains(&us).then_some(Self(us))
    }

    /// Whatever was stored, also what no calendar has: damaged bytes must come through to audit.
    pub(crate) const fn from_stored(us: i64) -> Self {
        Self(us)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant at which a clock `offset_s` seconds ahead of UTC shows `local`.
    #[must_use]
    pub(crate) fn from_local(local: NaiveDateTime, offset_s: i32) -> Option<Self> {
        let us = local.and_utc().timestamp_micros().checked_sub(i64::from(offset_s).checked_mul(1_000_000)?)?;
        Self::from_micros(us)
    }

    /// An instant from RFC 3339 text with an explicit offset (`2023-05-13T08:00:00.5Z`), to the microsecond.
    #[must_use]
    pub fn from_rfc3339(s: &str) -> Option<Self> {
        let parsed = DateTime::parse_from_rfc3339(s).ok()?;
        // Finer digits would be lost in silence, so they are refused.
        (parsed.timestamp_subsec_nanos() % 1_000 == 0).then_some(())?;
        Self::from_micros(parsed.timestamp_micros())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::<Utc>::MIN_UTC);
        let format = if self.0.rem_euclid(1_000_000) == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.6fZ" };
        write!(f, "{}", shown.format(format))
    }
}

/// Where recorded times come from. The core never looks at the machine's clock by itself.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant(Utc::now().timestamp_micros())
    }
}
