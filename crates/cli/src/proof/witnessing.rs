//! Asking witnesses for their cosignatures: the client's side of C2SP tlog-witness.

use sayso_core::ledger::Ledger;
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::note::SignatureLine;
use sayso_proof::policy::{Party, Policy};
use sayso_proof::witness::{AddCheckpoint, SIZE_TYPE};

use super::ledger_tree::LedgerTree;
use super::source::{agent, in_words, timeout};
use crate::error::CliError;

/// Times that a witness is asked with the size that it named itself.
const TRIES: usize = 4;

/// What became of asking one witness.
pub(crate) struct Asked {
    pub(crate) witness: Party,
    /// Why it did not cosign, if it did not.
    pub(crate) refused: Option<String>,
}

/// Collects cosignatures until the policy is met or every witness with an address was asked.
pub(crate) fn collect(
    mut checkpoint: SignedCheckpoint,
    tree: &mut LedgerTree,
    ledger: &Ledger,
    policy: &Policy,
) -> Result<(SignedCheckpoint, Vec<Asked>), CliError> {
    let mut asked = Vec::new();
    for witness in policy.witnesses() {
        let Some(url) = &witness.url else { continue };
        let answer = ask(url, witness, &checkpoint, tree, ledger)?;
        let refused = match answer {
            Ok(line) => {
                checkpoint = checkpoint.with_line(line);
                None
            }
            Err(why) => Some(why),
        };
        asked.push(Asked { witness: witness.clone(), refused });
    }
    Ok((checkpoint, asked))
}

/// Asks one witness. It says itself from which size on it wants the proof.
fn ask(
    url: &str,
    witness: &Party,
    checkpoint: &SignedCheckpoint,
    tree: &mut LedgerTree,
    ledger: &Ledger,
) -> Result<Result<SignatureLine, String>, CliError> {
    let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let timeout = timeout()?;
    let agent = agent(timeout)?;
    let head = checkpoint.checkpoint().head;
    let size = head.size;
    let mut old_size = 0;
    for _ in 0..TRIES {
        let proof = tree.consistency(ledger, old_size, head)?;
        let call = AddCheckpoint { old_size, proof, checkpoint: checkpoint.clone() };
        let mut response = match agent.post(&url).content_type("text/plain").send(call.to_body()) {
            Ok(response) => response,
            Err(e) => return Ok(Err(format!("it could not be reached: {}", in_words(&e, timeout)))),
        };
        let is_size = response.headers().get("content-type").is_some_and(|t| t.as_bytes() == SIZE_TYPE.as_bytes());
        let status = response.status().as_u16();
        let body = match response.body_mut().with_config().limit(1_000_000).read_to_string() {
            Ok(body) => body,
            Err(e) => return Ok(Err(format!("its answer could not be read: {}", in_words(&e, timeout)))),
        };
        match status {
            200 => return Ok(cosignature(&body, witness, checkpoint)),
            409 if is_size => match body.trim_end().parse::<u64>() {
                Ok(named) if named > size => {
                    return Ok(Err(format!(
                        "it has cosigned {named} entries of this ledger, and there are only {size}: the end was cut"
                    )));
                }
                Ok(named) if named == old_size => {
                    return Ok(Err(format!("it has cosigned another history of the first {named} entries")));
                }
                Ok(named) => old_size = named,
                Err(_) => return Ok(Err("it named a size that is none".into())),
            },
            status => {
                let why: String = body.lines().next().unwrap_or_default().chars().take(200).collect();
                return Ok(Err(format!("it refused with status {status}: {why}")));
            }
        }
    }
    Ok(Err("it kept naming other sizes".into()))
}

/// The witness's own line among those it answered with, if it holds.
fn cosignature(body: &str, witness: &Party, checkpoint: &SignedCheckpoint) -> Result<SignatureLine, String> {
    let lines = SignatureLine::parse_all(body).map_err(|e| format!("its answer is no signature: {e}"))?;
    let key = &witness.key;
    let own = lines.into_iter().find(|line| line.name == *key.name() && line.id == key.id());
    let own = own.ok_or("it answered without a signature of its key")?;
    let signed = checkpoint.clone().with_line(own.clone());
    signed.note().verify(std::slice::from_ref(key)).map_err(|e| e.to_string())?;
    Ok(own)
}
