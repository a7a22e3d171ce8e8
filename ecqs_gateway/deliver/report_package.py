"""The report's package: signed manifest, data, workbook and page, named like a batch: ``unit-report-yyyymmnn``.

It travels as batches do: same signature, same way, same receipts, under a record kind that is none. Its sequence is
the month and the edition of the month, from 01.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ecqs_gateway import __version__
from ecqs_gateway.deliver.package import Chain, SealedBatch, manifest_xml
from ecqs_gateway.deliver.signing import Signer, algorithm, digest, seal
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.errors import Terminal
from ecqs_gateway.model.batch import MANIFEST_FILE, SIGNATURE_FILE, BatchHeader, BatchId, Manifest, PackagePart

__all__ = ["REPORT_KIND", "REPORT_PARTS", "report_id", "seal_report"]

REPORT_KIND = "report"
"""Stands where a batch id has its record kind; no record kind may be called so."""
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPORT_PARTS = {"report.json": "application/json", "report.xlsx": _XLSX, "report.html": "text/html"}
"""What is in a package, in order, with media types."""
_MOST_EDITIONS = 99


def report_id(unit: str, month: str, edition: int) -> BatchId:
    """Name a report; raises Terminal ECQS-8110 after 99 editions of one month."""
    if not 1 <= edition <= _MOST_EDITIONS:
        raise Terminal(
            "ECQS-8110", f"a month has at most {_MOST_EDITIONS} editions of its report", where=f"{unit} {month}"
        )
    return BatchId(unit, REPORT_KIND, int(month.replace("-", "")) * 100 + edition)


def seal_report(  # noqa: PLR0913  what a manifest states
    report: BatchId,
    parts: Mapping[str, bytes],
    *,
    created: datetime,
    content: str,
    records: int,
    signer: Signer,
    chain: Chain,
) -> SealedBatch:
    """Describe, sign and pack a report; ``parts`` are the bytes by the names of ``REPORT_PARTS``."""
    wanted = algorithm(signer.algorithm).digest
    described = tuple(
        PackagePart(name, media, wanted, digest(wanted, parts[name]), len(parts[name]), len(parts[name]))
        for name, media in REPORT_PARTS.items()
    )
    manifest = Manifest(
        header=BatchHeader.of(report, created=created, content=content),
        engine=__version__,
        records=records,
        signature=signer.algorithm,
        key=signer.key_id,
        parts=described,
        evidence=chain.evidence,
        evidence_entry=chain.entry,
    )
    written = manifest_xml(manifest)
    members = [(MANIFEST_FILE, written), (SIGNATURE_FILE, seal(written, signer))]
    return SealedBatch(manifest, written, build_zip([*members, *((name, parts[name]) for name in REPORT_PARTS)]))
