"""Which format a file is in, by its bytes alone: names lie."""

import io
import struct
from typing import IO

from processors.pictures.errors import INVALID_FORMAT, RefusedError

# A file that can be sought in.
Seekable = IO[bytes] | io.BufferedIOBase

# How much of a file tells.
BEGINNING_BYTES = 512

_BEGINNINGS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
# What a reader may have taken for a photo, by what it begins with, and how to call it.
_OTHERS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive",
    b"\x1aE\xdf\xa3": "a Matroska or WebM video",
    b"<?xml": "an XML document",
    b"<svg": "an SVG drawing",
    b"<!DOCTYPE": "an HTML page",
    b"<html": "an HTML page",
    b"8BPS": "a Photoshop document",
    b"\0\0\1\0": "an icon",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture",
    b"FUJIFILMCCD-RAW": "a raw picture of a Fujifilm camera",
    b"IIU\0": "a raw picture of a Panasonic camera",
    b"IIRO": "a raw picture of an Olympus camera",
    b"IIRS": "a raw picture of an Olympus camera",
    b"FOVb": "a raw picture of a Sigma camera",
    b"RIFF": "a RIFF file that is no WebP picture, of sound or video",
    b"ID3": "a piece of music",
}
# Brands of ISO media files: https://mp4ra.org/registered-types/brands. The major brand of a phone's photo is
# often a general one, and the compatible brands tell what is in it.
_AVIF = frozenset({b"avif", b"avis"})
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_GENERAL = frozenset({b"mif1", b"msf1", b"mif2", b"miaf"})
_CR3 = b"crx "
_MOST_BRANDS = 64


# Brands of what has sound alone are films to nobody; the films function says so.
_MATROSKA, _WEBM = b"\x1aE\xdf\xa3", b"webm"
_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_PHOTOGRAPHIC = _AVIF | _HEIF | _GENERAL | {_CR3}


def film_format(beginning: bytes) -> str | None:
    """Return what kind of film a file is by its bytes; None where it is none."""
    if beginning.startswith(_MATROSKA):
        return "WEBM" if _WEBM in beginning[:64] else "MKV"
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"AVI ":
        return "AVI"
    if beginning[4:8] == b"ftyp":
        major, brands = _brands(beginning)
        if (brands | {major}) & _PHOTOGRAPHIC:
            return None
        return "MOV" if major == b"qt  " else "MP4"
    return "MOV" if beginning[4:8] in _QUICKTIME else None


def format_of(beginning: bytes) -> str:
    """Return Pillow's name of the format. Raise RefusedError where it is none that is read here."""
    for signature, name in _BEGINNINGS.items():
        if beginning.startswith(signature):
            return name
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"WEBP":
        return "WEBP"
    if beginning[4:8] == b"ftyp":
        return _media_format(beginning)
    looks_like = next((what for start, what in _OTHERS.items() if beginning.startswith(start)), None)
    raise refused(f"it is {looks_like}" if looks_like else "its bytes are in no format that is known here")


def refused(reason: str) -> RefusedError:
    return RefusedError(
        INVALID_FORMAT, f"{reason}; upload it as JPEG, PNG, HEIC, AVIF, WebP, TIFF, GIF or BMP"
    )


def _media_format(beginning: bytes) -> str:
    major, compatible = _brands(beginning)
    for named in ({major}, compatible):
        if named & _AVIF:
            return "AVIF"
        if named & _HEIF:
            return "HEIF"
    if major == _CR3:
        raise refused("it is a raw picture of a Canon camera (CR3)")
    if _GENERAL & (compatible | {major}):
        return "HEIF"
    raise refused(f"it is a video, or another media file, of the brand {major.decode('ascii', 'replace')!r}")


def _brands(beginning: bytes) -> tuple[bytes, set[bytes]]:
    """Return the major brand of a media file, and those that it is compatible with."""
    (size,) = struct.unpack(">I", beginning[:4])
    brands = beginning[8 : min(size, len(beginning), 16 + 4 * _MOST_BRANDS)]
    return brands[:4], {brands[place : place + 4] for place in range(8, len(brands) - 3, 4)}


def read_exactly(file: Seekable, place: int, size: int) -> bytes:
    """Return bytes of a file. Raise EOFError where it ends before."""
    file.seek(place)
    content = file.read(size)
    if len(content) < size:
        raise EOFError(f"the file ends before byte {place + size}")
    return content
