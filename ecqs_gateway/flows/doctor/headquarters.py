"""Headquarters: is it there, is it the pinned one, and may this account in."""

from __future__ import annotations

from collections.abc import Iterator

from ecqs_gateway.deliver.sftp import Folders, SftpTransport
from ecqs_gateway.doors.ssh import Endpoint, SftpSession, Timeouts
from ecqs_gateway.errors import GatewayError
from ecqs_gateway.flows.doctor.core import Context, Finding, Verdict, check

__all__: list[str] = []

_QUICK = Timeouts(connect=6, handshake=6, login=8, answer=8)


def _endpoint(context: Context) -> Endpoint:
    settings = context.national.transport
    return Endpoint.of(context.resolve(settings.connection), host_key=settings.host_key, timeouts=_QUICK)


@check("headquarters.settings")
def settings(context: Context) -> Iterator[Finding]:
    """The connection to headquarters is complete: host, login, pinned host key, readable key."""
    endpoint = _endpoint(context)
    text = f"{endpoint.user} at {endpoint.address}, host key {endpoint.host_key.type} pinned"
    yield Finding("headquarters.settings", Verdict.OK, text)


@check("headquarters.host_key", online=True)
def host_key(context: Context) -> Iterator[Finding]:
    """The server shows the pinned host key now. Nobody logs in: no name and no password is sent."""
    endpoint = _endpoint(context)
    SftpSession(endpoint, log_in=False).close()
    yield Finding("headquarters.host_key", Verdict.OK, "the server shows the pinned host key", endpoint.address)


@check("headquarters.folders", online=True)
def folders(context: Context) -> Iterator[Finding]:
    """The account may in, and its folders are there for every unit."""
    national = context.national.transport
    transport = SftpTransport(_endpoint(context), Folders(national.inbox, national.receipts))
    waiting, units = 0, context.units()
    try:
        for unit in units:
            waiting += len(transport.list_receipts(unit))
    except GatewayError as error:
        text = f"{error.code} {error.message}"
        yield Finding("headquarters.folders", Verdict.PROBLEM, text, error.where or "", error.hint or "")
        return
    finally:
        transport.close()
    text = f"the account may in; {waiting} receipts of {len(units)} units wait to be taken"
    yield Finding("headquarters.folders", Verdict.OK, text)
