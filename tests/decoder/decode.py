#!/usr/bin/env python3
"""An independent decoder of the ledger format, written from docs/format.md (and, for what it prints,
docs/exchange.md) alone: it shares no code with the Rust program and needs nothing but Python 3.9.

CI runs it on the golden ledgers in tests/golden/ to prove that those pages suffice to read a ledger:

    python3 decode.py DIR|FILE

DIR holds log/ and state/ (one file for each row of section 4's table, named by the hex of its key, with the
parts joined) and head.txt, the receipt; or it is a mirror (section 7). FILE is a backup (section 8). Everything is verified, every body is decoded, encoded again and compared,
and only if all of it holds is each entry printed as `export --envelope` prints it. Otherwise nothing is printed, the
reason goes to stderr and the exit code is 1. Section numbers in the comments are those of docs/format.md.
"""

import functools
import gzip
import json
import struct
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Optional


class Refused(Exception):
    """The ledger does not hold what the documentation says."""


@contextmanager
def naming(what):
    """Puts the name of the entry or row in front of whatever goes wrong within."""
    try:
        yield
    except (Refused, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise Refused(f"{what}: {error}") from None


def require(condition, complaint):
    if not condition:
        raise Refused(complaint)


# BLAKE3: https://github.com/BLAKE3-team/BLAKE3-specs

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
CHUNK_START, CHUNK_END, PARENT, ROOT, DERIVE_KEY_CONTEXT, DERIVE_KEY_MATERIAL = 1, 2, 4, 8, 32, 64
BLOCK, CHUNK = 64, 1024
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
COLUMNS_AND_DIAGONALS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
MIXINGS = []  # seven rounds of eight mixings: four positions in the state and two in the message
order = range(16)
for _ in range(7):
    MIXINGS += [(*cells, order[2 * i], order[2 * i + 1]) for i, cells in enumerate(COLUMNS_AND_DIAGONALS)]
    order = [order[p] for p in PERMUTATION]


def compress(chaining, message, counter, length, flags):
    """The compression function, cut to the eight words of a chaining value or of a 32-byte hash."""
    mask = 0xFFFFFFFF
    state = [*chaining, *IV[:4], counter & mask, counter >> 32, length, flags]
    for ia, ib, ic, id_, mx, my in MIXINGS:
        a, b, c, d = state[ia], state[ib], state[ic], state[id_]
        a = (a + b + message[mx]) & mask
        d ^= a
        d = d >> 16 | d << 16 & mask
        c = (c + d) & mask
        b ^= c
        b = b >> 12 | b << 20 & mask
        a = (a + b + message[my]) & mask
        d ^= a
        d = d >> 8 | d << 24 & mask
        c = (c + d) & mask
        b ^= c
        b = b >> 7 | b << 25 & mask
        state[ia], state[ib], state[ic], state[id_] = a, b, c, d
    return tuple(state[i] ^ state[i + 8] for i in range(8))


def chunk_node(data, key, counter, flags):
    """The last compression of a chunk, not yet made: its arguments."""
    chaining, start = key, CHUNK_START
    blocks = range(0, len(data), BLOCK) or range(1)
    for at in blocks:
        block = data[at:at + BLOCK]
        message = struct.unpack("<16I", block.ljust(BLOCK, b"\0"))
        if at == blocks[-1]:
            return chaining, message, counter, len(block), flags | start | CHUNK_END
        chaining, start = compress(chaining, message, counter, BLOCK, flags | start), 0


def tree_node(data, key, counter, flags):
    """The last compression of a subtree, not yet made: the left part has the largest power of two of whole chunks."""
    if len(data) <= CHUNK:
        return chunk_node(data, key, counter, flags)
    left_chunks = 1 << ((len(data) - 1) // CHUNK).bit_length() - 1
    split = left_chunks * CHUNK
    left = compress(*tree_node(data[:split], key, counter, flags))
    right = compress(*tree_node(data[split:], key, counter + left_chunks, flags))
    return key, left + right, 0, BLOCK, flags | PARENT


def blake3(data, key=IV, flags=0):
    *arguments, last_flags = tree_node(data, key, 0, flags)
    return struct.pack("<8I", *compress(*arguments, last_flags | ROOT))


@functools.lru_cache(maxsize=None)
def context_key(context):
    return struct.unpack("<8I", blake3(context.encode(), flags=DERIVE_KEY_CONTEXT))


def derive(context, *parts):
    """BLAKE3[context](parts) of the documentation."""
    return blake3(b"".join(parts), context_key(context), DERIVE_KEY_MATERIAL)


# Bytes

class Source:
    """Bytes that are read from front to back."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        require(count <= len(self.data) - self.at, f"ends at byte {len(self.data)}, in the middle of something")
        self.at += count
        return self.data[self.at - count:self.at]

    def integer(self, size, signed=False):
        return int.from_bytes(self.take(size), "little", signed=signed)

    def finish(self):
        require(self.at == len(self.data), f"{len(self.data) - self.at} bytes are left over")


def lz4_length(source, nibble):
    """A length that goes on in further bytes if the nibble is full."""
    length, more = nibble, 255 if nibble == 15 else 0
    while more == 255:
        more = source.integer(1)
        length += more
    return length


def lz4_block(data, size):
    """One LZ4 block: sequences of literals and a match, the last one of literals only."""
    source, out = Source(data), bytearray()
    while True:
        token = source.integer(1)
        out += source.take(lz4_length(source, token >> 4))
        if source.at == len(data):
            return bytes(out)
        offset = source.integer(2)
        length = lz4_length(source, token & 15) + 4
        require(0 < offset <= len(out) and len(out) + length <= size, f"LZ4: a wrong match at byte {len(out)}")
        pattern = bytes(out[-offset:])
        out += (pattern * (length // offset + 1))[:length]


# Bodies (section 3). A type is a dict (the fields one after another), a list (an enum of variants, each a name or a
# pair of name and fields) or a string in the notation of the documentation. What is decoded has the same shape.

TYPES = {
    "record": {"recorder": "str?", "event": "event"},
    "event": {"id": "str?", "content": "content", "note": "str?", "citations": "[citation]", "tags": "[str]"},
    "content": [("claim", "claim"), ("stance", "stance"), ("retraction", "retraction"), ("correction", "correction"),
                ("alias", "alias"), ("redaction", "redaction"), ("note", "note")],
    "claim": {"by": "attribution", "question": "question", "value": "value", "unit": "str?", "act": "act",
              "modality": "str?", "occurred": "edtf?", "quote": "str?"},
    "stance": {"by": "attribution", "target": "target", "stance": ["affirms", "denies", "partly-accepts", "declines"]},
    "retraction": {"by": "attribution", "of": "u64"},
    "correction": {"of": "u64", "replacement": "event?", "reason": "str"},
    "alias": {"names": ["source", "subject", "predicate"], "from": "str", "to": "str"},
    "redaction": {"of": "u64", "reason": "str"},
    "note": {"of": "u64", "text": "str"},
    "attribution": {"source": "str", "speaker": "str?", "body": "str?", "via": "[str]", "stated": "stated",
                    "published": "edtf?", "lang": "str?", "translated": "bool"},
    "question": {"subject": "str", "predicate": "str"},
    "target": [("entry", {"of": "u64"}), ("question", "question")],
    "citation": {"url": "str?", "archived": "str?", "blake3": "hash?", "exact": "str?", "prefix": "str?",
                 "suffix": "str?"},
    "act": ["asserts", "denies", "accuses", "forecasts", "schedules", "analyses"],
    "value": [("text", "str"), ("yes-or-no", "bool"), ("quantity", {"min": "number?", "max": "number?"}),
              ("approx", "number"), ("date", "edtf"), "unknown", "none"],
    "stated": {"date": "edtf", "zone": "zone?"},
    "zone": {"name": "str", "offset": "i32"},
    "edtf": [("date", "date"), ("moment", "moment"), ("interval", {"start": "endpoint", "end": "endpoint"})],
    "endpoint": [("date", "date"), "open", "unknown"],
    "date": {"form": "form", "qualifier": ["", "?", "~", "%"]},
    "form": [("century", {"year": "i8"}), ("decade", {"year": "i16"}), ("year", {"year": "i16"}),
             ("long-year", {"year": "i64"}), ("season", {"year": "i16", "season": ["21", "22", "23", "24"]}),
             ("month", {"year": "i16", "month": "u8"}), ("some-month", {"year": "i16"}),
             ("some-day-of-year", {"year": "i16"}), ("some-day-of-month", {"year": "i16", "month": "u8"}),
             ("day", {"year": "i16", "month": "u8", "day": "u8"})],
    "moment": {"year": "i16", "month": "u8", "day": "u8", "second-of-day": "u32",
               "offset": ["utc", ("minutes", "i16")]},
}
INTEGERS = {sign + str(8 * size): (size, sign == "i") for sign in "ui" for size in (1, 2, 4, 8, 16)}


def read_flag(source):
    byte = source.integer(1)
    require(byte <= 1, f"{byte} where 0 or 1 must stand")
    return byte == 1


def read_variant(kinds, source):
    number = source.integer(4)
    require(number < len(kinds), f"variant {number} of an enum of {len(kinds)}")
    kind = kinds[number]
    return kind if isinstance(kind, str) else (kind[0], read(kind[1], source))


def write_variant(kinds, value):
    if isinstance(value, str):
        return struct.pack("<I", kinds.index(value))
    number = [kind[0] for kind in kinds].index(value[0])
    return struct.pack("<I", number) + write(kinds[number][1], value[1])


def read_number(source):
    """The number in plain decimal notation: the text keeps the digits exactly."""
    mantissa, scale = source.integer(16, signed=True), source.integer(1)
    digits = str(abs(mantissa)).rjust(scale + 1, "0")
    point = len(digits) - scale
    return "-" * (mantissa < 0) + digits[:point] + "." * (scale > 0) + digits[point:]


def write_number(text):
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    return int(whole + decimals).to_bytes(16, "little", signed=True) + bytes([len(decimals)])


def read(kind, source):
    """Decodes a value."""
    if isinstance(kind, dict):
        return {name: read(field, source) for name, field in kind.items()}
    if isinstance(kind, list):
        return read_variant(kind, source)
    if kind.endswith("?"):
        return read(kind[:-1], source) if read_flag(source) else None
    if kind.startswith("["):
        return [read(kind[1:-1], source) for _ in range(source.integer(8))]
    if kind in INTEGERS:
        return source.integer(*INTEGERS[kind])
    if kind == "bool":
        return read_flag(source)
    if kind == "str":
        return source.take(source.integer(8)).decode("utf-8")
    if kind == "hash":
        return source.take(32)
    return read_number(source) if kind == "number" else read(TYPES[kind], source)


def write(kind, value):
    """Encodes what `read` has decoded."""
    if isinstance(kind, dict):
        return b"".join(write(field, value[name]) for name, field in kind.items())
    if isinstance(kind, list):
        return write_variant(kind, value)
    if kind.endswith("?"):
        return b"\0" if value is None else b"\1" + write(kind[:-1], value)
    if kind.startswith("["):
        return struct.pack("<Q", len(value)) + b"".join(write(kind[1:-1], item) for item in value)
    if kind in INTEGERS:
        size, signed = INTEGERS[kind]
        return value.to_bytes(size, "little", signed=signed)
    if kind == "bool":
        return bytes([value])
    if kind == "str":
        return struct.pack("<Q", len(value.encode("utf-8"))) + value.encode("utf-8")
    if kind == "hash":
        return value
    return write_number(value) if kind == "number" else write(TYPES[kind], value)


def read_whole(kind, data):
    source = Source(data)
    value = read(kind, source)
    source.finish()
    return value


def decode_body(body):
    require(0 < len(body) <= 60_000, f"a body of {len(body)} bytes")
    require(body[0] == 1, f"body version {body[0]}")
    record = read_whole("record", body[1:])
    require(write("record", record) == body[1:], "the body is not in canonical form")
    return record


# Dates, as EDTF writes them

FORMS = {  # the least number of digits of what stands for the year, and the pattern
    "century": (2, "{year}XX"),
    "decade": (3, "{year}X"),
    "year": (4, "{year}"),
    "long-year": (1, "Y{year}"),
    "season": (4, "{year}-{season}"),
    "month": (4, "{year}-{month:02}"),
    "some-month": (4, "{year}-XX"),
    "some-day-of-year": (4, "{year}-XX-XX"),
    "some-day-of-month": (4, "{year}-{month:02}-XX"),
    "day": (4, "{year}-{month:02}-{day:02}"),
}


def form_text(form, fields):
    digits, pattern = FORMS[form]
    width = digits + (fields["year"] < 0)
    return pattern.format(**{**fields, "year": f"{fields['year']:0{width}}"})


def moment_text(moment):
    second, offset = moment["second-of-day"], moment["offset"]
    text = form_text("day", moment) + f"T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    if offset == "utc":
        return text + "Z"
    minutes = abs(offset[1])
    return text + ("-" if offset[1] < 0 else "+") + f"{minutes // 60:02}:{minutes % 60:02}"


def edtf_text(edtf):
    """A date, a moment, an interval or an endpoint of one."""
    if isinstance(edtf, str):
        return {"open": "..", "unknown": ""}[edtf]
    variant, fields = edtf
    if variant == "interval":
        return edtf_text(fields["start"]) + "/" + edtf_text(fields["end"])
    return moment_text(fields) if variant == "moment" else form_text(*fields["form"]) + fields["qualifier"]


# The exchange form (docs/exchange.md)

ORDER = ("kind id source speaker body via of subject predicate value unit act stance modality stated timezone occurred "
         "published quote lang translated names from to replacement reason text citations note tags recorder recorded "
         "imported_clock index salt commitment hash ledger").split()


class Raw(str):
    """A piece of JSON that is printed as it stands: a number, or null."""


def to_json(value):
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f'"{name}":{to_json(item)}' for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return json.dumps(value.hex() if isinstance(value, bytes) else value, ensure_ascii=False)


def without_blanks(fields):
    return {name: value for name, value in fields.items() if value is not None and value != []}


def in_order(fields):
    return without_blanks({name: fields.get(name) for name in ORDER})


def value_form(value):
    if isinstance(value, str):
        return {value: True}
    variant, inner = value
    if variant == "quantity":
        bounds = {name: Raw(number) for name, number in without_blanks(inner).items()}
        require(bounds, "a quantity without bounds")
        return bounds["min"] if inner["min"] == inner["max"] else bounds
    if variant == "approx":
        return {"approx": Raw(inner)}
    return {"date": edtf_text(inner)} if variant == "date" else inner


def stated_text(stated):
    has_hour = stated["date"][0] == "moment"
    require(has_hour == (stated["zone"] is None), "a stated date must have an hour or a zone, and not both")
    return edtf_text(stated["date"])


def replacement_form(replacement):
    require(replacement["id"] is None, "a replacement with an id")
    return in_order(event_fields(replacement))


CONVERSIONS = {  # of the fields that are not printed as they are
    "of": lambda index: f"#{index}",
    "value": value_form,
    "stated": stated_text,
    "timezone": lambda zone: None if zone["name"] == "UTC" else zone["name"],
    "occurred": edtf_text,
    "published": edtf_text,
    "translated": lambda translated: translated or None,
    "replacement": replacement_form,
    "citations": lambda citations: [without_blanks(citation) for citation in citations],
}


def event_fields(event):
    """The fields of the exchange form: their names are those of the format, without its nesting."""
    kind, content = event["content"]
    by = content.get("by", {})
    about = content["target"][1] if kind == "stance" else content.get("question", {})
    zone = by["stated"]["zone"] if by else None
    fields = without_blanks({"kind": kind, **event, **content, **by, **about, "timezone": zone})
    null = {"replacement": Raw("null")} if kind == "correction" else {}
    return {**null, **{name: CONVERSIONS.get(name, lambda same: same)(value) for name, value in fields.items()}}


def time_text(microseconds):
    """RFC 3339 in UTC, with six decimals or none."""
    return (datetime(1970, 1, 1) + timedelta(microseconds=microseconds)).isoformat() + "Z"


# Bundles, entries and the chain (sections 1 and 2)

class Entry(NamedTuple):
    index: int
    hash: bytes
    salt: bytes
    flags: int
    recorded: int
    body: Optional[bytes]  # None: erased
    commitment: bytes


def open_bundle(data):
    """Verifies the checksum: (first index, hash before it, (hash, salt) of each entry, payload)."""
    checksum = derive("sayso 2023-05 bundle checksum v1", data[:-16])[:16]
    require(checksum == data[-16:], "the checksum does not match")
    source = Source(data[:-16])
    version, codec, count, first = (source.integer(size) for size in (1, 1, 2, 8))
    require(version == 1, f"bundle version {version}")
    require(codec <= 1, f"codec {codec}")
    require(1 <= count <= 256, f"{count} entries in a bundle")
    before = source.take(32)
    hashes = [(source.take(32), source.take(16)) for _ in range(count)]
    size = source.integer(4)
    stored = source.take(len(source.data) - source.at)
    payload = lz4_block(stored, size) if codec == 1 else stored
    require(len(payload) == size, f"a payload of {len(payload)} bytes instead of {size}")
    return first, before, hashes, payload


def bundle_entries(first, hashes, payload):
    source = Source(payload)
    rows = [(source.integer(2), source.integer(8, signed=True), source.integer(4)) for _ in hashes]
    for index, ((digest, salt), (flags, recorded, length)) in enumerate(zip(hashes, rows), first):
        with naming(f"entry {index}"):
            if length == 0xFFFFFFFF:
                require(salt == bytes(16), "the body was erased but not the salt")
                body, commitment = None, source.take(32)
            else:
                body = source.take(length)
                commitment = derive("sayso 2023-05 body commitment v1", salt, body)
        yield Entry(index, digest, salt, flags, recorded, body, commitment)
    source.finish()


def verify_entry(entry, hash_before, time_before):
    require(entry.flags <= 1, f"unknown flags {entry.flags:#x}")
    require(entry.recorded >= time_before, "recorded earlier than the entry before")
    header = struct.pack("<HHQq", 1, entry.flags, entry.index, entry.recorded) + hash_before + entry.commitment
    require(derive("sayso 2023-05 entry header v1", header) == entry.hash,
            "the stored hash is not that of its header: the entry, its salt or body or the hash before was altered")


def entry_line(entry, identity):
    fields = {"recorded": time_text(entry.recorded), "imported_clock": entry.flags == 1 or None, "index": entry.index,
              "hash": entry.hash, "ledger": identity}
    if entry.body is None:
        return to_json(in_order({**fields, "commitment": entry.commitment}))
    record = decode_body(entry.body)
    event = event_fields(record["event"])
    return to_json(in_order({**event, **fields, "recorder": record["recorder"], "salt": entry.salt}))


# The store (section 4)

def read_tree(directory):
    """The rows of a tree, by key; there is no directory for an empty one."""
    return {bytes.fromhex(path.name): path.read_bytes() for path in directory.glob("*")}


def bundle_rows(rows, prefix, end):
    """The bundles under the prefix, by the index of their first entry, if that is less than the end."""
    keys = {int.from_bytes(key[len(prefix):], "big"): key for key in rows if key.startswith(prefix)}
    return {first: rows[key] for first, key in keys.items() if first < end}


def read_record(state, key, kind):
    require(key in state, "there is none")
    return read_whole(kind, state[key])


def read_identity(state):
    with naming("the ledger record"):
        ledger = read_record(state, b"ledger", {"version": "u16", "identity": "hash"})
        require(ledger["version"] == 1, f"version {ledger['version']}")
        return ledger["identity"]


def read_head(state):
    with naming("the head record"):
        head = read_record(state, b"head", {"size": "u64", "sealed": "u64", "hash": "hash", "recorded": "i64"})
        sealed, size = head["sealed"], head["size"]
        require(sealed % 256 == 0 and sealed <= size, f"{sealed} of {size} entries are sealed")
        return head


def ledger_entries(log, tail, head):
    """Every entry in order, with the hash before it. Bundles must neither leave a gap nor overlap; what lies beyond
    the head is ignored."""
    index = 0
    while index < head["size"]:
        rows, where = (log, "log") if index < head["sealed"] else (tail, "tail")
        with naming(f"the bundle of entry {index} in the {where}"):
            require(index in rows, "there is none")
            first, before, hashes, payload = open_bundle(rows.pop(index))
            require(first == index, f"it says that it begins with entry {first}")
            require((len(hashes) == 256) == (where == "log"), f"it has {len(hashes)} entries")
            for entry in bundle_entries(first, hashes, payload):
                if entry.index < head["size"]:
                    yield entry, before
                before = entry.hash
        index += len(hashes)
    require(not log and not tail, f"bundles overlap: at entry {[*log, *tail]}")


def decode_ledger(directory):
    """Verifies everything: the lines of the envelope and the receipt."""
    state = read_tree(directory / "state")
    identity, head = read_identity(state), read_head(state)
    log = bundle_rows(read_tree(directory / "log"), b"", head["sealed"])
    tail = bundle_rows(state, b"tail", head["size"])
    return decode_entries(identity, head, log, tail)


def decode_entries(identity, head, log, tail):
    """Verifies the chain: the lines of the envelope and the receipt. A copy's head does not say when it was recorded."""
    lines, last_time, last_hash = [], -(2**63), genesis_of(identity)
    for entry, stored_before in ledger_entries(log, tail, head):
        with naming(f"entry {entry.index}"):
            require(stored_before == last_hash, "its bundle has another hash for the entry before (or the genesis)")
            verify_entry(entry, last_hash, last_time)
            lines.append(entry_line(entry, identity))
        last_hash, last_time = entry.hash, entry.recorded
    require(head["hash"] == last_hash, f"the head record has another hash than entry {len(lines) - 1}")
    require(head.get("recorded", last_time) == last_time, f"the head record has another recorded time than entry {len(lines) - 1}")
    return lines, f"{len(lines)}:{last_hash.hex()}"


def genesis_of(identity):
    return derive("sayso 2023-05 ledger genesis v1", identity)


# Mirrors and backups (sections 7 and 8)

def decode_mirror(directory):
    with naming("mirror"):
        words = (directory / "mirror").read_text("ascii").split()
        require(len(words) == 7, "it has another form")
        identity = bytes.fromhex(words[4])
        expected = f"sayso mirror 1\nledger {identity.hex()}\ngenesis {genesis_of(identity).hex()}\n"
        require((directory / "mirror").read_bytes() == expected.encode(), "it has another form")
    with naming("tail"):
        line, bundle = (directory / "tail").read_bytes().split(b"\n", 1)
        size, digest = line.decode("ascii").split(":")
        head = {"size": int(size), "sealed": int(size) // 256 * 256, "hash": bytes.fromhex(digest)}
        require(line == f"{head['size']}:{head['hash'].hex()}".encode(), "its first line has another form")
    log = {first: (directory / f"{first:020}.bundle").read_bytes() for first in range(0, head["sealed"], 256)}
    return decode_entries(identity, head, log, {head["sealed"]: bundle} if bundle else {})


def decode_backup(path):
    data = path.read_bytes()
    content, seal = data[:-58], data[-58:]
    checksum = derive("sayso 2023-05 backup checksum v1", content)
    expected = bytes.fromhex("1f8b08040000000000ff240053592000") + checksum + bytes.fromhex("0300") + bytes(8)
    require(seal == expected, "the checksum of the file does not match")
    require(gzip.decompress(data) == gzip.decompress(content), "the last member is not empty")
    source = Source(gzip.decompress(content))
    require(source.take(15) == b"sayso backup 1\n", "this is no backup of version 1")
    identity, size = source.take(32), source.integer(8)
    head = {"size": size, "sealed": size // 256 * 256, "hash": source.take(32)}
    bundles = {first: source.take(source.integer(4)) for first in range(0, size, 256)}
    source.finish()
    sealed = {first: data for first, data in bundles.items() if first < head["sealed"]}
    return decode_entries(identity, head, sealed, {first: bundles[first] for first in bundles.keys() - sealed.keys()})


def decode(path):
    if path.is_file():
        return decode_backup(path)
    if (path / "mirror").exists():
        return decode_mirror(path)
    lines, receipt = decode_ledger(path)
    check_receipt(path / "head.txt", receipt)
    return lines, receipt


def check_receipt(path, receipt):
    with naming("head.txt"):
        written = path.read_bytes().decode("utf-8")
        require(written in (receipt, receipt + "\n"), f"it says {written!r}, but the head is {receipt}")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python3 decode.py DIR|FILE")
    try:
        lines, receipt = decode(Path(sys.argv[1]))
    except (Refused, OSError, ValueError) as error:
        sys.exit(f"refused: {error}")
    sys.stdout.buffer.write("".join(line + "\n" for line in lines).encode("utf-8"))
    sys.stdout.flush()
    print(f"decoded {len(lines)} entries, head {receipt}", file=sys.stderr)


if __name__ == "__main__":
    main()
