//! Values as people type them: any text is read or refused; what is read comes through the exchange form unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sayso_core::event::Content;
use sayso_core::exchange::{CheckOptions, Draft, parse_value, value_to_json};
use sayso_core::time::TimeZone;

fuzz_target!(|typed: &str| {
    let Ok((value, _)) = parse_value(typed, &TimeZone::UTC) else { return };
    let json = value_to_json(&value);
    let line = format!(
        r#"{{"kind":"claim","source":"a","subject":"s","predicate":"p","stated":"2023-05-12","value":{}}}"#,
        json.get()
    );
    let options = CheckOptions { zone: TimeZone::UTC, numbers: true, imported_clock: false, recorder: None };
    let draft = Draft::from_json(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let event = draft.check(&options).unwrap_or_else(|e| panic!("{e}: {line}")).event;
    let Content::Claim(claim) = event.content else { panic!("a claim") };
    assert_eq!(claim.value, value, "{line}");
});
