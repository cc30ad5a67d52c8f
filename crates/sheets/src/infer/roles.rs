//! Which column is what: a guess from names and from what stands in the cells.

use super::names::{is_about_what_happened, is_called_after_a_source, words};
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
                "reported",
                "date",
                "datum",
                "day",
                "when",
                "start",
                "time",
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
                "fact",
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
        let words = some && !p.is_mostly_number() && !p.is_date() && !p.addresses;
        match self {
            Self::Id => p.unique && p.labels && sketch.is_filled(p) && !p.is_date() && p.longest <= 100,
            Self::Op => some && p.samples.iter().all(|s| op(s).is_some()),
            Self::Recorded | Self::Stated => p.is_date(),
            // Nothing is lost without them, so they do not keep a row out.
            Self::End | Self::Published => p.is_all_dates(),
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
    /// How little a column's name speaks for the role; `None` if nothing does.
    pub(super) fn rank(self, name: &str) -> Option<usize> {
        let words = words(name);
        let rank = self.words().iter().position(|w| words.iter().any(|own| own == w))?;
        if self == Self::Stated && is_about_what_happened(&words) {
            return Some(rank + 1_000);
        }
        // A name of that one word before a name with other words in it, but for "Date reported": the other word makes it no clearer.
        let alone = words.len() == 1 || (self == Self::Stated && rank < SAYING);
        Some(if alone { rank } else { rank + 100 })
    }

    /// Whether what stands in the column is enough, whatever it is called: a date is better than none, and so is an address.
    fn fits_by_itself(self, p: &Profile) -> bool {
        match self {
            Self::Stated => p.is_date(),
            Self::Url => p.filled > 0 && p.addresses && p.samples.iter().all(|s| s.starts_with("http")),
            _ => false,
        }
    }
}

/// So many of the words for [`Role::Stated`] say that somebody spoke.
const SAYING: usize = 6;

/// What an operation means, if it is one.
pub(super) fn op(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "assert" | "add" | "new" | "insert" | "claim" => Some("assert"),
        "revise" | "change" | "update" | "correct" => Some("revise"),
        "withdraw" | "retract" | "delete" | "remove" => Some("withdraw"),
        _ => None,
    }
}

/// Which columns were found for which roles.
#[derive(Debug, Default, Clone)]
pub(super) struct Roles(Vec<(Role, usize)>);

impl Roles {
    pub(super) fn guess(sketch: &Sketch) -> Self {
        let mut roles = Self::default();
        for role in Role::ALL {
            let score = |at: usize| {
                let p = sketch.profiles.get(at).filter(|p| !roles.has(at) && role.fits(p, sketch))?;
                // Of two such names, the column without odd cells.
                Some((role.rank(&p.name)?, role == Role::Stated && !p.is_all_dates(), at))
            };
            if let Some((.., at)) = (0..sketch.profiles.len()).filter_map(score).min() {
                roles.0.push((role, at));
            } else {
                let fits = |p: &&Profile| role.fits_by_itself(p);
                let free = || (0..sketch.profiles.len()).filter(|at| !roles.has(*at));
                let profile = |at: &usize| sketch.profiles.get(*at);
                // Of two columns of dates the one without odd cells.
                let found = free()
                    .find(|at| profile(at).filter(fits).is_some_and(|p| role != Role::Stated || p.is_all_dates()))
                    .or_else(|| free().find(|at| profile(at).is_some_and(|p| fits(&p))));
                roles.0.extend(found.map(|at| (role, at)));
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
        // The only date there is, or the only one that is not of what happened: what is known of when it was said.
        let happened = self.profile(Role::Stated, sketch).is_some_and(|p| is_about_what_happened(&words(&p.name)));
        if happened && self.get(Role::Recorded).is_some() {
            self.drop(Role::Stated);
        }
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
        let is_text = |p: Option<&Profile>| p.is_some_and(|p| !p.is_mostly_number());
        if self.sources_as_columns(sketch) {
            return;
        }
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

    /// Whether each column of figures is called after a source, and none is a column of sources.
    pub(super) fn sources_as_columns(&self, sketch: &Sketch) -> bool {
        let figures = self.figures(sketch);
        let is_source = |at: &usize| sketch.profiles.get(*at).is_some_and(|p| is_called_after_a_source(&p.name));
        [Role::Source, Role::Value, Role::Low].into_iter().all(|role| self.get(role).is_none())
            && figures.len() > 1
            && figures.iter().all(is_source)
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
                p.is_mostly_number() && !self.has(*at) && !named.iter().any(|w| other.contains(&w.as_str()))
            })
        };
        (0..sketch.profiles.len()).filter(is_figure).collect()
    }

    /// A column without a role that would have this one, were it not for a cell that is no name.
    pub(super) fn kept_out<'s>(&self, role: Role, sketch: &'s Sketch) -> Option<&'s Profile> {
        let is_it = |(at, p): &(usize, &Profile)| {
            !self.has(*at)
                && p.unnamed.is_some()
                && !p.is_mostly_number()
                && !p.is_date()
                && !p.addresses
                && role.rank(&p.name).is_some()
        };
        sketch.profiles.iter().enumerate().find(is_it).map(|(_, p)| p)
    }

    /// A column without a role that dates what is reported.
    pub(super) fn happened<'s>(&self, sketch: &'s Sketch) -> Option<&'s Profile> {
        let is_it =
            |(at, p): &(usize, &Profile)| !self.has(*at) && p.is_all_dates() && is_about_what_happened(&words(&p.name));
        sketch.profiles.iter().enumerate().find(is_it).map(|(_, p)| p)
    }

    /// The columns of words that have no role, for sheets without any figure.
    pub(super) fn texts(&self, sketch: &Sketch) -> Vec<usize> {
        let is_text = |at: &usize| {
            let free = !self.has(*at);
            sketch
                .profiles
                .get(*at)
                .is_some_and(|p| free && p.filled > 0 && !p.is_all_dates() && !p.addresses && p.longest < 20_000)
        };
        (0..sketch.profiles.len()).filter(is_text).collect()
    }

    /// The columns without a role, by name.
    pub(super) fn unused<'s>(&self, sketch: &'s Sketch, melted: &[usize]) -> Vec<&'s str> {
        let is_unused = |(at, _): &(usize, &Profile)| !self.has(*at) && !melted.contains(at);
        sketch.profiles.iter().enumerate().filter(is_unused).map(|(_, p)| p.name.as_str()).collect()
    }
}
