"""The files of the page, as the API serves them; what they look like is looked at in tests/page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from query_api.static import CONTENT_TYPES, DIRECTORY, PageFiles, security_headers
from tests.query_api.gateways import aws, ministack
from tests.query_api.site import Answer, Site

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

    assert len(loaded) >= 7
    for path in loaded:
        answer = site.get(f"/{path}")
        assert path.startswith(f"page/{FILES.digest}/")
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_every_module_that_is_imported_is_there(site: Site) -> None:
    for name, text in FILES.texts.items():
        for imported in re.findall(r'from "(.+?)";', text):
            assert imported.startswith("./"), f"{name} imports {imported}"
            assert site.get(f"/page/{FILES.digest}/{imported[2:]}").status == 200


@pytest.mark.parametrize("gateway", [ministack, aws])
@pytest.mark.parametrize(
    "path",
    [
        "/page/index.html",
        "/page/../static.py",
        "/page/..%2Fstatic.py",
        "/page/%2E%2E/handler.py",
        "/page//main.js",
        "/page/main.js/",
        "/page/MAIN.JS",
        "/page/0123456789abcdef/main.js",
        "/page/main.js%00.css",
    ],
)
def test_nothing_else_is_served(site: Site, path: str, gateway: Any) -> None:
    answer: Answer = site.get(path, gateway)

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("name", sorted(FILES.texts))
def test_each_file_has_its_type_and_is_not_guessed_at(site: Site, name: str) -> None:
    answer = site.get(f"/page/{name}")

    assert answer.status == 200
    assert answer.headers["content-type"] == CONTENT_TYPES[name[name.rindex(".") :]]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.json == (DIRECTORY / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["/", "/page/main.js"])
def test_a_browser_that_has_this_version_gets_nothing(site: Site, path: str) -> None:
    etag = site.get(path).headers["etag"]

    assert asked_again(site, path, etag)["statusCode"] == 304
    assert asked_again(site, path, f'W/"other", {etag}')["body"] == ""
    assert asked_again(site, path, '"other"')["statusCode"] == 200


def test_the_page_may_run_its_own_scripts_and_talk_to_the_bucket_and_to_nobody_else(site: Site) -> None:
    policy = site.get("/").headers["content-security-policy"]
    directives = dict(part.split(" ", 1) for part in policy.split("; "))

    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["img-src"] == "'self' blob: https://photos"
    assert directives["connect-src"] == "'self' https://photos"
    assert directives["require-trusted-types-for"] == "'script'"
    assert directives["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy


def test_of_a_buckets_url_its_host_alone_is_allowed() -> None:
    policy = security_headers("https://b.s3.eu-central-1.amazonaws.com/x?y")["content-security-policy"]

    assert "img-src 'self' blob: https://b.s3.eu-central-1.amazonaws.com;" in policy


def test_the_files_name_no_other_host_and_write_no_markup() -> None:
    for name, text in {**FILES.texts, "index.html": FILES.index}.items():
        hosts = set(re.findall(r"https?://([\w.]+)", text))
        assert hosts <= {"www.w3.org", "docs.aws.amazon.com"}, f"{name}: these are in comments, or SVG's name"
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), name
        assert not re.search(r"\son\w+=|\sstyle=", text), f"{name} has something inline"
