"""What the proxy writes down: calls, faults, kills, what was paid for and what became of each payment."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile

from contract.detectors import OPERATIONS, SEARCH
from contract.face_search import FACES_ANSWERED
from contract.meaning import INVOKE_MODEL, MEANING_SEEN
from loadtest.faults.calls import AwsService, Call, CutFace, Photograph, SavedAnswer
from loadtest.faults.plan import InjectedFault

# Of several that ask one operation, the first: that is the one which runs of this kind ask.
DETECTORS = {
    **{operation: detector for detector, operation in reversed(list(OPERATIONS.items()))},
    SEARCH.operation: FACES_ANSWERED,
    INVOKE_MODEL: MEANING_SEEN,
}
# The processor's clients wait for 10 s; an answer that took longer came to nobody.
PATIENCE_SECONDS = 10.0


class Fate(StrEnum):
    """What became of an answer that Rekognition gave, and charged for."""

    KEPT = "kept"
    LOST_TO_A_FAULT = "the answer did not reach the worker"
    LOST_TO_A_KILL = "the worker was killed before it had saved the answer"
    NOT_SAVED = "every attempt to save the answer was made to fail"
    TOO_LATE = "Rekognition took longer than the worker waits"
    THROWN_AWAY = "nothing is known that explains why it was not saved"


# Whoever lost the answer so may ask, and pay, again.
_LOST = frozenset({Fate.LOST_TO_A_FAULT, Fate.LOST_TO_A_KILL, Fate.NOT_SAVED, Fate.TOO_LATE})


@dataclass(frozen=True)
class Paid:
    """Rekognition answered a call of an invocation, `at` a time in seconds since 1970.

    `lost_by` is the fault that kept the answer away.
    """

    photograph: Photograph
    invocation: str
    seconds: float
    lost_by: InjectedFault
    at: float = 0.0


@dataclass(frozen=True)
class Save:
    """An invocation wrote an answer down, or tried to."""

    answer: SavedAnswer
    invocation: str
    took_effect: bool


Name = tuple[str, str]  # operation, content id


def payments_of(
    events: Iterable[Paid | Save], content_id_of: Callable[[Photograph], str], killed: Collection[str]
) -> dict[Name, list[Fate]]:
    """Give, for each operation and content, the fates of its payments in order of time."""
    payments: dict[tuple[str, str], list[tuple[Paid, list[Save]]]] = defaultdict(list)
    for event in events:
        if isinstance(event, Paid):
            content_id = content_id_of(event.photograph)
            payments[DETECTORS[event.photograph.operation], content_id].append((event, []))
            continue
        for paid, saves in reversed(payments[event.answer.detector, event.answer.content_id]):
            if paid.invocation == event.invocation and paid.lost_by is InjectedFault.NONE:
                saves.append(event)
                break
    operations = {detector: operation for operation, detector in DETECTORS.items()}
    return {
        (operations[detector], content_id): [_fate(paid, saves, killed) for paid, saves in of_name]
        for (detector, content_id), of_name in payments.items()
        if of_name
    }


def _fate(paid: Paid, saves: Sequence[Save], killed: Collection[str]) -> Fate:
    if paid.lost_by is not InjectedFault.NONE:
        return Fate.LOST_TO_A_FAULT
    if any(save.took_effect for save in saves):
        return Fate.KEPT
    if paid.invocation in killed:
        return Fate.LOST_TO_A_KILL
    if saves:
        return Fate.NOT_SAVED
    return Fate.TOO_LATE if paid.seconds > PATIENCE_SECONDS else Fate.THROWN_AWAY


@dataclass(frozen=True)
class PaidTwice:
    """How often was paid more than once, and why.

    `extra` counts calls beyond the first for the same operation and content, in Rekognition's own log.
    `explained` counts, by fate, the lost payments that made one of them necessary. `unexplained` is what
    remains: those bought what somebody had already.
    """

    extra: int
    explained: Mapping[Fate, int]
    unexplained: tuple[Name, ...]


def paid_twice(calls: Mapping[Name, int], payments: Mapping[Name, Sequence[Fate]]) -> PaidTwice:
    """Compare Rekognition's log (calls by operation and content) with what became of the payments."""
    explained: Counter[Fate] = Counter()
    unexplained: list[Name] = []
    for name, count in calls.items():
        # A further payment was needed only if all before it were lost.
        lost_first = list(takewhile(_LOST.__contains__, payments.get(name, ())))[: count - 1]
        explained.update(lost_first)
        unexplained += [name] * (count - 1 - len(lost_first))
    return PaidTwice(sum(count - 1 for count in calls.values()), explained, tuple(unexplained))


# X-Ray's header, which boto3 sends from inside Lambda: one invocation, one root.
# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_TRACE_HEADER = "x-amzn-trace-id"


def invocation_of(call: Call) -> str:
    return call.headers.get(_TRACE_HEADER, "").partition(";")[0]


@dataclass(frozen=True)
class Ticket:
    """One call under way: its number over all services, and among those of its service."""

    number: int
    number_of_service: int
    service: AwsService
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

    calls: Counter[AwsService] = field(default_factory=Counter)
    faults: Counter[tuple[AwsService, InjectedFault]] = field(default_factory=Counter)
    kills: list[Kill] = field(default_factory=list)
    events: list[Paid | Save] = field(default_factory=list)
    cut_faces: dict[str, CutFace] = field(default_factory=dict)
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

    def struck(self, ticket: Ticket, fault: InjectedFault) -> None:
        with self._lock:
            self.faults[ticket.service, fault] += 1

    def paid(self, ticket: Ticket, photograph: Photograph, seconds: float, lost_by: InjectedFault) -> None:
        """Rekognition answered; a fault may keep the answer from arriving."""
        with self._lock:
            self.events.append(Paid(photograph, ticket.invocation, seconds, lost_by, time.time()))

    def saved(self, ticket: Ticket, answer: SavedAnswer, *, took_effect: bool) -> None:
        with self._lock:
            self.events.append(Save(answer, ticket.invocation, took_effect))

    def cut(self, faces: Sequence[CutFace]) -> None:
        """Remember which face each picture shows that Rekognition may be shown, by its SHA-256."""
        with self._lock:
            self.cut_faces.update((face.digest, face) for face in faces)

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
        with self._lock:
            return sum(self.faults.values())
