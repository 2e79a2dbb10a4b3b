"""What the proxy writes down: calls, faults, kills, and what was paid for and saved."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from loadtest.faults.calls import Call, Photograph, SavedAnswer, Service
from loadtest.faults.payments import Paid, Save
from loadtest.faults.plan import Fault

# X-Ray's header, which boto3 sends from inside Lambda: one invocation, one root.
# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_TRACE_HEADER = "x-amzn-trace-id"


def invocation_of(call: Call) -> str:
    """Name the invocation that a call comes from."""
    return call.headers.get(_TRACE_HEADER, "").partition(";")[0]


@dataclass(frozen=True)
class Ticket:
    """One call under way: its number over all services, and among those of its service."""

    number: int
    number_of_service: int
    service: Service
    operation: str
    invocation: str
    port: int


@dataclass(frozen=True)
class Kill:
    """A worker that was killed: what it was at, and its calls that were on their way, by operation."""

    invocation: str
    in_flight: Counter[str]


@dataclass
class Ledger:
    """Safe to use from several threads."""

    calls: Counter[Service] = field(default_factory=Counter)
    faults: Counter[tuple[Service, Fault]] = field(default_factory=Counter)
    kills: list[Kill] = field(default_factory=list)
    events: list[Paid | Save] = field(default_factory=list)
    _under_way: dict[int, Ticket] = field(default_factory=dict)
    _last_of_port: dict[int, Ticket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def under_way(self, call: Call, port: int) -> Iterator[Ticket]:
        """Number a call that came from a port, and hold it to be on its way while the block lasts."""
        with self._lock:
            ticket = Ticket(
                sum(self.calls.values()),
                self.calls[call.service],
                call.service,
                call.operation,
                invocation_of(call),
                port,
            )
            self.calls[call.service] += 1
            self._under_way[ticket.number] = self._last_of_port[port] = ticket
        try:
            yield ticket
        finally:
            with self._lock:
                del self._under_way[ticket.number]

    def struck(self, ticket: Ticket, fault: Fault) -> None:
        """A fault was injected."""
        with self._lock:
            self.faults[ticket.service, fault] += 1

    def paid(self, ticket: Ticket, photograph: Photograph, seconds: float, lost_by: Fault) -> None:
        """Rekognition answered; a fault may keep the answer from arriving."""
        with self._lock:
            self.events.append(Paid(photograph, ticket.invocation, seconds, lost_by, time.time()))

    def saved(self, ticket: Ticket, answer: SavedAnswer, *, took_effect: bool) -> None:
        """An answer was written down, or was to be."""
        with self._lock:
            self.events.append(Save(answer, ticket.invocation, took_effect))

    def killed(self, ports: Collection[int]) -> None:
        """The worker that talks from these ports does nothing any more."""
        with self._lock:
            of_worker = [self._last_of_port[port] for port in ports if port in self._last_of_port]
            last = max(of_worker, key=lambda ticket: ticket.number)
            in_flight = Counter(
                ticket.operation
                for ticket in self._under_way.values()
                if ticket.invocation == last.invocation
            )
            self.kills.append(Kill(last.invocation, in_flight))

    def injected(self) -> int:
        """Count all faults so far."""
        with self._lock:
            return sum(self.faults.values())
