"""Checks evidence of an ecqs-gateway without any of its code: one file, the standard library and ``cryptography``.

    python ecqs_verify.py BUNDLE.zip [--anchors FILE] [--headquarters-key PEM] [--gateway-key PEM] [--json]
    python ecqs_verify.py --chain CHAIN.jsonl [--anchors FILE] [--json]
    python ecqs_verify.py --draw REQUEST.zip [--headquarters-key PEM] [--json]

Exit code 0: all is well. 1: something is wrong, and the lines marked BAD say what. 2: wrong usage. 3: nothing is wrong,
but something could not be checked, because the bundle itself says that it is missing.

Formats: docs/reference/evidence.md of the gateway; how cases are drawn: docs/reference/audits.md.

Everything is read with suspicion: no DOCTYPE, no name becomes a path, no size is believed, nothing is written.
Nothing is fetched.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NAMESPACE = "urn:ecqs-gateway:exchange:1.0"
GENESIS = hashlib.sha256(b"ecqs-gateway evidence chain").hexdigest()
LARGEST = 1 << 30
LARGEST_XML = 1 << 29
HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
LEVELS = (
    ["received"],
    ["received", "validated"],
    ["received", "validated", "loaded"],
    ["rejected"],
    ["received", "rejected"],
)
UNREADABLE: tuple[type[Exception], ...] = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError, EOFError),
    *(RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, struct.error, expat.ExpatError),
)
Json = dict[str, Any]


class Bad(Exception):
    """What is wrong."""


def require(condition: object, why: str) -> None:
    """Raise Bad unless the condition is true."""
    if not condition:
        raise Bad(why)


@dataclass
class Report:
    """What was checked and what came of it, line by line."""

    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, status: str, check: str, detail: str) -> None:
        """Add one line; status is OK, BAD, NOT CHECKED or WARNING."""
        self.lines.append((status, check, detail))

    @contextmanager
    def check(self, name: str) -> Iterator[Callable[[str], None]]:
        """Do one check: what it raises is BAD, what it says is the detail of an OK."""
        said: list[str] = []
        try:
            yield said.append
        except Bad as bad:
            self.add("BAD", name, str(bad))
        except UNREADABLE as error:
            self.add("BAD", name, f"it is not of the form it should have ({type(error).__name__})")
        else:
            self.add("OK", name, "; ".join(said))

    def count(self, status: str) -> int:
        """Count the lines of one status."""
        return sum(line[0] == status for line in self.lines)


# -- Digests and signatures


def sha256(data: bytes) -> str:
    """Give the SHA-256, lowercase hex."""
    return hashlib.sha256(data).hexdigest()


def sm3(data: bytes) -> bytes:
    """Give the SM3 digest (GB/T 32905)."""
    try:
        return hashlib.new("sm3", data).digest()
    except ValueError:
        digester = hashes.Hash(hashes.SM3())
        digester.update(data)
        return digester.finalize()


DIGESTS: Mapping[str, Callable[[bytes], str]] = {"sha-256": sha256, "sm3": lambda data: sm3(data).hex()}
PART_DIGEST = {"ed25519": "sha-256", "sm2-sm3": "sm3"}
"""The digest algorithm of a package's parts follows from its signature."""

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A, B = P - 3, 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
SM2_PUBLIC = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
Point = tuple[int, int] | None


def plus(one: Point, other: Point) -> Point:
    """Add two points of the SM2 curve; None is the point at infinity."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P) if one == other else (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def times(number: int, point: Point) -> Point:
    """Multiply a point by a number."""
    result: Point = None
    while number:
        if number & 1:
            result = plus(result, point)
        point = plus(point, point)
        number >>= 1
    return result


def sm2_verify(raw: bytes, data: bytes, signature: bytes) -> bool:
    """Verify SM2 with SM3 (GB/T 32918.2) with the usual signer id 1234567812345678; the signature is strict DER."""
    numbers = der_pair(signature)
    if numbers is None:
        return False
    r, s = numbers
    t = (r + s) % N
    if not (1 <= r < N and 1 <= s < N) or t == 0:
        return False
    public = (int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big"))
    signer = b"1234567812345678"
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
    z = sm3((len(signer) * 8).to_bytes(2, "big") + signer + curve + raw[1:])
    e = int.from_bytes(sm3(z + data), "big")
    point = plus(times(s, G), times(t, public))
    return point is not None and (e + point[0]) % N == r


def der_pair(data: bytes) -> tuple[int, int] | None:
    """Read SEQUENCE {r, s} in its one shortest form."""
    if len(data) < 8 or data[0] != 0x30 or data[1] != len(data) - 2 or data[2] != 2 or 4 + data[3] + 2 > len(data):
        return None
    middle = 4 + data[3]
    r, s = (int.from_bytes(part, "big", signed=True) for part in (data[4:middle], data[middle + 2 :]))
    body = b"".join(
        bytes([2, n.bit_length() // 8 + 1]) + n.to_bytes(n.bit_length() // 8 + 1, "big", signed=True) for n in (r, s)
    )
    return (r, s) if r > 0 and s > 0 and data == bytes([0x30, len(body)]) + body else None


@dataclass(frozen=True)
class Key:
    """A public key."""

    id: str
    algorithm: str
    raw: bytes

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Say whether the signature is this key's over exactly these bytes."""
        if self.algorithm == "sm2-sm3":
            return sm2_verify(self.raw, data, signature)
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except InvalidSignature:
            return False
        return True


def read_key(pem: bytes) -> Key:
    """Read an Ed25519 or SM2 public key in PEM."""
    found = re.search(rb"-----BEGIN PUBLIC KEY-----\s(.*?)-----END PUBLIC KEY-----", pem, re.DOTALL)
    require(found, "this is no public key in PEM (BEGIN PUBLIC KEY)")
    body = base64.b64decode(found[1]) if found else b""
    if body.startswith(SM2_PUBLIC):
        raw = body[len(SM2_PUBLIC) :]
        x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big")
        on_curve = len(raw) == 65 and raw[0] == 4 and max(x, y) < P and (y * y - (x * x * x + A * x + B)) % P == 0
        require(on_curve, "this SM2 key is not a point of the curve")
        return Key(sha256(raw)[:16], "sm2-sm3", raw)
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise Bad("this key is neither Ed25519 nor SM2")
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return Key(sha256(raw)[:16], "ed25519", raw)


def signed_by(data: bytes, envelope: bytes, keys: Mapping[str, Key]) -> Key:
    """Give the key whose signature over the data the envelope holds."""
    claim = json.loads(envelope)
    require(set(claim) == {"algorithm", "key_id", "signature"}, "its signature file is no signature envelope")
    signature = base64.b64decode(claim["signature"], validate=True)
    require(base64.b64encode(signature).decode() == claim["signature"], "its signature is not in its one Base64 form")
    key = keys.get(claim["key_id"])
    if key is None:
        raise Bad(f"it is signed by key {claim['key_id'][:16]!r}, which is not among the keys that count")
    require(key.algorithm == claim["algorithm"], "its signature names another algorithm than that of its key")
    require(key.verify(data, signature), f"its signature by key {key.id} does not fit its bytes")
    return key


# -- Archives and XML


def stored(data: bytes) -> dict[str, bytes]:
    """Give the members of a ZIP that stores them uncompressed, in their order."""
    require(len(data) <= LARGEST, "it is too large")
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            plain = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size <= len(data)
            require(plain and not info.flag_bits & 0x2041, "a member is compressed or encrypted")
            require(info.filename not in found, "two members have one name")
            found[info.filename] = archive.read(info)
    return found


def rebuilt(members: Mapping[str, bytes]) -> bytes:
    """Give the one ZIP these members make: stored, dated 1980-01-01, nothing between or behind them."""
    body, directory = b"", b""
    pieces = []
    offset = 0
    for name, data in members.items():
        encoded = name.encode()
        flags = 0 if name.isascii() else 0x800
        common = struct.pack("<5H3L2H", 20, flags, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(encoded), 0)
        pieces += [b"PK\3\4" + common + encoded, data]
        extra = struct.pack("<3H2L", 0, 0, 0, 0o100644 << 16, offset)
        directory += b"PK\1\2" + struct.pack("<2B", 20, 3) + common + extra + encoded
        offset += 30 + len(encoded) + len(data)
    body = b"".join(pieces)
    end = struct.pack("<4H2LH", 0, 0, len(members), len(members), len(directory), offset, 0)
    return body + directory + b"PK\5\6" + end


def inflate(data: bytes, size: int) -> bytes:
    """Inflate one gzip member that must give exactly so many bytes."""
    require(0 < size <= LARGEST_XML, "the inflated size it states is out of range")
    engine = zlib.decompressobj(wbits=31)
    found = engine.decompress(data, size + 1)
    require(len(found) == size and engine.eof and not engine.unused_data, "it does not inflate to the size it states")
    return found


@dataclass
class Node:
    """One element: its name, its attributes, and its content in order."""

    name: str
    attributes: dict[str, str]
    content: list[Node | str] = field(default_factory=list)

    def children(self, name: str) -> list[Node]:
        """Give the child elements of that name."""
        return [child for child in self.content if isinstance(child, Node) and child.name == name]

    @property
    def text(self) -> str:
        """Give the text directly in it."""
        return "".join(part for part in self.content if isinstance(part, str))


def read_xml(data: bytes, root: str) -> Node:
    """Read a document of our namespace that is elements, attributes and text and nothing else."""
    require(len(data) <= LARGEST_XML and b"<!" not in data and data.count(b"<?") == 1, "its XML is not plain")
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    stack = [Node("", {})]

    def start(name: str, attributes: dict[str, str]) -> None:
        outside = attributes.pop("xmlns", None)
        right = outside == NAMESPACE if len(stack) == 1 else outside is None
        require(right and not any(":" in word for word in (name, *attributes)), "its XML uses another namespace")
        require(len(stack) < 64, "its XML is nested too deep")
        node = Node(name, attributes)
        stack[-1].content.append(node)
        stack.append(node)

    def refuse(*_: object) -> NoReturn:
        raise Bad("its XML has a DOCTYPE, comment, processing instruction or CDATA")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = lambda text: stack[-1].content.append(text)  # noqa: PLW0108  the last one then
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.ExternalEntityRefHandler = refuse
    parser.CommentHandler = parser.ProcessingInstructionHandler = parser.StartCdataSectionHandler = refuse
    parser.Parse(data, True)  # noqa: FBT003  expat knows no names
    found = stack[0].content[0]
    if not isinstance(found, Node) or found.name != root:
        raise Bad(f"its root is not {root}")
    return found


TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
ATTRIBUTE = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"})


def c14n(node: Node, namespace: str = f' xmlns="{NAMESPACE}"') -> str:
    """Give the element as inclusive Canonical XML 1.0 has it, alone, with the namespace on it."""
    written = "".join(f' {name}="{text.translate(ATTRIBUTE)}"' for name, text in sorted(node.attributes.items()))
    inside = "".join(
        part.translate(TEXT) if isinstance(part, str) else c14n(part, namespace="") for part in node.content
    )
    return f"<{node.name}{namespace}{written}>{inside}</{node.name}>"


# -- The chain and its anchors


@dataclass
class Chain:
    """A chain that holds in itself: its hashes (0 is the genesis), and what it says of the steps that matter here."""

    hashes: list[str] = field(default_factory=lambda: [GENESIS])
    facts: dict[tuple[str, str], list[tuple[int, Json]]] = field(default_factory=dict)

    def say(self, event: str, subject: str, **wanted: object) -> tuple[int, Json]:
        """Give entry number and facts of the event about a subject, with these facts; Bad where there is none."""
        for number, facts in self.facts.get((event, subject), []):
            if all(facts.get(name) == value for name, value in wanted.items()):
                return number, facts
        raise Bad(f"the chain has no entry {event!r} about {subject} with these digests")


FIELDS = {"sequence": int, "at": str, "event": str, "subject": str, "facts": str, "previous": str, "hash": str}


def walk(data: bytes) -> Chain:
    """Walk an exported chain; raises Bad naming the first entry that is changed, missing, doubled or out of order."""
    chain = Chain()
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            entry = json.loads(line)
            fits = {name: type(value) for name, value in entry.items()} == FIELDS and compact(entry) == line
        except UNREADABLE:
            fits = False
        require(fits, f"entry {number} is the first bad one: its line is not as it was written")
        why = flaw(entry, number, chain.hashes[-1])
        require(not why, f"entry {number} is the first bad one: {why}")
        chain.hashes.append(entry["hash"])
        facts = json.loads(entry["facts"])
        chain.facts.setdefault((entry["event"], entry["subject"]), []).append((number, facts))
    require(not lines[-1], f"entry {len(lines)} is the first bad one: its line is cut off")
    require(len(lines) > 1, "it has no entry at all")
    return chain


def compact(value: object) -> bytes:
    """Write JSON the one way chain and bundle are written."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def flaw(entry: Json, number: int, previous: str) -> str:
    """Say what is wrong with an entry at this place; empty when nothing is."""
    if entry["sequence"] != number:
        return f"entry {entry['sequence']} stands at its place"
    if entry["previous"] != previous:
        return "it does not name the hash of the entry before it"
    digest = hashlib.sha256(bytes.fromhex(previous))
    for name in ("sequence", "at", "event", "subject", "facts"):
        text = str(entry[name]).encode()
        digest.update(len(text).to_bytes(8, "big") + text)
    return "" if digest.hexdigest() == entry["hash"] else "its hash is not that of its content"


def check_anchors(chain: Chain, anchors: Sequence[Json]) -> None:
    """Hold a chain against what headquarters holds of it; raises Bad for a cut end or a chain written anew."""
    good, length = 0, len(chain.hashes) - 1
    for anchor in sorted(anchors, key=lambda a: (a["entry"] or 0, a["batch"])):
        entry, batch = anchor["entry"], anchor["batch"]
        if entry is None:
            require(anchor["head"] in chain.hashes, f"the head that batch {batch} carried stands nowhere in the chain")
            continue
        require(
            entry <= length,
            f"entry {length + 1} is missing: the chain ends at entry {length}, but batch {batch} was sealed on {entry}",
        )
        require(
            chain.hashes[entry] == anchor["head"],
            f"entry {entry} is not the one batch {batch} was sealed on: the chain was written anew from some entry "
            f"between {good + 1} and {entry} on",
        )
        good = entry
    for anchor in anchors:
        entries = chain.facts.get(("sealed", anchor["batch"]), [])
        require(
            any(n > (anchor["entry"] or 0) and facts.get("manifest") == anchor["manifest"] for n, facts in entries),
            f"entry {length + 1} is missing, or the chain was written anew from some entry after {good} on: nothing "
            f"speaks of the sealing of batch {anchor['batch']}, which headquarters has",
        )


# -- Packages and receipts


@dataclass
class Package:
    """A package that holds: its signed manifest and the records with the digests computed here."""

    said: dict[str, str]
    manifest: bytes
    parts: list[tuple[str, str, str]]
    records: list[tuple[str, str, Node]] = field(default_factory=list)


def open_package(data: bytes, batch: str, keys: Mapping[str, Key]) -> Package:
    """Verify signature, parts and records of a package; every record's version digest is computed anew."""
    members = stored(data)
    require(list(members) == ["manifest.xml", "manifest.sig", "batch.xml.gz"], "its members are not those of a package")
    key = signed_by(members["manifest.xml"], members["manifest.sig"], keys)
    root = read_xml(members["manifest.xml"], "manifest")
    said = root.attributes
    require((said["signature"], said["key"]) == (key.algorithm, key.id), "its manifest names another key")
    named = f"{said['unit']}-{said['kind']}-{int(said['sequence']):08d}"
    require(said["batch"] == batch == named, "its manifest is about another batch")
    parts = [p.attributes for p in root.children("part")]
    require([p["name"] for p in parts] == ["batch.xml.gz"], "its manifest lists other parts")
    part, packed = parts[0], members["batch.xml.gz"]
    require(part["digest-algorithm"] == PART_DIGEST[key.algorithm], "its part is digested with another algorithm")
    digest = DIGESTS[part["digest-algorithm"]](packed)
    require(digest == part["digest"] and len(packed) == int(part["size"]), "its part is not the one the manifest names")
    package = Package(said, members["manifest.xml"], [(part["name"], part["digest-algorithm"], digest)])
    read_records(package, inflate(packed, int(part["inflated"])))
    return package


def read_records(package: Package, data: bytes) -> None:
    """Read batch.xml, hold its header against the manifest, and compute each record's version digest."""
    root, said = read_xml(data, "batch"), package.said
    header = {"id": "batch", **{name: name for name in ("unit", "kind", "sequence", "created", "schema", "content")}}
    same = all(root.attributes[name] == said[other] for name, other in header.items())
    require(same, "the header of its batch says something else than the manifest")
    for number, record in enumerate(root.children("record"), 1):
        bodies = record.children(said["kind"])
        version = record.attributes["version"]
        if record.attributes["action"] != "invalidate":
            computed = sha256(c14n(bodies[0]).encode()) if len(bodies) == 1 else ""
            require(computed == version, f"the version digest of its record {number} is not that of its content")
        package.records.append((record.attributes["key"], version, record))
    require(len(package.records) == int(said["records"]), "it holds another number of records than its manifest says")


@dataclass(frozen=True)
class Receipt:
    """A receipt that holds: level, number, and what it refuses as (key, version) → code."""

    level: str
    number: int
    refused: Mapping[tuple[str | None, str | None], str]


def open_receipt(data: bytes, package: Package, keys: Mapping[str, Key], issuer: str) -> Receipt:
    """Verify a receipt against the package it must be about: signature, issuer, batch, manifest, parts, counts."""
    members = stored(data)
    require(sorted(members) == ["receipt.sig", "receipt.xml"], "its members are not those of a receipt")
    key = signed_by(members["receipt.xml"], members["receipt.sig"], keys)
    root = read_xml(members["receipt.xml"], "receipt")
    said, sent = root.attributes, package.said
    require((said["signature"], said["key"]) == (key.algorithm, key.id), "it names another key than the one it has")
    require(said["issuer"] == issuer, "it is issued by someone else than headquarters")
    same = all(said[name] == sent[name] for name in ("batch", "unit", "kind", "sequence"))
    require(same, "it is about another batch")
    if said["level"] != "rejected" or "manifest" in said:
        require(said["manifest"] == sha256(package.manifest), "it is about another manifest")
        parts = [part.attributes for part in root.children("part")]
        pairs = [(part["name"], part["digest-algorithm"], part["digest"]) for part in parts]
        require(sorted(pairs) == sorted(package.parts), "its parts and digests are not those of the package")
    refused = {
        (r.attributes.get("key"), r.attributes.get("version")): r.attributes["code"] for r in root.children("rejection")
    }
    require(len(refused) == len(root.children("rejection")), "it refuses one record twice")
    check_counts(root, said["level"], package, refused)
    return Receipt(said["level"], int(said["number"]), refused)


def check_counts(root: Node, level: str, package: Package, refused: Mapping[Any, str]) -> None:
    """Hold the counts, the refusals and the digest of what was loaded against the records of the package."""
    versions = [(key, version) for key, version, _ in package.records]
    named = {pair for pair in refused if pair != (None, None)}
    require(named <= set(versions), "it refuses a record that is not in the batch")
    counts = [node.attributes for node in root.children("counts")]
    if level in ("validated", "loaded"):
        pair = ("valid", "invalid") if level == "validated" else ("loaded", "rejected")
        first, second = (int(counts[0][name]) for name in pair)
        total = int(counts[0]["records"])
        require(first + second == total == len(versions), "its counts are not those of the batch")
        require(level == "validated" or second == len(named), "it refuses another number of records than it counts")
    if level == "loaded":
        loaded = "".join(version for key, version in versions if (key, version) not in named)
        digest = root.children("loaded")[0].attributes["digest"]
        require(digest == sha256(loaded.encode()), "its digest of what was loaded is not that of these records")


# -- The bundle


@dataclass
class Trust:
    """Whose signatures count, and whether their keys came from outside the bundle."""

    gateway: dict[str, Key]
    headquarters: dict[str, Key]


class Bundle:
    """One evidence bundle under examination."""

    def __init__(self, data: bytes, report: Report, outside: Trust, anchors: Sequence[Json] | None) -> None:
        """Remember what it is examined with; ``examine`` does the work."""
        self.report, self.outside, self.anchors, self.data = report, outside, anchors, data
        self.members: dict[str, bytes] = {}
        self.said: Json = {}
        self.chain: Chain | None = None
        self.packages: dict[str, Package] = {}
        self.receipts: dict[str, list[Receipt]] = {}
        self.trust = outside

    def examine(self) -> None:
        """Make all checks there are."""
        if not self._open():
            return
        try:
            self._chain()
            for batch, said in sorted(self.said["batches"].items()):
                self._batch(batch, said)
            for said in self.said["content"]:
                self._content(said)
            for record in self.said["records"]:
                self._record(record)
            for text in self.said["missing"]:
                self.report.add("NOT CHECKED", "missing", str(text))
        except UNREADABLE as error:
            self.report.add("BAD", "bundle.json", f"it is not of the form it should have ({type(error).__name__})")

    def _open(self) -> bool:
        before = self.report.count("BAD")
        with self.report.check("archive") as say:
            self.members = stored(self.data)
            require(rebuilt(self.members) == self.data, "the file holds bytes that belong to none of its members")
            say(f"{len(self.members)} members, SHA-256 {sha256(self.data)}")
        with self.report.check("members") as say:
            said = json.loads(self.members["bundle.json"])
            require(said["format"] == "ecqs-evidence-bundle/1", "bundle.json is of another format")
            require(compact(said) + b"\n" == self.members["bundle.json"], "bundle.json is not as it was written")
            listed = {m["name"]: (m["sha256"], m["size"]) for m in said["members"]}
            others = set(self.members) - {"bundle.json", "bundle.sig"}
            require(others == set(listed), "there is another set of members than bundle.json lists")
            for name in sorted(listed):
                found = (sha256(self.members[name]), len(self.members[name]))
                require(found == listed[name], f"member {name} is not the one bundle.json lists")
            self.said = said
            say("all are the ones bundle.json lists")
        if self.report.count("BAD") > before:
            return False
        with self.report.check("keys") as say:
            self.trust = Trust(self._keys("gateway"), self._keys("headquarters"))
            say(f"gateway {', '.join(self.trust.gateway)}; headquarters {', '.join(self.trust.headquarters)}")
        with self.report.check("bundle signature") as say:
            envelope = self.members["bundle.sig"]
            key = signed_by(self.members["bundle.json"], envelope, self.trust.gateway)
            require(json.dumps(json.loads(envelope)).encode() == envelope, "bundle.sig is not as it was written")
            say(f"by the gateway's key {key.id}")
        return True

    def _keys(self, owner: str) -> dict[str, Key]:
        outside: dict[str, Key] = getattr(self.outside, owner)
        inside = {}
        for said in self.said[owner]["keys"]:
            key = read_key(self.members[said["member"]])
            require(
                (key.id, key.algorithm) == (said["id"], said["algorithm"]),
                f"the key of {owner} named {said['id']} has another id",
            )
            inside[key.id] = key
        if not outside:
            self.report.add("WARNING", "trust", f"the keys of {owner} come from the bundle itself: {UNTRUSTED}")
        return outside or inside

    def _chain(self) -> None:
        with self.report.check("chain") as say:
            said = self.said["chain"]
            chain = walk(self.members[said["member"]])
            length = len(chain.hashes) - 1
            require(said["entries"] == length, "it has another number of entries than bundle.json says")
            require(said["head"] == (chain.hashes[-1] if length else None), "its head is not the one bundle.json names")
            self.chain = chain
            say(f"{length} entries, head {chain.hashes[-1]}")
        if self.chain is not None:
            anchors_checked(self.report, self.chain, self.anchors)

    def _batch(self, batch: str, said: Json) -> None:
        manifest = self.members[said["manifest"]["member"]]
        if "member" in said["package"]:
            with self.report.check(f"package {batch}") as say:
                data = self.members[said["package"]["member"]]
                require(sha256(data) == said["package"]["sha256"], "it is not the package bundle.json names")
                package = open_package(data, batch, self.trust.gateway)
                require(package.manifest == manifest, "its manifest is not the one the ledger holds")
                require(
                    package.said["content"] == said["content"], "its content bundle is not the one bundle.json names"
                )
                require(package.said["engine"] == said["engine"], "its engine is not the one bundle.json names")
                self.packages[batch] = package
                say(
                    f"{len(package.records)} records, signed by key {package.said['key']}, each version digest computed"
                )
        with self.report.check(f"chain knows {batch}") as say:
            number, _ = self._known().say("sealed", batch, manifest=sha256(manifest), package=said["package"]["sha256"])
            self._anchored(read_xml(manifest, "manifest").attributes, number)
            say(f"entry {number}")
        self._receipts(batch, said)

    def _known(self) -> Chain:
        if self.chain is None:
            raise Bad("there is no chain that holds")
        return self.chain

    def _anchored(self, said: Mapping[str, str], number: int) -> None:
        """Hold what the signed manifest itself says of the chain against it."""
        if "evidence-entry" in said:
            entry, hashes_ = int(said["evidence-entry"]), self._known().hashes
            require(entry < number, "it names an entry that came after its sealing")
            require(hashes_[entry] == said["evidence"], f"it was sealed on another entry {entry} than the chain has")

    def _receipts(self, batch: str, said: Json) -> None:
        found: list[Receipt] = []
        for claim in said["receipts"]:
            name = f"receipt {batch} {claim['level']}"
            if "member" not in claim or batch not in self.packages:
                self.report.add("NOT CHECKED", name, "the receipt or the package it is about is not in the bundle")
                continue
            with self.report.check(name) as say:
                data = self.members[claim["member"]]
                require(sha256(data) == claim["sha256"], "it is not the receipt bundle.json names")
                issuer = str(self.said["headquarters"]["issuer"])
                receipt = open_receipt(data, self.packages[batch], self.trust.headquarters, issuer)
                require(
                    (receipt.level, receipt.number) == (claim["level"], claim["number"]), "its level or number differs"
                )
                number, _ = self._known().say("receipt", batch, level=receipt.level, receipt=claim["sha256"])
                found.append(receipt)
                say(f"no. {receipt.number}, chain entry {number}")
        self.receipts[batch] = found
        with self.report.check(f"levels {batch}") as say:
            levels = [claim["level"] for claim in said["receipts"]]
            numbers = [claim["number"] for claim in said["receipts"]]
            require(not levels or levels in LEVELS, "a level is missing, double or out of order")
            require(numbers == sorted(set(numbers)), "the receipts were not issued in the order of their levels")
            state = levels[-1] if levels else said["state"]
            require(
                state == said["state"] and (levels or state in ("sealed", "sent")), "bundle.json states another level"
            )
            say(" → ".join(levels) if levels else "no receipt yet")

    def _content(self, said: Json) -> None:
        if "member" not in said:
            return  # told among what is missing
        with self.report.check("content") as say:
            data = self.members[said["member"]]
            files = stored(data)
            require(rebuilt(files) == data, "its archive holds bytes that belong to none of its files")
            digest = hashlib.sha256()
            for path in sorted(files, key=str.encode):
                digest.update(path.encode() + b"\0" + str(len(files[path])).encode() + b"\0" + files[path])
            require(f"sha256:{digest.hexdigest()}" == said["digest"], "its files are not those of this digest")
            number, _ = self._known().say("content kept", said["digest"], archive=sha256(data))
            say(f"{len(files)} files of {said['digest']}, chain entry {number}")

    def _record(self, record: Json) -> None:
        name = f"{record['unit']} {record['kind']} {record['key']}"
        for version in record["versions"]:
            self._version(f"version {version['digest'][:16]}… of {name}", record, version)
        if not record["versions"]:
            self.report.add("OK", f"record {name}", "the gateway states that no version of it ever went out")
        for letter in record["dead_letters"]:
            rules = ", ".join(sorted({str(reason["rule"]) for reason in letter["reasons"]}))
            self.report.add("OK", f"dead letter {letter['id']}", f"stated by the gateway: {letter['state']}, {rules}")

    def _version(self, name: str, record: Json, version: Json) -> None:
        batch = version["batch"]
        self._source(name, record, version)
        if batch not in self.packages:
            self.report.add("NOT CHECKED", name, f"the package of batch {batch} is missing, or did not hold")
            return
        with self.report.check(name) as say:
            package = self.packages[batch]
            require(package.said["unit"] == record["unit"], "its batch is another unit's")
            require(package.said["kind"] == record["kind"], "its batch is of another kind")
            key, digest, node = package.records[version["position"]]
            require((key, digest) == (record["key"], version["digest"]), "another record stands at its place")
            require(node.attributes.get("previous") == version["previous"], "it replaces another version")
            say(f"record {version['position'] + 1} of {batch}, {self._fate(batch, key, digest)}")

    def _fate(self, batch: str, key: str, digest: str) -> str:
        """Say what headquarters signed about a record."""
        last = self.receipts.get(batch, [])[-1:]
        if not last:
            return "no verified receipt of headquarters"
        code = last[0].refused.get((key, digest)) or last[0].refused.get((None, None))
        if code is not None:
            return f"REFUSED by headquarters ({code}), receipt no. {last[0].number}"
        return f"{last[0].level.upper()} by headquarters, receipt no. {last[0].number}"

    def _source(self, name: str, record: Json, version: Json) -> None:
        source = version["source"]
        if source["row_sha256"] is None:
            self.report.add("NOT CHECKED", f"source of {name}", "the source row is missing")
            return
        with self.report.check(f"source of {name}") as say:
            place = f"{record['unit']}/{record['kind']}/{source['extraction']}"
            number, _ = self._known().say("extracted", place, files=source["files"])
            _, sealed = self._known().say("sealed", version["batch"])
            require(
                sealed.get("extraction", source["extraction"]) == source["extraction"], "its batch has another source"
            )
            require(HEX.fullmatch(source["row_sha256"]), "the digest of its row is none")
            if "member" in source:
                require(
                    sha256(self.members[source["member"]]) == source["row_sha256"], "the row is not the one digested"
                )
            say(f"row {source['row'] + 1} of extraction {source['extraction']}, chain entry {number}")


UNTRUSTED = "whoever made it could have made them too. Get them from their owners for proof"


def anchors_checked(report: Report, chain: Chain, anchors: Sequence[Json] | None) -> None:
    """Hold the chain against headquarters' anchors, or say loudly that there are none."""
    if anchors is None:
        report.add(
            "WARNING", "anchors", "none given: a chain whose end was cut off, or that was written anew, looks the same"
        )
        return
    with report.check("anchors") as say:
        require(anchors, "headquarters holds no anchor of this gateway: nothing speaks for the end of the chain")
        check_anchors(chain, anchors)
        last = max(anchor["entry"] or 0 for anchor in anchors)
        say(f"{len(anchors)} agree; what follows entry {last} is anchored by none")


# -- Random inspections


DRAW = "sha-256-order-1"
Line = tuple[str, ...]
"""Kind, product, key and version of one record."""


def draw_again(text: bytes, seed: str, digest: str, rate: int, least: int) -> list[tuple[str, str, int, list[Line]]]:
    """Draw from a population: per stratum in order kind, product, size, and the lines drawn, first drawn first.

    A line's turn is the SHA-256 of ``seed LF digest LF line``; the first of each stratum in the order of their turns
    are drawn: ``rate`` per thousand of it, rounded up, at least ``least``, and all where there are fewer.
    """
    lines = text.split(b"\n")
    require(lines.pop() == b"" and lines, "the population does not end with a line end, or is empty")
    require(lines == sorted(set(lines)), "the population is not sorted, or a line stands in it twice")
    strata: dict[bytes, list[bytes]] = {}
    for line in lines:
        cells = line.split(b"\t")
        require(len(cells) == 4, "a line of the population has not four columns")
        strata.setdefault(b"\t".join(cells[:2]), []).append(line)
    start = f"{seed}\n{digest}\n".encode()
    found = []
    for name in sorted(strata):
        members = sorted(strata[name], key=lambda line: (sha256(start + line), line))
        wanted = max(least, (len(members) * rate + 999) // 1000)
        kind, product = name.decode().split("\t")
        drawn = [tuple(line.decode().split("\t")) for line in members[:wanted]]
        found.append((kind, product, len(members), drawn))
    return found


def check_draw(data: bytes, report: Report, keys: Mapping[str, Key]) -> None:
    """Check a request for a random inspection: its signature, its population, and that its cases come out again."""
    members: dict[str, bytes] = {}
    with report.check("request") as say:
        members = stored(data)
        wanted = {"audit_request.xml", "audit_request.sig", "population.tsv.gz"}
        require(set(members) == wanted, f"it does not consist of {', '.join(sorted(wanted))}")
        say(f"SHA-256 {sha256(data)}")
    if not members or report.count("BAD"):
        return
    if keys:
        with report.check("signature of headquarters") as say:
            say(f"by key {signed_by(members['audit_request.xml'], members['audit_request.sig'], keys).id}")
    else:
        report.add("NOT CHECKED", "signature of headquarters", "no --headquarters-key was given")
    with report.check("draw") as say:
        request = read_xml(members["audit_request.xml"], "audit_request")
        said = request.attributes
        require(said["method"] == DRAW, "it was drawn in a way this program does not know")
        engine = zlib.decompressobj(wbits=31)
        text = engine.decompress(members["population.tsv.gz"], LARGEST_XML)
        require(engine.eof and not engine.unused_data, "its population is cut off, or too large")
        require(sha256(text) == said["population"], "its population is not the one it states")
        require(str(text.count(b"\n")) == said["records"], "its population has another number of records")
        require(HEX.fullmatch(said["seed"]), "its seed is not 64 hex digits")
        again = draw_again(text, said["seed"], said["population"], int(said["rate"]), int(said["least"]))
        strata = [
            tuple(each.attributes[n] for n in ("kind", "product", "records", "drawn"))
            for each in request.children("stratum")
        ]
        require(
            strata == [(kind, product, str(size), str(len(drawn))) for kind, product, size, drawn in again],
            "other strata come out of its seed",
        )
        items = [
            tuple(each.attributes[n] for n in ("kind", "product", "key", "version"))
            for each in request.children("item")
        ]
        require(items == [line for *_, drawn in again for line in drawn], "other cases come out of its seed")
        say(f"{len(items)} of {said['records']} records in {len(strata)} strata, drawn again from seed {said['seed']}")


# -- The command


def read_anchors(path: Path, report: Report, keys: Mapping[str, Key]) -> list[Json]:
    """Read anchors.json; with keys of the gateway given, only anchors signed with them count."""
    found: list[Json] = []
    with report.check("anchors file") as say:
        document = json.loads(path.read_bytes())
        require(document["format"] == "ecqs-anchors/1", "it is of another format")
        for anchor in document["anchors"]:
            right = HEX.fullmatch(anchor["head"]) and HEX.fullmatch(anchor["manifest"])
            entry = anchor["entry"]
            require(right and (entry is None or (type(entry) is int and entry >= 0)), "an anchor in it is none")
        found = [anchor for anchor in document["anchors"] if not keys or anchor["key"] in keys]
        say(f"{len(found)} anchors, {len(document['anchors']) - len(found)} of other keys left out")
    return found


def read_keys(paths: Iterable[Path], report: Report, owner: str) -> dict[str, Key]:
    """Read public keys that came from outside."""
    found = {}
    for path in paths:
        with report.check(f"{owner} key") as say:
            key = read_key(path.read_bytes())
            found[key.id] = key
            say(f"{key.algorithm} {key.id}, from {path.name}")
    return found


def run(options: argparse.Namespace) -> Report:
    """Make the checks that were asked for."""
    report = Report()
    gateway = read_keys(options.gateway_key, report, "gateway")
    headquarters = read_keys(options.headquarters_key, report, "headquarters")
    anchors = read_anchors(options.anchors, report, gateway) if options.anchors else None
    if report.count("BAD"):
        return report
    if options.draw is not None:
        check_draw(options.draw.read_bytes(), report, headquarters)
        return report
    if options.chain is None:
        Bundle(options.bundle.read_bytes(), report, Trust(gateway, headquarters), anchors).examine()
        return report
    chain: Chain | None = None
    with report.check("chain") as say:
        chain = walk(options.chain.read_bytes())
        say(f"{len(chain.hashes) - 1} entries, head {chain.hashes[-1]}")
    if chain is not None:
        anchors_checked(report, chain, anchors)
    return report


def tell(report: Report, *, as_json: bool) -> int:
    """Print what came of it and give the exit code."""
    bad, open_ = report.count("BAD"), report.count("NOT CHECKED")
    if as_json:
        lines = [dict(zip(("status", "check", "detail"), line, strict=True)) for line in report.lines]
        document = {"holds": not bad, "complete": not open_, "checks": lines}
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return 1 if bad else 3 if open_ else 0
    for status, check, detail in report.lines:
        sys.stdout.write(f"{status:<11}  {check}: {detail}\n" if detail else f"{status:<11}  {check}\n")
    for _, check, detail in (line for line in report.lines if line[0] == "WARNING"):
        sys.stdout.write(f"\n!!! {check.upper()}: {detail}.\n")
    verdict = f"{bad} BAD: do not rely on it." if bad else "Everything that is there holds."
    missing = f" {open_} not checked, because it is missing." if open_ else ""
    sys.stdout.write(f"\n{verdict}{missing}\n")
    return 1 if bad else 3 if open_ else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    parser = argparse.ArgumentParser(prog="ecqs_verify.py", description="Checks evidence of an ecqs-gateway offline.")
    parser.add_argument("bundle", nargs="?", type=Path, help="evidence bundle, as `ecqs prove` writes it")
    parser.add_argument("--chain", type=Path, help="check only a chain, as `ecqs evidence export` writes it")
    parser.add_argument("--draw", type=Path, help="check only the draw of a request for a random inspection")
    parser.add_argument("--anchors", type=Path, help="JSON of the anchors headquarters holds")
    for owner in ("headquarters", "gateway"):
        parser.add_argument(
            f"--{owner}-key",
            type=Path,
            action="append",
            default=[],
            help=f"public key of the {owner} (PEM); repeatable",
        )
    parser.add_argument("--json", action="store_true", dest="as_json", help="print JSON")
    options = parser.parse_args(arguments)
    if sum(each is not None for each in (options.bundle, options.chain, options.draw)) != 1:
        parser.error("name either a bundle, or --chain FILE, or --draw FILE")
    for path in filter(None, (options.bundle, options.chain, options.draw, options.anchors)):
        if not path.is_file():
            parser.error(f"there is no file {path}")
    for path in (*options.headquarters_key, *options.gateway_key):
        if not path.is_file():
            parser.error(f"there is no key file {path}")
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    return tell(run(options), as_json=options.as_json)


if __name__ == "__main__":
    sys.exit(main())
