"""The first pass over a manifest: lines are read and photos looked up before anything is queued."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contract.key_filter import EVERY_KEY, KeyFilter
from operations.adapters.s3_objects import NamedObjects
from operations.jobs.job_file import JobFile, JobLine
from operations.jobs.manifests import (
    LineError,
    LineFault,
    NumberedLine,
    SourceRef,
    numbered_lines,
    read_object,
    read_source_ref,
)

LINES_A_STEP = 10_000
SHOWN_REPEATS = 3


@dataclass
class ManifestCheck:
    """Reads a manifest into the file of a job. `bucket` is the pipeline's, `keys` those that it recognizes.

    `read` counts lines, `looked_up` photos; `repeats` says of the first few lines that name a photo again
    which line named it before.
    """

    file: JobFile
    manifest: Path
    bucket: str
    objects: NamedObjects
    keys: KeyFilter = EVERY_KEY
    read: int = 0
    looked_up: int = 0
    repeats: tuple[str, ...] = ()

    def run(self) -> Iterator[str]:
        """Yield how far it is after each step."""
        self.file.clear()
        with self.manifest.open("rb") as opened:
            for line in numbered_lines(opened):
                self._take_in(line)
                self.read += 1
                if self.read % LINES_A_STEP == 0:
                    yield f"{self.read:,} lines read"
        self.file.keep()
        for page in self.file.named():
            for found in self.objects.find([key for key, _ in page]):
                self.file.found(found)
            self.looked_up += len(page)
            self.file.keep()
            yield f"{self.read:,} lines read, {self.looked_up:,} photos looked up"
        self.file.blame_missing(LineFault.NOT_FOUND, f"there is no such object in s3://{self.bucket}")
        self.file.keep()

    def _take_in(self, line: NumberedLine) -> None:
        try:
            source = read_source_ref(read_object(line))
            self._require_ours(source)
        except LineError as error:
            self.file.add(JobLine(line.number, error.source_ref, None, error.code, error.message))
            return
        before = self.file.add(JobLine(line.number, source.uri, source.key))
        if before is not None and len(self.repeats) < SHOWN_REPEATS:
            named = f"line {line.number:,} names the same photo as line {before:,}"
            self.repeats = (*self.repeats, named)

    def _require_ours(self, source: SourceRef) -> None:
        """Raise LineError if the pipeline does not recognize such an object."""
        if source.bucket != self.bucket:
            raise wrong_bucket(source, self.bucket)
        if not self.keys.accepts(source.key):
            raise LineError(LineFault.NOT_MEANT, f"this deployment recognizes {self.keys} alone", source.uri)


def wrong_bucket(source: SourceRef, ours: str) -> LineError:
    """Return the fault of a line about another bucket, with the command that brings the photo."""
    return LineError(
        LineFault.WRONG_BUCKET,
        f"{source.uri} is not in s3://{ours}, the only bucket that this pipeline recognizes; bring it with: "
        f"aws s3 cp {source.uri} s3://{ours}/{source.key}",
        source.uri,
    )
