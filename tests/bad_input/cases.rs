//! The kinds of bad input, a row each.

/// What the ledger holds before: something of every kind, to collide with and to point at.
pub(crate) const LEDGER: &[&str] = &[
    r#"{"kind":"claim","id":"ours","source":"yerevan","subject":"sotk","predicate":"wounded","value":2,"stated":"2023-05-12"}"#,
    r#"{"kind":"claim","source":"baku","subject":"sotk","predicate":"fired-first","value":"armenia","stated":"2023-05-12"}"#,
    r#"{"kind":"claim","id":"theirs","source":"baku","subject":"sotk","predicate":"wounded","value":1,"stated":"2023-05-12"}"#,
    r#"{"kind":"stance","id":"denial","source":"baku","of":"ours","stance":"denies","stated":"2023-05-12"}"#,
    r#"{"kind":"retraction","id":"taken-back","source":"baku","of":"theirs","stated":"2023-05-13"}"#,
    r#"{"kind":"claim","id":"typo","source":"eu","subject":"sotk","predicate":"wounded","value":20,"stated":"2023-05-12"}"#,
    r#"{"kind":"correction","id":"mended","of":"typo","reason":"a zero too many","replacement":{"kind":"claim","source":"eu","subject":"sotk","predicate":"wounded","value":2,"stated":"2023-05-12"}}"#,
    r#"{"kind":"claim","id":"satire","source":"eu","subject":"sotk","predicate":"fired-first","value":"martians","stated":"2023-05-12"}"#,
    r#"{"kind":"correction","id":"struck","of":"satire","reason":"a satire page","replacement":null}"#,
    r#"{"kind":"alias","id":"spelling","names":"source","from":"erevan","to":"yerevan"}"#,
    r#"{"kind":"note","id":"remark","of":"ours","text":"changed twice that evening"}"#,
];

type Fields = [(&'static str, &'static str)];

const CLAIM: &Fields = &[
    ("kind", r#""claim""#),
    ("source", r#""paris""#),
    ("subject", r#""sotk""#),
    ("predicate", r#""wounded""#),
    ("value", "3"),
    ("stated", r#""2023-05-12""#),
];
const STANCE: &Fields = &[
    ("kind", r#""stance""#),
    ("source", r#""paris""#),
    ("of", r#""ours""#),
    ("stance", r#""denies""#),
    ("stated", r#""2023-05-13""#),
];
const RETRACTION: &Fields =
    &[("kind", r#""retraction""#), ("source", r#""yerevan""#), ("of", r#""ours""#), ("stated", r#""2023-05-13""#)];
const CORRECTION: &Fields = &[
    ("kind", r#""correction""#),
    ("of", r#""ours""#),
    ("replacement", r#"{"source":"yerevan","subject":"sotk","predicate":"wounded","value":3,"stated":"2023-05-12"}"#),
    ("reason", r#""typing error""#),
];
const ALIAS: &Fields = &[("kind", r#""alias""#), ("names", r#""subject""#), ("from", r#""zod""#), ("to", r#""sotk""#)];
const NOTE: &Fields = &[("kind", r#""note""#), ("of", r#""ours""#), ("text", r#""a remark""#)];

/// A good event as a line, but for one field: another value, or one field more.
fn with(fields: &Fields, field: &str, json: &str) -> String {
    let kept = fields.iter().filter(|(name, _)| *name != field).copied();
    object(kept.chain([(field, json)]))
}

/// A good event as a line, but for a field that is not there.
fn without(fields: &Fields, field: &str) -> String {
    object(fields.iter().filter(|(name, _)| *name != field).copied())
}

fn object<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let fields: Vec<String> = fields.map(|(name, json)| format!("\"{name}\":{json}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// A claim with one field changed.
pub(crate) fn claim(field: &str, json: &str) -> String {
    with(CLAIM, field, json)
}

/// A line with nothing wrong.
pub(crate) fn good(id: &str) -> String {
    claim("id", &format!("\"{id}\""))
}

fn value(json: &str) -> String {
    claim("value", json)
}

fn stated(date: &str) -> String {
    claim("stated", &format!("\"{date}\""))
}

fn source(name: &str) -> String {
    claim("source", &format!("\"{name}\""))
}

fn citation(json: &str) -> String {
    claim("citations", &format!("[{{{json}}}]"))
}

fn stance_on(of: &str) -> String {
    with(STANCE, "of", &format!("\"{of}\""))
}

fn retraction_of(of: &str) -> String {
    with(RETRACTION, "of", &format!("\"{of}\""))
}

fn alias(from: &str, to: &str) -> String {
    format!(r#"{{"kind":"alias","names":"source","from":"{from}","to":"{to}"}}"#)
}

pub(crate) fn recorded(time: &str) -> String {
    claim("recorded", &format!("\"{time}\""))
}

/// A correction of a correction of ... of `ours`, each line one deeper.
fn corrections(depth: usize) -> String {
    let of = |n| if n == 0 { "ours".to_owned() } else { format!("k{n}") };
    let line =
        |n| format!(r#"{{"kind":"correction","id":"k{}","of":"{}","reason":"no","replacement":null}}"#, n + 1, of(n));
    (0..depth).map(line).collect::<Vec<_>>().join("\n")
}

/// The same inside one event.
fn nested_corrections(depth: usize) -> String {
    let open = r#"{"kind":"correction","of":"ours","reason":"no","replacement":"#;
    format!("{}null{}", open.repeat(depth), "}".repeat(depth))
}

/// An event's fields in their order, without their names.
fn positional() -> String {
    let mut fields = vec!["null"; 38];
    for (at, json) in [(0, "\"claim\""), (2, "\"eu\""), (7, "\"s\""), (8, "\"p\""), (9, "1"), (14, "\"2023\"")] {
        fields[at] = json;
    }
    format!("[{}]", fields.join(","))
}

/// Lines of an import of which the last is bad, and what the message must say of it.
pub(crate) struct Bad {
    pub(crate) name: &'static str,
    pub(crate) lines: Vec<u8>,
    pub(crate) says: &'static str,
    pub(crate) options: &'static [&'static str],
}

fn bad(name: &'static str, lines: impl Into<Vec<u8>>, says: &'static str) -> Bad {
    Bad { name, lines: lines.into(), says, options: &[] }
}

fn bad_with(
    options: &'static [&'static str],
    name: &'static str,
    lines: impl Into<Vec<u8>>,
    says: &'static str,
) -> Bad {
    Bad { options, ..bad(name, lines, says) }
}

pub(crate) fn json() -> Vec<Bad> {
    vec![
        bad("cut off", r#"{"kind":"claim","source":"yer"#, "not valid JSON at column 29: EOF while parsing a string"),
        bad("not JSON at all", "yerevan said two were wounded", "not valid JSON at column 1"),
        bad("a heading of a table", "kind,source,subject,predicate,value,stated", "not valid JSON at column 1"),
        bad("a comma too many", r#"{"kind":"claim",}"#, "not valid JSON at column 17: trailing comma"),
        bad("a comma too few", r#"{"kind":"claim" "source":"eu"}"#, "not valid JSON at column 17"),
        bad("two events on a line", format!("{} {}", good("a"), good("b")), "trailing characters"),
        bad("a list of events", format!("[{}]", good("a")), "a JSON object is expected"),
        bad("a list of fields", r#"["claim","x"]"#, "a JSON object is expected"),
        bad("a list of all fields", positional(), "a JSON object is expected"),
        bad("a string", r#""claim""#, "a JSON object is expected"),
        bad("a number", "12", "a JSON object is expected"),
        bad("null", "null", "a JSON object is expected"),
        bad("an empty object", "{}", "`kind` is missing; write claim, stance"),
        bad("not a number", value("NaN"), "not valid JSON at column"),
        bad("infinity", value("-Infinity"), "not valid JSON at column"),
        bad("a number with a plus", value("+2"), "not valid JSON at column"),
        bad("a number with a leading zero", value("007"), "not valid JSON at column"),
        bad("a name without quotes", "{kind:\"claim\"}", "key must be a string"),
        bad("single quotes", "{'kind':'claim'}", "key must be a string"),
        bad("curly quotes", "{“kind”:“claim”}", "key must be a string"),
        bad("a comment", format!("{} // sic", good("a")), "trailing characters"),
        bad("an unknown escape", source(r"a\x62"), "invalid escape"),
        bad("half a surrogate pair", source(r"a\ud800"), "not valid JSON at column"),
        bad("half a surrogate pair in a value", value(r#""a\udc00""#), "not valid JSON"),
        bad("a raw tab in a string", source("a\tb"), "control character"),
        bad(
            "bytes that are not UTF-8",
            b"{\"kind\":\"claim\",\"source\":\"\xff\"}",
            "not UTF-8 text (byte 27 of the line); save the file as UTF-8",
        ),
        bad("Latin-1", b"{\"source\":\"Sar\xe9\"}", "not UTF-8 text (byte 15 of the line)"),
        bad("a NUL byte", b"{\"kind\":\"claim\"\0}", "not valid JSON at column 16"),
        bad("a byte order mark in the middle", format!("\u{feff}{}", good("a")), "not valid JSON at column 1"),
        bad("nesting 10,000 deep", "[".repeat(10_000), "a JSON object is expected"),
        bad(
            "nesting 10,000 deep in a value",
            value(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000))),
            "`value` must be",
        ),
        bad("nesting 10,000 deep in replacements", nested_corrections(10_000), "recursion limit exceeded"),
        bad("a field twice", r#"{"kind":"claim","source":"eu","source":"baku"}"#, "duplicate field `source`"),
        bad(
            "a field twice in a citation",
            citation(r#""url":"https://a.example","url":"https://b.example""#),
            "duplicate field `url`",
        ),
        bad(
            "a line of more than a megabyte",
            value(&format!("\"{}\"", "a".repeat(1_000_000))),
            "longer than 1000000 bytes",
        ),
        bad(
            "such a line, cut within a letter",
            value(&format!("\"{}\"", "ա".repeat(600_000))),
            "longer than 1000000 bytes",
        ),
        bad(
            "a body of more than 60,000 bytes",
            value(&format!("\"{}\"", "a".repeat(60_000))),
            "at most 60000 fit in an entry: shorten",
        ),
    ]
}

pub(crate) fn fields() -> Vec<Bad> {
    vec![
        bad("an unknown kind", claim("kind", r#""rumour""#), "`kind` `rumour` is not known; write claim, stance"),
        bad("a kind in capitals", claim("kind", r#""Claim""#), "`kind` `Claim` is not known"),
        bad("an empty kind", claim("kind", r#""""#), "`kind` `` is not known"),
        bad(
            "a kind that moves the cursor",
            claim("kind", r#""\u001b[2J\u202erumor""#),
            r"`\u{1b}[2J\u{202e}rumor` is not known",
        ),
        bad(
            "a kind of two lines",
            claim("kind", r#""claim\nimport.jsonl:9: fine""#),
            "`claim ⏎ import.jsonl:9: fine` is not known",
        ),
        bad("a field that moves the cursor", claim("\u{9b}2J", "1"), r"unknown field `\u{9b}2J`"),
        bad("a field with an endless name", claim(&"a".repeat(100_000), "1"), "unknown field `aaa"),
        bad("an endless wrong value", claim("via", &format!("\"{}\"", "a".repeat(100_000))), "`via`: string \"aaa"),
        bad("an unknown field", claim("colour", "1"), "unknown field `colour`"),
        bad("a misspelt field", claim("sorce", r#""eu""#), "unknown field `sorce`"),
        bad("a field in capitals", claim("Source", r#""eu""#), "unknown field `Source`"),
        bad("an unknown field of a citation", citation(r#""link":"https://a.example""#), "unknown field `link`"),
        bad("an act on a stance", with(STANCE, "act", r#""denies""#), "`act` does not belong on a stance"),
        bad("a value on a retraction", with(RETRACTION, "value", "2"), "`value` does not belong on a retraction"),
        bad(
            "a source on a correction",
            with(CORRECTION, "source", r#""eu""#),
            "`source` does not belong on a correction",
        ),
        bad("a date on an alias", with(ALIAS, "stated", r#""2023""#), "`stated` does not belong on an alias"),
        bad("a reason on a note", with(NOTE, "reason", r#""so""#), "`reason` does not belong on a note"),
        bad("`of` on a claim", claim("of", r#""ours""#), "`of` does not belong on a claim"),
        bad(
            "an entry and a question",
            with(STANCE, "subject", r#""sotk""#),
            "a stance is taken on a claim or on a question",
        ),
        bad(
            "half a question",
            r#"{"kind":"stance","source":"eu","stance":"denies","stated":"2023","subject":"sotk"}"#,
            "`of` is needed, or `subject` and `predicate`",
        ),
        bad(
            "a claim without source",
            without(CLAIM, "source"),
            "`source` is missing; where nobody is named write unattributed",
        ),
        bad("a claim without subject", without(CLAIM, "subject"), "`subject` is missing"),
        bad("a claim without predicate", without(CLAIM, "predicate"), "`predicate` is missing"),
        bad(
            "a claim without value",
            without(CLAIM, "value"),
            r#"`value` is missing; if there is a value that nobody gave, write {"unknown":true}"#,
        ),
        bad("a claim without date", without(CLAIM, "stated"), "`stated` is missing"),
        bad("a claim without kind", without(CLAIM, "kind"), "`kind` is missing"),
        bad("a null source", claim("source", "null"), "`source` is missing"),
        bad("a stance without source", without(STANCE, "source"), "`source` is missing"),
        bad("a stance without stance", without(STANCE, "stance"), "`stance` is missing; write affirms"),
        bad("a stance on nothing", without(STANCE, "of"), "`of` is needed"),
        bad("a stance without date", without(STANCE, "stated"), "`stated` is missing"),
        bad("a retraction without source", without(RETRACTION, "source"), "`source` is missing"),
        bad("a retraction of nothing", without(RETRACTION, "of"), "`of` is missing"),
        bad("a retraction without date", without(RETRACTION, "stated"), "`stated` is missing"),
        bad("a correction of nothing", without(CORRECTION, "of"), "`of` is missing"),
        bad("a correction without reason", without(CORRECTION, "reason"), "`reason` is missing"),
        bad("a correction to nothing", without(CORRECTION, "replacement"), "`replacement` is missing; write null"),
        bad("an alias of nobody knows what", without(ALIAS, "names"), "`names` is missing; write source"),
        bad("an alias from nothing", without(ALIAS, "from"), "`from` is missing"),
        bad("an alias to nothing", without(ALIAS, "to"), "`to` is missing"),
        bad("a note on nothing", without(NOTE, "of"), "`of` is missing"),
        bad("a note without text", without(NOTE, "text"), "`text` is missing"),
        bad("an unknown act", claim("act", r#""insinuates""#), "`act` must be asserts, denies"),
        bad("an unknown stance", with(STANCE, "stance", r#""maybe""#), "`stance` must be affirms"),
        bad("an unknown kind of name", with(ALIAS, "names", r#""speaker""#), "`names` must be source"),
        bad("a source that is a number", claim("source", "3"), "`source`: integer `3` where a string is expected"),
        bad(
            "a source that is a list",
            claim("source", r#"["eu","un"]"#),
            "`source`: a list where a string is expected",
        ),
        bad("a date that is a number", claim("stated", "2023"), "`stated`: integer `2023` where"),
        bad("carriers that are a string", claim("via", r#""afp""#), "`via`: string \"afp\" where a list is expected"),
        bad(
            "translated that is a word",
            claim("translated", r#""yes""#),
            "`translated`: string \"yes\" where a boolean is expected",
        ),
        bad("tags that are numbers", claim("tags", "[1]"), "`tags`: integer `1` where a string"),
        bad("citations that are an object", claim("citations", "{}"), "`citations`: an object where a list"),
        bad(
            "a citation that is a string",
            claim("citations", r#"["https://a.example"]"#),
            "`citations`: string \"https://a.example\" where a JSON object",
        ),
        bad(
            "a citation that is a list",
            claim("citations", r#"[["https://a.example",null,null,null,null,null]]"#),
            "`citations`: a list where a JSON object",
        ),
        bad(
            "a replacement that is a string",
            with(CORRECTION, "replacement", r#""x""#),
            "`replacement`: string \"x\" where a JSON object",
        ),
        bad(
            "a replacement with something wrong",
            with(CORRECTION, "replacement", r#"{"kind":"claim","source":""}"#),
            "`replacement.",
        ),
        bad(
            "a replacement with a recorded time",
            with(CORRECTION, "replacement", r#"{"recorded":"2023-05-13T08:00:00Z"}"#),
            "cannot have a `recorded` time",
        ),
        bad("index of an envelope", claim("index", "7"), "`index` comes from `export --envelope`"),
        bad("hash of an envelope", claim("hash", r#""00""#), "`hash` comes from `export --envelope`"),
        bad("salt of an envelope", claim("salt", r#""00""#), "`salt` comes from `export --envelope`"),
        bad("the flag of an imported clock", claim("imported_clock", "true"), "`imported_clock` comes from"),
        bad("a redaction", r#"{"kind":"redaction","of":"ours","reason":"private"}"#, "cannot be appended or imported"),
    ]
}

pub(crate) fn values() -> Vec<Bad> {
    vec![
        bad("a list", value("[1,2]"), "`value` must be a string, a number"),
        bad("an empty object", value("{}"), "`value` must be a string, a number"),
        bad("null", value("null"), "`value` is missing"),
        bad(
            "an empty string",
            value(r#""""#),
            r#"`value` is empty; to say that there is a value nobody gave write {"unknown":true}"#,
        ),
        bad("blanks", value(r#"" \t""#), "`value` is empty"),
        bad("bounds crossed", value(r#"{"min":4,"max":2}"#), "`value` has its lower bound 4 above its upper bound 2"),
        bad("a bound that is a string", value(r#"{"min":"2"}"#), "take numbers"),
        bad("two forms at once", value(r#"{"min":2,"approx":3}"#), "`value` must be"),
        bad("unknown and not", value(r#"{"unknown":false}"#), "`value` must be"),
        bad("unknown and none", value(r#"{"unknown":true,"none":true}"#), "`value` must be"),
        bad("an unknown form", value(r#"{"about":3}"#), "unknown field `about`"),
        bad("a bound twice", value(r#"{"min":2,"min":3}"#), "duplicate field `min`"),
        bad("a gigantic number", value(&"9".repeat(5_000)), "does not fit: at most 28 digits"),
        bad("too many digits", value("0.12345678901234567890123456789"), "does not fit: at most 28 digits"),
        bad("an exponent too large", value("1e400"), "does not fit"),
        bad("an exponent beyond all bounds", value("1e99999999999999999999"), "does not fit"),
        bad("a date that is none", value(r#"{"date":"2023-02-30"}"#), "is not in the calendar"),
        bad("a date that is a number", value(r#"{"date":20230514}"#), "`value` must be"),
        bad("an empty quote", claim("quote", r#"" ""#), "`quote` is empty"),
        bad("an empty modality", claim("modality", r#""""#), "`modality` is empty"),
        bad("an empty reason", with(CORRECTION, "reason", r#""""#), "`reason` is empty"),
        bad("an empty note", with(NOTE, "text", r#""\n""#), "`text` is empty"),
    ]
}

const BERLIN: &[&str] = &["--timezone", "Europe/Berlin"];

pub(crate) fn dates() -> Vec<Bad> {
    vec![
        bad("30 February", stated("2023-02-30"), "`stated` the date `2023-02-30` is not in the calendar"),
        bad("29 February of a common year", stated("2023-02-29"), "is not in the calendar"),
        bad("month 13", stated("2023-13-01"), "is not in the calendar"),
        bad("hour 24", stated("2023-05-12T24:00:00Z"), "`2023-05-12T24:00:00Z`"),
        bad("a leap second", stated("2016-12-31T23:59:60Z"), "`2016-12-31T23:59:60Z`"),
        bad(
            "an hour on 30 February",
            stated("2023-02-30T08:00:00Z"),
            "the date `2023-02-30T08:00:00Z` is not in the calendar",
        ),
        bad("day before month", stated("12-05-2023"), "is not a date; write 2023-05-12"),
        bad("slashes", stated("12/05/2023"), "is not a date; write 2023-05-12"),
        bad("dots", stated("12.05.2023"), "is not a date; write 2023-05-12"),
        bad("no zeros", stated("2023-5-9"), "is not a date"),
        bad("words", stated("last Friday"), "`last Friday` is not a date"),
        bad("a space instead of T", stated("2023-05-12 08:00"), "is not a date"),
        bad("Arabic digits", stated("٢٠٢٣-٠٥-١٢"), "is not a date"),
        bad("full-width digits", stated("２０２３"), "is not a date"),
        bad("empty", stated(""), "`stated` `` is not a date"),
        bad("too long to repeat", stated(&"2".repeat(500)), "is not a date"),
        bad("no end", stated("2023-09-19/.."), "never ends"),
        bad("an unknown end", stated("2023-09-19/"), "never ends"),
        bad("no date at either end", stated("../.."), "has no date at either end"),
        bad("an interval backwards", stated("2023-05-12/2023-05-01"), "ends before it begins"),
        bad("a season", stated("2023-21"), "has no agreed last day; write a month or a day"),
        bad("a year of many digits", stated("Y170000002"), "no agreed last day"),
        bad("a month that may be any", stated("XXXX-05"), "is not a date"),
        bad("published that is none", claim("published", r#""soon""#), "`published` `soon` is not a date"),
        bad("occurred that is none", claim("occurred", r#""2023-06-31""#), "`occurred` the date `2023-06-31`"),
        bad(
            "an unknown zone",
            claim("timezone", r#""Yerevan""#),
            "`timezone` `Yerevan` is not a time zone; write an IANA name",
        ),
        bad_with(BERLIN, "an hour that came twice", stated("2023-10-29T02:30:00"), "write the offset"),
        bad_with(BERLIN, "an hour that never came", stated("2023-03-26T02:30:00"), "write the offset"),
        bad_with(BERLIN, "such an hour in a value", value(r#"{"date":"2023-03-26T02:30:00"}"#), "write the offset"),
    ]
}

pub(crate) fn names() -> Vec<Bad> {
    let items = |item: &str| format!("[{}]", [item; 257].join(","));
    vec![
        bad("an empty source", source(""), "`source` is empty; where nobody is named write unattributed"),
        bad("a blank source", source(" \u{a0}\u{3000}"), "`source` is empty"),
        bad("an empty subject", claim("subject", r#""""#), "`subject` is empty"),
        bad("an empty speaker", claim("speaker", r#""""#), "`speaker` is empty"),
        bad("an empty carrier", claim("via", r#"["afp",""]"#), "`via[1]` is empty"),
        bad("a line break", source(r"ba\nku"), "`source` contains the control character U+000A"),
        bad("an escape character", source(r"\u001b[31mbaku"), "control character U+001B"),
        bad("a C1 control character", source("ba\u{85}ku"), "control character U+0085"),
        bad("a NUL", source(r"baku\u0000"), "control character U+0000"),
        bad("a zero-width space", source("bak\u{200b}u"), "invisible character U+200B"),
        bad("right-to-left override", source("\u{202e}ukab"), "invisible character U+202E"),
        bad("a soft hyphen", source("ba\u{ad}ku"), "invisible character U+00AD"),
        bad("a joiner at the end", source("baku\u{200d}"), "invisible character U+200D"),
        bad("a joiner between digits", source("1\u{200c}2"), "invisible character U+200C"),
        bad("a source too long", source(&"a".repeat(257)), "`source` is 257 bytes long; at most 256"),
        bad("a unit too long", claim("unit", &format!("\"{}\"", "ա".repeat(129))), "`unit` is 258 bytes long"),
        bad("a tag with a tab", claim("tags", r#"["a","b\tc"]"#), "`tags[1]` contains the control character U+0009"),
        bad("an empty id", claim("id", r#""""#), "`id` is empty"),
        bad("an id with a blank before", claim("id", r#"" a""#), "`id` is not trimmed"),
        bad("an id like a number", claim("id", r##""#7""##), "`id` starts with `#`, which is kept for entry numbers"),
        bad("an id like a digest", claim("id", r#""content:x""#), "`id` starts with `content:`"),
        bad("an id too long", claim("id", &format!("\"{}\"", "a".repeat(257))), "`id` is 257 bytes long"),
        bad("a language in words", claim("lang", r#""Armenian?""#), "`lang` is not a language tag; write en, hy"),
        bad("a language of one letter", claim("lang", r#""h""#), "`lang` is not a language tag"),
        bad(
            "an address without scheme",
            citation(r#""url":"www.example.org/a""#),
            "`citations[0].url` is not an address",
        ),
        bad(
            "an address with a space",
            citation(r#""url":"https://example.org/a b""#),
            "`citations[0].url` contains a space",
        ),
        bad("an empty address", citation(r#""url":"""#), "`citations[0].url` is empty"),
        bad("a citation that leads nowhere", citation(r#""exact":"two""#), "`citations[0]` needs an address"),
        bad("an empty citation", citation(""), "`citations[0]` needs an address"),
        bad("words around nothing", citation(r#""url":"https://a.example","prefix":"at least""#), "without `exact`"),
        bad("a hash too short", citation(r#""blake3":"abc""#), "`citations[0].blake3`"),
        bad("a hash that is none", citation(&format!(r#""blake3":"{}""#, "g".repeat(64))), "not 64 hexadecimal digits"),
        bad("too many carriers", claim("via", &items(r#""afp""#)), "`via` has 257 items; at most 256 are allowed"),
        bad("too many tags", claim("tags", &items(r#""t""#)), "`tags` has 257 items"),
        bad(
            "too many citations",
            claim("citations", &items(r#"{"url":"https://a.example"}"#)),
            "`citations` has 257 items",
        ),
    ]
}

pub(crate) fn references() -> Vec<Bad> {
    vec![
        bad("an unknown id", stance_on("nobody"), "there is no entry nobody, neither in the ledger nor earlier"),
        bad(
            "a line that comes later",
            stance_on("after"),
            "there is no entry after, neither in the ledger nor earlier",
        ),
        bad("itself", with(NOTE, "of", r#""me","id":"me""#), "there is no entry me"),
        bad("a number", stance_on("#3"), "`of` is `#3`: in a file, point at entries by `id`"),
        bad("a number that is none", stance_on("#x"), "`#x` is not an entry number"),
        bad("a number beyond all bounds", stance_on("#99999999999999999999999"), "is not an entry number"),
        bad("empty", stance_on(""), "`of` is empty"),
        bad(
            "a digest of nothing in the file",
            stance_on(&format!("content:{}", "0".repeat(32))),
            "there is no entry content:00",
        ),
        bad("a digest too short", stance_on("content:00"), "is not a content digest"),
        bad(
            "a number inside a replacement",
            with(CORRECTION, "replacement", &stance_on("#1")),
            "`replacement.of` is `#1`",
        ),
        bad(
            "an id with other content",
            good("ours"),
            "the id `ours` already belongs to an event that says something else (#0,",
        ),
        bad(
            "an id with other content in the file",
            format!("{}\n{}", good("twice"), with(NOTE, "id", r#""twice""#)),
            "the id `twice` already belongs to",
        ),
    ]
}

pub(crate) fn rules() -> Vec<Bad> {
    let replacing =
        |of: &str, json: &str| format!(r#"{{"kind":"correction","of":"{of}","reason":"so","replacement":{json}}}"#);
    let own = |json: &str| with(CORRECTION, "replacement", json);
    vec![
        bad(
            "another's claim taken back",
            retraction_of("theirs"),
            "was said by `baku`; `yerevan` can only take back what it said itself",
        ),
        bad("another's stance taken back", retraction_of("denial"), "was said by `baku`"),
        bad(
            "a retraction taken back",
            retraction_of("taken-back"),
            "is a retraction; only a claim or a stance can be taken back",
        ),
        bad("a correction taken back", retraction_of("mended"), "is a correction; only a claim or a stance"),
        bad("a note taken back", retraction_of("remark"), "is a note; only a claim or a stance"),
        bad(
            "a corrected-away claim taken back",
            retraction_of("satire"),
            "was corrected away by #8: it was never a statement",
        ),
        bad("a stance on a stance", stance_on("denial"), "is a stance; a stance is taken on a claim or on a question"),
        bad("a stance on an alias", stance_on("spelling"), "is an alias; a stance is taken on"),
        bad("a stance on what was never said", stance_on("satire"), "it was never a statement"),
        bad(
            "a replacement of another kind",
            own(NOTE_ON_THEIRS),
            "is a claim, and its replacement must be one too, not a note",
        ),
        bad(
            "a replacement with an id",
            own(&good("mine")),
            "the replacement has an `id`; a corrected entry keeps its own",
        ),
        bad(
            "a correction moved to another entry",
            replacing("mended", r#"{"kind":"correction","of":"ours","reason":"so","replacement":null}"#),
            "the replacement must be a correction of #5 too",
        ),
        bad(
            "a note on itself",
            replacing("remark", r#"{"kind":"note","of":"remark","text":"x"}"#),
            "which is the corrected entry itself",
        ),
        bad("corrections nine deep", corrections(9), "correct the original entry instead"),
        bad("replacements nine deep", nested_corrections(9), "is nested too deeply"),
        bad("an alias of itself", alias("eu", "eu"), "`eu` cannot be an alias of itself"),
        bad("an alias of itself after normalising", alias("e\u{301}", " \u{e9}"), "cannot be an alias of itself"),
        bad("a second target", alias("erevan", "armenia"), "`erevan` is already an alias of `yerevan`"),
        bad("a circle", alias("yerevan", "erevan"), "are already one, shown as `yerevan`"),
        bad("from nobody", alias("unattributed", "eu"), "`unattributed` stands for nobody"),
        bad("to nobody", alias("eu", "unattributed"), "`unattributed` stands for nobody"),
    ]
}

const NOTE_ON_THEIRS: &str = r#"{"kind":"note","of":"theirs","text":"x"}"#;
const CLOCK: &[&str] = &["--imported-clock"];

pub(crate) fn recorded_times() -> Vec<Bad> {
    vec![
        bad(
            "without --imported-clock",
            recorded("2023-05-13T08:00:00Z"),
            "`recorded` is set by the ledger; use --imported-clock",
        ),
        bad_with(
            CLOCK,
            "before the last entry",
            recorded("2023-05-13T08:00:00Z"),
            "is earlier than that of the entry before it",
        ),
        bad_with(CLOCK, "in the future", recorded("2999-01-01T00:00:00Z"), "lies in the future"),
        bad_with(
            CLOCK,
            "no time",
            recorded("2023-05-13"),
            "`recorded` `2023-05-13` is not a time; write 2023-05-13T08:00:00Z",
        ),
        bad_with(CLOCK, "words", recorded("yesterday"), "`yesterday` is not a time"),
        bad_with(CLOCK, "no offset", recorded("2023-05-13T08:00:00"), "is not a time"),
        bad_with(CLOCK, "too fine", recorded("2023-05-13T08:00:00.1234567Z"), "at most 6 decimals"),
        bad_with(CLOCK, "empty", recorded(""), "`recorded` `` is not a time"),
        bad("an empty recorder", claim("recorder", r#""""#), "`recorder` is empty"),
    ]
}

/// A command line, the ledger it meets (if any), the exit code and what the message must say.
pub(crate) struct Typed {
    pub(crate) name: &'static str,
    pub(crate) ledger: Option<&'static str>,
    pub(crate) args: &'static [&'static str],
    pub(crate) code: i32,
    pub(crate) says: &'static str,
}

fn typed(name: &'static str, args: &'static [&'static str], code: i32, says: &'static str) -> Typed {
    typed_at(Some("ledger"), name, args, code, says)
}

fn typed_at(
    ledger: Option<&'static str>,
    name: &'static str,
    args: &'static [&'static str],
    code: i32,
    says: &'static str,
) -> Typed {
    Typed { name, ledger, args, code, says }
}

use super::{FAILED, REFUSED, USAGE};

/// `append` with everything it needs; options given later win or are added.
macro_rules! append {
    ($($more:literal),*) => {
        &["append", "--source", "eu", "--subject", "s", "--predicate", "p", "--stated", "2023-05-12", $($more),*]
    };
}

pub(crate) fn commands() -> Vec<Typed> {
    vec![
        typed("no command", &[], USAGE, "Usage"),
        typed(
            "an unknown command",
            &["retrcat"],
            USAGE,
            "similar subcommands exist: 'correct', 'restore', 'report', 'redact', 'retract'",
        ),
        typed("an unknown option", &["log", "--everything"], USAGE, "unexpected argument '--everything'"),
        typed("an unknown format", &["log", "--format", "xml"], USAGE, "possible values: table, json"),
        typed("an option twice", append!("--value", "1", "--value", "2"), USAGE, "cannot be used multiple times"),
        typed("a retraction of nothing", &["retract", "--source", "eu", "--stated", "2023"], USAGE, "--of <OF>"),
        typed("a correction without reason", &["correct", "--of", "ours", "--withdraw"], USAGE, "--reason <REASON>"),
        typed("an import of nothing", &["import"], USAGE, "<FILE>"),
        typed(
            "an unknown zone",
            &["--timezone", "Mars/Olympus", "log"],
            USAGE,
            "--timezone: `Mars/Olympus` is not a time zone; write",
        ),
        typed(
            "a recorder with a control character",
            &["--recorder", "a\tb", "note", "--of", "ours", "--text", "x"],
            USAGE,
            "--recorder: contains the control character U+0009",
        ),
        typed(
            "an uncertain cutoff",
            &["replay", "--as-of", "2023-05-12?"],
            USAGE,
            "--as-of: `2023-05-12?` is not one day",
        ),
        typed("a cutoff in words", &["replay", "--as-of", "tomorrow"], USAGE, "--as-of: `tomorrow` is not a date"),
        typed("an empty cutoff", &["replay", "--as-of", ""], USAGE, "--as-of: `` is not a date"),
        typed("a cutoff that is an interval", &["replay", "--as-of", "2023-05-11/2023-05-12"], USAGE, "is not one day"),
        typed(
            "a bad --known-at",
            &["replay", "--known-at", "2023-02-30"],
            USAGE,
            "--known-at: the date `2023-02-30` is not in the calendar",
        ),
        typed("a source that is empty", &["replay", "--source", ""], USAGE, "--source: is empty"),
        typed("a subject that is empty", &["replay", "--subject", " "], USAGE, "--subject: is empty"),
        typed("a predicate that is empty", &["log", "--predicate", ""], USAGE, "--predicate: is empty"),
        typed("a tag that is empty", &["export", "--tag", ""], USAGE, "--tag: is empty"),
        typed("a carrier that is empty", &["replay", "--via", "\u{a0}"], USAGE, "--via: is empty"),
        typed(
            "a recorder with an invisible character",
            &["log", "--recorded-by", "a\u{200b}"],
            USAGE,
            "--recorded-by: contains the invisible character U+200B",
        ),
        typed("a page from nowhere", &["log", "--from", "-1"], USAGE, "unexpected argument '-1'"),
        typed("a page in words", &["export", "--from", "the start"], USAGE, "invalid value 'the start'"),
        typed("a page of everything", &["log", "--all", "--limit", "3"], USAGE, "cannot be used with"),
        typed(
            "a head that is none",
            append!("--value", "1", "--expect-head", "abc"),
            USAGE,
            "--expect-head: `abc` is not a receipt; write SIZE:HASH",
        ),
        typed(
            "a head of another time",
            append!(
                "--value",
                "1",
                "--expect-head",
                "1:0000000000000000000000000000000000000000000000000000000000000000"
            ),
            REFUSED,
            "nothing was appended. Look at what is new with `sayso log`",
        ),
        typed(
            "withdrawn and changed",
            &["correct", "--of", "ours", "--reason", "x", "--withdraw", "--value", "3"],
            USAGE,
            "--withdraw leaves nothing to change",
        ),
        typed(
            "withdrawn and replaced",
            &["correct", "--of", "ours", "--reason", "x", "--withdraw", "--replacement", "{}"],
            USAGE,
            "cannot be used with",
        ),
        typed(
            "replaced and changed",
            &["correct", "--of", "ours", "--reason", "x", "--replacement", "{}", "--value", "3"],
            USAGE,
            "--replacement is the whole entry",
        ),
        typed(
            "corrected to the same",
            &["correct", "--of", "ours", "--reason", "x"],
            USAGE,
            "say what it should have been",
        ),
        typed(
            "a replacement that is no JSON",
            &["correct", "--of", "ours", "--reason", "x", "--replacement", "{"],
            REFUSED,
            "--replacement: not valid JSON",
        ),
        typed(
            "a correction of what is not there",
            &["correct", "--of", "nobody", "--reason", "x", "--withdraw"],
            REFUSED,
            "there is no entry nobody",
        ),
        typed(
            "a correction of the corrected away",
            &["correct", "--of", "satire", "--reason", "x", "--value", "3"],
            REFUSED,
            "to bring it back, withdraw that correction",
        ),
        typed(
            "a unit on a stance",
            &["correct", "--of", "denial", "--reason", "x", "--unit", "people"],
            REFUSED,
            "unit` does not belong on a stance",
        ),
        typed(
            "words and a value",
            append!("--text", "two", "--value", "2"),
            USAGE,
            "with --text or with --value, not with both",
        ),
        typed(
            "an empty source",
            &["append", "--source", "", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023"],
            REFUSED,
            "`source` is empty; where nobody is named write unattributed",
        ),
        typed(
            "no source",
            &["append", "--subject", "s", "--predicate", "p", "--value", "1", "--stated", "2023"],
            REFUSED,
            "`source` is missing",
        ),
        typed("no value", append!(), REFUSED, "`value` is missing"),
        typed("an empty value", append!("--value", ""), REFUSED, "--value: is empty"),
        typed("empty words", append!("--text", " "), REFUSED, "--text: is empty"),
        typed("bounds crossed", append!("--value", "4..2"), REFUSED, "--value: has its lower bound 4 above"),
        typed("more than a half", append!("--value", ">2.5"), REFUSED, "more than or less than needs a whole number"),
        typed(
            "a value like a date",
            append!("--value", "2023-02-30"),
            REFUSED,
            "--value: the date `2023-02-30` is not in the calendar",
        ),
        typed(
            "an address without scheme",
            append!("--value", "1", "--url", "example.org"),
            REFUSED,
            "is not an address",
        ),
        typed(
            "a stance that is none",
            &["stance", "--source", "eu", "--stance", "shrugs", "--of", "ours", "--stated", "2023"],
            REFUSED,
            "`stance` must be affirms",
        ),
        typed("a number beyond the end", &["note", "--of", "#99", "--text", "x"], REFUSED, "there is no entry #99"),
        typed(
            "an id with other content",
            append!("--value", "1", "--id", "ours"),
            REFUSED,
            "the id `ours` already belongs to an event that says something else (#0",
        ),
        typed(
            "an alias in a circle",
            &["alias", "--names", "source", "--from", "yerevan", "--to", "erevan"],
            REFUSED,
            "are already one",
        ),
        typed(
            "an entry that is not there",
            &["show", "nobody"],
            REFUSED,
            "there is no entry nobody; `sayso log` lists",
        ),
        typed("an index that is not there", &["show", "#99"], REFUSED, "there is no entry #99"),
        typed("an index that is none", &["show", "#x"], USAGE, "`#x` is not an entry number"),
        typed("a log from nowhere", &["log", "--from", "start"], USAGE, "invalid value 'start'"),
        typed("an import of a missing file", &["import", "missing.jsonl"], FAILED, "missing.jsonl: "),
        typed(
            "an import of a directory",
            &["import", "papers"],
            FAILED,
            "papers is a directory; name a file of JSON Lines",
        ),
        typed(
            "an export over a file",
            &["export", "--output", "kept.jsonl"],
            REFUSED,
            "kept.jsonl is already there; name another file",
        ),
        typed("an export into nowhere", &["export", "--output", "missing/a.jsonl"], FAILED, "missing"),
        typed(
            "a receipt that is none",
            &["audit", "--receipt", "hello"],
            USAGE,
            "`hello` is neither a receipt (SIZE:HASH or '#INDEX HASH') nor a file",
        ),
        typed(
            "a file without receipts",
            &["audit", "--receipt", "no-receipt.txt"],
            USAGE,
            "no-receipt.txt:2: not a receipt; write",
        ),
    ]
}

pub(crate) fn places() -> Vec<Typed> {
    vec![
        typed_at(None, "nothing here or above", &["log"], FAILED, "there is no ledger here: no .sayso in "),
        typed_at(
            Some("missing"),
            "a missing directory",
            &["log"],
            FAILED,
            "missing is not there; make a ledger with `sayso init missing`, or name another with --ledger DIR",
        ),
        typed_at(
            Some("empty"),
            "an empty directory",
            &["log"],
            FAILED,
            "empty is not a sayso ledger; make one with `sayso init`",
        ),
        typed_at(Some("file"), "a file", &["log"], FAILED, "file is not a sayso ledger"),
        typed_at(Some("foreign"), "a directory of another program", &["log"], FAILED, "foreign is not a sayso ledger"),
        typed_at(Some("garbled"), "a version that is no number", &["audit"], FAILED, "garbled is not a sayso ledger"),
        typed_at(
            Some("newer"),
            "reading a newer format",
            &["log"],
            FAILED,
            "newer has ledger format 2, and this program reads up to 1; install a newer sayso",
        ),
        typed_at(Some("newer"), "auditing a newer format", &["audit"], FAILED, "install a newer sayso"),
        typed_at(Some("newer"), "writing to a newer format", append!("--value", "1"), FAILED, "install a newer sayso"),
        typed_at(Some("missing"), "importing into nothing", &["import", "base.jsonl"], FAILED, "missing is not there"),
        typed(
            "init where a ledger is",
            &["init"],
            REFUSED,
            "ledger is already there and is a ledger; nothing was changed",
        ),
        typed(
            "init in a directory in use",
            &["init", "full"],
            REFUSED,
            "full is already there and is not empty; name a directory that is not there yet",
        ),
        typed("init over a file", &["init", "file"], REFUSED, "file is a file; name a directory that is not there yet"),
        typed("init below a file", &["init", "file/ledger"], FAILED, "file/ledger: "),
        typed("init in another program's directory", &["init", "foreign"], REFUSED, "foreign is already there"),
        typed(
            "the demo in a ledger with other entries",
            &["demo", "ledger"],
            REFUSED,
            "the demo leaves it alone; name another place",
        ),
        typed("the demo in a directory in use", &["demo", "full"], REFUSED, "full is already there and is not empty"),
        typed("the demo in another program's directory", &["demo", "foreign"], FAILED, "foreign is not a sayso ledger"),
    ]
}

/// What must wait while another process has the ledger.
pub(crate) const LOCKED_OUT: &[&[&str]] = &[
    append!("--value", "1"),
    &["import", "more.jsonl"],
    &["replay"],
    &["log"],
    &["show", "ours"],
    &["export"],
    &["audit"],
    &["demo", "ledger"],
];
