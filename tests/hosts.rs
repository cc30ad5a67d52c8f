//! A copy is fetched from a host that nobody vouches for. Whatever it does, and wherever in the middle it begins to, it is said what
//! it did, nothing is taken over that was not shown to be true, and nothing is left half made: a clone is there or not, a copy is as it
//! was and goes on as soon as the host behaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod desk;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use desk::{Desk, files};

/// What a host does instead of giving the file, if the path is the one.
type Trick = fn(&mut dyn Write, &[u8]) -> std::io::Result<()>;
/// What happens to a file in a directory.
type Spoil = fn(&Path);
/// The beginning of a path, and what is done there.
type Tricks = Arc<Mutex<Option<(&'static str, Trick)>>>;

/// Answers one call of a connection, honestly or not.
fn answer(mut stream: impl Read + Write, site: &Path, tricks: &Tricks) -> std::io::Result<()> {
    let mut request = BufReader::new(&mut stream);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut line = String::from("...");
    while line.trim() != "" {
        line.clear();
        request.read_line(&mut line)?;
    }
    let path = first.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    let content = std::fs::read(site.join(&path));
    let trick = *tricks.lock().unwrap();
    match (trick, content) {
        (Some((at, trick)), content) if path.starts_with(at) => trick(&mut stream, &content.unwrap_or_default())?,
        (_, Ok(bytes)) => whole(&mut stream, "", &bytes)?,
        (_, Err(_)) => status(&mut stream, "404 Not Found", "")?,
    }
    stream.flush()
}

fn whole(out: &mut dyn Write, more: &str, bytes: &[u8]) -> std::io::Result<()> {
    write!(out, "HTTP/1.1 200 OK\r\nConnection: close\r\n{more}Content-Length: {}\r\n\r\n", bytes.len())?;
    out.write_all(bytes)
}

fn status(out: &mut dyn Write, status: &str, more: &str) -> std::io::Result<()> {
    write!(out, "HTTP/1.1 {status}\r\nConnection: close\r\n{more}Content-Length: 0\r\n\r\n")
}

/// A host of plain files that can be told to do something else at a path.
fn host(site: PathBuf) -> (String, Tricks) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tricks = Tricks::default();
    let of_host = tricks.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (site, tricks) = (site.clone(), of_host.clone());
            std::thread::spawn(move || answer(&stream, &site, &tricks));
        }
    });
    (url, tricks)
}

fn endless(out: &mut dyn Write, _: &[u8]) -> std::io::Result<()> {
    out.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
    loop {
        out.write_all(&[b'7'; 10_000])?; // until the client has had enough
    }
}

fn slow(out: &mut dyn Write, _: &[u8]) -> std::io::Result<()> {
    out.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50000\r\n\r\n")?;
    loop {
        out.write_all(b"7")?;
        out.flush()?;
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Ten megabytes in ten kilobytes.
fn inflated(out: &mut dyn Write, _: &[u8]) -> std::io::Result<()> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![7; 40_000_000])?;
    whole(out, "Content-Encoding: gzip\r\n", &packed.finish()?)
}

fn packed(out: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes)?;
    whole(out, "Content-Encoding: gzip\r\n", &packed.finish()?)
}

/// Every way in which a host was seen or imagined to misbehave: where, how, and what is said of it.
const TRICKS: [(&str, &str, Trick, &str); 22] = [
    ("endless checkpoint", "checkpoint", endless, "is longer than 1000000 bytes"),
    ("endless headers", "tile/entries/", endless, "is longer than"),
    ("endless bodies", "bodies/001", endless, "is longer than"),
    ("a bundle blown up", "tile/entries/", inflated, "is longer than"),
    ("bodies blown up", "bodies/", inflated, "is longer than"),
    (
        "redirects without end",
        "checkpoint",
        |out, _| status(out, "302 Found", "Location: /checkpoint\r\n"),
        "without end",
    ),
    (
        "a redirect in the middle, without end",
        "bodies/001",
        |out, _| status(out, "301 Moved Permanently", "Location: /bodies/001\r\n"),
        "without end",
    ),
    (
        "a redirect to a file of the reader's",
        "tile/entries/",
        |out, _| status(out, "302 Found", "Location: file:///etc/hostname\r\n"),
        "tile/entries/",
    ),
    ("slow", "checkpoint", slow, "it took longer than 2 seconds"),
    ("slow in the middle", "tile/entries/", slow, "it took longer than"),
    ("no checkpoint", "checkpoint", |out, _| status(out, "404 Not Found", ""), "checkpoint is missing in http://"),
    ("headers gone", "tile/entries/001", |out, _| status(out, "410 Gone", ""), "tile/entries/001 is missing in"),
    ("bodies gone", "bodies/001", |out, _| status(out, "404 Not Found", ""), "bodies/001 is missing in"),
    ("out of order", "checkpoint", |out, _| status(out, "503 Service Unavailable", ""), "answered with status 503"),
    ("out of order in the middle", "bodies/", |out, _| status(out, "500 Oops", ""), "answered with status 500"),
    ("no body to a good status", "tile/entries/", |out, _| status(out, "200 OK", ""), "not a bundle of"),
    ("a byte too few", "tile/entries/", |out, bytes| whole(out, "", &bytes[..bytes.len() - 1]), "not a bundle of"),
    ("a byte too many", "tile/entries/", |out, bytes| whole(out, "", &[bytes, b"7"].concat()), "tile/entries/"),
    (
        "bodies with a byte too few",
        "bodies/",
        |out, bytes| whole(out, "", &bytes[..bytes.len() - 1]),
        "not a bundle of bodies",
    ),
    (
        "broken off",
        "tile/entries/",
        |out, bytes| {
            write!(out, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", bytes.len())?;
            out.write_all(&bytes[..bytes.len() / 2])
        },
        "tile/entries/",
    ),
    ("not HTTP", "checkpoint", |out, _| out.write_all(b"220 mail.example ESMTP\r\n"), "/checkpoint: "),
    (
        "another page for everything",
        "",
        |out, _| whole(out, "", b"<html>Log in to the hotel's network</html>"),
        "no blank line",
    ),
];

/// Set while a host holds a file back, and until it may give it.
static HOLDING: AtomicBool = AtomicBool::new(false);

fn held_back(out: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    HOLDING.store(true, Ordering::SeqCst);
    while HOLDING.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
    whole(out, "", bytes)
}

/// A clone that finds a ledger where it wanted to make one, after it saw that there was none, leaves that as it is.
#[test]
fn a_clone_that_comes_too_late_takes_nothing_away() {
    let (desk, key) = Desk::with_claims(20);
    let (site, copy) = (desk.text("site"), desk.text("copy"));
    desk.ok("ledger", &["publish", &site]);
    let (url, tricks) = host(desk.path("site"));
    *tricks.lock().unwrap() = Some(("checkpoint", held_back));
    let late = desk.command("late", &["clone", &url, &copy, "--key", &key]).stderr(Stdio::piped()).spawn().unwrap();
    while !HOLDING.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
    desk.ok("copy", &["clone", &site, &copy, "--key", &key]);
    HOLDING.store(false, Ordering::SeqCst);
    let late = late.wait_with_output().unwrap();
    assert!(!late.status.success(), "{late:?}");
    let left = files(&desk.path("copy"));
    for name in ["tree/level-0", "name", "upstream", "policy", "checkpoint"] {
        assert!(left.contains_key(name), "{name} was taken away");
    }
    assert_eq!(desk.json("copy", &["pull"])["taken"], 0);
}

/// What is expected of a host: that it gives files, and says which are not there.
#[test]
fn a_static_host_will_do() {
    let (desk, key) = Desk::with_claims(300);
    let site = desk.path("site");
    desk.ok("ledger", &["publish", &desk.text("site")]);
    let (url, _) = host(site);
    let clone = desk.text("clone");
    desk.ok("clone", &["clone", &url, &clone, "--key", &key]);
    desk.claims("ledger", 300, 300);
    desk.ok("ledger", &["publish", &desk.text("site")]);
    assert_eq!(desk.json("clone", &["pull"])["taken"], 300);
    assert_eq!(desk.ok("clone", &["export"]), desk.ok("ledger", &["export"]));
}

#[test]
fn whatever_a_host_does_nothing_is_left_half_made() {
    let (desk, key) = Desk::with_claims(300);
    let site = desk.text("site");
    desk.ok("ledger", &["publish", &site]);
    let (url, tricks) = host(desk.path("site"));
    desk.ok("copy", &["clone", &url, &desk.text("copy"), "--key", &key]);
    desk.claims("ledger", 300, 400);
    desk.ok("ledger", &["publish", &site]);
    let before = desk.ok("copy", &["export", "--envelope"]);
    let quick = |ledger: &str, args: &[&str]| {
        let started = Instant::now();
        let output = desk.command(ledger, args).env("SAYSO_HTTP_TIMEOUT", "1").output().unwrap();
        assert!(started.elapsed() < Duration::from_secs(60), "{args:?} took {:?}", started.elapsed());
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for (what, at, trick, expected) in TRICKS {
        *tricks.lock().unwrap() = Some((at, trick));
        for (ledger, args) in [("new", vec!["clone", &url, "--key", &key]), ("copy", vec!["pull"])] {
            let (code, said) = quick(ledger, &args);
            assert!((code == 1 || code == 3) && said.contains(expected), "{what}, {}: {code}: {said}", args[0]);
            assert!(!said.contains("panicked") && said.len() < 1_000, "{what}: {said}");
        }
        assert!(!desk.path("new").exists(), "{what}: something is left of a clone");
    }
    *tricks.lock().unwrap() = None;
    assert_eq!(desk.ok("copy", &["export", "--envelope"]), before, "nothing was taken over");
    assert_eq!(desk.json("copy", &["audit"])["sound"], true);
    // Compression that nobody asked for is allowed, and not in the way.
    *tricks.lock().unwrap() = Some(("tile/entries/", packed));
    assert_eq!(desk.json("copy", &["pull"])["taken"], 400, "the copy goes on once the host behaves");
    assert_eq!(desk.ok("copy", &["export", "--envelope"]), desk.ok("ledger", &["export", "--envelope"]));
}

/// A directory can be as hostile as a host: it may come on a stick.
#[test]
fn whatever_a_directory_holds_nothing_is_left_half_made() {
    let (desk, key) = Desk::with_claims(300);
    desk.ok("ledger", &["publish", &desk.text("site")]);
    let damage: [(&str, &str, Spoil, &str); 4] = [
        ("too long", "tile/entries/000", |path| std::fs::write(path, vec![7; 50_000]).unwrap(), "is longer than"),
        ("gone", "bodies/000", |path| std::fs::remove_file(path).unwrap(), "bodies/000 is missing in"),
        (
            "a directory",
            "checkpoint",
            |path| {
                std::fs::remove_file(path).unwrap();
                std::fs::create_dir(path).unwrap();
            },
            "is not a file",
        ),
        (
            "a pipe that nobody writes to",
            "bodies/000",
            |path| {
                std::fs::remove_file(path).unwrap();
                let made = std::process::Command::new("mkfifo").arg(path).status();
                if !made.is_ok_and(|made| made.success()) {
                    std::fs::create_dir(path).unwrap();
                }
            },
            "is not a file",
        ),
    ];
    for (what, file, spoil, expected) in damage {
        desk.copy_dir("site", "spoilt");
        spoil(&desk.path("spoilt").join(file));
        let output = desk.run("new", &["clone", &desk.text("spoilt"), "--key", &key]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{what}: {said}");
        assert!(!desk.path("new").exists(), "{what}: something is left of a clone");
        std::fs::remove_dir_all(desk.path("spoilt")).unwrap();
    }
    // What is there already is refused before anything is fetched, and stays.
    std::fs::create_dir(desk.path("full")).unwrap();
    std::fs::write(desk.path("full/letter"), "mine").unwrap();
    assert!(desk.refused("full", &["clone", &desk.text("no-such-site"), "--key", &key]).contains("not empty"));
    assert_eq!(files(&desk.path("full")).len(), 1);
    // An empty directory of somebody's is used, and left as it was if nothing comes of it.
    std::fs::create_dir(desk.path("empty")).unwrap();
    assert_eq!(desk.run("empty", &["clone", &desk.text("no-such-site"), "--key", &key]).status.code(), Some(3));
    desk.copy_dir("site", "spoilt");
    std::fs::remove_file(desk.path("spoilt/bodies/000")).unwrap();
    assert_eq!(desk.run("empty", &["clone", &desk.text("spoilt"), "--key", &key]).status.code(), Some(3));
    assert!(desk.path("empty").is_dir() && files(&desk.path("empty")).is_empty());
    desk.ok("empty", &["clone", &desk.text("site"), "--key", &key]);
}

/// Over TLS, from a host with a certificate of its own making: only for whoever names it.
#[test]
fn https_is_checked() {
    let (desk, key) = Desk::with_claims(300);
    desk.ok("ledger", &["publish", &desk.text("site")]);
    let certificate = |file: &str| {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(desk.path(file), made.cert.pem()).unwrap();
        made
    };
    let (own, _) = (certificate("own.pem"), certificate("other.pem"));
    let secret = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], secret)
        .unwrap();
    let (config, listener, site) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap(), desk.path("site"));
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, site) = (config.clone(), site.clone());
            std::thread::spawn(move || serve_tls(config, stream, &site));
        }
    });
    let clone = |trusted: &str| {
        let mut command = desk.command("new", &["clone", &url, "--key", &key]);
        if !trusted.is_empty() {
            command.env("SAYSO_CA_FILE", desk.path(trusted));
        }
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    std::fs::write(desk.path("empty.pem"), "no certificate\n").unwrap();
    for (trusted, code, expected) in [
        ("", 3, "name it in SAYSO_CA_FILE"),
        ("other.pem", 3, "name it in SAYSO_CA_FILE"),
        ("empty.pem", 2, "there is no certificate in it"),
        ("nowhere.pem", 3, "nowhere.pem"),
    ] {
        let (found, said) = clone(trusted);
        assert!(found == code && said.contains(expected), "{trusted}: {found}: {said}");
        assert!(!desk.path("new").exists());
    }
    assert_eq!(clone("own.pem"), (0, String::new()));
    assert_eq!(desk.ok("new", &["export"]), desk.ok("ledger", &["export"]));
}

fn serve_tls(config: Arc<rustls::ServerConfig>, stream: TcpStream, site: &Path) -> std::io::Result<()> {
    let connection = rustls::ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = rustls::StreamOwned::new(connection, stream);
    answer(&mut stream, site, &Tricks::default())?;
    stream.conn.send_close_notify();
    stream.flush()
}
