//! `part-of-a-person`: a number of people that is not whole.
//!
//! `2.6 people` is mostly a `2.600` whose dot parted thousands, read as a decimal point. Looked at is the unit alone, if it is one of a few words for
//! people; and the name of the predicate, which may say that it is an average or a rate.
//!
//! **False alarms.** An average whose predicate does not say so; full-time posts counted in halves.

use sayso_core::event::Claim;
use sayso_core::number::Number;
use sayso_core::value::Value;

use crate::folding;
use crate::lint::About;

pub(crate) const ABOUT: About = About {
    name: "part-of-a-person",
    finds: "A number of people that is not whole.",
    advice: "Look whether its point parted thousands where it was typed: `2.600` is read as 2.6. If so, `sayso correct --of '#N' --value 2600 \
             --reason ...` mends the record; in a mapping, `number-comma` reads such a column.",
    false_alarms: "An average or a rate whose predicate does not say that it is one.",
};

/// Units that come in wholes.
const PEOPLE: [&str; 21] = [
    "people",
    "person",
    "persons",
    "soldier",
    "soldiers",
    "civilian",
    "civilians",
    "child",
    "children",
    "woman",
    "women",
    "man",
    "men",
    "fighter",
    "fighters",
    "prisoner",
    "prisoners",
    "hostage",
    "hostages",
    "refugee",
    "refugees",
];
/// Words of a predicate whose figure need not be whole.
const SHARED_OUT: [&str; 13] = [
    "average",
    "avg",
    "mean",
    "median",
    "rate",
    "ratio",
    "per",
    "share",
    "percent",
    "percentage",
    "density",
    "thousands",
    "millions",
];

/// What is noticed about a claim, and why.
pub(crate) fn find(claim: &Claim) -> Option<(String, String)> {
    let unit = claim.unit.as_ref()?.as_str();
    let number = broken(&claim.value)?;
    let is_people = PEOPLE.iter().any(|word| unit.eq_ignore_ascii_case(word));
    let question = &claim.question;
    let words = folding::words(question.predicate.as_str());
    if !is_people || words.iter().any(|word| SHARED_OUT.contains(&word.as_str())) {
        return None;
    }
    let what = format!("{} on {} / {}: {number} {unit}.", claim.by.source, question.subject, question.predicate);
    Some((what, "Nobody is counted in parts; a point that parted thousands is read as a decimal one.".to_owned()))
}

/// The first number of a value that is not whole.
fn broken(value: &Value) -> Option<Number> {
    let numbers = match value {
        Value::Quantity(bounds) => [bounds.min(), bounds.max()],
        Value::Approx(number) => [Some(*number), None],
        _ => return None,
    };
    numbers.into_iter().flatten().find(|n| !n.is_whole())
}
