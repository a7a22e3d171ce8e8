"""Moves a ledger from one schema revision to another, inside the caller's transaction.

Every step is DDL that SQLite and PostgreSQL undo as a whole, so a migration that is killed or fails leaves the schema
it found. Going back one revision loses what only the newer one can hold; ``losses`` says beforehand what that is.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from ecqs_gateway.errors import Misconfigured, Terminal
from ecqs_gateway.ledger import tables_audits
from ecqs_gateway.ledger.create import only_one
from ecqs_gateway.ledger.database import HEAD, revision_of

__all__ = ["losses", "migrate", "revisions"]

_ONLY_IN = {
    "0002": {
        "stop_order": "orders to stop, lifted ones included",
        "correction": "corrections of dead letters, with who decided",
        "content_bundle": "content bundles kept as evidence (their files stay in the stage)",
    },
    "0004": {
        "lane_content": "notes of what each lane's rows were mapped by",
        "accepted_plan": "plans of a change that were accepted (the evidence chain keeps by whom)",
        "drift": "holds for drift of a source, with who let through or accepted what",
        "followup_due": "what is to be done after records were sent (it is read out of the batches again)",
        "followup_met": "what settled it",
        "followup_scan": "notes of which batches were looked through for it",
        tables_audits.audit_request.name: "audit requests of headquarters, with their cases and answers",
        tables_audits.audit_arrival.name: "files that came from headquarters' audit folder, quarantined ones included",
        "reconciliation": "reconciliations with headquarters and sources",
        "difference": "differences they found, settled ones included",
        "inspector_list": "versions of the national list of inspectors, with who was recognised when",
        "inspector_refusal": "lists of inspectors that were not believed (their files stay in the stage)",
        "report_fact": "counts per batch the headquarters report is summed from",
        "report_message": "reports sent to headquarters, with their receipts",
    },
}
"""What tables each revision brought, in words: they are gone after going back before it."""


def _config(connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def revisions() -> list[str]:
    """List the revisions this program knows, oldest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def migrate(connection: sa.Connection, target: str = HEAD, *, where: str = "ledger") -> None:
    """Bring the ledger to a revision, newer or older; does nothing when it has it.

    Raises Terminal ECQS-3005 when the ledger has a revision this program does not know, Misconfigured ECQS-3006 when
    the target is none.
    """
    only_one(connection)
    known, found = revisions(), revision_of(connection)
    if found is not None and found not in known:
        raise Terminal(
            "ECQS-3005",
            f"the ledger has schema {found}, which a newer version of the gateway wrote; this one knows {known[-1]}",
            where=where,
            hint="install the newer version again, or restore the backup that was made before the upgrade",
        )
    if target not in known:
        hint = f"one of {', '.join(known)}"
        raise Misconfigured("ECQS-3006", f"there is no schema revision {target!r}", where=where, hint=hint)
    if found == target:
        return
    back = found is not None and known.index(found) > known.index(target)
    (command.downgrade if back else command.upgrade)(_config(connection), target)


def losses(connection: sa.Connection, target: str) -> dict[str, int]:
    """Count what going back to a revision would lose, in words; empty when nothing would be."""
    known, found = revisions(), revision_of(connection)
    if found not in known or target not in known:
        return {}
    gone: dict[str, int] = {}
    for revision in known[known.index(target) + 1 : known.index(found) + 1]:
        for table, words in _ONLY_IN.get(revision, {}).items():
            wanted = sa.select(sa.func.count()).select_from(sa.table(table))
            gone[words] = connection.execute(wanted).scalar_one()
    return {words: count for words, count in gone.items() if count}
