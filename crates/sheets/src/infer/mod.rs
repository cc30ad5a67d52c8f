//! A first mapping.
use crate::sheet::SheetError;
use sayso_core::time::TimeZone;
use std::io::Read;

/// Opens the file, again for each pass.
pub type Opener<'a> = dyn Fn() -> std::io::Result<Box<dyn Read>> + 'a;

/// x
pub fn infer(_open: &Opener<'_>, _name: &str, _today: &str, _zone: &TimeZone) -> Result<String, SheetError> {
    Ok(String::new())
}
