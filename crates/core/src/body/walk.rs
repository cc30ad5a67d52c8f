//! Checks the bytes of a claim without making one: for audit, which reads millions.
//!
//! Decoding a claim and encoding it again costs five times its hashes, nearly all of it for strings that are thrown away. The
//! encoding leaves no choice (every length, option and variant has one form), so bytes that can be walked under the
//! checks of the checked types are the one form of a valid claim. This knows nothing that `Record` does not: a property test
//! holds both against each other. What it does not recognise is for `Record::decode` to judge.

use super::BODY_VERSION;
use crate::number::Number;
use crate::text::{check_id, check_label, check_name, check_text, check_url};
use crate::time::{Date, DateForm, Edtf, Endpoint, Moment, Offset, Qualifier, Season, Stated};
use crate::value::Bounds;

/// Whether `body` is a claim in its one form. `false` says nothing.
pub(crate) fn is_canonical_claim(body: &[u8]) -> bool {
    let mut walk = Walk(body);
    walk.record().is_some() && walk.0.is_empty()
}

/// What a view needs of a claim, as it stands in the body.
pub(crate) struct ClaimParts<'a> {
    pub(crate) source: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) predicate: &'a str,
    /// `stated`.
    pub(crate) stated: &'a [u8],
    /// `value`, `unit`, `act` and `modality`.
    pub(crate) held: &'a [u8],
}

/// Finds those parts of a claim; `None` if the body is none. Names are checked, the other bytes are taken as they are.
pub(crate) fn claim_parts(body: &[u8]) -> Option<ClaimParts<'_>> {
    let mut walk = Walk(body);
    walk.parts()
}

/// Any text will do.
fn unchecked(_: &str) -> Result<(), ()> {
    Ok(())
}

struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    fn record(&mut self) -> Option<()> {
        self.is(BODY_VERSION)?;
        self.option(|w| w.string(check_label))?;
        self.option(|w| w.string(check_id))?;
        self.variant(1)?; // a claim, the first of the kinds
        self.claim()?;
        self.option(|w| w.string(check_text))?;
        self.list(Self::citation)?;
        self.list(|w| w.string(check_label))
    }

    fn parts(&mut self) -> Option<ClaimParts<'a>> {
        self.is(BODY_VERSION)?;
        self.option(|w| w.string(unchecked))?; // recorder
        self.option(|w| w.string(unchecked))?; // id
        self.variant(1)?;
        let source = self.name()?;
        self.option(|w| w.string(unchecked))?; // speaker
        self.option(|w| w.string(unchecked))?; // body
        self.list(|w| w.string(unchecked))?; // via
        let before = self.0;
        self.stated()?;
        let stated = before.get(..before.len() - self.0.len())?;
        self.option(|w| w.edtf().map(drop))?; // published
        self.option(|w| w.string(unchecked))?; // lang
        self.boolean()?; // translated
        let (subject, predicate) = (self.name()?, self.name()?);
        let before = self.0;
        self.value()?;
        self.option(|w| w.string(unchecked))?; // unit
        self.variant(6)?; // act
        self.option(|w| w.string(unchecked))?; // modality
        let held = before.get(..before.len() - self.0.len())?;
        Some(ClaimParts { source, subject, predicate, stated, held })
    }

    fn claim(&mut self) -> Option<()> {
        self.string(check_name)?; // source
        self.option(|w| w.string(check_label))?; // speaker
        self.option(|w| w.string(check_label))?; // body
        self.list(|w| w.string(check_label))?; // via
        self.stated()?;
        self.option(|w| w.edtf().map(drop))?; // published
        self.option(|w| w.string(check_label))?; // lang
        self.boolean()?; // translated
        self.string(check_name)?; // subject
        self.string(check_name)?; // predicate
        self.value()?;
        self.option(|w| w.string(check_label))?; // unit
        self.variant(6)?; // act
        self.option(|w| w.string(check_text))?; // modality
        self.option(|w| w.edtf().map(drop))?; // occurred
        self.option(|w| w.string(check_text)) // quote
    }

    fn citation(&mut self) -> Option<()> {
        let mut given = [false; 6];
        for (at, given) in given.iter_mut().enumerate() {
            *given = match at {
                0 | 1 => self.optional(|w| w.string(check_url))?,
                2 => self.optional(|w| w.take::<32>().map(drop))?,
                _ => self.optional(|w| w.string(check_text))?,
            };
        }
        let [url, archived, file, exact, prefix, suffix] = given;
        ((url || archived || file) && (exact || !(prefix || suffix))).then_some(())
    }

    fn value(&mut self) -> Option<()> {
        match self.variant(7)? {
            0 => self.string(check_text),
            1 => self.boolean(),
            2 => {
                let (mut min, mut max) = (None, None);
                self.option(|w| w.number().map(|n| min = Some(n)))?;
                self.option(|w| w.number().map(|n| max = Some(n)))?;
                Bounds::new(min, max).ok().map(drop)
            }
            3 => self.number().map(drop),
            4 => self.edtf().map(drop),
            _ => Some(()),
        }
    }

    fn number(&mut self) -> Option<Number> {
        let mantissa = i128::from_le_bytes(self.take()?);
        let [scale] = self.take()?;
        Number::try_from((mantissa, scale)).ok()
    }

    fn stated(&mut self) -> Option<()> {
        let date = self.edtf()?;
        let mut zone = None;
        self.option(|w| {
            let name = w.text()?;
            zone = Some((name, i32::from_le_bytes(w.take()?)));
            Some(())
        })?;
        Stated::is_valid(date, zone).then_some(())
    }

    fn edtf(&mut self) -> Option<Edtf> {
        match self.variant(3)? {
            0 => self.date().map(Edtf::Date),
            1 => {
                let ymd = (i16::from_le_bytes(self.take()?), self.byte()?, self.byte()?);
                let second = u32::from_le_bytes(self.take()?);
                let offset = match self.variant(2)? {
                    0 => Offset::Utc,
                    _ => Offset::Minutes(i16::from_le_bytes(self.take()?)),
                };
                Moment::try_from((ymd, second, offset)).ok().map(Edtf::Moment)
            }
            _ => Edtf::interval(self.endpoint()?, self.endpoint()?).ok(),
        }
    }

    fn endpoint(&mut self) -> Option<Endpoint> {
        Some(match self.variant(3)? {
            0 => Endpoint::Date(self.date()?),
            1 => Endpoint::Open,
            _ => Endpoint::Unknown,
        })
    }

    fn date(&mut self) -> Option<Date> {
        let form = self.variant(10)?;
        let form = match form {
            0 => DateForm::Century(i8::from_le_bytes(self.take()?)),
            3 => DateForm::LongYear(i64::from_le_bytes(self.take()?)),
            form => {
                let y = i16::from_le_bytes(self.take()?);
                match form {
                    1 => DateForm::Decade(y),
                    2 => DateForm::Year(y),
                    4 => {
                        let season = [Season::Spring, Season::Summer, Season::Autumn, Season::Winter];
                        DateForm::Season(y, *season.get(usize::try_from(self.variant(4)?).ok()?)?)
                    }
                    5 => DateForm::Month(y, self.byte()?),
                    6 => DateForm::SomeMonth(y),
                    7 => DateForm::SomeDayOfYear(y),
                    8 => DateForm::SomeDayOfMonth(y, self.byte()?),
                    _ => DateForm::Day(y, self.byte()?, self.byte()?),
                }
            }
        };
        let qualifier = match self.variant(4)? {
            0 => Qualifier::Certain,
            1 => Qualifier::Uncertain,
            2 => Qualifier::Approximate,
            _ => Qualifier::Both,
        };
        Date::new(form, qualifier).ok()
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[b]| b)
    }

    fn is(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then_some(())
    }

    fn boolean(&mut self) -> Option<()> {
        (self.byte()? <= 1).then_some(())
    }

    /// The number of a variant, of so many.
    fn variant(&mut self, of: u32) -> Option<u32> {
        Some(u32::from_le_bytes(self.take()?)).filter(|v| *v < of)
    }

    fn optional(&mut self, item: impl FnOnce(&mut Self) -> Option<()>) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => item(self).map(|()| true),
            _ => None,
        }
    }

    fn option(&mut self, item: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.optional(item).map(drop)
    }

    fn list(&mut self, item: impl Fn(&mut Self) -> Option<()>) -> Option<()> {
        let n = u64::from_le_bytes(self.take()?);
        // Every item has a byte at least, so a wild number ends soon.
        (0..n).try_for_each(|_| item(self))
    }

    fn name(&mut self) -> Option<&'a str> {
        self.text().filter(|name| check_name(name).is_ok())
    }

    fn text(&mut self) -> Option<&'a str> {
        let n = usize::try_from(u64::from_le_bytes(self.take()?)).ok()?;
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        std::str::from_utf8(head).ok()
    }

    fn string<E>(&mut self, check: impl FnOnce(&str) -> Result<(), E>) -> Option<()> {
        check(self.text()?).ok()
    }
}
