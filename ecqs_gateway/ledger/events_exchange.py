"""Events of what goes to and comes from headquarters beside batches: enquiries, inspections, inspectors, reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["EXCHANGE", "Event"]


@dataclass(frozen=True)
class Event:
    """One event: its subject, the moment it is appended, and the facts it may have, by name."""

    subject: str
    when: str
    facts: Mapping[str, str]


_AUDIT = "id of the audit request"
_ENQUIRY = "id of the enquiry"
_REPORT = "report id, such as `320000-report-20261101`"

EXCHANGE: Mapping[str, Event] = {
    "enquiry sent": Event(
        _ENQUIRY,
        "headquarters is about to be asked about replaced certificates",
        {"enquiry": "SHA-256 of enquiry.json", "about": "number of certificates and cases asked about"},
    ),
    "enquiry answered": Event(
        _ENQUIRY, "an answer was believed and kept; rules judge by it", {"answer": "SHA-256 of its exact bytes"}
    ),
    "answer refused": Event(
        _ENQUIRY,
        "an answer was not believed; it is kept and changes nothing",
        {"answer": "SHA-256 of its exact bytes", "reason": "code of the check it failed"},
    ),
    "inspectors pulled": Event(
        "version of the national list of inspectors",
        "a published list was verified and taken in",
        {
            "list": "SHA-256 of its exact bytes",
            "digest": "digest of its entries",
            "chain": "digest of this version and all before it",
            "form": "`full` or `changes`",
            "entries": "number of inspectors in it",
            "added": "number of inspectors the version before did not have",
            "changed": "number of inspectors of whom it says something else",
            "removed": "number of inspectors it does not have any more",
        },
    ),
    "inspectors refused": Event(
        "file name at headquarters",
        "a published list was not believed; it is kept and changes nothing",
        {"list": "SHA-256 of its exact bytes", "reason": "code of the check it failed"},
    ),
    "inspectors written": Event(
        "unit",
        "the national list of inspectors was written back to a province",
        {
            "version": "its version",
            "entries": "number of inspectors in it",
            "inserted": "rows inserted into the unit's table",
            "updated": "rows updated in it",
            "deleted": "rows deleted from it",
        },
    ),
    "audit received": Event(
        _AUDIT,
        "a request that headquarters signed was entered, with its cases and the acknowledgement to be sent",
        {
            "request": "SHA-256 of its exact bytes",
            "verdict": "`accepted`, or `refused` where its draw cannot be reproduced",
            "code": "code of the check it failed, or null",
            "cases": "number of drawn cases",
            "unknown": "number of cases the ledger knows no such record version of",
            "acknowledgement": "SHA-256 of the acknowledgement",
        },
    ),
    "audit quarantined": Event(
        "unit in whose folder it lay",
        "a file in headquarters' audit folder was not believed; it is kept and changes nothing",
        {"file": "SHA-256 of its exact bytes", "code": "code of the check it failed"},
    ),
    "audit quarantine seen": Event(
        "unit in whose folder it lay",
        "a person says that a quarantined file was looked into",
        {"file": "SHA-256 of its exact bytes", "by": "name of who looked into it"},
    ),
    "audit routed": Event(_AUDIT, "the province was told of a request", {"to": "`table`, `folder` or `nobody`"}),
    "audit overdue": Event(
        _AUDIT, "the last day for the answer has passed without one", {"due": "last day for the answer"}
    ),
    "audit paper": Event(
        _AUDIT,
        "the province adds a paper to a case, or says why there is none",
        {
            "case": "number of the case in the request",
            "type": "code of the paper's type",
            "file": "SHA-256 of the file, or null where the paper is declared absent",
            "by": "name of who added it",
        },
    ),
    "audit answered": Event(
        _AUDIT,
        "an answer with the dossiers was sealed and waits to be sent",
        {
            "answer": "number of the answer to this request",
            "package": "SHA-256 of its package",
            "by": "name of who answered",
            "counts": "number of cases, of unknown ones, of papers and of absent papers",
        },
    ),
    "audit sent": Event(
        _AUDIT,
        "headquarters' server has an acknowledgement or an answer",
        {
            "message": "`acknowledgement` or `answer`",
            "answer": "number of the answer; 0 for the acknowledgement",
            "package": "SHA-256 of its package",
        },
    ),
    "audit receipt": Event(
        _AUDIT,
        "headquarters' receipt for an answer was verified and booked",
        {
            "receipt": "SHA-256 of its exact bytes",
            "answer": "number of the answer it is about",
            "outcome": "`closed` or `again`",
        },
    ),
    "report sealed": Event(
        _REPORT,
        "a month's report to headquarters is made, signed and stored",
        {
            "manifest": "SHA-256 of manifest.xml",
            "package": "SHA-256 of the package",
            "data": "SHA-256 of report.json: the digest page and workbook show",
        },
    ),
    "report sent": Event(_REPORT, "headquarters' server has the report", {"package": "SHA-256 of the package"}),
    "report receipt": Event(
        _REPORT,
        "headquarters' receipt for a report was verified and booked",
        {
            "level": "`received` or `rejected`",
            "receipt": "SHA-256 of its exact bytes",
            "code": "headquarters' code where it refused the report",
        },
    ),
}
