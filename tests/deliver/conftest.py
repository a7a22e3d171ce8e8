"""Certificates as the mapping leaves them, the real schema, keys, and SSH servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ecqs_test_support_fake_sftp as _fake_sftp
import ecqs_test_support_sshd as _sshd
import paramiko
import polars as pl
import pytest

from ecqs_gateway.deliver.signing import Signer, algorithm
from ecqs_gateway.deliver.xml import bodies
from ecqs_gateway.doors.xml_schema import Schema, load_schema
from ecqs_gateway.model.batch import BatchHeader, BatchId
from ecqs_gateway.model.kinds import spec
from ecqs_gateway.model.record import KindSpec

SCHEMAS = Path(__file__).parents[2] / "schemas" / "ecqs" / "1.0"


@pytest.fixture(scope="session")
def batch_schema() -> Schema:
    return load_schema(SCHEMAS / "batch.xsd")


@pytest.fixture(scope="session")
def certificate() -> KindSpec:
    return spec("certificate")


@dataclass(frozen=True)
class Mapped:
    """What mapping and checks leave of some certificates."""

    frame: pl.DataFrame
    lists: dict[str, pl.DataFrame]


@pytest.fixture(scope="session")
def certificates(certificate: KindSpec) -> Callable[..., Mapped]:
    """Make certificates: one per holder name, each with its products; any column can be set by keyword."""

    def make(holders: Sequence[str], products: Sequence[Sequence[str]] | None = None, **columns: Any) -> Mapped:
        count = len(holders)
        values: dict[str, Any] = {
            "number": [f"(苏)XK06-001-{index:05d}" for index in range(1, count + 1)],
            "holder.name": list(holders),
            "holder.uscc": ["91440300192317458F"] * count,
            "authority.name": ["江苏省市场监督管理局"] * count,
            "issue_date": [date(2024, 3, 1)] * count,
            "valid_until": [date(2029, 2, 28)] * count,
            "status": ["01"] * count,
        } | {name.replace("__", "."): value for name, value in columns.items()}
        frame = pl.DataFrame(
            {"__row": pl.Series(range(count), dtype=pl.UInt32)}
            | {
                leaf.path: pl.Series(values.get(leaf.path, [None] * count), dtype=leaf.type.dtype)
                for leaf in certificate.leaves()
            }
        )
        rows = products if products is not None else [["架空绞线"]] * count
        items = [(row, item, name) for row, names in enumerate(rows) for item, name in enumerate(names, 1)]
        lists = {node.path: _empty(node) for node in certificate.repeated()}
        lists["products"] = pl.concat(
            [
                lists["products"],
                pl.DataFrame(items, schema={"__row": pl.UInt32, "__item": pl.UInt32, "name": pl.String}, orient="row"),
            ],
            how="diagonal",
        )
        return Mapped(frame, lists)

    return make


def _empty(node: Any) -> pl.DataFrame:
    return pl.DataFrame(
        schema={"__row": pl.UInt32, "__item": pl.UInt32} | {leaf.path: leaf.type.dtype for leaf in node.leaves()}
    )


@pytest.fixture(scope="session")
def records(certificate: KindSpec, certificates: Callable[..., Mapped]) -> Callable[..., pl.DataFrame]:
    """Make rows as the outbox has them, ready for ``record_texts``."""

    def make(holders: Sequence[str], products: Sequence[Sequence[str]] | None = None, **columns: Any) -> pl.DataFrame:
        mapped = certificates(holders, products, **columns)
        return bodies(certificate, mapped.frame, mapped.lists).with_columns(
            previous=pl.lit(None, pl.String), action=pl.lit("upsert"), reason=pl.lit(None, pl.String)
        )

    return make


@pytest.fixture(scope="session")
def header() -> BatchHeader:
    created = datetime.fromisoformat("2026-11-23T02:30:00+08:00")
    return BatchHeader.of(BatchId("320000", "certificate", 1), created=created, content="sha256:" + "0" * 64)


@pytest.fixture(scope="session")
def signer() -> Signer:
    ed25519 = algorithm("ed25519")
    return ed25519.signer(ed25519.generate().private)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Any]:
    """A real OpenSSH server with the folders of unit 320000."""
    with _sshd.running_sshd(tmp_path) as server:
        for folder in ("inbox/320000", "receipts/320000"):
            (server.root / folder).mkdir(parents=True)
        yield server


@pytest.fixture(scope="session")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> paramiko.PKey:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = tmp_path_factory.mktemp("host") / "key"
    path.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    return paramiko.Ed25519Key.from_private_key_file(str(path))


@pytest.fixture
def fake(host_key: paramiko.PKey) -> Iterator[Any]:
    """A server that can be told to misbehave."""
    with _fake_sftp.fake_server(host_key) as server:
        yield server


@pytest.fixture
def old_fake(host_key: paramiko.PKey) -> Iterator[Any]:
    """The same, without posix-rename."""
    with _fake_sftp.fake_server(host_key, posix_rename=False) as server:
        yield server
