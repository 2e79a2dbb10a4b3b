"""The files of the page, as the API serves them; what they look like is looked at in tests/page."""

import json
import re
from typing import Any

import pytest

from contract.cameras import Cameras
from contract.policy import Policy
from query_api.endpoints.page import CONTENT_TYPES, PageFiles, security_headers
from tests.query_api.gateways import aws, ministack
from tests.query_api.photos import commit, photo
from tests.query_api.site import Answer, Site, sent, text_of

FILES = PageFiles()


def asked_again(site: Site, target: str, etag: str) -> dict[str, Any]:
    event = ministack(target)
    return site.reply({**event, "headers": {**event["headers"], "if-none-match": etag}})


def test_the_page_is_at_the_root_whatever_it_is_asked_for(site: Site) -> None:
    for target in ("/", "/?label=Dog&min_confidence=80", "/?whatever=%3Cscript%3E"):
        answer = site.get(target)
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.json.startswith("<!doctype html>")
        assert "<script>" not in answer.json


def test_all_that_the_page_loads_is_there_below_its_digest(site: Site) -> None:
    index = site.get("/").json
    loaded = re.findall(r'(?:src|href)="(page/[^"]+)"', index)

    assert loaded == [f"page/{FILES.digest}/{name}" for name in ("icon.svg", "main.css", "main.js")]
    for path in loaded:
        answer = site.get(f"/{path}")
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "accept-encoding"


def test_packed_it_is_a_third_and_the_same(site: Site) -> None:
    target = f"/page/{FILES.digest}/main.js"
    event = ministack(target)
    event["headers"]["accept-encoding"] = "gzip, deflate, br"

    packed, plain = site.reply(event), site.reply(ministack(target))

    assert packed["headers"]["content-encoding"] == "gzip"
    assert "content-encoding" not in plain["headers"]
    assert len(sent(packed)) < len(sent(plain)) / 3
    assert text_of(packed) == text_of(plain) == FILES.texts["main.js"]
    assert sent(packed) == sent(site.reply(event)), "the same bytes each time"


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.8, *;q=0.1", True),
        ("deflate, gzip;q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("x-gzip-like, br", False),
        ("identity", False),
        ("", False),
    ],
)
def test_only_who_unpacks_gets_it_packed(site: Site, accepted: str, is_packed: bool) -> None:
    event = ministack("/")
    event["headers"]["accept-encoding"] = accepted

    assert ("content-encoding" in site.reply(event)["headers"]) is is_packed


def test_lists_are_packed_too_and_what_fits_into_a_packet_is_not(site: Site) -> None:
    for second in range(20):
        commit(site.table, photo(f"{second}.jpg", second=second))
    headers = {"accept-encoding": "gzip"}

    packed = site.reply({**ministack("/images"), "headers": headers})

    assert packed["headers"]["content-encoding"] == "gzip"
    assert json.loads(text_of(packed)) == site.get("/images").json
    assert "isBase64Encoded" not in site.reply({**ministack("/health"), "headers": headers})


@pytest.mark.parametrize("setting", ["uploads", "pictures", "near_duplicates"])
def test_the_page_knows_what_the_deployment_does(setting: str) -> None:
    pages = {}
    for is_on in (True, False):
        site = Site()
        setattr(site, setting, is_on)
        answer = site.get("/")
        pages[re.findall(rf'data-{setting.replace("_", "-")}="(\w+)"', answer.json)[0]] = answer.headers[
            "etag"
        ]

    assert pages.keys() == {"on", "off"}
    assert pages["on"] != pages["off"], "a browser must not keep the one for the other"


@pytest.mark.parametrize("wing", [{"policy": Policy()}, {"meaning": True}, {"cameras": Cameras()}])
def test_of_what_a_deployment_does_without_the_page_says_nothing(wing: dict[str, Any]) -> None:
    (name,) = wing
    assert f'data-{name}="on"' in Site(**wing).get("/").json
    assert f"data-{name}" not in Site().get("/").json


@pytest.mark.parametrize("gateway", [ministack, aws])
@pytest.mark.parametrize(
    "path",
    [
        "/page/index.html",
        "/page/../static.py",
        "/page/..%2Fstatic.py",
        "/page/%2E%2E/handler.py",
        "/page//main.js",
        f"/page/{FILES.digest}//main.js",
        "/page/main.js",
        f"/page/{FILES.digest}/main.js/",
        f"/page/{FILES.digest}/dom.js",
        f"/page/{FILES.digest}/MAIN.JS",
        "/page/0123456789abcdef/main.js",
        f"/page/{FILES.digest}/main.js%00.css",
    ],
)
def test_nothing_else_is_served(site: Site, path: str, gateway: Any) -> None:
    answer: Answer = site.get(path, gateway)

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("name", sorted(FILES.texts))
def test_each_file_has_its_type_and_is_not_guessed_at(site: Site, name: str) -> None:
    answer = site.get(f"/page/{FILES.digest}/{name}")

    assert answer.headers["content-type"] == CONTENT_TYPES[name[name.rindex(".") :]]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json == FILES.texts[name]


def test_the_page_itself_is_asked_for_again_each_time(site: Site) -> None:
    assert site.get("/").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", f"/page/{FILES.digest}/main.js"])
def test_a_browser_that_has_this_version_gets_nothing(site: Site, path: str) -> None:
    etag = site.get(path).headers["etag"]

    assert asked_again(site, path, etag)["statusCode"] == 304
    assert asked_again(site, path, f'W/"other", {etag}')["body"] == ""
    assert asked_again(site, path, '"other"')["statusCode"] == 200


def test_the_page_may_run_its_own_scripts_and_talk_to_the_buckets_and_to_nobody_else(site: Site) -> None:
    policy = site.get("/").headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["img-src"] == "'self' blob: https://photos https://renditions"
    assert directives["connect-src"] == "'self' https://photos"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy


def test_of_a_buckets_url_its_host_alone_is_allowed() -> None:
    policy = security_headers("https://b.s3.eu-central-1.amazonaws.com/x?y")["content-security-policy"]

    assert "img-src 'self' blob: https://b.s3.eu-central-1.amazonaws.com;" in policy


def test_the_page_may_show_pictures_of_both_buckets() -> None:
    policy = security_headers(
        "https://b.s3.eu-central-1.amazonaws.com", "https://r.s3.eu-central-1.amazonaws.com/"
    )
    on_one_host = security_headers("http://127.0.0.1:4566/b", "http://127.0.0.1:4566/r")

    assert (
        "img-src 'self' blob: https://b.s3.eu-central-1.amazonaws.com https://r.s3.eu-central-1.amazonaws.com;"
        in policy["content-security-policy"]
    )
    assert "connect-src 'self' https://b.s3.eu-central-1.amazonaws.com;" in policy["content-security-policy"]
    assert "img-src 'self' blob: http://127.0.0.1:4566;" in on_one_host["content-security-policy"]


def test_the_files_name_no_other_host_and_write_no_markup() -> None:
    # In comments, or SVG's name; and the map, which is a link that somebody has to follow.
    known = {"www.w3.org", "www.rfc-editor.org", "docs.aws.amazon.com", "www.openstreetmap.org"}
    for name, text in {**FILES.texts, "index.html": FILES.index(uploads=True)}.items():
        hosts = set(re.findall(r"https?://([\w.-]+)", text))
        assert hosts <= known, name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), name
        assert not re.search(r"\son\w+=|\sstyle=", text), f"{name} has something inline"
