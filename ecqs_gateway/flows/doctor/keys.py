"""Keys: there, readable by the gateway and nobody else, of the right algorithm, and not about to expire."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from ecqs_gateway.deliver.signing import algorithm
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.doors.salts import load_salt
from ecqs_gateway.doors.vault import Vault
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.doctor.core import Context, Finding, NotChecked, Verdict, age, check
from ecqs_gateway.flows.gateway import HEADQUARTERS_KEYS, SIGNING_KEY
from ecqs_gateway.mapping.persons import needs_salt

__all__: list[str] = []

_OLD = timedelta(days=730)
_EXPIRES = timedelta(days=30)


@check("keys.signing")
def signing(context: Context) -> Iterator[Finding]:
    """The gateway's signing key is there and of the algorithm the national settings name."""
    name = context.national.signature.algorithm
    file = context.settings.keys / SIGNING_KEY.format(algorithm=name)
    if not file.is_file():
        step = "make one with `ecqs keys`, and give its public half to headquarters before the next run"
        yield Finding("keys.signing", Verdict.PROBLEM, f"the {name} signing key is missing", str(file), step)
        return
    signer = algorithm(name).signer(file.read_bytes())
    old = _age_of(context, file)
    text = f"{name} key {signer.key_id}, {age(old)} old"
    if old > _OLD:
        step = "agree with headquarters on a new key and change it"
        yield Finding("keys.signing", Verdict.WARNING, text, str(file), step)
    else:
        yield Finding("keys.signing", Verdict.OK, text, str(file))


@check("keys.headquarters")
def headquarters(context: Context) -> Iterator[Finding]:
    """At least one public key of headquarters is there, and each file holds one."""
    found = [
        f"{name} {algorithm(name).verifier(file.read_bytes()).key_id}"
        for name in ("ed25519", "sm2-sm3")
        for file in sorted(context.settings.keys.glob(HEADQUARTERS_KEYS.format(algorithm=name)))
    ]
    if found:
        yield Finding("keys.headquarters", Verdict.OK, f"receipts are believed by {', '.join(found)}")
        return
    file = context.settings.keys / HEADQUARTERS_KEYS.format(algorithm="ed25519").replace("*", "")
    text = "no public key of headquarters is known, so no receipt can be believed"
    yield Finding("keys.headquarters", Verdict.PROBLEM, text, str(file), "get it from headquarters and put it there")


@check("keys.payload")
def payload(context: Context) -> Iterator[Finding]:
    """Stored payloads are sealed where there is a key."""
    vault = Vault.of(context.settings.keys)
    if vault.sealing:
        count = len(list(context.settings.keys.glob("payload-*.key")))
        text = f"stored payloads are sealed; {count} keys open what was stored"
        yield Finding("keys.payload", Verdict.OK, text, str(context.settings.keys))
        return
    text = "there is no payload key: source rows and dead letters are stored readable"
    step = "make one with `ecqs keys`, and keep a copy where the backup is not"
    yield Finding("keys.payload", Verdict.WARNING, text, str(context.settings.keys), step)


@check("keys.salt")
def salt(context: Context) -> Iterator[Finding]:
    """Every unit whose mappings digest id numbers has its salt, and a payload key its rows can be sealed with."""
    compiled = context.the_content.compiled
    units = sorted({unit for (unit, _), one in compiled.items() if context.concerns(unit) and needs_salt(one)})
    if not units:
        raise NotChecked("no mapping digests id numbers")
    sealing, wrong = any(context.settings.keys.glob("payload-*.key")), False
    for unit in units:
        try:
            load_salt(context.settings.keys, unit)
        except GatewayError as error:
            wrong = True
            text = f"{error.code} {error.message}: records with digests of id numbers cannot be made"
            yield Finding("keys.salt", Verdict.PROBLEM, text, error.where or unit, error.hint or "")
        if not sealing:
            wrong = True
            text = "its source holds id numbers, and there is no payload key to seal them with: none of them is read"
            yield Finding("keys.salt", Verdict.PROBLEM, text, unit, "make one with `ecqs keys init`")
    if not wrong:
        yield Finding("keys.salt", Verdict.OK, f"the salts of {', '.join(units)} are there")


@check("keys.files")
def files(context: Context) -> Iterator[Finding]:
    """Files with secrets can be read by their owner only."""
    secret = [file for file in _key_files(context) if _is_secret(file)]
    open_to_others = [file for file in secret if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    for file in open_to_others:
        text = f"others than its owner may read or write it (mode {stat.S_IMODE(file.stat().st_mode):o})"
        yield Finding("keys.files", Verdict.PROBLEM, text, str(file), f"chmod 600 {file}")
    if not open_to_others:
        yield Finding("keys.files", Verdict.OK, f"{len(secret)} files with secrets are readable by their owner only")


@check("keys.certificates")
def certificates(context: Context) -> Iterator[Finding]:
    """Where a PEM holds a certificate, it is valid now and for the next month."""
    now, count, bad = context.clock(), 0, False
    for file in _key_files(context):
        for certificate in _certificates(file):
            count += 1
            left = certificate.not_valid_after_utc - now
            if certificate.not_valid_before_utc > now or left <= _EXPIRES:
                bad = True
                verdict = Verdict.PROBLEM if left <= timedelta(0) or left > _EXPIRES else Verdict.WARNING
                first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
                text = f"valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
                yield Finding("keys.certificates", verdict, text, str(file), "get a new certificate and put it there")
    if not count:
        raise NotChecked("no file in the keys folder holds a certificate")
    if not bad:
        yield Finding(
            "keys.certificates", Verdict.OK, f"{count} certificates are valid for another {_EXPIRES.days} days"
        )


def _certificates(file: Path) -> list[x509.Certificate]:
    data = file.read_bytes()
    return x509.load_pem_x509_certificates(data) if b"-----BEGIN CERTIFICATE-----" in data else []


def _key_files(context: Context) -> list[Path]:
    """List the keys folder and the key files connections name."""
    found = {path for path in context.settings.keys.glob("**/*") if path.is_file()}
    with suppress(GatewayError, NotChecked):  # a connection that is not there is another check's finding
        named = context.resolve(context.national.transport.connection).option("key_file")
        found |= {Path(named)} if named and Path(named).is_file() else set()
    return sorted(found)


def _is_secret(file: Path) -> bool:
    stored = file.match("payload-*.key") or file.match("salt-*.key")
    return stored or b"PRIVATE KEY-----" in file.read_bytes()[:8192]


def _age_of(context: Context, file: Path) -> timedelta:
    return max(context.clock() - datetime.fromtimestamp(file.stat().st_mtime, SHANGHAI), timedelta(0))
