"""What operators ask, over queues and figures in memory."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aws.queues import SqsQueue
from contract.errors import FAILURE_ATTRIBUTE, Failure
from contract.metrics import Metric
from contract.notifications import look_again
from contract.pipeline_status import LaneStatus, PipelineStatus, QuotaInUse, Spent
from contract.quotas import BudgetItem
from query_api.adapters.clients import translated
from query_api.adapters.dead_letters import LaneLetters, SqsDeadLetters, at_once
from query_api.endpoints.operating import OperatorEndpoints
from query_api.http.messages import Request, Response
from query_api.http.routing import Router
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, DEAD_LETTERS, IMAGES, FakeSQS

AT = "2026-11-23T18:00:00.000Z"
DAY = "2026-11-23"


def body(*keys: str) -> str:
    return look_again(BUCKET, list(keys), AT)


@dataclass
class OperatorSite:
    """The operator's part of the API; `logged` is what it wrote down."""

    queues: FakeSQS = field(default_factory=FakeSQS)
    budgets: dict[str, BudgetItem] = field(default_factory=lambda: {"DetectLabels": BudgetItem()})
    today: dict[str, int] = field(default_factory=dict)
    made_before: int = 0
    logged: list[dict[str, object]] = field(default_factory=list)
    group: str = ""
    prefix_claim: str = ""

    def bury(self, *keys: str, code: str = "InternalServerError", queue: str = DEAD_LETTERS) -> str:
        """Have the processor give photos up, and return the id of the letter."""
        failure = Failure("transient", code, f"{keys[0]}: no answer", "labels", keys, 8, AT, AT)
        return self.queues.put(queue, body(*keys), {FAILURE_ATTRIBUTE: failure.to_json()})

    def info(self, msg: object, **facts: object) -> None:
        self.logged.append({"msg": msg, **facts})

    def exception(self, msg: object) -> None:
        self.logged.append({"msg": msg})

    def status(self) -> PipelineStatus:
        depths = [self.queues.queues[url].messages for url in (IMAGES, DEAD_LETTERS, BULK, BULK_DEAD_LETTERS)]
        live, dead, bulk, bulk_dead = map(len, depths)
        return PipelineStatus(
            at=self.queues.now,
            lanes=(LaneStatus("images", live, 0, dead), LaneStatus("bulk", bulk, 0, bulk_dead)),
            quotas=tuple(
                QuotaInUse.of(operation, 50, None, budget, now=self.queues.now)
                for operation, budget in self.budgets.items()
            ),
            today=self.today,
            spent=Spent.of({"2026-11-01": {Metric.CALLS_MADE: self.made_before}, DAY: self.today}, DAY),
        )

    def letters(self) -> SqsDeadLetters:
        client: Any = self.queues
        queue = partial(
            SqsQueue, client, translated=translated, retry=at_once, attributes=(FAILURE_ATTRIBUTE,)
        )
        lanes = (
            LaneLetters("images", queue(IMAGES), queue(DEAD_LETTERS)),
            LaneLetters("bulk", queue(BULK), queue(BULK_DEAD_LETTERS)),
        )
        return SqsDeadLetters(lanes, BUCKET, lambda: self.queues.now)

    def respond(self, request: Request) -> Response:
        routes = OperatorEndpoints(self, self.letters(), self.info, self.group, self.prefix_claim).routes()
        return Router(routes, self, lambda _what, _by: None).respond(request)

    def get(self, path: str, query: str = "") -> Any:
        response = self.respond(Request("GET", path, query))
        assert response.status == 200, response.content
        return response.content

    def post(self, content: str, content_type: str = "application/json") -> Response:
        return self.respond(
            Request("POST", "/retries", body=content.encode(), headers={"content-type": content_type})
        )
