//! The one thing besides a clock that the core needs from its machine: randomness. It is always passed in.

/// A source of random bytes, for salts and ledger identities. Must be unpredictable: a guessed salt lets a guess at an
/// erased text be confirmed.
pub trait Entropy: Send + Sync {
    /// Fills the slice.
    ///
    /// # Errors
    /// What the system said.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        getrandom::fill(bytes).map_err(std::io::Error::from)
    }
}
