//! One row through one rule: the draft that comes of it.

use std::borrow::Cow;

use sayso_core::exchange::{CitationDraft, Draft};

use super::figures::is_words;
use super::{Converter, Trouble};
use crate::mapping::{Field, Given, Kind, Many, Of, Replacement, Rule, Split, Text};
use crate::template::{Context, Template, What};

impl Converter<'_> {
    /// The draft; `None` where the value is empty.
    pub(super) fn draft(&self, rule: &Rule, context: &Context<'_>) -> Result<Option<Draft>, Trouble> {
        let mut draft = Draft { kind: Some(rule.kind.as_str().to_owned()), ..Draft::default() };
        if let Some(given) = &rule.value {
            let Some((value, words)) = self.value(rule, given, context)? else { return Ok(None) };
            (draft.value, draft.modality) = (Some(value), words);
        }
        // A unit belongs to a figure: "dozens people" is nobody's words.
        let is_bare = matches!(rule.value, Some(Given::Typed(_))) && is_words(&draft);
        for (field, text) in &rule.texts {
            if is_bare && *field == Field::Unit {
                continue;
            }
            let found = fill_text(text, context)?;
            if !found.is_empty() {
                field.set(&mut draft, found.into_owned());
            } else if field.is_needed(rule.kind) {
                return Err(empty(*field, rule));
            }
        }
        if matches!(rule.kind, Kind::Claim | Kind::Stance | Kind::Retraction) && draft.timezone.is_none() {
            draft.timezone.clone_from(&self.mapping.timezone);
        }
        if let Some(template) = &rule.translated {
            draft.translated = match &*template.fill(context)? {
                "yes" | "true" => Some(true),
                "no" | "false" | "" => None,
                other => {
                    let message = format!("`translated` must be yes or no, not `{other}`");
                    return Err(Trouble { what: template.sources().collect(), message });
                }
            };
        }
        draft.via = rule.via.as_ref().map(|m| fill_many(m, context)).transpose()?.filter(|l| !l.is_empty());
        draft.tags = rule.tags.as_ref().map(|m| fill_many(m, context)).transpose()?.filter(|l| !l.is_empty());
        if !rule.citations.is_empty() {
            draft.citations = Some(fill_citations(rule, context)?).filter(|c| !c.is_empty());
        }
        draft.of = rule.of.as_ref().map(|of| self.points_at(of, context)).transpose()?;
        draft.replacement = match &rule.replacement {
            None => None,
            Some(Replacement::Withdraw) => Some(None),
            Some(Replacement::Named(_)) => Some(Some(Box::new(self.replacement(rule, context)?))),
        };
        Ok(Some(draft))
    }

    /// The claim rule whose claim a correction puts in an entry's place.
    pub(super) fn replacing(&self, rule: &Rule) -> Option<&Rule> {
        match &rule.replacement {
            Some(Replacement::Named(name)) => self.mapping.named(name),
            _ => None,
        }
    }

    fn replacement(&self, rule: &Rule, context: &Context<'_>) -> Result<Draft, Trouble> {
        let nothing = || {
            Trouble {
            what: rule.sources("value"),
            message: "there is no value to put in the entry's place; if it should not have been recorded, that takes a rule with withdraw = true".to_owned(),
        }
        };
        let named = self.replacing(rule).ok_or_else(nothing)?;
        let draft = self.draft(named, context)?.ok_or_else(|| Trouble { what: named.sources("value"), ..nothing() })?;
        // It takes the place of an event that has an id and a recorder of its own.
        Ok(Draft { kind: None, id: None, recorder: None, recorded: None, ..draft })
    }

    fn points_at(&self, of: &Of, context: &Context<'_>) -> Result<String, Trouble> {
        let (Of::Id(template) | Of::Remembered(template)) = of;
        let text = template.fill(context)?;
        if text.is_empty() {
            return Err(Trouble { what: template.sources().collect(), message: "`of` is empty".to_owned() });
        }
        match of {
            Of::Id(_) => Ok(text.into_owned()),
            Of::Remembered(_) => self.remembered.get(&*text).cloned().ok_or_else(|| Trouble {
                what: template.sources().collect(),
                message: format!("no row before this one is remembered as `{text}`, so there is nothing to point at"),
            }),
        }
    }
}

fn empty(field: Field, rule: &Rule) -> Trouble {
    let help = match field {
        Field::Source => "; where nobody is named, write {column | or 'unattributed'}",
        Field::Stated => "; when it was said must be known at least roughly, as in 2023~ or ../2023-05-12",
        _ => "; leave such rows out with a [[skip]], or fill the cell",
    };
    Trouble { what: rule.sources(field.as_str()), message: format!("`{}` is empty{help}", field.as_str()) }
}

pub(super) fn fill_text<'a>(text: &'a Text, context: &Context<'a>) -> Result<Cow<'a, str>, Trouble> {
    Ok(match text {
        Text::Filled(template) => template.fill(context)?,
        Text::Between(from, to) => {
            let (from, to) = (from.fill(context)?, to.fill(context)?);
            match (from.is_empty(), to.is_empty()) {
                (true, _) => to,
                (_, true) => from,
                _ if from == to => from,
                _ => format!("{from}/{to}").into(),
            }
        }
    })
}

fn fill_many(many: &Many, context: &Context<'_>) -> Result<Vec<String>, Trouble> {
    let mut list: Vec<String> = Vec::new();
    let mut add = |text: &str| {
        // Twice the same carrier or tag says nothing more.
        if !text.is_empty() && !list.iter().any(|t| t == text) {
            list.push(text.to_owned());
        }
    };
    match many {
        Many::Each(templates) => {
            for template in templates {
                add(&template.fill(context)?);
            }
        }
        Many::Split(split) => split_up(split, context, |part| {
            add(part);
            Ok(())
        })?,
    }
    Ok(list)
}

fn split_up(
    split: &Split,
    context: &Context<'_>,
    mut each: impl FnMut(&str) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let whole = split.text.fill(context)?;
    whole.split(split.by.as_str()).map(str::trim).filter(|part| !part.is_empty()).try_for_each(&mut each)
}

fn fill_citations(rule: &Rule, context: &Context<'_>) -> Result<Vec<CitationDraft>, Trouble> {
    let mut all: Vec<CitationDraft> = Vec::new();
    for cited in &rule.citations {
        let mut one = |context: &Context<'_>| -> Result<(), Trouble> {
            let fill = |template: &Option<Template>| -> Result<Option<String>, Trouble> {
                let text = template.as_ref().map(|t| t.fill(context)).transpose()?;
                Ok(text.filter(|t| !t.is_empty()).map(Cow::into_owned))
            };
            let [url, archived, blake3, exact, prefix, suffix] = &cited.parts;
            let draft = CitationDraft {
                url: fill(url)?,
                archived: fill(archived)?,
                blake3: fill(blake3)?,
                exact: fill(exact)?,
                prefix: fill(prefix)?,
                suffix: fill(suffix)?,
            };
            // Where no address is given there is nothing to cite.
            let leads = draft.url.is_some() || draft.archived.is_some() || draft.blake3.is_some();
            if leads && !all.contains(&draft) {
                all.push(draft);
            }
            Ok(())
        };
        match &cited.split {
            Some(split) => split_up(split, context, |item| one(&Context { item, ..*context }))?,
            None => one(context)?,
        }
    }
    Ok(all)
}

impl Rule {
    /// Refuses an event without an id where others are to be told from it, or are to find it, by its id.
    pub(super) fn expect_no_use_of_id(&self) -> Result<(), Trouble> {
        let what = if self.remember.is_some() {
            "later rows could not point at it, as `remember` says"
        } else if self.once {
            "it could not be told whether it was made already, as `once` says"
        } else {
            return Ok(());
        };
        let message =
            format!("`id` is empty, and without one {what}; leave such rows out with a [[skip]], or fill the cell");
        Err(Trouble { what: self.sources("id"), message })
    }

    /// What fills a field of the exchange form.
    pub(super) fn sources(&self, field: &str) -> Vec<What> {
        let outer = field.split(['[', '.']).next().unwrap_or_default();
        let mut templates: Vec<&Template> = Vec::new();
        for text in self.texts.iter().filter(|(f, _)| f.as_str() == outer).map(|(_, text)| text) {
            match text {
                Text::Filled(template) => templates.push(template),
                Text::Between(from, to) => templates.extend([from, to]),
            }
        }
        let many = |many: &'_ Option<Many>| -> Vec<What> {
            match many {
                Some(Many::Each(all)) => all.iter().flat_map(Template::sources).collect(),
                Some(Many::Split(split)) => split.text.sources().collect(),
                None => vec![],
            }
        };
        match outer {
            "value" | "modality" => templates.extend(self.value.iter().flat_map(|v| v.templates())),
            "via" => return many(&self.via),
            "tags" => return many(&self.tags),
            "citations" => {
                for cited in &self.citations {
                    templates.extend(cited.parts.iter().flatten());
                    templates.extend(cited.split.iter().map(|s| &s.text));
                }
            }
            "of" => templates.extend(self.of.iter().map(|(Of::Id(t) | Of::Remembered(t))| t)),
            _ => {}
        }
        templates.into_iter().flat_map(Template::sources).collect()
    }
}
