//! C2SP tlog-cosignature, the Ed25519 form: a witness says that at some time a checkpoint was the largest it had seen of a log,
//! and consistent with all before. It reads no clock, and does not judge the time.

use crate::key::{SigningKey, VerifierKey};
use crate::note::SignatureLine;

/// The latest time that can be said.
pub const MAX_TIME_S: u64 = i64::MAX as u64;

fn message(time_s: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

/// A witness's line for the text of a checkpoint; `None` for a time that cannot be said.
#[must_use]
pub fn sign(key: &SigningKey, time_s: u64, text: &str) -> Option<SignatureLine> {
    if time_s > MAX_TIME_S {
        return None;
    }
    let signature = key.sign(message(time_s, text).as_bytes());
    let signature = [time_s.to_be_bytes().as_slice(), &signature].concat();
    Some(SignatureLine { name: key.verifier().name().clone(), id: key.verifier().id(), signature })
}

/// The time that the bytes say, and whether they are this witness's cosignature of the text at that time.
pub(crate) fn verify(key: &VerifierKey, text: &str, signature: &[u8]) -> (u64, bool) {
    let Some((time, signature)) = signature.split_first_chunk::<8>() else { return (0, false) };
    let time_s = u64::from_be_bytes(*time);
    (time_s, time_s <= MAX_TIME_S && key.verify(message(time_s, text).as_bytes(), signature))
}
