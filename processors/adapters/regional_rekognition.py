"""The detectors' port on the Rekognition of several regions: by S3Object at home, by bytes abroad."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import ImagepipeError, NotReadyError, PermanentError, ThrottledError, UnansweredError
from contract.metrics import Metric
from contract.records import ImageVersion
from contract.regions import MAX_SENT_BYTES
from contract.timing import PATIENCE_SECONDS
from processors.adapters.photo_bytes import PhotoBytes
from processors.adapters.rekognition import RekognitionDetectors, asked
from processors.detectors import Detector
from processors.permits import Permits
from processors.regional_permits import RegionalPermit, RegionalPermits
from processors.telemetry import Log

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient


@dataclass(frozen=True)
class RegionalRekognition:
    """Asks in the region of each permit.

    Of a region abroad only an answer counts. Whatever else it says (a verdict, no permission, no answer at
    all) is held against no photo: the next attempt is another region's, the home region's first.
    """

    home: RekognitionDetectors
    abroad: Mapping[str, "RekognitionClient"]
    photos: PhotoBytes
    log: Log

    def ask(
        self,
        detector: Detector,
        version: ImageVersion,
        permits: RegionalPermits | Permits,
        view: str | None = None,
    ) -> Mapping[str, Any]:
        """Return the raw answer for one version, of which every attempt takes a permit."""
        if isinstance(permits, Permits):  # an operation that is asked at home alone
            return self.home.ask(detector, version, permits, view)
        question = _RegionalQuestion(self, detector, version, view, permits)
        question.get_ready()  # the time to wait for the first permit is not part of the time for retries
        try:
            return self.home.retry(question.attempt)
        except NotReadyError as error:
            raise question.said_at_home or error from error


@dataclass
class _RegionalQuestion:
    """One question about one version, on its way through the regions.

    `ready` is the permit of the next attempt, and what is to be sent where that is abroad.
    """

    regions: RegionalRekognition
    detector: Detector
    version: ImageVersion
    view: str | None
    permits: RegionalPermits
    ready: tuple[RegionalPermit, bytes | None] | None = None
    said_at_home: ImagepipeError | None = None
    avoided: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.view is None and self.version.size_bytes > MAX_SENT_BYTES:
            self.avoided = self.permits.regions_abroad

    def get_ready(self) -> None:
        """Take a permit, fetch what has to be sent, and wait until it is time. Raises NotReadyError."""
        permit = self.permits.take(self.version.key, self.avoided)
        body: bytes | None = None
        if permit.line is not self.permits.lines.home and (body := self._body()) is None:
            permit = self.permits.take(self.version.key, self.avoided)
        self.permits.wait_until_due(permit, self.version.key)
        self.ready = permit, body

    def attempt(self) -> Mapping[str, Any]:
        if self.ready is None:
            self.get_ready()
        assert self.ready is not None
        (permit, body), self.ready = self.ready, None
        try:
            answer = self._at_home(permit) if body is None else self._abroad(permit, body)
        except ThrottledError:
            permit.line.breaker.succeeded()
            self.regions.home.metrics.add(Metric.CALLS_THROTTLED)
            permit.line.limiter.slow_down(permit.known_cuts)
            raise
        permit.line.breaker.succeeded()
        return answer

    def _body(self) -> bytes | None:
        """Return what is to be sent; None where it is too large, or cannot be read.

        Then the home region is asked, which says why if it cannot read it either.
        """
        body: bytes | None = None
        with suppress(ImagepipeError):
            body = self.regions.photos.of(self.version, self.view)
        if body is None:
            self.avoided = self.permits.regions_abroad
        return body

    def _at_home(self, permit: RegionalPermit) -> Mapping[str, Any]:
        try:
            return self.regions.home.call(self.detector, self.version, self.view)
        except UnansweredError as error:
            self._note_failure(permit, error)
            if not self.permits.regions_abroad <= self.avoided:  # it may be asked about elsewhere
                self.avoided |= {permit.line.region}
            if permit.line.breaker.is_closed:
                self.said_at_home = error
                raise
            # The region is away. That others are answered abroad does not make it this photo's failure.
            self.said_at_home = NotReadyError(error.code, error.message, patience_seconds=PATIENCE_SECONDS)
            raise self.said_at_home from error
        except PermanentError:
            permit.line.breaker.succeeded()
            raise

    def _abroad(self, permit: RegionalPermit, body: bytes) -> Mapping[str, Any]:
        region = permit.line.region
        what = f"{self.detector.question.operation} of {self.version.key} in {region}"
        try:
            answer = asked(self.regions.abroad[region], self.detector, {"Bytes": body}, what)
        except ThrottledError:
            raise
        except PermanentError as error:  # about the photo, or about how it was sent: the home region decides
            permit.line.breaker.succeeded()
            self.avoided = self.permits.regions_abroad
            raise NotReadyError(error.code, error.message) from error
        except ImagepipeError as error:
            self._note_failure(permit, error)
            self.avoided |= {region}
            raise NotReadyError(error.code, error.message) from error
        self.regions.home.metrics.add(Metric.CALLS_ABROAD)
        return answer

    def _note_failure(self, permit: RegionalPermit, error: ImagepipeError) -> None:
        """Count a region's failure, once for each question: a picture that nobody can bear is one."""
        region, breaker = permit.line.region, permit.line.breaker
        if region in self.failed:
            return
        self.failed |= {region}
        self.regions.home.metrics.add(Metric.REGION_FAILURES)
        if breaker.failed():
            self.regions.log.warning(
                f"{self.detector.question.operation} is not asked in {region} for "
                f"{breaker.pause_seconds:g} s: {error.message}",
                code=error.code,
                region=region,
            )
