"""What is wrong with the settings of what is off by itself: policies, meaning, cameras, people."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from contract.alerts import asks_for_persons
from contract.camera_faults import cameras_in, faults_of_camera_file
from contract.cameras import Camera, write_cameras
from contract.detector_choice import ByPrefix, Detectors, write_exceptions
from contract.meaning import BY_BEDROCK, BY_LABELS, BY_LABELS_ANEW, space_by
from contract.policy_faults import MAX_BYTES, read_policy
from contract.policy_file import faults_of_policy_file

if TYPE_CHECKING:
    from infra.settings import DeploymentSettings

EMAIL = r"[^@\s]+@[^@\s]+"
_ROLE_ARN = r"arn:[^:*?]+:iam::\d{12}:role/[\w+=,.@/-]+"


def faults_of_options(settings: "DeploymentSettings") -> list[str]:
    """Return what cannot be meant, a sentence each that names the setting and says what to write instead."""
    return [
        *_unusable_policy(settings),
        *_unusable_block_tag(settings),
        *_unusable_meaning(settings),
        *_unusable_cameras(settings),
        *_too_much_to_tell(settings),
        *_unusable_people(settings),
    ]


def _unusable_policy(settings: "DeploymentSettings") -> list[str]:
    faults = _faults_of_policy(settings)
    if not faults and not settings.people and asks_for_persons(settings.alerts_json):
        faults.append(
            f"{settings.policy}: it has an alert about a person, and nobody is looked for: set people to true"
        )
    if not settings.alert_email:
        return faults
    if not re.fullmatch(EMAIL, settings.alert_email):
        faults.append(f"alert_email is {settings.alert_email!r}; it is as in photos@people.example")
    if not faults and not settings.alerts_json:
        faults.append("alert_email is of use only with a policy that has rules of alerts, as in [[alerts]]")
    return faults


def _faults_of_policy(settings: "DeploymentSettings") -> list[str]:
    is_moderated = "moderation" in settings.every_detector
    return faults_of_policy_file(settings.policy, is_moderated=is_moderated) if settings.policy else []


def _unusable_block_tag(settings: "DeploymentSettings") -> list[str]:
    faults = []
    if settings.block_tag and not settings.policy:
        faults.append("block_tag is of use only with policy, which says what is to be blocked")
    if settings.block_readers and not settings.block_tag:
        faults.append("block_readers is of use only where block_tag is true")
    return faults + [
        f"block_readers has {arn!r}; each is the ARN of a role, as in "
        "arn:aws:iam::123456789012:role/Moderators"
        for arn in settings.block_readers
        if not re.fullmatch(_ROLE_ARN, arn)
    ]


def _unusable_meaning(settings: "DeploymentSettings") -> list[str]:
    named = {"meaning": settings.meaning, "meaning_next": settings.meaning_next}
    if unknown := [
        f"{name} is {value!r}; it is {BY_LABELS!r}, {BY_LABELS_ANEW!r} or {BY_BEDROCK!r}, or is left out"
        for name, value in named.items()
        if value not in ("", BY_LABELS, BY_LABELS_ANEW, BY_BEDROCK)
    ]:
        return unknown
    if settings.meaning_next and not settings.meaning:
        return [
            "meaning_next is what meaning is to be later; set meaning, by which photos are found until then"
        ]
    if len(settings.meanings) > 1 and len(set(map(space_by, settings.meanings))) == 1:
        return [
            f"meaning_next is {settings.meaning_next}, whose vectors are in one space with those of "
            f"{settings.meaning}: there is none to be filled. Set meaning to it"
        ]
    faults = _unusable_sight(settings) if settings.sees_meaning else []
    if set(settings.meanings) - {BY_BEDROCK} and "labels" not in settings.every_detector:
        faults.append("meaning is made of labels; add labels to detectors")
    return faults


def _unusable_sight(settings: "DeploymentSettings") -> list[str]:
    """A vector of a picture knows what the picture shows, whatever a policy hides."""
    faults, name = [], "meaning" if settings.meaning == BY_BEDROCK else "meaning_next"
    if not settings.pictures:
        faults.append(f"{name} is bedrock, which is shown thumbnails; leave pictures on")
    if settings.policy and not _faults_of_policy(settings) and read_policy(settings.policy_json).kept_back:
        faults.append(
            f"{name} is bedrock, and {settings.policy} keeps labels back: a vector of the picture would "
            "find by words what they name. Leave out hidden and set show_gender_and_age to true, or set "
            f"{name} to labels, whose vectors know nothing of them"
        )
    return faults


def _unusable_cameras(settings: "DeploymentSettings") -> list[str]:
    if not settings.cameras:
        return (
            ["camera_email is of use only with cameras, which names their file"]
            if settings.camera_email
            else []
        )
    faults = faults_of_camera_file(settings.cameras)
    if settings.camera_email and not re.fullmatch(EMAIL, settings.camera_email):
        faults.append(f"camera_email is {settings.camera_email!r}; it is as in photos@people.example")
    if settings.scenes:
        faults.append(
            "scenes and cameras do not go together: of cameras, pictures are told apart by what has "
            "changed in them; leave out scenes"
        )
    choice = ByPrefix.of(settings.detectors, settings.exceptions)
    cameras = () if faults else cameras_in(settings.cameras)
    faults += [
        f"the camera {camera.name} has no events, for its photos are not asked for labels: add labels to "
        f"what is asked about {camera.prefix}"
        for camera in cameras
        if "labels" not in choice[camera.prefix]
    ]
    return [
        *faults,
        *(fault for camera in cameras for fault in _unseen_people(camera, settings, choice[camera.prefix])),
    ]


def _unseen_people(camera: Camera, settings: "DeploymentSettings", detectors: Detectors) -> Iterator[str]:
    if camera.watch_people and not settings.people:
        yield (
            f"the camera {camera.name} has watch_people, and nobody is looked for: set people, or leave out "
            "watch_people"
        )
    if camera.watch_people and "faces" not in detectors:
        yield (
            f"the camera {camera.name} has watch_people, and its photos are not asked for faces: add faces "
            f"to what is asked about {camera.prefix}"
        )


def _too_much_to_tell(settings: "DeploymentSettings") -> list[str]:
    """Files without faults of their own are variables of one function."""
    if _unusable_policy(settings) or _unusable_cameras(settings):
        return []
    told = {
        "cameras": write_cameras(settings.all_cameras),
        "policy": settings.policy_json,
        "detectors_by_prefix": write_exceptions(settings.exceptions),
    }
    files = [name for name, text in told.items() if getattr(settings, name)]
    size_bytes = sum(len(told[name].encode()) for name in files)
    if size_bytes <= MAX_BYTES:
        return []
    if len(files) == 1:
        return [
            f"{files[0]} makes {size_bytes:,} bytes, and a function can be told {MAX_BYTES:,}: make its file "
            "shorter"
        ]
    return [
        f"{', '.join(files[:-1])} and {files[-1]} make {size_bytes:,} bytes together, and a function can be "
        f"told {MAX_BYTES:,}: make one of the files shorter"
    ]


def _unusable_people(settings: "DeploymentSettings") -> list[str]:
    """Return what has to be decided before anybody's face is kept."""
    wanted = {
        "people_purpose": "what faces are compared for, as in 'the family album', for persons agree to that",
        "people_contact": "the address for who wants to be forgotten, as in privacy@photos.example",
        "people_retention_days": "the days that a consent holds at most, as in 365",
    }
    if not settings.people:
        return [f"{name} is of use only where people is true" for name in wanted if getattr(settings, name)]
    faults = [
        f"people is on; set {name} to {what}" for name, what in wanted.items() if not getattr(settings, name)
    ]
    if "faces" not in settings.every_detector:
        faults.append(
            "people is on, and persons are looked for on faces that are found; add faces to detectors"
        )
    if not settings.pictures:
        faults.append("people is on, and faces are cut out by the pictures function; leave pictures on")
    if settings.scenes:
        faults.append(
            "people and scenes do not go together: faces of a photo that was not asked about are nowhere "
            "known; leave out one of them"
        )
    if settings.prefix_claim:
        faults.append(
            "people and prefix_claim do not go together: who may see some photos would be told who is looked "
            "for at all; leave out one of them"
        )
    return faults
