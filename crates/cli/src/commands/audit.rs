//! `sayso audit`: whether anything was altered.

use std::path::Path;
use std::process::ExitCode;

use sayso_core::audit::{Audit, audit};
use sayso_core::directory::LedgerDir;
use sayso_core::entry::Head;
use sayso_core::machine::SystemEntropy;
use sayso_core::time::SystemClock;
use sayso_evidence::{CheckError, Keep, Report, check};
use serde_json::Value;

use super::checkpoint_audit::{Anchored, Kept};
use crate::args::AuditArgs;
use crate::error::{CliError, REFUSED, WAY_OUT};
use crate::output::{self, json, progress};
use crate::session::Session;

pub(crate) fn run(session: &Session, args: &AuditArgs) -> Result<ExitCode, CliError> {
    let receipts = receipts(&args.receipt)?;
    if args.checkpoint.is_none() && (args.trust.policy.is_some() || !args.trust.keys.is_empty()) {
        return Err(CliError::usage(
            "--key and --policy say whose checkpoint is believed; give it with --checkpoint FILE",
        ));
    }
    let kept = args.checkpoint.as_deref().map(|path| Kept::read(path, &args.trust)).transpose()?;
    let dir = session.open_dir()?;
    let bar = progress::spinner("auditing");
    let mut result = audit(dir.store(), &receipts, &|entries| bar.set_message(format!("auditing: {entries} entries")))?;
    if let Some((acknowledged, _)) = dir.cut() {
        result.find_cut(acknowledged);
    }
    bar.finish_and_clear();
    let anchored = kept.map(|kept| kept.compare(&result, dir.store())).transpose()?;
    let evidence = args.evidence.then(|| check_evidence(dir));
    if session.is_json() {
        let mut found = json::audit(&result);
        if let (Some(anchored), Some(found)) = (&anchored, found.as_object_mut()) {
            found.insert("checkpoint".into(), anchored.as_json());
        }
        if let (Some(evidence), Some(found)) = (&evidence, found.as_object_mut()) {
            found.insert("evidence".into(), evidence.as_ref().map_or(Value::Null, output::evidence::json));
        }
        json::print(&found)?;
    } else {
        let checkpoint = anchored.as_ref().map(Anchored::text);
        let evidence = evidence.iter().flatten().map(output::evidence::text).collect::<String>();
        output::print(&format!("{}{evidence}", text(&result, !receipts.is_empty(), checkpoint.as_deref())))?;
    }
    // What the audit found is told first, also if the ledger is too damaged to be asked for its evidence.
    let evidence = evidence.transpose()?;
    let sound = result.is_sound() && anchored.is_none_or(|a| a.fits()) && evidence.is_none_or(|e| e.is_sound());
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// Hashes what was captured again, and looks for the quoted words again.
fn check_evidence(dir: LedgerDir) -> Result<Report, CliError> {
    let keep = Keep::of(dir.path());
    let ledger = dir.ledger(SystemClock, SystemEntropy)?;
    let bar = progress::spinner("checking evidence");
    let checked = check(&ledger, &keep, &|| bar.inc(1));
    bar.finish_and_clear();
    checked.map_err(|e| match e {
        CheckError::Open(e) => e.into(),
        e => CliError::failed(e),
    })
}

fn receipts(given: &[String]) -> Result<Vec<Head>, CliError> {
    let mut receipts = Vec::new();
    for text in given {
        if let Ok(receipt) = text.parse::<Head>() {
            receipts.push(receipt);
            continue;
        }
        let path = Path::new(text);
        if !path.is_file() {
            return Err(CliError::usage(format!(
                "--receipt: `{text}` is neither a receipt (SIZE:HASH or '#INDEX HASH') nor a file"
            )));
        }
        let content = std::fs::read_to_string(path).map_err(|e| CliError::io(path, &e))?;
        for (number, line) in content.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let receipt = line.trim().parse::<Head>().ok().or_else(|| from_json(line));
            receipts.push(receipt.ok_or_else(|| {
                CliError::usage(format!("{text}:{}: not a receipt; write SIZE:HASH or '#INDEX HASH'", number + 1))
            })?);
        }
    }
    Ok(receipts)
}

/// A receipt as `append --format json` prints it.
fn from_json(line: &str) -> Option<Head> {
    let json: Value = serde_json::from_str(line).ok()?;
    Some(Head { size: json.get("size")?.as_u64()?, hash: json.get("hash")?.as_str()?.parse().ok()? })
}

/// The audit in words, with what is said of a checkpoint if one was given.
pub(super) fn text(audit: &Audit, receipts_given: bool, checkpoint: Option<&str>) -> String {
    let mut text = String::new();
    let mut line = |s: String| {
        text.push_str(&s);
        text.push('\n');
    };
    line(if audit.is_sound() {
        "Sound: every entry matches its hash and its place in the chain.".into()
    } else {
        "UNSOUND: something was altered or lost.".into()
    });
    line(format!("Consistent up to {} of {} entries.", audit.consistent_up_to(), audit.entries));
    match (&audit.anchored, receipts_given, checkpoint) {
        (Some(anchor), ..) => {
            line(format!("Anchored up to {} entries: they are those of the receipt {anchor}.", anchor.size));
        }
        (None, true, _) => line("Anchored up to 0 entries: no receipt fits.".into()),
        (None, false, None) => line(
            "Anchored up to 0 entries: no receipt was given, so a cut tail or a complete rewrite would not show."
                .into(),
        ),
        (None, false, Some(_)) => {}
    }
    if let Some(checkpoint) = checkpoint {
        line(checkpoint.trim_end().into());
    }
    if audit.imported_clock > 0 {
        line(format!("{} entries carry a recorded time imported from another system.", audit.imported_clock));
    }
    if !audit.redacted.is_empty() {
        let numbers: Vec<String> = audit.redacted.iter().take(20).map(|i| format!("#{i}")).collect();
        line(format!("{} entries were redacted: {}", audit.redacted.len(), numbers.join(" ")));
    }
    for finding in &audit.findings {
        line(format!("#{}: {}", finding.index, finding.problem));
    }
    if audit.found > audit.findings.len() {
        line(format!("... and {} more findings.", audit.found - audit.findings.len()));
    }
    if audit.is_sound() {
        line(format!("Head, to keep somewhere else as a receipt: {}", audit.head));
    } else {
        line(format!("Next: compare it with a copy or an export made earlier. {WAY_OUT}."));
    }
    text
}
