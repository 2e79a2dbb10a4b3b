"""IPTC's older tags, which photo desks write: keywords, and when a picture was made.

https://www.iptc.org/std/IIM/4.2/specification/IIMV4.2.pdf
"""

import struct
from typing import NamedTuple

_MARK = 0x1C
_KEYWORD, _DATE, _TIME = (2, 25), (2, 55), (2, 60)
_CODED_CHARACTERS, _UTF8 = (1, 90), b"\x1b%G"
_MOST_FIELDS = 4096
_LONG_FIELD = 0x8000


class IptcTags(NamedTuple):
    """The tags that are kept, as text."""

    keywords: tuple[str, ...] = ()
    date: str | None = None
    time: str | None = None


def read_iptc(block: bytes | None) -> IptcTags:
    """Read what a block holds up to where it is broken."""
    fields: list[tuple[tuple[int, int], bytes]] = []
    place = 0
    while block and place + 5 <= len(block) and block[place] == _MARK and len(fields) < _MOST_FIELDS:
        record, number, size = struct.unpack(">BBH", block[place + 1 : place + 5])
        if size & _LONG_FIELD or place + 5 + size > len(block):
            break
        fields.append(((record, number), block[place + 5 : place + 5 + size]))
        place += 5 + size
    is_utf8 = (_CODED_CHARACTERS, _UTF8) in fields

    def text(value: bytes) -> str:
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("utf-8" if is_utf8 else "latin-1", "replace")

    found = {name: text(value) for name, value in fields}
    return IptcTags(
        keywords=tuple(text(value) for name, value in fields if name == _KEYWORD),
        date=found.get(_DATE),
        time=found.get(_TIME),
    )
