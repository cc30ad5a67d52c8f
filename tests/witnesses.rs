//! A witness is worth something only if it never cosigns two histories: not when two of them are handed in at the same moment, not when
//! it is killed after it has written and before it has answered, not after a restart. And one slow client must not silence it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod desk;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use desk::{Desk, NAME, Running, files, witness};
use serde_json::Value;

/// A client that takes no status for an error.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// The status and the body of an answer, or `None` if there was none.
fn post(url: &str, body: &str) -> Option<(u16, String)> {
    let mut answer = agent().post(format!("{url}/add-checkpoint")).send(body).ok()?;
    Some((answer.status().as_u16(), answer.body_mut().read_to_string().ok()?))
}

/// A request of somebody who has never asked before, or of one who knows that nothing has changed.
fn request(old: u64, checkpoint: &str) -> String {
    format!("old {old}\n\n{checkpoint}")
}

/// A desk, its key, and signed checkpoints of two histories, of ten entries each.
fn two_histories() -> (Desk, String, [String; 2]) {
    let (desk, key) = Desk::with_claims(6);
    desk.copy_dir("ledger", "forked");
    desk.claims("ledger", 6, 4);
    desk.claims("forked", 600, 4);
    let honest = desk.ok("ledger", &["checkpoint"]);
    forget(&desk);
    let forked = desk.ok("forked", &["checkpoint"]);
    assert!(honest.starts_with(&format!("{NAME}\n10\n")) && honest != forked);
    (desk, key, [honest, forked])
}

/// The newsroom forgets on purpose what it has signed.
fn forget(desk: &Desk) {
    let last = files(&desk.path("keys")).into_keys().find(|f| f.ends_with("/last")).unwrap();
    std::fs::remove_file(desk.path("keys").join(last)).unwrap();
}

/// What the witness has on disk for the ledger.
fn kept(desk: &Desk) -> Option<String> {
    let found = files(&desk.path("witness-state")).into_iter().find(|(name, _)| name.ends_with(".checkpoint"));
    found.map(|(_, bytes)| String::from_utf8(bytes).unwrap())
}

#[test]
fn two_histories_at_the_same_moment() {
    let (desk, key, histories) = two_histories();
    for round in 0..5 {
        let _ = std::fs::remove_dir_all(desk.path("witness-state"));
        let (_running, url, _) = witness(&desk, &key);
        let together = Barrier::new(8);
        let answers: Vec<(usize, u16, String)> = std::thread::scope(|scope| {
            let ask = |n: usize| {
                let (url, together, checkpoint) = (&url, &together, &histories[n % 2]);
                scope.spawn(move || {
                    together.wait();
                    let (status, body) = post(url, &request(0, checkpoint)).unwrap();
                    (n % 2, status, body)
                })
            };
            let asked: Vec<_> = (0..8).map(ask).collect();
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        // All name 0 as the size that was cosigned last: that is true for one of them alone.
        let cosigned: Vec<_> = answers.iter().filter(|(_, status, _)| *status == 200).collect();
        assert_eq!(cosigned.len(), 1, "round {round}: {answers:?}");
        let refused = answers.iter().filter(|(_, status, body)| *status == 409 && body == "10\n");
        assert_eq!(refused.count(), 7, "round {round}: {answers:?}");
        assert_eq!(kept(&desk).unwrap(), histories[cosigned[0].0], "round {round}");
        assert!(!files(&desk.path("witness-state/evidence")).is_empty(), "the other history is kept as evidence");
    }
}

/// A witness under strace, which kills it at one system call.
fn killed_at(desk: &Desk, key: &str, inject: &str) -> Option<(Running, String)> {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is needed");
        eprintln!("not run: strace is needed");
        return None;
    }
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(desk.path("calls")).args(["-e", inject, env!("CARGO_BIN_EXE_sayso")]);
    command.args(["witness", "--listen", "127.0.0.1:0", "--log", key, "--format", "json", "--state"]);
    command.arg(desk.path("witness-state")).env("SAYSO_KEYS", desk.path("keys"));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    Some((Running(child), said["url"].as_str().unwrap().to_owned()))
}

/// Killed before the checkpoint has its name, nothing was cosigned; killed after that and before the answer, the checkpoint counts as
/// cosigned although nobody got the signature. Either way the newsroom gets it by asking again, and a second history does not.
#[test]
fn killed_between_writing_and_answering() {
    for (inject, is_kept) in [
        ("inject=?rename,?renameat,?renameat2:signal=KILL:when=1", None),
        ("inject=fsync:signal=KILL:when=2", Some(true)),
    ] {
        let (desk, key, [honest, forked]) = two_histories();
        desk.ok("ledger", &["key", "new", "witness.example", "--witness"]);
        let Some((mut running, url)) = killed_at(&desk, &key, inject) else { return };
        assert_eq!(post(&url, &request(0, &honest)), None, "{inject}: it answered");
        assert!(!running.0.wait().unwrap().success(), "{inject}: it was not killed");
        let was_kept = kept(&desk).is_some_and(|kept| kept == honest);
        assert!(is_kept.is_none_or(|expected| expected == was_kept), "{inject}: kept: {was_kept}");

        let (_running, url, witness_key) = witness(&desk, &key);
        if was_kept {
            assert_eq!(post(&url, &request(0, &forked)), Some((409, "10\n".into())), "{inject}");
            assert_eq!(post(&url, &request(10, &forked)), Some((409, "10\n".into())), "{inject}");
        }
        forget(&desk);
        let again = desk.json("ledger", &["checkpoint", "--witness", &url, "--witness-key", &witness_key]);
        assert_eq!(again["signatures"].as_array().unwrap().len(), 2, "{inject}: {again}");
        assert_eq!(post(&url, &request(10, &forked)), Some((409, "10\n".into())), "{inject}");
        assert_eq!(kept(&desk).unwrap().lines().nth(2), honest.lines().nth(2), "{inject}");
    }
}

#[test]
fn a_slow_client_silences_nobody() {
    let (desk, key) = Desk::with_claims(3);
    let (_running, url, witness_key) = witness(&desk, &key);
    let address = url.strip_prefix("http://").unwrap();
    let slow: Vec<TcpStream> = (0..10)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            let head =
                format!("POST /add-checkpoint HTTP/1.1\r\nHost: {address}\r\nContent-Length: 50000\r\n\r\nold 0\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200)); // they are being read by now
    let started = Instant::now();
    desk.ok("ledger", &["checkpoint", "--witness", &url, "--witness-key", &witness_key]);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    drop(slow);
}

/// What a client makes of a witness that lies or breaks off: a note that says what it did, and no checkpoint unless the quorum is met.
#[test]
fn a_witness_that_lies_is_said_to() {
    let (desk, key) = Desk::with_claims(3);
    let (_running, _, witness_key) = witness(&desk, &key);
    let other = Desk::new().json("none", &["key", "new", "witness.example", "--witness"]);
    let stranger = other["key"].as_str().unwrap();
    assert_ne!(stranger, witness_key);
    let rows: [(u16, &str, &str, &str); 7] = [
        (200, "text/plain", "hello\n", "its answer is no signature"),
        (200, "text/plain", "\u{2014} other.example AAAAAAAAAAAA\n", "without a signature of its key"),
        (409, "text/x.tlog.size", "7\n", "the end was cut"),
        (409, "text/x.tlog.size", "-1\n", "a size that is none"),
        (409, "text/x.tlog.size", "0\n", "another history of the first 0 entries"),
        (500, "text/plain", "out of \u{1b}[31morder\n", "refused with status 500: out of"),
        (302, "text/plain", "", "the host"),
    ];
    for (status, kind, body, expected) in rows {
        let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
        let url = format!("http://{}", server.server_addr());
        let (sent, location) = (body.to_owned(), format!("{url}/again"));
        std::thread::spawn(move || {
            for request in server.incoming_requests() {
                let header = |name: &str, value: &str| tiny_http::Header::from_bytes(name, value).unwrap();
                let response = tiny_http::Response::from_string(&sent).with_status_code(status);
                let response =
                    response.with_header(header("Content-Type", kind)).with_header(header("Location", &location));
                let _ = request.respond(response);
            }
        });
        let said = desk.refused("ledger", &["checkpoint", "--witness", &url, "--witness-key", &witness_key]);
        assert!(said.contains(expected) && !said.contains('\u{1b}'), "{status} {body:?}: {said}");
    }
}

/// What the witness says over HTTP, and that it has it on disk by then.
#[test]
fn the_witness_over_http() {
    let (desk, key) = Desk::with_claims(10);
    let (_running, url, _) = witness(&desk, &key);
    let agent = agent();
    let post = |path: &str, body: &str| {
        let mut answer = agent.post(format!("{url}{path}")).send(body).unwrap();
        let kind = answer.headers().get("content-type").unwrap().to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().unwrap())
    };
    let checkpoint = desk.ok("ledger", &["checkpoint"]);
    let body = |old: u64| request(old, &checkpoint);
    assert_eq!(post("/", &body(0)).0, 404);
    assert_eq!(agent.get(format!("{url}/add-checkpoint")).call().unwrap().status().as_u16(), 405);
    assert_eq!(post("/add-checkpoint", "hello").0, 400);
    assert_eq!(post("/add-checkpoint", &body(11)).0, 400);
    assert_eq!(post("/add-checkpoint", &body(5)).0, 409);
    assert_eq!(post("/add-checkpoint", &body(0).replacen(NAME, "other.example", 1)).0, 404);
    assert_eq!(post("/add-checkpoint", &body(0).replacen("\n10\n", "\n9\n", 1)).0, 403);
    assert_eq!(post("/add-checkpoint", &"x".repeat(1_000_001)).0, 413);
    let (status, _, line) = post("/add-checkpoint", &body(0));
    assert!(status == 200 && line.starts_with("\u{2014} witness.example "), "{status} {line}");
    assert_eq!(kept(&desk).unwrap(), checkpoint);
    let (status, kind, size) = post("/add-checkpoint", &body(0));
    assert_eq!((status, kind.as_str(), size.as_str()), (409, "text/x.tlog.size", "10\n"));
    // One witness for one memory.
    let state = desk.text("witness-state");
    let second = desk.run("ledger", &["witness", "--listen", "127.0.0.1:0", "--log", &key, "--state", &state]);
    assert!(String::from_utf8_lossy(&second.stderr).contains("another witness"), "{second:?}");
}
