//! Dates: any text is read or refused; what is read is written in a form that reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_core::time::{AsOf, Edtf, KnownAt, TimeZone};

fuzz_target!(|text: &str| {
    let _ = AsOf::parse(text, &TimeZone::UTC);
    let _ = KnownAt::parse(text, &TimeZone::UTC);
    let Ok(date) = Edtf::parse(text, &TimeZone::UTC) else { return };
    let _ = (date.is_qualified(), date.day_span());
    let written = date.to_string();
    let again = Edtf::parse(&written, &TimeZone::UTC).unwrap_or_else(|e| panic!("{e}: {written}"));
    assert_eq!(again, date, "{written}");
    assert_eq!(again.to_string(), written);
});
