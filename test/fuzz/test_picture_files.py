"""Picture files of any content are decoded, or refused with their one error."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from glamor_ros.media.pictures import MediaError, decode_picture

pytestmark = pytest.mark.fuzz

STARTS = (
    b"",
    b"\xff\xd8",
    b"\xff\xd8\xff\xc0",
    b"\x89PNG\r\n\x1a\n",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"P6 ",
    b"RIFF0000WEBPVP8 ",
    b"RIFF0000WEBPVP8L",
    b"RIFF0000WEBPVP8X",
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(start=st.sampled_from(STARTS), content=st.binary(max_size=300))
@example(start=b"\xff\xd8", content=b"\xff\xc0\x00")
@example(start=b"P6 ", content=b"9" * 300)
def test_no_content_does_more_than_raise_the_error(start: bytes, content: bytes) -> None:
    try:
        picture = decode_picture(start + content, "photo", max_pixels=1_000_000)
    except MediaError:
        return
    assert picture.ndim == 3
