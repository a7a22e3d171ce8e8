"""Packing what we tell headquarters in an inspection: the acknowledgement, and the answer with its dossiers.

A package is made once, from what is stored, and kept before the first attempt to send it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from ecqs_gateway.deliver.signing import Signer, seal
from ecqs_gateway.doors.archive import build_zip
from ecqs_gateway.doors.xml_schema import Schema
from ecqs_gateway.errors import Terminal
from ecqs_gateway.inbound.codec import write_document
from ecqs_gateway.model.audits import (
    ACKNOWLEDGEMENT_FILES,
    ANSWER_FILES,
    Acknowledgement,
    AnswerFile,
    AuditAnswer,
)
from ecqs_gateway.model.xsd_audits import ACKNOWLEDGEMENT, ANSWER
from ecqs_gateway.model.xsd_messages import Element

__all__ = ["LARGEST", "Files", "pack_acknowledgement", "pack_answer"]

LARGEST = 250_000_000
"""Bytes all files of one answer may have together: it is packed in memory, here and at headquarters."""


@dataclass
class Files:
    """The files of an answer while it is made; the same content is kept once."""

    data: dict[str, bytes] = field(default_factory=dict)
    media: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, data: bytes, media: str) -> str:
        """Put a file in and give the name it goes by; raises Terminal ECQS-7069 when the answer grows too large."""
        self.data[name], self.media[name] = data, media
        if sum(map(len, self.data.values())) > LARGEST:
            hint = "add smaller scans with `ecqs audits assemble`, or agree with headquarters on another way"
            raise Terminal("ECQS-7069", f"the answer would have more than {LARGEST:,} bytes", hint=hint)
        return name

    def once(self, name: str, read: Callable[[], bytes], media: str) -> str:
        """Put a file in unless it is there, and give the name it goes by."""
        return name if name in self.data else self.add(name, read(), media)

    def listed(self) -> tuple[AnswerFile, ...]:
        """Describe the files by name."""
        return tuple(
            AnswerFile(name=name, media=self.media[name], digest=hashlib.sha256(data).hexdigest(), size=len(data))
            for name, data in sorted(self.data.items())
        )


def pack_acknowledgement(document: Acknowledgement, signer: Signer, schema: Schema) -> bytes:
    """Give the exact bytes of an acknowledgement; raises Terminal ECQS-7040 should it not fit the schema."""
    return _packed(ACKNOWLEDGEMENT, document, ACKNOWLEDGEMENT_FILES, signer, schema, {})


def pack_answer(document: AuditAnswer, files: Mapping[str, bytes], signer: Signer, schema: Schema) -> bytes:
    """Give the exact bytes of an answer; raises Terminal ECQS-7040 should it not fit the schema."""
    return _packed(ANSWER, document, ANSWER_FILES, signer, schema, files)


def _packed(
    spec: Element,
    document: BaseModel,
    names: tuple[str, str],
    signer: Signer,
    schema: Schema,
    files: Mapping[str, bytes],
) -> bytes:
    written = write_document(spec, document)
    if problems := schema.check(written):
        why = f"the {spec.name} does not fit the exchange schema ({problems[0].kind})"
        raise Terminal("ECQS-7040", why, hint="nothing was sent; report it with the output of `ecqs audits show`")
    return build_zip([(names[0], written), (names[1], seal(written, signer)), *sorted(files.items())])
