"""From image versions to findings: what was never asked about these bytes is asked, the rest is reused."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract import errors
from contract.detector_choice import ByPrefix
from contract.films import film_findings
from contract.meaning import OF_MEANING, OF_OUR_OWN
from contract.metrics import Metric
from contract.photos import PICTURE, PhotoFacts
from contract.records import Findings, ImageVersion
from contract.results import Result, ResultName
from contract.scenes import Scene, in_a_scene, scenes_of
from processors.detectors import UNREADABLE, Detector
from processors.pipeline.detection import (
    Answer,
    DetectorRunner,
    Failure,
    SupersededError,
    calls_avoided,
    is_about_the_object,
    worst_of,
)
from processors.pipeline.objects import StoredObject
from processors.pipeline.scenes import differing, inherited, scene_of
from processors.rate_limit import Lane
from processors.runtime import Deadline
from processors.telemetry import Metrics

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable
    from processors.pipeline.cameras import CameraLayer, Looks
    from processors.pipeline.film_jobs import FilmJobRecognizer
    from processors.pipeline.films import FilmRecognizer


@dataclass(frozen=True)
class Recognizer:
    """Recognizes the images of one batch, side by side.

    `detectors` are all that there are; `fingerprints` says by an image's key which it is to have. With
    `shares_answers`, images with the same bytes are one question, whichever object they are; with
    `scenes`, so are photos of one scene. `films` asks about films; None where they are refused.
    Of a camera's pictures, `cameras` says which are asked about.
    """

    detectors: Mapping[str, Detector]
    fingerprints: ByPrefix[Mapping[str, str]]
    kept: "ImageTable"
    runner: DetectorRunner
    metrics: Metrics
    shares_answers: bool = True
    scenes: bool = False
    films: "FilmRecognizer | FilmJobRecognizer | None" = None
    cameras: "CameraLayer | None" = None

    def recognize(
        self,
        objects: Sequence[StoredObject],
        lane: Lane,
        deadline: Deadline,
        known: Mapping[ImageVersion, Findings],
    ) -> dict[ImageVersion, Findings | Failure]:
        """Return the findings of each version, or why there are none.

        `known` is what records say of versions that were recognized before.
        Versions with the same content are asked about once, through one that can be read if there is one.
        Answers are saved as they come, so that what fails beside them costs nothing twice.
        """
        versions = [stored.version for stored in objects]
        obstacles = {stored.version: stored.obstacle for stored in objects if stored.obstacle is not None}
        unreadable_first = [
            *(version for version in reversed(versions) if version in obstacles),
            *(version for version in reversed(versions) if version not in obstacles),
        ]
        representatives = {self._content_id(version): version for version in unreadable_first}
        asked_of = self._names_of(versions)
        names = list(dict.fromkeys(name for version in unreadable_first for name in asked_of[version]))
        answers = self._kept(names)
        of_rekognition = len(self.detectors.keys() - OF_OUR_OWN)
        shared = sum(map(_of_rekognition, asked_of.values())) - _of_rekognition(names)
        self.metrics.add(Metric.CALLS_AVOIDED, calls_avoided(answers.values()) + shared)
        missing = {name: representatives[name.content_id] for name in names if name not in answers}
        # They are made of answers, and not of photos.
        meanings = {name: missing.pop(name) for name in [*missing] if name.detector in OF_MEANING}
        answers |= {name: obstacles[version] for name, version in missing.items() if version in obstacles}
        wanted = {name: version for name, version in missing.items() if name not in answers}
        views: dict[str, str] = {}
        looks: Looks = {}
        if PICTURE in self.detectors:
            answers |= self.runner.ask(_of_pictures(wanted), lane, deadline)
            views, unseen = _seen(answers)
            answers |= {name: unseen[name.content_id] for name in wanted if name.content_id in unseen}
            wanted = {name: version for name, version in wanted.items() if name not in answers}
        if self.films is not None:
            answers |= self._of_films(self.films, wanted, answers, lane, deadline)
            wanted = {name: version for name, version in wanted.items() if name not in answers}
        if self.cameras is not None:
            looks, asked_of = self.cameras.judged(asked_of, answers, known)
            still = {name for names_of in asked_of.values() for name in names_of}
            wanted = {name: version for name, version in wanted.items() if name in still}
            meanings = {name: version for name, version in meanings.items() if name in still}
        scenes = scenes_of(_whole_photos(wanted, answers, of_rekognition)) if self.scenes else []
        heirs = {content_id: scene.asked for scene in scenes for content_id in scene.inheriting}
        asked = {name: version for name, version in wanted.items() if name.content_id not in heirs}
        shown = {name: views[name.content_id] for name in asked if name.content_id in views}
        answers |= self.runner.ask(asked, lane, deadline, shown)
        answers |= self._inherited({name: heirs[name.content_id] for name in wanted.keys() - asked}, answers)
        self._compare(scenes, answers)
        answers |= self._meanings(meanings, answers, lane, deadline)
        found = {
            version: self._findings(version, asked, representatives, answers)
            for version, asked in asked_of.items()
        }
        if self.cameras is not None and looks:
            return self.cameras.looked_at(asked_of, answers, looks, found)
        return found

    def _of_films(
        self,
        films: "FilmRecognizer | FilmJobRecognizer",
        wanted: Mapping[ResultName, ImageVersion],
        answers: Mapping[ResultName, Answer],
        lane: Lane,
        deadline: Deadline,
    ) -> dict[ResultName, Answer]:
        """Return the answers about those that are films."""
        found: dict[ResultName, Answer] = {}
        by_content: dict[str, list[ResultName]] = {}
        for name in wanted:
            by_content.setdefault(name.content_id, []).append(name)
        for name, picture in answers.items():
            asked = by_content.get(name.content_id)
            if name.detector != PICTURE or not isinstance(picture, Result) or not asked:
                continue
            if PhotoFacts.from_json(picture.response).is_film:
                found |= films.answers(wanted[asked[0]], picture, asked, lane, deadline)
        return found

    def _names_of(self, versions: Sequence[ImageVersion]) -> dict[ImageVersion, list[ResultName]]:
        """Return the answers that each version is to have."""
        return {
            version: [
                self._name(self._content_id(version), self.detectors[name])
                for name in self.fingerprints[version.key]
            ]
            for version in versions
        }

    def _kept(self, names: Sequence[ResultName]) -> dict[ResultName, Answer]:
        """Return the answers that are kept, also those from another photo of a scene."""
        answers: dict[ResultName, Answer] = dict(self.kept.read_results(names))
        if self.scenes:
            others = {
                in_a_scene(name): name
                for name in names
                if name not in answers and name.detector not in OF_OUR_OWN
            }
            answers |= {others[name]: answer for name, answer in self.kept.read_results(others).items()}
        return answers

    def _meanings(
        self,
        wanted: Mapping[ResultName, ImageVersion],
        answers: Mapping[ResultName, Answer],
        lane: Lane,
        deadline: Deadline,
    ) -> dict[ResultName, Answer]:
        """Return vectors made of what is known by now; where that is not, why.

        Those of a model that sees pictures are paid for: it is asked last, of what all others have answered.
        """
        if not wanted:
            return {}
        failed: dict[str, list[Failure]] = {}
        for name, answer in answers.items():
            if not isinstance(answer, Result):
                failed.setdefault(name.content_id, []).append(answer)
        sources: dict[ResultName, Answer] = {}
        for name in wanted:
            source = self.detectors[self.detectors[name.detector].question.made_of]
            sources[name] = answers[self._name(name.content_id, source)]
            if source.name == PICTURE and name.content_id in failed:
                sources[name] = _worst(failed[name.content_id])
        known = {name: answer.response for name, answer in sources.items() if isinstance(answer, Result)}
        made = self.runner.ask({name: wanted[name] for name in known}, lane, deadline, made_of=known)
        return {name: made[name] if name in made else sources[name] for name in wanted}

    def _inherited(
        self, heirs: Mapping[ResultName, str], answers: Mapping[ResultName, Answer]
    ) -> dict[ResultName, Answer]:
        """Keep what was answered about others for those that inherit it.

        What could not be answered about another says nothing about these: they come again, without it.
        """
        found: dict[ResultName, Answer] = {}
        results: dict[ResultName, Result] = {}
        for name, asked in heirs.items():
            answer = answers[replace(name, content_id=asked)]
            if isinstance(answer, Result):
                results[name] = inherited(name, answer)
            else:
                found[name] = errors.NotReadyError(
                    "AskedForAnother",
                    f"the photo that stands for the scene of {name.content_id} has no answer",
                )
        if results:
            unsaved = self.kept.save_results(list(results.values()))
            found |= {name: unsaved.get(result.name, result) for name, result in results.items()}
            self.metrics.add(Metric.CALLS_INHERITED, len(results))
        return found

    def _compare(self, scenes: Sequence[Scene], answers: Mapping[ResultName, Answer]) -> None:
        """Measure how far photos that were asked about differ from what they would have inherited."""
        if "labels" not in self.detectors:
            return
        labels = self.detectors["labels"]
        for scene in scenes:
            for content_id in scene.compared:
                pair = [answers.get(self._name(each, labels)) for each in (content_id, scene.asked)]
                found = [labels.read(answer.response).labels for answer in pair if isinstance(answer, Result)]
                if len(found) == len(pair):
                    either, different = differing(*found)
                    self.metrics.add(Metric.SCENES_COMPARED)
                    self.metrics.add(Metric.SCENE_LABELS, either)
                    self.metrics.add(Metric.SCENE_LABELS_DIFFERENT, different)

    def _findings(
        self,
        version: ImageVersion,
        asked: Sequence[ResultName],
        representatives: Mapping[str, ImageVersion],
        answers: Mapping[ResultName, Answer],
    ) -> Findings | Failure:
        mine = [answers[name] for name in asked]
        failures = [answer for answer in mine if not isinstance(answer, Result)]
        lacking = _lacking(asked, answers)
        if len(failures) == len(lacking):
            found = Findings(lacking=lacking)
            try:
                for result in (answer for answer in mine if isinstance(answer, Result)):
                    found = found.with_those_of(self._read(result))
            except UNREADABLE as fault:
                return errors.TransientError(
                    "UnexpectedAnswer", f"the answer about {version.key} lacks {fault!r}"
                )
            return found
        worst = _worst(failures)
        if representatives[self._content_id(version)] != version and is_about_the_object(worst):
            return errors.NotReadyError(
                "AskedForAnother",
                f"{version.key} shares its content with an object that is gone or cannot be read",
            )
        return worst

    def _read(self, result: Result) -> Findings:
        name = result.name.detector
        if name not in OF_OUR_OWN and (filmed := film_findings(result.response)) is not None:
            return filmed
        found, scene = self.detectors[name].read(result.response), scene_of(result.response)
        return found if scene is None else replace(found, scene=scene, inherited=frozenset({name}))

    def _content_id(self, version: ImageVersion) -> str:
        return version.kept_by(shares_answers=self.shares_answers)

    def _name(self, content_id: str, detector: Detector) -> ResultName:
        return ResultName(content_id, detector.name, detector.question.fingerprint)


def _lacking(
    asked: Sequence[ResultName], answers: Mapping[ResultName, Answer]
) -> Mapping[str, errors.ImagepipeError]:
    """Return the vectors that could not be had, and why, where a photo has one in another space.

    That one is reason enough to have the photo found. Where none could be had, it waits.
    """
    vectors = {name.detector: answers[name] for name in asked if name.detector in OF_MEANING}
    lacking = {name: why for name, why in vectors.items() if isinstance(why, errors.ImagepipeError)}
    return lacking if len(lacking) < len(vectors) else {}


def _of_rekognition(names: Sequence[ResultName]) -> int:
    return sum(name.detector not in OF_OUR_OWN for name in names)


def _of_pictures(wanted: Mapping[ResultName, ImageVersion]) -> dict[ResultName, ImageVersion]:
    return {name: version for name, version in wanted.items() if name.detector == PICTURE}


def _whole_photos(
    wanted: Mapping[ResultName, ImageVersion], answers: Mapping[ResultName, Answer], detectors: int
) -> dict[str, PhotoFacts]:
    """Return by content id the facts of those photos that Rekognition was never asked anything about."""
    missing = Counter(name.content_id for name in wanted)
    return {
        name.content_id: PhotoFacts.from_json(answer.response)
        for name, answer in answers.items()
        if name.detector == PICTURE and isinstance(answer, Result) and missing[name.content_id] == detectors
    }


def _seen(answers: Mapping[ResultName, Answer]) -> tuple[dict[str, str], dict[str, Failure]]:
    """Return by content id the views that Rekognition is to be shown, and why some pictures were not read.

    Of those, Rekognition is asked nothing: what cannot be read costs no call.
    """
    views: dict[str, str] = {}
    unseen: dict[str, Failure] = {}
    for name, answer in answers.items():
        if name.detector != PICTURE:
            continue
        if not isinstance(answer, Result):
            unseen[name.content_id] = answer
        else:
            view = _view_key(name, answer)
            if isinstance(view, errors.ImagepipeError):
                unseen[name.content_id] = view
            elif view is not None:
                views[name.content_id] = view
    return views, unseen


def _view_key(name: ResultName, answer: Result) -> str | errors.ImagepipeError | None:
    """Return where what Rekognition is to be shown stands; None where it reads the photo itself."""
    try:
        photo = PhotoFacts.from_json(answer.response)
    except (TypeError, ValueError) as fault:
        return errors.TransientError(
            "UnexpectedAnswer", f"what is kept of the picture {name.content_id} cannot be read: {fault}"
        )
    return None if photo.is_direct else photo.view_key(name.content_id)


def _worst(failures: Sequence[Failure]) -> Failure:
    """Choose what to do about an image of which several detectors failed.

    What is gone needs nothing else. What may be repaired comes before a verdict on the image: a rejection is
    written only when nothing is left to try.
    """
    return worst_of(
        failures, (SupersededError, errors.ConfigurationError, errors.TransientError, errors.PermanentError)
    )
