"""Duplicates and bursts as one page that needs nothing from anywhere else: its pictures are in it."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from contract.terminal import printable
from operations.duplicates.photos import Burst, ComparedPhoto, DuplicateGroup, DuplicateTotals
from operations.terminal import size

# Of one group; the others are counted.
MOST_OF_A_GROUP = 12
_MOST_BYTES = 300_000
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1c2024}
section{border-top:1px solid #d8dce0;padding:.8rem 0}
h1{font-size:1.5rem}
h3{font-size:1rem;margin:.2rem 0 .6rem}
.row{display:flex;flex-wrap:wrap;gap:.8rem}
figure{margin:0;width:11rem}
img,.none{width:11rem;height:8.5rem;object-fit:contain;background:#eef0f2;border-radius:4px;display:block}
.none{line-height:8.5rem;text-align:center;color:#70767c}
figcaption{font-size:.8rem;overflow-wrap:anywhere}
.kept img,.kept .none{outline:3px solid #2a7d46}
.kept b{color:#2a7d46}
@media(prefers-color-scheme:dark){
body{color:#e4e7ea;background:#15181b}section{border-color:#33383d}img,.none{background:#23282d}
.kept b{color:#6fce8f}}
"""

# Returns the bytes of thumbnails by their keys; None where there is none.
ReadPictures = Callable[[Sequence[str]], Iterable[bytes | None]]


def html_page(
    totals: DuplicateTotals,
    groups: Iterable[DuplicateGroup],
    bursts: Iterable[Burst],
    read: ReadPictures,
    most_pictures: int,
) -> Iterator[str]:
    """Yield the page. It shows at most so many pictures of groups, and as many of bursts."""
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Duplicates</title><style>{_STYLE}</style></head><body><h1>Duplicates</h1>"
        f"<p>{totals.photos:,} photos; {totals.groups:,} groups, in which {totals.duplicates:,} photos could "
        f"go: {size(totals.saved_bytes)}, {size(totals.exact_saved_bytes)} of it exact copies. "
        "Nothing was deleted.</p>"
    )
    yield from _sections(
        "Groups",
        ((_title(group), group.photos, group.kept, group) for group in groups),
        read,
        most_pictures,
    )
    yield from _sections(
        "Bursts",
        (
            (f"{len(burst.photos)} photos; the sharpest is marked", burst.photos, burst.sharpest, None)
            for burst in bursts
        ),
        read,
        most_pictures,
    )
    yield "</body></html>\n"


def _title(group: DuplicateGroup) -> str:
    kind = "Exact copies" if group.is_exact else "Near duplicates"
    return f"{kind}: {len(group.photos):,} photos, {size(group.saved_bytes)} could be saved"


def _sections(
    heading: str,
    shown: Iterable[tuple[str, Sequence[ComparedPhoto], ComparedPhoto, DuplicateGroup | None]],
    read: ReadPictures,
    most_pictures: int,
) -> Iterator[str]:
    left = most_pictures
    yield f"<h2>{heading}</h2>"
    for number, (title, photos, marked, group) in enumerate(shown):
        some = _some(photos, marked)
        if left < len(some):
            yield "<p>There are more, which this page does not show.</p>"
            return
        left -= len(some)
        pictures = dict(
            zip(keys := [each.thumbnail for each in some if each.thumbnail], read(keys), strict=True)
        )
        figures = "".join(
            _figure(photo, pictures.get(photo.thumbnail or ""), group, is_marked=photo == marked)
            for photo in some
        )
        more = len(photos) - len(some)
        others = f"<p>and {more:,} more</p>" if more else ""
        yield f'<section id="{heading.lower()}-{number}"><h3>{escape(title)}</h3>'
        yield f'<div class="row">{figures}</div>{others}</section>'
    if left == most_pictures:
        yield "<p>None.</p>"


def _some(photos: Sequence[ComparedPhoto], marked: ComparedPhoto) -> list[ComparedPhoto]:
    """Return as many as are shown, the marked one among them."""
    first = list(photos[:MOST_OF_A_GROUP])
    return first if marked in first else [marked, *first[:-1]]


def _figure(
    photo: ComparedPhoto, picture: bytes | None, group: DuplicateGroup | None, *, is_marked: bool
) -> str:
    shown = '<div class="none">no picture</div>'
    if picture is not None and is_webp(picture):
        shown = f'<img alt="" src="data:image/webp;base64,{b64encode(picture).decode()}">'
    told = [size(photo.size_bytes)]
    if photo.width:
        told.append(f"{photo.width} by {photo.height}")
    if group is not None and (distance := group.distance(photo)):
        told.append(f"differs in {distance} bits")
    if photo.taken_at:
        told.append(photo.taken_at.replace("T", " "))
    word = ("<b>keep</b> " if group is not None else "<b>sharpest</b> ") if is_marked else ""
    mark = ' class="kept"' if is_marked else ""
    return (
        f"<figure{mark}>{shown}<figcaption>{word}{escape(printable(photo.key))}<br>{escape(', '.join(told))}"
        "</figcaption></figure>"
    )


def is_webp(picture: bytes) -> bool:
    """Return whether these are the bytes of a WebP of a thumbnail's size."""
    return len(picture) <= _MOST_BYTES and picture[:4] == b"RIFF" and picture[8:12] == b"WEBP"
