//! Which part of an answer is shown. A filter never changes what stands: it is asked after that is settled.

use super::view::AskedAs;
use crate::body::Record;
use crate::event::{Event, NameKind, Question};
use crate::reading::Aliases;
use crate::text::{Label, Name};

/// What to show. Values of one field mean "any of these", different fields mean "all of these", an empty field means
/// everything.
///
/// Sources, subjects and predicates are looked for under every name that [`Aliases`] join with the one asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// These sources and their children (`yerevan` includes `yerevan/mod`).
    pub sources: Vec<Name>,
    /// Subjects that begin so.
    pub subject_prefixes: Vec<Name>,
    /// These predicates.
    pub predicates: Vec<Name>,
    /// What carries one of these tags.
    pub tags: Vec<Label>,
    /// What one of these recorded.
    pub recorders: Vec<Label>,
    /// What came through one of these carriers.
    pub via: Vec<Label>,
}

impl Filter {
    /// Whether everything is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && !self.picks_questions() && !self.picks_entries()
    }

    /// Whether only some questions are shown.
    #[must_use]
    pub fn picks_questions(&self) -> bool {
        !self.subject_prefixes.is_empty() || !self.predicates.is_empty()
    }

    /// Whether entries have to be read to know what is shown.
    #[must_use]
    pub fn picks_entries(&self) -> bool {
        !self.tags.is_empty() || !self.recorders.is_empty() || !self.via.is_empty()
    }

    /// Whether what this source says is shown.
    #[must_use]
    pub fn wants_source(&self, source: &Name, aliases: &Aliases) -> bool {
        let shown = aliases.shown(NameKind::Source, source);
        // Children of any of a source's names: an alias of the parent does not take them away.
        any_of(&self.sources, |asked| {
            aliases.members(NameKind::Source, asked).iter().any(|name| shown.is_within(name.as_str()))
        })
    }

    /// Whether answers to this question are shown.
    #[must_use]
    pub fn wants_question(&self, question: &Question, aliases: &Aliases) -> bool {
        let subjects = aliases.members(NameKind::Subject, &question.subject);
        let begins = |prefix: &Name| subjects.iter().any(|name| name.as_str().starts_with(prefix.as_str()));
        let predicates = aliases.members(NameKind::Predicate, &question.predicate);
        any_of(&self.subject_prefixes, begins) && any_of(&self.predicates, |asked| predicates.contains(asked))
    }

    /// Whether an event has the tag, recorder and carrier asked for: all of them itself. A correction has those of its
    /// replacement too.
    #[must_use]
    pub fn wants_entry(&self, recorder: Option<&Label>, event: &Event) -> bool {
        let said = event.statement();
        let carriers = said.and_then(|e| e.content.attribution()).map(|by| by.via.as_slice()).unwrap_or_default();
        let replaced = said.map(|e| e.tags.as_slice()).unwrap_or_default();
        any_of(&self.tags, |tag| event.tags.contains(tag) || replaced.contains(tag))
            && any_of(&self.recorders, |asked| recorder == Some(asked))
            && any_of(&self.via, |carrier| carriers.contains(carrier))
    }

    /// Whether an entry of the log matches by itself, as it was recorded. One that names no source (an alias, a note, a
    /// redaction, a correction with no replacement) matches no filter for sources; one that names no question (those, a
    /// retraction, a stance on an entry) no filter for subjects or predicates.
    #[must_use]
    pub fn wants_record(&self, record: &Record, aliases: &Aliases) -> bool {
        let said = record.event.statement().map(|e| &e.content);
        let source = said.and_then(|c| c.attribution()).map(|by| &by.source);
        let question = said.and_then(|c| c.question());
        (self.sources.is_empty() || source.is_some_and(|s| self.wants_source(s, aliases)))
            && (!self.picks_questions() || question.is_some_and(|q| self.wants_question(q, aliases)))
            && self.wants_entry(record.recorder.as_ref(), &record.event)
    }

    /// Whole names in the filter that are answered under another one.
    #[must_use]
    pub fn asked_as(&self, aliases: &Aliases) -> Vec<AskedAs> {
        let subjects = self.subject_prefixes.iter().map(|name| (NameKind::Subject, name));
        let asked = self.names().chain(subjects);
        asked
            .filter_map(|(names, asked)| {
                let shown = aliases.shown(names, asked);
                (shown != asked).then(|| AskedAs { names, asked: asked.clone(), shown: shown.clone() })
            })
            .collect()
    }

    /// The names of which an entry should be known, sources first.
    pub(super) fn names(&self) -> impl Iterator<Item = (NameKind, &Name)> {
        let sources = self.sources.iter().map(|name| (NameKind::Source, name));
        sources.chain(self.predicates.iter().map(|name| (NameKind::Predicate, name)))
    }
}

/// Whether one of those asked for is right, or none was asked for.
fn any_of<T>(asked: &[T], is_right: impl Fn(&T) -> bool) -> bool {
    asked.is_empty() || asked.iter().any(is_right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Alias;
    use crate::exchange::{CheckOptions, Draft};
    use crate::time::TimeZone;

    fn name(s: &str) -> Name {
        Name::new(s).unwrap()
    }

    fn label(s: &str) -> Label {
        Label::new(s).unwrap()
    }

    fn record(line: &str) -> Record {
        let options = CheckOptions { zone: TimeZone::UTC, numbers: true, imported_clock: false, recorder: None };
        let new = Draft::from_json(line).unwrap().check(&options).unwrap();
        let event = new.event.map_references(&mut |_| Ok::<u64, ()>(0)).unwrap();
        Record { recorder: Some(label("desk")), event }
    }

    #[test]
    fn any_of_one_kind_and_all_of_different_kinds() {
        let claim = record(
            r#"{"kind":"claim","source":"yerevan/mod","subject":"sotk-1","predicate":"wounded","value":2,
                "stated":"2023-05-12","via":["afp"],"tags":["night"]}"#,
        );
        let none = Aliases::default();
        let sources = |s: &[&str]| Filter { sources: s.iter().map(|s| name(s)).collect(), ..Filter::default() };
        let wants = |f: &Filter| f.wants_record(&claim, &none);
        assert!(wants(&Filter::default()) && Filter::default().is_empty());
        assert!(wants(&sources(&["yerevan"])) && wants(&sources(&["baku", "yerevan/mod"])));
        assert!(!wants(&sources(&["baku"])) && !wants(&sources(&["yer"])) && !wants(&sources(&["yerevan/mod/x"])));
        let both = Filter { tags: vec![label("day"), label("night")], ..sources(&["yerevan"]) };
        assert!(wants(&both) && !wants(&Filter { via: vec![label("tass")], ..both.clone() }));
        assert!(wants(&Filter { via: vec![label("afp")], recorders: vec![label("desk")], ..both.clone() }));
        assert!(!wants(&Filter { subject_prefixes: vec![name("otk")], ..both.clone() }));
        assert!(wants(&Filter { subject_prefixes: vec![name("so")], predicates: vec![name("wounded")], ..both }));
    }

    #[test]
    fn names_that_are_one_are_looked_for_together() {
        let alias = |names, from: &str, to: &str| Alias { names, from: name(from), to: name(to) };
        let all = [
            alias(NameKind::Source, "erevan", "yerevan"),
            alias(NameKind::Predicate, "hurt", "wounded"),
            alias(NameKind::Subject, "zod", "sotk"),
        ];
        let aliases = Aliases::from_recorded(&all);
        let filter = |source: &str, subject: &str, predicate: &str| Filter {
            sources: vec![name(source)],
            subject_prefixes: vec![name(subject)],
            predicates: vec![name(predicate)],
            ..Filter::default()
        };
        let question = |s: &str, p: &str| Question { subject: name(s), predicate: name(p) };
        for (old, new) in [("erevan", "yerevan"), ("yerevan", "erevan")] {
            let filter = filter(old, "zo", "hurt");
            assert!(filter.wants_source(&name(new), &aliases) && filter.wants_source(&name("erevan/mod"), &aliases));
            assert!(filter.wants_question(&question("sotk", "wounded"), &aliases));
            assert!(!filter.wants_question(&question("other", "wounded"), &aliases));
        }
        let said = filter("erevan", "zod", "hurt").asked_as(&aliases);
        let said: Vec<String> = said.iter().map(|a| format!("{} {} {}", a.names.as_str(), a.asked, a.shown)).collect();
        assert_eq!(said, ["source erevan yerevan", "predicate hurt wounded", "subject zod sotk"]);
    }

    #[test]
    fn a_correction_matches_by_what_it_puts_in_place() {
        let correction = record(
            r##"{"kind":"correction","of":"#0","reason":"typo","tags":["mended"],"replacement":{"source":"a","subject":"s",
                "predicate":"p","value":1,"stated":"2023","via":["afp"],"tags":["night"]}}"##,
        );
        let withdrawn = record(r##"{"kind":"correction","of":"#0","reason":"satire","replacement":null}"##);
        let tagged = |tag: &str| Filter { sources: vec![name("a")], tags: vec![label(tag)], ..Filter::default() };
        assert!(["mended", "night"].iter().all(|tag| tagged(tag).wants_record(&correction, &Aliases::default())));
        assert!(!tagged("mended").wants_record(&withdrawn, &Aliases::default()));
    }
}
