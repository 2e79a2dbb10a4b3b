"""A page of someone else, in a real browser, while the local cloud runs."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.conftest import RunningCloud
from tests.page.conftest import OpenPage

# What a page may send to another site without asking first; and an image, for which no Origin is sent.
ATTACK = """
async ({cloud, bucket}) => {
  const create = {FunctionName: 'browser-attack', Runtime: 'python3.13', Handler: 'index.handler',
                  Role: 'arn:aws:iam::000000000000:role/any', Code: {ZipFile: ''}};
  const simple = {method: 'POST', mode: 'no-cors', body: JSON.stringify(create)};
  await fetch(`${cloud}/2015-03-31/functions`, simple);
  const outcome = async (promise) => promise.then(async (answer) => answer.text(), () => 'failed');
  const image = new Image();
  const shown = new Promise((done) => {
    image.onload = () => done('shown');
    image.onerror = () => done('failed');
  });
  image.src = `${cloud}/${bucket}/seen.svg`;
  return [
    await outcome(fetch(`${cloud}/`)),
    await outcome(fetch(`${cloud}/${bucket}/seen.svg`)),
    await outcome(fetch(`${cloud}/${bucket}/seen.svg`, {method: 'DELETE'})),
    await shown,
  ];
}
"""
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


class _EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>someone else's</title>")

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _EmptyPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


def test_another_page_can_neither_do_nor_read_anything(
    elsewhere: str, running: RunningCloud, open_page: OpenPage
) -> None:
    bucket, cloud = running.outputs.bucket, running.outputs.endpoint_url
    running.clients.s3.put_object(Bucket=bucket, Key="seen.svg", Body=PICTURE, ContentType="image/svg+xml")
    page = open_page(elsewhere, tolerated="")

    found = page.evaluate(ATTACK, {"cloud": cloud, "bucket": bucket})

    assert found == ["failed"] * 4
    assert running.clients.s3.get_object(Bucket=bucket, Key="seen.svg")["Body"].read() == PICTURE
    own = open_page(f"{cloud}/2015-03-31/functions")
    assert "imagepipe" in own.content(), "whoever types the address may see what is there"
    assert "browser-attack" not in own.content()
