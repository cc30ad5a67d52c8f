//! Conditions: which rows a rule is for.

use sayso_core::number::Number;

use crate::template::{Context, FillError, Template};

/// Tests that must all hold.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    pub(crate) tests: Vec<(Template, Test)>,
}

/// A test of one text.
#[derive(Debug)]
pub(crate) enum Test {
    /// One of these texts.
    Is(Vec<String>),
    Empty(bool),
    Begins(Vec<String>),
    Ends(Vec<String>),
    Contains(Vec<String>),
    /// As a number; what is none is neither above nor below.
    Above(Template),
    Below(Template),
    Not(Box<Test>),
    All(Vec<Test>),
}

impl Condition {
    /// Whether every test holds.
    pub(crate) fn holds(&self, context: &Context<'_>) -> Result<bool, FillError> {
        for (template, test) in &self.tests {
            if !test.holds(&template.fill(context)?, context)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Test {
    fn holds(&self, text: &str, context: &Context<'_>) -> Result<bool, FillError> {
        let number = |text: &str| text.parse::<Number>().ok();
        let compare = |with: &Template| -> Result<_, FillError> {
            Ok(number(text).zip(number(&with.fill(context)?)).map(|(a, b)| a.cmp(&b)))
        };
        Ok(match self {
            Self::Is(texts) => texts.iter().any(|t| t == text),
            Self::Empty(empty) => text.is_empty() == *empty,
            Self::Begins(texts) => texts.iter().any(|t| text.starts_with(t.as_str())),
            Self::Ends(texts) => texts.iter().any(|t| text.ends_with(t.as_str())),
            Self::Contains(texts) => texts.iter().any(|t| text.contains(t.as_str())),
            Self::Above(with) => compare(with)?.is_some_and(std::cmp::Ordering::is_gt),
            Self::Below(with) => compare(with)?.is_some_and(std::cmp::Ordering::is_lt),
            Self::Not(test) => !test.holds(text, context)?,
            Self::All(tests) => {
                for test in tests {
                    if !test.holds(text, context)? {
                        return Ok(false);
                    }
                }
                true
            }
        })
    }
}
