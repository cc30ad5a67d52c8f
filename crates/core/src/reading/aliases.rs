//! Names that are one. Aliases of a kind form unions; a union is shown under the `to` of its newest alias.

use std::collections::HashMap;

use crate::event::{Alias, NameKind};
use crate::text::Name;

/// The unions of names at some point.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    union_of: HashMap<(NameKind, Name), usize>,
    unions: Vec<Union>,
    target_of: HashMap<(NameKind, Name), Name>,
}

#[derive(Debug, Clone)]
struct Union {
    names: NameKind,
    shown: Name,
    members: Vec<Name>,
}

/// Why an alias was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AliasError {
    /// Both sides are one name.
    #[error("`{0}` cannot be an alias of itself")]
    Itself(Name),
    /// `unattributed` is nobody's other name.
    #[error("`unattributed` stands for nobody in particular and cannot be joined with a source")]
    Unattributed,
    /// The name already stands for another one.
    #[error("`{from}` is already an alias of `{to}`; to change that, correct the alias that says so")]
    SecondTarget {
        /// The name.
        from: Name,
        /// What it stands for.
        to: Name,
    },
    /// They are joined already, so that this one would lead round in a circle.
    #[error("`{from}` and `{to}` are already one, shown as `{shown}`")]
    Circle {
        /// One name.
        from: Name,
        /// The other.
        to: Name,
        /// What both are shown as.
        shown: Name,
    },
}

impl Aliases {
    /// The unions that these aliases make, in the order they were recorded.
    #[must_use]
    pub fn from_recorded<'a>(aliases: impl IntoIterator<Item = &'a Alias>) -> Self {
        let mut all = Self::default();
        for alias in aliases {
            all.join(alias);
        }
        all
    }

    /// Whether a new alias is allowed beside these.
    ///
    /// # Errors
    /// [`AliasError`].
    pub fn check(&self, alias: &Alias) -> Result<(), AliasError> {
        let Alias { names, from, to } = alias;
        if from == to {
            return Err(AliasError::Itself(from.clone()));
        }
        if *names == NameKind::Source && (from.is_unattributed() || to.is_unattributed()) {
            return Err(AliasError::Unattributed);
        }
        if let Some(target) = self.target_of.get(&(*names, from.clone())) {
            return Err(AliasError::SecondTarget { from: from.clone(), to: target.clone() });
        }
        let shown = self.shown(*names, from);
        if shown == self.shown(*names, to) {
            return Err(AliasError::Circle { from: from.clone(), to: to.clone(), shown: shown.clone() });
        }
        Ok(())
    }

    /// Joins two names. Works for any aliases, also for ones that were allowed when made and clash after a correction.
    fn join(&mut self, alias: &Alias) {
        let Alias { names, from, to } = alias;
        let (a, b) = (self.union(*names, from), self.union(*names, to));
        self.target_of.insert((*names, from.clone()), to.clone());
        let moved = if a == b {
            Vec::new()
        } else {
            self.unions.get_mut(a).map(|u| std::mem::take(&mut u.members)).unwrap_or_default()
        };
        for member in &moved {
            self.union_of.insert((*names, member.clone()), b);
        }
        if let Some(union) = self.unions.get_mut(b) {
            union.members.extend(moved);
            union.shown = to.clone();
        }
    }

    fn union(&mut self, names: NameKind, name: &Name) -> usize {
        *self.union_of.entry((names, name.clone())).or_insert_with(|| {
            self.unions.push(Union { names, shown: name.clone(), members: vec![name.clone()] });
            self.unions.len() - 1
        })
    }

    fn find(&self, names: NameKind, name: &Name) -> Option<&Union> {
        if self.unions.is_empty() {
            return None; // the common case, without building a key
        }
        self.unions.get(*self.union_of.get(&(names, name.clone()))?)
    }

    /// Whether no names are joined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.unions.is_empty()
    }

    /// Whether a name is joined with another one.
    #[must_use]
    pub fn is_joined(&self, names: NameKind, name: &Name) -> bool {
        self.find(names, name).is_some()
    }

    /// The names of a kind that are joined, each list the names of one thing.
    pub fn joined(&self, names: NameKind) -> impl Iterator<Item = &[Name]> {
        self.unions.iter().filter(move |u| u.names == names && !u.members.is_empty()).map(|u| u.members.as_slice())
    }

    /// The name that this one is shown as.
    #[must_use]
    pub fn shown<'a>(&'a self, names: NameKind, name: &'a Name) -> &'a Name {
        self.find(names, name).map_or(name, |u| &u.shown)
    }

    /// Every name joined with this one, itself included.
    #[must_use]
    pub fn members<'a>(&'a self, names: NameKind, name: &'a Name) -> &'a [Name] {
        self.find(names, name).map_or(std::slice::from_ref(name), |u| &u.members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(s: &str) -> Name {
        Name::new(s).unwrap()
    }

    fn alias(from: &str, to: &str) -> Alias {
        Alias { names: NameKind::Source, from: name(from), to: name(to) }
    }

    fn shown(all: &Aliases, s: &str) -> String {
        all.shown(NameKind::Source, &name(s)).to_string()
    }

    #[test]
    fn a_union_is_shown_under_the_newest_to() {
        let all = Aliases::from_recorded(&[alias("a", "b"), alias("b", "c"), alias("x", "y")]);
        assert_eq!(["a", "b", "c", "x", "z"].map(|s| shown(&all, s)), ["c", "c", "c", "y", "z"]);
        let all = Aliases::from_recorded(&[alias("b", "c"), alias("a", "b")]);
        assert_eq!(["a", "b", "c"].map(|s| shown(&all, s)), ["b", "b", "b"]);
        assert_eq!(all.members(NameKind::Source, &name("c")).len(), 3);
        assert_eq!(all.shown(NameKind::Subject, &name("c")).as_str(), "c", "another kind of name");
    }

    #[test]
    fn what_would_confuse_is_refused() {
        let all = Aliases::from_recorded(&[alias("a", "b"), alias("c", "b")]);
        assert!(matches!(all.check(&alias("b", "a")), Err(AliasError::Circle { .. })));
        assert!(matches!(all.check(&alias("a", "z")), Err(AliasError::SecondTarget { .. })));
        assert!(matches!(all.check(&alias("q", "q")), Err(AliasError::Itself(_))));
        assert!(matches!(all.check(&alias("q", "unattributed")), Err(AliasError::Unattributed)));
        assert!(matches!(all.check(&alias("unattributed", "q")), Err(AliasError::Unattributed)));
        assert_eq!(all.check(&alias("b", "z")), Ok(()));
        let subject = Alias { names: NameKind::Subject, ..alias("unattributed", "q") };
        assert_eq!(all.check(&subject), Ok(()), "only as a source is it reserved");
    }
}
