"""The proxy's side of the wire: HTTP/1.1 for boto3, with connections that can be reset."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from loadtest.faults.calls import Answer, Call
from loadtest.faults.outages import HungUpError
from loadtest.faults.proxy import Proxy


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

    def _write(self, answer: Answer) -> None:
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
        """Say nothing."""


class ProxyServer(ThreadingHTTPServer):
    """The proxy on a free port of this machine. A thread a connection; both end with this process."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.proxy: Proxy

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def serve(self, proxy: Proxy) -> None:
        """Deal with calls from now on, in the background."""
        self.proxy = proxy
        threading.Thread(target=self.serve_forever, daemon=True, name="proxy").start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections of killed workers end as they do."""
