//! The failure this guards against: a page is quoted, the page changes, and nobody can show any more what it said; or the newsroom shows a file,
//! and it is not the one that was captured; or the quote never stood in it. A captured file is kept by its hash, never written over, and whatever
//! is missing, altered or misquoted is told apart.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

#[path = "support/program.rs"]
mod program;

use program::Here;
use serde_json::{Value, json};

const PAGE: &str = "<!DOCTYPE html><html><head><title>Sotk</title><script>let a = 'seven soldiers';</script></head><body>\
                    <p>The ministry said: “At least <b>two</b> soldiers\n were&nbsp;wounded.”</p><p>It gave no names.</p></body></html>";
const URL: &str = "https://example.org/first";

struct Desk(Here);

impl std::ops::Deref for Desk {
    type Target = Here;

    fn deref(&self) -> &Here {
        &self.0
    }
}

impl Desk {
    fn new() -> Self {
        let desk = Self(Here::new("200"));
        desk.write("page.html", PAGE);
        desk
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// The answer, also where it is a refusal.
    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(&[args, &["--format", "json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// A claim with a quote.
    fn claim(&self, id: &str, quote: &str) {
        let mut args =
            vec!["append", "--id", id, "--source", "yerevan", "--subject", "s", "--predicate", "p", "--value", ">=2"];
        args.extend(["--stated", "2023-05-12", "--url", URL]);
        if !quote.is_empty() {
            args.extend(["--quote", quote]);
        }
        self.ok(&args);
    }

    fn capture(&self, args: &[&str]) -> Value {
        self.json(&[&["capture", "page.html", "--url", URL], args].concat())
    }

    fn evidence(&self) -> Value {
        self.json(&["audit", "--evidence"])["evidence"].clone()
    }

    /// The problems of an audit: which, and of which entries.
    fn problems(&self) -> Vec<(String, Value)> {
        let evidence = self.evidence();
        let problems = evidence["problems"].as_array().unwrap().iter();
        problems.map(|p| (p["problem"].as_str().unwrap().to_owned(), p["entries"].clone())).collect()
    }
}

#[test]
fn a_page_is_kept_by_its_hash_and_tied_to_its_claim() {
    let desk = Desk::new();
    desk.claim("y", "At least two soldiers were wounded.");
    let captured = desk.capture(&["--of", "y"]);
    let hash = captured["blake3"].as_str().unwrap();
    assert_eq!(hash, blake3::hash(PAGE.as_bytes()).to_string());
    let kept = desk.path(".sayso/evidence").join(&hash[..2]).join(hash);
    assert_eq!(std::fs::read(&kept).unwrap(), PAGE.as_bytes());
    assert!(kept.metadata().unwrap().permissions().readonly());
    assert_eq!(
        (&captured["text"], &captured["notes"], &captured["already_kept"]),
        (&json!("html"), &json!([1]), &json!(false))
    );
    let quote = &captured["quotes"][0];
    assert_eq!((&quote["entry"], &quote["found"]), (&json!(0), &json!(true)));
    assert!(quote["end"].as_u64().unwrap() > quote["start"].as_u64().unwrap());

    // The link stands under the chain: a note with the hash.
    let note = desk.json(&["show", "#1"])["event"].clone();
    assert_eq!((&note["kind"], &note["of"], &note["tags"]), (&json!("note"), &json!("y"), &json!(["evidence"])));
    assert_eq!(note["citations"], json!([{"url": URL, "blake3": hash}]));

    // The same again adds nothing.
    let again = desk.capture(&["--of", "y"]);
    assert_eq!(
        (&again["already_kept"], &again["notes"], &again["head"]),
        (&json!(true), &json!([1]), &captured["head"])
    );

    let evidence = desk.evidence();
    assert_eq!(
        (&evidence["sound"], &evidence["files"], &evidence["bytes"]),
        (&json!(true), &json!(1), &json!(PAGE.len()))
    );
    assert_eq!((&evidence["quotes"][0]["start"], &evidence["quotes"][0]["end"]), (&quote["start"], &quote["end"]));
    let text = desk.ok(&["audit", "--evidence"]);
    assert!(text.contains("Evidence: 1 captured files have the bytes of their hashes; 1 quotes were found."), "{text}");
    assert!(!desk.ok(&["audit"]).contains("Evidence"));
}

#[test]
fn words_that_do_not_stand_there_are_refused() {
    let desk = Desk::new();
    desk.claim("y", "At least two soldiers were killed.");
    let said = desk.refused(&["capture", "page.html", "--url", URL, "--of", "y"]);
    assert!(
        said.contains(
            "#0: \"At least two soldiers were killed.\" does not stand in the file; of the first 6 words, 5 are"
        ),
        "{said}"
    );
    assert!(said.contains("Nothing was kept") && !said.contains("fold-marks"), "{said}");
    assert_eq!(kept(&desk), 0);
    assert_eq!(desk.json(&["audit"])["entries"], json!(1), "no note");

    // A quote is looked for as it reads now.
    desk.ok(&["correct", "--of", "y", "--quote", "\"At least two soldiers were wounded.\"", "--reason", "typo"]);
    let said = desk.refused(&["capture", "page.html", "--url", URL, "--of", "y"]);
    assert!(
        said.contains("they are there with other quotation marks or dashes") && said.contains("`--fold-marks`"),
        "{said}"
    );
    desk.capture(&["--of", "y", "--fold-marks"]);
    assert!(desk.evidence()["sound"].as_bool().unwrap(), "audit folds as capture did: {}", desk.evidence());

    // What a script says is not what a reader sees.
    desk.claim("z", "seven soldiers");
    desk.refused(&["capture", "page.html", "--url", URL, "--of", "z"]);
    desk.capture(&["--of", "z", "--anyway"]);
    assert_eq!(desk.problems(), [("quote-not-found".to_owned(), json!([3]))]);
    assert_eq!(desk.run(&["audit", "--evidence"]).status.code(), Some(1));
    assert_eq!(desk.run(&["audit"]).status.code(), Some(0), "the ledger itself is sound");
}

fn kept(desk: &Desk) -> usize {
    let dirs = std::fs::read_dir(desk.path(".sayso/evidence")).unwrap().map(|e| e.unwrap().path());
    dirs.map(|d| if d.is_dir() { std::fs::read_dir(d).unwrap().count() } else { 1 }).sum()
}

#[test]
fn missing_altered_and_misquoted_are_told_apart() {
    let desk = Desk::new();
    for (id, page) in [("a", "a.txt"), ("b", "b.txt"), ("c", "c.txt"), ("d", "d.txt")] {
        desk.write(page, format!("{id}: two were wounded"));
        desk.claim(id, "two were wounded");
        desk.ok(&["capture", page, "--url", URL, "--of", id]);
    }
    assert!(desk.evidence()["sound"].as_bool().unwrap());
    let hash = |id: &str| {
        let note = desk.json(&["show", &format!("#{}", (id.as_bytes()[0] - b'a') * 2 + 1)]);
        note["event"]["citations"][0]["blake3"].as_str().unwrap().to_owned()
    };
    let file = |id: &str| desk.path(".sayso/evidence").join(&hash(id)[..2]).join(hash(id));
    let (a, b) = (file("a"), file("b"));
    std::fs::remove_file(&a).unwrap();
    std::fs::remove_file(&b).unwrap();
    std::fs::write(&b, "b: two were killed").unwrap();
    desk.ok(&["correct", "--of", "c", "--quote", "three were wounded", "--reason", "misread"]);
    let mut problems = desk.problems();
    problems.sort_by_key(|(_, entries)| entries[0].as_u64());
    let expected = [("missing", json!([1])), ("altered", json!([3])), ("quote-not-found", json!([4]))];
    assert_eq!(problems, expected.map(|(p, e)| (p.to_owned(), e)));
    assert_eq!(desk.evidence()["files"], json!(2));
    let text = String::from_utf8(desk.run(&["audit", "--evidence"]).stdout).unwrap();
    for said in ["missing: ", "altered: ", "quote not found: #4: \"three were wounded\"", "Sound: every entry matches"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }

    // What was altered is not written over; what is missing can be captured again.
    let said = desk.run(&["capture", "b.txt", "--url", URL, "--of", "b"]);
    assert_eq!(said.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&said.stderr).contains("it was altered. It was left as it is"));
    assert_eq!(std::fs::read_to_string(&b).unwrap(), "b: two were killed");
    desk.ok(&["capture", "a.txt", "--url", URL, "--of", "a"]);
    assert_eq!(desk.problems().len(), 2);
}

#[test]
fn what_cannot_be_searched_or_is_not_here_is_said() {
    let desk = Desk::new();
    desk.write("scan.pdf", b"%PDF-1.7 \x00\x01");
    desk.claim("y", "two were wounded");
    let captured = desk.json(&["capture", "scan.pdf", "--url", URL, "--of", "y"]);
    assert_eq!((&captured["text"], &captured["quotes"][0]["found"]), (&Value::Null, &Value::Null));
    assert_eq!(captured["not_searched"], json!("it is no text and no HTML"));
    // Cited by a hash that was never captured here; and captured without a claim.
    let elsewhere = "0".repeat(64);
    desk.ok(&[
        "append",
        "--source",
        "a",
        "--subject",
        "s",
        "--predicate",
        "q",
        "--value",
        "1",
        "--stated",
        "2023",
        "--blake3",
        &elsewhere,
    ]);
    let alone = desk.json(&["capture", "page.html", "--url", URL]);
    assert_eq!(alone["notes"], json!([]));
    let evidence = desk.evidence();
    assert_eq!(evidence["sound"], json!(true));
    assert_eq!(evidence["unsearched"][0]["blake3"], captured["blake3"]);
    assert_eq!((&evidence["elsewhere"], &evidence["uncited"]), (&json!([elsewhere]), &json!([alone["blake3"]])));
    // Cited by the claim itself: no note is needed, and the quote is looked for.
    let hash = alone["blake3"].as_str().unwrap();
    desk.ok(&[
        "append",
        "--id",
        "own",
        "--source",
        "a",
        "--subject",
        "s",
        "--predicate",
        "r",
        "--value",
        "1",
        "--stated",
        "2023",
        "--blake3",
        hash,
        "--exact",
        "It gave no names.",
    ]);
    // With --of there is always a note, so that the file is missed when it is gone, and once only.
    let tied = desk.capture(&["--of", "own", "--fold-marks"]);
    assert_eq!(tied["notes"].as_array().unwrap().len(), 1);
    desk.write("other-name.html", PAGE);
    let again =
        desk.json(&["capture", "other-name.html", "--url", "https://b.example/", "--of", "own", "--fold-marks"]);
    assert_eq!((&again["notes"], &again["head"]), (&tied["notes"], &tied["head"]));
    let evidence = desk.evidence();
    assert_eq!((&evidence["uncited"], &evidence["quotes"][0]["blake3"]), (&json!([]), &json!(hash)));
    let wrong = desk.run(&["capture", "page.html", "--url", "no address"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(desk.refused(&["capture", "page.html", "--url", URL, "--of", "#1"]).contains("#1 is no claim"));
}

#[test]
fn a_redaction_can_take_the_evidence_with_it() {
    let desk = Desk::new();
    for id in ["a", "b", "c"] {
        desk.claim(id, &format!("{id} was wounded"));
    }
    desk.write("shared.txt", "a was wounded, and b was wounded");
    desk.write("alone.txt", "a was wounded at home");
    desk.ok(&["capture", "shared.txt", "--url", URL, "--of", "a", "--of", "b"]);
    desk.ok(&["capture", "alone.txt", "--url", URL, "--of", "a"]);
    desk.write("c.txt", "c was wounded");
    desk.ok(&["capture", "c.txt", "--url", URL, "--of", "c"]);
    assert_eq!(kept(&desk), 3);
    let redacted = desk.run(&["redact", "a", "--reason", "court order", "--evidence", "--format", "json"]);
    assert!(redacted.status.success());
    assert_eq!(serde_json::from_slice::<Value>(&redacted.stdout).unwrap()["evidence_removed"], json!(1));
    let notes = String::from_utf8_lossy(&redacted.stderr).into_owned();
    assert!(
        notes.contains("1 captured files were removed") && notes.contains("stays, because it is cited by"),
        "{notes}"
    );
    assert_eq!(kept(&desk), 2);
    let evidence = desk.evidence();
    assert_eq!((&evidence["sound"], evidence["erased"].as_array().unwrap().len()), (&json!(true), 1), "{evidence}");

    // Without the option the files stay, and that is said.
    let redacted = desk.run(&["redact", "c", "--reason", "court order"]);
    assert!(
        String::from_utf8_lossy(&redacted.stderr).contains("captured files that no other entry cites are still there")
    );
    desk.ok(&["compact"]);
    assert_eq!(kept(&desk), 2, "the store is written anew, the evidence is left alone");
    assert!(desk.evidence()["sound"].as_bool().unwrap());
}

/// A claim with a captured file each: a at #0 with note #1, b at #2 with note #3, and so on.
fn with_files(ids: &[&str]) -> Desk {
    let desk = Desk::new();
    for id in ids {
        desk.write("x.txt", format!("{id} was wounded"));
        desk.claim(id, &format!("{id} was wounded"));
        desk.ok(&["capture", "x.txt", "--url", URL, "--of", id]);
    }
    desk
}

fn redact(desk: &Desk, entry: &str, evidence: bool) -> Value {
    let more: &[&str] = if evidence { &["--evidence"] } else { &[] };
    desk.json(&[&["redact", entry, "--reason", "court order"], more].concat())
}

#[test]
fn in_whatever_order_it_is_redacted_the_file_goes() {
    // The note first, then the claim.
    let desk = with_files(&["a", "b"]);
    redact(&desk, "#1", false);
    assert_eq!((redact(&desk, "#0", true)["evidence_removed"].clone(), kept_files(&desk)), (json!(1), 1));
    // Withdrawn first.
    let desk = with_files(&["a", "b"]);
    desk.ok(&["correct", "--of", "a", "--withdraw", "--reason", "not said"]);
    assert_eq!((redact(&desk, "#0", true)["evidence_removed"].clone(), kept_files(&desk)), (json!(1), 1));
    // Without the option first, then once more.
    let desk = with_files(&["a", "b"]);
    redact(&desk, "#0", false);
    let size = desk.json(&["audit"])["entries"].clone();
    let again = redact(&desk, "#0", true);
    assert_eq!((&again["index"], &again["evidence_removed"], kept_files(&desk)), (&Value::Null, &json!(1), 1));
    assert_eq!(desk.json(&["audit"])["entries"], size, "nothing was recorded");
    // Two claims with one file, one after the other.
    let desk = with_files(&["a"]);
    desk.claim("z", "a was wounded");
    desk.ok(&["capture", "x.txt", "--url", URL, "--of", "z"]);
    assert_eq!(redact(&desk, "#0", true)["evidence_removed"], json!(0));
    assert_eq!((redact(&desk, "#2", true)["evidence_removed"].clone(), kept_files(&desk)), (json!(1), 0));
}

/// A file that was captured and not cited yet: whether it belonged to what is erased can be told only as long as nothing was erased.
#[test]
fn a_capture_that_is_not_cited_yet() {
    let desk = with_files(&["a", "b"]);
    let loose = desk.capture(&[])["blake3"].as_str().unwrap().to_owned();
    assert_eq!(kept_files(&desk), 3);
    // Nothing was erased before, so what a cited is known, and it is no more than its own file.
    let first = redact(&desk, "#0", true);
    assert_eq!((&first["evidence_removed"], kept_files(&desk)), (&json!(1), 2), "{first}");
    assert!(!first["evidence_files"].as_array().unwrap().contains(&json!(loose)), "{first}");
    assert_eq!(desk.evidence()["uncited"], json!([loose]));
    // Now nobody can tell what the first one cited: the loose file may be its.
    let said = desk.run(&["redact", "#2", "--reason", "court order"]);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains(&loose) && said.contains("every captured file that no entry cites at all"), "{said}");
    let second = redact(&desk, "#2", true);
    assert_eq!((&second["evidence_removed"], kept_files(&desk)), (&json!(2), 0), "{second}");
    assert!(second["evidence_files"].as_array().unwrap().contains(&json!(loose)), "{second}");
    // Cited first, it stays, whatever is erased.
    let desk = with_files(&["a", "b"]);
    let loose = desk.capture(&[])["blake3"].as_str().unwrap().to_owned();
    let own = ["append", "--source", "a", "--subject", "s", "--predicate", "q", "--value", "1", "--stated", "2023"];
    desk.ok(&[&own[..], &["--blake3", &loose]].concat());
    redact(&desk, "#0", true);
    redact(&desk, "#2", true);
    assert_eq!(kept_files(&desk), 1);
}

/// A scan or a recording may be larger than memory.
#[cfg(target_os = "linux")]
#[test]
fn a_large_file_is_kept_without_being_read_whole() {
    let desk = Desk::new();
    let bytes: u64 = 256 << 20;
    std::fs::File::create(desk.path("scan.bin")).unwrap().set_len(bytes).unwrap();
    let mut command =
        program::command(&desk.path(".sayso"), &["capture", "scan.bin", "--url", URL, "--format", "json"]);
    command.current_dir(desk.path("")).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    // The most it ever held, in kB; it only grows, so the last look is near the end.
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let held = std::fs::read_to_string(&status).unwrap_or_default();
        let line = held.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(most);
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(most > 1000 && most * 1024 < bytes / 3, "{most} kB for a file of {bytes} bytes");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["bytes"], &told["text"]), (&json!(bytes), &Value::Null));
}

#[test]
fn a_file_that_a_withdrawn_claim_cites_stays() {
    let desk = with_files(&["a"]);
    let hash = blake3::hash(b"a was wounded").to_string();
    let own = ["append", "--id", "z", "--source", "a", "--subject", "s", "--predicate", "q", "--value", "1"];
    desk.ok(&[&own[..], &["--stated", "2023", "--blake3", &hash]].concat());
    desk.ok(&["correct", "--of", "z", "--withdraw", "--reason", "for now"]);
    assert_eq!((redact(&desk, "#0", true)["evidence_removed"].clone(), kept_files(&desk)), (json!(0), 1));
}

#[test]
fn what_a_killed_capture_left_is_listed_and_swept() {
    let desk = with_files(&["a"]);
    desk.write(".sayso/evidence/part-abc", "half a page");
    assert_eq!(desk.evidence()["unfinished"].as_array().unwrap().len(), 1);
    desk.capture(&[]);
    assert!(!desk.path(".sayso/evidence/part-abc").exists());
    assert_eq!(desk.evidence()["unfinished"], json!([]));
}

fn kept_files(desk: &Desk) -> usize {
    let dirs = std::fs::read_dir(desk.path(".sayso/evidence")).unwrap().map(|e| e.unwrap().path());
    dirs.map(|d| std::fs::read_dir(d).unwrap().count()).sum()
}
