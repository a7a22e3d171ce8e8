"""The reference pages of the rule catalogue: ``docs/reference/rules.md`` and ``docs/reference/clauses.md``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ecqs_gateway.content.models import Rule, RulesFile
from ecqs_gateway.content.models_clauses import ArticleOf, ClausesFile
from ecqs_gateway.content.yaml_reader import read_yaml
from ecqs_gateway.errors import Misconfigured
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.rules.clauses import checked_by
from ecqs_gateway.rules.evaluate import UNANSWERED, UNJUDGED

__all__ = ["TEST", "clauses_page", "generate", "read_clauses", "read_rules", "rules_page"]

TEST = "tests/rules/test_each_rule.py::test_rule[{id}]"
"""The test every rule has: its examples, and that it cannot be turned round or left out unnoticed."""

_LOOKS = {
    "previous_version": "the version sent before",
    "certificates": "certificates and other cases, in the ledger and at headquarters",
    "inspectors": "the national list of inspectors",
}
_RULES_HEAD = f"""# The rule catalogue

<!-- Written by ecqs generate from schemas/rules/*.yaml. Do not edit by hand. -->

`reject`: the record cannot be sent and becomes a dead letter. `flag`: it is sent, and the finding travels with it to
headquarters. A rule counts as kept where something it needs is absent. How to write one:
[write a rule](../how-to/write-a-rule.md); which sentence of the notice is checked by which rule: [clauses](clauses.md).

Two verdicts are the engine's own. The finding `{UNJUDGED}` says that a rule on working days could not be judged because
the calendar of a year it touches is missing. The reason `{UNANSWERED}` stands in a dead letter of origin `held`: the
rule asks headquarters about a certificate, and there is no answer yet; every run tries such records again by itself.
"""
_CLAUSES_HEAD = """# The notice, sentence by sentence

<!-- Written by ecqs generate from schemas/clauses/*.yaml and schemas/rules/*.yaml. Do not edit by hand. -->

Every sentence with the rules that quote it, or why no rule can check it. A last table links clause, rule and test.
"""


def generate(root: Path) -> dict[str, str]:
    """Give the text of both pages by path below the checkout."""
    rules = [rule for file in read_rules(root).values() for rule in file.rules]
    return {
        "docs/reference/rules.md": rules_page(rules),
        "docs/reference/clauses.md": clauses_page(read_clauses(root), rules),
    }


def read_rules(root: Path) -> dict[str, RulesFile]:
    """Give the rule files of a checkout by path; raises Misconfigured ECQS-1351 for one that is no YAML."""
    return {name: RulesFile.model_validate(data) for name, data in _documents(root, "schemas/rules")}


def read_clauses(root: Path) -> list[ClausesFile]:
    """Give the clause files of a checkout; raises like ``read_rules``."""
    return [ClausesFile.model_validate(data) for _, data in _documents(root, "schemas/clauses")]


def _documents(root: Path, folder: str) -> Iterator[tuple[str, object]]:
    for path in sorted((root / folder).glob("*.yaml")):
        name = f"{folder}/{path.name}"
        document, found = read_yaml(name, path.read_bytes())
        if document is None or found:
            raise Misconfigured("ECQS-1351", "the file cannot be read", where=name, hint="run `ecqs check`")
        yield name, document.data


def rules_page(rules: list[Rule]) -> str:
    """Give the page of all rules, by record kind."""
    lines = [_RULES_HEAD]
    for kind in dict.fromkeys(rule.kind for rule in rules):
        lines.append(f"## {spec(kind).title} (`{kind}`)\n")
        lines += [_rule(rule) for rule in rules if rule.kind == kind]
    return "\n".join(lines)


def _rule(rule: Rule) -> str:
    facts = [
        ("severity", f"`{rule.severity}`"),
        ("clause", f"{rule.clause.document} {rule.clause.article}"),
        ("in force", _in_force(rule)),
        ("products", ", ".join(rule.products) if rule.products else "all"),
        ("fields", ", ".join(f"`{name}`" for name in rule.fields)),
        ("message", f"{rule.message.zh} / {rule.message.en}"),
        ("test", f"`{TEST.format(id=rule.id)}`"),
    ]
    if rule.against is not None:
        held = "; held until answered" if rule.unanswered == "hold" else ""
        facts.insert(4, ("looks at", _LOOKS[rule.against] + held))
    if rule.needs:
        facts.insert(4, ("judged where given", ", ".join(f"`{name}`" for name in rule.needs)))
    quote = f"> {rule.clause.quote}\n\n" if rule.clause.quote else ""
    table = "\n".join(f"| {name} | {_cell(text)} |" for name, text in facts)
    code = f"```sql\n{rule.expr.strip()}\n```\n"
    return f"### {rule.id} {rule.title}\n\n{quote}| | |\n|---|---|\n{table}\n\n{code}"


def _in_force(rule: Rule) -> str:
    by = f", by `{rule.effective.by or spec(rule.kind).date}`"
    first, last = rule.effective.from_, rule.effective.until
    if first is None and last is None:
        return "always"
    return (f"from {first}" if first else "") + (f" until {last}" if last else "") + by


def clauses_page(files: list[ClausesFile], rules: list[Rule]) -> str:
    """Give the page of all clauses, with the table that links clause, rule and test."""
    lines = [_CLAUSES_HEAD]
    for file in files:
        lines.append(f"## {file.document}\n")
        lines += [_clause(file, clause, rules) for clause in file.clauses]
    lines.append("## Clause, rule, test\n\n| clause | rule | test |\n|---|---|---|")
    lines += [
        f"| {_cell(f'{rule.clause.document} {rule.clause.article}')} | [{rule.id}](rules.md) {_cell(rule.title)}"
        f" | `{TEST.format(id=rule.id)}` |"
        for rule in rules
    ]
    return "\n".join(lines) + "\n"


def _clause(file: ClausesFile, clause: ArticleOf, rules: list[Rule]) -> str:
    lines = [f"### {clause.article}{' ' + clause.title if clause.title else ''}\n"]
    if clause.sentences:
        lines += ["| sentence | checked by |", "|---|---|"]
    for sentence in clause.sentences:
        found = ", ".join(f"{rule.id} {rule.title}" for rule in checked_by(file.document, sentence, rules))
        why = f"not checked: {sentence.unchecked.zh} {sentence.unchecked.en}" if sentence.unchecked else ""
        lines.append(f"| {_cell(sentence.quote)} | {_cell(found or why)} |")
    return "\n".join(lines) + ("\n" if clause.sentences else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
