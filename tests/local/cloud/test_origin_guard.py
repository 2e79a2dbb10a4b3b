"""Programs of this machine and the place's own page get in; of another web page nothing is done."""

import base64
import http.client
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from starlette.datastructures import Headers

from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, LocalEnvironment
from local.cloud.origin_guard import why_refused
from local.cloud.running import cloud_service, rekognition_service
from tests.conftest import RunningCloud

PORT = 4566
SECRET = "a photo.jpg"


def _zipped(code: str) -> str:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", code)
    return base64.b64encode(made.getvalue()).decode()


FUNCTION = {
    "FunctionName": "attack",
    "Runtime": "python3.13",
    "Handler": "index.handler",
    "Role": "arn:aws:iam::000000000000:role/any",
    "Code": {"ZipFile": _zipped("def handler(event, context): ...")},
}
CREATES_A_FUNCTION = ("POST", "/2015-03-31/functions", json.dumps(FUNCTION))

# What the headers of a browser say when a page of someone else asks. The last is an image or a link.
STRANGERS: Mapping[str, Mapping[str, str]] = {
    "another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "another site, in an old browser": {"Origin": "https://evil.example"},
    "a file, or a frame without rights": {"Origin": "null"},
    "another program of this machine": {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site"},
    "the same machine over TLS": {"Origin": f"https://127.0.0.1:{PORT}"},
    "a name that begins as ours": {"Origin": f"http://127.0.0.1.evil.example:{PORT}"},
    "a name that ends as ours": {"Origin": f"http://evil.example/127.0.0.1:{PORT}"},
    "the usual port": {"Origin": "http://localhost"},
    "rebound DNS": {"Host": f"evil.example:{PORT}", "Sec-Fetch-Site": "same-origin"},
    "rebound DNS, with its Origin": {
        "Host": f"evil.example:{PORT}",
        "Origin": f"http://evil.example:{PORT}",
        "Sec-Fetch-Site": "same-origin",
    },
    "rebound DNS below localhost": {"Host": f"a.evil.localhost:{PORT}"},
    "all addresses": {"Host": f"0.0.0.0:{PORT}"},
    "a name that has ours before an @": {"Host": "127.0.0.1@evil.example"},
    "a name that has ours after a #": {"Host": "evil.example#127.0.0.1"},
    "an address of the network": {"Host": f"169.254.169.254:{PORT}"},
    "no name": {"Host": ""},
    "an image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "an image of another port": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
}
FRIENDS: Mapping[str, Mapping[str, str]] = {
    "a program": {},
    "a program that says localhost": {"Host": f"LocalHost:{PORT}"},
    "a program that speaks IPv6": {"Host": f"[::1]:{PORT}"},
    "an address that CloudFormation gives out": {"Host": f"388bbbf6.execute-api.localhost:{PORT}"},
    "a program that a proxy speaks for": {"Host": "127.0.0.1:5999"},
    "somebody who types the address": {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
    "the page": {"Sec-Fetch-Site": "same-origin"},
    "the page's upload": {"Origin": f"http://127.0.0.1:{PORT}", "Sec-Fetch-Site": "same-origin"},
    "the page at localhost": {"Origin": f"http://localhost:{PORT}", "Sec-Fetch-Site": "cross-site"},
}


def headers(given: Mapping[str, str], port: int = PORT) -> dict[str, str]:
    return {
        # A port that was chosen may begin with the digits of the usual one.
        name: re.sub(rf"\b{PORT}\b", str(port), value)
        for name, value in {"Host": f"127.0.0.1:{PORT}", **given}.items()
    }


@pytest.mark.parametrize("name", STRANGERS)
def test_a_stranger_is_refused(name: str) -> None:
    assert why_refused(Headers(headers(STRANGERS[name])), PORT)


@pytest.mark.parametrize("name", FRIENDS)
def test_a_friend_is_let_in(name: str) -> None:
    assert why_refused(Headers(headers(FRIENDS[name])), PORT) == ""


@pytest.mark.parametrize("name", [b"host", b"origin"])
def test_two_headers_where_one_is_ours_are_refused(name: bytes) -> None:
    ours = {b"host": b"127.0.0.1:4566", b"origin": b"http://127.0.0.1:4566"}
    raw = [*ours.items(), (name, b"http://evil.example")]

    assert why_refused(Headers(raw=raw), PORT)


def test_a_change_of_the_guard_replaces_a_ministack_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cloud_service(LocalEnvironment(tmp_path)).identity
    changed = tmp_path / "origin_guard.py"
    changed.write_text("# other code\n")
    monkeypatch.setattr("local.cloud.running._AROUND_MINISTACK", (changed,))

    assert cloud_service(LocalEnvironment(tmp_path)).identity != before


def test_describing_the_services_writes_nothing(tmp_path: Path) -> None:
    cloud_service(LocalEnvironment(tmp_path))
    rekognition_service(LocalEnvironment(tmp_path))

    assert not list(tmp_path.iterdir())


def test_a_change_of_the_guard_replaces_a_rekognition_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rekognition_service(LocalEnvironment(tmp_path)).identity
    changed = tmp_path / "origin_guard.py"
    changed.write_text("# other code\n")
    monkeypatch.setattr("local.cloud.running._GUARD", changed)

    assert rekognition_service(LocalEnvironment(tmp_path)).identity != before


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(
    running: RunningCloud,
    method: str,
    path: str,
    body: str = "",
    given: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request with these headers, as a browser may."""
    port = running.environment.cloud_port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        # A browser posts this type to other sites without asking first.
        sent = {"Content-Type": "text/plain", **headers(given or {}, port)}
        connection.request(method, path, body.encode(), sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def attacked(running: RunningCloud) -> RunningCloud:
    running.clients.s3.put_object(Bucket=running.outputs.bucket, Key=SECRET, Body=b"not for everybody")
    return running


@pytest.mark.parametrize("name", ["another site", "rebound DNS, with its Origin", "an image"])
@pytest.mark.parametrize("attack", ["create", "preflight", "list", "get", "reset"])
def test_an_attack_is_refused_and_nothing_is_done(attacked: RunningCloud, attack: str, name: str) -> None:
    bucket = attacked.outputs.bucket
    attacks = {
        "create": CREATES_A_FUNCTION,
        "preflight": ("OPTIONS", "/2015-03-31/functions", ""),
        "list": ("GET", "/", ""),
        "get": ("GET", f"/{bucket}/a%20photo.jpg", ""),
        "reset": ("POST", "/_ministack/reset", ""),
    }

    answer = ask(attacked, *attacks[attack], STRANGERS[name])

    assert answer.status == 403
    assert not [given for given in answer.headers if given.lower().startswith("access-control-")]
    assert bucket.encode() not in answer.body
    assert b"not for everybody" not in answer.body
    assert attacked.clients.s3.get_object(Bucket=bucket, Key=SECRET)["Body"].read() == b"not for everybody"
    assert not function_exists(attacked, "attack")


def function_exists(running: RunningCloud, name: str) -> bool:
    functions = boto3.client(
        "lambda",
        endpoint_url=running.outputs.endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )
    try:
        functions.get_function(FunctionName=name)
    except functions.exceptions.ResourceNotFoundException:
        return False
    return True


def test_the_attack_is_one(attacked: RunningCloud) -> None:
    """Without a page's headers the same request does create a function: what the guard holds off is real."""
    answer = ask(attacked, *CREATES_A_FUNCTION)

    assert answer.status == 201
    assert function_exists(attacked, "attack")
    assert ask(attacked, "DELETE", "/2015-03-31/functions/attack").status == 204


def test_a_websocket_of_another_page_is_refused(attacked: RunningCloud) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Origin": "https://evil.example",
    }

    answer = ask(attacked, "GET", "/_aws/execute-api/any/stage", given=upgrade)

    assert (answer.status, b"Refused" in answer.body) == (403, True)


def test_the_page_opened_as_localhost_is_the_page_at_its_own_address(attacked: RunningCloud) -> None:
    port = attacked.environment.cloud_port
    path = attacked.outputs.api_url.removeprefix(attacked.outputs.endpoint_url) + "/?label=a%20b&x=%2F"
    typed = {"Host": f"localhost:{port}", "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}

    answer = ask(attacked, "GET", path, given=typed)

    assert (answer.status, answer.headers["location"]) == (307, f"http://127.0.0.1:{port}{path}")


def test_curl_and_the_pages_own_requests_are_answered(attacked: RunningCloud) -> None:
    curl = shutil.which("curl")
    assert curl is not None, "curl is in every line that make run prints"
    said = subprocess.run(
        [curl, "-s", f"{attacked.outputs.api_url}/health"], capture_output=True, text=True, check=True
    ).stdout
    path = attacked.outputs.api_url.removeprefix(attacked.outputs.endpoint_url) + "/health"
    own = {"Origin": attacked.outputs.endpoint_url, "Sec-Fetch-Site": "same-origin"}

    assert json.loads(said) == {"status": "ok"}
    assert json.loads(ask(attacked, "GET", path, given=own).body) == {"status": "ok"}
