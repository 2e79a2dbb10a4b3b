"""The proxy between the processor and AWS: passes calls on, but not always, and not always their answers."""

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

from loadtest.faults import calls
from loadtest.faults.calls import AwsAnswer, AwsService, Call
from loadtest.faults.ledger import Ledger, Ticket
from loadtest.faults.plan import (
    LOSES_THE_ANSWER,
    FaultPlan,
    HungUpError,
    InjectedFault,
    StagedOutages,
    Strike,
)

_UPSTREAM_SECONDS = 60.0
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
_SERVICE_UNAVAILABLE = AwsAnswer(503, (("Content-Type", "text/plain"),), b"the local cloud does not answer")


@dataclass
class Proxy:
    """Deals with calls. `upstream` maps services to URLs; `kill` ends the worker that talks from a port."""

    plan: FaultPlan
    ledger: Ledger
    upstream: Mapping[AwsService, str]
    kill: Callable[[int], bool]
    outages: StagedOutages = field(default_factory=StagedOutages)
    healed: threading.Event = field(default_factory=threading.Event)
    _kills: list[int] = field(init=False)
    _calls_in_good_times: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._kills = list(self.plan.kills)

    def answer(self, call: Call, port: int) -> AwsAnswer:
        """Deal with one call from a port. Raises HungUpError."""
        with self.ledger.under_way(call, port) as ticket:
            kill = self._next_kill()
            if kill is not None and self.plan.kills_before_the_call(kill):
                self._kill(port, kill)
                raise HungUpError
            strike = Strike(InjectedFault.NONE)
            if not self.healed.is_set():
                strike = self.plan.strike(call.service, ticket.number_of_service)
            try:
                return self._dealt_with(self.outages.shortened(call), ticket, strike)
            finally:
                if kill is not None:
                    self._kill_soon(port, kill)

    def _dealt_with(self, call: Call, ticket: Ticket, strike: Strike) -> AwsAnswer:
        try:
            answer = self.outages.met(call, ticket.number)
        except HungUpError:
            self._not_saved(call, ticket)
            raise
        if answer is not None:
            self._not_saved(call, ticket)
            return answer
        return self._struck(call, ticket, strike)

    def _struck(self, call: Call, ticket: Ticket, strike: Strike) -> AwsAnswer:
        part = calls.split(call, strike.left_out) if strike.fault is InjectedFault.PARTIAL else None
        if strike.fault is not InjectedFault.NONE and (
            strike.fault is not InjectedFault.PARTIAL or part is not None
        ):
            self.ledger.struck(ticket, strike.fault)
        match strike.fault:
            case InjectedFault.THROTTLED:
                self._not_saved(call, ticket)
                return calls.throttle(call, ticket.number)
            case InjectedFault.ERROR_BEFORE:
                self._not_saved(call, ticket)
                return calls.server_error(call)
            case InjectedFault.RESET_BEFORE:
                self._not_saved(call, ticket)
                raise HungUpError
            case InjectedFault.LATE:
                time.sleep(strike.seconds)
        answer = self._passed_on(part.call if part else call, ticket, strike.fault)
        if strike.fault is InjectedFault.STALLED:
            time.sleep(strike.seconds)
        if strike.fault in {InjectedFault.STALLED, InjectedFault.RESET_AFTER}:
            raise HungUpError
        if strike.fault is InjectedFault.ERROR_AFTER:
            return calls.server_error(call)
        return part.complete(answer) if part and answer.accepted else answer

    def _not_saved(self, call: Call, ticket: Ticket) -> None:
        """Note the answers that a call would have written down, had AWS seen it."""
        for saved in calls.saved_answers_of(call):
            self.ledger.saved(ticket, saved, took_effect=False)

    def _passed_on(self, call: Call, ticket: Ticket, fault: InjectedFault) -> AwsAnswer:
        begun = time.monotonic()
        answer = _send(self.upstream[call.service], call)
        self.ledger.cut(calls.cut_faces_of(call, answer))
        photograph = calls.paid_photograph(call, answer)
        if photograph is not None:
            lost_by = fault if fault in LOSES_THE_ANSWER else InjectedFault.NONE
            self.ledger.paid(ticket, photograph, time.monotonic() - begun, lost_by)
        for saved in calls.saved_answers_of(call):
            self.ledger.saved(ticket, saved, took_effect=answer.accepted)
        return answer

    def _next_kill(self) -> int | None:
        """Take the kill that is due, if one is. During outages none is: hardly anything could be lost."""
        if self.outages.on or self.healed.is_set():
            return None
        with self._lock:
            self._calls_in_good_times += 1
            due = bool(self._kills) and self._calls_in_good_times > self._kills[0]
            return self._kills.pop(0) if due else None

    def _kill_soon(self, port: int, number: int) -> None:
        pause_seconds = self.plan.kill_pause_seconds(number)
        if pause_seconds:
            threading.Timer(pause_seconds, self._kill, [port, number]).start()
        else:
            self._kill(port, number)

    def _kill(self, port: int, number: int) -> None:
        """Carry out a planned kill, or leave it for another worker if this one is gone already."""
        if not self.kill(port):
            with self._lock:
                self._kills.insert(0, number)


def _send(url: str, call: Call) -> AwsAnswer:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_UPSTREAM_SECONDS)
    headers = {name: value for name, value in call.headers.items() if name not in _HOP_BY_HOP}
    try:
        connection.request(call.method, call.path, call.body or None, headers)
        reply = connection.getresponse()
        kept = tuple(
            (name, value)
            for name, value in reply.getheaders()
            if name.lower() not in _HOP_BY_HOP or (call.method == "HEAD" and name.lower() == "content-length")
        )
        return AwsAnswer(reply.status, kept, reply.read())
    except (OSError, http.client.HTTPException):
        return _SERVICE_UNAVAILABLE
    finally:
        connection.close()


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _deal_with(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, self.path, headers, body)
        try:
            answer = cast("ProxyServer", self.server).proxy.answer(call, self.client_address[1])
            self._write(answer)
        except HungUpError:
            self._reset()
        except OSError:  # the worker is gone
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _deal_with  # noqa: N815 - named by http.server

    def _write(self, answer: AwsAnswer) -> None:
        lines = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, '')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if self.command != "HEAD" or not any(name.lower() == "content-length" for name, _ in answer.headers):
            lines.append(f"Content-Length: {len(answer.body)}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)

    def _reset(self) -> None:
        """Close without lingering, which the other side sees as "connection reset by peer"."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the ledger has every call."""


class ProxyServer(ThreadingHTTPServer):
    """The proxy on a free port of this machine. A thread a connection; both end with this process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.proxy: Proxy

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def serve(self, proxy: Proxy) -> None:
        self.proxy = proxy
        threading.Thread(target=self.serve_forever, daemon=True, name="proxy").start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections of killed workers end as they do."""
