"""Reads our exports with programs that we did not write, and holds what comes out against what the ledger says of itself.

    check.py DIR

DIR has claims.jsonld, reviews.jsonld, statements.csv and story.md, and beside them shows.json (`sayso show` of every claim that
stands) and compare.json (`sayso compare`). It prints how many of each were read, and ends with exit code 1 at the first difference.
"""

import csv
import json
import re
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

from followthemoney import model
from followthemoney.statement.serialize import read_csv_statements
from followthemoney.statement.statement import Statement
from markdown_it import MarkdownIt
from pyld import jsonld
from rdflib.namespace import SDO

SCHEMA = "https://schema.org/"
EDTF = "http://id.loc.gov/datatypes/edtf/EDTF"


def check(condition, *what):
    if not condition:
        print("check.py:", *what, file=sys.stderr)
        sys.exit(1)


def read(name):
    # Numbers as they are written: no digit may be lost on the way.
    return json.loads((directory / name).read_text(), parse_int=str, parse_float=str)


# --- what the ledger says ---

def said(value):
    """A value of the exchange form as (least, most, words)."""
    if isinstance(value, bool):
        return (None, None, "yes" if value else "no")
    if isinstance(value, dict):
        if "min" in value or "max" in value:
            return (value.get("min"), value.get("max"), None)
        kind, inner = next(iter(value.items()))
        return (None, None, {"approx": f"~{inner}", "date": inner}.get(kind, kind))
    # A number was read as its digits, and words as themselves: `unquoted` tells them apart.
    return (value, value, None) if isinstance(value, Digits) else (None, None, value)


class Digits(str):
    """The digits of a number."""


def expected():
    shown = {}
    for row in read("compare.json")["questions"]:
        for cell in row["cells"] + ([row["unattributed"]] if row["unattributed"] else []):
            for index in (cell["standing"] or {"entries": []})["entries"]:
                shown[int(index)] = (cell["source"], row["subject"], row["predicate"])
    shows = json.loads((directory / "shows.json").read_text(), parse_int=Digits, parse_float=Digits)
    for show in shows:
        event = show["reads_as"] or show["event"]
        # Names that were joined are shown under the newest one.
        source, subject, predicate = shown[int(show["index"])]
        yield int(show["index"]), {
            "source": source,
            "subject": subject,
            "predicate": predicate,
            "value": said(event["value"]),
            "unit": event.get("unit"),
            "stated": event["stated"],
            "urls": sorted(c["url"] for c in event.get("citations", []) if c.get("url", "").lower().startswith(("http://", "https://"))),
            "web": sorted(c["url"] for c in event.get("citations", []) if c.get("url", "").startswith("http")),
            "hash": show["hash"],
            # A correction takes an entry's own id from nobody.
            "id": show["event"].get("id"),
        }


# --- JSON-LD ---

def offline(url, options):
    """The context of schema.org, as far as it is needed: its words, and which of them are addresses."""
    check(url.rstrip("/") == "https://schema.org", "an unexpected context", url)
    context = {"@vocab": SCHEMA, "url": {"@type": "@id"}, "archivedAt": {"@type": "@id"}}
    for date in ("datePublished", "dateCreated"):
        context[date] = {"@type": "Date"}
    return {"contextUrl": None, "documentUrl": url, "document": {"@context": context}}


def graph(name):
    document = json.loads((directory / name).read_text())
    return jsonld.expand(document, {"documentLoader": offline})


def known_words(node):
    """Every property and type has to be one that schema.org has."""
    if isinstance(node, list):
        for part in node:
            known_words(part)
    elif isinstance(node, dict):
        for key, inner in node.items():
            words = inner if key == "@type" and isinstance(inner, list) else [] if key.startswith("@") else [key]
            for word in words:
                check(word.startswith(SCHEMA), "not of schema.org:", word)
                check(SDO[word.removeprefix(SCHEMA)] in SDO, "unknown to schema.org:", word)
            if not key.startswith("@"):
                known_words(inner)


def all_of(node, word):
    return node.get(SCHEMA + word, [])


def one(node, word):
    values = all_of(node, word)
    check(len(values) <= 1, word, "stands several times in", node)
    return values[0] if values else None


def text(node, word):
    value = one(node, word)
    return None if value is None else value.get("@value", value.get("@id"))


def digits(node, word):
    value = text(node, word)
    return None if value is None else str(value)


def claim_of(node):
    check(node["@type"] == [SCHEMA + "Claim"], "not a claim", node["@type"])
    answer = one(node, "mainEntity")
    value = one(answer, "value")
    least, most, words = digits(answer, "minValue"), digits(answer, "maxValue"), None
    if value is not None:
        raw = value["@value"]
        if isinstance(raw, bool):
            words = "yes" if raw else "no"
        elif isinstance(raw, int):
            least = most = str(raw)
        else:
            words = raw
    author = one(node, "author")
    date = one(node, "datePublished")
    is_edtf = date.get("@type") == EDTF
    check(is_edtf or re.fullmatch(r"\d{4}(-\d\d(-\d\d(T[0-9:]+(Z|[+-]\d\d:\d\d))?)?)?", date["@value"]), "not a date", date)
    hashes = [text(i, "value") for i in all_of(node, "identifier") if "@value" not in i]
    return int(node["@id"].rpartition(":")[2]), {
        "source": "unattributed" if author is None else text(author, "name"),
        "subject": text(one(node, "about"), "name"),
        "predicate": text(answer, "propertyID"),
        "value": (least, most, words),
        "unit": text(answer, "unitText"),
        "stated": date["@value"],
        "urls": sorted(u["@id"] for work in all_of(node, "appearance") for u in all_of(work, "url")),
        "hash": hashes[0],
        "id": next((i["@value"] for i in all_of(node, "identifier") if "@value" in i), None),
    }


def check_claim(index, claim, want):
    want = dict(want)
    least, most, words = want["value"]
    if words in ("unknown", "none") and claim["value"] == (None, None, None):
        words = None  # there is no value to give; the description says which
    got = claim["value"]
    # Long and broken numbers come as text.
    if least is not None and least == most and got == (None, None, least):
        got = (least, most, None)
    check(got == (least, most, words), f"#{index}: the value", got, "and not", want["value"])
    for part in ("source", "subject", "predicate", "unit", "stated", "urls", "hash", "id"):
        check(claim[part] == want[part], f"#{index}: {part}", claim[part], "and not", want[part])


def check_claims(want):
    nodes = graph("claims.jsonld")
    known_words(nodes)
    claims = dict(claim_of(node) for node in nodes)
    check(claims.keys() == want.keys(), "claims", sorted(claims), "and not", sorted(want))
    for index, claim in claims.items():
        check_claim(index, claim, want[index])
    # As triples, too: nothing may get lost that has no absolute address.
    triples = jsonld.to_rdf(json.loads((directory / "claims.jsonld").read_text()), {"documentLoader": offline})
    check(len(triples["@default"]) > 5 * len(claims), "few triples:", len(triples["@default"]))
    return len(claims)


def check_reviews(want):
    nodes = graph("reviews.jsonld")
    known_words(nodes)
    rows = {(row["subject"], row["predicate"]): row for row in read("compare.json")["questions"]}
    claims, reviews = {}, 0
    for node in nodes:
        if node["@type"] == [SCHEMA + "Claim"]:
            index, claim = claim_of(node)
            claims[index] = claim
            continue
        check(node["@type"] == [SCHEMA + "ClaimReview"], "not a review", node["@type"])
        reviews += 1
        under = dict(claim_of(item) for item in all_of(node, "itemReviewed"))
        questions = {(claim["subject"], claim["predicate"]) for claim in under.values()}
        check(len(questions) == 1, "a review of several questions", questions)
        check(all(claim["source"] != "unattributed" for claim in under.values()), "nobody's claim under review")
        row = rows[questions.pop()]
        rating = one(node, "reviewRating")
        check(text(rating, "alternateName") == row["verdict"], "verdict", text(rating, "alternateName"), row["verdict"])
        # No number, no scale: nothing that could be read as true or false.
        words = {key for key in rating if key != "@type"}
        check(words <= {SCHEMA + "alternateName", SCHEMA + "ratingExplanation"}, "a rating with", words)
        check("nothing about which of them is right" in text(node, "reviewAspect"), "the aspect")
        claims.update(under)
    check(claims.keys() == want.keys(), "claims under review or beside", sorted(claims), "and not", sorted(want))
    for index, claim in claims.items():
        check_claim(index, claim, want[index])
    return reviews


# --- FollowTheMoney ---

def bounds(words, unit):
    """`>=2 people` as (least, most, words)."""
    if unit is not None:
        check(words.endswith(" " + unit), "no unit", unit, "in", words)
        words = words[: -len(unit) - 1]
    number = r"-?\d+(?:\.\d+)?"
    for pattern, ends in [
        (rf"({number})", "both"),
        (rf">=({number})", "least"),
        (rf"<=({number})", "most"),
        (rf"({number})\.\.({number})", "two"),
    ]:
        if found := re.fullmatch(pattern, words):
            first, last = found.group(1), found.group(found.lastindex)
            return {"both": (first, first, None), "least": (first, None, None), "most": (None, first, None)}.get(
                ends, (first, last, None)
            )
    return (None, None, words)


def check_statements(want):
    path = directory / "statements.csv"
    with path.open("rb") as file:
        statements = list(read_csv_statements(file))
    with path.open(newline="") as file:
        types = {row["id"]: row["prop_type"] for row in csv.DictReader(file)}
    check(len(types) == len(statements), "two statements with one id")
    entities = {}
    for statement in statements:
        check(statement.id == statement.generate_key(), "an id that is not its own", statement)
        check(types[statement.id] == statement.prop_type, "the type of", statement.prop)
        schema = model.get(statement.schema)
        if statement.prop != Statement.BASE:
            prop = schema.get(statement.prop)
            check(prop.type.validate(statement.value), "not a", prop.type.name, statement.value)
            if prop.type.name == "date":
                check(prop.type.clean(statement.value) == statement.value, "a date that is changed", statement.value)
        entities.setdefault(statement.entity_id, {"schema": statement.schema, "all": []})["all"].append(statement)
    seen = {}
    for entity_id, entity in entities.items():
        props = {}
        for statement in entity["all"]:
            props.setdefault(statement.prop, []).append(statement.value)
        entity["props"] = props
        data = {"id": entity_id, "schema": entity["schema"], "properties": {k: v for k, v in props.items() if k != "id"}}
        proxy = model.get_proxy(data)
        check(sorted(proxy.properties) == sorted(data["properties"]), "properties that do not fit", data)
        required = [name for name in model.get(entity["schema"]).required if name not in props]
        check(not required, entity_id, "lacks", required)
    for entity_id, entity in entities.items():
        if entity["schema"] != "Event":
            check(entity["schema"] == "LegalEntity", "an unexpected", entity["schema"])
            continue
        index, props = int(entity_id.rpartition("-")[2]), entity["props"]
        if index not in want:
            continue  # a stance
        expect = want[index]
        parties = [entities[party]["props"]["name"][0] for party in props.get("involved", [])]
        check(parties == ([] if expect["source"] == "unattributed" else [expect["source"]]), f"#{index}: parties", parties)
        check(props["name"] == [f"{expect['subject']}, {expect['predicate']}"], f"#{index}: the question", props["name"])
        check(bounds(props["summary"][0], expect["unit"]) == expect["value"], f"#{index}: the value", props["summary"])
        check(sorted(props.get("sourceUrl", [])) == sorted(set(expect["web"])), f"#{index}: urls", props.get("sourceUrl"))
        check(expect["hash"] in props["recordId"], f"#{index}: the hash")
        dates = [s for s in entity["all"] if s.prop in ("date", "startDate", "endDate")]
        written = {s.original_value or s.value for s in dates}
        check(written == {expect["stated"]}, f"#{index}: the date", written, "and not", expect["stated"])
        seen[index] = True
    check(seen.keys() == want.keys(), "statements of", sorted(seen), "and not", sorted(want))
    return len(statements)


# --- Markdown ---

def check_no_guessed_links(source, links):
    """Readers that make links of bare addresses find no more than those that do not. Only where the package for it is installed."""
    try:
        import linkify_it  # noqa: F401
    except ImportError:
        return
    tokens = MarkdownIt("gfm-like").parse(source)
    found = [c.attrs["href"] for t in tokens if t.type == "inline" for c in t.children if c.type == "link_open"]
    check(found == links, "words became links", set(found) - set(links))


def check_story(want):
    source = (directory / "story.md").read_text()
    tokens = MarkdownIt("commonmark").parse(source)
    headings, links, words = [], [], []
    for at, token in enumerate(tokens):
        check(token.type != "html_block", "HTML in the story", token.content)
        if token.type == "heading_open":
            inline = tokens[at + 1]
            headings.append((token.tag, "".join(child.content for child in inline.children)))
            check(not any(child.type == "link_open" for child in inline.children), "a link in a heading")
        if token.type == "inline":
            for child in token.children:
                check(child.type not in ("html_inline", "image"), "HTML or a picture in the story", child.content)
                if child.type == "link_open":
                    links.append(child.attrs["href"])
            words.append("".join(c.content or " " for c in token.children))
    check_no_guessed_links(source, links)
    rows = read("compare.json")["questions"]
    check([t for h, t in headings if h == "h3"] == [row["predicate"] for row in rows], "the questions", headings)
    whole = "\n".join(words)
    for index, expect in want.items():
        check(re.search(rf"#{index}\b", whole), f"#{index} is not in the story")
        for url in expect["web"]:
            check(url in links or not url.isascii(), "no link to", url)
    check(all(link.startswith("http") for link in links), "a link to something else than the web", links)
    return len(links)


directory = Path(sys.argv[1])
want = dict(expected())
counts = {
    "claims": check_claims(want),
    "reviews": check_reviews(want),
    "statements": check_statements(want),
    "links": check_story(want),
}
print(json.dumps(counts))
