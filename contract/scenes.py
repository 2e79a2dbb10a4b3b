"""How a record says that it has another photo's answers: by the fingerprints of its detectors."""

from collections.abc import Mapping

from contract.records import ResultName

_MARK = "~scene"


def in_a_scene(name: ResultName) -> ResultName:
    """Return what an inherited answer is kept by."""
    return ResultName(name.content_id, name.detector, marked(name.fingerprint))


def marked(fingerprint: str) -> str:
    return f"{fingerprint}{_MARK}"


def unmarked(detectors: Mapping[str, str]) -> dict[str, str]:
    """Return the fingerprints of what was asked, whether about this photo or another one of its scene."""
    return {name: fingerprint.removesuffix(_MARK) for name, fingerprint in detectors.items()}
