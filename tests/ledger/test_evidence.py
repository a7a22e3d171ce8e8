"""The evidence chain: any change to it is found, and the first bad entry is named."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa

from ecqs_gateway.errors import Conflict
from ecqs_gateway.ledger import evidence
from ecqs_gateway.ledger.database import Database
from ecqs_gateway.ledger.tables import evidence as table

LENGTH = 40


@pytest.fixture
def chain(database: Database, clock) -> Database:
    with database.write() as connection:
        for number in range(LENGTH):
            evidence.append(connection, "sealed", f"批次 {number}", {"n": number}, clock=clock)
    return database


def test_an_untouched_chain_holds(chain: Database) -> None:
    with chain.read() as connection:
        assert evidence.verify(connection) == LENGTH


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_entry_is_found_and_named(chain: Database, seed: int) -> None:
    generator = random.Random(seed)
    number = generator.randrange(1, LENGTH + 1)
    column = generator.choice(["at", "event", "subject", "facts"])
    with chain.write() as connection:
        mine = table.c.sequence == number
        text = connection.execute(sa.select(table.c[column]).where(mine)).scalar_one()
        connection.execute(sa.update(table).where(mine).values({column: text + " "}))
    with chain.read() as connection, pytest.raises(Conflict) as caught:
        evidence.verify(connection)
    assert f"entry {number} is the first bad one" in caught.value.message


def test_a_removed_entry_is_found(chain: Database) -> None:
    with chain.write() as connection:
        connection.execute(sa.delete(table).where(table.c.sequence == 17))
    with chain.read() as connection, pytest.raises(Conflict, match="entry 17 is the first bad one: entry 18 stands"):
        evidence.verify(connection)


def test_a_recomputed_entry_breaks_the_next_one(chain: Database) -> None:
    with chain.write() as connection:
        row = connection.execute(sa.select(table).where(table.c.sequence == 5)).one()
        forged = evidence.Entry(5, row.at, row.event, "forged", row.facts, bytes(row.previous), b"")
        values = {"subject": "forged", "hash": evidence.entry_hash(forged)}
        connection.execute(sa.update(table).where(table.c.sequence == 5).values(values))
    with chain.read() as connection, pytest.raises(Conflict, match="entry 6 is the first bad one"):
        evidence.verify(connection)


def test_neighbouring_texts_are_not_read_as_one_another() -> None:
    first = evidence.Entry(1, "t", "ab", "c", "{}", evidence.GENESIS, b"")
    second = evidence.Entry(1, "t", "a", "bc", "{}", evidence.GENESIS, b"")
    assert evidence.entry_hash(first) != evidence.entry_hash(second)
