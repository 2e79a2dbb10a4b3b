"""XMP, within a photo or beside it: the few properties that are kept, read by expat without entities.

https://developer.adobe.com/xmp/docs/XMPSpecifications/
"""

from collections import defaultdict
from collections.abc import Mapping
from xml.parsers import expat

MOST_BYTES = 4 * 1024 * 1024
_MOST_DEPTH = 32
_MOST_VALUES = 256
_MOST_CHARACTERS = 4096

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DESCRIPTION, _ITEM, _ABOUT = f"{_RDF} Description", f"{_RDF} li", f"{_RDF} about"
_PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://purl.org/dc/elements/1.1/": "dc",
}

Properties = Mapping[str, list[str]]


class _RefusedXmlError(Exception):
    """The document declares a type, goes too deep or holds too much."""


def read_properties(document: bytes | None) -> Properties:
    """Return the values of the known properties by prefix and name, as `xmp:Rating`; none of a broken one."""
    if not document or len(document) > MOST_BYTES:
        return {}
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reading.refuse
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(document.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, _RefusedXmlError, ValueError, LookupError):
        return {}
    return reading.found


class _Reading:
    """Gathers the properties of a document: attributes of a description, elements in it, items of these."""

    def __init__(self) -> None:
        self.found: defaultdict[str, list[str]] = defaultdict(list)
        self._path: list[str] = []
        self._text = ""
        self._count = 0

    def refuse(self, *_: object) -> None:
        raise _RefusedXmlError

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _MOST_DEPTH:
            raise _RefusedXmlError
        self._text = ""
        if name == _DESCRIPTION:
            for attribute, value in attributes.items():
                self._add(attribute, value)

    def text(self, characters: str) -> None:
        if len(self._text) < _MOST_CHARACTERS:
            self._text += characters

    def end(self, name: str) -> None:
        self._path.pop()
        text, self._text = self._text.strip(), ""
        if not text:
            return
        if name == _ITEM:
            # Within a bag, a sequence or alternatives, within the property.
            if len(self._path) >= 2:  # noqa: PLR2004
                self._add(self._path[-2], text)
        elif self._path and self._path[-1] == _DESCRIPTION:
            self._add(name, text)

    def _add(self, name: str, value: str) -> None:
        space, _, local = name.rpartition(" ")
        prefix = _PREFIXES.get(space)
        if prefix is None:
            return
        self._count += 1
        if self._count > _MOST_VALUES:
            raise _RefusedXmlError
        self.found[f"{prefix}:{local}"].append(value[:_MOST_CHARACTERS])
