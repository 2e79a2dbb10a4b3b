"""What openapi.json says is what is done, whatever is sent: by schemathesis, in this process."""

import re
from dataclasses import replace
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode

from contract.policy import Policy
from contract.records import PersonMatch
from contract.results import Result, ResultName
from query_api.endpoints.image_parameters import MAX_WORDS
from query_api.routes import all_routes
from tests.query_api.photos import commit, facts, photo, rejected, write_result
from tests.query_api.site import Site
from tests.query_api.vectors import commit_meaning
from tests.query_api.wsgi import application

BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}
ANSWERS: dict[str, Any] = {
    "labels": {
        "Labels": [
            {
                "Name": "Dog",
                "Confidence": 97.5,
                "Parents": [{"Name": "Animal"}],
                "Instances": [{"BoundingBox": BOX, "Confidence": 96.25}],
            },
            {"Name": "Animal", "Confidence": 97.5, "Parents": [], "Instances": []},
        ]
    },
    "faces": {"FaceDetails": [{"BoundingBox": BOX, "Smile": {"Value": True, "Confidence": 99.0}}]},
    "text": {
        "TextDetections": [
            {
                "DetectedText": "STOP",
                "Type": "LINE",
                "Confidence": 99.0,
                "Geometry": {"BoundingBox": BOX},
            }
        ]
    },
}


def full_site() -> Site:
    policy = Policy.of({"moderation": {"Violence": {"review": 60}}})
    site = Site(near_duplicates=True, meaning=True, policy=policy)
    site.people = {"p1": "Ann"}
    record = photo(
        "0",
        labels={"Dog": 97.5, "Animal": 97.5},
        parents=["Animal"],
        faces=1,
        moderation={"Violence": 60.5},
        words=["stop"],
        detectors=dict.fromkeys(ANSWERS, "f1"),
        file=facts("2026-07-31T12:00:00.000", camera="Pixel 9", place=(48.8584, 2.2945), looks=7),
    )
    found = replace(
        record.findings,
        celebrities={"Grace Hopper": 99.0},
        colors=("blue", "grey"),
        equipment=("head_cover",),
        persons={"p1": PersonMatch(99.5, 0)},
    )
    record = replace(record, findings=found)
    commit_meaning(site.table, record, "a dog on a beach")
    for detector, response in ANSWERS.items():
        name = ResultName(record.version.content_id, detector, "f1")
        write_result(site.table, Result(name, response, "2026-11-23T12:30:00.000Z"))
    for second in range(60):
        said = facts(f"2026-07-31T12:00:{second:02}.000", looks=7)
        commit(site.table, photo(f"{second}.jpg", second=second, labels={"Dog": 40.0 + second}, file=said))
        commit(site.table, rejected(f"{second}.gif", second=second))
    return site


SITE = full_site()
schema = schemathesis.openapi.from_wsgi("/openapi.json", application(SITE))


# What may be asked of rejected images too.
OF_REJECTED = {"key", "raw", "status", "prefix", "from", "to", "order", "limit", "include_parents"}


def make_sensible(query: dict[str, Any]) -> None:
    """Leave out what makes no sense beside the rest: JSON Schema cannot say which parameters go together."""
    # A list of nothing is not sent at all.
    for name in [name for name, value in query.items() if value == []]:
        del query[name]
    about_labels = {"label", "any_label", "not_label", "moderation"} & set(query)
    query.pop("cursor", None)
    if set(query) - {"key", "raw"}:
        query.pop("key", None)
    if "key" not in query:
        query.pop("raw", None)
    if not about_labels:
        query.pop("min_confidence", None)
    if "near_duplicates_of" in query:
        query["near_duplicates_of"] = "0"
    if query.get("order") == "confidence" and not about_labels - {"not_label"}:
        query.pop("order")
    if "near_duplicates_of" in query and query.get("order") not in {"newest", "oldest"}:
        query.pop("order", None)
    if about_labels or set(query) - OF_REJECTED or "taken" in query.get("order", ""):
        query.pop("status", None)
    if "like" in query or "similar_to" in query:
        query.pop("order", None)
        query.pop("similar_to" if "like" in query else "like", None)
    else:
        query.pop("min_similarity", None)
    if "similar_to" in query:
        query["similar_to"] = "0"
    if len(" ".join(query.get("text", [])).split()) > MAX_WORDS:
        query.pop("text", None)


@schema.parametrize()
@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_the_document_says_and_every_request_it_allows_is_answered(
    case: schemathesis.Case[Any],
) -> None:
    is_allowed = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if is_allowed and case.path in {"/images", "/reviews"}:
        make_sensible(case.query)

    case.call_and_validate()

    assert SITE.logged == [], "nothing is a defect"


def test_the_document_names_every_route() -> None:
    described = SITE.get("/openapi.json").json
    assert described["openapi"] == "3.1.0"
    named = {
        (method.upper(), path) for path, operations in described["paths"].items() for method in operations
    }
    answered = [route.endpoint for route in all_routes(SITE.parts)]
    assert named == {(each.method, each.path.replace("+}", "}")) for each in answered}


def test_the_document_is_written_in_plain_words() -> None:
    """No name of a class of ours, such as a rename leaves behind."""
    for path in SITE.get("/openapi.json").json["paths"].values():
        for operation in path.values():
            text = f"{operation['summary']} {operation.get('description', '')}"
            assert not re.search(r"[a-z][A-Z]", re.sub(r"`[^`]*`", "", text)), text


def test_the_documents_own_examples_find_something() -> None:
    parameters = SITE.get("/openapi.json").json["paths"]["/images"]["get"]["parameters"]
    examples = {each["name"]: each["example"] for each in parameters if "example" in each}

    assert {"label", "any_label", "moderation", "text", "camera", "near"} <= set(examples)
    for name, example in examples.items():
        assert SITE.list(**{name: example}).keys


def test_the_manual_names_every_parameter_and_nothing_of_other_hosts() -> None:
    answer = SITE.get("/docs")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for route in all_routes(SITE.parts):
        for parameter in (*route.endpoint.parameters, *route.endpoint.body):
            assert f"<code>{parameter.name}</code>" in answer.json
    assert not re.search(r"(src|href)=.(https?:)?//", answer.json)
    assert "<script" not in answer.json
    assert answer.json.startswith('<!doctype html><html lang="en"><head>')
    assert "<td>string or null</td>" in answer.json
    assert "<td>list of key, " in answer.json
