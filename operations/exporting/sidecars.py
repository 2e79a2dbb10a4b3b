"""XMP sidecars beside photos: keywords, rating, capture time, and faces as regions of the MWG.

https://developer.adobe.com/xmp/docs/XMPSpecifications/
https://exiftool.org/TagNames/MWG.html

A region is in the coordinates of the stored picture, before EXIF's orientation turns it, as digiKam writes
and Immich reads it; our boxes are those of the displayed one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from contract.photos import PhotoFacts
from contract.records import key_digest
from operations.adapters.dynamodb_photos import BROKEN
from operations.exporting.files import partial_of, told_of
from operations.exporting.photos import Box, ExportedPhoto
from operations.exporting.writers import WITHOUT_SIZE
from operations.terminal import OperatorError, remark

RENAMED = "written under another name"
# Only so many are told one by one.
MOST_TOLD = 10
# File systems take names of 255 bytes; the ending, a digest and what is unfinished need some of them.
_NAME_BYTES = 210
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_REFUSED = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f]')
# https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A sidecar of ours says whose it is at its beginning.
_LOOKED_AT = 4096
# EXIF's orientations that exchange width and height.
_ON_ITS_SIDE = 5
_NAMESPACES = """\
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/"
    xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#"
    xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#\""""


class StoredArea(NamedTuple):
    """A region of the stored picture, by its middle; ratios of its width and height."""

    x: float
    y: float
    width: float
    height: float


def stored_area(box: Box, orientation: int) -> StoredArea:
    """Return where a box of the displayed picture is in the stored one."""
    x, y = box.left + box.width / 2, box.top + box.height / 2
    x, y = {
        1: (x, y),
        2: (1 - x, y),
        3: (1 - x, 1 - y),
        4: (x, 1 - y),
        5: (y, x),
        6: (y, 1 - x),
        7: (1 - y, 1 - x),
        8: (1 - y, x),
    }[orientation]
    sides = (box.width, box.height) if orientation < _ON_ITS_SIDE else (box.height, box.width)
    return StoredArea(x, y, *sides)


def sidecar_path(key: str) -> Path:
    """Return where the sidecar of a key goes below a folder: beside where `aws s3 sync` puts the photo.

    What no file system takes, or what would lead elsewhere, is replaced; then the name has a digest of the
    key, by which two keys do not meet.
    """
    names = key.split("/")
    safe = [_safe_name(name) for name in names]
    if safe == names:
        return Path(*safe[:-1], f"{safe[-1]}.xmp")
    return Path(*safe[:-1], f"{safe[-1]}-{key_digest(key)}.xmp")


def _safe_name(name: str) -> str:
    safe = _REFUSED.sub("_", name)
    safe = "".join(letter if letter.isprintable() else "_" for letter in safe)
    if safe in ("", ".", ".."):
        return "_"
    if _RESERVED.fullmatch(safe.rstrip(". ")):
        safe = f"_{safe}"
    if safe.endswith((".", " ")):
        safe = f"{safe[:-1]}_"
    # Cut between characters.
    return safe.encode()[:_NAME_BYTES].decode(errors="ignore")


def identifier(key: str) -> str:
    """Return what a sidecar of ours is known by as that of a key, whatever its name became."""
    return f"imagepipe:{key_digest(key)}"


def sidecar(photo: ExportedPhoto, bucket: str) -> str:
    """Return the sidecar of a photo."""
    facts = photo.facts
    inner = "\n".join(
        [
            _element("dc:identifier", identifier(photo.key)),
            _element("dc:source", f"s3://{bucket}/{photo.key}"),
            *_subjects(photo),
            *(_of_file(facts) if facts else ()),
            *(_regions(photo, facts) if facts else ()),
        ]
    )
    return f"""\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
{_NAMESPACES}>
{inner}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def _element(name: str, text: str) -> str:
    return f"   <{name}>{escape(_NOT_XML.sub('', text))}</{name}>"


def _subjects(photo: ExportedPhoto) -> Iterator[str]:
    """Yield the keywords: those that the file has, and the labels, each once."""
    own = photo.facts.keywords if photo.facts else ()
    names: dict[str, str] = {}
    for name in (*own, *(name for name, _ in photo.labels)):
        names.setdefault(name.casefold(), name)
    if names:
        yield "   <dc:subject><rdf:Bag>"
        yield from (_element("rdf:li", name) for name in names.values())
        yield "   </rdf:Bag></dc:subject>"


def _of_file(facts: PhotoFacts) -> Iterator[str]:
    if facts.rating is not None:
        yield _element("xmp:Rating", str(facts.rating))
    if facts.taken_at is not None:
        taken_at = facts.taken_at + (facts.taken_zone or "")
        yield _element("exif:DateTimeOriginal", taken_at)
        yield _element("photoshop:DateCreated", taken_at)


def _regions(photo: ExportedPhoto, facts: PhotoFacts) -> Iterator[str]:
    try:
        faces = photo.face_boxes()
    except BROKEN:
        return
    if not faces:
        return
    sides = (facts.width, facts.height)
    width, height = sides if facts.orientation < _ON_ITS_SIDE else reversed(sides)
    yield '   <mwg-rs:Regions rdf:parseType="Resource">'
    yield (
        f'   <mwg-rs:AppliedToDimensions stDim:w="{width}" stDim:h="{height}" stDim:unit="pixel"/>\n'
        "   <mwg-rs:RegionList><rdf:Bag>"
    )
    for face in faces:
        area = stored_area(face.box, facts.orientation)
        yield (
            '   <rdf:li><rdf:Description mwg-rs:Type="Face"><mwg-rs:Area '
            f'stArea:x="{area.x:.6f}" stArea:y="{area.y:.6f}" '
            f'stArea:w="{area.width:.6f}" stArea:h="{area.height:.6f}" stArea:unit="normalized"/>'
            "</rdf:Description></rdf:li>"
        )
    yield "   </rdf:Bag></mwg-rs:RegionList>"
    yield "   </mwg-rs:Regions>"


class SidecarFolder:
    """Sidecars below a folder, each written whole. One that is there and is not that key's is left alone."""

    def __init__(self, folder: Path, bucket: str) -> None:
        if folder.exists() and not folder.is_dir():
            raise OperatorError(f"{folder} is a file; name a folder for the sidecars")
        self._folder, self._bucket = folder, bucket
        self._told = 0

    def write(self, photos: Sequence[ExportedPhoto]) -> Mapping[str, int]:
        renamed = sum(self._write(photo) for photo in photos)
        without_size = sum(photo.facts is None for photo in photos)
        counts = {RENAMED: renamed, f"{WITHOUT_SIZE}: no faces": without_size}
        return {reason: count for reason, count in counts.items() if count}

    def _write(self, photo: ExportedPhoto) -> bool:
        """Write a sidecar; return whether it has another name than its photo."""
        for path in self._places(photo.key):
            if not self._is_free(path, photo.key):
                continue
            text = sidecar(photo, self._bucket)
            partial = partial_of(path)
            with told_of(path):
                partial.write_text(text, encoding="utf-8")
                partial.replace(path)
            is_renamed = str(path) != f"{self._folder}/{photo.key}.xmp"
            if is_renamed:
                self._tell(photo.key, path)
            return is_renamed
        raise OperatorError(
            f"no sidecar of {photo.key} can be written below {self._folder}: all its names are taken"
        )

    def _places(self, key: str) -> Iterable[Path]:
        """Yield where a sidecar may go: at its name, beside it, or where a file is in a folder's way."""
        path = self._folder / sidecar_path(key)
        yield path
        yield path.with_name(f"{path.stem}-{key_digest(key)}.xmp")
        yield self._folder / f"{key_digest(key)}.xmp"

    def _is_free(self, path: Path, key: str) -> bool:
        """Return whether nothing is there, or what was written for this key; its folder is made."""
        mark = f"<dc:identifier>{identifier(key)}</dc:identifier>".encode()
        with told_of(path):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("rb") as there:
                    return mark in there.read(_LOOKED_AT)
            except FileNotFoundError:
                return True
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                return False

    def _tell(self, key: str, path: Path) -> None:
        self._told += 1
        if self._told <= MOST_TOLD:
            remark(f"The sidecar of {key} is {path.relative_to(self._folder)}")

    def sync(self) -> tuple[Mapping[str, int], Mapping[str, Any]]:
        return {}, {}

    def finish(self) -> None:
        pass

    def close(self) -> None:
        pass
