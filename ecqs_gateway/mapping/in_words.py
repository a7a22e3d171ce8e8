"""A mapping in words: for each national field where it comes from and what is done to it, as bureaux write tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ecqs_gateway.content.models import Absent, CodesUse, FieldMapping, ListMapping
from ecqs_gateway.mapping.compiled import CompiledMapping
from ecqs_gateway.mapping.fields import FieldPlan
from ecqs_gateway.mapping.lists import ListPlan
from ecqs_gateway.mapping.words import WORDS
from ecqs_gateway.model.codes import CodeTables
from ecqs_gateway.model.record import Group, Leaf, Repeated
from ecqs_gateway.model.xsd_width import width

__all__ = ["FieldLine", "field_lines"]

Place = tuple[str | int, ...]

GROUPS = {"from": "mapped", "join": "derived", "expr": "derived", "const": "constant", "absent": "absent"}
"""How a field is covered, by its origin; anything else is open."""


@dataclass(frozen=True)
class FieldLine:
    """One national field, or list, with what a mapping says of it."""

    path: str
    """Dotted; fields of lists as ``products[].name``."""
    title: str
    type: str
    length: str
    constraint: str
    """M, O, or C: required where its group or item is there."""
    source: str
    """Where the field itself comes from: clause, standard."""
    group: str
    """mapped, derived, constant, absent or open."""
    columns: tuple[str, ...]
    rule: str
    """In words; empty where nothing is said."""
    codes: str | None = None
    """Code file, without .csv."""
    national_table: str | None = None
    absent: Absent | None = None
    personal: bool = False
    yaml: Place = ()
    """Place in the mapping file."""
    key: str = ""
    """Path as lineage and observations have it: ``products.name``."""

    def overdue(self, day: date) -> bool:
        """Say whether a declaration of absence has run out."""
        return self.absent is not None and self.absent.until < day


def field_lines(compiled: CompiledMapping) -> tuple[FieldLine, ...]:
    """Give every national field and list of the kind, in document order."""
    plans = {plan.path: plan for plan in compiled.record.plans}
    lists = {one.path: one for one in compiled.lists}
    return tuple(_walk(compiled, compiled.spec.nodes, plans, lists))


def _walk(
    compiled: CompiledMapping,
    nodes: tuple[Leaf | Group | Repeated, ...],
    plans: dict[str, FieldPlan],
    lists: dict[str, ListPlan],
    *,
    certain: bool = True,
) -> Iterator[FieldLine]:
    for node in nodes:
        if isinstance(node, Leaf):
            given = compiled.mapping.fields.get(node.path)
            yield _field(node, plans[node.path], given, ("fields", node.path), compiled.codes, certain=certain)
        elif isinstance(node, Group):
            yield from _walk(compiled, node.nodes, plans, lists, certain=certain and node.required)
        else:
            yield from _list(compiled.mapping.children.get(node.path), node, lists[node.path], compiled.codes)


def _list(given: ListMapping | None, node: Repeated, plan: ListPlan, codes: CodeTables) -> Iterator[FieldLine]:
    place: Place = ("children", node.path)
    group = {"absent": "absent", "none": "open"}.get(plan.origin, "mapped")
    columns = (plan.source,) if plan.source else ()
    absent = given.absent if given else None
    yield FieldLine(
        f"{node.path}[]", node.title, "列表", "", "M" if node.required else "O", node.source, group, columns,
        _absent_rule(absent) if absent else _list_rule(plan), absent=absent, yaml=place, key=node.path,
    )  # fmt: skip
    inner = {one.path: one for one in plan.fields.plans}
    for child in node.nodes:
        for leaf, certain in _leaves(child, certain=True):
            mine = given.fields.get(leaf.path) if given else None
            line = _field(leaf, inner[leaf.path], mine, (*place, "fields", leaf.path), codes, certain=certain)
            constraint = "C" if line.constraint == "M" else line.constraint
            gone = line.absent or absent
            yield FieldLine(
                **{
                    **vars(line),
                    "path": f"{node.path}[].{leaf.path}",
                    "key": f"{node.path}.{leaf.path}",
                    "constraint": constraint,
                    "group": "absent" if plan.origin == "absent" else line.group,
                    "absent": gone,
                    "rule": _absent_rule(gone) if plan.origin == "absent" and gone else line.rule,
                }
            )


def _leaves(node: Leaf | Group, *, certain: bool) -> Iterator[tuple[Leaf, bool]]:
    if isinstance(node, Leaf):
        yield node, certain
    else:
        for child in node.nodes:
            yield from _leaves(child, certain=certain and node.required)


def _field(
    leaf: Leaf, plan: FieldPlan, given: FieldMapping | None, place: Place, codes: CodeTables, *, certain: bool
) -> FieldLine:
    return FieldLine(
        leaf.path,
        leaf.title,
        leaf.type.title,
        _length(leaf, codes),
        ("M" if certain else "C") if leaf.required else "O",
        leaf.source,
        GROUPS.get(plan.origin, "open"),
        plan.lineage,
        "" if given is None else "；".join(_rule(given)),
        codes=given.codes.table if given is not None and given.codes is not None else None,
        national_table=getattr(leaf.type, "table", None),
        absent=given.absent if given is not None else None,
        personal=leaf.personal,
        yaml=place,
        key=leaf.path,
    )


def _length(leaf: Leaf, codes: CodeTables) -> str:
    found = width(leaf.type.xsd(codes))
    if found is None:
        return ""
    low, high = found
    return str(low) if low == high else f"{low}..{'' if high is None else high}"


def _rule(given: FieldMapping) -> Iterator[str]:
    """Say in words what is done, in the order in which it is done."""
    if given.absent is not None:
        yield _absent_rule(given.absent)
    elif given.const is not None:
        yield f"固定值 {given.const}"
    elif given.expr is not None:
        yield f"按表达式计算：{given.expr}"
    else:
        yield f"取 {given.from_}" if given.from_ is not None else "拼接"
    yield from _cleaning(given)
    if given.join is not None:
        yield f"以“{given.join.with_}”连接 {'、'.join(given.join.columns)}"
    if given.parse is not None:
        yield f"只认日期格式 {'、'.join(given.parse)}"
    if given.codes is not None:
        yield _codes(given.codes)
    if given.default is not None:
        yield f"空值报送 {given.default}"


def _cleaning(given: FieldMapping) -> Iterator[str]:
    for step in given.clean:
        if isinstance(step, str):
            yield WORDS[step].title
        else:
            yield from (f"{WORDS[word].title}（{'、'.join(listed)}）" for word, listed in step.items())
    if given.split is not None:
        which = "最后一段" if given.split.take == -1 else f"第 {given.split.take} 段"
        yield f"按 {given.split.by} 切分取{which}"


def _codes(use: CodesUse) -> str:
    if isinstance(use.unmapped, str):
        rest = {"reject": "未列值退回", "pass": "未列值按原值报送并标记"}[use.unmapped]
    else:
        rest = f"未列值报送 {use.unmapped.default}（{use.unmapped.reason}）"
    inexact = {"pass": "", "flag": "，不等同的标记", "reject": "，不等同的退回"}[use.inexact]
    return f"按代码对照表 {use.table} 转换，{rest}{inexact}"


def _absent_rule(absent: Absent) -> str:
    return f"本单位没有：{absent.reason}（{absent.owner}，{absent.until.isoformat()} 前复核）"


def _list_rule(plan: ListPlan) -> str:
    if plan.origin == "child":
        return f"子表 {plan.source} 的每一行为一项"
    if plan.origin == "split":
        return f"{plan.source} 按 {plan.by} 切分" if plan.by else f"{plan.source} 中每处匹配 {plan.each} 的为一项"
    if plan.origin == "json":
        return f"{plan.source} 中 JSON 数组的每一个元素为一项"
    return ""
