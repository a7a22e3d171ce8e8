"""The verifier is a second implementation: it imports nothing of ours, and agrees with ours and with others."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ecqs_gateway.deliver.signing import algorithm

ALLOWED = {"cryptography"} | set(sys.stdlib_module_names)


def test_it_imports_the_standard_library_and_cryptography_only(v) -> None:
    tree = ast.parse(v.PROGRAM.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("__import__", "eval", "exec", "compile")
    assert found <= ALLOWED
    assert "cryptography" in found
    assert list(v.PROGRAM.parent.glob("*.py")) == [v.PROGRAM], "it is one file"


_ALONE = """
import builtins, runpy, sys
real = builtins.__import__
def watched(name, *rest, **named):
    assert not name.startswith(("ecqs_gateway", "lxml", "polars", "gmssl")), name
    return real(name, *rest, **named)
builtins.__import__ = watched
sys.argv = ["ecqs_verify.py", *sys.argv[2:]]
try:
    runpy.run_path(sys.argv_program, run_name="__main__")
finally:
    assert not [name for name in sys.modules if name.startswith("ecqs_gateway")]
"""


def test_it_runs_where_nothing_of_ours_can_be_imported(story, v, tmp_path: Path) -> None:
    file = tmp_path / "bundle.zip"
    file.write_bytes(story.one.data)
    program = _ALONE.replace("sys.argv_program", repr(str(v.PROGRAM)))
    command = [sys.executable, "-I", "-c", program, "-", str(file), "--anchors", str(story.file)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LOADED by headquarters" in done.stdout


PAIR = algorithm("sm2-sm3").generate()
SIGNER = algorithm("sm2-sm3").signer(PAIR.private)


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=200))
def test_its_sm2_agrees_with_ours_on_any_data(v, data: bytes) -> None:
    key = v.V.read_key(PAIR.public)
    assert (key.id, key.algorithm) == (SIGNER.key_id, "sm2-sm3")
    signature = SIGNER.sign(data)
    assert key.verify(data, signature)
    assert not key.verify(data + b"x", signature)


def test_its_sm2_refuses_any_changed_signature(v) -> None:
    key = v.V.read_key(PAIR.public)
    signature = SIGNER.sign(b"data")
    for place in range(0, len(signature), 3):
        changed = bytearray(signature)
        changed[place] ^= 4
        assert not key.verify(b"data", bytes(changed)), place
    for wrong in (b"", signature[:-1], signature + b"\0", b"\x30\x06\x02\x01\x00\x02\x01\x00"):
        assert not key.verify(b"data", wrong)
    r, s = v.V.der_pair(signature)
    assert not v.V.sm2_verify(key.raw, b"data", v.V.der_pair.__doc__.encode())
    assert 1 <= r < v.V.N > s >= 1


def test_its_sm2_holds_for_a_published_example(v) -> None:
    """GB/T 32918.5, appendix A.2: key, message "message digest", signer id 1234567812345678."""
    point = (
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    r = int("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3", 16)
    s = int("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA", 16)
    body = b"".join(b"\x02\x21\x00" + number.to_bytes(32, "big") for number in (r, s))
    signature = b"\x30" + bytes([len(body)]) + body
    assert v.V.sm2_verify(bytes.fromhex(point), b"message digest", signature)
    assert not v.V.sm2_verify(bytes.fromhex(point), b"message digest!", signature)


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"), max_size=12)
_LEAF = st.builds(lambda name, text: (name, {}, [text]), st.sampled_from(["a", "b_c"]), _TEXT)
_TREE = st.recursive(
    _LEAF,
    lambda inner: st.builds(
        lambda name, attributes, inside: (name, attributes, inside),
        st.sampled_from(["x", "y"]),
        st.dictionaries(st.sampled_from(["k", "b", "z"]), _TEXT),
        st.lists(inner | _TEXT, max_size=4),
    ),
    max_leaves=12,
)


def _element(tree, parent=None):
    name, attributes, inside = tree
    full = f"{{urn:ecqs-gateway:exchange:1.0}}{name}"
    made = etree.Element(full, nsmap={None: "urn:ecqs-gateway:exchange:1.0"}) if parent is None else None
    node = made if made is not None else etree.SubElement(parent, full)
    for key, value in attributes.items():
        node.set(key, value)
    for part in inside:
        if not isinstance(part, str):
            _element(part, node)
        elif len(node):
            node[-1].tail = (node[-1].tail or "") + part
        else:
            node.text = (node.text or "") + part
    return node


@settings(max_examples=200, deadline=None)
@given(_TREE)
def test_its_canonical_xml_is_that_of_another_library(v, tree) -> None:
    expected = etree.tostring(_element(tree), method="c14n", with_comments=False)
    document = b'<?xml version="1.0" encoding="UTF-8"?>\n' + expected
    if b"<!" in document or b"<?" in expected:
        return
    assert v.V.c14n(v.V.read_xml(document, tree[0])).encode() == expected


NS = "urn:ecqs-gateway:exchange:1.0"
HOSTILE = {
    "doctype": f'<?xml version="1.0"?><!DOCTYPE batch [<!ENTITY x "y">]><batch xmlns="{NS}">&x;</batch>',
    "entity": f'<?xml version="1.0"?><batch xmlns="{NS}">&x;</batch>',
    "comment": f'<?xml version="1.0"?><batch xmlns="{NS}"><!-- c --></batch>',
    "cdata": f'<?xml version="1.0"?><batch xmlns="{NS}"><![CDATA[c]]></batch>',
    "instruction": f'<?xml version="1.0"?><batch xmlns="{NS}"><?php x?></batch>',
    "other namespace": '<?xml version="1.0"?><batch xmlns="urn:other"></batch>',
    "no namespace": '<?xml version="1.0"?><batch></batch>',
    "inner namespace": f'<?xml version="1.0"?><batch xmlns="{NS}"><a xmlns="urn:other"></a></batch>',
    "prefix": f'<?xml version="1.0"?><batch xmlns="{NS}" xmlns:p="urn:p"><p:a></p:a></batch>',
    "other root": f'<?xml version="1.0"?><hctab xmlns="{NS}"></hctab>',
    "double attribute": f'<?xml version="1.0"?><batch xmlns="{NS}" a="1" a="2"></batch>',
    "cut off": f'<?xml version="1.0"?><batch xmlns="{NS}"><a>',
    "two roots": f'<?xml version="1.0"?><batch xmlns="{NS}"></batch><batch></batch>',
    "deep": f'<?xml version="1.0"?><batch xmlns="{NS}">' + "<a>" * 100 + "</a>" * 100 + "</batch>",
    "utf-16": f'<?xml version="1.0" encoding="UTF-16"?><batch xmlns="{NS}"></batch>',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_xml_that_is_more_than_elements_and_text_is_refused(name: str, v) -> None:
    data = HOSTILE[name].encode("utf-16" if name == "utf-16" else "utf-8")
    with pytest.raises((v.V.Bad, *v.V.UNREADABLE)):
        v.V.read_xml(data, "batch")


def test_a_bomb_is_not_inflated(v) -> None:
    import gzip

    packed = gzip.compress(bytes(50_000_000), mtime=0)
    with pytest.raises(v.V.Bad, match="does not inflate to the size"):
        v.V.inflate(packed, 1000)
    with pytest.raises(v.V.Bad, match="out of range"):
        v.V.inflate(packed, 1 << 40)
    with pytest.raises(v.V.Bad, match="does not inflate"):
        v.V.inflate(gzip.compress(b"abc") + b"more", 3)
