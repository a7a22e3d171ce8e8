"""Asking headquarters: a question signed and brought, the answer waited for, verified and taken."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ecqs_gateway.deliver.questions import Enquiry, QuestionFolders, SftpEnquiry
from ecqs_gateway.doors.ssh import Endpoint
from ecqs_gateway.errors import GatewayError, Transient
from ecqs_gateway.flows.gateway import Gateway
from ecqs_gateway.reconcile.wire import Answer, Believed, Item, read_answer, write_question

__all__ = ["Asking", "Connect", "way_to"]

Connect = Callable[[], Enquiry]
"""Makes a way to ask headquarters."""
_FIRST_LOOK = 0.02
"""Seconds until the first look for an answer; each pause is twice the one before, up to the setting."""


def way_to(gateway: Gateway) -> Connect:
    """Give what connects to headquarters as the national settings say, when it is called."""

    def connect() -> Enquiry:
        settings = gateway.national.transport
        endpoint = Endpoint.of(gateway.resolve(settings.connection), host_key=settings.host_key)
        return SftpEnquiry(endpoint, QuestionFolders(settings.questions, settings.answers))

    return connect


@dataclass
class Asking:
    """Asks headquarters about one unit; counts its questions."""

    gateway: Gateway
    unit: str
    connect: Connect
    questions: int = 0
    _way: Enquiry | None = field(default=None, repr=False)

    def __call__(self, items: Sequence[Item]) -> Answer:
        """Ask and wait; raises Transient ECQS-8020 when no answer comes in time, and what ``read_answer`` raises."""
        gateway, moment = self.gateway, self.gateway.clock()
        name = f"{self.unit}-tree-{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.zip"
        question = write_question(self.unit, name, items, signer=gateway.signer, asked=moment)
        if self._way is None:
            self._way = self.connect()
        self._way.ask(self.unit, name, question.data)
        self.questions += 1
        data = self._awaited(self._way, name)
        answer = read_answer(data, question, believed=Believed(gateway.trust, gateway.national.receipts.issuer))
        with suppress(GatewayError):  # an answer that stays there harms nobody
            self._way.take(self.unit, name)
        return answer

    def _awaited(self, way: Enquiry, name: str) -> bytes:
        settings = self.gateway.national.receipts
        end, pause = time.monotonic() + settings.wait.total_seconds(), _FIRST_LOOK
        while True:
            data = way.answer(self.unit, name)
            if data is not None:
                return data
            self.gateway.limits.interrupt.check()
            if time.monotonic() > end:
                raise Transient(
                    "ECQS-8020",
                    f"headquarters has not answered within {settings.wait.total_seconds():g} s",
                    where=name,
                    hint="run `ecqs reconcile` again later; receipts.wait in connectors/national.yaml sets the time",
                )
            self.gateway.limits.interrupt.wait(pause)
            pause = min(pause * 2, settings.poll.total_seconds())

    def close(self) -> None:
        """End the connection."""
        if self._way is not None:
            self._way.close()
