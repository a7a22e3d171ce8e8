"""Questions and answers: what is not headquarters' true answer to this very question counts for nothing."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from ecqs_gateway.deliver.signing import Trust, algorithm, seal
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.reconcile import build, digests
from ecqs_gateway.reconcile.descend import Ours, descend
from ecqs_gateway.reconcile.differences import History, apart, classify
from ecqs_gateway.reconcile.fields import different_fields
from ecqs_gateway.reconcile.wire import Answer, Believed, Item, Question, read_answer, write_question
from ecqs_gateway.sandbox.enquiries import Desk
from ecqs_gateway.sandbox.judge import MONTH_FIELDS
from ecqs_gateway.sandbox.keys import load_or_create, read_public_key
from ecqs_gateway.sandbox.tree import Leaf, Tree, unit_digest

UNIT, NOW = "320000", datetime(2026, 11, 23, tzinfo=UTC)
LEAVES = [Leaf("01", "2024-01", f"k{n}", f"{n:064x}") for n in range(100)]
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "digest-tree.md"


class Line:
    """A gateway and a desk that know each other's keys; ``twist`` changes the answer's JSON before it is sealed."""

    def __init__(self, folder: Path) -> None:
        self.seal = load_or_create(folder / "seal.pem")
        pair = algorithm("ed25519").generate()
        (folder / "gateway.pem").write_bytes(pair.public)
        public = read_public_key(folder / "gateway.pem")
        self.signer = algorithm("ed25519").signer(pair.private)
        self.believed = Believed(Trust.of([("ed25519", self.seal.public.pem())]), "hq")
        keys = SimpleNamespace(find=lambda unit, name: public if (unit, name) == (UNIT, public.key_id) else None)
        holdings = SimpleNamespace(tree=lambda *_: Tree(LEAVES), record=lambda *_: [])
        self.desk = Desk(self.seal, "hq", keys, holdings)
        self.twist: Callable[[dict], dict] = lambda said: said

    def question(self, *items: Item, unit: str = UNIT) -> Question:
        return write_question(unit, "q.zip", items, signer=self.signer, asked=NOW)

    def answered(self, question: Question) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self.desk.answer(question.data, UNIT, NOW))) as archive:
            said = self.twist(json.loads(archive.read("answer.json")))
        return self.sealed(json.dumps(said).encode())

    def sealed(self, body: bytes) -> bytes:
        signature = {"algorithm": "ed25519", "key_id": self.seal.public.key_id}
        signature |= {"signature": base64.b64encode(self.seal.sign(body)).decode()}
        return _zip({"answer.json": body, "answer.sig": json.dumps(signature).encode()})

    def ask(self, items: list[Item]) -> Answer:
        question = self.question(*items)
        return read_answer(self.answered(question), question, believed=self.believed)


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


ROOT = Item("certificate", 7, "nodes")


def test_a_true_answer_is_read_and_names_unit_kind_and_products(line: Line) -> None:
    answer = line.ask([ROOT, Item("certificate", 7, "leaves", "01/2024-01/a")])
    root = Tree(LEAVES).root()
    assert (answer.items[0].count, answer.items[0].digest) == (100, root.digest)
    assert answer.unit_digest == unit_digest({"certificate": root})
    assert answer.unit_digest == digests.unit_digest([("certificate", 100, root.digest)])
    assert {leaf.key for leaf in answer.items[1].leaves or ()} < {leaf.key for leaf in LEAVES}


@pytest.mark.parametrize(
    ("twist", "code"),
    [
        (lambda said: said | {"question": "0" * 64}, "ECQS-8022"),
        (lambda said: said | {"unit": "370000"}, "ECQS-8022"),
        (lambda said: said | {"issuer": "other"}, "ECQS-8022"),
        (lambda said: said | {"items": []}, "ECQS-8021"),
        (lambda said: said | {"more": 1}, "ECQS-8021"),
        (lambda said: said | {"items": [{"nodes": [{"name": "01", "count": -1, "digest": "0" * 64}]}]}, "ECQS-8021"),
        (lambda said: said | {"items": [{"leaves": []}]}, "ECQS-8021"),
        (lambda said: said | {"items": [{"refused": "HQ-304"}]}, "ECQS-8023"),
        (lambda said: said | {"refused": "HQ-302", "items": []}, "ECQS-8023"),
    ],
)
def test_an_answer_that_is_none_is_refused(line: Line, twist: Callable[[dict], dict], code: str) -> None:
    line.twist = twist
    with pytest.raises(Terminal, match=code):
        line.ask([ROOT])


def test_an_answer_without_headquarters_signature_is_refused(line: Line, tmp_path: Path) -> None:
    question = line.question(ROOT)
    with zipfile.ZipFile(io.BytesIO(line.answered(question))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    changed = members | {"answer.json": members["answer.json"].replace(b"100", b"101", 1)}
    forged = members | {"answer.sig": seal(members["answer.json"], line.signer)}
    for data, code in ((_zip(changed), "ECQS-4025"), (_zip(forged), "ECQS-4024")):
        with pytest.raises(Terminal, match=code):
            read_answer(data, question, believed=line.believed)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (lambda line: b"no zip", "HQ-301"),
        (lambda line: line.question(ROOT, unit="370000").data, "HQ-303"),
        (lambda line: line.question(Item("certificate", -1, "nodes")).data, "HQ-304"),
        (lambda line: line.question(Item("certificate", 1, "leaves", "01")).data, "HQ-304"),
        (lambda line: line.question().data, "HQ-301"),
        (lambda line: _zip({"question.json": b"{}", "question.sig": b"{}"}), "HQ-302"),
        (lambda line: _zip({"question.json": b"{}", "question.sig": seal(b"{ }", line.signer)}), "HQ-302"),
    ],
)
def test_headquarters_refuses_what_is_no_question_of_the_unit(
    line: Line, data: Callable[[Line], bytes], code: str
) -> None:
    with zipfile.ZipFile(io.BytesIO(line.desk.answer(data(line), UNIT, NOW))) as archive:
        assert json.loads(archive.read("answer.json"))["refused"] == code


def _ours(leaves: list[Leaf]) -> Ours:
    rows = [{"key": each.key, "month": f"{each.product}/{each.month}", "version": each.version} for each in leaves]
    schema = {"key": pl.String, "month": pl.String, "version": pl.String}
    placed = build.place(pl.DataFrame(rows, schema=schema))
    nodes = build.nodes_of(placed)
    root = nodes.filter(pl.col("path") == "")
    below = pl.col("path").str.replace(r"/?[^/]*$", "")
    stored = build.Stored(
        of_keys=lambda keys: placed.filter(pl.col("key").is_in(keys.implode())),
        of_buckets=lambda buckets: placed.filter(pl.col("bucket").is_in(buckets.implode())),
        nodes=lambda paths: nodes.filter(pl.col("path").is_in(paths.implode())),
        children=lambda parents: nodes.filter((pl.col("path") != "") & below.is_in(parents.implode())),
    )
    digest = root["digest"][0] if root.height else digests.empty_digest()
    return Ours("certificate", 7, len(leaves), digest, stored)


@pytest.mark.parametrize("kept", [0, 1, 3, 64, 65, 99, 100])
def test_sides_that_split_a_month_differently_still_understand_each_other(line: Line, kept: int) -> None:
    found = descend(line.ask, [_ours(LEAVES[:kept])])["certificate"]
    here, there = found.sides()
    assert set(apart(here, there)["key"]) == {leaf.key for leaf in LEAVES[kept:]}
    assert found.requests <= 40


def test_a_tree_that_contradicts_itself_is_not_believed(line: Line) -> None:
    def lie(said: dict) -> dict:
        for item in said["items"]:
            for leaf in item.get("leaves", [])[:1]:
                leaf["version"] = "f" * 64
        return said

    line.twist = lie
    with pytest.raises(Terminal, match="ECQS-8024"):
        descend(line.ask, [_ours(LEAVES[:99])])


def test_the_example_of_the_reference_is_what_both_sides_compute() -> None:
    page = PAGE.read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| ([a-z, ]+) \| .* \| `([0-9a-f]{64})` \|$", page, re.MULTILINE))
    tree = Tree([Leaf("06", "2024-03", "A1", "0" * 64)])
    month, product, kind = tree.children(["06"])[0], tree.children([])[0], tree.root()
    assert stated["bucket, and month"] == month.digest
    assert (stated["product"], stated["kind"]) == (product.digest, kind.digest)
    assert (
        stated["unit"] == unit_digest({"certificate": kind}) == digests.unit_digest([("certificate", 1, kind.digest)])
    )
    assert stated["leaf"] == Leaf("06", "2024-03", "A1", "0" * 64).digest
    ours = _ours([Leaf("06", "2024-03", "A1", "0" * 64)])
    assert ours.digest == kind.digest


def test_headquarters_knows_the_month_of_every_kind() -> None:
    assert {kind: spec(kind).date for kind in KINDS} == MONTH_FIELDS


def test_the_fields_that_differ_are_named_and_their_values_are_not() -> None:
    ours = "<c><number>1</number><holder><name>甲</name></holder>"
    ours += "<products><product><name>a</name></product></products></c>"
    theirs = "<c><number>1</number><holder><name>乙</name><address>x</address></holder><products>"
    theirs += "<product><name>a</name></product><product><name>b</name></product></products></c>"
    found = different_fields(ours, theirs, lists=["products"])
    assert found == ("holder.address", "holder.name", "products[2].name")


def test_an_earlier_version_is_superseded_and_a_key_on_its_way_waits() -> None:
    here = pl.DataFrame({"key": ["a", "b", "c"], "version": ["2", "2", "2"]})
    there = pl.DataFrame({"key": ["a", "b", "d", "d"], "version": ["1", "9", "5", "5"]})
    found = classify(here, there, apart(here, there), History({"a": {"1", "2"}, "c": {"2"}}, {"c"}))
    told = {each.key: (str(each.kind_of), str(each.action)) for each in found}
    assert told == {
        "a": ("superseded", "resend"),
        "b": ("different", "person"),
        "c": ("waiting", "wait"),
        "d": ("duplicated", "person"),
    }
