"""What the bytes of a picture file say of it before they are decoded.

The formats, and where their sizes stand: PNG (W3C PNG specification, 5.3 and 11.2.1), JPEG
(ITU-T T.81, annex B), BMP (BITMAPCOREHEADER and BITMAPINFOHEADER), WebP (RFC 9649, 2.5 to 2.7),
TIFF (revision 6.0, section 2) and PNM (netpbm's ppm(5)).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

JPEG_START = b"\xff\xd8"
PNG_START = b"\x89PNG\r\n\x1a\n"
FORMATS = "BMP, JPEG, PNG, PPM, TIFF or WebP"

_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_JPEG_SCAN, _JPEG_END = 0xDA, b"\xff\xd9"
# All "start of frame" markers: C4, C8 and CC mean something else.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_SEQUENTIAL = (0xC0, 0xC1)
_PNM = re.compile(rb"P[1-6](?:\s|#[^\n]*\n)+(\d{1,9})(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_SHORT = 256, 257, 3


@dataclass(frozen=True)
class PictureHeader:
    """A picture's size as its file states it.

    Attributes:
        width: The width in pixels.
        height: The height in pixels.
        is_whole: Whether the file reaches to its end marker. True for the formats without one,
            whose decoders refuse what breaks off.
    """

    width: int
    height: int
    is_whole: bool = True


def picture_header(content: bytes) -> PictureHeader | None:
    """The header of a picture file.

    Args:
        content: The whole file.

    Returns:
        None where the file is of no known format, or breaks off before its size.
    """
    for start, read in _READERS:
        if content.startswith(start):
            try:
                return read(content)
            except struct.error:
                return None
    return None


@dataclass(frozen=True)
class JpegScan:
    """The first scan of a JPEG, and the frame header before it.

    Attributes:
        width: The width in pixels.
        height: The height in pixels.
        is_sequential: Whether the whole picture is coded in it, block by block.
        start: Where its header begins, in bytes.
        end: Where the picture's end marker stands; None where the file breaks off before it.
    """

    width: int
    height: int
    is_sequential: bool
    start: int
    end: int | None


def jpeg_scan(content: bytes) -> JpegScan | None:
    """The first scan of a JPEG file; None where the file breaks off before its size.

    Raises:
        struct.error: It breaks off within a header.
    """
    width = height = 0
    is_sequential = False
    position = len(JPEG_START)
    while marker := _JPEG_MARKER.search(content, position):
        kind, position = marker[1][0], marker.end()
        if kind == _JPEG_SCAN:
            # In the data of a scan a zero follows each FF that belongs to no marker.
            end = content.find(_JPEG_END, position)
            return JpegScan(width, height, is_sequential, position, end if end >= 0 else None)
        # Decoders believe the first frame header.
        if kind in _JPEG_FRAMES and not width:
            height, width = struct.unpack_from(">3xHH", content, position)
            is_sequential = kind in _JPEG_SEQUENTIAL
        if position + 2 > len(content):
            break
        position += struct.unpack_from(">H", content, position)[0]
    return JpegScan(width, height, is_sequential, len(content), None) if width else None


def _jpeg(content: bytes) -> PictureHeader | None:
    scan = jpeg_scan(content)
    return PictureHeader(scan.width, scan.height, scan.end is not None) if scan else None


def _png(content: bytes) -> PictureHeader:
    width, height = struct.unpack_from(">II", content, 16)
    position, kind = len(PNG_START), b""
    while kind != b"IEND" and position + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        position += 12 + length
    return PictureHeader(width, height, is_whole=kind == b"IEND" and position <= len(content))


def _bmp(content: bytes) -> PictureHeader:
    (header_bytes,) = struct.unpack_from("<I", content, 14)
    width, height = struct.unpack_from("<HH" if header_bytes == 12 else "<ii", content, 18)
    # A negative height means that the rows lie from top to bottom.
    return PictureHeader(width, abs(height))


def _webp(content: bytes) -> PictureHeader | None:
    if content[8:12] != b"WEBP":
        return None
    kind = content[12:16]
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
        return PictureHeader(width, height)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return PictureHeader((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", content, 24)
        return PictureHeader(
            (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
        )
    return None


def _tiff(content: bytes) -> PictureHeader | None:
    order = "<" if content.startswith(b"II") else ">"
    (directory,) = struct.unpack_from(f"{order}I", content, 4)
    (entry_count,) = struct.unpack_from(f"{order}H", content, directory)
    sides: dict[int, int] = {}
    for entry in range(directory + 2, directory + 2 + 12 * entry_count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", content, entry)
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT):
            value = f"{order}{'H' if kind == _TIFF_SHORT else 'I'}"
            (side,) = struct.unpack_from(value, content, entry + 8)
            sides[tag] = max(side, sides.get(tag, 0))
    if len(sides) < 2:
        return None
    return PictureHeader(sides[_TIFF_WIDTH], sides[_TIFF_HEIGHT])


def _pnm(content: bytes) -> PictureHeader | None:
    sides = _PNM.match(content)
    return PictureHeader(int(sides[1]), int(sides[2])) if sides else None


_READERS: tuple[tuple[bytes, Callable[[bytes], PictureHeader | None]], ...] = (
    (JPEG_START, _jpeg),
    (PNG_START, _png),
    (b"BM", _bmp),
    (b"RIFF", _webp),
    (b"II*\x00", _tiff),
    (b"MM\x00*", _tiff),
    (b"P", _pnm),
)
