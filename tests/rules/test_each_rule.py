"""Every rule by its id: its examples decide both ways, and the table clause → rule → test names it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from ecqs_gateway.flows import rules_reference
from ecqs_gateway.rules import RuleCatalogue, check_rules
from ecqs_gateway.rules.clauses import checked_by, problems

ROOT = Path(__file__).parents[2]
LINKS = list(csv.DictReader((ROOT / "tests/rules/cases/links.csv").read_text(encoding="utf-8").splitlines()))
NOTICE = (ROOT / "tests/rules/cases/notice.zh.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def catalogue(files):
    return RuleCatalogue.of(files.values())


@pytest.fixture(scope="module")
def clauses():
    return rules_reference.read_clauses(ROOT)


def alone(files, rule, expr):
    """The file of one rule with another expression."""
    file = next(file for file in files.values() if rule in file.rules)
    return {"one.yaml": file.model_copy(update={"rules": (rule.model_copy(update={"expr": expr}),)})}


@pytest.mark.parametrize("rule_id", [link["rule"] for link in LINKS])
def test_rule(files, catalogue, context, rule_id):
    """Its examples behave, and no expression that is always true or always false would pass them."""
    rule = next(rule for rule in catalogue if rule.id == rule_id)
    assert check_rules(alone(files, rule, rule.expr), context) == []
    always = {problem.code for problem in check_rules(alone(files, rule, "1 = 1"), context)}
    never = {problem.code for problem in check_rules(alone(files, rule, "1 = 2"), context)}
    assert always == {"ECQS-1307"}
    assert never == {"ECQS-1306"}


def test_the_table_links_every_clause_rule_and_test(catalogue):
    wanted = {
        (f"{r.clause.document} {r.clause.article}", r.id, rules_reference.TEST.format(id=r.id)) for r in catalogue
    }
    assert {(link["clause"], link["rule"], link["test"]) for link in LINKS} == wanted
    assert len(LINKS) == len(catalogue)


def test_a_rule_that_rests_on_the_notice_quotes_it(catalogue, clauses):
    (notice,) = clauses
    resting = [rule for rule in catalogue if rule.clause.document == notice.document]
    assert len(resting) >= 20
    assert [rule.id for rule in resting if not rule.clause.quote or rule.clause.quote not in NOTICE] == []


def test_every_sentence_of_the_notice_is_there(clauses):
    (notice,) = clauses
    whole = "".join((clause.title or "") + "".join(s.quote for s in clause.sentences) for clause in notice.clauses)
    text = re.sub(r"\s", "", NOTICE[NOTICE.index("2020年9月10日") :])
    assert re.sub(r"\s", "", whole) == re.sub(r"（[一二三四五六]）(?=[^，。；）]{5})", "", text)


def test_every_sentence_is_checked_or_says_why_not(catalogue, clauses):
    (notice,) = clauses
    assert list(problems(notice, catalogue)) == []
    checked = [s for clause in notice.clauses for s in clause.sentences if checked_by(notice.document, s, catalogue)]
    assert len(checked) >= 12


def test_a_sentence_nobody_checks_and_a_quotation_from_nowhere_are_told(catalogue, clauses):
    (notice,) = clauses
    rules = [rule for rule in catalogue if rule.id != "APPR-009"]
    assert any("三（二）" in told and "no rule checks" in told for told in problems(notice, rules))
    strange = next(rule for rule in catalogue if rule.id == "APPR-009")
    strange = strange.model_copy(update={"clause": strange.clause.model_copy(update={"quote": "压缩至3个工作日内。"})})
    assert any(told.startswith("APPR-009: its quotation stands nowhere") for told in problems(notice, [strange]))
