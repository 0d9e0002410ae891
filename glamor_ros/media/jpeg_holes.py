"""JPEGs whose data has a hole, which decoders fill with grey or with what follows.

libjpeg only warns of them, and OpenCV drops its warnings. So the picture is decoded once more from
data that is changed where a whole picture has nothing, or where it has something, wherever there is
a sign of a hole; pictures without one cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .picture_formats import JPEG_START, jpeg_scan

# ITU-T T.81, B.1.1.2 and B.2.1: restart markers count from 0 to 7, over and over.
_FIRST_RESTART, _RESTARTS = 0xD0, 8
# Where data is missing libjpeg takes all coefficients as 0.
_FILLER = 128
_ZEROS = bytes(32)
_LAST_BYTES = 16
# Coefficients of all sizes, and no FF, which would be a marker's.
_OTHER_DATA = bytes(range(1, 250, 3))

Decode = Callable[[bytes], "NDArray[np.uint8] | None"]


def has_hole(content: bytes, picture: NDArray[np.uint8], decode: Decode) -> bool:
    """Whether bytes in the middle of a JPEG are missing, or were overwritten with zeros.

    Seen in the usual sequential JPEGs: restart markers that do not follow one another; data that
    ends before the picture does; and a run of zeros after which data is left when the picture is
    complete. A hole that happens to be as long as what takes its place, one inside a single restart
    interval, and one in the later scans of a progressive JPEG are not seen.

    Args:
        content: A whole file, of any format; only JPEGs are looked at.
        picture: What `decode` makes of it.
        decode: The decoder, which may give None for what it refuses.
    """
    scan = jpeg_scan(content) if content.startswith(JPEG_START) else None
    if scan is None or scan.end is None or not scan.is_sequential:
        return False
    start, end = scan.start, scan.end
    # Some cameras fill up the space before the end marker.
    data = content[start:end].rstrip(b"\0")
    restarts = _restart_numbers(data)
    if restarts != [index % _RESTARTS for index in range(len(restarts))]:
        return True

    def changes_with(end_of_data: bytes) -> bool:
        """Whether the picture is another one where its data ends otherwise."""
        again = decode(content[:start] + end_of_data + _OTHER_DATA + content[end:])
        return again is None or not np.array_equal(again, picture)

    corners = picture[:: max(len(picture) - 1, 1), :: max(picture.shape[1] - 1, 1)]
    may_end_early = bool((corners == _FILLER).all(axis=-1).any())
    if may_end_early and changes_with(content[start:end]):
        return True
    # A picture that is all filler may look the same whatever its data is.
    is_all_filler = bool((corners == _FILLER).all()) and bool((picture == _FILLER).all())
    return _ZEROS in data and not is_all_filler and not changes_with(data[:-_LAST_BYTES])


def _restart_numbers(data: bytes) -> list[int]:
    """The numbers of the restart markers before any other marker."""
    numbers = []
    for after_ff in data.split(b"\xff")[1:]:
        kind = after_ff[0] if after_ff else 0
        if 0 <= kind - _FIRST_RESTART < _RESTARTS:
            numbers.append(kind - _FIRST_RESTART)
        elif kind:
            break
    return numbers
