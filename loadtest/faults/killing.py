"""`kill -9` for a worker, found by the connection on which it called."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

from loadtest.faults.ledger import Ledger


@dataclass
class Killer:
    """Kills workers, which are processes below MiniStack's. `proxy_port` is where they connect to."""

    cloud: psutil.Process
    proxy_port: int
    ledger: Ledger
    _at_work: threading.Lock = field(default_factory=threading.Lock)

    def kill(self, port: int) -> bool:
        """Kill the worker that talks from a port, wherever it stands; say whether there was one."""
        with self._at_work:
            for process in self.cloud.children(recursive=True):
                with suppress(psutil.Error):
                    if port in self._ports(process):
                        self._end(process, port)
                        return True
        return False

    def _end(self, worker: psutil.Process, port: int) -> None:
        """Stop it before it is looked at, so that what was on its way is known exactly."""
        worker.suspend()
        self.ledger.killed({port, *self._ports(worker)})
        worker.kill()

    def _ports(self, process: psutil.Process) -> set[int]:
        return {
            connection.laddr.port
            for connection in process.net_connections(kind="tcp")
            if connection.raddr and connection.raddr.port == self.proxy_port
        }
