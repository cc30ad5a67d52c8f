//! A first mapping, from a look at the file. It imports the file as it stands; whether it says what people mean, only they can tell.

mod dates;
mod names;
mod odd;
mod profile;
mod roles;
mod text;
mod value;
mod write;

use std::io::Read;

use sayso_core::exchange::CheckOptions;
use sayso_core::time::TimeZone;

use crate::convert::Converter;
use crate::mapping::{Kind, Mapping};
use crate::sheet::{Format, Sheet, SheetError, SheetOptions};
use profile::Sketch;
use roles::Roles;
use write::Draft;

/// Opens the file, again for each look at it.
pub type Opener<'a> = dyn Fn() -> std::io::Result<Box<dyn Read>> + 'a;

/// How much is guessed. What does not import the file is not shown; the next is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Daring {
    /// Everything that names and cells speak for.
    Full,
    /// The same without bounds from several columns, and without rows that change earlier ones.
    Careful,
    /// Only what a claim cannot be without.
    Plain,
    /// Every cell as words, said by nobody in particular.
    Bare,
}

/// A mapping, as text with comments, that imports the file as it stands, but for what its comments ask: a day that no column gives, cells
/// that are no date among dates or no figure among figures. `name` is the file's.
///
/// # Errors
/// [`SheetError`] if the file cannot be read as a sheet.
pub fn infer(open: &Opener<'_>, name: &str, zone: &TimeZone) -> Result<String, SheetError> {
    let mut options = SheetOptions::default();
    let (sketch, format, delimiter, guessed) = loop {
        let looked = Sheet::open(open()?, name, &options).and_then(|mut sheet| {
            let sketch = Sketch::of(&mut sheet, zone)?;
            Ok((sketch, sheet.format(), sheet.delimiter(), sheet.has_guessed_encoding()))
        });
        match looked {
            Ok((sketch, ..)) if sketch.ragged && !options.ragged => options.ragged = true,
            Ok(looked) => break looked,
            Err(SheetError::File { message, .. })
                if options.encoding.is_none() && message.contains(crate::sheet::NOT_UTF8) =>
            {
                // Whatever its bytes are, they are letters of this one; its reader sees whether they are the right ones.
                options.encoding = Some(encoding_rs::WINDOWS_1252);
            }
            Err(e) => return Err(e),
        }
    };
    let refuse = |message: &str| Err(SheetError::File { line: None, message: message.to_owned() });
    if sketch.rows == 0 {
        return refuse("there is no row in it, so nothing can be guessed");
    }
    let is_event = |kind: &String| Kind::ALL.iter().any(|k| k.as_str() == kind);
    let kinds = sketch.profiles.iter().find(|p| p.name == "kind");
    if format == Format::JsonLines && kinds.is_some_and(|p| p.filled == sketch.rows && p.samples.iter().all(is_event)) {
        return refuse("its lines are events in the exchange form already; import it without a mapping");
    }
    for daring in [Daring::Full, Daring::Careful, Daring::Plain, Daring::Bare] {
        let draft = Draft {
            name,
            trial: false,
            sketch: &sketch,
            roles: Roles::guess(&sketch),
            format,
            delimiter: (format == Format::Csv && delimiter != b',').then_some(delimiter),
            ragged: options.ragged,
            encoding: options.encoding.map(|e| e.name()),
            utf16: guessed,
            daring,
        };
        if imports(&Draft { trial: true, ..draft.clone() }.text(), open, name, zone)? {
            return Ok(draft.text());
        }
    }
    refuse("no mapping that imports it as it stands was found; write one (docs/mapping.md), and try it with --dry-run")
}

/// Whether the file, taken through the mapping, has nothing but good events.
fn imports(text: &str, open: &Opener<'_>, name: &str, zone: &TimeZone) -> Result<bool, SheetError> {
    let Ok(mapping) = Mapping::parse(text, "draft") else { return Ok(false) };
    let sheet = Sheet::open(open()?, name, mapping.options())?;
    let options = CheckOptions { zone: *zone, numbers: false, imported_clock: false, recorder: None };
    let (mut good, mut bad) = (0_u64, 0_u64);
    let run = Converter::new(&mapping, name, *zone).run(
        sheet,
        |draft| draft.check(&options),
        |_, event| match event {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        },
    );
    match run {
        Ok(_) => Ok(bad == 0 && good > 0),
        Err(SheetError::Io(e)) => Err(SheetError::Io(e)),
        Err(_) => Ok(false),
    }
}
