//! C2SP signed-note: a text, and lines that say who signed it. It does not know what the text means, and it checks no
//! signature but Ed25519: those of unknown keys are kept and ignored.

use std::fmt;

use crate::cosignature;
use crate::key::{KeyId, KeyKind, KeyName, SigningKey, VerifierKey};
use crate::text::{from_base64, shown, to_base64};

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
            lines.map(|l| Self::parse(l).ok_or_else(|| NoteError::Line(shown(l, 80)))).collect::<Result<_, _>>()?;
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
    /// Not UTF-8, or control characters, at this byte.
    #[error(
        "a note is UTF-8 text without control characters, and byte {0} of this is neither: it is damaged, or another kind of file; \
         get it again"
    )]
    NotText(usize),
    /// Longer than is read.
    #[error("the note is longer than {MAX_NOTE_BYTES} bytes, and none is; look whether it is the right file")]
    TooLong,
    /// No blank line before the signatures, or no text.
    #[error("the note has no blank line with signatures after it: they were cut off; get it again, whole")]
    NoSignatures,
    /// The last line does not end.
    #[error("the note was cut: its last line does not end; get it again, whole")]
    Truncated,
    /// A signature line that is none.
    #[error("not a signature line: `{0}`; the note was changed after it was signed. Get it again")]
    Line(String),
    /// More lines than are read.
    #[error("the note has more than {MAX_SIGNATURES} signatures; remove the lines of those that you do not know")]
    TooMany,
    /// A known key's signature does not fit the text.
    #[error(
        "the signature of {name} ({id}) does not fit this text ({begins}): the text or the signature was changed. Believe nothing of \
         it, and ask {name} for what it really signed"
    )]
    BadSignature {
        /// The known key's name.
        name: KeyName,
        /// Its id.
        id: KeyId,
        /// The beginning of the text.
        begins: String,
    },
    /// A known witness's cosignature does not fit the text and its time.
    #[error(
        "the cosignature of {name} ({id}) does not fit this text ({begins}) and the time {time_s} that it says: text, time or \
         signature was changed. Believe nothing of it, and have it cosigned again"
    )]
    BadCosignature {
        /// The known key's name.
        name: KeyName,
        /// Its id.
        id: KeyId,
        /// The time that it says, in seconds since the Unix epoch.
        time_s: u64,
        /// The beginning of the text.
        begins: String,
    },
    /// A known key's signature is too long or too short.
    #[error(
        "the signature of {name} ({id}) has {found} bytes, and a key of its kind makes {expected}: another kind of key made it, or it \
         was cut. Believe nothing of it"
    )]
    SignatureLength {
        /// The known key's name.
        name: KeyName,
        /// Its id.
        id: KeyId,
        /// How long it is.
        found: usize,
        /// How long it should be.
        expected: usize,
    },
    /// Nobody known signed it.
    #[error(
        "none of the given keys signed this note; it says it was signed by {}. Ask whoever signed it for the verifier key, by a way \
         that you trust",
        signers(.0)
    )]
    Unknown(Vec<(KeyName, KeyId)>),
}

/// Who is said to have signed: their word only.
pub(crate) fn signers(found: &[(KeyName, KeyId)]) -> String {
    const MOST: usize = 5;
    let mut named: Vec<String> =
        found.iter().take(MOST).map(|(name, id)| format!("{} ({id})", shown(name.as_str(), 80))).collect();
    if found.len() > MOST {
        named.push(format!("{} more", found.len() - MOST));
    }
    if named.is_empty() { "nobody".into() } else { named.join(", ") }
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
        (text.bytes().all(is_text) && text.ends_with('\n')).then_some(Self { text, signatures: vec![] })
    }

    /// Reads a note; checks no signature.
    ///
    /// # Errors
    /// [`NoteError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        let all = std::str::from_utf8(bytes).map_err(|e| NoteError::NotText(e.valid_up_to()))?;
        if let Some(at) = all.bytes().position(|b| !is_text(b)) {
            return Err(NoteError::NotText(at));
        }
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
    /// [`NoteError::BadSignature`] and its like if the signature of a known key does not fit; [`NoteError::Unknown`] if there
    /// is none of a known key.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for line in &self.signatures {
            for key in known.iter().filter(|key| line.is_by(key)) {
                let time_s = self.verify_line(line, key)?;
                if !verified.iter().any(|v| v.key == key) {
                    verified.push(Verified { key, time_s });
                }
            }
        }
        if verified.is_empty() { Err(NoteError::Unknown(self.signers())) } else { Ok(verified) }
    }

    /// Whether a line is this key's signature, and the time that it says.
    fn verify_line(&self, line: &SignatureLine, key: &VerifierKey) -> Result<Option<u64>, NoteError> {
        let (name, id) = (line.name.clone(), line.id);
        let (found, expected) = (line.signature.len(), key.kind().signature_bytes());
        if found != expected {
            return Err(NoteError::SignatureLength { name, id, found, expected });
        }
        let begins = || shown(&self.text.split('\n').take(3).collect::<Vec<_>>().join(", "), 160);
        match key.kind() {
            KeyKind::Log if key.verify(self.text.as_bytes(), &line.signature) => Ok(None),
            KeyKind::Log => Err(NoteError::BadSignature { name, id, begins: begins() }),
            KeyKind::Witness => {
                let (time_s, holds) = cosignature::verify(key, &self.text, &line.signature);
                let bad = || NoteError::BadCosignature { name, id, time_s, begins: begins() };
                if holds { Ok(Some(time_s)) } else { Err(bad()) }
            }
        }
    }

    /// Who is said to have signed.
    pub(crate) fn signers(&self) -> Vec<(KeyName, KeyId)> {
        self.signatures.iter().map(|s| (s.name.clone(), s.id)).collect()
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

fn is_text(byte: u8) -> bool {
    byte >= 0x20 || byte == b'\n'
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}
