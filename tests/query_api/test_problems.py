"""What is answered when there is no answer."""

import pytest

from contract.errors import ConfigurationError, ThrottledError, TransientError
from query_api.ports import QueryMetric
from tests.query_api.gateways import ministack
from tests.query_api.memory_table import MemoryTable, failing
from tests.query_api.photos import commit, photo
from tests.query_api.site import Answer, Site

THROTTLED = ThrottledError("ThrottlingException", "Rate exceeded (Query on images)")
UNREACHABLE = TransientError(
    "EndpointConnectionError", "could not connect to http://10.0.0.1 (Query on images)"
)
NO_TABLE = ConfigurationError("ResourceNotFoundException", "no such table (Query on images)")
FORBIDDEN = ConfigurationError(
    "AccessDeniedException", "arn:aws:iam::1:role/x is not allowed (Query on images)"
)
QUESTIONS = ["/images", "/images?label=Cat", "/images/cat.jpg", "/images?key=cat.jpg"]


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == answer.json["status"] == status
    assert answer.headers["content-type"] == "application/problem+json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert {"type", "title", "detail"} <= set(answer.json)


def named(answer: Answer) -> tuple[str, str]:
    """Return by what programs and people know a problem."""
    return answer.json["type"].removeprefix("urn:imagepipe:problem:"), answer.json["title"]


def test_a_table_that_answers_is_healthy(site: Site) -> None:
    answer = site.get("/health")

    assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert answer.headers == {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize("error", [THROTTLED, UNREACHABLE, NO_TABLE, FORBIDDEN])
def test_a_table_that_does_not_answer_is_unhealthy_and_says_why(error: TransientError) -> None:
    site = Site(failing(error))

    answer = site.get("/health")

    assert_problem(answer, 503)
    assert error.code in answer.json["detail"]
    assert named(answer) == ("unhealthy", "The table does not answer")
    assert site.logged == ["the table does not answer"]


@pytest.mark.parametrize("error", [THROTTLED, UNREACHABLE])
@pytest.mark.parametrize("target", QUESTIONS)
def test_what_may_work_later_is_unavailable_for_now(error: TransientError, target: str) -> None:
    answer = Site(failing(error)).get(target)

    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "2"
    assert named(answer) == ("unavailable", "No answer at the moment")
    assert answer.json["detail"].endswith("Ask again in a few seconds.")


@pytest.mark.parametrize("error", [NO_TABLE, FORBIDDEN])
@pytest.mark.parametrize("target", QUESTIONS)
def test_a_faulty_deployment_is_not_the_clients_fault(error: ConfigurationError, target: str) -> None:
    answer = Site(failing(error)).get(target)

    assert_problem(answer, 500)
    assert "retry-after" not in answer.headers
    assert named(answer) == ("misconfigured", "Configuration error")
    assert answer.json["detail"].endswith("Whoever runs this has to look; asking again is no use.")


@pytest.mark.parametrize(
    "error", [THROTTLED, UNREACHABLE, NO_TABLE, FORBIDDEN, RuntimeError("Traceback, arn:aws")]
)
def test_nothing_of_the_inside_is_told_but_all_of_it_logged(error: Exception) -> None:
    site = Site(MemoryTable(failure=error))

    told = str(site.get("/images?label=Cat").json)

    assert not any(word in told for word in ("Traceback", "arn:", "10.0.0.1", "images)"))
    assert len(site.logged) == 1


def test_a_defect_says_that_it_is_one(site: Site) -> None:
    site.table.failure = RuntimeError("boom")

    answer = site.get("/images/cat.jpg")

    assert_problem(answer, 500)
    assert named(answer) == ("defect", "No answer because of a defect")
    assert answer.json["detail"].endswith("It is logged with the time and the request's id.")
    assert site.logged == ["a question met a defect"]


@pytest.mark.parametrize(
    "path", ["/image", "/images/", "/health/", "/Images", "//images", "/imagesx", "/admin"]
)
def test_there_is_nothing_anywhere_else(site: Site, path: str) -> None:
    answer = site.get(path)

    assert_problem(answer, 404)
    assert named(answer) == ("unknown-path", "No such page")
    assert answer.json["detail"].endswith("/docs says what there is.")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", ["/images", "/images/cat.jpg", "/health"])
def test_questions_are_asked_with_get(site: Site, path: str, method: str) -> None:
    event = ministack(path)
    event["requestContext"]["http"]["method"] = method

    answer = site.answer(event)

    assert_problem(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_operators_see_what_was_answered_refused_and_failed(site: Site) -> None:
    commit(site.table, photo("cat.jpg"))
    for target in ("/images", "/images/cat.jpg", "/health", "/images?limit=0", "/images/dog.jpg", "/nowhere"):
        site.get(target)
    site.table.failure = THROTTLED
    site.get("/images")
    site.get("/health")

    seen = {
        count: site.counted[count]
        for count in (QueryMetric.ANSWERED, QueryMetric.REFUSED, QueryMetric.FAILED)
    }
    assert seen == {QueryMetric.ANSWERED: 3, QueryMetric.REFUSED: 3, QueryMetric.FAILED: 2}
