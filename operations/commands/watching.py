"""Walking over dead letters with somebody watching: progress, Ctrl-C, and what could not be seen."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from rich.progress import Progress, TaskID

from operations.commands import lines
from operations.dead_letters.letters import DeadLetter
from operations.dead_letters.looking import LOOK_SECONDS, Look
from operations.faults import StoppedError
from operations.interrupting import Stopping, orderly
from operations.terminal import progress, remarks, results
from operations.wiring import Pipeline, WorkQueue


class Watch:
    """The progress of a walk over letters."""

    def __init__(self, display: Progress, task: TaskID) -> None:
        self._display, self._task, self._expected = display, task, 0

    def expect(self, more: int) -> None:
        """Take note of what a queue holds."""
        self._expected += more
        self._display.update(self._task, total=self._expected)

    def seen(self, count: int) -> None:
        """Print how many letters were seen; a queue knows only nearly how many it holds."""
        self._display.update(self._task, completed=count, total=max(self._expected, count))

    def print_letter(self, letter: DeadLetter, json: bool) -> None:
        """Write one letter to stdout, while the progress goes on."""
        line = lines.as_json_line(letter) if json else lines.one(letter)
        results().print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def watched(title: str) -> Iterator[tuple[Watch, Stopping]]:
    """Show progress, and take Ctrl-C as a request, while the block lasts."""
    with progress() as display, orderly(remarks().print) as stopping:
        yield Watch(display, display.add_task(title, total=None)), stopping


def look_at(pipeline: Pipeline, queue: WorkQueue, stopping: Stopping) -> Look:
    """Make a pass over the dead letters of one queue."""
    return Look(queue.dead_letters, queue.name, pipeline.names.bucket, stopping)


def all_letters(pipeline: Pipeline, stopping: Stopping, watch: Watch) -> Generator[DeadLetter]:
    """Yield all letters of both queues; say so where some could not be seen."""
    count = 0
    for queue in (pipeline.images, pipeline.bulk):
        if stopping():
            return
        with look_at(pipeline, queue, stopping) as look:
            watch.expect(look.before.visible)
            for letters in look.batches():
                count += len(letters)
                watch.seen(count)
                yield from letters
            _tell_unseen(look)


def if_stopped(stopping: Stopping, message: str) -> None:
    """Raise StoppedError if Ctrl-C was pressed."""
    if stopping():
        raise StoppedError(message)


def _tell_unseen(look: Look) -> None:
    if look.before.in_flight:
        remarks().print(
            f"{look.before.in_flight:,} more ({look.name}) are in other hands, "
            f"and can be seen in {LOOK_SECONDS // 60} minutes at the latest",
            highlight=False,
        )
    if look.cut_short:
        remarks().print(
            f"there are more ({look.name}); SQS lets no more be looked at in one go", highlight=False
        )
