"""Web pages that happen to be open on this machine get no answers of the Rekognition either.

Which requests are theirs is tried in tests/local/cloud/test_origin_guard.py, for the guard is the same.
"""

import botocore.session
import pytest

from local.rekognition.recognition import RealRecognition
from local.rekognition.service import RekognitionService, application
from tests.local.rekognition.asgi import PORT, Answer, Http
from tests.local.rekognition.test_wire import FakeObjects, FakeOperation

PATHS = [("POST", "/"), ("GET", "/health"), ("PUT", "/_local/settings"), ("DELETE", "/_local/calls")]
SLOWER = b'{"latencies_ms": {"DetectLabels": 60000}}'


def server(address: str = "127.0.0.1") -> Http:
    """Return a server that listens on an address."""
    model = botocore.session.get_session().get_service_model("rekognition")
    service = RekognitionService(
        RealRecognition({"DetectLabels": FakeOperation()}, FakeObjects().read, workers=1), model
    )
    return Http(application(service, PORT, address))


def ask(
    headers: dict[str, str], method: str = "GET", path: str = "/health", address: str = "127.0.0.1"
) -> Answer:
    return server(address).send(method, path, SLOWER, headers)


def test_programs_on_this_machine_are_answered() -> None:
    assert ask({}).json()["status"] == "ok"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
        {"origin": "https://evil.example", "content-type": "text/plain"},
        {"origin": "http://127.0.0.1:4566"},
        {"origin": "null"},
    ],
    ids=str,
)
@pytest.mark.parametrize(("method", "path"), [*PATHS, ("OPTIONS", "/"), ("OPTIONS", "/health")])
def test_what_a_page_of_somebody_else_asks_is_refused(
    method: str, path: str, headers: dict[str, str]
) -> None:
    answer = ask(headers, method, path)

    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_page_of_another_origin_changes_nothing() -> None:
    http = server()

    http.send("PUT", "/_local/settings", SLOWER, {"origin": "https://evil.example"})

    assert http.get("/_local/settings") == {"rates": {}, "latencies_ms": {}}


@pytest.mark.parametrize("address", ["192.168.1.5", "fd00::5"])
def test_the_address_that_it_was_told_to_listen_on_is_its_own(address: str) -> None:
    host = f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"

    assert ask({"host": host}, address=address).status == 200
    assert ask({"host": host, "origin": f"http://{host}"}, address=address).status == 200
    assert ask({"host": host, "origin": f"http://{host}0"}, address=address).status == 403
    assert ask({"host": host}).status == 403
