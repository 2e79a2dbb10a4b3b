"""Searching persons by faces on Amazon Rekognition: by pictures that the pictures function cuts out."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from contract.errors import ImagepipeError, PermanentError, TransientError
from contract.face_search import FaceBox
from contract.records import ImageVersion
from contract.results import Result, ResultName
from processors.adapters.pictures import PicturesFunction, reason_of
from processors.adapters.rekognition import RekognitionDetectors, asked
from processors.detectors import Detector
from processors.permits import Permits
from processors.pipeline.detection import (
    UNREADABLE_OBJECT,
    Answer,
    DetectorRunner,
    Failure,
    SupersededError,
    TimeToRead,
    is_about_the_object,
)
from processors.pipeline.people import FaceOfPhoto, SearchedPhoto
from processors.rate_limit import Lane
from processors.runtime import Deadline

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

# An answer of Lambda's has 6 MB at most; a crop has some 60 KB.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CROPS_AT_ONCE = 25


@dataclass
class FaceCrops:
    """The pictures of the faces of one batch, cut out for a photo at a time, when the first is wanted.

    `photos` and `faces` are by content id, or by the name of a frame. Safe to use from several threads.
    """

    pictures: PicturesFunction
    photos: Mapping[str, SearchedPhoto]
    faces: Mapping[str, Sequence[FaceOfPhoto]]
    locks: Mapping[str, "AbstractContextManager[Any]"]
    time: TimeToRead
    why_unreadable: Callable[[ImageVersion], ImagepipeError]
    _cut: dict[str, dict[str, bytes] | Failure] = field(default_factory=dict)

    def of(self, content_id: str, face: str) -> bytes:
        """Return the picture of one face, as a JPEG. Raise a word for failure, or SupersededError.

        A photo that cannot be cut is not asked for again, for the next of its faces.
        """
        with self.locks[content_id]:
            if content_id not in self._cut:
                self._cut[content_id] = self._cut_out(self.photos[content_id], self.faces[content_id])
            cut = self._cut[content_id]
        if isinstance(cut, dict):
            return cut[face]
        raise cut

    def box(self, content_id: str, face: str) -> FaceBox:
        return next(each.box for each in self.faces[content_id] if each.name == face)

    def _cut_out(self, photo: SearchedPhoto, faces: Sequence[FaceOfPhoto]) -> dict[str, bytes] | Failure:
        pictures: dict[str, bytes] = {}
        try:
            for first in range(0, len(faces), CROPS_AT_ONCE):
                batch = faces[first : first + CROPS_AT_ONCE]
                for face, cut in zip(batch, self._ask(photo, batch), strict=True):
                    pictures[face.name] = cut
        except (ImagepipeError, SupersededError) as failure:
            return failure
        return pictures

    def _ask(self, photo: SearchedPhoto, faces: Sequence[FaceOfPhoto]) -> list[bytes]:
        version = photo.version
        self.time.prepare(version.key)
        boxes = [list(face.box.with_surroundings()) for face in faces]
        said = self.pictures.ask(
            {
                "key": version.key,
                "etag": version.etag,
                "version_id": version.version_id,
                "size_bytes": version.size_bytes,
                "view": photo.view,
                "boxes": boxes,
            }
        )
        try:
            cut = [base64.b64decode(each, validate=True) for each in said.answer["crops"]]
        except (KeyError, TypeError, ValueError):
            reason = reason_of(said, version.key)
            if photo.view is None and isinstance(reason, PermanentError) and reason.code == UNREADABLE_OBJECT:
                reason = self.why_unreadable(version)
            raise reason from None
        if len(cut) != len(faces):
            raise TransientError(
                "UnexpectedAnswer", f"faces of {version.key} are missing from their pictures"
            )
        return cut


@dataclass(frozen=True)
class FaceSearches(RekognitionDetectors):
    """Asks who a face is, by its picture; `view` names a face, as `shown_as` writes it."""

    crops: FaceCrops | None = None

    def ask(
        self, detector: Detector, version: ImageVersion, permits: Permits, view: str | None = None
    ) -> Mapping[str, Any]:
        """Return who is like the face. The picture is cut out before a permit is taken."""
        assert self.crops is not None
        content_id, face = json.loads(view or "[]")
        self.crops.of(content_id, face)
        return super().ask(detector, version, permits, view)

    def call(self, detector: Detector, version: ImageVersion, view: str | None = None) -> Mapping[str, Any]:
        assert self.crops is not None
        content_id, face = json.loads(view or "[]")
        what = f"{detector.question.operation} of a face on s3://{self.bucket_name}/{version.key}"
        picture = self.crops.of(content_id, face)
        response = asked(self.client, detector, {"Bytes": picture}, what)
        return kept_of_search(response, self.crops.box(content_id, face))


def shown_as(photo: str, face: FaceOfPhoto) -> str:
    return json.dumps([photo, face.name])


def kept_of_search(response: Mapping[str, Any], box: FaceBox) -> Mapping[str, Any]:
    """Return what is kept of an answer: who is like the face, if it was this face that was looked at.

    The largest face of a picture is; a neighbour that is larger reaches into it now and then.
    """
    kept = {
        "UserMatches": [
            {"Similarity": match["Similarity"], "User": {"UserId": match["User"]["UserId"]}}
            for match in response.get("UserMatches", [])
        ],
        "FaceModelVersion": response.get("FaceModelVersion"),
    }
    if (searched := response.get("SearchedFace")) is None:
        return {**kept, "UserMatches": [], "Unsearched": "no face was found in the picture of the face"}
    mine = box.within(box.with_surroundings())
    if not FaceBox.of(searched["FaceDetail"]).holds_middle_of(mine):
        return {**kept, "UserMatches": [], "Unsearched": "the largest face in the picture is another one"}
    return kept


@dataclass(frozen=True)
class FaceSearching:
    """Asks about the faces of batches, as detectors are asked: permits, claims, calls, answers saved."""

    runner: DetectorRunner
    searches: FaceSearches
    pictures: PicturesFunction
    new_lock: Callable[[], "AbstractContextManager[Any]"]

    def __call__(
        self,
        wanted: Mapping[ResultName, FaceOfPhoto],
        photos: Mapping[str, SearchedPhoto],
        lane: Lane,
        deadline: Deadline,
    ) -> Mapping[ResultName, Answer]:
        """Return the answer to each name. A picture of a face that is refused shows nobody.

        `photos` are by content id; of a film, each frame is one, by its name.
        """
        faces: dict[str, list[FaceOfPhoto]] = {}
        shown = {name: face.frame or name.content_id for name, face in wanted.items()}
        for name, face in wanted.items():
            faces.setdefault(shown[name], []).append(face)
        crops = FaceCrops(
            self.pictures,
            photos,
            faces,
            {name: self.new_lock() for name in faces},
            TimeToRead(deadline),
            self.runner.why_unreadable,
        )
        runner = replace(self.runner, rekognition=replace(self.searches, crops=crops))
        versions = {name: photos[shown[name]].version for name in wanted}
        views = {name: shown_as(shown[name], face) for name, face in wanted.items()}
        answers = runner.ask(versions, lane, deadline, views)
        refused = {
            name: Result(name, {"UserMatches": [], "Unsearched": answer.message}, self.runner.runtime.now())
            for name, answer in answers.items()
            if isinstance(answer, PermanentError) and not is_about_the_object(answer)
        }
        unsaved: Mapping[ResultName, ImagepipeError] = {}
        if refused:
            unsaved = runner.results.save_results(list(refused.values()))
        return {**answers, **refused, **unsaved}
