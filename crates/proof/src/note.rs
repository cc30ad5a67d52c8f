//! C2SP signed-note: a text, and lines that say who signed it. It does not know what the text means, and it checks no
//! signature but Ed25519: those of unknown keys are kept and ignored.

use std::fmt;

use crate::cosignature;
use crate::key::{KeyId, KeyKind, KeyName, SigningKey, VerifierKey};
use crate::text::{from_base64, to_base64};

/// Most signature lines that are read. The specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 100;
/// Longest note that is read.
pub const MAX_NOTE_BYTES: usize = 1_000_000;

const DASH: &str = "\u{2014} ";

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureLine {
    /// Whose key it is said to be.
    pub name: KeyName,
    /// Which of them.
    pub id: KeyId,
    /// What the key made of the text.
    pub signature: Vec<u8>,
}

impl SignatureLine {
    fn parse(line: &str) -> Option<Self> {
        let (name, data) = line.strip_prefix(DASH)?.split_once(' ')?;
        let data = from_base64(data)?;
        let (id, signature) = data.split_first_chunk::<4>()?;
        let signature = Some(signature.to_vec()).filter(|s| !s.is_empty())?;
        Some(Self { name: KeyName::new(name).ok()?, id: KeyId(*id), signature })
    }

    /// Reads signature lines that stand alone, as a witness answers.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn parse_all(text: &str) -> Result<Vec<Self>, NoteError> {
        let lines = text.strip_suffix('\n').ok_or(NoteError::Truncated)?.split('\n');
        let lines: Vec<Self> =
            lines.map(|l| Self::parse(l).ok_or_else(|| NoteError::Line(shortened(l)))).collect::<Result<_, _>>()?;
        if lines.len() > MAX_SIGNATURES { Err(NoteError::TooMany) } else { Ok(lines) }
    }

    fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [self.id.0.as_slice(), &self.signature].concat();
        writeln!(f, "{DASH}{} {}", self.name, to_base64(&data))
    }
}

/// Why a note is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Not UTF-8, or control characters.
    #[error("a note is UTF-8 text without control characters, and this is not")]
    NotText,
    /// Longer than is read.
    #[error("the note is longer than {MAX_NOTE_BYTES} bytes")]
    TooLong,
    /// No blank line before the signatures, or no text.
    #[error("the note has no blank line with signatures after it")]
    NoSignatures,
    /// The last line does not end.
    #[error("the note was cut: its last line does not end")]
    Truncated,
    /// A signature line that is none.
    #[error("not a signature line: `{0}`")]
    Line(String),
    /// More lines than are read.
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooMany,
    /// A known key's signature does not fit the text.
    #[error("the signature of {name} ({id}) does not fit this text: the text or the signature was changed")]
    BadSignature {
        /// The known key's name.
        name: KeyName,
        /// Its id.
        id: KeyId,
    },
    /// Nobody known signed it.
    #[error("none of the given keys signed this note{}", signers(.0))]
    Unknown(Vec<(KeyName, KeyId)>),
}

fn signers(found: &[(KeyName, KeyId)]) -> String {
    let found: Vec<String> = found.iter().map(|(name, id)| format!("{name} ({id})")).collect();
    format!("; it says it was signed by {}", found.join(", "))
}

fn shortened(line: &str) -> String {
    line.chars().take(80).collect()
}

/// A text and its signature lines. Nothing of it may be believed before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// A note that nobody has signed yet. `None` if the text does not end with a line break, or has control characters.
    #[must_use]
    pub fn unsigned(text: String) -> Option<Self> {
        (is_text(&text) && text.ends_with('\n')).then_some(Self { text, signatures: vec![] })
    }

    /// Reads a note; checks no signature.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        let all = std::str::from_utf8(bytes).ok().filter(|s| is_text(s)).ok_or(NoteError::NotText)?;
        // The text may have empty lines itself: the last one is meant.
        let (text, signatures) = all.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        if signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        Ok(Self { text: format!("{text}\n"), signatures: SignatureLine::parse_all(signatures)? })
    }

    /// The text, with its last line break.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, whoever made them.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Signs the text with a log's key. A line that this key made before is replaced.
    #[must_use]
    pub fn signed(self, key: &SigningKey) -> Self {
        let signature = key.sign(self.text.as_bytes()).to_vec();
        let verifier = key.verifier();
        self.with_line(SignatureLine { name: verifier.name().clone(), id: verifier.id(), signature })
    }

    /// Adds a line, in place of an earlier one of the same name and id.
    #[must_use]
    pub fn with_line(mut self, line: SignatureLine) -> Self {
        self.signatures.retain(|s| (&s.name, s.id) != (&line.name, line.id));
        self.signatures.push(line);
        self
    }

    /// The keys among `known` that signed this text, with the time where they say one. Lines of other keys are ignored.
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] if the signature of a known key does not fit; [`NoteError::Unknown`] if there is none of
    /// a known key.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for line in &self.signatures {
            for key in known.iter().filter(|key| line.is_by(key)) {
                let bad = || NoteError::BadSignature { name: line.name.clone(), id: line.id };
                let time_s = match key.kind() {
                    KeyKind::Log => key.verify(self.text.as_bytes(), &line.signature).then_some(None),
                    KeyKind::Witness => cosignature::verify(key, &self.text, &line.signature).map(Some),
                };
                let time_s = time_s.ok_or_else(bad)?;
                if !verified.iter().any(|v| v.key == key) {
                    verified.push(Verified { key, time_s });
                }
            }
        }
        if verified.is_empty() {
            return Err(NoteError::Unknown(self.signatures.iter().map(|s| (s.name.clone(), s.id)).collect()));
        }
        Ok(verified)
    }
}

/// A key that was found to have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'k> {
    /// The key.
    pub key: &'k VerifierKey,
    /// When, in seconds since the Unix epoch, by the word of a witness. A log's signature says no time.
    pub time_s: Option<u64>,
}

fn is_text(text: &str) -> bool {
    text.bytes().all(|b| b >= 0x20 || b == b'\n')
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}
