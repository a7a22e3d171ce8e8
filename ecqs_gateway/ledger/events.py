"""Every event that may stand in the evidence chain: what it is about, when it is appended, and what its facts mean.

Facts are digests, counts, codes, numbers and names of those who decide, never a value of a record. The reference page
is written from here, and a test holds this list against the calls of ``evidence.append`` in the code and against the
facts of real runs.
"""

from __future__ import annotations

from collections.abc import Mapping

from ecqs_gateway.ledger.events_exchange import EXCHANGE, Event

__all__ = ["EVENTS", "Event"]

_LANE = "unit/kind"
_EXTRACTION = "unit/kind/number of the extraction"
_BATCH = "batch id"
_SCOPE = "unit/kind, with `*` for all"
_NUMBERS = "numbers of the proposals"
_LETTERS = {"letters": "numbers of the dead letters, such as `1-5,7`", "by": "name of the person who decided"}
_DECIDED = {"correction": "its number", "letter": "number of the dead letter", "by": "name of the person who decided"}


EVENTS: Mapping[str, Event] = {
    "run started": Event(
        "run id",
        "a flow begins",
        {"flow": "name of the flow", "bundle": "digest of the content bundle", "engine": "version of the gateway"},
    ),
    "content kept": Event(
        "digest of the content bundle",
        "a run uses a content bundle for the first time; its files are kept in the stage",
        {"archive": "SHA-256 of the archive", "files": "number of files", "size": "bytes of the archive"},
    ),
    "content changed": Event(
        _LANE,
        "rows of a lane are mapped by other content than before, for the first time",
        {
            "bundle": "digest of the content bundle",
            "before": "fingerprint of what decided about this lane until now",
            "after": "fingerprint of what decides from now on",
        },
    ),
    "plan accepted": Event(
        _LANE,
        "a person accepts what a change of content would do to the lane's records",
        {
            "plan": "number of the acceptance",
            "bundle": "digest of the content bundle with the change",
            "base": "digest of the content bundle it was compared with",
            "before": "the lane's fingerprint in the base",
            "after": "the lane's fingerprint in the bundle",
            "by": "name of the person who accepted",
            "reason": "SHA-256 of the reason",
            "rows": "number of source rows the plan looked at",
            "counts": "records and rows by what would become of them",
        },
    ),
    "lease taken over": Event(
        _LANE,
        "a worker takes a lane whose lease another worker never gave back",
        {"fence": "fencing number of the new lease", "because": "`worker gone` or `expired`"},
    ),
    "extracted": Event(
        _EXTRACTION,
        "rows of a source are stored, together with the watermark",
        {
            "rows": "number of rows",
            "files": "SHA-256 of each stored file, before it is sealed, by its role",
            "cause": "`retry`, `correction` or `release` where the rows were taken from what was stored before",
        },
    ),
    "abandoned": Event(
        _EXTRACTION,
        "stored rows can no longer be mapped; the lane reads its source again",
        {"rows": "number of rows"},
    ),
    "sealed": Event(
        _BATCH,
        "a batch and its record versions enter the outbox, or it is signed anew because the key was replaced",
        {
            "manifest": "SHA-256 of manifest.xml",
            "package": "SHA-256 of the package",
            "records": "number of records",
            "extraction": "number of the extraction its records come from",
            "reconciliation": "number of the comparison whose findings it mends: records sent again or taken back",
        },
    ),
    "prepared": Event(
        _EXTRACTION,
        "everything an extraction turned into is committed, after its batches",
        {
            "counts": "rows by what became of them",
            "resolved": "number of dead letters it resolved",
            "withdrawn": "number of proposed corrections whose letter was settled",
            "corrected": "number of approved corrections that went through",
            "failed": "number of approved corrections whose row was refused",
        },
    ),
    "sent": Event(_BATCH, "headquarters' server has the package", {"package": "SHA-256 of the package"}),
    "sent again": Event(
        _BATCH, "the same bytes were sent once more to ask for a receipt", {"package": "SHA-256 of the package"}
    ),
    "attempt failed": Event(
        _BATCH,
        "an attempt to send failed for good: trying again cannot help",
        {"package": "SHA-256 of the package", "code": "code of the error"},
    ),
    "receipt": Event(
        _BATCH,
        "a receipt was verified and booked",
        {"level": "its level", "receipt": "SHA-256 of its exact bytes", "number": "headquarters' number of it"},
    ),
    "receipt refused": Event(
        "batch id, or the unit where it names no batch",
        "a receipt was not believed; it is kept and changes nothing",
        {"receipt": "SHA-256 of its exact bytes", "reason": "code of the check it failed"},
    ),
    "lane held": Event(
        _LANE,
        "a lane must not send until someone has looked",
        {"code": "first error code in the reason", "reason": "SHA-256 of the reason"},
    ),
    "lane released": Event(
        _LANE, "a held lane may send again", {"reason": "SHA-256 of the reason for which it was held"}
    ),
    "drift held": Event(
        _LANE,
        "a source no longer looks as described, and nothing more is taken from it for this record kind",
        {
            "fingerprint": "SHA-256 over what drifted, without counts",
            "found": "kinds of drift that hold",
            "rows": "rows of the run that were taken before",
        },
    ),
    "drift let through": Event(
        _LANE,
        "an operator lets drift through for one whole run",
        {
            "by": "name of who decided it",
            "reason": "SHA-256 of the reason",
            "fingerprint": "SHA-256 over what drifted",
        },
    ),
    "drift accepted": Event(
        _LANE,
        "a person takes a source as it is now",
        {
            "by": "name of who decided it",
            "reason": "SHA-256 of the reason",
            "description": "SHA-256 of schemas/sources/<unit>.json as written",
        },
    ),
    "drift gone": Event(_LANE, "a run went through to its end without meeting the drift that held the lane", {}),
    "reconciled": Event(
        _LANE,
        "a lane was compared with headquarters, its source, or both",
        {
            "reconciliation": "its number",
            "scope": "`headquarters`, `source` or `both`",
            "sequence": "last batch that counts",
            "cutoff": "receipt number headquarters was compared at",
            "records": "records headquarters should hold",
            "here": "digest of the ledger's tree",
            "there": "digest of headquarters' tree, as it signed it",
            "differences": "number of differences by side and class",
        },
    ),
    "invalidation ordered": Event(
        _LANE,
        "a person has a record taken back at headquarters",
        {
            "reconciliation": "number of the comparison after which it was ordered",
            "version": "digest of the invalidation",
            "previous": "digest of the version taken back",
            "by": "name of the person",
            "reason": "SHA-256 of the reason",
        },
    ),
    "letters retried": Event(
        _EXTRACTION,
        "stored rows of dead letters are put in line to be mapped anew",
        {**_LETTERS, "authors": "who asked for it, where that takes a second person", "corrections": _NUMBERS},
    ),
    "letters corrected": Event(
        _EXTRACTION,
        "corrected rows of dead letters are put in line, approved by a second person",
        {**_LETTERS, "authors": "who proposed the corrections", "corrections": _NUMBERS},
    ),
    "letters discarded": Event(_LANE, "a person gives dead letters up", _LETTERS),
    "letters reopened": Event(_LANE, "a person takes discarded dead letters up again", _LETTERS),
    "letters imported": Event(
        "`dead letters`",
        "a workbook of dead letters was taken back",
        {
            "file": "SHA-256 of the workbook",
            "author": "who answers for the edits",
            "proposed": "rows that became proposals",
            "approved": "rows that became corrections without a second person",
            "discarded": "rows discarded",
            "retried": "rows put in line again",
            "known": "rows whose correction was proposed before",
        },
    ),
    "correction proposed": Event(
        _LANE,
        "a person proposes to correct, retry or discard a dead letter",
        {
            "correction": "its number",
            "letter": "number of the dead letter",
            "action": "`correct`, `retry` or `discard`",
            "author": "who proposes it",
            "columns": "names of the source columns it changes",
            "reason": "SHA-256 of the reason",
        },
    ),
    "correction refused": Event(_LANE, "a second person refuses a proposal", _DECIDED),
    "correction withdrawn": Event(_LANE, "its author withdraws a proposal", _DECIDED),
    "restored": Event(
        "`ledger`",
        "a ledger was brought back from a backup; what came after the backup is not in this chain",
        {
            "backup": "when the backup was made",
            "entries": "length of the chain in it",
            "head": "hash of its last entry",
            "ledger": "SHA-256 of the ledger's file in the backup",
        },
    ),
    "continued after restore": Event(
        _LANE,
        "it is known which batches headquarters has seen, and the lane goes on behind them",
        {
            "by": "`receipts` headquarters signed, or `operator`",
            "from": "next sequence in the restored ledger",
            "next": "next sequence from now on",
            "manifest": "SHA-256 of the manifest of the batch before, where a receipt proves it",
            "reason": "SHA-256 of the operator's reason; the words stand in the run",
        },
    ),
    "pruned": Event(
        "class of the retention",
        "things older than the retention allows are marked as gone, before their files go",
        {
            "count": "number of things",
            "before": "time before which they were settled",
            "digest": "SHA-256 of the sorted lines `number digests` of these things",
        },
    ),
    "shown unmasked": Event(
        "key that was looked up, the number of a dead letter, or `corrections`",
        "somebody had id and mobile numbers of a record shown",
        {
            "versions": "number of record versions shown",
            "dead_letters": "number of dead letters shown",
            "findings": "number of findings shown",
            "corrections": "number of corrections shown",
        },
    ),
    "stop ordered": Event(
        _SCOPE,
        "an operator orders that nothing be sent",
        {"order": "its number", "by": "name of who ordered it", "reason": "SHA-256 of the reason"},
    ),
    "stop lifted": Event(
        _SCOPE, "an operator lifts an order to stop", {"order": "its number", "by": "name of who lifted it"}
    ),
    "release ordered": Event(
        _LANE,
        "an operator lets a held lane send again; rows of refused batches are stored once more",
        {
            "by": "name of who ordered it",
            "reason": "SHA-256 of the reason",
            "batches": "refused batches whose records go out again",
            "rows": "number of rows stored once more",
            "left": "number of refused records left behind, because their rows are gone",
        },
    ),
    "run closed": Event(
        "run id",
        "a flow has ended",
        {
            "state": "`done`, `failed`, `interrupted` or `killed`",
            "counts": "rows and records of the whole run by what became of them",
        },
    ),
    **EXCHANGE,
}
