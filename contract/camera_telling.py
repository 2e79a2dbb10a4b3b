"""What was told of one camera, as one item of the table keeps it: which events, and whether it is silent.

Every change is written on the condition that the item is still what was read. A message is sent before it is
noted as sent: whoever is killed in between sends it again, under the same id. Times are in seconds since
1970.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from contract.alerts import AlertRule, QuietHours, clock_time
from contract.camera_events import PERSON_MARK, CameraEvent
from contract.cameras import Camera
from contract.timing import DAY_SECONDS

# Asked by the schedule: to tell what has ended, fallen silent or is due, though no picture comes.
TICK_EVENT = "tick"
TICK_MINUTES = 1
# Events of which somebody may still be told something; each has some 150 bytes.
MOST_TOLD = 100
# What began longer ago when it is first seen (dead letters that were sent back) is history: it is listed, not
# told.
LATE_SECONDS = 3_600.0
# A digest tells of no more than this, if there was none for long.
DIGEST_SECONDS = 2.0 * DAY_SECONDS
# That pictures come is noted this often.
NOTED_EVERY_SECONDS = 30.0
# What persons are counted as in a digest, which names nobody.
WATCHED_PERSON = "watched person"


class ToldEvent(NamedTuple):
    """An event that somebody was told of, or that was `muted`: by a cooldown, or in quiet hours.

    `label` is what it is told by: of a person, a mark that leads to nobody once the person is forgotten.
    """

    id: str
    label: str
    begin: float
    end: float
    is_over: bool = False
    muted: bool = False


class CameraMessage(NamedTuple):
    """A message that is to be sent. The same one has the same `id`; `event` is what it tells.

    That is `begin` or `end` of `about`, `silence`, `back`, or `digest` with how often each label was seen.
    """

    id: str
    event: str
    camera: str
    at: float
    about: CameraEvent | None = None
    counts: Mapping[str, int] = {}


class ToldState(NamedTuple):
    """What was told of a camera. `version` is what was read, 0 where nothing is there yet.

    `last_at` is the time of its newest picture, `digest_since` that from which the next digest tells.
    """

    version: int = 0
    last_at: float = 0.0
    is_silent: bool = False
    digest_since: float = 0.0
    told: tuple[ToldEvent, ...] = ()

    def read_from(self, camera: Camera, newest: Sequence[float], now: float) -> float:
        """Return from when on pictures have to be read: those of events that are open, and of what came."""
        begins = [each.begin for each in self.told if not each.is_over]
        return max(min([*begins, *newest, now]) - camera.gone_after_seconds, now - LATE_SECONDS)

    @property
    def is_about_persons(self) -> bool:
        return any(each.label.startswith(PERSON_MARK) for each in self.told)

    def heard(self, newest: Sequence[float], now: float) -> "ToldState":
        """Return it with the times of pictures that have come, none of which is of the future."""
        last = max([min(at, now) for at in newest], default=0.0)
        if not self.last_at and last:
            return self._replace(last_at=last, digest_since=last)
        is_news = last - self.last_at >= NOTED_EVERY_SECONDS or (self.is_silent and last > self.last_at)
        return self._replace(last_at=last) if is_news else self

    def without_others(
        self, camera: Camera, marks: Collection[str]
    ) -> tuple["ToldState", list[CameraMessage]]:
        """Return it without events of persons but for those of `marks`, and what is to be told to be over.

        Who was forgotten, or is not watched for any more, leaves nothing in it.
        """
        others = [each for each in self.told if _is_of_others(each, marks)]
        messages = [
            CameraMessage(f"{each.id}-end", "end", camera.name, each.end)
            for each in others
            if not each.is_over and not each.muted
        ]
        if not others:
            return self, messages
        return self._replace(told=tuple(each for each in self.told if each not in others)), messages

    def advanced(
        self, camera: Camera, events: Sequence[CameraEvent], now: float
    ) -> tuple["ToldState", list[CameraMessage]]:
        """Return it after telling of events, all there are since `read_from`, and what is to be told."""
        messages: list[CameraMessage] = []
        told = list(self.told)
        is_quiet = _rule(camera).is_quiet(now)
        met: set[str] = set()
        for event in events:
            known = next((each for each in told if _is_of(each, event, camera)), None)
            if known is None and now - event.begin > LATE_SECONDS:
                continue
            if known is None:
                known = ToldEvent(event.id, event.told_by, event.begin, event.end)
                known = known._replace(muted=is_quiet or _is_cooling(camera, told, known))
                told.append(known)
                if not known.muted:
                    messages.append(_about(event, known, "begin", event.begin))
            is_over = event.is_over(camera, now)
            begin, end = min(known.begin, event.begin), max(known.end, event.end)
            if is_over and not known.is_over and not known.muted:
                # No more than its last hour was read.
                messages.append(_about(event._replace(begin=begin), known, "end", event.end))
            met.add(known.id)
            told[told.index(known)] = known._replace(begin=begin, end=end, is_over=is_over)
        for place, each in enumerate(told):
            # Its pictures are gone: whoever was told that it began is told that it is over.
            if not each.is_over and each.id not in met and now - each.end > camera.gone_after_seconds:
                told[place] = each._replace(is_over=True)
                if not each.muted:
                    messages.append(CameraMessage(f"{each.id}-end", "end", camera.name, each.end))
        # By end: one that is forgotten while it goes on would be told again, under another id.
        state = self._replace(told=tuple(sorted(told, key=lambda each: each.end)[-MOST_TOLD:]))
        return state._told_of_silence(camera, now, messages)

    def _told_of_silence(
        self, camera: Camera, now: float, messages: list[CameraMessage]
    ) -> tuple["ToldState", list[CameraMessage]]:
        is_silent = bool(
            camera.silent_after_seconds and self.last_at and now - self.last_at > camera.silent_after_seconds
        )
        if is_silent == self.is_silent:
            return self, messages
        word = "silence" if is_silent else "back"
        at = f"{self.last_at:.0f}"
        messages.append(CameraMessage(f"{camera.name}-{word}-{at}", word, camera.name, self.last_at))
        return self._replace(is_silent=is_silent), messages

    def is_digest_due(self, camera: Camera, now: float) -> bool:
        return bool(
            camera.digest and self.digest_since and _rule(camera).is_due(self.digest_since, None, now)
        )

    def digest_from(self, camera: Camera, now: float) -> float:
        """Return from when on pictures are read for a digest: those of what went on at the last one too."""
        return max(self.digest_since - camera.gone_after_seconds, now - DIGEST_SECONDS)

    def digested(
        self, camera: Camera, events: Sequence[CameraEvent], now: float
    ) -> tuple["ToldState", CameraMessage]:
        """Return it after a digest of those events that began since the last one, all since `digest_from`."""
        counts: dict[str, int] = {}
        for event in events:
            if self.digest_since <= event.begin < now:
                what = event.label or WATCHED_PERSON
                counts[what] = counts.get(what, 0) + 1
        message = CameraMessage(
            f"{camera.name}-digest-{self.digest_since:.0f}", "digest", camera.name, now, None, counts
        )
        return self._replace(digest_since=now), message

    def to_item(self) -> dict[str, object]:
        """Write its attributes, under the version after its own; keys and expiry are the caller's."""
        return {
            "version": self.version + 1,
            "last_at": _milliseconds(self.last_at),
            "is_silent": self.is_silent,
            "digest_since": _milliseconds(self.digest_since),
            "told": [
                {**each._asdict(), "begin": _milliseconds(each.begin), "end": _milliseconds(each.end)}
                for each in self.told
            ],
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "ToldState":
        """Read one. Raise KeyError, TypeError or ValueError for what `to_item` did not write."""
        return cls(
            version=int(item["version"]),
            last_at=int(item["last_at"]) / 1000,
            is_silent=bool(item["is_silent"]),
            digest_since=int(item["digest_since"]) / 1000,
            told=tuple(
                ToldEvent(
                    str(each["id"]),
                    str(each["label"]),
                    int(each["begin"]) / 1000,
                    int(each["end"]) / 1000,
                    bool(each["is_over"]),
                    bool(each["muted"]),
                )
                for each in item["told"]
            ),
        )


def _milliseconds(at: float) -> int:
    return round(at * 1000)


def _rule(camera: Camera) -> AlertRule:
    """Return the hours of a camera as those of a rule of alerts, which are kept in the same way."""
    quiet = QuietHours(*map(clock_time, camera.quiet)) if camera.quiet else None
    digest = clock_time(camera.digest) if camera.digest else None
    return AlertRule(camera.name, quiet=quiet, digest=digest, time_zone=camera.time_zone)


def _is_of_others(told: ToldEvent, marks: Collection[str]) -> bool:
    return told.label.startswith(PERSON_MARK) and told.label not in marks


def _is_of(told: ToldEvent, event: CameraEvent, camera: Camera) -> bool:
    """Whether an event is one that was told: what came late may have moved its begin, or its end."""
    gone = camera.gone_after_seconds
    return (
        told.label.casefold() == event.told_by.casefold()
        and event.begin <= told.end + gone
        and told.begin <= event.end + gone
    )


def _is_cooling(camera: Camera, told: Sequence[ToldEvent], event: ToldEvent) -> bool:
    return any(
        not each.muted
        and each.label.casefold() == event.label.casefold()
        and abs(event.begin - each.begin) < camera.cooldown_seconds
        for each in told
    )


def _about(event: CameraEvent, told: ToldEvent, word: str, at: float) -> CameraMessage:
    return CameraMessage(f"{told.id}-{word}", word, event.camera, at, event)
