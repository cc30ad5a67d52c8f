//! `sayso witness`: cosigns other ledgers' checkpoints over HTTP, one history of each.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::Args;
use sayso_core::time::{Clock, SystemClock};
use sayso_proof::checkpoint::SignedCheckpoint;
use sayso_proof::key::{KeyKind, SigningKey};
use sayso_proof::note::MAX_NOTE_BYTES;
use sayso_proof::witness::{Answer, TEXT_TYPE, Witness, WitnessStore};
use tiny_http::{Header, Method, Request, Response, Server};

use crate::error::CliError;
use crate::output;
use crate::proof::files;
use crate::proof::keyring::Keyring;
use crate::proof::trust;
use crate::session::Session;

/// Requests that are read at a time.
const READERS: usize = 64;

#[derive(Args)]
#[command(after_help = "Example:\n  sayso key new witness.example --witness\n  \
    sayso witness --listen 127.0.0.1:8087 --log 'newsroom.example/sotk+1234abcd+AX...'\n\n\
    Speaks c2sp.org/tlog-witness. Put it behind a web server that does TLS if others are to reach it.")]
pub(crate) struct WitnessArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8087")]
    listen: String,
    /// A verifier key, or a file with such keys, of the ledgers to witness (may be given several times)
    #[arg(long = "log", value_name = "VKEY|FILE", required = true)]
    logs: Vec<String>,
    /// The name of the witness's key [default: the only one there is]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where to keep the newest checkpoint of each ledger, and evidence
    #[arg(long, value_name = "DIR", default_value = "sayso-witness")]
    state: PathBuf,
}

/// Checkpoints in files, one for each ledger.
struct Files {
    dir: PathBuf,
    _lock: File,
}

impl Files {
    /// Opens the directory, for this process alone: two witnesses with one memory would cosign two histories.
    fn open(dir: &Path) -> Result<Self, CliError> {
        files::create_private_dir(&dir.join("evidence"))?;
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).open(&path).map_err(|e| CliError::io(&path, &e))?;
        lock.try_lock().map_err(|_| CliError::failed(format!("another witness is using {}", dir.display())))?;
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    fn of(&self, origin: &str) -> PathBuf {
        self.dir.join(format!("{}.checkpoint", files::escape(origin)))
    }
}

impl WitnessStore for Files {
    type Error = CliError;

    fn latest(&self, origin: &str) -> Result<Option<SignedCheckpoint>, CliError> {
        let path = self.of(origin);
        let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
        let parsed = SignedCheckpoint::parse(text.as_bytes());
        parsed.map(Some).map_err(|e| CliError::failed(format!("{}: {e}", path.display())))
    }

    fn record(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), CliError> {
        files::replace(&self.of(&checkpoint.checkpoint().origin), checkpoint.to_string().as_bytes())
    }

    fn keep_evidence(&mut self, cosigned: &SignedCheckpoint, refused: &SignedCheckpoint) -> Result<(), CliError> {
        let path = write_evidence(&self.dir.join("evidence"), cosigned, refused)?;
        eprintln!(
            "sayso: note: a checkpoint was refused that was not shown to extend the one cosigned; both are in {}",
            path.display()
        );
        Ok(())
    }
}

/// Writes two checkpoints of one ledger into one file.
pub(crate) fn write_evidence(
    dir: &Path,
    kept: &SignedCheckpoint,
    refused: &SignedCheckpoint,
) -> Result<PathBuf, CliError> {
    let (a, b) = (kept.checkpoint(), refused.checkpoint());
    let tail: String = b.head.root.0.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let path = dir.join(format!("{}-{}-{}-{tail}.txt", files::escape(&a.origin), a.head.size, b.head.size));
    let meaning = if a.head.size == b.head.size {
        "They have one size and two roots, both signed: the ledger shows two histories."
    } else {
        "The second was not shown to extend the first. Ask the ledger for a proof of consistency; there is none if these are two \
         histories."
    };
    let text = format!(
        "Two checkpoints of {}, both signed by it.\n{meaning}\n\n---- accepted first ----\n{kept}\n---- refused ----\n{refused}",
        a.origin
    );
    files::replace(&path, text.as_bytes())?;
    Ok(path)
}

pub(crate) fn run(session: &Session, args: &WitnessArgs) -> Result<ExitCode, CliError> {
    let key = key(args.name.as_deref())?;
    let logs = trust::keys("--log", &args.logs)?;
    if let Some(other) = logs.iter().find(|log| log.kind() != KeyKind::Log) {
        return Err(CliError::usage(format!("--log: {other} is a witness's key, not a ledger's")));
    }
    let store = Files::open(&args.state)?;
    let server = Server::http(&args.listen).map_err(|e| CliError::failed(format!("--listen {}: {e}", args.listen)))?;
    let verifier = key.verifier().to_string();
    if session.is_json() {
        output::json::print(&serde_json::json!({"url": format!("http://{}", server.server_addr()), "key": verifier}))?;
    } else {
        output::print(&format!(
            "Witness on http://{}, for {} ledgers. Its key:\n{verifier}\n",
            server.server_addr(),
            logs.len()
        ))?;
    }
    // One answer at a time: comparing with the newest checkpoint and replacing it are one step. Requests are read side by side, so that
    // nobody waits for one that comes slowly.
    let witness = Mutex::new(Witness::new(key, logs, store));
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| server.incoming_requests().for_each(|request| answer(request, &witness)));
        }
    });
    Ok(ExitCode::SUCCESS)
}

fn key(name: Option<&str>) -> Result<SigningKey, CliError> {
    let keyring = Keyring::open()?;
    let name = match name {
        Some(name) => name.to_owned(),
        None => {
            let mut names = keyring.names()?;
            names.retain(|n| {
                let keys = keyring.keys(n).unwrap_or_default();
                keys.first().is_some_and(|k| k.verifier.kind() == KeyKind::Witness)
            });
            match names.as_slice() {
                [name] => name.clone(),
                [] => return Err(CliError::refused("there is no witness key; make one: sayso key new NAME --witness")),
                several => return Err(CliError::refused(format!("which key? --name {}", several.join(" or --name ")))),
            }
        }
    };
    let key = keyring.signing(&name)?.into_iter().next();
    let key = key.filter(|key| key.verifier().kind() == KeyKind::Witness);
    key.ok_or_else(|| {
        CliError::refused(format!("{name} is a ledger's key; make one for the witness: sayso key new NAME --witness"))
    })
}

fn answer(mut request: Request, witness: &Mutex<Witness<Files>>) {
    let refuse = |status, why: &str| Answer { status, content_type: TEXT_TYPE, body: format!("{why}\n") };
    let answer = if request.url() != "/add-checkpoint" {
        refuse(404, "there is only /add-checkpoint here")
    } else if *request.method() != Method::Post {
        refuse(405, "add-checkpoint takes a POST")
    } else {
        match body(&mut request) {
            Err(answer) => answer,
            Ok(body) => {
                let mut witness = witness.lock().unwrap_or_else(PoisonError::into_inner); // the checkpoint on disk is what counts
                let now_s = u64::try_from(SystemClock.now().micros() / 1_000_000).unwrap_or(0);
                witness.add_checkpoint(&body, now_s).unwrap_or_else(|e| {
                    e.report();
                    refuse(500, "the witness could not keep the checkpoint; nothing was cosigned")
                })
            }
        }
    };
    let mut response = Response::from_string(answer.body).with_status_code(answer.status);
    if let Ok(header) = Header::from_bytes("Content-Type", answer.content_type) {
        response = response.with_header(header);
    }
    let _ = request.respond(response); // whoever asked may have gone
}

fn body(request: &mut Request) -> Result<Vec<u8>, Answer> {
    let refuse = |status, why: &str| Answer { status, content_type: TEXT_TYPE, body: format!("{why}\n") };
    let mut body = Vec::new();
    let read = request.as_reader().take(MAX_NOTE_BYTES as u64 + 1).read_to_end(&mut body);
    match read {
        Err(_) => Err(refuse(400, "the request could not be read")),
        Ok(_) if body.len() > MAX_NOTE_BYTES => Err(refuse(413, "the request is too long")),
        Ok(_) => Ok(body),
    }
}
