"""The XSD files of the exchange schema, written from the record kinds, field types, code tables and envelopes.

``generate`` is a pure function of its arguments; the committed files under ``schemas/ecqs/1.0`` are its output and a
test keeps them so.
"""

from __future__ import annotations

from collections.abc import Iterator

from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.codes import CodeTable, CodeTables
from ecqs_gateway.model.inspector_list import INSPECTOR_LIST, list_types
from ecqs_gateway.model.kinds import KINDS, spec
from ecqs_gateway.model.record import Group, KindSpec, Leaf, Repeated
from ecqs_gateway.model.types import Code, FieldType, XsdType
from ecqs_gateway.model.xsd_audits import AUDIT_MESSAGES, audit_types
from ecqs_gateway.model.xsd_messages import BATCH, MANIFEST, RECEIPT, UNITS, Attribute, Element, envelope_types
from ecqs_gateway.model.xsd_nodes import Node, annotation, complex_type, document, local, node, simple_type

__all__ = ["PROPOSED", "describe", "generate", "used_types"]

PROPOSED = "本格式是本项目拟定的建议稿，不是市场监管总局发布的接口规范。"
"""What every page and schema says first: facts §9, no official interface is public."""

_TYPES, _CODES = "types.xsd", "codes.xsd"


def generate(codes: CodeTables) -> dict[str, str]:
    """Give the text of every XSD file by its name; writes nothing.

    Raises ``Misconfigured`` where two different simple types have one name or a code table is missing.
    """
    kinds = [spec(kind) for kind in sorted(KINDS)]
    files = {
        _TYPES: document(f"数据类型。{PROPOSED}", (), _simple_types(codes)),
        _CODES: document(f"代码表（由 schemas/codes 生成）。{PROPOSED}", (), _code_types(codes)),
        **{f"{kind.kind}.xsd": _kind_document(kind, codes) for kind in kinds},
        "batch.xsd": _batch_document(kinds, codes),
        "manifest.xsd": document(f"清单。{PROPOSED}", (_TYPES, _CODES), [_envelope(MANIFEST, codes)]),
        "inspector_list.xsd": document(
            f"核查人员名录。{PROPOSED}", (_TYPES, _CODES), [_envelope(INSPECTOR_LIST, codes)]
        ),
        "receipt.xsd": document(f"回执。{PROPOSED}", (_TYPES, _CODES), [_envelope(RECEIPT, codes)]),
        "audits.xsd": document(
            f"抽查通知、签收、答复与回执。{PROPOSED}", (_TYPES, _CODES), [_envelope(m, codes) for m in AUDIT_MESSAGES]
        ),
    }
    return dict(sorted(files.items()))


def used_types() -> Iterator[FieldType]:
    """Walk the field types of all kinds, each once, in the order of the kinds."""
    seen: set[FieldType] = set()
    for kind in KINDS:
        for leaf in (*spec(kind).leaves(), *(leaf for many in spec(kind).repeated() for leaf in many.leaves())):
            if leaf.type not in seen:
                seen.add(leaf.type)
                yield leaf.type


def describe(item: Leaf | Group | Repeated) -> str:
    """Say in one Chinese line what a field or group is and where it comes from."""
    parts = [item.title]
    if item.source:
        parts.append(f"来源：{item.source}")
    if item.doc:
        parts.append(item.doc)
    if isinstance(item, Leaf) and item.personal:
        parts.append("个人信息，展示时须脱敏")
    return "。".join(parts) + "。"


def _simple_types(codes: CodeTables) -> list[Node]:
    declared: dict[str, XsdType] = {}
    nodes: dict[str, Node] = {}
    fields = [(kind.xsd(codes), _type_title(kind)) for kind in used_types() if not isinstance(kind, Code)]
    for xsd, title in (*envelope_types(KINDS), *audit_types(), *list_types(), *fields):
        if declared.setdefault(xsd.name, xsd) != xsd:
            raise Misconfigured("ECQS-1091", f"two different simple types are called {xsd.name}")
        nodes.setdefault(xsd.name, simple_type(xsd, title))
    return [nodes[name] for name in sorted(nodes)]


def _type_title(kind: FieldType) -> str:
    explained = kind.explain()
    return kind.title if explained == kind.title else f"{kind.title}：{explained}"


def _code_types(codes: CodeTables) -> list[Node]:
    """Declare the tables that fields and envelopes refer to; the others serve rules and mapping only."""
    tables = {UNITS, *(kind.table for kind in used_types() if isinstance(kind, Code))} & set(codes)
    return [simple_type(Code(name).xsd(codes), f"代码表 {name}", _code_names(codes[name])) for name in sorted(tables)]


def _code_names(table: CodeTable) -> dict[str, str]:
    """Give what each code of a table means; a code with several periods keeps all its names."""
    names: dict[str, list[str]] = {}
    for code, name in table.rows.select("code", "name").iter_rows():
        if name not in names.setdefault(code, []):
            names[code].append(name)
    return {code: "；".join(of_code) for code, of_code in names.items()}


def _kind_document(kind: KindSpec, codes: CodeTables) -> str:
    body = _sequence(kind.nodes, codes)
    root = node("element", annotation(f"{kind.title}。业务主键：{kind.key}。"), complex_type(body), name=kind.kind)
    return document(f"{kind.title}（{kind.kind}）。{PROPOSED}", (_TYPES, _CODES), [root])


def _sequence(nodes: tuple[Leaf | Group | Repeated, ...], codes: CodeTables) -> Node:
    return node("sequence", *(_field(item, codes) for item in nodes))


def _field(item: Leaf | Group | Repeated, codes: CodeTables) -> Node:
    occurs = {} if item.required else {"minOccurs": "0"}
    if isinstance(item, Leaf):
        _require_table(item, codes)
        return node(
            "element", annotation(describe(item)), name=item.name, type=local(item.type.xsd(codes).name), **occurs
        )
    inner = _sequence(item.nodes, codes)
    if isinstance(item, Repeated):
        inner = node("sequence", node("element", complex_type(inner), name=item.item, maxOccurs="unbounded"))
    return node("element", annotation(describe(item)), complex_type(inner), name=item.name, **occurs)


def _require_table(leaf: Leaf, codes: CodeTables) -> None:
    if isinstance(leaf.type, Code) and leaf.type.table not in codes:
        hint = f"add schemas/codes/{leaf.type.table}.csv"
        raise Misconfigured("ECQS-1092", f"there is no code table {leaf.type.table}", where=leaf.path, hint=hint)


def _batch_document(kinds: list[KindSpec], codes: CodeTables) -> str:
    # No xs:unique on record keys: libxml2 needs up to twice the time for a batch with it. Who builds and who receives
    # a batch compare its keys with a set, which costs nothing.
    bodies = node("choice", *(node("element", ref=local(kind.kind)) for kind in kinds), minOccurs="0")
    includes = (_TYPES, _CODES, *(f"{kind.kind}.xsd" for kind in kinds))
    return document(f"批次。{PROPOSED}", includes, [_envelope(BATCH, codes, bodies)])


def _envelope(element: Element, codes: CodeTables, bodies: Node | None = None, *, top: bool = True) -> Node:
    occurs = {} if element.at_least or top else {"minOccurs": "0"}
    if element.many:
        occurs["maxOccurs"] = "unbounded"
    attributes = [_attribute(attribute, codes) for attribute in element.attributes]
    if element.text is not None:
        content = [node("simpleContent", node("extension", *attributes, base=local(element.text)))]
    else:
        children = [_envelope(child, codes, bodies, top=False) for child in element.children]
        inner = [bodies, *children] if element.body else children
        content = [*([node("sequence", *inner)] if inner else []), *attributes]
    return node("element", annotation(f"{element.title}。"), complex_type(*content), name=element.name, **occurs)


def _attribute(attribute: Attribute, codes: CodeTables) -> Node:
    name = Code(attribute.type).xsd(codes).name if attribute.type in codes else attribute.type
    use = "required" if attribute.required else "optional"
    return node("attribute", annotation(f"{attribute.title}。"), name=attribute.name, type=local(name), use=use)
