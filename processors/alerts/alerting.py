"""Completions held against the rules; what is due is sent, one message a rule and cooldown.

A photo is counted before its completion leaves the queue, a message is noted before it is sent. So whoever
crashes loses nothing: the completion comes again and is known, or the message is sent again under its id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contract.alert_state import AlertMessage, AlertState
from contract.alerts import AlertRule, AnnouncedPhoto
from contract.errors import ImagepipeError, NotReadyError
from processors.telemetry import Log

# Two workers and the schedule change one item: each time, one of them gets through.
MAX_TRIES = 10
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MAX_SUBJECT_CHARACTERS = 100
Persons = Callable[[Sequence[str]], Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True)
class Alerting:
    """Keeps what each rule has to say, and sends it.

    `read` returns what is kept by a rule's name, `write` keeps it and tells whether it was still what had
    been read, `send` returns when the message is taken. `clock` gives seconds since 1970. `persons` returns
    who is on photos, by key: similarities in percent by names in lower case.
    """

    rules: Sequence[AlertRule]
    read: Callable[[str], AlertState]
    write: Callable[[str, AlertState], bool]
    send: Callable[[AlertRule, AlertMessage], None]
    clock: Callable[[], float]
    log: Log
    persons: Persons | None = None

    def take(self, photos: Sequence[AnnouncedPhoto]) -> None:
        """Count photos that match; send what that makes due.

        Raise a word for failure where one is not counted. That a message is not sent yet is no failure of
        theirs: it is kept, and the schedule sends it.
        """
        photos = self._with_persons(photos)
        for rule in self.rules:
            matches = [(photo, why) for photo in photos if (why := rule.why(photo)) is not None]
            if not matches:
                continue
            message = self._advance(rule, matches)
            if message is None:
                continue
            try:
                self._deliver(rule, message)
            except ImagepipeError as error:
                self.log.warning(
                    f"the message {message.id} of the alert {rule.name} is not sent yet, and is tried again "
                    "within minutes",
                    error=str(error),
                )

    def _with_persons(self, photos: Sequence[AnnouncedPhoto]) -> Sequence[AnnouncedPhoto]:
        """Return photos with who is on them, where that decides over a rule: it is a read of each record."""
        asked = {
            photo.key for photo in photos if any(rule.hangs_on_who_is_there(photo) for rule in self.rules)
        }
        if self.persons is None or not asked:
            return photos
        persons = self.persons(sorted(asked))
        return [photo._replace(persons=persons.get(photo.key, {})) for photo in photos]

    def flush(self) -> int:
        """Send what is due though no photo comes; return how many messages. Raise what failed, at the end."""
        sent = 0
        failed: ImagepipeError | None = None
        for rule in self.rules:
            try:
                message = self._advance(rule, ())
                if message is not None:
                    self._deliver(rule, message)
                    sent += 1
            except ImagepipeError as error:
                self.log.exception(f"the alert {rule.name} cannot be sent", error=str(error))
                failed = error
        if failed is not None:
            raise failed
        return sent

    def _advance(self, rule: AlertRule, matches: Sequence[tuple[AnnouncedPhoto, str]]) -> AlertMessage | None:
        """Count what matched; return a message that is ours to send, noted as such."""
        for _ in range(MAX_TRIES):
            now = int(self.clock())
            before = self.read(rule.name)
            after = before.counting(matches, now).claiming(rule, now)
            if after == before:
                return None
            if self.write(rule.name, after):
                return after.sending if after.sending != before.sending else None
        raise NotReadyError(
            "AlertContended", f"what the alert {rule.name} has to say was changed by others {MAX_TRIES} times"
        )

    def _deliver(self, rule: AlertRule, message: AlertMessage) -> None:
        self.send(rule, message)
        for _ in range(MAX_TRIES):
            before = self.read(rule.name)
            after = before.sent(message, int(self.clock()))
            if after == before or self.write(rule.name, after):
                return
        raise NotReadyError("AlertContended", f"that {message.id} is sent could not be noted: it comes again")


def subject_of(rule: AlertRule, message: AlertMessage) -> str:
    """Return what stands above a mail: one line, ASCII."""
    photos = "1 photo" if message.photos == 1 else f"{message.photos:,} photos"
    return f"Alert {rule.name}: {photos}"[:MAX_SUBJECT_CHARACTERS]


def text_of(rule: AlertRule, message: AlertMessage) -> str:
    """Return what a person reads: which photos, why, and how many more there are."""
    more = message.photos - len(message.examples)
    since = rule.shown_time(message.since)
    lines = [
        f"{'One photo matches' if message.photos == 1 else f'{message.photos:,} photos match'} the alert "
        f"{rule.name} since {since}:",
        "",
        *(f"  {each.key}{f' ({each.why})' if each.why else ''}" for each in message.examples),
        *((f"  and {more:,} more",) if more > 0 else ()),
        "",
        f"Message {message.id}: one that comes again has the same name.",
    ]
    return "\n".join(lines)
