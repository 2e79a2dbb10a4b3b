"""What was seen anew in a picture of a camera: a label, how sure, and where. A record keeps them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

# Of one picture; the surest.
MOST_SIGHTINGS = 20
_DIGITS = 4


class PictureBox(NamedTuple):
    """Where something is in a picture, in parts of its width and height, from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


class Sighting(NamedTuple):
    """Something with a place in the picture where the picture had changed. The confidence is in percent.

    `detected` is the label that a detector gave it, where a policy shows it under another.
    """

    label: str
    confidence: float
    box: PictureBox
    detected: str = ""

    @property
    def place(self) -> PictureBox:
        """Return where something has to have changed for it to be new."""
        return self.box

    @classmethod
    def of(cls, label: str, confidence: float, box: PictureBox) -> "Sighting":
        """Make one with as many digits as are kept."""
        return cls(label, round(confidence, 2), rounded(box))

    def to_item(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "confidence": Decimal(str(self.confidence)),
            "box": _written(self.box),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Sighting":
        """Read one. Raise KeyError, TypeError or ValueError for what `to_item` did not write."""
        return cls(str(item["label"]), float(item["confidence"]), _read(item["box"]))


class FaceSighting(NamedTuple):
    """A face where the picture had changed: which of the photo's faces it is, and where.

    `body` is the box of the person whose it is, None where no person was seen around it. Whose face it is
    stands among the persons of the photo, and nowhere else: who is forgotten is forgotten here too.
    """

    number: int
    box: PictureBox
    body: PictureBox | None = None

    @property
    def label(self) -> str:
        """Return what it is called among what stands before a camera: no label is called so."""
        return "face#"

    @property
    def place(self) -> PictureBox:
        """Return where something has to have changed for it to be new: somebody's clothes tell of him too."""
        return self.body or self.box

    def to_item(self) -> dict[str, Any]:
        item: dict[str, Any] = {"number": self.number, "box": _written(self.box)}
        return item if self.body is None else {**item, "body": _written(self.body)}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "FaceSighting":
        """Read one. Raise KeyError, TypeError or ValueError for what `to_item` did not write."""
        body = _read(item["body"]) if "body" in item else None
        return cls(int(item["number"]), _read(item["box"]), body)


def rounded(box: Iterable[float]) -> PictureBox:
    """Return a box with as many digits as are kept."""
    return PictureBox(*(round(part, _DIGITS) for part in box))


def _written(box: PictureBox) -> list[Decimal]:
    return [Decimal(str(part)) for part in box]


def _read(written: Iterable[Any]) -> PictureBox:
    return PictureBox(*(float(part) for part in written))


class CameraLook(NamedTuple):
    """What came of holding a picture against what its camera usually shows.

    `unchanged_since` is the time (ISO 8601) of the picture that showed the same, and then nothing was asked;
    empty where that is what the camera always shows. `sightings` are what was seen anew in one that was asked
    about; `faces` are those too, where persons are looked for.
    """

    camera: str
    unchanged_since: str | None = None
    sightings: tuple[Sighting, ...] = ()
    faces: tuple[FaceSighting, ...] = ()

    @property
    def is_asked(self) -> bool:
        return self.unchanged_since is None

    def showing(self, labels: Iterable[str]) -> "CameraLook":
        """Return it with what was seen of these labels alone: a policy or people may hide others."""
        shown = {label.casefold() for label in labels}
        return self._replace(
            sightings=tuple(each for each in self.sightings if each.label.casefold() in shown)
        )

    def renamed(self, names: Mapping[str, tuple[str, str]]) -> "CameraLook":
        """Return it with what was seen of these labels, by their names in lower case, alone.

        They come with the name that is shown and with that by which cameras watch for it.
        """
        return self._replace(
            sightings=tuple(
                each._replace(label=names[folded][0], detected=names[folded][1])
                for each in self.sightings
                if (folded := each.label.casefold()) in names
            )
        )

    def to_item(self) -> dict[str, Any]:
        item: dict[str, Any] = {"camera": self.camera}
        if self.unchanged_since is not None:
            item["unchanged_since"] = self.unchanged_since
        if self.sightings:
            item["sightings"] = [each.to_item() for each in self.sightings]
        if self.faces:
            item["faces"] = [each.to_item() for each in self.faces]
        return item

    def to_json(self) -> dict[str, Any]:
        """Write it for people and programs: a picture that shows nothing new says so."""
        return {
            "camera": self.camera,
            "is_new": self.is_asked,
            "unchanged_since": self.unchanged_since or None,
            "sightings": [
                {"label": each.label, "confidence": each.confidence, "box": each.box._asdict()}
                for each in self.sightings
            ],
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "CameraLook":
        """Read one. Raise KeyError, TypeError or ValueError for what `to_item` did not write."""
        since = item.get("unchanged_since")
        return cls(
            str(item["camera"]),
            None if since is None else str(since),
            tuple(map(Sighting.from_item, item.get("sightings", ()))),
            tuple(map(FaceSighting.from_item, item.get("faces", ()))),
        )
