"""F12: a chain that was flipped, cut, reordered, extended or forked anywhere is found, and the first bad entry named.

Two implementations are asked each time, the gateway's and the verifier's; cut ends and forks are found through the
anchors of headquarters' own ledger. ECQS_SOAK=1 runs the full figure.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace

import ecqs_test_support_soak as soak
import pytest

from ecqs_gateway.ledger import evidence

PLACES, SEED = (1000 if soak.SOAK else 100), soak.SEED


def _report(program: str, places: int = PLACES) -> None:
    """Tell what was found; after the assertions."""
    soak.report("F12", program=program, demanded="1,000 random places", run=f"{places:,} places", found=places)


def _entries(chain: bytes) -> list[evidence.Entry]:
    found = [json.loads(line) for line in chain.splitlines()]
    return [
        evidence.Entry(**{**e, "previous": bytes.fromhex(e["previous"]), "hash": bytes.fromhex(e["hash"])})
        for e in found
    ]


def _written(entries: list[evidence.Entry]) -> bytes:
    return "".join(evidence.line(entry) + "\n" for entry in entries).encode()


def _anchors(story) -> list[evidence.Anchor]:
    return [evidence.Anchor(a["batch"], a["manifest"], a["entry"], a["head"]) for a in story.anchors]


def _verdicts(v, data: bytes, story) -> tuple[str, str]:
    """Give what the verifier and (where the lines can still be read) the gateway say; empty when all is well."""
    report = v.V.Report()
    try:
        chain = v.V.walk(data)
        v.V.check_anchors(chain, story.anchors)
    except v.V.Bad as found:
        theirs = str(found)
    else:
        theirs = ""
    assert report.lines == []
    try:
        entries = _entries(data)
    except (ValueError, KeyError, TypeError):
        return theirs, theirs
    walked = evidence.walk(entries, _anchors(story))
    return theirs, walked.flaws[0] if walked.flaws else ""


def test_the_untouched_chain_holds_for_both(story, v) -> None:
    assert len(story.chain.splitlines()) > 60
    assert len(story.anchors) >= 6
    assert _verdicts(v, story.chain, story) == ("", "")


def test_every_flipped_bit_is_found_at_its_entry(story, v) -> None:
    generator = random.Random(SEED)
    for _ in range(PLACES):
        place, bit = generator.randrange(len(story.chain)), 1 << generator.randrange(8)
        data = bytearray(story.chain)
        data[place] ^= bit
        number = story.chain[:place].count(b"\n") + 1
        theirs, _ = _verdicts(v, bytes(data), story)
        assert theirs.startswith(f"entry {number} is the first bad one"), (place, bit, theirs)
    _report("a bit of the chain flipped")


@pytest.mark.parametrize("column", ["sequence", "at", "event", "subject", "facts", "previous", "hash"])
def test_a_changed_field_of_any_entry_is_found_at_its_entry(story, v, column: str) -> None:
    generator = random.Random(f"{SEED}{column}")
    entries = _entries(story.chain)
    for _ in range(PLACES // 5):
        index = generator.randrange(len(entries))
        old = getattr(entries[index], column)
        new = old + 1 if isinstance(old, int) else bytes(32) if isinstance(old, bytes) else old.replace("a", "b") + " "
        changed = [*entries[:index], replace(entries[index], **{column: new}), *entries[index + 1 :]]
        for verdict in _verdicts(v, _written(changed), story):
            assert verdict.startswith(f"entry {index + 1} is the first bad one"), verdict
    _report(f"the field {column} changed", PLACES // 5)


def test_every_deleted_entry_is_named(story, v) -> None:
    generator = random.Random(SEED + 1)
    entries = _entries(story.chain)
    for _ in range(PLACES):
        index = generator.randrange(len(entries) - 1)
        for verdict in _verdicts(v, _written(entries[:index] + entries[index + 1 :]), story):
            assert verdict.startswith(f"entry {index + 1} is the first bad one: entry {index + 2} stands"), verdict
    _report("an entry deleted")


def test_every_reordering_is_found_at_its_first_entry(story, v) -> None:
    generator = random.Random(SEED + 2)
    entries = _entries(story.chain)
    for _ in range(PLACES):
        one, other = sorted(generator.sample(range(len(entries)), 2))
        swapped = list(entries)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        for verdict in _verdicts(v, _written(swapped), story):
            assert verdict.startswith(f"entry {one + 1} is the first bad one"), verdict
    _report("two entries exchanged")


def test_every_inserted_entry_is_found_where_it_breaks_the_chain(story, v) -> None:
    generator = random.Random(SEED + 3)
    entries = _entries(story.chain)
    for round_ in range(PLACES):
        index = generator.randrange(1, len(entries))
        if round_ % 2:  # a copy of another entry
            new, expected = entries[generator.randrange(index)], index + 1
        else:  # forged so that it fits what stands before it: the entry after it does not
            draft = replace(entries[index], facts='{"forged":1}')
            new, expected = replace(draft, hash=evidence.entry_hash(draft)), index + 2
        for verdict in _verdicts(v, _written([*entries[:index], new, *entries[index:]]), story):
            assert verdict.startswith(f"entry {expected} is the first bad one"), (round_, verdict)
    _report("an entry inserted, copied or forged")


def _last_sealed(entries: list[evidence.Entry]) -> int:
    return max(entry.sequence for entry in entries if entry.event == "sealed")


def test_every_cut_tail_is_found_through_headquarters_anchors(story, v) -> None:
    generator = random.Random(SEED + 4)
    entries = _entries(story.chain)
    for _ in range(PLACES):
        kept = generator.randrange(1, _last_sealed(entries))
        for verdict in _verdicts(v, _written(entries[:kept]), story):
            assert verdict.startswith(f"entry {kept + 1} is missing"), verdict
        assert v.V.walk(_written(entries[:kept])) is not None  # without anchors nobody could tell
    _report("the tail cut off, found by headquarters' anchors")


def test_every_fork_is_found_through_headquarters_anchors(story, v) -> None:
    generator = random.Random(SEED + 5)
    entries = _entries(story.chain)
    last = max(anchor["entry"] for anchor in story.anchors)
    for _ in range(PLACES):
        first = generator.randrange(last)
        forked = entries[:first]
        for entry in entries[first:]:
            previous = forked[-1].hash if forked else evidence.GENESIS
            facts = entry.facts if forked[first:] else '{"forged":true}'
            draft = replace(entry, previous=previous, facts=facts)
            forked.append(replace(draft, hash=evidence.entry_hash(draft)))
        v.V.walk(_written(forked))  # in itself it holds
        for verdict in _verdicts(v, _written(forked), story):
            found = re.search(r"written anew from some entry between (\d+) and (\d+) on", verdict)
            assert found is not None, verdict
            assert int(found[1]) <= first + 1 <= int(found[2]), verdict
    _report("rewritten from an entry on, found by headquarters' anchors")


def test_an_anchor_without_a_number_is_looked_for_along_the_whole_chain(story, v) -> None:
    """What packages carried before their manifests named the entry."""
    entries = _entries(story.chain)
    loose = [{**anchor, "entry": None} for anchor in story.anchors]
    own = [evidence.Anchor(a["batch"], a["manifest"], None, a["head"]) for a in loose]
    v.V.check_anchors(v.V.walk(story.chain), loose)
    assert evidence.walk(entries, own).flaws == ()
    cut = entries[: max(anchor["entry"] for anchor in story.anchors) - 1]
    [flaw] = evidence.walk(cut, own).flaws[:1]
    assert "stands nowhere in this chain" in flaw
    with pytest.raises(v.V.Bad, match="stands nowhere in the chain"):
        v.V.check_anchors(v.V.walk(_written(cut)), loose)


def test_the_program_names_the_first_bad_entry(story, v, tmp_path) -> None:
    lines = story.chain.splitlines(keepends=True)
    file = tmp_path / "chain.jsonl"
    file.write_bytes(b"".join(lines[:20] + lines[21:]))
    done = v.run("--chain", file, "--anchors", story.file)
    assert done.returncode == 1
    assert "BAD          chain: entry 21 is the first bad one: entry 22 stands at its place" in done.stdout
    file.write_bytes(b"".join(lines[:20]))
    done = v.run("--chain", file, "--anchors", story.file)
    assert done.returncode == 1
    assert "BAD          anchors: entry 21 is missing" in done.stdout
    without = v.run("--chain", file)
    assert without.returncode == 0
    assert "!!! ANCHORS: none given" in without.stdout
    file.write_bytes(b"")
    assert v.run("--chain", file).returncode == 1
    file.write_bytes(story.chain)
    assert v.run("--chain", file, "--anchors", story.file).returncode == 0


def test_the_ledger_itself_is_held_against_headquarters_anchors(story) -> None:
    """The gateway's own database after its owner cut the end off: the owner's tool says so too."""
    import sqlite3
    from contextlib import closing

    from ecqs_gateway.errors import Conflict
    from ecqs_gateway.ledger.database import Database

    copy = story.world.root / "cut.db"
    with closing(sqlite3.connect(story.world.home / "ledger.db")) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("DELETE FROM evidence WHERE sequence > 30")
        target.commit()
    database = Database(f"sqlite:///{copy}")
    try:
        with database.read() as connection:
            assert evidence.verify(connection) == 30
            with pytest.raises(Conflict, match="entry 31 is missing"):
                evidence.verify(connection, _anchors(story))
    finally:
        database.dispose()
