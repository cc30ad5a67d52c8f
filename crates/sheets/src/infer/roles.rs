//! Which column is what: a guess from names and from what stands in the cells.

use super::profile::{Profile, Sketch};

/// What a column may be for. Where two roles want a column, the earlier one gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Op,
    Recorded,
    Url,
    Stated,
    End,
    Published,
    Low,
    High,
    Best,
    Source,
    Speaker,
    Body,
    Predicate,
    Value,
    Subject,
    Unit,
    Via,
    Lang,
    Modality,
    Quote,
    Tags,
    Note,
}

impl Role {
    const ALL: [Self; 23] = [
        Self::Id,
        Self::Op,
        Self::Recorded,
        Self::Url,
        Self::Stated,
        Self::End,
        Self::Published,
        Self::Low,
        Self::High,
        Self::Best,
        Self::Source,
        Self::Speaker,
        Self::Body,
        Self::Predicate,
        Self::Value,
        Self::Subject,
        Self::Unit,
        Self::Via,
        Self::Lang,
        Self::Modality,
        Self::Quote,
        Self::Tags,
        Self::Note,
    ];

    /// Words in a column's name that speak for the role, the strongest first.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "seq", "ref", "key", "uid", "number", "no", "nr", "#"],
            Self::Op => &["op", "operation", "action"],
            Self::Recorded => &["recorded", "entered", "logged", "updated", "modified", "added", "created"],
            Self::Url => &["url", "link", "uri", "href", "web", "page", "address", "source"],
            Self::Stated => &[
                "stated",
                "said",
                "announced",
                "claimed",
                "promised",
                "date",
                "datum",
                "day",
                "when",
                "start",
                "time",
                "reported",
            ],
            Self::End => &["end", "until", "to"],
            Self::Published => &["published", "publication"],
            Self::Low => &["low", "min", "minimum", "lower", "least"],
            Self::High => &["high", "max", "maximum", "upper", "most"],
            Self::Best => &["best", "estimate"],
            Self::Source => &[
                "source",
                "who",
                "party",
                "actor",
                "by",
                "side",
                "claimant",
                "politician",
                "minister",
                "organisation",
                "organization",
                "agency",
                "body",
                "authority",
                "reporting",
            ],
            Self::Body => &["office", "ministry", "department", "organ", "position"],
            Self::Speaker => &["speaker", "spokesperson", "person", "politician", "minister"],
            Self::Predicate => &[
                "predicate",
                "measure",
                "indicator",
                "metric",
                "question",
                "field",
                "variable",
                "category",
                "type",
                "kind",
            ],
            Self::Value => &[
                "value",
                "figure",
                "count",
                "amount",
                "total",
                "claim",
                "statement",
                "answer",
                "said",
                "status",
                "result",
                "quantity",
            ],
            Self::Subject => &[
                "subject", "topic", "about", "event", "incident", "promise", "case", "place", "location", "city",
                "town", "village", "district", "region", "country", "area", "item", "title", "name",
            ],
            Self::Unit => &["unit", "units"],
            Self::Via => &["via", "outlet", "carrier", "medium", "publisher", "newspaper", "channel"],
            Self::Lang => &["lang", "language"],
            Self::Modality => &["modality", "qualifier", "certainty"],
            Self::Quote => &["quote", "quotation", "words", "text"],
            Self::Tags => &["tag", "tags", "keywords", "labels"],
            Self::Note => &["note", "notes", "comment", "comments", "remark", "remarks"],
        }
    }

    /// Whether what stands in the column can be that.
    fn fits(self, p: &Profile, sketch: &Sketch) -> bool {
        let some = p.filled > 0;
        let words = some && !p.is_number() && !p.is_date() && !p.addresses;
        match self {
            Self::Id => p.unique && p.labels && sketch.is_filled(p) && !p.is_date() && p.longest <= 100,
            Self::Op => some && p.samples.iter().all(|s| op(s).is_some()),
            Self::Recorded | Self::Stated | Self::End | Self::Published => p.is_date(),
            Self::Url => some && p.addresses,
            Self::Low | Self::High | Self::Best => p.is_number(),
            Self::Source | Self::Subject | Self::Predicate => words && p.names,
            Self::Speaker | Self::Body | Self::Unit | Self::Via | Self::Tags => words && p.labels,
            Self::Lang => words && p.labels && p.longest <= 3,
            Self::Value => some && !p.addresses,
            Self::Modality | Self::Quote | Self::Note => words,
        }
    }
}

impl Role {
    /// Whether what stands in the column is enough, whatever it is called: a date is better than none, and so is an address.
    fn fits_by_itself(self, p: &Profile) -> bool {
        match self {
            Self::Stated => p.is_date(),
            Self::Url => p.filled > 0 && p.addresses && p.samples.iter().all(|s| s.starts_with("http")),
            _ => false,
        }
    }
}

/// What an operation means, if it is one.
pub(super) fn op(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "assert" | "add" | "new" | "insert" | "claim" => Some("assert"),
        "revise" | "change" | "update" | "correct" => Some("revise"),
        "withdraw" | "retract" | "delete" | "remove" => Some("withdraw"),
        _ => None,
    }
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

/// Which columns were found for which roles.
#[derive(Debug, Default)]
pub(super) struct Roles(Vec<(Role, usize)>);

impl Roles {
    pub(super) fn guess(sketch: &Sketch) -> Self {
        let mut roles = Self::default();
        for role in Role::ALL {
            let score = |at: usize| {
                let p = sketch.profiles.get(at).filter(|p| !roles.has(at) && role.fits(p, sketch))?;
                let words = words(&p.name);
                let rank = role.words().iter().position(|w| words.iter().any(|own| own == w))?;
                // A name of that one word before a name with other words in it.
                Some((rank + 100 * usize::from(words.len() > 1), at))
            };
            if let Some((_, at)) = (0..sketch.profiles.len()).filter_map(score).min() {
                roles.0.push((role, at));
            } else if let Some(at) = (0..sketch.profiles.len())
                .find(|at| sketch.profiles.get(*at).is_some_and(|p| !roles.has(*at) && role.fits_by_itself(p)))
            {
                roles.0.push((role, at));
            }
        }
        roles.settle(sketch);
        roles
    }

    fn has(&self, at: usize) -> bool {
        self.0.iter().any(|(_, n)| *n == at)
    }

    pub(super) fn get(&self, role: Role) -> Option<usize> {
        self.0.iter().find(|(r, _)| *r == role).map(|(_, at)| *at)
    }

    pub(super) fn profile<'s>(&self, role: Role, sketch: &'s Sketch) -> Option<&'s Profile> {
        self.get(role).and_then(|at| sketch.profiles.get(at))
    }

    /// Gives the column of a role another one.
    fn turn(&mut self, from: Role, to: Role) {
        self.0.iter_mut().filter(|(role, _)| *role == from).for_each(|(role, _)| *role = to);
    }

    pub(super) fn drop(&mut self, role: Role) {
        self.0.retain(|(r, _)| *r != role);
    }

    /// Roles that make sense only together.
    fn settle(&mut self, sketch: &Sketch) {
        // A politician is a source; with a party beside, the one who spoke for it.
        if self.get(Role::Source).is_none() && self.profile(Role::Speaker, sketch).is_some_and(|p| p.names) {
            self.turn(Role::Speaker, Role::Source);
        }
        // The only date there is: what is known of when it was said.
        if self.get(Role::Stated).is_none() {
            self.turn(Role::Recorded, Role::Stated);
        }
        if self.get(Role::Low).is_none() || self.get(Role::High).is_none() {
            [Role::Low, Role::High, Role::Best].into_iter().for_each(|r| self.drop(r));
        } else {
            self.drop(Role::Value);
        }
        if self.get(Role::Op).is_some() && (self.get(Role::Id).is_none() || self.get(Role::Stated).is_none()) {
            self.drop(Role::Op);
        }
        let is_text = |p: Option<&Profile>| p.is_some_and(|p| !p.is_number());
        // A column of types beside several columns of figures says what the row is about, not what is counted.
        if [Role::Value, Role::Low, Role::Subject].into_iter().all(|role| self.get(role).is_none()) {
            self.turn(Role::Predicate, Role::Subject);
        }
        // `claim` and `statement` may be the words themselves, with the figure elsewhere: a figure is the better value.
        if is_text(self.profile(Role::Value, sketch))
            && self.get(Role::Predicate).is_none()
            && self.get(Role::Quote).is_none()
            && !self.figures(sketch).is_empty()
        {
            self.turn(Role::Value, Role::Quote);
        }
    }

    /// The columns of figures that have no role: each is a question of its own.
    pub(super) fn figures(&self, sketch: &Sketch) -> Vec<usize> {
        let other = [
            "lat",
            "latitude",
            "lon",
            "long",
            "lng",
            "longitude",
            "year",
            "month",
            "id",
            "code",
            "gid",
            "row",
            "no",
            "nr",
        ];
        let is_figure = |at: &usize| {
            sketch.profiles.get(*at).is_some_and(|p| {
                let named = words(&p.name);
                p.is_number() && !self.has(*at) && !named.iter().any(|w| other.contains(&w.as_str()))
            })
        };
        (0..sketch.profiles.len()).filter(is_figure).collect()
    }

    /// The columns of words that have no role, for sheets without any figure.
    pub(super) fn texts(&self, sketch: &Sketch) -> Vec<usize> {
        let is_text = |at: &usize| {
            let free = !self.has(*at);
            sketch
                .profiles
                .get(*at)
                .is_some_and(|p| free && p.filled > 0 && !p.is_date() && !p.addresses && p.longest < 20_000)
        };
        (0..sketch.profiles.len()).filter(is_text).collect()
    }

    /// The columns without a role, by name.
    pub(super) fn unused<'s>(&self, sketch: &'s Sketch, melted: &[usize]) -> Vec<&'s str> {
        let is_unused = |(at, _): &(usize, &Profile)| !self.has(*at) && !melted.contains(at);
        sketch.profiles.iter().enumerate().filter(is_unused).map(|(_, p)| p.name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_have_words() {
        assert_eq!(words("sourceUri"), ["source", "uri"]);
        assert_eq!(words("Killed (total)"), ["killed", "total"]);
        assert_eq!(words("type_total_diff"), ["type", "total", "diff"]);
        assert_eq!(words("ID"), ["id"]);
    }
}
