"""What a detector sees before a camera all along: a parked car, a statue that it takes for a person.

What was seen once where nothing had changed is such a thing. Somebody who walks before it changes its place,
and it is seen there all the same: that is no news.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from contract.cameras import cells_of
from contract.sightings import FaceSighting, PictureBox, Sighting
from processors.cameras.scene import Cells

# What stands before something that stood there all along covers less of it than this.
CHANGED_SHARE = 0.4
# Two boxes that have so much of what either covers in common are of one thing.
SAME_SHARE = 0.6
# A detector may miss a thing so often in a row; a car that has left is forgotten after so many looks.
MOST_MISSED = 8
# Of one camera; of more, those that were seen last.
MOST_THINGS = 40
Seen = TypeVar("Seen", bound=Sighting | FaceSighting)


class StandingThing(NamedTuple):
    """A label with a place, known `since` then (seconds since 1970), and how often it was missed lately."""

    label: str
    box: PictureBox
    since: float
    missed: int = 0

    def is_seen_as(self, seen: Sighting | FaceSighting) -> bool:
        return seen.label == self.label and _shared(self.box, seen.box) >= SAME_SHARE


class StandingState(NamedTuple):
    """All such things of a camera. `version` is what was read, 0 where nothing is known yet.

    `as_of` is the time of the newest picture that has changed it, in seconds since 1970.
    """

    version: int = 0
    as_of: float = 0.0
    things: tuple[StandingThing, ...] = ()

    def to_item(self) -> dict[str, Any]:
        """Write its attributes, under the version after its own; keys and expiry are the caller's."""
        return {
            "version": self.version + 1,
            "as_of": round(self.as_of * 1000),
            "things": [
                {
                    "label": thing.label,
                    "box": [round(part * 10_000) for part in thing.box],
                    "since": round(thing.since * 1000),
                    "missed": thing.missed,
                }
                for thing in self.things
            ],
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "StandingState":
        """Read one. Raise KeyError, TypeError or ValueError for what `to_item` did not write."""
        things = (
            StandingThing(
                str(thing["label"]),
                PictureBox(*(int(part) / 10_000 for part in thing["box"])),
                int(thing["since"]) / 1000,
                int(thing["missed"]),
            )
            for thing in item["things"]
        )
        return cls(int(item["version"]), int(item["as_of"]) / 1000, tuple(things))


def seen_anew(
    state: StandingState, seen: Sequence[Seen], changed: Cells, at: float
) -> tuple[StandingState, tuple[Seen, ...]]:
    """Return what is known after one more picture, and what in it is new: it stands where cells have changed.

    A face on a poster is known by its own box, whoever is taken for its body. A picture that is older than
    what is known, or comes again, changes nothing.
    """
    known = [thing for thing in state.things if thing.since <= at]
    moved = [each for each in seen if _has_changed(each.place, changed)]
    new = tuple(each for each in moved if not any(thing.is_seen_as(each) for thing in known))
    if at <= state.as_of:
        return state, new
    things = [after for thing in state.things if (after := _after(thing, seen, changed)) is not None]
    for each in seen:
        if each not in moved and not any(thing.is_seen_as(each) for thing in things):
            things.append(StandingThing(each.label, each.box, at))
    kept = sorted(things, key=lambda thing: (thing.missed, -thing.since))[:MOST_THINGS]
    kept_in_order = tuple(thing for thing in things if thing in kept)
    if kept_in_order == state.things:
        return state, new
    return state._replace(as_of=at, things=kept_in_order), new


def _after(
    thing: StandingThing, seen: Iterable[Sighting | FaceSighting], changed: Cells
) -> StandingThing | None:
    """Return what is known of a thing after a look; None where it is gone."""
    if any(thing.is_seen_as(each) for each in seen):
        return thing._replace(missed=0)
    if not _has_changed(thing.box, changed):
        return thing._replace(missed=thing.missed + 1) if thing.missed + 1 < MOST_MISSED else None
    # Somebody stands before it; or it has left its place.
    return thing if any(_shared(thing.box, each.box) > 0 for each in seen) else None


def _has_changed(box: PictureBox, changed: Cells) -> bool:
    covered = cells_of(box)
    return len(changed.intersection(covered)) >= CHANGED_SHARE * len(covered)


def _shared(one: PictureBox, other: PictureBox) -> float:
    """Return the area of both over that of either."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one.width * one.height + other.width * other.height - both)
