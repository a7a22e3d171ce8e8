"""Content bundles are kept once, as the same bytes everywhere, and what they cost when kept is one read."""

from __future__ import annotations

import hashlib
import threading

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from ecqs_gateway.content import files as content_files
from ecqs_gateway.errors import Terminal
from ecqs_gateway.ledger import bundles, evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.stage import Stage
from ecqs_gateway.ledger.tables import content_bundle

FILES = {"mappings/320000/certificate.yaml": b"version: 1\n", "connectors/national.yaml": b"a\r\nb\n"}
DIGEST = content_files._digest(dict(sorted(FILES.items())))


def _events(database: Database) -> list[str]:
    with database.read() as connection:
        return [entry.event for entry in evidence.entries(connection)]


def test_a_bundle_is_kept_once_with_its_files(database: Database, stage: Stage, clock) -> None:
    for _ in range(3):
        bundles.keep(database, stage, DIGEST, FILES, clock=clock)
    kept = bundles.find(database, DIGEST)
    assert kept is not None
    assert _events(database) == ["content kept"]
    assert stage.get(kept.file.name, kept.file.digest) == bundles.archive(FILES)
    assert kept.file.name == f"content/{DIGEST.removeprefix('sha256:')}.zip"
    assert bundles.find(database, "sha256:" + "1" * 64) is None


def test_a_kept_bundle_costs_one_indexed_read(database: Database, stage: Stage, clock) -> None:
    bundles.keep(database, stage, DIGEST, FILES, clock=clock)
    said: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda _c, _k, statement, *_: said.append(statement))
    bundles.keep(database, stage, DIGEST, FILES, clock=clock)
    assert [s.split()[0] for s in said if not s.startswith(("BEGIN", "PRAGMA"))] == ["SELECT"]


def test_workers_with_the_same_new_bundle_book_it_once(database: Database, stage: Stage, clock) -> None:
    start = threading.Barrier(4)
    errors: list[BaseException] = []

    def work() -> None:
        start.wait()
        try:
            bundles.keep(database, stage, DIGEST, FILES, clock=clock)
        except Exception as error:  # noqa: BLE001  told below
            errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert errors == []
    assert _events(database) == ["content kept"]


def test_what_cannot_be_kept_is_not_booked(database: Database, tmp_path, clock) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the stage should be", encoding="utf-8")
    with pytest.raises(Terminal, match="ECQS-3001"):
        bundles.keep(database, Stage(blocked), DIGEST, FILES, clock=clock)
    with database.read() as connection:
        assert connection.execute(sa.select(content_bundle)).all() == []


@given(st.dictionaries(st.sampled_from(["a/甲.yaml", "b.csv", "c/d.json", "ab"]), st.binary(max_size=40)))
def test_the_archive_depends_on_nothing_but_what_the_digest_is_over(files: dict[str, bytes]) -> None:
    other_order = dict(reversed(files.items()))
    other_ends = {path: data.replace(b"\r\n", b"\n") for path, data in files.items()}
    archives = {hashlib.sha256(bundles.archive(f)).hexdigest() for f in (files, other_order, other_ends)}
    assert len(archives) == 1
    assert content_files._digest(dict(sorted(files.items()))) == content_files._digest(dict(sorted(other_ends.items())))
