"""What is announced on SNS when an image has ended: its JSON, and attributes for filter policies."""

from __future__ import annotations

from dataclasses import dataclass

from contract.identity import key_digest
from contract.records import Head

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Completion:
    """One announcement. The same completion always has the same `id`: drop ids seen before."""

    id: str
    body: dict[str, object]
    attributes: dict[str, str | list[str]]


def completion(bucket_name: str, head: Head) -> Completion:
    """Write the announcement of a head. docs/completions.md is its documentation."""
    identifier = f"{key_digest(head.key)}-{head.revision}"
    body: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "id": identifier,
        "status": str(head.status),
        "bucket": bucket_name,
        "key": head.key,
        "version_id": head.version.version_id,
        "etag": head.version.etag,
        "size_bytes": head.version.size_bytes,
        "uploaded_at": head.version.uploaded_at,
        "decided_at": head.decided_at,
        "detectors": sorted(head.detectors),
        "labels": [{"name": name, "confidence": value} for name, value in head.findings.labels.items()],
        "faces": head.findings.faces,
        "rejection": None,
    }
    if head.rejection is not None:
        body["rejection"] = {
            "code": head.rejection.code,
            "message": head.rejection.message,
            "detector": head.rejection.detector,
        }
    attributes: dict[str, str | list[str]] = {"status": str(head.status)}
    if head.detectors:  # SNS takes no empty array
        attributes["detectors"] = sorted(head.detectors)
    return Completion(identifier, body, attributes)
