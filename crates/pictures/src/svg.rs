//! The writer of SVG: elements, attributes, text. It knows nothing of what is drawn.

use std::fmt::Write as _;

use super::lettering::{FONTS, printable, runs_left};

/// Where a text hangs on its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Type<'a> {
    pub(crate) size: f64,
    pub(crate) fill: &'a str,
    pub(crate) bold: bool,
    pub(crate) anchor: Anchor,
}

/// Plain text of a size.
pub(crate) const fn plain(size: f64, fill: &str) -> Type<'_> {
    Type { size, fill, bold: false, anchor: Anchor::Start }
}

impl Type<'_> {
    pub(crate) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) const fn at(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// A picture in the making.
#[derive(Default)]
pub(crate) struct Svg {
    out: String,
}

/// A coordinate, to a tenth of a pixel.
pub(crate) fn n(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), ToOwned::to_owned)
}

/// Text as XML takes it.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

impl Svg {
    /// An element without content. Attributes are ours, never anybody's words.
    pub(crate) fn leaf(&mut self, tag: &str, attributes: &str) {
        let _ = writeln!(self.out, "<{tag} {attributes}/>");
    }

    /// An element with a description that programs read aloud and browsers show.
    pub(crate) fn titled(&mut self, tag: &str, attributes: &str, title: &str) {
        let _ = writeln!(self.out, "<{tag} {attributes}><title>{}</title></{tag}>", xml(title));
    }

    pub(crate) fn rect(&mut self, [x, y, w, h]: [f64; 4], attributes: &str) {
        let shape =
            format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {attributes}", n(x), n(y), n(w.max(0.0)), n(h));
        self.leaf("rect", &shape);
    }

    pub(crate) fn line(&mut self, [x1, y1, x2, y2]: [f64; 4], attributes: &str) {
        let shape = format!("x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {attributes}", n(x1), n(y1), n(x2), n(y2));
        self.leaf("line", &shape);
    }

    pub(crate) fn path(&mut self, d: &str, attributes: &str) {
        if !d.is_empty() {
            self.leaf("path", &format!("d=\"{d}\" {attributes}"));
        }
    }

    /// A line of text. Where letters run leftwards the text decides its own direction, and stays at its place.
    pub(crate) fn text(&mut self, x: f64, y: f64, text: &str, face: Type<'_>) {
        self.text_as(x, y, text, face, "");
    }

    pub(crate) fn text_as(&mut self, x: f64, y: f64, text: &str, face: Type<'_>, attributes: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match face.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if face.bold { " font-weight=\"600\"" } else { "" };
        let direction = if runs_left(text) { " direction=\"ltr\" unicode-bidi=\"plaintext\"" } else { "" };
        let space = if attributes.is_empty() { "" } else { " " };
        let _ = writeln!(
            self.out,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{weight}{anchor}{direction}{space}{attributes}>{}</text>",
            n(x),
            n(y),
            n(face.size),
            face.fill,
            xml(text)
        );
    }

    /// The whole file.
    pub(crate) fn finish(self, width: f64, height: f64, title: &str, description: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
             aria-labelledby=\"title desc\" font-family=\"{FONTS}\">\n<title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n\
             <defs><pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect width=\"5\" height=\"5\" fill=\"#f6d5d1\"/><rect width=\"1.6\" height=\"5\" fill=\"#b3261e\" fill-opacity=\"0.55\"/>\
             </pattern></defs>\n<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            xml(title),
            xml(description),
            self.out,
            w = n(width),
            h = n(height),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_never_become_markup() {
        let mut svg = Svg::default();
        svg.text(1.0, 2.25, "<script>\"&'</script>", plain(12.0, "#000"));
        svg.titled("rect", "width=\"1\"", "</title><script>");
        let file = svg.finish(10.0, 10.0, "<b>", "a & b");
        assert!(!file.contains("<script") && !file.contains("<b>"), "{file}");
        assert!(file.contains("&lt;script&gt;&quot;&amp;'&lt;/script&gt;") && file.contains("a &amp; b"), "{file}");
    }

    #[test]
    fn letters_that_run_leftwards_are_marked() {
        let mut svg = Svg::default();
        svg.text(1.0, 2.0, "دمشق", plain(12.0, "#000"));
        svg.text(1.0, 2.0, "Երևան", plain(12.0, "#000"));
        let file = svg.finish(10.0, 10.0, "", "");
        assert_eq!(file.matches("unicode-bidi=\"plaintext\"").count(), 1, "{file}");
    }
}
