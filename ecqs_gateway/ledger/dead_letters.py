"""Dead letters: records that could not go, each with its reasons, kept until something resolves it.

A row that is met again with the same content is the same letter, not a new one: its identity is a digest of what was
refused. A letter is ``open`` until a row with the same source key gets through (``resolved`` by that version), until
its row changed at the source and was refused in its new form (``resolved`` by that run), until an approved correction
of it was batched (``corrected``), or until a person gave it up (``discarded``). The last two stay so when the row is
met again unchanged; a good row of the source resolves a corrected letter, for the source is then repaired.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import sqlalchemy as sa

from ecqs_gateway import __version__
from ecqs_gateway.doors.clock import Clock, now
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.ledger.bulk import in_values, insert_frame
from ecqs_gateway.ledger.letter_keys import LetterKeys
from ecqs_gateway.ledger.runs import Run
from ecqs_gateway.ledger.tables import dead_letter

__all__ = ["CHANGED", "PLAIN", "SCHEMA", "context", "empty", "resolve", "seal", "store", "unseal"]

SCHEMA = {
    "identity": pl.String,
    "origin": pl.String,
    "key": pl.String,
    "source_key": pl.String,
    "version": pl.String,
    "batch_id": pl.String,
    "extraction_id": pl.Int64,
    "source_row": pl.Int64,
    "reasons": pl.String,
    "source": pl.String,
    "mapped": pl.String,
}
"""Columns of a frame of dead letters; ``version`` is hex, ``reasons``, ``source`` and ``mapped`` are JSON text."""
_EMPTY = pl.DataFrame(schema=SCHEMA)

PLAIN = Vault()
"""Stores payloads as they are."""
CHANGED = "changed at the source and refused anew in run "
"""How ``resolved_by`` begins where a row changed and was refused in its new form too; the id of the run follows."""

_PAYLOADS = ("source", "mapped")


def empty() -> pl.DataFrame:
    """Give a frame without dead letters."""
    return _EMPTY


def context(lane_number: int, identity: str, column: str) -> str:
    """Name the place of a payload: what was sealed for one place does not open in another."""
    return f"dead_letter/{lane_number}/{identity}/{column}"


def seal(letters: pl.DataFrame, lane_number: int, vault: Vault) -> pl.DataFrame:
    """Seal the payloads of a frame of letters; without a key they stay as they are."""
    if not vault.sealing or letters.is_empty():
        return letters
    identities = letters["identity"].to_list()
    sealed = [
        pl.Series(
            name,
            [
                None if text is None else vault.seal_text(text, context(lane_number, identity, name))
                for identity, text in zip(identities, letters[name].to_list(), strict=True)
            ],
            dtype=pl.String,
        )
        for name in _PAYLOADS
    ]
    return letters.with_columns(sealed)


def unseal(vault: Vault, lane_number: int, identity: str, column: str, text: str | None) -> str | None:
    """Open one payload of a letter, sealed or stored before there was a key; raises Terminal ECQS-3042, ECQS-3043."""
    return None if text is None else vault.open_text(text, context(lane_number, identity, column))


def store(
    connection: sa.Connection,
    keys: LetterKeys,
    letters: pl.DataFrame,
    current: Run,
    *,
    vault: Vault = PLAIN,
    cause: str = "source",
) -> tuple[int, int]:
    """Store letters of the lane of ``keys`` and give how many are new and how many were known.

    Two rows of one frame with the same identity are one letter, counted once as new and then as known. A resolved
    letter that is met again is open again, and counts as new. ``cause`` is why the rows were extracted: only rows
    fresh from the source show that an older form of them is gone there.
    """
    if letters.is_empty():
        return 0, 0
    unique = letters.unique("identity", keep="first", maintain_order=True)
    lane_number = keys.lane_number
    met = _met(connection, lane_number, unique, current)
    fresh = unique.join(met, on="identity", how="anti", maintain_order="left") if met.height else unique
    if cause == "source":
        about = unique["source_key"].drop_nulls()
        older = keys.waiting(connection, ("open", "corrected"), about)
        _overtake(connection, older.join(met, on="id", how="anti") if older.height else older, current)
    _insert(connection, lane_number, seal(fresh, lane_number, vault), current)
    if met.height:
        _meet_again(connection, met, current)
        changed = met.filter("stale")
        _renew(connection, seal(changed.select("id", *SCHEMA), lane_number, vault), current)
    new = fresh.height + int(met["back"].sum())
    return new, letters.height - new


def _met(connection: sa.Connection, lane_number: int, unique: pl.DataFrame, current: Run) -> pl.DataFrame:
    """Give the letters of the frame that are stored already, with ``id``, ``back`` (was resolved) and ``stale``."""
    names = ("id", "identity", "state", "bundle", "engine", "resolved_by")
    mine = (
        dead_letter.c.lane_id == lane_number,
        in_values(connection, dead_letter.c.identity, unique["identity"].to_list()),
    )
    found = connection.execute(sa.select(*(dead_letter.c[name] for name in names)).where(*mine)).all()
    schema = dict.fromkeys(names, pl.String) | {"id": pl.Int64}
    if not found:
        return pl.DataFrame(schema={**schema, "back": pl.Boolean, "stale": pl.Boolean, **SCHEMA})
    stored = pl.DataFrame(dict(zip(names, zip(*found, strict=True), strict=True)), schema=schema)
    # Two rows with one source key, in two chunks, take turns: the one that comes second is no new letter.
    turns = pl.col("resolved_by").fill_null("") == CHANGED + current.id
    return stored.with_columns(
        back=(pl.col("state") == "resolved") & ~turns,
        stale=(pl.col("bundle") != current.bundle) | (pl.col("engine") != __version__),
    ).join(unique, on="identity", maintain_order="left")


def _insert(connection: sa.Connection, lane_number: int, fresh: pl.DataFrame, current: Run) -> None:
    insert_frame(
        connection,
        dead_letter,
        fresh.select_seq(
            pl.lit(lane_number).alias("lane_id"),
            *SCHEMA,
            pl.lit(current.bundle).alias("bundle"),
            pl.lit(__version__).alias("engine"),
            pl.lit("open").alias("state"),
            pl.lit(current.id).alias("first_run"),
            pl.lit(current.id).alias("last_run"),
            pl.lit(current.clock().isoformat()).alias("created_at"),
        ),
    )


def _meet_again(connection: sa.Connection, met: pl.DataFrame, current: Run) -> None:
    """Note that letters were met, where their rows lie now; what was resolved is open again."""
    _update(connection, met.select("id", "extraction_id", "source_row"), {"last_run": current.id})
    refused = met.filter(pl.col("batch_id").is_not_null())  # by headquarters, in a later batch than before
    if refused.height:
        _update(connection, refused.select("id", "batch_id"), {})
    back = met.filter(pl.col("state") == "resolved")
    if back.height:
        _update(connection, back.select("id"), {"state": "open", "resolved_at": None, "resolved_by": None})


def _renew(connection: sa.Connection, changed: pl.DataFrame, current: Run) -> None:
    """Take over what content and engine of today say of letters that others had judged."""
    if changed.is_empty():
        return
    judged = {"bundle": current.bundle, "engine": __version__}
    _update(connection, changed.select("id", "origin", "reasons", "mapped"), judged)


def _update(connection: sa.Connection, frame: pl.DataFrame, constant: Mapping[str, str | None]) -> None:
    """Set columns of letters: one value each from the frame, by ``id``, and constants."""
    each = {name: sa.bindparam(f"new_{name}", type_=dead_letter.c[name].type) for name in frame.columns if name != "id"}
    wanted = sa.update(dead_letter).where(dead_letter.c.id == sa.bindparam("letter"))
    rows = frame.rename({"id": "letter", **{name: f"new_{name}" for name in each}}).to_dicts()
    connection.execute(wanted.values(**each, **constant), rows)


def _overtake(connection: sa.Connection, older: pl.DataFrame, current: Run) -> None:
    """Close letters whose row has another form now, which was refused too: only what is true now is worth mending."""
    if older.is_empty():
        return
    closed = {"state": "resolved", "resolved_at": current.clock().isoformat(), "resolved_by": CHANGED + current.id}
    # What headquarters refused stays open: the row may come back to that version, which is not sent again.
    ours = dead_letter.c.origin != "headquarters"
    here = (dead_letter.c.id == sa.bindparam("letter"), dead_letter.c.last_run != current.id, ours)
    connection.execute(sa.update(dead_letter).where(*here).values(**closed), older.select(letter="id").to_dicts())


def resolve(
    connection: sa.Connection,
    keys: LetterKeys,
    passed: pl.DataFrame,
    *,
    refused: pl.Series | None = None,
    clock: Clock = now,
    cause: str = "source",
) -> int:
    """Resolve letters whose source row got through: ``passed`` has ``source_key`` and ``digest`` (hex).

    Rows fresh from the source also resolve corrected letters: the source is repaired. ``keys`` knows
    what the lane's letters are about. Source keys in ``refused``, which other rows of the extraction have, are left.
    """
    if passed.is_empty():
        return 0
    states = ("open", "corrected") if cause == "source" else ("open",)
    letters = keys.waiting(connection, states, passed["source_key"])
    if letters.is_empty():
        return 0
    if refused is not None:
        letters = letters.filter(~pl.col("source_key").is_in(refused.drop_nulls().implode()))
    hits = letters.join(passed.unique("source_key", keep="last"), on="source_key").select(
        "id", "source_key", resolved_by=pl.concat_str(pl.lit("version "), "digest")
    )
    hits = _not_of_itself(connection, keys.lane_number, hits)
    if hits.height:
        _update(connection, hits, {"state": "resolved", "resolved_at": clock().isoformat()})
        keys.settled(hits["id"])
    return hits.height


def _not_of_itself(connection: sa.Connection, lane_number: int, hits: pl.DataFrame) -> pl.DataFrame:
    """Leave out what headquarters refused of the very version that passes: it may have answered meanwhile."""
    if hits.is_empty():
        return hits.drop("source_key")
    mine = (dead_letter.c.lane_id == lane_number, dead_letter.c.origin == "headquarters")
    asked = sa.select(dead_letter.c.id, dead_letter.c.version).where(
        *mine,
        dead_letter.c.version.is_not(None),
        in_values(connection, dead_letter.c.source_key, hits["source_key"].to_list()),
    )
    found = [(number, f"version {bytes(version).hex()}") for number, version in connection.execute(asked)]
    own = pl.DataFrame(found, schema={"id": hits.schema["id"], "resolved_by": pl.String}, orient="row")
    return hits.join(own, on=["id", "resolved_by"], how="anti", maintain_order="left").drop("source_key")
