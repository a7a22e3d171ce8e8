"""The keys of one installation: made, listed, changed, and those of headquarters taken in.

All lie in one folder (``ECQS_KEYS``), private halves readable by this account alone:

    gateway-<algorithm>.pem, .pub.pem       signs batches; headquarters has the public half
    gateway-<algorithm>-next.pem, .pub.pem  the next one, until headquarters knows it
    gateway-<algorithm>-<key id>.pub.pem    public halves of earlier ones, for proofs of old batches
    retired/                                their private halves
    sftp.pem, sftp.pub                      opens the account at headquarters' SFTP server
    payload-NNNN.key                        seals rows at rest; the newest seals, all of them open
    salt-<unit>.key                         digests id numbers of a unit; never changed
    headquarters-<algorithm>[-<key id>].pem the keys receipts are believed by

Secrets never leave this module but as files.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ecqs_gateway.deliver.signing import Verifier, algorithm
from ecqs_gateway.doors.clock import SHANGHAI
from ecqs_gateway.doors.files import write_atomic
from ecqs_gateway.doors.salts import load_salt, make_salt, salt_file
from ecqs_gateway.doors.ssh_keys import generate_ssh_key
from ecqs_gateway.doors.vault import PayloadKey, Vault, make_payload_key
from ecqs_gateway.errors import GatewayError, Misconfigured, Terminal

__all__ = ["KeyInfo", "Made", "activate", "init", "keys", "next_signing", "rotate_payload", "salt", "trust"]
__all__ += ["unsealed_warning", "warn_unsealed"]

SIGNATURES = ("ed25519", "sm2-sm3")
LOGIN = "sftp"
_CIPHERS = {"ed25519": "aes-256-gcm", "sm2-sm3": "sm4-gcm"}
"""Where signatures must be of commercial cryptography, so must ciphers."""
_LARGEST = 65_536

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """A key that was made, or was there already; ``public`` is the file to give away, if any."""

    role: str
    file: Path
    public: Path | None
    new: bool


@dataclass(frozen=True)
class KeyInfo:
    """One key as it may be shown: never a secret."""

    role: str
    file: str
    algorithm: str
    id: str
    made: datetime | None
    note: str = ""


def init(folder: Path, signature: str, cipher: str | None = None) -> list[Made]:
    """Make what is missing: signing pair, SFTP login and payload key; what is there stays as it is.

    ``cipher`` defaults to the one that goes with the signature. Raises Misconfigured ECQS-3040 or ECQS-4021, Terminal
    ECQS-3001.
    """
    made = [_pair(folder, f"gateway-{signature}", signature), _login(folder)]
    found = Vault.of(folder).keys
    file = found[-1].file if found else make_payload_key(folder, cipher or _CIPHERS.get(signature, "aes-256-gcm"))
    return [*made, Made("payload", file or folder, None, not found)]


def _pair(folder: Path, name: str, signature: str) -> Made:
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    if private.exists():
        return Made("signing", private, public, new=False)
    pair = algorithm(signature).generate()
    write_atomic(public, pair.public)  # first, so that a private half never stands alone
    write_atomic(private, pair.private)
    return Made("signing", private, public, new=True)


def _login(folder: Path) -> Made:
    private, public = folder / f"{LOGIN}.pem", folder / f"{LOGIN}.pub"
    if private.exists():
        return Made("sftp login", private, public, new=False)
    pair = generate_ssh_key()
    write_atomic(public, f"{pair.public}\n".encode())
    write_atomic(private, pair.private.encode())
    return Made("sftp login", private, public, new=True)


def rotate_payload(folder: Path, cipher: str | None = None) -> Made:
    """Make a new payload key, which seals from the next command on; the old ones stay, to open what they sealed."""
    found = Vault.of(folder).keys
    default = found[-1].algorithm if found else "aes-256-gcm"
    return Made("payload", make_payload_key(folder, cipher or default), None, new=True)


def salt(folder: Path, unit: str) -> Made:
    """Make the salt a unit's id numbers are digested with, once; raises Terminal ECQS-3001."""
    return Made("salt", salt_file(folder, unit), None, make_salt(folder, unit))


def next_signing(folder: Path, signature: str) -> Made:
    """Make the signing pair that comes next, once; headquarters must know it before the first batch it signs.

    Raises Misconfigured ECQS-4026 where there is no signing key to follow.
    """
    current = folder / f"gateway-{signature}.pem"
    if not current.exists():
        hint = "make the first one with `ecqs keys init`"
        raise Misconfigured("ECQS-4026", f"there is no {signature} signing key yet", where=str(current), hint=hint)
    return _pair(folder, f"gateway-{signature}-next", signature)


def activate(folder: Path, signature: str) -> Made:
    """Sign with the next pair from now on; raises Misconfigured ECQS-6081 where none was made.

    Each step can be cut off and done again: the old halves are copied away first, and the private one moves last.
    """
    coming, current = folder / f"gateway-{signature}-next.pem", folder / f"gateway-{signature}.pem"
    if not coming.exists():
        hint = "make it with `ecqs keys rotate signing`, and give its public half to headquarters first"
        raise Misconfigured("ECQS-6081", "there is no next signing key", where=str(coming), hint=hint)
    public, coming_public = current.with_suffix(".pub.pem"), coming.with_suffix(".pub.pem")
    if current.exists():
        data = current.read_bytes()
        old = algorithm(signature).signer(data).key_id
        if public.exists() and _public(public)[1].key_id == old:  # else an earlier try came that far
            write_atomic(folder / f"gateway-{signature}-{old}.pub.pem", public.read_bytes())
        write_atomic(folder / "retired" / f"gateway-{signature}-{old}.pem", data)
    if coming_public.exists():
        coming_public.replace(public)
    coming.replace(current)
    return Made("signing", current, public, new=True)


def trust(folder: Path, file: Path) -> KeyInfo:
    """Take in a public key of headquarters: receipts it signs are believed from the next command on.

    Raises Misconfigured ECQS-4022 for what is no public key, above all for a private one.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        why = f"the file cannot be read ({error.strerror})"
        raise Misconfigured("ECQS-4022", why, where=str(file), hint="name the file headquarters gave you") from None
    if b"PRIVATE KEY" in data[:_LARGEST]:
        raise Misconfigured(
            "ECQS-4022",
            "this is a private key, which nobody but its owner may have",
            where=str(file),
            hint="ask headquarters for its public key, and tell them that this one is known to others",
        )
    name, verifier = _public(file)
    if any(own.id == verifier.key_id for own in _signing(folder)):
        hint = "name the file headquarters gave you; with this one the gateway would believe itself"
        raise Misconfigured("ECQS-4022", "this is the gateway's own key", where=str(file), hint=hint)
    known = next((k for k in _headquarters(folder) if k.id == verifier.key_id), None)
    if known is not None:
        return KeyInfo(known.role, known.file, known.algorithm, known.id, known.made, "was trusted before")
    target = folder / f"headquarters-{name}-{verifier.key_id}.pem"
    write_atomic(target, data)
    return _info("headquarters", target, name, verifier.key_id)


def _public(file: Path) -> tuple[str, Verifier]:
    """Read a public key of any algorithm; raises Misconfigured ECQS-4022."""
    data = file.read_bytes()[:_LARGEST]
    for name in SIGNATURES:
        try:
            return name, algorithm(name).verifier(data)
        except GatewayError:
            continue
    hint = f"it must be PEM of one of {', '.join(SIGNATURES)}"
    raise Misconfigured("ECQS-4022", "this is no public key we can use", where=str(file), hint=hint)


def keys(folder: Path) -> list[KeyInfo]:
    """List every key of the folder with its id; a file that cannot be used is listed with what is wrong with it."""
    return [*_signing(folder), *_login_info(folder), *_payload(folder), *_salts(folder), *_headquarters(folder)]


def _signing(folder: Path) -> Iterator[KeyInfo]:
    for name in SIGNATURES:
        for file in sorted(folder.glob(f"gateway-{name}*.pem")):
            if file.name.endswith(".pub.pem"):
                if not file.with_name(file.name.replace(".pub.pem", ".pem")).exists():
                    yield _public_info("signed earlier", file)
                continue
            role = "signs next" if file.stem.endswith("-next") else "signs"
            try:
                yield _info(role, file, name, algorithm(name).signer(file.read_bytes()).key_id, private=True)
            except (GatewayError, OSError) as error:
                yield _broken(role, file, name, error)


def _login_info(folder: Path) -> Iterator[KeyInfo]:
    private, public = folder / f"{LOGIN}.pem", folder / f"{LOGIN}.pub"
    if not private.exists():
        return
    try:
        kind, text = public.read_text(encoding="ascii").split()[:2]
        print_ = base64.b64encode(hashlib.sha256(base64.b64decode(text)).digest()).decode("ascii").rstrip("=")
    except (OSError, ValueError):
        yield _info("sftp login", private, "", "", private=True, note="its public half sftp.pub is missing")
        return
    yield _info("sftp login", private, kind, f"SHA256:{print_}", private=True)


def _payload(folder: Path) -> Iterator[KeyInfo]:
    try:
        found: tuple[PayloadKey, ...] = Vault.of(folder).keys
    except Misconfigured as error:
        yield _broken("payload", Path(error.where or folder), "", error)
        return
    for key in found:
        role = "seals" if key is found[-1] else "opens"
        yield _info(role, key.file or folder, key.algorithm, key.id.hex(), private=True)


def _salts(folder: Path) -> Iterator[KeyInfo]:
    for file in sorted(folder.glob("salt-*.key")):
        try:
            yield _info(
                "digests", file, "hmac-sha-256", load_salt(folder, file.stem.partition("-")[2]).id, private=True
            )
        except Misconfigured as error:
            yield _broken("digests", file, "hmac-sha-256", error)


def _headquarters(folder: Path) -> Iterator[KeyInfo]:
    for name in SIGNATURES:
        for file in sorted(folder.glob(f"headquarters-{name}*.pem")):
            yield _public_info("headquarters", file)


def _public_info(role: str, file: Path) -> KeyInfo:
    try:
        name, verifier = _public(file)
    except (GatewayError, OSError) as error:
        return _broken(role, file, "", error)
    return _info(role, file, name, verifier.key_id)


def _info(role: str, file: Path, name: str, key_id: str, *, private: bool = False, note: str = "") -> KeyInfo:
    entry = file.stat()
    if private and stat.S_IMODE(entry.st_mode) & 0o077:
        note = note or f"others may read it: chmod 600 {file.name}"
    made = datetime.fromtimestamp(entry.st_mtime, SHANGHAI).replace(microsecond=0)
    return KeyInfo(role, file.name, name, key_id, made, note)


def _broken(role: str, file: Path, name: str, error: Exception) -> KeyInfo:
    why = error.message if isinstance(error, Terminal) else "cannot be read"
    return KeyInfo(role, file.name, name, "", None, why)


def unsealed_warning(folder: Path) -> str | None:
    """Say that rows are stored as they are, where the gateway has keys but none for payloads; None when all is well.

    A folder without any key is no gateway's: a checkout where somebody writes mappings.
    """
    if not folder.is_dir() or next(folder.iterdir(), None) is None or Vault.of(folder).sealing:
        return None
    return (
        "ECQS-3044 there is no payload key, so source rows are stored unsealed. "
        "Next: make one with `ecqs keys init`; what is stored already stays readable"
    )


def warn_unsealed(folder: Path) -> None:
    """Log ``unsealed_warning``, once a run."""
    text = unsealed_warning(folder)
    if text:
        _log.warning("%s", text)
