"""Work that goes on in threads while a block lasts, and ends with it whatever ends the block."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def in_background(work: Callable[[threading.Event], None], threads: int = 1) -> Iterator[None]:
    """Run `work` in so many threads until the block ends; it has to return soon after the event is set.

    What `work` raises is raised at the end of a block that raised nothing itself.
    """
    over = threading.Event()
    with ThreadPoolExecutor(threads) as executor:
        # A Ctrl-C may come while the threads are being started: those that run are told all the same.
        try:
            running = [executor.submit(work, over) for _ in range(threads)]
            yield
        finally:
            over.set()
    for future in running:
        future.result()
