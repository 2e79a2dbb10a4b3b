"""The checks, in the order in which they are made, and making them. To add one, write one more function here.

Its name is the check's name and its docstring what it promises.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from inspect import getdoc
from typing import Any

from contract.errors import ImagepipeError
from contract.records import ImageRecord, Status
from operations.terminal import Steps
from operations.verifying.film import film_of
from operations.verifying.target import CheckFailedError, CheckLeftOutError, TargetPipeline

MOST_KEY_BYTES = 1024
PHOTOS = 3
PAGE = 10

# Keys that something between S3's event, the queue, the table and the API could get wrong.
HOSTILE = (
    "spaces  in a row.jpg",
    "plus+plus.jpg",
    "100%.jpg",
    "100%25 encoded %2B.jpg",
    "ünï, 写真, фото.jpg",
    "e\u0301 in two characters.jpg",
    "emoji 😀.jpg",
    'it\'s "quoted" `three` ways.jpg',
    "a=b&c?d#e.jpg",
    "back\\slash.jpg",
    "<b>&amp;{json: [1]}[/b].jpg",
    "folder/deep/er/raw",
)
# S3 takes it by its documentation; not every tool does.
LINE_FEED = "line\nfeed.jpg"

CheckFunction = Callable[[TargetPipeline], Steps[str] | Steps[None]]


@dataclass(frozen=True)
class Check:
    """One promise put to the test. `run` may return a remark.

    `contents` are the new pictures that every detector is asked about, at most; `uploads` are objects.
    Nothing else can hold where a check that `others_need` has failed. What is `of_films` is made where they
    are taken.
    """

    name: str
    sentence: str
    run: CheckFunction
    contents: int
    uploads: int
    others_need: bool
    of_films: bool = False


CHECKS: list[Check] = []


def check(
    *, contents: int = 0, uploads: int = 0, others_need: bool = False, of_films: bool = False
) -> Callable[[CheckFunction], CheckFunction]:
    """Return a decorator that makes a check of a function; see Check for what the numbers are."""

    def add(function: CheckFunction) -> CheckFunction:
        sentence = " ".join((getdoc(function) or "").split())
        name = function.__name__.replace("_", " ")
        CHECKS.append(Check(name, sentence, function, contents, uploads, others_need, of_films))
        return function

    return add


def checks_of(*, takes_films: bool) -> list[Check]:
    """Return the checks of a deployment, in their order."""
    return [check for check in CHECKS if takes_films or not check.of_films]


class CheckStatus(StrEnum):
    """How a check has ended."""

    HELD = "held"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class CheckResult:
    """What came of a check. `said` is the reason, or a remark."""

    check: Check
    status: CheckStatus
    seconds: float
    said: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.check.name,
            "sentence": self.check.sentence,
            "verdict": str(self.status),
            "seconds": round(self.seconds, 1),
            "said": self.said,
        }


def run_all(
    checks: Sequence[Check], target: TargetPipeline
) -> Generator[Check | str | CheckResult, None, None]:
    """Make all checks in their order, whatever comes of each; yield what is being done, and each result.

    What AWS refuses to one check is its failure: others may not need it.
    """
    needed_failed = ""
    for check in checks:
        if needed_failed:
            yield CheckResult(check, CheckStatus.LEFT_OUT, 0.0, f"{needed_failed} has failed")
            continue
        yield check
        start = target.clock()
        status, said = yield from _run(check, target)
        if status is not CheckStatus.HELD and check.others_need:
            needed_failed = check.name
        yield CheckResult(check, status, target.clock() - start, said)


def _run(check: Check, target: TargetPipeline) -> Steps[tuple[CheckStatus, str]]:
    try:
        return CheckStatus.HELD, (yield from check.run(target)) or ""
    except CheckFailedError as error:
        return CheckStatus.FAILED, str(error)
    except CheckLeftOutError as error:
        return CheckStatus.LEFT_OUT, str(error)
    except ImagepipeError as error:
        return CheckStatus.FAILED, f"{error.code}: {error.message}"


@check(uploads=1, others_need=True)
def completions_arrive(target: TargetPipeline) -> Steps[None]:
    """An empty file, which needs no call, is announced to a queue that has just been subscribed."""
    key = target.key("empty.jpg")
    target.upload(key, b"")

    def missing() -> list[str]:
        return [] if target.inbox.has_heard_of(key) else [f"a completion of {target.named(key)}"]

    yield from target.until(missing, again=lambda: target.upload(key, b""))
    yield from target.rejected(key)


@check(contents=PHOTOS, uploads=PHOTOS, others_need=True)
def upload(target: TargetPipeline) -> Steps[str]:
    """Photos that are uploaded are recognized, by every detector of the deployment."""
    keys = [target.key(f"photo {number}.jpg") for number in range(PHOTOS)]
    for key in keys:
        target.upload_new(key)
    records = yield from target.recognized(*keys)
    counts = ", ".join(str(len(records[key].findings.labels)) for key in keys)
    return f"labels found: {counts}"


@check(contents=2, uploads=2)
def overwrite(target: TargetPipeline) -> Steps[None]:
    """Of two photos that are uploaded to one key, one right after the other, the newer wins."""
    key = target.key("overwritten.jpg")
    target.upload_new(key)
    target.upload_new(key)
    yield from target.recognized(key)


@check(uploads=3)
def copy_and_rename(target: TargetPipeline) -> Steps[None]:
    """A copy and a rename are recognized, and asked about again only where answers are not shared."""
    original, copied, renamed = (target.key(f"{name}.jpg") for name in ("original", "copied", "renamed"))
    target.upload(original, target.known_photo)
    first = (yield from target.recognized(original))[original]
    before = target.called_at(first)
    target.copy(original, copied)
    target.copy(original, renamed)
    target.delete(original)
    records = yield from target.recognized(copied, renamed)
    yield from target.deleted(original)
    after = [target.called_at(records[key]) for key in (copied, renamed)]
    kept_by = {record.content_id for record in (first, *records.values())}
    is_as_wanted = (
        all(calls == before for calls in after)
        if target.shares_answers
        else len(kept_by) == 1 + len(after) and all(calls.keys() == before.keys() for calls in after)
    )
    if before.keys() != target.fingerprints.keys() or not is_as_wanted:
        raise CheckFailedError(
            f"detectors were asked at {dict(before)}, and then at {list(map(dict, after))}"
        )


@check(uploads=1)
def delete(target: TargetPipeline) -> Steps[None]:
    """A photo that is deleted is known as deleted, and announced so."""
    key = target.key("deleted.jpg")
    target.upload(key, target.known_photo)
    yield from target.recognized(key)
    target.delete(key)
    yield from target.deleted(key)

    def missing() -> list[str]:
        said = {announced["status"] for announced in target.inbox.heard.values() if announced["key"] == key}
        return [] if Status.DELETED in said else [f"the completion that {target.named(key)} was deleted"]

    yield from target.until(missing)


@check(uploads=len(HOSTILE) + 2)
def hostile_keys(target: TargetPipeline) -> Steps[str]:
    """Photos are recorded under exactly their keys: spaces, +, %, emoji, quotes, a=b&c, 1,024 bytes long."""
    keys = [target.key(name) for name in HOSTILE]
    ending = target.key(".jpg").removeprefix(target.prefix)
    keys.append(longest(f"{target.prefix}long/", ending))
    for key in keys:
        target.upload(key, target.known_photo)
    if target.is_taken_by_s3(target.key(LINE_FEED), target.known_photo):
        keys.append(target.key(LINE_FEED))
    yield from target.recognized(*keys)
    return f"{len(keys)} keys" + ("" if LINE_FEED in keys[-1] else "; S3 does not take a line feed")


@check(contents=2, uploads=2)
def broken_files(target: TargetPipeline) -> Steps[str]:
    """A text named .jpg and a JPEG that is cut off are rejected, with the reason."""
    text, cut = target.key("text.jpg"), target.key("cut off.jpg")
    target.upload(text, f"this is not a picture, but a text of {target.prefix}\n".encode() * 20)
    target.upload(cut, target.photos.cut_off())
    records = yield from target.rejected(text, cut)
    reasons = [record.rejection for record in records.values() if record.rejection is not None]
    if not all(reason.code and reason.message for reason in reasons):
        raise CheckFailedError(f"there is a rejection without a reason: {reasons}")
    return ", ".join(sorted({reason.code for reason in reasons}))


@check(contents=1, uploads=1, of_films=True)
def film(target: TargetPipeline) -> Steps[str]:
    """A film of one picture (JPEGs in an AVI) is recognized by its frames."""
    key = target.key("film.avi")
    target.upload(key, film_of(target.photos.new()))
    record = (yield from target.recognized(key))[key]
    facts = record.findings.photo
    if facts is None or facts.duration_seconds is None:
        raise CheckFailedError(f"{target.named(key)} was recognized, and not as a film")
    return f"{facts.duration_seconds:g} s, labels found: {len(record.findings.labels)}"


@check()
def answers(target: TargetPipeline) -> Steps[str]:
    """The API answers what the table says of every key, knows nothing of deleted ones, and lists the rest."""
    yield from target.until(lambda: not_as_expected(target))
    records = target.records(target.expected)
    for key, etag in target.expected.items():
        status, answer = target.ask("/images", key=key)
        if etag is None:
            target.require(status == HTTPStatus.NOT_FOUND, key, f"was deleted, and the API answers {status}")
        else:
            target.require(status == HTTPStatus.OK, key, f"has a record, and the API answers {status}")
            different = differences(answer, target.shown(records[key]))
            target.require(
                not different, key, f"is answered otherwise than the table says: {', '.join(different)}"
            )
    there = {key for key, record in records.items() if record.status is Status.RECOGNIZED}

    def missing() -> Iterator[str]:
        listed = set(listing(target))
        yield from (f"{target.named(key)} in the list" for key in sorted(there - listed))
        yield from (f"that {target.named(key)} leaves the list" for key in sorted(listed - there))

    yield from target.until(missing)
    return f"{len(target.expected)} keys asked for, {len(there)} listed"


@check()
def completions(target: TargetPipeline) -> Steps[str]:
    """Every record that was seen was announced at least once, saying what the table says."""
    yield from target.until(
        lambda: [
            f"the completion of {target.named(record.key)} as {record.status}"
            for identifier, record in target.seen.items()
            if identifier not in target.inbox.heard
        ]
    )
    for identifier, record in target.seen.items():
        wanted, heard = target.announcement(record).body, target.inbox.heard[identifier]
        different = sorted(name for name in wanted | heard if wanted.get(name) != heard.get(name))
        target.require(
            not different, record.key, f"was announced with another {', '.join(different)} than the table has"
        )
    return f"{len(target.seen)} announced"


def longest(beginning: str, ending: str = ".jpg") -> str:
    """Return a key of as many bytes as S3 takes."""
    return beginning + "n" * (MOST_KEY_BYTES - len((beginning + ending).encode())) + ending


def not_as_expected(target: TargetPipeline) -> Iterator[str]:
    """Yield the keys whose record is not that of their object, at the end, when all events have come."""
    records = target.records(target.expected)
    for key, etag in target.expected.items():
        record = records.get(key)
        is_gone = record is None or record.status is Status.DELETED
        if is_gone != (etag is None) or (record is not None and not is_gone and record.version.etag != etag):
            yield f"the record of {target.named(key)}"


def listing(target: TargetPipeline) -> Iterator[str]:
    """Yield the keys of this run that the API lists, page by page."""
    cursor: dict[str, str] = {}
    while True:
        _, page = target.ask("/images", prefix=target.prefix, limit=PAGE, **cursor)
        yield from (image["key"] for image in page["images"])
        if page["cursor"] is None:
            return
        cursor = {"cursor": page["cursor"]}


def differences(answer: Mapping[str, Any], record: ImageRecord) -> list[str]:
    """Return what an answer of the API says otherwise than the record."""
    rejection = record.rejection
    wanted = {
        "key": record.key,
        "status": str(record.status),
        "uploaded_at": record.version.uploaded_at,
        "size_bytes": record.version.size_bytes,
        "faces": record.findings.faces,
        "rejection": rejection and {"code": rejection.code, "message": rejection.message},
    }
    told = {name: answer.get(name) for name in wanted}
    if isinstance(told["rejection"], dict):
        told["rejection"] = {name: told["rejection"].get(name) for name in ("code", "message")}
    different = [name for name, value in wanted.items() if told[name] != value]
    if {label["name"] for label in answer.get("labels", [])} != set(record.findings.labels):
        different.append("labels")
    return different
