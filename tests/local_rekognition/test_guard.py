"""Web pages that happen to be open on this machine get no answers."""

import botocore.session
import pytest

from infra.local.rekognition.service import Service
from infra.local.rekognition.wire import application
from tests.local_rekognition.asgi import Answer, Http
from tests.local_rekognition.test_wire import FakeObjects, FakeOperation

PATHS = [("POST", "/"), ("GET", "/health"), ("PUT", "/_local/settings"), ("DELETE", "/_local/calls")]
SLOWER = b'{"latencies_ms": {"DetectLabels": 60000}}'


def ask(
    headers: dict[str, str], method: str = "GET", path: str = "/health", address: str = "127.0.0.1"
) -> Answer:
    """Ask a server of its own that listens on an address."""
    model = botocore.session.get_session().get_service_model("rekognition")
    service = Service({"DetectLabels": FakeOperation()}, FakeObjects(), model, workers=1)
    return Http(application(service, address)).send(method, path, SLOWER, headers)


@pytest.mark.parametrize("host", ["127.0.0.1:4567", "127.0.0.1", "localhost:4567", "LOCALHOST", "[::1]:4567"])
def test_programs_on_this_machine_are_answered(host: str) -> None:
    assert ask({"host": host}).json()["status"] == "ok"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4567",
        "127.0.0.1.evil.example",
        "localhost.evil.example:4567",
        "evil.example#127.0.0.1",
        "127.0.0.1@evil.example",
        "0.0.0.0:4567",
        "169.254.169.254",
        "",
    ],
)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_name_that_points_here_but_is_not_ours_is_not_answered(method: str, path: str, host: str) -> None:
    answer = ask({"host": host}, method, path)

    assert (answer.status, answer.body) == (400, b"Invalid host header")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:4566",
        "http://127.0.0.1",
        "https://127.0.0.1:4567",
        "http://127.0.0.1:4567.evil.example",
        "http://localhost:4567",
    ],
)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_page_of_another_origin_is_refused(method: str, path: str, origin: str) -> None:
    answer = ask({"origin": origin, "content-type": "text/plain"}, method, path)

    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_page_of_another_origin_changes_nothing() -> None:
    model = botocore.session.get_session().get_service_model("rekognition")
    service = Service({"DetectLabels": FakeOperation()}, FakeObjects(), model, workers=1)
    http = Http(application(service))

    http.send("PUT", "/_local/settings", SLOWER, {"origin": "https://evil.example"})

    assert http.get("/_local/settings") == {"rates": {}, "latencies_ms": {}}


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_preflight_is_refused(method: str, path: str) -> None:
    asking = {
        "origin": "https://evil.example",
        "access-control-request-method": method,
        "access-control-request-headers": "x-amz-target",
        "access-control-request-private-network": "true",
    }

    answer = ask(asking, "OPTIONS", path)

    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_its_own_origin_is_answered() -> None:
    assert ask({"host": "localhost:4567", "origin": "http://localhost:4567"}).status == 200


@pytest.mark.parametrize(
    ("address", "host"), [("192.168.1.5", "192.168.1.5:4567"), ("fd00::5", "[fd00::5]:4567")]
)
def test_the_address_that_it_was_told_to_listen_on_is_its_own(address: str, host: str) -> None:
    assert ask({"host": host}, address=address).status == 200
    assert ask({"host": host}).status == 400
