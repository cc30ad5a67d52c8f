//! Proof as a newsroom and its readers use it, by the program itself. The failures it guards: a proof that only its maker can
//! check, a cut or rewritten ledger that is signed again, two histories shown to two people, a redaction that breaks what was
//! published, a copy that takes over what it was not shown to be true.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that meets the unexpected stops"
)]

mod desk;
mod faults;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use desk::{Desk, NAME, copy_dir, files, witness};
use sayso_core::bundle::{Bundle, Codec, StoredBody};
use sayso_core::directory::LedgerDir;
use sayso_core::store::Table;

#[test]
fn a_proof_is_checked_without_the_ledger_and_says_what_it_does_not_prove() {
    let (desk, key) = Desk::with_claims(20);
    let proof = desk.text("5.tlog-proof");
    desk.ok("ledger", &["prove", "#5", "-o", &proof]);
    assert!(std::fs::metadata(&proof).unwrap().len() < 4_096);
    let elsewhere = Desk::new();
    let said = elsewhere.ok("none", &["verify", &proof, "--key", &key]);
    for part in [
        "Proved: entry #5 is one of the first 20 entries of newsroom.example/sotk",
        "claim of yerevan",
        "s / p5 = 5",
        "Not proved: that what it says is true",
        "no witness cosigned",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let found = elsewhere.json("none", &["verify", &proof, "--key", &key]);
    assert_eq!(
        (&found["proved"], &found["index"], &found["size"], &found["disclosed"]),
        (&true.into(), &5.into(), &20.into(), &"body".into())
    );

    // By id, without the body, under a checkpoint made before.
    let (checkpoint, sealed) = (desk.text("kept.checkpoint"), desk.text("sealed.tlog-proof"));
    desk.ok("ledger", &["checkpoint", "-o", &checkpoint]);
    desk.claims("ledger", 20, 5);
    desk.ok("ledger", &["prove", "c-7", "--disclose", "commitment", "--checkpoint", &checkpoint, "-o", &sealed]);
    let said = elsewhere.ok("none", &["verify", &sealed, "--key", &key]);
    assert!(said.contains("What it says is not shown") && !said.contains("yerevan"), "{said}");
    assert!(desk.refused("ledger", &["prove", "#22", "--checkpoint", &checkpoint]).contains("#22 came later"));

    // Another body in the file, another key, no key.
    let text = std::fs::read_to_string(&proof).unwrap();
    let extra = text.lines().nth(1).unwrap();
    std::fs::write(desk.path("forged"), text.replacen(&extra[130..134], "AAAA", 1)).unwrap();
    assert!(elsewhere.refused("none", &["verify", &desk.text("forged"), "--key", &key]).contains("NOT PROVED"));
    let other = elsewhere.json("none", &["key", "new", NAME])["key"].as_str().unwrap().to_owned();
    assert!(elsewhere.refused("none", &["verify", &proof, "--key", &other]).contains("none of the given keys"));
    assert_eq!(elsewhere.run("none", &["verify", &proof]).status.code(), Some(2));
    assert_eq!(elsewhere.run("none", &["verify", &desk.text("nothing"), "--key", &key]).status.code(), Some(3));
}

#[test]
fn keys_are_private_outside_the_ledger_and_rotation_keeps_old_checkpoints_valid() {
    let (desk, old) = Desk::with_claims(3);
    let checkpoint = desk.text("old.checkpoint");
    desk.ok("ledger", &["checkpoint", "-o", &checkpoint]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let secret: Vec<String> = files(&desk.path("keys")).into_keys().filter(|f| f.ends_with(".key")).collect();
        assert_eq!((secret.len(), mode(&desk.path("keys"))), (1, 0o700));
        let path = desk.path("keys").join(&secret[0]);
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        std::fs::set_permissions(path.parent().unwrap(), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(desk.refused("ledger", &["checkpoint"]).contains("others can write in this directory"));
        std::fs::set_permissions(path.parent().unwrap(), std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(desk.refused("ledger", &["checkpoint"]).contains("others can read this key"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(files(&desk.path("ledger")).iter().all(|(_, bytes)| !bytes.windows(11).any(|w| w == b"PRIVATE+KEY")));
    assert!(desk.refused("ledger", &["key", "new", NAME]).contains("key rotate"));

    let proof = desk.text("old.tlog-proof");
    desk.ok("ledger", &["prove", "#1", "-o", &proof]);
    assert_eq!(desk.ok("ledger", &["key", "show"]), format!("{old}\n"));

    let new = desk.json("ledger", &["key", "rotate", NAME])["key"].as_str().unwrap().to_owned();
    assert_eq!(desk.ok("ledger", &["key", "show", NAME]), format!("{new}\n"), "the one that signs first");
    let both = desk.text("both.checkpoint");
    desk.ok("ledger", &["checkpoint", "-o", &both]);
    for (key, file) in [(&old, &checkpoint), (&old, &both), (&new, &both)] {
        let found = desk.json("ledger", &["audit", "--checkpoint", file, "--key", key]);
        assert_eq!(found["checkpoint"]["fits"], true, "{found}");
    }
    let id = old.split('+').nth(1).unwrap().to_owned();
    desk.ok("ledger", &["key", "retire", NAME, &id]);
    let only_new = desk.text("new.checkpoint");
    desk.ok("ledger", &["checkpoint", "-o", &only_new]);
    assert!(
        desk.refused("ledger", &["audit", "--checkpoint", &only_new, "--key", &old]).contains("none of the given keys")
    );
    assert_eq!(desk.json("ledger", &["audit", "--checkpoint", &checkpoint, "--key", &old])["checkpoint"]["fits"], true);
    assert_eq!(desk.json("none", &["verify", &proof, "--key", &old])["proved"], true, "what was signed stays valid");
    assert_eq!(desk.json("ledger", &["key", "list"])["keys"][1]["state"], "retired");
    assert!(desk.refused("ledger", &["key", "retire", NAME, &id]).contains("retired already"));

    // Keys inside a ledger would be copied with it: neither made there nor used from there, by whatever way.
    let inside = desk.path("ledger/keys");
    copy_dir(&desk.path("keys"), &inside);
    std::fs::create_dir(desk.path("ledger/empty")).unwrap();
    let mut ways = vec![inside, desk.path("ledger/not/there/yet"), desk.path("ledger/empty")];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(desk.path("ledger/empty"), desk.path("looks-outside")).unwrap();
        ways.push(desk.path("looks-outside/keys"));
    }
    for keys in ways {
        for args in [&["checkpoint"][..], &["key", "new", "another.example"], &["key", "list"]] {
            let said = desk.command("ledger", args).env("SAYSO_KEYS", &keys).output().unwrap();
            assert_eq!(said.status.code(), Some(1), "{keys:?} {args:?}");
            assert!(String::from_utf8_lossy(&said.stderr).contains("inside a ledger's directory"), "{said:?}");
        }
    }
    // A name that looks like a way out of the directory is a name like any other.
    desk.ok("ledger", &["key", "new", "../../elsewhere"]);
    assert!(files(&desk.path("keys")).keys().any(|file| file.starts_with("%2E.%2F..%2Felsewhere/")));
}

#[test]
fn a_ledger_keeps_its_name_and_takes_that_of_the_only_key() {
    let desk = Desk::new();
    desk.ok("ledger", &["init"]);
    assert!(desk.refused("ledger", &["checkpoint"]).contains("there is no key yet"));
    desk.ok("ledger", &["key", "new", "a.example"]);
    assert!(desk.ok("ledger", &["checkpoint"]).starts_with("a.example\n0\n47DEQpj8HBSa"));
    desk.ok("ledger", &["key", "new", "b.example"]);
    assert!(desk.ok("ledger", &["checkpoint"]).starts_with("a.example\n"));
    assert!(desk.refused("ledger", &["checkpoint", "--origin", "b.example"]).contains("keeps its name"));
    desk.ok("second", &["init"]);
    assert!(desk.refused("second", &["checkpoint"]).contains("several keys"));
    assert_eq!(desk.run("third", &["init", "--name", "two words"]).status.code(), Some(2));
    assert!(!desk.path("third").exists());
}

/// A copy from before, and a ledger written anew: neither is signed over what was signed already, and audit tells them.
#[test]
fn a_cut_or_rewritten_ledger_is_not_signed_again() {
    let (desk, key) = Desk::with_claims(300);
    desk.copy_dir("ledger", "older");
    desk.claims("ledger", 300, 100);
    let kept = desk.text("kept.checkpoint");
    desk.ok("ledger", &["checkpoint", "-o", &kept]);
    let said = desk.ok("ledger", &["audit", "--checkpoint", &kept, "--key", &key]);
    assert!(said.contains("Anchored up to 400 entries: they are those of the checkpoint"), "{said}");

    assert!(desk.refused("older", &["checkpoint"]).contains("entries are missing"));
    assert!(desk.refused("older", &["audit", "--checkpoint", &kept, "--key", &key]).contains("UNSOUND: cut"));
    desk.claims("older", 1_000, 200);
    assert!(desk.refused("older", &["checkpoint"]).contains("the ledger was rewritten"));
    assert!(desk.refused("older", &["audit", "--checkpoint", &kept, "--key", &key]).contains("UNSOUND: rewritten"));
    // What is beside the log is not believed: whoever puts the right tree there does not get the wrong log signed.
    std::fs::remove_dir_all(desk.path("older/tree")).unwrap();
    desk.copy_dir("ledger/tree", "older/tree");
    assert!(desk.refused("older", &["checkpoint"]).contains("the ledger was rewritten"));
    // And a tree that was tampered with is made anew, for signing and for proving.
    for level in ["level-0", "level-1"] {
        let path = desk.path("ledger/tree").join(level);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[5] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        desk.claims("ledger", if level == "level-0" { 400 } else { 450 }, 50);
        let proof = desk.text(&format!("{level}.tlog-proof"));
        desk.ok("ledger", &["prove", "#0", "-o", &proof]);
        desk.ok("ledger", &["verify", &proof, "--key", &key]);
        desk.ok("ledger", &["audit", "--checkpoint", &kept, "--key", &key]);
    }
}

#[test]
fn a_damaged_tree_is_made_anew_for_a_witness() {
    let (desk, key) = Desk::with_claims(300);
    let (_running, url, witness_key) = witness(&desk, &key);
    let ask = ["checkpoint", "--witness", &url, "--witness-key", &witness_key];
    desk.ok("ledger", &ask);
    // What was signed last is a whole number of tiles, and is not led to by the leaves that the witness's size lies among.
    desk.claims("ledger", 300, 212);
    desk.ok("ledger", &["checkpoint"]);
    let path = desk.path("ledger/tree/level-0");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[290 * 32] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    desk.ok("ledger", &ask);
}

/// What is published comes from the tree beside the log. A hash of it that rotted must not go out, where no copy could be made of it any more;
/// and a publication that is right must not be called another history.
#[test]
fn a_damaged_tree_is_not_published() {
    let (desk, key) = Desk::with_claims(300);
    let [whole, early, site, kept] = ["whole", "early", "site", "kept.checkpoint"].map(|name| desk.text(name));
    desk.ok("ledger", &["publish", &early]);
    desk.claims("ledger", 300, 400);
    desk.ok("ledger", &["checkpoint", "-o", &kept]);
    desk.ok("ledger", &["publish", &whole, "--checkpoint", &kept]);
    let flip = |level: &str, hash: usize| {
        let path = desk.path("ledger/tree").join(level);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[hash * 32 + 7] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    // In a full tile, where the hash above it still leads to the root; in that hash; in what fills no tile.
    for (level, hash) in [("level-0", 10), ("level-0", 270), ("level-1", 1), ("level-0", 600)] {
        flip(level, hash);
        desk.ok("ledger", &["publish", &site, "--checkpoint", &kept]);
        assert!(files(&desk.path("site")) == files(&desk.path("whole")), "{level}, hash {hash}");
        std::fs::remove_dir_all(&site).unwrap();
    }
    // Where the older head ends in a tile that is full by now.
    flip("level-0", 290);
    desk.ok("ledger", &["publish", &early, "--checkpoint", &kept]);
    for (name, bytes) in files(&desk.path("whole")) {
        assert!(files(&desk.path("early")).get(&name) == Some(&bytes), "{name}");
    }
    desk.ok("clone", &["clone", &early, &desk.text("clone"), "--key", &key]);
}

/// A redaction is on record, and the body is still there, because the machine stopped and what was to be erased before it could not be. It must
/// not go out with a proof or in a backup.
#[test]
fn what_was_redacted_is_not_given_out_before_it_is_erased() {
    let (desk, _) = Desk::with_claims(300);
    let [kept, proof, file] = ["kept.checkpoint", "5.tlog-proof", "backup"].map(|name| desk.text(name));
    desk.ok("ledger", &["checkpoint", "-o", &kept]);
    std::fs::write(desk.path("saved.txt"), "somebody said five").unwrap();
    desk.ok("ledger", &["capture", &desk.text("saved.txt"), "--url", "https://example.org/"]);
    // Where an answer has words of #5, or its number because it rests on it: so it is before, and so it must not be afterwards.
    let asked: [(&[&str], &str); 6] = [
        (&["log", "--from", "0"], "c-5"),
        (&["show", "#5"], "c-5"),
        (&["replay"], "#5"),
        (&["history", "s"], "#5"),
        (&["compare"], "#5"),
        (&["why", "yerevan", "s", "p5"], "#5"),
    ];
    let has = |text: &str, word: &str| {
        text.split(|c: char| !c.is_alphanumeric() && !['#', '-'].contains(&c)).any(|found| found == word)
    };
    for (args, word) in asked {
        assert!(has(&desk.ok("ledger", args), word), "{args:?} does not say {word} at all");
    }
    {
        let dir = LedgerDir::open(&desk.path("ledger")).unwrap();
        let key = 0u64.to_be_bytes();
        let mut bundle = Bundle::decode(&dir.store().get(Table::Log, &key).unwrap().unwrap()).unwrap();
        let StoredBody::Present(_, body) = &mut bundle.entries[2].body else { panic!() };
        *body = vec![9].into();
        dir.store().apply(Table::Log, vec![(key.to_vec(), Some(bundle.encode(Codec::Lz4)))]).unwrap();
        let mark = |index: u64| ([b"erase".as_slice(), &index.to_be_bytes()].concat(), Some(vec![]));
        dir.store().apply(Table::State, vec![mark(2), mark(5)]).unwrap();
        dir.store().sync().unwrap();
    }
    let prove = |entry: &str, disclose: &str| {
        let args = ["prove", entry, "--checkpoint", &kept, "--disclose", disclose, "-o", &proof];
        let output = desk.run("ledger", &args);
        let _ = std::fs::remove_file(&proof);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = prove("#5", "body");
    assert!(code == Some(1) && said.contains("#5 is NOT erased yet") && said.contains("must not go out"), "{said}");
    for (entry, disclose) in [("#5", "commitment"), ("#6", "body")] {
        let (code, said) = prove(entry, disclose);
        assert_eq!(code, Some(0), "{said}");
    }
    let page = desk.text("page");
    for args in [
        &["export"][..],
        &["export", "--as", "markdown"],
        &["export", "--as", "claimreview", "-o", &page],
        &["matrix", "-o", &format!("{page}.svg")],
        &["report", "-o", &format!("{page}.html")],
    ] {
        let said = desk.refused("ledger", args);
        assert!(said.contains("NOT erased yet") && said.contains("must not go out"), "{args:?}: {said}");
    }
    // Whoever reads is told that it waits, and is not given its words.
    for (args, word) in asked {
        let output = desk.run("ledger", args);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.is_empty(), "{args:?}: {output:?}");
        assert!(!has(&said, word), "{args:?}: {said}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("#5 is NOT erased yet"), "{args:?}");
    }
    assert_eq!(desk.json("ledger", &["show", "#5"])["redacted"], true);
    assert!(desk.refused("ledger", &["show", "c-5"]).contains("c-5"), "its id is among its words");
    // Whoever redacts it once more is not told that it was erased, and nothing goes as if it had been.
    let entries = || {
        let audit = desk.run("ledger", &["audit", "--format", "json"]);
        serde_json::from_slice::<serde_json::Value>(&audit.stdout).unwrap()["entries"].clone()
    };
    for more in [&[][..], &["--evidence"]] {
        let output = desk.run("ledger", &[&["redact", "#5", "--reason", "by order"], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{more:?}: {said}");
        let last = said.lines().last().unwrap();
        assert!(last.contains("#5 is NOT erased yet") && last.contains("nothing was recorded or removed"), "{said}");
        assert!(!said.contains("erased before"), "{said}");
    }
    assert_eq!((entries(), files(&desk.path("ledger/evidence")).len()), (300.into(), 1));
    let said = desk.refused("ledger", &["backup", &file]);
    assert!(said.contains("NOT erased yet") && !desk.path("backup").exists(), "{said}");
    let said = desk.refused("ledger", &["publish", &desk.text("site"), "--checkpoint", &kept]);
    assert!(said.contains("NOT erased yet") && !desk.path("site").exists(), "{said}");
}

/// A publication is killed. What it was writing lies in a public directory under a name of its own, and has words that may be redacted before the
/// next one.
#[test]
fn what_a_killed_publication_was_writing_goes_with_the_next_one() {
    let (desk, key) = Desk::with_claims(300);
    let site = desk.text("site");
    let secret = b"\x03\0\0\0\0\0\0\0c-3"; // the id with its length, or c-30 would do
    let with_words = || -> Vec<String> {
        let all = files(&desk.path("site")).into_iter();
        all.filter(|(_, bytes)| bytes.windows(11).any(|w| w == secret)).map(|(name, _)| name).collect()
    };
    let write = |name: &str, bytes: &[u8]| {
        let path = desk.path("site").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    // The first one was killed before anything had its name.
    write(".tmpAbCdEf", secret);
    desk.ok("ledger", &["publish", &site]);
    assert_eq!(with_words(), ["bodies/000"]);
    let bodies = std::fs::read(desk.path("site/bodies/000")).unwrap();
    let left =
        [".tmpAbCdEf", "bodies/.tmp012345", "bodies/001.p/.tmpZzZzZz", "tile/.tmpAAAAAA", "tile/entries/.tmpa1B2c3"];
    left.iter().for_each(|name| write(name, &bodies));
    // These are somebody's, whatever is in them.
    let own = [".tmpAbCdEfG", ".tmpdir/.tmpAbCdEf", "own/.tmpAbCdEf", "tile/.tmp-notes"];
    own.iter().for_each(|name| write(name, b"mine"));
    assert_eq!(with_words().len(), left.len() + 1);
    desk.ok("ledger", &["redact", "#3", "--reason", "a name that must go"]);
    desk.ok("ledger", &["publish", &site]);
    assert_eq!(with_words(), [""; 0], "words that were redacted are still public");
    assert!(left.iter().all(|name| !desk.path("site").join(name).exists()));
    assert!(own.iter().all(|name| std::fs::read(desk.path("site").join(name)).unwrap() == b"mine"));
    desk.ok("clone", &["clone", &site, &desk.text("clone"), "--key", &key]);
    // A directory of somebody's own is refused, as before.
    write("../theirs/.tmpAbCdEf", b"left");
    write("../theirs/.tmpAbCdEfG", b"mine");
    assert!(desk.refused("ledger", &["publish", &desk.text("theirs")]).contains("has other files in it"));
    assert_eq!(files(&desk.path("theirs")).len(), 2);
    if !faults::has_strace() {
        return;
    }
    // Really killed: when a thread is about to give its first, second, ... file its name.
    let (killed, mut unfinished) = (desk.text("killed"), 0);
    let (kept, kills) = (desk.text("kept.checkpoint"), faults::runs(4, 12));
    desk.ok("ledger", &["checkpoint", "-o", &kept]);
    let args = ["publish", &killed, "--checkpoint", &kept];
    for kill in 1..=kills {
        let _ = std::fs::remove_dir_all(&killed);
        let mut strace = Command::new("strace");
        let inject = format!("inject=/^rename:signal=SIGKILL:when={kill}");
        strace.args(["-f", "-e", "trace=/^rename", "-e", &inject, "-o"]).arg(desk.path("calls"));
        let publish = desk.command("ledger", &args);
        strace.arg(publish.get_program()).args(publish.get_args()).env("SAYSO_KEYS", desk.path("keys"));
        strace.output().unwrap();
        std::fs::create_dir_all(&killed).unwrap(); // it may have been killed before
        let left = || files(&desk.path("killed")).keys().filter(|name| name.contains(".tmp")).count();
        unfinished += left();
        desk.ok("ledger", &args);
        assert_eq!(left(), 0, "kill {kill}");
    }
    assert!(unfinished > 0, "no kill left anything");
    eprintln!(
        "up to {kills} kills of a publication left {unfinished} unfinished files; none was there after the next one"
    );
}

/// A directory may have any name. A copy of what is published there is brought up to date all the same, from wherever that is said.
#[cfg(target_os = "linux")]
#[test]
fn a_copy_follows_a_directory_of_any_name() {
    use std::os::unix::ffi::OsStrExt;
    let (desk, key) = Desk::with_claims(3);
    // What it leads to is no text.
    let no_text = desk.path("").join(std::ffi::OsStr::from_bytes(b"s\xffte "));
    std::fs::create_dir(&no_text).unwrap();
    std::os::unix::fs::symlink(no_text, desk.path("link")).unwrap();
    let sites = [("site ", "of-space"), ("site\n", "of-line"), ("\u{3000}", "of-wide-space"), ("link", "of-link")];
    for (site, copy) in sites {
        desk.ok("ledger", &["publish", &desk.text(site)]);
        let mut clone = desk.command("none", &["clone", site, &desk.text(copy), "--key", &key]);
        let made = clone.current_dir(desk.path("")).output().unwrap();
        assert!(made.status.success(), "{site:?}: {made:?}");
    }
    desk.claims("ledger", 3, 2);
    for (site, copy) in sites {
        desk.ok("ledger", &["publish", &desk.text(site)]);
        assert_eq!(desk.json(copy, &["pull"])["taken"], 2, "{site:?}");
    }
}

/// A copy keeps a tree of its own to know what it took over. If that is damaged, it is nobody's fault but the disk's.
#[test]
fn a_copys_damaged_tree_accuses_nobody() {
    let (desk, key) = Desk::with_claims(290);
    let (site, early, clone) = (desk.text("site"), desk.text("early"), desk.text("clone"));
    desk.ok("ledger", &["publish", &early]);
    desk.claims("ledger", 290, 10);
    desk.ok("ledger", &["publish", &site]);
    desk.ok("clone", &["clone", &site, &clone, "--key", &key]);
    let flip = || {
        let path = desk.path("clone/tree/level-0");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[270 * 32] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    // The host shows what it showed earlier.
    flip();
    let said = desk.refused("clone", &["pull", &early]);
    assert!(said.contains("out of date") && !said.contains("HISTORIES"), "{said}");
    // The host shows more.
    desk.claims("ledger", 300, 212);
    desk.ok("ledger", &["publish", &site]);
    flip();
    assert_eq!(desk.json("clone", &["pull"])["taken"], 212);
    assert!(files(&desk.path("clone")).into_keys().all(|name| !name.ends_with(".txt")), "nothing is kept as evidence");
}

/// There is nothing in it yet, and its name and key can be given out all the same.
#[test]
fn an_empty_ledger_is_published() {
    let (desk, key) = Desk::with_claims(0);
    let site = desk.text("site");
    assert_eq!(desk.json("ledger", &["publish", &site])["size"], 0);
    desk.ok("clone", &["clone", &site, &desk.text("clone"), "--key", &key]);
    desk.claims("ledger", 0, 3);
    assert_eq!(desk.json("ledger", &["publish", &site])["before"], 0);
    assert_eq!(desk.json("clone", &["pull"])["taken"], 3);
}

#[test]
fn published_cloned_and_pulled() {
    let (desk, key) = Desk::with_claims(600);
    let (site, clone) = (desk.text("site"), desk.text("clone"));
    desk.ok("ledger", &["publish", &site]);
    let said = desk.ok("clone", &["clone", &site, &clone, "--key", &key]);
    assert!(said.contains("600 entries taken over"), "{said}");
    assert_eq!(desk.ok("clone", &["export", "--envelope"]), desk.ok("ledger", &["export", "--envelope"]));
    assert_eq!(desk.json("clone", &["audit"])["sound"], true);
    let replay = |ledger| desk.ok(ledger, &["replay"]);
    assert_eq!(replay("clone"), replay("ledger"));
    let append =
        ["append", "--source", "a", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023-05-12"];
    assert!(desk.refused("clone", &append).contains("read-only copy"));

    // What is new, and no more, is written and taken over.
    let before = files(&desk.path("site"));
    desk.claims("ledger", 600, 200);
    let published = desk.json("ledger", &["publish", &site]);
    assert_eq!((&published["before"], &published["size"]), (&600.into(), &800.into()));
    let after = files(&desk.path("site"));
    for (name, bytes) in before.iter().filter(|(name, _)| !name.contains(".p/") && *name != "checkpoint") {
        assert_eq!(after.get(name), Some(bytes), "{name} changed");
    }
    assert!(
        !after.contains_key("tile/0/002.p/88") && after.contains_key("tile/0/002"),
        "narrow tiles go once they are full"
    );
    // Damage where the older head lies is no second history, and nobody is accused of one.
    let tile = desk.path("site/tile/0/002");
    let whole = std::fs::read(&tile).unwrap();
    let mut bytes = whole.clone();
    bytes[1_000] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    let said = desk.refused("clone", &["pull"]);
    assert!(said.contains("the files are damaged or were exchanged") && !said.contains("HISTORIES"), "{said}");
    assert!(files(&desk.path("clone")).into_keys().all(|name| !name.ends_with(".txt")), "nothing is kept as evidence");
    std::fs::write(&tile, whole).unwrap();
    assert_eq!(desk.json("clone", &["pull"])["taken"], 200);
    assert_eq!(desk.json("clone", &["pull"])["taken"], 0);
    assert_eq!(desk.ok("clone", &["export", "--envelope"]), desk.ok("ledger", &["export", "--envelope"]));
    // A copy can be published as it is, under the checkpoint it was made by; nobody without the key can sign it.
    let mirror = desk.text("mirror");
    desk.ok("clone", &["publish", &mirror, "--checkpoint", &desk.text("clone/checkpoint")]);
    let (site_files, mirrored) = (files(&desk.path("site")), files(&desk.path("mirror")));
    for (name, bytes) in mirrored.iter().filter(|(name, _)| *name != "checkpoint") {
        assert_eq!(site_files.get(name), Some(bytes), "{name} is another");
    }
    desk.ok("again", &["clone", &mirror, &desk.text("again"), "--key", &key]);

    // Damage, and exchange, of every kind of file is refused before anything is made of it.
    for name in ["checkpoint", "tile/entries/000", "bodies/001", "sayso.json"] {
        desk.copy_dir("site", "damaged");
        let path = desk.path("damaged").join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = if name == "sayso.json" { 30 } else { bytes.len() / 2 };
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        std::fs::write(&path, bytes).unwrap();
        let made = desk.text("made");
        let said = desk.refused("made", &["clone", &desk.text("damaged"), &made, "--key", &key]);
        assert!(!desk.path("made").exists(), "{name}: {said}");
        std::fs::remove_dir_all(desk.path("damaged")).unwrap();
    }
    // A site that fell back is not followed.
    std::fs::remove_dir_all(desk.path("site")).unwrap();
    for (name, bytes) in &before {
        std::fs::create_dir_all(desk.path("site").join(name).parent().unwrap()).unwrap();
        std::fs::write(desk.path("site").join(name), bytes).unwrap();
    }
    assert!(desk.refused("clone", &["pull"]).contains("out of date, or its end was cut"));
}

/// A clone is killed, at any moment. What it leaves is no ledger, every command says so and what to do, and the same clone again works.
#[test]
fn a_clone_that_was_killed_is_made_again() {
    let (desk, key) = Desk::with_claims(700);
    let (site, clone) = (desk.text("site"), desk.text("clone"));
    desk.ok("ledger", &["publish", &site]);
    let args = ["clone", &site, &clone, "--key", &key];
    let begun = std::time::Instant::now();
    desk.ok("none", &args);
    let took = begun.elapsed();
    let entries = desk.ok("clone", &["export", "--envelope"]);
    let again = |what: &str| {
        desk.ok("none", &args);
        assert_eq!(desk.ok("clone", &["export", "--envelope"]), entries, "{what}");
        assert_eq!(desk.json("clone", &["audit"])["sound"], true, "{what}");
        assert_eq!(desk.json("clone", &["pull"])["taken"], 0, "{what}");
    };
    // At its very end: all is there but what makes it a ledger.
    let unfinish = || {
        std::fs::remove_file(desk.path("clone/format")).unwrap();
        std::fs::write(desk.path("clone/acknowledged"), "").unwrap();
    };
    unfinish();
    for command in [&["log"][..], &["audit"], &["pull"], &["init"], &["restore", &desk.text("nothing")]] {
        let output = desk.run("clone", command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{command:?}");
        if command[0] != "restore" {
            assert!(said.contains("cut short") && said.contains("sayso clone") && said.contains("delete"), "{said}");
        }
    }
    // It is still being made: whoever makes it has the lock, and nobody is told to delete it.
    let held = std::fs::File::options().read(true).write(true).open(desk.path("clone/lock")).unwrap();
    held.lock().unwrap();
    for command in [&["log"][..], &["audit"], &["pull"], &["init"], &args] {
        let output = desk.run("clone", command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{command:?}: {said}");
        assert!(said.contains("another program is using") && !said.contains("delete"), "{command:?}: {said}");
    }
    drop(held);
    again("at its end");
    // While it wrote the line that makes it a ledger: nobody sees half of that.
    unfinish();
    std::fs::write(desk.path("clone/format.part"), "sayso led").unwrap();
    assert!(String::from_utf8_lossy(&desk.run("clone", &["log"]).stderr).contains("cut short"));
    again("at its last line");
    assert!(!desk.path("clone/format.part").exists());
    // Without the store's last write, and from somewhere else.
    unfinish();
    std::fs::remove_dir_all(desk.path("clone/store")).unwrap();
    std::fs::create_dir(desk.path("clone/store")).unwrap();
    std::fs::write(desk.path("clone/upstream"), "elsewhere").unwrap();
    again("without a store");
    // It is tried again, and fails once more at the host: what was left is as it was, and the same can be tried as often as one likes.
    unfinish();
    let bodies = desk.path("site/bodies/001");
    let whole = std::fs::read(&bodies).unwrap();
    for _ in 0..2 {
        std::fs::write(&bodies, "damaged").unwrap();
        desk.refused("none", &args);
        assert!(String::from_utf8_lossy(&desk.run("clone", &["log"]).stderr).contains("cut short"));
    }
    std::fs::write(&bodies, whole).unwrap();
    again("after it failed once more");
    assert!(!desk.path("clone/store.left").exists());
    // What else is there is somebody's.
    unfinish();
    std::fs::write(desk.path("clone/notes.txt"), "mine").unwrap();
    assert!(desk.refused("none", &args).contains("not empty"));
    std::fs::remove_file(desk.path("clone/notes.txt")).unwrap();
    again("when they are gone");
    // Somebody's own directory is not taken for one.
    std::fs::create_dir(desk.path("own")).unwrap();
    std::fs::write(desk.path("own/policy"), "mine").unwrap();
    assert!(desk.refused("none", &["clone", &site, &desk.text("own"), "--key", &key]).contains("not empty"));
    let mut chance = faults::Chance::new("clone");
    let kills = faults::runs(8, 150);
    let mut states = BTreeMap::new();
    for kill in 0..kills {
        let _ = std::fs::remove_dir_all(&clone);
        let mut child = desk
            .command("none", &args)
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(took.mul_f64(chance.below(1_100) as f64 / 1_000.0));
        child.kill().unwrap();
        child.wait().unwrap();
        let there = |name: &str| desk.path("clone").join(name).exists();
        let state = match (there("format"), there("upstream"), there("store")) {
            (true, ..) => "a ledger",
            (_, true, _) => "no ledger, with what is beside one",
            (.., true) => "no ledger, with a store",
            _ => "nothing",
        };
        *states.entry(state).or_insert(0) += 1;
        if state == "a ledger" {
            assert_eq!(desk.json("clone", &["audit"])["sound"], true, "kill {kill}");
        } else {
            assert!(!desk.run("clone", &["log"]).status.success(), "kill {kill}: {state}");
            again(&format!("kill {kill}: {state}"));
        }
    }
    eprintln!("{kills} kills of a clone left: {states:?}");
}

#[test]
fn a_redaction_leaves_every_tile_as_it_was_and_the_proof_still_holds() {
    let (desk, key) = Desk::with_claims(520);
    let site = desk.text("site");
    desk.ok("ledger", &["publish", &site]);
    desk.ok("clone", &["clone", &site, &desk.text("clone"), "--key", &key]);
    let proof = desk.text("before.tlog-proof");
    desk.ok("ledger", &["prove", "#3", "--disclose", "commitment", "-o", &proof]);
    let before = files(&desk.path("site"));
    let secret = b"\x03\0\0\0\0\0\0\0c-3"; // the id with its length, or c-30 would do
    let has = |all: &BTreeMap<String, Vec<u8>>, name: &str| all[name].windows(11).any(|w| w == secret);
    assert!(has(&before, "bodies/000"));
    for entry in ["#3", "c-515"] {
        desk.ok("ledger", &["redact", entry, "--reason", "a name that must go"]);
    }
    let published = desk.json("ledger", &["publish", &site]);
    let after = files(&desk.path("site"));
    for (name, bytes) in before.iter().filter(|(name, _)| name.starts_with("tile/")) {
        assert_eq!(after.get(name), Some(bytes), "{name} changed");
    }
    assert!(published["bodies_rewritten"].as_u64().unwrap() >= 2, "{published}");
    assert!(!has(&after, "bodies/000"), "the erased body is still published");
    let late = after.iter().filter(|(n, _)| n.starts_with("bodies/002"));
    assert!(late.clone().count() >= 2, "the narrow file of before is still there for who asks for it");
    late.for_each(|(name, bytes)| assert!(!bytes.windows(5).any(|w| w == b"c-515"), "{name} has the erased body"));

    desk.ok("ledger", &["verify", &proof, "--key", &key]);
    let again = desk.text("after.tlog-proof");
    assert!(desk.refused("ledger", &["prove", "#3", "-o", &again]).contains("--disclose commitment"));
    desk.ok("ledger", &["prove", "#3", "--disclose", "commitment", "-o", &again]);
    assert_eq!(desk.json("none", &["verify", &again, "--key", &key])["disclosed"], "commitment");

    // A copy from before erases it too; a copy made now never gets it.
    assert_eq!(desk.json("clone", &["pull"])["taken"], 2);
    desk.ok("late", &["clone", &site, &desk.text("late"), "--key", &key]);
    for copy in ["clone", "late"] {
        let audit = desk.json(copy, &["audit"]);
        assert_eq!((&audit["sound"], audit["redacted"].as_array().unwrap().len()), (&true.into(), 2), "{audit}");
        assert_eq!(desk.ok(copy, &["export", "--envelope"]), desk.ok("ledger", &["export", "--envelope"]));
    }
}

#[test]
fn two_histories_through_one_witness() {
    let (desk, key) = Desk::with_claims(300);
    let (running, url, witness_key) = witness(&desk, &key);
    let witnessed = |site: &str| {
        vec![
            "publish".to_owned(),
            desk.text(site),
            "--witness".into(),
            url.clone(),
            "--witness-key".into(),
            witness_key.clone(),
        ]
    };
    let publish = |ledger: &str, site: &str| {
        let args = witnessed(site);
        desk.run(ledger, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert!(publish("ledger", "site-a").status.success());
    let both = ["--key", key.as_str(), "--key", witness_key.as_str()];
    desk.ok("clone-a", &[&["clone", &desk.text("site-a"), &desk.text("clone-a")], &both[..]].concat());
    let proof = desk.text("w.tlog-proof");
    desk.ok("ledger", &["prove", "#1", "-o", &proof, "--witness", &url, "--witness-key", &witness_key]);
    let said = desk.ok("none", &[&["verify", proof.as_str()], &both[..]].concat());
    assert!(said.contains("Witnessed by witness.example at"), "{said}");

    // The newsroom keeps a second history from here on, and forgets on purpose what it has signed.
    desk.copy_dir("ledger", "forked");
    desk.copy_dir("site-a", "site-b");
    desk.claims("ledger", 300, 60);
    desk.claims("forked", 5_000, 60);
    assert!(publish("ledger", "site-a").status.success());
    let forget = || {
        let last = files(&desk.path("keys")).into_keys().find(|f| f.ends_with("/last")).unwrap();
        std::fs::remove_file(desk.path("keys").join(last)).unwrap();
    };
    forget();
    let refused = publish("forked", "site-b");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        refused.status.code() == Some(1) && said.contains("it has cosigned another history of the first 360 entries"),
        "{said}"
    );
    let evidence = files(&desk.path("witness-state/evidence"));
    let (_, text) = evidence.iter().next().expect("the witness keeps both");
    let text = String::from_utf8_lossy(text);
    assert!(text.contains("two histories") && text.matches(&format!("{NAME}\n360\n")).count() == 2, "{text}");

    // Without the witness it can still be published, and whoever asks for the witness is not taken in.
    desk.ok("forked", &["publish", &desk.text("site-b")]);
    let said = desk.refused("clone-b", &[&["clone", &desk.text("site-b"), &desk.text("clone-b")], &both[..]].concat());
    assert!(said.contains("0 of the 1 known witnesses"), "{said}");
    // A reader who does not ask for it gets one history, and finds out when shown the other: same size, and larger.
    desk.ok("clone-c", &["clone", &desk.text("site-b"), &desk.text("clone-c"), "--key", &key]);
    for (more, name) in [(0, "360-360"), (40, "360-400")] {
        if more > 0 {
            desk.claims("ledger", 360, more);
        }
        forget();
        assert!(publish("ledger", "site-a").status.success());
        let said = desk.refused("clone-c", &["pull", &desk.text("site-a")]);
        assert!(said.contains("TWO HISTORIES"), "{said}");
        let found = files(&desk.path("clone-c")).into_iter().find(|(n, _)| n.contains(name));
        let (_, text) = found.expect("both checkpoints are kept as evidence");
        assert_eq!(String::from_utf8_lossy(&text).matches("\u{2014} newsroom.example/sotk ").count(), 2);
    }
    assert_eq!(desk.json("clone-c", &["audit"])["entries"], 360, "nothing was taken over");

    // A witness that was stopped knows what it knew.
    drop(running);
    let (_running, url, witness_key) = witness(&desk, &key);
    forget();
    let said = desk.refused("forked", &["checkpoint", "--witness", &url, "--witness-key", &witness_key]);
    assert!(said.contains("it has cosigned 400 entries of this ledger, and there are only 360"), "{said}");
    // And an address where nobody answers is said to be one; with a policy of none it is only a note.
    let nobody = ["checkpoint", "--witness", "http://127.0.0.1:1", "--witness-key", witness_key.as_str()];
    assert!(desk.refused("forked", &nobody).contains("could not be reached"));
    desk.ok("forked", &[&nobody[..], &["--witnesses", "0"]].concat());
}

/// 70,000 entries, read by a program of another language that knows only its own library.
#[test]
fn a_go_program_confirms_a_published_ledger() {
    let has_go = Command::new("go").arg("version").output().is_ok_and(|o| o.status.success());
    let library = Path::new("/usr/share/gocode/src/golang.org/x/mod");
    if !has_go || !library.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "go and golang-golang-x-mod-dev are needed");
        eprintln!("skipped: go or its library golang.org/x/mod is not here");
        return;
    }
    let (desk, key) = Desk::with_claims(70_000);
    desk.ok("ledger", &["publish", &desk.text("site")]);
    let program = desk.path("outsider");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/outsider/main.go");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&program).arg(source).env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode");
    let built = build.env("GOCACHE", desk.path("go-cache")).env("GOFLAGS", "").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let run = |site: &str| Command::new(&program).args([site, &key, "1000", "1000"]).output().unwrap();
    let said = run(&desk.text("site"));
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(
        String::from_utf8(said.stdout).unwrap(),
        format!("{NAME}: 70000 entries, 1000 inclusion and 1000 consistency proofs\n")
    );
    for partial in ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"] {
        let path = desk.path("site").join(partial);
        let good = std::fs::read(&path).unwrap();
        let mut bad = good.clone();
        bad[9] ^= 1;
        std::fs::write(&path, bad).unwrap();
        assert!(!run(&desk.text("site")).status.success(), "{partial} is not looked at");
        std::fs::write(&path, good).unwrap();
    }
}
