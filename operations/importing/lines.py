"""The forms in which answers come: exports, manifests of results, and plain answers of Rekognition.

`imagepipe export --format answers` and `imagepipe job results` say which bytes an answer is about (ETag and
size) and by which question it was had (the fingerprint). The results of Rekognition's own bulk analysis say
neither, nor do plain answers: lines with a `key` and the members of an answer, or a folder of answers,
`KEY.json`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from contract.detectors import DETECTORS
from operations.adapters.rekognition_answers import LISTS, PROPERTIES_MEMBER, members_of
from operations.jobs.manifests import LineError, SourceRef, read_source_ref
from operations.jobs.results import METADATA, member_name

# What may stand beside the members of a plain answer.
_NOT_ANSWERED = frozenset({"key", "source-ref", "ResponseMetadata"})


class BroughtAnswer(NamedTuple):
    """An answer as it came; what its line does not tell is None."""

    response: Any
    fingerprint: str | None = None
    called_at: str | None = None


class BroughtPhoto(NamedTuple):
    """The answers about one photo, by detector. `bucket` is None where a line gives a key alone."""

    bucket: str | None
    key: str
    answers: Mapping[str, BroughtAnswer]
    etag: str | None = None
    size_bytes: int | None = None
    version_id: str | None = None

    @property
    def names_its_bytes(self) -> bool:
        return self.etag is not None and self.size_bytes is not None


def read_photo(found: Mapping[str, Any], key: str | None = None) -> BroughtPhoto:
    """Read one photo's answers; `key` is that of a file that says none. Raise LineError."""
    photo = _exported(found) or _of_manifest(found) or _plain(found, key)
    if photo is None:
        raise LineError("UNKNOWN_FORM", "it names no photo: neither a key nor a source-ref")
    if not photo.answers:
        raise LineError("NO_ANSWERS", "it holds no answer of Rekognition")
    return photo


def _exported(found: Mapping[str, Any]) -> BroughtPhoto | None:
    """Read a line of `imagepipe export`."""
    key, version, asked = found.get("key"), found.get("version"), found.get("detectors")
    if not isinstance(key, str) or not isinstance(version, Mapping) or not isinstance(asked, Mapping):
        return None
    answers = found.get("answers")
    if not isinstance(answers, Mapping):
        raise LineError("NO_ANSWERS", "it holds no answers; export it anew with --format answers")
    return BroughtPhoto(
        None,
        key,
        {
            name: BroughtAnswer(response, _text(asked, name, "fingerprint"), _text(asked, name, "called_at"))
            for name, response in answers.items()
            if name in DETECTORS
        },
        _text(found, "version", "etag"),
        _number(found.get("size_bytes")),
        _text(found, "version", "version_id"),
    )


def _of_manifest(found: Mapping[str, Any]) -> BroughtPhoto | None:
    """Read a line of a manifest of results."""
    if "source-ref" not in found:
        return None
    source = read_source_ref(dict(found))
    answers = {
        detector: BroughtAnswer(
            found[name],
            _text(found, f"{name}{METADATA}", "fingerprint"),
            _text(found, f"{name}{METADATA}", "called-at"),
        )
        for detector in DETECTORS
        if (name := member_name(detector)) in found
    }
    about = found.get(f"source-ref{METADATA}")
    return BroughtPhoto(
        source.bucket,
        source.key,
        answers or _plain_answers(found),
        _text(found, f"source-ref{METADATA}", "etag"),
        _number(about.get("size-bytes")) if isinstance(about, Mapping) else None,
        _text(found, f"source-ref{METADATA}", "version-id"),
    )


def _plain(found: Mapping[str, Any], key: str | None) -> BroughtPhoto | None:
    """Read what Rekognition answered, or `GET /images/{key}/raw`, with a key beside it or as its name."""
    key = found.get("key", key)
    if not isinstance(key, str) or not key:
        return None
    by_name = {name: BroughtAnswer(found[name]) for name in DETECTORS if isinstance(found.get(name), Mapping)}
    # The same checks as of a source-ref.
    source: SourceRef = read_source_ref({"source-ref": f"s3://-/{key}"})
    return BroughtPhoto(None, source.key, by_name or _plain_answers(found))


def _plain_answers(found: Mapping[str, Any]) -> dict[str, BroughtAnswer]:
    """Read the members of one answer, or of several that were put together."""
    there = {name: value for name, value in found.items() if name not in _NOT_ANSWERED}
    detectors = [detector for detector, (name, _) in LISTS.items() if name in there]
    if PROPERTIES_MEMBER in there and not there.get("Labels"):
        # Labels were not asked for, perhaps: that there are none is no answer.
        detectors = [detector for detector in detectors if detector != "labels"]
    if len(detectors) == 1:
        return {detectors[0]: BroughtAnswer(there)}
    return {
        detector: BroughtAnswer(
            {name: value for name, value in there.items() if name in members_of(detector)}
        )
        for detector in detectors
    }


def _text(found: Mapping[str, Any], name: str, member: str) -> str | None:
    inner = found.get(name)
    value = inner.get(member) if isinstance(inner, Mapping) else None
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
