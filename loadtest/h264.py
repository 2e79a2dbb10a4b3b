"""Small H.264 films in MP4, made of pictures: no encoder is at hand whose licence one need not think about.

Every frame is an IDR picture of macroblocks of type I_PCM, which are the pixels themselves (H.264, 7.3.5).
Beside them, films of a codec that jobs of Rekognition do not read.
"""

import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageOps

from loadtest import ROOT

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGES = ROOT / "images"
WIDTH, HEIGHT = 320, 240
_TIMESCALE = 1000
_BLOCK = 16
# Three bytes that begin with two zeros mean something else (H.264, 7.4.1.1).
_ZEROS_BEFORE_ESCAPE, _ESCAPE = 2, 3


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def fixed(self, value: int, length: int) -> None:
        self.text += f"{value:0{length}b}" if length else ""

    def ue(self, *values: int) -> None:
        for value in values:
            binary = f"{value + 1:b}"
            self.text += "0" * (len(binary) - 1) + binary

    def aligned(self) -> bytes:
        self.text += "0" * (-len(self.text) % 8)
        return bytes(int(self.text[at : at + 8], 2) for at in range(0, len(self.text), 8))

    def trailing(self) -> bytes:
        self.text += "1"
        return self.aligned()


def _nal(kind: int, payload: bytes) -> bytes:
    out, zeros = bytearray([0x60 | kind]), 0
    for byte in payload:
        if zeros == _ZEROS_BEFORE_ESCAPE and byte <= _ESCAPE:
            out.append(_ESCAPE)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _sequence(width: int, height: int) -> bytes:
    bits = _Bits()
    for byte in (66, 0, 40):  # baseline, level 4
        bits.fixed(byte, 8)
    bits.ue(0, 0, 2, 0)
    bits.fixed(0, 1)
    bits.ue(width // _BLOCK - 1, height // _BLOCK - 1)
    bits.fixed(0b1000, 4)
    return _nal(7, bits.trailing())


def _parameters() -> bytes:
    bits = _Bits()
    bits.ue(0, 0)
    bits.fixed(0, 2)
    bits.ue(0, 0, 0)
    bits.fixed(0, 3)
    bits.ue(0, 0, 0)
    bits.fixed(0, 3)
    return _nal(8, bits.trailing())


def _frame(picture: Image.Image, number: int) -> bytes:
    bits = _Bits()
    bits.ue(0, 7, 0)
    bits.fixed(0, 4)
    bits.ue(number % 2)
    bits.fixed(0, 2)
    bits.ue(0)
    planes = [np.asarray(plane, dtype=np.float32) for plane in picture.convert("YCbCr").split()]
    luma = (16 + planes[0] * 219 / 255).astype(np.uint8)
    chroma = [
        (128 + (plane[::2, ::2] - 128) * 224 / 255).clip(16, 240).astype(np.uint8) for plane in planes[1:]
    ]
    parts = []
    for y in range(0, luma.shape[0], _BLOCK):
        for x in range(0, luma.shape[1], _BLOCK):
            bits.ue(25)
            pixels = luma[y : y + 16, x : x + 16].tobytes()
            colors = [plane[y // 2 : y // 2 + 8, x // 2 : x // 2 + 8].tobytes() for plane in chroma]
            parts += [bits.aligned(), pixels, *colors]
            bits = _Bits()
    nal = _nal(5, b"".join(parts) + bits.trailing())
    return struct.pack(">I", len(nal)) + nal


def _box(name: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name.encode()) + body


def _full(name: str, *parts: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags), *parts)


def _words(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)


_MATRIX = _words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def mp4(frames: Sequence[bytes], milliseconds: int, size: tuple[int, int]) -> bytes:
    """Return a film of encoded frames, each shown for so long."""
    width, height = size
    sps, pps = _sequence(*size), _parameters()
    config = bytes([1, *sps[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    config += b"\x01" + struct.pack(">H", len(pps)) + pps
    duration = milliseconds * len(frames)
    entry = _box(
        "avc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", width, height),
        _words(0x480000, 0x480000, 0) + struct.pack(">H", 1) + bytes(32) + struct.pack(">Hh", 24, -1),
        _box("avcC", config),
    )

    def movie(first: int) -> bytes:
        table = _box(
            "stbl",
            _full("stsd", _words(1), entry),
            _full("stts", _words(1, len(frames), milliseconds)),
            _full("stsc", _words(1, 1, len(frames), 1)),
            _full("stsz", _words(0, len(frames), *(len(frame) for frame in frames))),
            _full("stco", _words(1, first)),
        )
        media = _box(
            "mdia",
            _full("mdhd", _words(0, 0, _TIMESCALE, duration), struct.pack(">HH", 0x55C4, 0)),
            _full("hdlr", bytes(4), b"vide", bytes(12), b"video\0"),
            _box(
                "minf",
                _full("vmhd", bytes(8), flags=1),
                _box("dinf", _full("dref", _words(1), _full("url ", flags=1))),
                table,
            ),
        )
        shown = struct.pack(">II", width << 16, height << 16)
        track = _full("tkhd", _words(0, 0, 1, 0, duration), bytes(16), _MATRIX, shown, flags=3)
        head = _words(0, 0, _TIMESCALE, duration, 0x10000) + struct.pack(">H", 0x100) + bytes(10) + _MATRIX
        return _box("moov", _full("mvhd", head, bytes(24), _words(2)), _box("trak", track, media))

    start = _box("ftyp", b"isom", _words(512), b"isomiso2avc1mp41")
    first = len(start) + len(movie(0)) + 8
    return start + movie(first) + _box("mdat", *frames)


def film(
    scenes: Sequence[tuple[str, int]], milliseconds: int = 500, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> bytes:
    """Return a film that shows sample photos, each for so many frames of so many milliseconds."""
    shown: list[tuple[Image.Image, int]] = []
    for name, count in scenes:
        with Image.open(IMAGES / name) as photo:
            shown.append((ImageOps.pad(photo.convert("RGB"), size), count))
    return film_of(shown, milliseconds)


def film_of(pictures: Sequence[tuple[Image.Image, int]], milliseconds: int = 500) -> bytes:
    """Return a film of pictures of one size, each for so many frames; the size is a multiple of 16."""
    frames: list[bytes] = []
    for picture, count in pictures:
        frames += [_frame(picture, len(frames) + number) for number in range(count)]
    return mp4(frames, milliseconds, pictures[0][0].size)


def other_codec(seconds: int = 2, photo: str = "", size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """Return an MP4 whose frames are MPEG-4 Part 2, which Rekognition does not read: of a photo, or grey."""
    frames = [np.full((size[1], size[0], 3), number * 8 % 255, np.uint8) for number in range(10 * seconds)]
    if photo:
        with Image.open(IMAGES / photo) as opened:
            shown = ImageOps.pad(opened.convert("RGB"), size)
        frames = [np.asarray(shown)[:, :, ::-1].copy()] * len(frames)
    return mpeg4(frames, 10)


def mpeg4(frames: Sequence["NDArray[np.uint8]"], rate: int) -> bytes:
    """Return an MP4 of frames (BGR, all of one size), so many a second, as MPEG-4 Part 2."""
    height, width = frames[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/film.mp4"
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
        for frame in frames:
            writer.write(frame)
        writer.release()
        return Path(path).read_bytes()
