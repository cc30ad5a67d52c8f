//! Random histories that can be made again from their seed.

use sayso_core::machine::Entropy;

use super::{Fixture, TestEntropy};

/// A small random history: late and back-dated claims, ties, retractions, stances, corrections of corrections, aliases.
pub fn random(seed: u64) -> Fixture {
    let f = Fixture::new();
    let entropy = TestEntropy::seeded(seed);
    let roll = |n: u64| {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes) % n
    };
    let pick = |all: &[&str]| all[usize::try_from(roll(all.len() as u64)).unwrap()].to_owned();
    let stated = || {
        let hour = ["", "", "", "T10:00:00Z", "T15:00:00Z"];
        let (day, hour) = (1 + roll(5), pick(&hour));
        let doubt = if hour.is_empty() && roll(5) == 0 { "?" } else { "" };
        format!("2023-05-0{day}{hour}{doubt}")
    };
    let source = || pick(&["a", "a", "b", "c", "unattributed"]);
    let new_claim = || {
        let value = pick(&["1", "2", "{\"min\":1}", "{\"approx\":2}", "{\"unknown\":true}"]);
        format!(
            r#"{{"kind":"claim","source":"{}","subject":"s","predicate":"{}","value":{value},"stated":"{}"}}"#,
            source(),
            pick(&["p", "q"]),
            stated()
        )
    };
    for step in 0..24 {
        f.clock.set(&format!("2023-05-{:02}T10:00:00Z", 10 + step / 2));
        let of = roll(f.ledger.head().size.max(1));
        let line = match roll(10) {
            0..=4 => new_claim(),
            5 => format!(r##"{{"kind":"retraction","source":"{}","of":"#{of}","stated":"{}"}}"##, source(), stated()),
            6 => format!(
                r##"{{"kind":"stance","source":"{}","stance":"{}","of":"#{of}","stated":"{}"}}"##,
                source(),
                pick(&["denies", "affirms", "declines"]),
                stated()
            ),
            7 => format!(r##"{{"kind":"correction","of":"#{of}","reason":"r","replacement":null}}"##),
            8 => format!(r##"{{"kind":"correction","of":"#{of}","reason":"r","replacement":{}}}"##, new_claim()),
            _ => format!(
                r#"{{"kind":"stance","source":"{}","stance":"declines","subject":"s","predicate":"p","stated":"{}"}}"#,
                source(),
                stated()
            ),
        };
        let line =
            if step == 18 { r#"{"kind":"alias","names":"source","from":"c","to":"a"}"#.to_owned() } else { line };
        let _refused = f.try_add(&[&line]);
    }
    f
}
