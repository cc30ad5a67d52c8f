//! Keys of signed notes, as text. What they sign is for [`crate::note`] and [`crate::cosignature`].
//!
//! ```text
//! verifier key   name+<key id, 8 hex digits>+base64(type, 32 bytes)
//! signing key    PRIVATE+KEY+name+<key id>+base64(type, 32 bytes)
//! key id         the first 4 bytes of SHA-256(name, 0x0A, type, public key)
//! ```

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use sayso_core::machine::Entropy;
use sha2::{Digest as _, Sha256};

use crate::text::{from_base64, to_base64};

/// Bytes in an Ed25519 signature.
pub const SIGNATURE_BYTES: usize = 64;

const PRIVATE: &str = "PRIVATE+KEY+";

/// What a key is for. The same 32 bytes under two kinds are two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// Signs the text of notes: a log's key.
    Log = 1,
    /// Signs a text with the time: a witness's key.
    Witness = 4,
}

impl KeyKind {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Log, Self::Witness].into_iter().find(|kind| *kind as u8 == byte)
    }

    /// Bytes in what such a key signs: a witness puts the time before it.
    pub(crate) const fn signature_bytes(self) -> usize {
        match self {
            Self::Log => SIGNATURE_BYTES,
            Self::Witness => 8 + SIGNATURE_BYTES,
        }
    }
}

/// The four bytes by which a signature line says which key made it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The name of a key: not empty, and without spaces, control characters or `+`. Names like `newsroom.example/ledger` keep
/// two keys of two people apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`KeyError::NoName`], [`KeyError::Name`].
    pub fn new(name: &str) -> Result<Self, KeyError> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        match name {
            "" => Err(KeyError::NoName),
            name if name.chars().any(bad) => Err(KeyError::Name),
            name => Ok(Self(name.to_owned())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It does not have three parts.
    #[error(
        "not a key: it has {0} parts joined by `+`; a verifier key looks like NAME+1234abcd+AbCd...=. Copy it again, whole"
    )]
    Parts(usize),
    /// A signing key where a verifier key is asked for. It is not repeated.
    #[error(
        "this is a signing key, and the verifier key is asked for, which `sayso key list` shows. If anybody else has seen it, make \
         another with `sayso key rotate --retire-old`"
    )]
    Secret,
    /// Not a signing key where one is asked for.
    #[error("not a signing key: it does not begin with {PRIVATE}")]
    NotSecret,
    /// The id is not written as one.
    #[error("not a key: its second part is its id, eight digits 0-9 a-f, and this one is not. Copy it again")]
    IdForm,
    /// The last part is not canonical base64.
    #[error("not a key: its last part is not base64 as it is written for keys. Copy it again, whole")]
    Base64,
    /// The last part has the wrong length.
    #[error("not a key: its last part holds {0} bytes, and those of a key are 33. Copy it again, whole")]
    Length(usize),
    /// A name that is empty.
    #[error("a key's name must not be empty: write what the key vouches for, such as newsroom.example/sotk")]
    NoName,
    /// A name that cannot be one.
    #[error("a key's name may have no spaces, control characters or `+`; write `-` in their place")]
    Name,
    /// The kind of key is not one that is known here.
    #[error(
        "key type {0} is not known here; 1 (Ed25519) and 4 (Ed25519 cosignature) are. Ask for a key of one of these"
    )]
    Kind(u8),
    /// The bytes are no point of the curve, or one that anybody can sign for.
    #[error("the key's bytes are not a usable Ed25519 key: anybody could sign for it, or nobody. Do not trust it")]
    Bytes,
    /// The id is that of another key.
    #[error(
        "the key says that its id is {said}, and it is {computed}: it was mistyped or put together from two. Ask for it again"
    )]
    Id {
        /// What the text has.
        said: String,
        /// What the rest comes to.
        computed: KeyId,
    },
}

/// A key that checks signatures. What exists is usable and matches its own id.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    kind: KeyKind,
    key: VerifyingKey,
}

fn key_id(name: &KeyName, kind: KeyKind, public: &[u8; 32]) -> KeyId {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name.as_str())
        .chain_update([b'\n', kind as u8])
        .chain_update(public)
        .finalize()
        .into();
    let [a, b, c, d, ..] = hash;
    KeyId([a, b, c, d])
}

/// The name, the id as said, the kind and the 32 bytes of either form of key.
fn parts(text: &str) -> Result<(KeyName, &str, KeyKind, [u8; 32]), KeyError> {
    let fields: Vec<&str> = text.splitn(3, '+').collect();
    let [name, id, data] = fields.as_slice() else { return Err(KeyError::Parts(fields.len())) };
    if id.len() != 8 || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(KeyError::IdForm);
    }
    let bytes = from_base64(data).ok_or(KeyError::Base64)?;
    let (kind, key) = bytes.split_first().ok_or(KeyError::Length(0))?;
    let kind = KeyKind::from_byte(*kind).ok_or(KeyError::Kind(*kind))?;
    Ok((KeyName::new(name)?, id, kind, key.try_into().map_err(|_| KeyError::Length(bytes.len()))?))
}

fn matching(said: &str, computed: KeyId) -> Result<(), KeyError> {
    if said == computed.to_string() { Ok(()) } else { Err(KeyError::Id { said: said.to_owned(), computed }) }
}

impl VerifierKey {
    fn new(name: KeyName, kind: KeyKind, key: VerifyingKey) -> Self {
        let id = key_id(&name, kind, key.as_bytes());
        Self { name, id, kind, key }
    }

    /// Whose key it is.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What it is for.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Whether two keys are the same key under whatever names.
    #[must_use]
    pub fn same_bytes(&self, other: &Self) -> bool {
        self.key.as_bytes() == other.key.as_bytes()
    }

    /// Whether a signature of exactly these bytes is this key's. Weak keys and malleated signatures are not accepted.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let signature = <[u8; SIGNATURE_BYTES]>::try_from(signature);
        signature.is_ok_and(|s| self.key.verify_strict(message, &Signature::from_bytes(&s)).is_ok())
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(s: &str) -> Result<Self, KeyError> {
        if s.starts_with(PRIVATE) {
            return Err(KeyError::Secret);
        }
        let (name, said, kind, bytes) = parts(s)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Bytes)?;
        if key.is_weak() {
            return Err(KeyError::Bytes);
        }
        let key = Self::new(name, kind, key);
        matching(said, key.id)?;
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut data = vec![self.kind as u8];
        data.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, self.id, to_base64(&data))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A key that signs. It is never shown by accident: only [`SigningKey::to_secret_text`] gives it away.
#[derive(Clone)]
pub struct SigningKey {
    verifier: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn generate(name: KeyName, kind: KeyKind, entropy: &dyn Entropy) -> std::io::Result<Self> {
        let mut seed = [0; 32];
        entropy.fill(&mut seed)?;
        Ok(Self::from_seed(name, kind, &seed))
    }

    fn from_seed(name: KeyName, kind: KeyKind, seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Self { verifier: VerifierKey::new(name, kind, key.verifying_key()), key }
    }

    /// The key that checks its signatures.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The secret text. Whoever has it can sign.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let mut data = vec![self.verifier.kind as u8];
        data.extend_from_slice(self.key.as_bytes());
        format!("{PRIVATE}{}+{}+{}", self.verifier.name, self.verifier.id, to_base64(&data))
    }

    /// Reads the secret text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_secret_text(text: &str) -> Result<Self, KeyError> {
        let text = text.strip_prefix(PRIVATE).ok_or(KeyError::NotSecret)?;
        let (name, said, kind, seed) = parts(text)?;
        let key = Self::from_seed(name, kind, &seed);
        matching(said, key.verifier.id)?;
        Ok(key)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the signing key of {}", self.verifier)
    }
}
