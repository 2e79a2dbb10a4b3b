"""What is announced on SNS when an image has ended: its JSON, and attributes for filter policies."""

from __future__ import annotations

from dataclasses import dataclass

from contract.identity import key_digest
from contract.records import ImageRecord

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Completion:
    """One announcement. The same completion always has the same `id`: drop ids seen before."""

    id: str
    body: dict[str, object]
    attributes: dict[str, str | list[str]]


def completion(bucket_name: str, record: ImageRecord) -> Completion:
    """Write the announcement of a record. docs/completions.md is its documentation."""
    identifier = f"{key_digest(record.key)}-{record.revision}"
    body: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "id": identifier,
        "status": str(record.status),
        "bucket": bucket_name,
        "key": record.key,
        "version_id": record.version.version_id,
        "etag": record.version.etag,
        "size_bytes": record.version.size_bytes,
        "uploaded_at": record.version.uploaded_at,
        "decided_at": record.decided_at,
        "detectors": sorted(record.detectors),
        "labels": [{"name": name, "confidence": value} for name, value in record.findings.labels.items()],
        "faces": record.findings.faces,
        "rejection": None,
    }
    if record.rejection is not None:
        body["rejection"] = {
            "code": record.rejection.code,
            "message": record.rejection.message,
            "detector": record.rejection.detector,
        }
    attributes: dict[str, str | list[str]] = {"status": str(record.status)}
    if record.detectors:  # SNS takes no empty array
        attributes["detectors"] = sorted(record.detectors)
    return Completion(identifier, body, attributes)
