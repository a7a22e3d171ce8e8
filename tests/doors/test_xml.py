"""The XML door: what passes, what the schema says, and that both validators say the same."""

from __future__ import annotations

import gc
import logging
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ecqs_gateway.doors import xml_schema, xml_stream
from ecqs_gateway.doors.xml import LIMITS, Limits, c14n, error_name, local_name, parse, record_body, serialise
from ecqs_gateway.doors.xml_schema import ENGINE_VARIABLE, Schema, flatten, load_schema
from ecqs_gateway.doors.xml_stream import has_declaration
from ecqs_gateway.errors import Misconfigured, Terminal

HEAD = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:e="urn:t" targetNamespace="urn:t" '
    'elementFormDefault="qualified">'
)
TYPES = (
    f"{HEAD}<xs:annotation><xs:documentation>types</xs:documentation></xs:annotation>"
    '<xs:simpleType name="Code"><xs:restriction base="xs:string"><xs:pattern value="[A-Z]{2}[0-9]{3}"/>'
    "</xs:restriction></xs:simpleType>"
    '<xs:simpleType name="Status"><xs:restriction base="xs:string"><xs:enumeration value="on"/>'
    '<xs:enumeration value="off"/></xs:restriction></xs:simpleType></xs:schema>'
)
ENTRY = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- written by people -->{HEAD}<xs:include schemaLocation="types.xsd"/>'
    '<xs:element name="doc"><xs:complexType><xs:sequence><xs:element name="row" maxOccurs="unbounded"><xs:complexType>'
    '<xs:sequence><xs:element name="code" type="e:Code"/><xs:element name="status" type="e:Status" minOccurs="0"/>'
    '<xs:element name="day" type="xs:date" minOccurs="0"/><xs:element name="text" minOccurs="0">'
    '<xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="10"/></xs:restriction></xs:simpleType>'
    '</xs:element></xs:sequence><xs:attribute name="id" type="xs:positiveInteger" use="required"/></xs:complexType>'
    "</xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "types.xsd").write_text(TYPES)
    (tmp_path / "doc.xsd").write_text(ENTRY)
    return tmp_path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    folder = tmp_path_factory.mktemp("xsd")
    (folder / "types.xsd").write_text(TYPES)
    (folder / "doc.xsd").write_text(ENTRY)
    schema = load_schema(folder / "doc.xsd")
    if schema.stream is None:
        pytest.skip("no libxml2 for streaming on this system")
    return schema


def doc(rows: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<doc xmlns="urn:t">{rows}</doc>'.encode()


GOOD = '<row id="1"><code>AB123</code><status>on</status><day>2024-02-29</day><text>好&amp;&lt;</text></row>'
BAD = {
    "SCHEMAV_CVC_PATTERN_VALID": '<row id="1"><code>ab123</code></row>',
    "SCHEMAV_CVC_ENUMERATION_VALID": '<row id="1"><code>AB123</code><status>maybe</status></row>',
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": '<row id="1"><code>AB123</code><day>2023-02-29</day></row>',
    "SCHEMAV_CVC_MAXLENGTH_VALID": f'<row id="1"><code>AB123</code><text>{"长" * 11}</text></row>',
    "SCHEMAV_ELEMENT_CONTENT": '<row id="1"><status>on</status></row>',
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "<row><code>AB123</code></row>",
}


def test_a_plain_document_passes() -> None:
    root = parse(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n<a xmlns="urn:x"><b>\xe5\xa5\xbd</b></a>')
    assert (local_name(root), root[0].text) == ("a", "好")


def test_canonical_form_of_an_inner_element_is_right() -> None:
    root = parse(b'<x xmlns="urn:a"><b z="1" a="&quot;&#10;"><c><d>t &gt; &amp;</d></c></b>tail</x>')
    assert c14n(root[0]) == b'<b xmlns="urn:a" a="&quot;&#xA;" z="1"><c><d>t &gt; &amp;</d></c></b>'
    assert root[0].tail == "tail"


def test_what_is_serialised_reads_back() -> None:
    root = parse("<a>好&amp;</a>".encode())
    assert c14n(parse(serialise(root))) == c14n(root)


def test_a_records_body_is_found_by_its_key_whatever_the_key() -> None:
    key = "a'b\"]|//*"
    batch = """<b xmlns="urn:x"><r key="1"><c>one</c></r><r key="a'b&quot;]|//*"><c>two</c></r><r key="3"></r></b>"""
    assert record_body(batch.encode(), key) == '<c xmlns="urn:x">two</c>'
    for absent in ("3", "4"):
        with pytest.raises(Terminal):
            record_body(batch.encode(), absent)


@pytest.mark.parametrize(
    ("document", "limits"),
    [
        (b"<a>" + b"<b/>" * 11 + b"</a>", Limits(elements=11)),
        (b"<a>" * 5 + b"</a>" * 5, Limits(depth=4)),
        (b"<a>" + b"x" * 11 + b"</a>", Limits(text=10)),
        (b'<a b="' + b"x" * 11 + b'"/>', Limits(text=10)),
        (b'<a b="1" c="2" d="3"/>', Limits(attributes=2)),
        (b"<a>" + b" " * 20 + b"</a>", Limits(document=20)),
    ],
    ids=["elements", "depth", "text", "attribute", "attributes", "document"],
)
def test_each_limit_holds_and_lets_one_less_pass(document: bytes, limits: Limits) -> None:
    with pytest.raises(Terminal, match="ECQS-4002"):
        parse(document, limits=limits)
    one_more = {name: value + (20 if name == "document" else 1) for name, value in vars(limits).items()}
    parse(document, limits=Limits(**one_more))


def test_without_limits_only_size_is_free() -> None:
    assert len(parse(b"<a>" + b"<b></b>" * (LIMITS.elements + 1) + b"</a>", limits=None)) == LIMITS.elements + 1
    with pytest.raises(Terminal, match="ECQS-4001"):
        parse(b"<!DOCTYPE a><a/>", limits=None)


def test_comments_pass_only_where_people_write() -> None:
    document = b"<?xml version='1.0'?><a>1<!-- 2 -->3<?x y?></a>"
    with pytest.raises(Terminal, match="ECQS-4001"):
        parse(document)
    assert local_name(parse(document, comments=True)) == "a"


def test_a_syntax_error_names_the_place_and_quotes_nothing() -> None:
    with pytest.raises(Terminal, match="ECQS-4003") as error:
        parse(b"<a>\n<canary-secret x='canary-secret'></b></a>", where="mail.xml")
    assert "line 2" in error.value.message
    assert "canary" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__


# Schemas


def test_includes_become_one_document(folder: Path) -> None:
    flat = flatten(folder / "doc.xsd")
    assert b"include" not in flat
    assert flat.count(b"simpleType name=") == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('schemaLocation="types.xsd"', 'schemaLocation="../types.xsd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="/etc/passwd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="file:///etc/passwd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="http://127.0.0.1/types.xsd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="linked.xsd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="absent.xsd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="other.xsd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="prefix.xsd"'),
        ('schemaLocation="types.xsd"', 'schemaLocation="data.xsd"'),
        ("xs:include schemaLocation", 'xs:import namespace="urn:u" schemaLocation'),
        ("xs:include", "xs:redefine"),
        ("xs:maxLength", "xs:maxLenght"),
        ("e:Code", "e:Missing"),
    ],
)
def test_a_schema_that_reaches_out_or_is_wrong_is_misconfigured(folder: Path, old: str, new: str) -> None:
    outside = folder.parent / "outside.xsd"
    outside.write_text(TYPES)
    (folder / "linked.xsd").symlink_to(outside)
    (folder / "other.xsd").write_text(TYPES.replace("urn:t", "urn:u"))
    (folder / "prefix.xsd").write_text(TYPES.replace('xmlns:e="urn:t"', 'xmlns:e="urn:u"'))
    (folder / "data.xsd").write_text("<a/>")
    (folder / "doc.xsd").write_text(ENTRY.replace(old, new))
    with pytest.raises(Misconfigured, match="ECQS-4004"):
        load_schema(folder / "doc.xsd")


def test_files_that_include_one_another_are_read_once(folder: Path) -> None:
    (folder / "types.xsd").write_text(
        TYPES.replace("<xs:annotation>", '<xs:include schemaLocation="doc.xsd"/><xs:annotation>')
    )
    assert load_schema(folder / "doc.xsd").check(doc(GOOD)) == ()


@pytest.mark.parametrize("kind", BAD)
def test_both_validators_name_the_same_fault(both: Schema, kind: str) -> None:
    document = doc(GOOD + BAD[kind])
    by_tree = both.check_tree(parse(document))
    by_stream = both.check(document)
    assert [problem.kind for problem in by_stream] == [problem.kind for problem in by_tree]
    assert kind in [problem.kind for problem in by_stream]
    assert by_stream[0].element == by_tree[0].element
    assert by_tree[0].positions[1] == 2


TEXT = st.sampled_from(
    ["AB123", "ab123", "on", "off", "", " on", "2024-02-29", "2023-02-29", "长" * 10, "长" * 11, "&amp;", "&#x1;"]
)
ROW = st.builds(
    lambda start, *fields: f"<row{start}>{''.join(fields)}</row>",
    st.sampled_from([' id="1"', ' id="0"', "", ' id="1" more="x"', ' id="x"']),
    *(
        st.one_of(st.just(""), TEXT.map(lambda text, name=name: f"<{name}>{text}</{name}>"))
        for name in ("code", "status", "day", "text")
    ),
)


@given(st.lists(ROW, max_size=4), st.sampled_from(["", "<other/>", "stray", "<row", "</doc>"]))
@settings(max_examples=300, deadline=None)
def test_both_validators_give_one_verdict(both: Schema, rows: list[str], end: str) -> None:
    document = doc("".join(rows) + end)
    try:
        root = etree.fromstring(document)  # stock lxml
    except etree.XMLSyntaxError:
        by_lxml = False
    else:
        by_lxml = not both.check_tree(root)
    assert (both.check(document) == ()) == by_lxml


def test_a_document_larger_than_libxml2s_look_ahead_validates(both: Schema) -> None:
    rows = GOOD * 300_000
    assert len(rows) > 25_000_000
    assert both.check(doc(rows)) == ()
    assert [p.kind for p in both.check(doc(rows + BAD["SCHEMAV_CVC_PATTERN_VALID"]))] == ["SCHEMAV_CVC_PATTERN_VALID"]


def test_streaming_from_many_threads_gives_each_its_own_verdict(both: Schema) -> None:
    bad = doc(GOOD * 50 + BAD["SCHEMAV_CVC_PATTERN_VALID"])
    wrong: list[object] = []

    def work(good: bool) -> None:
        for _ in range(60):
            found = both.check(doc(GOOD * 50) if good else bad)
            tree = both.check_tree(parse(doc(GOOD) if good else bad))
            if (len(found), len(tree)) != ((0, 0) if good else (1, 1)):
                wrong.append((good, found, tree))

    threads = [threading.Thread(target=work, args=(index % 2 == 0,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_streaming_keeps_no_memory(both: Schema) -> None:
    good, bad, large = doc(GOOD), doc(BAD["SCHEMAV_CVC_PATTERN_VALID"]), doc(GOOD * 2000)

    def work(times: int) -> None:
        for _ in range(times):
            both.check(good)
            both.check(bad)
        for _ in range(times // 100):
            both.check(large)

    work(1000)
    before = resident()
    work(15_000)
    assert resident() - before < 8_000_000  # a lost context is two kilobytes


def test_a_schema_that_is_not_used_any_more_is_freed(both: Schema) -> None:
    def work(times: int) -> None:
        for _ in range(times):
            xml_stream.StreamValidator(both.source)
        gc.collect()

    work(200)
    before = resident()
    work(3000)
    assert resident() - before < 8_000_000


MADE_AND_FREED = {
    "xmlSchemaNewValidCtxt": "xmlSchemaFreeValidCtxt",
    "xmlSchemaSAXPlug": "xmlSchemaSAXUnplug",
    "xmlCreatePushParserCtxt": "xmlFreeParserCtxt",
}


class Short:
    """The system's libxml2 without memory for one of the things it is asked to make; keeps what it made and freed."""

    def __init__(self, library: object, lacking: str) -> None:
        self._library, self._lacking = library, lacking
        self.made: list[tuple[str, object]] = []
        self.freed: list[tuple[str, object]] = []

    def __getattr__(self, name: str) -> object:
        function = getattr(self._library, name)

        def make(*given: object) -> object:
            made = None if name == self._lacking else function(*given)
            if made is not None:
                self.made.append((MADE_AND_FREED[name], made))
            return made

        def free(address: object) -> object:
            if address:
                self.freed.append((name, address))
            return function(address)

        return make if name in MADE_AND_FREED else free if name in MADE_AND_FREED.values() else function


@pytest.mark.parametrize("lacking", MADE_AND_FREED)
def test_what_was_made_is_freed_where_there_is_no_memory_for_the_next(both: Schema, lacking: str) -> None:
    validator = xml_stream.StreamValidator(both.source)
    library = Short(validator._library, lacking)
    with pytest.raises(MemoryError):
        xml_stream.StreamCheck(library, validator)
    assert len(library.made) == list(MADE_AND_FREED).index(lacking)
    assert sorted(library.freed) == sorted(library.made)
    assert validator.problems(doc(GOOD)) == ()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_problems_are_capped_and_hold_no_value(both: Schema) -> None:
    problems = both.check(doc('<row id="1"><code>canary</code></row>' * 500))
    assert len(problems) == 100
    assert "canary" not in repr(problems)


@pytest.mark.parametrize("inside", ["<!-- x -->", "<![CDATA[x]]>", "<!DOCTYPE x>"])
def test_streaming_refuses_what_we_never_write(both: Schema, inside: str) -> None:
    with pytest.raises(Terminal, match="ECQS-4001"):
        both.check(doc(inside))


def test_nothing_is_printed_for_a_broken_document(both: Schema, capfd: pytest.CaptureFixture[str]) -> None:
    assert both.check(b"<doc")
    assert both.check(b"\x00\xff")
    assert both.check(b"")
    assert capfd.readouterr() == ("", "")


def test_the_engine_can_be_forced_to_lxml(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, "lxml")
    schema = load_schema(folder / "doc.xsd")
    assert schema.engine == "lxml"
    assert schema.check(doc(GOOD)) == ()
    assert schema.check(doc(BAD["SCHEMAV_CVC_PATTERN_VALID"]))[0].kind == "SCHEMAV_CVC_PATTERN_VALID"
    assert schema.check(b"<doc") != ()


def test_without_the_library_lxml_is_used_and_said_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(xml_schema, "library_version", lambda: None)
    with caplog.at_level(logging.WARNING):
        assert load_schema(folder / "doc.xsd").engine == "lxml"
    assert "xsd.engine lxml" in caplog.text


def test_a_schema_the_library_refuses_falls_back_visibly(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(schema: bytes) -> None:
        raise Misconfigured("ECQS-4004", "no")

    monkeypatch.setattr(xml_schema, "StreamValidator", refuse)
    assert load_schema(folder / "doc.xsd").engine == "lxml"
    assert "does not compile" in caplog.text
    monkeypatch.setenv(ENGINE_VARIABLE, "stream")
    with pytest.raises(Misconfigured):
        load_schema(folder / "doc.xsd")


def test_an_unknown_engine_is_misconfigured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, "fast")
    with pytest.raises(Misconfigured, match=ENGINE_VARIABLE):
        load_schema(folder / "doc.xsd")


def test_the_stream_compiler_says_what_is_wrong(both: Schema) -> None:
    with pytest.raises(Misconfigured, match="ECQS-4004"):
        xml_stream.StreamValidator(b"<a/>")


def test_errors_have_the_names_libxml2_gives_them() -> None:
    assert error_name(1839) == "SCHEMAV_CVC_PATTERN_VALID"
    assert error_name(987654) == "ERR_987654"


@pytest.mark.parametrize("before", ["", "!" * 1500, "好！a!b! <a> !"])
def test_a_declaration_is_found_among_any_number_of_exclamation_marks(before: str) -> None:
    assert has_declaration(f"<a>{before}<!-- x --></a>".encode())
    assert not has_declaration(f"<a>{before}</a>".encode())
