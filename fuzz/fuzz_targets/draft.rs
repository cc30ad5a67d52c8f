//! Lines of the exchange form: any line is read or refused; what is read is written again; what passes the checks fits into a
//! body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_core::exchange::{CheckOptions, Draft};
use sayso_core::time::TimeZone;

fuzz_target!(|line: &str| {
    let Ok(draft) = Draft::from_json(line) else { return };
    let written = draft.to_json();
    let again = Draft::from_json(&written).unwrap_or_else(|e| panic!("{e}: {written}"));
    assert_eq!(again.to_json(), written);
    for numbers in [false, true] {
        let options = CheckOptions { zone: TimeZone::UTC, numbers, imported_clock: numbers, recorder: None };
        let (one, two) = (draft.clone().check(&options), again.clone().check(&options));
        match (one, two) {
            (Ok(one), Ok(two)) => assert_eq!(one, two),
            (one, two) => assert_eq!(one.is_err(), two.is_err()),
        }
    }
});
