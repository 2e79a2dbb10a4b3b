"""Where the pipeline meets cameras: which answers a picture is left to need, and what is said of it then."""

from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from contract.cameras import SIGNATURE
from contract.errors import ImagepipeError, TransientError
from contract.photos import PICTURE
from contract.records import Findings, ImageVersion
from contract.results import Result, ResultName
from contract.sightings import CameraLook, FaceSighting, Sighting
from processors.cameras.gate import CameraGate, GateVerdict, Sighted
from processors.cameras.sightings import sightings
from processors.pipeline.detection import Answer, Failure

LABELS = "labels"
# A look is what the record of the same version says already.
Looks = Mapping[ImageVersion, GateVerdict | CameraLook | ImagepipeError]
Asked = Mapping[ImageVersion, Sequence[ResultName]]
Known = Mapping[ImageVersion, Findings]


@dataclass(frozen=True)
class CameraLayer:
    """What cameras are to the recognizer of a batch. `with_faces` says whether persons are looked for."""

    gate: CameraGate
    with_faces: bool = False

    def judged(
        self, asked_of: Asked, answers: Mapping[ResultName, Answer], known: Known
    ) -> tuple[Looks, dict[ImageVersion, list[ResultName]]]:
        """Return what is to be done with each picture of a camera that was read, and what is left to ask.

        One of which it is `known` what was found is not held against today's scene: it stays as it was judged
        when it came. One that came before there were cameras is asked about as any photo.
        """
        pictures: dict[ImageVersion, bytes] = {}
        looks: dict[ImageVersion, GateVerdict | CameraLook | ImagepipeError] = {}
        for version, names in asked_of.items():
            if (camera := self.gate.cameras.of(version.key)) is None:
                continue
            if version in known:
                if (look := known[version].look) is not None:
                    looks[version] = look._replace(camera=camera.name)
                continue
            answer = next((answers.get(name) for name in names if name.detector == PICTURE), None)
            if isinstance(answer, Result) and (cells := _cells(answer)) is not None:
                pictures[version] = cells
        looks |= self.gate.judge(pictures)
        return looks, _left_to_ask(asked_of, looks)

    def looked_at(
        self,
        asked_of: Asked,
        answers: Mapping[ResultName, Answer],
        looks: Looks,
        found: Mapping[ImageVersion, Findings | Failure],
    ) -> dict[ImageVersion, Findings | Failure]:
        """Return what was found in each picture, with what came of comparing it, now or when it came."""
        after, seen = dict(found), dict[ImageVersion, Sighted]()
        for version, verdict in looks.items():
            findings = found[version]
            if not isinstance(findings, Findings):
                continue
            if isinstance(verdict, ImagepipeError):
                after[version] = verdict
                continue
            if isinstance(verdict, CameraLook):
                after[version] = replace(findings, look=_renumbered(verdict, findings))
                continue
            after[version] = replace(findings, look=CameraLook(verdict.camera.name, verdict.unchanged_since))
            labels = next((answers[name] for name in asked_of[version] if name.detector == LABELS), None)
            if isinstance(labels, Result):
                try:
                    of_labels = sightings(labels.shown.response)
                    seen[version] = Sighted(verdict.changed, of_labels, self._faces(findings, of_labels))
                except (AttributeError, KeyError, TypeError, ValueError) as fault:
                    after[version] = TransientError(
                        "UnexpectedAnswer", f"the answer about {version.key} lacks {fault!r}"
                    )
        for version, new in self.gate.seen_anew(seen).items():
            findings = after[version]
            if isinstance(new, ImagepipeError):
                after[version] = new
            elif isinstance(findings, Findings) and findings.look is not None:
                look = findings.look._replace(sightings=new.sightings, faces=new.faces)
                after[version] = replace(findings, look=look)
        return after

    def _faces(self, findings: Findings, of_labels: Sequence[Sighting]) -> Sequence[FaceSighting]:
        if not self.with_faces or not findings.face_details:
            return ()
        from processors.cameras.faces import seen_faces  # persons are looked for in few deployments

        return seen_faces(findings.face_details, of_labels)


def _renumbered(look: CameraLook, findings: Findings) -> CameraLook:
    """Return a look whose faces are those of today's answer: it may have them in another order."""
    if not look.faces:
        return look
    from processors.cameras.faces import renumbered

    return look._replace(faces=renumbered(look.faces, findings.face_details))


def _left_to_ask(asked_of: Asked, looks: Looks) -> dict[ImageVersion, list[ResultName]]:
    """Return the answers that each version is still to have: of what shows nothing new, the picture's alone.

    Nothing is asked either while it is not known whether there is something new.
    """
    return {
        version: [name for name in names if name.detector == PICTURE]
        if version in looks and not _is_asked(looks[version])
        else list(names)
        for version, names in asked_of.items()
    }


def _is_asked(verdict: GateVerdict | CameraLook | ImagepipeError) -> bool:
    return not isinstance(verdict, ImagepipeError) and verdict.is_asked


def _cells(answer: Result) -> bytes | None:
    written = answer.response.get(SIGNATURE)
    try:
        return b64decode(written, validate=True) if isinstance(written, str) else None
    except NotBase64Error:
        return None
