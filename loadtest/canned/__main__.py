"""Start it: `python -m loadtest.canned --port 4580`. It ends at SIGTERM."""

from __future__ import annotations

import random
import socket
import sys
import time
from typing import Annotated

import typer
import uvicorn

from loadtest.canned.pace import Latency, Quotas
from loadtest.canned.server import CannedRekognition, application


def main(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.")] = 0,
    median_seconds: Annotated[float, typer.Option(min=0.0, help="Half of the calls take less.")] = 0.45,
    sigma: Annotated[float, typer.Option(min=0.0, help="How long the tail of latencies is.")] = 0.35,
    seed: Annotated[int, typer.Option(help="Latencies are drawn from it.")] = 1,
) -> None:
    """Answer Rekognition's calls without looking at the pictures. Prints its address when it listens."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as fault:
        typer.echo(f"error: cannot listen on port {port} ({fault.strerror}); choose another", err=True)
        raise typer.Exit(2) from fault
    listener.listen(1024)
    typer.echo(f"http://127.0.0.1:{listener.getsockname()[1]}")
    sys.stdout.flush()
    latency = Latency(median_seconds, sigma, random.Random(seed))  # noqa: S311  # no secrets here
    served = application(CannedRekognition(Quotas(time.monotonic), latency))
    config = uvicorn.Config(
        served, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    typer.run(main)
