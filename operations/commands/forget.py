"""`imagepipe forget`: everything that is known of a photo, gone for good."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from aws.queue_passes import QueuePass
from aws.queues import Outgoing, SqsQueue
from contract.dead_letters import DeadLetter
from contract.moments import to_seconds, to_text
from contract.notifications import look_again
from contract.people import Person
from contract.photos import rendition_maker, rendition_prefix
from contract.timing import CLAIM_SECONDS
from operations import terminal
from operations.adapters.s3 import ObjectVersion
from operations.commands import options
from operations.commands.people import removal_of
from operations.dead_letters import DeadLetterReader
from operations.inventory import ResultTrace, Trace, TraceKind
from operations.waiting_completions import WaitingCompletion, waiting_completions
from operations.wiring import DeployedPipeline, connect
from people.forgetting import PersonRemoval

LEFT = 1
PAUSE_SECONDS = 2
# The bucket's events take seconds; what they leave after a pass that found nothing is looked for again.
QUIET_SECONDS = 15
# A record whose object is gone, and whose event was lost, is asked about.
ASKED_AGAIN_SECONDS = 20
BROUGHT_BACK = "what the bucket's events may bring back"
# Looking through a queue keeps its messages from the processor for the time.
MOST_LOOKED_THROUGH = 5000
OLDER_TABLE = (
    'results: which records share them is not known in this table yet; count anew ({"recount": true}), then '
    "run this again"
)
# What no command can reach, and until when it is there.
WHAT_REMAINS = (
    "point-in-time recovery of the table: for 35 days the table can be restored as it was; forget again "
    "after a restore",
    "logs: lines about failures name keys, as do access logs of the API and the buckets where those are on, "
    "until the retention (`log_retention_days`) is over",
    "subscribers of the completions: what was announced is in their hands; the deletion was announced too",
    "copies elsewhere: replicas of the bucket, backups, downloads",
)


def forget(
    *,
    key: Annotated[str | None, typer.Argument(metavar="KEY", show_default=False)] = None,
    prefix: Annotated[str | None, typer.Option("--prefix", help="All keys with this prefix.")] = None,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    patience: options.Patience = 300.0,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Remove photos with all versions, and all that is known of them. It cannot be undone.

    It reads the whole table, twice at least: half a dollar for a million photos, for one key as for many.

    Exit code 1 if something was found left, or nothing was removed.
    """
    chosen = _chosen(key, prefix)
    terminal.require_consent_possible(yes, "forget")
    pipeline = connect(stack, local, directory)
    work = Forgetting(
        *(pipeline, chosen, patience, time.monotonic, lambda: to_text(time.time()), time.sleep),
        people=_people(pipeline),
    )
    found = _follow("looking", work.look())
    if not json:
        _print(found)
    question = f"Forget {chosen} in s3://{pipeline.names.bucket} for good?"
    if not terminal.consents(yes, question, "nothing was removed"):
        return LEFT
    left = _follow("forgetting", work.run())
    if json:
        terminal.print_json({"found": found.counts(), "left": left, "remains": list(WHAT_REMAINS)})
    _tell(left)
    return LEFT if left else 0


def _chosen(key: str | None, prefix: str | None) -> "Chosen":
    """Return what is meant. Raise OperatorError where that is nothing, both, or all there is."""
    if (key is None) == (prefix is None):
        raise terminal.OperatorError("name one KEY, or keys by --prefix")
    chosen = Chosen(key or prefix or "", prefix is not None)
    if not chosen.text:
        raise terminal.OperatorError(
            "nothing is named; to remove everything, empty the bucket and delete the stack"
        )
    return chosen


def _people(pipeline: DeployedPipeline) -> PersonRemoval | None:
    """Return what removes faces that were taken from photos; None where people are off."""
    if pipeline.face_collection is None:
        return None
    return removal_of(pipeline, pipeline.face_collection)


def _follow(title: str, steps: terminal.Steps[terminal.Value]) -> terminal.Value:
    with terminal.stepwise(title) as display:
        return display.follow(steps, "not all is forgotten; run the command again to finish")


def _print(found: "Found") -> None:
    counts = found.counts().items()
    terminal.print_table(("Found", "#How many"), [(what, f"{count:,}") for what, count in counts])


def _tell(left: list[str]) -> None:
    for what in left:
        terminal.remark(f"Left: {what}")
    if not left:
        terminal.remark("A last search of bucket, table and queues found nothing.")
    terminal.remark("What no command can reach:")
    for what in WHAT_REMAINS:
        terminal.remark(f"- {what}")


@dataclass(frozen=True)
class Chosen:
    """One key, or all that begin so."""

    text: str
    is_prefix: bool

    def matches(self, key: str) -> bool:
        return key.startswith(self.text) if self.is_prefix else key == self.text

    def __str__(self) -> str:
        return f"all keys that begin with {self.text}" if self.is_prefix else self.text


@dataclass
class Found:
    """What one look has found."""

    versions: list[ObjectVersion] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    results: list[ResultTrace] = field(default_factory=list)
    claims: list[ResultTrace] = field(default_factory=list)
    renditions: list[ObjectVersion] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    faces: list[tuple[Person, frozenset[str]]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        kinds = Counter(trace.kind for trace in self.traces)
        return {
            "versions and delete markers": len(self.versions),
            **{f"{kind}s": kinds[kind] for kind in (TraceKind.RECORD, TraceKind.ROW, TraceKind.SHARE)},
            "names of contents": kinds[TraceKind.NAME],
            **({"names in alerts": kinds[TraceKind.ALERT]} if kinds[TraceKind.ALERT] else {}),
            **({"notes of cameras": kinds[TraceKind.CAMERA]} if kinds[TraceKind.CAMERA] else {}),
            "results": len(self.results),
            "renditions": len(self.renditions),
            "messages": len(self.messages),
            **({"faces that persons were enrolled by": self.face_count} if self.faces else {}),
        }

    @property
    def face_count(self) -> int:
        return sum(len(sources) for _, sources in self.faces)

    def left(self) -> list[str]:
        return [
            *(f"object {version.key!r}, version {version.version_id}" for version in self.versions),
            *(f"{trace.kind} of {trace.key!r}" for trace in self.traces),
            *(f"result {result.at.pk} {result.at.sk}" for result in self.results),
            *(f"a call under way, about {claim.at.pk} {claim.at.sk}" for claim in self.claims),
            *(f"rendition {version.key}" for version in self.renditions),
            *self.messages,
            *(f"{len(sources)} faces of {person.name}" for person, sources in self.faces),
            *self.troubles,
        ]


@dataclass
class Forgetting:
    """Forgets what is chosen: objects with all versions, records, rows, counts, messages; with the last of
    their content, results and renditions.

    What is to be removed is found by looking, every time anew. So it can be stopped at any moment and run
    again, and what comes back while it runs (the bucket's events make notes of deleted photos) is met by the
    next pass. `contents` are those of everything that was met, for a record that is gone does not say them
    any more.
    """

    pipeline: DeployedPipeline
    chosen: Chosen
    patience_seconds: float
    clock: Callable[[], float]
    now: Callable[[], str]
    sleep: Callable[[float], None]
    contents: set[str] = field(default_factory=set)
    people: PersonRemoval | None = None

    @property
    def queues(self) -> Mapping[str, SqsQueue]:
        lanes = self.pipeline.lanes
        dead_letters = {f"{lane.name} dead letters": lane.dead_letters for lane in lanes}
        return {lane.name: lane.queue for lane in lanes} | dead_letters | self.pipeline.completion_queues

    def look(self) -> terminal.Steps[Found]:
        """Look for everything, and change nothing."""
        found = Found()
        yield "looking into the bucket"
        versions = self.pipeline.bucket.versions(self.chosen.text)
        found.versions = [version for version in versions if self.chosen.matches(version.key)]
        yield "looking through the table"
        traces = self.pipeline.traces.find(self.chosen.text)
        found.traces = [trace for trace in traces if self.chosen.matches(trace.key)]
        self.contents |= {content for version in found.versions for content in version.content_ids}
        self.contents |= {trace.content_id for trace in found.traces if trace.content_id}
        if self.people is not None:
            found.faces = self.people.shown_on(self.chosen.matches)
        yield "looking at what is kept by content"
        self._look_at_contents(found)
        for name, queue in self.queues.items():
            if queue.depth().total > MOST_LOOKED_THROUGH:
                found.troubles.append(
                    f"the queue {name} holds too many messages to look through; "
                    "run this again when it is empty"
                )
            else:
                found.messages += yield from self._messages(name, queue, is_to_go=False)
        return found

    def run(self) -> terminal.Steps[list[str]]:
        """Remove everything, look whether it is gone, and return what is left, in words."""
        began = asked = self.clock()
        quiet_since: float | None = None
        while True:
            found = yield from self._pass()
            now = self.clock()
            left = found.left()
            if left != found.troubles:
                quiet_since = None
            elif quiet_since is None:
                quiet_since = now
            is_quiet = quiet_since is not None and now - quiet_since >= QUIET_SECONDS
            if is_quiet or now - began >= self.patience_seconds:
                return (yield from self.look()).left()
            if now - asked >= ASKED_AGAIN_SECONDS:
                self._ask_to_look(found)
                asked = now
            yield f"waiting until these are gone: {terminal.first_of(left, 5) or BROUGHT_BACK}"
            self.sleep(PAUSE_SECONDS)

    def _pass(self) -> terminal.Steps[Found]:
        """Remove what can be removed now; return what was there."""
        found = yield from self.look()
        yield "removing"
        at_once, traces = self.pipeline.executor.map, self.pipeline.traces
        list(at_once(self.pipeline.bucket.remove, found.versions))
        for person, sources in found.faces:
            assert self.people is not None
            yield from self.people.remove_photos(person, sources)
        if found.versions:
            return found
        alive = {trace.key for trace in found.traces if trace.is_alive}
        list(at_once(traces.remove, [trace for trace in found.traces if trace.key not in alive]))
        list(at_once(traces.remove_result, found.results))
        if self.pipeline.renditions is not None:
            list(at_once(self.pipeline.renditions.remove, found.renditions))
        if found.messages:
            for name, queue in self.queues.items():
                yield from self._messages(name, queue, is_to_go=True)
        return found

    def _look_at_contents(self, found: Found) -> None:
        """Find results, and renditions, that nobody names any more.

        Our own name, while it stands, is for the tally; a claim is for whoever is at it, so that the same
        bytes can be uploaded under a key that is not forgotten.
        """
        for results, claims, renditions in self.pipeline.executor.map(self._kept, sorted(self.contents)):
            found.results += results
            found.claims += claims
            found.renditions += renditions
        if (found.results or found.renditions) and not self.pipeline.traces.names_are_complete():
            found.troubles.append(OLDER_TABLE)
            found.results, found.renditions = [], []

    def _kept(self, content_id: str) -> tuple[list[ResultTrace], list[ResultTrace], list[ObjectVersion]]:
        """Return what is kept by a content that no record names: results, claims under way, and renditions.

        These are listed first: whoever makes one has claimed before, and is found to be at it.
        """
        bucket = self.pipeline.renditions
        listed = [] if bucket is None else list(bucket.versions(rendition_prefix(content_id)))
        results = self.pipeline.traces.results(content_id)
        if results is None:
            return [], [], []
        now = to_seconds(self.now())
        claims = [each for each in results if each.claimed_by and now < each.claimed_until + CLAIM_SECONDS]
        makers = {claim.claimed_by for claim in claims}
        return (
            [result for result in results if result not in claims],
            claims,
            [version for version in listed if rendition_maker(version.key)[1] not in makers],
        )

    def _messages(self, name: str, queue: SqsQueue, *, is_to_go: bool) -> terminal.Steps[list[str]]:
        """Find messages that name a chosen key, and remove them; one of others too is sent without it."""
        named: list[str] = []
        with self._reader(name, queue) as reader:
            for letters in reader.batches():
                yield f"looking through the queue {name}"
                mine = [letter for letter in letters if any(map(self.chosen.matches, letter.keys))]
                named += [f"message {letter.id} in the queue {name}" for letter in mine]
                if is_to_go:
                    self._remove_messages(reader, mine)
        return named

    def _reader(self, name: str, queue: SqsQueue) -> QueuePass[Any]:
        if name in self.pipeline.completion_queues:
            return waiting_completions(queue)
        return DeadLetterReader(queue, name, self.pipeline.names.bucket)

    def _remove_messages(
        self, reader: QueuePass[Any], letters: Sequence[DeadLetter | WaitingCompletion]
    ) -> None:
        others = {
            letter.id: [key for key in letter.keys if not self.chosen.matches(key)] for letter in letters
        }
        bodies = [
            Outgoing(identifier, look_again(self.pipeline.names.bucket, keys, self.now()))
            for identifier, keys in others.items()
            if keys
        ]
        refused = self.pipeline.bulk.queue.send(bodies) if bodies else {}
        reader.delete([letter for letter in letters if letter.id not in refused])

    def _ask_to_look(self, found: Found) -> None:
        keys = sorted(
            {trace.key for trace in found.traces if trace.is_alive and trace.kind is TraceKind.RECORD}
        )
        if keys:
            requests = [look_again(self.pipeline.names.bucket, [key], self.now()) for key in keys]
            self.pipeline.bulk.queue.send([Outgoing(str(place), body) for place, body in enumerate(requests)])
