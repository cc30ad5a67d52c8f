//! An SVG as a bitmap. Letters that no font of this system has are an error: a picture must not lose words in silence.

use std::collections::BTreeSet;
use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
pub use resvg::usvg::fontdb::Database;
use resvg::usvg::fontdb::{Family, Query};
use resvg::usvg::{Options, Tree};
use skrifa::{FontRef, MetadataProvider as _};

/// The largest bitmap, in pixels a side.
const MAX_SIDE: f32 = 16_000.0;
/// The largest bitmap, in pixels.
const MAX_PIXELS: f32 = 120_000_000.0;

/// Why there is no bitmap.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PngError {
    /// The system has no fonts at all.
    #[error(
        "no font was found on this system, so the words would be missing; install one (fonts-dejavu-core on Debian), or write .svg"
    )]
    NoFonts,
    /// Some letters are in none of its fonts.
    #[error(
        "no font on this system has {0}; install one that does (fonts-noto-core, fonts-noto-cjk on Debian), or write .svg"
    )]
    Letters(String),
    /// Too large for a bitmap.
    #[error("the picture is {0} by {1} pixels, too large for a bitmap; write .svg, or show less")]
    TooLarge(u32, u32),
    /// The library refused it.
    #[error("the picture could not be drawn: {0}")]
    Drawing(String),
}

/// Draws an SVG of ours, at so many pixels for each of its units, with the fonts of this system.
///
/// # Errors
/// [`PngError`].
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, PngError> {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    with_fonts(svg, scale, fonts)
}

/// The same with these fonts.
///
/// # Errors
/// [`PngError`].
pub fn with_fonts(svg: &str, scale: f32, mut fonts: Database) -> Result<Vec<u8>, PngError> {
    if fonts.is_empty() {
        return Err(PngError::NoFonts);
    }
    let missing = missing_letters(svg, &fonts);
    if !missing.is_empty() {
        let some: Vec<String> = missing.iter().take(5).map(|c| format!("{c} (U+{:04X})", *c as u32)).collect();
        let more = if missing.len() > 5 { format!(" and {} more", missing.len() - 5) } else { String::new() };
        return Err(PngError::Letters(format!("{}{more}", some.join(", "))));
    }
    if let Some(family) = usable_family(&fonts) {
        fonts.set_sans_serif_family(family);
    }
    let options = Options { fontdb: Arc::new(fonts), font_family: "sans-serif".into(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|e| PngError::Drawing(e.to_string()))?;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sizes are positive, and too large ones are refused"
    )]
    let (w, h) = (width.ceil() as u32, height.ceil() as u32);
    if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
        return Err(PngError::TooLarge(w, h));
    }
    let mut pixels = Pixmap::new(w, h).ok_or(PngError::TooLarge(w, h))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| PngError::Drawing(e.to_string()))
}

/// The family that stands for "any plain one": a known one, or whatever there is.
fn usable_family(fonts: &Database) -> Option<String> {
    let known = ["DejaVu Sans", "Noto Sans", "Liberation Sans", "Arial", "Helvetica", "Segoe UI"];
    let found =
        known.iter().find(|name| fonts.query(&Query { families: &[Family::Name(name)], ..Query::default() }).is_some());
    let any = || fonts.faces().next().and_then(|face| face.families.first()).map(|(name, _)| name.clone());
    found.map(|name| (*name).to_owned()).or_else(any)
}

/// The letters of a picture that no font has.
fn missing_letters(svg: &str, fonts: &Database) -> BTreeSet<char> {
    let mut missing: BTreeSet<char> = words(svg).filter(|c| !c.is_whitespace() && !is_joiner(*c)).collect();
    for face in fonts.faces() {
        if missing.is_empty() {
            break;
        }
        let _ = fonts.with_face_data(face.id, |data, index| {
            if let Ok(font) = FontRef::from_index(data, index) {
                let letters = font.charmap();
                missing.retain(|c| letters.map(*c).is_none());
            }
        });
    }
    missing
}

/// Joiners and variation selectors shape their neighbours and need no picture of their own.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// The characters of all text that is drawn. Our own writer made the file: `<text` opens one, and nothing is nested in it.
fn words(svg: &str) -> impl Iterator<Item = char> {
    svg.split("<text ").skip(1).filter_map(|rest| rest.split_once('>')?.1.split("</text>").next()).flat_map(str::chars)
}
