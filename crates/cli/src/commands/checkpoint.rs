//! `sayso checkpoint`: the ledger as it is now, signed, and cosigned by witnesses if there are any.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sayso_core::ledger::Ledger;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::key::KeyKind;
use sayso_proof::policy::{Party, Policy};
use serde_json::json;

use crate::error::CliError;
use crate::output::{self, json};
use crate::proof::ledger_tree::LedgerTree;
use crate::proof::signing::{self, Signed};
use crate::proof::{files, trust, witnessing};
use crate::session::Session;

#[derive(Args)]
#[command(after_help = "Examples:\n  sayso checkpoint -o today.checkpoint\n  \
    sayso checkpoint --witness https://witness.example --witness-key 'witness.example+1234abcd+BA...'\n  \
    sayso checkpoint --policy witnesses.policy -o today.checkpoint\n\n\
    A policy is a file in the form of c2sp.org/tlog-policy; its witness lines have the addresses, its quorum says how many it takes.")]
pub(crate) struct CheckpointArgs {
    /// Write to a file instead of standard output; it is replaced
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    sign: SignArgs,
}

/// How to sign.
#[derive(Args, Clone, Default)]
pub(crate) struct SignArgs {
    /// The name of a ledger that has none yet; it keeps it [default: that of your only key]
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// The address of a witness that is to cosign (may be given several times, each with its --witness-key)
    #[arg(long, value_name = "URL", requires = "witness_keys")]
    witness: Vec<String>,
    /// The verifier keys of the witnesses, in the order of --witness
    #[arg(long = "witness-key", value_name = "VKEY", requires = "witness")]
    witness_keys: Vec<String>,
    /// How many of them have to cosign [default: all]
    #[arg(long = "witnesses", value_name = "N", requires = "witness")]
    quorum: Option<usize>,
    /// The witnesses and how many of them, as a trust policy (c2sp.org/tlog-policy)
    #[arg(long = "witness-policy", alias = "policy", value_name = "FILE", conflicts_with = "witness")]
    policy: Option<PathBuf>,
}

impl SignArgs {
    /// The checkpoint in a file made earlier, or else a new one; with the tree and the ledger that go with it.
    pub(crate) fn sign_or_read(
        &self,
        session: &Session,
        made_earlier: Option<&Path>,
    ) -> Result<(SignedCheckpoint, LedgerTree, Ledger), CliError> {
        let Some(path) = made_earlier else {
            let (signed, ledger, _) = self.sign(session)?;
            return Ok((signed.checkpoint, signed.tree, ledger));
        };
        let parsed = SignedCheckpoint::parse(&files::read(path)?);
        let checkpoint = parsed.map_err(|e| CliError::refused(format!("{}: {e}", path.display())))?;
        let (dir, ledger) = (session.dir_path()?, session.open()?);
        Ok((checkpoint, LedgerTree::open(&dir, &ledger)?, ledger))
    }

    /// The witnesses to ask, with the ledger's own keys as its log: only the quorum is of interest here.
    fn policy(&self) -> Result<Option<Policy>, CliError> {
        if let Some(path) = &self.policy {
            let text = String::from_utf8_lossy(&files::read(path)?).into_owned();
            let policy = text.parse().map_err(|e| CliError::usage(format!("{}: {e}", path.display())))?;
            return Ok(Some(policy));
        }
        if self.witness.is_empty() {
            return Ok(None);
        }
        let keys = trust::keys("--witness-key", &self.witness_keys)?;
        if keys.len() != self.witness.len() {
            return Err(CliError::usage(format!(
                "{} addresses of witnesses and {} keys: each --witness needs its --witness-key",
                self.witness.len(),
                keys.len()
            )));
        }
        let party = |(key, url): (_, &String)| Party { key, url: Some(url.clone()) };
        let parties: Vec<Party> = keys.into_iter().zip(&self.witness).map(party).collect();
        let quorum = self.quorum.unwrap_or(parties.len());
        Policy::new(vec![], parties, quorum).map(Some).map_err(|e| CliError::usage(format!("--witness-key: {e}")))
    }

    /// Signs the ledger in a directory and collects the cosignatures that are asked for.
    pub(crate) fn sign(&self, session: &Session) -> Result<(Signed, Ledger, PathBuf), CliError> {
        let policy = self.policy()?;
        let dir = session.dir_path()?;
        let ledger = session.open()?;
        let mut signed = signing::sign(&dir, &ledger, self.origin.as_deref())?;
        if let Some(policy) = policy {
            signed.checkpoint = cosign(&mut signed, &ledger, &policy)?;
        }
        Ok((signed, ledger, dir))
    }
}

fn cosign(signed: &mut Signed, ledger: &Ledger, policy: &Policy) -> Result<SignedCheckpoint, CliError> {
    let (checkpoint, asked) = witnessing::collect(signed.checkpoint.clone(), &mut signed.tree, ledger, policy)?;
    let refused: Vec<String> =
        asked.iter().filter_map(|a| Some(format!("{}: {}", a.witness.key.name(), a.refused.as_ref()?))).collect();
    let found = asked.len() - refused.len();
    let cosigners: Vec<_> = policy.witnesses().iter().map(|w| w.key.clone()).collect();
    let verified = checkpoint.note().verify(&cosigners).unwrap_or_default();
    let by: Vec<bool> = policy.witnesses().iter().map(|w| verified.iter().any(|v| *v.key == w.key)).collect();
    if !policy.is_quorum(&by) {
        let why = if refused.is_empty() { String::new() } else { format!("\n  {}", refused.join("\n  ")) };
        return Err(CliError::refused(format!(
            "{found} of {} witnesses cosigned, and that is too few; nothing was written{why}",
            policy.witnesses().len()
        )));
    }
    refused.iter().for_each(|why| eprintln!("sayso: note: a witness did not cosign: {why}"));
    Ok(checkpoint)
}

pub(crate) fn run(session: &Session, args: &CheckpointArgs) -> Result<ExitCode, CliError> {
    let (signed, _, _) = args.sign.sign(session)?;
    let text = signed.checkpoint.to_string();
    if let Some(path) = &args.output {
        files::replace(path, text.as_bytes())?;
    }
    if session.is_json() {
        json::print(&as_json(&signed.checkpoint))?;
    } else if let Some(path) = &args.output {
        let checkpoint = signed.checkpoint.checkpoint();
        let signatures = signed.checkpoint.note().signatures().len();
        output::print(&format!(
            "Signed {} entries of {} into {} ({signatures} signatures). Give it to somebody to keep.\n",
            checkpoint.head.size,
            checkpoint.origin,
            path.display()
        ))?;
    } else {
        output::print(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A checkpoint for programs.
pub(crate) fn as_json(signed: &SignedCheckpoint) -> serde_json::Value {
    let checkpoint = signed.checkpoint();
    let line = |s: &sayso_proof::note::SignatureLine| json!({"name": s.name.as_str(), "id": s.id.to_string()});
    json!({
        "origin": checkpoint.origin,
        "size": checkpoint.head.size,
        "root": checkpoint.head.root.to_string(),
        "signatures": signed.note().signatures().iter().map(line).collect::<Vec<_>>(),
        "note": signed.to_string(),
    })
}

/// Who signed and cosigned, in words.
pub(crate) fn signers(verified: &[sayso_proof::note::Verified<'_>]) -> (Vec<String>, Vec<String>) {
    let logs = verified.iter().filter(|v| v.key.kind() == KeyKind::Log);
    let logs = logs.map(|v| format!("{} ({})", v.key.name(), v.key.id())).collect();
    let witnesses = verified.iter().filter_map(|v| Some(format!("{} at {}", v.key.name(), time(v.time_s?))));
    (logs, witnesses.collect())
}

/// A time in seconds as text.
pub(crate) fn time(time_s: u64) -> String {
    let micros = i64::try_from(time_s).ok().and_then(|s| s.checked_mul(1_000_000));
    let instant = micros.and_then(sayso_core::time::Instant::from_micros);
    instant.map_or_else(|| format!("{time_s} seconds after 1970"), |i| i.to_string())
}
