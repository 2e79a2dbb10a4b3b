"""Reading named arrays out of a shared library's data section, as data: nothing of it is executed."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMBOL_TABLE = 2
_OBJECT = 1


class UnreadableLibraryError(Exception):
    """Not a 64-bit little-endian ELF file with a symbol table."""


@dataclass(frozen=True)
class _Section:
    kind: int
    address: int
    offset: int
    size: int
    link: int


def _text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode()


def read_float_arrays(path: Path) -> dict[str, NDArray[np.float32]]:
    """Each named data object of the library as float32 numbers (the ELF-64 object file format).

    Raises `UnreadableLibraryError`.
    """
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise UnreadableLibraryError(f"{path.name} is not a 64-bit ELF library")
    header = _HEADER.unpack_from(data)
    table, count = header[6], header[12]
    sections = []
    for index in range(count):
        _, kind, _, address, offset, size, link, *_ = _SECTION.unpack_from(
            data, table + index * _SECTION.size
        )
        sections.append(_Section(kind, address, offset, size, link))
    symbols = next((section for section in sections if section.kind == _SYMBOL_TABLE), None)
    if symbols is None:
        raise UnreadableLibraryError(f"{path.name} names no symbols")
    names = sections[symbols.link].offset
    arrays = {}
    for place in range(symbols.offset, symbols.offset + symbols.size, _SYMBOL.size):
        name, info, _, index, address, size = _SYMBOL.unpack_from(data, place)
        if info & 0xF != _OBJECT or not 0 < index < len(sections) or size % 4:
            continue
        home = sections[index]
        start = home.offset + address - home.address
        if start + size <= len(data):
            arrays[_text(data, names + name)] = np.frombuffer(
                data, dtype="<f4", count=size // 4, offset=start
            )
    return arrays
