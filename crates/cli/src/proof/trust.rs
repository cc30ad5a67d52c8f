//! Whose word is taken: keys and policies as they are typed.

use std::path::PathBuf;

use clap::Args;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::key::{KeyKind, VerifierKey};
use sayso_proof::policy::{Party, Policy};

use super::files;
use crate::error::CliError;

/// Who has to have signed.
#[derive(Args, Clone, Default)]
pub(crate) struct TrustArgs {
    /// A verifier key, or a file with such keys, of the ledger or of a witness (may be given several times)
    #[arg(long = "key", value_name = "VKEY|FILE")]
    pub(crate) keys: Vec<String>,
    /// How many of the witnesses whose keys are given must have cosigned [default: all of them]
    #[arg(long, value_name = "N", requires = "keys")]
    pub(crate) quorum: Option<usize>,
    /// A trust policy in the form of c2sp.org/tlog-policy, instead of --key
    #[arg(long, value_name = "FILE", conflicts_with = "keys")]
    pub(crate) policy: Option<PathBuf>,
}

impl TrustArgs {
    /// The policy; at least one ledger's key is needed.
    pub(crate) fn policy(&self) -> Result<Policy, CliError> {
        let policy = self.policy_or_none()?;
        if policy.logs().is_empty() {
            return Err(CliError::usage(
                "whose word is to be taken? Give the ledger's verifier key with --key, or a policy with --policy; \
                 the key has to come to you by another way than what it is to check",
            ));
        }
        Ok(policy)
    }

    fn policy_or_none(&self) -> Result<Policy, CliError> {
        if let Some(path) = &self.policy {
            let text = String::from_utf8(files::read(path)?);
            let text = text.map_err(|_| CliError::usage(format!("--policy: {} is not text", path.display())))?;
            return text.parse().map_err(|e| CliError::usage(format!("--policy: {}: {e}", path.display())));
        }
        let keys = keys("--key", &self.keys)?;
        let (witnesses, logs): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| key.kind() == KeyKind::Witness);
        let witnesses: Vec<Party> = witnesses.into_iter().map(|key| Party { key, url: None }).collect();
        let quorum = self.quorum.unwrap_or(witnesses.len());
        Policy::new(logs, witnesses, quorum).map_err(|e| CliError::usage(format!("--key: {e}")))
    }

    /// The same as text, to be kept and read again.
    pub(crate) fn to_policy_text(&self) -> Result<String, CliError> {
        if let Some(path) = &self.policy {
            return Ok(String::from_utf8_lossy(&files::read(path)?).into_owned());
        }
        let policy = self.policy()?;
        let mut text: String = policy.logs().iter().map(|log| format!("log {}\n", log.key)).collect();
        let mut names = Vec::new();
        for (number, witness) in policy.witnesses().iter().enumerate() {
            text.push_str(&format!("witness w{number} {}\n", witness.key));
            names.push(format!("w{number}"));
        }
        match self.quorum.unwrap_or(names.len()) {
            0 => text.push_str("quorum none\n"),
            k => text.push_str(&format!("group witnesses {k} {}\nquorum witnesses\n", names.join(" "))),
        }
        Ok(text)
    }
}

/// Keys that are typed, or stand in files, one a line.
pub(crate) fn keys(option: &str, given: &[String]) -> Result<Vec<VerifierKey>, CliError> {
    let mut keys = Vec::new();
    for text in given {
        let path = PathBuf::from(text);
        let content =
            if path.is_file() { String::from_utf8_lossy(&files::read(&path)?).into_owned() } else { text.clone() };
        for line in content.lines().map(str::trim).filter(|l| !l.is_empty()) {
            keys.push(line.parse().map_err(|e| CliError::usage(format!("{option}: {e}")))?);
        }
    }
    Ok(keys)
}

/// A checkpoint in a file, accepted by a policy.
pub(crate) fn checkpoint(path: &std::path::Path, policy: &Policy) -> Result<SignedCheckpoint, CliError> {
    let said = |e: &dyn std::fmt::Display| CliError::refused(format!("{}: {e}", path.display()));
    let checkpoint = SignedCheckpoint::parse(&files::read(path)?).map_err(|e| said(&e))?;
    policy.check(&checkpoint, &policy.keys()).map_err(|e| said(&e))?;
    Ok(checkpoint)
}
