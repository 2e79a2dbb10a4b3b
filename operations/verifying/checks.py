"""The checks, in the order in which they are made. To add one, write one more function here.

Its name is the check's name and its docstring what it promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from contract.records import ImageRecord, Status
from operations.verifying.checking import Check, named
from operations.verifying.site import CheckFailedError, Site

CHECKS: list[Check] = []
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

Function = Callable[[Site], str | None]


def check(
    *, contents: int = 0, uploads: int = 0, others_need: bool = False
) -> Callable[[Function], Function]:
    """Make a check of the function below; see Check for what the numbers are."""

    def add(function: Function) -> Function:
        CHECKS.append(named(function, contents=contents, uploads=uploads, others_need=others_need))
        return function

    return add


@check(uploads=1, others_need=True)
def completions_arrive(site: Site) -> None:
    """An empty file, which needs no call, is announced to a queue that has just been subscribed."""
    key = site.key("empty.jpg")
    site.upload(key, b"")

    def missing() -> list[str]:
        return [] if site.inbox.has_heard_of(key) else [f"a completion of {site.named(key)}"]

    site.until(missing, again=lambda: site.upload(key, b""))
    site.rejected(key)


@check(contents=PHOTOS, uploads=PHOTOS, others_need=True)
def upload(site: Site) -> str:
    """Photos that are uploaded are recognized, by every detector of the deployment."""
    keys = [site.key(f"photo {number}.jpg") for number in range(PHOTOS)]
    for key in keys:
        site.upload_new(key)
    records = site.recognized(*keys)
    counts = ", ".join(str(len(records[key].findings.labels)) for key in keys)
    return f"labels found: {counts}"


@check(contents=2, uploads=2)
def overwrite(site: Site) -> None:
    """Of two photos that are uploaded to one key, one right after the other, the newer wins."""
    key = site.key("overwritten.jpg")
    site.upload_new(key)
    site.upload_new(key)
    site.recognized(key)


@check(uploads=3)
def copy_and_rename(site: Site) -> None:
    """A copy and a rename are recognized, and asked about again only where answers are not shared."""
    original, copied, renamed = (site.key(f"{name}.jpg") for name in ("original", "copied", "renamed"))
    site.upload(original, site.known_photo)
    first = site.recognized(original)[original]
    before = site.called_at(first)
    site.copy(original, copied)
    site.copy(original, renamed)
    site.delete(original)
    records = site.recognized(copied, renamed)
    site.deleted(original)
    after = [site.called_at(records[key]) for key in (copied, renamed)]
    kept_by = {record.content_id for record in (first, *records.values())}
    is_as_wanted = (
        all(calls == before for calls in after)
        if site.shares_answers
        else len(kept_by) == 1 + len(after) and all(calls.keys() == before.keys() for calls in after)
    )
    if before.keys() != site.fingerprints.keys() or not is_as_wanted:
        raise CheckFailedError(
            f"detectors were asked at {dict(before)}, and then at {list(map(dict, after))}"
        )


@check(uploads=1)
def delete(site: Site) -> None:
    """A photo that is deleted is known as deleted, and announced so."""
    key = site.key("deleted.jpg")
    site.upload(key, site.known_photo)
    site.recognized(key)
    site.delete(key)
    site.deleted(key)

    def missing() -> list[str]:
        said = {announced["status"] for announced in site.inbox.heard.values() if announced["key"] == key}
        return [] if Status.DELETED in said else [f"the completion that {site.named(key)} was deleted"]

    site.until(missing)


@check(uploads=len(HOSTILE) + 2)
def hostile_keys(site: Site) -> str:
    """Photos are recorded under exactly their keys: spaces, +, %, emoji, quotes, a=b&c, 1,024 bytes long."""
    keys = [site.key(name) for name in HOSTILE]
    keys.append(longest(site.key("long/")))
    for key in keys:
        site.upload(key, site.known_photo)
    if site.is_taken_by_s3(site.key(LINE_FEED), site.known_photo):
        keys.append(site.key(LINE_FEED))
    site.recognized(*keys)
    return f"{len(keys)} keys" + ("" if LINE_FEED in keys[-1] else "; S3 does not take a line feed")


@check(contents=2, uploads=2)
def broken_files(site: Site) -> str:
    """A text named .jpg and a JPEG that is cut off are rejected, with the reason."""
    text, cut = site.key("text.jpg"), site.key("cut off.jpg")
    site.upload(text, f"this is not a picture, but a text of {site.prefix}\n".encode() * 20)
    site.upload(cut, site.photos.cut_off())
    records = site.rejected(text, cut)
    reasons = [record.rejection for record in records.values() if record.rejection is not None]
    if not all(reason.code and reason.message for reason in reasons):
        raise CheckFailedError(f"there is a rejection without a reason: {reasons}")
    return ", ".join(sorted({reason.code for reason in reasons}))


@check()
def answers(site: Site) -> str:
    """The API answers what the table says of every key, knows nothing of deleted ones, and lists the rest."""
    site.until(lambda: not_as_expected(site))
    records = site.records(site.expected)
    for key, etag in site.expected.items():
        status, answer = site.ask("/images", key=key)
        if etag is None:
            site.require(status == HTTPStatus.NOT_FOUND, key, f"was deleted, and the API answers {status}")
        else:
            site.require(status == HTTPStatus.OK, key, f"has a record, and the API answers {status}")
            different = differences(answer, records[key])
            site.require(
                not different, key, f"is answered otherwise than the table says: {', '.join(different)}"
            )
    there = {key for key, record in records.items() if record.status is Status.RECOGNIZED}

    def missing() -> Iterator[str]:
        listed = set(listing(site))
        yield from (f"{site.named(key)} in the list" for key in sorted(there - listed))
        yield from (f"that {site.named(key)} leaves the list" for key in sorted(listed - there))

    site.until(missing)
    return f"{len(site.expected)} keys asked for, {len(there)} listed"


@check()
def completions(site: Site) -> str:
    """Every record that was seen was announced at least once, saying what the table says."""
    site.until(
        lambda: [
            f"the completion of {site.named(record.key)} as {record.status}"
            for identifier, record in site.seen.items()
            if identifier not in site.inbox.heard
        ]
    )
    for identifier, record in site.seen.items():
        wanted, heard = site.announcement(record).body, site.inbox.heard[identifier]
        different = sorted(name for name in wanted | heard if wanted.get(name) != heard.get(name))
        site.require(
            not different,
            record.key,
            f"was announced with another {', '.join(different)} than the table has",
        )
    return f"{len(site.seen)} announced"


def longest(beginning: str) -> str:
    """Return a key of as many bytes as S3 takes."""
    ending = ".jpg"
    return beginning + "n" * (MOST_KEY_BYTES - len((beginning + ending).encode())) + ending


def not_as_expected(site: Site) -> Iterator[str]:
    """Name the keys whose record is not that of their object, at the end, when all events have come."""
    records = site.records(site.expected)
    for key, etag in site.expected.items():
        record = records.get(key)
        is_gone = record is None or record.status is Status.DELETED
        if is_gone != (etag is None) or (record is not None and not is_gone and record.version.etag != etag):
            yield f"the record of {site.named(key)}"


def listing(site: Site) -> Iterator[str]:
    """Yield the keys of this run that the API lists, page by page."""
    cursor: dict[str, str] = {}
    while True:
        _, page = site.ask("/images", prefix=site.prefix, limit=PAGE, **cursor)
        yield from (image["key"] for image in page["images"])
        if page["cursor"] is None:
            return
        cursor = {"cursor": page["cursor"]}


def differences(answer: Mapping[str, Any], record: ImageRecord) -> list[str]:
    """Name what an answer of the API says otherwise than the record."""
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
