"""Headquarters keeps what each manifest says of its gateway's evidence chain, and cries out when chains go back."""

from __future__ import annotations

import pytest

HEAD = "{:064x}"


def _send(office, kit, sequence: int, entry: int | None, head: str | None = None):
    said = {} if entry is None and head is None else {"evidence": head or HEAD.format(entry or 0)}
    if entry is not None:
        said["evidence-entry"] = str(entry)
    records = kit.certificates(1, first=sequence)
    office.deliver(sequence, office.sender.package(sequence, records, **said))


def _alarms(office) -> list[tuple[str, str | None]]:
    with office.query() as query:
        return [(a.code, a.batch) for a in query.alarms() if a.code.startswith("evidence-")]


def test_anchors_are_kept_and_listed(office, kit) -> None:
    _send(office, kit, 1, 5)
    _send(office, kit, 2, 5)  # sealed in the same commit
    _send(office, kit, 3, 9)
    with office.query() as query:
        found = query.anchors()
        assert query.anchors("370000") == []
        manifests = [batch.manifest for batch in query.batches()]
    assert [(a["sequence"], a["entry"], a["head"]) for a in found] == [
        (1, 5, HEAD.format(5)), (2, 5, HEAD.format(5)), (3, 9, HEAD.format(9)),
    ]  # fmt: skip
    assert [a["manifest"] for a in found] == manifests
    assert {a["key"] for a in found} == {office.sender.key_id}
    assert _alarms(office) == []


def test_packages_of_before_have_no_anchor_or_one_without_a_number(office, kit) -> None:
    _send(office, kit, 1, None)
    _send(office, kit, 2, None, head="ab" * 32)
    with office.query() as query:
        assert [(a["entry"], a["head"]) for a in query.anchors()] == [(None, "ab" * 32)]
        assert [batch.state for batch in query.batches()] == ["loaded", "loaded"]
    assert _alarms(office) == []


def test_a_chain_that_went_backwards_is_an_alarm(office, kit) -> None:
    _send(office, kit, 1, 20)
    _send(office, kit, 2, 7)
    assert _alarms(office) == [("evidence-backwards", "320000-certificate-00000002")]


def test_a_chain_with_another_hash_for_an_entry_is_an_alarm(office, kit) -> None:
    _send(office, kit, 1, 20)
    _send(office, kit, 2, 20, head="cd" * 32)
    assert _alarms(office) == [("evidence-fork", "320000-certificate-00000002")]


def test_packages_that_come_out_of_order_are_no_alarm(office, kit) -> None:
    _send(office, kit, 2, 20)
    _send(office, kit, 1, 10)
    assert _alarms(office) == []
    _send(office, kit, 4, 40)
    _send(office, kit, 3, 60)  # between 20 and 40 would be right
    assert _alarms(office) == [("evidence-backwards", "320000-certificate-00000003")]


@pytest.mark.parametrize("entry", ["-1", "007", "x", "1.5"])
def test_a_number_that_is_none_is_refused_with_its_batch(office, kit, entry: str) -> None:
    said = {"evidence": "ab" * 32, "evidence-entry": entry}
    office.deliver(1, office.sender.package(1, [kit.Record()], **said))
    with office.query() as query:
        if entry == "007":  # a number to XSD, but not in its one form: kept without it
            assert [a["entry"] for a in query.anchors()] == [None]
        else:
            assert [batch.code for batch in query.batches()] == ["HQ-103"]
            assert query.anchors() == []
