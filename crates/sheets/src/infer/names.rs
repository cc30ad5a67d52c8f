//! What the names of columns say.

/// Whether a date of this name is that of what is reported, and not of the report.
pub(super) fn is_about_what_happened(words: &[String]) -> bool {
    const HAPPENED: [&str; 11] = [
        "incident",
        "event",
        "occurred",
        "happened",
        "occurrence",
        "attack",
        "strike",
        "battle",
        "accident",
        "birth",
        "death",
    ];
    words.iter().any(|w| HAPPENED.contains(&w.as_str()))
}

/// Whether a column is called after somebody who reports figures, and after nothing that is counted.
pub(super) fn is_called_after_a_source(name: &str) -> bool {
    const SOURCES: [&str; 43] = [
        "ministry",
        "minister",
        "government",
        "authority",
        "authorities",
        "department",
        "office",
        "agency",
        "council",
        "committee",
        "municipality",
        "mayor",
        "governor",
        "governorate",
        "police",
        "army",
        "military",
        "brigade",
        "service",
        "defence",
        "defense",
        "hospital",
        "hospitals",
        "clinic",
        "cross",
        "crescent",
        "ngo",
        "un",
        "ocha",
        "unhcr",
        "unicef",
        "icrc",
        "msf",
        "observatory",
        "institute",
        "monitor",
        "union",
        "press",
        "media",
        "newspaper",
        "tally",
        "spokesman",
        "who",
    ];
    const COUNTED: [&str; 30] = [
        "killed",
        "dead",
        "deaths",
        "died",
        "fatalities",
        "injured",
        "wounded",
        "hurt",
        "missing",
        "detained",
        "arrested",
        "displaced",
        "casualties",
        "victims",
        "destroyed",
        "damaged",
        "lost",
        "losses",
        "total",
        "count",
        "number",
        "amount",
        "rate",
        "cases",
        "beds",
        "staff",
        "people",
        "persons",
        "vehicles",
        "buildings",
    ];
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    has(&SOURCES) && !has(&COUNTED)
}

/// The words of a column's name, in lower case: `sourceUri` and `Source (URI)` both have two.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for c in name.chars() {
        let starts = c.is_uppercase() && small_before;
        if (starts || !(c.is_alphanumeric() || c == '#')) && words.last().is_some_and(|w| !w.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric() || c == '#') {
            word.extend(c.to_lowercase());
        }
        small_before = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|w| !w.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::super::roles::Role;
    use super::{is_called_after_a_source, words};

    #[test]
    fn names_of_sources_and_of_days() {
        for name in ["Health ministry", "Red Cross", "Our tally", "Orsa hospital"] {
            assert!(is_called_after_a_source(name), "{name}");
        }
        for name in ["Killed", "Police killed", "Hospital beds", "Injured", "Orsa", "Tanks"] {
            assert!(!is_called_after_a_source(name), "{name}");
        }
        let rank = |name| Role::Stated.rank(name).unwrap();
        assert!(rank("Date reported") < rank("Date"));
        assert!(rank("Reported") < rank("Date of incident"));
        assert!(rank("Day") < rank("Date of incident"));
        assert!(rank("Date published") < rank("Date of incident"));
    }

    #[test]
    fn names_have_words() {
        assert_eq!(words("sourceUri"), ["source", "uri"]);
        assert_eq!(words("Killed (total)"), ["killed", "total"]);
        assert_eq!(words("type_total_diff"), ["type", "total", "diff"]);
        assert_eq!(words("ID"), ["id"]);
    }
}
