"""The place under fault: functions that call through the proxy, impatient queues, workers that are killed."""

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from aws.stack_outputs import read_outputs
from contract.alert_state import AlertState
from contract.alerts import FLUSH_EVENT, alert_key
from contract.face_search import FaceBox, matches_in, question_parameters
from contract.film_jobs import SWEEP_EVENT
from contract.settings import ProcessorSettings
from loadtest.completions import CompletionsQueue, following
from loadtest.faults.alerting import AlertTold
from loadtest.faults.enrolling import looked_for
from loadtest.faults.ledger import Ledger
from loadtest.faults.wings import RULES
from loadtest.stack import ControlApi, DeployedFunction, Stack
from local.cloud.assembly import STACK_NAME
from local.cloud.environment import LocalClients, Outputs
from processors.adapters.face_search import kept_of_search
from processors.detectors import chosen

# In place of contract.timing.VISIBILITY_SECONDS (361 s), so that a killed worker's messages are back in time
# for the run to end. Most batches take less; those that take longer come back while they are being worked on.
VISIBILITY_SECONDS = 30
_WAIT_SECONDS = 2
_ALERTS = "processors.alerts_handler.handler"
_MEANING = "processors.meaning_handler.handler"
_CAMERAS = "processors.cameras_handler.handler"
_FILM_JOBS = "processors.film_jobs_handler.handler"
_THROUGH_THE_PROXY = ("processors.handler.handler", _ALERTS, _CAMERAS, _FILM_JOBS)


@dataclass
class FaultSite:
    """A running environment, what its functions say (`log`), and what was announced since it was followed."""

    outputs: Outputs
    clients: LocalClients
    log: Path
    announced: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    repeats: int = 0
    alerts: list[AlertTold] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)
    _completions: CompletionsQueue = field(init=False)
    _alerts: CompletionsQueue = field(init=False)
    _events: CompletionsQueue = field(init=False)

    @cached_property
    def _stack(self) -> Stack:
        return Stack(asdict(self.outputs))

    def send_through(self, proxy_url: str) -> None:
        """Point what keeps the promises at the proxy, and nothing else: a function's own variables win."""
        variables = {"AWS_ENDPOINT_URL": proxy_url, "AWS_ENDPOINT_URL_REKOGNITION": proxy_url}
        for handler in _THROUGH_THE_PROXY:
            function = self._function(handler)
            self._stack.functions_client.update_function_configuration(
                FunctionName=function.name, Environment={"Variables": {**function.environment, **variables}}
            )

    def _function(self, handler: str) -> DeployedFunction:
        function = self._stack.function(handler)
        assert function is not None, f"{handler} is on"
        return function

    def _queues(self) -> tuple[str, ...]:
        told = self.outputs.alerts_queue_url, self.outputs.cameras_queue_url
        return (self.outputs.queue_url, self.outputs.bulk_queue_url, *told, self._ends_of_jobs)

    @cached_property
    def _ends_of_jobs(self) -> str:
        """The queue that Rekognition tells of the ends of jobs by."""
        name = self._function(_FILM_JOBS).name
        (source,) = self._stack.functions_client.list_event_source_mappings(FunctionName=name)[
            "EventSourceMappings"
        ]
        queue = source["EventSourceArn"].rpartition(":")[2]
        return self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def be_impatient(self) -> None:
        for url in self._queues():
            self.clients.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"VisibilityTimeout": str(VISIBILITY_SECONDS)}
            )

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        stack_outputs = read_outputs(self.clients.cloudformation, STACK_NAME) or {}
        with ExitStack() as until_over:
            self._completions = until_over.enter_context(following(self._stack))
            alerts = following(self._stack, stack_outputs["AlertsTopicArn"], raw=False)
            self._alerts = until_over.enter_context(alerts)
            events = following(self._stack, stack_outputs["CamerasTopicArn"])
            self._events = until_over.enter_context(events)
            yield

    def listen(self) -> bool:
        """Take in what is told, waiting a little for a completion; return whether there was one."""
        self.events += self._events.receive(wait_seconds=0)
        self.alerts += map(AlertTold.of, self._alerts.receive(wait_seconds=0))
        received = self._completions.receive(_WAIT_SECONDS)
        for completion in received:
            self.repeats += completion["id"] in self.announced
            self.announced[completion["id"]] = completion
        return bool(received)

    def announced_keys(self) -> set[str]:
        return {str(completion["key"]) for completion in list(self.announced.values())}

    def unannounced(self, bucket: Mapping[str, tuple[str, str | None] | None]) -> set[str]:
        """Return the keys whose version that is there now (None: whose deletion) was not announced yet."""
        said: dict[str, set[tuple[str, str | None] | None]] = {}
        for completion in self.announced.values():
            deleted = completion["status"] == "deleted"
            version = None if deleted else (completion["etag"], completion["version_id"])
            said.setdefault(completion["key"], set()).add(version)
        return {key for key, present in bucket.items() if present not in said.get(key, set())}

    def warm_up(self, copies: int) -> None:
        """Have so many copies of the text model started, so that workers need not wait for them."""
        name, text = self._function(_MEANING).name, json.dumps({"text": "a photo"}).encode()
        ask = partial(self._stack.functions_client.invoke, FunctionName=name, Payload=text)
        with ThreadPoolExecutor(copies) as pool:
            for started in [pool.submit(ask) for _ in range(copies)]:
                started.result()

    def seek_lost_ends(self) -> None:
        """Have the open jobs on films asked about, as the schedule does."""
        name, asked = self._function(_FILM_JOBS).name, json.dumps({SWEEP_EVENT: "due"}).encode()
        self._stack.functions_client.invoke(FunctionName=name, Payload=asked)

    def messages_left(self) -> int:
        """Count the messages in all queues of work: waiting, being worked on, or kept away for a while."""
        return sum(self._stack.depth(url).total for url in self._queues())

    def all_is_told(self) -> bool:
        """Have the function of alerts send what is due, as its schedule does; return whether all was told."""
        name = self._function(_ALERTS).name
        asked = json.dumps({FLUSH_EVENT: "due"}).encode()
        self._stack.functions_client.invoke(FunctionName=name, Payload=asked)
        states = map(self._alert_state, (rule.name for rule in RULES))
        return not any(state.held or state.sending for state in states)

    def _alert_state(self, rule: str) -> AlertState:
        table = self.clients.tables.Table(self.outputs.table)
        answer = table.get_item(Key={**alert_key(rule)._asdict()}, ConsistentRead=True)
        return AlertState.from_item(answer["Item"]) if "Item" in answer else AlertState()

    def persons_like(self, picture: bytes, face: FaceBox) -> Mapping[str, float]:
        """Ask the local Rekognition once more who is like a face, past the proxy, as the processor asks."""
        asked = question_parameters(self.outputs.people_collection)
        answer = self._stack.rekognition.search_users_by_image(Image={"Bytes": picture}, **asked)
        return matches_in(kept_of_search(answer, face), looked_for(self.clients, self.outputs))

    def labels_of(self, photo: bytes) -> Mapping[str, float]:
        """Ask the local Rekognition once more, past the proxy, as the processor asks."""
        detector = chosen(ProcessorSettings("", "", "", "", "", "", ""))["labels"]
        asked: Any = detector.question.asked
        answer = self._stack.rekognition.detect_labels(Image={"Bytes": photo}, **asked)
        return detector.read(answer).labels

    def tell_ends_of_jobs(self, times: int) -> None:
        ControlApi(self.outputs.rekognition_url).tell_ends_of_jobs(times)

    def calls_by_object(self) -> Mapping[str, Mapping[str, int]]:
        """Read Rekognition's own log: accepted calls, and jobs begun, by operation and `bucket/key`."""
        return ControlApi(self.outputs.rekognition_url).calls_by("objects")

    def calls_by_content(self) -> dict[tuple[str, str], int]:
        """Read Rekognition's own log: accepted calls by operation and SHA-256 of the bytes."""
        return {
            (operation, digest): count
            for operation, counts in ControlApi(self.outputs.rekognition_url).calls_by("contents").items()
            for digest, count in counts.items()
        }


@dataclass
class Killer:
    """Kills workers, which are processes below MiniStack's. `proxy_port` is where they connect to."""

    cloud: psutil.Process
    proxy_port: int
    ledger: Ledger
    _at_work: threading.Lock = field(default_factory=threading.Lock)

    def kill(self, port: int) -> bool:
        """Kill the worker that talks from a port, wherever it stands; return whether there was one."""
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
