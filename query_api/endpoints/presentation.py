"""Answers as JSON in the names our users read (schemas.py describes them)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from contract.detectors import CUSTOM_LABELS
from contract.meaning import OF_OUR_OWN
from contract.photos import PhotoFacts
from contract.raw_answers import labels_shown, of_choice, plain, text_lines
from contract.records import Findings, ImageRecord
from contract.results import Result
from contract.table import VIDEO, kind_of
from query_api.endpoints.schemas import PHOTO, Json
from query_api.ports import Details, Signer
from query_api.search.questions import Match, Page

if TYPE_CHECKING:
    from contract.policy import Policy


def shown(record: ImageRecord, signer: Signer | None, *, pictures: bool, places: bool) -> Json:
    """Write where an image is to be seen, nowhere without a signer, and what its file says.

    `pictures` says whether files are read, `places` whether it is told where they were taken: a place that
    was noted before that was turned off stays in the table until its photo is looked at again.
    """
    photo = record.findings.photo if pictures else None
    if photo is not None and not places:
        photo = photo.without_place()
    thumbnail = None if photo is None else photo.thumbnail_key(record.content_id)
    view = None if photo is None else photo.view_key(record.content_id)
    facts = None if photo is None else _photo(photo)
    if signer is None:
        return {"url": None, "thumbnail_url": None, "view_url": None, "photo": facts}
    return {
        "url": signer.photo(record.version, None if photo is None else photo.format),
        "thumbnail_url": None if thumbnail is None else signer.rendition(thumbnail),
        "view_url": None if view is None else signer.rendition(view),
        "photo": facts,
    }


def page(answer: Page, cursor: str | None, show: Callable[[ImageRecord], Json]) -> Json:
    """Return a page. `cursor` is null on the last one; `show` writes where an image is to be seen.

    `looked_at` is there where the page ended before it was full, and not at the end.
    """
    images = [_match(match, show(match.record)) for match in answer.matches]
    early = {} if answer.looked_at is None else {"looked_at": answer.looked_at}
    return {"images": images, "cursor": cursor, **early}


def details(image: Details, shown: Json, policy: "Policy | None" = None) -> Json:
    """Write everything known of an image: what a list shows of it, and more; by a policy where there is one.

    `labels` come with parents, aliases, categories, instances and boxes, `face_details` with every attribute,
    `text_lines` as they were read, where the detectors ran; so do celebrities, image properties and persons
    with what they wear. Boxes are ratios of the upright picture's width and height. `corrections`, where
    there can be any, say with which of them the image is shown as yet.
    """
    record, said = image.record, image.said
    by_people = frozenset[str]() if said is None else said.by_people
    corrected = {} if said is None else {"corrections": {**said.to_json(), "shown": record.corrections}}
    labels, faces, text = (image.results.get(name) for name in ("labels", "faces", "text"))
    custom = image.results.get(CUSTOM_LABELS)
    named = _label_names(record)
    if labels is not None or custom is not None:
        named = _labels(record, (labels, custom), by_people, policy)
    if (labels is not None or custom is not None) and policy is not None:
        named = _labels_by(policy, record, named)
    return {
        **summary(record, shown),
        "labels": named,
        "face_details": None if faces is None else plain(faces.response.get("FaceDetails", [])),
        "text_lines": None if text is None else text_lines(text.response),
        **of_choice(image.results),
        "version": {
            "etag": record.version.etag,
            "version_id": record.version.version_id,
            "revision": record.revision,
        },
        "detectors": {
            name: {"fingerprint": fingerprint, "called_at": _called_at(image, name)}
            for name, fingerprint in sorted(record.detectors.items())
        },
        **corrected,
    }


def is_film(record: ImageRecord) -> bool:
    return kind_of(record) == VIDEO


def raw(image: Details) -> Json:
    """Write what Rekognition answered, detector by detector, as it came."""
    return {
        name: dict(result.response)
        for name, result in sorted(image.results.items())
        if name not in OF_OUR_OWN
    }


def _match(match: Match, shown: Json) -> Json:
    similarity = None if match.similarity is None else round(match.similarity, 4)
    asked = {"confidence": match.confidence, "distance": match.distance, "similarity": similarity}
    return summary(match.record, shown) | {name: value for name, value in asked.items() if value is not None}


def summary(record: ImageRecord, shown: Json) -> Json:
    """Write what a list shows of an image; `shown` says where it is to be seen."""
    rejection = record.rejection
    return {
        "key": record.key,
        "kind": kind_of(record),
        "status": str(record.status),
        "uploaded_at": record.version.uploaded_at,
        "decided_at": record.decided_at,
        "size_bytes": record.version.size_bytes,
        "labels": _label_names(record),
        "faces": record.findings.faces,
        "moderation": _by_confidence(record.findings.moderation),
        "words": list(record.findings.words),
        **_by_choice(record.findings),
        "scene": record.findings.scene,
        "rejection": None
        if rejection is None
        else {"code": rejection.code, "message": rejection.message, "detector": rejection.detector},
        **shown,
    }


def _by_choice(found: Findings) -> Json:
    """Write what detectors find that few deployments have; where nothing is found, nothing is said."""
    written: Json = {
        "celebrities": _by_confidence(found.celebrities),
        "colors": list(found.colors),
        "equipment": list(found.equipment),
    }
    if found.look is not None:
        written["look"] = found.look.showing(found.labels).to_json()
    return {name: value for name, value in written.items() if value}


def _photo(photo: PhotoFacts) -> Json:
    facts = {name: getattr(photo, name) for name in PHOTO["properties"]}
    return {**facts, "keywords": list(photo.keywords)}


def _label_names(record: ImageRecord) -> list[Json]:
    found = record.findings
    return [{**label, "parent": label["name"] in found.parents} for label in _by_confidence(found.labels)]


def _by_confidence(confidences: Mapping[str, float]) -> list[Json]:
    surest_first = sorted(confidences.items(), key=lambda named: (-named[1], named[0]))
    return [{"name": name, "confidence": confidence} for name, confidence in surest_first]


def _labels(
    record: ImageRecord,
    answers: tuple[Result | None, Result | None],
    by_people: Collection[str],
    policy: "Policy | None",
) -> list[Json]:
    """Write labels as they were answered or corrected; a policy has given names to those of the record.

    The answers are those of Rekognition's own labels, and of a model of one's own.
    """
    response, custom = (None if answer is None else answer.response for answer in answers)
    if policy is None:
        labels = labels_shown(record, response, custom=custom)
    else:
        labels = labels_shown(record, response, policy.shown_name, custom)
        by_people = {(policy.shown_name(name) or name).casefold() for name in by_people}
    return [
        {**label, "by": "person"} if label["name"].casefold() in by_people and record.corrections else label
        for label in labels
    ]


def _labels_by(policy: "Policy", record: ImageRecord, labels: Sequence[Json]) -> list[Json]:
    """Put labels that are shown as one together: the surest of them, with the boxes and parents of all."""
    by_name: dict[str, Json] = {}
    for label in sorted(labels, key=lambda label: -float(label["confidence"])):
        shown = policy.shown_name(label["name"])
        # Records have confidences to two decimals, and are what is shown by.
        is_sure = round(label["confidence"], 2) >= policy.threshold(label["name"])
        if shown is None or shown not in record.findings.labels or not is_sure:
            continue
        parents = [policy.shown_name(parent) for parent in label.get("parents", [])]
        first = by_name.get(shown, {**label, "name": shown, "parents": [], "instances": []})
        by_name[shown] = {
            **first,
            "parent": shown in record.findings.parents,
            "aliases": [name for name in first.get("aliases", []) if not policy.hides(name)],
            "parents": list(
                dict.fromkeys((*first["parents"], *(name for name in parents if name not in (None, shown))))
            ),
            "instances": [*first["instances"], *label.get("instances", [])],
        }
    return list(by_name.values())


def _called_at(image: Details, detector: str) -> str | None:
    result = image.results.get(detector)
    return None if result is None else result.called_at or None
