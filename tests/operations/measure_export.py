"""How much memory an export takes: `python -m tests.operations.measure_export [photos ...]`.

API and table are computed, not stored: records with 15 labels, five of them in boxes, two faces and what most
phones write. The memory is that of the process at its highest, beyond what it had before the first page; each
format has a process of its own.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from contract.detectors import DETECTORS
from contract.photos import PICTURE
from contract.picture_usage import TYPICAL
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from contract.usage import typical_record
from operations.commands.export import ExportFormat, _to_file
from operations.exporting.files import ExportCheckpoint, ExportProgress
from operations.exporting.run import Export, ExportSource

SIZES = (1_000, 100_000)
_BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}
_TYPICAL = typical_record(("DetectLabels", "DetectFaces"), 15, 0)
_ANSWERS: Mapping[str, Any] = {
    "labels": {
        "Labels": [
            {
                "Name": name,
                "Confidence": confidence,
                "Instances": [{"BoundingBox": _BOX, "Confidence": 90.0}] if number < 5 else [],
                "Parents": [],
            }
            for number, (name, confidence) in enumerate(_TYPICAL.findings.labels.items())
        ]
    },
    "faces": {"FaceDetails": [{"BoundingBox": _BOX, "Confidence": 99.0}] * 2},
}


class MadeUp:
    """So many photos, as the API lists them and the table has them."""

    def __init__(self, count: int) -> None:
        self.count = count

    def get(self, _path: str, *, limit: int, cursor: str = "0", **_: Any) -> tuple[int, Any]:
        first = int(cursor)
        last = min(first + limit, self.count)
        images = [{"key": f"{number:08}.jpg", "photo": {}} for number in range(first, last)]
        return 200, {"images": images, "cursor": None if last == self.count else str(last)}

    def readable_records(self, keys: Sequence[str]) -> tuple[Mapping[str, ImageRecord], int]:
        photo = replace(_TYPICAL.findings, photo=TYPICAL)
        return {
            key: replace(_TYPICAL, version=replace(_TYPICAL.version, key=key), findings=photo) for key in keys
        }, 0

    def results(self, names: Sequence[ResultName]) -> tuple[Mapping[ResultName, Result], int]:
        return {name: Result(name, dict(_ANSWERS[name.detector]), "") for name in names}, 0


def _highest_bytes() -> int:
    # Linux says kilobytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def peak_bytes(written_as: ExportFormat, photos: int, folder: Path) -> int:
    """Export so many photos; return by how much that raised the memory of this process at its highest."""
    made: Any = MadeUp(photos)
    output = folder / f"{written_as}-{photos}"
    source = ExportSource(made, made, {}, Status.RECOGNIZED, frozenset({*DETECTORS, PICTURE}), 0.0)
    before = _highest_bytes()
    with ThreadPoolExecutor(1) as executor:
        progress = ExportProgress({})
        writer = _to_file(output, written_as, "bucket", progress)
        export = Export(source, writer, ExportCheckpoint.of(output), executor, progress)
        for _ in export.run():
            pass
    assert export.progress.written == photos
    return _highest_bytes() - before


def main() -> None:
    for photos in [int(argument) for argument in sys.argv[1:]] or SIZES:
        for written_as in ExportFormat:
            with tempfile.TemporaryDirectory(prefix="export-") as folder:
                began = time.monotonic()
                with multiprocessing.get_context("spawn").Pool(1) as fresh:
                    took = fresh.apply(peak_bytes, (written_as, photos, Path(folder)))
            print(
                f"{written_as}: {photos:,} photos, {took / 1e6:.1f} MB, {time.monotonic() - began:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
